/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doubles that a loop keeps in xmm registers from one iteration to the next (docs/jit-fp.md).
 *
 * At the top of the loop each pinned register is a tagged double and its xmm register has its value. The way in proves that,
 * every branch back makes it true again; in between a pin is a copy like others, but always in the same xmm register. Memory
 * has every value, so nothing is written back anywhere. Where values are no doubles the other code of the unit runs, which
 * has no pins; when the loop has made doubles of them it goes on here.
 *
 * Registers that the loop writes only are known to be tagged from the top on as well, so that no tag has to be written.
 */
#include "arch/fp_ops.h"
#include "isa/isa.h"
#include "jit/emit_fp.h"
#include "jit/fp_slow.h"
#include "jit/fp_state.h"

enum { SE = offsetof(struct ia64_fr, se) };

/* What a loop does with a register, seen from its top. */
struct fp_uses {
    uint16_t count[128];   /* as a double */
    bool single[128];      /* read by arithmetic of single precision */
    bool wide[128];        /* read or written otherwise, where a single is of no use */
    bool other[128];       /* written with something else than a double */
    bool written[128];
    bool doubtful[128];    /* written with what need not be a tagged double */
    bool first_set[128];   /* written, whatever happens, before it is read */
    bool first_read[128];
    uint32_t mf;           /* PSR_MFL, PSR_MFH: what it sets */
    bool calls;            /* something that may clear these */
};

static bool is_double_arith(const struct ir_op *op)
{
    switch (op->c) {
    case OP_FMA:
    case OP_FMS:
    case OP_FNMA:
        return (FPO_CTL(op->imm) & 3) == 0 && (FPO_CTL(op->imm) >> 2 & 3) != FP_PC_NONE;
    case OP_FMIN:
    case OP_FMAX:
        return (FPO_CTL(op->imm) & 3) == 0;
    default:
        return false;
    }
}

static bool is_single_arith(const struct ir_op *op)
{
    return is_double_arith(op) && op->c != OP_FMIN && op->c != OP_FMAX && (FPO_CTL(op->imm) >> 2 & 3) == FP_PC_S;
}

static void read_double(struct fp_uses *uses, unsigned f, bool single, bool wide)
{
    uses->count[f]++;
    uses->single[f] |= single;
    uses->wide[f] |= wide;
    if (!uses->first_set[f])
        uses->first_read[f] = true;
}

static void note_reads(const struct compile *c, struct fp_uses *uses, uint32_t i)
{
    const struct ir_op *op = &c->u->ops[i];

    if (op->op == IR_CALL) {
        unsigned form = op->imm >> 16 & 0xf;

        if (op->fn == (void *)op_store_fp && (form == FS_D || form == FS_S))
            read_double(uses, FPO_F1(op->imm), false, form == FS_D);
    } else if (is_double_arith(op) || fp_chain_of_doubles(c, i) ||
               (op->c == OP_FCMP && (FPO_CTL(op->imm) & 3) == 0)) {
        bool single = is_single_arith(op), wide = !single && op->c != OP_FCMP;

        read_double(uses, FPO_F2(op->imm), single, wide);
        read_double(uses, FPO_F3(op->imm), single, wide);
        read_double(uses, FPO_F4(op->imm), single, wide);
    }
}

static bool makes_double(const struct ir_op *op)
{
    if (op->op == IR_CALL)
        return (op->imm >> 16 & 0xf) == FS_D || (op->imm >> 16 & 0xf) == FS_S;
    return is_double_arith(op) || op->c == OP_FCVT_XF || op->c == OP_FMERGE_S || op->c == OP_FMERGE_NS ||
           (op->c == OP_SETF && (FPO_SUB(op->imm) == FPO_SINGLE || FPO_SUB(op->imm) == FPO_DOUBLE));
}

static void note_write(struct fp_uses *uses, const struct ir_op *op, bool always)
{
    bool pair = op->op == IR_CALL && (op->imm >> 20 & 1);
    const unsigned f[] = { FPO_F1(op->imm), op->imm >> 8 & 0x7f };

    if (op->op == IR_CALL ? op->fn != (void *)op_load_fp : !fp_writes_f1(op))
        return;
    for (unsigned i = 0; i <= pair; i++) {
        uses->written[f[i]] = true;
        if (!makes_double(op))
            uses->other[f[i]] = true;
        if (op->op == IR_CALL ? (op->imm >> 16 & 0xf) != FS_D : op->c == OP_FCVT_XF)
            uses->doubtful[f[i]] = true;
        if (op->op != IR_FPOP || !is_single_arith(op))
            uses->wide[f[i]] = true;
        if (always && !uses->first_read[f[i]])
            uses->first_set[f[i]] = true;
    }
}

