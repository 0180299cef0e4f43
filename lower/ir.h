/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The internal ops (IR): what a unit of guest code becomes, before an engine interprets or compiles it.
 *
 * lower/ owns the ops, their builder and one lowering function per instruction. It may include isa/ and arch/.
 * A unit is built by one thread and is constant afterwards; any vcpu may run it.
 *
 * The model (docs/state.md): guest registers are variables, read and written by GET and SET ops; temps are single-assignment
 * 64-bit values, defined before use on every path. Control flow inside a unit goes forward only, to labels. An op that can
 * fault comes before every architected effect of its instruction; op->pos then names the instruction.
 */
#ifndef LOWER_IR_H
#define LOWER_IR_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/vcpu.h"

typedef uint16_t ir_val;   /* index of a temp; 0 is "none" */
typedef uint32_t ir_label;

/* A C function behind IR_CALL and IR_FPOP. @out is always writable. Sets v->fault itself for OPR_FAULT. */
typedef enum op_result (*ir_helper)(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out);
/* A C function behind IR_PURE: no state, no fault. */
typedef uint64_t (*ir_pure_fn)(uint64_t a, uint64_t b, uint64_t imm);

enum ir_opcode {
    IR_NOP,
    /* values */
    IR_CONST,   /* dst = imm */
    IR_IP,      /* dst = address of the unit's first bundle + imm */
    /* guest registers; c = index within the kind */
    IR_GET_GRS, /* r0-r31 */
    IR_GET_GRF, /* c = r - 32, in the frame */
    IR_GET_GRR, /* c = r - 32, rotating */
    IR_SET_GRS, /* = a */
    IR_SET_GRF,
    IR_SET_GRR,
    IR_GET_NAT, /* c = r0-r127; only in units of KEY_NAT */
    IR_SET_NAT, /* c = r, a = 0/1; only in units of KEY_NAT */
    IR_MAKE_NAT,/* c = r, a: sets the NaT bit if a != 0; in units without KEY_NAT. IR_EXIT_IF_NAT follows at the instruction's end */
    IR_EXIT_IF_NAT, /* if v->nat_any: leave for imm, slot c */
    IR_GET_PR,  /* c = p; dst = 0/1 */
    IR_SET_PR,  /* c = p, a = 0/1 */
    IR_SET_PRI, /* c = p, imm = 0/1 */
    IR_SET_PR2, /* {5:0} of c: p1 = a, {13:8}: p2 = !a; a = 0/1. p0 as a target is dropped */
    IR_GET_PRW, /* dst = all 64, by virtual number */
    IR_SET_PRW, /* = a | 1 */
    IR_GET_BR,  /* c = b */
    IR_SET_BR,
    IR_GET_ST,  /* dst = u64 at offset imm of struct vcpu */
    IR_SET_ST,  /* = a */
    IR_SET_MF,  /* psr |= imm (PSR_MFL, PSR_MFH) */
    /* arithmetic: dst = a op b; I forms: b is imm */
    IR_ADD, IR_SUB, IR_AND, IR_OR, IR_XOR, IR_ANDCM,
    IR_SHL, IR_SHR, IR_SAR,             /* by b: any count, above 63 gives 0 (SAR: the sign) */
    IR_MUL,                             /* low 64 bits */
    IR_ADDI, IR_SUBRI /* imm - a */, IR_ANDI, IR_ORI, IR_XORI, IR_SHLI, IR_SHRI, IR_SARI, /* counts 0-63 */
    IR_SEXT1, IR_SEXT2, IR_SEXT4, IR_ZEXT1, IR_ZEXT2, IR_ZEXT4,
    IR_POPCNT, IR_CLZ /* of 0: 64 */, IR_BSWAP /* 8 bytes */,
    IR_EQ, IR_NE, IR_LT, IR_LE, IR_LTU, IR_LEU,          /* dst = 0/1 */
    IR_EQI, IR_NEI, IR_LTI, IR_LEI, IR_GTI, IR_GEI, IR_LTUI, IR_LEUI, IR_GTUI, IR_GEUI,
    IR_SELECT,  /* dst = a ? b : c (c a temp) */
    IR_PURE,    /* dst = ((ir_pure_fn)fn)(a, b, imm) */
    /* guest memory: a = address, little-endian unless aux has IR_MEM_BE; may fault */
    IR_LD1, IR_LD2, IR_LD4, IR_LD8,     /* dst, zero-extended */
    IR_ST1, IR_ST2, IR_ST4, IR_ST8,     /* = b */
    IR_FENCE,   /* mf */
    /* calls; may fault, leave or branch as enum op_result says */
    IR_CALL,    /* dst = ((ir_helper)fn)(v, imm, a, b); aux: IR_CALL_*; c = enum isa_op */
    IR_FPOP,    /* the same; imm = FPO_* packed operands of arch/fp_ops.h, for engines that know better */
    /* faults */
    IR_FAULT,   /* c = enum fault, imm = isr bits */
    IR_BREAK,   /* imm = iim */
    IR_NAT_FAULT, /* if a != 0: Register NaT Consumption with imm = isr bits */
    IR_CHECK_SOF, /* if c >= sof (c = r - 32): Illegal Operation */
    /* control */
    IR_SKIP_PR, /* if PR[c] == 0: to label imm */
    IR_SKIP_Z,  /* if a == 0: to label imm */
    IR_SKIP_NZ, /* if a != 0 */
    IR_ROTATE,  /* rotate GR, FR, PR and rrb once */
    IR_EXIT,    /* leave for imm (displacement from the unit's first bundle), slot c; aux: IR_EXIT_* */
    IR_EXIT_IND,/* leave for address a & ~15, slot 0; aux: IR_EXIT_* */
    IR_GATE,    /* leave to the machine; imm = gate number; continues at slot 1 */
    IR_OPCODES
};

