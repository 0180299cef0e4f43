/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest physical memory: RAM blocks, MMIO look-up, regions that move while others read. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem/mem.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

struct access {
    uint64_t offset, value;
    unsigned size, reads, writes;
};

static uint64_t record_read(void *opaque, uint64_t offset, unsigned size)
{
    struct access *a = opaque;

    a->offset = offset;
    a->size = size;
    a->reads++;
    return UINT64_C(0x1122334455667788);
}

static void record_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct access *a = opaque;

    *a = (struct access){ offset, value, size, a->reads, a->writes + 1 };
}

static const struct kia_mmio_ops record_ops = { "record", record_read, record_write };

static int setup(void **state)
{
    *state = kia_mem_create();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    kia_mem_destroy(*state);
    return 0;
}

static void test_ram_blocks(void **state)
{
    struct kia_mem *mem = *state;
    uint64_t gpa, size;
    uint8_t *hva;

    assert_int_equal(kia_mem_add_ram(mem, 4 * GIB, 252 * GIB), 0); /* far more than the host has */
    assert_int_equal(kia_mem_add_ram(mem, 0, 128 * MIB), 0);
    assert_int_equal(kia_mem_add_ram(mem, 64 * MIB, 128 * MIB), -EEXIST);
    assert_int_equal(kia_mem_add_ram(mem, GIB, 100), -EINVAL);
    assert_int_equal(kia_mem_add_ram(mem, GIB + 1, 4096), -EINVAL);
    assert_int_equal(kia_mem_add_ram(mem, GIB, 0), -EINVAL);
    assert_int_equal(kia_mem_add_ram(mem, -(uint64_t)4096, 8192), -EINVAL);

    assert_true(kia_mem_ram_block(mem, 0, &gpa, &size));
    assert_true(gpa == 0 && size == 128 * MIB);
    assert_true(kia_mem_ram_block(mem, 1, &gpa, &size));
    assert_true(gpa == 4 * GIB && size == 252 * GIB);
    assert_false(kia_mem_ram_block(mem, 2, &gpa, &size));

    hva = kia_mem_hva(mem, 0, 128 * MIB);
    assert_non_null(hva);
    assert_ptr_equal(kia_mem_hva(mem, 5, 1), hva + 5);
    assert_int_equal(hva[128 * MIB - 1], 0);
    assert_null(kia_mem_hva(mem, 128 * MIB, 1));
    assert_null(kia_mem_hva(mem, 128 * MIB - 1, 2));
    assert_null(kia_mem_hva(mem, 1, UINT64_MAX));
    assert_null(kia_mem_hva(mem, UINT64_MAX, 1));
    hva = kia_mem_hva(mem, 256 * GIB - 1, 1);
    assert_non_null(hva);
    *hva = 1;
}

struct hook_record {
    uint64_t gpa, len;
    unsigned calls;
};

static void record_hook(void *opaque, uint64_t gpa, uint64_t len)
{
    struct hook_record *r = opaque;

    *r = (struct hook_record){ gpa, len, r->calls + 1 };
}

static void test_copy(void **state)
{
    struct kia_mem *mem = *state;
    struct hook_record hook = { 0 };
    uint8_t in[64], out[64] = { 0 };

    memset(in, 0xa5, sizeof(in));
    /* Two blocks side by side: copies go across. */
    assert_int_equal(kia_mem_add_ram(mem, 0, 4096), 0);
    assert_int_equal(kia_mem_add_ram(mem, 4096, 4096), 0);
    kia_mem_set_write_hook(mem, record_hook, &hook);
    assert_int_equal(kia_mem_write(mem, 4096 - 10, in, sizeof(in)), 0);
    assert_true(hook.calls == 1 && hook.gpa == 4086 && hook.len == 64);
    assert_int_equal(kia_mem_read(mem, 4096 - 10, out, sizeof(out)), 0);
    assert_memory_equal(in, out, sizeof(in));
    assert_null(kia_mem_hva(mem, 4096 - 10, 64));

    memset(out, 1, sizeof(out));
    assert_int_equal(kia_mem_write(mem, 8192 - 32, out, sizeof(out)), -EFAULT);
    assert_int_equal(kia_mem_read(mem, 8192 - 32, in, sizeof(in)), -EFAULT);
    assert_int_equal(hook.calls, 1);
    assert_int_equal(in[0], 0xa5);
    assert_int_equal(*(uint8_t *)kia_mem_hva(mem, 8192 - 32, 1), 0); /* nothing copied */

    kia_mem_clear_ram(mem);
    assert_int_equal(hook.calls, 3);
    assert_int_equal(kia_mem_read(mem, 4096 - 10, out, 1), 0);
    assert_int_equal(out[0], 0);
}

