/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor of the tests of arch/ and the fakes behind arch/mmu.h. */
#include "tests/arch/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "arch/alat.h"

struct fake fake;

void mmu_update_tags(struct vcpu *v)
{
    (void)v;
    fake.tags_updates++;
}

void mmu_flush_soft(struct vcpu *v) { (void)v; }
void tlb_reset(struct vcpu *v) { (void)v; }
void alat_invalidate_all(struct vcpu *v) { (void)v; }

enum op_result mmu_fetch(struct vcpu *v, uint64_t gva, uint64_t *gpa, unsigned *page_ar_pl)
{
    if (fake.fetch_result != OPR_OK)
        return fault_raise(v, FAULT_INST_TLB, 0);
    *gpa = gva;
    if (page_ar_pl)
        *page_ar_pl = fake.fetch_ar_pl;
    return OPR_OK;
}

static uint64_t *word(uint64_t gva)
{
    if (fake.wild)
        return &fake.memory[gva / 8 % (sizeof(fake.memory) / 8)];
    assert_true(gva >= FAKE_MEMORY && gva < FAKE_MEMORY + sizeof(fake.memory) && gva % 8 == 0);
    return &fake.memory[(gva - FAKE_MEMORY) / 8];
}

/* One page or none is in the soft TLB: every second reference that comes here says which. */
static void soft_tlb(struct vcpu *v, uint64_t gva)
{
    static unsigned n;
    uint64_t page = gva & ~UINT64_C(0xfff);

    for (unsigned i = 0; i < STLB_SIZE; i++)
        v->stlb[i].tag_r = v->stlb[i].tag_w = STLB_INVALID;
    if (fake.wild || ++n % 2)
        return;
    *stlb_slot(v, gva) = (struct stlb_entry){ .tag_r = page ^ v->rse_tag[gva >> 61],
                                              .tag_w = page ^ v->rse_tag[gva >> 61],
                                              .addend = (uintptr_t)word(page) - page };
}

enum op_result mem_load(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t *value)
{
    (void)size, (void)flags;
    if (fake.on_ref && fake.on_ref(v, gva, false) != OPR_OK)
        return OPR_FAULT;
    *value = *word(gva);
    soft_tlb(v, gva);
    return OPR_OK;
}

/* No virtual processor is ever loaded here. */
enum op_result mem_rmw_hva(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, void **hva)
{
    (void)gva, (void)size, (void)flags, (void)hva;
    return fault_raise(v, FAULT_DATA_TLB, 0);
}

enum op_result mem_store(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t value)
{
    (void)size, (void)flags;
    if (fake.on_ref && fake.on_ref(v, gva, true) != OPR_OK)
        return OPR_FAULT;
    *word(gva) = value;
    soft_tlb(v, gva);
    return OPR_OK;
}

static uint64_t fake_now(void *opaque)
{
    (void)opaque;
    return fake.now_ns;
}

static void fake_timer_changed(void *opaque, struct vcpu *v)
{
    (void)opaque, (void)v;
    fake.timer_changes++;
}

struct vcpu *fixture_new(void)
{
    struct vm *vm = calloc(1, sizeof(*vm));
    struct vcpu *v = calloc(1, sizeof(*v));

    assert_non_null(vm);
    assert_non_null(v);
    memset(&fake, 0, sizeof(fake));
    vm->n_itr = vm->n_dtr = 64;
    vm->rid_bits = vm->key_bits = 24;
    vm->pa_bits = 50;
    vm->va_msb = 60;
    vm->page_sizes = 0x115557000; /* 4K 8K 16K 64K 256K 1M 4M 16M 64M 256M 4G */
    vm->cpuid[0] = UINT64_C(0x49656e69756e6547);
    vm->cpuid[1] = UINT64_C(0x6c65746e);
    vm->cpuid[3] = 0x20000704;
    vm->cpuid[4] = 5;
    vm->itc_hz = FIXTURE_HZ;
    vm->now_ns = fake_now;
    vm->timer_changed = fake_timer_changed;
    v->vm = vm;
    vcpu_reset(v);
    for (unsigned i = 0; i < STLB_SIZE; i++)
        v->stlb[i].tag_r = v->stlb[i].tag_w = STLB_INVALID;
    v->cr[CR_IVA] = 0x10000;
    v->rse.bspstore = FAKE_MEMORY + sizeof(fake.memory) / 2;
    return v;
}

void fixture_free(struct vcpu *v)
{
    free(v->vm);
    free(v);
}

int fixture_setup(void **state)
{
    *state = fixture_new();
    return 0;
}

int fixture_teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

uint64_t fixture_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}
