/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding division and square root sequences by data flow. */
#include "jit/fp_chain.h"

#include <string.h>

#include "arch/fp_ops.h"
#include "isa/isa.h"
#include "jit/fp_slow.h"

enum { NO_STEP = 0xff, NO_GUARD = 0xff, CHAIN_OPS = 28 };

/* Which ops run under which predicate. */
struct guard {
    unsigned p;     /* the one predicate of the region, NO_GUARD for none or several */
    uint32_t start; /* the skip */
    uint32_t end;   /* ops before this are in the region; 0: in none */
};

/* What is known of registers from the unit's start on: equal numbers, equal values. */
struct values {
    uint32_t of[128];
    uint32_t last;
    uint32_t maker[128]; /* 1 + the op that made a register's value, 0: it was there at the start */
    uint8_t made[128];   /* enum made */
};

/* Integers on their way into floating-point arithmetic. */
enum made {
    MADE_ANYHOW,
    MADE_INTEGER,  /* an integer in a significand */
    MADE_SIGNED,   /* fcvt.xf */
    MADE_UNSIGNED, /* fcvt.xuf.s1 of an integer */
};

struct search {
    const struct ir_unit *u;
    const uint32_t *const_of; /* by temp: 1 + the op of its IR_CONST */
    struct fp_chain *chain;
    uint8_t step_of[128]; /* by register, NO_STEP */
    uint32_t start;
    uint32_t ops[CHAIN_OPS], regions[CHAIN_OPS], ends[CHAIN_OPS];
    uint8_t steps[CHAIN_OPS];
    unsigned n_ops;
};

static unsigned status_field(const struct ir_op *op)
{
    return FPO_CTL(op->imm) & 3;
}
static unsigned precision(const struct ir_op *op)
{
    return FPO_CTL(op->imm) >> 2 & 3;
}

static bool is_fp_load(const struct ir_op *op)
{
    return op->op == IR_CALL && op->fn == (void *)op_load_fp;
}
static bool is_fp_store(const struct ir_op *op)
{
    return op->op == IR_CALL && op->fn == (void *)op_store_fp;
}

static bool is_copy(const struct ir_op *op)
{
    return op->op == IR_FPOP && op->c == OP_FMERGE_S && FPO_F2(op->imm) == FPO_F3(op->imm);
}

/* ---- regions ---- */

static void guard_pass(struct guard *g, const struct ir_op *op, uint32_t i)
{
    if (i >= g->end)
        *g = (struct guard){ .p = NO_GUARD };
    if (!ir_is_skip(op))
        return;
    if (g->end || op->op != IR_SKIP_PR)
        g->p = NO_GUARD;
    else
        *g = (struct guard){ .p = op->c, .start = i };
    if (op->imm > g->end)
        g->end = (uint32_t)op->imm;
}

/* ---- values ---- */

static void value_new(struct values *v, unsigned f, uint32_t i)
{
    v->of[f] = ++v->last;
    v->maker[f] = i + 1;
    v->made[f] = MADE_ANYHOW;
}

static enum made made_by(const struct values *v, const struct ir_op *op)
{
    unsigned f3 = FPO_F3(op->imm), f4 = FPO_F4(op->imm);

    switch (op->c) {
    case OP_SETF:
        return FPO_SUB(op->imm) == FPO_SIG ? MADE_INTEGER : MADE_ANYHOW;
    case OP_XMA_L:
    case OP_XMA_H:
    case OP_XMA_HU:
        return MADE_INTEGER;
    case OP_FCVT_XF:
        return MADE_SIGNED;
    case OP_FMA:
        return (f3 == 1 || f4 == 1) && (FPO_CTL(op->imm) & FP_CTL_F2_IS_F0) && status_field(op) == 1 &&
                       precision(op) == FP_PC_NONE && v->made[f3 == 1 ? f4 : f3] == MADE_INTEGER
                   ? MADE_UNSIGNED
                   : MADE_ANYHOW;
    default:
        return MADE_ANYHOW;
    }
}

static void values_forget(struct values *v, uint32_t i)
{
    for (unsigned f = 2; f < 128; f++)
        value_new(v, f, i);
}

