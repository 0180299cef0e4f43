/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bundle around one instruction. */
#ifndef TESTS_ENGINE_BUNDLE_H
#define TESTS_ENGINE_BUNDLE_H

#include "isa/isa.h"

/*
 * The instruction in the slot that its unit has (M 0, I and F 1, B 2, X 1) of a bundle of its own, nops in the others, a stop
 * at the end. @index: where the slot's number goes.
 */
struct bundle bundle_of(enum isa_unit unit, uint64_t slot, uint64_t lslot, uint8_t *index);

#endif
