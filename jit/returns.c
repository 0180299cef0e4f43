/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stack of returns, kept by the place of the caller's frame in stack[]: a call leaves there the address it will return to and the code
 * that goes on there, and a return, which has brought that frame back, goes to that code if the address is its target. It is a
 * guess: frames a multiple of N_RETURNS registers apart share an entry, as do those of calls without local registers; frames move; a
 * call by C leaves nothing. But it needs no pointer that every call and return would have to move, and is never out of step.
 *
 * What makes it right: the address is compared, and the key, by the caller's code; whatever takes an instruction translation away makes
 * the entries void (vcpu_forget_jumps() and its kin), so an address leads to the page that it led to.
 */
#include "arch/ops.h"
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))
#define RETURN(field) (V(returns) + (int32_t)offsetof(struct return_entry, field))

static bool has_returns(const struct compile *c)
{
    return !c->j->counted && !c->j->profiled && !(c->u->key & KEY_CAREFUL);
}

/* Is the call's return in the page of the unit? */
static bool is_same_page(const struct compile *c, const struct ir_op *call)
{
    return (c->u->gpa & 0xfff) + (call->pos >> 2) * UINT64_C(16) + 16 < 4096;
}

/* rcx = half the distance of the frame's entry */
static void entry_of_frame(struct x64 *x)
{
    _Static_assert(sizeof(struct return_entry) == 16, "a register in the frame is half an entry");
    x64_mov32_rr(x, RCX, REG_FRAME);
    x64_alu_ri(x, ALU_AND, RCX, (N_RETURNS - 1) * 8);
}

void returns_note(struct compile *c, const struct ir_op *call)
{
    struct x64 *x = &c->x;

    if (!has_returns(c))
        return;
    entry_of_frame(x);
    x64_store_index(x, REG_V, RCX, 1, RETURN(ip), use(c, call->a, RAX));
    x64_lea_rip(x, RAX, lookup_place(c));
    if (is_same_page(c, call))
        cold_add(c, COLD_RETURN, call, x->p - 4);
    x64_store_index(x, REG_V, RCX, 1, RETURN(code), RAX);
}

void returns_go(struct compile *c, const struct ir_op *ret)
{
    struct x64 *x = &c->x;

    if (has_returns(c) && ret - c->u->ops < (ptrdiff_t)c->plain_end) { /* links_return() leads past looks, as exits do */
        entry_of_frame(x);
        x64_alu_rm_index(x, ALU_CMP, REG_IP, REG_V, RCX, 1, RETURN(ip));
        x64_patch(x, x64_jcc(x, CC_NE), lookup_place(c));
        x64_jmp_mem_index(x, REG_V, RCX, 1, RETURN(code));
        return;
    }
    emit_lookup(c);
}

void returns_cold(struct compile *c, const struct cold *cold) { links_return(c, cold->op, lookup_place(c)); }
