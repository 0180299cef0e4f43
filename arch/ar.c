/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Application registers: which exist, what is checked, reads and writes (SDM 1:28-36, Vol.2 3.3.4). */
#include "arch/interruption.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "arch/rse.h"
#include "arch/vti.h"

#define RSC_MODE UINT64_C(3)
#define RSC_PL   UINT64_C(0xc)
#define RSC_BITS UINT64_C(0x3fff001f)
#define EC_BITS  UINT64_C(0x3f)
#define CPUID4_RU (UINT64_C(1) << 3)
#define RNAT_BITS (~(UINT64_C(1) << 63))

/* AR.RUC is a reserved number where CPUID[4].ru is 0 (ar_unavailable()). */
unsigned ar_valid(unsigned ar)
{
    const unsigned m = AR_UNIT_M | AR_READ | AR_WRITE;
    const unsigned i = AR_UNIT_I | AR_READ | AR_WRITE;

    switch (ar) {
    case AR_KR0 ... AR_KR0 + 7:
    case AR_CFLG:
    case AR_ITC:
    case AR_RUC:
        return m | AR_PRIV_WRITE;
    case AR_BSP:
        return AR_UNIT_M | AR_READ;
    case AR_RSC:
    case AR_BSPSTORE:
    case AR_RNAT:
    case AR_FCR:
    case AR_EFLAG:
    case AR_CSD:
    case AR_SSD:
    case AR_FSR:
    case AR_FIR:
    case AR_FDR:
    case AR_CCV:
    case AR_UNAT:
    case AR_FPSR:
        return m;
    case AR_PFS:
    case AR_LC:
    case AR_EC:
        return i;
    case 48 ... 63:
    case 112 ... 127:
        return m | i;
    default:
        return 0;
    }
}

/* The IA-32 registers' places in ia32_ar[]: fcr, eflag, cflg, fsr, fir, fdr. */
static uint64_t *ia32_slot(struct vcpu *v, unsigned ar)
{
    switch (ar) {
    case AR_FCR:
        return &v->ia32_ar[0];
    case AR_EFLAG:
        return &v->ia32_ar[1];
    case AR_CFLG ... AR_FDR:
        return &v->ia32_ar[2 + ar - AR_CFLG];
    default:
        return NULL;
    }
}

/* The registers that are words of struct vcpu without behaviour. */
static uint64_t *plain_slot(struct vcpu *v, unsigned ar)
{
    switch (ar) {
    case AR_KR0 ... AR_KR0 + 7:
        return &v->kr[ar - AR_KR0];
    case AR_CSD:
        return &v->csd;
    case AR_SSD:
        return &v->ssd;
    case AR_CCV:
        return &v->ccv;
    case AR_UNAT:
        return &v->unat;
    case AR_FPSR:
        return &v->fpsr;
    case AR_PFS:
        return &v->pfs;
    case AR_LC:
        return &v->lc;
    case AR_EC:
        return &v->ec;
    case AR_RSC:
        return &v->rsc;
    default:
        return ia32_slot(v, ar);
    }
}

uint64_t ar_read(struct vcpu *v, unsigned ar)
{
    uint64_t *slot = plain_slot(v, ar);

    if (slot)
        return *slot;
    switch (ar) {
    case AR_BSP:
        return rse_bsp(v);
    case AR_BSPSTORE:
        return v->rse.bspstore;
    case AR_RNAT:
        return v->rse.rnat & RNAT_BITS;
    case AR_ITC:
        return itc_read(v);
    case AR_RUC:
        return ruc_read(v);
    default:
        return 0;
    }
}

void ar_write(struct vcpu *v, unsigned ar, uint64_t value)
{
    uint64_t *slot = plain_slot(v, ar);
    uint64_t old;

    switch (ar) {
    case AR_RSC:
        old = v->rsc;
        v->rsc = value & RSC_BITS;
        if ((old ^ v->rsc) & RSC_PL)
            mmu_update_tags(v);
        return;
    case AR_BSPSTORE:
        rse_set_bspstore(v, value & ~UINT64_C(7));
        return;
    case AR_RNAT:
        v->rse.rnat = value & RNAT_BITS;
        return;
    case AR_ITC:
        itc_write(v, value);
        return;
    case AR_RUC:
        ruc_write(v, value);
        return;
    case AR_PFS:
        value &= PFS_BITS;
        if (cfm_malformed(value & CFM_BITS)) /* only the debugger's writes come here unchecked */
            value &= ~CFM_BITS;
        break;
    case AR_EC:
        value &= EC_BITS;
        break;
    default:
        break;
    }
    if (slot)
        *slot = value;
    if (ar == AR_FPSR)
        vcpu_update_key(v);
}

/* Illegal Operation by state, the RSE's registers in its eager modes, or by model. */
static bool ar_unavailable(const struct vcpu *v, unsigned ar)
{
    if (ar == AR_RUC)
        return !(v->cpuid[4] & CPUID4_RU);
    return (ar == AR_BSPSTORE || ar == AR_RNAT) && v->rsc & RSC_MODE;
}

static bool ar_field_reserved(unsigned ar, uint64_t value)
{
    switch (ar) {
    case AR_RSC:
        return value & ~RSC_BITS;
    case AR_FPSR:
        return !fp_fpsr_valid(value);
    case AR_PFS:
        return value & ~PFS_BITS || cfm_malformed(value & CFM_BITS);
    default:
        return false;
    }
}

enum op_result op_mov_to_ar(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    unsigned ar = (unsigned)imm;
    unsigned cpl = vcpu_cpl(v);
    uint32_t key;

    (void)b, (void)out;
    if (!(ar_valid(ar) & AR_WRITE) || ar_unavailable(v, ar))
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    if (ar_field_reserved(ar, a))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    if (cpl && ar_valid(ar) & AR_PRIV_WRITE)
        return fault_raise(v, FAULT_PRIV_REG, 0);
    if ((ar == AR_ITC || ar == AR_RUC) && v->psr & PSR_VM)
        return vti_fault(v);
    if (ar == AR_RSC && (a & RSC_PL) >> 2 < cpl) /* nobody gives the RSE more privilege than he has */
        a = (a & ~RSC_PL) | (uint64_t)cpl << 2;
    key = v->key;
    ar_write(v, ar, a);
    return v->key == key ? OPR_OK : OPR_EXIT;
}

/* gitc: a guest reads the time with an offset, if its own psr.si allows it (SDM 2:337). */
static enum op_result guest_itc(struct vcpu *v, uint64_t *out)
{
    if (vcpu_cpl(v) && v->vti.vpd && vpd_get(v, VPD_OFFSET(vpsr)) & PSR_SI)
        return fault_raise(v, FAULT_PRIV_REG, 0);
    *out = itc_read(v) + v->cr[CR_ITO];
    return OPR_OK;
}

enum op_result op_mov_from_ar(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    unsigned ar = (unsigned)imm;

    (void)a, (void)b;
    if (!(ar_valid(ar) & AR_READ) || ar_unavailable(v, ar))
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    if (ar == AR_ITC && v->psr & PSR_VM && v->vti.config & KIA_VP_CONFIG_GITC)
        return guest_itc(v, out);
    if ((ar == AR_ITC || ar == AR_RUC) && v->psr & PSR_SI) {
        if (vcpu_cpl(v))
            return fault_raise(v, FAULT_PRIV_REG, 0);
        if (v->psr & PSR_VM)
            return vti_fault(v);
    }
    *out = ar_read(v, ar);
    return OPR_OK;
}
