// SPDX-License-Identifier: GPL-2.0-or-later
// The life of a virtual processor: features, environment, creation, intercepts and their restart, accelerations,
// virtual interrupts, two virtual processors on one processor, the end.
// "//=" lines say which records are expected, in order.
        .include "vmm.inc"

        HANDLERS

OPTIONS = 0x8000000000000301                    // impl, cause, opcode, initialize
MMU     = 9                                     // a shift that no record looks at
        // Unit flags of GR25.
B       = 1 << 63
M       = 1 << 62

begin:
        VIRTUALMODE
virtual:
        // PAL_PROC_GET_FEATURES: available, in force, controllable.
        movl    r14 = PAL
        mov     r28 = 17
        mov     r29 = r0
        ;;
        mov     b7 = r14
        mov     r30 = r0
        mov     r31 = r0
        ;;
        br.call.sptk b0 = b7
        ;;
        //= 1 isr=0
        NOTE    1, r8
        ;;
        //= 2 isr=(1<<40)|(1<<54)
        NOTE    2, r9
        ;;
        //= 3 isr=1<<40
        NOTE    3, r10
        ;;
        //= 4 isr=1<<54
        NOTE    4, r11
        ;;

        PALCALL 266
        //= 5 isr=0
        NOTE    5, r8
        ;;
        //= 6 isr=0x4000
        NOTE    6, r9
        ;;
        //= 7 isr=0x100
        NOTE    7, r10
        ;;
        // Before INIT_ENV: an error. Then with it.
        PALCALL 265, VPD1, table, 0
        //= 8 isr=(1<<64)-3
        NOTE    8, r8
        ;;
        PALCALL 268, OPTIONS, VSA, VSA
        //= 9 isr=0
        NOTE    9, r8
        ;;
        //= 10 isr=VSA
        NOTE    10, r9
        ;;
        SETVPD  VPD1, 0x10, VSA
        SETVPD  VPD2, 0x10, VSA
        PALCALL 265, VPD1, table, 0
        //= 11 isr=0
        NOTE    11, r8
        ;;
        PALCALL 265, VPD2, table, second
        //= 12 isr=0
        NOTE    12, r8
        ;;
        // RESTORE: the procedure, and the service.
        PALCALL 270, VPD2
        mov     r9 = cr.iva
        //= 13 isr=0
        NOTE    13, r8
        ;;
        //= 14 isr=VPD2+0x8000
        NOTE    14, r9
        ;;
        PALCALL 271, VPD2
        //= 15 isr=0
        NOTE    15, r8
        ;;
        SERVICE 0x1c00, VPD1
        mov     r9 = cr.iva
        ;;
        //= 16 isr=VPD1+0x8000
        NOTE    16, r9
        ;;

        // An interruption of the hypervisor's own code goes through the virtual processor's table, too.
        SKIP    own
        ;;
        //= 0x2c00 iip=broken iim=5 ipsr=PLAIN
broken:
        break.m 5
        ;;
own:
        // Intercepts: each instruction leaves its cause and opcode, and is stepped over.
        SETVPD  VPD1, VPSR, PLAIN
        WAY     intercepted
        ENTER   guest1, VPD1
guest1:
        //= 0x6100 iip=guest1 isr=0 ipsr=GUEST
        //= 1 isr=7
        //= 2 isr=M|(1<<37)|(0x25<<27)|(8<<6)
        mov     r8 = psr
        ;;
g2:
        {.mmi
        nop.m   0
        thash   r8 = r9
        nop.i   0
        }
        //= 0x6100 iip=g2 isr=1<<41 ipsr=GUEST|1<<41
        //= 1 isr=31
        //= 2 isr=M|(1<<37)|(0x1a<<27)|(9<<20)|(8<<6)
        ;;
g3:
        {.bbb
        nop.b   0
        nop.b   0
        cover
        }
        //= 0x6100 iip=g3 isr=2<<41 ipsr=GUEST|2<<41
        //= 1 isr=36
        //= 2 isr=B|(2<<27)
        ;;
        // Behind it is the next bundle, with all registers as they were.
        //= 0x2c00 iim=0x42
        WAY     after_intercepts
        ;;
        break.m 0x42
        ;;
after_intercepts:
        GO      accelerate, PLAIN
accelerate:
        // The same instructions with all accelerations; they go to the VPD.
        SETVPD  VPD1, VAC, 0x7f
        SETVPD  VPD1, VPSR, 0x1013080a2000      // bn, it, rt, dt, ic and dfl
        SETVPD  VPD1, VCR + 8 * 20, 0x1234
        SETVPD  VPD1, 0x400, 0x1600
        SETVPD  VPD1, 0x480, 0x1601
        SETVPD  VPD1, 0x518, 0x99
        SERVICE 0x0c00, VPD1
        WAY     after_accelerations
        movl    r16 = 0x1616
        mov     r9 = 1
        mov     r10 = 0x2000
        ENTER   guest2, VPD1
