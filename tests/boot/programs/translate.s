// SPDX-License-Identifier: GPL-2.0-or-later
// Translation: registers and caches, misses and their repair, the VHPT walker, keys, attributes, speculation,
// Data Nested TLB (SDM Vol.2 chapters 4 and 8).
// "//=" lines say which records are expected, in order.
        .include "trap.inc"
        .include "map.inc"

DATA  = 0x6000000                               // physical, at A
CODE  = 0x6010000                               // physical, at B
VHPT  = 0x7000000
A     = 0x2000000000004000
B     = 0x2000000000010000
V     = 0x2000000000f00000                      // 2^15 bytes of page table
NONE  = 0x2000000000100000
PTA   = V | 15 << 2 | 1
READ  = 0x80400000000                           // isr.r, and isr.ed: the program's page may defer
WRITE = 0x80200000000

        // Inserts kr4 for cr.ifa; the next time with its accessed and dirty bits set.
fill_data:
        mov     r20 = ar.k4
        mov     r21 = 14 << 2
        mov     r22 = 0x60
        ;;
        mov     cr.itir = r21
        or      r22 = r20, r22
        ;;
        itc.d   r20
        ;;
        mov     ar.k4 = r22
        br.cond.sptk back
fill_code:
        mov     r20 = ar.k4
        mov     r21 = 14 << 2
        ;;
        mov     cr.itir = r21
        ;;
        itc.i   r20
        ;;
        br.cond.sptk back

        // A miss while psr.ic = 0.
nest:
        ssm     0x20000
        movl    r20 = NONE
        movl    r21 = nested_back
        ;;
        srlz.d
        mov     b6 = r21
        ;;
        ld8     r22 = [r20]
        ;;
        break   0
nested_back:
        br.cond.sptk skip

        // ipsr.ed: the speculative load gets its NaT.
defer:
        mov     r20 = cr.ipsr
        movl    r21 = 1 << 43
        ;;
        or      r20 = r20, r21
        ;;
        mov     cr.ipsr = r20
        br.cond.sptk back

        // Copied to CODE, called through b6: r9 = 42, then 43.
        .balign 16
answer:
        {.mib
        mov     r9 = 42
        nop.i   0
        br.cond.sptk.few b6
        }
        {.mib
        mov     r9 = 43
        nop.i   0
        br.cond.sptk.few b6
        }

        .macro  FORGET                          // what is cached at A
        mov     r14 = 14 << 2
        ;;
        ptc.l   r10, r14
        ;;
        srlz.d
        .endm

        .macro  INSERT pte, key                 // for A
        rsm     0x2000
        mov     r14 = 14 << 2 | \key << 8
        movl    r15 = \pte
        ;;
        srlz.i
        ;;
        mov     cr.ifa = r10
        mov     cr.itir = r14
        ;;
        itc.d   r15
        ssm     0x2000
        ;;
        srlz.i
        ;;
        .endm

        .macro  PTE value                       // what fill_* inserts next
        movl    r14 = \value
        ;;
        mov     ar.k4 = r14
        .endm

        .macro  CALL                            // CODE at B
        movl    r14 = B
        movl    r15 = 9f
        ;;
        mov     b5 = r14
        mov     b6 = r15
        ;;
        br.cond.sptk b5
9:
        .endm

        .macro  COPY from                       // a bundle to CODE, as the instruction fetch sees it
        movl    r14 = \from
        movl    r15 = CODE
        ;;
        ld8     r2 = [r14], 8
        adds    r3 = 8, r15
        ;;
        ld8     r14 = [r14]
        st8     [r15] = r2
        ;;
        st8     [r3] = r14
        fc.i    r15
        ;;
        sync.i
        ;;
        srlz.i
        ;;
        .endm

begin:
        movl    r8 = DATA
        movl    r10 = A
        movl    r11 = 0x77
        movl    r12 = 0x88
        ;;
        st8     [r8] = r11, 8
        ;;
        st8     [r8] = r12
        COPY    answer
        rsm     0x2000
        ;;
        srlz.i
        ;;
        REGION  0
        REGION  1
        srlz.i
        ;;
        MAP     i, 0, 0x4000000, 24, 0x4000000 | PAGE | ED
        MAP     d, 0, 0x4000000, 24, 0x4000000 | PAGE
        MAP     d, 1, RECORDS, 16, RECORDS | PAGE
        MAP     d, 2, CODE, 16, CODE | PAGE
        mov     r14 = 15 << 2                   // no walker; sizes start at 2^15
        ;;
        mov     cr.pta = r14
        mov     cr.dcr = r0
        ;;
        WAY     fill_data
        PTE     DATA | PAGE
        GO      virtual, VIRTUAL
