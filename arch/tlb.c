/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translation registers and translation caches (SDM Vol.2 4.1.1).
 *
 * The TC of a kind is an array replaced round robin. An entry is found by a hash of (page size, rid, virtual page number);
 * a look-up tries the page sizes in use, and a counter per (rid, page size) skips those that this rid does not use. A
 * purge of 2^ps bytes needs one probe for each size >= ps, and 2^(ps - n) probes or one pass over the array for a
 * smaller size n.
 *
 * Overlap (SDM Vol.2 table 4-1): a TC insert purges overlapping TCs of its kind. Where the manual has a machine check we do
 * the harmless thing: a TC that overlaps a TR is kept, but the TR is found first; a TR that overlaps another TR replaces it;
 * ptc leaves TRs alone.
 *
 * Invariant: a soft TLB entry is always backed by a translation that is still here. So an entry that leaves, for whatever
 * reason, takes its soft entries along, and a purge that finds nothing has nothing to drop.
 */
#include "arch/tlb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PURGE_PROBES = 64 }; /* above this many a pass over the array is cheaper */

static inline uint64_t ps_mask(unsigned ps) { return (UINT64_C(1) << ps) - 1; }

static inline unsigned tc_hash(uint32_t rid, uint64_t vpn, unsigned ps)
{
    uint64_t x = (vpn ^ (uint64_t)rid << 32 ^ rid ^ (uint64_t)ps << 57) * UINT64_C(0x9e3779b97f4a7c15);

    return x >> 51 & (TC_BUCKETS - 1);
}

static inline unsigned filter_index(uint32_t rid, unsigned ps)
{
    return (rid ^ rid >> 9 ^ ps << 4) & (TC_FILTER - 1);
}

static inline uint64_t tr_filter_bit(uint32_t rid) { return UINT64_C(1) << ((rid ^ rid >> 6 ^ rid >> 12) & 63); }

static inline bool entry_meets(const struct tlb_entry *e, uint32_t rid, uint64_t va, unsigned ps)
{
    unsigned larger = e->ps > ps ? e->ps : ps;

    return e->ps && e->rid == rid && !((e->va ^ va) >> larger);
}

/* ---- look-up ---- */

static uint16_t tc_lookup(const struct tlb_side *s, uint32_t rid, uint64_t va, unsigned ps)
{
    uint16_t i = s->bucket[tc_hash(rid, va >> ps, ps)];

    for (; i; i = s->tc[i - 1].next) {
        const struct tlb_entry *e = &s->tc[i - 1];

        if (e->ps == ps && e->rid == rid && !((e->va ^ va) >> ps))
            return i;
    }
    return 0;
}

static const struct tlb_entry *tr_lookup(const struct tlb_side *s, uint32_t rid, uint64_t va)
{
    for (unsigned i = 0; i < s->n_tr_used; i++) {
        const struct tlb_entry *e = &s->tr[s->tr_used[i]];

        if (e->rid == rid && !((e->va ^ va) >> e->ps))
            return e;
    }
    return NULL;
}

const struct tlb_entry *tlb_find(const struct tlb *t, enum tlb_kind kind, uint32_t rid, uint64_t gva)
{
    const struct tlb_side *s = &t->side[kind];
    uint64_t va = gva & VA_OFFSET;

    if (s->tr_filter & tr_filter_bit(rid)) {
        const struct tlb_entry *e = tr_lookup(s, rid, va);

        if (e)
            return e;
    }
    for (uint64_t m = s->ps_mask; m; m &= m - 1) {
        unsigned ps = (unsigned)__builtin_ctzll(m);
        uint16_t i;

        if (!s->filter[filter_index(rid, ps)])
            continue;
        i = tc_lookup(s, rid, va, ps);
        if (i)
            return &s->tc[i - 1];
    }
    return NULL;
}

/* ---- removal ---- */

