/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for floating-point registers that hold integers, for transfers and for what only moves bits. */
#include "arch/fp_ops.h"
#include "isa/isa.h"
#include "jit/fp_state.h"

enum { SE = offsetof(struct ia64_fr, se) };

/* ---- integers ---- */

/*
 * Goes to C unless the registers' significands can be read from their slots: full forms up to the largest
 * positive number. Negative numbers, NaTVal, infinities and NaNs are above, and so are tagged doubles.
 * Clobbers rax.
 */
void fp_prove_plain(struct compile *c, const struct ir_op *op, const unsigned *f, unsigned n)
{
    unsigned base, loaded = 0;

    for (unsigned i = 0; i < n; i++) {
        int32_t slot;

        if (f[i] < 2 || c->fp->reg[f[i]].known == FP_INT)
            continue;
        slot = fp_slot(c, f[i], &base) + SE;
        if (loaded++)
            x64_alu_rm(&c->x, ALU_OR, RAX, base, slot);
        else
            x64_load(&c->x, RAX, base, slot);
    }
    if (!loaded)
        return;
    x64_alu_ri(&c->x, ALU_CMP, RAX, FP_EXP_NATVAL);
    fp_slow_if(c, op, CC_AE);
}

/* A register whose slot can hardly be read as it is. */
static bool is_double(const struct compile *c, unsigned f)
{
    return f > 1 && c->fp->reg[f].known >= FP_DOUBLE;
}

/* Significand of a proven register. */
static void load_sig(struct compile *c, unsigned dst, unsigned f)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    x64_load(&c->x, dst, base, slot);
}

static bool emit_xma(struct compile *c, const struct ir_op *op)
{
    unsigned f3 = FPO_F3(op->imm), f4 = FPO_F4(op->imm), f2 = FPO_F2(op->imm), how = FPO_SUB(op->imm);
    const unsigned f[] = { f3, f4, f2 };
    unsigned base;
    int32_t slot;

    if (is_double(c, f3) || is_double(c, f4) || is_double(c, f2))
        return false;
    fp_prove_plain(c, op, f, 3);
    if (how == FP_XMA_L) {
        load_sig(c, RAX, f3);
        load_sig(c, RCX, f4);
        x64_imul(&c->x, RAX, RCX);
        if (f2) {
            slot = fp_slot(c, f2, &base);
            x64_alu_rm(&c->x, ALU_ADD, RAX, base, slot);
        }
        fp_set_int(c, FPO_F1(op->imm), RAX);
        return true;
    }
    x64_mov_rr(&c->x, R11, RDX);
    load_sig(c, RAX, f3);
    load_sig(c, RCX, f4);
    x64_mul_wide(&c->x, RCX, how == FP_XMA_H);
    if (f2) { /* zero-extended in both */
        slot = fp_slot(c, f2, &base);
        x64_alu_rm(&c->x, ALU_ADD, RAX, base, slot);
        x64_mov_keep(&c->x, RCX, 0);
        x64_alu_rr(&c->x, ALU_ADC, RDX, RCX);
    }
    x64_mov_rr(&c->x, RAX, RDX);
    x64_mov_rr(&c->x, RDX, R11);
    fp_set_int(c, FPO_F1(op->imm), RAX);
    return true;
}

/* The NaT of setf's source is constant 0 in most units. */
static void prove_no_nat(struct compile *c, const struct ir_op *op)
{
    const struct jit_place *p = &c->places[op->b];
    unsigned nat;

    if (!op->b || (p->is_const && !p->imm))
        return;
    nat = use(c, op->b, RAX);
    x64_test_rr(&c->x, nat, nat);
    fp_slow_if(c, op, CC_NE);
}

/* A double's bits, for zero and normal singles; false for others. */
static bool widen(uint32_t single, uint64_t *bits)
{
    uint32_t exponent = single >> 23 & 0xff;
    uint64_t sign = (uint64_t)(single >> 31) << 63;

    if (single << 1 == 0) {
        *bits = sign;
        return true;
    }
    *bits = sign | (uint64_t)(exponent + 1023 - 127) << 52 | (uint64_t)(single & 0x7fffff) << 29;
    return exponent > 0 && exponent < 255;
}

