/* SPDX-License-Identifier: GPL-2.0-or-later */
/* itc, itr, ptc, ptr: checks, overlap rules, TR priority, capacity (SDM Vol.2 4.1.1; SDM Vol.3). */
#include "tests/arch/mmu_fixture.h"

#define A UINT64_C(0x2000000000100000)

static bool hits(struct vcpu *v, uint64_t gva)
{
    uint64_t x;

    return mem_load(v, gva, 8, 0, &x) == OPR_OK;
}

static uint64_t gpa_of(struct vcpu *v, uint64_t gva)
{
    uint64_t x;

    return op_tpa(v, 0, gva, 0, &x) == OPR_OK ? x : UINT64_MAX;
}

static enum op_result insert(struct vcpu *v, uint64_t pte, uint64_t itir)
{
    uint64_t out;

    v->cr[CR_IFA] = A;
    v->cr[CR_ITIR] = itir;
    v->fault.kind = FAULT_NONE;
    return op_itc(v, 0, pte, 0, &out);
}

static enum op_result insert_tr(struct vcpu *v, bool inst, unsigned slot, uint64_t gva, uint64_t gpa, unsigned ps)
{
    uint64_t out;

    v->cr[CR_IFA] = gva;
    v->cr[CR_ITIR] = ps << 2;
    return op_itr(v, inst, gpa | PTE_RWX, slot, &out);
}

static void expect_reserved(struct vcpu *v, uint64_t pte, uint64_t itir)
{
    assert_int_equal(insert(v, pte, itir), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_RESERVED_REG_FIELD);
    assert_int_equal(v->fault.isr, 0x30);
    assert_false(hits(v, A));
}

static void test_format(void **state)
{
    struct vcpu *v = *state;

    for (unsigned ma = 1; ma <= 3; ma++)
        expect_reserved(v, PTE(2, 0, ma), 14 << 2);
    expect_reserved(v, PTE_RW | 2, 14 << 2);
    expect_reserved(v, PTE_RW | UINT64_C(1) << 50, 14 << 2);
    expect_reserved(v, PTE_RW | UINT64_C(1) << 51, 14 << 2);
    expect_reserved(v, PTE_RW, 14 << 2 | 1);
    expect_reserved(v, PTE_RW, 14 << 2 | 2);
    expect_reserved(v, PTE_RW, 14 << 2 | UINT64_C(1) << 32);
    for (unsigned ps = 0; ps < 64; ps++)
        if (!(v->vm->page_sizes >> ps & 1))
            expect_reserved(v, PTE_RW, ps << 2);
    expect_reserved(v, 0, 15 << 2); /* not present: page size and itir{1:0} still count, nothing else */
    expect_reserved(v, 0, 14 << 2 | 1);
    assert_int_equal(insert(v, ~PTE_P, 14 << 2 | UINT64_C(0xffffffff) << 32), OPR_OK);
    assert_int_equal(insert(v, PTE_RW | UINT64_C(0xffe) << 52, 14 << 2), OPR_OK); /* ignored bits */
    v->vm->key_bits = 18;
    assert_int_equal(insert(v, PTE_RW, 14 << 2 | UINT64_C(1) << 26), OPR_FAULT);
    assert_int_equal(insert(v, PTE_RW, 14 << 2 | UINT64_C(1) << 25), OPR_OK);
    v->vm->pa_bits = 44;
    assert_int_equal(insert(v, PTE_RW | UINT64_C(1) << 44, 14 << 2), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_RESERVED_REG_FIELD);
    v->vm->va_msb = 50;
    v->cr[CR_IFA] = UINT64_C(0x2004000000000000);
    assert_int_equal(op_itc(v, 0, PTE_RW, 0, &(uint64_t){ 0 }), OPR_FAULT);
    mmu_expect(v, FAULT_UNIMPL_DATA_ADDR, ISR_NA | 0x30, UINT64_C(0x2004000000000000));
    mmu_set_psr(v, PSR_VM, 0);
    assert_int_equal(insert(v, PTE_RW, 14 << 2), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_VIRTUALIZATION);
}

