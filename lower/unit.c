/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translation of one unit: bundles from memory to a finished list of internal ops. */
#include <stdlib.h>
#include <string.h>

#include "arch/vti.h"
#include "lower/lower_ops.h"

/* Ops whose only effect is their result. */
static bool is_pure(unsigned op)
{
    return (op >= IR_CONST && op <= IR_GET_GRR) || op == IR_GET_NAT || op == IR_GET_PR || op == IR_GET_PRW ||
           op == IR_GET_BR || op == IR_GET_ST || (op >= IR_ADD && op <= IR_PURE);
}

/* What one translation after the other works in, too large to be taken anew each time. */
struct lower_scratch {
    struct lower l;
    struct ir_op ops[LOWER_MAX_OPS];
    bool used[LOWER_MAX_VALS];
    uint32_t place[LOWER_MAX_OPS + 1];
};

struct lower_scratch *lower_scratch_create(void) { return malloc(sizeof(struct lower_scratch)); }
void lower_scratch_free(struct lower_scratch *s) { free(s); }

/* Drops ops whose results nobody reads, in place. Return: the new count. */
static unsigned drop_dead(struct lower_scratch *s)
{
    struct ir_op *ops = s->ops;
    unsigned n = s->l.n_ops, out = 0;

    memset(s->used, 0, s->l.n_vals * sizeof(*s->used));
    for (unsigned i = n; i-- > 0;) {
        struct ir_op *op = &ops[i];

        if (is_pure(op->op) && !s->used[op->dst]) {
            op->op = IR_NOP;
            continue;
        }
        s->used[op->a] = s->used[op->b] = true;
        if (op->op == IR_SELECT)
            s->used[op->c] = true;
    }
    for (unsigned i = 0; i < n; i++) {
        s->place[i] = out;
        if (ops[i].op != IR_NOP)
            ops[out++] = ops[i];
    }
    s->place[n] = out;
    for (unsigned i = 0; i < out; i++) {
        if (ir_is_skip(&ops[i]))
            ops[i].imm = s->place[ops[i].imm];
    }
    return out;
}

static bool has_feature(const struct lower *l, unsigned feature)
{
    switch (feature) {
    case FEAT_LB: return l->cpuid4 & 1;
    case FEAT_AO: return l->cpuid4 >> 2 & 1;
    case FEAT_CLZ: return l->cpuid4 >> 32 & 1;
    case FEAT_MPY: return l->cpuid4 >> 33 & 1;
    default: return true;
    }
}

/* A guest may have fewer features than the processor. */
static void need_feature(struct lower *l, unsigned feature)
{
    if ((l->key & KEY_VM) && (feature == FEAT_CLZ || feature == FEAT_MPY))
        ir_call(l, op_need_feature, feature == FEAT_CLZ ? 32 : 33, 0, 0, CALL_NO_REGS);
}

static void lower_decoded(struct lower *l, const struct insn *in, enum isa_result result)
{
    if (result != ISA_OK || !has_feature(l, in->feature) || ((in->flags & ISA_SLOT2) && l->slot != 2)) {
        ir_fault(l, FAULT_ILLEGAL_OP, 0);
        return;
    }
    need_feature(l, in->feature);
    lower_table[in->op](l, in);
}

/* Keeps the opcode of what may raise a Virtualization fault: memory may have other bytes by then. */
static void note_guest_insn(struct lower *l, const struct insn *in, uint64_t slot)
{
    const struct vti_row *row = &vti_table[in->op];
    bool b = row->cause == KIA_CAUSE_COVER || row->cause == KIA_CAUSE_RFI || row->cause == KIA_CAUSE_BSW_0 ||
             row->cause == KIA_CAUSE_BSW_1 || row->cause == KIA_CAUSE_VMSW;

    if (!row->cause || (!(l->key & KEY_VM) && row->cause != KIA_CAUSE_VMSW))
        return;
    l->guest[l->n_guest++] = (struct ir_guest_insn){
        .pos = l->pos, .cause = row->cause, .opcode = slot | (b ? KIA_INTERCEPT_B_UNIT : KIA_INTERCEPT_M_UNIT)
    };
}

static void lower_insn(struct lower *l, const struct insn *in, enum isa_result result)
{
    bool own_qp = result == ISA_RESERVED || (result == ISA_OK && lower_handles_qp(in));

    l->nat_exit = l->branches_back = false;
    l->isa_op = in->op;
    if (in->qp && !own_qp) {
        ir_label skip = ir_skip_pr(l, in->qp);

        lower_decoded(l, in, result);
        ir_here(l, skip);
    } else {
        lower_decoded(l, in, result);
    }
    assert(l->depth == 0);
    if (l->branches_back)
        ir_loop_ended(l);
    if (l->nat_exit && !l->ended)
        ir_exit_if_nat(l);
}

static void lower_gate(struct lower *l, unsigned gate)
{
    if (gate < LOWER_GATE_VPS)
        ir_gate(l, gate);
    else if (l->key & KEY_CPL)
        ir_fault(l, FAULT_ILLEGAL_OP, 0);
    else
        lower_vps(l, gate - LOWER_GATE_VPS);
}

