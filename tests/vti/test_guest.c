/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each virtualized instruction does at psr.vm = 1: its intercept and the checks before it; time, virtual interrupts, odd
 * VPDs (docs/vti.md; SDM Vol.2 3.4, 11.7). All on both engines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/vti/machine.h"

#define CPL3 (UINT64_C(3) << PSR_CPL_SHIFT)

static struct vti_machine max, first; /* -cpu max, -cpu montecito */

/* ---- intercepts ---- */

static const struct {
    const char *code;
    unsigned cause;
    bool any_cpl; /* else privileged: a General Exception at cpl 3 */
} intercepts[] = {
    { "mov ar.itc=r8", 1, false },
    { "mov ar.ruc=r8", 1, false },
    { "mov ar.itc=5", 2, false },
    { "mov cr.tpr=r8", 4, false },
    { "mov cr.ifa=r8", 4, false },
    { "mov cr.eoi=r8", 4, false },
    { "mov cr.itm=r8", 4, false },
    { "mov r8=cr.ivr", 5, false },
    { "mov r8=cr.tpr", 5, false },
    { "mov r8=cr.isr", 5, false },
    { "mov psr.l=r8", 6, false },
    { "mov r8=psr", 7, false },
    { "itc.d r8", 8, false },
    { "itc.i r8", 9, false },
    { "mov rr[r8]=r9", 10, false },
    { "mov dbr[r8]=r9", 11, false },
    { "mov ibr[r8]=r9", 12, false },
    { "mov pkr[r8]=r9", 13, false },
    { "mov pmc[r8]=r9", 14, false },
    { "mov pmd[r8]=r9", 15, false },
    { "itr.d dtr[r8]=r9", 16, false },
    { "itr.i itr[r8]=r9", 17, false },
    { "mov r8=rr[r9]", 18, false },
    { "mov r8=dbr[r9]", 19, false },
    { "mov r8=ibr[r9]", 20, false },
    { "mov r8=pkr[r9]", 21, false },
    { "mov r8=pmc[r9]", 22, false },
    { "mov r8=cpuid[r9]", 23, true },
    { "ssm 0x4000", 24, false },
    { "rsm 0x2000", 25, false },
    { "ptc.l r8,r9", 26, false },
    { "ptc.g r8,r9", 27, false },
    { "ptc.ga r8,r9", 28, false },
    { "ptr.d r8,r9", 29, false },
    { "ptr.i r8,r9", 30, false },
    { "thash r8=r9", 31, true },
    { "ttag r8=r9", 32, true },
    { "tpa r8=r9", 33, false },
    { "tak r8=r9", 34, false },
    { "ptc.e r8", 35, false },
    { "cover", 36, false },
    { "rfi", 37, false },
    { "bsw.0", 38, false },
    { "bsw.1", 39, false },
    { "vmsw.0", 40, false },
    { "vmsw.1", 40, false },
};

static void set_args(struct vti_machine *m, size_t i)
{
    kia_set_gr(m->vcpu, 8, 0);
    kia_set_gr(m->vcpu, 9, intercepts[i].cause == KIA_CAUSE_MOV_TO_RR ? 12 << 2 : 0); /* a page size */
}

/* The intercept is that of the one instruction at CODE. */
static void check_intercept(struct vti_machine *m, unsigned cause, unsigned slot, uint64_t opcode)
{
    uint64_t unit = slot == 2 ? KIA_INTERCEPT_B_UNIT : KIA_INTERCEPT_M_UNIT;

    assert_int_equal(kia_get_gr(m->vcpu, 24, NULL), cause);
    assert_int_equal(kia_get_gr(m->vcpu, 25, NULL), opcode | unit);
    assert_int_equal(m->v->cr[CR_IIP], CODE);
    assert_int_equal(m->v->cr[CR_IPSR] >> PSR_RI_SHIFT & 3, slot);
    assert_true(m->v->cr[CR_IPSR] & PSR_VM);
    assert_int_equal(m->v->cr[CR_ISR], (uint64_t)slot << ISR_EI_SHIFT);
    assert_false(m->v->psr & (PSR_VM | PSR_BN | PSR_IC | PSR_CPL));
}

