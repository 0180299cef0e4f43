/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The builder's values: constants, which are folded, operators in the form that fits their operands, calls of pure functions. */
#include "lower/lower.h"

ir_val ir_const(struct lower *l, uint64_t value)
{
    struct ir_op *op = ir_emit(l, IR_CONST);

    op->dst = ir_new_val(l);
    op->imm = value;
    l->const_of[op->dst] = (uint32_t)(op - l->ops) + 1;
    return op->dst;
}

ir_val ir_ip(struct lower *l, int64_t disp)
{
    struct ir_op *op = ir_emit(l, IR_IP);

    op->dst = ir_new_val(l);
    op->imm = l->disp + (uint64_t)disp;
    return op->dst;
}

bool ir_is_const(const struct lower *l, ir_val v, uint64_t *value)
{
    if (!v || !l->const_of[v])
        return false;
    *value = l->ops[l->const_of[v] - 1].imm;
    return true;
}

static uint64_t shift(enum ir_opcode op, uint64_t a, uint64_t n)
{
    switch (op) {
    case IR_SHL:
        return n > 63 ? 0 : a << n;
    case IR_SHR:
        return n > 63 ? 0 : a >> n;
    default:
        return (uint64_t)((int64_t)a >> (n > 63 ? 63 : n));
    }
}

static uint64_t fold(enum ir_opcode op, uint64_t a, uint64_t b)
{
    switch (op) {
    case IR_ADD: return a + b;
    case IR_SUB: return a - b;
    case IR_AND: return a & b;
    case IR_OR: return a | b;
    case IR_XOR: return a ^ b;
    case IR_ANDCM: return a & ~b;
    case IR_SHL: case IR_SHR: case IR_SAR: return shift(op, a, b);
    case IR_MUL: return a * b;
    case IR_EQ: return a == b;
    case IR_NE: return a != b;
    case IR_LT: return (int64_t)a < (int64_t)b;
    case IR_LE: return (int64_t)a <= (int64_t)b;
    case IR_LTU: return a < b;
    case IR_LEU: return a <= b;
    default: assert(!"no such binary op"); return 0;
    }
}

/* The immediate form of a op imm; IR_NOP where there is none. */
static enum ir_opcode imm_form(enum ir_opcode op)
{
    switch (op) {
    case IR_ADD: case IR_SUB: return IR_ADDI;
    case IR_AND: case IR_ANDCM: return IR_ANDI;
    case IR_OR: return IR_ORI;
    case IR_XOR: return IR_XORI;
    case IR_SHL: return IR_SHLI;
    case IR_SHR: return IR_SHRI;
    case IR_SAR: return IR_SARI;
    case IR_EQ: return IR_EQI;
    case IR_NE: return IR_NEI;
    case IR_LT: return IR_LTI;
    case IR_LE: return IR_LEI;
    case IR_LTU: return IR_LTUI;
    case IR_LEU: return IR_LEUI;
    default: return IR_NOP;
    }
}

/* imm op a as a mirrored immediate form of a. */
static enum ir_opcode mirrored_form(enum ir_opcode op)
{
    switch (op) {
    case IR_ADD: return IR_ADDI;
    case IR_SUB: return IR_SUBRI;
    case IR_AND: return IR_ANDI;
    case IR_OR: return IR_ORI;
    case IR_XOR: return IR_XORI;
    case IR_EQ: return IR_EQI;
    case IR_NE: return IR_NEI;
    case IR_LT: return IR_GTI;
    case IR_LE: return IR_GEI;
    case IR_LTU: return IR_GTUI;
    case IR_LEU: return IR_GEUI;
    default: return IR_NOP;
    }
}

static ir_val unary_imm(struct lower *l, enum ir_opcode opcode, ir_val a, uint64_t imm)
{
    struct ir_op *op = ir_emit(l, opcode);

    op->a = a;
    op->imm = imm;
    op->dst = ir_new_val(l);
    return op->dst;
}

