/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a debugger asks of one processor: memory without side effects, the register stack as the backing store would
 * show it, watchpoints. docs/debugging.md has the reasons.
 *
 * Nothing here raises a fault, inserts a translation or changes a register unless its name says so. The vcpu does not run;
 * the caller holds its TLB (tlb_guest_enter()).
 */
#ifndef ARCH_DEBUG_H
#define ARCH_DEBUG_H

#include "arch/vcpu.h"

enum { DEBUG_MAX_WATCHES = 32 };

/* Data references that stop the processor: vm.watches, constant while a vcpu runs. */
struct watch_list {
    unsigned n;
    struct {
        uint64_t first, last; /* virtual addresses, or physical ones of references that are not translated */
        unsigned access;      /* REF_R, REF_W or both */
    } at[DEBUG_MAX_WATCHES];
};

/* v->watches is set (NULL: none) and the soft TLB's tags are made to fit. */
void debug_set_watches(struct vcpu *v, const struct watch_list *watches);
/* True, with v->fault as FAULT_WATCHPOINT, if a reference is watched. Call only while v->watches is set. */
bool debug_watched(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags);

/**
 * debug_translate - the physical address that the processor would use for @gva now
 * As psr.dt says, else as psr.it says. TRs, TCs and the VHPT are looked at; privilege, rights and dirty bits are not.
 * Return: false where there is no translation, or the address is not implemented.
 */
bool debug_translate(struct vcpu *v, uint64_t gva, uint64_t *gpa);

/* Address behind the last register of the current frame: AR.BSP + sof registers. */
uint64_t debug_frame_end(const struct vcpu *v);
/*
 * The word of the backing store at @addr (a multiple of 8), in register order, if the register stack has it and memory
 * does not yet: dirty registers, those of the frame by physical number, and NaT collections among them.
 * Return: false if memory has it. The second one writes registers and NaTs.
 */
bool debug_stack_read(struct vcpu *v, uint64_t addr, uint64_t *value);
bool debug_stack_write(struct vcpu *v, uint64_t addr, uint64_t value);
/* NaT of the register whose place is @addr, which the register stack has. */
void debug_set_stack_nat(struct vcpu *v, uint64_t addr, bool nat);
/*
 * What AR.RNAT would hold after all was stored: NaT bits by {8:3} of a register's address. Bits beyond the end's show the
 * frame's registers below the last collection, as gdb looks for all of a frame here.
 */
uint64_t debug_frame_nats(struct vcpu *v);
void debug_set_frame_nats(struct vcpu *v, uint64_t nats);

/* Nothing is dirty, and the frame is @cfm (well formed) with r32's place at @bsp; its registers are 0. AR.RNAT stays. */
void debug_new_frame(struct vcpu *v, uint64_t bsp, uint64_t cfm);

#endif
