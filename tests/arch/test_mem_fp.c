/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating-point loads and stores: formats in both byte orders, pairs, speculation, the ALAT (SDM Vol.3, ldf, ldfp, stf). */
#include <stdio.h>

#include "tests/arch/mmu_fixture.h"

#define A UINT64_C(0x2000000000004000)
#define GPA UINT64_C(0x8000)
#define LDF(f1, fsize, ldtype) ((uint64_t)(f1) | (uint64_t)(fsize) << 16 | (uint64_t)(ldtype) << 24)
#define LDFP(f1, f2, fsize, ldtype) (LDF(f1, fsize, ldtype) | (uint64_t)(f2) << 8 | 1 << 20)
#define STF(f2, fsize) ((uint64_t)(f2) | (uint64_t)(fsize) << 16)

static int setup(void **state)
{
    struct vcpu *v;

    mmu_setup(state);
    v = *state;
    mmu_map(v, TLB_DATA, A, GPA, 14, PTE_USER);
    return 0;
}

static void expect_fr(struct vcpu *v, unsigned f, uint64_t sig, uint64_t se)
{
    struct ia64_fr r = fr_get(v, f);

    assert_int_equal(r.sig, sig);
    assert_int_equal(r.se, se);
}

static void load(struct vcpu *v, uint64_t imm, uint64_t gva)
{
    assert_int_equal(op_load_fp(v, imm, gva, 0, &(uint64_t){ 0 }), OPR_OK);
}

static void store(struct vcpu *v, uint64_t imm, uint64_t gva)
{
    assert_int_equal(op_store_fp(v, imm, gva, 0, &(uint64_t){ 0 }), OPR_OK);
}

static void poke_bytes(struct vcpu *v, uint64_t gpa, const char *hex)
{
    for (; *hex; hex += 2, gpa++) {
        unsigned byte;

        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        assert_int_equal(kia_mem_write(v->mem, gpa, &(uint8_t){ (uint8_t)byte }, 1), 0);
    }
}

static void expect_bytes(struct vcpu *v, uint64_t gpa, const char *hex)
{
    char got[64] = "";

    for (unsigned i = 0; i < strlen(hex) / 2; i++) {
        uint8_t byte;

        assert_int_equal(kia_mem_read(v->mem, gpa + i, &byte, 1), 0);
        snprintf(got + 2 * i, 3, "%02x", byte);
    }
    assert_string_equal(got, hex);
}

/* The same value in every format: bytes little-endian and big-endian, register image (SDM Vol.1 5.1, 5.3). */
static const struct format {
    unsigned fsize, size;
    const char *le, *be;
    uint64_t sig, se;
} formats[] = {
    { FS_S, 4, "0000c0bf", "bfc00000", UINT64_C(0xc000000000000000), 0x2ffff }, /* -1.5 */
    { FS_D, 8, "000000000000f8bf", "bff8000000000000", UINT64_C(0xc000000000000000), 0x2ffff },
    { FS_SIG, 8, "8877665544332211", "1122334455667788", UINT64_C(0x1122334455667788), 0x1003e },
    { FS_E, 10, "21436587a9cbedcfffbf", "bfffcfedcba987654321", UINT64_C(0xcfedcba987654321), 0x2ffff },
    { FS_FILL, 16, "21436587a9cbed0ffeff020000000000", "000000000002fffe0fedcba987654321",
      UINT64_C(0x0fedcba987654321), 0x2fffe },
};

static void test_formats(void **state)
{
    struct vcpu *v = *state;

    for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        const struct format *f = &formats[i];

        for (unsigned be = 0; be < 2; be++) {
            const char *bytes = be ? f->be : f->le;

            mmu_set_psr(v, be ? PSR_BE : 0, PSR_BE);
            poke_bytes(v, GPA, "ffffffffffffffffffffffffffffffffff");
            poke_bytes(v, GPA, bytes);
            for (unsigned f1 = 2; f1 < 128; f1 += 63) {
                load(v, LDF(f1, f->fsize, f->fsize == FS_FILL ? LD_FILL : LD_NONE), A);
                expect_fr(v, f1, f->sig, f->se);
                poke_bytes(v, GPA + 32, "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
                store(v, STF(f1, f->fsize), A + 32);
                expect_bytes(v, GPA + 32, bytes);
                expect_bytes(v, GPA + 32 + f->size, f->size < 16 ? "eeeeeeee" : "00");
            }
        }
    }
}

