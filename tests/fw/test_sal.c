/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SAL_PROC, the wake-up of other processors, INIT and the resume from it. */
#include "tests/fw/fake.h"

#include "fw/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define STATUS(n) ((uint64_t)(int64_t)(n))
enum { SAL = 0x01000000 };

static int setup(void **state)
{
    *state = fake_new(3);
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static void test_statuses(void **state)
{
    static const struct {
        uint64_t args[8], status, r9, r10;
    } cases[] = {
        { { SAL + 0x00, 2, 0x4000000, 0x5000000 }, 0, 0, 0 },
        { { UINT64_C(0xffffffff00000000) | SAL, 2 }, 0, 0, 0 }, /* 32 bits of the function count */
        { { SAL + 0x00, 3, 0x4000000 }, STATUS(-2), 0, 0 },
        { { SAL + 0x00, 0, 0x4000008 }, STATUS(-2), 0, 0 },
        { { SAL + 0x00, 1, 0x4000000, 0, 0, 0x4000001 }, STATUS(-2), 0, 0 },
        { { SAL + 0x01, 1, 0, FAKE_SCRATCH }, STATUS(-5), 0, 0 },
        { { SAL + 0x01, 4, 0, FAKE_SCRATCH }, STATUS(-2), 0, 0 },
        { { SAL + 0x02, 0 }, 0, 1024, 0 },
        { { SAL + 0x02, 4 }, STATUS(-2), 0, 0 },
        { { SAL + 0x03, 3 }, 0, 0, 0 },
        { { SAL + 0x05, 1, 1, 0xe8, 20000, 1 }, 0, 0, 0 },
        { { SAL + 0x05, 2, 1, 0xf0 }, 0, 0, 0 },
        { { SAL + 0x05, 3, 1, 0x1e }, 0, 0, 0 },
        { { SAL + 0x05, 0, 1, 0xe8 }, STATUS(-2), 0, 0 },
        { { SAL + 0x05, 4, 1, 0xe8 }, STATUS(-2), 0, 0 },
        { { SAL + 0x05, 1, 0, 0xe8 }, STATUS(-2), 0, 0 },
        { { SAL + 0x05, 1, 1, 0x0f }, STATUS(-2), 0, 0 },
        { { SAL + 0x05, 1, 1, 0x100 }, STATUS(-2), 0, 0 },
        { { SAL + 0x05, 1, 1, 0xe8, 0, 2 }, STATUS(-2), 0, 0 },
        { { SAL + 0x06, 0, 0x2000000 }, 0, 0, 0 },
        { { SAL + 0x06, 1 }, STATUS(-2), 0, 0 },
        { { SAL + 0x07 }, STATUS(-1), 0, 0 },
        { { SAL + 0x08, 3 }, 0, 0, 0 },
        { { SAL + 0x08, 0 }, STATUS(-2), 0, 0 },
        { { SAL + 0x08, 5 }, STATUS(-2), 0, 0 },
        { { SAL + 0x09 }, 0, 0, 0 },
        { { SAL + 0x12, 0 }, 0, 100000000, UINT64_MAX },
        { { SAL + 0x12, 1 }, 0, 400000000, UINT64_MAX },
        { { SAL + 0x12, 2 }, STATUS(-1), 0, 0 },
        { { SAL + 0x12, 3 }, STATUS(-2), 0, 0 },
        { { SAL + 0x13 }, 0, 0, 0 },
        { { SAL + 0x20 }, STATUS(-3), STATUS(-10), 0 },
        { { 0x02000000 }, STATUS(-1), 0, 0 },
        { { 0 }, STATUS(-1), 0, 0 },
    };
    struct fake *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->cpu->gr[11] = 0x77;
        assert_int_equal(fake_call_regs(f, FW_ADDR(FW_SAL_ENTRY), 32, cases[i].args), cases[i].status);
        assert_int_equal(f->cpu->gr[9], cases[i].r9);
        assert_int_equal(f->cpu->gr[10], cases[i].r10);
        assert_int_equal(f->cpu->gr[11], 0);
    }
    f->cpu->gr[32] = SAL;
    f->cpu->nat[32] = true;
    fake_gate_at(f, f->cpu, FW_ADDR(FW_SAL_ENTRY));
    assert_int_equal(f->cpu->gr[8], STATUS(-2));
    /* Registers that a procedure does not read may hold NaTs. */
    f->cpu->gr[32] = SAL + 0x12;
    f->cpu->gr[33] = 0;
    f->cpu->nat[32] = false;
    f->cpu->nat[39] = true;
    fake_gate_at(f, f->cpu, FW_ADDR(FW_SAL_ENTRY));
    assert_int_equal(f->cpu->gr[8], 0);
}

