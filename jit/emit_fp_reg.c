/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host code for arithmetic at register precision: calls of C that does the common case only, and integers
 * on their way to and from it.
 */
#include "arch/fp_ops.h"
#include "isa/isa.h"
#include "jit/fp_fast.h"
#include "jit/fp_state.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

enum { SE = offsetof(struct ia64_fr, se) };

static unsigned status_field(const struct ir_op *op)
{
    return FPO_CTL(op->imm) & 3;
}
static unsigned precision(const struct ir_op *op)
{
    return FPO_CTL(op->imm) >> 2 & 3;
}

/* A flag's bit in the low half of FPSR, which has sf0 and sf1. */
static uint32_t fpsr_flag(unsigned sf, unsigned exc)
{
    return (uint32_t)exc << (FPSR_SF_SHIFT + FPSR_SF_FLAG_SHIFT + FPSR_SF_BITS * sf);
}

/* ---- calls ---- */

static void slot_into(struct compile *c, unsigned reg, unsigned f)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    x64_lea(&c->x, reg, base, slot);
}

/* fn(slot of f1, slots of f[0..n-1], v, how) does the op, or else jit_fp_slow() does. */
static void call_common(struct compile *c, const struct ir_op *op, const void *fn, const unsigned *f,
                        unsigned n, uint64_t how)
{
    static const uint8_t args[] = { RSI, RDX, RCX };
    uint32_t live = live_registers(c, op);

    keep_registers(c, live, true);
    slot_into(c, RDI, FPO_F1(op->imm));
    for (unsigned i = 0; i < n; i++)
        slot_into(c, args[i], f[i]);
    x64_mov_rr(&c->x, R8, REG_V);
    x64_mov_ri(&c->x, R9, how);
    x64_mov_ri(&c->x, RAX, (uint64_t)(uintptr_t)fn);
    x64_call_reg(&c->x, RAX);
    keep_registers(c, live, false);
    x64_test32_rr(&c->x, RAX, RAX);
    fp_slow_if(c, op, CC_NE);
    fp_forget_copies(c);
    fp_forget(c, FPO_F1(op->imm));
}

/* ---- integers in ---- */

bool fp_full_form_wanted(const struct compile *c, const struct ir_op *op, unsigned f)
{
    const struct ir_op *end = c->u->ops + c->u->n_ops;

    for (op++; op < end; op++) {
        if (op->op != IR_FPOP || (FPO_F2(op->imm) != f && FPO_F3(op->imm) != f && FPO_F4(op->imm) != f))
            continue;
        switch (op->c) {
        case OP_FRCPA:
        case OP_FRSQRTA:
            return !fp_chain_of_doubles(c, (uint32_t)(op - c->u->ops));
        case OP_FMA:
        case OP_FMS:
        case OP_FNMA:
            return status_field(op) == 1 || precision(op) == FP_PC_NONE;
        default:
            return false;
        }
    }
    return false;
}

/* f1 := the number |rcx| in full form, rcx not 0; rax = its sign bit in place. Clobbers r11. */
static void set_normalized(struct compile *c, unsigned f1)
{
    unsigned base;
    int32_t slot = fp_slot(c, f1, &base);

    x64_bsr(&c->x, R11, RCX);
    x64_alu_rr(&c->x, ALU_ADD, RAX, R11);
    x64_alu_ri(&c->x, ALU_ADD, RAX, FP_EXP_BIAS);
    x64_store(&c->x, base, slot + SE, RAX);
    x64_mov_rr(&c->x, RAX, RCX);
    x64_mov_rr(&c->x, RCX, R11);
    x64_alu_ri(&c->x, ALU_XOR, RCX, 63);
    x64_shift_cl(&c->x, SHIFT_SHL, RAX);
    x64_store(&c->x, base, slot, RAX);
    fp_forget(c, f1);
    c->fp->reg[f1].known = FP_EXTENDED;
}

/* rax = significand of an integer; full forms up to the largest positive number, see fp_prove_plain(). */
static void load_integer(struct compile *c, const struct ir_op *op, unsigned f)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    if (c->fp->reg[f].known != FP_INT) {
        x64_cmp_mem64(&c->x, base, slot + SE, FP_EXP_NATVAL);
        fp_slow_if(c, op, CC_AE);
    }
    x64_load(&c->x, RAX, base, slot);
}