/* aux of loads and stores */
enum {
    IR_MEM_BE = 1 << 0,  /* psr.be */
    IR_MEM_ACQ = 1 << 1,
    IR_MEM_REL = 1 << 2,
};
/* aux of IR_CALL and IR_FPOP: what the function does to guest state beside its result. 0: anything. */
enum {
    IR_CALL_NO_GR = 1 << 0,  /* neither reads nor writes general registers or NaTs or the frame */
    IR_CALL_NO_FR = 1 << 1,  /* nor floating-point registers */
    IR_CALL_NO_PR = 1 << 2,  /* nor predicates */
    IR_CALL_READS_GR = 1 << 3, /* reads general registers but writes none */
    IR_CALL_NO_FAULT = 1 << 4, /* always OPR_OK */
    IR_CALL_PLAIN = 1 << 5,    /* changes neither mode nor translations: the next unit may as well run */
    IR_CALL_NEXT_SHIFT = 16,   /* {31:16}: pos of the instruction that follows, put in by the builder */
};
/* aux of exits */
enum {
    IR_EXIT_TAKEN = 1 << 0, /* a taken branch (taken-branch trap) */
    IR_EXIT_CALL = 1 << 1,  /* after br.call */
    IR_EXIT_RET = 1 << 2,   /* after br.ret */
    IR_EXIT_SOR = 1 << 3,   /* after an alloc that changed sor: {31:16} is the new one as KEY_SOR has it */
    IR_EXIT_UNLIKELY = 1 << 4, /* a branch hinted not taken, or a check; never to the unit's own start */
    IR_EXIT_SOR_SHIFT = 16,
};

struct ir_op {
    uint16_t op;    /* enum ir_opcode */
    ir_val dst, a, b;
    uint16_t c;
    uint16_t pos;   /* bundle number within the unit << 2 | slot of the guest instruction */
    uint32_t aux;
    uint64_t imm;
    void *fn;
};

static inline bool ir_is_skip(const struct ir_op *op)
{
    return op->op == IR_SKIP_PR || op->op == IR_SKIP_Z || op->op == IR_SKIP_NZ;
}

static inline bool ir_is_exit(const struct ir_op *op) { return op->op == IR_EXIT || op->op == IR_EXIT_IND; }

/* A virtualized instruction of a unit, for the hypervisor that gets its intercept. */
struct ir_guest_insn {
    uint16_t pos;
    uint8_t cause;   /* enum kia_vti_cause */
    uint64_t opcode; /* as GR25 has it */
};

/* A finished unit. */
struct ir_unit {
    struct ir_op *ops;
    uint32_t n_ops;
    uint32_t n_vals;    /* temps are 1 .. n_vals - 1 */
    uint32_t key;
    uint64_t gpa;       /* of the first bundle */
    uint8_t slot;       /* first slot */
    uint16_t n_bundles; /* bundles touched */
    uint16_t n_insns;   /* guest instructions */
    uint16_t n_guest;
    struct ir_guest_insn *guest; /* those that may intercept, by rising pos */
    uint16_t n_slots;   /* slots counted when it runs to its end: no way out counts more */
    bool invalid;       /* code changed: must not be entered any more */
};

/*
 * Slots are what deterministic machines count (docs/deterministic.md): three a bundle, so that positions alone say how many
 * have been passed. Slots from the unit's first instruction to the one at @pos:
 */
static inline unsigned ir_slots(const struct ir_unit *u, uint32_t pos) { return (pos >> 2) * 3 + (pos & 3) - u->slot; }

/* Slots passed when IR_EXIT, IR_EXIT_IND, IR_EXIT_IF_NAT or IR_GATE leaves: a taken branch counts as one. */
static inline unsigned ir_slots_exit(const struct ir_unit *u, const struct ir_op *op)
{
    if (op->op == IR_EXIT_IND || op->op == IR_GATE || (op->op == IR_EXIT && (op->aux & IR_EXIT_TAKEN)))
        return ir_slots(u, op->pos) + 1;
    return ir_slots(u, (uint32_t)(op->imm >> 4 << 2 | op->c));
}

/* Slots passed when IR_CALL or IR_FPOP gives @result, which is not OPR_OK. */
static inline unsigned ir_slots_call(const struct ir_unit *u, const struct ir_op *op, enum op_result result)
{
    if (result == OPR_FAULT)
        return ir_slots(u, op->pos);
    return result == OPR_BRANCH ? ir_slots(u, op->pos) + 1 : ir_slots(u, op->aux >> IR_CALL_NEXT_SHIFT);
}

#endif
