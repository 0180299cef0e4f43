/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables against GNU binutils: as must give our bits, objdump our text, random slots the same. */
#include "tests/isa/sample.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef IA64_AS

#define SAMPLES 6            /* per row or alias */
#define RANDOM_BUNDLES 400000
#define MAX_LINE 256

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[4][128];
    static unsigned next;

    next = (next + 1) % 4;
    snprintf(path[next], sizeof(path[0]), "%s/%s", dir, name);
    return path[next];
}

static int make_dir(void **unused)
{
    (void)unused;
    snprintf(dir, sizeof(dir), "/tmp/isa-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **unused)
{
    static const char *const names[] = {"in.bin", "in.s", "in.o", "out.bin"};

    (void)unused;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(in_dir(names[i]));
    return rmdir(dir);
}

/* Open objdump on in.bin; its next_insn() gives the text of one instruction after another. */
static FILE *open_objdump(void)
{
    char command[512];
    FILE *f;

    snprintf(command, sizeof(command), "%s -D -b binary -m ia64 %s", IA64_OBJDUMP, in_dir("in.bin"));
    f = popen(command, "r");
    assert_non_null(f);
    return f;
}

/* Lines with an instruction have three columns: address, six bytes, text. */
static const char *next_insn(FILE *f, char *line)
{
    while (fgets(line, MAX_LINE, f)) {
        char *tab = strchr(line, '\t');
        char *text = tab ? strchr(tab + 1, '\t') : NULL;

        if (text && line[0] == ' ') {
            text[strcspn(text, "\n")] = '\0';
            return text + 1;
        }
    }
    fail_msg("objdump's output ends early");
    return NULL;
}

static void put_bundle(FILE *f, struct bundle b)
{
    assert_int_equal(fwrite(&b, sizeof(b), 1, f), 1);
}

/* A slot of a template for each unit, with the stops that rows which must be first or last need. */
struct place {
    uint8_t tmpl, slot;
    const char *before, *after; /* the rest of the bundle for the assembler */
};

static const struct place places[] = {
    [UNIT_M] = {0x0b, 0, ".mmi", ";; nop.m 0 ; nop.i 0 ;;"},
    [UNIT_I] = {0x01, 2, ".mii nop.m 0 ; nop.i 0 ;", ";;"},
    [UNIT_F] = {0x0f, 2, ".mmf nop.m 0 ; nop.m 0 ;", ";;"},
    [UNIT_B] = {0x1d, 2, ".mfb nop.m 0 ; nop.f 0 ;", ";;"},
    [UNIT_X] = {0x05, 2, ".mlx nop.m 0 ;", ";;"},
};

static struct bundle place_insn(enum isa_unit unit, uint64_t slot, uint64_t lslot)
{
    static const char *const nops[] = {[UNIT_M] = "nop.m 0", [UNIT_I] = "nop.i 0", [UNIT_F] = "nop.f 0"};
    const struct isa_template *t = &isa_templates[places[unit].tmpl];
    uint64_t s[3];

    for (unsigned i = 0; i < 3; i++) {
        if (i == places[unit].slot)
            s[i] = slot;
        else if (t->unit[i] == UNIT_L)
            s[i] = lslot;
        else
            assert_int_equal(isa_asm(nops[t->unit[i]], t->unit[i], &s[i], NULL), 0);
    }
    return isa_bundle_make(places[unit].tmpl, s[0], s[1], s[2]);
}

/* Instructions in a bundle as objdump counts them: an L slot has none. */
static unsigned insns_before(unsigned tmpl, unsigned slot)
{
    return slot - (slot == 2 && isa_templates[tmpl].unit[1] == UNIT_L);
}

/* Call fn for SAMPLES encodings of every row and, if asked, alias. */
typedef void (*sample_fn)(const struct isa_entry *e, enum isa_unit unit, uint64_t slot, uint64_t lslot,
                          void *arg);

static void for_entry(const struct isa_entry *e, uint64_t *state, sample_fn fn, void *arg)
{
    uint64_t slot, lslot;

    for (unsigned n = 0; n < SAMPLES; n++) {
        enum isa_unit unit = e->unit != UNIT_A ? (enum isa_unit)e->unit : n & 1 ? UNIT_I : UNIT_M;

        sample_encoding(e, state, &slot, &lslot);
        if (e->row->op == OP_ALLOC) { /* binutils: alloc is not predicated, its sizes are checked */
            slot &= ~UINT64_C(63);
            isa_field_put(isa_field_bits(FMT_M34, SOF), 96, &slot, &lslot);
            isa_field_put(isa_field_bits(FMT_M34, SOL), sample_random(state) % 97, &slot, &lslot);
            isa_field_put(isa_field_bits(FMT_M34, SOR), sample_random(state) % 13, &slot, &lslot);
        }
        if (e->row->op == OP_HINT && unit == UNIT_M) /* binutils: 9500-series mov dahr lies in imm21 */
            slot &= ~(UINT64_C(0xffff) << 10) & ~(UINT64_C(1) << 36);
        if (isa_field_bits(e->row->fmt, AR3)) { /* binutils: each half belongs to one unit */
            isa_field_put(isa_field_bits(e->row->fmt, AR3),
                          sample_random(state) % 32 + (unit == UNIT_I ? 64 : 0), &slot, &lslot);
        }
        if (e->row->op == OP_FCLASS) /* binutils: neither @pos nor @neg in the mask means both */
            slot |= UINT64_C(1) << 33;
        if (e->row->flags & ISA_PLAIN)
            slot &= ~UINT64_C(63);
        fn(e, unit, slot, lslot, arg);
    }
}

static void for_samples(bool plain, sample_fn fn, void *arg)
{
    uint64_t state = 3;
    const struct isa_entry *e;

    for (unsigned unit = UNIT_A; unit <= UNIT_X; unit++) {
        for (unsigned i = 0; (e = isa_index_entry(unit, i)) != NULL; i++) {
            if (!(e->row->flags & ISA_REST))
                for_entry(e, &state, fn, arg);
        }
        for (unsigned i = 0; (e = isa_index_alias(unit, i)) != NULL; i++) {
            if (plain || !(e->row->flags & ISA_PLAIN))
                for_entry(e, &state, fn, arg);
        }
    }
}

static void write_sample(const struct isa_entry *e, enum isa_unit unit, uint64_t slot, uint64_t lslot,
                         void *arg)
{
    (void)e;
    put_bundle(arg, place_insn(unit, slot, lslot));
}

struct compare {
    FILE *objdump;
    uint64_t ip;
};

static void compare_sample(const struct isa_entry *e, enum isa_unit unit, uint64_t slot, uint64_t lslot,
                           void *arg)
{
    struct compare *c = arg;
    struct bundle b = place_insn(unit, slot, lslot);
    char line[MAX_LINE], ours[MAX_LINE];
    unsigned count = insns_before(places[unit].tmpl, 2) + 1;

    (void)e;
    for (unsigned i = 0; i < count; i++) {
        const char *theirs = next_insn(c->objdump, line);

        if (i != insns_before(places[unit].tmpl, places[unit].slot))
            continue;
        isa_disasm_slot(b, places[unit].slot, c->ip, ours, sizeof(ours));
        assert_string_equal(ours, theirs);
    }
    c->ip += 16;
}

/* objdump prints of our encodings what our disassembler prints. */
static void test_rows_objdump(void **unused)
{
    FILE *f = fopen(in_dir("in.bin"), "wb");
    struct compare c = {NULL, 0};

    (void)unused;
    assert_non_null(f);
    for_samples(false, write_sample, f);
    fclose(f);
    c.objdump = open_objdump();
    for_samples(false, compare_sample, &c);
    pclose(c.objdump);
}

/* Our text in the form that as reads: targets from the label, alloc with four numbers. */
static void put_as_text(FILE *f, const struct isa_entry *e, enum isa_unit unit, uint64_t slot, uint64_t lslot,
                        uint64_t ip)
{
    char text[MAX_LINE];
    bool target = false;
    struct insn in;

    for (unsigned i = 0; i < e->operand_count; i++)
        target |= isa_operands[e->operand[i]].cls == CLASS_TARGET;
    isa_decode(unit, slot, lslot, &in);
    fprintf(f, "{ %s ", places[unit].before);
    if (e->row->op == OP_ALLOC) {
        fprintf(f, "alloc r%u=ar.pfs,%u,0,%u,%u", in.r1, in.sol, in.sof - in.sol, in.sor);
    } else {
        if (e->row->flags & ISA_ALIAS || e->row->flags & ISA_PLAIN)
            isa_print(e, slot, lslot, ip, text, sizeof(text));
        else
            isa_disasm(&in, ip, text, sizeof(text));
        for (const char *s = text; *s; s++) {
            if (s == text + 2 && *s == '0') /* (p06) */
                continue;
            if (target && strncmp(s, "0x", 2) == 0)
                fputs(".L0+", f);
            fputc(*s, f);
        }
    }
    fprintf(f, " %s }\n", places[unit].after);
}

struct as_file {
    FILE *f;
    uint64_t ip;
};

static void write_as(const struct isa_entry *e, enum isa_unit unit, uint64_t slot, uint64_t lslot,
                     void *arg)
{
    struct as_file *a = arg;

    put_as_text(a->f, e, unit, slot, lslot, a->ip);
    a->ip += 16;
}

static void compare_as(const struct isa_entry *e, enum isa_unit unit, uint64_t slot, uint64_t lslot,
                       void *arg)
{
    struct as_file *a = arg;
    struct bundle want = place_insn(unit, slot, lslot), got;
    char text[MAX_LINE];

    assert_int_equal(fread(&got, sizeof(got), 1, a->f), 1);
    if (got.lo != want.lo || got.hi != want.hi) {
        isa_print(e, slot, lslot, a->ip, text, sizeof(text));
        print_error("%s %s: as %016lx %016lx, ours %016lx %016lx\n", sample_unit_name(unit), text,
                    (unsigned long)got.hi, (unsigned long)got.lo, (unsigned long)want.hi,
                    (unsigned long)want.lo);
        fail();
    }
    a->ip += 16;
}

/* as makes of our text the bits that it came from. */
static void test_rows_as(void **unused)
{
    struct as_file a = {fopen(in_dir("in.s"), "w"), 0};
    char command[1024];

    (void)unused;
    assert_non_null(a.f);
    fprintf(a.f, "\t.explicit\n\t.text\n.L0:\n");
    for_samples(true, write_as, &a);
    fclose(a.f);
    snprintf(command, sizeof(command),
             "%s -W -mhint.b=ok -xnone -o %s %s 2>&1 && %s -O binary -j .text %s %s", IA64_AS,
             in_dir("in.o"), in_dir("in.s"), IA64_OBJCOPY, in_dir("in.o"), in_dir("out.bin"));
    assert_int_equal(system(command), 0);
    a.f = fopen(in_dir("out.bin"), "rb");
    assert_non_null(a.f);
    a.ip = 0;
    for_samples(true, compare_as, &a);
    fclose(a.f);
}

/* ---- random slots ---- */

#define U(u) (1u << UNIT_##u)
#define BITS(hi, lo) (((UINT64_C(2) << ((hi) - (lo))) - 1) << (lo))
#define AT(value, lo) ((uint64_t)(value) << (lo))

/*
 * Where binutils and the SDM differ. An entry applies if the slot is one of units', its masked bits
 * match, some bit of nonzero is set (where given) and objdump's text contains theirs.
 */
static const struct difference {
    unsigned units;
    uint64_t mask, match, nonzero;
    const char *theirs;
    const char *why;
} differences[] = {
    /* fields that are 0 in the SDM's figures and that binutils does not look at */
    {U(I) | U(M), BITS(36, 35), AT(2, 35), BITS(19, 13), "cmp", "A7: the r2 field is 0"},
    {U(I), BITS(40, 31) | BITS(29, 28), AT(7, 37) | AT(1, 34) | AT(1, 33) | AT(1, 31) | AT(1, 28),
     BITS(19, 13), "", "I9: the r2 field is 0"},
    {U(I), BITS(40, 37) | BITS(35, 34) | BITS(19, 19) | BITS(13, 13), AT(5, 37) | BITS(19, 19) | BITS(13, 13),
     BITS(26, 20), "tf.", "I30: the r3 field is 0"},
    {U(M), BITS(40, 37) | BITS(35, 27), AT(0xc, 27), BITS(5, 0), "flushrs", "M25: the qp field is 0"},
    {U(M), BITS(40, 37) | BITS(35, 27), AT(0xa, 27), BITS(5, 0), "loadrs", "M25: the qp field is 0"},
    {U(B), BITS(40, 37) | BITS(32, 32), 0, BITS(5, 0), "", "B8: the qp field is 0"},
    {U(B), BITS(40, 37), AT(4, 37), BITS(5, 0), "br.c", "B2: the qp field is 0"},
    /* reserved values */
    {U(I) | U(M), BITS(40, 32) | BITS(28, 27), AT(8, 37) | AT(1, 34) | AT(1, 33) | BITS(28, 27), 0, "add2",
     "A10: ct2d 3 is reserved"},
    {U(I), BITS(40, 28), AT(7, 37) | AT(3, 34) | AT(2, 30) | AT(2, 28), 0, "mux1", "I3: reserved mbt4c"},
    {U(M), BITS(40, 39) | BITS(29, 28), AT(1, 39) | AT(2, 28), 0, "data8", "reserved hint: acts as none"},
    {U(M), BITS(40, 39) | BITS(35, 34) | BITS(29, 28), AT(1, 39) | BITS(35, 34) | AT(1, 28), 0, "data8",
     "reserved hint of a store: acts as none"},
    {U(I), BITS(40, 37) | BITS(35, 33) | BITS(21, 20), BITS(35, 33) | BITS(21, 20), 0, "data8",
     "I21: reserved wh acts as sptk"},
    {U(B), BITS(40, 37) | BITS(32, 32), AT(1, 37), 0, "data8", "B5: reserved wh"},
    {U(B), BITS(40, 37) | BITS(3, 3), AT(2, 37) | BITS(3, 3), 0, "data8", "B7: reserved wh"},
    /* ignored opcodes, which execute as nop */
    {U(B), BITS(40, 37) | BITS(32, 27), AT(1, 27), 0, "data8", "ignored opcode 0, x6 1"},
    {U(B), BITS(40, 37), AT(2, 37), BITS(32, 27), "data8", "ignored opcode 2, x6"},
    {U(B), BITS(40, 37), AT(3, 37), 0, "data8", "ignored opcode 3"},
    {U(B), BITS(40, 37), AT(6, 37), 0, "data8", "ignored opcode 6"},
    /* what SDM 2.3 does not have */
    {U(M), BITS(40, 37), AT(1, 37), 0, "msr[", "model-specific registers have no architected form"},
    {U(M), BITS(40, 37), AT(1, 37), 0, "dahr", "9500 series: data access hint registers"},
    {U(M), BITS(40, 37) | BITS(35, 26), AT(3, 26), BITS(36, 36) | BITS(25, 10), "",
     "9500 series: mov to dahr in the immediate of hint.m, which shortens it"},
    {U(M), BITS(40, 39), AT(1, 39), 0, ".d", "9500 series: hints in ignored bits"},
    {U(M), BITS(40, 39), AT(1, 39), 0, "lfetch.count", "9500 series: lfetch.count in ignored bits"},
    /* spelling */
    {U(M), BITS(40, 37) | BITS(35, 33), AT(1, 37) | AT(6, 33), BITS(5, 0), "alloc", "predicate not printed"},
};

#define DIFFERENCES (sizeof(differences) / sizeof(differences[0]))

/* The entry that explains a difference, or NULL. */
static const struct difference *explained(unsigned unit, uint64_t slot, const char *theirs)
{
    for (unsigned i = 0; i < DIFFERENCES; i++) {
        const struct difference *d = &differences[i];

        if (d->units & 1u << unit && (slot & d->mask) == d->match && (!d->nonzero || slot & d->nonzero) &&
            strstr(theirs, d->theirs))
            return d;
    }
    return NULL;
}

/* Random bits, bent towards what pseudo-ops look at: register 0, equal registers, f1, predicate 0. */
static uint64_t random_slot(uint64_t *state)
{
    uint64_t s = sample_random(state) & ISA_SLOT_MASK, how = sample_random(state);

    if (how & 1)
        s &= ~BITS(5, 0);
    switch (how >> 1 & 15) {
    case 0:
        return s & ~BITS(26, 20);
    case 1:
        return s & ~BITS(19, 13);
    case 2:
        return (s & ~BITS(19, 13)) | (s >> 7 & BITS(19, 13));
    case 3:
        return (s & ~BITS(33, 27)) | AT(1, 27);
    case 4:
        return s & ~BITS(36, 31);
    case 5:
        return (s & ~BITS(32, 27)) | (s << 7 & BITS(32, 27)); /* dep.z as shl */
    case 6:
        return (s & ~BITS(32, 27)) | (~s << 13 & BITS(32, 27)); /* extr as shr */
    default:
        return s;
    }
}

static struct bundle random_bundle(uint64_t *state)
{
    static const uint8_t tmpl[] = {0x03, 0x05, 0x04, 0x0b, 0x0f, 0x13, 0x17, 0x1c};
    uint64_t s0 = random_slot(state), s1 = random_slot(state), s2 = random_slot(state);

    return isa_bundle_make(tmpl[sample_random(state) % sizeof(tmpl)], s0, s1, s2);
}

static void test_random_slots(void **unused)
{
    FILE *f = fopen(in_dir("in.bin"), "wb");
    uint64_t state = 4;
    char line[MAX_LINE], ours[MAX_LINE];
    unsigned slots = 0, bad = 0, per_unit[UNIT_COUNT] = {0}, times[DIFFERENCES] = {0};

    (void)unused;
    assert_non_null(f);
    for (unsigned i = 0; i < RANDOM_BUNDLES; i++)
        put_bundle(f, random_bundle(&state));
    fclose(f);
    state = 4;
    f = open_objdump();
    for (uint64_t ip = 0; ip < RANDOM_BUNDLES * 16; ip += 16) {
        struct bundle b = random_bundle(&state);

        for (unsigned slot = 0; slot < 3; slot++) {
            unsigned unit = isa_bundle_template(b)->unit[slot];
            const struct difference *d;
            const char *theirs;

            if (unit == UNIT_L)
                continue;
            theirs = next_insn(f, line);
            isa_disasm_slot(b, slot, ip, ours, sizeof(ours));
            slots++;
            per_unit[unit]++;
            if (strcmp(ours, theirs) == 0)
                continue;
            d = explained(unit, isa_bundle_slot(b, slot), theirs);
            if (d)
                times[d - differences]++;
            else if (bad++ < 20)
                print_error("%s %011lx: ours '%s', objdump '%s'\n", sample_unit_name(unit),
                            (unsigned long)isa_bundle_slot(b, slot), ours, theirs);
        }
    }
    pclose(f);
    print_message("%u slots: I %u, M %u, F %u, B %u, X %u\n", slots, per_unit[UNIT_I], per_unit[UNIT_M],
                  per_unit[UNIT_F], per_unit[UNIT_B], per_unit[UNIT_X]);
    for (unsigned i = 0; i < DIFFERENCES; i++) {
        print_message("%6u differ: %s\n", times[i], differences[i].why);
        assert_int_not_equal(times[i], 0); /* an entry that explains nothing is out of date */
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_objdump),
        cmocka_unit_test(test_rows_as),
        cmocka_unit_test(test_random_slots),
    };

    return cmocka_run_group_tests_name("isa against binutils", tests, make_dir, remove_dir);
}

#else

int main(void)
{
    return 77; /* skipped: no binutils for ia64-linux-gnu */
}

#endif
