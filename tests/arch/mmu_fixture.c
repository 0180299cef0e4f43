/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor of the translation tests. */
#include "tests/arch/mmu_fixture.h"

#include <stdlib.h>

struct mmu_device mmu_device;
struct mmu_code_change mmu_code_change;

static uint64_t device_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)opaque;
    mmu_device.offset = offset;
    mmu_device.size = size;
    mmu_device.reads++;
    return mmu_device.answer;
}

static void device_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)opaque;
    mmu_device.offset = offset;
    mmu_device.size = size;
    mmu_device.value = value;
    mmu_device.writes++;
}

static const struct kia_mmio_ops device_ops = { .name = "test", .read = device_read, .write = device_write };

static void code_changed(void *opaque, uint64_t gpa, uint64_t len)
{
    (void)opaque;
    mmu_code_change.gpa = gpa;
    mmu_code_change.len = len;
    mmu_code_change.count++;
}

struct vcpu *mmu_add_vcpu(struct vm *vm)
{
    struct vcpu *v = calloc(1, sizeof(*v));

    assert_non_null(v);
    v->vm = vm;
    v->mem = vm->mem;
    v->frame = v->stack;
    v->rot = v->rot_gr;
    v->frot = v->rot_fr;
    assert_int_equal(tlb_create(v), 0);
    v->index = atomic_load(&vm->n_vcpus);
    atomic_store(&vm->vcpus[v->index], v);
    atomic_store(&vm->n_vcpus, v->index + 1);
    v->psr = PSR_DT | PSR_RT | PSR_IT | PSR_IC | PSR_BN;
    for (unsigned i = 0; i < 8; i++)
        v->rr[i] = (MMU_RID + i) << 8 | 14 << 2;
    mmu_update_tags(v);
    return v;
}

int mmu_setup(void **state)
{
    struct vm *vm = calloc(1, sizeof(*vm));

    assert_non_null(vm);
    memset(&mmu_device, 0, sizeof(mmu_device));
    memset(&mmu_code_change, 0, sizeof(mmu_code_change));
    vm->n_itr = vm->n_dtr = 64;
    vm->rid_bits = vm->key_bits = 24;
    vm->pa_bits = 50;
    vm->va_msb = 60;
    vm->page_sizes = UINT64_C(0x155557000) & ~(UINT64_C(1) << 30);
    vm->code_changed = code_changed;
    atomic_flag_clear(&vm->ptc_lock);
    atomic_flag_clear(&vm->lock16);
    vm->mem = kia_mem_create();
    assert_non_null(vm->mem);
    assert_int_equal(kia_mem_add_ram(vm->mem, 0, MMU_RAM_SIZE), 0);
    assert_int_equal(kia_mem_add_mmio(vm->mem, MMU_MMIO, 0x10000, &device_ops, NULL), 0);
    *state = mmu_add_vcpu(vm);
    return 0;
}

int mmu_teardown(void **state)
{
    struct vm *vm = ((struct vcpu *)*state)->vm;

    for (unsigned i = 0; i < atomic_load(&vm->n_vcpus); i++) {
        struct vcpu *v = atomic_load(&vm->vcpus[i]);

        tlb_destroy(v);
        free(v);
    }
    kia_mem_destroy(vm->mem);
    free(vm);
    return 0;
}

void mmu_map_key(struct vcpu *v, enum tlb_kind kind, uint64_t gva, uint64_t gpa, unsigned ps, uint64_t pte, uint32_t key)
{
    uint64_t out;

    v->cr[CR_IFA] = gva;
    v->cr[CR_ITIR] = (uint64_t)ps << 2 | (uint64_t)key << 8;
    assert_int_not_equal(op_itc(v, kind == TLB_INST, gpa | pte, 0, &out), OPR_FAULT);
}

void mmu_map(struct vcpu *v, enum tlb_kind kind, uint64_t gva, uint64_t gpa, unsigned ps, uint64_t pte)
{
    mmu_map_key(v, kind, gva, gpa, ps, pte, 0);
}

void mmu_set_psr(struct vcpu *v, uint64_t set, uint64_t clear)
{
    v->psr = (v->psr & ~clear) | set;
    mmu_update_tags(v);
}

void mmu_set_cpl(struct vcpu *v, unsigned cpl)
{
    mmu_set_psr(v, (uint64_t)cpl << PSR_CPL_SHIFT, PSR_CPL & ~((uint64_t)cpl << PSR_CPL_SHIFT));
}

void mmu_set_rr(struct vcpu *v, unsigned region, uint64_t rid, unsigned ps, bool ve)
{
    v->rr[region] = rid << 8 | (uint64_t)ps << 2 | (ve ? RR_VE : 0);
    mmu_update_tags(v);
}

void mmu_map_code(struct vcpu *v, bool ed)
{
    mmu_map(v, TLB_INST, MMU_CODE, 0xff0000, 14, PTE_USER | (ed ? PTE_ED : 0));
    v->ip = MMU_CODE;
}

uint64_t mmu_peek(struct vcpu *v, uint64_t gpa)
{
    uint64_t value;

    assert_int_equal(kia_mem_read(v->mem, gpa, &value, 8), 0);
    return value;
}

void mmu_poke(struct vcpu *v, uint64_t gpa, uint64_t value)
{
    assert_int_equal(kia_mem_write(v->mem, gpa, &value, 8), 0);
}

void mmu_expect(struct vcpu *v, enum fault kind, uint64_t isr, uint64_t ifa)
{
    assert_int_equal(v->fault.kind, kind);
    assert_int_equal(v->fault.isr, isr);
    assert_int_equal(v->fault.ifa, ifa);
    assert_int_equal(v->fault.itir, v->rr[ifa >> 61] & 0xfffffffc);
}

uint64_t mmu_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}
