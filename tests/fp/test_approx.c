/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frcpa, frsqrta and their parallel forms: tables, accuracy, special operands and limits. */
#include "tests/fp/oracle.h"
#include "tests/fp/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define J UINT64_C(0x8000000000000000)

static const struct ia64_fr one = { J, 0xffff };
static const uint64_t quiet_fpsr = UINT64_C(0x0009804c0270033f);

/* Each entry is the rounded midpoint of its interval, for both ends of the interval; bits below are ignored.
 */
static void tables(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        for (int end = 0; end < 2; end++) {
            struct ia64_fr b = { J | (uint64_t)i << 55 | (end ? (UINT64_C(1) << 55) - 1 : 0), 0xffff };
            struct fp_result r;

            fp_rcpa(&r, quiet_fpsr, 0, &one, &b);
            assert_true(r.pred == 1 && r.kind == FP_OK && r.fpsr == quiet_fpsr);
            assert_int_equal(r.fr.sig, J | (uint64_t)oracle_recip_entry(i) << 53);
            assert_int_equal(r.fr.se, 0xfffe);
            b.se = i & 128 ? 0xffff : 0x10000;
            b.sig = J | (uint64_t)(i & 127) << 56 | (end ? (UINT64_C(1) << 56) - 1 : 0);
            fp_rsqrta(&r, quiet_fpsr, 0, &b);
            assert_true(r.pred == 1 && r.kind == FP_OK && r.fpsr == quiet_fpsr);
            assert_int_equal(r.fr.sig, J | (uint64_t)oracle_rsqrt_entry(i) << 53);
            assert_int_equal(r.fr.se, 0xfffe);
        }
    }
}

/* 2^-8.886 and 2^-8.831 in units of 2^-64, rounded up. */
#define RCPA_BOUND UINT64_C(0x8a86564f94e2c8)
#define RSQRTA_BOUND UINT64_C(0x8fe85f2c9b09e6)

/* The architected bounds, at the ends of every interval and at random. */
static void accuracy(void **state)
{
    uint64_t seed = 21;

    (void)state;
    for (unsigned i = 0; i < 60000; i++) {
        struct ia64_fr b = { J | random64(&seed), 0xffff + (i & 1) };
        struct fp_result r;

        if (i < 1024)
            b.sig = J | (uint64_t)(i >> 2) << 55 | (i & 2 ? (UINT64_C(1) << 55) - 1 : 0);
        fp_rcpa(&r, quiet_fpsr, 0, &one, &b);
        assert_true(oracle_recip_error(r.fr, b) < RCPA_BOUND);
        fp_rsqrta(&r, quiet_fpsr, 0, &b);
        assert_true(oracle_rsqrt_error(r.fr, b) < RSQRTA_BOUND);
    }
}

static void check_rcpa(uint64_t fpsr, unsigned ctl, struct ia64_fr f2, struct ia64_fr f3)
{
    struct ia64_fr operands[2] = { f2, f3 };
    struct fp_result got, want = oracle_rcpa(fpsr, ctl, f2, f3);

    fp_rcpa(&got, fpsr, ctl, &f2, &f3);
    check_result("frcpa", &got, &want, fpsr, ctl, operands, 2);
}

static void check_rsqrta(uint64_t fpsr, unsigned ctl, struct ia64_fr f3)
{
    struct fp_result got, want = oracle_rsqrta(fpsr, ctl, f3);

    fp_rsqrta(&got, fpsr, ctl, &f3);
    check_result("frsqrta", &got, &want, fpsr, ctl, &f3, 1);
}

static void specials(void **state)
{
    const size_t n = fp_special_count;

    (void)state;
    for (unsigned traps = 0; traps < 64; traps++) {
        for (unsigned rc = 0; rc < 4; rc++) {
            uint64_t fpsr = fpsr_with((traps & 1 ? 0x0c : 0x0a) | rc << 4, traps);

            for (size_t i = 0; i < n * n; i++)
                check_rcpa(fpsr, FP_CTL(0, 0), fp_specials[i % n], fp_specials[i / n]);
            for (size_t i = 0; i < n; i++)
                check_rsqrta(fpsr, FP_CTL(0, 0), fp_specials[i]);
        }
    }
}

