/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PAL's procedures for virtual processors: VT-i (SDM Vol.2 11.7, 11.10.3; docs/vti.md). */
#include "fw/pal.h"

#include "abi/vpd.h"
#include "fw/bytes.h"

#include <string.h>

enum {
    BUFFER_SIZE = 0x4000, /* services to 0x23ff, then the mark */
    BUFFER_ALIGN = 0x1000,
    BUFFER_MARK = 0x3000, /* offset: mark, physical address, configuration */
    MARK_SIZE = 24,
    IVT_SIZE = 0x8000,
    VIRTUALIZATION_VECTOR = 0x6100,
    RECORD_SIZE = 8 * KIA_VPD_PAL_WORDS,
};
#define ENV_MARK UINT64_C(0x31564e4541494b21) /* "!KIAENV1" */

#define CONFIG_FIRST \
    (KIA_VP_CONFIG_INITIALIZE | KIA_VP_CONFIG_FR_PMC | KIA_VP_CONFIG_BE | KIA_VP_CONFIG_OPCODE | KIA_VP_CONFIG_CAUSE | \
     KIA_VP_CONFIG_IMPL)

static struct fw_cpu *cpu_of(struct pal_call *call) { return &call->fw->cpus[call->cpu]; }

static bool virtual_mode(struct pal_call *call)
{
    return (kia_get_psr(call->vcpu) & (PSR_IT | PSR_DT)) == (PSR_IT | PSR_DT);
}

/* Aligned and implemented. */
static bool address_ok(struct pal_call *call, uint64_t gva, uint64_t align)
{
    unsigned unused = 60 - call->fw->model->va_msb;
    uint64_t canonical = (uint64_t)((int64_t)(gva << (3 + unused)) >> unused);

    return (gva & (align - 1)) == 0 && canonical == gva << 3;
}

/* What every procedure but ENV_INFO and INIT_ENV wants first: PAL_OK, or the status. */
static int64_t in_environment(struct pal_call *call)
{
    return virtual_mode(call) && cpu_of(call)->in_env ? PAL_OK : PAL_FAILED;
}

/* Guest memory to and from a procedure: PAL_OK, PAL_BAD_ARGUMENT, or call->retry is set. */
static int64_t get_buffer(struct pal_call *call, uint64_t gva, uint8_t *bytes, size_t len)
{
    int err = kia_vcpu_read_va(call->vcpu, gva, bytes, len);

    call->retry = err == KIA_RETRY;
    return err ? PAL_BAD_ARGUMENT : PAL_OK;
}

static int64_t put_code(struct pal_call *call, uint64_t gva, const uint8_t *bytes, size_t len)
{
    int err = kia_vcpu_write_code_va(call->vcpu, gva, bytes, len);

    call->retry = err == KIA_RETRY;
    return err ? PAL_BAD_ARGUMENT : PAL_OK;
}

/* ---- environments ---- */

static int64_t env_info(struct pal_call *call)
{
    if (!virtual_mode(call))
        return PAL_FAILED;
    call->result[0] = BUFFER_SIZE;
    call->result[1] = KIA_VP_INFO_OPCODE;
    if (call->fw->model->vti_later)
        call->result[1] |= KIA_VP_INFO_GITC | KIA_VP_INFO_A_PROBE | KIA_VP_INFO_A_TF | KIA_VP_INFO_A_IC_UM |
                           KIA_VP_INFO_D_PSR_I;
    return PAL_OK;
}

/* Writes services and mark, or looks for the mark of the processor that did. */
static int64_t prepare_buffer(struct pal_call *call, uint64_t config, uint64_t gpa)
{
    struct kia_mem *mem = call->fw->info->mem;
    uint64_t others = config & ~KIA_VP_CONFIG_INITIALIZE;
    uint8_t mark[MARK_SIZE], found[MARK_SIZE];

    put64(mark, ENV_MARK);
    put64(mark + 8, gpa);
    put64(mark + 16, others);
    if (config & KIA_VP_CONFIG_INITIALIZE) {
        if (kia_vcpu_vp_make_env(call->vcpu, gpa) || kia_mem_write(mem, gpa + BUFFER_MARK, mark, sizeof(mark)))
            return PAL_BAD_ARGUMENT;
        return PAL_OK;
    }
    if (kia_mem_read(mem, gpa + BUFFER_MARK, found, sizeof(found)) || memcmp(mark, found, sizeof(mark)))
        return PAL_BAD_ARGUMENT;
    return PAL_OK;
}

