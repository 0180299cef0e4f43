/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves of the register windows that the register stack engine needs. Vcpu's own thread. */
#ifndef ARCH_GR_H
#define ARCH_GR_H

#include "arch/vcpu.h"

/* NaT bit of a slot of v->stack. */
bool gr_stack_nat(const struct vcpu *v, const uint64_t *slot);
void gr_set_stack_nat(struct vcpu *v, const uint64_t *slot, bool nat);

/*
 * While sor > 0 the rotating registers live in v->rot by virtual number; their home is the frame, by physical number
 * ((k + rrb.gr) mod sor). These copy one way or the other, by v->cfm. sor = 0: nothing.
 */
void gr_rot_to_home(struct vcpu *v);
void gr_home_to_rot(struct vcpu *v);

/* rrb.fr and rrb.pr go from those of @old_cfm to those of @new_cfm: renames f32-f127 and p16-p63. Does not write v->cfm. */
void fr_pr_rename(struct vcpu *v, uint64_t old_cfm, uint64_t new_cfm);

#endif
