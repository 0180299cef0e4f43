/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The software processor's architected state as text. */
#include <inttypes.h>

#include "accel/soft.h"
#include "arch/interruption.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "arch/tlb.h"

static const struct {
    uint8_t number;
    const char *name;
} ars[] = {
    { 0, "k0" }, { 1, "k1" }, { 2, "k2" }, { 3, "k3" }, { 4, "k4" }, { 5, "k5" }, { 6, "k6" }, { 7, "k7" },
    { AR_RSC, "rsc" }, { AR_BSP, "bsp" }, { AR_BSPSTORE, "bspstore" }, { AR_RNAT, "rnat" }, { AR_FCR, "fcr" },
    { AR_EFLAG, "eflag" }, { AR_CSD, "csd" }, { AR_SSD, "ssd" }, { AR_CFLG, "cflg" }, { AR_FSR, "fsr" },
    { AR_FIR, "fir" }, { AR_FDR, "fdr" }, { AR_CCV, "ccv" }, { AR_UNAT, "unat" }, { AR_FPSR, "fpsr" },
    { AR_ITC, "itc" }, { AR_PFS, "pfs" }, { AR_LC, "lc" }, { AR_EC, "ec" },
}, crs[] = {
    { CR_DCR, "dcr" }, { CR_ITM, "itm" }, { CR_IVA, "iva" }, { CR_PTA, "pta" }, { CR_IPSR, "ipsr" }, { CR_ISR, "isr" },
    { CR_IIP, "iip" }, { CR_IFA, "ifa" }, { CR_ITIR, "itir" }, { CR_IIPA, "iipa" }, { CR_IFS, "ifs" },
    { CR_IIM, "iim" }, { CR_IHA, "iha" }, { CR_LID, "lid" }, { CR_IVR, "ivr" }, { CR_TPR, "tpr" },
    { CR_EOI, "eoi" }, { CR_IRR0, "irr0" }, { CR_IRR0 + 1, "irr1" }, { CR_IRR0 + 2, "irr2" },
    { CR_IRR0 + 3, "irr3" }, { CR_ITV, "itv" }, { CR_PMV, "pmv" }, { CR_CMCV, "cmcv" }, { CR_LRR0, "lrr0" },
    { CR_LRR1, "lrr1" },
};

static void line(FILE *out, const char *name, unsigned n, uint64_t value)
{
    fprintf(out, "%s%u %016" PRIx64 "\n", name, n, value);
}

static void lines(FILE *out, const char *name, const uint64_t *values, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        line(out, name, i, values[i]);
}

static uint64_t cr_shown(struct vcpu *v, unsigned cr)
{
    switch (cr) {
    case CR_IVR:
        return sapic_peek(v);
    case CR_EOI:
        return 0;
    default:
        return cr_read(v, cr);
    }
}

static bool in_frame(const struct vcpu *v, unsigned r) { return r < 32 + cfm_sof(v->cfm); }

static void dump_general(struct vcpu *v, FILE *out)
{
    uint64_t nats[2] = { 0, 0 };

    line(out, "r", 0, 0);
    for (unsigned r = 1; r < 128; r++) {
        line(out, "r", r, in_frame(v, r) ? *gr_slot(v, r) : 0);
        if (in_frame(v, r) && gr_nat(v, r))
            nats[r / 64] |= UINT64_C(1) << r % 64;
    }
    fprintf(out, "nat %016" PRIx64 "%016" PRIx64 "\n", nats[1], nats[0]);
}

void kia_vcpu_dump(struct kia_vcpu *vcpu, FILE *out)
{
    struct vcpu *v = vcpu->v;

    fprintf(out, "cpu %u\nip %016" PRIx64 "\npsr %016" PRIx64 "\ncfm %016" PRIx64 "\npr %016" PRIx64 "\n", v->index, v->ip,
            kia_get_psr(vcpu), v->cfm, kia_get_pr(vcpu));
    dump_general(v, out);
    for (unsigned f = 0; f < 128; f++) {
        struct ia64_fr value = fr_get(v, f);

        fprintf(out, "f%u %05" PRIx64 " %016" PRIx64 "\n", f, value.se, value.sig);
    }
    lines(out, "b", v->br, 8);
    for (size_t i = 0; i < sizeof(ars) / sizeof(*ars); i++)
        fprintf(out, "ar.%s %016" PRIx64 "\n", ars[i].name, ar_read(v, ars[i].number));
    for (size_t i = 0; i < sizeof(crs) / sizeof(*crs); i++)
        fprintf(out, "cr.%s %016" PRIx64 "\n", crs[i].name, cr_shown(v, crs[i].number));
    lines(out, "rr", v->rr, 8);
    lines(out, "pkr", v->pkr, N_PKR);
    lines(out, "dbr", v->dbr, 2 * N_BR_PAIRS);
    lines(out, "ibr", v->ibr, 2 * N_BR_PAIRS);
    lines(out, "cpuid", v->cpuid, 5);
}

/* ---- translations ---- */

static void dump_entry(FILE *out, const char *name, unsigned i, const struct tlb_entry *e)
{
    static const char *const attributes[8] = { "wb", "1", "2", "3", "uc", "uce", "wc", "nat" };

    if (!e->ps)
        return;
    fprintf(out, "%s%u rid %06x va %016" PRIx64 " pa %013" PRIx64 " ps %u key %06x ma %s pl %u ar %u %s%s%s%s\n", name, i,
            (unsigned)e->rid, (uint64_t)e->region << 61 | e->va, e->pte & PTE_PPN, e->ps, (unsigned)e->key,
            attributes[pte_ma(e->pte)], pte_pl(e->pte), pte_ar(e->pte), e->pte & PTE_P ? "p" : "-",
            e->pte & PTE_A ? "a" : "-", e->pte & PTE_D ? "d" : "-", e->pte & PTE_ED ? "e" : "-");
}

void kia_vcpu_dump_tlb(struct kia_vcpu *vcpu, FILE *out)
{
    static const enum tlb_kind kinds[2] = { TLB_INST, TLB_DATA };
    struct vcpu *v = vcpu->v;

    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < VM_MAX_TR; i++)
            dump_entry(out, k ? "dtr" : "itr", i, &v->tlb->side[kinds[k]].tr[i]);
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < TC_SIZE; i++)
            dump_entry(out, k ? "dtc" : "itc", i, &v->tlb->side[kinds[k]].tc[i]);
}
