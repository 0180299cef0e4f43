/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fcvt, memory formats and the bit operations. */
#include "tests/fp/oracle.h"
#include "tests/fp/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define J UINT64_C(0x8000000000000000)

static void check_fx(unsigned how, uint64_t fpsr, unsigned ctl, struct ia64_fr f2)
{
    struct fp_result got, want = oracle_cvt_fx(how, fpsr, ctl, f2);

    fp_cvt_fx(&got, fpsr, ctl, how, &f2);
    check_result("fcvt.fx", &got, &want, fpsr, ctl, &f2, 1);
}

static void check_pfx(unsigned how, uint64_t fpsr, unsigned ctl, struct ia64_fr f2)
{
    struct fp_result got, want = oracle_pcvt_fx(how, fpsr, ctl, f2);

    fpp_cvt_fx(&got, fpsr, ctl, how, &f2);
    check_result("fpcvt.fx", &got, &want, fpsr, ctl, &f2, 1);
}

/* Every class x rounding x form x enables of V, D and I. */
static void integer_specials(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 4 * 4 * 8; k++) {
        unsigned traps = 0x1c | (k >> 4 & 3) | (k >> 6 & 1) << 5;

        for (size_t i = 0; i < fp_special_count; i++)
            check_fx(k >> 2 & 3, fpsr_with(0x0c | (k & 3) << 4, traps), FP_CTL(0, 0), fp_specials[i]);
        for (size_t i = 0; i < fp_single_count * fp_single_count; i++) {
            uint32_t hi = fp_singles[i % fp_single_count], lo = fp_singles[i / fp_single_count];

            check_pfx(k >> 2 & 3, fpsr_with(0x0c | (k & 3) << 4, traps), FP_CTL(0, 0),
                      fp_from_int((uint64_t)hi << 32 | lo));
        }
    }
}

/* Exponents from 2^-3 to 2^66: fractions of every length and both edges of the integer range. */
static void integer_random(void **state)
{
    uint64_t seed = 31;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint64_t r = random64(&seed);
        struct ia64_fr f = random_fr(&seed);
        uint32_t e = 127 + (uint32_t)(r >> 40) % 40;

        if (r & 7)
            f.se = (f.se & 0x20000) | (0xffff - 3 + (r >> 32 & 0xff) % 70);
        if ((r & 0x78) == 0)
            f.sig |= ~UINT64_C(0) << (r >> 8 & 63);
        check_fx(r >> 16 & 3, random_fpsr(&seed), FP_CTL(r >> 18 & 3, 0), f);
        f = fp_from_int((uint64_t)random_single(&seed) << 32 | (random_single(&seed) & 0x807fffff) | e << 23);
        check_pfx(r >> 16 & 3, random_fpsr(&seed), FP_CTL(r >> 18 & 3, 0), f);
    }
}

static void from_integer(void **state)
{
    uint64_t seed = 32;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t n = random64(&seed) >> (i & 63);
        struct ia64_fr f = fp_from_int(i & 64 ? -n : n);
        struct ia64_fr x = fp_cvt_xf(&f);
        struct fp_result r;

        assert_true(f.sig == 0 ? x.sig == 0 && x.se == 0 : x.sig >> 63);
        fp_cvt_fx(&r, UINT64_C(0x0009804c0270033f), 0, FP_CVT_TRUNC, &x); /* exact: comes back, no flags */
        assert_true(r.fr.sig == f.sig && r.fr.se == 0x1003e && r.fpsr == UINT64_C(0x0009804c0270033f));
    }
}

/* Host numbers as the oracle: a double's value is its sig * 2^(exp - bias - 63). */
static void memory_double(void **state)
{
    static const uint64_t fixed[] = { 0,
                                      J,
                                      1,
                                      UINT64_C(0x000fffffffffffff),
                                      UINT64_C(0x0010000000000000),
                                      UINT64_C(0x7fefffffffffffff),
                                      UINT64_C(0x7ff0000000000000),
                                      UINT64_C(0xfff0000000000000),
                                      UINT64_C(0x7ff0000000000001),
                                      UINT64_C(0xfff8000000000000),
                                      UINT64_C(0x3ff0000000000000) };
    uint64_t seed = 33;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = i < 11 ? fixed[i] : random64(&seed);
        struct ia64_fr f;
        uint64_t back = ~bits;
        double d;

        if ((i & 7) == 7)
            bits &= ~UINT64_C(0x7ff0000000000000);
        f = fp_from_double(bits);
        assert_int_equal(fp_to_double(&f), bits);
        assert_true(fp_to_double_bits_exact(&f, &back));
        assert_int_equal(back, bits);
        memcpy(&d, &bits, sizeof d);
        if ((bits >> 52 & 0x7ff) != 0x7ff) {
            int e = (int)(f.se & 0x1ffff) - 0xffff - 63;
            long double v = (long double)f.sig * (f.sig ? 1.0L : 0.0L);

            v = e < 0 ? v / (e < -1000 ? 0x1p1000L : 1.0L) : v;
            e = e < -1000 ? e + 1000 : e;
            for (; e > 0; e--)
                v *= 2;
            for (; e < 0 && v != 0; e++)
                v /= 2;
            assert_true((double)v == (bits >> 63 ? -d : d));
        }
        f.sig |= 1; /* one bit too many */
        assert_false(fp_to_double_bits_exact(&f, &back));
    }
}

