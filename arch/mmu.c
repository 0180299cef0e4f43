/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of data references and translation of fetches (SDM Vol.2 4.1, 4.4, 4.5, table 5-6).
 *
 * A reference is resolved first (translation, then all conditions that could stop it, as a set); raising takes the first of
 * the set. Speculative loads look at every member instead (arch/mem_spec.c), probes mask some out (arch/mmu_ops.c).
 */
#include "arch/mmu_ref.h"

/* Access rights by ar, page pl, cpl. */
#define R_ RIGHT_R
#define RW (RIGHT_R | RIGHT_W)
#define RX (RIGHT_R | RIGHT_X)
#define RA (RIGHT_R | RIGHT_W | RIGHT_X)
#define X_ RIGHT_X
static const uint8_t rights[8][4][4] = {
    { { R_, 0, 0, 0 }, { R_, R_, 0, 0 }, { R_, R_, R_, 0 }, { R_, R_, R_, R_ } },
    { { RX, 0, 0, 0 }, { RX, RX, 0, 0 }, { RX, RX, RX, 0 }, { RX, RX, RX, RX } },
    { { RW, 0, 0, 0 }, { RW, RW, 0, 0 }, { RW, RW, RW, 0 }, { RW, RW, RW, RW } },
    { { RA, 0, 0, 0 }, { RA, RA, 0, 0 }, { RA, RA, RA, 0 }, { RA, RA, RA, RA } },
    { { RW, 0, 0, 0 }, { RW, R_, 0, 0 }, { RW, RW, R_, 0 }, { RW, RW, RW, R_ } },
    { { RA, 0, 0, 0 }, { RA, RX, 0, 0 }, { RA, RX, RX, 0 }, { RA, RX, RX, RX } },
    { { RW, 0, 0, 0 }, { RW, RA, 0, 0 }, { RW, RW, RA, 0 }, { RW, RW, RW, RA } },
    { { RX, X_, X_, X_ }, { RX, X_, X_, X_ }, { RX, X_, X_, X_ }, { RX, X_, X_, X_ } },
};

unsigned mmu_rights(unsigned ar, unsigned page_pl, unsigned pl)
{
    return rights[ar & 7][page_pl & 3][pl & 3];
}

/* ---- raising ---- */

enum op_result mmu_raise(struct vcpu *v, enum fault kind, uint64_t gva, unsigned flags, uint64_t iha)
{
    struct fault_info *f = &v->fault;
    bool miss = kind == FAULT_ALT_DATA_TLB || kind == FAULT_VHPT_DATA || kind == FAULT_DATA_TLB;

    if (miss && !(v->psr & PSR_IC) && !v->ic_inflight)
        kind = FAULT_NESTED_TLB;
    f->kind = (uint8_t)kind;
    f->isr = flags >> REF_NA_SHIFT & 0xf;
    f->isr |= (flags & REF_R ? ISR_R : 0) | (flags & REF_W ? ISR_W : 0) | (flags & REF_NA ? ISR_NA : 0) |
              (flags & REF_SPEC ? ISR_SP : 0) | (flags & REF_RSE ? ISR_RS : 0);
    if (kind == FAULT_UNIMPL_DATA_ADDR)
        f->isr |= 0x30;
    else if (kind == FAULT_DATA_NAT_PAGE)
        f->isr |= 0x20;
    else if (!(flags & REF_RSE) && mmu_fetch_ed(v))
        f->isr |= ISR_ED;
    f->ifa = gva;
    f->iha = iha;
    f->itir = v->rr[(kind == FAULT_VHPT_DATA ? iha : gva) >> 61] & UINT64_C(0xfffffffc);
    return OPR_FAULT;
}

enum fault mmu_cond_fault(unsigned conds)
{
    static const uint8_t faults[] = {
        FAULT_DATA_PAGE_NOT_PRESENT, FAULT_DATA_NAT_PAGE, FAULT_DATA_KEY_MISS, FAULT_DATA_KEY_PERMISSION,
        FAULT_DATA_ACCESS_RIGHTS, FAULT_DATA_DIRTY, FAULT_DATA_ACCESS_BIT, FAULT_DATA_DEBUG, FAULT_UNALIGNED,
        FAULT_UNSUPPORTED_DATA,
    };

    return faults[__builtin_ctz(conds)];
}

enum op_result mmu_raise_first(struct vcpu *v, uint64_t gva, unsigned flags, unsigned mask, const struct mmu_ref *r)
{
    if (r->miss)
        return mmu_raise(v, r->miss, gva, flags, r->iha);
    if (r->conds & mask)
        return mmu_raise(v, mmu_cond_fault(r->conds & mask), gva, flags, 0);
    return OPR_OK;
}

/* ---- debug registers (SDM Vol.2 7.1.2) ---- */

static inline uint64_t debug_mask(uint64_t odd) { return (odd & UINT64_C(0x00ffffffffffffff)) | UINT64_C(0xff) << 56; }

