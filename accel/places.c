/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places: which of a machine's processors run where the host has fewer (docs/places.md). */
#include "accel/places.h"

#include <assert.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    SLICE_NS = 3000000,      /* of a seat at ease, while others at ease wait */
    SHORT_SLICE_NS = 200000, /* while the urgent wait */
    URGENT_NS = 1000000,     /* so long the urgent wait before a place is taken away for them */
    PATIENCE_NS = 20000000,  /* the others */
};

struct places {
    pthread_mutex_t lock;
    unsigned n;
    unsigned used;                              /* seats that are SEAT_PLACED, at most n */
    unsigned queued;
    bool busy;                                  /* what hooks.busy was told last */
    struct seat *first[SEAT_STATES], *last[SEAT_STATES]; /* lists by state, the oldest first; none of SEAT_OUT */
    _Atomic unsigned wanted;                    /* enum places_wanted */
    struct places_hooks hooks;
};

static void move(struct places *p, struct seat *s, enum seat_state to, uint64_t now)
{
    enum seat_state from = (enum seat_state)atomic_load(&s->state);

    if (from != SEAT_OUT) {
        *(s->prev ? &s->prev->next : &p->first[from]) = s->next;
        *(s->next ? &s->next->prev : &p->last[from]) = s->prev;
    }
    if (to != SEAT_OUT) {
        s->next = NULL;
        s->prev = p->last[to];
        *(s->prev ? &s->prev->next : &p->first[to]) = s;
        p->last[to] = s;
    }
    s->since = now;
    p->used += (unsigned)(to == SEAT_PLACED) - (unsigned)(from == SEAT_PLACED);
    p->queued += (unsigned)seat_state_queued(to) - (unsigned)seat_state_queued(from);
    atomic_store(&s->state, to);
}

/* After the lists have changed. */
static void unlock(struct places *p)
{
    bool soon = p->first[SEAT_URGENT] || p->first[SEAT_BUSY];

    atomic_store_explicit(&p->wanted, soon ? PLACES_WANTED_SOON : p->queued ? PLACES_WANTED : PLACES_NOT_WANTED,
                          memory_order_relaxed);
    if (p->queued && !p->busy) {
        p->busy = true;
        p->hooks.busy(p->hooks.opaque, true);
    }
    pthread_mutex_unlock(&p->lock);
}

