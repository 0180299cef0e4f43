/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random loops, interpreted and compiled: both must end in the same state. Counted, modulo-scheduled and conditional ones, with
 * registers that rotate, side exits, and translated references that walk into pages which are read-only or not there.
 * usage: test_loops [programs [seed]]
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "arch/tlb.h"
#include "tests/engine/twins.h"

enum {
    CODE = 0x10000,
    PAGES = 6,        /* of DATA: the last but one is read-only, the last one not mapped */
    DATA_SIZE = PAGES * 4096,
    BUNDLES = 24,
    SOF = 24,
    DEFAULT_PROGRAMS = 3000,
};

#define WINDOW UINT64_C(0x2000000000010000) /* where DATA is mapped */
/* ---- instructions ---- */

/* Static ones, rotating ones, stacked ones behind them, and one out of frame now and then. */
static unsigned reg(void)
{
    if (below(400) == 0)
        return 32 + SOF + below(3);
    return below(3) ? 8 + below(6) : 32 + below(SOF);
}

static unsigned pointer(void)
{
    return below(8) ? 16 + below(4) : 32 + below(2);
}

static const char *qp(void)
{
    return below(3) ? "" : PICK("(p6) ", "(p7) ", "(p8) ", "(p16) ", "(p17) ", "(p18) ", "(p20) ");
}

static const char *step(void)
{
    return below(2) ? "" : PICK(",1", ",2", ",4", ",8", ",-8", ",16", ",-1", ",64");
}

static void compare(char *line, size_t size)
{
    const char *targets = PICK("p6,p7", "p7,p8", "p8,p6", "p6,p0", "p0,p17", "p16,p17");

    if (below(3))
        snprintf(line, size, "%s%s.%s%s %s=r%u,r%u", qp(), PICK("cmp", "cmp4"),
                 PICK("eq", "lt", "ltu", "le", "leu", "gt"), PICK("", ".unc"), targets, reg(), reg());
    else if (below(2))
        snprintf(line, size, "%scmp.%s.%s %s=r%u,r%u", qp(), PICK("eq", "ne"), PICK("and", "or", "or.andcm"), targets, reg(), reg());
    else
        snprintf(line, size, "%scmp.%s %s=%d,r%u", qp(), PICK("eq", "lt", "ltu"), targets, (int)below(256) - 128, reg());
}

/* For M and I units. */
static void a_line(char *line, size_t size)
{
    switch (below(9)) {
    case 0:
    case 1:
        compare(line, size);
        break;
    case 2:
        snprintf(line, size, "%sshladd r%u=r%u,%u,r%u", qp(), reg(), reg(), 1 + below(4), reg());
        break;
    case 3:
    case 4:
        snprintf(line, size, "%sadds r%u=%d,r%u", qp(), reg(), (int)below(64) - 32, reg());
        break;
    case 5:
        snprintf(line, size, "%saddp4 r%u=r%u,r%u", qp(), reg(), reg(), reg());
        break;
    default:
        snprintf(line, size, "%s%s r%u=r%u,r%u", qp(), PICK("add", "sub", "and", "or", "xor", "andcm"), reg(), reg(), reg());
        break;
    }
}

static unsigned fp_reg(void) { return below(2) ? 6 + below(3) : 32 + below(4); }

static void f_line(char *line, size_t size)
{
    switch (below(8)) {
    case 0:
        snprintf(line, size, "%sfcmp.%s.s0 p6,p7=f%u,f%u", qp(), PICK("eq", "lt", "le"), fp_reg(), fp_reg());
        break;
    case 1:
        snprintf(line, size, "%sfmerge.s f%u=f%u,f%u", qp(), fp_reg(), fp_reg(), fp_reg());
        break;
    case 2:
    case 3:
        snprintf(line, size, "%sfma.%s.s0 f%u=f%u,f%u,f%u", qp(), PICK("d", "d", "s"), fp_reg(), fp_reg(), fp_reg(), fp_reg());
        break;
    default:
        snprintf(line, size, "%s%s.%s.s0 f%u=f%u,f%u", qp(), PICK("fadd", "fsub", "fmpy"), PICK("d", "d", "d", "s"), fp_reg(),
                 fp_reg(), fp_reg());
        break;
    }
}

