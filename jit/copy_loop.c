/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modulo-scheduled copying loops, as C libraries' memcpy and memmove have them: (p16) ld r32=[ra],n; (p37) st [rb]=r53,n;
 * br.ctop. Before such a unit runs its instructions, a C function does as many iterations as stay in the pages of both
 * pointers; what is left, or cannot be done that way, the unit does.
 */
#include "arch/gr.h"
#include "arch/mmu.h"
#include "jit/compile.h"

#define ROTATING_PR UINT64_C(0xffffffffffff) /* p16-p63, from bit 0 */

/* The ops of such a unit, by index. */
enum {
    SKIP_LOAD, GET_FROM, ADD_FROM, LOAD, SET_LOADED, SET_FROM,
    SKIP_STORE, GET_TO, GET_STORED, ADD_TO, STORE, SET_TO,
    GET_LC, SKIP_LC, SUB_LC, SET_LC, SET_P63, ROTATE, EXIT, N_OPS
};

static bool is_static_get(const struct ir_op *op) { return op->op == IR_GET_GRS || op->op == IR_GET_GRF; }

static bool sets_back(const struct ir_op *set, const struct ir_op *get, const struct ir_op *sum)
{
    return set->op == get->op - IR_GET_GRS + IR_SET_GRS && set->c == get->c && set->a == sum->dst && sum->op == IR_ADDI &&
           sum->a == get->dst;
}

/* A step by one datum, up or down. */
static bool is_step(const struct ir_op *sum, unsigned size)
{
    return sum->imm == size || sum->imm == -(uint64_t)size;
}

static bool load_part(const struct ir_op *op)
{
    unsigned size = 1u << ((op[LOAD].op - IR_LD1) & 3);

    return op[SKIP_LOAD].op == IR_SKIP_PR && op[SKIP_LOAD].c >= 16 && op[SKIP_LOAD].imm == SKIP_STORE &&
           is_static_get(&op[GET_FROM]) && op[LOAD].op >= IR_LD1 && op[LOAD].op <= IR_LD8 && op[LOAD].aux == 0 &&
           op[LOAD].a == op[GET_FROM].dst && op[SET_LOADED].op == IR_SET_GRR && op[SET_LOADED].a == op[LOAD].dst &&
           sets_back(&op[SET_FROM], &op[GET_FROM], &op[ADD_FROM]) && is_step(&op[ADD_FROM], size);
}

static bool store_part(const struct ir_op *op)
{
    unsigned size = 1u << ((op[STORE].op - IR_ST1) & 3);

    return op[SKIP_STORE].op == IR_SKIP_PR && op[SKIP_STORE].c >= 16 && op[SKIP_STORE].imm == GET_LC && is_static_get(&op[GET_TO]) &&
           op[GET_STORED].op == IR_GET_GRR && op[STORE].op >= IR_ST1 && op[STORE].op <= IR_ST8 && op[STORE].aux == 0 &&
           op[STORE].a == op[GET_TO].dst && op[STORE].b == op[GET_STORED].dst &&
           sets_back(&op[SET_TO], &op[GET_TO], &op[ADD_TO]) && is_step(&op[ADD_TO], size);
}

bool is_copy_loop(const struct ir_unit *u)
{
    const struct ir_op *op = u->ops;

    if (u->n_ops < N_OPS || (u->key & (KEY_NAT | KEY_CAREFUL | KEY_BE)) || !(u->key & KEY_SOR))
        return false;
    return load_part(op) && store_part(op) && op[STORE].op - IR_ST1 == op[LOAD].op - IR_LD1 &&
           (op[GET_FROM].op != op[GET_TO].op || op[GET_FROM].c != op[GET_TO].c) && op[GET_LC].op == IR_GET_ST &&
           op[GET_LC].imm == offsetof(struct vcpu, lc) && op[SKIP_LC].op == IR_SKIP_Z && op[SKIP_LC].a == op[GET_LC].dst &&
           op[SET_LC].op == IR_SET_ST && op[SET_P63].op == IR_SET_PRI && op[ROTATE].op == IR_ROTATE && op[EXIT].op == IR_EXIT &&
           op[EXIT].imm == 0 && op[EXIT].c == u->slot && op[EXIT].aux == IR_EXIT_TAKEN;
}

/* ---- running ---- */

struct copy {
    uint8_t *from, *to;  /* host addresses */
    int64_t from_step, to_step;
    uint64_t *rot;       /* slot of r32 */
    unsigned sor, loaded, stored;
    uint64_t window;     /* p16-p63 */
    unsigned load_bit, store_bit;
    uint64_t stage;      /* what comes into the window */
};

/* @n iterations. Guest memory is other processors' too: single accesses. */
#define COPY_OF(type)                                                                                        \
    static void copy_##type(struct copy *c, uint64_t n)                                                      \
    {                                                                                                        \
        struct copy k = *c;                                                                                  \
                                                                                                             \
        while (n--) {                                                                                        \
            if (k.window >> k.load_bit & 1) {                                                                \
                k.rot[k.loaded] = __atomic_load_n((type *)(void *)k.from, __ATOMIC_RELAXED);                 \
                k.from += k.from_step;                                                                       \
            }                                                                                                \
            if (k.window >> k.store_bit & 1) {                                                               \
                __atomic_store_n((type *)(void *)k.to, (type)k.rot[k.stored], __ATOMIC_RELAXED);             \
                k.to += k.to_step;                                                                           \
            }                                                                                                \
            k.rot--;                                                                                         \
            k.rot[0] = k.rot[k.sor];                                                                         \
            k.window = (k.window << 1 | k.stage) & ROTATING_PR;                                              \
        }                                                                                                    \
        *c = k;                                                                                              \
    }
