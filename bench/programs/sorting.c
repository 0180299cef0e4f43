/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libc's qsort of random 64-bit numbers: with a comparison function. A unit copies and sorts them. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

static uint64_t *numbers, *copy, n_numbers;

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void qsort_prepare(uint64_t size)
{
    uint64_t seed = 2;

    n_numbers = size;
    numbers = bench_alloc(size * sizeof(*numbers));
    copy = bench_alloc(size * sizeof(*copy));
    for (uint64_t i = 0; i < size; i++)
        numbers[i] = bench_random(&seed);
}

static uint64_t qsort_run(uint64_t count)
{
    uint64_t sum = 0;

    while (count--) {
        memcpy(copy, numbers, n_numbers * sizeof(*numbers));
        qsort(copy, n_numbers, sizeof(*copy), compare);
        sum = bench_mix(sum, copy[count % n_numbers]);
    }
    return sum;
}

const struct program program_qsort = {
    .name = "qsort", .size = 10000, .prepare = qsort_prepare, .run = qsort_run,
};
