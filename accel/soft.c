/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The software processor as an accelerator: machines, processors, interrupts and the run loop. */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "accel/soft_det.h"
#include "arch/interruption.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "arch/rse.h"
#include "interp/interp.h"
#include "jit/jit.h"
#include "vmm/log.h"

enum {
    NAT_RECHECK_UNITS = 64,
    NO_PROGRESS_LIMIT = 64,
    FLUSH_WAIT_NS = 20000000,
    VCPU_ALIGN = 4096, /* the ALAT's places are those of registers in struct vcpu: the same in every process */
};

/* ---- machines ---- */

static int gate_at(void *opaque, uint64_t gpa)
{
    struct kia_vm *vm = opaque;
    unsigned n = atomic_load_explicit(&vm->n_gates, memory_order_acquire);

    for (unsigned i = 0; i < n; i++) {
        if (vm->gates[i].gpa == gpa)
            return (int)vm->gates[i].number;
    }
    return soft_vps_at(vm, gpa);
}

static void on_code_changed(void *opaque, uint64_t gpa, uint64_t len)
{
    struct kia_vm *vm = opaque;

    code_changed(vm->code, gpa, len);
}

/* Every vcpu leaves compiled code at the next unit and finds out that some of it is gone. */
static void on_dropped(void *opaque)
{
    struct kia_vm *vm = opaque;

    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        struct vcpu *v = atomic_load(&vm->vm.vcpus[i]);

        if (v)
            atomic_fetch_or(&v->attention, ATTN_CODE);
    }
}

static void on_flush(void *opaque, bool done)
{
    struct kia_vm *vm = opaque;

    if (!vm->jit)
        return;
    pthread_mutex_lock(&vm->jit_lock);
    if (done)
        jit_open(vm->jit);
    else
        jit_close(vm->jit);
    pthread_mutex_unlock(&vm->jit_lock);
}

static void on_kick(void *opaque, struct vcpu *other)
{
    (void)opaque;
    soft_attend(other->engine, 0);
}

static void on_yield(void *opaque)
{
    (void)opaque;
    sched_yield();
}

/* What arch/ sees of the machine. */
static void fill_vm(struct kia_vm *vm, const struct kia_vm_config *config)
{
    const struct kia_cpu_model *m = &vm->model;
    struct vm *a = &vm->vm;

    a->mem = config->mem;
    a->n_itr = m->n_itr;
    a->n_dtr = m->n_dtr;
    a->rid_bits = m->rid_bits;
    a->key_bits = m->key_bits;
    a->pa_bits = m->pa_bits;
    a->va_msb = m->va_msb;
    a->page_sizes = m->page_sizes;
    memcpy(&a->cpuid[0], "GenuineIntel\0\0\0\0", 16);
    a->cpuid[3] = m->cpuid3;
    a->cpuid[4] = m->cpuid4;
    a->vti = m->vti;
    a->vti_later = m->vti_later;
    a->vti_note = kia_log_wanted[KIA_LOG_VTI] ? soft_vti_note : NULL;
    soft_log_init(a);
    a->itc_hz = config->itc_hz;
    a->clock_epoch_ns = soft_now_ns();
    a->opaque = vm;
    a->code_changed = on_code_changed;
    a->kick = on_kick;
    a->timer_changed = soft_timer_changed;
    a->yield = on_yield;
    if (vm->options.deterministic)
        a->now_ns = soft_det_now;
}

/* Without jit=on or off code is compiled where this host can run it. */
static int create_jit(struct kia_vm *vm)
{
    if (vm->options.jit != SOFT_JIT_OFF)
        vm->jit = jit_create(vm->options.tb_size / 2, vm->options.deterministic);
    if (vm->jit && kia_log_wanted[KIA_LOG_JIT]) {
        vm->calls = calloc(JIT_COUNTERS, sizeof(*vm->calls));
        jit_count_calls(vm->jit, vm->calls);
    }
    if (vm->options.jit == SOFT_JIT_ON && !vm->jit)
        return kia_err(-ENOTSUP, "this host cannot run compiled code: use -accel soft,jit=off");
    return 0;
}

