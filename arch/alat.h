/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The advanced load address table (arch/alat.c). Vcpu's own thread. */
#ifndef ARCH_ALAT_H
#define ARCH_ALAT_H

#include "arch/vcpu.h"

/*
 * Drops every entry: invala, and whoever moves registers in stack[], rot_gr[] or rot_fr[] other than by one step of rotation.
 */
void alat_invalidate_all(struct vcpu *v);
/* Drops the entry of @reg: r0-r127, or f0-f127 | ALAT_FR. */
void alat_drop(struct vcpu *v, unsigned reg);
/* Records an advanced load into @reg (| ALAT_FR); @form: enum isa_fsize, 0 for a general register. */
void alat_record(struct vcpu *v, unsigned reg, uint64_t gva, unsigned size, unsigned form);

#define ALAT_FORM_PAIR 0x80u /* in @form: ldfp, two data of this form */

#endif
