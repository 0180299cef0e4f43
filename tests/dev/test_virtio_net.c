/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio network device on a back end of the test's own: frames both ways, scarce buffers, a back end
 * that is busy, commands, and drivers that break the rules. */
#include "tests/dev/virtio_driver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dev/net.h"
#include "dev/virtio_net.h"

enum { SLOT = 4, HDR = 12, RX = 0, TX = 1, CTRL = 2, MAX_SENT = 64, BIG = 60000 };

#define F_CSUM (UINT64_C(1) << 0)
#define F_GUEST_CSUM (UINT64_C(1) << 1)
#define F_CTRL_OFF (UINT64_C(1) << 2)
#define F_MTU (UINT64_C(1) << 3)
#define F_MAC (UINT64_C(1) << 5)
#define F_GUEST_TSO4 (UINT64_C(1) << 7)
#define F_HOST_TSO4 (UINT64_C(1) << 11)
#define F_MRG (UINT64_C(1) << 15)
#define F_CTRL (UINT64_C(1) << 17)
#define F_CTRL_MAC (UINT64_C(1) << 23)

/* The back end: records what is sent, and gives frames when the test asks. */
struct fake {
    struct kia_net net;
    int fd;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool busy; /* takes nothing */
    struct {
        struct kia_net_hdr hdr;
        size_t len;
        uint8_t start[256];
    } sent[MAX_SENT];
    unsigned n_sent;
    struct kia_net_hdr give_hdr;
    uint8_t give[BIG];
    size_t give_len; /* 0: nothing */
    bool receiving;
    atomic_uint offload; /* the device's thread sets it */
};

static struct fake *fake;
static struct driver d;

static void fake_fill(struct kia_net *net, struct kia_net_poll *poll, bool receiving)
{
    struct fake *f = (struct fake *)net;

    f->receiving = receiving;
    kia_net_poll_add(poll, f->fd, POLLIN);
}

static void fake_ready(struct kia_net *net, const struct kia_net_poll *poll)
{
    struct fake *f = (struct fake *)net;
    uint64_t count;

    if (!(poll->fds[1].revents & POLLIN) || read(f->fd, &count, sizeof(count)) != sizeof(count))
        return;
    pthread_mutex_lock(&f->lock);
    if (f->give_len)
        net->receive(net->opaque, &f->give_hdr, f->give, f->give_len);
    f->give_len = 0;
    pthread_cond_broadcast(&f->cond);
    pthread_mutex_unlock(&f->lock);
}

static bool fake_send(struct kia_net *net, const struct kia_net_hdr *hdr, const struct iovec *iov, unsigned n,
                      size_t len)
{
    struct fake *f = (struct fake *)net;
    size_t at = 0, total = 0;
    bool taken;

    pthread_mutex_lock(&f->lock);
    taken = !f->busy && f->n_sent < MAX_SENT;
    if (taken) {
        for (unsigned i = 0; i < n; i++) {
            for (size_t k = 0; k < iov[i].iov_len && at < sizeof(f->sent[0].start); k++)
                f->sent[f->n_sent].start[at++] = ((uint8_t *)iov[i].iov_base)[k];
            total += iov[i].iov_len;
        }
        assert_int_equal(total, len);
        f->sent[f->n_sent].hdr = *hdr;
        f->sent[f->n_sent++].len = len;
    }
    pthread_cond_broadcast(&f->cond);
    pthread_mutex_unlock(&f->lock);
    return taken;
}

static void fake_set_offload(struct kia_net *net, unsigned offload)
{
    ((struct fake *)net)->offload = offload;
}

static void fake_destroy(struct kia_net *net)
{
    struct fake *f = (struct fake *)net;

    close(f->fd);
    free(f);
}

static const struct kia_net_ops fake_ops = {
    .fill = fake_fill,
    .ready = fake_ready,
    .send = fake_send,
    .set_receive_offload = fake_set_offload,
    .destroy = fake_destroy,
};