static void test_pci_config(void **state)
{
    struct fake *f = *state;
    const uint64_t type0 = 1 << 11, type1 = 1 << 15, read = SAL + 0x10, write = SAL + 0x11;

    put32(f->board.config, 0x10411af4);
    put32(f->board.config + 0x100, 0x12345678);
    assert_int_equal(fake_sal(f, read, type0, 4, 0), 0);
    assert_int_equal(f->cpu->gr[9], 0x10411af4);
    assert_int_equal(fake_sal(f, read, type0 + 2, 2, 0), 0);
    assert_int_equal(f->cpu->gr[9], 0x1041);
    assert_int_equal(fake_sal(f, read, type0 + 3, 1, 0), 0);
    assert_int_equal(f->cpu->gr[9], 0x10);
    assert_int_equal(fake_sal(f, read, type1 + 0x100, 4, 1), 0);
    assert_int_equal(f->cpu->gr[9], 0x12345678);
    assert_int_equal(fake_sal(f, write, type1 + 0x102, 2, UINT64_C(0xffff0000beef), 1), 0);
    assert_int_equal(get32(f->board.config + 0x100), 0xbeef5678);
    assert_int_equal(fake_sal(f, write, type0 + 0x40, 1, 0x99, 0), 0);
    assert_int_equal(f->board.config[0x40], 0x99);
    /* Nobody there: all ones, and no error. */
    assert_int_equal(fake_sal(f, read, 2 << 11, 2, 0), 0);
    assert_int_equal(f->cpu->gr[9], 0xffff);
    assert_int_equal(fake_sal(f, read, UINT64_C(5) << 28 | type1, 4, 1), 0);
    assert_int_equal(f->cpu->gr[9], 0xffffffff);
    assert_int_equal(fake_sal(f, read, UINT64_C(5) << 24 | type0, 4, 0), 0);
    assert_int_equal(f->cpu->gr[9], 0xffffffff);
    /* Sizes, alignment, address type, bits that are reserved. */
    assert_int_equal(fake_sal(f, read, type0, 3, 0), STATUS(-2));
    assert_int_equal(fake_sal(f, read, type0, 0, 0), STATUS(-2));
    assert_int_equal(fake_sal(f, read, type0, 8, 0), STATUS(-2));
    assert_int_equal(fake_sal(f, read, type0 + 2, 4, 0), STATUS(-2));
    assert_int_equal(fake_sal(f, read, type0, 4, 2), STATUS(-2));
    assert_int_equal(fake_sal(f, read, UINT64_C(1) << 32, 4, 0), STATUS(-2));
    assert_int_equal(fake_sal(f, read, UINT64_C(1) << 44, 4, 1), STATUS(-2));
    assert_int_equal(fake_sal(f, write, type0 + 1, 2, 0, 0), STATUS(-2));
    assert_int_equal(fake_sal(f, write, type0, 4, 0, 2), STATUS(-2));
}

/* The two bundles between the gates: r8 = cr.ivr, which is @vector now. */
static void wait_for(struct fake *f, struct kia_vcpu *cpu, unsigned vector)
{
    unsigned halts = cpu->n_halts;

    assert_int_equal(cpu->ip, FW_ADDR(FW_PARK_LOOP));
    assert_int_equal(fake_gate_at(f, cpu, cpu->ip), KIA_FW_CONTINUE);
    assert_int_equal(cpu->n_halts, halts + 1);
    assert_int_equal(cpu->ip, FW_ADDR(FW_PARK_LOOP) + 0x10);
    assert_int_equal(cpu->cr[CR_TPR], 0);
    assert_int_equal(cpu->psr & (UINT64_C(1) << 36 | 1 << 17 | 1 << 14), 0);
    cpu->gr[8] = vector;
    assert_int_equal(fake_gate_at(f, cpu, FW_ADDR(FW_PARK_LOOP) + 0x30), KIA_FW_CONTINUE);
}

