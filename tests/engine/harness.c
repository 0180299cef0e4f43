/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runner of instruction programs. */
#include "tests/engine/harness.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/interruption.h"
#include "isa/isa.h"
#include "lower/lower.h"
#include "tests/engine/bundle.h"
#include "tests/engine/machine.h"

enum {
    DATA_SIZE = 8 << 10,
    STORE_SIZE = 64 << 10,
    MAX_BUNDLES = 64,
    OFF_PREDICATE = 62,
};

#define CFM_START (80 | UINT64_C(40) << 7) /* sof 80, sol 40, nothing rotates */
#define PSR_START PSR_IC
#define ISR_EI (UINT64_C(3) << ISR_EI_SHIFT)

/* ---- state ---- */

static const struct {
    const char *name;
    unsigned ar;
} ars[] = {
    {"lc", AR_LC}, {"ec", AR_EC}, {"pfs", AR_PFS}, {"unat", AR_UNAT}, {"ccv", AR_CCV}, {"csd", AR_CSD},
    {"ssd", AR_SSD}, {"fpsr", AR_FPSR}, {"rsc", AR_RSC}, {"bspstore", AR_BSPSTORE}, {"rnat", AR_RNAT},
    {"bsp", AR_BSP},
    {"eflag", AR_EFLAG},
};
enum { N_ARS = sizeof(ars) / sizeof(*ars), N_WATCHED_CRS = 4, N_WORDS = DATA_SIZE / 8, N_STORE_WORDS = 128 };
static const unsigned watched_crs[N_WATCHED_CRS] = {CR_DCR, CR_ITM, CR_IVA, CR_TPR};

struct state {
    uint64_t gr[128];
    bool nat[128];
    struct ia64_fr fr[128];
    uint64_t pr, br[8], ar[N_ARS], kr[8], cr[N_WATCHED_CRS], cfm, psr, ip;
    uint64_t data[N_WORDS], store[N_STORE_WORDS];
};

static unsigned run_count;

static void fill(struct vcpu *v)
{
    for (unsigned r = 1; r < 112; r++)
        *gr_slot(v, r) = UINT64_C(0xa5a5000000000000) + r * UINT64_C(0x10101);
    for (unsigned f = 2; f < 128; f++)
        fr_set(v, f, fp_from_int(UINT64_C(0x5a00000000000000) + f));
    for (unsigned b = 0; b < 8; b++)
        v->br[b] = UINT64_C(0xb000) + b * 16;
    v->ccv = 0xcc5;
    v->csd = 0xc5d;
    v->unat = 0x3a;
}

static void capture(struct machine *m, struct state *s)
{
    struct vcpu *v = m->vcpu->v;

    memset(s, 0, sizeof(*s));
    for (unsigned r = 0; r < 32 + cfm_sof(v->cfm); r++) {
        s->gr[r] = kia_get_gr(m->vcpu, r, &s->nat[r]);
        if (s->nat[r])
            s->gr[r] = 0; /* a NaT's value is nobody's business */
    }
    for (unsigned f = 0; f < 128; f++)
        s->fr[f] = fr_get(v, f);
    s->pr = v->pr;
    memcpy(s->br, v->br, sizeof(s->br));
    for (unsigned i = 0; i < N_ARS; i++)
        s->ar[i] = ar_read(v, ars[i].ar);
    memcpy(s->kr, v->kr, sizeof(s->kr));
    for (unsigned i = 0; i < N_WATCHED_CRS; i++)
        s->cr[i] = v->cr[watched_crs[i]];
    s->cfm = v->cfm;
    s->psr = v->psr;
    s->ip = v->ip;
    kia_mem_read(m->mem, DATA, s->data, sizeof(s->data));
    kia_mem_read(m->mem, STORE, s->store, sizeof(s->store));
}

/* ---- tokens ---- */

struct token {
    char name[32];
    char value[64];
};

static const char *next_token(const char *s, struct token *t)
{
    const char *eq;
    size_t n;

    while (*s == ' ' || *s == '\n')
        s++;
    if (!*s)
        return NULL;
    n = strcspn(s, " \n");
    eq = memchr(s, '=', n);
    if (!eq || (size_t)(eq - s) >= sizeof(t->name) || n - (size_t)(eq - s) > sizeof(t->value)) {
        fprintf(stderr, "bad token at '%s'\n", s);
        abort();
    }
    snprintf(t->name, sizeof(t->name), "%.*s", (int)(eq - s), s);
    snprintf(t->value, sizeof(t->value), "%.*s", (int)(s + n - eq - 1), eq + 1);
    return s + n;
}

