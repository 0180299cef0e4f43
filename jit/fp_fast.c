/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Common floating-point ops whose results are no doubles. */
#include "jit/fp_fast.h"

#include "arch/fp_fast.h"

/* Biased register exponents of the smallest and largest normal numbers (SDM 1:85, table 5-1). */
static const struct fp_fast_range range_wide = { 1, 0x1fffe };
static const struct fp_fast_range range_extended = { 0xc001, 0x13ffe };
static const struct fp_fast_range range_double = { 0xfc01, 0x103fe };
static const struct fp_fast_range range_single = { 0xff81, 0x1007e };

static inline __attribute__((always_inline)) uint64_t muladd(struct ia64_fr *out, const struct ia64_fr *a,
                                                             const struct ia64_fr *b, const struct ia64_fr *c,
                                                             struct vcpu *v, uint64_t how, int precision,
                                                             struct fp_fast_range narrow)
{
    struct fp_fast_range range = how & FP_HOW_WIDE ? range_wide : narrow;
    unsigned shift = FPSR_SF_SHIFT + FPSR_SF_FLAG_SHIFT + (how & FP_HOW_SF1 ? FPSR_SF_BITS : 0);
    bool inexact = false;
    struct ia64_fr r;

    if (!fp_fast_muladd(&r, a, b, c, how, precision, range, &inexact))
        return 1;
    if (inexact)
        v->fpsr |= (uint64_t)FP_EXC_I << shift;
    if (precision < 64 && (how & FP_HOW_TAGGED)) {
        if (r.sig) /* normal in the double's range: a zero has its bits already */
            r.sig =
                r.sig << 1 >> 12 | (r.se >> 17) << 63 | ((r.se & FP_SE_EXP) - (FP_EXP_BIAS - 0x3ff)) << 52;
        r.se = FR_TAG_DOUBLE;
    }
    *out = r;
    return 0;
}

#define MULADD(name, c, precision, narrow)                                                                   \
    uint64_t jit_##name(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b,               \
                        const struct ia64_fr *addend, struct vcpu *v, uint64_t how)                          \
    {                                                                                                        \
        (void)addend;                                                                                        \
        return muladd(out, a, b, c, v, how, precision, narrow);                                              \
    }

MULADD(muladd64, addend, 64, range_extended)
MULADD(muladd53, addend, 53, range_double)
MULADD(muladd24, addend, 24, range_single)
MULADD(mul64, NULL, 64, range_extended)
MULADD(mul53, NULL, 53, range_double)
MULADD(mul24, NULL, 24, range_single)

uint64_t jit_rcpa(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b)
{
    uint64_t as, bs, ae = fp_fast_load(a, &as), be = fp_fast_load(b, &bs);
    struct ia64_fr x = { as, ae }, y = { bs, be };

    if (!((as & bs) >> 63) || !fp_fast_exp(ae) || !fp_fast_exp(be))
        return 1;
    return !fp_rcpa_estimate(out, &x, &y);
}

uint64_t jit_rsqrta(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b)
{
    uint64_t bs, be = fp_fast_load(b, &bs);
    struct ia64_fr y = { bs, be };

    (void)a;
    if (!(bs >> 63) || !fp_fast_exp(be) || (be & FP_SE_SIGN))
        return 1;
    return !fp_rsqrta_estimate(out, &y);
}