static void test_page_sizes(void **state)
{
    struct vcpu *v = *state;
    uint64_t seed = 5;

    for (unsigned ps = 12; ps <= 32; ps++) {
        uint64_t offset = (UINT64_C(1) << ps) - 1, va = mmu_random(&seed), pa = mmu_random(&seed) & PTE_PPN;

        if (!(v->vm->page_sizes >> ps & 1))
            continue;
        mmu_map(v, TLB_DATA, va, pa, ps, PTE_RW); /* bits below the size are dropped */
        assert_int_equal(gpa_of(v, va), (pa & ~offset) | (va & offset));
        assert_int_equal(gpa_of(v, va | offset), pa | offset);
        assert_int_equal(gpa_of(v, va & ~offset), pa & ~offset);
        assert_int_equal(gpa_of(v, (va | offset) + 1), UINT64_MAX);
        tlb_purge_all_tc(v);
    }
}

static void test_region_is_not_matched(void **state)
{
    struct vcpu *v = *state;

    mmu_map(v, TLB_DATA, A, 0x8000, 14, PTE_RW);
    mmu_set_rr(v, 5, 0x101, 14, false); /* the same rid through another region register */
    assert_int_equal(gpa_of(v, (A & VA_OFFSET) | UINT64_C(5) << 61), 0x8000);
    assert_true(hits(v, A));
    assert_true(hits(v, (A & VA_OFFSET) | UINT64_C(5) << 61));
    op_ptc_l(v, 0, A, 14 << 2, &(uint64_t){ 0 });
    assert_false(hits(v, A));
    assert_false(hits(v, (A & VA_OFFSET) | UINT64_C(5) << 61));
}

static void test_overlap(void **state)
{
    struct vcpu *v = *state;

    /* a larger one replaces many small ones */
    for (unsigned i = 0; i < 64; i++)
        mmu_map(v, TLB_DATA, A + i * 0x1000, 0x200000 + i * 0x1000, 12, PTE_RW);
    assert_true(hits(v, A + 63 * 0x1000));
    mmu_map(v, TLB_DATA, A, 0x400000, 18, PTE_RW);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(gpa_of(v, A + i * 0x1000), 0x400000 + i * 0x1000);
    /* a small one replaces a larger one */
    mmu_map(v, TLB_DATA, A + 0x3000, 0x600000, 12, PTE_RW);
    assert_int_equal(gpa_of(v, A + 0x3000), 0x600000);
    assert_false(hits(v, A));
    assert_false(hits(v, A + 0x4000));
    /* another rid is not touched */
    mmu_set_rr(v, 2, 0x102, 14, false);
    mmu_map(v, TLB_DATA, (A & VA_OFFSET) | UINT64_C(2) << 61, 0x700000, 24, PTE_RW);
    assert_int_equal(gpa_of(v, A + 0x3000), 0x600000);
    /* instruction inserts do not purge data */
    mmu_map(v, TLB_INST, A, 0x400000, 18, PTE_RWX);
    assert_int_equal(gpa_of(v, A + 0x3000), 0x600000);
}

static void test_tr(void **state)
{
    struct vcpu *v = *state;
    uint64_t out[4];

    assert_int_equal(insert_tr(v, false, 64, A, 0, 20), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_RESERVED_REG_FIELD);
    assert_int_equal(insert_tr(v, false, 0xf3f, A, 0x300000, 20), OPR_EXIT); /* slot is {7:0} */
    assert_int_equal(gpa_of(v, A + 0x1234), 0x301234);
    /* survives every purge of TCs */
    op_ptc_l(v, 0, A, 20 << 2, out);
    op_ptc_g(v, 0, A, 20 << 2, out);
    op_ptc_e(v, 0, 0, 0, out);
    assert_int_equal(gpa_of(v, A + 0x1234), 0x301234);
    assert_true(tlb_tr_read(v, true, 63, out));
    assert_int_equal(out[0], 0x300000 | PTE_RWX);
    assert_int_equal(out[1], 20 << 2);
    assert_int_equal(out[2], A | 1);
    assert_int_equal(out[3] >> 8, 0x101);
    assert_true(tlb_tr_read(v, true, 62, out));
    assert_int_equal(out[2], 0);
    assert_false(tlb_tr_read(v, true, 64, out));
    /* a TC over it: the TR is found first */
    mmu_map(v, TLB_DATA, A, 0x800000, 22, PTE_RW);
    assert_int_equal(gpa_of(v, A), 0x300000);
    assert_true(hits(v, A));
    assert_int_equal(gpa_of(v, A + 0x100000), 0xa00000);
    /* inserting a TR takes the TC away */
    assert_int_equal(insert_tr(v, false, 3, A + 0x200000, 0x500000, 20), OPR_EXIT);
    assert_false(hits(v, A + 0x100000));
    /* the same slot again: the old translation is gone */
    assert_int_equal(insert_tr(v, false, 3, A + 0x400000, 0x500000, 20), OPR_EXIT);
    assert_false(hits(v, A + 0x200000));
    /* overlapping another slot: it is replaced */
    assert_int_equal(insert_tr(v, false, 4, A + 0x400000, 0x600000, 16), OPR_EXIT);
    assert_true(tlb_tr_read(v, true, 3, out));
    assert_int_equal(out[2], 0);
    assert_false(hits(v, A + 0x410000));
    /* ptr */
    assert_int_equal(op_ptr(v, 0, A, 20 << 2, out), OPR_EXIT);
    assert_false(hits(v, A));
    assert_true(hits(v, A + 0x400000));
    assert_int_equal(op_ptr(v, 1, A + 0x400000, 20 << 2, out), OPR_EXIT);
    assert_true(hits(v, A + 0x400000)); /* ptr.i leaves data TRs */
    tlb_reset(v);
    assert_false(hits(v, A + 0x400000));
}

