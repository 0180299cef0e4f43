/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For programs that count r8 down to 0, and for those in pages that guest code maps, and maps anew. */
#ifndef TESTS_ENGINE_PAGES_H
#define TESTS_ENGINE_PAGES_H

#include "tests/engine/machine.h"

/* Where things are, beyond machine.h: pages_open() maps them one to one. */
enum { CODE = 0x10000, SETUP = 0x20000, PAGES = 0x30000 /* for pages that are mapped elsewhere */, PAGES_ROUNDS = 300 };

#define REGION1 UINT64_C(0x2000000000000000)
enum { PTE = 1 | 1 << 5 | 1 << 6 | 3 << 9 /* everything at level 0 */, RID_A = 0x100, RID_B = 0x101 };

#define N(array) (sizeof(array) / sizeof(*(array)))
/* p6 once r8 has come to 0, p7 before. */
#define COUNT "{ .mii adds r8=-1,r8 ; nop.i 0 ; nop.i 0 ;; }", "{ .mii cmp.eq p6,p7=r0,r8 ; nop.i 0 ; nop.i 0 ;; }"
#define BACK(by) "{ .mib nop.m 0 ; nop.i 0 ; (p7) br.cond.dptk.few " by " ;; }"
#define RETURN "{ .mib nop.m 0 ; nop.i 0 ; br.ret.sptk.few b0 ;; }"
/* The three bundles that begin functions that do something only where r8 is a multiple of 4. */
#define AT_TIMES(over) "{ .mii and r19=3,r8 ; nop.i 0 ; nop.i 0 ;; }", "{ .mii cmp.eq p0,p8=r0,r19 ; nop.i 0 ; nop.i 0 ;; }", \
                       "{ .mib nop.m 0 ; nop.i 0 ; (p8) br.cond.sptk.few " over " ;; }"

/* Such functions: one maps the page r20, of size r21 as ITIR has it, to r16 and r17 in turn, by translation register r22. */
enum { PAGES_OTHER_TRANSLATION = 9 };
extern const char *const pages_other_translation[PAGES_OTHER_TRANSLATION];
/* The other writes r16 and r17 in turn to the region register of r20. */
enum { PAGES_OTHER_REGION = 7 };
extern const char *const pages_other_region[PAGES_OTHER_REGION];

/* Puts there what pages_insert() needs, and maps region 0 one to one. */
void pages_open(struct machine *m);
/* itr[slot] = a translation of 2^ps bytes from @gva to what @pte says, by guest code. */
void pages_insert_pte(struct machine *m, unsigned slot, uint64_t gva, uint64_t pte, unsigned ps);
static inline void pages_insert(struct machine *m, unsigned slot, uint64_t gva, uint64_t gpa, unsigned ps)
{
    pages_insert_pte(m, slot, gva, gpa | PTE, ps);
}

/* From @ip, in an empty register stack with a frame of @sof registers, all of them local; r8 = PAGES_ROUNDS, r9-r11 = 0. */
void pages_begin(struct machine *m, uint64_t ip, unsigned sof);
/* Runs to a gate. Return: its number */
unsigned pages_run(struct machine *m);
static inline uint64_t pages_gr(struct machine *m, unsigned r) { return kia_get_gr(m->vcpu, r, NULL); }

#endif
