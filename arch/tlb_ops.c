/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instructions that insert and purge translations (SDM Vol.3: itc, itr, ptc.*, ptr; SDM Vol.2 4.1.1). */
#include "arch/ops.h"
#include "arch/tlb.h"
#include "arch/tlb_sync.h"
#include "arch/vti.h"
#include "arch/mmu_ref.h"

/* General Exception codes {7:4} */
#define CODE_RESERVED 0x30

/* The end of every one of these instructions' own checks: address, then virtualization. */
static enum op_result check_address(struct vcpu *v, uint64_t gva)
{
    if (mmu_va_unimplemented(v, gva))
        return mmu_raise(v, FAULT_UNIMPL_DATA_ADDR, gva, REF_NA, 0);
    return v->psr & PSR_VM ? vti_fault(v) : OPR_OK;
}

/*
 * itc, itr at psr.vm = 1: an intercept, after the checks of what the guest has given. CR.IFA and CR.ITIR are the
 * hypervisor's: any valid ones do.
 */
static enum op_result guest_insert(struct vcpu *v, uint64_t pte)
{
    struct tlb_entry e;

    if (!tlb_make_entry(v, pte, UINT64_C(12) << 2, 0, &e))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, CODE_RESERVED);
    return vti_fault(v);
}

static inline void log_insert(struct vcpu *v, const char *what, const struct tlb_entry *e)
{
    if (v->vm->log_tlb)
        v->vm->log_tlb(v->vm->opaque, v, what, (uint64_t)e->region << 61 | e->va, e->rid, e->ps, e->pte);
}

static inline void log_purge(struct vcpu *v, const char *what, uint64_t gva, unsigned ps)
{
    if (v->vm->log_tlb)
        v->vm->log_tlb(v->vm->opaque, v, what, gva, rr_rid(v->rr[gva >> 61]), ps, 0);
}

/* Purges below the smallest page size purge a smallest page. */
static unsigned purge_ps(uint64_t size)
{
    unsigned ps = rr_ps(size);

    return ps < 12 ? 12 : ps;
}

OP_HELPER(op_itc)
{
    enum tlb_kind kind = imm ? TLB_INST : TLB_DATA;
    struct tlb_entry e;

    (void)b, (void)out;
    if (v->psr & PSR_VM)
        return guest_insert(v, a);
    if (!tlb_make_entry(v, a, v->cr[CR_ITIR], v->cr[CR_IFA], &e))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, CODE_RESERVED);
    if (check_address(v, v->cr[CR_IFA]) != OPR_OK)
        return OPR_FAULT;
    tlb_insert_tc(v, kind, &e);
    log_insert(v, imm ? "itc.i" : "itc.d", &e);
    return kind == TLB_INST ? OPR_EXIT : OPR_OK;
}

OP_HELPER(op_itr)
{
    enum tlb_kind kind = imm ? TLB_INST : TLB_DATA;
    unsigned index = b & 0xff;
    struct tlb_entry e;

    (void)out;
    if (index >= (kind == TLB_INST ? v->vm->n_itr : v->vm->n_dtr))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, CODE_RESERVED);
    if (v->psr & PSR_VM)
        return guest_insert(v, a);
    if (!tlb_make_entry(v, a, v->cr[CR_ITIR], v->cr[CR_IFA], &e))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, CODE_RESERVED);
    if (check_address(v, v->cr[CR_IFA]) != OPR_OK)
        return OPR_FAULT;
    tlb_insert_tr(v, kind, index, &e);
    log_insert(v, imm ? "itr.i" : "itr.d", &e);
    return OPR_EXIT;
}

OP_HELPER(op_ptc_l)
{
    uint32_t rid = rr_rid(v->rr[a >> 61]);

    (void)imm, (void)out;
    if (check_address(v, a) != OPR_OK)
        return OPR_FAULT;
    log_purge(v, "ptc.l", a, purge_ps(b));
    tlb_purge_tc(v, TLB_DATA, rid, a, purge_ps(b));
    tlb_purge_tc(v, TLB_INST, rid, a, purge_ps(b));
    return OPR_EXIT;
}

OP_HELPER(op_ptc_g)
{
    struct ptc_request req = { .gva = a & VA_OFFSET, .ps = (uint8_t)purge_ps(b), .drop_alat = imm };

    (void)out;
    if (check_address(v, a) != OPR_OK)
        return OPR_FAULT;
    req.rid = rr_rid(v->rr[a >> 61]);
    log_purge(v, imm ? "ptc.ga" : "ptc.g", a, req.ps);
    tlb_purge_global(v, &req);
    return OPR_EXIT;
}

/* One ptc.e purges everything: PAL_PTCE_INFO reports a loop of one. */
OP_HELPER(op_ptc_e)
{
    (void)imm, (void)a, (void)b, (void)out;
    if (v->psr & PSR_VM)
        return vti_fault(v);
    log_purge(v, "ptc.e", 0, 63);
    tlb_purge_all_tc(v);
    return OPR_EXIT;
}

OP_HELPER(op_ptr)
{
    enum tlb_kind kind = imm ? TLB_INST : TLB_DATA;
    uint32_t rid = rr_rid(v->rr[a >> 61]);

    (void)out;
    if (check_address(v, a) != OPR_OK)
        return OPR_FAULT;
    log_purge(v, imm ? "ptr.i" : "ptr.d", a, purge_ps(b));
    tlb_purge_tr(v, kind, rid, a, purge_ps(b));
    tlb_purge_tc(v, kind, rid, a, purge_ps(b));
    return OPR_EXIT;
}
