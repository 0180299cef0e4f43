/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one Itanium processor. docs/state.md gives the reasons and the invariants.
 *
 * arch/ owns the processor in plain C: registers, RSE, TLB and VHPT, ALAT, interruptions, FP, timer, local SAPIC.
 * It may include isa/, mem/ and abi/ headers; it knows no engine and no board. A vcpu is touched by its own thread only,
 * except the fields marked "any thread".
 */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/fault.h"
#include "arch/fp.h"

struct kia_mem;
struct tlb;
struct vm;

/* PSR (SDM Vol.2 3.3.2) */
#define PSR_BE  (UINT64_C(1) << 1)
#define PSR_UP  (UINT64_C(1) << 2)
#define PSR_AC  (UINT64_C(1) << 3)
#define PSR_MFL (UINT64_C(1) << 4)
#define PSR_MFH (UINT64_C(1) << 5)
#define PSR_IC  (UINT64_C(1) << 13)
#define PSR_I   (UINT64_C(1) << 14)
#define PSR_PK  (UINT64_C(1) << 15)
#define PSR_DT  (UINT64_C(1) << 17)
#define PSR_DFL (UINT64_C(1) << 18)
#define PSR_DFH (UINT64_C(1) << 19)
#define PSR_SP  (UINT64_C(1) << 20)
#define PSR_PP  (UINT64_C(1) << 21)
#define PSR_DI  (UINT64_C(1) << 22)
#define PSR_SI  (UINT64_C(1) << 23)
#define PSR_DB  (UINT64_C(1) << 24)
#define PSR_LP  (UINT64_C(1) << 25)
#define PSR_TB  (UINT64_C(1) << 26)
#define PSR_RT  (UINT64_C(1) << 27)
#define PSR_CPL_SHIFT 32
#define PSR_CPL (UINT64_C(3) << PSR_CPL_SHIFT)
#define PSR_IS  (UINT64_C(1) << 34)
#define PSR_MC  (UINT64_C(1) << 35)
#define PSR_IT  (UINT64_C(1) << 36)
#define PSR_ID  (UINT64_C(1) << 37)
#define PSR_DA  (UINT64_C(1) << 38)
#define PSR_DD  (UINT64_C(1) << 39)
#define PSR_SS  (UINT64_C(1) << 40)
#define PSR_RI_SHIFT 41
#define PSR_RI  (UINT64_C(3) << PSR_RI_SHIFT)
#define PSR_ED  (UINT64_C(1) << 43)
#define PSR_BN  (UINT64_C(1) << 44)
#define PSR_IA  (UINT64_C(1) << 45)
#define PSR_VM  (UINT64_C(1) << 46)
#define PSR_UM  UINT64_C(0x3e)
#define PSR_IMPLEMENTED UINT64_C(0x00007fff0ffee03e)
/* Bits that are in force for one instruction only. */
#define PSR_ONE_SHOT (PSR_ID | PSR_DA | PSR_DD | PSR_ED | PSR_IA)
/* Bits that make execution careful: one instruction at a time, every memory reference checked in full. */
#define PSR_CAREFUL (PSR_ONE_SHOT | PSR_SS | PSR_TB | PSR_DB | PSR_LP)

/* Application register numbers */
enum {
    AR_KR0 = 0, AR_RSC = 16, AR_BSP = 17, AR_BSPSTORE = 18, AR_RNAT = 19, AR_FCR = 21, AR_EFLAG = 24, AR_CSD = 25,
    AR_SSD = 26, AR_CFLG = 27, AR_FSR = 28, AR_FIR = 29, AR_FDR = 30, AR_CCV = 32, AR_UNAT = 36, AR_FPSR = 40,
    AR_ITC = 44, AR_RUC = 45, AR_PFS = 64, AR_LC = 65, AR_EC = 66,
};

