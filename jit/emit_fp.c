/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for floating-point ops: what inline forms share, and calls of C. */
#include "jit/emit_fp.h"

#include <stdlib.h>

#include "arch/fp_ops.h"
#include "isa/isa.h"
#include "jit/fp_slow.h"
#include "jit/fp_state.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

enum { LOOK_AHEAD = 100 };

static bool host_can(void)
{
    return __builtin_cpu_supports("avx") && __builtin_cpu_supports("fma");
}

static bool is_fp_memory(const struct ir_op *op)
{
    return op->op == IR_CALL && (op->fn == (void *)op_load_fp || op->fn == (void *)op_store_fp);
}

bool emit_fp_owns(const struct ir_op *op)
{
    return op->op == IR_FPOP || is_fp_memory(op);
}

bool emit_fp_is_load(const struct ir_unit *u, const struct ir_op *op)
{
    return host_can() && fp_load_has_code(u, op);
}

/* ---- units ---- */

static bool unit_init(struct fp_unit *fp, const struct ir_unit *u)
{
    fp->skip_from = calloc(u->n_ops + 1, sizeof(*fp->skip_from));
    if (!fp->skip_from)
        return false;
    for (uint32_t i = u->n_ops; i-- > 0;) {
        const struct ir_op *op = &u->ops[i];

        if (ir_is_skip(op))
            fp->skip_from[op->imm] = i + 1;
    }
    for (unsigned f = 0; f < 128; f++)
        fp->reg[f].xmm = fp->pin_of[f] = NO_XMM;
    fp->reg[0].known = fp->reg[1].known = FP_DOUBLE;
    for (unsigned x = 0; x < X64_XMMS; x++)
        fp->held.f[x] = NO_FR;
    return true;
}

void emit_fp_begin(struct compile *c)
{
    c->fp = calloc(1, sizeof(*c->fp));
    if (!c->fp || !unit_init(c->fp, c->u) || (host_can() && !fp_chains_begin(c)))
        c->x.overflow = true;
    else if (host_can())
        fp_pins_plan(c);
}

/* ---- calls of C ---- */

/* One more element in an array that grows; NULL (and the unit is given up) if it cannot. */
static void *grow(struct compile *c, void **array, unsigned *n, unsigned *max, size_t size)
{
    if (*n == *max) {
        void *bigger = realloc(*array, (*max + 32) * size);

        if (!bigger) {
            c->x.overflow = true;
            return NULL;
        }
        *array = bigger;
        *max += 32;
    }
    return (char *)*array + (*n)++ * size;
}

void fp_slow_reserve(struct compile *c, const struct ir_op *op)
{
    struct fp_unit *fp = c->fp;
    struct fp_cold *cold = fp->n_colds ? &fp->colds[fp->n_colds - 1] : NULL;

    if (cold && cold->op == op)
        return;
    cold = grow(c, (void **)&fp->colds, &fp->n_colds, &fp->max_colds, sizeof(*cold));
    if (cold)
        *cold = (struct fp_cold){ .op = op };
}

void fp_slow_from(struct compile *c, const struct ir_op *op, uint8_t *from)
{
    struct fp_unit *fp = c->fp;
    struct fp_cold *cold;

    if (!c->slow_cold)
        fp_slow_reserve(c, op);
    if (c->x.overflow)
        return;
    cold = &fp->colds[fp->n_colds - 1];
    while (cold->op != op) /* the second look of a reference before it, which made one */
        cold--;
    assert(cold->n_from < FP_COLD_JUMPS);
    cold->from[cold->n_from++] = from;
}

void fp_slow_if(struct compile *c, const struct ir_op *op, enum x64_cc cc)
{
    fp_slow_from(c, op, x64_jcc(&c->x, cc));
}

void fp_slow_unless_double(struct compile *c, const struct ir_op *op, enum x64_cc cc)
{
    fp_slow_if(c, op, cc);
    if (!c->x.overflow)
        c->fp->colds[c->fp->n_colds - 1].doubles = true;
}

void fp_aside(struct compile *c, const struct ir_op *op, unsigned x, unsigned y)
{
    struct fp_unit *fp = c->fp;
    uint8_t *from = x64_jcc(&c->x, CC_E);
    struct fp_aside *aside = grow(c, (void **)&fp->asides, &fp->n_asides, &fp->max_asides, sizeof(*aside));

    if (aside)
        *aside = (struct fp_aside){ .op = op, .from = from, .x = x, .y = y };
}

