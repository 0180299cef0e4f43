/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host code for arithmetic on doubles: multiply-adds, minima and maxima, compares, conversions. All of it
 * only in units of KEY_FPSTD, with doubles as operands; results that are NaNs are C's (docs/jit-fp.md).
 */
#include "arch/fp_ops.h"
#include "isa/isa.h"
#include "jit/fp_state.h"

/* Single precision: biased double exponents of results that need no look at the single format's limits. */
enum { EXP_SAFE_SINGLE = 1023 - 125 };
/* Of the bits of a double's fraction that a single has not, half of its last one. */
enum { SINGLE_HALF = 0x10000000 };

static unsigned status_field(const struct ir_op *op)
{
    return FPO_CTL(op->imm) & 3;
}
static unsigned precision(const struct ir_op *op)
{
    return FPO_CTL(op->imm) >> 2 & 3;
}

/* ---- multiply-adds ---- */

/* How a multiply-add is done, and its operands. */
struct muladd {
    unsigned a, b, addend;
    bool has_addend, is_product; /* a * b; else a (+ addend) */
    bool negate_product, negate_addend;
    unsigned x, y; /* compute(): xmm registers of the two operands of a plain product or sum */
};

static struct muladd muladd_of(const struct ir_op *op)
{
    struct muladd m = { .a = FPO_F3(op->imm), .b = FPO_F4(op->imm), .addend = FPO_F2(op->imm) };

    m.has_addend = !(FPO_CTL(op->imm) & FP_CTL_F2_IS_F0);
    m.negate_product = op->c == OP_FNMA;
    m.negate_addend = op->c == OP_FMS;
    if (m.a == 1) {
        m.a = m.b;
        m.b = 1;
    }
    m.is_product = m.b != 1 || !m.has_addend;
    return m;
}

static enum x64_fma fma_opcode(const struct muladd *m)
{
    return m->negate_product ? FMA_NMADD231 : m->negate_addend ? FMA_MSUB231 : FMA_MADD231;
}

static void flip_sign(struct compile *c, unsigned xmm)
{
    x64_mov_ri(&c->x, RAX, UINT64_C(1) << 63);
    x64_vmovq_from_gpr(&c->x, XMM_S0, RAX);
    x64_vflogic(&c->x, FLOGIC_XOR, xmm, xmm, XMM_S0);
}

/* The register to compute in: the target's own if it is pinned and C would begin with what memory has. */
static unsigned result_register(struct compile *c, unsigned f1)
{
    return c->fp->pin_of[f1] != NO_XMM && !fp_is_lazy(c, f1) ? c->fp->pin_of[f1] : fp_take_xmm(c);
}

/* The same for a sum, which begins as the addend: the addend's own if this op overwrites it. */
static unsigned accumulator(struct compile *c, const struct muladd *m, unsigned f1)
{
    unsigned addend = fp_value(c, m->addend, XMM_S2), xmm;

    if (m->addend > 1 && m->addend == f1 && !fp_is_lazy(c, f1))
        return addend;
    xmm = m->a == f1 || m->b == f1 ? fp_take_xmm(c) : result_register(c, f1);
    x64_vmovapd(&c->x, xmm, addend);
    return xmm;
}

/* The result, rounded to double. */
static unsigned compute(struct compile *c, struct muladd *m, unsigned f1)
{
    unsigned xmm;

    m->x = fp_value(c, m->a, XMM_S0);
    m->y = fp_value(c, m->is_product ? m->b : m->addend, XMM_S1);
    if (m->has_addend && m->is_product) {
        xmm = accumulator(c, m, f1);
        x64_vfma(&c->x, fma_opcode(m), xmm, m->x, m->y);
        return xmm;
    }
    xmm = result_register(c, f1);
    if (!m->has_addend) {
        x64_vfarith(&c->x, FARITH_MUL, xmm, m->x, m->y);
        if (m->negate_product)
            flip_sign(c, xmm);
    } else if (m->negate_product) {
        x64_vfarith(&c->x, FARITH_SUB, xmm, m->y, m->x);
    } else {
        x64_vfarith(&c->x, m->negate_addend ? FARITH_SUB : FARITH_ADD, xmm, m->x, m->y);
    }
    return xmm;
}

