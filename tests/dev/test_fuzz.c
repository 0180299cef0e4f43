/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile guest: random register accesses and random rings against every device, for a few seconds. What
 * counts is that nothing crashes, hangs or reads outside guest memory (run it under ASan and UBSan).
 * KIA_FUZZ_SEED and KIA_FUZZ_SECONDS choose.
 */
#include "tests/dev/fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/acpi_pm.h"
#include "dev/chr.h"
#include "dev/pib.h"
#include "dev/uart16550.h"
#include "dev/virtio_blk.h"

#define UART UINT64_C(0xfec10000)
#define RINGS UINT64_C(0x10000)

enum { SECTORS = 256, N_DISKS = 2, RING_BYTES = 0x4000 };

static struct machine *m;
static struct kia_chr *chr;
static uint64_t seed;

static uint64_t rnd(uint64_t below)
{
    return next_random(&seed) % below;
}

/* Numbers that guests get wrong: small ones, powers of two and their neighbours, and any at all. */
static uint64_t odd_number(void)
{
    switch (rnd(4)) {
    case 0:
        return rnd(16);
    case 1:
        return (UINT64_C(1) << rnd(64)) - rnd(3);
    case 2:
        return RINGS + rnd(4 * RING_BYTES);
    }
    return next_random(&seed);
}

static int add_disk(void)
{
    char path[] = "/tmp/kia-fuzz-XXXXXX";
    struct kia_virtio_blk_config config = { .sectors = SECTORS, .queues = 2 };

    config.fd = mkstemp(path);
    unlink(path);
    return config.fd < 0 || ftruncate(config.fd, SECTORS * 512) || kia_virtio_blk_attach(m->pci, -1, &config);
}

static int setup(void **state)
{
    struct kia_acpi_pm *pm;

    if (machine_setup(state))
        return -1;
    m = *state;
    chr = kia_chr_create(m->loop, -1, -1, false, NULL);
    if (kia_uart_attach(m->platform, UART, 4, chr) || kia_pib_attach(m->platform, PIB_GPA) ||
        kia_acpi_pm_attach(m->platform, 0x400, 9, &pm))
        return -1;
    for (unsigned i = 0; i < N_DISKS; i++)
        if (add_disk())
            return -1;
    kia_platform_reset(m->platform);
    return kia_pci_assign(m->pci);
}

static int teardown(void **state)
{
    kia_platform_destroy(m->platform);
    m->platform = NULL;
    kia_chr_destroy(chr);
    return machine_teardown(state);
}

static uint64_t bar(unsigned slot, unsigned index)
{
    uint32_t low = kia_pci_config_read(m->pci, 0, 0, slot, 0, 0x10 + 4 * index, 4);
    uint32_t high = index == 4 ? kia_pci_config_read(m->pci, 0, 0, slot, 0, 0x14 + 4 * index, 4) : 0;

    return (uint64_t)high << 32 | (low & ~UINT32_C(15));
}

static uint64_t some_register(void)
{
    unsigned slot = 1 + rnd(N_DISKS);

    switch (rnd(8)) {
    case 0:
        return IOSAPIC_GPA + rnd(0x60);
    case 1:
        return PIB_GPA + rnd(2 << 20);
    case 2:
        return PORTS_GPA + ((0x3f8 + rnd(0x20)) >> 2 << 12) + rnd(4);
    case 3:
        return UART + rnd(8);
    case 4:
        return bar(slot, 1) + rnd(4096);
    case 5:
        return bar(slot, 4) + rnd(0x4000);
    case 6:
        return bar(slot, 4) + rnd(0x40);
    }
    return odd_number();
}

static void random_access(void)
{
    uint64_t gpa = some_register();
    unsigned size = 1u << rnd(4);

    if (kia_mem_hva(m->mem, gpa, 1))
        return;
    if (rnd(2))
        kia_mmio_write(m->mem, gpa, size, odd_number());
    else
        kia_mmio_read(m->mem, gpa, size);
}

static void random_config(void)
{
    unsigned slot = rnd(4), reg = rnd(256), size = 1u << rnd(3);

    if (rnd(4) == 0)
        kia_pci_config_write(m->pci, 0, 0, slot, 0, reg, size, odd_number());
    else
        kia_pci_config_read(m->pci, 0, 0, slot, rnd(2), reg, size);
}

