/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways from unit to unit: what a fault behind a branch says of it, which way conditional branches go, interrupts and kicks in a
 * chain of units, new code behind a branch, and returns. Each program runs so often that its branches are linked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/engine/accels.h"
#include "tests/engine/machine.h"

enum { CODE = 0x10000, VECTOR_BREAK = 0x2c, VECTOR_GENERAL = 0x54, VECTOR_NAT = 0x56, ROUNDS = 300 };

#define N(array) (sizeof(array) / sizeof(*(array)))
#define NOTHING "{ .mib nop.m 0 ; nop.i 0 ; nop.b 0 ;; }"
#define BRANCH(by) "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few " by " ;; }"

static int setup(void **state)
{
    static struct machine machine, *const m = &machine;

    assert_true(machine_open(m, accel));
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    machine_close(*state);
    return 0;
}

static uint64_t gr(struct machine *m, unsigned r) { return kia_get_gr(m->vcpu, r, NULL); }

/* From CODE, in an empty register stack with a frame of @sof registers. */
static void begin(struct machine *m, unsigned sof)
{
    kia_set_psr(m->vcpu, PSR_IC);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    kia_set_cfm(m->vcpu, sof);
    kia_set_pr(m->vcpu, 1);
    kia_set_ip(m->vcpu, CODE);
    for (unsigned r = 8; r < 12; r++)
        kia_set_gr(m->vcpu, r, 0);
}

/* Runs to a gate. Return: its number */
static unsigned run(struct machine *m)
{
    kia_vcpu_run(m->vcpu, &m->run);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
    return m->run.gate;
}

/* ---- faults: CR.IIPA is the last bundle of which an instruction was completed (SDM Vol.2 3.3.5.7) ---- */

