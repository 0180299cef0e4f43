/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which memory references of a loop look first at the page that they, or others from the same base, found last.
 *
 * Such a look is half as long as a probe of the soft TLB, but where the page changes all the time it is in the way. Outside of
 * loops it does, since units share the places: zstd and SQLite took a third longer with looks there. In loops it is for
 * references whose base hardly moves: the stack and global pointers, constants, what is loaded from the global offset table, in a
 * loop bases that it leaves alone or steps through; and for the third floating-point reference from one base and those after it.
 *
 * Other references from one base, in loops or not, share a look: the first probes for all the bytes between them, and if these
 * are in one page the addend serves the others.
 */
#include <stdlib.h>

#include "arch/ops.h"
#include "jit/compile.h"
#include "jit/emit_fp.h"

enum { SPAN_MAX = 512 }; /* bytes: one span in eight of this size crosses a page */
enum { REGION_REFERENCES = 3 }; /* from one base, to make a REFILL of the first worth it */
enum { GP = 1, SP = 12, TP = 13 };

struct plan {
    struct compile *c;
    const struct ir_unit *u;
    uint32_t *def;     /* op that defines a temp, by temp */
    uint32_t loop_end; /* ops before this belong to a loop; 0: the unit is none */
};

bool site_memory_op(const struct ir_op *op, bool *write)
{
    if (op->op >= IR_LD1 && op->op <= IR_ST8) {
        *write = op->op >= IR_ST1;
        return true;
    }
    if (op->op != IR_CALL || (op->fn != (void *)op_load_fp && op->fn != (void *)op_store_fp))
        return false;
    *write = op->fn == (void *)op_store_fp;
    return true;
}

static const struct ir_op *def_of(const struct plan *p, ir_val v)
{
    return &p->u->ops[p->def[v]];
}

/* The temp that @v is a fixed distance from. */
static ir_val root_of(const struct plan *p, ir_val v)
{
    while (def_of(p, v)->op == IR_ADDI)
        v = def_of(p, v)->a;
    return v;
}

/* In a loop: the register that @get reads is only written by adding constants to it. */
static bool steps(const struct plan *p, const struct ir_op *get)
{
    unsigned set = get->op - IR_GET_GRS + IR_SET_GRS;

    for (uint32_t i = 0; i < p->loop_end; i++) {
        const struct ir_op *op = &p->u->ops[i], *from;

        if (op->op != set || op->c != get->c)
            continue;
        from = def_of(p, root_of(p, op->a));
        if (from->op != get->op || from->c != get->c)
            return false;
    }
    return true;
}

bool site_base_is_global(unsigned r) { return r == GP || r == SP || r == TP; }

static bool is_fixed(const struct plan *p, const struct ir_op *root)
{
    if (root->op == IR_GET_GRS && site_base_is_global(root->c))
        return true;
    if (root->op == IR_CONST)
        return true;
    if ((root->op == IR_GET_GRS || root->op == IR_GET_GRF) && root < p->u->ops + p->loop_end)
        return steps(p, root);
    return false;
}

static bool is_stable(const struct plan *p, const struct ir_op *root)
{
    if (is_fixed(p, root))
        return true;
    if (root->op == IR_LD8) {
        const struct ir_op *from = def_of(p, root_of(p, root->a));

        return from->op == IR_GET_GRS && from->c == GP;
    }
    return false;
}

/* Do two references move together? Reads of one register may stand for the same base. */
static bool same_base(const struct plan *p, ir_val a, ir_val b)
{
    const struct ir_op *x = def_of(p, a), *y = def_of(p, b);

    return a == b || (x->op == y->op && x->c == y->c && x->op == IR_GET_GRS && site_base_is_global(x->c));
}

/* Plans the references from the same base as op @first, which has no plan yet. */
static void plan_group(const struct plan *p, uint32_t first, bool write)
{
    const struct ir_unit *u = p->u;
    ir_val root = root_of(p, u->ops[first].a);
    bool stable = is_stable(p, def_of(p, root)), other_write;
    unsigned n = 0, index;

    for (uint32_t i = first; i < u->n_ops; i++) {
        if (site_memory_op(&u->ops[i], &other_write) && other_write == write &&
            same_base(p, root_of(p, u->ops[i].a), root))
            n++;
    }
    if (!stable && (n < REGION_REFERENCES || u->ops[first].op != IR_CALL))
        return;
    index = p->c->j->next_site++ % N_SITES;
    for (uint32_t i = first; i < u->n_ops; i++) {
        if (site_memory_op(&u->ops[i], &other_write) && other_write == write &&
            same_base(p, root_of(p, u->ops[i].a), root)) {
            p->c->sites[i].kind = stable || i != first ? SITE_CHECK : SITE_REFILL;
            p->c->sites[i].index = (uint8_t)index;
        }
    }
}

