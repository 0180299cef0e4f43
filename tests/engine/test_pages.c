/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Branches to another page, and what may have become of that page since they were linked: mapped anew, in another address space, not for
 * this privilege level, with other code in it; and code whose own page is in two places. Each program runs so often that its branches are
 * linked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/engine/accels.h"
#include "tests/engine/pages.h"

enum { FUNCTION = CODE, ONES = PAGES + 0x1000, SIXTY_FOURS = PAGES + 0x2000, PAGE = 0x1000, VECTOR_INST_RIGHTS = 0x52 };

/* The first page counts r8 down and calls b6, in the identity map; the second one counts r9 up by 1 or 64. */
static const char *const here[] = {
    COUNT, "{ .mib nop.m 0 ; nop.i 0 ; br.call.sptk.few b0=b6 ;; }", "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few +0xfd0 ;; }",
    BACK("-0x40"),
};
static const char *const ones[] = {
    "{ .mii adds r9=1,r9 ; nop.i 0 ; nop.i 0 ;; }", "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few -0xfd0 ;; }",
};
static const char *const sixty_fours[] = {
    "{ .mii adds r9=64,r9 ; nop.i 0 ; nop.i 0 ;; }", "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few -0xfd0 ;; }",
};
static const char *const nothing[] = { RETURN };

#define TRANSLATED (PSR_IT | PSR_IC)

static void write_page(struct machine *m, uint64_t gpa, const char *const code[], size_t n)
{
    assert_true(machine_write_code(m, gpa, code, n));
}

static int setup(void **state)
{
    static struct machine machine, *const m = &machine;

    assert_true(machine_open(m, accel));
    machine_add_vectors(m);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    write_page(m, PAGES, here, N(here));
    write_page(m, ONES, ones, N(ones));
    write_page(m, SIXTY_FOURS, sixty_fours, N(sixty_fours));
    write_page(m, FUNCTION, nothing, N(nothing));
    kia_vm_add_gate(m->vm, PAGES + N(here) * 16, GATE_END, KIA_GATE_FALL);
    pages_open(m);
    kia_set_rr(m->vcpu, 1, RID_A << 8 | 12 << 2);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    machine_close(*state);
    return 0;
}

static void map(struct machine *m, unsigned slot, uint64_t gva, uint64_t second)
{
    pages_insert(m, slot, gva, PAGES, 12);
    pages_insert(m, slot + 1, gva + PAGE, second, 12);
}

/* Runs the program at @ip. Return: what it has counted */
static uint64_t count_at(struct machine *m, uint64_t ip, uint64_t psr)
{
    pages_begin(m, ip, 0);
    kia_set_psr(m->vcpu, psr);
    kia_set_br(m->vcpu, 6, FUNCTION);
    assert_int_equal(pages_run(m), GATE_END);
    assert_int_equal(pages_gr(m, 8), 0);
    return pages_gr(m, 9);
}

/* What it counts if the function changes pages each time that r8 is a multiple of 4. */
static uint64_t sum_of_turns(void)
{
    uint64_t sum = 0;
    bool other = false;

    for (unsigned left = PAGES_ROUNDS; left-- > 0;) {
        other ^= left % 4 == 0;
        sum += other ? 64 : 1;
    }
    return sum;
}

static void test_other_translation(void **state)
{
    struct machine *m = *state;

    map(m, 1, REGION1, ONES);
    write_page(m, FUNCTION, pages_other_translation, PAGES_OTHER_TRANSLATION);
    kia_set_gr(m->vcpu, 16, ONES | PTE);
    kia_set_gr(m->vcpu, 17, SIXTY_FOURS | PTE);
    kia_set_gr(m->vcpu, 20, REGION1 + PAGE);
    kia_set_gr(m->vcpu, 21, 12 << 2);
    kia_set_gr(m->vcpu, 22, 2);
    assert_int_equal(count_at(m, REGION1, PSR_IT), sum_of_turns()); /* psr.ic = 0, for itr.i */
}

static void test_other_region(void **state)
{
    struct machine *m = *state;

    map(m, 1, REGION1, ONES);
    kia_set_rr(m->vcpu, 1, RID_B << 8 | 12 << 2);
    map(m, 3, REGION1, SIXTY_FOURS);
    kia_set_rr(m->vcpu, 1, RID_A << 8 | 12 << 2);
    write_page(m, FUNCTION, pages_other_region, PAGES_OTHER_REGION);
    kia_set_gr(m->vcpu, 16, RID_A << 8 | 12 << 2);
    kia_set_gr(m->vcpu, 17, RID_B << 8 | 12 << 2);
    kia_set_gr(m->vcpu, 20, REGION1);
    assert_int_equal(count_at(m, REGION1, TRANSLATED), sum_of_turns());
}

