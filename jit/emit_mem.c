/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for loads and stores: the probe of the soft TLB and the access behind it. */
#include "arch/mmu.h"
#include "jit/compile.h"
#include "jit/x64_fp.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

_Static_assert(sizeof(struct stlb_entry) == 32, "the probe shifts by five");

#define ENTRY(field) (V(stlb) + (int32_t)offsetof(struct stlb_entry, field))

/* op reg, [v + rcx * 2^scale + disp] */
static void alu_by_index(struct compile *c, enum x64_alu op, unsigned reg, unsigned scale, int32_t disp)
{
    x64_alu_rm_index(&c->x, op, reg, REG_V, REG_S1, scale, disp);
}

/* The same for the bytes from @addr + @lo to @addr + @hi: they hit only if all are in one page. */
static void probe_span(struct compile *c, unsigned addr, int32_t lo, int32_t hi, bool write)
{
    bool one_tag = (c->u->key & KEY_CPL) == 3;
    struct x64 *x = &c->x;

    if (!one_tag) {
        x64_mov_rr(x, REG_S1, addr);
        x64_shift_ri(x, SHIFT_SHR, REG_S1, 61);
    }
    if (hi)
        x64_lea(x, REG_S0, addr, hi);
    else
        x64_mov_rr(x, REG_S0, addr);
    x64_alu_ri(x, ALU_AND, REG_S0, -4096);
    if (one_tag)
        x64_alu_rm(x, ALU_XOR, REG_S0, REG_V, V(dtag));
    else
        alu_by_index(c, ALU_XOR, REG_S0, 3, V(dtag));
    if (lo) {
        x64_lea(x, REG_S1, addr, lo);
        addr = REG_S1;
    }
    if (c->j->bmi2) {
        x64_rorx(x, REG_S1, addr, 12 - 5);
    } else {
        x64_mov_rr(x, REG_S1, addr);
        x64_shift_ri(x, SHIFT_SHR, REG_S1, 12 - 5);
    }
    x64_alu32_ri(x, ALU_AND, REG_S1, (STLB_SIZE - 1) << 5);
    alu_by_index(c, ALU_CMP, REG_S0, 0, write ? ENTRY(tag_w) : ENTRY(tag_r));
}

void emit_probe(struct compile *c, unsigned addr, unsigned size, bool write)
{
    probe_span(c, addr, 0, (int32_t)size - 1, write);
}

/* After a probe that hit: rcx = the addend. */
static void load_addend(struct compile *c)
{
    x64_load_index(&c->x, REG_S1, REG_V, REG_S1, 0, ENTRY(addend));
}

/* ---- sites (jit/sites.c) ---- */

static int32_t site_slot(const struct compile *c, const struct ir_op *op, bool addend)
{
    unsigned mode = ((c->u->key & KEY_CPL) == 3) + (c->u->key & KEY_VM ? 2 : 0);
    unsigned index = mode * N_SITES + c->sites[op - c->u->ops].index;

    return (addend ? V(site_addend) : V(site_page)) + (int32_t)index * 8;
}

/* The site has the page of @addr from now on. Clobbers rax. */
static void fill_site(struct compile *c, const struct ir_op *op, unsigned addr)
{
    x64_store(&c->x, REG_V, site_slot(c, op, true), REG_S1);
    x64_mov_rr(&c->x, REG_S0, addr);
    x64_alu_ri(&c->x, ALU_AND, REG_S0, -4096);
    x64_store(&c->x, REG_V, site_slot(c, op, false), REG_S0);
}

/* With psr.ac = 1 every misaligned datum is C's. */
static void check_alignment(struct compile *c, const struct ir_op *op, unsigned addr, unsigned size, emit_slow slow)
{
    if (!(c->u->key & KEY_AC) || size == 1)
        return;
    x64_test_ri(&c->x, addr, (int32_t)size - 1);
    slow(c, op, x64_jcc(&c->x, CC_NE));
}

