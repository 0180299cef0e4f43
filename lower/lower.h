/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lowering: the builder that lowering functions write into, and the translation of one unit. */
#ifndef LOWER_LOWER_H
#define LOWER_LOWER_H

#include "isa/isa.h"
#include "lower/ir.h"

enum { LOWER_GATE_VPS = 1 << 20 };
enum { LOWER_MAX_OPS = 4096, LOWER_MAX_VALS = 4096, LOWER_MAX_INSNS = 96 };

/* The builder. Lowering functions use the ir_*() functions below and read key and in; the rest is the builder's. */
struct lower {
    uint32_t key;          /* translation key of the unit: KEY_* */
    uint64_t cpuid4;       /* features of the model */
    bool ito;              /* CR.ITO exists */
    uint16_t pos;          /* of the instruction being lowered */
    uint32_t disp;         /* its bundle's displacement from the unit's first bundle */
    uint8_t slot;
    uint16_t isa_op;       /* of the instruction being lowered */
    bool mlx;              /* the bundle is MLX: the next instruction is in the next bundle after slot 1/2 */
    bool ended;            /* control cannot get past this instruction: the unit is complete */
    bool branches_back;    /* to the unit's own start: the instruction being lowered may end a loop */
    bool nat_exit;         /* IR_MAKE_NAT was emitted for this instruction */
    bool predicated;       /* inside an IR_SKIP region */
    unsigned depth;        /* of skip regions */
    /* builder */
    struct ir_op *ops;
    uint32_t n_ops, n_vals;
    bool overflow;
    ir_val gr_val[128];    /* temp that holds r's value now, 0 if unknown */
    ir_val nat_val[128];
    uint64_t gr_written[2];/* written since the region was entered */
    ir_val saved_gr[128], saved_nat[128];
    uint32_t const_of[LOWER_MAX_VALS]; /* op index + 1 of the IR_CONST that defines a temp, else 0 */
    uint32_t mf_done;
    uint32_t sof_checked;  /* stacked writes below this were checked, or alloc proved them */
    bool sof_exact;        /* an alloc in this unit fixed sof: sof_checked is it */
    uint16_t n_guest;
    struct ir_guest_insn guest[LOWER_MAX_INSNS];
};

/* A new op with nothing but @opcode and the present instruction's place, and a new temp: of the builder's own files. */
struct ir_op *ir_emit(struct lower *l, enum ir_opcode opcode);
ir_val ir_new_val(struct lower *l);

/* ---- values (lower/ir_values.c) ---- */
ir_val ir_const(struct lower *l, uint64_t value);
/* Address of the current bundle + @disp. */
ir_val ir_ip(struct lower *l, int64_t disp);
/* If @v is known to be constant, stores it. */
bool ir_is_const(const struct lower *l, ir_val v, uint64_t *value);

/* dst = a op b; folds constants and picks immediate forms. @op: IR_ADD .. IR_MUL, IR_EQ .. IR_LEU */
ir_val ir_bin(struct lower *l, enum ir_opcode op, ir_val a, ir_val b);
/* The immediate forms by name of the plain op: ir_bini(l, IR_ADD, a, 5), IR_SUB gives a - imm. @op also IR_LT etc. */
ir_val ir_bini(struct lower *l, enum ir_opcode op, ir_val a, uint64_t imm);
/* imm - a */
ir_val ir_subri(struct lower *l, uint64_t imm, ir_val a);
/* dst = op a: IR_SEXT1 .. IR_ZEXT4, IR_POPCNT, IR_CLZ, IR_BSWAP */
ir_val ir_un(struct lower *l, enum ir_opcode op, ir_val a);
ir_val ir_select(struct lower *l, ir_val cond, ir_val yes, ir_val no);
/* A call of a function without state or faults. */
ir_val ir_pure(struct lower *l, ir_pure_fn fn, ir_val a, ir_val b, uint64_t imm);

/* ---- guest registers ---- */
ir_val ir_gr(struct lower *l, unsigned r);
/* NaT as 0/1; constant 0 in units without KEY_NAT. */
ir_val ir_nat(struct lower *l, unsigned r);
/*
 * Writes value and NaT. The target must have been checked with ir_check_target() before the instruction's first effect.
 * A @nat that is not constant 0 in a unit without KEY_NAT makes the unit leave after the instruction if it is set.
 */
void ir_set_gr(struct lower *l, unsigned r, ir_val value, ir_val nat);
/* Illegal Operation for r0 or a stacked register out of frame. Emit first. */
void ir_check_target(struct lower *l, unsigned r);
ir_val ir_pr(struct lower *l, unsigned p);
void ir_set_pr(struct lower *l, unsigned p, ir_val v);          /* v is 0/1; p0 dropped */
void ir_set_pri(struct lower *l, unsigned p, bool v);
void ir_set_pr2(struct lower *l, unsigned p1, unsigned p2, ir_val v); /* p1 = v, p2 = !v */
ir_val ir_prw(struct lower *l);
void ir_set_prw(struct lower *l, ir_val v);
ir_val ir_br(struct lower *l, unsigned b);
void ir_set_br(struct lower *l, unsigned b, ir_val v);
/* A u64 field of struct vcpu: ir_st(l, offsetof(struct vcpu, lc)). */
ir_val ir_st(struct lower *l, size_t offset);
void ir_set_st(struct lower *l, size_t offset, ir_val v);
/* f2-f31 (PSR_MFL) or f32-f127 (PSR_MFH) is written. */
void ir_set_mf(struct lower *l, unsigned f);