static void m_line(char *line, size_t size)
{
    switch (below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
        snprintf(line, size, "%s%s r%u=[r%u]%s", qp(), PICK("ld1", "ld2", "ld4", "ld8", "ld8"), reg(), pointer(),
                 below(6) ? step() : ",r24");
        break;
    case 4:
    case 5:
    case 6:
        snprintf(line, size, "%s%s [r%u]=r%u%s", qp(), PICK("st1", "st2", "st4", "st8"), pointer(), reg(), step());
        break;
    case 7:
        snprintf(line, size, "%s%s f%u=[r%u]%s", qp(), PICK("ldfd", "ldfd", "ldfd", "ldfs", "ldf8", "ldf.fill"), fp_reg(),
                 pointer(), PICK("", ",8"));
        break;
    case 8:
        snprintf(line, size, "%s%s [r%u]=f%u%s", qp(), PICK("stfd", "stfd", "stfd", "stfs", "stf8", "stf.spill"), pointer(),
                 fp_reg(), PICK("", ",8"));
        break;
    case 9:
        if (below(4) == 0)
            snprintf(line, size, "ptc.l r21,r22");
        else
            snprintf(line, size, "%s%s r%u=[r%u]", qp(), PICK("ld8.s", "ld4.a", "ld8.a", "ld4.c.nc"), reg(), pointer());
        break;
    case 11:
        if (below(2))
            snprintf(line, size, "%ssetf.%s f%u=r%u", qp(), PICK("sig", "d"), fp_reg(), reg());
        else
            snprintf(line, size, "%sgetf.%s r%u=f%u", qp(), PICK("sig", "d"), reg(), fp_reg());
        break;
    case 10:
        if (below(2)) /* a base that does not move by constants */
            snprintf(line, size, "%sadd r%u=r24,r%u", qp(), pointer(), pointer());
        else
            snprintf(line, size, "%sadds r%u=%d,r%u", qp(), pointer(), (int)below(64) - 32, pointer());
        break;
    default:
        a_line(line, size);
        break;
    }
}

static void i_line(char *line, size_t size)
{
    unsigned pos = below(64), len = 1 + below(64 - pos);

    switch (below(12)) {
    case 0:
        snprintf(line, size, "%sextr%s r%u=r%u,%u,%u", qp(), PICK("", ".u"), reg(), reg(), pos, len);
        break;
    case 1:
        snprintf(line, size, "%sdep.z r%u=r%u,%u,%u", qp(), reg(), reg(), pos, len);
        break;
    case 2:
        snprintf(line, size, "%sdep r%u=r%u,r%u,%u,%u", qp(), reg(), reg(), reg(), pos, 1 + below(len < 16 ? len : 16));
        break;
    case 3:
        snprintf(line, size, "%sshrp r%u=r%u,r%u,%u", qp(), reg(), reg(), reg(), pos);
        break;
    case 4:
        snprintf(line, size, "%s%s r%u=r%u,r%u", qp(), PICK("shl", "shr", "shr.u"), reg(), reg(), reg());
        break;
    case 5:
        snprintf(line, size, "%s%s%u r%u=r%u", qp(), PICK("sxt", "zxt"), 1u << below(3), reg(), reg());
        break;
    case 6:
        snprintf(line, size, "%s%s r%u=r%u,r%u", qp(), PICK("mix4.r", "mix4.l", "unpack4.l", "padd4"), reg(), reg(), reg());
        break;
    case 7:
        snprintf(line, size, "%stbit.%s p6,p7=r%u,%u", qp(), PICK("z", "nz"), reg(), pos);
        break;
    case 8:
        if (below(6) == 0) {
            snprintf(line, size, "mov r%u=pr", reg());
            break;
        }
        /* fall through */
    default:
        a_line(line, size);
        break;
    }
}

/* ---- programs ---- */

struct start {
    char text[BUNDLES][3][64];
    struct bundle code[BUNDLES];
    unsigned n;
    uint64_t gr[32 + SOF], pr, psr, cfm, lc, ec;
    struct ia64_fr fr[128];
    uint8_t data[DATA_SIZE];
};