static void values_pass(struct values *v, const struct ir_op *op, uint32_t i, bool predicated)
{
    unsigned f1 = FPO_F1(op->imm), f2 = FPO_F2(op->imm);

    if (is_copy(op) && !predicated) {
        v->of[f1] = v->of[f2];
        v->maker[f1] = v->maker[f2];
        v->made[f1] = v->made[f2];
    } else if (op->op == IR_FPOP) {
        enum made made = predicated ? MADE_ANYHOW : made_by(v, op);

        if (fp_writes_f1(op)) {
            value_new(v, f1, i);
            v->made[f1] = (uint8_t)made;
        }
    } else if (is_fp_load(op)) {
        value_new(v, f1, i);
        if (op->imm >> 20 & 1)
            value_new(v, f2, i);
    } else if (op->op == IR_ROTATE || (op->op == IR_CALL && !(op->aux & IR_CALL_NO_FR) && !is_fp_store(op))) {
        values_forget(v, i);
    }
}

/* ---- steps ---- */

/* The NaT of a setf's source is known to be 0. */
static bool has_no_nat(const struct search *s, const struct ir_op *op)
{
    return !op->b || (s->const_of[op->b] && !s->u->ops[s->const_of[op->b] - 1].imm);
}

/* The value of a setf of a constant. */
static bool setf_const(const struct search *s, const struct ir_op *op, struct ia64_fr *value)
{
    uint64_t bits;

    if (op->op != IR_FPOP || op->c != OP_SETF || !s->const_of[op->a] || !has_no_nat(s, op))
        return false;
    bits = s->u->ops[s->const_of[op->a] - 1].imm;
    switch (FPO_SUB(op->imm)) {
    case FPO_EXP:
        *value = fp_from_exp(bits);
        return true;
    case FPO_SINGLE:
        *value = fp_from_single((uint32_t)bits);
        return true;
    case FPO_DOUBLE:
        *value = fp_from_double(bits);
        return true;
    default:
        return false;
    }
}

/* The step that is the constant an op makes. */
static uint8_t const_step(const struct search *s, const struct ir_op *op)
{
    const struct fp_recipe *r = s->chain->recipe;
    struct ia64_fr value;

    if (!setf_const(s, op, &value))
        return NO_STEP;
    for (uint8_t i = STEP_FIRST; i < r->n_steps; i++) {
        const struct ia64_fr *c = &r->consts[r->steps[i].x];

        if (r->steps[i].op == STEP_CONST && c->sig == value.sig && c->se == value.se)
            return i;
    }
    return NO_STEP;
}

static uint8_t operand(const struct search *s, unsigned f)
{
    return f == 1 ? STEP_ONE : s->step_of[f];
}

static bool same_step(const struct search *s, const struct ir_op *op, const struct fp_step *step, bool last)
{
    bool add = !(FPO_CTL(op->imm) & FP_CTL_F2_IS_F0);
    uint8_t x = operand(s, FPO_F3(op->imm)), y = operand(s, FPO_F4(op->imm)), z = operand(s, FPO_F2(op->imm));
    unsigned sf = last && step->pc != FP_PC_NONE ? 0 : 1;

    if (status_field(op) != sf || precision(op) != step->pc || x == NO_STEP || y == NO_STEP ||
        (add && z == NO_STEP))
        return false;
    switch (step->op) {
    case STEP_MUL:
        if (op->c != OP_FMA || add)
            return false;
        break;
    case STEP_FMA:
        if (op->c != OP_FMA || !add || z != step->z)
            return false;
        break;
    case STEP_FNMA:
        if (op->c != OP_FNMA || !add || z != step->z)
            return false;
        break;
    default:
        return false;
    }
    return (x == step->x && y == step->y) || (x == step->y && y == step->x);
}

static uint8_t find_step(const struct search *s, const struct ir_op *op)
{
    const struct fp_recipe *r = s->chain->recipe;

    if (op->op != IR_FPOP)
        return NO_STEP;
    for (uint8_t i = r->estimate + 1; i < r->n_steps; i++) {
        if (same_step(s, op, &r->steps[i], i == r->n_steps - 1))
            return i;
    }
    return NO_STEP;
}

static bool is_integer_recipe(const struct fp_recipe *r)
{
    return r->kind == RECIPE_DIVIDE_I || r->kind == RECIPE_DIVIDE_U;
}

/* fcvt.fx.trunc.s1 of the last step, or fcvt.fxu.trunc.s1. */
static bool is_terminal(const struct search *s, const struct ir_op *op)
{
    const struct fp_recipe *r = s->chain->recipe;
    bool is_unsigned = r->kind == RECIPE_DIVIDE_U;

    return is_integer_recipe(r) && op->op == IR_FPOP && op->c == (is_unsigned ? OP_FCVT_FXU : OP_FCVT_FX) &&
           (FPO_SUB(op->imm) & FP_CVT_TRUNC) && status_field(op) == 1 &&
           s->step_of[FPO_F2(op->imm)] == r->n_steps - 1;
}

