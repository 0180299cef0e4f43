/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop with which glibc's memcpy copies up to 16 bytes and what is left of more: st1 [rb]=rv,1; (p) ld1 rv=[ra],1;
 * cmp.lt p,p0=1,rn; adds rn=-1,rn; br.cloop. The first byte was loaded before it. When its unit is entered, a C function does
 * all of it, if it stays in two pages.
 */
#include <string.h>

#include "jit/copy.h"

/* The ops of such a unit, by index. */
enum {
    B_GET_TO, B_GET_VALUE, B_ADD_TO, B_STORE, B_SET_TO,
    B_SKIP_LOAD, B_GET_FROM, B_ADD_FROM, B_LOAD, B_SET_VALUE, B_SET_FROM,
    B_GET_COUNT, B_COMPARE, B_SET_PR, B_SUB_COUNT, B_SET_COUNT,
    B_GET_LC, B_SKIP_LC, B_SUB_LC, B_SET_LC, B_EXIT, B_N_OPS
};
_Static_assert((int)B_N_OPS == (int)COPY_BYTES_END, "where the unit goes on");

enum { BYTES_MAX = 64 };

static bool is_get(const struct ir_op *op) { return op->op == IR_GET_GRS; }

/* The register that @get has read becomes @sum, its value plus @step. */
static bool steps(const struct ir_op *get, const struct ir_op *sum, const struct ir_op *set, uint64_t step)
{
    return is_get(get) && sum->op == IR_ADDI && sum->a == get->dst && sum->imm == step && set->op == IR_SET_GRS &&
           set->c == get->c && set->a == sum->dst;
}

static bool moves_bytes(const struct ir_op *op)
{
    return steps(&op[B_GET_TO], &op[B_ADD_TO], &op[B_SET_TO], 1) && op[B_STORE].op == IR_ST1 && op[B_STORE].aux == 0 &&
           op[B_STORE].a == op[B_GET_TO].dst && op[B_STORE].b == op[B_GET_VALUE].dst && is_get(&op[B_GET_VALUE]) &&
           op[B_SKIP_LOAD].op == IR_SKIP_PR && op[B_SKIP_LOAD].imm == B_GET_COUNT &&
           steps(&op[B_GET_FROM], &op[B_ADD_FROM], &op[B_SET_FROM], 1) && op[B_LOAD].op == IR_LD1 && op[B_LOAD].aux == 0 &&
           op[B_LOAD].a == op[B_GET_FROM].dst && op[B_SET_VALUE].op == IR_SET_GRS && op[B_SET_VALUE].a == op[B_LOAD].dst &&
           op[B_SET_VALUE].c == op[B_GET_VALUE].c;
}

static bool counts(const struct ir_op *op)
{
    return steps(&op[B_GET_COUNT], &op[B_SUB_COUNT], &op[B_SET_COUNT], UINT64_MAX) && op[B_COMPARE].op == IR_GTI &&
           op[B_COMPARE].a == op[B_GET_COUNT].dst && op[B_COMPARE].imm == 1 && op[B_SET_PR].op == IR_SET_PR2 &&
           op[B_SET_PR].a == op[B_COMPARE].dst && op[B_SET_PR].c == op[B_SKIP_LOAD].c &&
           op[B_GET_LC].op == IR_GET_ST && op[B_GET_LC].imm == offsetof(struct vcpu, lc) && op[B_SKIP_LC].op == IR_SKIP_Z &&
           op[B_SKIP_LC].a == op[B_GET_LC].dst && op[B_SKIP_LC].imm == B_N_OPS && op[B_SET_LC].op == IR_SET_ST &&
           op[B_SET_LC].imm == offsetof(struct vcpu, lc) && op[B_EXIT].op == IR_EXIT;
}

/* Are the four registers four, none of them r0? */
static bool differ(const struct ir_op *op)
{
    const unsigned r[] = { op[B_GET_TO].c, op[B_GET_VALUE].c, op[B_GET_FROM].c, op[B_GET_COUNT].c };
    uint32_t seen = 1;

    for (unsigned i = 0; i < 4; i++) {
        if (seen >> r[i] & 1)
            return false;
        seen |= UINT32_C(1) << r[i];
    }
    return true;
}

bool is_copy_bytes(const struct ir_unit *u)
{
    const struct ir_op *op = u->ops;

    return u->n_ops > B_N_OPS && !(u->key & (KEY_NAT | KEY_CAREFUL)) && moves_bytes(op) && counts(op) && differ(op) &&
           op[B_EXIT].imm == 0 && op[B_EXIT].c == u->slot && op[B_EXIT].aux == IR_EXIT_TAKEN;
}

#define MOVE_ONE_OF(type)                                \
    do {                                                 \
        type datum_;                                     \
                                                         \
        memcpy(&datum_, from, sizeof(datum_));           \
        memcpy(to, &datum_, sizeof(datum_));             \
        from += sizeof(datum_);                          \
        to += sizeof(datum_);                            \
    } while (0)

/* Each byte once: guest memory is other processors' too. */
__attribute__((no_sanitize("thread"))) static void move_bytes(uint8_t *to, const uint8_t *from, uint64_t n)
{
    for (; n >= 8; n -= 8)
        MOVE_ONE_OF(uint64_t);
    if (n & 4)
        MOVE_ONE_OF(uint32_t);
    if (n & 2)
        MOVE_ONE_OF(uint16_t);
    if (n & 1)
        MOVE_ONE_OF(uint8_t);
}

/*
 * The value and @n bytes behind one another to @to. The last byte loaded is the register's; what is stored is what was loaded.
 */
static uint64_t copy(uint8_t *to, uint8_t *from, uint64_t value, uint64_t n)
{
    __atomic_store_n(to, (uint8_t)value, __ATOMIC_RELAXED);
    move_bytes(to + 1, from, n - 1);
    value = __atomic_load_n(from + n - 1, __ATOMIC_RELAXED);
    __atomic_store_n(to + n, (uint8_t)value, __ATOMIC_RELAXED);
    return value;
}

uint64_t jit_copy_bytes(struct vcpu *v, const struct ir_op *op, uint64_t ip, uint64_t whole)
{
    uint64_t *to = &v->gr[op[B_GET_TO].c], *from = &v->gr[op[B_GET_FROM].c], *count = &v->gr[op[B_GET_COUNT].c];
    uint64_t n = v->lc; /* loads; one store more */
    uint64_t p = UINT64_C(1) << op[B_SKIP_LOAD].c;
    uint8_t *source, *target;

    (void)whole; /* it always may */
    if (n - 1 >= BYTES_MAX || *count != n || !(v->pr & p) || (*to & 0xfff) + n > 0xfff || (*from & 0xfff) + n > 0x1000)
        return false;
    source = copy_locate(v, *from, false);
    target = copy_locate(v, *to, true);
    if (!source || !target || (uintptr_t)target - (uintptr_t)source < n) /* loaded after it was stored */
        return false;
    v->gr[op[B_GET_VALUE].c] = copy(target, source, v->gr[op[B_GET_VALUE].c], n);
    *to += n + 1;
    *from += n;
    *count = UINT64_MAX;
    v->pr &= ~p;
    v->lc = 0;
    copy_went_back(v, &op[B_EXIT], ip);
    return true;
}
