/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processors of a machine that has more of them than the host share its places (docs/places.md). */
#include <errno.h>
#include <sched.h>

#include "accel/soft.h"
#include "arch/tlb.h"
#include "vmm/log.h"

enum {
    CALLED_OUT = ATTN_KICK | ATTN_INIT | ATTN_PMI,
    URGENT = ATTN_IRQ | ATTN_TIMER,
    USER = 3,             /* the privilege level of programs */
    VCPUS_PER_PLACE = 8,  /* with more of them waiting for locks all at once places go round too slowly */
    NEW_WAIT_NS = 10000,  /* a longer time without a pause ends a wait */
    SPIN_NS = 30000,      /* so long a wait may be for one that runs; then the host's processor is given away */
    NAP_NS = 50000,
    NAPS_BEFORE_SOON = 2, /* so many naps before a seat that has waited in vain hands its place to one like it, */
    NAPS_BEFORE_EASE = 8, /* and before a seat hands its place to one at ease */
};

static void on_ask(void *owner)
{
    struct vcpu *v = ((struct kia_vcpu *)owner)->v;

    atomic_store(&v->place_wanted, true);
    atomic_fetch_or(&v->attention, ATTN_PLACE);
}

int soft_places_create(struct kia_vm *vm)
{
    unsigned n = vm->options.places;
    cpu_set_t set;

    if (n == SOFT_PLACES_AUTO) {
        n = sched_getaffinity(0, sizeof(set), &set) ? 0 : (unsigned)CPU_COUNT(&set);
        if (vm->max_vcpus > n * VCPUS_PER_PLACE)
            n = 0;
    }
    if (!n || n >= vm->max_vcpus)
        return 0;
    if (vm->max_vcpus > n * VCPUS_PER_PLACE) /* it would stand still */
        return kia_err(-EINVAL, "-accel: places=%u is too few for %u processors, at most %d a place; with 0 all may run at once", n,
                       vm->max_vcpus, VCPUS_PER_PLACE);
    vm->places = places_create(n, &(struct places_hooks){ soft_now_ns, on_ask, soft_places_busy, vm });
    if (!vm->places)
        return kia_err(-ENOMEM, "cannot create the machine");
    vm->vm.pause = soft_places_pause;
    return 0;
}

void soft_places_attend(struct kia_vcpu *vcpu, uint32_t bits)
{
    if (bits & CALLED_OUT)
        places_call_out(vcpu->vm->places, &vcpu->seat);
    else if (bits & URGENT)
        places_urge(vcpu->vm->places, &vcpu->seat);
}

/* Who sets attention bits looks at the seat after that; here it is the other way round, so that one of the two sees the other. */
static void wait_for_place(struct kia_vcpu *vcpu)
{
    soft_places_attend(vcpu, atomic_load(&vcpu->v->attention));
    places_wait(&vcpu->seat);
    vcpu->placed_ns = soft_now_ns();
    vcpu->wait_ns = vcpu->yielded_ns = 0;
}

void soft_places_enter(struct kia_vcpu *vcpu)
{
    vcpu->gives_way = false;
    places_enter(vcpu->vm->places, &vcpu->seat);
}

void soft_places_leave(struct kia_vcpu *vcpu) { places_leave(vcpu->vm->places, &vcpu->seat); }

void soft_places_look(struct kia_vcpu *vcpu)
{
    struct vcpu *v = vcpu->v;
    bool waits = vcpu->gives_way, user = vcpu_cpl(v) == USER;

    atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_PLACE);
    vcpu->gives_way = false;
    if (!waits && !user)
        return; /* op_rfi() sets the bit again */
    atomic_store(&v->place_wanted, false);
    if (!places_offer(vcpu->vm->places, &vcpu->seat,
                      !waits ? PLACES_AT_EASE : user ? PLACES_WAITING : PLACES_BUSY_WAITING))
        return;
    code_quiesce(vcpu->vm->code, v->index, true);
    tlb_guest_leave(v);
    wait_for_place(vcpu);
    tlb_guest_enter(v);
}

static bool gives_way(const struct kia_vcpu *vcpu)
{
    switch (places_wanted(vcpu->vm->places, &vcpu->seat)) {
    case PLACES_WANTED_SOON:
        return !vcpu->in_vain || vcpu->naps >= NAPS_BEFORE_SOON;
    case PLACES_WANTED:
        return vcpu->naps >= NAPS_BEFORE_EASE;
    default:
        return false;
    }
}

void soft_places_pause(void *opaque, struct vcpu *v)
{
    struct kia_vcpu *vcpu = v->engine;
    uint64_t now = soft_now_ns();

    if (now - vcpu->yielded_ns > NEW_WAIT_NS) {
        vcpu->wait_ns = now;
        vcpu->naps = 0;
        vcpu->in_vain = now - vcpu->placed_ns < NEW_WAIT_NS;
    }
    vcpu->yielded_ns = now;
    if (now - vcpu->wait_ns < SPIN_NS)
        return;
    if (gives_way(vcpu)) {
        vcpu->gives_way = true;
        atomic_fetch_or(&v->attention, ATTN_PLACE);
        return;
    }
    tlb_guest_leave(v);
    if (places_wanted(vcpu->vm->places, &vcpu->seat) == PLACES_NOT_WANTED) {
        v->vm->yield(opaque, v);
    } else {
        soft_nap(vcpu, NAP_NS);
        vcpu->naps++;
        vcpu->yielded_ns = soft_now_ns();
    }
    tlb_guest_enter(v);
}
