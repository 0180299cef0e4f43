/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile drivers for every virtio device: random programs of register accesses and requests, most of them
 * nearly right. They run in a virtual time, so that each seed does the same every time. What counts is that
 * nothing crashes, hangs or leaves the device unusable (run it under ASan and UBSan).
 *
 * KIA_FUZZ_PROGRAMS: how many for each device (500); KIA_FUZZ_SEED; KIA_FUZZ_DEVICE: only this one.
 */
#include "tests/dev/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/chr.h"
#include "dev/net.h"
#include "dev/p9.h"
#include "dev/virtio_9p.h"
#include "dev/virtio_balloon.h"
#include "dev/virtio_blk.h"
#include "dev/virtio_console.h"
#include "dev/virtio_net.h"
#include "dev/virtio_rng.h"

enum {
    SLOT = 3,
    MAX_QUEUES = 6,
    SECTORS = 256,
    D_NEXT = 1,
    D_WRITE = 2,
    D_INDIRECT = 4,
    D_AVAIL = 0x80,
    D_USED = 0x8000
};

#define RINGS                                                                                                \
    UINT64_C(0x10000) /* 16 KiB a queue: descriptors, driver's and device's parts at 0, 4 KiB, 8 KiB */
#define PLACES UINT64_C(0x80000) /* 64 KiB of buffers */

struct queue {
    uint64_t gpa;
    unsigned size, at; /* at: the next descriptor; packed: the position */
    bool wrap;
    uint16_t avail;
};

struct target {
    const char *name;
    int (*attach)(void);
    unsigned queues;
    /* Writes the start of a request to @gpa; its length. */
    unsigned (*request)(unsigned queue, uint64_t gpa);
};

static struct machine *m;
static const struct target *target;
static uint64_t seed;
static int64_t now;
static struct queue queues[MAX_QUEUES];
static bool packed;
static char folder[64];
static struct kia_chr *chr;

static uint64_t rnd(uint64_t below)
{
    return next_random(&seed) % below;
}

static bool rarely(void)
{
    return rnd(24) == 0;
}

/* Numbers that guests get wrong. */
static uint64_t odd_number(void)
{
    switch (rnd(5)) {
    case 0:
        return rnd(16);
    case 1:
        return (UINT64_C(1) << rnd(64)) - rnd(3);
    case 2:
        return RINGS + rnd(0x20000);
    case 3:
        return RAM_SIZE - rnd(0x2000);
    }
    return next_random(&seed);
}

static void store(uint64_t gpa, unsigned size, uint64_t value)
{
    kia_mem_write(m->mem, gpa, &value, size);
}

/* ---- devices ---- */

static int attach_blk(void)
{
    struct kia_virtio_blk_config config = { .sectors = SECTORS, .queues = 2, .serial = "fuzz" };

    config.fd = memfd_create("disk", 0);
    return config.fd < 0 || ftruncate(config.fd, SECTORS * 512) ||
           kia_virtio_blk_attach(m->pci, SLOT, &config);
}

static unsigned request_blk(unsigned queue, uint64_t gpa)
{
    (void)queue;
    store(gpa, 8, rnd(15));
    store(gpa + 8, 8, rarely() ? odd_number() : rnd(SECTORS));
    store(gpa + 16, 8, rarely() ? odd_number() : rnd(SECTORS)); /* a range to discard or zero */
    store(gpa + 24, 8, rnd(SECTORS) | (uint64_t)rnd(2) << 32);
    return rnd(2) ? 16 : 32;
}

static int attach_rng(void)
{
    return kia_virtio_rng_attach(m->pci, SLOT, -1);
}

static unsigned request_none(unsigned queue, uint64_t gpa)
{
    (void)queue;
    (void)gpa;
    return 0;
}

/* A network that gives back what is sent, sometimes as one large frame. */
static void echo_fill(struct kia_net *net, struct kia_net_poll *poll, bool receiving)
{
    (void)net;
    (void)poll;
    (void)receiving;
}

static void echo_ready(struct kia_net *net, const struct kia_net_poll *poll)
{
    (void)net;
    (void)poll;
}

static bool echo_send(struct kia_net *net, const struct kia_net_hdr *hdr, const struct iovec *iov, unsigned n,
                      size_t len)
{
    static uint8_t frame[KIA_NET_MAX_FRAME];
    size_t at = 0;

    if (rarely())
        return false;
    for (unsigned i = 0; i < n; i++) {
        memcpy(frame + at, iov[i].iov_base, iov[i].iov_len);
        at += iov[i].iov_len;
    }
    assert_int_equal(at, len);
    net->receive(net->opaque, hdr, frame, rnd(8) ? len : rnd(KIA_NET_MAX_FRAME));
    return true;
}

