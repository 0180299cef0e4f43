// SPDX-License-Identifier: GPL-2.0-or-later
// Data and instruction breakpoints, single step and taken-branch traps (SDM Vol.2 7.1, 5.5.4, chapter 8).
// "//=" lines say which records are expected, in order.
        .include "trap.inc"

DATA = 0x6000000
DB   = 0x1000000
DD   = 39                                       // psr.dd
ID   = 37

        // Lets the instruction at the breakpoint pass once.
pass_dd:
        mov     r20 = cr.ipsr
        movl    r21 = 1 << DD
        ;;
        or      r20 = r20, r21
        ;;
        mov     cr.ipsr = r20
        br.cond.sptk back
pass_id:
        mov     r20 = cr.ipsr
        movl    r21 = 1 << ID
        ;;
        or      r20 = r20, r21
        ;;
        mov     cr.ipsr = r20
        br.cond.sptk back

        // Steps on; a break ends it.
step:
        movl    r20 = 0x2c00
        ;;
        cmp.eq  p6, p7 = r16, r20
   (p6) br.cond.spnt skip
        br.cond.sptk back

begin:
        movl    r9 = DATA
        movl    r10 = 0x81fffffffffffff8        // read, level 0, 8 bytes
        mov     r11 = 0
        mov     r12 = 1
        ;;
        mov     dbr[r11] = r9
        ;;
        mov     dbr[r12] = r10
        mov     r8 = 77
        ;;
        srlz.d
        st8     [r9] = r8
        ;;
        WAY     pass_dd
        adds    r13 = 7, r9
        adds    r16 = 8, r9
        ;;
        ld8     r20 = [r9]                      // psr.db is 0
        PSRL    or, DB
        //= 0x5900 isr=0x400000000 iip=read ifa=0x6000000
read:
        ld8     r20 = [r9]
        ;;
        //= 0x5900 isr=0x400000000 iip=read_again ifa=0x6000007
read_again:
        ld1     r21 = [r13]                     // psr.dd held for one instruction
        ;;
        st8     [r9] = r8                       // not a read
        ld1     r22 = [r16]                     // behind it
        ;;
        //= 1 isr=77
        NOTE    1, r20
        ;;
        //= 1 isr=0
        NOTE    1, r21
        movl    r10 = 0x41fffffffffffff0        // write, 16 bytes
        ;;
        mov     dbr[r12] = r10
        ;;
        srlz.d
        ;;
        ld8     r20 = [r9]
        ;;
        //= 0x5900 isr=0x200000000 iip=write ifa=0x6000008
write:
        st8     [r16] = r8
        ;;
        //= 0x5900 isr=0x600000000 iip=exchange ifa=0x6000000
exchange:
        xchg8   r20 = [r9], r0
        ;;
        mov     dbr[r12] = r0

        movl    r14 = fetched
        movl    r10 = 0x81fffffffffffff0        // execute, level 0
        ;;
        mov     ibr[r11] = r14
        ;;
        mov     ibr[r12] = r10
        ;;
        srlz.i
        WAY     pass_id
        mov     r20 = 2
        ;;
        // Each of the bundle's three instructions, twice.
        //= 0x5900 isr=0x100000000 iip=fetched ifa=fetched
        //= 0x5900 isr=0x20100000000 iip=fetched ifa=fetched
        //= 0x5900 isr=0x40100000000 iip=fetched ifa=fetched
        //= 0x5900 isr=0x100000000 iip=fetched ifa=fetched
        //= 0x5900 isr=0x20100000000 iip=fetched ifa=fetched
        //= 0x5900 isr=0x40100000000 iip=fetched ifa=fetched
fetched:
        adds    r20 = -1, r20
        ;;
        cmp.ne  p6, p0 = 0, r20
   (p6) br.cond.sptk fetched
        ;;
        PSRL    andcm, DB
        mov     r20 = 0
        br.cond.sptk fetched_off
fetched_off:
        mov     ibr[r12] = r0

        // Single step, from rfi on: a trap after each instruction, also after one predicated off.
        SKIP    stepped
        movl    r15 = step
        movl    r16 = stepping
        movl    r17 = 0x110004002000            // ss, bn, tb, ic
        ;;
        mov     ar.k2 = r15
        rsm     0x2000
        cmp.eq  p6, p7 = r0, r0
        ;;
        srlz.i
        ;;
        mov     cr.ipsr = r17
        mov     cr.iip = r16
        mov     cr.ifs = r0
        ;;
        rfi
        ;;
        //= 0x6000 isr=8 iip=stepping iipa=stepping ipsr=0x130004002000
        //= 0x6000 isr=0x20000000008 iip=stepping iipa=stepping ipsr=0x150004002000
        //= 0x6000 isr=0x40000000008 iip=stepping+0x10 iipa=stepping ipsr=0x110004002000
stepping:
        {.mii
        adds    r20 = 1, r20
   (p7) adds    r22 = 2, r0
        nop.i   0
        ;;
        }
        //= 0x6000 isr=8 iip=stepping+0x10 iipa=stepping+0x10
        //= 0x6000 iip=stepping+0x20 iipa=stepping+0x10 ipsr=0x110004002000
        {.mlx
        st8     [r9] = r20
        movl    r21 = 0x123456789abcdef
        ;;
        }
        //= 0x6000 isr=0x8 iip=stepping+0x20 iipa=stepping+0x20
        //= 0x6000 isr=0x20000000008 iip=stepping+0x20 iipa=stepping+0x20
        //= 0x5f00 isr=0x4000000000c iip=branched iipa=stepping+0x20 ipsr=0x110004002000
        {.mib
        nop.m   0
        nop.i   0
        br.cond.sptk.few branched
        }
        break   1
branched:
        //= 0x6000 isr=8 iip=branched iipa=branched
        //= 0x6000 isr=0x20000000008 iip=branched iipa=branched
        //= 0x5f00 isr=0x4000000000c iip=last iipa=branched
        {.mib
        srlz.i
        nop.i   0
   (p6) br.cond.sptk.few last
        }
        break   1
last:
        //= 0x2c00 isr=0 iip=last iim=2
        break.m 2
        ;;
stepped:
        //= 1 isr=1
        NOTE    1, r20
        ;;
        //= 2 isr=0x123456789abcdef
        NOTE    2, r21
        br.cond.sptk finish
