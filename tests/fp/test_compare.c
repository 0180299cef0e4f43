/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fcmp, fclass, fmin and its kin, and their parallel forms against the oracle. */
#include "tests/fp/oracle.h"
#include "tests/fp/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef void (*pick_fn)(struct fp_result *, uint64_t, unsigned, const struct ia64_fr *,
                        const struct ia64_fr *);

static const pick_fn picks[] = { fp_min, fp_max, fp_amin, fp_amax };
static const pick_fn ppicks[] = { fpp_min, fpp_max, fpp_amin, fpp_amax };

static void check_pair(uint64_t fpsr, unsigned ctl, struct ia64_fr f2, struct ia64_fr f3)
{
    struct ia64_fr operands[2] = { f2, f3 };
    struct fp_result got, want;

    for (unsigned op = 0; op < 4; op++) {
        want = oracle_pick((enum oracle_pick)op, fpsr, ctl, f2, f3);
        picks[op](&got, fpsr, ctl, &f2, &f3);
        check_result("fmin/fmax", &got, &want, fpsr, ctl, operands, 2);
    }
    for (unsigned rel = FP_REL_EQ; rel <= FP_REL_UNORD; rel++) {
        want = oracle_cmp((enum fp_rel)rel, fpsr, ctl, f2, f3);
        fp_cmp(&got, fpsr, ctl, (enum fp_rel)rel, &f2, &f3);
        check_result("fcmp", &got, &want, fpsr, ctl, operands, 2);
    }
}

static void check_parallel(uint64_t fpsr, unsigned ctl, struct ia64_fr f2, struct ia64_fr f3)
{
    struct ia64_fr operands[2] = { f2, f3 };
    struct fp_result got, want;

    for (unsigned op = 0; op < 4; op++) {
        want = oracle_ppick((enum oracle_pick)op, fpsr, ctl, f2, f3);
        ppicks[op](&got, fpsr, ctl, &f2, &f3);
        check_result("fpmin/fpmax", &got, &want, fpsr, ctl, operands, 2);
    }
    for (unsigned rel = FP_REL_EQ; rel <= FP_REL_ORD; rel++) {
        want = oracle_pcmp((enum fp_rel)rel, fpsr, ctl, f2, f3);
        fpp_cmp(&got, fpsr, ctl, (enum fp_rel)rel, &f2, &f3);
        check_result("fpcmp", &got, &want, fpsr, ctl, operands, 2);
    }
}

/* Every pair of classes with every combination of the V and D enables and of td. */
static void special_pairs(void **state)
{
    const size_t n = fp_special_count;

    (void)state;
    for (size_t i = 0; i < n * n; i++)
        for (unsigned traps = 0; traps < 4; traps++)
            check_pair(fpsr_with(0x0c, 0x3c | traps), FP_CTL(0, 0), fp_specials[i % n], fp_specials[i / n]);
}

static void random_pairs(void **state)
{
    uint64_t seed = 11;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t r = random64(&seed);
        struct ia64_fr f2 = random_fr(&seed), f3 = random_fr(&seed);

        if (r & 4)
            f3.se = f2.se ^ (r & 8 ? 0x20000 : 0);
        if ((r & 0x30) == 0x30)
            f3.sig = f2.sig;
        check_pair(random_fpsr(&seed), FP_CTL(r & 3, 0), f2, f3);
    }
}

static void parallel_pairs(void **state)
{
    const size_t n = fp_single_count;
    uint64_t seed = 12;

    (void)state;
    for (size_t i = 0; i < n * n; i++) {
        struct ia64_fr f2 = fp_from_int((uint64_t)fp_singles[i % n] << 32 | random_single(&seed));
        struct ia64_fr f3 = fp_from_int((uint64_t)fp_singles[i / n] << 32 | random_single(&seed));

        for (unsigned traps = 0; traps < 4; traps++)
            check_parallel(fpsr_with(0x0c, 0x3c | traps), FP_CTL(0, 0), f2, f3);
        f2.sig = f2.sig << 32 | f2.sig >> 32;
        f3.sig = f3.sig << 32 | f3.sig >> 32;
        check_parallel(random_fpsr(&seed), FP_CTL(i & 3, 0), f2, f3);
    }
    for (size_t i = 0; i < fp_special_count; i++)
        check_parallel(fpsr_with(0, 0x3f), 0, fp_specials[i], random_fr(&seed));
}

static void classes(void **state)
{
    uint64_t seed = 13;

    (void)state;
    for (unsigned mask = 0; mask < 512; mask++) {
        for (size_t i = 0; i < fp_special_count; i++)
            assert_int_equal(fp_class(&fp_specials[i], mask), oracle_class(fp_specials[i], mask));
        for (int i = 0; i < 100; i++) {
            struct ia64_fr f = random_fr(&seed);

            assert_int_equal(fp_class(&f, mask), oracle_class(f, mask));
        }
    }
}

/* Worked by hand from the SDM. */
static void by_hand(void **state)
{
    const struct ia64_fr one = { UINT64_C(1) << 63, 0xffff }, qnan = { UINT64_C(3) << 62, 0x1ffff };
    const struct ia64_fr minus_zero = { 0, 0x20000 }, zero = { 0, 0 }, natval = { 0, 0x1fffe };
    const uint64_t fpsr = UINT64_C(0x0009804c0270033f);
    struct fp_result r;

    (void)state;
    fp_cmp(&r, fpsr, 0, FP_REL_EQ, &one, &qnan); /* quiet */
    assert_true(r.pred == 2 && r.fpsr == fpsr);
    fp_cmp(&r, fpsr, 0, FP_REL_LT, &one, &qnan); /* invalid */
    assert_true(r.pred == 2 && r.fpsr == (fpsr | 1 << 13));
    fp_cmp(&r, fpsr, 0, FP_REL_EQ, &minus_zero, &zero);
    assert_true(r.pred == 1 && r.fpsr == fpsr);
    fp_cmp(&r, fpsr, 0, FP_REL_UNORD, &natval, &zero); /* both predicates cleared */
    assert_true(r.pred == 0 && r.kind == FP_OK);
    fp_max(&r, fpsr, 0, &qnan, &one); /* f3 */
    assert_true(r.fr.sig == one.sig && r.fr.se == one.se && r.fpsr == (fpsr | 1 << 13));
    fp_min(&r, fpsr, 0, &minus_zero, &zero); /* equal: f3 */
    assert_int_equal(r.fr.se, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),        cmocka_unit_test(special_pairs), cmocka_unit_test(random_pairs),
        cmocka_unit_test(parallel_pairs), cmocka_unit_test(classes),
    };

    return cmocka_run_group_tests(tests, values_setup, values_teardown);
}