static int setup(void **state)
{
    struct kia_virtio_net_config config = { .mac = { 2, 0, 0, 1, 2, 3 }, .mtu = 1400 };
    struct machine *m;

    if (machine_setup(state))
        return -1;
    m = *state;
    fake = calloc(1, sizeof(*fake));
    fake->net.ops = &fake_ops;
    fake->net.send_offload = fake->net.receive_offload = KIA_NET_CSUM | KIA_NET_TSO4;
    fake->fd = eventfd(0, EFD_NONBLOCK);
    pthread_mutex_init(&fake->lock, NULL);
    pthread_cond_init(&fake->cond, NULL);
    config.net = &fake->net;
    if (kia_virtio_net_attach(m->pci, SLOT, &config))
        return -1;
    return driver_start_up(&d, m, SLOT);
}

static void poke(void)
{
    uint64_t one = 1;

    assert_int_equal(write(fake->fd, &one, sizeof(one)), sizeof(one));
}

/* Gives the device a frame of @len bytes and waits until it was taken. */
static void give(const struct kia_net_hdr *hdr, size_t len, uint8_t first)
{
    pthread_mutex_lock(&fake->lock);
    fake->give_hdr = hdr ? *hdr : (struct kia_net_hdr){ 0 };
    fake->give_len = len;
    for (size_t i = 0; i < len; i++)
        fake->give[i] = first + i * 7;
    poke();
    while (fake->give_len)
        pthread_cond_wait(&fake->cond, &fake->lock);
    pthread_mutex_unlock(&fake->lock);
}

static void wait_sent(unsigned n)
{
    pthread_mutex_lock(&fake->lock);
    while (fake->n_sent < n)
        pthread_cond_wait(&fake->cond, &fake->lock);
    assert_int_equal(fake->n_sent, n);
    pthread_mutex_unlock(&fake->lock);
}

static void expect_frame(uint64_t gpa, size_t from, size_t len, uint8_t first)
{
    const uint8_t *at = kia_mem_hva(d.m->mem, gpa, len);

    for (size_t i = 0; i < len; i++)
        assert_int_equal(at[i], (uint8_t)(first + (from + i) * 7));
}

/* A request to send: header at DATA, @len bytes of data after it. */
static void put_frame(uint8_t flags, uint8_t gso, uint16_t gso_size, uint32_t len)
{
    struct buffer b[] = { { DATA, HDR, false },
                          { DATA + 4096, len / 2, false },
                          { DATA + 0x20000, len - len / 2, false } };

    ram_set(&d, DATA, 8, 0);
    ram_set(&d, DATA + 8, 4, 0);
    ram_set(&d, DATA, 1, flags);
    ram_set(&d, DATA + 1, 1, gso);
    ram_set(&d, DATA + 2, 2, 54);
    ram_set(&d, DATA + 4, 2, gso_size);
    ram_set(&d, DATA + 6, 2, 34);
    ram_set(&d, DATA + 8, 2, 16);
    memset(kia_mem_hva(d.m->mem, DATA + 4096, len), 0x11, len);
    memset(kia_mem_hva(d.m->mem, DATA + 0x20000, len), 0x22, len);
    driver_put(&d, TX, b, 3, false);
    driver_notify(&d, TX);
}

static void test_registers(void **state)
{
    uint64_t features = driver_features(&d);

    (void)state;
    assert_int_equal(d.type, 1);
    assert_int_equal(features & (F_CSUM | F_GUEST_CSUM | F_MTU | F_MAC | F_HOST_TSO4 | F_MRG | F_CTRL),
                     F_CSUM | F_GUEST_CSUM | F_MTU | F_MAC | F_HOST_TSO4 | F_MRG | F_CTRL);
    assert_int_equal(features >> 8 & 1, 0); /* this back end has no TSO for IPv6 */
    assert_int_equal(kia_mmio_read(d.m->mem, d.config, 8), UINT64_C(0x0001030201000002));
    assert_int_equal(kia_mmio_read(d.m->mem, d.config + 10, 2), 1400);
}