static uint64_t number(const char *text)
{
    uint64_t base = 0;
    bool negative;

    if (*text == '@') {
        base = CODE_BASE;
        text++;
    }
    negative = *text == '-';
    return base + (negative ? -strtoull(text + 1, NULL, 0) : strtoull(text, NULL, 0));
}

static struct ia64_fr fp_value(const char *text)
{
    const char *colon = strchr(text, ':');
    double d;
    uint64_t bits;

    if (!strcmp(text, "nat"))
        return FP_NATVAL;
    if (colon)
        return (struct ia64_fr){.se = number(text), .sig = number(colon + 1)};
    if (*text == 'i')
        return fp_from_int(number(text + 1));
    d = strtod(text, NULL);
    memcpy(&bits, &d, 8);
    return fp_from_double(bits);
}

static bool indexed(const char *name, const char *prefix, unsigned limit, unsigned *index)
{
    size_t n = strlen(prefix);
    char *end;

    if (strncmp(name, prefix, n) || name[n] < '0' || name[n] > '9')
        return false;
    *index = (unsigned)strtoul(name + n, &end, 10);
    return !*end && *index < limit;
}

static void move_frame(struct state *s, unsigned n)
{
    for (unsigned r = 32; r < 128; r++) {
        bool inside = r + n < 128;

        s->gr[r] = inside ? s->gr[r + n] : 0;
        s->nat[r] = inside && s->nat[r + n];
    }
}

/*
 * One rotation: each register's value is in the next one afterwards, the last one's in the first (SDM
 * 1:75).
 */
static void rotate(struct state *s)
{
    unsigned sor = cfm_sor(s->cfm), last = 31 + sor;
    unsigned rrb_gr = cfm_rrb_gr(s->cfm), rrb_fr = cfm_rrb_fr(s->cfm), rrb_pr = cfm_rrb_pr(s->cfm);
    struct ia64_fr f127 = s->fr[127];
    uint64_t gr = s->gr[last], pr = s->pr;
    bool nat = s->nat[last];

    if (sor) {
        memmove(&s->gr[33], &s->gr[32], (sor - 1) * sizeof(s->gr[0]));
        memmove(&s->nat[33], &s->nat[32], (sor - 1) * sizeof(s->nat[0]));
        s->gr[32] = gr;
        s->nat[32] = nat;
        rrb_gr = (rrb_gr + sor - 1) % sor;
    }
    memmove(&s->fr[33], &s->fr[32], 95 * sizeof(s->fr[0]));
    s->fr[32] = f127;
    s->pr = (pr & 0xffff) | (pr & UINT64_C(0x7fffffffffff0000)) << 1 | (pr >> 63) << 16;
    rrb_fr = (rrb_fr + 95) % 96;
    rrb_pr = (rrb_pr + 47) % 48;
    s->cfm = (s->cfm & 0x3ffff) | (uint64_t)rrb_gr << 18 | (uint64_t)rrb_fr << 25 | (uint64_t)rrb_pr << 32;
}

/* The backing store from STORE on after r32 and the following were stored; AR.RNAT has what is left. */
static void store_registers(struct state *s, unsigned n)
{
    unsigned word = 0;
    uint64_t rnat = 0;

    for (unsigned i = 0; i < n; i++) {
        if (word % 64 == 63) {
            s->store[word++] = rnat;
            rnat = 0;
        }
        s->store[word] = s->gr[32 + i];
        rnat |= (uint64_t)s->nat[32 + i] << word % 64;
        word++;
    }
    for (unsigned i = 0; i < N_ARS; i++) {
        if (ars[i].ar == AR_RNAT)
            s->ar[i] = rnat;
    }
}

