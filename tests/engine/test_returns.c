/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * v->returns[], and what it must not be believed in: returns to somebody else, under another key, to a page that is mapped
 * anew, to a frame that has shrunk. Each program runs so often that its returns are linked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/engine/accels.h"
#include "tests/engine/pages.h"

enum { VECTOR_GENERAL = 0x54, ROUNDS = PAGES_ROUNDS };

#define NOTHING "{ .mib nop.m 0 ; nop.i 0 ; nop.b 0 ;; }"
#define CALL(target) "{ .mib nop.m 0 ; nop.i 0 ; br.call.sptk.few b0=" target " ;; }"

static int setup(void **state)
{
    static struct machine machine, *const m = &machine;

    assert_true(machine_open(m, accel));
    machine_add_vectors(m);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    machine_close(*state);
    return 0;
}

static void write_program(struct machine *m, const char *const code[], size_t n)
{
    assert_true(machine_write_code(m, CODE, code, n));
    kia_vm_add_gate(m->vm, CODE + n * 16, GATE_END, KIA_GATE_FALL);
}

/* Two callers of one function; every third time it returns to where r15 says instead: the other one's return address, or an own one. */
static void test_targets(void **state)
{
    static const char *const code[] = {
        COUNT, CALL("+0x70"), "{ .mii adds r9=1,r9 ; nop.i 0 ; nop.i 0 ;; }", CALL("+0x50"),
        "{ .mii adds r10=1,r10 ; nop.i 0 ; nop.i 0 ;; }", BACK("-0x60"), "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few +0x60 ;; }",
        NOTHING, /* 9: the function */
        "{ .mii adds r16=-1,r16 ; nop.i 0 ; nop.i 0 ;; }", "{ .mii cmp.eq p8,p9=r0,r16 ; nop.i 0 ; nop.i 0 ;; }",
        "{ .mii (p8) adds r16=3,r0 ; (p8) mov b0=r15 ; nop.i 0 ;; }", RETURN,
    };
    static const unsigned bundles[] = { 3, 5 };
    struct machine *m = *state;

    write_program(m, code, N(code));
    for (unsigned i = 0; i < N(bundles); i++) {
        uint64_t first = 0, second = 0;
        unsigned calls = 0;

        for (unsigned round = 0; round < ROUNDS; round++) {
            unsigned at = ++calls % 3 ? 3 : bundles[i];

            if (at == 3) {
                first++;
                at = ++calls % 3 ? 5 : bundles[i];
            }
            if (at == 3) { /* once more from the first return */
                first++;
                calls++;
            }
            second++;
        }
        pages_begin(m, CODE, 4);
        kia_set_gr(m->vcpu, 15, CODE + bundles[i] * 16);
        kia_set_gr(m->vcpu, 16, 3);
        assert_int_equal(pages_run(m), GATE_END);
        assert_int_equal(pages_gr(m, 9), first);
        assert_int_equal(pages_gr(m, 10), second);
        assert_int_equal(kia_get_cfm(m->vcpu), 4 | 4 << 7);
    }
}

/* Every fourth time the function returns with the other byte order: what was made for one is not for the other. */
static void test_key(void **state)
{
    static const char *const code[] = {
        COUNT, CALL("+0x50"), "{ .mmi ld4 r11=[r14] ; add r9=r9,r10 ; nop.i 0 ;; }",
        "{ .mii mov r10=r11 ; nop.i 0 ; nop.i 0 ;; }", BACK("-0x50"), "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few +0x50 ;; }",
        "{ .mii nop.m 0 ; tbit.z p8,p9=r8,2 ; nop.i 0 ;; }", /* 7: the function */
        "{ .mmi (p8) sum 0x2 ; (p9) rum 0x2 ; nop.i 0 ;; }", "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few +0x10 ;; }", RETURN,
    };
    static const uint8_t word[4] = { 1, 2, 3, 4 };
    struct machine *m = *state;
    uint64_t sum = 0;

    write_program(m, code, N(code));
    assert_int_equal(kia_mem_write(m->mem, DATA, word, 4), 0);
    pages_begin(m, CODE, 0);
    kia_set_gr(m->vcpu, 14, DATA);
    assert_int_equal(pages_run(m), GATE_END);
    for (unsigned left = 0; left < ROUNDS; left++)
        sum += left >> 2 & 1 ? 0x04030201 : 0x01020304;
    /* r10 is added a round after it was loaded; the last one is not */
    assert_int_equal(pages_gr(m, 9) + pages_gr(m, 10), sum);
}

/* The last time the function returns to a frame without the register that is written behind the call. */
static void test_small_frame(void **state)
{
    static const char *const code[] = {
        COUNT, "{ .mib adds r37=1,r37 ; nop.i 0 ; br.call.sptk.few b0=+0x40 ;; }", "{ .mii adds r36=1,r36 ; nop.i 0 ; nop.i 0 ;; }", BACK("-0x40"),
        "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few +0x30 ;; }",
        "{ .mii nop.m 0 ; (p6) mov.i ar.pfs=r16 ; nop.i 0 ;; }", RETURN, /* 6: the function */
    };
    struct machine *m = *state;

    write_program(m, code, N(code));
    pages_begin(m, CODE, 0);
    kia_set_cfm(m->vcpu, 8 | 4 << 7); /* the place of the frame, by which returns are found, is that of the small one */
    kia_set_gr(m->vcpu, 16, 4 | 4 << 7);
    assert_int_equal(pages_run(m), GATE_IVT + VECTOR_GENERAL);
    assert_int_equal(kia_get_cr(m->vcpu, CR_ISR) & 0xffff, 0); /* illegal operation */
    assert_int_equal(kia_get_cr(m->vcpu, CR_IIP), CODE + 3 * 16);
    assert_int_equal(kia_get_cr(m->vcpu, CR_IIPA), CODE + 7 * 16);
    assert_int_equal(pages_gr(m, 8), 0);
}

