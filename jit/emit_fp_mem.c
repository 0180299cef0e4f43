/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for floating-point loads and stores: the soft TLB probe, then a move. Little-endian only. */
#include "arch/mmu.h"
#include "arch/ops.h"
#include "isa/isa.h"
#include "jit/emit_fp.h"
#include "jit/fp_state.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))
#define E(field) (V(alat) + (int32_t)offsetof(struct alat_entry, field))

enum { SE = offsetof(struct ia64_fr, se), DOUBLE_MIN = FP_EXP_BIAS - 0x3ff + 1 };

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
    return form == FS_S ? 4 : form == FS_E || form == FS_FILL ? 16 : 8;
}

/*
 * Host address of the datum at the guest address in op->a, as rcx + the returned register. Clobbers rax and
 * r11; goes to C for what the soft TLB does not have and for misaligned data where these fault.
 */
static unsigned locate(struct compile *c, const struct ir_op *op, unsigned size, bool write)
{
    unsigned addr = use(c, op->a, REG_S2);

    fp_slow_reserve(c, op);
    emit_locate(c, op, addr, size, write, fp_slow_from);
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
    unsigned xmm = fp_is_lazy(c, f) ? c->fp->pin_of[f] : fp_take_xmm(c);

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

/* A full form, which becomes a tagged double if it is a normal number that one holds. */
static void load_fill(struct compile *c, unsigned f, unsigned addr)
{
    struct x64 *x = &c->x;
    uint8_t *other[3];
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    load_index(c, RAX, REG_S1, addr, 0, true);
    load_index(c, RCX, REG_S1, addr, 8, false);
    x64_alu32_ri(x, ALU_AND, RCX, FP_SE_SIGN | FP_SE_EXP);
    x64_test_rr(x, RAX, RAX);
    other[0] = x64_jcc(x, CC_NS);
    x64_test_ri(x, RAX, 0x7ff);
    other[1] = x64_jcc(x, CC_NE);
    x64_mov_rr(x, REG_S2, RCX);
    x64_alu_ri(x, ALU_AND, REG_S2, FP_SE_EXP);
    x64_alu_ri(x, ALU_SUB, REG_S2, DOUBLE_MIN);
    x64_alu_ri(x, ALU_CMP, REG_S2, 0x7fe);
    other[2] = x64_jcc(x, CC_AE);
    x64_alu_ri(x, ALU_ADD, REG_S2, 1);
    x64_shift_ri(x, SHIFT_SHL, REG_S2, 52);
    x64_shift_ri(x, SHIFT_SHL, RAX, 1);
    x64_shift_ri(x, SHIFT_SHR, RAX, 12);
    x64_alu_rr(x, ALU_OR, RAX, REG_S2);
    x64_shift_ri(x, SHIFT_SHR, RCX, 17);
    x64_shift_ri(x, SHIFT_SHL, RCX, 63);
    x64_alu_rr(x, ALU_OR, RAX, RCX);
    x64_mov_ri(x, RCX, FR_TAG_DOUBLE);
    for (unsigned i = 0; i < 3; i++)
        x64_patch(x, other[i], x->p);
    x64_store(x, base, slot, RAX);
    x64_store(x, base, slot + SE, RCX);
    fp_doubt(c, f);
}

/* Ten bytes: exponents of normal numbers only. */
static void load_extended(struct compile *c, const struct ir_op *op, unsigned f, unsigned addr)
{
    struct x64 *x = &c->x;
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    load_index(c, RAX, REG_S1, addr, 0, true);
    x64_alu_rr(x, ALU_ADD, REG_S1, addr);
    x64_rex(x, false, RCX, 0, RCX, false); /* movzx ecx, word [rcx + 8] */
    x64_byte(x, 0x0f);
    x64_byte(x, 0xb7);
    x64_modrm_mem(x, RCX, RCX, 8);
    x64_mov_rr(x, REG_S2, RCX);
    x64_alu_ri(x, ALU_AND, REG_S2, 0x7fff);
    x64_alu_ri(x, ALU_SUB, REG_S2, 1);
    x64_alu_ri(x, ALU_CMP, REG_S2, 0x7ffe);
    fp_slow_if(c, op, CC_AE);
    x64_alu_ri(x, ALU_ADD, REG_S2, FP_EXP_BIAS - 0x3fff + 1);
    x64_alu_ri(x, ALU_AND, RCX, 0x8000);
    x64_shift_ri(x, SHIFT_SHL, RCX, 2);
    x64_alu_rr(x, ALU_OR, RCX, REG_S2);
    x64_store(x, base, slot, RAX);
    x64_store(x, base, slot + SE, RCX);
    fp_forget(c, f);
    c->fp->reg[f].known = FP_EXTENDED;
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

/* rax = address of the register's slot, rcx = offset of its entry in v->alat. */
static void alat_entry_of(struct compile *c, unsigned f)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    _Static_assert(sizeof(struct alat_entry) == 32, "the index is shifted by five");
    x64_lea(&c->x, RAX, base, slot);
    x64_mov_rr(&c->x, RCX, RAX);
    x64_shift_ri(&c->x, SHIFT_SHL, RCX, 2);
    x64_alu_ri(&c->x, ALU_AND, RCX, (N_ALAT - 1) << 5);
}

/* mov [v + rcx + disp], imm32, sign-extended to eight bytes if @wide */
static void store_entry_imm(struct compile *c, int32_t disp, uint32_t imm, bool wide)
{
    x64_rex(&c->x, wide, 0, RCX, REG_V, false);
    x64_byte(&c->x, 0xc7);
    x64_modrm_sib(&c->x, 0, REG_V, RCX, 0, disp);
    x64_imm32(&c->x, imm);
}

/* What an advanced load records (alat_record()); the address is in @addr. */
static void record_entry(struct compile *c, const struct ir_op *op, unsigned addr)
{
    unsigned form = imm_form(op);

    alat_entry_of(c, imm_f1(op));
    store_index(c, RAX, REG_V, RCX, E(slot), true);
    store_index(c, addr, REG_V, RCX, E(gva), true);
    store_entry_imm(c, E(mask), 0, true);
    x64_load32(&c->x, RAX, REG_V, V(alat_gen));
    store_index(c, RAX, REG_V, RCX, E(gen), false);
    store_entry_imm(c, E(size), (form == FS_E ? 10 : datum_size(form)) | form << 8, false);
}

/* A check load takes the entry away; one of an old generation is void as it is. */
static void drop_entry(struct compile *c, const struct ir_op *op)
{
    uint8_t *none;

    alat_entry_of(c, imm_f1(op));
    x64_alu_rm_index(&c->x, ALU_CMP, RAX, REG_V, RCX, 0, E(slot));
    none = x64_jcc(&c->x, CC_NE);
    store_entry_imm(c, E(slot), 0, true);
    x64_patch(&c->x, none, c->x.p);
}

static void load_single(struct compile *c, const struct ir_op *op, unsigned addr)
{
    unsigned f = imm_f1(op);

    switch (imm_form(op)) {
    case FS_S:
        load_index(c, RAX, REG_S1, addr, 0, false);
        set_single(c, op, f);
        break;
    case FS_D:
        load_double(c, f, addr, 0);
        break;
    case FS_E:
        load_extended(c, op, f, addr);
        break;
    case FS_FILL:
        load_fill(c, f, addr);
        break;
    default:
        load_index(c, RAX, REG_S1, addr, 0, true);
        fp_set_int(c, f, RAX);
        break;
    }
}

bool fp_load_has_code(const struct ir_unit *u, const struct ir_op *op)
{
    unsigned ldtype = imm_ldtype(op);
    bool plain = ldtype == LD_NONE || ldtype == LD_FILL;

    return op->fn == (void *)op_load_fp && !(u->key & KEY_BE) &&
           (plain || ((ldtype == LD_A || ldtype == LD_C_NC || ldtype == LD_C_CLR) && !imm_pair(op)));
}

unsigned fp_memory_size(const struct ir_op *op)
{
    return datum_size(imm_form(op)) << (op->fn == (void *)op_load_fp && imm_pair(op));
}

bool fp_emit_load(struct compile *c, const struct ir_op *op)
{
    unsigned form = imm_form(op), ldtype = imm_ldtype(op), addr;
    bool advanced = ldtype == LD_A, check = ldtype == LD_C_NC || ldtype == LD_C_CLR;

    if (!fp_load_has_code(c->u, op))
        return false;
    addr = locate(c, op, datum_size(form) << imm_pair(op), false);
    if (imm_pair(op)) {
        load_pair(c, op, addr);
        return true;
    }
    if (advanced) /* the address may be in r11, which the load clobbers */
        x64_store(&c->x, RSP, FRAME_OUT, addr);
    load_single(c, op, addr);
    if (advanced) {
        x64_load(&c->x, REG_S2, RSP, FRAME_OUT);
        record_entry(c, op, REG_S2);
        if (form == FS_SIG) /* where memory does not allow it C gives 0, which is no integer's form */
            fp_forget(c, imm_f1(op));
    } else if (check) {
        drop_entry(c, op);
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
        if (c->fp->reg[f].known >= FP_DOUBLE)
            return true;
        slot = fp_slot(c, f, &base);
        x64_cmp_mem64(&c->x, base, slot + SE, 0);
        fp_slow_unless_double(c, op, CC_GE);
        return true;
    case FS_FILL:
        return true; /* store_fill() looks */
    default:
        if (c->fp->reg[f].known >= FP_DOUBLE)
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

    if (c->fp->reg[f].xmm != NO_XMM && !fp_held_single(c, f))
        x64_vmovq_to_gpr(&c->x, RAX, c->fp->reg[f].xmm);
    else
        x64_load(&c->x, RAX, base, slot);
}

/*
 * A full form as it is, or that of a normal number in a tagged double. @slot of @base; rcx + @addr: where
 * to.
 */
static void store_fill(struct compile *c, const struct ir_op *op, unsigned base, int32_t slot, unsigned addr)
{
    struct x64 *x = &c->x;
    uint8_t *full, *positive;

    x64_alu_rr(x, ALU_ADD, RCX, addr);
    x64_load(x, RAX, base, slot);
    x64_load(x, REG_S2, base, slot + SE);
    x64_alu_ri(x, ALU_CMP, REG_S2, FP_SE_SIGN | FP_SE_EXP);
    full = x64_jcc(x, CC_BE);
    x64_test_rr(x, REG_S2, REG_S2);
    fp_slow_if(c, op, CC_NS);
    x64_mov_rr(x, REG_S2, RAX);
    x64_shift_ri(x, SHIFT_SHL, REG_S2, 1);
    x64_shift_ri(x, SHIFT_SHR, REG_S2, 53);
    x64_alu_ri(x, ALU_SUB, REG_S2, 1);
    x64_alu_ri(x, ALU_CMP, REG_S2, 0x7fe);
    fp_slow_if(c, op, CC_AE);
    x64_alu_ri(x, ALU_ADD, REG_S2, DOUBLE_MIN);
    x64_test_rr(x, RAX, RAX);
    positive = x64_jcc(x, CC_NS);
    x64_alu_ri(x, ALU_OR, REG_S2, FP_SE_SIGN);
    x64_patch(x, positive, x->p);
    x64_shift_ri(x, SHIFT_SHL, RAX, 11);
    x64_bts(x, RAX, 63);
    x64_patch(x, full, x->p);
    x64_store(x, RCX, 0, RAX);
    x64_store(x, RCX, 8, REG_S2);
}

bool fp_emit_store(struct compile *c, const struct ir_op *op)
{
    unsigned f = imm_f1(op), form = imm_form(op), addr, base;
    int32_t slot;

    if ((c->u->key & KEY_BE) || form == FS_E || !prove_storable(c, op, f, form))
        return false;
    slot = fp_slot(c, f, &base); /* before the jumps of the probe */
    addr = locate(c, op, datum_size(form), true);
    if (form == FS_S && fp_held_single(c, f)) {
        x64_vmovd_to_gpr(&c->x, RAX, c->fp->reg[f].xmm);
        store_index(c, RAX, REG_S1, addr, 0, false);
        return true;
    }
    if (form == FS_D && c->fp->reg[f].xmm != NO_XMM && !fp_held_single(c, f)) {
        x64_vmovsd_store_index(&c->x, REG_S1, addr, 0, c->fp->reg[f].xmm);
        return true;
    }
    if (form == FS_FILL) {
        store_fill(c, op, base, slot, addr);
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
    return true;
}
