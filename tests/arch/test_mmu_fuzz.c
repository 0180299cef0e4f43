/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile guest: every register that translation reads holds anything, every operand is anything. Nothing may be touched
 * outside RAM and the processor's own state (the sanitizers see to that), and every answer must be a proper one.
 */
#include "tests/arch/mmu_fixture.h"

static uint64_t seed = 99;

static uint64_t any(void)
{
    uint64_t x = mmu_random(&seed);

    switch (mmu_random(&seed) >> 61) {
    case 0:
        return x;
    case 1:
        return x >> (mmu_random(&seed) & 63);
    case 2:
        return UINT64_C(1) << (x & 63);
    case 3:
        return (UINT64_C(1) << (x & 63)) - 1 + (x >> 62);
    case 4:
        return (x & UINT64_C(0xe000000000ffffff)) | (x >> 20 & 7) << 40;
    default:
        return (x & UINT64_C(0xe000000000000000)) | (x & 0x3ffff8);
    }
}

static void scramble(struct vcpu *v)
{
    unsigned what = mmu_random(&seed) >> 60;

    switch (what) {
    case 0:
    case 1:
        v->rr[any() & 7] = any();
        break;
    case 2:
        v->psr ^= any() & PSR_IMPLEMENTED & ~PSR_RI & ~(any() & (PSR_DT | PSR_RT | PSR_IT));
        break;
    case 3:
        v->psr |= PSR_DT | PSR_RT | PSR_IT;
        v->psr &= ~(PSR_DB | PSR_VM | PSR_PK | PSR_ED);
        break;
    case 4:
        v->cr[CR_PTA] = any();
        v->rr[any() & 7] = (any() & 0xffff00) | 14 << 2 | 1;
        break;
    case 5:
        v->pkr[any() % N_PKR] = any();
        break;
    case 6:
        v->dbr[any() % (2 * N_BR_PAIRS)] = any();
        v->ibr[any() % (2 * N_BR_PAIRS)] = any();
        break;
    case 7:
        v->rsc = any();
        v->cr[CR_DCR] = any();
        v->ip = any() & ~UINT64_C(15);
        v->spec_nat = any();
        break;
    case 8:
        v->vm->va_msb = 50 + any() % 11;
        v->vm->pa_bits = 32 + any() % 32;
        break;
    case 9:
        v->cfm = (any() % 97) | (any() % 13) << 14;
        break;
    default:
        break;
    }
    mmu_update_tags(v);
}

static enum op_result insert(struct vcpu *v, uint64_t *out)
{
    uint64_t pte = any() & ~(UINT64_C(0xfff) << 24); /* often RAM */

    v->cr[CR_IFA] = any() & 1 ? any() : v->fault.ifa;
    v->cr[CR_ITIR] = any() % 4 == 0 ? any() : (12 + any() % 22) << 2;
    if (any() & 7)
        pte = (pte & UINT64_C(0x3ffffffff000)) | PTE(any() & 7, any() & 3, 0);
    return any() % 16 ? op_itc(v, any() & 1, pte, 0, out) : op_itr(v, any() & 1, pte, any(), out);
}

static enum op_result purge(struct vcpu *v, uint64_t *out)
{
    switch (any() % 8) {
    case 0:
        return op_ptr(v, any() & 1, any(), any(), out);
    case 1:
        return any() % 64 ? OPR_OK : op_ptc_e(v, 0, any(), any(), out);
    case 2:
    case 3:
        return op_ptc_g(v, any() & 1, any(), any(), out);
    default:
        return op_ptc_l(v, 0, any(), any(), out);
    }
}

static enum op_result query(struct vcpu *v, uint64_t *out)
{
    switch (any() % 10) {
    case 0:
        return op_thash(v, 0, any(), 0, out);
    case 1:
        return op_ttag(v, 0, any(), 0, out);
    case 2:
        return op_tpa(v, 0, any(), 0, out);
    case 3:
        return op_tak(v, 0, any(), 0, out);
    case 4:
        return op_probe(v, any() & 1, any(), any(), out);
    case 5:
        return op_probe_fault(v, any() & 15, any(), 0, out);
    case 6:
        return op_fc(v, any() & 1, any(), 0, out);
    case 7:
        return op_lfetch_fault(v, any() & 1, any(), 0, out);
    case 8:
        return mmu_fetch(v, any() & ~UINT64_C(15), out, NULL);
    default:
        return op_va_unimplemented(v, 0, any(), 0, out);
    }
}

