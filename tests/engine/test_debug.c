/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A debugger's stops, steps, memory and register stack, interpreted and compiled. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/ops.h"
#include "arch/rse.h"
#include "tests/engine/machine.h"

enum { CODE = 0x10000, STEP_VECTOR = 0x6000, DATA_NESTED = 0x1400 };

/* Counts r8 up to r21, storing and loading it at [r20]. */
static const char *const program[] = {
    "{ .mii adds r8=1,r0 ; adds r9=2,r0 ; adds r10=3,r0 ;; }",
    "{ .mii st8 [r20]=r8 ; adds r8=1,r8 ; nop.i 0 ;; }",
    "{ .mlx nop.m 0 ; movl r11=0x123456789 ;; }",
    "{ .mib ld8 r12=[r20] ; cmp.ltu p6,p7=r8,r21 ; (p6) br.cond.sptk.few -0x20 ;; }",
};
enum { N_BUNDLES = sizeof(program) / sizeof(*program) };

static const char *accel; /* of the present round */

static void start(struct machine *m, uint64_t count)
{
    kia_vcpu_reset(m->vcpu);
    kia_set_psr(m->vcpu, PSR_IC);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_cfm(m->vcpu, 0);
    kia_set_ip(m->vcpu, CODE);
    kia_set_gr(m->vcpu, 20, DATA);
    kia_set_gr(m->vcpu, 21, count);
}

static int setup(void **state)
{
    static struct machine machine, *const m = &machine;

    assert_true(machine_open(m, accel));
    assert_true(machine_write_code(m, CODE, program, N_BUNDLES));
    kia_vm_add_gate(m->vm, CODE + N_BUNDLES * 16, GATE_END, KIA_GATE_FALL);
    start(m, 5);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    machine_close(*state);
    return 0;
}

static uint64_t gr(struct machine *m, unsigned r) { return kia_get_gr(m->vcpu, r, NULL); }

static uint64_t word(struct machine *m, uint64_t gpa)
{
    uint64_t value;

    assert_int_equal(kia_mem_read(m->mem, gpa, &value, 8), 0);
    return value;
}

static void expect_at(struct machine *m, uint64_t ip, unsigned slot)
{
    assert_int_equal(kia_get_ip(m->vcpu), ip);
    assert_int_equal(kia_get_psr(m->vcpu) >> PSR_RI_SHIFT & 3, slot);
}

static void expect_stop(struct machine *m, enum kia_stop stop, uint64_t ip, unsigned slot)
{
    assert_int_equal(m->run.exit, KIA_EXIT_DEBUG);
    assert_int_equal(m->run.stop, stop);
    expect_at(m, ip, slot);
}

static void run(struct machine *m) { kia_vcpu_run(m->vcpu, &m->run); }
static void step(struct machine *m) { kia_vcpu_step(m->vcpu, &m->run); }

static void expect_end(struct machine *m, uint64_t count)
{
    run(m);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
    assert_int_equal(gr(m, 8), count);
}

/* ---- breakpoints ---- */

static void test_breakpoint(void **state)
{
    struct machine *m = *state;

    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE + 0x11), 0);
    for (uint64_t i = 1; i < 5; i++) {
        run(m);
        expect_stop(m, KIA_STOP_BREAKPOINT, CODE + 0x10, 1);
        assert_int_equal(gr(m, 8), i); /* slot 0 is done, slot 1 is not */
        assert_int_equal(word(m, DATA), i);
        run(m);
        expect_stop(m, KIA_STOP_BREAKPOINT, CODE + 0x10, 1); /* it is still there */
        step(m);
        expect_stop(m, KIA_STOP_STEP, CODE + 0x10, 2);
        assert_int_equal(gr(m, 8), i + 1);
    }
    expect_end(m, 5);
}

