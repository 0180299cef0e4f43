/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for each internal op. */
#include "arch/mmu.h"
#include "jit/compile.h"
#include "jit/emit_fp.h"
#include "jit/x64_fp.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

unsigned reg_of(const struct compile *c, ir_val v)
{
    return c->at <= c->places[v].until ? c->places[v].reg : NOREG;
}

bool in_memory(const struct compile *c, ir_val v, unsigned *base, int32_t *disp)
{
    const struct jit_place *p = &c->places[v];

    if (!v || p->is_const || reg_of(c, v) != NOREG)
        return false;
    *base = p->home_from != NO_HOME ? p->home_base : RSP;
    *disp = p->home_from != NO_HOME ? p->home : FRAME_SPILLS + p->spill * 8;
    return true;
}

unsigned use(struct compile *c, ir_val v, unsigned scratch)
{
    if (reg_of(c, v) != NOREG)
        return reg_of(c, v);
    use_into(c, v, scratch);
    return scratch;
}

void use_into(struct compile *c, ir_val v, unsigned reg)
{
    const struct jit_place *p = &c->places[v];
    unsigned base;
    int32_t disp;

    if (v == 0)
        x64_mov_ri(&c->x, reg, 0);
    else if (p->is_const)
        x64_mov_ri(&c->x, reg, p->imm);
    else if (reg_of(c, v) != NOREG)
        x64_mov_rr(&c->x, reg, reg_of(c, v));
    else if (in_memory(c, v, &base, &disp))
        x64_load(&c->x, reg, base, disp);
}

unsigned def(struct compile *c, ir_val v)
{
    return c->places[v].reg != NOREG ? c->places[v].reg : REG_S0;
}

void done(struct compile *c, ir_val v, unsigned reg)
{
    if (c->places[v].spill >= 0)
        x64_store(&c->x, RSP, FRAME_SPILLS + c->places[v].spill * 8, reg);
}

/* ---- state ---- */

static void emit_get(struct compile *c, const struct ir_op *op, unsigned base, int32_t disp)
{
    unsigned d = def(c, op->dst);

    if (jit_place_is_home(&c->places[op->dst]))
        return;
    x64_load(&c->x, d, base, disp);
    done(c, op->dst, d);
}

static void emit_put(struct compile *c, const struct ir_op *op, unsigned base, int32_t disp)
{
    const struct jit_place *p = &c->places[op->a];

    if (p->is_const && x64_fits32(p->imm))
        x64_store_imm(&c->x, base, disp, (int32_t)p->imm);
    else
        x64_store(&c->x, base, disp, use(c, op->a, REG_S0));
}

static void emit_rot(struct compile *c, const struct ir_op *op)
{
    x64_load(&c->x, REG_S1, REG_V, V(rot));
    if (op->op == IR_GET_GRR)
        emit_get(c, op, REG_S1, op->c * 8);
    else
        emit_put(c, op, REG_S1, op->c * 8);
}

/* It mostly is set already, and a loop would store it each time. */
static void emit_set_mf(struct compile *c, const struct ir_op *op)
{
    uint8_t *is_set;

    if (c->top.mf & op->imm && op <= c->loop_end)
        return;
    x64_test_mem32_imm(&c->x, REG_V, V(psr), (uint32_t)op->imm);
    is_set = x64_jcc(&c->x, CC_NE);
    x64_alu_mem32_imm(&c->x, ALU_OR, REG_V, V(psr), (uint32_t)op->imm);
    x64_patch(&c->x, is_set, c->x.p);
}

/* ---- calls ---- */

void call_c(struct compile *c, const void *fn)
{
    x64_store(&c->x, REG_V, V(pr), REG_PR);
    x64_mov_ri(&c->x, RAX, (uint64_t)(uintptr_t)fn);
    x64_call_reg(&c->x, RAX);
    x64_load(&c->x, REG_PR, REG_V, V(pr));
    x64_load(&c->x, REG_FRAME, REG_V, V(frame));
}

void load_args(struct compile *c, ir_val a, unsigned reg_a, ir_val b, unsigned reg_b)
{
    use_into(c, a, REG_S0);
    use_into(c, b, REG_S1);
    x64_mov_rr(&c->x, reg_a, REG_S0);
    x64_mov_rr(&c->x, reg_b, REG_S1);
}

