/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operands, FPSR values and the comparison of results that the floating-point tests share. */
#include "tests/fp/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/fp/oracle.h"

#define J UINT64_C(0x8000000000000000)
#define NEG 0x20000

static unsigned long checks_done;

const struct ia64_fr fp_specials[] = {
    { 0, 0 }, /* zeros */
    { 0, NEG },
    { J, 0xffff }, /* ones */
    { J, 0xffff | NEG },
    { J, 0x1ffff }, /* infinities */
    { J, 0x1ffff | NEG },
    { UINT64_C(0xc000000000000000), 0x3ffff }, /* QNaN indefinite */
    { UINT64_C(0xc000000000012345), 0x1ffff }, /* QNaN with a payload */
    { UINT64_C(0x8000000000000001), 0x1ffff }, /* SNaNs */
    { UINT64_C(0xbfffff0000000000), 0x3ffff },
    { 0, 0x1ffff }, /* unsupported: pseudo-infinity, pseudo-NaN */
    { UINT64_C(0x4000000000000000), 0x3ffff },
    { 0, 0x1fffe },       /* NaTVal */
    { 0, 0x1fffe | NEG }, /* pseudo-zeros */
    { 0, 0xffff },
    { 0, 1 | NEG },
    { UINT64_C(0x0000000000000001), 0 }, /* double-extended denormal, pseudo-denormal */
    { UINT64_C(0x4000000000000001), NEG },
    { UINT64_C(0x8000000000000001), 0 },
    { UINT64_C(0x0008000000000000), 0x10000 }, /* unnormals */
    { UINT64_C(0x7fffffffffffffff), 0xffff | NEG },
    { 1, 0x1003e }, /* integers */
    { UINT64_MAX, 0x1003e },
    { UINT64_C(0x4000000000000000), 0xff81 }, /* single and double denormals */
    { UINT64_C(0x0000000000000800), 0xfc01 | NEG },
    { UINT64_MAX, 0x1fffe }, /* register maximum, minimum, denormal */
    { J, 1 },
    { UINT64_C(0x2000000000000000), 1 },
    { UINT64_C(0xffffff0000000000), 0x1007e }, /* single limits */
    { J, 0xff81 | NEG },
    { UINT64_C(0xfffffffffffff800), 0x103fe }, /* double limits */
    { J, 0xfc01 },
    { UINT64_MAX, 0x13ffe | NEG }, /* double-extended limits */
    { J, 0xc001 },
    { J + 1, 0xffff }, /* 1 + ulp in each precision */
    { J + 0x800, 0xffff | NEG },
    { J + UINT64_C(0x10000000000), 0xffff },
    { UINT64_C(0xaaaaaaaaaaaaaaab), 0xfffd },        /* 1/3 */
    { UINT64_C(0xc90fdaa22168c235), 0x10000 | NEG }, /* -pi */
    { J, 0xfffe },                                   /* a half */
};
const size_t fp_special_count = sizeof fp_specials / sizeof fp_specials[0];

const uint32_t fp_singles[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345,
    0x7f800001, 0xffbfffff, 0x00000001, 0x807fffff, 0x00400000, 0x00800000, 0x80800001, 0x7f7fffff,
    0xff7fffff, 0x3f800001, 0x3effffff, 0x3f000000, 0x40490fdb, 0xc2280000, 0x4f000000, 0xcf000000,
    0x4effffff, 0x4f800000, 0x0c000000, 0x0b800000, 0x7e800000, 0x7e000000, 0x7d800000,
};
const size_t fp_single_count = sizeof fp_singles / sizeof fp_singles[0];

uint64_t random64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Long runs of ones and zeros hit the rounding boundaries. */
static uint64_t random_sig(uint64_t *state)
{
    uint64_t r = random64(state);
    uint64_t sig = random64(state);

    switch (r & 7) {
    case 0:
        sig = J;
        break;
    case 1:
        sig = UINT64_MAX << (r >> 8 & 63);
        break;
    case 2:
        sig = J | UINT64_C(1) << (r >> 8 & 63);
        break;
    case 3:
        sig = UINT64_MAX >> (r >> 8 & 63);
        break;
    case 4:
        sig &= UINT64_MAX << (r >> 8 & 63);
        break;
    default:
        break;
    }
    return sig;
}