/* Half of the memory for translations is for host code, if there is any. */
static int create_code(struct kia_vm *vm, const struct kia_vm_config *config)
{
    struct code_config code = {
        .mem = config->mem,
        .cpuid4 = vm->model.cpuid4,
        .ito = vm->model.vti_later,
        .gate = gate_at,
        .dropped = on_dropped,
        .flush = on_flush,
        .opaque = vm,
        .max_vcpus = config->max_vcpus,
        .max_bytes = vm->options.tb_size / (vm->jit ? 2 : 1),
    };

    vm->code = code_create(&code);
    return vm->code ? 0 : -ENOMEM;
}

int kia_vm_create(const struct kia_vm_config *config, struct kia_vm **out)
{
    struct kia_vm *vm = calloc(1, sizeof(*vm));
    int err;

    if (!vm)
        return kia_err(-ENOMEM, "cannot create the machine");
    pthread_mutex_init(&vm->jit_lock, NULL);
    err = soft_options_parse(config->accel, &vm->options);
    if (!err)
        err = create_jit(vm);
    if (!err && vm->options.perf_map)
        err = soft_perf_open(vm);
    if (!err)
        err = soft_model_parse(config->cpu, &vm->model);
    if (err)
        goto fail;
    err = -ENOMEM;
    vm->mem = config->mem;
    vm->max_vcpus = config->max_vcpus;
    fill_vm(vm, config);
    vm->vcpus = calloc(config->max_vcpus, sizeof(*vm->vcpus));
    if (!vm->vcpus || create_code(vm, config))
        goto fail;
    err = vm->options.deterministic ? soft_det_create(vm) : 0;
    if (!err)
        err = soft_timer_start(vm);
    if (err)
        goto fail;
    kia_mem_set_write_hook(config->mem, on_code_changed, vm);
    *out = vm;
    return 0;
fail:
    soft_det_destroy(vm);
    soft_options_free(&vm->options);
    jit_destroy(vm->jit);
    code_destroy(vm->code);
    soft_perf_close(vm);
    free(vm->calls);
    free(vm->vcpus);
    free(vm);
    return err;
}

void kia_vm_destroy(struct kia_vm *vm)
{
    if (!vm)
        return;
    soft_timer_stop(vm);
    soft_det_destroy(vm);
    soft_options_free(&vm->options);
    kia_mem_set_write_hook(vm->mem, NULL, NULL);
    if (kia_log_wanted[KIA_LOG_JIT])
        soft_stats_print(vm);
    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        struct kia_vcpu *vcpu = vm->vcpus[i];

        if (!vcpu)
            continue;
        tlb_destroy(vcpu->v);
        free(vcpu->v);
        soft_timer_remove(vcpu);
        free(vcpu);
    }
    jit_destroy(vm->jit);
    code_destroy(vm->code);
    soft_perf_close(vm);
    free(vm->calls);
    free(vm->vcpus);
    free(vm);
}

uint64_t kia_vm_itc_hz(const struct kia_vm *vm) { return vm->vm.itc_hz; }
const struct kia_cpu_model *kia_vm_model(const struct kia_vm *vm) { return &vm->model; }

/* Slot 0: major opcode 2 of the M unit, which the SDM reserves: an Illegal Operation wherever it is no gate. */
#define GATE_SLOT (UINT64_C(2) << 37)
#define NOP_I     (UINT64_C(1) << 27)
#define NOP_B     (UINT64_C(2) << 37)
#define BR_COND_B0 (UINT64_C(0x20) << 27 | UINT64_C(1) << 12)
#define BR_RET_B0  (UINT64_C(0x21) << 27 | UINT64_C(4) << 6 | UINT64_C(1) << 12)
enum { TEMPLATE_MIB_STOP = 0x11 };

struct bundle soft_gate_bundle(uint64_t slot2)
{
    return isa_bundle_make(TEMPLATE_MIB_STOP, GATE_SLOT, NOP_I, slot2);
}

