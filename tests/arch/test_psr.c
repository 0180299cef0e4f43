/* SPDX-License-Identifier: GPL-2.0-or-later */
/* psr: reserved bits, the instructions that write it, what follows a write; epc; reset. SDM Vol.2 3.3.2. */
#include "tests/arch/fixture.h"

#include <string.h>

/* SDM 2:23: bits 0, 12:6, 16, 31:28 and 63:47 are reserved. */
static bool reserved(unsigned bit)
{
    return bit == 0 || (bit >= 6 && bit <= 12) || bit == 16 || (bit >= 28 && bit <= 31) || bit >= 47;
}

static void expect_fault(struct vcpu *v, enum op_result result, enum fault kind)
{
    assert_int_equal(result, OPR_FAULT);
    assert_int_equal(v->fault.kind, kind);
}

static void user_mask(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (unsigned bit = 0; bit < 24; bit++) {
        uint64_t m = UINT64_C(1) << bit;

        psr_write(v, PSR_I);
        if (bit == 0 || bit > 5) {
            expect_fault(v, op_sum(v, m, 0, 0, &out), FAULT_RESERVED_REG_FIELD);
            expect_fault(v, op_rum(v, m, 0, 0, &out), FAULT_RESERVED_REG_FIELD);
            continue;
        }
        assert_int_not_equal(op_sum(v, m, 0, 0, &out), OPR_FAULT);
        assert_int_equal(v->psr, PSR_I | m);
        op_mov_from_psr_um(v, 0, 0, 0, &out);
        assert_int_equal(out, m);
        op_rum(v, m, 0, 0, &out);
        assert_int_equal(v->psr, PSR_I);
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t m = UINT64_C(1) << bit;

        psr_write(v, PSR_I | PSR_BE);
        if (bit == 0 || bit > 5) {
            expect_fault(v, op_mov_to_psr_um(v, 0, m, 0, &out), FAULT_RESERVED_REG_FIELD);
        } else {
            op_mov_to_psr_um(v, 0, m, 0, &out);
            assert_int_equal(v->psr, PSR_I | m);
        }
    }
}

/* psr.up is not the user's while psr.sp = 1. */
static void secure_monitors(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    psr_write(v, PSR_SP);
    op_sum(v, PSR_UP | PSR_AC, 0, 0, &out);
    assert_int_equal(v->psr, PSR_SP | PSR_AC);
    op_mov_to_psr_um(v, 0, PSR_UP | PSR_MFL, 0, &out);
    assert_int_equal(v->psr, PSR_SP | PSR_MFL);
    psr_write(v, PSR_SP | PSR_UP);
    op_rum(v, PSR_UP, 0, 0, &out);
    assert_int_equal(v->psr, PSR_SP | PSR_UP);
    op_mov_to_psr_um(v, 0, 0, 0, &out);
    assert_int_equal(v->psr, PSR_SP | PSR_UP);
}

static void system_mask(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (unsigned bit = 0; bit < 24; bit++) {
        uint64_t m = UINT64_C(1) << bit;

        psr_write(v, PSR_IT);
        if (reserved(bit)) {
            expect_fault(v, op_ssm(v, m, 0, 0, &out), FAULT_RESERVED_REG_FIELD);
            expect_fault(v, op_rsm(v, m, 0, 0, &out), FAULT_RESERVED_REG_FIELD);
            continue;
        }
        op_ssm(v, m, 0, 0, &out);
        assert_int_equal(v->psr, PSR_IT | m);
        assert_int_equal(v->ic_inflight, m == PSR_IC);
        op_srlz_d(v, 0, 0, 0, &out);
        assert_false(v->ic_inflight);
        op_rsm(v, m, 0, 0, &out);
        assert_int_equal(v->psr, PSR_IT);
        assert_int_equal(v->ic_inflight, m == PSR_IC);
        op_srlz_i(v, 0, 0, 0, &out);
        assert_false(v->ic_inflight);
    }
}

