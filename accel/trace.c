/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace of a deterministic machine: hashes of its state at counts that are the same in every run. */
#include "accel/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/soft.h"
#include "accel/trace_format.h"
#include "vmm/log.h"

static_assert(N_PKR == 16 && 2 * N_BR_PAIRS == 8, "trace_ranges[] has their numbers");

struct trace {
    struct trace_options o;
    FILE *file;
    unsigned n_vcpus;
    uint64_t next;
    uint64_t n_records;
    uint64_t words[TRACE_WORDS_MAX];
};

int trace_open(const struct trace_options *options, unsigned n_vcpus, struct trace **out)
{
    struct trace *t = calloc(1, sizeof(*t));
    struct trace_header h = {
        .version = TRACE_VERSION, .n_vcpus = n_vcpus, .n_groups = TRACE_GROUPS, .n_words = trace_n_words(),
        .flags = (options->full ? TRACE_FULL : 0) | (options->memory_every ? TRACE_MEMORY : 0),
        .every = options->every, .from = options->from, .to = options->to, .memory_every = options->memory_every,
    };

    assert(trace_n_words() <= TRACE_WORDS_MAX);
    if (!t)
        return kia_err(-ENOMEM, "cannot write the trace");
    t->file = fopen(options->path, "wbe");
    if (!t->file) {
        free(t);
        return kia_err(-errno, "cannot write the trace to '%s'", options->path);
    }
    t->o = *options;
    t->n_vcpus = n_vcpus;
    t->next = options->from;
    memcpy(h.magic, TRACE_MAGIC, sizeof(h.magic));
    fwrite(&h, sizeof(h), 1, t->file);
    *out = t;
    return 0;
}

void trace_close(struct trace *t)
{
    bool bad;

    if (!t)
        return;
    bad = ferror(t->file);
    if (fclose(t->file) || bad)
        kia_err(0, "the trace '%s' is not complete: it could not be written", t->o.path);
    free(t);
}

uint64_t trace_next(const struct trace *t) { return t->next; }

/* Four lanes, so that the host's multiplier is kept busy. */
static uint64_t hash(const uint64_t *words, size_t n)
{
    uint64_t lane[4] = { 1, 2, 3, 4 };

    for (size_t i = 0; i < n; i++) {
        uint64_t x = (lane[i & 3] ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);

        lane[i & 3] = x ^ x >> 32;
    }
    for (unsigned i = 1; i < 4; i++)
        lane[0] = (lane[0] ^ lane[i] >> i) * UINT64_C(0xbf58476d1ce4e5b9) ^ lane[i];
    return lane[0] ^ lane[0] >> 32;
}

/* Groups lie together in trace_ranges[]. */
static void hash_groups(const uint64_t *words, struct trace_vcpu *out)
{
    out->ip = words[0];
    for (unsigned i = 0; i < TRACE_RANGES;) {
        unsigned group = trace_ranges[i].group, n = 0;

        for (; i < TRACE_RANGES && trace_ranges[i].group == group; i++)
            n += trace_ranges[i].n;
        out->hash[group] = (uint32_t)hash(words, n);
        words += n;
    }
}

static uint64_t hash_memory(struct kia_mem *mem)
{
    uint64_t gpa, size, h = 0;

    for (unsigned i = 0; kia_mem_ram_block(mem, i, &gpa, &size); i++)
        h = h * 31 + hash(kia_mem_hva(mem, gpa, size), size / sizeof(uint64_t));
    return h ? h : 1;
}

void trace_record(struct trace *t, struct kia_vm *vm, uint64_t count, uint64_t time, unsigned cpu)
{
    struct trace_record r = { .count = count, .time = time, .cpu = cpu };

    t->next = count >= t->o.to || t->o.every > UINT64_MAX - count ? UINT64_MAX : (count / t->o.every + 1) * t->o.every;
    if (t->next > t->o.to)
        t->next = UINT64_MAX;
    if (t->o.memory_every && t->n_records % t->o.memory_every == 0)
        r.memory = hash_memory(vm->mem);
    t->n_records++;
    fwrite(&r, sizeof(r), 1, t->file);
    for (unsigned i = 0; i < t->n_vcpus; i++) {
        struct trace_vcpu hashes = { 0 };

        if (vm->vcpus[i]) {
            trace_words(vm->vcpus[i]->v, t->words, t->o.full);
            hash_groups(t->words, &hashes);
        }
        fwrite(&hashes, sizeof(hashes), 1, t->file);
    }
    if (!t->o.full)
        return;
    trace_words(vm->vcpus[cpu]->v, t->words, true);
    fwrite(t->words, sizeof(uint64_t), trace_n_words(), t->file);
}
