// SPDX-License-Identifier: GPL-2.0-or-later
// The register stack of a guest: mandatory spills and fills that fault, and resumption of incomplete frames with
// CFLE = 1 (the loads start again) and CFLE = 0 (the guest's own handler runs first, covers, and comes back).
// "//=" lines say which records are expected, in order.
        .include "vmm.inc"

        HANDLERS

OPTIONS = 0x8000000000000301
DATA    = 0x6000000                             // physical, at A
A       = 0x2000000000004000                    // the guest's backing store
STORES  = 0x2200000000                          // isr: w, rs
LOADS   = 0x6400000000                          // isr: r, rs, ir

        // The guest's backing store missed: inserted, and on with cfle = isr.ir.
fill:
        movl    r20 = DATA | PAGE
        mov     r21 = 14 << 2
        mov     r26 = cr.isr
        ;;
        mov     cr.itir = r21
        ;;
        itc.d   r20
        ;;
        extr.u  r26 = r26, 38, 1
        ;;
        shl     r26 = r26, 63
        br.cond.sptk resume_handler

        // The same miss as the guest's own: vcr gets iip and ipsr, and its handler starts without the loads.
reflect:
        mov     r20 = cr.iip
        mov     r21 = cr.ipsr
        movl    r22 = handler
        movl    r23 = VPD1 + VCR + 8 * 19
        ;;
        st8     [r23] = r20
        mov     cr.iip = r22
        mov     cr.ifs = r0
        ;;
        WAY     guest_rfi
        mov     r26 = r0
        ;;
        dep     r21 = 0, r21, 41, 2
        ;;
        mov     cr.ipsr = r21
        ;;
        br.cond.sptk resume_handler

        // The guest's rfi: its ifs, which a_cover has put into the VPD, comes back, and the frame is loaded.
guest_rfi:
        NOTE    1, r24
        ;;
        movl    r23 = VPD1 + VCR + 8 * 19
        movl    r22 = VPD1 + VCR + 8 * 23
        ;;
        ld8     r20 = [r23]
        ld8     r21 = [r22]
        ;;
        mov     cr.iip = r20
        NOTE    2, r21
        mov     cr.ifs = r21
        mov     r22 = cr.ipsr
        ;;
        dep     r22 = 0, r22, 41, 2
        ;;
        mov     cr.ipsr = r22
        ;;
        WAY     fill
        br.cond.sptk resume

        // What a guest asks for by break: 1: no translation of A any more; else the way named in kr4.
asked:
        movl    r20 = A
        mov     r21 = 14 << 2
        ;;
        ptc.l   r20, r21
        ;;
        srlz.d
        mov     r20 = ar.k4
        ;;
        mov     ar.k2 = r20
        br.cond.sptk step

        .macro  FORGET way
        movl    r2 = \way
        movl    r3 = asked
        ;;
        mov     ar.k4 = r2
        mov     ar.k2 = r3
        ;;
        break.m 1
        ;;
        .endm

begin:
        VIRTUALMODE
virtual:
        PALCALL 268, OPTIONS, VSA, VSA
        SETVPD  VPD1, 0x10, VSA
        SETVPD  VPD1, VAC, 0x7f
        PALCALL 265, VPD1, table, 0
        //= 3 isr=0
        NOTE    3, r8
        ;;
        SERVICE 0x1c00, VPD1
        SETVPD  VPD1, VPSR, PLAIN & ~0x2000     // the guest's psr.ic = 0
        WAY     fill
        rsm     0x6000
        ;;
        srlz.i
        movl    r14 = guest
        movl    r15 = GUEST
        movl    r9 = A
        ;;
        mov     cr.iip = r14
        mov     cr.ipsr = r15
        mov     cr.ifs = r0
        movl    r14 = VPD1
        ;;
        mov     ar.k5 = r14
        bsw.0
        ;;
        mov     r26 = r0
        mov     r17 = pr
        mov     r18 = b7
        ;;
        rsm     0x20000
        ;;
        br.cond.sptk resume_handler

        // In order: the spills; the translation is forgotten; the loads; back.
        //= 0x1000 isr=STORES iip=spill
        //= 0x2c00 iim=1
        //= 0x1000 isr=LOADS iip=back1
        //= 7 isr=0x33+0x80+0x91
        // Forgotten again; the loads, which the guest's handler gets to see; its rfi; the loads again; back.
        //= 0x2c00 iim=1
        //= 0x1000 isr=LOADS iip=back2
        //= 8 isr=0xffffffffffffffff
        //= 0x6100
        //= 1 isr=37
        //= 2 isr=(1<<63)|60|(60<<7)
        //= 0x1000 isr=LOADS iip=back2
        //= 9 isr=0x33+0x80+0x91
        //= 0x2c00 iim=2
guest:
        cover                                   // accelerated
        ;;
        mov     ar.rsc = r0
        ;;
        flushrs
        ;;
        loadrs
        ;;
        mov     ar.bspstore = r9
        ;;
        alloc   r32 = ar.pfs, 0, 96, 0, 0       // with the two frames behind it more registers than there are
        ;;
        br.call.sptk b0 = inner
        ;;
inner:
        alloc   r32 = ar.pfs, 0, 60, 0, 0
        ;;
        mov     r33 = 0x33
        mov     r80 = 0x80
        mov     r91 = 0x91
        ;;
        br.call.sptk b0 = sub1
        ;;
back1:
        // Back with a complete frame.
        add     r8 = r33, r80
        ;;
        add     r8 = r8, r91
        ;;
        NOTE    7, r8
        ;;
        br.call.sptk b0 = sub2
        ;;
back2:
        add     r8 = r33, r80
        ;;
        add     r8 = r8, r91
        ;;
        NOTE    9, r8
        ;;
        WAY     finish
        break.m 2
        ;;

        // Spills the caller's frame: a miss. Then forgets the translation and returns: a miss of the loads.
sub1:
spill:
        {.mii
        alloc   r40 = ar.pfs, 0, 96, 0, 0
        nop.i   0
        nop.i   0
        }
        ;;
        mov     r41 = b0
        ;;
        mov     r127 = 0
        ;;
        flushrs
        ;;
        FORGET  fill
        mov     b0 = r41
        mov     ar.pfs = r40
        ;;
        br.ret.sptk b0
        ;;

        // The same, but the guest's handler gets the miss.
sub2:
        alloc   r40 = ar.pfs, 0, 96, 0, 0
        ;;
        mov     r41 = b0
        ;;
        flushrs
        ;;
        FORGET  reflect
        mov     b0 = r41
        mov     ar.pfs = r40
        ;;
        br.ret.sptk b0
        ;;

handler:
        cover
        ;;
        alloc   r32 = ar.pfs, 0, 8, 0, 0
        ;;
        mov     r33 = -1
        mov     r39 = -1
        ;;
        NOTE    8, r33
        ;;
        rfi
        ;;
