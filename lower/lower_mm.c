/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lowering of parallel (multimedia) integer instructions (SDM 1:78, 4.6). */
#include "lower/lower_ops.h"
#include "lower/pure.h"

static ir_pure_fn function_of(const struct insn *in)
{
    switch (in->op) {
    case OP_PADD:
        return pure_padd;
    case OP_PSUB:
        return pure_psub;
    case OP_PAVG:
        return pure_pavg;
    case OP_PAVGSUB:
        return pure_pavgsub;
    case OP_PCMP:
        return in->rel == REL_EQ ? pure_pcmp_eq : pure_pcmp_gt;
    case OP_PSHLADD2:
        return pure_pshladd2;
    case OP_PSHRADD2:
        return pure_pshradd2;
    case OP_PMPYSHR2:
        return pure_pmpyshr2;
    case OP_PMPY2:
        return pure_pmpy2;
    case OP_MIX:
        return pure_mix;
    case OP_PACK:
        return pure_pack;
    case OP_UNPACK:
        return pure_unpack;
    case OP_PMIN:
        return pure_pmin;
    case OP_PMAX:
        return pure_pmax;
    default:
        return pure_psad1;
    }
}

/* The count or flag in PURE_IMM. */
static unsigned count_of(const struct insn *in)
{
    switch (in->op) {
    case OP_PAVG:
        return in->raz;
    case OP_PMPY2:
    case OP_MIX:
        return in->half == HALF_L;
    case OP_UNPACK:
        return in->half == HALF_H;
    default:
        return in->count;
    }
}

/* mix4 and unpack4: one half of r2 above the same half of r3; compilers rotate with them. */
static ir_val join_halves(struct lower *l, const struct insn *in)
{
    ir_val high = ir_gr(l, in->r2), low = ir_gr(l, in->r3);

    if (count_of(in)) /* the upper halves */
        return ir_or(l, ir_bini(l, IR_SHL, ir_bini(l, IR_SHR, high, 32), 32), ir_bini(l, IR_SHR, low, 32));
    return ir_or(l, ir_bini(l, IR_SHL, high, 32), ir_un(l, IR_ZEXT4, low));
}

/* Everything of the shape r1 = op(r2, r3) */
void lower_parallel(struct lower *l, const struct insn *in)
{
    ir_val value, nat;

    ir_check_target(l, in->r1);
    if ((in->op == OP_MIX || in->op == OP_UNPACK) && in->size == 4)
        value = join_halves(l, in);
    else
        value = ir_pure(l, function_of(in), ir_gr(l, in->r2), ir_gr(l, in->r3),
                        PURE_IMM(in->size, in->sat, count_of(in)));
    nat = nat23(l, in);
    ir_set_gr(l, in->r1, value, nat);
}

/* pshr of r3 by r2, pshl of r2 by r3, and both by an immediate */
void lower_pshift(struct lower *l, const struct insn *in)
{
    bool left = in->op == OP_PSHL || in->op == OP_PSHL_IMM;
    unsigned source = left ? in->r2 : in->r3, by = left ? in->r3 : in->r2;
    ir_val count, nat, value;

    ir_check_target(l, in->r1);
    nat = ir_nat(l, source);
    if (in->op == OP_PSHL_IMM || in->op == OP_PSHR_IMM) {
        count = ir_const(l, in->count);
    } else {
        count = ir_gr(l, by);
        nat = ir_or(l, nat, ir_nat(l, by));
    }
    value = ir_pure(l, left ? pure_pshl : pure_pshr, ir_gr(l, source), count, PURE_IMM(in->size, in->sat, 0));
    ir_set_gr(l, in->r1, value, nat);
}

/* mux1, mux2 of r2 */
void lower_mux(struct lower *l, const struct insn *in)
{
    ir_val value;

    ir_check_target(l, in->r1);
    if (in->op == OP_MUX1 && in->mbtype == MBTYPE_REV)
        value = ir_un(l, IR_BSWAP, ir_gr(l, in->r2));
    else if (in->op == OP_MUX1)
        value = ir_pure(l, pure_mux1, ir_gr(l, in->r2), 0, in->mbtype);
    else
        value = ir_pure(l, pure_mux2, ir_gr(l, in->r2), 0, (uint64_t)in->imm);
    ir_set_gr(l, in->r1, value, ir_nat(l, in->r2));
}

void lower_czx(struct lower *l, const struct insn *in)
{
    ir_val value;

    ir_check_target(l, in->r1);
    value = ir_pure(l, pure_czx, ir_gr(l, in->r3), 0, PURE_IMM(in->size, 0, in->half == HALF_L));
    ir_set_gr(l, in->r1, value, ir_nat(l, in->r3));
}
