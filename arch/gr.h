/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves of the register windows that the register stack engine needs. Vcpu's own thread. */
#ifndef ARCH_GR_H
#define ARCH_GR_H

#include "arch/vcpu.h"

/* NaT bit of a slot of v->stack. */
bool gr_stack_nat(const struct vcpu *v, const uint64_t *slot);
void gr_set_stack_nat(struct vcpu *v, const uint64_t *slot, bool nat);

/* Bit maps of NaTs and pages. */
static inline void bit_put(uint64_t *map, size_t i, bool value)
{
    uint64_t bit = UINT64_C(1) << (i % 64);

    map[i / 64] = value ? map[i / 64] | bit : map[i / 64] & ~bit;
}

static inline bool bit_get(const uint64_t *map, size_t i) { return map[i / 64] >> (i % 64) & 1; }

/*
 * While sor > 0 the rotating registers live in v->rot by virtual number; their home is the frame, by physical number
 * ((k + rrb.gr) mod sor). Until the first rotation v->rot is the frame. gr_rot_to_home() copies them home if they are
 * away; gr_home_to_rot() makes v->rot fit v->frame and v->cfm, all being home. sor = 0: nothing.
 */
static inline bool gr_rot_is_home(const struct vcpu *v) { return v->rot == v->frame; }
void gr_rot_to_home(struct vcpu *v);
/* The same where only the first @n of the frame are wanted afterwards. */
void gr_rot_to_home_below(struct vcpu *v, unsigned n);
/* From home to the top of v->rot_gr, as the first rotation does. sor > 0. */
void gr_leave_home(struct vcpu *v);
void gr_home_to_rot(struct vcpu *v);

/* rrb.fr and rrb.pr go from those of @old_cfm to those of @new_cfm: renames f32-f127 and p16-p63. Does not write v->cfm. */
void fr_pr_rename(struct vcpu *v, uint64_t old_cfm, uint64_t new_cfm);

#endif
