/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Itanium floating-point instructions as pure functions on register values. */
#ifndef ARCH_FP_H
#define ARCH_FP_H

/*
 * Owns: the meaning of every floating-point instruction of SDM Vol.3, given operand values and an FPSR value.
 * May include: libc only; it knows no vcpu, no engine and no host floating point.
 * Threads: every function is pure (no globals, no state), so any thread may call any of them.
 *
 * What the caller still does: disabled-FP and target-register checks (f0, f1), PSR.mfl/mfh, register NaTs of
 * general registers, the NaT consumption fault of stf* on NaTVal, and predicates' writing.
 */

#include <stdbool.h>
#include <stdint.h>

/**
 * struct ia64_fr - a floating-point register, full form (SDM 1:85, 5.1)
 * @sig: significand, integer bit at {63}
 * @se:  {16:0} exponent, bias 0xffff; {17} sign; the rest is 0
 */
struct ia64_fr {
    uint64_t sig;
    uint64_t se;
};

#define FP_SE_EXP UINT64_C(0x1ffff)
#define FP_SE_SIGN UINT64_C(0x20000)
#define FP_INT_BIT UINT64_C(0x8000000000000000)
#define FP_QNAN_BIT UINT64_C(0x4000000000000000)

#define FP_EXP_BIAS 0xffff
#define FP_EXP_INT 0x1003e /* integers and parallel FP pairs in a register */
#define FP_EXP_NATVAL 0x1fffe
#define FP_EXP_SPECIAL 0x1ffff /* infinities and NaNs */

#define FP_NATVAL ((struct ia64_fr){ 0, FP_EXP_NATVAL })
#define FP_F0 ((struct ia64_fr){ 0, 0 })                    /* f0 */
#define FP_F1 ((struct ia64_fr){ FP_INT_BIT, FP_EXP_BIAS }) /* f1 */
#define FP_QNAN_INDEFINITE ((struct ia64_fr){ UINT64_C(0xc000000000000000), FP_SE_SIGN | FP_SE_EXP })
/* What f1 reads as in the parallel instructions is FP_F1 too: sig 0x8000000000000000 is the pair (-0.0,
 * +0.0). */

/* FPSR (SDM 1:89, 5.2). Trap disables {5:0}, then four 13-bit status fields. */
enum {
    FPSR_TRAPS = 0x3f,
    FPSR_SF_SHIFT = 6,
    FPSR_SF_BITS = 13,
    FPSR_SF_FTZ = 1 << 0,
    FPSR_SF_WRE = 1 << 1,
    FPSR_SF_PC = 3 << 2,
    FPSR_SF_RC = 3 << 4,
    FPSR_SF_TD = 1 << 6,
    FPSR_SF_CONTROLS = 0x7f,
    FPSR_SF_FLAG_SHIFT = 7,
};

/* The six exceptions, in the bit order of FPSR.traps and of a status field's flags. */
enum {
    FP_EXC_V = 1 << 0,
    FP_EXC_D = 1 << 1,
    FP_EXC_Z = 1 << 2,
    FP_EXC_O = 1 << 3,
    FP_EXC_U = 1 << 4,
    FP_EXC_I = 1 << 5,
};

/* ISR.code of floating-point faults and traps (scalar and high half; low half: see the shifts). */
enum {
    FP_ISR_FAULT_V = 1 << 0,
    FP_ISR_FAULT_D = 1 << 1,
    FP_ISR_FAULT_Z = 1 << 2,
    FP_ISR_FAULT_LOW_SHIFT = 4, /* left, from the high half's bits */
    FP_ISR_TRAP = 1 << 0,
    FP_ISR_TRAP_O = 1 << 11,
    FP_ISR_TRAP_U = 1 << 12,
    FP_ISR_TRAP_I = 1 << 13,
    FP_ISR_TRAP_FPA = 1 << 14,
    FP_ISR_TRAP_LOW_SHIFT = 4, /* right, from the high half's bits */
};

enum fp_kind {
    FP_OK,    /* fr, fpsr and pred are valid */
    FP_FAULT, /* nothing may be updated; isr_code says why */
    FP_TRAP,  /* fr, fpsr and pred are delivered, then the trap with isr_code is taken */
};

/**
 * struct fp_result - what an instruction delivers
 * @fr:       the value for the target register
 * @fpsr:     FPSR with the sticky flags of the status field updated (unchanged on FP_FAULT)
 * @isr_code: ISR.code of the fault or trap, 0 with FP_OK
 * @kind:     enum fp_kind
 * @pred:     the predicate result: bit 0 for p1 (frcpa and frsqrta: p2), bit 1 for p2 of fcmp and fclass
 */
