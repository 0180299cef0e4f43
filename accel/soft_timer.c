/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When AR.ITC reaches ITM: a sleeping vcpu wakes by itself; for those that run a host thread waits on a timer each. */
#include <errno.h>
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "accel/soft_det.h"
#include "arch/interruption.h"
#include "vmm/log.h"

enum {
    EVENTS_AT_ONCE = 16,
    GRACE_UNITS = 512,     /* looks at attention of a vcpu after its sleep before its timer is set */
    GRACE_NS = 500 * 1000, /* more time than they usually take; if not, the timer may be late by the rest */
};

uint64_t soft_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct timespec to_timespec(uint64_t ns)
{
    return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };
}

/* ---- vcpus that run ---- */

static void *timer_main(void *opaque)
{
    struct kia_vm *vm = opaque;

    for (;;) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int n = epoll_wait(vm->timer_epoll, events, EVENTS_AT_ONCE, -1);

        for (int i = 0; i < n; i++) {
            struct kia_vcpu *vcpu = events[i].data.ptr;
            uint64_t count;

            if (!vcpu) /* timer_stop */
                return NULL;
            if (events[i].data.ptr == vm->places) {
                if (read(vm->places_timer, &count, sizeof(count)) == sizeof(count))
                    places_look(vm->places);
            } else if (read(vcpu->timer_fd, &count, sizeof(count)) == sizeof(count))
                soft_attend(vcpu, ATTN_TIMER);
        }
    }
}

/* @deadline: UINT64_MAX stops it. */
static void set_timer(struct kia_vcpu *vcpu, uint64_t deadline)
{
    struct itimerspec when = { .it_value = to_timespec(deadline ? deadline : 1) };

    if (deadline == vcpu->timer_ns)
        return;
    if (vcpu->vm->det) {
        vcpu->timer_ns = deadline == UINT64_MAX ? deadline : soft_det_alarm(vcpu->vm, deadline);
        return;
    }
    vcpu->timer_ns = deadline;
    if (deadline == UINT64_MAX)
        when = (struct itimerspec){ 0 };
    timerfd_settime(vcpu->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void set_no_more(struct kia_vcpu *vcpu)
{
    atomic_fetch_and(&vcpu->v->attention, ~(uint32_t)ATTN_SET_TIMER);
}

/*
 * A processor that wakes for a tick sets its next one and sleeps again, for which it needs no host timer: futex_wait() knows
 * the time. To set one and to take it back costs a host more than the guest's own work for the tick. So it is put off until
 * the processor has run for GRACE_UNITS, if that cannot be too late.
 */
void soft_timer_changed(void *opaque, struct vcpu *v)
{
    struct kia_vcpu *vcpu = v->engine;
    uint64_t deadline = itc_deadline_ns(v);

    (void)opaque;
    if (vcpu->has_slept && deadline != UINT64_MAX && deadline > soft_now_ns() + GRACE_NS) {
        v->grace = GRACE_UNITS;
        atomic_fetch_or(&v->attention, ATTN_SET_TIMER);
        return;
    }
    set_no_more(vcpu);
    set_timer(vcpu, deadline);
}

void soft_timer_set(struct kia_vcpu *vcpu)
{
    vcpu->has_slept = false;
    soft_timer_changed(NULL, vcpu->v);
}

void soft_timer_off(struct kia_vcpu *vcpu)
{
    set_no_more(vcpu);
    set_timer(vcpu, UINT64_MAX);
}

void soft_places_busy(void *opaque, bool is)
{
    struct itimerspec when = { .it_interval = to_timespec(is ? PLACES_LOOK_NS : 0) };

    when.it_value = when.it_interval;
    timerfd_settime(((struct kia_vm *)opaque)->places_timer, 0, &when, NULL);
}

static int watch(struct kia_vm *vm, int fd, void *ptr)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = ptr };

    return fd < 0 || epoll_ctl(vm->timer_epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int soft_timer_add(struct kia_vcpu *vcpu)
{
    vcpu->timer_ns = UINT64_MAX;
    vcpu->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return watch(vcpu->vm, vcpu->timer_fd, vcpu);
}

void soft_timer_remove(struct kia_vcpu *vcpu)
{
    if (vcpu->timer_fd >= 0)
        close(vcpu->timer_fd);
}

int soft_timer_start(struct kia_vm *vm)
{
    int err;

    vm->timer_epoll = epoll_create1(EPOLL_CLOEXEC);
    vm->timer_stop = eventfd(0, EFD_CLOEXEC);
    vm->places_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    err = vm->timer_epoll < 0 ? -errno : watch(vm, vm->timer_stop, NULL);
    if (!err && vm->places)
        err = watch(vm, vm->places_timer, vm->places);
    if (!err)
        err = -pthread_create(&vm->timer_thread, NULL, timer_main, vm);
    if (!err)
        return 0;
    close(vm->places_timer);
    close(vm->timer_stop);
    close(vm->timer_epoll);
    return kia_err(err, "cannot start the interval timer");
}

void soft_timer_stop(struct kia_vm *vm)
{
    uint64_t one = 1;

    while (write(vm->timer_stop, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    pthread_join(vm->timer_thread, NULL);
    close(vm->places_timer);
    close(vm->timer_stop);
    close(vm->timer_epoll);
}

/* ---- vcpus that sleep ---- */

/* Until @word is no longer @value, or the time has come. */
static void futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t deadline)
{
    struct timespec when = to_timespec(deadline);

    syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value, deadline == UINT64_MAX ? NULL : &when, NULL,
            FUTEX_BITSET_MATCH_ANY);
}

/*
 * A sleeper says so before it looks at its attention word, a waker sets its bits before it looks for sleepers: one of the
 * two sees the other.
 */
void soft_attend(struct kia_vcpu *vcpu, uint32_t bits)
{
    atomic_fetch_or(&vcpu->v->attention, bits);
    if (vcpu->vm->places)
        soft_places_attend(vcpu, bits);
    if (atomic_load(&vcpu->asleep))
        syscall(SYS_futex, &vcpu->v->attention, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}

void soft_nap(struct kia_vcpu *vcpu, uint64_t ns)
{
    atomic_store(&vcpu->asleep, true);
    futex_wait(&vcpu->v->attention, 0, soft_now_ns() + ns);
    atomic_store(&vcpu->asleep, false);
}

void kia_vcpu_halt(struct kia_vcpu *vcpu)
{
    const uint32_t wake = ATTN_KICK | ATTN_INIT | ATTN_PMI | ATTN_SYNC, looked_at = ATTN_TIMER | ATTN_IRQ;
    struct vcpu *v = vcpu->v;

    code_quiesce(vcpu->vm->code, v->index, true);
    if (vcpu->vm->det) { /* kia_vm_next() sees to the rest */
        atomic_store(&vcpu->asleep, true);
        return;
    }
    soft_timer_off(vcpu);
    vcpu->stats.halts++;
    atomic_store(&vcpu->asleep, true);
    for (;;) {
        uint32_t bits = atomic_fetch_and(&v->attention, ~looked_at) & ~looked_at;

        itc_check(v);
        if ((bits & wake) || sapic_unmasked_pending(v))
            break;
        futex_wait(&v->attention, bits, itc_deadline_ns(v));
    }
    atomic_store(&vcpu->asleep, false);
    interruption_update(v);
    vcpu->has_slept = true;
    soft_timer_changed(NULL, v);
}
