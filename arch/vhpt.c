/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual hash page table: thash, ttag and the walker (SDM Vol.2 4.1.5 to 4.1.8).
 *
 * The long format's functions are ours to choose (SDM Vol.3, thash, ttag); PAL reports VHPT_HASH_TAG_ID for them. With
 * HPN = va{IMPL_VA_MSB:0} >> rr.ps:   index = HPN ^ rid,   tag = HPN ^ rid << 39.
 * They are unique as the manual asks: the smallest table (32 KiB, 1024 entries) keeps ten bits of the index, tag{38:0} gives
 * HPN{38:0}, index{9:0} then gives rid{9:0}, these and tag{48:39} give HPN{48:39}, and tag{62:49} is rid{23:10}.
 *
 * The walker's reads are done at privilege level 0 and must hit the data TLB. Entries that it finds go to the TC whether
 * present or not: Page Not Present is raised from the TC.
 */
#include "arch/mmu_ref.h"
#include "arch/ops.h"
#include "arch/vti.h"
#include "mem/mem.h"

#define PTA_VE UINT64_C(1)
#define PTA_VF (UINT64_C(1) << 8)
#define DCR_BE (UINT64_C(1) << 1)
#define TABLE_BITS UINT64_C(0x1fffffffffff8000) /* {60:15} */

static inline uint64_t hpn(const struct vcpu *v, uint64_t gva, uint64_t rr)
{
    return (gva & ((UINT64_C(2) << v->vm->va_msb) - 1)) >> rr_ps(rr);
}

/**
 * vhpt_hash_of - thash: address of the VHPT entry for @gva, with @rr and @pta as region register and CR.PTA
 * Source: SDM Vol.2 4.1.7 (2:66).
 */
uint64_t vhpt_hash_of(const struct vcpu *v, uint64_t gva, uint64_t rr, uint64_t pta)
{
    uint64_t mask = (UINT64_C(1) << rr_ps(pta)) - 1; /* pta.size has the place of rr.ps */
    uint64_t region, offset;

    if (pta & PTA_VF) {
        region = pta >> 61;
        offset = (hpn(v, gva, rr) ^ rr_rid(rr)) << 5;
    } else {
        region = gva >> 61;
        offset = hpn(v, gva, rr) << 3;
    }
    return region << 61 | (((pta & ~mask) | (offset & mask)) & TABLE_BITS) | (offset & 0x7fff);
}

uint64_t vhpt_hash(const struct vcpu *v, uint64_t gva)
{
    return vhpt_hash_of(v, gva, v->rr[gva >> 61], v->cr[CR_PTA]);
}

/**
 * vhpt_tag_of - ttag: what the tag word of a long-format entry for @gva holds; bit 63 (ti) is 0
 * Source: SDM Vol.2 4.1.7; the function is model specific.
 */
uint64_t vhpt_tag_of(const struct vcpu *v, uint64_t gva, uint64_t rr)
{
    return (hpn(v, gva, rr) ^ (uint64_t)rr_rid(rr) << 39) & INT64_MAX;
}

uint64_t vhpt_tag(const struct vcpu *v, uint64_t gva)
{
    return vhpt_tag_of(v, gva, v->rr[gva >> 61]);
}

/* Host address of the entry, or why there is none. */
static enum walk_result entry_locate(struct vcpu *v, uint64_t gva, uint8_t **host)
{
    uint64_t tag = v->psr & PSR_DB ? SOFT_TAG_NEVER : soft_regions(v)->base[gva >> 61]; /* privilege 0 */
    const struct stlb_entry *soft = stlb_slot(v, gva);
    struct mmu_ref r;

