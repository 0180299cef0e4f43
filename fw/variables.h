/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI variable store and its three services. Callers hold the firmware's lock. */
#ifndef KIA_FW_VARIABLES_H
#define KIA_FW_VARIABLES_H

#include <stdint.h>

struct fw_variables;
struct kia_vcpu;

/* A store with the global variables that name the console. NULL: no memory. */
struct fw_variables *fw_variables_create(void);
void fw_variables_destroy(struct fw_variables *store);

/*
 * GetVariable(name, guid, attributes, size, data), GetNextVariableName(size, name, guid), SetVariable(name,
 * guid, attributes, size, data): EFI 1.10, 6.2. @args: the arguments. Return: an EFI status or EFI_RETRY.
 */
uint64_t fw_get_variable(struct fw_variables *store, struct kia_vcpu *vcpu, const uint64_t *args);
uint64_t fw_get_next_variable_name(struct fw_variables *store, struct kia_vcpu *vcpu, const uint64_t *args);
uint64_t fw_set_variable(struct fw_variables *store, struct kia_vcpu *vcpu, const uint64_t *args);

#endif
