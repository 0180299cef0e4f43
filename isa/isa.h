/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa.h - the instruction set as data: encoding tables, decoder, disassembler, test assembler.
 *
 * isa/ owns which bits mean which instruction (SDM 3:293, chapter 4) and nothing about what an
 * instruction does. It may include only libc. Any thread may call anything here: the tables are
 * constant, and the decode index is built once, safely, by whoever comes first.
 */
#ifndef ISA_ISA_H
#define ISA_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- units, templates, bundles ------------------------------------------------------------- */

/* Execution units. A rows are found through I and M; L is the second half of an X instruction. */
enum isa_unit { UNIT_A, UNIT_I, UNIT_M, UNIT_F, UNIT_B, UNIT_X, UNIT_L, UNIT_COUNT };

struct bundle {
    uint64_t lo; /* bits 63:0: template {4:0}, slot 0 {45:5}, low 18 bits of slot 1 {63:46} */
    uint64_t hi; /* bits 127:64: high 23 bits of slot 1 {22:0}, slot 2 {63:23} */
};

struct isa_template {
    uint8_t unit[3];  /* enum isa_unit per slot; MLX is { M, L, X } */
    uint8_t stops;    /* bit n: a stop follows slot n */
    bool reserved;    /* using it is an Illegal Operation fault (SDM 1:38, table 3-10) */
    const char *name; /* ".mii" as in an assembler's bundle directive; NULL where reserved */
};

#define ISA_SLOT_MASK ((UINT64_C(1) << 41) - 1)

/* All 32 templates, indexed by bits {4:0} of a bundle. */
extern const struct isa_template isa_templates[32];

/**
 * isa_bundle_template - a bundle's template entry (never NULL; look at ->reserved)
 */
static inline const struct isa_template *isa_bundle_template(struct bundle b)
{
    return &isa_templates[b.lo & 31];
}

/**
 * isa_bundle_slot - the 41 bits of slot 0, 1 or 2
 */
static inline uint64_t isa_bundle_slot(struct bundle b, unsigned slot)
{
    if (slot == 0)
        return (b.lo >> 5) & ISA_SLOT_MASK;
    if (slot == 1)
        return ((b.lo >> 46) | (b.hi << 18)) & ISA_SLOT_MASK;
    return b.hi >> 23;
}

/**
 * isa_bundle_make - put a template number and three slots together
 */
static inline struct bundle isa_bundle_make(unsigned tmpl, uint64_t s0, uint64_t s1, uint64_t s2)
{
    struct bundle b = {
        .lo = (tmpl & 31) | (s0 & ISA_SLOT_MASK) << 5 | (s1 & ISA_SLOT_MASK) << 46,
        .hi = (s1 & ISA_SLOT_MASK) >> 18 | (s2 & ISA_SLOT_MASK) << 23,
    };

    return b;
}

/* ---- operations ---------------------------------------------------------------------------- */

/*
 * One enumerator for what one function of semantics would do. What differs only in an attribute
 * (size, relation, load type, ...) shares an enumerator; the attributes are in struct insn.
 * The comments name the attributes that vary beside the operand fields.
 */
enum isa_op {
    OP_INVALID, /* reserved encoding */

