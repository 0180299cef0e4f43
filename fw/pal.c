/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PAL_PROC: the calling conventions, and the procedures that do something. pal_info.c has those that only
 * answer. */
#include "fw/pal.h"

#include "fw/bytes.h"
#include "vmm/log.h"

#include <string.h>

enum { PAL_COPY_SIZE = 0x1000, MIN_STATE_ALIGN = 512, STACKED_BIT = 0x100 };

int64_t pal_put_buffer(struct pal_call *call, uint64_t gva, const uint8_t *bytes, size_t len)
{
    int err = kia_vcpu_write_va(call->vcpu, gva, bytes, len);

    call->retry = err == KIA_RETRY;
    return err ? PAL_BAD_ARGUMENT : PAL_OK;
}

static int64_t do_nothing(struct pal_call *call)
{
    (void)call;
    return PAL_OK;
}

/* Caches are coherent with memory and with instruction fetch of the same processor's fc. Polling finds no
 * interrupt. */
static int64_t cache_flush(struct pal_call *call)
{
    bool ok = call->arg[0] >= 1 && call->arg[0] <= 4 && !(call->arg[1] & ~UINT64_C(3));

    return ok ? PAL_OK : PAL_BAD_ARGUMENT;
}

static int64_t cache_init(struct pal_call *call)
{
    bool ok = (call->arg[0] <= 2 || call->arg[0] == UINT64_MAX) && call->arg[1] <= 2 && call->arg[2] <= 1;

    return ok ? PAL_OK : PAL_BAD_ARGUMENT;
}

/* Only vmsw can be switched: requests for other bits are ignored, as for absent ones. */
static int64_t set_features(struct pal_call *call)
{
    if (call->arg[1])
        return PAL_SET_TOO_HIGH;
    if (call->fw->model->vti)
        kia_vcpu_set_vmsw(call->vcpu, call->arg[0] >> PAL_VMSW & 1);
    return PAL_OK;
}

/* The interrupt block and the I/O port space stay where the platform has them. */
static int64_t platform_addr(struct pal_call *call)
{
    const uint64_t fixed[] = { KIA_PIB_GPA, KIA_IO_PORTS_GPA }, uc = UINT64_C(1) << 63;

    if (call->arg[0] > 1)
        return PAL_BAD_ARGUMENT;
    return (call->arg[1] & ~uc) == fixed[call->arg[0]] ? PAL_OK : PAL_NOT_IMPLEMENTED;
}

static int64_t mc_expected(struct pal_call *call)
{
    struct fw_cpu *cpu = &call->fw->cpus[call->cpu];

    if (call->arg[0] > 1)
        return PAL_BAD_ARGUMENT;
    call->result[0] = cpu->mc_expected;
    cpu->mc_expected = call->arg[0];
    return PAL_OK;
}

static int64_t mc_register_mem(struct pal_call *call)
{
    uint64_t gpa = call->arg[0] & ~(UINT64_C(1) << 63);

    if ((gpa & (MIN_STATE_ALIGN - 1)) || !kia_mem_hva(call->fw->info->mem, gpa, PAL_COPY_SIZE))
        return PAL_BAD_ARGUMENT;
    call->fw->cpus[call->cpu].min_state = gpa;
    return PAL_OK;
}

/* PAL_MC_RESUME(set_cmci, save_ptr, new_context): loads the min-state area and returns to the interrupted
 * context. */
static int64_t mc_resume(struct pal_call *call)
{
    uint64_t gpa = call->arg[1] & ~(UINT64_C(1) << 63);

    if (call->arg[0] > 1 || call->arg[2] > 1 || (gpa & (MIN_STATE_ALIGN - 1)))
        return PAL_BAD_ARGUMENT;
    if (fw_min_state_load(call->fw, call->vcpu, gpa))
        return PAL_BAD_ARGUMENT;
    call->moved = true;
    return PAL_OK;
}

static int64_t halt(struct pal_call *call)
{
    if (call->arg[0] < 1 || call->arg[0] > 7)
        return PAL_BAD_ARGUMENT;
    if (call->arg[0] != 1) /* PAL_HALT_INFO names state 1 only */
        return PAL_NOT_IMPLEMENTED;
    call->next = KIA_FW_HALT;
    return PAL_OK;
}

