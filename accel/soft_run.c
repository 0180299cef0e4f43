/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run loop of the software processor: finds units, runs or compiles them, delivers what they raise. */
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "accel/soft_det.h"
#include "accel/soft_profile.h"
#include "arch/interruption.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "arch/rse.h"
#include "interp/interp.h"
#include "jit/jit.h"

enum { NAT_RECHECK_UNITS = 64, NO_PROGRESS_LIMIT = 64, FLUSH_WAIT_NS = 20000000 };

enum kia_exit soft_stuck(struct kia_run *run, const char *why, uint64_t ip)
{
    run->exit = KIA_EXIT_STUCK;
    snprintf(run->why, sizeof(run->why), "%s (ip %016" PRIx64 ")", why, ip);
    return run->exit;
}

static void deliver(struct kia_vcpu *vcpu)
{
    vcpu->stats.faults[vcpu->v->fault.kind]++;
    interruption_deliver(vcpu->v);
}

void soft_deliver(struct vcpu *v) { deliver(v->engine); }

/* Looks at the attention bits. Return: true if the loop is to be left, with run->exit set. */
static bool attend(struct kia_vcpu *vcpu, uint32_t bits, struct kia_run *run)
{
    static const struct {
        uint32_t bit;
        enum kia_exit exit;
    } exits[] = { { ATTN_KICK, KIA_EXIT_KICKED }, { ATTN_INIT, KIA_EXIT_INIT }, { ATTN_PMI, KIA_EXIT_PMI } };
    struct vcpu *v = vcpu->v;

    for (size_t i = 0; i < sizeof(exits) / sizeof(*exits); i++) {
        if (bits & exits[i].bit) {
            atomic_fetch_and(&v->attention, ~exits[i].bit);
            run->exit = exits[i].exit;
            return true;
        }
    }
    if (bits & ATTN_SET_TIMER)
        soft_timer_set(vcpu);
    if (bits & ATTN_PROFILE) {
        atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_PROFILE);
        soft_profile_sample(vcpu);
    }
    if (bits & ATTN_CODE)
        atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_CODE);
    if (bits & ATTN_SYNC) {
        atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_SYNC);
        tlb_serve(v);
    }
    if (interruption_external(v)) {
        vcpu->no_progress = 0;
        vcpu->gives_way = false;
    }
    return false;
}

/* The code page that v->ip lies in; NULL if the fetch faulted (v->fault) or the page is no memory (@bad). */
static struct code_page *fetch_page(struct kia_vcpu *vcpu, bool *bad)
{
    struct vcpu *v = vcpu->v;
    struct ftlb_entry *e = &v->ftlb[v->ip >> 12 & (FTLB_SIZE - 1)];
    uint64_t tag = (v->ip & ~UINT64_C(0xfff)) ^ v->itag[v->ip >> 61];
    struct code_page *page;
    uint64_t gpa;

    *bad = false;
    if (__builtin_expect(e->tag == tag && e->page, 1))
        return e->page;
    if (mmu_fetch(v, v->ip, &gpa, NULL) != OPR_OK)
        return NULL;
    *bad = true;
    if (!kia_mem_hva(vcpu->vm->mem, gpa & ~UINT64_C(0xfff), 4096))
        return NULL;
    page = code_page(vcpu->vm->code, gpa);
    if (page && e->tag == tag)
        e->page = page;
    return page;
}

static struct code_unit *page_unit(struct kia_vcpu *vcpu, struct code_page *page, uint32_t key)
{
    struct vcpu *v = vcpu->v;
    struct code_unit *u = code_find(page, v->ip, v->ri, key);

    return u ? u : code_translate(vcpu->vm->code, page, v->ip, v->ri, key);
}

static struct unit_entry *unit_entry(struct kia_vcpu *vcpu)
{
    uint64_t ip = vcpu->v->ip;

    return &vcpu->units[(ip >> 4 ^ ip >> 14 ^ (uint64_t)vcpu->v->ri << 8) & (UNIT_ENTRIES - 1)];
}

static void remember_unit(struct kia_vcpu *vcpu, struct code_unit *u)
{
    struct vcpu *v = vcpu->v;

    vcpu_note_jump(v);
    *unit_entry(vcpu) = (struct unit_entry){ v->ip | v->ri, v->itag[v->ip >> 61], v->units_gen, v->key, u };
}