static void probe_in_full(struct compile *c, const struct ir_op *op, unsigned addr, unsigned size, bool write, emit_slow slow)
{
    emit_probe(c, addr, size, write);
    slow(c, op, x64_jcc(&c->x, CC_NE));
    check_alignment(c, op, addr, size, slow);
    load_addend(c);
}

static struct cold *second_look(struct compile *c, const struct ir_op *op, unsigned addr, unsigned size, emit_slow slow, uint8_t *from)
{
    struct cold *cold = cold_add(c, COLD_SITE, op, from);

    cold->addr = (uint8_t)addr;
    cold->leave = (uint8_t)size;
    cold->slow = slow;
    return cold;
}

/* Misaligned data never have the page's number and nothing else: they take the second look. */
static void check_site(struct compile *c, const struct ir_op *op, unsigned addr, unsigned size, emit_slow slow)
{
    struct cold *cold;

    x64_mov_rr(&c->x, REG_S0, addr);
    x64_alu_ri(&c->x, ALU_AND, REG_S0, -4096 | ((int32_t)size - 1));
    x64_alu_rm(&c->x, ALU_CMP, REG_S0, REG_V, site_slot(c, op, false));
    cold = second_look(c, op, addr, size, slow, x64_jcc(&c->x, CC_NE));
    x64_load(&c->x, REG_S1, REG_V, site_slot(c, op, true));
    cold->site_back = c->x.p;
}

static int32_t span_slot(const struct site *site) { return FRAME_SPILLS + site->slot * 8; }

/* Where the span is in one page, the addend serves all of it. */
static void first_of_span(struct compile *c, const struct ir_op *op, unsigned addr, unsigned size, emit_slow slow)
{
    const struct site *site = &c->sites[op - c->u->ops];
    struct cold *cold;

    probe_span(c, addr, site->lo, site->hi, site->write);
    cold = second_look(c, op, addr, size, slow, x64_jcc(&c->x, CC_NE));
    load_addend(c);
    x64_store(&c->x, RSP, span_slot(site), REG_S1);
    check_alignment(c, op, addr, size, slow);
    cold->site_back = c->x.p;
}

static void next_of_span(struct compile *c, const struct ir_op *op, unsigned addr, unsigned size, emit_slow slow)
{
    struct cold *cold;

    x64_load(&c->x, REG_S1, RSP, span_slot(&c->sites[op - c->u->ops]));
    x64_test_rr(&c->x, REG_S1, REG_S1);
    cold = second_look(c, op, addr, size, slow, x64_jcc(&c->x, CC_E));
    check_alignment(c, op, addr, size, slow);
    cold->site_back = c->x.p;
}

/* A misaligned datum that goes on in the next page is too far away as well. */
static void check_window(struct compile *c, const struct ir_op *op, unsigned addr, unsigned size, emit_slow slow)
{
    struct cold *cold;

    x64_alu_ri(&c->x, ALU_CMP, addr, 4096 - (int32_t)size);
    cold = second_look(c, op, addr, size, slow, x64_jcc(&c->x, CC_A));
    cold->site_back = c->x.p;
    window_load_host(c, window_of(c, op->a));
}

static void second_look_window(struct compile *c, const struct cold *cold, bool write)
{
    const struct window *w = window_of(c, cold->op->a);
    struct cold full = *cold; /* with the address */

    x64_mov_rr(&c->x, REG_S2, cold->addr);
    window_address(c, w, REG_S2);
    full.addr = REG_S2;
    c->slow_cold = &full;
    probe_in_full(c, cold->op, REG_S2, cold->leave, write, cold->slow);
    c->slow_cold = NULL;
    window_move(c, w, cold->op);
    if (cold->addr == REG_S2) {
        c->at = (uint32_t)(cold->op - c->u->ops);
        use_into(c, cold->op->a, REG_S2);
    }
    x64_jmp_to(&c->x, cold->site_back);
}

