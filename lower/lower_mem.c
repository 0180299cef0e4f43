/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lowering of loads, stores, prefetches and memory ordering (SDM 1:57, 4.4; Vol.3, ld, st, ldf, stf,
 * lfetch).
 */
#include "lower/lower_ops.h"

#define SPEC_NAT offsetof(struct vcpu, spec_nat)

/* A base register update: the new value and NaT, read before the instruction writes anything. */
struct base_update {
    ir_val value, nat;
};

static struct base_update base_update(struct lower *l, const struct insn *in)
{
    struct base_update u = {0, 0};

    if (in->upd == UPD_IMM) {
        u.value = ir_bini(l, IR_ADD, ir_gr(l, in->r3), (uint64_t)in->imm);
        u.nat = ir_nat(l, in->r3);
    } else if (in->upd == UPD_REG) {
        u.value = ir_add(l, ir_gr(l, in->r3), ir_gr(l, in->r2));
        u.nat = nat23(l, in);
    }
    return u;
}

/* After the access. */
static void update_base(struct lower *l, const struct insn *in, struct base_update u)
{
    if (in->upd != UPD_NONE)
        ir_set_gr(l, in->r3, u.value, u.nat);
}

static bool is_speculative(const struct insn *in) { return in->ldtype == LD_S || in->ldtype == LD_SA; }

/* ISR bits of a load's faults. */
static uint64_t load_isr(const struct insn *in) { return is_speculative(in) ? ISR_R | ISR_SP : ISR_R; }

/*
 * The access of ld.s, ld.sa: a NaT address gives NaT at once, and what was in the ALAT for the target goes.
 */
static void load_speculative(struct lower *l, const struct insn *in, ir_val address, ir_val nat)
{
    uint64_t imm = MEM_IMM(in->size, in->r1, in->ldtype);
    ir_label label;
    ir_val value;

    if (is_zero(l, nat)) {
        value = ir_call(l, op_ld_spec, imm, address, 0, CALL_READS_GR | IR_CALL_PLAIN);
        ir_set_gr(l, in->r1, value, ir_st(l, SPEC_NAT));
        return;
    }
    label = ir_skip_nz(l, nat);
    value = ir_call(l, op_ld_spec, imm, address, 0, CALL_READS_GR | IR_CALL_PLAIN);
    ir_set_gr(l, in->r1, value, ir_st(l, SPEC_NAT));
    ir_here(l, label);
    label = ir_skip_z(l, nat);
    if (in->ldtype == LD_SA)
        ir_call(l, op_alat_drop, in->r1, 0, 0, CALL_READS_GR | IR_CALL_PLAIN);
    ir_set_gr(l, in->r1, ir_zero(l), ir_const(l, 1));
    ir_here(l, label);
}

/*
 * ld1-ld8 of every type. Loads that check (ld.c) always load: the ALAT may have lost the entry
 * (docs/state.md).
 */
void lower_ld(struct lower *l, const struct insn *in)
{
    struct base_update update;
    ir_val address, nat, value;

    ir_check_target(l, in->r1);
    if (in->upd != UPD_NONE) {
        if (in->r1 == in->r3) {
            raise_illegal(l);
            return;
        }
        ir_check_target(l, in->r3);
    }
    address = ir_gr(l, in->r3);
    nat = ir_nat(l, in->r3);
    update = base_update(l, in);
    if (!is_speculative(in))
        ir_nat_fault(l, nat, ISR_R);
    switch (in->ldtype) {
    case LD_S:
    case LD_SA:
        load_speculative(l, in, address, nat);
        break;
    case LD_A:
        value = ir_call(l, op_ld_adv, MEM_IMM(in->size, in->r1, LD_A), address, 0, CALL_READS_GR | IR_CALL_PLAIN);
        ir_set_gr(l, in->r1, value, ir_zero(l));
        break;
    case LD_FILL:
        value = ir_call(l, op_ld_fill, 0, address, 0, CALL_NO_REGS | IR_CALL_PLAIN);
        ir_set_gr(l, in->r1, value, ir_st(l, SPEC_NAT));
        break;
    case LD_ACQ:
    case LD_C_CLR_ACQ:
        ir_set_gr(l, in->r1, ir_load(l, address, in->size, IR_MEM_ACQ), ir_zero(l));
        break;
    default:
        ir_set_gr(l, in->r1, ir_load(l, address, in->size, 0), ir_zero(l));
        break;
    }
    update_base(l, in, update);
}

void lower_ld16(struct lower *l, const struct insn *in)
{
    ir_check_target(l, in->r1);
    ir_nat_fault(l, ir_nat(l, in->r3), ISR_R);
    ir_set_gr(l, in->r1, ir_call(l, op_ld16, 0, ir_gr(l, in->r3), 0, CALL_NO_REGS | IR_CALL_PLAIN), ir_zero(l));
}

/* st1-st8, st8.spill */
void lower_st(struct lower *l, const struct insn *in)
{
    struct base_update update;
    ir_val address, value;

    if (in->upd != UPD_NONE)
        ir_check_target(l, in->r3);
    ir_nat_fault(l, in->spill ? ir_nat(l, in->r3) : nat23(l, in), ISR_W);
    address = ir_gr(l, in->r3);
    value = ir_gr(l, in->r2);
    update = base_update(l, in);
    if (in->spill) {
        ir_set_st(l, SPEC_NAT, ir_nat(l, in->r2));
        ir_call(l, op_st_spill, 0, address, value, CALL_NO_REGS | IR_CALL_PLAIN);
    } else {
        ir_store(l, address, value, in->size, in->sem == SEM_REL ? IR_MEM_REL : 0);
    }
    update_base(l, in, update);
}