static void test_pairs(void **state)
{
    struct vcpu *v = *state;

    poke_bytes(v, GPA, "0000c0bf0000803f"); /* -1.5, 1.0 */
    load(v, LDFP(8, 41, FS_S, LD_NONE), A);
    expect_fr(v, 8, UINT64_C(0xc000000000000000), 0x2ffff);
    expect_fr(v, 41, UINT64_C(0x8000000000000000), 0xffff);
    poke_bytes(v, GPA, "bfc000003f800000");
    mmu_set_psr(v, PSR_BE, 0);
    load(v, LDFP(9, 42, FS_S, LD_NONE), A);
    expect_fr(v, 9, UINT64_C(0xc000000000000000), 0x2ffff);
    expect_fr(v, 42, UINT64_C(0x8000000000000000), 0xffff);
    poke_bytes(v, GPA + 16, "bff80000000000003ff0000000000000");
    load(v, LDFP(10, 43, FS_D, LD_NONE), A + 16);
    expect_fr(v, 10, UINT64_C(0xc000000000000000), 0x2ffff);
    expect_fr(v, 43, UINT64_C(0x8000000000000000), 0xffff);
    mmu_set_psr(v, 0, PSR_BE);
    mmu_poke(v, GPA + 16, 5);
    mmu_poke(v, GPA + 24, 6);
    load(v, LDFP(11, 44, FS_SIG, LD_NONE), A + 16);
    expect_fr(v, 11, 5, 0x1003e);
    expect_fr(v, 44, 6, 0x1003e);
}

static void test_alignment(void **state)
{
    struct vcpu *v = *state;
    static const uint8_t aligns[] = { 4, 8, 8, 16, 16 };

    mmu_set_psr(v, PSR_AC, 0);
    for (unsigned i = 0; i < 5; i++) {
        uint64_t a = A + aligns[i], odd = a + aligns[i] / 2;

        load(v, LDF(8, formats[i].fsize, LD_NONE), a);
        assert_int_equal(op_load_fp(v, LDF(8, formats[i].fsize, LD_NONE), odd, 0, NULL), OPR_FAULT);
        mmu_expect(v, FAULT_UNALIGNED, ISR_R, odd);
        assert_int_equal(op_store_fp(v, STF(1, formats[i].fsize), odd, 0, NULL), OPR_FAULT);
        mmu_expect(v, FAULT_UNALIGNED, ISR_W, odd);
    }
    assert_int_equal(op_load_fp(v, LDFP(8, 9, FS_S, LD_NONE), A + 4, 0, NULL), OPR_FAULT);
    assert_int_equal(op_load_fp(v, LDFP(8, 9, FS_D, LD_NONE), A + 8, 0, NULL), OPR_FAULT);
    mmu_set_psr(v, 0, PSR_AC);
    load(v, LDFP(8, 9, FS_D, LD_NONE), A + 8);
    load(v, LDF(8, FS_E, LD_NONE), A + 0xff6); /* the ten bytes end at the page's end */
    assert_int_equal(op_load_fp(v, LDF(8, FS_E, LD_NONE), A + 0xff7, 0, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_UNALIGNED, ISR_R, A + 0xff7);
}

static void test_natval(void **state)
{
    struct vcpu *v = *state;

    fr_set(v, 8, FP_NATVAL);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(op_store_fp(v, STF(8, formats[i].fsize), A, 0, NULL), OPR_FAULT);
        assert_int_equal(v->fault.kind, FAULT_REG_NAT);
        assert_int_equal(v->fault.isr, ISR_W | 0x10);
    }
    store(v, STF(8, FS_FILL), A);
    load(v, LDF(40, FS_FILL, LD_FILL), A);
    expect_fr(v, 40, 0, 0x1fffe);
}

