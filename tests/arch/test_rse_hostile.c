/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register stack under guests that keep no rule: any instruction in any state, any PFS, IFS and BSPSTORE
 * that can be written. Values are undefined then; the host's arrays must hold and no assertion may fail.
 */
#include <string.h>

#include "tests/arch/fixture.h"

enum { SEEDS = 16, STEPS = 40000 };

#define IFS_V (UINT64_C(1) << 63)

static uint64_t seed;

static unsigned pick(unsigned n) { return (unsigned)(fixture_random(&seed) >> 33) % n; }

static enum op_result on_ref(struct vcpu *v, uint64_t gva, bool store)
{
    (void)gva, (void)store;
    return pick(16) ? OPR_OK : fault_raise(v, FAULT_DATA_TLB, ISR_RS);
}

static bool all_zero(const uint64_t *map, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (map[i])
            return false;
    return true;
}

/* What docs/state.md says always holds. */
static void check(const struct vcpu *v)
{
    ptrdiff_t at = v->frame - v->stack, rot = v->rot - v->rot_gr;
    int sof = (int)cfm_sof(v->cfm), dirty = v->rse.ndirty;

    assert_false(cfm_malformed(v->cfm));
    assert_true(dirty + sof <= N_PHYS_STACKED && dirty >= -N_STACKED);
    assert_true(at >= 0 && at - dirty >= 0 && at + N_STACKED <= STACK_SLOTS + STACK_SLACK);
    assert_true(!cfm_sor(v->cfm) || dirty < 0 || v->rot == v->frame || (rot >= 0 && rot <= ROT_SLOTS));
    assert_true(v->frot - v->rot_fr >= 0 && v->frot - v->rot_fr <= FROT_SLOTS);
    assert_true(!v->rse.cfle || dirty < 0);
    assert_int_equal(!!(v->key & KEY_CAREFUL), v->psr & (PSR_CAREFUL & ~PSR_LP) ||
                                                   (v->psr & PSR_LP && (v->psr & PSR_CPL) != PSR_CPL));
    assert_int_equal((v->key & KEY_SOR) >> KEY_SOR_SHIFT, cfm_sor(v->cfm) / 8);
    assert_true(v->nat_any || (all_zero(v->nat_stack, sizeof(v->nat_stack) / 8) &&
                               all_zero(v->nat_rot, sizeof(v->nat_rot) / 8)));
}

/* A frame marker, often with fields at their limits. */
static uint64_t any_cfm(void)
{
    unsigned sof = pick(3) ? pick(97) : 96, sol = pick(3) ? pick(sof + 1) : sof, sor = pick(sof / 8 + 1);
    unsigned gr = sor ? pick(sor * 8) : 0;

    return sof | sol << 7 | (uint64_t)sor << 14 | (uint64_t)gr << 18 | (uint64_t)pick(96) << 25 |
           (uint64_t)pick(48) << 32;
}

static uint64_t any_address(void)
{
    uint64_t r = fixture_random(&seed);

    switch (pick(4)) {
    case 0:
        return r;
    case 1:
        return (r & 0xff8) - 0x800; /* about 0 and 2^64 */
    default:
        return r | 0x1f0; /* about a NaT collection */
    }
}

/* The instruction's fault is taken; the handler is whatever comes next. */
static void deliver_if(struct vcpu *v, enum op_result result)
{
    if (result == OPR_FAULT)
        interruption_deliver(v);
}

static void frame_step(struct vcpu *v)
{
    unsigned sof = pick(97), sol = pick(sof + 1), sor = pick(sof / 8 + 1) * 8;
    uint64_t out;

    switch (pick(9)) {
    case 0:
    case 1:
        deliver_if(v, op_alloc(v, sof | sol << 8 | sor << 16, 0, 0, &out));
        break;
    case 2:
    case 3:
        op_br_call(v, pick(8), any_address(), 0, &out);
        break;
    case 4:
        op_br_ret(v, 0, any_address(), 0, &out);
        break;
    case 5:
        op_cover(v, 0, 0, 0, &out);
        break;
    case 6:
        deliver_if(v, op_rfi(v, 0, 0, 0, &out));
        break;
    case 7:
        deliver_if(v, op_flushrs(v, 0, 0, 0, &out));
        break;
    default:
        deliver_if(v, op_loadrs(v, 0, 0, 0, &out));
    }
}

