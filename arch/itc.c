/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AR.ITC and the interval timer: ITM, ITV (SDM Vol.2 3.3.4.2, 5.8.3.6). */
#include <time.h>

#include "arch/interruption.h"
#include "arch/vm.h"

#define NS_PER_S UINT64_C(1000000000)
#define LATE_S 60 /* a host may stop a processor's thread for long between its read of ITC and its write of ITM */
#define ITV_VECTOR 0xff
#define ITV_M (UINT64_C(1) << 16)

static uint64_t clock_ns(const struct vm *vm)
{
    struct timespec t;

    if (vm->now_ns)
        return vm->now_ns(vm->opaque);
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec - vm->clock_epoch_ns;
}

/*
 * Ticks since the clock's zero, rounded down. Exact without 128-bit arithmetic: itc_hz < 2^64 / 10^9. Never
 * behind the last read, which may have run ahead of the clock by ticks.
 */
static uint64_t ticks_now(const struct vcpu *v)
{
    uint64_t ns = clock_ns(v->vm);
    uint64_t hz = v->vm->itc_hz;
    uint64_t ticks = ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;

    return (int64_t)(ticks - v->itc_last) < 0 ? v->itc_last : ticks;
}

static uint64_t itc_now(const struct vcpu *v)
{
    return ticks_now(v) + (uint64_t)v->itc_offset;
}

uint64_t itc_read(struct vcpu *v)
{
    uint64_t ticks = ticks_now(v);

    if (ticks == v->itc_last)
        ticks++;
    v->itc_last = ticks;
    return ticks + (uint64_t)v->itc_offset;
}

/* Counts while the processor runs: one thread to a core, so always. */
uint64_t ruc_read(struct vcpu *v)
{
    return ticks_now(v) + (uint64_t)v->ruc_offset;
}

void ruc_write(struct vcpu *v, uint64_t value)
{
    v->ruc_offset = (int64_t)(value - ticks_now(v));
}

static void timer_changed(struct vcpu *v)
{
    if (v->vm->timer_changed)
        v->vm->timer_changed(v->vm->opaque, v);
}

/*
 * An armed ITM that the new ITC has passed still fires; one that lies ahead is armed: the counter will meet
 * it.
 */
void itc_write(struct vcpu *v, uint64_t value)
{
    itc_check(v);
    v->itc_offset = (int64_t)(value - ticks_now(v));
    if ((int64_t)(v->cr[CR_ITM] - value) > 0)
        v->sapic.itm_armed = true;
    itc_check(v);
    timer_changed(v);
}

void itm_write(struct vcpu *v, uint64_t value)
{
    itc_check(v);
    v->cr[CR_ITM] = value;
    v->sapic.itm_armed = (int64_t)(value - itc_now(v)) >= -(int64_t)(v->vm->itc_hz * LATE_S);
    itc_check(v);
    timer_changed(v);
}

void itv_write(struct vcpu *v, uint64_t value)
{
    itc_check(v); /* what happened under the old mask stays discarded */
    v->cr[CR_ITV] = value;
    timer_changed(v);
}

void itc_check(struct vcpu *v)
{
    if (!v->sapic.itm_armed || (int64_t)(itc_now(v) - v->cr[CR_ITM]) < 0)
        return;
    v->sapic.itm_armed = false;
    if (!(v->cr[CR_ITV] & ITV_M))
        sapic_pend(v, v->cr[CR_ITV] & ITV_VECTOR);
}

uint64_t itc_deadline_ns(struct vcpu *v)
{
    const struct vm *vm = v->vm;
    uint64_t hz = vm->itc_hz;
    uint64_t ticks, sec, ns;

    if (!v->sapic.itm_armed || v->cr[CR_ITV] & ITV_M)
        return UINT64_MAX;
    ticks = v->cr[CR_ITM] - (uint64_t)v->itc_offset;
    if ((int64_t)(ticks - ticks_now(v)) < 0)
        ticks = ticks_now(v);
    sec = ticks / hz;
    if (sec >= UINT64_MAX / NS_PER_S - 1)
        return UINT64_MAX;
    ns = sec * NS_PER_S + (ticks % hz * NS_PER_S + hz - 1) / hz;
    if (vm->now_ns)
        return ns;
    return ns > UINT64_MAX - vm->clock_epoch_ns ? UINT64_MAX : ns + vm->clock_epoch_ns;
}
