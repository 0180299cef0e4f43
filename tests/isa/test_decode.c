/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoder: encodings put together by hand from the SDM's figures, and the reserved ones. */
#include "isa/isa.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define AT(value, lo) ((uint64_t)(value) << (lo))

static struct insn decode(enum isa_unit unit, uint64_t slot, uint64_t lslot)
{
    struct insn in;

    assert_int_equal(isa_decode(unit, slot, lslot, &in), ISA_OK);
    assert_int_equal(in.unit, unit);
    return in;
}

static void test_registers(void **unused)
{
    struct insn in;

    (void)unused;
    /* (p5) sub r1=r2,r3 with r1 = 127, r2 = 1, r3 = 64: A1, x4 1, x2b 1 */
    in = decode(UNIT_M, AT(8, 37) | AT(1, 29) | AT(1, 27) | AT(64, 20) | AT(1, 13) | AT(127, 6) | 5, 0);
    assert_int_equal(in.op, OP_SUB);
    assert_int_equal(in.qp, 5);
    assert_int_equal(in.r1, 127);
    assert_int_equal(in.r2, 1);
    assert_int_equal(in.r3, 64);
    assert_int_equal(isa_uses(&in).writes, USE_R1);
    assert_int_equal(isa_uses(&in).reads, USE_R2 | USE_R3);

    /* fma.d.s2 f8=f9,f10,f11: F1, opcode 9, x 0 */
    in = decode(UNIT_F, AT(9, 37) | AT(2, 34) | AT(10, 27) | AT(9, 20) | AT(11, 13) | AT(8, 6), 0);
    assert_int_equal(in.op, OP_FMA);
    assert_int_equal(in.pc, PC_D);
    assert_int_equal(in.sf, 2);
    assert_int_equal(in.f1, 8);
    assert_int_equal(in.f2, 11);
    assert_int_equal(in.f3, 9);
    assert_int_equal(in.f4, 10);

    /* cmp4.ltu.unc p63,p1=-128,r7: A8, opcode D, x2 3, c 1 */
    in = decode(UNIT_I, AT(13, 37) | AT(1, 36) | AT(3, 34) | AT(1, 27) | AT(7, 20) | AT(1, 12) | AT(63, 6),
                0);
    assert_int_equal(in.op, OP_CMP_IMM);
    assert_int_equal(in.size, 4);
    assert_int_equal(in.rel, REL_LTU);
    assert_int_equal(in.ctype, CTYPE_UNC);
    assert_int_equal(in.p1, 63);
    assert_int_equal(in.p2, 1);
    assert_int_equal(in.imm, -128);

    /* br.call.dpnt.many.clr b7=b6: B5, wh 7 */
    in = decode(UNIT_B, AT(1, 37) | AT(1, 35) | AT(7, 32) | AT(6, 13) | AT(1, 12) | AT(7, 6), 0);
    assert_int_equal(in.op, OP_BR_CALL_IND);
    assert_int_equal(in.b1, 7);
    assert_int_equal(in.b2, 6);
    assert_int_equal(in.wh, WH_DPNT);
    assert_int_equal(in.ph, 1);
    assert_int_equal(in.dh, 1);
}

