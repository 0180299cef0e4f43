/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults of data references and fetches: kind, ISR, IFA, ITIR, order (SDM Vol.2 5.5, table 5-6, chapter 8). */
#include "tests/arch/mmu_fixture.h"

#define A UINT64_C(0x2000000000004018) /* region 1 */
#define PAGE_GPA UINT64_C(0x8000)

static void expect_load(struct vcpu *v, uint64_t gva, enum fault kind, uint64_t isr)
{
    uint64_t x;

    assert_int_equal(mem_load(v, gva, 8, 0, &x), OPR_FAULT);
    mmu_expect(v, kind, isr, gva);
}

static void expect_store(struct vcpu *v, uint64_t gva, enum fault kind, uint64_t isr)
{
    assert_int_equal(mem_store(v, gva, 8, 0, 1), OPR_FAULT);
    mmu_expect(v, kind, isr, gva);
}

static void test_miss(void **state)
{
    struct vcpu *v = *state;

    expect_load(v, A, FAULT_ALT_DATA_TLB, ISR_R);
    expect_store(v, A, FAULT_ALT_DATA_TLB, ISR_W);
    assert_int_equal(v->fault.itir, 14 << 2 | 0x101 << 8);

    mmu_set_psr(v, 0, PSR_IC);
    assert_int_equal(mem_store(v, A, 8, 0, 1), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_NESTED_TLB);
    v->ic_inflight = true; /* not serialized: the miss goes to its own vector (SDM 2:70) */
    expect_load(v, A, FAULT_ALT_DATA_TLB, ISR_R);
}

static void test_rse_miss(void **state)
{
    struct vcpu *v = *state;
    uint64_t x;

    mmu_map_code(v, true);
    assert_int_equal(mem_load(v, A, 8, REF_RSE, &x), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_R | ISR_RS, A); /* ed is 0 for RSE references */
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_R | ISR_ED, A);
}

static void test_each_condition(void **state)
{
    struct vcpu *v = *state;

    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW & ~PTE_P);
    expect_load(v, A, FAULT_DATA_PAGE_NOT_PRESENT, ISR_R);
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE(2, 0, MA_NATPAGE));
    expect_store(v, A, FAULT_DATA_NAT_PAGE, ISR_W | 0x20);
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE(0, 3, MA_WB));
    expect_store(v, A, FAULT_DATA_ACCESS_RIGHTS, ISR_W);
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW & ~PTE_D);
    expect_store(v, A, FAULT_DATA_DIRTY, ISR_W);
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW & ~PTE_A);
    expect_store(v, A, FAULT_DATA_ACCESS_BIT, ISR_W);
    expect_load(v, A, FAULT_DATA_ACCESS_BIT, ISR_R);
    /* dirty before access */
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW & ~(PTE_A | PTE_D));
    expect_store(v, A, FAULT_DATA_DIRTY, ISR_W);
    mmu_set_psr(v, PSR_DA, 0);
    assert_int_equal(mem_store(v, A, 8, 0, 77), OPR_OK);
    assert_int_equal(mmu_peek(v, PAGE_GPA + 0x18), 77);
    /* psr.da must not leave a soft entry behind */
    mmu_set_psr(v, 0, PSR_DA);
    expect_store(v, A, FAULT_DATA_DIRTY, ISR_W);
    expect_load(v, A, FAULT_DATA_ACCESS_BIT, ISR_R);
}

static void test_dirty_after_load(void **state)
{
    struct vcpu *v = *state;
    uint64_t x;

    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW & ~PTE_D);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    expect_store(v, A, FAULT_DATA_DIRTY, ISR_W);
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW);
    assert_int_equal(mem_store(v, A, 8, 0, 1), OPR_OK);
}

