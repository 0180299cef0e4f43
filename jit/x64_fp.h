/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scalar floating-point instructions of x86-64 into a buffer, in their VEX forms (AVX, FMA3). */
#ifndef JIT_X64_FP_H
#define JIT_X64_FP_H

#include "jit/x64.h"

enum { X64_XMMS = 16 };

enum { VEX_NONE, VEX_66, VEX_F3, VEX_F2 };       /* the implied prefix */
enum { VEX_0F = 1, VEX_0F38 = 2, VEX_0F3A = 3 }; /* the opcode map */

/* Opcodes of 0F, prefix F2: d = a op b */
enum x64_farith {
    FARITH_SQRT = 0x51,
    FARITH_ADD = 0x58,
    FARITH_MUL = 0x59,
    FARITH_SUB = 0x5c,
    FARITH_MIN = 0x5d,
    FARITH_DIV = 0x5e,
    FARITH_MAX = 0x5f,
};

/* Opcodes of 0F, prefix 66: bitwise on all 128 bits */
enum x64_flogic { FLOGIC_AND = 0x54, FLOGIC_ANDN = 0x55, FLOGIC_OR = 0x56, FLOGIC_XOR = 0x57 };

/* Opcodes of 0F38, prefix 66: d = +-(a * b) +- d */
enum x64_fma { FMA_MADD231 = 0xb9, FMA_MSUB231 = 0xbb, FMA_NMADD231 = 0xbd };

/* The three-byte VEX prefix; @vvvv 0 where there is no second source. */
static inline void x64_vex(struct x64 *x, unsigned pp, unsigned map, bool w, unsigned reg, unsigned vvvv,
                           unsigned index, unsigned base)
{
    x64_byte(x, 0xc4);
    x64_byte(x, (~reg >> 3 & 1) << 7 | (~index >> 3 & 1) << 6 | (~base >> 3 & 1) << 5 | map);
    x64_byte(x, (unsigned)w << 7 | (~vvvv & 15) << 3 | pp);
}

/* op reg, vvvv, rm with all three in registers */
static inline void x64_vex_rrr(struct x64 *x, unsigned pp, unsigned map, bool w, unsigned opcode,
                               unsigned reg, unsigned vvvv, unsigned rm)
{
    x64_vex(x, pp, map, w, reg, vvvv, 0, rm);
    x64_byte(x, opcode);
    x64_modrm_rr(x, reg, rm);
}

/* ---- moves ---- */

static inline void x64_vmovsd_load(struct x64 *x, unsigned d, unsigned base, int32_t disp)
{
    x64_vex(x, VEX_F2, VEX_0F, false, d, 0, 0, base);
    x64_byte(x, 0x10);
    x64_modrm_mem(x, d, base, disp);
}

static inline void x64_vmovsd_store(struct x64 *x, unsigned base, int32_t disp, unsigned s)
{
    x64_vex(x, VEX_F2, VEX_0F, false, s, 0, 0, base);
    x64_byte(x, 0x11);
    x64_modrm_mem(x, s, base, disp);
}

/* [base + index + disp] */
static inline void x64_vmovsd_load_index(struct x64 *x, unsigned d, unsigned base, unsigned index,
                                         int32_t disp)
{
    x64_vex(x, VEX_F2, VEX_0F, false, d, 0, index, base);
    x64_byte(x, 0x10);
    x64_modrm_sib(x, d, base, index, 0, disp);
}

static inline void x64_vmovsd_store_index(struct x64 *x, unsigned base, unsigned index, int32_t disp,
                                          unsigned s)
{
    x64_vex(x, VEX_F2, VEX_0F, false, s, 0, index, base);
    x64_byte(x, 0x11);
    x64_modrm_sib(x, s, base, index, 0, disp);
}

static inline void x64_vmovapd(struct x64 *x, unsigned d, unsigned s)
{
    if (d != s)
        x64_vex_rrr(x, VEX_66, VEX_0F, false, 0x28, d, 0, s);
}

