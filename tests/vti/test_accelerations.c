/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every acceleration and disable of a virtual processor, on and off (docs/vti.md; SDM Vol.2 11.7.4). Both engines. */
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

/* ---- accelerations ---- */

/* Runs @text with @vac in force and without; without it must intercept with @cause. */
static void accelerated(struct vti_machine *m, uint64_t vac, const char *text, unsigned cause)
{
    struct vcpu before;

    memcpy(&before, m->v, offsetof(struct vcpu, stlb));
    vti_set(m, 0, 0);
    vti_sync(m->v);
    if (vti_do(m, VM_PSR, text) != AT_HANDLER)
        fail_msg("%s does not intercept without acceleration", text);
    assert_int_equal(kia_get_gr(m->vcpu, 24, NULL), cause);
    kia_set_psr(m->vcpu, VM_PSR);
    memcpy(m->v->gr, before.gr, sizeof(before.gr));
    m->v->nat_gr = before.nat_gr;
    vti_set(m, 0, vac);
    vti_sync(m->v);
    if (vti_do(m, VM_PSR, text) != AT_END)
        fail_msg("%s does not run with acceleration", text);
}

static void test_a_int(void **state)
{
    (void)state;
    vti_start(&max, 0, 0);
    accelerated(&max, KIA_VAC_A_INT, "ssm 0x4000", 24);
    assert_int_equal(vti_get(&max, 0x590), PSR_BN | PSR_IC | PSR_I);
    assert_false(max.v->cr[CR_IPSR] & PSR_I);
    accelerated(&max, KIA_VAC_A_INT, "rsm 0x4000", 25);
    assert_int_equal(vti_get(&max, 0x590), PSR_BN | PSR_IC);
    kia_set_gr(max.vcpu, 8, PSR_IC | PSR_I);
    accelerated(&max, KIA_VAC_A_INT, "mov psr.l=r8", 6);
    assert_int_equal(vti_get(&max, 0x590), PSR_BN | PSR_IC | PSR_I);
    kia_set_gr(max.vcpu, 8, 0x100ff);
    accelerated(&max, KIA_VAC_A_INT, "mov cr.tpr=r8", 4);
    assert_int_equal(vti_get(&max, VCR(66)), 0x100f0);
    assert_int_equal(max.v->cr[CR_TPR], 0);
    accelerated(&max, KIA_VAC_A_INT, "mov r9=cr.tpr", 5);
    assert_int_equal(kia_get_gr(max.vcpu, 9, NULL), 0x100f0);
    /* Anything else with it intercepts. */
    assert_int_equal(vti_do(&max, VM_PSR, "ssm 0x6000"), AT_HANDLER);
    assert_int_equal(vti_do(&max, VM_PSR, "rsm 0x4008"), AT_HANDLER);
    kia_set_gr(max.vcpu, 8, PSR_I);
    assert_int_equal(vti_do(&max, VM_PSR, "mov psr.l=r8"), AT_HANDLER);
    assert_int_equal(vti_do(&max, VM_PSR, "mov r8=cr.ivr"), AT_HANDLER);
}

static void test_a_int_cr(void **state)
{
    static const char *const names[] = { "ipsr", "isr", NULL, "iip", "ifa", "itir", "iipa", "ifs", "iim", "iha" };
    static const uint64_t kept[] = { PSR_IC | PSR_BN, 0x5, 0, 0x1230, 0x1238, 0x30, 0x1230, 0x20, 0x77, 0x1238 };
    static const uint64_t written[] = { PSR_IC | PSR_BN, 0x5, 0, 0x123f, 0x1238, 0x30, 0x123f, 0x20, 0x77, 0x123b };
    char line[64];

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        if (!names[i])
            continue;
        vti_start(&first, 0, 0);
        vti_set(&first, 0x590, PSR_BN);
        kia_set_gr(first.vcpu, 9, written[i]);
        snprintf(line, sizeof(line), "mov cr.%s=r9", names[i]);
        accelerated(&first, KIA_VAC_A_TO_INT_CR, line, 4);
        assert_int_equal(vti_get(&first, VCR(16 + i)), kept[i]);
        snprintf(line, sizeof(line), "mov r8=cr.%s", names[i]);
        assert_int_equal(vti_do(&first, VM_PSR, line), AT_HANDLER); /* the other one's bit */
        accelerated(&first, KIA_VAC_A_FROM_INT_CR, line, 5);
        assert_int_equal(kia_get_gr(first.vcpu, 8, NULL), kept[i]);
        /* While the guest collects it is an intercept, for the hypervisor to reflect. */
        vti_set(&first, 0x590, PSR_BN | PSR_IC);
        assert_int_equal(vti_do(&first, VM_PSR, line), AT_HANDLER);
    }
    vti_set(&first, 0x590, PSR_BN);
    assert_int_equal(vti_do(&first, VM_PSR, "mov r8=cr.dcr"), AT_HANDLER);
}

