/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A debugger's look at the processor. */
#include "arch/debug.h"

#include "arch/alat.h"
#include "arch/gr.h"
#include "arch/mmu_ref.h"
#include "arch/rse.h"

static const unsigned collection = 63; /* slot of a NaT collection among 64 words */

static unsigned slot_of(uint64_t addr) { return addr >> 3 & 63; }

/* ---- watchpoints ---- */

void debug_set_watches(struct vcpu *v, const struct watch_list *watches)
{
    v->watches = watches;
    mmu_update_tags(v);
}

bool debug_watched(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags)
{
    uint64_t last = gva + size - 1;

    if (flags & REF_NA)
        return false;
    for (unsigned i = 0; i < v->watches->n; i++) {
        uint64_t from = v->watches->at[i].first, to = v->watches->at[i].last;

        if (!(flags & v->watches->at[i].access & (REF_R | REF_W)) || gva > to || last < from)
            continue;
        fault_raise(v, FAULT_WATCHPOINT, 0);
        v->fault.ifa = gva > from ? gva : from;
        return true;
    }
    return false;
}

/* ---- translation ---- */

static bool translate_virtual(struct vcpu *v, uint64_t gva, uint64_t *gpa)
{
    uint32_t rid = rr_rid(v->rr[gva >> 61]);
    const struct tlb_entry *e;
    struct tlb_entry walked;

    if (mmu_va_unimplemented(v, gva))
        return false;
    e = tlb_find(v->tlb, TLB_DATA, rid, gva);
    if (!e || !(e->pte & PTE_P))
        e = tlb_find(v->tlb, TLB_INST, rid, gva);
    if (!e && vhpt_peek(v, gva, &walked))
        e = &walked;
    if (!e || !(e->pte & PTE_P))
        return false;
    *gpa = (e->pte & PTE_PPN) | (gva & ((UINT64_C(1) << e->ps) - 1));
    return true;
}

static bool translate_physical(const struct vcpu *v, uint64_t gva, uint64_t *gpa)
{
    *gpa = gva & INT64_MAX;
    return !mmu_pa_unimplemented(v, gva);
}

bool debug_translate(struct vcpu *v, uint64_t gva, uint64_t *gpa)
{
    bool dt = v->psr & PSR_DT, it = v->psr & PSR_IT;

    if (dt ? translate_virtual(v, gva, gpa) : translate_physical(v, gva, gpa))
        return true;
    if (dt == it)
        return false;
    return it ? translate_virtual(v, gva, gpa) : translate_physical(v, gva, gpa);
}

/* ---- the register stack ---- */

uint64_t debug_frame_end(const struct vcpu *v) { return rse_skip_regs(rse_bsp(v), cfm_sof(v->cfm)); }

/* A register that lies in the backing store's place, whatever holds it now. */
struct stacked {
    uint64_t *value;
    unsigned rotating; /* its number in v->rot + 1, or 0: in v->stack */
};

/* The register whose place is @addr, from BSPSTORE up to the frame's end. */
static struct stacked stacked_at(struct vcpu *v, uint64_t addr)
{
    int64_t k = rse_num_regs(v->rse.bspstore, addr) - v->rse.ndirty; /* in the frame, by physical number */
    unsigned sor = cfm_sor(v->cfm), virtual;

    /* A frame that is not complete yet has its rotating registers at home. */
    if (k < 0 || k >= (int64_t)sor || v->rse.ndirty < 0)
        return (struct stacked){ v->frame + k, 0 };
    virtual = ((unsigned)k + sor - cfm_rrb_gr(v->cfm)) % sor;
    return (struct stacked){ v->rot + virtual, virtual + 1 };
}

static bool stacked_nat(struct vcpu *v, uint64_t addr)
{
    struct stacked s = stacked_at(v, addr);

    if (!v->nat_any)
        return false;
    return s.rotating ? gr_nat(v, 31 + s.rotating) : gr_stack_nat(v, s.value);
}

void debug_set_stack_nat(struct vcpu *v, uint64_t addr, bool nat)
{
    struct stacked s = stacked_at(v, addr);

    if (!nat && !v->nat_any)
        return;
    if (s.rotating)
        gr_set_nat(v, 31 + s.rotating, nat);
    else
        gr_set_stack_nat(v, s.value, nat);
}

