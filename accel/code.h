/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store of translated units, found by physical page, shared by all processors of a machine.
 *
 * Look-ups take no lock; translating and dropping take the store's. Units that were dropped stay in memory until no processor
 * can be inside them (code_quiesce()). Source of the rule that code needs fc to be seen: SDM Vol.1 4.4.6.2.
 */
#ifndef ACCEL_CODE_H
#define ACCEL_CODE_H

#include <pthread.h>
#include <stdatomic.h>

#include "lower/lower.h"
#include "mem/mem.h"

enum { CODE_PAGE_BUNDLES = 4096 / 16 };
#define CODE_ANYWHERE UINT64_C(1)
/* Units that run one instruction, at any address. */
#define CODE_SINGLE (KEY_CAREFUL | KEY_STEP)

struct code_unit {
    struct code_unit *next;  /* same first bundle, other slot or key */
    struct code_unit *grave_next; /* dropped before this one */
    struct ir_unit *ir;
    struct ir_unit *over;    /* the same going on in the next page, or NULL: code_translate_over() */
    _Atomic(const void *) host; /* compiled code; NULL: not yet, or never (no_host) */
    _Atomic bool no_host; /* changed under the compiler's lock, read without */
    bool stop;               /* starts where a debugger's stop may be: never compiled, so always entered by the run loop */
    uint32_t key;
    uint32_t token;          /* of the page at its home; 0: the unit may run anywhere */
    uint64_t home;           /* page of the address it runs at, or CODE_ANYWHERE */
    uint8_t slot;
    _Atomic uint32_t runs;   /* interpreted so often; of several vcpus some may not be counted */
    atomic_bool invalid;     /* bytes changed: not to be entered again */
    uint64_t grave_epoch;    /* when it was dropped */
};

struct code_page {
    struct code_page *next;  /* in its hash bucket */
    uint64_t gpa;
    /*
     * Where the page was met first since its bytes changed: units that run there have a token, which is the page's alone; those of other
     * addresses are apart. CODE_ANYWHERE: it has no units with tokens. Changed under the store's lock.
     */
    _Atomic uint64_t home;
    uint32_t id;             /* {31:4} of the tokens, under the store's lock; 0: none yet */
    _Atomic(struct code_unit *) units[CODE_PAGE_BUNDLES]; /* by first bundle */
    bool run_into;           /* units of the page before run over into this one */
    struct code_page *grave_next; /* unlinked before this one */
    uint64_t grave_epoch;
};

struct code_store;

/* Under the store's lock; read when nothing runs. */
struct code_stats {
    uint64_t units, insns, ops; /* translated */
    uint64_t dropped;           /* units whose bytes changed, or that were flushed */
    uint64_t flushes;           /* for want of room */
    uint64_t max_bytes;         /* of units' memory, the most so far */
    uint64_t ns;                /* time translating took */
};

struct code_config {
    struct kia_mem *mem;
    uint64_t cpuid4;
    bool ito;              /* CR.ITO exists */
    bool homes;            /* pages have tokens */
    int (*gate)(void *opaque, uint64_t gpa);
    size_t max_bytes; /* of units' memory, compiled code not counted: what is beyond makes the store start anew */
    /*
     * A flush begins: nothing is to be compiled until it is @done, which is when no vcpu can be in code of before. Under the
     * store's lock. Any vcpu thread
     */
    void (*flush)(void *opaque, bool done);
    void (*dropped)(void *opaque); /* units were dropped: every vcpu must come out of compiled code soon. Any thread */
    void *opaque;
    unsigned max_vcpus;
};

struct code_store *code_create(const struct code_config *config);
void code_destroy(struct code_store *s);
const struct code_stats *code_stats(const struct code_store *s);

/* The page's entry, made if needed; NULL if memory ran out. As long as units it stays. Any vcpu thread. */
struct code_page *code_page(struct code_store *s, uint64_t gpa);

/**
 * code_find - the unit that starts at a bundle and slot under a key
 * @page: of @ip's page
 * @ip: the bundle's address
 * Return: NULL if there is none yet.
 */
static inline struct code_unit *code_find(struct code_page *page, uint64_t ip, unsigned slot, uint32_t key)
{
    struct code_unit *u = atomic_load_explicit(&page->units[ip / 16 % CODE_PAGE_BUNDLES], memory_order_acquire);
    uint64_t home = ip & ~UINT64_C(0xfff);

    if (key & CODE_SINGLE || atomic_load_explicit(&page->home, memory_order_relaxed) != home)
        home = CODE_ANYWHERE;
    while (u && (u->key != key || u->slot != slot || u->home != home))
        u = u->next;
    return u;
}

/* Translates what code_find() did not find. NULL where the page is no RAM or memory ran out. Any vcpu thread. */
struct code_unit *code_translate(struct code_store *s, struct code_page *page, uint64_t ip, unsigned slot, uint32_t key);

/*
 * Translates what @u is the beginning of, as if its page and the next physical one were one. Return: as long there as @u;
 * NULL where that page is no memory, a debugger has stops, or memory ran out. Any vcpu thread.
 */
const struct ir_unit *code_translate_over(struct code_store *s, struct code_unit *u);

/*
 * Drops all units and pages. Their memory, and that of their host code, is free when every vcpu has been outside of units:
 * config.flush() says so. Does nothing while that has still to come. Any vcpu thread.
 */
void code_flush(struct code_store *s);
/* Has a flush begun that is not done? Any thread. */
bool code_flushing(struct code_store *s);

/* Bytes changed: drops the units of all pages touched. Any thread. */
void code_changed(struct code_store *s, uint64_t gpa, uint64_t len);

/*
 * A debugger's stops. Units never run over a stop of their page, wherever it is mapped: units that start at one are marked.
 * code_add_stop() @offset: of the bundle in its page; drops the units that run over it. Forgetting drops everything.
 * No vcpu runs.
 */
void code_add_stop(struct code_store *s, unsigned offset, unsigned slot);
void code_forget_stops(struct code_store *s);

/*
 * vcpu @index is inside no unit now. Cheap when nothing was dropped. @idle: and will not be until its next call.
 * Return: a number that differs from the last call's if units were dropped: what the caller knows of units and pages is void
 * then.
 */
uint64_t code_quiesce(struct code_store *s, unsigned index, bool idle);

#endif