/* ---- memory ---- */
/* Loads @size (1, 2, 4, 8) bytes zero-extended; psr.be is seen to. @flags: IR_MEM_ACQ. Unaligned is handled underneath. */
ir_val ir_load(struct lower *l, ir_val addr, unsigned size, uint32_t flags);
void ir_store(struct lower *l, ir_val addr, ir_val value, unsigned size, uint32_t flags);
void ir_fence(struct lower *l);

/* ---- calls and faults ---- */
/* @a, @b may be 0 (none). Unless @flags say otherwise all cached register values are dropped. */
ir_val ir_call(struct lower *l, ir_helper fn, uint64_t imm, ir_val a, ir_val b, uint32_t flags);
/* @imm as FPO_*; reads and writes floating-point registers, predicates and fpsr, nothing else. */
ir_val ir_fpop(struct lower *l, ir_helper fn, unsigned isa_op, uint64_t imm, ir_val a, ir_val b, uint32_t flags);
/* Raises always: nothing after it in this instruction's (predicated) region is reached. */
void ir_fault(struct lower *l, enum fault fault, uint64_t isr);
void ir_break(struct lower *l, uint64_t iim);
/* Register NaT Consumption if @nat is 1. @isr: ISR_* access bits | non-access code; the 0x10 of the code is added. */
void ir_nat_fault(struct lower *l, ir_val nat, uint64_t isr);

/* ---- control ---- */
/* Forward labels: l = ir_skip_z(...); ...; ir_here(l, label). Register values that the region wrote are forgotten there. */
ir_label ir_skip_pr(struct lower *l, unsigned p);  /* skips if PR[p] is 0 */
ir_label ir_skip_z(struct lower *l, ir_val v);
ir_label ir_skip_nz(struct lower *l, ir_val v);
void ir_here(struct lower *l, ir_label label);
void ir_rotate(struct lower *l);
/* Behind a branch back to the unit's start registers are read anew: what a loop reads need not be kept for what follows. */
void ir_loop_ended(struct lower *l);
/* alloc, cover: the frame now has exactly @sof registers; where sor changes too the caller leaves with ir_exit_next(). */
void ir_frame_changed(struct lower *l, unsigned sof);
/* Leaves for this bundle's address + @disp. */
void ir_exit(struct lower *l, int64_t disp, uint32_t flags);
void ir_exit_ind(struct lower *l, ir_val target, uint32_t flags);
/* Leaves for the next instruction: after system state changed. Nothing after it in this region is reached. Return: the op. */
struct ir_op *ir_exit_next(struct lower *l);

/* For the unit loop: the exit after an instruction that may have made a NaT; a firmware gate. */
void ir_exit_if_nat(struct lower *l);
void ir_gate(struct lower *l, unsigned gate);
/* A PAL virtualization service. @service: KIA_VPS_* (lower_sys.c). */
void lower_vps(struct lower *l, unsigned service);

/* ---- lowering functions ---- */
/* Called with the qualifying predicate already tested (inside its region), reserved encodings and features already seen to. */
typedef void (*lower_fn)(struct lower *l, const struct insn *in);
/* By enum isa_op; every op has one. Built from the per-file tables. */
extern const lower_fn lower_table[OP_COUNT];

/* True where the lowering function tests the qualifying predicate itself: cmp.unc, br.cloop, alloc, rfi, ... */
bool lower_handles_qp(const struct insn *in);

/* ---- one unit ---- */
struct lower_source {
    const struct bundle *code; /* host address of the first bundle */
    unsigned n_bundles;        /* bundles up to the end of the 4 KiB page */
    uint64_t gpa;              /* of the first bundle */
    unsigned slot;             /* first slot */
    uint32_t key;
    uint64_t cpuid4;
    bool ito;
    unsigned max_insns;        /* 1 for careful mode */
    /* A debugger's stops: {2:0} of [n] are the slots of bundle n of a page at which a unit starts anew. NULL: none. */
    const uint8_t *stops;
    /* Gate number of a bundle, LOWER_GATE_VPS + offset for a PAL virtualization service, or -1. */
    int (*gate)(void *opaque, uint64_t gpa);
    void *opaque;
    void *(*alloc)(void *opaque, size_t size); /* memory for the unit: one piece; NULL if there is none */
    void *alloc_opaque;
};
/* Working memory of a translator; NULL if there is none. */
struct lower_scratch;
struct lower_scratch *lower_scratch_create(void);
void lower_scratch_free(struct lower_scratch *s);
/* Translates, one at a time for one @s. NULL if @src->alloc gave none. Never fails for any bytes. */
struct ir_unit *lower_unit(struct lower_scratch *s, const struct lower_source *src);

#endif
