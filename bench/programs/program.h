/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark programs: what each offers to main.c. One file a subject; the same source is compiled for the
 * host and for the guest. A program uses C and libc only, so that both sides do the same work.
 */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

struct program {
    const char *name;
    uint64_t size;  /* the size used where the command line names none; its meaning is the program's */
    /* Prepares data; not timed, called once. May be NULL. */
    void (*prepare)(uint64_t size);
    /*
     * Does the work count times and returns a checksum. The same count gives the same checksum in every run,
     * and the work is proportional to count.
     */
    uint64_t (*run)(uint64_t count);
};

extern const struct program program_sha256, program_qsort, program_histogram, program_strlen, program_fib,
    program_bytecode, program_chase, program_divide, program_matmul, program_nbody, program_mandelf,
    program_mandeld, program_code, program_getpid, program_fork, program_exec, program_pingpong,
    program_switch, program_parallel, program_copy, program_copygr, program_copyfr;
extern const struct program program_zstd, program_sqlite; /* the program built with BENCH_LIBRARIES */

/* Memory of this size, or the end of the program. */
void *bench_alloc(size_t size);

/* Ends the program with a message about the call that failed. */
_Noreturn void bench_fail(const char *what);

/* Ends the program unless ok, a system call's outcome, is true. */
static inline void bench_check(int ok, const char *what)
{
    if (!ok)
        bench_fail(what);
}

/* A small generator (xorshift64) for data that is the same on both sides. */
static inline uint64_t bench_random(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

/* Mixes a value into a checksum. */
static inline uint64_t bench_mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15) + (sum >> 29);
}

/* This program's own file, for exec. */
extern const char *bench_self;

#endif