struct code_unit *soft_find_unit(struct kia_vcpu *vcpu, bool *bad)
{
    struct vcpu *v = vcpu->v;
    const struct unit_entry *e = unit_entry(vcpu);
    struct code_page *page;
    struct code_unit *u;

    if (e->unit && e->ip == (v->ip | v->ri) && e->gen == v->units_gen && e->key == v->key && e->itag == v->itag[v->ip >> 61] &&
        !vcpu->vm->det)
        return e->unit;
    page = fetch_page(vcpu, bad);
    if (!page)
        return NULL;
    u = page_unit(vcpu, page, v->key);
    if (u && vcpu->vm->det && u->ir->n_slots > v->slots_left) /* the turn ends within it */
        u = page_unit(vcpu, page, v->key | KEY_STEP);
    *bad = !u;
    return u;
}

/* CR.IIPA follows the last bundle that completed an instruction while psr.ic is 1 (SDM Vol.2 3.3.5.7). */
static void track_iipa(struct vcpu *v, const struct ir_unit *u, uint64_t ip0, unsigned last_pos, bool completed)
{
    unsigned bundle = last_pos >> 2;

    if (!(u->key & KEY_IC))
        return;
    if (!completed) {
        if (last_pos == u->slot)
            return; /* the unit's first instruction faulted */
        if ((last_pos & 3) == 0)
            bundle--;
    }
    v->cr[CR_IIPA] = ip0 + (uint64_t)bundle * 16;
}

static void end_careful(struct vcpu *v, enum unit_end end, const struct unit_result *r, uint64_t psr, uint64_t ip0)
{
    unsigned flags = (r->taken ? TRAP_TAKEN : 0) | (r->was_rfi ? TRAP_RFI : 0) | (end == UNIT_TRAP ? TRAP_FP : 0);

    v->trap_ip = ip0;
    v->trap_ri = r->last_pos & 3;
    trap_after_insn(v, psr, flags);
}

static const void *compile(struct kia_vcpu *vcpu, struct code_unit *c)
{
    struct kia_vm *vm = vcpu->vm;
    const struct ir_unit *over = NULL;
    const void *code;
    bool full;

    if (!vm->det && jit_is_cut(c->ir))
        over = code_translate_over(vm->code, c);
    pthread_mutex_lock(&vm->jit_lock);
    code = atomic_load_explicit(&c->host, memory_order_relaxed); /* by another processor meanwhile */
    if (!code)
        code = jit_compile(vm->jit, c->ir, over, vcpu->v->ip, c->token);
    if (code && vm->perf_map)
        soft_perf_note(vcpu, code);
    full = !code && jit_full(vm->jit);
    c->no_host = !code && !full;
    atomic_store_explicit(&c->host, code, memory_order_release);
    pthread_mutex_unlock(&vm->jit_lock);
    if (full)
        code_flush(vm->code);
    return code;
}

/* Host code of a unit, compiled when it has run often enough; NULL: the interpreter is to run it. */
static inline const void *host_code(struct kia_vcpu *vcpu, struct code_unit *c)
{
    const void *code = atomic_load_explicit(&c->host, memory_order_acquire);
    uint32_t runs;

    if (code || c->no_host)
        return code;
    runs = atomic_load_explicit(&c->runs, memory_order_relaxed);
    if (runs >= vcpu->vm->options.jit_after)
        return compile(vcpu, c);
    atomic_store_explicit(&c->runs, runs + 1, memory_order_relaxed);
    return NULL;
}

/* The exit that ended a run goes straight to the unit it leads to from now on. */
static void link_exit(struct kia_vcpu *vcpu, const struct ir_unit *from, const struct jit_link *link)
{
    struct vcpu *v = vcpu->v;
    struct code_unit *to;
    bool bad;

    /* What an interruption would have kept from being fetched is not fetched. */
    if (vcpu->vm->det && (v->slots_left <= 0 || atomic_load(&v->attention)))
        return;
    if (v->key != link->key || !(to = soft_find_unit(vcpu, &bad)) || !to->host)
        return;
    if ((link->to_page || to->ir->gpa >> 12 == from->gpa >> 12) && !atomic_load(&to->invalid))
        jit_link(vcpu->vm->jit, link->place, to->host, to->token);
}

