/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event loop. */
#include "dev/loop.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WATCHES = 64 };

struct kia_loop {
    pthread_mutex_t lock;
    struct kia_watch *watches;
    struct kia_timer *timers; /* sorted by deadline; those that are off are not in it */
    int wake_fd;
    bool stop;
    struct kia_loop_clock clock; /* now is NULL: the host's */
};

/** kia_now - CLOCK_MONOTONIC in nanoseconds; any thread */
int64_t kia_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/** kia_loop_set_clock - see the header */
void kia_loop_set_clock(struct kia_loop *loop, const struct kia_loop_clock *clock)
{
    loop->clock = *clock;
}

/** kia_loop_is_virtual - see the header; any thread */
bool kia_loop_is_virtual(const struct kia_loop *loop)
{
    return loop->clock.now;
}

/** kia_loop_now - nanoseconds of the loop's clock; any thread, a virtual one on the thread that owns it */
int64_t kia_loop_now(const struct kia_loop *loop)
{
    return loop->clock.now ? loop->clock.now(loop->clock.opaque) : kia_now();
}

/**
 * kia_loop_create - a loop without watches or timers
 * Return: the loop, or NULL when the host has no memory or descriptors (errno).
 */
struct kia_loop *kia_loop_create(void)
{
    struct kia_loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return NULL;
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0) {
        free(loop);
        return NULL;
    }
    pthread_mutex_init(&loop->lock, NULL);
    return loop;
}

/** kia_loop_destroy - frees the loop (NULL is fine); watches and timers are their owners' */
void kia_loop_destroy(struct kia_loop *loop)
{
    if (!loop)
        return;
    close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

/** kia_loop_wake - makes the loop look at everything again; any thread */
void kia_loop_wake(struct kia_loop *loop)
{
    uint64_t one = 1;
    ssize_t ignored = write(loop->wake_fd, &one, sizeof(one)); /* fails only when it is awake already */

    (void)ignored;
}

/** kia_loop_stop - makes kia_loop_run() return soon; any thread */
void kia_loop_stop(struct kia_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->stop = true;
    pthread_mutex_unlock(&loop->lock);
    kia_loop_wake(loop);
}

/** kia_loop_add - watches a file descriptor; any thread */
void kia_loop_add(struct kia_loop *loop, struct kia_watch *watch)
{
    pthread_mutex_lock(&loop->lock);
    watch->next = loop->watches;
    loop->watches = watch;
    pthread_mutex_unlock(&loop->lock);
    kia_loop_wake(loop);
}

/** kia_loop_remove - watches it no longer; one that is not there does no harm */
void kia_loop_remove(struct kia_loop *loop, struct kia_watch *watch)
{
    pthread_mutex_lock(&loop->lock);
    for (struct kia_watch **at = &loop->watches; *at; at = &(*at)->next) {
        if (*at == watch) {
            *at = watch->next;
            break;
        }
    }
    pthread_mutex_unlock(&loop->lock);
    kia_loop_wake(loop);
}

/** kia_timer_set - sets, moves or switches off a timer; any thread */
void kia_timer_set(struct kia_loop *loop, struct kia_timer *timer, int64_t deadline)
{
    struct kia_timer **at;
    bool first;

    if (deadline != KIA_TIMER_OFF && loop->clock.now)
        deadline = loop->clock.alarm(loop->clock.opaque, deadline);
    pthread_mutex_lock(&loop->lock);
    for (at = &loop->timers; *at; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    }
    timer->deadline = deadline;
    first = false;
    if (deadline != KIA_TIMER_OFF) {
        for (at = &loop->timers; *at && (*at)->deadline <= deadline; at = &(*at)->next)
            ;
        timer->next = *at;
        *at = timer;
        first = at == &loop->timers;
    }
    pthread_mutex_unlock(&loop->lock);
    if (first && !loop->clock.now)
        kia_loop_wake(loop);
}

/* Calls what is due. Return: nanoseconds until the next one, or KIA_TIMER_OFF. */
static int64_t run_timers(struct kia_loop *loop)
{
    int64_t left = KIA_TIMER_OFF;

    pthread_mutex_lock(&loop->lock);
    while (loop->timers) {
        struct kia_timer *timer = loop->timers;
        int64_t now = kia_loop_now(loop);

        if (timer->deadline > now) {
            left = timer->deadline - now;
            break;
        }
        loop->timers = timer->next;
        timer->deadline = KIA_TIMER_OFF;
        pthread_mutex_unlock(&loop->lock);
        timer->fn(timer->opaque);
        pthread_mutex_lock(&loop->lock);
    }
    pthread_mutex_unlock(&loop->lock);
    return left;
}

/** kia_loop_run_timers - see the header */
void kia_loop_run_timers(struct kia_loop *loop)
{
    run_timers(loop);
}

/** kia_loop_next_timer - see the header */
int64_t kia_loop_next_timer(struct kia_loop *loop)
{
    int64_t next;

    pthread_mutex_lock(&loop->lock);
    next = loop->timers ? loop->timers->deadline : KIA_TIMER_OFF;
    pthread_mutex_unlock(&loop->lock);
    return next;
}

/* Lists the watches that want something; events() takes device locks, so it is called without the loop's. */
static unsigned gather(struct kia_loop *loop, struct pollfd *fds, struct kia_watch **watches)
{
    struct kia_watch *all[MAX_WATCHES];
    unsigned n = 0, used = 1;

    pthread_mutex_lock(&loop->lock);
    for (struct kia_watch *watch = loop->watches; watch && n < MAX_WATCHES; watch = watch->next)
        all[n++] = watch;
    pthread_mutex_unlock(&loop->lock);

    fds[0] = (struct pollfd){ .fd = loop->wake_fd, .events = POLLIN };
    for (unsigned i = 0; i < n; i++) {
        short events = all[i]->events(all[i]->opaque);

        if (events) {
            fds[used] = (struct pollfd){ .fd = all[i]->fd, .events = events };
            watches[used++] = all[i];
        }
    }
    return used;
}

static bool still_watched(struct kia_loop *loop, const struct kia_watch *watch)
{
    const struct kia_watch *at;

    pthread_mutex_lock(&loop->lock);
    for (at = loop->watches; at && at != watch; at = at->next)
        ;
    pthread_mutex_unlock(&loop->lock);
    return at;
}

static bool stopped(struct kia_loop *loop)
{
    bool stop;

    pthread_mutex_lock(&loop->lock);
    stop = loop->stop;
    loop->stop = false;
    pthread_mutex_unlock(&loop->lock);
    return stop;
}

/**
 * kia_loop_run - serves watches and timers until kia_loop_stop()
 * Thread: the caller becomes the loop's thread.
 */
void kia_loop_run(struct kia_loop *loop)
{
    struct pollfd fds[MAX_WATCHES + 1];
    struct kia_watch *watches[MAX_WATCHES + 1];

    while (!stopped(loop)) {
        int64_t left = loop->clock.now ? KIA_TIMER_OFF : run_timers(loop);
        struct timespec wait = { left / 1000000000, left % 1000000000 };
        unsigned n = gather(loop, fds, watches);
        uint64_t count;

        if (ppoll(fds, n, left == KIA_TIMER_OFF ? NULL : &wait, NULL) <= 0)
            continue;
        if (fds[0].revents && read(loop->wake_fd, &count, sizeof(count)) < 0)
            continue;
        for (unsigned i = 1; i < n; i++)
            if (fds[i].revents && still_watched(loop, watches[i]))
                watches[i]->ready(watches[i]->opaque, fds[i].revents);
    }
}
