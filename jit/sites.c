/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which memory references of a loop look first at the page that they, or others from the same base, found last.
 *
 * Such a look is half as long as a probe of the soft TLB, but where the page changes all the time it is in the way. Outside of
 * loops it does, since units share the places: zstd and SQLite took a third longer with looks there. In loops it is for
 * references whose base hardly moves: the stack and global pointers, constants, what is loaded from the global offset table, in a
 * loop bases that it leaves alone or steps through; and for the third reference from one base and those after it.
 */
#include <stdlib.h>

#include "arch/ops.h"
#include "jit/compile.h"
#include "jit/emit_fp.h"

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

static bool is_fixed(const struct plan *p, const struct ir_op *root)
{
    if (root->op == IR_GET_GRS && (root->c == GP || root->c == SP || root->c == TP))
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

    return a == b || (x->op == y->op && x->c == y->c && x->op == IR_GET_GRS && (x->c == GP || x->c == SP || x->c == TP));
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
    if (!stable && n < REGION_REFERENCES)
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

void sites_plan(struct compile *c)
{
    const struct ir_unit *u = c->u;
    struct plan p = { .c = c, .u = u };
    unsigned cpl = u->key & KEY_CPL;
    bool write;

    if (!(u->key & KEY_DT) || (u->key & KEY_CAREFUL) || (cpl != 0 && cpl != 3))
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
    for (uint32_t i = 0; p.loop_end && i < u->n_ops; i++) {
        if (site_memory_op(&u->ops[i], &write) && c->sites[i].kind == SITE_PROBE)
            plan_group(&p, i, write);
    }
    free(p.def);
}