/* Round by round r8 counts down to 0; then r14 becomes the contents of r15, which is no address. */
struct fault_case {
    const char *name, *code[8];
    unsigned iip, ri, iipa, vector; /* bundles by index */
};
static const struct fault_case faults[] = {
    { "forward",
      { "{ .mib adds r8=-1,r8 ; nop.i 0 ; br.cond.sptk.few +0x30 ;; }", NOTHING, NOTHING,
        "{ .mii ld8 r10=[r14] ; cmp.eq p6,p7=r0,r8 ; nop.i 0 ;; }",
        "{ .mib nop.m 0 ; (p6) mov r14=r15 ; br.cond.sptk.few -0x40 ;; }" },
      3, 0, 0, VECTOR_GENERAL },
    { "second instruction",
      { "{ .mib adds r8=-1,r8 ; nop.i 0 ; br.cond.sptk.few +0x30 ;; }", NOTHING, NOTHING,
        "{ .mmi nop.m 0 ; ld8 r10=[r14] ; cmp.eq p6,p7=r0,r8 ;; }",
        "{ .mib nop.m 0 ; (p6) mov r14=r15 ; br.cond.sptk.few -0x40 ;; }" },
      3, 1, 3, VECTOR_GENERAL },
    { "second bundle",
      { "{ .mib adds r8=-1,r8 ; nop.i 0 ; br.cond.sptk.few +0x20 ;; }", NOTHING,
        "{ .mii nop.m 0 ; cmp.eq p6,p7=r0,r8 ; nop.i 0 ;; }", "{ .mii ld8 r10=[r14] ; nop.i 0 ; nop.i 0 ;; }",
        "{ .mib nop.m 0 ; (p6) mov r14=r15 ; br.cond.sptk.few -0x40 ;; }" },
      3, 0, 2, VECTOR_GENERAL },
    { "back",
      { "{ .mmi ld8 r10=[r14] ; adds r8=-1,r8 ; nop.i 0 ;; }", "{ .mii nop.m 0 ; cmp.eq p6,p7=r0,r8 ; nop.i 0 ;; }",
        "{ .mib nop.m 0 ; (p6) mov r14=r15 ; br.cond.sptk.few +0x20 ;; }", NOTHING, BRANCH("-0x40") },
      0, 0, 4, VECTOR_GENERAL },
    { "from the second of two places",
      { "{ .mii adds r8=-1,r8 ; nop.i 0 ; nop.i 0 ;; }", "{ .mii cmp.eq p6,p0=r0,r8 ; tbit.z p8,p9=r8,0 ; nop.i 0 ;; }",
        "{ .mib nop.m 0 ; nop.i 0 ; (p8) br.cond.sptk.few +0x20 ;; }", BRANCH("+0x20"), BRANCH("+0x10"),
        "{ .mii ld8 r10=[r14] ; nop.i 0 ; nop.i 0 ;; }", "{ .mib nop.m 0 ; (p6) mov r14=r15 ; br.cond.sptk.few -0x60 ;; }" },
      5, 0, 3, VECTOR_GENERAL }, /* r8 = -1 */
    { "from the first of two places",
      { "{ .mii adds r8=-1,r8 ; nop.i 0 ; nop.i 0 ;; }", "{ .mii cmp.eq p6,p0=1,r8 ; tbit.z p8,p9=r8,0 ; nop.i 0 ;; }",
        "{ .mib nop.m 0 ; nop.i 0 ; (p8) br.cond.sptk.few +0x20 ;; }", BRANCH("+0x20"), BRANCH("+0x10"),
        "{ .mii ld8 r10=[r14] ; nop.i 0 ; nop.i 0 ;; }", "{ .mib nop.m 0 ; (p6) mov r14=r15 ; br.cond.sptk.few -0x60 ;; }" },
      5, 0, 4, VECTOR_GENERAL }, /* r8 = 0 */
    { "break",
      { "{ .mii adds r8=-1,r8 ; nop.i 0 ; nop.i 0 ;; }", "{ .mib cmp.eq p6,p0=r0,r8 ; nop.i 0 ; br.cond.sptk.few +0x20 ;; }",
        NOTHING, "{ .mib (p6) break.m 0x123 ; nop.i 0 ; br.cond.sptk.few -0x30 ;; }" },
      3, 0, 1, VECTOR_BREAK },
    { "break that a seldom taken branch leads to",
      { "{ .mii adds r8=-1,r8 ; nop.i 0 ; nop.i 0 ;; }", "{ .mib cmp.eq p6,p0=r0,r8 ; nop.i 0 ; nop.b 0 ;; }",
        "{ .mib nop.m 0 ; nop.i 0 ; (p6) br.cond.spnt.few +0x20 ;; }", BRANCH("-0x30"),
        "{ .mib break.m 0x123 ; nop.i 0 ; nop.b 0 ;; }" },
      4, 0, 2, VECTOR_BREAK },
    { "a branch hinted not taken",
      { "{ .mii adds r8=-1,r8 ; nop.i 0 ; nop.i 0 ;; }", "{ .mii cmp.eq p6,p7=r0,r8 ; cmp.eq p8,p9=5,r0 ; nop.i 0 ;; }",
        "{ .mib nop.m 0 ; nop.i 0 ; (p9) br.cond.spnt.few +0x20 ;; }", NOTHING,
        "{ .mii ld8 r10=[r14] ; nop.i 0 ; nop.i 0 ;; }", "{ .mib nop.m 0 ; (p6) mov r14=r15 ; br.cond.sptk.few -0x50 ;; }" },
      4, 0, 2, VECTOR_GENERAL },
    { "NaT", /* UNAT's bit is set for [r16] */
      { "{ .mib adds r8=-1,r8 ; nop.i 0 ; br.cond.sptk.few +0x30 ;; }", NOTHING,
        "{ .mib (p6) ld8.fill r14=[r16] ; nop.i 0 ; br.cond.sptk.few +0x20 ;; }",
        "{ .mib nop.m 0 ; cmp.eq p6,p0=r0,r8 ; br.cond.sptk.few -0x10 ;; }",
        "{ .mib ld8 r10=[r14] ; nop.i 0 ; br.cond.sptk.few -0x40 ;; }" },
      4, 0, 2, VECTOR_NAT },
};

