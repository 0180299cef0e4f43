/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio balloon: pages that the guest gives up are the host's again, others stay; wishes and
 * statistics. */
#include "tests/dev/virtio_driver.h"

#include <string.h>
#include <unistd.h>

#include "dev/virtio_balloon.h"

enum { SLOT = 7, INFLATE = 0, DEFLATE = 1, STATS = 2, REPORT = 3, PAGES = UINT32_C(0x2000000) };

static struct driver d;
static struct kia_balloon *balloon;

static int setup(void **state)
{
    struct kia_virtio_balloon_config config = { .deflate_on_oom = true, .free_page_reporting = true };
    struct machine *m;

    if (machine_setup(state))
        return -1;
    m = *state;
    if (kia_virtio_balloon_attach(m->pci, SLOT, &config, &balloon))
        return -1;
    return driver_start_up(&d, m, SLOT);
}

static void fill(void)
{
    memset(kia_mem_hva(d.m->mem, PAGES, 0x100000), 0x5a, 0x100000);
}

/* Pages [from, to) from PAGES on are empty, their neighbours are not. */
static void expect_gone(unsigned from, unsigned to)
{
    const uint8_t *at = kia_mem_hva(d.m->mem, PAGES, 0x100000);

    for (unsigned i = from * 4096; i < to * 4096; i++)
        assert_int_equal(at[i], 0);
    assert_int_equal(at[from * 4096 - 1], 0x5a);
    assert_int_equal(at[to * 4096], 0x5a);
}

static void give_pages(unsigned q, unsigned from, unsigned n, bool down)
{
    for (unsigned i = 0; i < n; i++)
        ram_set(&d, DATA + 4 * i, 4, (PAGES >> 12) + from + (down ? n - 1 - i : i));
    driver_put(&d, q, &(struct buffer){ DATA, 4 * n, false }, 1, false);
    driver_notify(&d, q);
    driver_wait_on(&d, q);
}

static void check_pages(uint64_t features)
{
    struct buffer free_pages[2] = { { PAGES + 0x10000, 0x8000, true }, { PAGES + 0x20100, 0x3000, true } };

    driver_start_queues(&d, F_VERSION_1 | features, true, 4);
    fill();
    give_pages(INFLATE, 4, 200, false);
    expect_gone(4, 204);
    fill();
    give_pages(INFLATE, 4, 16, true);
    expect_gone(4, 20);
    fill();
    give_pages(DEFLATE, 4, 16, false);
    assert_int_equal(ram_get(&d, PAGES + 4 * 4096, 1), 0x5a);
    driver_put(&d, REPORT, free_pages, 2, false);
    driver_notify(&d, REPORT);
    driver_wait_on(&d, REPORT);
    expect_gone(16, 24);
    expect_gone(33, 35); /* whole pages only */
}

static void test_pages(void **state)
{
    (void)state;
    assert_int_equal(d.type, 5);
    assert_int_equal(driver_features(&d) & 0x3f, 1 << 1 | 1 << 2 | 1 << 5);
    check_pages(0);
    check_pages(F_PACKED);
}

static void test_wish(void **state)
{
    struct irq irq;

    (void)state;
    driver_start_queues(&d, F_VERSION_1, true, 4);
    kia_balloon_set(balloon, 32 << 20);
    assert_true(take_irq(&irq, 5000));
    assert_int_equal(irq.vector, CONFIG_VECTOR);
    assert_int_equal(kia_mmio_read(d.m->mem, d.config, 4), 32 << 8);
    kia_mmio_write(d.m->mem, d.config, 4, 0); /* the host's field */
    assert_int_equal(kia_mmio_read(d.m->mem, d.config, 4), 32 << 8);
    kia_mmio_write(d.m->mem, d.config + 4, 4, 16 << 8);
    assert_int_equal(kia_balloon_get(balloon), 16 << 20);
}

static void put_stats(uint64_t free_bytes)
{
    ram_set(&d, DATA, 2, 4);
    ram_set(&d, DATA + 2, 8, free_bytes);
    ram_set(&d, DATA + 10, 2, 999);
    ram_set(&d, DATA + 12, 8, 1);
    driver_put(&d, STATS, &(struct buffer){ DATA, 25, false }, 1, false); /* half an entry at the end */
    driver_notify(&d, STATS);
}

static void test_stats(void **state)
{
    struct kia_balloon_stats stats;
    struct irq irq;

    (void)state;
    driver_start_queues(&d, F_VERSION_1 | F_PACKED, true, 4);
    put_stats(12345);
    for (unsigned i = 0; i < 5000; i++) {
        kia_balloon_stats(balloon, &stats);
        if (stats.value[4] == 12345)
            break;
        usleep(1000);
    }
    assert_int_equal(stats.value[4], 12345);
    assert_true(stats.value[0] == UINT64_MAX && stats.value[9] == UINT64_MAX);
    /* Who asked gets newer ones next time: the buffer comes back for them. */
    assert_int_equal(driver_wait_on(&d, STATS), 0);
    put_stats(54321);
    while (stats.value[4] != 54321) {
        usleep(1000);
        kia_balloon_stats(balloon, &stats);
    }
    while (take_irq(&irq, 0))
        ;
}

/* Pages that are no memory, none at all, and more than there can be. */
static void test_hostile(void **state)
{
    (void)state;
    driver_start_queues(&d, F_VERSION_1, true, 4);
    for (unsigned i = 0; i < 64; i++)
        ram_set(&d, DATA + 4 * i, 4, i % 3 ? UINT32_MAX - i : RAM_SIZE / 4096 + i);
    driver_put(&d, INFLATE, &(struct buffer){ DATA, 255, false }, 1, false);
    driver_notify(&d, INFLATE);
    driver_wait_on(&d, INFLATE);
    driver_put(&d, INFLATE, &(struct buffer){ DATA, 3, false }, 1, false);
    driver_notify(&d, INFLATE);
    driver_wait_on(&d, INFLATE);
    driver_put(&d, INFLATE, &(struct buffer){ DATA, 16, true }, 1, false);
    driver_notify(&d, INFLATE);
    driver_wait_on(&d, INFLATE);
    driver_put(&d, REPORT, &(struct buffer){ DATA, 1, true }, 1, false);
    driver_notify(&d, REPORT);
    driver_wait_on(&d, REPORT);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, machine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { CASE(test_pages), CASE(test_wish), CASE(test_stats),
                                        CASE(test_hostile) };

    return cmocka_run_group_tests_name("virtio_balloon", tests, NULL, NULL);
}
