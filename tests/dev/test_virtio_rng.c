/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio entropy device: bytes arrive, all of them, and a driver cannot make it write elsewhere. */
#include "tests/dev/virtio_driver.h"

#include <string.h>
#include <unistd.h>

#include "dev/virtio_rng.h"

enum { SLOT = 3, MOST = 64 << 10 };

static struct driver d;
static int source[2];

static int attach(void **state, int fd)
{
    struct machine *m;

    if (machine_setup(state))
        return -1;
    m = *state;
    if (kia_virtio_rng_attach(m->pci, SLOT, fd))
        return -1;
    return driver_start_up(&d, m, SLOT);
}

static int setup(void **state)
{
    return attach(state, -1);
}

static int setup_pipe(void **state)
{
    return pipe(source) || attach(state, source[0]);
}

/* Asks for @len bytes at DATA; how many came. */
static uint32_t ask(uint32_t len, bool indirect)
{
    struct buffer b = { DATA, len, true };

    driver_submit(&d, &b, 1, indirect);
    return driver_wait(&d);
}

static void check_random(uint64_t features, bool indirect)
{
    uint8_t *at = kia_mem_hva(d.m->mem, DATA, 2 * MOST), before[256];
    unsigned seen[256] = { 0 };

    driver_start(&d, F_VERSION_1 | features, true);
    assert_int_equal(d.type, 4);
    memset(before, 0, sizeof(before));
    for (unsigned i = 0; i < 3 * QSIZE; i++) {
        memset(at, 0, sizeof(before) + 1);
        assert_int_equal(ask(sizeof(before), indirect), sizeof(before));
        assert_memory_not_equal(at, before, sizeof(before));
        memcpy(before, at, sizeof(before));
        assert_int_equal(at[sizeof(before)], 0);
    }
    /* In 65536 random bytes each value occurs 256 times, standard deviation 16. */
    assert_int_equal(ask(2 * MOST, indirect), MOST);
    for (unsigned i = 0; i < MOST; i++)
        seen[at[i]]++;
    for (unsigned i = 0; i < 256; i++)
        assert_in_range(seen[i], 256 - 8 * 16, 256 + 8 * 16);
}

static void test_split(void **state)
{
    (void)state;
    check_random(0, false);
}

static void test_packed(void **state)
{
    (void)state;
    check_random(F_PACKED | F_EVENT_IDX | F_INDIRECT, true);
}

/* Several buffers that wait; one in pieces; readable ones and those without a place for bytes. */
static void test_shapes(void **state)
{
    struct buffer many[4], split[] = { { DATA + 8, 3, true }, { DATA + 100, 5, true } };
    struct buffer readable = { DATA, 16, false };
    uint32_t len = 0;

    (void)state;
    driver_start(&d, F_VERSION_1 | F_PACKED, true);
    for (unsigned i = 0; i < 4; i++) {
        many[i] = (struct buffer){ DATA + 64 * i, 64, true };
        driver_put(&d, 0, &many[i], 1, false);
    }
    driver_notify(&d, 0);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned wait = 0; wait < 5000 && !driver_take(&d, 0, &len); wait++)
            usleep(1000);
        assert_int_equal(len, 64);
    }
    driver_start(&d, F_VERSION_1, true);
    memset(kia_mem_hva(d.m->mem, DATA, 128), 0, 128);
    driver_submit(&d, split, 2, false);
    assert_int_equal(driver_wait(&d), 8);
    assert_int_equal(ram_get(&d, DATA, 8), 0);
    assert_int_equal(ram_get(&d, DATA + 105, 8), 0);
    driver_submit(&d, &readable, 1, false);
    assert_int_equal(driver_wait(&d), 0);
}

/* A source of the user's choice; at its end there are no more bytes, and no request hangs. */
static void test_source(void **state)
{
    static const uint8_t text[] = "0123456789abcdef";

    (void)state;
    assert_int_equal(write(source[1], text, 16), 16);
    driver_start(&d, F_VERSION_1, true);
    assert_int_equal(ask(10, false), 10);
    assert_memory_equal(kia_mem_hva(d.m->mem, DATA, 10), text, 10);
    close(source[1]);
    assert_int_equal(ask(10, false), 6);
    assert_memory_equal(kia_mem_hva(d.m->mem, DATA, 6), text + 10, 6);
    assert_int_equal(ask(10, false), 0);
}

static void test_hostile(void **state)
{
    struct irq irq;

    (void)state;
    driver_start(&d, F_VERSION_1, true);
    driver_submit(&d, &(struct buffer){ RAM_SIZE - 8, 16, true }, 1, false);
    assert_true(take_irq(&irq, 5000));
    assert_int_equal(irq.vector, CONFIG_VECTOR);
    assert_int_equal(common_get(&d, 20, 1) & 64, 64);
    driver_start(&d, F_VERSION_1, true);
    assert_int_equal(ask(16, false), 16);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, machine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_split),
        CASE(test_packed),
        CASE(test_shapes),
        cmocka_unit_test_setup_teardown(test_source, setup_pipe, machine_teardown),
        CASE(test_hostile),
    };

    return cmocka_run_group_tests_name("virtio_rng", tests, NULL, NULL);
}
