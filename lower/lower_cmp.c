/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lowering of compares and tests that write two predicates (SDM 1:55, 4.3). */
#include "arch/vti.h"
#include "lower/lower_ops.h"

/*
 * Writes p1 and p2 of a compare whose relation is @rel (0/1) and whose operands' NaT is @nat. The
 * qualifying predicate is read here for the unc type, which writes whatever it is (SDM Vol.3, cmp). The
 * caller has seen to p1 == p2.
 */
static void write_predicates(struct lower *l, const struct insn *in, ir_val rel, ir_val nat)
{
    bool has_nat = !is_zero(l, nat);
    ir_val valid = has_nat ? ir_not(l, nat) : 0;
    ir_val yes = has_nat ? ir_and(l, rel, valid) : rel;
    ir_val no;

    switch (in->ctype) {
    case CTYPE_UNC:
        if (in->qp != 0) {
            ir_val qp = ir_pr(l, in->qp);

            no = ir_and(l, ir_not(l, rel), qp);
            yes = ir_and(l, yes, qp);
            if (has_nat)
                no = ir_and(l, no, valid);
            ir_set_pr(l, in->p1, yes);
            ir_set_pr(l, in->p2, no);
            break;
        }
        /* fall through */
    case CTYPE_NONE:
        if (!has_nat) {
            ir_set_pr2(l, in->p1, in->p2, rel);
        } else {
            no = ir_and(l, ir_not(l, rel), valid);
            ir_set_pr(l, in->p1, yes);
            ir_set_pr(l, in->p2, no);
        }
        break;
    case CTYPE_AND: /* both to 0 unless the relation holds */
        if (in->p1 != 0)
            ir_set_pr(l, in->p1, ir_and(l, ir_pr(l, in->p1), yes));
        if (in->p2 != 0)
            ir_set_pr(l, in->p2, ir_and(l, ir_pr(l, in->p2), yes));
        break;
    case CTYPE_OR: /* both to 1 if it holds */
        if (in->p1 != 0)
            ir_set_pr(l, in->p1, ir_or(l, ir_pr(l, in->p1), yes));
        if (in->p2 != 0)
            ir_set_pr(l, in->p2, ir_or(l, ir_pr(l, in->p2), yes));
        break;
    case CTYPE_OR_ANDCM: /* p1 to 1 and p2 to 0 if it holds */
        if (in->p1 != 0)
            ir_set_pr(l, in->p1, ir_or(l, ir_pr(l, in->p1), yes));
        if (in->p2 != 0)
            ir_set_pr(l, in->p2, ir_bin(l, IR_ANDCM, ir_pr(l, in->p2), yes));
        break;
    }
}

/* Illegal Operation: the same predicate twice. Of the unc type whatever the qualifying predicate is. */
static bool same_targets(struct lower *l, const struct insn *in)
{
    if (in->p1 != in->p2)
        return false;
    raise_illegal(l);
    return true;
}

static enum ir_opcode relation_op(unsigned rel)
{
    switch (rel) {
    case REL_EQ:
        return IR_EQ;
    case REL_NE:
        return IR_NE;
    case REL_LT:
        return IR_LT;
    case REL_LE:
        return IR_LE;
    case REL_LTU:
        return IR_LTU;
    default:
        assert(0);
        return IR_EQ;
    }
}

static ir_val compare(struct lower *l, unsigned rel, ir_val a, ir_val b)
{
    if (rel == REL_GT)
        return ir_bin(l, IR_LT, b, a);
    if (rel == REL_GE)
        return ir_bin(l, IR_LE, b, a);
    return ir_bin(l, relation_op(rel), a, b);
}

/* cmp, cmp4: r2, the immediate or 0 on the left, r3 on the right */
void lower_cmp(struct lower *l, const struct insn *in)
{
    enum ir_opcode extend = in->rel == REL_LTU ? IR_ZEXT4 : IR_SEXT4;
    ir_val a, b, nat;

    if (same_targets(l, in))
        return;
    b = ir_gr(l, in->r3);
    nat = ir_nat(l, in->r3);
    if (in->op == OP_CMP) {
        a = ir_gr(l, in->r2);
        nat = ir_or(l, nat, ir_nat(l, in->r2));
    } else {
        a = ir_const(l, in->op == OP_CMP_IMM ? (uint64_t)in->imm : 0);
    }
    if (in->size == 4) {
        a = ir_un(l, extend, a);
        b = ir_un(l, extend, b);
    }
    write_predicates(l, in, compare(l, in->rel, a, b), nat);
}

void lower_tbit(struct lower *l, const struct insn *in)
{
    ir_val bit;

    if (same_targets(l, in))
        return;
    bit = ir_andi(l, ir_shri(l, ir_gr(l, in->r3), in->pos), 1);
    write_predicates(l, in, in->rel == REL_Z ? ir_not(l, bit) : bit, ir_nat(l, in->r3));
}

void lower_tnat(struct lower *l, const struct insn *in)
{
    ir_val nat;

    if (same_targets(l, in))
        return;
    nat = ir_nat(l, in->r3);
    write_predicates(l, in, in->rel == REL_Z ? ir_not(l, nat) : nat, ir_zero(l));
}

/* tf: a feature bit of CPUID[4]{63:32}; a guest's may differ */
void lower_tf(struct lower *l, const struct insn *in)
{
    ir_val seen;
    bool bit;

    if (same_targets(l, in))
        return;
    if (l->key & KEY_VM) {
        seen = ir_call(l, op_guest_feature, in->imm & 63, 0, 0, CALL_NO_REGS | IR_CALL_NO_FAULT);
        write_predicates(l, in, in->rel == REL_Z ? ir_not(l, seen) : seen, ir_zero(l));
        return;
    }
    bit = l->cpuid4 >> (in->imm & 63) & 1;
    write_predicates(l, in, ir_const(l, in->rel == REL_Z ? !bit : bit), ir_zero(l));
}
