/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile=FILE: where the guest's time goes, sampled. */
#ifndef ACCEL_SOFT_PROFILE_H
#define ACCEL_SOFT_PROFILE_H

#include <stdint.h>

struct kia_vm;
struct kia_vcpu;
struct soft_profile;
struct soft_samples;

/*
 * Opens the file and starts the thread that asks every vcpu each millisecond where it is: vm->profile. 0, or negative errno
 * with a message. Before the first vcpu.
 */
int soft_profile_start(struct kia_vm *vm);
/* The thread ends; no vcpu is asked any more. vm->profile may be NULL, as for soft_profile_write(). */
void soft_profile_stop(struct kia_vm *vm);
/* Writes the file and forgets vm->profile and the vcpus' samples. */
void soft_profile_write(struct kia_vm *vm);

/* This vcpu was asked (ATTN_PROFILE): counts what it ran, v->profile_ip. Its own thread. */
void soft_profile_sample(struct kia_vcpu *vcpu);
/* It was outside of guest code: whatever it was asked meanwhile is firmware's; from now on it is where v->ip says. Its own thread. */
void soft_profile_outside(struct kia_vcpu *vcpu);

#endif