/* Puts one token into a state. */
static void apply_token(struct state *s, const struct token *t)
{
    uint64_t value = number(t->value);
    unsigned i;

    if (indexed(t->name, "r", 128, &i)) {
        s->nat[i] = strchr(t->value, '!');
        s->gr[i] = s->nat[i] ? 0 : value;
    } else if (indexed(t->name, "f", 128, &i)) {
        s->fr[i] = fp_value(t->value);
    } else if (indexed(t->name, "p", 64, &i)) {
        s->pr = (s->pr & ~(UINT64_C(1) << i)) | value << i;
    } else if (indexed(t->name, "b", 8, &i)) {
        s->br[i] = value;
    } else if (indexed(t->name, "k", 8, &i)) {
        s->kr[i] = value;
    } else if (t->name[0] == 'm') {
        uint64_t address = number(t->name + 1);

        if (address >= STORE)
            s->store[(address - STORE) / 8] = value;
        else
            s->data[(address - DATA) / 8] = value;
    } else if (!strcmp(t->name, "pr")) {
        s->pr = value;
    } else if (!strcmp(t->name, "cfm")) {
        s->cfm = value;
    } else if (!strcmp(t->name, "psr+")) {
        s->psr |= value;
    } else if (!strcmp(t->name, "psr-")) {
        s->psr &= ~value;
    } else if (!strcmp(t->name, "frame+")) {
        move_frame(s, (unsigned)value);
    } else if (!strcmp(t->name, "stored")) {
        store_registers(s, (unsigned)value);
    } else if (!strcmp(t->name, "rotate")) {
        for (i = 0; i < value; i++)
            rotate(s);
    } else if (!strcmp(t->name, "ip")) {
        s->ip = value;
    } else {
        for (i = 0; i < N_ARS && strcmp(t->name, ars[i].name); i++)
            ;
        if (i < N_ARS) {
            s->ar[i] = value;
            return;
        }
        for (i = 0; i < N_WATCHED_CRS; i++) {
            char name[8];

            snprintf(name, sizeof(name), "cr%u", watched_crs[i]);
            if (!strcmp(t->name, name)) {
                s->cr[i] = value;
                return;
            }
        }
        fprintf(stderr, "no such name '%s'\n", t->name);
        abort();
    }
}

static void apply_tokens(struct state *s, const char *text)
{
    struct token t;

    while (text && (text = next_token(text, &t)))
        apply_token(s, &t);
    for (unsigned r = 32 + cfm_sof(s->cfm); r < 128; r++) {
        s->gr[r] = 0;
        s->nat[r] = false;
    }
}

/* What FP registers named in @text imply. */
static void expect_mf(struct state *s, const char *text)
{
    struct token t;
    unsigned f;

    while (text && (text = next_token(text, &t))) {
        if (indexed(t.name, "f", 128, &f))
            s->psr |= f < 32 ? PSR_MFL : PSR_MFH;
    }
}

/* Writes a state that was captured and changed into the processor. */
static void restore(struct machine *m, const struct state *s)
{
    struct vcpu *v = m->vcpu->v;

    kia_set_psr(m->vcpu, s->psr); /* first: it may switch banks */
    if (s->cfm != v->cfm)
        kia_set_cfm(m->vcpu, s->cfm);
    for (unsigned r = 1; r < 32 + cfm_sof(v->cfm); r++)
        gr_set(v, r, s->gr[r], s->nat[r]);
    for (unsigned f = 2; f < 128; f++)
        fr_set(v, f, s->fr[f]);
    v->pr = s->pr;
    memcpy(v->br, s->br, sizeof(s->br));
    for (unsigned i = 0; i < N_ARS; i++) {
        if (ars[i].ar != AR_BSP && ars[i].ar != AR_BSPSTORE)
            ar_write(v, ars[i].ar, s->ar[i]);
    }
    memcpy(v->kr, s->kr, sizeof(s->kr));
    for (unsigned i = 0; i < N_WATCHED_CRS; i++)
        cr_write(v, watched_crs[i], s->cr[i]);
    kia_mem_write(m->mem, DATA, s->data, sizeof(s->data));
    kia_mem_write(m->mem, STORE, s->store, sizeof(s->store));
    kia_set_ip(m->vcpu, s->ip);
}

/* ---- code ---- */

struct program {
    struct bundle code[MAX_BUNDLES];
    uint8_t slot[MAX_BUNDLES]; /* of the line's instruction */
    unsigned n;
    bool can_be_off;
};

static bool assemble_line(struct program *p, const char *line, bool off)
{
    static const enum isa_unit units[] = {UNIT_M, UNIT_I, UNIT_F, UNIT_B, UNIT_X};
    uint64_t slot, lslot = 0;
    struct insn in;

    if (*line == '{') {
        p->can_be_off = false;
        return isa_asm_bundle(line, &p->code[p->n++]) == 0;
    }
    for (unsigned i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (isa_asm(line, units[i], &slot, &lslot))
            continue;
        if (isa_decode(units[i], slot, lslot, &in) != ISA_OK || in.qp || (in.flags & ISA_NO_QP) ||
            lower_handles_qp(&in))
            p->can_be_off = false;
        p->code[p->n] = bundle_of(units[i], off ? slot | OFF_PREDICATE : slot, lslot, &p->slot[p->n]);
        p->n++;
        return true;
    }
    return false;
}