    /* A: integer and parallel ALU. r1 = r2 op r3; _IMM: r1 = imm op r3 */
    OP_ADD,
    OP_ADD1, /* r1 = r2 + r3 + 1 */
    OP_SUB,
    OP_SUB1,    /* r1 = r2 - r3 - 1 */
    OP_ADDP4,
    OP_AND,
    OP_ANDCM,
    OP_OR,
    OP_XOR,
    OP_SHLADD,   /* count: 1-4 */
    OP_SHLADDP4, /* count: 1-4 */
    OP_SUB_IMM,  /* imm - r3 */
    OP_AND_IMM,
    OP_ANDCM_IMM,
    OP_OR_IMM,
    OP_XOR_IMM,
    OP_ADDS,       /* imm14 + r3 */
    OP_ADDP4_IMM,  /* imm14 + r3 */
    OP_ADDL,       /* imm22 + r3, r3 is 0-3 */
    OP_CMP,        /* r2 rel r3: rel, ctype, size (8: cmp, 4: cmp4) */
    OP_CMP_IMM,    /* imm rel r3: same */
    OP_CMP_ZERO,   /* 0 (r0) rel r3: rel LT LE GT GE; ctype AND OR OR_ANDCM; size */
    OP_PADD,       /* size 1 2 4; sat */
    OP_PSUB,       /* size 1 2 4; sat */
    OP_PAVG,       /* size 1 2; raz */
    OP_PAVGSUB,    /* size 1 2 */
    OP_PCMP,       /* size 1 2 4; rel EQ GT */
    OP_PSHLADD2,   /* count 1-3 */
    OP_PSHRADD2,   /* count 1-3 */

    /* I: multimedia, shifts, bit fields, moves */
    OP_PMPYSHR2,  /* count 0 7 15 16; sat UUU for .u, else NONE */
    OP_PMPY2,     /* half R L */
    OP_MPY4,
    OP_MPYSHL4,
    OP_MIX,       /* size 1 2 4; half L R */
    OP_PACK,      /* size of the source elements 2 4; sat SSS USS */
    OP_UNPACK,    /* size 1 2 4; half H L */
    OP_PMIN,      /* size 1 (sat UUU: unsigned) or 2 (signed) */
    OP_PMAX,      /* same */
    OP_PSAD1,
    OP_MUX1,      /* mbtype */
    OP_MUX2,      /* imm: mhtype8 */
    OP_PSHR,      /* r1 = r3 >> r2: size 2 4; sat UUU for .u (logical) */
    OP_PSHR_IMM,  /* r1 = r3 >> count: same */
    OP_PSHL,      /* r1 = r2 << r3: size 2 4 */
    OP_PSHL_IMM,  /* r1 = r2 << count */
    OP_POPCNT,    /* r1 = popcount r3 */
    OP_CLZ,       /* r1 = clz r3 */
    OP_SHR,       /* r1 = r3 >> r2, arithmetic */
    OP_SHRU,      /* r1 = r3 >> r2, logical */
    OP_SHL,       /* r1 = r2 << r3 */
    OP_SHRP,      /* r1 = (r2:r3) >> count */
    OP_EXTR,      /* r1 = r3{pos+len-1:pos}, sign-extended */
    OP_EXTR_U,    /* zero-extended */
    OP_DEP,       /* r1 = r3 with r2's low len (1-16) bits at pos */
    OP_DEP_IMM,   /* r1 = r3 with imm (0 or -1) at pos, len 1-64 */
    OP_DEP_Z,     /* r1 = r2's low len bits at pos */
    OP_DEP_Z_IMM, /* r1 = imm8's low len bits at pos */
    OP_TBIT,      /* bit pos of r3: rel Z NZ; ctype */
    OP_TNAT,      /* NaT of r3: rel Z NZ; ctype */
    OP_TF,        /* cpuid[4] bit imm (32-63): rel Z NZ; ctype */
    OP_SXT,       /* size 1 2 4; r1 = sxt r3 */
    OP_ZXT,       /* size 1 2 4 */
    OP_CZX,       /* size 1 2; half L R */
    OP_MOV_TO_BR,      /* b1 = r2; imm: tag displacement; wh, ih, ret (mov.ret) */
    OP_MOV_FROM_BR,    /* r1 = b2 */
    OP_MOV_TO_PR,      /* pr = r2, imm: mask17 as 64-bit mask, bit 0 clear, sign-extended */
    OP_MOV_TO_PR_ROT,  /* pr.rot = imm: imm44, sign-extended to 64 bits, low 16 bits zero */
    OP_MOV_FROM_PR,    /* r1 = pr */
    OP_MOV_FROM_IP,    /* r1 = ip */