static void test_a_from_psr(void **state)
{
    (void)state;
    vti_start(&first, 0, 0);
    vti_set(&first, 0x590, PSR_BN | PSR_IC | PSR_I | PSR_DT | PSR_IT | PSR_MC | PSR_AC | PSR_CPL);
    accelerated(&first, KIA_VAC_A_FROM_PSR, "mov r8=psr", 7);
    assert_int_equal(kia_get_gr(first.vcpu, 8, NULL), PSR_IC | PSR_I | PSR_DT | PSR_IT | PSR_MC);
    /* The user mask is the machine's. */
    assert_int_equal(vti_do(&first, VM_PSR, "sum 4\nmov r8=psr"), AT_END);
    assert_int_equal(kia_get_gr(first.vcpu, 8, NULL), PSR_IC | PSR_I | PSR_DT | PSR_IT | PSR_MC | PSR_UP);
}

static void test_a_from_cpuid(void **state)
{
    (void)state;
    vti_start(&first, 0, 0);
    for (unsigned i = 0; i < 5; i++)
        vti_set(&first, 0x510 + 8 * i, 0x1000 + i);
    for (unsigned i = 0; i < 5; i++) {
        kia_set_gr(first.vcpu, 9, i);
        accelerated(&first, KIA_VAC_A_FROM_CPUID, "mov r8=cpuid[r9]", 23);
        assert_int_equal(kia_get_gr(first.vcpu, 8, NULL), 0x1000 + i);
    }
    kia_set_gr(first.vcpu, 9, 5);
    assert_int_equal(vti_do(&first, VM_PSR, "mov r8=cpuid[r9]"), 0x5400);
    kia_set_gr(first.vcpu, 9, 1);
    assert_int_equal(vti_do(&first, VM_PSR | CPL3, "mov r8=cpuid[r9]"), AT_END);
    assert_int_equal(kia_get_gr(first.vcpu, 8, NULL), 0x1001);
}

static void test_a_cover(void **state)
{
    (void)state;
    vti_start(&first, 0, 0);
    vti_set(&first, VCR(23), 0x1234);
    accelerated(&first, KIA_VAC_A_COVER, "cover", 36);
    assert_int_equal(first.v->cfm, 0);
    assert_int_equal(first.v->rse.ndirty, 32);
    assert_int_equal(vti_get(&first, VCR(23)), 0x1234); /* vpsr.ic = 1 */
    vti_start(&first, KIA_VAC_A_COVER, 0);
    vti_set(&first, 0x590, PSR_BN);
    first.v->cr[CR_IFS] = 0;
    assert_int_equal(vti_do(&first, VM_PSR, "cover"), AT_END);
    assert_int_equal(vti_get(&first, VCR(23)), UINT64_C(1) << 63 | 32 | 16 << 7);
    assert_int_equal(first.v->cr[CR_IFS], 0);
}

static void test_a_bsw(void **state)
{
    bool nat;

    (void)state;
    vti_start(&first, 0, 0);
    kia_set_psr(first.vcpu, VM_PSR);
    for (unsigned r = 16; r < 32; r++)
        gr_set(first.v, r, 0x1000 + r, r == 17 || r == 31);
    for (unsigned i = 0; i < 16; i++)
        vti_set(&first, 0x480 + 8 * i, 0x2000 + i);
    vti_set(&first, 0x508, UINT64_C(1) << 16 | UINT64_C(0xabcd)); /* r16 */
    vti_set(&first, 0x500, 0x550000);
    accelerated(&first, KIA_VAC_A_BSW, "bsw.0", 38);
    kia_set_psr(first.vcpu, VM_PSR);
    for (unsigned r = 16; r < 32; r++) {
        assert_int_equal(kia_get_gr(first.vcpu, r, &nat), 0x2000 + r - 16);
        assert_int_equal(nat, r == 16);
        assert_int_equal(vti_get(&first, 0x400 + 8 * (r - 16)), 0x1000 + r);
    }
    assert_int_equal(vti_get(&first, 0x500), 0x550000 | 1 << 1 | 1 << 15);
    assert_int_equal(vti_get(&first, 0x590), PSR_IC);
    /* Again: nothing. Then back. */
    assert_int_equal(vti_do(&first, VM_PSR, "bsw.0"), AT_END);
    kia_set_psr(first.vcpu, VM_PSR);
    assert_int_equal(kia_get_gr(first.vcpu, 20, NULL), 0x2004);
    kia_set_gr(first.vcpu, 20, 0x77);
    assert_int_equal(vti_do(&first, VM_PSR, "bsw.1"), AT_END);
    kia_set_psr(first.vcpu, VM_PSR);
    assert_int_equal(kia_get_gr(first.vcpu, 20, NULL), 0x1014);
    kia_get_gr(first.vcpu, 31, &nat);
    assert_true(nat);
    assert_int_equal(vti_get(&first, 0x4a0), 0x77);
    assert_int_equal(vti_get(&first, 0x508), 1 << 16 | 0xabcd);
    assert_int_equal(vti_get(&first, 0x590), PSR_BN | PSR_IC);
}

