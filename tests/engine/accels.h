/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same tests under each engine. To be included behind cmocka.h. */
#ifndef TESTS_ENGINE_ACCELS_H
#define TESTS_ENGINE_ACCELS_H

static const char *accel; /* of the present round, for machine_open() */

/* Runs the @n tests once interpreted, once compiled from the start, once as users have it. Return: those that failed */
static inline int run_under_all(const struct CMUnitTest *tests, size_t n)
{
    static const char *const accels[] = { "soft,jit=off", "soft,jit=on,jit-after=0", "soft,jit=on" };
    int failed = 0;

    for (size_t i = 0; i < sizeof(accels) / sizeof(*accels); i++) {
        accel = accels[i];
        failed += _cmocka_run_group_tests(accel, tests, n, NULL, NULL);
    }
    return failed;
}

#endif
