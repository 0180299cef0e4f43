/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control registers: which exist, what a write is checked for, reads and writes (SDM Vol.2 3.3.5, 5.8.3). */
#include "arch/interruption.h"
#include "arch/ops.h"
#include "arch/rse.h"
#include "arch/vti.h"

/* Fields that are kept; reserved bits, where a 1 is a Reserved Register/Field fault. The rest is ignored. */
struct cr_fields {
    uint64_t kept;
    uint64_t reserved;
};

#define PTA_SIZE(pta) ((pta) >> 2 & 0x3f)
#define ISR_BITS UINT64_C(0x00000fff00ffffff)
#define IFS_V (UINT64_C(1) << 63)
#define EI(value) ((value) >> 41 & 3) /* isr.ei, ipsr.ri */
#define LRR_DM(lrr) ((lrr) >> 8 & 7)

static struct cr_fields cr_fields(unsigned cr)
{
    const uint64_t all = ~UINT64_C(0);

    switch (cr) {
    case CR_DCR:
        return (struct cr_fields){ 0x7f07, ~UINT64_C(0x7f07) };
    case CR_IVA:
        return (struct cr_fields){ ~UINT64_C(0x7fff), 0 };
    case CR_PTA:
        return (struct cr_fields){ ~UINT64_C(0x7e02), 0x7e02 };
    case CR_IPSR:
        return (struct cr_fields){ PSR_IMPLEMENTED, ~PSR_IMPLEMENTED };
    case CR_ISR:
        return (struct cr_fields){ ISR_BITS, ~ISR_BITS };
    case CR_IIP:
    case CR_IIPA:
        return (struct cr_fields){ ~UINT64_C(15), 0 };
    case CR_IFS:
        return (struct cr_fields){ IFS_V | CFM_BITS, ~(IFS_V | CFM_BITS) };
    case CR_IHA:
        return (struct cr_fields){ ~UINT64_C(3), 0 };
    case CR_LID:
        return (struct cr_fields){ 0xffff0000, 0xffff };
    case CR_TPR:
        return (struct cr_fields){ 0x100f0, 0xff00 };
    case CR_ITV:
    case CR_PMV:
    case CR_CMCV:
        return (struct cr_fields){ 0x100ff, 0xef00 };
    case CR_LRR0:
    case CR_LRR1:
        return (struct cr_fields){ 0x1a7ff, 0x4800 };
    case CR_ITM:
    case CR_ITO:
    case CR_IFA:
    case CR_ITIR: /* its reserved bits are looked at by itc and itr, so they are kept */
    case CR_IIM:
        return (struct cr_fields){ all, 0 };
    default:
        return (struct cr_fields){ 0, 0 };
    }
}

/* IIB0 and IIB1 are reserved numbers: no model here has them (SDM 2:42). ITO: lowering knows whether it exists (SDM 2:34). */
unsigned cr_valid(unsigned cr)
{
    switch (cr) {
    case CR_IPSR:
    case CR_ISR:
    case CR_IIP ... CR_IHA:
        return CR_READ | CR_WRITE | CR_NEEDS_IC0;
    case CR_DCR:
    case CR_ITM:
    case CR_IVA:
    case CR_ITO:
    case CR_PTA:
    case CR_LID:
    case CR_TPR:
    case CR_EOI:
    case CR_ITV:
    case CR_PMV:
    case CR_CMCV:
    case CR_LRR0:
    case CR_LRR1:
        return CR_READ | CR_WRITE;
    case CR_IVR:
    case CR_IRR0 ... CR_IRR0 + 3:
        return CR_READ;
    default:
        return 0;
    }
}

uint64_t cr_read(struct vcpu *v, unsigned cr)
{
    switch (cr) {
    case CR_IVR:
        return sapic_acknowledge(v);
    case CR_IRR0 ... CR_IRR0 + 3:
        interruption_update(v); /* posted vectors count as pending */
        return v->sapic.irr[cr - CR_IRR0];
    case CR_ITIR:
        return v->cr[CR_ITIR] & UINT64_C(0xfffffffc);
    default:
        return cr < 128 ? v->cr[cr] : 0;
    }
}

