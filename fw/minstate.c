/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INIT: saving a processor in its min-state area, entering OS_INIT, and coming back (SDM Vol.2 11.3.2.3,
 * SAL 3.x OS_INIT). */
#include "fw/bytes.h"
#include "fw/internal.h"

#include <string.h>

/* Places in the min-state area, in bytes. The interrupted context is iip, ipsr, ifs; the x forms hold CR.IIP
 * and so on. */
enum {
    MS_NAT = 0,
    MS_GR1 = 8,
    MS_BANK0 = 128,
    MS_BANK1 = 256,
    MS_PR = 384,
    MS_B0 = 392,
    MS_RSC = 400,
    MS_IIP = 408,
    MS_IPSR = 416,
    MS_IFS = 424,
    MS_XIP = 432,
    MS_XPSR = 440,
    MS_XFS = 448,
    MS_B1 = 456,
    MS_USED = 464,
};
#define RSC_FIELDS UINT64_C(0x3fff001f) /* mode, pl, be, loadrs */
#define IFS_V      (UINT64_C(1) << 63)
#define PSR_RT     (UINT64_C(1) << 27)
/* Processor state parameter: {31:20} all registers valid, in{16}, ci{8}, co{7}, sy{6}, mn{5} (SDM
 * Vol.2 11.3.2.1). */
#define STATE_VALID UINT64_C(0xfff101e0)
enum { INIT_REASON_OTHER = 0, OS_INIT_SAME_CONTEXT = 0 };

static void save_grs(struct kia_vcpu *vcpu, uint8_t *area, unsigned first, unsigned n, unsigned offset,
                     uint64_t *nats, unsigned nat_bit)
{
    for (unsigned i = 0; i < n; i++) {
        bool nat;

        put64(area + offset + i * 8, kia_get_gr(vcpu, first + i, &nat));
        *nats |= (uint64_t)nat << (nat_bit + i);
    }
}

static void save_state(struct kia_vcpu *vcpu, uint8_t *area)
{
    uint64_t psr = kia_get_psr(vcpu), nats = 0;

    save_grs(vcpu, area, 1, 15, MS_GR1, &nats, 1);
    kia_set_psr(vcpu, psr & ~PSR_BN);
    save_grs(vcpu, area, 16, 16, MS_BANK0, &nats, 16);
    kia_set_psr(vcpu, psr | PSR_BN);
    save_grs(vcpu, area, 16, 16, MS_BANK1, &nats, 32);
    kia_set_psr(vcpu, psr);
    put64(area + MS_NAT, nats);
    put64(area + MS_PR, kia_get_pr(vcpu));
    put64(area + MS_B0, kia_get_br(vcpu, 0));
    put64(area + MS_B1, kia_get_br(vcpu, 1));
    put64(area + MS_RSC, kia_get_ar(vcpu, AR_RSC));
    put64(area + MS_IIP, kia_get_ip(vcpu));
    put64(area + MS_IPSR, psr);
    put64(area + MS_IFS, IFS_V | kia_get_cfm(vcpu));
    put64(area + MS_XIP, kia_get_cr(vcpu, CR_IIP));
    put64(area + MS_XPSR, kia_get_cr(vcpu, CR_IPSR));
    put64(area + MS_XFS, kia_get_cr(vcpu, CR_IFS));
}

/* The first processor is the monarch, those that come before it has returned are slaves. */
static bool pick_entry(struct kia_fw *fw, unsigned cpu, uint64_t *entry, uint64_t *gp)
{
    struct fw_vectors *v = &fw->vectors[SAL_VECTOR_INIT];

    pthread_mutex_lock(&fw->lock);
    if (fw->init_monarch && fw->init_monarch_cpu != cpu && v->addr2) {
        *entry = v->addr2;
        *gp = v->gp2;
    } else {
        *entry = v->addr1;
        *gp = v->gp1;
        fw->init_monarch = v->addr1 != 0;
        fw->init_monarch_cpu = cpu;
    }
    pthread_mutex_unlock(&fw->lock);
    return *entry != 0;
}

enum kia_fw_next kia_fw_init(struct kia_fw *fw, struct kia_vcpu *vcpu)
{
    unsigned cpu = kia_vcpu_index(vcpu);
    uint64_t min_state = fw->cpus[cpu].min_state;
    uint8_t area[MS_USED] = { 0 };
    uint64_t entry, gp;

    if (!pick_entry(fw, cpu, &entry, &gp)) {
        kia_board_request(fw->board, KIA_REQUEST_RESET);
        return KIA_FW_CONTINUE;
    }
    save_state(vcpu, area);
    if (kia_mem_write(fw->info->mem, min_state, area, sizeof(area))) {
        kia_board_request(fw->board, KIA_REQUEST_RESET);
        return KIA_FW_CONTINUE;
    }
    kia_set_psr(vcpu, PSR_MC); /* physical, bank 0, interruption collection off */
    kia_set_ar(vcpu, AR_RSC, 0);
    kia_set_gr(vcpu, 1, gp);
    kia_set_gr(vcpu, 8, FW_ADDR(FW_PAL_CODE));
    kia_set_gr(vcpu, 9, FW_ADDR(FW_SAL_ENTRY));
    kia_set_gr(vcpu, 10, FW_ADDR(FW_CODE));
    kia_set_gr(vcpu, 11, INIT_REASON_OTHER);
    kia_set_gr(vcpu, 12, FW_ADDR(FW_INIT_RETURN));
    kia_set_gr(vcpu, 17, min_state);
    kia_set_gr(vcpu, 18, STATE_VALID);
    kia_set_ip(vcpu, entry);
    return KIA_FW_CONTINUE;
}