/* The limits of software assistance: exponents on both sides of each, quotients rounded in every format. */
static void limits(void **state)
{
    uint64_t seed = 22;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t r = random64(&seed);
        struct ia64_fr f2 = random_fr(&seed), f3 = random_fr(&seed);

        switch (r & 7) {
        case 0:
            f3.se = (f3.se & 0x20000) | (0x1fff8 + (r >> 8) % 7);
            break;
        case 1:
            f2.se = (f2.se & 0x20000) | (1 + (r >> 8) % 70);
            break;
        case 2:
            f2.se = (f2.se & 0x20000) | (((f3.se & 0x1ffff) + 0xfffa + (r >> 8) % 9) & 0x1fffe);
            break;
        case 3:
            f2.se = (f2.se & 0x20000) | (((f3.se & 0x1ffff) - 0xfffa - (r >> 8) % 9) & 0x1fffe);
            break;
        case 4:
            f3.se = (f3.se & 0x20000) | (r >> 8) % 70;
            break;
        default:
            break;
        }
        check_rcpa(random_fpsr(&seed), FP_CTL(r >> 16 & 3, 0), f2, f3);
        f3.se &= r & 0x100000 ? 0x3ffff : 0x1ffff;
        check_rsqrta(random_fpsr(&seed), FP_CTL(r >> 16 & 3, 0), f3);
    }
}

static void parallel(void **state)
{
    const size_t n = fp_single_count;
    uint64_t seed = 23;

    (void)state;
    for (size_t i = 0; i < 40 * n * n; i++) {
        uint64_t r = random64(&seed);
        uint64_t fpsr = random_fpsr(&seed);
        unsigned ctl = FP_CTL(r & 3, 0);
        struct ia64_fr operands[2] = {
            fp_from_int((uint64_t)fp_singles[i % n] << 32 | random_single(&seed)),
            fp_from_int((uint64_t)fp_singles[i / n % n] << 32 | random_single(&seed)),
        };
        struct fp_result got, want;

        for (int k = 0; k < 2; k++) {
            if (r & 4)
                operands[k].sig = operands[k].sig << 32 | operands[k].sig >> 32;
            if ((r >> (8 + 8 * k) & 0xff) == 0)
                operands[k] = random_fr(&seed);
        }
        want = oracle_prcpa(fpsr, ctl, operands[0], operands[1]);
        fpp_rcpa(&got, fpsr, ctl, &operands[0], &operands[1]);
        check_result("fprcpa", &got, &want, fpsr, ctl, operands, 2);
        want = oracle_prsqrta(fpsr, ctl, operands[0]);
        fpp_rsqrta(&got, fpsr, ctl, &operands[0]);
        check_result("fprsqrta", &got, &want, fpsr, ctl, operands, 1);
    }
}

/* Worked by hand from the SDM. */
static void by_hand(void **state)
{
    const struct ia64_fr zero = { 0, 0 }, pseudo = { 0, 0xffff }, minus_two = { J, 0x30000 };
    const struct ia64_fr large = { J, 0x1fffe }, three = { UINT64_C(3) << 62, 0x10000 };
    struct fp_result r;

    (void)state;
    fp_rcpa(&r, quiet_fpsr, 0, &minus_two, &zero); /* z */
    assert_true(r.fr.sig == J && r.fr.se == 0x3ffff && r.pred == 0);
    assert_int_equal(r.fpsr, quiet_fpsr | 1 << 15);
    fp_rcpa(&r, quiet_fpsr & ~UINT64_C(4), 0, &minus_two, &zero); /* z enabled */
    assert_true(r.kind == FP_FAULT && r.isr_code == FP_ISR_FAULT_Z);
    fp_rcpa(&r, quiet_fpsr, 0, &zero, &pseudo); /* v */
    assert_true(r.fr.sig == UINT64_C(3) << 62 && r.fr.se == 0x3ffff && r.pred == 0);
    assert_int_equal(r.fpsr, quiet_fpsr | 1 << 13);
    fp_rcpa(&r, quiet_fpsr | 2 << 6, 0, &three, &large); /* too large a divisor: the quotient, wre, exact */
    assert_true(r.fr.sig == UINT64_C(3) << 62 && r.fr.se == 1 && r.pred == 0);
    assert_int_equal(r.fpsr, quiet_fpsr | 2 << 6);
    fp_rsqrta(&r, quiet_fpsr, 0, &minus_two);
    assert_true(r.fr.se == 0x3ffff && r.pred == 0 && r.fpsr == (quiet_fpsr | 1 << 13));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),  cmocka_unit_test(tables), cmocka_unit_test(accuracy),
        cmocka_unit_test(specials), cmocka_unit_test(limits), cmocka_unit_test(parallel),
    };

    return cmocka_run_group_tests(tests, values_setup, values_teardown);
}