static bool assemble(struct program *p, const char *text, bool off)
{
    char line[256];

    *p = (struct program){.can_be_off = true};
    while (*text) {
        size_t n = strcspn(text, "\n");

        snprintf(line, sizeof(line), "%.*s", (int)n, text);
        text += n + (text[n] == '\n');
        if (!*line)
            continue;
        if (p->n >= MAX_BUNDLES || !assemble_line(p, line, off)) {
            fprintf(stderr, "cannot assemble '%s'\n", line);
            return false;
        }
    }
    return true;
}

/* ---- runs ---- */

enum variant { PLAIN, WITH_NAT, CAREFUL, OFF, N_VARIANTS };
static const char *const variant_names[] = {"plain", "with NaTs", "careful", "off"};

static int failure(const struct engine_case *c, const struct machine *m, enum variant variant)
{
    fprintf(stderr, "FAIL [%s, %s] %s\n", m->accel, variant_names[variant], c->code);
    return 1;
}

static int differ(const char *what, unsigned index, uint64_t got, uint64_t want)
{
    if (got == want)
        return 0;
    fprintf(stderr, "  %s%u: got 0x%" PRIx64 ", want 0x%" PRIx64 "\n", what, index, got, want);
    return 1;
}

static int compare(const struct state *got, const struct state *want)
{
    int bad = 0;

    for (unsigned i = 0; i < 128; i++) {
        bad += differ("r", i, got->gr[i], want->gr[i]);
        bad += differ("nat of r", i, got->nat[i], want->nat[i]);
        bad += differ("f.sig ", i, got->fr[i].sig, want->fr[i].sig);
        bad += differ("f.se ", i, got->fr[i].se, want->fr[i].se);
    }
    bad += differ("pr", 0, got->pr, want->pr);
    for (unsigned i = 0; i < 8; i++) {
        bad += differ("b", i, got->br[i], want->br[i]);
        bad += differ("k", i, got->kr[i], want->kr[i]);
    }
    for (unsigned i = 0; i < N_ARS; i++)
        bad += differ(ars[i].name, ars[i].ar, got->ar[i], want->ar[i]);
    for (unsigned i = 0; i < N_WATCHED_CRS; i++)
        bad += differ("cr", watched_crs[i], got->cr[i], want->cr[i]);
    bad += differ("cfm", 0, got->cfm, want->cfm);
    bad += differ("psr", 0, got->psr, want->psr);
    bad += differ("ip", 0, got->ip, want->ip);
    for (unsigned i = 0; i < N_WORDS; i++)
        bad += differ("data word ", i, got->data[i], want->data[i]);
    for (unsigned i = 0; i < N_STORE_WORDS; i++)
        bad += differ("store word ", i, got->store[i], want->store[i]);
    return bad;
}

/* The state before the handler: what the interruption changed is taken back from its control registers. */
static void undo_interruption(struct machine *m, struct state *s)
{
    struct vcpu *v = m->vcpu->v;

    if (!(v->cr[CR_IPSR] & PSR_IC))
        return;
    s->psr = v->cr[CR_IPSR] & ~PSR_RI;
    s->ip = v->cr[CR_IIP];
}

static int check_interruption(struct machine *m, const struct engine_case *c, const struct program *p)
{
    struct vcpu *v = m->vcpu->v;
    bool trap = c->flags & CASE_TRAP;
    unsigned slot = c->slot ? c->slot : p->slot[trap ? c->trapped : c->at];
    int bad = differ("isr", 0, v->cr[CR_ISR] & ~ISR_EI, c->isr);

    bad += differ("isr.ei", 0, v->cr[CR_ISR] >> ISR_EI_SHIFT & 3, slot);
    if (!trap)
        bad += differ("ipsr.ri", 0, v->cr[CR_IPSR] >> PSR_RI_SHIFT & 3, slot);
    return bad;
}

static void prepare(struct machine *m, const struct engine_case *c, enum variant variant,
                    struct state *before)
{
    struct vcpu *v = m->vcpu->v;

