/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random inserts, purges, region and privilege changes and references, against a naive model: a plain list of translations
 * and the rules of SDM Vol.2 4.1 written out. The soft TLB is probed with the naive answer known.
 */
#include "tests/arch/mmu_fixture.h"

#include "arch/mmu_ref.h"

enum { STEPS = 400000, N_RIDS = 6, MAX_LIST = TC_SIZE };

struct naive_entry {
    bool used;
    uint64_t va, pte, seq;
    uint32_t rid, key;
    unsigned ps;
};

static struct {
    struct naive_entry tc[2][MAX_LIST], tr[2][VM_MAX_TR];
    unsigned high[2]; /* entries above are unused */
    uint64_t inserts[2];
} naive;

static uint64_t seed = UINT64_C(0x123456789abcdef);

static unsigned below(unsigned n) { return (unsigned)(mmu_random(&seed) >> 33) % n; }
static bool chance(unsigned per_thousand) { return below(1000) < per_thousand; }

static unsigned random_ps(void)
{
    static const uint8_t sizes[] = { 12, 12, 13, 14, 14, 14, 16, 18, 20, 22 };

    return sizes[below(sizeof(sizes))];
}

/* Few enough places that things meet; half of them used shortly before. */
static uint64_t random_va(void)
{
    static uint64_t recent[32];
    unsigned slot = below(32);
    uint64_t region = below(8), high = below(2), page = below(4) ? below(64) : below(2048);

    if (below(2))
        recent[slot] = region << 61 | high << 40 | page << 12 | (below(512) << 3);
    return recent[slot];
}

/* ---- the model ---- */

static bool meets(const struct naive_entry *e, uint32_t rid, uint64_t va, unsigned ps)
{
    uint64_t size1 = UINT64_C(1) << e->ps, size2 = UINT64_C(1) << ps;
    uint64_t first1 = e->va / size1 * size1, first2 = (va & VA_OFFSET) / size2 * size2;

    return e->used && e->rid == rid && first1 < first2 + size2 && first2 < first1 + size1;
}

static void naive_purge(struct naive_entry *list, unsigned n, uint32_t rid, uint64_t va, unsigned ps)
{
    for (unsigned i = 0; i < n; i++)
        if (meets(&list[i], rid, va, ps))
            list[i].used = false;
}

static void naive_insert(unsigned kind, const struct naive_entry *e)
{
    unsigned free_slot = MAX_LIST;

    naive_purge(naive.tc[kind], naive.high[kind], e->rid, e->va, e->ps);
    for (unsigned i = 0; i < naive.high[kind]; i++) {
        /* replaced round robin, used or not */
        if (naive.tc[kind][i].used && naive.tc[kind][i].seq + TC_SIZE <= naive.inserts[kind])
            naive.tc[kind][i].used = false;
        if (!naive.tc[kind][i].used && free_slot == MAX_LIST)
            free_slot = i;
    }
    if (free_slot == MAX_LIST)
        free_slot = naive.high[kind]++;
    assert_true(free_slot < MAX_LIST);
    naive.tc[kind][free_slot] = *e;
    naive.tc[kind][free_slot].used = true;
    naive.tc[kind][free_slot].seq = naive.inserts[kind]++;
}

static const struct naive_entry *naive_find(unsigned kind, uint32_t rid, uint64_t va)
{
    for (unsigned i = 0; i < VM_MAX_TR; i++)
        if (meets(&naive.tr[kind][i], rid, va, 0))
            return &naive.tr[kind][i];
    for (unsigned i = 0; i < naive.high[kind]; i++)
        if (meets(&naive.tc[kind][i], rid, va, 0))
            return &naive.tc[kind][i];
    return NULL;
}

/* 'r', 'w' or 'x' allowed? (SDM Vol.2 table 4-2) */
static bool naive_right(unsigned ar, unsigned pl, unsigned cpl, char what)
{
    if (ar == 7)
        return what == 'x' || (what == 'r' && cpl == 0);
    if (ar <= 3)
        return cpl <= pl && (what == 'r' || (what == 'w' && ar >= 2) || (what == 'x' && (ar & 1)));
    if (cpl > pl)
        return false;
    if (what == 'r')
        return true;
    switch (ar) {
    case 4:
        return what == 'w' && (cpl < pl || cpl == 0);
    case 5:
        return what == 'x' || cpl == 0;
    default:
        return what == 'w' || (cpl == pl && cpl > 0);
    }
}

