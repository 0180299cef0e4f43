/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio console device: ports are announced, bytes go both ways, a reader that stops, hostile
 * drivers. */
#include "tests/dev/virtio_driver.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "dev/chr.h"
#include "dev/virtio_console.h"

enum { SLOT = 6, RX0 = 0, TX0 = 1, CTRL_RX = 2, CTRL_TX = 3, RX1 = 4, TX1 = 5, N_QUEUES = 6 };

#define F_MULTIPORT (UINT64_C(1) << 1)

static struct driver d;
static int in[2], out[2], out1[2];
static struct kia_chr *chr, *chr1;
static pthread_t loop;

static void *loop_main(void *opaque)
{
    kia_loop_run(opaque);
    return NULL;
}

static int setup(void **state)
{
    struct kia_virtio_console_port ports[2] = { { .is_console = true }, { .name = "org.test.port" } };
    struct machine *m;

    if (machine_setup(state) || pipe(in) || pipe(out) || pipe(out1))
        return -1;
    m = *state;
    chr = ports[0].chr = kia_chr_create(m->loop, in[0], out[1], true, NULL);
    chr1 = ports[1].chr = kia_chr_create(m->loop, -1, out1[1], true, NULL);
    if (kia_virtio_console_attach(m->pci, SLOT, ports, 2))
        return -1;
    kia_platform_reset(m->platform);
    if (kia_pci_assign(m->pci) || pthread_create(&loop, NULL, loop_main, m->loop))
        return -1;
    driver_find(&d, m, SLOT);
    return 0;
}

static int teardown(void **state)
{
    struct machine *m = *state;

    kia_loop_stop(m->loop);
    pthread_join(loop, NULL);
    kia_platform_destroy(m->platform);
    m->platform = NULL;
    close(out[0]);
    close(out1[0]);
    close(in[1]);
    kia_chr_destroy(chr);
    kia_chr_destroy(chr1);
    return machine_teardown(state);
}

static void await(unsigned q, uint32_t *len)
{
    for (unsigned i = 0; i < 5000; i++) {
        if (driver_take(&d, q, len))
            return;
        usleep(1000);
    }
    fail_msg("nothing comes from queue %u", q);
}

static void control(uint32_t id, uint16_t event, uint16_t value)
{
    uint32_t len;

    ram_set(&d, DATA, 4, id);
    ram_set(&d, DATA + 4, 2, event);
    ram_set(&d, DATA + 6, 2, value);
    driver_put(&d, CTRL_TX, &(struct buffer){ DATA, 8, false }, 1, false);
    driver_notify(&d, CTRL_TX);
    await(CTRL_TX, &len);
}

static void expect_control(uint32_t id, uint16_t event, uint16_t value, const char *text)
{
    uint64_t gpa = DATA + 0x1000;
    uint32_t len;

    driver_put(&d, CTRL_RX, &(struct buffer){ gpa, 64, true }, 1, false);
    driver_notify(&d, CTRL_RX);
    await(CTRL_RX, &len);
    assert_int_equal(len, 8 + strlen(text));
    assert_int_equal(ram_get(&d, gpa, 4), id);
    assert_int_equal(ram_get(&d, gpa + 4, 2), event);
    assert_int_equal(ram_get(&d, gpa + 6, 2), value);
    assert_memory_equal(kia_mem_hva(d.m->mem, gpa + 8, 64), text, strlen(text));
}

static void send_bytes(unsigned q, uint32_t n, uint8_t first)
{
    uint8_t *at = kia_mem_hva(d.m->mem, DATA + 0x10000, n);

    for (uint32_t i = 0; i < n; i++)
        at[i] = first + i;
    driver_put(&d, q, &(struct buffer){ DATA + 0x10000, n, false }, 1, false);
    driver_notify(&d, q);
}

static void expect_bytes(int fd, uint32_t n, uint8_t first)
{
    for (uint32_t done = 0; done < n;) {
        uint8_t buf[4096];
        ssize_t got = read(fd, buf, n - done < sizeof(buf) ? n - done : sizeof(buf));

        assert_true(got > 0);
        for (ssize_t i = 0; i < got; i++)
            assert_int_equal(buf[i], (uint8_t)(first + done + i));
        done += got;
    }
}

static void start(uint64_t features)
{
    driver_start_queues(&d, F_VERSION_1 | F_MULTIPORT | features, true, N_QUEUES);
    control(0, 0, 1);
    expect_control(0, 1, 1, "");
    expect_control(1, 1, 1, "");
    control(0, 3, 1);
    expect_control(0, 4, 1, "");
    expect_control(0, 6, 1, "");
    control(1, 3, 1);
    expect_control(1, 7, 1, "org.test.port");
    expect_control(1, 6, 1, "");
    control(0, 6, 1);
    control(1, 6, 1);
}

