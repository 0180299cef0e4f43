/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The builder: what lowering functions call to append internal ops. */
#include <string.h>

#include "lower/lower.h"

struct ir_op *ir_emit(struct lower *l, enum ir_opcode opcode)
{
    /* An instruction that does not fit is taken back by the unit loop (overflow), so the last slot is reused. */
    if (l->n_ops >= LOWER_MAX_OPS - 1)
        l->overflow = true;
    else
        l->n_ops++;

    struct ir_op *op = &l->ops[l->n_ops - 1];

    *op = (struct ir_op){ .op = (uint16_t)opcode, .pos = l->pos };
    return op;
}

ir_val ir_new_val(struct lower *l)
{
    if (l->n_vals >= LOWER_MAX_VALS - 1) {
        l->overflow = true;
        return (ir_val)(l->n_vals - 1);
    }
    l->const_of[l->n_vals] = 0;
    return (ir_val)l->n_vals++;
}

/* ---- guest registers ---- */

/* Where r lies: the opcode for GRS, with F and R next to it, and the index. */
static enum ir_opcode gr_place(const struct lower *l, enum ir_opcode grs, unsigned r, uint16_t *index)
{
    unsigned sor = ((l->key & KEY_SOR) >> KEY_SOR_SHIFT) * 8;

    *index = (uint16_t)(r < 32 ? r : r - 32);
    if (r < 32)
        return grs;
    return r - 32 < sor ? grs + 2 : grs + 1;
}

ir_val ir_gr(struct lower *l, unsigned r)
{
    struct ir_op *op;

    if (r == 0)
        return ir_const(l, 0);
    if (l->gr_val[r])
        return l->gr_val[r];
    op = ir_emit(l, IR_GET_GRS);
    op->op = (uint16_t)gr_place(l, IR_GET_GRS, r, &op->c);
    op->dst = ir_new_val(l);
    l->gr_val[r] = op->dst;
    return op->dst;
}

ir_val ir_nat(struct lower *l, unsigned r)
{
    struct ir_op *op;

    if (r == 0 || !(l->key & KEY_NAT))
        return ir_const(l, 0);
    if (l->nat_val[r])
        return l->nat_val[r];
    op = ir_emit(l, IR_GET_NAT);
    op->c = (uint16_t)r;
    op->dst = ir_new_val(l);
    l->nat_val[r] = op->dst;
    return op->dst;
}

void ir_check_target(struct lower *l, unsigned r)
{
    if (r == 0) {
        ir_fault(l, FAULT_ILLEGAL_OP, 0);
        return;
    }
    if (r < 32 || r - 32 < l->sof_checked || r - 32 < ((l->key & KEY_SOR) >> KEY_SOR_SHIFT) * 8)
        return;
    if (l->sof_exact) {
        ir_fault(l, FAULT_ILLEGAL_OP, 0);
        return;
    }
    ir_emit(l, IR_CHECK_SOF)->c = (uint16_t)(r - 32);
    if (!l->predicated)
        l->sof_checked = r - 32 + 1;
}

void ir_set_gr(struct lower *l, unsigned r, ir_val value, ir_val nat)
{
    struct ir_op *op = ir_emit(l, IR_SET_GRS);
    uint64_t cn = 1;

    op->op = (uint16_t)gr_place(l, IR_SET_GRS, r, &op->c);
    op->a = value;
    l->gr_val[r] = value;
    l->gr_written[r / 64] |= UINT64_C(1) << (r % 64);
    if (l->key & KEY_NAT) {
        op = ir_emit(l, IR_SET_NAT);
        op->c = (uint16_t)r;
        op->a = nat;
        l->nat_val[r] = nat;
    } else if (!ir_is_const(l, nat, &cn) || cn) {
        op = ir_emit(l, IR_MAKE_NAT);
        op->c = (uint16_t)r;
        op->a = nat;
        l->nat_exit = true;
    }
}

ir_val ir_pr(struct lower *l, unsigned p)
{
    struct ir_op *op;

    if (p == 0)
        return ir_const(l, 1);
    op = ir_emit(l, IR_GET_PR);
    op->c = (uint16_t)p;
    op->dst = ir_new_val(l);
    return op->dst;
}

void ir_set_pr(struct lower *l, unsigned p, ir_val v)
{
    struct ir_op *op;

    if (p == 0)
        return;
    op = ir_emit(l, IR_SET_PR);
    op->c = (uint16_t)p;
    op->a = v;
}

void ir_set_pri(struct lower *l, unsigned p, bool v)
{
    struct ir_op *op;

    if (p == 0)
        return;
    op = ir_emit(l, IR_SET_PRI);
    op->c = (uint16_t)p;
    op->imm = v;
}