static int64_t halt_light(struct pal_call *call)
{
    call->sleep = true;
    return PAL_OK;
}

static int64_t cache_line_init(struct pal_call *call)
{
    uint64_t line[16];
    uint64_t gpa = call->arg[0] & ~(UINT64_C(1) << 63) & ~UINT64_C(127);

    for (unsigned i = 0; i < 16; i++)
        put64((uint8_t *)&line[i], call->arg[1]);
    return kia_mem_write(call->fw->info->mem, gpa, line, sizeof(line)) ? PAL_BAD_ARGUMENT : PAL_OK;
}

static int64_t pmi_entrypoint(struct pal_call *call)
{
    return call->arg[0] & 255 ? PAL_BAD_ARGUMENT : PAL_OK; /* no PMI is ever handed over */
}

static int64_t vm_tr_read(struct pal_call *call)
{
    const unsigned count = call->arg[1] ? call->fw->model->n_dtr : call->fw->model->n_itr;
    uint64_t words[4];
    uint8_t buffer[32];
    int64_t status;

    if (call->arg[1] > 1 || call->arg[0] >= count)
        return PAL_BAD_ARGUMENT;
    if (!kia_vcpu_tr_read(call->vcpu, call->arg[1] == 1, (unsigned)call->arg[0], words))
        return PAL_BAD_ARGUMENT;
    for (unsigned i = 0; i < 4; i++)
        put64(buffer + i * 8, words[i]);
    status = pal_put_buffer(call, call->arg[2], buffer, sizeof(buffer));
    call->result[0] = 15; /* access rights, privilege level, dirty bit and memory attribute are valid */
    return status;
}

static int64_t copy_info(struct pal_call *call)
{
    if (call->arg[0] > 1)
        return PAL_BAD_ARGUMENT;
    call->result[0] = PAL_COPY_SIZE;
    call->result[1] = PAL_COPY_SIZE;
    return PAL_OK;
}

/* A copied procedure is a gate of its own; the list keeps a guest from making them without end. */
static int64_t register_copy(struct kia_fw *fw, uint64_t gpa)
{
    const unsigned most = sizeof(fw->pal_copies) / sizeof(fw->pal_copies[0]);
    int64_t status = PAL_OK;
    bool known = false;

    pthread_mutex_lock(&fw->lock);
    for (unsigned i = 0; i < fw->n_pal_copies; i++)
        known = known || fw->pal_copies[i] == gpa;
    if (!known) {
        if (fw->n_pal_copies == most || kia_vm_add_gate(fw->info->vm, gpa, FW_GATE_PAL, KIA_GATE_BRANCH))
            status = PAL_FAILED;
        else
            fw->pal_copies[fw->n_pal_copies++] = gpa;
    }
    pthread_mutex_unlock(&fw->lock);
    return status;
}

/* PAL_COPY_PAL(target, size, 0: copy and register, 1: the copy is there already). The procedure is at offset
 * 0. */
static int64_t copy_pal(struct pal_call *call)
{
    struct kia_fw *fw = call->fw;
    uint64_t gpa = call->arg[0] & ~(UINT64_C(1) << 63);
    bool own = gpa >= KIA_FW_GPA && gpa < KIA_FW_GPA + KIA_FW_SIZE && gpa != FW_ADDR(FW_PAL_CODE);
    int64_t status;

    if (own || (gpa & (PAL_COPY_SIZE - 1)) || call->arg[1] < PAL_COPY_SIZE || call->arg[2] > 1 ||
        !kia_mem_hva(fw->info->mem, gpa, PAL_COPY_SIZE))
        return PAL_BAD_ARGUMENT;
    status = gpa == FW_ADDR(FW_PAL_CODE) ? PAL_OK : register_copy(fw, gpa);
    if (!status && call->arg[2] == 0 && kia_mem_write(fw->info->mem, gpa, fw->code_image, PAL_COPY_SIZE))
        status = PAL_FAILED;
    call->result[0] = 0;
    return status;
}

static int64_t test_proc(struct pal_call *call)
{
    if (call->arg[2] & ~UINT64_C(0xff))
        return PAL_BAD_ARGUMENT;
    call->result[0] = 4; /* self-test state: functional */
    return PAL_OK;
}

