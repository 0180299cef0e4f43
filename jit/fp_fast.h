/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Called by compiled code for common floating-point ops whose results are no doubles. */
#ifndef JIT_FP_FAST_H
#define JIT_FP_FAST_H

#include "arch/vcpu.h"

/* How a multiply-add is done, beside its precision: bits of @how. */
enum {
    FP_HOW_SF1 = 1 << 0,    /* flags go to sf1, not sf0 */
    FP_HOW_WIDE = 1 << 1,   /* the widest range; else that of the precision's format, 64 bits: extended */
    FP_HOW_TAGGED = 1 << 2, /* the result is stored as a tagged double: precision 53 or 24, not wide */
    FP_HOW_NEG_PRODUCT = 1 << 17,
    FP_HOW_NEG_ADDEND = 1 << 18,
};

/**
 * jit_muladd64, jit_muladd53, jit_muladd24 - +-(a * b) +- c at a precision, rounded to nearest
 * @out:     the target's slot
 * @a, @b, @c: the operands' slots
 * @v:       for the sticky flag
 * Return: 0, or 1 if nothing was done because it is not common. So for the others. jit_mul64() and its kin
 * have no addend.
 */
uint64_t jit_muladd64(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b,
                      const struct ia64_fr *c, struct vcpu *v, uint64_t how);
uint64_t jit_muladd53(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b,
                      const struct ia64_fr *c, struct vcpu *v, uint64_t how);
uint64_t jit_muladd24(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b,
                      const struct ia64_fr *c, struct vcpu *v, uint64_t how);
uint64_t jit_mul64(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b,
                   const struct ia64_fr *c, struct vcpu *v, uint64_t how);
uint64_t jit_mul53(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b,
                   const struct ia64_fr *c, struct vcpu *v, uint64_t how);
uint64_t jit_mul24(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b,
                   const struct ia64_fr *c, struct vcpu *v, uint64_t how);

/* jit_rcpa, jit_rsqrta - frcpa and frsqrta (of @b) that give an estimate: p2 = 1. No flags. */
uint64_t jit_rcpa(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b);
uint64_t jit_rsqrta(struct ia64_fr *out, const struct ia64_fr *a, const struct ia64_fr *b);

#endif