static void test_breakpoint_in_running_code(void **state)
{
    struct machine *m = *state;

    start(m, 100000);
    expect_end(m, 100000); /* by now it is compiled and linked */
    start(m, 100000);
    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE + 0x30), 0);
    run(m);
    expect_stop(m, KIA_STOP_BREAKPOINT, CODE + 0x30, 0);
    kia_vm_clear_breakpoint(m->vm, CODE + 0x30);
    expect_end(m, 100000);
    start(m, 100000);
    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE + 0x30), 0);
    run(m);
    expect_stop(m, KIA_STOP_BREAKPOINT, CODE + 0x30, 0);
    kia_vm_clear_debug(m->vm);
    expect_end(m, 100000);
}

/* The same place in another page, and another slot, do not stop. */
static void test_breakpoint_elsewhere(void **state)
{
    struct machine *m = *state;

    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE + 0x5010), 0);
    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE + 0x22), 0); /* movl: slots 1 and 2 of an MLX bundle */
    run(m);
    expect_stop(m, KIA_STOP_BREAKPOINT, CODE + 0x20, 1);
    kia_vm_clear_breakpoint(m->vm, CODE + 0x22);
    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE + 0x12), 0);
    run(m);
    expect_stop(m, KIA_STOP_BREAKPOINT, CODE + 0x10, 2);
}

static void test_breakpoint_limits(void **state)
{
    struct machine *m = *state;
    unsigned n = 0;

    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE + 3), -EINVAL);
    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE + 15), -EINVAL);
    kia_vm_clear_breakpoint(m->vm, CODE);
    while (kia_vm_set_breakpoint(m->vm, CODE + 0x1000 + n * 16) == 0)
        n++;
    assert_int_equal(n, SOFT_MAX_BREAKPOINTS);
    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE), -ENOSPC);
    assert_int_equal(kia_vm_set_breakpoint(m->vm, CODE + 0x1000), 0); /* there already */
    kia_vm_clear_debug(m->vm);
    expect_end(m, 5);
}

/* ---- steps ---- */

static void test_steps(void **state)
{
    static const struct { unsigned bundle, slot; } path[] = {
        { 0, 1 }, { 0, 2 }, { 1, 0 }, { 1, 1 }, { 1, 2 }, { 2, 0 }, { 2, 1 }, { 3, 0 }, { 3, 1 }, { 3, 2 }, { 1, 0 },
    };
    struct machine *m = *state;

    for (size_t i = 0; i < sizeof(path) / sizeof(*path); i++) {
        step(m);
        expect_stop(m, KIA_STOP_STEP, CODE + path[i].bundle * 16, path[i].slot);
    }
    assert_int_equal(gr(m, 11), 0x123456789);
    assert_int_equal(gr(m, 12), 1);
    expect_end(m, 5);
    start(m, 5);
    kia_vcpu_jump(m->vcpu, CODE + N_BUNDLES * 16, 0);
    step(m);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
}

/* The guest's own single step and a fault are the step's result. */
static void test_step_meets_interruptions(void **state)
{
    struct machine *m = *state;

    kia_set_psr(m->vcpu, PSR_IC | PSR_SS);
    step(m);
    expect_stop(m, KIA_STOP_STEP, IVT + STEP_VECTOR, 0);
    assert_int_equal(gr(m, 8), 1);
    assert_int_equal(kia_get_cr(m->vcpu, CR_IIP), CODE);

    start(m, 5);
    kia_set_psr(m->vcpu, PSR_IC | PSR_DT);
    kia_vcpu_jump(m->vcpu, CODE + 0x10, 0);
    kia_set_psr(m->vcpu, PSR_DT); /* psr.ic = 0 and no translation: Data Nested TLB */
    step(m);
    expect_stop(m, KIA_STOP_STEP, IVT + DATA_NESTED, 0);
    assert_int_equal(gr(m, 8), 0);
}

static void test_step_keeps_interrupts_pending(void **state)
{
    struct machine *m = *state;

    kia_vm_interrupt(m->vm, 0, 0, 0x40);
    kia_set_psr(m->vcpu, PSR_IC | PSR_I);
    step(m);
    expect_stop(m, KIA_STOP_STEP, CODE, 1);
    kia_vcpu_kick(m->vcpu);
    step(m);
    assert_int_equal(m->run.exit, KIA_EXIT_KICKED);
    expect_at(m, CODE, 1);
}

/* ---- watchpoints ---- */

