/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register stack against the naive model: threads that call, return, rotate, are interrupted anywhere and
 * switched, as a conforming operating system does it, in long random sequences.
 */
#include <inttypes.h>
#include <string.h>

#include "tests/arch/fixture.h"
#include "tests/arch/rse_model.h"

enum {
    N_THREADS = 3,
    N_LEVELS = 4,        /* areas of a thread: its own and those of nested handlers that switch stacks */
    AREA_WORDS = 1280,
    AREA_LIMIT = 900,    /* no more calls above this */
    MAX_RECORDS = 48,
    STEPS = 50000,
    SEEDS = 24,
};

#define IFS_V (UINT64_C(1) << 63)
typedef enum op_result (*helper)(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out);

/* A value that software read from both; they may differ where the architecture leaves room. */
struct both {
    uint64_t real, model;
};

/* What a thread will go back to. */
struct record {
    enum { CALL, INTERRUPTION } kind;
    uint64_t pfs;               /* CALL: of the caller, that br.ret takes */
    uint64_t ifs, ipsr;
    bool switched;              /* the backing store is another one meanwhile */
    struct both bspstore, rnat, loadrs;
    uint64_t rnat_known, rsc;
};

struct thread {
    struct record records[MAX_RECORDS];
    unsigned n, level;
    uint64_t base[N_LEVELS];
    bool same_dirty[N_LEVELS];  /* both had as many dirty registers when they came here: addresses agree */
    struct both bspstore, rnat; /* while it does not run */
    uint64_t rnat_known, pfs;
};

struct counts {
    unsigned long spills, fills, faults, broken_loads, rotated, stack_switches, switches;
};

struct run {
    struct vcpu *v;
    struct rse_model m;
    struct thread threads[N_THREADS];
    unsigned current;
    uint64_t seed;
    bool incomplete;            /* mandatory loads are due */
    bool growing;               /* calls are likelier than returns */
    bool pinned;                /* no switch to another thread: a handler runs inside a sequence */
    unsigned fault_odds;        /* one in so many references faults */
    struct counts n;
};

static struct run *run;

static unsigned pick(unsigned n) { return (unsigned)(fixture_random(&run->seed) >> 33) % n; }
static bool one_in(unsigned n) { return pick(n) == 0; }
static struct thread *now(void) { return &run->threads[run->current]; }

static uint64_t area(unsigned thread, unsigned level)
{
    return FAKE_MEMORY + (128 + (uint64_t)(thread * N_LEVELS + level) * AREA_WORDS) * 8;
}

/* ---- what both show ---- */

static void compare_frame(const char *when)
{
    struct vcpu *v = run->v;
    struct rse_model *m = &run->m;
    unsigned sof = m->cfm.sof;

    assert_int_equal(v->cfm, model_cfm_bits(&m->cfm));
    if (now()->same_dirty[now()->level])
        assert_int_equal(rse_bsp(v), m->bsp);
    assert_int_equal((v->key & KEY_SOR) >> KEY_SOR_SHIFT, m->cfm.sor / 8);
    assert_int_equal(!!(v->key & KEY_NAT), v->nat_any);
    assert_int_equal(v->pr, model_pr(m));
    assert_true(v->rse.ndirty + (int)sof <= N_PHYS_STACKED);
    for (unsigned f = 0; f < 96; f += 5)
        assert_int_equal(v->frot[f].sig, *model_fr(m, f));
    if (run->incomplete)
        return;
    assert_true(v->rse.ndirty >= 0);
    for (unsigned r = 0; r < sof; r++) {
        const struct model_gr *g = model_gr(m, r);
        uint64_t value = *gr_slot(v, 32 + r);
        bool nat = gr_nat(v, 32 + r);

        if (g->known && (value != g->value || nat != g->nat))
            fail_msg("%s: r%u is %" PRIx64 " nat %d, should be %" PRIx64 " nat %d", when, 32 + r, value, nat,
                     g->value, g->nat);
    }
}

