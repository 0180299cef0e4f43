/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams of instructions for both engines, and random ones: every encoding that decodes can come up, with wild operands. */
#include "tests/engine/stream.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/vpd.h"
#include "arch/tlb.h"
#include "arch/vti.h"

enum { TRIES = 200, TICK_US = 10000 };

bool stream_guest;
static pthread_t watcher;
static _Atomic(struct kia_vcpu *) running;
static atomic_ulong run_number, patience = 1;

/* Ends streams that loop: a run that is there for some ticks is kicked. */
static void *watch(void *opaque)
{
    unsigned long last = 0, ticks = 0;

    (void)opaque;
    for (;;) {
        unsigned long now = atomic_load(&run_number);
        struct kia_vcpu *vcpu = atomic_load(&running);

        ticks = now == last ? ticks + 1 : 0;
        if (ticks >= atomic_load(&patience) && vcpu)
            kia_vcpu_kick(vcpu);
        last = now;
        usleep(TICK_US);
    }
    return NULL;
}

bool stream_watch(void) { return !pthread_create(&watcher, NULL, watch, NULL); }

void stream_watch_end(void)
{
    pthread_cancel(watcher);
    pthread_join(watcher, NULL);
}

/* The clock is not the same for both runs. */
static bool reads_clock(const struct insn *in)
{
    switch (in->op) {
    case OP_MOV_FROM_AR:
    case OP_MOV_TO_AR:
    case OP_MOV_TO_AR_IMM:
        return in->areg == AR_ITC || in->areg == AR_RUC;
    case OP_MOV_TO_CR:
        return in->areg == CR_ITM || in->areg == CR_ITV;
    default:
        return false;
    }
}

/* A slot of a unit: mostly something that decodes, now and then whatever bits there are. */
static uint64_t random_slot(enum isa_unit unit, uint64_t lslot)
{
    bool wanted = stream_guest && (unit == UNIT_M || unit == UNIT_B) && next() % 3 == 0; /* a virtualized instruction */
    unsigned tries = wanted ? 20 * TRIES : TRIES;
    bool any = next() % 64 == 0;
    uint64_t slot = 0;
    struct insn in;

    for (unsigned i = 0; i < tries; i++) {
        slot = next() >> 23;
        if (next() & 1)
            slot &= ~UINT64_C(0x3f); /* not predicated */
        if (wanted && (isa_decode(unit, slot, lslot, &in) != ISA_OK || !vti_table[in.op].cause))
            continue;
        if (isa_decode(unit, slot, lslot, &in) == ISA_OK ? !reads_clock(&in) && in.op != OP_BREAK : any)
            break;
    }
    return slot;
}

struct bundle random_bundle(void)
{
    const struct isa_template *t;
    uint64_t slot[3];
    unsigned number;

    do {
        number = next() & 31;
        t = &isa_templates[number];
    } while (t->reserved && next() % 64);
    if (t->reserved)
        return isa_bundle_make(number, next(), next(), next());
    slot[0] = random_slot(t->unit[0], 0);
    slot[1] = t->unit[1] == UNIT_L ? next() >> 23 : random_slot(t->unit[1], 0);
    slot[2] = random_slot(t->unit[2], slot[1]);
    return isa_bundle_make(number, slot[0], slot[1], slot[2]);
}

uint64_t random_value(void)
{
    switch (next() % 8) {
    case 0:
        return next();
    case 1:
        return next() % 128;
    case 2:
        return -(next() % 128);
    case 3:
        return UINT64_C(1) << next() % 64;
    case 4:
        return STORE + (next() & 0xfff8);
    default:
        return DATA + (next() & 0xfff8);
    }
}

struct ia64_fr random_fr(void)
{
    switch (next() % 6) {
    case 0:
        return fp_from_double(next());
    case 1:
        return fp_from_int(random_value());
    case 2:
        return FP_NATVAL;
    case 3:
        return fp_from_single((uint32_t)next());
    case 4:
        return (struct ia64_fr){.sig = next(), .se = next() & 0x3ffff};
    default:
        return fp_from_double(UINT64_C(0x3ff0000000000000) + (next() & 0xf) * 0x8000000000000);
    }
}

