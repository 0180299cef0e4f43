/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store of translated units. */
#include <stdlib.h>
#include <string.h>

#include "accel/code.h"
#include "accel/code_mem.h"
#include "accel/soft.h"
#include "vmm/log.h"

enum { HASH_BITS = 14, HASH_SIZE = 1 << HASH_BITS, ID_SHIFT = 4, LAST_ID = 0xffffffe };

struct code_store {
    struct code_config config;
    pthread_mutex_t lock;
    _Atomic(struct code_page *) hash[HASH_SIZE];
    struct lower_scratch *scratch;  /* under the lock */
    struct code_mem mem;            /* under the lock: units and their ops */
    size_t n_pages;
    _Atomic(struct code_unit *) graves; /* dropped, oldest last */
    struct code_page *page_graves;  /* the same for pages */
    _Atomic uint64_t flush_epoch;           /* of a flush whose units are not all gone; 0: none */
    _Atomic uint64_t epoch;         /* raised by every drop */
    _Atomic uint64_t *seen;         /* per vcpu: epoch it has seen outside of units; UINT64_MAX: idle */
    struct code_stats stats;
    uint32_t last_id;               /* of pages, under the lock */
    bool any_stop;
    uint8_t stops[CODE_PAGE_BUNDLES]; /* {2:0}: slots that are a debugger's stops, in every page */
};

static unsigned hash_gpa(uint64_t gpa) { return (unsigned)((gpa >> 12) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - HASH_BITS)); }

struct code_store *code_create(const struct code_config *config)
{
    struct code_store *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->config = *config;
    s->epoch = 1;
    s->seen = calloc(config->max_vcpus, sizeof(*s->seen));
    s->scratch = lower_scratch_create();
    if (!s->seen || !s->scratch) {
        lower_scratch_free(s->scratch);
        free(s->seen);
        free(s);
        return NULL;
    }
    for (unsigned i = 0; i < config->max_vcpus; i++)
        atomic_init(&s->seen[i], UINT64_MAX);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

const struct code_stats *code_stats(const struct code_store *s) { return &s->stats; }

static void free_unit(struct code_store *s, struct code_unit *u)
{
    if (u->over)
        code_mem_free(&s->mem, u->over);
    code_mem_free(&s->mem, u->ir);
    code_mem_free(&s->mem, u);
}

static void free_graves(struct code_store *s, struct code_unit *u)
{
    while (u) {
        struct code_unit *next = u->grave_next;

        free_unit(s, u);
        u = next;
    }
}

static void free_page(struct code_store *s, struct code_page *p)
{
    for (unsigned i = 0; i < CODE_PAGE_BUNDLES; i++) {
        for (struct code_unit *u = p->units[i], *next; u; u = next) {
            next = u->next;
            free_unit(s, u);
        }
    }
    free(p);
}

/* A processor that had found the page before it was unlinked may have put a unit there since. */
static void free_page_graves(struct code_store *s)
{
    for (struct code_page *p = s->page_graves, *next; p; p = next) {
        next = p->grave_next;
        free_page(s, p);
        s->n_pages--;
    }
    s->page_graves = NULL;
}

void code_destroy(struct code_store *s)
{
    if (!s)
        return;
    for (unsigned h = 0; h < HASH_SIZE; h++) {
        for (struct code_page *p = s->hash[h], *next; p; p = next) {
            next = p->next;
            free_page(s, p);
        }
    }
    free_graves(s, s->graves);
    free_page_graves(s);
    code_mem_close(&s->mem);
    pthread_mutex_destroy(&s->lock);
    lower_scratch_free(s->scratch);
    free(s->seen);
    free(s);
}

static struct code_page *find_page(struct code_store *s, uint64_t gpa)
{
    struct code_page *p = atomic_load_explicit(&s->hash[hash_gpa(gpa)], memory_order_acquire);

    while (p && p->gpa != gpa)
        p = p->next;
    return p;
}

struct code_page *code_page(struct code_store *s, uint64_t gpa)
{
    struct code_page *p;

