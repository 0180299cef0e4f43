/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The soft TLB: what lowered code probes inline, its region tags, filling and purging.
 *
 * A tag word is page address | slot << 2 | privilege level. A slot stands for a rid together with what else decides whether a
 * reference may pass unseen: psr.vm (narrower addresses) and the contents of the protection key registers while psr.pk = 1.
 * At privilege level 3 it stands for the rids of all eight regions instead, so that all have one tag and programs' probes need not look
 * at the region: processes share none of their translations anyway. A kernel's are shared by all processes.
 * So changes of rr, psr.cpl, psr.dt or the keys only select other tag words; entries stay and become valid again when the
 * old state comes back. Slots are never reused until all are given out; then everything is dropped once.
 *
 * An entry exists only for a page of RAM that is cacheable, whose accessed bit is set, and (for writes) whose dirty bit is
 * set. While psr.db = 1 the tag words match nothing, so every reference meets the debug registers; with a debugger's
 * watchpoints those of data references do not either.
 */
#include "arch/tlb.h"

#include <string.h>

#include "mem/mem.h"

#define PAGE UINT64_C(0x1000)

/* What v->dtag and its kin depend on, besides rr and pkr; rsc.pl is put in at {1:0}. */
#define TAG_PSR (PSR_DT | PSR_RT | PSR_IT | PSR_CPL | PSR_DB | PSR_VM | PSR_PK)
#define STATE_RSE_PL UINT64_C(3)
#define STATE_WATCH UINT64_C(4) /* a debugger watches data references */
#define STATE_UNSET UINT64_MAX
#define SLOT_USER (UINT64_C(1) << 63)

/* ---- slots ---- */

static inline unsigned slot_hash(uint64_t key)
{
    return (unsigned)(key * UINT64_C(0x9e3779b97f4a7c15) >> 53) & (SOFT_HASH - 1);
}

/* The slot of @key, or -1 when none is left. */
static int slot_get(struct soft_tags *g, uint64_t key)
{
    unsigned h = slot_hash(key);

    for (; g->hash[h]; h = (h + 1) & (SOFT_HASH - 1))
        if (g->slot_key[g->hash[h] - 1] == key)
            return g->hash[h] - 1;
    if (g->n_slots == SOFT_SLOTS)
        return -1;
    g->slot_key[g->n_slots] = key;
    g->hash[h] = (uint16_t)++g->n_slots;
    return (int)g->n_slots - 1;
}

/* Names the present contents of the protection key registers; the names of the last few sets are remembered. */
static void keys_update(struct vcpu *v)
{
    struct soft_tags *g = &v->tlb->tags;

    if (g->pkr_id[g->pkr_now] && !memcmp(g->pkr[g->pkr_now], v->pkr, sizeof(v->pkr)))
        return;
    for (unsigned i = 0; i < SOFT_KEY_SETS; i++) {
        if (g->pkr_id[i] && !memcmp(g->pkr[i], v->pkr, sizeof(v->pkr))) {
            g->pkr_now = i;
            return;
        }
    }
    g->pkr_now = g->pkr_victim++ % SOFT_KEY_SETS;
    memcpy(g->pkr[g->pkr_now], v->pkr, sizeof(v->pkr));
    g->pkr_id[g->pkr_now] = ++g->pkr_last_id;
}

/* The slot << 2 of the eight rids in @v at privilege level 3, or -1 when none is left. */
static int64_t user_get(struct vcpu *v, uint64_t key)
{
    struct soft_tags *g = &v->tlb->tags;
    struct soft_user u = { .valid = true, .key = (uint32_t)(key >> 24) };
    uint64_t hash = 0;
    struct soft_user *found;

    for (unsigned i = 0; i < 8; i++) {
        u.rid[i] = rr_rid(v->rr[i]);
        hash = (hash ^ u.rid[i]) * UINT64_C(0x9e3779b97f4a7c15);
    }
    found = &g->users[hash >> 32 & (SOFT_USERS - 1)];
    if (found->valid && found->key == u.key && !memcmp(found->rid, u.rid, sizeof(u.rid)))
        return (int64_t)found->base;
    if (g->n_slots == SOFT_SLOTS)
        return -1;
    u.base = (uint64_t)g->n_slots << 2;
    g->slot_key[g->n_slots++] = SLOT_USER | (uint64_t)(found - g->users);
    *found = u;
    return (int64_t)u.base;
}

/* Finds the slots of the regions whose rid changed, or of all. */
static bool slots_assign(struct vcpu *v, bool all)
{
    struct soft_tags *g = &v->tlb->tags;
    struct soft_regions *now = soft_regions(v);
    uint64_t key = v->psr & PSR_VM ? UINT64_C(1) << 24 : 0;
    int64_t user;

    if (v->psr & PSR_PK)
        key |= (uint64_t)g->pkr_id[g->pkr_now] << 25;
    for (unsigned i = 0; i < 8; i++) {
        int slot;

        if (!all && v->rr[i] == now->rr[i])
            continue;
        slot = slot_get(g, key | rr_rid(v->rr[i]));
        if (slot < 0)
            return false;
        now->base[i] = (uint64_t)slot << 2;
    }
    user = user_get(v, key);
    if (user < 0)
        return false;
    now->user = (uint64_t)user;
    memcpy(now->rr, v->rr, sizeof(now->rr));
    now->keys = v->psr & PSR_PK ? g->pkr_id[g->pkr_now] : 0;
    now->valid = true;
    return true;
}

