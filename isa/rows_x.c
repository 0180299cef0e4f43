/* SPDX-License-Identifier: GPL-2.0-or-later */
/* X-unit instructions, two slots long (SDM 3:366). */
#include "isa/table.h"

static const struct isa_row rows[] = {
    /* X1, X5: break, nop, hint */
    {.op = OP_BREAK, .fmt = FMT_X1, .major = 0, .fixed = {{X3, 0}, {X6, 0}}, .name = "break.x",
     .args = "imm62"},
    {.op = OP_NOP, .fmt = FMT_X5, .major = 0, .fixed = {{X3, 0}, {X6, 1}, {Y, 0}}, .name = "nop.x",
     .args = "imm62"},
    {.op = OP_HINT, .fmt = FMT_X5, .major = 0, .fixed = {{X3, 0}, {X6, 1}, {Y, 1}}, .name = "hint.x",
     .args = "imm62"},

    /* X2-X4: move long, long branches */
    {.op = OP_MOVL, .fmt = FMT_X2, .major = 6, .fixed = {{VC, 0}}, .name = "movl", .args = "r1=imm64"},
    {.op = OP_BRL_COND, .fmt = FMT_X3, .major = 0xc, .fixed = {{BTYPE, 0}}, .name = "brl.cond",
     .args = "target64", .feature = FEAT_LB},
    {.op = OP_BRL_CALL, .fmt = FMT_X4, .major = 0xd, .name = "brl.call", .args = "b1=target64",
     .feature = FEAT_LB},
};

/* Spellings of the encodings above that are pseudo-ops or shorter forms. */
static const struct isa_row aliases[] = {
    /* unconditional branches */
    {.op = OP_BRL_COND, .fmt = FMT_X3, .major = 0xc, .fixed = {{BTYPE, 0}, {BWH, 0}, {QP, 0}},
     .name = "brl", .args = "target64"},
};

const struct isa_rows isa_rows_x = {rows, sizeof(rows) / sizeof(rows[0])};
const struct isa_rows isa_aliases_x = {aliases, sizeof(aliases) / sizeof(aliases[0])};
