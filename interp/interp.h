/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter: runs a unit's internal ops on any host.
 *
 * Owns the meaning of each op in C. May include lower/, arch/, mem/. Vcpu's own thread.
 */
#ifndef INTERP_INTERP_H
#define INTERP_INTERP_H

#include "lower/ir.h"

enum unit_end {
    UNIT_EXIT,  /* v->ip, v->ri: where to go on */
    UNIT_FAULT, /* v->fault is to be delivered at v->ip, v->ri */
    UNIT_TRAP,  /* v->fault is a trap of the instruction at v->trap_ip, v->trap_ri; v->ip, v->ri name the next one */
    UNIT_GATE,  /* *gate; v->ip, v->ri name what follows the gate */
};

/* What the caller learns beside the state. */
struct unit_result {
    unsigned gate;
    bool taken;        /* the last instruction was a taken branch */
    bool idle;         /* nothing was executed: only compiled code that was asked to leave at its first op */
    bool moved;        /* compiled code left its last unit long ago: last_pos means nothing, CR.IIPA is right */
    bool was_rfi;      /* it was rfi: neither traps nor one-shot bits are looked at */
    uint8_t leave;     /* compiled code: why it was left, for statistics */
    uint16_t left_op;  /* enum isa_op, where it was a call of C that left */
    uint16_t slots;    /* slots passed (lower/ir.h); compiled code counts by itself */
    uint16_t last_pos; /* pos of the last instruction that was executed or faulted */
};

/**
 * interp_unit - run one unit from its first op
 * @v:  its ip is the unit's first bundle
 * @r:  filled in
 * Source: lower/ir.h for each op.
 */
enum unit_end interp_unit(struct vcpu *v, const struct ir_unit *u, struct unit_result *r);

#endif
