/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for predicates: reading and writing them, and compare, predicates and branch in one. */
#include "jit/compile.h"

bool skips_exit_apart(const struct compile *c, const struct ir_op *skip)
{
    uint32_t next = (uint32_t)(skip - c->u->ops) + 1;

    return c->exits_apart && next < c->u->n_ops && skip->imm == next + 1 && c->u->ops[next].op == IR_EXIT &&
           (c->u->ops[next].aux & IR_EXIT_UNLIKELY);
}

/*
 * A predicate := @value. Compilers take p6 and p7 first, so those of the lowest byte have the shortest form; bts and btr are two steps
 * of the host.
 */
static void put_pr(struct compile *c, unsigned p, bool value)
{
    uint64_t bit = UINT64_C(1) << p;

    if (p < 8)
        x64_alu8_ri(&c->x, value ? ALU_OR : ALU_AND, REG_PR, (uint8_t)(value ? bit : ~bit));
    else if (p < 31)
        x64_alu_ri(&c->x, value ? ALU_OR : ALU_AND, REG_PR, (int32_t)(value ? bit : ~bit));
    else
        x64_bit_ri(&c->x, value ? 5 : 6, REG_PR, p);
}

void put_pr_const(struct compile *c, unsigned p, bool value)
{
    if (p)
        put_pr(c, p, value);
}

void put_bit(struct compile *c, unsigned p, unsigned reg)
{
    put_pr(c, p, false);
    x64_mov_rr(&c->x, REG_S1, reg);
    x64_shift_ri(&c->x, SHIFT_SHL, REG_S1, p);
    x64_alu_rr(&c->x, ALU_OR, REG_PR, REG_S1);
}

void emit_set_pr2(struct compile *c, const struct ir_op *op)
{
    unsigned p1 = op->c & 63, p2 = op->c >> 8;

    if (p1 && p2) {
        unsigned a = use(c, op->a, REG_S0);

        x64_test_rr(&c->x, a, a);
        put_pr2_flags(c, CC_NE, p1, p2);
        return;
    }
    use_into(c, op->a, REG_S0);
    if (p1)
        put_bit(c, p1, REG_S0);
    if (p2) {
        x64_alu_ri(&c->x, ALU_XOR, REG_S0, 1);
        put_bit(c, p2, REG_S0);
    }
}

void emit_get_pr(struct compile *c, const struct ir_op *op)
{
    unsigned d = def(c, op->dst);

    x64_bt(&c->x, REG_PR, op->c);
    x64_setcc(&c->x, CC_B, d);
    done(c, op->dst, d);
}

/* ---- compare, predicates, branch in one ---- */

static const int8_t compare_cc[IR_OPCODES] = {
    [IR_EQ] = CC_E, [IR_NE] = CC_NE, [IR_LT] = CC_L, [IR_LE] = CC_LE, [IR_LTU] = CC_B, [IR_LEU] = CC_BE,
    [IR_EQI] = CC_E, [IR_NEI] = CC_NE, [IR_LTI] = CC_L, [IR_LEI] = CC_LE, [IR_GTI] = CC_G, [IR_GEI] = CC_GE,
    [IR_LTUI] = CC_B, [IR_LEUI] = CC_BE, [IR_GTUI] = CC_A, [IR_GEUI] = CC_AE,
};

/* Flags of a compare's operands. */
static void emit_flags(struct compile *c, const struct ir_op *op)
{
    bool imm = op->op >= IR_EQI;
    unsigned a = use(c, op->a, REG_S0), base;
    int32_t disp;

    if (imm && op->imm == 0 && (op->op == IR_EQI || op->op == IR_NEI || op->op == IR_LTI || op->op == IR_GEI)) {
        x64_test_rr(&c->x, a, a);
    } else if (imm && x64_fits32(op->imm)) {
        x64_alu_ri(&c->x, ALU_CMP, a, (int32_t)op->imm);
    } else if (imm) {
        x64_mov_ri(&c->x, REG_S1, op->imm);
        x64_alu_rr(&c->x, ALU_CMP, a, REG_S1);
    } else if (in_memory(c, op->b, &base, &disp)) {
        x64_alu_rm(&c->x, ALU_CMP, a, base, disp);
    } else {
        x64_alu_rr(&c->x, ALU_CMP, a, use(c, op->b, REG_S1));
    }
}

