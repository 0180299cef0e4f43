// SPDX-License-Identifier: GPL-2.0-or-later
// Privilege: rfi to level 3, what is refused there, the way in by epc and the way back by br.ret, the
// lower-privilege transfer trap (SDM Vol.2 3.3.1, 4.1.1.6; Vol.3 epc, br).
// "//=" lines say which records are expected, in order.
        .include "trap.inc"
        .include "map.inc"

USER  = 0x4000000000000000                      // where level 3 sees the program: level 3, execute and read
GATE  = 0x6000000000000000                      // and where epc may promote: rights 7, level 0
LEVEL3 = 3 << 32
LP    = 0x2000000

        // Over the bundle, all else as it was; to the end after an Instruction Access Rights fault.
over:
        movl    r20 = 0x5200
        ;;
        cmp.eq  p6, p0 = r16, r20
   (p6) br.cond.spnt finish
        ;;
        mov     r20 = cr.iip
        mov     r21 = cr.ipsr
        movl    r22 = 3 << 41
        ;;
        adds    r20 = 16, r20
        andcm   r21 = r21, r22
        ;;
        mov     cr.iip = r20
        mov     cr.ipsr = r21
        br.cond.sptk back

begin:
        rsm     0x2000
        ;;
        srlz.i
        ;;
        REGION  0
        REGION  2
        REGION  3
        srlz.i
        ;;
        MAP     i, 0, 0x4000000, 24, 0x4000000 | PAGE
        MAP     d, 0, 0x4000000, 24, 0x4000000 | PAGE
        MAP     d, 1, RECORDS, 16, RECORDS | PAGE
        MAP     i, 1, USER + 0x4000000, 24, 0x4000000 | 0x3e1
        MAP     i, 2, GATE + 0x4000000, 24, 0x4000000 | 0xe61
        mov     r14 = 15 << 2                   // no walker; sizes start at 2^15
        ;;
        mov     cr.pta = r14
        WAY     over
        GO      USER + user, VIRTUAL | LEVEL3

user:
        //= 0x5400 isr=0x10 iip=USER+user ipsr=VIRTUAL|LEVEL3
        mov     r9 = cr.iva
        ;;
        .balign 16
        //= 0x5400 isr=0x10 iip=USER+refused
refused:
        ssm     0x4000
        ;;
        //= 0x5300 isr=0x400000000 iip=load+USER ifa=0x4000000
        movl    r10 = 0x4000000
        ;;
load:
        ld8     r9 = [r10]
        ;;
        // The way in: only epc is at level 3 there.
        movl    r9 = GATE + gate
        ;;
        mov     b6 = r9
        ;;
        br.call.sptk b5 = b6
        ;;
        //= 0x5400 isr=0x10 iip=USER+returned
returned:
        mov     r9 = cr.iva
        ;;
        // The same with psr.lp, which the gate sets: a trap at the return.
        movl    r9 = GATE + gate_lp
        ;;
        mov     b6 = r9
        ;;
        br.call.sptk b5 = b6
        ;;
        //= 0x5e00 isr=0x40000000002 iip=USER+trapped iipa=GATE+gate_lp_return ipsr=VIRTUAL|LEVEL3|LP
trapped:
        nop.m   0                               // "over" skips it
        ;;
        // No epc: what is privileged stays so.
        movl    r9 = GATE + gate_plain
        ;;
        mov     b6 = r9
        ;;
        br.call.sptk b5 = b6
        ;;
        // Level 0's own page, from level 3.
        movl    r9 = leave
        ;;
        mov     b6 = r9
        ;;
        br.cond.sptk b6
        ;;

        .balign 16
gate:
        {.mib
        nop.m   0
        nop.i   0
        epc
        ;;
        }
        mov     r11 = cr.iva
        ;;
        br.ret.sptk b5
        ;;
gate_lp:
        {.mib
        nop.m   0
        nop.i   0
        epc
        ;;
        }
        PSRL    or, LP
        ;;
gate_lp_return:
        {.bbb
        nop.b   0
        nop.b   0
        br.ret.sptk.few b5
        ;;
        }
gate_plain:
        //= 0x5400 isr=0x10 iip=GATE+gate_plain
        mov     r9 = cr.iva
        ;;
        br.ret.sptk b5
        ;;
        .balign 16
leave:
        //= 0x5200 isr=0x100000000 iip=leave ifa=leave ipsr=VIRTUAL|LEVEL3|LP
        break   0