/* Any state of a guest, not least those that its own checks would refuse. */
static void random_vpd(uint64_t vpd[512])
{
    for (unsigned i = 0; i < 512; i++)
        vpd[i] = next() & 3 ? random_value() : next();
    vpd[offsetof(struct kia_vpd, vac) / 8] = next();
    vpd[offsetof(struct kia_vpd, vdc) / 8] = next();
    vpd[offsetof(struct kia_vpd, vhpi) / 8] = next() % 34;
    vpd[offsetof(struct kia_vpd, vpsr) / 8] = next() & PSR_IMPLEMENTED;
}

void random_start(struct start *s)
{
    static const uint64_t psr_bits[] = {PSR_BE, PSR_AC, PSR_DFL, PSR_DFH, PSR_DB,
                                        PSR_SS, PSR_TB, PSR_BN, PSR_PK, PSR_CPL};
    bool nats = next() & 1;
    unsigned sor = next() % 3 ? 0 : (unsigned)(next() % 13);

    memset(s, 0, sizeof(*s));
    for (unsigned r = 1; r < 128; r++) {
        s->gr[r] = random_value();
        s->nat[r] = nats && next() % 16 == 0;
    }
    for (unsigned f = 2; f < 128; f++)
        s->fr[f] = random_fr();
    for (unsigned b = 0; b < 8; b++)
        s->br[b] = CODE + next() % (STREAM_BUNDLES * 16);
    s->pr = next() | 1;
    s->psr = next() & 7 ? PSR_IC : 0;
    for (size_t i = 0; i < sizeof(psr_bits) / sizeof(*psr_bits); i++) {
        if (next() % 16 == 0)
            s->psr |= psr_bits[i];
    }
    s->cfm = 96 | (next() % 97) << 7 | (uint64_t)sor << 14;
    if (sor)
        s->cfm |= (next() % (sor * 8)) << 18;
    s->cfm |= (next() % 96) << 25 | (next() % 48) << 32;
    s->fpsr = next() & 1 ? FPSR_DEFAULT : UINT64_C(0x9804c02700300) | (next() & 0x3f);
    s->pfs = next() % 97 | (next() & 3) << 62;
    s->unat = next();
    s->ccv = random_value();
    s->lc = next() % 4;
    s->ec = next() % 4;
    for (unsigned i = 0; i < STREAM_BUNDLES; i++)
        s->code[i] = random_bundle();
    for (unsigned i = 0; i < AREA / 8; i++)
        s->data[i] = random_value();
    if (stream_guest) {
        s->psr |= PSR_VM;
        random_vpd(s->vpd);
    }
}

static void load_guest(struct machine *m, const struct start *s)
{
    static const uint64_t record[KIA_VPD_PAL_WORDS] = {KIA_VPD_MARK, IVT, 0};

    kia_mem_write(m->mem, VPD, s->vpd, sizeof(s->vpd));
    kia_mem_write(m->mem, VPD + offsetof(struct kia_vpd, pal), record, sizeof(record));
    kia_vcpu_vp_enter(m->vcpu, ENV, KIA_VP_CONFIG_OPCODE | KIA_VP_CONFIG_CAUSE);
    kia_vcpu_set_vmsw(m->vcpu, true);
    kia_set_psr(m->vcpu, 0);
    if (kia_vcpu_vp_load(m->vcpu, VPD))
        abort();
}

static void map(struct machine *m, enum tlb_kind kind, uint64_t at, unsigned ps, uint64_t bits)
{
    struct tlb_entry e;

    if (tlb_make_entry(m->vcpu->v, at | bits, ps << 2, at, &e))
        tlb_insert_tc(m->vcpu->v, kind, &e);
}

/*
 * One to one: code for every level, whence epc promotes; data read and written, but for DATA from 16 KiB on: pages in turn that
 * are read-only, clean, not accessed yet, not there.
 */
static void map_all(struct machine *m)
{
    static const uint64_t kinds[] = {PTE_P | PTE_A | PTE_D | 3 << 7, PTE_P | PTE_A | 3 << 7 | 3 << 9,
                                     PTE_P | PTE_D | 3 << 7 | 3 << 9};
    const uint64_t all = PTE_P | PTE_A | PTE_D | 3 << 7 | 3 << 9;

    map(m, TLB_INST, 0, 22, PTE_P | PTE_A | PTE_D | 7 << 9);
    map(m, TLB_DATA, 0, 20, all);
    map(m, TLB_DATA, STORE, 20, all);
    map(m, TLB_DATA, DATA, 14, all);
    for (unsigned i = 4; i < AREA / 4096; i++) {
        if (i % 4 < 3)
            map(m, TLB_DATA, DATA + i * UINT64_C(4096), 12, kinds[i % 4]);
    }
}

