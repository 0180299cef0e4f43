/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench NAME[=SIZE] COUNT [MILLISECONDS]: runs one benchmark program COUNT times over and prints
 *     bench: start NAME COUNT
 *     bench: done NAME COUNT CHECKSUM NANOSECONDS PROCESSOR-NANOSECONDS
 * With MILLISECONDS it repeats that, at least once, with larger counts until a run takes so long. Without
 * arguments it prints the programs' names.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "program.h"

static const struct program *const programs[] = {
#ifdef BENCH_LIBRARIES
    &program_sqlite, &program_zstd,
#else
    &program_sha256, &program_qsort, &program_histogram, &program_strlen, &program_fib, &program_bytecode,
    &program_chase, &program_divide, &program_matmul, &program_nbody, &program_mandelf, &program_mandeld,
    &program_code, &program_getpid, &program_fork, &program_exec, &program_pingpong, &program_switch,
    &program_parallel, &program_copy, &program_copygr, &program_copyfr,
#endif
};
enum { N_PROGRAMS = sizeof(programs) / sizeof(*programs) };

const char *bench_self;

void bench_fail(const char *what)
{
    perror(what);
    exit(1);
}

void *bench_alloc(size_t size)
{
    void *memory = malloc(size);

    bench_check(memory != NULL, "malloc");
    return memory;
}

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The processor time of this process and of the children it has waited for. */
static uint64_t processor_ns(void)
{
    uint64_t us = 0;

    for (int i = 0; i < 2; i++) {
        struct rusage u;

        bench_check(!getrusage(i ? RUSAGE_CHILDREN : RUSAGE_SELF, &u), "getrusage");
        us += (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000;
        us += (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    }
    return us * 1000;
}

enum { TRIES = 3 };

/* One timed run; its nanoseconds. */
static uint64_t measure(const struct program *p, const char *name, uint64_t count)
{
    uint64_t start, sum, ns, processor = processor_ns();

    printf("bench: start %s %" PRIu64 "\n", name, count);
    fflush(stdout);
    start = now();
    sum = p->run(count);
    ns = now() - start;
    processor = processor_ns() - processor;
    printf("bench: done %s %" PRIu64 " %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n", name, count, sum, ns,
           processor);
    fflush(stdout);
    return ns;
}

/* The next count after a run of ns: enough for want ns and a tenth more, at most 20 times as many. */
static uint64_t more(uint64_t count, uint64_t ns, uint64_t want)
{
    uint64_t factor10 = ns ? want * 11 / ns + 1 : 200;

    if (factor10 > 200)
        factor10 = 200;
    return count * factor10 / 10 + 1;
}

static const struct program *find(const char *name)
{
    size_t length = strcspn(name, "=");

    for (size_t i = 0; i < N_PROGRAMS; i++)
        if (!strncmp(programs[i]->name, name, length) && !programs[i]->name[length])
            return programs[i];
    fprintf(stderr, "bench: there is no program '%s'\n", name);
    exit(1);
}

int main(int argc, char **argv)
{
    const struct program *p;
    const char *size;
    uint64_t count, want, ns;

    bench_self = argv[0];
    if (argc == 1)
        for (size_t i = 0; i < N_PROGRAMS; i++)
            puts(programs[i]->name);
    if (argc < 3)
        return argc == 2;
    p = find(argv[1]);
    size = strchr(argv[1], '=');
    count = strtoull(argv[2], NULL, 10);
    want = argc > 3 ? strtoull(argv[3], NULL, 10) * 1000000 : 0;
    if (p->prepare)
        p->prepare(size ? strtoull(size + 1, NULL, 10) : p->size);
    ns = measure(p, argv[1], count);
    if (want) /* the first run does not count: it finds caches cold */
        do {
            count = ns < want ? more(count, ns, want) : count;
            ns = measure(p, argv[1], count);
        } while (ns < want);
    for (int i = 1; want && i < TRIES; i++) /* as often, for who takes the fastest */
        measure(p, argv[1], count);
    return 0;
}
