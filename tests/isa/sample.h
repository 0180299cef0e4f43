/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample.h - random encodings of a row, the same for the same seed. */
#ifndef TESTS_ISA_SAMPLE_H
#define TESTS_ISA_SAMPLE_H

#include "isa/table.h"

/**
 * sample_random - next number of a seeded sequence
 */
uint64_t sample_random(uint64_t *state);

/**
 * sample_encoding - an encoding of a row or alias with random operands; ignored bits are 0 and no
 *                   reserved hint is used, so that an assembler can produce it
 */
void sample_encoding(const struct isa_entry *e, uint64_t *state, uint64_t *slot, uint64_t *lslot);

/**
 * sample_unit_name - "A" ... "X"
 */
const char *sample_unit_name(unsigned unit);

#endif