static void test_rights_table(void **state)
{
    /* SDM Vol.2 table 4-2, written out by cpl 3, 2, 1, 0 for ar 0-7 and pl 3, 2, 1, 0. */
    static const char *const table[8][4][4] = {
        { { "r", "r", "r", "r" }, { "", "r", "r", "r" }, { "", "", "r", "r" }, { "", "", "", "r" } },
        { { "rx", "rx", "rx", "rx" }, { "", "rx", "rx", "rx" }, { "", "", "rx", "rx" }, { "", "", "", "rx" } },
        { { "rw", "rw", "rw", "rw" }, { "", "rw", "rw", "rw" }, { "", "", "rw", "rw" }, { "", "", "", "rw" } },
        { { "rwx", "rwx", "rwx", "rwx" }, { "", "rwx", "rwx", "rwx" }, { "", "", "rwx", "rwx" }, { "", "", "", "rwx" } },
        { { "r", "rw", "rw", "rw" }, { "", "r", "rw", "rw" }, { "", "", "r", "rw" }, { "", "", "", "rw" } },
        { { "rx", "rx", "rx", "rwx" }, { "", "rx", "rx", "rwx" }, { "", "", "rx", "rwx" }, { "", "", "", "rwx" } },
        { { "rwx", "rw", "rw", "rw" }, { "", "rwx", "rw", "rw" }, { "", "", "rwx", "rw" }, { "", "", "", "rw" } },
        { { "x", "x", "x", "rx" }, { "x", "x", "x", "rx" }, { "x", "x", "x", "rx" }, { "x", "x", "x", "rx" } },
    };
    struct vcpu *v = *state;

    for (unsigned ar = 0; ar < 8; ar++) {
        for (unsigned pl = 0; pl < 4; pl++) {
            mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE(ar, pl, MA_WB));
            mmu_map(v, TLB_INST, A, PAGE_GPA, 14, PTE(ar, pl, MA_WB));
            for (unsigned round = 0; round < 8; round++) { /* the second time through the soft TLB */
                unsigned cpl = round & 3, ar_pl;
                const char *may = table[ar][3 - pl][3 - cpl];
                uint64_t x, gpa;

                mmu_set_cpl(v, cpl);
                assert_int_equal(mem_load(v, A, 8, 0, &x), strchr(may, 'r') ? OPR_OK : OPR_FAULT);
                assert_int_equal(mem_store(v, A, 8, 0, 1), strchr(may, 'w') ? OPR_OK : OPR_FAULT);
                if (!strchr(may, 'w'))
                    mmu_expect(v, FAULT_DATA_ACCESS_RIGHTS, ISR_W, A);
                assert_int_equal(mmu_fetch(v, A & ~15ull, &gpa, &ar_pl), strchr(may, 'x') ? OPR_OK : OPR_FAULT);
                if (strchr(may, 'x'))
                    assert_int_equal(ar_pl, ar << 2 | pl);
                else
                    mmu_expect(v, FAULT_INST_ACCESS_RIGHTS, ISR_X, A & ~15ull);
            }
            mmu_set_cpl(v, 0);
        }
    }
}

static void test_rse_privilege(void **state)
{
    struct vcpu *v = *state;
    uint64_t x;

    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW);
    v->rsc = 3 << 2;
    mmu_update_tags(v);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(mem_load(v, A, 8, REF_RSE, &x), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_ACCESS_RIGHTS, ISR_R | ISR_RS, A);
    /* psr.rt, not psr.dt */
    mmu_set_psr(v, 0, PSR_RT);
    mmu_poke(v, 0x100, 0x1234);
    assert_int_equal(mem_load(v, 0x100, 8, REF_RSE, &x), OPR_OK);
    assert_int_equal(x, 0x1234);
    assert_int_equal(mem_load(v, 0x100, 8, REF_RSE, &x), OPR_OK);
    assert_int_equal(x, 0x1234);
}

