/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiply-add for what is common: normal operands, rounding to nearest, every trap disabled. */
#ifndef ARCH_FP_FAST_H
#define ARCH_FP_FAST_H

/*
 * One inline function, so that each caller gets its precision as a constant: arch/fp_arith.c for everybody,
 * and compiled code. It gives up on everything else: arch/fp_arith.c then does it in full.
 */
#include "arch/fp.h"

/* Where it gives a result: biased register exponents. */
struct fp_fast_range {
    int32_t emin, emax;
};

/* sign and exponent, or what fails every test */
static inline uint64_t fp_fast_load(const struct ia64_fr *f, uint64_t *sig)
{
    uint64_t bits = f->sig, exp;

    *sig = bits;
    if (__builtin_expect(!(f->se >> 63), 1))
        return f->se;
    exp = bits >> 52 & 0x7ff;
    *sig = bits << 11 | FP_INT_BIT;
    if (exp - 1 >= 0x7fe) /* zeros, denormals, infinities, NaNs */
        *sig = 0;
    return bits >> 63 << 17 | (exp + FP_EXP_BIAS - 0x3ff);
}

/* Neither 0 nor FP_EXP_SPECIAL: with the integer bit that is a normal number. */
static inline bool fp_fast_exp(uint64_t se)
{
    return (se + 1) & 0x1fffe;
}

/*
 * Rounds {hi, mid, low}, hi{63} set, to @precision bits. Return: false if the result is out of @range.
 * *inexact is only ever set.
 */
static inline bool fp_fast_round(struct ia64_fr *out, uint64_t sign, int32_t exp, uint64_t hi, uint64_t mid,
                                 uint64_t low, int precision, struct fp_fast_range range, bool *inexact)
{
    uint64_t unit = UINT64_C(1) << (64 - precision), rest, half, up;

    low |= precision < 64 ? mid : 0;
    rest = precision < 64 ? hi & (unit - 1) : mid;
    half = precision < 64 ? unit >> 1 : FP_INT_BIT;
    hi &= ~(unit - 1);
    up = (rest > half) | ((rest == half) & ((low != 0) | ((hi & unit) != 0)));
    hi += up ? unit : 0;
    if (__builtin_expect(hi == 0, 0)) {
        hi = FP_INT_BIT;
        exp++;
    }
    if (__builtin_expect((uint32_t)(exp - range.emin) > (uint32_t)(range.emax - range.emin), 0))
        return false;
    *inexact |= (rest | low) != 0;
    *out = (struct ia64_fr){ .sig = hi, .se = sign << 17 | (uint64_t)exp };
    return true;
}

/*
 * {top, low} = the 64-bit @sig, as the top half of 128 bits, moved right by d. What moves beyond low is as
 * good as a one at low's end.
 */
static inline void fp_fast_place(uint64_t sig, uint32_t d, unsigned __int128 *top, uint64_t *low)
{
    if (d < 128) {
        *top = ((unsigned __int128)sig << 64) >> d;
        *low = d > 64 ? sig << (128 - d) : 0;
    } else {
        *top = 0;
        *low = 1;
    }
}

/* The same of a product of 128 bits. */
static inline void fp_fast_place_product(unsigned __int128 p, uint32_t d, unsigned __int128 *top,
                                         uint64_t *low)
{
    if (d < 64) {
        *top = p >> d;
        *low = d ? (uint64_t)p << (64 - d) : 0;
    } else if (d < 128) {
        *top = p >> d;
        *low = (uint64_t)(p >> (d - 64)) | (d > 64 && (uint64_t)p << (128 - d) != 0);
    } else {
        *top = 0;
        *low = 1;
    }
}

/**
 * fp_fast_muladd - +-(a * b) +- c, rounded to nearest at @precision bits
 * @out:       written if the result is true; may be one of the operands
 * @a, @b, @c: full forms or tagged doubles; @c NULL for a plain product
 * @negate:    bit 17: the product is negated; bit 18: the addend is
 * @inexact:   set if the result was rounded
 * Return: false where it is not common: operands that are not normal, results out of @range.
 */
static inline __attribute__((always_inline)) bool
fp_fast_muladd(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b, const struct ia64_fr *c,
               uint64_t negate, int precision, struct fp_fast_range range, bool *inexact)
{
    uint64_t as, bs, cs = FP_INT_BIT, ae = fp_fast_load(a, &as), be = fp_fast_load(b, &bs), ce = 1;
    uint64_t psign, csign, low, sub;
    unsigned __int128 p, top, other;
    int32_t exp, d, n;

    if (c)
        ce = fp_fast_load(c, &cs);
    if (__builtin_expect(!((as & bs & cs) >> 63) | !fp_fast_exp(ae) | !fp_fast_exp(be) | !fp_fast_exp(ce), 0))
        return false;
    p = (unsigned __int128)as * bs;
    exp = (int32_t)(ae & FP_SE_EXP) + (int32_t)(be & FP_SE_EXP) - FP_EXP_BIAS + 1;
    psign = (ae ^ be ^ negate) >> 17 & 1;
    if (!c) {
        n = !(p >> 127);
        p <<= n;
        return fp_fast_round(out, psign, exp - n, (uint64_t)(p >> 64), (uint64_t)p, 0, precision, range,
                             inexact);
    }
    csign = (ce ^ negate >> 1) >> 17 & 1;
    d = exp - (int32_t)(ce & FP_SE_EXP);
    if (d >= 0) {
        fp_fast_place(cs, (uint32_t)d, &other, &sub);
        top = p;
    } else {
        exp -= d;
        top = (unsigned __int128)cs << 64;
        fp_fast_place_product(p, (uint32_t)-d, &other, &sub);
        /* The addend is the first operand below: the signs change places. */
        n = (int32_t)psign;
        psign = csign;
        csign = (uint64_t)n;
    }
    if (psign == csign) {
        top += other;
        low = sub;
        if (top < other) {
            low = low >> 1 | (low & 1) | (uint64_t)top << 63;
            top = top >> 1 | (unsigned __int128)1 << 127;
            exp++;
        }
    } else {
        unsigned __int128 all;
        uint64_t borrow = sub != 0;

        low = -sub;
        all = top - other - borrow;
        if (top < other || (top == other && borrow)) { /* the other one was larger */
            all = ~all + (low == 0);
            low = -low;
            psign = csign;
        }
        top = all;
    }
    if (!(top >> 127)) {
        uint64_t hi = (uint64_t)(top >> 64), mid = (uint64_t)top;

        if (hi) {
            n = __builtin_clzll(hi);
            top = top << n | (n ? low >> (64 - n) : 0);
            low <<= n;
        } else if (mid) {
            n = 64 + __builtin_clzll(mid);
            top = (unsigned __int128)mid << n;
            top |= (unsigned __int128)low << (n - 64);
            low = 0;
        } else {
            if (low)
                return false;
            *out = FP_F0;
            return true;
        }
        exp -= n;
    }
    return fp_fast_round(out, psign, exp, (uint64_t)(top >> 64), (uint64_t)top, low, precision, range,
                         inexact);
}

#endif
