/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lowering of integer arithmetic and logic (SDM 1:51, 4.2). */
#include "lower/lower_ops.h"

void lower_invalid(struct lower *l, const struct insn *in)
{
    (void)in;
    raise_illegal(l);
}

/* add, add +1, sub, sub -1, and, andcm, or, xor of r2 and r3 */
void lower_alu(struct lower *l, const struct insn *in)
{
    static const uint8_t ops[] = {
        [OP_ADD] = IR_ADD, [OP_ADD1] = IR_ADD, [OP_SUB] = IR_SUB, [OP_SUB1] = IR_SUB,
        [OP_AND] = IR_AND, [OP_ANDCM] = IR_ANDCM, [OP_OR] = IR_OR, [OP_XOR] = IR_XOR,
    };
    ir_val value, nat;

    ir_check_target(l, in->r1);
    value = ir_bin(l, ops[in->op], ir_gr(l, in->r2), ir_gr(l, in->r3));
    if (in->op == OP_ADD1)
        value = ir_bini(l, IR_ADD, value, 1);
    if (in->op == OP_SUB1)
        value = ir_bini(l, IR_SUB, value, 1);
    nat = nat23(l, in);
    ir_set_gr(l, in->r1, value, nat);
}

/* The same with an immediate for r2; adds and addl */
void lower_alu_imm(struct lower *l, const struct insn *in)
{
    uint64_t imm = (uint64_t)in->imm;
    ir_val r3, value;

    ir_check_target(l, in->r1);
    r3 = ir_gr(l, in->r3);
    switch (in->op) {
    case OP_SUB_IMM:
        value = ir_subri(l, imm, r3);
        break;
    case OP_AND_IMM:
        value = ir_bini(l, IR_AND, r3, imm);
        break;
    case OP_ANDCM_IMM: /* imm & ~r3 */
        value = ir_bin(l, IR_ANDCM, ir_const(l, imm), r3);
        break;
    case OP_OR_IMM:
        value = ir_bini(l, IR_OR, r3, imm);
        break;
    case OP_XOR_IMM:
        value = ir_bini(l, IR_XOR, r3, imm);
        break;
    default: /* adds, addl */
        value = ir_bini(l, IR_ADD, r3, imm);
        break;
    }
    ir_set_gr(l, in->r1, value, ir_nat(l, in->r3));
}

void lower_shladd(struct lower *l, const struct insn *in)
{
    ir_val value, nat;

    ir_check_target(l, in->r1);
    value = ir_add(l, ir_shli(l, ir_gr(l, in->r2), in->count), ir_gr(l, in->r3));
    nat = nat23(l, in);
    ir_set_gr(l, in->r1, value, nat);
}

/* addp4, shladdp4: {31:0} of the sum, {62:61} from {31:30} of r3, the rest 0 (SDM Vol.3, addp4). */
void lower_addp4(struct lower *l, const struct insn *in)
{
    ir_val r3, sum, region, nat;

    ir_check_target(l, in->r1);
    r3 = ir_gr(l, in->r3);
    nat = ir_nat(l, in->r3);
    if (in->op == OP_ADDP4_IMM) {
        sum = ir_bini(l, IR_ADD, r3, (uint64_t)in->imm);
    } else {
        ir_val r2 = ir_gr(l, in->r2);

        sum = ir_add(l, in->op == OP_SHLADDP4 ? ir_shli(l, r2, in->count) : r2, r3);
        nat = ir_or(l, nat, ir_nat(l, in->r2));
    }
    region = ir_shli(l, ir_andi(l, r3, UINT64_C(0xc0000000)), 31);
    ir_set_gr(l, in->r1, ir_or(l, ir_un(l, IR_ZEXT4, sum), region), nat);
}

/* popcnt, clz of r3 */
void lower_count_bits(struct lower *l, const struct insn *in)
{
    ir_val value;

    ir_check_target(l, in->r1);
    value = ir_un(l, in->op == OP_POPCNT ? IR_POPCNT : IR_CLZ, ir_gr(l, in->r3));
    ir_set_gr(l, in->r1, value, ir_nat(l, in->r3));
}

/* sxt, zxt */
void lower_extend(struct lower *l, const struct insn *in)
{
    bool sign = in->op == OP_SXT;
    enum ir_opcode op;

    if (in->size == 1)
        op = sign ? IR_SEXT1 : IR_ZEXT1;
    else if (in->size == 2)
        op = sign ? IR_SEXT2 : IR_ZEXT2;
    else
        op = sign ? IR_SEXT4 : IR_ZEXT4;
    ir_check_target(l, in->r1);
    ir_set_gr(l, in->r1, ir_un(l, op, ir_gr(l, in->r3)), ir_nat(l, in->r3));
}

/*
 * mpy4: the unsigned product of the low words. mpyshl4: the high word of r2 times the low word of r3,
 * shifted left by 32; two of them and an mpy4 sum up to a 64-bit product.
 */
void lower_mpy4(struct lower *l, const struct insn *in)
{
    ir_val a, b, value, nat;

    ir_check_target(l, in->r1);
    a = ir_gr(l, in->r2);
    b = ir_un(l, IR_ZEXT4, ir_gr(l, in->r3));
    if (in->op == OP_MPY4)
        value = ir_bin(l, IR_MUL, ir_un(l, IR_ZEXT4, a), b);
    else
        value = ir_shli(l, ir_bin(l, IR_MUL, ir_shri(l, a, 32), b), 32);
    nat = nat23(l, in);
    ir_set_gr(l, in->r1, value, nat);
}

void lower_movl(struct lower *l, const struct insn *in)
{
    ir_check_target(l, in->r1);
    ir_set_gr(l, in->r1, ir_const(l, (uint64_t)in->imm), ir_zero(l));
}