bool mmu_dbr_match(const struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, unsigned pl)
{
    unsigned align = size == 10 ? 16 : size;

    for (unsigned i = 0; i < 2 * N_BR_PAIRS; i += 2) {
        uint64_t odd = v->dbr[i + 1];
        uint64_t mask = debug_mask(odd) & ~(uint64_t)(align - 1);

        if (!(odd >> (56 + pl) & 1))
            continue;
        if (!((flags & REF_R) && odd >> 63) && !((flags & REF_W) && (odd >> 62 & 1)))
            continue;
        if (!((gva ^ v->dbr[i]) & mask) || !(((gva + size - 1) ^ v->dbr[i]) & mask))
            return true;
    }
    return false;
}

static bool ibr_match(const struct vcpu *v, uint64_t gva)
{
    for (unsigned i = 0; i < 2 * N_BR_PAIRS; i += 2) {
        uint64_t odd = v->ibr[i + 1];

        if (odd >> 63 && (odd >> (56 + vcpu_cpl(v)) & 1) && !((gva ^ v->ibr[i]) & debug_mask(odd) & ~UINT64_C(15)))
            return true;
    }
    return false;
}

/* ---- data ---- */

/* Rights that the protection keys leave; *miss where no valid register has the key. */
static unsigned key_rights(const struct vcpu *v, uint32_t key, bool *miss)
{
    *miss = false;
    for (unsigned i = 0; i < N_PKR; i++) {
        uint64_t pkr = v->pkr[i];

        if ((pkr & 1) && (pkr >> 8 & 0xffffff) == key)
            return (pkr & 2 ? 0 : RIGHT_W) | (pkr & 4 ? 0 : RIGHT_R) | (pkr & 8 ? 0 : RIGHT_X);
    }
    *miss = true;
    return 0;
}

/* Finds the translation, walking the VHPT if need be: FAULT_NONE and *e, or the kind of miss. */
static enum fault find(struct vcpu *v, enum tlb_kind kind, uint64_t gva, bool walk, const struct tlb_entry **e,
                       uint64_t *iha)
{
    bool data = kind == TLB_DATA;

    *e = tlb_find(v->tlb, kind, rr_rid(v->rr[gva >> 61]), gva);
    if (*e)
        return FAULT_NONE;
    switch (vhpt_walk(v, kind, gva, walk, e, iha)) {
    case WALK_OFF:
        return data ? FAULT_ALT_DATA_TLB : FAULT_ALT_INST_TLB;
    case WALK_MISS:
        return data ? FAULT_VHPT_DATA : FAULT_VHPT_INST;
    case WALK_ABORT:
        return data ? FAULT_DATA_TLB : FAULT_INST_TLB;
    case WALK_FOUND:
        break;
    }
    return FAULT_NONE;
}

/* gpa, allowed and conditions that the translation decides. */
static void apply_entry(const struct vcpu *v, uint64_t gva, unsigned access, unsigned pl, const struct tlb_entry *e,
                        struct mmu_ref *r)
{
    uint64_t offset = (UINT64_C(1) << e->ps) - 1;

    r->pte = e->pte;
    r->key = e->key;
    if (!(e->pte & PTE_P)) {
        r->conds |= COND_NOT_PRESENT;
        return;
    }
    r->gpa = (e->pte & PTE_PPN) | (gva & offset);
    r->ma = (uint8_t)pte_ma(e->pte);
    r->allowed = mmu_rights(pte_ar(e->pte), pte_pl(e->pte), pl);
    if (r->ma == MA_NATPAGE)
        r->conds |= COND_NAT_PAGE;
    if (access & ~r->allowed)
        r->conds |= COND_RIGHTS;
    if (v->psr & PSR_PK) {
        bool miss;
        unsigned keys = key_rights(v, e->key, &miss);

        if (miss)
            r->conds |= COND_KEY_MISS;
        else if (access & ~keys)
            r->conds |= COND_KEY_PERMISSION;
        r->allowed &= keys;
    }
}

/* Alignment and attribute. A misaligned datum is done as one if it stays in 4 KiB of cacheable memory and psr.ac = 0. */
static unsigned access_conds(const struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, unsigned ma)
{
    unsigned align = size == 10 ? 16 : size;
    unsigned conds = 0;

    if ((gva & (align - 1)) &&
        ((v->psr & PSR_AC) || (flags & REF_ALIGNED) || (gva & 0xfff) + size > 0x1000 || ma != MA_WB))
        conds |= COND_UNALIGNED;
    if ((flags & (REF_SEM | REF_16)) && ma != MA_WB)
        conds |= COND_UNSUPPORTED;
    return conds;
}

