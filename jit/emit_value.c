/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for the ops whose only effect is their result. */
#include "jit/compile.h"
#include "lower/pure.h"

static void emit_alu(struct compile *c, const struct ir_op *op, enum x64_alu alu)
{
    unsigned d = def(c, op->dst), a = reg_of(c, op->a), b, base;
    int32_t disp;

    if (in_memory(c, op->b, &base, &disp)) {
        use_into(c, op->a, d);
        x64_alu_rm(&c->x, alu, d, base, disp);
        done(c, op->dst, d);
        return;
    }
    b = use(c, op->b, REG_S1);
    if (alu == ALU_ADD && a != NOREG && d != a && d != b) {
        x64_lea_index(&c->x, d, a, b, 0);
    } else if (d == b && alu != ALU_SUB) {
        x64_alu_rr(&c->x, alu, d, use(c, op->a, REG_S0));
    } else if (d == b) { /* b's register is d's now */
        use_into(c, op->a, REG_S0);
        x64_alu_rr(&c->x, alu, REG_S0, b);
        x64_mov_rr(&c->x, d, REG_S0);
    } else {
        use_into(c, op->a, d);
        x64_alu_rr(&c->x, alu, d, b);
    }
    done(c, op->dst, d);
}

static void emit_andcm(struct compile *c, const struct ir_op *op)
{
    unsigned d = def(c, op->dst);

    use_into(c, op->b, REG_S1);
    x64_not(&c->x, REG_S1);
    x64_alu_rr(&c->x, ALU_AND, REG_S1, use(c, op->a, REG_S0));
    x64_mov_rr(&c->x, d, REG_S1);
    done(c, op->dst, d);
}

static void emit_alu_imm(struct compile *c, const struct ir_op *op, enum x64_alu alu)
{
    unsigned d = def(c, op->dst), a;

    if (alu == ALU_ADD && x64_fits32(op->imm)) {
        a = use(c, op->a, REG_S0);
        x64_lea(&c->x, d, a, (int32_t)op->imm);
    } else if (alu == ALU_AND && op->imm == 0xffffffff) {
        x64_extend(&c->x, d, use(c, op->a, REG_S0), 4, false);
    } else if (x64_fits32(op->imm)) {
        use_into(c, op->a, d);
        x64_alu_ri(&c->x, alu, d, (int32_t)op->imm);
    } else {
        x64_mov_ri(&c->x, REG_S1, op->imm);
        use_into(c, op->a, d);
        x64_alu_rr(&c->x, alu, d, REG_S1);
    }
    done(c, op->dst, d);
}

static void emit_subri(struct compile *c, const struct ir_op *op)
{
    unsigned d = def(c, op->dst);

    x64_mov_ri(&c->x, REG_S1, op->imm);
    x64_alu_rr(&c->x, ALU_SUB, REG_S1, use(c, op->a, REG_S0));
    x64_mov_rr(&c->x, d, REG_S1);
    done(c, op->dst, d);
}

static void emit_shift_imm(struct compile *c, const struct ir_op *op, enum x64_shift shift)
{
    unsigned d = def(c, op->dst);

    use_into(c, op->a, d);
    x64_shift_ri(&c->x, shift, d, (unsigned)op->imm);
    done(c, op->dst, d);
}

/* Counts above 63 give 0, or the sign. */
static void emit_shift(struct compile *c, const struct ir_op *op, enum x64_shift shift)
{
    use_into(c, op->b, REG_S1);
    use_into(c, op->a, REG_S0);
    if (shift == SHIFT_SAR) {
        uint8_t *in_range;

        x64_alu_ri(&c->x, ALU_CMP, REG_S1, 63);
        in_range = x64_jcc(&c->x, CC_BE);
        x64_mov_ri(&c->x, REG_S1, 63);
        x64_patch(&c->x, in_range, c->x.p);
        x64_shift_cl(&c->x, shift, REG_S0);
    } else {
        uint8_t *in_range;

        x64_shift_cl(&c->x, shift, REG_S0);
        x64_alu_ri(&c->x, ALU_CMP, REG_S1, 63);
        in_range = x64_jcc(&c->x, CC_BE);
        x64_mov_ri(&c->x, REG_S0, 0);
        x64_patch(&c->x, in_range, c->x.p);
    }
    x64_mov_rr(&c->x, def(c, op->dst), REG_S0);
    done(c, op->dst, REG_S0);
}

