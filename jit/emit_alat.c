/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advanced and speculative loads into general registers, their checks, spills and fills, inline (arch/alat.c, mem_ops.c). */
#include "arch/ops.h"
#include "isa/isa.h"
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))
#define E(field) (V(alat) + (int32_t)offsetof(struct alat_entry, field))

_Static_assert(sizeof(struct alat_entry) == 32, "the index is shifted by five");

/* r11 = address of register r, rcx = offset of its entry in v->alat. */
static void emit_entry(struct compile *c, unsigned r)
{
    struct x64 *x = &c->x;
    unsigned sor = ((c->u->key & KEY_SOR) >> KEY_SOR_SHIFT) * 8;

    if (r < 32) {
        x64_lea(x, REG_S2, REG_V, V(gr) + (int32_t)r * 8);
    } else if (r - 32 < sor) {
        x64_load(x, REG_S2, REG_V, V(rot));
        x64_lea(x, REG_S2, REG_S2, (int32_t)(r - 32) * 8);
    } else {
        x64_lea(x, REG_S2, REG_FRAME, (int32_t)(r - 32) * 8);
    }
    x64_mov_rr(x, REG_S1, REG_S2);
    x64_shift_ri(x, SHIFT_SHL, REG_S1, 2); /* >> 3 for the slot, << 5 for the entry's size */
    x64_alu_ri(x, ALU_AND, REG_S1, (N_ALAT - 1) << 5);
}

/* qword [v + rcx + disp] = reg */
static void store_entry(struct compile *c, int32_t disp, unsigned reg)
{
    x64_rex(&c->x, true, reg, REG_S1, REG_V, false);
    x64_byte(&c->x, 0x89);
    x64_modrm_sib(&c->x, reg, REG_V, REG_S1, 0, disp);
}

static void end_cold(struct compile *c, unsigned first)
{
    for (unsigned i = first; i < c->n_colds; i++)
        c->colds[i].back = c->x.p;
}

/* r10 = op->a, rcx = what to add to it for the host address; to C if the soft TLB does not have it, or if it is misaligned. */
static void emit_place(struct compile *c, const struct ir_op *op, unsigned size, bool write, bool aligned)
{
    struct x64 *x = &c->x;

    use_into(c, op->a, REG_S3);
    emit_probe(c, REG_S3, size, write);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_NE));
    if (aligned && size > 1) {
        x64_test_ri(x, REG_S3, (int32_t)size - 1);
        cold_add(c, COLD_FULL, op, x64_jcc(x, CC_NE));
    }
    x64_load_index(x, REG_S1, REG_V, REG_S1, 0, V(stlb) + (int32_t)offsetof(struct stlb_entry, addend));
}

/* ld.a, ld.s and ld.sa: imm = MEM_IMM(size, register, ldtype). The result's register may be the address's. */
static void emit_ld_adv(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned size = op->imm & 0xff, r = op->imm >> 8 & 0x7f, ldtype = op->imm >> 16 & 0xff;
    unsigned first = c->n_colds, d;

    emit_place(c, op, size, false, c->u->key & KEY_AC);
    d = def(c, op->dst);
    x64_load_zx(x, d, REG_S1, REG_S3, size);
    done(c, op->dst, d);
    if (ldtype != LD_A)
        x64_store_imm(x, REG_V, V(spec_nat), 0);
    if (ldtype != LD_S) {
        emit_entry(c, r);
        store_entry(c, E(slot), REG_S2);
        store_entry(c, E(gva), REG_S3);
        x64_mov_ri(x, REG_S2, size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1);
        store_entry(c, E(mask), REG_S2);
        x64_load32(x, REG_S2, REG_V, V(alat_gen)); /* with size, and zero for form, be and pair */
        x64_mov_ri(x, REG_S3, (uint64_t)size << 32);
        x64_alu_rr(x, ALU_OR, REG_S2, REG_S3);
        store_entry(c, E(gen), REG_S2);
    }
    end_cold(c, first);
}

/* ld8.fill: the NaT bit is the one of UNAT that the address names. */
static void emit_fill(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned first = c->n_colds, d;

    emit_place(c, op, 8, false, true);
    d = def(c, op->dst);
    x64_load_zx(x, REG_S2, REG_S1, REG_S3, 8);
    x64_mov_rr(x, REG_S1, REG_S3);
    x64_shift_ri(x, SHIFT_SHR, REG_S1, 3);
    x64_load(x, REG_S0, REG_V, V(unat));
    x64_shift_cl(x, SHIFT_SHR, REG_S0); /* by {5:0} of rcx */
    x64_alu_ri(x, ALU_AND, REG_S0, 1);
    x64_store(x, REG_V, V(spec_nat), REG_S0);
    x64_mov_rr(x, d, REG_S2);
    done(c, op->dst, d);
    end_cold(c, first);
}

