/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table.h - the encoding tables' own shapes: fields, formats, rows, operands. Only isa/ and its
 * tests include it; everybody else reads struct insn.
 */
#ifndef ISA_TABLE_H
#define ISA_TABLE_H

#include "isa/isa.h"

/*
 * Field names of the SDM's format figures (3:297 on). Bits 64 and up are those of the L slot: 64 + n
 * is its bit n. The major opcode, bits {40:37}, is not a field: a row states it as .major.
 */
enum isa_field {
    FIELD_END,
    QP,
    /* registers */
    R1, R2, R3, F1, F2, F3, F4, P1, P2, B1, B2, AR3, CR3,
    /* completers that are operands of the semantics, or hints */
    SF, P, D, IH,
    HINT, STHINT, LFHINT, /* the SDM's hint: of loads and semaphores, of stores, of lfetch */
    BWH, MWH, WH, INDWH,  /* the SDM's wh: of branches, of mov to br, of brp to a target, of brp to b2 */
    WHC, /* the low bit of br.call's 3-bit wh: 1 in all defined hints */
    /* opcode extensions */
    X, X2, X2A, X2B, X2C, X3, X4, X6, VE, VC, ZA, ZB, TA, TB, RA, RB, C, M, Q, Y, BTYPE,
    /* immediates */
    S, I, IC, I2B, I2D, IMM5B, IMM5C, IMM6D, IMM7A, IMM7B, IMM9D, IMM13C, IMM20A, IMM20B, IMM21A, IMM27A,
    IMM39, IMM41, MASK7A, MASK8C, TIMM7A, TIMM9C, T2E,
    CT2D, COUNT5B, CCOUNT5C, COUNT6D, LEN4D, LEN6D, POS6B, CPOS6B, CPOS6C, CPOS6D,
    MBT4C, MHT8C, FC2, FCLASS7C, AMASK7B, OMASK7C, SOF, SOL, SOR,
    FIELD_COUNT
};

struct isa_bits {
    uint8_t field; /* enum isa_field; FIELD_END ends a format */
    uint8_t hi, lo;
};

#define ISA_FORMAT_FIELDS 13

/* Formats, named as in the SDM; I30 is tf's. */
enum isa_fmt {
    FMT_A1, FMT_A2, FMT_A3, FMT_A4, FMT_A5, FMT_A6, FMT_A7, FMT_A8, FMT_A9, FMT_A10,
    FMT_I1, FMT_I2, FMT_I3, FMT_I4, FMT_I5, FMT_I6, FMT_I7, FMT_I8, FMT_I9, FMT_I10, FMT_I11,
    FMT_I12, FMT_I13, FMT_I14, FMT_I15, FMT_I16, FMT_I17, FMT_I18, FMT_I19, FMT_I20, FMT_I21,
    FMT_I22, FMT_I23, FMT_I24, FMT_I25, FMT_I26, FMT_I27, FMT_I28, FMT_I29, FMT_I30,
    FMT_M1, FMT_M2, FMT_M3, FMT_M4, FMT_M5, FMT_M6, FMT_M7, FMT_M8, FMT_M9, FMT_M10, FMT_M11,
    FMT_M12, FMT_M13, FMT_M14, FMT_M15, FMT_M16, FMT_M17, FMT_M18, FMT_M19, FMT_M20, FMT_M21,
    FMT_M22, FMT_M23, FMT_M24, FMT_M25, FMT_M26, FMT_M27, FMT_M28, FMT_M29, FMT_M30, FMT_M31,
    FMT_M32, FMT_M33, FMT_M34, FMT_M35, FMT_M36, FMT_M37, FMT_M38, FMT_M39, FMT_M40, FMT_M41,
    FMT_M42, FMT_M43, FMT_M44, FMT_M45, FMT_M46, FMT_M47, FMT_M48,
    FMT_F1, FMT_F2, FMT_F3, FMT_F4, FMT_F5, FMT_F6, FMT_F7, FMT_F8, FMT_F9, FMT_F10, FMT_F11,
    FMT_F12, FMT_F13, FMT_F14, FMT_F15, FMT_F16,
    FMT_B1, FMT_B2, FMT_B3, FMT_B4, FMT_B5, FMT_B6, FMT_B7, FMT_B8, FMT_B9,
    FMT_X1, FMT_X2, FMT_X3, FMT_X4, FMT_X5,
    FMT_COUNT
};

extern const struct isa_bits isa_formats[FMT_COUNT][ISA_FORMAT_FIELDS];

/* A field that must hold a value for the row to be selected. */
struct isa_fixed {
    uint8_t field;
    uint8_t value;
};

#define ISA_ROW_FIXED 10

/* The attributes of a row, in the order and with the types that struct insn has them. */
struct isa_row {
    uint16_t op;
    uint8_t fmt;
    uint8_t major;
    struct isa_fixed fixed[ISA_ROW_FIXED]; /* ends at the first FIELD_END */
    uint8_t same[2];       /* aliases: two fields that must be equal */
    uint8_t complement[2]; /* aliases: two fields of which one is the other's ones' complement */
    const char *name; /* mnemonic without the completers that are fields of the format */
    const char *args; /* operands in assembler order: names of isa_operands[] and punctuation */
    uint8_t size, rel, ctype, ldtype, upd, sem, fsize, pc, sat, half, access, feature, flags;
    bool raz, trunc, fault, excl, spill, clr, ret;
};

struct isa_rows {
    const struct isa_row *row;
    unsigned count;
};

extern const struct isa_rows isa_rows_a, isa_rows_i, isa_rows_m, isa_rows_f, isa_rows_b, isa_rows_x;