/* After flushrs: everything is in memory, and must be the same there. */
static void compare_memory(void)
{
    struct vcpu *v = run->v;
    struct rse_model *m = &run->m;
    uint64_t low = now()->base[now()->level];
    unsigned slot = v->rse.bspstore / 8 % 64;

    assert_int_equal(v->rse.ndirty, 0);
    assert_int_equal(v->rse.bspstore, rse_bsp(v));
    if (!now()->same_dirty[now()->level])
        return;
    assert_int_equal(v->rse.bspstore, m->bspstore);
    for (uint64_t a = low; a < v->rse.bspstore; a += 8) {
        const struct model_word *w = &m->words[(a - m->base) / 8];
        uint64_t real = fake.memory[(a - FAKE_MEMORY) / 8];

        if ((real ^ w->value) & w->known)
            fail_msg("%" PRIx64 " holds %" PRIx64 ", should be %" PRIx64 " (%" PRIx64 ")", a, real, w->value,
                     w->known);
    }
    assert_int_equal((v->rse.rnat ^ m->rnat) & m->rnat_known & ((UINT64_C(1) << slot) - 1), 0);
}

/* ---- interruptions ---- */

static enum op_result on_ref(struct vcpu *v, uint64_t gva, bool store)
{
    if (store)
        run->n.spills++;
    else
        run->n.fills++;
    if (!(v->psr & PSR_IC) || !run->fault_odds || !one_in(run->fault_odds))
        return OPR_OK;
    v->fault.ifa = gva;
    run->n.faults++;
    return fault_raise(v, FAULT_DATA_TLB, ISR_RS | (store ? ISR_W : ISR_R));
}

static void write_gr(unsigned r)
{
    uint64_t value = fixture_random(&run->seed);
    bool nat = one_in(6);

    gr_set(run->v, 32 + r, value, nat);
    *model_gr(&run->m, r) = (struct model_gr){ value, nat, true };
}

static void write_some(void)
{
    for (unsigned r = 0; r < run->m.cfm.sof; r++)
        if (one_in(2))
            write_gr(r);
}

/* A branch or rfi has set a frame; what it lacks is due. */
static void frame_set(void)
{
    bool lacks = run->v->rse.ndirty < 0;

    assert_int_equal(run->v->rse.cfle, lacks);
    run->incomplete = lacks || run->m.dirty + run->m.clean < 0;
}

static bool has_room(void) { return run->m.bsp < area(run->current, now()->level) + AREA_LIMIT * 8; }

static void write_bspstore(uint64_t real, uint64_t model)
{
    assert_int_equal(op_mov_to_ar(run->v, AR_BSPSTORE, real, 0, NULL), OPR_OK);
    model_set_bspstore(&run->m, model);
}

static void write_rnat(struct both rnat, uint64_t known)
{
    assert_int_equal(op_mov_to_ar(run->v, AR_RNAT, rnat.real, 0, NULL), OPR_OK);
    run->m.rnat = rnat.model;
    run->m.rnat_known = known;
}

/* A handler's way to another backing store: the dirty registers come along. */
static void switch_stack(struct record *r)
{
    struct thread *t = now();
    uint64_t base;

    r->switched = true;
    r->bspstore = (struct both){ ar_read(run->v, AR_BSPSTORE), run->m.bspstore };
    r->rnat = (struct both){ ar_read(run->v, AR_RNAT), run->m.rnat };
    r->rnat_known = run->m.rnat_known;
    r->rsc = run->v->rsc;
    t->level++;
    t->same_dirty[t->level] = run->v->rse.ndirty == run->m.dirty;
    base = t->base[t->level] = area(run->current, t->level) + pick(64) * 8;
    write_bspstore(base, base);
    r->loadrs = (struct both){ rse_bsp(run->v) - base, run->m.bsp - base };
    run->n.stack_switches++;
}

