/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor status register: writes with all that follows, and its instructions (SDM Vol.2 3.3.2). */
#include "arch/interruption.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "arch/vti.h"

/* What mov psr.l and mov =psr reach: 31:0; the latter also mc and it (SDM 3:185). */
#define PSR_LOW UINT64_C(0xffffffff)
/* What ssm and rsm reach. */
#define PSR_SM UINT64_C(0xffffff)
/* Sources of the translation key, and of the region tags. */
#define PSR_KEY \
    (PSR_CPL | PSR_DT | PSR_IT | PSR_RT | PSR_BE | PSR_VM | PSR_IC | PSR_DFL | PSR_DFH | PSR_AC | PSR_CAREFUL)
#define PSR_TAGS (PSR_CPL | PSR_DT | PSR_IT | PSR_RT | PSR_PK | PSR_VM | PSR_DB)

void psr_write(struct vcpu *v, uint64_t psr)
{
    uint64_t diff;

    psr &= PSR_IMPLEMENTED & ~PSR_RI;
    diff = v->psr ^ psr;
    if (!diff)
        return;
    v->psr = psr;
    if (diff & PSR_BN)
        gr_switch_bank(v);
    if (diff & PSR_KEY)
        vcpu_update_key(v);
    if (diff & PSR_TAGS)
        mmu_update_tags(v);
    if (diff & PSR_I)
        interruption_update(v);
    if (diff & PSR_VM)
        vti_update(v);
}

/* psr_write() from an instruction: says whether the unit of translated code must be left. */
static enum op_result psr_change(struct vcpu *v, uint64_t psr)
{
    uint64_t diff = v->psr ^ psr;

    psr_write(v, psr);
    if (diff & (PSR_KEY | PSR_TAGS))
        return OPR_EXIT;
    return vcpu_attention(v) ? OPR_EXIT : OPR_OK;
}

/* Bits of the user mask that software may change now: up is held while psr.sp = 1 (SDM 2:23). */
static uint64_t um_writable(const struct vcpu *v)
{
    return v->psr & PSR_SP ? PSR_UM & ~PSR_UP : PSR_UM;
}

/* Writes the bits of @mask with those of @value; notes a psr.ic in flight. */
static enum op_result psr_change_system(struct vcpu *v, uint64_t mask, uint64_t value)
{
    uint64_t psr = (v->psr & ~mask) | (value & mask);

    if ((psr ^ v->psr) & PSR_IC)
        v->ic_inflight = true;
    return psr_change(v, psr);
}

/* Writes to reserved or absent bits among @field are a Reserved Register/Field fault. */
static bool psr_reserved(uint64_t value, uint64_t field)
{
    return value & field & ~PSR_IMPLEMENTED;
}

enum op_result op_sum(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)a, (void)b, (void)out;
    if (imm & PSR_SM & ~PSR_UM)
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    return psr_change(v, v->psr | (imm & um_writable(v)));
}

enum op_result op_rum(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)a, (void)b, (void)out;
    if (imm & PSR_SM & ~PSR_UM)
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    return psr_change(v, v->psr & ~(imm & um_writable(v)));
}

enum op_result op_mov_to_psr_um(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t mask = um_writable(v);

    (void)imm, (void)b, (void)out;
    if (a & ~PSR_UM)
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    return psr_change(v, (v->psr & ~mask) | (a & mask));
}

enum op_result op_mov_from_psr_um(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)imm, (void)a, (void)b;
    *out = v->psr & PSR_UM;
    return OPR_OK;
}

enum op_result op_ssm(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)a, (void)b, (void)out;
    if (psr_reserved(imm, PSR_SM))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    if (v->psr & PSR_VM)
        return vti_change_psr(v, OP_SSM, imm & PSR_SM, ~UINT64_C(0));
    return psr_change_system(v, imm & PSR_SM, ~UINT64_C(0));
}

enum op_result op_rsm(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)a, (void)b, (void)out;
    if (psr_reserved(imm, PSR_SM))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    if (v->psr & PSR_VM)
        return vti_change_psr(v, OP_RSM, imm & PSR_SM, 0);
    return psr_change_system(v, imm & PSR_SM, 0);
}

enum op_result op_mov_to_psr_l(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)imm, (void)b, (void)out;
    if (psr_reserved(a, PSR_LOW))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    if (v->psr & PSR_VM)
        return vti_change_psr(v, OP_MOV_TO_PSR, PSR_LOW, a);
    return psr_change_system(v, PSR_LOW, a);
}

enum op_result op_mov_from_psr(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)imm, (void)a, (void)b;
    if (vti_intercepts(v, OP_MOV_FROM_PSR))
        return vti_fault(v);
    *out = (v->psr & PSR_VM ? vti_psr(v) : v->psr) & (PSR_LOW | PSR_MC | PSR_IT);
    return OPR_OK;
}

enum op_result op_srlz_d(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)imm, (void)a, (void)b, (void)out;
    v->ic_inflight = false;
    return OPR_OK;
}

enum op_result op_srlz_i(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)imm, (void)a, (void)b, (void)out;
    v->ic_inflight = false;
    return OPR_OK;
}

enum op_result op_bsw(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)a, (void)b, (void)out;
    if (vti_intercepts(v, imm ? OP_BSW_1 : OP_BSW_0))
        return vti_fault(v);
    if (v->psr & PSR_VM)
        return vti_bsw(v, (unsigned)imm);
    return psr_change(v, imm ? v->psr | PSR_BN : v->psr & ~PSR_BN);
}

/* Promotion is to the level of a page with access rights 7, never downward; in physical mode to level 0. */
enum op_result op_epc(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    unsigned cpl = vcpu_cpl(v);
    unsigned ar_pl;
    uint64_t gpa;

    (void)imm, (void)b, (void)out;
    if (v->pfs >> 62 < cpl)
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    if (mmu_fetch(v, a, &gpa, &ar_pl) != OPR_OK)
        return OPR_FAULT;
    if (ar_pl >> 2 != 7 || (ar_pl & 3) >= cpl)
        return OPR_OK;
    return psr_change(v, (v->psr & ~PSR_CPL) | (uint64_t)(ar_pl & 3) << PSR_CPL_SHIFT);
}
