/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linear scan. */
#include "jit/regalloc.h"

#include "jit/emit_fp.h"

/* rax, rcx, r10 and r11 are scratch; rbx r12 r13 r14 hold the vcpu, the frame, the predicates and the unit's address. */
static const uint8_t caller_saved[] = { RDX, RSI, RDI, R8, R9 };
static const uint8_t callee_saved[] = { RBP, R15 };

bool jit_op_calls(const struct ir_op *op)
{
    switch (op->op) {
    case IR_CALL:
        return !emit_fp_owns(op);
    case IR_PURE:
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
    if (v)
        places[v].last = i;
}

void regalloc_lifetimes(const struct ir_unit *u, struct jit_place *places)
{
    for (uint32_t v = 0; v < u->n_vals; v++)
        places[v] = (struct jit_place){ .reg = NOREG, .spill = -1 };
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

static bool crosses_call(const uint32_t *calls_before, const struct jit_place *p)
{
    /* An op's own result is not live during its call; operands that die there are not live after. */
    return p->last > p->first && calls_before[p->last] > calls_before[p->first + 1];
}

struct scan {
    ir_val owner[X64_REGS];
    uint32_t pinned;
    struct jit_place *places;
};

static bool take(struct scan *s, const uint8_t *regs, unsigned n, ir_val v)
{
    for (unsigned i = 0; i < n; i++) {
        ir_val o = s->owner[regs[i]];

        if (s->pinned >> regs[i] & 1)
            continue;
        if (!o || s->places[o].last <= s->places[v].first) {
            s->owner[regs[i]] = v;
            s->places[v].reg = regs[i];
            return true;
        }
    }
    return false;
}

bool regalloc(const struct ir_unit *u, struct jit_place *places, uint32_t pinned, unsigned *n_spills)
{
    uint32_t calls_before[4096 + 2]; /* calls among ops [0, i) */
    struct scan s = { .places = places, .pinned = pinned };

    *n_spills = 0;
    calls_before[0] = 0;
    for (uint32_t i = 0; i < u->n_ops; i++)
        calls_before[i + 1] = calls_before[i] + jit_op_calls(&u->ops[i]);
    for (uint32_t i = 0; i < u->n_ops; i++) {
        ir_val v = u->ops[i].dst;
        struct jit_place *p = &places[v];

        if (!v || p->is_const || p->reg != NOREG)
            continue;
        if (take(&s, callee_saved, crosses_call(calls_before, p) ? sizeof(callee_saved) : 0, v))
            continue;
        if (!crosses_call(calls_before, p) &&
            (take(&s, caller_saved, sizeof(caller_saved), v) || take(&s, callee_saved, sizeof(callee_saved), v)))
            continue;
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
        if (places[v].reg != NOREG && places[v].first < index && places[v].last > index)
            live |= UINT32_C(1) << places[v].reg;
    }
    return live & ~(UINT32_C(1) << RBP | UINT32_C(1) << R15);
}
