/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of values only: parallel integer arithmetic, element by element as the SDM's pages have it. */
#include "lower/pure.h"

#include <stdbool.h>

#include "arch/vcpu.h"
#include "isa/isa.h"

static unsigned imm_size(uint64_t imm) { return imm & 0xff; }
static unsigned imm_sat(uint64_t imm) { return imm >> 8 & 0xff; }
static unsigned imm_count(uint64_t imm) { return imm >> 16 & 0xff; }

/* Element @i of @size bytes, zero- or sign-extended. */
static int64_t element(uint64_t x, unsigned size, unsigned i, bool sign)
{
    unsigned up = 64 - 8 * size;
    uint64_t top = x >> (8 * size * i) << up;

    return sign ? (int64_t)top >> up : (int64_t)(top >> up);
}

/* The low @size bytes of @v at element @i. */
static uint64_t place(int64_t v, unsigned size, unsigned i)
{
    unsigned up = 64 - 8 * size;

    return (uint64_t)v << up >> up << (8 * size * i);
}

static int64_t clip(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Clips to what @size bytes can hold. */
static int64_t clip_size(int64_t v, unsigned size, bool sign)
{
    int64_t span = INT64_C(1) << 8 * size;

    return sign ? clip(v, -(span / 2), span / 2 - 1) : clip(v, 0, span - 1);
}

/*
 * Completers: result, first source, second source; uus has only the second one signed (SDM 3:198, table
 * 2-43).
 */
static uint64_t add_sub(uint64_t a, uint64_t b, uint64_t imm, bool subtract)
{
    unsigned size = imm_size(imm), sat = imm_sat(imm);
    bool sign_a = sat == SAT_SSS, sign_b = sat == SAT_SSS || sat == SAT_UUS;
    uint64_t out = 0;

    for (unsigned i = 0; i < 8 / size; i++) {
        int64_t x = element(a, size, i, sign_a), y = element(b, size, i, sign_b);
        int64_t r = subtract ? x - y : x + y;

        out |= place(sat == SAT_NONE ? r : clip_size(r, size, sign_a), size, i);
    }
    return out;
}

uint64_t pure_padd(uint64_t a, uint64_t b, uint64_t imm) { return add_sub(a, b, imm, false); }
uint64_t pure_psub(uint64_t a, uint64_t b, uint64_t imm) { return add_sub(a, b, imm, true); }

/* Without .raz the low bit of the result is the OR of the two low bits of the sum. */
uint64_t pure_pavg(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm);
    uint64_t out = 0;

    for (unsigned i = 0; i < 8 / size; i++) {
        int64_t sum = element(a, size, i, false) + element(b, size, i, false);

        out |= place(imm_count(imm) ? (sum + 1) >> 1 : sum >> 1 | (sum & 1), size, i);
    }
    return out;
}

/* The borrow of the unsigned difference is shifted in at the top. */
uint64_t pure_pavgsub(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm);
    uint64_t out = 0;

    for (unsigned i = 0; i < 8 / size; i++) {
        int64_t diff = element(a, size, i, false) - element(b, size, i, false);

        out |= place(diff >> 1 | (diff & 1), size, i);
    }
    return out;
}

uint64_t pure_pcmp_eq(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm);
    uint64_t out = 0;

    for (unsigned i = 0; i < 8 / size; i++)
        out |= place(-(int64_t)(element(a, size, i, true) == element(b, size, i, true)), size, i);
    return out;
}

uint64_t pure_pcmp_gt(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm);
    uint64_t out = 0;

    for (unsigned i = 0; i < 8 / size; i++)
        out |= place(-(int64_t)(element(a, size, i, true) > element(b, size, i, true)), size, i);
    return out;
}

static uint64_t min_max(uint64_t a, uint64_t b, unsigned size, bool max)
{
    uint64_t out = 0;

    for (unsigned i = 0; i < 8 / size; i++) {
        int64_t x = element(a, size, i, size == 2), y = element(b, size, i, size == 2);

        out |= place((x < y) == max ? y : x, size, i);
    }
    return out;
}

uint64_t pure_pmin(uint64_t a, uint64_t b, uint64_t imm) { return min_max(a, b, imm_size(imm), false); }
uint64_t pure_pmax(uint64_t a, uint64_t b, uint64_t imm) { return min_max(a, b, imm_size(imm), true); }

uint64_t pure_psad1(uint64_t a, uint64_t b, uint64_t imm)
{
    int64_t sum = 0;

    (void)imm;
    for (unsigned i = 0; i < 8; i++) {
        int64_t diff = element(a, 1, i, false) - element(b, 1, i, false);

        sum += diff < 0 ? -diff : diff;
    }
    return (uint64_t)sum;
}

/* A shift that overflows decides the result; otherwise the sum is clipped. */
uint64_t pure_pshladd2(uint64_t a, uint64_t b, uint64_t imm)
{
    uint64_t out = 0;

    for (unsigned i = 0; i < 4; i++) {
        int64_t shifted = element(a, 2, i, true) * (INT64_C(1) << imm_count(imm));
        int64_t clipped = clip_size(shifted, 2, true);

        if (clipped == shifted)
            clipped = clip_size(shifted + element(b, 2, i, true), 2, true);
        out |= place(clipped, 2, i);
    }
    return out;
}

