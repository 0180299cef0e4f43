/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places on the host (docs/places.md): who gets one, who waits; and threads that share them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "accel/places.h"

enum { N_SEATS = 6, THREADS = 6, ROUNDS = 3000, MS = 1000000 };

static struct {
    struct places *p;
    struct seat seats[N_SEATS];
    bool asked[N_SEATS];
    bool busy;
    uint64_t now;
} t;

static uint64_t test_now(void) { return t.now; }

static void on_ask(void *owner) { *(bool *)owner = true; }
static void on_busy(void *opaque, bool is) { *(bool *)opaque = is; }

static int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    t.p = places_create(2, &(struct places_hooks){ test_now, on_ask, on_busy, &t.busy });
    for (unsigned i = 0; i < N_SEATS; i++)
        t.seats[i].owner = &t.asked[i];
    return !t.p;
}

static int tear_down(void **state)
{
    (void)state;
    places_destroy(t.p);
    return 0;
}

static enum seat_state state_of(unsigned i) { return (enum seat_state)atomic_load(&t.seats[i].state); }
static void enter(unsigned i) { places_enter(t.p, &t.seats[i]); }
static void leave(unsigned i) { places_leave(t.p, &t.seats[i]); }
static bool offer(unsigned i, enum places_offer how) { return places_offer(t.p, &t.seats[i], how); }
static void pass_time(unsigned ms) { t.now += (uint64_t)ms * MS; }

/* 0 and 1 are placed; the others are queued at ease, in order. */
static void fill(void)
{
    for (unsigned i = 0; i < N_SEATS; i++) {
        enter(i);
        if (i >= 2)
            assert_true(offer(i, PLACES_WAITING));
        assert_int_equal(state_of(i), i < 2 ? SEAT_PLACED : SEAT_EASE);
    }
    memset(t.asked, 0, sizeof(t.asked));
}

static void test_free_places(void **state)
{
    (void)state;
    enter(0);
    enter(1);
    assert_int_equal(places_wanted(t.p, &t.seats[0]), PLACES_NOT_WANTED);
    assert_false(offer(0, PLACES_AT_EASE));
    assert_false(offer(0, PLACES_WAITING));
    assert_false(t.busy || t.asked[0] || t.asked[1]);
    enter(2); /* runs without one, until it is at ease */
    assert_int_equal(state_of(2), SEAT_ABSENT);
    assert_true(t.asked[2] && !t.asked[0] && !t.asked[1]);
    assert_int_equal(places_wanted(t.p, &t.seats[2]), PLACES_WANTED_SOON);
    assert_int_equal(places_wanted(t.p, &t.seats[0]), PLACES_NOT_WANTED);
    assert_true(offer(2, PLACES_AT_EASE));
    assert_int_equal(state_of(2), SEAT_URGENT);
    assert_true(t.busy && t.asked[0] && t.asked[1]);
    assert_int_equal(places_wanted(t.p, &t.seats[0]), PLACES_WANTED_SOON);
    leave(1);
    assert_int_equal(state_of(1), SEAT_OUT);
    assert_int_equal(state_of(2), SEAT_PLACED);
    assert_int_equal(places_wanted(t.p, &t.seats[0]), PLACES_NOT_WANTED);
    places_look(t.p);
    assert_false(t.busy);
    enter(1);
    leave(0);
    assert_false(offer(1, PLACES_AT_EASE)); /* a place has become free meanwhile */
    assert_int_equal(state_of(1), SEAT_PLACED);
    leave(1);
    leave(2);
    enter(3);
    assert_int_equal(state_of(3), SEAT_PLACED);
    assert_false(offer(4, PLACES_WAITING)); /* which is out */
    leave(4);
}

/* One at ease keeps its place for a slice; one that waits hands it on, to who has waited longest. */
static void test_ease(void **state)
{
    (void)state;
    fill();
    assert_int_equal(places_wanted(t.p, &t.seats[0]), PLACES_WANTED);
    assert_false(offer(0, PLACES_AT_EASE));
    assert_true(offer(1, PLACES_WAITING));
    assert_int_equal(state_of(1), SEAT_EASE);
    assert_int_equal(state_of(2), SEAT_PLACED);
    pass_time(2);
    places_look(t.p);
    assert_false(offer(0, PLACES_AT_EASE) || t.asked[0] || t.asked[2]);
    pass_time(1);
    places_look(t.p);
    assert_true(t.asked[0] && t.asked[2]);
    assert_true(offer(0, PLACES_AT_EASE));
    assert_int_equal(state_of(3), SEAT_PLACED);
    assert_false(offer(3, PLACES_AT_EASE));
}

/* The busy and the urgent go before those at ease, in the order in which they came; all who have places are asked. */
static void test_order(void **state)
{
    (void)state;
    fill();
    pass_time(1);
    assert_true(offer(0, PLACES_BUSY_WAITING)); /* 2 has its place */
    assert_int_equal(state_of(0), SEAT_BUSY);
    assert_int_equal(places_wanted(t.p, &t.seats[1]), PLACES_WANTED_SOON);
    assert_true(t.asked[1] && t.asked[2] && !t.asked[0]);
    memset(t.asked, 0, sizeof(t.asked));
    t.now++;
    places_urge(t.p, &t.seats[5]);
    places_urge(t.p, &t.seats[1]); /* placed: nothing to do */
    assert_int_equal(state_of(5), SEAT_URGENT);
    assert_int_equal(state_of(1), SEAT_PLACED);
    assert_true(t.asked[1] && t.asked[2]);
    assert_true(offer(2, PLACES_AT_EASE)); /* at once, as it is for a busy one */
    assert_int_equal(state_of(2), SEAT_EASE);
    assert_int_equal(state_of(0), SEAT_PLACED);
    t.now += 199998;
    assert_false(offer(0, PLACES_AT_EASE)); /* for an urgent one after 0.2 ms */
    t.now += 2;
    assert_true(offer(0, PLACES_AT_EASE));
    assert_int_equal(state_of(5), SEAT_PLACED);
    leave(5);
    assert_int_equal(state_of(3), SEAT_PLACED);
}

