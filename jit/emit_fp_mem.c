/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for floating-point loads and stores: the soft TLB probe, then a move. Little-endian only. */
#include "arch/mmu.h"
#include "arch/ops.h"
#include "isa/isa.h"
#include "jit/fp_state.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

enum { SE = offsetof(struct ia64_fr, se) };

/* Fields of op_load_fp's and op_store_fp's imm (arch/ops.h). */
static unsigned imm_f1(const struct ir_op *op)
{
    return op->imm & 0x7f;
}
static unsigned imm_f2(const struct ir_op *op)
{
    return op->imm >> 8 & 0x7f;
}
static unsigned imm_form(const struct ir_op *op)
{
    return op->imm >> 16 & 0xf;
}
static bool imm_pair(const struct ir_op *op)
{
    return op->imm >> 20 & 1;
}
static unsigned imm_ldtype(const struct ir_op *op)
{
    return op->imm >> 24 & 0xff;
}

static unsigned datum_size(unsigned form)
{
    return form == FS_S ? 4 : form == FS_FILL ? 16 : 8;
}

/*
 * Host address of the datum at the guest address in op->a, as rcx + the returned register. Clobbers rax and
 * r11; goes to C for what the soft TLB does not have and for misaligned data where these fault.
 */
static unsigned locate(struct compile *c, const struct ir_op *op, unsigned size, bool write)
{
    unsigned addr = use(c, op->a, REG_S2);

    emit_probe(c, addr, size, write);
    fp_slow_if(c, op, CC_NE);
    if (c->u->key & KEY_AC) {
        x64_test_ri(&c->x, addr, (int32_t)size - 1);
        fp_slow_if(c, op, CC_NE);
    }
    x64_load_index(&c->x, REG_S1, REG_V, REG_S1, 0, V(stlb) + (int32_t)offsetof(struct stlb_entry, addend));
    return addr;
}

/* dst = [base + index + disp] */
static void load_index(struct compile *c, unsigned dst, unsigned base, unsigned index, int32_t disp,
                       bool wide)
{
    x64_rex(&c->x, wide, dst, index, base, false);
    x64_byte(&c->x, 0x8b);
    x64_modrm_sib(&c->x, dst, base, index, 0, disp);
}

static void store_index(struct compile *c, unsigned src, unsigned base, unsigned index, int32_t disp,
                        bool wide)
{
    x64_rex(&c->x, wide, src, index, base, false);
    x64_byte(&c->x, 0x89);
    x64_modrm_sib(&c->x, src, base, index, 0, disp);
}

/* ---- loads ---- */

static void load_double(struct compile *c, unsigned f, unsigned addr, int32_t disp)
{
    unsigned xmm = fp_take_xmm(c);

    x64_vmovsd_load_index(&c->x, xmm, REG_S1, addr, disp);
    fp_set_double(c, f, xmm);
}

/*
 * rax = a single's bits. C may find a denormal, which is no tagged double, and cannot leave then: nothing
 * is taken for granted.
 */
static void set_single(struct compile *c, const struct ir_op *op, unsigned f)
{
    unsigned xmm;

    fp_prove_single(c, op);
    xmm = fp_take_xmm(c);
    x64_vmovd_from_gpr(&c->x, xmm, RAX);
    x64_vcvtss2sd(&c->x, xmm, xmm);
    fp_set_double(c, f, xmm);
    fp_forget(c, f);
}

static void load_fill(struct compile *c, unsigned f, unsigned addr)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    load_index(c, RAX, REG_S1, addr, 0, true);
    load_index(c, RCX, REG_S1, addr, 8, false);
    x64_alu32_ri(&c->x, ALU_AND, RCX, FP_SE_SIGN | FP_SE_EXP);
    x64_store(&c->x, base, slot, RAX);
    x64_store(&c->x, base, slot + SE, RCX);
    fp_doubt(c, f);
}

static void load_pair(struct compile *c, const struct ir_op *op, unsigned addr)
{
    unsigned f1 = imm_f1(op), f2 = imm_f2(op);

    switch (imm_form(op)) {
    case FS_S:
        /* Both are looked at before either is written: the slow way does both. */
        load_index(c, RAX, REG_S1, addr, 4, false);
        load_index(c, REG_S2, REG_S1, addr, 0, false);
        fp_prove_single(c, op);
        x64_vmovd_from_gpr(&c->x, XMM_S1, RAX);
        x64_mov_rr(&c->x, RAX, REG_S2);
        set_single(c, op, f1);
        x64_vcvtss2sd(&c->x, XMM_S1, XMM_S1);
        fp_set_double(c, f2, XMM_S1);
        fp_forget(c, f2);
        break;
    case FS_D:
        load_double(c, f1, addr, 0);
        load_double(c, f2, addr, 8);
        break;
    default:
        load_index(c, RAX, REG_S1, addr, 0, true);
        fp_set_int(c, f1, RAX);
        load_index(c, RAX, REG_S1, addr, 8, true);
        fp_set_int(c, f2, RAX);
        break;
    }
}

