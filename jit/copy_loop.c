/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modulo-scheduled copying loops, as C libraries' memcpy and memmove have them: (p16) ld r32=[ra],n; (p37) st [rb]=r53,n;
 * br.ctop. Before such a unit runs its instructions, a C function does all iterations (jit/copy_short.c), or as many as stay in
 * the pages of both pointers; what is left, or cannot be done that way, the unit does.
 */
#include <string.h>

#include "arch/gr.h"
#include "jit/copy.h"

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
           op[LOAD].a == op[GET_FROM].dst && op[SET_LOADED].op == IR_SET_GRR && op[SET_LOADED].c == 0 &&
           op[SET_LOADED].a == op[LOAD].dst && sets_back(&op[SET_FROM], &op[GET_FROM], &op[ADD_FROM]) && is_step(&op[ADD_FROM], size);
}

static bool store_part(const struct ir_op *op)
{
    unsigned size = 1u << ((op[STORE].op - IR_ST1) & 3);

    return op[SKIP_STORE].op == IR_SKIP_PR && op[SKIP_STORE].c >= 16 && op[SKIP_STORE].imm == GET_LC && is_static_get(&op[GET_TO]) &&
           op[GET_STORED].op == IR_GET_GRR && op[STORE].op >= IR_ST1 && op[STORE].op <= IR_ST8 && op[STORE].aux == 0 &&
           op[STORE].a == op[GET_TO].dst && op[STORE].b == op[GET_STORED].dst &&
           (op[GET_TO].op != op[GET_FROM].op || op[GET_TO].c != op[GET_FROM].c) &&
           sets_back(&op[SET_TO], &op[GET_TO], &op[ADD_TO]) && is_step(&op[ADD_TO], size);
}

bool is_copy_loop(const struct ir_unit *u)
{
    const struct ir_op *op = u->ops, *over;

    if (u->n_ops <= N_OPS || (u->key & (KEY_NAT | KEY_CAREFUL | KEY_BE)) || !(u->key & KEY_SOR))
        return false;
    over = op + N_OPS; /* what follows where LC is 0: the epilogue */
    return load_part(op) && store_part(op) && op[STORE].op - IR_ST1 == op[LOAD].op - IR_LD1 &&
           (op[GET_FROM].op != op[GET_TO].op || op[GET_FROM].c != op[GET_TO].c) && op[GET_LC].op == IR_GET_ST &&
           op[GET_LC].imm == offsetof(struct vcpu, lc) && op[SKIP_LC].op == IR_SKIP_Z && op[SKIP_LC].a == op[GET_LC].dst &&
           op[SET_LC].op == IR_SET_ST && op[SET_P63].op == IR_SET_PRI && op[ROTATE].op == IR_ROTATE && op[EXIT].op == IR_EXIT &&
           op[EXIT].imm == 0 && op[EXIT].c == u->slot && op[EXIT].aux == IR_EXIT_TAKEN && op[SKIP_LC].imm == N_OPS &&
           over->op == IR_SKIP_NZ && over->a == op[GET_LC].dst;
}

/* ---- running ---- */

struct copy {
    uint8_t *from, *to;  /* host addresses, NULL: not looked for yet */
    int64_t from_step, to_step;
    uint64_t loads, stores; /* how many more stay in their page */
    uint64_t *rot;       /* slot of r32 */
    uint64_t *home;      /* the same where registers have not rotated yet: rot has nothing then; else NULL */
    unsigned sor, stored;
    unsigned load_bit, store_bit;
    uint64_t window;     /* p16-p63 before the first iteration */
    uint64_t lc;         /* likewise: so many rotations bring in ones, those after them zeros */
};

/* The steps of @n rotations that nothing but the registers themselves takes part in: slot -i has what slot sor - i had. */
static void turn(uint64_t *rot, unsigned sor, uint64_t n)
{
    if (n <= sor) {
        memcpy(rot - n, rot - n + sor, n * sizeof(*rot));
        return;
    }
    while (n--) {
        rot--;
        rot[0] = rot[sor];
    }
}