/* The inline form is complete: here the call of C behind it comes back to. */
static void end_inline(struct compile *c, const struct ir_op *op)
{
    struct fp_unit *fp = c->fp;
    struct fp_cold *cold = fp->n_colds ? &fp->colds[fp->n_colds - 1] : NULL;
    unsigned n = 0;

    if (!cold || cold->op != op)
        return;
    cold->back = c->x.p;
    cold->held = fp->held;
    for (unsigned f = 2; f < 128; f++) {
        const struct fp_reg *r = &fp->reg[f];

        if (r->known_at != (int32_t)fp->now || r->known < FP_INT)
            continue;
        assert(n < FP_WANTS);
        cold->wants |= FP_WANT(f, r->known) << 16 * n++;
    }
}

/*
 * Keeps what is live, calls, and goes on after OPR_OK. The code that follows the call may be far away from
 * the op's own place: temps that the op uses are where they were before it.
 */
static void call_slow(struct compile *c, const struct ir_op *op, uint64_t wants, bool doubles)
{
    const void *fn = doubles ? (void *)(uintptr_t)jit_fp_slow_doubles : (void *)(uintptr_t)jit_fp_slow;
    uint32_t live = live_registers(c, op);
    bool no_pr = op->aux & IR_CALL_NO_PR;

    if (pins_hold(c, op))
        pins_write_back(c);
    keep_registers(c, live, true);
    emit_slots_place(c, op);
    load_args(c, op->a, RDX, op->b, RCX);
    if (window_of(c, op->a))
        window_address(c, window_of(c, op->a), RDX);
    if (!no_pr)
        x64_store(&c->x, REG_V, V(pr), REG_PR);
    x64_mov_rr(&c->x, RDI, REG_V);
    x64_mov_ri(&c->x, RSI, (uint64_t)(uintptr_t)op);
    x64_lea(&c->x, R8, RSP, FRAME_OUT);
    x64_mov_ri(&c->x, R9, wants);
    x64_mov_ri(&c->x, RAX, (uint64_t)(uintptr_t)fn);
    x64_call_reg(&c->x, RAX);
    if (!no_pr)
        x64_load(&c->x, REG_PR, REG_V, V(pr));
    x64_test32_rr(&c->x, RAX, RAX);
    cold_add(c, COLD_CALL, op, x64_jcc(&c->x, CC_NE));
    keep_registers(c, live, false);
    if (c->places[op->dst].last > c->places[op->dst].first) {
        unsigned d = def(c, op->dst);

        x64_load(&c->x, d, RSP, FRAME_OUT);
        done(c, op->dst, d);
    }
}

void fp_reload_copies(struct compile *c, const struct fp_held *held)
{
    unsigned base;

    c->fp->frot_loaded = false;
    for (unsigned x = XMM_FIRST; x < X64_XMMS; x++) {
        if (held->f[x] != NO_FR) {
            int32_t slot = fp_slot(c, held->f[x], &base);

            x64_vmovsd_load(&c->x, x, base, slot);
            if (held->singles >> x & 1)
                x64_vcvtsd2ss(&c->x, x, x);
        }
    }
}

static void emit_cold_call(struct compile *c, const struct fp_cold *cold)
{
    c->at = (uint32_t)(cold->op - c->u->ops);
    for (unsigned i = 0; i < cold->n_from; i++)
        x64_patch(&c->x, cold->from[i], c->x.p);
    call_slow(c, cold->op, cold->wants, cold->doubles);
    emit_void_spans(c, cold->op);
    fp_reload_copies(c, &cold->held);
    x64_jmp_to(&c->x, cold->back);
}

static void emit_aside(struct compile *c, const struct fp_aside *aside)
{
    struct fp_cold *cold = c->fp->colds;

    while (cold->op != aside->op) /* it has one: tiny results are C's */
        cold++;
    x64_patch(&c->x, aside->from, c->x.p);
    x64_vmovq_to_gpr(&c->x, RCX, aside->x);
    x64_vmovq_to_gpr(&c->x, R11, aside->y);
    x64_alu32_rr(&c->x, ALU_OR, RCX, R11);
    x64_test_ri(&c->x, RCX, 0x1fffffff);
    assert(cold->n_from < FP_COLD_JUMPS);
    cold->from[cold->n_from++] = x64_jcc(&c->x, CC_NE);
    x64_jmp_to(&c->x, aside->from + 4);
}