static enum fault naive_key(const struct vcpu *v, uint32_t key, char what)
{
    unsigned bit = what == 'w' ? 1 : what == 'r' ? 2 : 3;

    for (unsigned i = 0; i < N_PKR; i++)
        if ((v->pkr[i] & 1) && v->pkr[i] >> 8 == key)
            return v->pkr[i] >> bit & 1 ? FAULT_DATA_KEY_PERMISSION : FAULT_NONE;
    return FAULT_DATA_KEY_MISS;
}

static enum fault naive_reference(const struct vcpu *v, uint64_t gva, char what, bool rse, uint64_t *gpa)
{
    bool translated = v->psr & (what == 'x' ? PSR_IT : rse ? PSR_RT : PSR_DT);
    unsigned pl = rse ? v->rsc >> 2 & 3 : vcpu_cpl(v);
    const struct naive_entry *e;

    if (!translated) {
        *gpa = gva & INT64_MAX;
        return *gpa >> 50 ? (what == 'x' ? FAULT_UNIMPL_INST_ADDR : FAULT_UNIMPL_DATA_ADDR) : FAULT_NONE;
    }
    e = naive_find(what == 'x', v->rr[gva >> 61] >> 8 & 0xffffff, gva & VA_OFFSET);
    if (!e)
        return what == 'x' ? FAULT_ALT_INST_TLB : FAULT_ALT_DATA_TLB;
    if (!(e->pte & 1))
        return what == 'x' ? FAULT_INST_PAGE_NOT_PRESENT : FAULT_DATA_PAGE_NOT_PRESENT;
    if ((e->pte >> 2 & 7) == 7)
        return what == 'x' ? FAULT_INST_NAT_PAGE : FAULT_DATA_NAT_PAGE;
    if (v->psr & PSR_PK) {
        enum fault key = naive_key(v, e->key, what);

        if (key != FAULT_NONE)
            return what != 'x' ? key : key == FAULT_DATA_KEY_MISS ? FAULT_INST_KEY_MISS : FAULT_INST_KEY_PERMISSION;
    }
    if (!naive_right(e->pte >> 9 & 7, e->pte >> 7 & 3, pl, what))
        return what == 'x' ? FAULT_INST_ACCESS_RIGHTS : FAULT_DATA_ACCESS_RIGHTS;
    if (what == 'w' && !(e->pte & PTE_D))
        return FAULT_DATA_DIRTY;
    if (!(e->pte & PTE_A))
        return what == 'x' ? FAULT_INST_ACCESS_BIT : FAULT_DATA_ACCESS_BIT;
    *gpa = (e->pte & PTE_PPN & ~((UINT64_C(1) << e->ps) - 1)) | (gva & ((UINT64_C(1) << e->ps) - 1));
    return FAULT_NONE;
}

/* ---- the steps ---- */

static void do_insert(struct vcpu *v, unsigned kind, uint64_t va)
{
    unsigned ps = random_ps();
    uint64_t out;
    uint64_t pte = PTE(below(4) ? 3 : below(8), below(3) ? 3 : below(4), chance(50) ? MA_NATPAGE : chance(50) ? MA_UC : MA_WB);
    struct naive_entry e;

    pte &= ~((chance(100) ? PTE_A : 0) | (chance(150) ? PTE_D : 0) | (chance(30) ? PTE_P : 0));
    pte |= (mmu_random(&seed) & (MMU_RAM_SIZE - 1)) & ~((UINT64_C(1) << ps) - 1) & PTE_PPN;
    e = (struct naive_entry){ .used = true, .va = va & VA_OFFSET, .pte = pte, .ps = ps };
    e.rid = (uint32_t)(v->rr[va >> 61] >> 8);
    e.key = below(6);
    v->cr[CR_IFA] = va;
    v->cr[CR_ITIR] = (uint64_t)ps << 2 | (uint64_t)e.key << 8;
    if (chance(40)) {
        unsigned slot = below(12);

        naive_purge(naive.tc[kind], naive.high[kind], e.rid, va, ps);
        naive_purge(naive.tr[kind], VM_MAX_TR, e.rid, va, ps);
        naive.tr[kind][slot] = e;
        assert_int_equal(op_itr(v, kind, pte, slot, &out), OPR_EXIT);
        return;
    }
    naive_insert(kind, &e);
    assert_int_not_equal(op_itc(v, kind, pte, 0, &out), OPR_FAULT);
}

