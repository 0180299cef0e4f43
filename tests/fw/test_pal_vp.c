/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PAL's procedures for virtual processors: every argument check and status, what they write, restarts (SDM Vol.2 11.10.3). */
#include "tests/fw/fake.h"

#include "abi/vpd.h"
#include "fw/bytes.h"
#include "isa/isa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define STATUS(n) ((uint64_t)(int64_t)(n))
#define REGION7 UINT64_C(0xe000000000000000)
#define CONFIG (KIA_VP_CONFIG_OPCODE | KIA_VP_CONFIG_CAUSE | KIA_VP_CONFIG_IMPL)
#define FIRST (CONFIG | KIA_VP_CONFIG_INITIALIZE)
enum { PBASE = 0x8000000, VPD_GPA = 0x8100000, HOST_IVA = 0x8200000, OPT = 0x8300010 };
#define VBASE (REGION7 + PBASE)
#define VPD (REGION7 + VPD_GPA)

enum { CREATE = 265, ENV_INFO, EXIT_ENV, INIT_ENV, REGISTER, RESTORE, SAVE, TERMINATE };

static int setup(void **state)
{
    struct fake *f = fake_new(2);

    f->board.vm.model.vti = true;
    f->cpu->psr = PSR_IT | PSR_DT;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static void put_word(struct fake *f, uint64_t offset, uint64_t value)
{
    uint8_t bytes[8];

    put64(bytes, value);
    fake_write(f, VPD_GPA + offset, bytes, 8);
}

static uint64_t word(struct fake *f, uint64_t gpa)
{
    uint8_t bytes[8];

    fake_read(f, gpa, bytes, 8);
    return get64(bytes);
}

/* In an environment, with a VPD that can be created. */
static void enter(struct fake *f)
{
    assert_int_equal(fake_pal(f, INIT_ENV, FIRST, PBASE, VBASE), 0);
    put_word(f, 0, 0);
    put_word(f, 8, 0);
    put_word(f, 16, VBASE);
}

static void test_absent(void **state)
{
    struct fake *f = *state;

    for (uint64_t index = CREATE; index <= TERMINATE; index++) {
        f->board.vm.model.vti = false;
        assert_int_equal(fake_pal(f, index, 0, 0, 0), STATUS(-1));
        f->board.vm.model.vti = true;
        f->cpu->psr = PSR_IT; /* not virtual mode */
        assert_int_equal(fake_pal(f, index, 0, 0, 0), STATUS(-3));
        f->cpu->psr = PSR_IT | PSR_DT;
        if (index != ENV_INFO && index != INIT_ENV)
            assert_int_equal(fake_pal(f, index, 0, 0, 0), STATUS(-3)); /* in no environment */
    }
    assert_int_equal(fake_pal(f, 50, 0, 0, 0), STATUS(-1)); /* PAL_VP_INFO is for virtual processors */
}

static void test_features(void **state)
{
    struct fake *f = *state;
    const uint64_t vmsw = UINT64_C(1) << 54, vm = UINT64_C(1) << 40;

    assert_int_equal(fake_pal(f, 17, 0, 0, 0), 0);
    assert_int_equal(f->cpu->gr[9], vm | vmsw);
    assert_int_equal(f->cpu->gr[10], vm);
    assert_int_equal(f->cpu->gr[11], vmsw);
    assert_int_equal(fake_pal(f, 18, vmsw | vm, 0, 0), 0);
    assert_int_equal(fake_pal(f, 17, 0, 0, 0), 0);
    assert_int_equal(f->cpu->gr[10], vm | vmsw);
    assert_int_equal(fake_pal(f, 18, 0, 0, 0), 0);
    assert_int_equal(fake_pal(f, 17, 0, 0, 0), 0);
    assert_int_equal(f->cpu->gr[10], vm);
    /* CR.ITO (4) is among the control registers of later models. */
    assert_int_equal(fake_pal(f, 39, 2, 0, 0), 0);
    assert_false(f->cpu->gr[9] & 1 << 4);
    f->board.vm.model.vti_later = true;
    assert_int_equal(fake_pal(f, 39, 2, 0, 0), 0);
    assert_true(f->cpu->gr[9] & 1 << 4);
}

static void test_env(void **state)
{
    static const struct {
        uint64_t config, gpa, gva;
    } bad[] = {
        { FIRST & ~KIA_VP_CONFIG_OPCODE, PBASE, VBASE },
        { FIRST | 8, PBASE, VBASE },
        { FIRST | KIA_VP_CONFIG_GITC, PBASE, VBASE },
        { FIRST | UINT64_C(1) << 11, PBASE, VBASE },
        { FIRST | UINT64_C(1) << 62, PBASE, VBASE },
        { FIRST, PBASE + 0x800, VBASE },
        { FIRST, PBASE, VBASE + 16 },
        { FIRST, UINT64_C(0xfe000000), VBASE },                 /* no memory */
        { FIRST, (256 << 20) - 0x1000, VBASE },                 /* not all of it */
        { FIRST, UINT64_MAX & ~UINT64_C(0xfff), VBASE },
        { FIRST, KIA_FW_GPA + 0x1000, VBASE },                  /* the firmware's own */
        { CONFIG, PBASE, VBASE },                               /* nobody has initialized it */
    };
    struct fake *f = *state;

    assert_int_equal(fake_pal(f, ENV_INFO, 0, 0, 1), STATUS(-2));
    assert_int_equal(fake_pal(f, ENV_INFO, 0, 0, 0), 0);
    assert_int_equal(f->cpu->gr[9], 0x4000);
    assert_int_equal(f->cpu->gr[10], KIA_VP_INFO_OPCODE);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(fake_pal(f, INIT_ENV, bad[i].config, bad[i].gpa, bad[i].gva), STATUS(-2));
    assert_int_equal(f->cpu->vp_env, 0);
    assert_int_equal(fake_pal(f, INIT_ENV, FIRST | 6, PBASE, VBASE), 0);
    assert_int_equal(f->cpu->gr[9], VBASE);
    assert_int_equal(f->cpu->vp_env, PBASE);
    assert_int_equal(f->cpu->vp_config, FIRST | 6);
    /* Another processor, without initialize: the same configuration only. It may map the buffer elsewhere. */
    f->cpu = &f->board.vm.vcpus[1];
    f->cpu->psr = PSR_IT | PSR_DT;
    assert_int_equal(fake_pal(f, INIT_ENV, CONFIG, PBASE, VBASE), STATUS(-2));
    assert_int_equal(fake_pal(f, INIT_ENV, CONFIG | 6, PBASE, VBASE + (1 << 30)), 0);
    assert_int_equal(f->cpu->gr[9], VBASE + (1 << 30));
    assert_int_equal(fake_pal(f, EXIT_ENV, 0x1000, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, EXIT_ENV, 0, 1, 0), STATUS(-2));
    f->cpu->cr[CR_IVA] = 0x10000;
    assert_int_equal(fake_pal(f, EXIT_ENV, 0, 0, 0), 0);
    assert_int_equal(f->cpu->cr[CR_IVA], 0x10000);
    assert_int_equal(f->cpu->vp_env, 0);
    assert_int_equal(fake_pal(f, EXIT_ENV, 0, 0, 0), STATUS(-3));
    assert_int_equal(fake_pal(f, INIT_ENV, CONFIG | 6, PBASE, VBASE), 0); /* still initialized */
    assert_int_equal(fake_pal(f, EXIT_ENV, 0x8000, 0, 0), 0);
    assert_int_equal(f->cpu->cr[CR_IVA], 0x8000);
}

static void test_later(void **state)
{
    struct fake *f = *state;

    f->board.vm.model.vti_later = true;
    assert_int_equal(fake_pal(f, ENV_INFO, 0, 0, 0), 0);
    assert_int_equal(f->cpu->gr[10], KIA_VP_INFO_OPCODE | KIA_VP_INFO_GITC | KIA_VP_INFO_A_PROBE | KIA_VP_INFO_A_TF |
                                         KIA_VP_INFO_A_IC_UM | KIA_VP_INFO_D_PSR_I);
    assert_int_equal(fake_pal(f, INIT_ENV, FIRST | KIA_VP_CONFIG_GITC, PBASE, VBASE), 0);
    put_word(f, 16, VBASE);
    put_word(f, 0, 0x3ff & ~1);
    put_word(f, 8, 0x7f);
    assert_int_equal(fake_pal(f, CREATE, VPD, HOST_IVA, 0), 0);
    put_word(f, 0, 1);
    put_word(f, 8, 0x40); /* a_int with d_psr_i */
    assert_int_equal(fake_pal(f, CREATE, VPD, HOST_IVA, 0), STATUS(-2));
    put_word(f, 0, 0x400);
    put_word(f, 8, 0);
    assert_int_equal(fake_pal(f, CREATE, VPD, HOST_IVA, 0), STATUS(-2));
}

static void test_create(void **state)
{
    static const struct {
        uint64_t vac, vdc, env, vpd, iva, handler;
    } bad[] = {
        { 0x80, 0, VBASE, VPD, HOST_IVA, 0 },      { 0, 0x40, VBASE, VPD, HOST_IVA, 0 },
        { 1, 2, VBASE, VPD, HOST_IVA, 0 },         { 0x7f, 0x3f, VBASE, VPD, HOST_IVA, 0 },
        { 0, 0, VBASE + 0x1000, VPD, HOST_IVA, 0 }, { 0, 0, VBASE, VPD + 0x4000, HOST_IVA, 0 },
        { 0, 0, VBASE, VPD, HOST_IVA + 0x1000, 0 }, { 0, 0, VBASE, VPD, HOST_IVA, 8 },
        { 0, 0, VBASE, REGION7 + UINT64_C(0xfe000000), HOST_IVA, 0 },
    };
    struct fake *f = *state;

    enter(f);
    for (uint64_t index = CREATE; index <= REGISTER; index += REGISTER - CREATE) {
        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
            put_word(f, 0, bad[i].vac);
            put_word(f, 8, bad[i].vdc);
            put_word(f, 16, bad[i].env);
            assert_int_equal(fake_pal(f, index, bad[i].vpd, bad[i].iva, bad[i].handler), STATUS(-2));
        }
        put_word(f, 16, VBASE);
        put_word(f, 0, 0x7f);
        put_word(f, 8, 0x3d);
        assert_int_equal(word(f, VPD_GPA + 0x1000), index == CREATE ? 0 : KIA_VPD_MARK);
        assert_int_equal(fake_pal(f, index, VPD, HOST_IVA, OPT), 0);
        assert_int_equal(word(f, VPD_GPA + 0x1000), KIA_VPD_MARK);
        assert_int_equal(word(f, VPD_GPA + 0x1008), HOST_IVA);
        assert_int_equal(word(f, VPD_GPA + 0x1010), OPT);
    }
    /* 51 implemented address bits: {60:51} must be the same as bit 50. */
    f->board.vm.model.va_msb = 50;
    assert_int_equal(fake_pal(f, CREATE, VPD, HOST_IVA | UINT64_C(1) << 50, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, CREATE, VPD, HOST_IVA | UINT64_C(1) << 49, 0), 0);
}