/* Control register numbers */
enum {
    CR_DCR = 0, CR_ITM = 1, CR_IVA = 2, CR_ITO = 4, CR_PTA = 8, CR_IPSR = 16, CR_ISR = 17, CR_IIP = 19, CR_IFA = 20,
    CR_ITIR = 21, CR_IIPA = 22, CR_IFS = 23, CR_IIM = 24, CR_IHA = 25, CR_IIB0 = 26, CR_IIB1 = 27, CR_LID = 64,
    CR_IVR = 65, CR_TPR = 66, CR_EOI = 67, CR_IRR0 = 68, CR_ITV = 72, CR_PMV = 73, CR_CMCV = 74, CR_LRR0 = 80,
    CR_LRR1 = 81,
};

/* CFM, PFS.pfm, IFS.ifm (SDM 1:28) */
static inline unsigned cfm_sof(uint64_t cfm) { return cfm & 0x7f; }
static inline unsigned cfm_sol(uint64_t cfm) { return cfm >> 7 & 0x7f; }
static inline unsigned cfm_sor(uint64_t cfm) { return (cfm >> 14 & 0xf) * 8; } /* in registers */
static inline unsigned cfm_rrb_gr(uint64_t cfm) { return cfm >> 18 & 0x7f; }
static inline unsigned cfm_rrb_fr(uint64_t cfm) { return cfm >> 25 & 0x7f; }
static inline unsigned cfm_rrb_pr(uint64_t cfm) { return cfm >> 32 & 0x3f; }
#define CFM_BITS (UINT64_C(0x3fffffffff))
#define CFM_RRB (UINT64_C(0xfffff) << 18)
#define PFS_BITS UINT64_C(0xc3f0003fffffffff) /* AR.PFS: pfm, pec, ppl */
#define PFS_PPL (UINT64_C(3) << 62)

enum {
    N_STACKED = 96,      /* a frame's registers at most: r32-r127 */
    N_PHYS_STACKED = 192, /* physical stacked registers: dirty + current never exceed it */
    STACK_SLOTS = 2048,  /* linear array that the frame moves in; multiple of 64 */
    STACK_SLACK = 256,   /* above it: a frame can be named up to r127 without a check */
    ROT_SLOTS = 1024,    /* rotating general registers slide down in here */
    FROT_SLOTS = 1024,   /* f32-f127 slide down in here */
    N_ALAT = 64,        /* power of two; direct mapped by the register's slot */
    N_PKR = 16,
    N_BR_PAIRS = 4,
};

/*
 * The translation key: what a unit of translated code depends on besides its bytes. Kept in vcpu.key, rebuilt by
 * vcpu_update_key() whenever a source changes.
 */
#define KEY_CPL      UINT32_C(0x3)
#define KEY_DT       (UINT32_C(1) << 2)
#define KEY_IT       (UINT32_C(1) << 3)
#define KEY_RT       (UINT32_C(1) << 4)
#define KEY_BE       (UINT32_C(1) << 5)
#define KEY_VM       (UINT32_C(1) << 6)
#define KEY_IC       (UINT32_C(1) << 7)
#define KEY_DFL      (UINT32_C(1) << 8)
#define KEY_DFH      (UINT32_C(1) << 9)
#define KEY_AC       (UINT32_C(1) << 10)
#define KEY_CAREFUL  (UINT32_C(1) << 11) /* any of PSR_CAREFUL: one instruction a unit */
#define KEY_NAT      (UINT32_C(1) << 12) /* some general register has its NaT set: units carry NaT code */
#define KEY_SOR_SHIFT 13                 /* sor / 8, 4 bits */
#define KEY_SOR      (UINT32_C(0xf) << KEY_SOR_SHIFT)
#define KEY_STEP     (UINT32_C(1) << 18) /* of units only, never in vcpu.key: one instruction (docs/deterministic.md) */
#define KEY_FPSTD    (UINT32_C(1) << 17) /* fp_fpsr_standard(): host arithmetic gives the same results */

