/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random floating-point programs, interpreted and compiled: both must end in the same state. Few registers,
 * so that results are operands soon; values around the borders of the formats; predicated ones, rotating
 * ones, memory, FPSR read and written in between. usage: test_fp_jit [programs [seed]]
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/tlb.h"
#include "tests/engine/twins.h"

enum {
    SECOND_PAGE = 0x11000,
    FIRST_BUNDLES = 20,                        /* of a program in front of the second page */
    CODE = SECOND_PAGE - FIRST_BUNDLES * 16,
    OTHER_PAGE = 0x21000,                      /* mapped there in its place, at times */
    DATA_WORDS = 2048,
    BUNDLES = 40,
    DEFAULT_PROGRAMS = 3000,
};

/* ---- values ---- */

/* A double near something: limits of the double and single formats, 2^53, 2^63, halves, small integers. */
static uint64_t random_double(void)
{
    static const uint64_t exponents[] = { 0,    1,    2,    52,   53,   54,   871,  872,  873,  874,  895,
                                          896,  897,  898,  899,  970,  1000, 1022, 1023, 1024, 1025, 1075,
                                          1076, 1085, 1086, 1087, 1149, 1150, 1151, 1152, 2045, 2046, 2047 };
    static const uint64_t fractions[] = { 0,
                                          1,
                                          2,
                                          UINT64_C(0xfffffffffffff),
                                          UINT64_C(0xffffffffffffe),
                                          UINT64_C(0x8000000000000),
                                          UINT64_C(0x7ffffffffffff),
                                          0x10000000,
                                          0x20000000,
                                          0x30000000,
                                          0x0fffffff,
                                          UINT64_C(0xfffffe0000000),
                                          UINT64_C(0xffffff0000000) };
    uint64_t sign = next() & UINT64_C(0x8000000000000000);
    uint64_t exp = exponents[below(sizeof(exponents) / sizeof(*exponents))];
    uint64_t fraction = fractions[below(sizeof(fractions) / sizeof(*fractions))];

    switch (below(8)) {
    case 0:
        return next();
    case 1:
        return sign;
    case 2:
        return sign | (UINT64_C(1020) + below(8)) << 52 | (uint64_t)below(16) << 48;
    case 3:
        return sign | exp << 52 | (next() & UINT64_C(0xfffffe0000000));
    case 4:
        return sign | (UINT64_C(1020) + below(8)) << 52 | (next() & UINT64_C(0xfffffffffffff));
    default:
        return sign | exp << 52 | (fraction ^ (below(4) ? 0 : next() & 3));
    }
}

static uint64_t random_integer(void)
{
    uint64_t edge = UINT64_C(1) << below(64);

    switch (below(4)) {
    case 0:
        return next();
    case 1:
        return below(100);
    case 2:
        return edge + below(3) - 1;
    default:
        return -(edge + below(3) - 1);
    }
}

static struct ia64_fr random_fr(void)
{
    switch (below(24)) {
    case 0:
        return FP_NATVAL;
    case 1:
        return (struct ia64_fr){ .sig = next(), .se = next() & 0x3ffff };
    case 2:
        return fp_from_single((uint32_t)next());
    case 3:
    case 4:
    case 5:
        return fp_from_int(random_integer());
    case 6:
        return (struct ia64_fr){ .sig = next() | UINT64_C(1) << 63, .se = 0xfff0 + below(32) };
    default:
        return fp_from_double(random_double());
    }
}

/* ---- programs ---- */

static const unsigned some_f[] = { 0, 1, 6, 7, 8, 9, 10, 11, 32, 33, 34, 35 };

static unsigned source(void)
{
    return some_f[below(sizeof(some_f) / sizeof(*some_f))];
}
static unsigned target(void)
{
    return some_f[2 + below(sizeof(some_f) / sizeof(*some_f) - 2)];
}

static const char *qp(void)
{
    static const char *const some[] = { "(p6) ", "(p7) ", "(p16) " };

    return below(4) ? "" : some[below(3)];
}

/* Mostly sf0, as in real programs. */
static const char *sf(void)
{
    return below(3) ? "s0" : PICK("s0", "s1", "s2", "s3");
}

