/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiply-add, minimum and maximum, compare, class: the scalar forms and what the parallel ones share. */
#include "arch/fp_core.h"
#include "arch/fp_fast.h"

#include <stddef.h>

/*
 * a + b for a product and an addend (64 zero bits below) in any order. The smaller one moves right into 64
 * more bits; what falls out of those is jammed into the lowest, which is safe: it happens only at a distance
 * of 65 or more, where at most one leading bit is cancelled. Return: false if the sum is exactly zero.
 */
static bool add_exact(struct fp_exact *out, const struct fp_exact *a, const struct fp_exact *b)
{
    const struct fp_exact *big = a;
    const struct fp_exact *small = b;
    fp_u128 hi, shi;
    uint64_t lo = 0, slo;
    uint32_t d;

    if (b->exp > a->exp || (b->exp == a->exp && b->sig > a->sig)) {
        big = b;
        small = a;
    }
    d = (uint32_t)(big->exp - small->exp);
    if (d == 0) {
        shi = small->sig;
        slo = 0;
    } else if (d < 64) {
        shi = small->sig >> d;
        slo = (uint64_t)small->sig << (64 - d);
    } else if (d < 128) {
        shi = small->sig >> d;
        slo = (uint64_t)(small->sig >> (d - 64));
        slo |= d > 64 && (small->sig << (192 - d)) != 0;
    } else {
        shi = 0;
        slo = 1;
    }

    hi = big->sig;
    out->sign = big->sign;
    out->exp = big->exp;
    if (big->sign == small->sign) {
        hi += shi;
        lo = slo;
        if (hi < shi) {
            lo = lo >> 1 | (lo & 1) | (uint64_t)hi << 63;
            hi = hi >> 1 | (fp_u128)1 << 127;
            out->exp++;
        }
    } else {
        hi -= shi + (slo != 0);
        lo = -slo;
        if (!(hi >> 127)) {
            int n;

            /*
             * All 128 bits of hi vanish only with lo = 0: at d = 0 there is no lo, at d = 1 an odd product is
             * at most (2^64 - 1)^2 against an addend of 2^128 on the same scale.
             */
            if (hi >> 64) {
                n = __builtin_clzll((uint64_t)(hi >> 64));
                hi = hi << n | lo >> (64 - n);
                lo <<= n;
            } else if (hi) {
                n = 64 + __builtin_clzll((uint64_t)hi);
                hi = hi << n | (fp_u128)lo << (n - 64);
                lo = 0;
            } else {
                return false;
            }
            out->exp -= n;
        }
    }
    out->sig = hi;
    out->sticky = lo != 0;
    return true;
}

/* The product of two numbers with their integer bits set. */
static inline void multiply(struct fp_exact *out, uint64_t asig, int32_t aexp, uint64_t bsig, int32_t bexp,
                            bool sign)
{
    fp_u128 p = (fp_u128)asig * bsig;
    int shift = !(p >> 127);

    out->sig = p << shift;
    out->exp = aexp + bexp - FP_EXP_BIAS + 1 - shift;
    out->sign = sign;
    out->sticky = false;
}

