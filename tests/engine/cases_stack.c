/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The register stack (SDM Vol.2 chapter 6; Vol.3, alloc, cover, flushrs, loadrs, br.call, br.ret). */
#include "tests/engine/harness.h"

/*
 * Counts r72 down to 0 by recursion and sums up: r8 := 0 + 1 + ... + n; frames of 20 registers and one
 * output.
 */
#define RECURSION                                                                                        \
    "br.call.sptk.few b0=.+32\nbr.cond.sptk.few .+176\n"                                                 \
    "alloc r33=ar.pfs,1,19,1,0\nmov r34=b0\ncmp.eq p6,p7=0,r32\n(p6) br.cond.sptk.few .+48\n"            \
    "adds r52=-1,r32\nbr.call.sptk.few b0=.-80\nadd r8=r32,r8\nmov b0=r34\nmov.i ar.pfs=r33\n"           \
    "br.ret.sptk.few b0"

/* The same with eight rotating registers in every frame, as they are, and one step on before the next call. */
#define RECURSION_SOR                                                                                    \
    "br.call.sptk.few b0=.+32\nbr.cond.sptk.few .+176\n"                                                 \
    "alloc r41=ar.pfs,1,19,1,8\nmov r42=b0\ncmp.eq p6,p7=0,r32\n(p6) br.cond.sptk.few .+48\n"            \
    "adds r52=-1,r32\nbr.call.sptk.few b0=.-80\nadd r8=r32,r8\nmov b0=r42\nmov.i ar.pfs=r41\n"           \
    "br.ret.sptk.few b0"
#define RECURSION_ROTATED                                                                                \
    "br.call.sptk.few b0=.+32\nbr.cond.sptk.few .+208\n"                                                 \
    "alloc r41=ar.pfs,1,19,1,8\nmov r42=b0\ncmp.eq p6,p7=0,r32\nadds r52=-1,r32\nmov.i ar.lc=1\n"        \
    "br.ctop.sptk.few .+16\n(p6) br.cond.sptk.few .+32\nbr.call.sptk.few b0=.-112\nadd r8=r33,r8\n"      \
    "mov b0=r42\nmov.i ar.pfs=r41\nbr.ret.sptk.few b0"

/* A call of a function whose registers rotate three times and then have new values: its first ones are the caller's outputs. */
#define OUTPUTS_ROTATED                                                                                  \
    "br.call.sptk.few b0=.+32\nbr.cond.sptk.few .+144\n"                                                 \
    "alloc r48=ar.pfs,8,16,0,16\nmov.i ar.lc=3\nbr.ctop.sptk.few .+16\nbr.ctop.sptk.few .+16\n"          \
    "br.ctop.sptk.few .+16\nmov r35=5\nmov r38=7\nbr.ret.sptk.few b0"

