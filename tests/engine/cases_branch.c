/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Branches and register rotation (SDM 1:73, 4.5; Vol.3, br). */
#include "tests/engine/harness.h"

/* sof 80, sol 40, sor 16: r32-r47 rotate */
#define CFM_ROT "cfm=0x9450 "

/* A function that adds r11 to the bundle behind its call, so that "mov r8=imm" has one more each time. */
#define PATCH_RETURN                                                                                     \
    "br.call.sptk.few b0=.+64\nmov r8=1\nbr.cloop.sptk.few .-32\nbr.cond.sptk.few .+144\n"               \
    "ld8 r10=[r9]\nadd r10=r10,r11\nst8 [r9]=r10\nfc r9\nsync.i\nsrlz.i\nmov r10=r0\n"                 \
    "br.ret.sptk.few b0"
/* The inner function returns for the outer one, too. */
#define RETURN_TWICE                                                                                     \
    "br.call.sptk.few b0=.+64\nadds r8=1,r8\nbr.cloop.sptk.few .-32\nbr.cond.sptk.few .+128\n"           \
    "mov r14=b0\nmov.i r15=ar.pfs\nbr.call.sptk.few b0=.+32\nadds r8=64,r8\nmov b0=r14\n"              \
    "mov.i ar.pfs=r15\nbr.ret.sptk.few b0"

