/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alloc, br.call and br.ret inline, where nothing rotates and no register has to move to or from memory. */
#include "arch/ops.h"
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))
/* What makes a frame one that the inline forms leave to C: rotating registers, or renamed ones. */
#define CFM_ROTATES (CFM_RRB | UINT64_C(0xf) << 14)

/* To C unless the word in @reg has none of @bits. Clobbers @scratch. */
static void full_if_any(struct compile *c, const struct ir_op *op, unsigned reg, uint64_t bits, unsigned scratch)
{
    x64_mov_ri(&c->x, scratch, bits);
    x64_test_rr(&c->x, reg, scratch);
    cold_add(c, COLD_FULL, op, x64_jcc(&c->x, CC_NE));
}

/* dst = src {hi:lo} */
static void field(struct compile *c, unsigned dst, unsigned src, unsigned lo, uint32_t mask)
{
    x64_mov_rr(&c->x, dst, src);
    if (lo)
        x64_shift_ri(&c->x, SHIFT_SHR, dst, lo);
    x64_alu_ri(&c->x, ALU_AND, dst, (int32_t)mask);
}

/* op dword [v + disp], reg */
static void alu_mem32(struct compile *c, enum x64_alu op, int32_t disp, unsigned reg)
{
    x64_rex(&c->x, false, reg, 0, REG_V, false);
    x64_byte(&c->x, op << 3 | 1);
    x64_modrm_mem(&c->x, reg, REG_V, disp);
}

static void end_cold(struct compile *c, unsigned first)
{
    for (unsigned i = first; i < c->n_colds; i++)
        c->colds[i].back = c->x.p;
}

/* v->pfs = cfm | ec | cpl; frame, ndirty and cfm move on by sol; br[b1] = return address. */
static void emit_br_call(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    uint64_t cpl = (uint64_t)(c->u->key & KEY_CPL) << 62;
    unsigned first = c->n_colds;

    x64_load(x, RAX, REG_V, V(cfm));
    full_if_any(c, op, RAX, CFM_ROTATES, RCX);
    x64_load(x, RCX, REG_V, V(ec));
    x64_alu_ri(x, ALU_AND, RCX, 0x3f);
    x64_shift_ri(x, SHIFT_SHL, RCX, 52);
    x64_alu_rr(x, ALU_OR, RCX, RAX);
    if (cpl) {
        x64_mov_ri(x, R11, cpl);
        x64_alu_rr(x, ALU_OR, RCX, R11);
    }
    x64_store(x, REG_V, V(pfs), RCX);
    field(c, RCX, RAX, 7, 0x7f);
    x64_alu_ri(x, ALU_AND, RAX, 0x7f);
    x64_alu_rr(x, ALU_SUB, RAX, RCX);
    x64_store(x, REG_V, V(cfm), RAX);
    alu_mem32(c, ALU_ADD, V(rse.ndirty), RCX);
    x64_rex(x, true, REG_FRAME, RCX, REG_FRAME, false); /* lea frame, [frame + rcx * 8] */
    x64_byte(x, 0x8d);
    x64_modrm_sib(x, REG_FRAME, REG_FRAME, RCX, 3, 0);
    x64_store(x, REG_V, V(frame), REG_FRAME);
    x64_store(x, REG_V, V(br) + (int32_t)op->imm * 8, use(c, op->a, RAX));
    end_cold(c, first);
}

/* The frame of PFS comes back if all its registers are there and privilege stays. */
static void emit_br_ret(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned cpl = c->u->key & KEY_CPL;

    x64_load(x, RAX, REG_V, V(pfs));
    x64_load(x, RCX, REG_V, V(cfm));
    x64_alu_rr(x, ALU_OR, RCX, RAX);
    full_if_any(c, op, RCX, CFM_ROTATES, R11);
    if (cpl < 3) { /* ppl > cpl lowers privilege */
        x64_mov_rr(x, RCX, RAX);
        x64_shift_ri(x, SHIFT_SHR, RCX, 62);
        x64_alu_ri(x, ALU_CMP, RCX, (int32_t)cpl);
        cold_add(c, COLD_FULL, op, x64_jcc(x, CC_A));
    }
    field(c, RCX, RAX, 7, 0x7f); /* sol */
    x64_load32(x, R11, REG_V, V(rse.ndirty));
    x64_alu_rr(x, ALU_SUB, R11, RCX); /* ndirty is not negative here: units run with complete frames */
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_S));
    field(c, R10, RAX, 0, 0x7f); /* sof */
    x64_alu_rr(x, ALU_ADD, R10, R11);
    x64_alu_ri(x, ALU_CMP, R10, N_STACKED);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_A));
    x64_shift_ri(x, SHIFT_SHL, RCX, 3);
    x64_mov_rr(x, R10, REG_FRAME);
    x64_alu_rr(x, ALU_SUB, R10, RCX);
    x64_lea(x, RCX, REG_V, V(stack) + N_STACKED * 8);
    x64_alu_rr(x, ALU_CMP, R10, RCX);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_B));
    x64_rex(x, false, R11, 0, REG_V, false); /* mov dword [v + ndirty], r11d */
    x64_byte(x, 0x89);
    x64_modrm_mem(x, R11, REG_V, V(rse.ndirty));
    x64_mov_rr(x, REG_FRAME, R10);
    x64_store(x, REG_V, V(frame), REG_FRAME);
    x64_mov_rr(x, RCX, RAX);
    x64_shift_ri(x, SHIFT_SHR, RCX, 52);
    x64_alu_ri(x, ALU_AND, RCX, 0x3f);
    x64_store(x, REG_V, V(ec), RCX);
    x64_mov_ri(x, RCX, CFM_BITS);
    x64_alu_rr(x, ALU_AND, RAX, RCX);
    x64_store(x, REG_V, V(cfm), RAX);
    emit_iipa(c, op);
    use_into(c, op->a, REG_IP);
    x64_alu_ri(x, ALU_AND, REG_IP, -16);
    emit_lookup(c, op);
}

/* imm as op_alloc's. Both frames without rotation, room among the 96, and in the array. */
static bool emit_alloc(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned sof = op->imm & 0xff, sol = op->imm >> 8 & 0xff, d = def(c, op->dst);
    unsigned first = c->n_colds;

    if ((op->imm >> 16 & 0xff) || (c->u->key & KEY_SOR))
        return false;
    x64_load32(x, RCX, REG_V, V(rse.ndirty));
    x64_alu_ri(x, ALU_CMP, RCX, (int32_t)(N_STACKED - sof));
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_A)); /* a negative one too */
    x64_lea(x, RCX, REG_V, V(stack) + STACK_SLOTS * 8);
    x64_alu_rr(x, ALU_CMP, REG_FRAME, RCX);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_A));
    x64_load(x, RCX, REG_V, V(cfm));
    x64_alu_ri(x, ALU_AND, RCX, -(1 << 18)); /* rrb stays */
    x64_alu_ri(x, ALU_OR, RCX, (int32_t)(sof | sol << 7));
    x64_store(x, REG_V, V(cfm), RCX);
    x64_load(x, d, REG_V, V(pfs));
    done(c, op->dst, d);
    end_cold(c, first);
    return true;
}

bool emit_frame(struct compile *c, const struct ir_op *op)
{
    if (c->u->key & KEY_CAREFUL)
        return false;
    if (op->fn == (void *)op_alloc)
        return emit_alloc(c, op);
    if (op->fn == (void *)op_br_call)
        emit_br_call(c, op);
    else if (op->fn == (void *)op_br_ret)
        emit_br_ret(c, op);
    else
        return false;
    return true;
}
