/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host code for divisions and square roots that compilers spell out as Newton-Raphson steps: one host
 * instruction, and the steps' results put off (docs/jit-fp.md).
 *
 * The fast way begins in front of the frcpa or frsqrta, if its operands and FPSR allow; a bit in the stack
 * frame says so, and in front of each later segment of the chain a test of it jumps over. What observers
 * may see before the next segment is put off there; the last segment also has the result.
 */
#include <stdlib.h>

#include "jit/fp_slow.h"
#include "jit/fp_state.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

enum {
    SE = offsetof(struct ia64_fr, se),
    MAX_CHECKS = 12,
};

/*
 * In the stack frame: the bits of chains under way; operands, and for integers what goes into se and the
 * quotient.
 */
enum { FRAME_BITS = FRAME_FP };
static int32_t frame_a(unsigned chain)
{
    return FRAME_FP + 16 + (int32_t)chain * 32;
}
static int32_t frame_b(unsigned chain)
{
    return frame_a(chain) + 8;
}
static int32_t frame_se(unsigned chain)
{
    return frame_a(chain) + 16;
}
static int32_t frame_quotient(unsigned chain)
{
    return frame_a(chain) + 24;
}

_Static_assert(FRAME_FP + 16 + FP_CHAINS * 32 <= FRAME_SIZE, "room for all chains");

static bool is_integer(const struct fp_chain *chain)
{
    return chain->recipe->kind == RECIPE_DIVIDE_I || chain->recipe->kind == RECIPE_DIVIDE_U;
}

static bool is_division(const struct fp_chain *chain)
{
    return chain->recipe->kind != RECIPE_SQRT_D && chain->recipe->kind != RECIPE_SQRT_S;
}

bool fp_chains_begin(struct compile *c)
{
    struct fp_unit *fp = c->fp;

    fp->segment_at = calloc(c->u->n_ops + 1, sizeof(*fp->segment_at));
    fp->chains = malloc(FP_CHAINS * sizeof(*fp->chains));
    if (!fp->segment_at || !fp->chains)
        return false;
    if (!(c->u->key & KEY_FPSTD) || (c->u->key & KEY_CAREFUL))
        return true;
    fp->n_chains = fp_chains_find(c->u, fp->chains);
    for (unsigned i = 0; i < fp->n_chains; i++) {
        for (unsigned k = 0; k < fp->chains[i].n_segments; k++) {
            const struct fp_segment *s = &fp->chains[i].segments[k];
            uint32_t *from = &fp->skip_from[s->end];

            fp->segment_at[s->start] = (uint16_t)(1 + i * FP_CHAIN_SEGMENTS + k);
            if (!*from || *from > s->start + 1)
                *from = s->start + 1;
        }
    }
    if (fp->n_chains)
        x64_store_imm32(&c->x, RSP, FRAME_BITS, 0);
    return true;
}

bool fp_chain_of_doubles(const struct compile *c, uint32_t index)
{
    unsigned at = c->fp->segment_at[index];

    return at && !is_integer(&c->fp->chains[(at - 1) / FP_CHAIN_SEGMENTS]);
}

/* ---- the fast way into a chain ---- */

/* Jumps to the slow way. */
struct checks {
    uint8_t *from[MAX_CHECKS];
    unsigned n;
};

static void slow_if(struct compile *c, struct checks *checks, enum x64_cc cc)
{
    assert(checks->n < MAX_CHECKS);
    checks->from[checks->n++] = x64_jcc(&c->x, cc);
}

/* sf1 must have its inexact flag, which nearly every step would set. */
static void check_flag(struct compile *c, struct checks *checks)
{
    x64_test_mem32_imm(&c->x, REG_V, V(fpsr),
                       (uint32_t)FP_EXC_I << (FPSR_SF_SHIFT + FPSR_SF_BITS + FPSR_SF_FLAG_SHIFT));
    slow_if(c, checks, CC_E);
}