static inline void x64_vmovq_from_gpr(struct x64 *x, unsigned d, unsigned gpr)
{
    x64_vex_rrr(x, VEX_66, VEX_0F, true, 0x6e, d, 0, gpr);
}

static inline void x64_vmovq_to_gpr(struct x64 *x, unsigned gpr, unsigned s)
{
    x64_vex_rrr(x, VEX_66, VEX_0F, true, 0x7e, s, 0, gpr);
}

static inline void x64_vmovd_to_gpr(struct x64 *x, unsigned gpr, unsigned s)
{
    x64_vex_rrr(x, VEX_66, VEX_0F, false, 0x7e, s, 0, gpr);
}

static inline void x64_vmovd_from_gpr(struct x64 *x, unsigned d, unsigned gpr)
{
    x64_vex_rrr(x, VEX_66, VEX_0F, false, 0x6e, d, 0, gpr);
}

/* ---- arithmetic ---- */

static inline void x64_vfarith(struct x64 *x, enum x64_farith op, unsigned d, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_F2, VEX_0F, false, op, d, a, b);
}

static inline void x64_vflogic(struct x64 *x, enum x64_flogic op, unsigned d, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_66, VEX_0F, false, op, d, a, b);
}

/* d = a + b, integers of 64 bits */
static inline void x64_vpaddq(struct x64 *x, unsigned d, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_66, VEX_0F, false, 0xd4, d, a, b);
}

static inline void x64_vfma(struct x64 *x, enum x64_fma op, unsigned d, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_66, VEX_0F38, true, op, d, a, b);
}

/* The same on four singles. */
static inline void x64_vfma_ps(struct x64 *x, enum x64_fma op, unsigned d, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_66, VEX_0F38, false, op - 1, d, a, b);
}

static inline void x64_vmulps(struct x64 *x, unsigned d, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_NONE, VEX_0F, false, 0x59, d, a, b);
}

/* Unordered sets ZF, PF, CF; a > b clears all; a < b sets CF; equal sets ZF. Quiet NaNs raise nothing. */
static inline void x64_vucomisd(struct x64 *x, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_66, VEX_0F, false, 0x2e, a, 0, b);
}

/* ---- the same in single precision ---- */

static inline void x64_vfarith_ss(struct x64 *x, enum x64_farith op, unsigned d, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_F3, VEX_0F, false, op, d, a, b);
}

static inline void x64_vfma_ss(struct x64 *x, enum x64_fma op, unsigned d, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_66, VEX_0F38, false, op, d, a, b);
}

static inline void x64_vucomiss(struct x64 *x, unsigned a, unsigned b)
{
    x64_vex_rrr(x, VEX_NONE, VEX_0F, false, 0x2e, a, 0, b);
}

/* ---- conversions ---- */

static inline void x64_vcvtsd2ss(struct x64 *x, unsigned d, unsigned s)
{
    x64_vex_rrr(x, VEX_F2, VEX_0F, false, 0x5a, d, s, s);
}
static inline void x64_vcvtss2sd(struct x64 *x, unsigned d, unsigned s)
{
    x64_vex_rrr(x, VEX_F3, VEX_0F, false, 0x5a, d, s, s);
}

/* The upper half of d comes from d itself. */
static inline void x64_vcvtsi2sd(struct x64 *x, unsigned d, unsigned gpr)
{
    x64_vex_rrr(x, VEX_F2, VEX_0F, true, 0x2a, d, d, gpr);
}

static inline void x64_vcvttsd2si(struct x64 *x, unsigned gpr, unsigned s)
{
    x64_vex_rrr(x, VEX_F2, VEX_0F, true, 0x2c, gpr, 0, s);
}

