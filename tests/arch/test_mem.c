/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads, stores, semaphores: sizes, alignment, byte order, devices (SDM Vol.2 4.4, 4.5; SDM Vol.3). */
#include "tests/arch/mmu_fixture.h"

#define A UINT64_C(0x2000000000004000)
#define GPA UINT64_C(0x8000)
#define IO UINT64_C(0xc000000000000000)

static int setup(void **state)
{
    struct vcpu *v;

    mmu_setup(state);
    v = *state;
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER);
    mmu_map(v, TLB_DATA, IO, MMU_MMIO, 14, PTE(3, 3, MA_UC));
    return 0;
}

static void test_sizes(void **state)
{
    struct vcpu *v = *state;
    uint64_t x;

    mmu_poke(v, GPA, UINT64_C(0x8877665544332211));
    for (unsigned i = 0; i < 2; i++) { /* slow path, then through the soft TLB */
        assert_int_equal(mem_load(v, A, 1, 0, &x), OPR_OK);
        assert_int_equal(x, 0x11);
        assert_int_equal(mem_load(v, A, 2, 0, &x), OPR_OK);
        assert_int_equal(x, 0x2211);
        assert_int_equal(mem_load(v, A, 4, 0, &x), OPR_OK);
        assert_int_equal(x, 0x44332211);
        assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
        assert_int_equal(x, UINT64_C(0x8877665544332211));
        assert_int_equal(mem_load(v, A + 2, 2, REF_BE, &x), OPR_OK);
        assert_int_equal(x, 0x3344);
        assert_int_equal(mem_load(v, A + 7, 1, REF_BE, &x), OPR_OK);
        assert_int_equal(x, 0x88);
        assert_int_equal(mem_load(v, A, 8, REF_BE, &x), OPR_OK);
        assert_int_equal(x, UINT64_C(0x1122334455667788));
    }
    assert_int_equal(mem_store(v, A + 8, 4, 0, UINT64_C(0xffffffff12345678)), OPR_OK);
    assert_int_equal(mmu_peek(v, GPA + 8), 0x12345678);
    assert_int_equal(mem_store(v, A + 9, 1, 0, 0xfee), OPR_OK);
    assert_int_equal(mmu_peek(v, GPA + 8), 0x1234ee78);
    assert_int_equal(mem_store(v, A + 8, 2, REF_BE, 0xaabb), OPR_OK);
    assert_int_equal(mmu_peek(v, GPA + 8), 0x1234bbaa);
}

/* psr.ac = 0: within 4 KiB done in one go, across it a fault; psr.ac = 1: always a fault. */
static void test_alignment(void **state)
{
    static const uint8_t sizes[] = { 2, 4, 8 };
    struct vcpu *v = *state;
    uint64_t x;

    for (uint64_t a = 0; a < 64; a++)
        assert_int_equal(mem_store(v, A + 0x0fe0 + a, 1, 0, a), OPR_OK);
    for (unsigned i = 0; i < 3; i++) {
        for (uint64_t a = 0x0fe0; a < 0x1010; a++) {
            unsigned size = sizes[i];
            bool misaligned = a % size, crosses = a < 0x1000 && a + size > 0x1000;
            enum op_result expected = misaligned && crosses ? OPR_FAULT : OPR_OK;

            assert_int_equal(mem_load(v, A + a, size, 0, &x), expected);
            if (expected == OPR_OK) {
                for (unsigned b = 0; b < size; b++)
                    assert_int_equal(x >> 8 * b & 0xff, (a - 0x0fe0 + b) & 0xff);
                assert_int_equal(mem_store(v, A + a, size, 0, x), OPR_OK);
            } else {
                mmu_expect(v, FAULT_UNALIGNED, ISR_R, A + a);
                assert_int_equal(mem_store(v, A + a, size, 0, 0), OPR_FAULT);
                mmu_expect(v, FAULT_UNALIGNED, ISR_W, A + a);
            }
            assert_int_equal(mem_load(v, A + a, size, REF_ALIGNED, &x), misaligned ? OPR_FAULT : OPR_OK);
            mmu_set_psr(v, PSR_AC, 0);
            assert_int_equal(mem_load(v, A + a, size, 0, &x), misaligned ? OPR_FAULT : OPR_OK);
            if (misaligned)
                mmu_expect(v, FAULT_UNALIGNED, ISR_R, A + a);
            mmu_set_psr(v, 0, PSR_AC);
        }
    }
    for (uint64_t a = 0; a < 64; a++) { /* faulting stores left nothing */
        assert_int_equal(mem_load(v, A + 0x0fe0 + a, 1, 0, &x), OPR_OK);
        assert_int_equal(x, a);
    }
}

