/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random encodings of a row. */
#include "tests/isa/sample.h"

uint64_t sample_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Replace a reserved hint by the one it acts as. */
static uint64_t usual_hint(uint8_t field, uint64_t value)
{
    switch (field) {
    case HINT:
        return value == 2 ? 0 : value;
    case STHINT:
        return value == 3 ? 3 : 0;
    case INDWH:
        return value & 2;
    case MWH:
        return value == 3 ? 1 : value;
    case WHC:
        return 1;
    default:
        return value;
    }
}

void sample_encoding(const struct isa_entry *e, uint64_t *state, uint64_t *slot, uint64_t *lslot)
{
    const struct isa_row *row = e->row;

    *slot = e->match;
    *lslot = 0;
    for (const struct isa_bits *b = isa_formats[row->fmt]; b->field != FIELD_END; b++) {
        uint64_t value = sample_random(state);

        if (isa_row_fixes(row, b->field))
            continue;
        if (sample_random(state) % 8 == 0)
            value = sample_random(state) % 2 ? 0 : ~UINT64_C(0);
        value &= (UINT64_C(2) << (b->hi - b->lo)) - 1;
        isa_field_put(b, usual_hint(b->field, value), slot, lslot);
    }
    /* "mov b1=r2" without hints is printed without its tag. */
    if (row->fmt == FMT_I21 && isa_field_get(isa_field_bits(FMT_I21, MWH), *slot, 0) == 1 &&
        isa_field_get(isa_field_bits(FMT_I21, IH), *slot, 0) == 0)
        isa_field_put(isa_field_bits(FMT_I21, TIMM9C), 0, slot, lslot);
    if (row->same[0])
        isa_field_put(isa_field_bits(row->fmt, row->same[0]),
                      isa_field_get(isa_field_bits(row->fmt, row->same[1]), *slot, 0), slot, lslot);
    if (row->complement[0])
        isa_field_put(isa_field_bits(row->fmt, row->complement[0]),
                      ~isa_field_get(isa_field_bits(row->fmt, row->complement[1]), *slot, 0), slot, lslot);
}

const char *sample_unit_name(unsigned unit)
{
    static const char *const names[] = {"A", "I", "M", "F", "B", "X", "L"};

    return names[unit];
}