/* The checks of SDM 1:103, figure 5-11, when an operand is a NaN, an infinity, a zero or unnormal. */
static bool muladd_special(struct fp_env *env, const struct ia64_fr *f3, const struct ia64_fr *f4,
                           const struct ia64_fr *f2, bool psign, bool csign, struct ia64_fr *out)
{
    bool pinf, cinf;

    if (fp_is_unsupported(f3) || fp_is_unsupported(f4) || fp_is_unsupported(f2)) {
        fp_raise(env, FP_EXC_V);
        *out = FP_QNAN_INDEFINITE;
        return true;
    }
    if (fp_is_nan(f3) || fp_is_nan(f4) || fp_is_nan(f2)) {
        if (fp_is_snan(f3) || fp_is_snan(f4) || fp_is_snan(f2))
            fp_raise(env, FP_EXC_V);
        /* The NaN of f4 goes before that of f2, f3 is last (SDM 1:107, 5.4.6). */
        *out = fp_quiet(fp_is_nan(f4) ? *f4 : fp_is_nan(f2) ? *f2 : *f3);
        return true;
    }
    pinf = fp_is_inf(f3) || fp_is_inf(f4);
    cinf = fp_is_inf(f2);
    /* A pseudo-zero times infinity is not invalid, but infinity (SDM 1:88). */
    if ((fp_is_inf(f3) && fp_is_zero(f4)) || (fp_is_inf(f4) && fp_is_zero(f3)) ||
        (pinf && cinf && psign != csign)) {
        fp_raise(env, FP_EXC_V);
        *out = FP_QNAN_INDEFINITE;
        return true;
    }
    if (fp_is_unorm(f3) || fp_is_unorm(f4) || fp_is_unorm(f2))
        fp_raise(env, FP_EXC_D);
    if (pinf || cinf) {
        *out = fp_signed_inf(pinf ? psign : csign);
        return true;
    }
    return false;
}

/* Finite operands, at least one of them not normal. @add: f2 counts. */
static struct ia64_fr muladd_finite(struct fp_env *env, const struct ia64_fr *f3, const struct ia64_fr *f4,
                                    const struct ia64_fr *f2, bool psign, bool csign, bool add)
{
    struct fp_exact p, c, sum;
    bool pzero = f3->sig == 0 || f4->sig == 0;
    bool czero = !add || f2->sig == 0;

    if (!pzero) {
        struct fp_number a = fp_normalize(f3);
        struct fp_number b = fp_normalize(f4);

        multiply(&p, a.sig, a.exp, b.sig, b.exp, psign);
    }
    if (!czero) {
        struct fp_number n = fp_normalize(f2);

        c = (struct fp_exact){ (fp_u128)n.sig << 64, n.exp, csign, false };
    }
    if (pzero && czero)
        return fp_signed_zero(add && psign != csign ? env->rc == 1 : psign);
    if (pzero)
        return fp_round(env, &c);
    if (czero)
        return fp_round(env, &p);
    if (!add_exact(&sum, &p, &c))
        return fp_signed_zero(env->rc == 1);
    return fp_round(env, &sum);
}

struct ia64_fr fp_muladd(struct fp_env *env, const struct ia64_fr *f3, const struct ia64_fr *f4,
                         const struct ia64_fr *f2, bool neg_product, bool neg_addend)
{
    bool psign = fp_sign(f3) ^ fp_sign(f4) ^ neg_product;
    struct ia64_fr zero = FP_F0;
    struct ia64_fr out;
    struct fp_exact p, c, sum;
    bool add = f2 != NULL;
    bool csign;

    if (!add)
        f2 = &zero;
    csign = fp_sign(f2) ^ neg_addend;
    if (__builtin_expect(!fp_is_normal(f3) || !fp_is_normal(f4) || (add && !fp_is_normal(f2)), 0)) {
        /* x * 1 + 0 and the like are common and need no more checks than these. */
        if (muladd_special(env, f3, f4, f2, psign, csign, &out))
            return out;
        return muladd_finite(env, f3, f4, f2, psign, csign, add);
    }
    multiply(&p, f3->sig, (int32_t)fp_exp(f3), f4->sig, (int32_t)fp_exp(f4), psign);
    if (!add)
        return fp_round(env, &p);
    c = (struct fp_exact){ (fp_u128)f2->sig << 64, (int32_t)fp_exp(f2), csign, false };
    if (!add_exact(&sum, &p, &c))
        return fp_signed_zero(env->rc == 1);
    return fp_round(env, &sum);
}