static void test_wake_up(void **state)
{
    struct fake *f = *state;
    struct kia_vcpu *ap = kia_board_vcpu(&f->board, 1);

    wait_for(f, ap, 0xff); /* nothing registered yet */
    assert_int_equal(fake_sal(f, SAL, 2, 0x4000100, 0x5000000), 0);
    wait_for(f, ap, 15);
    wait_for(f, ap, 0xef);
    wait_for(f, ap, 0xff);
    assert_int_equal(ap->ip, 0x4000100);
    assert_int_equal(ap->gr[1], 0x5000000);
    assert_int_equal(ap->br[0], FW_ADDR(FW_PARK_LOOP));
    assert_int_equal(ap->psr >> 44 & 1, 1);
    assert_int_equal(ap->psr & (UINT64_C(1) << 36 | 1 << 17 | 1 << 14), 0);
    assert_int_equal(ap->ar[AR_RSC], 0);
    assert_int_equal(ap->gr[12] % 16, 0);
    assert_true(ap->gr[12] > fw_cpu_gpa(1, 0) && ap->gr[12] < ap->ar[AR_BSPSTORE]);
    assert_true(ap->ar[AR_BSPSTORE] < fw_cpu_gpa(2, 0));
    /* The system gives it back, with a task priority and timers on, and starts it again elsewhere. */
    ap->cr[CR_TPR] = 0x10000;
    ap->cr[CR_ITV] = 0xef;
    ap->ip = ap->br[0];
    assert_int_equal(fake_sal(f, SAL, 2, 0x4000200, 0x6000000), 0);
    wait_for(f, ap, 0xff);
    assert_int_equal(ap->cr[CR_ITV], 0x10000);
    assert_int_equal(ap->ip, 0x4000200);
    /* Registrations end with the system. */
    assert_int_equal(kia_fw_setup(f->fw), 0);
    wait_for(f, ap, 0xff);
    assert_int_equal(ap->ip, FW_ADDR(FW_PARK_LOOP));
}

static void test_rendezvous(void **state)
{
    struct fake *f = *state;

    assert_int_equal(fake_sal(f, SAL + 5, 2, 1, 0xf0), 0);
    f->cpu->gr[8] = 0x1234;
    assert_int_equal(fake_sal(f, SAL + 4), 0x1234);
    assert_int_equal(f->cpu->ip, FW_ADDR(FW_SAL_ENTRY)); /* again */
    assert_int_equal(f->cpu->n_halts, 1);
    f->cpu->cr[CR_IRR0 + 3] = UINT64_C(1) << 0x30;
    assert_int_equal(fake_sal(f, SAL + 4), 0);
    assert_int_equal(f->cpu->n_halts, 1);
}

static void fill(struct kia_vcpu *cpu)
{
    cpu->psr = UINT64_C(0x0000101008026000); /* bn, it, rt, dt, i, ic */
    for (unsigned i = 1; i < 128; i++)
        cpu->gr[i] = 0x1000 + i;
    for (unsigned i = 0; i < 16; i++)
        cpu->bank[i] = 0x2000 + i;
    cpu->br[0] = 0x111;
    cpu->br[1] = 0x222;
    cpu->pr = 0x333;
    cpu->cfm = 0x48c; /* sof 12, sol 9 */
    cpu->ip = UINT64_C(0xa000000100001230);
    cpu->ar[AR_RSC] = 3;
    cpu->cr[CR_IIP] = 0x444;
    cpu->cr[CR_IPSR] = 0x1000;
    cpu->cr[CR_IFS] = UINT64_C(1) << 63;
}

static void check_entry(struct kia_vcpu *cpu, uint64_t entry, uint64_t gp)
{
    assert_int_equal(cpu->ip, entry);
    assert_int_equal(cpu->gr[1], gp);
    assert_int_equal(cpu->gr[8], FW_ADDR(FW_PAL_CODE));
    assert_int_equal(cpu->gr[9], FW_ADDR(FW_SAL_ENTRY));
    assert_int_equal(cpu->gr[12], FW_ADDR(FW_INIT_RETURN));
    assert_int_equal(cpu->gr[17], fw_cpu_gpa(cpu->index, FW_CPU_MINSTATE));
    assert_int_equal(cpu->psr, UINT64_C(1) << 35);
}

