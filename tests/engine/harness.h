/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instruction programs: each case is a few instructions, a state before and what must differ afterwards.
 * Everything else must not differ. The program runs on every engine, plain, with a NaT somewhere (so that
 * units carry NaT code), in careful mode, and with every instruction predicated off where the instructions
 * can be.
 */
#ifndef TESTS_ENGINE_HARNESS_H
#define TESTS_ENGINE_HARNESS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Guest physical = virtual (translation is off). The rest is where machine.h says: DATA, 8 KiB, zero before each run, and
 * STORE, 64 KiB, to which AR.BSPSTORE points.
 */
#define CODE_BASE UINT64_C(0x10000)

/* Vectors (SDM Vol.2 chapter 8) */
enum {
    VEC_BREAK = 0x2c00,
    VEC_GENERAL = 0x5400,
    VEC_DISABLED_FP = 0x5500,
    VEC_NAT = 0x5600,
    VEC_UNALIGNED = 0x5a00,
    VEC_UNSUPPORTED = 0x5b00,
    VEC_FP_FAULT = 0x5c00,
    VEC_FP_TRAP = 0x5d00,
    VEC_LOWER_PRIV = 0x5e00,
    VEC_TAKEN = 0x5f00,
    VEC_STEP = 0x6000,
    VEC_VIRT = 0x6100,
};
/* ISR.code of General Exception */
enum { GE_ILLEGAL = 0, GE_PRIV_OP = 0x10, GE_PRIV_REG = 0x20, GE_RESERVED = 0x30, GE_DISABLED_ISA = 0x40 };

enum {
    CASE_NO_NAT = 1 << 0,     /* not with a NaT in the other bank */
    CASE_NO_CAREFUL = 1 << 1, /* not in careful mode */
    CASE_NO_OFF = 1 << 2,     /* not predicated off */
    CASE_STORE = 1 << 4,      /* what the RSE wrote to memory and AR.RNAT do not count */
    CASE_TRAP = 1 << 3,       /* vector is a trap: at is where it goes on, trapped the instruction */
};

struct engine_case {
    /*
     * Instructions, one a line, each in a bundle of its own at the slot its unit has (M 0, I and F 1, B 2,
     * X 1) with a stop behind it; a line that starts with '{' is a whole bundle. Displacements are from the
     * own bundle: "br.cond.sptk.few .+32".
     */
    const char *code;
    /*
     * State before, and what differs after: "r8=5 r9=-1! f6=1.5 f7=0x1003e:0x7 p6=1 m0x100008=0x55 lc=3
     * psr+=0x8". A '!' sets the NaT too; f: a number with a '.', se:significand, "i5" (integer), "nat"; '@'
     * in a value: CODE_BASE +. Names: rN fN pN bN, kN, crN, m<address> (8 bytes), cfm pr psr ip and
     * application registers by name. "frame+=n" moves the stacked registers n down (r32 is what r32+n was),
     * "rotate=n" rotates n times, "stored=n" puts the first n stacked registers into the backing
     * store; registers out of the new cfm's frame do not count. Tokens take effect in
     * order. psr.mfl and mfh are expected by themselves where an f register is.
     */
    const char *in, *out;
    unsigned flags;      /* CASE_* */
    unsigned vector;     /* VEC_*: the interruption that ends it; 0: the end of the code is reached */
    uint64_t isr;        /* expected ISR without ei */
    unsigned at;         /* index of the bundle (line) that IIP names */
    unsigned trapped;    /* CASE_TRAP: index of the bundle that trapped */
    unsigned slot;       /* where that bundle was written as a whole */
};

/* Runs all cases on all engines in all variants; failures are printed. Return: the number of failed runs. */
unsigned engine_run_cases(const struct engine_case *cases, size_t n);
/* Runs made so far. */
unsigned engine_runs(void);

struct engine_table {
    const char *name;
    const struct engine_case *cases;
    size_t n;
};

extern const struct engine_table table_alu, table_cmp, table_parallel, table_shift, table_move, table_mem,
    table_nat, table_branch, table_stack, table_fp, table_system;

#endif
