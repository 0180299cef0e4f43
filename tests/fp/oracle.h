/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floating-point rules a second time, slowly, on MPFR: what the tests expect. */
#ifndef TESTS_FP_ORACLE_H
#define TESTS_FP_ORACLE_H

/*
 * Written from the SDM's text with nothing of arch/fp*.c but its public types. Exact values come from MPFR at
 * 256 bits rounded to odd, so that one more rounding to 64 bits or fewer is right. Single-threaded.
 */

#include "arch/fp.h"

void oracle_init(void);
void oracle_done(void);

enum oracle_op { ORACLE_FMA, ORACLE_FMS, ORACLE_FNMA };
enum oracle_pick { ORACLE_MIN, ORACLE_MAX, ORACLE_AMIN, ORACLE_AMAX };

struct fp_result oracle_muladd(enum oracle_op op, uint64_t fpsr, unsigned ctl, struct ia64_fr f3,
                               struct ia64_fr f4, struct ia64_fr f2);
struct fp_result oracle_pick(enum oracle_pick op, uint64_t fpsr, unsigned ctl, struct ia64_fr f2,
                             struct ia64_fr f3);
struct fp_result oracle_cmp(enum fp_rel rel, uint64_t fpsr, unsigned ctl, struct ia64_fr f2,
                            struct ia64_fr f3);
unsigned oracle_class(struct ia64_fr f2, unsigned mask);
struct fp_result oracle_cvt_fx(unsigned how, uint64_t fpsr, unsigned ctl, struct ia64_fr f2);
struct fp_result oracle_rcpa(uint64_t fpsr, unsigned ctl, struct ia64_fr f2, struct ia64_fr f3);
struct fp_result oracle_rsqrta(uint64_t fpsr, unsigned ctl, struct ia64_fr f3);

struct fp_result oracle_pmuladd(enum oracle_op op, uint64_t fpsr, unsigned ctl, struct ia64_fr f3,
                                struct ia64_fr f4, struct ia64_fr f2);
struct fp_result oracle_ppick(enum oracle_pick op, uint64_t fpsr, unsigned ctl, struct ia64_fr f2,
                              struct ia64_fr f3);
struct fp_result oracle_pcmp(enum fp_rel rel, uint64_t fpsr, unsigned ctl, struct ia64_fr f2,
                             struct ia64_fr f3);
struct fp_result oracle_pcvt_fx(unsigned how, uint64_t fpsr, unsigned ctl, struct ia64_fr f2);
struct fp_result oracle_prcpa(uint64_t fpsr, unsigned ctl, struct ia64_fr f2, struct ia64_fr f3);
struct fp_result oracle_prsqrta(uint64_t fpsr, unsigned ctl, struct ia64_fr f3);

/* The tables of the SDM, which are the rounded midpoints: i of frcpa, i of frsqrta. */
unsigned oracle_recip_entry(unsigned i);
unsigned oracle_rsqrt_entry(unsigned i);

/* |estimate * b - 1| or |estimate^2 * b - 1| in units of 2^-64, saturated. */
uint64_t oracle_recip_error(struct ia64_fr estimate, struct ia64_fr b);
uint64_t oracle_rsqrt_error(struct ia64_fr estimate, struct ia64_fr b);

#endif