uint64_t pure_pshradd2(uint64_t a, uint64_t b, uint64_t imm)
{
    uint64_t out = 0;

    for (unsigned i = 0; i < 4; i++) {
        int64_t sum = (element(a, 2, i, true) >> imm_count(imm)) + element(b, 2, i, true);

        out |= place(clip_size(sum, 2, true), 2, i);
    }
    return out;
}

uint64_t pure_pmpyshr2(uint64_t a, uint64_t b, uint64_t imm)
{
    bool sign = imm_sat(imm) != SAT_UUU;
    uint64_t out = 0;

    for (unsigned i = 0; i < 4; i++)
        out |= place(element(a, 2, i, sign) * element(b, 2, i, sign) >> imm_count(imm), 2, i);
    return out;
}

uint64_t pure_pmpy2(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned odd = imm_count(imm) & 1;

    return place(element(a, 2, odd, true) * element(b, 2, odd, true), 4, 0) |
           place(element(a, 2, odd + 2, true) * element(b, 2, odd + 2, true), 4, 1);
}

/* Pairs of the even (.r) or odd (.l) elements, a's above b's. */
uint64_t pure_mix(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm), odd = imm_count(imm) & 1;
    uint64_t out = 0;

    for (unsigned i = 0; i < 8 / size; i += 2)
        out |= place(element(b, size, i + odd, false), size, i) |
               place(element(a, size, i + odd, false), size, i + 1);
    return out;
}

/* Pairs of the elements of the high (.h) or low (.l) half, a's above b's. */
uint64_t pure_unpack(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm), n = 8 / size;
    unsigned from = imm_count(imm) & 1 ? n / 2 : 0;
    uint64_t out = 0;

    for (unsigned i = 0; i < n / 2; i++)
        out |= place(element(b, size, from + i, false), size, 2 * i) |
               place(element(a, size, from + i, false), size, 2 * i + 1);
    return out;
}

/* Elements of half the size, clipped: a's in the low half of the result, b's in the high half. */
uint64_t pure_pack(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm), n = 8 / size;
    bool sign = imm_sat(imm) == SAT_SSS;
    uint64_t out = 0;

    for (unsigned i = 0; i < n; i++) {
        out |= place(clip_size(element(a, size, i, true), size / 2, sign), size / 2, i);
        out |= place(clip_size(element(b, size, i, true), size / 2, sign), size / 2, n + i);
    }
    return out;
}

uint64_t pure_pshl(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm);
    uint64_t out = 0;

    if (b >= 8 * size)
        return 0;
    for (unsigned i = 0; i < 8 / size; i++)
        out |= place((int64_t)((uint64_t)element(a, size, i, false) << b), size, i);
    return out;
}

uint64_t pure_pshr(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm);
    unsigned count = b >= 8 * size ? 8 * size : (unsigned)b;
    bool sign = imm_sat(imm) != SAT_UUU;
    uint64_t out = 0;

    for (unsigned i = 0; i < 8 / size; i++)
        out |= place(element(a, size, i, sign) >> count, size, i);
    return out;
}

uint64_t pure_mux1(uint64_t a, uint64_t b, uint64_t imm)
{
    /* Source byte of each byte of the result, lowest first. */
    static const uint8_t mix[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    static const uint8_t shuf[8] = {0, 4, 1, 5, 2, 6, 3, 7};
    static const uint8_t alt[8] = {0, 2, 4, 6, 1, 3, 5, 7};
    const uint8_t *from;
    uint64_t out = 0;

    (void)b;
    switch (imm) {
    case MBTYPE_MIX:
        from = mix;
        break;
    case MBTYPE_SHUF:
        from = shuf;
        break;
    case MBTYPE_ALT:
        from = alt;
        break;
    case MBTYPE_REV:
        return __builtin_bswap64(a);
    default: /* brcst */
        return (a & 0xff) * UINT64_C(0x0101010101010101);
    }
    for (unsigned i = 0; i < 8; i++)
        out |= place(element(a, 1, from[i], false), 1, i);
    return out;
}

uint64_t pure_mux2(uint64_t a, uint64_t b, uint64_t imm)
{
    uint64_t out = 0;

    (void)b;
    for (unsigned i = 0; i < 4; i++)
        out |= place(element(a, 2, imm >> 2 * i & 3, false), 2, i);
    return out;
}

/*
 * Index of the first zero element from the right (.r) or left (.l); the number of elements if there is
 * none.
 */
uint64_t pure_czx(uint64_t a, uint64_t b, uint64_t imm)
{
    unsigned size = imm_size(imm), n = 8 / size;
    bool left = imm_count(imm);

    (void)b;
    for (unsigned i = 0; i < n; i++) {
        if (element(a, size, left ? n - 1 - i : i, false) == 0)
            return i;
    }
    return n;
}

uint64_t pure_pr_to_physical(uint64_t a, uint64_t b, uint64_t imm)
{
    (void)imm;
    return pr_rotate(a, cfm_rrb_pr(b) % 48);
}

uint64_t pure_pr_from_physical(uint64_t a, uint64_t b, uint64_t imm)
{
    (void)imm;
    return pr_rotate(a, (48 - cfm_rrb_pr(b) % 48) % 48);
}
