/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating-point ops out of line. */
#include "jit/fp_slow.h"

#include "arch/fp_ops.h"
#include "isa/isa.h"

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

static bool is_as_wanted(struct vcpu *v, unsigned want)
{
    unsigned f = want & 0x7f;

    return want & 0x100 ? make_double(v, f) : fr_slot(v, f)->se == FP_EXP_INT;
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