static inline void x64_vcvtsd2si(struct x64 *x, unsigned gpr, unsigned s)
{
    x64_vex_rrr(x, VEX_F2, VEX_0F, true, 0x2d, gpr, 0, s);
}

/* ---- control and status; legacy encodings, which touch no vector register ---- */

static inline void x64_ldmxcsr(struct x64 *x, unsigned base, int32_t disp)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0xae);
    x64_modrm_mem(x, 2, base, disp);
}

static inline void x64_stmxcsr(struct x64 *x, unsigned base, int32_t disp)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0xae);
    x64_modrm_mem(x, 3, base, disp);
}

/* ---- integers ---- */

/* rdx:rax = rax * src */
static inline void x64_mul_wide(struct x64 *x, unsigned src, bool is_signed)
{
    x64_rex(x, true, 0, 0, src, false);
    x64_byte(x, 0xf7);
    x64_modrm_rr(x, is_signed ? 5 : 4, src);
}

/* rax = rdx:rax / src, rdx = the rest; or the same of 32 bits */
static inline void x64_div(struct x64 *x, unsigned src, bool wide)
{
    x64_rex(x, wide, 0, 0, src, false);
    x64_byte(x, 0xf7);
    x64_modrm_rr(x, 6, src);
}

/* mov byte [base + disp], imm8 */
static inline void x64_store_imm8(struct x64 *x, unsigned base, int32_t disp, uint8_t imm)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0xc6);
    x64_modrm_mem(x, 0, base, disp);
    x64_byte(x, imm);
}

/* op dword [base + disp], imm32 */
static inline void x64_alu_mem32_imm(struct x64 *x, enum x64_alu op, unsigned base, int32_t disp,
                                     uint32_t imm)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0x81);
    x64_modrm_mem(x, op, base, disp);
    x64_imm32(x, imm);
}

/* test dword [base + disp], imm32 */
static inline void x64_test_mem32_imm(struct x64 *x, unsigned base, int32_t disp, uint32_t imm)
{
    x64_rex(x, false, 0, 0, base, false);
    x64_byte(x, 0xf7);
    x64_modrm_mem(x, 0, base, disp);
    x64_imm32(x, imm);
}

/* dst = number of the highest bit of src, which is not 0 */
static inline void x64_bsr(struct x64 *x, unsigned dst, unsigned src)
{
    x64_rex(x, true, dst, 0, src, false);
    x64_byte(x, 0x0f);
    x64_byte(x, 0xbd);
    x64_modrm_rr(x, dst, src);
}

/* cmp qword [base + disp], imm32 sign-extended */
static inline void x64_cmp_mem64(struct x64 *x, unsigned base, int32_t disp, int32_t imm)
{
    x64_rex(x, true, 0, 0, base, false);
    x64_byte(x, 0x81);
    x64_modrm_mem(x, ALU_CMP, base, disp);
    x64_imm32(x, (uint32_t)imm);
}

/* 32-bit forms: the upper half becomes zero. */
static inline void x64_alu32_ri(struct x64 *x, enum x64_alu op, unsigned dst, uint32_t imm)
{
    bool small = (int32_t)imm >= -128 && (int32_t)imm < 128;

    x64_rex(x, false, 0, 0, dst, false);
    x64_byte(x, small ? 0x83 : 0x81);
    x64_modrm_rr(x, op, dst);
    if (small)
        x64_byte(x, imm & 0xff);
    else
        x64_imm32(x, imm);
}

static inline void x64_alu32_rr(struct x64 *x, enum x64_alu op, unsigned dst, unsigned src)
{
    x64_rex(x, false, src, 0, dst, false);
    x64_byte(x, op << 3 | 1);
    x64_modrm_rr(x, src, dst);
}

static inline void x64_test32_rr(struct x64 *x, unsigned a, unsigned b)
{
    x64_rex(x, false, b, 0, a, false);
    x64_byte(x, 0x85);
    x64_modrm_rr(x, b, a);
}

#endif
