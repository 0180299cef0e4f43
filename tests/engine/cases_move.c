/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves to and from branch, predicate and application registers and ip; break and nop (SDM Vol.3, mov ...,
 * break).
 */
#include "tests/engine/harness.h"

static const struct engine_case cases[] = {
    {.code = "mov r8=ip", .out = "r8=@0"},
    {.code = "nop.m 0\nmov r8=ip", .out = "r8=@0x10"},
    {.code = "mov b6=r9", .in = "r9=0x123456789abcdef7", .out = "b6=0x123456789abcdef7"},
    {.code = "mov b6=r9", .in = "r9=5!", .vector = VEC_NAT, .isr = 0x10},
    {.code = "mov r8=b6", .in = "b6=0x77", .out = "r8=0x77"},
    {.code = "mov r8=b6", .in = "b6=0x77 r8=1!", .out = "r8=0x77"},
    {.code = "mov r0=b6", .vector = VEC_GENERAL},
    {.code = "mov r8=b0\nmov b1=r8", .in = "b0=0x1230", .out = "r8=0x1230 b1=0x1230"},

    {.code = "mov r8=pr", .in = "pr=0x8000000000010041", .out = "r8=0x8000000000010041"},
    {.code = "mov pr=r9,0x0", .in = "r9=-1"},
    {.code = "mov pr=r9,-2", .in = "r9=0x123456789abcdef0", .out = "pr=0x123456789abcdef1"},
    {.code = "mov pr=r9,0x1fe", .in = "r9=0xfffe pr=0xfff1", .out = "pr=0xffff"},
    {.code = "mov pr=r9,0x1fe", .in = "r9=0 pr=0x1ffff", .out = "pr=0x1fe01"},
    /* the top bit of the mask stands for all rotating predicates */
    {.code = "mov pr=r9,-65536", .in = "r9=0x123456789abcdef0 pr=0xffff", .out = "pr=0x123456789abcffff"},
    {.code = "mov pr=r9,-2", .in = "r9=5!", .vector = VEC_NAT, .isr = 0x10},
    {.code = "mov pr.rot=0x10000", .in = "pr=0xffff000000000fff", .out = "pr=0x10fff"},
    {.code = "mov pr.rot=-65536", .in = "pr=1", .out = "pr=0xffffffffffff0001"},
    /* as if rrb.pr were 0: pr17 by name is physical 17 + 5; the words here are by name, so turned by 5 */
    {.code = "mov r8=pr", .in = "cfm=0x500001450 pr=0x20001", .out = "r8=0x400001"},
    {.code = "mov r8=pr", .in = "cfm=0x500001450 pr=0x8000000000000001", .out = "r8=0x100001"},
    {.code = "mov pr=r9,-2", .in = "cfm=0x500001450 r9=0x400001", .out = "pr=0x20001"},
    {.code = "mov pr=r9,-2", .in = "cfm=0x500001450 r9=0x10001", .out = "pr=0x0800000000000001"},
    {.code = "mov pr=r9,0x40", .in = "cfm=0x500001450 r9=-1 pr=0x20001", .out = "pr=0x20041"},
    {.code = "mov pr.rot=0x10000", .in = "cfm=0x500001450 pr=0x20041", .out = "pr=0x0800000000000041"},

    {.code = "mov.i ar.lc=r9", .in = "r9=0x123456789abcdef0", .out = "lc=0x123456789abcdef0"},
    {.code = "mov.i ar.lc=-1", .out = "lc=-1"},
    {.code = "mov.i r8=ar.lc", .in = "lc=0x77", .out = "r8=0x77"},
    {.code = "mov.i ar.ec=r9", .in = "r9=0xffffffffffffffc5", .out = "ec=5"},
    {.code = "mov.i r8=ar.ec", .in = "ec=63", .out = "r8=63"},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0xc3f000000000050f", .out = "pfs=0xc3f000000000050f"},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0x40000000000000", .out = "pfs=0x40000000000000"},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0x4000000000", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    /* sol > sof, sof > 96 */
    {.code = "mov.i ar.pfs=r9", .in = "r9=0x0a05", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.i ar.pfs=r9", .in = "r9=0x61", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.i ar.pfs=r9", .in = "r9=5!", .vector = VEC_NAT, .isr = 0x10},
    {.code = "mov.m ar.ccv=r9", .in = "r9=0x99", .out = "ccv=0x99"},
    {.code = "mov.m r8=ar.ccv", .in = "ccv=0x98", .out = "r8=0x98"},
    {.code = "mov.m ar.unat=r9", .in = "r9=-3", .out = "unat=-3"},
    {.code = "mov.m ar.csd=r9", .in = "r9=3", .out = "csd=3"},
    {.code = "mov.m r8=ar.csd", .in = "csd=7", .out = "r8=7"},
    {.code = "mov.m ar.k3=r9", .in = "r9=0x4141", .out = "k3=0x4141"},
    {.code = "mov.m ar.k3=r9", .in = "r9=0x4141 psr+=0x300000000", .vector = VEC_GENERAL, .isr = GE_PRIV_REG},
    {.code = "mov.m r8=ar.k7", .in = "k7=0x4141 psr+=0x300000000", .out = "r8=0x4141"},
    {.code = "mov.m ar.fpsr=r9", .in = "r9=0x9804c0270033f", .out = "fpsr=0x9804c0270033f"},
    /* sf0.td, pc = 1, bits 63:58 */
    {.code = "mov.m ar.fpsr=r9", .in = "r9=0x9804c0270133f", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.m ar.fpsr=r9", .in = "r9=0x9804c0270013f", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.m ar.fpsr=r9", .in = "r9=0x8009804c0270033f", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    {.code = "mov.m r8=ar.fpsr", .in = "fpsr=0x9804c0270033f", .out = "r8=0x9804c0270033f"},
    {.code = "mov.m ar.rsc=r9", .in = "r9=0x1f001f", .out = "rsc=0x1f001f"},
    {.code = "mov.m ar.rsc=3", .out = "rsc=3"},
    {.code = "mov.m ar.rsc=r9", .in = "r9=0x20", .vector = VEC_GENERAL, .isr = GE_RESERVED},
    /* rsc.pl is at least the current level */
    {.code = "mov.m ar.rsc=r9", .in = "r9=3 psr+=0x200000000", .out = "rsc=0xb"},
    {.code = "mov.m ar.rsc=r9", .in = "r9=0xf psr+=0x200000000", .out = "rsc=0xf"},
    {.code = "mov.m r8=ar.bsp", .out = "r8=0x200000"},
    {.code = "mov.m r8=ar.bspstore", .out = "r8=0x200000"},
    {.code = "mov.m r8=ar.bspstore", .in = "rsc=3", .vector = VEC_GENERAL},
    {.code = "mov.m ar.bspstore=r9", .in = "rsc=1 r9=5!", .vector = VEC_GENERAL},
    {.code = "mov.m ar.bspstore=r9", .in = "r9=0x200107", .out = "bspstore=0x200100 bsp=0x200100"},
    {.code = "mov.m ar.rnat=r9", .in = "r9=-1", .out = "rnat=0x7fffffffffffffff"},
    {.code = "mov.m r8=ar.rnat", .in = "rnat=0x55", .out = "r8=0x55"},
    {.code = "mov.m r8=ar.rnat", .in = "rsc=1", .vector = VEC_GENERAL},
    {.code = "mov.m ar.bsp=r9", .vector = VEC_GENERAL},
    /* the wrong unit, reserved and ignored numbers */
    {.code = "mov.m r8=ar.lc", .vector = VEC_GENERAL},
    {.code = "mov.i r8=ar.ccv", .vector = VEC_GENERAL},
    {.code = "mov.m ar8=r9", .vector = VEC_GENERAL},
    {.code = "mov.i r8=ar67", .vector = VEC_GENERAL},
    {.code = "mov.m ar48=r9"},
    {.code = "mov.i r8=ar112", .out = "r8=0"},

    {.code = "break.m 0x12345", .vector = VEC_BREAK},
    {.code = "break.i 0x1fffff", .vector = VEC_BREAK},
    {.code = "break.b 0x123", .vector = VEC_BREAK},
    {.code = "break.f 0x123", .vector = VEC_BREAK},
    {.code = "break.x 0x123", .vector = VEC_BREAK},
    {.code = "(p6) break.m 0x12345", .in = "p6=0"},
    {.code = "mov r8=1\nbreak.m 1", .out = "r8=1", .vector = VEC_BREAK, .at = 1},
    {.code = "nop.m 0\nnop.i 5\nnop.f 5\nnop.b 5\nnop.x 5\nhint.m 0\nhint.i 1"},
    {.code = "{ .mii nop.m 0 ; mov r8=1 ; mov r9=2 ;; }\n{ .mfb mov r10=3 ; nop.f 0 ; nop.b 0 ;; }",
     .out = "r8=1 r9=2 r10=3"},
};

const struct engine_table table_move = {"move", cases, sizeof(cases) / sizeof(*cases)};