/* Clobbers rax, rcx. */
static void set_from_single(struct compile *c, const struct ir_op *op)
{
    const struct jit_place *p = &c->places[op->a];
    unsigned xmm, value;
    uint64_t bits;

    if (op->a && p->is_const && widen((uint32_t)p->imm, &bits)) {
        x64_mov_ri(&c->x, RAX, bits);
        xmm = fp_take_xmm(c);
        x64_vmovq_from_gpr(&c->x, xmm, RAX);
        fp_set_double(c, FPO_F1(op->imm), xmm);
        return;
    }
    value = use(c, op->a, RAX);
    x64_extend(&c->x, RAX, value, 4, false);
    fp_prove_single(c, op);
    xmm = fp_take_xmm(c);
    x64_vmovd_from_gpr(&c->x, xmm, RAX);
    x64_vcvtss2sd(&c->x, xmm, xmm);
    fp_set_double(c, FPO_F1(op->imm), xmm);
}

/* Sign and exponent with a significand of 1.0. */
static void set_exponent(struct compile *c, const struct ir_op *op)
{
    unsigned f1 = FPO_F1(op->imm), base;
    int32_t slot = fp_slot(c, f1, &base);

    use_into(c, op->a, RCX);
    x64_alu_ri(&c->x, ALU_AND, RCX, FP_SE_SIGN | FP_SE_EXP);
    x64_mov_ri(&c->x, RAX, FP_INT_BIT);
    x64_store(&c->x, base, slot + SE, RCX);
    x64_store(&c->x, base, slot, RAX);
    fp_doubt(c, f1);
}

static bool emit_setf(struct compile *c, const struct ir_op *op)
{
    unsigned f1 = FPO_F1(op->imm), value, xmm;

    prove_no_nat(c, op);
    switch (FPO_SUB(op->imm)) {
    case FPO_EXP:
        set_exponent(c, op);
        return true;
    case FPO_SIG:
        fp_set_int(c, f1, use(c, op->a, RAX));
        return true;
    case FPO_SINGLE:
        set_from_single(c, op);
        return true;
    default:
        value = use(c, op->a, RCX);
        xmm = fp_take_xmm(c);
        x64_vmovq_from_gpr(&c->x, xmm, value);
        fp_set_double(c, f1, xmm);
        return true;
    }
}

/* rax = sign and exponent of a full form, or of a normal number in a tagged double. Clobbers rcx. */
static void load_exponent(struct compile *c, const struct ir_op *op, unsigned f)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);
    uint8_t *full, *positive;

    x64_load(&c->x, RAX, base, slot + SE);
    x64_alu_ri(&c->x, ALU_CMP, RAX, FP_EXP_NATVAL);
    full = x64_jcc(&c->x, CC_B);
    x64_test_rr(&c->x, RAX, RAX);
    fp_slow_if(c, op, CC_NS); /* negative numbers of full form are rare enough */
    x64_load(&c->x, RCX, base, slot);
    x64_mov_rr(&c->x, RAX, RCX);
    x64_shift_ri(&c->x, SHIFT_SHL, RAX, 1);
    x64_shift_ri(&c->x, SHIFT_SHR, RAX, 53);
    x64_alu_ri(&c->x, ALU_SUB, RAX, 1);
    x64_alu_ri(&c->x, ALU_CMP, RAX, 0x7fe);
    fp_slow_if(c, op, CC_AE);
    x64_alu_ri(&c->x, ALU_ADD, RAX, FP_EXP_BIAS - 0x3ff + 1);
    x64_test_rr(&c->x, RCX, RCX);
    positive = x64_jcc(&c->x, CC_NS);
    x64_alu_ri(&c->x, ALU_OR, RAX, FP_SE_SIGN);
    x64_patch(&c->x, positive, c->x.p);
    x64_patch(&c->x, full, c->x.p);
}

/* Nothing may be learned here: the instruction has more ops, so C cannot leave the unit. */
static bool emit_getf(struct compile *c, const struct ir_op *op)
{
    unsigned f2 = FPO_F2(op->imm), format = FPO_SUB(op->imm), base, d;
    int32_t slot;

    if (f2 < 2)
        return false;
    if (format == FPO_EXP) {
        load_exponent(c, op, f2);
        d = def(c, op->dst);
        x64_mov_rr(&c->x, d, RAX);
    } else if (format == FPO_SIG) {
        if (is_double(c, f2))
            return false;
        fp_prove_plain(c, op, &f2, 1);
        d = def(c, op->dst);
        slot = fp_slot(c, f2, &base);
        x64_load(&c->x, d, base, slot);
    } else {
        if (!fp_may_be_double(c, f2))
            return false;
        slot = fp_slot(c, f2, &base);
        if (!is_double(c, f2)) {
            x64_cmp_mem64(&c->x, base, slot + SE, 0);
            fp_slow_if(c, op, CC_GE);
        }
        d = def(c, op->dst);
        if (format == FPO_SINGLE) {
            x64_load(&c->x, RAX, base, slot);
            fp_single_bits(c);
            x64_mov_rr(&c->x, d, RAX);
        } else {
            x64_load(&c->x, d, base, slot);
        }
    }
    x64_store_imm(&c->x, REG_V, (int32_t)offsetof(struct vcpu, spec_nat), 0);
    done(c, op->dst, d);
    return true;
}