/* At cpl 3 one tag stands for all regions, and comes back with their rids: a translation counts for its own rid only all the same. */
static void test_user_tags(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, tag, rr = v->rr[A >> 61];

    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_USER);
    mmu_set_cpl(v, 3);
    assert_int_equal(mem_store(v, A, 8, 0, 0x1234), OPR_OK);
    tag = v->dtag[0];
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(v->dtag[i], tag);
    mmu_set_rr(v, (A >> 61) ^ 1, 0x7777, 14, false); /* another region's */
    assert_int_not_equal(v->dtag[A >> 61], tag);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(x, 0x1234);
    mmu_set_rr(v, A >> 61, 0x7778, 14, false);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_FAULT);
    v->rr[A >> 61] = rr;
    mmu_update_tags(v);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    /* more sets of rids than are remembered, and more than there are slots */
    for (unsigned i = 0; i < 3 * SOFT_SLOTS; i++)
        mmu_set_rr(v, (A >> 61) ^ 1, 0x10000 + i, 14, false);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(x, 0x1234);
    /* a kernel's regions have tags of their own */
    mmu_set_cpl(v, 0);
    assert_int_not_equal(v->dtag[A >> 61], v->dtag[(A >> 61) ^ 1]);
}

static void test_keys(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, out, gpa;
    void *hva;

    mmu_map_key(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RWX, 0x55);
    mmu_map_key(v, TLB_INST, A, PAGE_GPA, 14, PTE_RWX, 0x55);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK); /* pk = 0: not looked at */
    mmu_set_psr(v, PSR_PK, 0);
    expect_load(v, A, FAULT_DATA_KEY_MISS, ISR_R);
    assert_int_equal(mmu_fetch(v, A & ~15ull, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_INST_KEY_MISS, ISR_X, A & ~15ull);
    assert_int_equal(op_probe(v, 0, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_KEY_MISS, ISR_R | ISR_NA | 2, A);

    v->pkr[7] = 0x55 << 8 | 1;
    mmu_update_tags(v);
    assert_int_equal(mem_store(v, A, 8, 0, 1), OPR_OK);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    v->pkr[7] = 0x55 << 8 | 1 | 2; /* wd */
    mmu_update_tags(v);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    expect_store(v, A, FAULT_DATA_KEY_PERMISSION, ISR_W);
    assert_int_equal(op_probe(v, 1, A, 0, &out), OPR_OK);
    assert_int_equal(out, 0);
    v->pkr[7] = 0x55 << 8 | 1 | 4; /* rd */
    mmu_update_tags(v);
    expect_load(v, A, FAULT_DATA_KEY_PERMISSION, ISR_R);
    assert_int_equal(mem_store(v, A, 8, 0, 1), OPR_OK);
    assert_int_equal(mem_store(v, A, 8, 0, 1), OPR_OK);
    assert_int_equal(mem_rmw_hva(v, A, 8, 0, &hva), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_KEY_PERMISSION, ISR_R | ISR_W, A);
    v->pkr[7] = 0x55 << 8 | 1 | 8; /* xd */
    mmu_update_tags(v);
    assert_int_equal(mmu_fetch(v, A & ~15ull, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_INST_KEY_PERMISSION, ISR_X, A & ~15ull);
    /* back to contents seen before: the soft entries made then are valid again, and only they */
    v->pkr[7] = 0x55 << 8 | 1;
    mmu_update_tags(v);
    assert_int_equal(mem_store(v, A, 8, 0, 1), OPR_OK);
    v->pkr[7] = 0;
    mmu_update_tags(v);
    expect_store(v, A, FAULT_DATA_KEY_MISS, ISR_W);
}

static void test_debug_registers(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, gpa;

    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW);
    mmu_map(v, TLB_INST, A, PAGE_GPA, 14, PTE_RWX);
    assert_int_equal(mem_store(v, A, 8, 0, 1), OPR_OK);
    v->dbr[2] = A;
    v->dbr[3] = UINT64_C(1) << 62 | UINT64_C(1) << 56 | (UINT64_C(0x00ffffffffffffff)); /* w, cpl 0 */
    v->ibr[0] = A & ~15ull;
    v->ibr[1] = UINT64_C(1) << 63 | UINT64_C(1) << 56 | (UINT64_C(0x00ffffffffffffff));
    assert_int_equal(mem_store(v, A, 8, 0, 1), OPR_OK); /* psr.db = 0 */
    mmu_set_psr(v, PSR_DB, 0);
    expect_store(v, A, FAULT_DATA_DEBUG, ISR_W);
    assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
    assert_int_equal(mem_store(v, A + 8, 8, 0, 1), OPR_OK);
    assert_int_equal(mem_store(v, A + 4, 1, 0, 1), OPR_OK);
    expect_store(v, A, FAULT_DATA_DEBUG, ISR_W);
    v->dbr[3] &= ~UINT64_C(7);
    assert_int_equal(mem_store(v, A + 4, 4, 0, 1), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_DEBUG, ISR_W, A + 4);
    mmu_set_psr(v, PSR_DD, 0);
    assert_int_equal(mem_store(v, A, 8, 0, 1), OPR_OK);
    mmu_set_psr(v, 0, PSR_DD);
    assert_int_equal(mmu_fetch(v, A & ~15ull, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_INST_DEBUG, ISR_X, A & ~15ull);
    mmu_set_psr(v, PSR_ID, 0);
    assert_int_equal(mmu_fetch(v, A & ~15ull, &gpa, NULL), OPR_OK);
    mmu_set_psr(v, 0, PSR_ID);
    /* rights come before debug, debug before alignment */
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE(0, 0, MA_WB));
    expect_store(v, A, FAULT_DATA_ACCESS_RIGHTS, ISR_W);
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW);
    mmu_set_psr(v, PSR_AC, 0);
    assert_int_equal(mem_store(v, A + 1, 8, 0, 1), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_DEBUG, ISR_W, A + 1);
    mmu_set_psr(v, 0, PSR_DB);
    assert_int_equal(mem_store(v, A + 1, 8, 0, 1), OPR_FAULT);
    mmu_expect(v, FAULT_UNALIGNED, ISR_W, A + 1);
}

