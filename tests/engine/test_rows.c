/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coverage of random programs: every row of the encoding table predicated off, with a NaT operand, faulting and succeeding, so
 * often each, on both engines with the same outcome. What became of each instruction is seen by stepping through the program. A row
 * that can never be so is in row_cannot(), with the reason, and is never seen so. Prints the table of counts.
 * usage: test_rows [times [seed]], or test_rows ROW WANT WAY SEED for one program, as the message about it says
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/engine/rows.h"

enum { MAX_ROWS = 1200, DEFAULT_TIMES = 100, TRIES_EACH = 60, MAX_STEPS = 64 };

static const char *const want_names[WANTS] = { "success", "off", "NaT", "fault" };

static unsigned long counts[MAX_ROWS][WANTS];
static bool good_way[MAX_ROWS][WAYS]; /* led to a fault of the row */
/* Of all instructions that are no nop: */
static unsigned long executed, faulted;
/* What else there has to be. */
enum special { ROTATION, CHANGED_CODE, PAGE_FAULT, TRANSLATION, LEVEL, PSR, SPECIALS };
static const char *const special_names[SPECIALS] = {
    "rotations", "bundles run after they were changed", "page faults", "translations inserted or purged",
    "changes of privilege", "changes of psr",
};
static unsigned long specials[SPECIALS];

/* ---- what becomes of an instruction ---- */

static bool decode_at(struct machine *m, struct insn *in)
{
    struct vcpu *v = m->vcpu->v;
    struct bundle b;
    const struct isa_template *t;

    if (v->ip < CODE || v->ip >= CODE + STREAM_BUNDLES * 16)
        return false;
    kia_mem_read(m->mem, v->ip, &b, sizeof(b));
    t = isa_bundle_template(b);
    if (t->reserved)
        return false;
    if (t->unit[1] == UNIT_L && v->ri)
        return isa_decode(UNIT_X, isa_bundle_slot(b, 2), isa_bundle_slot(b, 1), in) == ISA_OK;
    return isa_decode(t->unit[v->ri], isa_bundle_slot(b, v->ri), 0, in) == ISA_OK;
}

static bool gr_has_nat(struct vcpu *v, unsigned r) { return r && r < 32 + cfm_sof(v->cfm) && gr_nat(v, r); }

static bool fr_has_nat(struct vcpu *v, unsigned f)
{
    struct ia64_fr r = fr_get(v, f);

    return r.se == FP_NATVAL.se && r.sig == FP_NATVAL.sig;
}

static bool has_nat(struct vcpu *v, const struct insn *in)
{
    unsigned reads = isa_uses(in).reads;

    return (reads & USE_R2 && gr_has_nat(v, in->r2)) || (reads & USE_R3 && gr_has_nat(v, in->r3)) ||
           (reads & USE_F2 && fr_has_nat(v, in->f2)) || (reads & USE_F3 && fr_has_nat(v, in->f3)) ||
           (reads & USE_F4 && fr_has_nat(v, in->f4));
}

static void note_specials(struct machine *m, const struct start *s, const struct insn *in, uint64_t ip, uint64_t psr, uint64_t cfm)
{
    struct vcpu *v = m->vcpu->v;
    const struct bundle *now = kia_mem_hva(m->mem, ip, sizeof(*now));

    specials[ROTATION] += ((cfm ^ v->cfm) & CFM_RRB) != 0 && in->op >= OP_BR_WEXIT && in->op <= OP_BR_CTOP;
    specials[CHANGED_CODE] += memcmp(now, &s->code[(ip - CODE) / 16], sizeof(*now)) != 0;
    specials[TRANSLATION] += in->op >= OP_ITC_D && in->op <= OP_PTR_I;
    specials[LEVEL] += ((psr ^ v->psr) & PSR_CPL) != 0;
    specials[PSR] += ((psr ^ v->psr) & ~(PSR_CPL | PSR_MFL | PSR_MFH)) != 0;
}

/* One instruction. Return: whether the program goes on. */
static bool step(struct machine *m, const struct start *s, enum way way)
{
    struct vcpu *v = m->vcpu->v;
    uint64_t ip = v->ip, psr = v->psr, cfm = v->cfm;
    struct kia_run run = { 0 };
    bool off, nat, fault;
    struct insn in;
    unsigned row;

    if (!decode_at(m, &in) || v->rse.cfle || psr & PSR_VM) /* a virtual processor's are test_random's */
        return false;
    off = !(v->pr >> in.qp & 1);
    nat = has_nat(v, &in);
    v->fault.kind = FAULT_NONE;
    if (kia_vcpu_step(m->vcpu, &run) != KIA_EXIT_DEBUG || (v->fault.kind && v->fault.kind <= FAULT_INST_DEBUG))
        return false;
    row = row_number(in.row);
    fault = v->fault.kind >= FAULT_ILLEGAL_OP && v->fault.kind <= FAULT_FP;
    counts[row][off ? IS_OFF : fault ? FAULTS : SUCCEEDS]++;
    counts[row][HAS_NAT] += nat && !off;
    if (in.op != OP_NOP) {
        executed++;
        faulted += fault;
    }
    if (fault) {
        good_way[row][way] = true;
        specials[PAGE_FAULT] += v->fault.kind >= FAULT_NESTED_TLB && v->fault.kind <= FAULT_DATA_ACCESS_BIT;
        return false;
    }
    note_specials(m, s, &in, ip, psr, cfm);
    return v->fault.kind == FAULT_NONE;
}

