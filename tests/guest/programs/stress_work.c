// SPDX-License-Identifier: GPL-2.0-or-later
/* Work of "stress" that needs no device: processes, mappings, signals, pipes, threads, the clock. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

/* ---- processes: each has its own copy of memory; some become another program ---- */

static void fork_child(uint64_t *data, size_t bytes, uint64_t seed, unsigned number)
{
    char text[16];

    if (differs(data, bytes, seed) >= 0)
        _exit(99);
    fill(data, bytes, seed + number + 1);
    sched_yield();
    if (differs(data, bytes, seed + number + 1) >= 0)
        _exit(98);
    if (number % 4)
        _exit((int)number);
    snprintf(text, sizeof(text), "%u", number);
    execl("/proc/self/exe", "stress", "exit", text, NULL);
    _exit(97);
}

void fork_round(struct worker *w)
{
    static uint64_t data[8192];
    unsigned n = 1 + below(w, 8), sum = 0, expected = 0;
    uint64_t seed = next(&w->random);

    fill(data, sizeof(data), seed);
    for (unsigned i = 0; i < n; i++) {
        pid_t child = fork();

        MUST(w, child >= 0);
        if (!child)
            fork_child(data, sizeof(data), seed, i);
        expected += i;
    }
    for (unsigned i = 0; i < n; i++) {
        int status;

        MUST(w, wait(&status) > 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) >= (int)n)
            complain(w, "a child ended with %#x", status);
        sum += (unsigned)WEXITSTATUS(status);
    }
    if (sum != expected)
        complain(w, "the children's sum is %u, not %u", sum, expected);
    if (differs(data, sizeof(data), seed) >= 0)
        complain(w, "a child wrote to its parent's memory");
}

/* ---- mappings: grow, move, shrink, become others; what is in them stays ---- */

enum { REGIONS = 16, REGION_PAGES = 32 };

struct region {
    uint8_t *at;
    size_t pages;
    uint64_t seed[REGION_PAGES]; /* by page; 0: not written, reads as zero */
};

static void region_check(struct worker *w, const struct region *r, size_t size)
{
    static const uint8_t zeros[65536];

    for (size_t i = 0; i < r->pages; i++) {
        const uint8_t *page = r->at + i * size;

        if (r->seed[i] ? differs(page, size, r->seed[i]) >= 0 : memcmp(page, zeros, size) != 0)
            complain(w, "page %zu of a mapping at %p is not what it was", i, (void *)r->at);
    }
}

static void region_change(struct worker *w, struct region *r, size_t size)
{
    size_t pages = 1 + below(w, REGION_PAGES), at = below(w, (unsigned)r->pages);

    switch (below(w, 5)) {
    case 0: /* another size, maybe another place */
        MUST(w, (r->at = mremap(r->at, r->pages * size, pages * size, MREMAP_MAYMOVE)) != MAP_FAILED);
        for (size_t i = r->pages; i < pages; i++)
            r->seed[i] = 0;
        r->pages = pages;
        break;
    case 1: /* empty */
        MUST(w, !madvise(r->at + at * size, size, MADV_DONTNEED));
        r->seed[at] = 0;
        break;
    case 2: /* read only for a while */
        MUST(w, !mprotect(r->at, r->pages * size, PROT_READ));
        region_check(w, r, size);
        MUST(w, !mprotect(r->at, r->pages * size, PROT_READ | PROT_WRITE));
        break;
    case 3: /* a new one */
        MUST(w, !munmap(r->at, r->pages * size));
        r->at = NULL;
        break;
    default:
        r->seed[at] = next(&w->random) | 1;
        fill(r->at + at * size, size, r->seed[at]);
        break;
    }
}

