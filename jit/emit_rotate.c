/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One step of register rotation inline: what vcpu_rotate() does as long as no file has come to the bottom of its array. */
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

/*
 * To C if the base pointer of a file is at the start of its array; else leaves it in @reg. Rotating general registers that
 * are still at home, in stack[], are below it.
 */
static void load_base(struct compile *c, const struct ir_op *op, unsigned reg, int32_t pointer, int32_t array)
{
    x64_load(&c->x, reg, REG_V, pointer);
    x64_lea(&c->x, REG_S0, REG_V, array);
    x64_alu_rr(&c->x, ALU_CMP, reg, REG_S0);
    cold_add(c, COLD_ROTATE, op, x64_jcc(&c->x, CC_BE));
}

static void copy8(struct compile *c, unsigned base, int32_t to, int32_t from)
{
    x64_load(&c->x, REG_S0, base, from);
    x64_store(&c->x, base, to, REG_S0);
}

/* Bits {63:16} of the predicates turn left by one. */
static void rotate_pr(struct compile *c)
{
    struct x64 *x = &c->x;

    x64_mov_rr(x, REG_S0, REG_PR);
    x64_shift_ri(x, SHIFT_SHR, REG_S0, 63);
    x64_shift_ri(x, SHIFT_SHL, REG_S0, 16);
    x64_extend(x, REG_S1, REG_PR, 2, false);
    x64_alu_rr(x, ALU_OR, REG_S0, REG_S1);
    x64_alu_ri(x, ALU_AND, REG_PR, -0x10000);
    x64_shift_ri(x, SHIFT_SHL, REG_PR, 1);
    x64_alu_rr(x, ALU_OR, REG_PR, REG_S0);
}

/* r10 = CFM: its field of @bits bits at @lo goes down by one, from 0 to @size - 1. */
static void count_down(struct compile *c, unsigned lo, unsigned bits, unsigned size)
{
    struct x64 *x = &c->x;
    uint8_t *wraps, *end;

    x64_mov_ri(x, REG_S0, ((UINT64_C(1) << bits) - 1) << lo);
    x64_test_rr(x, REG_S3, REG_S0);
    wraps = x64_jcc(x, CC_E);
    x64_mov_ri(x, REG_S0, UINT64_C(1) << lo);
    x64_alu_rr(x, ALU_SUB, REG_S3, REG_S0);
    end = x64_jmp(x);
    x64_patch(x, wraps, x->p);
    x64_mov_ri(x, REG_S0, (uint64_t)(size - 1) << lo);
    x64_alu_rr(x, ALU_OR, REG_S3, REG_S0);
    x64_patch(x, end, x->p);
}

_Static_assert(offsetof(struct vcpu, stack) < offsetof(struct vcpu, rot_gr), "home is below rot_gr[]");

void emit_rotate(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned sor = ((c->u->key & KEY_SOR) >> KEY_SOR_SHIFT) * 8, first = c->n_colds;

    if (c->u->key & KEY_NAT) {
        emit_rotate_call(c);
        return;
    }
    if (sor)
        load_base(c, op, REG_S2, V(rot), V(rot_gr));
    x64_cmp_mem8(x, REG_V, V(lazy_high), 0);
    cold_add(c, COLD_ROTATE, op, x64_jcc(x, CC_NE));
    load_base(c, op, REG_S1, V(frot), V(rot_fr));
    if (sor) {
        x64_alu_ri(x, ALU_SUB, REG_S2, 8);
        copy8(c, REG_S2, 0, (int32_t)sor * 8);
        x64_store(x, REG_V, V(rot), REG_S2);
    }
    x64_alu_ri(x, ALU_SUB, REG_S1, 16);
    copy8(c, REG_S1, 0, 96 * 16);
    copy8(c, REG_S1, 8, 96 * 16 + 8);
    x64_store(x, REG_V, V(frot), REG_S1);
    rotate_pr(c);
    x64_load(x, REG_S3, REG_V, V(cfm));
    if (sor)
        count_down(c, 18, 7, sor);
    count_down(c, 25, 7, 96);
    count_down(c, 32, 6, 48);
    x64_store(x, REG_V, V(cfm), REG_S3);
    for (unsigned i = first; i < c->n_colds; i++)
        c->colds[i].back = x->p;
}
