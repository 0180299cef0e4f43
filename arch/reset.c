/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's state after reset (SDM Vol.2 6.12, 11.2). */
#include <string.h>

#include "arch/interruption.h"
#include "arch/mmu.h"
#include "arch/rse.h"
#include "arch/vti.h"

#define VECTOR_MASKED (UINT64_C(1) << 16)
/* Traps disabled; round to nearest at extended precision; sf1 with widest range; td in all but sf0. */
#define FPSR_RESET UINT64_C(0x0009804c0270033f)
/* A page size that every model has, where 0 would be none. */
#define RR_RESET (UINT64_C(12) << 2)
#define PTA_RESET (UINT64_C(15) << 2)

static void reset_registers(struct vcpu *v)
{
    memset(v->gr, 0, sizeof(v->gr));
    memset(v->gr_bank, 0, sizeof(v->gr_bank));
    memset(v->stack, 0, sizeof(v->stack));
    memset(v->rot_gr, 0, sizeof(v->rot_gr));
    memset(v->nat_stack, 0, sizeof(v->nat_stack));
    memset(v->nat_rot, 0, sizeof(v->nat_rot));
    v->nat_gr = v->nat_bank = 0;
    v->nat_any = false;
    memset(v->fr, 0, sizeof(v->fr));
    memset(v->rot_fr, 0, sizeof(v->rot_fr));
    v->fr[1] = fp_from_double_bits(UINT64_C(0x3ff0000000000000)); /* f1 is +1.0 */
    memset(v->br, 0, sizeof(v->br));
    v->pr = 1;
}

static void reset_ars(struct vcpu *v)
{
    v->lc = v->ec = v->pfs = v->unat = v->ccv = v->csd = v->ssd = v->rsc = 0;
    v->fpsr = FPSR_RESET;
    memset(v->kr, 0, sizeof(v->kr));
    memset(v->ia32_ar, 0, sizeof(v->ia32_ar));
    v->itc_offset = v->ruc_offset = 0;
}

/* CR.LID names the processor to the platform and stays. */
static void reset_crs(struct vcpu *v)
{
    uint64_t lid = v->cr[CR_LID];

    memset(v->cr, 0, sizeof(v->cr));
    v->cr[CR_LID] = lid;
    v->cr[CR_PTA] = PTA_RESET;
    v->cr[CR_ITV] = v->cr[CR_PMV] = v->cr[CR_CMCV] = VECTOR_MASKED;
    v->cr[CR_LRR0] = v->cr[CR_LRR1] = VECTOR_MASKED;
    for (unsigned i = 0; i < 8; i++)
        v->rr[i] = RR_RESET;
    memset(v->pkr, 0, sizeof(v->pkr));
    memset(v->ibr, 0, sizeof(v->ibr));
    memset(v->dbr, 0, sizeof(v->dbr));
    memset(v->pmc, 0, sizeof(v->pmc));
    memset(v->pmd, 0, sizeof(v->pmd));
}

static void reset_sapic(struct vcpu *v)
{
    struct local_sapic *s = &v->sapic;

    for (unsigned i = 0; i < 4; i++) {
        s->irr[i] = s->isr[i] = 0;
        atomic_store(&s->posted[i], 0);
    }
    atomic_store(&s->init_pending, false);
    atomic_store(&s->pmi_pending, false);
    s->itm_armed = false;
    atomic_fetch_and(&v->attention, ~(uint32_t)(ATTN_IRQ | ATTN_TIMER | ATTN_INIT | ATTN_PMI | ATTN_VIRT));
}

void vcpu_reset(struct vcpu *v)
{
    reset_registers(v);
    reset_ars(v);
    reset_crs(v);
    reset_sapic(v);
    memcpy(v->cpuid, v->vm->cpuid, sizeof(v->cpuid));
    memset(&v->fault, 0, sizeof(v->fault));
    memset(&v->rse, 0, sizeof(v->rse));
    memset(&v->vti, 0, sizeof(v->vti));
    v->psr = 0;
    v->ip = v->trap_ip = 0;
    v->ri = v->trap_ri = 0;
    v->ic_inflight = false;
    v->spec_nat = 0;
    rse_reset_frame(v, N_STACKED); /* sof = 96, nothing else (SDM 2:149) */
    vcpu_update_key(v);
    tlb_reset(v);
    mmu_update_tags(v);
    mmu_flush_soft(v);
    if (v->vm->timer_changed)
        v->vm->timer_changed(v->vm->opaque, v);
}
