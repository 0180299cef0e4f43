/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decode index: every row prepared once, and candidate lists by unit, major opcode and bits {36:27}. */
#include "isa/table.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <threads.h>

#define MAX_ENTRIES 1024
#define MAX_ALIASES 256
#define KEY_BITS 10
#define KEY_LO 27
#define KEYS (1 << KEY_BITS)
#define MAJORS 16
#define MAX_POOL 65536
#define DECODED_UNITS 5 /* I M F B X */

/* Built by build_index() under once, constant afterwards. */
static struct isa_entry entries[MAX_ENTRIES];
static struct isa_entry alias_entries[MAX_ALIASES];
static unsigned first_entry[UNIT_COUNT], first_alias[UNIT_COUNT];
static uint8_t field_place[FMT_COUNT][FIELD_COUNT]; /* index in isa_formats[fmt], plus 1 */
static uint16_t heads[DECODED_UNITS][MAJORS][KEYS]; /* where in pool a list starts */
static uint16_t pool[MAX_POOL];
static unsigned pool_used;

static once_flag once = ONCE_FLAG_INIT;
static atomic_bool built;

static const struct isa_rows *unit_rows(enum isa_unit unit, bool alias)
{
    static const struct isa_rows *const rows[] = {
        [UNIT_A] = &isa_rows_a, [UNIT_I] = &isa_rows_i, [UNIT_M] = &isa_rows_m,
        [UNIT_F] = &isa_rows_f, [UNIT_B] = &isa_rows_b, [UNIT_X] = &isa_rows_x,
    };
    static const struct isa_rows *const aliases[] = {
        [UNIT_A] = &isa_aliases_a, [UNIT_I] = &isa_aliases_i, [UNIT_M] = &isa_aliases_m,
        [UNIT_F] = &isa_aliases_f, [UNIT_B] = &isa_aliases_b, [UNIT_X] = &isa_aliases_x,
    };

    return alias ? aliases[unit] : rows[unit];
}

/* Where a field goes in struct insn, for fields that need no joining. */
static const uint8_t direct_dest[FIELD_COUNT] = {
    [QP] = offsetof(struct insn, qp),
    [R1] = offsetof(struct insn, r1), [R2] = offsetof(struct insn, r2), [R3] = offsetof(struct insn, r3),
    [F1] = offsetof(struct insn, f1), [F2] = offsetof(struct insn, f2), [F3] = offsetof(struct insn, f3),
    [F4] = offsetof(struct insn, f4), [P1] = offsetof(struct insn, p1), [P2] = offsetof(struct insn, p2),
    [B1] = offsetof(struct insn, b1), [B2] = offsetof(struct insn, b2),
    [AR3] = offsetof(struct insn, areg), [CR3] = offsetof(struct insn, areg),
    [SF] = offsetof(struct insn, sf), [HINT] = offsetof(struct insn, ldhint),
    [STHINT] = offsetof(struct insn, ldhint), [LFHINT] = offsetof(struct insn, ldhint),
    [WH] = offsetof(struct insn, wh), [BWH] = offsetof(struct insn, wh), [MWH] = offsetof(struct insn, wh),
    [INDWH] = offsetof(struct insn, wh),
    [P] = offsetof(struct insn, ph), [D] = offsetof(struct insn, dh), [IH] = offsetof(struct insn, ih),
};

static uint64_t bits_mask(const struct isa_bits *b)
{
    return (UINT64_C(1) << (b->hi - b->lo + 1)) - 1;
}

static unsigned use_of_field(uint8_t field)
{
    static const uint16_t use[FIELD_COUNT] = {
        [R1] = USE_R1, [R2] = USE_R2, [R3] = USE_R3, [F1] = USE_F1, [F2] = USE_F2, [F3] = USE_F3,
        [F4] = USE_F4, [P1] = USE_P1, [P2] = USE_P2, [B1] = USE_B1, [B2] = USE_B2, [AR3] = USE_AREG,
        [CR3] = USE_AREG,
    };

    return use[field];
}

size_t isa_token(const char *s)
{
    size_t n = 0;

    while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= '0' && s[n] <= '9') || s[n] == '.')
        n++;
    return n;
}

int isa_operand_find(const char *name, size_t len)
{
    for (unsigned i = 0; i < isa_operand_count; i++) {
        if (strlen(isa_operands[i].name) == len && memcmp(isa_operands[i].name, name, len) == 0)
            return (int)i;
    }
    return -1;
}

