/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lowering of speculation checks and ALAT control (SDM 1:65, 4.4.4). Checks branch directly: no Speculation
 * fault arises.
 */
#include "arch/fp_ops.h"
#include "lower/lower_ops.h"

/* To @disp if @failed. */
static void branch_if(struct lower *l, ir_val failed, int64_t disp)
{
    ir_label passed = ir_skip_z(l, failed);

    ir_exit(l, disp, IR_EXIT_TAKEN | IR_EXIT_UNLIKELY);
    ir_here(l, passed);
}

void lower_chk_s_gr(struct lower *l, const struct insn *in)
{
    ir_val nat = ir_nat(l, in->r2);

    if (!is_zero(l, nat))
        branch_if(l, nat, in->imm);
}

void lower_chk_s_fr(struct lower *l, const struct insn *in)
{
    if (lower_fp_regs(l, in->f2, 0, 0, 0, 0))
        return;
    branch_if(l, ir_fpop(l, fpop_is_natval, in->op, in->f2, 0, 0, IR_CALL_NO_PR | IR_CALL_NO_FAULT), in->imm);
}

/* chk.a of a general or floating-point register */
void lower_chk_a(struct lower *l, const struct insn *in)
{
    bool fp = in->op == OP_CHK_A_FR;
    unsigned reg = fp ? in->f1 | ALAT_FR : in->r1;
    ir_val hit;

    if (fp && lower_fp_regs(l, in->f1, 0, 0, 0, 0))
        return;
    hit = ir_call(l, op_alat_check, reg | (uint64_t)in->clr << 8, 0, 0, (CALL_READS_GR & ~IR_CALL_NO_FR) | IR_CALL_PLAIN);
    branch_if(l, ir_not(l, hit), in->imm);
}

/* invala, invala.e */
void lower_invala(struct lower *l, const struct insn *in)
{
    if (in->op == OP_INVALA)
        ir_call(l, op_invala, 0, 0, 0, CALL_NO_REGS);
    else if (in->op == OP_INVALA_E_GR)
        ir_call(l, op_alat_drop, in->r1, 0, 0, CALL_NO_REGS | IR_CALL_PLAIN);
    else if (!lower_fp_regs(l, in->f1, 0, 0, 0, 0))
        ir_call(l, op_alat_drop, in->f1 | ALAT_FR, 0, 0, CALL_NO_REGS | IR_CALL_PLAIN);
}
