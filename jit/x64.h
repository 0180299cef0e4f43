/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86-64 instructions into a buffer. One function a form; nothing here knows what is compiled.
 * An overflow sticks in the buffer and is looked at once, when the unit is finished.
 */
#ifndef JIT_X64_H
#define JIT_X64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum x64_reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, X64_REGS, NOREG = 0xff };

/* Condition codes as encoded in jcc, setcc, cmovcc. */
enum x64_cc { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };

/* ALU operations by the /digit of their 0x81 form. */
enum x64_alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };
enum x64_shift { SHIFT_ROL = 0, SHIFT_ROR = 1, SHIFT_SHL = 4, SHIFT_SHR = 5, SHIFT_SAR = 7 };

struct x64 {
    uint8_t *start, *p, *end;
    bool overflow;
    int32_t rbx_at; /* rbx points so far into what it stands for: callers count from the start */
};

static inline void x64_byte(struct x64 *x, unsigned b)
{
    if (x->p < x->end)
        *x->p++ = (uint8_t)b;
    else
        x->overflow = true;
}

static inline void x64_imm32(struct x64 *x, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        x64_byte(x, v >> (8 * i) & 0xff);
}

static inline void x64_imm64(struct x64 *x, uint64_t v)
{
    x64_imm32(x, (uint32_t)v);
    x64_imm32(x, (uint32_t)(v >> 32));
}

static inline bool x64_fits32(uint64_t v) { return v == (uint64_t)(int64_t)(int32_t)v; }

/* REX with W as given; @byte: an 8-bit register operand needs REX for spl..dil. */
static inline void x64_rex(struct x64 *x, bool w, unsigned reg, unsigned index, unsigned base, bool byte)
{
    unsigned rex = 0x40 | (unsigned)w << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3;

    if (rex != 0x40 || (byte && (reg >= 4 || base >= 4)))
        x64_byte(x, rex);
}

static inline void x64_modrm_rr(struct x64 *x, unsigned reg, unsigned rm) { x64_byte(x, 0xc0 | (reg & 7) << 3 | (rm & 7)); }

/* [base + disp] */
static inline void x64_modrm_mem(struct x64 *x, unsigned reg, unsigned base, int32_t disp)
{
    bool small;

    if (base == RBX)
        disp -= x->rbx_at;
    small = disp >= -128 && disp < 128;
    x64_byte(x, (small ? 0x40u : 0x80u) | (reg & 7) << 3 | (base & 7));
    if ((base & 7) == RSP)
        x64_byte(x, 0x24);
    if (small)
        x64_byte(x, (uint8_t)disp);
    else
        x64_imm32(x, (uint32_t)disp);
}

/* [base + index * 2^scale + disp] */
static inline void x64_modrm_sib(struct x64 *x, unsigned reg, unsigned base, unsigned index, unsigned scale, int32_t disp)
{
    unsigned mod;

    if (base == RBX)
        disp -= x->rbx_at;
    mod = disp == 0 && (base & 7) != RBP ? 0 : disp >= -128 && disp < 128 ? 1 : 2;
    x64_byte(x, mod << 6 | 4 | (reg & 7) << 3);
    x64_byte(x, scale << 6 | (index & 7) << 3 | (base & 7));
    if (mod == 1)
        x64_byte(x, (uint8_t)disp);
    else if (mod == 2)
        x64_imm32(x, (uint32_t)disp);
}

/* ---- moves ---- */
static inline void x64_lea(struct x64 *x, unsigned dst, unsigned base, int32_t disp)
{
    x64_rex(x, true, dst, 0, base, false);
    x64_byte(x, 0x8d);
    x64_modrm_mem(x, dst, base, disp);
}

static inline void x64_mov_rr(struct x64 *x, unsigned dst, unsigned src)
{
    if (dst == src)
        return;
    if (src == RBX && x->rbx_at) {
        x64_lea(x, dst, src, 0);
        return;
    }
    x64_rex(x, true, src, 0, dst, false);
    x64_byte(x, 0x89);
    x64_modrm_rr(x, src, dst);
}

/* The low half, zero-extended. */
static inline void x64_mov32_rr(struct x64 *x, unsigned dst, unsigned src)
{
    x64_rex(x, false, src, 0, dst, false);
    x64_byte(x, 0x89);
    x64_modrm_rr(x, src, dst);
}

