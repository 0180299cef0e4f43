/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operands, FPSR values and the comparison of results that the floating-point tests share. */
#ifndef TESTS_FP_VALUES_H
#define TESTS_FP_VALUES_H

#include "arch/fp.h"

#include <stddef.h>

/* One of each special class and the limits of every format, both signs where they matter. */
extern const struct ia64_fr fp_specials[];
extern const size_t fp_special_count;

/* Single-precision bit patterns for the parallel forms. */
extern const uint32_t fp_singles[];
extern const size_t fp_single_count;

uint64_t random64(uint64_t *state);
/* A register value: plain, near a format's limit, unnormal, or one of fp_specials. */
struct ia64_fr random_fr(uint64_t *state);
uint32_t random_single(uint64_t *state);
/* Any legal FPSR: all traps disabled in half the cases. */
uint64_t random_fpsr(uint64_t *state);
/* The legal FPSR whose sf0 has these controls and these trap disables. */
uint64_t fpsr_with(unsigned controls, unsigned traps);

/* check_result - fail the test, saying what differs, unless every field that kind makes valid is the same. */
void check_result(const char *what, const struct fp_result *got, const struct fp_result *want, uint64_t fpsr,
                  unsigned ctl, const struct ia64_fr *operands, int count);

/* For a group of tests: the oracle is there; at the end the number of results compared is printed. */
int values_setup(void **state);
int values_teardown(void **state);

#endif