static void f_line(char *line, size_t size)
{
    unsigned f1 = target(), f2 = source(), f3 = source(), f4 = source();

    switch (below(21)) {
    case 20:
        snprintf(line, size, "%s%s.%s f%u=f%u,f%u,f%u", qp(), PICK("fpma", "fpms", "fpnma"), sf(), f1, f3, f4,
                 below(3) ? f2 : 0);
        break;
    case 0:
        snprintf(line, size, "%sfcmp.%s%s.%s p6,p7=f%u,f%u", qp(), PICK("eq", "lt", "le", "unord"),
                 PICK("", ".unc"), sf(), f2, f3);
        break;
    case 1:
        snprintf(line, size, "%s%s.%s f%u=f%u,f%u", qp(), PICK("fmin", "fmax", "famin", "famax"), sf(), f1,
                 f2, f3);
        break;
    case 2:
        snprintf(line, size, "%sfmerge.%s f%u=f%u,f%u", qp(), PICK("s", "ns", "se"), f1, f2,
                 below(2) ? f2 : f3);
        break;
    case 3:
        snprintf(line, size, "%sfcvt.%s.%s f%u=f%u", qp(), PICK("fx", "fxu", "fx.trunc", "fxu.trunc"), sf(),
                 f1, f2);
        break;
    case 4:
        snprintf(line, size, "%sfcvt.xf f%u=f%u", qp(), f1, f2);
        break;
    case 5:
        snprintf(line, size, "%sxma.%s f%u=f%u,f%u,f%u", qp(), PICK("l", "h", "hu"), f1, f3, f4, f2);
        break;
    case 6:
        snprintf(line, size, "%sfrcpa.%s f%u,p%u=f%u,f%u", qp(), sf(), f1, 6 + below(2), f2, f3);
        break;
    case 7:
        snprintf(line, size, "%sfrsqrta.%s f%u,p%u=f%u", qp(), sf(), f1, 6 + below(2), f3);
        break;
    case 8:
        snprintf(line, size, "%sfclass.m p6,p7=f%u,0x%x", qp(), f2, below(512));
        break;
    case 9:
        if (below(2))
            snprintf(line, size, "fclrf.%s", sf());
        else
            snprintf(line, size, "fsetc.%s 0x7f,0x%x", PICK("s1", "s2", "s3"), below(4) ? 0x40 : 0x42);
        break;
    default:
        if (below(3) == 0) /* without an addend, or without a factor */
            snprintf(line, size, "%s%s%s.%s f%u=f%u,f%u,f%u", qp(), PICK("fma", "fms", "fnma"),
                     PICK("", ".s", ".d", ".d", ".s"), sf(), f1, f3, below(2) ? 1 : f4, below(2) ? 0 : f2);
        else
            snprintf(line, size, "%s%s%s.%s f%u=f%u,f%u,f%u", qp(), PICK("fma", "fms", "fnma"),
                     PICK("", ".s", ".d", ".d", ".s"), sf(), f1, f3, f4, f2);
        break;
    }
}

static void m_line(char *line, size_t size)
{
    unsigned f1 = target(), f2 = source(), r = 8 + below(4);

    switch (below(15)) {
    case 10:
        snprintf(line, size, "%srum %u", qp(), 16 * (1 + below(3))); /* psr.mfl, mfh */
        break;
    case 0:
        snprintf(line, size, "%ssetf.%s f%u=r%u", qp(), PICK("sig", "sig", "d", "s", "exp"), f1,
                 12 + below(8));
        break;
    case 1:
        snprintf(line, size, "%sgetf.%s r%u=f%u", qp(), PICK("sig", "sig", "d", "s", "exp"), 12 + below(8),
                 f2);
        break;
    case 2:
    case 3:
        snprintf(line, size, "%s%s f%u=[r%u]%s", qp(),
                 PICK("ldfd", "ldfs", "ldf8", "ldfe", "ldf.fill", "ldfd"), f1, r,
                 PICK("", ",8", ",16", ",-8"));
        break;
    case 4:
    case 5:
        snprintf(line, size, "%s%s [r%u]=f%u%s", qp(),
                 PICK("stfd", "stfs", "stf8", "stfe", "stf.spill", "stfd"), r, f2,
                 PICK("", ",8", ",16", ",-8"));
        break;
    case 6:
        snprintf(line, size, "%s%s f%u,f%u=[r%u]", qp(), PICK("ldfpd", "ldfps", "ldfp8"), 6 + 2 * below(3),
                 7 + 2 * below(3), r);
        break;
    case 7:
        snprintf(line, size, "%smov.m r%u=ar.fpsr", qp(), 12 + below(8));
        break;
    case 8:
        snprintf(line, size, "%s%s r%u=[r%u]", qp(), PICK("ld8", "ld4"), 12 + below(8), r);
        break;
    case 9:
        snprintf(line, size, "%sldfd.%s f%u=[r%u]", qp(), PICK("a", "c.nc", "s", "c.clr"), f1, r);
        break;
    default:
        snprintf(line, size, "%sadds r%u=%d,r%u", qp(), 12 + below(8), (int)below(100), 12 + below(8));
        break;
    }
}