static void echo_destroy(struct kia_net *net)
{
    free(net);
}

static int attach_net(void)
{
    static const struct kia_net_ops ops = {
        .fill = echo_fill,
        .ready = echo_ready,
        .send = echo_send,
        .destroy = echo_destroy,
    };
    struct kia_virtio_net_config config = { .net = calloc(1, sizeof(*config.net)), .mtu = 1500 };

    config.net->ops = &ops;
    config.net->send_offload = config.net->receive_offload = 15;
    return kia_virtio_net_attach(m->pci, SLOT, &config);
}

static unsigned request_net(unsigned queue, uint64_t gpa)
{
    if (queue == 0)
        return 0;
    if (queue == 2) {
        store(gpa, 2, rnd(2) ? 5 : rnd(8) | rnd(3) << 8);
        store(gpa + 2, 8, rnd(2) ? rnd(16) << 7 : odd_number());
        return 2 + (rnd(2) ? 8 : rnd(12));
    }
    store(gpa, 8, rnd(2) | (rnd(2) ? 0 : rnd(6) << 8) | (uint64_t)rnd(2000) << 32);
    store(gpa + 8, 4, odd_number());
    return 12 + rnd(64);
}

static int attach_9p(void)
{
    struct kia_p9_config config = { folder, KIA_P9_NONE, false };
    struct kia_p9 *p9;

    return kia_p9_create(&config, &p9) || kia_virtio_9p_attach(m->pci, SLOT, "fuzz", p9);
}

static unsigned request_9p(unsigned queue, uint64_t gpa)
{
    static const uint8_t types[] = { 8,  12, 14,  22,  24,  26,  30,  40,  72,
                                     74, 76, 104, 108, 110, 110, 116, 118, 120 };
    static const char *const names[] = { "a", "..", "b", "../x", "" };
    unsigned len = 7;

    (void)queue;
    if (rnd(8) == 0) { /* a session, without which nothing works */
        store(gpa + 7, 4, rarely() ? odd_number() : 8192);
        kia_mem_write(m->mem, gpa + 11, "\10\0009P2000.L", 10);
        store(gpa, 8, 21 | UINT64_C(100) << 32);
        return 21;
    }
    store(gpa + 4, 3, types[rnd(sizeof(types))]);
    for (unsigned i = rnd(8); i; i--) {
        const char *name = names[rnd(5)];

        if (rnd(4) == 0) {
            store(gpa + len, 2, strlen(name));
            kia_mem_write(m->mem, gpa + len + 2, name, strlen(name));
            len += 2 + strlen(name);
        } else {
            store(gpa + len, 4, rarely() ? odd_number() : rnd(4));
            len += rnd(2) ? 4 : 2;
        }
    }
    store(gpa, 4, rarely() ? odd_number() : len);
    return len;
}

static int attach_console(void)
{
    struct kia_virtio_console_port ports[2] = { { .is_console = true }, { .name = "port" } };

    ports[0].chr = chr = kia_chr_create(m->loop, -1, open("/dev/null", O_WRONLY), true, NULL);
    return kia_virtio_console_attach(m->pci, SLOT, ports, 2);
}

static unsigned request_console(unsigned queue, uint64_t gpa)
{
    store(gpa, 4, rarely() ? odd_number() : rnd(3));
    store(gpa + 4, 4, rnd(8) | rnd(2) << 16);
    return queue % 2 ? 8 : 0;
}

static int attach_balloon(void)
{
    struct kia_virtio_balloon_config config = { true, true };
    struct kia_balloon *balloon;

    return kia_virtio_balloon_attach(m->pci, SLOT, &config, &balloon);
}

static unsigned request_balloon(unsigned queue, uint64_t gpa)
{
    for (unsigned i = 0; i < 8; i++)
        store(gpa + 4 * i, 4, rarely() ? odd_number() : 0x2000 + rnd(0x1000));
    return queue == 3 ? 0 : rnd(33);
}

static const struct target targets[] = {
    { "blk", attach_blk, 2, request_blk },
    { "rng", attach_rng, 1, request_none },
    { "net", attach_net, 3, request_net },
    { "9p", attach_9p, 1, request_9p },
    { "console", attach_console, 6, request_console },
    { "balloon", attach_balloon, 4, request_balloon },
};

/* ---- the machine ---- */

static int64_t get_now(void *opaque)
{
    (void)opaque;
    return now;
}

static int64_t get_alarm(void *opaque, int64_t deadline)
{
    (void)opaque;
    return deadline;
}

