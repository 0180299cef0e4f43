/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zstd: compresses a buffer of words at level 3 and unpacks it again. */
#include <string.h>
#include <zstd.h>

#include "program.h"

static char *text, *unpacked;
static uint8_t *packed;
static size_t text_size, packed_room;

/* Words of a small vocabulary, the earlier ones more often. */
static void zstd_prepare(uint64_t size)
{
    uint64_t seed = 9;
    char words[256][8];

    for (int i = 0; i < 256; i++)
        for (int j = 0; j < 8; j++)
            words[i][j] = (char)('a' + bench_random(&seed) % 26);
    text_size = size;
    packed_room = ZSTD_compressBound(size);
    text = bench_alloc(size);
    unpacked = bench_alloc(size);
    packed = bench_alloc(packed_room);
    for (uint64_t at = 0; at < size;) {
        uint64_t random = bench_random(&seed), length = 2 + random % 7;

        if (length > size - at)
            length = size - at;
        memcpy(text + at, words[(random >> 8 & 255) * (random >> 16 & 255) >> 8], length);
        at += length;
        if (at < size)
            text[at++] = ' ';
    }
}

static uint64_t zstd_run(uint64_t count)
{
    uint64_t sum = 0;

    while (count--) {
        size_t n;

        text[0] = (char)('a' + count % 26);
        n = ZSTD_compress(packed, packed_room, text, text_size, 3);
        bench_check(!ZSTD_isError(n), "ZSTD_compress");
        for (size_t i = 0; i < n; i += 61)
            sum = bench_mix(sum, packed[i]);
        bench_check(ZSTD_decompress(unpacked, text_size, packed, n) == text_size, "ZSTD_decompress");
        bench_check(!memcmp(unpacked, text, text_size), "comparison");
    }
    return sum;
}

const struct program program_zstd = {
    .name = "zstd", .size = 65536, .prepare = zstd_prepare, .run = zstd_run,
};
