/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AR.ITC, ITM, ITV with a clock that the test moves; a tick is 5 ns. Source: SDM Vol.2 3.3.4.2, 5.8.3.6. */
#include "tests/arch/fixture.h"

#define SECOND UINT64_C(1000000000)
#define ITV_M UINT64_C(0x10000)

static bool pending(struct vcpu *v, unsigned vector) { return v->sapic.irr[vector / 64] >> vector % 64 & 1; }

static bool take(struct vcpu *v, unsigned vector)
{
    bool was = pending(v, vector);

    v->sapic.irr[vector / 64] &= ~(UINT64_C(1) << vector % 64);
    return was;
}

static void rate_and_order(void **state)
{
    struct vcpu *v = *state;
    uint64_t last, now, seed = 5;

    fake.now_ns = 1000;
    assert_int_equal(itc_read(v), 200);
    assert_int_equal(itc_read(v), 201); /* the clock stands, reads rise */
    assert_int_equal(itc_read(v), 202);
    fake.now_ns = 1000 + 3 * 5;
    assert_int_equal(itc_read(v), 203);
    fake.now_ns = 86400 * SECOND * 365 * 100; /* a century: no overflow on the way */
    assert_int_equal(itc_read(v), UINT64_C(86400) * 365 * 100 * FIXTURE_HZ);
    last = itc_read(v);
    for (unsigned i = 0; i < 10000; i++) {
        fake.now_ns += fixture_random(&seed) % 12;
        now = itc_read(v);
        assert_true(now > last);
        last = now;
    }
}

static void odd_rates(void **state)
{
    struct vcpu *v = *state;
    static const uint64_t rates[] = { 1, 7, 399999999, 1000000007, 1600000000, UINT64_C(17999999999) };

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        uint64_t seed = 77 + i;

        for (unsigned n = 0; n < 300; n++) {
            uint64_t ns = fixture_random(&seed) >> (8 + n % 40), deadline;
            unsigned __int128 exact = (unsigned __int128)ns * rates[i] / SECOND;

            v->vm->itc_hz = rates[i];
            fake.now_ns = ns;
            v->itc_last = 0; /* the clock was set back: another machine */
            vcpu_reset(v);
            assert_int_equal(itc_read(v), (uint64_t)exact ? (uint64_t)exact : 1);
            /* The deadline is the first nanosecond at which ITM has been reached. */
            v->itc_last = 0;
            cr_write(v, CR_ITV, 0xef);
            cr_write(v, CR_ITM, (uint64_t)exact + 1 + n);
            deadline = itc_deadline_ns(v);
            assert_true((unsigned __int128)deadline * rates[i] / SECOND >= exact + 1 + n);
            assert_true((unsigned __int128)(deadline - 1) * rates[i] / SECOND < exact + 1 + n);
            fake.now_ns = deadline - 1;
            itc_check(v);
            assert_false(pending(v, 0xef));
            fake.now_ns = deadline;
            itc_check(v);
            assert_true(take(v, 0xef));
        }
    }
}

static void writes_move_it(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    fake.now_ns = 123456789;
    op_mov_to_ar(v, AR_ITC, 5000, 0, &out);
    op_mov_from_ar(v, AR_ITC, 0, 0, &out);
    assert_in_range(out, 5000, 5001);
    fake.now_ns += 5000;
    op_mov_from_ar(v, AR_ITC, 0, 0, &out);
    assert_in_range(out, 6000, 6001);
    op_mov_to_ar(v, AR_ITC, 0, 0, &out);
    op_mov_from_ar(v, AR_ITC, 0, 0, &out);
    assert_in_range(out, 0, 1);
    op_mov_to_ar(v, AR_ITC, UINT64_MAX - 10, 0, &out);
    fake.now_ns += 20 * 5;
    op_mov_from_ar(v, AR_ITC, 0, 0, &out);
    assert_in_range(out, 7, 9); /* reads had run ahead of the clock by a tick or two */
}

static void fires_once(void **state)
{
    struct vcpu *v = *state;

    psr_write(v, PSR_I | PSR_IC);
    cr_write(v, CR_ITV, 0xef);
    assert_int_equal(itc_deadline_ns(v), UINT64_MAX); /* no ITM was written */
    cr_write(v, CR_ITM, 2000);
    assert_int_equal(itc_deadline_ns(v), 10000);
    fake.now_ns = 9999;
    itc_check(v);
    assert_false(pending(v, 0xef));
    fake.now_ns = 10000;
    atomic_fetch_or(&v->attention, ATTN_TIMER); /* the engine's timer */
    assert_true(interruption_external(v));
    assert_int_equal(v->attention, 0);
    assert_int_equal(cr_read(v, CR_IVR), 0xef);
    cr_write(v, CR_EOI, 0);
    assert_int_equal(itc_deadline_ns(v), UINT64_MAX);
    fake.now_ns = 20000;
    itc_check(v);
    assert_false(pending(v, 0xef));
}

