/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linear scan. */
#include "jit/regalloc.h"

#include "jit/emit_fp.h"

/* rax, rcx, r10 and r11 are scratch; rbx r12 r13 r14 hold the vcpu, the frame, the predicates and the unit's address. */
const uint8_t jit_caller_saved[JIT_CALLER_SAVED] = { RDX, RSI, RDI, R8, R9 };
static const uint8_t callee_saved[] = { RBP, R15 };

bool jit_op_calls(const struct ir_op *op)
{
    switch (op->op) {
    case IR_CALL:
        return !emit_fp_owns(op);
    case IR_PURE:
        return !jit_is_pr_turn(op);
    case IR_ROTATE:
    case IR_GET_NAT:
    case IR_SET_NAT:
    case IR_CLZ:
        return true;
    default:
        return false;
    }
}

static void note_use(struct jit_place *places, ir_val v, uint32_t i)
{
    if (v) {
        places[v].last = i;
        places[v].uses++;
    }
}

void regalloc_lifetimes(const struct ir_unit *u, struct jit_place *places)
{
    for (uint32_t v = 0; v < u->n_vals; v++)
        places[v] = (struct jit_place){ .reg = NOREG, .spill = -1, .until = UINT32_MAX, .home_from = NO_HOME };
    for (uint32_t i = 0; i < u->n_ops; i++) {
        const struct ir_op *op = &u->ops[i];

        note_use(places, op->a, i);
        note_use(places, op->b, i);
        if (op->op == IR_SELECT)
            note_use(places, op->c, i);
        if (op->dst) {
            places[op->dst].first = places[op->dst].last = i;
            places[op->dst].is_const = op->op == IR_CONST;
            places[op->dst].imm = op->imm;
        }
    }
}

struct scan {
    ir_val owner[X64_REGS];
    uint32_t pinned;
    struct jit_place *places;
    const uint32_t *next_call; /* at or after an op */
};

/* Up to which op a temp needs its register. */
static uint32_t end_of(const struct jit_place *p) { return p->last < p->until ? p->last : p->until; }

/* An op's own result is not live during its call; operands that die there are not live after. */
static bool crosses_call(const struct scan *s, const struct jit_place *p)
{
    return end_of(p) > p->first && s->next_call[p->first + 1] < end_of(p);
}

static bool take(struct scan *s, const uint8_t *regs, unsigned n, ir_val v)
{
    for (unsigned i = 0; i < n; i++) {
        ir_val o = s->owner[regs[i]];

        if (s->pinned >> regs[i] & 1)
            continue;
        if (!o || end_of(&s->places[o]) <= s->places[v].first) {
            s->owner[regs[i]] = v;
            s->places[v].reg = regs[i];
            return true;
        }
    }
    return false;
}

/* Of the registers whose temps are at home as well, the one that is needed longest changes hands; not to somebody who needs it longer. */
static bool evict(struct scan *s, const uint8_t *regs, unsigned n, ir_val v)
{
    uint32_t now = s->places[v].first, last = s->places[v].last;
    unsigned best = NOREG;

    for (unsigned i = 0; i < n; i++) {
        const struct jit_place *o = &s->places[s->owner[regs[i]]];

        if (s->pinned >> regs[i] & 1 || o->home_from >= now || o->last <= last)
            continue;
        best = regs[i];
        last = o->last;
    }
    if (best == NOREG)
        return false;
    s->places[s->owner[best]].until = now;
    s->owner[best] = v;
    s->places[v].reg = (uint8_t)best;
    return true;
}

static bool find_register(struct scan *s, ir_val v)
{
    struct jit_place *p = &s->places[v];

    if (crosses_call(s, p))
        return take(s, callee_saved, sizeof(callee_saved), v) || evict(s, callee_saved, sizeof(callee_saved), v);
    return take(s, jit_caller_saved, sizeof(jit_caller_saved), v) || take(s, callee_saved, sizeof(callee_saved), v) ||
           evict(s, jit_caller_saved, sizeof(jit_caller_saved), v) || evict(s, callee_saved, sizeof(callee_saved), v);
}

bool regalloc(const struct ir_unit *u, struct jit_place *places, uint32_t pinned, unsigned *n_spills)
{
    uint32_t next_call[4096 + 2];
    struct scan s = { .places = places, .pinned = pinned, .next_call = next_call };

    *n_spills = 0;
    next_call[u->n_ops] = next_call[u->n_ops + 1] = UINT32_MAX;
    for (uint32_t i = u->n_ops; i-- > 0;)
        next_call[i] = jit_op_calls(&u->ops[i]) ? i : next_call[i + 1];
    for (uint32_t i = 0; i < u->n_ops; i++) {
        ir_val v = u->ops[i].dst;
        struct jit_place *p = &places[v];
        uint32_t call;

        if (!v || p->is_const || p->reg != NOREG)
            continue;
        if (p->home_from == i && p->uses == 1)
            continue; /* read where it is used */
        call = next_call[i + 1];
        if (call < p->last && p->home_from <= call)
            p->until = call;
        if (find_register(&s, v) || p->home_from == i)
            continue;
        p->until = UINT32_MAX;
        p->home_from = NO_HOME;
        if (*n_spills >= JIT_MAX_SPILLS)
            return false;
        p->spill = (int16_t)(*n_spills)++;
    }
    return true;
}

uint32_t regalloc_live(const struct ir_unit *u, const struct jit_place *places, uint32_t index)
{
    uint32_t live = 0;

    for (uint32_t v = 1; v < u->n_vals; v++) {
        if (places[v].reg != NOREG && places[v].first < index && end_of(&places[v]) > index)
            live |= UINT32_C(1) << places[v].reg;
    }
    return live & ~(UINT32_C(1) << RBP | UINT32_C(1) << R15);
}