/* Delivers what is in v->fault. The handler covers and stays, or comes back at once without cover. */
static void take_interruption(void)
{
    struct vcpu *v = run->v;
    struct thread *t = now();
    struct record *r = &t->records[t->n];
    bool lacks = v->rse.cfle, rs = v->fault.isr & ISR_RS;
    uint64_t cfm = v->cfm;

    assert_true(v->psr & PSR_IC);
    v->ip = fixture_random(&run->seed) & ~UINT64_C(15);
    interruption_deliver(v);
    assert_int_equal(!!(v->cr[CR_ISR] & ISR_IR), lacks);
    assert_int_equal(!!(v->cr[CR_ISR] & ISR_RS), rs);
    assert_int_equal(v->cfm, cfm);
    assert_false(v->rse.cfle || v->cr[CR_IFS] & IFS_V);
    run->n.broken_loads += lacks;
    if (t->n == MAX_RECORDS || !has_room() || one_in(3)) {
        assert_int_equal(op_rfi(v, 0, 0, 0, NULL), OPR_BRANCH);
        assert_int_equal(v->rse.cfle, v->rse.ndirty < 0);
        return;
    }
    assert_int_equal(op_cover(v, 0, 0, 0, NULL), OPR_EXIT);
    *r = (struct record){ .kind = INTERRUPTION, .ifs = v->cr[CR_IFS], .ipsr = v->cr[CR_IPSR] };
    assert_int_equal(r->ifs, model_cover(&run->m) | IFS_V);
    run->incomplete = false;
    if (t->level + 1 < N_LEVELS && one_in(2))
        switch_stack(r);
    t->n++;
    psr_write(v, v->psr | PSR_IC);
    compare_frame("handler entry");
}

static void leave_record(void);

/* The interruption in v->fault, and its handler up to its end. */
static void handle_within(void)
{
    unsigned n = now()->n;
    bool pinned = run->pinned;

    run->pinned = true;
    take_interruption();
    if (now()->n > n)
        write_some();
    while (now()->n > n || run->incomplete)
        leave_record();
    run->pinned = pinned;
}

/* An instruction that may fault, given again until it does not. */
static void until_done(helper fn, uint64_t imm, uint64_t *out)
{
    while (fn(run->v, imm, 0, 0, out) != OPR_OK) {
        assert_int_equal(run->v->fault.kind, FAULT_DATA_TLB);
        handle_within();
    }
}

/* Goes on with mandatory loads; an interruption may come between. */
static void complete(void)
{
    struct vcpu *v = run->v;

    for (unsigned n = pick(8); n; n--)
        model_load_one(&run->m);
    if ((v->psr & PSR_IC) && one_in(4)) {
        fault_raise(v, FAULT_EXTERNAL_INTERRUPT, 0);
        take_interruption();
        return;
    }
    if (v->rse.cfle && rse_complete_frame(v) != OPR_OK) {
        assert_int_equal(v->fault.kind, FAULT_DATA_TLB);
        take_interruption();
        return;
    }
    while (model_load_one(&run->m))
        ;
    run->incomplete = false;
    compare_frame("loads");
}

/* ---- instructions ---- */

static void do_alloc(unsigned sof, unsigned sol, unsigned sor)
{
    struct vcpu *v = run->v;
    uint64_t imm = sof | sol << 8 | (uint64_t)sor << 16, pfs;
    enum op_result result = op_alloc(v, imm, 0, 0, &pfs);

    if (result == OPR_FAULT && v->fault.kind == FAULT_DATA_TLB) {
        assert_false(v->fault.isr & ISR_IR);
        take_interruption();
        return;
    }
    assert_int_equal(result == OPR_OK, model_alloc(&run->m, sof, sol, sor));
    if (result == OPR_OK)
        assert_int_equal(pfs, v->pfs);
    else
        assert_int_equal(v->fault.kind, FAULT_RESERVED_REG_FIELD);
}

static void alloc_some(void)
{
    unsigned sof = one_in(4) ? pick(97) : pick(24), sol = pick(sof + 1);
    unsigned sor = one_in(3) ? pick(sof / 8 + 1) * 8 : 0;

    if (one_in(4))
        sor = run->m.cfm.sor <= sof ? run->m.cfm.sor : 0;
    do_alloc(sof, sol, sor);
    if (one_in(2))
        write_some();
}

