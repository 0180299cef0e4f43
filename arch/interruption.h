/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interruptions (SDM Vol.2 chapter 5), the local SAPIC and the interval timer. Vcpu's own thread unless said. */
#ifndef ARCH_INTERRUPTION_H
#define ARCH_INTERRUPTION_H

#include "arch/vcpu.h"

/**
 * interruption_deliver - take the interruption in v->fault at v->ip, v->ri
 * For faults ip/ri name the instruction; for traps the next one, with v->trap_ip/trap_ri naming the one that trapped.
 * Sets the control registers, psr, bank, v->ip (the vector), v->ri = 0.
 */
void interruption_deliver(struct vcpu *v);

/* Looks at ATTN_IRQ, ATTN_TIMER: if an unmasked external interrupt is deliverable (psr.i = 1) delivers it. True if it did. */
bool interruption_external(struct vcpu *v);
/* After psr.i, tpr, eoi, irr changed: sets or clears ATTN_IRQ in v->attention. */
void interruption_update(struct vcpu *v);
/* An unmasked external interrupt is pending, whatever psr.i is (PAL_HALT_LIGHT). Folds in posted ones. */
bool sapic_unmasked_pending(struct vcpu *v);
/* Posts vector @vector (0 ExtINT, 2 NMI, 16-255; others dropped). Any thread. The caller kicks the vcpu. */
void sapic_post(struct vcpu *v, unsigned vector);

/* psr := @psr with all that follows: bank, key, tags, attention. ri is taken out. */
void psr_write(struct vcpu *v, uint64_t psr);

uint64_t cr_read(struct vcpu *v, unsigned cr);              /* with side effects of IVR; no checks */
void cr_write(struct vcpu *v, unsigned cr, uint64_t value); /* no checks */
uint64_t ar_read(struct vcpu *v, unsigned ar);
void ar_write(struct vcpu *v, unsigned ar, uint64_t value);

/* Interval timer. */
uint64_t itc_read(struct vcpu *v);
/* Host nanoseconds (CLOCK_MONOTONIC) when ITM will be reached, UINT64_MAX if never or the timer is masked. */
uint64_t itc_deadline_ns(struct vcpu *v);
/* ITM was possibly reached: pends ITV's vector if so. */
void itc_check(struct vcpu *v);

#endif
