/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables against themselves: formats, rows, aliases, operands, assembler and disassembler. */
#include "tests/isa/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_format_fields(void **unused)
{
    (void)unused;
    for (unsigned fmt = 0; fmt < FMT_COUNT; fmt++) {
        uint64_t used = UINT64_C(15) << 37, used_l = 0;
        bool seen[FIELD_COUNT] = {false};

        assert_int_not_equal(isa_formats[fmt][0].field, FIELD_END);
        assert_int_equal(isa_formats[fmt][ISA_FORMAT_FIELDS - 1].field, FIELD_END);
        for (const struct isa_bits *b = isa_formats[fmt]; b->field != FIELD_END; b++) {
            unsigned lo = b->lo & 63u, width = b->hi - b->lo + 1u;
            uint64_t mask = ((UINT64_C(1) << width) - 1) << lo;
            uint64_t *word = b->lo >= 64 ? &used_l : &used;

            assert_true(b->lo <= b->hi && (b->lo < 64) == (b->hi < 64));
            assert_int_equal(mask & ~ISA_SLOT_MASK, 0);
            assert_int_equal(*word & mask, 0);
            assert_false(seen[b->field]);
            seen[b->field] = true;
            *word |= mask;
        }
    }
}

static const char *row_name(const struct isa_entry *e, char *buf, size_t size)
{
    snprintf(buf, size, "%s: %s %s", sample_unit_name(e->unit), e->row->name,
             e->row->args ? e->row->args : "");
    return buf;
}

static void check_disjoint(const struct isa_entry *a, const struct isa_entry *b)
{
    char one[80], other[80];

    if ((a->mask & b->mask & (a->match ^ b->match)) == 0)
        fail_msg("%s and %s overlap", row_name(a, one, sizeof(one)), row_name(b, other, sizeof(other)));
}

/* Rows of a unit, and those of A that share I and M with it, select disjoint encodings. */
static void test_rows_disjoint(void **unused)
{
    const struct isa_entry *a, *b;

    (void)unused;
    for (unsigned unit = UNIT_A; unit <= UNIT_X; unit++) {
        for (unsigned i = 0; (a = isa_index_entry(unit, i)) != NULL; i++) {
            if (a->row->flags & ISA_REST)
                continue;
            for (unsigned j = i + 1; (b = isa_index_entry(unit, j)) != NULL; j++) {
                if (!(b->row->flags & ISA_REST))
                    check_disjoint(a, b);
            }
            if (unit != UNIT_I && unit != UNIT_M)
                continue;
            for (unsigned j = 0; (b = isa_index_entry(UNIT_A, j)) != NULL; j++)
                check_disjoint(a, b);
        }
    }
}

/* Every operation has a row, except the one that says there is none. */
static void test_ops_covered(void **unused)
{
    bool seen[OP_COUNT] = {[OP_INVALID] = true};
    const struct isa_entry *e;

    (void)unused;
    for (unsigned unit = UNIT_A; unit <= UNIT_X; unit++) {
        for (unsigned i = 0; (e = isa_index_entry(unit, i)) != NULL; i++)
            seen[e->row->op] = true;
    }
    for (unsigned op = 0; op < OP_COUNT; op++) {
        if (!seen[op])
            fail_msg("operation %u has no row", op);
    }
}

/* An alias narrows exactly one row of the same operation, and prints the same operands. */
static void test_aliases_narrow_rows(void **unused)
{
    const struct isa_entry *a, *e;
    char name[80];

    (void)unused;
    for (unsigned unit = UNIT_A; unit <= UNIT_X; unit++) {
        for (unsigned i = 0; (a = isa_index_alias(unit, i)) != NULL; i++) {
            unsigned found = 0;

            for (unsigned j = 0; (e = isa_index_entry(unit, j)) != NULL; j++) {
                if ((a->mask & e->mask) == e->mask && ((a->match ^ e->match) & e->mask) == 0 &&
                    !(e->row->flags & ISA_REST)) {
                    found++;
                    assert_int_equal(e->row->op, a->row->op);
                    assert_int_equal(e->row->fmt, a->row->fmt);
                }
            }
            if (found != 1)
                fail_msg("alias %s narrows %u rows", row_name(a, name, sizeof(name)), found);
        }
    }
}

