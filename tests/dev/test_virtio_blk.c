/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio block device through its registers and rings: data checked on the host's side, and drivers that
 * break the rules. */
#include "tests/dev/virtio_driver.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/virtio_blk.h"

enum { SECTORS = 2048, SLOT = 2, T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_ID = 8, T_DISCARD = 11, T_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2, NEEDS_RESET = 64 };

static struct driver d;
static int disk;
static uint8_t image[SECTORS * 512];

/* A block device on the image, gone when it is closed; or -1: this host gives none. */
static int loop_device(void)
{
    struct loop_config config = { .fd = (unsigned)disk, .info.lo_flags = LO_FLAGS_AUTOCLEAR };
    int control = open("/dev/loop-control", O_RDWR), n = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE), fd;
    char path[32];

    if (control >= 0)
        close(control);
    if (n < 0)
        return -1;
    snprintf(path, sizeof(path), "/dev/loop%d", n);
    fd = open(path, O_RDWR | O_EXCL);
    if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int attach(void **state, bool readonly, unsigned queues, bool loop)
{
    char path[] = "/tmp/kia-blk-XXXXXX";
    struct kia_virtio_blk_config config = {
        .sectors = SECTORS, .readonly = readonly, .serial = "disk-0123456789", .queues = queues,
    };
    uint64_t seed = 1;
    struct machine *m;

    if (machine_setup(state))
        return -1;
    m = *state;
    disk = mkstemp(path);
    unlink(path);
    for (unsigned i = 0; i < sizeof(image); i++)
        image[i] = next_random(&seed);
    if (disk < 0 || pwrite(disk, image, sizeof(image), 0) != sizeof(image))
        return -1;
    config.fd = loop ? loop_device() : dup(disk);
    if (config.fd < 0)
        return 0;
    if (kia_virtio_blk_attach(m->pci, SLOT, &config))
        return -1;
    return driver_start_up(&d, m, SLOT);
}

static int setup(void **state)
{
    return attach(state, false, 1, false);
}

static int setup_loop(void **state)
{
    d.m = NULL;
    return attach(state, false, 1, true);
}

static int setup_readonly(void **state)
{
    return attach(state, true, 1, false);
}

static int setup_queues(void **state)
{
    return attach(state, false, 4, false);
}

static int teardown(void **state)
{
    close(disk);
    return machine_teardown(state);
}

static void header(uint32_t type, uint64_t sector)
{
    ram_set(&d, DATA, 4, type);
    ram_set(&d, DATA + 4, 4, 0);
    ram_set(&d, DATA + 8, 8, sector);
    ram_set(&d, DATA + 16, 1, 0xaa);
}

/* A request with one data buffer of @len bytes at DATA + 4096; its status. */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t len, bool write, bool indirect)
{
    struct buffer b[3] = { { DATA, 16, false }, { DATA + 4096, len, write }, { DATA + 16, 1, true } };

    header(type, sector);
    if (!len)
        b[1] = b[2];
    driver_submit(&d, b, len ? 3 : 2, indirect);
    driver_wait(&d);
    return ram_get(&d, DATA + 16, 1);
}

static void assert_disk(uint64_t sector, const void *data, size_t len)
{
    uint8_t *buf = malloc(len);

    assert_int_equal(pread(disk, buf, len, sector * 512), len);
    assert_memory_equal(buf, data, len);
    free(buf);
}