/* The double in @xmm, which is in rax too, to single. Tiny ones are C's, infinities and NaNs with them. */
static void convert_to_single(struct compile *c, const struct ir_op *op, unsigned xmm)
{
    uint8_t *zero;

    x64_shift_ri(&c->x, SHIFT_SHL, RAX, 1);
    zero = x64_jcc(&c->x, CC_E);
    x64_shift_ri(&c->x, SHIFT_SHR, RAX, 53);
    x64_alu_ri(&c->x, ALU_SUB, RAX, EXP_SAFE_SINGLE);
    x64_alu_ri(&c->x, ALU_CMP, RAX, 0x7ff - EXP_SAFE_SINGLE);
    fp_slow_if(c, op, CC_AE);
    x64_patch(&c->x, zero, c->x.p);
    x64_vcvtsd2ss(&c->x, xmm, xmm);
    x64_vcvtss2sd(&c->x, xmm, xmm);
}

/*
 * From the exact result rounded to double, in @xmm, to the one rounded to single. The two roundings give
 * what one would unless the double is half way between singles. Even then they do for a product of singles,
 * which is exact, and for a sum of singles: it is either exact or too near one of them.
 */
static void round_to_single(struct compile *c, const struct ir_op *op, const struct muladd *m, unsigned xmm)
{
    x64_vmovq_to_gpr(&c->x, RAX, xmm);
    x64_mov_rr(&c->x, RCX, RAX);
    x64_alu32_ri(&c->x, ALU_AND, RCX, FP_SINGLE_REST);
    x64_alu32_ri(&c->x, ALU_CMP, RCX, SINGLE_HALF);
    if (m->has_addend && m->is_product)
        fp_slow_if(c, op, CC_E);
    else
        fp_aside(c, op, m->x, m->y);
    convert_to_single(c, op, xmm);
}

/* fnorm.s: nothing is lost before the one rounding. */
static void emit_narrow(struct compile *c, const struct ir_op *op, unsigned f)
{
    unsigned from, xmm;

    fp_prove_doubles(c, op, &f, 1);
    from = fp_value(c, f, XMM_S0);
    xmm = fp_take_xmm(c);
    x64_vmovapd(&c->x, xmm, from);
    x64_vmovq_to_gpr(&c->x, RAX, xmm);
    convert_to_single(c, op, xmm);
    fp_set_double(c, FPO_F1(op->imm), xmm);
    fp_learn(c, FPO_F1(op->imm), FP_SINGLE);
}

/*
 * C does results that are NaNs, and infinities with them. No compare: it would find a denormal operand in a
 * denormal result.
 */
static void refuse_special(struct compile *c, const struct ir_op *op, unsigned xmm)
{
    x64_vmovq_to_gpr(&c->x, RAX, xmm);
    x64_alu_rr(&c->x, ALU_ADD, RAX, RAX);
    x64_alu_rm_at(&c->x, ALU_CMP, RAX, c->j->special);
    fp_slow_if(c, op, CC_AE);
}

/* f0, f1, or known to be of single precision. */
static bool is_single(const struct compile *c, unsigned f)
{
    return f < 2 || c->fp->reg[f].known == FP_SINGLE;
}

/* The result, rounded to single, from singles: the host's instruction does all of it. */
static unsigned compute_single(struct compile *c, const struct muladd *m, unsigned f1)
{
    unsigned a = fp_single_value(c, m->a, XMM_S0), xmm;
    unsigned b = fp_single_value(c, m->is_product ? m->b : m->addend, XMM_S1);

    if (m->has_addend && m->is_product) {
        unsigned addend = fp_single_value(c, m->addend, XMM_S2);

        xmm = m->addend > 1 && m->addend == f1 ? addend : fp_take_xmm(c);
        x64_vmovapd(&c->x, xmm, addend);
        x64_vfma_ss(&c->x, fma_opcode(m), xmm, a, b);
        return xmm;
    }
    xmm = fp_take_xmm(c);
    if (!m->has_addend)
        x64_vfarith_ss(&c->x, FARITH_MUL, xmm, a, b);
    else if (m->negate_product)
        x64_vfarith_ss(&c->x, FARITH_SUB, xmm, b, a);
    else
        x64_vfarith_ss(&c->x, m->negate_addend ? FARITH_SUB : FARITH_ADD, xmm, a, b);
    return xmm;
}

