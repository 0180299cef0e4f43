// SPDX-License-Identifier: GPL-2.0-or-later
// Prints its text on the serial port and switches the machine off. Runs in physical mode at any address.
        .explicit
        .text
        .global _start
_start:
        mov     r14 = ip
        movl    r15 = 0x80000000fec10000        // the serial port, uncached (bit 63)
        mov     r16 = 3
        ;;
        adds    r14 = 0x100, r14
        adds    r17 = 3, r15
        ;;
        st1     [r17] = r16                     // LCR: eight bits a character
        ;;
next:
        ld1     r16 = [r14], 1
        ;;
        cmp.eq  p6, p0 = r0, r16
   (p6) br.cond.dpnt off
        ;;
        st1     [r15] = r16
        br.cond.sptk next
off:
        movl    r17 = 0x800000fffc101404        // PM1 control, port 0x404 in the sparse encoding
        mov     r18 = 0x2000                    // SLP_EN with SLP_TYP 0: S5
        ;;
        st2     [r17] = r18
        ;;
stay:
        hint    @pause
        br.cond.sptk stay

        .org    0x100
        .asciz  "Hello, world\n"