    if (((gva & ~UINT64_C(0xfff)) ^ tag) == soft->tag_r) {
        *host = (uint8_t *)(soft->addend + (uintptr_t)gva);
        return WALK_FOUND;
    }
    mmu_resolve(v, gva, 8, REF_R | REF_VIRTUAL | REF_NO_WALK, 0, &r);
    if (r.miss)
        return r.miss == FAULT_UNIMPL_DATA_ADDR ? WALK_ABORT : WALK_MISS;
    if (r.conds || r.ma != MA_WB || !(r.pte & PTE_A))
        return WALK_ABORT;
    mem_locate(v, gva, tag, &r);
    *host = r.host;
    return *host ? WALK_FOUND : WALK_ABORT;
}

/* Reads the translation at @host. False: not for @gva. */
static bool entry_read(const struct vcpu *v, uint64_t gva, const uint8_t *host, uint64_t *pte, uint64_t *itir)
{
    bool be = v->cr[CR_DCR] & DCR_BE;
    uint64_t tag = vhpt_tag(v, gva);

    *itir = v->rr[gva >> 61] & UINT64_C(0xfffffffc);
    if (v->cr[CR_PTA] & PTA_VF) {
        /* Software invalidates the tag, changes the entry, then sets the tag. */
        if (mem_order(ram_load(host + 16, 8), 8, be) != tag)
            return false;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        *itir = mem_order(ram_load(host + 8, 8), 8, be);
    }
    *pte = mem_order(ram_load(host, 8), 8, be);
    if (v->cr[CR_PTA] & PTA_VF) {
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        return mem_order(ram_load(host + 16, 8), 8, be) == tag;
    }
    return true;
}

enum walk_result vhpt_walk(struct vcpu *v, enum tlb_kind kind, uint64_t gva, bool allowed, const struct tlb_entry **e,
                           uint64_t *iha)
{
    enum walk_result result;
    struct tlb_entry found;
    uint64_t pte, itir;
    uint8_t *host;

    if (!allowed || !(v->cr[CR_PTA] & PTA_VE) || !(v->rr[gva >> 61] & RR_VE))
        return WALK_OFF;
    *iha = vhpt_hash(v, gva);
    result = entry_locate(v, *iha, &host);
    if (result != WALK_FOUND)
        return result;
    if (!entry_read(v, gva, host, &pte, &itir) || !tlb_make_entry(v, pte, itir, gva, &found))
        return WALK_ABORT;
    *e = tlb_insert_tc(v, kind, &found);
    if (v->vm->log_tlb)
        v->vm->log_tlb(v->vm->opaque, v, kind == TLB_DATA ? "vhpt.d" : "vhpt.i", gva, found.rid, found.ps, found.pte);
    return WALK_FOUND;
}

bool vhpt_peek(struct vcpu *v, uint64_t gva, struct tlb_entry *e)
{
    uint64_t iha, gpa, pte, itir;
    const struct tlb_entry *table;
    const uint8_t *host;

    if (!(v->cr[CR_PTA] & PTA_VE) || !(v->rr[gva >> 61] & RR_VE))
        return false;
    iha = vhpt_hash(v, gva);
    table = tlb_find(v->tlb, TLB_DATA, rr_rid(v->rr[iha >> 61]), iha);
    if (!table || !(table->pte & PTE_P))
        return false;
    gpa = (table->pte & PTE_PPN) | (iha & ((UINT64_C(1) << table->ps) - 1));
    host = kia_mem_hva(v->mem, gpa, v->cr[CR_PTA] & PTA_VF ? 32 : 8);
    return host && entry_read(v, gva, host, &pte, &itir) && tlb_make_entry(v, pte, itir, gva, e);
}

/* ---- instructions ---- */

OP_HELPER(op_thash)
{
    (void)imm, (void)b;
    if (vti_intercepts(v, OP_THASH))
        return vti_fault(v);
    *out = vhpt_hash(v, a);
    return OPR_OK;
}

OP_HELPER(op_ttag)
{
    (void)imm, (void)b;
    if (vti_intercepts(v, OP_TTAG))
        return vti_fault(v);
    *out = vhpt_tag(v, a);
    return OPR_OK;
}

enum op_result op_va_unimplemented(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    (void)imm, (void)b;
    *out = mmu_va_unimplemented(v, a);
    return OPR_OK;
}
