/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Temps that are in memory anyway: a guest register that was read, or written, holds the temp's value until something writes it
 * again. Such temps need no slot when there are too few host registers, nor where they live across calls of C.
 */
#include "jit/compile.h"

enum { GUESTS = 128 };

/* Is memory behind the host register that the loop keeps @guest in? */
static bool is_pinned(const struct compile *c, uint32_t i, unsigned guest)
{
    for (unsigned k = 0; k < c->n_pins; k++) {
        if (c->pins[k].guest == guest)
            return i <= c->pins_end;
    }
    return false;
}

static bool writes_registers(const struct ir_op *op)
{
    return op->op == IR_CALL && !(op->aux & (IR_CALL_NO_GR | IR_CALL_READS_GR));
}

/* Where the innermost skip around each op leads: from there on the op may not have been run. */
static void find_barriers(const struct ir_unit *u, uint32_t *barrier)
{
    for (uint32_t i = 0; i < u->n_ops; i++)
        barrier[i] = u->n_ops;
    for (uint32_t i = 0; i < u->n_ops; i++) {
        const struct ir_op *op = &u->ops[i];

        if (!ir_is_skip(op))
            continue;
        for (uint32_t k = i + 1; k < op->imm && k < u->n_ops; k++) {
            if (op->imm < barrier[k])
                barrier[k] = (uint32_t)op->imm;
        }
    }
}

/* From op @i on temp @v is what memory has for @guest, unless that changes before its last use. */
static void set_home(struct compile *c, ir_val v, uint32_t i, uint32_t end, unsigned guest)
{
    struct jit_place *p = &c->places[v];

    if (!v || p->is_const || p->last > end || is_pinned(c, i, guest))
        return;
    p->home_from = i;
    p->home_base = guest < 32 ? REG_V : REG_FRAME;
    p->home = guest < 32 ? (int32_t)offsetof(struct vcpu, gr) + (int32_t)guest * 8 : ((int32_t)guest - 32) * 8;
}

void homes_plan(struct compile *c)
{
    const struct ir_unit *u = c->u;
    uint32_t next[GUESTS], all = u->n_ops; /* who writes a register next, and all of them */

    find_barriers(u, c->barrier);
    for (unsigned g = 0; g < GUESTS; g++)
        next[g] = u->n_ops;
    for (uint32_t i = u->n_ops; i-- > 0;) {
        const struct ir_op *op = &u->ops[i];
        unsigned guest = general_register_of(op);
        uint32_t end;

        if (writes_registers(op))
            all = i;
        if (!guest || (c->dead[i] && !lazy_at(c, i)))
            continue;
        end = next[guest] < all ? next[guest] : all;
        if (op->op == IR_GET_GRS || op->op == IR_GET_GRF) {
            set_home(c, op->dst, i, end, guest);
        } else if (c->dead[i]) {
            next[guest] = i; /* out of line, perhaps */
        } else {
            if (c->barrier[i] <= end)
                end = c->barrier[i] - 1;
            set_home(c, op->a, i, end, guest);
            next[guest] = i;
        }
    }
}
