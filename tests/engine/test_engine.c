/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the tables of instruction programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lower/lower.h"
#include "tests/engine/harness.h"

static void run(const struct engine_table *t)
{
    unsigned before = engine_runs(), failed = engine_run_cases(t->cases, t->n);

    printf("%s: %zu cases, %u runs\n", t->name, t->n, engine_runs() - before);
    assert_int_equal(failed, 0);
}

#define TABLE_TEST(name)                     \
    static void test_##name(void **state)    \
    {                                        \
        (void)state;                         \
        run(&table_##name);                  \
    }

TABLE_TEST(alu)
TABLE_TEST(branch)
TABLE_TEST(cmp)
TABLE_TEST(fp)
TABLE_TEST(mem)
TABLE_TEST(move)
TABLE_TEST(nat)
TABLE_TEST(parallel)
TABLE_TEST(shift)
TABLE_TEST(stack)
TABLE_TEST(system)

static void test_every_operation_is_lowered(void **state)
{
    (void)state;
    for (unsigned op = 0; op < OP_COUNT; op++)
        assert_non_null(lower_table[op]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_is_lowered),
        cmocka_unit_test(test_alu),
        cmocka_unit_test(test_branch),
        cmocka_unit_test(test_cmp),
        cmocka_unit_test(test_fp),
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_nat),
        cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_stack),
        cmocka_unit_test(test_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
