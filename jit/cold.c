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

static void jmp_stub(struct compile *c, const uint8_t *stub) { x64_jmp_to(&c->x, c->j->rw + (stub - c->j->rx)); }

/* To j->leave_index, through one place a unit. */
static void to_leave(struct compile *c)
{
    if (c->leave) {
        x64_jmp_to(&c->x, c->leave);
        return;
    }
    c->leave = c->x.p;
    x64_mov_ri(&c->x, R9, (uint64_t)(uintptr_t)c->u);
    jmp_stub(c, c->j->leave_index);
}

void emit_leave(struct compile *c, enum leave leave, const struct ir_op *op)
{
    if (pins_hold(c, op) && leave != LEAVE_ATTENTION && leave != LEAVE_INTERPRET && leave != LEAVE_LINK &&
        leave != LEAVE_RETURN)
        pins_write_back(c);
    x64_mov_ri(&c->x, RAX, (uint64_t)leave | (uint64_t)(op - c->u->ops) << LEAVE_INDEX_SHIFT);
    to_leave(c);
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
    for (unsigned i = 0; i < JIT_CALLER_SAVED; i++) {
        unsigned r = jit_caller_saved[i];

        if (!(live >> r & 1))
            continue;
        if (save)
            x64_store(&c->x, RSP, FRAME_KEEP + (int32_t)i * 8, r);
        else
            x64_load(&c->x, r, RSP, FRAME_KEEP + (int32_t)i * 8);
    }
}

/* ZF = 0 if attention is wanted for nothing but the timer, which has time. */
void emit_grace_stub(struct jit *j, struct x64 *x)
{
    uint8_t *other;

    j->grace = jit_rx(j, x->p);
    x64_cmp_mem32_imm32(x, REG_V, V(attention), ATTN_SET_TIMER);
    other = x64_jcc(x, CC_NE);
    x64_dec_mem32(x, REG_V, V(grace));
    x64_ret(x);
    x64_patch(x, other, x->p);
    x64_alu_rr(x, ALU_CMP, RSP, RSP);
    x64_ret(x);
}

void call_grace(struct compile *c) { x64_call_to(&c->x, c->j->rw + (c->j->grace - c->j->rx)); }

void emit_look(struct compile *c, enum leave leave, const struct ir_op *op)
{
    struct cold *cold;

    x64_cmp_mem32(&c->x, REG_V, V(attention), 0);
    cold = cold_add(c, COLD_LOOK, op, x64_jcc(&c->x, CC_NE));
    cold->leave = leave;
    cold->back = c->x.p;
}

/* eax = enum op_result other than OPR_OK. */
static void leave_after_call(struct compile *c, const struct ir_op *op)
{
    uint32_t more = LEAVE_CALL | (uint32_t)(op - c->u->ops) << LEAVE_INDEX_SHIFT;

    x64_lea(&c->x, RAX, RAX, (int32_t)more);
    to_leave(c);
}

/* ---- slow memory references ---- */

static const uint8_t *slow_stub(struct jit *j, struct x64 *x, bool write)
{
    enum { PUSHED = 16 }; /* the return address, and the op */
    const uint8_t *stub = jit_rx(j, x->p);

    x64_push(x, R11);
    for (unsigned i = 0; i < JIT_CALLER_SAVED; i++)
        x64_store(x, RSP, PUSHED + FRAME_KEEP + (int32_t)i * 8, jit_caller_saved[i]);
    x64_mov_rr(x, RDI, REG_V);
    x64_mov_rr(x, RSI, R11);
    x64_mov_rr(x, RDX, RAX);
    if (write)
        x64_mov_rr(x, RCX, R10);
    else
        x64_lea(x, RCX, RSP, PUSHED + FRAME_OUT);
    x64_mov_ri(x, RAX, write ? (uint64_t)(uintptr_t)jit_store_slow : (uint64_t)(uintptr_t)jit_load_slow);
    x64_call_reg(x, RAX);
    for (unsigned i = 0; i < JIT_CALLER_SAVED; i++)
        x64_load(x, jit_caller_saved[i], RSP, PUSHED + FRAME_KEEP + (int32_t)i * 8);
    x64_pop(x, R11);
    x64_test_rr(x, RAX, RAX);
    if (!write) {
        uint8_t *failed = x64_jcc(x, CC_NE);

        x64_load(x, RAX, RSP, 8 + FRAME_OUT);
        x64_patch(x, failed, x->p);
    }
    x64_ret(x);
    return stub;
}

