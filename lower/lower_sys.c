/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lowering of register stack, psr, control register and other system instructions (SDM Vol.2 3.3, 6;
 * Vol.3).
 */
#include "arch/vti.h"
#include "lower/lower_ops.h"

/* ---- register stack ---- */

/* alloc cannot be predicated. The target is checked against the new frame (SDM Vol.3, alloc). */
void lower_alloc(struct lower *l, const struct insn *in)
{
    uint32_t key = l->key;
    uint32_t new_key = (key & ~KEY_SOR) | (uint32_t)(in->sor / 8) << KEY_SOR_SHIFT;
    ir_val pfs;

    if (in->qp != 0 || in->r1 == 0 || in->r1 >= 32 + in->sof || in->sof > N_STACKED || in->sol > in->sof ||
        in->sor > in->sof) {
        raise_illegal(l);
        return;
    }
    pfs = ir_call(l, op_alloc, in->sof | (uint64_t)in->sol << 8 | (uint64_t)in->sor << 16, 0, 0, IR_CALL_PLAIN);
    ir_frame_changed(l, in->sof);
    l->key = new_key; /* where r1 lies is for the new frame to say */
    ir_set_gr(l, in->r1, pfs, ir_zero(l));
    l->key = key;
    if (new_key != key)
        ir_exit_next(l)->aux = IR_EXIT_SOR | (uint32_t)(in->sor / 8) << IR_EXIT_SOR_SHIFT;
}

/* flushrs, loadrs, clrrrb, clrrrb.pr */
void lower_stack_op(struct lower *l, const struct insn *in)
{
    switch (in->op) {
    case OP_FLUSHRS:
        ir_call(l, op_flushrs, 0, 0, 0, 0);
        break;
    case OP_LOADRS:
        ir_call(l, op_loadrs, 0, 0, 0, 0);
        break;
    default:
        ir_call(l, op_clrrrb, in->op == OP_CLRRRB_PR, 0, 0, 0);
        break;
    }
}

void lower_cover(struct lower *l, const struct insn *in)
{
    (void)in;
    ir_call(l, op_cover, 0, 0, 0, 0);
    ir_exit_next(l);
}

/* ---- psr ---- */

/* op_rfi says where to go on; the exit only ends the unit. */
void lower_rfi(struct lower *l, const struct insn *in)
{
    (void)in;
    if (not_privileged(l))
        return;
    ir_call(l, op_rfi, 0, 0, 0, 0);
    ir_exit_next(l);
}

void lower_bsw(struct lower *l, const struct insn *in)
{
    if (not_privileged(l))
        return;
    ir_call(l, op_bsw, in->op == OP_BSW_1, 0, 0, 0);
}

void lower_epc(struct lower *l, const struct insn *in)
{
    (void)in;
    ir_call(l, op_epc, 0, ir_ip(l, 0), 0, 0);
    ir_exit_next(l);
}

void lower_vmsw(struct lower *l, const struct insn *in)
{
    ir_call(l, op_vmsw, in->op == OP_VMSW_1, ir_ip(l, 0), 0, 0);
    ir_exit_next(l);
}

/* The gate bundle of a PAL virtualization service; op_vps says where to go on. */
void lower_vps(struct lower *l, unsigned service)
{
    ir_call(l, op_vps, service, 0, 0, 0);
    ir_exit_next(l);
}

/* Leaves if @mask of psr has a bit that the translation key has, too; mf bits set earlier may be 0 now. */
static void psr_changed(struct lower *l, uint64_t mask)
{
    l->mf_done = 0;
    if (mask & (PSR_BE | PSR_AC | PSR_IC | PSR_DT | PSR_DFL | PSR_DFH))
        ir_exit_next(l);
}

/* sum, rum, mov psr.um=, mov =psr.um */
void lower_user_mask(struct lower *l, const struct insn *in)
{
    ir_val value;

    switch (in->op) {
    case OP_SUM:
    case OP_RUM:
        ir_call(l, in->op == OP_SUM ? op_sum : op_rum, (uint64_t)in->imm, 0, 0, CALL_NO_REGS);
        psr_changed(l, (uint64_t)in->imm);
        break;
    case OP_MOV_TO_PSR_UM:
        ir_nat_fault(l, ir_nat(l, in->r2), 0);
        ir_call(l, op_mov_to_psr_um, 0, ir_gr(l, in->r2), 0, CALL_NO_REGS);
        psr_changed(l, PSR_UM);
        break;
    default:
        ir_check_target(l, in->r1);
        value = ir_call(l, op_mov_from_psr_um, 0, 0, 0, CALL_NO_REGS | IR_CALL_NO_FAULT);
        ir_set_gr(l, in->r1, value, ir_zero(l));
        break;
    }
}

/* ssm, rsm */
void lower_system_mask(struct lower *l, const struct insn *in)
{
    if (not_privileged(l))
        return;
    /* Nothing has to be looked at when interrupts are masked: an attention bit that stays set is found to be nobody's. */
    if (in->op == OP_RSM && (uint64_t)in->imm == PSR_I && !(l->key & KEY_VM))
        ir_set_st(l, offsetof(struct vcpu, psr), ir_andi(l, ir_st(l, offsetof(struct vcpu, psr)), ~PSR_I));
    else
        ir_call(l, in->op == OP_SSM ? op_ssm : op_rsm, (uint64_t)in->imm, 0, 0, CALL_NO_REGS);
    psr_changed(l, (uint64_t)in->imm);
}

