// SPDX-License-Identifier: GPL-2.0-or-later
// How long things take: each note is of some iterations in ticks of AR.ITC (cost.py reads them).
// The handler is the shortest that can be: 8 instructions.
        .include "vmm.inc"

        HANDLERS

OPTIONS = 0x8000000000000301
        // Rounds are short: some are not interrupted even on a busy host. cost.py knows these, too.
INTERCEPTS = 5000
NOPS    = 500000

        // The guest's instruction has a bundle for itself: on with the next one. r21 of bank 0 holds the service.
        .balign 32
fast:
        {.mmi
        mov     r20 = cr.iip
        mov     r25 = ar.k5
        mov     r24 = b0
        ;;
        }
        {.mii
        nop.m   0
        adds    r20 = 16, r20
        mov     b0 = r21
        ;;
        }
        {.mib
        mov     cr.iip = r20
        nop.i   0
        br.cond.sptk.few b0
        ;;
        }

        // COUNT times a bundle with this in slot 0; notes the time.
        .macro  TIME number, count, insn:vararg
        movl    r9 = \count - 1
        ;;
        mov     ar.lc = r9
        mov     r10 = ar.itc
        ;;
1:
        {.mii
        \insn
        nop.i   0
        nop.i   0
        ;;
        }
        {.mib
        nop.m   0
        nop.i   0
        br.cloop.sptk.few 1b
        ;;
        }
        mov     r11 = ar.itc
        ;;
        sub     r11 = r11, r10
        ;;
        NOTE    \number, r11
        ;;
        .endm

begin:
        VIRTUALMODE
virtual:
        PALCALL 268, OPTIONS, VSA, VSA
        SETVPD  VPD1, 0x10, VSA
        PALCALL 265, VPD1, table, fast
        SERVICE 0x1c00, VPD1
        SETVPD  VPD1, VPSR, PLAIN
        movl    r13 = VPD2
        .rept   10
        TIME    10, NOPS, nop.m 0
        TIME    14, NOPS, ld8 r8 = [r13]
        .endr
        WAY     finish
        rsm     0x2000
        ;;
        srlz.i
        bsw.0
        ;;
        movl    r21 = RESUME_NORMAL
        ;;
        bsw.1
        ;;
        ENTER   guest, VPD1
        .balign 4096
        .skip   0x3000
guest:
        .rept   10
        TIME    11, NOPS, nop.m 0
        TIME    15, NOPS, ld8 r8 = [r13]
        .endr
        .rept   20
        TIME    12, INTERCEPTS, mov r8 = psr
        TIME    13, INTERCEPTS, thash r8 = r9
        .endr
        break.m 1
        ;;
