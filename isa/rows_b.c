/* SPDX-License-Identifier: GPL-2.0-or-later */
/* B-unit instructions (SDM 3:349). */
#include "isa/table.h"

static const struct isa_row rows[] = {
    /* B1-B3: IP-relative branches */
    {.op = OP_BR_COND, .fmt = FMT_B1, .major = 4, .fixed = {{BTYPE, 0}}, .name = "br.cond",
     .args = "target25"},
    {.op = OP_BR_WEXIT, .fmt = FMT_B1, .major = 4, .fixed = {{BTYPE, 2}}, .name = "br.wexit",
     .args = "target25", .flags = ISA_SLOT2},
    {.op = OP_BR_WTOP, .fmt = FMT_B1, .major = 4, .fixed = {{BTYPE, 3}}, .name = "br.wtop",
     .args = "target25", .flags = ISA_SLOT2},
    {.op = OP_BR_CLOOP, .fmt = FMT_B2, .major = 4, .fixed = {{BTYPE, 5}, {QP, 0}}, .name = "br.cloop",
     .args = "target25", .flags = ISA_SLOT2 | ISA_NO_QP},
    {.op = OP_BR_CEXIT, .fmt = FMT_B2, .major = 4, .fixed = {{BTYPE, 6}, {QP, 0}}, .name = "br.cexit",
     .args = "target25", .flags = ISA_SLOT2 | ISA_NO_QP},
    {.op = OP_BR_CTOP, .fmt = FMT_B2, .major = 4, .fixed = {{BTYPE, 7}, {QP, 0}}, .name = "br.ctop",
     .args = "target25", .flags = ISA_SLOT2 | ISA_NO_QP},
    {.op = OP_BR_CALL, .fmt = FMT_B3, .major = 5, .name = "br.call", .args = "b1=target25"},

    /* B4, B5: indirect branches */
    {.op = OP_BR_COND_IND, .fmt = FMT_B4, .major = 0, .fixed = {{X6, 0x20}, {BTYPE, 0}},
     .name = "br.cond", .args = "b2"},
    {.op = OP_BR_IA, .fmt = FMT_B4, .major = 0, .fixed = {{X6, 0x20}, {BTYPE, 1}}, .name = "br.ia",
     .args = "b2"},
    {.op = OP_BR_RET, .fmt = FMT_B4, .major = 0, .fixed = {{X6, 0x21}, {BTYPE, 4}}, .name = "br.ret",
     .args = "b2"},
    {.op = OP_BR_CALL_IND, .fmt = FMT_B5, .major = 1, .name = "br.call", .args = "b1=b2"},

    /* B6, B7: branch predict */
    {.op = OP_BRP, .fmt = FMT_B6, .major = 7, .name = "brp", .args = "target25,tag13b", .flags = ISA_NO_QP},
    {.op = OP_BRP_IND, .fmt = FMT_B7, .major = 2, .fixed = {{X6, 0x10}}, .name = "brp",
     .args = "b2,tag13b", .flags = ISA_NO_QP},
    {.op = OP_BRP_IND, .fmt = FMT_B7, .major = 2, .fixed = {{X6, 0x11}}, .name = "brp.ret",
     .args = "b2,tag13b", .flags = ISA_NO_QP, .ret = true},

    /* B8: miscellaneous, not predicated */
    {.op = OP_COVER, .fmt = FMT_B8, .major = 0, .fixed = {{X6, 2}, {QP, 0}}, .name = "cover",
     .flags = ISA_LAST | ISA_NO_QP},
    {.op = OP_CLRRRB, .fmt = FMT_B8, .major = 0, .fixed = {{X6, 4}, {QP, 0}}, .name = "clrrrb",
     .flags = ISA_LAST | ISA_NO_QP},
    {.op = OP_CLRRRB_PR, .fmt = FMT_B8, .major = 0, .fixed = {{X6, 5}, {QP, 0}}, .name = "clrrrb.pr",
     .flags = ISA_LAST | ISA_NO_QP},
    {.op = OP_RFI, .fmt = FMT_B8, .major = 0, .fixed = {{X6, 8}, {QP, 0}}, .name = "rfi",
     .flags = ISA_LAST | ISA_PRIV | ISA_NO_QP},
    {.op = OP_BSW_0, .fmt = FMT_B8, .major = 0, .fixed = {{X6, 0xc}, {QP, 0}}, .name = "bsw.0",
     .flags = ISA_LAST | ISA_PRIV | ISA_NO_QP},
    {.op = OP_BSW_1, .fmt = FMT_B8, .major = 0, .fixed = {{X6, 0xd}, {QP, 0}}, .name = "bsw.1",
     .flags = ISA_LAST | ISA_PRIV | ISA_NO_QP},
    {.op = OP_EPC, .fmt = FMT_B8, .major = 0, .fixed = {{X6, 0x10}, {QP, 0}}, .name = "epc",
     .flags = ISA_NO_QP},
    {.op = OP_VMSW_0, .fmt = FMT_B8, .major = 0, .fixed = {{X6, 0x18}, {QP, 0}}, .name = "vmsw.0",
     .flags = ISA_PRIV | ISA_NO_QP},
    {.op = OP_VMSW_1, .fmt = FMT_B8, .major = 0, .fixed = {{X6, 0x19}, {QP, 0}}, .name = "vmsw.1",
     .flags = ISA_PRIV | ISA_NO_QP},

    /* B9: break, nop, hint */
    {.op = OP_BREAK, .fmt = FMT_B9, .major = 0, .fixed = {{X6, 0}}, .name = "break.b", .args = "imm21"},
    {.op = OP_NOP, .fmt = FMT_B9, .major = 2, .fixed = {{X6, 0}}, .name = "nop.b", .args = "imm21"},
    {.op = OP_HINT, .fmt = FMT_B9, .major = 2, .fixed = {{X6, 1}}, .name = "hint.b", .args = "imm21"},

    /* Ignored encodings: they execute as nop */
    {.op = OP_NOP, .fmt = FMT_B9, .major = 0, .fixed = {{X6, 1}}, .name = "nop.b", .args = "imm21",
     .flags = ISA_REST},
    {.op = OP_NOP, .fmt = FMT_B9, .major = 2, .name = "nop.b", .args = "imm21", .flags = ISA_REST},
    {.op = OP_NOP, .fmt = FMT_B9, .major = 3, .name = "nop.b", .args = "imm21", .flags = ISA_REST},
    {.op = OP_NOP, .fmt = FMT_B9, .major = 6, .name = "nop.b", .args = "imm21", .flags = ISA_REST},
};

