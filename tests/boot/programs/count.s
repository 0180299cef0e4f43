// SPDX-License-Identifier: GPL-2.0-or-later
// Counts with the timer and memory, reads a word at 0x8000000, waits, and switches the machine off.
        .explicit
        .text
        .global _start
_start:
        movl    r14 = 20000
        movl    r15 = 0x8000000
        mov     r8 = 0
        ;;
        mov     ar.lc = r14
        adds    r16 = 16, r15
        ;;
loop:
        add     r8 = r8, r14
        mov     r17 = ar.itc
        ;;
        xor     r8 = r8, r17
        adds    r14 = -1, r14
        ;;
        st8     [r16] = r8
        setf.sig f40 = r8
        br.cloop.sptk.few loop
        ;;
        ld8     r9 = [r15]
        ;;
        add     r10 = r8, r9
        movl    r14 = 10000
        ;;
        mov     ar.lc = r14
        ;;
wait:
        br.cloop.sptk.few wait
        ;;
        movl    r17 = 0x800000fffc101404        // PM1 control, port 0x404 in the sparse encoding
        mov     r18 = 0x2000                    // SLP_EN with SLP_TYP 0: S5
        ;;
        st2     [r17] = r18
        ;;
stay:
        hint    @pause
        br.cond.sptk stay
