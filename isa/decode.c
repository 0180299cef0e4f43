/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoder: slot bits to struct insn, and the values of operands. */
#include "isa/table.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Attributes are copied as one block: struct insn and struct isa_row declare them alike. */
#define ATTR_BYTES (offsetof(struct insn, ret) + 1 - offsetof(struct insn, size))

static_assert(offsetof(struct isa_row, ret) + 1 - offsetof(struct isa_row, size) == ATTR_BYTES,
              "struct insn and struct isa_row hold the same attributes");
static_assert(offsetof(struct isa_row, flags) - offsetof(struct isa_row, size) ==
                  offsetof(struct insn, flags) - offsetof(struct insn, size),
              "and in the same order");

uint64_t isa_field_get(const struct isa_bits *b, uint64_t slot, uint64_t lslot)
{
    uint64_t mask = (UINT64_C(1) << (b->hi - b->lo + 1)) - 1;

    return (b->lo >= 64 ? lslot >> (b->lo - 64) : slot >> b->lo) & mask;
}

void isa_field_put(const struct isa_bits *b, uint64_t value, uint64_t *slot, uint64_t *lslot)
{
    uint64_t mask = (UINT64_C(1) << (b->hi - b->lo + 1)) - 1;
    unsigned lo = b->lo >= 64 ? b->lo - 64u : b->lo;
    uint64_t *word = b->lo >= 64 ? lslot : slot;

    *word = (*word & ~(mask << lo)) | (value & mask) << lo;
}

/* fetchadd's increment: bit 2 is the sign, bits {1:0} choose (SDM 3:369, inc3). */
static const uint8_t inc3_value[4] = {16, 8, 4, 1};
/* pmpyshr2's count2 (SDM 3:368). */
static const uint8_t pmpyshr_value[4] = {0, 7, 15, 16};

int64_t isa_operand_value(const struct isa_operand *o, enum isa_fmt fmt, uint64_t slot, uint64_t lslot)
{
    uint64_t raw = 0;
    unsigned width = 0;

    for (unsigned i = 0; i < ISA_OPERAND_PARTS && o->part[i] != FIELD_END; i++) {
        const struct isa_bits *b = isa_field_bits(fmt, o->part[i]);

        assert(b != NULL);
        raw = raw << (b->hi - b->lo + 1) | isa_field_get(b, slot, lslot);
        width += b->hi - b->lo + 1u;
    }
    switch (o->conv) {
    case CONV_MINUS:
        return o->add - (int64_t)raw;
    case CONV_INC3:
        return raw & 4 ? -(int64_t)inc3_value[raw & 3] : inc3_value[raw & 3];
    case CONV_PMPYSHR:
        return pmpyshr_value[raw];
    default:
        break;
    }
    if (o->sign && width < 64 && raw >> (width - 1) & 1)
        raw |= ~UINT64_C(0) << width;
    return (int64_t)((raw << o->shift) + (uint64_t)(int64_t)o->add);
}

bool isa_operand_place(const struct isa_operand *o, enum isa_fmt fmt, int64_t value, uint64_t *slot,
                       uint64_t *lslot)
{
    uint64_t raw = ((uint64_t)value - (uint64_t)(int64_t)o->add) >> o->shift;
    unsigned sum = 0;

    if (o->conv == CONV_MINUS)
        raw = (uint64_t)(o->add - value);
    for (unsigned i = 0; i < 8 && (o->conv == CONV_INC3 || o->conv == CONV_PMPYSHR); i++) {
        raw = i;
        if (o->conv == CONV_INC3 && value == (i & 4 ? -(int64_t)inc3_value[i & 3] : inc3_value[i & 3]))
            break;
        if (o->conv == CONV_PMPYSHR && i < 4 && value == pmpyshr_value[i])
            break;
    }
    for (int i = ISA_OPERAND_PARTS - 1; i >= 0; i--) {
        const struct isa_bits *b;

        if (o->part[i] == FIELD_END)
            continue;
        b = isa_field_bits(fmt, o->part[i]);
        assert(b != NULL);
        isa_field_put(b, sum < 64 ? raw >> sum : 0, slot, lslot);
        sum += b->hi - b->lo + 1u;
    }
    return isa_operand_value(o, fmt, *slot, *lslot) == value;
}

static void store(struct insn *out, const struct isa_operand *o, int64_t value)
{
    unsigned char *to = (unsigned char *)out + o->dest;

    if (o->dest_size == 1)
        *to = (uint8_t)value;
    else if (o->dest_size == 4)
        memcpy(to, &(int32_t){(int32_t)value}, 4);
    else
        memcpy(to, &value, 8);
}

enum isa_result isa_decode(enum isa_unit unit, uint64_t slot, uint64_t lslot, struct insn *out)
{
    const uint16_t *list = isa_index_candidates(unit, slot);
    const struct isa_entry *e;

    memset(out, 0, sizeof(*out));
    out->unit = (uint8_t)unit;
    for (;; list++) {
        if (*list == ISA_NO_ENTRY) {
            /*
             * Unused encodings: "Reserved if PR[qp] is 1" in every unit (SDM 3:294, tables of
             * chapter 4; 3:350 for the B unit). The ignored ones are rows.
             */
            out->op = OP_INVALID;
            out->qp = slot & 63;
            return ISA_RESERVED_QP;
        }
        e = isa_index_get(*list);
        if ((slot & e->mask) == e->match)
            break;
    }
    out->row = e->row;
    out->op = e->row->op;
    for (unsigned i = 0; i < e->direct_count; i++)
        ((unsigned char *)out)[e->direct[i].dest] = slot >> e->direct[i].lo & e->direct[i].mask;
    for (unsigned i = 0; i < e->imm_count; i++) {
        const struct isa_operand *o = &isa_operands[e->imm[i]];

        store(out, o, isa_operand_value(o, e->row->fmt, slot, lslot));
    }
    memcpy(&out->size, &e->row->size, ATTR_BYTES);
    return ISA_OK;
}

struct isa_uses isa_uses(const struct insn *in)
{
    return in->row ? isa_index_of(in->row)->uses : (struct isa_uses){0, 0};
}

int isa_op_text(enum isa_op op, char *buf, size_t size)
{
    static const struct isa_rows *const tables[] = { &isa_rows_a, &isa_rows_i, &isa_rows_m, &isa_rows_f, &isa_rows_b,
                                                     &isa_rows_x };

    for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct isa_row *row = &tables[t]->row[i];

            if (row->op == (unsigned)op)
                return snprintf(buf, size, "%s%s%s", row->name, row->args ? " " : "",
                                row->args ? row->args : "");
        }
    }
    return snprintf(buf, size, "invalid");
}

const char *isa_name(const struct insn *in)
{
    return in->row ? in->row->name : "invalid";
}