void emit_fp_end(struct compile *c)
{
    struct fp_unit *fp = c->fp;

    if (!fp)
        return;
    fp_chain_stubs(c);
    fp_pins_end(c);
    for (unsigned i = 0; i < fp->n_asides && !c->x.overflow; i++)
        emit_aside(c, &fp->asides[i]);
    for (unsigned i = 0; i < fp->n_colds && !c->x.overflow; i++)
        emit_cold_call(c, &fp->colds[i]);
}

bool emit_fp_branch_back(struct compile *c)
{
    fp_chains_branch_back(c);
    return fp_pins_branch_back(c);
}

void emit_fp_free(struct compile *c)
{
    if (!c->fp)
        return;
    free(c->fp->skip_from);
    free(c->fp->colds);
    free(c->fp->chains);
    free(c->fp->segment_at);
    free(c->fp->asides);
    free(c->fp->copies);
    free(c->fp);
}

/* What is known after C did a whole op. */
static void forget_after_call(struct compile *c, const struct ir_op *op)
{
    fp_forget_copies(c);
    if (op->op == IR_FPOP ? fp_writes_f1(op) : op->fn == (void *)op_load_fp) {
        fp_forget(c, FPO_F1(op->imm));
        c->fp->reg[FPO_F1(op->imm)].known = op->op == IR_FPOP ? FP_EXTENDED : FP_MIXED;
        if (op->op == IR_CALL && (op->imm >> 20 & 1))
            fp_forget(c, op->imm >> 8 & 0x7f);
    }
}

void fp_call(struct compile *c, const struct ir_op *op)
{
    call_slow(c, op, 0, false);
    emit_void_spans(c, op);
    forget_after_call(c, op);
}

/* ---- operands and results ---- */

bool fp_may_be_double(const struct compile *c, unsigned f)
{
    return c->fp->reg[f].known != FP_INT && c->fp->reg[f].known != FP_EXTENDED;
}

/* Will @op or one after it in the unit read @f before it is overwritten? Does not look far. */
static bool read_again(const struct compile *c, const struct ir_op *op, unsigned f)
{
    const struct ir_op *end = c->u->ops + c->u->n_ops;

    if (end - op > LOOK_AHEAD)
        end = op + LOOK_AHEAD;
    for (; op < end; op++) {
        if (op->op == IR_CALL && op->fn == (void *)op_store_fp && FPO_F1(op->imm) == f)
            return true;
        if (op->op != IR_FPOP)
            continue;
        if (FPO_F2(op->imm) == f || FPO_F3(op->imm) == f || FPO_F4(op->imm) == f)
            return true;
        if (fp_writes_f1(op) && FPO_F1(op->imm) == f)
            return false;
    }
    return false;
}

void fp_prove_doubles(struct compile *c, const struct ir_op *op, const unsigned *f, unsigned n)
{
    unsigned base, loaded = 0;

    for (unsigned i = 0; i < n; i++) {
        struct fp_reg *r = &c->fp->reg[f[i]];
        int32_t slot;

        if (r->known >= FP_DOUBLE || (i > 0 && f[i] == f[0]) || (i > 1 && f[i] == f[1]))
            continue;
        slot = fp_slot(c, f[i], &base) + (int32_t)offsetof(struct ia64_fr, se);
        if (loaded++)
            x64_alu_rm(&c->x, ALU_AND, RAX, base, slot);
        else
            x64_load(&c->x, RAX, base, slot);
    }
    if (!loaded)
        return;
    /* Only the tag has bit 63. */
    x64_test_rr(&c->x, RAX, RAX);
    fp_slow_unless_double(c, op, CC_NS);
    for (unsigned i = 0; i < n; i++) {
        if (c->fp->reg[f[i]].known == FP_ANY && read_again(c, op + 1, f[i]))
            fp_learn(c, f[i], FP_DOUBLE);
    }
}