void mmap_round(struct worker *w)
{
    static struct region regions[REGIONS];
    size_t size = (size_t)getpagesize();

    for (unsigned i = 0; i < 64; i++) {
        struct region *r = &regions[below(w, REGIONS)];

        if (!r->at) {
            memset(r, 0, sizeof(*r));
            r->pages = 1 + below(w, REGION_PAGES);
            r->at = mmap(NULL, r->pages * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            MUST(w, r->at != MAP_FAILED);
        }
        region_change(w, r, size);
    }
    for (unsigned i = 0; i < REGIONS; i++)
        if (regions[i].at)
            region_check(w, &regions[i], size);
}

/* ---- signals: queued ones come all and in order, and disturb no computation ---- */

enum { SIGNALS = 300 };
static volatile sig_atomic_t received, in_order;

static double compute(uint64_t seed)
{
    double sum = 0;

    for (unsigned i = 1; i < 2000; i++)
        sum += (double)(next(&seed) >> 40) / i;
    return sum;
}

static void on_queued(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    if (info->si_value.sival_int == received)
        in_order++;
    received++;
    compute((uint64_t)received);
}

static void on_timer(int number)
{
    (void)number;
    compute(7);
}

static void signal_child(uint64_t seed, double result)
{
    struct itimerval tick = { { 0, 2000 }, { 0, 2000 } };
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_RESTART };
    sigset_t set;

    action.sa_sigaction = on_queued;
    received = in_order = 0;
    sigaction(SIGRTMIN, &action, NULL);
    signal(SIGALRM, on_timer);
    setitimer(ITIMER_REAL, &tick, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    while (received < SIGNALS)
        if (compute(seed) != result)
            _exit(2);
    _exit(in_order == SIGNALS ? 0 : 3);
}

void signals_round(struct worker *w)
{
    uint64_t seed = next(&w->random);
    double result = compute(seed);
    sigset_t set;
    int status;
    pid_t child;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    child = fork();
    MUST(w, child >= 0);
    if (!child)
        signal_child(seed, result);
    for (int i = 0; i < SIGNALS; i++) {
        union sigval value = { .sival_int = i };

        while (sigqueue(child, SIGRTMIN, value)) {
            MUST(w, errno == EAGAIN);
            sched_yield();
        }
    }
    MUST(w, waitpid(child, &status, 0) == child);
    if (status)
        complain(w, "signals: the child ended with %#x", status);
}

/* ---- pipes: blocks of all sizes go through three processes ---- */

enum { RELAYS = 3, BLOCKS = 200, PIPE_BLOCK = 20000 };

static int all_of(int fd, uint8_t *data, size_t bytes, ssize_t (*move)(int fd, void *data, size_t bytes))
{
    while (bytes) {
        ssize_t n = move(fd, data, bytes);

        if (n <= 0)
            return 0;
        data += n;
        bytes -= (size_t)n;
    }
    return 1;
}

static ssize_t put(int fd, void *data, size_t bytes)
{
    return write(fd, data, bytes);
}

static void relay(int in, int out)
{
    static uint8_t data[7777];
    ssize_t n;

    while ((n = read(in, data, sizeof(data))) > 0)
        if (!all_of(out, data, (size_t)n, put))
            _exit(1);
    _exit(n < 0);
}

static size_t block_bytes(uint64_t *random)
{
    return 8 * (1 + (size_t)(next(random) >> 20) % (PIPE_BLOCK / 8));
}

/* The source; the sizes follow from the seed. */
static void pour(int out, uint64_t random)
{
    static uint64_t data[PIPE_BLOCK / 8];

    for (uint64_t i = 0; i < BLOCKS; i++) {
        size_t bytes = block_bytes(&random);

        fill(data, bytes, i);
        if (!all_of(out, (uint8_t *)data, bytes, put))
            _exit(1);
    }
    _exit(0);
}

void pipes_round(struct worker *w)
{
    static uint64_t data[PIPE_BLOCK / 8];
    uint64_t random = next(&w->random) | 1;
    int in = -1, ends[2], status;

    for (unsigned i = 0; i <= RELAYS; i++) {
        pid_t child;

        MUST(w, !pipe(ends));
        child = fork();
        MUST(w, child >= 0);
        if (!child) {
            close(ends[0]);
            if (i)
                relay(in, ends[1]);
            pour(ends[1], random);
        }
        close(ends[1]);
        if (in >= 0)
            close(in);
        in = ends[0];
    }
    for (uint64_t i = 0; i < BLOCKS; i++) {
        size_t bytes = block_bytes(&random);

        if (!all_of(in, (uint8_t *)data, bytes, read))
            complain(w, "a pipe ended at block %ld", (long)i);
        if (differs(data, bytes, i) >= 0)
            complain(w, "a pipe changed block %ld", (long)i);
    }
    MUST(w, read(in, data, 1) == 0);
    close(in);
    for (unsigned i = 0; i <= RELAYS; i++) {
        MUST(w, wait(&status) > 0);
        if (status)
            complain(w, "a relay ended with %#x", status);
    }
}

/* ---- threads: they come and go, and share a count ---- */

enum { THREADS = 6, STEPS = 500 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned plain;
static _Atomic unsigned counted;

static void *thread_main(void *argument)
{
    for (unsigned i = 0; i < STEPS; i++) {
        counted++;
        pthread_mutex_lock(&mutex);
        plain++;
        if (i == STEPS / 2) { /* all meet in the middle */
            while (plain < THREADS * (STEPS / 2 + 1) && !pthread_cond_wait(&changed, &mutex))
                ;
            pthread_cond_broadcast(&changed);
        }
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

void threads_round(struct worker *w)
{
    pthread_t threads[THREADS];

    plain = counted = 0;
    for (uintptr_t i = 0; i < THREADS; i++)
        MUST(w, !(errno = pthread_create(&threads[i], NULL, thread_main, (void *)i)));
    for (uintptr_t i = 0; i < THREADS; i++) {
        void *result;

        MUST(w, !pthread_join(threads[i], &result));
        MUST(w, result == (void *)i);
    }
    if (plain != THREADS * STEPS || counted != THREADS * STEPS)
        complain(w, "threads counted %u and %u, not %u", plain, counted, THREADS * STEPS);
}

/* ---- the clock: what a processor has seen no other one is behind ---- */

void clock_round(struct worker *w)
{
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t before = shared->latest, now;
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        now = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
        if (now < before)
            complain(w, "the clock went back by %ld ns", (long)(before - now));
        while (before < now && !__atomic_compare_exchange_n(&shared->latest, &before, now, 0, __ATOMIC_SEQ_CST,
                                                            __ATOMIC_SEQ_CST))
            ;
    }
    usleep(5000);
}
