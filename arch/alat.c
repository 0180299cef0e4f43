/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The advanced load address table (SDM Vol.1 4.4.5.3, SDM Vol.2 4.4.5.3), without any cost for stores.
 *
 * An entry remembers where an advanced load read. chk.a hits if the entry is there and the register holds what the present
 * translation of that address gives now: then reloading would change nothing, which is all that a hit promises. Stores,
 * semaphores, DMA and other processors need not look at the table. ld.c is a plain load (a miss is always allowed).
 *
 * Entries are tagged by the register's place in memory, which is its physical number: in gr[], stack[], rot_gr[] or rot_fr[].
 * Rotation by one keeps all but the wrapped register in place; whatever else moves registers, a switch of banks among it, calls
 * alat_invalidate_all(). The table is direct mapped: an entry that finds its place taken replaces what is there.
 */
#include <string.h>

#include "arch/alat.h"
#include "arch/mem_access.h"
#include "arch/mmu_ref.h"
#include "arch/ops.h"

static uintptr_t slot_of(struct vcpu *v, unsigned reg)
{
    return reg & ALAT_FR ? (uintptr_t)fr_slot(v, reg & 0x7f) : (uintptr_t)gr_slot(v, reg & 0x7f);
}

static struct alat_entry *entry_at(struct vcpu *v, uintptr_t slot) { return &v->alat[slot / 8 % N_ALAT]; }

/* The entry of @reg, or NULL. */
static struct alat_entry *alat_find(struct vcpu *v, unsigned reg)
{
    uintptr_t slot = slot_of(v, reg);
    struct alat_entry *e = entry_at(v, slot);

    return e->slot == slot && e->gen == v->alat_gen ? e : NULL;
}

void alat_drop(struct vcpu *v, unsigned reg)
{
    struct alat_entry *e = alat_find(v, reg);

    if (e)
        e->slot = 0;
}

/**
 * alat_invalidate_all - drops every entry (invala, and moves of register windows)
 */
void alat_invalidate_all(struct vcpu *v)
{
    if (++v->alat_gen == 0) /* entries of long ago would be valid again */
        memset(v->alat, 0, sizeof(v->alat));
}

void alat_record(struct vcpu *v, unsigned reg, uint64_t gva, unsigned size, unsigned form)
{
    uintptr_t slot = slot_of(v, reg);
    bool be = v->psr & PSR_BE;

    *entry_at(v, slot) = (struct alat_entry){
        .slot = slot,
        .gva = gva,
        .mask = form || be ? 0 : mem_mask(size),
        .gen = v->alat_gen,
        .size = (uint8_t)size,
        .form = (uint8_t)(form & ~ALAT_FORM_PAIR),
        .pair = form & ALAT_FORM_PAIR,
        .be = be,
    };
}

/* Reads the recorded place again, without faults and not from devices. */
static bool reread(struct vcpu *v, const struct alat_entry *e, uint64_t raw[2])
{
    struct mmu_ref r = { .host = mem_probe(v, e->gva, e->size, 0, REF_R) };

    if (!r.host) {
        mmu_resolve(v, e->gva, e->size, REF_R, vcpu_cpl(v), &r);
        if (r.miss || r.conds || r.ma != MA_WB)
            return false;
        mem_locate(v, e->gva, mem_tag(v, e->gva, 0), &r);
        if (!r.host)
            return false;
    }
    raw[1] = 0;
    mem_read_ref(v, &r, e->size, raw);
    return true;
}

/* True if register @reg holds what the bytes load. */
static bool register_agrees(struct vcpu *v, unsigned reg, const struct alat_entry *e, const uint64_t raw[2])
{
    struct ia64_fr now, loaded;
    uint64_t first[2] = { raw[0], raw[1] };

    if (!(reg & ALAT_FR))
        return !gr_nat(v, reg) && *gr_slot(v, reg) == mem_order(raw[0], e->size, e->be);
    if (e->pair && e->size == 8)
        first[0] &= UINT32_MAX;
    now = fr_get(v, reg & 0x7f);
    loaded = mem_fp_value(e->form, e->be, first);
    return now.sig == loaded.sig && now.se == loaded.se;
}

/* A pair's second register is not compared: its bytes must be what they were, which only a miss makes sure of. */
OP_HELPER(op_alat_check)
{
    unsigned reg = imm & 0xff;
    struct alat_entry *e = alat_find(v, reg);
    uint64_t raw[2];

    (void)a, (void)b;
    *out = e && !e->pair && reread(v, e, raw) && register_agrees(v, reg, e, raw);
    if (e && (!*out || (imm >> 8 & 1)))
        e->slot = 0;
    return OPR_OK;
}

OP_HELPER(op_alat_drop)
{
    (void)a, (void)b, (void)out;
    alat_drop(v, imm & 0xff);
    return OPR_OK;
}

OP_HELPER(op_invala)
{
    (void)imm, (void)a, (void)b, (void)out;
    alat_invalidate_all(v);
    return OPR_OK;
}