struct fp_result {
    struct ia64_fr fr;
    uint64_t fpsr;
    uint16_t isr_code;
    uint8_t kind;
    uint8_t pred;
};

enum fp_pc {
    FP_PC_NONE = 0, /* dynamic: sf.pc and sf.wre decide */
    FP_PC_S = 1,
    FP_PC_D = 2,
};

/*
 * The static part of an instruction, one small word so that an engine can pass it as an immediate:
 * {1:0} status field, {3:2} enum fp_pc, {4} "f2 is f0", which makes fma and its kin a plain multiply.
 */
#define FP_CTL(sf, pc) ((unsigned)(sf) | (unsigned)(pc) << 2)
#define FP_CTL_F2_IS_F0 (1u << 4)

/* ---- Arithmetic (arch/fp_arith.c) ---- */

/**
 * fp_fma, fp_fms, fp_fnma - f3 * f4 + f2, f3 * f4 - f2, -(f3 * f4) + f2, rounded once
 * @r:    written; may not overlap the operands
 * @fpsr: the FPSR before the instruction
 * @ctl:  FP_CTL(sf, pc), with FP_CTL_F2_IS_F0 when the instruction names f0 as f2 (fmpy, fnmpy, fnorm)
 * @f3, @f4, @f2: operands; f0 reads FP_F0, f1 reads FP_F1
 * Source: SDM Vol.3, fma, fms, fnma; SDM 1:103, 5.4.
 */
void fp_fma(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
            const struct ia64_fr *f4, const struct ia64_fr *f2);
void fp_fms(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
            const struct ia64_fr *f4, const struct ia64_fr *f2);
void fp_fnma(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
             const struct ia64_fr *f4, const struct ia64_fr *f2);

/**
 * fp_min, fp_max, fp_amin, fp_amax - fmin, fmax, famin, famax of f2 and f3
 * @ctl: FP_CTL(sf, FP_PC_NONE)
 * Source: SDM Vol.3, fmin, fmax, famin, famax.
 */
void fp_min(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
            const struct ia64_fr *f3);
void fp_max(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
            const struct ia64_fr *f3);
void fp_amin(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3);
void fp_amax(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3);

enum fp_rel {
    FP_REL_EQ,
    FP_REL_LT,
    FP_REL_LE,
    FP_REL_UNORD,
    FP_REL_NEQ, /* neq and on: fpcmp only; in fcmp they are pseudo-ops with p1 and p2 swapped */
    FP_REL_NLT,
    FP_REL_NLE,
    FP_REL_ORD,
};

/**
 * fp_cmp - fcmp.frel
 * @rel: FP_REL_EQ, LT, LE or UNORD
 * Result: pred bit 0 for p1, bit 1 for p2 (its complement; both 0 if an operand is NaTVal). fr is not used.
 * Source: SDM Vol.3, fcmp.
 */
void fp_cmp(struct fp_result *r, uint64_t fpsr, unsigned ctl, enum fp_rel rel, const struct ia64_fr *f2,
            const struct ia64_fr *f3);

/* The bits of fclass's 9-bit mask. */
enum {
    FP_CLASS_POS = 1 << 0,
    FP_CLASS_NEG = 1 << 1,
    FP_CLASS_ZERO = 1 << 2,
    FP_CLASS_UNORM = 1 << 3,
    FP_CLASS_NORM = 1 << 4,
    FP_CLASS_INF = 1 << 5,
    FP_CLASS_SNAN = 1 << 6,
    FP_CLASS_QNAN = 1 << 7,
    FP_CLASS_NAT = 1 << 8,
};

/**
 * fp_class - fclass.m
 * @mask: fclass9
 * Return: bit 0 for p1, bit 1 for p2; both 0 if f2 is NaTVal and the mask does not ask for it.
 * Source: SDM Vol.3, fclass.
 */
unsigned fp_class(const struct ia64_fr *f2, unsigned mask);

/* ---- Approximations (arch/fp_approx.c) ---- */

/**
 * fp_rcpa, fp_rsqrta - frcpa (f2 / f3), frsqrta (f3)
 * Result: pred bit 0 is p2: 1 if fr is an approximation to refine, 0 if it is the final IEEE result.
 * Where a processor would raise a Software Assist fault the result is what the assistance delivers: the IEEE
 * quotient or square root, rounded by the status field at register precision, with p2 = 0 (docs:
 * fp_approx.c). Source: SDM Vol.3, frcpa, frsqrta.
 */
