/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places: which of a machine's processors run where the host has fewer (docs/places.md).
 *
 * Owns the queues and the rules; knows threads and time, nothing of processors: a seat stands for a vcpu's thread. May
 * include the C library and Linux's futex. A seat's own thread calls, but where it says "any thread".
 */
#ifndef ACCEL_PLACES_H
#define ACCEL_PLACES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct places;

/* Where a seat is: its thread does not want to run, or waits in a queue, or runs, on a place or without one. */
enum seat_state {
    SEAT_OUT,
    SEAT_PLACED,
    SEAT_ABSENT, /* runs without a place: there was none, or it was taken away, as it did not hand it on when it was asked to */
    SEAT_URGENT, /* queued: an interrupt waits for it, or it has just come back */
    SEAT_BUSY,   /* queued: others may wait for it */
    SEAT_EASE,   /* queued: it was at ease when it handed its place on */
    SEAT_STATES,
};

static inline bool seat_state_queued(uint32_t state) { return state >= SEAT_URGENT; }

/* Zeroed: out. Its fields are the places' own. */
struct seat {
    _Atomic uint32_t state; /* changed under the lock; its thread sleeps on it while it is queued */
    struct seat *next, *prev;
    uint64_t since;         /* nanoseconds: when it came to this state */
    bool entered;           /* absent because no place was free */
    void *owner;            /* what ask gets; constant */
};

/* What the places call, constant; any thread, but for now_ns under their lock. */
struct places_hooks {
    uint64_t (*now_ns)(void); /* a clock that does not go back */
    /* The seat's thread is to call places_offer(): at once if it waits for others, else when it is at ease. */
    void (*ask)(void *owner);
    /* places_look() is to be called every PLACES_LOOK_NS from now on (there are queues), or need not be. */
    void (*busy)(void *opaque, bool is);
    void *opaque; /* for busy */
};

/* @n places, all of them free. NULL without memory. */
struct places *places_create(unsigned n, const struct places_hooks *hooks);
void places_destroy(struct places *p);

enum { PLACES_LOOK_NS = 2000000 };

/* Takes a place if one is free; else the seat is absent, and its thread asked. */
void places_enter(struct places *p, struct seat *seat);
/* The seat is out from now on; its place goes to the next in the queues. */
void places_leave(struct places *p, struct seat *seat);

/* How the thread stands when it offers its place. */
enum places_offer {
    PLACES_AT_EASE,      /* it can go on, and nobody waits for what it has */
    PLACES_WAITING,      /* it waits for others, and nobody for it */
    PLACES_BUSY_WAITING, /* it waits for others, and others may for it: it is to have its next place soon */
};

/* Hands the place on to whom the rules say. Return: true if so: the seat is queued, places_wait() comes next. */
bool places_offer(struct places *p, struct seat *seat, enum places_offer how);
/* Sleeps while the seat is queued. */
void places_wait(struct seat *seat);

/* Who wants the seat's place, or that it is queued. True a moment ago. */
enum places_wanted {
    PLACES_NOT_WANTED,
    PLACES_WANTED,      /* seats that are at ease */
    PLACES_WANTED_SOON, /* others; or the seat has no place */
};
enum places_wanted places_wanted(struct places *p, const struct seat *seat);

/* An interrupt waits for the seat's processor. Any thread. */
void places_urge(struct places *p, struct seat *seat);
/* If the seat is queued it goes on at once, without a place. Any thread. */
void places_call_out(struct places *p, struct seat *seat);
/* Time has passed: slices and patience may have ended. Any thread. */
void places_look(struct places *p);

#endif
