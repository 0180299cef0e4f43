/* SPDX-License-Identifier: GPL-2.0-or-later */
/* alloc, br.call, br.ret and mov to ar.pfs inline, where nothing has rotated and no register has to move to or from memory. */
#include <string.h>

#include "arch/gr.h"
#include "arch/ops.h"
#include "arch/rse.h"
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))
#define CFM_SOR (UINT64_C(0xf) << 14)

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

/* @dst = sol of the CFM in @src, whose bits above 13 are 0 up to 31 */
static void field_sol(struct compile *c, unsigned dst, unsigned src)
{
    x64_mov32_rr(&c->x, dst, src);
    x64_shift_ri(&c->x, SHIFT_SHR, dst, 7);
}

/* op dword [v + disp], reg */
static void alu_mem32(struct compile *c, enum x64_alu op, int32_t disp, unsigned reg)
{
    x64_rex(&c->x, false, reg, 0, REG_V, false);
    x64_byte(&c->x, op << 3 | 1);
    x64_modrm_mem(&c->x, reg, REG_V, disp);
}

/* mov dword [v + disp], reg */
static void store32(struct compile *c, int32_t disp, unsigned reg)
{
    x64_rex(&c->x, false, reg, 0, REG_V, false);
    x64_byte(&c->x, 0x89);
    x64_modrm_mem(&c->x, reg, REG_V, disp);
}

static void end_cold(struct compile *c, unsigned first)
{
    for (unsigned i = first; i < c->n_colds; i++)
        c->colds[i].back = c->x.p;
}

static unsigned unit_sor(const struct compile *c) { return (c->u->key & KEY_SOR) >> KEY_SOR_SHIFT; }

/* To C if the rotating registers are not in the frame. */
static void full_unless_home(struct compile *c, const struct ir_op *op)
{
    x64_alu_rm(&c->x, ALU_CMP, REG_FRAME, REG_V, V(rot));
    cold_add(c, COLD_FULL, op, x64_jcc(&c->x, CC_NE));
}

/*
 * rcx = v->key and v->jump_gen, without sor. They are stored in one piece: emit_lookup() loads them soon after, and such a load waits
 * for a store that is shorter.
 */
static void load_key(struct compile *c)
{
    x64_load(&c->x, RCX, REG_V, V(key));
    x64_alu_ri(&c->x, ALU_AND, RCX, (int32_t)~KEY_SOR);
}

/* sor of v->key := @sor, in registers / 8 */
static void set_key_sor(struct compile *c, unsigned sor)
{
    load_key(c);
    if (sor)
        x64_alu_ri(&c->x, ALU_OR, RCX, (int32_t)(sor << KEY_SOR_SHIFT));
    x64_store(&c->x, REG_V, V(key), RCX);
}

