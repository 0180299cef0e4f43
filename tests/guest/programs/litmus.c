// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory order between processors: small programs of two to four threads whose outcome the architecture forbids.
 *
 * litmus NAME MILLISECONDS runs one of them that long. The orderings are those of SDM 2:80, 4.4.7 (acquire, release,
 * fence) and of the Itanium memory ordering rules that hang on them: release stores become visible to all at once and
 * in one order, accesses to one location are coherent.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CELLS = 256, THREADS_MAX = 4, RESULTS = 4 };

/* The locations of one attempt, on lines of their own. */
struct cell {
    uint64_t x __attribute__((aligned(128)));
    uint64_t y __attribute__((aligned(128)));
};

/* What the threads of one attempt saw. */
struct seen {
    uint64_t r[THREADS_MAX][RESULTS];
};

struct litmus {
    const char *name;
    int threads;
    void (*run)(int thread, struct cell *cell, uint64_t *r);
    int (*forbidden)(const struct cell *cell, const struct seen *seen);
};

static inline void st(uint64_t *at, uint64_t value)
{
    __asm__ volatile("st8 [%0] = %1" : : "r"(at), "r"(value) : "memory");
}

static inline void st_rel(uint64_t *at, uint64_t value)
{
    __asm__ volatile("st8.rel [%0] = %1" : : "r"(at), "r"(value) : "memory");
}