static const struct engine_case cases[] = {
    /* the old PFS, a new size; what was in the frame stays */
    {.code = "alloc r33=ar.pfs,4,36,8,0", .in = "pfs=0x1429", .out = "r33=0x1429 cfm=0x1430"},
    {.code = "alloc r8=ar.pfs,0,0,0,0", .in = "pfs=0x1429", .out = "r8=0x1429 cfm=0"},
    {.code = "alloc r127=ar.pfs,96,0,0,0", .in = "pfs=5", .out = "cfm=0x3060 r127=5"},
    {.code = "alloc r33=ar.pfs,4,36,8,16", .in = "pfs=0x1429 r47=5", .out = "r33=0x1429 cfm=0x9430"},
    {.code = "alloc r33=ar.pfs,4,36,8,16\nbr.ctop.sptk.few .+16\nmov r35=r33",
     .in = "pfs=0x1429 r32=9 r47=5 lc=1",
     .out = "r33=0x1429 cfm=0x9430 lc=0 p63=1 rotate=1 r35=9"},
    /* the target is looked for in the new frame, and r0 is none */
    {.code = "alloc r40=ar.pfs,0,8,0,0", .vector = VEC_GENERAL},
    {.code = "alloc r0=ar.pfs,0,8,0,0", .vector = VEC_GENERAL},
    {.code = "alloc r39=ar.pfs,0,8,0,0\nmov r40=r0", .in = "pfs=0", .out = "r39=0 cfm=0x408",
     .vector = VEC_GENERAL,
     .at = 1},
    {.code = "alloc r39=ar.pfs,0,8,0,0\nmov r39=5", .out = "r39=5 cfm=0x408"},
    /* a frame of ten: what lies before the first instruction that needs more is done, and off it needs nothing */
    {.code = "mov r33=5\nmov r41=6\nmov r42=7", .in = "cfm=0xa", .out = "r33=5 r41=6", .vector = VEC_GENERAL, .at = 2},
    {.code = "mov r33=5\n(p6) mov r60=6\nmov r34=7", .in = "cfm=0xa", .out = "r33=5 r34=7"},
    /* sor may not change while a base is not 0 */
    {.code = "alloc r32=ar.pfs,0,16,0,8", .in = "cfm=0x2001450", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "alloc r32=ar.pfs,0,16,0,0", .in = "cfm=0x2001450", .out = "r32=0 cfm=0x2000810"},

    /* cover: everything joins the dirty registers. With psr.ic = 1 IFS stays */
    {.code = "cover", .out = "cfm=0 bsp=0x200288"},
    {.code = "cover\nmov.m r8=ar.bsp\nmov.m r9=ar.bspstore", .in = "cfm=0x3f",
     .out = "cfm=0 bsp=0x200200 r8=0x200200 r9=0x200000"},
    {.code = "cover\nflushrs", .out = "stored=80 cfm=0 bsp=0x200288 bspstore=0x200288"},
    {.code = "cover\nflushrs", .in = "r32=1 r40=2! r94=3! r95=4! r97=5!",
     .out = "stored=80 cfm=0 bsp=0x200288 bspstore=0x200288"},
    {.code = "flushrs"},
    {.code = "cover\nflushrs\nmov.m ar.rsc=r9\nloadrs\nmov.i ar.pfs=r10\nbr.ret.sptk.few b0\nmov r8=1",
     .in = "r9=0x2880000 r10=0x2850 b0=@0x60 r40=2! r97=5!",
     .out = "stored=80 r8=1 rsc=0x2880000 pfs=0x2850 ec=0 cfm=0x2850 bsp=0x200000 bspstore=0x200000",
     .flags = CASE_STORE},
    /* loadrs with a frame: only with nothing to load; never in the eager modes */
    {.code = "loadrs", .in = "rsc=0x80000", .vector = VEC_GENERAL},
    {.code = "loadrs"},
    {.code = "loadrs", .in = "rsc=1", .vector = VEC_GENERAL},
    {.code = "cover\nloadrs", .out = "cfm=0 bsp=0x200288 bspstore=0x200288", .flags = CASE_STORE},
    {.code = "mov.m ar.bspstore=r9\nmov.m r8=ar.bsp", .in = "r9=0x2001f0",
     .out = "bspstore=0x2001f0 bsp=0x2001f0 r8=0x2001f0"},
    {.code = "cover\nmov.m ar.bspstore=r9", .in = "r9=0x200400",
     .out = "cfm=0 bspstore=0x200400 bsp=0x200688",
     .flags = CASE_STORE},

    /*
     * more registers than there are: mandatory stores on the way down, loads on the way up; NaTs survive
     * both
     */
    {.code = RECURSION, .in = "cfm=0x1429 r72=3 r8=0", .out = "r8=6 b0=@0x10 pfs=0x1429 p6=1",
     .flags = CASE_STORE},
    {.code = RECURSION, .in = "cfm=0x1429 r72=100 r8=0 r40=7! r32=11",
     .out = "r8=5050 b0=@0x10 pfs=0x1429 p6=1",
     .flags = CASE_STORE},
    {.code = RECURSION, .in = "cfm=0x1429 r72=1000 r8=0 psr+=0x300000000",
     .out = "r8=500500 b0=@0x10 pfs=0xc000000000001429 p6=1", .flags = CASE_STORE},
    {.code = RECURSION_SOR, .in = "cfm=0x1429 r72=3 r8=0", .out = "r8=6 b0=@0x10 pfs=0x1429 p6=1",
     .flags = CASE_STORE},
    {.code = RECURSION_SOR, .in = "cfm=0x1429 r72=1000 r8=0 r40=7! r32=11",
     .out = "r8=500500 b0=@0x10 pfs=0x1429 p6=1", .flags = CASE_STORE},
    {.code = RECURSION_ROTATED, .in = "cfm=0x1429 r72=3 r8=0",
     .out = "r8=6 b0=@0x10 pfs=0x1429 p6=1 p63=1 lc=0", .flags = CASE_STORE},
    {.code = RECURSION_ROTATED, .in = "cfm=0x1429 r72=1000 r8=0 r40=7! r32=11 f40=1.5",
     .out = "r8=500500 b0=@0x10 pfs=0x1429 p6=1 p63=1 lc=0", .flags = CASE_STORE},
    /* registers that rotated are found by physical number after the return: rrb.gr was 13 */
    {.code = OUTPUTS_ROTATED, .in = "cfm=0x1430 r72=1 r74=2 r79=3",
     .out = "r72=5 r75=7 lc=0 p61=1 p62=1 p63=1 b0=@0x10 pfs=0x1430"},
    /* the same with more outputs than registers that rotated, and with none */
    {.code = OUTPUTS_ROTATED, .in = "cfm=0x1444 r72=1 r74=2 r85=3 r87=4 r99=6",
     .out = "r72=5 r75=7 r88=0x1444 lc=0 p61=1 p62=1 p63=1 b0=@0x10 pfs=0x1444"},
    {.code = OUTPUTS_ROTATED, .in = "cfm=0x1428 r71=1", .out = "lc=0 p61=1 p62=1 p63=1 b0=@0x10 pfs=0x1428"},

    /* PFS has only valid frames (SDM Vol.2 3.3.4.3) */
    {.code = "mov.i ar.pfs=r9", .in = "r9=0xc3f0000000003060", .out = "pfs=0xc3f0000000003060"},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0xc3f0002fbf7f3060", .out = "pfs=0xc3f0002fbf7f3060"},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0x61", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0x488", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0xc07", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0x8007", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0x4000000000", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0x400000000000000", .vector = VEC_GENERAL, .isr = GE_RESERVED},
};

const struct engine_table table_stack = {"stack", cases, sizeof(cases) / sizeof(*cases)};