static void expect_fault(struct machine *m, const struct fault_case *f)
{
    uint64_t iip, iipa, ri;
    unsigned gate;

    begin(m, 0);
    kia_set_gr(m->vcpu, 8, ROUNDS);
    kia_set_gr(m->vcpu, 14, DATA);
    kia_set_gr(m->vcpu, 15, UINT64_C(1) << 62); /* a bit that no physical address has (SDM Vol.2 4.3.3) */
    kia_set_gr(m->vcpu, 16, DATA);
    kia_set_ar(m->vcpu, AR_UNAT, 1);
    gate = run(m);
    iip = kia_get_cr(m->vcpu, CR_IIP) - CODE;
    iipa = kia_get_cr(m->vcpu, CR_IIPA) - CODE;
    ri = kia_get_cr(m->vcpu, CR_IPSR) >> 41 & 3;
    if (gate != GATE_IVT + f->vector || iip != f->iip * 16 || iipa != f->iipa * 16 || ri != f->ri)
        fail_msg("%s: gate 0x%x, iip bundle %u, ri %u, iipa bundle %u", f->name, gate, (unsigned)iip / 16, (unsigned)ri,
                 (unsigned)iipa / 16);
}

static void test_iipa(void **state)
{
    struct machine *m = *state;

    machine_add_vectors(m);
    for (size_t i = 0; i < N(faults); i++) {
        size_t n = 0;

        while (n < N(faults[i].code) && faults[i].code[n])
            n++;
        assert_true(machine_write_code(m, CODE, faults[i].code, n));
        expect_fault(m, &faults[i]);
        expect_fault(m, &faults[i]); /* all is linked */
    }
}

/* A register beyond the frame is not written, though the way to it was linked for a larger frame (SDM Vol.1 4.1.1). */
static void test_frame(void **state)
{
    static const char *const code[] = {
        "{ .mib adds r8=-1,r8 ; nop.i 0 ; (p8) br.cond.sptk.few +0x30 ;; }", BRANCH("+0x40"), NOTHING,
        "{ .mib mov r60=r8 ; cmp.eq p6,p7=r0,r8 ; nop.b 0 ;; }",
        "{ .mib nop.m 0 ; nop.i 0 ; (p7) br.cond.sptk.few -0x40 ;; }",
    };
    static const struct { unsigned sof, gate, rest; } runs[] = {
        { 29, GATE_END, 0 }, { 28, GATE_IVT + VECTOR_GENERAL, ROUNDS - 1 }, { 29, GATE_END, 0 }, { 0, GATE_IVT + VECTOR_GENERAL, ROUNDS - 1 },
    };
    struct machine *m = *state;

    machine_add_vectors(m);
    assert_true(machine_write_code(m, CODE, code, N(code)));
    kia_vm_add_gate(m->vm, CODE + N(code) * 16, GATE_END, KIA_GATE_FALL);
    for (size_t i = 0; i < N(runs); i++) {
        begin(m, runs[i].sof);
        kia_set_pr(m->vcpu, 1 | 1 << 8);
        kia_set_gr(m->vcpu, 8, ROUNDS);
        assert_int_equal(run(m), runs[i].gate);
        assert_int_equal(gr(m, 8), runs[i].rest);
        if (runs[i].gate != GATE_END)
            assert_int_equal(kia_get_cr(m->vcpu, CR_IIP), CODE + 0x30);
    }
}

/* ---- conditional branches ---- */

enum { PAIRS = 60 };
enum relation { EQ, LT, LTU, EQ4, LT4, LTU4, EQ_IMM, LT_IMM, LTU_IMM, LT_ZERO, EQ_ZERO, BIT };
static const char *const conditions[] = { "cmp.eq", "cmp.lt", "cmp.ltu", "cmp4.eq", "cmp4.lt", "cmp4.ltu",
                                          "cmp.eq", "cmp.lt", "cmp.ltu", "cmp.lt", "cmp.eq", "tbit.z" };
static const unsigned bits[] = { 0, 1, 31, 32, 62, 63 };

struct branch_case {
    enum relation relation;
    unsigned bit, p1, p2, r; /* operand: r; the other is r + 1 */
    bool by_p2, unc, off;    /* off: the qualifying predicate is 0 */
    bool mostly;
    const char *hint;
};