void mmu_resolve(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, unsigned pl, struct mmu_ref *r)
{
    const struct tlb_entry *e;
    uint64_t on = flags & REF_RSE ? PSR_RT : PSR_DT;
    bool walk = (v->psr & PSR_DT) && (v->psr & on) && !(flags & REF_NO_WALK);

    *r = (struct mmu_ref){ .translated = (v->psr & on) || (flags & REF_VIRTUAL) };
    if ((v->psr & (PSR_DB | PSR_DD)) == PSR_DB && mmu_dbr_match(v, gva, size, flags, pl))
        r->conds |= COND_DEBUG;
    if (!r->translated) {
        if (mmu_pa_unimplemented(v, gva)) {
            r->miss = FAULT_UNIMPL_DATA_ADDR;
            return;
        }
        r->gpa = gva & INT64_MAX;
        r->ma = gva >> 63 ? MA_UC : MA_WB;
        r->allowed = RIGHT_R | RIGHT_W;
    } else {
        if (mmu_va_unimplemented(v, gva)) {
            r->miss = FAULT_UNIMPL_DATA_ADDR;
            return;
        }
        r->miss = find(v, TLB_DATA, gva, walk, &e, &r->iha);
        if (r->miss)
            return;
        apply_entry(v, gva, flags & (REF_R | REF_W), pl, e, r);
        if (r->conds & COND_NOT_PRESENT)
            return;
        if (!(v->psr & PSR_DA)) {
            r->conds |= (flags & REF_W) && !(e->pte & PTE_D) ? COND_DIRTY : 0;
            r->conds |= e->pte & PTE_A ? 0 : COND_ACCESS;
        }
    }
    if (!(flags & REF_NA))
        r->conds |= access_conds(v, gva, size, flags, r->ma);
}

/* ---- fetches ---- */

static enum op_result raise_fetch(struct vcpu *v, enum fault kind, uint64_t gva, uint64_t iha)
{
    struct fault_info *f = &v->fault;

    f->kind = (uint8_t)kind;
    f->isr = ISR_X;
    if (kind == FAULT_INST_NAT_PAGE)
        f->isr |= 0x20;
    else if (kind == FAULT_UNIMPL_INST_ADDR)
        f->isr |= 0x10;
    f->ifa = gva;
    f->iha = iha;
    f->itir = v->rr[(kind == FAULT_VHPT_INST ? iha : gva) >> 61] & UINT64_C(0xfffffffc);
    return OPR_FAULT;
}

static enum fault fetch_cond_fault(unsigned conds)
{
    if (conds & COND_NOT_PRESENT)
        return FAULT_INST_PAGE_NOT_PRESENT;
    if (conds & COND_NAT_PAGE)
        return FAULT_INST_NAT_PAGE;
    if (conds & COND_KEY_MISS)
        return FAULT_INST_KEY_MISS;
    if (conds & COND_KEY_PERMISSION)
        return FAULT_INST_KEY_PERMISSION;
    if (conds & COND_RIGHTS)
        return FAULT_INST_ACCESS_RIGHTS;
    return conds & COND_ACCESS ? FAULT_INST_ACCESS_BIT : FAULT_INST_DEBUG;
}

/**
 * mmu_fetch - see arch/mmu.h
 * Source: SDM Vol.2 4.1, table 5-6; walker enabled for fetches with psr.dt, it and ic (SDM Vol.2 4.1.5).
 */
enum op_result mmu_fetch(struct vcpu *v, uint64_t gva, uint64_t *gpa, unsigned *page_ar_pl)
{
    struct mmu_ref r = { .allowed = RIGHT_X };
    const struct tlb_entry *e;
    uint64_t iha = 0;
    enum fault miss;

    if ((v->psr & (PSR_DB | PSR_ID)) == PSR_DB && ibr_match(v, gva))
        r.conds |= COND_DEBUG;
    if (!(v->psr & PSR_IT)) {
        if (mmu_pa_unimplemented(v, gva))
            return raise_fetch(v, FAULT_UNIMPL_INST_ADDR, gva, 0);
        r.gpa = gva & INT64_MAX;
        r.pte = PTE_A | 7 << 9;
    } else {
        uint64_t walker = PSR_DT | PSR_IT | PSR_IC;

        if (mmu_va_unimplemented(v, gva))
            return raise_fetch(v, FAULT_UNIMPL_INST_ADDR, gva, 0);
        miss = find(v, TLB_INST, gva, (v->psr & walker) == walker, &e, &iha);
        if (miss)
            return raise_fetch(v, miss, gva, iha);
        apply_entry(v, gva, RIGHT_X, vcpu_cpl(v), e, &r);
        if (!(e->pte & PTE_A) && !(v->psr & PSR_IA))
            r.conds |= COND_ACCESS;
    }
    if (r.conds)
        return raise_fetch(v, fetch_cond_fault(r.conds), gva, 0);
    if (r.pte & PTE_A)
        soft_fill_fetch(v, gva, r.gpa);
    *gpa = r.gpa;
    if (page_ar_pl)
        *page_ar_pl = pte_ar(r.pte) << 2 | pte_pl(r.pte);
    return OPR_OK;
}

bool mmu_fetch_ed(struct vcpu *v)
{
    uint64_t gva = v->ip;
    const struct tlb_entry *e;

    if (!(v->psr & PSR_IT))
        return false;
    e = tlb_find(v->tlb, TLB_INST, rr_rid(v->rr[gva >> 61]), gva);
    return e && (e->pte & PTE_P) && (e->pte & PTE_ED);
}