/*
 * Divisions and square roots as compilers and libraries spell them out. a-f stand for registers, P for a
 * predicate; a line that begins with "M " is for an M unit, "X " a movl.
 */
static const char *const divide_d[] = {
    "M ldfd a=[r8]",
    "M ldfd b=[r9]",
    "frcpa.s0 c,P=a,b",
    "(P) fnma.s1 d=b,c,f1",
    "(P) fma.s1 e=d,d,f0",
    "(P) fma.s1 d=c,d,c",
    "(P) fma.s1 f=e,e,f0",
    "(P) fma.s1 d=d,e,d",
    "(P) fma.s1 d=d,f,d",
    "(P) fma.d.s1 e=a,d,f0",
    "(P) fnma.s1 a=b,e,a",
    "(P) fma.d.s0 c=a,d,e",
    NULL,
};
static const char *const divide_s[] = {
    "M ldfs a=[r8]",         "M ldfs b=[r9]",
    "frcpa.s0 c,P=a,b",      "(P) fnma.s1 d=b,c,f1",
    "(P) fma.s1 e=c,d,c",    "(P) fma.s1 e=e,d,c",
    "(P) fma.s.s1 d=a,e,f0", "(P) fnma.s1 a=d,b,a",
    "(P) fma.s.s0 c=a,e,d",  NULL,
};
static const char *const divide_i[] = {
    "M setf.sig a=r12",
    "M setf.sig b=r13",
    "fcvt.xf a=a",
    "fcvt.xf b=b",
    "frcpa.s1 c,P=a,b",
    "(P) fnma.s1 d=b,c,f1",
    "(P) fma.s1 e=a,c,f0",
    "(P) fma.s1 f=d,d,f0",
    "(P) fma.s1 e=d,e,e",
    "(P) fma.s1 c=d,c,c",
    "(P) fma.s1 d=f,e,e",
    "(P) fma.s1 c=f,c,c",
    "(P) fnma.s1 e=b,d,a",
    "M setf.sig b=r13",
    "(P) fma.s1 c=e,c,d",
    "fcvt.fx.trunc.s1 c=c",
    NULL,
};
static const char *const divide_u[] = {
    "M setf.sig a=r12",    "M setf.sig b=r13",     "fma.s1 a=a,f1,f0",      "fma.s1 b=b,f1,f0",
    "frcpa.s1 c,P=a,b",    "(P) fnma.s1 d=b,c,f1", "(P) fma.s1 e=a,c,f0",   "(P) fma.s1 f=d,d,f0",
    "(P) fma.s1 e=d,e,e",  "(P) fma.s1 c=d,c,c",   "(P) fma.s1 d=f,e,e",    "(P) fma.s1 c=f,c,c",
    "(P) fnma.s1 e=b,d,a", "(P) fma.s1 c=e,c,d",   "fcvt.fxu.trunc.s1 c=c", NULL,
};
static const char *const sqrt_d[] = {
    "M ldfd a=[r8]",
    "X movl r20=0xfffe",
    "frsqrta.s0 g,P=a",
    "M setf.exp c=r20",
    "X movl r20=0x3fc00000",
    "M setf.s d=r20",
    "X movl r20=0x40200000",
    "M setf.s e=r20",
    "(P) fma.s1 b=c,g,f0",
    "X movl r20=0x40fc0000",
    "M setf.s f=r20",
    "(P) fma.s1 g=a,g,f0",
    "X movl r20=0x41670000",
    "M setf.s h=r20",
    "(P) fnma.s1 c=g,b,c",
    "X movl r20=0x408c0000",
    "M setf.s i=r20",
    "(P) fma.s1 d=e,c,d",
    "(P) fma.s1 e=c,c,f0",
    "(P) fma.s1 f=h,c,f",
    "(P) fma.s1 d=e,d,c",
    "(P) fma.s1 e=e,e,f0",
    "(P) fma.s1 c=c,f,i",
    "(P) fma.s1 f=d,g,g",
    "(P) fma.s1 g=g,e,f0",
    "(P) fma.s1 d=e,c,d",
    "(P) fma.d.s1 g=c,g,f",
    "(P) fma.s1 b=d,b,b",
    "(P) fnma.s1 c=g,g,a",
    "(P) fma.d.s0 a=c,b,g",
    NULL,
};
static const char *const sqrt_s[] = {
    "M ldfs a=[r8]",       "X movl r20=0xfffe",   "frsqrta.s0 b,P=a",     "M setf.exp f=r20",
    "(P) fma.s1 c=f,b,f0", "(P) fma.s1 b=a,b,f0", "(P) fnma.s1 d=b,c,f",  "(P) fma.s1 f=f,f1,f1",
    "(P) fma.s1 f=f,d,f1", "(P) fma.s1 e=d,b,f0", "(P) fma.s1 d=d,c,f0",  "(P) fma.s.s1 b=f,e,b",
    "(P) fma.s1 f=f,d,c",  "(P) fnma.s1 c=b,b,a", "(P) fma.s.s0 a=c,f,b", NULL,
};
static const char *const *const recipes[] = { divide_d, divide_s, divide_i, divide_u, sqrt_d, sqrt_s };