/* PAL_VP_INIT_ENV(config_options, pbase_addr, vbase_addr): the base of the services. */
static int64_t init_env(struct pal_call *call)
{
    uint64_t config = call->arg[0], gpa = call->arg[1], gva = call->arg[2];
    uint64_t supported = CONFIG_FIRST | (call->fw->model->vti_later ? KIA_VP_CONFIG_GITC : 0);
    bool own = gpa < KIA_FW_GPA + KIA_FW_SIZE && gpa + BUFFER_SIZE > KIA_FW_GPA;
    struct fw_cpu *cpu = cpu_of(call);

    if (!virtual_mode(call))
        return PAL_FAILED;
    if (!(config & KIA_VP_CONFIG_OPCODE) || (config & ~supported) || (gpa & (BUFFER_ALIGN - 1)) || own ||
        !address_ok(call, gva, BUFFER_ALIGN) || !kia_mem_hva(call->fw->info->mem, gpa, BUFFER_SIZE))
        return PAL_BAD_ARGUMENT;
    if (prepare_buffer(call, config, gpa))
        return PAL_BAD_ARGUMENT;
    cpu->in_env = true;
    cpu->env_gva = gva;
    cpu->env_config = config;
    kia_vcpu_vp_enter(call->vcpu, gpa, config);
    call->result[0] = gva;
    return PAL_OK;
}

/* 0 keeps CR.IVA. */
static int64_t set_iva(struct pal_call *call, uint64_t iva)
{
    if (iva)
        kia_set_cr(call->vcpu, CR_IVA, iva);
    return PAL_OK;
}

/* PAL_VP_EXIT_ENV(iva) */
static int64_t exit_env(struct pal_call *call)
{
    int64_t status = in_environment(call);

    if (status)
        return status;
    if (!address_ok(call, call->arg[0], IVT_SIZE))
        return PAL_BAD_ARGUMENT;
    kia_vcpu_vp_leave(call->vcpu);
    cpu_of(call)->in_env = false;
    return set_iva(call, call->arg[0]);
}

/* ---- virtual processors ---- */

static uint64_t vpd_word(struct pal_call *call, const uint8_t *at)
{
    return cpu_of(call)->env_config & KIA_VP_CONFIG_BE ? __builtin_bswap64(get64(at)) : get64(at);
}

static bool controls_ok(const struct kia_cpu_model *model, uint64_t vac, uint64_t vdc)
{
    if ((vac & ~(uint64_t)(model->vti_later ? KIA_VAC_ALL : KIA_VAC_FIRST)) ||
        (vdc & ~(uint64_t)(model->vti_later ? KIA_VDC_ALL : KIA_VDC_FIRST)))
        return false;
    return !(vac & KIA_VAC_A_INT) || !(vdc & (KIA_VDC_D_EXTINT | KIA_VDC_D_PSR_I));
}

/* A bundle { nop.m; brl.cond.sptk.few target } at @from (SDM Vol.3 4: X3). */
static void put_brl(uint8_t *at, uint64_t from, uint64_t target)
{
    const uint64_t nop_m = UINT64_C(1) << 27, brl = UINT64_C(0xc) << 37;
    uint64_t imm60 = (target - from) >> 4 & ((UINT64_C(1) << 60) - 1);
    uint64_t slot1 = (imm60 >> 20 & ((UINT64_C(1) << 39) - 1)) << 2;
    uint64_t slot2 = brl | (imm60 >> 59) << 36 | (imm60 & 0xfffff) << 13;
    enum { TEMPLATE_MLX_STOP = 0x05 };

    put64(at, TEMPLATE_MLX_STOP | nop_m << 5 | slot1 << 46);
    put64(at + 8, slot1 >> 18 | slot2 << 23);
}

/* The virtual processor's host IVT: every vector goes on to the hypervisor's (SDM Vol.2 11.7.2). */
static int64_t write_ivt(struct pal_call *call, uint64_t vpd, uint64_t host_iva, uint64_t handler)
{
    const uint64_t base = vpd + offsetof(struct kia_vpd, host_ivt);
    uint8_t ivt[IVT_SIZE] = { 0 };

    for (unsigned offset = 0; offset < IVT_SIZE; offset += offset < 0x5000 ? 0x400 : 0x100)
        put_brl(ivt + offset, base + offset, offset == VIRTUALIZATION_VECTOR ? handler : host_iva + offset);
    return put_code(call, base, ivt, sizeof(ivt));
}

