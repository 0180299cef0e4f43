/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known about floating-point registers while a unit is compiled (docs/jit-fp.md).
 *
 * Registers are written through: memory always has the value, and an xmm register may hold a copy. What is
 * known of a register holds from the op that found it out until the register changes, on every path: at a
 * label, what was found out behind the skip that leads there is forgotten.
 */
#ifndef JIT_FP_STATE_H
#define JIT_FP_STATE_H

#include "arch/fp_ops.h"
#include "jit/compile.h"
#include "jit/fp_chain.h"
#include "jit/x64_fp.h"

enum { NO_FR = 0xff, NO_XMM = 0xff };
/* xmm0-xmm2 are scratch within an op. */
enum { XMM_S0, XMM_S1, XMM_S2, XMM_FIRST };

enum fp_known {
    FP_ANY,      /* nothing known; where arithmetic wants a double it is one, as a rule */
    FP_MIXED,    /* nothing known, and it may well be no double: conversions, filled registers */
    FP_EXTENDED, /* nothing known, and it hardly is a double: the result of register-precision arithmetic */
    FP_INT,      /* FP_EXP_INT and a significand */
    FP_DOUBLE,   /* a tagged double */
    FP_SINGLE,   /* a tagged double that is zero or a normal number of single precision */
};

/* What the xmm registers are copies of: NO_FR, or a register; and whether in single precision. */
struct fp_held {
    uint8_t f[X64_XMMS];
    uint16_t singles;
};

struct fp_reg {
    uint8_t known;       /* enum fp_known */
    uint8_t xmm;         /* copy of its value, or NO_XMM */
    int32_t known_at;    /* op that saw to it last */
    int32_t known_since; /* op from which on it holds; -1: from the loop's top */
    int32_t xmm_since;
};

/* Single precision in a double's bits: the fraction that a single has not, and the biased exponents of normal singles. */
enum { FP_SINGLE_REST = 0x1fffffff, FP_SINGLE_EXP_MIN = 1023 - 126, FP_SINGLE_EXPS = 254 };

enum { FP_COLD_JUMPS = 8, FP_WANTS = 4 };

/* The call of C behind an op that inline code could not do. */
struct fp_cold {
    const struct ir_op *op;
    uint8_t *from[FP_COLD_JUMPS];
    unsigned n_from;
    uint8_t *back;
    bool doubles;             /* the inline form is for tagged doubles */
    uint64_t wants;           /* what compiled code takes for granted afterwards: see jit_fp_slow() */
    struct fp_held held;      /* at @back */
};

/* fp_aside()'s code. */
struct fp_aside {
    const struct ir_op *op;
    uint8_t *from;
    unsigned x, y;
};

/* Copies in xmm registers at an op of somebody else that may call C out of line. */
struct fp_copies {
    const struct ir_op *op;
    struct fp_held held;
};

/* A chain's way in whose operands are no tagged doubles yet. */
struct fp_retry {
    const struct ir_op *op;
    uint8_t *from, *start, *slow; /* the jump here; where to try again; the steps */
    struct fp_held held;
};