    gpa &= ~UINT64_C(0xfff);
    p = find_page(s, gpa);
    if (p)
        return p;
    pthread_mutex_lock(&s->lock);
    p = find_page(s, gpa);
    if (!p) {
        p = calloc(1, sizeof(*p));
        if (p) {
            s->n_pages++;
            p->gpa = gpa;
            atomic_init(&p->home, CODE_ANYWHERE);
            p->next = s->hash[hash_gpa(gpa)];
            atomic_store_explicit(&s->hash[hash_gpa(gpa)], p, memory_order_release);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return p;
}

static void *alloc(void *opaque, size_t size)
{
    struct code_store *s = opaque;

    return code_mem_alloc(&s->mem, size);
}

/*
 * Gives a page its home, where it has none, and a unit its token, where it runs there. No token is used twice: it may be that of exits
 * long after the page's bytes have changed. Under the lock.
 */
static void settle_unit(struct code_store *s, struct code_page *page, struct code_unit *u, uint64_t va)
{
    if (!page->id && s->last_id < LAST_ID) {
        page->id = ++s->last_id;
        atomic_store_explicit(&page->home, va, memory_order_relaxed);
    }
    if (!page->id || atomic_load_explicit(&page->home, memory_order_relaxed) != va)
        return;
    u->home = va;
    u->token = page->id << ID_SHIFT | (u->key & KEY_VM ? 8 : 0) | (u->key & KEY_IT ? 4 : 0) | (u->key & KEY_CPL);
}

static struct code_unit *translate(struct code_store *s, struct code_page *page, const struct lower_source *src, uint64_t ip)
{
    struct code_unit *u = code_mem_alloc(&s->mem, sizeof(*u));

    if (!u)
        return NULL;
    *u = (struct code_unit){ .ir = lower_unit(s->scratch, src), .key = src->key, .slot = (uint8_t)src->slot, .home = CODE_ANYWHERE };
    if (!u->ir) {
        code_mem_free(&s->mem, u);
        return NULL;
    }
    if (kia_log_wanted[KIA_LOG_IN_ASM])
        soft_log_unit(src, u->ir);
    s->stats.units++;
    s->stats.insns += u->ir->n_insns;
    s->stats.ops += u->ir->n_ops;
    if (s->config.homes && !(src->key & CODE_SINGLE))
        settle_unit(s, page, u, ip & ~UINT64_C(0xfff));
    u->stop = u->no_host = src->stops && src->stops[(src->gpa & 0xfff) / 16] >> src->slot & 1;
    u->next = page->units[(src->gpa & 0xfff) / 16];
    atomic_store_explicit(&page->units[(src->gpa & 0xfff) / 16], u, memory_order_release);
    return u;
}

static size_t bytes(const struct code_store *s) { return s->mem.bytes + s->n_pages * sizeof(struct code_page); }

/* What lies from @gpa to @end. */
static struct lower_source source(struct code_store *s, uint64_t gpa, const uint8_t *host, uint64_t end, unsigned slot, uint32_t key)
{
    return (struct lower_source){
        .code = (const struct bundle *)host,
        .n_bundles = (unsigned)(end - gpa) / 16,
        .gpa = gpa,
        .slot = slot,
        .key = key,
        .cpuid4 = s->config.cpuid4,
        .ito = s->config.ito,
        .max_insns = key & (KEY_CAREFUL | KEY_STEP) ? 1 : LOWER_MAX_INSNS,
        .stops = s->any_stop ? s->stops : NULL,
        .gate = s->config.gate,
        .opaque = s->config.opaque,
        .alloc = alloc,
        .alloc_opaque = s,
    };
}

struct code_unit *code_translate(struct code_store *s, struct code_page *page, uint64_t ip, unsigned slot, uint32_t key)
{
    const uint8_t *host = kia_mem_hva(s->config.mem, page->gpa, 4096);
    unsigned offset = ip % 4096;
    struct lower_source src;
    struct code_unit *u;
    bool full;

    if (!host)
        return NULL;
    pthread_mutex_lock(&s->lock);
    src = source(s, page->gpa + offset, host + offset, page->gpa + 4096, slot, key);
    u = code_find(page, ip, slot, key);
    if (!u) {
        uint64_t start = soft_now_ns();

        u = translate(s, page, &src, ip);
        s->stats.ns += soft_now_ns() - start;
    }
    if (bytes(s) > s->stats.max_bytes)
        s->stats.max_bytes = bytes(s);
    full = bytes(s) > s->config.max_bytes;
    pthread_mutex_unlock(&s->lock);
    if (full)
        code_flush(s);
    return u;
}

const struct ir_unit *code_translate_over(struct code_store *s, struct code_unit *u)
{
    uint64_t first = u->ir->gpa & ~UINT64_C(0xfff);
    const uint8_t *host = kia_mem_hva(s->config.mem, first, 8192);
    struct code_page *next = host ? code_page(s, first + 4096) : NULL;
    const struct ir_unit *over;
    struct lower_source src;

    if (!next)
        return NULL;
    pthread_mutex_lock(&s->lock);
    if (!u->over && !s->any_stop && !atomic_load(&u->invalid) && find_page(s, first + 4096) == next) {
        src = source(s, u->ir->gpa, host + (u->ir->gpa - first), first + 8192, u->slot, u->key);
        next->run_into = true;
        u->over = lower_unit(s->scratch, &src);
    }
    over = u->over;
    pthread_mutex_unlock(&s->lock);
    return over;
}

/* Return: false if there was nothing to drop. */
static bool drop_units(struct code_store *s, struct code_page *p, uint64_t epoch)
{
    bool any = false;

    atomic_store_explicit(&p->home, CODE_ANYWHERE, memory_order_relaxed);
    p->id = 0;
    for (unsigned i = 0; i < CODE_PAGE_BUNDLES; i++) {
        struct code_unit *u = p->units[i];

        if (!u)
            continue;
        any = true;
        atomic_store_explicit(&p->units[i], NULL, memory_order_relaxed);
        while (u) {
            /* u->next stays as it is: another processor may be walking the list now. */
            atomic_store_explicit(&u->invalid, true, memory_order_release);
            s->stats.dropped++;
            u->grave_epoch = epoch;
            u->grave_next = s->graves;
            s->graves = u;
            u = u->next;
        }
    }
    return any;
}

/*
 * A processor that has seen an epoch knows of the drops before it: the units go first, then the epoch rises. Return: whether
 * units were dropped.
 */
static bool drop_page(struct code_store *s, struct code_page *p)
{
    if (p && p->run_into) {
        p->run_into = false;
        drop_page(s, find_page(s, p->gpa - 4096));
        drop_page(s, p);
        return true;
    }
    if (!p || !drop_units(s, p, atomic_load(&s->epoch) + 1))
        return false;
    atomic_fetch_add(&s->epoch, 1);
    return true;
}

static bool drop_range(struct code_store *s, uint64_t first, uint64_t last)
{
    bool any = false;

    if (last - first <= HASH_SIZE) {
        for (uint64_t n = first; n <= last; n++)
            any |= drop_page(s, find_page(s, n << 12));
        return any;
    }
    for (unsigned h = 0; h < HASH_SIZE; h++) { /* more pages than could be looked up one by one */
        for (struct code_page *p = s->hash[h]; p; p = p->next) {
            if (p->gpa >> 12 >= first && p->gpa >> 12 <= last)
                any |= drop_page(s, p);
        }
    }
    return any;
}

void code_changed(struct code_store *s, uint64_t gpa, uint64_t len)
{
    bool any;

    pthread_mutex_lock(&s->lock);
    any = drop_range(s, gpa >> 12, (gpa + (len ? len - 1 : 0)) >> 12);
    pthread_mutex_unlock(&s->lock);
    if (any)
        s->config.dropped(s->config.opaque);
}

static bool runs_over(struct code_page *p, unsigned bundle)
{
    for (unsigned i = 0; i <= bundle; i++) {
        for (struct code_unit *u = p->units[i]; u; u = u->next) {
            if (i + u->ir->n_bundles > bundle || u->over)
                return true;
        }
    }
    return false;
}

void code_add_stop(struct code_store *s, unsigned offset, unsigned slot)
{
    unsigned bundle = offset / 16;

    if (s->stops[bundle] >> slot & 1)
        return;
    pthread_mutex_lock(&s->lock);
    s->any_stop = true;
    s->stops[bundle] |= (uint8_t)(1 << slot);
    for (unsigned h = 0; h < HASH_SIZE; h++) {
        for (struct code_page *p = s->hash[h]; p; p = p->next) {
            if (runs_over(p, bundle))
                drop_page(s, p);
        }
    }
    pthread_mutex_unlock(&s->lock);
    s->config.dropped(s->config.opaque);
}

void code_forget_stops(struct code_store *s)
{
    if (!s->any_stop)
        return;
    pthread_mutex_lock(&s->lock);
    s->any_stop = false;
    memset(s->stops, 0, sizeof(s->stops));
    pthread_mutex_unlock(&s->lock);
    code_changed(s, 0, UINT64_MAX);
}

/* Under the lock. */
static void drop_all(struct code_store *s)
{
    uint64_t epoch = atomic_load(&s->epoch) + 1;

    s->config.flush(s->config.opaque, false);
    for (unsigned h = 0; h < HASH_SIZE; h++) {
        struct code_page *p = s->hash[h];

        atomic_store_explicit(&s->hash[h], NULL, memory_order_relaxed);
        for (; p; p = p->next) {
            drop_units(s, p, epoch);
            p->grave_epoch = epoch;
            p->grave_next = s->page_graves;
            s->page_graves = p;
        }
    }
    code_mem_close(&s->mem);
    s->stats.flushes++;
    s->flush_epoch = epoch;
    atomic_store(&s->epoch, epoch);
}

void code_flush(struct code_store *s)
{
    bool pending;

    pthread_mutex_lock(&s->lock);
    pending = s->flush_epoch != 0;
    if (!pending)
        drop_all(s);
    pthread_mutex_unlock(&s->lock);
    if (!pending)
        s->config.dropped(s->config.opaque);
}

bool code_flushing(struct code_store *s) { return atomic_load_explicit(&s->flush_epoch, memory_order_relaxed); }

/* Frees what every processor has been outside of since it was dropped. */
static void sweep(struct code_store *s)
{
    struct code_unit *dead, *last = NULL;
    uint64_t oldest = UINT64_MAX;

    pthread_mutex_lock(&s->lock);
    for (unsigned i = 0; i < s->config.max_vcpus; i++) {
        uint64_t seen = atomic_load(&s->seen[i]);

        oldest = seen < oldest ? seen : oldest;
    }
    for (dead = s->graves; dead && dead->grave_epoch > oldest; dead = dead->grave_next)
        last = dead;
    if (last)
        last->grave_next = NULL;
    else
        s->graves = NULL;
    free_graves(s, dead);
    if (s->flush_epoch && s->flush_epoch <= oldest) {
        free_page_graves(s);
        s->flush_epoch = 0;
        s->config.flush(s->config.opaque, true);
    }
    pthread_mutex_unlock(&s->lock);
}

static bool unswept(struct code_store *s) { return s->graves || s->flush_epoch; }

uint64_t code_quiesce(struct code_store *s, unsigned index, bool idle)
{
    uint64_t now = atomic_load_explicit(&s->epoch, memory_order_acquire);

    if (idle) {
        if (atomic_exchange(&s->seen[index], UINT64_MAX) != now && unswept(s))
            sweep(s);
        return now;
    }
    if (atomic_load_explicit(&s->seen[index], memory_order_relaxed) == now)
        return now;
    /* From idle: what was dropped before others could see it awake is not kept for it, so it must know of that. */
    for (;;) {
        atomic_store(&s->seen[index], now);
        if (atomic_load(&s->epoch) == now)
            break;
        now = atomic_load(&s->epoch);
    }
    if (unswept(s))
        sweep(s);
    return now;
}