/* a_probe turns intercepts of probes on. */
static void test_a_probe(void **state)
{
    static const char *const probes[] = { "probe.r r8=r9,r10", "probe.w r8=r9,0", "probe.rw.fault r9,3", "probe.r.fault r9,0" };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        vti_start(&max, KIA_VAC_A_PROBE, 0);
        assert_int_equal(vti_do(&max, VM_PSR | CPL3, probes[i]), AT_HANDLER);
        assert_int_equal(kia_get_gr(max.vcpu, 24, NULL), 41);
        vti_start(&max, 0, 0);
        assert_int_equal(vti_do(&max, VM_PSR, probes[i]), 0x1000); /* no translation */
        vti_start(&max, KIA_VAC_A_PROBE, 0);
        assert_int_equal(vti_do(&max, PSR_IC, probes[i]), 0x1000);
    }
}

static void test_a_tf(void **state)
{
    const uint64_t all = max.v->cpuid[4];

    (void)state;
    vti_start(&max, KIA_VAC_A_TF, 0);
    vti_set(&max, 0x530, all & ~(UINT64_C(1) << 32)); /* no clz */
    vti_sync(max.v);
    assert_int_equal(vti_do(&max, VM_PSR, "tf.z p6,p7=32\ntf.z p8,p9=33"), AT_END);
    assert_int_equal(max.v->pr & 0x3c0, 1 << 6 | 1 << 9);
    assert_int_equal(vti_do(&max, VM_PSR, "clz r8=r9"), 0x5400);
    assert_int_equal(max.v->cr[CR_ISR] & 0xff, 0);
    assert_int_equal(vti_do(&max, VM_PSR, "mpy4 r8=r9,r9"), AT_END);
    assert_int_equal(vti_do(&max, PSR_IC, "clz r8=r9"), AT_END); /* the hypervisor has it */
    vti_set(&max, 0, 0);
    vti_sync(max.v);
    assert_int_equal(vti_do(&max, VM_PSR, "clz r8=r9\ntf.z p6,p7=32"), AT_END);
    assert_int_equal(max.v->pr & 0xc0, 1 << 7);
}

static void test_a_ic_um(void **state)
{
    (void)state;
    vti_start(&max, 0, 0);
    accelerated(&max, KIA_VAC_A_IC_UM, "rsm 0x2000", 25);
    assert_int_equal(vti_get(&max, 0x590) & PSR_IC, 0);
    assert_true(max.v->cr[CR_IPSR] & PSR_IC); /* the machine's stays */
    accelerated(&max, KIA_VAC_A_IC_UM, "ssm 0x2008", 24);
    assert_true(vti_get(&max, 0x590) & PSR_IC);
    assert_true(max.v->cr[CR_IPSR] & PSR_AC);
    assert_int_equal(vti_do(&max, VM_PSR, "rsm 0x4000"), AT_HANDLER); /* psr.i is a_int's */
    vti_set(&max, 0, KIA_VAC_A_IC_UM | KIA_VAC_A_INT);
    vti_sync(max.v);
    assert_int_equal(vti_do(&max, VM_PSR, "rsm 0x6000"), AT_END);
    assert_int_equal(vti_get(&max, 0x590), PSR_BN | PSR_AC);
}

/* ---- disables ---- */