static void test_init(void **state)
{
    struct fake *f = *state;
    struct kia_vcpu *cpu = f->cpu, *other = kia_board_vcpu(&f->board, 1);
    uint64_t ms = fw_cpu_gpa(0, FW_CPU_MINSTATE);

    assert_int_equal(kia_fw_init(f->fw, cpu), KIA_FW_CONTINUE);
    assert_int_equal(f->board.n_resets, 1); /* nobody to tell */
    assert_int_equal(fake_sal(f, SAL, 1, 0x4000000, 0x111000, 0x100, 0x4000010, 0x222000, 0x100), 0);
    fill(cpu);
    cpu->nat[5] = cpu->nat[20] = cpu->bank_nat[1] = true;
    assert_int_equal(kia_fw_init(f->fw, cpu), KIA_FW_CONTINUE);
    check_entry(cpu, 0x4000000, 0x111000);
    assert_int_equal(fake64(f, ms), UINT64_C(1) << 5 | UINT64_C(1) << 17 | UINT64_C(1) << 36);
    assert_int_equal(fake64(f, ms + 8), 0x1001);
    assert_int_equal(fake64(f, ms + 128 + 8), 0x2001); /* bank 0, r17 */
    assert_int_equal(fake64(f, ms + 256 + 8), 0x1011); /* bank 1, r17 */
    assert_int_equal(fake64(f, ms + 384), 0x333);
    assert_int_equal(fake64(f, ms + 392), 0x111);
    assert_int_equal(fake64(f, ms + 408), UINT64_C(0xa000000100001230));
    assert_int_equal(fake64(f, ms + 416), UINT64_C(0x0000101008026000));
    assert_int_equal(fake64(f, ms + 424), UINT64_C(1) << 63 | 0x48c);
    assert_int_equal(fake64(f, ms + 432), 0x444);
    assert_int_equal(fake64(f, ms + 456), 0x222);
    /* A second processor is a slave. */
    fill(other);
    assert_int_equal(kia_fw_init(f->fw, other), KIA_FW_CONTINUE);
    check_entry(other, 0x4000010, 0x222000);
    /* OS_INIT returns: the firmware's rfi goes back. */
    cpu->gr[8] = cpu->gr[10] = 0;
    assert_int_equal(fake_gate_at(f, cpu, cpu->gr[12]), KIA_FW_CONTINUE);
    assert_int_equal(cpu->ip, FW_ADDR(FW_RFI));
    assert_int_equal(cpu->cr[CR_IIP], UINT64_C(0xa000000100001230));
    assert_int_equal(cpu->cr[CR_IPSR], UINT64_C(0x0000101008026000));
    assert_int_equal(cpu->cr[CR_IFS], UINT64_C(1) << 63 | 0x48c);
    assert_int_equal(cpu->gr[1], 0x1001);
    assert_int_equal(cpu->gr[17], 0x1011);
    assert_int_equal(cpu->bank[1], 0x2001);
    assert_int_equal(cpu->br[0], 0x111);
    assert_int_equal(cpu->br[1], 0x222);
    assert_int_equal(cpu->pr, 0x333);
    assert_int_equal(cpu->ar[AR_RSC], 3);
    /* And wants a reset. */
    other->gr[8] = STATUS(-1);
    other->gr[10] = 0;
    assert_int_equal(fake_gate_at(f, other, other->gr[12]), KIA_FW_CONTINUE);
    assert_int_equal(f->board.n_resets, 2);
}

/* A context with psr.ic = 0 has interruption registers of its own: they come after the frame. */
static void test_resume_without_ic(void **state)
{
    struct fake *f = *state;
    struct kia_vcpu *cpu = f->cpu;

    assert_int_equal(fake_sal(f, SAL, 1, 0x4000000, 0x111000), 0);
    fill(cpu);
    cpu->psr &= ~(UINT64_C(1) << 13);
    assert_int_equal(kia_fw_init(f->fw, cpu), KIA_FW_CONTINUE);
    /* By PAL_MC_RESUME this time. */
    assert_int_equal(fake_pal(f, 26, 0, fw_cpu_gpa(0, FW_CPU_MINSTATE) + 8, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 26, 0, UINT64_C(0xfee00000), 0), STATUS(-2));
    fake_pal(f, 26, 0, fw_cpu_gpa(0, FW_CPU_MINSTATE), 0);
    assert_int_equal(cpu->ip, FW_ADDR(FW_RFI));
    assert_int_equal(cpu->cr[CR_IFS], UINT64_C(1) << 63 | 0x48c);
    assert_int_equal(cpu->cr[CR_IIP], FW_ADDR(FW_INIT_RETURN) + 0x20);
    assert_int_equal(cpu->cr[CR_IPSR] & (UINT64_C(1) << 36 | 1 << 27 | 1 << 17), 1 << 27 | 1 << 17);
    assert_int_equal(fake_gate_at(f, cpu, cpu->cr[CR_IIP]), KIA_FW_CONTINUE);
    assert_int_equal(cpu->ip, UINT64_C(0xa000000100001230));
    assert_int_equal(cpu->psr, UINT64_C(0x0000101008024000));
    assert_int_equal(cpu->cr[CR_IIP], 0x440);
    assert_int_equal(cpu->cr[CR_IPSR], 0);
    assert_int_equal(cpu->cr[CR_IFS], UINT64_C(1) << 63);
    assert_int_equal(cpu->gr[17], 0x1011);
}

static void test_stuck(void **state)
{
    struct fake *f = *state;
    const char *why = NULL;

    f->cpu->ip = FW_ADDR(FW_IVT) + 0x5400;
    f->cpu->cr[CR_IIP] = 0xabc0;
    assert_int_equal(kia_fw_gate(f->fw, f->cpu, FW_GATE_IVT, &why), KIA_FW_STUCK);
    assert_non_null(strstr(why, "0x5400"));
    assert_non_null(strstr(why, "0xabc0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_statuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pci_config, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wake_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rendezvous, setup, teardown),
        cmocka_unit_test_setup_teardown(test_init, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resume_without_ic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stuck, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
