/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code cache, compiling a unit, and running compiled code. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "arch/ops.h"
#include "jit/compile.h"
#include "jit/emit_fp.h"
#include "jit/fp_chain.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

enum {
    UNIT_BYTES_MAX = 1 << 19, /* more than any unit of LOWER_MAX_OPS ops can need */
    SETTLE_BYTES = 1 << 20,
};

static const uint8_t saved_regs[] = { RBX, RBP, R12, R13, R14, R15 };

/* enum leave enter(struct vcpu *v, jit_code code, struct jit_exit *exit), and the way back from compiled code. */
static void emit_trampolines(struct jit *j)
{
    struct x64 x = { j->rw, j->rw, j->rw + 4096, false, REG_V_AT };

    j->special = x.p;
    x64_imm64(&x, UINT64_C(0x7ff) << 53);
    j->enter = jit_rx(j, x.p);
    for (unsigned i = 0; i < sizeof(saved_regs); i++)
        x64_push(&x, saved_regs[i]);
    x64_alu_ri(&x, ALU_SUB, RSP, FRAME_SIZE);
    x64_lea(&x, REG_V, RDI, REG_V_AT);
    x64_store(&x, RSP, FRAME_EXIT, RDX);
    emit_fp_enter(&x);
    x64_load(&x, REG_PR, REG_V, V(pr));
    x64_load(&x, REG_FRAME, REG_V, V(frame));
    x64_load(&x, REG_IP, REG_V, V(ip));
    x64_jmp_reg(&x, RSI);

    _Static_assert(sizeof(struct ir_op) == 32, "the index is shifted by five");
    j->leave_index = jit_rx(j, x.p);
    x64_mov_rr(&x, RDX, RAX);
    x64_shift_ri(&x, SHIFT_SHR, RDX, LEAVE_INDEX_SHIFT);
    x64_shift_ri(&x, SHIFT_SHL, RDX, 5);
    x64_alu_rm(&x, ALU_ADD, RDX, R9, offsetof(struct ir_unit, ops));
    x64_extend(&x, RAX, RAX, 1, false);

    j->leave = jit_rx(j, x.p);
    emit_fp_leave(&x);
    x64_load(&x, R8, RSP, FRAME_EXIT);
    x64_store(&x, REG_V, V(pr), REG_PR);
    x64_store(&x, R8, offsetof(struct jit_exit, op), RDX);
    x64_store(&x, R8, offsetof(struct jit_exit, unit), R9);
    x64_store(&x, R8, offsetof(struct jit_exit, link), RCX);
    x64_store(&x, R8, offsetof(struct jit_exit, ip), REG_IP);
    x64_load(&x, RCX, RSP, FRAME_OUT);
    x64_store(&x, R8, offsetof(struct jit_exit, target), RCX);
    x64_alu_ri(&x, ALU_ADD, RSP, FRAME_SIZE);
    for (unsigned i = sizeof(saved_regs); i-- > 0;)
        x64_pop(&x, saved_regs[i]);
    x64_ret(&x);
    emit_lookup_stubs(j, &x);
    emit_resume_stub(j, &x);
    emit_slow_stubs(j, &x);
    emit_grace_stub(j, &x);
    j->used = j->first = (size_t)(x.p - j->rw);
}

struct jit *jit_create(size_t size, bool counted)
{
    struct jit *j = calloc(1, sizeof(*j));
    int fd = memfd_create("kvm-ia64 code", MFD_CLOEXEC);

    if (!j || fd < 0 || ftruncate(fd, (off_t)size))
        goto fail;
    j->work = malloc(sizeof(*j->work));
    if (!j->work)
        goto fail;
    j->size = size;
    j->bmi2 = __builtin_cpu_supports("bmi2");
    j->counted = counted;
    j->rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    j->rx = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    if (j->rw == MAP_FAILED || j->rx == MAP_FAILED)
        goto fail;
    close(fd);
    emit_trampolines(j);
    return j;
fail:
    if (fd >= 0)
        close(fd);
    if (j)
        free(j->work);
    free(j);
    return NULL;
}

