/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares and tests (SDM 1:55, table 4-8; Vol.3, cmp, cmp4, tbit, tf, tnat). Both predicates start as
 * named.
 */
#include "tests/engine/harness.h"

static const struct engine_case cases[] = {
    /* relations */
    {.code = "cmp.eq p6,p7=r9,r10", .in = "r9=5 r10=5 p7=1", .out = "p6=1 p7=0"},
    {.code = "cmp.eq p6,p7=r9,r10", .in = "r9=5 r10=6 p6=1", .out = "p6=0 p7=1"},
    {.code = "cmp.lt p6,p7=r9,r10", .in = "r9=-1 r10=0", .out = "p6=1"},
    {.code = "cmp.lt p6,p7=r9,r10", .in = "r9=1 r10=1", .out = "p7=1"},
    {.code = "cmp.ltu p6,p7=r9,r10", .in = "r9=-1 r10=0", .out = "p7=1"},
    {.code = "cmp.ltu p6,p7=r9,r10", .in = "r9=0 r10=-1", .out = "p6=1"},
    {.code = "cmp.eq p6,p7=-1,r10", .in = "r10=-1", .out = "p6=1"},
    {.code = "cmp.lt p6,p7=-128,r10", .in = "r10=-127", .out = "p6=1"},
    {.code = "cmp.ltu p6,p7=-128,r10", .in = "r10=-127", .out = "p6=1"},
    {.code = "cmp.ltu p6,p7=-128,r10", .in = "r10=127", .out = "p7=1"},
    /* 32-bit forms look at {31:0} only */
    {.code = "cmp4.eq p6,p7=r9,r10", .in = "r9=0x100000005 r10=0x200000005", .out = "p6=1"},
    {.code = "cmp4.lt p6,p7=r9,r10", .in = "r9=0x80000000 r10=0", .out = "p6=1"},
    {.code = "cmp4.ltu p6,p7=r9,r10", .in = "r9=0x80000000 r10=0", .out = "p7=1"},
    {.code = "cmp4.lt p6,p7=-1,r10", .in = "r10=0x100000000", .out = "p6=1"},
    {.code = "cmp4.ltu p6,p7=-1,r10", .in = "r10=0xffffffff", .out = "p7=1"},
    {.code = "cmp4.eq p6,p7=-1,r10", .in = "r10=0xffffffff", .out = "p6=1"},
    /* p0 as a target is dropped */
    {.code = "cmp.eq p6,p0=r9,r10", .in = "r9=5 r10=6 p6=1", .out = "p6=0"},
    {.code = "cmp.eq p0,p7=r9,r10", .in = "r9=5 r10=5 p7=1", .out = "p7=0"},
    {.code = "cmp.eq p16,p63=r9,r10", .in = "r9=5 r10=6", .out = "p63=1"},
    /* the same predicate twice */
    {.code = "cmp.eq p6,p6=r9,r10", .vector = VEC_GENERAL, .isr = GE_ILLEGAL},
    {.code = "(p5) cmp.eq p6,p6=r9,r10"},
    {.code = "(p5) cmp.eq.unc p6,p6=r9,r10", .vector = VEC_GENERAL, .isr = GE_ILLEGAL},
    {.code = "tbit.z p6,p6=r9,3", .vector = VEC_GENERAL, .isr = GE_ILLEGAL},
    /* unc writes both whatever the qualifying predicate */
    {.code = "(p5) cmp.eq.unc p6,p7=r9,r10", .in = "p6=1 p7=1", .out = "p6=0 p7=0"},
    {.code = "(p5) cmp.eq.unc p6,p7=r9,r10", .in = "p5=1 p7=1 r9=5 r10=5", .out = "p6=1 p7=0"},
    {.code = "(p5) cmp.eq.unc p6,p7=r9,r10", .in = "p5=1 p6=1 r9=5 r10=6", .out = "p6=0 p7=1"},
    {.code = "cmp.lt.unc p6,p7=r9,r10", .in = "p6=1 r9=5 r10=5", .out = "p6=0 p7=1"},
    {.code = "(p6) cmp.lt.unc p6,p7=r9,r10", .in = "p6=1 r9=4 r10=5"},
    {.code = "(p6) cmp.lt.unc p6,p7=r9,r10", .in = "p6=1 r9=5 r10=5", .out = "p6=0 p7=1"},
    {.code = "(p7) cmp.lt.unc p6,p7=r9,r10", .in = "p7=1 r9=4 r10=5", .out = "p6=1 p7=0"},
    /* and: both to 0 if the relation does not hold */
    {.code = "cmp.eq.and p6,p7=r9,r10", .in = "p6=1 p7=1 r9=5 r10=5"},
    {.code = "cmp.eq.and p6,p7=r9,r10", .in = "p6=1 p7=1 r9=5 r10=6", .out = "p6=0 p7=0"},
    {.code = "cmp.ne.and p6,p7=r9,r10", .in = "p6=1 p7=1 r9=5 r10=5", .out = "p6=0 p7=0"},
    {.code = "cmp.eq.and p6,p0=r9,r10", .in = "p6=1 r9=5 r10=6", .out = "p6=0"},
    /* or: both to 1 if it holds */
    {.code = "cmp.eq.or p6,p7=r9,r10", .in = "r9=5 r10=5", .out = "p6=1 p7=1"},
    {.code = "cmp.eq.or p6,p7=r9,r10", .in = "p6=1 r9=5 r10=6"},
    {.code = "cmp.ne.or p6,p7=1,r10", .in = "r10=6", .out = "p6=1 p7=1"},
    /* or.andcm: p1 to 1, p2 to 0 if it holds */
    {.code = "cmp.eq.or.andcm p6,p7=r9,r10", .in = "p7=1 r9=5 r10=5", .out = "p6=1 p7=0"},
    {.code = "cmp.eq.or.andcm p6,p7=r9,r10", .in = "p7=1 r9=5 r10=6"},
    {.code = "cmp.ne.or.andcm p6,p7=5,r10", .in = "p7=1 r10=5"},
    /* parallel inequalities: 0 on the left */
    {.code = "cmp.gt.and p6,p7=r0,r10", .in = "p6=1 p7=1 r10=-1"},
    {.code = "cmp.gt.and p6,p7=r0,r10", .in = "p6=1 p7=1 r10=0", .out = "p6=0 p7=0"},
    {.code = "cmp.ge.or p6,p7=r0,r10", .in = "r10=0", .out = "p6=1 p7=1"},
    {.code = "cmp.lt.or p6,p7=r0,r10", .in = "r10=0"},
    {.code = "cmp.lt.or p6,p7=r0,r10", .in = "r10=1", .out = "p6=1 p7=1"},
    {.code = "cmp.le.or.andcm p6,p7=r0,r10", .in = "p7=1 r10=0", .out = "p6=1 p7=0"},
    {.code = "cmp4.lt.or p6,p7=r0,r10", .in = "r10=0x180000000"},
    {.code = "cmp4.gt.or p6,p7=r0,r10", .in = "r10=0x180000000", .out = "p6=1 p7=1"},
    /* NaT operands: 0 and 0, or nothing for the or types */
    {.code = "cmp.eq p6,p7=r9,r10", .in = "p6=1 p7=1 r9=5! r10=5", .out = "p6=0 p7=0"},
    {.code = "cmp.eq.unc p6,p7=r9,r10", .in = "p6=1 p7=1 r9=5 r10=5!", .out = "p6=0 p7=0"},
    {.code = "(p5) cmp.eq.unc p6,p7=r9,r10", .in = "p5=1 p6=1 p7=1 r9=5 r10=5!", .out = "p6=0 p7=0"},
    {.code = "cmp.eq.and p6,p7=r9,r10", .in = "p6=1 p7=1 r9=5! r10=5", .out = "p6=0 p7=0"},
    {.code = "cmp.eq.or p6,p7=r9,r0", .in = "r9=0!"},
    {.code = "cmp.eq.or.andcm p6,p7=r9,r0", .in = "p7=1 r9=0!"},
    {.code = "cmp.lt p6,p7=5,r10", .in = "p6=1 r10=5!", .out = "p6=0"},

    {.code = "tbit.z p6,p7=r9,3", .in = "r9=0xf7", .out = "p6=1"},
    {.code = "tbit.z p6,p7=r9,63", .in = "r9=0x8000000000000000", .out = "p7=1"},
    {.code = "(p5) tbit.z.unc p6,p7=r9,3", .in = "p6=1 p7=1", .out = "p6=0 p7=0"},
    {.code = "tbit.nz.and p6,p7=r9,0", .in = "p6=1 p7=1 r9=2", .out = "p6=0 p7=0"},
    {.code = "tbit.nz.and p6,p7=r9,1", .in = "p6=1 p7=1 r9=2"},
    {.code = "tbit.nz.or p6,p7=r9,1", .in = "r9=2", .out = "p6=1 p7=1"},
    {.code = "tbit.z.or p6,p7=r9,1", .in = "r9=2"},
    {.code = "tbit.z.or.andcm p6,p7=r9,0", .in = "p7=1 r9=2", .out = "p6=1 p7=0"},
    {.code = "tbit.nz.or.andcm p6,p7=r9,0", .in = "p7=1 r9=2"},
    {.code = "tbit.z p6,p7=r9,0", .in = "p7=1 r9=0!", .out = "p7=0"},

    {.code = "tnat.z p6,p7=r9", .in = "r9=1", .out = "p6=1"},
    {.code = "tnat.z p6,p7=r9", .in = "r9=1!", .out = "p7=1"},
    {.code = "tnat.nz.and p6,p7=r9", .in = "p6=1 p7=1 r9=1", .out = "p6=0 p7=0"},
    {.code = "tnat.nz.and p6,p7=r9", .in = "p6=1 p7=1 r9=1!"},
    {.code = "tnat.nz.or p6,p7=r9", .in = "r9=1!", .out = "p6=1 p7=1"},
    {.code = "tnat.z.or.andcm p6,p7=r9", .in = "p7=1 r9=1", .out = "p6=1 p7=0"},
    {.code = "(p5) tnat.z.unc p6,p7=r9", .in = "p6=1 p7=1", .out = "p6=0 p7=0"},

    /* bits 32 (clz) and 33 (mpy4) of CPUID[4] are set in the model that has everything, 40 is not */
    {.code = "tf.z p6,p7=32", .out = "p7=1"},
    {.code = "tf.z p6,p7=40", .out = "p6=1"},
    {.code = "tf.nz.or p6,p7=33", .out = "p6=1 p7=1"},
    {.code = "(p5) tf.z.unc p6,p7=40", .in = "p6=1 p7=1", .out = "p6=0 p7=0"},
};

const struct engine_table table_cmp = {"cmp", cases, sizeof(cases) / sizeof(*cases)};