void emit_call(struct compile *c, const struct ir_op *op)
{
    emit_count_call(c, op);
    emit_slots_place(c, op);
    load_args(c, op->a, RDX, op->b, RCX);
    x64_mov_rr(&c->x, RDI, REG_V);
    x64_mov_ri(&c->x, RSI, op->imm);
    x64_lea(&c->x, R8, RSP, FRAME_OUT);
    call_c(c, op->fn);
    if (!(op->aux & IR_CALL_NO_FAULT)) {
        x64_rex(&c->x, false, RAX, 0, RAX, false); /* test eax, eax */
        x64_byte(&c->x, 0x85);
        x64_modrm_rr(&c->x, RAX, RAX);
        cold_add(c, COLD_CALL, op, x64_jcc(&c->x, CC_NE));
    }
    if (c->places[op->dst].last > c->places[op->dst].first) {
        unsigned d = def(c, op->dst);

        x64_load(&c->x, d, RSP, FRAME_OUT);
        done(c, op->dst, d);
    }
}

static uint64_t c_get_nat(struct vcpu *v, uint64_t r) { return gr_nat(v, (unsigned)r); }
static void c_set_nat(struct vcpu *v, uint64_t r, uint64_t nat) { gr_set_nat(v, (unsigned)r, nat); }

static void c_make_nat(struct vcpu *v, uint64_t r, uint64_t nat)
{
    if (nat)
        gr_set_nat(v, (unsigned)r, true);
}

/* Nearly always there is no NaT. */
static void emit_make_nat(struct compile *c, const struct ir_op *op)
{
    uint32_t live = live_registers(c, op);
    unsigned nat = use(c, op->a, REG_S0);
    uint8_t *none;

    x64_test_rr(&c->x, nat, nat);
    none = x64_jcc(&c->x, CC_E);
    keep_registers(c, live, true);
    use_into(c, op->a, RDX);
    x64_mov_rr(&c->x, RDI, REG_V);
    x64_mov_ri(&c->x, RSI, op->c);
    call_c(c, (const void *)(uintptr_t)c_make_nat);
    keep_registers(c, live, false);
    emit_fp_after_call(c, op);
    x64_patch(&c->x, none, c->x.p);
}

static void emit_nat(struct compile *c, const struct ir_op *op, const void *fn)
{
    use_into(c, op->a, RDX);
    x64_mov_rr(&c->x, RDI, REG_V);
    x64_mov_ri(&c->x, RSI, op->c);
    call_c(c, fn);
    if (op->dst) {
        x64_mov_rr(&c->x, def(c, op->dst), RAX);
        done(c, op->dst, RAX);
    }
}

void emit_rotate_call(struct compile *c)
{
    x64_mov_rr(&c->x, RDI, REG_V);
    call_c(c, (const void *)(uintptr_t)vcpu_rotate);
}

void emit_settle(struct compile *c)
{
    struct cold *cold;

    /* Where units count, they never lag: registers lie in the same slots as in the other engine. */
    c->high_fr = c->j->counted || uses_high_fr(c->u);
    if (!c->high_fr)
        return;
    x64_cmp_mem64(&c->x, REG_V, V(fr_lag), 0);
    cold = cold_add(c, COLD_SETTLE, c->u->ops, x64_jcc(&c->x, CC_NE));
    cold->back = c->x.p;
}

void emit_settle_call(struct compile *c)
{
    x64_mov_rr(&c->x, RDI, REG_V);
    call_c(c, (const void *)(uintptr_t)fr_settle);
}

/* ---- control ---- */

void jump_to_label(struct compile *c, uint8_t *from, uint64_t target)
{
    c->jumps[c->n_jumps].from = from;
    c->jumps[c->n_jumps++].target = (uint32_t)target;
}

/* The flags for a skip. Return: the condition to skip */
static enum x64_cc skip_flags(struct compile *c, const struct ir_op *op)
{
    unsigned a;

    if (op->op == IR_SKIP_PR && op->c < 8) {
        x64_test8_ri(&c->x, REG_PR, (uint8_t)(1 << op->c));
        return CC_E;
    }
    if (op->op == IR_SKIP_PR) {
        x64_bt(&c->x, REG_PR, op->c);
        return CC_AE;
    }
    a = use(c, op->a, REG_S0);
    x64_test_rr(&c->x, a, a);
    return op->op == IR_SKIP_Z ? CC_E : CC_NE;
}