    /* I and M: application registers. areg; insn.unit tells I from M */
    OP_MOV_TO_AR,      /* areg = r2 */
    OP_MOV_TO_AR_IMM,  /* areg = imm (imm8, sign-extended) */
    OP_MOV_FROM_AR,    /* r1 = areg */

    /* every unit */
    OP_BREAK, /* imm: imm21, or imm62 in X */
    OP_NOP,   /* imm */
    OP_HINT,  /* imm */

    /* M: memory. Loads: upd NONE, REG (r3 += r2), IMM (r3 += imm); ldhint */
    OP_LD,      /* size 1 2 4 8; ldtype (FILL: ld8.fill) */
    OP_LD16,    /* r1, ar.csd = [r3]; ldtype NONE or ACQ */
    OP_ST,      /* [r3] = r2; size; sem NONE REL; spill; upd NONE IMM */
    OP_ST16,    /* [r3] = r2, ar.csd; sem */
    OP_LDF,     /* f1; fsize S D SIG E FILL: size 4 8 8 16 16 (ldfe reads 10); upd;
                   ldtype NONE S A SA C_CLR C_NC */
    OP_LDFP,    /* f1, f2; fsize S D SIG; size of both: 8 or 16; ldtype; upd NONE or IMM (imm = size) */
    OP_STF,     /* [r3] = f2; fsize (FILL: stf.spill); upd NONE IMM */
    OP_LFETCH,  /* [r3]; fault, excl, upd, ldhint */
    OP_CMPXCHG,     /* r1 = [r3], r2, ar.ccv; size; sem */
    OP_CMP8XCHG16,  /* r1 = [r3], r2, ar.csd, ar.ccv; sem */
    OP_XCHG,        /* r1 = [r3], r2; size (always acquire) */
    OP_FETCHADD,    /* r1 = [r3], imm; size 4 8; sem */
    OP_SETF,        /* f1 = r2; fsize SIG EXP S D */
    OP_GETF,        /* r1 = f2; fsize SIG EXP S D */
    OP_CHK_S_GR,    /* r2, imm displacement (I or M unit) */
    OP_CHK_S_FR,    /* f2, imm */
    OP_CHK_A_GR,    /* r1, imm; clr */
    OP_CHK_A_FR,    /* f1, imm; clr */
    OP_INVALA,
    OP_INVALA_E_GR, /* r1 */
    OP_INVALA_E_FR, /* f1 */
    OP_FWB,
    OP_MF,
    OP_MF_A,
    OP_SRLZ_D,
    OP_SRLZ_I,
    OP_SYNC_I,
    OP_FLUSHRS,
    OP_LOADRS,
    OP_ALLOC,        /* r1 = ar.pfs; sof, sol, sor (in registers: multiple of 8) */
    OP_FC,           /* r3 */
    OP_FC_I,         /* r3 */
    OP_SUM,          /* imm24 */
    OP_RUM,
    OP_SSM,
    OP_RSM,

    /* M: system */
    OP_MOV_TO_CR,    /* cr[areg] = r2 */
    OP_MOV_FROM_CR,  /* r1 = cr[areg] */
    OP_MOV_TO_PSR,     /* psr.l = r2 */
    OP_MOV_FROM_PSR,   /* r1 = psr */
    OP_MOV_TO_PSR_UM,  /* psr.um = r2 */
    OP_MOV_FROM_PSR_UM,
    OP_MOV_TO_RR,    /* rr[r3] = r2; so for the other indexed files */
    OP_MOV_TO_DBR,
    OP_MOV_TO_IBR,
    OP_MOV_TO_PKR,
    OP_MOV_TO_PMC,
    OP_MOV_TO_PMD,
    OP_MOV_FROM_RR,  /* r1 = rr[r3] */
    OP_MOV_FROM_DBR,
    OP_MOV_FROM_IBR,
    OP_MOV_FROM_PKR,
    OP_MOV_FROM_PMC,
    OP_MOV_FROM_PMD,
    OP_MOV_FROM_CPUID,
    OP_PROBE,        /* r1 = r3, r2; access R W */
    OP_PROBE_IMM,    /* r1 = r3, imm (0-3); access R W */
    OP_PROBE_FAULT,  /* r3, imm (0-3); access R W RW */
    OP_ITC_D,        /* r2 */
    OP_ITC_I,
    OP_ITR_D,        /* dtr[r3] = r2 */
    OP_ITR_I,        /* itr[r3] = r2 */
    OP_PTC_L,        /* r3, r2 */
    OP_PTC_G,
    OP_PTC_GA,
    OP_PTC_E,        /* r3 */
    OP_PTR_D,        /* r3, r2 */
    OP_PTR_I,
    OP_THASH,        /* r1 = r3 */
    OP_TTAG,
    OP_TPA,
    OP_TAK,

