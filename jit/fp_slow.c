/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating-point ops out of line. */
#include "jit/fp_slow.h"

#include "arch/fp_ops.h"
#include "isa/isa.h"
#include "jit/fp_state.h"

bool fp_writes_f1(const struct ir_op *op)
{
    switch (op->c) {
    case OP_FCMP:
    case OP_FCLASS:
    case OP_GETF:
    case OP_FSETC:
    case OP_FCLRF:
    case OP_FCHKF:
        return false;
    default:
        return true;
    }
}

/* Makes a register a tagged double. Return: false if its value is none. */
static bool make_double(struct vcpu *v, unsigned f)
{
    struct ia64_fr *slot = fr_slot(v, f), value;
    uint64_t bits;

    if (slot->se == FR_TAG_DOUBLE)
        return true;
    value = fr_get(v, f);
    if (!fp_to_double_bits_exact(&value, &bits))
        return false;
    *slot = (struct ia64_fr){ .sig = bits, .se = FR_TAG_DOUBLE };
    return true;
}

/* Zero or a normal number of single precision, in a tagged double. */
static bool make_single(struct vcpu *v, unsigned f)
{
    uint64_t bits;

    if (!make_double(v, f))
        return false;
    bits = fr_slot(v, f)->sig;
    return !(bits << 1) || (!(bits & FP_SINGLE_REST) && (bits << 1 >> 53) - FP_SINGLE_EXP_MIN < FP_SINGLE_EXPS);
}

static bool is_as_wanted(struct vcpu *v, unsigned want)
{
    unsigned f = want & 0x7f;

    switch (want >> 8 & 0x7f) {
    case FP_SINGLE:
        return make_single(v, f);
    case FP_DOUBLE:
        return make_double(v, f);
    default:
        return fr_slot(v, f)->se == FP_EXP_INT;
    }
}

uint64_t jit_fp_make_doubles(struct vcpu *v, uint64_t a, uint64_t b)
{
    return make_double(v, (unsigned)a) && make_double(v, (unsigned)b);
}

uint64_t jit_fp_make_pins(struct vcpu *v, uint64_t low, uint64_t high, uint64_t single_low, uint64_t single_high)
{
    for (unsigned f = 2; f < 128; f++) {
        if (((f < 64 ? low : high) >> f % 64 & 1) && !make_double(v, f))
            return 0;
        if (((f < 64 ? single_low : single_high) >> f % 64 & 1) && !make_single(v, f))
            return 0;
    }
    return 1;
}

uint64_t jit_fp_slow_doubles(struct vcpu *v, const struct ir_op *op, uint64_t a, uint64_t b, uint64_t *out,
                             uint64_t wants)
{
    const unsigned sources[] = { FPO_F2(op->imm), FPO_F3(op->imm), FPO_F4(op->imm) }, stored = FPO_F1(op->imm);
    const unsigned *f = op->op == IR_FPOP ? sources : &stored;

    for (unsigned i = 0; i < (op->op == IR_FPOP ? 3 : 1); i++) {
        if (f[i] > 1)
            make_double(v, f[i]);
    }
    return jit_fp_slow(v, op, a, b, out, wants);
}

uint64_t jit_fp_slow(struct vcpu *v, const struct ir_op *op, uint64_t a, uint64_t b, uint64_t *out,
                     uint64_t wants)
{
    enum op_result result = ((ir_helper)op->fn)(v, op->imm, a, b, out);
    bool fine = true;

    if (result != OPR_OK)
        return result;
    for (; wants; wants >>= 16)
        fine &= is_as_wanted(v, wants & 0xffff);
    if (fine)
        return OPR_OK;
    if (fp_writes_f1(op)) /* what lowered code would do next */
        v->psr |= FPO_F1(op->imm) < 32 ? PSR_MFL : PSR_MFH;
    return OPR_EXIT;
}
