/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VT-i as a hypervisor sees it: the virtual processor descriptor (VPD), its control words, the configuration words of
 * PAL's procedures and the offsets of PAL's services. docs/vti.md says what each means.
 *
 * abi/ owns what two programs share (monitor, firmware, kernel module, guest-side monitor). It includes nothing of the
 * project. Source: SDM Vol.2 11.7.1, 11.7.4, 11.10.3, 11.11.
 */
#ifndef ABI_VPD_H
#define ABI_VPD_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Words of all fields are little-endian unless KIA_VP_CONFIG_BE is in force. */
struct kia_vpd {
    uint64_t vac;            /* KIA_VAC_*: accelerations */
    uint64_t vdc;            /* KIA_VDC_*: disables */
    uint64_t virt_env_vaddr; /* virtual address of the environment's buffer */
    uint64_t reserved1[29];
    uint64_t vhpi;           /* highest pending interrupt: 0, class 1-15, 16 ExtINT, 32 NMI */
    uint64_t reserved2[95];
    uint64_t vgr[16];        /* r16-r31 of bank 1 */
    uint64_t vbgr[16];       /* r16-r31 of bank 0 */
    uint64_t vnat;           /* {15:0}: NaT bits of vgr */
    uint64_t vbnat;          /* {31:16}: NaT bits of vbgr */
    uint64_t vcpuid[5];
    uint64_t reserved3[11];
    uint64_t vpsr;
    uint64_t vpr;
    uint64_t reserved4[76];
    uint64_t vcr[128];
    uint64_t reserved5[128];
    uint64_t pal[3456];      /* PAL's own */
    uint64_t vmm_avail[128]; /* the hypervisor's own */
    uint64_t host_ivt[4096]; /* PAL's own: the interruption table of this virtual processor */
};

static_assert(offsetof(struct kia_vpd, vhpi) == 0x100, "VPD layout");
static_assert(offsetof(struct kia_vpd, vgr) == 0x400, "VPD layout");
static_assert(offsetof(struct kia_vpd, vbgr) == 0x480, "VPD layout");
static_assert(offsetof(struct kia_vpd, vnat) == 0x500, "VPD layout");
static_assert(offsetof(struct kia_vpd, vbnat) == 0x508, "VPD layout");
static_assert(offsetof(struct kia_vpd, vcpuid) == 0x510, "VPD layout");
static_assert(offsetof(struct kia_vpd, vpsr) == 0x590, "VPD layout");
static_assert(offsetof(struct kia_vpd, vpr) == 0x598, "VPD layout");
static_assert(offsetof(struct kia_vpd, vcr) == 0x800, "VPD layout");
static_assert(offsetof(struct kia_vpd, pal) == 0x1000, "VPD layout");
static_assert(offsetof(struct kia_vpd, vmm_avail) == 0x7c00, "VPD layout");
static_assert(offsetof(struct kia_vpd, host_ivt) == 0x8000, "VPD layout");
static_assert(sizeof(struct kia_vpd) == 0x10000, "VPD layout");

enum { KIA_VPD_ALIGN = 0x8000 };

/* What our PAL keeps at pal[]: words by index, little-endian, written by PAL_VP_CREATE and PAL_VP_REGISTER. */
enum { KIA_VPD_PAL_MARK, KIA_VPD_PAL_HOST_IVA, KIA_VPD_PAL_HANDLER, KIA_VPD_PAL_WORDS };
#define KIA_VPD_MARK UINT64_C(0x314450562d41494b) /* "KIA-VPD1": created */

/* vac */
enum {
    KIA_VAC_A_INT = 1 << 0,
    KIA_VAC_A_FROM_INT_CR = 1 << 1,
    KIA_VAC_A_TO_INT_CR = 1 << 2,
    KIA_VAC_A_FROM_PSR = 1 << 3,
    KIA_VAC_A_FROM_CPUID = 1 << 4,
    KIA_VAC_A_COVER = 1 << 5,
    KIA_VAC_A_BSW = 1 << 6,
    KIA_VAC_A_PROBE = 1 << 7, /* this and the following: later models only */
    KIA_VAC_A_TF = 1 << 8,
    KIA_VAC_A_IC_UM = 1 << 9,
    KIA_VAC_FIRST = 0x7f,     /* what every model with VT-i has */
    KIA_VAC_ALL = 0x3ff,
};

/* vdc */
enum {
    KIA_VDC_D_VMSW = 1 << 0,
    KIA_VDC_D_EXTINT = 1 << 1,
    KIA_VDC_D_IBR_DBR = 1 << 2,
    KIA_VDC_D_PMC = 1 << 3,
    KIA_VDC_D_TO_PMD = 1 << 4,
    KIA_VDC_D_ITM = 1 << 5,
    KIA_VDC_D_PSR_I = 1 << 6, /* later models only */
    KIA_VDC_FIRST = 0x3f,
    KIA_VDC_ALL = 0x7f,
};