void ir_set_pr2(struct lower *l, unsigned p1, unsigned p2, ir_val v)
{
    struct ir_op *op = ir_emit(l, IR_SET_PR2);

    op->c = (uint16_t)(p1 | p2 << 8);
    op->a = v;
}

static ir_val get(struct lower *l, enum ir_opcode opcode, unsigned c, uint64_t imm)
{
    struct ir_op *op = ir_emit(l, opcode);

    op->c = (uint16_t)c;
    op->imm = imm;
    op->dst = ir_new_val(l);
    return op->dst;
}

static void set(struct lower *l, enum ir_opcode opcode, unsigned c, uint64_t imm, ir_val a)
{
    struct ir_op *op = ir_emit(l, opcode);

    op->c = (uint16_t)c;
    op->imm = imm;
    op->a = a;
}

ir_val ir_prw(struct lower *l) { return get(l, IR_GET_PRW, 0, 0); }
void ir_set_prw(struct lower *l, ir_val v) { set(l, IR_SET_PRW, 0, 0, v); }
ir_val ir_br(struct lower *l, unsigned b) { return get(l, IR_GET_BR, b, 0); }
void ir_set_br(struct lower *l, unsigned b, ir_val v) { set(l, IR_SET_BR, b, 0, v); }
ir_val ir_st(struct lower *l, size_t offset) { return get(l, IR_GET_ST, 0, offset); }
void ir_set_st(struct lower *l, size_t offset, ir_val v) { set(l, IR_SET_ST, 0, offset, v); }

void ir_set_mf(struct lower *l, unsigned f)
{
    uint64_t bit = f < 32 ? PSR_MFL : PSR_MFH;

    if (l->mf_done & bit)
        return;
    ir_emit(l, IR_SET_MF)->imm = bit;
    if (!l->predicated)
        l->mf_done |= (uint32_t)bit;
}

/* ---- memory ---- */

static unsigned log2_size(unsigned size) { return size == 8 ? 3 : size >> 1; }

ir_val ir_load(struct lower *l, ir_val addr, unsigned size, uint32_t flags)
{
    struct ir_op *op = ir_emit(l, IR_LD1 + log2_size(size));

    op->a = addr;
    op->aux = flags | (l->key & KEY_BE ? IR_MEM_BE : 0);
    op->dst = ir_new_val(l);
    return op->dst;
}

void ir_store(struct lower *l, ir_val addr, ir_val value, unsigned size, uint32_t flags)
{
    struct ir_op *op = ir_emit(l, IR_ST1 + log2_size(size));

    op->a = addr;
    op->b = value;
    op->aux = flags | (l->key & KEY_BE ? IR_MEM_BE : 0);
}

void ir_fence(struct lower *l) { ir_emit(l, IR_FENCE); }

/* ---- calls and faults ---- */

/* Displacement (from the unit's first bundle) and slot of the instruction after this one. */
static uint64_t next_insn(const struct lower *l, uint16_t *slot)
{
    bool last = l->slot == 2 || (l->mlx && l->slot == 1); /* L+X fills slots 1 and 2 */

    *slot = last ? 0 : (uint16_t)(l->slot + 1);
    return l->disp + (last ? 16 : 0);
}

static uint32_t next_pos(const struct lower *l)
{
    uint16_t slot;
    uint64_t disp = next_insn(l, &slot);

    return (uint32_t)(disp / 16 << 2 | slot);
}


static void forget_gr(struct lower *l)
{
    memset(l->gr_val, 0, sizeof(l->gr_val));
    memset(l->nat_val, 0, sizeof(l->nat_val));
    l->gr_written[0] = l->gr_written[1] = ~UINT64_C(0);
}

ir_val ir_call(struct lower *l, ir_helper fn, uint64_t imm, ir_val a, ir_val b, uint32_t flags)
{
    struct ir_op *op = ir_emit(l, IR_CALL);

    op->fn = (void *)fn;
    op->c = l->isa_op;
    op->imm = imm;
    op->a = a;
    op->b = b;
    op->aux = flags | next_pos(l) << IR_CALL_NEXT_SHIFT;
    op->dst = ir_new_val(l);
    if (!(flags & (IR_CALL_NO_GR | IR_CALL_READS_GR)))
        forget_gr(l);
    return op->dst;
}