/* reg - low must be below size, unsigned. Changes reg. */
static void check_range(struct compile *c, struct checks *checks, unsigned reg, int32_t low, int32_t size)
{
    x64_alu_ri(&c->x, ALU_SUB, reg, low);
    x64_alu_ri(&c->x, ALU_CMP, reg, size);
    slow_if(c, checks, CC_AE);
}

/*
 * Tagged doubles, normal, with a result that is normal; singles, where that is the precision. xmm0 = a,
 * xmm1 = b.
 */
static void check_doubles(struct compile *c, const struct fp_chain *chain, struct checks *checks)
{
    bool single = chain->recipe->kind == RECIPE_DIVIDE_S || chain->recipe->kind == RECIPE_SQRT_S;
    unsigned base_a, base_b;
    int32_t a = fp_slot(c, chain->a, &base_a), b = fp_slot(c, chain->b, &base_b);

    x64_load(&c->x, RAX, base_a, a + SE);
    if (is_division(chain))
        x64_alu_rm(&c->x, ALU_AND, RAX, base_b, b + SE);
    x64_test_rr(&c->x, RAX, RAX);
    /* What is known as an integer is stored as one: it must stay in full form. */
    if (c->fp->reg[chain->a].known == FP_INT || c->fp->reg[chain->b].known == FP_INT)
        slow_if(c, checks, CC_NS);
    else
        c->fp->retries[c->fp->n_retries].from = x64_jcc(&c->x, CC_NS);
    check_flag(c, checks);
    x64_load(&c->x, RAX, base_a, a);
    x64_vmovq_from_gpr(&c->x, XMM_S0, RAX);
    x64_load(&c->x, RCX, base_b, b);
    if (single) {
        x64_mov_rr(&c->x, R11, RAX);
        x64_alu_rr(&c->x, ALU_OR, R11, RCX);
        x64_test_ri(&c->x, R11, FP_SINGLE_REST);
        slow_if(c, checks, CC_NE);
    }
    if (!is_division(chain)) { /* the sign is above the exponent: negative numbers are out of range */
        x64_shift_ri(&c->x, SHIFT_SHR, RAX, 52);
        check_range(c, checks, RAX, single ? 1023 - 250 : 1, single ? 500 : 0x7fe);
        return;
    }
    x64_vmovq_from_gpr(&c->x, XMM_S1, RCX);
    x64_shift_ri(&c->x, SHIFT_SHL, RAX, 1);
    x64_shift_ri(&c->x, SHIFT_SHL, RCX, 1);
    x64_shift_ri(&c->x, SHIFT_SHR, RAX, 53);
    x64_shift_ri(&c->x, SHIFT_SHR, RCX, 53);
    x64_lea(&c->x, R11, RAX, -1);
    x64_alu_ri(&c->x, ALU_CMP, R11, 0x7fe);
    slow_if(c, checks, CC_AE);
    x64_lea(&c->x, R11, RCX, -1);
    x64_alu_ri(&c->x, ALU_CMP, R11, 0x7fe);
    slow_if(c, checks, CC_AE);
    x64_alu_rr(&c->x, ALU_SUB, RAX, RCX);
    if (single)
        check_range(c, checks, RAX, -124, 250);
    else
        check_range(c, checks, RAX, -1020, 2042);
}

/*
 * One operand of an integer division, a normalized full form: xmm = its significand, rax = its magnitude,
 * r11 = how far the one is to the right of the other | its sign << 6. Clobbers rcx.
 */
