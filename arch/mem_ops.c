/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer memory instructions beyond plain loads and stores: advanced loads, spill and fill, 16 bytes, semaphores. */
#include "arch/alat.h"
#include "arch/debug.h"
#include "arch/mmu_ref.h"
#include "arch/ops.h"
#include "isa/isa.h"

static inline bool big_endian(const struct vcpu *v) { return v->psr & PSR_BE; }
static inline unsigned be_flag(const struct vcpu *v) { return big_endian(v) ? REF_BE : 0; }

/* ---- advanced loads ---- */

enum op_result mem_adv_load(struct vcpu *v, uint64_t gva, unsigned size, uint64_t raw[2], bool *done)
{
    struct mmu_ref r;
    unsigned flags = REF_R | REF_ADV;

    *done = true;
    r.host = mem_probe(v, gva, size, flags, REF_R);
    if (!r.host) {
        mmu_resolve(v, gva, size, flags, vcpu_cpl(v), &r);
        if (r.miss || r.conds)
            return mmu_raise_first(v, gva, flags, ~0u, &r);
        if (r.ma == MA_WB || r.ma == MA_WC)
            mem_locate(v, gva, mem_tag(v, gva, flags), &r);
        *done = r.host;
        if (!*done)
            return OPR_OK;
        if (v->watches && debug_watched(v, gva, size, flags))
            return OPR_FAULT;
    }
    mem_read_ref(v, &r, size, raw);
    return OPR_OK;
}

OP_HELPER(op_ld_adv)
{
    unsigned size = imm & 0xff, reg = imm >> 8 & 0xff;
    uint64_t raw[2] = { 0, 0 };
    bool done;

    (void)b;
    if (mem_adv_load(v, a, size, raw, &done) != OPR_OK)
        return OPR_FAULT;
    *out = mem_order(raw[0], size, big_endian(v));
    if (done)
        alat_record(v, reg, a, size, 0);
    else
        alat_drop(v, reg);
    return OPR_OK;
}

/* ---- spill and fill ---- */

OP_HELPER(op_ld_fill)
{
    (void)imm, (void)b;
    if (mem_load(v, a, 8, REF_ALIGNED | be_flag(v), out) != OPR_OK)
        return OPR_FAULT;
    v->spec_nat = v->unat >> (a >> 3 & 0x3f) & 1;
    return OPR_OK;
}

OP_HELPER(op_st_spill)
{
    uint64_t bit = UINT64_C(1) << (a >> 3 & 0x3f);

    (void)imm, (void)out;
    if (mem_store(v, a, 8, REF_ALIGNED | be_flag(v), b) != OPR_OK)
        return OPR_FAULT;
    v->unat = v->spec_nat & 1 ? v->unat | bit : v->unat & ~bit;
    return OPR_OK;
}

/* ---- 16 bytes ---- */

#if defined(__x86_64__)
/* cmpxchg16b, whatever the host's other processors do. */
__attribute__((target("cx16")))
static bool cas16(struct vcpu *v, void *p, uint64_t expected[2], const uint64_t desired[2])
{
    unsigned __int128 want = (unsigned __int128)expected[1] << 64 | expected[0];
    unsigned __int128 set = (unsigned __int128)desired[1] << 64 | desired[0];
    unsigned __int128 found = __sync_val_compare_and_swap((unsigned __int128 *)p, want, set);

    (void)v;
    expected[0] = (uint64_t)found;
    expected[1] = (uint64_t)(found >> 64);
    return found == want;
}
#else
/* Under a lock of the machine: atomic among 16-byte references. */
static bool cas16(struct vcpu *v, void *p, uint64_t expected[2], const uint64_t desired[2])
{
    uint64_t found[2];
    bool equal;

    while (atomic_flag_test_and_set_explicit(&v->vm->lock16, memory_order_acquire))
        ;
    found[0] = ram_load(p, 8);
    found[1] = ram_load((uint8_t *)p + 8, 8);
    equal = found[0] == expected[0] && found[1] == expected[1];
    if (equal) {
        ram_store(p, 8, desired[0]);
        ram_store((uint8_t *)p + 8, 8, desired[1]);
    }
    atomic_flag_clear_explicit(&v->vm->lock16, memory_order_release);
    expected[0] = found[0];
    expected[1] = found[1];
    return equal;
}
#endif

/* Checks a 16-byte aligned reference to RAM; its host address. */
static enum op_result locate16(struct vcpu *v, uint64_t gva, unsigned flags, uint8_t **host)
{
    struct mmu_ref r;