/* Denormals, whose register format is another, infinities and NaNs are C's. */
static void emit_muladd_single(struct compile *c, const struct ir_op *op, const struct muladd *m)
{
    unsigned f1 = FPO_F1(op->imm), xmm = compute_single(c, m, f1);
    uint8_t *zero;

    x64_vmovd_to_gpr(&c->x, RAX, xmm);
    x64_alu32_rr(&c->x, ALU_ADD, RAX, RAX);
    zero = x64_jcc(&c->x, CC_E);
    x64_alu32_ri(&c->x, ALU_SUB, RAX, 1 << 24);
    x64_alu32_ri(&c->x, ALU_CMP, RAX, (int32_t)((uint32_t)FP_SINGLE_EXPS << 24));
    fp_slow_if(c, op, CC_AE);
    x64_patch(&c->x, zero, c->x.p);
    fp_set_single(c, f1, xmm);
}

static bool emit_muladd(struct compile *c, const struct ir_op *op)
{
    unsigned f1 = FPO_F1(op->imm), pc = precision(op), xmm;
    struct muladd m = muladd_of(op);
    const unsigned f[] = { m.a, m.b, m.has_addend ? m.addend : 0 };

    if (status_field(op) != 0 || pc == FP_PC_NONE)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        if (!fp_may_be_double(c, f[i]))
            return false;
    }
    if (pc == FP_PC_S && is_single(c, f[0]) && is_single(c, f[1]) && is_single(c, f[2]) &&
        (m.has_addend || !m.negate_product)) {
        emit_muladd_single(c, op, &m);
        return true;
    }
    if (pc == FP_PC_S && m.b == 1 && m.a > 1 && !m.has_addend && !m.negate_product) {
        emit_narrow(c, op, m.a);
        return true;
    }
    fp_prove_doubles(c, op, f, 3);
    xmm = compute(c, &m, f1);
    if (pc == FP_PC_S) {
        round_to_single(c, op, &m, xmm);
    } else {
        refuse_special(c, op, xmm);
    }
    fp_set_double(c, f1, xmm);
    if (pc == FP_PC_S)
        fp_learn(c, f1, FP_SINGLE);
    return true;
}

/* ---- minima and maxima ---- */

/* The second operand where the first is not less (greater): f3, as on the host. */
static bool emit_minmax(struct compile *c, const struct ir_op *op, enum x64_farith how)
{
    unsigned f2 = FPO_F2(op->imm), f3 = FPO_F3(op->imm), a, b, xmm;
    const unsigned f[] = { f2, f3 };

    if (status_field(op) != 0 || !fp_may_be_double(c, f2) || !fp_may_be_double(c, f3))
        return false;
    fp_prove_doubles(c, op, f, 2);
    a = fp_value(c, f2, XMM_S0);
    b = fp_value(c, f3, XMM_S1);
    x64_vucomisd(&c->x, a, b);
    fp_slow_if(c, op, CC_P);
    xmm = fp_take_xmm(c);
    x64_vfarith(&c->x, how, xmm, a, b);
    fp_set_double(c, FPO_F1(op->imm), xmm);
    return true;
}

bool fp_emit_arith(struct compile *c, const struct ir_op *op)
{
    if (!(c->u->key & KEY_FPSTD))
        return false;
    switch (op->c) {
    case OP_FMA:
    case OP_FMS:
    case OP_FNMA:
        return emit_muladd(c, op);
    case OP_FMIN:
        return emit_minmax(c, op, FARITH_MIN);
    case OP_FMAX:
        return emit_minmax(c, op, FARITH_MAX);
    default:
        return false;
    }
}

/* ---- compares ---- */