/* The first page at two addresses, with different pages behind it; some of these have one place in v->page_tokens[]. */
static void test_two_addresses(void **state)
{
    static const uint64_t apart[] = { 0x10000, (uint64_t)PAGE_TOKENS << 12, UINT64_C(4) * PAGE_TOKENS << 12 };
    struct machine *m = *state;

    for (unsigned i = 0; i < N(apart); i++) {
        map(m, 1, REGION1, ONES);
        map(m, 3, REGION1 + apart[i], SIXTY_FOURS);
        for (unsigned turn = 0; turn < 4; turn++) {
            assert_int_equal(count_at(m, REGION1, TRANSLATED), PAGES_ROUNDS);
            assert_int_equal(count_at(m, REGION1 + apart[i], TRANSLATED), PAGES_ROUNDS * 64);
        }
    }
}

/* The function changes the second page's first bundle, as it is in r16 and r17. */
static void test_other_code(void **state)
{
    static const char *const function[] = {
        AT_TIMES("+0x50"), "{ .mmi st8 [r20]=r17 ;; fc r20 ; mov r18=r16 ;; }", "{ .mmi sync.i ;; srlz.i ; mov r16=r17 ;; }",
        "{ .mii nop.m 0 ; mov r17=r18 ; nop.i 0 ;; }", "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few +0x10 ;; }", RETURN,
    };
    struct machine *m = *state;

    map(m, 1, REGION1, ONES);
    write_page(m, FUNCTION, function, N(function));
    for (unsigned i = 0; i < 2; i++) {
        uint64_t half[2], other[2];

        assert_int_equal(kia_mem_read(m->mem, i ? SIXTY_FOURS : ONES, half, sizeof(half)), 0);
        assert_int_equal(kia_mem_read(m->mem, i ? ONES : SIXTY_FOURS, other, sizeof(other)), 0);
        assert_int_equal(half[1], other[1]);
        kia_set_gr(m->vcpu, 16 + i, half[0]);
    }
    kia_set_gr(m->vcpu, 20, ONES);
    assert_int_equal(count_at(m, REGION1, TRANSLATED), sum_of_turns());
}

/* The second page is no longer for level 3, but level 0 has just been there. */
static void test_privilege(void **state)
{
    enum { LEVEL3 = 3 << 7 };
    struct machine *m = *state;

    pages_insert_pte(m, 0, 0, PTE | LEVEL3, 24);
    pages_insert_pte(m, 1, REGION1, PAGES | PTE | LEVEL3, 12);
    pages_insert_pte(m, 2, REGION1 + PAGE, ONES | PTE | LEVEL3, 12);
    assert_int_equal(count_at(m, REGION1, TRANSLATED | PSR_CPL), PAGES_ROUNDS);
    pages_insert(m, 2, REGION1 + PAGE, ONES, 12);
    assert_int_equal(count_at(m, REGION1, TRANSLATED), PAGES_ROUNDS);
    pages_begin(m, REGION1, 0);
    kia_set_psr(m->vcpu, TRANSLATED | PSR_CPL);
    assert_int_equal(pages_run(m), GATE_IVT + VECTOR_INST_RIGHTS);
    assert_int_equal(kia_get_cr(m->vcpu, CR_IIP), REGION1 + PAGE);
    assert_int_equal(pages_gr(m, 9), 0);
}

/* An address leads to one page where it is translated, to another one where it is not. */
static void test_physical(void **state)
{
    struct machine *m = *state;

    pages_insert(m, 0, CODE, CODE, 12);
    map(m, 1, PAGES, ONES);
    assert_int_equal(count_at(m, PAGES, TRANSLATED), PAGES_ROUNDS);
    for (unsigned turn = 0; turn < 4; turn++) {
        pages_insert(m, 2, PAGES + PAGE, turn & 1 ? ONES : SIXTY_FOURS, 12);
        assert_int_equal(count_at(m, PAGES, PSR_IC), PAGES_ROUNDS);
        assert_int_equal(count_at(m, PAGES, TRANSLATED), turn & 1 ? PAGES_ROUNDS : PAGES_ROUNDS * 64);
    }
}

/* From page to page for ever: who asks is heard. */
static void test_endless(void **state)
{
    static const char *const code[] = { "{ .mib adds r10=1,r10 ; nop.i 0 ; br.cond.sptk.few +0x1000 ;; }" };
    static const char *const back[] = { "{ .mib adds r9=1,r9 ; nop.i 0 ; br.cond.sptk.few -0x1000 ;; }" };
    struct machine *m = *state;

    write_page(m, PAGES, code, N(code));
    write_page(m, ONES, back, N(back));
    map(m, 1, REGION1, ONES);
    pages_begin(m, REGION1, 0);
    kia_set_psr(m->vcpu, TRANSLATED);
    assert_true(machine_start_beside(m, machine_kick));
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(kia_vcpu_run(m->vcpu, &m->run), KIA_EXIT_KICKED);
    machine_end_beside(m);
    assert_true(pages_gr(m, 9) > PAGES_ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_other_translation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_region, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_code, setup, teardown),
        cmocka_unit_test_setup_teardown(test_privilege, setup, teardown),
        cmocka_unit_test_setup_teardown(test_physical, setup, teardown),
        cmocka_unit_test_setup_teardown(test_endless, setup, teardown),
    };

    return run_under_all(tests, N(tests));
}