void emit_void_spans(struct compile *c, const struct ir_op *op)
{
    uint32_t at = (uint32_t)(op - c->u->ops);

    windows_void(c, op);

    for (uint32_t i = 0; i < at; i++) {
        if (c->sites[i].kind == SITE_FIRST && c->sites[i].last > at)
            x64_store_imm(&c->x, RSP, span_slot(&c->sites[i]), 0);
    }
}

void emit_site_colds(struct compile *c)
{
    unsigned n = c->n_colds;

    for (unsigned i = 0; i < n && !c->x.overflow; i++) {
        const struct cold cold = c->colds[i];
        const struct site *site;
        bool write = false;

        if (cold.kind != COLD_SITE)
            continue;
        site = &c->sites[cold.op - c->u->ops];
        site_memory_op(cold.op, &write);
        x64_patch(&c->x, cold.from, c->x.p);
        if (site->kind == SITE_WINDOW) {
            second_look_window(c, &cold, write);
            continue;
        }
        if (site->kind == SITE_FIRST)
            x64_store_imm(&c->x, RSP, span_slot(site), 0);
        c->slow_cold = &cold;
        probe_in_full(c, cold.op, cold.addr, cold.leave, write, cold.slow);
        c->slow_cold = NULL;
        if (site->kind == SITE_CHECK)
            fill_site(c, cold.op, cold.addr);
        x64_jmp_to(&c->x, cold.site_back);
    }
}

void emit_locate(struct compile *c, const struct ir_op *op, unsigned addr, unsigned size, bool write, emit_slow slow)
{
    enum site_kind kind = c->sites[op - c->u->ops].kind;

    switch (kind) {
    case SITE_CHECK:
        check_site(c, op, addr, size, slow);
        break;
    case SITE_WINDOW:
        check_window(c, op, addr, size, slow);
        break;
    case SITE_FIRST:
        first_of_span(c, op, addr, size, slow);
        break;
    case SITE_SPAN:
        next_of_span(c, op, addr, size, slow);
        break;
    default:
        probe_in_full(c, op, addr, size, write, slow);
        if (kind == SITE_REFILL)
            fill_site(c, op, addr);
        break;
    }
}

/* ---- general registers ---- */

static void swap_bytes(struct compile *c, unsigned reg, unsigned size)
{
    x64_bswap(&c->x, reg);
    if (size < 8)
        x64_shift_ri(&c->x, SHIFT_SHR, reg, 64 - 8 * size);
}

/* rcx + @addr is the host address. */
static void access_host(struct compile *c, const struct ir_op *op, unsigned addr, unsigned value, unsigned size, bool write)
{
    bool swap = (op->aux & IR_MEM_BE) && size > 1;

    if (write) {
        if (swap) {
            x64_mov_rr(&c->x, REG_S0, value);
            swap_bytes(c, REG_S0, size);
            value = REG_S0;
        }
        x64_store_sized(&c->x, REG_S1, addr, value, size);
    } else {
        x64_load_zx(&c->x, value, REG_S1, addr, size);
        if (swap)
            swap_bytes(c, value, size);
    }
}

static void slow_memory(struct compile *c, const struct ir_op *op, uint8_t *from)
{
    struct cold *cold = cold_add(c, op->op >= IR_ST1 ? COLD_STORE : COLD_LOAD, op, from);

    if (c->slow_cold) { /* the second look */
        cold->addr = c->slow_cold->addr;
        cold->value = c->slow_cold->value;
        cold->back = c->slow_cold->back;
    }
}

void emit_mem(struct compile *c, const struct ir_op *op, unsigned size, bool write)
{
    unsigned addr = use(c, op->a, REG_S2);
    unsigned value = write ? use(c, op->b, REG_S3) : def(c, op->dst);
    unsigned first = c->n_colds;

    emit_locate(c, op, addr, size, write, slow_memory);
    access_host(c, op, addr, value, size, write);
    for (unsigned i = first; i < c->n_colds; i++) {
        c->colds[i].addr = (uint8_t)addr;
        c->colds[i].value = (uint8_t)value;
        c->colds[i].back = c->x.p;
    }
    if (!write)
        done(c, op->dst, value);
}