/* Every vector of the virtual processor's table is a brl to the hypervisor's. */
static void check_ivt(struct fake *f, uint64_t host_iva, uint64_t handler)
{
    for (unsigned offset = 0; offset < 0x8000; offset += offset < 0x5000 ? 0x400 : 0x100) {
        uint64_t from = VPD + 0x8000 + offset, to = offset == 0x6100 ? handler : host_iva + offset;
        struct bundle b;
        struct insn in;

        fake_read(f, VPD_GPA + 0x8000 + offset, &b, sizeof(b));
        assert_int_equal(isa_decode(UNIT_X, isa_bundle_slot(b, 2), isa_bundle_slot(b, 1), &in), ISA_OK);
        assert_int_equal(in.op, OP_BRL_COND);
        assert_int_equal(in.qp, 0);
        assert_int_equal(from + (uint64_t)in.imm, to);
        assert_int_equal(isa_decode(UNIT_M, isa_bundle_slot(b, 0), 0, &in), ISA_OK);
        assert_int_equal(in.op, OP_NOP);
    }
}

static void test_ivt(void **state)
{
    static const uint64_t ivas[] = { HOST_IVA, 0, UINT64_C(0xd000000000008000), REGION7 | UINT64_C(0x1fffffffffff8000),
                                     UINT64_C(0xa000000100000000), UINT64_C(0x6000000000000000) };
    struct fake *f = *state;

    enter(f);
    for (size_t i = 0; i < sizeof(ivas) / sizeof(*ivas); i++) {
        assert_int_equal(fake_pal(f, REGISTER, VPD, ivas[i], 0), 0);
        check_ivt(f, ivas[i], ivas[i] + 0x6100);
        assert_int_equal(fake_pal(f, REGISTER, VPD, ivas[i], OPT), 0);
        check_ivt(f, ivas[i], OPT);
    }
}