/*
 * @n iterations that load, store, or both. Guest memory is other processors' too: single accesses, in the guest's order. What
 * rotation copies into slots that are loaded afterwards need not be copied, so the copies come last or, without loads, first.
 */
#define COPY_OF(type)                                                                                        \
    static void copy_##type(const struct copy *c, uint64_t n, bool loads, bool stores)                       \
    {                                                                                                        \
        uint8_t *from = c->from, *to = c->to;                                                                \
        uint64_t *rot = c->rot, *end = rot - n;                                                              \
        unsigned stored = c->stored;                                                                         \
                                                                                                             \
        if (!loads) {                                                                                        \
            turn(rot, c->sor, n);                                                                            \
            for (; rot > end; rot--, to += c->to_step)                                                       \
                __atomic_store_n((type *)(void *)to, (type)rot[stored], __ATOMIC_RELAXED);                   \
            return;                                                                                          \
        }                                                                                                    \
        if (!stores) {                                                                                       \
            for (; rot > end; rot--, from += c->from_step)                                                   \
                rot[0] = __atomic_load_n((type *)(void *)from, __ATOMIC_RELAXED);                            \
        }                                                                                                    \
        for (; rot > end; rot--, from += c->from_step, to += c->to_step) {                                   \
            rot[0] = __atomic_load_n((type *)(void *)from, __ATOMIC_RELAXED);                                \
            __atomic_store_n((type *)(void *)to, (type)rot[stored], __ATOMIC_RELAXED);                       \
        }                                                                                                    \
        rot[0] = rot[c->sor];                                                                                \
    }
COPY_OF(uint8_t)
COPY_OF(uint16_t)
COPY_OF(uint32_t)
COPY_OF(uint64_t)

static void do_copy(const struct copy *c, unsigned size, uint64_t n, bool loads, bool stores)
{
    if (!loads && !stores) {
        turn(c->rot, c->sor, n);
        return;
    }
    switch (size) {
    case 1: copy_uint8_t(c, n, loads, stores); break;
    case 2: copy_uint16_t(c, n, loads, stores); break;
    case 4: copy_uint32_t(c, n, loads, stores); break;
    default: copy_uint64_t(c, n, loads, stores); break;
    }
}

/*
 * Predicate @bit of the window in iteration @t, and in *@n for how many iterations at least it stays so. In iteration t it is
 * what bit - t was at first, or what rotation t - 1 - bit brought in.
 */