/* Code that returns to itself for ever, from frames of one place: who asks is heard. */
static void test_endless(void **state)
{
    static const char *const code[] = {
        COUNT, "{ .mib nop.m 0 ; nop.i 0 ; (p7) br.call.dptk.few b0=-0x20 ;; }",
        "{ .mib adds r9=1,r9 ; nop.i 0 ; br.ret.sptk.few b0 ;; }",
    };
    struct machine *m = *state;

    write_program(m, code, N(code));
    pages_begin(m, CODE, 0);
    assert_true(machine_start_beside(m, machine_kick));
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(kia_vcpu_run(m->vcpu, &m->run), KIA_EXIT_KICKED);
    machine_end_beside(m);
    assert_true(pages_gr(m, 9) > ROUNDS);
}

/* Before any call there is nothing to be found, least of all at address 0. */
static void test_no_call(void **state)
{
    static const char *const code[] = { RETURN };
    struct machine *m = *state;

    write_program(m, code, N(code));
    kia_vm_add_gate(m->vm, 0, GATE_END + 2, KIA_GATE_FALL);
    for (unsigned sof = 0; sof < 96; sof += 8) {
        pages_begin(m, CODE, sof);
        kia_set_br(m->vcpu, 0, 0);
        kia_set_ar(m->vcpu, AR_PFS, 0);
        assert_int_equal(pages_run(m), GATE_END + 2);
    }
}

/* ---- a page that is another one when the call returns ---- */

/* In the page r8 counts down, and r9 up by 1 or 64; b6 is the function, in the identity map. */
static const char *const ones[] = {
    COUNT, "{ .mib nop.m 0 ; nop.i 0 ; br.call.sptk.few b0=b6 ;; }", "{ .mii adds r9=1,r9 ; nop.i 0 ; nop.i 0 ;; }", BACK("-0x40"),
};
static const char *const sixty_fours[] = {
    COUNT, "{ .mib nop.m 0 ; nop.i 0 ; br.call.sptk.few b0=b6 ;; }", "{ .mii adds r9=64,r9 ; nop.i 0 ; nop.i 0 ;; }", BACK("-0x40"),
};

static void begin_mapped(struct machine *m, const char *const function[], size_t n)
{
    pages_open(m);
    assert_true(machine_write_code(m, CODE, function, n));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(machine_write_code(m, PAGES + i * 0x1000, i ? sixty_fours : ones, N(ones)));
        kia_vm_add_gate(m->vm, PAGES + i * 0x1000 + N(ones) * 16, GATE_END, KIA_GATE_FALL);
    }
    kia_set_rr(m->vcpu, 1, RID_A << 8 | 12 << 2);
    pages_insert(m, 1, REGION1, PAGES, 12);
}

static void expect_turns(struct machine *m)
{
    uint64_t sum = 0;
    bool other = false;

    kia_set_psr(m->vcpu, PSR_IT);
    kia_set_br(m->vcpu, 6, CODE);
    assert_int_equal(pages_run(m), GATE_END);
    assert_int_equal(pages_gr(m, 8), 0);
    for (unsigned left = ROUNDS; left-- > 0;) {
        other ^= left % 4 == 0;
        sum += other ? 64 : 1;
    }
    assert_int_equal(pages_gr(m, 9), sum);
}

static void test_other_translation(void **state)
{
    struct machine *m = *state;

    begin_mapped(m, pages_other_translation, PAGES_OTHER_TRANSLATION);
    pages_begin(m, REGION1, 0);
    kia_set_gr(m->vcpu, 16, PAGES | PTE);
    kia_set_gr(m->vcpu, 17, (PAGES + 0x1000) | PTE);
    kia_set_gr(m->vcpu, 20, REGION1);
    kia_set_gr(m->vcpu, 21, 12 << 2);
    kia_set_gr(m->vcpu, 22, 1);
    expect_turns(m);
}

static void test_other_region(void **state)
{
    struct machine *m = *state;

    begin_mapped(m, pages_other_region, PAGES_OTHER_REGION);
    kia_set_rr(m->vcpu, 1, RID_B << 8 | 12 << 2);
    pages_insert(m, 2, REGION1, PAGES + 0x1000, 12);
    kia_set_rr(m->vcpu, 1, RID_A << 8 | 12 << 2);
    pages_begin(m, REGION1, 0);
    kia_set_gr(m->vcpu, 16, RID_A << 8 | 12 << 2);
    kia_set_gr(m->vcpu, 17, RID_B << 8 | 12 << 2);
    kia_set_gr(m->vcpu, 20, REGION1);
    expect_turns(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_targets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(test_endless, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_translation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_region, setup, teardown),
    };

    return run_under_all(tests, N(tests));
}