/* Other spellings that objdump prefers or as accepts; .fixed and .same narrow a row's encoding. */
extern const struct isa_rows isa_aliases_a, isa_aliases_i, isa_aliases_m, isa_aliases_f, isa_aliases_b,
    isa_aliases_x;

/* How an operand's value is made of its fields, beside joining them high to low. */
enum isa_conv {
    CONV_NONE,     /* the joined bits, sign-extended if .sign, times 1 << .shift, plus .add */
    CONV_MINUS,    /* .add minus the joined bits */
    CONV_INC3,     /* fetchadd: {2} sign, {1:0} 16 8 4 1 */
    CONV_PMPYSHR,  /* 0 7 15 16 */
};

/* Operand classes, for printing and parsing. */
enum isa_class {
    CLASS_GR, CLASS_FR, CLASS_PR, CLASS_BR, CLASS_AR, CLASS_CR,
    CLASS_DEC,    /* signed decimal */
    CLASS_HEX,    /* unsigned hexadecimal */
    CLASS_TARGET, /* displacement from the bundle, printed as an address */
    CLASS_MBTYPE, /* @brcst ... */
};

#define ISA_OPERAND_PARTS 6

struct isa_operand {
    const char *name;
    uint8_t cls;        /* enum isa_class */
    uint8_t conv;       /* enum isa_conv */
    bool sign;          /* sign-extend from the joined width */
    uint8_t shift;
    int8_t add;
    uint8_t dest;       /* offset of the value in struct insn */
    uint8_t dest_size;  /* 1, 4 or 8 bytes */
    uint8_t part[ISA_OPERAND_PARTS]; /* fields, most significant first */
};

extern const struct isa_operand isa_operands[];
extern const unsigned isa_operand_count;

/* A field that goes straight into a byte of struct insn. */
struct isa_direct {
    uint8_t lo, mask, dest;
};

#define ISA_ENTRY_DIRECT 10
#define ISA_ENTRY_OPERANDS 8

/* A completer that is a field: its spellings by value; NULL is none written. */
struct isa_completer {
    uint8_t field;
    const char *text[4];
};

/* In the order they are written; ended by FIELD_END. */
extern const struct isa_completer isa_completers[];

/* Names of application and control registers without "ar." or "cr."; NULL where there is none. */
extern const char *const isa_ar_names[128];
extern const char *const isa_cr_names[128];

/* Names of mux1 permutations by enum isa_mbtype, without '@'. */
extern const char *const isa_mbtype_names[16];

/**
 * isa_row_fixes - whether a row selects on a field
 */
bool isa_row_fixes(const struct isa_row *row, enum isa_field field);

/* A row made ready for use: what the index keeps of every row. */
struct isa_entry {
    const struct isa_row *row;
    uint64_t mask, match; /* slot bits that select the row, bits {40:37} included */
    struct isa_uses uses;
    uint8_t unit;         /* of the array the row stands in: UNIT_A I M F B X */
    uint8_t direct_count, operand_count, imm_count;
    struct isa_direct direct[ISA_ENTRY_DIRECT];
    uint8_t operand[ISA_ENTRY_OPERANDS]; /* indices into isa_operands[], in order of .args */
    uint8_t imm[ISA_ENTRY_OPERANDS];     /* those of them that are not plain registers */
};

/**
 * isa_index_candidates - rows that may match a slot, as a list of entry numbers
 * @unit: UNIT_I M F B X (A rows are found under I and M)
 * Return: list ended by ISA_NO_ENTRY; rows with ISA_REST come last.
 */
const uint16_t *isa_index_candidates(enum isa_unit unit, uint64_t slot);

#define ISA_NO_ENTRY 0xffff

/**
 * isa_index_get - the entry of that number
 */
const struct isa_entry *isa_index_get(uint16_t number);

/**
 * isa_index_of - the entry of a row of the row tables
 */
const struct isa_entry *isa_index_of(const struct isa_row *row);

/**
 * isa_token - length of the identifier or number at the start of @s within .args, 0 if none
 */
size_t isa_token(const char *s);

/**
 * isa_operand_find - the operand called by the first @len characters of @name, or -1
 */
int isa_operand_find(const char *name, size_t len);

/**
 * isa_index_entry - the prepared entry of a unit's n-th row; NULL past the end
 * @unit: UNIT_A I M F B X
 */
const struct isa_entry *isa_index_entry(enum isa_unit unit, unsigned n);

/**
 * isa_index_alias - the same for aliases
 */
const struct isa_entry *isa_index_alias(enum isa_unit unit, unsigned n);

/**
 * isa_field_bits - where a format has a field; NULL if it has not
 */
const struct isa_bits *isa_field_bits(enum isa_fmt fmt, enum isa_field field);

/**
 * isa_field_get, isa_field_put - read or place a field of a slot (or pair of slots)
 */
uint64_t isa_field_get(const struct isa_bits *b, uint64_t slot, uint64_t lslot);
void isa_field_put(const struct isa_bits *b, uint64_t value, uint64_t *slot, uint64_t *lslot);

/**
 * isa_print - print an encoding with the spelling of one row or alias that fits it, without predicate
 * Return: length of the text, as snprintf().
 */
int isa_print(const struct isa_entry *e, uint64_t slot, uint64_t lslot, uint64_t ip, char *buf, size_t size);

/**
 * isa_operand_value - read an operand's value out of an encoding
 */
int64_t isa_operand_value(const struct isa_operand *o, enum isa_fmt fmt, uint64_t slot, uint64_t lslot);

/**
 * isa_operand_place - put an operand's value into an encoding
 * Return: false if the value cannot be expressed.
 */
bool isa_operand_place(const struct isa_operand *o, enum isa_fmt fmt, int64_t value, uint64_t *slot,
                       uint64_t *lslot);

#endif
