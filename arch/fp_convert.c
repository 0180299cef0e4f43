/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversions: to and from integers, and between memory formats and the register format. */
#include "arch/fp_core.h"

/* Exponent bits of the memory formats, seen from the register: {16} and the low ones (SDM 1:95, figure 5-8).
 */
#define SINGLE_MIN 0xff81
#define DOUBLE_MIN 0xfc01

uint64_t fp_to_integer(struct fp_env *env, const struct ia64_fr *f, unsigned bits, unsigned how)
{
    const uint64_t indefinite = UINT64_C(1) << (bits - 1);
    unsigned rc = how & FP_CVT_TRUNC ? 3 : env->rc;
    bool sign = fp_sign(f);
    fp_u128 limit;
    uint64_t whole = 0;
    uint64_t rest = 0; /* the fraction, half is 1 << 63, jammed */
    bool up;
    fp_u128 value;

    if (fp_exp(f) == FP_EXP_SPECIAL) {
        fp_raise(env, FP_EXC_V);
        return indefinite;
    }
    if (f->sig) {
        struct fp_number n = fp_normalize(f);
        int32_t e = n.exp - FP_EXP_BIAS; /* of the leading bit */

        if (e > 63) {
            fp_raise(env, FP_EXC_V);
            return indefinite;
        }
        if (e == 63) {
            whole = n.sig;
        } else if (e >= 0) {
            whole = n.sig >> (63 - e);
            rest = n.sig << (e + 1);
        } else {
            rest = e == -1 ? n.sig : 1;
        }
    }
    up = rc == 0 ? rest > FP_INT_BIT || (rest == FP_INT_BIT && (whole & 1))
                 : rest && (rc == 1 ? sign : rc == 2 && !sign);
    value = (fp_u128)whole + up;
    if (how & FP_CVT_UNSIGNED)
        limit = sign ? 0 : ((fp_u128)1 << bits) - 1;
    else
        limit = ((fp_u128)1 << (bits - 1)) - !sign;
    if (value > limit) {
        fp_raise(env, FP_EXC_V);
        return indefinite;
    }
    if (fp_is_unorm(f))
        fp_raise(env, FP_EXC_D);
    if (rest) {
        env->flags |= FP_EXC_I;
        if (!(env->disabled & FP_EXC_I))
            env->trap |= FP_ISR_TRAP_I | (up ? FP_ISR_TRAP_FPA : 0);
    }
    return sign ? -(uint64_t)value : (uint64_t)value;
}

void fp_cvt_fx(struct fp_result *r, uint64_t fpsr, unsigned ctl, unsigned how, const struct ia64_fr *f2)
{
    struct fp_env env;

    if (fp_is_natval(f2)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    fp_env_init(&env, fpsr, ctl);
    r->fr = fp_from_int(fp_to_integer(&env, f2, 64, how));
    r->pred = 0;
    fp_finish(r, fpsr, ctl, &env);
}

struct ia64_fr fp_cvt_xf(const struct ia64_fr *f2)
{
    bool sign = f2->sig >> 63;
    uint64_t sig = sign ? -f2->sig : f2->sig;
    int shift;

    if (fp_is_natval(f2))
        return FP_NATVAL;
    if (sig == 0)
        return FP_F0;
    shift = __builtin_clzll(sig);
    return (struct ia64_fr){ sig << shift, (uint64_t)sign << 17 | (uint64_t)(FP_EXP_INT - shift) };
}

struct ia64_fr fp_from_single(uint32_t bits)
{
    uint64_t fraction = (uint64_t)(bits & 0x7fffff) << 40;
    uint64_t sign = (uint64_t)(bits >> 31) << 17;
    unsigned exp = bits >> 23 & 0xff;

    if (exp == 0xff)
        return (struct ia64_fr){ FP_INT_BIT | fraction, sign | FP_SE_EXP };
    if (exp)
        return (struct ia64_fr){ FP_INT_BIT | fraction, sign | (exp + FP_EXP_BIAS - 0x7f) };
    return (struct ia64_fr){ fraction, sign | (fraction ? SINGLE_MIN : 0) };
}

struct ia64_fr fp_from_double(uint64_t bits)
{
    uint64_t fraction = (bits & UINT64_C(0xfffffffffffff)) << 11;
    uint64_t sign = bits >> 63 << 17;
    unsigned exp = bits >> 52 & 0x7ff;

    if (exp == 0x7ff)
        return (struct ia64_fr){ FP_INT_BIT | fraction, sign | FP_SE_EXP };
    if (exp)
        return (struct ia64_fr){ FP_INT_BIT | fraction, sign | (exp + FP_EXP_BIAS - 0x3ff) };
    return (struct ia64_fr){ fraction, sign | (fraction ? DOUBLE_MIN : 0) };
}

struct ia64_fr fp_from_ext(uint64_t sig, uint16_t se)
{
    uint64_t sign = (uint64_t)(se >> 15) << 17;
    unsigned exp = se & 0x7fff;

    if (exp == 0x7fff)
        return (struct ia64_fr){ sig, sign | FP_SE_EXP };
    return (struct ia64_fr){ sig, sign | (exp ? exp + FP_EXP_BIAS - 0x3fff : 0) };
}

struct ia64_fr fp_from_int(uint64_t sig)
{
    return (struct ia64_fr){ sig, FP_EXP_INT };
}

struct ia64_fr fp_from_exp(uint64_t gr)
{
    return (struct ia64_fr){ FP_INT_BIT, gr & (FP_SE_SIGN | FP_SE_EXP) };
}

struct ia64_fr fp_from_fill(uint64_t first, uint64_t second)
{
    return (struct ia64_fr){ first, second & (FP_SE_SIGN | FP_SE_EXP) };
}

/* An operand without its integer bit stores a zero exponent field. */
uint32_t fp_to_single(const struct ia64_fr *f)
{
    uint32_t exp = f->sig >> 63 ? (uint32_t)(f->se >> 16 & 1) << 7 | (f->se & 0x7f) : 0;

    return (uint32_t)fp_sign(f) << 31 | exp << 23 | (f->sig >> 40 & 0x7fffff);
}

uint64_t fp_to_double(const struct ia64_fr *f)
{
    uint64_t exp = f->sig >> 63 ? (f->se >> 16 & 1) << 10 | (f->se & 0x3ff) : 0;

    return (uint64_t)fp_sign(f) << 63 | exp << 52 | (f->sig >> 11 & UINT64_C(0xfffffffffffff));
}

uint16_t fp_to_ext(const struct ia64_fr *f)
{
    return (uint16_t)(fp_sign(f) << 15 | (f->se >> 16 & 1) << 14 | (f->se & 0x3fff));
}

uint64_t fp_to_exp(const struct ia64_fr *f)
{
    return f->se & (FP_SE_SIGN | FP_SE_EXP);
}

struct ia64_fr fp_from_double_bits(uint64_t bits)
{
    return fp_from_double(bits);
}

bool fp_to_double_bits_exact(const struct ia64_fr *f, uint64_t *bits)
{
    uint64_t d = fp_to_double(f);
    struct ia64_fr back = fp_from_double(d);

    if (back.sig != f->sig || back.se != f->se)
        return false;
    *bits = d;
    return true;
}