static void check_integer(struct compile *c, unsigned f, unsigned xmm, struct checks *checks)
{
    unsigned base;
    int32_t slot = fp_slot(c, f, &base);

    x64_load(&c->x, R11, base, slot + SE);
    x64_load(&c->x, RAX, base, slot);
    x64_mov_rr(&c->x, RCX, R11);
    x64_alu_ri(&c->x, ALU_AND, RCX, FP_SE_EXP); /* 0 of everything but full forms */
    x64_alu_ri(&c->x, ALU_SUB, RCX, FP_EXP_INT);
    x64_neg(&c->x, RCX);
    x64_alu_ri(&c->x, ALU_CMP, RCX, 63);
    slow_if(c, checks, CC_A);
    x64_test_rr(&c->x, RAX, RAX);
    slow_if(c, checks, CC_NS);
    x64_vmovq_from_gpr(&c->x, xmm, RAX);
    x64_shift_cl(&c->x, SHIFT_SHR, RAX);
    x64_shift_ri(&c->x, SHIFT_SHR, R11, 17);
    x64_shift_ri(&c->x, SHIFT_SHL, R11, 6);
    x64_alu_rr(&c->x, ALU_OR, R11, RCX);
}

/* rax = rax / rcx, of 32 bits where both are. Clobbers r10, r11. */
static void divide_integers(struct compile *c)
{
    uint8_t *wide, *end;

    x64_mov_rr(&c->x, R11, RDX);
    x64_mov_rr(&c->x, R10, RAX);
    x64_alu_rr(&c->x, ALU_OR, R10, RCX);
    x64_shift_ri(&c->x, SHIFT_SHR, R10, 32);
    x64_mov_keep(&c->x, RDX, 0);
    wide = x64_jcc(&c->x, CC_NE);
    x64_div(&c->x, RCX, false);
    end = x64_jmp(&c->x);
    x64_patch(&c->x, wide, c->x.p);
    x64_div(&c->x, RCX, true);
    x64_patch(&c->x, end, c->x.p);
    x64_mov_rr(&c->x, RDX, R11);
}

/* xmm0, xmm1 = the significands; frame_se = what goes into se; rax = the quotient. */
static void check_integers(struct compile *c, const struct fp_chain *chain, unsigned number,
                           struct checks *checks)
{
    uint8_t *positive;

    check_flag(c, checks);
    check_integer(c, chain->b, XMM_S1, checks);
    x64_alu_ri(&c->x, ALU_CMP, RAX, 1); /* so that no quotient is too large */
    slow_if(c, checks, CC_E);
    x64_store(&c->x, RSP, frame_b(number), RAX);
    x64_shift_ri(&c->x, SHIFT_SHL, R11, LAZY_B_SHIFT);
    x64_store(&c->x, RSP, frame_se(number), R11);
    check_integer(c, chain->a, XMM_S0, checks);
    x64_shift_ri(&c->x, SHIFT_SHL, R11, LAZY_A_SHIFT);
    x64_alu_rm(&c->x, ALU_OR, R11, RSP, frame_se(number));
    x64_mov_ri(&c->x, RCX, FR_TAG_LAZY | LAZY_AT(chain->number, 0));
    x64_alu_rr(&c->x, ALU_OR, R11, RCX);
    x64_store(&c->x, RSP, frame_se(number), R11);
    x64_load(&c->x, RCX, RSP, frame_b(number));
    divide_integers(c);
    if (chain->recipe->kind == RECIPE_DIVIDE_U)
        return;
    x64_load(&c->x, RCX, RSP, frame_se(number));
    x64_mov_rr(&c->x, R11, RCX);
    x64_shift_ri(&c->x, SHIFT_SHR, RCX, LAZY_B_SHIFT - LAZY_A_SHIFT);
    x64_alu_rr(&c->x, ALU_XOR, RCX, R11);
    x64_bt(&c->x, RCX, LAZY_A_SHIFT + 6);
    positive = x64_jcc(&c->x, CC_AE);
    x64_neg(&c->x, RAX);
    x64_patch(&c->x, positive, c->x.p);
}

/* ---- what a segment leaves ---- */

