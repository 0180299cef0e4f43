/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting slots in compiled code, for deterministic machines. */
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

void emit_slots_enter(struct compile *c)
{
    if (!c->j->counted)
        return;
    x64_alu_mem_imm(&c->x, ALU_SUB, REG_V, V(slots_left), c->u->n_slots);
    cold_add(c, COLD_TURN, c->u->ops, x64_jcc(&c->x, CC_S));
}

void emit_slots_undo(struct compile *c)
{
    if (!c->j->counted)
        return;
    x64_alu_mem_imm(&c->x, ALU_ADD, REG_V, V(slots_left), c->u->n_slots);
}

void emit_slots_exit(struct compile *c, unsigned slots)
{
    if (c->j->counted && slots < c->u->n_slots)
        x64_alu_mem_imm(&c->x, ALU_ADD, REG_V, V(slots_left), (int32_t)(c->u->n_slots - slots));
}

void emit_slots_place(struct compile *c, const struct ir_op *op)
{
    if (c->j->counted)
        x64_store_imm32(&c->x, REG_V, V(slots_rest), c->u->n_slots - ir_slots(c->u, op->pos));
}
