/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The division and square root sequences of compilers and libraries, and values in the middle of them. */
#include "arch/fp_lazy.h"

enum { MAX_STEPS = 32 };

#define GIVEN                                                                                                \
    {                                                                                                        \
        STEP_GIVEN, 0, 0, 0, 0                                                                               \
    }
#define GIVENS GIVEN, GIVEN, GIVEN
#define CONST(i)                                                                                             \
    {                                                                                                        \
        STEP_CONST, 0, i, 0, 0                                                                               \
    }
#define RCPA                                                                                                 \
    {                                                                                                        \
        STEP_RCPA, 0, STEP_A, STEP_B, 0                                                                      \
    }
#define RSQRTA                                                                                               \
    {                                                                                                        \
        STEP_RSQRTA, 0, STEP_A, 0, 0                                                                         \
    }
#define MUL(x, y)                                                                                            \
    {                                                                                                        \
        STEP_MUL, FP_PC_NONE, x, y, 0                                                                        \
    }
#define FMA(x, y, z)                                                                                         \
    {                                                                                                        \
        STEP_FMA, FP_PC_NONE, x, y, z                                                                        \
    }
#define FNMA(x, y, z)                                                                                        \
    {                                                                                                        \
        STEP_FNMA, FP_PC_NONE, x, y, z                                                                       \
    }
#define MUL_D(x, y)                                                                                          \
    {                                                                                                        \
        STEP_MUL, FP_PC_D, x, y, 0                                                                           \
    }
#define FMA_D(x, y, z)                                                                                       \
    {                                                                                                        \
        STEP_FMA, FP_PC_D, x, y, z                                                                           \
    }
#define MUL_S(x, y)                                                                                          \
    {                                                                                                        \
        STEP_MUL, FP_PC_S, x, y, 0                                                                           \
    }
#define FMA_S(x, y, z)                                                                                       \
    {                                                                                                        \
        STEP_FMA, FP_PC_S, x, y, z                                                                           \
    }

/* GCC, double. */
static const struct fp_step divide_d[] = {
    GIVENS,
    [3] = RCPA,
    [4] = FNMA(STEP_B, 3, STEP_ONE), /* e */
    [5] = MUL(4, 4),
    [6] = FMA(3, 4, 3),
    [7] = MUL(5, 5),
    [8] = FMA(6, 5, 6),
    [9] = FMA(8, 7, 8), /* 1 / b */
    [10] = MUL_D(STEP_A, 9),
    [11] = FNMA(STEP_B, 10, STEP_A),
    [12] = FMA_D(11, 9, 10),
};

/* GCC, single. */
static const struct fp_step divide_s[] = {
    GIVENS,
    [3] = RCPA,
    [4] = FNMA(STEP_B, 3, STEP_ONE),
    [5] = FMA(3, 4, 3),
    [6] = FMA(5, 4, 3),
    [7] = MUL_S(STEP_A, 6),
    [8] = FNMA(7, STEP_B, STEP_A),
    [9] = FMA_S(8, 6, 7),
};

/* libgcc: 64-bit integers. */
static const struct fp_step divide_i[] = {
    GIVENS,
    [3] = RCPA,
    [4] = FNMA(STEP_B, 3, STEP_ONE),
    [5] = MUL(STEP_A, 3),
    [6] = MUL(4, 4),
    [7] = FMA(4, 5, 5),
    [8] = FMA(4, 3, 3),
    [9] = FMA(6, 7, 7),
    [10] = FMA(6, 8, 8),
    [11] = FNMA(STEP_B, 9, STEP_A),
    [12] = FMA(11, 10, 9),
};

/* glibc: sqrt. The estimate's error r goes into a polynomial: 1/2, 3/2, 5/2, 63/8, 231/16, 35/8. */
static const struct ia64_fr sqrt_consts[] = {
    { FP_INT_BIT, 0xfffe },
    { UINT64_C(0xc000000000000000), 0xffff },
    { UINT64_C(0xa000000000000000), 0x10000 },
    { UINT64_C(0xfc00000000000000), 0x10001 },
    { UINT64_C(0xe700000000000000), 0x10002 },
    { UINT64_C(0x8c00000000000000), 0x10001 },
};
static const struct fp_step sqrt_d[] = {
    GIVENS,
    [3] = CONST(0),
    [4] = CONST(1),
    [5] = CONST(2),
    [6] = CONST(3),
    [7] = CONST(4),
    [8] = CONST(5),
    [9] = RSQRTA,
    [10] = MUL(3, 9),       /* h */
    [11] = MUL(STEP_A, 9),  /* g */
    [12] = FNMA(11, 10, 3), /* r */
    [13] = FMA(5, 12, 4),
    [14] = MUL(12, 12),
    [15] = FMA(7, 12, 6),
    [16] = FMA(14, 13, 12),
    [17] = MUL(14, 14),
    [18] = FMA(12, 15, 8),
    [19] = FMA(16, 11, 11),
    [20] = MUL(11, 17),
    [21] = FMA(17, 18, 16),
    [22] = FMA_D(18, 20, 19),
    [23] = FMA(21, 10, 10),
    [24] = FNMA(22, 22, STEP_A),
    [25] = FMA_D(24, 23, 22),
};