static void test_registers(void **state)
{
    uint64_t features = driver_features(&d);

    (void)state;
    assert_true(features & F_VERSION_1);
    assert_true(features & F_PACKED);
    assert_true((features & 0x20) == 0);
    assert_int_equal(common_get(&d, 18, 2), 1);
    assert_int_equal(kia_mmio_read(d.m->mem, d.config, 8), SECTORS);
    assert_int_equal(kia_mmio_read(d.m->mem, d.config + 20, 4), 512);
    /* FEATURES_OK is refused for what was not offered, and without version 1. */
    driver_negotiate(&d, F_VERSION_1 | UINT64_C(1) << 63);
    assert_int_equal(common_get(&d, 20, 1), 3);
    driver_negotiate(&d, 1 << 9);
    assert_int_equal(common_get(&d, 20, 1), 3);
    driver_negotiate(&d, F_VERSION_1);
    assert_int_equal(common_get(&d, 20, 1), 11);
    common_set(&d, 12, 4, 0); /* too late */
    common_set(&d, 8, 4, 1);
    assert_int_equal(common_get(&d, 12, 4), 1);
    /* Queues that are not there. */
    common_set(&d, 22, 2, 1);
    assert_int_equal(common_get(&d, 24, 2), 0);
    common_set(&d, 28, 2, 1);
    assert_int_equal(common_get(&d, 28, 2), 0);
    common_set(&d, 22, 2, 0);
    assert_int_equal(common_get(&d, 24, 2), 256);
    common_set(&d, 26, 2, 9); /* a vector it has not */
    assert_int_equal(common_get(&d, 26, 2), 0xffff);
    assert_int_equal(common_get(&d, 58, 2), 0);
}

static void check_io(uint64_t features, bool indirect)
{
    uint8_t buf[8192], *at = kia_mem_hva(d.m->mem, DATA + 4096, sizeof(buf));

    driver_start(&d, F_VERSION_1 | 1 << 9 | features, true);
    /* More requests than entries, so that the ring wraps. */
    for (unsigned i = 0; i < 3 * QSIZE; i++) {
        assert_int_equal(request(T_IN, 16 * i, sizeof(buf), true, indirect), S_OK);
        assert_memory_equal(at, image + 16 * 512 * i, sizeof(buf));
        memset(at, i, sizeof(buf));
        memset(buf, i, sizeof(buf));
        assert_int_equal(request(T_OUT, 16 * i, sizeof(buf), false, indirect), S_OK);
        assert_disk(16 * i, buf, sizeof(buf));
    }
    assert_int_equal(request(T_FLUSH, 0, 0, false, indirect), S_OK);
    assert_int_equal(request(T_ID, 0, 20, true, indirect), S_OK);
    assert_string_equal((char *)at, "disk-0123456789");
    assert_int_equal(request(99, 0, 0, false, indirect), S_UNSUPP);
    /* The device's last sector, and past it. */
    assert_int_equal(request(T_IN, SECTORS - 1, 512, true, indirect), S_OK);
    assert_memory_equal(at, image + (SECTORS - 1) * 512, 512);
    assert_int_equal(request(T_IN, SECTORS - 1, 1024, true, indirect), S_IOERR);
    assert_int_equal(request(T_IN, SECTORS, 512, true, indirect), S_IOERR);
    assert_int_equal(request(T_IN, UINT64_MAX, 512, true, indirect), S_IOERR);
    assert_int_equal(request(T_OUT, UINT64_MAX / 512, 512, false, indirect), S_IOERR);
    assert_int_equal(request(T_IN, 0, 511, true, indirect), S_IOERR);
    assert_int_equal(common_get(&d, 20, 1), 15);
}

static void test_split(void **state)
{
    (void)state;
    check_io(0, false);
}

static void test_split_event(void **state)
{
    (void)state;
    check_io(F_EVENT_IDX, false);
}

static void test_split_indirect(void **state)
{
    (void)state;
    check_io(F_INDIRECT, true);
}

static void test_packed(void **state)
{
    (void)state;
    check_io(F_PACKED, false);
}

static void test_packed_indirect(void **state)
{
    (void)state;
    check_io(F_PACKED | F_INDIRECT, true);
}