/* An entry of the advanced load address table (arch/alat.c): what register was loaded from where. 32 bytes, used by JIT code. */
struct alat_entry {
    uintptr_t slot; /* host address of the register */
    uint64_t gva;
    uint64_t mask;  /* ones over the bytes of a general register's load; 0 where only C can check the entry */
    uint32_t gen;   /* v->alat_gen when it was made: else the entry is void */
    uint8_t size;   /* bytes */
    uint8_t form;   /* enum isa_fsize of a floating-point load; 0 for a general register */
    bool be, pair;
};

struct rse {
    uint64_t bspstore; /* AR.BSPSTORE */
    int32_t ndirty;    /* registers between BSPSTORE and BSP; negative while a frame is incomplete */
    bool cfle;         /* current frame load enable (SDM Vol.2 6.8) */
    uint64_t rnat;     /* AR.RNAT */
};

struct local_sapic {
    uint64_t irr[4];                 /* pending, own thread */
    _Atomic uint64_t posted[4];      /* pending, set by any thread; folded into irr */
    uint64_t isr[4];                 /* in service */
    _Atomic bool init_pending, pmi_pending; /* any thread */
    bool itm_armed;                  /* ITM was ahead of ITC when last looked at */
};

/* Soft TLB entry: one 4 KiB piece of a translation (docs/state.md). 32 bytes, probed by JIT code. */
struct stlb_entry {
    uint64_t tag_r;  /* page address ^ region tag, STLB_INVALID where no read is allowed */
    uint64_t tag_w;
    uintptr_t addend; /* host address = addend + gva */
    uint64_t gpa;    /* of the page */
};
#define STLB_BITS 10
#define STLB_SIZE (1u << STLB_BITS)
#define STLB_INVALID UINT64_C(0xfff) /* no tag word has all twelve low bits set */

/*
 * What one place in compiled code found last in the soft TLB (jit/sites.c). The entries of mode m are for psr.dt = 1 and
 * cpl 0 (m = 0) or 3 (m = 1), with psr.vm = 1 of modes 2 and 3; they are void whenever an entry of the soft TLB or a region tag goes.
 */
enum { N_SITES = 128, SITE_MODES = 4 };
#define SITE_VOID UINT64_C(0xfff) /* no address with the offset in its page cleared */

/* The same for fetches: the physical page of a virtual one. */
struct ftlb_entry {
    uint64_t tag;
    uint64_t gpa;   /* of the page */
    void *page;     /* the engine's, for the code page; NULL when not looked up yet */
};
#define FTLB_BITS 10
#define FTLB_SIZE (1u << FTLB_BITS)

/*
 * Where compiled code finds the unit at an address without leaving: at its place by ip, or, where another unit has the same place and
 * was met later, next to it. 32 bytes, read by JIT code.
 */
struct jump_entry {
    uint64_t ip;              /* | slot */
    uint64_t itag;            /* itag of ip's region */
    uint64_t key_gen;         /* key, and jump_gen in {63:32} */
    const void *code;
};
#define JUMP_BITS 15
#define JUMP_SIZE (1u << JUMP_BITS)
/*
 * Where calls will return to, and the code there, which looks at the key: by the place of the caller's frame. Void entries are those of
 * addresses that no bundle has. docs/jit.md
 */
struct return_entry {
    uint64_t ip;
    const void *code;
};
#define N_RETURNS 64u /* a power of two */
#define RETURN_VOID UINT64_C(1)

/*
 * What is mapped where, for exits to other pages: the token of the code page that lies at its home address in a page of 4 KiB; of pages
 * of which nothing is known PAGE_UNKNOWN. A token stands for the contents of one physical page at one address, and in {3:0} for what
 * else of the key a fetch depends on, so who compares it with the one he was compiled for knows what he would find there.
 * docs/jit.md
 */
