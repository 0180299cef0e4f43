/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying loops pipelined through rotating floating-point registers: (p16) ldf8 f32=[ra],8; (p20) stf8 [rb]=f36,8; br.ctop,
 * or the same with ldfd and stfd. As in jit/copy_loop.c a C function does most iterations before the unit runs.
 */
#include "arch/gr.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "isa/isa.h"
#include "jit/compile.h"

/* The ops of such a unit, by index. */
enum {
    SKIP_LOAD, GET_FROM, ADD_FROM, LOAD, SET_MF, SET_FROM,
    SKIP_STORE, GET_TO, ADD_TO, STORE, SET_TO,
    GET_LC, SKIP_LC, SUB_LC, SET_LC, SET_P63, ROTATE, EXIT, N_OPS
};

static bool is_step(const struct ir_op *get, const struct ir_op *sum, const struct ir_op *set)
{
    return (get->op == IR_GET_GRS || get->op == IR_GET_GRF) && set->op == get->op - IR_GET_GRS + IR_SET_GRS && set->c == get->c &&
           set->a == sum->dst && sum->op == IR_ADDI && sum->a == get->dst && (sum->imm == 8 || sum->imm == -UINT64_C(8));
}

/* Fields of op_load_fp's and op_store_fp's imm (arch/ops.h). */
static unsigned form_of(const struct ir_op *op) { return op->imm >> 16 & 0xf; }
static unsigned register_of(const struct ir_op *op) { return op->imm & 0x7f; }

static bool load_part(const struct ir_op *op)
{
    return op[SKIP_LOAD].op == IR_SKIP_PR && op[SKIP_LOAD].c >= 16 && op[SKIP_LOAD].imm == SKIP_STORE &&
           op[LOAD].op == IR_CALL && op[LOAD].fn == (void *)op_load_fp && op[LOAD].a == op[GET_FROM].dst &&
           register_of(&op[LOAD]) == 32 && op[LOAD].imm >> 20 == 0 && op[SET_MF].op == IR_SET_MF &&
           is_step(&op[GET_FROM], &op[ADD_FROM], &op[SET_FROM]);
}

static bool store_part(const struct ir_op *op)
{
    return op[SKIP_STORE].op == IR_SKIP_PR && op[SKIP_STORE].c >= 16 && op[SKIP_STORE].imm == GET_LC &&
           op[STORE].op == IR_CALL && op[STORE].fn == (void *)op_store_fp && op[STORE].a == op[GET_TO].dst &&
           register_of(&op[STORE]) >= 32 && is_step(&op[GET_TO], &op[ADD_TO], &op[SET_TO]) &&
           (op[GET_TO].op != op[GET_FROM].op || op[GET_TO].c != op[GET_FROM].c);
}

bool is_copy_loop_fr(const struct ir_unit *u)
{
    const struct ir_op *op = u->ops;

    if (u->n_ops < N_OPS || (u->key & (KEY_NAT | KEY_CAREFUL | KEY_BE)))
        return false;
    return load_part(op) && store_part(op) && form_of(&op[LOAD]) == form_of(&op[STORE]) &&
           (form_of(&op[LOAD]) == FS_SIG || form_of(&op[LOAD]) == FS_D) && op[GET_LC].op == IR_GET_ST &&
           op[GET_LC].imm == offsetof(struct vcpu, lc) && op[SKIP_LC].op == IR_SKIP_Z && op[SKIP_LC].a == op[GET_LC].dst &&
           op[SET_LC].op == IR_SET_ST && op[SET_P63].op == IR_SET_PRI && op[ROTATE].op == IR_ROTATE && op[EXIT].op == IR_EXIT &&
           op[EXIT].imm == 0 && op[EXIT].c == u->slot && op[EXIT].aux == IR_EXIT_TAKEN;
}

/* ---- running ---- */

/* Where a pointer is in host memory, and for how many more accesses its page lasts. */
struct side {
    uint64_t *gva;
    uint8_t *host;
    int64_t step;
    uint64_t left;
    bool write;
};