static void test_causes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(intercepts) / sizeof(*intercepts); i++) {
        uint64_t opcode;
        uint8_t slot;

        vti_start(&max, 0, 0);
        set_args(&max, i);
        vti_assemble(&max, intercepts[i].code, &slot, &opcode);
        if (vti_run(&max, VM_PSR) != AT_HANDLER)
            fail_msg("%s does not intercept", intercepts[i].code);
        check_intercept(&max, intercepts[i].cause, slot, opcode);

        vti_start(&max, 0, 0);
        set_args(&max, i);
        vti_assemble(&max, intercepts[i].code, NULL, NULL);
        if (intercepts[i].any_cpl) {
            assert_int_equal(vti_run(&max, VM_PSR | CPL3), AT_HANDLER);
        } else if (intercepts[i].cause == KIA_CAUSE_COVER) {
            assert_int_equal(vti_run(&max, VM_PSR | CPL3), AT_END);
            assert_int_equal(max.v->cfm, 0);
        } else {
            if (vti_run(&max, VM_PSR | CPL3) != 0x5400)
                fail_msg("%s is no General Exception at cpl 3", intercepts[i].code);
            assert_true((max.v->cr[CR_ISR] & 0xf0) == (intercepts[i].cause <= 2 ? 0x20 : 0x10));
        }
    }
}

/* With a host table that is not the virtual processor's, the fault is a plain one. */
static void test_plain_fault(void **state)
{
    (void)state;
    vti_start(&max, 0, 0);
    kia_set_cr(max.vcpu, CR_IVA, HOST_IVA - 0x100 * 0x80);
    kia_vm_add_gate(max.vm, HOST_IVA - 0x8000 + 0x6100, 0x1000 + AT_OPT_HANDLER, KIA_GATE_FALL);
    kia_set_psr(max.vcpu, 0);
    kia_set_gr(max.vcpu, 24, 0x2424);
    kia_set_gr(max.vcpu, 25, 0x2525);
    assert_int_equal(vti_do(&max, VM_PSR, "mov r8=psr"), AT_OPT_HANDLER);
    assert_int_equal(kia_get_gr(max.vcpu, 24, NULL), 0x2424);
    assert_int_equal(kia_get_gr(max.vcpu, 25, NULL), 0x2525);
}

static void test_handoff(void **state)
{
    const uint64_t record[] = { KIA_VPD_MARK, HOST_IVA, OPT_HANDLER };

    (void)state;
    /* The optional handler; without "cause" GR24 is left alone; GR16-23, b0 and pr are the hypervisor's and the guest's. */
    vti_start(&max, 0, 0);
    kia_mem_write(max.mem, VPD + 0x1000, record, sizeof(record));
    kia_vcpu_vp_enter(max.vcpu, ENV, KIA_VP_CONFIG_OPCODE);
    assert_int_equal(kia_vcpu_vp_load(max.vcpu, VPD), 0);
    for (unsigned r = 16; r < 25; r++)
        kia_set_gr(max.vcpu, r, 0x100 + r);
    kia_set_br(max.vcpu, 0, 0x1230);
    kia_set_pr(max.vcpu, 0x5551);
    assert_int_equal(vti_do(&max, VM_PSR, "mov r8=psr"), AT_OPT_HANDLER);
    for (unsigned r = 16; r < 25; r++)
        assert_int_equal(kia_get_gr(max.vcpu, r, NULL), 0x100 + r);
    assert_int_equal(kia_get_br(max.vcpu, 0), 0x1230);
    assert_int_equal(kia_get_pr(max.vcpu), 0x5551);
    /* A guest's other interruptions go to its own host table. */
    vti_start(&max, 0, 0);
    assert_int_equal(vti_do(&max, VM_PSR, "break.m 5"), 0x2c00);
    assert_int_equal(max.v->cr[CR_IIM], 5);
    /* The opcode is that of the code that was translated, whatever memory holds now. */
    vti_start(&max, 0, 0);
    vti_assemble(&max, "mov r8=psr", NULL, NULL);
    assert_int_equal(vti_run(&max, VM_PSR), AT_HANDLER);
    memset(kia_mem_hva(max.mem, CODE, 16), 0, 16);
    kia_set_gr(max.vcpu, 25, 0);
    assert_int_equal(vti_run(&max, VM_PSR), AT_HANDLER);
    assert_int_equal(kia_get_gr(max.vcpu, 25, NULL) >> 27 & 0x3f, 0x25);
}

