/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor interrupt block: stores of processors that become interrupts of processors. */
#ifndef KIA_PIB_H
#define KIA_PIB_H

#include <stdint.h>

struct kia_platform;

/* @gpa: of its 2 MiB; the same as the platform's pib_gpa. */
int kia_pib_attach(struct kia_platform *platform, uint64_t gpa);

#endif
