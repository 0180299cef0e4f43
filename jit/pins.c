/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest registers that a loop keeps in host registers (docs/jit.md): which ones, and which temps are those host registers.
 *
 * In the pinned part of a unit, from its first op to the last branch back, the host register has the guest register's value
 * and memory has an old one. Whoever leaves, and every call of C that may, writes back first.
 */
#include <stdlib.h>

#include "jit/compile.h"
#include "jit/emit_fp.h"

#define LC ((uint64_t)offsetof(struct vcpu, lc))

/* Those that calls of C keep first: what is called out of line then need not save them. */
static const uint8_t pin_registers[MAX_PINS] = { RBP, R15, R9, R8, RDI };

/* The guest register of a GET or SET that can be pinned; 0 if there is none. */
static unsigned guest_of(const struct ir_op *op)
{
    if ((op->op == IR_GET_ST || op->op == IR_SET_ST) && op->imm == LC)
        return PIN_LC;
    return general_register_of(op);
}

static bool is_set(const struct ir_op *op)
{
    return op->op == IR_SET_GRS || op->op == IR_SET_GRF || op->op == IR_SET_ST;
}

/* A SET of @guest that is emitted. */
static bool sets(const struct compile *c, uint32_t i, unsigned guest)
{
    const struct ir_op *op = &c->u->ops[i];

    return is_set(op) && !c->dead[i] && guest_of(op) == guest;
}

/* Ops that look at guest registers by themselves, or give registers to C that pins lie in. */
static bool is_foreign(const struct ir_op *op)
{
    switch (op->op) {
    case IR_MAKE_NAT:
    case IR_EXIT_IF_NAT:
    case IR_GATE:
        return true;
    default:
        return jit_op_calls(op);
    }
}

static bool can_pin(const struct compile *c, uint32_t end)
{
    for (uint32_t i = 0; i <= end; i++) {
        const struct ir_op *op = &c->u->ops[i];

        if (is_foreign(op))
            return false;
        if (ir_is_skip(op) && op->imm > end + 1)
            return false;
    }
    return true;
}

/* The registers used most. */
static void choose(struct compile *c)
{
    uint16_t uses[PIN_LC + 1] = { 0 };

    for (uint32_t i = 0; i <= c->pins_end; i++) {
        if (!c->dead[i])
            uses[guest_of(&c->u->ops[i])]++;
    }
    uses[0] = 0;
    while (c->n_pins < MAX_PINS) {
        unsigned best = 0;

        for (unsigned g = 1; g <= PIN_LC; g++) {
            if (uses[g] > uses[best])
                best = g;
        }
        if (uses[best] < 2 && (uses[best] == 0 || c->n_pins > MAX_PINS / 2))
            return;
        uses[best] = 0;
        c->pins[c->n_pins] = (struct pin){ .guest = (uint8_t)best, .reg = pin_registers[c->n_pins] };
        for (uint32_t i = 0; i <= c->pins_end; i++)
            c->pins[c->n_pins].written |= sets(c, i, best);
        c->n_pins++;
    }
}

/* Does the pin stay as it is after op @from until temp @v is read for the last time? Behind the loop, calls of C change some. */
static bool keeps(const struct compile *c, const struct pin *pin, uint32_t from, ir_val v)
{
    uint32_t last = c->places[v].last;

    if (last > c->pins_end)
        return false;
    for (uint32_t k = from + 1; k < last; k++) {
        if (sets(c, k, pin->guest))
            return false;
    }
    return true;
}

/* What a pinned register held when it was read, as long as nothing writes it. */
static void place_reads(struct compile *c, const struct pin *pin)
{
    for (uint32_t i = 0; i <= c->pins_end; i++) {
        const struct ir_op *op = &c->u->ops[i];

        if (op->dst && !is_set(op) && guest_of(op) == pin->guest && keeps(c, pin, i, op->dst))
            c->places[op->dst].reg = pin->reg;
    }
}

/* Its result is all there is to it, or it faults before that. */
static bool may_define(const struct ir_op *op)
{
    return (op->op >= IR_ADD && op->op < IR_PURE && op->op != IR_CLZ) || (op->op >= IR_LD1 && op->op <= IR_LD8) ||
           op->op == IR_IP || op->op == IR_GET_PR || op->op == IR_GET_BR;
}

