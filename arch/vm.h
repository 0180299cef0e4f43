/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processors of one virtual machine share: the model's facts, the list of processors, the clock.
 *
 * Filled in by whoever creates the machine before the first vcpu runs, and constant from then on, except fields
 * marked otherwise. Any thread may read it.
 */
#ifndef ARCH_VM_H
#define ARCH_VM_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* A processor model (SDM Vol.2 11.9, PAL_VM_SUMMARY and its neighbours report these). */
struct cpu_model {
    const char *name;
    unsigned n_itr, n_dtr;  /* translation registers */
    unsigned n_pkr;         /* <= N_PKR */
    unsigned n_ibr_pairs, n_dbr_pairs; /* <= N_BR_PAIRS */
    unsigned rid_bits;      /* of region identifiers, 18-24 */
    unsigned key_bits;      /* of protection keys, >= rid_bits */
    unsigned pa_bits;       /* implemented physical address bits, without bit 63 */
    unsigned va_msb;        /* highest implemented virtual address bit, 50-60 */
    uint64_t page_sizes;    /* bit n: pages of 2^n bytes can be inserted */
    uint64_t purge_sizes;   /* bit n: 2^n bytes can be purged */
    uint64_t cpuid3, cpuid4;
    bool vti;               /* psr.vm exists */
};

struct vm {
    const struct cpu_model *model;
    struct vcpu **vcpus;
    unsigned n_vcpus;
    uint64_t itc_hz;        /* rate of AR.ITC; 1 .. 18e9 */

    /* The clock behind AR.ITC in nanoseconds, never falling. NULL: CLOCK_MONOTONIC less clock_epoch_ns. */
    uint64_t (*now_ns)(void *opaque);
    void *now_opaque;
    uint64_t clock_epoch_ns; /* CLOCK_MONOTONIC at which ITC is 0 after reset, the same for all processors */

    /* The deadline that itc_deadline_ns() gives may have changed: called on the vcpu's own thread. May be NULL. */
    void (*timer_changed)(struct vcpu *v);
};

#endif