static bool predicate(const struct copy *c, unsigned bit, uint64_t t, uint64_t *n)
{
    bool on;

    if (t > bit) {
        on = t - 1 - bit < c->lc;
        *n = on ? c->lc - (t - 1 - bit) : UINT64_MAX;
        return on;
    }

    uint64_t ahead = c->window << (63 - (bit - t)); /* bit 63: this iteration's */

    on = ahead >> 63;
    ahead = on ? ~ahead : ahead;
    *n = ahead ? (unsigned)__builtin_clzll(ahead) : 64;
    if (*n > bit - t) { /* goes on with what comes in */
        *n = bit - t + 1;
        if (on == (c->lc > 0))
            *n = on ? *n + c->lc : UINT64_MAX;
    }
    return on;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* p16-p63 after @n rotations */
static uint64_t window_after(const struct copy *c, uint64_t n)
{
    uint64_t old = n < 48 ? c->window << n : 0;
    uint64_t in = n < 48 ? (UINT64_C(1) << n) - 1 : ROTATING_PR, zeros = n > c->lc ? n - c->lc : 0;

    return (old | (zeros < 48 ? in >> zeros << zeros : 0)) & ROTATING_PR;
}

/* rrb after @n rotations */
static uint64_t turned(unsigned rrb, unsigned size, uint64_t n) { return (rrb + size - n % size) % size; }

static void put_back(struct vcpu *v, const struct copy *c, uint64_t n)
{
    uint64_t cfm = v->cfm & ~CFM_RRB, kernel = least(n, c->lc);

    cfm |= turned(cfm_rrb_gr(v->cfm), c->sor, n) << 18;
    cfm |= turned(cfm_rrb_fr(v->cfm), 96, n) << 25;
    cfm |= turned(cfm_rrb_pr(v->cfm), 48, n) << 32;
    v->cfm = cfm;
    v->rot = c->rot;
    v->fr_lag += n;
    v->pr = (v->pr & 0xffff) | window_after(c, n) << 16;
    v->lc -= kernel;
    v->ec -= n - kernel;
}

/* All iterations up to the last one, as far as room and pages go. Return: how many were done. */
static uint64_t run(struct vcpu *v, struct copy *c, uint64_t *from, uint64_t *to, unsigned size, uint64_t n)
{
    uint64_t t = 0, step, k;

    while (t < n) {
        bool loads = predicate(c, c->load_bit, t, &step), stores = predicate(c, c->store_bit, t, &k);

        step = least(least(step, k), n - t);
        if (loads) {
            if (!c->from && (c->from = copy_locate(v, *from, false)))
                c->loads = copy_in_page(*from, c->from_step, size);
            step = least(step, c->loads);
        }
        if (stores) {
            if (!c->to && (c->to = copy_locate(v, *to, true)))
                c->stores = copy_in_page(*to, c->to_step, size);
            step = least(step, c->stores);
        }
        if (!step)
            break;
        if (c->home)
            gr_leave_home(v);
        do_copy(c, size, step, loads, stores);
        if (c->home && loads)
            *c->home = *c->rot; /* as the first iteration leaves it */
        c->home = NULL;
        c->rot -= step;
        t += step;
        if (loads) {
            c->from += (int64_t)step * c->from_step;
            *from += step * (uint64_t)c->from_step;
            c->loads -= step;
        }
        if (stores) {
            c->to += (int64_t)step * c->to_step;
            *to += step * (uint64_t)c->to_step;
            c->stores -= step;
        }
    }
    return t;
}

/* Iterations up to the last one. */
static void copy_most(struct vcpu *v, const struct ir_op *op, uint64_t ip)
{
    uint64_t *from = copy_pointer(v, &op[GET_FROM]), *to = copy_pointer(v, &op[GET_TO]);
    struct copy c = { .from_step = (int64_t)op[ADD_FROM].imm, .to_step = (int64_t)op[ADD_TO].imm, .sor = cfm_sor(v->cfm),
                      .stored = op[GET_STORED].c, .load_bit = op[SKIP_LOAD].c - 16u, .store_bit = op[SKIP_STORE].c - 16u,
                      .window = v->pr >> 16, .lc = v->lc };
    uint64_t epilogue = v->ec > 1 ? v->ec - 1 : 0, n = v->lc > UINT64_MAX - epilogue ? UINT64_MAX : v->lc + epilogue;

    c.home = gr_rot_is_home(v) ? v->frame : NULL;
    c.rot = c.home ? v->rot_gr + ROT_SLOTS : v->rot;
    n = run(v, &c, from, to, 1u << (op[LOAD].op - IR_LD1), least(n, (uint64_t)(c.rot - v->rot_gr)));
    if (n == 0)
        return;
    put_back(v, &c, n);
    copy_went_back(v, &op[EXIT], ip);
}

uint64_t jit_copy_loop(struct vcpu *v, const struct ir_op *op, uint64_t ip, uint64_t whole)
{
    /* Values that were put off are the first rotation's business. */
    if (v->lazy_high)
        return false;
    if (whole && jit_copy_short(v, op, ip))
        return true;
    copy_most(v, op, ip);
    return false;
}
