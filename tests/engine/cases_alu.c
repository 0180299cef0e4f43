/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer arithmetic and logic (SDM Vol.3, add ... zxt). */
#include "tests/engine/harness.h"

static const struct engine_case cases[] = {
    {.code = "add r8=r9,r10", .in = "r9=5 r10=-7", .out = "r8=-2"},
    {.code = "add r8=r9,r10", .in = "r9=0xffffffffffffffff r10=1", .out = "r8=0"},
    {.code = "add r8=r8,r8", .in = "r8=0x4000000000000001", .out = "r8=0x8000000000000002"},
    {.code = "add r8=r9,r10,1", .in = "r9=5 r10=-6", .out = "r8=0"},
    {.code = "add r40=r0,r41", .in = "r41=0x123456789abcdef0", .out = "r40=0x123456789abcdef0"},
    {.code = "sub r8=r9,r10", .in = "r9=5 r10=7", .out = "r8=-2"},
    {.code = "sub r8=r9,r10,1", .in = "r9=5 r10=7", .out = "r8=-3"},
    {.code = "sub r8=-1,r10", .in = "r10=7", .out = "r8=-8"},
    {.code = "sub r8=127,r10", .in = "r10=0x8000000000000000", .out = "r8=0x800000000000007f"},
    {.code = "adds r8=-8192,r9", .in = "r9=0", .out = "r8=-8192"},
    {.code = "adds r8=8191,r9", .in = "r9=1", .out = "r8=8192"},
    {.code = "addl r8=2097151,r1", .in = "r1=1", .out = "r8=0x200000"},
    {.code = "addl r8=-2097152,r3", .in = "r3=0", .out = "r8=-2097152"},
    {.code = "addl r8=-2,r0", .out = "r8=-2"},
    {.code = "mov r8=r9", .in = "r9=0x55aa", .out = "r8=0x55aa"},
    {.code = "mov r8=-5", .out = "r8=-5"},
    {.code = "movl r8=0x8123456789abcdef", .out = "r8=0x8123456789abcdef"},
    {.code = "movl r32=0xffffffffffffffff", .out = "r32=-1"},

    {.code = "and r8=r9,r10", .in = "r9=0xff00ff00 r10=0x0ff00ff0", .out = "r8=0x0f000f00"},
    {.code = "and r8=-2,r10", .in = "r10=0x8000000000000001", .out = "r8=0x8000000000000000"},
    {.code = "andcm r8=r9,r10", .in = "r9=0xff00ff00 r10=0x0ff00ff0", .out = "r8=0xf000f000"},
    {.code = "andcm r8=-1,r10", .in = "r10=0x0ff00ff0", .out = "r8=0xfffffffff00ff00f"},
    {.code = "andcm r8=0x55,r10", .in = "r10=0x0f", .out = "r8=0x50"},
    {.code = "or r8=r9,r10", .in = "r9=0xff00ff00 r10=0x0ff00ff0", .out = "r8=0xfff0fff0"},
    {.code = "or r8=-128,r10", .in = "r10=1", .out = "r8=-127"},
    {.code = "xor r8=r9,r10", .in = "r9=0xff00ff00 r10=0x0ff00ff0", .out = "r8=0xf0f0f0f0"},
    {.code = "xor r8=-1,r10", .in = "r10=0x0f", .out = "r8=-16"},

    {.code = "shladd r8=r9,1,r10", .in = "r9=3 r10=1", .out = "r8=7"},
    {.code = "shladd r8=r9,4,r10", .in = "r9=0x1000000000000003 r10=1", .out = "r8=0x31"},
    /* {31:0} of the sum, {62:61} from {31:30} of r3 */
    {.code = "addp4 r8=r9,r10", .in = "r9=0x180000001 r10=0xc0000002", .out = "r8=0x6000000040000003"},
    {.code = "addp4 r8=r9,r10", .in = "r9=1 r10=0x7fffffff", .out = "r8=0x2000000080000000"},
    {.code = "addp4 r8=-1,r10", .in = "r10=0xffffffff80000000", .out = "r8=0x400000007fffffff"},
    {.code = "shladdp4 r8=r9,2,r10", .in = "r9=0x40000001 r10=0x80000000", .out = "r8=0x4000000080000004"},

    {.code = "sxt1 r8=r9", .in = "r9=0x1280", .out = "r8=-128"},
    {.code = "sxt2 r8=r9", .in = "r9=0x127fff", .out = "r8=0x7fff"},
    {.code = "sxt4 r8=r9", .in = "r9=0x80000000", .out = "r8=0xffffffff80000000"},
    {.code = "zxt1 r8=r9", .in = "r9=-1", .out = "r8=0xff"},
    {.code = "zxt2 r8=r9", .in = "r9=-1", .out = "r8=0xffff"},
    {.code = "zxt4 r8=r9", .in = "r9=-1", .out = "r8=0xffffffff"},
    {.code = "popcnt r8=r9", .in = "r9=0x8000000000000003", .out = "r8=3"},
    {.code = "popcnt r8=r9", .in = "r9=-1", .out = "r8=64"},
    {.code = "clz r8=r9", .in = "r9=1", .out = "r8=63"},
    {.code = "clz r8=r9", .in = "r9=0", .out = "r8=64"},
    {.code = "mpy4 r8=r9,r10", .in = "r9=0x1ffffffff r10=0xffffffff", .out = "r8=0xfffffffe00000001"},
    {.code = "mpyshl4 r8=r9,r10", .in = "r9=0x300000005 r10=0x700000009", .out = "r8=0x1b00000000"},
    /* the pieces sum up to a 64-bit product */
    {.code = "mpy4 r8=r9,r10\nmpyshl4 r11=r9,r10\nmpyshl4 r12=r10,r9\nadd r8=r8,r11\nadd r8=r8,r12",
     .in = "r9=0x123456789 r10=0xabcdef123",
     /* low 64 bits of 0x123456789 * 0xabcdef123 */
     .out = "r8=0x379aabee8dc320bb r11=0xbcdef12300000000 r12=0x60b60b5a00000000"},

    /* r0 and registers out of frame cannot be written: before anything else happens */
    {.code = "add r0=r9,r10", .in = "r9=5", .vector = VEC_GENERAL, .isr = GE_ILLEGAL},
    {.code = "mov r111=r9", .in = "r9=5", .out = "r111=5"},
    {.code = "mov r112=r9", .in = "r9=5", .vector = VEC_GENERAL, .isr = GE_ILLEGAL},
    {.code = "mov r8=r9\nmov r127=r9", .in = "r9=5", .out = "r8=5", .vector = VEC_GENERAL, .isr = GE_ILLEGAL,
     .at = 1},
    {.code = "movl r0=5", .vector = VEC_GENERAL, .isr = GE_ILLEGAL},
    {.code = "(p6) mov r0=r9", .in = "p6=0"},
    {.code = "(p6) mov r0=r9", .in = "p6=1", .vector = VEC_GENERAL, .isr = GE_ILLEGAL},
    /* predication within a bundle and across a unit */
    {.code = "(p6) mov r8=1\n(p7) mov r8=2\nadd r9=r8,r8", .in = "p6=1 p7=0", .out = "r8=1 r9=2"},
    {.code = "(p6) mov r8=1\n(p7) mov r8=2\nadd r9=r8,r8", .in = "p6=0 p7=1", .out = "r8=2 r9=4"},
    {.code = "(p6) mov r8=1\n(p7) mov r8=2\nadd r9=r8,r8", .in = "p6=0 p7=0 r8=9", .out = "r9=18"},

    /* NaT: of any source to the result */
    {.code = "add r8=r9,r10", .in = "r9=5! r10=6", .out = "r8=0!"},
    {.code = "add r8=r9,r10", .in = "r9=5 r10=6!", .out = "r8=0!"},
    {.code = "adds r8=4,r9", .in = "r9=5!", .out = "r8=0!"},
    {.code = "sub r8=r9,r9", .in = "r9=5!", .out = "r8=0!"},
    {.code = "and r8=0,r9", .in = "r9=5!", .out = "r8=0!"},
    {.code = "shladd r8=r9,1,r10", .in = "r9=5 r10=6!", .out = "r8=0!"},
    {.code = "addp4 r8=r9,r10", .in = "r9=5! r10=6", .out = "r8=0!"},
    {.code = "sxt4 r8=r9", .in = "r9=5!", .out = "r8=0!"},
    {.code = "popcnt r8=r9", .in = "r9=5!", .out = "r8=0!"},
    {.code = "mpy4 r8=r9,r10", .in = "r9=5! r10=6", .out = "r8=0!"},
    {.code = "mov r8=r10", .in = "r8=5! r10=6", .out = "r8=6"},
    {.code = "movl r8=7", .in = "r8=5!", .out = "r8=7"},
};

const struct engine_table table_alu = {"alu", cases, sizeof(cases) / sizeof(*cases)};
