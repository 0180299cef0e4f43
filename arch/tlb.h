/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation registers and caches of one processor, inside arch/: layout, look-up, insert, purge, and the region tags
 * of the soft TLB. Everything here runs on the vcpu's own thread, or on another one that holds it idle (arch/tlb_sync.c).
 */
#ifndef ARCH_TLB_H
#define ARCH_TLB_H

#include "arch/mmu.h"
#include "arch/vcpu.h"
#include "arch/vm.h"

/* Fields of the first word of the insertion format, which is also the short VHPT entry (SDM Vol.2 4.1.1.5). */
#define PTE_P  (UINT64_C(1) << 0)
#define PTE_A  (UINT64_C(1) << 5)
#define PTE_D  (UINT64_C(1) << 6)
#define PTE_ED (UINT64_C(1) << 52)
#define PTE_PPN UINT64_C(0x0003fffffffff000)
#define PTE_RV (UINT64_C(3) << 50 | UINT64_C(2))
static inline unsigned pte_ma(uint64_t pte) { return pte >> 2 & 7; }
static inline unsigned pte_pl(uint64_t pte) { return pte >> 7 & 3; }
static inline unsigned pte_ar(uint64_t pte) { return pte >> 9 & 7; }

enum { MA_WB = 0, MA_UC = 4, MA_UCE = 5, MA_WC = 6, MA_NATPAGE = 7 };

/* Region registers; ITIR has its fields at the same places. */
static inline unsigned rr_ps(uint64_t rr) { return rr >> 2 & 0x3f; }
static inline uint32_t rr_rid(uint64_t rr) { return rr >> 8 & 0xffffff; }
#define RR_VE UINT64_C(1)
#define VA_OFFSET UINT64_C(0x1fffffffffffffff) /* {60:0}: what is translated; the region number only picks the rid */

struct tlb_entry {
    uint64_t va;    /* {60:ps} */
    uint64_t pte;   /* insertion format; ppn bits below ps are zero */
    uint32_t rid;
    uint32_t key;
    uint8_t ps;     /* log2 bytes; 0: unused */
    uint8_t region; /* of cr.ifa when it was inserted (PAL_VM_TR_READ) */
    uint16_t next;  /* in the hash chain: index + 1; 0 ends it */
};

enum {
    TC_SIZE = 4096,      /* entries of one kind; power of two */
    TC_BUCKETS = 8192,
    TC_FILTER = 512,     /* counters by (rid, page size): most look-ups and purges skip sizes that a rid does not use */
};

/* The instruction or the data half. */
struct tlb_side {
    uint64_t tr_filter;          /* bit by rid: some TR may have it */
    uint64_t ps_mask;            /* bit n: some TC entry has ps = n */
    unsigned n_tr_used;
    unsigned victim;             /* next TC index to replace: round robin */
    uint8_t tr_used[VM_MAX_TR];  /* indices of the TRs in use, packed */
    struct tlb_entry tr[VM_MAX_TR];
    uint16_t ps_count[64];
    uint16_t filter[TC_FILTER];
    uint16_t bucket[TC_BUCKETS]; /* index + 1 */
    struct tlb_entry tc[TC_SIZE];
};

/*
 * Soft TLB tags. The low 12 bits of a tag word identify who may use the entry: slot << 2 | privilege level, where a slot
 * stands for a (rid, vm, protection key state), or at privilege level 3 for eight rids. Slots are given out in order and taken back
 * all at once.
 */
enum {
    SOFT_SLOTS = 1023,
    SOFT_HASH = 2048,
    SOFT_TAG_PHYS = 0xffc,  /* untranslated references, any privilege */
    SOFT_TAG_NEVER = 0xffe, /* in dtag[], itag[], rse_tag[]: no entry has it */
    SOFT_KEY_SETS = 8,
    SOFT_USERS = 128, /* a power of two */
};

/* The slots of the regions at one value of psr.vm. */
struct soft_regions {
    bool valid;
    uint32_t keys;                  /* name of the protection key registers' contents, 0 while psr.pk = 0 */
    uint64_t rr[8];                 /* region registers they were found for */
    uint64_t base[8];               /* slot << 2 of each region */
    uint64_t user;                  /* slot << 2 of all eight at privilege level 3 */
};

/* All that decides about a reference at privilege level 3, and its slot << 2. */
struct soft_user {
    bool valid;
    uint32_t key;                   /* as in slot_key[], without the rid */
    uint32_t rid[8];
    uint64_t base;
};

