/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Speculative and advanced loads: deferral (SDM Vol.2 5.5.4, 5.5.5) and the ALAT (SDM Vol.2 4.4.5.3). */
#include "tests/arch/mmu_fixture.h"

#define A UINT64_C(0x2000000000004018)
#define GPA UINT64_C(0x8000)

enum { LD_S8 = MEM_IMM(8, 33, LD_S), LD_SA8 = MEM_IMM(8, 33, LD_SA) };

/* 'n': NaT, 'f': the fault, 'v': value */
static char ld_s(struct vcpu *v, uint64_t gva)
{
    uint64_t x = 0;
    enum op_result result;

    v->fault.kind = FAULT_NONE;
    v->spec_nat = 2;
    result = op_ld_spec(v, LD_S8, gva, 0, &x);
    if (result == OPR_FAULT)
        return 'f';
    assert_int_equal(result, OPR_OK);
    assert_in_range(v->spec_nat, 0, 1);
    return v->spec_nat ? 'n' : 'v';
}

static void make_miss(struct vcpu *v) { op_ptc_l(v, 0, A, 14 << 2, &(uint64_t){ 0 }); }
static void make_absent(struct vcpu *v) { mmu_map(v, TLB_DATA, A, GPA, 14, PTE_RW & ~PTE_P); }
static void make_rights(struct vcpu *v) { mmu_map(v, TLB_DATA, A, GPA, 14, PTE(7, 0, MA_WB)), mmu_set_cpl(v, 3); }
static void make_access(struct vcpu *v) { mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER & ~PTE_A); }

static void make_key_miss(struct vcpu *v)
{
    mmu_map_key(v, TLB_DATA, A, GPA, 14, PTE_USER, 9);
    mmu_set_psr(v, PSR_PK, 0);
}

static void make_key_permission(struct vcpu *v)
{
    make_key_miss(v);
    v->pkr[0] = 9 << 8 | 5;
    mmu_update_tags(v);
}

static void make_debug(struct vcpu *v)
{
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER);
    v->dbr[0] = A;
    v->dbr[1] = UINT64_C(0x8fffffffffffffff);
    mmu_set_psr(v, PSR_DB, 0);
}

static void make_unaligned(struct vcpu *v)
{
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER);
    mmu_set_psr(v, PSR_AC, 0);
}

static const struct deferral {
    void (*make)(struct vcpu *v);
    enum fault fault;
    unsigned dcr_bit; /* 0: none needed */
    uint64_t offset;
} deferrals[] = {
    { make_miss, FAULT_ALT_DATA_TLB, 8, 0 },
    { make_absent, FAULT_DATA_PAGE_NOT_PRESENT, 9, 0 },
    { make_key_miss, FAULT_DATA_KEY_MISS, 10, 0 },
    { make_key_permission, FAULT_DATA_KEY_PERMISSION, 11, 0 },
    { make_rights, FAULT_DATA_ACCESS_RIGHTS, 12, 0 },
    { make_access, FAULT_DATA_ACCESS_BIT, 13, 0 },
    { make_debug, FAULT_DATA_DEBUG, 14, 0 },
    { make_unaligned, FAULT_UNALIGNED, 0, 1 },
};

static void test_deferral(void **state)
{
    struct vcpu *v = *state;

    for (unsigned i = 0; i < sizeof(deferrals) / sizeof(deferrals[0]); i++) {
        const struct deferral *d = &deferrals[i];
        uint64_t bit = d->dcr_bit ? UINT64_C(1) << d->dcr_bit : 0;

        d->make(v);
        for (unsigned ed = 0; ed < 2; ed++) {
            uint64_t isr = ISR_R | ISR_SP | (ed ? ISR_ED : 0);

            mmu_map_code(v, ed);
            /* every other DCR bit does not help */
            v->cr[CR_DCR] = 0x7f00 & ~bit;
            assert_int_equal(ld_s(v, A + d->offset), ed && !bit ? 'n' : 'f');
            if (!ed || bit)
                mmu_expect(v, d->fault, isr, A + d->offset);
            v->cr[CR_DCR] = bit;
            assert_int_equal(ld_s(v, A + d->offset), ed ? 'n' : 'f');
            /* psr.it = 0: no ITLB.ed */
            mmu_set_psr(v, 0, PSR_IT);
            assert_int_equal(ld_s(v, A + d->offset), 'f');
            mmu_set_psr(v, PSR_IT, 0);
            v->cr[CR_DCR] = 0;
            mmu_set_psr(v, 0, PSR_IC);
            assert_int_equal(ld_s(v, A + d->offset), 'n'); /* never nested */
            mmu_set_psr(v, PSR_IC, 0);
            mmu_set_psr(v, PSR_ED, 0);
            assert_int_equal(ld_s(v, A + d->offset), 'n');
            mmu_set_psr(v, 0, PSR_ED);
        }
        mmu_set_psr(v, 0, PSR_DB | PSR_PK | PSR_AC);
        mmu_set_cpl(v, 0);
    }
}