static void test_all_trs(void **state)
{
    struct vcpu *v = *state;
    uint64_t gpa;

    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(insert_tr(v, false, i, A + i * 0x10000, i * 0x10000, 16), OPR_EXIT);
        assert_int_equal(insert_tr(v, true, i, A + i * 0x10000, i * 0x10000, 16), OPR_EXIT);
    }
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(gpa_of(v, A + i * 0x10000 + 0x8000), i * 0x10000 + 0x8000);
        assert_int_equal(mmu_fetch(v, A + i * 0x10000 + 0x100, &gpa, NULL), OPR_OK);
        assert_int_equal(gpa, i * 0x10000 + 0x100);
    }
}

/* Older entries go when the TC is full, and take their soft entries along; TRs stay. */
static void test_capacity(void **state)
{
    struct vcpu *v = *state;
    unsigned found = 0;

    assert_int_equal(insert_tr(v, false, 0, A + 0x80000000, 0, 14), OPR_EXIT);
    for (unsigned i = 0; i < TC_SIZE + 100; i++) {
        mmu_map(v, TLB_DATA, A + (uint64_t)i * 0x4000, i % 512 * 0x4000, 14, PTE_RW);
        assert_true(hits(v, A + (uint64_t)i * 0x4000));
    }
    for (unsigned i = 0; i < TC_SIZE + 100; i++)
        found += hits(v, A + (uint64_t)i * 0x4000);
    assert_int_equal(found, TC_SIZE);
    assert_false(hits(v, A));
    assert_true(hits(v, A + 0x80000000));
}

static void test_purge(void **state)
{
    struct vcpu *v = *state;
    uint64_t out, gpa;

    mmu_map(v, TLB_DATA, A, 0x200000, 14, PTE_RW);
    mmu_map(v, TLB_INST, A, 0x200000, 14, PTE_RWX);
    assert_int_equal(mmu_fetch(v, A, &gpa, NULL), OPR_OK);
    assert_true(hits(v, A + 0x3000));
    /* one 4 KiB page of it takes it all, both kinds */
    assert_int_equal(op_ptc_l(v, 0, A + 0x1000, 12 << 2, &out), OPR_EXIT);
    assert_false(hits(v, A + 0x3000));
    assert_int_equal(mmu_fetch(v, A, &gpa, NULL), OPR_FAULT);
    /* sizes beside the architected ones */
    for (unsigned ps = 0; ps < 64; ps++) {
        mmu_map(v, TLB_DATA, A, 0x200000, 14, PTE_RW);
        assert_true(hits(v, A));
        assert_int_equal(op_ptc_g(v, ps & 1, A, ps << 2, &out), OPR_EXIT);
        assert_false(hits(v, A));
        insert_tr(v, false, 1, A, 0, 24);
        assert_true(hits(v, A));
        assert_int_equal(op_ptr(v, 0, A, ps << 2, &out), OPR_EXIT);
        assert_false(hits(v, A));
    }
    v->vm->va_msb = 50;
    assert_int_equal(op_ptc_l(v, 0, UINT64_C(0x2004000000000000), 14 << 2, &out), OPR_FAULT);
    mmu_expect(v, FAULT_UNIMPL_DATA_ADDR, ISR_NA | 0x30, UINT64_C(0x2004000000000000));
    assert_int_equal(op_ptr(v, 0, UINT64_C(0x2004000000000000), 14 << 2, &out), OPR_FAULT);
    assert_int_equal(op_ptc_g(v, 0, UINT64_C(0x2004000000000000), 14 << 2, &out), OPR_FAULT);
    mmu_set_psr(v, PSR_VM, 0);
    assert_int_equal(op_ptc_l(v, 0, A, 14 << 2, &out), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_VIRTUALIZATION);
    assert_int_equal(op_ptc_e(v, 0, A, 14 << 2, &out), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_VIRTUALIZATION);
}

