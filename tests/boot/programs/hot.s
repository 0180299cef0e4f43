// SPDX-License-Identifier: GPL-2.0-or-later
// Counts in two functions: in one as often as the word at 0x8000000 says, in the other a tenth of that, which is at 0x8000008.
// Then it switches the machine off. Physical mode.
        .explicit
        .text
        .global _start
        .proc   _start
_start:
        movl    r14 = 0x8000000
        ;;
        ld8     r15 = [r14], 8
        ;;
        ld8     r16 = [r14]
        br.call.sptk.many b0 = much
        ;;
        br.call.sptk.many b0 = little
        ;;
        movl    r17 = 0x800000fffc101404        // PM1 control, port 0x404 in the sparse encoding
        mov     r18 = 0x2000                    // SLP_EN with SLP_TYP 0: S5
        ;;
        st2     [r17] = r18
        ;;
stay:
        hint    @pause
        br.cond.sptk stay
        .endp   _start

        .proc   much
much:
        mov     ar.lc = r15
        ;;
again:
        add     r8 = r8, r15
        br.cloop.sptk.few again
        ;;
        br.ret.sptk.many b0
        .endp   much

        .proc   little
little:
        mov     ar.lc = r16
        ;;
once_more:
        add     r8 = r8, r16
        br.cloop.sptk.few once_more
        ;;
        br.ret.sptk.many b0
        .endp   little