/* The common case, if it is one: rounding to nearest, all traps disabled, normal numbers. */
static bool muladd_common(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct fp_env *env,
                          const struct ia64_fr *f3, const struct ia64_fr *f4, const struct ia64_fr *f2,
                          uint64_t negate)
{
    struct fp_fast_range range = { env->fmt->emin, env->fmt->emax };
    bool inexact = false, fine;

    if (env->rc != 0 || env->disabled != FPSR_TRAPS)
        return false;
    switch (env->fmt->precision) {
    case 64:
        fine = fp_fast_muladd(&r->fr, f3, f4, f2, negate, 64, range, &inexact);
        break;
    case 53:
        fine = fp_fast_muladd(&r->fr, f3, f4, f2, negate, 53, range, &inexact);
        break;
    default:
        fine = fp_fast_muladd(&r->fr, f3, f4, f2, negate, 24, range, &inexact);
        break;
    }
    r->kind = FP_OK;
    r->isr_code = 0;
    r->pred = 0;
    r->fpsr = fp_fpsr_flags(fpsr, ctl, inexact ? FP_EXC_I : 0);
    return fine;
}

static inline void muladd_scalar(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
                                 const struct ia64_fr *f4, const struct ia64_fr *f2, bool neg_product,
                                 bool neg_addend)
{
    struct fp_env env;

    fp_env_init(&env, fpsr, ctl);
    if (ctl & FP_CTL_F2_IS_F0)
        f2 = NULL;
    if (muladd_common(r, fpsr, ctl, &env, f3, f4, f2,
                      (uint64_t)neg_product << 17 | (uint64_t)neg_addend << 18))
        return;
    if (fp_is_natval(f3) || fp_is_natval(f4) || (f2 && fp_is_natval(f2))) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    r->fr = fp_muladd(&env, f3, f4, f2, neg_product, neg_addend);
    r->pred = 0;
    fp_finish(r, fpsr, ctl, &env);
}

void fp_fma(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
            const struct ia64_fr *f4, const struct ia64_fr *f2)
{
    muladd_scalar(r, fpsr, ctl, f3, f4, f2, false, false);
}

void fp_fms(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
            const struct ia64_fr *f4, const struct ia64_fr *f2)
{
    muladd_scalar(r, fpsr, ctl, f3, f4, f2, false, true);
}

void fp_fnma(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
             const struct ia64_fr *f4, const struct ia64_fr *f2)
{
    muladd_scalar(r, fpsr, ctl, f3, f4, f2, true, false);
}

/* ---- Comparison ---- */

static enum fp_order compare_magnitude(const struct ia64_fr *a, const struct ia64_fr *b)
{
    struct fp_number x, y;

    if (fp_is_inf(a) || fp_is_inf(b))
        return fp_is_inf(a) ? (fp_is_inf(b) ? FP_EQUAL : FP_GREATER) : FP_LESS;
    if (a->sig == 0 || b->sig == 0)
        return a->sig ? FP_GREATER : b->sig ? FP_LESS : FP_EQUAL;
    x = fp_normalize(a);
    y = fp_normalize(b);
    if (x.exp != y.exp)
        return x.exp < y.exp ? FP_LESS : FP_GREATER;
    return x.sig < y.sig ? FP_LESS : x.sig > y.sig ? FP_GREATER : FP_EQUAL;
}

enum fp_order fp_compare(struct fp_env *env, const struct ia64_fr *a, const struct ia64_fr *b, bool quiet,
                         bool magnitude)
{
    bool asign = fp_sign(a) && !magnitude;
    bool bsign = fp_sign(b) && !magnitude;
    enum fp_order order;

    if (__builtin_expect(!fp_is_normal(a) || !fp_is_normal(b), 0)) {
        if (fp_is_unsupported(a) || fp_is_unsupported(b)) {
            fp_raise(env, FP_EXC_V);
            return FP_UNORDERED;
        }
        if (fp_is_nan(a) || fp_is_nan(b)) {
            if (!quiet || fp_is_snan(a) || fp_is_snan(b))
                fp_raise(env, FP_EXC_V);
            return FP_UNORDERED;
        }
        if (fp_is_unorm(a) || fp_is_unorm(b))
            fp_raise(env, FP_EXC_D);
        if (fp_is_zero_value(a) && fp_is_zero_value(b))
            return FP_EQUAL;
    }
    if (asign != bsign)
        return asign ? FP_LESS : FP_GREATER;
    order = compare_magnitude(a, b);
    if (asign && order != FP_EQUAL)
        order = order == FP_LESS ? FP_GREATER : FP_LESS;
    return order;
}

