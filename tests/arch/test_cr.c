/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Application, control, indexed registers: numbers, fields, reserved bits. SDM 1:28, Vol.2 3.3, 5.8. */
#include "tests/arch/fixture.h"

static void expect_fault(struct vcpu *v, enum op_result result, enum fault kind)
{
    assert_int_equal(result, OPR_FAULT);
    assert_int_equal(v->fault.kind, kind);
}

#define BIT(n) (UINT64_C(1) << (n))
#define MASK(hi, lo) ((~UINT64_C(0) >> (63 - (hi) + (lo))) << (lo))

/* A register: which bits keep a 1, which are reserved; @base: a value that is always added. */
static const struct cr_row {
    unsigned cr;
    uint64_t kept, reserved, base;
    bool ic0;
} cr_rows[] = {
    { CR_DCR, MASK(2, 0) | MASK(14, 8), MASK(7, 3) | MASK(63, 15), 0, false },
    { CR_ITM, MASK(63, 0), 0, 0, false },
    { CR_IVA, MASK(63, 15), 0, 0, false },
    { CR_ITO, MASK(63, 0), 0, 0, false }, /* lowering says whether the model has it */
    { CR_PTA, BIT(0) | MASK(8, 2) | MASK(63, 15), BIT(1) | MASK(14, 9), 15 << 2, false },
    { CR_IPSR, PSR_IMPLEMENTED & ~PSR_VM, ~PSR_IMPLEMENTED | PSR_VM, 0, true },
    { CR_ISR, MASK(23, 0) | MASK(43, 32), MASK(31, 24) | MASK(63, 44), 0, true },
    { CR_IIP, MASK(63, 4), 0, 0, true },
    { CR_IFA, MASK(63, 0), 0, 0, true },
    { CR_ITIR, MASK(31, 2), 0, 0, true },
    { CR_IIPA, MASK(63, 4), 0, 0, true },
    { CR_IFS, MASK(37, 0) | BIT(63), MASK(62, 38), 0, true },
    { CR_IIM, MASK(63, 0), 0, 0, true },
    { CR_IHA, MASK(63, 2), 0, 0, true },
    { CR_LID, MASK(31, 16), MASK(15, 0), 0, false },
    { CR_TPR, MASK(7, 4) | BIT(16), MASK(15, 8), 0, false },
    { CR_EOI, 0, 0, 0, false },
    { CR_ITV, MASK(7, 0) | BIT(16), MASK(11, 8) | MASK(15, 13), 0, false },
    { CR_PMV, MASK(7, 0) | BIT(16), MASK(11, 8) | MASK(15, 13), 0, false },
    { CR_CMCV, MASK(7, 0) | BIT(16), MASK(11, 8) | MASK(15, 13), 0, false },
    { CR_LRR0, MASK(7, 0) | MASK(10, 9) | BIT(13) | MASK(16, 15), BIT(8) | BIT(11) | BIT(14), 0, false },
    { CR_LRR1, MASK(7, 0) | MASK(10, 9) | BIT(13) | MASK(16, 15), BIT(8) | BIT(11) | BIT(14), 0, false },
};

static void cr_fields(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (size_t i = 0; i < sizeof(cr_rows) / sizeof(cr_rows[0]); i++) {
        const struct cr_row *r = &cr_rows[i];

        assert_int_equal(cr_valid(r->cr), CR_READ | CR_WRITE | (r->ic0 ? CR_NEEDS_IC0 : 0));
        for (unsigned bit = 0; bit < 64; bit++) {
            uint64_t value = r->base | BIT(bit);

            if (r->reserved >> bit & 1) {
                expect_fault(v, op_mov_to_cr(v, r->cr, value, 0, &out), FAULT_RESERVED_REG_FIELD);
                continue;
            }
            assert_int_not_equal(op_mov_to_cr(v, r->cr, value, 0, &out), OPR_FAULT);
            assert_int_not_equal(op_mov_from_cr(v, r->cr, 0, 0, &out), OPR_FAULT);
            assert_int_equal(out, value & r->kept);
        }
    }
}

