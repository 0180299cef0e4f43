// SPDX-License-Identifier: GPL-2.0-or-later
// Prints R and resets the machine, whose loaders start it again.
        .explicit
        .text
        .global _start
_start:
        movl    r15 = 0x80000000fec10000
        mov     r16 = 3
        mov     r19 = 'R'
        ;;
        adds    r17 = 3, r15
        ;;
        st1     [r17] = r16                     // LCR: eight bits a character
        ;;
        st1     [r15] = r19
        ;;
        movl    r17 = 0x800000fffc10340c        // port 0x40c, the reset register
        mov     r18 = 1
        ;;
        st1     [r17] = r18
        ;;
stay:
        hint    @pause
        br.cond.sptk stay