static void emit_extend(struct compile *c, const struct ir_op *op, unsigned size, bool sign)
{
    unsigned d = def(c, op->dst);

    x64_extend(&c->x, d, use(c, op->a, REG_S0), size, sign);
    done(c, op->dst, d);
}

static void emit_set(struct compile *c, const struct ir_op *op, enum x64_cc cc, bool imm)
{
    unsigned d = def(c, op->dst), a = use(c, op->a, REG_S0);

    if (imm && x64_fits32(op->imm)) {
        x64_alu_ri(&c->x, ALU_CMP, a, (int32_t)op->imm);
    } else if (imm) {
        x64_mov_ri(&c->x, REG_S1, op->imm);
        x64_alu_rr(&c->x, ALU_CMP, a, REG_S1);
    } else {
        x64_alu_rr(&c->x, ALU_CMP, a, use(c, op->b, REG_S1));
    }
    x64_setcc(&c->x, cc, d);
    done(c, op->dst, d);
}

static void emit_select(struct compile *c, const struct ir_op *op)
{
    unsigned cond = use(c, op->a, REG_S0);

    x64_test_rr(&c->x, cond, cond);

    uint8_t *no = x64_jcc(&c->x, CC_E), *end;

    use_into(c, op->b, REG_S1);
    end = x64_jmp(&c->x);
    x64_patch(&c->x, no, c->x.p);
    use_into(c, op->c, REG_S1);
    x64_patch(&c->x, end, c->x.p);
    x64_mov_rr(&c->x, def(c, op->dst), REG_S1);
    done(c, op->dst, REG_S1);
}

static void emit_mul(struct compile *c, const struct ir_op *op)
{
    use_into(c, op->a, REG_S0);
    x64_imul(&c->x, REG_S0, use(c, op->b, REG_S1));
    x64_mov_rr(&c->x, def(c, op->dst), REG_S0);
    done(c, op->dst, REG_S0);
}

static void emit_popcnt(struct compile *c, const struct ir_op *op)
{
    unsigned d = def(c, op->dst);

    x64_popcnt(&c->x, d, use(c, op->a, REG_S0));
    done(c, op->dst, d);
}

/* 64 - the number of leading zeros is the highest bit's position + 1. */
static uint64_t c_clz(uint64_t a) { return a ? (uint64_t)__builtin_clzll(a) : 64; }

static void emit_clz(struct compile *c, const struct ir_op *op)
{
    use_into(c, op->a, RDI);
    x64_mov_ri(&c->x, RAX, (uint64_t)(uintptr_t)c_clz);
    x64_call_reg(&c->x, RAX);
    x64_mov_rr(&c->x, def(c, op->dst), RAX);
    done(c, op->dst, RAX);
}

bool jit_is_pr_turn(const struct ir_op *op)
{
    return op->op == IR_PURE && (op->fn == (void *)pure_pr_to_physical || op->fn == (void *)pure_pr_from_physical);
}

/* pr_rotate() of the predicates in a by rrb.pr of the CFM in b, left or, from physical numbers, right. */
static void emit_pr_turn(struct compile *c, const struct ir_op *op)
{
    bool left = op->fn == (void *)pure_pr_to_physical;
    struct x64 *x = &c->x;

    use_into(c, op->b, REG_S1);
    use_into(c, op->a, REG_S0);
    x64_extend(x, REG_S3, REG_S0, 2, false);
    x64_shift_ri(x, SHIFT_SHR, REG_S0, 16);
    x64_shift_ri(x, SHIFT_SHR, REG_S1, 32); /* 0-47 */
    x64_mov_rr(x, REG_S2, REG_S0);
    x64_shift_cl(x, left ? SHIFT_SHL : SHIFT_SHR, REG_S2);
    x64_neg(x, REG_S1);
    x64_alu_ri(x, ALU_ADD, REG_S1, 48);
    x64_shift_cl(x, left ? SHIFT_SHR : SHIFT_SHL, REG_S0);
    x64_alu_rr(x, ALU_OR, REG_S0, REG_S2);
    x64_shift_ri(x, SHIFT_SHL, REG_S0, 16); /* what came out on the left goes */
    x64_alu_rr(x, ALU_OR, REG_S0, REG_S3);
    x64_mov_rr(x, def(c, op->dst), REG_S0);
    done(c, op->dst, REG_S0);
}

