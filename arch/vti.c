/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual processors: loading, intercepts, virtual interrupts, psr changes and bsw on the VPD (SDM Vol.2 11.7). */
#include "arch/vti.h"

#include "arch/alat.h"
#include "arch/interruption.h"
#include "arch/mmu.h"

#define OPCODE_BITS ((UINT64_C(1) << 41) - 1)
#define TPR_MIC(tpr) ((tpr) >> 4 & 0xf)
#define TPR_MMI(tpr) ((tpr) >> 16 & 1)
#define CPUID4_HIGH UINT64_C(0xffffffff00000000)

/* ---- which virtual processor is loaded ---- */

/* Only what this model has, whatever the hypervisor has stored since PAL checked it. */
void vti_sync(struct vcpu *v)
{
    const struct vm *vm = v->vm;
    struct vti *t = &v->vti;

    t->vac = vpd_get(v, VPD_OFFSET(vac)) & (vm->vti_later ? KIA_VAC_ALL : KIA_VAC_FIRST);
    t->vdc = vpd_get(v, VPD_OFFSET(vdc)) & (vm->vti_later ? KIA_VDC_ALL : KIA_VDC_FIRST);
    if (t->vac & KIA_VAC_A_INT)
        t->vdc &= ~(KIA_VDC_D_EXTINT | KIA_VDC_D_PSR_I);
    t->hidden = t->vac & KIA_VAC_A_TF ? v->cpuid[4] & ~vpd_get(v, VPD_OFFSET(vcpuid) + 4 * 8) & CPUID4_HIGH : 0;
}

enum op_result vti_load(struct vcpu *v, uint64_t vpd)
{
    const uint64_t record = vpd + VPD_OFFSET(pal);
    uint64_t words[KIA_VPD_PAL_WORDS];
    void *hva;

    if (vpd & (KIA_VPD_ALIGN - 1))
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    if (mem_rmw_hva(v, vpd, 8, REF_R | REF_W, &hva) != OPR_OK)
        return OPR_FAULT;
    for (unsigned i = 0; i < KIA_VPD_PAL_WORDS; i++) {
        if (mem_load(v, record + 8 * i, 8, REF_R, &words[i]) != OPR_OK)
            return OPR_FAULT;
    }
    if (words[KIA_VPD_PAL_MARK] != KIA_VPD_MARK)
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    v->vti.vpd = hva;
    v->vti.vpd_gva = vpd;
    v->vti.handler = words[KIA_VPD_PAL_HANDLER] ? words[KIA_VPD_PAL_HANDLER] : words[KIA_VPD_PAL_HOST_IVA] + 0x6100;
    v->vti.be = v->vti.config & KIA_VP_CONFIG_BE;
    vti_sync(v);
    vti_update(v);
    return OPR_OK;
}

void vti_unload(struct vcpu *v)
{
    v->vti.vpd = NULL;
    v->vti.vpd_gva = v->vti.hidden = 0;
    v->vti.vac = 0;
    v->vti.vdc = 0;
    vti_update(v);
}

/* ---- intercepts ---- */

/* Only while CR.IVA is the virtual processor's own table is PAL's code behind the vector (SDM Vol.2 11.7.3). */
void vti_intercept(struct vcpu *v)
{
    const struct vti *t = &v->vti;

    vti_note(v, VTI_INTERCEPT, v->fault.cause, v->fault.opcode);
    if (!t->vpd || v->cr[CR_IVA] != t->vpd_gva + VPD_OFFSET(host_ivt))
        return;
    if (t->config & KIA_VP_CONFIG_CAUSE)
        gr_set(v, 24, v->fault.cause, false);
    gr_set(v, 25, v->fault.opcode, false);
    v->ip = t->handler & ~UINT64_C(15);
}

/* ---- virtual interrupts ---- */

/* vhpi against the threshold of vpsr.i and vtpr. With vpsr.i = 0 even an NMI waits. */
static bool interrupt_due(const struct vcpu *v)
{
    uint64_t tpr;

    if (!(v->psr & PSR_VM) || !(v->vti.vac & KIA_VAC_A_INT) || !(vpd_get(v, VPD_OFFSET(vpsr)) & PSR_I))
        return false;
    tpr = vpd_cr(v, CR_TPR);
    return vpd_get(v, VPD_OFFSET(vhpi)) > TPR_MMI(tpr) * 16 + TPR_MIC(tpr);
}

void vti_update(struct vcpu *v)
{
    if (interrupt_due(v))
        atomic_fetch_or(&v->attention, ATTN_VIRT);
    else if (atomic_load_explicit(&v->attention, memory_order_relaxed) & ATTN_VIRT)
        atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_VIRT);
}