/* From xmm0 = a and xmm1 = b. Keeps rax. */
static void put(struct compile *c, const struct fp_chain *chain, unsigned number, struct fp_put p)
{
    unsigned base;
    int32_t slot = fp_slot(c, p.f, &base);

    x64_vmovsd_store(&c->x, base, slot, XMM_S0);
    if (is_integer(chain)) {
        x64_load(&c->x, RCX, RSP, frame_se(number));
        x64_alu_ri(&c->x, ALU_OR, RCX, (int32_t)LAZY_AT(0, p.step));
    } else {
        x64_mov_ri(&c->x, RCX, FR_TAG_LAZY | LAZY_AT(chain->number, p.step));
    }
    x64_store(&c->x, base, slot + SE, RCX);
    if (is_division(chain))
        x64_vmovsd_store(&c->x, REG_V, V(lazy_b) + p.f * 8, XMM_S1);
}

static void puts_of(struct compile *c, const struct fp_chain *chain, unsigned number,
                    const struct fp_segment *s)
{
    bool high = false;

    for (unsigned i = 0; i < s->n_puts; i++) {
        put(c, chain, number, s->puts[i]);
        high |= s->puts[i].f >= 32;
    }
    if (high)
        x64_store_imm8(&c->x, REG_V, V(lazy_high), 1);
    if (s->mf)
        x64_alu_mem32_imm(&c->x, ALU_OR, REG_V, V(psr), s->mf);
}

/* From xmm0 = a and xmm1 = b, or rax = the quotient of integers. */
static void result(struct compile *c, const struct fp_chain *chain)
{
    unsigned base;
    int32_t slot = fp_slot(c, chain->target, &base);

    if (is_integer(chain)) {
        x64_store(&c->x, base, slot, RAX);
        x64_store_imm(&c->x, base, slot + SE, FP_EXP_INT);
        return;
    }
    if (is_division(chain))
        x64_vfarith(&c->x, FARITH_DIV, XMM_S2, XMM_S0, XMM_S1);
    else
        x64_vfarith(&c->x, FARITH_SQRT, XMM_S2, XMM_S0, XMM_S0);
    if (chain->recipe->kind == RECIPE_DIVIDE_S || chain->recipe->kind == RECIPE_SQRT_S) {
        x64_vcvtsd2ss(&c->x, XMM_S2, XMM_S2);
        x64_vcvtss2sd(&c->x, XMM_S2, XMM_S2);
    }
    x64_vmovsd_store(&c->x, base, slot, XMM_S2);
    x64_mov_ri(&c->x, RAX, FR_TAG_DOUBLE);
    x64_store(&c->x, base, slot + SE, RAX);
}

/* Other segments follow: what they need goes into the frame. */
static void keep_operands(struct compile *c, const struct fp_chain *chain, unsigned number)
{
    x64_vmovsd_store(&c->x, RSP, frame_a(number), XMM_S0);
    if (is_division(chain))
        x64_vmovsd_store(&c->x, RSP, frame_b(number), XMM_S1);
    if (is_integer(chain))
        x64_store(&c->x, RSP, frame_quotient(number), RAX);
    x64_alu_mem32_imm(&c->x, ALU_OR, RSP, FRAME_BITS, UINT32_C(1) << number);
}

void fp_chain_start(struct compile *c, const struct ir_op *op)
{
    unsigned at = c->fp->segment_at[op - c->u->ops], number = (at - 1) / FP_CHAIN_SEGMENTS;
    const struct fp_chain *chain = &c->fp->chains[number];
    const struct fp_segment *s = chain->segments;
    struct checks checks = { .n = 0 };
    struct fp_retry *retry = &c->fp->retries[c->fp->n_retries];

    if (!at || (at - 1) % FP_CHAIN_SEGMENTS)
        return;
    c->fp->segment_end = s->end;
    *retry = (struct fp_retry){ .op = op, .start = c->x.p };
    retry->held = c->fp->held;
    if (is_integer(chain))
        check_integers(c, chain, number, &checks);
    else
        check_doubles(c, chain, &checks);
    c->fp->frot_loaded = false;
    puts_of(c, chain, number, s);
    put_pr_const(c, chain->p, true);
    if (chain->n_segments == 1)
        result(c, chain);
    else
        keep_operands(c, chain, number);
    jump_to_label(c, x64_jmp(&c->x), s->end);
    for (unsigned i = 0; i < checks.n; i++)
        x64_patch(&c->x, checks.from[i], c->x.p);
    retry->slow = c->x.p;
    c->fp->n_retries += retry->from != NULL;
    c->fp->frot_loaded = false;
}