/* v->pfs = cfm | ec | cpl; frame, ndirty and cfm move on by sol; br[b1] = return address. */
static void emit_br_call(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned cpl = c->u->key & KEY_CPL;
    unsigned first;

    returns_note(c, op);
    first = c->n_colds;
    x64_load(x, RAX, REG_V, V(cfm));
    full_if_any(c, op, RAX, CFM_RRB, RCX);
    if (unit_sor(c)) {
        full_unless_home(c, op);
        set_key_sor(c, 0);
    }
    x64_load(x, RCX, REG_V, V(ec));
    x64_alu_ri(x, ALU_AND, RCX, 0x3f);
    if (cpl)
        x64_alu_ri(x, ALU_OR, RCX, (int32_t)(cpl << (62 - 52)));
    x64_shift_ri(x, SHIFT_SHL, RCX, 52);
    x64_alu_rr(x, ALU_OR, RCX, RAX);
    x64_store(x, REG_V, V(pfs), RCX);
    if (unit_sor(c))
        field(c, RCX, RAX, 7, 0x7f);
    else
        field_sol(c, RCX, RAX);
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

static void ret_check(struct compile *c, const struct ir_op *op, enum x64_cc cc)
{
    cold_add(c, COLD_RET, op, x64_jcc(&c->x, cc));
}

/* To C unless nothing has rotated in this frame, no register rotates in PFS's (in rax) and privilege stays. */
static void ret_checks(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned cpl = c->u->key & KEY_CPL;

    x64_load(x, RCX, REG_V, V(cfm));
    if (unit_sor(c))
        x64_alu_ri(x, ALU_AND, RCX, (int32_t)~CFM_SOR);
    x64_alu_rr(x, ALU_OR, RCX, RAX);
    x64_mov_ri(x, R11, CFM_RRB | CFM_SOR | (cpl == 0 ? PFS_PPL : 0));
    x64_test_rr(x, RCX, R11);
    ret_check(c, op, CC_NE);
    if (unit_sor(c)) {
        x64_alu_rm(x, ALU_CMP, REG_FRAME, REG_V, V(rot));
        ret_check(c, op, CC_NE);
    }
    if (cpl == 1 || cpl == 2) { /* ppl > cpl lowers privilege */
        x64_mov_rr(x, RCX, RAX);
        x64_shift_ri(x, SHIFT_SHR, RCX, 62);
        x64_alu_ri(x, ALU_CMP, RCX, (int32_t)cpl);
        ret_check(c, op, CC_A);
    }
}

/*
 * The frame and ndirty move back by the sol of PFS, in rax; to C unless all registers are there. What is dirty lies below the frame
 * in the array, so that there is room.
 */
static void return_frame(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;

    field_sol(c, RCX, RAX);
    x64_load32(x, R11, REG_V, V(rse.ndirty));
    x64_alu_rr(x, ALU_SUB, R11, RCX); /* ndirty is not negative here: units run with complete frames */
    ret_check(c, op, CC_S);
    field(c, R10, RAX, 0, 0x7f); /* sof */
    x64_alu_rr(x, ALU_ADD, R11, R10);
    x64_alu_ri(x, ALU_CMP, R11, N_PHYS_STACKED);
    ret_check(c, op, CC_A);
    x64_alu_rr(x, ALU_SUB, R11, R10);
    x64_shift_ri(x, SHIFT_SHL, RCX, 3);
    if (c->j->counted) { /* registers lie in the same slots in both engines: moved when C would */
        x64_mov_rr(x, R10, REG_FRAME);
        x64_alu_rr(x, ALU_SUB, R10, REG_V);
        x64_alu_ri(x, ALU_CMP, R10, V(stack) + STACK_SLOTS * 8 - REG_V_AT);
        ret_check(c, op, CC_A);
        x64_alu_rr(x, ALU_SUB, R10, RCX);
        x64_alu_ri(x, ALU_CMP, R10, V(stack) + N_STACKED * 8 - REG_V_AT);
        ret_check(c, op, CC_B);
    }
    store32(c, V(rse.ndirty), R11);
    x64_alu_rr(x, ALU_SUB, REG_FRAME, RCX);
    x64_store(x, REG_V, V(frame), REG_FRAME);
}

/* The frame of PFS comes back if all its registers are there and privilege stays; all else is emit_ret_slow()'s. */
static void emit_br_ret(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;

    emit_iipa(c, op);
    x64_load(x, RAX, REG_V, V(pfs));
    ret_checks(c, op);
    return_frame(c, op);
    if (unit_sor(c)) {
        x64_store(x, REG_V, V(rot), REG_FRAME);
        set_key_sor(c, 0);
    }
    x64_mov_rr(x, RCX, RAX);
    x64_shift_ri(x, SHIFT_SHR, RCX, 52);
    x64_alu_ri(x, ALU_AND, RCX, 0x3f);
    x64_store(x, REG_V, V(ec), RCX);
    x64_alu_ri(x, ALU_AND, RAX, 0x3fff);
    x64_store(x, REG_V, V(cfm), RAX);
    emit_slots_exit(c, ir_slots_call(c->u, op, OPR_BRANCH));
    use_into(c, op->a, REG_IP);
    x64_alu_ri(x, ALU_AND, REG_IP, -16);
    returns_go(c, op);
}

/* Are f32-f127 where they are without rotations, once those that only counted are forgotten, and rrb.pr a number of rotations? */
static bool rotations_cancel(const struct vcpu *v)
{
    uint64_t fr = cfm_rrb_fr(v->cfm) + v->fr_lag;

    return (fr == 0 || fr == 96) && v->fr_lag <= 96 && cfm_rrb_pr(v->cfm) < 48;
}

/* In one piece, as load_key() says. */
static void clear_key_sor(struct vcpu *v)
{
    char *place = (char *)v + offsetof(struct vcpu, key);
    uint64_t key_gen;

    memcpy(&key_gen, place, sizeof(key_gen));
    key_gen &= ~(uint64_t)KEY_SOR;
    memcpy(place, &key_gen, sizeof(key_gen));
}

/* The caller's output registers go home, those that rotated: the first @n of the frame. */
static void outputs_home(struct vcpu *v, unsigned sor, unsigned n)
{
    unsigned k = sor - cfm_rrb_gr(v->cfm);

    if (gr_rot_is_home(v))
        return;
    for (unsigned p = 0; p < n && p < sor; p++, k++)
        v->frame[p] = v->rot[k < sor ? k : k - sor];
}

/*
 * br.ret as op_br_ret() does it, from a frame whose registers have rotated to one of which none does, and all are there: how
 * functions return that copy by rotation. Return: false if it is another one; then nothing was done.
 */
static bool ret_rotated(struct vcpu *v, uint64_t target)
{
    unsigned sof = cfm_sof(v->pfs), sol = cfm_sol(v->pfs), sor = cfm_sor(v->cfm);
    int32_t ndirty = v->rse.ndirty - (int32_t)sol;

    if (!sor || (v->pfs & (CFM_RRB | CFM_SOR)) || v->pfs >> 62 > (v->key & KEY_CPL) || v->nat_any || !rotations_cancel(v))
        return false;
    if (ndirty < 0 || ndirty + (int32_t)sof > N_PHYS_STACKED || v->frame - v->stack < (ptrdiff_t)(sol + N_STACKED) ||
        v->frame > v->stack + STACK_SLOTS)
        return false;
    outputs_home(v, sor, sof > sol ? sof - sol : 0);
    v->pr = pr_rotate(v->pr, cfm_rrb_pr(v->cfm));
    v->fr_lag = 0;
    v->frame -= sol;
    v->rot = v->frame;
    v->rse.ndirty = ndirty;
    v->cfm = v->pfs & CFM_BITS;
    v->ec = v->pfs >> 52 & 0x3f;
    clear_key_sor(v);
    v->ip = target & ~UINT64_C(15);
    v->ri = 0;
    return true;
}

/* br.ret in full, and the loads of a frame that was in memory. Return: false where one of them faults: the run loop's. */
static uint64_t ret_slow(struct vcpu *v, uint64_t target)
{
    uint64_t unused;

    if (ret_rotated(v, target))
        return true;
    op_br_ret(v, 0, target, 0, &unused);
    return !v->rse.cfle || rse_complete_frame(v) == OPR_OK;
}

/* The same where units count: an interruption that is due comes before the loads. */
static uint64_t ret_counted(struct vcpu *v, uint64_t target)
{
    uint64_t unused;

    op_br_ret(v, 0, target, 0, &unused);
    return !v->rse.cfle;
}

void emit_ret_slow(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    uint8_t *complete;

    emit_slots_place(c, op);
    use_into(c, op->a, RSI);
    x64_mov_rr(x, RDI, REG_V);
    call_c(c, (const void *)(uintptr_t)(c->j->counted ? ret_counted : ret_slow));
    x64_test_rr(x, RAX, RAX);
    complete = x64_jcc(x, CC_NE);
    emit_leave(c, LEAVE_CALL + OPR_BRANCH, op);
    x64_patch(x, complete, x->p);
    x64_load(x, REG_IP, REG_V, V(ip));
    emit_slots_exit(c, ir_slots_call(c->u, op, OPR_BRANCH));
    emit_lookup(c);
}

/* PFS = a, if it is valid and no register rotates in its frame. */
static void emit_set_pfs(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned first = c->n_colds;

    use_into(c, op->a, RAX);
    full_if_any(c, op, RAX, ~PFS_BITS | CFM_RRB | CFM_SOR, RCX);
    field(c, RCX, RAX, 0, 0x7f);
    x64_alu_ri(x, ALU_CMP, RCX, N_STACKED);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_A));
    field_sol(c, R11, RAX);
    x64_alu_rr(x, ALU_CMP, R11, RCX);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_A));
    x64_store(x, REG_V, V(pfs), RAX);
    end_cold(c, first);
}