/* PAL_VP_CREATE and PAL_VP_REGISTER(vpd, host_iva, opt_handler) */
static int64_t create(struct pal_call *call)
{
    uint64_t vpd = call->arg[0], host_iva = call->arg[1], handler = call->arg[2], loaded;
    uint8_t control[24], record[RECORD_SIZE];
    int64_t status = in_environment(call);

    if (status)
        return status;
    if (!address_ok(call, vpd, KIA_VPD_ALIGN) || !address_ok(call, host_iva, IVT_SIZE) || !address_ok(call, handler, 16))
        return PAL_BAD_ARGUMENT;
    if ((status = get_buffer(call, vpd, control, sizeof(control))))
        return status;
    if (!controls_ok(call->fw->model, vpd_word(call, control), vpd_word(call, control + 8)) ||
        vpd_word(call, control + 16) != cpu_of(call)->env_gva)
        return PAL_BAD_ARGUMENT;
    put64(record + 8 * KIA_VPD_PAL_MARK, KIA_VPD_MARK);
    put64(record + 8 * KIA_VPD_PAL_HOST_IVA, host_iva);
    put64(record + 8 * KIA_VPD_PAL_HANDLER, handler);
    if ((status = write_ivt(call, vpd, host_iva, handler ? handler : host_iva + VIRTUALIZATION_VECTOR)) ||
        (status = pal_put_buffer(call, vpd + offsetof(struct kia_vpd, pal), record, sizeof(record))))
        return status;
    if (kia_vcpu_vp_loaded(call->vcpu, &loaded) && loaded == vpd) /* with its new handlers */
        call->retry = kia_vcpu_vp_load(call->vcpu, vpd) == KIA_RETRY;
    return PAL_OK;
}

/* PAL_VP_RESTORE(vpd) */
static int64_t restore(struct pal_call *call)
{
    uint64_t vpd = call->arg[0];
    int64_t status = in_environment(call);
    uint8_t control[24];
    int err;

    if (status)
        return status;
    if (!address_ok(call, vpd, KIA_VPD_ALIGN))
        return PAL_BAD_ARGUMENT;
    if ((status = get_buffer(call, vpd, control, sizeof(control))))
        return status;
    if (vpd_word(call, control + 16) != cpu_of(call)->env_gva)
        return PAL_BAD_ARGUMENT;
    err = kia_vcpu_vp_load(call->vcpu, vpd);
    call->retry = err == KIA_RETRY;
    if (err)
        return PAL_BAD_ARGUMENT;
    return set_iva(call, vpd + offsetof(struct kia_vpd, host_ivt));
}

/* PAL_VP_SAVE(vpd): interruptions keep going to its host IVT. */
static int64_t save(struct pal_call *call)
{
    int64_t status = in_environment(call);
    uint64_t loaded;

    if (status)
        return status;
    if (!kia_vcpu_vp_loaded(call->vcpu, &loaded) || loaded != call->arg[0])
        return PAL_BAD_ARGUMENT;
    kia_vcpu_vp_unload(call->vcpu);
    return PAL_OK;
}

/* PAL_VP_TERMINATE(vpd, iva) */
static int64_t terminate(struct pal_call *call)
{
    const uint64_t vpd = call->arg[0], record = vpd + offsetof(struct kia_vpd, pal);
    int64_t status = in_environment(call);
    uint8_t mark[8];
    uint64_t loaded;

    if (status)
        return status;
    if (!address_ok(call, vpd, KIA_VPD_ALIGN) || !address_ok(call, call->arg[1], IVT_SIZE))
        return PAL_BAD_ARGUMENT;
    if ((status = get_buffer(call, record, mark, sizeof(mark))))
        return status;
    if (get64(mark) != KIA_VPD_MARK)
        return PAL_BAD_ARGUMENT;
    put64(mark, 0);
    if ((status = pal_put_buffer(call, record, mark, sizeof(mark))))
        return status;
    if (kia_vcpu_vp_loaded(call->vcpu, &loaded) && loaded == vpd)
        kia_vcpu_vp_unload(call->vcpu);
    return set_iva(call, call->arg[1]);
}

/* PAL_VP_INFO (50) is not here: it is for virtual processors only. */
const struct pal_entry pal_virtualization[] = {
    { 265, 3, create, "PAL_VP_CREATE" },
    { 266, 0, env_info, "PAL_VP_ENV_INFO" },
    { 267, 1, exit_env, "PAL_VP_EXIT_ENV" },
    { 268, 3, init_env, "PAL_VP_INIT_ENV" },
    { 269, 3, create, "PAL_VP_REGISTER" },
    { 270, 2, restore, "PAL_VP_RESTORE" }, /* revision 2.2 had a second argument here and in SAVE */
    { 271, 2, save, "PAL_VP_SAVE" },
    { 272, 2, terminate, "PAL_VP_TERMINATE" },
};
const unsigned n_pal_virtualization = sizeof(pal_virtualization) / sizeof(pal_virtualization[0]);