/* False if the loop does something after which nothing is known of any register. */
static bool look_at(const struct compile *c, struct fp_uses *uses, uint32_t end)
{
    uint32_t skipped = 0;

    for (uint32_t i = 0; i <= end; i++) {
        const struct ir_op *op = &c->u->ops[i];

        if (ir_is_skip(op))
            skipped = op->imm > skipped ? (uint32_t)op->imm : skipped;
        if (op->op == IR_ROTATE)
            return false;
        if (op->op == IR_SET_MF)
            uses->mf |= (uint32_t)op->imm;
        if (!emit_fp_owns(op)) {
            if (op->op == IR_CALL && !(op->aux & IR_CALL_NO_FR))
                return false;
            uses->calls |= op->op == IR_CALL; /* rum and the like, for one */
            continue;
        }
        note_reads(c, uses, i);
        note_write(uses, op, i >= skipped);
    }
    return true;
}

static void pin(struct fp_unit *fp, const struct fp_uses *uses, unsigned f)
{
    fp->pins[fp->n_pins] = (uint8_t)f;
    fp->pin_of[f] = (uint8_t)(X64_XMMS - 1 - fp->n_pins++);
    fp->pin_single[f] = uses->single[f] && !uses->wide[f];
}

/* Always done inline, but for values that only C does; and by the copies in xmm registers, not by memory. */
static bool keeps_pins(const struct compile *c, const struct ir_op *op)
{
    if (op->op == IR_CALL && (op->imm >> 16 & 0xf) == FS_D)
        return op->fn == (void *)op_store_fp ? FPO_F1(op->imm) != 1 : emit_fp_is_load(c->u, op);
    return op->op == IR_FPOP && ((is_double_arith(op) && (FPO_CTL(op->imm) >> 2 & 3) != FP_PC_S) ||
                                 (op->c == OP_FCMP && (FPO_CTL(op->imm) & 3) == 0));
}

/* Registers that are written in the loop, all as doubles, need not be written to memory in it. */
static void choose_lazy(struct compile *c, const struct fp_uses *uses)
{
    struct fp_unit *fp = c->fp;

    fp->lazy_end = c->pins_end;
    if (!c->n_pins || fp->n_chains)
        return;
    for (const struct ir_op *op = c->u->ops; op <= c->loop_end; op++) {
        if (emit_fp_owns(op) && !keeps_pins(c, op))
            return;
    }
    for (unsigned f = 2; f < 32; f++) {
        if (!uses->written[f] || uses->other[f] || uses->doubtful[f])
            continue;
        if (fp->pin_of[f] == NO_XMM && fp->n_pins < FP_MAX_PINS)
            pin(fp, uses, f);
        fp->lazy[f] = fp->pin_of[f] != NO_XMM && !fp->pin_single[f];
    }
}

/* Those used most; the last xmm registers are theirs. */
static void choose(struct compile *c, const struct fp_uses *uses)
{
    struct fp_unit *fp = c->fp;

    while (fp->n_pins < FP_MAX_PINS) {
        unsigned best = 0;

        for (unsigned f = 2; f < 128; f++) {
            if (uses->first_read[f] && !uses->other[f] && fp->pin_of[f] == NO_XMM &&
                (!best || uses->count[f] > uses->count[best]))
                best = f;
        }
        if (!best)
            break;
        pin(fp, uses, best);
    }
    choose_lazy(c, uses);
    for (unsigned f = 2; f < 128 && fp->n_tags < FP_MAX_TAGS; f++) {
        if (uses->written[f] && !uses->other[f] && !uses->doubtful[f] && fp->pin_of[f] == NO_XMM)
            fp->tags[fp->n_tags++] = (uint8_t)f;
    }
}

void fp_pins_plan(struct compile *c)
{
    struct fp_uses uses = { .count = { 0 } };

    if (!c->loop_end || c->no_fp_pins || c->j->counted || !(c->u->key & KEY_FPSTD) || (c->u->key & KEY_BE))
        return;
    if (!look_at(c, &uses, (uint32_t)(c->loop_end - c->u->ops)))
        return;
    choose(c, &uses);
    if ((c->fp->n_pins || c->fp->n_tags) && !uses.calls)
        c->top.mf = uses.mf;
}

