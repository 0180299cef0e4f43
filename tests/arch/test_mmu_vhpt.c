/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VHPT: thash, ttag, the walker's outcomes in both formats (SDM Vol.2 4.1.5 to 4.1.8). */
#include "tests/arch/mmu_fixture.h"

#define A UINT64_C(0x2000000000014018) /* region 1 */
#define PAGE_GPA UINT64_C(0x40000)
#define TABLE_GPA UINT64_C(0x100000)
#define SHORT_SIZE 30
/* Region 1's short table: pta base with {63:61} replaced by the region. */
#define SHORT_BASE UINT64_C(0x1fffffffc0000000)
#define LONG_BASE UINT64_C(0xe000000040000000)
#define LONG_SIZE 16

static uint64_t short_iha(uint64_t gva, unsigned ps)
{
    return (gva >> 61) << 61 | SHORT_BASE | (((gva & VA_OFFSET) >> ps) << 3 & ((UINT64_C(1) << SHORT_SIZE) - 1));
}

static void use_short(struct vcpu *v)
{
    v->cr[CR_PTA] = SHORT_BASE | SHORT_SIZE << 2 | 1;
    mmu_set_rr(v, 1, 0x101, 14, true);
}

static void use_long(struct vcpu *v)
{
    v->cr[CR_PTA] = LONG_BASE | 1 << 8 | LONG_SIZE << 2 | 1;
    mmu_set_rr(v, 1, 0x101, 14, true);
}

/* Maps the 16 KiB of table that hold the entry of @gva; its physical address. */
static uint64_t map_table(struct vcpu *v, uint64_t iha, uint64_t pte)
{
    mmu_map(v, TLB_DATA, iha, TABLE_GPA, 14, pte);
    return TABLE_GPA + (iha & 0x3fff);
}

static void expect_vhpt_miss(struct vcpu *v, uint64_t iha)
{
    assert_int_equal(v->fault.kind, FAULT_VHPT_DATA);
    assert_int_equal(v->fault.ifa, A);
    assert_int_equal(v->fault.iha, iha);
    assert_int_equal(v->fault.itir, v->rr[iha >> 61] & 0xfffffffc);
    assert_int_equal(v->fault.isr, ISR_R);
}

static void test_thash(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    use_short(v);
    assert_int_equal(op_thash(v, 0, A, 0, &out), OPR_OK);
    assert_int_equal(out, short_iha(A, 14));
    assert_int_equal(out, UINT64_C(0x3fffffffc0000028)); /* VPN 5 */
    /* the top of the region, where Linux has its table: VPN bits above the size are cut */
    assert_int_equal(op_thash(v, 0, UINT64_C(0x3fffffffc0000000), 0, &out), OPR_OK);
    assert_int_equal(out, UINT64_C(0x3fffffffc0000000) | ((UINT64_C(0x1fffffffc0000000) >> 14) << 3 & 0x3fffffff));
    use_long(v);
    assert_int_equal(op_thash(v, 0, A, 0, &out), OPR_OK);
    assert_int_equal(out, LONG_BASE | ((5 ^ 0x101) << 5));
    mmu_set_psr(v, PSR_VM, 0);
    assert_int_equal(op_thash(v, 0, A, 0, &out), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_VIRTUALIZATION);
    assert_int_equal(op_ttag(v, 0, A, 0, &out), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_VIRTUALIZATION);
}

/* (index, tag) of the smallest table tells rid and VPN apart (SDM Vol.3, ttag). */
static void test_hash_is_unique(void **state)
{
    struct vcpu *v = *state;
    uint64_t seed = 1, mask = 0x7fe0;

    v->cr[CR_PTA] = LONG_BASE | 1 << 8 | 15 << 2 | 1;
    for (unsigned n = 0; n < 20000; n++) {
        uint64_t a = mmu_random(&seed) & VA_OFFSET, rid = mmu_random(&seed) & 0xffffff, hash, tag, hpn, got_rid;

        mmu_set_rr(v, 0, rid, 12, true);
        assert_int_equal(op_thash(v, 0, a, 0, &hash), OPR_OK);
        assert_int_equal(op_ttag(v, 0, a, 0, &tag), OPR_OK);
        assert_int_equal(tag >> 63, 0);
        /* recover both from index and tag */
        hpn = tag & ((UINT64_C(1) << 39) - 1);
        got_rid = ((hash & mask) >> 5 ^ hpn) & 0x3ff;
        hpn |= ((tag >> 39 ^ got_rid) & 0x3ff) << 39;
        got_rid |= (tag >> 49) << 10;
        assert_int_equal(hpn, a >> 12);
        assert_int_equal(got_rid, rid);
    }
}

