/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pointer chasing: each load's address is the last one's result, in random order over size bytes. */
#include "program.h"

enum { LINE = 64 };
struct node { struct node *next; uint64_t number; char pad[LINE - 16]; };

static struct node *nodes;

/* One cycle through all nodes (Sattolo's shuffle). */
static void chase_prepare(uint64_t size)
{
    uint64_t n = size / sizeof(*nodes), seed = 5;
    uint32_t *order = bench_alloc(n * sizeof(*order));

    nodes = bench_alloc(size);
    for (uint64_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (uint64_t i = n - 1; i > 0; i--) {
        uint64_t j = (bench_random(&seed) >> 32) * i >> 32;
        uint32_t other = order[j];

        order[j] = order[i];
        order[i] = other;
    }
    for (uint64_t i = 0; i < n; i++) {
        nodes[order[i]].next = &nodes[order[i + 1 < n ? i + 1 : 0]];
        nodes[order[i]].number = i;
    }
}

static uint64_t chase_run(uint64_t count)
{
    const struct node *p = nodes;

    for (count *= 1000; count; count--)
        p = p->next;
    return p->number;
}

const struct program program_chase = {
    .name = "chase", .size = 64 << 20, .prepare = chase_prepare, .run = chase_run,
};
