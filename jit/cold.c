/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code out of line: slow memory references, results of calls, exits. */
#include "arch/mmu.h"
#include "jit/compile.h"
#include "jit/emit_fp.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

struct cold *cold_add(struct compile *c, enum cold_kind kind, const struct ir_op *op, uint8_t *from)
{
    struct cold *cold = &c->colds[c->n_colds++];

    *cold = (struct cold){ .from = from, .op = op, .kind = (uint8_t)kind };
    return cold;
}

void emit_leave(struct compile *c, enum leave leave, const struct ir_op *op)
{
    if (pins_hold(c, op) && leave != LEAVE_ATTENTION && leave != LEAVE_LINK)
        pins_write_back(c);
    x64_mov_ri(&c->x, RAX, leave);
    x64_mov_ri(&c->x, RDX, (uint64_t)(uintptr_t)op);
    x64_mov_ri(&c->x, R9, (uint64_t)(uintptr_t)c->u);
    x64_jmp_to(&c->x, c->j->rw + (c->j->leave - c->j->rx));
}

uint64_t jit_load_slow(struct vcpu *v, const struct ir_op *op, uint64_t gva, uint64_t *out)
{
    unsigned size = 1u << (op->op - IR_LD1);

    return mem_load(v, gva, size, REF_R | (op->aux & IR_MEM_BE ? REF_BE : 0), out);
}

uint64_t jit_store_slow(struct vcpu *v, const struct ir_op *op, uint64_t gva, uint64_t value)
{
    unsigned size = 1u << (op->op - IR_ST1);

    return mem_store(v, gva, size, REF_W | (op->aux & IR_MEM_BE ? REF_BE : 0), value);
}

void keep_registers(struct compile *c, uint32_t live, bool save)
{
    for (unsigned r = 0; r < X64_REGS; r++) {
        if (!(live >> r & 1))
            continue;
        if (save)
            x64_store(&c->x, RSP, FRAME_KEEP + (int32_t)r * 8, r);
        else
            x64_load(&c->x, r, RSP, FRAME_KEEP + (int32_t)r * 8);
    }
}

/* eax = enum op_result other than OPR_OK. */
static void leave_after_call(struct compile *c, const struct ir_op *op)
{
    x64_lea(&c->x, RAX, RAX, LEAVE_CALL);
    x64_mov_ri(&c->x, RDX, (uint64_t)(uintptr_t)op);
    x64_mov_ri(&c->x, R9, (uint64_t)(uintptr_t)c->u);
    x64_jmp_to(&c->x, c->j->rw + (c->j->leave - c->j->rx));
}

static void cold_memory(struct compile *c, const struct cold *cold)
{
    bool write = cold->kind == COLD_STORE;
    uint32_t live = live_registers(c, cold->op);
    uint8_t *ok;

    if (pins_hold(c, cold->op))
        pins_write_back(c);
    keep_registers(c, live, true);
    emit_count_call(c, cold->op);
    emit_slots_place(c, cold->op);
    x64_mov_rr(&c->x, RAX, cold->addr);
    if (write)
        x64_mov_rr(&c->x, RCX, cold->value);
    else
        x64_lea(&c->x, RCX, RSP, FRAME_OUT);
    x64_mov_rr(&c->x, RDX, RAX);
    x64_mov_rr(&c->x, RDI, REG_V);
    x64_mov_ri(&c->x, RSI, (uint64_t)(uintptr_t)cold->op);
    x64_mov_ri(&c->x, RAX, write ? (uint64_t)(uintptr_t)jit_store_slow : (uint64_t)(uintptr_t)jit_load_slow);
    x64_call_reg(&c->x, RAX);
    x64_test_rr(&c->x, RAX, RAX);
    ok = x64_jcc(&c->x, CC_E);
    leave_after_call(c, cold->op);
    x64_patch(&c->x, ok, c->x.p);
    keep_registers(c, live, false);
    emit_void_spans(c, cold->op);
    emit_fp_after_call(c, cold->op);
    if (!write)
        x64_load(&c->x, cold->value, RSP, FRAME_OUT);
    x64_jmp_to(&c->x, cold->back);
}

/* The inline form's way out to C, once for all its checks. */
static void cold_full(struct compile *c, const struct cold *cold)
{
    if (c->full_op == cold->op) {
        x64_patch(&c->x, cold->from, c->full_code);
        return;
    }
    c->full_op = cold->op;
    c->full_code = c->x.p;
    if (cold->kind == COLD_RET) {
        emit_ret_slow(c, cold->op);
    } else {
        emit_call(c, cold->op);
        x64_jmp_to(&c->x, cold->back);
    }
}

void emit_cold(struct compile *c, const struct cold *where)
{
    const struct cold copy = *where, *cold = &copy; /* emitting may add to the list */

    c->at = (uint32_t)(cold->op - c->u->ops);
    if (cold->kind != COLD_SITE)
        x64_patch(&c->x, cold->from, c->x.p);
    switch ((enum cold_kind)cold->kind) {
    case COLD_LEAVE:
        emit_leave(c, cold->leave, cold->op);
        break;
    case COLD_LOAD:
    case COLD_STORE:
        cold_memory(c, cold);
        break;
    case COLD_CALL:
        if (resumes(c, cold->op))
            emit_resume(c, cold->op);
        leave_after_call(c, cold->op);
        break;
    case COLD_FULL:
    case COLD_RET:
        cold_full(c, cold);
        break;
    case COLD_ROTATE:
        emit_rotate_call(c);
        x64_jmp_to(&c->x, cold->back);
        break;
    case COLD_SETTLE:
        emit_settle_call(c);
        x64_jmp_to(&c->x, cold->back);
        break;
    case COLD_TURN:
        emit_slots_undo(c);
        emit_leave(c, LEAVE_ATTENTION, cold->op);
        break;
    case COLD_PR2:
        put_pr_const(c, cold->op->c & 63, cold->leave);
        put_pr_const(c, cold->op->c >> 8, !cold->leave);
        x64_jmp_to(&c->x, c->op_code[cold->target]);
        break;
    case COLD_SITE: /* emit_site_colds() */
        break;
    case COLD_LINK:
        x64_mov_ri(&c->x, RCX, (uint64_t)(uintptr_t)cold->from);
        emit_leave(c, LEAVE_LINK, cold->op);
        break;
    }
}