static inline void x64_mov_ri(struct x64 *x, unsigned dst, uint64_t imm)
{
    if (imm == 0) { /* xor r32, r32: flags are not kept across a constant */
        x64_rex(x, false, dst, 0, dst, false);
        x64_byte(x, 0x31);
        x64_modrm_rr(x, dst, dst);
    } else if (imm >> 32 == 0) {
        x64_rex(x, false, 0, 0, dst, false);
        x64_byte(x, 0xb8 | (dst & 7));
        x64_imm32(x, (uint32_t)imm);
    } else if (x64_fits32(imm)) {
        x64_rex(x, true, 0, 0, dst, false);
        x64_byte(x, 0xc7);
        x64_modrm_rr(x, 0, dst);
        x64_imm32(x, (uint32_t)imm);
    } else {
        x64_rex(x, true, 0, 0, dst, false);
        x64_byte(x, 0xb8 | (dst & 7));
        x64_imm64(x, imm);
    }
}

/* As x64_mov_ri(), flags unchanged. */
static inline void x64_mov_keep(struct x64 *x, unsigned dst, uint64_t imm)
{
    if (imm) {
        x64_mov_ri(x, dst, imm);
    } else {
        x64_rex(x, false, 0, 0, dst, false);
        x64_byte(x, 0xb8 | (dst & 7));
        x64_imm32(x, 0);
    }
}

static inline void x64_load(struct x64 *x, unsigned dst, unsigned base, int32_t disp)
{
    x64_rex(x, true, dst, 0, base, false);
    x64_byte(x, 0x8b);
    x64_modrm_mem(x, dst, base, disp);
}

static inline void x64_load32(struct x64 *x, unsigned dst, unsigned base, int32_t disp)
{
    x64_rex(x, false, dst, 0, base, false);
    x64_byte(x, 0x8b);
    x64_modrm_mem(x, dst, base, disp);
}

static inline void x64_store(struct x64 *x, unsigned base, int32_t disp, unsigned src)
{
    x64_rex(x, true, src, 0, base, false);
    x64_byte(x, 0x89);
    x64_modrm_mem(x, src, base, disp);
}

/* mov qword [base + disp], imm32 sign-extended */
static inline void x64_store_imm(struct x64 *x, unsigned base, int32_t disp, int32_t imm)
{
    x64_rex(x, true, 0, 0, base, false);
    x64_byte(x, 0xc7);
    x64_modrm_mem(x, 0, base, disp);
    x64_imm32(x, (uint32_t)imm);
}

static inline void x64_store_imm32(struct x64 *x, unsigned base, int32_t disp, uint32_t imm)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0xc7);
    x64_modrm_mem(x, 0, base, disp);
    x64_imm32(x, imm);
}

/* dst = zero-extended @size bytes at [base + index] */
static inline void x64_load_zx(struct x64 *x, unsigned dst, unsigned base, unsigned index, unsigned size)
{
    x64_rex(x, size == 8, dst, index, base, false);
    if (size < 4) {
        x64_byte(x, 0x0f);
        x64_byte(x, size == 1 ? 0xb6 : 0xb7);
    } else {
        x64_byte(x, 0x8b);
    }
    x64_modrm_sib(x, dst, base, index, 0, 0);
}

static inline void x64_store_sized(struct x64 *x, unsigned base, unsigned index, unsigned src, unsigned size)
{
    if (size == 2)
        x64_byte(x, 0x66);
    x64_rex(x, size == 8, src, index, base, size == 1);
    x64_byte(x, size == 1 ? 0x88 : 0x89);
    x64_modrm_sib(x, src, base, index, 0, 0);
}

static inline void x64_load_index(struct x64 *x, unsigned dst, unsigned base, unsigned index, unsigned scale, int32_t disp)
{
    x64_rex(x, true, dst, index, base, false);
    x64_byte(x, 0x8b);
    x64_modrm_sib(x, dst, base, index, scale, disp);
}

static inline void x64_store_index(struct x64 *x, unsigned base, unsigned index, unsigned scale, int32_t disp, unsigned src)
{
    x64_rex(x, true, src, index, base, false);
    x64_byte(x, 0x89);
    x64_modrm_sib(x, src, base, index, scale, disp);
}

/* dword [base + index << scale + disp] = src */
static inline void x64_store32_index(struct x64 *x, unsigned base, unsigned index, unsigned scale, int32_t disp, unsigned src)
{
    x64_rex(x, false, src, index, base, false);
    x64_byte(x, 0x89);
    x64_modrm_sib(x, src, base, index, scale, disp);
}

/* byte [base + index + disp] = imm */
static inline void x64_set_byte_index(struct x64 *x, unsigned base, unsigned index, int32_t disp, uint8_t imm)
{
    x64_rex(x, false, 0, index, base, false);
    x64_byte(x, 0xc6);
    x64_modrm_sib(x, 0, base, index, 0, disp);
    x64_byte(x, imm);
}

