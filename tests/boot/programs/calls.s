// SPDX-License-Identifier: GPL-2.0-or-later
// For gdb: calls with a register stack in memory, NaTs, a counted loop that stores. Prints "done" and switches the
// machine off. Physical mode.
        .explicit
        .text
        .global _start, outer, inner, loop, stored, after
STORE   = 0x8000000                             // the backing store
DATA    = 0x8100000
SERIAL  = 0x80000000fec10000

        .proc   _start
_start:
        mov     ar.rsc = 0
        movl    r15 = STORE + 61 * 8            // two registers before a NaT collection
        ;;
        alloc   r16 = ar.pfs, 0, 0, 2, 0
        movl    r20 = DATA
        ;;
        mov     ar.bspstore = r15
        mov     r12 = r20
        ;;
        ld8.s   r9 = [r0]                       // a NaT: speculation fails in physical mode
        mov     r32 = 7
        mov     r33 = 8
        br.call.sptk.many b0 = outer
after:
        mov     r21 = 0
        mov     r22 = 4
        ;;
        mov     ar.lc = r22
        ;;
loop:
        adds    r21 = 3, r21
        ;;
        st8     [r20] = r21
stored:
        nop.i   0
        br.cloop.sptk.few loop
        ;;
        mov     r14 = 'd'
        mov     r15 = 'o'
        mov     r16 = 'n'
        mov     r17 = 'e'
        movl    r18 = SERIAL
        mov     r19 = 3
        ;;
        adds    r22 = 3, r18
        ;;
        st1     [r22] = r19                     // LCR: eight bits a character
        ;;
        st1     [r18] = r14
        ;;
        st1     [r18] = r15
        ;;
        st1     [r18] = r16
        ;;
        st1     [r18] = r17
        movl    r19 = 0x800000fffc101404        // PM1 control, port 0x404 in the sparse encoding
        mov     r14 = 0x2000                    // SLP_EN with SLP_TYP 0: S5
        ;;
        st2     [r19] = r14
        ;;
stay:
        hint    @pause
        br.cond.sptk stay
        .endp   _start

        .proc   outer
outer:
        alloc   r35 = ar.pfs, 2, 4, 2, 0
        mov     r34 = b0
        adds    r36 = 100, r32
        ;;
        mov     r37 = 1234
        ld8.s   r38 = [r0]
        adds    r39 = 1, r36
        br.call.sptk.many b0 = inner
        ;;
        mov     ar.pfs = r35
        mov     b0 = r34
        ;;
        br.ret.sptk.many b0
        .endp   outer

        .proc   inner
inner:
        alloc   r35 = ar.pfs, 2, 3, 0, 0
        mov     r34 = b0                        // gdb's unwinder wants it saved
        adds    r36 = 1, r33
        ;;
        mov     r8 = r36
        mov     ar.pfs = r35
        ;;
        br.ret.sptk.many b0
        .endp   inner
