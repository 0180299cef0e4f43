/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PAL_PROC: conventions, statuses and results (SDM Vol.2 11.9, 11.10). */
#include "tests/fw/fake.h"

#include "fw/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define STATUS(n) ((uint64_t)(int64_t)(n))

static int setup(void **state)
{
    *state = fake_new(2);
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static void test_conventions(void **state)
{
    struct fake *f = *state;

    f->cpu->br[0] = UINT64_C(0xa000000100001230);
    f->cpu->cfm = 0x123;
    assert_int_equal(fake_pal(f, 4, 0, 0, 0), 0);
    assert_int_equal(f->cpu->gr[9], 3);
    assert_int_equal(f->cpu->gr[10], 5);
    assert_int_equal(f->cpu->n_br_ret, 0); /* static: the gate branches to b0, the frame stays */
    assert_int_equal(f->cpu->cfm, 0x123);
    assert_int_equal(fake_pal(f, 274, 0, FAKE_SCRATCH, 0), 0);
    assert_int_equal(f->cpu->n_br_ret, 1); /* stacked: as br.ret */
    assert_int_equal(f->cpu->br_ret_target, UINT64_C(0xa000000100001230));
    /* Unknown and optional procedures. */
    assert_int_equal(fake_pal(f, 0, 0, 0, 0), STATUS(-1));
    assert_int_equal(fake_pal(f, 13, 0, 0, 0), STATUS(-1));
    assert_int_equal(fake_pal(f, 265, 0, 0, 0), STATUS(-1));
    assert_int_equal(fake_pal(f, 1023, 0, 0, 0), STATUS(-1));
    assert_int_equal(fake_pal(f, UINT64_MAX, 0, 0, 0), STATUS(-1));
    assert_int_equal(fake_pal(f, UINT64_C(1) << 32 | 4, 0, 0, 0), STATUS(-1));
    /* Reserved arguments. */
    assert_int_equal(fake_pal(f, 8, 0, 0, 1), STATUS(-2));
    assert_int_equal(f->cpu->gr[9], 0);
    assert_int_equal(fake_pal(f, 20, 1, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 257, FAKE_SCRATCH, 1, 0), STATUS(-2));
    /* A NaT, and a stacked call whose in0 is not r28. */
    f->cpu->gr[28] = 4;
    f->cpu->nat[29] = true;
    fake_gate_at(f, f->cpu, FW_ADDR(FW_PAL_CODE));
    assert_int_equal(f->cpu->gr[8], STATUS(-2));
    f->cpu->nat[29] = false;
    f->cpu->gr[28] = 257;
    f->cpu->gr[32] = 4;
    fake_gate_at(f, f->cpu, FW_ADDR(FW_PAL_CODE));
    assert_int_equal(f->cpu->gr[8], STATUS(-2));
}

static void test_information(void **state)
{
    static const struct {
        unsigned index;
        uint64_t args[3], status, results[3];
    } cases[] = {
        { 5, { 0 }, 0, { 0xf1 } },
        { 6, { 0 }, 0, { 0, UINT64_C(0x100000001), 0 } },
        { 8, { 0 }, 0, { UINT64_C(0x02040707080f1865), 0x183c } },
        { 9, { 0 }, 0, { 0 } },
        { 11, { 0 }, 0, { 4, 4 } },
        { 14, { 0 }, 0, { UINT64_C(16) << 32 | 1, UINT64_C(16) << 32 | 3, UINT64_C(4) << 32 | 1 } },
        { 17, { 0, 0 }, 0, { 0, 0 } }, /* no VT-i */
        { 17, { 0, 1 }, STATUS(-2), { 0 } },
        { 17, { 0, 16 }, 1, { 0 } },
        { 17, { 0, 19 }, STATUS(-8), { 0 } },
        { 19, { 0 }, 0, { 96, 0 } },
        { 25, { 0 }, STATUS(-6), { 0 } },
        { 34, { 0 }, 0, { 0x155557000, 0x155557000 } },
        { 39, { 2 }, 0, { 0x03fb0107, 0x307ff } },
        { 39, { 4 }, STATUS(-2), { 0 } },
        { 41, { 1 }, 1, { 0 } },
        { 41, { 2 }, STATUS(-2), { 0 } },
        { 42, { UINT64_MAX }, 0, { UINT64_C(0x100010001), 0, 0 } },
        { 42, { 1 }, STATUS(-2), { 0 } },
        { 43, { 2, 2, 0 }, 0, { 1, 0, 0 } },
        { 2, { 2, 2 }, 0, { UINT64_C(0x0e0707070c03), UINT64_C(0x31140000c00000) } },
        { 2, { 2, 1 }, STATUS(-2), { 0 } },
        { 2, { 3, 2 }, STATUS(-2), { 0 } },
        { 2, { 0, 0 }, STATUS(-2), { 0 } },
        { 7, { 1, 2 }, 0, { UINT64_C(0x500808001), 0x155557000 } },
        { 7, { 2, 2 }, STATUS(-2), { 0 } },
    };
    struct fake *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(fake_pal(f, cases[i].index, cases[i].args[0], cases[i].args[1], cases[i].args[2]),
                         cases[i].status);
        for (unsigned r = 0; r < 3; r++)
            assert_int_equal(f->cpu->gr[9 + r], cases[i].results[r]);
    }
}

