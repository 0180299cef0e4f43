/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's life: creation, set-up at power-on and reset, hand-over to the kernel, waiting processors,
 * gate dispatch. */
#include "fw/internal.h"
#include "fw/variables.h"
#include "vmm/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DCR_LC     UINT64_C(4)
#define LVT_MASKED UINT64_C(0x10000) /* ITV, PMV, CMCV bit 16 */
enum { FIRMWARE_RID = 0x1000, FIRMWARE_PS = 12, PTA_OFF = 0x3c };

int kia_fw_create(struct kia_board *board, struct kia_fw **out)
{
    const struct kia_board_info *info = kia_board_info(board);
    struct kia_fw *fw;

    if (info->n_vcpus < 1 || info->n_vcpus > KIA_FW_MAX_VCPUS)
        return kia_err(-EINVAL, "firmware serves 1 to %d processors, not %u", KIA_FW_MAX_VCPUS,
                       info->n_vcpus);
    fw = calloc(1, sizeof(*fw));
    if (!fw)
        return -ENOMEM;
    fw->variables = fw_variables_create();
    if (!fw->variables) {
        free(fw);
        return -ENOMEM;
    }
    fw->board = board;
    fw->info = info;
    fw->model = kia_vm_model(info->vm);
    fw->itc_hz = kia_vm_itc_hz(info->vm);
    pthread_mutex_init(&fw->lock, NULL);
    *out = fw;
    return 0;
}

void kia_fw_destroy(struct kia_fw *fw)
{
    if (!fw)
        return;
    fw_variables_destroy(fw->variables);
    pthread_mutex_destroy(&fw->lock);
    free(fw);
}

/* What an operating system left behind goes at reset. */
static void forget_registrations(struct kia_fw *fw)
{
    memset(fw->vectors, 0, sizeof(fw->vectors));
    memset(fw->mc_params, 0, sizeof(fw->mc_params));
    fw->virtual_mode = false;
    fw->init_monarch = false;
    for (unsigned i = 0; i < fw->info->n_vcpus; i++) {
        fw->cpus[i].min_state = fw_cpu_gpa(i, FW_CPU_MINSTATE);
        fw->cpus[i].mc_expected = false;
        fw->cpus[i].in_env = false;
    }
}

void fw_physical_state(struct kia_fw *fw, struct kia_vcpu *vcpu, uint64_t sp, uint64_t backing_store)
{
    (void)fw;
    kia_set_psr(vcpu, PSR_BN | PSR_IC);
    kia_set_ar(vcpu, AR_KR0, KIA_IO_PORTS_GPA);
    kia_set_ar(vcpu, AR_RSC, 0);
    kia_set_ar(vcpu, AR_BSPSTORE, backing_store);
    kia_set_ar(vcpu, AR_RNAT, 0);
    kia_set_ar(vcpu, AR_PFS, 0);
    kia_set_ar(vcpu, AR_FPSR, FPSR_DEFAULT);
    kia_set_cfm(vcpu, 0);
    kia_set_cr(vcpu, CR_DCR, DCR_LC);
    kia_set_cr(vcpu, CR_IVA, FW_ADDR(FW_IVT));
    kia_set_cr(vcpu, CR_PTA, PTA_OFF);
    kia_set_cr(vcpu, CR_TPR, 0);
    kia_set_cr(vcpu, CR_ITV, LVT_MASKED);
    kia_set_cr(vcpu, CR_PMV, LVT_MASKED);
    kia_set_cr(vcpu, CR_CMCV, LVT_MASKED);
    for (unsigned i = 0; i < 8; i++)
        kia_set_rr(vcpu, i, (uint64_t)(FIRMWARE_RID + i) << 8 | FIRMWARE_PS << 2);
    kia_set_gr(vcpu, 12, sp);
    kia_set_br(vcpu, 0, FW_ADDR(FW_PARK_LOOP));
}

static uint64_t cpu_stack_top(unsigned cpu)
{
    return fw_cpu_gpa(cpu, FW_CPU_STACK) + FW_CPU_BACKING - FW_CPU_STACK - 16;
}

