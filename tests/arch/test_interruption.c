/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delivery of every interruption, traps after an instruction, rfi. Source: SDM Vol.2 chapters 3, 5, 8. */
#include "tests/arch/fixture.h"

#define IFS_V (UINT64_C(1) << 63)
#define EI(n) ((uint64_t)(n) << 41)

enum { IFA = 1, ITIR = 2, IHA = 4, IIM = 8, TRAP = 16 };

/* One row an interruption: vector, control registers written, ISR bits that belong to it. */
static const struct row {
    enum fault fault;
    unsigned vector;
    unsigned writes;
    uint64_t isr;
} rows[] = {
    { FAULT_VHPT_INST, 0x0000, IFA | ITIR | IHA, ISR_X },
    { FAULT_VHPT_DATA, 0x0000, IFA | ITIR | IHA, 0 },
    { FAULT_INST_TLB, 0x0400, IFA | ITIR | IHA, ISR_X },
    { FAULT_DATA_TLB, 0x0800, IFA | ITIR | IHA, 0 },
    { FAULT_ALT_INST_TLB, 0x0c00, IFA | ITIR, ISR_X },
    { FAULT_ALT_DATA_TLB, 0x1000, IFA | ITIR, 0 },
    { FAULT_INST_KEY_MISS, 0x1800, IFA | ITIR, ISR_X },
    { FAULT_DATA_KEY_MISS, 0x1c00, IFA | ITIR, 0 },
    { FAULT_DATA_DIRTY, 0x2000, IFA | ITIR, 0 },
    { FAULT_INST_ACCESS_BIT, 0x2400, IFA | ITIR, ISR_X },
    { FAULT_DATA_ACCESS_BIT, 0x2800, IFA | ITIR, 0 },
    { FAULT_BREAK, 0x2c00, IIM, 0 },
    { FAULT_EXTERNAL_INTERRUPT, 0x3000, 0, 0 },
    { FAULT_VIRTUAL_EXTERNAL_INTERRUPT, 0x3400, 0, 0 },
    { FAULT_INST_PAGE_NOT_PRESENT, 0x5000, IFA | ITIR, ISR_X },
    { FAULT_DATA_PAGE_NOT_PRESENT, 0x5000, IFA | ITIR, 0 },
    { FAULT_INST_KEY_PERMISSION, 0x5100, IFA | ITIR, ISR_X },
    { FAULT_DATA_KEY_PERMISSION, 0x5100, IFA | ITIR, 0 },
    { FAULT_INST_ACCESS_RIGHTS, 0x5200, IFA | ITIR, ISR_X },
    { FAULT_DATA_ACCESS_RIGHTS, 0x5300, IFA | ITIR, 0 },
    { FAULT_ILLEGAL_OP, 0x5400, 0, 0x00 },
    { FAULT_PRIV_OP, 0x5400, 0, 0x10 },
    { FAULT_PRIV_REG, 0x5400, 0, 0x20 },
    { FAULT_RESERVED_REG_FIELD, 0x5400, 0, 0x30 },
    { FAULT_UNIMPL_DATA_ADDR, 0x5400, IFA, 0x30 },
    { FAULT_DISABLED_ISA, 0x5400, 0, 0x40 },
    { FAULT_DISABLED_FP, 0x5500, 0, 0 },
    { FAULT_REG_NAT, 0x5600, 0, 0x10 },
    { FAULT_INST_NAT_PAGE, 0x5600, IFA, ISR_X | 0x20 },
    { FAULT_DATA_NAT_PAGE, 0x5600, IFA, 0x20 },
    { FAULT_SPECULATION, 0x5700, IIM, 0 },
    { FAULT_INST_DEBUG, 0x5900, IFA, ISR_X },
    { FAULT_DATA_DEBUG, 0x5900, IFA, 0 },
    { FAULT_UNALIGNED, 0x5a00, IFA, 0 },
    { FAULT_UNSUPPORTED_DATA, 0x5b00, IFA, 0 },
    { FAULT_FP, 0x5c00, 0, 0 },
    { FAULT_TRAP_FP, 0x5d00, TRAP, 0x01 },
    { FAULT_UNIMPL_INST_ADDR, 0x5e00, IFA, 0x10 },
    { FAULT_TRAP_UNIMPL_INST_ADDR, 0x5e00, TRAP, 0x10 },
    { FAULT_TRAP_LOWER_PRIVILEGE, 0x5e00, TRAP, 0x02 },
    { FAULT_TRAP_TAKEN_BRANCH, 0x5f00, TRAP, 0x04 },
    { FAULT_TRAP_SINGLE_STEP, 0x6000, TRAP, 0x08 },
    { FAULT_VIRTUALIZATION, 0x6100, 0, 0 },
};