static void state_step(struct vcpu *v)
{
    uint64_t out;

    switch (pick(9)) {
    case 0:
        deliver_if(v, op_mov_to_ar(v, AR_PFS, any_cfm() | (uint64_t)pick(4) << 62, 0, &out));
        break;
    case 1:
        deliver_if(v, op_mov_to_cr(v, CR_IFS, any_cfm() | (pick(4) ? IFS_V : 0), 0, &out));
        break;
    case 2:
        out = fixture_random(&seed) & (PSR_IC | PSR_DA | PSR_DD | PSR_BN);
        deliver_if(v, op_mov_to_cr(v, CR_IPSR, out, 0, &out));
        break;
    case 3:
        deliver_if(v, op_mov_to_ar(v, AR_BSPSTORE, any_address(), 0, &out));
        break;
    case 4:
        deliver_if(v, op_mov_to_ar(v, AR_RNAT, fixture_random(&seed), 0, &out));
        break;
    case 5:
        out = fixture_random(&seed) & (pick(4) ? 0x3ff0010 : 0x3fff001f);
        deliver_if(v, op_mov_to_ar(v, AR_RSC, out, 0, &out));
        break;
    case 6:
        op_clrrrb(v, pick(2), 0, 0, &out);
        break;
    case 7:
        fault_raise(v, FAULT_EXTERNAL_INTERRUPT, 0);
        interruption_deliver(v);
        break;
    default:
        psr_write(v, v->psr ^ PSR_IC);
    }
}

static void register_step(struct vcpu *v)
{
    for (unsigned n = pick(64); n; n--)
        vcpu_rotate(v);
    for (unsigned n = pick(32); n && cfm_sof(v->cfm); n--)
        gr_set(v, 32 + pick(cfm_sof(v->cfm)), fixture_random(&seed), pick(8) == 0);
    for (unsigned r = 32; r < 128; r++) /* reads out of frame are allowed */
        seed += *gr_slot(v, r) & gr_nat(v, r);
    if (pick(4) == 0)
        vcpu_nat_recheck(v);
}

static void test_any_order(void **state)
{
    unsigned long incomplete = 0;

    (void)state;
    for (unsigned i = 0; i < SEEDS; i++) {
        struct vcpu *v = fixture_new();

        seed = UINT64_C(0x9876543) * (i + 1);
        fake.wild = true;
        fake.on_ref = on_ref;
        for (unsigned n = 0; n < STEPS; n++) {
            /* No instruction runs before the frame is complete or an interruption has come. */
            if (v->rse.cfle) {
                incomplete++;
                fault_raise(v, FAULT_EXTERNAL_INTERRUPT, 0);
                deliver_if(v, pick(4) ? rse_complete_frame(v) : OPR_FAULT);
            } else if (pick(3) == 0) {
                state_step(v);
            } else if (pick(5) == 0) {
                register_step(v);
            } else {
                frame_step(v);
            }
            check(v);
        }
        fixture_free(v);
    }
    assert_true(incomplete > 10000);
}

/* One interruption after another, each returned from into a frame of the guest's invention. */
static void test_rfi_loop(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    seed = 77;
    fake.wild = true;
    fake.on_ref = on_ref;
    for (unsigned n = 0; n < 200000; n++) {
        v->cr[CR_IFS] = any_cfm() | IFS_V;
        v->cr[CR_IPSR] = PSR_IC;
        assert_int_equal(op_rfi(v, 0, 0, 0, &out), OPR_BRANCH);
        check(v);
        fault_raise(v, FAULT_EXTERNAL_INTERRUPT, 0);
        deliver_if(v, pick(2) ? rse_complete_frame(v) : OPR_FAULT);
        check(v);
    }
}

/* Up for ever, down for ever: the array's ends. */
static void test_ends_of_the_array(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    fake.wild = true;
    for (unsigned n = 0; n < 20000; n++) {
        assert_int_equal(op_alloc(v, 96 | 96 << 8, 0, 0, &out), OPR_OK);
        op_br_call(v, 0, 0, 0, &out);
        check(v);
    }
    for (unsigned n = 0; n < 20000; n++) {
        v->pfs = 96 | 96 << 7;
        op_br_ret(v, 0, 0, 0, &out);
        assert_int_equal(rse_complete_frame(v), OPR_OK);
        check(v);
    }
    for (unsigned n = 0; n < 20000; n++) {
        assert_int_equal(op_alloc(v, 96, 0, 0, &out), OPR_OK);
        assert_int_equal(op_cover(v, 0, 0, 0, &out), OPR_EXIT);
        check(v);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),
        TEST(test_rfi_loop),
        TEST(test_ends_of_the_array),
    };

    return cmocka_run_group_tests_name("register stack, hostile", tests, NULL, NULL);
}
