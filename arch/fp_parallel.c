/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parallel forms: each half of a significand is a single-precision value of its own. */
#include "arch/fp_core.h"

#include <stddef.h>

/* Both halves' environments; [0] is the high half. */
struct lanes {
    struct fp_env env[2];
};

static void lanes_init(struct lanes *l, uint64_t fpsr, unsigned ctl)
{
    fp_env_init(&l->env[0], fpsr, FP_CTL(ctl & 3, FP_PC_PARALLEL));
    l->env[1] = l->env[0];
}

static struct ia64_fr lane_read(const struct ia64_fr *f, int lane)
{
    return fp_from_single((uint32_t)(lane ? f->sig : f->sig >> 32));
}

static uint32_t lane_bits(const struct ia64_fr *f, int lane)
{
    return (uint32_t)(lane ? f->sig : f->sig >> 32);
}

/* A fault of either half suppresses both; traps and flags of both count (SDM 2:205, ISR.code). */
static void lanes_finish(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct lanes *l,
                         const uint32_t value[2])
{
    const struct fp_env *hi = &l->env[0];
    const struct fp_env *lo = &l->env[1];

    r->fr = fp_from_int((uint64_t)value[0] << 32 | value[1]);
    r->isr_code = 0;
    r->kind = FP_OK;
    if (hi->fault || lo->fault) {
        r->fpsr = fpsr;
        r->kind = FP_FAULT;
        r->isr_code = (uint16_t)(hi->fault | lo->fault << FP_ISR_FAULT_LOW_SHIFT);
        return;
    }
    r->fpsr = fp_fpsr_flags(fpsr, ctl, hi->flags | lo->flags);
    if (hi->trap || lo->trap) {
        r->kind = FP_TRAP;
        r->isr_code = (uint16_t)(FP_ISR_TRAP | hi->trap | lo->trap >> FP_ISR_TRAP_LOW_SHIFT);
    }
}