/* ---- other ops among those of a chain ---- */

enum passing {
    PASS_FREE,   /* cannot leave the unit and looks at no floating-point register but its operands */
    PASS_LOOKS,  /* may leave the unit, or call what looks */
    PASS_BREAKS, /* the chain cannot go on behind it */
};

static bool writes_p(const struct ir_op *op, unsigned p)
{
    switch (op->op) {
    case IR_SET_PR:
    case IR_SET_PRI:
        return op->c == p;
    case IR_SET_PR2:
        return (op->c & 63) == p || op->c >> 8 == p;
    case IR_SET_PRW:
    case IR_ROTATE:
        return true;
    case IR_FPOP:
        return !(op->aux & IR_CALL_NO_PR) && (FPO_P1(op->imm) == p || FPO_P2(op->imm) == p);
    case IR_CALL:
        return !(op->aux & IR_CALL_NO_PR);
    default:
        return false;
    }
}

/* The fast way counts on a flag that was set at the start. */
static bool clears_flags(const struct ir_op *op)
{
    return (op->op == IR_CALL && op->fn == (void *)op_mov_to_ar) || (op->op == IR_FPOP && op->c == OP_FCLRF);
}

/* A setf may leave the unit after a NaT or a single that is no tagged double. */
static bool setf_stays(const struct search *s, const struct ir_op *op)
{
    struct ia64_fr value;

    return has_no_nat(s, op) &&
           (FPO_SUB(op->imm) != FPO_SINGLE || (setf_const(s, op, &value) && value.sig >> 63));
}

static enum passing pass(const struct search *s, const struct ir_op *op, bool in_region)
{
    unsigned p = s->chain->p;

    if (writes_p(op, p) || clears_flags(op))
        return PASS_BREAKS;
    switch (op->op) {
    case IR_EXIT:
    case IR_EXIT_IND:
    case IR_FAULT:
    case IR_BREAK:
        return in_region ? PASS_LOOKS : PASS_BREAKS;
    case IR_GATE:
        return PASS_BREAKS;
    case IR_CALL:
        return is_fp_load(op) || is_fp_store(op) || (op->aux & IR_CALL_NO_FR) ? PASS_LOOKS : PASS_BREAKS;
    case IR_FPOP:
        if (op->c == OP_SETF)
            return setf_stays(s, op) ? PASS_FREE : PASS_LOOKS;
        return op->c == OP_FCLASS || is_copy(op) ? PASS_FREE : PASS_LOOKS;
    case IR_NAT_FAULT:
    case IR_CHECK_SOF:
    case IR_EXIT_IF_NAT:
        return PASS_LOOKS;
    default:
        return op->op >= IR_LD1 && op->op <= IR_ST8 ? PASS_LOOKS : PASS_FREE;
    }
}

/* What an op that is no step does to the registers' steps. */
static void pass_registers(struct search *s, const struct ir_op *op, bool in_region)
{
    unsigned f1 = FPO_F1(op->imm), f2 = FPO_F2(op->imm);
    const struct fp_step *steps = s->chain->recipe->steps;
    uint8_t step = NO_STEP;

    if (op->op == IR_FPOP ? !fp_writes_f1(op) : !is_fp_load(op))
        return;
    if (!in_region) {
        step = const_step(s, op);
        if (is_copy(op) && operand(s, f2) != NO_STEP && steps[operand(s, f2)].op <= STEP_CONST)
            step = operand(s, f2);
    }
    s->step_of[f1] = step;
    if (op->op == IR_CALL && (op->imm >> 20 & 1))
        s->step_of[f2] = NO_STEP;
}

/* ---- the search ---- */

static bool add_op(struct search *s, uint32_t i, uint32_t region, uint32_t end, uint8_t step)
{
    if (s->n_ops == CHAIN_OPS)
        return false;
    /* A region holds the one op, and psr.mfl or mfh. */
    for (uint32_t k = region; k < end; k++) {
        if (k != i && k != region && s->u->ops[k].op != IR_SET_MF && s->u->ops[k].op != IR_CONST)
            return false;
    }
    s->ops[s->n_ops] = i;
    s->regions[s->n_ops] = region;
    s->ends[s->n_ops] = end;
    s->steps[s->n_ops++] = step;
    return true;
}

