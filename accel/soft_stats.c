/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -d jit: what the code cache and the run loop did, in figures for people. */
#include <inttypes.h>
#include <stdlib.h>

#include "accel/soft.h"
#include "arch/interruption.h"
#include "vmm/log.h"

enum { MOST = 24 }; /* lines of a list at most */

struct line {
    uint64_t count;
    char name[56];
};

static int by_count(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

static void print_list(const char *title, struct line *lines, unsigned n)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += lines[i].count;
    if (!sum)
        return;
    qsort(lines, n, sizeof(*lines), by_count);
    kia_log(KIA_LOG_JIT, "%s: %" PRIu64, title, sum);
    for (unsigned i = 0; i < n && i < MOST && lines[i].count; i++)
        kia_log(KIA_LOG_JIT, "  %10" PRIu64 "  %s", lines[i].count, lines[i].name);
}

static void print_ops(const char *title, const uint64_t *counts)
{
    struct line lines[OP_COUNT] = { 0 };

    for (unsigned i = 0; i < OP_COUNT; i++) {
        lines[i].count = counts[i];
        if (i == OP_INVALID)
            snprintf(lines[i].name, sizeof(lines[i].name), "memory reference");
        else if (counts[i])
            isa_op_text(i, lines[i].name, sizeof(lines[i].name));
    }
    print_list(title, lines, OP_COUNT);
}

static void add(struct soft_stats *sum, const struct soft_stats *s)
{
    const uint64_t *from = (const uint64_t *)s;
    uint64_t *to = (uint64_t *)sum;

    static_assert(sizeof(*s) % sizeof(*from) == 0, "nothing but counters");
    for (size_t i = 0; i < sizeof(*s) / sizeof(*from); i++)
        to[i] += from[i];
}

static void print_run(const struct soft_stats *s)
{
    struct line leaves[JIT_LEAVES], faults[FAULT_COUNT];

    for (unsigned i = 0; i < JIT_LEAVES; i++) {
        leaves[i].count = s->leaves[i];
        snprintf(leaves[i].name, sizeof(leaves[i].name), "%s", jit_leave_name(i) ? jit_leave_name(i) : "?");
    }
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        faults[i].count = s->faults[i];
        snprintf(faults[i].name, sizeof(faults[i].name), "%s", fault_name(i));
    }
    kia_log(KIA_LOG_JIT, "interpreted: %" PRIu64 " units, %" PRIu64 " instructions at most; halts: %" PRIu64,
            s->interpreted, s->interpreted_insns, s->halts);
    print_list("compiled code left", leaves, JIT_LEAVES);
    print_ops("left by a call, by instruction", s->left_op);
    print_list("interruptions", faults, FAULT_COUNT);
}

static void print_jit(const struct kia_vm *vm)
{
    const struct jit_stats *j = jit_stats(vm->jit);

    kia_log(KIA_LOG_JIT, "compiled: %" PRIu64 " units, %" PRIu64 " instructions, %" PRIu64 " ops, %" PRIu64
            " KiB, %.3f s; %" PRIu64 " not compiled", j->units, j->insns, j->ops, j->bytes >> 10, (double)j->ns / 1e9,
            j->failed);
    if (!vm->calls)
        return;
    print_ops("calls of C, by instruction", vm->calls);
    kia_log(KIA_LOG_JIT, "soft TLB misses: %" PRIu64 " loads, %" PRIu64 " stores", vm->calls[JIT_COUNT_LOAD],
            vm->calls[JIT_COUNT_STORE]);
}

void soft_stats_print(const struct kia_vm *vm)
{
    const struct code_stats *c = code_stats(vm->code);
    struct soft_stats sum = { 0 };

    kia_log(KIA_LOG_JIT, "translated: %" PRIu64 " units, %" PRIu64 " instructions, %" PRIu64 " ops, %.3f s; %" PRIu64
            " dropped", c->units, c->insns, c->ops, (double)c->ns / 1e9, c->dropped);
    kia_log(KIA_LOG_JIT, "internal ops %" PRIu64 " KiB at most; flushed %" PRIu64 " times", c->max_bytes >> 10, c->flushes);
    if (vm->jit)
        print_jit(vm);
    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        if (vm->vcpus[i])
            add(&sum, &vm->vcpus[i]->stats);
    }
    print_run(&sum);
}