/* Header, data and status in pieces at odd places: the layout is the driver's choice. */
static void test_scattered(void **state)
{
    struct buffer b[] = {
        { DATA, 3, false },          { DATA + 3, 13, false },
        { DATA + 0x5001, 5, true },  { DATA + 0x6003, 1000, true },
        { DATA + 0x7000, 19, true }, { DATA + 16, 1, true },
    };
    uint8_t got[1024];

    (void)state;
    driver_start(&d, F_VERSION_1, true);
    header(T_IN, 5);
    driver_submit(&d, b, 6, false);
    assert_int_equal(driver_wait(&d), 1025);
    kia_mem_read(d.m->mem, DATA + 0x5001, got, 5);
    kia_mem_read(d.m->mem, DATA + 0x6003, got + 5, 1000);
    kia_mem_read(d.m->mem, DATA + 0x7000, got + 1005, 19);
    assert_memory_equal(got, image + 5 * 512, 1024);
    assert_int_equal(ram_get(&d, DATA + 16, 1), S_OK);
    /* Data and status in one buffer. */
    b[2] = (struct buffer){ DATA + 0x8000, 513, true };
    header(T_IN, 7);
    ram_set(&d, DATA + 0x8200, 1, 0xaa);
    driver_submit(&d, b, 3, false);
    driver_wait(&d);
    assert_int_equal(ram_get(&d, DATA + 0x8200, 1), S_OK);
    assert_memory_equal(kia_mem_hva(d.m->mem, DATA + 0x8000, 512), image + 7 * 512, 512);
}

static void put_range(uint64_t sector, uint32_t n, uint32_t flags)
{
    ram_set(&d, DATA + 4096, 8, sector);
    ram_set(&d, DATA + 4104, 4, n);
    ram_set(&d, DATA + 4108, 4, flags);
}

static void test_discard_zeroes(void **state)
{
    static const uint8_t zeros[64 * 512];

    (void)state;
    driver_start(&d, F_VERSION_1 | 1 << 9 | 1 << 13 | 1 << 14, true);
    put_range(8, 64, 0);
    assert_int_equal(request(T_ZEROES, 0, 16, false, false), S_OK);
    assert_disk(8, zeros, sizeof(zeros));
    assert_disk(7, image + 7 * 512, 512);
    assert_disk(72, image + 72 * 512, 512);
    put_range(128, 64, 1); /* may unmap: still reads as zero */
    assert_int_equal(request(T_ZEROES, 0, 16, false, false), S_OK);
    assert_disk(128, zeros, sizeof(zeros));
    put_range(256, 64, 0);
    assert_int_equal(request(T_DISCARD, 0, 16, false, false), S_OK);
    assert_disk(255, image + 255 * 512, 512);
    assert_disk(320, image + 320 * 512, 512);
    put_range(256, 64, 1);
    assert_int_equal(request(T_DISCARD, 0, 16, false, false), S_UNSUPP);
    put_range(0, 1, 2);
    assert_int_equal(request(T_ZEROES, 0, 16, false, false), S_UNSUPP);
    put_range(SECTORS - 1, 2, 0);
    assert_int_equal(request(T_ZEROES, 0, 16, false, false), S_IOERR);
    put_range(0, 1, 0);
    assert_int_equal(request(T_ZEROES, 0, 15, false, false), S_IOERR);
    assert_int_equal(request(T_ZEROES, 0, 0, false, false), S_IOERR);
    assert_disk(0, image, 8 * 512);
}

static blkcnt_t blocks_used(void)
{
    struct stat st;

    assert_int_equal(fstat(disk, &st), 0);
    return st.st_blocks;
}