static void test_mmio(void **state)
{
    struct kia_mem *mem = *state;
    struct access a = { 0 }, b = { 0 };

    assert_int_equal(kia_mem_add_ram(mem, 0, MIB), 0);
    assert_int_equal(kia_mem_add_mmio(mem, 0x10000000, 0x1000, &record_ops, &a), 0);
    assert_int_equal(kia_mem_add_mmio(mem, 0x10001000, 8, &record_ops, &b), 0);
    assert_int_equal(kia_mem_add_mmio(mem, 0x10000ff8, 16, &record_ops, &b), -EEXIST);
    assert_int_equal(kia_mem_add_mmio(mem, MIB - 8, 16, &record_ops, &b), -EEXIST);
    assert_int_equal(kia_mem_add_mmio(mem, 0x20000000, 0, &record_ops, &b), -EINVAL);
    assert_int_equal(kia_mem_add_ram(mem, 0x10000000, 4096), -EEXIST);

    assert_true(kia_mmio_read(mem, 0x10000004, 4) == 0x55667788);
    assert_true(a.offset == 4 && a.size == 4 && a.reads == 1);
    assert_true(kia_mmio_read(mem, 0x10000ff8, 8) == UINT64_C(0x1122334455667788));
    kia_mmio_write(mem, 0x10001007, 1, 0xabcd);
    assert_true(b.writes == 1 && b.offset == 7 && b.value == 0xcd);

    /* Nobody there: all ones of the size. */
    assert_true(kia_mmio_read(mem, 0x10001008, 1) == 0xff);
    assert_true(kia_mmio_read(mem, 0x0fffffff, 2) == 0xffff);
    assert_true(kia_mmio_read(mem, UINT64_MAX - 7, 8) == UINT64_MAX);
    kia_mmio_write(mem, 0x30000000, 4, 1);

    kia_mem_remove_mmio(mem, 0x10000000, 8); /* not how it was added */
    assert_true(kia_mmio_read(mem, 0x10000000, 1) == 0x88);
    kia_mem_remove_mmio(mem, 0x10000000, 0x1000);
    assert_true(kia_mmio_read(mem, 0x10000000, 1) == 0xff);
    assert_true(kia_mmio_read(mem, 0x10001000, 1) == 0x88);
}

static void test_many_regions(void **state)
{
    struct kia_mem *mem = *state;
    struct access a[500] = { 0 };

    /* More than the table starts with, in an order that is neither rising nor falling. */
    for (unsigned i = 0; i < 500; i++) {
        unsigned at = i * 167 % 500;

        assert_int_equal(kia_mem_add_mmio(mem, 0x1000 * at, 0x800, &record_ops, &a[at]), 0);
    }
    for (unsigned i = 0; i < 500; i++) {
        kia_mmio_write(mem, 0x1000 * i + 4, 4, i);
        assert_true(a[i].writes == 1 && a[i].value == i && a[i].offset == 4);
        assert_true(kia_mmio_read(mem, 0x1000 * i + 0x800, 1) == 0xff);
    }
    for (unsigned i = 0; i < 500; i += 2)
        kia_mem_remove_mmio(mem, 0x1000 * i, 0x800);
    for (unsigned i = 0; i < 500; i++)
        assert_true(kia_mmio_read(mem, 0x1000 * i, 1) == (i % 2 ? 0x88 : 0xff));
}

static struct kia_mem *shared;
static atomic_bool stop_readers;

static uint64_t tag_read(void *opaque, uint64_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    return (uintptr_t)opaque;
}

static void tag_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)opaque;
    (void)offset;
    (void)size;
    (void)value;
}

static const struct kia_mmio_ops tag_ops = { "tag", tag_read, tag_write };

/* The fixed regions must always be found, whatever moves around them. */
static void *reader_main(void *opaque)
{
    uintptr_t wrong = 0;
    unsigned i = 0;

    (void)opaque;
    while (!stop_readers) {
        unsigned fixed = 2 * (i++ % 20) + 1;
        uint64_t moving = kia_mmio_read(shared, 0x1000 * (2 * (i % 20)), 2);

        wrong += kia_mmio_read(shared, 0x1000 * fixed, 2) != fixed;
        wrong += moving != 0xffff && moving != 2 * (i % 20);
    }
    return (void *)wrong;
}

static void test_concurrent(void **state)
{
    pthread_t readers[2];
    void *wrong;

    shared = *state;
    stop_readers = false;
    for (uintptr_t i = 0; i < 20; i++)
        assert_int_equal(
            kia_mem_add_mmio(shared, 0x1000 * (2 * i + 1), 0x1000, &tag_ops, (void *)(2 * i + 1)), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, reader_main, NULL), 0);
    for (unsigned n = 0; n < 3000; n++) {
        uintptr_t at = 2 * (n % 20);

        assert_int_equal(kia_mem_add_mmio(shared, 0x1000 * at, 0x1000, &tag_ops, (void *)at), 0);
        if (n % 3 == 0)
            sched_yield();
        kia_mem_remove_mmio(shared, 0x1000 * at, 0x1000);
    }
    stop_readers = true;
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(readers[i], &wrong);
        assert_null(wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ram_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mmio, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_regions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_concurrent, setup, teardown),
    };

    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