/* Follows the data flow from the estimate to the result. */
static bool follow(struct search *s, struct guard g)
{
    const struct ir_unit *u = s->u;
    const struct fp_recipe *r = s->chain->recipe;

    for (uint32_t i = s->start + 1; i < u->n_ops; i++) {
        const struct ir_op *op = &u->ops[i];
        uint8_t step;

        guard_pass(&g, op, i);
        if (!g.end && is_terminal(s, op)) {
            s->chain->target = FPO_F1(op->imm);
            return add_op(s, i, i, i + 1, r->n_steps);
        }
        step = g.p == s->chain->p ? find_step(s, op) : NO_STEP;
        if (step != NO_STEP) {
            if (!add_op(s, i, g.start, g.end, step))
                return false;
            s->step_of[FPO_F1(op->imm)] = step;
            if (step == r->n_steps - 1 && !is_integer_recipe(r)) {
                s->chain->target = FPO_F1(op->imm);
                return true;
            }
            continue;
        }
        if (pass(s, op, g.end != 0) == PASS_BREAKS)
            return false;
        pass_registers(s, op, g.end != 0);
    }
    return false;
}

/* ---- segments ---- */

/* Marks what is put off at the end of a segment. */
static bool put_all(struct fp_segment *segment, uint8_t pending[128])
{
    for (unsigned f = 2; f < 128; f++) {
        if (pending[f] == NO_STEP)
            continue;
        if (segment->n_puts == FP_CHAIN_PUTS)
            return false;
        segment->puts[segment->n_puts++] = (struct fp_put){ (uint8_t)f, pending[f] };
        pending[f] = NO_STEP;
    }
    return true;
}

static bool reads(const struct ir_op *op, const uint8_t pending[128])
{
    return op->op == IR_FPOP && (pending[FPO_F2(op->imm)] != NO_STEP || pending[FPO_F3(op->imm)] != NO_STEP ||
                                 pending[FPO_F4(op->imm)] != NO_STEP);
}

/* An op between segments: must what is pending be put before it? Forgets what it overwrites. */
static bool looks(const struct search *s, const struct ir_op *op, bool in_region, uint8_t pending[128])
{
    unsigned f1 = FPO_F1(op->imm);

    if (pass(s, op, in_region) != PASS_FREE || reads(op, pending))
        return true;
    if (op->op != IR_FPOP || !fp_writes_f1(op) || pending[f1] == NO_STEP)
        return false;
    if (in_region)
        return true;
    pending[f1] = NO_STEP;
    return false;
}

static struct fp_segment *segment_add(struct fp_chain *chain, uint32_t start, uint32_t end)
{
    struct fp_segment *segment;

    if (chain->n_segments == FP_CHAIN_SEGMENTS)
        return NULL;
    segment = &chain->segments[chain->n_segments++];
    *segment = (struct fp_segment){ .start = start, .end = end };
    return segment;
}

/* Ops from the end of a segment to the next op of the chain. */
static bool between(struct search *s, struct fp_segment *segment, uint32_t to, struct guard *g,
                    uint8_t pending[128])
{
    for (uint32_t i = segment->end; i < to; i++) {
        const struct ir_op *op = &s->u->ops[i];

        guard_pass(g, op, i);
        if (looks(s, op, g->end != 0, pending) && !put_all(segment, pending))
            return false;
    }
    return true;
}

static bool only_marks(const struct ir_unit *u, uint32_t from, uint32_t to)
{
    for (; from < to; from++) {
        if (u->ops[from].op != IR_SET_MF && u->ops[from].op != IR_CONST)
            return false;
    }
    return true;
}