/* A block device of the host's as the disk. */
static void test_block_device(void **state)
{
    static const uint8_t zeros[1024 * 512];
    uint8_t *at;
    blkcnt_t used;

    (void)state;
    if (!d.m) {
        print_message("no loop device can be had here\n");
        skip();
    }
    at = kia_mem_hva(d.m->mem, DATA + 4096, 4096);
    driver_start(&d, F_VERSION_1 | 1 << 9 | 1 << 13 | 1 << 14, true);
    assert_int_equal(kia_mmio_read(d.m->mem, d.config, 8), SECTORS);
    assert_int_equal(request(T_IN, SECTORS - 8, 4096, true, false), S_OK);
    assert_memory_equal(at, image + (SECTORS - 8) * 512, 4096);
    memset(at, 0x5a, 4096);
    assert_int_equal(request(T_OUT, 3, 4096, false, false), S_OK);
    assert_int_equal(request(T_FLUSH, 0, 0, false, false), S_OK);
    memset(image + 3 * 512, 0x5a, 4096);
    assert_disk(0, image, sizeof(image));
    assert_int_equal(request(T_IN, SECTORS - 7, 4096, true, false), S_IOERR);

    used = blocks_used();
    put_range(512, 1024, 0);
    assert_int_equal(request(T_DISCARD, 0, 16, false, false), S_OK);
    assert_true(blocks_used() <= used - 1024);
    assert_disk(512, zeros, sizeof(zeros));
    put_range(1, 3, 0); /* no whole page of the host's */
    assert_int_equal(request(T_DISCARD, 0, 16, false, false), S_OK);
    put_range(64, 64, 0);
    assert_int_equal(request(T_ZEROES, 0, 16, false, false), S_OK);
    put_range(129, 3, 1);
    assert_int_equal(request(T_ZEROES, 0, 16, false, false), S_OK);
    assert_int_equal(request(T_FLUSH, 0, 0, false, false), S_OK);
    assert_disk(64, zeros, 64 * 512);
    assert_disk(129, zeros, 3 * 512);
    assert_disk(128, image + 128 * 512, 512);
    assert_disk(132, image + 132 * 512, 512);
    put_range(SECTORS - 1, 2, 0);
    assert_int_equal(request(T_DISCARD, 0, 16, false, false), S_IOERR);
}

static void test_readonly(void **state)
{
    (void)state;
    assert_true(driver_features(&d) & 0x20);
    driver_start(&d, F_VERSION_1 | 0x20, true);
    assert_int_equal(request(T_OUT, 0, 512, false, false), S_IOERR);
    put_range(0, 8, 0);
    assert_int_equal(request(T_ZEROES, 0, 16, false, false), S_IOERR);
    assert_int_equal(request(T_IN, 0, 512, true, false), S_OK);
    assert_disk(0, image, 4096);
}

static void test_host_error(void **state)
{
    (void)state;
    driver_start(&d, F_VERSION_1, true);
    assert_int_equal(ftruncate(disk, 512 * 100), 0); /* the image became shorter */
    assert_int_equal(request(T_IN, 98, 1024, true, false), S_OK);
    assert_int_equal(request(T_IN, 99, 1024, true, false), S_IOERR);
    assert_int_equal(request(T_IN, 500, 512, true, false), S_IOERR);
}

static void test_intx(void **state)
{
    struct buffer b[] = { { DATA, 16, false }, { DATA + 16, 1, true } };
    struct irq irq;

    (void)state;
    driver_start(&d, F_VERSION_1, false);
    iosapic_route(d.m, 16 + SLOT, 0x91, 0, RTE_LEVEL);
    header(T_FLUSH, 0);
    driver_submit(&d, b, 2, false);
    assert_true(take_irq(&irq, 5000));
    assert_int_equal(irq.vector, 0x91);
    assert_int_equal(kia_mmio_read(d.m->mem, d.isr, 1), 1);
    assert_int_equal(kia_mmio_read(d.m->mem, d.isr, 1), 0);
    iosapic_eoi(d.m, 0x91);
    assert_false(take_irq(&irq, 0));
}

static void test_suppression(void **state)
{
    struct buffer b[] = { { DATA, 16, false }, { DATA + 16, 1, true } };
    struct irq irq;

    (void)state;
    driver_start(&d, F_VERSION_1, true);
    ram_set(&d, AVAIL(0), 2, 1); /* no interrupts, please */
    header(T_FLUSH, 0);
    driver_submit(&d, b, 2, false);
    for (unsigned i = 0; i < 5000 && ram_get(&d, USED(0) + 2, 2) == 0; i++)
        usleep(1000);
    assert_int_equal(ram_get(&d, USED(0) + 2, 2), 1);
    assert_false(take_irq(&irq, 50));
}

