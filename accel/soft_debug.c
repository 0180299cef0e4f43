/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The software processor under a debugger: stops, single steps, memory and the register stack (docs/debugging.md). */
#include <errno.h>
#include <string.h>

#include "accel/soft.h"
#include "arch/interruption.h"
#include "arch/mmu.h"
#include "mem/mem.h"

enum { MLX_FIRST = 4, MLX_LAST = 5 };

/* ---- breakpoints ---- */

int kia_vm_set_breakpoint(struct kia_vm *vm, uint64_t address)
{
    unsigned slot = address & 15;

    if (slot > 2)
        return -EINVAL;
    for (unsigned i = 0; i < vm->n_breakpoints; i++) {
        if (vm->breakpoints[i] == address)
            return 0;
    }
    if (vm->n_breakpoints == SOFT_MAX_BREAKPOINTS)
        return -ENOSPC;
    vm->breakpoints[vm->n_breakpoints++] = address;
    code_add_stop(vm->code, address & 0xff0, slot);
    if (slot == 2) /* of an MLX bundle: its second instruction runs as slot 1 */
        code_add_stop(vm->code, address & 0xff0, 1);
    return 0;
}

/* The unit's stop stays: a debugger clears and sets its breakpoints around every stop. */
void kia_vm_clear_breakpoint(struct kia_vm *vm, uint64_t address)
{
    for (unsigned i = 0; i < vm->n_breakpoints; i++) {
        if (vm->breakpoints[i] == address)
            vm->breakpoints[i] = vm->breakpoints[--vm->n_breakpoints];
    }
}

static bool is_breakpoint(const struct kia_vm *vm, uint64_t address)
{
    for (unsigned i = 0; i < vm->n_breakpoints; i++) {
        if (vm->breakpoints[i] == address)
            return true;
    }
    return false;
}

/* True if v->ip's bundle is an MLX one. */
static bool at_mlx(struct vcpu *v)
{
    uint64_t gpa;
    uint8_t first;

    if (!debug_translate(v, v->ip, &gpa) || kia_mem_read(v->mem, gpa, &first, 1))
        return false;
    return (first & 31) >= MLX_FIRST && (first & 31) <= MLX_LAST;
}

bool soft_breakpoint(struct kia_vcpu *vcpu, struct kia_run *run)
{
    struct vcpu *v = vcpu->v;

    if (!is_breakpoint(vcpu->vm, v->ip | v->ri) &&
        !(v->ri == 1 && is_breakpoint(vcpu->vm, v->ip | 2) && at_mlx(v)))
        return false;
    run->exit = KIA_EXIT_DEBUG;
    run->stop = KIA_STOP_BREAKPOINT;
    run->address = v->ip | v->ri;
    return true;
}

/* ---- watchpoints ---- */

static void use_watches(struct kia_vm *vm)
{
    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        struct kia_vcpu *vcpu = vm->vcpus[i];

        if (!vcpu)
            continue;
        tlb_guest_enter(vcpu->v);
        debug_set_watches(vcpu->v, vm->watches.n ? &vm->watches : NULL);
        tlb_guest_leave(vcpu->v);
    }
}

static unsigned ref_access(unsigned access)
{
    return (access & KIA_WATCH_READ ? REF_R : 0) | (access & KIA_WATCH_WRITE ? REF_W : 0);
}

static unsigned find_watch(const struct watch_list *w, uint64_t gva, uint64_t len, unsigned access)
{
    unsigned i;

    for (i = 0; i < w->n; i++) {
        if (w->at[i].first == gva && w->at[i].last == gva + len - 1 && w->at[i].access == ref_access(access))
            break;
    }
    return i;
}

int kia_vm_set_watchpoint(struct kia_vm *vm, uint64_t gva, uint64_t len, unsigned access)
{
    struct watch_list *w = &vm->watches;

    if (!len || gva + len - 1 < gva || !ref_access(access))
        return -EINVAL;
    if (find_watch(w, gva, len, access) < w->n)
        return 0;
    if (w->n == DEBUG_MAX_WATCHES)
        return -ENOSPC;
    w->at[w->n].first = gva;
    w->at[w->n].last = gva + len - 1;
    w->at[w->n++].access = ref_access(access);
    use_watches(vm);
    return 0;
}

void kia_vm_clear_watchpoint(struct kia_vm *vm, uint64_t gva, uint64_t len, unsigned access)
{
    struct watch_list *w = &vm->watches;
    unsigned i = find_watch(w, gva, len, access);

    if (i == w->n)
        return;
    w->at[i] = w->at[--w->n];
    use_watches(vm);
}

void kia_vm_clear_debug(struct kia_vm *vm)
{
    vm->n_breakpoints = 0;
    code_forget_stops(vm->code);
    if (vm->watches.n) {
        vm->watches.n = 0;
        use_watches(vm);
    }
}

/* ---- one instruction ---- */

/* True: run->exit is set and was not by the step itself. */
static bool step(struct kia_vcpu *vcpu, struct kia_run *run)
{
    struct vcpu *v = vcpu->v;
    struct code_unit *u;
    bool bad, done;

    if (v->rse.cfle) {
        if (soft_complete_frame(vcpu, run))
            return true;
        if (v->rse.ndirty < 0) /* an interruption */
            return false;
    }
    /* One instruction a unit, and no compiled code, which might find its way to the next one. */
    v->key |= KEY_CAREFUL;
    u = soft_find_unit(vcpu, &bad);
    if (u) {
        vcpu->jit = NULL;
        done = soft_run_unit(vcpu, u, run);
        vcpu->jit = vcpu->vm->jit;
    } else if (bad) {
        done = true;
        soft_stuck(run, "instruction fetch from an address where there is no memory", v->ip);
    } else {
        done = false;
        interruption_deliver(v);
    }
    vcpu_update_key(v);
    return done;
}

/* True if v->fault, NONE before, now is a fault: the instruction had no effect. */
static bool faulted(const struct vcpu *v)
{
    return v->fault.kind != FAULT_NONE && v->fault.kind < FAULT_TRAP_UNIMPL_INST_ADDR;
}

bool soft_watchpoint(struct kia_vcpu *vcpu, struct kia_run *run)
{
    struct vcpu *v = vcpu->v;
    uint64_t address = v->fault.ifa;
    bool done;

    v->fault.kind = FAULT_NONE;
    debug_set_watches(v, NULL);
    done = v->rse.cfle ? soft_complete_frame(vcpu, run) : step(vcpu, run);
    debug_set_watches(v, &vcpu->vm->watches);
    if (done || faulted(v))
        return done;
    run->exit = KIA_EXIT_DEBUG;
    run->stop = KIA_STOP_WATCHPOINT;
    run->address = address;
    return true;
}

enum kia_exit kia_vcpu_step(struct kia_vcpu *vcpu, struct kia_run *run)
{
    struct vcpu *v = vcpu->v;
    uint32_t bits;

    tlb_guest_enter(v);
    code_quiesce(vcpu->vm->code, v->index, false);
    bits = atomic_fetch_and(&v->attention, ~(uint32_t)(ATTN_KICK | ATTN_SYNC));
    if (bits & ATTN_SYNC)
        tlb_serve(v);
    if (bits & ATTN_KICK) {
        run->exit = KIA_EXIT_KICKED;
    } else if (!step(vcpu, run)) {
        run->exit = KIA_EXIT_DEBUG;
        run->stop = KIA_STOP_STEP;
    }
    code_quiesce(vcpu->vm->code, v->index, true);
    tlb_guest_leave(v);
    return run->exit;
}