/* dst = base + index * 2^scale */
static inline void x64_lea_index(struct x64 *x, unsigned dst, unsigned base, unsigned index, unsigned scale)
{
    x64_rex(x, true, dst, index, base, false);
    x64_byte(x, 0x8d);
    x64_byte(x, 0x44 | (dst & 7) << 3); /* with a displacement of 0: rbp and r13 have no form without */
    x64_byte(x, scale << 6 | (index & 7) << 3 | (base & 7));
    x64_byte(x, 0);
}

/* ---- arithmetic ---- */
static inline void x64_alu_rr(struct x64 *x, enum x64_alu op, unsigned dst, unsigned src)
{
    x64_rex(x, true, src, 0, dst, false);
    x64_byte(x, op << 3 | 1);
    x64_modrm_rr(x, src, dst);
}

static inline void x64_alu_ri(struct x64 *x, enum x64_alu op, unsigned dst, int32_t imm)
{
    bool small = imm >= -128 && imm < 128;

    x64_rex(x, true, 0, 0, dst, false);
    x64_byte(x, small ? 0x83 : 0x81);
    x64_modrm_rr(x, op, dst);
    if (small)
        x64_byte(x, (uint8_t)imm);
    else
        x64_imm32(x, (uint32_t)imm);
}

/* On the lowest byte of a register, one of r8-r15. */
static inline void x64_alu8_ri(struct x64 *x, enum x64_alu op, unsigned dst, uint8_t imm)
{
    x64_rex(x, false, 0, 0, dst, false);
    x64_byte(x, 0x80);
    x64_modrm_rr(x, op, dst);
    x64_byte(x, imm);
}

static inline void x64_test8_ri(struct x64 *x, unsigned a, uint8_t imm)
{
    x64_rex(x, false, 0, 0, a, false);
    x64_byte(x, 0xf6);
    x64_modrm_rr(x, 0, a);
    x64_byte(x, imm);
}

/* op dst, [base + disp] */
static inline void x64_alu_rm(struct x64 *x, enum x64_alu op, unsigned dst, unsigned base, int32_t disp)
{
    x64_rex(x, true, dst, 0, base, false);
    x64_byte(x, op << 3 | 3);
    x64_modrm_mem(x, dst, base, disp);
}

/* op dst, [base + index * 2^scale + disp] */
static inline void x64_alu_rm_index(struct x64 *x, enum x64_alu op, unsigned dst, unsigned base, unsigned index, unsigned scale,
                                    int32_t disp)
{
    x64_rex(x, true, dst, index, base, false);
    x64_byte(x, op << 3 | 3);
    x64_modrm_sib(x, dst, base, index, scale, disp);
}

/* op dst, [target], which lies within 2 GiB */
static inline void x64_alu_rm_at(struct x64 *x, enum x64_alu op, unsigned dst, const uint8_t *target)
{
    x64_rex(x, true, dst, 0, 0, false);
    x64_byte(x, op << 3 | 3);
    x64_byte(x, (dst & 7) << 3 | 5); /* rip-relative, from the end of the instruction */
    x64_imm32(x, (uint32_t)(int32_t)(target - (x->p + 4)));
}

/* cmp dword [base + disp], imm8 */
static inline void x64_cmp_mem32(struct x64 *x, unsigned base, int32_t disp, int8_t imm)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0x83);
    x64_modrm_mem(x, ALU_CMP, base, disp);
    x64_byte(x, (uint8_t)imm);
}

/* op qword [base + disp], imm32 */
static inline void x64_alu_mem_imm(struct x64 *x, enum x64_alu op, unsigned base, int32_t disp, int32_t imm)
{
    x64_rex(x, true, 0, 0, base, false);
    x64_byte(x, 0x81);
    x64_modrm_mem(x, op, base, disp);
    x64_imm32(x, (uint32_t)imm);
}

/* cmp dword [base + disp], imm32 */
static inline void x64_cmp_mem32_imm32(struct x64 *x, unsigned base, int32_t disp, uint32_t imm)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0x81);
    x64_modrm_mem(x, ALU_CMP, base, disp);
    x64_imm32(x, imm);
}

/* cmp byte [base + disp], imm8 */
static inline void x64_cmp_mem8(struct x64 *x, unsigned base, int32_t disp, int8_t imm)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0x80);
    x64_modrm_mem(x, ALU_CMP, base, disp);
    x64_byte(x, (uint8_t)imm);
}