static const struct engine_case cases[] = {
    {.code = PATCH_RETURN, .in = "cfm=0x1429 r9=@0x10 r11=0x40000 lc=9 r10=0",
     .out = "r8=11 b0=@0x10 pfs=0x1429 lc=0", .flags = CASE_NO_OFF},
    {.code = RETURN_TWICE, .in = "cfm=0x1429 r8=0 lc=9", .flags = CASE_NO_OFF,
     .out = "r8=10 r14=@0x10 r15=0x1429 b0=@0x10 pfs=0x1429 lc=0"},
    {.code = "br.cond.sptk.few .+32\nmov r8=1\nmov r9=2", .out = "r9=2"},
    {.code = "(p6) br.cond.sptk.few .+32\nmov r8=1\nmov r9=2", .in = "p6=0", .out = "r8=1 r9=2"},
    {.code = "(p6) br.cond.sptk.few .+32\nmov r8=1\nmov r9=2", .in = "p6=1", .out = "r9=2"},
    {.code = "brl.cond.sptk.few .+32\nmov r8=1\nmov r9=2", .out = "r9=2"},
    /* the target is the bundle, whatever {3:0} of the branch register are */
    {.code = "br.cond.sptk.few b6\nmov r8=1\nmov r9=2", .in = "b6=@0x2b", .out = "r9=2"},
    {.code = "(p6) br.cond.sptk.few b6\nmov r8=1", .in = "b6=@0x2b", .out = "r8=1"},
    /* backwards: a loop by hand */
    {.code = "adds r8=1,r8\ncmp.lt p6,p7=r8,r9\n(p6) br.cond.sptk.few .-32", .in = "r8=0 r9=1000",
     .out = "r8=1000 p7=1"},
    {.code = "add r8=r9,r8\nbr.cloop.sptk.few .-16", .in = "r8=0 r9=3 lc=9", .out = "r8=30 lc=0"},
    {.code = "br.cloop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = "lc=0", .out = "r8=1 r9=2"},
    {.code = "br.cloop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = "lc=-1", .out = "r9=2 lc=-2"},
    /* counted branches are legal in slot 2 only */
    {.code = "{ .mbb nop.m 0 ; br.cloop.sptk.few .+32 ; nop.b 0 ;; }\nmov r8=1", .in = "lc=5",
     .vector = VEC_GENERAL,
     .slot = 1},
    {.code = "(p6) br.ia.sptk.few b6", .vector = VEC_GENERAL},
    {.code = "br.ia.sptk.few b6", .vector = VEC_GENERAL, .isr = GE_DISABLED_ISA},
    {.code = "brp.sptk .+32,.+32\nmov r8=1", .out = "r8=1"},

    /* br.call: the return link, PFS (with EC and cpl), a frame of the outputs */
    {.code = "br.call.sptk.few b0=.+32\nmov r8=1\nmov r9=2", .in = "ec=5",
     .out = "b0=@0x10 pfs=0x50000000001450 frame+=40 cfm=40 bsp=0x200140 r9=2"},
    {.code = "brl.call.sptk.few b7=.+32\nmov r8=1\nmov r9=2", .in = "ec=5 psr+=0x300000000",
     .out = "b7=@0x10 pfs=0xc050000000001450 frame+=40 cfm=40 bsp=0x200140 r9=2"},
    {.code = "(p6) br.call.sptk.few b0=.+32\nmov r8=1", .out = "r8=1"},
    /* b1 and b2 may be one register: the old value is the target */
    {.code = "br.call.sptk.few b6=b6\nmov r8=1\nmov r9=2", .in = "b6=@0x20",
     .out = "b6=@0x10 pfs=0x1450 frame+=40 cfm=40 bsp=0x200140 r9=2"},
    /* a NaT travels with its register; outputs are the callee's r32 and on */
    {.code = "br.call.sptk.few b0=.+16\nadds r33=1,r32", .in = "r72=5!",
     .out = "b0=@0x10 pfs=0x1450 frame+=40 cfm=40 bsp=0x200140 r33=0!"},
    /* call and return */
    {.code = "br.call.sptk.few b0=.+32\nbr.cond.sptk.few .+48\nalloc r34=ar.pfs,4,3,0,0\nbr.ret.sptk.few b0",
     .in = "ec=5 r72=0x72", .out = "b0=@0x10 pfs=0x50000000001450 r74=0x50000000001450"},
    {.code = "br.call.sptk.few b0=.+32\nbr.cond.sptk.few .+48\nmov.i ar.ec=1\nbr.ret.sptk.few b0",
     .in = "ec=5 psr+=0x200000000", .out = "b0=@0x10 pfs=0x8050000000001450"},
    {.code = "(p6) br.ret.sptk.few b0\nmov r8=1", .out = "r8=1"},
    /* a return to a lower level: ppl 3 at cpl 0 */
    {.code = "br.ret.sptk.few b0\nmov r8=1\nmov r9=2", .in = "b0=@0x20 pfs=0xc000000000000050",
     .out = "psr+=0x300000000 ec=0 cfm=0x50 r9=2"},
    /* ppl 0 at cpl 3 raises nothing */
    {.code = "br.ret.sptk.few b0\nmov r8=1\nmov r9=2", .in = "b0=@0x20 pfs=0x50 psr+=0x300000000",
     .out = "ec=0 cfm=0x50 r9=2"},

    /* br.ctop: kernel iterations count lc, epilogue ones ec */
    {.code = "br.ctop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "lc=3 ec=2 r47=7 f127=1.5 p17=1",
     .out = "lc=2 p63=1 rotate=1 r9=2"},
    {.code = "br.ctop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "lc=0 ec=2 p63=1",
     .out = "ec=1 p63=0 rotate=1 r9=2"},
    {.code = "br.ctop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "lc=0 ec=1 p63=1",
     .out = "ec=0 p63=0 rotate=1 r8=1 r9=2"},
    {.code = "br.ctop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "lc=0 ec=0 p63=1",
     .out = "p63=0 r8=1 r9=2"},
    {.code = "br.cexit.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "lc=3 ec=2",
     .out = "lc=2 p63=1 rotate=1 r8=1 r9=2"},
    {.code = "br.cexit.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "lc=0 ec=1",
     .out = "ec=0 rotate=1 r9=2"},
    {.code = "br.cexit.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "lc=0 ec=0", .out = "r9=2"},
    /* br.wtop: the kernel lasts while the predicate is 1 */
    {.code = "(p6) br.wtop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "ec=0 p6=1 p63=1",
     .out = "p63=0 rotate=1 r9=2"},
    {.code = "(p6) br.wtop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "ec=2",
     .out = "ec=1 rotate=1 r9=2"},
    {.code = "(p6) br.wtop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "ec=1",
     .out = "ec=0 rotate=1 r8=1 r9=2"},
    {.code = "(p6) br.wtop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "ec=0 p63=1",
     .out = "p63=0 r8=1 r9=2"},
    {.code = "(p6) br.wexit.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "ec=0 p6=1",
     .out = "rotate=1 r8=1 r9=2"},
    {.code = "(p6) br.wexit.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "ec=1",
     .out = "ec=0 rotate=1 r9=2"},
    {.code = "br.wtop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "ec=0", .out = "rotate=1 r9=2"},
    /* the stage predicate of a rotating one: p16 before is p17 after */
    {.code = "(p17) br.wtop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = CFM_ROT "ec=0 p17=1",
     .out = "rotate=1 r9=2"},
    /* no rotating general registers: the other files rotate all the same */
    {.code = "br.ctop.sptk.few .+32\nmov r8=1\nmov r9=2", .in = "lc=3 r32=5 f32=1.5 p16=1",
     .out = "lc=2 p63=1 rotate=1 r9=2"},
    /* a NaT rotates with its register, and targets name registers after rotation */
    {.code = "br.ctop.sptk.few .+16\nmov r9=r33\nadds r33=1,r34", .in = CFM_ROT "lc=1 r32=5! r33=6",
     .out = "lc=0 p63=1 rotate=1 r9=0! r33=7"},
    /* a pipelined loop: stage 1 adds into r32, stage 2 sums r33 up; 100 iterations of i */
    {.code = "(p16) adds r32=1,r10\n(p16) adds r10=1,r10\n(p17) add r11=r11,r33\nbr.ctop.sptk.few .-48",
     .in = CFM_ROT "r10=0 r11=0 lc=99 ec=2 p16=1",
     /*
      * value i is written i - 1 rotations after the first; 102 - i rotations follow; the last two
      * predicates are 0
      */
     .out = "r10=100 r11=5050 lc=0 ec=0 rotate=101 pr=0xfffffffffffc0001 r32=86 r33=85 r34=100 r35=99 r36=98 "
            "r37=97 r38=96 r39=95 r40=94 r41=93 r42=92 r43=91 r44=90 r45=89 r46=88 r47=87"},
    /* more rotations than fit into the sliding window at once */
    {.code = "br.ctop.sptk.few .+0", .in = CFM_ROT "lc=5000 ec=1 r35=9 f40=2.5",
     .out = "lc=0 ec=0 rotate=5001 pr=0xfffffffffffe0001"},
    {.code = "clrrrb", .in = CFM_ROT},
    /*
     * without rrb every register has its first name again: pr16, once pr18, and the two stage bits at the
     * top
     */
    {.code = "br.ctop.sptk.few .+16\nbr.ctop.sptk.few .+16\nclrrrb",
     .in = CFM_ROT "lc=5 r32=5 r47=9 f32=1.5 pr=0x10001",
     .out = "lc=3 pr=0xc000000000010001"},
    {.code = "br.ctop.sptk.few .+16\nbr.ctop.sptk.few .+16\nclrrrb.pr",
     .in = CFM_ROT "lc=5 r32=5 r47=9 f32=1.5 pr=0x10001",
     .out = "lc=3 rotate=2 cfm=0xbc389450 pr=0xc000000000010001"},
};

const struct engine_table table_branch = {"branch", cases, sizeof(cases) / sizeof(*cases)};
