// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that contend: atomic operations of every size, locks made of them, and memory that changes its mapping or
 * its code under the feet of other threads.
 *
 * contend NAME MILLISECONDS runs one of them that long, in as many threads as there are processors, but at least two.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 64, SPINS = 200, NUMBERS = (1 << 21) - 1 };

struct task {
    const char *name;
    void (*work)(int thread);    /* once; called again until the time is over */
    const char *(*check)(void);  /* after all have ended: NULL, or what is wrong */
};

static int threads;
static volatile int over;
static uint64_t done[THREADS_MAX][16]; /* calls of work() by thread, on lines of their own */
static const char *complaint;
static pthread_barrier_t start;

/* What the tasks share: aligned, and padded to two lines. */
static union {
    uint64_t words[32];
    uint32_t halves[64];
    uint16_t quarters[128];
    uint8_t bytes[256];
} shared __attribute__((aligned(256)));
static uint64_t guarded[4];

static uint64_t all_done(void)
{
    uint64_t sum = 0;
    int i;

    for (i = 0; i < threads; i++)
        sum += done[i][0];
    return sum;
}

static void relax(unsigned spins)
{
    if (spins % SPINS == SPINS - 1)
        sched_yield();
    else
        __asm__ volatile("hint @pause");
}

/* fetchadd in its sizes, increments and orders; each word's sum is known. */
static void fetchadd_work(int thread)
{
    uint64_t old;

    (void)thread;
    __asm__ volatile("fetchadd8.acq %0 = [%1], 1" : "=r"(old) : "r"(&shared.words[0]) : "memory");
    __asm__ volatile("fetchadd8.rel %0 = [%1], -16" : "=r"(old) : "r"(&shared.words[1]) : "memory");
    __asm__ volatile("fetchadd4.acq %0 = [%1], 8" : "=r"(old) : "r"(&shared.halves[4]) : "memory");
    __asm__ volatile("fetchadd4.rel %0 = [%1], -1" : "=r"(old) : "r"(&shared.halves[5]) : "memory");
}

static const char *fetchadd_check(void)
{
    uint64_t n = all_done();

    return shared.words[0] == n && shared.words[1] == -16 * n && shared.halves[4] == (uint32_t)(8 * n) &&
                   shared.halves[5] == (uint32_t)-n
               ? NULL
               : "a sum is wrong";
}

/* An increment by cmpxchg of SIZE bytes: ar.ccv is compared in full, the loaded value is zero-extended. */
#define INCREMENT(size, order, type, at)                                                                               \
    do {                                                                                                               \
        uint64_t seen, expected = *(volatile type *)(at);                                                              \
        for (;;) {                                                                                                     \
            __asm__ volatile("mov ar.ccv = %2;;\n\tcmpxchg" #size "." #order " %0 = [%1], %3, ar.ccv"                  \
                             : "=r"(seen)                                                                              \
                             : "r"(at), "r"(expected), "r"(expected + 1)                                               \
                             : "memory", "ar.ccv");                                                                    \
            if (seen == expected)                                                                                      \
                break;                                                                                                 \
            expected = seen;                                                                                           \
        }                                                                                                              \
    } while (0)

/* Neighbours in one word, so that a wider operation than asked for would lose one's increments. */
static void cmpxchg_work(int thread)
{
    (void)thread;
    INCREMENT(1, acq, uint8_t, &shared.bytes[0]);
    INCREMENT(1, rel, uint8_t, &shared.bytes[1]);
    INCREMENT(2, acq, uint16_t, &shared.quarters[1]);
    INCREMENT(4, rel, uint32_t, &shared.halves[1]);
    INCREMENT(8, acq, uint64_t, &shared.words[1]);
}

static const char *cmpxchg_check(void)
{
    uint64_t n = all_done();

    return shared.bytes[0] == (uint8_t)n && shared.bytes[1] == (uint8_t)n && shared.quarters[1] == (uint16_t)n &&
                   shared.halves[1] == (uint32_t)n && shared.words[1] == n
               ? NULL
               : "a count is wrong";
}

/* cmp8xchg16 writes sixteen bytes at once; ld16 and st16 are whole as well. */
static void pair_work(int thread)
{
    uint64_t low, high, old;

    __asm__ volatile("ld16 %0, ar.csd = [%2];;\n\tmov %1 = ar.csd"
                     : "=&r"(low), "=r"(high)
                     : "r"(&shared.words[2])
                     : "memory");
    if (high != ~low && (low || high))
        complaint = "half of a pair";
    __asm__ volatile("mov ar.ccv = %2;;\n\tmov ar.csd = %4;;\n\tcmp8xchg16.acq %0 = [%1], %3, ar.csd, ar.ccv"
                     : "=r"(old)
                     : "r"(&shared.words[2]), "r"(low), "r"(low + 1), "r"(~(low + 1))
                     : "memory", "ar.ccv");
    low = (uint64_t)thread << 32 | (low & 0xffff);
    if (thread == 0)
        __asm__ volatile("mov ar.csd = %2;;\n\tst16 [%0] = %1, ar.csd"
                         :
                         : "r"(&shared.words[2]), "r"(low), "r"(~low)
                         : "memory");
}