/* config_options of PAL_VP_INIT_ENV */
#define KIA_VP_CONFIG_INITIALIZE (UINT64_C(1) << 0)
#define KIA_VP_CONFIG_FR_PMC     (UINT64_C(1) << 1)
#define KIA_VP_CONFIG_BE         (UINT64_C(1) << 2)
#define KIA_VP_CONFIG_OPCODE     (UINT64_C(1) << 8)
#define KIA_VP_CONFIG_CAUSE      (UINT64_C(1) << 9)
#define KIA_VP_CONFIG_GITC       (UINT64_C(1) << 10) /* later models only */
#define KIA_VP_CONFIG_IMPL       (UINT64_C(1) << 63)

/* vp_env_info of PAL_VP_ENV_INFO */
#define KIA_VP_INFO_OPCODE  (UINT64_C(1) << 8)
#define KIA_VP_INFO_GITC    (UINT64_C(1) << 10)
#define KIA_VP_INFO_A_PROBE (UINT64_C(1) << 11)
#define KIA_VP_INFO_A_TF    (UINT64_C(1) << 12)
#define KIA_VP_INFO_A_IC_UM (UINT64_C(1) << 13)
#define KIA_VP_INFO_D_PSR_I (UINT64_C(1) << 14)

/* Offsets of PAL's services from the base that PAL_VP_INIT_ENV returns, KIA_VPS_STEP bytes apart. */
enum {
    KIA_VPS_RESUME_NORMAL = 0x0000,
    KIA_VPS_RESUME_HANDLER = 0x0400,
    KIA_VPS_SYNC_READ = 0x0800,
    KIA_VPS_SYNC_WRITE = 0x0c00,
    KIA_VPS_SET_PENDING_INTERRUPT = 0x1000,
    KIA_VPS_THASH = 0x1400,
    KIA_VPS_TTAG = 0x1800,
    KIA_VPS_RESTORE = 0x1c00,
    KIA_VPS_SAVE = 0x2000,
    KIA_VPS_STEP = 0x400,
    KIA_VPS_COUNT = 9,
};

/* Bits of GR25 at an intercept beside the opcode in {40:0}. */
#define KIA_INTERCEPT_B_UNIT (UINT64_C(1) << 63)
#define KIA_INTERCEPT_M_UNIT (UINT64_C(1) << 62)

/* Causes of intercepts, in GR24 (SDM Vol.2 table 11-22). */
enum kia_vti_cause {
    KIA_CAUSE_MOV_TO_AR = 1,
    KIA_CAUSE_MOV_TO_AR_IMM,
    KIA_CAUSE_MOV_FROM_AR,
    KIA_CAUSE_MOV_TO_CR,
    KIA_CAUSE_MOV_FROM_CR,
    KIA_CAUSE_MOV_TO_PSR,
    KIA_CAUSE_MOV_FROM_PSR,
    KIA_CAUSE_ITC_D,
    KIA_CAUSE_ITC_I,
    KIA_CAUSE_MOV_TO_RR,
    KIA_CAUSE_MOV_TO_DBR,
    KIA_CAUSE_MOV_TO_IBR,
    KIA_CAUSE_MOV_TO_PKR,
    KIA_CAUSE_MOV_TO_PMC,
    KIA_CAUSE_MOV_TO_PMD,
    KIA_CAUSE_ITR_D,
    KIA_CAUSE_ITR_I,
    KIA_CAUSE_MOV_FROM_RR,
    KIA_CAUSE_MOV_FROM_DBR,
    KIA_CAUSE_MOV_FROM_IBR,
    KIA_CAUSE_MOV_FROM_PKR,
    KIA_CAUSE_MOV_FROM_PMC,
    KIA_CAUSE_MOV_FROM_CPUID,
    KIA_CAUSE_SSM,
    KIA_CAUSE_RSM,
    KIA_CAUSE_PTC_L,
    KIA_CAUSE_PTC_G,
    KIA_CAUSE_PTC_GA,
    KIA_CAUSE_PTR_D,
    KIA_CAUSE_PTR_I,
    KIA_CAUSE_THASH,
    KIA_CAUSE_TTAG,
    KIA_CAUSE_TPA,
    KIA_CAUSE_TAK,
    KIA_CAUSE_PTC_E,
    KIA_CAUSE_COVER,
    KIA_CAUSE_RFI,
    KIA_CAUSE_BSW_0,
    KIA_CAUSE_BSW_1,
    KIA_CAUSE_VMSW,
    KIA_CAUSE_PROBE,
};
static_assert(KIA_CAUSE_PROBE == 41, "SDM Vol.2 table 11-22");

#endif