/* Find the operands in .args and what they read and write: left of '=' and outside [] is written. */
static void prepare_operands(struct isa_entry *e)
{
    const char *args = e->row->args ? e->row->args : "";
    const char *equals = strchr(args, '=');
    bool memory = false;

    for (const char *s = args; *s;) {
        size_t len = isa_token(s);
        int number;

        if (len == 0) {
            memory = *s == '[' || (memory && *s != ']');
            s++;
            continue;
        }
        number = isa_operand_find(s, len);
        if (number >= 0) {
            const struct isa_operand *o = &isa_operands[number];
            unsigned use = use_of_field(o->part[0]);

            assert(e->operand_count < ISA_ENTRY_OPERANDS);
            e->operand[e->operand_count++] = (uint8_t)number;
            if (o->cls > CLASS_CR)
                e->imm[e->imm_count++] = (uint8_t)number;
            else if (equals && s < equals && !memory)
                e->uses.writes |= use;
            else
                e->uses.reads |= use;
        }
        s += len;
    }
    if (e->row->upd != UPD_NONE)
        e->uses.writes |= USE_R3;
}

static void prepare_entry(struct isa_entry *e, const struct isa_row *row, enum isa_unit unit)
{
    const struct isa_bits *format = isa_formats[row->fmt];

    e->row = row;
    e->unit = unit;
    e->mask = UINT64_C(15) << 37;
    e->match = (uint64_t)row->major << 37;
    for (unsigned i = 0; i < ISA_ROW_FIXED && row->fixed[i].field != FIELD_END; i++) {
        const struct isa_bits *b = &format[field_place[row->fmt][row->fixed[i].field] - 1];

        assert(field_place[row->fmt][row->fixed[i].field] != 0 && b->hi < 41);
        assert(row->fixed[i].value <= bits_mask(b));
        e->mask |= bits_mask(b) << b->lo;
        e->match |= (uint64_t)row->fixed[i].value << b->lo;
    }
    for (const struct isa_bits *b = format; b->field != FIELD_END; b++) {
        if (direct_dest[b->field] == 0)
            continue;
        assert(e->direct_count < ISA_ENTRY_DIRECT);
        e->direct[e->direct_count++] = (struct isa_direct){
            .lo = b->lo, .mask = (uint8_t)bits_mask(b), .dest = direct_dest[b->field]};
    }
    prepare_operands(e);
}

static unsigned prepare_unit(struct isa_entry *out, unsigned max, enum isa_unit unit, bool alias)
{
    const struct isa_rows *rows = unit_rows(unit, alias);

    assert(rows->count <= max);
    (void)max;
    for (unsigned i = 0; i < rows->count; i++)
        prepare_entry(&out[i], &rows->row[i], unit);
    return rows->count;
}

/* Append to list the entries of one unit's table with that major opcode; return the new length. */
static unsigned collect(uint16_t *list, unsigned n, enum isa_unit table, unsigned major, bool rest)
{
    const uint64_t bits = (uint64_t)major << 37, major_mask = UINT64_C(15) << 37;

    for (unsigned i = first_entry[table]; i < first_entry[table + 1]; i++) {
        const struct isa_entry *e = &entries[i];

        if (((bits ^ e->match) & e->mask & major_mask) == 0 && ((e->row->flags & ISA_REST) != 0) == rest)
            list[n++] = (uint16_t)i;
    }
    return n;
}

/* Where the list stands in the pool, from @start on; at the pool's end if it was nowhere. */
static uint16_t put_list(unsigned start, const uint16_t *list, unsigned n)
{
    const uint16_t end = ISA_NO_ENTRY;
    unsigned at;

    for (at = start; at + n < pool_used; at++) {
        if (memcmp(&pool[at], list, n * sizeof(list[0])) == 0 && pool[at + n] == end)
            return (uint16_t)at;
    }
    at = pool_used;
    assert(at + n + 1 <= MAX_POOL);
    memcpy(&pool[at], list, n * sizeof(list[0]));
    pool[at + n] = end;
    pool_used = at + n + 1;
    return (uint16_t)at;
}

/*
 * The lists of the 2^bits keys from @key on, out of the entries that match their higher bits: one for all of them if no entry
 * looks at a lower bit.
 */