static void reset_vcpu(struct kia_fw *fw, unsigned cpu)
{
    struct kia_vcpu *vcpu = kia_board_vcpu(fw->board, cpu);

    if (cpu == 0 && fw->info->has_kernel) {
        fw_physical_state(fw, vcpu, FW_ADDR(FW_STACK) + FW_STACK_SIZE - 16, FW_ADDR(FW_BACKING));
        kia_set_gr(vcpu, 28, FW_ADDR(FW_BOOT_PARAM));
        kia_set_ip(vcpu, fw->info->kernel_entry);
        return;
    }
    fw_physical_state(fw, vcpu, cpu_stack_top(cpu), fw_cpu_gpa(cpu, FW_CPU_BACKING));
    kia_set_ip(vcpu, FW_ADDR(FW_PARK_LOOP));
}

int kia_fw_setup(struct kia_fw *fw)
{
    static int (*const write[])(struct kia_fw *) = {
        fw_memmap_build, fw_gates_write,  fw_sal_write,  fw_efi_write,
        fw_pcdp_write,   fw_smbios_write, fw_acpi_write, fw_boot_write,
    };

    forget_registrations(fw);
    for (size_t i = 0; i < sizeof(write) / sizeof(write[0]); i++) {
        int err = write[i](fw);

        if (err)
            return err;
    }
    for (unsigned i = 0; i < fw->info->n_vcpus; i++)
        reset_vcpu(fw, i);
    return 0;
}

void fw_repeat(struct kia_vcpu *vcpu)
{
    kia_set_ip(vcpu, kia_get_ip(vcpu));
}

/*
 * The loop in which a processor waits: this gate sleeps, the bundles after it read cr.ivr into r8 and end the
 * interrupt, and FW_GATE_WAKE looks at r8. An operating system comes here, too, when it gives a processor
 * back (branch to the b0 it got).
 */
static enum kia_fw_next park(struct kia_fw *fw, struct kia_vcpu *vcpu)
{
    unsigned cpu = kia_vcpu_index(vcpu);

    fw_physical_state(fw, vcpu, cpu_stack_top(cpu), fw_cpu_gpa(cpu, FW_CPU_BACKING));
    kia_set_ip(vcpu, FW_ADDR(FW_PARK_LOOP) + 0x10);
    kia_vcpu_halt(vcpu);
    return KIA_FW_CONTINUE;
}

/* SAL's hand-over to the boot rendezvous procedure (SAL 3.x, OS_BOOT_RENDEZ): physical, gp, stack, b0 back
 * into SAL. */
static enum kia_fw_next wake(struct kia_fw *fw, struct kia_vcpu *vcpu)
{
    unsigned cpu = kia_vcpu_index(vcpu);
    struct fw_vectors rendez;

    pthread_mutex_lock(&fw->lock);
    rendez = fw->vectors[SAL_VECTOR_BOOT_RENDEZ];
    pthread_mutex_unlock(&fw->lock);
    if (kia_get_gr(vcpu, 8, NULL) != FW_WAKE_VECTOR || !rendez.addr1) {
        kia_set_ip(vcpu, FW_ADDR(FW_PARK_LOOP));
        return KIA_FW_CONTINUE;
    }
    fw_physical_state(fw, vcpu, cpu_stack_top(cpu), fw_cpu_gpa(cpu, FW_CPU_BACKING));
    kia_set_gr(vcpu, 1, rendez.gp1);
    kia_set_ip(vcpu, rendez.addr1);
    return KIA_FW_CONTINUE;
}

static enum kia_fw_next unexpected_interruption(struct kia_fw *fw, struct kia_vcpu *vcpu, const char **why)
{
    struct fw_cpu *cpu = &fw->cpus[kia_vcpu_index(vcpu)];

    snprintf(cpu->why, sizeof(cpu->why),
             "interruption 0x%04x before the system has its own table: iip 0x%llx ifa 0x%llx isr 0x%llx",
             (unsigned)(kia_get_ip(vcpu) & 0x7f00), (unsigned long long)kia_get_cr(vcpu, CR_IIP),
             (unsigned long long)kia_get_cr(vcpu, CR_IFA), (unsigned long long)kia_get_cr(vcpu, CR_ISR));
    *why = cpu->why;
    return KIA_FW_STUCK;
}