static void test_short_walk(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, entry, iha = short_iha(A, 14);

    use_short(v);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    expect_vhpt_miss(v, iha);
    entry = map_table(v, iha, PTE_RW);
    mmu_poke(v, entry, PAGE_GPA | PTE_RW);
    mmu_poke(v, PAGE_GPA + 0x18, 0x77);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(x, 0x77);
    /* the translation is in the TC now: the table may change */
    mmu_poke(v, entry, 0);
    v->cr[CR_PTA] = 0;
    mmu_flush_soft(v);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
}

static void test_not_present(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, out, entry, iha = short_iha(A, 14);

    use_short(v);
    entry = map_table(v, iha, PTE_RW);
    mmu_poke(v, entry, 0xdeadbeef00 & ~PTE_P); /* the rest of a not-present entry is software's */
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_PAGE_NOT_PRESENT, ISR_R, A);
    /* it was inserted: a valid entry is not seen before a purge */
    mmu_poke(v, entry, PAGE_GPA | PTE_RW);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_PAGE_NOT_PRESENT, ISR_R, A);
    assert_int_equal(op_ptc_l(v, 0, A, 14 << 2, &out), OPR_EXIT);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
}

static void expect_tlb_fault(struct vcpu *v, uint64_t iha)
{
    uint64_t x;

    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_TLB, ISR_R, A);
    assert_int_equal(v->fault.iha, iha);
}

static void test_aborts(void **state)
{
    struct vcpu *v = *state;
    uint64_t entry, iha = short_iha(A, 14), x;

    use_short(v);
    entry = map_table(v, iha, PTE_RW);
    mmu_poke(v, entry, PAGE_GPA | PTE_RW | 2); /* reserved bit */
    expect_tlb_fault(v, iha);
    mmu_poke(v, entry, PAGE_GPA | PTE(2, 0, 3)); /* reserved attribute */
    expect_tlb_fault(v, iha);
    mmu_poke(v, entry, PAGE_GPA | PTE_RW);
    map_table(v, iha, PTE_RW & ~PTE_P);
    expect_tlb_fault(v, iha);
    map_table(v, iha, PTE(2, 0, MA_UC));
    expect_tlb_fault(v, iha);
    map_table(v, iha, PTE(2, 0, MA_NATPAGE));
    expect_tlb_fault(v, iha);
    map_table(v, iha, PTE_RW & ~PTE_A);
    expect_tlb_fault(v, iha);
    mmu_map(v, TLB_DATA, iha, MMU_MMIO, 14, PTE_RW); /* no RAM */
    expect_tlb_fault(v, iha);
    map_table(v, iha, PTE_RW);
    mmu_set_psr(v, PSR_PK, 0);
    expect_tlb_fault(v, iha); /* key miss of the table's page */
    mmu_set_psr(v, 0, PSR_PK);
    v->dbr[0] = iha;
    v->dbr[1] = UINT64_C(0x81ffffffffffffff); /* read, cpl 0 */
    mmu_set_psr(v, PSR_DB, 0);
    expect_tlb_fault(v, iha);
    mmu_set_psr(v, 0, PSR_DB);
    mmu_set_rr(v, 1, 0x101, 15, true); /* page size that does not exist */
    expect_tlb_fault(v, short_iha(A, 15));
    mmu_set_rr(v, 1, 0x101, 14, true);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
}

/* When the walker works at all (SDM Vol.2 4.1.5). */
static void test_enabling(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, gpa, iha = short_iha(A, 14), bundle = A & ~UINT64_C(15);

    use_short(v);
    mmu_poke(v, map_table(v, iha, PTE_RW), PAGE_GPA | PTE_RWX);
    mmu_set_rr(v, 1, 0x101, 14, false);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_R, A);
    mmu_set_rr(v, 1, 0x101, 14, true);
    v->cr[CR_PTA] &= ~UINT64_C(1);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_R, A);
    v->cr[CR_PTA] |= 1;
    /* fetches need dt, it and ic */
    mmu_set_psr(v, 0, PSR_IC);
    assert_int_equal(mmu_fetch(v, bundle, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_INST_TLB, ISR_X, bundle);
    mmu_set_psr(v, PSR_IC, PSR_DT);
    assert_int_equal(mmu_fetch(v, bundle, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_INST_TLB, ISR_X, bundle);
    assert_int_equal(mem_load(v, A, 8, REF_RSE, &x), OPR_FAULT); /* RSE: dt and rt */
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_R | ISR_RS, A);
    mmu_set_psr(v, PSR_DT, 0);
    assert_int_equal(mmu_fetch(v, bundle, &gpa, NULL), OPR_OK);
    assert_int_equal(gpa, PAGE_GPA + (bundle & 0x3fff));
    /* data with ic = 0 too; nested when it is not there */
    mmu_set_psr(v, 0, PSR_IC);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(mem_load(v, A + 0x100000000, 8, 0, &x), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_NESTED_TLB);
}