static bool holds(const struct branch_case *c, uint64_t a, uint64_t b)
{
    switch (c->relation) {
    case EQ: return a == b;
    case LT: return (int64_t)a < (int64_t)b;
    case LTU: return a < b;
    case EQ4: return (uint32_t)a == (uint32_t)b;
    case LT4: return (int32_t)a < (int32_t)b;
    case LTU4: return (uint32_t)a < (uint32_t)b;
    case EQ_IMM: return a == 5;
    case LT_IMM: return -5 < (int64_t)a;
    case LTU_IMM: return 7 < a;
    case LT_ZERO: return (int64_t)a > 0;
    case EQ_ZERO: return a == 0;
    default: return !(a >> c->bit & 1);
    }
}

static uint64_t random_word(void)
{
    static const uint64_t some[] = { 0, 1, 5, 7, 8, UINT64_MAX, -(uint64_t)5, INT64_MAX, (uint64_t)INT64_MIN, INT32_MAX,
                                     0x80000000, 0xffffffff, 0x100000000, 0x100000005 };
    static uint64_t x = 88172645463325252;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x >> 60 < 10 ? some[(x >> 20) % N(some)] : x << (x >> 50 & 31);
}

static void write_condition(char *line, size_t size, const struct branch_case *c)
{
    const char *qp = c->off ? "(p4) " : "", *unc = c->unc ? ".unc" : "", *name = conditions[c->relation];
    char operands[32];

    if (c->relation == BIT)
        snprintf(operands, sizeof(operands), "r%u,%u", c->r, c->bit);
    else if (c->relation < EQ_IMM)
        snprintf(operands, sizeof(operands), "r%u,r%u", c->r, c->r + 1);
    else if (c->relation < LT_ZERO)
        snprintf(operands, sizeof(operands), "%d,r%u", (const int[]){ 5, -5, 7 }[c->relation - EQ_IMM], c->r);
    else
        snprintf(operands, sizeof(operands), "0,r%u", c->r);
    snprintf(line, size, "{ .mii nop.m 0 ; %s%s%s p%u,p%u=%s ; nop.i 0 ;; }", qp, name, unc, c->p1, c->p2, operands);
}

/* r10: taken, r9: not taken; r11, r20: p1 and p2 were on */
static void write_branch_program(struct machine *m, const struct branch_case *c)
{
    char lines[9][128];
    const char *code[9];

    snprintf(lines[0], 128, "{ .mii ld8 r%u=[r14],8 ; nop.i 0 ; nop.i 0 ;; }", c->r);
    snprintf(lines[1], 128, "{ .mii ld8 r%u=[r14],8 ; adds r8=-1,r8 ; nop.i 0 ;; }", c->r + 1);
    write_condition(lines[2], 128, c);
    snprintf(lines[3], 128, "{ .mib nop.m 0 ; nop.i 0 ; (p%u) br.cond.%s.few +0x20 ;; }", c->by_p2 ? c->p2 : c->p1, c->hint);
    snprintf(lines[4], 128, "{ .mib adds r9=1,r9 ; nop.i 0 ; br.cond.sptk.few +0x20 ;; }");
    snprintf(lines[5], 128, "{ .mii adds r10=1,r10 ; nop.i 0 ; nop.i 0 ;; }");
    snprintf(lines[6], 128, "{ .mii (p%u) adds r11=1,r11 ; (p%u) adds r20=1,r20 ; nop.i 0 ;; }", c->p1, c->p2);
    snprintf(lines[7], 128, "{ .mii cmp.eq p0,p5=r0,r8 ; nop.i 0 ; nop.i 0 ;; }");
    snprintf(lines[8], 128, "{ .mib nop.m 0 ; nop.i 0 ; (p5) br.cond.dptk.few -0x80 ;; }");
    for (size_t i = 0; i < N(lines); i++)
        code[i] = lines[i];
    assert_true(machine_write_code(m, CODE, code, N(code)));
}

