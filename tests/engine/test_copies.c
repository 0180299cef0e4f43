/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random copying loops as C libraries have them, interpreted and compiled: both must end in the same state, with the same memory.
 * A function allocates a frame whose registers rotate, copies and returns. Nearly all are set up as a C library does it, and
 * their pages have been found before; in others a page, a count or a predicate is something else.
 * usage: test_copies [programs [seed]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/tlb.h"
#include "tests/engine/twins.h"

enum {
    CODE = 0x10000,
    PAGES = 4, /* of WINDOW: the first and the third one are the same page of DATA; the last one is read-only */
    DATA_SIZE = PAGES * 4096,
    BUNDLES = 12,
    SOF = 24,
    SOL = 16,
    DEFAULT_PROGRAMS = 4000,
};

#define WINDOW UINT64_C(0x2000000000010000)

struct start {
    char text[BUNDLES][3][64];
    struct bundle code[BUNDLES];
    unsigned n;
    uint64_t gr[32 + SOF], pr, psr;
    uint8_t data[DATA_SIZE];
};

/* Bundle @template of three lines. */
static void add(struct start *s, unsigned template, const char *units, const char *first, const char *second, const char *third)
{
    const char *lines[] = { first, second, third };
    uint64_t slot[3], lslot;

    for (unsigned i = 0; i < 3; i++) {
        enum isa_unit unit = units[i] == 'm' ? UNIT_M : units[i] == 'i' ? UNIT_I : UNIT_B;

        snprintf(s->text[s->n][i], sizeof(s->text[0][i]), "%s", lines[i]);
        if (isa_asm(lines[i], unit, &slot[i], &lslot)) {
            printf("no instruction: %s\n", lines[i]);
            exit(1);
        }
    }
    s->code[s->n++] = isa_bundle_make(template, slot[0], slot[1], slot[2]);
}

static void mmi(struct start *s, const char *first, const char *second, const char *third)
{
    add(s, 0x09, "mmi", first, second, third);
}

static void mii(struct start *s, const char *first, const char *second, const char *third)
{
    add(s, 0x01, "mii", first, second, third);
}

/* (p16) ld; (pN) st; br.ctop, for @sor rotating registers. */
static void add_rotating(struct start *s, unsigned sor)
{
    unsigned size = 1u << below(below(2) ? 1 : 4), most = sor < 48 ? sor : 48, stage = below(most);
    unsigned odd = below(3) ? 32 : below(12); /* what is not as a C library has it */
    unsigned count = below(4) ? below(sor) : below(2) ? sor - 1 : below(200);
    const char *sign = PICK("", "-");
    char lc[64], ec[64], load[64], store[64];

    snprintf(lc, sizeof(lc), "mov.i ar.lc=%u", count < 128 ? count : 127);
    snprintf(ec, sizeof(ec), "mov.i ar.ec=%u", stage + (odd == 0 ? 0 : odd == 1 ? 2 : 1));
    mii(s, "nop.m 0", ec, odd == 2 ? "mov pr.rot=0x30000" : "mov pr.rot=0x10000");
    mii(s, "nop.m 0", lc, "nop.i 0");
    snprintf(load, sizeof(load), "(p%u) ld%u r32=[r16],%s%u", odd == 3 ? 17u : 16u, size, sign, size);
    snprintf(store, sizeof(store), "(p%u) st%u [r17]=r%u,%s%u", 16 + stage, size, 32 + (odd == 4 ? below(most) : stage),
             odd == 5 ? "" : sign, size);
    add(s, 0x19, "mmb", load, store, "br.ctop.sptk.few .+0");
}

/* st1; (p6) ld1; cmp.lt; adds; br.cloop: the first byte is in r8. */
static void add_bytes(struct start *s)
{
    unsigned odd = below(3) ? 32 : below(10), count = below(2) ? below(18) : below(90);
    char n[64];

    snprintf(n, sizeof(n), "adds r14=%u,r0", odd == 0 ? below(90) : count);
    mii(s, n, "nop.i 0", "nop.i 0");
    mii(s, "nop.m 0", odd == 1 ? "mov.i ar.lc=r15" : "mov.i ar.lc=r14", odd == 2 ? "cmp.eq p6,p0=0,r14" : "cmp.eq p0,p6=0,r14");
    mmi(s, odd == 3 ? "st1 [r17]=r8" : "st1 [r17]=r8,1", "(p6) ld1 r8=[r16],1", "nop.i 0");
    add(s, 0x11, "mib", "cmp.lt p6,p0=1,r14", "adds r14=-1,r14", "br.cloop.dptk.few .-16");
}

/* In a page, mostly; before the end or behind the start of one now and then. */
static uint64_t random_place(void)
{
    uint64_t page = WINDOW + (below(8) ? below(PAGES - 1) : PAGES - 1) * UINT64_C(4096);

    switch (below(6)) {
    case 0:
        return page + below(4096);
    case 1:
        return page + 4096 - 8 * below(40);
    default:
        return page + 512 + 8 * below(400);
    }
}

static void random_start(struct start *s)
{
    unsigned sor = 8 * (1 + below(12)), sof = sor + below(97 - sor);
    char alloc[64];

    memset(s, 0, sizeof(*s));
    mmi(s, "ld1 r8=[r16]", "ld1 r9=[r17]", "nop.i 0"); /* the pages are found */
    mmi(s, below(8) ? "st1 [r17]=r9" : "nop.m 0", "nop.m 0", "nop.i 0");
    add(s, 0x11, "mib", "nop.m 0", "nop.i 0", "br.call.sptk.many b0=.+32");
    add(s, 0x11, "mib", "nop.m 0", "nop.i 0", "br.cond.sptk.many .+128"); /* CODE + BUNDLES * 16 */
    snprintf(alloc, sizeof(alloc), "alloc r2=ar.pfs,%u,0,%u", sof, sor);
    mii(s, alloc, "nop.i 0", "nop.i 0");
    if (below(4))
        add_rotating(s, sor);
    else
        add_bytes(s);
    mmi(s, "nop.m 0", "nop.m 0", below(4) ? "nop.i 0" : "mov r10=pr");
    add(s, 0x11, "mib", "nop.m 0", "nop.i 0", below(6) ? "nop.b 0" : "clrrrb");
    add(s, 0x11, "mib", "nop.m 0", "nop.i 0", "br.ret.sptk.many b0");
    while (s->n < BUNDLES)
        mmi(s, "nop.m 0", "nop.m 0", "nop.i 0");
    for (unsigned r = 1; r < 32 + SOF; r++)
        s->gr[r] = next();
    s->gr[15] = below(90);
    s->gr[16] = random_place() + (below(3) ? 0 : below(8));
    s->gr[17] = below(3) ? random_place() + (below(3) ? 0 : below(8)) : s->gr[16] + (uint64_t)(int64_t)((int)below(128) - 64);
    if (below(8) == 0) /* the same place by another address */
        s->gr[17] = WINDOW + ((s->gr[16] - WINDOW) ^ 8192) % DATA_SIZE + below(16);
    s->pr = (next() & 0xffff) | 1;
    s->psr = PSR_IC | PSR_DT | (below(6) ? 0 : PSR_AC) | (below(16) ? 0 : PSR_BE);
    for (unsigned i = 0; i < DATA_SIZE; i++)
        s->data[i] = (uint8_t)next();
}

static void map_data(struct machine *m)
{
    static const unsigned place[PAGES] = { 2, 1, 2, 0 };

    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t rights = i + 1 < PAGES ? 2 : 0;
        uint64_t pte = PTE_P | PTE_A | PTE_D | rights << 9 | (DATA + place[i] * UINT64_C(4096));
        struct tlb_entry e;

        if (tlb_make_entry(m->vcpu->v, pte, 12 << 2, WINDOW + i * UINT64_C(4096), &e))
            tlb_insert_tc(m->vcpu->v, TLB_DATA, &e);
    }
}

