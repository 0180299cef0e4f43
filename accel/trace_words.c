/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A processor's architected state as words, in a form that does not depend on the engine. */
#include <string.h>

#include "accel/trace.h"
#include "accel/trace_format.h"
#include "arch/gr.h"
#include "arch/tlb.h"

static uint64_t mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t *put(uint64_t *to, const uint64_t *from, unsigned n)
{
    memcpy(to, from, n * sizeof(*to));
    return to + n;
}

static uint64_t *put_gr(uint64_t *to, const struct vcpu *v)
{
    to = put(to, v->gr, 32);
    to = put(to, v->gr_bank, 16);
    *to++ = v->nat_any ? v->nat_gr : 0;
    *to++ = v->nat_any ? v->nat_bank : 0;
    return to;
}

/* Registers out of the frame and below the dirty partition are nobody's: 0. */
static uint64_t *put_stacked(uint64_t *to, struct vcpu *v)
{
    unsigned sof = cfm_sof(v->cfm), dirty = v->rse.ndirty > 0 ? (unsigned)v->rse.ndirty : 0;
    uint64_t *nats = to + 96, *below = to + 98;

    memset(to, 0, (96 + 2) * 2 * sizeof(*to));
    for (unsigned k = 0; k < sof; k++) {
        to[k] = *gr_slot(v, 32 + k);
        nats[k / 64] |= (uint64_t)gr_nat(v, 32 + k) << k % 64;
    }
    nats = below + 96;
    for (unsigned k = 0; k < dirty && k < 96; k++) {
        const uint64_t *slot = v->frame - 1 - k;

        below[k] = *slot;
        if (v->nat_any)
            nats[k / 64] |= (uint64_t)gr_stack_nat(v, slot) << k % 64;
    }
    return nats + 2;
}

static uint64_t *put_fr(uint64_t *to, struct vcpu *v)
{
    for (unsigned f = 0; f < 128; f++) {
        struct ia64_fr value = fr_get(v, f);

        to[f] = value.sig;
        to[128 + f] = value.se;
    }
    return to + 256;
}

static uint64_t *put_ar(uint64_t *to, const struct vcpu *v)
{
    const uint64_t ars[] = {
        v->rsc, v->rse.bspstore, v->rse.rnat, (uint64_t)(int64_t)v->rse.ndirty, v->ccv, v->unat, v->fpsr, v->pfs, v->lc, v->ec,
        v->csd, v->ssd,
    };

    to = put(to, v->kr, 8);
    to = put(to, ars, sizeof(ars) / sizeof(ars[0]));
    to = put(to, v->ia32_ar, 8);
    *to++ = (uint64_t)v->itc_offset;
    *to++ = v->itc_last;
    return to;
}

static uint64_t *put_sapic(uint64_t *to, struct vcpu *v)
{
    for (unsigned i = 0; i < 4; i++)
        *to++ = v->sapic.irr[i] | atomic_load(&v->sapic.posted[i]);
    to = put(to, v->sapic.isr, 4);
    *to++ = v->sapic.itm_armed;
    return to;
}

static uint64_t hash_entry(uint64_t h, unsigned index, const struct tlb_entry *e)
{
    h = mix(h, (uint64_t)index << 32 | e->ps);
    h = mix(h, e->va);
    h = mix(h, e->pte);
    return mix(h, (uint64_t)e->rid << 32 | e->key);
}

static uint64_t *put_tlb(uint64_t *to, const struct tlb_side *s, bool deep)
{
    uint64_t trs = 0, tcs = 0;

    for (unsigned i = 0; i < s->n_tr_used; i++)
        trs = hash_entry(trs, s->tr_used[i], &s->tr[s->tr_used[i]]);
    for (unsigned i = 0; deep && i < TC_SIZE; i++)
        if (s->tc[i].ps)
            tcs = hash_entry(tcs, i, &s->tc[i]);
    *to++ = trs;
    *to++ = s->victim;
    *to++ = s->ps_mask;
    *to++ = tcs;
    return to;
}

void trace_words(struct vcpu *v, uint64_t *words, bool deep)
{
    uint64_t *to = words;

    *to++ = v->ip | v->ri;
    to = put_gr(to, v);
    to = put_stacked(to, v);
    to = put_fr(to, v);
    *to++ = v->pr;
    to = put(to, v->br, 8);
    to = put_ar(to, v);
    to = put(to, v->cr, 128);
    *to++ = v->psr;
    *to++ = v->cfm;
    *to++ = (uint64_t)v->rse.cfle << 1 | v->ic_inflight;
    to = put(to, v->rr, 8);
    to = put(to, v->pkr, 16);
    to = put(to, v->ibr, 8);
    to = put(to, v->dbr, 8);
    to = put(to, v->pmc, 32);
    to = put(to, v->pmd, 32);
    to = put_sapic(to, v);
    to = put_tlb(to, &v->tlb->side[TLB_DATA], deep);
    to = put_tlb(to, &v->tlb->side[TLB_INST], deep);
    assert(to == words + trace_n_words());
}
