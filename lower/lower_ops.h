/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the lowering functions share: checks in the SDM's order, and the functions' declarations.
 * lower/lower_*.c only.
 */
#ifndef LOWER_LOWER_OPS_H
#define LOWER_LOWER_OPS_H

#include "arch/ops.h"
#include "lower/lower.h"

/* What a called function leaves alone. */
enum {
    CALL_NO_REGS = IR_CALL_NO_GR | IR_CALL_NO_FR | IR_CALL_NO_PR,
    CALL_READS_GR = IR_CALL_READS_GR | IR_CALL_NO_FR | IR_CALL_NO_PR,
};

/* Non-access codes of ISR.code{3:0} (SDM 2:41). */
enum { NA_TPA = 0, NA_FC = 1, NA_PROBE = 2, NA_TAK = 3, NA_LFETCH = 4, NA_PROBE_FAULT = 5 };

static inline ir_val ir_add(struct lower *l, ir_val a, ir_val b) { return ir_bin(l, IR_ADD, a, b); }
static inline ir_val ir_and(struct lower *l, ir_val a, ir_val b) { return ir_bin(l, IR_AND, a, b); }
static inline ir_val ir_or(struct lower *l, ir_val a, ir_val b) { return ir_bin(l, IR_OR, a, b); }
static inline ir_val ir_andi(struct lower *l, ir_val a, uint64_t imm) { return ir_bini(l, IR_AND, a, imm); }
static inline ir_val ir_shli(struct lower *l, ir_val a, unsigned n) { return ir_bini(l, IR_SHL, a, n); }
static inline ir_val ir_shri(struct lower *l, ir_val a, unsigned n) { return ir_bini(l, IR_SHR, a, n); }
static inline ir_val ir_sari(struct lower *l, ir_val a, unsigned n) { return ir_bini(l, IR_SAR, a, n); }
static inline ir_val ir_zero(struct lower *l) { return ir_const(l, 0); }
/* 0/1 negated. */
static inline ir_val ir_not(struct lower *l, ir_val v) { return ir_bini(l, IR_XOR, v, 1); }

/* @v is known to be 0. */
static inline bool is_zero(const struct lower *l, ir_val v)
{
    uint64_t value;

    return ir_is_const(l, v, &value) && value == 0;
}

/* NaT of r2 or r3. */
static inline ir_val nat23(struct lower *l, const struct insn *in)
{
    return ir_or(l, ir_nat(l, in->r2), ir_nat(l, in->r3));
}

/* The caller returns. */
static inline void raise_illegal(struct lower *l) { ir_fault(l, FAULT_ILLEGAL_OP, 0); }

/* True if a Privileged Operation fault was raised: the caller returns. */
static inline bool not_privileged(struct lower *l)
{
    if ((l->key & KEY_CPL) == 0)
        return false;
    ir_fault(l, FAULT_PRIV_OP, 0);
    return true;
}

/*
 * itr, itc and the control registers of interruptions want psr.ic = 0. With psr.vm = 1 the intercept comes
 * instead.
 */
static inline bool collecting(const struct lower *l)
{
    return (l->key & KEY_IC) && !(l->key & KEY_VM);
}

/*
 * fp_reg_disabled() of the SDM's pseudo-code: ISR.code bits, 0 if all four registers are enabled. 0 stands
 * for none.
 */
unsigned lower_fp_disabled(const struct lower *l, unsigned fa, unsigned fb, unsigned fc, unsigned fd);
/* Illegal Operation for f0, f1. True if raised. */
bool lower_fp_target(struct lower *l, unsigned f);
/* Disabled FP Register fault with @isr. True if raised. */
bool lower_fp_regs(struct lower *l, unsigned fa, unsigned fb, unsigned fc, unsigned fd, uint64_t isr);

