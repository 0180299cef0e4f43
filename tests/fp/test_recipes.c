/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The division and square root sequences of arch/fp_lazy.c: the last step is what one division or root of the host's gives,
 * its inexact flag too, and truncated quotients of integers are exact. Compiled code relies on that.
 */
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch/fp_lazy.h"

enum { PAIRS = 30000 };

#define FPSR UINT64_C(0x9804c0270033f)
#define FRACTION ((UINT64_C(1) << 52) - 1)
#define SINGLE_REST ((UINT64_C(1) << 29) - 1)

static uint64_t seed = UINT64_C(88172645463325252);

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static double double_of(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, 8);
    return d;
}

static uint64_t bits_of(double d)
{
    uint64_t bits;

    memcpy(&bits, &d, 8);
    return bits;
}

/* Fractions that make quotients near a border between two results more often than chance. */
static uint64_t fraction(bool single)
{
    uint64_t f;

    switch (next() % 6) {
    case 0:
        f = 0;
        break;
    case 1:
        f = UINT64_MAX;
        break;
    case 2:
        f = UINT64_C(1) << next() % 64;
        break;
    case 3:
        f = UINT64_MAX << next() % 64;
        break;
    case 4:
        f = UINT64_MAX >> next() % 64;
        break;
    default:
        f = next();
        break;
    }
    if (next() % 3 == 0)
        f += next() % 5 - 2;
    return f & FRACTION & ~(single ? SINGLE_REST : 0);
}

static const struct fp_recipe *recipe_of(enum fp_recipe_kind kind)
{
    for (unsigned i = 0; i < fp_n_recipes; i++) {
        if (fp_recipes[i].kind == kind)
            return &fp_recipes[i];
    }
    fail();
    return NULL;
}

/* The host's result; the volatiles keep it from being computed before the flags are cleared. */
static double host_result(enum fp_recipe_kind kind, uint64_t a, uint64_t b, int *flags)
{
    volatile double x = double_of(a), y = double_of(b), result;

    feclearexcept(FE_ALL_EXCEPT);
    switch (kind) {
    case RECIPE_DIVIDE_D:
        result = x / y;
        break;
    case RECIPE_DIVIDE_S:
        result = (float)(x / y);
        break;
    case RECIPE_SQRT_D:
        result = sqrt(x);
        break;
    default:
        result = (float)sqrt(x);
        break;
    }
    *flags = fetestexcept(FE_ALL_EXCEPT);
    return result;
}

/* Nothing rotates here. */
void fr_settle(struct vcpu *v)
{
    (void)v;
}

static void check_doubles(enum fp_recipe_kind kind, uint64_t a, uint64_t b)
{
    const struct fp_recipe *r = recipe_of(kind);
    const struct fp_step *last = &r->steps[r->n_steps - 1];
    struct ia64_fr values[32], want;
    struct fp_result result;
    int flags;

    want = fp_from_double(bits_of(host_result(kind, a, b, &flags)));
    fp_recipe_run(r, fp_from_double(a), fp_from_double(b), values);
    fp_fma(&result, FPSR, FP_CTL(0, last->pc), &values[last->x], &values[last->y], &values[last->z]);
    assert_int_equal(values[r->n_steps - 1].sig, want.sig);
    assert_int_equal(values[r->n_steps - 1].se, want.se);
    assert_int_equal(result.fpsr, FPSR | (flags & FE_INEXACT ? UINT64_C(1) << 18 : 0));
    assert_int_equal(flags & ~FE_INEXACT, 0);
}

static void divisions(bool single)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        uint64_t a =
            (UINT64_C(1023) + next() % 60 - 30) << 52 | fraction(single) | (next() & UINT64_C(1) << 63);
        uint64_t b =
            (UINT64_C(1023) + next() % 60 - 30) << 52 | fraction(single) | (next() & UINT64_C(1) << 63);

        if (i % 4 == 0) { /* an exact quotient */
            b &= ~((UINT64_C(1) << (single ? 41 : 27)) - 1);
            a = bits_of(double_of((a & ~((UINT64_C(1) << (single ? 41 : 26)) - 1))) * double_of(b));
        }
        check_doubles(single ? RECIPE_DIVIDE_S : RECIPE_DIVIDE_D, a, b);
    }
}

static void roots(bool single)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        uint64_t a = (UINT64_C(1023) + next() % 60 - 30) << 52 | fraction(single);

        if (i % 4 == 0) { /* an exact root */
            a &= ~((UINT64_C(1) << (single ? 41 : 27)) - 1);
            a = bits_of(double_of(a) * double_of(a));
        }
        check_doubles(single ? RECIPE_SQRT_S : RECIPE_SQRT_D, a, a);
    }
}

static void divide_double(void **state)
{
    (void)state;
    divisions(false);
}

static void divide_single(void **state)
{
    (void)state;
    divisions(true);
}

static void sqrt_double(void **state)
{
    (void)state;
    roots(false);
}

static void sqrt_single(void **state)
{
    (void)state;
    roots(true);
}

/* The normalized form of an unsigned integer that is not 0. */
static struct ia64_fr from_unsigned(uint64_t x)
{
    unsigned shift = (unsigned)__builtin_clzll(x);

    return (struct ia64_fr){ .sig = x << shift, .se = FP_EXP_INT - shift };
}

static void check_integers(enum fp_recipe_kind kind, uint64_t a, uint64_t b)
{
    bool is_signed = kind == RECIPE_DIVIDE_I;
    uint64_t want = is_signed ? (uint64_t)((int64_t)a / (int64_t)b) : a / b;
    struct ia64_fr ia = fp_from_int(a), ib = fp_from_int(b), values[32];
    const struct fp_recipe *r = recipe_of(kind);
    struct fp_result result;

    if (is_signed)
        fp_recipe_run(r, fp_cvt_xf(&ia), fp_cvt_xf(&ib), values);
    else
        fp_recipe_run(r, from_unsigned(a), from_unsigned(b), values);
    fp_cvt_fx(&result, FPSR, FP_CTL(1, 0), FP_CVT_TRUNC | (is_signed ? 0 : FP_CVT_UNSIGNED),
              &values[r->n_steps - 1]);
    assert_int_equal(result.fr.sig, want);
    assert_int_equal(result.fr.se, FP_EXP_INT);
    assert_int_equal(result.fpsr & ~(UINT64_C(1) << 31), FPSR);
}

static void divide_integers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PAIRS; i++) {
        uint64_t b = next() >> next() % 64, a = next() >> next() % 64;

        if (i % 4 == 0) /* near a multiple */
            a = b * (next() >> next() % 64) + next() % 3 - 1;
        if (next() % 3 == 0)
            a = -a;
        if (next() % 3 == 0)
            b = -b;
        if (a == 0 || b == 0 || b == 1 || b == UINT64_MAX)
            continue;
        check_integers(RECIPE_DIVIDE_I, a, b);
        check_integers(RECIPE_DIVIDE_U, a, b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divide_double), cmocka_unit_test(divide_single),   cmocka_unit_test(sqrt_double),
        cmocka_unit_test(sqrt_single),   cmocka_unit_test(divide_integers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
