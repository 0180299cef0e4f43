/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frcpa and frsqrta: table estimates, special operands, and the results that software assistance gives. */
#include "arch/fp_core.h"

/*
 * A processor may ask system software for help where Newton-Raphson steps on the estimate could go wrong at
 * the ends of the 17-bit exponent range. With b the divisor, a the dividend and N = 64: e_b <= emin - 1, e_b
 * >= emax - 2, e_a - e_b >= emax, e_a - e_b <= emin + 1, e_a <= emin + N - 1; for frsqrta, e_a <= emin + N
 * - 1. The assistance returns the IEEE quotient or root with p2 = 0 (SDM Vol.3, frcpa). Here this processor
 * does that itself: it rounds to the precision and range of the status field's pc and wre (as an instruction
 * without a completer) by its rc, and records and traps O, U and I like any arithmetic. Software Assist
 * faults are never raised; unnormal operands are normalized and give estimates.
 */

/* SDM Vol.3, frcpa: significand bits {62:53} of the estimate by den.significand{62:55}. */
static const uint16_t recip_table[256] = {
    0x3fc, 0x3f4, 0x3ec, 0x3e4, 0x3dd, 0x3d5, 0x3cd, 0x3c6, 0x3be, 0x3b7, 0x3af, 0x3a8, 0x3a1, 0x399, 0x392,
    0x38b, 0x384, 0x37d, 0x376, 0x36f, 0x368, 0x361, 0x35b, 0x354, 0x34d, 0x346, 0x340, 0x339, 0x333, 0x32c,
    0x326, 0x320, 0x319, 0x313, 0x30d, 0x307, 0x300, 0x2fa, 0x2f4, 0x2ee, 0x2e8, 0x2e2, 0x2dc, 0x2d7, 0x2d1,
    0x2cb, 0x2c5, 0x2bf, 0x2ba, 0x2b4, 0x2af, 0x2a9, 0x2a3, 0x29e, 0x299, 0x293, 0x28e, 0x288, 0x283, 0x27e,
    0x279, 0x273, 0x26e, 0x269, 0x264, 0x25f, 0x25a, 0x255, 0x250, 0x24b, 0x246, 0x241, 0x23c, 0x237, 0x232,
    0x22e, 0x229, 0x224, 0x21f, 0x21b, 0x216, 0x211, 0x20d, 0x208, 0x204, 0x1ff, 0x1fb, 0x1f6, 0x1f2, 0x1ed,
    0x1e9, 0x1e5, 0x1e0, 0x1dc, 0x1d8, 0x1d4, 0x1cf, 0x1cb, 0x1c7, 0x1c3, 0x1bf, 0x1bb, 0x1b6, 0x1b2, 0x1ae,
    0x1aa, 0x1a6, 0x1a2, 0x19e, 0x19a, 0x197, 0x193, 0x18f, 0x18b, 0x187, 0x183, 0x17f, 0x17c, 0x178, 0x174,
    0x171, 0x16d, 0x169, 0x166, 0x162, 0x15e, 0x15b, 0x157, 0x154, 0x150, 0x14d, 0x149, 0x146, 0x142, 0x13f,
    0x13b, 0x138, 0x134, 0x131, 0x12e, 0x12a, 0x127, 0x124, 0x120, 0x11d, 0x11a, 0x117, 0x113, 0x110, 0x10d,
    0x10a, 0x107, 0x103, 0x100, 0x0fd, 0x0fa, 0x0f7, 0x0f4, 0x0f1, 0x0ee, 0x0eb, 0x0e8, 0x0e5, 0x0e2, 0x0df,
    0x0dc, 0x0d9, 0x0d6, 0x0d3, 0x0d0, 0x0cd, 0x0ca, 0x0c8, 0x0c5, 0x0c2, 0x0bf, 0x0bc, 0x0b9, 0x0b7, 0x0b4,
    0x0b1, 0x0ae, 0x0ac, 0x0a9, 0x0a6, 0x0a4, 0x0a1, 0x09e, 0x09c, 0x099, 0x096, 0x094, 0x091, 0x08e, 0x08c,
    0x089, 0x087, 0x084, 0x082, 0x07f, 0x07c, 0x07a, 0x077, 0x075, 0x073, 0x070, 0x06e, 0x06b, 0x069, 0x066,
    0x064, 0x061, 0x05f, 0x05d, 0x05a, 0x058, 0x056, 0x053, 0x051, 0x04f, 0x04c, 0x04a, 0x048, 0x045, 0x043,
    0x041, 0x03f, 0x03c, 0x03a, 0x038, 0x036, 0x033, 0x031, 0x02f, 0x02d, 0x02b, 0x029, 0x026, 0x024, 0x022,
    0x020, 0x01e, 0x01c, 0x01a, 0x018, 0x015, 0x013, 0x011, 0x00f, 0x00d, 0x00b, 0x009, 0x007, 0x005, 0x003,
    0x001,
};

