/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ptc.g among processors (SDM Vol.2 4.4.7, 5.8: one at a time, complete when every processor has purged).
 *
 * One request at a time is out, under vm->ptc_lock. Its issuer marks every other vcpu, then waits until each mark is gone. A
 * vcpu that runs serves its mark at the next unit boundary (ATTN_SYNC). One that does not run is purged by the issuer, who
 * takes its TLB from TLB_IDLE to TLB_PROXY for that time. Two issuers cannot deadlock: who waits for the lock serves its
 * own mark meanwhile, and who has the lock is never marked.
 */
#include "arch/tlb_sync.h"

#include "arch/alat.h"
#include "arch/ops.h"
#include "arch/tlb.h"

enum { SPINS_BEFORE_YIELD = 200, PAUSES_BEFORE_YIELD = 4 };

static inline void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void spin(struct vcpu *v, unsigned *spins)
{
    spin_pause();
    if (++*spins >= SPINS_BEFORE_YIELD && v->vm->yield)
        v->vm->yield(v->vm->opaque, v);
}

/* TRs stay (SDM Vol.2 table 4-1). */
static void purge(struct vcpu *v, const struct ptc_request *req)
{
    tlb_purge_tc(v, TLB_DATA, req->rid, req->gva, req->ps);
    tlb_purge_tc(v, TLB_INST, req->rid, req->gva, req->ps);
}

/* Whoever holds v->tlb. */
static void serve_pending(struct vcpu *v)
{
    if (!atomic_load_explicit(&v->tlb->purge_pending, memory_order_acquire))
        return;
    purge(v, &v->vm->ptc);
    if (v->vm->ptc.drop_alat)
        alat_invalidate_all(v);
    atomic_store_explicit(&v->tlb->purge_pending, false, memory_order_release);
}

/**
 * tlb_serve - carries out the purge that another vcpu waits for, if there is one
 * Called at a unit boundary when ATTN_SYNC is set (the caller clears that bit first). Own thread.
 */
void tlb_serve(struct vcpu *v)
{
    serve_pending(v);
}

/**
 * tlb_guest_enter - takes the TLB for running guest code; waits while another vcpu's thread purges it
 */
void tlb_guest_enter(struct vcpu *v)
{
    unsigned spins = 0;

    for (;;) {
        unsigned expected = TLB_IDLE;

        if (atomic_compare_exchange_weak(&v->tlb->owner, &expected, TLB_RUNNING))
            break;
        spin(v, &spins);
    }
    serve_pending(v);
}

/**
 * tlb_guest_leave - gives the TLB free: from here on others may purge it
 */
void tlb_guest_leave(struct vcpu *v)
{
    atomic_store(&v->tlb->owner, TLB_IDLE);
}

static void mark(struct vcpu *other)
{
    struct vm *vm = other->vm;

    atomic_store(&other->tlb->purge_pending, true);
    atomic_fetch_or(&other->attention, ATTN_SYNC);
    if (vm->kick && atomic_load(&other->tlb->owner) == TLB_RUNNING)
        vm->kick(vm->opaque, other);
}

static void wait_for(struct vcpu *v, struct vcpu *other)
{
    unsigned spins = 0;

    while (atomic_load_explicit(&other->tlb->purge_pending, memory_order_acquire)) {
        unsigned expected = TLB_IDLE;

        if (atomic_compare_exchange_strong(&other->tlb->owner, &expected, TLB_PROXY)) {
            serve_pending(other);
            atomic_store(&other->tlb->owner, TLB_IDLE);
        } else {
            spin(v, &spins);
        }
    }
}

void tlb_purge_global(struct vcpu *v, const struct ptc_request *req)
{
    struct vm *vm = v->vm;
    unsigned n = atomic_load(&vm->n_vcpus), spins = 0;

    if (n > 1) {
        while (atomic_flag_test_and_set_explicit(&vm->ptc_lock, memory_order_acquire)) {
            serve_pending(v);
            spin(v, &spins);
        }
        n = atomic_load(&vm->n_vcpus);
        vm->ptc = *req;
        for (unsigned i = 0; i < n; i++) {
            struct vcpu *other = atomic_load(&vm->vcpus[i]);

            if (other && other != v)
                mark(other);
        }
    }
    purge(v, req);
    if (n <= 1)
        return;
    for (unsigned i = 0; i < n; i++) {
        struct vcpu *other = atomic_load(&vm->vcpus[i]);

        if (other && other != v)
            wait_for(v, other);
    }
    atomic_flag_clear_explicit(&vm->ptc_lock, memory_order_release);
}

/*
 * Guests pause while they wait for another processor, which may be waiting for this thread's place on the host. The TLB is
 * free meanwhile, so that a ptc.g of the other one needs no answer from here.
 */
OP_HELPER(op_hint_pause)
{
    (void)imm, (void)a, (void)b, (void)out;
    spin_pause();
    if (++v->pauses >= PAUSES_BEFORE_YIELD) {
        v->pauses = 0;
        if (v->vm->pause) {
            v->vm->pause(v->vm->opaque, v);
        } else if (v->vm->yield && atomic_load_explicit(&v->vm->n_vcpus, memory_order_relaxed) > 1) {
            tlb_guest_leave(v);
            v->vm->yield(v->vm->opaque, v);
            tlb_guest_enter(v);
        }
    }
    return OPR_OK;
}