bool vti_interrupt(struct vcpu *v)
{
    if (!interrupt_due(v)) {
        vti_update(v);
        return false;
    }
    vti_note(v, VTI_INTERRUPT, vpd_get(v, VPD_OFFSET(vhpi)), 0);
    v->fault.kind = FAULT_VIRTUAL_EXTERNAL_INTERRUPT;
    v->fault.isr = 0;
    interruption_deliver(v);
    return true;
}

/* ---- psr ---- */

/* The user mask is the machine's, which sum, rum and floating-point instructions change; with d_psr_i psr.i, too. */
uint64_t vti_psr(const struct vcpu *v)
{
    uint64_t machine = PSR_UM | (v->vti.vdc & KIA_VDC_D_PSR_I ? PSR_I : 0);

    return (vpd_get(v, VPD_OFFSET(vpsr)) & ~machine) | (v->psr & machine);
}

enum op_result vti_change_psr(struct vcpu *v, enum isa_op op, uint64_t mask, uint64_t value)
{
    unsigned vac = vti_vac(v, op), vdc = vti_vdc(v, op);
    uint64_t mine = PSR_UM | (vdc & KIA_VDC_D_PSR_I ? PSR_I : 0); /* kept in the machine's psr */
    uint64_t allowed = 0, old;
    uint32_t key = v->key;

    if (vac & KIA_VAC_A_INT || vdc & KIA_VDC_D_PSR_I)
        allowed |= PSR_I;
    if (vac & KIA_VAC_A_IC_UM)
        allowed |= PSR_IC | PSR_UM;
    if (!allowed)
        return vti_fault(v);
    old = vti_psr(v);
    if (op == OP_MOV_TO_PSR)
        mask &= old ^ value;
    if (mask & ~allowed)
        return vti_fault(v);
    value = (old & ~mask) | (value & mask);
    vpd_set(v, VPD_OFFSET(vpsr), (vpd_get(v, VPD_OFFSET(vpsr)) & ~mask) | (value & mask));
    psr_write(v, (v->psr & ~(mask & mine)) | (value & mask & mine));
    vti_update(v);
    return v->key != key || vcpu_attention(v) ? OPR_EXIT : OPR_OK;
}

enum op_result vti_bsw(struct vcpu *v, unsigned bank)
{
    size_t from = bank ? VPD_OFFSET(vgr) : VPD_OFFSET(vbgr), to = bank ? VPD_OFFSET(vbgr) : VPD_OFFSET(vgr);
    uint64_t vpsr = vpd_get(v, VPD_OFFSET(vpsr));
    uint64_t vnat = vpd_get(v, VPD_OFFSET(vnat)), vbnat = vpd_get(v, VPD_OFFSET(vbnat));
    uint64_t live = v->nat_gr >> 16, nats = bank ? vnat & 0xffff : vbnat >> 16 & 0xffff;

    if (!(vpsr & PSR_BN) == !bank)
        return OPR_OK;
    if (bank)
        vpd_set(v, VPD_OFFSET(vbnat), (vbnat & ~UINT64_C(0xffff0000)) | live << 16);
    else
        vpd_set(v, VPD_OFFSET(vnat), (vnat & ~UINT64_C(0xffff)) | live);
    for (unsigned i = 0; i < 16; i++) {
        vpd_set(v, to + 8 * i, v->gr[16 + i]);
        gr_set(v, 16 + i, vpd_get(v, from + 8 * i), nats >> i & 1);
    }
    vpd_set(v, VPD_OFFSET(vpsr), vpsr ^ PSR_BN);
    alat_invalidate_all(v);
    return OPR_EXIT; /* the unit may have been made for registers without NaTs */
}

/* ---- instructions ---- */

/* vmsw (SDM Vol.3). */
enum op_result op_vmsw(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    unsigned ar_pl;
    uint64_t gpa;

    (void)b, (void)out;
    if (!v->vm->vti)
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    if (vcpu_cpl(v))
        return fault_raise(v, FAULT_PRIV_OP, 0);
    if (!(v->psr & PSR_IT) || !v->vti.vmsw || v->vti.vdc & KIA_VDC_D_VMSW)
        return vti_fault(v);
    if (mmu_fetch(v, a, &gpa, &ar_pl) != OPR_OK)
        return OPR_FAULT;
    if (ar_pl >> 2 != 7)
        return vti_fault(v);
    vti_note(v, VTI_VMSW, imm, 0);
    psr_write(v, imm ? v->psr | PSR_VM : v->psr & ~PSR_VM);
    return OPR_EXIT;
}

enum op_result op_guest_feature(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)a, (void)b;
    *out = (v->cpuid[4] & ~v->vti.hidden) >> (imm & 63) & 1;
    return OPR_OK;
}

enum op_result op_need_feature(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)a, (void)b, (void)out;
    return v->vti.hidden >> (imm & 63) & 1 ? fault_raise(v, FAULT_ILLEGAL_OP, 0) : OPR_OK;
}
