/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes of general registers that another one overwrites later in the unit, where only memory references and exits in between can
 * show them: the value stays in its host register, and is stored out of line, where one of those faults or leaves.
 */
#include "jit/compile.h"

enum { LAZY_REACH = 48 }; /* ops to the write that overwrites it: host registers are few */

/* Does the skip leave out an exit and nothing else? Then what is behind it runs only if the skip was taken. */
static bool skips_exit(const struct ir_unit *u, uint32_t i)
{
    return ir_is_skip(&u->ops[i]) && i + 1 < u->n_ops && u->ops[i].imm == i + 2 && ir_is_exit(&u->ops[i + 1]);
}

/* Does something else lead to op @i than the op in front, or a skip of an exit? */
static bool is_joined(const struct compile *c, uint32_t i)
{
    if (!c->is_label[i])
        return false;
    if (i < 2 || !skips_exit(c->u, i - 2))
        return true;
    for (uint32_t k = i - 2; k-- > 0;) {
        if (ir_is_skip(&c->u->ops[k]) && c->u->ops[k].imm == i)
            return true;
    }
    return false;
}

static bool is_memory(const struct ir_op *op) { return op->op >= IR_LD1 && op->op <= IR_ST8; }

/* Neither shows registers nor changes them, but for SETs. */
static bool is_silent(const struct ir_op *op)
{
    switch (op->op) {
    case IR_NOP:
    case IR_GET_BR:
    case IR_SET_BR:
    case IR_GET_PRW:
    case IR_SET_PRW:
    case IR_FENCE:
        return true;
    default:
        return plan_is_quiet(op);
    }
}

/* The write that overwrites that of op @i, and the last op before it that may show the value; 0: there is none, or it is shown otherwise. */
static uint32_t overwritten_at(const struct compile *c, uint32_t i, uint32_t *shown)
{
    const struct ir_unit *u = c->u;
    const struct ir_op *set = &u->ops[i];

    *shown = 0;
    for (uint32_t k = i + 1; k < u->n_ops && k <= i + LAZY_REACH; k++) {
        const struct ir_op *op = &u->ops[k];
        bool same = op->c == set->c;

        if (is_joined(c, k) || (same && op->op == set->op - IR_SET_GRS + IR_GET_GRS))
            return 0;
        if (same && op->op == set->op)
            return *shown ? k : 0;
        if (skips_exit(u, k))
            *shown = ++k;
        else if (is_memory(op))
            *shown = k;
        else if (!is_silent(op))
            return 0;
    }
    return 0;
}

void lazy_plan(struct compile *c)
{
    const struct ir_unit *u = c->u;

    if (c->loop_end || (u->key & (KEY_CAREFUL | KEY_NAT)))
        return;
    for (uint32_t i = 0; i < u->n_ops && c->n_lazies < MAX_LAZIES; i++) {
        const struct ir_op *op = &u->ops[i];
        struct jit_place *p = &c->places[op->a];
        uint32_t shown, end;

        if ((op->op != IR_SET_GRS && op->op != IR_SET_GRF) || c->dead[i] || !op->a || (p->is_const && !x64_fits32(p->imm)))
            continue;
        end = overwritten_at(c, i, &shown);
        if (!end)
            continue;
        c->lazies[c->n_lazies++] = (struct lazy){ i, shown, end };
        c->dead[i] = true;
        if (p->last < shown)
            p->last = shown;
    }
}

bool lazy_at(const struct compile *c, uint32_t i)
{
    for (unsigned k = 0; k < c->n_lazies; k++) {
        if (c->lazies[k].set == i)
            return true;
    }
    return false;
}

void lazy_check(struct compile *c)
{
    unsigned n = 0;

    for (unsigned k = 0; k < c->n_lazies; k++) {
        const struct lazy lazy = c->lazies[k];
        const struct jit_place *p = &c->places[c->u->ops[lazy.set].a];

        if (p->is_const || (p->reg != NOREG && p->until >= lazy.shown))
            c->lazies[n++] = lazy;
        else
            c->dead[lazy.set] = false; /* there were not enough host registers */
    }
    c->n_lazies = n;
}

void lazy_store(struct compile *c, const struct ir_op *op)
{
    uint32_t at = (uint32_t)(op - c->u->ops);

    for (unsigned k = 0; k < c->n_lazies; k++) {
        const struct ir_op *set = &c->u->ops[c->lazies[k].set];
        const struct jit_place *p = &c->places[set->a];
        bool is_static = set->op == IR_SET_GRS;
        unsigned base = is_static ? REG_V : REG_FRAME;
        int32_t disp = (is_static ? (int32_t)offsetof(struct vcpu, gr) : 0) + set->c * 8;

        if (at <= c->lazies[k].set || at >= c->lazies[k].end)
            continue;
        if (p->is_const)
            x64_store_imm(&c->x, base, disp, (int32_t)p->imm);
        else
            x64_store(&c->x, base, disp, p->reg);
    }
}