static void test_memory_attributes(void **unused)
{
    struct insn in;

    (void)unused;
    /* ld4.c.clr.acq.nta r5=[r6],-256: M3, x6 2A, hint 3 */
    in = decode(UNIT_M, AT(5, 37) | AT(1, 36) | AT(0x2a, 30) | AT(3, 28) | AT(6, 20) | AT(5, 6), 0);
    assert_int_equal(in.op, OP_LD);
    assert_int_equal(in.size, 4);
    assert_int_equal(in.ldtype, LD_C_CLR_ACQ);
    assert_int_equal(in.ldhint, LDHINT_NTA);
    assert_int_equal(in.upd, UPD_IMM);
    assert_int_equal(in.imm, -256);
    assert_int_equal(isa_uses(&in).writes, USE_R1 | USE_R3);
    assert_int_equal(isa_uses(&in).reads, USE_R3);

    /* st8.spill [r6]=r5,255: M5, x6 3B */
    in = decode(UNIT_M, AT(5, 37) | AT(0x3b, 30) | AT(1, 27) | AT(6, 20) | AT(5, 13) | AT(127, 6), 0);
    assert_int_equal(in.op, OP_ST);
    assert_true(in.spill);
    assert_int_equal(in.imm, 255);
    assert_int_equal(isa_uses(&in).writes, USE_R3);
    assert_int_equal(isa_uses(&in).reads, USE_R2 | USE_R3);

    /* ldfps.sa f32,f33=[r2],8: M12, x6 0E */
    in = decode(UNIT_M, AT(6, 37) | AT(1, 36) | AT(0xe, 30) | AT(1, 27) | AT(2, 20) | AT(33, 13) | AT(32, 6),
                0);
    assert_int_equal(in.op, OP_LDFP);
    assert_int_equal(in.fsize, FS_S);
    assert_int_equal(in.ldtype, LD_SA);
    assert_int_equal(in.imm, 8);
    assert_int_equal(in.size, 8);
    assert_int_equal(isa_uses(&in).writes, USE_F1 | USE_F2 | USE_R3);

    /* fetchadd8.rel r1=[r2],inc3, all eight increments: M17, x6 17 */
    for (unsigned i = 0; i < 8; i++) {
        static const int inc[8] = {16, 8, 4, 1, -16, -8, -4, -1};

        in = decode(UNIT_M, AT(4, 37) | AT(0x17, 30) | AT(1, 27) | AT(2, 20) | AT(i, 13) | AT(1, 6), 0);
        assert_int_equal(in.op, OP_FETCHADD);
        assert_int_equal(in.sem, SEM_REL);
        assert_int_equal(in.imm, inc[i]);
    }
}

static void test_immediates(void **unused)
{
    struct insn in;

    (void)unused;
    /* addl r1=imm22,r3: only the sign set is -2^21; all but the sign is 2^21 - 1 */
    assert_int_equal(decode(UNIT_I, AT(9, 37) | AT(1, 36), 0).imm, -(1 << 21));
    in = decode(UNIT_I, AT(9, 37) | AT(0x1ff, 27) | AT(31, 22) | AT(127, 13), 0);
    assert_int_equal(in.imm, (1 << 21) - 1);
    assert_int_equal(decode(UNIT_I, AT(9, 37) | AT(1, 22), 0).imm, 1 << 16); /* imm5c */
    assert_int_equal(decode(UNIT_I, AT(9, 37) | AT(1, 27), 0).imm, 1 << 7);  /* imm9d */
    assert_int_equal(decode(UNIT_I, AT(9, 37) | AT(3, 20), 0).r3, 3);
    /* adds r1=imm14,r3: imm6d above imm7b */
    assert_int_equal(decode(UNIT_I, AT(8, 37) | AT(2, 34) | AT(1, 27), 0).imm, 1 << 7);
    assert_int_equal(decode(UNIT_I, AT(8, 37) | AT(1, 36) | AT(2, 34), 0).imm, -(1 << 13));

    /* movl r1=imm64: i, imm41, ic, imm5c, imm9d, imm7b from the top */
    in = decode(UNIT_X, AT(6, 37) | AT(1, 36) | AT(1, 6), 0);
    assert_int_equal(in.op, OP_MOVL);
    assert_true(in.imm == INT64_MIN);
    assert_true(decode(UNIT_X, AT(6, 37), AT(1, 40)).imm == INT64_C(1) << 62);
    assert_true(decode(UNIT_X, AT(6, 37), 1).imm == INT64_C(1) << 22);
    assert_true(decode(UNIT_X, AT(6, 37) | AT(1, 21), 0).imm == INT64_C(1) << 21);
    assert_true(decode(UNIT_X, AT(6, 37) | AT(1, 22), 0).imm == INT64_C(1) << 16);
    assert_true(decode(UNIT_X, AT(6, 37) | AT(1, 27), 0).imm == INT64_C(1) << 7);
    assert_true(decode(UNIT_X, AT(6, 37) | AT(1, 13), 0).imm == 1);

    /* break.x imm62, break.m imm21 */
    assert_true(decode(UNIT_X, AT(1, 36) | AT(1, 6), AT(1, 40)).imm == (INT64_C(1) << 61 | 1 << 20 | 1));
    in = decode(UNIT_M, AT(1, 36) | AT(5, 6), 0);
    assert_int_equal(in.op, OP_BREAK);
    assert_int_equal(in.imm, (1 << 20) + 5);

    /* mov pr=r2,mask17: bit 0 never, bit 16 extends to the rotating predicates */
    in = decode(UNIT_I, AT(3, 33) | AT(1, 36), 0);
    assert_int_equal(in.op, OP_MOV_TO_PR);
    assert_true(in.imm == -65536);
    assert_int_equal(decode(UNIT_I, AT(3, 33) | AT(127, 6), 0).imm, 0xfe);
    assert_int_equal(decode(UNIT_I, AT(3, 33) | AT(1, 24), 0).imm, 0x100);
    /* mov pr.rot=imm44 */
    assert_true(decode(UNIT_I, AT(2, 33) | AT(1, 36), 0).imm == -(INT64_C(1) << 43));
    assert_true(decode(UNIT_I, AT(2, 33) | AT(1, 6), 0).imm == 65536);

    /* ssm imm24: i, i2d, imm21a */
    in = decode(UNIT_M, AT(6, 27) | AT(1, 36) | AT(3, 31) | AT(1, 6), 0);
    assert_int_equal(in.op, OP_SSM);
    assert_int_equal(in.imm, 0xe00001);
    assert_int_equal(in.flags & ISA_PRIV, ISA_PRIV);

    /* alloc r1=ar.pfs,sof,sol,sor: sor counts eights */
    in = decode(UNIT_M, AT(1, 37) | AT(6, 33) | AT(12, 27) | AT(90, 20) | AT(96, 13) | AT(33, 6), 0);
    assert_int_equal(in.op, OP_ALLOC);
    assert_int_equal(in.sof, 96);
    assert_int_equal(in.sol, 90);
    assert_int_equal(in.sor, 96);
    assert_int_equal(in.flags & ISA_FIRST, ISA_FIRST);
}