static const struct pal_entry actions[] = {
    { 1, 3, cache_flush, NULL },
    { 3, 3, cache_init, NULL },
    { 10, 1, do_nothing, NULL }, /* no bus features */
    { 16, 2, platform_addr, NULL },
    { 18, 2, set_features, NULL },
    { 21, 0, do_nothing, NULL }, /* no log */
    { 22, 0, do_nothing, NULL },
    { 23, 1, mc_expected, NULL },
    { 26, 3, mc_resume, NULL },
    { 27, 1, mc_register_mem, NULL },
    { 28, 2, halt, NULL },
    { 29, 0, halt_light, NULL },
    { 30, 3, copy_info, NULL },
    { 31, 2, cache_line_init, NULL },
    { 32, 1, pmi_entrypoint, NULL },
    { 256, 3, copy_pal, NULL },
    { 258, 3, test_proc, NULL },
    { 261, 3, vm_tr_read, NULL },
};

static const struct pal_entry *find(const struct kia_fw *fw, uint64_t index)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (actions[i].index == index)
            return &actions[i];
    }
    for (unsigned i = 0; i < n_pal_information; i++) {
        if (pal_information[i].index == index)
            return &pal_information[i];
    }
    for (unsigned i = 0; i < n_pal_virtualization && fw->model->vti; i++) {
        if (pal_virtualization[i].index == index)
            return &pal_virtualization[i];
    }
    return NULL;
}

static int64_t run(struct pal_call *call, uint64_t index)
{
    const struct pal_entry *entry = find(call->fw, index);
    int64_t status;

    if (!entry)
        return PAL_NOT_IMPLEMENTED;
    for (unsigned i = entry->n_args; i < 3; i++) {
        if (call->arg[i])
            return PAL_BAD_ARGUMENT;
    }
    status = entry->procedure(call);
    if (entry->name && kia_log_wanted[KIA_LOG_VTI])
        kia_log(KIA_LOG_VTI, "cpu %u %s 0x%llx 0x%llx 0x%llx: %lld%s", call->cpu, entry->name,
                (unsigned long long)call->arg[0], (unsigned long long)call->arg[1], (unsigned long long)call->arg[2],
                (long long)status, call->retry ? " (a TLB miss: again)" : "");
    return status;
}

/*
 * Static calls (index 0-255, 512-767): index in r28, arguments in r29-r31, return by a branch to b0 with the
 * frame untouched, which the gate's own slot 2 does. Stacked calls (256-511, 768-1023): index in r28 and in0,
 * arguments in in1-in3, return as br.ret does (SDM Vol.2 11.9.2).
 */
static bool read_call(struct pal_call *call, uint64_t *index, bool *stacked)
{
    uint64_t in0;

    if (!fw_args(call->vcpu, 28, 1, index))
        return false;
    *stacked = *index & STACKED_BIT;
    if (!*stacked)
        return fw_args(call->vcpu, 29, 3, call->arg);
    return fw_args(call->vcpu, 32, 1, &in0) && in0 == *index && fw_args(call->vcpu, 33, 3, call->arg);
}

/**
 * fw_pal_call - PAL_PROC: status in r8, results in r9-r11
 */
enum kia_fw_next fw_pal_call(struct kia_fw *fw, struct kia_vcpu *vcpu)
{
    struct pal_call call = { .fw = fw, .vcpu = vcpu, .cpu = kia_vcpu_index(vcpu), .next = KIA_FW_CONTINUE };
    uint64_t index = 0;
    bool stacked = false;
    int64_t status = PAL_BAD_ARGUMENT;

    if (read_call(&call, &index, &stacked))
        status = run(&call, index);
    if (call.retry || call.moved)
        return KIA_FW_CONTINUE;
    kia_set_gr(vcpu, 8, (uint64_t)status);
    for (unsigned i = 0; i < 3; i++)
        kia_set_gr(vcpu, 9 + i, status < 0 ? 0 : call.result[i]);
    if (stacked)
        kia_vcpu_br_ret(vcpu, kia_get_br(vcpu, 0));
    if (call.sleep)
        kia_vcpu_halt(vcpu);
    return call.next;
}