/* May the temp that op @def makes be the pin at once, before op @set says so? */
static bool may_be_early(const struct compile *c, const struct pin *pin, uint32_t def, uint32_t set)
{
    ir_val v = c->u->ops[def].dst;

    if (!may_define(&c->u->ops[def]) || c->is_label[set] || !keeps(c, pin, set, v))
        return false;
    for (uint32_t i = def + 1; i < set; i++) {
        if (c->is_label[i] || !plan_is_quiet(&c->u->ops[i]) || guest_of(&c->u->ops[i]) == pin->guest)
            return false;
    }
    for (uint32_t i = 0; i < def; i++) { /* others that are the pin */
        ir_val other = c->u->ops[i].dst;

        if (other && c->places[other].reg == pin->reg && c->places[other].last > def)
            return false;
    }
    return true;
}

/* What a pinned register is set to, where nobody needs its old value any more. */
static void place_writes(struct compile *c, const struct pin *pin)
{
    for (uint32_t i = 1; i <= c->pins_end; i++) {
        ir_val v = c->u->ops[i].a;
        uint32_t def;

        if (!sets(c, i, pin->guest) || !v || c->places[v].is_const || c->places[v].reg != NOREG)
            continue;
        def = c->places[v].first;
        if (def < i && may_be_early(c, pin, def, i))
            c->places[v].reg = pin->reg;
    }
}

void pins_plan(struct compile *c)
{
    if (!c->loop_end || (c->u->key & KEY_NAT) || c->j->counted)
        return;
    c->pins_end = (uint32_t)(c->loop_end - c->u->ops);
    if (!can_pin(c, c->pins_end))
        return;
    choose(c);
    for (unsigned i = 0; i < c->n_pins; i++) {
        place_reads(c, &c->pins[i]);
        place_writes(c, &c->pins[i]);
    }
}

uint32_t pins_mask(const struct compile *c)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < c->n_pins; i++)
        mask |= UINT32_C(1) << c->pins[i].reg;
    return mask;
}

uint32_t live_registers(const struct compile *c, const struct ir_op *op)
{
    uint32_t live = regalloc_live(c->u, c->places, (uint32_t)(op - c->u->ops));

    if (pins_hold(c, op))
        live |= pins_mask(c) & ~(UINT32_C(1) << RBP | UINT32_C(1) << R15);
    return live;
}

bool pins_hold(const struct compile *c, const struct ir_op *op)
{
    return c->n_pins && op <= c->loop_end;
}

/* ---- code ---- */

static int32_t home_of(const struct pin *pin, unsigned *base)
{
    *base = pin->guest >= 32 && pin->guest < PIN_LC ? REG_FRAME : REG_V;
    if (pin->guest == PIN_LC)
        return (int32_t)LC;
    return pin->guest < 32 ? (int32_t)offsetof(struct vcpu, gr) + pin->guest * 8 : (pin->guest - 32) * 8;
}

void pins_load(struct compile *c)
{
    for (unsigned i = 0; i < c->n_pins; i++) {
        unsigned base;
        int32_t disp = home_of(&c->pins[i], &base);

        x64_load(&c->x, c->pins[i].reg, base, disp);
    }
    windows_enter(c);
    c->loop_top = c->x.p;
}

void pins_write_back(struct compile *c)
{
    for (unsigned i = 0; i < c->n_pins; i++) {
        unsigned base;
        int32_t disp = home_of(&c->pins[i], &base);

        if (c->pins[i].written && window_of_pin(c, &c->pins[i]))
            window_home(c, window_of_pin(c, &c->pins[i]), base, disp);
        else if (c->pins[i].written)
            x64_store(&c->x, base, disp, c->pins[i].reg);
    }
    fp_pins_write_back(c);
}

bool pins_emit(struct compile *c, const struct ir_op *op)
{
    unsigned guest = pins_hold(c, op) ? guest_of(op) : 0, reg = NOREG, d;

    if (!guest)
        return false;
    for (unsigned i = 0; i < c->n_pins; i++) {
        if (c->pins[i].guest == guest)
            reg = c->pins[i].reg;
    }
    if (reg == NOREG)
        return false;
    if (is_set(op)) {
        use_into(c, op->a, reg);
        return true;
    }
    d = def(c, op->dst);
    x64_mov_rr(&c->x, d, reg);
    done(c, op->dst, d);
    return true;
}

void pins_branch_back(struct compile *c)
{
    x64_cmp_mem32(&c->x, REG_V, (int32_t)offsetof(struct vcpu, attention), 0);
    x64_patch(&c->x, x64_jcc(&c->x, CC_E), c->loop_top);
    pins_write_back(c);
    x64_jmp_to(&c->x, c->x.start);
}