static void load_registers(struct kia_vcpu *vcpu, const uint8_t *area)
{
    for (unsigned i = 0; i < 15; i++)
        kia_set_gr(vcpu, 1 + i, get64(area + MS_GR1 + i * 8));
    kia_set_psr(vcpu, PSR_MC);
    for (unsigned i = 0; i < 16; i++)
        kia_set_gr(vcpu, 16 + i, get64(area + MS_BANK0 + i * 8));
    kia_set_psr(vcpu, PSR_MC | PSR_BN);
    for (unsigned i = 0; i < 16; i++)
        kia_set_gr(vcpu, 16 + i, get64(area + MS_BANK1 + i * 8));
    kia_set_pr(vcpu, get64(area + MS_PR));
    kia_set_br(vcpu, 0, get64(area + MS_B0));
    kia_set_br(vcpu, 1, get64(area + MS_B1));
    kia_set_ar(vcpu, AR_RSC, get64(area + MS_RSC) & RSC_FIELDS);
}

/* Fields that a real rfi would refuse are dropped: a guest may have written anything. */
static uint64_t sane_psr(uint64_t psr)
{
    const uint64_t reserved = UINT64_C(0xffff800000000000) | UINT64_C(0xf0011fc1), is = UINT64_C(1) << 34;

    psr &= ~reserved & ~is;
    return (psr >> 41 & 3) == 3 ? psr & ~(UINT64_C(3) << 41) : psr;
}

static uint64_t sane_ifs(uint64_t ifs)
{
    unsigned sof = ifs & 127, sol = ifs >> 7 & 127, sor = ifs >> 14 & 15, rrb_gr = ifs >> 18 & 127,
             rrb_fr = ifs >> 25 & 127, rrb_pr = ifs >> 32 & 63;
    bool ok = sof <= 96 && sol <= sof && sor * 8 <= sof && (sor ? rrb_gr < sor * 8 : rrb_gr == 0) &&
              rrb_fr < 96 && rrb_pr < 48;

    return ok ? ifs & (IFS_V | UINT64_C(0x3fffffffff)) : IFS_V;
}

/**
 * fw_min_state_load - make a processor go on in the context of a min-state area
 * The frame comes back by an rfi bundle of the firmware, because only rfi moves BSP back over it. Where the
 * context had psr.ic = 0, the interruption registers are part of it: the rfi goes to FW_GATE_RESUME first,
 * which sets them and the rest. Return: 0 or -EFAULT where the area is not RAM (nothing has changed).
 */
int fw_min_state_load(struct kia_fw *fw, struct kia_vcpu *vcpu, uint64_t gpa)
{
    uint8_t area[MS_USED];
    uint64_t psr;
    int err = kia_mem_read(fw->info->mem, gpa, area, sizeof(area));

    if (err)
        return err;
    psr = sane_psr(get64(area + MS_IPSR));
    load_registers(vcpu, area);
    kia_set_cr(vcpu, CR_IFS, sane_ifs(get64(area + MS_IFS)));
    if (psr & PSR_IC) {
        kia_set_cr(vcpu, CR_IPSR, psr);
        kia_set_cr(vcpu, CR_IIP, get64(area + MS_IIP) & ~UINT64_C(15));
    } else {
        fw->cpus[kia_vcpu_index(vcpu)].resume_state = gpa;
        kia_set_cr(vcpu, CR_IPSR, PSR_MC | PSR_BN | (psr & (PSR_RT | PSR_DT)));
        kia_set_cr(vcpu, CR_IIP, FW_ADDR(FW_INIT_RETURN + 0x20));
    }
    kia_set_ip(vcpu, FW_ADDR(FW_RFI));
    return 0;
}

enum kia_fw_next fw_resume(struct kia_fw *fw, struct kia_vcpu *vcpu)
{
    uint64_t gpa = fw->cpus[kia_vcpu_index(vcpu)].resume_state, psr;
    uint8_t area[MS_USED];

    if (kia_mem_read(fw->info->mem, gpa, area, sizeof(area))) {
        kia_board_request(fw->board, KIA_REQUEST_RESET);
        return KIA_FW_CONTINUE;
    }
    psr = sane_psr(get64(area + MS_IPSR));
    kia_set_cr(vcpu, CR_IIP, get64(area + MS_XIP) & ~UINT64_C(15));
    kia_set_cr(vcpu, CR_IPSR, sane_psr(get64(area + MS_XPSR)));
    kia_set_cr(vcpu, CR_IFS, sane_ifs(get64(area + MS_XFS)));
    kia_set_ip(vcpu, get64(area + MS_IIP));
    kia_set_psr(vcpu, psr);
    return KIA_FW_CONTINUE;
}

/* OS_INIT returns: r8 status, r10 0 for the interrupted context and 1 for a new one, r22 the min-state area
 * to go on with. */
enum kia_fw_next fw_init_return(struct kia_fw *fw, struct kia_vcpu *vcpu)
{
    unsigned cpu = kia_vcpu_index(vcpu);
    uint64_t status = kia_get_gr(vcpu, 8, NULL), context = kia_get_gr(vcpu, 10, NULL);
    uint64_t gpa = context == OS_INIT_SAME_CONTEXT ? fw->cpus[cpu].min_state : kia_get_gr(vcpu, 22, NULL);

    pthread_mutex_lock(&fw->lock);
    if (fw->init_monarch_cpu == cpu)
        fw->init_monarch = false;
    pthread_mutex_unlock(&fw->lock);
    /* Negative: warm boot, cold boot, halt. */
    if ((int64_t)status < 0 || fw_min_state_load(fw, vcpu, gpa & ~(UINT64_C(1) << 63)))
        kia_board_request(fw->board, KIA_REQUEST_RESET);
    return KIA_FW_CONTINUE;
}