static void psr_l(void **state)
{
    struct vcpu *v = *state;
    const uint64_t high = PSR_IT | PSR_MC | PSR_BN;
    uint64_t out;

    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t m = UINT64_C(1) << bit;

        psr_write(v, high | PSR_AC);
        if (bit < 32 && reserved(bit)) {
            expect_fault(v, op_mov_to_psr_l(v, 0, m, 0, &out), FAULT_RESERVED_REG_FIELD);
            continue;
        }
        assert_int_not_equal(op_mov_to_psr_l(v, 0, m, 0, &out), OPR_FAULT);
        assert_int_equal(v->psr, high | (bit < 32 ? m : 0));
        assert_int_equal(op_mov_from_psr(v, 0, 0, 0, &out), OPR_OK);
        assert_int_equal(out, PSR_IT | PSR_MC | (bit < 32 ? m : 0));
    }
}

static void virtualized(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    psr_write(v, PSR_VM);
    expect_fault(v, op_ssm(v, PSR_I, 0, 0, &out), FAULT_VIRTUALIZATION);
    expect_fault(v, op_ssm(v, 1, 0, 0, &out), FAULT_RESERVED_REG_FIELD);
    expect_fault(v, op_rsm(v, PSR_I, 0, 0, &out), FAULT_VIRTUALIZATION);
    expect_fault(v, op_mov_to_psr_l(v, 0, 0, 0, &out), FAULT_VIRTUALIZATION);
    expect_fault(v, op_mov_from_psr(v, 0, 0, 0, &out), FAULT_VIRTUALIZATION);
    expect_fault(v, op_bsw(v, 1, 0, 0, &out), FAULT_VIRTUALIZATION);
    assert_int_equal(op_sum(v, PSR_MFL, 0, 0, &out), OPR_OK);
}

/* Only what changed is brought up to date, and the unit is left where it must be. */
static void what_follows(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;
    unsigned tags;

    psr_write(v, PSR_IC | PSR_DT | PSR_IT);
    tags = fake.tags_updates;
    assert_int_equal(op_ssm(v, PSR_I, 0, 0, &out), OPR_OK);
    assert_int_equal(op_rsm(v, PSR_I, 0, 0, &out), OPR_OK);
    assert_int_equal(fake.tags_updates, tags);
    assert_int_equal(v->key, KEY_IC | KEY_DT | KEY_IT | KEY_FPSTD);
    assert_int_equal(op_rsm(v, PSR_IC, 0, 0, &out), OPR_EXIT);
    assert_int_equal(v->key, KEY_DT | KEY_IT | KEY_FPSTD);
    assert_int_equal(fake.tags_updates, tags);
    assert_int_equal(op_rsm(v, PSR_DT, 0, 0, &out), OPR_EXIT);
    assert_int_equal(v->key, KEY_IT | KEY_FPSTD);
    assert_int_equal(fake.tags_updates, tags + 1);
    assert_int_equal(op_ssm(v, PSR_DFH, 0, 0, &out), OPR_EXIT);
    assert_int_equal(v->key, KEY_IT | KEY_DFH | KEY_FPSTD);
    assert_int_equal(op_mov_to_psr_l(v, 0, PSR_DB | PSR_DFH, 0, &out), OPR_EXIT);
    assert_int_equal(v->key, KEY_IT | KEY_DFH | KEY_CAREFUL | KEY_FPSTD);

    /* psr.lp: from level 3 there is no way down */
    psr_write(v, PSR_LP | UINT64_C(2) << PSR_CPL_SHIFT);
    assert_int_equal(v->key, 2 | KEY_CAREFUL | KEY_FPSTD);
    psr_write(v, PSR_LP | PSR_CPL);
    assert_int_equal(v->key, 3 | KEY_FPSTD);
    psr_write(v, PSR_LP | PSR_TB | PSR_CPL);
    assert_int_equal(v->key, 3 | KEY_CAREFUL | KEY_FPSTD);
    psr_write(v, 0);

    /* psr.i := 1 with an interrupt pending */
    sapic_post(v, 0x30);
    assert_int_equal(op_ssm(v, PSR_I, 0, 0, &out), OPR_EXIT);
    assert_int_equal(v->attention, ATTN_IRQ);
    op_rsm(v, PSR_I, 0, 0, &out);
    assert_int_equal(v->attention, 0);
}