    /* B and X: branches. imm: byte displacement from this bundle; wh, ph, dh */
    OP_BR_COND,
    OP_BR_WEXIT,
    OP_BR_WTOP,
    OP_BR_CLOOP,
    OP_BR_CEXIT,
    OP_BR_CTOP,
    OP_BR_CALL,      /* b1 = target */
    OP_BR_COND_IND,  /* b2 */
    OP_BR_IA,        /* b2; enters IA-32, which no model here has */
    OP_BR_RET,       /* b2 */
    OP_BR_CALL_IND,  /* b1 = b2 */
    OP_BRP,          /* imm: target, tag: displacement of the branch; wh, ih */
    OP_BRP_IND,      /* b2, tag; wh, ih; ret */
    OP_BRL_COND,
    OP_BRL_CALL,     /* b1 */
    OP_COVER,
    OP_CLRRRB,
    OP_CLRRRB_PR,
    OP_RFI,
    OP_BSW_0,
    OP_BSW_1,
    OP_EPC,
    OP_VMSW_0,
    OP_VMSW_1,
    OP_MOVL,         /* r1 = imm64 */

    /* F: sf selects the status field */
    OP_FMA,       /* f1 = f3 * f4 + f2; pc */
    OP_FMS,
    OP_FNMA,
    OP_FPMA,
    OP_FPMS,
    OP_FPNMA,
    OP_XMA_L,     /* f1 = f3 * f4 + f2 */
    OP_XMA_H,
    OP_XMA_HU,
    OP_FSELECT,   /* f1 = f3, f4, f2 */
    OP_FCMP,      /* p1, p2 = f2 rel f3: rel EQ LT LE UNORD; ctype NONE UNC */
    OP_FCLASS,    /* p1, p2 = f2 in class imm (9 bits); ctype NONE UNC */
    OP_FRCPA,     /* f1, p2 = f2, f3 */
    OP_FRSQRTA,   /* f1, p2 = f3 */
    OP_FPRCPA,
    OP_FPRSQRTA,
    OP_FMIN,      /* f1 = f2, f3 */
    OP_FMAX,
    OP_FAMIN,
    OP_FAMAX,
    OP_FPMIN,
    OP_FPMAX,
    OP_FPAMIN,
    OP_FPAMAX,
    OP_FPCMP,     /* f1 = f2, f3; rel EQ LT LE UNORD NEQ NLT NLE ORD */
    OP_FMERGE_NS, /* f1 = f2, f3 */
    OP_FMERGE_S,
    OP_FMERGE_SE,
    OP_FPMERGE_NS,
    OP_FPMERGE_S,
    OP_FPMERGE_SE,
    OP_FMIX,      /* half L R LR */
    OP_FSXT,      /* half L R */
    OP_FPACK,
    OP_FSWAP,
    OP_FSWAP_NL,
    OP_FSWAP_NR,
    OP_FAND,
    OP_FANDCM,
    OP_FOR,
    OP_FXOR,
    OP_FCVT_FX,   /* f1 = f2; trunc */
    OP_FCVT_FXU,
    OP_FPCVT_FX,
    OP_FPCVT_FXU,
    OP_FCVT_XF,   /* f1 = f2, no sf */
    OP_FSETC,     /* imm: amask7 in pos, omask7 in len */
    OP_FCLRF,
    OP_FCHKF,     /* imm: displacement */

