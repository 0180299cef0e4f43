/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PAL's virtualization services, environments, and processors without VT-i (docs/vti.md; SDM Vol.2 11.11). Both engines. */
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

/* ---- services ---- */

/* Enters the service at @offset with GR24 = CODE and @vpd in GR25. */
static unsigned service(struct vti_machine *m, unsigned offset, uint64_t vpd, uint64_t psr)
{
    kia_set_psr(m->vcpu, psr);
    kia_set_gr(m->vcpu, 24, CODE);
    kia_set_gr(m->vcpu, 25, vpd);
    return vti_run_at(m, ENV + offset, psr);
}

static void test_services(void **state)
{
    const uint64_t record[] = { KIA_VPD_MARK, HOST_IVA, OPT_HANDLER };

    (void)state;
    vti_start(&max, 0, 0);
    vti_assemble(&max, "nop.m 0", NULL, NULL);
    assert_int_equal(kia_vcpu_vp_make_env(max.vcpu, ENV), 0);
    for (unsigned offset = KIA_VPS_SYNC_READ; offset <= KIA_VPS_SAVE; offset += KIA_VPS_STEP) {
        assert_int_equal(service(&max, offset, VPD, PSR_IC), AT_END);
        /* Not for applications, not for guests, not with NaTs. */
        assert_int_equal(service(&max, offset, VPD, PSR_IC | CPL3), 0x5400);
        assert_int_equal(max.v->cr[CR_ISR], 0);
        assert_int_equal(service(&max, offset, VPD, VM_PSR), 0x5400);
        assert_int_equal(max.v->cr[CR_ISR], 0);
        kia_set_psr(max.vcpu, PSR_IC);
        kia_set_gr(max.vcpu, 24, CODE);
        gr_set(max.v, 25, 0, true);
        assert_int_equal(vti_run_at(&max, ENV + offset, PSR_IC), 0x5600);
        assert_int_equal(max.v->cr[CR_IIP], ENV + offset);
        kia_set_gr(max.vcpu, 25, 0);
    }
    assert_int_equal(vti_run_at(&max, ENV + KIA_VPS_SAVE + KIA_VPS_STEP, PSR_IC), 0x2c00); /* zeros: no gate there */
    /* RESTORE: CR.IVA and what is in force; a VPD that PAL does not know, that is misaligned, that is not mapped. */
    vti_start(&max, KIA_VAC_A_INT, KIA_VDC_D_ITM);
    vti_assemble(&max, "nop.m 0", NULL, NULL);
    assert_int_equal(kia_vcpu_vp_make_env(max.vcpu, ENV), 0);
    kia_vcpu_vp_unload(max.vcpu);
    assert_int_equal(max.v->vti.vac, 0);
    assert_int_equal(service(&max, KIA_VPS_RESTORE, VPD, PSR_IC), AT_END);
    assert_int_equal(max.v->cr[CR_IVA], IVT);
    assert_int_equal(max.v->vti.vac, KIA_VAC_A_INT);
    assert_int_equal(max.v->vti.vdc, KIA_VDC_D_ITM);
    assert_int_equal(service(&max, KIA_VPS_RESTORE, DATA, PSR_IC), 0x5400);
    assert_int_equal(service(&max, KIA_VPS_RESTORE, VPD + 0x4000, PSR_IC), 0x5400);
    assert_int_equal(service(&max, KIA_VPS_RESTORE, VPD, PSR_IC | PSR_DT), 0x1000);
    assert_int_equal(max.v->cr[CR_IFA], VPD);
    assert_int_equal(max.v->cr[CR_IIP], ENV + KIA_VPS_RESTORE);
    /* SYNC_WRITE and the RESUMEs read vac and vdc anew. */
    vti_set(&max, 0, KIA_VAC_A_BSW);
    assert_int_equal(service(&max, KIA_VPS_SYNC_READ, VPD, PSR_IC), AT_END);
    assert_int_equal(max.v->vti.vac, KIA_VAC_A_INT);
    assert_int_equal(service(&max, KIA_VPS_SYNC_WRITE, VPD, PSR_IC), AT_END);
    assert_int_equal(max.v->vti.vac, KIA_VAC_A_BSW);
    vti_set(&max, 0, KIA_VAC_A_FROM_PSR);
    kia_set_cr(max.vcpu, CR_IIP, CODE);
    kia_set_cr(max.vcpu, CR_IPSR, VM_PSR);
    kia_set_cr(max.vcpu, CR_IFS, 0);
    kia_set_br(max.vcpu, 0, 0x9990);
    assert_int_equal(service(&max, KIA_VPS_RESUME_NORMAL, VPD, 0), AT_END);
    assert_int_equal(max.v->vti.vac, KIA_VAC_A_FROM_PSR);
    assert_int_equal(kia_get_br(max.vcpu, 0), CODE); /* GR24 */
    assert_true(max.v->cr[CR_IPSR] & PSR_VM);
    /* With the VPD of another one, that one is loaded. */
    kia_mem_write(max.mem, VPD + 0x10000 + 0x1000, record, sizeof(record));
    kia_set_cr(max.vcpu, CR_IIP, CODE);
    kia_set_cr(max.vcpu, CR_IPSR, VM_PSR);
    assert_int_equal(service(&max, KIA_VPS_RESUME_HANDLER, VPD + 0x10000, 0), AT_END);
    assert_int_equal(max.v->vti.vpd_gva, VPD + 0x10000);
    assert_int_equal(max.v->vti.vac, 0);
}