static void build_keys(uint16_t *heads_of, unsigned start, const uint16_t *list, unsigned n, unsigned key, unsigned bits)
{
    uint64_t lower = ((UINT64_C(1) << bits) - 1) << KEY_LO, bit;
    uint16_t half[MAX_ENTRIES], at;
    bool differ = false;

    for (unsigned i = 0; i < n && !differ; i++)
        differ = entries[list[i]].mask & lower;
    if (!differ) {
        at = put_list(start, list, n);
        for (unsigned k = 0; k < 1u << bits; k++)
            heads_of[key + k] = at;
        return;
    }
    bits--;
    bit = UINT64_C(1) << (KEY_LO + bits);
    for (unsigned value = 0; value < 2; value++) {
        unsigned m = 0;

        for (unsigned i = 0; i < n; i++) {
            const struct isa_entry *e = &entries[list[i]];

            if (!(e->mask & bit) || !(e->match & bit) == !value)
                half[m++] = list[i];
        }
        build_keys(heads_of, start, half, m, key | value << bits, bits);
    }
}

/* Lists of the same unit and major are shared where equal. */
static void build_lists(unsigned decoded, enum isa_unit unit)
{
    uint16_t list[MAX_ENTRIES];

    for (unsigned major = 0; major < MAJORS; major++) {
        unsigned n = collect(list, 0, unit, major, false);

        if (unit == UNIT_I || unit == UNIT_M)
            n = collect(list, n, UNIT_A, major, false);
        n = collect(list, n, unit, major, true);
        build_keys(heads[decoded][major], pool_used, list, n, 0, KEY_BITS);
    }
}

static const int8_t decoded_number[UNIT_COUNT] = {
    [UNIT_A] = -1, [UNIT_I] = 0, [UNIT_M] = 1, [UNIT_F] = 2, [UNIT_B] = 3, [UNIT_X] = 4, [UNIT_L] = -1,
};

static void build_index(void)
{
    unsigned n = 0, m = 0;

    for (unsigned fmt = 0; fmt < FMT_COUNT; fmt++) {
        for (unsigned i = 0; isa_formats[fmt][i].field != FIELD_END; i++)
            field_place[fmt][isa_formats[fmt][i].field] = (uint8_t)(i + 1);
    }
    for (unsigned unit = UNIT_A; unit <= UNIT_X; unit++) {
        first_entry[unit] = n;
        first_alias[unit] = m;
        n += prepare_unit(&entries[n], MAX_ENTRIES - n, unit, false);
        m += prepare_unit(&alias_entries[m], MAX_ALIASES - m, unit, true);
    }
    first_entry[UNIT_X + 1] = n;
    first_alias[UNIT_X + 1] = m;
    for (unsigned unit = UNIT_I; unit <= UNIT_X; unit++)
        build_lists((unsigned)decoded_number[unit], unit);
    atomic_store_explicit(&built, true, memory_order_release);
}

static inline void need_index(void)
{
    if (!atomic_load_explicit(&built, memory_order_acquire))
        call_once(&once, build_index);
}

const uint16_t *isa_index_candidates(enum isa_unit unit, uint64_t slot)
{
    need_index();
    assert(unit < UNIT_COUNT && decoded_number[unit] >= 0);
    return &pool[heads[decoded_number[unit]][slot >> 37 & 15][slot >> KEY_LO & (KEYS - 1)]];
}

const struct isa_entry *isa_index_get(uint16_t number)
{
    return &entries[number];
}

const struct isa_entry *isa_index_entry(enum isa_unit unit, unsigned n)
{
    need_index();
    return n < first_entry[unit + 1] - first_entry[unit] ? &entries[first_entry[unit] + n] : NULL;
}

const struct isa_entry *isa_index_alias(enum isa_unit unit, unsigned n)
{
    need_index();
    return n < first_alias[unit + 1] - first_alias[unit] ? &alias_entries[first_alias[unit] + n] : NULL;
}

const struct isa_entry *isa_index_of(const struct isa_row *row)
{
    need_index();
    for (unsigned unit = UNIT_A; unit <= UNIT_X; unit++) {
        const struct isa_rows *rows = unit_rows(unit, false);

        if (row >= rows->row && row < rows->row + rows->count)
            return &entries[first_entry[unit] + (unsigned)(row - rows->row)];
    }
    return NULL;
}

const struct isa_bits *isa_field_bits(enum isa_fmt fmt, enum isa_field field)
{
    uint8_t place;

    need_index();
    place = field_place[fmt][field];
    return place ? &isa_formats[fmt][place - 1] : NULL;
}
