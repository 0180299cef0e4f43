/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The indexed files: region, protection key, breakpoint, performance monitor and CPUID registers.
 * Source: SDM Vol.2 4.1.2, 4.1.3, 7.1, 7.2; 1:34.
 *
 * Performance monitors 0-15 are storage: nothing is counted, so none overflows and PMV's vector is never
 * raised.
 */
#include "arch/interruption.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "arch/vti.h"

enum { N_PM = 16 };

#define PKR_V UINT64_C(1)
#define PKR_KEY(pkr) ((pkr) >> 8 & 0xffffff)
#define PMC_PM (UINT64_C(1) << 6)
#define PMD_BITS UINT64_C(0x7fffffffffff) /* 47-bit counters */

/*
 * Fields of a PMC that Montecito keeps: freeze and overflow bits; plm ev oi pm es umask threshold enable ism
 * of a counter.
 */
static uint64_t pmc_bits(unsigned i)
{
    if (i == 0)
        return UINT64_C(0xfff1);
    return i < 4 ? UINT64_C(0) : UINT64_C(0x7c7fff7f);
}

static bool rr_reserved(const struct vm *vm, uint64_t value)
{
    uint64_t rid_end = UINT64_C(1) << (8 + vm->rid_bits);

    return value & 2 || value >= rid_end || !(vm->page_sizes >> (value >> 2 & 0x3f) & 1);
}

static bool pkr_reserved(const struct vm *vm, uint64_t value)
{
    return value & 0xf0 || value >= UINT64_C(1) << (8 + vm->key_bits);
}

static enum op_result rr_write(struct vcpu *v, unsigned i, uint64_t value)
{
    if (v->rr[i] == value)
        return OPR_OK;
    v->rr[i] = value;
    mmu_update_tags(v);
    return OPR_EXIT;
}

/* A valid key is in one register only. */
static enum op_result pkr_write(struct vcpu *v, unsigned i, uint64_t value)
{
    if (value & PKR_V)
        for (unsigned k = 0; k < N_PKR; k++)
            if (PKR_KEY(v->pkr[k]) == PKR_KEY(value))
                v->pkr[k] &= ~PKR_V;
    v->pkr[i] = value;
    mmu_update_tags(v);
    return OPR_EXIT;
}

/* Breakpoint registers: an even one is an address, an odd one has ignored bits. */
static enum op_result br_write(struct vcpu *v, uint64_t *regs, unsigned i, uint64_t value, uint64_t odd_bits)
{
    regs[i] = i & 1 ? value & odd_bits : value;
    mmu_update_tags(v);
    return OPR_EXIT;
}

#define DBR_ODD UINT64_C(0xcfffffffffffffff)
#define IBR_ODD UINT64_C(0x8fffffffffffffff)

/* One past the highest index whose use is no Reserved Register/Field fault. */
static unsigned file_size(const struct vcpu *v, enum indexed_file file)
{
    switch (file) {
    case FILE_RR:
        return 8;
    case FILE_DBR:
    case FILE_IBR:
        return 2 * N_BR_PAIRS;
    case FILE_PKR:
        return N_PKR;
    case FILE_CPUID:
        return sizeof(v->cpuid) / sizeof(v->cpuid[0]);
    default: /* absent performance monitors read 0 and ignore writes (SDM 2:156) */
        return 256;
    }
}

static unsigned file_index(enum indexed_file file, uint64_t index)
{
    return file == FILE_RR ? (unsigned)(index >> 61) : (unsigned)(index & 0xff);
}

static bool value_reserved(const struct vcpu *v, enum indexed_file file, uint64_t value)
{
    if (file == FILE_RR)
        return rr_reserved(v->vm, value);
    return file == FILE_PKR && pkr_reserved(v->vm, value);
}

/* The instruction of the table of virtualized ones. */
static enum isa_op move_to(enum indexed_file file)
{
    static const uint16_t ops[] = { [FILE_RR] = OP_MOV_TO_RR,   [FILE_DBR] = OP_MOV_TO_DBR, [FILE_IBR] = OP_MOV_TO_IBR,
                                    [FILE_PKR] = OP_MOV_TO_PKR, [FILE_PMC] = OP_MOV_TO_PMC, [FILE_PMD] = OP_MOV_TO_PMD,
                                    [FILE_CPUID] = OP_INVALID };

    return ops[file];
}

static enum isa_op move_from(enum indexed_file file)
{
    static const uint16_t ops[] = { [FILE_RR] = OP_MOV_FROM_RR,   [FILE_DBR] = OP_MOV_FROM_DBR,
                                    [FILE_IBR] = OP_MOV_FROM_IBR, [FILE_PKR] = OP_MOV_FROM_PKR,
                                    [FILE_PMC] = OP_MOV_FROM_PMC, [FILE_PMD] = OP_MOV_FROM_PMD,
                                    [FILE_CPUID] = OP_MOV_FROM_CPUID };

    return ops[file];
}

enum op_result op_mov_to_indexed(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    enum indexed_file file = (enum indexed_file)imm;
    unsigned i = file_index(file, a);

    (void)out;
    if (i >= file_size(v, file) || value_reserved(v, file, b))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    if (vti_intercepts(v, move_to(file)))
        return vti_fault(v);
    switch (file) {
    case FILE_RR:
        return rr_write(v, i, b);
    case FILE_PKR:
        return pkr_write(v, i, b);
    case FILE_DBR:
        return br_write(v, v->dbr, i, b, DBR_ODD);
    case FILE_IBR:
        return br_write(v, v->ibr, i, b, IBR_ODD);
    case FILE_PMC:
        if (i < N_PM)
            v->pmc[i] = b & pmc_bits(i);
        return OPR_OK;
    case FILE_PMD:
        if (i >= 4 && i < N_PM)
            v->pmd[i] = b & PMD_BITS;
        return OPR_OK;
    default: /* CPUID has no write form */
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    }
}

/* Users see 0 in counters that are secured or count for the kernel (SDM 2:156). */
static uint64_t pmd_read(const struct vcpu *v, unsigned i)
{
    if (i >= N_PM || (vcpu_cpl(v) && (v->psr & PSR_SP || v->pmc[i] & PMC_PM)))
        return 0;
    return v->pmd[i];
}

enum op_result op_mov_from_indexed(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    enum indexed_file file = (enum indexed_file)imm;
    unsigned i = file_index(file, a);

    (void)b;
    if (i >= file_size(v, file))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    if (file != FILE_PMD && vti_intercepts(v, move_from(file)))
        return vti_fault(v);
    switch (file) {
    case FILE_RR:
        *out = v->rr[i];
        break;
    case FILE_DBR:
        *out = v->dbr[i];
        break;
    case FILE_IBR:
        *out = v->ibr[i];
        break;
    case FILE_PKR:
        *out = v->pkr[i];
        break;
    case FILE_PMC:
        *out = i < N_PM ? v->pmc[i] : 0;
        break;
    case FILE_PMD:
        *out = pmd_read(v, i);
        break;
    case FILE_CPUID:
        *out = v->psr & PSR_VM ? vpd_get(v, VPD_OFFSET(vcpuid) + 8 * (size_t)i) : v->cpuid[i];
        break;
    }
    return OPR_OK;
}