static void call(void)
{
    struct thread *t = now();

    assert_int_equal(op_br_call(run->v, 0, 0, 0, NULL), OPR_OK);
    assert_int_equal(run->v->pfs & CFM_BITS, model_call(&run->m));
    t->records[t->n++] = (struct record){ .kind = CALL, .pfs = run->v->pfs };
}

static void return_by(uint64_t pfs)
{
    assert_int_equal(op_mov_to_ar(run->v, AR_PFS, pfs, 0, NULL), OPR_OK);
    assert_int_equal(op_br_ret(run->v, 0, 0, 0, NULL), OPR_BRANCH);
    model_return(&run->m, pfs & CFM_BITS);
    frame_set();
}

/* The frame is dropped and the registers that came along are fetched back. */
static void switch_stack_back(const struct record *r)
{
    struct vcpu *v = run->v;
    uint64_t pfs;

    assert_int_equal(op_clrrrb(v, 0, 0, 0, NULL), OPR_OK);
    model_clrrrb(&run->m, false);
    until_done(op_alloc, 0, &pfs);
    assert_true(model_alloc(&run->m, 0, 0, 0));
    v->rsc = r->loadrs.real << 16;
    until_done(op_loadrs, 0, NULL);
    assert_true(model_loadrs(&run->m, (unsigned)r->loadrs.model));
    v->rsc = r->rsc;
    now()->level--;
    write_bspstore(r->bspstore.real, r->bspstore.model);
    write_rnat(r->rnat, r->rnat_known);
}

static void leave_handler(const struct record *r)
{
    struct vcpu *v = run->v;

    if (r->switched)
        switch_stack_back(r);
    psr_write(v, v->psr & ~PSR_IC);
    v->cr[CR_IPSR] = r->ipsr;
    v->cr[CR_IFS] = r->ifs;
    assert_int_equal(op_rfi(v, 0, 0, 0, NULL), OPR_BRANCH);
    model_rfi(&run->m, r->ifs & CFM_BITS);
    frame_set();
}

/* One step out of what the thread is in. */
static void leave_record(void)
{
    struct record r;

    if (run->incomplete) {
        complete();
        return;
    }
    r = now()->records[now()->n - 1];
    if (r.kind == CALL)
        return_by(r.pfs);
    else
        leave_handler(&r);
    now()->n--;
}

static void flush(void)
{
    until_done(op_flushrs, 0, NULL);
    model_flushrs(&run->m);
    compare_memory();
}

/* Another thread goes on: everything to memory, the other backing store, br.ret into its frame. */
static void switch_thread(void)
{
    struct thread *t = now();

    assert_int_equal(op_br_call(run->v, 0, 0, 0, NULL), OPR_OK);
    model_call(&run->m);
    t->pfs = run->v->pfs;
    flush();
    t->bspstore = (struct both){ ar_read(run->v, AR_BSPSTORE), run->m.bspstore };
    t->rnat = (struct both){ ar_read(run->v, AR_RNAT), run->m.rnat };
    t->rnat_known = run->m.rnat_known;
    if (one_in(2)) {
        assert_int_equal(op_loadrs(run->v, 0, 0, 0, NULL), OPR_OK);
        assert_true(model_loadrs(&run->m, 0));
    }
    run->current = (run->current + 1 + pick(N_THREADS - 1)) % N_THREADS;
    t = now();
    write_bspstore(t->bspstore.real, t->bspstore.model);
    write_rnat(t->rnat, t->rnat_known);
    return_by(t->pfs);
    run->n.switches++;
}

static void rotate(void)
{
    for (unsigned n = one_in(400) ? ROT_SLOTS + 100 : pick(12); n; n--) {
        vcpu_rotate(run->v);
        model_rotate(&run->m);
        if (one_in(2) && run->m.cfm.sof)
            write_gr(pick(run->m.cfm.sof));
        run->n.rotated += run->m.cfm.sor != 0;
    }
}

