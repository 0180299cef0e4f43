/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host registers for the temps of a unit: linear scan over whole lifetimes (control flow only goes forward). */
#ifndef JIT_REGALLOC_H
#define JIT_REGALLOC_H

#include "jit/x64.h"
#include "lower/ir.h"

enum { JIT_MAX_SPILLS = 448 };

struct jit_place {
    uint8_t reg;      /* NOREG: not in a register */
    int16_t spill;    /* slot, or -1 */
    bool is_const;    /* made anew at each use */
    uint64_t imm;
    uint32_t first, last; /* op indices of definition and last use */
};

/* First: definitions and last uses; all temps without a place. @places: n_vals entries */
void regalloc_lifetimes(const struct ir_unit *u, struct jit_place *places);
/**
 * regalloc - places for the temps of @u that have none
 * @pinned: host registers that are not to be used, as a bit mask
 * @n_spills: slots used
 * Temps that live across an op that calls C get a callee-saved register or a slot.
 * Return: false if there are too many spills.
 */
bool regalloc(const struct ir_unit *u, struct jit_place *places, uint32_t pinned, unsigned *n_spills);

/* Caller-saved allocatable registers that hold values needed after op @index, as a bit mask. */
uint32_t regalloc_live(const struct ir_unit *u, const struct jit_place *places, uint32_t index);

/* True for ops that always call C in the main path. */
bool jit_op_calls(const struct ir_op *op);

#endif
