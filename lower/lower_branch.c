/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lowering of branches (SDM 1:73, 4.5; Vol.3, br). Slot 2 of the counted ones is the unit loop's check. */
#include "lower/lower_ops.h"

#define ST(field) offsetof(struct vcpu, field)

/* br.cond, brl.cond */
void lower_br_cond(struct lower *l, const struct insn *in)
{
    bool unlikely = in->qp && (in->wh == WH_SPNT || in->wh == WH_DPNT);

    ir_exit(l, in->imm, IR_EXIT_TAKEN | (unlikely ? IR_EXIT_UNLIKELY : 0));
}

void lower_br_cond_ind(struct lower *l, const struct insn *in)
{
    ir_exit_ind(l, ir_br(l, in->b2), IR_EXIT_TAKEN);
}

/* br.call, brl.call. The return address is that of the next bundle. */
void lower_br_call(struct lower *l, const struct insn *in)
{
    ir_call(l, op_br_call, in->b1, ir_ip(l, 16), 0, IR_CALL_PLAIN);
    ir_exit(l, in->imm, IR_EXIT_TAKEN | IR_EXIT_CALL);
}

/* The target is read before b1 is written: both may be the same register. */
void lower_br_call_ind(struct lower *l, const struct insn *in)
{
    ir_val target = ir_br(l, in->b2);

    ir_call(l, op_br_call, in->b1, ir_ip(l, 16), 0, IR_CALL_PLAIN);
    ir_exit_ind(l, target, IR_EXIT_TAKEN | IR_EXIT_CALL);
}

/* op_br_ret says where to go on; the exit tells engines that predict returns what this was. */
void lower_br_ret(struct lower *l, const struct insn *in)
{
    ir_val target = ir_br(l, in->b2);

    ir_call(l, op_br_ret, 0, target, 0, IR_CALL_PLAIN); /* where it is not taken */
    ir_exit_ind(l, target, IR_EXIT_TAKEN | IR_EXIT_RET);
}

/*
 * Never to IA-32 code: the models here do not have it. Predicated forms are illegal whatever the predicate.
 */
void lower_br_ia(struct lower *l, const struct insn *in)
{
    ir_fault(l, in->qp != 0 ? FAULT_ILLEGAL_OP : FAULT_DISABLED_ISA, 0);
}

void lower_br_cloop(struct lower *l, const struct insn *in)
{
    ir_val lc = ir_st(l, ST(lc));
    ir_label done = ir_skip_z(l, lc);

    ir_set_st(l, ST(lc), ir_bini(l, IR_SUB, lc, 1));
    ir_exit(l, in->imm, IR_EXIT_TAKEN);
    ir_here(l, done);
}

/*
 * The last step of br.wtop and br.wexit: pr63 := @stage, and unless the epilogue is over one rotation; then the branch, taken by
 * the top form while the loop goes on and by the exit form when it is over.
 */
static void loop_step(struct lower *l, const struct insn *in, ir_val stage, ir_val rotates, ir_val again)
{
    bool exits = in->op == OP_BR_WEXIT;
    ir_label label;

    ir_set_pr(l, 63, stage);
    label = ir_skip_z(l, rotates);
    ir_rotate(l);
    ir_here(l, label);
    label = exits ? ir_skip_nz(l, again) : ir_skip_z(l, again);
    ir_exit(l, in->imm, IR_EXIT_TAKEN);
    ir_here(l, label);
}

/* One step of a counted loop: the counter at @field goes down by one from @count, pr63 := @stage. */
static void counted_step(struct lower *l, size_t field, ir_val count, bool stage)
{
    ir_set_st(l, field, ir_bini(l, IR_SUB, count, 1));
    ir_set_pri(l, 63, stage);
    ir_rotate(l);
}

/* What follows where lc is 0: the epilogue counts ec down; its last step rotates as well, but none where ec is 0. */
static void epilogue(struct lower *l, const struct insn *in, bool exits)
{
    ir_val ec = ir_st(l, ST(ec)), again = ir_bin(l, IR_LTU, ir_const(l, 1), ec);
    ir_label over = ir_skip_z(l, again), last, none;

    counted_step(l, ST(ec), ec, false);
    if (!exits)
        ir_exit(l, in->imm, IR_EXIT_TAKEN);
    ir_here(l, over);
    last = ir_skip_nz(l, again);
    ir_set_pri(l, 63, false);
    none = ir_skip_z(l, ec);
    counted_step(l, ST(ec), ec, false);
    ir_here(l, none);
    if (exits)
        ir_exit(l, in->imm, IR_EXIT_TAKEN);
    ir_here(l, last);
}

/* br.ctop, br.cexit: the kernel counts lc down, the epilogue ec. One way for each, since the first is taken nearly always. */
void lower_br_counted(struct lower *l, const struct insn *in)
{
    bool exits = in->op == OP_BR_CEXIT;
    ir_val lc = ir_st(l, ST(lc));
    ir_label label = ir_skip_z(l, lc);

    counted_step(l, ST(lc), lc, true);
    if (!exits)
        ir_exit(l, in->imm, IR_EXIT_TAKEN);
    ir_here(l, label);
    label = ir_skip_nz(l, lc);
    epilogue(l, in, exits);
    ir_here(l, label);
}

/* br.wtop, br.wexit: the kernel lasts while the qualifying predicate is 1. pr63 is always cleared. */
void lower_br_while(struct lower *l, const struct insn *in)
{
    ir_val ec = ir_st(l, ST(ec));
    ir_val kernel = ir_pr(l, in->qp);
    ir_val epilogue = ir_bin(l, IR_ANDCM, ir_bini(l, IR_NE, ec, 0), kernel);
    ir_val again = ir_or(l, kernel, ir_bin(l, IR_LTU, ir_const(l, 1), ec));

    ir_set_st(l, ST(ec), ir_bin(l, IR_SUB, ec, epilogue));
    loop_step(l, in, ir_zero(l), ir_or(l, kernel, epilogue), again);
}