/* Every bit but ic, is, vm: an interruption keeps up mfl mfh pk dt rt mc it. */
#define PSR_ALL (PSR_IMPLEMENTED & ~(PSR_RI | PSR_IC | PSR_IS | PSR_VM))
#define PSR_KEPT UINT64_C(0x0000001808028034)

static void mark(struct vcpu *v)
{
    v->ip = 0x4000;
    v->ri = 1;
    v->trap_ip = 0x5000;
    v->trap_ri = 2;
    v->cr[CR_IPSR] = v->cr[CR_ISR] = v->cr[CR_IFA] = v->cr[CR_ITIR] = v->cr[CR_IIM] = 0x77700;
    v->cr[CR_IHA] = v->cr[CR_IIP] = 0x77700;
    v->cr[CR_IIPA] = 0x88880;
    v->cr[CR_IFS] = IFS_V | 8;
    v->fault.isr = ISR_SP; /* as the raiser of the fault gives it */
    v->fault.ifa = 0x1234;
    v->fault.itir = 0x38;
    v->fault.iha = 0x5678;
    v->fault.iim = 0x9abc;
}

static void check_row_ic1(struct vcpu *v, const struct row *r)
{
    uint64_t ei = r->writes & TRAP ? 2 : 1;

    psr_write(v, PSR_ALL | PSR_IC);
    mark(v);
    v->fault.kind = (uint8_t)r->fault;
    interruption_deliver(v);
    assert_int_equal(v->ip, 0x10000 + r->vector);
    assert_int_equal(v->ri, 0);
    assert_int_equal(v->psr, PSR_KEPT);
    assert_int_equal(v->cr[CR_ISR], r->isr | ISR_SP | EI(ei));
    assert_int_equal(v->cr[CR_IPSR], PSR_ALL | PSR_IC | EI(1));
    assert_int_equal(v->cr[CR_IIP], 0x4000);
    assert_int_equal(v->cr[CR_IIPA], r->writes & TRAP ? 0x5000 : 0x88880);
    assert_int_equal(v->cr[CR_IFS] & IFS_V, 0);
    assert_int_equal(v->cr[CR_IFA], r->writes & IFA ? 0x1234 : 0x77700);
    assert_int_equal(v->cr[CR_ITIR], r->writes & ITIR ? 0x38 : 0x77700);
    assert_int_equal(v->cr[CR_IHA], r->writes & IHA ? 0x5678 : 0x77700);
    assert_int_equal(v->cr[CR_IIM], r->writes & IIM ? 0x9abc : 0x77700);
}

static void check_row_ic0(struct vcpu *v, const struct row *r)
{
    uint64_t ei = r->writes & TRAP ? 2 : 1;

    psr_write(v, PSR_ALL);
    mark(v);
    v->fault.kind = (uint8_t)r->fault;
    interruption_deliver(v);
    assert_int_equal(v->ip, 0x10000 + r->vector);
    assert_int_equal(v->psr, PSR_KEPT);
    assert_int_equal(v->cr[CR_ISR], r->isr | ISR_SP | ISR_NI | EI(ei));
    assert_int_equal(v->cr[CR_IPSR], 0x77700);
    assert_int_equal(v->cr[CR_IIP], 0x77700);
    assert_int_equal(v->cr[CR_IIPA], 0x88880);
    assert_int_equal(v->cr[CR_IFS], IFS_V | 8);
    assert_int_equal(v->cr[CR_IFA], 0x77700);
    assert_int_equal(v->cr[CR_ITIR], 0x77700);
    assert_int_equal(v->cr[CR_IHA], 0x77700);
    assert_int_equal(v->cr[CR_IIM], 0x77700);
}

static void every_vector(void **state)
{
    bool seen[FAULT_COUNT] = { [FAULT_NONE] = true, [FAULT_NESTED_TLB] = true };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row_ic1(*state, &rows[i]);
        check_row_ic0(*state, &rows[i]);
        seen[rows[i].fault] = true;
    }
    for (unsigned f = 0; f < FAULT_COUNT; f++) {
        assert_true(seen[f]);
        assert_non_null(fault_name(f));
    }
    assert_string_equal(fault_name(FAULT_BREAK), "Break Instruction fault");
    assert_string_equal(fault_name(FAULT_COUNT), "?");
}