    kia_vcpu_reset(m->vcpu);
    memset(kia_mem_hva(m->mem, DATA, DATA_SIZE), 0, DATA_SIZE);
    memset(kia_mem_hva(m->mem, STORE, STORE_SIZE), 0, STORE_SIZE);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    kia_set_cfm(m->vcpu, CFM_START);
    kia_set_psr(m->vcpu, PSR_START);
    kia_set_ip(m->vcpu, CODE_BASE);
    fill(v);
    capture(m, before);
    apply_tokens(before, c->in);
    if (variant == CAREFUL)
        before->psr |= PSR_DB;
    if (variant == OFF)
        before->pr &= ~(UINT64_C(1) << OFF_PREDICATE);
    restore(m, before);
    if (variant == WITH_NAT) {
        v->nat_bank |= UINT32_C(1) << 31;
        v->nat_any = true;
        vcpu_update_key(v);
    }
}

static void ignore_store(struct state *got, const struct state *want)
{
    memcpy(got->store, want->store, sizeof(got->store));
    for (unsigned i = 0; i < N_ARS; i++) {
        if (ars[i].ar == AR_RNAT)
            got->ar[i] = want->ar[i];
    }
}

static int run_case(struct machine *m, const struct engine_case *c, enum variant variant)
{
    struct state before, want, got;
    struct kia_run run = {0};
    struct program p;
    unsigned vector = variant == OFF ? 0 : c->vector;
    int bad = 0;

    if (!assemble(&p, c->code, variant == OFF))
        return failure(c, m, variant);
    if (variant == OFF && !p.can_be_off)
        return 0;
    run_count++;
    prepare(m, c, variant, &before);
    kia_mem_write(m->mem, CODE_BASE, p.code, p.n * sizeof(p.code[0]));
    kia_vm_add_gate(m->vm, CODE_BASE + p.n * 16, GATE_END, KIA_GATE_FALL);
    want = before;
    want.ip = CODE_BASE + (vector ? c->at : p.n) * 16;
    if (variant != OFF) {
        expect_mf(&want, c->out);
        apply_tokens(&want, c->out);
    }
    kia_vcpu_run(m->vcpu, &run);
    capture(m, &got);
    if (run.exit != KIA_EXIT_GATE) {
        fprintf(stderr, "  exit %d: %s\n", run.exit, run.why);
        return failure(c, m, variant);
    }
    if (run.gate != GATE_END) {
        unsigned taken = (run.gate - GATE_IVT) * 0x100;
        bool end = !vector && taken == VEC_GENERAL && (m->vcpu->v->cr[CR_IPSR] & PSR_CPL) &&
                   m->vcpu->v->cr[CR_IIP] == CODE_BASE + p.n * 16; /* the end's gate is one at cpl 0 only */

        undo_interruption(m, &got);
        if (!end) {
            bad += differ("vector", 0, taken, vector);
            bad += vector ? check_interruption(m, c, &p) : 0;
            if (!vector)
                fprintf(stderr, "  isr 0x%" PRIx64 "\n", m->vcpu->v->cr[CR_ISR]);
        }
    } else if (vector) {
        bad += differ("vector", 0, 0, vector);
    }
    if (c->flags & CASE_STORE)
        ignore_store(&got, &want);
    bad += compare(&got, &want);
    return bad ? failure(c, m, variant) : 0;
}

static bool variant_wanted(const struct engine_case *c, enum variant variant)
{
    static const unsigned no[N_VARIANTS] = {0, CASE_NO_NAT, CASE_NO_CAREFUL, CASE_NO_OFF};

    return !(c->flags & no[variant]);
}

unsigned engine_run_cases(const struct engine_case *cases, size_t n)
{
    static const char *const accels[] = {
        "soft,jit=off",
#ifdef __x86_64__ /* the only host that the compiler is for */
        "soft,jit=on,jit-after=0",
#endif
    };
    unsigned failed = 0;

    for (unsigned a = 0; a < sizeof(accels) / sizeof(*accels); a++) {
        struct machine m;

        if (!machine_open(&m, accels[a]))
            return 1;
        machine_add_vectors(&m);
        for (size_t i = 0; i < n; i++) {
            for (unsigned variant = 0; variant < N_VARIANTS; variant++) {
                if (variant_wanted(&cases[i], variant))
                    failed += (unsigned)run_case(&m, &cases[i], variant);
            }
        }
        machine_close(&m);
    }
    return failed;
}

unsigned engine_runs(void) { return run_count; }