/* Keeps only what rfi can restore, whoever writes: the debugger's writes are not checked before. */
static uint64_t cr_sane(unsigned cr, uint64_t value)
{
    value &= cr_fields(cr).kept;
    if (cr == CR_IPSR && EI(value) == 3)
        value &= ~PSR_RI;
    if (cr == CR_IFS && value & IFS_V && cfm_malformed(value & CFM_BITS))
        value &= ~IFS_V;
    return value;
}

void cr_write(struct vcpu *v, unsigned cr, uint64_t value)
{
    value = cr_sane(cr, value);
    switch (cr) {
    case CR_ITM:
        itm_write(v, value);
        break;
    case CR_ITV:
        itv_write(v, value);
        break;
    case CR_TPR:
        v->cr[CR_TPR] = value;
        interruption_update(v);
        break;
    case CR_EOI:
        sapic_end(v);
        break;
    default:
        if (cr_valid(cr) & CR_WRITE)
            v->cr[cr] = value;
        break;
    }
}

static bool cr_field_reserved(const struct vcpu *v, unsigned cr, uint64_t value)
{
    if (value & cr_fields(cr).reserved)
        return true;
    switch (cr) {
    case CR_PTA:
        return PTA_SIZE(value) < 15 || PTA_SIZE(value) > 61;
    case CR_IPSR:
        return EI(value) == 3 || (value & PSR_VM && !v->vm->vti);
    case CR_ISR:
        return EI(value) == 3;
    case CR_IFS:
        return value & IFS_V && cfm_malformed(value & CFM_BITS);
    case CR_LRR0:
    case CR_LRR1:
        return LRR_DM(value) == 1 || LRR_DM(value) == 3 || LRR_DM(value) == 6;
    default:
        return false;
    }
}

/* An interrupt that the write unmasked is taken at the next instruction. */
static enum op_result look_at_attention(const struct vcpu *v)
{
    return vcpu_attention(v) ? OPR_EXIT : OPR_OK;
}

/* ---- at psr.vm = 1 ---- */

/* d_extint, d_itm: the guest has the machine's register. */
static bool machine_cr(const struct vcpu *v, enum isa_op op, unsigned cr)
{
    unsigned vdc = vti_vdc(v, op);

    return (vdc & KIA_VDC_D_EXTINT && cr >= CR_IVR && cr < CR_IRR0 + 4) || (vdc & KIA_VDC_D_ITM && cr == CR_ITM);
}

/* a_int, a_from_int_cr, a_to_int_cr: the guest has the VPD's. */
static bool guest_cr(const struct vcpu *v, enum isa_op op, unsigned cr)
{
    unsigned vac = vti_vac(v, op);

    if (vac & KIA_VAC_A_INT && cr == CR_TPR)
        return true;
    return vac & (KIA_VAC_A_FROM_INT_CR | KIA_VAC_A_TO_INT_CR) && cr_valid(cr) & CR_NEEDS_IC0 &&
           !(vpd_get(v, VPD_OFFSET(vpsr)) & PSR_IC);
}

static enum op_result guest_cr_write(struct vcpu *v, unsigned cr, uint64_t value)
{
    if (!guest_cr(v, OP_MOV_TO_CR, cr))
        return vti_fault(v);
    vpd_set_cr(v, cr, cr_sane(cr, value));
    if (cr == CR_TPR)
        vti_update(v);
    return look_at_attention(v);
}

enum op_result op_mov_to_cr(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    unsigned cr = (unsigned)imm;

    (void)b, (void)out;
    if (!(cr_valid(cr) & CR_WRITE))
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    if (cr_field_reserved(v, cr, a))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    if (v->psr & PSR_VM && !machine_cr(v, OP_MOV_TO_CR, cr))
        return guest_cr_write(v, cr, a);
    cr_write(v, cr, a);
    return look_at_attention(v);
}

enum op_result op_mov_from_cr(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    unsigned cr = (unsigned)imm;

    (void)a, (void)b;
    if (!(cr_valid(cr) & CR_READ))
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    if (v->psr & PSR_VM && !machine_cr(v, OP_MOV_FROM_CR, cr)) {
        if (!guest_cr(v, OP_MOV_FROM_CR, cr))
            return vti_fault(v);
        *out = vpd_cr(v, cr);
        return OPR_OK;
    }
    *out = cr_read(v, cr);
    return OPR_OK; /* the unit still has to write the target; no read unmasks anything */
}