/* Two M, or an M and an I, instructions, and a branch if there is one. */
static void add_bundle(struct start *s, const char *branch)
{
    uint64_t slot[3], lslot;
    char (*text)[64] = s->text[s->n];

    slot[0] = assemble(m_line, UNIT_M, text[0], sizeof(text[0]));
    if (!branch) {
        slot[1] = assemble(m_line, UNIT_M, text[1], sizeof(text[1]));
        if (below(3) == 0) {
            slot[2] = assemble(f_line, UNIT_F, text[2], sizeof(text[2]));
            s->code[s->n++] = isa_bundle_make(0x0f, slot[0], slot[1], slot[2]); /* MMF with a stop at the end */
            return;
        }
        slot[2] = assemble(i_line, UNIT_I, text[2], sizeof(text[2]));
        s->code[s->n++] = isa_bundle_make(0x09, slot[0], slot[1], slot[2]); /* MMI with a stop at the end */
        return;
    }
    slot[1] = assemble(i_line, UNIT_I, text[1], sizeof(text[1]));
    snprintf(text[2], sizeof(text[2]), "%s", branch);
    if (isa_asm(branch, UNIT_B, &slot[2], &lslot))
        slot[2] = NOP_B;
    s->code[s->n++] = isa_bundle_make(0x11, slot[0], slot[1], slot[2]); /* MIB with a stop at the end */
}

/* Leaves the loop for @bottom + 1 when r23 has come down below 0: no loop is endless. */
static void add_guard(struct start *s, unsigned bottom)
{
    char branch[64];
    uint64_t slot[3], lslot;

    snprintf(branch, sizeof(branch), "(p9) br.cond.dpnt.few .+%u", (bottom + 1 - s->n) * 16);
    isa_asm("adds r23=-1,r23", UNIT_M, &slot[0], &lslot);
    isa_asm("cmp.lt p9,p0=r23,r0", UNIT_I, &slot[1], &lslot);
    isa_asm(branch, UNIT_B, &slot[2], &lslot);
    snprintf(s->text[s->n][0], sizeof(s->text[0][0]), "guard");
    s->code[s->n++] = isa_bundle_make(0x11, slot[0], slot[1], slot[2]);
}

/* A load and a compare-and-exchange that may find what was loaded, or another semaphore: two bundles. */
static void add_semaphore(struct start *s)
{
    unsigned size = 1u << below(4), p = 18 + below(3), large = below(2) ? 4 : 8;
    char (*text)[64] = s->text[s->n], (*second)[64] = s->text[s->n + 1];
    uint64_t slot[3], lslot;

    snprintf(text[0], sizeof(text[0]), "ld%u r8=[r%u]", below(4) ? size : 8, p);
    snprintf(text[1], sizeof(text[1]), "xchg%u r%u=[r%u],r%u", size, reg(), p, reg());
    slot[2] = assemble(i_line, UNIT_I, text[2], sizeof(text[2]));
    isa_asm(text[0], UNIT_M, &slot[0], &lslot);
    if (below(2) || isa_asm(text[1], UNIT_M, &slot[1], &lslot)) {
        snprintf(text[1], sizeof(text[1]), "nop.m 0");
        slot[1] = NOP_M;
    }
    s->code[s->n++] = isa_bundle_make(0x09, slot[0], slot[1], slot[2]);
    snprintf(second[0], sizeof(second[0]), "mov.m ar.ccv=r8");
    if (below(3))
        snprintf(second[1], sizeof(second[1]), "cmpxchg%u.%s r9=[r%u],r10,ar.ccv", size, PICK("acq", "rel"), p);
    else
        snprintf(second[1], sizeof(second[1]), "fetchadd%u.acq r9=[r%u],%s", large, p, PICK("1", "-1", "16", "-8"));
    slot[2] = assemble(i_line, UNIT_I, second[2], sizeof(second[2]));
    isa_asm(second[0], UNIT_M, &slot[0], &lslot);
    isa_asm(second[1], UNIT_M, &slot[1], &lslot);
    s->code[s->n++] = isa_bundle_make(0x09, slot[0], slot[1], slot[2]);
}