static void test_disables(void **state)
{
    static const struct {
        uint64_t vdc;
        const char *code;
    } cases[] = {
        { KIA_VDC_D_EXTINT, "mov r8=cr.ivr\nmov cr.tpr=r9\nmov cr.eoi=r0\nmov r8=cr.irr2\nmov r8=cr.tpr" },
        { KIA_VDC_D_IBR_DBR, "mov dbr[r0]=r9\nmov ibr[r0]=r9\nmov r8=dbr[r0]\nmov r8=ibr[r0]" },
        { KIA_VDC_D_PMC, "mov pmc[r9]=r9\nmov r8=pmc[r9]" },
        { KIA_VDC_D_TO_PMD, "mov pmd[r9]=r9\nmov r8=pmd[r9]" },
        { KIA_VDC_D_ITM, "mov cr.itm=r9\nmov r8=cr.itm" },
        { KIA_VDC_D_PSR_I, "ssm 0x4000\nrsm 0x4000" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (uint64_t vdc = 1; vdc <= KIA_VDC_D_PSR_I; vdc <<= 1) {
            vti_start(&max, 0, vdc);
            kia_set_gr(max.vcpu, 9, 0x40);
            if (vti_do(&max, VM_PSR, cases[i].code) != (vdc == cases[i].vdc ? AT_END : AT_HANDLER))
                fail_msg("vdc %#lx: %s", (unsigned long)vdc, cases[i].code);
        }
    }
    vti_start(&max, 0, KIA_VDC_D_EXTINT);
    kia_set_gr(max.vcpu, 9, 0x40);
    assert_int_equal(vti_do(&max, VM_PSR, "mov cr.tpr=r9"), AT_END);
    assert_int_equal(max.v->cr[CR_TPR], 0x40);
    assert_int_equal(vti_do(&max, VM_PSR, "mov r8=cr.itv"), AT_HANDLER);
    assert_int_equal(vti_do(&max, VM_PSR, "mov cr.lrr0=r0"), AT_HANDLER);
    vti_start(&max, KIA_VAC_A_FROM_PSR, KIA_VDC_D_PSR_I);
    assert_int_equal(vti_do(&max, VM_PSR, "ssm 0x4000\nmov r8=psr"), AT_END);
    assert_int_equal(kia_get_gr(max.vcpu, 8, NULL), PSR_IC | PSR_I);
    assert_true(max.v->cr[CR_IPSR] & PSR_I);
    assert_int_equal(vti_get(&max, 0x590) & PSR_I, PSR_I); /* a copy */
}

static void test_vmsw(void **state)
{
    (void)state;
    vti_start(&max, 0, 0);
    vti_map(&max, 7);
    assert_int_equal(vti_do(&max, PSR_IC | PSR_IT, "vmsw.1"), AT_HANDLER); /* off after reset, even at vm = 0 */
    assert_int_equal(kia_get_gr(max.vcpu, 24, NULL), 40);
    kia_vcpu_set_vmsw(max.vcpu, true);
    assert_int_equal(vti_do(&max, PSR_IC | PSR_IT, "vmsw.1"), AT_END);
    assert_true(max.v->cr[CR_IPSR] & PSR_VM);
    assert_int_equal(vti_do(&max, VM_PSR | PSR_IT, "vmsw.0\nmov r8=psr"), AT_END);
    assert_false(max.v->cr[CR_IPSR] & PSR_VM);
    assert_int_equal(vti_do(&max, PSR_IC, "vmsw.1"), AT_HANDLER); /* psr.it = 0 */
    assert_int_equal(vti_do(&max, PSR_IC | PSR_IT | CPL3, "vmsw.1"), 0x5400);
    vti_set(&max, 8, KIA_VDC_D_VMSW);
    vti_sync(max.v);
    assert_int_equal(vti_do(&max, PSR_IC | PSR_IT, "vmsw.1"), AT_HANDLER);
    vti_start(&max, 0, 0);
    vti_map(&max, 3);
    kia_vcpu_set_vmsw(max.vcpu, true);
    assert_int_equal(vti_do(&max, PSR_IC | PSR_IT, "vmsw.1"), AT_HANDLER); /* not access rights 7 */
}

static int run_all(const char *accel)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_int),
        cmocka_unit_test(test_a_int_cr),
        cmocka_unit_test(test_a_from_psr),
        cmocka_unit_test(test_a_from_cpuid),
        cmocka_unit_test(test_a_cover),
        cmocka_unit_test(test_a_bsw),
        cmocka_unit_test(test_a_probe),
        cmocka_unit_test(test_a_tf),
        cmocka_unit_test(test_a_ic_um),
        cmocka_unit_test(test_disables),
        cmocka_unit_test(test_vmsw),
    };

    return cmocka_run_group_tests_name(accel, tests, NULL, NULL);
}

int main(void) { return vti_run_engines(&max, &first, run_all); }
