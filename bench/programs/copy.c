/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copying loop in three forms: plain, pipelined through rotating general registers as the kernel's copies
 * are, and through rotating floating-point registers as the C library's are. On hosts without such registers
 * all three are the same loop in C.
 */
#include "program.h"

void bench_copy_plain(uint64_t *to, const uint64_t *from, uint64_t words);
void bench_copy_rotating(uint64_t *to, const uint64_t *from, uint64_t words);
void bench_copy_floating(uint64_t *to, const uint64_t *from, uint64_t words);

#ifdef __ia64__
__asm__(
    "    .text\n"
    "    .proc bench_copy_plain#\n"
    "    .global bench_copy_plain#\n"
    "bench_copy_plain:\n"
    "    mov r29 = ar.lc\n"
    "    adds r16 = -1, r34 ;;\n"
    "    mov ar.lc = r16 ;;\n"
    "1: ld8 r14 = [r33], 8 ;;\n"
    "    st8 [r32] = r14, 8\n"
    "    br.cloop.sptk.few 1b ;;\n"
    "    mov ar.lc = r29\n"
    "    br.ret.sptk.many b0 ;;\n"
    "    .endp bench_copy_plain#\n");

/* @load and @store have the stage registers that suit a load four steps before its store. */
#define PIPELINED(name, load, store)            \
    __asm__(                                    \
        "    .text\n"                        \
        "    .proc " name "#\n"              \
        "    .global " name "#\n"            \
        name ":\n"                              \
        "    alloc r31 = ar.pfs, 3, 13, 0, 16\n" \
        "    mov r29 = ar.lc\n"              \
        "    mov r30 = pr\n"                 \
        "    mov r15 = r33\n"                \
        "    mov r14 = r32\n"                \
        "    adds r16 = -1, r34 ;;\n"        \
        "    mov pr.rot = 1 << 16\n"         \
        "    mov ar.lc = r16\n"              \
        "    mov ar.ec = 5 ;;\n"             \
        "1: (p16) " load " = [r15], 8\n"    \
        "    (p20) " store ", 8\n"           \
        "    br.ctop.sptk.few 1b ;;\n"       \
        "    mov ar.lc = r29\n"              \
        "    mov pr = r30, -1\n"             \
        "    br.ret.sptk.many b0 ;;\n"       \
        "    .endp " name "#\n")

PIPELINED("bench_copy_rotating", "ld8 r32", "st8 [r14] = r36");
PIPELINED("bench_copy_floating", "ldf8 f32", "stf8 [r14] = f36");
#else
static void copy(uint64_t *to, const uint64_t *from, uint64_t words)
{
    for (uint64_t i = 0; i < words; i++) {
        to[i] = from[i];
        __asm__ volatile("" : : : "memory"); /* a loop, not the C library's copy */
    }
}

void bench_copy_plain(uint64_t *to, const uint64_t *from, uint64_t words) { copy(to, from, words); }
void bench_copy_rotating(uint64_t *to, const uint64_t *from, uint64_t words) { copy(to, from, words); }
void bench_copy_floating(uint64_t *to, const uint64_t *from, uint64_t words) { copy(to, from, words); }
#endif

static uint64_t *source, *target;
static uint64_t words;

static void prepare(uint64_t size)
{
    uint64_t seed = 11;

    words = size / 8;
    source = bench_alloc(size);
    target = bench_alloc(size);
    for (uint64_t i = 0; i < words; i++)
        source[i] = bench_random(&seed);
}

static uint64_t run(uint64_t count, void (*copy_words)(uint64_t *, const uint64_t *, uint64_t))
{
    uint64_t sum = 0;

    while (count--) {
        uint64_t at = count % words;

        source[at] += count;
        copy_words(target, source, words);
        source[at] -= count;
        sum = bench_mix(sum, target[at]);
    }
    for (uint64_t i = 0; i < words; i++)
        sum = bench_mix(sum, target[i]);
    return sum;
}

static uint64_t run_plain(uint64_t count) { return run(count, bench_copy_plain); }
static uint64_t run_rotating(uint64_t count) { return run(count, bench_copy_rotating); }
static uint64_t run_floating(uint64_t count) { return run(count, bench_copy_floating); }

const struct program program_copy = { "copy", 16384, prepare, run_plain };
const struct program program_copygr = { "copygr", 16384, prepare, run_rotating };
const struct program program_copyfr = { "copyfr", 16384, prepare, run_floating };