/* Every bit of a row's format is either fixed, read by an operand or a direct field. */
static void test_row_fields_used(void **unused)
{
    const struct isa_entry *e;
    char name[80];

    (void)unused;
    for (unsigned unit = UNIT_A; unit <= UNIT_X; unit++) {
        for (unsigned i = 0; (e = isa_index_entry(unit, i)) != NULL; i++) {
            for (const struct isa_bits *b = isa_formats[e->row->fmt]; b->field != FIELD_END; b++) {
                bool used = isa_row_fixes(e->row, b->field) || b->field == QP || b->field == WHC ||
                            e->row->flags & ISA_REST;

                for (const struct isa_completer *c = isa_completers; c->field != FIELD_END; c++)
                    used |= c->field == b->field;
                for (unsigned n = 0; n < e->operand_count; n++)
                    used |= memchr(isa_operands[e->operand[n]].part, b->field, ISA_OPERAND_PARTS) != NULL;
                if (!used)
                    fail_msg("%s does not use field %u", row_name(e, name, sizeof(name)), b->field);
            }
        }
    }
}

static enum isa_unit decoding_unit(const struct isa_entry *e, unsigned sample)
{
    return e->unit != UNIT_A ? (enum isa_unit)e->unit : sample & 1 ? UNIT_I : UNIT_M;
}

/* Encodings made from a row decode to that row; its text assembles to the same bits. */
static void test_encode_decode_text(void **unused)
{
    const struct isa_entry *e;
    uint64_t state = 1, slot, lslot, again, again_l;
    struct insn in;
    char text[160], name[80];

    (void)unused;
    for (unsigned unit = UNIT_A; unit <= UNIT_X; unit++) {
        for (unsigned i = 0; (e = isa_index_entry(unit, i)) != NULL; i++) {
            if (e->row->flags & ISA_REST)
                continue;
            for (unsigned n = 0; n < 20; n++) {
                enum isa_unit as = decoding_unit(e, n);

                sample_encoding(e, &state, &slot, &lslot);
                assert_int_equal(isa_decode(as, slot, lslot, &in), ISA_OK);
                assert_ptr_equal(in.row, e->row);
                assert_int_equal(in.unit, as);
                isa_disasm(&in, 0, text, sizeof(text));
                if (isa_asm(text, as, &again, &again_l) != 0)
                    fail_msg("%s: '%s' not assembled", row_name(e, name, sizeof(name)), text);
                if (again != slot || again_l != lslot)
                    fail_msg("%s: '%s' is %011lx, made of %011lx", row_name(e, name, sizeof(name)), text,
                             (unsigned long)again, (unsigned long)slot);
            }
        }
    }
}

/* Aliases, also those only read, assemble to the row's bits. */
static void test_alias_text(void **unused)
{
    const struct isa_entry *e;
    uint64_t state = 2, slot, lslot, again, again_l;
    char text[160];

    (void)unused;
    for (unsigned unit = UNIT_A; unit <= UNIT_X; unit++) {
        for (unsigned i = 0; (e = isa_index_alias(unit, i)) != NULL; i++) {
            for (unsigned n = 0; n < 20; n++) {
                sample_encoding(e, &state, &slot, &lslot);
                slot &= ~UINT64_C(63);
                isa_print(e, slot, lslot, 0, text, sizeof(text));
                assert_int_equal(isa_asm(text, decoding_unit(e, n), &again, &again_l), 0);
                if (again != slot || again_l != lslot)
                    fail_msg("'%s' is %011lx, made of %011lx", text, (unsigned long)again,
                             (unsigned long)slot);
            }
        }
    }
}

static void test_print_truncates(void **unused)
{
    struct insn in;
    char text[8];

    (void)unused;
    isa_decode(UNIT_B, 0x8000000005, 0, &in); /* br.cond, p5 */
    memset(text, 'x', sizeof(text));
    assert_int_equal(isa_disasm(&in, 0x100, text, 4), 28);
    assert_string_equal(text, "(p0");
    assert_int_equal(text[4], 'x');
    assert_int_equal(isa_disasm(&in, 0x100, NULL, 0), 28);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_fields),
        cmocka_unit_test(test_rows_disjoint),
        cmocka_unit_test(test_ops_covered),
        cmocka_unit_test(test_aliases_narrow_rows),
        cmocka_unit_test(test_row_fields_used),
        cmocka_unit_test(test_encode_decode_text),
        cmocka_unit_test(test_alias_text),
        cmocka_unit_test(test_print_truncates),
    };

    return cmocka_run_group_tests_name("isa tables", tests, NULL, NULL);
}