void fp_rcpa(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3);
void fp_rsqrta(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3);

/**
 * fp_rcpa_estimate, fp_rsqrta_estimate - the estimate that frcpa (f2 / f3) or frsqrta (f3) gives with p2 = 1
 * @f2, @f3: normal numbers in full form, for frsqrta positive
 * Return: false, and nothing is written, where p2 is 0.
 */
bool fp_rcpa_estimate(struct ia64_fr *out, const struct ia64_fr *f2, const struct ia64_fr *f3);
bool fp_rsqrta_estimate(struct ia64_fr *out, const struct ia64_fr *f3);

/* ---- Conversions (arch/fp_convert.c) ---- */

enum {
    FP_CVT_UNSIGNED = 1 << 0,
    FP_CVT_TRUNC = 1 << 1,
};

/**
 * fp_cvt_fx - fcvt.fx, fcvt.fxu, fcvt.fx.trunc, fcvt.fxu.trunc: to a 64-bit integer in the significand
 * @how: FP_CVT_* bits
 * Source: SDM Vol.3, fcvt.fx.
 */
void fp_cvt_fx(struct fp_result *r, uint64_t fpsr, unsigned ctl, unsigned how, const struct ia64_fr *f2);

/* fp_cvt_xf - fcvt.xf: a signed 64-bit integer to a register-format value, exact (SDM Vol.3, fcvt.xf). */
struct ia64_fr fp_cvt_xf(const struct ia64_fr *f2);

/*
 * Memory and general-register formats (SDM 1:92, 5.3). No exceptions arise: a NaTVal stored by stf* other
 * than stf.spill, or read by getf, is the caller's to see first with fp_is_natval().
 */
struct ia64_fr fp_from_single(uint32_t bits);                 /* ldfs, setf.s */
struct ia64_fr fp_from_double(uint64_t bits);                 /* ldfd, setf.d */
struct ia64_fr fp_from_ext(uint64_t sig, uint16_t se);        /* ldfe: bytes 0-7, bytes 8-9 */
struct ia64_fr fp_from_int(uint64_t sig);                     /* ldf8, setf.sig */
struct ia64_fr fp_from_exp(uint64_t gr);                      /* setf.exp: {17:0} */
struct ia64_fr fp_from_fill(uint64_t first, uint64_t second); /* ldf.fill: bytes 0-7, bytes 8-15 */
uint32_t fp_to_single(const struct ia64_fr *f);               /* stfs, getf.s */
uint64_t fp_to_double(const struct ia64_fr *f);               /* stfd, getf.d */
uint16_t fp_to_ext(const struct ia64_fr *f);                  /* stfe: bytes 8-9; bytes 0-7 are f->sig */
uint64_t fp_to_exp(const struct ia64_fr *f);                  /* getf.exp */
/* stf8, getf.sig: f->sig. stf.spill: bytes 0-7 are f->sig, bytes 8-15 are f->se. */

/**
 * fp_from_double_bits - a host double's bits in register format, exact; all classes (NaN payload kept)
 * fp_to_double_bits_exact - the other way
 * @bits: written only if the value is one that fp_from_double_bits() can produce
 * Return: true if it is (the round trip gives f back bit for bit), else false.
 */
struct ia64_fr fp_from_double_bits(uint64_t bits);
bool fp_to_double_bits_exact(const struct ia64_fr *f, uint64_t *bits);

/* ---- Non-arithmetic operations (arch/fp_misc.c): NaTVal in any operand gives NaTVal; no exceptions ---- */

enum fp_bits_op {
    FP_MERGE_NS,  /* fmerge.ns: complement of f2's sign; exponent and significand of f3 */
    FP_MERGE_S,   /* fmerge.s */
    FP_MERGE_SE,  /* fmerge.se: sign and exponent of f2 */
    FP_MIX_LR,    /* fmix.lr */
    FP_MIX_R,     /* fmix.r */
    FP_MIX_L,     /* fmix.l */
    FP_SXT_R,     /* fsxt.r */
    FP_SXT_L,     /* fsxt.l */
    FP_PACK,      /* fpack */
    FP_SWAP,      /* fswap */
    FP_SWAP_NL,   /* fswap.nl */
    FP_SWAP_NR,   /* fswap.nr */
    FP_AND,       /* fand */
    FP_ANDCM,     /* fandcm */
    FP_OR,        /* for */
    FP_XOR,       /* fxor */
    FPP_MERGE_NS, /* fpmerge.ns */
    FPP_MERGE_S,  /* fpmerge.s */
    FPP_MERGE_SE, /* fpmerge.se */
};

