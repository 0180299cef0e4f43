/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plain references: loads and stores of 1 to 16 bytes, and the address of a semaphore's datum.
 *
 * Decided here where the manual leaves room (SDM Vol.2 4.5): with psr.ac = 0 a misaligned datum is done in one go if it stays
 * within 4 KiB of cacheable RAM; else Unaligned Data Reference. A semaphore or 16-byte reference to cacheable memory
 * without RAM behind it is an Unsupported Data Reference.
 */
#include "arch/debug.h"
#include "arch/mmu_ref.h"

#include "mem/mem.h"

void mem_locate(struct vcpu *v, uint64_t gva, uint64_t tag, struct mmu_ref *r)
{
    r->host = kia_mem_hva(v->mem, r->gpa & ~UINT64_C(0xfff), 4096);
    if (!r->host)
        return;
    if (r->ma == MA_WB) {
        bool accessed = !r->translated || (r->pte & PTE_A), dirty = !r->translated || (r->pte & PTE_D);

        soft_fill(v, gva, tag, r->gpa, r->host, accessed && (r->allowed & RIGHT_R),
                  accessed && dirty && (r->allowed & RIGHT_W));
    }
    r->host += r->gpa & 0xfff;
}

static inline unsigned ref_pl(const struct vcpu *v, unsigned flags)
{
    return flags & REF_RSE ? ref_rse_pl(v) : vcpu_cpl(v);
}

enum op_result mem_check(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, struct mmu_ref *r)
{
    unsigned align = size == 10 ? 16 : size;

    mmu_resolve(v, gva, size, flags, ref_pl(v, flags), r);
    if (r->miss || r->conds)
        return mmu_raise_first(v, gva, flags, ~0u, r);
    mem_locate(v, gva, mem_tag(v, gva, flags), r);
    if (!r->host) {
        if (gva & (align - 1))
            return mmu_raise(v, FAULT_UNALIGNED, gva, flags, 0);
        if (flags & (REF_SEM | REF_16))
            return mmu_raise(v, FAULT_UNSUPPORTED_DATA, gva, flags, 0);
    }
    if (v->watches && debug_watched(v, gva, size, flags))
        return OPR_FAULT;
    return OPR_OK;
}

void mem_read_ref(struct vcpu *v, const struct mmu_ref *r, unsigned size, uint64_t raw[2])
{
    unsigned first = size > 8 ? 8 : size;

    raw[0] = r->host ? ram_load(r->host, first) : kia_mmio_read(v->mem, r->gpa, first);
    if (size > 8)
        raw[1] = r->host ? ram_load(r->host + 8, size - 8) : kia_mmio_read(v->mem, r->gpa + 8, size - 8);
}

static void write_ref(struct vcpu *v, const struct mmu_ref *r, unsigned size, const uint64_t raw[2])
{
    unsigned first = size > 8 ? 8 : size;

    if (r->host) {
        ram_store(r->host, first, raw[0]);
        if (size > 8)
            ram_store(r->host + 8, size - 8, raw[1]);
        return;
    }
    kia_mmio_write(v->mem, r->gpa, first, raw[0] & mem_mask(first));
    if (size > 8)
        kia_mmio_write(v->mem, r->gpa + 8, size - 8, raw[1] & mem_mask(size - 8));
}

enum op_result mem_load(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t *value)
{
    const uint8_t *host = mem_probe(v, gva, size, flags, REF_R);
    uint64_t raw[2];

    if (host) {
        raw[0] = ram_load(host, size);
    } else {
        struct mmu_ref r;

        if (mem_check(v, gva, size, flags | REF_R, &r) != OPR_OK)
            return OPR_FAULT;
        mem_read_ref(v, &r, size, raw);
    }
    *value = mem_order(raw[0], size, flags & REF_BE);
    return OPR_OK;
}

enum op_result mem_store(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t value)
{
    uint8_t *host = mem_probe(v, gva, size, flags, REF_W);
    uint64_t raw[2] = { mem_order(value, size, flags & REF_BE), 0 };
    struct mmu_ref r;

    if (host) {
        ram_store(host, size, raw[0]);
        return OPR_OK;
    }
    if (mem_check(v, gva, size, flags | REF_W, &r) != OPR_OK)
        return OPR_FAULT;
    write_ref(v, &r, size, raw);
    return OPR_OK;
}

enum op_result mem_load16(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t value[2])
{
    struct mmu_ref r;

    r.host = mem_probe(v, gva, size, flags, REF_R);
    if (!r.host && mem_check(v, gva, size, flags | REF_R, &r) != OPR_OK)
        return OPR_FAULT;
    mem_read_ref(v, &r, size, value);
    return OPR_OK;
}

enum op_result mem_store16(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, const uint64_t value[2])
{
    struct mmu_ref r;

    r.host = mem_probe(v, gva, size, flags, REF_W);
    if (!r.host && mem_check(v, gva, size, flags | REF_W, &r) != OPR_OK)
        return OPR_FAULT;
    write_ref(v, &r, size, value);
    return OPR_OK;
}

enum op_result mem_rmw_hva(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, void **hva)
{
    struct mmu_ref r;

    flags |= REF_R | REF_W | REF_SEM | REF_ALIGNED;
    r.host = mem_probe(v, gva, size, flags, REF_R | REF_W);
    if (!r.host && mem_check(v, gva, size, flags, &r) != OPR_OK)
        return OPR_FAULT;
    *hva = r.host;
    return OPR_OK;
}