static void load_system(struct machine *m, const struct start *s)
{
    uint64_t *cr = m->vcpu->v->cr;

    cr[CR_IFA] = s->ifa;
    cr[CR_ITIR] = s->itir;
    cr[CR_IPSR] = s->ipsr;
    cr[CR_IIP] = s->iip;
    cr[CR_IFS] = s->ifs;
    kia_set_ar(m->vcpu, AR_RSC, s->rsc);
    kia_set_ar(m->vcpu, AR_BSPSTORE, s->bspstore);
    kia_vcpu_set_vmsw(m->vcpu, true);
}

void stream_clear(struct machine *m)
{
    kia_mem_clear_ram(m->mem);
    twin_add_gates(m, CODE + STREAM_BUNDLES * 16);
}

void stream_load(struct machine *m, const struct start *s)
{
    static const uint8_t zeros[AREA];
    struct vcpu *v = m->vcpu->v;

    kia_vcpu_reset(m->vcpu);
    kia_vcpu_purge_all_tc(m->vcpu);
    atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_KICK);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    kia_set_psr(m->vcpu, s->psr);
    kia_set_cfm(m->vcpu, s->cfm);
    for (unsigned r = 1; r < 128; r++)
        gr_set(v, r, s->gr[r], s->nat[r]);
    for (unsigned f = 2; f < 128; f++)
        fr_set(v, f, s->fr[f]);
    memcpy(v->br, s->br, sizeof(s->br));
    v->pr = s->pr;
    kia_set_ar(m->vcpu, AR_FPSR, s->fpsr);
    v->pfs = s->pfs;
    v->unat = s->unat;
    v->ccv = s->ccv;
    v->lc = s->lc;
    v->ec = s->ec;
    if (s->kept)
        kia_mem_write(m->mem, STORE, zeros, sizeof(zeros));
    else
        stream_clear(m);
    kia_mem_write(m->mem, CODE, s->code, sizeof(s->code));
    kia_mem_write(m->mem, DATA, s->data, sizeof(s->data));
    if (stream_guest) {
        load_guest(m, s);
        kia_set_psr(m->vcpu, s->psr);
    }
    if (s->mapped)
        map_all(m);
    if (s->system)
        load_system(m, s);
    kia_set_ip(m->vcpu, CODE);
}

/* The state and what ended the run, as text, freed by the caller. @loops: the run was ended from outside. */
static char *run(struct machine *m, const struct start *s, bool *loops)
{
    m->run = (struct kia_run){ 0 };
    stream_load(m, s);
    atomic_fetch_add(&run_number, 1);
    atomic_store(&running, m->vcpu);
    kia_vcpu_run(m->vcpu, &m->run);
    atomic_store(&running, NULL);
    *loops = m->run.exit == KIA_EXIT_KICKED;
    return twin_text(m);
}

static bool same_memory(struct machine *a, struct machine *b, uint64_t gpa)
{
    return memcmp(kia_mem_hva(a->mem, gpa, AREA), kia_mem_hva(b->mem, gpa, AREA), AREA) == 0;
}

void stream_print(const struct start *s)
{
    char line[128];

    for (unsigned i = 0; i < STREAM_BUNDLES; i++) {
        for (unsigned slot = 0; slot < 3; slot++) {
            isa_disasm_slot(s->code[i], slot, CODE + i * 16, line, sizeof(line));
            printf("  %x.%u %s\n", CODE + i * 16, slot, line);
        }
    }
}

/* A run may be kicked by mistake when the host is busy, or between two that take long: then once more, with more time. */
enum outcome stream_compare(struct machine *interpreted, struct machine *compiled, const struct start *s)
{
    enum outcome outcome = FAILED;

    for (unsigned tries = 0; tries < 4; tries++) {
        bool a_loops = false, b_loops = false, same;
        char *a, *b;

        atomic_store(&patience, 1ul << 2 * tries);
        a = run(interpreted, s, &a_loops);
        b = run(compiled, s, &b_loops);

        same = a && b && !strcmp(a, b) && same_memory(interpreted, compiled, DATA) &&
               same_memory(interpreted, compiled, STORE) && same_memory(interpreted, compiled, VPD);
        if (a && b)
            outcome = a_loops && b_loops ? LOOPS : same ? SAME : DIFFERS;
        if (outcome == DIFFERS && a_loops == b_loops)
            print_difference(a, b);
        free(a);
        free(b);
        if (a_loops == b_loops)
            break;
    }
    return outcome;
}