bool fp_relation(struct fp_env *env, enum fp_rel rel, const struct ia64_fr *f2, const struct ia64_fr *f3)
{
    static const uint8_t holds[8] = {
        [FP_REL_EQ] = FP_EQUAL,
        [FP_REL_LT] = FP_LESS,
        [FP_REL_LE] = FP_LESS | FP_EQUAL,
        [FP_REL_UNORD] = FP_UNORDERED,
        [FP_REL_NEQ] = FP_LESS | FP_GREATER | FP_UNORDERED,
        [FP_REL_NLT] = FP_EQUAL | FP_GREATER | FP_UNORDERED,
        [FP_REL_NLE] = FP_GREATER | FP_UNORDERED,
        [FP_REL_ORD] = FP_LESS | FP_EQUAL | FP_GREATER,
    };
    unsigned base = rel & 3;

    return holds[rel & 7] & fp_compare(env, f2, f3, base == FP_REL_EQ || base == FP_REL_UNORD, false);
}

void fp_cmp(struct fp_result *r, uint64_t fpsr, unsigned ctl, enum fp_rel rel, const struct ia64_fr *f2,
            const struct ia64_fr *f3)
{
    struct fp_env env;

    fp_plain(r, fpsr, FP_F0);
    if (fp_is_natval(f2) || fp_is_natval(f3))
        return;
    fp_env_init(&env, fpsr, ctl);
    r->pred = fp_relation(&env, rel, f2, f3) ? 1 : 2;
    fp_finish(r, fpsr, ctl, &env);
}

/* fmin and its kin copy the chosen register unchanged; f3 if the operands are equal or unordered. */
static void choose(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
                   const struct ia64_fr *f3, enum fp_order wanted, bool magnitude)
{
    struct fp_env env;

    if (fp_is_natval(f2) || fp_is_natval(f3)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    fp_env_init(&env, fpsr, ctl);
    r->fr = fp_compare(&env, f2, f3, false, magnitude) == wanted ? *f2 : *f3;
    r->pred = 0;
    fp_finish(r, fpsr, ctl, &env);
}

void fp_min(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
            const struct ia64_fr *f3)
{
    choose(r, fpsr, ctl, f2, f3, FP_LESS, false);
}

void fp_max(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
            const struct ia64_fr *f3)
{
    choose(r, fpsr, ctl, f2, f3, FP_GREATER, false);
}

void fp_amin(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3)
{
    choose(r, fpsr, ctl, f2, f3, FP_LESS, true);
}

void fp_amax(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3)
{
    choose(r, fpsr, ctl, f2, f3, FP_GREATER, true);
}

unsigned fp_class(const struct ia64_fr *f2, unsigned mask)
{
    unsigned number = 0;
    bool member;

    if (fp_is_natval(f2))
        return mask & FP_CLASS_NAT ? 1 : 0;
    if (fp_is_nan(f2)) {
        member = mask & (fp_is_snan(f2) ? FP_CLASS_SNAN : FP_CLASS_QNAN);
        return member ? 1 : 2;
    }
    if (fp_is_zero(f2))
        number = FP_CLASS_ZERO;
    else if (fp_is_unorm(f2))
        number = FP_CLASS_UNORM;
    else if (fp_is_normal(f2))
        number = FP_CLASS_NORM;
    else if (fp_is_inf(f2))
        number = FP_CLASS_INF;
    member = mask & number && mask & (fp_sign(f2) ? FP_CLASS_NEG : FP_CLASS_POS);
    return member ? 1 : 2;
}