/* Lets the device work off what it was kicked for. */
static void settle(void)
{
    for (unsigned i = 0; i < 16 && kia_loop_next_timer(m->loop) != KIA_TIMER_OFF; i++) {
        struct irq irq;

        now = kia_loop_next_timer(m->loop);
        kia_loop_run_timers(m->loop);
        while (take_irq(&irq, 0))
            ;
    }
}

static int setup(void **state)
{
    struct kia_loop_clock clock = { get_now, get_alarm, NULL };

    if (machine_setup(state))
        return -1;
    m = *state;
    kia_loop_set_clock(m->loop, &clock);
    strcpy(folder, "/tmp/kia-fuzz-XXXXXX");
    return !mkdtemp(folder);
}

static int teardown(void **state)
{
    char command[128];

    kia_platform_destroy(m->platform);
    m->platform = NULL;
    kia_chr_destroy(chr);
    chr = NULL;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) || machine_teardown(state);
}

/* ---- programs ---- */

static uint64_t bar(unsigned index)
{
    uint32_t low = kia_pci_config_read(m->pci, 0, 0, SLOT, 0, 0x10 + 4 * index, 4);
    uint32_t high = index == 4 ? kia_pci_config_read(m->pci, 0, 0, SLOT, 0, 0x20 + 4, 4) : 0;

    return (uint64_t)high << 32 | (low & ~UINT32_C(15));
}

static void reg(unsigned offset, unsigned size, uint64_t value)
{
    kia_mmio_write(m->mem, bar(4) + offset, size, value);
}

static uint64_t place(void)
{
    return PLACES + 256 * rnd(256);
}

static void put_descriptor(uint64_t at, uint64_t gpa, uint32_t len, uint16_t flags, uint16_t next_or_id)
{
    if (rarely())
        gpa = odd_number();
    if (rarely())
        len = odd_number();
    if (rarely())
        flags ^= 1 << rnd(16);
    if (rarely())
        next_or_id = odd_number();
    store(at, 8, gpa);
    store(at + 8, 4, len);
    store(at + 12, 2, packed ? next_or_id : flags);
    store(at + 14, 2, packed ? flags : next_or_id);
}

/* @n descriptors, of which the first @n_out are readable, in a table of their own or in the ring. */
static void put_table(struct queue *q, unsigned index, uint64_t table, unsigned n, unsigned n_out,
                      bool indirect)
{
    static const uint16_t lengths[] = { 1, 12, 64, 512, 513, 1024, 4096 };

    for (unsigned i = 0; i < n; i++) {
        uint64_t gpa = place();
        unsigned len = i == 0 && n_out ? target->request(index, gpa) : 0, at = indirect ? i : q->at;
        uint16_t flags = (i < n_out ? 0 : D_WRITE) | (i + 1 < n && !(packed && indirect) ? D_NEXT : 0);

        if (packed && !indirect)
            flags |= q->wrap ? D_AVAIL : D_USED;
        put_descriptor(table + 16 * at, gpa, len ? len : lengths[rnd(sizeof(lengths) / sizeof(lengths[0]))],
                       flags,
                       packed     ? index
                       : indirect ? i + 1
                                  : (q->at + 1) % q->size);
        if (!indirect && ++q->at == q->size) {
            q->at = 0;
            q->wrap = !q->wrap;
        }
    }
}

static void put_request(unsigned index)
{
    struct queue *q = &queues[index];
    unsigned n_out = rnd(4), n = n_out + rnd(4), head = q->at;

    n = n ? n : 1;
    if (rnd(4) == 0) {
        uint64_t table = place();

        put_table(q, index, table, n, n_out, true);
        put_descriptor(q->gpa + 16 * q->at, table, 16 * n,
                       D_INDIRECT | (packed ? (q->wrap ? D_AVAIL : D_USED) : 0), 0);
        if (++q->at == q->size) {
            q->at = 0;
            q->wrap = !q->wrap;
        }
    } else {
        put_table(q, index, q->gpa, n, n_out, false);
    }
    if (!packed) {
        store(q->gpa + 0x1004 + 2 * (q->avail % q->size), 2, rarely() ? odd_number() : head);
        store(q->gpa + 0x1002, 2, rarely() ? odd_number() : (uint16_t)(q->avail + 1));
        q->avail++;
    }
}

