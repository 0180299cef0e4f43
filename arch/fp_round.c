/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rounding to a destination format, with overflow, underflow and inexact. */
#include "arch/fp_core.h"

#include <stddef.h>

/* Biased limits of an exponent range of n bits (SDM 1:85, table 5-1). */
#define RANGE(p, n, d)                                                                                       \
    {                                                                                                        \
        p, FP_EXP_BIAS - (1 << ((n)-1)) + 2, FP_EXP_BIAS + (1 << ((n)-1)) - 1, d                             \
    }
#define SINGLE(p) RANGE(p, 8, 0xff81)
#define DOUBLE(p) RANGE(p, 11, 0xfc01)
#define EXTENDED(p) RANGE(p, 15, 0)
#define REGISTER(p) RANGE(p, 17, 1)

/*
 * SDM 1:91, table 5-6. sf.pc is 0 for 24, 2 for 53 and 3 for 64 bits; 1 is reserved and cannot get into FPSR.
 * sf.wre widens every range to 17 bits, but not that of the parallel instructions.
 */
const struct fp_format fp_formats[4][8] = {
    [FP_PC_NONE] = { EXTENDED(24), REGISTER(24), EXTENDED(24), REGISTER(24), EXTENDED(53), REGISTER(53),
                     EXTENDED(64), REGISTER(64) },
    [FP_PC_S] = { SINGLE(24), REGISTER(24), SINGLE(24), REGISTER(24), SINGLE(24), REGISTER(24), SINGLE(24),
                  REGISTER(24) },
    [FP_PC_D] = { DOUBLE(53), REGISTER(53), DOUBLE(53), REGISTER(53), DOUBLE(53), REGISTER(53), DOUBLE(53),
                  REGISTER(53) },
    [FP_PC_PARALLEL] = { SINGLE(24), SINGLE(24), SINGLE(24), SINGLE(24), SINGLE(24), SINGLE(24), SINGLE(24),
                         SINGLE(24) },
};

const struct fp_format fp_format_register = REGISTER(64);

/* Does rounding go away from zero, given what was cut off: half is 1 << 63, below it bits are jammed? */
static inline bool round_up(unsigned rc, bool sign, bool odd, uint64_t rest)
{
    if (rc == 0)
        return rest > FP_INT_BIT || (rest == FP_INT_BIT && odd);
    return rest && (rc == 1 ? sign : rc == 2 && !sign);
}

/* Keep the upper `precision` bits of a 64-bit significand and return what is cut off, left-aligned and
 * jammed. */
static inline uint64_t cut(uint64_t *sig, uint64_t below, int precision)
{
    uint64_t rest;

    if (precision == 64)
        return below;
    rest = *sig << precision | (below != 0);
    *sig &= ~UINT64_C(0) << (64 - precision);
    return rest;
}

static struct ia64_fr pack(bool sign, int32_t exp, uint64_t sig)
{
    return (struct ia64_fr){ sig, (uint64_t)sign << 17 | ((uint64_t)exp & FP_SE_EXP) };
}

/* Inexact with nothing else: a flag, and a trap if enabled. */
static void inexact(struct fp_env *env, bool up)
{
    env->flags |= FP_EXC_I;
    if (!(env->disabled & FP_EXC_I))
        env->trap |= FP_ISR_TRAP_I | (up ? FP_ISR_TRAP_FPA : 0);
}

/* The response to an enabled overflow or underflow: the exponent's low 17 bits, ISR.i as found. */
static struct ia64_fr trapped(struct fp_env *env, unsigned exc, unsigned isr, struct ia64_fr value,
                              bool lossy, bool up)
{
    env->flags |= exc | (lossy ? FP_EXC_I : 0);
    env->trap |= isr | (lossy ? FP_ISR_TRAP_I : 0) | (up ? FP_ISR_TRAP_FPA : 0);
    return value;
}

static struct ia64_fr overflow(struct fp_env *env, bool sign, struct ia64_fr value, bool lossy, bool up)
{
    bool to_inf = env->rc == 0 || (env->rc == 1 && sign) || (env->rc == 2 && !sign);

    if (!(env->disabled & FP_EXC_O))
        return trapped(env, FP_EXC_O, FP_ISR_TRAP_O, value, lossy, up);
    env->flags |= FP_EXC_O;
    inexact(env, to_inf);
    if (to_inf)
        return fp_signed_inf(sign);
    return pack(sign, env->fmt->emax, ~UINT64_C(0) << (64 - env->fmt->precision));
}

/* Tiny, trap disabled: round again at the denormal's scale, or flush. */
static struct ia64_fr denormalize(struct fp_env *env, const struct fp_exact *x)
{
    int32_t shift = env->fmt->emin - x->exp;
    uint64_t sig = 0;
    uint64_t below;
    uint64_t rest;
    fp_u128 kept = 0;
    bool sticky = x->sticky;
    bool up;

    if (env->ftz) {
        env->flags |= FP_EXC_U;
        inexact(env, false);
        return fp_signed_zero(x->sign);
    }
    if (shift < 128) {
        kept = x->sig >> shift;
        sticky |= (kept << shift) != x->sig;
    } else {
        sticky = true;
    }
    sig = (uint64_t)(kept >> 64);
    below = (uint64_t)kept | sticky;
    rest = cut(&sig, below, env->fmt->precision);
    up = round_up(env->rc, x->sign, sig >> (64 - env->fmt->precision) & 1, rest);
    if (up)
        sig += UINT64_C(1) << (64 - env->fmt->precision);
    if (rest) {
        env->flags |= FP_EXC_U;
        inexact(env, up);
    }
    if (sig == 0)
        return fp_signed_zero(x->sign);
    return pack(x->sign, sig >> 63 ? env->fmt->emin : env->fmt->denormal, sig);
}

struct ia64_fr fp_round(struct fp_env *env, const struct fp_exact *x)
{
    const struct fp_format *fmt = env->fmt;
    uint64_t sig = (uint64_t)(x->sig >> 64);
    uint64_t below = (uint64_t)x->sig | x->sticky;
    uint64_t rest = cut(&sig, below, fmt->precision);
    int32_t exp = x->exp;
    bool up = false;

    if (rest) {
        int unit = 64 - fmt->precision;

        up = round_up(env->rc, x->sign, sig >> unit & 1, rest);
        if (up) {
            sig += UINT64_C(1) << unit;
            if (!(sig >> 63)) {
                sig = FP_INT_BIT;
                exp++;
            }
        }
    }
    if (__builtin_expect(exp > fmt->emax, 0))
        return overflow(env, x->sign, pack(x->sign, exp, sig), rest, up);
    if (__builtin_expect(exp < fmt->emin, 0)) {
        if (!(env->disabled & FP_EXC_U))
            return trapped(env, FP_EXC_U, FP_ISR_TRAP_U, pack(x->sign, exp, sig), rest, up);
        return denormalize(env, x);
    }
    if (rest)
        inexact(env, up);
    return pack(x->sign, exp, sig);
}