/* What a debugger shows. */
static void test_dump(void **state)
{
    char text[8192] = { 0 };
    FILE *out;

    (void)state;
    vti_start(&first, KIA_VAC_A_INT | KIA_VAC_A_BSW, KIA_VDC_D_VMSW);
    vti_set(&first, VCR(66), 0x60);
    vti_set(&first, 0x418, 0x1234);
    out = fmemopen(text, sizeof(text) - 1, "w");
    kia_vcpu_dump_vpd(first.vcpu, out);
    fclose(out);
    assert_non_null(strstr(text, "vpd 0000000000040000\n"));
    assert_non_null(strstr(text, "vac 0000000000000041 a_int a_bsw\n"));
    assert_non_null(strstr(text, "vdc 0000000000000001 d_vmsw\n"));
    assert_non_null(strstr(text, "vgr19 0000000000001234\n"));
    assert_non_null(strstr(text, "vcr66 0000000000000060\n"));
    kia_vcpu_vp_unload(first.vcpu);
    out = fmemopen(text, sizeof(text) - 1, "w");
    kia_vcpu_dump_vpd(first.vcpu, out);
    fclose(out);
    assert_non_null(strstr(text, "no virtual processor"));
}

/* Two processors share an environment; a virtual processor moves from one to the other. */
static void test_two_processors(void **state)
{
    struct kia_vm_config config = { .accel = *state, .cpu = "montecito", .max_vcpus = 2, .itc_hz = 1000000000 };
    struct vti_machine m = { 0 }, other;

    config.mem = m.mem = kia_mem_create();
    assert_int_equal(kia_mem_add_ram(m.mem, 0, RAM_SIZE), 0);
    assert_int_equal(kia_vm_create(&config, &m.vm), 0);
    assert_int_equal(kia_vcpu_create(m.vm, 0, 0, 0, &m.vcpu), 0);
    m.v = m.vcpu->v;
    other = m;
    assert_int_equal(kia_vcpu_create(m.vm, 1, 1, 0, &other.vcpu), 0);
    other.v = other.vcpu->v;
    vti_start(&other, 0, 0);
    vti_start(&m, KIA_VAC_A_FROM_PSR, 0);
    kia_vcpu_vp_unload(other.vcpu);
    assert_int_equal(kia_vcpu_vp_make_env(m.vcpu, ENV), 0);
    vti_assemble(&m, "mov r8=psr", NULL, NULL);
    for (unsigned i = 0; i < 4; i++) {
        struct vti_machine *here = i & 1 ? &other : &m, *there = i & 1 ? &m : &other;

        assert_int_equal(service(there, KIA_VPS_SAVE, VPD, PSR_IC), AT_END);
        assert_int_equal(service(here, KIA_VPS_RESTORE, VPD, PSR_IC), AT_END);
        kia_set_cr(here->vcpu, CR_IIP, CODE);
        kia_set_cr(here->vcpu, CR_IPSR, VM_PSR);
        kia_set_cr(here->vcpu, CR_IFS, 0);
        vti_set(&m, 0x590, PSR_BN | PSR_IC | i);
        assert_int_equal(service(here, KIA_VPS_RESUME_NORMAL, VPD, 0), AT_END);
        assert_true(here->v->cr[CR_IPSR] & PSR_VM);
        assert_int_equal(vti_run(there, VM_PSR), 0x6100); /* nothing is loaded there */
    }
    /* When one has left, the services are there for the other. */
    kia_vcpu_vp_leave(m.vcpu);
    assert_int_equal(service(&other, KIA_VPS_SYNC_READ, VPD, PSR_IC), AT_END);
    assert_int_equal(service(&m, KIA_VPS_SYNC_READ, VPD, PSR_IC), 0x5400);
    kia_vcpu_vp_leave(other.vcpu);
    assert_int_equal(service(&other, KIA_VPS_SYNC_READ, VPD, PSR_IC), 0x5400);
    vti_machine_close(&m);
}

