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

#include <stdbool.h>
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

/* @deadline: nanoseconds of kia_loop_now(), or KIA_TIMER_OFF. A call of fn that is under way is not waited for. */
void kia_timer_set(struct kia_loop *loop, struct kia_timer *timer, int64_t deadline);
/* CLOCK_MONOTONIC in nanoseconds. */
int64_t kia_now(void);

/*
 * The clock that timers and devices go by. Without kia_loop_set_clock() it is kia_now(). A machine with a virtual
 * time (docs/deterministic.md) gives its own: the loop's thread then leaves the timers alone, and the thread that owns
 * the time calls kia_loop_run_timers() when kia_loop_next_timer() has come.
 */
struct kia_loop_clock {
    int64_t (*now)(void *opaque);
    /* A timer is set: the time at which it goes off, @deadline or later. */
    int64_t (*alarm)(void *opaque, int64_t deadline);
    void *opaque;
};

/* Before any timer is set. */
void kia_loop_set_clock(struct kia_loop *loop, const struct kia_loop_clock *clock);
/* The loop's time is not the host's: devices do nothing on threads of their own, and take no input from outside. */
bool kia_loop_is_virtual(const struct kia_loop *loop);
int64_t kia_loop_now(const struct kia_loop *loop);
/* Of a virtual clock: when the first timer goes off, or KIA_TIMER_OFF; and calls what is due. One thread. */
int64_t kia_loop_next_timer(struct kia_loop *loop);
void kia_loop_run_timers(struct kia_loop *loop);

#endif