/* Descriptors and indices that are nearly right, so that some requests are carried out. */
static void random_ring(uint64_t ring, bool packed)
{
    uint8_t *at = kia_mem_hva(m->mem, ring, RING_BYTES);

    for (unsigned i = 0; i < 16; i++) {
        uint64_t gpa = rnd(8) ? RINGS + 0x80000 + rnd(0x10000) : odd_number();
        uint32_t len = rnd(8) ? (i % 3 == 0 ? 16 : i % 3 == 1 ? 512 * rnd(8) : 1) : odd_number();
        uint16_t flags = rnd(8) ? (i % 3 != 2) | (i % 3 ? 2 : 0) : next_random(&seed);
        uint16_t next = rnd(8) ? i + 1 : odd_number();

        if (packed && rnd(8))
            flags |= 0x80;
        memcpy(at + 16 * i, &gpa, 8);
        memcpy(at + 16 * i + 8, &len, 4);
        memcpy(at + 16 * i + (packed ? 14 : 12), &flags, 2);
        memcpy(at + 16 * i + (packed ? 12 : 14), &next, 2);
    }
    for (unsigned i = 0; i < 24; i++) {
        uint16_t word = rnd(4) ? 3 * rnd(5) : next_random(&seed);

        memcpy(at + 0x1000 + 2 * i, &word, 2);
    }
    for (unsigned i = 0; i < 64; i++) {
        uint32_t type = rnd(14);
        uint64_t sector = rnd(8) ? rnd(SECTORS) : odd_number();

        kia_mem_write(m->mem, RINGS + 0x80000 + 1024 * i, &type, 4);
        kia_mem_write(m->mem, RINGS + 0x80000 + 1024 * i + 8, &sector, 8);
    }
}

/* Brings a disk up the way a driver would, then lets it eat random rings. */
static void random_driver(void)
{
    unsigned slot = 1 + rnd(N_DISKS);
    uint64_t common, accepted = next_random(&seed);
    bool packed = accepted >> 34 & 1;

    kia_pci_config_write(m->pci, 0, 0, slot, 0, 4, 2, 6);
    kia_pci_config_write(m->pci, 0, 0, slot, 0, 0x10 + 16, 4, MEM64_GPA + 0x10000 * slot);
    kia_pci_config_write(m->pci, 0, 0, slot, 0, 0x14 + 16, 4, MEM64_GPA >> 32);
    common = bar(slot, 4);
    kia_mmio_write(m->mem, common + 20, 1, 0);
    kia_mmio_write(m->mem, common + 8, 4, 0);
    kia_mmio_write(m->mem, common + 12, 4, accepted & 0x30007e44);
    kia_mmio_write(m->mem, common + 8, 4, 1);
    kia_mmio_write(m->mem, common + 12, 4, 1 | packed << 2);
    kia_mmio_write(m->mem, common + 20, 1, 11);
    for (unsigned q = 0; q < 2; q++) {
        uint64_t ring = RINGS + 0x20000 * slot + RING_BYTES * q;

        random_ring(ring, packed);
        kia_mmio_write(m->mem, common + 22, 2, q);
        kia_mmio_write(m->mem, common + 24, 2, rnd(8) ? 16 : odd_number());
        kia_mmio_write(m->mem, common + 26, 2, rnd(4));
        kia_mmio_write(m->mem, common + 32, 8, rnd(16) ? ring : odd_number());
        kia_mmio_write(m->mem, common + 40, 8, rnd(16) ? ring + 0x1000 : odd_number());
        kia_mmio_write(m->mem, common + 48, 8, rnd(16) ? ring + 0x2000 : odd_number());
        kia_mmio_write(m->mem, common + 28, 2, 1);
    }
    kia_mmio_write(m->mem, common + 20, 1, 15);
    for (unsigned i = 0; i < 20; i++) {
        kia_mmio_write(m->mem, common + 0x3000 + 4 * rnd(3), 2, 0);
        if (rnd(4) == 0)
            random_ring(RINGS + 0x20000 * slot + RING_BYTES * rnd(2), packed);
    }
}

static void *loop_main(void *opaque)
{
    kia_loop_run(opaque);
    return NULL;
}

static void test_hostile_guest(void **state)
{
    const char *text = getenv("KIA_FUZZ_SEED"), *seconds = getenv("KIA_FUZZ_SECONDS");
    int64_t end = kia_now() + (seconds ? atoi(seconds) : 3) * INT64_C(1000000000);
    pthread_t loop;
    struct irq irq;

    (void)state;
    seed = text ? strtoull(text, NULL, 0) : 0x1a64;
    assert_int_equal(pthread_create(&loop, NULL, loop_main, m->loop), 0);
    while (kia_now() < end) {
        for (unsigned i = 0; i < 200; i++)
            random_access();
        for (unsigned i = 0; i < 50; i++)
            random_config();
        random_driver();
        while (take_irq(&irq, 0))
            ;
        if (rnd(50) == 0) {
            kia_platform_reset(m->platform);
            assert_int_equal(kia_pci_assign(m->pci), 0);
        }
    }
    kia_loop_stop(m->loop);
    pthread_join(loop, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_hostile_guest, setup,
                                                                        teardown) };

    return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
