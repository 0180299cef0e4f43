/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interruptions (SDM Vol.2 chapter 5), the local SAPIC, the interval timer. Vcpu's own thread unless said. */
#ifndef ARCH_INTERRUPTION_H
#define ARCH_INTERRUPTION_H

#include "arch/vcpu.h"

/**
 * interruption_deliver - take the interruption in v->fault at v->ip, v->ri
 * For faults ip/ri name the instruction; for traps the next one, and v->trap_ip/trap_ri the one that trapped.
 * Sets the control registers, psr, bank, v->ip (the vector), v->ri = 0.
 */
void interruption_deliver(struct vcpu *v);

/* What trap_after_insn() is told about the instruction that completed. */
enum {
    TRAP_TAKEN = 1 << 0, /* it was a taken branch */
    TRAP_RFI = 1 << 1,   /* it was rfi: raises none of them, leaves the one-shot bits it loaded */
    TRAP_FP = 1 << 2,    /* an FP trap is due; v->fault.isr holds its code */
};

/**
 * trap_after_insn - traps of an instruction that completed in careful mode, by priority (SDM Vol.2 Table 8-3)
 * @psr: psr before the instruction: psr.lp, tb, ss and the cpl that count
 * @flags: TRAP_*
 * v->trap_ip, v->trap_ri name the instruction; v->ip, v->ri the next one. psr.id, da, dd, ed, ia end here.
 * Return: true if a trap was delivered.
 */
bool trap_after_insn(struct vcpu *v, uint64_t psr, unsigned flags);

/* The SDM's name of an interruption, for logs. */
const char *fault_name(enum fault fault);

/*
 * Looks at ATTN_IRQ, ATTN_TIMER, ATTN_VIRT: delivers an external interrupt if one is unmasked and psr.i = 1, or else a virtual
 * one. True if it did.
 */
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

/* Pends @vector at the local SAPIC; as sapic_post() but on the vcpu's own thread. */
void sapic_pend(struct vcpu *v, unsigned vector);
/* CR.IVR: the highest unmasked pending vector goes in service; 15 if there is none. */
unsigned sapic_acknowledge(struct vcpu *v);
/* The vector that it would give; nothing changes. */
unsigned sapic_peek(struct vcpu *v);
/* CR.EOI: the highest vector in service is done with. */
void sapic_end(struct vcpu *v);

/*
 * Interval timer. ITM pends the vector of ITV once when AR.ITC reaches it. An ITM written up to a minute
 * of ITC in the past fires at once, so that a deadline missed by a slow host is late and not lost; one
 * further back waits for the wrap.
 */
/* AR.ITC; every read gives more than the one before. */
uint64_t itc_read(struct vcpu *v);
void itc_write(struct vcpu *v, uint64_t value);
void itm_write(struct vcpu *v, uint64_t value);
/* AR.RUC */
uint64_t ruc_read(struct vcpu *v);
void ruc_write(struct vcpu *v, uint64_t value);
/* @value: fields as CR.ITV keeps them. */
void itv_write(struct vcpu *v, uint64_t value);
/* Host nanoseconds (CLOCK_MONOTONIC) when ITM will be reached, UINT64_MAX if never or the timer is masked. */
uint64_t itc_deadline_ns(struct vcpu *v);
/* ITM was possibly reached: pends ITV's vector if so. */
void itc_check(struct vcpu *v);

#endif