/* A loop of a few bundles, with side exits behind it. */
static void add_loop(struct start *s, unsigned bundles)
{
    const char *kind = PICK("br.cloop.sptk", "br.cloop.sptk", "br.ctop.sptk", "br.ctop.sptk", "(p16) br.wtop.sptk",
                            "(p7) br.cond.sptk");
    unsigned top = s->n, bottom = top + bundles - 1;
    char branch[64];

    add_guard(s, bottom);
    while (s->n < bottom) {
        snprintf(branch, sizeof(branch), "%sbr.cond.dpnt.few .+%u", PICK("(p6) ", "(p8) ", "(p18) "),
                 below(8) ? (bottom + 1 - s->n) * 16 : (1 + below(bottom + 1 - s->n)) * 16);
        if (s->n + 2 <= bottom && below(6) == 0) {
            add_semaphore(s);
            continue;
        }
        add_bundle(s, below(8) ? NULL : branch);
    }
    snprintf(branch, sizeof(branch), "%s.few .-%u", kind, (bottom - top) * 16);
    add_bundle(s, branch);
}

/* The load and the store of a copying loop of @stages steps, through general or floating-point registers. */
static void copy_slots(struct start *s, unsigned stages, const char *from_sign, const char *to_sign)
{
    char (*text)[64] = s->text[s->n];
    const char *form = below(2) ? "8" : "d", *to = below(16) ? "r17" : "r16";
    unsigned size = 1u << below(4), stored = 32 + (below(16) ? stages : below(8));

    if (below(2)) {
        snprintf(text[0], sizeof(text[0]), "(p16) ld%u r32=[r16],%s%u", size, from_sign, size);
        snprintf(text[1], sizeof(text[1]), "(p%u) st%u [%s]=r%u,%s%u", 16 + stages, size, to, stored, to_sign, size);
        return;
    }
    snprintf(text[0], sizeof(text[0]), "(p16) ldf%s f32=[r16],%s8", form, from_sign);
    snprintf(text[1], sizeof(text[1]), "(p%u) stf%s [%s]=f%u,%s8", 16 + stages, below(16) ? form : "d", to, stored, to_sign);
}

/* A copying loop as in C libraries, with EC and predicates made for it or not; jit/copy_loop*.c know these. */
static void add_copy(struct start *s)
{
    unsigned stages = 1 + below(below(2) ? 6 : 15);
    const char *from_sign = below(2) ? "" : "-", *to_sign = below(4) ? from_sign : "-";
    char (*text)[64] = s->text[s->n];
    uint64_t slot[3], lslot;

    if (below(4)) {
        if (below(2)) /* overlapping, near or far */
            snprintf(text[0], sizeof(text[0]), "adds r17=%d,r16", (int)below(below(2) ? 64 : 512) * (below(2) ? 1 : -1));
        else
            snprintf(text[0], sizeof(text[0]), "nop.m 0");
        snprintf(text[1], sizeof(text[1]), "mov.i ar.ec=%u", stages + (below(4) ? 1 : below(3)));
        snprintf(text[2], sizeof(text[2]), "mov pr.rot=0x10000");
        isa_asm(text[0], UNIT_M, &slot[0], &lslot);
        isa_asm(text[1], UNIT_I, &slot[1], &lslot);
        isa_asm(text[2], UNIT_I, &slot[2], &lslot);
        s->code[s->n++] = isa_bundle_make(0x01, slot[0], slot[1], slot[2]); /* MII with a stop at the end */
        text = s->text[s->n];
    }
    copy_slots(s, stages, from_sign, to_sign);
    snprintf(text[2], sizeof(text[2]), "br.ctop.sptk.few .+0");
    isa_asm(text[0], UNIT_M, &slot[0], &lslot);
    isa_asm(text[1], UNIT_M, &slot[1], &lslot);
    isa_asm(text[2], UNIT_B, &slot[2], &lslot);
    s->code[s->n++] = isa_bundle_make(0x19, slot[0], slot[1], slot[2]); /* MMB */
}