static void test_life(void **state)
{
    struct fake *f = *state;

    enter(f);
    assert_int_equal(fake_pal(f, RESTORE, VPD, 0, 0), STATUS(-2)); /* not created */
    assert_int_equal(fake_pal(f, TERMINATE, VPD, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, SAVE, VPD, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, CREATE, VPD, HOST_IVA, 0), 0);
    assert_int_equal(fake_pal(f, RESTORE, VPD + 0x1000, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, RESTORE, VPD, 0, 1), STATUS(-2));
    put_word(f, 16, 0);
    assert_int_equal(fake_pal(f, RESTORE, VPD, 0, 0), STATUS(-2)); /* of no environment */
    put_word(f, 16, VBASE);
    assert_int_equal(fake_pal(f, RESTORE, VPD, UINT64_MAX, 0), 0); /* revision 2.2: a pointer */
    assert_int_equal(f->cpu->vp_loaded, VPD);
    assert_int_equal(f->cpu->cr[CR_IVA], VPD + 0x8000);
    assert_int_equal(fake_pal(f, SAVE, VPD + 0x10000, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, SAVE, VPD, 0, 0), 0);
    assert_int_equal(f->cpu->vp_loaded, 0);
    assert_int_equal(f->cpu->cr[CR_IVA], VPD + 0x8000);
    assert_int_equal(fake_pal(f, RESTORE, VPD, 0, 0), 0);
    assert_int_equal(fake_pal(f, TERMINATE, VPD, 0x100, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, TERMINATE, VPD, 0, 0), 0);
    assert_int_equal(f->cpu->vp_loaded, 0);
    assert_int_equal(f->cpu->cr[CR_IVA], VPD + 0x8000);
    assert_int_equal(fake_pal(f, TERMINATE, VPD, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, RESTORE, VPD, 0, 0), STATUS(-2));
    assert_int_equal(fake_pal(f, REGISTER, VPD, HOST_IVA, 0), 0);
    assert_int_equal(fake_pal(f, RESTORE, VPD, 0, 0), 0);
    assert_int_equal(fake_pal(f, EXIT_ENV, HOST_IVA, 0, 0), 0);
    assert_int_equal(f->cpu->vp_loaded, 0);
    assert_int_equal(f->cpu->cr[CR_IVA], HOST_IVA);
}

