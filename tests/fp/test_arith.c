/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fma, fms, fnma and their parallel forms against the oracle. */
#include "tests/fp/oracle.h"
#include "tests/fp/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef void (*muladd_fn)(struct fp_result *, uint64_t, unsigned, const struct ia64_fr *,
                          const struct ia64_fr *, const struct ia64_fr *);

static const muladd_fn scalar[] = { fp_fma, fp_fms, fp_fnma };
static const muladd_fn parallel[] = { fpp_fma, fpp_fms, fpp_fnma };
static const char *const names[] = { "fma", "fms", "fnma" };

static void check(int op, uint64_t fpsr, unsigned ctl, struct ia64_fr f3, struct ia64_fr f4,
                  struct ia64_fr f2)
{
    struct ia64_fr operands[3] = { f3, f4, f2 };
    struct fp_result got, want = oracle_muladd((enum oracle_op)op, fpsr, ctl, f3, f4, f2);

    scalar[op](&got, fpsr, ctl, &f3, &f4, &f2);
    check_result(names[op], &got, &want, fpsr, ctl, operands, 3);
}

static void check_parallel(int op, uint64_t fpsr, unsigned ctl, struct ia64_fr f3, struct ia64_fr f4,
                           struct ia64_fr f2)
{
    struct ia64_fr operands[3] = { f3, f4, f2 };
    struct fp_result got, want = oracle_pmuladd((enum oracle_op)op, fpsr, ctl, f3, f4, f2);

    parallel[op](&got, fpsr, ctl, &f3, &f4, &f2);
    check_result(names[op], &got, &want, fpsr, ctl, operands, 3);
}

/* The ten formats: sf controls (wre at bit 1, pc at {3:2}) with the completer. */
static const struct {
    unsigned controls;
    unsigned pc;
} formats[] = {
    { 0x0c, FP_PC_S },    { 0x0e, FP_PC_S },    { 0x0c, FP_PC_D },    { 0x0e, FP_PC_D },
    { 0x00, FP_PC_NONE }, { 0x02, FP_PC_NONE }, { 0x08, FP_PC_NONE }, { 0x0a, FP_PC_NONE },
    { 0x0c, FP_PC_NONE }, { 0x0e, FP_PC_NONE },
};

/* Every class of each operand x every format and rounding; traps and ftz run through their values meanwhile.
 */
static void special_triples(void **state)
{
    const size_t n = fp_special_count;
    uint64_t seed = 1;
    unsigned step = 0;

    (void)state;
    for (size_t i = 0; i < n * n * n; i++) {
        struct ia64_fr f3 = fp_specials[i % n], f4 = fp_specials[i / n % n], f2 = fp_specials[i / n / n];

        for (unsigned k = 0; k < 4; k++, step++) {
            unsigned f = (step / 4 * 7 + step) % 10;
            uint64_t r = random64(&seed);
            unsigned traps = r & 0x40 ? 0x3f : (unsigned)(r & 0x3f) | 7;
            uint64_t fpsr = fpsr_with(formats[f].controls | k << 4 | (r >> 7 & 1), traps);
            unsigned ctl = FP_CTL(0, formats[f].pc) | (r & 0x700 ? 0 : FP_CTL_F2_IS_F0);

            check((int)((r >> 16) % 3), fpsr, ctl, f3, f4, ctl & FP_CTL_F2_IS_F0 ? fp_specials[0] : f2);
        }
    }
}

/* All forty format and rounding pairs, three operations, no traps, on fewer values. */
static void formats_times_roundings(void **state)
{
    uint64_t seed = 2;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        struct ia64_fr f3 = random_fr(&seed), f4 = random_fr(&seed), f2 = random_fr(&seed);

        for (unsigned f = 0; f < 10; f++)
            for (unsigned rc = 0; rc < 4; rc++)
                check(i % 3, fpsr_with(formats[f].controls | rc << 4, 0x3f), FP_CTL(0, formats[f].pc), f3, f4,
                      f2);
    }
}