/* Field values that are refused as a whole. */
static void cr_values(void **state)
{
    struct vcpu *v = *state;
    const uint64_t ifs_v = BIT(63);
    uint64_t out;

    static const struct {
        unsigned cr;
        uint64_t value;
        bool ok;
    } rows[] = {
        { CR_PTA, 14 << 2, false },
        { CR_PTA, 15 << 2, true },
        { CR_PTA, 61 << 2, true },
        { CR_PTA, 62 << 2, false },
        { CR_IPSR, UINT64_C(3) << 41, false },
        { CR_IPSR, UINT64_C(2) << 41, true },
        { CR_ISR, UINT64_C(3) << 41, false },
        { CR_ISR, UINT64_C(2) << 41, true },
        { CR_LRR0, 1 << 8, false },
        { CR_LRR0, 3 << 8, false },
        { CR_LRR0, 6 << 8, false },
        { CR_LRR0, 2 << 8, true },
        { CR_LRR1, 4 << 8, true },
        { CR_LRR1, 5 << 8, true },
        { CR_LRR1, 7 << 8, true },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(op_mov_to_cr(v, rows[i].cr, rows[i].value, 0, &out),
                         rows[i].ok ? OPR_OK : OPR_FAULT);

    /* ifm is looked at only with v = 1: sof 97; sol > sof; sor > sof; rrb.gr >= sor; rrb.fr 96; rrb.pr 48 */
    static const uint64_t malformed[] = {
        97, 3 | 4 << 7, 7 | 1 << 14, 16 | 1 << 14 | 8 << 18, 16 | 1 << 18, 16 | UINT64_C(96) << 25,
        16 | UINT64_C(48) << 32,
    };

    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        assert_int_equal(op_mov_to_cr(v, CR_IFS, malformed[i], 0, &out), OPR_OK);
        expect_fault(v, op_mov_to_cr(v, CR_IFS, ifs_v | malformed[i], 0, &out), FAULT_RESERVED_REG_FIELD);
        expect_fault(v, op_mov_to_ar(v, AR_PFS, malformed[i], 0, &out), FAULT_RESERVED_REG_FIELD);
        cr_write(v, CR_IFS, ifs_v | malformed[i]); /* a debugger's write cannot make rfi go wrong */
        assert_int_equal(cr_read(v, CR_IFS), malformed[i]);
    }
    assert_int_equal(op_mov_to_cr(v, CR_IFS, ifs_v | 96 | 96 << 7 | 12 << 14 | 95 << 18, 0, &out), OPR_OK);
}

static void cr_numbers(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (unsigned cr = 0; cr < 128; cr++) {
        bool reserved = cr == 3 || (cr >= 5 && cr <= 7) || (cr >= 9 && cr <= 15) || cr == 18 || (cr >= 26 && cr <= 63) ||
                        (cr >= 75 && cr <= 79) || cr >= 82;

        assert_int_equal(!cr_valid(cr), reserved);
        if (reserved) {
            expect_fault(v, op_mov_to_cr(v, cr, 0, 0, &out), FAULT_ILLEGAL_OP);
            expect_fault(v, op_mov_from_cr(v, cr, 0, 0, &out), FAULT_ILLEGAL_OP);
        }
    }
    assert_int_equal(cr_valid(CR_IVR), CR_READ);
    expect_fault(v, op_mov_to_cr(v, CR_IVR, 0, 0, &out), FAULT_ILLEGAL_OP);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(cr_valid(CR_IRR0 + i), CR_READ);
        expect_fault(v, op_mov_to_cr(v, CR_IRR0 + i, 0, 0, &out), FAULT_ILLEGAL_OP);
    }
    psr_write(v, PSR_VM);
    sapic_post(v, 0x30);
    expect_fault(v, op_mov_from_cr(v, CR_IVR, 0, 0, &out), FAULT_VIRTUALIZATION);
    expect_fault(v, op_mov_to_cr(v, CR_DCR, 0, 0, &out), FAULT_VIRTUALIZATION);
    assert_true(sapic_unmasked_pending(v)); /* the fault came before IVR's effect */
    v->vm->vti = true;
    psr_write(v, 0);
    assert_int_not_equal(op_mov_to_cr(v, CR_IPSR, PSR_VM, 0, &out), OPR_FAULT);
    assert_int_equal(cr_read(v, CR_IPSR), PSR_VM);
}

