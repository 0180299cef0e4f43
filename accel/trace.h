/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the trace of a deterministic machine (docs/deterministic.md). The processors' thread. */
#ifndef ACCEL_TRACE_H
#define ACCEL_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct kia_vm;
struct trace;
struct vcpu;

/* trace=FILE,trace-every=N,trace-from=C,trace-to=C,trace-full=on,trace-memory=N */
struct trace_options {
    char *path;            /* NULL: no trace */
    uint64_t every;        /* slots between two records, at least 1 */
    uint64_t from, to;     /* counts: no records before and after */
    bool full;             /* the whole state of the processor whose turn it is in every record */
    uint64_t memory_every; /* every so many records there is a hash of RAM; 0: never */
};

/* 0, or negative errno with a message. */
int trace_open(const struct trace_options *options, unsigned n_vcpus, struct trace **trace);
/* NULL is fine. Complains if the file could not be written. */
void trace_close(struct trace *trace);
/* The count from which on the next record is due. */
uint64_t trace_next(const struct trace *trace);
/* Writes a record. No processor runs. */
void trace_record(struct trace *trace, struct kia_vm *vm, uint64_t count, uint64_t time, unsigned cpu);

/**
 * trace_words - the architected state of a processor as words
 * @words: trace_n_words() of them, in the order of trace_ranges[]
 * @deep: the translation caches, too, which takes longer than all the rest; else their words are 0
 */
void trace_words(struct vcpu *v, uint64_t *words, bool deep);

#endif