static bool in_stack(const struct vcpu *v, uint64_t addr)
{
    uint64_t first = v->rse.bspstore;

    return addr - first < debug_frame_end(v) - first && debug_frame_end(v) > first;
}

/* First word of @addr's group that the register stack has; below it RNAT has the bits. */
static uint64_t group_start(const struct vcpu *v, uint64_t addr)
{
    uint64_t start = addr & ~UINT64_C(0x1ff);

    return start > v->rse.bspstore ? start : v->rse.bspstore;
}

bool debug_stack_read(struct vcpu *v, uint64_t addr, uint64_t *value)
{
    uint64_t start = group_start(v, addr);

    if (!in_stack(v, addr))
        return false;
    if (slot_of(addr) != collection) {
        *value = *stacked_at(v, addr).value;
        return true;
    }
    *value = start & 0x1f8 ? v->rse.rnat & ((UINT64_C(1) << slot_of(start)) - 1) : 0;
    for (uint64_t a = start; a < addr; a += 8)
        *value |= (uint64_t)stacked_nat(v, a) << slot_of(a);
    return true;
}

bool debug_stack_write(struct vcpu *v, uint64_t addr, uint64_t value)
{
    uint64_t start = group_start(v, addr), below;

    if (!in_stack(v, addr))
        return false;
    if (slot_of(addr) != collection) {
        *stacked_at(v, addr).value = value;
        return true;
    }
    below = (UINT64_C(1) << slot_of(start)) - 1;
    if (start & 0x1f8)
        v->rse.rnat = (v->rse.rnat & ~below) | (value & below);
    for (uint64_t a = start; a < addr; a += 8)
        debug_set_stack_nat(v, a, value >> slot_of(a) & 1);
    return true;
}

/*
 * The NaT collection of the frame's end. Its own group first: registers that the stack has, AR.RNAT for lower ones. Bits
 * that are free beyond the end show the frame's registers of the group before.
 */
uint64_t debug_frame_nats(struct vcpu *v)
{
    uint64_t end = debug_frame_end(v), first = v->rse.bspstore, group = end & ~UINT64_C(0x1ff), nats = 0;

    if (first >= group) {
        nats = v->rse.rnat & ((UINT64_C(1) << slot_of(first)) - 1);
        group = first;
    }
    for (uint64_t a = group; a < end; a += 8)
        nats |= (uint64_t)stacked_nat(v, a) << slot_of(a);
    for (uint64_t a = rse_bsp(v); a < group; a += 8)
        if (a >= first && slot_of(a) >= slot_of(end) && slot_of(a) != collection)
            nats |= (uint64_t)stacked_nat(v, a) << slot_of(a);
    return nats;
}

void debug_set_frame_nats(struct vcpu *v, uint64_t nats)
{
    uint64_t end = debug_frame_end(v), first = v->rse.bspstore, group = end & ~UINT64_C(0x1ff);

    if (first >= group) {
        uint64_t below = (UINT64_C(1) << slot_of(first)) - 1;

        v->rse.rnat = (v->rse.rnat & ~below) | (nats & below);
        group = first;
    }
    for (uint64_t a = group; a < end; a += 8)
        debug_set_stack_nat(v, a, nats >> slot_of(a) & 1);
    for (uint64_t a = rse_bsp(v); a < group; a += 8)
        if (a >= first && slot_of(a) >= slot_of(end) && slot_of(a) != collection)
            debug_set_stack_nat(v, a, nats >> slot_of(a) & 1);
}

void debug_new_frame(struct vcpu *v, uint64_t bsp, uint64_t cfm)
{
    fr_pr_rename(v, v->cfm, cfm);
    v->cfm = cfm;
    v->frame = v->stack + STACK_SLOTS / 2;
    v->rot = v->rot_gr + ROT_SLOTS;
    v->rse.bspstore = bsp;
    v->rse.ndirty = 0;
    v->rse.cfle = false;
    alat_invalidate_all(v);
    vcpu_update_key(v);
    for (unsigned k = 0; k < cfm_sof(cfm); k++)
        gr_set(v, 32 + k, 0, false);
}