static void expect_ways(struct machine *m, const struct branch_case *c)
{
    uint64_t taken = 0, on1 = 0, on2 = 0;

    for (unsigned i = 0; i < PAIRS; i++) {
        uint64_t pair[2];
        bool p1, p2, want = (random_word() >> 3) % 8 ? c->mostly : !c->mostly;

        for (unsigned tries = 0; tries < 50; tries++) {
            pair[0] = random_word();
            pair[1] = random_word() & 1 ? pair[0] : random_word();
            if (holds(c, pair[0], pair[1]) == want)
                break;
        }
        assert_int_equal(kia_mem_write(m->mem, DATA + i * 16, pair, 16), 0);
        p1 = !c->p1 || (!c->off && holds(c, pair[0], pair[1]));
        p2 = !c->p2 || (!c->off && !holds(c, pair[0], pair[1]));
        taken += c->by_p2 ? p2 : p1;
        on1 += p1;
        on2 += p2;
    }
    begin(m, 16);
    kia_set_gr(m->vcpu, 8, PAIRS);
    kia_set_gr(m->vcpu, 14, DATA);
    kia_set_gr(m->vcpu, 20, 0);
    assert_int_equal(run(m), GATE_END);
    if (gr(m, 10) != taken || gr(m, 9) != PAIRS - taken || gr(m, 11) != on1 || gr(m, 20) != on2)
        fail_msg("%s%s%s, bit %u, p%u, p%u, r%u, %s by %s", c->off ? "(p4) " : "", conditions[c->relation],
                 c->unc ? ".unc" : "", c->bit, c->p1, c->p2, c->r, c->hint, c->by_p2 ? "p2" : "p1");
}

static void test_branches(void **state)
{
    static const char *const hints[] = { "sptk", "spnt", "dptk", "dpnt" };
    static const unsigned predicates[][2] = { { 6, 7 }, { 8, 9 }, { 30, 31 }, { 31, 32 }, { 62, 63 }, { 7, 40 }, { 6, 0 },
                                              { 0, 7 }, { 15, 16 }, { 1, 63 } };
    static const unsigned registers[] = { 2, 21, 30, 32, 40, 46 };
    struct machine *m = *state;

    kia_vm_add_gate(m->vm, CODE + 9 * 16, GATE_END, KIA_GATE_FALL);
    for (unsigned i = 0, n = 0; i < N(conditions) - 1 + N(bits); i++) {
        for (unsigned k = 0; k < N(predicates) * N(hints); k++, n++) {
            const unsigned *p = predicates[k % N(predicates)];
            struct branch_case c = { .relation = i < BIT ? (enum relation)i : BIT, .bit = i < BIT ? 0 : bits[i - BIT],
                                     .p1 = p[0], .p2 = p[1], .r = registers[n % N(registers)], .by_p2 = !p[0] || (p[1] && n % 3 == 0),
                                     .unc = n % 5 < 2, .off = n % 7 == 0, .mostly = (n >> 1) & 1,
                                     .hint = hints[k / N(predicates)] };

            write_branch_program(m, &c);
            expect_ways(m, &c);
        }
    }
}

/* ---- from outside ---- */

enum { WANTED = 30 };
static const char *const chain[] = {
    "{ .mib adds r8=1,r8 ; nop.i 0 ; br.cond.sptk.few +0x20 ;; }", NOTHING,
    "{ .mib adds r10=2,r10 ; nop.i 0 ; br.cond.sptk.few +0x20 ;; }", NOTHING,
    "{ .mii add r11=r8,r10 ; cmp.ltu p6,p7=r2,r15 ; nop.i 0 ;; }",
    "{ .mib st8 [r14]=r11 ; nop.i 0 ; (p7) br.cond.spnt.few +0x20 ;; }", BRANCH("-0x60"),
};
/* Two units that lead to each other for ever: who asks is to be heard on the way back. */
static const char *const pair[] = {
    "{ .mib adds r8=1,r8 ; nop.i 0 ; (p8) br.cond.sptk.few +0x30 ;; }", BRANCH("+0x30"), NOTHING,
    "{ .mib adds r10=2,r10 ; nop.i 0 ; (p8) br.cond.sptk.few -0x30 ;; }",
};

static void start(struct machine *m, const char *const code[], size_t n)
{
    assert_true(machine_write_code(m, CODE, code, n));
    kia_vm_add_gate(m->vm, CODE + n * 16, GATE_END, KIA_GATE_FALL);
    begin(m, 0);
    kia_set_gr(m->vcpu, 2, 0);
    kia_set_gr(m->vcpu, 14, DATA);
    kia_set_gr(m->vcpu, 15, WANTED);
}

