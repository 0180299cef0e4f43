/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shifts and bit fields (SDM Vol.3, dep, extr, shl, shr, shrp). */
#include "tests/engine/harness.h"

static const struct engine_case cases[] = {
    {.code = "shl r8=r9,r10", .in = "r9=0x81 r10=4", .out = "r8=0x810"},
    {.code = "shl r8=r9,r10", .in = "r9=-1 r10=63", .out = "r8=0x8000000000000000"},
    {.code = "shl r8=r9,r10", .in = "r9=-1 r10=64", .out = "r8=0"},
    {.code = "shl r8=r9,r10", .in = "r9=-1 r10=0x100000000", .out = "r8=0"},
    {.code = "shl r8=r9,r10", .in = "r9=-1 r10=-1", .out = "r8=0"},
    {.code = "shl r8=r9,r0", .in = "r9=0x81", .out = "r8=0x81"},
    {.code = "shl r8=r9,12", .in = "r9=0xfff0000000000001", .out = "r8=0x1000"},
    {.code = "shr r8=r9,r10", .in = "r9=0x8000000000000000 r10=4", .out = "r8=0xf800000000000000"},
    {.code = "shr r8=r9,r10", .in = "r9=0x8000000000000000 r10=64", .out = "r8=-1"},
    {.code = "shr r8=r9,r10", .in = "r9=0x7000000000000000 r10=1000", .out = "r8=0"},
    {.code = "shr r8=r9,4", .in = "r9=0x80", .out = "r8=8"},
    {.code = "shr.u r8=r9,r10", .in = "r9=0x8000000000000000 r10=63", .out = "r8=1"},
    {.code = "shr.u r8=r9,r10", .in = "r9=-1 r10=64", .out = "r8=0"},
    {.code = "shr.u r8=r9,60", .in = "r9=-1", .out = "r8=15"},
    {.code = "shrp r8=r9,r10,4", .in = "r9=0x5 r10=0x30", .out = "r8=0x5000000000000003"},
    {.code = "shrp r8=r9,r10,0", .in = "r9=5 r10=3", .out = "r8=3"},
    {.code = "shrp r8=r9,r9,63", .in = "r9=0x8000000000000001", .out = "r8=3"},

    {.code = "extr r8=r9,4,8", .in = "r9=0xf80f", .out = "r8=0xffffffffffffff80"},
    {.code = "extr r8=r9,4,9", .in = "r9=0xe80f", .out = "r8=0x80"},
    {.code = "extr r8=r9,0,64", .in = "r9=0x8123456789abcdef", .out = "r8=0x8123456789abcdef"},
    {.code = "extr r8=r9,63,1", .in = "r9=0x8000000000000000", .out = "r8=-1"},
    /* a field that would pass bit 63 ends there */
    {.code = "extr r8=r9,60,20", .in = "r9=0x8000000000000000", .out = "r8=-8"},
    {.code = "extr.u r8=r9,60,20", .in = "r9=0x8000000000000000", .out = "r8=8"},
    {.code = "extr.u r8=r9,4,8", .in = "r9=0xf80f", .out = "r8=0x80"},
    {.code = "extr.u r8=r9,0,64", .in = "r9=-1", .out = "r8=-1"},

    {.code = "dep r8=r9,r10,4,8", .in = "r9=0x1234 r10=-1", .out = "r8=0xfffffffffffff34f"},
    {.code = "dep r8=r9,r10,60,16", .in = "r9=0x12 r10=-1", .out = "r8=0x2fffffffffffffff"},
    {.code = "dep r8=r9,r10,0,16", .in = "r9=0x12345 r10=0", .out = "r8=0x2345"},
    {.code = "dep r8=-1,r10,4,8", .in = "r10=0", .out = "r8=0xff0"},
    {.code = "dep r8=0,r10,4,8", .in = "r10=-1", .out = "r8=0xfffffffffffff00f"},
    {.code = "dep r8=-1,r10,0,64", .in = "r10=0", .out = "r8=-1"},
    {.code = "dep.z r8=r9,8,16", .in = "r9=0x12345678", .out = "r8=0x567800"},
    {.code = "dep.z r8=r9,60,16", .in = "r9=0x12345678", .out = "r8=0x8000000000000000"},
    {.code = "dep.z r8=-1,8,16", .out = "r8=0xffff00"},
    {.code = "dep.z r8=-2,4,64", .out = "r8=0xffffffffffffffe0"},
    {.code = "dep.z r8=127,56,8", .out = "r8=0x7f00000000000000"},

    {.code = "shl r8=r9,r10", .in = "r9=1 r10=4!", .out = "r8=0!"},
    {.code = "shr r8=r9,r10", .in = "r9=1! r10=4", .out = "r8=0!"},
    {.code = "shrp r8=r9,r10,0", .in = "r9=1! r10=4", .out = "r8=0!"},
    {.code = "extr r8=r9,4,8", .in = "r9=1!", .out = "r8=0!"},
    {.code = "dep r8=r9,r10,4,8", .in = "r9=1 r10=2!", .out = "r8=0!"},
    {.code = "dep r8=-1,r10,4,8", .in = "r10=2!", .out = "r8=0!"},
    {.code = "dep.z r8=r9,4,8", .in = "r9=2!", .out = "r8=0!"},
    {.code = "extr r0=r9,4,8", .vector = VEC_GENERAL},
    {.code = "dep.z r112=-1,4,8", .vector = VEC_GENERAL},
};

const struct engine_table table_shift = {"shift", cases, sizeof(cases) / sizeof(*cases)};
