/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point: matrix multiply and n-body with square roots in double, the Mandelbrot set in float and in
 * double. Compiled with -ffp-contract=off, so that both sides round alike and the checksums agree.
 */
#include <math.h>
#include <string.h>

#include "program.h"

static uint64_t bits(double x)
{
    uint64_t b;

    memcpy(&b, &x, sizeof(b));
    return b;
}

enum { N = 48 };
static double left[N][N], right[N][N], product[N][N];

static void matmul_prepare(uint64_t size)
{
    uint64_t seed = 7;

    (void)size;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            left[i][j] = (double)(bench_random(&seed) >> 40) / (1 << 20);
            right[i][j] = (double)(bench_random(&seed) >> 40) / (1 << 20) - 4;
        }
}

static uint64_t matmul_run(uint64_t count)
{
    uint64_t sum = 0;

    while (count--) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                double x = 0;

                for (int k = 0; k < N; k++)
                    x += left[i][k] * right[k][j];
                product[i][j] = x;
            }
        sum = bench_mix(sum, bits(product[count % N][sum % N]));
    }
    return sum;
}

enum { BODIES = 5 };
struct body { double x[3], v[3], mass; };

/* A heavy body and four light ones around it. */
static void place(struct body b[BODIES])
{
    uint64_t seed = 8;

    memset(b, 0, BODIES * sizeof(*b));
    b[0].mass = 40;
    for (int i = 1; i < BODIES; i++) {
        b[i].mass = 0.01 * i;
        for (int j = 0; j < 3; j++) {
            b[i].x[j] = (double)(bench_random(&seed) % 1000) / 100 + 5 * i;
            b[i].v[j] = (double)(bench_random(&seed) % 1000) / 1000 - 0.5;
        }
    }
}

static void step(struct body b[BODIES], double dt)
{
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double dx = b[i].x[0] - b[j].x[0], dy = b[i].x[1] - b[j].x[1], dz = b[i].x[2] - b[j].x[2];
            double square = dx * dx + dy * dy + dz * dz + 0.01;
            double pull = dt / (square * sqrt(square)), by_i = b[i].mass * pull, by_j = b[j].mass * pull;

            b[i].v[0] -= dx * by_j;
            b[i].v[1] -= dy * by_j;
            b[i].v[2] -= dz * by_j;
            b[j].v[0] += dx * by_i;
            b[j].v[1] += dy * by_i;
            b[j].v[2] += dz * by_i;
        }
    for (int i = 0; i < BODIES; i++)
        for (int j = 0; j < 3; j++)
            b[i].x[j] += dt * b[i].v[j];
}

static uint64_t nbody_run(uint64_t count)
{
    struct body b[BODIES];
    uint64_t sum = 0;

    place(b);
    for (count *= 10; count; count--)
        step(b, 0.01);
    for (int i = 0; i < BODIES; i++)
        sum = bench_mix(sum, bits(b[i].x[i % 3]));
    return sum;
}

/* The same picture of 32 x 32 points again and again, moved by an amount that does not change it much. */
#define MANDELBROT(name, type)                                                  \
    static uint64_t name(uint64_t count)                                        \
    {                                                                           \
        uint64_t sum = 0;                                                       \
                                                                                \
        while (count--)                                                         \
            for (int row = 0; row < 32; row++)                                  \
                for (int column = 0; column < 32; column++) {                   \
                    type a = (type)column / 12 - 2 + (type)(sum & 15) / 8192;   \
                    type b = (type)row / 16 - 1, x = 0, y = 0;                  \
                    int i = 0;                                                  \
                                                                                \
                    for (; i < 100 && x * x + y * y < 4; i++) {                 \
                        type t = x * x - y * y + a;                             \
                                                                                \
                        y = 2 * x * y + b;                                      \
                        x = t;                                                  \
                    }                                                           \
                    sum = bench_mix(sum, (uint64_t)i);                          \
                }                                                               \
        return sum;                                                             \
    }

MANDELBROT(mandelf_run, float)
MANDELBROT(mandeld_run, double)

const struct program program_matmul = { .name = "matmul", .prepare = matmul_prepare, .run = matmul_run };
const struct program program_nbody = { .name = "nbody", .run = nbody_run };
const struct program program_mandelf = { .name = "mandelf", .run = mandelf_run };
const struct program program_mandeld = { .name = "mandeld", .run = mandeld_run };