/* st8.spill of a register without NaT: clears the bit of UNAT. */
static void emit_spill(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned first = c->n_colds;

    emit_place(c, op, 8, true, true);
    use_into(c, op->b, REG_S2);
    x64_store_sized(x, REG_S1, REG_S3, REG_S2, 8);
    x64_shift_ri(x, SHIFT_SHR, REG_S3, 3);
    x64_load(x, REG_S0, REG_V, V(unat));
    x64_btr_reg(x, REG_S0, REG_S3); /* by {5:0} of r10 */
    x64_store(x, REG_V, V(unat), REG_S0);
    end_cold(c, first);
}

/* The entry goes after a check that failed (rax = 0), or after any if @always. */
static void drop_entry(struct compile *c, unsigned r, bool always)
{
    uint8_t *stays = NULL;

    if (!always) {
        x64_test_rr(&c->x, REG_S0, REG_S0);
        stays = x64_jcc(&c->x, CC_NE);
    }
    emit_entry(c, r);
    x64_mov_ri(&c->x, REG_S2, 0);
    store_entry(c, E(slot), REG_S2);
    if (stays)
        x64_patch(&c->x, stays, c->x.p);
}

/* imm = register | clr << 8. dst = 1 if the register holds what its entry's address gives now. */
static void emit_check(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned r = op->imm & 0x7f, first = c->n_colds;
    uint8_t *miss[2], *end;

    emit_entry(c, r);
    x64_alu_rm_index(x, ALU_CMP, REG_S2, REG_V, REG_S1, 0, E(slot));
    miss[0] = x64_jcc(x, CC_NE);
    x64_rex(x, false, REG_S0, REG_S1, REG_V, false); /* mov eax, [entry.gen] */
    x64_byte(x, 0x8b);
    x64_modrm_sib(x, REG_S0, REG_V, REG_S1, 0, E(gen));
    x64_rex(x, false, REG_S0, 0, REG_V, false); /* cmp eax, [v->alat_gen] */
    x64_byte(x, ALU_CMP << 3 | 3);
    x64_modrm_mem(x, REG_S0, REG_V, V(alat_gen));
    miss[1] = x64_jcc(x, CC_NE);
    x64_load_index(x, R8, REG_V, REG_S1, 0, E(mask));
    x64_load_index(x, REG_S3, REG_V, REG_S1, 0, E(gva));
    x64_test_rr(x, R8, R8);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_E));
    emit_probe(c, REG_S3, 8, false);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_NE));
    x64_load_index(x, REG_S1, REG_V, REG_S1, 0, V(stlb) + (int32_t)offsetof(struct stlb_entry, addend));
    x64_load_zx(x, REG_S0, REG_S1, REG_S3, 8);
    x64_alu_rr(x, ALU_AND, REG_S0, R8);
    x64_alu_rm(x, ALU_CMP, REG_S0, REG_S2, 0);
    x64_setcc(x, CC_E, REG_S0);
    drop_entry(c, r, op->imm >> 8 & 1);
    end = x64_jmp(x);
    x64_patch(x, miss[0], x->p);
    x64_patch(x, miss[1], x->p);
    x64_mov_ri(x, REG_S0, 0);
    x64_patch(x, end, x->p);
    x64_mov_rr(x, def(c, op->dst), REG_S0);
    done(c, op->dst, REG_S0);
    end_cold(c, first);
}

/* As alat_invalidate_all(), but for the last generation. */
static void emit_invala(struct compile *c, const struct ir_op *op)
{
    struct x64 *x = &c->x;
    unsigned first = c->n_colds;

    x64_cmp_mem32(x, REG_V, V(alat_gen), -1);
    cold_add(c, COLD_FULL, op, x64_jcc(x, CC_E));
    x64_rex(x, false, 0, 0, REG_V, false); /* inc dword [v + alat_gen] */
    x64_byte(x, 0xff);
    x64_modrm_mem(x, 0, REG_V, V(alat_gen));
    end_cold(c, first);
}

bool emit_alat(struct compile *c, const struct ir_op *op)
{
    if (op->fn == (void *)op_invala) {
        emit_invala(c, op);
        return true;
    }
    /* NaTs and byte order are looked at in C. */
    if (c->u->key & (KEY_CAREFUL | KEY_NAT | KEY_BE))
        return false;
    if (op->fn == (void *)op_ld_adv || (op->fn == (void *)op_ld_spec && (c->u->key & KEY_DT)))
        emit_ld_adv(c, op);
    else if (op->fn == (void *)op_ld_fill)
        emit_fill(c, op);
    else if (op->fn == (void *)op_st_spill)
        emit_spill(c, op);
    else if (op->fn == (void *)op_alat_check && !(op->imm & ALAT_FR))
        emit_check(c, op);
    else
        return false;
    return true;
}
