/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of values only behind IR_PURE: parallel integer arithmetic and a few bit tricks (ir_pure_fn of
 * lower/ir.h).
 */
#ifndef LOWER_PURE_H
#define LOWER_PURE_H

#include <stdint.h>

/*
 * Parallel operations on the 8, 4 or 2 elements of a = GR[r2] and b = GR[r3]. @imm is PURE_IMM(size, sat,
 * count): element size in bytes, enum isa_sat, count or flag. Source: SDM Vol.3, the instructions of these
 * names.
 */
#define PURE_IMM(size, sat, count) ((uint64_t)(size) | (uint64_t)(sat) << 8 | (uint64_t)(count) << 16)

uint64_t pure_padd(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_psub(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_pavg(uint64_t a, uint64_t b, uint64_t imm);    /* count: 1 for .raz */
uint64_t pure_pavgsub(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_pcmp_eq(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_pcmp_gt(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_pmin(uint64_t a, uint64_t b, uint64_t imm);    /* size 1 unsigned, 2 signed */
uint64_t pure_pmax(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_psad1(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_pshladd2(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_pshradd2(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_pmpyshr2(uint64_t a, uint64_t b, uint64_t imm); /* sat SAT_UUU: .u */
uint64_t pure_pmpy2(uint64_t a, uint64_t b, uint64_t imm);    /* count: 1 for .l (the odd elements) */
uint64_t pure_mix(uint64_t a, uint64_t b, uint64_t imm);      /* count: 1 for .l */
uint64_t pure_unpack(uint64_t a, uint64_t b, uint64_t imm);   /* count: 1 for .h */
uint64_t pure_pack(uint64_t a, uint64_t b, uint64_t imm);     /* size of the source elements */

/* a's elements shifted by the 64-bit count b: everything is shifted out by a count of the width or more. */
uint64_t pure_pshl(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_pshr(uint64_t a, uint64_t b, uint64_t imm);     /* sat SAT_UUU: logical */

uint64_t pure_mux1(uint64_t a, uint64_t b, uint64_t imm);     /* imm: enum isa_mbtype */
uint64_t pure_mux2(uint64_t a, uint64_t b, uint64_t imm);     /* imm: mhtype8 */
uint64_t pure_czx(uint64_t a, uint64_t b, uint64_t imm);      /* count: 1 for .l */

/* Predicates by virtual number in a, CFM in b: as seen with rrb.pr = 0, and the way back. */
uint64_t pure_pr_to_physical(uint64_t a, uint64_t b, uint64_t imm);
uint64_t pure_pr_from_physical(uint64_t a, uint64_t b, uint64_t imm);

#endif