struct start {
    char text[BUNDLES][2][64];
    struct bundle code[BUNDLES];
    unsigned n;
    struct ia64_fr fr[128];
    uint64_t gr[32], pr, fpsr, psr, cfm, lc, ec;
    bool nat, other_page; /* OTHER_PAGE in place of SECOND_PAGE */
    uint64_t data[DATA_WORDS];
};

static void add_bundle(struct start *s, const char *m, const char *f)
{
    uint64_t m_slot = NOP_M, f_slot = NOP_M, lslot;
    struct bundle *b = &s->code[s->n];

    snprintf(s->text[s->n][0], sizeof(s->text[0][0]), "%s", m);
    snprintf(s->text[s->n][1], sizeof(s->text[0][1]), "%s", f);
    if (!strncmp(m, "movl", 4)) {
        isa_asm(m, UNIT_X, &f_slot, &lslot);
        *b = isa_bundle_make(0x05, NOP_M, lslot, f_slot); /* MLX */
    } else {
        if (*m)
            isa_asm(m, UNIT_M, &m_slot, &lslot);
        if (*f)
            isa_asm(f, UNIT_F, &f_slot, &lslot);
        *b = isa_bundle_make(0x0f, m_slot, NOP_M, f_slot); /* MMF with a stop at the end */
    }
    s->n++;
}

static void random_bundle(struct start *s)
{
    char m[64], f[64];

    assemble(m_line, UNIT_M, m, sizeof(m));
    assemble(f_line, UNIT_F, f, sizeof(f));
    add_bundle(s, m, f);
}

/* A recipe's line with registers for its letters. */
static void substitute(char *out, const char *line, const unsigned regs[9], unsigned p)
{
    for (char before = '\n'; *line; before = *line++) {
        bool word = line[1] >= 'a' && line[1] <= 'z';

        if (*line == 'P')
            out += sprintf(out, "p%u", p);
        else if (*line >= 'a' && *line <= 'i' && strchr(" ,=", before) && !word &&
                 !(line[1] >= '0' && line[1] <= '9'))
            out += sprintf(out, "f%u", regs[*line - 'a']);
        else
            *out++ = *line;
    }
    *out = 0;
}

/* A division or square root, pure or with random instructions in between. */
static void recipe(struct start *s)
{
    const char *const *lines = recipes[below(sizeof(recipes) / sizeof(*recipes))];
    unsigned regs[9], p = 6 + below(2), disturb = below(3) ? 0 : 1 + below(6);

    for (unsigned i = 0; i < 9; i++) {
        bool again;

        do {
            again = false;
            regs[i] = target();
            for (unsigned k = 0; k < i; k++)
                again |= regs[k] == regs[i] && below(200);
        } while (again);
    }
    for (; *lines && s->n < BUNDLES; lines++) {
        char line[64], m[64] = "";

        substitute(line, *lines, regs, p);
        if (line[1] == ' ') {
            add_bundle(s, line + 2, "");
            continue;
        }
        if (disturb && below(disturb) == 0)
            assemble(m_line, UNIT_M, m, sizeof(m));
        add_bundle(s, m, line);
        if (disturb && below(disturb + 2) == 0 && s->n < BUNDLES)
            random_bundle(s);
    }
}

