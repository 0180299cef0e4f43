/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Divisions in a unit that exits of the same page lead to: what one of them leaves behind is none of the next one's business. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/engine/accels.h"
#include "tests/engine/machine.h"

enum { CODE = 0x10000, NUMERATORS = DATA, DENOMINATORS = DATA + 0x1000, QUOTIENTS = DATA + 0x2000, ROUNDS = 200 };
#define FPSR_DEFAULT UINT64_C(0x9804c0270033f)

/* The recommended sequence for signed integers, reached by a branch forward. */
static const char *const program[] = {
    "{ .mib adds r2=-1,r2 ; nop.i 0 ; br.cond.sptk.few 0x10 ;; }",
    "{ .mii adds r3=1,r3 ; nop.i 0 ; nop.i 0 ;; }",
    "{ .mmi ld8 r12=[r20],8 ; ld8 r13=[r21],8 ; nop.i 0 ;; }",
    "{ .mmi setf.sig f6=r12 ; setf.sig f7=r13 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; fcvt.xf f6=f6 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; fcvt.xf f7=f7 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; frcpa.s1 f8,p6=f6,f7 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; (p6) fnma.s1 f9=f7,f8,f1 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; (p6) fma.s1 f10=f6,f8,f0 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; (p6) fma.s1 f11=f9,f9,f0 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; (p6) fma.s1 f10=f9,f10,f10 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; (p6) fma.s1 f8=f9,f8,f8 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; (p6) fma.s1 f9=f11,f10,f10 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; (p6) fma.s1 f8=f11,f8,f8 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; (p6) fnma.s1 f10=f7,f9,f6 ; nop.i 0 ;; }",
    "{ .mfi setf.sig f7=r13 ; (p6) fma.s1 f8=f10,f8,f9 ; nop.i 0 ;; }",
    "{ .mfi nop.m 0 ; fcvt.fx.trunc.s1 f8=f8 ; nop.i 0 ;; }",
    "{ .mmi getf.sig r14=f8 ; cmp.ne p7,p0=r2,r0 ; nop.i 0 ;; }",
    "{ .mib st8 [r22]=r14,8 ; nop.i 0 ; (p7) br.cond.sptk.few -0x120 ;; }",
};
#define N(array) (sizeof(array) / sizeof(*(array)))

/* Now and then one that the estimate decides at once, or that is too large for the host's fast way. */
static int64_t numerator(unsigned i)
{
    static const int64_t special[] = { 0, INT64_MAX, 5, INT64_MIN + 1 };

    return i % 7 < 4 ? special[i % 7] : (int64_t)i * 1234567 + 89;
}

static int64_t denominator(unsigned i) { return i % 3 ? -7 - (int64_t)i : (INT64_C(1) << 60) / (i + 1); }

static int setup(void **state)
{
    static struct machine machine, *const m = &machine;

    assert_true(machine_open(m, accel));
    assert_true(machine_write_code(m, CODE, program, N(program)));
    kia_vm_add_gate(m->vm, CODE + N(program) * 16, GATE_END, KIA_GATE_FALL);
    for (unsigned i = 0; i < ROUNDS; i++) {
        int64_t a = numerator(i), b = denominator(i);

        assert_int_equal(kia_mem_write(m->mem, NUMERATORS + i * 8, &a, 8), 0);
        assert_int_equal(kia_mem_write(m->mem, DENOMINATORS + i * 8, &b, 8), 0);
    }
    kia_set_psr(m->vcpu, PSR_IC);
    kia_set_ar(m->vcpu, AR_FPSR, FPSR_DEFAULT);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    kia_set_cfm(m->vcpu, 0);
    kia_set_gr(m->vcpu, 2, ROUNDS);
    kia_set_gr(m->vcpu, 20, NUMERATORS);
    kia_set_gr(m->vcpu, 21, DENOMINATORS);
    kia_set_gr(m->vcpu, 22, QUOTIENTS);
    kia_set_ip(m->vcpu, CODE);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    machine_close(*state);
    return 0;
}

/* The sequence truncates, as C does. */
static void test_quotients(void **state)
{
    struct machine *m = *state;

    kia_vcpu_run(m->vcpu, &m->run);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
    assert_int_equal(m->run.gate, GATE_END);
    for (unsigned i = 0; i < ROUNDS; i++) {
        int64_t expected = numerator(i) / denominator(i), found;

        assert_int_equal(kia_mem_read(m->mem, QUOTIENTS + i * 8, &found, 8), 0);
        assert_int_equal(found, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_quotients, setup, teardown) };

    return run_under_all(tests, N(tests));
}