static void expect_chain_whole(struct machine *m)
{
    uint64_t at = (kia_get_ip(m->vcpu) - CODE) / 16, sum, rounds = gr(m, 8) - (at == 2);

    assert_int_equal(gr(m, 10), 2 * gr(m, 8) - (at == 2 ? 2 : 0));
    if (!rounds || at == 4 || at == 5)
        return;
    assert_int_equal(kia_mem_read(m->mem, DATA, &sum, 8), 0);
    assert_int_equal(gr(m, 11), 3 * rounds);
    assert_int_equal(sum, gr(m, 11));
}

static void test_kick(void **state)
{
    struct machine *m = *state;

    start(m, chain, N(chain));
    assert_true(machine_start_beside(m, machine_kick));
    for (uint64_t i = 1; kia_vcpu_run(m->vcpu, &m->run) == KIA_EXIT_KICKED; i++) {
        expect_chain_whole(m);
        kia_set_gr(m->vcpu, 2, i);
    }
    machine_end_beside(m);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
    assert_int_equal(gr(m, 2), WANTED);
    expect_chain_whole(m);
}

static void test_kick_pair(void **state)
{
    struct machine *m = *state;

    start(m, pair, N(pair));
    kia_set_pr(m->vcpu, 1 | 1 << 8);
    assert_true(machine_start_beside(m, machine_kick));
    for (unsigned i = 0; i < WANTED; i++) {
        assert_int_equal(kia_vcpu_run(m->vcpu, &m->run), KIA_EXIT_KICKED);
        assert_int_equal(gr(m, 10), 2 * gr(m, 8) - (kia_get_ip(m->vcpu) == CODE ? 0 : 2));
    }
    machine_end_beside(m);
}

static void test_interrupt(void **state)
{
    struct machine *m = *state;

    assert_true(machine_add_counter(m));
    start(m, chain, N(chain));
    kia_set_psr(m->vcpu, PSR_IC | PSR_I);
    kia_set_cr(m->vcpu, CR_TPR, 0);
    assert_true(machine_start_beside(m, machine_interrupt));
    kia_vcpu_run(m->vcpu, &m->run);
    machine_end_beside(m);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
    assert_true(gr(m, 2) >= WANTED);
    expect_chain_whole(m);
}

/* ---- new code ---- */

/* In each round the bundle at index 5 becomes the other one of two, and bundle 4 leads to it. */
static const char *const patching[] = {
    "{ .mmi st8 [r14]=r16 ; st8 [r15]=r17 ; nop.i 0 ;; }", "{ .mii fc r14 ; nop.i 0 ; nop.i 0 ;; }",
    "{ .mii sync.i ; nop.i 0 ; nop.i 0 ;; }", "{ .mii srlz.i ; nop.i 0 ; nop.i 0 ;; }", NULL /* the way */,
    "{ .mib adds r9=1,r9 ; nop.i 0 ; br.cond.sptk.few +0x20 ;; }", NOTHING,
    "{ .mii adds r8=-1,r8 ; mov r22=r16 ; mov r23=r17 ;; }", "{ .mii nop.m 0 ; mov r16=r20 ; mov r17=r21 ;; }",
    "{ .mii cmp.eq p6,p7=r0,r8 ; mov r20=r22 ; mov r21=r23 ;; }", "{ .mib nop.m 0 ; nop.i 0 ; (p7) br.cond.dptk.few -0xa0 ;; }",
};
static const char *const patch[] = { "{ .mib adds r9=64,r9 ; nop.i 0 ; br.cond.sptk.few +0x20 ;; }" };

