/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for floating-point ops, as the rest of the emitter sees it (docs/jit-fp.md). */
#ifndef JIT_EMIT_FP_H
#define JIT_EMIT_FP_H

#include "jit/compile.h"

/*
 * Before a unit's first op; after everything else of the unit was emitted, before what is out of line; at
 * the very end.
 */
void emit_fp_begin(struct compile *c);
void emit_fp_end(struct compile *c);
void emit_fp_free(struct compile *c);

/**
 * emit_fp - called for each op before anybody else looks at it, in order
 * Return: true if it is a floating-point op, which is then complete. Copies of floating-point registers
 * that are in xmm registers survive ops for which jit_op_calls() is false.
 */
bool emit_fp(struct compile *c, const struct ir_op *op);

/* The ops that emit_fp() takes; they do not call C as far as the register allocation is concerned. */
bool emit_fp_owns(const struct ir_op *op);

/* Is a floating-point load, IR_CALL, done inline, whatever is known of registers? Bytes of one, or of a store. */
bool emit_fp_is_load(const struct ir_unit *u, const struct ir_op *op);
unsigned fp_memory_size(const struct ir_op *op);

/*
 * After a call of C in the out-of-line part of a load or store (whose live registers are restored): xmm
 * registers too.
 */
void emit_fp_after_call(struct compile *c, const struct ir_op *op);

/*
 * Doubles in the registers of a loop, docs/jit-fp.md: in front of the top of the loop; is @op in such a loop; in front of the
 * branch back. Clobber rax, rcx, r10 and flags. emit_fp_branch_back() returns false if it went to the unit's start itself.
 */
void fp_pins_enter(struct compile *c);
void fp_pins_check_psr(struct compile *c); /* before that: to the version without pins unless psr is as it is in the loop */
bool fp_pins_hold(const struct compile *c, const struct ir_op *op);
bool emit_fp_branch_back(struct compile *c);
/* What the loop keeps in xmm registers only: a part of pins_write_back(). Keeps all registers and the flags. */
void fp_pins_write_back(struct compile *c);

/*
 * Parts of the way into compiled code and out of it: the host's MXCSR is put aside, guest flags go into
 * FPSR. Clobber r10.
 */
void emit_fp_enter(struct x64 *x);
void emit_fp_leave(struct x64 *x);

#endif
