/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speculative loads: which conditions are deferred to a NaT and which fault (SDM Vol.2 5.5.4, 5.5.5).
 *
 * A reference that would fault is deferred while psr.ic = 0, or while the code page has ITLB.ed and the DCR names the
 * condition. The first condition in order of priority that is not deferred faults; if all are, the result is a NaT.
 */
#include "arch/alat.h"
#include "arch/debug.h"
#include "arch/mmu_ref.h"
#include "arch/ops.h"
#include "isa/isa.h"

#define DCR_DM (UINT64_C(1) << 8)
#define DCR_DP (UINT64_C(1) << 9)
#define DCR_DK (UINT64_C(1) << 10)
#define DCR_DX (UINT64_C(1) << 11)
#define DCR_DR (UINT64_C(1) << 12)
#define DCR_DA (UINT64_C(1) << 13)
#define DCR_DD (UINT64_C(1) << 14)

/* The conditions that the present state defers. */
static unsigned deferrable(struct vcpu *v, bool *miss)
{
    uint64_t dcr = v->cr[CR_DCR];

    *miss = true;
    if (!(v->psr & PSR_IC))
        return ~0u;
    *miss = false;
    if (!mmu_fetch_ed(v)) /* false with psr.it = 0 */
        return COND_NAT_PAGE;
    *miss = dcr & DCR_DM;
    return COND_NAT_PAGE | COND_UNALIGNED | (dcr & DCR_DP ? COND_NOT_PRESENT : 0) | (dcr & DCR_DK ? COND_KEY_MISS : 0) |
           (dcr & DCR_DX ? COND_KEY_PERMISSION : 0) | (dcr & DCR_DR ? COND_RIGHTS : 0) |
           (dcr & DCR_DA ? COND_ACCESS : 0) | (dcr & DCR_DD ? COND_DEBUG : 0);
}

/**
 * mem_spec_load - a speculative load of 1-8, 10 or 16 bytes
 * @flags: REF_* beside REF_R and REF_SPEC
 * @raw:   little-endian words
 * @nat:   true where the load was deferred
 * Return: OPR_OK, or OPR_FAULT for a condition that is not deferred.
 */
enum op_result mem_spec_load(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t raw[2], bool *nat)
{
    struct mmu_ref r;
    unsigned defer;
    bool defer_miss;

    *nat = true;
    if ((v->psr & PSR_ED) || !(v->psr & PSR_DT))
        return OPR_OK;
    r.host = mem_probe(v, gva, size, flags, REF_R);
    if (!r.host) {
        flags |= REF_R | REF_SPEC;
        mmu_resolve(v, gva, size, flags, vcpu_cpl(v), &r);
        if (r.miss == FAULT_UNIMPL_DATA_ADDR)
            return OPR_OK;
        if (r.miss || r.conds) {
            defer = deferrable(v, &defer_miss);
            if (r.miss && !defer_miss)
                return mmu_raise(v, r.miss, gva, flags, r.iha);
            if (r.conds & ~defer)
                return mmu_raise(v, mmu_cond_fault(r.conds & ~defer), gva, flags, 0);
            return OPR_OK;
        }
        if (r.ma != MA_WB && r.ma != MA_WC)
            return OPR_OK;
        mem_locate(v, gva, mem_tag(v, gva, flags), &r);
        if (!r.host)
            return OPR_OK;
        if (v->watches && debug_watched(v, gva, size, flags))
            return OPR_FAULT;
    }
    mem_read_ref(v, &r, size, raw);
    *nat = false;
    return OPR_OK;
}

OP_HELPER(op_ld_spec)
{
    unsigned size = imm & 0xff, reg = imm >> 8 & 0xff, ldtype = imm >> 16 & 0xff;
    uint64_t raw[2] = { 0, 0 };
    bool nat;

    (void)b;
    if (mem_spec_load(v, a, size, 0, raw, &nat) != OPR_OK)
        return OPR_FAULT;
    *out = nat ? 0 : mem_order(raw[0], size, v->psr & PSR_BE);
    v->spec_nat = nat;
    if (ldtype != LD_SA)
        return OPR_OK;
    if (nat)
        alat_drop(v, reg);
    else
        alat_record(v, reg, a, size, 0);
    return OPR_OK;
}