static void test_bit_fields(void **unused)
{
    struct insn in;

    (void)unused;
    /* dep.z r1=r2,60,4: I12, len6d = len - 1, cpos6c = 63 - pos */
    in = decode(UNIT_I, AT(5, 37) | AT(1, 34) | AT(1, 33) | AT(3, 27) | AT(3, 20) | AT(2, 13) | AT(1, 6), 0);
    assert_int_equal(in.op, OP_DEP_Z);
    assert_int_equal(in.pos, 60);
    assert_int_equal(in.len, 4);
    /* dep r1=-1,r3,0,64: I14 */
    in = decode(UNIT_I, AT(5, 37) | AT(1, 36) | AT(3, 34) | AT(1, 33) | AT(63, 27) | AT(63, 14), 0);
    assert_int_equal(in.op, OP_DEP_IMM);
    assert_int_equal(in.imm, -1);
    assert_int_equal(in.pos, 0);
    assert_int_equal(in.len, 64);
    /* dep r1=r2,r3,63,16: I15 */
    in = decode(UNIT_I, AT(4, 37) | AT(0, 31) | AT(15, 27), 0);
    assert_int_equal(in.op, OP_DEP);
    assert_int_equal(in.pos, 63);
    assert_int_equal(in.len, 16);
    /* extr r1=r3,63,1: I11, y 1 */
    in = decode(UNIT_I, AT(5, 37) | AT(1, 34) | AT(0, 27) | AT(63, 14) | AT(1, 13), 0);
    assert_int_equal(in.op, OP_EXTR);
    assert_int_equal(in.pos, 63);
    assert_int_equal(in.len, 1);
    /* pshl4 r1=r2,31 - 5: I8, ccount5c 5 */
    in = decode(UNIT_I, AT(7, 37) | AT(1, 36) | AT(3, 34) | AT(1, 30) | AT(1, 28) | AT(5, 20), 0);
    assert_int_equal(in.op, OP_PSHL_IMM);
    assert_int_equal(in.size, 4);
    assert_int_equal(in.count, 26);
    /* pmpyshr2 counts: I1 */
    for (unsigned i = 0; i < 4; i++) {
        static const int count[4] = {0, 7, 15, 16};

        in = decode(UNIT_I, AT(7, 37) | AT(1, 33) | AT(i, 30) | AT(3, 28), 0);
        assert_int_equal(in.op, OP_PMPYSHR2);
        assert_int_equal(in.count, count[i]);
    }
    /* tf.z p1,p2=32+7: I30 */
    in = decode(UNIT_I, AT(5, 37) | AT(1, 19) | AT(7, 14) | AT(1, 13), 0);
    assert_int_equal(in.op, OP_TF);
    assert_int_equal(in.imm, 39);
    /* tbit.z.and is tb 1, ta 0; .or the other way round */
    assert_int_equal(decode(UNIT_I, AT(5, 37) | AT(1, 36), 0).ctype, CTYPE_AND);
    assert_int_equal(decode(UNIT_I, AT(5, 37) | AT(1, 33), 0).ctype, CTYPE_OR);
}