static void test_fetch_misses(void **state)
{
    struct vcpu *v = *state;
    uint64_t gpa, iha = short_iha(A, 14), bundle = A & ~UINT64_C(15);

    use_short(v);
    assert_int_equal(mmu_fetch(v, bundle, &gpa, NULL), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_VHPT_INST);
    assert_int_equal(v->fault.isr, ISR_X);
    assert_int_equal(v->fault.ifa, bundle);
    assert_int_equal(v->fault.iha, iha);
    mmu_poke(v, map_table(v, iha, PTE_RW), PAGE_GPA | PTE_RWX | 2);
    assert_int_equal(mmu_fetch(v, bundle, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_INST_TLB, ISR_X, bundle);
    assert_int_equal(v->fault.iha, iha);
}

static void test_big_endian(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, iha = short_iha(A, 14);

    use_short(v);
    mmu_poke(v, map_table(v, iha, PTE_RW), __builtin_bswap64(PAGE_GPA | PTE_RW));
    v->cr[CR_DCR] = 2;
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
}

static void test_long_walk(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, entry, hash, tag;

    use_long(v);
    assert_int_equal(op_thash(v, 0, A, 0, &hash), OPR_OK);
    assert_int_equal(op_ttag(v, 0, A, 0, &tag), OPR_OK);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    expect_vhpt_miss(v, hash);
    entry = map_table(v, hash, PTE_RW);
    expect_tlb_fault(v, hash); /* zero tag */
    mmu_poke(v, entry, PAGE_GPA | PTE_RW);
    mmu_poke(v, entry + 8, 16 << 2 | 0x123 << 8); /* its own page size and key */
    mmu_poke(v, entry + 16, tag | UINT64_C(1) << 63);
    expect_tlb_fault(v, hash); /* ti */
    mmu_poke(v, entry + 16, tag ^ 1);
    expect_tlb_fault(v, hash);
    mmu_poke(v, entry + 16, tag);
    mmu_poke(v, entry + 8, 15 << 2);
    expect_tlb_fault(v, hash); /* page size */
    mmu_poke(v, entry + 8, 16 << 2 | 0x123 << 8 | 1);
    expect_tlb_fault(v, hash); /* reserved bit */
    mmu_poke(v, entry + 8, 16 << 2 | 0x123 << 8);
    mmu_poke(v, PAGE_GPA + 0x4018, 0x99);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(x, 0x99); /* 64 KiB page at PAGE_GPA */
    assert_int_equal(op_tak(v, 0, A, 0, &x), OPR_OK);
    assert_int_equal(x, 0x12300);
    assert_int_equal(mem_load(v, A + 0x8000, 8, 0, &x), OPR_OK);
}

/* The soft entry of the table's page must not outlive its translation, nor serve another rid. */
static void test_table_remapped(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, out, iha = short_iha(A, 14);

    use_short(v);
    mmu_poke(v, map_table(v, iha, PTE_RW), PAGE_GPA | PTE_RW);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(mem_load(v, A + 0x4000, 8, 0, &x), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_DATA_PAGE_NOT_PRESENT);
    mmu_set_rr(v, 1, 0x777, 14, true);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    expect_vhpt_miss(v, iha);
    mmu_set_rr(v, 1, 0x101, 14, true);
    op_ptc_l(v, 0, iha, 14 << 2, &out);
    op_ptc_l(v, 0, A, 14 << 2, &out);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    expect_vhpt_miss(v, iha);
}

/* User code misses: the table is read at privilege 0. */
static void test_privilege(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, iha = short_iha(A, 14);

    use_short(v);
    mmu_poke(v, map_table(v, iha, PTE(0, 0, MA_WB)), PAGE_GPA | PTE_USER);
    mmu_set_cpl(v, 3);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(mem_load(v, iha, 8, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_ACCESS_RIGHTS, ISR_R, iha);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_thash, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_hash_is_unique, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_short_walk, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_not_present, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_aborts, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_enabling, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_fetch_misses, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_big_endian, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_long_walk, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_table_remapped, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_privilege, mmu_setup, mmu_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
