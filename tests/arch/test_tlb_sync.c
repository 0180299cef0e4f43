/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ptc.g among processors that run, sleep, and issue purges of their own at the same time. */
#include <pthread.h>
#include <sched.h>

#include "tests/arch/mmu_fixture.h"

enum { N = 4, ROUNDS = 300 };

#define PAGE_OF(i) (UINT64_C(0x2000000000100000) + (uint64_t)(i) * 0x4000)

static void give_way(void *opaque, struct vcpu *v)
{
    (void)opaque, (void)v;
    sched_yield();
}

static bool mapped(struct vcpu *v, uint64_t gva) { return tlb_find(v->tlb, TLB_DATA, 0x101, gva); }

/* A vcpu that sleeps is purged by the issuer; one that runs at its next unit boundary. */
static void *runner(void *arg)
{
    struct vcpu *v = arg;

    tlb_guest_enter(v);
    while (mapped(v, PAGE_OF(0)))
        if (atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_SYNC) & ATTN_SYNC)
            tlb_serve(v);
    tlb_guest_leave(v);
    return NULL;
}

static void test_reaches_all(void **state)
{
    struct vcpu *v = *state, *sleeper = mmu_add_vcpu(v->vm), *running = mmu_add_vcpu(v->vm);
    uint64_t out, x;
    pthread_t thread;

    v->vm->yield = give_way;
    for (unsigned i = 0; i < 2; i++) {
        mmu_map(v, TLB_DATA, PAGE_OF(i), i << 14, 14, PTE_RW);
        mmu_map(sleeper, TLB_DATA, PAGE_OF(i), i << 14, 14, PTE_RW);
        mmu_map(running, TLB_DATA, PAGE_OF(i), i << 14, 14, PTE_RW);
    }
    sleeper->cr[CR_IFA] = PAGE_OF(2);
    sleeper->cr[CR_ITIR] = 14 << 2;
    assert_int_equal(op_itr(sleeper, 0, PTE_RW, 5, &out), OPR_EXIT);
    assert_int_equal(op_ld_adv(sleeper, MEM_IMM(8, 4, LD_A), PAGE_OF(1), 0, &x), OPR_OK);
    assert_int_equal(mem_load(sleeper, PAGE_OF(0), 8, 0, &x), OPR_OK);
    tlb_guest_enter(running); /* runs from before the purge on */
    tlb_guest_leave(running);
    assert_int_equal(pthread_create(&thread, NULL, runner, running), 0);
    tlb_guest_enter(v);
    assert_int_equal(op_ptc_g(v, 0, PAGE_OF(0), 14 << 2, &out), OPR_EXIT);
    tlb_guest_leave(v);
    pthread_join(thread, NULL);
    assert_false(mapped(v, PAGE_OF(0)));
    assert_false(mapped(sleeper, PAGE_OF(0)));
    assert_int_equal(mem_load(sleeper, PAGE_OF(0), 8, 0, &x), OPR_FAULT); /* soft entries too */
    assert_true(mapped(v, PAGE_OF(1)) && mapped(sleeper, PAGE_OF(1)) && mapped(running, PAGE_OF(1)));
    /* TRs stay; ptc.ga empties the ALAT of others */
    assert_int_equal(op_ptc_g(v, 0, PAGE_OF(2), 14 << 2, &out), OPR_EXIT);
    assert_true(mapped(sleeper, PAGE_OF(2)));
    const uint32_t gen = sleeper->alat_gen;

    assert_int_equal(op_ptc_g(v, 1, PAGE_OF(2), 14 << 2, &out), OPR_EXIT);
    assert_int_not_equal(sleeper->alat_gen, gen);
}

/* One that pauses does not hold up a purge even if it never comes to a unit boundary. */
static void *pauser(void *arg)
{
    struct vcpu *v = arg;
    uint64_t out;

    tlb_guest_enter(v);
    while (mapped(v, PAGE_OF(0)))
        op_hint_pause(v, 0, 0, 0, &out);
    tlb_guest_leave(v);
    return NULL;
}

static void test_pause(void **state)
{
    struct vcpu *v = *state, *other = mmu_add_vcpu(v->vm);
    uint64_t out;
    pthread_t thread;

    v->vm->yield = give_way;
    mmu_map(other, TLB_DATA, PAGE_OF(0), 0, 14, PTE_RW);
    assert_int_equal(pthread_create(&thread, NULL, pauser, other), 0);
    tlb_guest_enter(v);
    assert_int_equal(op_ptc_g(v, 0, PAGE_OF(0), 14 << 2, &out), OPR_EXIT);
    tlb_guest_leave(v);
    pthread_join(thread, NULL);
    assert_false(mapped(other, PAGE_OF(0)));
}

/* Everybody maps, purges globally, checks that own purges took effect, and goes to sleep now and then. */
static void *issuer(void *arg)
{
    struct vcpu *v = arg;
    uint64_t seed = v->index + 1, out, failures = 0;

    tlb_guest_enter(v);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t gva = PAGE_OF(mmu_random(&seed) % 8);

        v->cr[CR_IFA] = gva;
        v->cr[CR_ITIR] = 14 << 2;
        op_itc(v, 0, PTE_RW, 0, &out);
        mem_load(v, gva, 8, 0, &out);
        op_ptc_g(v, round & 1, gva, 14 << 2, &out);
        failures += mapped(v, gva);
        if (atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_SYNC) & ATTN_SYNC)
            tlb_serve(v);
        if (round % 16 == 0) {
            tlb_guest_leave(v);
            sched_yield();
            tlb_guest_enter(v);
        }
    }
    tlb_guest_leave(v);
    return (void *)(uintptr_t)failures;
}

static void test_many_issuers(void **state)
{
    struct vcpu *v[N] = { *state };
    pthread_t thread[N];

    v[0]->vm->yield = give_way;
    for (unsigned i = 1; i < N; i++)
        v[i] = mmu_add_vcpu(v[0]->vm);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, issuer, v[i]), 0);
    for (unsigned i = 0; i < N; i++) {
        void *failures;

        pthread_join(thread[i], &failures);
        assert_null(failures);
    }
    for (unsigned i = 0; i < N; i++) {
        assert_false(atomic_load(&v[i]->tlb->purge_pending));
        assert_int_equal(atomic_load(&v[i]->tlb->owner), TLB_IDLE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reaches_all, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_pause, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_many_issuers, mmu_setup, mmu_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