static void test_call_out(void **state)
{
    (void)state;
    fill();
    places_call_out(t.p, &t.seats[3]);
    assert_int_equal(state_of(3), SEAT_OUT);
    places_wait(&t.seats[3]); /* comes back at once */
    assert_false(offer(3, PLACES_WAITING));
    leave(3);
    places_call_out(t.p, &t.seats[0]); /* placed: stays so */
    assert_int_equal(state_of(0), SEAT_PLACED);
    leave(0);
    leave(1);
    assert_int_equal(state_of(2), SEAT_PLACED);
    assert_int_equal(state_of(4), SEAT_PLACED);
    assert_int_equal(state_of(5), SEAT_EASE);
}

/* @loser loses its place to @next after @ms, and not before. */
static void expect_loss(unsigned loser, unsigned next, unsigned ms)
{
    pass_time(ms - 1);
    places_look(t.p);
    assert_int_equal(state_of(loser), SEAT_PLACED);
    pass_time(1);
    places_look(t.p);
    assert_int_equal(state_of(loser), SEAT_ABSENT);
    assert_int_equal(state_of(next), SEAT_PLACED);
}

/* Who does not offer its place loses it to the urgent after 1 ms, to others after 20 ms; it runs on until it offers one. */
static void test_absent(void **state)
{
    (void)state;
    fill();
    places_urge(t.p, &t.seats[4]);
    expect_loss(0, 4, 1);
    assert_int_equal(state_of(1), SEAT_PLACED);
    assert_int_equal(places_wanted(t.p, &t.seats[0]), PLACES_WANTED_SOON);
    assert_true(offer(0, PLACES_AT_EASE)); /* hands nothing on */
    assert_int_equal(state_of(0), SEAT_EASE);
    assert_int_equal(state_of(2), SEAT_EASE);
    expect_loss(1, 2, 19);
    /* one that leaves while it is absent takes no place along */
    leave(1);
    enter(1);
    assert_int_equal(state_of(1), SEAT_ABSENT);
    assert_true(offer(1, PLACES_AT_EASE));
    assert_int_equal(state_of(1), SEAT_URGENT);
}

/* Who got its place less than 1 ms ago does not lose it: places go round. */
static void test_round(void **state)
{
    (void)state;
    fill();
    for (unsigned i = 2; i < 5; i++)
        places_urge(t.p, &t.seats[i]);
    t.now += 900000;
    assert_true(offer(0, PLACES_WAITING) && offer(1, PLACES_WAITING));
    assert_true(state_of(2) == SEAT_PLACED && state_of(3) == SEAT_PLACED);
    t.now += 999999;
    places_look(t.p);
    assert_int_equal(state_of(4), SEAT_URGENT);
    t.now++;
    places_look(t.p);
    assert_int_equal(state_of(4), SEAT_PLACED);
    assert_int_equal(state_of(2), SEAT_ABSENT);
}

/* ---- threads ---- */

static struct {
    struct places *p;
    struct seat seats[THREADS];
    _Atomic unsigned asked[THREADS];
    _Atomic unsigned left;
} m;

static uint64_t host_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

static void on_ask_thread(void *owner) { atomic_store((_Atomic unsigned *)owner, 1); }
static void on_busy_threads(void *opaque, bool is) { (void)opaque, (void)is; }

static void *member(void *arg)
{
    struct seat *s = arg;
    unsigned seed = (unsigned)(s - m.seats) + 1;

    for (unsigned i = 0; i < ROUNDS; i++) {
        places_enter(m.p, s);
        for (unsigned k = (unsigned)rand_r(&seed) % 8; k; k--) {
            enum places_offer how = (enum places_offer)((unsigned)rand_r(&seed) % 3);

            if (how == PLACES_AT_EASE && !atomic_exchange((_Atomic unsigned *)s->owner, 0))
                continue;
            if (places_offer(m.p, s, how))
                places_wait(s);
        }
        places_leave(m.p, s);
    }
    atomic_fetch_sub(&m.left, 1);
    return NULL;
}

/* All come to their end, whatever others do to them meanwhile; then all places are free. */
static void test_threads(void **state)
{
    pthread_t threads[THREADS];
    unsigned seed = 99;

    (void)state;
    m.p = places_create(2, &(struct places_hooks){ host_now, on_ask_thread, on_busy_threads, NULL });
    assert_non_null(m.p);
    m.left = THREADS;
    for (unsigned i = 0; i < THREADS; i++) {
        m.seats[i].owner = &m.asked[i];
        assert_int_equal(pthread_create(&threads[i], NULL, member, &m.seats[i]), 0);
    }
    while (atomic_load(&m.left)) {
        struct seat *s = &m.seats[(unsigned)rand_r(&seed) % THREADS];

        switch ((unsigned)rand_r(&seed) % 8) {
        case 0:
            places_call_out(m.p, s);
            break;
        case 1:
            places_look(m.p);
            break;
        default:
            places_urge(m.p, s);
        }
        nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(atomic_load(&m.seats[i].state), SEAT_OUT);
    }
    for (unsigned i = 0; i < 3; i++) {
        places_enter(m.p, &m.seats[i]);
        assert_int_equal(atomic_load(&m.seats[i].state), i < 2 ? SEAT_PLACED : SEAT_ABSENT);
    }
    places_destroy(m.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_free_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ease, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_call_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_absent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_round, set_up, tear_down),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
