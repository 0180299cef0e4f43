/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interruptions by their SDM names: what can be raised, and the details that go into the control registers. */
#ifndef ARCH_FAULT_H
#define ARCH_FAULT_H

#include <stdint.h>

/* SDM Vol.2 table 5-1 and 5.5: one enumerator per interruption that is not a PAL-based one. */
enum fault {
    FAULT_NONE,
    /* instruction fetch */
    FAULT_UNIMPL_INST_ADDR, /* as a fault at the fetch; lower-privilege transfer vector */
    FAULT_ALT_INST_TLB,
    FAULT_VHPT_INST,
    FAULT_INST_TLB,
    FAULT_INST_PAGE_NOT_PRESENT,
    FAULT_INST_NAT_PAGE,
    FAULT_INST_KEY_MISS,
    FAULT_INST_KEY_PERMISSION,
    FAULT_INST_ACCESS_RIGHTS,
    FAULT_INST_ACCESS_BIT,
    FAULT_INST_DEBUG,
    /* decode and operands */
    FAULT_ILLEGAL_OP,
    FAULT_BREAK,
    FAULT_PRIV_OP,
    FAULT_DISABLED_FP, /* isr code: bit 0 low, bit 1 high */
    FAULT_DISABLED_ISA,
    FAULT_REG_NAT,
    FAULT_RESERVED_REG_FIELD,
    FAULT_UNIMPL_DATA_ADDR,
    FAULT_PRIV_REG,
    FAULT_VIRTUALIZATION,
    FAULT_SPECULATION,
    /* data references; isr has r w na sp rs ed and the non-access code */
    FAULT_NESTED_TLB,
    FAULT_ALT_DATA_TLB,
    FAULT_VHPT_DATA,
    FAULT_DATA_TLB,
    FAULT_DATA_PAGE_NOT_PRESENT,
    FAULT_DATA_NAT_PAGE,
    FAULT_DATA_KEY_MISS,
    FAULT_DATA_KEY_PERMISSION,
    FAULT_DATA_ACCESS_RIGHTS,
    FAULT_DATA_DIRTY,
    FAULT_DATA_ACCESS_BIT,
    FAULT_DATA_DEBUG,
    FAULT_UNALIGNED,
    FAULT_UNSUPPORTED_DATA,
    FAULT_FP,
    /* traps: the instruction is complete */
    FAULT_TRAP_UNIMPL_INST_ADDR,
    FAULT_TRAP_FP,
    FAULT_TRAP_LOWER_PRIVILEGE,
    FAULT_TRAP_TAKEN_BRANCH,
    FAULT_TRAP_SINGLE_STEP,
    /* between instructions */
    FAULT_EXTERNAL_INTERRUPT,
    FAULT_VIRTUAL_EXTERNAL_INTERRUPT,
    FAULT_COUNT,
    /* not architected: a reference that a debugger watches; never delivered */
    FAULT_WATCHPOINT = FAULT_COUNT,
};

/* Details of a pending interruption, in vcpu.fault. Fields that a vector does not use are ignored. */
struct fault_info {
    uint8_t kind;  /* enum fault */
    uint8_t cause; /* of a Virtualization fault, with opcode: filled in by the engine's run loop */
    uint64_t isr;  /* code and r w x na sp rs ed so bits; ei, ni and ir are added at delivery */
    uint64_t ifa;
    uint64_t itir;
    uint64_t iha;
    uint64_t iim;
    uint64_t opcode; /* as an intercept's GR25 has it */
};

/* ISR bits (SDM Vol.2 3.3.5.4). */
#define ISR_X  (UINT64_C(1) << 32)
#define ISR_W  (UINT64_C(1) << 33)
#define ISR_R  (UINT64_C(1) << 34)
#define ISR_NA (UINT64_C(1) << 35)
#define ISR_SP (UINT64_C(1) << 36)
#define ISR_RS (UINT64_C(1) << 37)
#define ISR_IR (UINT64_C(1) << 38)
#define ISR_NI (UINT64_C(1) << 39)
#define ISR_SO (UINT64_C(1) << 40)
#define ISR_EI_SHIFT 41
#define ISR_ED (UINT64_C(1) << 43)

#endif