static void tc_remove(struct vcpu *v, enum tlb_kind kind, unsigned index)
{
    struct tlb_side *s = &v->tlb->side[kind];
    struct tlb_entry *e = &s->tc[index];
    uint16_t *link = &s->bucket[tc_hash(e->rid, e->va >> e->ps, e->ps)];

    while (*link != index + 1)
        link = &s->tc[*link - 1].next;
    *link = e->next;
    s->filter[filter_index(e->rid, e->ps)]--;
    if (!--s->ps_count[e->ps])
        s->ps_mask &= ~(UINT64_C(1) << e->ps);
    soft_purge(v, kind, e->rid, e->va, e->ps);
    e->ps = 0;
}

/* Removes the entries of one page size smaller than the purged range. */
static bool purge_smaller(struct vcpu *v, enum tlb_kind kind, uint32_t rid, uint64_t va, unsigned ps, unsigned entry_ps)
{
    struct tlb_side *s = &v->tlb->side[kind];
    bool found = false;

    if (ps - entry_ps <= 6 && 1u << (ps - entry_ps) <= PURGE_PROBES) {
        va &= ~ps_mask(ps);
        for (unsigned n = 0; n < 1u << (ps - entry_ps); n++) {
            uint16_t i = tc_lookup(s, rid, va + ((uint64_t)n << entry_ps), entry_ps);

            if (i) {
                tc_remove(v, kind, i - 1u);
                found = true;
            }
        }
        return found;
    }
    for (unsigned i = 0; i < TC_SIZE; i++) {
        if (s->tc[i].ps == entry_ps && entry_meets(&s->tc[i], rid, va, ps)) {
            tc_remove(v, kind, i);
            found = true;
        }
    }
    return found;
}

bool tlb_purge_tc(struct vcpu *v, enum tlb_kind kind, uint32_t rid, uint64_t gva, unsigned ps)
{
    struct tlb_side *s = &v->tlb->side[kind];
    uint64_t va = gva & VA_OFFSET;
    bool found = false;

    for (uint64_t m = s->ps_mask; m; m &= m - 1) {
        unsigned n = (unsigned)__builtin_ctzll(m);
        uint16_t i;

        if (!s->filter[filter_index(rid, n)])
            continue;
        if (n < ps) {
            found |= purge_smaller(v, kind, rid, va, ps, n);
            continue;
        }
        i = tc_lookup(s, rid, va, n);
        if (i) {
            tc_remove(v, kind, i - 1u);
            found = true;
        }
    }
    return found;
}

static void tr_rebuild(struct tlb_side *s)
{
    s->n_tr_used = 0;
    s->tr_filter = 0;
    for (unsigned i = 0; i < VM_MAX_TR; i++) {
        if (!s->tr[i].ps)
            continue;
        s->tr_used[s->n_tr_used++] = (uint8_t)i;
        s->tr_filter |= tr_filter_bit(s->tr[i].rid);
    }
}

bool tlb_purge_tr(struct vcpu *v, enum tlb_kind kind, uint32_t rid, uint64_t gva, unsigned ps)
{
    struct tlb_side *s = &v->tlb->side[kind];
    bool found = false;

    for (unsigned i = 0; i < VM_MAX_TR; i++) {
        struct tlb_entry *e = &s->tr[i];

        if (!entry_meets(e, rid, gva & VA_OFFSET, ps))
            continue;
        soft_purge(v, kind, e->rid, e->va, e->ps);
        e->ps = 0;
        found = true;
    }
    if (found)
        tr_rebuild(s);
    return found;
}

/* ---- insertion ---- */

bool tlb_make_entry(const struct vcpu *v, uint64_t pte, uint64_t itir, uint64_t ifa, struct tlb_entry *e)
{
    const struct vm *vm = v->vm;
    unsigned ps = rr_ps(itir), ma = pte_ma(pte);

    if ((itir & 3) || !(vm->page_sizes >> ps & 1) || ps < 12)
        return false;
    if (pte & PTE_P) {
        if ((itir >> 32) || (pte & PTE_RV) || (ma >= 1 && ma <= 3))
            return false;
        if (itir >> 8 & 0xffffff & ~ps_mask(vm->key_bits))
            return false;
        if (pte & PTE_PPN & ~ps_mask(vm->pa_bits))
            return false;
    }
    e->va = ifa & VA_OFFSET & ~ps_mask(ps);
    e->pte = pte & ~(PTE_PPN & ps_mask(ps));
    e->rid = rr_rid(v->rr[ifa >> 61]);
    e->key = itir >> 8 & 0xffffff;
    e->ps = (uint8_t)ps;
    e->region = ifa >> 61;
    e->next = 0;
    return true;
}

