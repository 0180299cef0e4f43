/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of -accel soft,deterministic=on,trace=FILE: what kvm-ia64 writes and kvm-ia64-tracediff reads.
 *
 * A struct trace_header; then records, each a struct trace_record, n_vcpus struct trace_vcpu, and with TRACE_FULL
 * trace_n_words() words: the whole state of the processor whose turn it is. All in the host's byte order.
 */
#ifndef ACCEL_TRACE_FORMAT_H
#define ACCEL_TRACE_FORMAT_H

#include <assert.h>
#include <stdint.h>

#define TRACE_MAGIC "KIATRACE"
enum { TRACE_VERSION = 1 };

enum { TRACE_FULL = 1 << 0, TRACE_MEMORY = 1 << 1 }; /* trace_header.flags */

struct trace_header {
    char magic[8];
    uint32_t version, n_vcpus, n_groups, n_words;
    uint64_t flags;
    uint64_t every, from, to; /* slots */
    uint64_t memory_every;    /* records */
};

struct trace_record {
    uint64_t count;  /* slots counted by all processors */
    uint64_t time;   /* virtual nanoseconds */
    uint64_t memory; /* hash of all RAM, 0 where it was not made */
    uint32_t cpu;    /* whose turn it is */
    uint32_t reserved;
};
static_assert(sizeof(struct trace_record) == 32, "no padding");

/* What the hashes and words are of. */
enum trace_group {
    TRACE_IP, TRACE_GR, TRACE_STACKED, TRACE_FR, TRACE_PR, TRACE_BR, TRACE_AR, TRACE_CR, TRACE_PSR, TRACE_INDEXED, TRACE_SAPIC,
    TRACE_TLB, TRACE_GROUPS
};

struct trace_vcpu {
    uint64_t ip; /* bundle address | slot */
    uint32_t hash[TRACE_GROUPS];
};
static_assert(sizeof(struct trace_vcpu) == 56, "no padding");

/* The words of a processor's state, in order. A name with n > 1 is followed by the index, counted from @first. */
struct trace_range {
    const char *name;
    uint8_t group, first;
    uint16_t n;
};

static const struct trace_range trace_ranges[] = {
    { "ip", TRACE_IP, 0, 1 },
    { "r", TRACE_GR, 0, 32 }, { "other bank's r", TRACE_GR, 16, 16 }, { "NaTs of r0-r31", TRACE_GR, 0, 1 },
    { "NaTs of the other bank", TRACE_GR, 0, 1 },
    { "r", TRACE_STACKED, 32, 96 }, { "NaTs of r32 on, word ", TRACE_STACKED, 0, 2 },
    { "dirty register below r32, number ", TRACE_STACKED, 1, 96 }, { "NaTs of dirty registers, word ", TRACE_STACKED, 0, 2 },
    { "f(sig)", TRACE_FR, 0, 128 }, { "f(sign, exp)", TRACE_FR, 0, 128 },
    { "pr", TRACE_PR, 0, 1 }, { "b", TRACE_BR, 0, 8 },
    { "ar.k", TRACE_AR, 0, 8 }, { "ar.rsc", TRACE_AR, 0, 1 }, { "ar.bspstore", TRACE_AR, 0, 1 }, { "ar.rnat", TRACE_AR, 0, 1 },
    { "number of dirty registers", TRACE_AR, 0, 1 }, { "ar.ccv", TRACE_AR, 0, 1 }, { "ar.unat", TRACE_AR, 0, 1 },
    { "ar.fpsr", TRACE_AR, 0, 1 }, { "ar.pfs", TRACE_AR, 0, 1 }, { "ar.lc", TRACE_AR, 0, 1 }, { "ar.ec", TRACE_AR, 0, 1 },
    { "ar.csd", TRACE_AR, 0, 1 }, { "ar.ssd", TRACE_AR, 0, 1 }, { "ia-32 ar ", TRACE_AR, 0, 8 },
    { "ar.itc's offset", TRACE_AR, 0, 1 }, { "ar.itc last read", TRACE_AR, 0, 1 },
    { "cr", TRACE_CR, 0, 128 },
    { "psr", TRACE_PSR, 0, 1 }, { "cfm", TRACE_PSR, 0, 1 }, { "rse.cfle, psr.ic in flight", TRACE_PSR, 0, 1 },
    { "rr", TRACE_INDEXED, 0, 8 }, { "pkr", TRACE_INDEXED, 0, 16 }, { "ibr", TRACE_INDEXED, 0, 8 }, { "dbr", TRACE_INDEXED, 0, 8 },
    { "pmc", TRACE_INDEXED, 0, 32 }, { "pmd", TRACE_INDEXED, 0, 32 },
    { "irr", TRACE_SAPIC, 0, 4 }, { "in service ", TRACE_SAPIC, 0, 4 }, { "itm armed", TRACE_SAPIC, 0, 1 },
    { "hash of the data TRs", TRACE_TLB, 0, 1 }, { "data TCs ever inserted", TRACE_TLB, 0, 1 },
    { "page sizes of the data TCs", TRACE_TLB, 0, 1 }, { "hash of the data TCs", TRACE_TLB, 0, 1 },
    { "hash of the instruction TRs", TRACE_TLB, 0, 1 }, { "instruction TCs ever inserted", TRACE_TLB, 0, 1 },
    { "page sizes of the instruction TCs", TRACE_TLB, 0, 1 }, { "hash of the instruction TCs", TRACE_TLB, 0, 1 },
};
enum { TRACE_RANGES = sizeof(trace_ranges) / sizeof(trace_ranges[0]), TRACE_WORDS_MAX = 1024 };

static inline unsigned trace_n_words(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < TRACE_RANGES; i++)
        n += trace_ranges[i].n;
    return n;
}

#endif