static void check_ports(uint64_t features)
{
    uint32_t len;

    start(features);
    for (unsigned i = 0; i < 2 * QSIZE; i++) {
        send_bytes(TX0, 100 + i, i);
        await(TX0, &len);
        expect_bytes(out[0], 100 + i, i);
        send_bytes(TX1, 5000, i);
        await(TX1, &len);
        expect_bytes(out1[0], 5000, i);
        assert_int_equal(write(in[1], "typed", 5), 5);
        driver_put(&d, RX0, &(struct buffer){ DATA, 64, true }, 1, false);
        driver_notify(&d, RX0);
        await(RX0, &len);
        assert_int_equal(len, 5);
        assert_memory_equal(kia_mem_hva(d.m->mem, DATA, 5), "typed", 5);
    }
}

static void test_ports(void **state)
{
    (void)state;
    assert_int_equal(d.type, 3);
    assert_int_equal(kia_mmio_read(d.m->mem, d.config + 4, 4), 2);
    assert_int_equal(common_get(&d, 18, 2), 6);
    check_ports(0);
    check_ports(F_PACKED | F_EVENT_IDX);
}

/* A driver that knows of one port only. */
static void test_single(void **state)
{
    uint32_t len;

    (void)state;
    driver_start_queues(&d, F_VERSION_1, true, 2);
    send_bytes(TX0, 10, 3);
    await(TX0, &len);
    expect_bytes(out[0], 10, 3);
    assert_int_equal(write(in[1], "x", 1), 1);
    driver_put(&d, RX0, &(struct buffer){ DATA, 1, true }, 1, false);
    driver_notify(&d, RX0);
    await(RX0, &len);
    assert_int_equal(ram_get(&d, DATA, 1), 'x');
}

/* A reader that does not read holds the port back, nothing else, and nothing is lost when it goes on. */
static void test_slow_reader(void **state)
{
    uint32_t len, sent = 0;

    (void)state;
    start(F_PACKED);
    for (; sent < 8; sent++) {
        uint64_t gpa = DATA + 0x10000 + 0x10000 * sent;

        memset(kia_mem_hva(d.m->mem, gpa, 0x10000), 'a' + sent, 0x10000);
        driver_put(&d, TX1, &(struct buffer){ gpa, 0x10000, false }, 1, false);
    }
    driver_notify(&d, TX1);
    driver_put(&d, TX0, &(struct buffer){ DATA + 0x10000, 10, false }, 1, false);
    driver_notify(&d, TX0);
    await(TX0, &len);
    for (uint32_t i = 0; i < 8 * 0x10000; i++) {
        uint8_t byte;

        assert_int_equal(read(out1[0], &byte, 1), 1);
        assert_int_equal(byte, 'a' + i / 0x10000);
    }
    for (unsigned i = 0; i < 8; i++)
        await(TX1, &len);
}

static void expect_broken(void)
{
    for (unsigned i = 0; i < 5000 && !(common_get(&d, 20, 1) & 64); i++)
        usleep(1000);
    assert_int_equal(common_get(&d, 20, 1) & 64, 64);
}

static void test_hostile(void **state)
{
    uint32_t len;

    (void)state;
    start(0);
    /* Ports that are not there, short messages, more questions than answers have room. */
    control(7, 3, 1);
    control(UINT32_MAX, 6, 1);
    control(1, 99, 1);
    driver_put(&d, CTRL_TX, &(struct buffer){ DATA, 7, false }, 1, false);
    driver_notify(&d, CTRL_TX);
    await(CTRL_TX, &len);
    for (unsigned i = 0; i < 200; i++)
        control(1, 3, 1);
    driver_put(&d, CTRL_RX, &(struct buffer){ DATA, 10, true }, 1, false); /* the name does not fit */
    driver_notify(&d, CTRL_RX);
    expect_broken();
    start(0);
    driver_put(&d, RX0, &(struct buffer){ DATA, 10, false }, 1, false); /* nowhere to put input */
    assert_int_equal(write(in[1], "x", 1), 1);
    driver_notify(&d, RX0);
    expect_broken();
    start(0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = { CASE(test_ports), CASE(test_single), CASE(test_slow_reader),
                                        CASE(test_hostile) };

    return cmocka_run_group_tests_name("virtio_console", tests, NULL, NULL);
}
