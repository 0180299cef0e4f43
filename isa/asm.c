/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test assembler: a subset of GNU as syntax, driven by the rows. */
#include "isa/table.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT 256

/* An instruction taken apart: predicate, mnemonic, operands without blanks. */
struct source {
    unsigned qp;
    char name[64];
    char args[MAX_TEXT];
};

static bool parse_number(const char **s, int base, int64_t *value)
{
    bool negative = **s == '-';
    const char *p = *s + (negative || **s == '+');
    char *end;
    uint64_t v;

    if (!isdigit((unsigned char)*p))
        return false;
    errno = 0;
    v = strtoull(p, &end, base);
    if (errno)
        return false;
    *value = (int64_t)(negative ? -v : v);
    *s = end;
    return true;
}

/* A register of one file: prefix and number below limit; p06 is not octal. */
static bool parse_register(const char **s, char file, int64_t limit, int64_t *value)
{
    const char *p = *s;

    if (*p++ != file || !parse_number(&p, 10, value) || *value < 0 || *value >= limit)
        return false;
    *s = p;
    return true;
}

static bool parse_named(const char **s, const char *file, const char *const *names, int64_t *value)
{
    const char *p = *s;
    size_t len;

    if (strncmp(p, file, 2) != 0)
        return false;
    p += 2;
    if (*p != '.') {
        *s = p;
        return parse_number(s, 0, value) && *value >= 0 && *value < 128;
    }
    p++;
    len = isa_token(p);
    for (int64_t i = 0; i < 128; i++) {
        if (names[i] && strlen(names[i]) == len && memcmp(names[i], p, len) == 0) {
            *value = i;
            *s = p + len;
            return true;
        }
    }
    return false;
}

static bool parse_operand(const char **s, const struct isa_operand *o, int64_t *value)
{
    switch (o->cls) {
    case CLASS_GR:
        return parse_register(s, 'r', 128, value);
    case CLASS_FR:
        return parse_register(s, 'f', 128, value);
    case CLASS_PR:
        return parse_register(s, 'p', 64, value);
    case CLASS_BR:
        return parse_register(s, 'b', 8, value);
    case CLASS_AR:
        return parse_named(s, "ar", isa_ar_names, value);
    case CLASS_CR:
        return parse_named(s, "cr", isa_cr_names, value);
    case CLASS_TARGET:
        *s += **s == '.';
        return parse_number(s, 0, value);
    case CLASS_MBTYPE:
        if (*(*s)++ != '@')
            return false;
        for (int64_t i = 0; i < 16; i++) {
            size_t len = isa_mbtype_names[i] ? strlen(isa_mbtype_names[i]) : 0;

            if (len && strncmp(*s, isa_mbtype_names[i], len) == 0) {
                *s += len;
                *value = i;
                return true;
            }
        }
        return false;
    default:
        return parse_number(s, 0, value);
    }
}

/* Read completers that are fields into the slot; true if all of the mnemonic's tail is used. */
static bool place_completers(const struct isa_row *row, const char *tail, uint64_t *slot)
{
    for (const struct isa_completer *c = isa_completers; c->field != FIELD_END; c++) {
        const struct isa_bits *b = isa_field_bits(row->fmt, c->field);
        unsigned value = c->field == MWH ? 1 : 0; /* as written without it */
        uint64_t none = 0;

        if (b == NULL || isa_row_fixes(row, c->field))
            continue;
        for (unsigned i = 0; i < 4; i++) {
            size_t len = c->text[i] ? strlen(c->text[i]) : 0;

            if (len && strncmp(tail, c->text[i], len) == 0 && (tail[len] == '.' || tail[len] == '\0')) {
                value = i;
                tail += len;
                break;
            }
        }
        isa_field_put(b, value, slot, &none);
    }
    return *tail == '\0';
}

static bool place_args(const struct isa_row *row, const char *args, uint64_t *slot, uint64_t *lslot)
{
    const char *p = row->args ? row->args : "";

    while (*p) {
        size_t len = isa_token(p);
        int number = len ? isa_operand_find(p, len) : -1;
        int64_t value;

        if (len == 0)
            len = 1;
        if (number < 0) {
            if (strncmp(args, p, len) != 0)
                return false;
            args += len;
        } else if (!parse_operand(&args, &isa_operands[number], &value) ||
                   !isa_operand_place(&isa_operands[number], row->fmt, value, slot, lslot)) {
            return false;
        }
        p += len;
    }
    return *args == '\0';
}

/* Fields that the operands do not give: qp, copies and complements of aliases, WHC. */
static bool place_rest(const struct isa_entry *e, unsigned qp, uint64_t *slot, uint64_t *lslot)
{
    const struct isa_row *row = e->row;
    const struct isa_bits *b = isa_field_bits(row->fmt, QP);

    if (qp && (b == NULL || isa_row_fixes(row, QP)))
        return false;
    if (b && qp)
        isa_field_put(b, qp, slot, lslot);
    if ((*slot & e->mask) != e->match) /* an operand that the row fixes, given another value */
        return false;
    if (row->same[0])
        isa_field_put(isa_field_bits(row->fmt, row->same[0]),
                      isa_field_get(isa_field_bits(row->fmt, row->same[1]), *slot, 0), slot, lslot);
    if (row->complement[0])
        isa_field_put(isa_field_bits(row->fmt, row->complement[0]),
                      ~isa_field_get(isa_field_bits(row->fmt, row->complement[1]), *slot, 0), slot, lslot);
    b = isa_field_bits(row->fmt, WHC);
    if (b)
        isa_field_put(b, 1, slot, lslot);
    return true;
}

