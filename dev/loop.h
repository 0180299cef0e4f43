/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: file descriptors and timers of the machine, on one thread that sleeps in ppoll().
 *
 * Owns nothing but its lists. May include libc only.
 * kia_loop_run() makes the caller the loop's thread, and callbacks come on it, with no lock held. Any thread
 * may call the rest.
 */
#ifndef KIA_LOOP_H
#define KIA_LOOP_H

#include <stdint.h>

struct kia_loop;

struct kia_loop *kia_loop_create(void);
void kia_loop_destroy(struct kia_loop *loop);
/* Runs until kia_loop_stop(). */
void kia_loop_run(struct kia_loop *loop);
void kia_loop_stop(struct kia_loop *loop);
/* Makes the loop ask every watch for its events again. */
void kia_loop_wake(struct kia_loop *loop);

/* A file descriptor. Embed it, fill it, add it. */
struct kia_watch {
    int fd;
    /* What to wait for now: POLLIN, POLLOUT, both or 0 (then errors are not reported either). */
    short (*events)(void *opaque);
    void (*ready)(void *opaque, short revents);
    void *opaque;
    struct kia_watch *next;
};

void kia_loop_add(struct kia_loop *loop, struct kia_watch *watch);
/* When it returns on the loop's thread, or while the loop does not run, the callbacks come no more. */
void kia_loop_remove(struct kia_loop *loop, struct kia_watch *watch);

/* A one-shot timer. Embed it, fill fn and opaque, set it as often as wanted. */
struct kia_timer {
    void (*fn)(void *opaque);
    void *opaque;
    int64_t deadline;
    struct kia_timer *next;
};

#define KIA_TIMER_OFF INT64_MAX

/* @deadline: nanoseconds of kia_now(), or KIA_TIMER_OFF. A call of fn that is under way is not waited for. */
void kia_timer_set(struct kia_loop *loop, struct kia_timer *timer, int64_t deadline);
/* CLOCK_MONOTONIC in nanoseconds. */
int64_t kia_now(void);

#endif