/* Linux depends on it while it moves its first processor's data (docs/firmware.md). */
static void test_ptce_info_purges(void **state)
{
    struct fake *f = *state;

    assert_int_equal(fake_pal(f, 2, 2, 2, 0), 0);
    assert_int_equal(f->cpu->n_purges, 0);
    assert_int_equal(fake_pal(f, 6, 0, 0, 0), 0);
    assert_int_equal(f->cpu->n_purges, 1);
}

/* The ITC's rate is exact, whatever it is: platform base x num / den. */
static void test_itc_ratio(void **state)
{
    struct fake *f = *state;

    f->fw->itc_hz = 1596000000;
    assert_int_equal(fake_pal(f, 14, 0, 0, 0), 0);
    assert_int_equal(fw_platform_hz() * (f->cpu->gr[11] >> 32) / (uint32_t)f->cpu->gr[11], 1596000000);
}

static void test_buffers(void **state)
{
    static const struct {
        unsigned index;
        uint64_t args[3];
        unsigned size;
    } cases[] = {
        { 15, { FAKE_SCRATCH }, 128 },
        { 257, { FAKE_SCRATCH }, 64 },
        { 261, { 1, 1, FAKE_SCRATCH }, 32 },
        { 274, { 0, FAKE_SCRATCH }, 128 },
    };
    struct fake *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t before[256], after[256];
        unsigned rets = f->cpu->n_br_ret;

        memset(before, 0xee, sizeof(before));
        fake_write(f, FAKE_SCRATCH, before, sizeof(before));
        /* The page is missing: nothing happens. Then it is there. */
        f->cpu->gr[8] = 0x5a5a;
        f->cpu->retry_after = 0;
        assert_int_equal(fake_pal(f, cases[i].index, cases[i].args[0], cases[i].args[1], cases[i].args[2]),
                         0x5a5a);
        assert_int_equal(f->cpu->n_br_ret, rets);
        assert_int_equal(fake_pal(f, cases[i].index, cases[i].args[0], cases[i].args[1], cases[i].args[2]),
                         0);
        fake_read(f, FAKE_SCRATCH, after, sizeof(after));
        assert_int_not_equal(after[0], 0xee);
        assert_memory_equal(after + cases[i].size, before + cases[i].size, sizeof(after) - cases[i].size);
    }
    assert_int_equal(fake_pal(f, 257, UINT64_C(0xfee00000), 0, 0), STATUS(-2)); /* no RAM */
    assert_int_equal(fake_pal(f, 261, FAKE_N_TR, 1, FAKE_SCRATCH), STATUS(-2));
    assert_int_equal(fake_pal(f, 261, 0, 2, FAKE_SCRATCH), STATUS(-2));
    assert_int_equal(fake_pal(f, 274, 16, FAKE_SCRATCH, 0), STATUS(-6));
}