enum { PAGE_TOKEN_BITS = 12, PAGE_TOKEN_BLOCK = 64 };
#define PAGE_TOKENS (1u << PAGE_TOKEN_BITS) /* of each region */
#define PAGE_UNKNOWN UINT32_C(0)
#define PAGE_NONE UINT32_C(0xffffffff) /* no page has it, nor the next */
#define PAGE_CLAIMED UINT32_C(0xfffffffe)
static inline unsigned page_token_index(uint64_t gva)
{
    return (unsigned)(gva >> 61) << PAGE_TOKEN_BITS | ((unsigned)(gva >> 12) & (PAGE_TOKENS - 1));
}

/* Pages of 4 KiB that jumps[] may lead to, by a hash of the address. */
#define JUMP_PAGE_BITS 12
#define JUMP_PAGES (1u << JUMP_PAGE_BITS)
static inline unsigned jump_page(uint64_t gva)
{
    return (unsigned)((gva >> 12) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - JUMP_PAGE_BITS));
}
/*
 * @place: a bundle's address | slot. Compiled code computes it, too. Bundles that are close have places that are close, or else each
 * would take a line of the host's cache and a page of its TLB; the region moves what has the same offset in several.
 */
enum { JUMP_REGION_TURN = 45 };
static inline unsigned jump_index(uint64_t place)
{
    return (unsigned)((place ^ (place >> JUMP_REGION_TURN | place << (64 - JUMP_REGION_TURN))) >> 4) & (JUMP_SIZE - 1);
}

/* The virtual processor that is loaded, and the environment it lives in (arch/vti.h, docs/vti.md). */
struct vti {
    uint8_t *vpd;      /* host address of the VPD's first 4 KiB; NULL: none is loaded, vac = vdc = 0 */
    uint64_t vpd_gva;
    uint64_t handler;  /* where intercepts go */
    uint64_t config;   /* KIA_VP_CONFIG_* of the environment */
    uint64_t hidden;   /* bits of CPUID[4] that the guest must not see (a_tf) */
    uint16_t vac;      /* KIA_VAC_* in force */
    uint8_t vdc;       /* KIA_VDC_* in force */
    bool in_env;       /* PAL_VP_INIT_ENV was called */
    bool be;           /* the VPD is big-endian */
    bool vmsw;         /* vmsw is on (PAL_PROC_SET_FEATURES) */
};

struct vcpu {
    /* ---- hot, derived (can be rebuilt) ---- */
    uint64_t *frame;          /* slot of r32 when it does not rotate; points into stack[] */
    uint64_t *rot;            /* slot of r32 when sor > 0: frame, or in rot_gr[] once something rotated */
    struct ia64_fr *frot;     /* slot of f32; points into rot_fr[] */
    uint32_t key;             /* translation key */
    uint32_t jump_gen;        /* entries of jumps[] of other generations are void; never 0 again */
    _Atomic uint32_t attention; /* any thread sets ATTN_* bits; seen at the next unit boundary */
    uint64_t ip;              /* bundle address; valid between units */
    uint32_t ri;              /* slot; valid between units */
    uint32_t grace;           /* looks at attention that pass over ATTN_SET_TIMER; only while that is set */
    uint64_t fr_lag;          /* rotations that f32-f127 have not followed yet: fr_settle() */
    bool nat_any;             /* a NaT bit may be set somewhere; false means none is */
    uint64_t ic_inflight;     /* 1: psr.ic changed by ssm/rsm/mov and not serialized (SDM Vol.2 3.3.2) */
    int64_t slots_left;       /* deterministic machines: slots to run in this turn after the present unit (docs/deterministic.md) */
    int32_t slots_rest;       /* slots of the present unit from the instruction that calls C on; 0 outside of units */
    uint32_t profile_key;     /* key and address of the unit that runs or ran last, where that is sampled */
    uint64_t profile_ip;
    uint64_t dtag[8];         /* region tags for data references, by va{63:61} */
    uint64_t itag[8];         /* for fetches */
    uint64_t rse_tag[8];      /* for RSE references */