/* As kernels do: ITM += delta from the handler, at a host that is late now and then. No period is lost. */
static void periodic(void **state)
{
    struct vcpu *v = *state;
    uint64_t seed = 3, itm = 50000;
    unsigned ticks = 0;

    cr_write(v, CR_ITV, 0xef);
    cr_write(v, CR_ITM, itm);
    while (ticks < 2000) {
        fake.now_ns = itc_deadline_ns(v) + (fixture_random(&seed) & 7 ? 0 : fixture_random(&seed) % 2000000);
        itc_check(v);
        while (take(v, 0xef)) {
            ticks++;
            itm += 50000;
            cr_write(v, CR_ITM, itm);
        }
        assert_true(itc_deadline_ns(v) != UINT64_MAX);
    }
    assert_in_range(itc_read(v) / 50000, ticks, ticks + 1);
}

static void itm_in_the_past(void **state)
{
    struct vcpu *v = *state;

    cr_write(v, CR_ITV, 0x40);
    fake.now_ns = 10 * SECOND;
    cr_write(v, CR_ITM, 10 * FIXTURE_HZ - 1); /* just missed: at once */
    assert_true(take(v, 0x40));
    cr_write(v, CR_ITM, 10 * FIXTURE_HZ); /* now */
    assert_true(take(v, 0x40));
    cr_write(v, CR_ITM, (uint64_t)-50 * FIXTURE_HZ); /* a minute */
    assert_true(take(v, 0x40));
    cr_write(v, CR_ITM, (uint64_t)-50 * FIXTURE_HZ - 1); /* more: after the wrap */
    assert_false(take(v, 0x40));
    assert_int_equal(itc_deadline_ns(v), UINT64_MAX);
    cr_write(v, CR_ITM, 10 * FIXTURE_HZ + (UINT64_C(1) << 62)); /* 700 years ahead */
    assert_false(take(v, 0x40));
    assert_int_equal(itc_deadline_ns(v), UINT64_MAX);
}

static void masked(void **state)
{
    struct vcpu *v = *state;

    cr_write(v, CR_ITV, ITV_M | 0x40);
    cr_write(v, CR_ITM, 100);
    assert_int_equal(itc_deadline_ns(v), UINT64_MAX);
    fake.now_ns = 1000;
    cr_write(v, CR_ITV, 0x40); /* it happened under the mask: discarded */
    itc_check(v);
    assert_false(pending(v, 0x40));
    cr_write(v, CR_ITV, ITV_M | 0x40);
    cr_write(v, CR_ITM, 400);
    cr_write(v, CR_ITV, 0x50); /* unmasked in time */
    assert_int_equal(itc_deadline_ns(v), 2000);
    fake.now_ns = 2000;
    itc_check(v);
    assert_true(take(v, 0x50));
    cr_write(v, CR_ITV, 7); /* no such vector */
    cr_write(v, CR_ITM, 500);
    fake.now_ns = 3000;
    itc_check(v);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(v->sapic.irr[i], 0);
}

/* ITC is written while an ITM is set. */
static void counter_moves(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    cr_write(v, CR_ITV, 0x40);
    cr_write(v, CR_ITM, 100000);
    op_mov_to_ar(v, AR_ITC, 99000, 0, &out);
    assert_int_equal(itc_deadline_ns(v), 5000);
    op_mov_to_ar(v, AR_ITC, 100001, 0, &out); /* past it: late, not lost */
    assert_true(take(v, 0x40));
    op_mov_to_ar(v, AR_ITC, 50000, 0, &out); /* back before it: the counter meets it again */
    assert_int_equal(itc_deadline_ns(v), 250000);
    fake.now_ns = 250000;
    itc_check(v);
    assert_true(take(v, 0x40));
}

static void engine_is_told(void **state)
{
    struct vcpu *v = *state;
    unsigned n = fake.timer_changes;
    uint64_t out;

    cr_write(v, CR_ITM, 1000);
    assert_int_equal(fake.timer_changes, n + 1);
    cr_write(v, CR_ITV, 0x40);
    assert_int_equal(fake.timer_changes, n + 2);
    op_mov_to_ar(v, AR_ITC, 0, 0, &out);
    assert_int_equal(fake.timer_changes, n + 3);
}

/* Without a hook: the host's clock. */
static void host_clock(void **state)
{
    struct vcpu *v = *state;
    uint64_t last, now;

    v->vm->now_ns = NULL;
    last = itc_read(v);
    for (unsigned i = 0; i < 1000; i++) {
        now = itc_read(v);
        assert_true(now > last);
        last = now;
    }
    v->vm->clock_epoch_ns = last * 5; /* zero is about now */
    v->itc_last = 0;
    assert_true(itc_read(v) < FIXTURE_HZ * 60);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(rate_and_order), TEST(odd_rates), TEST(writes_move_it), TEST(fires_once), TEST(periodic),
        TEST(itm_in_the_past), TEST(masked), TEST(counter_moves), TEST(engine_is_told), TEST(host_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