static void muladd(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
                   const struct ia64_fr *f4, const struct ia64_fr *f2, bool neg_product, bool neg_addend)
{
    struct lanes l;
    uint32_t value[2];

    if (fp_is_natval(f3) || fp_is_natval(f4) || fp_is_natval(f2)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    lanes_init(&l, fpsr, ctl);
    for (int i = 0; i < 2; i++) {
        struct ia64_fr a = lane_read(f3, i);
        struct ia64_fr b = lane_read(f4, i);
        struct ia64_fr c = lane_read(f2, i);
        struct ia64_fr out =
            fp_muladd(&l.env[i], &a, &b, ctl & FP_CTL_F2_IS_F0 ? NULL : &c, neg_product, neg_addend);

        value[i] = fp_to_single(&out);
    }
    r->pred = 0;
    lanes_finish(r, fpsr, ctl, &l, value);
}

void fpp_fma(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
             const struct ia64_fr *f4, const struct ia64_fr *f2)
{
    muladd(r, fpsr, ctl, f3, f4, f2, false, false);
}

void fpp_fms(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
             const struct ia64_fr *f4, const struct ia64_fr *f2)
{
    muladd(r, fpsr, ctl, f3, f4, f2, false, true);
}

void fpp_fnma(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3,
              const struct ia64_fr *f4, const struct ia64_fr *f2)
{
    muladd(r, fpsr, ctl, f3, f4, f2, true, false);
}

static void choose(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
                   const struct ia64_fr *f3, enum fp_order wanted, bool magnitude)
{
    struct lanes l;
    uint32_t value[2];

    if (fp_is_natval(f2) || fp_is_natval(f3)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    lanes_init(&l, fpsr, ctl);
    for (int i = 0; i < 2; i++) {
        struct ia64_fr a = lane_read(f2, i);
        struct ia64_fr b = lane_read(f3, i);

        value[i] = lane_bits(fp_compare(&l.env[i], &a, &b, false, magnitude) == wanted ? f2 : f3, i);
    }
    r->pred = 0;
    lanes_finish(r, fpsr, ctl, &l, value);
}

void fpp_min(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3)
{
    choose(r, fpsr, ctl, f2, f3, FP_LESS, false);
}

void fpp_max(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3)
{
    choose(r, fpsr, ctl, f2, f3, FP_GREATER, false);
}

void fpp_amin(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
              const struct ia64_fr *f3)
{
    choose(r, fpsr, ctl, f2, f3, FP_LESS, true);
}

void fpp_amax(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
              const struct ia64_fr *f3)
{
    choose(r, fpsr, ctl, f2, f3, FP_GREATER, true);
}

void fpp_cmp(struct fp_result *r, uint64_t fpsr, unsigned ctl, enum fp_rel rel, const struct ia64_fr *f2,
             const struct ia64_fr *f3)
{
    struct lanes l;
    uint32_t value[2];

    if (fp_is_natval(f2) || fp_is_natval(f3)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    lanes_init(&l, fpsr, ctl);
    for (int i = 0; i < 2; i++) {
        struct ia64_fr a = lane_read(f2, i);
        struct ia64_fr b = lane_read(f3, i);

        value[i] = fp_relation(&l.env[i], rel, &a, &b) ? 0xffffffff : 0;
    }
    r->pred = 0;
    lanes_finish(r, fpsr, ctl, &l, value);
}

/*
 * fprcpa never asks for assistance. At the ends of the single range (emin -126, emax 127, N 24) it delivers
 * infinity or zero for a divisor whose reciprocal does not fit, or an estimate that must not be refined; p2
 * is 0 in either case and software divides the pairs one by one.
 */
static bool rcpa_lane(struct fp_env *env, const struct ia64_fr *f2, const struct ia64_fr *f3,
                      struct ia64_fr *out)
{
    const int32_t emax = 127;
    const int32_t emin = -126;
    struct fp_number a, b;
    int32_t ea, eb;

    if (fp_rcpa_special(env, f2, f3, out))
        return false;
    a = fp_normalize(f2);
    b = fp_normalize(f3);
    ea = a.exp - FP_EXP_BIAS;
    eb = b.exp - FP_EXP_BIAS;
    if (eb <= emin - 1) {
        *out = fp_signed_inf(b.sign);
        return false;
    }
    if (eb >= emax - 2) {
        *out = fp_signed_zero(b.sign);
        return false;
    }
    *out = fp_recip_estimate(b);
    return ea - eb < emax && ea - eb > emin + 1 && ea > emin + 23;
}

void fpp_rcpa(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
              const struct ia64_fr *f3)
{
    struct lanes l;
    uint32_t value[2];
    bool refine = true;

    if (fp_is_natval(f2) || fp_is_natval(f3)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    lanes_init(&l, fpsr, ctl);
    for (int i = 0; i < 2; i++) {
        struct ia64_fr a = lane_read(f2, i);
        struct ia64_fr b = lane_read(f3, i);
        struct ia64_fr out;

        refine &= rcpa_lane(&l.env[i], &a, &b, &out);
        value[i] = fp_to_single(&out);
    }
    r->pred = refine;
    lanes_finish(r, fpsr, ctl, &l, value);
}

void fpp_rsqrta(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3)
{
    struct lanes l;
    uint32_t value[2];
    bool refine = true;

    if (fp_is_natval(f3)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    lanes_init(&l, fpsr, ctl);
    for (int i = 0; i < 2; i++) {
        struct ia64_fr a = lane_read(f3, i);
        struct ia64_fr out;

        if (fp_rsqrta_special(&l.env[i], &a, &out)) {
            refine = false;
        } else {
            struct fp_number n = fp_normalize(&a);

            /* emin + N - 1 of the single range: the estimate is delivered, but must not be refined. */
            refine &= n.exp - FP_EXP_BIAS > -126 + 23;
            out = fp_rsqrt_estimate(n);
        }
        value[i] = fp_to_single(&out);
    }
    r->pred = refine;
    lanes_finish(r, fpsr, ctl, &l, value);
}

void fpp_cvt_fx(struct fp_result *r, uint64_t fpsr, unsigned ctl, unsigned how, const struct ia64_fr *f2)
{
    struct lanes l;
    uint32_t value[2];

    if (fp_is_natval(f2)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    lanes_init(&l, fpsr, ctl);
    for (int i = 0; i < 2; i++) {
        struct ia64_fr a = lane_read(f2, i);

        value[i] = (uint32_t)fp_to_integer(&l.env[i], &a, 32, how);
    }
    r->pred = 0;
    lanes_finish(r, fpsr, ctl, &l, value);
}