/* Each V, D, Z, O, U, I enable combination with results at the edges of the formats. */
static void trap_enables(void **state)
{
    uint64_t seed = 3;

    (void)state;
    for (int i = 0; i < 150000; i++) {
        unsigned f = (unsigned)(i % 10);
        uint64_t r = random64(&seed);
        struct ia64_fr f3 = random_fr(&seed), f4 = random_fr(&seed), f2 = random_fr(&seed);

        /* Bring the product near the limits of the format: f4's exponent follows f3's. */
        if (r & 1) {
            static const uint32_t limits[] = {
                0x1007e, 0xff81, 0x103fe, 0xfc01, 0x13ffe, 0xc001, 0x1fffe, 1
            };
            uint64_t target = limits[r >> 4 & 7] - 66 + (r >> 8) % 70;
            uint64_t e = target - (f3.se & 0x1ffff) + 0xffff;

            if (e - 1 < 0x1fffd)
                f4.se = (f4.se & 0x20000) | e;
        }
        check(i % 3, fpsr_with(formats[f].controls | (r >> 16 & 0x31), r >> 24 & 0x3f),
              FP_CTL(0, formats[f].pc) | (r & 6 ? 0 : FP_CTL_F2_IS_F0), f3, f4, r & 6 ? f2 : fp_specials[0]);
    }
}

/* The addend cancels the product to within a few units, at every distance where alignment changes its method.
 */
static void cancellation(void **state)
{
    uint64_t seed = 4;

    (void)state;
    /* The longest cancellation with a bit left over: (2^64 - 1)^2 - 2^128 = 1 - 2^65. */
    for (unsigned pc = 0; pc < 3; pc++) {
        const struct ia64_fr ones = { UINT64_MAX, 0xffff }, four = { UINT64_C(1) << 63, 0x30001 };

        for (unsigned rc = 0; rc < 4; rc++)
            check(0, fpsr_with(0x0c | rc << 4, 0x3f), FP_CTL(0, pc), ones, ones, four);
    }
    for (int i = 0; i < 150000; i++) {
        uint64_t r = random64(&seed);
        struct ia64_fr f3 = random_fr(&seed), f4 = random_fr(&seed), f2;
        unsigned __int128 p;
        int64_t e;

        f3.sig |= UINT64_C(1) << 63;
        f4.sig |= UINT64_C(1) << 63;
        p = (unsigned __int128)f3.sig * f4.sig;
        e = (int64_t)(f3.se & 0x1ffff) + (int64_t)(f4.se & 0x1ffff) - 0xffff + 1;
        f2.sig = (uint64_t)(p >> 64);
        if (!(f2.sig >> 63)) {
            f2.sig = (uint64_t)(p >> 63);
            e--;
        }
        f2.sig += (r & 7) - 3;
        if (r >> 3 & 1)
            e += (int64_t)(r >> 8 & 0x1ff) - 256;
        if (!(f2.sig >> 63))
            f2.sig |= UINT64_C(1) << 63;
        if (e < 1 || e > 0x1fffe)
            e = 0xffff;
        f2.se = (uint64_t)e | (~(f3.se ^ f4.se) & 0x20000);
        if (r >> 4 & 1)
            f2.se ^= 0x20000;
        check(i % 3, random_fpsr(&seed), FP_CTL(r >> 20 & 3, (r >> 22) % 3), f3, f4, f2);
    }
}

static void random_triples(void **state)
{
    uint64_t seed = 5;

    (void)state;
    for (int i = 0; i < 300000; i++) {
        uint64_t r = random64(&seed);

        check(i % 3, random_fpsr(&seed), FP_CTL(r & 3, (r >> 2) % 3), random_fr(&seed), random_fr(&seed),
              random_fr(&seed));
    }
}

static struct ia64_fr pair(uint32_t hi, uint32_t lo)
{
    return fp_from_int((uint64_t)hi << 32 | lo);
}

static void parallel_specials(void **state)
{
    const size_t n = fp_single_count;
    uint64_t seed = 6;

    (void)state;
    for (size_t i = 0; i < n * n * n; i++) {
        uint64_t r = random64(&seed);
        uint32_t a = fp_singles[i % n], b = fp_singles[i / n % n], c = fp_singles[i / n / n];
        struct ia64_fr other = pair(random_single(&seed), random_single(&seed));
        unsigned ctl = FP_CTL(r & 3, 0) | (r & 0x1c ? 0 : FP_CTL_F2_IS_F0);
        struct ia64_fr f3 = pair(a, (uint32_t)other.sig), f4 = pair(b, (uint32_t)(other.sig >> 32)),
                       f2 = pair(c, b);

        if (r & 32) {
            f3.sig = f3.sig >> 32 | f3.sig << 32;
            f4.sig = f4.sig >> 32 | f4.sig << 32;
            f2.sig = f2.sig >> 32 | f2.sig << 32;
        }
        check_parallel((int)((r >> 8) % 3), random_fpsr(&seed), ctl, f3, f4,
                       ctl & FP_CTL_F2_IS_F0 ? fp_specials[0] : f2);
    }
}