static bool knows(struct vcpu *v, uint64_t ip)
{
    const struct jump_entry *e = &v->jumps[jump_index(ip)];

    return e->ip == ip && e->itag == v->itag[ip >> 61] && e->key_gen == ((uint64_t)v->jump_gen << 32 | v->key);
}

/* Return: raised the generation of what the engine remembers */
static bool purge_code(struct vcpu *v, uint32_t rid, uint64_t gva, unsigned ps)
{
    uint64_t gen = v->units_gen;

    soft_purge(v, TLB_INST, rid, gva, ps);
    return v->units_gen != gen;
}

/* A purge makes compiled code look up those of its targets again that lie in the purged pages of that rid. */
static void purge_jumps(struct vcpu *v)
{
    const uint64_t at = UINT64_C(0x2000000000010040), other = UINT64_C(0x2000000000020ff0), last = UINT64_C(0x2000000000013ff0);
    const uint64_t places[] = { at, at + 0x10, other, last };
    uint32_t rid = rr_rid(v->rr[1]), gen = v->jump_gen;
    int code = 0;

    for (unsigned i = 0; i < 4; i++) {
        v->ip = places[i];
        vcpu_remember_jump(v, &code);
    }
    soft_purge(v, TLB_DATA, rid, at, 12);
    assert_false(purge_code(v, rid, at + 0x1000, 12));
    assert_false(purge_code(v, rid, at + 0x4000, 14));
    purge_code(v, rid + 7, at, 14);
    for (unsigned i = 0; i < 4; i++)
        assert_true(knows(v, places[i]));
    assert_true(purge_code(v, rid, at & ~UINT64_C(0xfff), 12));
    assert_false(purge_code(v, rid, at, 12)); /* it was forgotten */
    assert_false(knows(v, at) || knows(v, at + 0x10));
    assert_true(knows(v, other) && knows(v, last));
    assert_true(purge_code(v, rid, UINT64_C(0x6000000000010000), 14)); /* whatever the region */
    assert_true(knows(v, other) && !knows(v, last));
    assert_int_equal(v->jump_gen, gen);
    assert_true(purge_code(v, rid, 0, 28));
    assert_false(knows(v, other));
    assert_int_equal(v->jump_gen, gen + 1);
}

static void test_purge_jumps(void **state)
{
    struct vcpu *v = *state;
    int code = 0;

    purge_jumps(v);
    mmu_set_cpl(v, 3);
    purge_jumps(v);
    v->rr[3] = v->rr[1]; /* one rid in two regions */
    mmu_update_tags(v);
    v->ip = UINT64_C(0x6000000000010040);
    vcpu_remember_jump(v, &code);
    assert_true(purge_code(v, rr_rid(v->rr[1]), UINT64_C(0x2000000000010000), 14));
    assert_false(knows(v, v->ip));
}

/* An address space that is not the present one keeps what is purged in another, and loses what is its own. */
static void test_purge_other_space(void **state)
{
    struct vcpu *v = *state;
    const uint64_t ip = UINT64_C(0x2000000000010040), old = v->rr[1], new = UINT64_C(0x777) << 8 | 14 << 2;
    int code = 0;

    for (unsigned cpl = 0; cpl < 4; cpl += 3) {
        mmu_set_cpl(v, cpl);
        v->ip = ip;
        vcpu_remember_jump(v, &code);
        v->rr[1] = new;
        mmu_update_tags(v);
        assert_false(knows(v, ip));
        vcpu_remember_jump(v, &code);
        purge_code(v, 0x777, ip, 14);
        assert_false(knows(v, ip));
        vcpu_remember_jump(v, &code); /* to the next place goes the old one's */
        v->rr[1] = old;
        mmu_update_tags(v);
        vcpu_remember_jump(v, &code);
        purge_code(v, 0x777, ip, 14);
        assert_true(knows(v, ip));
        purge_code(v, rr_rid(old), ip, 14);
        assert_false(knows(v, ip));
    }
}

static uint32_t token_of(const struct vcpu *v, uint64_t gva) { return v->page_tokens[page_token_index(gva)]; }

