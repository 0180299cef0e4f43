/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lowering of semaphores: atomic read-modify-write references (SDM 1:64, 4.4.3). All are full fences here. */
#include "lower/lower_ops.h"

static ir_val call(struct lower *l, const struct insn *in)
{
    ir_val address = ir_gr(l, in->r3);

    switch (in->op) {
    case OP_XCHG:
        return ir_call(l, op_xchg, in->size, address, ir_gr(l, in->r2), CALL_NO_REGS | IR_CALL_PLAIN);
    case OP_CMPXCHG:
        return ir_call(l, op_cmpxchg, in->size, address, ir_gr(l, in->r2), CALL_NO_REGS | IR_CALL_PLAIN);
    case OP_CMP8XCHG16:
        return ir_call(l, op_cmp8xchg16, 0, address, ir_gr(l, in->r2), CALL_NO_REGS);
    default:
        return ir_call(l, op_fetchadd, in->size | (uint64_t)(uint8_t)in->imm << 8, address, 0, CALL_NO_REGS | IR_CALL_PLAIN);
    }
}

/* xchg, cmpxchg, cmp8xchg16, fetchadd */
void lower_semaphore(struct lower *l, const struct insn *in)
{
    ir_check_target(l, in->r1);
    ir_nat_fault(l, in->op == OP_FETCHADD ? ir_nat(l, in->r3) : nat23(l, in), ISR_R | ISR_W);
    ir_set_gr(l, in->r1, call(l, in), ir_zero(l));
}