void fp_pins_check_psr(struct compile *c)
{
    for (uint32_t bit = PSR_MFL; bit && bit <= PSR_MFH; bit <<= 1) {
        if (c->top.mf & bit) {
            x64_test_mem32_imm(&c->x, REG_V, (int32_t)offsetof(struct vcpu, psr), bit);
            c->others[c->n_others++] = x64_jcc(&c->x, CC_E);
        }
    }
}

bool fp_pins_hold(const struct compile *c, const struct ir_op *op)
{
    return c->fp && (c->fp->n_pins || c->fp->n_tags || c->better.n) && op <= c->loop_end;
}

static enum fp_known known_at_top(const struct fp_unit *fp, unsigned f)
{
    return fp->pin_single[f] ? FP_SINGLE : FP_DOUBLE;
}

/* SF is clear if one of the registers that is not @known to be is no tagged double. Clobbers rax. Return: false if all are known. */
static bool test_tags(struct compile *c, const uint8_t *f, unsigned n, bool known)
{
    unsigned base, loaded = 0;

    for (unsigned i = 0; i < n; i++) {
        int32_t slot;

        if (known && c->fp->reg[f[i]].known >= FP_DOUBLE)
            continue;
        slot = fp_slot(c, f[i], &base) + SE;
        if (loaded++)
            x64_alu_rm(&c->x, ALU_AND, RAX, base, slot);
        else
            x64_load(&c->x, RAX, base, slot);
    }
    if (loaded)
        x64_test_rr(&c->x, RAX, RAX);
    return loaded;
}

/* Goes out of line unless the tagged double in @f's slot is zero or a normal number of single precision. Clobbers rax, rcx. */
static void test_single(struct compile *c, unsigned f)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);
    uint8_t *zero;

    x64_load(&c->x, RAX, base, slot);
    x64_mov_rr(&c->x, RCX, RAX);
    x64_alu_rr(&c->x, ALU_ADD, RAX, RAX);
    zero = x64_jcc(&c->x, CC_E);
    x64_test_ri(&c->x, RCX, FP_SINGLE_REST);
    c->fp->pins_from[c->fp->n_pins_from++] = x64_jcc(&c->x, CC_NE);
    x64_shift_ri(&c->x, SHIFT_SHR, RAX, 53);
    x64_alu_ri(&c->x, ALU_SUB, RAX, FP_SINGLE_EXP_MIN);
    x64_alu_ri(&c->x, ALU_CMP, RAX, FP_SINGLE_EXPS);
    c->fp->pins_from[c->fp->n_pins_from++] = x64_jcc(&c->x, CC_AE);
    x64_patch(&c->x, zero, c->x.p);
}

static void load_pin(struct compile *c, unsigned f)
{
    unsigned base, pin = c->fp->pin_of[f];
    int32_t slot = fp_slot(c, f, &base);

    x64_vmovsd_load(&c->x, pin, base, slot);
    if (c->fp->pin_single[f])
        x64_vcvtsd2ss(&c->x, pin, pin);
}

/* What has to be so at the top of the loop, for the version without pins. */
static void note_top(struct compile *c)
{
    const struct fp_unit *fp = c->fp;
    struct fp_top *top = &c->top;
    bool singles = false;

    for (unsigned i = 0; i < fp->n_pins; i++) {
        top->f[top->n++] = fp->pins[i];
        singles |= fp->pin_single[fp->pins[i]];
    }
    for (unsigned i = 0; i < fp->n_tags; i++)
        top->f[top->n++] = fp->tags[i];
    top->code = c->x.start;
    top->singles = singles;
}

void fp_pins_enter(struct compile *c)
{
    struct fp_unit *fp = c->fp;

    if (!fp || !(fp->n_pins || fp->n_tags))
        return;
    note_top(c);
    fp->frot_loaded = false;
    fp->pins_enter = c->x.p;
    test_tags(c, c->top.f, c->top.n, false);
    fp->pins_from[fp->n_pins_from++] = x64_jcc(&c->x, CC_NS);
    for (unsigned i = 0; i < fp->n_pins; i++) {
        if (fp->pin_single[fp->pins[i]])
            test_single(c, fp->pins[i]);
    }
    for (unsigned i = 0; i < fp->n_pins; i++) {
        unsigned f = fp->pins[i], pin = fp->pin_of[f];

        load_pin(c, f);
        fp->reg[f] = (struct fp_reg){ .known = (uint8_t)known_at_top(fp, f), .xmm = (uint8_t)pin, .known_at = -1,
                                      .known_since = -1, .xmm_since = -1 };
        fp->held.f[pin] = (uint8_t)f;
        fp->held.singles |= (uint16_t)(fp->pin_single[f] << pin);
    }
    for (unsigned i = 0; i < fp->n_tags; i++)
        fp->reg[fp->tags[i]] = (struct fp_reg){ .known = FP_DOUBLE, .xmm = NO_XMM, .known_at = -1, .known_since = -1 };
    fp->frot_loaded = false;
}