static void test_device(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, words[2] = { 1, 2 };
    void *hva;

    mmu_device.answer = UINT64_C(0x1122334455667788);
    assert_int_equal(mem_load(v, IO + 0x20, 4, 0, &x), OPR_OK);
    assert_int_equal(x, 0x55667788);
    assert_int_equal(mmu_device.offset, 0x20);
    assert_int_equal(mmu_device.size, 4);
    assert_int_equal(mem_load(v, IO + 0x20, 2, REF_BE, &x), OPR_OK);
    assert_int_equal(x, 0x8877);
    assert_int_equal(mem_store(v, IO + 1, 1, 0, 0x1234), OPR_OK);
    assert_int_equal(mmu_device.value, 0x34);
    assert_int_equal(mmu_device.size, 1);
    assert_int_equal(mmu_device.reads, 2);
    assert_int_equal(mem_load(v, IO + 2, 4, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_UNALIGNED, ISR_R, IO + 2);
    assert_int_equal(mem_load16(v, IO, 16, 0, words), OPR_OK);
    assert_int_equal(mmu_device.reads, 4);
    /* cacheable mapping of a device */
    mmu_map(v, TLB_DATA, IO, MMU_MMIO, 14, PTE_USER);
    assert_int_equal(mem_load(v, IO + 0x28, 8, 0, &x), OPR_OK);
    assert_int_equal(x, mmu_device.answer);
    assert_int_equal(mem_load(v, IO + 2, 4, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_UNALIGNED, ISR_R, IO + 2);
    assert_int_equal(mem_rmw_hva(v, IO, 8, 0, &hva), OPR_FAULT);
    mmu_expect(v, FAULT_UNSUPPORTED_DATA, ISR_R | ISR_W, IO);
    /* nobody there */
    mmu_map(v, TLB_DATA, IO, UINT64_C(0x10000000000), 14, PTE_USER);
    assert_int_equal(mem_load(v, IO, 2, 0, &x), OPR_OK);
    assert_int_equal(x, 0xffff);
}

static void test_semaphores(void **state)
{
    struct vcpu *v = *state;
    uint64_t x;

    mmu_poke(v, GPA, UINT64_C(0x8877665544332211));
    assert_int_equal(op_xchg(v, 4, A, UINT64_C(0xffffffff00000001), &x), OPR_OK);
    assert_int_equal(x, 0x44332211);
    assert_int_equal(mmu_peek(v, GPA), UINT64_C(0x8877665500000001));
    v->ccv = 0x88;
    assert_int_equal(op_cmpxchg(v, 1, A + 7, 0x199, &x), OPR_OK);
    assert_int_equal(x, 0x88);
    assert_int_equal(mmu_peek(v, GPA), UINT64_C(0x9977665500000001));
    v->ccv = 0x199; /* all of ccv counts */
    assert_int_equal(op_cmpxchg(v, 1, A + 7, 0, &x), OPR_OK);
    assert_int_equal(x, 0x99);
    assert_int_equal(mmu_peek(v, GPA), UINT64_C(0x9977665500000001));
    v->ccv = UINT64_C(0x9977665500000001);
    assert_int_equal(op_cmpxchg(v, 8, A, 0x10, &x), OPR_OK);
    assert_int_equal(mmu_peek(v, GPA), 0x10);
    assert_int_equal(op_fetchadd(v, 8 | (uint64_t)(uint8_t)-16 << 8, A, 0, &x), OPR_OK);
    assert_int_equal(x, 0x10);
    assert_int_equal(op_fetchadd(v, 4 | (uint64_t)(uint8_t)-1 << 8, A, 0, &x), OPR_OK);
    assert_int_equal(x, 0);
    assert_int_equal(mmu_peek(v, GPA), 0xffffffff);
    assert_int_equal(op_fetchadd(v, 8 | 4 << 8, A, 0, &x), OPR_OK);
    assert_int_equal(mmu_peek(v, GPA), UINT64_C(0x100000003));
    /* big-endian */
    mmu_set_psr(v, PSR_BE, 0);
    mmu_poke(v, GPA, UINT64_C(0xff00000000000000)); /* 0x00000000000000ff */
    assert_int_equal(op_fetchadd(v, 8 | 1 << 8, A, 0, &x), OPR_OK);
    assert_int_equal(x, 0xff);
    assert_int_equal(mmu_peek(v, GPA), UINT64_C(0x0001000000000000));
    v->ccv = 0x100;
    assert_int_equal(op_cmpxchg(v, 8, A, 0x12, &x), OPR_OK);
    assert_int_equal(mmu_peek(v, GPA), UINT64_C(0x1200000000000000));
    assert_int_equal(op_xchg(v, 2, A + 6, 0x3456, &x), OPR_OK);
    assert_int_equal(x, 0x12);
    assert_int_equal(mmu_peek(v, GPA), UINT64_C(0x5634000000000000));
}

static void test_semaphore_faults(void **state)
{
    struct vcpu *v = *state;
    uint64_t x;

    for (unsigned size = 2; size <= 8; size *= 2) {
        assert_int_equal(op_xchg(v, size, A + 1, 0, &x), OPR_FAULT);
        mmu_expect(v, FAULT_UNALIGNED, ISR_R | ISR_W, A + 1);
    }
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE(0, 3, MA_WB));
    assert_int_equal(op_cmpxchg(v, 8, A, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_ACCESS_RIGHTS, ISR_R | ISR_W, A);
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER & ~PTE_D);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(op_fetchadd(v, 8 | 1 << 8, A, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_DIRTY, ISR_R | ISR_W, A);
    assert_int_equal(mmu_peek(v, GPA), 0);
    mmu_set_psr(v, 0, PSR_DT); /* uncacheable physical */
    assert_int_equal(op_xchg(v, 8, GPA, 5, &x), OPR_OK);
    assert_int_equal(mmu_peek(v, GPA), 5);
    assert_int_equal(op_xchg(v, 8, GPA | UINT64_C(1) << 63, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_UNSUPPORTED_DATA, ISR_R | ISR_W, GPA | UINT64_C(1) << 63);
}

static void test_sixteen(void **state)
{
    struct vcpu *v = *state;
    uint64_t x;

    v->csd = 0x22;
    assert_int_equal(op_st16(v, 0, A + 0x10, 0x11, &x), OPR_OK);
    assert_int_equal(mmu_peek(v, GPA + 0x10), 0x11);
    assert_int_equal(mmu_peek(v, GPA + 0x18), 0x22);
    v->csd = 0;
    assert_int_equal(op_ld16(v, 0, A + 0x10, 0, &x), OPR_OK);
    assert_int_equal(x, 0x11);
    assert_int_equal(v->csd, 0x22);
    assert_int_equal(op_ld16(v, 0, A + 0x18, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_UNALIGNED, ISR_R, A + 0x18);
    /* cmp8xchg16 compares the half it names and writes both */
    v->csd = 0x44;
    v->ccv = 0x23;
    assert_int_equal(op_cmp8xchg16(v, 0, A + 0x18, 0x33, &x), OPR_OK);
    assert_int_equal(x, 0x22);
    assert_int_equal(mmu_peek(v, GPA + 0x10), 0x11);
    v->ccv = 0x22;
    assert_int_equal(op_cmp8xchg16(v, 0, A + 0x18, 0x33, &x), OPR_OK);
    assert_int_equal(x, 0x22);
    assert_int_equal(mmu_peek(v, GPA + 0x10), 0x33);
    assert_int_equal(mmu_peek(v, GPA + 0x18), 0x44);
    assert_int_equal(op_cmp8xchg16(v, 0, A + 0x14, 0x33, &x), OPR_FAULT);
    mmu_expect(v, FAULT_UNALIGNED, ISR_R | ISR_W, A + 0x14);
    /* a read-only page can be read */
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE(0, 3, MA_WB));
    assert_int_equal(op_ld16(v, 0, A + 0x10, 0, &x), OPR_OK);
    assert_int_equal(x, 0x33);
    assert_int_equal(op_st16(v, 0, A + 0x10, 0x11, &x), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_ACCESS_RIGHTS, ISR_W, A + 0x10);
}

static void test_spill_fill(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, out;

    for (unsigned i = 0; i < 64; i++) {
        v->spec_nat = i % 3 == 0;
        assert_int_equal(op_st_spill(v, 0, A + i * 8, i + 100, &out), OPR_OK);
    }
    assert_int_equal(v->unat, UINT64_C(0x9249249249249249));
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(op_ld_fill(v, 0, A + i * 8, 0, &x), OPR_OK);
        assert_int_equal(x, i + 100);
        assert_int_equal(v->spec_nat, i % 3 == 0);
    }
    x = v->unat;
    v->spec_nat = 1;
    assert_int_equal(op_st_spill(v, 0, A + 12, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_UNALIGNED, ISR_W, A + 12);
    assert_int_equal(v->unat, x);
    assert_int_equal(op_ld_fill(v, 0, A + 4, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_UNALIGNED, ISR_R, A + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_alignment, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_device, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_semaphores, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_semaphore_faults, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_sixteen, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_spill_fill, setup, mmu_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