static bool try_entry(const struct isa_entry *e, const struct source *src, uint64_t *slot, uint64_t *lslot)
{
    size_t len = strlen(e->row->name);

    if (e->row->flags & ISA_REST || strncmp(src->name, e->row->name, len) != 0)
        return false;
    if (src->name[len] != '\0' && src->name[len] != '.')
        return false;
    *slot = e->match;
    *lslot = 0;
    return place_completers(e->row, src->name + len, slot) && place_args(e->row, src->args, slot, lslot) &&
           place_rest(e, src->qp, slot, lslot);
}

static bool try_unit(enum isa_unit unit, const struct source *src, uint64_t *slot, uint64_t *lslot)
{
    const struct isa_entry *e;

    for (unsigned i = 0; (e = isa_index_entry(unit, i)) != NULL; i++) {
        if (try_entry(e, src, slot, lslot))
            return true;
    }
    for (unsigned i = 0; (e = isa_index_alias(unit, i)) != NULL; i++) {
        if (try_entry(e, src, slot, lslot))
            return true;
    }
    return false;
}

static bool take_apart(const char *text, struct source *src)
{
    size_t n = 0;

    memset(src, 0, sizeof(*src));
    while (isspace((unsigned char)*text))
        text++;
    if (*text == '(') {
        int64_t qp;

        text++;
        if (!parse_register(&text, 'p', 64, &qp) || *text++ != ')')
            return false;
        src->qp = (unsigned)qp;
        while (isspace((unsigned char)*text))
            text++;
    }
    while (*text && !isspace((unsigned char)*text)) {
        if (n == sizeof(src->name) - 1)
            return false;
        src->name[n++] = *text++;
    }
    n = 0;
    for (; *text; text++) {
        if (isspace((unsigned char)*text))
            continue;
        if (n == sizeof(src->args) - 1)
            return false;
        src->args[n++] = *text;
    }
    return src->name[0] != '\0';
}

/* GNU as writes alloc's frame as inputs, locals, outputs, rotating; the row as sof, sol, sor. */
static void convert_alloc(struct source *src)
{
    char *frame = strstr(src->args, "=ar.pfs,");
    int64_t n[4];
    const char *p;

    if (strcmp(src->name, "alloc") != 0 || frame == NULL)
        return;
    frame += strlen("=ar.pfs,");
    p = frame;
    for (unsigned i = 0; i < 4; i++) {
        if (!parse_number(&p, 0, &n[i]) || n[i] < 0 || n[i] > 127 || *p != (i < 3 ? ',' : '\0'))
            return;
        p++;
    }
    snprintf(frame, sizeof(src->args) - (size_t)(frame - src->args), "%d,%d,%d", (int)(n[0] + n[1] + n[2]),
             (int)(n[0] + n[1]), (int)n[3]);
}

int isa_asm(const char *text, enum isa_unit unit, uint64_t *slot, uint64_t *lslot)
{
    struct source src;
    uint64_t low = 0;

    if (!take_apart(text, &src))
        return -EINVAL;
    convert_alloc(&src);
    if (!try_unit(unit, &src, slot, &low) &&
        !((unit == UNIT_I || unit == UNIT_M) && try_unit(UNIT_A, &src, slot, &low)))
        return -EINVAL;
    if (lslot)
        *lslot = low;
    return 0;
}

/* The template with these letters and these stops, or -1. */
static int find_template(const char *name, unsigned stops)
{
    for (int i = 0; i < 32; i++) {
        const struct isa_template *t = &isa_templates[i];

        if (!t->reserved && strcmp(t->name, name) == 0 && t->stops == stops)
            return i;
    }
    return -1;
}

/* Copy one instruction's text, up to a newline, ';', '}' or the end; step over it and count a stop. */
static bool next_statement(const char **text, char *out, bool *stop)
{
    size_t len = strcspn(*text, ";\n}");

    if (len >= MAX_TEXT)
        return false;
    memcpy(out, *text, len);
    out[len] = '\0';
    *text += len;
    *stop = strncmp(*text, ";;", 2) == 0;
    *text += *stop ? 2 : (**text == ';' || **text == '\n');
    return true;
}

/* Whether there is no instruction in the statement. */
static bool is_blank(const char *s)
{
    return s[strspn(s, " \t\r")] == '\0';
}

int isa_asm_bundle(const char *text, struct bundle *out)
{
    uint64_t slot[3] = {0, 0, 0}, lslot;
    char name[8] = "", statement[MAX_TEXT];
    const struct isa_template *units;
    unsigned n = 0, stops = 0;
    int tmpl;

    text += strspn(text, " \t\n{");
    memcpy(name, text, strnlen(text, 4));
    tmpl = find_template(name, 0);
    if (tmpl < 0)
        return -EINVAL;
    text += 4;
    units = &isa_templates[tmpl];
    while (*text && *text != '}') {
        bool stop;

        if (!next_statement(&text, statement, &stop))
            return -EINVAL;
        if (!is_blank(statement)) {
            if (n == 3 || isa_asm(statement, units->unit[n + (units->unit[n] == UNIT_L)],
                                  &slot[n + (units->unit[n] == UNIT_L)], &lslot) != 0)
                return -EINVAL;
            if (units->unit[n] == UNIT_L)
                slot[n++] = lslot;
            n++;
        }
        if (stop && n > 0)
            stops |= 1u << (n - 1);
    }
    tmpl = find_template(name, stops);
    if (n != 3 || tmpl < 0)
        return -EINVAL;
    *out = isa_bundle_make((unsigned)tmpl, slot[0], slot[1], slot[2]);
    return 0;
}
