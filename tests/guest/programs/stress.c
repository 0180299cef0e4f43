// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many kinds of work at once, for as long as one likes, each of which keeps account of what it did: processes, memory
 * mappings, signals, pipes, a disk, the network, threads, the clock. Nothing may be lost or changed.
 *
 * stress [DISK]: what else it needs is on the kernel's command line: seconds=N, port=N (of a server at 10.0.2.2 that
 * sends back what it gets). Once a minute, and at the end, a line on the console for stress.py:
 *
 *     % SECONDS NAME=ROUNDS...
 *     % disk BYTES CRC32           of the whole disk, after the end
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel_argument.h"
#include "stress.h"

enum {
    REPORT = 60,  /* seconds between two lines */
    ENDING = 300, /* seconds for a last round */
};

struct shared *shared;
const char *disk_path;
static int console;

void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vdprintf(console, format, arguments);
    va_end(arguments);
}

void complain(struct worker *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(w->complaint, sizeof(w->complaint), format, arguments);
    va_end(arguments);
    _exit(1);
}

uint64_t next(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

unsigned below(struct worker *w, unsigned limit)
{
    return (unsigned)((next(&w->random) >> 20) % limit);
}

void fill(void *data, size_t bytes, uint64_t seed)
{
    uint64_t *words = data, random = seed * 2 + 1;

    for (size_t i = 0; i < bytes / 8; i++)
        words[i] = next(&random);
}

long differs(const void *data, size_t bytes, uint64_t seed)
{
    const uint64_t *words = data;
    uint64_t random = seed * 2 + 1;

    for (size_t i = 0; i < bytes / 8; i++)
        if (words[i] != next(&random))
            return (long)i * 8;
    return -1;
}

double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    void (*round)(struct worker *w);
    unsigned count;
} kinds[] = {
    { "clock", clock_round, 2 }, { "disk", disk_round, 2 },       { "fork", fork_round, 2 },
    { "mmap", mmap_round, 2 },   { "net", net_round, 2 },         { "pipes", pipes_round, 1 },
    { "signals", signals_round, 2 }, { "threads", threads_round, 1 },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static unsigned start_workers(void)
{
    unsigned n = 0;

    for (unsigned k = 0; k < KINDS; k++) {
        if (kinds[k].round == disk_round && !disk_path)
            continue;
        if (kinds[k].round == net_round && !kernel_argument("port="))
            continue;
        for (unsigned i = 0; i < kinds[k].count; i++) {
            struct worker *w = &shared->workers[n++];
            pid_t pid;

            *w = (struct worker){ kinds[k].name, kinds[k].round, i, kinds[k].count, 0, n * 0x9e3779b97f4a7c15, NULL, 0, "" };
            pid = fork();
            if (pid) {
                w->pid = pid;
                continue;
            }
            while (!shared->over) {
                w->round(w);
                w->rounds++;
            }
            _exit(0);
        }
    }
    return n;
}

static void report(double time, unsigned n)
{
    char text[512];
    int at = snprintf(text, sizeof(text), "%% %.0f", time);

    for (unsigned i = 0; i < n; i++) {
        struct worker *w = &shared->workers[i];

        at += w->number ? snprintf(text + at, sizeof(text) - (size_t)at, "+%llu", (unsigned long long)w->rounds)
                        : snprintf(text + at, sizeof(text) - (size_t)at, " %s=%llu", w->name, (unsigned long long)w->rounds);
    }
    say("%s\n", text);
}

/* Until the time is over or something is wrong. Return: 1 if something is. */
static int watch(double limit, unsigned n)
{
    uint64_t rounds[WORKERS_MAX] = { 0 };
    double start = seconds(), due = REPORT, moved[WORKERS_MAX] = { 0 };

    for (double time = 0; time < limit; time = seconds() - start) {
        sleep(1);
        for (unsigned i = 0; i < n; i++) {
            struct worker *w = &shared->workers[i];

            if (w->complaint[0] || waitpid(w->pid, NULL, WNOHANG))
                return 1;
            if (w->rounds != rounds[i])
                moved[i] = time;
            rounds[i] = w->rounds;
            if (time - moved[i] > STALL) {
                snprintf(w->complaint, sizeof(w->complaint), "nothing done for %d s", STALL);
                return 1;
            }
        }
        if (time >= due) {
            report(time, n);
            due += REPORT;
        }
    }
    report(seconds() - start, n);
    return 0;
}

/* Waits for what is under way. Return: 1 if a worker does not end well. */
static int end_workers(unsigned n)
{
    double deadline = seconds() + ENDING;
    int failed = 0;

    shared->over = 1;
    for (unsigned i = 0; i < n; i++) {
        struct worker *w = &shared->workers[i];
        int status = 0;
        pid_t ended;

        while (!(ended = waitpid(w->pid, &status, WNOHANG)) && seconds() < deadline)
            usleep(10000);
        if (ended == w->pid && !status && !w->complaint[0] && w->rounds)
            continue;
        failed = 1;
        printf("%s %u: %s (status %#x, %llu rounds)\n", w->name, w->number,
               w->complaint[0] ? w->complaint : !ended ? "does not end" : "ended", status, (unsigned long long)w->rounds);
    }
    return failed;
}

int main(int argc, char **argv)
{
    int failed;
    unsigned n;

    if (argc == 3 && !strcmp(argv[1], "exit"))
        return atoi(argv[2]);
    disk_path = argc > 1 ? argv[1] : NULL;
    console = open("/dev/console", O_WRONLY | O_NOCTTY);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (console < 0 || shared == MAP_FAILED)
        return 2;
    n = start_workers();
    failed = watch((double)kernel_argument("seconds="), n);
    failed |= end_workers(n);
    if (disk_path && !failed)
        failed = !disk_report();
    return failed;
}