static void parallel_random(void **state)
{
    uint64_t seed = 7;

    (void)state;
    for (int i = 0; i < 150000; i++) {
        uint64_t r = random64(&seed);
        struct ia64_fr f[3];

        for (int k = 0; k < 3; k++)
            f[k] =
                r >> (8 + 4 * k) & 0xf ? pair(random_single(&seed), random_single(&seed)) : random_fr(&seed);
        check_parallel(i % 3, random_fpsr(&seed), FP_CTL(r & 3, 0), f[0], f[1], f[2]);
    }
}

/* Worked by hand from the SDM, so that oracle and code cannot be wrong together. */
static void by_hand(void **state)
{
    const struct ia64_fr one = fp_from_double(UINT64_C(0x3ff0000000000000));
    const struct ia64_fr third = fp_from_double(UINT64_C(0x3fd5555555555555));
    const struct ia64_fr max = fp_from_double(UINT64_C(0x7fefffffffffffff));
    const struct ia64_fr tiny = fp_from_double(UINT64_C(0x0010000000000000));
    const struct ia64_fr inf = fp_from_double(UINT64_C(0x7ff0000000000000));
    const struct ia64_fr qnan = fp_from_double(UINT64_C(0x7ff8000000000001));
    const struct ia64_fr snan = fp_from_double(UINT64_C(0x7ff0000000000002));
    const struct ia64_fr zero = { 0, 0 }, pseudo = { 0, 0xffff };
    const uint64_t linux_fpsr = UINT64_C(0x0009804c0270033f);
    const unsigned d = FP_CTL(0, FP_PC_D);
    struct fp_result r;

    (void)state;
    fp_fma(&r, linux_fpsr, d, &one, &third, &one); /* 4/3, rounded up */
    assert_int_equal(fp_to_double(&r.fr), UINT64_C(0x3ff5555555555555));
    assert_int_equal(r.fpsr, linux_fpsr | 1 << 18);
    fp_fma(&r, linux_fpsr, d, &max, &max, &zero); /* to infinity, o and i */
    assert_int_equal(fp_to_double(&r.fr), UINT64_C(0x7ff0000000000000));
    assert_int_equal(r.fpsr, linux_fpsr | 1 << 18 | 1 << 16);
    fp_fma(&r, linux_fpsr & ~UINT64_C(8), d, &max, &one,
           &max); /* overflow enabled: 2^1024 exactly delivered */
    assert_int_equal(r.kind, FP_TRAP);
    assert_int_equal(r.isr_code, 1 | 1 << 11);
    assert_int_equal(r.fr.se, 0x103ff);
    assert_int_equal(r.fpsr, (linux_fpsr & ~UINT64_C(8)) | 1 << 16);
    fp_fma(&r, linux_fpsr | 1 << 6, d | FP_CTL_F2_IS_F0, &tiny, &third, &zero); /* ftz */
    assert_true(r.fr.sig == 0 && r.fr.se == 0);
    assert_int_equal(r.fpsr, linux_fpsr | 1 << 6 | 1 << 17 | 1 << 18);
    fp_fma(&r, linux_fpsr, d, &qnan, &one, &snan); /* f2's NaN before f3's; v */
    assert_int_equal(fp_to_double(&r.fr), UINT64_C(0x7ff8000000000002));
    assert_int_equal(r.fpsr, linux_fpsr | 1 << 13);
    fp_fma(&r, linux_fpsr & ~UINT64_C(1), d, &inf, &zero, &one); /* v enabled */
    assert_int_equal(r.kind, FP_FAULT);
    assert_int_equal(r.isr_code, FP_ISR_FAULT_V);
    assert_int_equal(r.fpsr, linux_fpsr & ~UINT64_C(1));
    fp_fma(&r, linux_fpsr, d, &inf, &pseudo, &one); /* not invalid: infinity, d */
    assert_int_equal(fp_to_double(&r.fr), UINT64_C(0x7ff0000000000000));
    assert_int_equal(r.fpsr, linux_fpsr | 1 << 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(special_triples),
        cmocka_unit_test(formats_times_roundings),
        cmocka_unit_test(trap_enables),
        cmocka_unit_test(cancellation),
        cmocka_unit_test(random_triples),
        cmocka_unit_test(parallel_specials),
        cmocka_unit_test(parallel_random),
    };

    return cmocka_run_group_tests(tests, values_setup, values_teardown);
}