static void test_speculative(void **state)
{
    struct vcpu *v = *state;
    uint64_t unmapped = UINT64_C(0x2000000000f00000);

    poke_bytes(v, GPA, "000000000000f8bf");
    v->spec_nat = 0;
    load(v, LDF(8, FS_D, LD_S), A);
    expect_fr(v, 8, UINT64_C(0xc000000000000000), 0x2ffff);
    v->spec_nat = 1; /* the address was a NaT */
    load(v, LDF(8, FS_D, LD_S), A);
    expect_fr(v, 8, 0, 0x1fffe);
    v->spec_nat = 0;
    assert_int_equal(op_load_fp(v, LDF(9, FS_D, LD_S), unmapped, 0, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_ALT_DATA_TLB, ISR_R | ISR_SP, unmapped);
    mmu_set_psr(v, PSR_ED, 0);
    load(v, LDFP(9, 50, FS_D, LD_SA), unmapped);
    expect_fr(v, 9, 0, 0x1fffe);
    expect_fr(v, 50, 0, 0x1fffe);
}

static bool chk(struct vcpu *v, unsigned f)
{
    uint64_t hit;

    assert_int_equal(op_alat_check(v, f | ALAT_FR, 0, 0, &hit), OPR_OK);
    return hit;
}

static void test_advanced(void **state)
{
    struct vcpu *v = *state;
    uint64_t io = UINT64_C(0xc000000000000000);

    for (unsigned be = 0; be < 2; be++) {
        mmu_set_psr(v, be ? PSR_BE : 0, PSR_BE);
        for (unsigned i = 0; i < 4; i++) {
            poke_bytes(v, GPA, be ? formats[i].be : formats[i].le);
            load(v, LDF(33, formats[i].fsize, LD_A), A);
            expect_fr(v, 33, formats[i].sig, formats[i].se);
            assert_true(chk(v, 33));
            v->frot--; /* rotation */
            assert_true(chk(v, 34));
            assert_false(chk(v, 33));
            v->frot++;
            assert_int_equal(mem_store(v, A + formats[i].size - 1, 1, 0, 0x3e), OPR_OK);
            assert_false(chk(v, 33));
        }
    }
    /* a pair's second register is not known to the table: its check misses */
    poke_bytes(v, GPA, "bfc000003f800000bfc000003f800000");
    load(v, LDFP(8, 9, FS_D, LD_A), A);
    load(v, LDFP(10, 11, FS_S, LD_A), A);
    assert_false(chk(v, 8));
    assert_false(chk(v, 10));
    load(v, LDF(8, FS_D, LD_A), A);
    load(v, LDF(8, FS_D, LD_C_NC), A); /* always reloads; its entry goes */
    assert_false(chk(v, 8));
    /* uncacheable: zero, no entry, no access */
    mmu_map(v, TLB_DATA, io, MMU_MMIO, 14, PTE(3, 3, MA_UC));
    load(v, LDFP(8, 9, FS_D, LD_A), io);
    expect_fr(v, 8, 0, 0);
    expect_fr(v, 9, 0, 0);
    assert_false(chk(v, 8));
    assert_int_equal(mmu_device.reads, 0);
    /* plain ones from a device */
    mmu_device.answer = UINT64_C(0xbff8000000000000);
    mmu_set_psr(v, 0, PSR_BE);
    load(v, LDF(8, FS_D, LD_NONE), io);
    expect_fr(v, 8, UINT64_C(0xc000000000000000), 0x2ffff);
}

/* Faults leave both registers of a pair alone. */
static void test_no_partial_effect(void **state)
{
    struct vcpu *v = *state;
    struct ia64_fr one = { 1, 1 };

    fr_set(v, 8, one);
    fr_set(v, 9, one);
    assert_int_equal(op_load_fp(v, LDFP(8, 9, FS_D, LD_NONE), A + 0xff8, 0, NULL), OPR_FAULT);
    mmu_expect(v, FAULT_UNALIGNED, ISR_R, A + 0xff8);
    expect_fr(v, 8, 1, 1);
    expect_fr(v, 9, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_formats, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_pairs, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_alignment, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_natval, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_speculative, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_advanced, setup, mmu_teardown),
        cmocka_unit_test_setup_teardown(test_no_partial_effect, setup, mmu_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
