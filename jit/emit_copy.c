/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying loops: the call of the C function that does them, when their unit is entered. */
#include "jit/copy.h"
#include "jit/emit_fp.h"

/*
 * May the unit go on at op @end after C has done what is before it? Nothing behind may need a temp from before, a page that a
 * reference found there, or what is known of floating-point registers by then.
 */
static bool can_skip_to(const struct compile *c, uint32_t end)
{
    const struct ir_unit *u = c->u;

    for (uint32_t v = 1; v < u->n_vals; v++) {
        if (!c->places[v].is_const && c->places[v].first < end && c->places[v].last >= end)
            return false;
    }
    for (uint32_t i = 0; i < u->n_ops; i++) {
        const struct ir_op *op = &u->ops[i];

        if (op->op == IR_FPOP || op->op == IR_SET_MF || emit_fp_owns(op))
            return false;
        if (i < end && op->op == IR_GET_GRS && site_base_is_global(op->c))
            return false;
    }
    return true;
}

void emit_copying(struct compile *c)
{
    const struct ir_unit *u = c->u;
    bool bytes = is_copy_bytes(u), fr = is_copy_loop_fr(u), whole;
    uint32_t end;

    if (c->j->counted || (!bytes && !fr && !is_copy_loop(u)))
        return;
    end = bytes ? COPY_BYTES_END : (uint32_t)u->ops[N_OPS].imm;
    whole = !fr && can_skip_to(c, end);
    if (bytes && !whole)
        return;
    x64_mov_rr(&c->x, RDI, REG_V);
    x64_mov_ri(&c->x, RSI, (uint64_t)(uintptr_t)u->ops);
    x64_mov_rr(&c->x, RDX, REG_IP);
    x64_mov_ri(&c->x, RCX, whole);
    if (fr)
        call_c(c, (const void *)(uintptr_t)jit_copy_loop_fr);
    else
        call_c(c, (const void *)(uintptr_t)(bytes ? jit_copy_bytes : jit_copy_loop));
    if (!whole)
        return;
    x64_test_rr(&c->x, RAX, RAX);
    c->copied = x64_jcc(&c->x, CC_NE);
    c->copied_to = end;
}
