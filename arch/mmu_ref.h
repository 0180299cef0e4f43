/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One memory reference on its way through the checks of SDM Vol.2 4.1 to 4.5, inside arch/. Vcpu's own thread. */
#ifndef ARCH_MMU_REF_H
#define ARCH_MMU_REF_H

#include "arch/mem_access.h"
#include "arch/mmu.h"
#include "arch/tlb.h"

/* Flag beside REF_*: translate even if psr.dt = 0 (probe, tpa, tak). */
#define REF_VIRTUAL (1u << 10)
/* The walker's own reference: a miss does not walk. */
#define REF_NO_WALK (1u << 11)

/* What can be wrong with a reference that has a translation, in order of priority (SDM Vol.2 table 5-6). */
enum {
    COND_NOT_PRESENT = 1 << 0, /* precludes the others but COND_DEBUG */
    COND_NAT_PAGE = 1 << 1,
    COND_KEY_MISS = 1 << 2,    /* precludes COND_KEY_PERMISSION */
    COND_KEY_PERMISSION = 1 << 3,
    COND_RIGHTS = 1 << 4,
    COND_DIRTY = 1 << 5,
    COND_ACCESS = 1 << 6,
    COND_DEBUG = 1 << 7,
    COND_UNALIGNED = 1 << 8,
    COND_UNSUPPORTED = 1 << 9,
};

/* Access rights, as bits. */
enum { RIGHT_R = REF_R, RIGHT_W = REF_W, RIGHT_X = 4 };

struct mmu_ref {
    enum fault miss;   /* FAULT_NONE, FAULT_UNIMPL_DATA_ADDR or a TLB miss; then only conds' COND_DEBUG is valid */
    unsigned conds;
    uint64_t iha;      /* with a TLB miss */
    uint64_t gpa;      /* bit 63 cleared */
    uint64_t pte;      /* translated references */
    uint32_t key;
    unsigned allowed;  /* RIGHT_*: by access rights and keys */
    bool translated;
    uint8_t ma;        /* MA_* */
    uint8_t *host;     /* set by mem_check(): RAM, or NULL for a device */
};

static inline unsigned ref_rse_pl(const struct vcpu *v) { return v->rsc >> 2 & 3; }

/* RIGHT_* of a page for privilege level @pl (SDM Vol.2 table 4-2). */
unsigned mmu_rights(unsigned ar, unsigned page_pl, unsigned pl);

/* Finds translation and conditions of a data reference at privilege @pl. Raises nothing. */
void mmu_resolve(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, unsigned pl, struct mmu_ref *r);
/* Fills v->fault for a data reference. Nested TLB is chosen here. */
enum op_result mmu_raise(struct vcpu *v, enum fault kind, uint64_t gva, unsigned flags, uint64_t iha);
/* The fault of the first of @conds. */
enum fault mmu_cond_fault(unsigned conds);
/* Raises what mmu_resolve() found, conditions outside @mask disregarded; OPR_OK if nothing is left. */
enum op_result mmu_raise_first(struct vcpu *v, uint64_t gva, unsigned flags, unsigned mask, const struct mmu_ref *r);
/* True if a data debug register matches (whatever psr.db and psr.dd say). */
bool mmu_dbr_match(const struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, unsigned pl);

/* ---- arch/mem_ref.c ---- */

/* Checks a reference, makes its soft TLB entry and sets r->host. */
enum op_result mem_check(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, struct mmu_ref *r);
/* The second half of mem_check(), for a reference that was resolved and has no conditions. @tag: of the soft TLB entry. */
void mem_locate(struct vcpu *v, uint64_t gva, uint64_t tag, struct mmu_ref *r);
/* Reads 1-8, 10 or 16 bytes of a checked reference as little-endian words. */
void mem_read_ref(struct vcpu *v, const struct mmu_ref *r, unsigned size, uint64_t raw[2]);

static inline uint64_t mem_tag(const struct vcpu *v, uint64_t gva, unsigned flags)
{
    return flags & REF_RSE ? v->rse_tag[gva >> 61] : v->dtag[gva >> 61];
}

/* The soft TLB's host address for a whole datum, or NULL. @need: REF_R, REF_W or both. */
static inline uint8_t *mem_probe(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, unsigned need)
{
    const struct stlb_entry *e = stlb_slot(v, gva);
    uint64_t word = ((gva + size - 1) & ~UINT64_C(0xfff)) ^ mem_tag(v, gva, flags);
    unsigned align = size == 10 ? 16 : size;

    if (((need & REF_R) && word != e->tag_r) || ((need & REF_W) && word != e->tag_w))
        return NULL;
    if ((gva & (align - 1)) && ((v->psr & PSR_AC) || (flags & REF_ALIGNED)))
        return NULL;
    return (uint8_t *)(e->addend + (uintptr_t)gva);
}

/* ---- loads that need not succeed (arch/mem_spec.c, mem_ops.c) ---- */

enum op_result mem_spec_load(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t raw[2], bool *nat);
/* An advanced load; *done is false (and nothing was read) where the memory does not allow it: UC, devices. */
enum op_result mem_adv_load(struct vcpu *v, uint64_t gva, unsigned size, uint64_t raw[2], bool *done);

/* What a reading of @size bytes of memory puts into a floating-point register (arch/mem_fp.c). */
struct ia64_fr mem_fp_value(unsigned form, bool be, const uint64_t raw[2]);

#endif
