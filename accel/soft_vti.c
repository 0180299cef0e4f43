/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual environments: the gates of PAL's virtualization services, PAL's calls for virtual processors, the log. */
#include <errno.h>
#include <inttypes.h>

#include "accel/soft.h"
#include "arch/mmu.h"
#include "arch/vti.h"
#include "lower/lower.h"
#include "vmm/log.h"

#define NOP_B (UINT64_C(2) << 37)

enum { ENV_SIZE = KIA_VPS_COUNT * KIA_VPS_STEP };

int soft_vps_at(struct kia_vm *vm, uint64_t gpa)
{
    if (gpa & (KIA_VPS_STEP - 1))
        return -1;
    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        struct kia_vcpu *vcpu = vm->vcpus[i];
        uint64_t env = vcpu ? atomic_load(&vcpu->env_gpa) : SOFT_NO_ENV;

        if (env != SOFT_NO_ENV && gpa >= env && gpa - env < ENV_SIZE)
            return (int)(LOWER_GATE_VPS + (gpa - env));
    }
    return -1;
}

int kia_vcpu_vp_make_env(struct kia_vcpu *vcpu, uint64_t gpa)
{
    struct bundle b = soft_gate_bundle(NOP_B);
    int err = 0;

    for (unsigned i = 0; i < KIA_VPS_COUNT && !err; i++)
        err = kia_mem_write(vcpu->vm->mem, gpa + i * KIA_VPS_STEP, &b, sizeof(b));
    return err;
}

/* Bundles there become services, or cease to be. */
static void set_env(struct kia_vcpu *vcpu, uint64_t gpa)
{
    uint64_t old = atomic_exchange(&vcpu->env_gpa, gpa);

    if (old == gpa)
        return;
    if (old != SOFT_NO_ENV)
        code_changed(vcpu->vm->code, old, ENV_SIZE);
    if (gpa != SOFT_NO_ENV)
        code_changed(vcpu->vm->code, gpa, ENV_SIZE);
}

void kia_vcpu_vp_enter(struct kia_vcpu *vcpu, uint64_t gpa, uint64_t config)
{
    vti_unload(vcpu->v);
    vcpu->v->vti.config = config;
    vcpu->v->vti.in_env = true;
    set_env(vcpu, gpa);
}

void kia_vcpu_vp_leave(struct kia_vcpu *vcpu)
{
    vti_unload(vcpu->v);
    vcpu->v->vti.config = 0;
    vcpu->v->vti.in_env = false;
    set_env(vcpu, SOFT_NO_ENV);
}

int kia_vcpu_vp_load(struct kia_vcpu *vcpu, uint64_t vpd)
{
    struct vcpu *v = vcpu->v;
    int err = 0;

    tlb_guest_enter(v);
    if (vti_load(v, vpd) != OPR_OK)
        err = v->fault.kind == FAULT_ILLEGAL_OP ? -EINVAL : soft_gate_fault(v);
    tlb_guest_leave(v);
    return err;
}

void kia_vcpu_vp_unload(struct kia_vcpu *vcpu) { vti_unload(vcpu->v); }

bool kia_vcpu_vp_loaded(const struct kia_vcpu *vcpu, uint64_t *vpd)
{
    *vpd = vcpu->v->vti.vpd_gva;
    return vcpu->v->vti.vpd;
}

bool kia_vcpu_vmsw(const struct kia_vcpu *vcpu) { return vcpu->v->vti.vmsw; }
void kia_vcpu_set_vmsw(struct kia_vcpu *vcpu, bool on) { vcpu->v->vti.vmsw = on; }

static const char *const services[KIA_VPS_COUNT] = {
    "RESUME_NORMAL", "RESUME_HANDLER", "SYNC_READ", "SYNC_WRITE", "SET_PENDING_INTERRUPT",
    "THASH",         "TTAG",           "RESTORE",   "SAVE",
};

static const char *instruction(uint64_t cause)
{
    for (unsigned op = 0; op < OP_COUNT; op++) {
        if (vti_table[op].cause == cause)
            return vti_table[op].name;
    }
    return "?";
}

void soft_vti_note(void *opaque, struct vcpu *v, enum vti_event event, uint64_t a, uint64_t b)
{
    (void)opaque;
    switch (event) {
    case VTI_ENTER:
        kia_log(KIA_LOG_VTI, "cpu %u enters the guest at 0x%" PRIx64, v->index, a);
        break;
    case VTI_LEAVE:
        kia_log(KIA_LOG_VTI, "cpu %u leaves the guest at 0x%" PRIx64 ", vector 0x%04" PRIx64, v->index, v->ip, a);
        break;
    case VTI_INTERCEPT:
        kia_log(KIA_LOG_VTI, "cpu %u intercept %" PRIu64 " (%s) opcode 0x%016" PRIx64 " iip 0x%" PRIx64 ".%u", v->index, a,
                instruction(a), b, v->cr[CR_IIP], (unsigned)(v->cr[CR_IPSR] >> PSR_RI_SHIFT & 3));
        break;
    case VTI_INTERRUPT:
        kia_log(KIA_LOG_VTI, "cpu %u virtual external interrupt, vhpi %" PRIu64 " ip 0x%" PRIx64, v->index, a, v->ip);
        break;
    case VTI_SERVICE:
        kia_log(KIA_LOG_VTI, "cpu %u %s r25 0x%" PRIx64, v->index, services[a / KIA_VPS_STEP], b);
        break;
    case VTI_VMSW:
        kia_log(KIA_LOG_VTI, "cpu %u vmsw.%" PRIu64, v->index, a);
        break;
    }
}