/* Unordered goes to C. What is known to be a single is a number. */
static void compare(struct compile *c, const struct ir_op *op, bool single, unsigned a, unsigned b)
{
    if (single) {
        x64_vucomiss(&c->x, a, b);
        return;
    }
    x64_vucomisd(&c->x, a, b);
    fp_slow_if(c, op, CC_P);
}

bool fp_emit_compare(struct compile *c, const struct ir_op *op)
{
    bool single;
    unsigned f2 = FPO_F2(op->imm), f3 = FPO_F3(op->imm), p1 = FPO_P1(op->imm), p2 = FPO_P2(op->imm), a, b;
    const unsigned f[] = { f2, f3 };

    if (op->c != OP_FCMP || !(c->u->key & KEY_FPSTD) || status_field(op) != 0 || !fp_may_be_double(c, f2) ||
        !fp_may_be_double(c, f3))
        return false;
    single = is_single(c, f2) && is_single(c, f3);
    if (!single)
        fp_prove_doubles(c, op, f, 2);
    a = single ? fp_single_value(c, f2, XMM_S0) : fp_value(c, f2, XMM_S0);
    b = single ? fp_single_value(c, f3, XMM_S1) : fp_value(c, f3, XMM_S1);
    switch (FPO_SUB(op->imm)) {
    case FP_REL_EQ:
        compare(c, op, single, a, b);
        put_pr2_flags(c, CC_E, p1, p2);
        break;
    case FP_REL_LT:
        compare(c, op, single, b, a);
        put_pr2_flags(c, CC_A, p1, p2);
        break;
    case FP_REL_LE:
        compare(c, op, single, b, a);
        put_pr2_flags(c, CC_AE, p1, p2);
        break;
    default:
        compare(c, op, single, a, b);
        put_pr_const(c, p1, false);
        put_pr_const(c, p2, true);
        break;
    }
    return true;
}

/* A normal number in a tagged double: its class depends on the sign at most. C does the others. */
bool fp_emit_class(struct compile *c, const struct ir_op *op)
{
    unsigned f2 = FPO_F2(op->imm), p1 = FPO_P1(op->imm), p2 = FPO_P2(op->imm), base;
    const struct jit_place *mask = &c->places[op->a];
    unsigned signs = mask->imm & (FP_CLASS_POS | FP_CLASS_NEG);
    int32_t slot;

    if (op->c != OP_FCLASS || f2 < 2 || !mask->is_const || !fp_may_be_double(c, f2))
        return false;
    slot = fp_slot(c, f2, &base);
    if (c->fp->reg[f2].known < FP_DOUBLE) {
        x64_cmp_mem64(&c->x, base, slot + (int32_t)offsetof(struct ia64_fr, se), 0);
        fp_slow_if(c, op, CC_GE);
    }
    x64_load(&c->x, RAX, base, slot);
    x64_mov_rr(&c->x, RCX, RAX);
    x64_shift_ri(&c->x, SHIFT_SHL, RCX, 1);
    x64_shift_ri(&c->x, SHIFT_SHR, RCX, 53);
    x64_alu_ri(&c->x, ALU_SUB, RCX, 1);
    x64_alu_ri(&c->x, ALU_CMP, RCX, 0x7fe);
    fp_slow_if(c, op, CC_AE);
    if ((mask->imm & FP_CLASS_NORM) && (signs == FP_CLASS_POS || signs == FP_CLASS_NEG)) {
        x64_test_rr(&c->x, RAX, RAX);
        put_pr2_flags(c, signs == FP_CLASS_NEG ? CC_S : CC_NS, p1, p2);
    } else {
        put_pr_const(c, p1, (mask->imm & FP_CLASS_NORM) && signs);
        put_pr_const(c, p2, !((mask->imm & FP_CLASS_NORM) && signs));
    }
    return true;
}

/* ---- conversions ---- */