static void test_halt(void **state)
{
    struct fake *f = *state;
    const char *why;

    assert_int_equal(fake_pal(f, 29, 0, 0, 0), 0);
    assert_int_equal(f->cpu->n_halts, 1);
    assert_int_equal(fake_pal(f, 28, 8, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 28, 2, 0, 0), STATUS(-1));
    f->cpu->gr[28] = 28;
    f->cpu->gr[29] = 1;
    f->cpu->gr[30] = f->cpu->gr[31] = 0;
    assert_int_equal(kia_fw_gate(f->fw, f->cpu, FW_GATE_PAL, &why), KIA_FW_HALT);
}

static void test_copy(void **state)
{
    struct fake *f = *state;
    uint64_t to = 0x2000000;
    unsigned n = f->board.vm.n_gates;
    uint8_t original[16], copy[16];

    assert_int_equal(fake_pal(f, 30, 0, 0, 0), 0);
    assert_int_equal(f->cpu->gr[9], 0x1000);
    assert_int_equal(fake_pal(f, 256, to + 16, 0x1000, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 256, to, 0xfff, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 256, FW_ADDR(FW_CODE), 0x1000, 0), STATUS(-2)); /* other gates are there */
    assert_int_equal(fake_pal(f, 256, FW_ADDR(FW_PAL_CODE), 0x1000, 0), 0);
    assert_int_equal(f->board.vm.n_gates, n);
    assert_int_equal(fake_pal(f, 256, to, 0x1000, 2), STATUS(-2));
    assert_int_equal(fake_pal(f, 256, KIA_IO_PORTS_GPA, 0x1000, 0), STATUS(-2));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(fake_pal(f, 256, to, 0x1000, i & 1), 0);
    assert_int_equal(f->cpu->gr[9], 0);
    assert_int_equal(f->board.vm.n_gates, n + 1); /* once for a place */
    fake_read(f, FW_ADDR(FW_PAL_CODE), original, sizeof(original));
    fake_read(f, to, copy, sizeof(copy));
    assert_memory_equal(original, copy, sizeof(copy));
    for (uint64_t i = 1; i < 128; i++)
        assert_int_equal(fake_pal(f, 256, to + i * 0x1000, 0x1000, 0), 0);
    assert_int_equal(fake_pal(f, 256, to + 128 * 0x1000, 0x1000, 0), STATUS(-3));
    /* The copy is called as the original is. */
    f->cpu->gr[28] = 4;
    f->cpu->gr[29] = f->cpu->gr[30] = f->cpu->gr[31] = 0;
    fake_gate_at(f, f->cpu, to);
    assert_int_equal(f->cpu->gr[8], 0);
    assert_int_equal(f->cpu->gr[9], 3);
}

static void test_machine_check_procedures(void **state)
{
    struct fake *f = *state;

    assert_int_equal(fake_pal(f, 23, 1, 0, 0), 0);
    assert_int_equal(f->cpu->gr[9], 0);
    assert_int_equal(fake_pal(f, 23, 0, 0, 0), 0);
    assert_int_equal(f->cpu->gr[9], 1);
    assert_int_equal(fake_pal(f, 23, 2, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 27, FAKE_SCRATCH + 256, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 27, UINT64_C(0xfee00000), 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 27, FAKE_SCRATCH, 0, 0), 0);
    assert_int_equal(fake_pal(f, 22, 0, 0, 0), 0);
    assert_int_equal(fake_pal(f, 21, 0, 0, 0), 0);
    assert_int_equal(fake_pal(f, 1, 3, 1, 0), 0);
    assert_int_equal(fake_pal(f, 1, 0, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 1, 5, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 1, 1, 4, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 16, 0, KIA_PIB_GPA, 0), 0);
    assert_int_equal(fake_pal(f, 16, 0, 0xfe000000, 0), STATUS(-1));
    assert_int_equal(fake_pal(f, 16, 2, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, 32, 0x80, 0, 0), STATUS(-2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_conventions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_information, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ptce_info_purges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_itc_ratio, setup, teardown),
        cmocka_unit_test_setup_teardown(test_buffers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_halt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_machine_check_procedures, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
