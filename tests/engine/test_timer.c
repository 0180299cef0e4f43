/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's timer of a processor that has slept: it is set late, if at all (ATTN_SET_TIMER), and the interval timer's interrupt comes
 * all the same, whatever the guest does meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "tests/engine/accels.h"
#include "tests/engine/machine.h"

enum { CODE = 0x10000, FAR = CODE + 0x1000, VECTOR = 0x40, EXTERNAL = GATE_IVT + 0x30, WARM = 5, SECONDS = 30 };

#define N(array) (sizeof(array) / sizeof(*(array)))
#define GO(by) "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few " by " ;; }"
#define CALL(by) "{ .mib nop.m 0 ; nop.i 0 ; br.call.sptk.few b0=" by " ;; }"
#define RETURN "{ .mib nop.m 0 ; nop.i 0 ; br.ret.sptk.few b0 ;; }"
#define MORE "{ .mii adds r8=1,r8 ; nop.i 0 ; nop.i 0 ;; }"
/* What the handler of a tick does: takes it, and sets the next one to r10. */
#define TICK                                                                                                                        \
    "{ .mii mov r9=cr.ivr ; nop.i 0 ; nop.i 0 ;; }", "{ .mii mov cr.eoi=r0 ; nop.i 0 ; nop.i 0 ;; }",                              \
        "{ .mii mov cr.itm=r10 ; nop.i 0 ; nop.i 0 ;; }", "{ .mii srlz.d ; nop.i 0 ; nop.i 0 ;; }"
#define UNMASK "{ .mii ssm 0x4000 ; nop.i 0 ; nop.i 0 ;; }", GO("+0x10")

static int setup(void **state)
{
    static struct machine machine, *const m = &machine;

    assert_true(machine_open(m, accel));
    machine_add_vectors(m);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_cr(m->vcpu, CR_ITV, VECTOR);
    alarm(SECONDS); /* an interrupt that does not come ends the test */
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    alarm(0);
    machine_close(*state);
    return 0;
}

static uint64_t now(struct machine *m) { return kia_get_ar(m->vcpu, AR_ITC); }
static uint64_t in_ms(struct machine *m, unsigned ms) { return now(m) + m->vcpu->vm->vm.itc_hz / 1000 * ms; }
static bool is_set(const struct machine *m) { return m->vcpu->timer_ns != UINT64_MAX; }
static bool is_put_off(const struct machine *m) { return m->vcpu->v->attention & ATTN_SET_TIMER; }

/* Sleeps until a tick. */
static void sleep_once(struct machine *m)
{
    uint64_t itm = in_ms(m, 2);

    kia_set_cr(m->vcpu, CR_ITM, itm);
    kia_vcpu_halt(m->vcpu);
    assert_true((int64_t)(now(m) - itm) >= 0);
    assert_false(is_set(m));
    assert_false(is_put_off(m));
}

/* Runs @code, at CODE, with the next tick in @ms. Return: the gate it comes to */
static unsigned run(struct machine *m, unsigned ms)
{
    kia_set_psr(m->vcpu, PSR_IC);
    kia_set_cfm(m->vcpu, 0);
    kia_set_ip(m->vcpu, CODE);
    kia_set_gr(m->vcpu, 10, in_ms(m, ms));
    kia_vcpu_run(m->vcpu, &m->run);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
    assert_int_equal(kia_get_gr(m->vcpu, 9, NULL), VECTOR);
    return m->run.gate;
}

static void expect_tick(struct machine *m, const char *const code[], size_t n)
{
    assert_true(machine_write_code(m, CODE, code, n));
    for (unsigned i = 0; i < WARM; i++) {
        uint64_t late;

        sleep_once(m);
        assert_int_equal(run(m, 5), EXTERNAL);
        late = now(m) - kia_get_cr(m->vcpu, CR_ITM);
        assert_true(late < m->vcpu->vm->vm.itc_hz); /* not before; and within a second */
        assert_false(is_put_off(m));
        kia_get_cr(m->vcpu, CR_IVR);
        kia_set_cr(m->vcpu, CR_EOI, 0);
    }
}

static void test_one_bundle(void **state)
{
    static const char *const code[] = { TICK, UNMASK, GO("+0") };

    expect_tick(*state, code, N(code));
}

static void test_loop(void **state)
{
    static const char *const code[] = { TICK, UNMASK, MORE, GO("+0x10"), MORE, GO("-0x30") };

    expect_tick(*state, code, N(code));
}

static void test_returns(void **state)
{
    static const char *const code[] = { TICK, UNMASK, CALL("+0x20"), GO("-0x10"), MORE, RETURN };

    expect_tick(*state, code, N(code));
}

static void test_other_page(void **state)
{
    static const char *const code[] = { TICK, UNMASK, GO("+0xfa0") };
    static const char *const far[] = { MORE, GO("-0xfb0") };

    assert_true(machine_write_code(*state, FAR, far, N(far)));
    expect_tick(*state, code, N(code));
}

/* A tick that only sets the next one and sleeps again costs no call of the host for a timer. */
static void test_sleeps_again(void **state)
{
    static const char *const code[] = { TICK, MORE, GO("+0x10"), MORE };
    struct machine *m = *state;

    assert_true(machine_write_code(m, CODE, code, N(code)));
    kia_vm_add_gate(m->vm, CODE + N(code) * 16, GATE_END, KIA_GATE_FALL);
    sleep_once(m);
    for (unsigned i = 0; i < WARM; i++) {
        uint64_t itm;

        assert_int_equal(run(m, 100), GATE_END);
        assert_int_not_equal(is_put_off(m), is_set(m));
        itm = kia_get_cr(m->vcpu, CR_ITM);
        if (i == WARM - 1 && m->vcpu->jit)
            assert_true(is_put_off(m));
        kia_vcpu_halt(m->vcpu);
        assert_true((int64_t)(now(m) - itm) >= 0);
        assert_false(is_set(m));
        assert_false(is_put_off(m));
    }
}

/* One that has not slept, or sets a tick that is near, has its timer at once. */
static void test_at_once(void **state)
{
    struct machine *m = *state;

    kia_set_cr(m->vcpu, CR_ITM, in_ms(m, 1000));
    assert_true(is_set(m));
    assert_false(is_put_off(m));
    sleep_once(m);
    kia_set_cr(m->vcpu, CR_ITM, in_ms(m, 1000));
    assert_false(is_set(m));
    assert_true(is_put_off(m));
    kia_set_cr(m->vcpu, CR_ITM, now(m) + m->vcpu->vm->vm.itc_hz / 5000); /* 200 us */
    assert_false(is_put_off(m));
    kia_vcpu_reset(m->vcpu);
    assert_false(is_set(m));
}

static void test_reset(void **state)
{
    struct machine *m = *state;

    sleep_once(m);
    kia_set_cr(m->vcpu, CR_ITM, in_ms(m, 1000));
    assert_true(is_put_off(m));
    kia_vcpu_reset(m->vcpu);
    assert_false(is_set(m));
    assert_false(is_put_off(m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_bundle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_returns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_page, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sleeps_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
    };

    return run_under_all(tests, N(tests));
}