static void wake(struct seat *s)
{
    if (s)
        syscall(SYS_futex, &s->state, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}

/* Those on places for so long at least, and those without. */
static void ask(struct places *p, uint64_t now, uint64_t after)
{
    for (struct seat *s = p->first[SEAT_PLACED]; s && now - s->since >= after; s = s->next)
        p->hooks.ask(s->owner);
    for (struct seat *s = p->first[SEAT_ABSENT]; s; s = s->next)
        p->hooks.ask(s->owner);
}

static uint64_t slice(const struct seat *next)
{
    switch ((enum seat_state)atomic_load(&next->state)) {
    case SEAT_BUSY:
        return 0;
    case SEAT_URGENT:
        return SHORT_SLICE_NS;
    default:
        return SLICE_NS;
    }
}

/* Who has the next place. The urgent and the busy come first, in the order in which they came. */
static struct seat *choose(struct places *p)
{
    struct seat *urgent = p->first[SEAT_URGENT], *busy = p->first[SEAT_BUSY];

    if (urgent && busy)
        return busy->since < urgent->since ? busy : urgent;
    return urgent ? urgent : busy ? busy : p->first[SEAT_EASE];
}

struct places *places_create(unsigned n, const struct places_hooks *hooks)
{
    struct places *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    p->n = n;
    p->hooks = *hooks;
    return p;
}

void places_destroy(struct places *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void places_enter(struct places *p, struct seat *s)
{
    assert(atomic_load(&s->state) == SEAT_OUT);
    pthread_mutex_lock(&p->lock);
    s->entered = p->used == p->n;
    move(p, s, s->entered ? SEAT_ABSENT : SEAT_PLACED, p->hooks.now_ns());
    if (s->entered)
        p->hooks.ask(s->owner);
    unlock(p);
}

void places_leave(struct places *p, struct seat *s)
{
    struct seat *next = NULL;
    uint64_t now;

    if (atomic_load(&s->state) == SEAT_OUT) /* called out, and nobody else changes that */
        return;
    pthread_mutex_lock(&p->lock);
    now = p->hooks.now_ns();
    if (atomic_load(&s->state) == SEAT_PLACED)
        next = choose(p);
    move(p, s, SEAT_OUT, now);
    if (next)
        move(p, next, SEAT_PLACED, now);
    unlock(p);
    wake(next);
}

bool places_offer(struct places *p, struct seat *s, enum places_offer how)
{
    enum seat_state queue = how == PLACES_BUSY_WAITING ? SEAT_BUSY : SEAT_EASE;
    struct seat *next = NULL;
    bool leaves;
    uint64_t now;

    if (atomic_load(&s->state) == SEAT_OUT)
        return false;
    pthread_mutex_lock(&p->lock);
    now = p->hooks.now_ns();
    if (atomic_load(&s->state) == SEAT_ABSENT && p->used < p->n) {
        move(p, s, SEAT_PLACED, now);
        s->entered = false;
    }
    leaves = atomic_load(&s->state) == SEAT_ABSENT;
    if (!leaves && (next = choose(p)))
        leaves = how != PLACES_AT_EASE || now - s->since >= slice(next);
    if (leaves) {
        move(p, s, how == PLACES_AT_EASE && s->entered ? SEAT_URGENT : queue, now);
        s->entered = false;
        if (next)
            move(p, next, SEAT_PLACED, now);
        if (atomic_load(&s->state) != SEAT_EASE)
            ask(p, now, 0);
    }
    unlock(p);
    if (leaves)
        wake(next);
    return leaves;
}

void places_wait(struct seat *s)
{
    uint32_t state;

    while (seat_state_queued(state = atomic_load(&s->state)))
        syscall(SYS_futex, &s->state, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, state, NULL, NULL, 0);
}

enum places_wanted places_wanted(struct places *p, const struct seat *s)
{
    return atomic_load_explicit(&s->state, memory_order_relaxed) == SEAT_ABSENT
               ? PLACES_WANTED_SOON
               : (enum places_wanted)atomic_load_explicit(&p->wanted, memory_order_relaxed);
}

void places_urge(struct places *p, struct seat *s)
{
    uint32_t state = atomic_load(&s->state);
    uint64_t now;

    if (state != SEAT_BUSY && state != SEAT_EASE)
        return;
    pthread_mutex_lock(&p->lock);
    state = atomic_load(&s->state);
    if (state == SEAT_BUSY || state == SEAT_EASE) {
        now = p->hooks.now_ns();
        move(p, s, SEAT_URGENT, now);
        ask(p, now, 0);
    }
    unlock(p);
}

void places_call_out(struct places *p, struct seat *s)
{
    struct seat *called = NULL;

    if (!seat_state_queued(atomic_load(&s->state)))
        return;
    pthread_mutex_lock(&p->lock);
    if (seat_state_queued(atomic_load(&s->state))) {
        move(p, s, SEAT_OUT, p->hooks.now_ns());
        called = s;
    }
    unlock(p);
    wake(called);
}

/*
 * If @s has waited for @patience it gets the place of the seat that has had one for longest, unless that is new there too: then
 * places go round, and @s will have its turn. Return: @s or NULL.
 */
static struct seat *take_away(struct places *p, struct seat *s, uint64_t patience, uint64_t now)
{
    struct seat *from = p->first[SEAT_PLACED];

    if (!s || now - s->since < patience || now - from->since < URGENT_NS)
        return NULL;
    move(p, from, SEAT_ABSENT, now);
    move(p, s, SEAT_PLACED, now);
    return s;
}

void places_look(struct places *p)
{
    struct seat *next = NULL;
    uint64_t now;

    pthread_mutex_lock(&p->lock);
    now = p->hooks.now_ns();
    for (enum seat_state list = SEAT_URGENT; list < SEAT_STATES && !next; list++)
        next = take_away(p, p->first[list], list == SEAT_URGENT ? URGENT_NS : PATIENCE_NS, now);
    if (p->queued)
        ask(p, now, p->first[SEAT_URGENT] || p->first[SEAT_BUSY] ? 0 : SLICE_NS);
    if (!p->queued && p->busy) {
        p->busy = false;
        p->hooks.busy(p->hooks.opaque, false);
    }
    unlock(p);
    wake(next);
}