void fp_pins_write_back(struct compile *c)
{
    for (unsigned i = 0; c->fp && i < c->fp->n_pins; i++) {
        unsigned f = c->fp->pins[i], base;

        if (f < 32 && c->fp->lazy[f])
            x64_vmovsd_store(&c->x, REG_V, fp_slot(c, f, &base), c->fp->pin_of[f]);
    }
}

static void start_again(struct compile *c)
{
    pins_write_back(c);
    x64_jmp_to(&c->x, c->x.start);
}

/* Return: false if it went to the start. */
static bool prove_pins(struct compile *c)
{
    for (unsigned i = 0; i < c->fp->n_pins; i++) {
        unsigned f = c->fp->pins[i];

        if (c->fp->pin_single[f] && c->fp->reg[f].known != FP_SINGLE) {
            start_again(c);
            return false;
        }
    }
    if (test_tags(c, c->top.f, c->top.n, true)) {
        uint8_t *doubles = x64_jcc(&c->x, CC_S);

        start_again(c);
        x64_patch(&c->x, doubles, c->x.p);
    }
    return true;
}

/* In the version without pins: the loop may have made doubles of its registers, and goes on in the other version then. */
static void go_to_better(struct compile *c)
{
    uint8_t *stay;

    if (!c->better.n || c->better.singles)
        return;
    test_tags(c, c->better.f, c->better.n, false);
    stay = x64_jcc(&c->x, CC_NS); /* psr.mfl and mfh are what the loop made them */
    pins_write_back(c);
    x64_jmp_to(&c->x, c->better.code);
    x64_patch(&c->x, stay, c->x.p);
}

bool fp_pins_branch_back(struct compile *c)
{
    c->fp->frot_loaded = false;
    go_to_better(c);
    if (!prove_pins(c))
        return false;
    for (unsigned i = 0; i < c->fp->n_pins; i++) {
        unsigned f = c->fp->pins[i];

        if (c->fp->reg[f].xmm == NO_XMM)
            load_pin(c, f);
        else if (c->fp->pin_single[f] && !fp_held_single(c, f))
            x64_vcvtsd2ss(&c->x, c->fp->pin_of[f], c->fp->pin_of[f]);
        else if (!c->fp->pin_single[f] && fp_held_single(c, f))
            x64_vcvtss2sd(&c->x, c->fp->pin_of[f], c->fp->pin_of[f]);
    }
    return true;
}

void fp_pins_end(struct compile *c)
{
    struct fp_unit *fp = c->fp;
    uint64_t doubles[2] = { 0, 0 }, singles[2] = { 0, 0 };

    if (!(fp->n_pins || fp->n_tags) || c->x.overflow)
        return;
    for (unsigned i = 0; i < c->top.n; i++) {
        unsigned f = c->top.f[i];

        doubles[f / 64] |= UINT64_C(1) << f % 64;
        if (fp->pin_single[f])
            singles[f / 64] |= UINT64_C(1) << f % 64;
    }
    for (unsigned i = 0; i < fp->n_pins_from; i++)
        x64_patch(&c->x, fp->pins_from[i], c->x.p);
    x64_mov_rr(&c->x, RDI, REG_V);
    x64_mov_ri(&c->x, RSI, doubles[0]);
    x64_mov_ri(&c->x, RDX, doubles[1]);
    x64_mov_ri(&c->x, RCX, singles[0]);
    x64_mov_ri(&c->x, R8, singles[1]);
    x64_mov_ri(&c->x, RAX, (uint64_t)(uintptr_t)jit_fp_make_pins);
    x64_call_reg(&c->x, RAX);
    x64_test32_rr(&c->x, RAX, RAX);
    x64_patch(&c->x, x64_jcc(&c->x, CC_NE), fp->pins_enter);
    c->others[c->n_others++] = x64_jmp(&c->x);
}
