/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that bring one row of the encoding table into one of four situations. */
#ifndef TESTS_ENGINE_ROWS_H
#define TESTS_ENGINE_ROWS_H

#include "isa/table.h"
#include "tests/engine/stream.h"

/* What can become of an instruction; a NaT among its operands beside that. */
enum want { SUCCEEDS, IS_OFF, HAS_NAT, FAULTS, WANTS };

/* Ways to make an instruction fault: which of them leads to a fault depends on the row. */
enum way {
    WAY_NONE,
    WAY_WILD,         /* all fields and values random */
    WAY_TARGET,       /* r0 as a target, or a target twice */
    WAY_DISABLED_FP,
    WAY_CPL,          /* 3 */
    WAY_VALUES,       /* wild values */
    WAY_NATS,         /* all operands */
    WAY_MISALIGNED,
    WAY_UNMAPPED,
    WAY_TRAPS,        /* floating-point exceptions enabled */
    WAY_SLOT,         /* not in slot 2 */
    WAY_IC,           /* psr.ic the other way */
    WAY_FRAME,        /* a frame without stacked registers */
    WAY_RSE,          /* what flushrs and loadrs cannot do */
    WAYS,
};

/* All rows that decode. */
unsigned row_count(void);
const struct isa_entry *row_entry(unsigned row);
unsigned row_number(const struct isa_row *row);
const char *row_name(unsigned row);

/* A program whose bundles 0, 2 and 4 have the row, so wanted; others in between. @way: for FAULTS. */
void make_program(struct start *s, unsigned row, enum want want, enum way way);

/* Why the row can never be so; NULL: it can. */
const char *row_cannot(unsigned row, enum want want);

#endif