/* SDM Vol.3, frsqrta: the same by root.exponent{0} and root.significand{62:56}. */
static const uint16_t recip_sqrt_table[256] = {
    0x1a5, 0x1a0, 0x19a, 0x195, 0x18f, 0x18a, 0x185, 0x180, 0x17a, 0x175, 0x170, 0x16b, 0x166, 0x161, 0x15d,
    0x158, 0x153, 0x14e, 0x14a, 0x145, 0x140, 0x13c, 0x138, 0x133, 0x12f, 0x12a, 0x126, 0x122, 0x11e, 0x11a,
    0x115, 0x111, 0x10d, 0x109, 0x105, 0x101, 0x0fd, 0x0fa, 0x0f6, 0x0f2, 0x0ee, 0x0ea, 0x0e7, 0x0e3, 0x0df,
    0x0dc, 0x0d8, 0x0d5, 0x0d1, 0x0ce, 0x0ca, 0x0c7, 0x0c3, 0x0c0, 0x0bd, 0x0b9, 0x0b6, 0x0b3, 0x0b0, 0x0ad,
    0x0a9, 0x0a6, 0x0a3, 0x0a0, 0x09d, 0x09a, 0x097, 0x094, 0x091, 0x08e, 0x08b, 0x088, 0x085, 0x082, 0x07f,
    0x07d, 0x07a, 0x077, 0x074, 0x071, 0x06f, 0x06c, 0x069, 0x067, 0x064, 0x061, 0x05f, 0x05c, 0x05a, 0x057,
    0x054, 0x052, 0x04f, 0x04d, 0x04a, 0x048, 0x045, 0x043, 0x041, 0x03e, 0x03c, 0x03a, 0x037, 0x035, 0x033,
    0x030, 0x02e, 0x02c, 0x029, 0x027, 0x025, 0x023, 0x020, 0x01e, 0x01c, 0x01a, 0x018, 0x016, 0x014, 0x011,
    0x00f, 0x00d, 0x00b, 0x009, 0x007, 0x005, 0x003, 0x001, 0x3fc, 0x3f4, 0x3ec, 0x3e5, 0x3dd, 0x3d5, 0x3ce,
    0x3c7, 0x3bf, 0x3b8, 0x3b1, 0x3aa, 0x3a3, 0x39c, 0x395, 0x38e, 0x388, 0x381, 0x37a, 0x374, 0x36d, 0x367,
    0x361, 0x35a, 0x354, 0x34e, 0x348, 0x342, 0x33c, 0x336, 0x330, 0x32b, 0x325, 0x31f, 0x31a, 0x314, 0x30f,
    0x309, 0x304, 0x2fe, 0x2f9, 0x2f4, 0x2ee, 0x2e9, 0x2e4, 0x2df, 0x2da, 0x2d5, 0x2d0, 0x2cb, 0x2c6, 0x2c1,
    0x2bd, 0x2b8, 0x2b3, 0x2ae, 0x2aa, 0x2a5, 0x2a1, 0x29c, 0x298, 0x293, 0x28f, 0x28a, 0x286, 0x282, 0x27d,
    0x279, 0x275, 0x271, 0x26d, 0x268, 0x264, 0x260, 0x25c, 0x258, 0x254, 0x250, 0x24c, 0x249, 0x245, 0x241,
    0x23d, 0x239, 0x235, 0x232, 0x22e, 0x22a, 0x227, 0x223, 0x220, 0x21c, 0x218, 0x215, 0x211, 0x20e, 0x20a,
    0x207, 0x204, 0x200, 0x1fd, 0x1f9, 0x1f6, 0x1f3, 0x1f0, 0x1ec, 0x1e9, 0x1e6, 0x1e3, 0x1df, 0x1dc, 0x1d9,
    0x1d6, 0x1d3, 0x1d0, 0x1cd, 0x1ca, 0x1c7, 0x1c4, 0x1c1, 0x1be, 0x1bb, 0x1b8, 0x1b5, 0x1b2, 0x1af, 0x1ac,
    0x1aa,
};