void emit_slow_stubs(struct jit *j, struct x64 *x)
{
    j->load_slow = slow_stub(j, x, false);
    j->store_slow = slow_stub(j, x, true);
}

/* ecx = distance of the op from the unit's first one. To the stub, through one place a unit. */
static void slow_thunk(struct compile *c, uint8_t **thunk, const uint8_t *stub)
{
    uint8_t *over = x64_jmp(&c->x);

    *thunk = c->x.p;
    x64_mov_ri(&c->x, R11, (uint64_t)(uintptr_t)c->u->ops);
    x64_alu_rr(&c->x, ALU_ADD, R11, RCX);
    jmp_stub(c, stub);
    x64_patch(&c->x, over, c->x.p);
}

static void slow_failed(struct compile *c, uint8_t *from)
{
    uint8_t *over;

    if (c->slow_failed) {
        x64_patch(&c->x, from, c->slow_failed);
        return;
    }
    over = x64_jmp(&c->x);
    c->slow_failed = c->x.p;
    x64_patch(&c->x, from, c->x.p);
    x64_mov_rr(&c->x, RDX, R11);
    x64_lea(&c->x, RAX, RAX, LEAVE_CALL);
    x64_mov_ri(&c->x, R9, (uint64_t)(uintptr_t)c->u);
    jmp_stub(c, c->j->leave);
    x64_patch(&c->x, over, c->x.p);
}

static void cold_memory(struct compile *c, const struct cold *cold)
{
    bool write = cold->kind == COLD_STORE;
    uint8_t **thunk = write ? &c->store_slow : &c->load_slow;

    if (pins_hold(c, cold->op))
        pins_write_back(c);
    lazy_store(c, cold->op);
    emit_count_call(c, cold->op);
    emit_slots_place(c, cold->op);
    if (!*thunk)
        slow_thunk(c, thunk, write ? c->j->store_slow : c->j->load_slow);
    x64_mov_rr(&c->x, RAX, cold->addr);
    if (write)
        x64_mov_rr(&c->x, R10, cold->value);
    x64_mov_ri(&c->x, RCX, (uint64_t)((const char *)cold->op - (const char *)c->u->ops));
    x64_call_to(&c->x, *thunk);
    slow_failed(c, x64_jcc(&c->x, CC_NE));
    emit_void_spans(c, cold->op);
    emit_fp_after_call(c, cold->op);
    if (!write)
        x64_mov_rr(&c->x, cold->value, RAX);
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
    case COLD_LOOK:
        call_grace(c);
        x64_patch(&c->x, x64_jcc(&c->x, CC_NE), cold->back);
        emit_leave(c, cold->leave, cold->op);
        break;
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
    case COLD_FRAME:
        emit_slots_undo(c);
        emit_leave(c, LEAVE_INTERPRET, cold->op);
        break;
    case COLD_PR2:
        put_pr_const(c, cold->op->c & 63, cold->leave);
        put_pr_const(c, cold->op->c >> 8, !cold->leave);
        x64_jmp_to(&c->x, c->op_code[cold->target]);
        break;
    case COLD_EXIT:
        put_pr_const(c, cold->target & 63, cold->leave);
        put_pr_const(c, cold->target >> 8, !cold->leave);
        emit_exit(c, cold->op);
        break;
    case COLD_SITE: /* emit_site_colds() */
        break;
    case COLD_RETURN:
        returns_cold(c, cold);
        break;
    case COLD_PAGE:
        links_page_cold(c, cold);
        break;
    case COLD_LINK:
        if (cold->leave) {
            links_cold(c, cold);
            break;
        }
        x64_lea_rip(&c->x, RCX, cold->from);
        emit_leave(c, LEAVE_LINK, cold->op);
        break;
    }
}
