/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes ACPI machine language (ACPI 2.0, chapter 17) into a growing buffer.
 * Packages open and close like brackets; running out of memory sticks in the buffer and is seen at the end.
 */
#ifndef KIA_FW_AML_H
#define KIA_FW_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aml {
    uint8_t *data;
    size_t size, room;
    size_t open[8]; /* where the open packages' contents start */
    unsigned depth;
    bool failed;
};

void aml_free(struct aml *aml);
void aml_byte(struct aml *aml, uint8_t value);
void aml_bytes(struct aml *aml, const void *data, size_t len);
/* "\\_SB_", "PCI0": up to one leading backslash and one segment of at most 4 characters, padded with '_'. */
void aml_name_string(struct aml *aml, const char *name);
/* The shortest integer constant. */
void aml_integer(struct aml *aml, uint64_t value);
void aml_string(struct aml *aml, const char *text);
/* EISAID("PNP0A03") */
void aml_eisaid(struct aml *aml, const char *id);

void aml_open_scope(struct aml *aml, const char *name);
void aml_open_device(struct aml *aml, const char *name);
void aml_open_processor(struct aml *aml, const char *name, uint8_t id);
/* @flags: argument count {2:0} */
void aml_open_method(struct aml *aml, const char *name, uint8_t flags);
void aml_open_package(struct aml *aml, uint8_t elements);
/* Name(name, what follows) */
void aml_name(struct aml *aml, const char *name);
void aml_name_integer(struct aml *aml, const char *name, uint64_t value);
void aml_close(struct aml *aml);

/* ResourceTemplate() { ... }: a buffer that ends with an end tag. */
void aml_open_resources(struct aml *aml);
void aml_close_resources(struct aml *aml);
enum aml_space { AML_MEMORY = 0, AML_IO = 1, AML_BUS = 2 };
/* @type_flags: of the resource type. Addresses are those of the bus; no translation; producer, fixed at both
 * ends. */
void aml_word_space(struct aml *aml, enum aml_space space, uint8_t type_flags, uint16_t first, uint16_t last);
void aml_qword_space(struct aml *aml, enum aml_space space, bool consumer, uint8_t type_flags, uint64_t first,
                     uint64_t last);
/* @flags: 0 consumer, 1 edge, 2 active low, 3 shared */
void aml_interrupt(struct aml *aml, uint8_t flags, uint32_t gsi);

#endif
