/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/engine/harness.h"

static const struct engine_case cases[] = {
    {.code = "add r8=r9,r10", .in = "r9=5 r10=-7", .out = "r8=-2"},
};
const struct engine_table table_stack = {"stack", cases, sizeof(cases) / sizeof(*cases)};
