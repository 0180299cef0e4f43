/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the compiler counts, and code that counts. */
#include "jit/compile.h"

void jit_count_calls(struct jit *j, uint64_t *calls) { j->calls = calls; }
void jit_set_deliver(struct jit *j, void (*deliver)(struct vcpu *v)) { j->deliver = deliver; }
void jit_profile(struct jit *j) { j->profiled = true; }
const struct jit_stats *jit_stats(const struct jit *j) { return &j->stats; }

const char *jit_leave_name(unsigned leave)
{
    static const char *const names[JIT_LEAVES] = {
        [LEAVE_RAISE] = "fault of the instruction",
        [LEAVE_DISP] = "careful exit, or the key changed",
        [LEAVE_IND] = "careful branch",
        [LEAVE_GATE] = "firmware gate",
        [LEAVE_LINK] = "exit not linked",
        [LEAVE_ATTENTION] = "attention",
        [LEAVE_MOVED] = "handler not in the jump cache",
        [LEAVE_RETURN] = "return not linked",
        [LEAVE_LOOKUP] = "target not in the jump cache",
        [LEAVE_INTERPRET] = "frame too small for the compiled code",
        [LEAVE_CALL + OPR_FAULT] = "call: fault",
        [LEAVE_CALL + OPR_EXIT] = "call: state changed",
        [LEAVE_CALL + OPR_BRANCH] = "call: branch",
        [LEAVE_CALL + OPR_TRAP] = "call: trap",
    };

    return leave < JIT_LEAVES ? names[leave] : NULL;
}

void emit_count_call(struct compile *c, const struct ir_op *op)
{
    bool load = op->op >= IR_LD1 && op->op <= IR_LD8, store = op->op >= IR_ST1 && op->op <= IR_ST8;

    if (!c->j->calls)
        return;
    x64_mov_ri(&c->x, RAX, (uint64_t)(uintptr_t)&c->j->calls[load ? JIT_COUNT_LOAD : store ? JIT_COUNT_STORE : op->c]);
    x64_rex(&c->x, true, 0, 0, RAX, false); /* inc qword [rax] */
    x64_byte(&c->x, 0xff);
    x64_modrm_mem(&c->x, 0, RAX, 0);
}
