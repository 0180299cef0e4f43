/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests with random programs share: a generator, and two machines that are alike but for the engine. Both have the
 * same time, which stands still.
 */
#ifndef TESTS_ENGINE_TWINS_H
#define TESTS_ENGINE_TWINS_H

#include "isa/isa.h"
#include "tests/engine/machine.h"

#define FPSR_DEFAULT UINT64_C(0x9804c0270033f)
#define NOP_M (UINT64_C(1) << 27)
#define NOP_B (UINT64_C(2) << 37)

/* A machine of which the vectors of IVT, and the bundle at @end, are gates. */
bool twin_open(struct machine *m, const char *accel, uint64_t end);
/* The gates' bundles are written again. */
void twin_add_gates(struct machine *m, uint64_t end);

/* One for each engine. Return: 0; what main() is to end with where that fails, 77 (skipped) on hosts without a compiler. */
int twins_open(struct machine *interpreted, struct machine *compiled, uint64_t end);
void twins_close(struct machine *interpreted, struct machine *compiled);

/* "exit E gate G" of the last run and the whole state, as text that the caller frees. */
char *twin_text(struct machine *m);
/* Runs up to the first gate. Return: twin_text(). */
char *twin_run(struct machine *m);
/* Of two texts the lines that differ. */
void print_difference(const char *interpreted, const char *compiled);
/* Compares two states, @a and @b, which are freed, and @data_size bytes at DATA; prints what differs. */
bool twins_same(struct machine *interpreted, struct machine *compiled, char *a, char *b, size_t data_size);

/* Random numbers: the same ones after the same seed_random(). */
void seed_random(uint64_t number);
uint64_t next(void);
unsigned below(unsigned n);
const char *pick(const char *const *names, unsigned n);
#define PICK(...)                                                                                            \
    pick((const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* Calls @write until its line is an instruction of @unit. Return: the slot. */
uint64_t assemble(void (*write)(char *, size_t), enum isa_unit unit, char *line, size_t size);

/* The first two arguments of a test, if they are there: how many, and the first one's number. */
void parse_numbers(int argc, char **argv, unsigned long *n, uint64_t *base);

/* A test that runs random programs on both machines. */
struct random_test {
    const char *name;                                                    /* the executable's */
    unsigned long programs;                                              /* how many without arguments */
    uint64_t ends[2];                                                    /* bundles behind a program, or 0 */
    bool (*same)(struct machine *interpreted, struct machine *compiled); /* makes one and runs it */
    void (*print)(void);                                                 /* the last one made */
};

/* main() of it. Arguments: parse_numbers(). */
int random_main(const struct random_test *t, int argc, char **argv);

#endif