/* The state after a run, as text, freed by the caller. */
static char *run(struct machine *m, const struct start *s)
{
    struct vcpu *v = m->vcpu->v;

    kia_vcpu_reset(m->vcpu);
    kia_vcpu_purge_all_tc(m->vcpu);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    kia_set_psr(m->vcpu, s->psr);
    kia_set_cfm(m->vcpu, SOF | SOL << 7);
    map_data(m);
    for (unsigned r = 1; r < 32 + SOF; r++)
        gr_set(v, r, s->gr[r], false);
    v->pr = s->pr;
    kia_set_ar(m->vcpu, AR_FPSR, FPSR_DEFAULT);
    kia_mem_write(m->mem, CODE, s->code, sizeof(s->code));
    kia_mem_write(m->mem, DATA, s->data, sizeof(s->data));
    kia_set_ip(m->vcpu, CODE);
    return twin_run(m);
}

static struct start start;

static bool same(struct machine *interpreted, struct machine *compiled)
{
    random_start(&start);
    return twins_same(interpreted, compiled, run(interpreted, &start), run(compiled, &start), DATA_SIZE);
}

static void print_program(void)
{
    printf("  psr 0x%" PRIx64 " r16 0x%" PRIx64 " r17 0x%" PRIx64 "\n", start.psr, start.gr[16], start.gr[17]);
    for (unsigned i = 0; i < BUNDLES; i++)
        printf("  %x %-32s %-32s %s\n", CODE + i * 16, start.text[i][0], start.text[i][1], start.text[i][2]);
}

int main(int argc, char **argv)
{
    static const struct random_test test = {
        "test_copies", DEFAULT_PROGRAMS, { CODE + BUNDLES * 16 }, same, print_program,
    };

    return random_main(&test, argc, argv);
}
