/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvm-ia64-tracediff A B: where two traces of deterministic machines begin to differ (docs/deterministic.md). */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/trace_format.h"

enum { STATUS_SAME = 0, STATUS_DIFFERENT = 1, STATUS_BAD = 2 };

static const char *const group_names[TRACE_GROUPS] = {
    [TRACE_IP] = "ip", [TRACE_GR] = "general registers", [TRACE_STACKED] = "stacked registers",
    [TRACE_FR] = "floating-point registers", [TRACE_PR] = "predicates", [TRACE_BR] = "branch registers",
    [TRACE_AR] = "application registers", [TRACE_CR] = "control registers", [TRACE_PSR] = "psr, cfm",
    [TRACE_INDEXED] = "region, key, debug, performance registers", [TRACE_SAPIC] = "local sapic", [TRACE_TLB] = "translations",
};

struct trace_file {
    const char *name;
    FILE *file;
    struct trace_header header;
    struct trace_record record;
    struct trace_vcpu *vcpus;
    uint64_t *words;
};

static int bad(const char *name, const char *why)
{
    fprintf(stderr, "kvm-ia64-tracediff: '%s' %s\n", name, why);
    return STATUS_BAD;
}

static int open_trace(struct trace_file *t, const char *name)
{
    const struct trace_header *h = &t->header;

    t->name = name;
    t->file = fopen(name, "rbe");
    if (!t->file)
        return bad(name, "cannot be read");
    if (fread(&t->header, sizeof(t->header), 1, t->file) != 1 || memcmp(h->magic, TRACE_MAGIC, sizeof(h->magic)))
        return bad(name, "is no trace");
    if (h->version != TRACE_VERSION || h->n_groups != TRACE_GROUPS || h->n_words != trace_n_words() || !h->n_vcpus ||
        h->n_vcpus > 65536)
        return bad(name, "is a trace of another version of kvm-ia64");
    t->vcpus = calloc(h->n_vcpus, sizeof(*t->vcpus));
    t->words = calloc(h->n_words, sizeof(*t->words));
    return t->vcpus && t->words ? 0 : bad(name, "is too large");
}

static void close_trace(struct trace_file *t)
{
    if (t->file)
        fclose(t->file);
    free(t->vcpus);
    free(t->words);
}

/* 1: a record, 0: the end. A record that was cut off counts as the end. */
static int next(struct trace_file *t)
{
    const struct trace_header *h = &t->header;

    return fread(&t->record, sizeof(t->record), 1, t->file) == 1 &&
           fread(t->vcpus, sizeof(*t->vcpus), h->n_vcpus, t->file) == h->n_vcpus &&
           (!(h->flags & TRACE_FULL) || fread(t->words, sizeof(uint64_t), h->n_words, t->file) == h->n_words);
}

static bool same_record(const struct trace_file *a, const struct trace_file *b)
{
    return !memcmp(&a->record, &b->record, sizeof(a->record)) &&
           !memcmp(a->vcpus, b->vcpus, a->header.n_vcpus * sizeof(*a->vcpus)) &&
           (!(a->header.flags & TRACE_FULL) || !memcmp(a->words, b->words, a->header.n_words * sizeof(uint64_t)));
}

static void print_groups(const struct trace_file *a, const struct trace_file *b)
{
    for (unsigned i = 0; i < a->header.n_vcpus; i++) {
        const struct trace_vcpu *x = &a->vcpus[i], *y = &b->vcpus[i];
        const char *before = "";

        if (!memcmp(x, y, sizeof(*x)))
            continue;
        printf("processor %u at 0x%" PRIx64 ".%u and 0x%" PRIx64 ".%u: ", i, x->ip & ~UINT64_C(15), (unsigned)(x->ip & 15),
               y->ip & ~UINT64_C(15), (unsigned)(y->ip & 15));
        for (unsigned g = 0; g < TRACE_GROUPS; g++) {
            if (x->hash[g] == y->hash[g])
                continue;
            printf("%s%s", before, group_names[g]);
            before = "; ";
        }
        printf("\n");
    }
}

static void print_words(const struct trace_file *a, const struct trace_file *b)
{
    unsigned at = 0;

    if (a->record.cpu != b->record.cpu)
        return;
    for (unsigned i = 0; i < TRACE_RANGES; i++) {
        const struct trace_range *range = &trace_ranges[i];

        for (unsigned k = 0; k < range->n; k++, at++) {
            char number[16] = "";

            if (a->words[at] == b->words[at])
                continue;
            if (range->n > 1)
                snprintf(number, sizeof(number), "%u", range->first + k);
            printf("  %s%s: %016" PRIx64 " and %016" PRIx64 "\n", range->name, number, a->words[at], b->words[at]);
        }
    }
}

/* Which options lead nearer to the first difference, between @from, where all was the same, and @to. */
static void advise(const struct trace_header *h, uint64_t from, uint64_t to)
{
    if (h->every > 1)
        printf("Next: run both with trace-from=%" PRIu64 ",trace-to=%" PRIu64 ",trace-every=1\n", from, to);
    else if (!(h->flags & TRACE_FULL))
        printf("Next: run both with trace-from=%" PRIu64 ",trace-to=%" PRIu64 ",trace-every=1,trace-full=on\n", from, to);
}

static int differ(const struct trace_file *a, const struct trace_file *b, bool any, uint64_t before)
{
    if (any)
        printf("the same up to count %" PRIu64 "\n", before);
    printf("different at count %" PRIu64, a->record.count);
    if (a->record.count != b->record.count)
        printf(" and %" PRIu64, b->record.count);
    printf(", time %" PRIu64 " ns", a->record.time);
    if (a->record.time != b->record.time)
        printf(" and %" PRIu64 " ns", b->record.time);
    printf(", turn of processor %u", a->record.cpu);
    if (a->record.cpu != b->record.cpu)
        printf(" and %u", b->record.cpu);
    printf("%s\n", a->record.memory != b->record.memory ? "; memory differs" : "");
    print_groups(a, b);
    if (a->header.flags & TRACE_FULL)
        print_words(a, b);
    advise(&a->header, any ? before : 0, a->record.count > b->record.count ? a->record.count : b->record.count);
    return STATUS_DIFFERENT;
}

static int compare(struct trace_file *a, struct trace_file *b)
{
    uint64_t before = 0, n = 0;

    if (memcmp(&a->header, &b->header, sizeof(a->header)))
        return bad(b->name, "was made with other trace options, or another number of processors");
    for (;; n++, before = a->record.count) {
        int more_a = next(a), more_b = next(b);

        if (!more_a || !more_b) {
            if (more_a == more_b)
                break;
            printf("the same up to count %" PRIu64 "; there '%s' ends\n", before, more_a ? b->name : a->name);
            return STATUS_DIFFERENT;
        }
        if (!same_record(a, b))
            return differ(a, b, n > 0, before);
    }
    printf("the same: %" PRIu64 " records, up to count %" PRIu64 "\n", n, before);
    return STATUS_SAME;
}

int main(int argc, char **argv)
{
    struct trace_file a = { 0 }, b = { 0 };
    int status = STATUS_BAD;

    if (argc != 3)
        fprintf(stderr, "usage: kvm-ia64-tracediff TRACE TRACE\n");
    else if (!open_trace(&a, argv[1]) && !open_trace(&b, argv[2]))
        status = compare(&a, &b);
    close_trace(&a);
    close_trace(&b);
    return status;
}