/* A section that only one may be in; its variables are plain. */
static void section(void)
{
    uint64_t was = guarded[0];

    guarded[0] = was + 1;
    guarded[1] += 2;
    guarded[2] = guarded[1] - guarded[0];
    if (guarded[2] != guarded[0])
        complaint = "two in the section at once";
}

static const char *section_check(void)
{
    return guarded[0] == all_done() ? NULL : "entries of the section are missing";
}

/* xchg as a test-and-set lock. */
static void xchg_work(int thread)
{
    uint64_t was;
    unsigned spins = 0;

    (void)thread;
    for (;;) {
        __asm__ volatile("xchg4 %0 = [%1], %2" : "=r"(was) : "r"(&shared.halves[0]), "r"(1L) : "memory");
        if (!was)
            break;
        relax(spins++);
    }
    section();
    __asm__ volatile("st4.rel [%0] = r0" : : "r"(&shared.halves[0]) : "memory");
}

/* A ticket lock that waits with ld.c, as Linux for ia64 does. */
static void ticket_work(int thread)
{
    uint32_t *next = &shared.halves[0], *serving = &shared.halves[1];
    uint64_t ticket, now;
    unsigned spins = 0;

    (void)thread;
    __asm__ volatile("fetchadd4.acq %0 = [%1], 1" : "=r"(ticket) : "r"(next) : "memory");
    __asm__ volatile("ld4.a %0 = [%1]" : "=r"(now) : "r"(serving) : "memory");
    while ((uint32_t)now != (uint32_t)ticket) {
        relax(spins++);
        __asm__ volatile("ld4.c.nc %0 = [%1]" : "+r"(now) : "r"(serving) : "memory");
    }
    section();
    __asm__ volatile("st4.rel [%0] = %1" : : "r"(serving), "r"(ticket + 1) : "memory");
}

