/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lowering of floating-point instructions: checks here, arithmetic in arch/fp_ops.c (SDM 1:103, 5.4;
 * Vol.3).
 */
#include "arch/fp_ops.h"
#include "lower/lower_ops.h"

unsigned lower_fp_disabled(const struct lower *l, unsigned fa, unsigned fb, unsigned fc, unsigned fd)
{
    const unsigned regs[4] = {fa, fb, fc, fd};
    unsigned code = 0;

    for (unsigned i = 0; i < 4; i++) {
        if (regs[i] >= 32 && (l->key & KEY_DFH))
            code |= 2;
        else if (regs[i] >= 2 && regs[i] < 32 && (l->key & KEY_DFL))
            code |= 1;
    }
    return code;
}

bool lower_fp_target(struct lower *l, unsigned f)
{
    if (f > 1)
        return false;
    raise_illegal(l);
    return true;
}

bool lower_fp_regs(struct lower *l, unsigned fa, unsigned fb, unsigned fc, unsigned fd, uint64_t isr)
{
    unsigned code = lower_fp_disabled(l, fa, fb, fc, fd);

    if (!code)
        return false;
    ir_fault(l, FAULT_DISABLED_FP, code | isr);
    return true;
}

static bool is_multiply_add(unsigned op) { return op >= OP_FMA && op <= OP_FPNMA; }

/* Operands as FPO_* unpacks them. */
static uint64_t pack(const struct insn *in, unsigned sub)
{
    unsigned ctl = FP_CTL(in->sf, in->pc) | (is_multiply_add(in->op) && in->f2 == 0 ? FP_CTL_F2_IS_F0 : 0);

    return in->f1 | (uint64_t)in->f2 << 8 | (uint64_t)in->f3 << 16 | (uint64_t)in->f4 << 24 |
           (uint64_t)in->p1 << 32 | (uint64_t)in->p2 << 40 | (uint64_t)ctl << 48 | (uint64_t)sub << 56;
}

/* f1 := @fn, after the checks common to all that write it. */
static void write_f1(struct lower *l, const struct insn *in, ir_helper fn, unsigned sub)
{
    if (lower_fp_target(l, in->f1) || lower_fp_regs(l, in->f1, in->f2, in->f3, in->f4, 0))
        return;
    ir_fpop(l, fn, in->op, pack(in, sub), 0, 0, IR_CALL_NO_PR);
    ir_set_mf(l, in->f1);
}

static ir_helper arith_function(unsigned op)
{
    switch (op) {
    case OP_FMA:
        return fpop_fma;
    case OP_FMS:
        return fpop_fms;
    case OP_FNMA:
        return fpop_fnma;
    case OP_FPMA:
        return fpop_fpma;
    case OP_FPMS:
        return fpop_fpms;
    case OP_FPNMA:
        return fpop_fpnma;
    case OP_FMIN:
        return fpop_fmin;
    case OP_FMAX:
        return fpop_fmax;
    case OP_FAMIN:
        return fpop_famin;
    case OP_FAMAX:
        return fpop_famax;
    case OP_FPMIN:
        return fpop_fpmin;
    case OP_FPMAX:
        return fpop_fpmax;
    case OP_FPAMIN:
        return fpop_fpamin;
    case OP_FPAMAX:
        return fpop_fpamax;
    default:
        return fpop_fpcmp;
    }
}

static enum fp_rel relation(unsigned rel)
{
    switch (rel) {
    case REL_EQ:
        return FP_REL_EQ;
    case REL_LT:
        return FP_REL_LT;
    case REL_LE:
        return FP_REL_LE;
    case REL_UNORD:
        return FP_REL_UNORD;
    case REL_NEQ:
        return FP_REL_NEQ;
    case REL_NLT:
        return FP_REL_NLT;
    case REL_NLE:
        return FP_REL_NLE;
    default:
        return FP_REL_ORD;
    }
}

/* Multiply-adds, minima and maxima, fpcmp */
void lower_fp_arith(struct lower *l, const struct insn *in)
{
    write_f1(l, in, arith_function(in->op), in->op == OP_FPCMP ? relation(in->rel) : 0);
}

/* fcvt.fx, fcvt.fxu, fpcvt.fx, fpcvt.fxu, fcvt.xf */
void lower_fp_cvt(struct lower *l, const struct insn *in)
{
    unsigned how = in->trunc ? FP_CVT_TRUNC : 0;

    if (in->op == OP_FCVT_FXU || in->op == OP_FPCVT_FXU)
        how |= FP_CVT_UNSIGNED;
    if (in->op == OP_FCVT_XF)
        write_f1(l, in, fpop_fcvt_xf, 0);
    else if (in->op == OP_FCVT_FX || in->op == OP_FCVT_FXU)
        write_f1(l, in, fpop_fcvt_fx, how);
    else
        write_f1(l, in, fpop_fpcvt_fx, how);
}

static enum fp_bits_op bits_op(const struct insn *in)
{
    switch (in->op) {
    case OP_FMERGE_NS:
        return FP_MERGE_NS;
    case OP_FMERGE_S:
        return FP_MERGE_S;
    case OP_FMERGE_SE:
        return FP_MERGE_SE;
    case OP_FPMERGE_NS:
        return FPP_MERGE_NS;
    case OP_FPMERGE_S:
        return FPP_MERGE_S;
    case OP_FPMERGE_SE:
        return FPP_MERGE_SE;
    case OP_FMIX:
        return in->half == HALF_LR ? FP_MIX_LR : in->half == HALF_R ? FP_MIX_R : FP_MIX_L;
    case OP_FSXT:
        return in->half == HALF_R ? FP_SXT_R : FP_SXT_L;
    case OP_FPACK:
        return FP_PACK;
    case OP_FSWAP:
        return FP_SWAP;
    case OP_FSWAP_NL:
        return FP_SWAP_NL;
    case OP_FSWAP_NR:
        return FP_SWAP_NR;
    case OP_FAND:
        return FP_AND;
    case OP_FANDCM:
        return FP_ANDCM;
    case OP_FOR:
        return FP_OR;
    default:
        return FP_XOR;
    }
}

