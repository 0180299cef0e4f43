/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that does a device's work, so that a vcpu never waits for the host's input and output. In a machine with a
 * virtual time (docs/deterministic.md) there is no thread: the work is done a fixed time after the kick.
 *
 * Owns the thread. May include the loop and libc only. The device calls start and stop at attach and detach, on one
 * thread; a kick may come on any.
 */
#ifndef KIA_WORKER_H
#define KIA_WORKER_H

#include <pthread.h>
#include <stdbool.h>

#include "dev/loop.h"

enum { KIA_WORKER_DELAY_NS = 50000 }; /* of virtual time, from the kick to the work */

/* Embed it, zeroed. */
struct kia_worker {
    void (*work)(void *opaque);
    void *opaque;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool kicked, end;
    struct kia_loop *loop;  /* of a virtual time, else NULL: the timer takes the thread's place */
    struct kia_timer timer;
};

/**
 * kia_worker_start - makes the thread, which sleeps
 * @loop: the machine's, which says whether there is a virtual time
 * @name: of the thread, up to 15 characters
 * @work: called on the thread after each kick, once for several that came together; it works all there is
 * Return: 0 or negative errno.
 */
int kia_worker_start(struct kia_worker *worker, struct kia_loop *loop, const char *name,
                     void (*work)(void *opaque), void *opaque);
/* Has work() called soon. Never blocks for long; locks may be held. Before the start it does nothing. */
void kia_worker_kick(struct kia_worker *worker);
/* Ends the thread once work() returns, and waits for that. Without a start it does nothing. */
void kia_worker_stop(struct kia_worker *worker);

#endif