/* The window in configuration space reaches the registers. */
static void test_window(void **state)
{
    (void)state;
    kia_pci_config_write(d.m->pci, 0, 0, SLOT, 0, d.window + 4, 1, 4);
    kia_pci_config_write(d.m->pci, 0, 0, SLOT, 0, d.window + 8, 4, 0x2000);
    kia_pci_config_write(d.m->pci, 0, 0, SLOT, 0, d.window + 12, 4, 4);
    assert_int_equal(kia_pci_config_read(d.m->pci, 0, 0, SLOT, 0, d.window + 16, 4), SECTORS);
    kia_pci_config_write(d.m->pci, 0, 0, SLOT, 0, d.window + 8, 4, 20);
    kia_pci_config_write(d.m->pci, 0, 0, SLOT, 0, d.window + 12, 4, 1);
    kia_pci_config_write(d.m->pci, 0, 0, SLOT, 0, d.window + 16, 1, 1);
    assert_int_equal(common_get(&d, 20, 1), 1);
    kia_pci_config_write(d.m->pci, 0, 0, SLOT, 0, d.window + 8, 4, 0xfffffff0);
    kia_pci_config_read(d.m->pci, 0, 0, SLOT, 0, d.window + 16, 4);
    kia_pci_config_write(d.m->pci, 0, 0, SLOT, 0, d.window + 16, 4, 1);
}

static void test_reset_in_flight(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        struct buffer b[3] = { { DATA, 16, false }, { DATA + 4096, 0x100000, true }, { DATA + 16, 1, true } };
        struct irq irq;

        driver_start(&d, F_VERSION_1, true);
        header(T_IN, 0);
        driver_submit(&d, b, 3, false);
        common_set(&d, 20, 1, 0);
        assert_int_equal(common_get(&d, 20, 1), 0);
        /* After the reset nothing is written any more. */
        memset(kia_mem_hva(d.m->mem, RING(0), 0x10000), 0, 0x10000);
        memset(kia_mem_hva(d.m->mem, DATA + 4096, 4096), 0x77, 4096);
        while (take_irq(&irq, 0))
            ;
        assert_int_equal(ram_get(&d, USED(0), 8), 0);
        assert_int_equal(ram_get(&d, DATA + 4096, 8), UINT64_C(0x7777777777777777));
    }
}

static void test_queues(void **state)
{
    struct irq irq;

    (void)state;
    assert_int_equal(common_get(&d, 18, 2), 4);
    assert_true(driver_features(&d) >> 12 & 1);
    assert_int_equal(kia_mmio_read(d.m->mem, d.config + 34, 2), 4);
    driver_start(&d, F_VERSION_1 | 1 << 12, true);
    /* The fourth queue works as well, beside the first. */
    memset(kia_mem_hva(d.m->mem, RING(3), 0x10000), 0, 0x10000);
    driver_set_queue(&d, 3, QSIZE, DESC(3), AVAIL(3), USED(3));
    common_set(&d, 26, 2, 1);
    header(T_FLUSH, 0);
    ram_set(&d, DESC(3), 8, DATA);
    ram_set(&d, DESC(3) + 8, 8, 16 | UINT64_C(1) << 32 | UINT64_C(1) << 48);
    ram_set(&d, DESC(3) + 16, 8, DATA + 16);
    ram_set(&d, DESC(3) + 24, 8, 1 | UINT64_C(2) << 32);
    ram_set(&d, AVAIL(3) + 2, 2, 1);
    kia_mmio_write(d.m->mem, d.notify + 12, 4, 3);
    assert_true(take_irq(&irq, 5000));
    assert_int_equal(ram_get(&d, USED(3) + 2, 2), 1);
    assert_int_equal(ram_get(&d, DATA + 16, 1), S_OK);
    assert_int_equal(request(T_IN, 0, 512, true, false), S_OK);
}