static void test_watchpoint(void **state)
{
    struct machine *m = *state;

    assert_int_equal(kia_vm_set_watchpoint(m->vm, DATA + 3, 1, KIA_WATCH_WRITE), 0);
    for (uint64_t i = 1; i < 5; i++) {
        run(m);
        expect_stop(m, KIA_STOP_WATCHPOINT, CODE + 0x10, 1); /* the store is done */
        assert_int_equal(m->run.address, DATA + 3);
        assert_int_equal(word(m, DATA), i);
    }
    expect_end(m, 5);

    start(m, 3);
    kia_vm_clear_watchpoint(m->vm, DATA + 3, 1, KIA_WATCH_WRITE);
    assert_int_equal(kia_vm_set_watchpoint(m->vm, DATA - 8, 9, KIA_WATCH_READ), 0);
    for (uint64_t i = 1; i < 3; i++) {
        run(m);
        expect_stop(m, KIA_STOP_WATCHPOINT, CODE + 0x30, 1);
        assert_int_equal(m->run.address, DATA);
        assert_int_equal(gr(m, 12), i);
    }
    expect_end(m, 3);

    start(m, 2);
    assert_int_equal(kia_vm_set_watchpoint(m->vm, DATA, 8, KIA_WATCH_READ | KIA_WATCH_WRITE), 0);
    kia_vm_clear_watchpoint(m->vm, DATA - 8, 9, KIA_WATCH_READ);
    run(m);
    expect_stop(m, KIA_STOP_WATCHPOINT, CODE + 0x10, 1);
    step(m);
    step(m);
    step(m);
    step(m);
    expect_stop(m, KIA_STOP_STEP, CODE + 0x30, 0);
    step(m);
    expect_stop(m, KIA_STOP_WATCHPOINT, CODE + 0x30, 1);
    kia_vm_clear_debug(m->vm);
    expect_end(m, 2);
}

static void test_watchpoint_limits(void **state)
{
    struct machine *m = *state;
    unsigned n = 0;

    assert_int_equal(kia_vm_set_watchpoint(m->vm, DATA, 0, KIA_WATCH_READ), -EINVAL);
    assert_int_equal(kia_vm_set_watchpoint(m->vm, UINT64_MAX, 2, KIA_WATCH_READ), -EINVAL);
    assert_int_equal(kia_vm_set_watchpoint(m->vm, DATA, 8, 0), -EINVAL);
    kia_vm_clear_watchpoint(m->vm, DATA, 8, KIA_WATCH_READ);
    while (kia_vm_set_watchpoint(m->vm, STORE + n * 8, 8, KIA_WATCH_WRITE) == 0)
        n++;
    assert_int_equal(n, DEBUG_MAX_WATCHES);
    expect_end(m, 5);
}

/* ---- memory and the register stack ---- */

static uint64_t peek(struct machine *m, uint64_t gva)
{
    uint64_t value;

    assert_int_equal(kia_vcpu_peek(m->vcpu, gva, &value, 8), 0);
    return value;
}

static void poke(struct machine *m, uint64_t gva, uint64_t value)
{
    assert_int_equal(kia_vcpu_poke(m->vcpu, gva, &value, 8), 0);
}

static void test_memory(void **state)
{
    struct machine *m = *state;
    struct bundle b;
    char bytes[32];

    poke(m, DATA + 4090, 0x1122334455667788); /* over a page's end */
    assert_int_equal(peek(m, DATA + 4090), 0x1122334455667788);
    assert_int_equal(kia_vcpu_peek(m->vcpu, RAM_SIZE - 16, bytes, 32), -EFAULT);
    assert_int_equal(kia_vcpu_poke(m->vcpu, RAM_SIZE - 16, bytes, 32), -EFAULT);
    assert_int_equal(kia_vcpu_peek(m->vcpu, UINT64_C(1) << 60, bytes, 1), -EFAULT);
    kia_set_psr(m->vcpu, PSR_IC | PSR_DT | PSR_IT);
    assert_int_equal(kia_vcpu_peek(m->vcpu, DATA, bytes, 8), -EFAULT); /* no translation, and no fault */
    expect_at(m, CODE, 0);
    assert_int_equal(kia_get_cr(m->vcpu, CR_IFA), 0);

    /* Code that is written runs. */
    start(m, 5);
    expect_end(m, 5);
    start(m, 5);
    assert_int_equal(isa_asm_bundle("{ .mii adds r8=1,r0 ; adds r9=77,r0 ; adds r10=3,r0 ;; }", &b), 0);
    assert_int_equal(kia_vcpu_poke(m->vcpu, CODE, &b, sizeof(b)), 0);
    expect_end(m, 5);
    assert_int_equal(gr(m, 9), 77);
}