static enum unit_end interpret(struct kia_vcpu *vcpu, const struct ir_unit *u, struct unit_result *r)
{
    struct vcpu *v = vcpu->v;
    enum unit_end end;

    v->profile_ip = v->ip;
    v->profile_key = u->key;
    vcpu->stats.interpreted++;
    vcpu->stats.interpreted_insns += u->n_insns;
    v->slots_left -= u->n_slots;
    end = interp_unit(v, u, r);
    v->slots_left += u->n_slots - r->slots;
    v->slots_rest = 0;
    return end;
}

/* Runs one unit, or linked ones. */
static enum unit_end execute(struct kia_vcpu *vcpu, struct code_unit *c, const struct ir_unit **u, struct unit_result *r,
                             uint64_t *ip0)
{
    const void *code = vcpu->jit && !(c->key & KEY_STEP) ? host_code(vcpu, c) : NULL;
    enum unit_end end;
    struct jit_link link;

    *u = c->ir;
    *ip0 = vcpu->v->ip;
    if (!code)
        return interpret(vcpu, c->ir, r);
    if (!(vcpu->v->key & KEY_CAREFUL)) {
        vcpu_remember_jump(vcpu->v, code);
        vcpu_remember_page(vcpu->v, c->token);
        remember_unit(vcpu, c);
    }
    end = jit_run(vcpu->vm->jit, vcpu->v, code, u, r, ip0, &link);
    vcpu->v->slots_rest = 0;
    vcpu->stats.entries++;
    vcpu->stats.leaves[r->leave]++;
    if (r->leave > JIT_LEFT_CALL)
        vcpu->stats.left_op[r->left_op]++;
    if (r->leave == JIT_LEFT_INTERPRET)
        return interpret(vcpu, *u, r);
    if (link.place)
        link_exit(vcpu, *u, &link);
    return end;
}

/* A hypervisor's GR24 and GR25: what instruction of the unit raised the Virtualization fault. */
static void name_intercept(struct vcpu *v, const struct ir_unit *u, unsigned pos)
{
    for (unsigned i = 0; i < u->n_guest; i++) {
        if (u->guest[i].pos == pos) {
            v->fault.cause = u->guest[i].cause;
            v->fault.opcode = u->guest[i].opcode;
            return;
        }
    }
    assert(!"only virtualized instructions raise it");
}

bool soft_run_unit(struct kia_vcpu *vcpu, struct code_unit *c, struct kia_run *run)
{
    struct vcpu *v = vcpu->v;
    uint64_t ip0, psr = v->psr;
    const struct ir_unit *u;
    struct unit_result r;
    enum unit_end end = execute(vcpu, c, &u, &r, &ip0);

    if (r.idle)
        return false;
    if (!r.moved)
        track_iipa(v, u, ip0, r.last_pos, end != UNIT_FAULT);
    if (end == UNIT_FAULT) {
        if (r.last_pos != u->slot || u != c->ir) /* compiled code may have come from another unit */
            vcpu->no_progress = 0;
        if (v->fault.kind == FAULT_VIRTUALIZATION)
            name_intercept(v, u, r.last_pos);
        if (__builtin_expect(v->fault.kind == FAULT_WATCHPOINT, 0))
            return soft_watchpoint(vcpu, run);
        deliver(vcpu);
        if (++vcpu->no_progress > NO_PROGRESS_LIMIT) {
            soft_stuck(run, "the first instruction of the interruption handler faults for ever", v->ip);
            return true;
        }
        return false;
    }
    vcpu->no_progress = 0;
    if (u->key & KEY_CAREFUL)
        end_careful(v, end, &r, psr, ip0);
    else if (end == UNIT_TRAP)
        deliver(vcpu);
    if (end == UNIT_GATE) {
        run->exit = KIA_EXIT_GATE;
        run->gate = r.gate;
        return true;
    }
    return false;
}