/* ---- drivers that break the rules ---- */

static void expect_broken(void)
{
    struct irq irq;

    kia_mmio_write(d.m->mem, d.notify, 2, 0);
    assert_true(take_irq(&irq, 5000));
    assert_int_equal(irq.vector, CONFIG_VECTOR);
    assert_int_equal(common_get(&d, 20, 1) & NEEDS_RESET, NEEDS_RESET);
    /* Nothing more is done for it ... */
    kia_mmio_write(d.m->mem, d.notify, 2, 0);
    assert_false(take_irq(&irq, 20));
    if (!d.packed)
        assert_int_equal(ram_get(&d, USED(0) + 2, 2), 0);
    /* ... until a reset, after which it works. */
    driver_start(&d, F_VERSION_1, true);
    assert_int_equal(request(T_IN, 0, 512, true, false), S_OK);
}

static void put_desc(unsigned i, uint64_t gpa, uint32_t len, uint16_t flags, uint16_t next)
{
    ram_set(&d, DESC(0) + 16 * i, 8, gpa);
    ram_set(&d, DESC(0) + 16 * i + 8, 4, len);
    ram_set(&d, DESC(0) + 16 * i + 12, 2, flags);
    ram_set(&d, DESC(0) + 16 * i + 14, 2, next);
}

static void start_hostile(uint64_t features)
{
    driver_start(&d, F_VERSION_1 | features, true);
    header(T_IN, 0);
    ram_set(&d, AVAIL(0) + 2, 2, 1);
}

static void test_hostile_split(void **state)
{
    (void)state;
    start_hostile(0);
    put_desc(0, DATA, 16, 1, 1);
    put_desc(1, DATA + 4096, 512, 3, 0); /* a loop */
    expect_broken();
    start_hostile(0);
    put_desc(0, DATA, 16, 1, 0xffff); /* a next that is not there */
    expect_broken();
    start_hostile(0);
    put_desc(0, DATA, 16, 1, 1);
    put_desc(1, RAM_SIZE - 4, 512, 2, 0); /* out of memory */
    expect_broken();
    start_hostile(0);
    put_desc(0, UINT64_MAX - 4, 512, 0, 0);
    expect_broken();
    start_hostile(0);
    put_desc(0, DATA, 0, 1, 1); /* nothing in it */
    expect_broken();
    start_hostile(0);
    put_desc(0, MEM32_GPA, 16, 0, 0); /* a device's registers are no memory */
    expect_broken();
    start_hostile(0);
    put_desc(0, DATA + 4096, 512, 3, 1);
    put_desc(1, DATA, 16, 0, 0); /* readable after writable */
    expect_broken();
    start_hostile(0);
    put_desc(0, DATA, 15, 1, 1); /* half a header */
    put_desc(1, DATA + 16, 1, 2, 0);
    expect_broken();
    start_hostile(0);
    put_desc(0, DATA, 16, 0, 0); /* no place for the status */
    expect_broken();
    start_hostile(0);
    ram_set(&d, AVAIL(0) + 4, 2, QSIZE); /* a head that is not there */
    expect_broken();
    start_hostile(0);
    ram_set(&d, AVAIL(0) + 2, 2, QSIZE + 1); /* more requests than entries */
    expect_broken();
    start_hostile(0);
    put_desc(0, DATA, 16, 4, 0); /* indirect, which was not agreed on */
    expect_broken();
    start_hostile(F_INDIRECT);
    put_desc(0, DATA, 24, 4, 0); /* one and a half entries */
    expect_broken();
    start_hostile(F_INDIRECT);
    put_desc(0, DATA, 0, 4, 0);
    expect_broken();
    start_hostile(F_INDIRECT);
    put_desc(0, DATA, 0xfffffff0, 4, 0);
    expect_broken();
    start_hostile(F_INDIRECT);
    put_desc(0, DESC(0), 16, 4, 0); /* itself */
    expect_broken();
}