static bool make_segments(struct search *s, struct guard g)
{
    const struct ir_op *ops = s->u->ops;
    struct fp_segment *segment = segment_add(s->chain, s->start, s->start + 1);
    bool alone = g.end != 0; /* frcpa is predicated itself: its region ends before the first step */
    uint8_t pending[128];

    memset(pending, NO_STEP, sizeof(pending));
    pending[FPO_F1(ops[s->start].imm)] = s->chain->recipe->estimate;
    for (unsigned k = 0; k < s->n_ops; k++) {
        if (!alone && only_marks(s->u, segment->end, s->regions[k])) {
            segment->end = s->ends[k];
        } else {
            if (!between(s, segment, s->regions[k], &g, pending))
                return false;
            segment = segment_add(s->chain, s->regions[k], s->ends[k]);
            if (!segment)
                return false;
        }
        alone = false;
        g = (struct guard){ .p = NO_GUARD };
        pending[FPO_F1(ops[s->ops[k]].imm)] = k + 1 < s->n_ops ? s->steps[k] : NO_STEP;
    }
    if (!put_all(segment, pending))
        return false;
    for (unsigned k = 0; k < s->chain->n_segments; k++) {
        segment = &s->chain->segments[k];
        for (uint32_t i = segment->start; i < segment->end; i++)
            segment->mf |= ops[i].op == IR_SET_MF ? (uint32_t)ops[i].imm : 0;
    }
    return true;
}

static bool try_recipe(struct search *s, const struct values *v, struct guard g)
{
    const struct ir_op *op = &s->u->ops[s->start];
    const struct fp_recipe *r = s->chain->recipe;
    bool divides = r->steps[r->estimate].op == STEP_RCPA;

    if (divides != (op->c == OP_FRCPA))
        return false;
    s->chain->a = divides ? FPO_F2(op->imm) : FPO_F3(op->imm);
    s->chain->b = FPO_F3(op->imm);
    s->chain->p = FPO_P2(op->imm);
    s->chain->n_segments = 0;
    s->n_ops = 0;
    if (s->chain->a < 2 || s->chain->b < 2 || !s->chain->p)
        return false;
    if (is_integer_recipe(r)) {
        enum made made = r->kind == RECIPE_DIVIDE_I ? MADE_SIGNED : MADE_UNSIGNED;

        if (v->made[s->chain->a] != made || v->made[s->chain->b] != made)
            return false;
    }
    memset(s->step_of, NO_STEP, sizeof(s->step_of));
    for (unsigned f = 2; f < 128; f++) {
        if (v->of[f] == v->of[s->chain->a])
            s->step_of[f] = STEP_A;
        else if (divides && v->of[f] == v->of[s->chain->b])
            s->step_of[f] = STEP_B;
        else if (v->maker[f])
            s->step_of[f] = const_step(s, &s->u->ops[v->maker[f] - 1]);
    }
    s->step_of[FPO_F1(op->imm)] = r->estimate;
    return follow(s, g) && make_segments(s, g);
}

/* ---- units ---- */

static unsigned count_estimates(const struct ir_unit *u)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < u->n_ops; i++)
        n += u->ops[i].op == IR_FPOP && (u->ops[i].c == OP_FRCPA || u->ops[i].c == OP_FRSQRTA);
    return n;
}

static void find_in(struct search *s, struct fp_chain *chains, unsigned *n)
{
    struct guard g = { .p = NO_GUARD };
    struct values v = { .last = 128 };

    for (unsigned f = 0; f < 128; f++)
        v.of[f] = f;
    for (uint32_t i = 0; i < s->u->n_ops; i++) {
        const struct ir_op *op = &s->u->ops[i];

        guard_pass(&g, op, i);
        if (op->op == IR_FPOP && (op->c == OP_FRCPA || op->c == OP_FRSQRTA)) {
            s->start = i;
            for (unsigned k = 0; k < fp_n_recipes && *n < FP_CHAINS; k++) {
                s->chain = &chains[*n];
                s->chain->recipe = &fp_recipes[k];
                s->chain->number = k;
                if (try_recipe(s, &v, g)) {
                    ++*n;
                    break;
                }
            }
        }
        values_pass(&v, op, i, g.end != 0);
    }
}

unsigned fp_chains_find(const struct ir_unit *u, struct fp_chain *chains)
{
    uint32_t const_of[4096] = { 0 };
    struct search s = { .u = u, .const_of = const_of };
    unsigned n = 0;

    if (!count_estimates(u) || u->n_vals > sizeof(const_of) / sizeof(*const_of))
        return 0;
    for (uint32_t i = 0; i < u->n_ops; i++) {
        if (u->ops[i].op == IR_CONST)
            const_of[u->ops[i].dst] = i + 1;
    }
    find_in(&s, chains, &n);
    return n;
}

bool fp_chain_is_cut(const struct ir_unit *u)
{
    struct fp_chain chains[FP_CHAINS];
    unsigned estimates = count_estimates(u);

    return estimates && fp_chains_find(u, chains) < (estimates < FP_CHAINS ? estimates : FP_CHAINS);
}