static void nested_tlb_writes_nothing(void **state)
{
    struct vcpu *v = *state;

    psr_write(v, PSR_DT | PSR_IT | PSR_BN);
    mark(v);
    v->rse.cfle = true;
    v->fault.kind = FAULT_NESTED_TLB;
    interruption_deliver(v);
    assert_int_equal(v->ip, 0x11400);
    assert_int_equal(v->psr, PSR_DT | PSR_IT);
    assert_int_equal(v->cr[CR_ISR], 0x77700);
    assert_int_equal(v->cr[CR_IFA], 0x77700);
    assert_int_equal(v->cr[CR_IIP], 0x77700);
    assert_int_equal(v->cr[CR_IFS], IFS_V | 8);
    assert_false(v->rse.cfle);
}

static void psr_bits_from_dcr(void **state)
{
    struct vcpu *v = *state;

    for (uint64_t dcr = 0; dcr < 4; dcr++) {
        psr_write(v, PSR_IC | PSR_I | PSR_AC);
        v->cr[CR_DCR] = dcr;
        mark(v);
        v->fault.kind = FAULT_BREAK;
        interruption_deliver(v);
        assert_int_equal(v->psr, (dcr & 1 ? PSR_PP : 0) | (dcr & 2 ? PSR_BE : 0));
    }
}

static void bank_and_incomplete_frame(void **state)
{
    struct vcpu *v = *state;

    psr_write(v, PSR_IC | PSR_BN);
    v->gr[16] = 0x111;
    v->gr_bank[0] = 0x222;
    mark(v);
    v->rse.cfle = true;
    v->fault.kind = FAULT_EXTERNAL_INTERRUPT;
    interruption_deliver(v);
    assert_int_equal(v->gr[16], 0x222);
    assert_int_equal(v->gr_bank[0], 0x111);
    assert_int_equal(v->cr[CR_ISR] & ISR_IR, ISR_IR);
    assert_false(v->rse.cfle);
}

static void ic_in_flight_sets_ni(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    assert_int_equal(op_ssm(v, PSR_IC, 0, 0, &out), OPR_EXIT);
    assert_true(v->ic_inflight);
    mark(v);
    v->fault.kind = FAULT_ALT_DATA_TLB;
    interruption_deliver(v);
    assert_int_equal(v->cr[CR_ISR] & ISR_NI, ISR_NI);
    assert_false(v->ic_inflight);

    psr_write(v, 0);
    op_ssm(v, PSR_IC, 0, 0, &out);
    op_srlz_d(v, 0, 0, 0, &out);
    mark(v);
    v->fault.kind = FAULT_ALT_DATA_TLB;
    interruption_deliver(v);
    assert_int_equal(v->cr[CR_ISR] & ISR_NI, 0);
}

static void unimplemented_iip(void **state)
{
    struct vcpu *v = *state;

    v->vm->va_msb = 50;
    psr_write(v, PSR_IC | PSR_IT);
    mark(v);
    v->ip = UINT64_C(0x6004000000000120); /* bit 50 set, 60:51 clear */
    v->fault.kind = FAULT_TRAP_UNIMPL_INST_ADDR;
    interruption_deliver(v);
    assert_int_equal(v->cr[CR_IIP], UINT64_C(0x7ffc000000000120));
    psr_write(v, PSR_IC);
    mark(v);
    v->ip = UINT64_C(0x8004000000000120); /* physical, bit 50 is not implemented */
    v->fault.kind = FAULT_UNIMPL_INST_ADDR;
    v->fault.ifa = v->ip;
    interruption_deliver(v);
    assert_int_equal(v->cr[CR_IIP], UINT64_C(0x8000000000000120));
    assert_int_equal(v->cr[CR_IFA], UINT64_C(0x8004000000000120));
}