bool fp_emit_load(struct compile *c, const struct ir_op *op)
{
    unsigned form = imm_form(op), ldtype = imm_ldtype(op), addr;

    if ((c->u->key & KEY_BE) || (ldtype != LD_NONE && ldtype != LD_FILL) || form == FS_E)
        return false;
    addr = locate(c, op, datum_size(form) << imm_pair(op), false);
    if (imm_pair(op)) {
        load_pair(c, op, addr);
        return true;
    }
    switch (form) {
    case FS_S:
        load_index(c, RAX, REG_S1, addr, 0, false);
        set_single(c, op, imm_f1(op));
        break;
    case FS_D:
        load_double(c, imm_f1(op), addr, 0);
        break;
    case FS_FILL:
        load_fill(c, imm_f1(op), addr);
        break;
    default:
        load_index(c, RAX, REG_S1, addr, 0, true);
        fp_set_int(c, imm_f1(op), RAX);
        break;
    }
    return true;
}

/* ---- stores ---- */

/*
 * Goes to C unless the register is of the kind that its bits are stored of as they are. Nothing is learned:
 * the instruction has more ops, so C cannot leave the unit.
 */
static bool prove_storable(struct compile *c, const struct ir_op *op, unsigned f, unsigned form)
{
    unsigned base;
    int32_t slot;

    if (f < 2) /* full forms: of f0 all formats are zero */
        return f == 0 || form == FS_FILL || form == FS_SIG;
    switch (form) {
    case FS_S:
    case FS_D:
        if (!fp_may_be_double(c, f))
            return false;
        if (c->fp->reg[f].known == FP_DOUBLE)
            return true;
        slot = fp_slot(c, f, &base);
        x64_cmp_mem64(&c->x, base, slot + SE, 0);
        fp_slow_if(c, op, CC_GE);
        return true;
    case FS_FILL: /* any full form */
        if (c->fp->reg[f].known == FP_DOUBLE)
            return false;
        slot = fp_slot(c, f, &base);
        x64_cmp_mem64(&c->x, base, slot + SE, FP_SE_SIGN | FP_SE_EXP);
        fp_slow_if(c, op, CC_A);
        return true;
    default:
        if (c->fp->reg[f].known == FP_DOUBLE)
            return false;
        if (c->fp->reg[f].known == FP_INT)
            return true;
        slot = fp_slot(c, f, &base);
        x64_cmp_mem64(&c->x, base, slot + SE, FP_EXP_NATVAL);
        fp_slow_if(c, op, CC_AE);
        return true;
    }
}

/* rax = the first eight bytes of a proven register's slot. */
static void load_bits(struct compile *c, unsigned f)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    if (c->fp->reg[f].xmm != NO_XMM)
        x64_vmovq_to_gpr(&c->x, RAX, c->fp->reg[f].xmm);
    else
        x64_load(&c->x, RAX, base, slot);
}

bool fp_emit_store(struct compile *c, const struct ir_op *op)
{
    unsigned f = imm_f1(op), form = imm_form(op), addr, base;
    int32_t slot;

    if ((c->u->key & KEY_BE) || form == FS_E || !prove_storable(c, op, f, form))
        return false;
    slot = fp_slot(c, f, &base); /* before the jumps of the probe */
    addr = locate(c, op, datum_size(form), true);
    if (form == FS_D && c->fp->reg[f].xmm != NO_XMM) {
        x64_vmovsd_store_index(&c->x, REG_S1, addr, 0, c->fp->reg[f].xmm);
        return true;
    }
    load_bits(c, f);
    if (form == FS_S) {
        /* rcx is needed twice */
        x64_alu_rr(&c->x, ALU_ADD, REG_S1, addr);
        x64_mov_rr(&c->x, REG_S2, REG_S1);
        fp_single_bits(c);
        x64_rex(&c->x, false, RAX, 0, REG_S2, false); /* mov [r11], eax */
        x64_byte(&c->x, 0x89);
        x64_modrm_mem(&c->x, RAX, REG_S2, 0);
        return true;
    }
    store_index(c, RAX, REG_S1, addr, 0, true);
    if (form == FS_FILL) {
        x64_load(&c->x, RAX, base, slot + SE);
        store_index(c, RAX, REG_S1, addr, 8, true);
    }
    return true;
}
