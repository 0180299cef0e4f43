/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exits and returns to a unit in the same page: linked once they were taken, and past what that unit's entry would look at in vain.
 *
 * A unit has two entries. The first looks at attention, and at the frame. The late one, behind them, is for units whose frame is known to
 * be large enough, and that have just looked at attention: each does so at its first entry, at branches back and where calls return to, so
 * that as many units as there are bundles in a page run without a look, at most. CR.IIPA is what the last bundle was: an exit to a late
 * entry stores it only if the instruction there may fault; whoever leaves says himself where he was.
 */
#include "arch/ops.h"
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

/* In front of a unit's code. */
struct head {
    int32_t late;       /* distance of the late entry, 0: there is none */
    uint32_t token;     /* UNIT_TOKEN */
    int16_t sof_least;  /* it is for larger frames than this */
    bool may_fault;     /* its first instruction may, or may need CR.IIPA otherwise */
};
_Static_assert(sizeof(struct head) == UNIT_HEAD && (int)offsetof(struct head, token) - UNIT_HEAD == UNIT_TOKEN, "in front of the code");

/* Of an exit, out of line: where to put what it leads to. Behind it is the way that stores CR.IIPA. */
struct record {
    int32_t direct; /* distance of the operand of the exit's jump */
    int32_t stored; /* of that of the jump behind the store; the same where the exit has stored it */
    int32_t sof_least; /* the frame has more registers than this */
};

/* Of an exit to another page, out of line. */
struct page_record {
    int32_t token;  /* distance of the token that it wants */
    int32_t direct; /* of the operand of its jump */
    int32_t missed; /* of that of the jump for where it finds another one */
    int32_t lookup; /* to where that leads once it is linked */
};

/* Ops after which the next unit may as well run. */
static bool is_plain(const struct ir_op *op)
{
    return op->op != IR_GATE && op->op != IR_BREAK && (op->op != IR_CALL || (op->aux & IR_CALL_PLAIN));
}

/* May the unit's first instruction fault, or leave? */
static bool first_may_fault(const struct ir_unit *u)
{
    for (uint32_t i = 0; i < u->n_ops && u->ops[i].pos == u->slot; i++) {
        const struct ir_op *op = &u->ops[i];

        switch (op->op) {
        case IR_NOP:
        case IR_GET_PRW:
        case IR_SET_PRW:
        case IR_GET_BR:
        case IR_SET_BR:
        case IR_SKIP_PR:
        case IR_SKIP_Z:
        case IR_SKIP_NZ:
        case IR_EXIT:
        case IR_EXIT_IND:
            break;
        default:
            if (!plan_is_quiet(op))
                return true;
        }
    }
    return false;
}

void links_plan(struct compile *c)
{
    const struct ir_unit *u = c->u;
    bool none = c->j->counted || c->j->profiled || (u->key & KEY_CAREFUL);

    c->plain_end = none ? 0 : u->n_ops;
    for (uint32_t i = 0; i < c->plain_end; i++) {
        if (!is_plain(&u->ops[i]))
            c->plain_end = i;
    }
    c->enters_late = !none && !c->is_over;
    c->may_fault = (u->key & KEY_IC) && first_may_fault(u);
}

void links_head(struct compile *c, uint8_t *code)
{
    const struct head head = { c->late ? (int32_t)(c->late - code) : 0, c->token, (int16_t)c->sof_least, c->may_fault };

    memcpy(code - sizeof(head), &head, sizeof(head));
}

/* The frame has more registers than this at an exit. */
static int32_t sof_at(const struct compile *c, const struct ir_op *exit)
{
    for (const struct ir_op *op = exit; op-- > c->u->ops;) {
        if (op->op == IR_CALL && op->fn == (void *)op_alloc)
            return (int32_t)(op->imm & 0xff) - 1;
    }
    return c->sof_least;
}

void links_look_back(struct compile *c, const struct ir_op *op)
{
    if ((int64_t)op->imm > 0)
        return;
    emit_look(c, LEAVE_DISP, op);
}

bool links_late(const struct compile *c, const struct ir_op *op)
{
    return op - c->u->ops < (ptrdiff_t)c->plain_end && !(op->aux & (IR_EXIT_CALL | IR_EXIT_RET | IR_EXIT_SOR));
}

/* A jump whose operand can be replaced while others run it. */
static uint8_t *aligned_jmp(struct x64 *x)
{
    if (((uintptr_t)x->p + 1) % 4)
        x64_nop(x, 4 - ((uintptr_t)x->p + 1) % 4);
    return x64_jmp(x);
}

void links_jmp(struct compile *c, const struct ir_op *op)
{
    struct cold *cold = cold_add(c, COLD_LINK, op, aligned_jmp(&c->x));

    cold->leave = links_late(c, op);
}

/* The way of a jump that is not linked yet, and room for @size bytes of a record of its @kind. */
static uint8_t *leave_unlinked(struct compile *c, enum leave leave, const struct ir_op *op, unsigned kind, size_t size)
{
    struct x64 *x = &c->x;
    uint8_t *address, *at;

    x64_lea_rip(x, RCX, x->p);
    address = x->p - 4;
    emit_leave(c, leave, op);
    if ((uintptr_t)x->p % 4)
        x64_nop(x, 4 - (uintptr_t)x->p % 4);
    at = x->p;
    x64_patch(x, address, at + kind);
    for (unsigned i = 0; i < size / 4; i++)
        x64_imm32(x, 0);
    return at;
}