    /* ---- architected ---- */
    uint64_t pr;              /* bit p is PR[p] by virtual number: rotated in place */
    uint64_t gr[32];          /* r0-r31; r16-r31 of the bank in force */
    uint64_t cfm;             /* behind gr[]: compiled code reaches both by short displacements */
    uint64_t br[8];
    uint64_t psr;             /* ri is not kept here */
    uint64_t lc, ec, pfs, unat, ccv, fpsr, csd, ssd, rsc;
    struct rse rse;
    uint64_t kr[8];
    uint64_t gr_bank[16];     /* r16-r31 of the other bank */
    uint64_t ia32_ar[8];      /* fcr, eflag, cflg, fsr, fir, fdr: plain storage */
    int64_t itc_offset;       /* AR.ITC = scaled host time + this */
    uint64_t cr[128];         /* by number; those with behaviour are read through cr_read() */
    uint64_t rr[8];
    uint64_t pkr[N_PKR];
    uint64_t ibr[2 * N_BR_PAIRS];
    uint64_t dbr[2 * N_BR_PAIRS];
    uint64_t pmc[32], pmd[32];
    uint64_t cpuid[5];
    int64_t ruc_offset;       /* AR.RUC = scaled host time + this */
    struct vti vti;
    struct local_sapic sapic;
    struct ia64_fr fr[32];    /* f0-f31 */

    /* NaT bits: derived summary above, the bits themselves here */
    uint32_t nat_gr;          /* r0-r31 */
    uint32_t nat_bank;        /* {31:16} of the other bank */
    uint64_t nat_stack[(STACK_SLOTS + STACK_SLACK) / 64];
    uint64_t nat_rot[(ROT_SLOTS + 128) / 64];

    /* ---- transient ---- */
    struct fault_info fault;
    const struct watch_list *watches; /* a debugger's watchpoints (arch/debug.h); NULL: none, or not now */
    uint64_t trap_ip;         /* bundle of the instruction that trapped */
    uint8_t trap_ri;          /* its slot */
    struct alat_entry alat[N_ALAT];
    uint32_t alat_gen;        /* entries of other generations are void */
    uint64_t itc_last;        /* ITC reads rise strictly */
    uint64_t lazy_b[128];     /* operands of values that were put off, by register (arch/fp_lazy.h) */
    bool lazy_high;           /* f32-f127 may have such values */
    unsigned pauses;          /* hint @pause since the host's processor was given away last */
    _Atomic bool place_wanted; /* any thread; rfi to cpl 3 sets ATTN_PLACE */
    uint64_t spec_nat;        /* second result of op_ld_spec and op_ld_fill, operand of op_st_spill: 0/1 */

    /* ---- wiring ---- */
    struct vm *vm;
    struct kia_mem *mem;
    struct tlb *tlb;          /* TRs and TCs */
    unsigned index;
    void *engine;             /* the engine's own per-vcpu data */

    /* ---- large arrays ---- */
    struct stlb_entry stlb[STLB_SIZE];
    uint64_t site_page[SITE_MODES][N_SITES];    /* page address, SITE_VOID */
    uintptr_t site_addend[SITE_MODES][N_SITES];
    bool site_vm;                               /* modes 2 and 3 may have some */
    struct ftlb_entry ftlb[FTLB_SIZE];
    struct jump_entry jumps[JUMP_SIZE];
    uint64_t units_gen;       /* raised where any of jumps[] is forgotten, for what the engine remembers by vcpu_note_jump() */
    uint64_t jump_pages[JUMP_PAGES / 64]; /* by jump_page(): some entry of this generation may be in such a page */
    uint64_t stack[STACK_SLOTS + STACK_SLACK];
    uint64_t rot_gr[ROT_SLOTS + 128];
    struct ia64_fr rot_fr[FROT_SLOTS + 128];
    struct return_entry returns[N_RETURNS]; /* behind rot_fr: 1 KiB before it made loops that copy through it a tenth slower */
    uint32_t page_tokens[8 * PAGE_TOKENS];  /* by page_token_index() */
    uint8_t page_blocks[8 * PAGE_TOKENS / PAGE_TOKEN_BLOCK]; /* 1: the block of these may have some */
};