unsigned fp_value(struct compile *c, unsigned f, unsigned scratch)
{
    struct fp_reg *r = &c->fp->reg[f];
    unsigned xmm, base;
    int32_t slot;

    if (f == 0) {
        x64_vflogic(&c->x, FLOGIC_XOR, scratch, scratch, scratch);
        return scratch;
    }
    if (f == 1) {
        x64_mov_ri(&c->x, RAX, UINT64_C(0x3ff0000000000000));
        x64_vmovq_from_gpr(&c->x, scratch, RAX);
        return scratch;
    }
    if (r->xmm != NO_XMM) {
        c->fp->used_at[r->xmm] = c->fp->now + 1;
        if (!fp_held_single(c, f))
            return r->xmm;
        xmm = fp_take_xmm(c);
        x64_vcvtss2sd(&c->x, xmm, r->xmm);
        return xmm;
    }
    slot = fp_slot(c, f, &base);
    if (r->known < FP_DOUBLE) { /* proven here and now, but not for what follows */
        xmm = fp_take_xmm(c);
        x64_vmovsd_load(&c->x, xmm, base, slot);
        return xmm;
    }
    xmm = c->fp->pin_of[f] != NO_XMM ? c->fp->pin_of[f] : fp_take_xmm(c);
    x64_vmovsd_load(&c->x, xmm, base, slot);
    fp_hold(c, f, xmm);
    return xmm;
}

unsigned fp_single_value(struct compile *c, unsigned f, unsigned scratch)
{
    struct fp_reg *r = &c->fp->reg[f];
    unsigned base, xmm;
    int32_t slot;

    if (f == 0) {
        x64_vflogic(&c->x, FLOGIC_XOR, scratch, scratch, scratch);
        return scratch;
    }
    if (f == 1) {
        x64_mov_ri(&c->x, RAX, 0x3f800000);
        x64_vmovd_from_gpr(&c->x, scratch, RAX);
        return scratch;
    }
    if (fp_held_single(c, f)) {
        c->fp->used_at[r->xmm] = c->fp->now + 1;
        return r->xmm;
    }
    xmm = c->fp->pin_of[f] != NO_XMM ? c->fp->pin_of[f] : fp_take_xmm(c);
    if (r->xmm != NO_XMM) {
        x64_vcvtsd2ss(&c->x, xmm, r->xmm);
    } else {
        slot = fp_slot(c, f, &base);
        x64_vmovsd_load(&c->x, xmm, base, slot);
        x64_vcvtsd2ss(&c->x, xmm, xmm);
    }
    fp_hold_single(c, f, xmm);
    return xmm;
}

void fp_set_single(struct compile *c, unsigned f, unsigned xmm)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    x64_vcvtss2sd(&c->x, XMM_S0, xmm);
    x64_vmovsd_store(&c->x, base, slot, XMM_S0);
    fp_set_tag(c, f);
    fp_hold_single(c, f, xmm);
    fp_learn(c, f, FP_SINGLE);
}

void fp_set_tag(struct compile *c, unsigned f)
{
    unsigned base;
    int32_t slot;

    if (c->fp->reg[f].known >= FP_DOUBLE)
        return;
    slot = fp_slot(c, f, &base);
    x64_mov_ri(&c->x, RAX, FR_TAG_DOUBLE);
    x64_store(&c->x, base, slot + (int32_t)offsetof(struct ia64_fr, se), RAX);
}

void fp_set_double(struct compile *c, unsigned f, unsigned xmm)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    if (!fp_is_lazy(c, f)) {
        x64_vmovsd_store(&c->x, base, slot, xmm);
        fp_set_tag(c, f);
    }
    fp_hold(c, f, xmm);
    fp_learn(c, f, FP_DOUBLE);
}

void fp_set_int(struct compile *c, unsigned f, unsigned sig)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    x64_store(&c->x, base, slot, sig);
    if (c->fp->reg[f].known != FP_INT)
        x64_store_imm(&c->x, base, slot + (int32_t)offsetof(struct ia64_fr, se), FP_EXP_INT);
    fp_forget_xmm(c, f);
    fp_learn(c, f, FP_INT);
}