static void test_displacements(void **unused)
{
    struct insn in;

    (void)unused;
    assert_int_equal(decode(UNIT_B, AT(4, 37) | AT(1, 36), 0).imm, -(1 << 24));
    assert_int_equal(decode(UNIT_B, AT(4, 37) | AT(0xfffff, 13), 0).imm, (1 << 24) - 16);
    /* brl.cond: i, imm39, imm20b */
    in = decode(UNIT_X, AT(12, 37) | AT(1, 36), 0);
    assert_int_equal(in.op, OP_BRL_COND);
    assert_true(in.imm == INT64_MIN);
    assert_true(decode(UNIT_X, AT(12, 37), AT(1, 2)).imm == INT64_C(1) << 24);
    assert_true(decode(UNIT_X, AT(12, 37), 3).imm == 0); /* bits {1:0} of the L slot are ignored */
    assert_int_equal(decode(UNIT_X, AT(12, 37), 0).feature, FEAT_LB);
    /* chk.s.m r2: s, imm13c, imm7a */
    in = decode(UNIT_M, AT(1, 37) | AT(1, 33) | AT(1, 20) | AT(9, 13) | AT(1, 6), 0);
    assert_int_equal(in.op, OP_CHK_S_GR);
    assert_int_equal(in.r2, 9);
    assert_int_equal(in.imm, (1 << 11) + 16);
    /* brp.exit.imp target,tag: t2e, timm7a */
    in = decode(UNIT_B, AT(7, 37) | AT(1, 35) | AT(2, 33) | AT(1, 13) | AT(1, 6) | AT(3, 3), 0);
    assert_int_equal(in.op, OP_BRP);
    assert_int_equal(in.imm, 16);
    assert_int_equal(in.tag, -(1 << 12) + 16);
    assert_int_equal(in.ih, 1);
    assert_int_equal(in.wh, 3);
}

static void check(enum isa_unit unit, uint64_t slot, enum isa_result result)
{
    struct insn in;

    assert_int_equal(isa_decode(unit, slot | 33, 0, &in), result);
    if (result != ISA_OK) {
        assert_int_equal(in.op, OP_INVALID);
        assert_int_equal(in.qp, 33);
        assert_null(in.row);
        assert_string_equal(isa_name(&in), "invalid");
    }
}

static void test_reserved(void **unused)
{
    (void)unused;
    check(UNIT_I, AT(1, 37), ISA_RESERVED_QP);
    check(UNIT_I, AT(0xf, 37), ISA_RESERVED_QP);
    check(UNIT_M, AT(2, 37), ISA_RESERVED_QP);
    check(UNIT_F, AT(6, 37), ISA_RESERVED_QP);
    check(UNIT_F, AT(0xe, 37) | AT(1, 36) | AT(1, 34), ISA_RESERVED_QP);
    check(UNIT_B, AT(4, 37) | AT(1, 6), ISA_RESERVED_QP);
    check(UNIT_B, AT(0x20, 27) | AT(2, 6), ISA_RESERVED_QP);
    check(UNIT_X, AT(1, 37), ISA_RESERVED_QP);
    check(UNIT_X, AT(6, 37) | AT(1, 20), ISA_RESERVED_QP); /* movl with vc 1 */
    /* pshladd2 by 4, mux1 of type 1 */
    check(UNIT_M, AT(8, 37) | AT(1, 34) | AT(1, 33) | AT(4, 29) | AT(3, 27), ISA_RESERVED_QP);
    check(UNIT_I, AT(7, 37) | AT(3, 34) | AT(2, 30) | AT(2, 28) | AT(1, 20), ISA_RESERVED_QP);
    check(UNIT_I, AT(0xc, 37) | AT(1, 36) | AT(1, 13), ISA_RESERVED_QP); /* cmp.gt.and of r1, not r0 */
    check(UNIT_B, AT(2, 27), ISA_RESERVED_QP);                           /* cover with a predicate */
}

/* Encodings that the SDM says are ignored execute as nop. */
static void test_ignored(void **unused)
{
    (void)unused;
    assert_int_equal(decode(UNIT_B, AT(1, 27), 0).op, OP_NOP);
    assert_int_equal(decode(UNIT_B, AT(2, 37) | AT(0x3f, 27), 0).op, OP_NOP);
    assert_int_equal(decode(UNIT_B, AT(3, 37), 0).op, OP_NOP);
    assert_int_equal(decode(UNIT_B, AT(6, 37), 0).op, OP_NOP);
    assert_int_equal(decode(UNIT_B, AT(2, 37) | AT(0x10, 27), 0).op, OP_BRP_IND);
}