/* What is known of pages goes with a purge of fetches there, whatever its rid, and with their region's register. */
static void test_page_tokens(void **state)
{
    struct vcpu *v = *state;
    const uint64_t places[] = { UINT64_C(0x2000000000010040), UINT64_C(0x2000000000011040), UINT64_C(0x4000000000010040) };
    uint32_t rid = rr_rid(v->rr[1]);

    for (unsigned turn = 0; turn < 5; turn++) {
        bool knows[3] = { false, false, false };

        for (unsigned i = 0; i < 3; i++) {
            v->ip = places[i];
            vcpu_remember_page(v, 7 + i);
        }
        switch (turn) {
        case 0: soft_purge(v, TLB_DATA, rid, places[0], 12); knows[0] = knows[1] = knows[2] = true; break;
        case 1: soft_purge(v, TLB_INST, rid + 7, places[0] & ~UINT64_C(0xfff), 12); knows[1] = true; break; /* in all regions */
        case 2: soft_purge(v, TLB_INST, rid, UINT64_C(0x6000000000010000), 28); break;
        case 3: v->rr[1] ^= UINT64_C(0x100); knows[2] = true; break;
        case 4: v->psr ^= PSR_PK; break;
        }
        mmu_update_tags(v);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(token_of(v, places[i]), knows[i] ? 7 + i : PAGE_UNKNOWN);
    }
}

/* Units whose addresses have one place push each other to the next, and no further. */
static void test_jumps_of_one_place(void **state)
{
    struct vcpu *v = *state;
    uint64_t first = UINT64_C(0x2000000000010040), second = first + 16;
    int code[2];

    while (jump_index(second) != jump_index(first))
        second += 16;
    v->ip = first;
    vcpu_remember_jump(v, &code[0]);
    vcpu_remember_jump(v, &code[0]);
    assert_ptr_equal(v->jumps[jump_index(first) ^ 1].code, NULL);
    v->ip = second;
    vcpu_remember_jump(v, &code[1]);
    assert_ptr_equal(v->jumps[jump_index(first)].code, &code[1]);
    assert_int_equal(v->jumps[jump_index(first)].ip, second);
    assert_ptr_equal(v->jumps[jump_index(first) ^ 1].code, &code[0]);
    assert_int_equal(v->jumps[jump_index(first) ^ 1].ip, first);
    vcpu_forget_jumps(v);
    vcpu_remember_jump(v, &code[0]); /* what is void stays where it is */
    assert_ptr_equal(v->jumps[jump_index(first) ^ 1].code, &code[0]);
    assert_int_equal(v->jumps[jump_index(first) ^ 1].ip, first);
}

/* Two neighbours stay where they are, whatever was there before. */
static void test_jumps_of_neighbours(void **state)
{
    struct vcpu *v = *state;
    uint64_t places[] = { UINT64_C(0x2000000000010040), UINT64_C(0x2000000000010040), UINT64_C(0x2000000000010040) };
    int code[3];

    places[1] += 16; /* the neighbour */
    do
        places[2] += 16; /* the one in the first one's place, which came before it */
    while (jump_index(places[2]) != jump_index(places[0]));
    assert_int_equal(jump_index(places[1]), jump_index(places[0]) ^ 1);
    v->ip = places[2];
    vcpu_remember_jump(v, &code[2]);
    for (unsigned i = 0; i < 5; i++) { /* each is met again only where it is not known */
        v->ip = places[i & 1];
        if (i < 3 || v->jumps[jump_index(v->ip)].ip != v->ip)
            vcpu_remember_jump(v, &code[i & 1]);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(v->jumps[jump_index(places[i])].ip, places[i]);
        assert_ptr_equal(v->jumps[jump_index(places[i])].code, &code[i]);
    }
}

/* A large range, entries of many sizes inside. */
static void test_purge_range(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (unsigned i = 0; i < 1000; i++) {
        mmu_map(v, TLB_DATA, A + (uint64_t)i * 0x40000, 0x200000, i % 3 ? 12 : i % 2 ? 14 : 18, PTE_RW);
        assert_true(hits(v, A + (uint64_t)i * 0x40000));
    }
    assert_int_equal(op_ptc_l(v, 0, UINT64_C(0x2000000004000000), 26 << 2, &out), OPR_EXIT);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t a = A + (uint64_t)i * 0x40000;

        assert_int_equal(hits(v, a), (a & VA_OFFSET) >> 26 != 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_format, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_page_sizes, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_region_is_not_matched, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_overlap, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_tr, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_all_trs, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_capacity, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_purge, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_purge_jumps, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_purge_other_space, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_page_tokens, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_jumps_of_one_place, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_jumps_of_neighbours, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_purge_range, mmu_setup, mmu_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
