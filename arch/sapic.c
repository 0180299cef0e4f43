/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local SAPIC: pending and in-service vectors, priority and masking (SDM Vol.2 5.8). */
#include "arch/interruption.h"
#include "arch/vti.h"

enum { VECTOR_EXTINT = 0, VECTOR_NMI = 2, VECTOR_SPURIOUS = 15, VECTOR_FIRST = 16 };

#define TPR_MMI (UINT64_C(1) << 16)
/* Vectors 1 and 3-15 do not exist. */
#define IRR0_BITS UINT64_C(0xffffffffffff0005)
#define NMI_BIT (UINT64_C(1) << VECTOR_NMI)
#define EXTINT_BIT (UINT64_C(1) << VECTOR_EXTINT)

static bool vector_exists(unsigned vector)
{
    return vector < 256 && (vector >= VECTOR_FIRST || IRR0_BITS >> vector & 1);
}

void sapic_post(struct vcpu *v, unsigned vector)
{
    if (!vector_exists(vector))
        return;
    atomic_fetch_or(&v->sapic.posted[vector / 64], UINT64_C(1) << vector % 64);
    atomic_fetch_or(&v->attention, ATTN_IRQ);
}

void sapic_pend(struct vcpu *v, unsigned vector)
{
    if (!vector_exists(vector))
        return;
    v->sapic.irr[vector / 64] |= UINT64_C(1) << vector % 64;
    interruption_update(v);
}

static void fold_posted(struct vcpu *v)
{
    for (unsigned i = 0; i < 4; i++)
        if (atomic_load_explicit(&v->sapic.posted[i], memory_order_relaxed))
            v->sapic.irr[i] |= atomic_exchange(&v->sapic.posted[i], 0);
}

/* Highest set vector from 16 up, or -1. */
static int highest_ordinary(const uint64_t set[4])
{
    for (int i = 3; i > 0; i--)
        if (set[i])
            return i * 64 + 63 - __builtin_clzll(set[i]);
    if (set[0] >> VECTOR_FIRST)
        return 63 - __builtin_clzll(set[0]);
    return -1;
}

/* Highest pending vector that neither TPR nor one in service masks, or 15. psr.i is not looked at. */
static unsigned highest_unmasked(const struct vcpu *v)
{
    const struct local_sapic *s = &v->sapic;
    uint64_t tpr = v->cr[CR_TPR];
    int vector;

    if (s->irr[0] & NMI_BIT && !(s->isr[0] & NMI_BIT))
        return VECTOR_NMI;
    if (tpr & TPR_MMI || s->isr[0] & (NMI_BIT | EXTINT_BIT))
        return VECTOR_SPURIOUS;
    if (s->irr[0] & EXTINT_BIT)
        return VECTOR_EXTINT;
    vector = highest_ordinary(s->irr);
    if (vector < 0 || (unsigned)vector >> 4 <= (tpr >> 4 & 0xf) || vector <= highest_ordinary(s->isr))
        return VECTOR_SPURIOUS;
    return (unsigned)vector;
}

bool sapic_unmasked_pending(struct vcpu *v)
{
    fold_posted(v);
    return highest_unmasked(v) != VECTOR_SPURIOUS;
}

/*
 * The flag goes down before posted vectors are folded in: a poster sets its vector first, so that a vector
 * which is not seen here raises the flag again.
 */
void interruption_update(struct vcpu *v)
{
    if (atomic_load(&v->attention) & ATTN_IRQ)
        atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_IRQ);
    if (sapic_unmasked_pending(v) && v->psr & PSR_I)
        atomic_fetch_or(&v->attention, ATTN_IRQ);
}

bool interruption_external(struct vcpu *v)
{
    if (atomic_load(&v->attention) & ATTN_TIMER) {
        atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_TIMER);
        itc_check(v);
    }
    interruption_update(v);
    if (!(v->psr & PSR_I) || highest_unmasked(v) == VECTOR_SPURIOUS)
        return vti_interrupt(v);
    v->fault.kind = FAULT_EXTERNAL_INTERRUPT;
    v->fault.isr = 0;
    interruption_deliver(v);
    return true;
}

unsigned sapic_acknowledge(struct vcpu *v)
{
    unsigned vector;

    fold_posted(v);
    vector = highest_unmasked(v);
    if (vector != VECTOR_SPURIOUS) {
        v->sapic.irr[vector / 64] &= ~(UINT64_C(1) << vector % 64);
        v->sapic.isr[vector / 64] |= UINT64_C(1) << vector % 64;
    }
    interruption_update(v);
    return vector;
}

unsigned sapic_peek(struct vcpu *v)
{
    fold_posted(v);
    return (unsigned)highest_unmasked(v);
}

void sapic_end(struct vcpu *v)
{
    uint64_t *isr = v->sapic.isr;
    int vector = highest_ordinary(isr);

    if (isr[0] & NMI_BIT)
        isr[0] &= ~NMI_BIT;
    else if (isr[0] & EXTINT_BIT)
        isr[0] &= ~EXTINT_BIT;
    else if (vector >= 0)
        isr[vector / 64] &= ~(UINT64_C(1) << vector % 64);
    interruption_update(v);
}
