/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Much code: size different functions, one after the other. The first pass shows what new code costs. */
#include "program.h"

#define ONE(n)                                                                  \
    __attribute__((noinline)) static uint64_t f##n(uint64_t x)                  \
    {                                                                           \
        uint64_t y = x ^ UINT64_C(0x1##n);                                      \
                                                                                \
        for (unsigned i = 0; i < 2; i++)                                        \
            y = y & 1 ? (y >> 1) + 0x2##n : y * 3 + (x >> (0x##n & 31));        \
        return y ^ (x + 0x3##n);                                                \
    }
#define EACH16(m, n)                                                            \
    m(n##0) m(n##1) m(n##2) m(n##3) m(n##4) m(n##5) m(n##6) m(n##7)             \
    m(n##8) m(n##9) m(n##a) m(n##b) m(n##c) m(n##d) m(n##e) m(n##f)
#define EACH256(m, n)                                                           \
    EACH16(m, n##0) EACH16(m, n##1) EACH16(m, n##2) EACH16(m, n##3)             \
    EACH16(m, n##4) EACH16(m, n##5) EACH16(m, n##6) EACH16(m, n##7)             \
    EACH16(m, n##8) EACH16(m, n##9) EACH16(m, n##a) EACH16(m, n##b)             \
    EACH16(m, n##c) EACH16(m, n##d) EACH16(m, n##e) EACH16(m, n##f)
#define EACH1024(m) EACH256(m, 0) EACH256(m, 1) EACH256(m, 2) EACH256(m, 3)

EACH1024(ONE)

#define NAME(n) f##n,
static uint64_t (*const functions[])(uint64_t) = { EACH1024(NAME) };
static uint64_t n_used;

static void code_prepare(uint64_t size)
{
    n_used = size < sizeof(functions) / sizeof(*functions) ? size : sizeof(functions) / sizeof(*functions);
}

static uint64_t code_run(uint64_t count)
{
    uint64_t sum = 0;

    while (count--)
        for (uint64_t i = 0; i < n_used; i++)
            sum = functions[i](sum);
    return sum;
}

const struct program program_code = {
    .name = "code", .size = 1024, .prepare = code_prepare, .run = code_run,
};