static enum kia_fw_next serve(struct kia_fw *fw, struct kia_vcpu *vcpu, unsigned gate, const char **why)
{
    switch (gate) {
    case FW_GATE_PAL:
        return fw_pal_call(fw, vcpu);
    case FW_GATE_SAL:
        return fw_sal_call(fw, vcpu);
    case FW_GATE_PARK:
        return park(fw, vcpu);
    case FW_GATE_WAKE:
        return wake(fw, vcpu);
    case FW_GATE_IVT:
        return unexpected_interruption(fw, vcpu, why);
    case FW_GATE_INIT_RET:
        return fw_init_return(fw, vcpu);
    case FW_GATE_RESUME:
        return fw_resume(fw, vcpu);
    case FW_GATE_FPSWA:
        return fw_fpswa_call(vcpu);
    default:
        assert(gate >= FW_GATE_EFI && gate < FW_GATE_EFI_END);
        return fw_efi_call(fw, vcpu, gate - FW_GATE_EFI);
    }
}

/* What -d firmware shows of a call. */
struct call_note {
    const char *name;
    int index; /* of the procedure or service; -1: the gate has but one */
    unsigned first, n; /* its arguments are r<first> and on */
    uint64_t args[8];
};

enum { PAL_STACKED_FIRST = 256, PAL_STACKED_END = 512 };

static struct call_note note_call(struct kia_vcpu *vcpu, unsigned gate)
{
    static const char *const others[] = {
        [FW_GATE_PARK - FW_GATE_PAL] = "park", [FW_GATE_WAKE - FW_GATE_PAL] = "wake", [FW_GATE_IVT - FW_GATE_PAL] = "interruption",
        [FW_GATE_INIT_RET - FW_GATE_PAL] = "INIT return", [FW_GATE_RESUME - FW_GATE_PAL] = "resume",
        [FW_GATE_FPSWA - FW_GATE_PAL] = "FPSWA",
    };
    unsigned sof = kia_get_cfm(vcpu) & 0x7f;
    struct call_note c = { .index = -1, .first = 32, .n = 8 };

    if (gate == FW_GATE_PAL) {
        c.name = "PAL";
        c.index = (int)(kia_get_gr(vcpu, 28, NULL) & 0xffff);
        c.first = c.index >= PAL_STACKED_FIRST && c.index < PAL_STACKED_END ? 33 : 29;
        c.n = 3;
    } else if (gate == FW_GATE_SAL) {
        c.name = "SAL";
        c.index = (int)(kia_get_gr(vcpu, 32, NULL) & 0x7fffffff);
        c.first = 33;
        c.n = 7;
    } else if (gate >= FW_GATE_EFI && gate < FW_GATE_EFI_END) {
        c.name = "EFI";
        c.index = (int)(gate - FW_GATE_EFI);
    } else {
        c.name = gate < FW_GATE_EFI ? others[gate - FW_GATE_PAL] : NULL;
        c.n = 0;
    }
    for (unsigned i = 0; i < c.n; i++)
        c.args[i] = c.first + i < 32 + sof ? kia_get_gr(vcpu, c.first + i, NULL) : 0;
    return c;
}

static void log_call(struct kia_vcpu *vcpu, unsigned gate, const struct call_note *c)
{
    char text[256] = "";
    size_t len = 0;

    if (c->index >= 0)
        len = (size_t)snprintf(text, sizeof(text), " 0x%x:", (unsigned)c->index);
    for (unsigned i = 0; i < c->n; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, " 0x%llx", (unsigned long long)c->args[i]);
    kia_log(KIA_LOG_FIRMWARE, "cpu %u gate 0x%x %s%s -> %lld 0x%llx 0x%llx 0x%llx", kia_vcpu_index(vcpu), gate,
            c->name ? c->name : "?", text, (long long)kia_get_gr(vcpu, 8, NULL),
            (unsigned long long)kia_get_gr(vcpu, 9, NULL), (unsigned long long)kia_get_gr(vcpu, 10, NULL),
            (unsigned long long)kia_get_gr(vcpu, 11, NULL));
}

enum kia_fw_next kia_fw_gate(struct kia_fw *fw, struct kia_vcpu *vcpu, unsigned gate, const char **why)
{
    struct call_note note;
    enum kia_fw_next next;

    assert(kia_vcpu_index(vcpu) < fw->info->n_vcpus);
    if (!kia_log_wanted[KIA_LOG_FIRMWARE])
        return serve(fw, vcpu, gate, why);
    note = note_call(vcpu, gate);
    next = serve(fw, vcpu, gate, why);
    log_call(vcpu, gate, &note);
    return next;
}

enum kia_fw_next kia_fw_pmi(struct kia_fw *fw, struct kia_vcpu *vcpu)
{
    (void)fw;
    (void)vcpu;
    return KIA_FW_CONTINUE;
}