/* ---- spans ---- */

struct span {
    ir_val root;
    int64_t lo, hi; /* first and last byte, from the root */
    bool write, forked; /* has a store; some way may have left it */
    unsigned n;
};

/* @v as a fixed distance from its root. */
static int64_t distance(const struct plan *p, ir_val v)
{
    uint64_t sum = 0;

    for (; def_of(p, v)->op == IR_ADDI; v = def_of(p, v)->a)
        sum += def_of(p, v)->imm;
    return (int64_t)sum;
}

static int64_t size_of(const struct ir_op *op)
{
    if (op->op == IR_CALL)
        return fp_memory_size(op);
    return INT64_C(1) << (op->op >= IR_ST1 ? op->op - IR_ST1 : op->op - IR_LD1);
}

static bool is_branch(const struct ir_op *op)
{
    return ir_is_skip(op) || ir_is_exit(op);
}

/*
 * Takes the reference of op @i into the span if it is from its base and near. A store makes all of the span look for the right
 * to write, so it must be sure to come.
 */
static bool span_takes(const struct plan *p, struct span *span, uint32_t i)
{
    const struct ir_op *op = &p->u->ops[i];
    int64_t at, lo, hi;
    bool write;

    if (!site_memory_op(op, &write) || p->c->sites[i].kind != SITE_PROBE || root_of(p, op->a) != span->root ||
        (write && !span->write && span->forked))
        return false;
    at = distance(p, op->a);
    lo = at < span->lo ? at : span->lo;
    hi = at + size_of(op) - 1 > span->hi ? at + size_of(op) - 1 : span->hi;
    if (at < -SPAN_MAX * INT64_C(1024) || at > SPAN_MAX * INT64_C(1024) || hi - lo >= SPAN_MAX)
        return false;
    span->lo = lo;
    span->hi = hi;
    span->write |= write;
    span->n++;
    return true;
}

/* A span that begins with op @first, which probes in any case: as far as calls of C, and the end of what the predicate of the first one covers. */
static void plan_span(const struct plan *p, uint32_t first)
{
    const struct ir_unit *u = p->u;
    struct site *sites = p->c->sites;
    struct span span = { .root = root_of(p, u->ops[first].a) };
    int64_t at = distance(p, u->ops[first].a);
    uint32_t end = p->c->barrier[first];
    bool write;

    if (p->c->n_spills >= JIT_MAX_SPILLS || at < -SPAN_MAX * INT64_C(1024) || at > SPAN_MAX * INT64_C(1024))
        return;
    span.lo = at;
    span.hi = at;
    for (uint32_t i = first; i < end; i++) {
        const struct ir_op *op = &u->ops[i];

        if (op->op == IR_CALL && !site_memory_op(op, &write))
            break;
        span.forked |= is_branch(op);
        if (!span_takes(p, &span, i))
            continue;
        sites[i].kind = SITE_SPAN;
        sites[i].slot = (int16_t)p->c->n_spills;
        sites[first].last = (uint16_t)i;
    }
    if (span.n == 1) {
        sites[first].kind = SITE_PROBE;
        return;
    }
    sites[first].kind = SITE_FIRST;
    sites[first].lo = (int16_t)(span.lo - at);
    sites[first].hi = (int16_t)(span.hi - at);
    sites[first].write = span.write;
    p->c->n_spills++;
}

/* ---- */

static bool may_have_sites(const struct ir_unit *u)
{
    unsigned cpl = u->key & KEY_CPL;

    return (u->key & KEY_DT) && (cpl == 0 || cpl == 3);
}

void sites_plan(struct compile *c)
{
    const struct ir_unit *u = c->u;
    struct plan p = { .c = c, .u = u };
    bool write;

    if (u->key & KEY_CAREFUL)
        return;
    p.def = calloc(u->n_vals, sizeof(*p.def));
    if (!p.def)
        return;
    for (uint32_t i = 0; i < u->n_ops; i++) {
        if (u->ops[i].dst)
            p.def[u->ops[i].dst] = i;
        if (u->ops[i].op == IR_EXIT && u->ops[i].imm == 0 && u->ops[i].c == u->slot)
            p.loop_end = i;
    }
    if (may_have_sites(u))
        windows_plan(c);
    for (uint32_t i = 0; p.loop_end && may_have_sites(u) && i < u->n_ops; i++) {
        if (site_memory_op(&u->ops[i], &write) && c->sites[i].kind == SITE_PROBE)
            plan_group(&p, i, write);
    }
    for (uint32_t i = 0; i < u->n_ops; i++) {
        if ((u->ops[i].op != IR_CALL || emit_fp_is_load(u, &u->ops[i])) && site_memory_op(&u->ops[i], &write) &&
            c->sites[i].kind == SITE_PROBE)
            plan_span(&p, i);
    }
    free(p.def);
}