static void test_always_deferred(void **state)
{
    static const uint8_t not_wb[] = { MA_UC, MA_UCE, MA_NATPAGE };
    struct vcpu *v = *state;

    for (unsigned i = 0; i < 3; i++) {
        mmu_map(v, TLB_DATA, A, MMU_MMIO, 14, PTE(2, 0, not_wb[i]));
        assert_int_equal(ld_s(v, A), 'n');
    }
    mmu_map(v, TLB_DATA, A, MMU_MMIO, 14, PTE(2, 0, MA_WB)); /* a device behind a cacheable mapping */
    assert_int_equal(ld_s(v, A), 'n');
    assert_int_equal(mmu_device.reads, 0);
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE(2, 0, MA_WC));
    assert_int_equal(ld_s(v, A), 'v');
    v->vm->va_msb = 50;
    assert_int_equal(ld_s(v, UINT64_C(0x2004000000000000)), 'n');
    mmu_set_psr(v, 0, PSR_DT);
    assert_int_equal(ld_s(v, GPA), 'n');
}

/* The highest-priority condition that is not deferred faults, also behind deferred ones. */
static void test_qualification(void **state)
{
    struct vcpu *v = *state;

    mmu_map_code(v, true);
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE(0, 0, MA_WB) & ~PTE_A);
    mmu_set_cpl(v, 3);
    v->cr[CR_DCR] = 1 << 12; /* dr */
    assert_int_equal(ld_s(v, A), 'f');
    mmu_expect(v, FAULT_DATA_ACCESS_BIT, ISR_R | ISR_SP | ISR_ED, A);
    v->cr[CR_DCR] = 1 << 13; /* da */
    assert_int_equal(ld_s(v, A), 'f');
    mmu_expect(v, FAULT_DATA_ACCESS_RIGHTS, ISR_R | ISR_SP | ISR_ED, A);
    v->cr[CR_DCR] = 1 << 12 | 1 << 13;
    assert_int_equal(ld_s(v, A), 'n');
    /* a miss hides all but debug */
    make_miss(v);
    v->dbr[0] = A;
    v->dbr[1] = UINT64_C(0x8fffffffffffffff);
    mmu_set_psr(v, PSR_DB, 0);
    v->cr[CR_DCR] = 1 << 8; /* dm */
    assert_int_equal(ld_s(v, A), 'f');
    mmu_expect(v, FAULT_DATA_DEBUG, ISR_R | ISR_SP | ISR_ED, A);
    v->cr[CR_DCR] = 1 << 14; /* dd */
    assert_int_equal(ld_s(v, A), 'f');
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_R | ISR_SP | ISR_ED, A);
    v->cr[CR_DCR] = 1 << 8 | 1 << 14;
    assert_int_equal(ld_s(v, A), 'n');
}

/* ---- ALAT ---- */

static bool chk(struct vcpu *v, unsigned reg, bool clr)
{
    uint64_t hit = 2;

    assert_int_equal(op_alat_check(v, reg | (uint64_t)clr << 8, 0, 0, &hit), OPR_OK);
    assert_in_range(hit, 0, 1);
    return hit;
}

static void ld_a(struct vcpu *v, unsigned reg, unsigned size, uint64_t gva)
{
    uint64_t x;

    assert_int_equal(op_ld_adv(v, MEM_IMM(size, reg, LD_A), gva, 0, &x), OPR_OK);
    gr_set(v, reg, x, false);
}