struct ia64_fr fp_recip_estimate(struct fp_number den)
{
    uint64_t exp = (uint64_t)(2 * FP_EXP_BIAS - 1 - den.exp) & FP_SE_EXP;

    return (struct ia64_fr){ FP_INT_BIT | (uint64_t)recip_table[den.sig >> 55 & 0xff] << 53,
                             (uint64_t)den.sign << 17 | exp };
}

struct ia64_fr fp_rsqrt_estimate(struct fp_number root)
{
    unsigned index = ((unsigned)root.exp & 1) << 7 | (root.sig >> 56 & 0x7f);
    int32_t half =
        (root.exp + (root.exp & 1 ? -FP_EXP_BIAS : -FP_EXP_BIAS - 1)) / 2; /* floor, no sign shift */

    return (struct ia64_fr){ FP_INT_BIT | (uint64_t)recip_sqrt_table[index] << 53,
                             (uint64_t)(FP_EXP_BIAS - 1 - half) & FP_SE_EXP };
}

bool fp_rcpa_special(struct fp_env *env, const struct ia64_fr *f2, const struct ia64_fr *f3,
                     struct ia64_fr *out)
{
    bool sign = fp_sign(f2) ^ fp_sign(f3);
    bool zero2 = fp_is_zero_value(f2);
    bool zero3 = fp_is_zero_value(f3);

    if (fp_is_normal(f2) && fp_is_normal(f3))
        return false;
    if (fp_is_unsupported(f2) || fp_is_unsupported(f3)) {
        fp_raise(env, FP_EXC_V);
        *out = FP_QNAN_INDEFINITE;
        return true;
    }
    if (fp_is_nan(f2) || fp_is_nan(f3)) {
        if (fp_is_snan(f2) || fp_is_snan(f3))
            fp_raise(env, FP_EXC_V);
        *out = fp_quiet(fp_is_nan(f2) ? *f2 : *f3);
        return true;
    }
    if ((fp_is_inf(f2) && fp_is_inf(f3)) || (zero2 && zero3)) {
        fp_raise(env, FP_EXC_V);
        *out = FP_QNAN_INDEFINITE;
        return true;
    }
    if (zero3 && !fp_is_inf(f2)) {
        fp_raise(env, FP_EXC_Z);
        *out = fp_signed_inf(sign);
        return true;
    }
    if (fp_is_unorm(f2) || fp_is_unorm(f3))
        fp_raise(env, FP_EXC_D);
    if (fp_is_inf(f2)) {
        *out = fp_signed_inf(sign);
        return true;
    }
    if (fp_is_inf(f3) || zero2) {
        *out = fp_signed_zero(sign);
        return true;
    }
    return false;
}

bool fp_rsqrta_special(struct fp_env *env, const struct ia64_fr *f3, struct ia64_fr *out)
{
    if (fp_is_normal(f3) && !fp_sign(f3))
        return false;
    if (fp_is_unsupported(f3)) {
        fp_raise(env, FP_EXC_V);
        *out = FP_QNAN_INDEFINITE;
        return true;
    }
    if (fp_is_nan(f3)) {
        if (fp_is_snan(f3))
            fp_raise(env, FP_EXC_V);
        *out = fp_quiet(*f3);
        return true;
    }
    if (fp_sign(f3) && !fp_is_zero_value(f3)) {
        fp_raise(env, FP_EXC_V);
        *out = FP_QNAN_INDEFINITE;
        return true;
    }
    if (fp_is_unorm(f3))
        fp_raise(env, FP_EXC_D);
    if (fp_is_zero_value(f3)) {
        *out = fp_signed_zero(fp_sign(f3));
        return true;
    }
    if (fp_is_inf(f3)) {
        *out = *f3;
        return true;
    }
    return false;
}

/* The IEEE quotient, to 127 bits or more before rounding. */
static struct ia64_fr divide(struct fp_env *env, struct fp_number a, struct fp_number b)
{
    fp_u128 n = (fp_u128)a.sig << 63;
    uint64_t q1 = (uint64_t)(n / b.sig); /* in (2^62, 2^64) */
    fp_u128 r1 = (n % b.sig) << 64;
    uint64_t q2 = (uint64_t)(r1 / b.sig);
    struct fp_exact x = { .sig = (fp_u128)q1 << 64 | q2, .sign = a.sign ^ b.sign };

