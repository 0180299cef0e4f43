/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor with its translation for tests: 16 MiB of RAM at 0 and a device at MMU_MMIO. Translation is on, psr.ic = 1, the
 * region registers hold rid 0x100 + region with 16 KiB pages and no VHPT.
 */
#ifndef TESTS_ARCH_MMU_FIXTURE_H
#define TESTS_ARCH_MMU_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/alat.h"
#include "arch/interruption.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "arch/tlb.h"
#include "arch/vcpu.h"
#include "arch/vm.h"
#include "isa/isa.h"
#include "mem/mem.h"

#define MMU_RAM_SIZE UINT64_C(0x1000000)
#define MMU_MMIO UINT64_C(0xf0000000)
#define MMU_RID UINT64_C(0x100)

/* Fields of a translation: rights, privilege, attribute. */
#define PTE(ar, pl, ma) (PTE_P | PTE_A | PTE_D | (uint64_t)(ar) << 9 | (uint64_t)(pl) << 7 | (uint64_t)(ma) << 2)
#define PTE_RW PTE(2, 0, MA_WB)
#define PTE_RWX PTE(3, 0, MA_WB)
#define PTE_USER PTE(3, 3, MA_WB)

/* What the device saw last, and what it answers. */
extern struct mmu_device {
    uint64_t offset, value, answer;
    unsigned size, reads, writes;
} mmu_device;

/* The last code_changed call. */
extern struct mmu_code_change {
    uint64_t gpa, len;
    unsigned count;
} mmu_code_change;

int mmu_setup(void **state);
int mmu_teardown(void **state);
/* A second processor of the same machine. */
struct vcpu *mmu_add_vcpu(struct vm *vm);

/* Inserts a TC entry (itc). @pte without ppn. */
void mmu_map(struct vcpu *v, enum tlb_kind kind, uint64_t gva, uint64_t gpa, unsigned ps, uint64_t pte);
void mmu_map_key(struct vcpu *v, enum tlb_kind kind, uint64_t gva, uint64_t gpa, unsigned ps, uint64_t pte, uint32_t key);
void mmu_set_psr(struct vcpu *v, uint64_t set, uint64_t clear);
void mmu_set_cpl(struct vcpu *v, unsigned cpl);
void mmu_set_rr(struct vcpu *v, unsigned region, uint64_t rid, unsigned ps, bool ve);
/* Code page at MMU_CODE with ITLB.ed = @ed, where v->ip points. */
#define MMU_CODE UINT64_C(0xe000000000010000)
void mmu_map_code(struct vcpu *v, bool ed);

/* RAM's words as the host sees them. */
uint64_t mmu_peek(struct vcpu *v, uint64_t gpa);
void mmu_poke(struct vcpu *v, uint64_t gpa, uint64_t value);

/* Asserts what v->fault holds; the ITIR is region @region's default. */
void mmu_expect(struct vcpu *v, enum fault kind, uint64_t isr, uint64_t ifa);

uint64_t mmu_random(uint64_t *seed);

#endif
