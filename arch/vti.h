/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual processors (VT-i): what is virtualized, which virtual processor is loaded, its VPD, intercepts and virtual
 * interrupts (SDM Vol.2 11.7; docs/vti.md). Vcpu's own thread unless said.
 */
#ifndef ARCH_VTI_H
#define ARCH_VTI_H

#include "abi/vpd.h"
#include "arch/mem_access.h"
#include "arch/vcpu.h"
#include "arch/vm.h"
#include "isa/isa.h"

/* ---- the table of virtualized instructions (arch/vti_table.c) ---- */

/* One instruction. All zero: not virtualized. */
struct vti_row {
    uint8_t cause;    /* enum kia_vti_cause */
    uint16_t vac;     /* KIA_VAC_* that can spare its intercept, or for probe, ask for it */
    uint8_t vdc;      /* KIA_VDC_*, the same */
    const char *name; /* as docs/vti.md has it */
};
extern const struct vti_row vti_table[OP_COUNT];

/* ---- the VPD ---- */

#define VPD_OFFSET(field) offsetof(struct kia_vpd, field)

/* A word of the loaded virtual processor's VPD. @offset: below 4 KiB, multiple of 8. */
static inline uint64_t vpd_get(const struct vcpu *v, size_t offset)
{
    uint64_t value = ram_load(v->vti.vpd + offset, 8);

    return v->vti.be ? __builtin_bswap64(value) : value;
}

static inline void vpd_set(const struct vcpu *v, size_t offset, uint64_t value)
{
    ram_store(v->vti.vpd + offset, 8, v->vti.be ? __builtin_bswap64(value) : value);
}

static inline uint64_t vpd_cr(const struct vcpu *v, unsigned cr)
{
    return vpd_get(v, VPD_OFFSET(vcr) + 8 * (size_t)cr);
}

static inline void vpd_set_cr(const struct vcpu *v, unsigned cr, uint64_t value)
{
    vpd_set(v, VPD_OFFSET(vcr) + 8 * (size_t)cr, value);
}

/* ---- what is in force for the guest's instruction of a table row; 0 while no virtual processor is loaded ---- */
static inline unsigned vti_vac(const struct vcpu *v, enum isa_op op) { return v->vti.vac & vti_table[op].vac; }
static inline unsigned vti_vdc(const struct vcpu *v, enum isa_op op) { return v->vti.vdc & vti_table[op].vdc; }

/* psr.vm = 1 and nothing of @op's row is in force: the caller raises the Virtualization fault. */
static inline bool vti_intercepts(const struct vcpu *v, enum isa_op op)
{
    return v->psr & PSR_VM && !(vti_vac(v, op) | vti_vdc(v, op));
}

static inline enum op_result vti_fault(struct vcpu *v) { return fault_raise(v, FAULT_VIRTUALIZATION, 0); }

/* The guest's psr: vpsr, with the bits that the machine's psr holds for it. A virtual processor is loaded. */
uint64_t vti_psr(const struct vcpu *v);

/**
 * vti_change_psr - ssm, rsm or mov psr.l at psr.vm = 1
 * @op: which of them
 * @mask: bits of psr{31:0} that are to change to those of @value
 * Return: OPR_FAULT with a Virtualization fault where an acceleration or disable is missing; else as psr changes do.
 */
enum op_result vti_change_psr(struct vcpu *v, enum isa_op op, uint64_t mask, uint64_t value);

/* bsw at psr.vm = 1 with a_bsw. @bank: 0 or 1. */
enum op_result vti_bsw(struct vcpu *v, unsigned bank);

/* For the log, if there is one. */
static inline void vti_note(struct vcpu *v, enum vti_event event, uint64_t a, uint64_t b)
{
    if (__builtin_expect(v->vm->vti_note != NULL, 0))
        v->vm->vti_note(v->vm->opaque, v, event, a, b);
}

/* ---- virtual processors ---- */

/**
 * vti_load - makes the virtual processor of a VPD the loaded one: PAL_VP_RESTORE, PAL_VPS_RESTORE
 * @vpd: virtual address
 * CR.IVA stays. Return: OPR_OK; OPR_FAULT: a reference faulted, or with FAULT_ILLEGAL_OP: PAL has not created it.
 */
enum op_result vti_load(struct vcpu *v, uint64_t vpd);
/* None is loaded any more: PAL_VP_SAVE, leaving the environment, reset. */
void vti_unload(struct vcpu *v);
/* Reads vac, vdc and VCPUID[4] of the loaded one anew. */
void vti_sync(struct vcpu *v);
/* vm, vpsr.i, vtpr or vhpi may have changed: sets or clears ATTN_VIRT. */
void vti_update(struct vcpu *v);
/* Delivers a virtual external interrupt if one is due. Return: true if it did. */
bool vti_interrupt(struct vcpu *v);
/* PAL's part of a Virtualization fault, after its delivery: GR24, GR25 and the hypervisor's handler. */
void vti_intercept(struct vcpu *v);

/**
 * op_vps - a PAL virtualization service, entered through its gate at cpl 0 and psr.vm = 0
 * @imm: KIA_VPS_* offset
 * Return: OPR_BRANCH, or OPR_FAULT (the gate is the instruction that faults).
 */
enum op_result op_vps(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out);
/* vmsw. imm = 0/1; a = address of its bundle. */
enum op_result op_vmsw(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out);
/* tf at psr.vm = 1: *out = bit imm of the CPUID[4] that the guest may see. */
enum op_result op_guest_feature(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out);
/* An instruction of CPUID[4] bit imm at psr.vm = 1: Illegal Operation where a_tf hides it. */
enum op_result op_need_feature(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out);

/* vhpt.c: thash and ttag with given registers instead of the processor's. */
uint64_t vhpt_hash_of(const struct vcpu *v, uint64_t gva, uint64_t rr, uint64_t pta);
uint64_t vhpt_tag_of(const struct vcpu *v, uint64_t gva, uint64_t rr);

#endif