static void test_unimplemented(void **state)
{
    struct vcpu *v = *state;
    uint64_t gpa, hole = UINT64_C(0x2800000000000000);

    v->vm->va_msb = 50;
    expect_load(v, UINT64_C(0x2004000000000000), FAULT_UNIMPL_DATA_ADDR, ISR_R | 0x30);
    expect_load(v, UINT64_C(0x3ffc000000000000), FAULT_ALT_DATA_TLB, ISR_R);
    assert_int_equal(mmu_fetch(v, UINT64_C(0x2004000000000000), &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_UNIMPL_INST_ADDR, ISR_X | 0x10, UINT64_C(0x2004000000000000));
    /* all 61 bits, and the hole that psr.vm makes */
    v->vm->va_msb = 60;
    mmu_map(v, TLB_DATA, hole, PAGE_GPA, 14, PTE_RW);
    assert_int_equal(mem_store(v, hole, 8, 0, 1), OPR_OK);
    mmu_set_psr(v, PSR_VM, 0);
    expect_store(v, hole, FAULT_UNIMPL_DATA_ADDR, ISR_W | 0x30);
    mmu_set_psr(v, 0, PSR_VM);
    assert_int_equal(mem_store(v, hole, 8, 0, 1), OPR_OK);
    mmu_set_psr(v, 0, PSR_DT | PSR_IT);
    expect_load(v, UINT64_C(0x0004000000000000), FAULT_UNIMPL_DATA_ADDR, ISR_R | 0x30);
    assert_int_equal(mmu_fetch(v, UINT64_C(0x4000000000000000), &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_UNIMPL_INST_ADDR, ISR_X | 0x10, UINT64_C(0x4000000000000000));
}

static void test_physical(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, gpa;
    unsigned ar_pl;

    mmu_poke(v, 0x2000, 0xabcd);
    mmu_set_psr(v, 0, PSR_DT | PSR_IT);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(mem_load(v, 0x2000, 8, 0, &x), OPR_OK);
        assert_int_equal(x, 0xabcd);
        assert_int_equal(mem_load(v, UINT64_C(1) << 63 | 0x2000, 8, 0, &x), OPR_OK);
        assert_int_equal(x, 0xabcd);
    }
    assert_int_equal(mmu_fetch(v, UINT64_C(1) << 63 | 0x2000, &gpa, &ar_pl), OPR_OK);
    assert_int_equal(gpa, 0x2000);
    assert_int_equal(ar_pl, 7 << 2);
}

static void test_fetch_faults(void **state)
{
    struct vcpu *v = *state;
    uint64_t gpa, a = A & ~UINT64_C(15);
    struct ftlb_entry *e;

    assert_int_equal(mmu_fetch(v, a, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_INST_TLB, ISR_X, a);
    mmu_set_psr(v, 0, PSR_IC);
    assert_int_equal(mmu_fetch(v, a, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_INST_TLB, ISR_X, a); /* no nested fault for fetches */
    mmu_set_psr(v, PSR_IC, 0);
    mmu_map(v, TLB_INST, a, PAGE_GPA, 14, PTE_RWX & ~PTE_P);
    assert_int_equal(mmu_fetch(v, a, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_INST_PAGE_NOT_PRESENT, ISR_X, a);
    mmu_map(v, TLB_INST, a, PAGE_GPA, 14, PTE(3, 0, MA_NATPAGE));
    assert_int_equal(mmu_fetch(v, a, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_INST_NAT_PAGE, ISR_X | 0x20, a);
    mmu_map(v, TLB_INST, a, PAGE_GPA, 14, PTE_RWX & ~PTE_A);
    assert_int_equal(mmu_fetch(v, a, &gpa, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_INST_ACCESS_BIT, ISR_X, a);
    mmu_set_psr(v, PSR_IA, 0);
    assert_int_equal(mmu_fetch(v, a, &gpa, NULL), OPR_OK);
    assert_false(ftlb_probe(v, a, &e)); /* nothing left behind by psr.ia */
    mmu_set_psr(v, 0, PSR_IA);
    mmu_map(v, TLB_INST, a, PAGE_GPA, 14, PTE_RWX & ~PTE_D);
    assert_int_equal(mmu_fetch(v, a, &gpa, NULL), OPR_OK);
    assert_int_equal(gpa, PAGE_GPA + (a & 0x3fff));
    assert_true(ftlb_probe(v, a, &e));
    assert_int_equal(e->gpa, PAGE_GPA);
    mmu_set_cpl(v, 3);
    assert_false(ftlb_probe(v, a, &e));
}

static void test_attributes(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, out;
    void *hva;

    static const uint8_t not_wb[] = { MA_UC, MA_UCE, MA_WC };

    for (unsigned i = 0; i < 3; i++) {
        mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE(2, 0, not_wb[i]));
        assert_int_equal(mem_store(v, A, 8, 0, 5), OPR_OK);
        assert_int_equal(mem_load(v, A, 8, 0, &x), OPR_OK);
        assert_int_equal(x, 5);
        assert_int_equal(mem_load(v, A + 1, 4, 0, &x), OPR_FAULT);
        mmu_expect(v, FAULT_UNALIGNED, ISR_R, A + 1);
        assert_int_equal(mem_rmw_hva(v, A, 8, 0, &hva), OPR_FAULT);
        mmu_expect(v, FAULT_UNSUPPORTED_DATA, ISR_R | ISR_W, A);
        assert_int_equal(op_ld16(v, 0, A & ~15ull, 0, &out), OPR_FAULT);
        mmu_expect(v, FAULT_UNSUPPORTED_DATA, ISR_R, A & ~15ull);
    }
}

static void test_nonaccess(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    assert_int_equal(op_tpa(v, 0, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_NA, A);
    assert_int_equal(op_fc(v, 0, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_NA | ISR_R | 1, A);
    assert_int_equal(op_probe(v, 1, A, 3, &out), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_NA | ISR_W | 2, A);
    assert_int_equal(op_tak(v, 0, A, 0, &out), OPR_OK);
    assert_int_equal(out, 1);
    assert_int_equal(op_lfetch_fault(v, 0, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_NA | ISR_R | 4, A);
    assert_int_equal(op_probe_fault(v, 3 | 3 << 2, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_NA | ISR_R | ISR_W | 5, A);
    mmu_set_psr(v, PSR_ED, 0);
    assert_int_equal(op_lfetch_fault(v, 0, A, 0, &out), OPR_OK);
    mmu_set_psr(v, 0, PSR_ED);

    mmu_map_key(v, TLB_DATA, A, PAGE_GPA, 14, PTE(0, 0, MA_WB) & ~(PTE_A | PTE_D), 0x99);
    assert_int_equal(op_tpa(v, 0, A, 0, &out), OPR_OK);
    assert_int_equal(out, PAGE_GPA + 0x18);
    assert_int_equal(op_tak(v, 0, A, 0, &out), OPR_OK);
    assert_int_equal(out, 0x9900);
    assert_int_equal(op_probe(v, 0, A, 0, &out), OPR_OK);
    assert_int_equal(out, 1);
    assert_int_equal(op_probe(v, 1, A, 0, &out), OPR_OK);
    assert_int_equal(out, 0);
    assert_int_equal(op_probe(v, 0, A, 3, &out), OPR_OK);
    assert_int_equal(out, 0);
    assert_int_equal(op_probe_fault(v, 0 | 1 << 2, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_ACCESS_BIT, ISR_NA | ISR_R | 5, A);
    assert_int_equal(op_probe_fault(v, 2 | 1 << 2, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_ACCESS_RIGHTS, ISR_NA | ISR_R | 5, A);
    assert_int_equal(op_fc(v, 0, A, 0, &out), OPR_EXIT);
    assert_int_equal(mmu_code_change.count, 1);
    assert_int_equal(mmu_code_change.gpa, PAGE_GPA);
    mmu_set_cpl(v, 3);
    assert_int_equal(op_fc(v, 0, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_ACCESS_RIGHTS, ISR_NA | ISR_R | 1, A);
    mmu_set_cpl(v, 0);

    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW & ~PTE_P);
    assert_int_equal(op_tpa(v, 0, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_PAGE_NOT_PRESENT, ISR_NA, A);
    assert_int_equal(op_tak(v, 0, A, 0, &out), OPR_OK);
    assert_int_equal(out, 1);
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE(2, 0, MA_NATPAGE));
    assert_int_equal(op_probe(v, 0, A, 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_DATA_NAT_PAGE, ISR_NA | ISR_R | 0x22, A);

    /* tpa and probe look at the DTLB with psr.dt = 0 too */
    mmu_map(v, TLB_DATA, A, PAGE_GPA, 14, PTE_RW);
    mmu_set_psr(v, 0, PSR_DT);
    assert_int_equal(op_tpa(v, 0, A, 0, &out), OPR_OK);
    assert_int_equal(out, PAGE_GPA + 0x18);
    assert_int_equal(op_probe(v, 1, A, 0, &out), OPR_OK);
    assert_int_equal(out, 1);
    v->vm->va_msb = 50;
    assert_int_equal(op_probe(v, 1, UINT64_C(0x2004000000000000), 0, &out), OPR_OK);
    assert_int_equal(out, 0);
    assert_int_equal(op_tpa(v, 1, UINT64_C(0x2004000000000000), 0, &out), OPR_FAULT);
    mmu_expect(v, FAULT_UNIMPL_DATA_ADDR, ISR_NA | 0x30, UINT64_C(0x2004000000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_miss, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_rse_miss, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_each_condition, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_dirty_after_load, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_rights_table, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_rse_privilege, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_user_tags, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_keys, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_debug_registers, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_unimplemented, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_physical, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_fetch_faults, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_attributes, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_nonaccess, mmu_setup, mmu_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