static void check_send(uint64_t features)
{
    driver_start_queues(&d, F_VERSION_1 | F_CSUM | F_HOST_TSO4 | features, true, 3);
    fake->n_sent = 0;
    for (unsigned i = 0; i < 20; i++) {
        put_frame(0, 0, 0, 60 + i);
        assert_int_equal(driver_wait_on(&d, TX), 0);
    }
    wait_sent(20);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(fake->sent[i].len, 60 + i);
        assert_int_equal(fake->sent[i].start[0], 0x11);
        assert_int_equal(fake->sent[i].start[(60 + i) / 2 - 1], 0x11);
        assert_int_equal(fake->sent[i].start[(60 + i) / 2], 0x22);
        assert_int_equal(fake->sent[i].hdr.flags, 0);
    }
    put_frame(1, 1, 1448, 50000);
    driver_wait_on(&d, TX);
    wait_sent(21);
    assert_int_equal(fake->sent[20].len, 50000);
    assert_int_equal(fake->sent[20].hdr.flags, KIA_NET_NEEDS_CSUM);
    assert_int_equal(fake->sent[20].hdr.gso_type, KIA_NET_GSO_TCPV4);
    assert_int_equal(fake->sent[20].hdr.gso_size, 1448);
    assert_int_equal(fake->sent[20].hdr.csum_start, 34);
    assert_int_equal(fake->sent[20].hdr.csum_offset, 16);
    assert_int_equal(fake->sent[20].hdr.hdr_len, 54);
}

static void test_send(void **state)
{
    (void)state;
    check_send(0);
    check_send(F_EVENT_IDX);
    check_send(F_PACKED);
    check_send(F_PACKED | F_EVENT_IDX);
}

/* Frames that make no sense, or ask for what was not agreed on, go back unsent. */
static void test_send_nonsense(void **state)
{
    (void)state;
    driver_start_queues(&d, F_VERSION_1 | F_CSUM | F_HOST_TSO4, true, 3);
    put_frame(0, 0, 0, 13); /* less than an Ethernet header */
    driver_wait_on(&d, TX);
    put_frame(0, 0, 0, KIA_NET_MAX_FRAME + 1);
    driver_wait_on(&d, TX);
    put_frame(0, 1, 1448, 9000); /* segments without checksums */
    driver_wait_on(&d, TX);
    put_frame(1, 1, 0, 9000); /* segments of no size */
    driver_wait_on(&d, TX);
    put_frame(1, 4, 1440, 9000); /* IPv6 */
    driver_wait_on(&d, TX);
    put_frame(1, 3, 1440, 9000); /* UDP fragments */
    driver_wait_on(&d, TX);
    put_frame(0, 0, 0, 60);
    driver_wait_on(&d, TX);
    wait_sent(1);
    driver_start_queues(&d, F_VERSION_1, true, 3);
    put_frame(1, 0, 0, 60);
    driver_wait_on(&d, TX);
    put_frame(0, 0, 0, 61);
    driver_wait_on(&d, TX);
    wait_sent(2);
    assert_int_equal(fake->sent[1].len, 61);
}