static void do_purge(struct vcpu *v)
{
    uint64_t va = random_va(), out;
    unsigned ps = random_ps(), kind = below(2);
    uint32_t rid = (uint32_t)(v->rr[va >> 61] >> 8);

    if (chance(200)) {
        assert_int_equal(op_ptr(v, kind, va, ps << 2, &out), OPR_EXIT);
        naive_purge(naive.tr[kind], VM_MAX_TR, rid, va, ps);
        naive_purge(naive.tc[kind], naive.high[kind], rid, va, ps);
        return;
    }
    if (chance(5)) {
        assert_int_equal(op_ptc_e(v, 0, 0, 0, &out), OPR_EXIT);
        for (unsigned k = 0; k < 2; k++)
            memset(naive.tc[k], 0, sizeof(naive.tc[k]));
        return;
    }
    if (below(2))
        assert_int_equal(op_ptc_l(v, 0, va, ps << 2, &out), OPR_EXIT);
    else
        assert_int_equal(op_ptc_g(v, 0, va, ps << 2, &out), OPR_EXIT);
    for (unsigned k = 0; k < 2; k++)
        naive_purge(naive.tc[k], naive.high[k], rid, va, ps);
}

static void do_state(struct vcpu *v)
{
    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        mmu_set_rr(v, below(8), 0x100 + below(N_RIDS) * 0x10001, 14, false);
        break;
    case 3:
        mmu_set_cpl(v, below(4));
        break;
    case 4:
        mmu_set_psr(v, PSR_DT | PSR_RT | PSR_IT, 0);
        mmu_set_psr(v, 0, PSR_DT * chance(100) | PSR_RT * chance(100) | PSR_IT * chance(100));
        break;
    case 5:
        mmu_set_psr(v, (chance(300) ? PSR_PK : 0) | (chance(100) ? PSR_DB : 0), PSR_PK | PSR_DB);
        break;
    case 6:
        v->pkr[below(3)] = below(6) << 8 | (chance(100) ? below(8) << 1 : 0) | 1;
        v->pkr[3] = below(6) << 8 | 1;
        for (unsigned i = 0; i < 3; i++) /* hardware keeps keys unique */
            if (v->pkr[i] >> 8 == v->pkr[3] >> 8)
                v->pkr[i] = 0;
        for (unsigned i = 0; i < 3; i++)
            for (unsigned k = 0; k < i; k++)
                if (v->pkr[i] >> 8 == v->pkr[k] >> 8)
                    v->pkr[i] = 0;
        mmu_update_tags(v);
        break;
    default:
        v->rsc = below(4) << 2;
        mmu_update_tags(v);
        break;
    }
}

static void do_fetch(struct vcpu *v, uint64_t gva)
{
    uint64_t expected = 0, gpa;
    enum fault fault;
    struct ftlb_entry *e;

    gva &= ~UINT64_C(15);
    fault = naive_reference(v, gva, 'x', false, &expected);
    if (ftlb_probe(v, gva, &e)) {
        assert_int_equal(fault, FAULT_NONE);
        assert_int_equal(e->gpa, expected & ~UINT64_C(0xfff));
    }
    assert_int_equal(mmu_fetch(v, gva, &gpa, NULL), fault ? OPR_FAULT : OPR_OK);
    if (fault)
        assert_int_equal(v->fault.kind, fault);
    else
        assert_int_equal(gpa, expected);
    if (fault == FAULT_ALT_INST_TLB && chance(500))
        do_insert(v, TLB_INST, gva);
}