guest2:
        mov     r8 = psr
        mov     r11 = cpuid[r9]
        ;;
        //= 17 isr=0x10080a2000
        NOTE    17, r8
        ;;
        //= 18 isr=0x99
        NOTE    18, r11
        ;;
        bsw.0
        ;;
        mov     r8 = r16
        ;;
        //= 19 isr=0x1601
        NOTE    19, r8
        ;;
        bsw.1
        ;;
        mov     r8 = r16
        ;;
        //= 20 isr=0x1616
        NOTE    20, r8
        ;;
        ssm     0x4000
        ;;
        rsm     0x4000
        ;;
        mov     r8 = cr.tpr
        ;;
        mov     cr.tpr = r0
        ;;
        //= 21 isr=0
        NOTE    21, r8
        ;;
        //= 0x2c00 iim=0x43
        break.m 0x43
        ;;
after_accelerations:
        GO      interrupts, PLAIN
interrupts:
        // Virtual interrupts: masked by vpsr.i, then by vtpr; unmasked by the guest.
        SETVPD  VPD1, VHPI, 5
        SERVICE 0x1000, VPD1
        WAY     taken
        mov     r9 = 0x60
        ENTER   guest3, VPD1
guest3:
        mov     cr.tpr = r9
        ;;
        srlz.d
        ;;
        ssm     0x4000
        ;;
        nop.m   0
        ;;
unmask:
        {.mii
        mov     cr.tpr = r0
        nop.i   0
        nop.i   0
        }
        //= 0x3400 isr=1<<41 iip=unmask ipsr=GUEST|1<<41
        //= 22 isr=5
        ;;
        //= 0x2c00 iim=0x44
        break.m 0x44
        ;;
taken:
        movl    r20 = 0x3400
        movl    r3 = VPD1 + VHPI
        ;;
        cmp.ne  p6, p7 = r20, r16
        ;;
   (p6) br.cond.sptk after_interrupts
        ld8     r20 = [r3]
        ;;
        st8     [r3] = r0
        NOTE    22, r20
        ;;
        br.cond.sptk resume
after_interrupts:
        GO      services, PLAIN
services:
        // THASH and TTAG give what the instructions give.
        rsm     0x6000
        ;;
        srlz.i
        movl    r9 = 0x2000000000123450
        ;;
        thash   r10 = r9
        ttag    r11 = r9
        mov     r26 = rr[r9]
        mov     r27 = cr.pta
        movl    r24 = 1f
        mov     r25 = r9
        movl    r14 = VSA + 0x1400
        ;;
        mov     b0 = r14
        ;;
        br.cond.sptk b0
        ;;
1:
        sub     r10 = r10, r31
        movl    r24 = 1f
        movl    r14 = VSA + 0x1800
        ;;
        mov     b0 = r14
        ;;
        br.cond.sptk b0
        ;;
1:
        sub     r11 = r11, r31
        ssm     0x2000
        ;;
        srlz.i
        ;;
        //= 23 isr=0
        NOTE    23, r10
        ;;
        //= 24 isr=0
        NOTE    24, r11
        ;;

        // The second virtual processor has a handler of its own, and no accelerations.
        SERVICE 0x0800, VPD1
        SERVICE 0x2000, VPD1, 1
        SERVICE 0x1c00, VPD2, 0
        SETVPD  VPD2, VPSR, PLAIN
        WAY     back_to_first
        ENTER   guest4, VPD2
guest4:
        //= 25 isr=7
        mov     r8 = psr
        ;;
        //= 0x2c00 iim=0x45
        break.m 0x45
        ;;
back_to_first:
        GO      first_again, PLAIN
first_again:
        SERVICE 0x2000, VPD2, 0
        SERVICE 0x1c00, VPD1, 1
        WAY     at_end
        ENTER   guest5, VPD1
guest5:
        mov     r8 = psr
        ;;
        //= 0x2c00 iim=0x46
        break.m 0x46
        ;;
at_end:
        GO      closing, PLAIN
closing:
        // SAVE of another one, TERMINATE, EXIT_ENV with the hypervisor's table.
        PALCALL 271, VPD2
        //= 26 isr=(1<<64)-2
        NOTE    26, r8
        ;;
        PALCALL 271, VPD1
        //= 27 isr=0
        NOTE    27, r8
        ;;
        PALCALL 272, VPD1, table
        mov     r9 = cr.iva
        //= 28 isr=0
        NOTE    28, r8
        ;;
        //= 29 isr=table
        NOTE    29, r9
        ;;
        PALCALL 270, VPD1
        //= 30 isr=(1<<64)-2
        NOTE    30, r8
        ;;
        PALCALL 267, table
        //= 31 isr=0
        NOTE    31, r8
        ;;
        // Out of the environment the services are no instructions.
        SKIP    finish
        movl    r14 = VSA + 0x800
        ;;
        mov     b0 = r14
        ;;
        //= 0x5400 isr=0 iip=VSA+0x800
        br.cond.sptk b0
        ;;

        // The optional handler of the second one: no record but the cause.
second:
        rsm     0x20000
        mov     r17 = pr
        mov     r18 = b7
        ;;
        srlz.d
        NOTE    25, r24
        ;;
        br.cond.sptk step
