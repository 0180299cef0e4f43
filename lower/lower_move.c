/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lowering of moves to and from branch, predicate and application registers and ip; break, nop and hint. */
#include "lower/lower_ops.h"
#include "lower/pure.h"

/* nop, hint, brp, fwb: hints change nothing here */
void lower_nop(struct lower *l, const struct insn *in)
{
    (void)l;
    (void)in;
}

/* Hint 0 is @pause (SDM 3:145, hint); the others say nothing that this processor could use. */
void lower_hint(struct lower *l, const struct insn *in)
{
    if (in->imm == 0)
        ir_call(l, op_hint_pause, 0, 0, 0, CALL_NO_REGS | IR_CALL_NO_FAULT);
}

/* IIM is 0 for break.b and the low 21 bits of the immediate for the others, break.x included (SDM 3:29). */
void lower_break(struct lower *l, const struct insn *in)
{
    ir_break(l, in->unit == UNIT_B ? 0 : (uint64_t)in->imm & 0x1fffff);
}

void lower_mov_to_br(struct lower *l, const struct insn *in)
{
    ir_nat_fault(l, ir_nat(l, in->r2), 0);
    ir_set_br(l, in->b1, ir_gr(l, in->r2));
}

void lower_mov_from_br(struct lower *l, const struct insn *in)
{
    ir_check_target(l, in->r1);
    ir_set_gr(l, in->r1, ir_br(l, in->b2), ir_zero(l));
}

/*
 * Moves of all predicates act as if CFM.rrb.pr were 0 (SDM Vol.3, mov pr); the word of predicates is kept
 * by virtual number, so it is turned back by rrb.pr, which is not in the translation key.
 */
static ir_val rrb_pr(struct lower *l)
{
    return ir_bini(l, IR_AND, ir_bini(l, IR_SHR, ir_st(l, offsetof(struct vcpu, cfm)), 32), 0x3f);
}

static ir_val from_physical(struct lower *l, ir_val physical)
{
    return ir_pure(l, pure_pr_from_physical, physical, ir_st(l, offsetof(struct vcpu, cfm)), 0);
}

/* The mask has one bit for all rotating predicates: they are written all or not at all. */
void lower_mov_to_pr(struct lower *l, const struct insn *in)
{
    uint64_t mask = (uint64_t)in->imm & ~UINT64_C(1);
    ir_val value, kept, rotated;
    ir_label label;

    ir_nat_fault(l, ir_nat(l, in->r2), 0);
    value = ir_gr(l, in->r2);
    kept = ir_andi(l, ir_prw(l), ~mask);
    ir_set_prw(l, ir_or(l, ir_andi(l, value, mask), kept));
    if (!(mask >> 63))
        return;
    rotated = rrb_pr(l); /* hardly ever */
    label = ir_skip_z(l, rotated);
    value = from_physical(l, value);
    ir_set_prw(l, ir_or(l, ir_andi(l, value, mask), kept));
    ir_here(l, label);
}

void lower_mov_to_pr_rot(struct lower *l, const struct insn *in)
{
    ir_val value = from_physical(l, ir_const(l, (uint64_t)in->imm & ~UINT64_C(0xffff)));

    ir_set_prw(l, ir_or(l, value, ir_andi(l, ir_prw(l), 0xffff)));
}

void lower_mov_from_pr(struct lower *l, const struct insn *in)
{
    ir_val value, rotated;
    ir_label label;

    ir_check_target(l, in->r1);
    value = ir_prw(l);
    ir_set_gr(l, in->r1, value, ir_zero(l));
    rotated = rrb_pr(l);
    label = ir_skip_z(l, rotated);
    value = ir_pure(l, pure_pr_to_physical, value, ir_st(l, offsetof(struct vcpu, cfm)), 0);
    ir_set_gr(l, in->r1, value, ir_zero(l));
    ir_here(l, label);
}

void lower_mov_from_ip(struct lower *l, const struct insn *in)
{
    ir_check_target(l, in->r1);
    ir_set_gr(l, in->r1, ir_ip(l, 0), ir_zero(l));
}

/* ---- application registers ---- */

/* Where a register without any rule is kept; SIZE_MAX if it has rules. */
static size_t plain_ar(unsigned ar)
{
    switch (ar) {
    case AR_KR0 ... AR_KR0 + 7:
        return offsetof(struct vcpu, kr) + (ar - AR_KR0) * sizeof(uint64_t);
    case AR_CSD:
        return offsetof(struct vcpu, csd);
    case AR_SSD:
        return offsetof(struct vcpu, ssd);
    case AR_CCV:
        return offsetof(struct vcpu, ccv);
    case AR_UNAT:
        return offsetof(struct vcpu, unat);
    case AR_LC:
        return offsetof(struct vcpu, lc);
    default:
        return SIZE_MAX;
    }
}