void lower_mov_to_psr(struct lower *l, const struct insn *in)
{
    if (not_privileged(l))
        return;
    ir_nat_fault(l, ir_nat(l, in->r2), 0);
    ir_call(l, op_mov_to_psr_l, 0, ir_gr(l, in->r2), 0, CALL_NO_REGS);
    psr_changed(l, ~UINT64_C(0));
}

void lower_mov_from_psr(struct lower *l, const struct insn *in)
{
    ir_val value;

    ir_check_target(l, in->r1);
    if (not_privileged(l))
        return;
    if (l->key & KEY_VM)
        value = ir_call(l, op_mov_from_psr, 0, 0, 0, CALL_NO_REGS);
    else
        value = ir_andi(l, ir_st(l, offsetof(struct vcpu, psr)), UINT64_C(0xffffffff) | PSR_MC | PSR_IT);
    ir_set_gr(l, in->r1, value, ir_zero(l));
}

/* srlz.d, srlz.i: as op_srlz_d() */
void lower_srlz(struct lower *l, const struct insn *in)
{
    (void)in;
    ir_set_st(l, offsetof(struct vcpu, ic_inflight), ir_zero(l));
}

/* ---- control and indexed registers ---- */

static bool cr_illegal(struct lower *l, unsigned cr, unsigned access)
{
    unsigned valid = cr_valid(cr);

    if (cr == CR_ITO && !l->ito)
        valid = 0;
    if ((valid & access) && !((valid & CR_NEEDS_IC0) && collecting(l)))
        return false;
    raise_illegal(l);
    return true;
}

/* What a register keeps of any value, where nothing is reserved and nothing follows; 0 for others. */
static uint64_t kept_bits(unsigned cr)
{
    switch (cr) {
    case CR_IIP:
    case CR_IIPA:
        return ~UINT64_C(15);
    case CR_IHA:
        return ~UINT64_C(3);
    case CR_IFA:
    case CR_ITIR:
    case CR_IIM:
        return ~UINT64_C(0);
    default:
        return 0;
    }
}

void lower_mov_to_cr(struct lower *l, const struct insn *in)
{
    ir_val value;

    if (cr_illegal(l, in->areg, CR_WRITE) || not_privileged(l))
        return;
    ir_nat_fault(l, ir_nat(l, in->r2), 0);
    value = ir_gr(l, in->r2);
    if (kept_bits(in->areg) && !(l->key & KEY_VM))
        ir_set_st(l, offsetof(struct vcpu, cr) + in->areg * sizeof(uint64_t), ir_andi(l, value, kept_bits(in->areg)));
    else
        ir_call(l, op_mov_to_cr, in->areg, value, 0, CALL_NO_REGS);
}

/* Is what cr_read() gives the register's word? */
static bool reads_plain(unsigned cr)
{
    return cr != CR_IVR && cr != CR_ITIR && (cr < CR_IRR0 || cr > CR_IRR0 + 3);
}

void lower_mov_from_cr(struct lower *l, const struct insn *in)
{
    ir_val value;

    ir_check_target(l, in->r1);
    if (cr_illegal(l, in->areg, CR_READ) || not_privileged(l))
        return;
    if (reads_plain(in->areg) && !(l->key & KEY_VM))
        value = ir_st(l, offsetof(struct vcpu, cr) + in->areg * sizeof(uint64_t));
    else
        value = ir_call(l, op_mov_from_cr, in->areg, 0, 0, CALL_NO_REGS);
    ir_set_gr(l, in->r1, value, ir_zero(l));
}

static enum indexed_file file_of(unsigned op)
{
    switch (op) {
    case OP_MOV_TO_RR:
    case OP_MOV_FROM_RR:
        return FILE_RR;
    case OP_MOV_TO_DBR:
    case OP_MOV_FROM_DBR:
        return FILE_DBR;
    case OP_MOV_TO_IBR:
    case OP_MOV_FROM_IBR:
        return FILE_IBR;
    case OP_MOV_TO_PKR:
    case OP_MOV_FROM_PKR:
        return FILE_PKR;
    case OP_MOV_TO_PMC:
    case OP_MOV_FROM_PMC:
        return FILE_PMC;
    case OP_MOV_TO_PMD:
    case OP_MOV_FROM_PMD:
        return FILE_PMD;
    default:
        return FILE_CPUID;
    }
}

void lower_mov_to_indexed(struct lower *l, const struct insn *in)
{
    if (not_privileged(l))
        return;
    ir_nat_fault(l, nat23(l, in), 0);
    ir_call(l, op_mov_to_indexed, file_of(in->op), ir_gr(l, in->r3), ir_gr(l, in->r2), CALL_NO_REGS);
}

/* pmd and cpuid can be read at every level. */
void lower_mov_from_indexed(struct lower *l, const struct insn *in)
{
    enum indexed_file file = file_of(in->op);
    ir_val value;

    ir_check_target(l, in->r1);
    if (file != FILE_PMD && file != FILE_CPUID && not_privileged(l))
        return;
    ir_nat_fault(l, ir_nat(l, in->r3), 0);
    value = ir_call(l, op_mov_from_indexed, file, ir_gr(l, in->r3), 0, CALL_NO_REGS);
    ir_set_gr(l, in->r1, value, ir_zero(l));
}