/* fcvt.xf where doubles are not wanted. */
static bool emit_from_signed(struct compile *c, const struct ir_op *op)
{
    unsigned f1 = FPO_F1(op->imm), f2 = FPO_F2(op->imm), base;

    if (f2 < 2 || c->fp->reg[f2].known >= FP_DOUBLE || !fp_full_form_wanted(c, op, f1))
        return false;
    fp_slot(c, f1, &base); /* before the jumps */
    load_integer(c, op, f2);
    x64_mov_rr(&c->x, RCX, RAX);
    x64_neg(&c->x, RCX);
    fp_slow_if(c, op, CC_E);
    x64_cmov(&c->x, CC_S, RCX, RAX);
    x64_shift_ri(&c->x, SHIFT_SHR, RAX, 63);
    x64_shift_ri(&c->x, SHIFT_SHL, RAX, 17);
    set_normalized(c, f1);
    return true;
}

/*
 * fcvt.xuf: a multiply of an integer, which is unnormal unless its highest bit is set, by f1. To double
 * in sf0 while it is exact, to full form in sf1.
 */
static bool emit_from_unsigned(struct compile *c, const struct ir_op *op)
{
    unsigned f1 = FPO_F1(op->imm), sf = status_field(op), pc = precision(op), base, xmm;
    unsigned f = FPO_F4(op->imm) == 1 ? FPO_F3(op->imm) : FPO_F3(op->imm) == 1 ? FPO_F4(op->imm) : 0;
    uint8_t *normal;

    if (op->c != OP_FMA || sf > 1 || !(FPO_CTL(op->imm) & FP_CTL_F2_IS_F0) || f < 2 ||
        c->fp->reg[f].known != FP_INT || (sf == 0 ? pc != FP_PC_D : pc != FP_PC_NONE))
        return false;
    fp_slot(c, f1, &base);
    load_integer(c, op, f);
    if (sf == 0) {
        x64_mov_rr(&c->x, RCX, RAX);
        x64_shift_ri(&c->x, SHIFT_SHR, RCX, 53);
        fp_slow_if(c, op, CC_NE);
        x64_alu_mem32_imm(&c->x, ALU_OR, REG_V, V(fpsr), fpsr_flag(sf, FP_EXC_D));
        xmm = fp_take_xmm(c);
        x64_vflogic(&c->x, FLOGIC_XOR, xmm, xmm, xmm);
        x64_vcvtsi2sd(&c->x, xmm, RAX);
        fp_set_double(c, f1, xmm);
        return true;
    }
    x64_mov_rr(&c->x, RCX, RAX);
    x64_test_rr(&c->x, RAX, RAX);
    fp_slow_if(c, op, CC_E);
    normal = x64_jcc(&c->x, CC_S); /* as it is */
    x64_alu_mem32_imm(&c->x, ALU_OR, REG_V, V(fpsr), fpsr_flag(sf, FP_EXC_D));
    x64_patch(&c->x, normal, c->x.p);
    x64_mov_ri(&c->x, RAX, 0);
    set_normalized(c, f1);
    return true;
}

/* ---- integers out ---- */

/*
 * fcvt.fx.trunc, fcvt.fxu.trunc of a normal number. The flag that it is inexact, which it nearly always is,
 * must be set already.
 */