struct copy {
    struct side from, to;
    struct ia64_fr *frot;  /* slot of f32 */
    uint64_t window;       /* p16-p63 */
    uint64_t lc, ec;
    uint64_t load_bit, store_bit;
    unsigned stored;       /* from f32 */
    bool doubles, loaded;
};

/* Makes sure that the next access is in a page that the soft TLB has, aligned. */
static bool look(struct vcpu *v, struct side *s)
{
    uint64_t gva = *s->gva, offset = gva & 0xfff;
    const struct stlb_entry *e = stlb_slot(v, gva);

    if (s->left)
        return true;
    if ((offset & 7) || ((gva & ~UINT64_C(0xfff)) ^ v->dtag[gva >> 61]) != (s->write ? e->tag_w : e->tag_r))
        return false;
    s->host = (uint8_t *)(e->addend + (uintptr_t)gva);
    s->left = s->step > 0 ? (4096 - offset) / 8 : offset / 8 + 1;
    return true;
}

static void advance(struct side *s, uint64_t n)
{
    s->host += (int64_t)n * s->step;
    *s->gva += n * (uint64_t)s->step;
    s->left -= n;
}

/* Has the register the form whose bits are stored as they are? */
static bool storable(const struct copy *c, const struct ia64_fr *f)
{
    return c->doubles ? f->se == FR_TAG_DOUBLE : f->se < FP_EXP_NATVAL;
}

/*
 * Up to @n iterations that load and store. Guest memory is other processors' too: single accesses, in the guest's order.
 * What rotation copies to f32 is loaded over, but for the last one. Return: how many were done.
 */
static uint64_t copy_both(struct copy *c, uint64_t n)
{
    const uint64_t se = c->doubles ? FR_TAG_DOUBLE : FP_EXP_INT;
    const uint8_t *from = c->from.host;
    uint8_t *to = c->to.host;
    struct ia64_fr *f = c->frot;
    uint64_t i;

    /* What the loop has loaded itself is storable. */
    for (i = 0; i < n && (i >= c->stored || storable(c, &f[c->stored])); i++, f--) {
        f[0] = (struct ia64_fr){ __atomic_load_n((const uint64_t *)(const void *)from, __ATOMIC_RELAXED), se };
        __atomic_store_n((uint64_t *)(void *)to, f[c->stored].sig, __ATOMIC_RELAXED);
        from += c->from.step;
        to += c->to.step;
    }
    if (i) {
        f[0] = f[96];
        c->loaded = true;
        advance(&c->from, i);
        advance(&c->to, i);
    }
    c->frot = f;
    return i;
}