/* A back end that is busy keeps the frames' order and gives none back before they are sent. */
static void test_busy(void **state)
{
    uint32_t len;

    (void)state;
    driver_start_queues(&d, F_VERSION_1 | F_PACKED, true, 3);
    fake->busy = true;
    for (unsigned i = 0; i < 4; i++)
        put_frame(0, 0, 0, 100 + i);
    usleep(20000);
    assert_false(driver_take(&d, TX, &len));
    pthread_mutex_lock(&fake->lock);
    fake->busy = false;
    pthread_mutex_unlock(&fake->lock);
    poke();
    wait_sent(4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(fake->sent[i].len, 100 + i);
    for (unsigned i = 0, taken = 0; i < 5000 && taken < 4; i++) {
        taken += driver_take(&d, TX, &len);
        usleep(1000);
        assert_true(i < 4999);
    }
}

static void put_rx(uint64_t gpa, uint32_t len)
{
    driver_put(&d, RX, &(struct buffer){ gpa, len, true }, 1, false);
    driver_notify(&d, RX);
}

static void check_receive(uint64_t features)
{
    struct irq irq;
    uint32_t len;

    driver_start_queues(&d, F_VERSION_1 | F_MRG | F_GUEST_CSUM | features, true, 3);
    for (unsigned i = 0; i < 3 * QSIZE; i++) {
        put_rx(DATA, 2048);
        give(&(struct kia_net_hdr){ .flags = KIA_NET_DATA_VALID }, 100 + i, i);
        assert_int_equal(driver_wait_on(&d, RX), HDR + 100 + i);
        assert_int_equal(ram_get(&d, DATA, 1), KIA_NET_DATA_VALID);
        assert_int_equal(ram_get(&d, DATA + 10, 2), 1);
        expect_frame(DATA + HDR, 0, 100 + i, i);
    }
    /* A large frame takes several buffers, which come together. */
    for (unsigned i = 0; i < 9; i++)
        put_rx(DATA + 0x1000 * i, 1000);
    give(NULL, 7500, 3);
    assert_true(take_irq(&irq, 5000));
    for (unsigned i = 0; i < 8; i++) {
        size_t from = i ? 1000 * i - HDR : 0;

        assert_true(driver_take(&d, RX, &len));
        assert_int_equal(len, i < 7 ? 1000 : 7500 + HDR - 7000);
        expect_frame(DATA + 0x1000 * i + (i ? 0 : HDR), from, len - (i ? 0 : HDR), 3);
    }
    assert_false(driver_take(&d, RX, &len));
    assert_int_equal(ram_get(&d, DATA + 10, 2), 8);
    give(NULL, 988, 4); /* the ninth is still there */
    assert_int_equal(driver_wait_on(&d, RX), 1000);
}

static void test_receive(void **state)
{
    (void)state;
    check_receive(0);
    check_receive(F_EVENT_IDX);
    check_receive(F_PACKED);
    check_receive(F_PACKED | F_EVENT_IDX);
}

/* Frames wait for buffers, in order, and meanwhile the back end is told. */
static void check_scarce(uint64_t features)
{
    uint32_t len;

    driver_start_queues(&d, F_VERSION_1 | F_MRG | features, true, 3);
    put_rx(DATA, 512);
    give(NULL, 1200, 1); /* one buffer of three */
    give(NULL, 300, 2);
    assert_false(driver_take(&d, RX, &len));
    poke();
    give(NULL, 0, 0);
    for (unsigned i = 0; i < 5000 && fake->receiving; i++)
        usleep(1000);
    assert_false(fake->receiving);
    put_rx(DATA + 0x1000, 512);
    put_rx(DATA + 0x2000, 512);
    assert_int_equal(driver_wait_on(&d, RX), 512);
    assert_true(driver_take(&d, RX, &len) && driver_take(&d, RX, &len));
    assert_int_equal(len, 1200 + HDR - 1024);
    expect_frame(DATA + HDR, 0, 500, 1);
    expect_frame(DATA + 0x1000, 500, 512, 1);
    expect_frame(DATA + 0x2000, 1012, 188, 1);
    put_rx(DATA, 512);
    for (unsigned i = 0; i < 5000 && !driver_take(&d, RX, &len); i++)
        usleep(1000);
    assert_int_equal(len, 300 + HDR);
    expect_frame(DATA + HDR, 0, 300, 2);
    for (unsigned i = 0; i < 5000 && !fake->receiving; i++)
        usleep(1000);
    assert_true(fake->receiving);
}

static void test_scarce(void **state)
{
    (void)state;
    check_scarce(0);
    check_scarce(F_PACKED | F_EVENT_IDX);
}

/* Without merging a frame that does not fit its buffer is lost; the next one gets the buffer. */
static void test_not_merged(void **state)
{
    (void)state;
    driver_start_queues(&d, F_VERSION_1, true, 3);
    put_rx(DATA, 200);
    give(NULL, 300, 1);
    give(&(struct kia_net_hdr){ .flags = KIA_NET_DATA_VALID }, 100, 2);
    assert_int_equal(driver_wait_on(&d, RX), 112);
    assert_int_equal(ram_get(&d, DATA, 1), 0); /* nor is it told what it did not ask for */
    expect_frame(DATA + HDR, 0, 100, 2);
    /* Large frames that the driver did not agree to are lost. */
    put_rx(DATA, 0x10000);
    give(&(struct kia_net_hdr){ .flags = 1, .gso_type = 1, .gso_size = 1460 }, 9000, 3);
    give(NULL, 90, 4);
    assert_int_equal(driver_wait_on(&d, RX), 102);
}

/* Without a driver frames are lost, also those that waited when it went away. */
static void test_restart(void **state)
{
    uint32_t len;

    (void)state;
    give(NULL, 100, 1);
    driver_start_queues(&d, F_VERSION_1 | F_MRG, true, 3);
    give(NULL, 100, 2);
    driver_start_queues(&d, F_VERSION_1 | F_MRG, true, 3);
    put_rx(DATA, 512);
    usleep(20000);
    assert_false(driver_take(&d, RX, &len));
    give(NULL, 100, 3);
    assert_int_equal(driver_wait_on(&d, RX), 112);
    expect_frame(DATA + HDR, 0, 100, 3);
}

/* A command: its answer. */
static uint8_t command(uint8_t class, uint8_t cmd, uint64_t data, unsigned len)
{
    struct buffer b[] = { { DATA, 2 + len, false }, { DATA + 64, 1, true } };

    ram_set(&d, DATA, 1, class);
    ram_set(&d, DATA + 1, 1, cmd);
    ram_set(&d, DATA + 2, 8, data);
    ram_set(&d, DATA + 64, 1, 0xaa);
    driver_put(&d, CTRL, b, 2, false);
    driver_notify(&d, CTRL);
    assert_int_equal(driver_wait_on(&d, CTRL), 1);
    return ram_get(&d, DATA + 64, 1);
}

static void test_commands(void **state)
{
    (void)state;
    driver_start_queues(&d, F_VERSION_1 | F_GUEST_CSUM | F_GUEST_TSO4 | F_CTRL | F_CTRL_OFF | F_CTRL_MAC,
                        true, 3);
    assert_int_equal(command(1, 1, UINT64_C(0x0a0908070604), 6), 0);
    assert_int_equal(kia_mmio_read(d.m->mem, d.config, 4), 0x08070604);
    assert_int_equal(command(1, 1, 0, 5), 1);
    assert_int_equal(command(1, 0, 0, 6), 1);
    assert_int_equal(command(77, 0, 0, 8), 1);
    assert_int_equal(command(5, 0, 2, 8), 0);
    assert_int_equal(fake->offload, KIA_NET_CSUM);
    assert_int_equal(command(5, 0, 0x82, 8), 0);
    assert_int_equal(fake->offload, KIA_NET_CSUM | KIA_NET_TSO4);
    assert_int_equal(command(5, 0, 0x100, 8), 1); /* not agreed on */
    assert_int_equal(command(5, 0, 0, 7), 1);
    assert_int_equal(command(5, 0, 0, 0), 1);
    /* The address is its own again after a reset. */
    driver_start_queues(&d, F_VERSION_1, true, 3);
    assert_int_equal(kia_mmio_read(d.m->mem, d.config, 4), 0x01000002);
}

static void expect_broken(void)
{
    struct irq irq;

    do
        assert_true(take_irq(&irq, 5000));
    while (irq.vector != CONFIG_VECTOR);
    assert_int_equal(common_get(&d, 20, 1) & 64, 64);
    driver_start_queues(&d, F_VERSION_1 | F_MRG, true, 3);
}

static void test_hostile(void **state)
{
    (void)state;
    driver_start_queues(&d, F_VERSION_1 | F_MRG, true, 3);
    driver_put(&d, RX, &(struct buffer){ DATA, 512, false }, 1, false); /* nothing to write to */
    give(NULL, 100, 1);
    expect_broken();
    put_rx(DATA, HDR); /* no room for the header and a byte */
    give(NULL, 100, 1);
    expect_broken();
    put_rx(RAM_SIZE - 100, 512);
    give(NULL, 100, 1);
    expect_broken();
    driver_put(&d, TX, &(struct buffer){ DATA, 512, true }, 1, false);
    driver_notify(&d, TX);
    expect_broken();
    driver_put(&d, TX, &(struct buffer){ DATA, HDR - 1, false }, 1, false);
    driver_notify(&d, TX);
    expect_broken();
    driver_put(&d, CTRL, &(struct buffer){ DATA, 8, false }, 1, false);
    driver_notify(&d, CTRL);
    expect_broken();
    /* More buffers than the ring has entries. */
    put_rx(DATA, 512);
    ram_set(&d, AVAIL(RX) + 2, 2, QSIZE + 1);
    give(NULL, 100, 1);
    expect_broken();
    put_rx(DATA, 512);
    give(NULL, 100, 1);
    assert_int_equal(driver_wait_on(&d, RX), 112);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, machine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_registers), CASE(test_send),    CASE(test_send_nonsense), CASE(test_busy),
        CASE(test_receive),   CASE(test_scarce),  CASE(test_not_merged),    CASE(test_restart),
        CASE(test_commands),  CASE(test_hostile),
    };

    return cmocka_run_group_tests_name("virtio_net", tests, NULL, NULL);
}
