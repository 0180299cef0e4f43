/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System instructions (SDM Vol.2; Vol.3): psr, control and indexed registers, translations, privilege. */
#include "tests/engine/harness.h"

#define CPL3 "psr+=0x300000000 "
/* Inserts what r11 says at r9 with itir r10 as DTR 0, with psr.ic = 0; then translation on. */
#define INSERT                                                             \
    "rsm 0x2000\nsrlz.d\nmov cr.ifa=r9\nmov cr.itir=r10\nitr.d dtr[r0]=r11\n" \
    "srlz.d\nssm 0x22000\nsrlz.d\n"

static const struct engine_case cases[] = {
    /* psr */
    {.code = "sum 0x8", .out = "psr+=8"},
    {.code = "rum 0x8", .in = "psr+=8", .out = "psr-=8"},
    {.code = "sum 0x40", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "sum 0x4", .in = CPL3, .out = "psr+=4"},
    {.code = "sum 0x4", .in = "psr+=0x100000"},
    {.code = "mov psr.um=r9", .in = "r9=0x8 psr+=0x10", .out = "psr+=8 psr-=0x10"},
    {.code = "mov psr.um=r9", .in = "r9=0x40", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov psr.um=r9", .in = "r9=0!", .vector = VEC_NAT, .isr = 0x10},
    {.code = "mov r8=psr.um", .in = "psr+=0x1a " CPL3, .out = "r8=0x1a"},
    {.code = "ssm 0x4000", .out = "psr+=0x4000"},
    {.code = "ssm 0x4000", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "rsm 0x4008", .in = "psr+=0x4008", .out = "psr-=0x4008"},
    {.code = "ssm 0x40", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "ssm 0x40", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "rsm 0x2000\nmov r8=psr\nssm 0x2000", .out = "r8=0", .flags = CASE_NO_CAREFUL},
    {.code = "mov psr.l=r9", .in = "r9=0x2018", .out = "psr+=0x18", .flags = CASE_NO_CAREFUL},
    {.code = "mov psr.l=r9", .in = "r9=0x12000", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov psr.l=r9", .in = CPL3 "r9=5!", .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "mov psr.l=r9", .in = "r9=5!", .vector = VEC_NAT, .isr = 0x10},
    {.code = "mov r8=psr", .in = "psr+=0x100000000018", .out = "r8=0x2018", .flags = CASE_NO_CAREFUL},
    {.code = "mov r8=psr", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "mov r0=psr", .in = CPL3, .vector = VEC_GENERAL},
    /* after rum of mfl a write sets it again; big-endian and disabled registers at once */
    {.code = "rum 0x10\nfmerge.s f8=f9,f9", .in = "f9=1.5", .out = "f8=1.5"},
    {.code = "fmerge.s f8=f9,f9\nrum 0x10\nfmerge.s f10=f9,f9", .in = "f9=1.5", .out = "f8=1.5 f10=1.5"},
    {.code = "fmerge.s f8=f9,f9\nrum 0x10", .in = "f9=1.5", .out = "f8=1.5 psr-=0x10"},
    {.code = "sum 2\nld8 r8=[r9]\nrum 2\nld8 r10=[r9]", .in = "r9=0x100008 m0x100008=1",
     .out = "r8=0x0100000000000000 r10=1"},
    {.code = "ssm 0x40000\nfmerge.s f8=f9,f9", .out = "psr+=0x40000", .vector = VEC_DISABLED_FP, .isr = 1,
     .at = 1},
    {.code = "sum 8\nld8 r8=[r9]", .in = "r9=0x100001", .out = "psr+=8", .vector = VEC_UNALIGNED,
     .isr = 0x400000000, .at = 1},
    {.code = "srlz.i\nsrlz.d", .in = CPL3},

    /* banks */
    {.code = "bsw.1\nmov r16=5\nbsw.0\nmov r17=6\nbsw.1", .in = "r16=1 r17=2 r31=3",
     .out = "psr+=0x100000000000 r16=5 r17=0 r18=0 r19=0 r20=0 r21=0 r22=0 r23=0 r24=0 r25=0 r26=0 r27=0 "
            "r28=0 r29=0 r30=0 r31=0",
     .flags = CASE_NO_NAT},
    {.code = "bsw.1\nmov r16=5\nbsw.0", .in = "r16=1! r17=2 r31=3", .flags = CASE_NO_NAT},
    {.code = "bsw.0", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "vmsw.0", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "vmsw.1", .vector = VEC_VIRT},
    {.code = "rfi", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "epc", .in = CPL3 "pfs=0xc000000000000000", .out = "psr-=0x300000000"},
    {.code = "epc", .in = CPL3 "pfs=0x8000000000000000", .vector = VEC_GENERAL},

    /* control registers */
    {.code = "mov cr.itm=r9\nmov r8=cr.itm", .in = "r9=0x7000000000000000",
     .out = "cr1=0x7000000000000000 r8=0x7000000000000000"},
    {.code = "mov cr.itm=r9", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "mov cr.itm=r9", .in = "r9=5!", .vector = VEC_NAT, .isr = 0x10},
    {.code = "mov r8=cr.iva", .out = "r8=0x40000"},
    {.code = "mov r8=cr.iva", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "mov r0=cr.iva", .in = CPL3, .vector = VEC_GENERAL},
    /* those of interruptions: not while they are collected */
    {.code = "mov r8=cr.ifa", .vector = VEC_GENERAL},
    {.code = "mov r8=cr.ifa", .in = CPL3, .vector = VEC_GENERAL},
    {.code = "mov cr.ifa=r9", .vector = VEC_GENERAL},
    {.code = "rsm 0x2000\nmov cr.ifa=r9\nmov r8=cr.ifa\nssm 0x2000", .in = "r9=0x123", .out = "r8=0x123"},
    /* reserved and read-only ones, reserved fields */
    {.code = "mov r8=cr5", .vector = VEC_GENERAL},
    {.code = "mov cr.ivr=r9", .vector = VEC_GENERAL},
    {.code = "mov cr.irr0=r9", .vector = VEC_GENERAL},
    {.code = "mov cr.tpr=r9", .in = "r9=0x100", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov cr.tpr=r9\nmov r8=cr.tpr", .in = "r9=0x100f0", .out = "cr66=0x100f0 r8=0x100f0"},
    {.code = "mov r8=cr.ivr", .out = "r8=15"},

    /* indexed registers */
    {.code = "mov rr[r9]=r10\nmov r8=rr[r9]\nmov rr[r9]=r11",
     .in = "r9=0x2000000000000000 r10=0x12340 r11=0x30", .out = "r8=0x12340"},
    {.code = "mov rr[r9]=r10", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "mov rr[r9]=r10", .in = "r9=0 r10=2", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov rr[r9]=r10", .in = "r9=0! r10=0x30", .vector = VEC_NAT, .isr = 0x10},
    {.code = "mov r8=cpuid[r9]", .in = CPL3 "r9=0", .out = "r8=0x49656e69756e6547"},
    {.code = "mov r8=cpuid[r9]", .in = "r9=5", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov pkr[r9]=r10\nmov r8=pkr[r9]", .in = "r9=3 r10=0x12301", .out = "r8=0x12301"},
    {.code = "mov dbr[r9]=r10\nmov r8=dbr[r9]", .in = "r9=2 r10=0x12345", .out = "r8=0x12345"},
    {.code = "mov r8=ibr[r9]", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "mov r8=pmd[r9]", .in = CPL3 "r9=4 psr+=0x100000", .out = "r8=0"},
    {.code = "mov.m r8=ar.itc", .in = CPL3 "psr+=0x800000", .vector = VEC_GENERAL, .isr = GE_PRIV_REG},
    {.code = "mov.m r8=ar.itc\nmov.m r9=ar.itc\ncmp.ltu p6,p7=r8,r9\nmov r8=0\nmov r9=0",
     .out = "r8=0 r9=0 p6=1"},

    /* translations: only with psr.ic = 0, only at level 0 */
    {.code = "itc.d r9", .vector = VEC_GENERAL},
    {.code = "itr.i itr[r9]=r10", .in = CPL3, .vector = VEC_GENERAL},
    {.code = "ptc.l r9,r10", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "ptc.l r9,r10", .in = "r9=0x2000 r10=0x30!", .vector = VEC_NAT, .isr = 0x10},
    {.code = "ptc.e r9", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "ptr.d r9,r10\nptr.i r9,r10\nptc.l r9,r10\nptc.g r9,r10\nptc.ga r9,r10\nptc.e r9",
     .in = "r9=0x2000 r10=0x30"},
    {.code = "thash r8=r9", .in = CPL3 "r9=0x2000!", .out = "r8=0!"},
    {.code = "ttag r8=r9", .in = "r9=0x2000!", .out = "r8=0!"},
    {.code = "tpa r8=r9", .in = CPL3, .vector = VEC_GENERAL, .isr = GE_PRIV_OP},
    {.code = "tpa r8=r9", .in = "r9=5!", .vector = VEC_NAT, .isr = 0x800000010},
    {.code = "tak r8=r9", .in = "r9=5!", .vector = VEC_NAT, .isr = 0x800000013},
    {.code = "probe.r r8=r9,r10", .in = "r9=5 r10=3!", .vector = VEC_NAT, .isr = 0xc00000012},
    {.code = "probe.w r8=r9,0", .in = "r9=5!", .vector = VEC_NAT, .isr = 0xa00000012},
    {.code = "probe.rw.fault r9,0", .in = "r9=5!", .vector = VEC_NAT, .isr = 0xe00000015},

    /* a page of region 1 over the data: 0x661 is present, accessed, dirty, level 0, rights 3 (all) */
    {.code = INSERT "ld8 r8=[r9]\nst8 [r9]=r0\nrsm 0x20000\nsrlz.d",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100661 m0x100008=77", .out = "r8=77 m0x100008=0"},
    /* tpa, tak, probes; the key of 0x12330 is 0x123 */
    {.code = INSERT "tpa r8=r9\ntak r12=r9\nprobe.r r13=r9,3\nprobe.w r14=r9,0\nrsm 0x20000\nsrlz.d",
     .in = "r9=0x2000000000004008 r10=0x12330 r11=0x100661", .out = "r8=0x100008 r12=0x12300 r13=0 r14=1"},
    /* read only (rights 0): a store and a probe with fault */
    {.code = INSERT "ld8 r8=[r9]\nst8 [r9]=r0",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100061 m0x100008=77",
     .out = "r8=77 psr+=0x20000", .vector = 0x5300, .isr = 0x200000000, .at = 9},
    {.code = INSERT "probe.w.fault r9,0", .in = "r9=0x2000000000004008 r10=0x30 r11=0x100061",
     .out = "psr+=0x20000", .vector = 0x5300, .isr = 0xa00000005, .at = 8},
    /* dirty and accessed bits */
    {.code = INSERT "ld8 r8=[r9]\nst8 [r9]=r0",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100621 m0x100008=77",
     .out = "r8=77 psr+=0x20000", .vector = 0x2000, .isr = 0x200000000, .at = 9},
    {.code = INSERT "ld8 r8=[r9]", .in = "r9=0x2000000000004008 r10=0x30 r11=0x100641", .out = "psr+=0x20000",
     .vector = 0x2800, .isr = 0x400000000, .at = 8},
    /* no translation: alternate TLB; purged */
    {.code = INSERT "ld8 r8=[r12]",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100661 r12=0x2000000000008000",
     .out = "psr+=0x20000", .vector = 0x1000, .isr = 0x400000000, .at = 8},
    {.code = INSERT "ld8 r8=[r9]\nptr.d r9,r10\nsrlz.d\nld8 r12=[r9]",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100661 m0x100008=77", .out = "r8=77 psr+=0x20000",
     .vector = 0x1000,
     .isr = 0x400000000, .at = 11},
    /*
     * speculative load: here it works; without a translation it faults unless dcr.dm and the code page
     * allow deferral
     */
    {.code = INSERT "ld8.s r8=[r9]\nld8.s r13=[r14]\nrsm 0x20000\nsrlz.d",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100661 m0x100008=77 r14=0!", .out = "r8=77 r13=0!"},
    {.code = INSERT "ld8.s r8=[r9]\nld8.s r15=[r9],8\nld4.sa r2=[r9]\nchk.a.nc r2,.+32\nld2.s r3=[r9]\n"
                    "rsm 0x20000\nsrlz.d",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100661 m0x100008=77 m0x100010=0x1234567887654321",
     .out = "r8=77 r15=77 r9=0x2000000000004010 r2=0x87654321 r3=0x4321"},
    {.code = INSERT "ld8.s r8=[r9]\nld8.s r8=[r12]",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100661 r12=0x2000000000008000 m0x100008=77",
     .out = "r8=77 psr+=0x20000", .vector = 0x1000, .isr = 0x1400000000, .at = 9},
    {.code = INSERT "ld8.s r8=[r12]",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100661 r12=0x2000000000008000",
     .out = "psr+=0x20000", .vector = 0x1000, .isr = 0x1400000000, .at = 8},
    /* another address space: rid 0 is what the page was inserted for */
    {.code = INSERT "ld8 r8=[r9]\nmov rr[r9]=r12\nsrlz.d\nld8 r13=[r9]",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100661 r12=0x530 m0x100008=77", .out = "r8=77 psr+=0x20000",
     .vector = 0x1000, .isr = 0x400000000, .at = 11},
    /* privilege: level 3 cannot read a page of level 0 */
    {.code = INSERT "br.ret.sptk.few b0\nld8 r8=[r9]",
     .in = "r9=0x2000000000004008 r10=0x30 r11=0x100661 b0=@0x90 pfs=0xc000000000000050",
     .out = "psr+=0x300020000 ec=0 cfm=0x50", .vector = 0x5300, .isr = 0x400000000, .at = 9},

    /* traps */
    {.code = "br.cond.sptk.few .+32\nmov r8=1\nmov r9=2", .in = "psr+=0x4000000", .flags = CASE_TRAP,
     .vector = VEC_TAKEN,
     .isr = 4, .at = 2},
    {.code = "mov r8=1\nmov r9=2", .in = "psr+=0x10000000000", .out = "r8=1",
     .flags = CASE_TRAP | CASE_NO_OFF,
     .vector = VEC_STEP, .isr = 8},
    {.code = "br.ret.sptk.few b0\nmov r8=1", .in = "b0=@0x10 pfs=0xc000000000000050 psr+=0x2000000",
     .out = "psr+=0x300000000 ec=0 cfm=0x50", .flags = CASE_TRAP,
     .vector = VEC_LOWER_PRIV, .isr = 2, .at = 1},
    {.code = "br.ret.sptk.few b0\nmov r8=1", .in = "b0=@0x10 pfs=0xc000000000000050 psr+=0x202000000",
     .out = "psr+=0x100000000 ec=0 cfm=0x50", .flags = CASE_TRAP | CASE_NO_OFF,
     .vector = VEC_LOWER_PRIV, .isr = 2, .at = 1},
    /* from level 3 there is no way down, but to 0 and back */
    {.code = "br.ret.sptk.few b0\nmov r8=1\nmov r9=2", .in = "b0=@0x20 pfs=0xc000000000000050 psr+=0x302000000",
     .out = "r9=2 ec=0 cfm=0x50", .flags = CASE_NO_OFF},
    {.code = "mov r8=1\nepc\nbr.ret.sptk.few b0\nmov r9=1", .in = "b0=@0x30 pfs=0xc000000000000050 psr+=0x302000000",
     .out = "r8=1 ec=0 cfm=0x50", .flags = CASE_TRAP | CASE_NO_OFF,
     .vector = VEC_LOWER_PRIV, .isr = 2, .at = 3, .trapped = 2},
};

const struct engine_table table_system = {"system", cases, sizeof(cases) / sizeof(*cases)};
