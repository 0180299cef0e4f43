/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices in a machine with a virtual time: nothing happens before its time, and everything twice the same. */
#include "tests/dev/virtio_driver.h"

#include <string.h>

#include "dev/acpi_pm.h"
#include "dev/loop.h"
#include "dev/virtio_rng.h"
#include "dev/worker.h"

enum { SLOT = 3, PORT = 0x400, GSI = 9, N_BYTES = 4096, EARLIEST = 256 };

static struct driver d;
static int64_t now;
static uint8_t first[N_BYTES];

static int64_t get_now(void *opaque)
{
    (void)opaque;
    return now;
}

static int64_t get_alarm(void *opaque, int64_t deadline)
{
    (void)opaque;
    return deadline < now + EARLIEST ? now + EARLIEST : deadline;
}

static int setup(void **state)
{
    struct kia_loop_clock clock = { get_now, get_alarm, NULL };
    struct machine *m;

    now = 1000;
    if (machine_setup(state))
        return -1;
    m = *state;
    kia_loop_set_clock(m->loop, &clock);
    if (kia_virtio_rng_attach(m->pci, SLOT, -1) || kia_acpi_pm_attach(m->platform, PORT, GSI, NULL))
        return -1;
    return driver_start_up(&d, m, SLOT);
}

/* A request is worked when its time has come, neither before nor by another thread. */
static void check_request(void **state)
{
    struct machine *m = *state;
    struct buffer b = { DATA, N_BYTES, true };
    uint32_t len;

    driver_start(&d, F_VERSION_1, true);
    driver_submit(&d, &b, 1, false);
    assert_int_equal(kia_loop_next_timer(m->loop), now + KIA_WORKER_DELAY_NS);
    now += KIA_WORKER_DELAY_NS - 1;
    kia_loop_run_timers(m->loop);
    assert_false(driver_take(&d, 0, &len));
    now++;
    kia_loop_run_timers(m->loop);
    assert_true(driver_take(&d, 0, &len));
    assert_int_equal(len, N_BYTES);
    assert_true(kia_loop_next_timer(m->loop) == KIA_TIMER_OFF);
}

static void test_first_run(void **state)
{
    struct machine *m = *state;
    unsigned seen[256] = { 0 };

    check_request(state);
    memcpy(first, kia_mem_hva(m->mem, DATA, N_BYTES), N_BYTES);
    for (unsigned i = 0; i < N_BYTES; i++)
        seen[first[i]]++;
    for (unsigned i = 0; i < 256; i++)
        assert_in_range(seen[i], 1, 64); /* 16 on average */
}

static void test_second_run(void **state)
{
    struct machine *m = *state;

    check_request(state);
    assert_memory_equal(first, kia_mem_hva(m->mem, DATA, N_BYTES), N_BYTES);
}

/* The power management timer counts 3579545 times a second of virtual time. */
static void test_pm_timer(void **state)
{
    struct machine *m = *state;
    uint32_t before;

    now = 0;
    before = port_read(m, PORT + 8, 4);
    assert_int_equal(port_read(m, PORT + 8, 4), before);
    now += 1000000000;
    assert_int_equal(port_read(m, PORT + 8, 4) - before, 3579545);
}

static void note(void *opaque)
{
    *(int64_t *)opaque = now;
}

/* A timer set for the past goes off as early as the clock's owner says. */
static void test_alarm(void **state)
{
    struct machine *m = *state;
    int64_t at = 0;
    struct kia_timer timer = { note, &at, KIA_TIMER_OFF, NULL };
    int64_t set = now;

    kia_timer_set(m->loop, &timer, now - 1);
    assert_int_equal(kia_loop_next_timer(m->loop), set + EARLIEST);
    kia_loop_run_timers(m->loop);
    assert_int_equal(at, 0);
    now = set + EARLIEST;
    kia_loop_run_timers(m->loop);
    assert_int_equal(at, set + EARLIEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_run, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_second_run, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_pm_timer, setup, machine_teardown),
        cmocka_unit_test_setup_teardown(test_alarm, setup, machine_teardown),
    };

    return cmocka_run_group_tests_name("virtual_time", tests, NULL, NULL);
}
