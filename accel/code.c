/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store of translated units. */
#include <stdlib.h>
#include <string.h>

#include "accel/code.h"
#include "accel/soft.h"
#include "vmm/log.h"

enum { HASH_BITS = 14, HASH_SIZE = 1 << HASH_BITS };

struct code_store {
    struct code_config config;
    pthread_mutex_t lock;
    _Atomic(struct code_page *) hash[HASH_SIZE];
    struct lower_scratch *scratch;  /* under the lock */
    _Atomic(struct code_unit *) graves; /* dropped, oldest last */
    _Atomic uint64_t epoch;         /* raised by every drop */
    _Atomic uint64_t *seen;         /* per vcpu: epoch it has seen outside of units; UINT64_MAX: idle */
    struct code_stats stats;
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

static void free_unit(struct code_unit *u)
{
    ir_unit_free(u->ir);
    free(u);
}

static void free_graves(struct code_unit *u)
{
    while (u) {
        struct code_unit *next = u->grave_next;

        free_unit(u);
        u = next;
    }
}

static void free_page(struct code_page *p)
{
    for (unsigned i = 0; i < CODE_PAGE_BUNDLES; i++) {
        for (struct code_unit *u = p->units[i], *next; u; u = next) {
            next = u->next;
            free_unit(u);
        }
    }
    free(p);
}

void code_destroy(struct code_store *s)
{
    if (!s)
        return;
    for (unsigned h = 0; h < HASH_SIZE; h++) {
        for (struct code_page *p = s->hash[h], *next; p; p = next) {
            next = p->next;
            free_page(p);
        }
    }
    free_graves(s->graves);
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
            p->gpa = gpa;
            p->next = s->hash[hash_gpa(gpa)];
            atomic_store_explicit(&s->hash[hash_gpa(gpa)], p, memory_order_release);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return p;
}

static struct code_unit *translate(struct code_store *s, struct code_page *page, const struct lower_source *src)
{
    struct code_unit *u = calloc(1, sizeof(*u));

    if (!u)
        return NULL;
    u->ir = lower_unit(s->scratch, src);
    if (!u->ir) {
        free(u);
        return NULL;
    }
    if (kia_log_wanted[KIA_LOG_IN_ASM])
        soft_log_unit(src, u->ir);
    s->stats.units++;
    s->stats.insns += u->ir->n_insns;
    s->stats.ops += u->ir->n_ops;
    u->key = src->key;
    u->slot = (uint8_t)src->slot;
    u->stop = u->no_host = src->stops && src->stops[(src->gpa & 0xfff) / 16] >> src->slot & 1;
    u->next = page->units[(src->gpa & 0xfff) / 16];
    atomic_store_explicit(&page->any, true, memory_order_relaxed);
    atomic_store_explicit(&page->units[(src->gpa & 0xfff) / 16], u, memory_order_release);
    return u;
}

struct code_unit *code_translate(struct code_store *s, struct code_page *page, unsigned offset, unsigned slot, uint32_t key)
{
    const uint8_t *host = kia_mem_hva(s->config.mem, page->gpa, 4096);
    struct code_unit *u;

    if (!host)
        return NULL;

    struct lower_source src = {
        .code = (const struct bundle *)(host + offset),
        .n_bundles = (4096 - offset) / 16,
        .gpa = page->gpa + offset,
        .slot = slot,
        .key = key,
        .cpuid4 = s->config.cpuid4,
        .ito = s->config.ito,
        .max_insns = key & (KEY_CAREFUL | KEY_STEP) ? 1 : LOWER_MAX_INSNS,
        .stops = s->any_stop ? s->stops : NULL,
        .gate = s->config.gate,
        .opaque = s->config.opaque,
    };

    pthread_mutex_lock(&s->lock);
    u = code_find(page, offset, slot, key);
    if (!u) {
        uint64_t start = soft_now_ns();

        u = translate(s, page, &src);
        s->stats.ns += soft_now_ns() - start;
    }
    pthread_mutex_unlock(&s->lock);
    return u;
}

static void drop_page(struct code_store *s, struct code_page *p)
{
    uint64_t epoch = atomic_fetch_add(&s->epoch, 1) + 1;

    for (unsigned i = 0; i < CODE_PAGE_BUNDLES; i++) {
        struct code_unit *u = p->units[i];

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
    atomic_store_explicit(&p->any, false, memory_order_relaxed);
}

void code_changed(struct code_store *s, uint64_t gpa, uint64_t len)
{
    uint64_t first = gpa >> 12, last = (gpa + (len ? len - 1 : 0)) >> 12;

    if (last - first > HASH_SIZE) { /* more pages than could be looked up one by one */
        pthread_mutex_lock(&s->lock);
        for (unsigned h = 0; h < HASH_SIZE; h++) {
            for (struct code_page *p = s->hash[h]; p; p = p->next) {
                if (p->gpa >> 12 >= first && p->gpa >> 12 <= last && p->any)
                    drop_page(s, p);
            }
        }
        pthread_mutex_unlock(&s->lock);
        s->config.dropped(s->config.opaque);
        return;
    }
    for (uint64_t n = first; n <= last; n++) {
        struct code_page *p = find_page(s, n << 12);

        if (!p || !atomic_load_explicit(&p->any, memory_order_relaxed))
            continue;
        pthread_mutex_lock(&s->lock);
        drop_page(s, p);
        pthread_mutex_unlock(&s->lock);
        s->config.dropped(s->config.opaque);
    }
}

static bool runs_over(struct code_page *p, unsigned bundle)
{
    for (unsigned i = 0; i <= bundle; i++) {
        for (struct code_unit *u = p->units[i]; u; u = u->next) {
            if (i + u->ir->n_bundles > bundle)
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
            if (p->any && runs_over(p, bundle))
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

/* Frees the units that every processor has been outside of since they were dropped. */
static void sweep(struct code_store *s)
{
    uint64_t oldest = UINT64_MAX;
    struct code_unit *dead, *last;

    for (unsigned i = 0; i < s->config.max_vcpus; i++) {
        uint64_t seen = atomic_load(&s->seen[i]);

        oldest = seen < oldest ? seen : oldest;
    }
    pthread_mutex_lock(&s->lock);
    dead = s->graves;
    for (last = NULL; dead && dead->grave_epoch > oldest; dead = dead->grave_next)
        last = dead;
    if (last)
        last->grave_next = NULL;
    else
        s->graves = NULL;
    free_graves(dead);
    pthread_mutex_unlock(&s->lock);
}

uint64_t code_quiesce(struct code_store *s, unsigned index, bool idle)
{
    uint64_t now = atomic_load_explicit(&s->epoch, memory_order_relaxed);

    if (idle) {
        atomic_store(&s->seen[index], UINT64_MAX);
    } else if (atomic_load_explicit(&s->seen[index], memory_order_relaxed) != now) {
        atomic_store(&s->seen[index], now);
        if (s->graves)
            sweep(s);
    }
    return now;
}
