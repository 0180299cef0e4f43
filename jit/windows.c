/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pointers of a loop that are kept as distances from the start of a page (docs/jit.md): whether a reference stays in the page
 * that its pointer was in last is then one compare.
 *
 * The pin of such a pointer, its *window*, and all temps that are it plus constants hold the address less the window's page,
 * which is in a slot of the stack frame; the next slot has that page's host address. A window that has no page is one that is
 * far away.
 */
#include "arch/ops.h"
#include "isa/isa.h"
#include "jit/compile.h"
#include "jit/emit_fp.h"
#include "jit/x64_fp.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))
#define FAR_AWAY (UINT64_C(1) << 62)

static int32_t page_slot(const struct window *w) { return FRAME_SPILLS + w->slot * 8; }
static int32_t host_slot(const struct window *w) { return FRAME_SPILLS + w->slot * 8 + 8; }

/* ---- choosing ---- */

static bool reads(const struct compile *c, const struct ir_op *op, unsigned window)
{
    return (op->a && c->places[op->a].window == window) || (op->b && c->places[op->b].window == window) ||
           (op->op == IR_SELECT && op->c && c->places[op->c].window == window);
}

/* A reference that looks for its page, and wants the address for nothing else. */
static bool may_reference(const struct compile *c, const struct ir_op *op, bool *write)
{
    unsigned ldtype = op->imm >> 24 & 0xff;

    if (!site_memory_op(op, write))
        return false;
    return op->op != IR_CALL || *write || ((ldtype == LD_NONE || ldtype == LD_FILL) && emit_fp_is_load(c->u, op));
}

/* A temp that is the pointer plus a constant. False if it cannot be kept as a distance. */
static bool takes(struct compile *c, ir_val v, unsigned window)
{
    const struct jit_place *p = &c->places[v];

    if (p->is_const || p->home_from != NO_HOME)
        return false;
    c->places[v].window = (uint8_t)window;
    return true;
}

/* Is op @i of the loop one that knows of the window, or has nothing to do with it? */
static bool fits(struct compile *c, const struct window *w, unsigned window, uint32_t i, unsigned *references)
{
    const struct ir_op *op = &c->u->ops[i];
    bool mine = general_register_of(op) == w->guest, write;

    if (mine && (op->op == IR_GET_GRS || op->op == IR_GET_GRF))
        return !op->dst || takes(c, op->dst, window);
    if (mine)
        return c->dead[i] || (op->a && c->places[op->a].window == window);
    if (!reads(c, op, window))
        return true;
    if (op->op == IR_ADDI)
        return takes(c, op->dst, window);
    if (c->places[op->a].window != window || (op->b && c->places[op->b].window == window) || !may_reference(c, op, &write) ||
        write != w->write)
        return false;
    ++*references;
    return true;
}

static bool try_window(struct compile *c, struct window *w, unsigned window)
{
    unsigned references = 0;
    bool fine = true;

    for (uint32_t i = 0; fine && i <= c->pins_end; i++)
        fine = fits(c, w, window, i, &references);
    for (uint32_t i = c->pins_end + 1; fine && i < c->u->n_ops; i++)
        fine = !reads(c, &c->u->ops[i], window);
    if (fine && references)
        return true;
    for (uint32_t v = 0; v < c->u->n_vals; v++) {
        if (c->places[v].window == window)
            c->places[v].window = 0;
    }
    return false;
}

static void plan_references(struct compile *c, const struct window *w, unsigned window)
{
    for (uint32_t i = 0; i <= c->pins_end; i++) {
        const struct ir_op *op = &c->u->ops[i];
        bool write;

        if (op->a && c->places[op->a].window == window && site_memory_op(op, &write)) {
            c->sites[i].kind = SITE_WINDOW;
            c->sites[i].index = w->site;
        }
    }
}

void windows_plan(struct compile *c)
{
    if (!c->n_pins || (c->u->key & (KEY_AC | KEY_BE)) || !__builtin_cpu_supports("avx"))
        return;
    for (unsigned k = 0; k < 2 * c->n_pins && c->n_spills + 2 <= JIT_MAX_SPILLS; k++) {
        const struct pin *pin = &c->pins[k / 2];
        struct window w = { .guest = pin->guest, .reg = pin->reg, .write = k % 2, .slot = (int16_t)c->n_spills };

        if (pin->guest == PIN_LC || window_of_pin(c, pin) || !try_window(c, &w, c->n_windows + 1))
            continue;
        w.site = (uint8_t)(c->j->next_site++ % N_SITES);
        c->n_spills += 2;
        c->windows[c->n_windows++] = w;
        plan_references(c, &w, c->n_windows);
    }
}

const struct window *window_of(const struct compile *c, ir_val v)
{
    return v && c->places[v].window ? &c->windows[c->places[v].window - 1] : NULL;
}