/* One slot of a bundle. Return: false when the unit is complete. */
static bool lower_slot(struct lower *l, const struct lower_source *src, struct bundle b, unsigned *slot, unsigned *n_insns)
{
    const struct isa_template *t = isa_bundle_template(b);
    unsigned ops_before = l->n_ops, vals_before = l->n_vals;
    uint16_t guest_before = l->n_guest;
    enum isa_result result;
    struct insn in;
    int gate;

    l->slot = (uint8_t)*slot;
    l->pos = (uint16_t)(l->disp / 16 << 2 | *slot);
    l->mlx = t->unit[1] == UNIT_L;
    if (l->mlx && *slot)
        result = isa_decode(UNIT_X, isa_bundle_slot(b, 2), isa_bundle_slot(b, 1), &in);
    else
        result = isa_decode(t->unit[*slot], isa_bundle_slot(b, *slot), 0, &in);
    if (result != ISA_OK && *slot == 0 && !(l->key & KEY_VM) &&
        (gate = src->gate(src->opaque, src->gpa + l->disp)) >= 0) {
        lower_gate(l, (unsigned)gate);
    } else {
        if (result == ISA_OK)
            note_guest_insn(l, &in, isa_bundle_slot(b, *slot));
        lower_insn(l, &in, result);
    }
    if (l->overflow) {
        l->n_ops = ops_before;
        l->n_vals = vals_before;
        l->n_guest = guest_before;
        l->overflow = false;
        l->depth = 0;
        l->predicated = false;
        ir_exit(l, 0, 0);
        l->ops[l->n_ops - 1].c = (uint16_t)*slot;
        return false;
    }
    ++*n_insns;
    *slot = l->mlx && *slot ? 3 : *slot + 1;
    return !l->ended;
}

/* True if the unit has to end before a slot of bundle @i: a debugger wants to look there. */
static bool stops_before(const struct lower_source *src, unsigned i, unsigned slot)
{
    if (!src->stops || (i == 0 && slot == src->slot))
        return false;
    return src->stops[(src->gpa >> 4 & 0xff) + i] >> slot & 1;
}

/* Leaves for a slot of the bundle at displacement @disp; the instruction before it was the last one. */
static void leave_before(struct lower *l, uint32_t disp, unsigned slot)
{
    l->disp = disp;
    ir_exit(l, 0, 0);
    l->ops[l->n_ops - 1].c = (uint16_t)slot;
}

/* A bundle that ends with a branch to itself: a loop that engines do best in a unit of its own. */
static bool is_loop(struct bundle b)
{
    const struct isa_template *t = isa_bundle_template(b);
    struct insn in;

    if (t->reserved || t->unit[2] != UNIT_B || isa_decode(UNIT_B, isa_bundle_slot(b, 2), 0, &in) != ISA_OK)
        return false;
    return in.imm == 0 && (in.op == OP_BR_CTOP || in.op == OP_BR_CLOOP || in.op == OP_BR_COND);
}

static void lower_bundles(struct lower *l, const struct lower_source *src, struct ir_unit *u)
{
    unsigned n_insns = 0, slot = src->slot;
    unsigned i;

    for (i = 0; i < src->n_bundles && !l->ended; i++, slot = 0) {
        struct bundle b = src->code[i];

        if (stops_before(src, i, slot) || (i > 0 && is_loop(b))) {
            leave_before(l, i * 16, slot);
            break;
        }
        l->disp = i * 16;
        l->slot = (uint8_t)slot;
        l->pos = (uint16_t)(i << 2 | slot);
        if (isa_bundle_template(b)->reserved) {
            ir_fault(l, FAULT_ILLEGAL_OP, 0);
            i++;
            break;
        }
        while (slot < 3 && lower_slot(l, src, b, &slot, &n_insns)) {
            if (n_insns >= src->max_insns)
                ir_exit_next(l);
            else if (slot < 3 && stops_before(src, i, slot))
                leave_before(l, i * 16, slot);
            if (l->ended)
                break;
        }
    }
    if (!l->ended) {
        l->disp = i * 16;
        ir_exit(l, 0, 0);
    }
    u->n_bundles = (uint16_t)i;
    u->n_insns = (uint16_t)n_insns;
}

/* The most slots that a way out counts. */
static uint16_t count_slots(const struct ir_unit *u)
{
    unsigned most = 0;

    for (uint32_t i = 0; i < u->n_ops; i++) {
        const struct ir_op *op = &u->ops[i];
        unsigned n = ir_slots(u, op->pos);

        if (op->op == IR_EXIT || op->op == IR_EXIT_IND || op->op == IR_EXIT_IF_NAT || op->op == IR_GATE)
            n = ir_slots_exit(u, op);
        else if (op->op == IR_CALL || op->op == IR_FPOP)
            n = ir_slots(u, op->aux >> IR_CALL_NEXT_SHIFT);
        most = n > most ? n : most;
    }
    return (uint16_t)most;
}

struct ir_unit *lower_unit(struct lower_scratch *s, const struct lower_source *src)
{
    struct lower *l = &s->l;
    struct ir_unit made = { .key = src->key, .gpa = src->gpa, .slot = (uint8_t)src->slot }, *u;
    size_t ops_bytes;

    memset(l, 0, offsetof(struct lower, const_of));
    l->mf_done = 0;
    l->sof_checked = 0;
    l->sof_exact = false;
    l->n_guest = 0;
    l->ops = s->ops;
    l->n_vals = 1;
    l->const_of[0] = 0;
    l->key = src->key;
    l->cpuid4 = src->cpuid4;
    l->ito = src->ito;
    lower_bundles(l, src, &made);
    made.n_ops = drop_dead(s);
    made.n_guest = l->n_guest;
    made.n_vals = l->n_vals;
    ops_bytes = made.n_ops * sizeof(*u->ops);
    u = src->alloc(src->alloc_opaque, sizeof(*u) + ops_bytes + made.n_guest * sizeof(*u->guest));
    if (!u)
        return NULL;
    made.ops = (struct ir_op *)(u + 1);
    *u = made;
    memcpy(u->ops, s->ops, u->n_ops * sizeof(*u->ops));
    u->n_slots = count_slots(u);
    u->guest = (void *)((char *)u->ops + ops_bytes);
    memcpy(u->guest, l->guest, u->n_guest * sizeof(*u->guest));
    return u;
}
