/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 16550A serial port on MMIO. */
#ifndef KIA_UART16550_H
#define KIA_UART16550_H

#include <stdint.h>

struct kia_chr;
struct kia_platform;

/* @gpa: of its 8 byte-wide registers. @chr: back end, outlives the device; NULL is a port with nothing at the
 * other end. */
int kia_uart_attach(struct kia_platform *platform, uint64_t gpa, unsigned gsi, struct kia_chr *chr);

#endif