/* Frame of 20 with 10 locals at slot 58 of the backing store; its registers are 1000 + k, r34 and r40 are NaTs; then br.call. */
static void make_stack(struct machine *m)
{
    uint64_t out;

    start(m, 5);
    kia_set_cfm(m->vcpu, 20 | 10 << 7);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE + 58 * 8);
    kia_set_ar(m->vcpu, AR_RNAT, 0x5);
    for (unsigned k = 0; k < 20; k++)
        gr_set(m->vcpu->v, 32 + k, 1000 + k, k == 2 || k == 8);
    op_br_call(m->vcpu->v, 0, CODE, 0, &out);
}

static void test_stack_is_memory(void **state)
{
    struct machine *m = *state;
    struct vcpu *v = m->vcpu->v;

    make_stack(m);
    assert_int_equal(v->rse.ndirty, 10);
    for (unsigned k = 0; k < 20; k++) {
        uint64_t place = STORE + (58 + k + (k >= 5)) * 8; /* slots 58-62, then a collection at 63 */

        assert_int_equal(peek(m, place), 1000 + k);
        assert_int_equal(word(m, place), 0); /* memory does not have it */
    }
    assert_int_equal(peek(m, STORE + 63 * 8), 0x5 | UINT64_C(1) << 60);
    /* The frame is k = 10 to 19, at slots 5 to 14 of the next group; r40 was k = 8, slot 3. */
    assert_int_equal(kia_vcpu_frame_end(m->vcpu), STORE + 79 * 8);
    assert_int_equal(kia_vcpu_frame_nats(m->vcpu), 1 << 3);

    poke(m, STORE + 59 * 8, 77);
    poke(m, STORE + (64 + 5) * 8, 88); /* k = 10: the frame's r32 */
    assert_int_equal(v->frame[-9], 77);
    assert_int_equal(gr(m, 32), 88);
    poke(m, STORE + 63 * 8, UINT64_C(1) << 58 | 0x2);
    assert_int_equal(peek(m, STORE + 63 * 8), UINT64_C(1) << 58 | 0x2);
    kia_vcpu_set_frame_nats(m->vcpu, 1 << 5);
    assert_true(gr_nat(v, 32));
    assert_int_equal(kia_vcpu_frame_nats(m->vcpu), 1 << 5);
    assert_int_equal(kia_vcpu_peek(m->vcpu, STORE + 79 * 8, &(uint64_t){ 0 }, 8), 0); /* beyond: memory */
    assert_int_equal(peek(m, STORE + 79 * 8), 0);
}

static void test_rotating_registers_by_place(void **state)
{
    struct machine *m = *state;
    struct vcpu *v = m->vcpu->v;

    start(m, 5);
    kia_set_cfm(m->vcpu, 12 | 1 << 14);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    for (unsigned k = 0; k < 12; k++)
        gr_set(v, 32 + k, 100 + k, k == 3);
    for (unsigned turn = 1; turn <= 11; turn++) {
        vcpu_rotate(v); /* r32's value is r33's now */
        assert_int_equal(gr(m, 32 + turn % 8), 100);
        for (unsigned k = 0; k < 12; k++)
            assert_int_equal(peek(m, STORE + k * 8), 100 + k);
        assert_int_equal(kia_vcpu_frame_nats(m->vcpu), 1 << 3);
    }
    poke(m, STORE, 5);
    assert_int_equal(gr(m, 32 + 11 % 8), 5);
}