ir_val ir_bini(struct lower *l, enum ir_opcode op, ir_val a, uint64_t imm)
{
    enum ir_opcode form = imm_form(op);
    uint64_t ca;

    if (ir_is_const(l, a, &ca))
        return ir_const(l, fold(op, ca, imm));
    if (form == IR_NOP)
        return ir_bin(l, op, a, ir_const(l, imm));
    if (op == IR_SHL || op == IR_SHR || op == IR_SAR) {
        if (imm > 63 && op != IR_SAR)
            return ir_const(l, 0);
        imm = imm > 63 ? 63 : imm;
    }
    if (op == IR_SUB)
        imm = -imm;
    else if (op == IR_ANDCM)
        imm = ~imm;
    if (imm == 0) {
        if (form == IR_ADDI || form == IR_ORI || form == IR_XORI || form == IR_SHLI || form == IR_SHRI || form == IR_SARI)
            return a;
        if (form == IR_ANDI)
            return ir_const(l, 0);
    }
    return unary_imm(l, form, a, imm);
}

ir_val ir_subri(struct lower *l, uint64_t imm, ir_val a)
{
    uint64_t ca;

    if (ir_is_const(l, a, &ca))
        return ir_const(l, imm - ca);
    return unary_imm(l, IR_SUBRI, a, imm);
}

ir_val ir_bin(struct lower *l, enum ir_opcode op, ir_val a, ir_val b)
{
    uint64_t ca, cb;

    if (ir_is_const(l, b, &cb) && (imm_form(op) != IR_NOP || ir_is_const(l, a, &ca)))
        return ir_bini(l, op, a, cb);
    if (ir_is_const(l, a, &ca) && mirrored_form(op) != IR_NOP) {
        if (mirrored_form(op) == imm_form(op))
            return ir_bini(l, op, b, ca);
        return unary_imm(l, mirrored_form(op), b, ca);
    }

    struct ir_op *o = ir_emit(l, op);

    o->a = a;
    o->b = b;
    o->dst = ir_new_val(l);
    return o->dst;
}

static uint64_t fold_unary(enum ir_opcode op, uint64_t a)
{
    switch (op) {
    case IR_SEXT1: return (uint64_t)(int64_t)(int8_t)a;
    case IR_SEXT2: return (uint64_t)(int64_t)(int16_t)a;
    case IR_SEXT4: return (uint64_t)(int64_t)(int32_t)a;
    case IR_ZEXT1: return (uint8_t)a;
    case IR_ZEXT2: return (uint16_t)a;
    case IR_ZEXT4: return (uint32_t)a;
    case IR_POPCNT: return (uint64_t)__builtin_popcountll(a);
    case IR_CLZ: return a ? (uint64_t)__builtin_clzll(a) : 64;
    case IR_BSWAP: return __builtin_bswap64(a);
    default: assert(!"no such unary op"); return 0;
    }
}

ir_val ir_un(struct lower *l, enum ir_opcode op, ir_val a)
{
    uint64_t ca;

    if (ir_is_const(l, a, &ca))
        return ir_const(l, fold_unary(op, ca));
    return unary_imm(l, op, a, 0);
}

ir_val ir_select(struct lower *l, ir_val cond, ir_val yes, ir_val no)
{
    uint64_t c;

    if (ir_is_const(l, cond, &c))
        return c ? yes : no;

    struct ir_op *op = ir_emit(l, IR_SELECT);

    op->a = cond;
    op->b = yes;
    op->c = no;
    op->dst = ir_new_val(l);
    return op->dst;
}

ir_val ir_pure(struct lower *l, ir_pure_fn fn, ir_val a, ir_val b, uint64_t imm)
{
    struct ir_op *op = ir_emit(l, IR_PURE);

    op->a = a;
    op->b = b;
    op->imm = imm;
    op->fn = (void *)fn;
    op->dst = ir_new_val(l);
    return op->dst;
}