/* inc qword [base + disp] */
static inline void x64_inc_mem(struct x64 *x, unsigned base, int32_t disp)
{
    x64_rex(x, true, 0, 0, base, false);
    x64_byte(x, 0xff);
    x64_modrm_mem(x, 0, base, disp);
}

/* dec dword [base + disp] */
static inline void x64_dec_mem32(struct x64 *x, unsigned base, int32_t disp)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0xff);
    x64_modrm_mem(x, 1, base, disp);
}

static inline void x64_test_rr(struct x64 *x, unsigned a, unsigned b)
{
    x64_rex(x, true, b, 0, a, false);
    x64_byte(x, 0x85);
    x64_modrm_rr(x, b, a);
}

static inline void x64_test_ri(struct x64 *x, unsigned a, int32_t imm)
{
    x64_rex(x, true, 0, 0, a, false);
    x64_byte(x, 0xf7);
    x64_modrm_rr(x, 0, a);
    x64_imm32(x, (uint32_t)imm);
}

static inline void x64_shift_ri(struct x64 *x, enum x64_shift op, unsigned dst, unsigned count)
{
    x64_rex(x, true, 0, 0, dst, false);
    x64_byte(x, 0xc1);
    x64_modrm_rr(x, op, dst);
    x64_byte(x, count);
}

/* dst = src rotated right; BMI2, flags unchanged */
static inline void x64_rorx(struct x64 *x, unsigned dst, unsigned src, unsigned count)
{
    x64_byte(x, 0xc4);
    x64_byte(x, (dst < 8 ? 0x80u : 0) | 0x40 | (src < 8 ? 0x20u : 0) | 3);
    x64_byte(x, 0xfb);
    x64_byte(x, 0xf0);
    x64_modrm_rr(x, dst, src);
    x64_byte(x, count);
}

/* dst = {src, dst} >> count */
static inline void x64_shrd(struct x64 *x, unsigned dst, unsigned src, unsigned count)
{
    x64_rex(x, true, src, 0, dst, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0xac);
    x64_modrm_rr(x, src, dst);
    x64_byte(x, count);
}

/* by cl */
static inline void x64_shift_cl(struct x64 *x, enum x64_shift op, unsigned dst)
{
    x64_rex(x, true, 0, 0, dst, false);
    x64_byte(x, 0xd3);
    x64_modrm_rr(x, op, dst);
}

static inline void x64_not(struct x64 *x, unsigned dst)
{
    x64_rex(x, true, 0, 0, dst, false);
    x64_byte(x, 0xf7);
    x64_modrm_rr(x, 2, dst);
}

static inline void x64_neg(struct x64 *x, unsigned dst)
{
    x64_rex(x, true, 0, 0, dst, false);
    x64_byte(x, 0xf7);
    x64_modrm_rr(x, 3, dst);
}

static inline void x64_imul(struct x64 *x, unsigned dst, unsigned src)
{
    x64_rex(x, true, dst, 0, src, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0xaf);
    x64_modrm_rr(x, dst, src);
}

static inline void x64_imul_ri(struct x64 *x, unsigned dst, unsigned src, int32_t imm)
{
    x64_rex(x, true, dst, 0, src, false);
    x64_byte(x, 0x69);
    x64_modrm_rr(x, dst, src);
    x64_imm32(x, (uint32_t)imm);
}

/* dst = src extended from @size bytes */
static inline void x64_extend(struct x64 *x, unsigned dst, unsigned src, unsigned size, bool sign)
{
    bool wide = sign; /* zero extension writes 32 bits, which clears the rest */

    if (size == 4) {
        x64_rex(x, wide, dst, 0, src, false);
        x64_byte(x, sign ? 0x63 : 0x8b);
    } else {
        x64_rex(x, wide, dst, 0, src, size == 1);
        x64_byte(x, 0x0f);
        x64_byte(x, (sign ? 0xbe : 0xb6) | (size == 2));
    }
    x64_modrm_rr(x, dst, src);
}

static inline void x64_popcnt(struct x64 *x, unsigned dst, unsigned src)
{
    x64_byte(x, 0xf3);
    x64_rex(x, true, dst, 0, src, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0xb8);
    x64_modrm_rr(x, dst, src);
}

static inline void x64_bswap(struct x64 *x, unsigned dst)
{
    x64_rex(x, true, 0, 0, dst, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0xc8 | (dst & 7));
}

/* dst = 0/1, the whole register */
static inline void x64_setcc(struct x64 *x, enum x64_cc cc, unsigned dst)
{
    x64_rex(x, false, 0, 0, dst, true);
    x64_byte(x, 0x0f);
    x64_byte(x, 0x90 | cc);
    x64_modrm_rr(x, 0, dst);
    x64_extend(x, dst, dst, 1, false);
}

