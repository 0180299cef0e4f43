/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lowering of the instructions that manage translations (SDM Vol.2 4.1; Vol.3, itc, itr, ptc, ptr, probe,
 * tpa, thash ...).
 */
#include "lower/lower_ops.h"

/* itc.d, itc.i of r2; itr.d, itr.i also with r3 as the slot */
void lower_itc(struct lower *l, const struct insn *in)
{
    bool tr = in->op == OP_ITR_D || in->op == OP_ITR_I;
    bool inst = in->op == OP_ITC_I || in->op == OP_ITR_I;

    if (collecting(l)) {
        raise_illegal(l);
        return;
    }
    if (not_privileged(l))
        return;
    ir_nat_fault(l, tr ? nat23(l, in) : ir_nat(l, in->r2), 0);
    if (tr)
        ir_call(l, op_itr, inst, ir_gr(l, in->r2), ir_gr(l, in->r3), CALL_NO_REGS);
    else
        ir_call(l, op_itc, inst, ir_gr(l, in->r2), 0, CALL_NO_REGS);
}

static ir_helper purge_function(unsigned op)
{
    switch (op) {
    case OP_PTC_L:
        return op_ptc_l;
    case OP_PTC_G:
    case OP_PTC_GA:
        return op_ptc_g;
    default:
        return op_ptr;
    }
}

/* ptc.l, ptc.g, ptc.ga, ptr.d, ptr.i: r3 the address, r2 the size */
void lower_purge(struct lower *l, const struct insn *in)
{
    if (not_privileged(l))
        return;
    ir_nat_fault(l, nat23(l, in), 0);
    ir_call(l, purge_function(in->op), in->op == OP_PTC_GA || in->op == OP_PTR_I, ir_gr(l, in->r3),
            ir_gr(l, in->r2), CALL_NO_REGS);
}

void lower_ptc_e(struct lower *l, const struct insn *in)
{
    if (not_privileged(l))
        return;
    ir_nat_fault(l, ir_nat(l, in->r3), 0);
    ir_call(l, op_ptc_e, 0, ir_gr(l, in->r3), 0, CALL_NO_REGS);
}

/* thash, ttag: unprivileged, and a NaT operand gives a NaT result; under psr.vm the intercept comes first. */
void lower_hash(struct lower *l, const struct insn *in)
{
    ir_val value;

    ir_check_target(l, in->r1);
    value = ir_call(l, in->op == OP_THASH ? op_thash : op_ttag, 0, ir_gr(l, in->r3), 0, CALL_NO_REGS);
    ir_set_gr(l, in->r1, value, ir_nat(l, in->r3));
}

/* tpa, tak */
void lower_tpa(struct lower *l, const struct insn *in)
{
    bool tpa = in->op == OP_TPA;

    ir_check_target(l, in->r1);
    if (not_privileged(l))
        return;
    ir_nat_fault(l, ir_nat(l, in->r3), ISR_NA | (tpa ? NA_TPA : NA_TAK));
    ir_set_gr(l, in->r1, ir_call(l, tpa ? op_tpa : op_tak, 0, ir_gr(l, in->r3), 0, CALL_NO_REGS), ir_zero(l));
}

/* ISR.r and .w of a probe. */
static uint64_t access_isr(unsigned access)
{
    return (access == ACCESS_W ? 0 : ISR_R) | (access == ACCESS_R ? 0 : ISR_W);
}

/* probe.r, probe.w with the level in r2 or an immediate */
void lower_probe(struct lower *l, const struct insn *in)
{
    bool by_reg = in->op == OP_PROBE;
    ir_val level, value;

    ir_check_target(l, in->r1);
    ir_nat_fault(l, by_reg ? nat23(l, in) : ir_nat(l, in->r3), ISR_NA | NA_PROBE | access_isr(in->access));
    level = by_reg ? ir_gr(l, in->r2) : ir_const(l, (uint64_t)in->imm);
    value = ir_call(l, op_probe, in->access == ACCESS_W, ir_gr(l, in->r3), level, CALL_NO_REGS);
    ir_set_gr(l, in->r1, value, ir_zero(l));
}

void lower_probe_fault(struct lower *l, const struct insn *in)
{
    uint64_t access = in->access == ACCESS_R ? 1 : in->access == ACCESS_W ? 2 : 3;

    ir_nat_fault(l, ir_nat(l, in->r3), ISR_NA | NA_PROBE_FAULT | access_isr(in->access));
    ir_call(l, op_probe_fault, ((uint64_t)in->imm & 3) | access << 2, ir_gr(l, in->r3), 0, CALL_NO_REGS);
}