/* A predicate that is 0, vm = 0, and what is never virtualized. */
static void test_not_virtualized(void **state)
{
    static const char *const never[] = {
        "sum 4\nrum 4", "mov psr.um=r9", "mov r8=psr.um", "srlz.d", "srlz.i", "sync.i", "mf", "fc r10", "flushrs", "mov r8=pmd[r9]",
        "mov ar.k3=r9\nmov r8=ar.k3", "mov r8=ar.itc", "mov r8=ar.ruc", "probe.r r8=r10,0", "alloc r33=ar.pfs,0,32,16,0",
        "invala", "epc", "tf.z p6,p7=33",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++) {
        vti_start(&max, 0, 0);
        kia_set_gr(max.vcpu, 10, DATA);
        kia_set_gr(max.vcpu, 9, 4);
        if (vti_do(&max, VM_PSR | PSR_DT, never[i]) != AT_END && strncmp(never[i], "probe", 5) && strncmp(never[i], "fc", 2))
            fail_msg("%s did not run to its end", never[i]);
    }
    vti_start(&max, 0, 0);
    assert_int_equal(vti_do(&max, VM_PSR, "(p6) mov r8=psr\n(p6) thash r8=r9\n(p6) ssm 0x4000"), AT_END);
}

/* ---- the order of checks ---- */

static const struct {
    const char *code;
    bool nat;        /* r9 is a NaT */
    uint64_t r9, r8;
    unsigned vector; /* 0: intercept */
    uint64_t code_of_isr;
} orders[] = {
    { "mov r127=psr", false, 0, 0, 0x5400, 0x00 },
    { "thash r127=r9", true, 0, 0, 0x5400, 0x00 },
    { "thash r8=r9", true, 0, 0, 0, 0 },
    { "ttag r8=r9", true, 0, 0, 0, 0 },
    { "tak r8=r9", true, 0, 0, 0x5600, 0x13 },
    { "tpa r8=r9", true, 0, 0, 0x5600, 0x10 },
    { "mov rr[r8]=r9", true, 0, 0, 0x5600, 0x10 },
    { "mov rr[r8]=r9", false, 2, 0, 0x5400, 0x30 },
    { "mov pkr[r8]=r9", false, 0x10, 0, 0x5400, 0x30 },
    { "mov r8=dbr[r9]", false, 200, 0, 0x5400, 0x30 },
    { "mov r8=cpuid[r9]", false, 5, 0, 0x5400, 0x30 },
    { "mov psr.l=r9", true, 0, 0, 0x5600, 0x10 },
    { "mov psr.l=r9", false, 0x10000, 0, 0x5400, 0x30 },
    { "ssm 0x10000", false, 0, 0, 0x5400, 0x30 },
    { "rsm 0x10000", false, 0, 0, 0x5400, 0x30 },
    { "mov cr.dcr=r9", true, 0, 0, 0x5600, 0x10 },
    { "mov cr.dcr=r9", false, 8, 0, 0x5400, 0x30 },
    { "mov cr.irr0=r9", false, 0, 0, 0x5400, 0x00 },
    { "mov cr.ifs=r9", false, UINT64_C(1) << 50, 0, 0x5400, 0x30 },
    { "itc.d r9", true, 0, 0, 0x5600, 0x10 },
    { "itc.d r9", false, 0x663, 0, 0x5400, 0x30 },
    { "itr.d dtr[r8]=r9", false, 0x661, 0xff, 0x5400, 0x30 },
    { "itr.i itr[r9]=r8", true, 0, 0, 0x5600, 0x10 },
    { "ptc.l r9,r8", true, 0, 0, 0x5600, 0x10 },
    { "ptc.l r9,r8", false, UINT64_C(0x0800000000000000), 0, 0x5400, 0x30 },
    { "ptc.g r9,r8", false, UINT64_C(0x1000000000000000), 0, 0x5400, 0x30 },
    { "ptr.d r9,r8", false, UINT64_C(0x0800000000000000), 0, 0x5400, 0x30 },
    { "tpa r8=r9", false, UINT64_C(0x0800000000000000), 0, 0x5400, 0x30 },
    { "thash r8=r9", false, UINT64_C(0x0800000000000000), 0, 0, 0 },
    { "tak r8=r9", false, UINT64_C(0x0800000000000000), 0, 0, 0 },
    { "ptc.e r9", true, 0, 0, 0x5600, 0x10 },
    { "mov ar.itc=r9", true, 0, 0, 0x5600, 0x10 },
};