static void write_others(void)
{
    uint64_t value = fixture_random(&run->seed);
    unsigned f = pick(96);

    fr_set(run->v, 32 + f, (struct ia64_fr){ .sig = value, .se = 0x1003e });
    *model_fr(&run->m, f) = value;
    run->v->pr = value | 1;
    model_set_pr(&run->m, value | 1);
}

/* What may differ between processors. */
static void meanwhile(void)
{
    if (one_in(4))
        vcpu_nat_recheck(run->v);
    for (unsigned n = pick(6); n; n--)
        model_store_ahead(&run->m);
    for (unsigned n = pick(6); n; n--)
        model_load_ahead(&run->m);
}

static void deeper_or_back(void)
{
    if (one_in(300))
        run->growing = !run->growing;
    if (has_room() && now()->n < MAX_RECORDS && (run->growing || one_in(3)) && !one_in(5))
        call();
    else if (now()->n)
        leave_record();
}

static void step(void)
{
    if (run->incomplete) {
        complete();
        return;
    }
    switch (pick(12)) {
    case 0:
    case 1:
    case 2:
        alloc_some();
        break;
    case 3:
    case 4:
    case 5:
        deeper_or_back();
        break;
    case 6:
        write_some();
        break;
    case 7:
        rotate();
        break;
    case 8:
        write_others();
        assert_int_equal(op_clrrrb(run->v, run->seed & 1, 0, 0, NULL), OPR_OK);
        model_clrrrb(&run->m, run->seed & 1);
        break;
    case 9:
        if (one_in(4))
            flush();
        break;
    case 10:
        fault_raise(run->v, FAULT_EXTERNAL_INTERRUPT, 0);
        take_interruption();
        break;
    default:
        if (!run->pinned && one_in(4) && has_room())
            switch_thread();
    }
    meanwhile();
    compare_frame("step");
}

static void run_start(struct vcpu *v, uint64_t seed)
{
    static struct run the_run;
    struct rse_model *m = &the_run.m;

    run = &the_run;
    memset(run, 0, sizeof(*run));
    run->v = v;
    run->seed = seed;
    run->fault_odds = seed % 3 ? 12 : 0;
    fake.on_ref = on_ref;
    for (unsigned i = 0; i < N_THREADS; i++) {
        uint64_t base = area(i, 0) + pick(64) * 8;

        run->threads[i].bspstore = (struct both){ base, base };
        run->threads[i].base[0] = base;
        run->threads[i].same_dirty[0] = true;
    }
    m->base = FAKE_MEMORY;
    m->bspstore = m->bspload = m->bsp = FAKE_MEMORY;
    m->pr = 1;
    rse_reset_frame(v, 0);
    v->frame = v->stack + (seed % 2 ? 100 : STACK_SLOTS - 4); /* the array's ends are near */
    psr_write(v, PSR_IC);
    write_bspstore(now()->bspstore.real, now()->bspstore.model);
}

static void test_random_programs(void **state)
{
    struct counts sum = { 0 };

    for (unsigned i = 0; i < SEEDS; i++) {
        struct vcpu *v = fixture_new();

        run_start(v, UINT64_C(0x1234567) * (i + 1));
        run->n = sum;
        for (unsigned n = 0; n < STEPS; n++)
            step();
        sum = run->n;
        fixture_free(v);
    }
    (void)state;
    print_message("%lu spills, %lu fills, %lu faults, %lu broken loads\n", sum.spills, sum.fills, sum.faults,
                  sum.broken_loads);
    print_message("%lu rotations, %lu changes of stack, %lu of thread\n", sum.rotated, sum.stack_switches,
                  sum.switches);
    /* The sequences must have been worth it. */
    assert_true(sum.spills > 10000 && sum.fills > 10000 && sum.faults > 1000 && sum.broken_loads > 1000);
    assert_true(sum.rotated > 1000 && sum.stack_switches > 1000 && sum.switches > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs),
    };

    return cmocka_run_group_tests_name("register stack", tests, NULL, NULL);
}