/* psr before, cpl after, flags -> vector (0: none), code */
static const struct trap_row {
    uint64_t psr;
    unsigned cpl_after;
    unsigned flags;
    unsigned vector;
    uint64_t code;
} trap_rows[] = {
    { 0, 0, TRAP_TAKEN, 0, 0 },
    { PSR_SS, 0, 0, 0x6000, 8 },
    { PSR_SS, 0, TRAP_TAKEN, 0x6000, 8 },
    { PSR_TB, 0, 0, 0, 0 },
    { PSR_TB, 0, TRAP_TAKEN, 0x5f00, 4 },
    { PSR_TB | PSR_SS, 0, TRAP_TAKEN, 0x5f00, 12 },
    { PSR_LP, 0, TRAP_TAKEN, 0, 0 },
    { PSR_LP, 3, TRAP_TAKEN, 0x5e00, 2 },
    { PSR_LP | PSR_TB | PSR_SS, 3, TRAP_TAKEN, 0x5e00, 14 },
    { PSR_SS, 0, TRAP_FP, 0x5d00, 0x1009 },
    { 0, 0, TRAP_FP, 0x5d00, 0x1001 },
    { PSR_LP | PSR_TB | PSR_SS, 3, TRAP_TAKEN | TRAP_RFI, 0, 0 },
};

static void traps_by_priority(void **state)
{
    struct vcpu *v = *state;

    for (size_t i = 0; i < sizeof(trap_rows) / sizeof(trap_rows[0]); i++) {
        const struct trap_row *r = &trap_rows[i];
        uint64_t before = PSR_IC | r->psr;
        uint64_t after = before | (uint64_t)r->cpl_after << 32;

        psr_write(v, after);
        mark(v);
        v->fault.isr = 0x1000;
        assert_int_equal(trap_after_insn(v, before, r->flags), r->vector != 0);
        if (!r->vector) {
            assert_int_equal(v->ip, 0x4000);
            assert_int_equal(v->psr, after);
            continue;
        }
        assert_int_equal(v->ip, 0x10000 + r->vector);
        assert_int_equal(v->cr[CR_ISR], r->code | EI(2));
        assert_int_equal(v->cr[CR_IIPA], 0x5000);
        assert_int_equal(v->cr[CR_IIP], 0x4000);
        assert_int_equal(v->cr[CR_IPSR], after | EI(1));
    }
}

/* id da dd ed ia last one instruction; the IPSR of its trap shows them cleared. rfi leaves them. */
static void one_shot_bits_end(void **state)
{
    struct vcpu *v = *state;
    const uint64_t bits = PSR_ID | PSR_DA | PSR_DD | PSR_ED | PSR_IA;

    psr_write(v, PSR_IC | bits);
    assert_int_equal(v->key & KEY_CAREFUL, KEY_CAREFUL);
    assert_false(trap_after_insn(v, v->psr, TRAP_RFI | TRAP_TAKEN));
    assert_int_equal(v->psr, PSR_IC | bits);
    assert_false(trap_after_insn(v, v->psr, 0));
    assert_int_equal(v->psr, PSR_IC);
    assert_int_equal(v->key & KEY_CAREFUL, 0);

    psr_write(v, PSR_IC | PSR_SS | bits);
    mark(v);
    assert_true(trap_after_insn(v, v->psr, 0));
    assert_int_equal(v->cr[CR_IPSR], PSR_IC | PSR_SS | EI(1));
}

static void rfi_restores(void **state)
{
    struct vcpu *v = *state;
    uint64_t seed = 99, out;

    for (unsigned i = 0; i < 500; i++) {
        uint64_t ipsr = fixture_random(&seed) & PSR_IMPLEMENTED & ~(PSR_IS | PSR_VM);
        uint64_t bank1, bank0;

        if ((ipsr >> 41 & 3) == 3)
            ipsr &= ~PSR_RI;
        psr_write(v, 0);
        bank0 = v->gr[16] = fixture_random(&seed);
        bank1 = v->gr_bank[0] = fixture_random(&seed);
        v->ic_inflight = true;
        v->cr[CR_IPSR] = ipsr;
        v->cr[CR_IIP] = 0x123450 + i * 16;
        v->cr[CR_IFS] = 0;
        assert_int_equal(op_rfi(v, 0, 0, 0, &out), OPR_BRANCH);
        assert_int_equal(v->psr, ipsr & ~PSR_RI);
        assert_int_equal(v->ri, ipsr >> 41 & 3);
        assert_int_equal(v->ip, 0x123450 + i * 16);
        assert_int_equal(v->gr[16], ipsr & PSR_BN ? bank1 : bank0);
        assert_false(v->ic_inflight);
        assert_int_equal(v->cr[CR_IPSR], ipsr);

        /* and an interruption puts it back where it came from */
        if (!(ipsr & PSR_IC))
            continue;
        v->fault.kind = FAULT_BREAK;
        interruption_deliver(v);
        assert_int_equal(v->cr[CR_IPSR], ipsr);
        assert_int_equal(v->cr[CR_IIP], 0x123450 + i * 16);
        assert_int_equal(v->gr[16], bank0);
    }
}

