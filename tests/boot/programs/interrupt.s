// SPDX-License-Identifier: GPL-2.0-or-later
// External interrupts: the timer, a processor's message to itself, priorities, TPR, EOI (SDM Vol.2 5.8); the
// register stack across cover and rfi.
// "//=" lines say which records are expected, in order.
        .include "trap.inc"

        // Notes the vector, ends it, counts in kr4. The interrupted frame goes to the backing store and back.
external:
        cover
        ;;
        alloc   r32 = ar.pfs, 0, 96, 0, 0
        ;;
        mov     r33 = -1
        mov     r34 = -1
        mov     r127 = -1
        mov     r20 = cr.ivr
        mov     r21 = ar.k4
        ;;
        adds    r21 = 1, r21
        mov     r23 = r2
        mov     r24 = r14
        mov     r25 = r15
        ;;
        srlz.d
        mov     ar.k4 = r21
        NOTE    3, r20
        mov     cr.eoi = r0
        mov     r2 = r23
        mov     r14 = r24
        mov     r15 = r25
        ;;
        srlz.d
        br.cond.sptk back

        // Waits until kr4 is COUNT.
        .macro  WAIT count
1:
        mov     r9 = ar.k4
        ;;
        cmp.ne  p6, p0 = \count, r9
   (p6) br.cond.sptk 1b
        ;;
        .endm

        // A message to itself, from r10's address.
        .macro  SEND vector
        st8     [r10] = \vector
        mf.a
        ;;
        srlz.d
        ;;
        .endm

        .macro  EOI
        mov     cr.eoi = r0
        ;;
        srlz.d
        ;;
        .endm

        // Until the register of pending interrupts is not 0: r10.
        .macro  PENDING from
1:
        mov     r10 = \from
        ;;
        cmp.eq  p6, p0 = r0, r10
   (p6) br.cond.spnt 1b
        .endm

        // Until IVR gives more than the spurious vector: r9.
        .macro  POLL
1:
        mov     r9 = cr.ivr
        ;;
        cmp.eq  p6, p0 = 15, r9
   (p6) br.cond.spnt 1b
        ;;
        .endm

begin:
        movl    r9 = 0x7000000
        mov     r10 = 0x10000                   // TPR.mmi: all vectors masked
        mov     r11 = 0x40
        ;;
        mov     ar.bspstore = r9
        mov     ar.k4 = r0
        mov     cr.tpr = r10
        mov     cr.itv = r11
        ;;
        srlz.d
        alloc   r32 = ar.pfs, 0, 4, 0, 0
        ;;
        mov     r33 = 33
        mov     r34 = 34
        WAY     external

        // The timer: pending while TPR masks it, taken once TPR allows it.
        mov     r9 = ar.itc
        ;;
        adds    r9 = 1000, r9
        ssm     0x4000                          // psr.i
        ;;
        mov     cr.itm = r9
        ;;
        srlz.d
        PENDING cr.irr1
        ;;
        //= 1 isr=1
        NOTE    1, r10                          // irr1 {0}: vector 0x40
        mov     r9 = ar.k4
        ;;
        //= 2 isr=0
        NOTE    2, r9
        ;;
        mov     cr.tpr = r0
        ;;
        srlz.d
        ;;
        //= 0x3000
        //= 3 isr=0x40
        WAIT    1
        mov     r10 = cr.irr1
        ;;
        //= 1 isr=0
        NOTE    1, r10
        ;;
        //= 4 isr=33
        NOTE    4, r33
        ;;
        //= 5 isr=34
        NOTE    5, r34

        // Messages to itself, psr.i = 0: the higher vector is taken first, each after the other's EOI.
        rsm     0x4000
        mov     r9 = cr.lid
        movl    r10 = 0x80000000fee00000
        ;;
        extr.u  r9 = r9, 16, 16                 // id, eid
        mov     r11 = 0x31
        mov     r12 = 0xe2
        ;;
        shl     r9 = r9, 4
        mov     r13 = 0x95
        ;;
        add     r10 = r9, r10
        ;;
        st8     [r10] = r11
        st8     [r10] = r12
        st8     [r10] = r13
        mf.a
        ;;
        mf
        srlz.d
        ;;
arriving:
        mov     r9 = cr.irr3
        mov     r11 = cr.irr2
        mov     r12 = cr.irr0
        ;;
        cmp.eq  p6, p0 = r0, r9
        cmp.eq  p7, p0 = r0, r11
        cmp.eq  p8, p0 = r0, r12
   (p6) br.cond.spnt arriving
   (p7) br.cond.spnt arriving
   (p8) br.cond.spnt arriving
        ;;
        ssm     0x4000
        ;;
        srlz.d
        ;;
        //= 0x3000
        //= 3 isr=0xe2
        //= 0x3000
        //= 3 isr=0x95
        //= 0x3000
        //= 3 isr=0x31
        WAIT    4

        // By polling: IVR puts its vector in service, and holds back those that are not higher.
        rsm     0x4000
        mov     r11 = 0x31
        mov     r13 = 0x32                      // the same class of sixteen as 0x31, higher
        ;;
        SEND    r11
        POLL
        //= 6 isr=0x31
        NOTE    6, r9
        ;;
        SEND    r11
again:
        mov     r12 = cr.irr0
        ;;
        cmp.eq  p6, p0 = r0, r12
   (p6) br.cond.spnt again
        mov     r9 = cr.ivr
        ;;
        //= 7 isr=15
        NOTE    7, r9
        ;;
        SEND    r13
        POLL
        //= 8 isr=0x32
        NOTE    8, r9
        srlz.d
        ;;
        EOI
        EOI
        mov     r9 = cr.ivr
        ;;
        //= 9 isr=0x31
        NOTE    9, r9
        srlz.d
        ;;
        EOI

        // A masked timer leaves nothing; TPR.mic holds back vectors of its class and below.
        mov     r10 = 0x10040
        mov     r9 = ar.itc
        mov     r11 = 0x40
        mov     r12 = 0x40
        ;;
        mov     cr.itv = r10
        ;;
        adds    r9 = 200, r9
        ;;
        mov     cr.itm = r9
        ;;
        srlz.d
        adds    r9 = 400, r9
later:
        mov     r14 = ar.itc
        ;;
        cmp.ltu p6, p0 = r14, r9
   (p6) br.cond.spnt later
        mov     r10 = cr.irr1
        ;;
        //= 10 isr=0
        NOTE    10, r10
        mov     cr.itv = r11
        mov     cr.tpr = r12
        mov     r9 = ar.itc
        ;;
        adds    r9 = 200, r9
        ;;
        mov     cr.itm = r9
        ;;
        srlz.d
        ssm     0x4000
        ;;
        PENDING cr.irr1
        mov     r12 = 0x30
        mov     r9 = ar.k4
        ;;
        //= 11 isr=4
        NOTE    11, r9
        mov     cr.tpr = r12
        ;;
        srlz.d
        ;;
        //= 0x3000
        //= 3 isr=0x40
        WAIT    5
        ;;
        //= 4 isr=33
        NOTE    4, r33
        rsm     0x4000
        br.cond.sptk finish
