/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disassembler: prints what GNU objdump prints. */
#include "isa/table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Output that counts what does not fit, like snprintf(). */
struct text {
    char *buf;
    size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
    size_t room = t->len < t->size ? t->size - t->len : 0;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(room ? t->buf + t->len : NULL, room, fmt, ap);
    va_end(ap);
    t->len += n > 0 ? (size_t)n : 0;
}

/* Encode a decoded instruction again, so that fields that struct insn does not keep can be looked at. */
static void reencode(const struct insn *in, const struct isa_entry *e, uint64_t *slot, uint64_t *lslot)
{
    *slot = e->match;
    *lslot = 0;
    for (unsigned i = 0; i < e->direct_count; i++)
        *slot |= (uint64_t)((const unsigned char *)in)[e->direct[i].dest] << e->direct[i].lo;
    for (unsigned i = 0; i < e->imm_count; i++) {
        const struct isa_operand *o = &isa_operands[e->imm[i]];
        const unsigned char *from = (const unsigned char *)in + o->dest;
        int64_t value = *from;
        int32_t word;

        if (o->dest_size == 4) {
            memcpy(&word, from, 4);
            value = word;
        } else if (o->dest_size == 8) {
            memcpy(&value, from, 8);
        }
        isa_operand_place(o, e->row->fmt, value, slot, lslot);
    }
}

static uint64_t row_field(const struct isa_row *row, uint8_t field, uint64_t slot)
{
    return isa_field_get(isa_field_bits(row->fmt, field), slot, 0);
}

static bool alias_fits(const struct isa_entry *e, uint64_t slot)
{
    const struct isa_row *row = e->row;

    if (row->flags & ISA_PLAIN || (slot & e->mask) != e->match)
        return false;
    if (row->same[0] && row_field(row, row->same[0], slot) != row_field(row, row->same[1], slot))
        return false;
    if (row->complement[0]) {
        const struct isa_bits *b = isa_field_bits(row->fmt, row->complement[0]);
        uint64_t ones = (UINT64_C(1) << (b->hi - b->lo + 1)) - 1;

        return (row_field(row, row->complement[0], slot) ^ row_field(row, row->complement[1], slot)) == ones;
    }
    return true;
}

/* The spelling to print: the first alias that fits, else the row itself. */
static const struct isa_entry *spelling(const struct isa_entry *e, uint64_t slot)
{
    const struct isa_entry *a;

    for (unsigned i = 0; (a = isa_index_alias(e->unit, i)) != NULL; i++) {
        if (a->row->op == e->row->op && alias_fits(a, slot))
            return a;
    }
    return e;
}

bool isa_row_fixes(const struct isa_row *row, enum isa_field field)
{
    for (unsigned i = 0; i < ISA_ROW_FIXED && row->fixed[i].field != FIELD_END; i++) {
        if (row->fixed[i].field == field)
            return true;
    }
    return false;
}

static void put_completers(struct text *t, const struct isa_row *row, uint64_t slot)
{
    for (const struct isa_completer *c = isa_completers; c->field != FIELD_END; c++) {
        const struct isa_bits *b = isa_field_bits(row->fmt, c->field);
        const char *s;

        if (b == NULL || isa_row_fixes(row, c->field))
            continue;
        s = c->text[isa_field_get(b, slot, 0)];
        if (s)
            put(t, "%s", s);
    }
}

static void put_named(struct text *t, const char *file, const char *const *names, int64_t number)
{
    if (names[number])
        put(t, "%s.%s", file, names[number]);
    else
        put(t, "%s%" PRId64, file, number);
}

static void put_operand(struct text *t, const struct isa_operand *o, int64_t value, uint64_t ip)
{
    switch (o->cls) {
    case CLASS_GR:
        put(t, "r%" PRId64, value);
        break;
    case CLASS_FR:
        put(t, "f%" PRId64, value);
        break;
    case CLASS_PR:
        put(t, "p%" PRId64, value);
        break;
    case CLASS_BR:
        put(t, "b%" PRId64, value);
        break;
    case CLASS_AR:
        put_named(t, "ar", isa_ar_names, value);
        break;
    case CLASS_CR:
        put_named(t, "cr", isa_cr_names, value);
        break;
    case CLASS_DEC:
        put(t, "%" PRId64, value);
        break;
    case CLASS_HEX:
        put(t, "0x%" PRIx64, value);
        break;
    case CLASS_TARGET:
        put(t, "0x%" PRIx64, ip + (uint64_t)value);
        break;
    case CLASS_MBTYPE:
        put(t, "@%s", isa_mbtype_names[value]);
        break;
    }
}

int isa_print(const struct isa_entry *e, uint64_t slot, uint64_t lslot, uint64_t ip, char *buf, size_t size)
{
    struct text t = {buf, size, 0};

    put(&t, "%s", e->row->name);
    put_completers(&t, e->row, slot);
    if (e->row->args)
        put(&t, " ");
    for (const char *s = e->row->args ? e->row->args : ""; *s;) {
        size_t len = isa_token(s);
        int number = len ? isa_operand_find(s, len) : -1;

        if (len == 0)
            len = 1;
        if (number >= 0)
            put_operand(&t, &isa_operands[number],
                        isa_operand_value(&isa_operands[number], e->row->fmt, slot, lslot), ip);
        else
            put(&t, "%.*s", (int)len, s);
        s += len;
    }
    return (int)t.len;
}

int isa_disasm(const struct insn *in, uint64_t ip, char *buf, size_t size)
{
    const struct isa_entry *e;
    uint64_t slot, lslot;
    int n = 0;

    if (in->row == NULL)
        return snprintf(buf, size, "invalid");
    e = isa_index_of(in->row);
    reencode(in, e, &slot, &lslot);
    if (in->qp)
        n = snprintf(buf, size, "(p%02u) ", in->qp);
    if ((size_t)n >= size)
        return n + isa_print(spelling(e, slot), slot, lslot, ip, NULL, 0);
    return n + isa_print(spelling(e, slot), slot, lslot, ip, buf + n, size - (size_t)n);
}

int isa_disasm_slot(struct bundle b, unsigned slot, uint64_t ip, char *buf, size_t size)
{
    const struct isa_template *tm = isa_bundle_template(b);
    struct text t = {buf, size, 0};
    char text[160];
    struct insn in;

    if (size)
        buf[0] = '\0';
    if (tm->reserved) {
        put(&t, "reserved template");
        return (int)t.len;
    }
    if (tm->unit[slot] == UNIT_L)
        return 0;
    if (slot == 0)
        put(&t, "[%c%c%c] ", tm->name[1] - 32, tm->name[2] - 32, tm->name[3] - 32);
    else
        put(&t, "      ");
    if (isa_decode(tm->unit[slot], isa_bundle_slot(b, slot), isa_bundle_slot(b, 1), &in) == ISA_OK) {
        isa_disasm(&in, ip, text, sizeof(text));
        put(&t, "%s%s", in.qp ? "" : "      ", text);
    } else {
        put(&t, "      data8 %#011" PRIx64, isa_bundle_slot(b, slot)); /* objdump prints no stop here */
        return (int)t.len;
    }
    put(&t, "%s", tm->stops >> slot & 1 ? ";;" : "");
    return (int)t.len;
}