static void start_driver(void)
{
    uint64_t offered, accepted;

    kia_pci_config_write(m->pci, 0, 0, SLOT, 0, 4, 2, rarely() ? rnd(8) : 6);
    reg(20, 1, 0);
    reg(0, 4, 0);
    offered = kia_mmio_read(m->mem, bar(4) + 4, 4);
    reg(0, 4, 1);
    offered |= kia_mmio_read(m->mem, bar(4) + 4, 4) << 32;
    accepted = (offered & (next_random(&seed) | next_random(&seed))) | UINT64_C(1) << 32;
    if (rarely())
        accepted = next_random(&seed);
    packed = accepted >> 34 & 1;
    reg(20, 1, 3);
    reg(8, 4, 0);
    reg(12, 4, accepted);
    reg(8, 4, 1);
    reg(12, 4, accepted >> 32);
    reg(20, 1, 11);
    for (unsigned i = 0; i < target->queues; i++) {
        struct queue *q = &queues[i];

        *q = (struct queue){ RINGS + 0x4000 * i, packed ? 3 + rnd(30) : 4u << rnd(4), 0, true, 0 };
        memset(kia_mem_hva(m->mem, q->gpa, 0x4000), 0, 0x4000);
        reg(22, 2, i);
        reg(24, 2, rarely() ? odd_number() : q->size);
        reg(26, 2, rnd(8));
        reg(32, 8, rarely() ? odd_number() : q->gpa);
        reg(40, 8, rarely() ? odd_number() : q->gpa + 0x1000);
        reg(48, 8, rarely() ? odd_number() : q->gpa + 0x2000);
        if (!rarely())
            reg(28, 2, 1);
    }
    reg(20, 1, 15);
}

static void random_access(void)
{
    uint64_t gpa = rnd(4) ? bar(4) + rnd(5) * 0x1000 + rnd(0x40) : bar(1) + rnd(0x1000);
    unsigned size = 1u << rnd(4), where = rnd(256 / 4) * 4;

    switch (rnd(4)) {
    case 0:
        kia_mmio_read(m->mem, gpa & -(uint64_t)size, size);
        break;
    case 1:
        kia_mmio_write(m->mem, gpa & -(uint64_t)size, size, odd_number());
        break;
    case 2:
        kia_pci_config_read(m->pci, 0, 0, SLOT, 0, where, 4);
        break;
    case 3:
        if (where >= 0x28) /* the BARs stay, so that the rest of the program finds the device */
            kia_pci_config_write(m->pci, 0, 0, SLOT, 0, where, 4, odd_number());
        break;
    }
}

static void program(void)
{
    start_driver();
    for (unsigned i = 2 + rnd(10); i; i--) {
        unsigned index = rnd(target->queues);

        for (unsigned n = rnd(4); n; n--)
            put_request(index);
        store(queues[index].gpa + 0x1000, 4, rarely() ? odd_number() : rnd(4)); /* what it wants to be told */
        if (!rarely())
            reg(0x3000 + 4 * index, 2, index);
        if (rnd(8) == 0)
            random_access();
        if (rnd(4))
            settle();
    }
    settle();
    /* Whatever it was, a reset ends it. */
    kia_pci_config_write(m->pci, 0, 0, SLOT, 0, 4, 2, 6);
    reg(20, 1, 0);
    assert_int_equal(kia_mmio_read(m->mem, bar(4) + 20, 1), 0);
}

static void run(const struct target *one)
{
    const char *only = getenv("KIA_FUZZ_DEVICE"), *text = getenv("KIA_FUZZ_PROGRAMS");
    const char *seed_text = getenv("KIA_FUZZ_SEED");
    unsigned programs = text ? atoi(text) : 500;

    target = one;
    if (only && strcmp(only, one->name))
        skip();
    assert_int_equal(one->attach(), 0);
    kia_platform_reset(m->platform);
    assert_int_equal(kia_pci_assign(m->pci), 0);
    for (unsigned i = 0; i < programs; i++) {
        seed = (seed_text ? strtoull(seed_text, NULL, 0) : 0x1a64) + i * UINT64_C(0x9e3779b97f4a7c15);
        program();
    }
}

static void test_blk(void **state)
{
    (void)state;
    run(&targets[0]);
}

static void test_rng(void **state)
{
    (void)state;
    run(&targets[1]);
}

static void test_net(void **state)
{
    (void)state;
    run(&targets[2]);
}

static void test_9p(void **state)
{
    (void)state;
    run(&targets[3]);
}

static void test_console(void **state)
{
    (void)state;
    run(&targets[4]);
}

static void test_balloon(void **state)
{
    (void)state;
    run(&targets[5]);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_blk), CASE(test_rng), CASE(test_net), CASE(test_9p), CASE(test_console), CASE(test_balloon),
    };

    return cmocka_run_group_tests_name("virtio_fuzz", tests, NULL, NULL);
}