/* fp_bits - the two-operand bit operations above (SDM Vol.3, their pages). */
struct ia64_fr fp_bits(enum fp_bits_op op, const struct ia64_fr *f2, const struct ia64_fr *f3);

/* fp_select - fselect: (f3 & f2) | (f4 & ~f2) on significands. */
struct ia64_fr fp_select(const struct ia64_fr *f3, const struct ia64_fr *f4, const struct ia64_fr *f2);

enum fp_xma_op {
    FP_XMA_L,
    FP_XMA_H,
    FP_XMA_HU,
};

/* fp_xma - xma.l (xma.lu is the same), xma.h, xma.hu: integer f3 * f4 + f2, low or high 64 bits. */
struct ia64_fr fp_xma(enum fp_xma_op op, const struct ia64_fr *f3, const struct ia64_fr *f4,
                      const struct ia64_fr *f2);

/* ---- Parallel single precision (arch/fp_parallel.c): high half {63:32}, low half {31:0} of the significand
 * ---- */

/*
 * Operands: as for the scalar forms; f1 as an operand reads FP_F1's significand. Faults of either half
 * suppress both; ISR.code has the bits of both.
 */
void fpp_fma(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
             const struct ia64_fr *f4, const struct ia64_fr *f2);
void fpp_fms(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
             const struct ia64_fr *f4, const struct ia64_fr *f2);
void fpp_fnma(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
              const struct ia64_fr *f4, const struct ia64_fr *f2);
void fpp_min(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3);
void fpp_max(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3);
void fpp_amin(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
              const struct ia64_fr *f3);
void fpp_amax(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
              const struct ia64_fr *f3);
/* fpcmp: each half of fr is all ones or all zeros. All eight enum fp_rel. */
void fpp_cmp(struct fp_result *r, uint64_t fpsr, unsigned ctl, enum fp_rel rel, const struct ia64_fr *f2,
             const struct ia64_fr *f3);
void fpp_rcpa(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
              const struct ia64_fr *f3);
void fpp_rsqrta(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3);
/* fpcvt.fx, .fxu, .trunc: two 32-bit integers. @how: FP_CVT_* bits. */
void fpp_cvt_fx(struct fp_result *r, uint64_t fpsr, unsigned ctl, unsigned how, const struct ia64_fr *f2);

/* ---- FPSR (arch/fp_misc.c) ---- */

/**
 * fp_setc - fsetc.sf: sf's controls := (sf0's controls & amask7) | omask7
 * @fpsr: read and, on success, written
 * Return: false for a Reserved Register/Field fault (then @fpsr is untouched).
 */
bool fp_setc(uint64_t *fpsr, unsigned sf, unsigned amask7, unsigned omask7);

/* fp_clrf - fclrf.sf: FPSR with the flags of the status field cleared. */
uint64_t fp_clrf(uint64_t fpsr, unsigned sf);

/* fp_chkf - fchkf.sf: true if it branches (a flag is set whose trap is enabled or that sf0 has not set). */
bool fp_chkf(uint64_t fpsr, unsigned sf);

/* fp_fpsr_valid - false where mov to ar.fpsr gives a Reserved Register/Field fault. */
bool fp_fpsr_valid(uint64_t fpsr);

/* ---- Small inlines ---- */

/*
 * The controls that programs run with unless they ask for others: every trap disabled; sf0 rounds to nearest at extended
 * precision, sf1 the same with the widest range, neither flushes to zero. The other fields may be anything.
 */
#define FPSR_STANDARD      UINT64_C(0x270033f)
#define FPSR_STANDARD_MASK (FPSR_TRAPS | UINT64_C(0x7f) << FPSR_SF_SHIFT | UINT64_C(0x3f) << (FPSR_SF_SHIFT + FPSR_SF_BITS))

/* sf1's td does not count while all traps are disabled. */
static inline bool fp_fpsr_standard(uint64_t fpsr)
{
    return (fpsr & FPSR_STANDARD_MASK) == (FPSR_STANDARD & FPSR_STANDARD_MASK);
}

static inline bool fp_is_natval(const struct ia64_fr *f)
{
    return f->se == FP_EXP_NATVAL && f->sig == 0;
}

#endif