/* What the exit does until it is linked, its record, and the way that stores CR.IIPA. */
void links_cold(struct compile *c, const struct cold *cold)
{
    struct x64 *x = &c->x;
    const struct ir_op *op = cold->op;
    uint8_t *first = x->p, *at = leave_unlinked(c, LEAVE_LINK, op, LINK_RECORD, sizeof(struct record));
    struct record record = { .sof_least = sof_at(c, op) };

    if (c->u->key & KEY_IC) {
        x64_lea(x, REG_S0, REG_IP, (int32_t)((op->pos >> 2) * 16 - op->imm));
        x64_store(x, REG_V, V(cr) + CR_IIPA * 8, REG_S0);
    }
    record.direct = (int32_t)(cold->from - at);
    record.stored = (int32_t)(aligned_jmp(x) - at);
    x64_patch(x, at + record.stored, first);
    if (!x->overflow)
        memcpy(at, &record, sizeof(record));
}

/*
 * Where a call's return goes on, with r10 = the size of the frame. It comes by v->returns[]: r14 is the address behind the call and leads
 * to this page, but the key is not known. CR.IIPA is right.
 */
void links_return(struct compile *c, const struct ir_op *call, const uint8_t *lookup)
{
    struct x64 *x = &c->x;
    struct record record = { .sof_least = sof_at(c, call) };
    uint8_t *jmp, *at, *look, *back;

    x64_cmp_mem32_imm32(x, REG_V, V(key), c->u->key & ~KEY_SOR);
    x64_patch(x, x64_jcc(x, CC_NE), lookup);
    x64_cmp_mem32(x, REG_V, V(attention), 0); /* returns may lead to each other for ever */
    look = x64_jcc(x, CC_NE);
    back = x->p;
    if (record.sof_least >= 0) {
        x64_alu_ri(x, ALU_CMP, R10, record.sof_least);
        x64_patch(x, x64_jcc(x, CC_BE), lookup);
    }
    jmp = aligned_jmp(x);
    x64_patch(x, jmp, x->p);
    at = leave_unlinked(c, LEAVE_RETURN, call, LINK_RECORD, sizeof(record));
    record.direct = record.stored = (int32_t)(jmp - at);
    if (!x->overflow)
        memcpy(at, &record, sizeof(record));
    x64_patch(x, look, x->p);
    call_grace(c);
    x64_patch(x, x64_jcc(x, CC_NE), back);
    x64_jmp_to(x, lookup);
}

bool links_to_page(const struct compile *c, const struct ir_op *op)
{
    return c->token && op - c->u->ops < (ptrdiff_t)c->plain_end;
}

void links_page(struct compile *c, const struct ir_op *op)
{
    enum { TOKEN = 6 }; /* opcode and displacement in front of it */
    int32_t place = V(page_tokens) + (int32_t)(page_token_index(c->ip + op->imm) * sizeof(uint32_t));
    struct x64 *x = &c->x;
    struct cold *cold;

    if (((uintptr_t)x->p + TOKEN) % 4)
        x64_nop(x, 4 - ((uintptr_t)x->p + TOKEN) % 4);
    x64_cmp_mem32_imm32(x, REG_V, place, PAGE_NONE);
    cold = cold_add(c, COLD_PAGE, op, x64_jcc(x, CC_NE));
    cold->back = aligned_jmp(x);
}

void links_page_cold(struct compile *c, const struct cold *cold)
{
    enum { FROM_TOKEN = 6 }; /* to the operand of the jump behind the compare */
    struct x64 *x = &c->x;
    uint8_t *missed = aligned_jmp(x), *at;
    struct page_record record;

    x64_patch(x, missed, x->p);
    x64_patch(x, cold->back, x->p);
    at = leave_unlinked(c, LEAVE_LINK, cold->op, LINK_PAGE, sizeof(record));
    record = (struct page_record){ (int32_t)(cold->from - FROM_TOKEN - at), (int32_t)(cold->back - at), (int32_t)(missed - at),
                                   (int32_t)(lookup_page_place(c) - at) };
    if (!x->overflow)
        memcpy(at, &record, sizeof(record));
}

static void lead(struct jit *j, uint8_t *operand, const uint8_t *to)
{
    int32_t rel = (int32_t)(to - (jit_rx(j, operand) + 4));

    __atomic_store_n((int32_t *)(void *)operand, rel, __ATOMIC_RELEASE);
}

/*
 * Once only, by one processor: whoever runs it meanwhile finds a token that no page has, or the old jump, and leaves. So nobody combines
 * a page's token with code of another one.
 */
static void link_page(struct jit *j, uint8_t *at, const uint8_t *code, uint32_t token)
{
    struct page_record record;
    uint32_t *wanted, none = PAGE_NONE;

    memcpy(&record, at, sizeof(record));
    wanted = (uint32_t *)(void *)(at + record.token);
    if (token && __atomic_compare_exchange_n(wanted, &none, PAGE_CLAIMED, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        lead(j, at + record.direct, code);
        __atomic_store_n(wanted, token, __ATOMIC_RELEASE);
    }
    lead(j, at + record.missed, jit_rx(j, at + record.lookup));
}

void jit_link(struct jit *j, void *link, jit_code code, uint32_t token)
{
    uint8_t *place = link;
    const uint8_t *entry = code;
    struct head head;
    struct record record;
    bool stores;

    if (links_is_to_page(place)) {
        link_page(j, place - LINK_PAGE, entry, token);
        return;
    }
    if (!((uintptr_t)place & LINK_RECORD)) {
        lead(j, place, entry);
        return;
    }
    place -= LINK_RECORD;
    memcpy(&head, entry - sizeof(head), sizeof(head));
    memcpy(&record, place, sizeof(record));
    stores = record.stored != record.direct;
    if (head.late && record.sof_least >= head.sof_least) {
        entry += head.late;
        stores = stores && head.may_fault;
    }
    lead(j, place + record.stored, entry);
    lead(j, place + record.direct, stores ? jit_rx(j, place + sizeof(record)) : entry);
}