const struct tlb_entry *tlb_insert_tc(struct vcpu *v, enum tlb_kind kind, const struct tlb_entry *e)
{
    struct tlb_side *s = &v->tlb->side[kind];
    uint16_t *bucket;
    unsigned index;

    tlb_purge_tc(v, kind, e->rid, e->va, e->ps);
    index = s->victim++ & (TC_SIZE - 1);
    if (s->tc[index].ps)
        tc_remove(v, kind, index);

    s->tc[index] = *e;
    bucket = &s->bucket[tc_hash(e->rid, e->va >> e->ps, e->ps)];
    s->tc[index].next = *bucket;
    *bucket = (uint16_t)(index + 1);
    s->filter[filter_index(e->rid, e->ps)]++;
    s->ps_count[e->ps]++;
    s->ps_mask |= UINT64_C(1) << e->ps;
    return &s->tc[index];
}

void tlb_insert_tr(struct vcpu *v, enum tlb_kind kind, unsigned index, const struct tlb_entry *e)
{
    struct tlb_side *s = &v->tlb->side[kind];
    struct tlb_entry *tr = &s->tr[index];

    tlb_purge_tc(v, kind, e->rid, e->va, e->ps);
    tlb_purge_tr(v, kind, e->rid, e->va, e->ps);
    if (tr->ps)
        soft_purge(v, kind, tr->rid, tr->va, tr->ps);
    *tr = *e;
    tr_rebuild(s);
}

/* ---- whole ---- */

/**
 * tlb_create - gives @v its TLB, empty
 * Return: 0 or -ENOMEM. Call after v->vm is set, before the vcpu runs.
 */
int tlb_create(struct vcpu *v)
{
    assert(v->vm && v->vm->n_itr <= VM_MAX_TR && v->vm->n_dtr <= VM_MAX_TR);
    v->tlb = calloc(1, sizeof(*v->tlb));
    if (!v->tlb)
        return -ENOMEM;
    tlb_reset(v);
    return 0;
}

void tlb_destroy(struct vcpu *v)
{
    free(v->tlb);
    v->tlb = NULL;
}

void tlb_purge_all_tc(struct vcpu *v)
{
    for (unsigned k = 0; k < 2; k++) {
        struct tlb_side *s = &v->tlb->side[k];

        s->ps_mask = 0;
        memset(s->ps_count, 0, sizeof(s->ps_count));
        memset(s->filter, 0, sizeof(s->filter));
        memset(s->bucket, 0, sizeof(s->bucket));
        memset(s->tc, 0, sizeof(s->tc));
    }
    mmu_flush_soft(v);
}

void tlb_reset(struct vcpu *v)
{
    for (unsigned k = 0; k < 2; k++) {
        memset(v->tlb->side[k].tr, 0, sizeof(v->tlb->side[k].tr));
        tr_rebuild(&v->tlb->side[k]);
    }
    tlb_purge_all_tc(v);
}

bool tlb_tr_read(struct vcpu *v, bool data, unsigned index, uint64_t out[4])
{
    const struct tlb_entry *e;

    if (index >= (data ? v->vm->n_dtr : v->vm->n_itr))
        return false;
    e = &v->tlb->side[data ? TLB_DATA : TLB_INST].tr[index];
    memset(out, 0, 4 * sizeof(out[0]));
    if (!e->ps)
        return true;
    out[0] = e->pte;
    out[1] = (uint64_t)e->ps << 2 | (uint64_t)e->key << 8;
    out[2] = (uint64_t)e->region << 61 | e->va | 1;
    out[3] = (uint64_t)e->rid << 8 | (uint64_t)e->ps << 2;
    return true;
}