static void test_new_code(void **state)
{
    static const char *const ways[] = { BRANCH("+0x10"), NOTHING, "{ .mib nop.m 0 ; nop.i 0 ; (p6) br.cond.spnt.few +0x10 ;; }",
                                        "{ .mib nop.m 0 ; nop.i 0 ; (p7) br.cond.dpnt.few +0x10 ;; }" };
    struct machine *m = *state;

    kia_vm_add_gate(m->vm, CODE + N(patching) * 16, GATE_END, KIA_GATE_FALL);
    for (size_t i = 0; i < N(ways); i++) {
        const char *code[N(patching)];
        uint64_t words[2];

        for (size_t k = 0; k < N(patching); k++)
            code[k] = patching[k] ? patching[k] : ways[i];
        assert_true(machine_write_code(m, DATA, patch, 1));
        assert_true(machine_write_code(m, CODE, code, N(code)));
        begin(m, 0);
        kia_set_gr(m->vcpu, 8, ROUNDS);
        kia_set_gr(m->vcpu, 14, CODE + 5 * 16);
        kia_set_gr(m->vcpu, 15, CODE + 5 * 16 + 8);
        for (unsigned k = 0; k < 2; k++) {
            assert_int_equal(kia_mem_read(m->mem, k ? CODE + 5 * 16 : DATA, words, 16), 0);
            kia_set_gr(m->vcpu, 16 + 4 * k, words[0]);
            kia_set_gr(m->vcpu, 17 + 4 * k, words[1]);
        }
        assert_int_equal(run(m), GATE_END);
        assert_int_equal(gr(m, 9), ROUNDS / 2 * (64 + 1));
    }
}

/* ---- returns ---- */

enum { DEPTH = 100, TIMES = 20 };
/* f(n) adds 3n and n + 7 to r8 for each of n, n - 1, ... 1; r9 counts frames that have not kept r32. */
static const char *const recursion[] = {
    "{ .mib adds r33=-1,r33 ; mov r40=r34 ; br.call.sptk.few b0=+0x40 ;; }",
    "{ .mii cmp.eq p6,p0=r0,r33 ; nop.i 0 ; nop.i 0 ;; }", "{ .mib nop.m 0 ; nop.i 0 ; (p6) br.cond.spnt.few +0xa0 ;; }",
    BRANCH("-0x30"),
    "{ .mii alloc r33=ar.pfs,1,8,1,0 ; mov r34=b0 ; cmp.eq p6,p0=r0,r32 ;; }",
    "{ .mib adds r41=-1,r32 ; shladd r35=r32,1,r32 ; (p6) br.cond.spnt.few +0x50 ;; }",
    "{ .mib adds r36=7,r32 ; nop.i 0 ; br.call.sptk.few b0=-0x20 ;; }",
    "{ .mii add r8=r8,r35 ; adds r37=-7,r36 ; nop.i 0 ;; }", "{ .mii add r8=r8,r36 ; cmp.eq p0,p8=r37,r32 ; nop.i 0 ;; }",
    "{ .mii (p8) adds r9=1,r9 ; nop.i 0 ; nop.i 0 ;; }",
    "{ .mii nop.m 0 ; mov b0=r34 ; mov.i ar.pfs=r33 ;; }", "{ .mib nop.m 0 ; nop.i 0 ; br.ret.sptk.few b0 ;; }",
};

static void test_recursion(void **state)
{
    struct machine *m = *state;
    uint64_t sum = 0;

    for (unsigned n = 1; n <= DEPTH; n++)
        sum += 3 * n + n + 7;
    assert_true(machine_write_code(m, CODE, recursion, N(recursion)));
    kia_vm_add_gate(m->vm, CODE + N(recursion) * 16, GATE_END, KIA_GATE_FALL);
    begin(m, 9 | 8 << 7); /* r40 is the output */
    kia_set_gr(m->vcpu, 33, TIMES);
    kia_set_gr(m->vcpu, 34, DEPTH);
    assert_int_equal(run(m), GATE_END);
    assert_int_equal(gr(m, 8), TIMES * sum);
    assert_int_equal(gr(m, 9), 0);
    assert_int_equal(gr(m, 34), DEPTH);
    assert_int_equal(kia_get_cfm(m->vcpu), 9 | 8 << 7);
}