struct ia64_fr random_fr(uint64_t *state)
{
    static const uint32_t centers[] = { 0xffff, 0xff81,  0x1007e, 0xfc01,      0x103fe, 0xc001, 0x13ffe,
                                        1,      0x1fffe, 0x1003e, 0xffff - 64, 0x8000,  0x17fff };
    uint64_t r = random64(state);
    struct ia64_fr f = { random_sig(state), 0 };
    int64_t e;

    if ((r & 31) == 0)
        return fp_specials[(r >> 8) % fp_special_count];
    if (r & 0x1e0)
        f.sig |= J;
    if ((r & 7) < 4)
        e = 0xffff - 40 + (int64_t)(r >> 16 & 127) % 81;
    else if ((r & 7) < 7)
        e = (int64_t)centers[(r >> 16 & 0xff) % 13] - 70 + (int64_t)(r >> 24 & 0xff) % 141;
    else
        e = (int64_t)(r >> 16 & 0x1ffff);
    f.se = (uint64_t)e & 0x1ffff;
    if (f.se == 0x1ffff || (f.se == 0 && !(r & 0x600)))
        f.se = 0xffff;
    f.se |= (r >> 12 & 1) << 17;
    return f;
}

uint32_t random_single(uint64_t *state)
{
    uint64_t r = random64(state);

    if ((r & 15) == 0)
        return fp_singles[(r >> 8) % fp_single_count];
    if ((r & 15) < 9)
        return (uint32_t)(r >> 32 & 0x807fffff) | (uint32_t)(100 + (r >> 16 & 0xff) % 56) << 23;
    return (uint32_t)(r >> 32);
}

uint64_t random_fpsr(uint64_t *state)
{
    uint64_t r = random64(state);
    uint64_t fpsr = random64(state) & ((UINT64_C(1) << 58) - 1);

    if (r & 1)
        fpsr |= 0x3f;
    if (r & 2)
        fpsr &= UINT64_C(0x00fff807fc00ffff) | 0x3f; /* fewer sticky flags */
    fpsr &= ~(UINT64_C(1) << 12);
    for (int sf = 0; sf < 4; sf++)
        if ((fpsr >> (8 + 13 * sf) & 3) == 1)
            fpsr |= UINT64_C(2) << (8 + 13 * sf);
    return fpsr;
}

uint64_t fpsr_with(unsigned controls, unsigned traps)
{
    return UINT64_C(0x0009804c02700000) | (uint64_t)(controls & 0x3f) << 6 | (traps & 0x3f);
}

void check_result(const char *what, const struct fp_result *got, const struct fp_result *want, uint64_t fpsr,
                  unsigned ctl, const struct ia64_fr *operands, int count)
{
    bool same = got->kind == want->kind && got->isr_code == want->isr_code && got->fpsr == want->fpsr;

    checks_done++;
    if (want->kind != FP_FAULT)
        same = same && got->fr.sig == want->fr.sig && got->fr.se == want->fr.se && got->pred == want->pred;
    if (same)
        return;
    printf("%s ctl %#x fpsr %#018llx", what, ctl, (unsigned long long)fpsr);
    for (int i = 0; i < count; i++)
        printf("  %05llx:%016llx", (unsigned long long)operands[i].se, (unsigned long long)operands[i].sig);
    printf("\n  got  kind %d isr %#06x fpsr %#018llx pred %d  %05llx:%016llx\n", got->kind, got->isr_code,
           (unsigned long long)got->fpsr, got->pred, (unsigned long long)got->fr.se,
           (unsigned long long)got->fr.sig);
    printf("  want kind %d isr %#06x fpsr %#018llx pred %d  %05llx:%016llx\n", want->kind, want->isr_code,
           (unsigned long long)want->fpsr, want->pred, (unsigned long long)want->fr.se,
           (unsigned long long)want->fr.sig);
    fail_msg("%s differs from the oracle", what);
}

int values_setup(void **state)
{
    (void)state;
    oracle_init();
    return 0;
}

int values_teardown(void **state)
{
    (void)state;
    oracle_done();
    print_message("%lu results compared\n", checks_done);
    return 0;
}