static void memory_single_ext(void **state)
{
    uint64_t seed = 34;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint32_t bits = (size_t)i < fp_single_count ? fp_singles[i] : (uint32_t)random64(&seed);
        struct ia64_fr s = fp_from_single(bits), x;
        uint64_t sig = random64(&seed);
        uint16_t se = (uint16_t)random64(&seed);

        assert_int_equal(fp_to_single(&s), bits);
        if (bits << 1 && (bits >> 23 & 0xff) == 0) {
            assert_true(s.se == (0xff81 | (uint64_t)(bits >> 31) << 17) &&
                        s.sig == (uint64_t)bits << 41 >> 1);
        } else if ((bits >> 23 & 0xff) - 1 < 254) {
            float v;
            double w;
            uint64_t wide;

            memcpy(&v, &bits, sizeof v);
            w = v;
            memcpy(&wide, &w, sizeof wide);
            x = fp_from_double(wide);
            assert_true(x.sig == s.sig && x.se == s.se);
        }
        if (i % 3 == 0)
            se &= 0x8000;
        x = fp_from_ext(sig, se);
        assert_int_equal(x.sig, sig);
        assert_int_equal(fp_to_ext(&x), se);
        x = fp_from_fill(sig, (uint64_t)se << 3 | 5);
        assert_true(x.sig == sig && x.se == (((uint64_t)se << 3 | 5) & 0x3ffff));
        x = fp_from_exp(sig);
        assert_true(x.sig == J && fp_to_exp(&x) == (sig & 0x3ffff));
    }
}

/* Integer multiply-add, against 128-bit arithmetic in another order. */
static void integer_multiply(void **state)
{
    uint64_t seed = 35;
    struct ia64_fr natval = { 0, 0x1fffe }, zero = { 0, 0 }, r;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct ia64_fr a = fp_from_int(random64(&seed) >> (i & 31)), b = fp_from_int(random64(&seed));
        struct ia64_fr c = fp_from_int(random64(&seed));
        unsigned __int128 u = (unsigned __int128)a.sig * b.sig + c.sig;
        __int128 s = (__int128)(int64_t)a.sig * (int64_t)b.sig;

        r = fp_xma(FP_XMA_L, &a, &b, &c);
        assert_true(r.sig == a.sig * b.sig + c.sig && r.se == 0x1003e);
        r = fp_xma(FP_XMA_HU, &a, &b, &c);
        assert_true(r.sig == (uint64_t)(u >> 64));
        r = fp_xma(FP_XMA_H, &a, &b, &c);
        assert_true(r.sig == (uint64_t)((unsigned __int128)(s + (__int128)(unsigned __int128)c.sig) >> 64));
    }
    r = fp_xma(FP_XMA_L, &zero, &zero, &natval);
    assert_true(r.sig == 0 && r.se == 0x1fffe);
}

