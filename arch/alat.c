/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The advanced load address table (SDM Vol.1 4.4.5.3, SDM Vol.2 4.4.5.3), without any cost for stores.
 *
 * An entry remembers what an advanced load read. chk.a hits if the entry is there, the present translation still gives the
 * same bytes, and the register still holds what they load: then reloading would change nothing, which is all that a hit
 * promises. Stores, semaphores, DMA and other processors need not look at the table. ld.c is a plain load (a miss is always
 * allowed); as it changes the register but not the entry, the comparison with the register is needed.
 *
 * Entries are tagged by physical register: bank of r16-r31, place in stack[], rot_gr[] or rot_fr[]. Rotation by one keeps all
 * but the wrapped register in place; whatever else moves windows calls alat_invalidate_all().
 */
#include "arch/alat.h"
#include "arch/mmu_ref.h"
#include "arch/ops.h"

static_assert(N_ALAT == 32, "alat_live has a bit for each entry");
static_assert(STACK_SLOTS + STACK_SLACK + 128 < 0x4000 && ROT_SLOTS + 256 < 0x2000 && FROT_SLOTS + 256 < 0x1000,
              "tag ranges are disjoint");

static uint16_t alat_tag(const struct vcpu *v, unsigned reg)
{
    unsigned r = reg & 0x7f;

    if (reg & ALAT_FR)
        return (uint16_t)(r < 32 ? 0x200 + r : 0x1000 + (unsigned)(v->frot - v->rot_fr) + r - 32);
    if (r < 32)
        return (uint16_t)(0x100 + r + (r >= 16 && (v->psr & PSR_BN) ? 16 : 0));
    if (r - 32 < cfm_sor(v->cfm))
        return (uint16_t)(0x2000 + (unsigned)(v->rot - v->rot_gr) + r - 32);
    return (uint16_t)(0x4000 + (unsigned)(v->frame - v->stack) + r - 32);
}

static int alat_find(const struct vcpu *v, unsigned reg)
{
    uint16_t tag = alat_tag(v, reg);

    for (uint32_t m = v->alat_live; m; m &= m - 1) {
        int i = __builtin_ctz(m);

        if (v->alat[i].tag == tag)
            return i;
    }
    return -1;
}

void alat_drop(struct vcpu *v, unsigned reg)
{
    int i;

    if (!v->alat_live)
        return;
    i = alat_find(v, reg);
    if (i >= 0)
        v->alat_live &= ~(UINT32_C(1) << i);
}

/**
 * alat_invalidate_all - drops every entry (invala, and moves of register windows)
 */
void alat_invalidate_all(struct vcpu *v)
{
    v->alat_live = 0;
}

void alat_record(struct vcpu *v, unsigned reg, uint64_t gva, unsigned size, unsigned form, const uint64_t raw[2])
{
    int i = alat_find(v, reg);

    if (i < 0)
        i = (int)(v->alat_next++ % N_ALAT);
    v->alat[i] = (struct alat_entry){
        .tag = alat_tag(v, reg),
        .size = (uint8_t)size,
        .form = (uint8_t)(form & ~ALAT_FORM_PAIR),
        .pair = form & ALAT_FORM_PAIR,
        .be = v->psr & PSR_BE,
        .gva = gva,
        .raw = { raw[0], size > 8 ? raw[1] : 0 },
    };
    v->alat_live |= UINT32_C(1) << i;
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

/* True if register @reg holds what the entry's bytes load. */
static bool register_agrees(struct vcpu *v, unsigned reg, const struct alat_entry *e)
{
    struct ia64_fr now, loaded;
    uint64_t first[2] = { e->raw[0], e->raw[1] };

    if (!(reg & ALAT_FR))
        return !gr_nat(v, reg) && *gr_slot(v, reg) == mem_order(e->raw[0], e->size, e->be);
    if (e->pair && e->size == 8)
        first[0] &= UINT32_MAX;
    now = fr_get(v, reg & 0x7f);
    loaded = mem_fp_value(e->form, e->be, first);
    return now.sig == loaded.sig && now.se == loaded.se;
}

OP_HELPER(op_alat_check)
{
    unsigned reg = imm & 0xff;
    uint64_t raw[2];
    int i;

    (void)a, (void)b;
    *out = 0;
    if (!v->alat_live)
        return OPR_OK;
    i = alat_find(v, reg);
    if (i < 0)
        return OPR_OK;
    *out = reread(v, &v->alat[i], raw) && raw[0] == v->alat[i].raw[0] && raw[1] == v->alat[i].raw[1] &&
           register_agrees(v, reg, &v->alat[i]);
    if (!*out || (imm >> 8 & 1))
        v->alat_live &= ~(UINT32_C(1) << i);
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
