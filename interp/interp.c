/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interpreter's loop: one case per internal op. */
#include "arch/mem_access.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "interp/interp.h"

/* Host address of a reference that the soft TLB answers, else 0. */
static inline uintptr_t probe(struct vcpu *v, uint64_t gva, unsigned size, bool write, uint32_t key)
{
    const struct stlb_entry *e = stlb_slot(v, gva);
    uint64_t tag = ((gva + size - 1) & ~UINT64_C(0xfff)) ^ v->dtag[gva >> 61];

    if (tag != (write ? e->tag_w : e->tag_r) || ((key & KEY_AC) && (gva & (size - 1))))
        return 0;
    return e->addend + gva;
}

/* C that an instruction calls may ask how far the unit has come. */
static inline void tell_place(struct vcpu *v, const struct ir_unit *u, const struct ir_op *op)
{
    v->slots_rest = (int32_t)(u->n_slots - ir_slots(u, op->pos));
}

/* A load of @size bytes. Return: false for a fault. */
static inline bool load(struct vcpu *v, const struct ir_unit *u, const struct ir_op *op, uint64_t gva, unsigned size,
                        uint64_t *out)
{
    uintptr_t hva = probe(v, gva, size, false, u->key);
    bool be = op->aux & IR_MEM_BE;

    if (__builtin_expect(!hva, 0)) {
        tell_place(v, u, op);
        return mem_load(v, gva, size, REF_R | (be ? REF_BE : 0), out) == OPR_OK;
    }
    *out = mem_order(ram_load((const void *)hva, size), size, be);
    if (op->aux & IR_MEM_ACQ)
        atomic_thread_fence(memory_order_acquire);
    return true;
}

static inline bool store(struct vcpu *v, const struct ir_unit *u, const struct ir_op *op, uint64_t gva, uint64_t value,
                         unsigned size)
{
    uintptr_t hva = probe(v, gva, size, true, u->key);
    bool be = op->aux & IR_MEM_BE;

    if (__builtin_expect(!hva, 0)) {
        tell_place(v, u, op);
        return mem_store(v, gva, size, REF_W | (be ? REF_BE : 0), value) == OPR_OK;
    }
    if (op->aux & IR_MEM_REL)
        atomic_thread_fence(memory_order_release);
    ram_store((void *)hva, size, mem_order(value, size, be));
    return true;
}

static inline uint64_t set_bit(uint64_t word, unsigned bit, uint64_t value)
{
    return (word & ~(UINT64_C(1) << bit)) | value << bit;
}

/* p1 = value, p2 = !value; bit 0 stays 1. */
static inline uint64_t set_pr2(uint64_t pr, unsigned c, uint64_t value)
{
    pr = set_bit(pr, c & 63, value);
    return set_bit(pr, c >> 8, value ^ 1) | 1;
}

static uint64_t *state_field(struct vcpu *v, uint64_t offset) { return (uint64_t *)((char *)v + offset); }

/* A call's op says where the next instruction is (IR_CALL_NEXT). */
static void go_on_after(struct vcpu *v, uint64_t ip0, const struct ir_op *op)
{
    uint32_t pos = op->aux >> IR_CALL_NEXT_SHIFT;

    v->ip = ip0 + (uint64_t)(pos >> 2) * 16;
    v->ri = pos & 3;
}

#define SHIFT_COUNT(b) ((b) > 63 ? 63 : (b))

enum unit_end interp_unit(struct vcpu *v, const struct ir_unit *u, struct unit_result *r)
{
    static const void *const labels[IR_OPCODES] = {
#define L(op) [op] = &&do_##op
        L(IR_NOP), L(IR_CONST), L(IR_IP), L(IR_GET_GRS), L(IR_GET_GRF), L(IR_GET_GRR), L(IR_SET_GRS), L(IR_SET_GRF),
        L(IR_SET_GRR), L(IR_GET_NAT), L(IR_SET_NAT), L(IR_MAKE_NAT), L(IR_EXIT_IF_NAT), L(IR_GET_PR), L(IR_SET_PR),
        L(IR_SET_PRI), L(IR_SET_PR2), L(IR_GET_PRW), L(IR_SET_PRW), L(IR_GET_BR), L(IR_SET_BR), L(IR_GET_ST),
        L(IR_SET_ST), L(IR_SET_MF), L(IR_ADD), L(IR_SUB), L(IR_AND), L(IR_OR), L(IR_XOR), L(IR_ANDCM), L(IR_SHL),
        L(IR_SHR), L(IR_SAR), L(IR_MUL), L(IR_ADDI), L(IR_SUBRI), L(IR_ANDI), L(IR_ORI), L(IR_XORI), L(IR_SHLI),
        L(IR_SHRI), L(IR_SARI), L(IR_SEXT1), L(IR_SEXT2), L(IR_SEXT4), L(IR_ZEXT1), L(IR_ZEXT2), L(IR_ZEXT4),
        L(IR_POPCNT), L(IR_CLZ), L(IR_BSWAP), L(IR_EQ), L(IR_NE), L(IR_LT), L(IR_LE), L(IR_LTU), L(IR_LEU), L(IR_EQI), L(IR_NEI),
        L(IR_LTI), L(IR_LEI), L(IR_GTI), L(IR_GEI), L(IR_LTUI), L(IR_LEUI), L(IR_GTUI), L(IR_GEUI), L(IR_SELECT),
        L(IR_PURE), L(IR_LD1), L(IR_LD2), L(IR_LD4), L(IR_LD8), L(IR_ST1), L(IR_ST2), L(IR_ST4), L(IR_ST8),
        L(IR_FENCE), L(IR_CALL), L(IR_FPOP), L(IR_FAULT), L(IR_BREAK), L(IR_NAT_FAULT), L(IR_CHECK_SOF),
        L(IR_SKIP_PR), L(IR_SKIP_Z), L(IR_SKIP_NZ), L(IR_ROTATE), L(IR_EXIT), L(IR_EXIT_IND), L(IR_GATE),
#undef L
    };
    const uint64_t ip0 = v->ip;
    const struct ir_op *const ops = u->ops;
    const struct ir_op *op = ops;
    uint64_t t[u->n_vals];

#define NEXT() do { op++; goto *labels[op->op]; } while (0)
#define CASE(name, action) do_##name: action; NEXT()
#define VALUE(name, expr) do_##name: t[op->dst] = (expr); NEXT()
#define A t[op->a]
#define B t[op->b]
#define S(x) ((int64_t)(x))

