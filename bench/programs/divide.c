/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 64-bit integer division: signed and unsigned, quotient and remainder, by changing divisors. */
#include "program.h"

static uint64_t divide_run(uint64_t count)
{
    uint64_t sum = 0, seed = 6;

    for (count *= 100; count; count--) {
        uint64_t n = bench_random(&seed), d = (n >> 40) + 3;

        sum += n / d;
        sum ^= n % (d + 2);
        sum += (uint64_t)((int64_t)n / (int64_t)(d + 4));
    }
    return sum;
}

const struct program program_divide = { .name = "divide", .run = divide_run };