/* Return: ops beyond the skip that it stands for. */
static unsigned emit_skip(struct compile *c, const struct ir_op *op)
{
    enum x64_cc cc = skip_flags(c, op);

    if (skips_exit_apart(c, op)) {
        cold_add(c, COLD_EXIT, op + 1, x64_jcc(&c->x, cc ^ 1));
        return 1;
    }
    jump_to_label(c, x64_jcc(&c->x, cc), op->imm);
    return 0;
}

void emit_iipa(struct compile *c, const struct ir_op *op)
{
    if (!(c->u->key & KEY_IC))
        return;
    x64_lea(&c->x, REG_S0, REG_IP, (op->pos >> 2) * 16);
    x64_store(&c->x, REG_V, V(cr) + CR_IIPA * 8, REG_S0);
}

void emit_exit(struct compile *c, const struct ir_op *op)
{
    bool same_page = (op->imm + (c->u->gpa & 0xfff)) >> 12 == 0;

    lazy_store(c, op);
    if (c->u->key & KEY_CAREFUL) { /* the run loop sees to traps */
        emit_leave(c, LEAVE_DISP, op);
        return;
    }
    /* After an op that changed the key the exit must not be linked: the run loop's business. */
    if (!same_page && op->c) {
        emit_leave(c, LEAVE_DISP, op);
        return;
    }
    if (!same_page || !links_late(c, op) || (op->imm == 0 && op->c == c->u->slot && op->aux == IR_EXIT_TAKEN))
        emit_iipa(c, op);
    emit_slots_exit(c, ir_slots_exit(c->u, op));
    if (op->imm == 0 && op->c == c->u->slot && op->aux == IR_EXIT_TAKEN && (pins_hold(c, op) || fp_pins_hold(c, op))) {
        if (emit_fp_branch_back(c))
            pins_branch_back(c);
        return;
    }
    if (pins_hold(c, op))
        pins_write_back(c);
    if (same_page && links_late(c, op) && op != c->loop_end)
        links_look_back(c, op);
    if (!x64_fits32(op->imm)) {
        x64_mov_ri(&c->x, REG_S0, op->imm);
        x64_alu_rr(&c->x, ALU_ADD, REG_IP, REG_S0);
    } else if (op->imm) {
        x64_alu_ri(&c->x, ALU_ADD, REG_IP, (int32_t)op->imm);
    }
    if (!same_page) {
        if (links_to_page(c, op))
            links_page(c, op);
        else
            emit_lookup_direct(c, c->ip + op->imm);
        return;
    }
    if (op == c->loop_end) {
        x64_jmp_to(&c->x, c->x.start);
        return;
    }
    links_jmp(c, op);
}

static void emit_exit_ind(struct compile *c, const struct ir_op *op)
{
    lazy_store(c, op);
    if (c->u->key & KEY_CAREFUL) {
        use_into(c, op->a, REG_S0);
        x64_alu_ri(&c->x, ALU_AND, REG_S0, -16);
        x64_store(&c->x, RSP, FRAME_OUT, REG_S0);
        emit_leave(c, LEAVE_IND, op);
        return;
    }
    if (op->aux & IR_EXIT_RET) /* emit_br_ret() does not come here */
        return;
    emit_iipa(c, op);
    emit_slots_exit(c, ir_slots_exit(c->u, op));
    if (pins_hold(c, op))
        pins_write_back(c);
    use_into(c, op->a, REG_IP);
    x64_alu_ri(&c->x, ALU_AND, REG_IP, -16);
    emit_lookup_ind(c);
}

static void emit_check(struct compile *c, const struct ir_op *op)
{
    unsigned a = use(c, op->a, REG_S0);

    x64_test_rr(&c->x, a, a);
    cold_add(c, COLD_LEAVE, op, x64_jcc(&c->x, CC_NE))->leave = LEAVE_RAISE;
}

static void emit_ip(struct compile *c, const struct ir_op *op)
{
    unsigned d = def(c, op->dst);

    assert(x64_fits32(op->imm)); /* an address in or right behind the unit */
    x64_lea(&c->x, d, REG_IP, (int32_t)op->imm);
    done(c, op->dst, d);
}

static void emit_prw(struct compile *c, const struct ir_op *op)
{
    if (op->op == IR_SET_PRW) {
        use_into(c, op->a, REG_PR);
        x64_alu_ri(&c->x, ALU_OR, REG_PR, 1);
        return;
    }
    x64_mov_rr(&c->x, def(c, op->dst), REG_PR);
    done(c, op->dst, REG_PR);
}

