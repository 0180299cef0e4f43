/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host code for loads and stores: the probe of the soft TLB and the access behind it. */
#include "arch/mmu.h"
#include "jit/compile.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

void emit_probe(struct compile *c, unsigned addr, unsigned size, bool write)
{
    struct x64 *x = &c->x;

    _Static_assert(sizeof(struct stlb_entry) == 32, "the probe shifts by five");
    x64_mov_rr(x, REG_S1, addr);
    x64_shift_ri(x, SHIFT_SHR, REG_S1, 61);
    x64_lea(x, REG_S0, addr, (int32_t)size - 1);
    x64_alu_ri(x, ALU_AND, REG_S0, -4096);
    x64_rex(x, true, REG_S0, REG_S1, REG_V, false); /* xor rax, [v + rcx * 8 + dtag] */
    x64_byte(x, 0x33);
    x64_modrm_sib(x, REG_S0, REG_V, REG_S1, 3, V(dtag));
    x64_mov_rr(x, REG_S1, addr);
    x64_shift_ri(x, SHIFT_SHR, REG_S1, 12 - 5);
    x64_alu_ri(x, ALU_AND, REG_S1, (STLB_SIZE - 1) << 5);
    x64_alu_rm_index(x, ALU_CMP, REG_S0, REG_V, REG_S1, 0,
                     V(stlb) + (int32_t)(write ? offsetof(struct stlb_entry, tag_w) : offsetof(struct stlb_entry, tag_r)));
}

static void swap_bytes(struct compile *c, unsigned reg, unsigned size)
{
    x64_bswap(&c->x, reg);
    if (size < 8)
        x64_shift_ri(&c->x, SHIFT_SHR, reg, 64 - 8 * size);
}

/* After the checks: rcx = the entry's offset. */
static void access_host(struct compile *c, const struct ir_op *op, unsigned addr, unsigned value, unsigned size, bool write)
{
    bool swap = (op->aux & IR_MEM_BE) && size > 1;

    x64_load_index(&c->x, REG_S1, REG_V, REG_S1, 0, V(stlb) + (int32_t)offsetof(struct stlb_entry, addend));
    if (write) {
        if (swap) {
            x64_mov_rr(&c->x, REG_S0, value);
            swap_bytes(c, REG_S0, size);
            value = REG_S0;
        }
        x64_store_sized(&c->x, REG_S1, addr, value, size);
    } else {
        x64_load_zx(&c->x, value, REG_S1, addr, size);
        if (swap)
            swap_bytes(c, value, size);
    }
}

void emit_mem(struct compile *c, const struct ir_op *op, unsigned size, bool write)
{
    unsigned addr = use(c, op->a, REG_S2);
    unsigned value = write ? use(c, op->b, REG_S3) : def(c, op->dst);
    enum cold_kind kind = write ? COLD_STORE : COLD_LOAD;
    unsigned first = c->n_colds;

    emit_probe(c, addr, size, write);
    cold_add(c, kind, op, x64_jcc(&c->x, CC_NE));
    if ((c->u->key & KEY_AC) && size > 1) {
        x64_test_ri(&c->x, addr, (int32_t)size - 1);
        cold_add(c, kind, op, x64_jcc(&c->x, CC_NE));
    }
    access_host(c, op, addr, value, size, write);
    for (unsigned i = first; i < c->n_colds; i++) {
        c->colds[i].addr = (uint8_t)addr;
        c->colds[i].value = (uint8_t)value;
        c->colds[i].back = c->x.p;
    }
    if (!write)
        done(c, op->dst, value);
}
