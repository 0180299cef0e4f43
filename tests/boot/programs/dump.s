// SPDX-License-Identifier: GPL-2.0-or-later
// Prints four 64-bit words from 0x8000000 in hexadecimal, a line each, and switches the machine off.
        .explicit
        .text
        .global _start
_start:
        movl    r14 = 0x8000000
        movl    r15 = 0x80000000fec10000
        mov     r16 = 3
        mov     r20 = 4
        ;;
        adds    r17 = 3, r15
        ;;
        st1     [r17] = r16                     // LCR: eight bits a character
        ;;
word:
        ld8     r16 = [r14], 8
        mov     r21 = 60                        // the digit's lowest bit
        ;;
digit:
        shr.u   r17 = r16, r21
        ;;
        and     r17 = 15, r17
        adds    r21 = -4, r21
        ;;
        cmp.ltu p6, p7 = 9, r17
        cmp.le  p8, p9 = 0, r21
        ;;
   (p6) adds    r17 = 'a' - 10, r17
   (p7) adds    r17 = '0', r17
        ;;
        st1     [r15] = r17
   (p8) br.cond.dptk digit
        ;;
        mov     r18 = '\n'
        adds    r20 = -1, r20
        ;;
        st1     [r15] = r18
        cmp.ne  p6, p0 = 0, r20
   (p6) br.cond.dptk word
        ;;
        movl    r17 = 0x800000fffc101404        // as in hello.s
        mov     r18 = 0x2000
        ;;
        st2     [r17] = r18
        ;;
stay:
        hint    @pause
        br.cond.sptk stay
