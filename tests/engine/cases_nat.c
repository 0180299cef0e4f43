/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control and data speculation (SDM 1:65, 4.4.4; Vol.3, ld, chk, invala). In physical mode ld.s always
 * gives NaT.
 */
#include "tests/engine/harness.h"

static const struct engine_case cases[] = {
    {.code = "ld8.s r8=[r9]", .in = "r9=0x100008 m0x100008=77", .out = "r8=0!"},
    {.code = "ld8.s r8=[r9],8", .in = "r9=0x100008 m0x100008=77", .out = "r8=0! r9=0x100010"},
    {.code = "ld8.s r8=[r9],8", .in = "r9=0x100008!", .out = "r8=0!"},
    {.code = "ld8.s r8=[r9],r10", .in = "r9=0x100008 r10=8!", .out = "r8=0! r9=0!"},
    {.code = "ld8.sa r8=[r9]", .in = "r9=0x100008!", .out = "r8=0!"},
    {.code = "ld8.s r0=[r9]", .in = "r9=0x100008", .vector = VEC_GENERAL},
    {.code = "(p6) ld8.s r8=[r9],8\nmov r10=r9", .in = "r9=0x100008 r8=3", .out = "r10=0x100008"},
    {.code = "ld8.s r8=[r9]\nadds r10=1,r8\nld8 r8=[r9]\nadds r11=1,r8", .in = "r9=0x100008 m0x100008=77",
     .out = "r8=77 r10=0! r11=78"},
    {.code = "ld8.s r40=[r9]\nmov r41=r40", .in = "r9=0x100008", .out = "r40=0! r41=0!"},

    /* chk.s: branches to the recovery code, here past the next instruction */
    {.code = "chk.s.m r8,.+32\nmov r10=1\nmov r11=2", .in = "r8=5", .out = "r10=1 r11=2"},
    {.code = "chk.s.m r8,.+32\nmov r10=1\nmov r11=2", .in = "r8=5!", .out = "r11=2"},
    {.code = "chk.s.i r8,.+32\nmov r10=1\nmov r11=2", .in = "r8=5!", .out = "r11=2"},
    {.code = "(p6) chk.s.i r8,.+32\nmov r10=1", .in = "r8=5!", .out = "r10=1"},
    {.code = "ld8.s r8=[r9]\nchk.s.m r8,.+32\nmov r10=1\nmov r11=2", .in = "r9=0x100008",
     .out = "r8=0! r11=2",
},
    {.code = "chk.s f8,.+32\nmov r10=1\nmov r11=2", .in = "f8=1.5", .out = "r10=1 r11=2"},
    {.code = "chk.s f8,.+32\nmov r10=1\nmov r11=2", .in = "f8=nat", .out = "r11=2"},
    {.code = "chk.s f8,.+32\nmov r10=1\nmov r11=2", .in = "f8=nat psr+=0x40000", .vector = VEC_DISABLED_FP,
     .isr = 1},

    /* ld.a, chk.a */
    {.code = "ld8.a r8=[r9]\nchk.a.nc r8,.+32\nmov r10=1\nmov r11=2", .in = "r9=0x100008 m0x100008=77",
     .out = "r8=77 r10=1 r11=2"},
    {.code = "ld8.a r8=[r9]\nst8 [r9]=r10\nchk.a.nc r8,.+32\nmov r10=1\nmov r11=2",
     .in = "r9=0x100008 r10=78 m0x100008=77", .out = "r8=77 m0x100008=78 r11=2"},
    {.code = "ld8.a r8=[r9]\nchk.a.clr r8,.+16\nchk.a.nc r8,.+32\nmov r10=1\nmov r11=2",
     .in = "r9=0x100008 m0x100008=77", .out = "r8=77 r11=2"},
    {.code = "chk.a.nc r8,.+32\nmov r10=1\nmov r11=2", .out = "r11=2"},
    {.code = "ld8.a r8=[r9]\ninvala\nchk.a.nc r8,.+32\nmov r10=1\nmov r11=2",
     .in = "r9=0x100008 m0x100008=77",
     .out = "r8=77 r11=2"},
    {.code = "ld8.a r8=[r9]\ninvala.e r8\nchk.a.nc r8,.+32\nmov r10=1\nmov r11=2",
     .in = "r9=0x100008 m0x100008=77", .out = "r8=77 r11=2"},
    {.code = "ld8.a r8=[r9]\ninvala.e r9\nchk.a.nc r8,.+32\nmov r10=1\nmov r11=2",
     .in = "r9=0x100008 m0x100008=77", .out = "r8=77 r10=1 r11=2"},
    {.code = "ld8.a r8=[r9]\nst8 [r9]=r10\nld8.c.clr r8=[r9]", .in = "r9=0x100008 r10=78 m0x100008=77",
     .out = "r8=78 m0x100008=78"},
    {.code = "ld8.a r8=[r9],8", .in = "r9=0x100008!", .vector = VEC_NAT, .isr = 0x400000010},
    {.code = "ld8.a r8=[r9],8", .in = "r9=0x100008 m0x100008=77", .out = "r8=77 r9=0x100010"},
    {.code = "ldfd.a f8=[r9]\nchk.a.nc f8,.+32\nmov r10=1\nmov r11=2",
     .in = "r9=0x100008 m0x100008=0x3ff8000000000000", .out = "f8=1.5 r10=1 r11=2"},
    {.code = "ldfd.a f8=[r9]\nst8 [r9]=r0\nchk.a.nc f8,.+32\nmov r10=1\nmov r11=2",
     .in = "r9=0x100008 m0x100008=0x3ff8000000000000", .out = "f8=1.5 m0x100008=0 r11=2"},
    {.code = "ldfd.a f8=[r9]\ninvala.e f8\nchk.a.nc f8,.+32\nmov r10=1\nmov r11=2",
     .in = "r9=0x100008 m0x100008=0x3ff8000000000000", .out = "f8=1.5 r11=2"},

    {.code = "ldfd.s f8=[r9]", .in = "r9=0x100008 m0x100008=0x3ff8000000000000", .out = "f8=nat"},
    {.code = "ldfd.s f8=[r9],8", .in = "r9=0x100008!", .out = "f8=nat"},
    {.code = "ldfps.s f8,f9=[r9],8", .in = "r9=0x100008", .out = "f8=nat f9=nat r9=0x100010"},
    /* a NaT leaves the register file with st8.spill and comes back with ld8.fill */
    {.code = "st8.spill [r9]=r8\nmov r8=r0\nld8.fill r8=[r9]", .in = "r8=5! r9=0x100000 unat=0",
     .out = "unat=1"},
};

const struct engine_table table_nat = {"nat", cases, sizeof(cases) / sizeof(*cases)};