/* True if the soft TLB had it. */
static bool do_data(struct vcpu *v, uint64_t gva, uint8_t *ram)
{
    bool write = below(2), rse = chance(300);
    unsigned flags = rse ? REF_RSE : 0;
    uint64_t expected = 0, x;
    enum fault fault = naive_reference(v, gva, write ? 'w' : 'r', rse, &expected);
    uint8_t *host = mem_probe(v, gva, 8, flags, write ? REF_W : REF_R);

    if (host) {
        assert_int_equal(fault, FAULT_NONE);
        assert_ptr_equal(host, ram + expected);
    }
    if (fault == FAULT_NONE && expected >= MMU_RAM_SIZE)
        return false;
    if (write) {
        assert_int_equal(mem_store(v, gva, 8, flags, expected), fault ? OPR_FAULT : OPR_OK);
    } else {
        assert_int_equal(mem_load(v, gva, 8, flags, &x), fault ? OPR_FAULT : OPR_OK);
        if (!fault)
            assert_int_equal(x, expected);
    }
    if (fault)
        assert_int_equal(v->fault.kind, fault);
    if (fault == FAULT_ALT_DATA_TLB && chance(500))
        do_insert(v, TLB_DATA, gva);
    return host;
}

static void test_stress(void **state)
{
    struct vcpu *v = *state;
    uint8_t *ram = kia_mem_hva(v->mem, 0, MMU_RAM_SIZE);
    unsigned probes = 0;

    for (uint64_t a = 0; a < MMU_RAM_SIZE; a += 8)
        memcpy(ram + a, &a, 8); /* every word holds its address */
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned what = below(100);
        uint64_t gva = random_va();

        if (what < 4)
            do_insert(v, below(2), gva);
        else if (what < 7)
            do_purge(v);
        else if (what < 12)
            do_state(v);
        else if (what < 30)
            do_fetch(v, gva);
        else
            probes += do_data(v, gva, ram);
    }
    assert_true(probes > STEPS / 50); /* the soft TLB took part */
}

/* More rids than there are tags: everything is dropped once in a while, nothing is mixed up. */
static void test_many_rids(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, a = UINT64_C(0x6000000000004000);

    for (unsigned rid = 0; rid < 3000; rid++) {
        mmu_set_rr(v, 3, rid, 14, false);
        mmu_map(v, TLB_DATA, a, (rid % 512) << 14, 14, PTE_RW);
        mmu_poke(v, (rid % 512) << 14, rid % 512);
        assert_int_equal(mem_load(v, a, 8, 0, &x), OPR_OK);
    }
    for (unsigned rid = 0; rid < 3000; rid++) {
        mmu_set_rr(v, 3, rid, 14, false);
        assert_int_equal(mem_load(v, a, 8, 0, &x), OPR_OK);
        assert_int_equal(x, rid % 512);
        assert_non_null(mem_probe(v, a, 8, 0, REF_R));
    }
}

/* Coming back to a rid finds the soft entries made before: a switch flushes nothing. */
static void test_switch_keeps_entries(void **state)
{
    struct vcpu *v = *state;
    uint64_t x, a = UINT64_C(0x6000000000004000);

    for (unsigned i = 0; i < 16; i++) { /* different places in the soft TLB */
        mmu_set_rr(v, 3, 0x500 + i, 14, false);
        mmu_map(v, TLB_DATA, a + i * 0x4000, i << 14, 14, PTE_USER);
        assert_int_equal(mem_load(v, a + i * 0x4000, 8, 0, &x), OPR_OK);
    }
    for (unsigned i = 0; i < 16; i++) {
        mmu_set_rr(v, 3, 0x500 + i, 14, false);
        assert_non_null(mem_probe(v, a + i * 0x4000, 8, 0, REF_R | REF_W));
        mmu_set_cpl(v, 3);
        assert_null(mem_probe(v, a + i * 0x4000, 8, 0, REF_R));
        mmu_set_cpl(v, 0);
        mmu_set_psr(v, 0, PSR_DT);
        assert_null(mem_probe(v, a + i * 0x4000, 8, 0, REF_R));
        mmu_set_psr(v, PSR_DT, 0);
        assert_non_null(mem_probe(v, a + i * 0x4000, 8, 0, REF_R));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stress, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_many_rids, mmu_setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_switch_keeps_entries, mmu_setup, mmu_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