static void count_program(struct machine *m, const struct start *s, enum way way)
{
    stream_load(m, s);
    for (unsigned i = 0; i < MAX_STEPS && step(m, s, way); i++)
        ;
}

/* ---- all rows ---- */

/* One that has led to a fault of this row before, mostly. */
static enum way choose_way(unsigned row)
{
    enum way good[WAYS];
    unsigned n = 0;

    for (enum way way = 1; way < WAYS; way++) {
        if (good_way[row][way])
            good[n++] = way;
    }
    return n && below(4) ? good[below(n)] : 1 + below(WAYS - 1);
}

static unsigned failed;

static struct machine interpreted, compiled, stepped;

static void run_one(unsigned row, enum want want, enum way way, uint64_t seed)
{
    static struct start start;
    enum outcome outcome;

    seed_random(seed);
    make_program(&start, row, want, way);
    outcome = stream_compare(&interpreted, &compiled, &start);
    if (outcome != SAME && outcome != LOOPS) {
        printf("program differs: %s, %s (test_rows %u %u %u %" PRIu64 ")\n", row_name(row), want_names[want], row, want, way,
               seed);
        stream_print(&start);
        failed++;
    }
    count_program(&stepped, &start, way);
    if (outcome == LOOPS) { /* what they wrote until they were ended differs */
        stream_clear(&interpreted);
        stream_clear(&compiled);
        stream_clear(&stepped);
    }
}

static void run_program(unsigned row, enum want want, uint64_t seed)
{
    seed_random(~seed);
    run_one(row, want, want == FAULTS ? choose_way(row) : WAY_NONE, seed);
}

static bool lacks_special(unsigned long times)
{
    for (unsigned i = 0; i < SPECIALS; i++) {
        if (specials[i] < times)
            return true;
    }
    return false;
}

/* More of the rows that change levels, psr and translations, until there is enough of everything. */
static void run_specials(unsigned long times, uint64_t seed)
{
    for (unsigned long i = 0; i < TRIES_EACH * times && lacks_special(times); i++) {
        for (unsigned row = 0; row < row_count(); row++) {
            unsigned op = row_entry(row)->row->op;

            if (op == OP_BR_RET || op == OP_RFI || op == OP_SSM || op == OP_BR_CTOP || op == OP_ITC_D)
                run_program(row, SUCCEEDS, seed++);
        }
    }
}

/* Return: the number of counts that are not as they should be. */
static unsigned report(unsigned long times)
{
    unsigned wrong = 0;

    printf("%-42s %9s %9s %9s %9s\n", "row", want_names[0], want_names[1], want_names[2], want_names[3]);
    for (unsigned row = 0; row < row_count(); row++) {
        char note[512] = "";

        printf("%-42s", row_name(row));
        for (enum want want = 0; want < WANTS; want++) {
            const char *why = row_cannot(row, want);
            unsigned long n = counts[row][want];

            printf(" %9lu", n);
            if (why ? n != 0 : n < times) {
                wrong++;
                snprintf(note + strlen(note), sizeof(note) - strlen(note), " <- %s: %s", want_names[want],
                         why ? why : "too few");
            }
        }
        printf("%s\n", note);
    }
    printf("%lu instructions, %lu faulted\n", executed, faulted);
    wrong += 2 * faulted > executed;
    for (unsigned i = 0; i < SPECIALS; i++) {
        printf("%lu %s\n", specials[i], special_names[i]);
        wrong += specials[i] < times;
    }
    return wrong;
}

int main(int argc, char **argv)
{
    unsigned long times = DEFAULT_TIMES;
    uint64_t seed = 1;
    unsigned wrong;
    int status = twins_open(&interpreted, &compiled, CODE + STREAM_BUNDLES * 16);

    if (status)
        return status;
    if (!twin_open(&stepped, "soft,jit=off", CODE + STREAM_BUNDLES * 16) || !stream_watch())
        return 1;
    if (argc == 5) {
        run_one((unsigned)atoi(argv[1]) % row_count(), (enum want)(atoi(argv[2]) % WANTS), (enum way)(atoi(argv[3]) % WAYS),
                strtoull(argv[4], NULL, 0));
        return failed != 0;
    }
    parse_numbers(argc, argv, &times, &seed);
    for (unsigned row = 0; row < row_count() && failed < 10; row++) {
        for (enum want want = 0; want < WANTS; want++) {
            if (row_cannot(row, want))
                continue;
            for (unsigned long i = 0; i < TRIES_EACH * times && counts[row][want] < times; i++)
                run_program(row, want, seed++);
        }
    }
    run_specials(times, seed);
    stream_watch_end();
    wrong = report(times);
    printf("%u rows, %u programs differ, %u counts wrong\n", row_count(), failed, wrong);
    twins_close(&interpreted, &compiled);
    machine_close(&stepped);
    return failed || wrong;
}