static void put_packed(unsigned i, uint64_t gpa, uint32_t len, uint16_t flags)
{
    ram_set(&d, DESC(0) + 16 * i, 8, gpa);
    ram_set(&d, DESC(0) + 16 * i + 8, 4, len);
    ram_set(&d, DESC(0) + 16 * i + 14, 2, flags | 0x80);
}

static void test_hostile_packed(void **state)
{
    (void)state;
    start_hostile(F_PACKED);
    for (unsigned i = 0; i < QSIZE; i++)
        put_packed(i, DATA, 16, 1); /* a chain without end */
    expect_broken();
    start_hostile(F_PACKED);
    put_packed(0, RAM_SIZE, 16, 0);
    expect_broken();
    start_hostile(F_PACKED);
    put_packed(0, DATA, 16, 4);
    expect_broken();
    start_hostile(F_PACKED | F_INDIRECT);
    put_packed(0, DATA, 16, 1);
    put_packed(1, DATA, 16, 4); /* indirect inside a chain */
    expect_broken();
    start_hostile(F_PACKED | F_INDIRECT);
    put_packed(0, DESC(0), 32, 4);
    expect_broken();
}

static void test_hostile_addresses(void **state)
{
    static const struct { uint16_t size; uint64_t desc, avail, used; } bad[] = {
        { 16, RAM_SIZE - 16, AVAIL(0), USED(0) }, { 16, DESC(0), RAM_SIZE - 2, USED(0) },
        { 16, DESC(0), AVAIL(0), UINT64_MAX - 3 }, { 16, DESC(0) + 8, AVAIL(0), USED(0) },
        { 16, DESC(0), AVAIL(0) + 1, USED(0) }, { 16, DESC(0), AVAIL(0), USED(0) + 2 },
        { 0, DESC(0), AVAIL(0), USED(0) }, { 17, DESC(0), AVAIL(0), USED(0) },
        { 512, DESC(0), AVAIL(0), USED(0) }, { 16, MEM32_GPA, AVAIL(0), USED(0) },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        driver_negotiate(&d, F_VERSION_1);
        driver_set_queue(&d, 0, bad[i].size, bad[i].desc, bad[i].avail, bad[i].used);
        assert_int_equal(common_get(&d, 20, 1) & NEEDS_RESET, NEEDS_RESET);
        common_set(&d, 20, 1, 15);
        kia_mmio_write(d.m->mem, d.notify, 2, 0);
    }
    /* What a working queue stands on cannot be changed. */
    driver_start(&d, F_VERSION_1, true);
    common_set(&d, 22, 2, 0);
    common_set(&d, 32, 8, UINT64_MAX);
    common_set(&d, 24, 2, 0xffff);
    assert_int_equal(request(T_IN, 0, 512, true, false), S_OK);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_registers),
        CASE(test_split),
        CASE(test_split_event),
        CASE(test_split_indirect),
        CASE(test_packed),
        CASE(test_packed_indirect),
        CASE(test_scattered),
        CASE(test_discard_zeroes),
        cmocka_unit_test_setup_teardown(test_block_device, setup_loop, teardown),
        cmocka_unit_test_setup_teardown(test_readonly, setup_readonly, teardown),
        CASE(test_host_error),
        CASE(test_intx),
        CASE(test_suppression),
        CASE(test_window),
        CASE(test_reset_in_flight),
        cmocka_unit_test_setup_teardown(test_queues, setup_queues, teardown),
        CASE(test_hostile_split),
        CASE(test_hostile_packed),
        CASE(test_hostile_addresses),
    };

    return cmocka_run_group_tests_name("virtio_blk", tests, NULL, NULL);
}