static void test_alat(void **state)
{
    struct vcpu *v = *state;
    uint64_t x;

    v->cfm = 96;
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER);
    mmu_poke(v, GPA + 0x18, 0x1234);
    assert_false(chk(v, 5, false));
    ld_a(v, 5, 4, A);
    assert_int_equal(v->gr[5], 0x1234);
    assert_true(chk(v, 5, false));
    assert_true(chk(v, 5, true));
    assert_false(chk(v, 5, false)); /* clr dropped it */
    ld_a(v, 5, 4, A);
    assert_int_equal(mem_store(v, A + 4, 4, 0, 7), OPR_OK); /* beside it */
    assert_true(chk(v, 5, false));
    assert_int_equal(mem_store(v, A + 3, 1, 0, 7), OPR_OK); /* into it */
    assert_false(chk(v, 5, false));
    mmu_poke(v, GPA + 0x18, 0x1234);
    assert_false(chk(v, 5, false)); /* a miss is for good */
    /* a reload that the table does not see: the register decides */
    ld_a(v, 5, 8, A);
    gr_set(v, 5, 0x9999, false);
    assert_false(chk(v, 5, false));
    /* another translation of the same address */
    ld_a(v, 5, 8, A);
    mmu_map(v, TLB_DATA, A, GPA + 0x100000, 14, PTE_USER);
    assert_false(chk(v, 5, false));
    ld_a(v, 6, 8, A);
    op_ptc_l(v, 0, A, 14 << 2, &x);
    assert_false(chk(v, 6, false)); /* no fault from a check */
    /* static and stacked registers, both banks */
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER);
    ld_a(v, 20, 8, A);
    gr_set(v, 40, v->gr[20], false);
    assert_false(chk(v, 40, false));
    gr_switch_bank(v);
    assert_false(chk(v, 20, false));
    gr_switch_bank(v);
    assert_false(chk(v, 20, false)); /* a switch of banks drops all */
    ld_a(v, 32, 8, A);
    assert_true(chk(v, 32, false));
    for (unsigned r = 1; r < 32; r++)
        ld_a(v, r, 8, A);
    for (unsigned r = 2; r < 32; r++)
        assert_true(chk(v, r, false));
    assert_int_equal(op_alat_drop(v, 7, 0, 0, &x), OPR_OK);
    assert_false(chk(v, 7, false));
    assert_true(chk(v, 8, false));
    assert_int_equal(op_invala(v, 0, 0, 0, &x), OPR_OK);
    for (unsigned r = 1; r <= 32; r++)
        assert_false(chk(v, r, false));
}

/* br.call: the same physical register has another name. */
static void test_alat_frames(void **state)
{
    struct vcpu *v = *state;

    v->cfm = 96 | UINT64_C(1) << 14; /* 8 rotating */
    v->rot = v->rot_gr + 64;
    v->frame = v->stack + 100;
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER);
    mmu_poke(v, GPA + 0x18, 0x55);
    ld_a(v, 50, 8, A);
    v->frame += 10;
    assert_false(chk(v, 50, false));
    assert_true(chk(v, 40, false));
    ld_a(v, 33, 8, A);
    v->rot--; /* what was r33 is r34 */
    assert_false(chk(v, 33, false));
    assert_true(chk(v, 34, false));
    ld_a(v, 36, 8, A);
    alat_invalidate_all(v);
    assert_false(chk(v, 36, false));
}

static void test_alat_attributes(void **state)
{
    static const uint8_t not_wb[] = { MA_UC, MA_UCE };
    struct vcpu *v = *state;
    uint64_t x = 9;

    mmu_device.answer = 0x77;
    for (unsigned i = 0; i < 2; i++) {
        mmu_map(v, TLB_DATA, A, MMU_MMIO, 14, PTE(2, 0, not_wb[i]));
        assert_int_equal(op_ld_adv(v, MEM_IMM(8, 5, LD_A), A, 0, &x), OPR_OK);
        assert_int_equal(x, 0);
        gr_set(v, 5, 0, false);
        assert_false(chk(v, 5, false));
    }
    assert_int_equal(mmu_device.reads, 0);
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE(2, 0, MA_NATPAGE));
    assert_int_equal(op_ld_adv(v, MEM_IMM(8, 5, LD_A), A, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_NAT_PAGE, ISR_R | 0x20, A);
    /* ld.sa: entry unless deferred */
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_RW);
    v->cfm = 96;
    assert_int_equal(op_ld_spec(v, LD_SA8, A, 0, &x), OPR_OK);
    gr_set(v, 33, x, false);
    assert_true(chk(v, 33, false));
    mmu_set_psr(v, PSR_ED, 0);
    assert_int_equal(op_ld_spec(v, LD_SA8, A, 0, &x), OPR_OK);
    assert_int_equal(v->spec_nat, 1);
    assert_false(chk(v, 33, false));
    mmu_set_psr(v, 0, PSR_ED | PSR_DT);
    /* physical: cacheable ones have entries */
    assert_int_equal(op_ld_adv(v, MEM_IMM(8, 5, LD_A), GPA, 0, &x), OPR_OK);
    gr_set(v, 5, x, false);
    assert_true(chk(v, 5, false));
    assert_int_equal(op_ld_adv(v, MEM_IMM(8, 5, LD_A), GPA | UINT64_C(1) << 63, 0, &x), OPR_OK);
    assert_int_equal(x, 0);
    gr_set(v, 5, 0, false);
    assert_false(chk(v, 5, false));
}

static void test_alat_big_endian(void **state)
{
    struct vcpu *v = *state;

    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER);
    mmu_poke(v, GPA + 0x18, 0x1234);
    mmu_set_psr(v, PSR_BE, 0);
    ld_a(v, 5, 4, A);
    assert_int_equal(v->gr[5], 0x34120000);
    mmu_set_psr(v, 0, PSR_BE);
    assert_true(chk(v, 5, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_deferral, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_always_deferred, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_qualification, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_alat, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_alat_frames, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_alat_attributes, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_alat_big_endian, mmu_setup, mmu_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