static void test_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
        unsigned stop;

        vti_start(&max, 0, 0);
        kia_set_gr(max.vcpu, 8, orders[i].r8);
        gr_set(max.v, 9, orders[i].r9, orders[i].nat);
        stop = vti_do(&max, VM_PSR, orders[i].code);
        if (stop != (orders[i].vector ? orders[i].vector : AT_HANDLER))
            fail_msg("%zu: %s stops at %#x", i, orders[i].code, stop);
        if (orders[i].vector && (max.v->cr[CR_ISR] & 0xff) != orders[i].code_of_isr)
            fail_msg("%zu: %s has isr %#lx", i, orders[i].code, (unsigned long)max.v->cr[CR_ISR]);
    }
}

/* Data and code at addresses that only the hypervisor can form. */
static void test_addresses(void **state)
{
    (void)state;
    vti_start(&max, 0, 0);
    kia_set_gr(max.vcpu, 9, UINT64_C(0xc800000000000000));
    assert_int_equal(vti_do(&max, VM_PSR | PSR_DT, "ld8 r8=[r9]"), 0x5400);
    assert_int_equal(max.v->cr[CR_ISR] & 0xf0, 0x30);
    assert_int_equal(max.v->cr[CR_IFA], UINT64_C(0xc800000000000000));
    vti_start(&max, 0, 0);
    kia_set_gr(max.vcpu, 9, UINT64_C(0xd800000000000000));
    assert_int_equal(vti_do(&max, VM_PSR | PSR_DT, "ld8 r8=[r9]"), 0x1000);
    vti_start(&max, 0, 0);
    /* Fetches; IIP is sign-extended from bit 59. */
    vti_map(&max, 3);
    assert_int_equal(vti_run_at(&max, UINT64_C(0x0800000000000120), VM_PSR | PSR_IT), 0x5e00);
    assert_int_equal(max.v->cr[CR_IIP], UINT64_C(0x1800000000000120));
    assert_int_equal(vti_run_at(&max, UINT64_C(0x0800000000000120), PSR_IC | PSR_IT), 0x0c00);
    assert_int_equal(vti_run_at(&max, UINT64_C(0x1800000000000120), VM_PSR | PSR_IT), 0x0c00);
    vti_start(&max, 0, 0);
    kia_set_gr(max.vcpu, 9, UINT64_C(0xc800000000000000));
    assert_int_equal(vti_do(&max, (VM_PSR | PSR_DT) & ~PSR_VM, "ld8 r8=[r9]"), 0x1000);
}

/* ---- time ---- */

