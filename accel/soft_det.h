/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deterministic machines (docs/deterministic.md): who runs how far, what time it is, and when something happens.
 *
 * One thread, the processors' own, calls everything here; another one only soft_det_kick() and soft_det_now().
 */
#ifndef ACCEL_SOFT_DET_H
#define ACCEL_SOFT_DET_H

#include "accel/soft.h"

struct soft_det;

/* For @vm->options. 0, or negative errno with a message. */
int soft_det_create(struct kia_vm *vm);
void soft_det_destroy(struct kia_vm *vm);

/* Slots counted so far, by all processors: exact at the instruction that runs. */
uint64_t soft_det_count(const struct kia_vm *vm);
/* vm.now_ns */
uint64_t soft_det_now(void *opaque);
/* kia_vm_alarm() */
uint64_t soft_det_alarm(struct kia_vm *vm, uint64_t when);
/* kia_vm_interrupt(): the message arrives a fixed time later. */
void soft_det_interrupt(struct kia_vm *vm, uint16_t lid, unsigned dm, uint8_t vector);
/* kia_vcpu_kick(): the thread comes out at a place that is the same in every run, if the guest or firmware asked for it. */
void soft_det_kick(struct kia_vm *vm);

/* kia_vcpu_reset() */
void soft_det_reset(struct kia_vcpu *vcpu);

/* kia_vcpu_run() begins and ends. */
void soft_det_enter(struct kia_vm *vm);
void soft_det_leave(struct kia_vm *vm);
/*
 * Between two units while some general register may have a NaT: looks whether one is left at counts that do not depend on
 * where units begin and end.
 */
void soft_det_nat(struct kia_vcpu *vcpu);

#endif