static bool emit_truncate(struct compile *c, const struct ir_op *op)
{
    unsigned f1 = FPO_F1(op->imm), f2 = FPO_F2(op->imm), sf = status_field(op), base, unused;
    bool is_signed = !(FPO_SUB(op->imm) & FP_CVT_UNSIGNED);
    int32_t slot;

    if (!(FPO_SUB(op->imm) & FP_CVT_TRUNC) || sf > 1 || f2 < 2 || c->fp->reg[f2].known == FP_INT)
        return false;
    slot = fp_slot(c, f2, &base);
    fp_slot(c, f1, &unused);
    x64_test_mem32_imm(&c->x, REG_V, V(fpsr), fpsr_flag(sf, FP_EXC_I));
    fp_slow_if(c, op, CC_E);
    x64_load(&c->x, R11, base, slot + SE);
    x64_load(&c->x, RAX, base, slot);
    x64_test_rr(&c->x, RAX, RAX);
    fp_slow_if(c, op, CC_NS); /* no integer bit */
    x64_mov_rr(&c->x, RCX, R11);
    x64_alu_ri(&c->x, ALU_AND, RCX, FP_SE_EXP);
    fp_slow_if(c, op, CC_E); /* tagged doubles too */
    x64_alu_ri(&c->x, ALU_SUB, RCX, FP_EXP_INT);
    x64_neg(&c->x, RCX); /* by how much it moves right */
    fp_slow_if(c, op, CC_S);
    if (!is_signed) {
        x64_bt(&c->x, R11, 17);
        fp_slow_if(c, op, CC_B);
    }
    x64_shift_cl(&c->x, SHIFT_SHR, RAX);
    x64_alu_ri(&c->x, ALU_CMP, RCX, 63);
    x64_mov_keep(&c->x, RCX, 0);
    x64_cmov(&c->x, CC_A, RAX, RCX);
    if (is_signed) {
        x64_test_rr(&c->x, RAX, RAX);
        fp_slow_if(c, op, CC_S);
        x64_mov_rr(&c->x, RCX, RAX);
        x64_neg(&c->x, RCX);
        x64_bt(&c->x, R11, 17);
        x64_cmov(&c->x, CC_B, RAX, RCX);
    }
    fp_set_int(c, f1, RAX);
    return true;
}

/* ---- arithmetic ---- */

static bool emit_muladd(struct compile *c, const struct ir_op *op)
{
    static const struct {
        uint64_t (*muladd)(struct ia64_fr *, const struct ia64_fr *, const struct ia64_fr *,
                           const struct ia64_fr *, struct vcpu *, uint64_t);
        uint64_t (*mul)(struct ia64_fr *, const struct ia64_fr *, const struct ia64_fr *,
                        const struct ia64_fr *, struct vcpu *, uint64_t);
    } functions[] = {
        [FP_PC_NONE] = { jit_muladd64, jit_mul64 },
        [FP_PC_S] = { jit_muladd24, jit_mul24 },
        [FP_PC_D] = { jit_muladd53, jit_mul53 },
    };
    unsigned sf = status_field(op), pc = precision(op), f1 = FPO_F1(op->imm);
    const unsigned f[] = { FPO_F3(op->imm), FPO_F4(op->imm), FPO_F2(op->imm) };
    bool add = !(FPO_CTL(op->imm) & FP_CTL_F2_IS_F0);
    bool tagged = sf == 0 && pc != FP_PC_NONE;
    uint64_t how = sf == 1 ? FP_HOW_SF1 | FP_HOW_WIDE : tagged ? FP_HOW_TAGGED : 0;
    const void *fn;

    if (sf > 1 || pc > FP_PC_D || f[0] == 0 || f[1] == 0)
        return false;
    how |= op->c == OP_FNMA ? FP_HOW_NEG_PRODUCT : op->c == OP_FMS ? FP_HOW_NEG_ADDEND : 0;
    fn = add ? (const void *)(uintptr_t)functions[pc].muladd : (const void *)(uintptr_t)functions[pc].mul;
    call_common(c, op, fn, f, add ? 3 : 2, how);
    c->fp->reg[f1].known = tagged ? FP_MIXED : FP_EXTENDED;
    return true;
}

static bool emit_estimate(struct compile *c, const struct ir_op *op)
{
    const unsigned f[] = { FPO_F2(op->imm), FPO_F3(op->imm) };
    const void *fn =
        op->c == OP_FRCPA ? (const void *)(uintptr_t)jit_rcpa : (const void *)(uintptr_t)jit_rsqrta;

    if (f[1] == 0 || (op->c == OP_FRCPA && f[0] == 0))
        return false;
    call_common(c, op, fn, f, 2, 0);
    c->fp->reg[FPO_F1(op->imm)].known = FP_EXTENDED;
    put_pr_const(c, FPO_P2(op->imm), true);
    return true;
}

bool fp_emit_register(struct compile *c, const struct ir_op *op)
{
    if (!(c->u->key & KEY_FPSTD))
        return false;
    switch (op->c) {
    case OP_FMA:
    case OP_FMS:
    case OP_FNMA:
        return emit_from_unsigned(c, op) || emit_muladd(c, op);
    case OP_FRCPA:
    case OP_FRSQRTA:
        return emit_estimate(c, op);
    case OP_FCVT_XF:
        return emit_from_signed(c, op);
    case OP_FCVT_FX:
    case OP_FCVT_FXU:
        return emit_truncate(c, op);
    default:
        return false;
    }
}