/* What real loops work on: numbers of usual size, so that results are of that kind for some iterations. */
static struct ia64_fr tame_fr(bool single)
{
    uint64_t bits = (next() & UINT64_C(0x800fffffe0000000)) | (UINT64_C(1019) + below(8)) << 52;

    if (!single)
        bits |= next() & 0x1fffffff;
    return fp_from_double(below(10) ? bits : 0);
}

/* Arithmetic of one precision on few registers, as most of a loop. */
static void tame_line(char *line, size_t size, bool single)
{
    unsigned f1 = target(), f2 = source(), f3 = source(), f4 = source();

    if (below(5) == 0)
        snprintf(line, size, "fcmp.%s.s0 p6,p7=f%u,f%u", PICK("eq", "lt", "le"), f2, f3);
    else
        snprintf(line, size, "%s%s%s.s0 f%u=f%u,f%u,f%u", qp(), PICK("fma", "fms", "fnma"), single ? ".s" : ".d", f1,
                 f3, below(3) ? f4 : 1, below(3) ? f2 : 0);
}

static void add_branch(struct start *s, unsigned to)
{
    const char *kind = PICK("br.cloop.sptk", "br.cloop.sptk", "br.cloop.sptk", "br.ctop.sptk");
    uint64_t b_slot, lslot;
    int back = (int)(s->n - to) * 16;

    snprintf(s->text[s->n][1], sizeof(s->text[0][1]), "%s.few .%+d", kind, -back);
    if (isa_asm(s->text[s->n][1], UNIT_B, &b_slot, &lslot))
        abort();
    s->code[s->n++] = isa_bundle_make(0x1d, NOP_M, UINT64_C(1) << 27, b_slot); /* MFB with a stop at the end */
}

/* A loop that is a unit of its own; values that become something else in the middle of it, too. */
static void random_loop(struct start *s)
{
    unsigned top = s->n, size = 1 + below(12), tame = below(4), single = below(2);
    char m[64] = "", f[64];

    for (unsigned i = 0; i < size && s->n + 1 < BUNDLES; i++) {
        if (tame && below(8)) {
            tame_line(f, sizeof(f), single);
            add_bundle(s, "", f);
        } else if (below(10) == 0) {
            recipe(s);
        } else {
            random_bundle(s);
        }
    }
    if (below(6) == 0 && s->n + 2 < BUNDLES) {
        snprintf(m, sizeof(m), "%srum %u", qp(), 16 * (1 + below(3)));
        add_bundle(s, m, "");
    }
    if (tame == 1 && s->n + 2 < BUNDLES) {
        snprintf(m, sizeof(m), "%s [r%u]=f%u,8", single ? "stfs" : "stfd", 8 + below(4), target());
        add_bundle(s, m, "");
    }
    if (s->n < BUNDLES)
        add_branch(s, top);
    if (tame) {
        for (unsigned k = 2; k < sizeof(some_f) / sizeof(*some_f); k++)
            s->fr[some_f[k]] = below(40) ? tame_fr(single) : random_fr();
    }
}

static void random_start(struct start *s)
{
    memset(s, 0, sizeof(*s));
    for (unsigned f = 2; f < 128; f++)
        s->fr[f] = random_fr();
    s->lc = below(20);
    s->ec = below(4);
    if (below(2))
        random_loop(s);
    while (s->n < BUNDLES) {
        if (below(12))
            random_bundle(s);
        else
            recipe(s);
    }
    for (unsigned r = 8; r < 12; r++)
        s->gr[r] = DATA + 64 + below(2000) * 8 + (below(8) ? 0 : below(8));
    for (unsigned r = 12; r < 20; r++)
        s->gr[r] = below(2) ? random_integer() : random_double();
    s->nat = below(16) == 0;
    s->pr = next() | 1;
    s->fpsr = FPSR_DEFAULT;
    if (below(4)) /* flags are sticky, and mostly set */
        s->fpsr |= UINT64_C(0x80040000);
    if (below(8) == 0)
        s->fpsr = (s->fpsr & ~UINT64_C(0x1ff)) | (next() & 0x3f) | (uint64_t)below(2) << 6 |
                  (uint64_t)below(2) << 7;
    if (below(8) == 0)
        s->fpsr ^= (uint64_t)below(4) << 10 | (uint64_t)below(4) << 23;
    s->psr = PSR_IC | (below(8) ? 0 : PSR_AC) | (below(16) ? 0 : PSR_BE);
    if (below(2)) /* a user's: units may run over the end of a page */
        s->psr |= PSR_CPL | (below(2) ? PSR_IT : 0);
    s->cfm = 0;
    for (unsigned i = 0; i < DATA_WORDS; i++)
        s->data[i] = below(4) ? random_double() : below(2) ? next() : random_integer();
}