static inline void x64_cmov(struct x64 *x, enum x64_cc cc, unsigned dst, unsigned src)
{
    x64_rex(x, true, dst, 0, src, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0x40 | cc);
    x64_modrm_rr(x, dst, src);
}

/* bt dst, bit (CF); bts 5, btr 6 */
static inline void x64_bit_ri(struct x64 *x, unsigned digit, unsigned dst, unsigned bit)
{
    x64_rex(x, true, 0, 0, dst, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0xba);
    x64_modrm_rr(x, digit, dst);
    x64_byte(x, bit);
}
#define x64_bt(x, dst, bit) x64_bit_ri(x, 4, dst, bit)
#define x64_bts(x, dst, bit) x64_bit_ri(x, 5, dst, bit)

/* dst &= ~(1 << (bit & 63)) */
static inline void x64_btr_reg(struct x64 *x, unsigned dst, unsigned bit)
{
    x64_rex(x, true, bit, 0, dst, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0xb3);
    x64_modrm_rr(x, bit, dst);
}

static inline void x64_mfence(struct x64 *x)
{
    /* lock or dword [rsp], 0: a full fence that is cheaper than mfence */
    x64_byte(x, 0xf0);
    x64_byte(x, 0x83);
    x64_byte(x, 0x0c);
    x64_byte(x, 0x24);
    x64_byte(x, 0);
}

/* ---- control; the returned place takes a rel32 by x64_patch() ---- */
static inline uint8_t *x64_jcc(struct x64 *x, enum x64_cc cc)
{
    x64_byte(x, 0x0f);
    x64_byte(x, 0x80 | cc);
    x64_imm32(x, 0);
    return x->p - 4;
}

static inline uint8_t *x64_jmp(struct x64 *x)
{
    x64_byte(x, 0xe9);
    x64_imm32(x, 0);
    return x->p - 4;
}

static inline void x64_patch(struct x64 *x, uint8_t *place, const uint8_t *target)
{
    int32_t rel = (int32_t)(target - (place + 4));

    if (!x->overflow)
        memcpy(place, &rel, 4);
}

static inline void x64_jmp_to(struct x64 *x, const uint8_t *target) { x64_patch(x, x64_jmp(x), target); }

/* jmp [base + index << scale + disp] */
static inline void x64_jmp_mem_index(struct x64 *x, unsigned base, unsigned index, unsigned scale, int32_t disp)
{
    x64_rex(x, false, 4, index, base, false);
    x64_byte(x, 0xff);
    x64_modrm_sib(x, 4, base, index, scale, disp);
}

static inline void x64_jmp_reg(struct x64 *x, unsigned reg)
{
    x64_rex(x, false, 0, 0, reg, false);
    x64_byte(x, 0xff);
    x64_modrm_rr(x, 4, reg);
}

static inline void x64_call_reg(struct x64 *x, unsigned reg)
{
    x64_rex(x, false, 0, 0, reg, false);
    x64_byte(x, 0xff);
    x64_modrm_rr(x, 2, reg);
}

/* call @target, in the same buffer */
static inline void x64_call_to(struct x64 *x, const uint8_t *target)
{
    x64_byte(x, 0xe8);
    x64_imm32(x, 0);
    x64_patch(x, x->p - 4, target);
}

/* dst = where @place, in the same buffer, is executed */
static inline void x64_lea_rip(struct x64 *x, unsigned dst, const uint8_t *place)
{
    x64_rex(x, true, dst, 0, 0, false);
    x64_byte(x, 0x8d);
    x64_byte(x, 5 | (dst & 7) << 3);
    x64_imm32(x, 0);
    x64_patch(x, x->p - 4, place);
}

static inline void x64_push(struct x64 *x, unsigned reg)
{
    x64_rex(x, false, 0, 0, reg, false);
    x64_byte(x, 0x50 | (reg & 7));
}

static inline void x64_pop(struct x64 *x, unsigned reg)
{
    x64_rex(x, false, 0, 0, reg, false);
    x64_byte(x, 0x58 | (reg & 7));
}

/* One instruction of 1 to 3 bytes that does nothing. */
static inline void x64_nop(struct x64 *x, unsigned bytes)
{
    if (bytes == 3) {
        x64_byte(x, 0x0f);
        x64_byte(x, 0x1f);
        x64_byte(x, 0);
        return;
    }
    if (bytes == 2)
        x64_byte(x, 0x66);
    x64_byte(x, 0x90);
}

static inline void x64_ret(struct x64 *x) { x64_byte(x, 0xc3); }

#endif
