/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Semaphores inline: xchg, cmpxchg and fetchadd on memory that the soft TLB has for writing (arch/mem_ops.c). */
#include "arch/ops.h"
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

/* opcode [rcx + r10], reg of @size bytes; the two opcodes of a form are for bytes and for larger data. */
static void locked(struct compile *c, unsigned opcode, bool two_bytes, unsigned reg, unsigned size)
{
    struct x64 *x = &c->x;

    x64_byte(x, 0xf0);
    if (size == 2)
        x64_byte(x, 0x66);
    x64_rex(x, size == 8, reg, REG_S3, REG_S1, size == 1);
    if (two_bytes)
        x64_byte(x, 0x0f);
    x64_byte(x, opcode | (size > 1));
    x64_modrm_sib(x, reg, REG_S1, REG_S3, 0, 0);
}

/* r10 = address, rcx = what to add to it for the host's; to C if the soft TLB does not have it, and always if it is misaligned. */
static void emit_place(struct compile *c, const struct ir_op *op, unsigned size)
{
    use_into(c, op->a, REG_S3);
    emit_probe(c, REG_S3, size, true);
    cold_add(c, COLD_FULL, op, x64_jcc(&c->x, CC_NE));
    if (size > 1) {
        x64_test_ri(&c->x, REG_S3, (int32_t)size - 1);
        cold_add(c, COLD_FULL, op, x64_jcc(&c->x, CC_NE));
    }
    x64_load_index(&c->x, REG_S1, REG_V, REG_S1, 0, V(stlb) + (int32_t)offsetof(struct stlb_entry, addend));
}

/* Where CCV has more than @size bytes nothing is equal to it: C's. Leaves rax = what was found. */
static void emit_cmpxchg(struct compile *c, const struct ir_op *op, unsigned size)
{
    x64_load(&c->x, RAX, REG_V, V(ccv));
    if (size < 8) {
        x64_mov_rr(&c->x, REG_S2, RAX);
        x64_shift_ri(&c->x, SHIFT_SHR, REG_S2, 8 * size);
        cold_add(c, COLD_FULL, op, x64_jcc(&c->x, CC_NE));
    }
    use_into(c, op->b, REG_S2);
    locked(c, 0xb0, true, REG_S2, size);
}

bool emit_semaphore(struct compile *c, const struct ir_op *op)
{
    unsigned size = op->imm & 0xff, first = c->n_colds, found = REG_S2;

    if (c->u->key & (KEY_CAREFUL | KEY_BE))
        return false;
    if (op->fn == (void *)op_xchg) {
        emit_place(c, op, size);
        use_into(c, op->b, REG_S2);
        locked(c, 0x86, false, REG_S2, size);
    } else if (op->fn == (void *)op_cmpxchg) {
        emit_place(c, op, size);
        emit_cmpxchg(c, op, size);
        found = RAX;
    } else if (op->fn == (void *)op_fetchadd) {
        emit_place(c, op, size);
        x64_mov_ri(&c->x, REG_S2, (uint64_t)(int64_t)(int8_t)(op->imm >> 8 & 0xff));
        locked(c, 0xc0, true, REG_S2, size);
    } else {
        return false;
    }
    if (size < 8)
        x64_extend(&c->x, found, found, size, false);
    x64_mov_rr(&c->x, def(c, op->dst), found);
    done(c, op->dst, found);
    for (unsigned i = first; i < c->n_colds; i++)
        c->colds[i].back = c->x.p;
    return true;
}