    x.sticky = r1 % b.sig != 0;
    x.exp = a.exp - b.exp + FP_EXP_BIAS;
    if (!(q1 >> 63)) {
        x.sig <<= 1;
        x.exp--;
    }
    return fp_round(env, &x);
}

/* The IEEE square root: 70 bits by the schoolbook method, the rest jammed. */
static struct ia64_fr square_root(struct fp_env *env, struct fp_number a)
{
    int32_t e = a.exp - FP_EXP_BIAS;
    /* Radicand in [1, 4) with 64 or 65 bits: 2^odd goes in. */
    fp_u128 rad = (fp_u128)a.sig << (e & 1 ? 1 : 0);
    fp_u128 root = 0, rem = 0;
    struct fp_exact x = { 0 };

    for (int i = 0; i < 70; i++) {
        /* The radicand's bits in pairs: {64:63}, {62:61} ...; below bit 0 come zeros. */
        int low = 63 - 2 * i;
        unsigned pair = low >= 0 ? (unsigned)(rad >> low) & 3 : low == -1 ? (unsigned)(rad << 1) & 3 : 0;
        fp_u128 trial = root << 2 | 1;

        rem = rem << 2 | pair;
        root <<= 1;
        if (rem >= trial) {
            rem -= trial;
            root |= 1;
        }
    }
    x.sig = root << 58;
    x.sticky = rem != 0;
    x.exp = FP_EXP_BIAS + (e - (e & 1)) / 2;
    return fp_round(env, &x);
}

/* emin + N - 1, biased */
enum { RSQRTA_LIMIT = 64 };

static bool rcpa_beyond_limits(struct fp_number a, struct fp_number b)
{
    const int32_t emax = FP_EXP_BIAS;
    const int32_t emin = 1 - FP_EXP_BIAS;
    int32_t ea = a.exp - FP_EXP_BIAS;
    int32_t eb = b.exp - FP_EXP_BIAS;

    return eb <= emin - 1 || eb >= emax - 2 || ea - eb >= emax || ea - eb <= emin + 1 || ea <= emin + 63;
}

void fp_rcpa(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f2,
             const struct ia64_fr *f3)
{
    struct fp_env env;
    struct ia64_fr out;

    if (fp_is_natval(f2) || fp_is_natval(f3)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    fp_env_init(&env, fpsr, FP_CTL(ctl & 3, FP_PC_NONE));
    r->pred = 0;
    if (!fp_rcpa_special(&env, f2, f3, &out)) {
        struct fp_number a = fp_normalize(f2);
        struct fp_number b = fp_normalize(f3);

        if (rcpa_beyond_limits(a, b)) {
            out = divide(&env, a, b);
        } else {
            out = fp_recip_estimate(b);
            r->pred = 1;
        }
    }
    r->fr = out;
    fp_finish(r, fpsr, ctl, &env);
}

void fp_rsqrta(struct fp_result *r, uint64_t fpsr, unsigned ctl, const struct ia64_fr *f3)
{
    struct fp_env env;
    struct ia64_fr out;

    if (fp_is_natval(f3)) {
        fp_plain(r, fpsr, FP_NATVAL);
        return;
    }
    fp_env_init(&env, fpsr, FP_CTL(ctl & 3, FP_PC_NONE));
    r->pred = 0;
    if (!fp_rsqrta_special(&env, f3, &out)) {
        struct fp_number a = fp_normalize(f3);

        if (a.exp <= RSQRTA_LIMIT) {
            out = square_root(&env, a);
        } else {
            out = fp_rsqrt_estimate(a);
            r->pred = 1;
        }
    }
    r->fr = out;
    fp_finish(r, fpsr, ctl, &env);
}

bool fp_rcpa_estimate(struct ia64_fr *out, const struct ia64_fr *f2, const struct ia64_fr *f3)
{
    struct fp_number a = { f2->sig, (int32_t)fp_exp(f2), false };
    struct fp_number b = { f3->sig, (int32_t)fp_exp(f3), fp_sign(f3) };

    if (rcpa_beyond_limits(a, b))
        return false;
    *out = fp_recip_estimate(b);
    return true;
}

bool fp_rsqrta_estimate(struct ia64_fr *out, const struct ia64_fr *f3)
{
    struct fp_number a = { f3->sig, (int32_t)fp_exp(f3), false };

    if (a.exp <= RSQRTA_LIMIT)
        return false;
    *out = fp_rsqrt_estimate(a);
    return true;
}
