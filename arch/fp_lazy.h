/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of floating-point registers that are only computed when somebody looks.
 *
 * Compilers divide and take square roots by Newton-Raphson steps from an estimate; compiled code does that
 * with one host instruction and leaves the steps' results, which hardly anybody reads, as "the value that
 * step n of recipe r has for these operands". docs/jit-fp.md says more. Vcpu's own thread.
 */
#ifndef ARCH_FP_LAZY_H
#define ARCH_FP_LAZY_H

#include "arch/vcpu.h"

enum fp_step_op {
    STEP_GIVEN,  /* an operand of the recipe, or 1.0 */
    STEP_CONST,  /* consts[x] */
    STEP_RCPA,   /* frcpa x, y */
    STEP_RSQRTA, /* frsqrta x */
    STEP_MUL,    /* x * y */
    STEP_FMA,    /* x * y + z */
    STEP_FNMA,   /* -(x * y) + z */
};

/* One value of a recipe, from values before it; at register precision in sf1 unless pc says otherwise. */
struct fp_step {
    uint8_t op; /* enum fp_step_op */
    uint8_t pc; /* enum fp_pc */
    uint8_t x, y, z;
};

enum { STEP_A, STEP_B, STEP_ONE, STEP_FIRST };

enum fp_recipe_kind {
    RECIPE_DIVIDE_D, /* last = a / b rounded to double in sf0 */
    RECIPE_DIVIDE_S, /* to single, a and b singles */
    RECIPE_SQRT_D,
    RECIPE_SQRT_S,
    RECIPE_DIVIDE_I, /* last, truncated, = a / b for signed integers */
    RECIPE_DIVIDE_U, /* for unsigned ones */
};

struct fp_recipe {
    uint8_t kind;     /* enum fp_recipe_kind */
    uint8_t estimate; /* the step with frcpa or frsqrta */
    uint8_t n_steps;  /* the last one gives the result */
    const struct fp_step *steps;
    const struct ia64_fr *consts;
};

extern const struct fp_recipe fp_recipes[];
extern const unsigned fp_n_recipes;

/*
 * A slot with such a value: se = FR_TAG_LAZY | LAZY_AT(recipe, step), sig = a, and b in v->lazy_b[] by the
 * register's number. a and b are a double's bits. For RECIPE_DIVIDE_I and _U they are the significands of
 * normalized integers, and se has {45:40} how far a is to be moved right to be the integer, {46} its sign,
 * {53:48} and {54} the same of b. se{17:0} is 0, so that no test for another form passes.
 */
#define FR_TAG_LAZY (UINT64_C(1) << 62)
#define LAZY_AT(recipe, step) ((uint64_t)(recipe) << 32 | (uint64_t)(step) << 24)
enum { LAZY_A_SHIFT = 40, LAZY_B_SHIFT = 48 };

/* The value of a slot with FR_TAG_LAZY. */
struct ia64_fr fp_lazy_value(struct ia64_fr slot, uint64_t b);

/* The values of all steps of a recipe for given operands. @values: n_steps of them */
void fp_recipe_run(const struct fp_recipe *r, struct ia64_fr a, struct ia64_fr b, struct ia64_fr *values);

#endif
