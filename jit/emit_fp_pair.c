/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for arithmetic on pairs of singles in significands: fpma, fpms, fpnma in sf0. */
#include "arch/fp_ops.h"
#include "isa/isa.h"
#include "jit/fp_state.h"

/* One of two halves has an exponent of all ones: add a one at its end, and a sign comes out. */
#define PAIR_EXPONENTS UINT64_C(0x7f8000007f800000)
#define PAIR_ONES UINT64_C(0x0080000000800000)
#define PAIR_SIGNS UINT64_C(0x8000000080000000)

static void load_pair(struct compile *c, unsigned xmm, unsigned f)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    x64_vmovsd_load(&c->x, xmm, base, slot);
}

/* rax = the result in xmm0, which C does instead if one of its halves is an infinity or a NaN. */
static void refuse_special(struct compile *c, const struct ir_op *op)
{
    x64_vmovq_to_gpr(&c->x, RAX, XMM_S0);
    x64_mov_ri(&c->x, RCX, PAIR_EXPONENTS);
    x64_alu_rr(&c->x, ALU_AND, RCX, RAX);
    x64_mov_ri(&c->x, R11, PAIR_ONES);
    x64_alu_rr(&c->x, ALU_ADD, RCX, R11);
    x64_mov_ri(&c->x, R11, PAIR_SIGNS);
    x64_test_rr(&c->x, RCX, R11);
    fp_slow_if(c, op, CC_NE);
}

bool fp_emit_pair(struct compile *c, const struct ir_op *op)
{
    unsigned f2 = FPO_F2(op->imm), f3 = FPO_F3(op->imm), f4 = FPO_F4(op->imm);
    const unsigned f[] = { f3, f4, f2 };
    bool add = !(FPO_CTL(op->imm) & FP_CTL_F2_IS_F0);

    if ((op->c != OP_FPMA && op->c != OP_FPMS && op->c != OP_FPNMA) || !(c->u->key & KEY_FPSTD) ||
        (FPO_CTL(op->imm) & 3) != 0)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        if (f[i] > 1 && c->fp->reg[f[i]].known >= FP_DOUBLE)
            return false;
    }
    fp_prove_plain(c, op, f, 3);
    load_pair(c, XMM_S1, f3);
    load_pair(c, XMM_S2, f4);
    if (add) {
        load_pair(c, XMM_S0, f2);
        x64_vfma_ps(&c->x,
                    op->c == OP_FPMA   ? FMA_MADD231
                    : op->c == OP_FPMS ? FMA_MSUB231
                                       : FMA_NMADD231,
                    XMM_S0, XMM_S1, XMM_S2);
    } else {
        x64_vmulps(&c->x, XMM_S0, XMM_S1, XMM_S2);
    }
    refuse_special(c, op);
    if (!add && op->c == OP_FPNMA)
        x64_alu_rr(&c->x, ALU_XOR, RAX, R11);
    fp_set_int(c, FPO_F1(op->imm), RAX);
    return true;
}
