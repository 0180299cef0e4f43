/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Divisions and square roots by Newton-Raphson steps, found in a unit's ops (docs/jit-fp.md).
 *
 * A chain is a frcpa or frsqrta that sets p, and ops predicated by p that are the steps of a recipe
 * (arch/fp_lazy.h), in any order and with other ops in between. It lies in segments: ops of the chain with
 * nothing else between.
 */
#ifndef JIT_FP_CHAIN_H
#define JIT_FP_CHAIN_H

#include "arch/fp_lazy.h"
#include "arch/fp_ops.h"
#include "lower/ir.h"

enum { FP_CHAINS = 8, FP_CHAIN_SEGMENTS = 28, FP_CHAIN_PUTS = 28 };

/* A register that is to get the value of a step, put off. */
struct fp_put {
    uint8_t f, step;
};

/* Ops [start, end) of a unit. */
struct fp_segment {
    uint32_t start, end;
    uint32_t mf;    /* PSR_MFL, PSR_MFH that its ops set */
    uint8_t n_puts; /* registers that whatever comes before the next segment may look at */
    struct fp_put puts[FP_CHAIN_PUTS];
};

struct fp_chain {
    const struct fp_recipe *recipe;
    unsigned number;     /* of the recipe */
    unsigned a, b;       /* registers of the operands at the start */
    unsigned p;          /* the predicate */
    unsigned target;     /* of the last op, which is in the last segment */
    unsigned n_segments; /* the first one begins with frcpa or frsqrta */
    struct fp_segment segments[FP_CHAIN_SEGMENTS];
};

/**
 * fp_chains_find - the chains of a unit
 * @chains: room for FP_CHAINS
 * Return: how many there are; those beyond FP_CHAINS are left alone.
 */
unsigned fp_chains_find(const struct ir_unit *u, struct fp_chain *chains);

/* Has the unit an estimate without a chain? What comes behind the unit may have the rest of it. */
bool fp_chain_is_cut(const struct ir_unit *u);

#endif
