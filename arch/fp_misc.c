/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on bits and integers in floating-point registers, and on FPSR itself. */
#include "arch/fp_core.h"

static uint64_t pair(uint64_t hi, uint64_t lo)
{
    return hi << 32 | (lo & 0xffffffff);
}

/* Sign or sign and exponent of each half of a, the rest of b. */
static uint64_t merge_halves(uint64_t a, uint64_t b, uint32_t from_a)
{
    uint64_t mask = pair(from_a, from_a);

    return (a & mask) | (b & ~mask);
}

/* The significand that the operations on significands deliver. */
static uint64_t bits_sig(enum fp_bits_op op, const struct ia64_fr *f2, const struct ia64_fr *f3)
{
    const uint64_t signs = UINT64_C(0x8000000080000000);
    uint64_t a = f2->sig;
    uint64_t b = f3->sig;

    switch (op) {
    case FP_MIX_LR:
        return pair(a >> 32, b);
    case FP_MIX_R:
        return pair(a, b);
    case FP_MIX_L:
        return pair(a >> 32, b >> 32);
    case FP_SXT_R:
        return pair(a >> 31 & 1 ? 0xffffffff : 0, b);
    case FP_SXT_L:
        return pair(a >> 63 ? 0xffffffff : 0, b >> 32);
    case FP_PACK:
        return pair(fp_to_single(f2), fp_to_single(f3));
    case FP_SWAP:
        return pair(b, a >> 32);
    case FP_SWAP_NL:
        return pair(b, a >> 32) ^ UINT64_C(0x8000000000000000);
    case FP_SWAP_NR:
        return pair(b, a >> 32) ^ UINT64_C(0x80000000);
    case FP_AND:
        return a & b;
    case FP_ANDCM:
        return a & ~b;
    case FP_OR:
        return a | b;
    case FP_XOR:
        return a ^ b;
    case FPP_MERGE_NS:
        return merge_halves(a ^ signs, b, 0x80000000);
    case FPP_MERGE_S:
        return merge_halves(a, b, 0x80000000);
    case FPP_MERGE_SE:
    default:
        return merge_halves(a, b, 0xff800000);
    }
}

struct ia64_fr fp_bits(enum fp_bits_op op, const struct ia64_fr *f2, const struct ia64_fr *f3)
{
    if (fp_is_natval(f2) || fp_is_natval(f3))
        return FP_NATVAL;
    switch (op) {
    case FP_MERGE_NS:
        return (struct ia64_fr){ f3->sig, (~f2->se & FP_SE_SIGN) | (f3->se & FP_SE_EXP) };
    case FP_MERGE_S:
        return (struct ia64_fr){ f3->sig, (f2->se & FP_SE_SIGN) | (f3->se & FP_SE_EXP) };
    case FP_MERGE_SE:
        return (struct ia64_fr){ f3->sig, f2->se };
    default:
        return fp_from_int(bits_sig(op, f2, f3));
    }
}

struct ia64_fr fp_select(const struct ia64_fr *f3, const struct ia64_fr *f4, const struct ia64_fr *f2)
{
    if (fp_is_natval(f3) || fp_is_natval(f4) || fp_is_natval(f2))
        return FP_NATVAL;
    return fp_from_int((f3->sig & f2->sig) | (f4->sig & ~f2->sig));
}

struct ia64_fr fp_xma(enum fp_xma_op op, const struct ia64_fr *f3, const struct ia64_fr *f4,
                      const struct ia64_fr *f2)
{
    fp_u128 product = (fp_u128)f3->sig * f4->sig;

    if (fp_is_natval(f3) || fp_is_natval(f4) || fp_is_natval(f2))
        return FP_NATVAL;
    /* The signed product differs from the unsigned one in the high half only; f2 is zero-extended in both. */
    if (op == FP_XMA_H) {
        product -= (fp_u128)(f3->sig >> 63 ? f4->sig : 0) << 64;
        product -= (fp_u128)(f4->sig >> 63 ? f3->sig : 0) << 64;
    }
    product += f2->sig;
    return fp_from_int(op == FP_XMA_L ? (uint64_t)product : (uint64_t)(product >> 64));
}

static unsigned sf_shift(unsigned sf)
{
    return FPSR_SF_SHIFT + FPSR_SF_BITS * (sf & 3);
}

/* Reserved encodings of a status field's controls: pc = 1, and td in sf0 (SDM 1:90). */
static bool controls_valid(unsigned sf, unsigned controls)
{
    return (controls & FPSR_SF_PC) != 1 << 2 && !(sf == 0 && controls & FPSR_SF_TD);
}

bool fp_setc(uint64_t *fpsr, unsigned sf, unsigned amask7, unsigned omask7)
{
    unsigned sf0 = (unsigned)(*fpsr >> FPSR_SF_SHIFT) & FPSR_SF_CONTROLS;
    unsigned controls = ((sf0 & amask7) | omask7) & FPSR_SF_CONTROLS;

    if (!controls_valid(sf & 3, controls))
        return false;
    *fpsr &= ~((uint64_t)FPSR_SF_CONTROLS << sf_shift(sf));
    *fpsr |= (uint64_t)controls << sf_shift(sf);
    return true;
}

uint64_t fp_clrf(uint64_t fpsr, unsigned sf)
{
    return fpsr & ~((uint64_t)FPSR_TRAPS << (sf_shift(sf) + FPSR_SF_FLAG_SHIFT));
}

bool fp_chkf(uint64_t fpsr, unsigned sf)
{
    uint64_t flags = fpsr >> (sf_shift(sf) + FPSR_SF_FLAG_SHIFT) & FPSR_TRAPS;
    uint64_t sf0_flags = fpsr >> (sf_shift(0) + FPSR_SF_FLAG_SHIFT) & FPSR_TRAPS;

    return flags & ~(fpsr & sf0_flags);
}

bool fp_fpsr_valid(uint64_t fpsr)
{
    if (fpsr >> (FPSR_SF_SHIFT + 4 * FPSR_SF_BITS))
        return false;
    for (unsigned sf = 0; sf < 4; sf++)
        if (!controls_valid(sf, (unsigned)(fpsr >> sf_shift(sf)) & FPSR_SF_CONTROLS))
            return false;
    return true;
}