/* Clears both, then sets the one that cmov picks. */
void put_pr2_flags(struct compile *c, enum x64_cc cc, unsigned p1, unsigned p2)
{
    uint64_t bit1 = p1 ? UINT64_C(1) << p1 : 0, bit2 = p2 ? UINT64_C(1) << p2 : 0;
    uint64_t keep = ~(bit1 | bit2);

    /* mov and not xor: the flags stay */
    x64_mov_keep(&c->x, REG_S1, bit1);
    x64_mov_keep(&c->x, REG_S0, bit2);
    x64_cmov(&c->x, cc, REG_S0, REG_S1);
    if (p1 < 8 && p2 < 8) {
        x64_alu8_ri(&c->x, ALU_AND, REG_PR, (uint8_t)keep);
    } else if (x64_fits32(keep)) {
        x64_alu_ri(&c->x, ALU_AND, REG_PR, (int32_t)keep);
    } else {
        x64_mov_ri(&c->x, REG_S1, keep);
        x64_alu_rr(&c->x, ALU_AND, REG_PR, REG_S1);
    }
    x64_alu_rr(&c->x, ALU_OR, REG_PR, REG_S0);
}

/* Is @op followed by @next, which alone needs its result? */
static bool feeds(const struct compile *c, const struct ir_op *op, const struct ir_op *next)
{
    uint32_t i = (uint32_t)(next - c->u->ops);

    return i < c->u->n_ops && !c->is_label[i] && next->a == op->dst && c->places[op->dst].last == i;
}

/*
 * tbit's ops: (shift;) and 1; (xor 1;) set two predicates. Emits the bit's test. Return: the op that sets, NULL if it is no such sequence
 */
static const struct ir_op *emit_bit_test(struct compile *c, const struct ir_op *op, enum x64_cc *cc)
{
    const struct ir_op *from = op, *last = op;

    if (op->op == IR_SHRI) {
        last = op + 1;
        if (!feeds(c, op, last))
            return NULL;
    }
    if (last->op != IR_ANDI || last->imm != 1)
        return NULL;
    *cc = CC_B;
    if (feeds(c, last, last + 1) && last[1].op == IR_XORI && last[1].imm == 1) {
        last++;
        *cc = CC_AE;
    }
    if (!feeds(c, last, last + 1) || last[1].op != IR_SET_PR2)
        return NULL;
    x64_bt(&c->x, use(c, from->a, REG_S0), op->op == IR_SHRI ? (unsigned)op->imm : 0);
    return last + 1;
}

/*
 * The flags of a compare or bit test that sets two predicates. Return: the op that does, NULL if @op begins no such sequence
 */
static const struct ir_op *emit_condition(struct compile *c, const struct ir_op *op, enum x64_cc *cc)
{
    if (op->op < IR_EQ || op->op > IR_GEUI)
        return emit_bit_test(c, op, cc);
    if (!feeds(c, op, op + 1) || op[1].op != IR_SET_PR2)
        return NULL;
    *cc = (enum x64_cc)compare_cc[op->op];
    emit_flags(c, op);
    return op + 1;
}

unsigned emit_fused(struct compile *c, const struct ir_op *op)
{
    const struct ir_op *end = c->u->ops + c->u->n_ops, *skip;
    enum x64_cc cc;
    const struct ir_op *pr2 = emit_condition(c, op, &cc);
    unsigned p1, p2, taken;
    struct cold *cold;
    bool by_p1;

    if (!pr2)
        return 0;
    taken = (unsigned)(pr2 - op);
    skip = pr2 + 1;
    p1 = pr2->c & 63;
    p2 = pr2->c >> 8;
    if (p1 == p2) { /* only p0 twice: p1 == p2 is an Illegal Operation otherwise */
        put_pr_const(c, p1, false);
        return taken;
    }
    if (skip >= end || skip->op != IR_SKIP_PR || skip->c == 0 || c->is_label[skip - c->u->ops] ||
        (skip->c != p1 && skip->c != p2)) {
        put_pr2_flags(c, cc, p1, p2);
        return taken;
    }
    by_p1 = skip->c == p1;
    if (skips_exit_apart(c, skip)) {
        cold = cold_add(c, COLD_EXIT, skip + 1, x64_jcc(&c->x, by_p1 ? cc : cc ^ 1));
        cold->target = p1 | p2 << 8;
        cold->leave = by_p1;
        put_pr_const(c, p1, !by_p1);
        put_pr_const(c, p2, by_p1);
        return taken + 2;
    }
    /* Falls through with the skip's predicate true. */
    cold = cold_add(c, COLD_PR2, pr2, x64_jcc(&c->x, by_p1 ? cc ^ 1 : cc));
    cold->target = (uint32_t)skip->imm;
    cold->leave = !by_p1;
    put_pr_const(c, p1, by_p1);
    put_pr_const(c, p2, !by_p1);
    return taken + 1;
}