    OP_COUNT
};

/* ---- attributes ---------------------------------------------------------------------------- */

/* Relations of cmp, cmp4, pcmp, fcmp, fpcmp, tbit, tnat, tf. */
enum isa_rel {
    REL_NONE, REL_EQ, REL_NE, REL_LT, REL_LE, REL_GT, REL_GE, REL_LTU,
    REL_UNORD, REL_NEQ, REL_NLT, REL_NLE, REL_ORD, /* fp only, NEQ.. are fpcmp's */
    REL_Z, REL_NZ,                                 /* tbit, tnat, tf */
};

/* How a compare writes its two predicates (SDM 1:55, table 4-8). */
enum isa_ctype { CTYPE_NONE, CTYPE_UNC, CTYPE_AND, CTYPE_OR, CTYPE_OR_ANDCM };

/* Load types (SDM 3:151, table 2-33). Stores use enum isa_sem. */
enum isa_ldtype {
    LD_NONE, LD_S, LD_A, LD_SA, LD_BIAS, LD_ACQ, LD_C_CLR, LD_C_NC, LD_C_CLR_ACQ, LD_FILL,
};

/* Base register update of a memory reference: r3 += r2, or r3 += imm. */
enum isa_upd { UPD_NONE, UPD_REG, UPD_IMM };

/* Ordering completer of st, st16, cmpxchg, cmp8xchg16, fetchadd, xchg. */
enum isa_sem { SEM_NONE, SEM_ACQ, SEM_REL };

/* What probe asks about. */
enum isa_access { ACCESS_NONE, ACCESS_R, ACCESS_W, ACCESS_RW };

/* Memory and register forms of FP loads, stores, setf and getf. */
enum isa_fsize {
    FS_NONE, FS_S, FS_D, FS_E,
    FS_SIG,  /* ldf8, ldfp8, stf8, setf.sig, getf.sig */
    FS_EXP,  /* setf.exp, getf.exp */
    FS_FILL, /* ldf.fill, stf.spill */
};

/* Precision completer: DYN (none written) takes the status field's pc and wre. */
enum isa_pc { PC_DYN, PC_S, PC_D };

/* Saturation of parallel ops: result, first source, second source. UUU also marks plain .u forms. */
enum isa_sat { SAT_NONE, SAT_SSS, SAT_UUU, SAT_UUS, SAT_USS };

/* Which half or side: mix, unpack, pmpy2, czx, fmix, fsxt. */
enum isa_half { HALF_NONE, HALF_L, HALF_R, HALF_H, HALF_LR };

/* mux1 permutations, as encoded. */
enum isa_mbtype { MBTYPE_BRCST = 0, MBTYPE_MIX = 8, MBTYPE_SHUF = 9, MBTYPE_ALT = 10, MBTYPE_REV = 11 };

/* Locality hints, as encoded; stores have none and nta, nt2 is lfetch's: what is left acts as none. */
enum isa_ldhint { LDHINT_NONE, LDHINT_NT1, LDHINT_NT2, LDHINT_NTA };

/* Branch whether hint, as encoded. brp has SPTK, LOOP, DPTK, EXIT in the same values. */
enum isa_wh { WH_SPTK, WH_SPNT, WH_DPTK, WH_DPNT };

/* ---- rows and decoded instructions ---------------------------------------------------------- */

