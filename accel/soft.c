/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The software processor as an accelerator: machines, processors, interrupts. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "accel/soft_det.h"
#include "accel/soft_profile.h"
#include "accel/symbols.h"
#include "arch/interruption.h"
#include "arch/mmu.h"
#include "jit/jit.h"
#include "vmm/log.h"

/* The ALAT's places are those of registers in struct vcpu: the same in every process. */
enum { VCPU_ALIGN = 4096 };

/* Of vcpus that wait for others: what gap between two looks ends a wait, when it is a long one, how long to sleep then. */
enum { NEW_WAIT_NS = 10000, LONG_WAIT_NS = 1000000, NAP_NS = 50000 };

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

/*
 * A long wait is for a vcpu that has no place on the host, which others take that only ask whether it is done: so this one
 * sleeps. Not for long, as Linux's locks are had in the order of asking, and all wait for a sleeper whose turn it is.
 */
static void on_yield(void *opaque, struct vcpu *v)
{
    struct kia_vcpu *vcpu = v->engine;
    uint64_t now = soft_now_ns();

    if (((struct kia_vm *)opaque)->det)
        return;
    if (now - vcpu->yielded_ns > NEW_WAIT_NS)
        vcpu->wait_ns = now;
    if (now - vcpu->wait_ns < LONG_WAIT_NS || atomic_load(&v->attention))
        sched_yield();
    else
        soft_nap(vcpu, NAP_NS);
    vcpu->yielded_ns = soft_now_ns();
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
    if (vm->jit)
        jit_set_deliver(vm->jit, soft_deliver);
    if (vm->jit && vm->options.profile)
        jit_profile(vm->jit);
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
        .homes = vm->jit && !vm->options.deterministic, /* one whose units count slots links exits in their page only */
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
    if (!err && vm->options.symbols)
        err = symbols_load(vm->options.symbols, &vm->symbols);
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
    err = vm->options.deterministic ? soft_det_create(vm) : soft_places_create(vm);
    if (!err)
        err = soft_timer_start(vm);
    if (!err && vm->options.profile && (err = soft_profile_start(vm)))
        soft_timer_stop(vm);
    if (err)
        goto fail;
    kia_mem_set_write_hook(config->mem, on_code_changed, vm);
    *out = vm;
    return 0;
fail:
    soft_det_destroy(vm);
    soft_options_free(&vm->options);
    symbols_free(vm->symbols);
    places_destroy(vm->places);
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
    soft_profile_stop(vm);
    soft_profile_write(vm);
    soft_det_destroy(vm);
    soft_options_free(&vm->options);
    symbols_free(vm->symbols);
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
    places_destroy(vm->places);
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
    vcpu->seat.owner = vcpu;
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
