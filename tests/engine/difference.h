/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests that run random programs on both engines share. */
#ifndef TESTS_ENGINE_DIFFERENCE_H
#define TESTS_ENGINE_DIFFERENCE_H

/* Prints the lines in which two dumps of a processor's state (kia_vcpu_dump()) differ. */
void print_difference(const char *interpreted, const char *compiled);

#endif