void jit_destroy(struct jit *j)
{
    if (!j)
        return;
    munmap(j->rw, j->size);
    munmap((void *)(uintptr_t)j->rx, j->size);
    free(j->work);
    free(j);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Unless the next page is mapped to the next physical page, to the unit's other version. */
static void emit_next_page_check(struct compile *c)
{
    struct x64 *x = &c->x;

    _Static_assert(sizeof(struct ftlb_entry) == 24, "the index is multiplied by three, and by eight");
    x64_lea(x, REG_S1, REG_IP, 4096);
    x64_alu_ri(x, ALU_AND, REG_S1, -4096);
    x64_mov_rr(x, REG_S0, REG_S1);
    x64_shift_ri(x, SHIFT_SHR, REG_S0, 61);
    x64_load_index(x, REG_S2, REG_V, REG_S0, 3, V(itag));
    x64_alu_rr(x, ALU_OR, REG_S2, REG_S1);
    x64_shift_ri(x, SHIFT_SHR, REG_S1, 12);
    x64_alu_ri(x, ALU_AND, REG_S1, FTLB_SIZE - 1);
    x64_lea_index(x, REG_S1, REG_S1, REG_S1, 1);
    x64_alu_rm_index(x, ALU_CMP, REG_S2, REG_V, REG_S1, 3, V(ftlb) + (int32_t)offsetof(struct ftlb_entry, tag));
    c->others[c->n_others++] = x64_jcc(x, CC_NE);
    x64_mov_ri(x, REG_S2, (c->u->gpa & ~UINT64_C(0xfff)) + 4096);
    x64_alu_rm_index(x, ALU_CMP, REG_S2, REG_V, REG_S1, 3, V(ftlb) + (int32_t)offsetof(struct ftlb_entry, gpa));
    c->others[c->n_others++] = x64_jcc(x, CC_NE);
}

/* One look for all registers that the unit writes: what takes a fault in the middle of it is the interpreter's. */
static void emit_sof_check(struct compile *c)
{
    if (c->sof_least < 0)
        return;
    x64_load32(&c->x, REG_S0, REG_V, V(cfm));
    x64_alu_ri(&c->x, ALU_AND, REG_S0, 0x7f);
    x64_alu_ri(&c->x, ALU_CMP, REG_S0, c->sof_least);
    cold_add(c, COLD_FRAME, c->u->ops, x64_jcc(&c->x, CC_BE));
}

static void emit_unit(struct compile *c)
{
    const struct ir_unit *u = c->u;

    emit_look(c, LEAVE_ATTENTION, u->ops);
    if (c->enters_late) {
        emit_sof_check(c);
        c->late = c->x.p;
    }
    emit_fp_begin(c); /* clears a word of the stack frame, at the late entry as well */
    fp_pins_check_psr(c);
    if (c->is_over)
        emit_next_page_check(c);
    if (c->j->profiled) { /* behind the check: who asks hears of the unit before */
        x64_store(&c->x, REG_V, V(profile_ip), REG_IP);
        x64_store_imm32(&c->x, REG_V, V(profile_key), u->key);
    }
    emit_slots_enter(c);
    if (!c->enters_late)
        emit_sof_check(c); /* behind it: the interpreter may run the unit to its end */
    emit_copying(c);
    emit_settle(c); /* last: rotations before it may only have counted */
    fp_pins_enter(c);
    pins_load(c);
    for (uint32_t i = 0; i < u->n_ops && !c->x.overflow; i++) {
        unsigned more;

        c->op_code[i] = c->x.p;
        if (c->n_pins && i == c->pins_end + 1)
            pins_write_back(c);
        if (c->copied && i == c->copied_to)
            x64_patch(&c->x, c->copied, c->x.p);
        c->at = i;
        more = emit_op(c, &u->ops[i]);
        while (more--)
            c->op_code[++i] = c->x.p;
    }
    c->op_code[u->n_ops] = c->x.p;
    for (unsigned i = 0; i < c->n_jumps; i++)
        x64_patch(&c->x, c->jumps[i].from, c->op_code[c->jumps[i].target]);
    emit_site_colds(c);
    emit_fp_end(c);
    for (unsigned i = 0; i < c->n_colds && !c->x.overflow; i++)
        emit_cold(c, &c->colds[i]);
}

bool jit_full(const struct jit *j) { return j->closed || j->size - j->used < UNIT_BYTES_MAX + 16; }
void jit_close(struct jit *j) { j->closed = true; }

void jit_open(struct jit *j)
{
    j->used = j->settled = j->first;
    j->closed = false;
}

/*
 * The writable view of what is complete goes, so that the process is not charged for it twice; it comes back where an exit is
 * linked.
 */
static void settle(struct jit *j)
{
    size_t done = j->used & ~(size_t)(SETTLE_BYTES - 1);

    if (done > j->settled)
        madvise(j->rw, done, MADV_DONTNEED);
    j->settled = done > j->settled ? done : j->settled;
}

/* Places for all temps, pinned guest registers first. */
static bool allocate(struct compile *c)
{
    regalloc_lifetimes(c->u, c->places);
    plan_unit(c);
    pins_plan(c);
    homes_plan(c);
    if (!regalloc(c->u, c->places, pins_mask(c), &c->n_spills))
        return false;
    lazy_check(c);
    return true;
}

/* Compiles one version of a unit behind what there is. Return: the jumps to the next version, in @c. */
static bool compile_version(struct compile *c)
{
    struct jit_work *w = c->j->work;
    const struct ir_unit *u = c->u;

    c->x.start = c->x.p;
    memset(w->is_label, 0, (u->n_ops + 1) * sizeof(*w->is_label));
    memset(w->sites, 0, (u->n_ops + 1) * sizeof(*w->sites));
    memset(w->dead, 0, (u->n_ops + 1) * sizeof(*w->dead));
    if (!allocate(c))
        return false;
    sites_plan(c);
    links_plan(c);
    emit_unit(c);
    emit_fp_free(c);
    return !c->x.overflow;
}

/* The versions of a unit, each for where those before it do not do: their way on is to the next one. */
static jit_code compile(struct jit *j, const struct ir_unit *u, const struct ir_unit *over, uint64_t ip, uint32_t token)
{
    struct jit_work *w = j->work;
    uint8_t *start = j->rw + ((j->used + UNIT_HEAD + 15) & ~(size_t)15);
    struct compile c = { .n_others = 0 };
    struct x64 x = { start, start, start + UNIT_BYTES_MAX, false, REG_V_AT };
    bool done, no_fp_pins = over != NULL;

    if (jit_full(j))
        return NULL;
    do {
        unsigned n_others = c.n_others;
        struct fp_top top = c.top;
        uint8_t *others[JIT_OTHERS], *first = c.x.start;
        bool was_late = c.late;

        memcpy(others, c.others, sizeof(others));
        c = (struct compile){ .x = x, .j = j, .u = over ? over : u, .is_over = over != NULL, .places = w->places,
                              .op_code = w->op_code, .is_label = w->is_label, .sites = w->sites, .dead = w->dead,
                              .barrier = w->barrier,
                              .jumps = w->jumps, .colds = w->colds, .no_fp_pins = no_fp_pins, .better = top, .ip = ip, .token = token };
        done = compile_version(&c);
        for (unsigned i = 0; i < n_others && done; i++) /* a late entry has no CR.IIPA to leave with */
            x64_patch(&c.x, others[i], was_late && c.late ? c.late : c.x.start);
        if (done && !first)
            links_head(&c, start);
        x = c.x;
        no_fp_pins = !over;
        over = NULL;
    } while (done && c.n_others);
    settle(j);
    if (!done)
        return NULL;
    j->used = (size_t)(x.p - j->rw);
    return jit_rx(j, start);
}

jit_code jit_compile(struct jit *j, const struct ir_unit *u, const struct ir_unit *over, uint64_t ip, uint32_t token)
{
    uint64_t start = now_ns();
    size_t used = j->used;
    jit_code code = compile(j, u, over, ip, token);

    j->stats.ns += now_ns() - start;
    j->stats.bytes += j->used - used;
    if (!code) {
        j->stats.failed++;
        return NULL;
    }
    j->stats.units++;
    j->stats.insns += u->n_insns;
    j->stats.ops += u->n_ops;
    atomic_fetch_add_explicit(&j->published, 1, memory_order_release);
    return code;
}

bool jit_is_cut(const struct ir_unit *u)
{
    const struct ir_op *last = &u->ops[u->n_ops - 1];
    bool to_page_end = (u->gpa & 0xfff) + u->n_bundles * UINT64_C(16) == 4096;

    return (u->key & KEY_CPL) == 3 && !(u->key & KEY_CAREFUL) && to_page_end && last->op == IR_EXIT &&
           last->imm == u->n_bundles * UINT64_C(16) && fp_chain_is_cut(u);
}

/* ---- running ---- */

static enum unit_end raise_op(struct vcpu *v, const struct ir_op *op)
{
    switch (op->op) {
    case IR_FAULT:
        fault_raise(v, op->c, op->imm);
        break;
    case IR_BREAK:
        fault_raise(v, FAULT_BREAK, 0);
        v->fault.iim = op->imm;
        break;
    case IR_NAT_FAULT:
        fault_raise(v, FAULT_REG_NAT, op->imm);
        break;
    default:
        fault_raise(v, FAULT_ILLEGAL_OP, 0);
        break;
    }
    return UNIT_FAULT;
}

static void set_ip(struct vcpu *v, uint64_t ip0, uint32_t pos)
{
    v->ip = ip0 + (uint64_t)(pos >> 2) * 16;
    v->ri = pos & 3;
}

static enum unit_end after_call(struct vcpu *v, const struct ir_op *op, uint64_t ip0, enum op_result result, struct unit_result *r)
{
    switch (result) {
    case OPR_FAULT:
        set_ip(v, ip0, op->pos);
        return UNIT_FAULT;
    case OPR_TRAP:
        v->trap_ip = ip0 + (uint64_t)(op->pos >> 2) * 16;
        v->trap_ri = op->pos & 3;
        set_ip(v, ip0, op->aux >> IR_CALL_NEXT_SHIFT);
        return UNIT_TRAP;
    case OPR_EXIT:
        set_ip(v, ip0, op->aux >> IR_CALL_NEXT_SHIFT);
        return UNIT_EXIT;
    default:
        r->was_rfi = op->fn == (void *)op_rfi;
        r->taken = !r->was_rfi;
        return UNIT_EXIT;
    }
}

/* The key behind an exit: calls and allocs change sor. */
static uint32_t exit_key(const struct ir_unit *u, const struct ir_op *op)
{
    uint32_t key = u->key;

    if (op->aux & (IR_EXIT_CALL | IR_EXIT_SOR))
        key &= ~KEY_SOR;
    if (op->aux & IR_EXIT_SOR)
        key |= op->aux >> IR_EXIT_SOR_SHIFT << KEY_SOR_SHIFT;
    return key;
}

/* Gives back the slots that the last unit did not pass, unless it did so itself. */
static void count_exit(struct vcpu *v, const struct jit_exit *e, enum leave leave)
{
    const struct ir_unit *u = e->unit;
    unsigned slots;

    switch (leave) {
    case LEAVE_LINK:
    case LEAVE_RETURN:
    case LEAVE_MOVED:
    case LEAVE_ATTENTION:
    case LEAVE_INTERPRET:
        return;
    case LEAVE_RAISE:
        slots = ir_slots(u, e->op->pos);
        break;
    case LEAVE_DISP:
    case LEAVE_IND:
    case LEAVE_GATE:
        slots = ir_slots_exit(u, e->op);
        break;
    default:
        slots = ir_slots_call(u, e->op, leave - LEAVE_CALL);
        break;
    }
    v->slots_left += u->n_slots - slots;
}

enum unit_end jit_run(struct jit *j, struct vcpu *v, jit_code code, const struct ir_unit **u, struct unit_result *r,
                      uint64_t *ip0, struct jit_link *link)
{
    enum leave (*enter)(struct vcpu *, jit_code, struct jit_exit *) =
        (enum leave (*)(struct vcpu *, jit_code, struct jit_exit *))(uintptr_t)j->enter;
    struct jit_exit e;
    enum leave leave = enter(v, code, &e);

    (void)atomic_load_explicit(&j->published, memory_order_acquire);
    link->place = NULL;
    r->taken = r->was_rfi = r->idle = r->moved = false;
    r->leave = (uint8_t)leave;
    if (leave == LEAVE_LOOKUP) {
        r->left_op = OP_INVALID;
        r->last_pos = 0;
        r->moved = true;
        v->ip = e.ip;
        v->ri = 0;
        return UNIT_EXIT;
    }
    *u = e.unit;
    *ip0 = e.ip;
    if (j->counted)
        count_exit(v, &e, leave);
    r->last_pos = e.op->pos;
    r->left_op = e.op->op == IR_CALL || e.op->op == IR_FPOP ? e.op->c : OP_INVALID;
    switch (leave) {
    case LEAVE_RAISE:
        set_ip(v, e.ip, e.op->pos);
        return raise_op(v, e.op);
    case LEAVE_DISP:
        v->ip = e.ip + e.op->imm;
        v->ri = e.op->c;
        r->taken = e.op->aux & IR_EXIT_TAKEN;
        return UNIT_EXIT;
    case LEAVE_IND:
        v->ip = e.target;
        v->ri = 0;
        r->taken = true;
        return UNIT_EXIT;
    case LEAVE_GATE:
        set_ip(v, e.ip, e.op->pos);
        v->ri = 1;
        r->gate = (unsigned)e.op->imm;
        return UNIT_GATE;
    case LEAVE_LINK:
        *ip0 = e.ip - e.op->imm;
        *link = (struct jit_link){ j->rw + ((const uint8_t *)e.link - j->rx), exit_key(e.unit, e.op), links_is_to_page(e.link) };
        v->ip = e.ip;
        v->ri = e.op->c;
        r->taken = e.op->aux & IR_EXIT_TAKEN;
        return UNIT_EXIT;
    case LEAVE_RETURN:
        *link = (struct jit_link){ j->rw + ((const uint8_t *)e.link - j->rx), e.unit->key & ~KEY_SOR, false };
        v->ip = e.ip;
        v->ri = 0;
        r->moved = true;
        return UNIT_EXIT;
    case LEAVE_MOVED:
        r->moved = true;
        return UNIT_EXIT;
    case LEAVE_ATTENTION:
    case LEAVE_INTERPRET:
        v->ip = e.ip;
        v->ri = e.unit->slot;
        r->idle = true;
        return UNIT_EXIT;
    default:
        return after_call(v, e.op, e.ip, leave - LEAVE_CALL, r);
    }
}