void fp_chains_branch_back(struct compile *c)
{
    if (c->fp->n_chains)
        x64_store_imm32(&c->x, RSP, FRAME_BITS, 0);
}

void fp_chain_segment(struct compile *c, uint32_t index)
{
    unsigned at = c->fp->segment_at[index], number = (at - 1) / FP_CHAIN_SEGMENTS;
    unsigned k = (at - 1) % FP_CHAIN_SEGMENTS;
    const struct fp_chain *chain = &c->fp->chains[number];
    uint8_t *from;

    if (!at || k == 0)
        return;
    c->fp->segment_end = chain->segments[k].end;
    x64_test_mem32_imm(&c->x, RSP, FRAME_BITS, UINT32_C(1) << number);
    from = x64_jcc(&c->x, CC_NE);
    if (k + 1 < chain->n_segments && !chain->segments[k].n_puts && !chain->segments[k].mf)
        jump_to_label(c, from, chain->segments[k].end);
    else
        c->fp->stub_from[number][k] = from;
}

static void stub(struct compile *c, unsigned number, unsigned k)
{
    const struct fp_chain *chain = &c->fp->chains[number];
    const struct fp_segment *s = &chain->segments[k];

    x64_patch(&c->x, c->fp->stub_from[number][k], c->x.p);
    c->fp->frot_loaded = false;
    x64_vmovsd_load(&c->x, XMM_S0, RSP, frame_a(number));
    if (is_division(chain))
        x64_vmovsd_load(&c->x, XMM_S1, RSP, frame_b(number));
    if (is_integer(chain))
        x64_load(&c->x, RAX, RSP, frame_quotient(number));
    puts_of(c, chain, number, s);
    if (k + 1 == chain->n_segments)
        result(c, chain);
    x64_jmp_to(&c->x, c->op_code[s->end]);
}

/* Values that were made by the interpreter, or filled, may be doubles that are not tagged. */
static void try_again(struct compile *c, const struct fp_retry *retry)
{
    const struct fp_chain *chain =
        &c->fp->chains[(c->fp->segment_at[retry->op - c->u->ops] - 1) / FP_CHAIN_SEGMENTS];
    uint32_t live = live_registers(c, retry->op);

    x64_patch(&c->x, retry->from, c->x.p);
    keep_registers(c, live, true);
    x64_mov_rr(&c->x, RDI, REG_V);
    x64_mov_ri(&c->x, RSI, chain->a);
    x64_mov_ri(&c->x, RDX, is_division(chain) ? chain->b : chain->a);
    x64_mov_ri(&c->x, RAX, (uint64_t)(uintptr_t)jit_fp_make_doubles);
    x64_call_reg(&c->x, RAX);
    keep_registers(c, live, false);
    fp_reload_copies(c, &retry->held);
    x64_test32_rr(&c->x, RAX, RAX);
    x64_patch(&c->x, x64_jcc(&c->x, CC_NE), retry->start);
    x64_jmp_to(&c->x, retry->slow);
}

void fp_chain_stubs(struct compile *c)
{
    for (unsigned i = 0; i < c->fp->n_retries && !c->x.overflow; i++)
        try_again(c, &c->fp->retries[i]);
    for (unsigned i = 0; i < c->fp->n_chains; i++) {
        for (unsigned k = 1; k < c->fp->chains[i].n_segments && !c->x.overflow; k++) {
            if (c->fp->stub_from[i][k])
                stub(c, i, k);
        }
    }
}