const struct window *window_of_pin(const struct compile *c, const struct pin *pin)
{
    for (unsigned k = 0; k < c->n_windows; k++) {
        if (c->windows[k].reg == pin->reg)
            return &c->windows[k];
    }
    return NULL;
}

/* ---- code ---- */

static int32_t site_slot(const struct compile *c, const struct window *w, bool addend)
{
    unsigned mode = ((c->u->key & KEY_CPL) == 3) + (c->u->key & KEY_VM ? 2 : 0);

    return (addend ? V(site_addend) : V(site_page)) + (int32_t)(mode * N_SITES + w->site) * 8;
}

void windows_enter(struct compile *c)
{
    struct x64 *x = &c->x;

    for (unsigned k = 0; k < c->n_windows; k++) {
        const struct window *w = &c->windows[k];
        uint8_t *found;

        x64_mov_rr(x, REG_S0, w->reg);
        x64_alu_ri(x, ALU_AND, REG_S0, -4096);
        x64_load(x, REG_S1, REG_V, site_slot(c, w, true));
        x64_alu_rr(x, ALU_ADD, REG_S1, REG_S0);
        x64_store(x, RSP, host_slot(w), REG_S1);
        x64_alu_rm(x, ALU_CMP, REG_S0, REG_V, site_slot(c, w, false));
        found = x64_jcc(x, CC_E);
        x64_mov_rr(x, REG_S0, w->reg);
        x64_mov_ri(x, REG_S1, FAR_AWAY);
        x64_alu_rr(x, ALU_SUB, REG_S0, REG_S1);
        x64_patch(x, found, x->p);
        x64_store(x, RSP, page_slot(w), REG_S0);
        x64_alu_rr(x, ALU_SUB, w->reg, REG_S0);
    }
}

void window_home(struct compile *c, const struct window *w, unsigned base, int32_t disp)
{
    x64_vmovq_from_gpr(&c->x, 0, w->reg);
    x64_vmovsd_load(&c->x, 1, RSP, page_slot(w));
    x64_vpaddq(&c->x, 0, 0, 1);
    x64_vmovsd_store(&c->x, base, disp, 0);
}

void window_address(struct compile *c, const struct window *w, unsigned reg)
{
    x64_alu_rm(&c->x, ALU_ADD, reg, RSP, page_slot(w));
}

/*
 * All that is a distance from @w's page becomes one from a page @by lower: what op @index has at its end, or with @before what it
 * may read as well. Clobbers r11.
 */
static void rebase(struct compile *c, const struct window *w, uint32_t index, bool before, unsigned by)
{
    unsigned window = (unsigned)(w - c->windows) + 1;

    x64_alu_rr(&c->x, ALU_ADD, w->reg, by);
    for (uint32_t v = 1; v < c->u->n_vals; v++) {
        const struct jit_place *p = &c->places[v];

        if (p->window != window || p->first >= index || (before ? p->last < index : p->last <= index) || p->reg == w->reg)
            continue;
        if (p->reg != NOREG) {
            x64_alu_rr(&c->x, ALU_ADD, p->reg, by);
        } else if (p->spill >= 0) {
            x64_load(&c->x, REG_S2, RSP, FRAME_SPILLS + p->spill * 8);
            x64_alu_rr(&c->x, ALU_ADD, REG_S2, by);
            x64_store(&c->x, RSP, FRAME_SPILLS + p->spill * 8, REG_S2);
        }
    }
}

void window_move(struct compile *c, const struct window *w, const struct ir_op *op)
{
    struct x64 *x = &c->x;

    x64_store(x, REG_V, site_slot(c, w, true), REG_S1);
    x64_mov_rr(x, REG_S0, REG_S2);
    x64_alu_ri(x, ALU_AND, REG_S0, -4096);
    x64_store(x, REG_V, site_slot(c, w, false), REG_S0);
    x64_alu_rr(x, ALU_ADD, REG_S1, REG_S0);
    x64_store(x, RSP, host_slot(w), REG_S1);
    x64_load(x, REG_S1, RSP, page_slot(w));
    x64_store(x, RSP, page_slot(w), REG_S0);
    x64_alu_rr(x, ALU_SUB, REG_S1, REG_S0);
    rebase(c, w, (uint32_t)(op - c->u->ops), true, REG_S1);
}

void window_load_host(struct compile *c, const struct window *w)
{
    x64_load(&c->x, REG_S1, RSP, host_slot(w));
}

void windows_void(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;

    if (!pins_hold(c, op))
        return;
    for (unsigned k = 0; k < c->n_windows; k++) {
        const struct window *w = &c->windows[k];

        x64_mov_ri(x, REG_S1, FAR_AWAY);
        x64_alu_rr(x, ALU_SUB, REG_S1, w->reg);
        x64_load(x, REG_S2, RSP, page_slot(w));
        x64_alu_rr(x, ALU_SUB, REG_S2, REG_S1);
        x64_store(x, RSP, page_slot(w), REG_S2);
        rebase(c, w, (uint32_t)(op - c->u->ops), false, REG_S1);
    }
}
