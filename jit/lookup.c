/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Branches to units that are not linked: v->jumps says where they are. */
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))
#define JUMP(field) (V(jumps) + (int32_t)offsetof(struct jump_entry, field))

/*
 * Jumps to the code of the entry at offset REG_S0 in v->jumps, or falls through if that is another unit's. @found: NULL, or where to
 * go with that code in rax instead
 */
static void lookup_entry(struct x64 *x, const uint8_t *found)
{
    const struct {
        unsigned reg;
        int32_t field;
    } checks[] = { { REG_IP, JUMP(ip) }, { REG_S1, JUMP(itag) }, { REG_S2, JUMP(key_gen) } };
    uint8_t *others[3];

    for (unsigned i = 0; i < 3; i++) {
        x64_alu_rm_index(x, ALU_CMP, checks[i].reg, REG_V, REG_S0, 0, checks[i].field);
        others[i] = x64_jcc(x, CC_NE);
    }
    if (found) {
        x64_load_index(x, RAX, REG_V, REG_S0, 0, JUMP(code));
        x64_jmp_to(x, found);
    } else {
        x64_jmp_mem_index(x, REG_V, REG_S0, 0, JUMP(code));
    }
    for (unsigned i = 0; i < 3; i++)
        x64_patch(x, others[i], x->p);
}

/* Looks in the place by address. @user: at cpl 3, where all regions have the same tag. */
static void lookup_first(struct x64 *x, bool user, const uint8_t *found)
{
    x64_jump_index(x, REG_S0, REG_IP);
    if (user) {
        x64_load(x, REG_S1, REG_V, V(itag));
    } else {
        x64_mov_rr(x, REG_S1, REG_IP);
        x64_shift_ri(x, SHIFT_SHR, REG_S1, 61);
        x64_load_index(x, REG_S1, REG_V, REG_S1, 3, V(itag));
    }
    x64_load(x, REG_S2, REG_V, V(key));
    lookup_entry(x, found);
}

/* vcpu_remember_page() of r14 and the token of the unit whose code is at rax, then goes there. */
static void remember_page(struct x64 *x)
{
    x64_mov_rr(x, REG_S2, REG_IP);
    x64_shift_ri(x, SHIFT_SHR, REG_S2, 61);
    x64_shift_ri(x, SHIFT_SHL, REG_S2, PAGE_TOKEN_BITS);
    x64_mov_rr(x, REG_S1, REG_IP);
    x64_shift_ri(x, SHIFT_SHR, REG_S1, 12);
    x64_alu_ri(x, ALU_AND, REG_S1, PAGE_TOKENS - 1);
    x64_alu_rr(x, ALU_OR, REG_S1, REG_S2);
    x64_load32(x, REG_S2, RAX, UNIT_TOKEN);
    x64_store32_index(x, REG_V, REG_S1, 2, V(page_tokens), REG_S2);
    _Static_assert(PAGE_TOKEN_BLOCK == 64, "the index is shifted by six");
    x64_shift_ri(x, SHIFT_SHR, REG_S1, 6);
    x64_set_byte_index(x, REG_V, REG_S1, V(page_blocks), 1);
    x64_jmp_reg(x, RAX);
}

/* The look-up for each privilege. Return: where it is that goes on beside the place by address */
static const uint8_t *lookup_stubs(struct jit *j, struct x64 *x, const uint8_t *missing, const uint8_t *found, const uint8_t *stubs[2])
{
    const uint8_t *moved = x->p;

    x64_alu_ri(x, ALU_XOR, REG_S0, sizeof(struct jump_entry)); /* where a newer one has moved it */
    lookup_entry(x, found);
    x64_jmp_to(x, missing);
    for (unsigned user = 0; user < 2; user++) {
        stubs[user] = jit_rx(j, x->p);
        lookup_first(x, user, found);
        x64_jmp_to(x, moved);
    }
    return moved;
}

void emit_lookup_stubs(struct jit *j, struct x64 *x)
{
    const uint8_t *missing = x->p, *remember;

    x64_mov_ri(x, RAX, LEAVE_LOOKUP);
    x64_jmp_to(x, j->rw + (j->leave - j->rx));
    remember = x->p;
    remember_page(x);
    j->lookup_moved = jit_rx(j, lookup_stubs(j, x, missing, NULL, j->lookup));
    lookup_stubs(j, x, missing, remember, j->lookup_page);
}

static bool is_user(const struct compile *c) { return (c->u->key & KEY_CPL) == 3; }

uint8_t *lookup_place(const struct compile *c)
{
    return c->j->rw + (c->j->lookup[is_user(c)] - c->j->rx);
}

uint8_t *lookup_page_place(const struct compile *c)
{
    return c->j->rw + (c->j->lookup_page[is_user(c)] - c->j->rx);
}

void emit_lookup(struct compile *c) { x64_jmp_to(&c->x, lookup_place(c)); }

void emit_lookup_ind(struct compile *c)
{
    if (!is_user(c)) {
        emit_lookup(c);
        return;
    }
    lookup_first(&c->x, true, NULL);
    x64_jmp_to(&c->x, c->j->rw + (c->j->lookup_moved - c->j->rx));
}

static void direct_check(struct compile *c, unsigned reg, int32_t disp)
{
    x64_alu_rm(&c->x, ALU_CMP, reg, REG_V, disp);
    x64_patch(&c->x, x64_jcc(&c->x, CC_NE), lookup_place(c));
}

void emit_lookup_direct(struct compile *c, uint64_t target)
{
    int32_t entry = (int32_t)(jump_index(target) * sizeof(struct jump_entry));

    x64_load(&c->x, REG_S1, REG_V, V(itag) + (int32_t)(target >> 61) * 8);
    x64_load(&c->x, REG_S2, REG_V, V(key));
    direct_check(c, REG_IP, JUMP(ip) + entry);
    direct_check(c, REG_S1, JUMP(itag) + entry);
    direct_check(c, REG_S2, JUMP(key_gen) + entry);
    x64_rex(&c->x, false, 4, 0, REG_V, false);
    x64_byte(&c->x, 0xff);
    x64_modrm_mem(&c->x, 4, REG_V, JUMP(code) + entry);
}