    t[0] = 0;
    r->taken = r->was_rfi = r->idle = r->moved = false;
    goto *labels[op->op];

    CASE(IR_NOP, (void)0);
    VALUE(IR_CONST, op->imm);
    VALUE(IR_IP, ip0 + op->imm);
    VALUE(IR_GET_GRS, v->gr[op->c]);
    VALUE(IR_GET_GRF, v->frame[op->c]);
    VALUE(IR_GET_GRR, v->rot[op->c]);
    CASE(IR_SET_GRS, v->gr[op->c] = A);
    CASE(IR_SET_GRF, v->frame[op->c] = A);
    CASE(IR_SET_GRR, v->rot[op->c] = A);
    VALUE(IR_GET_NAT, gr_nat(v, op->c));
    CASE(IR_SET_NAT, gr_set_nat(v, op->c, A));
    CASE(IR_MAKE_NAT, if (A) gr_set_nat(v, op->c, true));
do_IR_EXIT_IF_NAT:
    if (v->nat_any)
        goto leave;
    NEXT();
    VALUE(IR_GET_PR, v->pr >> op->c & 1);
    CASE(IR_SET_PR, v->pr = set_bit(v->pr, op->c, A));
    CASE(IR_SET_PRI, v->pr = set_bit(v->pr, op->c, op->imm));
    CASE(IR_SET_PR2, v->pr = set_pr2(v->pr, op->c, A));
    VALUE(IR_GET_PRW, v->pr);
    CASE(IR_SET_PRW, v->pr = A | 1);
    VALUE(IR_GET_BR, v->br[op->c]);
    CASE(IR_SET_BR, v->br[op->c] = A);
    VALUE(IR_GET_ST, *state_field(v, op->imm));
    CASE(IR_SET_ST, *state_field(v, op->imm) = A);
    CASE(IR_SET_MF, v->psr |= op->imm);
    VALUE(IR_ADD, A + B);
    VALUE(IR_SUB, A - B);
    VALUE(IR_AND, A & B);
    VALUE(IR_OR, A | B);
    VALUE(IR_XOR, A ^ B);
    VALUE(IR_ANDCM, A & ~B);
    VALUE(IR_SHL, B > 63 ? 0 : A << B);
    VALUE(IR_SHR, B > 63 ? 0 : A >> B);
    VALUE(IR_SAR, (uint64_t)(S(A) >> SHIFT_COUNT(B)));
    VALUE(IR_MUL, A * B);
    VALUE(IR_ADDI, A + op->imm);
    VALUE(IR_SUBRI, op->imm - A);
    VALUE(IR_ANDI, A & op->imm);
    VALUE(IR_ORI, A | op->imm);
    VALUE(IR_XORI, A ^ op->imm);
    VALUE(IR_SHLI, A << op->imm);
    VALUE(IR_SHRI, A >> op->imm);
    VALUE(IR_SARI, (uint64_t)(S(A) >> op->imm));
    VALUE(IR_SEXT1, (uint64_t)(int64_t)(int8_t)A);
    VALUE(IR_SEXT2, (uint64_t)(int64_t)(int16_t)A);
    VALUE(IR_SEXT4, (uint64_t)(int64_t)(int32_t)A);
    VALUE(IR_ZEXT1, (uint8_t)A);
    VALUE(IR_ZEXT2, (uint16_t)A);
    VALUE(IR_ZEXT4, (uint32_t)A);
    VALUE(IR_POPCNT, (uint64_t)__builtin_popcountll(A));
    VALUE(IR_CLZ, A ? (uint64_t)__builtin_clzll(A) : 64);
    VALUE(IR_BSWAP, __builtin_bswap64(A));
    VALUE(IR_EQ, A == B);
    VALUE(IR_NE, A != B);
    VALUE(IR_LT, S(A) < S(B));
    VALUE(IR_LE, S(A) <= S(B));
    VALUE(IR_LTU, A < B);
    VALUE(IR_LEU, A <= B);
    VALUE(IR_EQI, A == op->imm);
    VALUE(IR_NEI, A != op->imm);
    VALUE(IR_LTI, S(A) < S(op->imm));
    VALUE(IR_LEI, S(A) <= S(op->imm));
    VALUE(IR_GTI, S(A) > S(op->imm));
    VALUE(IR_GEI, S(A) >= S(op->imm));
    VALUE(IR_LTUI, A < op->imm);
    VALUE(IR_LEUI, A <= op->imm);
    VALUE(IR_GTUI, A > op->imm);
    VALUE(IR_GEUI, A >= op->imm);
    VALUE(IR_SELECT, A ? B : t[op->c]);
    VALUE(IR_PURE, ((ir_pure_fn)op->fn)(A, B, op->imm));
#define LOAD(name, size) do_##name: if (!load(v, u, op, A, size, &t[op->dst])) goto fault; NEXT()
#define STORE(name, size) do_##name: if (!store(v, u, op, A, B, size)) goto fault; NEXT()
    LOAD(IR_LD1, 1);
    LOAD(IR_LD2, 2);
    LOAD(IR_LD4, 4);
    LOAD(IR_LD8, 8);
    STORE(IR_ST1, 1);
    STORE(IR_ST2, 2);
    STORE(IR_ST4, 4);
    STORE(IR_ST8, 8);
    CASE(IR_FENCE, atomic_thread_fence(memory_order_seq_cst));
do_IR_FPOP:
do_IR_CALL:
    tell_place(v, u, op);
    switch (((ir_helper)op->fn)(v, op->imm, A, B, &t[op->dst])) {
    case OPR_OK:
        NEXT();
    case OPR_FAULT:
        goto fault;
    case OPR_TRAP:
        v->trap_ip = ip0 + (uint64_t)(op->pos >> 2) * 16;
        v->trap_ri = op->pos & 3;
        go_on_after(v, ip0, op);
        r->last_pos = op->pos;
        r->slots = (uint16_t)ir_slots_call(u, op, OPR_TRAP);
        return UNIT_TRAP;
    case OPR_EXIT:
        go_on_after(v, ip0, op);
        r->last_pos = op->pos;
        r->slots = (uint16_t)ir_slots_call(u, op, OPR_EXIT);
        return UNIT_EXIT;
    case OPR_BRANCH:
        r->last_pos = op->pos;
        r->slots = (uint16_t)ir_slots_call(u, op, OPR_BRANCH);
        r->was_rfi = op->fn == (void *)op_rfi;
        r->taken = !r->was_rfi;
        return UNIT_EXIT;
    }
do_IR_FAULT:
    fault_raise(v, op->c, op->imm);
    goto fault;
do_IR_BREAK:
    fault_raise(v, FAULT_BREAK, 0);
    v->fault.iim = op->imm;
    goto fault;
do_IR_NAT_FAULT:
    if (A) {
        fault_raise(v, FAULT_REG_NAT, op->imm);
        goto fault;
    }
    NEXT();
do_IR_CHECK_SOF:
    if (op->c >= cfm_sof(v->cfm)) {
        fault_raise(v, FAULT_ILLEGAL_OP, 0);
        goto fault;
    }
    NEXT();
do_IR_SKIP_PR:
    op = v->pr >> op->c & 1 ? op + 1 : ops + op->imm;
    goto *labels[op->op];
do_IR_SKIP_Z:
    op = A ? op + 1 : ops + op->imm;
    goto *labels[op->op];
do_IR_SKIP_NZ:
    op = A ? ops + op->imm : op + 1;
    goto *labels[op->op];
    CASE(IR_ROTATE, vcpu_rotate(v));
do_IR_EXIT:
leave:
    v->ip = ip0 + op->imm;
    v->ri = op->c;
    r->taken = op->aux & IR_EXIT_TAKEN;
    r->last_pos = op->pos;
    r->slots = (uint16_t)ir_slots_exit(u, op);
    return UNIT_EXIT;
do_IR_EXIT_IND:
    v->ip = A & ~UINT64_C(15);
    v->ri = 0;
    r->taken = true;
    r->last_pos = op->pos;
    r->slots = (uint16_t)ir_slots_exit(u, op);
    return UNIT_EXIT;
do_IR_GATE:
    v->ip = ip0 + (uint64_t)(op->pos >> 2) * 16;
    v->ri = 1;
    r->gate = (unsigned)op->imm;
    r->last_pos = op->pos;
    r->slots = (uint16_t)ir_slots_exit(u, op);
    return UNIT_GATE;
fault:
    v->ip = ip0 + (uint64_t)(op->pos >> 2) * 16;
    v->ri = op->pos & 3;
    r->last_pos = op->pos;
    r->slots = (uint16_t)ir_slots(u, op->pos);
    return UNIT_FAULT;
}
