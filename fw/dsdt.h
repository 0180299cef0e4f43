/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's devices as AML. */
#ifndef KIA_FW_DSDT_H
#define KIA_FW_DSDT_H

#include "fw/aml.h"

#include <stdbool.h>

/* The DSDT's definition block for a board of @n_vcpus processors (ids from 0 up). */
void dsdt_put(struct aml *aml, unsigned n_vcpus, bool has_uart0, unsigned n_uarts);

#endif