/* Registers whose every read is the stored word. */
static size_t plain_read_ar(unsigned ar)
{
    switch (ar) {
    case AR_RSC:
        return offsetof(struct vcpu, rsc);
    case AR_FPSR:
        return offsetof(struct vcpu, fpsr);
    case AR_PFS:
        return offsetof(struct vcpu, pfs);
    case AR_EC:
        return offsetof(struct vcpu, ec);
    case AR_BSPSTORE: /* where check_rsc_mode() lets it */
        return offsetof(struct vcpu, rse.bspstore);
    case AR_RNAT:
        return offsetof(struct vcpu, rse.rnat);
    default:
        return plain_ar(ar);
    }
}

static bool wrong_unit(const struct insn *in, unsigned valid)
{
    return !(valid & (in->unit == UNIT_M ? AR_UNIT_M : AR_UNIT_I));
}

/* CPUID[4].ru says whether AR.RUC exists. */
static bool no_ruc(const struct lower *l, const struct insn *in)
{
    return in->areg == AR_RUC && !(l->cpuid4 >> 3 & 1);
}

/* BSPSTORE and RNAT are out of reach while rsc.mode is not 0: Illegal Operation, before NaT is looked at. */
static void check_rsc_mode(struct lower *l, unsigned ar)
{
    ir_label lazy;

    if (ar != AR_BSPSTORE && ar != AR_RNAT)
        return;
    lazy = ir_skip_z(l, ir_andi(l, ir_st(l, offsetof(struct vcpu, rsc)), 3));
    raise_illegal(l);
    ir_here(l, lazy);
}

/* At cpl 0. C sees to a new privilege level, and to reserved fields. */
static void set_rsc(struct lower *l, ir_val value)
{
    const uint64_t bits = UINT64_C(0x3fff001f), pl = 0xc;
    ir_val other_pl = ir_andi(l, ir_bin(l, IR_XOR, value, ir_st(l, offsetof(struct vcpu, rsc))), pl);
    ir_val slow = ir_or(l, other_pl, ir_andi(l, value, ~bits));
    ir_label label = ir_skip_nz(l, slow);

    ir_set_st(l, offsetof(struct vcpu, rsc), value);
    ir_here(l, label);
    label = ir_skip_z(l, slow);
    ir_call(l, op_mov_to_ar, AR_RSC, value, 0, CALL_READS_GR);
    ir_here(l, label);
}

void lower_mov_to_ar(struct lower *l, const struct insn *in)
{
    unsigned valid = ar_valid(in->areg);
    size_t offset = plain_ar(in->areg);
    ir_val value;

    if (wrong_unit(in, valid) || !(valid & AR_WRITE) || no_ruc(l, in)) {
        raise_illegal(l);
        return;
    }
    check_rsc_mode(l, in->areg);
    if (in->op == OP_MOV_TO_AR) {
        ir_nat_fault(l, ir_nat(l, in->r2), 0);
        value = ir_gr(l, in->r2);
    } else {
        value = ir_const(l, (uint64_t)in->imm);
    }
    if ((valid & AR_PRIV_WRITE) && (l->key & KEY_CPL)) {
        ir_fault(l, FAULT_PRIV_REG, 0);
        return;
    }
    if (in->areg == AR_EC)
        ir_set_st(l, offsetof(struct vcpu, ec), ir_andi(l, value, 0x3f));
    else if (in->areg == AR_RNAT)
        ir_set_st(l, offsetof(struct vcpu, rse.rnat), ir_andi(l, value, ~(UINT64_C(1) << 63)));
    else if (in->areg == AR_RSC && !(l->key & KEY_CPL))
        set_rsc(l, value);
    else if (offset != SIZE_MAX)
        ir_set_st(l, offset, value);
    else
        ir_call(l, op_mov_to_ar, in->areg, value, 0, CALL_READS_GR | (in->areg == AR_PFS ? IR_CALL_PLAIN : 0));
}

void lower_mov_from_ar(struct lower *l, const struct insn *in)
{
    unsigned valid = ar_valid(in->areg);
    size_t offset = plain_read_ar(in->areg);
    ir_val value;

    ir_check_target(l, in->r1);
    if (wrong_unit(in, valid) || !(valid & AR_READ) || no_ruc(l, in)) {
        raise_illegal(l);
        return;
    }
    check_rsc_mode(l, in->areg);
    if (offset != SIZE_MAX)
        value = ir_st(l, offset);
    else
        value = ir_call(l, op_mov_from_ar, in->areg, 0, 0, CALL_READS_GR);
    ir_set_gr(l, in->r1, value, ir_zero(l));
}