/* One iteration but for the predicates. Return: false, and nothing has changed, if it has to be done otherwise. */
static bool copy_one(struct vcpu *v, struct copy *c)
{
    bool loads = c->window & c->load_bit, stores = c->window & c->store_bit;

    if ((loads && !look(v, &c->from)) || (stores && (!look(v, &c->to) || !storable(c, &c->frot[c->stored]))))
        return false;
    if (loads) {
        uint64_t bits = __atomic_load_n((const uint64_t *)(const void *)c->from.host, __ATOMIC_RELAXED);

        c->frot[0] = (struct ia64_fr){ bits, c->doubles ? FR_TAG_DOUBLE : FP_EXP_INT };
        advance(&c->from, 1);
        c->loaded = true;
    }
    if (stores) {
        __atomic_store_n((uint64_t *)(void *)c->to.host, c->frot[c->stored].sig, __ATOMIC_RELAXED);
        advance(&c->to, 1);
    }
    c->frot--;
    c->frot[0] = c->frot[96];
    return true;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* How many iterations from here on load and store, as far as LC, pages and @room go. */
static uint64_t steady(struct vcpu *v, struct copy *c, uint64_t room)
{
    uint64_t highest = c->load_bit > c->store_bit ? c->load_bit : c->store_bit, all = highest | (highest - 1);

    if ((c->window & all) != all || !look(v, &c->from) || !look(v, &c->to))
        return 0;
    return least(least(c->lc, room), least(c->from.left, c->to.left));
}

/* All iterations up to the last one, as far as room and pages go. Return: how many were done. */
static uint64_t run(struct vcpu *v, struct copy *c, uint64_t room)
{
    const uint64_t rotating = UINT64_C(0xffffffffffff);
    uint64_t t = 0, n;

    while (t < room && (c->lc || c->ec > 1)) {
        n = c->lc ? copy_both(c, steady(v, c, room - t)) : 0;
        if (!n) {
            if (!copy_one(v, c))
                break;
            n = 1;
        }
        if (n >= 48) /* all of them are ones of this loop's */
            c->window = rotating;
        else
            c->window = (c->window << n | (c->lc ? (UINT64_C(1) << n) - 1 : 0)) & rotating;
        if (c->lc)
            c->lc -= n;
        else
            c->ec--;
        t += n;
    }
    return t;
}

/* The steps of rotating general registers, which take no part. */
static void turn_gr(struct vcpu *v, unsigned sor, uint64_t n)
{
    if (gr_rot_is_home(v))
        gr_leave_home(v);
    while (n--) {
        v->rot--;
        v->rot[0] = v->rot[sor];
    }
}

/* rrb after @n rotations */
static uint64_t turned(unsigned rrb, unsigned size, uint64_t n) { return (rrb + size - n % size) % size; }

static void put_back(struct vcpu *v, const struct copy *c, uint64_t n)
{
    unsigned sor = cfm_sor(v->cfm);
    uint64_t cfm = v->cfm & ~CFM_RRB;

    if (sor) {
        cfm |= turned(cfm_rrb_gr(v->cfm), sor, n) << 18;
        turn_gr(v, sor, n);
    }
    cfm |= turned(cfm_rrb_fr(v->cfm), 96, n) << 25;
    cfm |= turned(cfm_rrb_pr(v->cfm), 48, n) << 32;
    v->cfm = cfm;
    v->frot = c->frot;
    v->pr = (v->pr & 0xffff) | c->window << 16;
    v->lc = c->lc;
    v->ec = c->ec;
    if (c->loaded)
        v->psr |= PSR_MFH;
}

static uint64_t *pointer(struct vcpu *v, const struct ir_op *get)
{
    return get->op == IR_GET_GRS ? &v->gr[get->c] : &v->frame[get->c];
}

void jit_copy_loop_fr(struct vcpu *v, const struct ir_op *op, uint64_t ip)
{
    struct copy c = { .from = { .gva = pointer(v, &op[GET_FROM]), .step = (int64_t)op[ADD_FROM].imm },
                      .to = { .gva = pointer(v, &op[GET_TO]), .step = (int64_t)op[ADD_TO].imm, .write = true },
                      .window = v->pr >> 16, .lc = v->lc, .ec = v->ec, .load_bit = UINT64_C(1) << (op[SKIP_LOAD].c - 16),
                      .store_bit = UINT64_C(1) << (op[SKIP_STORE].c - 16), .stored = register_of(&op[STORE]) - 32,
                      .doubles = form_of(&op[LOAD]) == FS_D };
    uint64_t n, room;

    /* Values that were put off are the first rotation's business. */
    if (v->lazy_high)
        return;
    fr_settle(v);
    c.frot = v->frot;
    room = (uint64_t)(v->frot - v->rot_fr);
    if (cfm_sor(v->cfm) && !gr_rot_is_home(v))
        room = least(room, (uint64_t)(v->rot - v->rot_gr));
    n = run(v, &c, room);
    if (n == 0)
        return;
    put_back(v, &c, n);
    if (v->psr & PSR_IC)
        v->cr[CR_IIPA] = ip + (op[EXIT].pos >> 2) * UINT64_C(16);
}