/* Ignored fields do not keep a row from matching: here all those of mov r1=ip, srlz.i and cover. */
static void test_ignored_fields(void **unused)
{
    (void)unused;
    assert_int_equal(decode(UNIT_I, AT(1, 36) | AT(0x30, 27) | AT(0x3fff, 13), 0).op, OP_MOV_FROM_IP);
    assert_int_equal(decode(UNIT_M, AT(1, 36) | AT(3, 31) | AT(1, 27) | AT(0x1fffff, 6), 0).op, OP_SRLZ_I);
    assert_int_equal(decode(UNIT_B, AT(15, 33) | AT(2, 27) | AT(0x1fffff, 6), 0).op, OP_COVER);
}

static void test_bundles(void **unused)
{
    struct bundle b = {0}, nops = isa_bundle_make(0x11, UINT64_C(0x12345678901) & ISA_SLOT_MASK,
                                                  UINT64_C(0x1fedcba9876), UINT64_C(0x10000000001));
    unsigned valid = 0;

    (void)unused;
    for (unsigned i = 0; i < 32; i++)
        valid += !isa_templates[i].reserved;
    assert_int_equal(valid, 24);
    assert_int_equal(isa_bundle_template(nops)->stops, 4);
    assert_string_equal(isa_bundle_template(nops)->name, ".mib");
    assert_true(isa_bundle_slot(nops, 0) == UINT64_C(0x12345678901) % (ISA_SLOT_MASK + 1));
    assert_true(isa_bundle_slot(nops, 1) == UINT64_C(0x1fedcba9876));
    assert_true(isa_bundle_slot(nops, 2) == UINT64_C(0x10000000001));

    /* the customary nop bundle, nop.m; nop.i; nop.i;; */
    assert_int_equal(isa_asm_bundle("{ .mii nop.m 0 ; nop.i 0 ; nop.i 0 ;; }", &b), 0);
    assert_true(b.lo == UINT64_C(0x0000000100000001) && b.hi == UINT64_C(0x0004000000000200));
    assert_int_equal(isa_asm_bundle(".mlx\n nop.m 0\n movl r1=-1\n", &b), 0);
    assert_true(isa_bundle_slot(b, 1) == ISA_SLOT_MASK);
    assert_int_equal(isa_asm_bundle("{ .mii ;; nop.m 0 ; nop.i 0 ;; nop.i 0 }", &b), 0);
    assert_int_equal(b.lo & 31, 2);
    /* no template has a stop there */
    assert_int_equal(isa_asm_bundle("{ .mii nop.m 0 ;; nop.i 0 ; nop.i 0 }", &b), -EINVAL);
    assert_int_equal(isa_asm_bundle("{ .mii nop.m 0 ; nop.i 0 }", &b), -EINVAL);
    assert_int_equal(isa_asm_bundle("{ .xyz nop.m 0 }", &b), -EINVAL);
    assert_int_equal(isa_asm_bundle("", &b), -EINVAL);
}

static void test_asm_errors(void **unused)
{
    static const char *const bad[] = {
        "", "(p64) nop.m 0", "(p6 nop.m 0", "add r1=r2,r128", "adds r1=8192,r2", "ld8 r1=[r2],256",
        "add r1=r2,r3,2", "nop.m", "nop.m 0,0", "fetchadd8.acq r1=[r2],2", "mov ar.nothing=r1",
        "ld8.nt1.nt1 r1=[r2]", "br.cond.sptk.few .+8", "(p1) flushrs", "alloc r1=ar.pfs,100,100,0,0",
    };
    uint64_t slot, lslot;

    (void)unused;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(isa_asm(bad[i], UNIT_M, &slot, &lslot), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers),     cmocka_unit_test(test_memory_attributes),
        cmocka_unit_test(test_immediates),    cmocka_unit_test(test_bit_fields),
        cmocka_unit_test(test_displacements), cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_ignored),       cmocka_unit_test(test_ignored_fields),
        cmocka_unit_test(test_bundles),       cmocka_unit_test(test_asm_errors),
    };

    return cmocka_run_group_tests_name("isa decoder", tests, NULL, NULL);
}
