/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual environments: the gates of PAL's virtualization services, PAL's calls for virtual processors, the log. */
#include <errno.h>
#include <inttypes.h>

#include "accel/soft.h"
#include "arch/mmu.h"
#include "arch/ops.h"
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

static void dump_bits(FILE *out, const char *name, uint64_t value, const char *const *bits, unsigned n)
{
    fprintf(out, "%s %016" PRIx64, name, value);
    for (unsigned i = 0; i < n; i++) {
        if (value >> i & 1)
            fprintf(out, " %s", bits[i]);
    }
    fputc('\n', out);
}

static void dump_words(const struct vcpu *v, FILE *out, const char *name, unsigned first, unsigned n, size_t offset)
{
    for (unsigned i = 0; i < n; i++)
        fprintf(out, "%s%u %016" PRIx64 "\n", name, first + i, vpd_get(v, offset + 8 * (size_t)i));
}

void kia_vcpu_dump_vpd(struct kia_vcpu *vcpu, FILE *out)
{
    static const char *const vac[] = { "a_int", "a_from_int_cr", "a_to_int_cr", "a_from_psr", "a_from_cpuid",
                                       "a_cover", "a_bsw", "a_probe", "a_tf", "a_ic_um" };
    static const char *const vdc[] = { "d_vmsw", "d_extint", "d_ibr_dbr", "d_pmc", "d_to_pmd", "d_itm", "d_psr_i" };
    const struct vcpu *v = vcpu->v;

    if (!v->vti.vpd) {
        fprintf(out, "no virtual processor is loaded\n");
        return;
    }
    fprintf(out, "vpd %016" PRIx64 "\n", v->vti.vpd_gva);
    dump_bits(out, "vac", vpd_get(v, VPD_OFFSET(vac)), vac, sizeof(vac) / sizeof(*vac));
    dump_bits(out, "vdc", vpd_get(v, VPD_OFFSET(vdc)), vdc, sizeof(vdc) / sizeof(*vdc));
    fprintf(out, "handler %016" PRIx64 "\nvhpi %016" PRIx64 "\nvpsr %016" PRIx64 "\nvpr %016" PRIx64 "\n", v->vti.handler,
            vpd_get(v, VPD_OFFSET(vhpi)), vpd_get(v, VPD_OFFSET(vpsr)), vpd_get(v, VPD_OFFSET(vpr)));
    dump_words(v, out, "vgr", 16, 16, VPD_OFFSET(vgr));
    dump_words(v, out, "vbgr", 16, 16, VPD_OFFSET(vbgr));
    fprintf(out, "vnat %016" PRIx64 "\nvbnat %016" PRIx64 "\n", vpd_get(v, VPD_OFFSET(vnat)), vpd_get(v, VPD_OFFSET(vbnat)));
    dump_words(v, out, "vcpuid", 0, 5, VPD_OFFSET(vcpuid));
    for (unsigned cr = 0; cr < 128; cr++) {
        if (cr_valid(cr))
            fprintf(out, "vcr%u %016" PRIx64 "\n", cr, vpd_cr(v, cr));
    }
}
