/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte loads: a histogram of a buffer's bytes, and the lengths of strings, byte by byte. */
#include <string.h>

#include "program.h"

static uint8_t *buffer;
static uint64_t buffer_size;

static void histogram_prepare(uint64_t size)
{
    uint64_t seed = 3;

    buffer = bench_alloc(size);
    buffer_size = size;
    for (uint64_t i = 0; i < size; i++)
        buffer[i] = (uint8_t)(bench_random(&seed) >> 20);
}

static uint64_t histogram_run(uint64_t count)
{
    uint32_t counts[256] = { 0 };
    uint64_t sum = 0;

    while (count--)
        for (uint64_t i = 0; i < buffer_size; i++)
            counts[buffer[i]]++;
    for (int i = 0; i < 256; i++)
        sum = bench_mix(sum, counts[i]);
    return sum;
}

/* Strings of 0 to 63 characters, one behind the other. */
static void strlen_prepare(uint64_t size)
{
    uint64_t seed = 4;

    buffer = bench_alloc(size);
    buffer_size = size;
    memset(buffer, 'x', size);
    for (uint64_t i = 0; i < size; i += 1 + bench_random(&seed) % 64)
        buffer[i] = 0;
    buffer[size - 1] = 0;
}

/* Or GCC replaces the loop by a call of libc's strlen, which is another program on each side. */
__attribute__((noinline, optimize("no-tree-loop-distribute-patterns")))
static size_t length(const uint8_t *s)
{
    const uint8_t *p = s;

    while (*p)
        p++;
    return (size_t)(p - s);
}

static uint64_t strlen_run(uint64_t count)
{
    uint64_t sum = 0;

    while (count--)
        for (uint64_t i = 0; i < buffer_size;) {
            size_t n = length(buffer + i);

            sum = bench_mix(sum, n);
            i += n + 1;
        }
    return sum;
}

const struct program program_histogram = {
    .name = "histogram", .size = 65536, .prepare = histogram_prepare, .run = histogram_run,
};
const struct program program_strlen = {
    .name = "strlen", .size = 16384, .prepare = strlen_prepare, .run = strlen_run,
};
