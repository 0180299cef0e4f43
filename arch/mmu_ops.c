/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The non-access instructions: tpa, tak, probe, fc, sync.i, lfetch.fault (SDM Vol.3; SDM Vol.2 5.5.2 for ISR). */
#include "arch/mmu_ref.h"
#include "arch/ops.h"
#include "arch/vti.h"

/* ISR.code{3:0} of non-access instructions (SDM Vol.2 table 5-2). */
enum { NA_TPA = 0, NA_FC = 1, NA_PROBE = 2, NA_TAK = 3, NA_LFETCH = 4, NA_PROBE_FAULT = 5 };

#define NA_FLAGS(code) (REF_NA | (unsigned)(code) << REF_NA_SHIFT)

enum {
    CODE_LINE = 128, /* bytes that one fc affects: the largest cache line that PAL reports */
    FULL_CHECK = COND_NOT_PRESENT | COND_NAT_PAGE | COND_KEY_MISS | COND_KEY_PERMISSION | COND_RIGHTS | COND_DIRTY |
                 COND_ACCESS | COND_DEBUG,
};

OP_HELPER(op_tpa)
{
    unsigned flags = NA_FLAGS(NA_TPA) | REF_VIRTUAL;
    struct mmu_ref r;

    (void)imm, (void)b;
    if (mmu_va_unimplemented(v, a))
        return mmu_raise(v, FAULT_UNIMPL_DATA_ADDR, a, flags, 0);
    if (vti_intercepts(v, OP_TPA))
        return vti_fault(v);
    mmu_resolve(v, a, 1, flags, vcpu_cpl(v), &r);
    if (mmu_raise_first(v, a, flags, COND_NOT_PRESENT | COND_NAT_PAGE, &r) != OPR_OK)
        return OPR_FAULT;
    *out = r.gpa;
    return OPR_OK;
}

OP_HELPER(op_tak)
{
    struct mmu_ref r;

    (void)imm, (void)b;
    if (vti_intercepts(v, OP_TAK))
        return vti_fault(v);
    mmu_resolve(v, a, 1, NA_FLAGS(NA_TAK) | REF_VIRTUAL, vcpu_cpl(v), &r);
    *out = r.miss || (r.conds & COND_NOT_PRESENT) ? 1 : (uint64_t)r.key << 8;
    return OPR_OK;
}

/* a_probe asks for intercepts of probes; without it they are not virtualized. */
static bool probe_intercepts(const struct vcpu *v)
{
    return v->psr & PSR_VM && vti_vac(v, OP_PROBE);
}

/* The privilege level that a probe asks about. */
static unsigned probe_level(const struct vcpu *v, uint64_t level)
{
    unsigned cpl = vcpu_cpl(v);

    return (level & 3) > cpl ? level & 3 : cpl;
}

OP_HELPER(op_probe)
{
    unsigned flags = NA_FLAGS(NA_PROBE) | REF_VIRTUAL | (imm ? REF_W : REF_R);
    struct mmu_ref r;

    *out = 0;
    if (probe_intercepts(v))
        return vti_fault(v);
    mmu_resolve(v, a, 1, flags, probe_level(v, b), &r);
    if (r.miss == FAULT_UNIMPL_DATA_ADDR)
        return OPR_OK;
    if (mmu_raise_first(v, a, flags, COND_NOT_PRESENT | COND_NAT_PAGE | COND_KEY_MISS, &r) != OPR_OK)
        return OPR_FAULT;
    *out = !(r.conds & (COND_KEY_PERMISSION | COND_RIGHTS));
    return OPR_OK;
}

OP_HELPER(op_probe_fault)
{
    unsigned access = imm >> 2 & 3;
    unsigned flags = NA_FLAGS(NA_PROBE_FAULT) | REF_VIRTUAL | (access & 1 ? REF_R : 0) | (access & 2 ? REF_W : 0);
    struct mmu_ref r;

    (void)b, (void)out;
    if (probe_intercepts(v))
        return vti_fault(v);
    mmu_resolve(v, a, 1, flags, probe_level(v, imm), &r);
    return mmu_raise_first(v, a, flags, FULL_CHECK, &r);
}

OP_HELPER(op_fc)
{
    unsigned flags = NA_FLAGS(NA_FC) | REF_R;
    struct mmu_ref r;

    (void)imm, (void)b, (void)out;
    mmu_resolve(v, a, 1, flags, vcpu_cpl(v), &r);
    if (mmu_raise_first(v, a, flags, COND_NOT_PRESENT | COND_NAT_PAGE | COND_RIGHTS, &r) != OPR_OK)
        return OPR_FAULT;
    if (v->vm->code_changed)
        v->vm->code_changed(v->vm->opaque, r.gpa & ~(uint64_t)(CODE_LINE - 1), CODE_LINE);
    return OPR_EXIT;
}

/* Effects of fc are complete at once; what is left is their order to other processors. */
OP_HELPER(op_sync_i)
{
    (void)v, (void)imm, (void)a, (void)b, (void)out;
    mem_fence();
    return OPR_OK;
}

OP_HELPER(op_lfetch_fault)
{
    unsigned flags = NA_FLAGS(NA_LFETCH) | REF_R;
    struct mmu_ref r;

    (void)imm, (void)b, (void)out;
    if ((v->psr & PSR_ED) || mem_probe(v, a, 1, 0, REF_R)) /* what a load may read needs no look */
        return OPR_OK;
    mmu_resolve(v, a, 1, flags, vcpu_cpl(v), &r);
    return mmu_raise_first(v, a, flags, FULL_CHECK, &r);
}