/* Where services are follows the environments: nowhere without one, and one at a time. */
static void test_environments(void **state)
{
    (void)state;
    vti_start(&max, 0, 0);
    vti_assemble(&max, "nop.m 0", NULL, NULL);
    assert_int_equal(kia_vcpu_vp_make_env(max.vcpu, ENV), 0);
    assert_int_equal(kia_vcpu_vp_make_env(max.vcpu, ENV + 0x4000), 0);
    assert_int_equal(service(&max, KIA_VPS_SYNC_READ, VPD, PSR_IC), AT_END);
    assert_int_equal(service(&max, KIA_VPS_SYNC_READ + 0x4000, VPD, PSR_IC), 0x5400);
    kia_vcpu_vp_enter(max.vcpu, ENV + 0x4000, KIA_VP_CONFIG_OPCODE);
    assert_int_equal(service(&max, KIA_VPS_SYNC_READ, VPD, PSR_IC), 0x5400);
    assert_int_equal(service(&max, KIA_VPS_SYNC_READ + 0x4000, VPD, PSR_IC), AT_END);
    kia_vcpu_vp_leave(max.vcpu);
    assert_int_equal(service(&max, KIA_VPS_SYNC_READ + 0x4000, VPD, PSR_IC), 0x5400);
}

/* Models without it, and with it hidden. */
static void test_absent(void **state)
{
    static const char *const cpus[] = { "madison", "montecito,vti=off", "max,vti=off" };
    static const char *const refused[] = { "madison,vti=on", "max,vtx=on", "max,vti" };
    struct vti_machine m;

    for (unsigned i = 0; i < 3; i++) {
        assert_true(vti_machine_open(&m, *state, cpus[i]));
        kia_set_cr(m.vcpu, CR_IVA, IVT);
        kia_vm_add_gate(m.vm, IVT + 0x5400, 0x1000 + 0x5400, KIA_GATE_FALL);
        assert_int_equal(vti_do(&m, PSR_IC | CPL3, "vmsw.1"), 0x5400);
        assert_int_equal(m.v->cr[CR_ISR] & 0xff, 0);
        kia_set_gr(m.vcpu, 8, PSR_VM);
        assert_int_equal(vti_do(&m, 0, "mov cr.ipsr=r8"), 0x5400);
        assert_int_equal(m.v->cr[CR_ISR] & 0xff, 0x30);
        assert_int_equal(vti_do(&m, PSR_IC, "mov r8=cr4"), 0x5400);
        assert_int_equal(m.v->cr[CR_ISR] & 0xff, 0);
        vti_machine_close(&m);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_false(vti_machine_open(&m, *state, refused[i]));
        vti_machine_close(&m);
    }
    assert_true(vti_machine_open(&m, *state, "max,vti=off,vti=on"));
    vti_machine_close(&m);
}

static int run_all(const char *accel)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_environments),
        cmocka_unit_test(test_dump),
        cmocka_unit_test_prestate(test_two_processors, (void *)(uintptr_t)accel),
        cmocka_unit_test_prestate(test_absent, (void *)(uintptr_t)accel),
    };

    return cmocka_run_group_tests_name(accel, tests, NULL, NULL);
}

int main(void) { return vti_run_engines(&max, &first, run_all); }