/* In each round r33 := r8 rotates to r34, and a function with another EC and r32-r39 of its own is called; r9 counts r34 != r8. */
static const char *const rotating[] = {
    "{ .mib adds r8=1,r8 ; nop.i 0 ; nop.b 0 ;; }", "{ .mib mov r33=r8 ; nop.i 0 ; br.ctop.sptk.few +0x10 ;; }",
    "{ .mib mov r52=r8 ; nop.i 0 ; br.call.sptk.few b0=+0x40 ;; }", "{ .mii cmp.eq p0,p8=r34,r8 ; cmp.eq p6,p7=r8,r15 ; nop.i 0 ;; }",
    "{ .mib (p8) adds r9=1,r9 ; nop.i 0 ; (p7) br.cond.dptk.few -0x40 ;; }", BRANCH("+0x40"),
    "{ .mii alloc r38=ar.pfs,4,6,0,0 ; mov.i ar.ec=1 ; adds r36=5,r32 ;; }", "{ .mii mov r37=r36 ; mov r39=r36 ; nop.i 0 ;; }",
    "{ .mib add r10=r10,r37 ; nop.i 0 ; br.ret.sptk.few b0 ;; }",
};

static void test_rotated_caller(void **state)
{
    enum { SOF = 24, SOL = 20, SOR = 2, EC = 5 };
    struct machine *m = *state;

    assert_true(machine_write_code(m, CODE, rotating, N(rotating)));
    kia_vm_add_gate(m->vm, CODE + N(rotating) * 16, GATE_END, KIA_GATE_FALL);
    begin(m, SOF | SOL << 7 | SOR << 14);
    kia_set_gr(m->vcpu, 15, ROUNDS);
    kia_set_ar(m->vcpu, AR_LC, 10 * ROUNDS);
    kia_set_ar(m->vcpu, AR_EC, EC);
    assert_int_equal(run(m), GATE_END);
    assert_int_equal(gr(m, 9), 0);
    assert_int_equal(gr(m, 10), ROUNDS * (ROUNDS + 1) / 2 + 5 * ROUNDS);
    assert_int_equal(kia_get_ar(m->vcpu, AR_EC), EC);
    assert_int_equal(kia_get_ar(m->vcpu, AR_LC), 9 * ROUNDS);
    /* each rotation takes 1 from each rrb, modulo 16, 96 and 48: SDM Vol.1 4.5.1 */
    assert_int_equal(kia_get_cfm(m->vcpu), SOF | SOL << 7 | SOR << 14 | (16 - ROUNDS % 16) % 16 << 18 |
                     (uint64_t)((96 - ROUNDS % 96) % 96) << 25 | (uint64_t)((48 - ROUNDS % 48) % 48) << 32);
}

/* A frame that nobody made: its registers are what lies below BSP in memory. */
static void test_made_frame(void **state)
{
    enum { SOF = 96, SOL = 90 };
    static const char *const code[] = {
        "{ .mii nop.m 0 ; mov.i ar.pfs=r16 ; mov b0=r17 ;; }", "{ .mib nop.m 0 ; nop.i 0 ; br.ret.sptk.few b0 ;; }", NOTHING,
        "{ .mii add r8=r32,r121 ; adds r33=1,r33 ; adds r127=7,r0 ;; }",
    };
    struct machine *m = *state;

    assert_true(machine_write_code(m, CODE, code, N(code)));
    kia_vm_add_gate(m->vm, CODE + N(code) * 16, GATE_END, KIA_GATE_FALL);
    for (uint64_t round = 1; round < 40; round++) {
        uint64_t at = STORE;

        for (unsigned r = 32 + SOL; r-- > 32;) {
            uint64_t value = round << 32 | r;

            at -= (at >> 3 & 63) == 0 ? 16 : 8; /* not where the NaT bits are */
            assert_int_equal(kia_mem_write(m->mem, at, &value, 8), 0);
        }
        begin(m, 0);
        kia_set_gr(m->vcpu, 16, SOF | SOL << 7);
        kia_set_gr(m->vcpu, 17, CODE + 0x30);
        assert_int_equal(run(m), GATE_END);
        assert_int_equal(kia_get_cfm(m->vcpu), SOF | SOL << 7);
        assert_int_equal(gr(m, 8), (round << 33) + 32 + 121);
        for (unsigned r = 32; r < 32 + SOL; r++)
            assert_int_equal(gr(m, r), (round << 32 | r) + (r == 33));
        assert_int_equal(gr(m, 127), 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_iipa, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(test_branches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kick, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kick_pair, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_code, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recursion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotated_caller, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_frame, setup, teardown),
    };

    return run_under_all(tests, N(tests));
}