static void banks(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (unsigned r = 16; r < 32; r++)
        gr_set(v, r, r, r == 20);
    op_bsw(v, 1, 0, 0, &out);
    assert_int_equal(v->psr, PSR_BN);
    for (unsigned r = 16; r < 32; r++) {
        assert_int_equal(v->gr[r], 0);
        assert_false(gr_nat(v, r));
        gr_set(v, r, 100 + r, false);
    }
    op_bsw(v, 1, 0, 0, &out);
    assert_int_equal(v->gr[16], 116);
    op_bsw(v, 0, 0, 0, &out);
    for (unsigned r = 16; r < 32; r++) {
        assert_int_equal(v->gr[r], r);
        assert_int_equal(gr_nat(v, r), r == 20);
    }
}

static void epc(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (unsigned ar = 0; ar < 8; ar++) {
        for (unsigned i = 0; i < 64; i++) {
            unsigned pl = i & 3, cpl = i >> 2 & 3, ppl = i >> 4;
            unsigned after = ar == 7 && pl < cpl ? pl : cpl;

            psr_write(v, PSR_IT | (uint64_t)cpl << 32);
            v->pfs = (uint64_t)ppl << 62;
            fake.fetch_ar_pl = ar << 2 | pl;
            if (ppl < cpl) {
                expect_fault(v, op_epc(v, 0, 0x4000, 0, &out), FAULT_ILLEGAL_OP);
                continue;
            }
            assert_int_equal(op_epc(v, 0, 0x4000, 0, &out), after == cpl ? OPR_OK : OPR_EXIT);
            assert_int_equal(vcpu_cpl(v), after);
            assert_int_equal(v->key & KEY_CPL, after);
        }
    }
    fake.fetch_result = OPR_FAULT;
    expect_fault(v, op_epc(v, 0, 0x4000, 0, &out), FAULT_INST_TLB);
}

static void reset(void **state)
{
    struct vcpu *v = *state;
    struct ia64_fr one;

    memset(v->gr, 0xff, sizeof(v->gr));
    v->cr[CR_LID] = 0x01020000;
    v->cr[CR_TPR] = 0x10000;
    psr_write(v, PSR_I | PSR_BN | PSR_CPL);
    sapic_post(v, 0x30);
    atomic_fetch_or(&v->attention, ATTN_KICK);
    vcpu_reset(v);
    assert_int_equal(v->psr, 0);
    assert_int_equal(v->key, KEY_FPSTD);
    assert_int_equal(v->cfm, 96);
    assert_int_equal(v->rsc, 0);
    assert_int_equal(v->gr[1], 0);
    assert_int_equal(v->gr[31], 0);
    assert_int_equal(v->pr, 1);
    assert_int_equal(v->cr[CR_LID], 0x01020000);
    assert_int_equal(v->cr[CR_TPR], 0);
    assert_int_equal(v->cr[CR_ITV], 0x10000);
    assert_int_equal(v->cr[CR_PMV], 0x10000);
    assert_int_equal(v->cr[CR_CMCV], 0x10000);
    assert_int_equal(v->attention, ATTN_KICK);
    assert_false(sapic_unmasked_pending(v));
    one = fr_get(v, 1);
    assert_int_equal(one.sig, UINT64_C(1) << 63);
    assert_int_equal(one.se, 0xffff);
    assert_memory_equal(v->cpuid, "GenuineIntel\0\0\0\0", 16);
    assert_int_equal(v->cpuid[3], 0x20000704);
    assert_int_equal(v->cpuid[4], 5);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(user_mask), TEST(secure_monitors), TEST(system_mask), TEST(psr_l), TEST(virtualized),
        TEST(what_follows), TEST(banks), TEST(epc), TEST(reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
