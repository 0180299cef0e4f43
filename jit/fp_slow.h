/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What compiled code calls for floating-point ops that its inline forms do not do. */
#ifndef JIT_FP_SLOW_H
#define JIT_FP_SLOW_H

#include "lower/ir.h"

/* One of the four pieces of jit_fp_slow()'s @wants: register @f must be what an enum fp_known from FP_INT on says. */
#define FP_WANT(f, known) ((uint64_t)(0x8000u | (unsigned)(known) << 8 | (f)))

/**
 * jit_fp_slow - an op's function, and what the compiled code after it relies on
 * @op:    IR_FPOP, or an IR_CALL of op_load_fp or op_store_fp
 * @wants: four pieces of 16 bits, see FP_WANT()
 * Return: enum op_result. Where a register cannot be what is wanted the op is done and OPR_EXIT returned:
 * the rest of the unit was compiled for other values. So only ops that end their instruction may want
 * anything that can be missing.
 */
uint64_t jit_fp_slow(struct vcpu *v, const struct ir_op *op, uint64_t a, uint64_t b, uint64_t *out,
                     uint64_t wants);

/*
 * The same for an op whose operands the inline form needs as tagged doubles: those that can be become so, or a value that
 * stays in its register would come here each time.
 */
uint64_t jit_fp_slow_doubles(struct vcpu *v, const struct ir_op *op, uint64_t a, uint64_t b, uint64_t *out,
                             uint64_t wants);

/* Makes two registers other than f0 and f1 tagged doubles. Return: 0 if a value is none. */
uint64_t jit_fp_make_doubles(struct vcpu *v, uint64_t a, uint64_t b);

/*
 * Makes the registers of two bit maps, f0 to f63 and f64 to f127, tagged doubles. Return: 0 if a value is none, or one of the
 * second pair of bit maps is neither zero nor a normal number of single precision.
 */
uint64_t jit_fp_make_pins(struct vcpu *v, uint64_t low, uint64_t high, uint64_t single_low, uint64_t single_high);

/* True if an IR_FPOP writes its f1. */
bool fp_writes_f1(const struct ir_op *op);

#endif