static_assert(offsetof(struct vcpu, jump_gen) == offsetof(struct vcpu, key) + 4 && offsetof(struct vcpu, key) % 8 == 0,
              "compiled code compares both in one word");

enum {
    ATTN_IRQ = 1 << 0,   /* something in sapic.posted, or psr.i/tpr changed: look at the local SAPIC */
    ATTN_TIMER = 1 << 1, /* ITM was reached */
    ATTN_KICK = 1 << 2,  /* leave the run loop */
    ATTN_INIT = 1 << 3,
    ATTN_PMI = 1 << 4,
    ATTN_CODE = 1 << 6,  /* translated code was dropped */
    ATTN_SYNC = 1 << 5,  /* another vcpu waits: purge requests, code invalidation */
    ATTN_VIRT = 1 << 7,  /* a virtual external interrupt is due */
    ATTN_PROFILE = 1 << 8, /* the sampler wants to know v->profile_ip */
    ATTN_PLACE = 1 << 9, /* its place on the host is wanted, or it gives it away (docs/places.md) */
    ATTN_SET_TIMER = 1 << 10, /* the host's timer is to be set, but not within the next v->grace units: it may sleep before */
};

/* What a C function called from lowered code says. Never an errno. */
enum op_result {
    OPR_OK,
    OPR_FAULT,  /* v->fault is filled in; no architected effect of this instruction was made */
    OPR_EXIT,   /* done; leave the unit after this instruction: psr, translations or code changed */
    OPR_BRANCH, /* done, and v->ip, v->ri say where to go on */
    OPR_TRAP,   /* done, and v->fault holds the trap (FAULT_TRAP_FP, isr code), to be delivered after this instruction */
};

/* Fills v->fault and returns OPR_FAULT, for `return fault_raise(v, FAULT_ILLEGAL_OP, 0);`. */
static inline enum op_result fault_raise(struct vcpu *v, enum fault kind, uint64_t isr)
{
    v->fault.kind = (uint8_t)kind;
    v->fault.isr = isr;
    return OPR_FAULT;
}

/* Is there something to be done before the next instruction? */
static inline bool vcpu_attention(const struct vcpu *v)
{
    return atomic_load_explicit(&v->attention, memory_order_relaxed) & ~(uint32_t)ATTN_SET_TIMER;
}

static inline unsigned vcpu_cpl(const struct vcpu *v) { return v->psr >> PSR_CPL_SHIFT & 3; }

/* Translations for fetches or code changed: compiled code looks all its targets up again. */
void vcpu_forget_jumps(struct vcpu *v);
/* Those in [gva, gva + 2^ps) of @rid, in whatever region; all where the range is large. */
void vcpu_forget_jumps_to(struct vcpu *v, uint32_t rid, uint64_t gva, unsigned ps);
/* Compiled code finds the unit of v->key at v->ip, v->ri, from now on. */
void vcpu_remember_jump(struct vcpu *v, const void *code);
/* rr or the protection keys changed: none of v->returns[] is known to be where it was. */
void vcpu_forget_returns(struct vcpu *v);
/* The code page at v->ip is that of @token, from now on; and a region's pages may be other ones. */
void vcpu_remember_page(struct vcpu *v, uint32_t token);
void vcpu_forget_pages(struct vcpu *v, unsigned region);
/* The engine remembers by itself what is at v->ip, until v->units_gen changes. */
void vcpu_note_jump(struct vcpu *v);

