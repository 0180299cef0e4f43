/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gates called with arguments of every kind: nothing may crash, loop or reach outside guest memory (run with
 * sanitizers). */
#include "tests/fw/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Small numbers, addresses in RAM, in no RAM, at the ends of both, and anything. */
static uint64_t random_argument(void)
{
    static const uint64_t places[] = {
        FAKE_SCRATCH,
        FAKE_SCRATCH + 0x1000,
        (256 << 20) - 8,
        256 << 20,
        0,
        UINT64_C(5) << 30,
        KIA_PIB_GPA,
        KIA_FW_GPA,
        KIA_FW_GPA + FW_DATA,
        KIA_FW_GPA + FW_CPUS,
        UINT64_C(7) << 61 | FAKE_SCRATCH,
        UINT64_C(1) << 63,
        UINT64_MAX,
    };

    switch (random64() % 4) {
    case 0:
        return random64() % 48;
    case 1:
        return random64();
    default:
        return places[random64() % (sizeof(places) / sizeof(places[0]))] + random64() % 3 * 8 - 8;
    }
}

static uint64_t random_function(const struct fake_gate *gate)
{
    if (gate->gate == FW_GATE_PAL)
        return random64() % 8 ? random64() % 300 : random_argument();
    if (gate->gate == FW_GATE_SAL)
        return 0x01000000 + random64() % 0x24;
    return random_argument();
}

static void test_random_calls(void **state)
{
    struct fake *f = fake_new(2);
    struct kia_vm *vm = &f->board.vm;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        const struct fake_gate *gate = &vm->gates[random64() % vm->n_gates];
        struct kia_vcpu *cpu = &vm->vcpus[random64() % 2];
        uint64_t function = random_function(gate);
        const char *why = NULL;

        if (gate->gate == FW_GATE_IVT && random64() % 64)
            continue;
        for (unsigned r = 1; r < 48; r++) {
            cpu->gr[r] = random_argument();
            cpu->nat[r] = random64() % 256 == 0;
        }
        cpu->gr[28] = cpu->gr[32] = function;
        cpu->retry_after = (int)(random64() % 8) - 1;
        cpu->ip = gate->gpa;
        kia_fw_gate(f->fw, cpu, gate->gate, &why);
        if (random64() % 512 == 0)
            kia_fw_init(f->fw, cpu);
        if (random64() % 4096 == 0)
            assert_int_equal(kia_fw_setup(f->fw), 0);
    }
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_calls) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