static inline uint64_t ld(const uint64_t *at)
{
    uint64_t value;

    __asm__ volatile("ld8 %0 = [%1]" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static inline uint64_t ld_acq(const uint64_t *at)
{
    uint64_t value;

    __asm__ volatile("ld8.acq %0 = [%1]" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static inline void mf(void)
{
    __asm__ volatile("mf" : : : "memory");
}

static inline uint64_t xchg(uint64_t *at, uint64_t value)
{
    uint64_t old;

    __asm__ volatile("xchg8 %0 = [%1], %2" : "=r"(old) : "r"(at), "r"(value) : "memory");
    return old;
}

static inline uint64_t fetchadd_rel(uint64_t *at)
{
    uint64_t old;

    __asm__ volatile("fetchadd8.rel %0 = [%1], 1" : "=r"(old) : "r"(at) : "memory");
    return old;
}

/* The message, then the flag. */
static void mp_write(struct cell *cell)
{
    st(&cell->x, 1);
    st_rel(&cell->y, 1);
}

/* Message passing: who sees the flag sees the message. */
static void mp_run(int thread, struct cell *cell, uint64_t *r)
{
    if (thread == 0) {
        mp_write(cell);
    } else {
        r[0] = ld_acq(&cell->y);
        r[1] = ld(&cell->x);
    }
}

static int mp_forbidden(const struct cell *cell, const struct seen *seen)
{
    (void)cell;
    return seen->r[1][0] == 1 && seen->r[1][1] == 0;
}

/* The same, with semaphores as the release and the acquire. */
static void mp_semaphore_run(int thread, struct cell *cell, uint64_t *r)
{
    if (thread == 0) {
        st(&cell->x, 1);
        fetchadd_rel(&cell->y);
    } else {
        r[0] = xchg(&cell->y, 0);
        r[1] = ld(&cell->x);
    }
}

/* The same, through an advanced load from before the flag: the check must give the new value (SDM 1:62, 4.4.5). */
static void mp_check_run(int thread, struct cell *cell, uint64_t *r)
{
    uint64_t flag, value;

    if (thread == 0) {
        mp_write(cell);
        return;
    }
    __asm__ volatile("ld8.a %1 = [%2];;\n\t"
                     "ld8.acq %0 = [%3];;\n\t"
                     "ld8.c.clr.acq %1 = [%2]"
                     : "=&r"(flag), "=&r"(value)
                     : "r"(&cell->x), "r"(&cell->y)
                     : "memory");
    r[0] = flag;
    r[1] = value;
}

/* The same with chk.a and recovery code. */
static void mp_chk_run(int thread, struct cell *cell, uint64_t *r)
{
    uint64_t flag, value;

    if (thread == 0) {
        mp_write(cell);
        return;
    }
    __asm__ volatile("ld8.a %1 = [%2];;\n\t"
                     "ld8.acq %0 = [%3];;\n\t"
                     "chk.a.clr %1, 1f;;\n"
                     "2:\n\t"
                     ".section .text.recover,\"ax\"\n"
                     "1:\tld8 %1 = [%2]\n\t"
                     "br 2b;;\n\t"
                     ".previous"
                     : "=&r"(flag), "=&r"(value)
                     : "r"(&cell->x), "r"(&cell->y)
                     : "memory");
    r[0] = flag;
    r[1] = value;
}

/* Store buffering: with a fence between, at least one sees the other's store. */
static void sb_run(int thread, struct cell *cell, uint64_t *r)
{
    st(thread ? &cell->y : &cell->x, 1);
    mf();
    r[0] = ld(thread ? &cell->x : &cell->y);
}

static int sb_forbidden(const struct cell *cell, const struct seen *seen)
{
    (void)cell;
    return seen->r[0][0] == 0 && seen->r[1][0] == 0;
}

/* Load buffering: a load with acquire comes before the stores after it. */
static void lb_run(int thread, struct cell *cell, uint64_t *r)
{
    r[0] = ld_acq(thread ? &cell->y : &cell->x);
    st(thread ? &cell->x : &cell->y, 1);
}

static int lb_forbidden(const struct cell *cell, const struct seen *seen)
{
    (void)cell;
    return seen->r[0][0] == 1 && seen->r[1][0] == 1;
}

/* Two writers of two locations in opposite orders: the first stores cannot both be last. */
static void ww_run(int thread, struct cell *cell, uint64_t *r)
{
    (void)r;
    st(thread ? &cell->y : &cell->x, 1);
    st_rel(thread ? &cell->x : &cell->y, 2);
}

static int ww_forbidden(const struct cell *cell, const struct seen *seen)
{
    (void)seen;
    return cell->x == 1 && cell->y == 1;
}

/* Causality: the third sees what the second had seen before its release. */
static void wrc_run(int thread, struct cell *cell, uint64_t *r)
{
    if (thread == 0) {
        st_rel(&cell->x, 1);
    } else if (thread == 1) {
        r[0] = ld_acq(&cell->x);
        st_rel(&cell->y, 1);
    } else {
        r[0] = ld_acq(&cell->y);
        r[1] = ld(&cell->x);
    }
}

static int wrc_forbidden(const struct cell *cell, const struct seen *seen)
{
    (void)cell;
    return seen->r[1][0] == 1 && seen->r[2][0] == 1 && seen->r[2][1] == 0;
}

/* Independent readers see two release stores in one order. */
static void iriw_run(int thread, struct cell *cell, uint64_t *r)
{
    if (thread < 2) {
        st_rel(thread ? &cell->y : &cell->x, 1);
    } else {
        r[0] = ld_acq(thread == 2 ? &cell->x : &cell->y);
        r[1] = ld_acq(thread == 2 ? &cell->y : &cell->x);
    }
}

static int iriw_forbidden(const struct cell *cell, const struct seen *seen)
{
    (void)cell;
    return seen->r[2][0] == 1 && seen->r[2][1] == 0 && seen->r[3][0] == 1 && seen->r[3][1] == 0;
}

/* Coherence: plain accesses to one location do not go back in time. */
static void corr_run(int thread, struct cell *cell, uint64_t *r)
{
    int i;

    for (i = 0; i < RESULTS; i++) {
        if (thread == 0)
            st(&cell->x, (uint64_t)i + 1);
        else
            r[i] = ld(&cell->x);
    }
}

static int corr_forbidden(const struct cell *cell, const struct seen *seen)
{
    int i, thread, bad = cell->x != RESULTS;

    for (thread = 1; thread < 3; thread++)
        for (i = 1; i < RESULTS; i++)
            bad |= seen->r[thread][i] < seen->r[thread][i - 1];
    return bad;
}

static const struct litmus list[] = {
    {"corr", 3, corr_run, corr_forbidden},
    {"iriw", 4, iriw_run, iriw_forbidden},
    {"lb", 2, lb_run, lb_forbidden},
    {"mp", 2, mp_run, mp_forbidden},
    {"mp-check", 2, mp_check_run, mp_forbidden},
    {"mp-chk", 2, mp_chk_run, mp_forbidden},
    {"mp-semaphore", 2, mp_semaphore_run, mp_forbidden},
    {"sb", 2, sb_run, sb_forbidden},
    {"wrc", 3, wrc_run, wrc_forbidden},
    {"ww", 2, ww_run, ww_forbidden},
};

static struct cell cells[CELLS];
static struct seen results[CELLS];
static const struct litmus *chosen;
static uint64_t arrived, round_number;
static int over;

static double milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* All threads of the test and the main one meet, spinning first so that they leave at about one time. */
static void meet(void)
{
    uint64_t round = __atomic_load_n(&round_number, __ATOMIC_ACQUIRE);
    unsigned spins = 0;

    if (__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL) == (uint64_t)chosen->threads + 1) {
        __atomic_store_n(&arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&round_number, round + 1, __ATOMIC_RELEASE);
        return;
    }
    while (__atomic_load_n(&round_number, __ATOMIC_ACQUIRE) == round)
        if (++spins > 2000)
            sched_yield();
}

static void *attempts(void *argument)
{
    int thread = (int)(intptr_t)argument, i;

    for (;;) {
        meet();
        if (over)
            return NULL;
        for (i = 0; i < CELLS; i++)
            chosen->run(thread, &cells[i], results[i].r[thread]);
        meet();
    }
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    long rounds = 0, bad = 0;
    double end;
    size_t i;

    for (i = 0; argc == 3 && i < sizeof(list) / sizeof(list[0]); i++)
        if (!strcmp(list[i].name, argv[1]))
            chosen = &list[i];
    if (!chosen) {
        fprintf(stderr, "usage: litmus NAME MILLISECONDS\n");
        return 2;
    }
    for (i = 0; i < (size_t)chosen->threads; i++)
        pthread_create(&threads[i], NULL, attempts, (void *)(intptr_t)i);
    end = milliseconds() + strtod(argv[2], NULL);
    while (milliseconds() < end) {
        memset(cells, 0, sizeof(cells));
        memset(results, 0, sizeof(results));
        meet();
        meet();
        for (i = 0; i < CELLS; i++)
            bad += chosen->forbidden(&cells[i], &results[i]);
        rounds++;
    }
    over = 1;
    meet();
    for (i = 0; i < (size_t)chosen->threads; i++)
        pthread_join(threads[i], NULL);
    printf("%s: %ld of %ld attempts had a forbidden outcome\n", chosen->name, bad, rounds * CELLS);
    return bad != 0;
}
