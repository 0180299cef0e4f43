/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that take several ops and one or two host instructions. */
#include "jit/compile.h"

/* Is temp @v read by op @at for the last time, and by no op between its definition and that? */
static bool only_for(const struct compile *c, ir_val v, const struct ir_op *at)
{
    return c->places[v].last == (uint32_t)(at - c->u->ops);
}

/* The op after @op that has code, @later ops further on; NULL if something leads to it or there is none. */
static const struct ir_op *following(const struct compile *c, const struct ir_op *op, unsigned *later)
{
    for (uint32_t i = (uint32_t)(op - c->u->ops) + 1; i < c->u->n_ops && !c->is_label[i]; i++) {
        ++*later;
        if (!c->dead[i] && c->u->ops[i].op != IR_CONST)
            return &c->u->ops[i];
    }
    return NULL;
}

/* shladd: x << 1..3, and the sum of that and something. */
static unsigned emit_scaled_sum(struct compile *c, const struct ir_op *shl)
{
    unsigned later = 0, d, x;
    const struct ir_op *add = following(c, shl, &later);
    ir_val other;

    if (shl->imm > 3 || !add || add->op != IR_ADD || add->a == add->b || (add->a != shl->dst && add->b != shl->dst) ||
        !only_for(c, shl->dst, add))
        return 0;
    other = add->a == shl->dst ? add->b : add->a;
    d = def(c, add->dst);
    x = use(c, shl->a, REG_S0);
    x64_lea_index(&c->x, d, use(c, other, REG_S1), x, (unsigned)shl->imm);
    done(c, add->dst, d);
    return later;
}

/* shrp: x >> n | y << (64 - n), a rotation where both are the same. */
static unsigned emit_funnel(struct compile *c, const struct ir_op *shr)
{
    unsigned n = (unsigned)shr->imm, later = 0, d, high;
    const struct ir_op *shl = following(c, shr, &later), *both = shl ? following(c, shl, &later) : NULL;

    if (!both || shl->op != IR_SHLI || shl->imm != 64 - n || both->op != IR_OR || both->a != shr->dst ||
        both->b != shl->dst || !only_for(c, shr->dst, both) || !only_for(c, shl->dst, both))
        return 0;
    d = def(c, both->dst);
    if (shr->a == shl->a) {
        use_into(c, shr->a, d);
        x64_shift_ri(&c->x, SHIFT_ROR, d, n);
    } else {
        high = use(c, shl->a, REG_S1);
        use_into(c, shr->a, REG_S0);
        x64_shrd(&c->x, REG_S0, high, n);
        x64_mov_rr(&c->x, d, REG_S0);
    }
    done(c, both->dst, d);
    return later;
}

unsigned emit_fused_value(struct compile *c, const struct ir_op *op)
{
    switch (op->op) {
    case IR_SHLI:
        return emit_scaled_sum(c, op);
    case IR_SHRI:
        return emit_funnel(c, op);
    default:
        return 0;
    }
}