/* What moves bits only: merges, mixes, logic, fselect, xma */
void lower_fp_bits(struct lower *l, const struct insn *in)
{
    switch (in->op) {
    case OP_FSELECT:
        write_f1(l, in, fpop_fselect, 0);
        break;
    case OP_XMA_L:
        write_f1(l, in, fpop_xma, FP_XMA_L);
        break;
    case OP_XMA_H:
        write_f1(l, in, fpop_xma, FP_XMA_H);
        break;
    case OP_XMA_HU:
        write_f1(l, in, fpop_xma, FP_XMA_HU);
        break;
    default:
        write_f1(l, in, fpop_bits, bits_op(in));
        break;
    }
}

/* fcmp, fclass with the qualifying predicate seen to */
static void compare(struct lower *l, const struct insn *in)
{
    if (in->p1 == in->p2) {
        raise_illegal(l);
        return;
    }
    if (lower_fp_regs(l, in->f2, in->f3, 0, 0, 0))
        return;
    if (in->op == OP_FCMP)
        ir_fpop(l, fpop_fcmp, in->op, pack(in, relation(in->rel)), 0, 0, 0);
    else
        ir_fpop(l, fpop_fclass, in->op, pack(in, 0), ir_const(l, (uint64_t)in->imm), 0, IR_CALL_NO_FAULT);
}

/* The unc type clears its targets where the qualifying predicate is 0 (SDM Vol.3, fcmp, fclass). */
void lower_fp_cmp(struct lower *l, const struct insn *in)
{
    ir_label label;
    ir_val qp;

    if (in->ctype != CTYPE_UNC || in->qp == 0 || in->p1 == in->p2) {
        compare(l, in);
        return;
    }
    qp = ir_pr(l, in->qp);
    label = ir_skip_nz(l, qp);
    ir_set_pri(l, in->p1, false);
    ir_set_pri(l, in->p2, false);
    ir_here(l, label);
    label = ir_skip_z(l, qp);
    compare(l, in);
    ir_here(l, label);
}

static void approximate(struct lower *l, const struct insn *in)
{
    ir_helper fn = in->op == OP_FRCPA ? fpop_frcpa : in->op == OP_FRSQRTA ? fpop_frsqrta :
                   in->op == OP_FPRCPA ? fpop_fprcpa : fpop_fprsqrta;

    if (lower_fp_target(l, in->f1) || lower_fp_regs(l, in->f1, in->f2, in->f3, 0, 0))
        return;
    ir_fpop(l, fn, in->op, pack(in, 0), 0, 0, 0);
    ir_set_mf(l, in->f1);
}

/* frcpa, frsqrta, fprcpa, fprsqrta: p2 is cleared where the qualifying predicate is 0. */
void lower_fp_approx(struct lower *l, const struct insn *in)
{
    ir_label label;
    ir_val qp;

    if (in->qp == 0) {
        approximate(l, in);
        return;
    }
    qp = ir_pr(l, in->qp);
    label = ir_skip_nz(l, qp);
    ir_set_pri(l, in->p2, false);
    ir_here(l, label);
    label = ir_skip_z(l, qp);
    approximate(l, in);
    ir_here(l, label);
}

static unsigned transfer_format(const struct insn *in)
{
    switch (in->fsize) {
    case FS_SIG:
        return FPO_SIG;
    case FS_EXP:
        return FPO_EXP;
    case FS_S:
        return FPO_SINGLE;
    default:
        return FPO_DOUBLE;
    }
}

void lower_setf(struct lower *l, const struct insn *in)
{
    if (lower_fp_target(l, in->f1) || lower_fp_regs(l, in->f1, 0, 0, 0, 0))
        return;
    ir_fpop(l, fpop_setf, in->op, pack(in, transfer_format(in)), ir_gr(l, in->r2), ir_nat(l, in->r2),
            IR_CALL_NO_PR | IR_CALL_NO_FAULT);
    ir_set_mf(l, in->f1);
}

void lower_getf(struct lower *l, const struct insn *in)
{
    ir_val value;

    ir_check_target(l, in->r1);
    if (lower_fp_regs(l, in->f2, 0, 0, 0, 0))
        return;
    value = ir_fpop(l, fpop_getf, in->op, pack(in, transfer_format(in)), 0, 0,
                    IR_CALL_NO_PR | IR_CALL_NO_FAULT);
    ir_set_gr(l, in->r1, value, ir_st(l, offsetof(struct vcpu, spec_nat)));
}

void lower_fsetc(struct lower *l, const struct insn *in)
{
    ir_fpop(l, fpop_fsetc, in->op, pack(in, 0), ir_const(l, in->pos), ir_const(l, in->len), IR_CALL_NO_PR);
}

void lower_fclrf(struct lower *l, const struct insn *in)
{
    ir_fpop(l, fpop_fclrf, in->op, pack(in, 0), 0, 0, IR_CALL_NO_PR | IR_CALL_NO_FAULT);
}

void lower_fchkf(struct lower *l, const struct insn *in)
{
    ir_val failed = ir_fpop(l, fpop_fchkf, in->op, pack(in, 0), 0, 0, IR_CALL_NO_PR | IR_CALL_NO_FAULT);
    ir_label passed = ir_skip_z(l, failed);

    ir_exit(l, in->imm, IR_EXIT_TAKEN | IR_EXIT_UNLIKELY);
    ir_here(l, passed);
}