virtual:
        // A miss, repaired; the accessed and the dirty bit.
        //= 0x1000 isr=READ iip=virtual ifa=A itir=0x1138 ipsr=VIRTUAL
        ld8     r11 = [r10]
        ;;
        //= 1 isr=0x77
        NOTE    1, r11
        ;;
        ptc.l   r10, r0
        PTE     DATA | PAGE & ~0x60
        FORGET
        ;;
        //= 0x1000 isr=WRITE iip=store ifa=A
        //= 0x2000 isr=WRITE iip=store ifa=A itir=0x1138
store:
        st8     [r10] = r12
        ;;
        PTE     DATA | PAGE & ~0x60
        FORGET
        ;;
        //= 0x1000 isr=READ iip=load ifa=A
        //= 0x2800 isr=READ iip=load ifa=A
load:
        ld8     r11 = [r10]
        ;;
        //= 2 isr=0x88
        NOTE    2, r11

        // Sixteen bytes.
        mov     r12 = 5
        mov     r13 = 6
        ;;
        mov     ar.csd = r13
        ;;
        st16    [r10] = r12, ar.csd
        ;;
        mov     ar.csd = r0
        ;;
        ld16    r11, ar.csd = [r10]
        ;;
        mov     r13 = ar.csd
        //= 3 isr=5
        NOTE    3, r11
        ;;
        //= 4 isr=6
        NOTE    4, r13
        mov     r12 = 8
        mov     r13 = 9
        mov     r11 = 5
        ;;
        mov     ar.ccv = r11
        mov     ar.csd = r13
        ;;
        cmp8xchg16.acq r11 = [r10], r12, ar.csd, ar.ccv
        ;;
        ld16    r12, ar.csd = [r10]
        ;;
        mov     r13 = ar.csd
        //= 5 isr=5
        NOTE    5, r11
        ;;
        //= 6 isr=8
        NOTE    6, r12
        ;;
        //= 7 isr=9
        NOTE    7, r13

        // Unaligned: within a page it is done unless psr.ac = 1; a semaphore never.
        adds    r9 = 1, r10
        SKIP    aligned
        ;;
        ld8     r11 = [r9]
        ;;
        //= 8 isr=0x0900000000000000
        NOTE    8, r11
        sum     8
        ;;
        //= 0x5a00 isr=READ iip=unaligned ifa=A+1
unaligned:
        ld8     r11 = [r9]
        ;;
        break   0
aligned:
        rum     8
        SKIP    semaphore_skipped
        ;;
        //= 0x5a00 isr=READ|WRITE iip=semaphore ifa=A+1
semaphore:
        xchg8   r11 = [r9], r0
        ;;
        break   0
semaphore_skipped:

        // Attributes: a semaphore on uncacheable memory, a NaTPage.
        PTE     DATA | PAGE | UC
        WAY     fill_data
        FORGET
        ;;
        //= 0x1000 isr=READ iip=fill_uc
fill_uc:
        ld8     r11 = [r10]
        ;;
        SKIP    uc_skipped
        ;;
        //= 0x5b00 isr=READ|WRITE iip=uc ifa=A
uc:
        fetchadd8.acq r11 = [r10], 1
        ;;
        break   0
uc_skipped:
        INSERT  DATA | PAGE | NATPAGE, 0
        SKIP    nat_skipped
        ;;
        ld8.s   r11 = [r10]
        ;;
        tnat.nz p6, p7 = r11
        ;;
   (p6) mov     r12 = 1
   (p7) mov     r12 = 0
        ;;
        //= 9 isr=1
        NOTE    9, r12
        ;;
        //= 0x5600 isr=0x400000020 iip=nat ifa=A
nat:
        ld8     r11 = [r10]
        ;;
        break   0