static void test_itc(void **state)
{
    uint64_t itc;

    (void)state;
    vti_start(&max, 0, 0);
    kia_set_cr(max.vcpu, CR_ITO, UINT64_C(1) << 60);
    assert_int_equal(vti_do(&max, VM_PSR | CPL3, "mov r8=ar.itc"), AT_END);
    assert_true(kia_get_gr(max.vcpu, 8, NULL) < UINT64_C(1) << 59); /* no gitc: ITO means nothing */
    assert_int_equal(vti_do(&max, VM_PSR | PSR_SI, "mov r8=ar.itc"), AT_HANDLER);
    assert_int_equal(kia_get_gr(max.vcpu, 24, NULL), 3);
    assert_int_equal(vti_do(&max, VM_PSR | PSR_SI, "mov r8=ar.ruc"), AT_HANDLER);
    assert_int_equal(vti_do(&max, VM_PSR | PSR_SI | CPL3, "mov r8=ar.itc"), 0x5400);
    assert_int_equal(max.v->cr[CR_ISR] & 0xf0, 0x20);
    assert_int_equal(vti_do(&max, PSR_IC, "mov r8=ar.ruc"), AT_END);

    max.v->vti.config |= KIA_VP_CONFIG_GITC;
    assert_int_equal(vti_do(&max, VM_PSR | PSR_SI, "mov r8=ar.itc"), AT_END);
    itc = kia_get_gr(max.vcpu, 8, NULL);
    assert_true(itc >= UINT64_C(1) << 60 && itc < UINT64_C(3) << 59);
    assert_int_equal(vti_do(&max, VM_PSR | PSR_SI | CPL3, "mov r8=ar.itc"), AT_END);
    vti_set(&max, 0x590, PSR_BN | PSR_IC | PSR_SI);
    assert_int_equal(vti_do(&max, VM_PSR | PSR_SI | CPL3, "mov r8=ar.itc"), 0x5400);
    assert_int_equal(vti_do(&max, VM_PSR | PSR_SI, "mov r8=ar.itc"), AT_END);
    assert_int_equal(vti_do(&max, PSR_IC, "mov r8=ar.itc"), AT_END);
    assert_true(kia_get_gr(max.vcpu, 8, NULL) < UINT64_C(1) << 59); /* vm = 0 */
    assert_int_equal(vti_do(&max, VM_PSR, "mov cr4=r8"), AT_HANDLER);
    /* The first models have neither ITO nor RUC. */
    vti_start(&first, 0, 0);
    assert_int_equal(vti_do(&first, PSR_IC, "mov r8=cr4"), 0x5400);
    assert_int_equal(first.v->cr[CR_ISR] & 0xff, 0);
    assert_int_equal(vti_do(&first, PSR_IC | CPL3, "mov cr4=r8"), 0x5400);
    assert_int_equal(first.v->cr[CR_ISR] & 0xff, 0);
    assert_int_equal(vti_do(&first, PSR_IC, "mov r8=ar.ruc"), 0x5400);
}

/* ---- virtual interrupts ---- */