/* Row properties (row->flags). */
enum {
    ISA_FIRST = 1 << 0,  /* must be the first instruction of its group */
    ISA_LAST = 1 << 1,   /* must be the last instruction of its group */
    ISA_PRIV = 1 << 2,   /* Privileged Operation fault unless psr.cpl is 0 */
    ISA_NO_QP = 1 << 3,  /* has no qualifying predicate; struct insn's qp is 0 */
    ISA_SLOT2 = 1 << 4,  /* must be in slot 2 of its bundle, else Illegal Operation: loop branches */
    ISA_ALIAS = 1 << 5,  /* another spelling of a row's encoding; only for the text side */
    ISA_PLAIN = 1 << 6,  /* an alias that is only read by the assembler, never printed */
    ISA_REST = 1 << 7,   /* takes what no other row of its unit takes: ignored encodings */
};

/* Optional instructions (row->feature): CPUID[4] says whether the model has them, else Illegal Operation. */
enum isa_feature { FEAT_NONE, FEAT_LB /* brl */, FEAT_AO /* 16 bytes */, FEAT_CLZ, FEAT_MPY };

/* Operand fields, as bits of struct isa_uses. */
enum {
    USE_R1 = 1 << 0, USE_R2 = 1 << 1, USE_R3 = 1 << 2,
    USE_F1 = 1 << 3, USE_F2 = 1 << 4, USE_F3 = 1 << 5, USE_F4 = 1 << 6,
    USE_P1 = 1 << 7, USE_P2 = 1 << 8,
    USE_B1 = 1 << 9, USE_B2 = 1 << 10,
    USE_AREG = 1 << 11,
};

struct isa_uses {
    uint16_t reads;  /* explicit register operands read (base registers included) */
    uint16_t writes; /* explicit register operands written (an updated base included) */
};

struct isa_row; /* isa/table.h */

/*
 * A decoded instruction. Fields that the row's format does not have are 0. Attributes are the row's.
 */
struct insn {
    const struct isa_row *row; /* NULL if the encoding is reserved */
    int64_t imm;    /* the immediate operand in its final value: sign-extended and scaled. Branch, chk and
                       fchkf targets: byte displacement from the bundle's address */
    int32_t tag;    /* brp, mov to br: byte displacement of the hinted branch's bundle */
    uint16_t op;    /* enum isa_op */
    uint8_t unit;   /* enum isa_unit it is executed on: I M F B X (never A) */
    uint8_t qp;     /* qualifying predicate 0-63 */
    uint8_t r1, r2, r3;     /* general registers 0-127 */
    uint8_t f1, f2, f3, f4; /* floating-point registers 0-127 */
    uint8_t p1, p2;         /* predicate targets 0-63 */
    uint8_t b1, b2;         /* branch registers 0-7 */
    uint8_t areg;   /* application or control register number 0-127 */
    uint8_t sf;     /* status field 0-3 */
    uint8_t count;  /* shift count: shladd 1-4, pshladd 1-3, pmpyshr2 0 7 15 16, shrp 0-63, pshr 0-31 */
    uint8_t pos;    /* extr, dep, tbit: bit position 0-63; fsetc: amask7 */
    uint8_t len;    /* extr, dep: field length 1-64; fsetc: omask7 */
    uint8_t sof, sol, sor;  /* alloc: sizes in registers 0-127; sor is 8 times the encoded field (0-120) */
    uint8_t wh;     /* enum isa_wh */
    uint8_t ph;     /* sequential prefetch hint: 0 few, 1 many */
    uint8_t dh;     /* deallocation hint: 0 none, 1 clr */
    uint8_t ih;     /* importance hint of brp, mov to br: 1 imp */
    uint8_t ldhint; /* enum isa_ldhint */
    uint8_t mbtype; /* enum isa_mbtype */