/* lower_alu.c */
void lower_invalid(struct lower *l, const struct insn *in);
void lower_alu(struct lower *l, const struct insn *in);
void lower_alu_imm(struct lower *l, const struct insn *in);
void lower_shladd(struct lower *l, const struct insn *in);
void lower_addp4(struct lower *l, const struct insn *in);
void lower_count_bits(struct lower *l, const struct insn *in);
void lower_extend(struct lower *l, const struct insn *in);
void lower_mpy4(struct lower *l, const struct insn *in);
void lower_movl(struct lower *l, const struct insn *in);
/* lower_cmp.c */
void lower_cmp(struct lower *l, const struct insn *in);
void lower_tbit(struct lower *l, const struct insn *in);
void lower_tnat(struct lower *l, const struct insn *in);
void lower_tf(struct lower *l, const struct insn *in);
/* lower_mm.c */
void lower_parallel(struct lower *l, const struct insn *in);
void lower_pshift(struct lower *l, const struct insn *in);
void lower_mux(struct lower *l, const struct insn *in);
void lower_czx(struct lower *l, const struct insn *in);
/* lower_shift.c */
void lower_shift(struct lower *l, const struct insn *in);
void lower_shrp(struct lower *l, const struct insn *in);
void lower_extr(struct lower *l, const struct insn *in);
void lower_dep(struct lower *l, const struct insn *in);
void lower_dep_imm(struct lower *l, const struct insn *in);
void lower_dep_z(struct lower *l, const struct insn *in);
void lower_dep_z_imm(struct lower *l, const struct insn *in);
/* lower_move.c */
void lower_nop(struct lower *l, const struct insn *in);
void lower_hint(struct lower *l, const struct insn *in);
void lower_break(struct lower *l, const struct insn *in);
void lower_mov_to_br(struct lower *l, const struct insn *in);
void lower_mov_from_br(struct lower *l, const struct insn *in);
void lower_mov_to_pr(struct lower *l, const struct insn *in);
void lower_mov_to_pr_rot(struct lower *l, const struct insn *in);
void lower_mov_from_pr(struct lower *l, const struct insn *in);
void lower_mov_from_ip(struct lower *l, const struct insn *in);
void lower_mov_to_ar(struct lower *l, const struct insn *in);
void lower_mov_from_ar(struct lower *l, const struct insn *in);
/* lower_mem.c */
void lower_ld(struct lower *l, const struct insn *in);
void lower_ld16(struct lower *l, const struct insn *in);
void lower_st(struct lower *l, const struct insn *in);
void lower_st16(struct lower *l, const struct insn *in);
void lower_ldf(struct lower *l, const struct insn *in);
void lower_ldfp(struct lower *l, const struct insn *in);
void lower_stf(struct lower *l, const struct insn *in);
void lower_lfetch(struct lower *l, const struct insn *in);
void lower_mf(struct lower *l, const struct insn *in);
void lower_fc(struct lower *l, const struct insn *in);
void lower_sync_i(struct lower *l, const struct insn *in);
/* lower_sem.c */
void lower_semaphore(struct lower *l, const struct insn *in);
/* lower_spec.c */
void lower_chk_s_gr(struct lower *l, const struct insn *in);
void lower_chk_s_fr(struct lower *l, const struct insn *in);
void lower_chk_a(struct lower *l, const struct insn *in);
void lower_invala(struct lower *l, const struct insn *in);
/* lower_branch.c */
void lower_br_cond(struct lower *l, const struct insn *in);
void lower_br_cond_ind(struct lower *l, const struct insn *in);
void lower_br_call(struct lower *l, const struct insn *in);
void lower_br_call_ind(struct lower *l, const struct insn *in);
void lower_br_ret(struct lower *l, const struct insn *in);
void lower_br_ia(struct lower *l, const struct insn *in);
void lower_br_cloop(struct lower *l, const struct insn *in);
void lower_br_counted(struct lower *l, const struct insn *in);
void lower_br_while(struct lower *l, const struct insn *in);
/* lower_sys.c */
void lower_alloc(struct lower *l, const struct insn *in);
void lower_stack_op(struct lower *l, const struct insn *in);
void lower_cover(struct lower *l, const struct insn *in);
void lower_rfi(struct lower *l, const struct insn *in);
void lower_bsw(struct lower *l, const struct insn *in);
void lower_epc(struct lower *l, const struct insn *in);
void lower_vmsw(struct lower *l, const struct insn *in);
void lower_user_mask(struct lower *l, const struct insn *in);
void lower_system_mask(struct lower *l, const struct insn *in);
void lower_mov_to_psr(struct lower *l, const struct insn *in);
void lower_mov_from_psr(struct lower *l, const struct insn *in);
void lower_srlz(struct lower *l, const struct insn *in);
void lower_mov_to_cr(struct lower *l, const struct insn *in);
void lower_mov_from_cr(struct lower *l, const struct insn *in);
void lower_mov_to_indexed(struct lower *l, const struct insn *in);
void lower_mov_from_indexed(struct lower *l, const struct insn *in);
/* lower_mmu.c */
void lower_itc(struct lower *l, const struct insn *in);
void lower_purge(struct lower *l, const struct insn *in);
void lower_ptc_e(struct lower *l, const struct insn *in);
void lower_hash(struct lower *l, const struct insn *in);
void lower_tpa(struct lower *l, const struct insn *in);
void lower_probe(struct lower *l, const struct insn *in);
void lower_probe_fault(struct lower *l, const struct insn *in);
/* lower_fp.c */
void lower_fp_arith(struct lower *l, const struct insn *in);
void lower_fp_cvt(struct lower *l, const struct insn *in);
void lower_fp_bits(struct lower *l, const struct insn *in);
void lower_fp_cmp(struct lower *l, const struct insn *in);
void lower_fp_approx(struct lower *l, const struct insn *in);
void lower_setf(struct lower *l, const struct insn *in);
void lower_getf(struct lower *l, const struct insn *in);
void lower_fsetc(struct lower *l, const struct insn *in);
void lower_fclrf(struct lower *l, const struct insn *in);
void lower_fchkf(struct lower *l, const struct insn *in);

#endif