static void test_virtual_interrupt(void **state)
{
    static const struct {
        uint64_t vhpi, vpsr, tpr;
        bool due;
    } cases[] = {
        { 0, PSR_I, 0, false },       { 1, PSR_I, 0, true },         { 1, 0, 0, false },
        { 5, PSR_I, 0x40, true },     { 5, PSR_I, 0x50, false },     { 15, PSR_I, 0xf0, false },
        { 16, PSR_I, 0xf0, true },    { 16, PSR_I, 0x10000, false }, { 15, PSR_I, 0x10000, false },
        { 32, PSR_I, 0x100f0, true }, { 32, 0, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (unsigned a_int = 0; a_int < 2; a_int++) {
            vti_start(&first, a_int ? KIA_VAC_A_INT : 0, 0);
            vti_set(&first, 0x590, PSR_BN | PSR_IC | cases[i].vpsr);
            vti_set(&first, VCR(66), cases[i].tpr);
            vti_set(&first, 0x100, cases[i].vhpi);
            if (vti_do(&first, VM_PSR, "nop.m 0") != (cases[i].due && a_int ? 0x3400 : AT_END))
                fail_msg("case %zu, a_int %u", i, a_int);
            assert_int_equal(first.v->cr[CR_ISR], 0);
            assert_int_equal(first.v->cr[CR_IPSR] & (PSR_VM | PSR_I), PSR_VM);
        }
    }
    /* Unmasked by the guest: taken behind the instruction that does it. */
    vti_start(&first, KIA_VAC_A_INT, 0);
    vti_set(&first, 0x100, 7);
    assert_int_equal(vti_do(&first, VM_PSR, "nop.m 0\nssm 0x4000\nmov r8=r9"), 0x3400);
    assert_int_equal(first.v->cr[CR_IIP] + (first.v->cr[CR_IPSR] >> PSR_RI_SHIFT & 3), CODE + 16 + 1);
    vti_start(&first, KIA_VAC_A_INT, 0);
    vti_set(&first, 0x100, 7);
    vti_set(&first, 0x590, PSR_BN | PSR_IC | PSR_I);
    vti_set(&first, VCR(66), 0x70);
    kia_set_gr(first.vcpu, 9, 0x60);
    assert_int_equal(vti_do(&first, VM_PSR, "mov cr.tpr=r9\nnop.m 0"), 0x3400);
    assert_int_equal(first.v->cr[CR_IIP] + (first.v->cr[CR_IPSR] >> PSR_RI_SHIFT & 3), CODE + 1);
    /* Not at vm = 0; a real one goes first. */
    vti_start(&first, KIA_VAC_A_INT, 0);
    vti_set(&first, 0x100, 7);
    vti_set(&first, 0x590, PSR_BN | PSR_IC | PSR_I);
    assert_int_equal(vti_do(&first, PSR_IC, "nop.m 0"), AT_END);
    sapic_post(first.v, 0x80);
    assert_int_equal(vti_do(&first, VM_PSR | PSR_I, "nop.m 0"), 0x3000);
    assert_int_equal(kia_get_cr(first.vcpu, CR_IVR), 0x80);
    assert_int_equal(vti_do(&first, VM_PSR | PSR_I, "nop.m 0"), 0x3400);
}

/* ---- the VPD ---- */

static void test_big_endian(void **state)
{
    (void)state;
    vti_start(&max, 0, 0);
    vti_set(&max, 0, __builtin_bswap64(KIA_VAC_A_INT | KIA_VAC_A_FROM_CPUID));
    vti_set(&max, 0x590, __builtin_bswap64(PSR_BN | PSR_IC));
    vti_set(&max, 0x510, __builtin_bswap64(0x1234));
    kia_vcpu_vp_enter(max.vcpu, ENV, KIA_VP_CONFIG_OPCODE | KIA_VP_CONFIG_CAUSE | KIA_VP_CONFIG_BE);
    assert_int_equal(kia_vcpu_vp_load(max.vcpu, VPD), 0);
    assert_int_equal(vti_do(&max, VM_PSR, "ssm 0x4000\nmov r8=cpuid[r0]"), AT_END);
    assert_int_equal(kia_get_gr(max.vcpu, 8, NULL), 0x1234);
    assert_int_equal(vti_get(&max, 0x590), __builtin_bswap64(PSR_BN | PSR_IC | PSR_I));
}

/* What the hypervisor stores behind PAL's back: bits that the model lacks, a_int with d_extint, no mark. */
static void test_hostile(void **state)
{
    (void)state;
    vti_start(&first, UINT64_MAX, UINT64_MAX);
    assert_int_equal(first.v->vti.vac, KIA_VAC_FIRST);
    assert_int_equal(first.v->vti.vdc, KIA_VDC_FIRST & ~KIA_VDC_D_EXTINT);
    vti_start(&max, UINT64_MAX, UINT64_MAX);
    assert_int_equal(max.v->vti.vac, KIA_VAC_ALL);
    assert_int_equal(max.v->vti.vdc, KIA_VDC_ALL & ~(KIA_VDC_D_EXTINT | KIA_VDC_D_PSR_I));
    vti_set(&max, 0x1000, 0);
    assert_int_equal(kia_vcpu_vp_load(max.vcpu, VPD), -22);
    assert_int_equal(kia_vcpu_vp_load(max.vcpu, VPD + 8), -22);
    /* With none loaded nothing is accelerated. */
    vti_start(&max, KIA_VAC_ALL & ~KIA_VAC_A_PROBE, 0);
    kia_vcpu_vp_unload(max.vcpu);
    for (size_t i = 0; i < sizeof(intercepts) / sizeof(*intercepts); i++) {
        set_args(&max, i);
        assert_int_equal(vti_do(&max, VM_PSR, intercepts[i].code), 0x6100);
    }
}

static int run_all(const char *accel)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_plain_fault),
        cmocka_unit_test(test_handoff),
        cmocka_unit_test(test_not_virtualized),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_itc),
        cmocka_unit_test(test_virtual_interrupt),
        cmocka_unit_test(test_big_endian),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests_name(accel, tests, NULL, NULL);
}

int main(void) { return vti_run_engines(&max, &first, run_all); }