/* Signed integers that are doubles: C does the rest, whose results are none. */
static bool emit_from_integer(struct compile *c, const struct ir_op *op)
{
    unsigned f1 = FPO_F1(op->imm), f2 = FPO_F2(op->imm), base, xmm;
    int32_t slot;

    if (f2 < 2 || c->fp->reg[f2].known >= FP_DOUBLE || fp_full_form_wanted(c, op, f1))
        return false;
    slot = fp_slot(c, f2, &base);
    if (c->fp->reg[f2].known != FP_INT) {
        x64_cmp_mem64(&c->x, base, slot + (int32_t)offsetof(struct ia64_fr, se), FP_EXP_NATVAL);
        fp_slow_if(c, op, CC_AE);
    }
    x64_load(&c->x, RAX, base, slot);
    x64_mov_rr(&c->x, RCX, RAX); /* -2^53 to 2^53 - 1 */
    x64_shift_ri(&c->x, SHIFT_SAR, RCX, 53);
    x64_alu_ri(&c->x, ALU_ADD, RCX, 1);
    x64_alu_ri(&c->x, ALU_CMP, RCX, 1);
    fp_slow_if(c, op, CC_A);
    xmm = fp_take_xmm(c);
    x64_vflogic(&c->x, FLOGIC_XOR, xmm, xmm, xmm);
    x64_vcvtsi2sd(&c->x, xmm, RAX);
    fp_set_double(c, f1, xmm);
    fp_doubt(c, f1);
    return true;
}

/*
 * Inexact is the one flag that the host raises as it should here: an invalid result goes to C, and so does
 * a zero from a denormal, about which the host's instruction says nothing. For another status field than
 * sf0, whose flags MXCSR has, both must have it set already.
 */
static bool emit_to_integer(struct compile *c, const struct ir_op *op)
{
    const uint32_t inexact = (uint32_t)FP_EXC_I << (FPSR_SF_SHIFT + FPSR_SF_FLAG_SHIFT);
    unsigned f2 = FPO_F2(op->imm), sf = status_field(op), how = FPO_SUB(op->imm), x;
    uint8_t *nonzero, *zero;

    if (!(c->u->key & KEY_FPSTD) || sf > 1 || f2 < 2 || !fp_may_be_double(c, f2))
        return false;
    fp_prove_doubles(c, op, &f2, 1);
    if (sf == 1) {
        const uint32_t both = inexact | inexact << FPSR_SF_BITS;

        x64_load32(&c->x, RAX, REG_V, (int32_t)offsetof(struct vcpu, fpsr));
        x64_alu32_ri(&c->x, ALU_AND, RAX, both);
        x64_alu32_ri(&c->x, ALU_CMP, RAX, both);
        fp_slow_if(c, op, CC_NE);
    }
    x = fp_value(c, f2, XMM_S0);
    if (how & FP_CVT_UNSIGNED) { /* before the host finds an inexact negative integer */
        x64_vmovq_to_gpr(&c->x, RAX, x);
        x64_test_rr(&c->x, RAX, RAX);
        fp_slow_if(c, op, CC_S);
    }
    if (how & FP_CVT_TRUNC)
        x64_vcvttsd2si(&c->x, RAX, x);
    else
        x64_vcvtsd2si(&c->x, RAX, x);
    x64_test_rr(&c->x, RAX, RAX);
    nonzero = x64_jcc(&c->x, CC_NE);
    x64_vmovq_to_gpr(&c->x, RCX, x);
    x64_shift_ri(&c->x, SHIFT_SHL, RCX, 1);
    zero = x64_jcc(&c->x, CC_E);
    x64_shift_ri(&c->x, SHIFT_SHR, RCX, 53);
    fp_slow_if(c, op, CC_E);
    x64_patch(&c->x, nonzero, c->x.p);
    x64_patch(&c->x, zero, c->x.p);
    x64_alu_ri(&c->x, ALU_CMP, RAX, 1); /* overflows for the integer indefinite only */
    fp_slow_if(c, op, CC_O);
    fp_set_int(c, FPO_F1(op->imm), RAX);
    return true;
}

bool fp_emit_convert(struct compile *c, const struct ir_op *op)
{
    switch (op->c) {
    case OP_FCVT_XF:
        return emit_from_integer(c, op);
    case OP_FCVT_FX:
    case OP_FCVT_FXU:
        return emit_to_integer(c, op);
    default:
        return false;
    }
}
