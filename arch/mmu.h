/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory references: the slow path behind the inline probe of the soft TLB, and translation for fetches.
 * Source: SDM Vol.2 chapter 4. Vcpu's own thread.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "arch/vcpu.h"
#include "arch/vm.h"

/* Kinds of reference, for checks and ISR. */
enum {
    REF_R = 1 << 0,
    REF_W = 1 << 1,       /* semaphores: both */
    REF_RSE = 1 << 2,     /* mandatory RSE reference: psr.rt, rsc.pl, rsc.be, ISR.rs */
    REF_BE = 1 << 3,      /* byte order of the reference, from psr.be or rsc.be */
    REF_ALIGNED = 1 << 4, /* misalignment faults whatever psr.ac says */
    REF_SEM = 1 << 5,     /* semaphore: cacheable memory only */
    REF_16 = 1 << 6,      /* ld16, st16, cmp8xchg16 */
    REF_ADV = 1 << 7,     /* ld.a */
    REF_NA = 1 << 8,      /* non-access: ISR code in {15:12} */
    REF_SPEC = 1 << 9,    /* ld.s and its kin: ISR.sp */
    REF_NA_SHIFT = 12,
};

/*
 * The soft TLB probe, for engines: a reference of @size bytes at @gva may go straight to (entry->addend + gva) if
 *   ((gva + size - 1) & ~0xfff) ^ v->dtag[gva >> 61]  ==  tag_r or tag_w
 * with the entry at stlb[gva >> 12 & (STLB_SIZE - 1)], and it is naturally aligned or key has no KEY_AC. At cpl 3 all words of
 * dtag[] are the same.
 */
static inline struct stlb_entry *stlb_slot(struct vcpu *v, uint64_t gva)
{
    return &v->stlb[gva >> 12 & (STLB_SIZE - 1)];
}

static inline struct ftlb_entry *ftlb_slot(struct vcpu *v, uint64_t gva)
{
    return &v->ftlb[gva >> 12 & (FTLB_SIZE - 1)];
}

/* The fetch probe: the bundle at @gva has its page at (*gpa) if this says so; else mmu_fetch(). */
static inline bool ftlb_probe(struct vcpu *v, uint64_t gva, struct ftlb_entry **e)
{
    *e = ftlb_slot(v, gva);
    return ((gva & ~UINT64_C(0xfff)) ^ v->itag[gva >> 61]) == (*e)->tag;
}

/**
 * mem_load - any load of 1, 2, 4 or 8 bytes, in full: probe, walk, checks, MMIO, unaligned, debug registers; fills the soft TLB
 * @flags: REF_*; REF_R is implied
 * Return: OPR_OK with *value zero-extended and in register order, or OPR_FAULT.
 */
enum op_result mem_load(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t *value);
enum op_result mem_store(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t value);
/* 16 bytes (10 for ldfe), as two words in memory order of a little-endian reference. */
enum op_result mem_load16(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, uint64_t value[2]);
enum op_result mem_store16(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, const uint64_t value[2]);

/**
 * mem_rmw_hva - host address of a naturally aligned cacheable datum for a semaphore, all checks for read and write made
 * @hva: set for OPR_OK; never NULL then
 */
enum op_result mem_rmw_hva(struct vcpu *v, uint64_t gva, unsigned size, unsigned flags, void **hva);

/**
 * mmu_fetch - translate a bundle's address for execution at the current cpl
 * @gpa: physical address of the bundle
 * @page_ar_pl: if not NULL: access rights << 2 | page privilege level (for epc); 7 << 2 | 0 in physical mode
 * Return: OPR_OK, or OPR_FAULT with a fetch fault. Fills ftlb.
 */
enum op_result mmu_fetch(struct vcpu *v, uint64_t gva, uint64_t *gpa, unsigned *page_ar_pl);

/*
 * itlb.ed of the page that @v->ip lies in; false in physical mode (speculation deferral and ISR.ed, SDM Vol.2 5.5.5). Inside a
 * unit v->ip is the address of the unit, or of one in the same page that was linked to it, and a unit ends with its page.
 */
bool mmu_fetch_ed(struct vcpu *v);

/* True if @gva is unimplemented: {60:IMPL_VA_MSB} are not all equal (SDM Vol.2 4.3.2). One bit fewer while psr.vm = 1. */
static inline bool mmu_va_unimplemented(const struct vcpu *v, uint64_t gva)
{
    unsigned s = 60 - v->vm->va_msb + (v->psr & PSR_VM ? 1 : 0);

    return (uint64_t)((int64_t)(gva << (3 + s)) >> s) != gva << 3;
}

/* True if @gpa (bit 63, the attribute of physical mode, left out) is unimplemented. */
static inline bool mmu_pa_unimplemented(const struct vcpu *v, uint64_t gpa)
{
    return (gpa & INT64_MAX) >> v->vm->pa_bits;
}

/* Recomputes dtag, itag, rse_tag after psr, rr, pkr or rsc.pl changed. Does not flush anything that can be kept. */
void mmu_update_tags(struct vcpu *v);
/* Drops every soft TLB entry. */
void mmu_flush_soft(struct vcpu *v);

/* For lowering of thash and ttag: *out = 1 where @a is an unimplemented address (the result is then a NaT). */
enum op_result op_va_unimplemented(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out);

int tlb_create(struct vcpu *v);
void tlb_destroy(struct vcpu *v);
/* All TRs and TCs gone. */
void tlb_reset(struct vcpu *v);
void tlb_purge_all_tc(struct vcpu *v);

/*
 * ptc.g among processors (arch/tlb_sync.c). A vcpu's thread holds its TLB from tlb_guest_enter() to tlb_guest_leave(): around
 * the run loop, not while it sleeps or does a device's work. In between it calls tlb_serve() when ATTN_SYNC is set.
 */
void tlb_guest_enter(struct vcpu *v);
void tlb_guest_leave(struct vcpu *v);
void tlb_serve(struct vcpu *v);

/* PAL_VM_TR_READ: { pte, itir, ifa | valid, rr }; false if @index is out of range. */
bool tlb_tr_read(struct vcpu *v, bool data, unsigned index, uint64_t out[4]);

#endif