/* Spellings of the encodings above that are pseudo-ops or shorter forms. */
static const struct isa_row aliases[] = {
    /* unconditional branches */
    {.op = OP_BR_COND, .fmt = FMT_B1, .major = 4, .fixed = {{BTYPE, 0}, {BWH, 0}, {QP, 0}}, .name = "br",
     .args = "target25"},
    {.op = OP_BR_COND_IND, .fmt = FMT_B4, .major = 0,
     .fixed = {{X6, 0x20}, {BTYPE, 0}, {BWH, 0}, {QP, 0}}, .name = "br", .args = "b2"},

    /* spellings only read */
    {.op = OP_NOP, .fmt = FMT_B9, .major = 2, .fixed = {{X6, 0}}, .name = "nop", .args = "imm21",
     .flags = ISA_PLAIN},
    {.op = OP_HINT, .fmt = FMT_B9, .major = 2, .fixed = {{X6, 1}}, .name = "hint", .args = "imm21",
     .flags = ISA_PLAIN},
    {.op = OP_BREAK, .fmt = FMT_B9, .major = 0, .fixed = {{X6, 0}}, .name = "break", .args = "imm21",
     .flags = ISA_PLAIN},
};

const struct isa_rows isa_rows_b = {rows, sizeof(rows) / sizeof(rows[0])};
const struct isa_rows isa_aliases_b = {aliases, sizeof(aliases) / sizeof(aliases[0])};
