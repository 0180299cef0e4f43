/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is looked at before a unit is emitted: writes that nobody can see, whether it is a loop, what frame it needs. */
#include "jit/compile.h"
#include "jit/emit_fp.h"

bool plan_is_quiet(const struct ir_op *op)
{
    switch (op->op) {
    case IR_CONST:
    case IR_IP:
    case IR_GET_GRS:
    case IR_GET_GRF:
    case IR_GET_GRR:
    case IR_SET_GRS:
    case IR_SET_GRF:
    case IR_SET_GRR:
    case IR_GET_PR:
    case IR_SET_PR:
    case IR_SET_PRI:
    case IR_SET_PR2:
    case IR_GET_ST:
    case IR_SET_ST:
    case IR_CHECK_SOF: /* looked at before the unit */
        return true;
    default:
        return op->op >= IR_ADD && op->op < IR_PURE;
    }
}

/* Is what op @i writes written again before anything but quiet ops? Values that were read in between came from temps. */
static bool is_overwritten(const struct compile *c, uint32_t i)
{
    const struct ir_op *set = &c->u->ops[i];

    for (uint32_t k = i + 1; k < c->u->n_ops; k++) {
        const struct ir_op *op = &c->u->ops[k];
        bool same = op->c == set->c;

        if (c->is_label[k] || !plan_is_quiet(op) || (same && op->op == set->op - IR_SET_GRS + IR_GET_GRS))
            return false;
        if (same && op->op == set->op)
            return true;
    }
    return false;
}

/* May what runs before op @end have changed what the unit is compiled for? */
static bool changes_key(const struct ir_unit *u, const struct ir_op *end)
{
    for (const struct ir_op *op = u->ops; op < end; op++) {
        if (op->op == IR_CALL && !(op->aux & (IR_CALL_NO_GR | IR_CALL_READS_GR)))
            return true;
        if (op->op == IR_SET_NAT || op->op == IR_MAKE_NAT)
            return true;
    }
    return false;
}

void plan_unit(struct compile *c)
{
    const struct ir_unit *u = c->u;

    c->sof_least = -1;
    c->exits_apart = !(u->key & KEY_CAREFUL);
    for (uint32_t i = 0; i < u->n_ops; i++) {
        const struct ir_op *op = &u->ops[i];

        if (op->op == IR_CHECK_SOF && op->c > c->sof_least)
            c->sof_least = op->c;
        if (ir_is_skip(op))
            c->is_label[op->imm] = true;
        if (emit_fp_owns(op)) /* what exits need to know is known in their place */
            c->exits_apart = false;
        if (op->op == IR_EXIT && op->imm == 0 && op->c == u->slot && op->aux == IR_EXIT_TAKEN)
            c->loop_end = op;
    }
    if (c->loop_end && ((u->key & KEY_CAREFUL) || changes_key(u, c->loop_end)))
        c->loop_end = NULL;
    for (uint32_t i = 0; i < u->n_ops; i++) {
        unsigned op = u->ops[i].op;

        if (op == IR_SET_GRS || op == IR_SET_GRF || op == IR_SET_GRR)
            c->dead[i] = is_overwritten(c, i);
    }
    lazy_plan(c);
}