nat_skipped:

        // Keys: the page's key 5 in no PKR; in one that forbids reads.
        INSERT  DATA | PAGE, 5
        mov     r13 = 0
        mov     r11 = 1                         // key 0, valid
        ;;
        mov     pkr[r13] = r11
        mov     r13 = 1
        ;;
        mov     pkr[r13] = r0
        ;;
        srlz.d
        SKIP    key_missed
        ssm     0x8000                          // psr.pk
        ;;
        srlz.i
        ;;
        //= 0x1c00 isr=READ iip=key_miss ifa=A
key_miss:
        ld8     r11 = [r10]
        ;;
        break   0
key_missed:
        movl    r12 = 0x505                     // key 5, reads disabled, valid
        ;;
        mov     pkr[r13] = r12
        ;;
        srlz.d
        SKIP    key_refused
        ;;
        //= 0x5100 isr=READ iip=key_permission ifa=A
key_permission:
        ld8     r11 = [r10]
        ;;
        break   0
key_refused:
        st8     [r10] = r0                      // writes are allowed
        rsm     0x8000
        ;;
        srlz.i
        ;;

        // Instructions: a miss on the target of a branch; new code after fc.i.
        WAY     fill_code
        PTE     CODE | PAGE
        //= 0xc00 isr=0x100000000 iip=B ifa=B itir=0x1138
        CALL
        ;;
        //= 10 isr=42
        NOTE    10, r9
        COPY    answer+16
        CALL
        ;;
        //= 10 isr=43
        NOTE    10, r9

        // psr.ic = 0: Data Nested TLB, and nothing is collected.
        SKIP    nest_done
        WAY     nest
        ;;
        //= 0x1000 isr=READ iip=nesting ifa=NONE+8
        //= 0x1400 isr=READ iip=nesting ifa=NONE+8
        movl    r9 = NONE + 8
        ;;
nesting:
        ld8     r11 = [r9]
        ;;
        break   0
nest_done:

        // Speculation: the fault, which a handler defers by psr.ed; then dcr.dm defers it at once.
        WAY     defer
        ;;
        //= 0x1000 isr=READ|0x1000000000 iip=speculate ifa=NONE+8
speculate:
        ld8.s   r11 = [r9]
        ;;
        tnat.nz p6, p7 = r11
        ;;
   (p6) mov     r12 = 1
   (p7) mov     r12 = 0
        ;;
        //= 11 isr=1
        NOTE    11, r12
        mov     r12 = 1 << 8                    // dcr.dm
        ;;
        mov     cr.dcr = r12
        ;;
        srlz.d
        ;;
        ld8.s   r11 = [r9]
        ;;
        tnat.nz p6, p7 = r11
        ;;
   (p6) mov     r12 = 1
   (p7) mov     r12 = 0
        ;;
        //= 11 isr=1
        NOTE    11, r12

        // The walker: its table unmapped, then mapped with an entry, then with one that is not present.
        rsm     0x2000
        movl    r12 = PTA
        mov     cr.dcr = r0
        ;;
        srlz.i
        ;;
        mov     cr.pta = r12
        REGION  1, 1
        srlz.i
        ;;
        thash   r13 = r10
        ssm     0x2000
        FORGET
        ;;
        SKIP    walked
        ;;
        //= 0x0000 isr=READ iip=walk ifa=A iha=V+8 itir=0x1138
walk:
        ld8     r11 = [r10]
        ;;
        break   0
walked:
        //= 12 isr=V+8
        NOTE    12, r13
        rsm     0x2000
        ;;
        srlz.i
        ;;
        MAP     d, 3, V, 16, VHPT | PAGE
        ssm     0x2000
        movl    r12 = DATA | PAGE
        ;;
        srlz.d
        ;;
        st8     [r13] = r12
        ;;
        mf
        ;;
        ld8     r11 = [r10]
        ;;
        //= 13 isr=0
        NOTE    13, r11
        SKIP    absent
        movl    r12 = DATA | PAGE & ~1
        ;;
        st8     [r13] = r12
        FORGET
        ;;
        //= 0x5000 isr=READ iip=not_present ifa=A
not_present:
        ld8     r11 = [r10]
        ;;
        break   0
absent:
        br.cond.sptk finish
