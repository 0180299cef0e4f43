/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O SAPIC: redirection table from GSI lines to processor interrupts. Any thread. */
#ifndef KIA_IOSAPIC_H
#define KIA_IOSAPIC_H

#include <stdbool.h>
#include <stdint.h>

struct kia_iosapic;
struct kia_platform;

int kia_iosapic_attach(struct kia_platform *platform, uint64_t gpa, unsigned gsi_base, unsigned pins);
/* Called by the platform when a line changes; a GSI outside its pins is ignored. */
void kia_iosapic_set_line(struct kia_iosapic *iosapic, unsigned gsi, bool asserted);

#endif