/* A frame whose registers are missing gets them before the next instruction (SDM Vol.2 6.8). */
bool soft_complete_frame(struct kia_vcpu *vcpu, struct kia_run *run)
{
    if (rse_complete_frame(vcpu->v) == OPR_OK)
        return false;
    if (vcpu->v->fault.kind == FAULT_WATCHPOINT)
        return soft_watchpoint(vcpu, run);
    deliver(vcpu);
    if (++vcpu->no_progress <= NO_PROGRESS_LIMIT)
        return false;
    soft_stuck(run, "the register stack cannot be loaded", vcpu->v->ip);
    return true;
}

/* What a deterministic machine does between two units. Return: true if the turn is over. */
static bool turn_over(struct kia_vcpu *vcpu, struct kia_run *run)
{
    if (vcpu->v->nat_any || vcpu->nat_due)
        soft_det_nat(vcpu);
    run->exit = KIA_EXIT_TURN;
    return vcpu->v->slots_left <= 0;
}

/* Careful units look now and then whether there is still a NaT. */
static void look_for_nats(struct kia_vcpu *vcpu)
{
    if (vcpu->vm->det || vcpu->nat_countdown-- != 0)
        return;
    vcpu->nat_countdown = NAT_RECHECK_UNITS;
    vcpu_nat_recheck(vcpu->v);
}

/*
 * Nothing that this processor remembers of units and pages is to be used any more. In a flush the others get their chance to
 * notice, before this one makes new units that add to the memory of the old.
 */
static void forget_code(struct kia_vcpu *vcpu)
{
    const uint32_t urgent = ATTN_KICK | ATTN_SYNC;
    struct vcpu *v = vcpu->v;
    uint64_t until;

    vcpu_forget_jumps(v);
    memset(vcpu->units, 0, sizeof(vcpu->units));
    for (unsigned i = 0; i < FTLB_SIZE; i++)
        v->ftlb[i].page = NULL;
    if (!code_flushing(vcpu->vm->code))
        return;
    until = soft_now_ns() + FLUSH_WAIT_NS;
    while (code_flushing(vcpu->vm->code) && !(atomic_load(&v->attention) & urgent) && soft_now_ns() < until)
        sched_yield();
}

enum kia_exit kia_vcpu_run(struct kia_vcpu *vcpu, struct kia_run *run)
{
    struct vcpu *v = vcpu->v;
    bool det = vcpu->vm->det;

    if (vcpu->vm->places)
        soft_places_enter(vcpu);
    tlb_guest_enter(v);
    if (det)
        soft_det_enter(vcpu->vm);
    if (vcpu->vm->profile)
        soft_profile_outside(vcpu);
    for (;;) {
        uint32_t bits = atomic_load_explicit(&v->attention, memory_order_relaxed);
        struct code_unit *u;
        uint64_t epoch;
        bool bad;

        if (__builtin_expect(bits == ATTN_PLACE, 0)) {
            soft_places_look(vcpu);
            continue;
        }
        epoch = code_quiesce(vcpu->vm->code, v->index, false);
        if (__builtin_expect(epoch != vcpu->code_epoch, 0)) {
            vcpu->code_epoch = epoch;
            forget_code(vcpu);
        }
        if (__builtin_expect(det, 0) && turn_over(vcpu, run))
            break;
        if (__builtin_expect(bits, 0) && attend(vcpu, bits, run))
            break;
        if (__builtin_expect(v->rse.cfle, 0)) {
            if (soft_complete_frame(vcpu, run))
                break;
            continue;
        }
        if (v->nat_any)
            look_for_nats(vcpu);
        u = soft_find_unit(vcpu, &bad);
        if (__builtin_expect(!u, 0)) {
            if (bad) {
                soft_stuck(run, "instruction fetch from an address where there is no memory", v->ip);
                break;
            }
            deliver(vcpu);
            if (++vcpu->no_progress > NO_PROGRESS_LIMIT) {
                soft_stuck(run, "the interruption handler cannot be fetched", v->ip);
                break;
            }
            continue;
        }
        if (__builtin_expect(u->stop, 0) && soft_breakpoint(vcpu, run))
            break;
        if (soft_run_unit(vcpu, u, run))
            break;
    }
    if (det)
        soft_det_leave(vcpu->vm);
    code_quiesce(vcpu->vm->code, v->index, true);
    tlb_guest_leave(v);
    if (vcpu->vm->places)
        soft_places_leave(vcpu);
    return run->exit;
}