/* imm as op_alloc's. Room among the physical registers and in the array; sor changes only where nothing has rotated. */
static void emit_alloc(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned sof = op->imm & 0xff, sol = op->imm >> 8 & 0xff, sor = (op->imm >> 16 & 0xff) / 8, d = def(c, op->dst);
    unsigned first = c->n_colds;

    x64_load32(x, RCX, REG_V, V(rse.ndirty));
    x64_alu_ri(x, ALU_CMP, RCX, (int32_t)(N_PHYS_STACKED - sof));
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_A)); /* a negative one too */
    x64_lea(x, RCX, REG_V, V(stack) + STACK_SLOTS * 8);
    x64_alu_rr(x, ALU_CMP, REG_FRAME, RCX);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_A));
    x64_load(x, R11, REG_V, V(cfm));
    if (sor != unit_sor(c)) {
        full_if_any(c, op, R11, CFM_RRB, RCX);
        if (unit_sor(c))
            full_unless_home(c, op);
        set_key_sor(c, sor);
        x64_store(x, REG_V, V(rot), REG_FRAME);
    }
    x64_alu_ri(x, ALU_AND, R11, -(1 << 18)); /* rrb stays */
    x64_alu_ri(x, ALU_OR, R11, (int32_t)(sof | sol << 7 | sor << 14));
    x64_store(x, REG_V, V(cfm), R11);
    x64_load(x, d, REG_V, V(pfs));
    done(c, op->dst, d);
    end_cold(c, first);
}

bool emit_frame(struct compile *c, const struct ir_op *op)
{
    if (c->u->key & KEY_CAREFUL)
        return false;
    if (op->fn == (void *)op_alloc)
        emit_alloc(c, op);
    else if (op->fn == (void *)op_br_call)
        emit_br_call(c, op);
    else if (op->fn == (void *)op_br_ret)
        emit_br_ret(c, op);
    else if (op->fn == (void *)op_mov_to_ar && op->imm == AR_PFS)
        emit_set_pfs(c, op);
    else
        return false;
    return true;
}
