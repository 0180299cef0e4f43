/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI fixed hardware in I/O ports: PM1 events and control, PM timer, reset register. */
#ifndef KIA_ACPI_PM_H
#define KIA_ACPI_PM_H

#include <stdint.h>

struct kia_acpi_pm;
struct kia_platform;

enum {
    KIA_ACPI_PM_PORTS = 16,
    KIA_ACPI_PM_RESET_VALUE = 1,
};

/*
 * Takes 16 ports from @port on: 0 PM1 status, 2 PM1 enable, 4 PM1 control (16 bits each), 8 PM timer (32
 * bits), 12 reset (8 bits).
 * @gsi: the SCI. @pm may be NULL.
 */
int kia_acpi_pm_attach(struct kia_platform *platform, uint16_t port, unsigned gsi, struct kia_acpi_pm **pm);
/* Presses the power button; an operating system that enabled it shuts down. Any thread. */
void kia_acpi_pm_power_button(struct kia_acpi_pm *pm);

#endif