/* What gdb does for "call": another frame behind the present one, then back. */
static void test_set_frame(void **state)
{
    struct machine *m = *state;
    struct vcpu *v = m->vcpu->v;
    uint64_t end, cfm;

    make_stack(m);
    end = kia_vcpu_frame_end(m->vcpu);
    cfm = kia_get_cfm(m->vcpu);
    assert_int_equal(kia_vcpu_set_frame(m->vcpu, end + 1, cfm), -EINVAL);
    assert_int_equal(kia_vcpu_set_frame(m->vcpu, end, 97), -EINVAL);
    assert_int_equal(kia_vcpu_set_frame(m->vcpu, end, 5 | 6 << 7), -EINVAL);
    assert_int_equal(kia_vcpu_set_frame(m->vcpu, RAM_SIZE + 0x1000, cfm), -EFAULT);
    assert_int_equal(v->rse.ndirty, 10);

    assert_int_equal(kia_vcpu_set_frame(m->vcpu, end + 16, 2), 0);
    assert_int_equal(kia_get_ar(m->vcpu, AR_BSP), end);
    assert_int_equal(v->rse.ndirty, 0);
    for (unsigned k = 0; k < 20; k++)
        assert_int_equal(word(m, STORE + (58 + k + (k >= 5)) * 8), 1000 + k);
    assert_int_equal(word(m, STORE + 63 * 8), 0x5 | UINT64_C(1) << 60);
    kia_set_gr(m->vcpu, 32, 4711);
    assert_int_equal(peek(m, end), 4711);

    assert_int_equal(kia_vcpu_set_frame(m->vcpu, STORE + 69 * 8, 10 | 10 << 7), 0); /* the caller's locals, k = 0 to 9 */
    for (unsigned k = 0; k < 10; k++) {
        bool nat;

        assert_int_equal(kia_get_gr(m->vcpu, 32 + k, &nat), 1000 + k);
        assert_int_equal(nat, k == 2 || k == 8);
    }
    assert_int_equal(kia_get_ar(m->vcpu, AR_RNAT) & 0x5, 0x5);
}

/* ---- the dump ---- */

static void test_dump(void **state)
{
    static const char *const names[] = { "cpu", "ip", "psr", "cfm", "pr", "r0", "r127", "nat", "f0", "f127", "b7", "ar.k7",
                                         "ar.bsp", "ar.ec", "cr.dcr", "cr.ivr", "cr.lrr1", "rr7", "pkr15", "dbr7", "ibr7",
                                         "cpuid4" };
    struct machine *m = *state;
    char *text = NULL, key[32];
    size_t size;
    FILE *out = open_memstream(&text, &size);

    gr_set(m->vcpu->v, 9, 1, true);
    kia_vm_interrupt(m->vm, 0, 0, 0x40);
    kia_vcpu_dump(m->vcpu, out);
    fclose(out);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(key, sizeof(key), "\n%s ", names[i]);
        assert_true(!strncmp(text, key + 1, strlen(key + 1)) || strstr(text, key));
    }
    assert_non_null(strstr(text, "\nnat 00000000000000000000000000000200\n"));
    assert_non_null(strstr(text, "\nf1 0ffff 8000000000000000\n"));
    assert_non_null(strstr(text, "\ncr.ivr 0000000000000040\n"));
    free(text);
    assert_int_equal(kia_get_cr(m->vcpu, CR_IVR), 0x40); /* it was not taken */
}

#define BOTH(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(breakpoint),
        BOTH(breakpoint_in_running_code),
        BOTH(breakpoint_elsewhere),
        BOTH(breakpoint_limits),
        BOTH(steps),
        BOTH(step_meets_interruptions),
        BOTH(step_keeps_interrupts_pending),
        BOTH(watchpoint),
        BOTH(watchpoint_limits),
        BOTH(memory),
        BOTH(stack_is_memory),
        BOTH(rotating_registers_by_place),
        BOTH(set_frame),
        BOTH(dump),
    };
    int failed;

    accel = "soft,jit=off";
    failed = cmocka_run_group_tests_name("interpreted", tests, NULL, NULL);
    accel = "soft";
    return failed + cmocka_run_group_tests_name("compiled", tests, NULL, NULL);
}