static uint64_t random_value(void)
{
    switch (below(4)) {
    case 0:
        return below(200);
    case 1:
        return WINDOW + below(DATA_SIZE);
    default:
        return next() >> below(64);
    }
}

/* Anywhere in the pages that can be written, or right before or behind the end of a page. */
static uint64_t random_place(void)
{
    switch (below(6)) {
    case 0:
        return WINDOW + below(DATA_SIZE);
    case 1:
    case 2:
        return WINDOW + (1 + below(PAGES - 1)) * UINT64_C(4096) + (below(3) ? -8 : 8) * (int)below(10);
    default:
        return WINDOW + below(4 * 512) * 8;
    }
}

static void random_start(struct start *s)
{
    memset(s, 0, sizeof(*s));
    while (s->n < BUNDLES) {
        unsigned left = BUNDLES - s->n, bundles = 2 + below(6);

        if (left >= 2 && below(6) == 0)
            add_copy(s);
        else if (bundles <= left && below(4))
            add_loop(s, bundles);
        else
            add_bundle(s, below(8) ? NULL : PICK("clrrrb", "clrrrb.pr", "br.cexit.sptk.few .+32"));
    }
    for (unsigned r = 1; r < 32 + SOF; r++)
        s->gr[r] = random_value();
    for (unsigned r = 16; r < 21; r++)
        s->gr[r] = random_place();
    s->gr[12] = WINDOW + 2048;
    s->gr[32] = s->gr[16];
    s->gr[33] = s->gr[17];
    s->gr[21] = WINDOW + below(4) * 4096;
    s->gr[22] = 12 << 2;
    s->gr[23] = 1 + below(250);
    s->gr[24] = below(4) ? 4 * below(20) : below(2) ? 4096 : -UINT64_C(8);
    for (unsigned f = 2; f < 128; f++)
        s->fr[f] = fp_from_double(UINT64_C(0x3ff0000000000000) + (next() >> 12));
    s->pr = next() | 1;
    if (below(8) == 0) { /* nothing but a copy, that crosses pages */
        s->n = 0;
        add_copy(s);
        while (s->n < BUNDLES)
            add_bundle(s, "nop.b 0");
    }
    s->lc = below(3) ? below(40) : below(1200);
    s->ec = below(10);
    s->cfm = SOF | (uint64_t)below(3) << 14;
    s->psr = PSR_IC | PSR_DT | (below(6) ? 0 : PSR_AC) | (below(16) ? 0 : PSR_BE);
    for (unsigned i = 0; i < DATA_SIZE; i++)
        s->data[i] = (uint8_t)next();
}

/* ---- runs ---- */

static void map_data(struct machine *m)
{
    for (unsigned i = 0; i + 1 < PAGES; i++) {
        uint64_t rights = i + 2 < PAGES ? 2 : 0; /* read and write, or read only */
        uint64_t pte = PTE_P | PTE_A | PTE_D | rights << 9 | (DATA + (PAGES - 1 - i) * UINT64_C(4096)); /* none is next to another */
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
    kia_set_cfm(m->vcpu, s->cfm);
    map_data(m);
    for (unsigned r = 1; r < 32 + SOF; r++)
        gr_set(v, r, s->gr[r], false);
    for (unsigned f = 2; f < 128; f++)
        fr_set(v, f, s->fr[f]);
    v->pr = s->pr;
    kia_set_ar(m->vcpu, AR_FPSR, FPSR_DEFAULT);
    kia_set_ar(m->vcpu, AR_LC, s->lc);
    kia_set_ar(m->vcpu, AR_EC, s->ec);
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
    printf("  psr 0x%" PRIx64 " cfm 0x%" PRIx64 " lc %" PRIu64 " ec %" PRIu64 "\n", start.psr, start.cfm, start.lc, start.ec);
    for (unsigned i = 0; i < BUNDLES; i++)
        printf("  %x %-32s %-32s %s\n", CODE + i * 16, start.text[i][0], start.text[i][1], start.text[i][2]);
}

int main(int argc, char **argv)
{
    static const struct random_test test = {
        "test_loops", DEFAULT_PROGRAMS, { CODE + BUNDLES * 16 }, same, print_program,
    };

    return random_main(&test, argc, argv);
}
