/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PAL virtualization services: what runs when a hypervisor branches into the environment's buffer (SDM Vol.2 11.11). */
#include "arch/interruption.h"
#include "arch/ops.h"
#include "arch/vti.h"

#define CFLE (UINT64_C(1) << 63)

/* GR24-GR26 as the hypervisor passes them. */
struct vps_args {
    uint64_t r24, r25, r26, r27;
};

/* All return this way but the RESUMEs. */
static enum op_result go_back(struct vcpu *v, const struct vps_args *args)
{
    v->ip = args->r24 & ~UINT64_C(15);
    v->ri = 0;
    return OPR_BRANCH;
}

/* RESUME_NORMAL, RESUME_HANDLER: the guest goes on, by rfi. CFLE decides what becomes of an incomplete frame. */
static enum op_result resume(struct vcpu *v, const struct vps_args *args, bool handler)
{
    if (!v->vti.vpd || v->vti.vpd_gva != args->r25) {
        if (vti_load(v, args->r25) != OPR_OK)
            return OPR_FAULT;
    } else {
        vti_sync(v);
    }
    if (op_rfi(v, 0, 0, 0, NULL) != OPR_BRANCH)
        return OPR_FAULT;
    v->br[0] = args->r24;
    if (handler && !(args->r26 & CFLE))
        v->rse.cfle = false;
    return OPR_BRANCH;
}

static enum op_result restore(struct vcpu *v, const struct vps_args *args)
{
    if (vti_load(v, args->r25) != OPR_OK)
        return OPR_FAULT;
    v->cr[CR_IVA] = args->r25 + VPD_OFFSET(host_ivt);
    return go_back(v, args);
}

static enum op_result run_service(struct vcpu *v, unsigned service, const struct vps_args *args)
{
    switch (service) {
    case KIA_VPS_RESUME_NORMAL:
    case KIA_VPS_RESUME_HANDLER:
        return resume(v, args, service == KIA_VPS_RESUME_HANDLER);
    case KIA_VPS_SYNC_WRITE:
        if (v->vti.vpd && v->vti.vpd_gva == args->r25)
            vti_sync(v);
        return go_back(v, args);
    case KIA_VPS_THASH:
        gr_set(v, 31, vhpt_hash_of(v, args->r25, args->r26, args->r27), false);
        return go_back(v, args);
    case KIA_VPS_TTAG:
        gr_set(v, 31, vhpt_tag_of(v, args->r25, args->r26), false);
        return go_back(v, args);
    case KIA_VPS_RESTORE:
        return restore(v, args);
    case KIA_VPS_SAVE:
        vti_unload(v);
        return go_back(v, args);
    default: /* SYNC_READ, SET_PENDING_INTERRUPT: the VPD in memory is all there is */
        return go_back(v, args);
    }
}

/* How many of GR24-GR27 a service reads. */
static unsigned args_of(unsigned service)
{
    switch (service) {
    case KIA_VPS_RESUME_HANDLER:
    case KIA_VPS_TTAG:
        return 3;
    case KIA_VPS_THASH:
        return 4;
    default:
        return 2;
    }
}

enum op_result op_vps(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    unsigned service = (unsigned)imm, n = args_of(service);
    struct vps_args args = { v->gr[24], v->gr[25], v->gr[26], v->gr[27] };

    (void)a, (void)b, (void)out;
    if (!v->vti.in_env)
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    for (unsigned i = 0; i < n; i++) {
        if (gr_nat(v, 24 + i))
            return fault_raise(v, FAULT_REG_NAT, 0);
    }
    vti_note(v, VTI_SERVICE, service, args.r25);
    return run_service(v, service, &args);
}