static void emit_pure(struct compile *c, const struct ir_op *op)
{
    if (jit_is_pr_turn(op)) {
        emit_pr_turn(c, op);
        return;
    }
    load_args(c, op->a, RDI, op->b, RSI);
    x64_mov_ri(&c->x, RDX, op->imm);
    x64_mov_ri(&c->x, RAX, (uint64_t)(uintptr_t)op->fn);
    x64_call_reg(&c->x, RAX);
    x64_mov_rr(&c->x, def(c, op->dst), RAX);
    done(c, op->dst, RAX);
}

static void emit_bswap(struct compile *c, const struct ir_op *op)
{
    unsigned d = def(c, op->dst);

    use_into(c, op->a, d);
    x64_bswap(&c->x, d);
    done(c, op->dst, d);
}

bool emit_value_op(struct compile *c, const struct ir_op *op)
{
    switch (op->op) {
    case IR_ADD: emit_alu(c, op, ALU_ADD); return true;
    case IR_SUB: emit_alu(c, op, ALU_SUB); return true;
    case IR_AND: emit_alu(c, op, ALU_AND); return true;
    case IR_OR: emit_alu(c, op, ALU_OR); return true;
    case IR_XOR: emit_alu(c, op, ALU_XOR); return true;
    case IR_ANDCM: emit_andcm(c, op); return true;
    case IR_SHL: emit_shift(c, op, SHIFT_SHL); return true;
    case IR_SHR: emit_shift(c, op, SHIFT_SHR); return true;
    case IR_SAR: emit_shift(c, op, SHIFT_SAR); return true;
    case IR_MUL: emit_mul(c, op); return true;
    case IR_ADDI: emit_alu_imm(c, op, ALU_ADD); return true;
    case IR_SUBRI: emit_subri(c, op); return true;
    case IR_ANDI: emit_alu_imm(c, op, ALU_AND); return true;
    case IR_ORI: emit_alu_imm(c, op, ALU_OR); return true;
    case IR_XORI: emit_alu_imm(c, op, ALU_XOR); return true;
    case IR_SHLI: emit_shift_imm(c, op, SHIFT_SHL); return true;
    case IR_SHRI: emit_shift_imm(c, op, SHIFT_SHR); return true;
    case IR_SARI: emit_shift_imm(c, op, SHIFT_SAR); return true;
    case IR_SEXT1: emit_extend(c, op, 1, true); return true;
    case IR_SEXT2: emit_extend(c, op, 2, true); return true;
    case IR_SEXT4: emit_extend(c, op, 4, true); return true;
    case IR_ZEXT1: emit_extend(c, op, 1, false); return true;
    case IR_ZEXT2: emit_extend(c, op, 2, false); return true;
    case IR_ZEXT4: emit_extend(c, op, 4, false); return true;
    case IR_POPCNT: emit_popcnt(c, op); return true;
    case IR_CLZ: emit_clz(c, op); return true;
    case IR_BSWAP: emit_bswap(c, op); return true;
    case IR_EQ: emit_set(c, op, CC_E, false); return true;
    case IR_NE: emit_set(c, op, CC_NE, false); return true;
    case IR_LT: emit_set(c, op, CC_L, false); return true;
    case IR_LE: emit_set(c, op, CC_LE, false); return true;
    case IR_LTU: emit_set(c, op, CC_B, false); return true;
    case IR_LEU: emit_set(c, op, CC_BE, false); return true;
    case IR_EQI: emit_set(c, op, CC_E, true); return true;
    case IR_NEI: emit_set(c, op, CC_NE, true); return true;
    case IR_LTI: emit_set(c, op, CC_L, true); return true;
    case IR_LEI: emit_set(c, op, CC_LE, true); return true;
    case IR_GTI: emit_set(c, op, CC_G, true); return true;
    case IR_GEI: emit_set(c, op, CC_GE, true); return true;
    case IR_LTUI: emit_set(c, op, CC_B, true); return true;
    case IR_LEUI: emit_set(c, op, CC_BE, true); return true;
    case IR_GTUI: emit_set(c, op, CC_A, true); return true;
    case IR_GEUI: emit_set(c, op, CC_AE, true); return true;
    case IR_SELECT: emit_select(c, op); return true;
    case IR_PURE: emit_pure(c, op); return true;
    default: return false;
    }
}