struct soft_tags {
    uint64_t state;                 /* psr and rsc bits that v->dtag etc. were made for */
    struct soft_regions regions[2]; /* by psr.vm: an intercept and its return change nothing here */
    unsigned n_slots;               /* given out */
    uint64_t slot_key[SOFT_SLOTS];  /* SLOT_USER: an index of users[] */
    uint16_t hash[SOFT_HASH];       /* slot + 1 */
    struct soft_user users[SOFT_USERS]; /* by a hash of the rids; one that is replaced leaves its slot unused */
    uint64_t pkr[SOFT_KEY_SETS][N_PKR]; /* contents of the protection key registers seen lately */
    uint32_t pkr_id[SOFT_KEY_SETS]; /* their names in slot keys; 0: unused */
    uint32_t pkr_last_id;
    unsigned pkr_now;               /* index of the present contents while psr.pk = 1 */
    unsigned pkr_victim;
};

/* Who may touch a vcpu's translations (arch/tlb_sync.c). */
enum { TLB_IDLE, TLB_RUNNING, TLB_PROXY };

struct tlb {
    struct soft_tags tags;
    _Atomic unsigned owner;       /* TLB_IDLE, ... */
    atomic_bool purge_pending;    /* any thread: vm->ptc is to be carried out */
    struct tlb_side side[2];      /* by enum tlb_kind */
};

enum tlb_kind { TLB_DATA, TLB_INST };

static inline struct soft_regions *soft_regions(struct vcpu *v)
{
    return &v->tlb->tags.regions[v->psr & PSR_VM ? 1 : 0];
}

/* ---- look-up and update (arch/tlb.c) ---- */

/* The translation of (@rid, @gva{60:0}), or NULL. TRs come before TCs. No walk. */
const struct tlb_entry *tlb_find(const struct tlb *t, enum tlb_kind kind, uint32_t rid, uint64_t gva);
/* Puts @e into the TC: purges overlapping TC entries of its kind first. */
const struct tlb_entry *tlb_insert_tc(struct vcpu *v, enum tlb_kind kind, const struct tlb_entry *e);
/* Puts @e into TR @index; overlapping TCs and other overlapping TRs of the kind go. */
void tlb_insert_tr(struct vcpu *v, enum tlb_kind kind, unsigned index, const struct tlb_entry *e);
/* Removes TC entries of @kind that have @rid and meet [gva, gva + 2^ps). True if there was one. */
bool tlb_purge_tc(struct vcpu *v, enum tlb_kind kind, uint32_t rid, uint64_t gva, unsigned ps);
bool tlb_purge_tr(struct vcpu *v, enum tlb_kind kind, uint32_t rid, uint64_t gva, unsigned ps);

/**
 * tlb_make_entry - checks the insertion format and fills @e
 * Return: false for a Reserved Register/Field fault (SDM Vol.2 4.1.1.5). Not-present: only itir{1:0} and ps are checked.
 */
bool tlb_make_entry(const struct vcpu *v, uint64_t pte, uint64_t itir, uint64_t ifa, struct tlb_entry *e);

/* ---- the VHPT (arch/vhpt.c) ---- */

uint64_t vhpt_hash(const struct vcpu *v, uint64_t gva); /* thash: address of the entry */
uint64_t vhpt_tag(const struct vcpu *v, uint64_t gva);  /* ttag */

enum walk_result {
    WALK_OFF,     /* not enabled for this reference: Alternate TLB */
    WALK_MISS,    /* the table itself is not mapped: VHPT Translation */
    WALK_ABORT,   /* nothing usable found: TLB fault */
    WALK_FOUND,
};

/**
 * vhpt_walk - looks @gva up in the VHPT and inserts what it finds into the TC
 * @allowed: psr lets the walker work for this kind of reference
 * @iha: set except for WALK_OFF
 */
enum walk_result vhpt_walk(struct vcpu *v, enum tlb_kind kind, uint64_t gva, bool allowed,
                           const struct tlb_entry **e, uint64_t *iha);

/* The translation that a walk would insert for @gva, whatever psr says; nothing changes. False: none. */
bool vhpt_peek(struct vcpu *v, uint64_t gva, struct tlb_entry *e);

/* ---- the soft TLB (arch/mmu_soft.c) ---- */

/* Drops soft entries of @rid that meet [gva, gva + 2^ps), in whatever region. */
void soft_purge(struct vcpu *v, enum tlb_kind kind, uint32_t rid, uint64_t gva, unsigned ps);
/* Is the entry with the tag word @word, whose bits 63:61 are its region, one of @rid? True if nobody knows. */
bool soft_tag_has_rid(const struct vcpu *v, uint64_t word, uint32_t rid);
/* Makes the soft entry for the page of @gva. @tag: region tag of the reference; @page: host address of the 4 KiB page. */
void soft_fill(struct vcpu *v, uint64_t gva, uint64_t tag, uint64_t gpa, void *page, bool read, bool write);
void soft_fill_fetch(struct vcpu *v, uint64_t gva, uint64_t gpa);
/* Drops every soft entry, takes all slots back and makes the tags anew. */
void soft_reset(struct vcpu *v);

#endif