/* Those of psr.vm = 1 only if there can be any. */
static void sites_drop(struct vcpu *v)
{
    unsigned modes = v->site_vm ? SITE_MODES : SITE_MODES / 2;

    v->site_vm = v->psr & PSR_VM;
    for (unsigned m = 0; m < modes; m++)
        for (unsigned i = 0; i < N_SITES; i++)
            v->site_page[m][i] = SITE_VOID;
}

/* Pages of the regions whose registers changed since @old, or of all. */
static void pages_drop(struct vcpu *v, const struct soft_regions *old, bool all)
{
    for (unsigned i = 0; i < 8; i++) {
        if (all || v->rr[i] != old->rr[i])
            vcpu_forget_pages(v, i);
    }
}

static void entries_drop(struct vcpu *v)
{
    v->site_vm = true;
    sites_drop(v);
    for (unsigned i = 0; i < STLB_SIZE; i++)
        v->stlb[i].tag_r = v->stlb[i].tag_w = STLB_INVALID;
    for (unsigned i = 0; i < FTLB_SIZE; i++)
        v->ftlb[i].tag = STLB_INVALID;
    vcpu_forget_jumps(v);
}

static void slots_drop(struct soft_tags *g)
{
    g->n_slots = 0;
    g->pkr_last_id = 0;
    memset(g->pkr_id, 0, sizeof(g->pkr_id));
    memset(g->hash, 0, sizeof(g->hash));
    for (unsigned i = 0; i < SOFT_USERS; i++)
        g->users[i].valid = false;
    g->regions[0].valid = g->regions[1].valid = false;
    g->state = STATE_UNSET;
}

/* ---- tags ---- */

static inline void tags_set(const struct soft_regions *now, uint64_t tags[8], bool translated, unsigned pl)
{
    if (translated) {
        for (unsigned i = 0; i < 8; i++)
            tags[i] = (pl == 3 ? now->user : now->base[i]) | pl;
    } else {
        for (unsigned i = 0; i < 8; i++)
            tags[i] = SOFT_TAG_PHYS;
    }
}

static void tags_never(uint64_t tags[8])
{
    for (unsigned i = 0; i < 8; i++)
        tags[i] = SOFT_TAG_NEVER;
}

/* The tag words of the sources that changed. What is checked reference by reference gets words that match nothing. */
static void tags_make(struct vcpu *v, uint64_t state, uint64_t changed)
{
    const struct soft_regions *now = soft_regions(v);

    if (state & (PSR_DB | STATE_WATCH)) {
        tags_never(v->dtag);
        tags_never(v->rse_tag);
    } else {
        if (changed & (PSR_DT | PSR_CPL | PSR_DB | STATE_WATCH))
            tags_set(now, v->dtag, state & PSR_DT, vcpu_cpl(v));
        if (changed & (PSR_RT | STATE_RSE_PL | PSR_DB | STATE_WATCH))
            tags_set(now, v->rse_tag, state & PSR_RT, state & STATE_RSE_PL);
    }
    if (state & PSR_DB)
        tags_never(v->itag);
    else if (changed & (PSR_IT | PSR_CPL | PSR_DB))
        tags_set(now, v->itag, state & PSR_IT, vcpu_cpl(v));
}

/**
 * mmu_update_tags - makes dtag, itag and rse_tag fit psr, rr, pkr and rsc.pl
 * Cheap where nothing changed, so callers need not look. Source: docs/state.md.
 */
void mmu_update_tags(struct vcpu *v)
{
    struct soft_regions *now;
    struct soft_tags *g;
    uint64_t state = (v->psr & TAG_PSR) | (v->rsc >> 2 & STATE_RSE_PL) | (v->watches ? STATE_WATCH : 0);
    bool all, rr_changed;
    uint64_t changed;

    if (!v->tlb)
        return;
    g = &v->tlb->tags;
    now = soft_regions(v);
    if (v->psr & PSR_PK)
        keys_update(v);
    all = g->state == STATE_UNSET || !now->valid || now->keys != (v->psr & PSR_PK ? g->pkr_id[g->pkr_now] : 0);
    rr_changed = memcmp(v->rr, now->rr, sizeof(now->rr));
    if (!all && !rr_changed && state == g->state)
        return;

    if (all || rr_changed)
        pages_drop(v, now, all);
    if ((all || rr_changed) && !slots_assign(v, all)) {
        entries_drop(v);
        slots_drop(g);
        if (v->psr & PSR_PK)
            keys_update(v);
        slots_assign(v, true);
    }
    changed = all || rr_changed || (state ^ g->state) & PSR_VM ? UINT64_MAX : state ^ g->state;
    if (all || rr_changed || (state ^ g->state) & STATE_WATCH)
        sites_drop(v);
    if (all || rr_changed)
        vcpu_forget_returns(v);
    v->site_vm |= (v->psr & PSR_VM) != 0;
    g->state = state;
    tags_make(v, state, changed);
}

