/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deterministic machines: turns of the processors, virtual time and what happens at it. docs/deterministic.md */
#include <errno.h>
#include <stdlib.h>

#include "accel/soft_det.h"
#include "accel/trace.h"
#include "arch/interruption.h"
#include "lower/lower.h"
#include "vmm/log.h"

enum {
    /*
     * Nothing that an instruction sets off happens before this many slots have passed, so that it does not matter how far
     * the unit goes on behind the instruction.
     */
    SOONEST = 256,
    QUANTUM = 50000,     /* slots until the next processor's turn */
    TURN_MAX = 1 << 20,  /* a kick from outside is seen between turns */
    NAT_PERIOD = 4096,   /* slots between two looks for NaTs */
};
static_assert(SOONEST >= 2 * LOWER_MAX_INSNS, "a unit is shorter");

struct message {
    uint64_t when; /* nanoseconds */
    uint16_t lid;
    uint8_t dm, vector;
};

struct soft_det {
    uint64_t end;                /* count at which the turn ends */
    uint64_t skew;               /* nanoseconds that passed while all processors slept: time is count + skew */
    uint64_t quantum_end;        /* count */
    struct kia_vcpu *current;    /* whose turn it is; NULL before the first */
    bool running;                /* in kia_vcpu_run() */
    uint64_t stop;               /* time at which a kick takes effect; UINT64_MAX: none */
    atomic_bool stop_soon;       /* a kick from another thread */
    atomic_bool has_thread;
    _Atomic(pthread_t) thread;   /* the processors' */
    struct message *messages;    /* in order of arrival, a ring */
    unsigned first, n, size;     /* size: power of two */
    struct kia_vm_timers timers; /* the machine's */
    struct trace *trace;         /* NULL: none */
};

int soft_det_create(struct kia_vm *vm)
{
    struct soft_det *d = calloc(1, sizeof(*d));
    int err = 0;

    if (!d)
        return kia_err(-ENOMEM, "cannot create the machine");
    d->stop = UINT64_MAX;
    d->size = 64;
    d->messages = calloc(d->size, sizeof(*d->messages));
    vm->det = d;
    if (!d->messages)
        return kia_err(-ENOMEM, "cannot create the machine");
    if (vm->options.trace.path)
        err = trace_open(&vm->options.trace, vm->max_vcpus, &d->trace);
    return err;
}

void soft_det_destroy(struct kia_vm *vm)
{
    struct soft_det *d = vm->det;

    if (!d)
        return;
    trace_close(d->trace);
    free(d->messages);
    free(d);
    vm->det = NULL;
}

/* ---- time ---- */

uint64_t soft_det_count(const struct kia_vm *vm)
{
    const struct soft_det *d = vm->det;
    const struct vcpu *v = d->current ? d->current->v : NULL;

    return v ? d->end - (uint64_t)(v->slots_left + v->slots_rest) : d->end;
}

uint64_t soft_det_now(void *opaque)
{
    const struct kia_vm *vm = opaque;

    return soft_det_count(vm) + vm->det->skew;
}

/* The turn ends at @count, if not earlier. */
static void end_turn_by(struct soft_det *d, uint64_t count)
{
    if (!d->current || count >= d->end)
        return;
    d->current->v->slots_left -= (int64_t)(d->end - count);
    d->end = count;
}

uint64_t soft_det_alarm(struct kia_vm *vm, uint64_t when)
{
    struct soft_det *d = vm->det;
    uint64_t soonest = soft_det_now(vm) + SOONEST;

    when = when < soonest ? soonest : when;
    end_turn_by(d, when - d->skew);
    return when;
}

/* ---- messages and kicks ---- */

void soft_det_interrupt(struct kia_vm *vm, uint16_t lid, unsigned dm, uint8_t vector)
{
    struct soft_det *d = vm->det;
    uint64_t when = soft_det_now(vm) + SOONEST;

    if (d->n == d->size) {
        struct message *more = calloc(2 * (size_t)d->size, sizeof(*more));

        if (!more) {
            kia_err(-ENOMEM, "an interrupt is lost");
            return;
        }
        for (unsigned i = 0; i < d->n; i++)
            more[i] = d->messages[(d->first + i) & (d->size - 1)];
        free(d->messages);
        d->messages = more;
        d->first = 0;
        d->size *= 2;
    }
    d->messages[(d->first + d->n++) & (d->size - 1)] =
        (struct message){ .when = when, .lid = lid, .dm = (uint8_t)dm, .vector = vector };
    end_turn_by(d, when - d->skew);
}

void soft_det_kick(struct kia_vm *vm)
{
    struct soft_det *d = vm->det;

    if (!atomic_load(&d->has_thread) || !pthread_equal(atomic_load(&d->thread), pthread_self())) {
        atomic_store(&d->stop_soon, true);
        return;
    }
    if (d->stop != UINT64_MAX)
        return;
    d->stop = soft_det_now(vm) + (d->running ? SOONEST : 0);
    end_turn_by(d, d->stop - d->skew);
}

void soft_det_reset(struct kia_vcpu *vcpu)
{
    vcpu->vm->det->n = 0; /* the whole machine is reset: messages on their way are lost */
    vcpu->parked = false;
    vcpu->nat_due = 0;
    atomic_store(&vcpu->asleep, false);
}

void kia_vcpu_park(struct kia_vcpu *vcpu) { vcpu->parked = true; }

void soft_det_enter(struct kia_vm *vm) { vm->det->running = true; }
void soft_det_leave(struct kia_vm *vm) { vm->det->running = false; }

