/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One step of register rotation inline: what vcpu_rotate() does as long as no file has come to the bottom of its array. */
#include "arch/fp_ops.h"
#include "jit/compile.h"
#include "jit/emit_fp.h"

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

    x64_extend(x, REG_S1, REG_PR, 2, false);
    x64_mov_rr(x, REG_S0, REG_PR);
    x64_shift_ri(x, SHIFT_SHR, REG_S0, 63);
    x64_shift_ri(x, SHIFT_SHL, REG_S0, 16);
    x64_alu_rr(x, ALU_SUB, REG_PR, REG_S1);
    x64_alu_rr(x, ALU_ADD, REG_PR, REG_PR);
    x64_alu_rr(x, ALU_OR, REG_S0, REG_S1);
    x64_alu_rr(x, ALU_OR, REG_PR, REG_S0);
}

/*
 * The fields of CFM.rrb go down by one, by C if one of them is 0: (x - ones) & ~x has the top bit of such a field, as long as the
 * fields below are not 0. First of all: nothing has changed when C is called. Leaves the new CFM in r10.
 */
static void count_down(struct compile *c, const struct ir_op *op, bool gr)
{
    const uint64_t ones = UINT64_C(1) << 25 | UINT64_C(1) << 32 | (gr ? UINT64_C(1) << 18 : 0);
    const uint64_t tops = UINT64_C(1) << 31 | UINT64_C(1) << 37 | (gr ? UINT64_C(1) << 24 : 0);
    struct x64 *x = &c->x;

    x64_load(x, REG_S3, REG_V, V(cfm));
    x64_mov_ri(x, REG_S0, ones);
    x64_mov_rr(x, REG_S1, REG_S3);
    x64_alu_rr(x, ALU_SUB, REG_S3, REG_S0);
    x64_not(x, REG_S1);
    x64_mov_ri(x, REG_S0, tops);
    x64_alu_rr(x, ALU_AND, REG_S1, REG_S3);
    x64_test_rr(x, REG_S1, REG_S0);
    cold_add(c, COLD_ROTATE, op, x64_jcc(x, CC_NE));
}

static bool is_high(unsigned f)
{
    return f >= 32;
}

bool uses_high_fr(const struct ir_unit *u)
{
    for (uint32_t i = 0; i < u->n_ops; i++) {
        const struct ir_op *op = &u->ops[i];

        if (op->op == IR_FPOP && (is_high(FPO_F1(op->imm)) || is_high(FPO_F2(op->imm)) || is_high(FPO_F3(op->imm)) ||
                                  is_high(FPO_F4(op->imm))))
            return true;
        if (emit_fp_owns(op) && (is_high(op->imm & 0x7f) || is_high(op->imm >> 8 & 0x7f)))
            return true;
    }
    return false;
}

/* f32-f127 follow at once where the unit reads or writes them; else they only fall behind by one more (v->fr_lag). */
static void rotate_fr(struct compile *c)
{
    struct x64 *x = &c->x;

    if (!c->high_fr) {
        x64_inc_mem(x, REG_V, V(fr_lag));
        return;
    }
    x64_alu_ri(x, ALU_SUB, REG_S2, 16);
    copy8(c, REG_S2, 0, 96 * 16);
    copy8(c, REG_S2, 8, 96 * 16 + 8);
    x64_store(x, REG_V, V(frot), REG_S2);
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
    x64_cmp_mem8(x, REG_V, V(lazy_high), 0);
    cold_add(c, COLD_ROTATE, op, x64_jcc(x, CC_NE));
    count_down(c, op, sor > 0);
    if (c->high_fr)
        load_base(c, op, REG_S2, V(frot), V(rot_fr));
    if (sor) {
        load_base(c, op, REG_S1, V(rot), V(rot_gr));
        x64_alu_ri(x, ALU_SUB, REG_S1, 8);
        copy8(c, REG_S1, 0, (int32_t)sor * 8);
        x64_store(x, REG_V, V(rot), REG_S1);
    }
    x64_store(x, REG_V, V(cfm), REG_S3);
    rotate_fr(c);
    rotate_pr(c);
    for (unsigned i = first; i < c->n_colds; i++)
        c->colds[i].back = x->p;
}