ir_val ir_fpop(struct lower *l, ir_helper fn, unsigned isa_op, uint64_t imm, ir_val a, ir_val b, uint32_t flags)
{
    struct ir_op *op = ir_emit(l, IR_FPOP);

    op->fn = (void *)fn;
    op->imm = imm;
    op->a = a;
    op->b = b;
    op->c = (uint16_t)isa_op;
    op->aux = flags | IR_CALL_NO_GR | next_pos(l) << IR_CALL_NEXT_SHIFT;
    op->dst = ir_new_val(l);
    return op->dst;
}

void ir_fault(struct lower *l, enum fault fault, uint64_t isr)
{
    struct ir_op *op = ir_emit(l, IR_FAULT);

    op->c = (uint16_t)fault;
    op->imm = isr;
    if (!l->predicated)
        l->ended = true;
}

void ir_break(struct lower *l, uint64_t iim)
{
    ir_emit(l, IR_BREAK)->imm = iim;
    if (!l->predicated)
        l->ended = true;
}

void ir_nat_fault(struct lower *l, ir_val nat, uint64_t isr)
{
    uint64_t c;

    if (ir_is_const(l, nat, &c) && !c)
        return;
    set(l, IR_NAT_FAULT, 0, isr | 0x10, nat);
}

/* ---- control ---- */

/*
 * Only the outermost region's entry is a point to return to: what was cached there and not written since holds at any label,
 * inner ones included.
 */
static ir_label enter_region(struct lower *l, struct ir_op *op)
{
    if (l->depth++ == 0) {
        memcpy(l->saved_gr, l->gr_val, sizeof(l->gr_val));
        memcpy(l->saved_nat, l->nat_val, sizeof(l->nat_val));
        l->gr_written[0] = l->gr_written[1] = 0;
        l->predicated = true;
    }
    return (ir_label)(op - l->ops);
}

ir_label ir_skip_pr(struct lower *l, unsigned p)
{
    struct ir_op *op = ir_emit(l, IR_SKIP_PR);

    op->c = (uint16_t)p;
    return enter_region(l, op);
}

ir_label ir_skip_z(struct lower *l, ir_val v)
{
    struct ir_op *op = ir_emit(l, IR_SKIP_Z);

    op->a = v;
    return enter_region(l, op);
}

ir_label ir_skip_nz(struct lower *l, ir_val v)
{
    struct ir_op *op = ir_emit(l, IR_SKIP_NZ);

    op->a = v;
    return enter_region(l, op);
}

void ir_here(struct lower *l, ir_label label)
{
    l->ops[label].imm = l->n_ops;
    memcpy(l->gr_val, l->saved_gr, sizeof(l->gr_val));
    memcpy(l->nat_val, l->saved_nat, sizeof(l->nat_val));
    for (unsigned i = 0; i < 2; i++) {
        for (uint64_t w = l->gr_written[i]; w; w &= w - 1) {
            l->gr_val[i * 64 + (unsigned)__builtin_ctzll(w)] = 0;
            l->nat_val[i * 64 + (unsigned)__builtin_ctzll(w)] = 0;
        }
    }
    assert(l->depth > 0);
    if (--l->depth == 0)
        l->predicated = false;
}

void ir_loop_ended(struct lower *l) { forget_gr(l); }

void ir_frame_changed(struct lower *l, unsigned sof)
{
    forget_gr(l);
    l->sof_checked = sof;
    l->sof_exact = true;
}

void ir_rotate(struct lower *l)
{
    ir_emit(l, IR_ROTATE);
    forget_gr(l);
}

static void end_unless_predicated(struct lower *l)
{
    if (!l->predicated)
        l->ended = true;
}

void ir_exit(struct lower *l, int64_t disp, uint32_t flags)
{
    struct ir_op *op = ir_emit(l, IR_EXIT);

    op->imm = l->disp + (uint64_t)disp;
    op->aux = op->imm ? flags : flags & ~(uint32_t)IR_EXIT_UNLIKELY;
    l->branches_back |= op->imm == 0;
    end_unless_predicated(l);
}

void ir_exit_ind(struct lower *l, ir_val target, uint32_t flags)
{
    struct ir_op *op = ir_emit(l, IR_EXIT_IND);

    op->a = target;
    op->aux = flags;
    end_unless_predicated(l);
}

struct ir_op *ir_exit_next(struct lower *l)
{
    struct ir_op *op = ir_emit(l, IR_EXIT);

    op->imm = next_insn(l, &op->c);
    end_unless_predicated(l);
    return op;
}

void ir_exit_if_nat(struct lower *l)
{
    struct ir_op *op = ir_emit(l, IR_EXIT_IF_NAT);

    op->imm = next_insn(l, &op->c);
}

void ir_gate(struct lower *l, unsigned gate)
{
    ir_emit(l, IR_GATE)->imm = gate;
    l->ended = true;
}
