/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from outside while a processor is in a loop that compiled code keeps in host registers: kicks, interrupts whose
 * handler changes what the loop reads, and new code. Whoever looks sees a state between two rounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/engine/accels.h"
#include "tests/engine/machine.h"

enum { CODE = 0x10000, ROUNDS = 30, WAIT_US = 20000 };

/* In each round r8 goes up by 1, r10 by 2, and [r14] becomes their sum, r11; it ends when r2 is as large as r15. */
static const char *const loop[] = {
    "{ .mii adds r8=1,r8 ; adds r10=2,r10 ; nop.i 0 ;; }",
    "{ .mii add r11=r8,r10 ; cmp.ltu p6,p0=r2,r15 ; nop.i 0 ;; }",
    "{ .mib st8 [r14]=r11 ; nop.i 0 ; (p6) br.cond.sptk.few -0x20 ;; }",
};
/* Takes the place of the loop's second bundle: nothing is below 0. */
static const char *const last_round[] = { "{ .mii add r11=r8,r10 ; cmp.ltu p6,p0=r2,r0 ; nop.i 0 ;; }" };

#define N(array) (sizeof(array) / sizeof(*(array)))

static int setup(void **state)
{
    static struct machine machine, *const m = &machine;

    assert_true(machine_open(m, accel));
    assert_true(machine_write_code(m, CODE, loop, N(loop)));
    assert_true(machine_add_counter(m));
    kia_vm_add_gate(m->vm, CODE + N(loop) * 16, GATE_END, KIA_GATE_FALL);
    kia_set_psr(m->vcpu, PSR_IC | PSR_I);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_cr(m->vcpu, CR_TPR, 0);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    kia_set_cfm(m->vcpu, 0);
    kia_set_ip(m->vcpu, CODE);
    kia_set_gr(m->vcpu, 14, DATA);
    kia_set_gr(m->vcpu, 15, ROUNDS);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    machine_close(*state);
    return 0;
}

static uint64_t gr(struct machine *m, unsigned r) { return kia_get_gr(m->vcpu, r, NULL); }

/* Between two rounds, in registers and in memory. */
static void expect_whole_rounds(struct machine *m)
{
    uint64_t sum;

    assert_int_equal(gr(m, 10), 2 * gr(m, 8));
    assert_int_equal(gr(m, 11), 3 * gr(m, 8));
    assert_int_equal(kia_mem_read(m->mem, DATA, &sum, 8), 0);
    assert_int_equal(sum, gr(m, 11));
}

static void *replace(void *opaque)
{
    struct machine *m = opaque;

    usleep(WAIT_US);
    machine_write_code(m, CODE + 16, last_round, N(last_round));
    return NULL;
}

static void run_with(struct machine *m, void *(*other)(void *))
{
    assert_true(machine_start_beside(m, other));
    kia_vcpu_run(m->vcpu, &m->run);
}

static void end(struct machine *m)
{
    machine_end_beside(m);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
    assert_int_equal(m->run.gate, GATE_END);
    expect_whole_rounds(m);
}

/* A kick leaves before a round, and what is changed then counts from the next round on. */
static void test_kick(void **state)
{
    struct machine *m = *state;

    run_with(m, machine_kick);
    for (uint64_t i = 1; m->run.exit != KIA_EXIT_GATE; i++) {
        assert_int_equal(m->run.exit, KIA_EXIT_KICKED);
        assert_int_equal(kia_get_ip(m->vcpu), CODE);
        if (gr(m, 8))
            expect_whole_rounds(m);
        kia_set_gr(m->vcpu, 2, i);
        kia_vcpu_run(m->vcpu, &m->run);
    }
    assert_true(gr(m, 2) >= ROUNDS);
    end(m);
}

/* The loop sees what the handler did to the register that it only reads. */
static void test_interrupt(void **state)
{
    struct machine *m = *state;

    run_with(m, machine_interrupt);
    assert_true(gr(m, 2) >= ROUNDS);
    end(m);
}

/* A device writes the loop's code. */
static void test_new_code(void **state)
{
    struct machine *m = *state;

    kia_set_psr(m->vcpu, PSR_IC);
    run_with(m, replace);
    assert_int_equal(gr(m, 2), 0);
    end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kick, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_code, setup, teardown),
    };

    return run_under_all(tests, N(tests));
}