/* itc and itr find ITIR's reserved bits as written; mov does not show them. */
static void itir_reserved_bits(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    op_mov_to_cr(v, CR_ITIR, MASK(63, 0), 0, &out);
    assert_int_equal(v->cr[CR_ITIR], MASK(63, 0));
    op_mov_from_cr(v, CR_ITIR, 0, 0, &out);
    assert_int_equal(out, MASK(31, 2));
}

static void ar_numbers(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (unsigned ar = 0; ar < 128; ar++) {
        unsigned want = AR_UNIT_M | AR_READ | AR_WRITE;

        if ((ar >= 48 && ar <= 63) || ar >= 112)
            want |= AR_UNIT_I;
        else if (ar >= 64 && ar <= 66)
            want = AR_UNIT_I | AR_READ | AR_WRITE;
        else if (ar <= 7 || ar == 27 || ar == 44 || ar == 45) /* 45: where CPUID[4].ru is 1 */
            want |= AR_PRIV_WRITE;
        else if (ar == 17)
            want = AR_UNIT_M | AR_READ;
        else if (!(ar == 16 || ar == 18 || ar == 19 || ar == 21 || (ar >= 24 && ar <= 30) || ar == 32 ||
                   ar == 36 || ar == 40))
            want = 0;
        assert_int_equal(ar_valid(ar), want);
        if (!want) {
            expect_fault(v, op_mov_from_ar(v, ar, 0, 0, &out), FAULT_ILLEGAL_OP);
            expect_fault(v, op_mov_to_ar(v, ar, 0, 0, &out), FAULT_ILLEGAL_OP);
        }
    }
    expect_fault(v, op_mov_to_ar(v, AR_BSP, 0, 0, &out), FAULT_ILLEGAL_OP);
}

static const struct ar_row {
    unsigned ar;
    uint64_t kept, reserved;
} ar_rows[] = {
    { 0, MASK(63, 0), 0 },
    { 7, MASK(63, 0), 0 },
    { AR_BSPSTORE, MASK(63, 3), 0 },
    { AR_RNAT, MASK(62, 0), 0 },
    { AR_FCR, MASK(63, 0), 0 },
    { AR_EFLAG, MASK(63, 0), 0 },
    { AR_CSD, MASK(63, 0), 0 },
    { AR_SSD, MASK(63, 0), 0 },
    { AR_CFLG, MASK(63, 0), 0 },
    { AR_FSR, MASK(63, 0), 0 },
    { AR_FIR, MASK(63, 0), 0 },
    { AR_FDR, MASK(63, 0), 0 },
    { AR_CCV, MASK(63, 0), 0 },
    { AR_UNAT, MASK(63, 0), 0 },
    { AR_LC, MASK(63, 0), 0 },
    { AR_EC, MASK(5, 0), 0 },
    { 48, 0, 0 },
    { 63, 0, 0 },
    { 112, 0, 0 },
    { 127, 0, 0 },
    { AR_RSC, MASK(4, 0) | MASK(29, 16), MASK(15, 5) | MASK(63, 30) },
};