/* imm of op_load_fp(): there are no pairs of FS_E and FS_FILL. */
static uint64_t fp_operands(void)
{
    static const uint8_t forms[] = { FS_S, FS_D, FS_SIG, FS_E, FS_FILL };
    unsigned form = any() % 5;

    return (any() & 0x7f7f) | (uint64_t)forms[form] << 16 | (form < 3 ? any() & 1 : 0) << 20 | (any() % 8) << 24;
}

static enum op_result reference(struct vcpu *v, uint64_t *out)
{
    unsigned size = 1u << (any() & 3), reg = any() & 0x7f;
    uint64_t words[2] = { any(), any() };

    switch (any() % 14) {
    case 0:
        return mem_store(v, any(), size, any() & (REF_BE | REF_RSE | REF_ALIGNED), any());
    case 1:
        return op_ld_spec(v, MEM_IMM(size, reg, any() & 1 ? LD_S : LD_SA), any(), 0, out);
    case 2:
        return op_ld_adv(v, MEM_IMM(size, reg, LD_A), any(), 0, out);
    case 3:
        return op_alat_check(v, any() & 0x1ff, 0, 0, out);
    case 4:
        return op_xchg(v, size, any(), any(), out);
    case 5:
        return op_cmpxchg(v, size, any(), any(), out);
    case 6:
        return op_fetchadd(v, (size < 4 ? 4 : size) | (any() & 0xff) << 8, any(), 0, out);
    case 7:
        return any() & 1 ? op_ld16(v, 0, any(), 0, out) : op_st16(v, 0, any(), any(), out);
    case 8:
        return op_cmp8xchg16(v, 0, any(), any(), out);
    case 9:
        return any() & 1 ? op_ld_fill(v, 0, any(), 0, out) : op_st_spill(v, 0, any(), any(), out);
    case 10:
        return op_load_fp(v, fp_operands(), any(), 0, out);
    case 11:
        return op_store_fp(v, reg | (fp_operands() & 0xf0000), any(), 0, out);
    case 12:
        return any() & 1 ? mem_load16(v, any(), 16, 0, words) : mem_store16(v, any(), 10, 0, words);
    default:
        return mem_load(v, any(), size, any() & (REF_BE | REF_RSE | REF_ALIGNED), out);
    }
}

static void test_fuzz(void **state)
{
    struct vcpu *v = *state;
    unsigned faults[FAULT_COUNT] = { 0 }, done = 0, references = 0;

    for (unsigned step = 0; step < 600000; step++) {
        enum op_result result;
        uint64_t out;

        v->fault.kind = FAULT_NONE;
        switch (any() % 16) {
        case 0:
        case 1:
            scramble(v);
            continue;
        case 2:
        case 3:
            result = insert(v, &out);
            break;
        case 4:
            result = purge(v, &out);
            break;
        case 5:
        case 6:
            result = query(v, &out);
            break;
        default:
            result = reference(v, &out);
            references += result == OPR_OK;
            break;
        }
        assert_true(result == OPR_OK || result == OPR_EXIT || result == OPR_FAULT);
        if (result == OPR_FAULT) {
            assert_in_range(v->fault.kind, FAULT_NONE + 1, FAULT_COUNT - 1);
            assert_int_equal(v->fault.isr & ~(UINT64_C(0xff) | ISR_R | ISR_W | ISR_X | ISR_NA | ISR_SP | ISR_RS | ISR_ED), 0);
            faults[v->fault.kind]++;
        } else {
            done++;
        }
    }
    assert_true(done > 30000 && references > 15000);
    assert_true(faults[FAULT_ALT_DATA_TLB] && faults[FAULT_NESTED_TLB] && faults[FAULT_DATA_ACCESS_RIGHTS]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fuzz, mmu_setup, mmu_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
