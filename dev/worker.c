/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that do devices' work. */
#include "dev/worker.h"

static void *worker_main(void *opaque)
{
    struct kia_worker *worker = opaque;

    pthread_mutex_lock(&worker->lock);
    while (!worker->end) {
        if (!worker->kicked) {
            pthread_cond_wait(&worker->cond, &worker->lock);
            continue;
        }
        worker->kicked = false;
        pthread_mutex_unlock(&worker->lock);
        worker->work(worker->opaque);
        pthread_mutex_lock(&worker->lock);
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

/** kia_worker_start - see the header */
int kia_worker_start(struct kia_worker *worker, struct kia_loop *loop, const char *name,
                     void (*work)(void *opaque), void *opaque)
{
    int err;

    worker->work = work;
    worker->opaque = opaque;
    if (kia_loop_is_virtual(loop)) {
        worker->loop = loop;
        worker->timer = (struct kia_timer){ work, opaque, KIA_TIMER_OFF, NULL };
        worker->started = true;
        return 0;
    }
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->cond, NULL);
    err = pthread_create(&worker->thread, NULL, worker_main, worker);
    if (err) {
        pthread_cond_destroy(&worker->cond);
        pthread_mutex_destroy(&worker->lock);
        return -err;
    }
    pthread_setname_np(worker->thread, name);
    worker->started = true;
    return 0;
}

/** kia_worker_kick - see the header */
void kia_worker_kick(struct kia_worker *worker)
{
    if (!worker->started)
        return;
    if (worker->loop) {
        if (worker->timer.deadline == KIA_TIMER_OFF)
            kia_timer_set(worker->loop, &worker->timer, kia_loop_now(worker->loop) + KIA_WORKER_DELAY_NS);
        return;
    }
    pthread_mutex_lock(&worker->lock);
    if (!worker->kicked) {
        worker->kicked = true;
        pthread_cond_signal(&worker->cond);
    }
    pthread_mutex_unlock(&worker->lock);
}

/** kia_worker_stop - see the header */
void kia_worker_stop(struct kia_worker *worker)
{
    if (!worker->started)
        return;
    worker->started = false;
    if (worker->loop) {
        kia_timer_set(worker->loop, &worker->timer, KIA_TIMER_OFF);
        return;
    }
    pthread_mutex_lock(&worker->lock);
    worker->end = true;
    pthread_cond_signal(&worker->cond);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->cond);
    pthread_mutex_destroy(&worker->lock);
}
