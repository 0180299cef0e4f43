/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lowering of shifts and bit fields (SDM 1:53, 4.2.4). */
#include "lower/lower_ops.h"

static uint64_t mask_of(unsigned len)
{
    return len >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << len) - 1;
}

/* Length of a field that ends at bit 63 at the latest. */
static unsigned field_len(const struct insn *in)
{
    return in->pos + in->len > 64 ? 64u - in->pos : in->len;
}

/* shr, shr.u: r3 by r2; shl: r2 by r3. Counts above 63 shift everything out. */
void lower_shift(struct lower *l, const struct insn *in)
{
    ir_val value, nat;

    ir_check_target(l, in->r1);
    if (in->op == OP_SHL)
        value = ir_bin(l, IR_SHL, ir_gr(l, in->r2), ir_gr(l, in->r3));
    else
        value = ir_bin(l, in->op == OP_SHR ? IR_SAR : IR_SHR, ir_gr(l, in->r3), ir_gr(l, in->r2));
    nat = nat23(l, in);
    ir_set_gr(l, in->r1, value, nat);
}

/* shrp: 64 bits out of r2:r3, from bit count on */
void lower_shrp(struct lower *l, const struct insn *in)
{
    ir_val value, high, low, nat;

    ir_check_target(l, in->r1);
    value = ir_gr(l, in->r3);
    if (in->count != 0) {
        high = ir_gr(l, in->r2);
        low = ir_shri(l, value, in->count);
        value = ir_or(l, low, ir_shli(l, high, 64u - in->count));
    }
    nat = nat23(l, in);
    ir_set_gr(l, in->r1, value, nat);
}

/* extr, extr.u */
void lower_extr(struct lower *l, const struct insn *in)
{
    unsigned len = field_len(in);
    ir_val value;

    ir_check_target(l, in->r1);
    value = ir_gr(l, in->r3);
    if (in->op == OP_EXTR) {
        value = ir_sari(l, ir_shli(l, value, 64 - in->pos - len), 64 - len);
    } else {
        value = ir_shri(l, value, in->pos);
        if (in->pos + len < 64)
            value = ir_andi(l, value, mask_of(len));
    }
    ir_set_gr(l, in->r1, value, ir_nat(l, in->r3));
}

void lower_dep(struct lower *l, const struct insn *in)
{
    uint64_t mask = mask_of(field_len(in));
    ir_val field, value, nat;

    ir_check_target(l, in->r1);
    field = ir_shli(l, ir_andi(l, ir_gr(l, in->r2), mask), in->pos);
    value = ir_or(l, ir_andi(l, ir_gr(l, in->r3), ~(mask << in->pos)), field);
    nat = nat23(l, in);
    ir_set_gr(l, in->r1, value, nat);
}

/* dep with a field of all zeros or all ones */
void lower_dep_imm(struct lower *l, const struct insn *in)
{
    uint64_t mask = mask_of(field_len(in)) << in->pos;
    ir_val value;

    ir_check_target(l, in->r1);
    value = ir_gr(l, in->r3);
    value = in->imm & 1 ? ir_bini(l, IR_OR, value, mask) : ir_andi(l, value, ~mask);
    ir_set_gr(l, in->r1, value, ir_nat(l, in->r3));
}

void lower_dep_z(struct lower *l, const struct insn *in)
{
    unsigned len = field_len(in);
    ir_val value;

    ir_check_target(l, in->r1);
    value = ir_gr(l, in->r2);
    if (in->pos + len < 64)
        value = ir_andi(l, value, mask_of(len));
    ir_set_gr(l, in->r1, ir_shli(l, value, in->pos), ir_nat(l, in->r2));
}

void lower_dep_z_imm(struct lower *l, const struct insn *in)
{
    ir_check_target(l, in->r1);
    ir_set_gr(l, in->r1, ir_const(l, ((uint64_t)in->imm & mask_of(field_len(in))) << in->pos), ir_zero(l));
}