static void emit_exit_if_nat(struct compile *c, const struct ir_op *op)
{
    x64_cmp_mem8(&c->x, REG_V, V(nat_any), 0);
    cold_add(c, COLD_LEAVE, op, x64_jcc(&c->x, CC_NE))->leave = LEAVE_DISP;
}

static bool emit_state_op(struct compile *c, const struct ir_op *op)
{
    if (pins_emit(c, op))
        return true;
    switch (op->op) {
    case IR_NOP:
    case IR_CONST: return true;
    case IR_IP: emit_ip(c, op); return true;
    case IR_GET_GRS: emit_get(c, op, REG_V, V(gr) + op->c * 8); return true;
    case IR_SET_GRS: emit_put(c, op, REG_V, V(gr) + op->c * 8); return true;
    case IR_GET_GRF: emit_get(c, op, REG_FRAME, op->c * 8); return true;
    case IR_SET_GRF: emit_put(c, op, REG_FRAME, op->c * 8); return true;
    case IR_GET_GRR:
    case IR_SET_GRR: emit_rot(c, op); return true;
    case IR_GET_NAT: emit_nat(c, op, (const void *)(uintptr_t)c_get_nat); return true;
    case IR_SET_NAT: emit_nat(c, op, (const void *)(uintptr_t)c_set_nat); return true;
    case IR_MAKE_NAT: emit_make_nat(c, op); return true;
    case IR_GET_PR: emit_get_pr(c, op); return true;
    case IR_SET_PR: put_bit(c, op->c, use(c, op->a, REG_S0)); return true;
    case IR_SET_PRI: put_pr_const(c, op->c, op->imm); return true;
    case IR_SET_PR2: emit_set_pr2(c, op); return true;
    case IR_GET_PRW:
    case IR_SET_PRW: emit_prw(c, op); return true;
    case IR_GET_BR: emit_get(c, op, REG_V, V(br) + op->c * 8); return true;
    case IR_SET_BR: emit_put(c, op, REG_V, V(br) + op->c * 8); return true;
    case IR_GET_ST: emit_get(c, op, REG_V, (int32_t)op->imm); return true;
    case IR_SET_ST: emit_put(c, op, REG_V, (int32_t)op->imm); return true;
    case IR_SET_MF: emit_set_mf(c, op); return true;
    default: return false;
    }
}

unsigned emit_op(struct compile *c, const struct ir_op *op)
{
    unsigned fused;

    if (c->dead[op - c->u->ops])
        return 0;
    if (emit_fp(c, op))
        return 0;
    fused = emit_fused(c, op);
    if (!fused)
        fused = emit_fused_value(c, op);
    if (fused)
        return fused;
    if (emit_value_op(c, op) || emit_state_op(c, op))
        return 0;
    switch (op->op) {
    case IR_LD1: emit_mem(c, op, 1, false); break;
    case IR_LD2: emit_mem(c, op, 2, false); break;
    case IR_LD4: emit_mem(c, op, 4, false); break;
    case IR_LD8: emit_mem(c, op, 8, false); break;
    case IR_ST1: emit_mem(c, op, 1, true); break;
    case IR_ST2: emit_mem(c, op, 2, true); break;
    case IR_ST4: emit_mem(c, op, 4, true); break;
    case IR_ST8: emit_mem(c, op, 8, true); break;
    case IR_FENCE: x64_mfence(&c->x); break;
    case IR_CALL:
        if (!emit_frame(c, op) && !emit_alat(c, op) && !emit_semaphore(c, op))
            emit_call(c, op);
        break;
    case IR_BREAK:
        if (emit_break(c, op))
            break;
        /* fall through */
    case IR_FAULT: emit_leave(c, LEAVE_RAISE, op); break;
    case IR_NAT_FAULT: emit_check(c, op); break;
    case IR_CHECK_SOF: break; /* emit_sof_check() */
    case IR_SKIP_PR:
    case IR_SKIP_Z:
    case IR_SKIP_NZ: return emit_skip(c, op);
    case IR_ROTATE: emit_rotate(c, op); break;
    case IR_EXIT: emit_exit(c, op); break;
    case IR_EXIT_IND: emit_exit_ind(c, op); break;
    case IR_EXIT_IF_NAT: emit_exit_if_nat(c, op); break;
    case IR_GATE: emit_leave(c, LEAVE_GATE, op); break;
    default: assert(!"no such op");
    }
    return 0;
}