struct fp_unit {
    struct fp_reg reg[128];
    struct fp_held held;
    uint8_t pins[FP_MAX_PINS];  /* registers that the loop has in xmm registers of their own: jit/fp_pins.c */
    uint8_t tags[FP_MAX_TAGS];  /* others that are tagged doubles at its top */
    unsigned n_pins, n_tags;
    uint8_t pin_of[128];        /* that xmm register, or NO_XMM */
    bool pin_single[128];       /* singles at the top of the loop */
    bool lazy[32];              /* pinned, and memory has an old value from the top of the loop to its end */
    uint32_t lazy_end;          /* index of the loop's last op */
    uint8_t *pins_enter, *pins_from[1 + 2 * FP_MAX_PINS]; /* the top, and the jumps if they are not what they should be */
    unsigned n_pins_from;
    uint32_t used_at[X64_XMMS]; /* op that used it last */
    uint32_t now;               /* op being emitted */
    uint32_t seen;              /* labels below this were seen to */
    uint32_t *skip_from;        /* by op: 1 + the first skip that leads there, 0 if none does */
    struct fp_cold *colds;
    unsigned n_colds, max_colds;
    struct fp_aside *asides;
    unsigned n_asides, max_asides;
    struct fp_copies *copies;
    unsigned n_copies, max_copies;
    struct fp_chain *chains;
    unsigned n_chains;
    uint16_t *segment_at; /* by op: 1 + chain * FP_CHAIN_SEGMENTS + segment that begins there, 0 */
    uint8_t *stub_from[FP_CHAINS][FP_CHAIN_SEGMENTS];
    uint32_t segment_end; /* ops before this may be jumped over by a chain's fast way, which leaves other things */
    struct fp_retry retries[FP_CHAINS];
    unsigned n_retries;
    bool frot_loaded; /* REG_FR has v->frot: within one op */
};

/* Base of f32-f127 within an op. */
enum { REG_FR = R10 };

/* Forgets everything about one register, or its copy only. */
void fp_forget(struct compile *c, unsigned f);
void fp_forget_xmm(struct compile *c, unsigned f);
void fp_forget_all(struct compile *c);
void fp_forget_copies(struct compile *c);
void fp_learn(struct compile *c, unsigned f, enum fp_known known);
/* Nothing is to be taken for granted of @f, which may be a double. */
void fp_doubt(struct compile *c, unsigned f);
/* A free xmm register; the copy used longest ago makes room. It belongs to nobody until fp_hold(). */
unsigned fp_take_xmm(struct compile *c);
/* @xmm is a copy of @f from now on; if @f is pinned, its own register becomes it. */
void fp_hold(struct compile *c, unsigned f, unsigned xmm);
/* The same for a value of FP_SINGLE, in single precision. */
void fp_hold_single(struct compile *c, unsigned f, unsigned xmm);
/* Is the copy of @f in single precision? */
bool fp_held_single(const struct compile *c, unsigned f);

/* Is memory's value of @f an old one, and its own xmm register what counts? */
static inline bool fp_is_lazy(const struct compile *c, unsigned f)
{
    return f < 32 && c->fp->lazy[f] && c->fp->now <= c->fp->lazy_end;
}

/* Offset of a register's slot from *@base, which REG_FR is loaded for if need be. */
int32_t fp_slot(struct compile *c, unsigned f, unsigned *base);

/* The op at @index is next: labels before it are seen to. */
void fp_reach(struct compile *c, uint32_t index);

/* ---- emitting an op; jit/emit_fp.c ---- */

/* A jump to the call of C, whose work then replaces all of the inline form's. */
void fp_slow_if(struct compile *c, const struct ir_op *op, enum x64_cc cc);
/* The same for a jump that was emitted elsewhere. */
void fp_slow_from(struct compile *c, const struct ir_op *op, uint8_t *from);
/* The same, because an operand is no tagged double. */
void fp_slow_unless_double(struct compile *c, const struct ir_op *op, enum x64_cc cc);
/* Loads copies from memory. Clobbers r10. */
void fp_reload_copies(struct compile *c, const struct fp_held *held);
/* There will be such jumps, from code out of line. */
void fp_slow_reserve(struct compile *c, const struct ir_op *op);
/* The call of C in the main path. */
void fp_call(struct compile *c, const struct ir_op *op);

/*
 * Where ZF is set: looks out of line whether both xmm registers hold numbers of a single's precision, and
 * goes to C if not. Keeps rax.
 */
void fp_aside(struct compile *c, const struct ir_op *op, unsigned x, unsigned y);

/* Flags go from MXCSR into FPSR. Clobbers r10 and FRAME_KEEP's first slot. jit/emit_fp_flags.c */
void fp_fold_flags(struct x64 *x);

