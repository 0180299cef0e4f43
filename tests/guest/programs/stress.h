// SPDX-License-Identifier: GPL-2.0-or-later
/* What the parts of "stress" share: workers, each with its account, and data that can be checked. */
#ifndef STRESS_H
#define STRESS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

enum { WORKERS_MAX = 32, STALL = 600 /* seconds without a round are too many, however busy the host is */ };

struct worker {
    const char *name;
    void (*round)(struct worker *w);
    unsigned number; /* among those of this name */
    unsigned count;
    pid_t pid;
    uint64_t random;
    void *own;
    _Atomic uint64_t rounds;
    char complaint[160];
};

extern struct shared {
    struct worker workers[WORKERS_MAX];
    _Atomic int over;
    _Atomic uint64_t latest; /* what a clock has shown */
} *shared;
extern const char *disk_path; /* NULL: there is none */

/* A line on the machine's console. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the process: something was lost or is not what it was. */
void complain(struct worker *w, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* The call must not fail. */
#define MUST(w, call)                                                                                                  \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        if (!(call))                                                                                                   \
            complain(w, "%s: %s", #call, strerror(errno));                                                             \
    } while (0)

uint64_t next(uint64_t *random);
unsigned below(struct worker *w, unsigned limit);
/* Words that follow from @seed. */
void fill(void *data, size_t bytes, uint64_t seed);
/* The place of the first word that is not what fill() wrote, or -1. */
long differs(const void *data, size_t bytes, uint64_t seed);
double seconds(void);

/* A round of each kind of work. */
void clock_round(struct worker *w);
void disk_round(struct worker *w);
void fork_round(struct worker *w);
void mmap_round(struct worker *w);
void net_round(struct worker *w);
void pipes_round(struct worker *w);
void signals_round(struct worker *w);
void threads_round(struct worker *w);

/* Says what the disk holds now; 1 if all of it could be read. */
int disk_report(void);

#endif
