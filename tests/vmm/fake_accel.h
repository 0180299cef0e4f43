/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An accelerator without a processor: registers are an array, running is a function of the test. */
#ifndef TESTS_VMM_FAKE_ACCEL_H
#define TESTS_VMM_FAKE_ACCEL_H

#include "accel/accel.h"

struct fake_irq {
    uint16_t lid;
    unsigned dm;
    uint8_t vector;
};

/* What kia_vcpu_run() does; NULL: it sleeps until it is kicked. */
extern enum kia_exit (*fake_run)(struct kia_vcpu *vcpu, struct kia_run *run);

/* Interrupts that kia_vm_interrupt() was given, oldest first; false when there are no more. */
bool fake_take_irq(struct fake_irq *irq);
/* Sleeps until kia_vcpu_kick(), as a processor does that has nothing to do. */
void fake_sleep(struct kia_vcpu *vcpu);
/* The memory of the vcpu's machine. */
struct kia_mem *fake_mem(struct kia_vcpu *vcpu);
/* What a debugger asked for last. */
struct fake_debug {
    uint64_t breakpoint; /* 0: none */
    uint64_t watch_gva, watch_len; /* len 0: none */
    unsigned watch_access, cleared;
};
struct fake_debug fake_debug(void);
/* How many VMs were made so far. */
unsigned fake_vms_created(void);

#endif
