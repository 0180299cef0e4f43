/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interval timer: one host thread that tells each vcpu when AR.ITC has reached ITM. */
#include <time.h>

#include "accel/soft.h"
#include "arch/interruption.h"

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Attends to all vcpus whose time has come. Return: the earliest deadline left. */
static uint64_t fire(struct kia_vm *vm, uint64_t now)
{
    uint64_t next = UINT64_MAX;

    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        struct kia_vcpu *vcpu = vm->vcpus[i];
        uint64_t deadline = vcpu ? atomic_load(&vcpu->deadline_ns) : UINT64_MAX;

        if (deadline <= now) {
            /* The vcpu may have set another one meanwhile: that one stays. */
            atomic_compare_exchange_strong(&vcpu->deadline_ns, &deadline, UINT64_MAX);
            soft_attend(vcpu, ATTN_TIMER);
        } else if (deadline < next) {
            next = deadline;
        }
    }
    return next;
}

static void *timer_main(void *opaque)
{
    struct kia_vm *vm = opaque;

    pthread_mutex_lock(&vm->timer_lock);
    while (!vm->timer_stop) {
        uint64_t next;
        struct timespec ts;

        next = fire(vm, now_ns());
        vm->timer_wakes_ns = next;
        if (next == UINT64_MAX) {
            pthread_cond_wait(&vm->timer_cond, &vm->timer_lock);
            continue;
        }
        ts.tv_sec = (time_t)(next / 1000000000);
        ts.tv_nsec = (long)(next % 1000000000);
        pthread_cond_timedwait(&vm->timer_cond, &vm->timer_lock, &ts);
    }
    pthread_mutex_unlock(&vm->timer_lock);
    return NULL;
}

void soft_timer_changed(void *opaque, struct vcpu *v)
{
    struct kia_vcpu *vcpu = v->engine;
    uint64_t deadline = itc_deadline_ns(v);

    (void)opaque;
    atomic_store(&vcpu->deadline_ns, deadline);
    if (deadline == UINT64_MAX)
        return;
    pthread_mutex_lock(&vcpu->vm->timer_lock);
    if (deadline < vcpu->vm->timer_wakes_ns)
        pthread_cond_signal(&vcpu->vm->timer_cond);
    pthread_mutex_unlock(&vcpu->vm->timer_lock);
}

int soft_timer_start(struct kia_vm *vm)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&vm->timer_cond, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&vm->timer_lock, NULL);
    vm->timer_wakes_ns = UINT64_MAX;
    return -pthread_create(&vm->timer_thread, NULL, timer_main, vm);
}

void soft_timer_stop(struct kia_vm *vm)
{
    pthread_mutex_lock(&vm->timer_lock);
    vm->timer_stop = true;
    pthread_cond_signal(&vm->timer_cond);
    pthread_mutex_unlock(&vm->timer_lock);
    pthread_join(vm->timer_thread, NULL);
    pthread_cond_destroy(&vm->timer_cond);
    pthread_mutex_destroy(&vm->timer_lock);
}