/* Peterson's lock between the first two threads needs a real fence. */
static void peterson_work(int thread)
{
    volatile uint64_t *want = shared.words, *turn = &shared.words[16];
    unsigned spins = 0;

    if (thread > 1) {
        done[thread][0]--;
        return;
    }
    want[thread] = 1;
    *turn = (uint64_t)!thread;
    __asm__ volatile("mf" : : : "memory");
    while (want[!thread] && *turn == (uint64_t)!thread)
        relax(spins++);
    __asm__ volatile("" : : : "memory");
    section();
    __asm__ volatile("" : : : "memory");
    want[thread] = 0;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void mutex_work(int thread)
{
    (void)thread;
    pthread_mutex_lock(&mutex);
    section();
    pthread_mutex_unlock(&mutex);
}

static void rwlock_work(int thread)
{
    (void)thread;
    pthread_rwlock_rdlock(&rwlock);
    if (guarded[1] != 2 * guarded[0])
        complaint = "a reader among writers";
    pthread_rwlock_unlock(&rwlock);
    pthread_rwlock_wrlock(&rwlock);
    section();
    pthread_rwlock_unlock(&rwlock);
}

/* Turns are passed round by a condition variable; the wake-ups cross processors. */
static void turns_work(int thread)
{
    pthread_mutex_lock(&mutex);
    while (guarded[3] % (uint64_t)threads != (uint64_t)thread && !over)
        pthread_cond_wait(&changed, &mutex);
    section();
    guarded[3]++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

/*
 * Translations: thread 0 changes what a page shows, and says so; another thread must not see the old page after that.
 * Purges go to all processors.
 */
static char *windows[2];
static uint64_t announced;

static void remap_work(int thread)
{
    static char *window;
    static uint64_t number;
    uint64_t before, shown;
    size_t size = (size_t)getpagesize();

    if (thread) {
        before = __atomic_load_n(&announced, __ATOMIC_ACQUIRE);
        if (before == 0)
            return;
        shown = *(volatile uint64_t *)windows[0];
        if (shown < before)
            complaint = "an old page is still seen";
        return;
    }
    if (!window) {
        window = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        windows[0] = window;
    }
    windows[1] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *(uint64_t *)windows[1] = ++number;
    if (mremap(windows[1], size, size, MREMAP_MAYMOVE | MREMAP_FIXED, window) != window)
        complaint = "mremap failed";
    __atomic_store_n(&announced, number, __ATOMIC_RELEASE);
}

/* Rights: after mprotect() no thread may write; the writer notes each write in the page itself. */
static sigjmp_buf caught[THREADS_MAX];
static __thread int self;
static uint64_t locked;

static void on_fault(int signal_number)
{
    (void)signal_number;
    siglongjmp(caught[self], 1);
}

static void protect_work(int thread)
{
    static uint64_t *volatile page;
    size_t size = (size_t)getpagesize();
    uint64_t before;

    self = thread;
    if (thread) {
        if (page && !sigsetjmp(caught[thread], 1))
            ((volatile uint64_t *)page)[thread * 8]++;
        return;
    }
    if (!page)
        page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page, size, PROT_READ);
    locked++;
    before = ((volatile uint64_t *)page)[8];
    sched_yield();
    if (((volatile uint64_t *)page)[8] != before)
        complaint = "a write to a page that had become read-only";
    mprotect(page, size, PROT_READ | PROT_WRITE);
}

/*
 * Code: thread 0 writes a function that returns a number, makes it known as the architecture asks (fc, sync.i), and
 * announces the number; the others run it.
 */
static uint64_t *code;

/* One bundle of template 0x11: { .mib: addl r8 = NUMBER, r0; nop.i 0; br.ret.sptk.few b0 ;; } */
static void write_code(uint64_t number)
{
    uint64_t addl = 9ull << 37 | (number >> 7 & 0x1ff) << 27 | (number >> 16 & 0x1f) << 22 | (number & 0x7f) << 13 |
                    8ull << 6;
    uint64_t nop = 1ull << 27;
    uint64_t ret = 0x21ull << 27 | 4ull << 6;
    uint64_t low = 0x11 | addl << 5 | nop << 46, high = nop >> 18 | ret << 23;

    __asm__ volatile("mov ar.csd = %2;;\n\tst16 [%0] = %1, ar.csd;;\n\tfc.i %0;;\n\tsync.i;;\n\tsrlz.i;;"
                     :
                     : "r"(code), "r"(low), "r"(high)
                     : "memory");
}

static void code_work(int thread)
{
    static uint64_t number;
    uint64_t descriptor[2], before, result;

    if (thread == 0) {
        if (!code)
            code = mmap(NULL, (size_t)getpagesize(), PROT_READ | PROT_WRITE | PROT_EXEC,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (number == NUMBERS)
            return;
        write_code(++number);
        __atomic_store_n(&announced, number, __ATOMIC_RELEASE);
        for (result = 0; result < 100; result++)
            __asm__ volatile("hint @pause");
        return;
    }
    before = __atomic_load_n(&announced, __ATOMIC_ACQUIRE);
    if (!before)
        return;
    __asm__ volatile("srlz.i;;" : : : "memory");
    descriptor[0] = (uint64_t)code;
    descriptor[1] = 0;
    __asm__ volatile("" : : "r"(descriptor) : "memory");
    result = ((uint64_t(*)(void))(uintptr_t)descriptor)();
    if (result < before)
        complaint = "old code was run";
}

static const struct task list[] = {
    {"cmpxchg", cmpxchg_work, cmpxchg_check},
    {"code", code_work, NULL},
    {"fetchadd", fetchadd_work, fetchadd_check},
    {"mutex", mutex_work, section_check},
    {"pair", pair_work, NULL},
    {"peterson", peterson_work, section_check},
    {"protect", protect_work, NULL},
    {"remap", remap_work, NULL},
    {"rwlock", rwlock_work, section_check},
    {"ticket", ticket_work, section_check},
    {"turns", turns_work, section_check},
    {"xchg", xchg_work, section_check},
};
static const struct task *chosen;

static void *worker(void *argument)
{
    int thread = (int)(intptr_t)argument;

    pthread_barrier_wait(&start);
    while (!over) {
        chosen->work(thread);
        done[thread][0]++;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t workers[THREADS_MAX];
    size_t i;
    int n;

    for (i = 0; argc == 3 && i < sizeof(list) / sizeof(list[0]); i++)
        if (!strcmp(list[i].name, argv[1]))
            chosen = &list[i];
    if (!chosen) {
        fprintf(stderr, "usage: contend NAME MILLISECONDS\n");
        return 2;
    }
    signal(SIGSEGV, on_fault);
    n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    threads = n < 2 ? 2 : n > THREADS_MAX ? THREADS_MAX : n;
    pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
    for (n = 0; n < threads; n++)
        pthread_create(&workers[n], NULL, worker, (void *)(intptr_t)n);
    pthread_barrier_wait(&start);
    usleep((useconds_t)(strtod(argv[2], NULL) * 1e3));
    over = 1;
    pthread_mutex_lock(&mutex);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    for (n = 0; n < threads; n++)
        pthread_join(workers[n], NULL);
    if (!complaint && chosen->check)
        complaint = chosen->check();
    printf("%s: %ld rounds of %d threads%s%s\n", chosen->name, (long)all_done(), threads, complaint ? ", " : "",
           complaint ? complaint : "");
    return complaint != NULL;
}