int kia_vm_add_gate(struct kia_vm *vm, uint64_t gpa, unsigned gate, enum kia_gate_kind kind)
{
    uint64_t slot2 = kind == KIA_GATE_RETURN ? BR_RET_B0 : kind == KIA_GATE_BRANCH ? BR_COND_B0 : NOP_B;
    struct bundle b = soft_gate_bundle(slot2);
    unsigned n = vm->n_gates, i;

    for (i = 0; i < n && vm->gates[i].gpa != gpa; i++)
        ;
    if (i == SOFT_MAX_GATES)
        return -ENOSPC;
    vm->gates[i] = (struct soft_gate){ .gpa = gpa, .number = gate };
    if (i == n)
        atomic_store_explicit(&vm->n_gates, n + 1, memory_order_release);
    return kia_mem_write(vm->mem, gpa, &b, sizeof(b));
}

/* ---- processors ---- */

int kia_vcpu_create(struct kia_vm *vm, unsigned index, uint8_t lid_id, uint8_t lid_eid, struct kia_vcpu **out)
{
    struct kia_vcpu *vcpu = calloc(1, sizeof(*vcpu));
    struct vcpu *v = aligned_alloc(VCPU_ALIGN, (sizeof(*v) + VCPU_ALIGN - 1) & ~(size_t)(VCPU_ALIGN - 1));

    assert(index < vm->max_vcpus && !vm->vcpus[index]);
    if (!vcpu || !v)
        goto fail;
    memset(v, 0, sizeof(*v));
    vcpu->v = v;
    vcpu->vm = vm;
    atomic_init(&vcpu->env_gpa, SOFT_NO_ENV);
    vcpu->jit = vm->jit;
    v->vm = &vm->vm;
    v->mem = vm->mem;
    v->index = index;
    v->engine = vcpu;
    if (soft_timer_add(vcpu) || tlb_create(v))
        goto fail_timer;
    vcpu_reset(v);
    cr_write(v, CR_LID, (uint64_t)lid_id << 24 | (uint64_t)lid_eid << 16);
    vm->vcpus[index] = vcpu;
    atomic_store(&vm->vm.vcpus[index], v);
    if (index >= atomic_load(&vm->vm.n_vcpus))
        atomic_store(&vm->vm.n_vcpus, index + 1);
    *out = vcpu;
    return 0;
fail_timer:
    soft_timer_remove(vcpu);
fail:
    free(v);
    free(vcpu);
    return kia_err(-ENOMEM, "cannot create processor %u", index);
}

void kia_vcpu_reset(struct kia_vcpu *vcpu)
{
    uint64_t lid = cr_read(vcpu->v, CR_LID);

    kia_vcpu_vp_leave(vcpu);
    vcpu_reset(vcpu->v);
    cr_write(vcpu->v, CR_LID, lid);
    soft_timer_off(vcpu);
    vcpu->no_progress = 0;
    if (vcpu->vm->det)
        soft_det_reset(vcpu);
}

unsigned kia_vcpu_index(const struct kia_vcpu *vcpu) { return vcpu->v->index; }

void kia_vcpu_kick(struct kia_vcpu *vcpu)
{
    if (vcpu->vm->det)
        soft_det_kick(vcpu->vm);
    else
        soft_attend(vcpu, ATTN_KICK);
}

void kia_vm_interrupt(struct kia_vm *vm, uint16_t lid, unsigned dm, uint8_t vector)
{
    if (vm->det)
        soft_det_interrupt(vm, lid, dm, vector);
    else
        soft_interrupt(vm, lid, dm, vector);
}