    flags |= REF_16 | REF_ALIGNED;
    r.host = mem_probe(v, gva, 16, flags, flags & (REF_R | REF_W));
    if (!r.host && mem_check(v, gva, 16, flags, &r) != OPR_OK)
        return OPR_FAULT;
    *host = r.host;
    return OPR_OK;
}

OP_HELPER(op_ld16)
{
    uint64_t raw[2] = { 0, 0 };
    const uint64_t zero[2] = { 0, 0 };
    uint8_t *host;

    (void)imm, (void)b;
    if (locate16(v, a, REF_R, &host) != OPR_OK)
        return OPR_FAULT;
    cas16(v, host, raw, zero); /* writes nothing but zero over zero */
    *out = mem_order(raw[0], 8, big_endian(v));
    v->csd = mem_order(raw[1], 8, big_endian(v));
    return OPR_OK;
}

OP_HELPER(op_st16)
{
    uint64_t raw[2] = { mem_order(b, 8, big_endian(v)), mem_order(v->csd, 8, big_endian(v)) };
    uint64_t old[2];
    uint8_t *host;

    (void)imm, (void)out;
    if (locate16(v, a, REF_W, &host) != OPR_OK)
        return OPR_FAULT;
    old[0] = ram_load(host, 8);
    old[1] = ram_load(host + 8, 8);
    while (!cas16(v, host, old, raw))
        ;
    return OPR_OK;
}

/* cmp8xchg16: 8 bytes at @a are compared; the 16 bytes around them are written. */
OP_HELPER(op_cmp8xchg16)
{
    unsigned flags = REF_R | REF_W | REF_SEM | REF_16 | REF_ALIGNED, half = a >> 3 & 1;
    uint64_t raw[2] = { mem_order(b, 8, big_endian(v)), mem_order(v->csd, 8, big_endian(v)) };
    uint64_t expected = mem_order(v->ccv, 8, big_endian(v));
    uint64_t old[2];
    struct mmu_ref r;

    (void)imm;
    r.host = mem_probe(v, a, 8, flags, REF_R | REF_W);
    if (!r.host && mem_check(v, a, 8, flags, &r) != OPR_OK)
        return OPR_FAULT;
    r.host -= 8 * half;
    old[0] = ram_load(r.host, 8);
    old[1] = ram_load(r.host + 8, 8);
    do {
        if (old[half] != expected) {
            mem_fence();
            break;
        }
    } while (!cas16(v, r.host, old, raw));
    *out = mem_order(old[half], 8, big_endian(v));
    return OPR_OK;
}

/* ---- semaphores ---- */

OP_HELPER(op_xchg)
{
    unsigned size = imm & 0xff;
    void *host;

    if (mem_rmw_hva(v, a, size, 0, &host) != OPR_OK)
        return OPR_FAULT;
    *out = mem_order(ram_xchg(host, size, mem_order(b & mem_mask(size), size, big_endian(v))), size, big_endian(v));
    return OPR_OK;
}

/* The zero-extended datum is compared with all of ar.ccv (SDM Vol.3, cmpxchg). */
OP_HELPER(op_cmpxchg)
{
    unsigned size = imm & 0xff;
    uint64_t found;
    void *host;

    if (mem_rmw_hva(v, a, size, 0, &host) != OPR_OK)
        return OPR_FAULT;
    if (v->ccv & ~mem_mask(size)) {
        mem_fence();
        found = ram_load(host, size);
    } else {
        found = ram_cmpxchg(host, size, mem_order(v->ccv, size, big_endian(v)),
                            mem_order(b & mem_mask(size), size, big_endian(v)));
    }
    *out = mem_order(found, size, big_endian(v));
    return OPR_OK;
}

OP_HELPER(op_fetchadd)
{
    unsigned size = imm & 0xff;
    int64_t inc = (int8_t)(imm >> 8 & 0xff);
    uint64_t old, found;
    void *host;

    (void)b;
    if (mem_rmw_hva(v, a, size, 0, &host) != OPR_OK)
        return OPR_FAULT;
    found = ram_load(host, size);
    do {
        uint64_t sum;

        old = found;
        sum = (mem_order(old, size, big_endian(v)) + (uint64_t)inc) & mem_mask(size);
        found = ram_cmpxchg(host, size, old, mem_order(sum, size, big_endian(v)));
    } while (found != old);
    *out = mem_order(old, size, big_endian(v));
    return OPR_OK;
}