void soft_reset(struct vcpu *v)
{
    entries_drop(v);
    slots_drop(&v->tlb->tags);
    mmu_update_tags(v);
}

/**
 * mmu_flush_soft - drops every soft TLB entry
 */
void mmu_flush_soft(struct vcpu *v)
{
    soft_reset(v);
}

/* ---- entries ---- */

void soft_fill(struct vcpu *v, uint64_t gva, uint64_t tag, uint64_t gpa, void *page, bool read, bool write)
{
    struct stlb_entry *e = stlb_slot(v, gva);
    uint64_t word = (gva & ~(PAGE - 1)) | tag;

    if (tag == SOFT_TAG_NEVER)
        return;
    e->tag_r = read ? word : STLB_INVALID;
    e->tag_w = read && write ? word : STLB_INVALID; /* one look may serve a load and a store */
    e->addend = (uintptr_t)page - (uintptr_t)(gva & ~(PAGE - 1));
    e->gpa = gpa & ~(PAGE - 1);
}

void soft_fill_fetch(struct vcpu *v, uint64_t gva, uint64_t gpa)
{
    struct ftlb_entry *e = ftlb_slot(v, gva);
    uint64_t tag = v->itag[gva >> 61];

    if (tag == SOFT_TAG_NEVER)
        return;
    e->tag = (gva & ~(PAGE - 1)) | tag;
    e->gpa = gpa & ~(PAGE - 1);
    e->page = NULL;
}

bool soft_tag_has_rid(const struct vcpu *v, uint64_t word, uint32_t rid)
{
    const struct soft_tags *g = &v->tlb->tags;
    unsigned slot = word >> 2 & 0x3ff;
    const struct soft_user *u;

    if ((word & 0xfff) == SOFT_TAG_PHYS)
        return false;
    if (slot >= g->n_slots)
        return true;
    if (!(g->slot_key[slot] & SLOT_USER))
        return (g->slot_key[slot] & 0xffffff) == rid;
    u = &g->users[g->slot_key[slot] & ~SLOT_USER];
    return u->base != (uint64_t)slot << 2 || u->rid[word >> 61] == rid;
}

/* May a reference of now, or of the other value of psr.vm, use it? */
static bool is_rid_of_now(const struct vcpu *v, uint32_t rid)
{
    const struct soft_regions *r = v->tlb->tags.regions;

    for (unsigned i = 0; i < 8; i++) {
        if (rr_rid(v->rr[i]) == rid || (r[0].valid && rr_rid(r[0].rr[i]) == rid) || (r[1].valid && rr_rid(r[1].rr[i]) == rid))
            return true;
    }
    return false;
}

/* True if the tag word is for a page in [va, va + 2^ps), in any region. STLB_INVALID may match page 0: no harm. */
static inline bool word_meets(uint64_t word, uint64_t va, unsigned ps)
{
    return !(((word ^ va) & VA_OFFSET) >> ps);
}

/* tag_w is STLB_INVALID or tag_r. */
static inline void data_entry_purge(struct vcpu *v, struct stlb_entry *e, uint32_t rid, uint64_t va, unsigned ps)
{
    if (word_meets(e->tag_r, va, ps) && soft_tag_has_rid(v, e->tag_r, rid))
        e->tag_r = e->tag_w = STLB_INVALID;
}

static inline void fetch_entry_purge(struct vcpu *v, struct ftlb_entry *e, uint32_t rid, uint64_t va, unsigned ps)
{
    if (word_meets(e->tag, va, ps) && soft_tag_has_rid(v, e->tag, rid))
        e->tag = STLB_INVALID;
}

void soft_purge(struct vcpu *v, enum tlb_kind kind, uint32_t rid, uint64_t gva, unsigned ps)
{
    uint64_t va = gva & VA_OFFSET;
    unsigned slots = kind == TLB_DATA ? STLB_SIZE : FTLB_SIZE;
    unsigned first = 0, pages = slots;

    assert(ps >= 12);
    if (kind == TLB_INST)
        vcpu_forget_jumps_to(v, rid, va, ps);
    else if (is_rid_of_now(v, rid))
        sites_drop(v);
    if (ps - 12 < 10 && 1u << (ps - 12) < slots) {
        pages = 1u << (ps - 12);
        first = (unsigned)(va >> 12) & (slots - 1) & ~(pages - 1);
    }
    for (unsigned i = first; i < first + pages; i++) {
        if (kind == TLB_DATA)
            data_entry_purge(v, &v->stlb[i], rid, va, ps);
        else
            fetch_entry_purge(v, &v->ftlb[i], rid, va, ps);
    }
}