void soft_interrupt(struct kia_vm *vm, uint16_t lid, unsigned dm, uint8_t vector)
{
    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        struct kia_vcpu *vcpu = vm->vcpus[i];

        if (!vcpu || (vcpu->v->cr[CR_LID] >> 16 & 0xffff) != lid)
            continue;
        switch (dm) {
        case 0:
            sapic_post(vcpu->v, vector);
            soft_attend(vcpu, ATTN_IRQ);
            break;
        case 2:
            soft_attend(vcpu, ATTN_PMI);
            break;
        case 4:
            sapic_post(vcpu->v, 2);
            soft_attend(vcpu, ATTN_IRQ);
            break;
        case 5:
            soft_attend(vcpu, ATTN_INIT);
            break;
        case 7:
            sapic_post(vcpu->v, 0);
            soft_attend(vcpu, ATTN_IRQ);
            break;
        default:
            break;
        }
        return;
    }
}

/* ---- the run loop ---- */

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
    if (bits & ATTN_CODE)
        atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_CODE);
    if (bits & ATTN_SYNC) {
        atomic_fetch_and(&v->attention, ~(uint32_t)ATTN_SYNC);
        tlb_serve(v);
    }
    if (interruption_external(v))
        vcpu->no_progress = 0;
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
    struct code_unit *u = code_find(page, v->ip & 0xff0, v->ri, key);

    return u ? u : code_translate(vcpu->vm->code, page, v->ip & 0xff0, v->ri, key);
}

static struct unit_entry *unit_entry(struct kia_vcpu *vcpu)
{
    uint64_t ip = vcpu->v->ip;

    return &vcpu->units[(ip >> 4 ^ ip >> 14 ^ (uint64_t)vcpu->v->ri << 8) & (UNIT_ENTRIES - 1)];
}

static inline uint64_t key_gen(const struct vcpu *v) { return (uint64_t)v->jump_gen << 32 | v->key; }

static void remember_unit(struct kia_vcpu *vcpu, struct code_unit *u)
{
    struct vcpu *v = vcpu->v;

    vcpu_note_jump(v);
    *unit_entry(vcpu) = (struct unit_entry){ v->ip | v->ri, v->itag[v->ip >> 61], key_gen(v), u };
}

struct code_unit *soft_find_unit(struct kia_vcpu *vcpu, bool *bad)
{
    struct vcpu *v = vcpu->v;
    const struct unit_entry *e = unit_entry(vcpu);
    struct code_page *page;
    struct code_unit *u;

    if (e->unit && e->ip == (v->ip | v->ri) && e->key_gen == key_gen(v) && e->itag == v->itag[v->ip >> 61] &&
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
    const void *code;
    bool full;

    pthread_mutex_lock(&vm->jit_lock);
    code = atomic_load_explicit(&c->host, memory_order_relaxed); /* by another processor meanwhile */
    if (!code)
        code = jit_compile(vm->jit, c->ir);
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
    if (to->ir->gpa >> 12 == from->gpa >> 12 && !atomic_load(&to->invalid))
        jit_link(vcpu->vm->jit, link->place, to->host);
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
    if (!code) {
        vcpu->stats.interpreted++;
        vcpu->stats.interpreted_insns += c->ir->n_insns;
        vcpu->v->slots_left -= c->ir->n_slots;
        end = interp_unit(vcpu->v, c->ir, r);
        vcpu->v->slots_left += c->ir->n_slots - r->slots;
        vcpu->v->slots_rest = 0;
        return end;
    }
    if (!(vcpu->v->key & KEY_CAREFUL)) {
        if (!vcpu->v->ri)
            vcpu_remember_jump(vcpu->v, code);
        remember_unit(vcpu, c);
    }
    end = jit_run(vcpu->vm->jit, vcpu->v, code, u, r, ip0, &link);
    vcpu->v->slots_rest = 0;
    vcpu->stats.entries++;
    vcpu->stats.leaves[r->leave]++;
    if (r->leave > JIT_LEFT_CALL)
        vcpu->stats.left_op[r->left_op]++;
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
        if (r.last_pos != u->slot)
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

    tlb_guest_enter(v);
    if (det)
        soft_det_enter(vcpu->vm);
    for (;;) {
        uint32_t bits = atomic_load_explicit(&v->attention, memory_order_relaxed);
        struct code_unit *u;
        uint64_t epoch;
        bool bad;

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
    return run->exit;
}
