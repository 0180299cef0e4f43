/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host registers for the temps of a unit: linear scan over whole lifetimes (control flow only goes forward). */
#ifndef JIT_REGALLOC_H
#define JIT_REGALLOC_H

#include "jit/x64.h"
#include "lower/ir.h"

enum { JIT_MAX_SPILLS = 448, JIT_CALLER_SAVED = 5 };
/* The registers of temps that C may change. */
extern const uint8_t jit_caller_saved[JIT_CALLER_SAVED];

/* Where a temp is: in a register, then or always in its home (jit/homes.c), or in a slot. */
struct jit_place {
    uint8_t reg;      /* NOREG: not in a register */
    int16_t spill;    /* slot, or -1 */
    bool is_const;    /* made anew at each use */
    uint64_t imm;
    uint32_t first, last; /* op indices of definition and last use */
    uint32_t until;       /* reg has it up to this op, after which it is read from its home */
    uint32_t home_from;   /* after this op memory has it until its last use; NO_HOME */
    uint8_t home_base;    /* host register */
    int32_t home;         /* displacement from that */
    uint16_t uses;
    uint8_t window;   /* 1 + the window that it is a distance in (jit/windows.c), 0 */
};
#define NO_HOME UINT32_MAX

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

/* Is the temp nowhere but in its home? Then what reads the guest register there emits nothing. */
static inline bool jit_place_is_home(const struct jit_place *p)
{
    return p->reg == NOREG && p->spill < 0 && !p->is_const && p->home_from != NO_HOME;
}

/* Caller-saved allocatable registers that hold values needed after op @index, as a bit mask. */
uint32_t regalloc_live(const struct ir_unit *u, const struct jit_place *places, uint32_t index);

/* A move to or from the predicates that turns them by rrb.pr: inline. jit/emit_value.c */
bool jit_is_pr_turn(const struct ir_op *op);
/* True for ops that always call C in the main path. */
bool jit_op_calls(const struct ir_op *op);

#endif