/* glibc: sqrtf. */
static const struct fp_step sqrt_s[] = {
    GIVENS,
    [3] = CONST(0),
    [4] = RSQRTA,
    [5] = MUL(3, 4),      /* h */
    [6] = MUL(STEP_A, 4), /* g */
    [7] = FNMA(6, 5, 3),  /* r */
    [8] = FMA(3, STEP_ONE, STEP_ONE),
    [9] = FMA(8, 7, STEP_ONE),
    [10] = MUL(7, 6),
    [11] = MUL(7, 5),
    [12] = FMA_S(9, 10, 6),
    [13] = FMA(9, 11, 5),
    [14] = FNMA(12, 12, STEP_A),
    [15] = FMA_S(14, 13, 12),
};

#define STEPS(array) sizeof(array) / sizeof(*(array)), array

const struct fp_recipe fp_recipes[] = {
    { RECIPE_DIVIDE_D, 3, STEPS(divide_d), NULL },    { RECIPE_DIVIDE_S, 3, STEPS(divide_s), NULL },
    { RECIPE_DIVIDE_I, 3, STEPS(divide_i), NULL },    { RECIPE_DIVIDE_U, 3, STEPS(divide_i), NULL },
    { RECIPE_SQRT_D, 9, STEPS(sqrt_d), sqrt_consts }, { RECIPE_SQRT_S, 4, STEPS(sqrt_s), sqrt_consts },
};
const unsigned fp_n_recipes = sizeof(fp_recipes) / sizeof(*fp_recipes);

static_assert(sizeof(sqrt_d) / sizeof(*sqrt_d) <= MAX_STEPS, "the longest recipe");

static struct ia64_fr step_value(const struct fp_recipe *r, const struct fp_step *s, bool last,
                                 const struct ia64_fr *values)
{
    const struct ia64_fr *x = &values[s->x], *y = &values[s->y], *z = &values[s->z];
    unsigned ctl = FP_CTL(last && s->pc != FP_PC_NONE ? 0 : 1, s->pc);
    const struct ia64_fr f0 = FP_F0;
    struct fp_result result;

    switch (s->op) {
    case STEP_CONST:
        return r->consts[s->x];
    case STEP_RCPA:
        fp_rcpa(&result, FPSR_STANDARD, FP_CTL(1, 0), x, y);
        break;
    case STEP_RSQRTA:
        fp_rsqrta(&result, FPSR_STANDARD, FP_CTL(1, 0), x);
        break;
    case STEP_MUL:
        fp_fma(&result, FPSR_STANDARD, ctl | FP_CTL_F2_IS_F0, x, y, &f0);
        break;
    case STEP_FMA:
        fp_fma(&result, FPSR_STANDARD, ctl, x, y, z);
        break;
    default:
        fp_fnma(&result, FPSR_STANDARD, ctl, x, y, z);
        break;
    }
    return result.fr;
}

void fp_recipe_run(const struct fp_recipe *r, struct ia64_fr a, struct ia64_fr b, struct ia64_fr *values)
{
    values[STEP_A] = a;
    values[STEP_B] = b;
    values[STEP_ONE] = FP_F1;
    for (unsigned i = STEP_FIRST; i < r->n_steps; i++)
        values[i] = step_value(r, &r->steps[i], i == r->n_steps - 1u, values);
}

/* An integer's normalized form from its significand and what is at @shift in se. */
static struct ia64_fr integer(uint64_t sig, uint64_t se, unsigned shift)
{
    return (struct ia64_fr){ .sig = sig,
                             .se = (FP_EXP_INT - (se >> shift & 0x3f)) | (se >> (shift + 6) & 1) << 17 };
}

struct ia64_fr fp_lazy_value(struct ia64_fr slot, uint64_t b)
{
    const struct fp_recipe *r = &fp_recipes[slot.se >> 32 & 0xff];
    struct ia64_fr values[MAX_STEPS];

    if (r->kind == RECIPE_DIVIDE_I || r->kind == RECIPE_DIVIDE_U)
        fp_recipe_run(r, integer(slot.sig, slot.se, LAZY_A_SHIFT), integer(b, slot.se, LAZY_B_SHIFT), values);
    else
        fp_recipe_run(r, fp_from_double(slot.sig), fp_from_double(b), values);
    return values[slot.se >> 24 & 0xff];
}

struct ia64_fr fr_look(struct vcpu *v, unsigned f)
{
    struct ia64_fr *slot = fr_slot(v, f);

    if (slot->se & FR_TAG_LAZY)
        *slot = fp_lazy_value(*slot, v->lazy_b[f]);
    return *slot;
}

void fr_look_high(struct vcpu *v)
{
    for (unsigned f = 32; f < 128; f++)
        fr_look(v, f);
    v->lazy_high = false;
}