void fp_prove_single(struct compile *c, const struct ir_op *op)
{
    uint8_t *zero;

    x64_mov_rr(&c->x, RCX, RAX);
    x64_shift_ri(&c->x, SHIFT_SHL, RCX, 33);
    zero = x64_jcc(&c->x, CC_E);
    x64_shift_ri(&c->x, SHIFT_SHR, RCX, 56);
    x64_alu_ri(&c->x, ALU_SUB, RCX, 1);
    x64_alu_ri(&c->x, ALU_CMP, RCX, 254);
    fp_slow_if(c, op, CC_AE);
    x64_patch(&c->x, zero, c->x.p);
}

/*
 * The register's exponent loses bits in the middle, which are the exponent's bits {9:7} here; what is cut
 * off the significand does not round (SDM 1:95, figure 5-8).
 */
void fp_single_bits(struct compile *c)
{
    x64_mov_rr(&c->x, RCX, RAX);
    x64_shift_ri(&c->x, SHIFT_SHR, RAX, 29);
    x64_shift_ri(&c->x, SHIFT_SHR, RCX, 32);
    x64_alu32_ri(&c->x, ALU_AND, RAX, 0x3fffffff);
    x64_alu32_ri(&c->x, ALU_AND, RCX, 0xc0000000);
    x64_alu32_rr(&c->x, ALU_OR, RAX, RCX);
}

/* ---- sticky flags ---- */

/* Does the op read or replace flags that are still in MXCSR? */
static bool wants_flags(const struct ir_op *op)
{
    switch (op->op) {
    case IR_GET_ST:
    case IR_SET_ST:
        return op->imm == offsetof(struct vcpu, fpsr);
    case IR_CALL:
        return (op->fn == (void *)op_mov_to_ar || op->fn == (void *)op_mov_from_ar) && op->imm == AR_FPSR;
    case IR_FPOP:
        return op->c == OP_FCLRF || op->c == OP_FCHKF;
    default:
        return false;
    }
}

/* ---- ops ---- */

static bool emit_fpop(struct compile *c, const struct ir_op *op)
{
    return fp_emit_integer(c, op) || fp_emit_move(c, op) || fp_emit_convert(c, op) || fp_emit_arith(c, op) ||
           fp_emit_compare(c, op) || fp_emit_class(c, op) || fp_emit_register(c, op) || fp_emit_pair(c, op);
}

static void emit_own(struct compile *c, const struct ir_op *op)
{
    bool done_inline = false;

    fp_chain_start(c, op);
    if (host_can() && op->op == IR_FPOP)
        done_inline = emit_fpop(c, op);
    else if (host_can())
        done_inline = op->fn == (void *)op_load_fp ? fp_emit_load(c, op) : fp_emit_store(c, op);
    if (done_inline)
        end_inline(c, op);
    else
        fp_call(c, op);
}

/* What an op of somebody else does to what is known. */
static void other_op(struct compile *c, const struct ir_op *op)
{
    struct fp_unit *fp = c->fp;

    if ((op->op == IR_CALL && !(op->aux & IR_CALL_NO_FR)) || op->op == IR_ROTATE) {
        fp_forget_all(c);
    } else if (jit_op_calls(op)) {
        fp_forget_copies(c);
    } else if ((op->op >= IR_LD1 && op->op <= IR_ST8) || op->op == IR_MAKE_NAT) {
        struct fp_copies *copies =
            grow(c, (void **)&fp->copies, &fp->n_copies, &fp->max_copies, sizeof(*copies));

        if (copies) {
            copies->op = op;
            copies->held = fp->held;
        }
    }
}

bool emit_fp(struct compile *c, const struct ir_op *op)
{
    if (!c->fp)
        return false;
    fp_reach(c, (uint32_t)(op - c->u->ops));
    fp_chain_segment(c, (uint32_t)(op - c->u->ops));
    if (wants_flags(op))
        fp_fold_flags(&c->x);
    if (emit_fp_owns(op)) {
        emit_own(c, op);
        return true;
    }
    other_op(c, op);
    return false;
}

void emit_fp_after_call(struct compile *c, const struct ir_op *op)
{
    const struct fp_unit *fp = c->fp;

    for (unsigned i = 0; i < fp->n_copies; i++) {
        if (fp->copies[i].op == op)
            fp_reload_copies(c, &fp->copies[i].held);
    }
}