void lower_st16(struct lower *l, const struct insn *in)
{
    ir_nat_fault(l, nat23(l, in), ISR_W);
    ir_call(l, op_st16, 0, ir_gr(l, in->r3), ir_gr(l, in->r2), CALL_NO_REGS | IR_CALL_PLAIN);
}

/* The access of ldf, ldfp after all checks. */
static void load_fp(struct lower *l, const struct insn *in, bool pair)
{
    struct base_update update = base_update(l, in);
    ir_val nat = ir_nat(l, in->r3);
    uint64_t imm = in->f1 | (uint64_t)in->f2 << 8 | (uint64_t)in->fsize << 16 | (uint64_t)pair << 20 |
                   (uint64_t)in->ldtype << 24;

    if (is_speculative(in))
        ir_set_st(l, SPEC_NAT, nat);
    else
        ir_nat_fault(l, nat, ISR_R);
    ir_call(l, op_load_fp, imm, ir_gr(l, in->r3), 0, IR_CALL_NO_GR | IR_CALL_NO_PR | IR_CALL_PLAIN);
    ir_set_mf(l, in->f1);
    if (pair)
        ir_set_mf(l, in->f2);
    update_base(l, in, update);
}

void lower_ldf(struct lower *l, const struct insn *in)
{
    if (in->upd != UPD_NONE)
        ir_check_target(l, in->r3);
    if (lower_fp_target(l, in->f1) || lower_fp_regs(l, in->f1, 0, 0, 0, load_isr(in)))
        return;
    load_fp(l, in, false);
}

/*
 * The two targets of ldfp must be an odd and an even physical register (SDM Vol.3, ldfp). Rotation moves
 * f32-f127 by rrb.fr, so with one target below f32 its low bit counts.
 */
static void check_pair(struct lower *l, const struct insn *in)
{
    bool same = ((in->f1 ^ in->f2) & 1) == 0;
    ir_val odd_rrb;
    ir_label fine;

    if ((in->f1 < 32) == (in->f2 < 32)) {
        if (same)
            raise_illegal(l);
        return;
    }
    odd_rrb = ir_andi(l, ir_shri(l, ir_st(l, offsetof(struct vcpu, cfm)), 25), 1);
    fine = same ? ir_skip_nz(l, odd_rrb) : ir_skip_z(l, odd_rrb);
    raise_illegal(l);
    ir_here(l, fine);
}

void lower_ldfp(struct lower *l, const struct insn *in)
{
    if (in->upd != UPD_NONE)
        ir_check_target(l, in->r3);
    check_pair(l, in);
    if (lower_fp_target(l, in->f1) || lower_fp_target(l, in->f2) ||
        lower_fp_regs(l, in->f1, in->f2, 0, 0, load_isr(in)))
        return;
    load_fp(l, in, true);
}

void lower_stf(struct lower *l, const struct insn *in)
{
    struct base_update update;

    if (in->upd != UPD_NONE)
        ir_check_target(l, in->r3);
    if (lower_fp_regs(l, in->f2, 0, 0, 0, ISR_W))
        return;
    ir_nat_fault(l, ir_nat(l, in->r3), ISR_W);
    update = base_update(l, in);
    ir_call(l, op_store_fp, in->f2 | (uint64_t)in->fsize << 16, ir_gr(l, in->r3), 0,
            IR_CALL_NO_GR | IR_CALL_NO_PR | IR_CALL_PLAIN);
    update_base(l, in, update);
}

/* Without .fault only the base register changes. psr.ed makes lfetch.fault do nothing as well. */
void lower_lfetch(struct lower *l, const struct insn *in)
{
    struct base_update update;

    if (in->upd != UPD_NONE)
        ir_check_target(l, in->r3);
    update = base_update(l, in);
    if (in->fault) {
        ir_val nat = ir_nat(l, in->r3);

        if ((l->key & KEY_CAREFUL) && !is_zero(l, nat)) {
            ir_val ed = ir_andi(l, ir_st(l, offsetof(struct vcpu, psr)), PSR_ED);

            nat = ir_and(l, nat, ir_bini(l, IR_EQ, ed, 0));
        }
        ir_nat_fault(l, nat, ISR_NA | ISR_R | NA_LFETCH);
        ir_call(l, op_lfetch_fault, in->excl, ir_gr(l, in->r3), 0, CALL_NO_REGS | IR_CALL_PLAIN);
    }
    update_base(l, in, update);
}

/* mf, mf.a */
void lower_mf(struct lower *l, const struct insn *in)
{
    (void)in;
    ir_fence(l);
}

/* fc, fc.i */
void lower_fc(struct lower *l, const struct insn *in)
{
    ir_nat_fault(l, ir_nat(l, in->r3), ISR_NA | ISR_R | NA_FC);
    ir_call(l, op_fc, in->op == OP_FC_I, ir_gr(l, in->r3), 0, CALL_NO_REGS);
}

void lower_sync_i(struct lower *l, const struct insn *in)
{
    (void)in;
    ir_call(l, op_sync_i, 0, 0, 0, CALL_NO_REGS);
}
