/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operands: how the assembler-level values are formed of fields (SDM 3:368, table 4-74). */
#include "isa/table.h"

#define INTO(member) .dest = offsetof(struct insn, member), .dest_size = sizeof(((struct insn *)0)->member)
#define REG(nm, c, member, f) {.name = (nm), .cls = (c), INTO(member), .part = {f}}

const struct isa_operand isa_operands[] = {
    REG("r1", CLASS_GR, r1, R1),
    REG("r2", CLASS_GR, r2, R2),
    REG("r3", CLASS_GR, r3, R3),
    REG("f1", CLASS_FR, f1, F1),
    REG("f2", CLASS_FR, f2, F2),
    REG("f3", CLASS_FR, f3, F3),
    REG("f4", CLASS_FR, f4, F4),
    REG("p1", CLASS_PR, p1, P1),
    REG("p2", CLASS_PR, p2, P2),
    REG("b1", CLASS_BR, b1, B1),
    REG("b2", CLASS_BR, b2, B2),
    REG("ar3", CLASS_AR, areg, AR3),
    REG("cr3", CLASS_CR, areg, CR3),

    /* signed immediates */
    {.name = "imm8", .cls = CLASS_DEC, .sign = true, INTO(imm), .part = {S, IMM7B}},
    {.name = "imm14", .cls = CLASS_DEC, .sign = true, INTO(imm), .part = {S, IMM6D, IMM7B}},
    {.name = "imm22", .cls = CLASS_DEC, .sign = true, INTO(imm), .part = {S, IMM5C, IMM9D, IMM7B}},
    {.name = "imm9a", .cls = CLASS_DEC, .sign = true, INTO(imm), .part = {S, I, IMM7A}},
    {.name = "imm9b", .cls = CLASS_DEC, .sign = true, INTO(imm), .part = {S, I, IMM7B}},
    {.name = "imm1", .cls = CLASS_DEC, .sign = true, INTO(imm), .part = {S}},
    {.name = "upd8", .cls = CLASS_DEC, .add = 8, INTO(imm)},   /* no bits: the form implies it */
    {.name = "upd16", .cls = CLASS_DEC, .add = 16, INTO(imm)},
    {.name = "inc3", .cls = CLASS_DEC, .conv = CONV_INC3, INTO(imm), .part = {S, I2B}},

    /* counts, positions, lengths */
    {.name = "count2", .cls = CLASS_DEC, .add = 1, INTO(count), .part = {CT2D}},
    {.name = "count2p", .cls = CLASS_DEC, .conv = CONV_PMPYSHR, INTO(count), .part = {CT2D}},
    {.name = "count5", .cls = CLASS_DEC, INTO(count), .part = {COUNT5B}},
    {.name = "ccount5", .cls = CLASS_DEC, .conv = CONV_MINUS, .add = 31, INTO(count), .part = {CCOUNT5C}},
    {.name = "count6", .cls = CLASS_DEC, INTO(count), .part = {COUNT6D}},
    {.name = "pos6", .cls = CLASS_DEC, INTO(pos), .part = {POS6B}},
    {.name = "cpos6b", .cls = CLASS_DEC, .conv = CONV_MINUS, .add = 63, INTO(pos), .part = {CPOS6B}},
    {.name = "cpos6c", .cls = CLASS_DEC, .conv = CONV_MINUS, .add = 63, INTO(pos), .part = {CPOS6C}},
    {.name = "cpos6d", .cls = CLASS_DEC, .conv = CONV_MINUS, .add = 63, INTO(pos), .part = {CPOS6D}},
    {.name = "len4", .cls = CLASS_DEC, .add = 1, INTO(len), .part = {LEN4D}},
    {.name = "len6", .cls = CLASS_DEC, .add = 1, INTO(len), .part = {LEN6D}},
    {.name = "mbtype4", .cls = CLASS_MBTYPE, INTO(mbtype), .part = {MBT4C}},
    {.name = "mhtype8", .cls = CLASS_HEX, INTO(imm), .part = {MHT8C}},
    {.name = "sof", .cls = CLASS_DEC, INTO(sof), .part = {SOF}},
    {.name = "sol", .cls = CLASS_DEC, INTO(sol), .part = {SOL}},
    {.name = "sor", .cls = CLASS_DEC, .shift = 3, INTO(sor), .part = {SOR}},

    /* unsigned immediates and masks */
    {.name = "imm2", .cls = CLASS_DEC, INTO(imm), .part = {I2B}},
    {.name = "imm5", .cls = CLASS_DEC, .add = 32, INTO(imm), .part = {IMM5B}},
    {.name = "imm21", .cls = CLASS_HEX, INTO(imm), .part = {I, IMM20A}},
    {.name = "imm21d", .cls = CLASS_DEC, INTO(imm), .part = {I, IMM20A}},
    {.name = "imm24", .cls = CLASS_HEX, INTO(imm), .part = {I, I2D, IMM21A}},
    {.name = "imm62", .cls = CLASS_HEX, INTO(imm), .part = {IMM41, I, IMM20A}},
    {.name = "imm64", .cls = CLASS_HEX, INTO(imm), .part = {I, IMM41, IC, IMM5C, IMM9D, IMM7B}},
    {.name = "mask17", .cls = CLASS_HEX, .sign = true, .shift = 1, INTO(imm), .part = {S, MASK8C, MASK7A}},
    {.name = "imm44", .cls = CLASS_HEX, .sign = true, .shift = 16, INTO(imm), .part = {S, IMM27A}},
    {.name = "fclass9", .cls = CLASS_HEX, INTO(imm), .part = {FCLASS7C, FC2}},
    {.name = "amask7", .cls = CLASS_HEX, INTO(pos), .part = {AMASK7B}},
    {.name = "omask7", .cls = CLASS_HEX, INTO(len), .part = {OMASK7C}},

    /* displacements, in bundles in the encoding */
    {.name = "target25", .cls = CLASS_TARGET, .sign = true, .shift = 4, INTO(imm), .part = {S, IMM20B}},
    {.name = "target25a", .cls = CLASS_TARGET, .sign = true, .shift = 4, INTO(imm), .part = {S, IMM20A}},
    {.name = "target25c", .cls = CLASS_TARGET, .sign = true, .shift = 4, INTO(imm),
     .part = {S, IMM13C, IMM7A}},
    {.name = "target64", .cls = CLASS_TARGET, .sign = true, .shift = 4, INTO(imm),
     .part = {I, IMM39, IMM20B}},
    {.name = "tag13b", .cls = CLASS_TARGET, .sign = true, .shift = 4, INTO(tag), .part = {T2E, TIMM7A}},
    {.name = "tag13c", .cls = CLASS_TARGET, .sign = true, .shift = 4, INTO(tag), .part = {TIMM9C}},
};

const unsigned isa_operand_count = sizeof(isa_operands) / sizeof(isa_operands[0]);