static void ar_fields(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (size_t i = 0; i < sizeof(ar_rows) / sizeof(ar_rows[0]); i++) {
        const struct ar_row *r = &ar_rows[i];

        for (unsigned bit = 0; bit < 64; bit++) {
            if (r->reserved >> bit & 1) {
                expect_fault(v, op_mov_to_ar(v, r->ar, BIT(bit), 0, &out), FAULT_RESERVED_REG_FIELD);
                continue;
            }
            assert_int_equal(op_mov_to_ar(v, r->ar, BIT(bit), 0, &out), OPR_OK);
            assert_int_equal(op_mov_from_ar(v, r->ar, 0, 0, &out), OPR_OK);
            assert_int_equal(out, BIT(bit) & r->kept);
        }
    }
    for (unsigned bit = 38; bit < 64; bit++) { /* PFS: 51:38 and 61:58 are reserved */
        bool reserved = bit <= 51 || (bit >= 58 && bit <= 61);

        assert_int_equal(op_mov_to_ar(v, AR_PFS, BIT(bit), 0, &out), reserved ? OPR_FAULT : OPR_OK);
        assert_true(reserved || v->pfs == BIT(bit));
    }
    assert_int_equal(op_mov_to_ar(v, AR_FPSR, UINT64_C(0x9804c0270033f), 0, &out), OPR_OK);
    expect_fault(v, op_mov_to_ar(v, AR_FPSR, BIT(58), 0, &out), FAULT_RESERVED_REG_FIELD);
    expect_fault(v, op_mov_to_ar(v, AR_FPSR, BIT(12), 0, &out), FAULT_RESERVED_REG_FIELD);
    assert_int_equal(v->fpsr, UINT64_C(0x9804c0270033f));
}

static void rsc_and_its_mode(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (unsigned cpl = 0; cpl < 4; cpl++) {
        for (unsigned pl = 0; pl < 4; pl++) {
            psr_write(v, (uint64_t)cpl << 32);
            assert_int_equal(op_mov_to_ar(v, AR_RSC, pl << 2, 0, &out), OPR_OK);
            assert_int_equal(v->rsc, (pl > cpl ? pl : cpl) << 2);
        }
    }
    for (unsigned mode = 0; mode < 4; mode++) {
        op_mov_to_ar(v, AR_RSC, mode, 0, &out);
        assert_int_equal(op_mov_from_ar(v, AR_BSPSTORE, 0, 0, &out), mode ? OPR_FAULT : OPR_OK);
        assert_int_equal(op_mov_from_ar(v, AR_RNAT, 0, 0, &out), mode ? OPR_FAULT : OPR_OK);
        assert_int_equal(op_mov_to_ar(v, AR_BSPSTORE, 0, 0, &out), mode ? OPR_FAULT : OPR_OK);
        assert_int_equal(op_mov_to_ar(v, AR_RNAT, 0, 0, &out), mode ? OPR_FAULT : OPR_OK);
        assert_int_equal(op_mov_from_ar(v, AR_BSP, 0, 0, &out), OPR_OK);
    }
}

static void ar_privilege(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (unsigned cpl = 1; cpl < 4; cpl++) {
        psr_write(v, (uint64_t)cpl << 32);
        for (unsigned k = 0; k < 8; k++) {
            expect_fault(v, op_mov_to_ar(v, k, 0, 0, &out), FAULT_PRIV_REG);
            assert_int_equal(op_mov_from_ar(v, k, 0, 0, &out), OPR_OK);
        }
        expect_fault(v, op_mov_to_ar(v, AR_ITC, 0, 0, &out), FAULT_PRIV_REG);
        assert_int_equal(op_mov_from_ar(v, AR_ITC, 0, 0, &out), OPR_OK);
        psr_write(v, PSR_SI | (uint64_t)cpl << 32);
        expect_fault(v, op_mov_from_ar(v, AR_ITC, 0, 0, &out), FAULT_PRIV_REG);
    }
    psr_write(v, PSR_SI);
    assert_int_equal(op_mov_from_ar(v, AR_ITC, 0, 0, &out), OPR_OK);
    psr_write(v, PSR_SI | PSR_VM);
    expect_fault(v, op_mov_from_ar(v, AR_ITC, 0, 0, &out), FAULT_VIRTUALIZATION);
    psr_write(v, PSR_VM);
    assert_int_equal(op_mov_from_ar(v, AR_ITC, 0, 0, &out), OPR_OK);
    expect_fault(v, op_mov_to_ar(v, AR_ITC, 0, 0, &out), FAULT_VIRTUALIZATION);
}