    /* attributes, copied from the row */
    uint8_t size;   /* bytes: memory reference, parallel element, sxt/zxt/czx, cmp (8 or 4) */
    uint8_t rel;    /* enum isa_rel */
    uint8_t ctype;  /* enum isa_ctype */
    uint8_t ldtype; /* enum isa_ldtype */
    uint8_t upd;    /* enum isa_upd */
    uint8_t sem;    /* enum isa_sem */
    uint8_t fsize;  /* enum isa_fsize */
    uint8_t pc;     /* enum isa_pc */
    uint8_t sat;    /* enum isa_sat */
    uint8_t half;   /* enum isa_half */
    uint8_t access; /* enum isa_access */
    uint8_t feature; /* enum isa_feature */
    uint8_t flags;  /* ISA_FIRST, ISA_LAST, ISA_PRIV, ISA_NO_QP, ISA_SLOT2 */
    bool raz;       /* pavg.raz */
    bool trunc;     /* fcvt.*.trunc */
    bool fault;     /* lfetch.fault */
    bool excl;      /* lfetch.excl */
    bool spill;     /* st8.spill */
    bool clr;       /* chk.a.clr */
    bool ret;       /* mov.ret to br, brp.ret */
};

/* What isa_decode() found. */
enum isa_result {
    ISA_OK,
    ISA_RESERVED,    /* Illegal Operation fault, whatever the predicate; revision 2.3 has no such slot */
    ISA_RESERVED_QP, /* Illegal Operation fault if PR[qp] is 1, else no operation */
};

/**
 * isa_decode - decode one instruction
 * @unit:  UNIT_I, UNIT_M, UNIT_F, UNIT_B or UNIT_X: the slot's unit by the bundle's template
 * @slot:  the slot's 41 bits; for UNIT_X those of slot 2
 * @lslot: UNIT_X: the 41 bits of slot 1 (L); else ignored
 * @out:   filled in; for a reserved encoding only op (OP_INVALID), unit and qp mean something
 * Return: ISA_OK or which kind of reserved encoding.
 * Source: SDM Vol.3, chapter 4.
 */
enum isa_result isa_decode(enum isa_unit unit, uint64_t slot, uint64_t lslot, struct insn *out);

/**
 * isa_uses - which explicit register operands an instruction reads and writes
 */
struct isa_uses isa_uses(const struct insn *in);

/**
 * isa_name - the instruction's mnemonic without the completers that are operand fields
 *            (hints, sf), for messages; "invalid" for a reserved encoding
 */
const char *isa_name(const struct insn *in);

/**
 * isa_op_text - an operation's mnemonic and the names of its operands, of its first row if it has several.
 *               Slow: for statistics.
 * Return: length of the text, as snprintf().
 */
int isa_op_text(enum isa_op op, char *buf, size_t size);

/* ---- text ----------------------------------------------------------------------------------- */

/**
 * isa_disasm - print one instruction as GNU objdump does, predicate included, no stop
 * @ip:  address of the bundle, for branch targets
 * @buf, @size: where to; always NUL-terminated if size > 0
 * Return: length of the text, as snprintf().
 */
int isa_disasm(const struct insn *in, uint64_t ip, char *buf, size_t size);

/**
 * isa_disasm_slot - decode and print slot 0, 1 or 2 of a bundle as objdump's line has it
 *                   ("[MII]       nop.m 0x0" for slot 0, stops as ";;"; slot 1 of MLX is empty)
 * Return: length of the text, as snprintf().
 */
int isa_disasm_slot(struct bundle b, unsigned slot, uint64_t ip, char *buf, size_t size);

/**
 * isa_asm - assemble one instruction of GNU as syntax for a unit
 * @text: e.g. "(p6) ld8.acq r8=[r32],16"; branch targets are displacements: ".+64", "0x40"
 * @unit: UNIT_I M F B X
 * @slot: its 41 bits; @lslot: those of slot 1 for UNIT_X (may be NULL for other units)
 * Return: 0, or -EINVAL (no row takes this text, or an operand is out of range).
 */
int isa_asm(const char *text, enum isa_unit unit, uint64_t *slot, uint64_t *lslot);

/**
 * isa_asm_bundle - assemble "{ .mii  nop.m 0 ; nop.i 0 ;; nop.i 0 ;; }"
 * @text: instructions separated by newline, ';' or ";;" (a stop); braces optional
 * Return: 0 or -EINVAL.
 */
int isa_asm_bundle(const char *text, struct bundle *out);

#endif
