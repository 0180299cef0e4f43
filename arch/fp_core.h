/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the floating-point files share: one operation's environment, operand classes, rounding. */
#ifndef ARCH_FP_CORE_H
#define ARCH_FP_CORE_H

/*
 * Private to arch/fp*.c. A scalar instruction is one operation, a parallel one is two on the halves; each
 * runs in its own struct fp_env and the results are put together by fp_finish() or fpp_finish().
 */

#include "arch/fp.h"

typedef unsigned __int128 fp_u128;

/**
 * struct fp_format - a destination precision and range (SDM 1:91, table 5-6)
 * @precision: significand bits: 24, 53, 64
 * @emin, @emax: biased register exponents of the smallest and largest normal numbers
 * @denormal: exponent field of a denormal result (0 stands for 0xc001: SDM 1:88)
 */
struct fp_format {
    int32_t precision;
    int32_t emin;
    int32_t emax;
    int32_t denormal;
};

/**
 * struct fp_env - one scalar operation, or one half of a parallel one
 * @fmt:      destination format
 * @rc:       rounding control: 0 nearest even, 1 down, 2 up, 3 to zero
 * @ftz:      flush to zero
 * @disabled: FP_EXC_* whose trap is disabled
 * @flags:    FP_EXC_* raised and to be recorded
 * @fault:    FP_EXC_V/D/Z raised while enabled: same bits as ISR.code{2:0}
 * @trap:     FP_ISR_TRAP_* bits
 */
struct fp_env {
    const struct fp_format *fmt;
    uint8_t rc;
    uint8_t ftz;
    uint8_t disabled;
    uint8_t flags;
    uint8_t fault;
    uint16_t trap;
};

/* A finite value in the middle of a computation: (-1)^sign * sig / 2^127 * 2^(exp - bias), sig{127} set. */
struct fp_exact {
    fp_u128 sig;
    int32_t exp;
    bool sign;
    bool sticky; /* nonzero bits below sig */
};

extern const struct fp_format fp_formats[4][8];   /* [enum fp_pc, or 3 for parallel][sf.pc << 1 | sf.wre] */
extern const struct fp_format fp_format_register; /* 64 bits, 17-bit range */

#define FP_PC_PARALLEL 3

static inline void fp_env_init(struct fp_env *env, uint64_t fpsr, unsigned ctl)
{
    unsigned sf = (unsigned)(fpsr >> (FPSR_SF_SHIFT + FPSR_SF_BITS * (ctl & 3)));

    env->fmt = &fp_formats[ctl >> 2 & 3][sf >> 1 & 7];
    env->rc = sf >> 4 & 3;
    env->ftz = sf & FPSR_SF_FTZ;
    env->disabled = sf & FPSR_SF_TD ? FPSR_TRAPS : fpsr & FPSR_TRAPS;
    env->flags = 0;
    env->fault = 0;
    env->trap = 0;
}

/* Record V, D or Z, or note the fault if it is enabled. */
static inline void fp_raise(struct fp_env *env, unsigned exc)
{
    env->flags |= exc;
    env->fault |= exc & ~(unsigned)env->disabled;
}

static inline uint64_t fp_fpsr_flags(uint64_t fpsr, unsigned ctl, unsigned flags)
{
    return fpsr | (uint64_t)flags << (FPSR_SF_SHIFT + FPSR_SF_FLAG_SHIFT + FPSR_SF_BITS * (ctl & 3));
}

/* Turn the environment into kind, isr_code and fpsr; the caller has set fr and pred. */
static inline void fp_finish(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct fp_env *env)
{
    r->kind = FP_OK;
    r->isr_code = 0;
    if (__builtin_expect(env->fault, 0)) {
        r->kind = FP_FAULT;
        r->isr_code = env->fault;
        r->fpsr = fpsr;
        return;
    }
    r->fpsr = fp_fpsr_flags(fpsr, ctl, env->flags);
    if (__builtin_expect(env->trap, 0)) {
        r->kind = FP_TRAP;
        r->isr_code = FP_ISR_TRAP | env->trap;
    }
}

/* Nothing happens but a value: NaTVal operands. */
static inline void fp_plain(struct fp_result *r, uint64_t fpsr, struct ia64_fr value)
{
    *r = (struct fp_result){ .fr = value, .fpsr = fpsr, .kind = FP_OK };
}

/* ---- Operand classes (SDM 1:86, table 5-2) ---- */

static inline unsigned fp_exp(const struct ia64_fr *f)
{
    return f->se & FP_SE_EXP;
}

/* Neither zero, unnormal, infinity, NaN, NaTVal nor unsupported. */
static inline bool fp_is_normal(const struct ia64_fr *f)
{
    return fp_exp(f) - 1 < FP_EXP_SPECIAL - 1 && f->sig >> 63;
}

static inline bool fp_is_zero(const struct ia64_fr *f)
{
    return fp_exp(f) == 0 && f->sig == 0;
}