COPY_OF(uint8_t)
COPY_OF(uint16_t)
COPY_OF(uint32_t)
COPY_OF(uint64_t)

/* How many accesses by @step from @gva stay in its page; 0 if it is not aligned. */
static uint64_t in_page(uint64_t gva, int64_t step, unsigned size)
{
    uint64_t offset = gva & 0xfff;

    if (offset & (size - 1))
        return 0;
    return step > 0 ? (4096 - offset) / size : offset / size + 1;
}

/* May predicate @bit of the window be 1 within any number of iterations? */
static bool is_due(const struct copy *c, unsigned bit)
{
    return c->stage || (c->window & ((UINT64_C(2) << bit) - 1));
}

/* The host address that the soft TLB has for @gva, or NULL. */
static uint8_t *locate(struct vcpu *v, uint64_t gva, bool write)
{
    const struct stlb_entry *e = stlb_slot(v, gva);
    uint64_t word = (gva & ~UINT64_C(0xfff)) ^ v->dtag[gva >> 61];

    return word == (write ? e->tag_w : e->tag_r) ? (uint8_t *)(e->addend + (uintptr_t)gva) : NULL;
}

/* Finds both places. Return: how many iterations may be done, @n at most. */
static uint64_t places(struct vcpu *v, struct copy *c, uint64_t from, uint64_t to, unsigned size, uint64_t n)
{
    uint64_t m;

    if (n > (uint64_t)(c->rot - v->rot_gr))
        n = (uint64_t)(c->rot - v->rot_gr);
    if (is_due(c, c->load_bit)) {
        m = in_page(from, c->from_step, size);
        c->from = locate(v, from, false);
        n = c->from ? (n < m ? n : m) : 0;
    }
    if (is_due(c, c->store_bit)) {
        m = in_page(to, c->to_step, size);
        c->to = locate(v, to, true);
        n = c->to ? (n < m ? n : m) : 0;
    }
    return n;
}

/* rrb after @n rotations */
static uint64_t turned(unsigned rrb, unsigned size, uint64_t n) { return (rrb + size - n % size) % size; }

static void put_back(struct vcpu *v, const struct copy *c, uint64_t n)
{
    uint64_t cfm = v->cfm & ~CFM_RRB;

    cfm |= turned(cfm_rrb_gr(v->cfm), c->sor, n) << 18;
    cfm |= turned(cfm_rrb_fr(v->cfm), 96, n) << 25;
    cfm |= turned(cfm_rrb_pr(v->cfm), 48, n) << 32;
    v->cfm = cfm;
    v->rot = c->rot;
    v->fr_lag += n;
    v->pr = (v->pr & 0xffff) | c->window << 16;
}

static void do_copy(struct copy *c, unsigned op, uint64_t n)
{
    switch (op) {
    case IR_LD1: copy_uint8_t(c, n); break;
    case IR_LD2: copy_uint16_t(c, n); break;
    case IR_LD4: copy_uint32_t(c, n); break;
    default: copy_uint64_t(c, n); break;
    }
}

void jit_copy_loop(struct vcpu *v, const struct ir_op *op, uint64_t ip)
{
    uint64_t *from = op[GET_FROM].op == IR_GET_GRS ? &v->gr[op[GET_FROM].c] : &v->frame[op[GET_FROM].c];
    uint64_t *to = op[GET_TO].op == IR_GET_GRS ? &v->gr[op[GET_TO].c] : &v->frame[op[GET_TO].c];
    struct copy c = { .from_step = (int64_t)op[ADD_FROM].imm, .to_step = (int64_t)op[ADD_TO].imm, .sor = cfm_sor(v->cfm),
                      .loaded = op[SET_LOADED].c, .stored = op[GET_STORED].c,
                      .load_bit = op[SKIP_LOAD].c - 16u, .store_bit = op[SKIP_STORE].c - 16u };

    /* Registers at home, and values that were put off, are the first rotation's business. */
    if (gr_rot_is_home(v) || v->lazy_high)
        return;
    for (unsigned epilogue = v->lc == 0; epilogue < 2; epilogue++) {
        uint64_t *count = epilogue ? &v->ec : &v->lc, n;
        uint8_t *from0, *to0;

        if (epilogue && (v->lc || v->ec < 2))
            return;
        c.stage = !epilogue;
        c.rot = v->rot;
        c.window = v->pr >> 16;
        c.from = c.to = NULL;
        n = places(v, &c, *from, *to, 1u << (op[LOAD].op - IR_LD1), epilogue ? v->ec - 1 : v->lc);
        if (n == 0)
            return;
        from0 = c.from;
        to0 = c.to;
        do_copy(&c, op[LOAD].op, n);
        *from += (uint64_t)(c.from - from0);
        *to += (uint64_t)(c.to - to0);
        *count -= n;
        put_back(v, &c, n);
        if (v->psr & PSR_IC)
            v->cr[CR_IIPA] = ip + (op[EXIT].pos >> 2) * UINT64_C(16);
    }
}