void soft_det_nat(struct kia_vcpu *vcpu)
{
    uint64_t count = soft_det_count(vcpu->vm);

    if (vcpu->nat_due && count >= vcpu->nat_due) {
        vcpu->nat_due = 0;
        vcpu_nat_recheck(vcpu->v);
    }
    if (vcpu->v->nat_any && !vcpu->nat_due) {
        vcpu->nat_due = (count / NAT_PERIOD + 1) * NAT_PERIOD;
        end_turn_by(vcpu->vm->det, vcpu->nat_due);
    }
}

/* ---- turns ---- */

static uint64_t min(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t timers_next(const struct soft_det *d)
{
    return d->timers.next ? d->timers.next(d->timers.opaque) : UINT64_MAX;
}

/* Of everything that happens by itself, the earliest time in nanoseconds. */
static uint64_t next_event(const struct kia_vm *vm)
{
    const struct soft_det *d = vm->det;
    uint64_t next = min(timers_next(d), d->stop);

    if (d->n)
        next = min(next, d->messages[d->first].when);
    for (unsigned i = 0; i < vm->max_vcpus; i++)
        if (vm->vcpus[i])
            next = min(next, vm->vcpus[i]->timer_ns);
    return next;
}

/* What is due: messages, interval timers by processor, then the devices' timers. None of it is due again at once. */
static void fire(struct kia_vm *vm)
{
    struct soft_det *d = vm->det;
    uint64_t now = soft_det_now(vm);

    while (d->n && d->messages[d->first].when <= now) {
        struct message m = d->messages[d->first];

        d->first = (d->first + 1) & (d->size - 1);
        d->n--;
        soft_interrupt(vm, m.lid, m.dm, m.vector);
    }
    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        struct kia_vcpu *vcpu = vm->vcpus[i];

        if (vcpu && vcpu->timer_ns <= now) {
            vcpu->timer_ns = UINT64_MAX;
            atomic_fetch_or(&vcpu->v->attention, ATTN_TIMER);
        }
    }
    if (timers_next(d) <= now)
        d->timers.run(d->timers.opaque);
}

/* A sleeper wakes as in kia_vcpu_halt(). */
static bool may_run(struct kia_vcpu *vcpu)
{
    struct vcpu *v = vcpu->v;

    if (vcpu->parked)
        return false;
    if (!atomic_load(&vcpu->asleep))
        return true;
    if (atomic_load(&v->attention) & ATTN_TIMER) {
        atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_TIMER);
        itc_check(v);
    }
    if (!(atomic_load(&v->attention) & (ATTN_INIT | ATTN_PMI | ATTN_SYNC)) && !sapic_unmasked_pending(v))
        return false;
    atomic_store(&vcpu->asleep, false);
    interruption_update(v);
    return true;
}

/* The next processor after the present one that may run, itself at last; NULL: none. */
static struct kia_vcpu *pick(struct kia_vm *vm)
{
    const struct soft_det *d = vm->det;
    unsigned at = d->current ? d->current->v->index : vm->max_vcpus - 1;

    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        struct kia_vcpu *vcpu;

        at = (at + 1) % vm->max_vcpus;
        vcpu = vm->vcpus[at];
        if (vcpu && may_run(vcpu))
            return vcpu;
    }
    return NULL;
}

/* Sets the turn's end. */
static void plan(struct kia_vm *vm, struct kia_vcpu *vcpu, uint64_t count)
{
    struct soft_det *d = vm->det;
    uint64_t event = next_event(vm), end = min(d->quantum_end, count + TURN_MAX);

    if (event != UINT64_MAX)
        end = min(end, event - d->skew);
    if (vcpu->nat_due > count)
        end = min(end, vcpu->nat_due);
    if (d->trace)
        end = min(end, trace_next(d->trace));
    d->current = vcpu;
    d->end = end;
    vcpu->v->slots_left = (int64_t)(end - count);
    vcpu->v->slots_rest = 0;
}

/* A kick that the guest or firmware set off goes before one from outside. */
static bool stops(struct soft_det *d, uint64_t now)
{
    if (d->stop == UINT64_MAX ? !atomic_load(&d->stop_soon) : now < d->stop)
        return false;
    d->stop = UINT64_MAX;
    atomic_store(&d->stop_soon, false);
    return true;
}

enum kia_turn kia_vm_next(struct kia_vm *vm, struct kia_vcpu **vcpu)
{
    struct soft_det *d = vm->det;

    atomic_store_explicit(&d->thread, pthread_self(), memory_order_relaxed);
    atomic_store(&d->has_thread, true);
    for (;;) {
        uint64_t count = soft_det_count(vm), event;
        struct kia_vcpu *next = d->current;

        if (d->trace && count >= trace_next(d->trace))
            trace_record(d->trace, vm, count, soft_det_now(vm), d->current ? d->current->v->index : 0);
        if (next_event(vm) <= soft_det_now(vm))
            fire(vm);
        if (stops(d, soft_det_now(vm)))
            return KIA_TURN_STOP;
        if (!next || count >= d->quantum_end || !may_run(next)) {
            next = pick(vm);
            d->quantum_end = vm->max_vcpus > 1 ? count + QUANTUM : UINT64_MAX;
        }
        if (next) {
            plan(vm, next, count);
            *vcpu = next;
            return KIA_TURN_RUN;
        }
        event = next_event(vm);
        if (event == UINT64_MAX)
            return KIA_TURN_NEVER;
        d->skew += event - soft_det_now(vm);
    }
}

void kia_vm_set_timers(struct kia_vm *vm, const struct kia_vm_timers *timers) { vm->det->timers = *timers; }
bool kia_vm_is_deterministic(const struct kia_vm *vm) { return vm->det; }
uint64_t kia_vm_now(struct kia_vm *vm) { return soft_det_now(vm); }
uint64_t kia_vm_alarm(struct kia_vm *vm, uint64_t when) { return soft_det_alarm(vm, when); }