/* Zeros and pseudo-zeros (the caller has ruled NaTVal out). */
static inline bool fp_is_zero_value(const struct ia64_fr *f)
{
    return f->sig == 0 && fp_exp(f) != FP_EXP_SPECIAL;
}

/* Unnormals, denormals, pseudo-denormals, pseudo-zeros (NaTVal ruled out). */
static inline bool fp_is_unorm(const struct ia64_fr *f)
{
    unsigned e = fp_exp(f);

    return e == 0 ? f->sig != 0 : e != FP_EXP_SPECIAL && !(f->sig >> 63);
}

static inline bool fp_is_inf(const struct ia64_fr *f)
{
    return fp_exp(f) == FP_EXP_SPECIAL && f->sig == FP_INT_BIT;
}

static inline bool fp_is_nan(const struct ia64_fr *f)
{
    return fp_exp(f) == FP_EXP_SPECIAL && f->sig > FP_INT_BIT;
}

static inline bool fp_is_snan(const struct ia64_fr *f)
{
    return fp_is_nan(f) && !(f->sig & FP_QNAN_BIT);
}

/* Pseudo-NaNs and pseudo-infinities: exponent all ones, no integer bit. */
static inline bool fp_is_unsupported(const struct ia64_fr *f)
{
    return fp_exp(f) == FP_EXP_SPECIAL && !(f->sig >> 63);
}

static inline bool fp_sign(const struct ia64_fr *f)
{
    return f->se >> 17 & 1;
}

static inline struct ia64_fr fp_signed_zero(bool sign)
{
    return (struct ia64_fr){ 0, (uint64_t)sign << 17 };
}

static inline struct ia64_fr fp_signed_inf(bool sign)
{
    return (struct ia64_fr){ FP_INT_BIT, (uint64_t)sign << 17 | FP_SE_EXP };
}

static inline struct ia64_fr fp_quiet(struct ia64_fr f)
{
    f.sig |= FP_QNAN_BIT;
    return f;
}

/* The exponent that the value has: a zero field stands for 0xc001 (SDM 1:86, 5.1.2). */
static inline int32_t fp_value_exp(const struct ia64_fr *f)
{
    unsigned e = fp_exp(f);

    return e ? (int32_t)e : 0xc001;
}

/* A finite nonzero operand with its integer bit set and an exponent of any size. */
struct fp_number {
    uint64_t sig;
    int32_t exp;
    bool sign;
};

static inline struct fp_number fp_normalize(const struct ia64_fr *f)
{
    int shift = __builtin_clzll(f->sig);

    return (struct fp_number){ f->sig << shift, fp_value_exp(f) - shift, fp_sign(f) };
}

/**
 * fp_round - round an exact nonzero value to env's format, with all of SDM 1:105, figure 5-12
 * Return: the register value; flags and traps go to @env.
 */
struct ia64_fr fp_round(struct fp_env *env, const struct fp_exact *x);

/* ---- The operations on one pair or triple of register values; NaTVals are ruled out by the caller ---- */

/* fp_muladd - (-1)^neg_product * f3 * f4 + (-1)^neg_addend * f2; f2 NULL for a plain multiply. */
struct ia64_fr fp_muladd(struct fp_env *env, const struct ia64_fr *f3, const struct ia64_fr *f4,
                         const struct ia64_fr *f2, bool neg_product, bool neg_addend);

enum fp_order {
    FP_LESS = 1 << 0,
    FP_EQUAL = 1 << 1,
    FP_GREATER = 1 << 2,
    FP_UNORDERED = 1 << 3,
};

/* fp_compare - with the faults of fcmp; @quiet: QNaNs raise nothing; @magnitude: signs are ignored. */
enum fp_order fp_compare(struct fp_env *env, const struct ia64_fr *a, const struct ia64_fr *b, bool quiet,
                         bool magnitude);

/* fp_relation - the truth of a fcmp or fpcmp relation. */
bool fp_relation(struct fp_env *env, enum fp_rel rel, const struct ia64_fr *f2, const struct ia64_fr *f3);

/* fp_to_integer - round to an integer of @bits (32 or 64); the integer indefinite if it does not fit. */
uint64_t fp_to_integer(struct fp_env *env, const struct ia64_fr *f, unsigned bits, unsigned how);

/* The estimates of frcpa and frsqrta: 11-bit significands (SDM Vol.3, frcpa, frsqrta). */
struct ia64_fr fp_recip_estimate(struct fp_number den);
struct ia64_fr fp_rsqrt_estimate(struct fp_number root);

/* fp_rcpa_special - the results of frcpa that are final whatever the format; false: estimate and limits. */
bool fp_rcpa_special(struct fp_env *env, const struct ia64_fr *f2, const struct ia64_fr *f3,
                     struct ia64_fr *out);
bool fp_rsqrta_special(struct fp_env *env, const struct ia64_fr *f3, struct ia64_fr *out);

#endif