bool fp_emit_integer(struct compile *c, const struct ir_op *op)
{
    switch (op->c) {
    case OP_XMA_L:
    case OP_XMA_H:
    case OP_XMA_HU:
        return emit_xma(c, op);
    case OP_SETF:
        return emit_setf(c, op);
    case OP_GETF:
        return emit_getf(c, op);
    default:
        return false;
    }
}

/* ---- moves ---- */

/* fmerge.s f1 = f2, f2: any register as it is. */
static void emit_copy(struct compile *c, const struct ir_op *op)
{
    unsigned f1 = FPO_F1(op->imm), f2 = FPO_F2(op->imm), base1, base2, xmm;
    int32_t slot1, slot2;

    if (f1 == f2)
        return;
    if (c->fp->reg[f2].known >= FP_DOUBLE) {
        unsigned from = fp_value(c, f2, XMM_S0);

        xmm = fp_take_xmm(c);
        x64_vmovapd(&c->x, xmm, from);
        fp_set_double(c, f1, xmm);
        return;
    }
    slot1 = fp_slot(c, f1, &base1);
    slot2 = fp_slot(c, f2, &base2);
    x64_load(&c->x, RAX, base2, slot2);
    if (c->fp->reg[f2].known == FP_INT) {
        fp_set_int(c, f1, RAX);
        return;
    }
    x64_load(&c->x, RCX, base2, slot2 + SE);
    x64_bt(&c->x, RCX, 62); /* a value that was put off belongs to its register */
    fp_slow_if(c, op, CC_B);
    x64_store(&c->x, base1, slot1, RAX);
    x64_store(&c->x, base1, slot1 + SE, RCX);
    fp_forget(c, f1);
    c->fp->reg[f1].known = c->fp->reg[f2].known;
}

/* The sign of f2, complemented or not, on f3. */
static bool emit_merge_sign(struct compile *c, const struct ir_op *op, bool complement)
{
    unsigned f1 = FPO_F1(op->imm), f2 = FPO_F2(op->imm), f3 = FPO_F3(op->imm), a, b, xmm;
    const unsigned f[] = { f2, f3 };
    bool mixed = c->fp->reg[f2].known == FP_MIXED || c->fp->reg[f3].known == FP_MIXED;

    if (f3 < 2 || !fp_may_be_double(c, f2) || !fp_may_be_double(c, f3))
        return false;
    fp_prove_doubles(c, op, f, 2);
    b = fp_value(c, f3, XMM_S1);
    x64_mov_ri(&c->x, RAX, UINT64_C(1) << 63);
    x64_vmovq_from_gpr(&c->x, XMM_S0, RAX);
    xmm = fp_take_xmm(c);
    if (f2 == f3) { /* a complement: not a plain copy */
        x64_vflogic(&c->x, FLOGIC_XOR, xmm, b, XMM_S0);
    } else {
        x64_vflogic(&c->x, FLOGIC_ANDN, xmm, XMM_S0, b);
        if (f2 > 1) {
            a = fp_value(c, f2, XMM_S1);
            if (complement)
                x64_vflogic(&c->x, FLOGIC_ANDN, XMM_S0, a, XMM_S0);
            else
                x64_vflogic(&c->x, FLOGIC_AND, XMM_S0, a, XMM_S0);
        }
        if (f2 > 1 || complement)
            x64_vflogic(&c->x, FLOGIC_OR, xmm, xmm, XMM_S0);
    }
    fp_set_double(c, f1, xmm);
    if (mixed)
        fp_doubt(c, f1);
    return true;
}

bool fp_emit_move(struct compile *c, const struct ir_op *op)
{
    unsigned f2 = FPO_F2(op->imm), f3 = FPO_F3(op->imm);

    switch (op->c) {
    case OP_FMERGE_S:
        if (f2 == f3) {
            emit_copy(c, op);
            return true;
        }
        return emit_merge_sign(c, op, false);
    case OP_FMERGE_NS:
        return emit_merge_sign(c, op, true);
    default:
        return false;
    }
}
