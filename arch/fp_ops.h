/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floating-point instructions between registers: operands read, arch/fp.h asked, result, FPSR and
 * predicates written; OPR_FAULT or OPR_TRAP where the operation says so. Called from lowered code
 * (ir_helper), which tests target and disabled registers before and sets psr.mfl/mfh after (not after a
 * trap: then it is done here). @imm is packed: see FPO_*. Vcpu's own thread.
 */
#ifndef ARCH_FP_OPS_H
#define ARCH_FP_OPS_H

#include "arch/ops.h"

/* Packed operands: the imm of the calls and of IR_FPOP, as lower/lower_fp.c packs it. */
#define FPO_F1(imm) ((unsigned)((imm) & 0x7f))
#define FPO_F2(imm) ((unsigned)((imm) >> 8 & 0x7f))
#define FPO_F3(imm) ((unsigned)((imm) >> 16 & 0x7f))
#define FPO_F4(imm) ((unsigned)((imm) >> 24 & 0x7f))
#define FPO_P1(imm) ((unsigned)((imm) >> 32 & 0x3f))
#define FPO_P2(imm) ((unsigned)((imm) >> 40 & 0x3f))
#define FPO_CTL(imm) ((unsigned)((imm) >> 48 & 0xff)) /* FP_CTL(sf, pc), FP_CTL_F2_IS_F0 */
#define FPO_SUB(imm) ((unsigned)((imm) >> 56 & 0xff)) /* as each function says */

/* f1 = f3 * f4 + f2 and kin */
OP_HELPER(fpop_fma);
OP_HELPER(fpop_fms);
OP_HELPER(fpop_fnma);
OP_HELPER(fpop_fpma);
OP_HELPER(fpop_fpms);
OP_HELPER(fpop_fpnma);
/* f1 = op(f2, f3) */
OP_HELPER(fpop_fmin);
OP_HELPER(fpop_fmax);
OP_HELPER(fpop_famin);
OP_HELPER(fpop_famax);
OP_HELPER(fpop_fpmin);
OP_HELPER(fpop_fpmax);
OP_HELPER(fpop_fpamin);
OP_HELPER(fpop_fpamax);
OP_HELPER(fpop_fpcmp);    /* sub: enum fp_rel */
/* p1, p2 = f2 against f3 or a class. They write the predicates. */
OP_HELPER(fpop_fcmp);     /* sub: enum fp_rel */
OP_HELPER(fpop_fclass);   /* a = fclass9 */
/* f1, p2 = approximation */
OP_HELPER(fpop_frcpa);
OP_HELPER(fpop_frsqrta);
OP_HELPER(fpop_fprcpa);
OP_HELPER(fpop_fprsqrta);
/* f1 = conversion of f2 */
OP_HELPER(fpop_fcvt_fx);  /* sub: FP_CVT_* */
OP_HELPER(fpop_fpcvt_fx); /* sub: FP_CVT_* */
OP_HELPER(fpop_fcvt_xf);
/* no FPSR, no exceptions */
OP_HELPER(fpop_bits);     /* sub: enum fp_bits_op; f2, f3 */
OP_HELPER(fpop_fselect);
OP_HELPER(fpop_xma);      /* sub: enum fp_xma_op */
OP_HELPER(fpop_setf);     /* sub: FPO_SIG ...; a = value, b = NaT */
OP_HELPER(fpop_getf);     /* sub: FPO_SIG ...; f2; *out = value, v->spec_nat = NaT */
OP_HELPER(fpop_is_natval); /* f1 field: the register; *out = 0/1 */
/* FPSR */
OP_HELPER(fpop_fsetc);    /* ctl: sf; a = amask7, b = omask7 */
OP_HELPER(fpop_fclrf);    /* ctl: sf */
OP_HELPER(fpop_fchkf);    /* ctl: sf; *out = 1 to branch */

/* Formats of setf and getf. */
enum { FPO_SIG, FPO_EXP, FPO_SINGLE, FPO_DOUBLE };

#endif
