/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers that are written again and again, as they are where a reference in between faults or a branch leaves: what compiled code
 * may hold back has to be there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/engine/accels.h"
#include "tests/engine/machine.h"

enum {
    CODE = 0x10000,
    AWAY = CODE + 0x400, /* where the branches lead */
    GATE_AWAY = 2,
    GENERAL_EXCEPTION = 0x54, /* vector 0x5400: Unimplemented Data Address */
    STEPS = 6,
};
#define UNIMPLEMENTED (UINT64_C(1) << 62)

/*
 * Step n of 1 to 6 makes r15 = r8 + n, r33 = r9 + n and r14 = n, and then may end the program: the loads and the store by their
 * address, the branches by their predicate.
 */
static const char *const program[] = {
    "{ .mii adds r15=1,r8 ; adds r33=1,r9 ; adds r14=1,r0 ;; }",
    "{ .mii ld8 r16=[r21] ; nop.i 0 ; nop.i 0 ;; }",
    "{ .mii adds r15=2,r8 ; adds r33=2,r9 ; adds r14=2,r0 ;; }",
    "{ .mib nop.m 0 ; nop.i 0 ; (p32) br.cond.dpnt.few 0x3d0 ;; }",
    "{ .mii adds r15=3,r8 ; adds r33=3,r9 ; adds r14=3,r0 ;; }",
    "{ .mii st8 [r23]=r16 ; nop.i 0 ; nop.i 0 ;; }",
    "{ .mii adds r15=4,r8 ; adds r33=4,r9 ; adds r14=4,r0 ;; }",
    "{ .mib nop.m 0 ; nop.i 0 ; (p34) br.cond.sptk.few 0x390 ;; }",
    "{ .mii adds r15=5,r8 ; adds r33=5,r9 ; adds r14=5,r0 ;; }",
    "{ .mii ld1 r17=[r25] ; cmp.eq p6,p7=r18,r0 ; nop.i 0 ;; }",
    "{ .mii adds r15=6,r8 ; adds r33=6,r9 ; adds r14=6,r0 ;; }",
    "{ .mib cmp.eq p6,p7=r26,r0 ; nop.i 0 ; (p6) br.cond.spnt.few 0x350 ;; }",
    "{ .mii adds r15=7,r8 ; adds r33=7,r9 ; adds r14=7,r0 ;; }",
};
#define N(array) (sizeof(array) / sizeof(*(array)))

static int setup(void **state)
{
    static struct machine machine, *const m = &machine;

    assert_true(machine_open(m, accel));
    assert_true(machine_write_code(m, CODE, program, N(program)));
    machine_add_vectors(m);
    kia_vm_add_gate(m->vm, CODE + N(program) * 16, GATE_END, KIA_GATE_FALL);
    kia_vm_add_gate(m->vm, AWAY, GATE_AWAY, KIA_GATE_FALL);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    machine_close(*state);
    return 0;
}

/* Runs the program, which @step is to end; 0: nothing does. */
static unsigned run(struct machine *m, unsigned step, uint64_t r8, uint64_t r9)
{
    kia_set_psr(m->vcpu, PSR_IC);
    kia_set_cfm(m->vcpu, 8 | 8 << 7);
    for (unsigned r = 14; r < 20; r++)
        kia_set_gr(m->vcpu, r, 0);
    kia_set_gr(m->vcpu, 8, r8);
    kia_set_gr(m->vcpu, 9, r9);
    for (unsigned s = 1; s <= 5; s++)
        kia_set_gr(m->vcpu, 20 + s, s == step ? UNIMPLEMENTED : DATA);
    kia_set_gr(m->vcpu, 26, step == 6 ? 0 : 1);
    kia_set_pr(m->vcpu, 1 | (uint64_t)(step == 2) << 32 | (uint64_t)(step == 4) << 34);
    kia_set_ip(m->vcpu, CODE);
    kia_vcpu_run(m->vcpu, &m->run);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
    return m->run.gate;
}

static unsigned gate_of(unsigned step)
{
    if (step == 0)
        return GATE_END;
    return step % 2 ? GATE_IVT + GENERAL_EXCEPTION : GATE_AWAY;
}

static void test_steps(void **state)
{
    struct machine *m = *state;

    for (unsigned round = 0; round < 20; round++) {
        for (unsigned step = 0; step <= STEPS; step++) {
            uint64_t r8 = round * UINT64_C(0x123456789abcdef), r9 = ~r8, n = step ? step : STEPS + 1;

            assert_int_equal(run(m, step, r8, r9), gate_of(step));
            assert_int_equal(kia_get_gr(m->vcpu, 15, NULL), r8 + n);
            assert_int_equal(kia_get_gr(m->vcpu, 33, NULL), r9 + n);
            assert_int_equal(kia_get_gr(m->vcpu, 14, NULL), n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_steps, setup, teardown) };

    return run_under_all(tests, N(tests));
}
