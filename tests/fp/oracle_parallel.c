/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parallel rules: the scalar ones on two IEEE single-precision halves. */
#include "tests/fp/oracle_int.h"

/* One half as a register value: IEEE single, biased by 127, to the register's 65535. */
static struct ia64_fr half(struct ia64_fr f, int low)
{
    uint32_t w = (uint32_t)(low ? f.sig : f.sig >> 32);
    uint64_t sign = w >> 31;
    uint64_t e = w >> 23 & 0xff;
    uint64_t fraction = w & 0x7fffff;
    struct ia64_fr out = { fraction << 40, sign << 17 };

    if (e == 255)
        out.se |= 0x1ffff;
    else if (e)
        out.se |= e - 127 + 65535;
    else if (fraction)
        out.se |= 65535 - 126;
    if (e)
        out.sig |= UINT64_C(1) << 63;
    return out;
}

/* Back again: exponent bits {16} and {6:0}; nothing is rounded here. */
static uint32_t single(struct ia64_fr f)
{
    uint32_t e = (uint32_t)((f.se >> 16 & 1) << 7 | (f.se & 0x7f));

    return (uint32_t)((f.se >> 17 & 1) << 31) | (f.sig >> 63 ? e << 23 : 0) | (uint32_t)(f.sig << 1 >> 41);
}

static bool any_natval(struct ia64_fr a, struct ia64_fr b, struct ia64_fr c)
{
    return oracle_classify(a) == C_NATVAL || oracle_classify(b) == C_NATVAL || oracle_classify(c) == C_NATVAL;
}

/* Put two halves' results together; the low half's ISR bits are the high half's, moved. */
static struct fp_result deliver(uint64_t fpsr, unsigned sf, const struct oracle_env env[2],
                                const uint32_t w[2], bool pred)
{
    struct oracle_env both = env[0];

    both.flags |= env[1].flags;
    both.fault |= env[1].fault << 4;
    both.trap |= env[1].trap >> 4;
    return oracle_deliver(fpsr, sf, &both, (struct ia64_fr){ (uint64_t)w[0] << 32 | w[1], 0x1003e }, pred);
}

struct fp_result oracle_pmuladd(enum oracle_op op, uint64_t fpsr, unsigned ctl, struct ia64_fr f3,
                                struct ia64_fr f4, struct ia64_fr f2)
{
    struct oracle_env env[2];
    uint32_t w[2];

    if (any_natval(f3, f4, f2))
        return oracle_natval(fpsr);
    for (int i = 0; i < 2; i++) {
        oracle_env(&env[i], fpsr, ctl & 3, 3);
        w[i] = single(
            oracle_muladd_core(&env[i], op, !(ctl & FP_CTL_F2_IS_F0), half(f3, i), half(f4, i), half(f2, i)));
    }
    return deliver(fpsr, ctl & 3, env, w, false);
}

struct fp_result oracle_ppick(enum oracle_pick op, uint64_t fpsr, unsigned ctl, struct ia64_fr f2,
                              struct ia64_fr f3)
{
    struct oracle_env env[2];
    uint32_t w[2];

    if (any_natval(f2, f3, f3))
        return oracle_natval(fpsr);
    for (int i = 0; i < 2; i++) {
        struct ia64_fr from;

        oracle_env(&env[i], fpsr, ctl & 3, 3);
        from = oracle_picks_f2(&env[i], op, half(f2, i), half(f3, i)) ? f2 : f3;
        w[i] = (uint32_t)(i ? from.sig : from.sig >> 32);
    }
    return deliver(fpsr, ctl & 3, env, w, false);
}

struct fp_result oracle_pcmp(enum fp_rel rel, uint64_t fpsr, unsigned ctl, struct ia64_fr f2,
                             struct ia64_fr f3)
{
    struct oracle_env env[2];
    uint32_t w[2];

    if (any_natval(f2, f3, f3))
        return oracle_natval(fpsr);
    for (int i = 0; i < 2; i++) {
        oracle_env(&env[i], fpsr, ctl & 3, 3);
        w[i] = oracle_holds(&env[i], rel, half(f2, i), half(f3, i)) ? UINT32_MAX : 0;
    }
    return deliver(fpsr, ctl & 3, env, w, false);
}

struct fp_result oracle_pcvt_fx(unsigned how, uint64_t fpsr, unsigned ctl, struct ia64_fr f2)
{
    struct oracle_env env[2];
    uint32_t w[2];

    if (any_natval(f2, f2, f2))
        return oracle_natval(fpsr);
    for (int i = 0; i < 2; i++) {
        oracle_env(&env[i], fpsr, ctl & 3, 3);
        w[i] = (uint32_t)oracle_integer(&env[i], half(f2, i), 32, how);
    }
    return deliver(fpsr, ctl & 3, env, w, false);
}

struct fp_result oracle_prcpa(uint64_t fpsr, unsigned ctl, struct ia64_fr f2, struct ia64_fr f3)
{
    struct oracle_env env[2];
    uint32_t w[2];
    bool refine[2];

    if (any_natval(f2, f3, f3))
        return oracle_natval(fpsr);
    for (int i = 0; i < 2; i++) {
        oracle_env(&env[i], fpsr, ctl & 3, 3);
        w[i] = single(oracle_rcpa_core(&env[i], half(f2, i), half(f3, i), true, &refine[i]));
    }
    return deliver(fpsr, ctl & 3, env, w, refine[0] && refine[1]);
}

struct fp_result oracle_prsqrta(uint64_t fpsr, unsigned ctl, struct ia64_fr f3)
{
    struct oracle_env env[2];
    uint32_t w[2];
    bool refine[2];

    if (any_natval(f3, f3, f3))
        return oracle_natval(fpsr);
    for (int i = 0; i < 2; i++) {
        oracle_env(&env[i], fpsr, ctl & 3, 3);
        w[i] = single(oracle_rsqrta_core(&env[i], half(f3, i), true, &refine[i]));
    }
    return deliver(fpsr, ctl & 3, env, w, refine[0] && refine[1]);
}
