/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going on without the run loop after calls that change system state: ssm, rsm, cover, rfi and their like, mov rr, itc.i and ptc.l, and
 * after the delivery of a break. Whatever the run loop would look at first makes the next unit's entry leave, or is looked at here.
 */
#include "arch/interruption.h"
#include "arch/ops.h"
#include "arch/vti.h"
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))
#define JUMP(field) (V(jumps) + (int32_t)offsetof(struct jump_entry, field))

/* What emit_resume() leaves the target in; rax, rdx and r9 are as for j->leave, where the jump cache does not have it. */
enum { REG_TARGET = RSI, REG_SLOT = RDI };

/* if [r + index] != reg: j->leave */
static void check(struct jit *j, struct x64 *x, unsigned reg, int32_t field)
{
    x64_alu_rm_index(x, ALU_CMP, reg, REG_V, REG_S3, 0, field);
    x64_patch(x, x64_jcc(x, CC_NE), j->rw + (j->leave - j->rx));
}

void emit_resume_stub(struct jit *j, struct x64 *x)
{
    j->resume = jit_rx(j, x->p);
    x64_cmp_mem8(x, REG_V, V(rse.cfle), 0); /* the frame is to be loaded first */
    x64_patch(x, x64_jcc(x, CC_NE), j->rw + (j->leave - j->rx));
    x64_alu_rr(x, ALU_OR, REG_SLOT, REG_TARGET);
    x64_jump_index(x, REG_S3, REG_SLOT);
    check(j, x, REG_SLOT, JUMP(ip));
    x64_mov_rr(x, REG_S1, REG_TARGET);
    x64_shift_ri(x, SHIFT_SHR, REG_S1, 61);
    x64_load_index(x, REG_S1, REG_V, REG_S1, 3, V(itag));
    check(j, x, REG_S1, JUMP(itag));
    x64_load(x, REG_S2, REG_V, V(key));
    check(j, x, REG_S2, JUMP(key_gen));
    x64_mov_rr(x, REG_IP, REG_TARGET);
    x64_jmp_mem_index(x, REG_V, REG_S3, 0, JUMP(code));
}

static bool is_one_of(const struct ir_op *op)
{
    static const ir_helper some[] = { op_ssm, op_rsm, op_cover, op_rfi, op_mov_to_psr_l, op_bsw, op_epc, op_vmsw, op_ptc_l };

    if (op->fn == (void *)op_mov_to_indexed)
        return op->imm == FILE_RR;
    if (op->fn == (void *)op_itc)
        return op->imm; /* itc.i; itc.d does not end the unit */

    for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++) {
        if (op->fn == (void *)(uintptr_t)some[i])
            return true;
    }
    return false;
}

bool resumes(const struct compile *c, const struct ir_op *op)
{
    return op->op == IR_CALL && !c->j->counted && !(c->u->key & KEY_CAREFUL) && is_one_of(op);
}

static void to_stub(struct compile *c, const struct ir_op *op)
{
    x64_mov_ri(&c->x, RDX, (uint64_t)(uintptr_t)op);
    x64_mov_ri(&c->x, R9, (uint64_t)(uintptr_t)c->u);
    x64_jmp_to(&c->x, c->j->rw + (c->j->resume - c->j->rx));
}

void emit_resume(struct compile *c, const struct ir_op *op)
{
    uint32_t next = op->aux >> IR_CALL_NEXT_SHIFT;
    uint8_t *fault;

    x64_alu_ri(&c->x, ALU_CMP, RAX, OPR_FAULT);
    fault = x64_jcc(&c->x, CC_E);
    if (c->u->key & KEY_IC) {
        x64_lea(&c->x, REG_S1, REG_IP, (op->pos >> 2) * 16);
        x64_store(&c->x, REG_V, V(cr) + CR_IIPA * 8, REG_S1);
    }
    if (op->fn == (void *)op_rfi) {
        x64_load(&c->x, REG_TARGET, REG_V, V(ip));
        x64_load32(&c->x, REG_SLOT, REG_V, V(ri));
    } else {
        x64_lea(&c->x, REG_TARGET, REG_IP, (int32_t)(next >> 2) * 16);
        x64_mov_ri(&c->x, REG_SLOT, next & 3);
    }
    x64_lea(&c->x, RAX, RAX, LEAVE_CALL);
    to_stub(c, op);
    x64_patch(&c->x, fault, c->x.p);
}

/* An interruption that the unit raised, up to its handler. */
static void raise_break(struct vcpu *v, const struct ir_op *op, uint64_t ip, void (*deliver)(struct vcpu *))
{
    fault_raise(v, FAULT_BREAK, 0);
    v->fault.iim = op->imm;
    v->ip = ip;
    v->ri = op->pos & 3;
    deliver(v);
}

/* CR.IIPA as it is when the instruction does not complete: the bundle of the one before, if the unit has one. */
static void iipa_before(struct compile *c, const struct ir_op *op)
{
    unsigned bundle = op->pos >> 2;

    if (op->pos == c->u->slot)
        return;
    x64_lea(&c->x, REG_S1, REG_IP, (int32_t)(op->pos & 3 ? bundle : bundle - 1) * 16);
    x64_store(&c->x, REG_V, V(cr) + CR_IIPA * 8, REG_S1);
}

bool emit_break(struct compile *c, const struct ir_op *op)
{
    if (!c->j->deliver || c->j->counted || c->u->key & (KEY_CAREFUL | KEY_VM) || !(c->u->key & KEY_IC))
        return false;
    if (pins_hold(c, op))
        pins_write_back(c);
    iipa_before(c, op);
    x64_mov_rr(&c->x, RDI, REG_V);
    x64_mov_ri(&c->x, RSI, (uint64_t)(uintptr_t)op);
    x64_lea(&c->x, RDX, REG_IP, (int32_t)(op->pos >> 2) * 16);
    x64_mov_ri(&c->x, RCX, (uint64_t)(uintptr_t)c->j->deliver);
    call_c(c, (const void *)(uintptr_t)raise_break);
    x64_load(&c->x, REG_TARGET, REG_V, V(ip));
    x64_mov_ri(&c->x, REG_SLOT, 0);
    x64_mov_ri(&c->x, RAX, LEAVE_MOVED);
    to_stub(c, op);
    return true;
}
