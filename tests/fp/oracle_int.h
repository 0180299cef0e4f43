/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the oracle's scalar and parallel halves share. */
#ifndef TESTS_FP_ORACLE_INT_H
#define TESTS_FP_ORACLE_INT_H

#include "tests/fp/oracle.h"

#include <mpfr.h>

enum oracle_class { C_ZERO, C_PSEUDO_ZERO, C_UNORM, C_NORM, C_INF, C_QNAN, C_SNAN, C_UNSUP, C_NATVAL };

/* One scalar operation: format (unbiased exponents), controls, and what it raised; trap bits as in ISR.code.
 */
struct oracle_env {
    int prec;
    long emin, emax;
    long denormal_field;
    int rc;
    bool ftz;
    unsigned disabled;
    unsigned flags;
    unsigned fault;
    unsigned trap;
};

enum oracle_class oracle_classify(struct ia64_fr f);
void oracle_env(struct oracle_env *env, uint64_t fpsr, unsigned sf_number, int completer);
struct fp_result oracle_deliver(uint64_t fpsr, unsigned sf, const struct oracle_env *env, struct ia64_fr fr,
                                unsigned pred);
struct fp_result oracle_natval(uint64_t fpsr);

struct ia64_fr oracle_muladd_core(struct oracle_env *env, enum oracle_op op, bool addend, struct ia64_fr f3,
                                  struct ia64_fr f4, struct ia64_fr f2);
int oracle_order(struct oracle_env *env, struct ia64_fr a, struct ia64_fr b, bool quiet, bool magnitude);
bool oracle_picks_f2(struct oracle_env *env, enum oracle_pick op, struct ia64_fr f2, struct ia64_fr f3);
bool oracle_holds(struct oracle_env *env, enum fp_rel rel, struct ia64_fr f2, struct ia64_fr f3);
uint64_t oracle_integer(struct oracle_env *env, struct ia64_fr f, int bits, unsigned how);
struct ia64_fr oracle_rcpa_core(struct oracle_env *env, struct ia64_fr f2, struct ia64_fr f3, bool parallel,
                                bool *refine);
struct ia64_fr oracle_rsqrta_core(struct oracle_env *env, struct ia64_fr f3, bool parallel, bool *refine);

#endif