/* True if @f may be a double, as far as is known. */
bool fp_may_be_double(const struct compile *c, unsigned f);
/* Goes to C unless the registers (f0 and f1 left out) are tagged doubles. Clobbers rax. */
void fp_prove_doubles(struct compile *c, const struct ir_op *op, const unsigned *f, unsigned n);
/*
 * Goes to C unless the registers' significands can be read from their slots: full forms up to the largest
 * positive number. Negative numbers, NaTVal, infinities and NaNs are above, and so is everything else.
 * Clobbers rax.
 */
void fp_prove_plain(struct compile *c, const struct ir_op *op, const unsigned *f, unsigned n);
/* A proven double's value in an xmm register; of f0 and f1 in @scratch. Clobbers rax. */
unsigned fp_value(struct compile *c, unsigned f, unsigned scratch);
/* The same of FP_SINGLE, in single precision. */
unsigned fp_single_value(struct compile *c, unsigned f, unsigned scratch);
/* f := the single in @xmm, a normal number or zero. Clobbers rax and XMM_S0. */
void fp_set_single(struct compile *c, unsigned f, unsigned xmm);
/* f := the double in @xmm, which came from fp_take_xmm() and becomes its copy. Clobbers rax. */
void fp_set_double(struct compile *c, unsigned f, unsigned xmm);
/* f := @sig as an integer. */
void fp_set_int(struct compile *c, unsigned f, unsigned sig);
/*
 * The se word that makes a double's bits in @f's slot a tagged double, if that is not known to be there.
 * Clobbers rax.
 */
void fp_set_tag(struct compile *c, unsigned f);

/*
 * rax has a single's bits: goes to C if the register form is not just that double: denormals, infinities,
 * NaNs. Clobbers rcx.
 */
void fp_prove_single(struct compile *c, const struct ir_op *op);
/* rax: from a double's bits to those that stfs and getf.s deliver. Clobbers rcx. */
void fp_single_bits(struct compile *c);

/* Will register-precision arithmetic read @f next after @op? Then its full form need not be made. */
bool fp_full_form_wanted(const struct compile *c, const struct ir_op *op, unsigned f);

/*
 * Divisions and square roots that compilers spell out; jit/emit_fp_chain.c. Begins a unit; emits the fast
 * way in front of an op that begins a chain, and that in front of another segment; emits what is out of
 * line.
 */
bool fp_chains_begin(struct compile *c);
void fp_chain_start(struct compile *c, const struct ir_op *op);
void fp_chain_segment(struct compile *c, uint32_t index);
void fp_chain_stubs(struct compile *c);
/* On the way back to the top of a loop: no chain is under way. */
void fp_chains_branch_back(struct compile *c);
/* Does a chain begin at @index whose operands should be doubles? */
bool fp_chain_of_doubles(const struct compile *c, uint32_t index);

/*
 * Loops with pins; jit/fp_pins.c. Chooses them; proves and loads them before the top of the loop; makes them what they
 * are there again on the way back; emits what is out of line, with the way to the other version.
 */
void fp_pins_plan(struct compile *c);
/* False if the way back goes to the start of the unit in any case, and has gone there. */
bool fp_pins_branch_back(struct compile *c);
void fp_pins_end(struct compile *c);

/* Each returns false, with nothing emitted, where the op has no inline form. */
bool fp_emit_integer(struct compile *c, const struct ir_op *op);
bool fp_emit_move(struct compile *c, const struct ir_op *op);
bool fp_emit_convert(struct compile *c, const struct ir_op *op);
bool fp_emit_arith(struct compile *c, const struct ir_op *op);
bool fp_emit_compare(struct compile *c, const struct ir_op *op);
bool fp_emit_class(struct compile *c, const struct ir_op *op);
bool fp_emit_pair(struct compile *c, const struct ir_op *op);
bool fp_emit_register(struct compile *c, const struct ir_op *op);
bool fp_load_has_code(const struct ir_unit *u, const struct ir_op *op);
bool fp_emit_load(struct compile *c, const struct ir_op *op);
bool fp_emit_store(struct compile *c, const struct ir_op *op);

#endif