/* Rebuilds v->key from psr, cfm, fpsr and nat_any. */
void vcpu_update_key(struct vcpu *v);

/* ---- general registers ---- */

/* The slot of r0-r127 in the current frame. Writing through it leaves the NaT as it is. */
static inline uint64_t *gr_slot(struct vcpu *v, unsigned r)
{
    if (r < 32)
        return &v->gr[r];
    return r - 32 < cfm_sor(v->cfm) ? &v->rot[r - 32] : &v->frame[r - 32];
}

static inline bool gr_nat(const struct vcpu *v, unsigned r)
{
    size_t slot;

    if (!v->nat_any)
        return false;
    if (r < 32)
        return v->nat_gr >> r & 1;
    if (r - 32 < cfm_sor(v->cfm) && v->rot != v->frame) {
        slot = (size_t)(v->rot - v->rot_gr) + r - 32;
        return v->nat_rot[slot / 64] >> slot % 64 & 1;
    }
    slot = (size_t)(v->frame - v->stack) + r - 32;
    return v->nat_stack[slot / 64] >> slot % 64 & 1;
}

/* Sets or clears a NaT bit; the first one set turns v->nat_any on (and with it the key). */
void gr_set_nat(struct vcpu *v, unsigned r, bool nat);
/* Writes value and NaT. */
static inline void gr_set(struct vcpu *v, unsigned r, uint64_t value, bool nat)
{
    *gr_slot(v, r) = value;
    if (nat || v->nat_any)
        gr_set_nat(v, r, nat);
}
/* Looks whether any live NaT is left; if not, turns nat_any off. Cheap enough for every few dozen careful units. */
void vcpu_nat_recheck(struct vcpu *v);
/* psr.bn changes: swaps r16-r31 with the other bank. */
void gr_switch_bank(struct vcpu *v);

/* ---- floating-point registers ---- */
/*
 * A register holds the full form, or a host double: se == FR_TAG_DOUBLE and sig the double's bits. Only engines make the
 * tagged form; C code reads through fr_get() and writes the full form through fr_set().
 */
#define FR_TAG_DOUBLE (UINT64_C(1) << 63)

/* Moves f32-f127 to where v->cfm says, after rotations that only counted (v->fr_lag). */
void fr_settle(struct vcpu *v);

static inline struct ia64_fr *fr_slot(struct vcpu *v, unsigned f)
{
    if (f >= 32 && v->fr_lag)
        fr_settle(v);
    return f < 32 ? &v->fr[f] : &v->frot[f - 32];
}

/* Computes a value that was put off (arch/fp_lazy.h), if the slot has one. Return: the slot's contents. */
struct ia64_fr fr_look(struct vcpu *v, unsigned f);
/* The same for f32-f127, before they are renamed or copied. */
void fr_look_high(struct vcpu *v);

static inline struct ia64_fr fr_get(struct vcpu *v, unsigned f)
{
    struct ia64_fr r = *fr_slot(v, f);

    if (r.se >> 62)
        return r.se == FR_TAG_DOUBLE ? fp_from_double_bits(r.sig) : fr_look(v, f);
    return r;
}

static inline void fr_set(struct vcpu *v, unsigned f, struct ia64_fr value) { *fr_slot(v, f) = value; }

/* ---- predicates ---- */
/* Rotates left within {63:16} by n (0-47). */
static inline uint64_t pr_rotate(uint64_t pr, unsigned n)
{
    uint64_t r = pr >> 16;

    if (n)
        r = (r << n | r >> (48 - n)) & UINT64_C(0xffffffffffff);
    return r << 16 | (pr & 0xffff);
}

/* One step of register rotation, br.ctop and its kin (SDM 1:75): all three files, rrb fields included. */
void vcpu_rotate(struct vcpu *v);

/* Puts every register into the state after reset (SDM Vol.2 chapter 11; system.md 1.3). Wiring fields stay. */
void vcpu_reset(struct vcpu *v);

#endif