/* Expected values written out from the SDM's pages. */
static void bit_operations(void **state)
{
    const struct ia64_fr a = { UINT64_C(0x8123456789abcdef), 0x20123 },
                         b = { UINT64_C(0x7edcba98f6543210), 0x0ffff };
    static const struct {
        enum fp_bits_op op;
        uint64_t sig, se;
    } cases[] = {
        { FP_MERGE_NS, UINT64_C(0x7edcba98f6543210), 0x0ffff },
        { FP_MERGE_S, UINT64_C(0x7edcba98f6543210), 0x2ffff },
        { FP_MERGE_SE, UINT64_C(0x7edcba98f6543210), 0x20123 },
        { FP_MIX_LR, UINT64_C(0x81234567f6543210), 0x1003e },
        { FP_MIX_R, UINT64_C(0x89abcdeff6543210), 0x1003e },
        { FP_MIX_L, UINT64_C(0x812345677edcba98), 0x1003e },
        { FP_SXT_R, UINT64_C(0xfffffffff6543210), 0x1003e },
        { FP_SXT_L, UINT64_C(0xffffffff7edcba98), 0x1003e },
        { FP_SWAP, UINT64_C(0xf654321081234567), 0x1003e },
        { FP_SWAP_NL, UINT64_C(0x7654321081234567), 0x1003e },
        { FP_SWAP_NR, UINT64_C(0xf654321001234567), 0x1003e },
        { FP_AND, UINT64_C(0x0000000080000000), 0x1003e },
        { FP_ANDCM, UINT64_C(0x8123456709abcdef), 0x1003e },
        { FP_OR, UINT64_C(0xffffffffffffffff), 0x1003e },
        { FP_XOR, UINT64_C(0xffffffff7fffffff), 0x1003e },
        { FPP_MERGE_NS, UINT64_C(0x7edcba9876543210), 0x1003e },
        { FPP_MERGE_S, UINT64_C(0xfedcba98f6543210), 0x1003e },
        { FPP_MERGE_SE, UINT64_C(0x815cba9889d43210), 0x1003e },
    };
    const struct ia64_fr natval = { 0, 0x1fffe };
    const struct ia64_fr x = fp_from_single(0xc0490fdb), y = fp_from_single(0x00000123);
    struct ia64_fr r;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        r = fp_bits(cases[i].op, &a, &b);
        assert_int_equal(r.sig, cases[i].sig);
        assert_int_equal(r.se, cases[i].se);
        r = fp_bits(cases[i].op, &natval, &b);
        assert_true(r.sig == 0 && r.se == 0x1fffe);
        r = fp_bits(cases[i].op, &a, &natval);
        assert_true(r.sig == 0 && r.se == 0x1fffe);
    }
    r = fp_bits(FP_PACK, &x, &y);
    assert_int_equal(r.sig, UINT64_C(0xc0490fdb00000123));
    r = fp_select(&a, &b, &x);
    assert_int_equal(r.sig, (a.sig & x.sig) | (b.sig & ~x.sig));
    assert_int_equal(r.se, 0x1003e);
    r = fp_select(&a, &natval, &x);
    assert_int_equal(r.se, 0x1fffe);
}

static void status_register(void **state)
{
    uint64_t fpsr = UINT64_C(0x0009804c0270033f); /* sf0 0x0c, sf1 0x4e, sf2 and sf3 0x4c, all traps off */
    uint64_t copy = fpsr;

    (void)state;
    assert_true(fp_fpsr_valid(fpsr));
    assert_false(fp_fpsr_valid(fpsr | UINT64_C(1) << 58));
    assert_false(fp_fpsr_valid(fpsr | 1 << 12));              /* sf0.td */
    assert_false(fp_fpsr_valid(fpsr & ~(UINT64_C(2) << 21))); /* sf1.pc = 1 */
    assert_true(fp_setc(&copy, 2, 0x7f, 0x40));               /* sf0's controls and td */
    assert_int_equal(copy >> 32 & 0x7f, 0x4c);
    assert_true(fp_setc(&copy, 1, 0x00, 0x31));
    assert_int_equal(copy >> 19 & 0x7f, 0x31);
    assert_int_equal(copy & ~(UINT64_C(0x7f) << 19), fpsr & ~(UINT64_C(0x7f) << 19));
    copy = fpsr;
    assert_false(fp_setc(&copy, 0, 0x7f, 0x40));
    assert_false(fp_setc(&copy, 3, 0x00, 0x04));
    assert_int_equal(copy, fpsr);
    copy = fpsr | UINT64_C(0x3f) << 39; /* all of sf2's flags */
    assert_int_equal(fp_clrf(copy, 2), fpsr);
    assert_int_equal(fp_clrf(copy, 1), copy);
    assert_true(fp_chkf(copy, 2)); /* sf0 has them not */
    assert_false(fp_chkf(copy, 3));
    copy |= UINT64_C(0x3f) << 13;
    assert_false(fp_chkf(copy, 2));
    assert_true(fp_chkf(copy & ~UINT64_C(0x20), 2)); /* inexact enabled */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integer_specials),  cmocka_unit_test(integer_random),
        cmocka_unit_test(from_integer),      cmocka_unit_test(memory_double),
        cmocka_unit_test(memory_single_ext), cmocka_unit_test(integer_multiply),
        cmocka_unit_test(bit_operations),    cmocka_unit_test(status_register),
    };

    return cmocka_run_group_tests(tests, values_setup, values_teardown);
}