/* The same program with another end, from the page's border on; in the same memory or in other. */
static void new_end(struct start *s)
{
    s->n = FIRST_BUNDLES;
    while (s->n < BUNDLES)
        random_bundle(s);
    s->other_page = (s->psr & PSR_IT) && below(2);
}

/* ---- runs ---- */

/* Only what is new: what was made of the rest stays. */
static void write_code(struct machine *m, const struct start *s)
{
    for (unsigned i = 0; i < BUNDLES; i++) {
        bool other = s->other_page && i >= FIRST_BUNDLES;
        uint64_t at = other ? OTHER_PAGE + (i - FIRST_BUNDLES) * 16 : CODE + i * 16;

        if (memcmp(kia_mem_hva(m->mem, at, 16), &s->code[i], 16))
            kia_mem_write(m->mem, at, &s->code[i], 16);
    }
}

static void map_code(struct machine *m, uint64_t va, uint64_t pa, unsigned ps)
{
    const uint64_t pte = pa | PTE_P | PTE_A | PTE_D | 3 << 7 | 1 << 9; /* read and execute at any level */
    struct tlb_entry e;

    if (tlb_make_entry(m->vcpu->v, pte, ps << 2, va, &e))
        tlb_insert_tc(m->vcpu->v, TLB_INST, &e);
}

/* One run of the program. Return: as twin_run(). */
static char *run_once(struct machine *m, const struct start *s)
{
    struct vcpu *v = m->vcpu->v;

    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    kia_set_psr(m->vcpu, s->psr);
    kia_set_cfm(m->vcpu, s->cfm);
    for (unsigned r = 1; r < 32; r++)
        gr_set(v, r, s->gr[r], s->nat && r == 15);
    for (unsigned f = 2; f < 128; f++)
        fr_set(v, f, s->fr[f]);
    v->pr = s->pr;
    kia_set_ar(m->vcpu, AR_FPSR, s->fpsr);
    kia_set_ar(m->vcpu, AR_LC, s->lc);
    kia_set_ar(m->vcpu, AR_EC, s->ec);
    kia_mem_write(m->mem, DATA, s->data, sizeof(s->data));
    kia_set_ip(m->vcpu, CODE);
    return twin_run(m);
}

/* The state after two runs, the second with all translations at hand, as text, freed by the caller. */
static char *run(struct machine *m, const struct start *s)
{
    kia_vcpu_reset(m->vcpu);
    map_code(m, CODE & ~0xfff, CODE & ~0xfff, 12);
    map_code(m, SECOND_PAGE, s->other_page ? OTHER_PAGE : SECOND_PAGE, 12);
    map_code(m, IVT, IVT, 16);
    write_code(m, s);
    free(run_once(m, s));
    return run_once(m, s);
}

static struct start start;

static bool same_end(struct machine *interpreted, struct machine *compiled)
{
    return twins_same(interpreted, compiled, run(interpreted, &start), run(compiled, &start), DATA_WORDS * 8);
}

/* Some run again with another end. */
static bool same(struct machine *interpreted, struct machine *compiled)
{
    bool equal;

    random_start(&start);
    equal = same_end(interpreted, compiled);
    for (unsigned k = below(3); k && equal; k--) {
        new_end(&start);
        equal = same_end(interpreted, compiled);
    }
    return equal;
}

static void print_program(void)
{
    printf("  fpsr 0x%" PRIx64 " psr 0x%" PRIx64 " pr 0x%" PRIx64 "\n", start.fpsr, start.psr, start.pr);
    for (unsigned i = 2; i < sizeof(some_f) / sizeof(*some_f); i++)
        printf("  f%u %05" PRIx64 " %016" PRIx64 "\n", some_f[i], start.fr[some_f[i]].se, start.fr[some_f[i]].sig);
    for (unsigned i = 0; i < BUNDLES; i++)
        printf("  %x %-40s %s\n", CODE + i * 16, start.text[i][0], start.text[i][1]);
}

int main(int argc, char **argv)
{
    static const struct random_test test = {
        "test_fp_jit", DEFAULT_PROGRAMS,
        { CODE + BUNDLES * 16, OTHER_PAGE + (BUNDLES - FIRST_BUNDLES) * 16 },
        same, print_program,
    };

    return random_main(&test, argc, argv);
}