static void region_registers(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;
    unsigned tags;

    for (uint64_t i = 0; i < 8; i++) {
        uint64_t value = (i + 5) << 8 | 14 << 2 | 1;

        tags = fake.tags_updates;
        assert_int_equal(op_mov_to_indexed(v, FILE_RR, i << 61 | 0x123, value, &out), OPR_EXIT);
        assert_int_equal(fake.tags_updates, tags + 1);
        assert_int_equal(op_mov_to_indexed(v, FILE_RR, i << 61, value, &out), OPR_OK);
        assert_int_equal(fake.tags_updates, tags + 1);
    }
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(op_mov_from_indexed(v, FILE_RR, i << 61, 0, &out), OPR_OK);
        assert_int_equal(out, (i + 5) << 8 | 14 << 2 | 1);
    }
    for (uint64_t ps = 0; ps < 64; ps++) { /* 2:57 */
        bool ok = ps == 12 || ps == 13 || (ps >= 14 && ps <= 28 && ps % 2 == 0) || ps == 32;

        assert_int_equal(op_mov_to_indexed(v, FILE_RR, 0, ps << 2 | 0x700, &out) != OPR_FAULT, ok);
    }
    for (unsigned bit = 8; bit < 64; bit++)
        assert_int_equal(op_mov_to_indexed(v, FILE_RR, 0, BIT(bit) | 14 << 2, &out),
                         bit < 32 ? OPR_EXIT : OPR_FAULT);
    v->vm->rid_bits = 18;
    expect_fault(v, op_mov_to_indexed(v, FILE_RR, 0, BIT(26) | 14 << 2, &out), FAULT_RESERVED_REG_FIELD);
    expect_fault(v, op_mov_to_indexed(v, FILE_RR, 0, 2 | 14 << 2, &out), FAULT_RESERVED_REG_FIELD);
}

static void protection_keys(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(op_mov_to_indexed(v, FILE_PKR, i, (100 + i) << 8 | 0xf, &out), OPR_EXIT);
    expect_fault(v, op_mov_to_indexed(v, FILE_PKR, 16, 0, &out), FAULT_RESERVED_REG_FIELD);
    expect_fault(v, op_mov_from_indexed(v, FILE_PKR, 255, 0, &out), FAULT_RESERVED_REG_FIELD);
    /* the same key once more: only the last is valid */
    op_mov_to_indexed(v, FILE_PKR, 3, 109 << 8 | 1, &out);
    op_mov_from_indexed(v, FILE_PKR, 9, 0, &out);
    assert_int_equal(out, 109 << 8 | 0xe);
    op_mov_from_indexed(v, FILE_PKR, 3, 0, &out);
    assert_int_equal(out, 109 << 8 | 1);
    op_mov_to_indexed(v, FILE_PKR, 4, 110 << 8, &out); /* not valid: touches no other */
    op_mov_from_indexed(v, FILE_PKR, 10, 0, &out);
    assert_int_equal(out, 110 << 8 | 0xf);
    for (unsigned bit = 4; bit < 64; bit++)
        assert_int_equal(op_mov_to_indexed(v, FILE_PKR, 0, BIT(bit), &out),
                         bit >= 8 && bit < 32 ? OPR_EXIT : OPR_FAULT);
}

