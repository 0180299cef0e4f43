/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sticky flags of sf0, which are in MXCSR while compiled code runs (docs/jit-fp.md). */
#include "jit/emit_fp.h"
#include "jit/fp_state.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

/* MXCSR: all exceptions masked, round to nearest, denormals as they are, nothing raised. */
#define MXCSR_START 0x1f80
/*
 * What counts of MXCSR's flags: an invalid operation always gives a NaN, which goes to C. The order is that
 * of FP_EXC_*.
 */
#define MXCSR_FLAGS (FP_EXC_D | FP_EXC_O | FP_EXC_U | FP_EXC_I)

void fp_fold_flags(struct x64 *x)
{
    uint8_t *none;

    x64_stmxcsr(x, RSP, FRAME_KEEP);
    x64_load32(x, R10, RSP, FRAME_KEEP);
    x64_alu32_ri(x, ALU_CMP, R10, MXCSR_START);
    none = x64_jcc(x, CC_E);
    x64_alu32_ri(x, ALU_AND, R10, MXCSR_FLAGS);
    x64_shift_ri(x, SHIFT_SHL, R10, FPSR_SF_SHIFT + FPSR_SF_FLAG_SHIFT);
    x64_rex(x, true, R10, 0, REG_V, false); /* or [v + fpsr], r10 */
    x64_byte(x, ALU_OR << 3 | 1);
    x64_modrm_mem(x, R10, REG_V, V(fpsr));
    x64_store_imm32(x, RSP, FRAME_KEEP, MXCSR_START);
    x64_ldmxcsr(x, RSP, FRAME_KEEP);
    x64_patch(x, none, x->p);
}

void emit_fp_enter(struct x64 *x)
{
    uint8_t *plain;

    x64_stmxcsr(x, RSP, FRAME_MXCSR);
    x64_load32(x, R10, RSP, FRAME_MXCSR);
    x64_alu32_ri(x, ALU_CMP, R10, MXCSR_START);
    plain = x64_jcc(x, CC_E);
    x64_store_imm32(x, RSP, FRAME_KEEP, MXCSR_START);
    x64_ldmxcsr(x, RSP, FRAME_KEEP);
    x64_patch(x, plain, x->p);
}

void emit_fp_leave(struct x64 *x)
{
    uint8_t *plain;

    fp_fold_flags(x);
    x64_load32(x, R10, RSP, FRAME_MXCSR);
    x64_alu32_ri(x, ALU_CMP, R10, MXCSR_START);
    plain = x64_jcc(x, CC_E);
    x64_ldmxcsr(x, RSP, FRAME_MXCSR);
    x64_patch(x, plain, x->p);
}