static void test_big_endian(void **state)
{
    struct fake *f = *state;

    assert_int_equal(fake_pal(f, INIT_ENV, FIRST | KIA_VP_CONFIG_BE, PBASE, VBASE), 0);
    put_word(f, 0, __builtin_bswap64(0x7f));
    put_word(f, 8, 0);
    put_word(f, 16, __builtin_bswap64(VBASE));
    assert_int_equal(fake_pal(f, CREATE, VPD, HOST_IVA, 0), 0);
    put_word(f, 0, 0x7f);
    assert_int_equal(fake_pal(f, CREATE, VPD, HOST_IVA, 0), STATUS(-2));
}

/* Each access in turn misses; the call starts again and ends as if nothing had been. */
static void test_restarts(void **state)
{
    static const struct {
        uint64_t index, args[3];
    } calls[] = { { CREATE, { VPD, HOST_IVA, OPT } }, { RESTORE, { VPD } }, { REGISTER, { VPD, HOST_IVA } }, { TERMINATE, { VPD } } };
    struct fake *f = *state;

    for (int miss = 0; miss < 6; miss++) {
        enter(f);
        for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
            f->cpu->retry_after = miss;
            for (unsigned tries = 0; tries < 2; tries++) {
                f->cpu->gr[8] = 0x5a5a;
                if (fake_pal(f, calls[i].index, calls[i].args[0], calls[i].args[1], calls[i].args[2]) != 0x5a5a)
                    break;
                f->cpu->retry_after = -1;
            }
            f->cpu->retry_after = -1;
            assert_int_equal(f->cpu->gr[8], 0);
            if (calls[i].index == RESTORE)
                assert_int_equal(f->cpu->vp_loaded, VPD);
        }
        assert_int_equal(f->cpu->vp_loaded, 0);
    }
    assert_true(f->cpu->n_faults > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_features, setup, teardown),
        cmocka_unit_test_setup_teardown(test_env, setup, teardown),
        cmocka_unit_test_setup_teardown(test_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ivt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_life, setup, teardown),
        cmocka_unit_test_setup_teardown(test_big_endian, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restarts, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