static void breakpoints(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (uint64_t i = 0; i < 8; i++) {
        op_mov_to_indexed(v, FILE_DBR, i, MASK(63, 0), &out);
        op_mov_from_indexed(v, FILE_DBR, i, 0, &out);
        assert_int_equal(out, i & 1 ? MASK(63, 62) | MASK(59, 0) : MASK(63, 0));
        op_mov_to_indexed(v, FILE_IBR, i, MASK(63, 0), &out);
        op_mov_from_indexed(v, FILE_IBR, i, 0, &out);
        assert_int_equal(out, i & 1 ? BIT(63) | MASK(59, 0) : MASK(63, 0));
    }
    expect_fault(v, op_mov_to_indexed(v, FILE_DBR, 8, 0, &out), FAULT_RESERVED_REG_FIELD);
    expect_fault(v, op_mov_from_indexed(v, FILE_IBR, 8, 0, &out), FAULT_RESERVED_REG_FIELD);
}

static void performance_monitors(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (uint64_t i = 0; i < 256; i++) {
        op_mov_to_indexed(v, FILE_PMD, i, 1000 + i, &out);
        assert_int_equal(op_mov_from_indexed(v, FILE_PMD, i, 0, &out), OPR_OK);
        assert_int_equal(out, i >= 4 && i < 16 ? 1000 + i : 0);
        assert_int_equal(op_mov_to_indexed(v, FILE_PMC, i, MASK(63, 0), &out), OPR_OK);
        assert_int_equal(op_mov_from_indexed(v, FILE_PMC, i, 0, &out), OPR_OK);
        assert_true(i < 16 || out == 0);
    }
    op_mov_to_indexed(v, FILE_PMC, 4, 0, &out);
    op_mov_to_indexed(v, FILE_PMC, 5, BIT(6), &out); /* pm: the kernel's */
    psr_write(v, PSR_CPL);
    op_mov_from_indexed(v, FILE_PMD, 4, 0, &out);
    assert_int_equal(out, 1004);
    op_mov_from_indexed(v, FILE_PMD, 5, 0, &out);
    assert_int_equal(out, 0);
    psr_write(v, PSR_CPL | PSR_SP);
    op_mov_from_indexed(v, FILE_PMD, 4, 0, &out);
    assert_int_equal(out, 0);
    psr_write(v, PSR_SP | PSR_VM); /* never virtualized */
    assert_int_equal(op_mov_from_indexed(v, FILE_PMD, 5, 0, &out), OPR_OK);
    assert_int_equal(out, 1005);
}

static void cpuid(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    for (uint64_t i = 0; i < 256; i++) {
        psr_write(v, PSR_CPL);
        assert_int_equal(op_mov_from_indexed(v, FILE_CPUID, i | 0x100, 0, &out), i < 5 ? OPR_OK : OPR_FAULT);
        assert_true(i >= 5 || out == v->cpuid[i]);
        psr_write(v, PSR_CPL | PSR_VM);
        assert_int_equal(op_mov_from_indexed(v, FILE_CPUID, i, 0, &out), OPR_FAULT);
        assert_int_equal(v->fault.kind, i < 5 ? FAULT_VIRTUALIZATION : FAULT_RESERVED_REG_FIELD);
    }
}

/* A unit writes the target register after the helper: whatever waits outside, a read does not leave it before. */
static void reads_under_attention(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    psr_write(v, PSR_I);
    for (unsigned cr = 0; cr < 128; cr++) {
        if (!(cr_valid(cr) & CR_READ))
            continue;
        sapic_post(v, 0x30);
        sapic_post(v, 0x90);
        atomic_fetch_or(&v->attention, ATTN_TIMER | ATTN_KICK);
        v->cr[CR_IFA] = 0x1234;
        assert_int_equal(op_mov_from_cr(v, cr, 0, 0, &out), OPR_OK);
        if (cr == CR_IFA)
            assert_int_equal(out, 0x1234);
    }
    assert_true(atomic_load(&v->attention) & ATTN_KICK);
    atomic_store(&v->attention, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(cr_fields), TEST(cr_values), TEST(cr_numbers), TEST(itir_reserved_bits), TEST(ar_numbers),
        TEST(ar_fields), TEST(rsc_and_its_mode), TEST(ar_privilege), TEST(region_registers),
        TEST(protection_keys), TEST(breakpoints), TEST(performance_monitors), TEST(cpuid),
        TEST(reads_under_attention),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
