/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtualized instructions: cause, accelerations and disables of each (SDM Vol.2 3.4, table 11-22; docs/vti.md). */
#include "arch/vti.h"

#define ROW(cause, name, vac, vdc) { KIA_CAUSE_##cause, (vac), (vdc), name }
#define PSR_VAC (KIA_VAC_A_INT | KIA_VAC_A_IC_UM)

const struct vti_row vti_table[OP_COUNT] = {
    [OP_MOV_TO_AR] = ROW(MOV_TO_AR, "mov ar=", 0, 0),
    [OP_MOV_TO_AR_IMM] = ROW(MOV_TO_AR_IMM, "mov ar=imm", 0, 0),
    [OP_MOV_FROM_AR] = ROW(MOV_FROM_AR, "mov =ar", 0, 0),
    [OP_MOV_TO_CR] = ROW(MOV_TO_CR, "mov cr=", KIA_VAC_A_INT | KIA_VAC_A_TO_INT_CR, KIA_VDC_D_EXTINT | KIA_VDC_D_ITM),
    [OP_MOV_FROM_CR] =
        ROW(MOV_FROM_CR, "mov =cr", KIA_VAC_A_INT | KIA_VAC_A_FROM_INT_CR, KIA_VDC_D_EXTINT | KIA_VDC_D_ITM),
    [OP_MOV_TO_PSR] = ROW(MOV_TO_PSR, "mov psr.l=", PSR_VAC, KIA_VDC_D_PSR_I),
    [OP_MOV_FROM_PSR] = ROW(MOV_FROM_PSR, "mov =psr", KIA_VAC_A_FROM_PSR, 0),
    [OP_ITC_D] = ROW(ITC_D, "itc.d", 0, 0),
    [OP_ITC_I] = ROW(ITC_I, "itc.i", 0, 0),
    [OP_MOV_TO_RR] = ROW(MOV_TO_RR, "mov rr=", 0, 0),
    [OP_MOV_TO_DBR] = ROW(MOV_TO_DBR, "mov dbr=", 0, KIA_VDC_D_IBR_DBR),
    [OP_MOV_TO_IBR] = ROW(MOV_TO_IBR, "mov ibr=", 0, KIA_VDC_D_IBR_DBR),
    [OP_MOV_TO_PKR] = ROW(MOV_TO_PKR, "mov pkr=", 0, 0),
    [OP_MOV_TO_PMC] = ROW(MOV_TO_PMC, "mov pmc=", 0, KIA_VDC_D_PMC),
    [OP_MOV_TO_PMD] = ROW(MOV_TO_PMD, "mov pmd=", 0, KIA_VDC_D_TO_PMD),
    [OP_ITR_D] = ROW(ITR_D, "itr.d", 0, 0),
    [OP_ITR_I] = ROW(ITR_I, "itr.i", 0, 0),
    [OP_MOV_FROM_RR] = ROW(MOV_FROM_RR, "mov =rr", 0, 0),
    [OP_MOV_FROM_DBR] = ROW(MOV_FROM_DBR, "mov =dbr", 0, KIA_VDC_D_IBR_DBR),
    [OP_MOV_FROM_IBR] = ROW(MOV_FROM_IBR, "mov =ibr", 0, KIA_VDC_D_IBR_DBR),
    [OP_MOV_FROM_PKR] = ROW(MOV_FROM_PKR, "mov =pkr", 0, 0),
    [OP_MOV_FROM_PMC] = ROW(MOV_FROM_PMC, "mov =pmc", 0, KIA_VDC_D_PMC),
    [OP_MOV_FROM_CPUID] = ROW(MOV_FROM_CPUID, "mov =cpuid", KIA_VAC_A_FROM_CPUID, 0),
    [OP_SSM] = ROW(SSM, "ssm", PSR_VAC, KIA_VDC_D_PSR_I),
    [OP_RSM] = ROW(RSM, "rsm", PSR_VAC, KIA_VDC_D_PSR_I),
    [OP_PTC_L] = ROW(PTC_L, "ptc.l", 0, 0),
    [OP_PTC_G] = ROW(PTC_G, "ptc.g", 0, 0),
    [OP_PTC_GA] = ROW(PTC_GA, "ptc.ga", 0, 0),
    [OP_PTR_D] = ROW(PTR_D, "ptr.d", 0, 0),
    [OP_PTR_I] = ROW(PTR_I, "ptr.i", 0, 0),
    [OP_THASH] = ROW(THASH, "thash", 0, 0),
    [OP_TTAG] = ROW(TTAG, "ttag", 0, 0),
    [OP_TPA] = ROW(TPA, "tpa", 0, 0),
    [OP_TAK] = ROW(TAK, "tak", 0, 0),
    [OP_PTC_E] = ROW(PTC_E, "ptc.e", 0, 0),
    [OP_COVER] = ROW(COVER, "cover", KIA_VAC_A_COVER, 0),
    [OP_RFI] = ROW(RFI, "rfi", 0, 0),
    [OP_BSW_0] = ROW(BSW_0, "bsw.0", KIA_VAC_A_BSW, 0),
    [OP_BSW_1] = ROW(BSW_1, "bsw.1", KIA_VAC_A_BSW, 0),
    [OP_VMSW_0] = ROW(VMSW, "vmsw", 0, KIA_VDC_D_VMSW),
    [OP_VMSW_1] = ROW(VMSW, "vmsw", 0, KIA_VDC_D_VMSW),
    [OP_PROBE] = ROW(PROBE, "probe", KIA_VAC_A_PROBE, 0),
    [OP_PROBE_IMM] = ROW(PROBE, "probe", KIA_VAC_A_PROBE, 0),
    [OP_PROBE_FAULT] = ROW(PROBE, "probe", KIA_VAC_A_PROBE, 0),
};