/* The classic handler: interruption, cover, rfi. The frame and BSP come back. */
static void rfi_frame(void **state)
{
    struct vcpu *v = *state;
    uint64_t out, bsp, cfm;

    rse_reset_frame(v, 20 | 8 << 7);
    cfm = v->cfm;
    bsp = rse_bsp(v);
    for (unsigned r = 32; r < 52; r++)
        gr_set(v, r, r * 3, false);
    psr_write(v, PSR_IC);
    v->ip = 0x4000;
    v->fault.kind = FAULT_BREAK;
    interruption_deliver(v);
    assert_int_equal(v->cfm, cfm);
    op_cover(v, 0, 0, 0, &out);
    assert_int_equal(v->cr[CR_IFS], IFS_V | cfm);
    assert_int_equal(v->cfm, 0);
    assert_int_equal(op_alloc(v, 10 | 10 << 8, 0, 0, &out), OPR_OK);
    gr_set(v, 32, 1, false);
    assert_int_equal(op_rfi(v, 0, 0, 0, &out), OPR_BRANCH);
    assert_int_equal(v->cfm, cfm);
    assert_int_equal(rse_bsp(v), bsp);
    assert_false(v->rse.cfle);
    for (unsigned r = 32; r < 52; r++)
        assert_int_equal(*gr_slot(v, r), r * 3);
}

/* The same with all of it flushed to memory: rfi makes an incomplete frame, memory completes it. */
static void rfi_incomplete_frame(void **state)
{
    struct vcpu *v = *state;
    uint64_t out, bsp;

    rse_reset_frame(v, 70);
    bsp = rse_bsp(v);
    for (unsigned r = 32; r < 102; r++)
        gr_set(v, r, r * 5, false);
    psr_write(v, PSR_IC);
    v->ip = 0x4000;
    v->fault.kind = FAULT_BREAK;
    interruption_deliver(v);
    op_cover(v, 0, 0, 0, &out);
    assert_int_equal(op_flushrs(v, 0, 0, 0, &out), OPR_OK);
    assert_int_equal(v->rse.ndirty, 0);
    op_alloc(v, 96, 0, 0, &out);
    for (unsigned r = 32; r < 128; r++)
        gr_set(v, r, 0, false);
    assert_int_equal(op_rfi(v, 0, 0, 0, &out), OPR_BRANCH);
    assert_true(v->rse.cfle);
    assert_int_equal(rse_bsp(v), bsp);

    /* A fault of the loads: IIP is the target, ISR.ir says the frame is incomplete. */
    v->fault.kind = FAULT_ALT_DATA_TLB;
    v->fault.isr = ISR_RS | ISR_R;
    interruption_deliver(v);
    assert_int_equal(v->cr[CR_ISR] & (ISR_RS | ISR_IR | ISR_NI), ISR_RS | ISR_IR);
    assert_int_equal(v->cr[CR_IIP], 0x4000);
    assert_false(v->rse.cfle);

    /* rfi without cover goes on with the loads. */
    op_rfi(v, 0, 0, 0, &out);
    assert_true(v->rse.cfle);
    assert_int_equal(rse_complete_frame(v), OPR_OK);
    assert_false(v->rse.cfle);
    assert_int_equal(v->rse.ndirty, 0);
    for (unsigned r = 32; r < 102; r++)
        assert_int_equal(*gr_slot(v, r), r * 5);
}

static void rfi_refused(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    v->cr[CR_IPSR] = PSR_IS;
    assert_int_equal(op_rfi(v, 0, 0, 0, &out), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_ILLEGAL_OP);
    v->cr[CR_IPSR] = 0;
    psr_write(v, PSR_VM);
    v->ip = 0x4000;
    assert_int_equal(op_rfi(v, 0, 0, 0, &out), OPR_FAULT);
    assert_int_equal(v->fault.kind, FAULT_VIRTUALIZATION);
    assert_int_equal(v->psr, PSR_VM);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_vector),
        TEST(nested_tlb_writes_nothing),
        TEST(psr_bits_from_dcr),
        TEST(bank_and_incomplete_frame),
        TEST(ic_in_flight_sets_ni),
        TEST(unimplemented_iip),
        TEST(traps_by_priority),
        TEST(one_shot_bits_end),
        TEST(rfi_restores),
        TEST(rfi_frame),
        TEST(rfi_incomplete_frame),
        TEST(rfi_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
