/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver for virtio block devices, for tests. */
#include "tests/dev/virtio_driver.h"

#include <string.h>

enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4, D_AVAIL = 1 << 7, D_USED = 1 << 15 };

void ram_set(struct driver *d, uint64_t gpa, unsigned size, uint64_t value)
{
    assert_int_equal(kia_mem_write(d->m->mem, gpa, &value, size), 0);
}

uint64_t ram_get(struct driver *d, uint64_t gpa, unsigned size)
{
    uint64_t value = 0;

    assert_int_equal(kia_mem_read(d->m->mem, gpa, &value, size), 0);
    return value;
}

static uint32_t cfg_get(struct driver *d, unsigned reg, unsigned size)
{
    return kia_pci_config_read(d->m->pci, 0, 0, d->slot, 0, reg, size);
}

static void cfg_set(struct driver *d, unsigned reg, unsigned size, uint32_t value)
{
    kia_pci_config_write(d->m->pci, 0, 0, d->slot, 0, reg, size, value);
}

static uint64_t bar_gpa(struct driver *d, unsigned bar)
{
    uint32_t low = cfg_get(d, 0x10 + 4 * bar, 4);

    if ((low & 6) == 4)
        return (low & ~UINT32_C(15)) | (uint64_t)cfg_get(d, 0x14 + 4 * bar, 4) << 32;
    return low & ~UINT32_C(15);
}

void driver_find(struct driver *d, struct machine *m, unsigned slot)
{
    *d = (struct driver){ .m = m, .slot = slot };
    assert_int_equal(cfg_get(d, 0, 4), 0x10421af4);
    assert_true(cfg_get(d, 8, 1) >= 1);
    cfg_set(d, 4, 2, 6);
    for (unsigned cap = cfg_get(d, 0x34, 1); cap; cap = cfg_get(d, cap + 1, 1)) {
        uint64_t at = bar_gpa(d, cfg_get(d, cap + 4, 1)) + cfg_get(d, cap + 8, 4);

        if (cfg_get(d, cap, 1) == 0x11)
            d->msix = bar_gpa(d, cfg_get(d, cap + 4, 4) & 7);
        if (cfg_get(d, cap, 1) != 9)
            continue;
        switch (cfg_get(d, cap + 3, 1)) {
        case 1:
            d->common = at;
            break;
        case 2:
            d->notify = at;
            assert_int_equal(cfg_get(d, cap + 16, 4), 4);
            break;
        case 3:
            d->isr = at;
            break;
        case 4:
            d->config = at;
            break;
        case 5:
            d->window = cap;
            break;
        }
    }
    assert_true(d->common && d->notify && d->isr && d->config && d->msix && d->window);
}

uint64_t common_get(struct driver *d, unsigned offset, unsigned size)
{
    return kia_mmio_read(d->m->mem, d->common + offset, size);
}

void common_set(struct driver *d, unsigned offset, unsigned size, uint64_t value)
{
    kia_mmio_write(d->m->mem, d->common + offset, size, value);
}

uint64_t driver_features(struct driver *d)
{
    uint64_t low;

    common_set(d, 0, 4, 0);
    low = common_get(d, 4, 4);
    common_set(d, 0, 4, 1);
    return low | common_get(d, 4, 4) << 32;
}

void driver_negotiate(struct driver *d, uint64_t features)
{
    common_set(d, 20, 1, 0);
    assert_int_equal(common_get(d, 20, 1), 0);
    common_set(d, 20, 1, 1);
    common_set(d, 20, 1, 3);
    common_set(d, 8, 4, 0);
    common_set(d, 12, 4, features);
    common_set(d, 8, 4, 1);
    common_set(d, 12, 4, features >> 32);
    common_set(d, 20, 1, 11);
    d->packed = features & F_PACKED;
    d->avail = d->used = 0;
    d->avail_wrap = d->used_wrap = true;
}

void driver_set_queue(struct driver *d, unsigned q, uint16_t size, uint64_t desc, uint64_t avail,
                      uint64_t used)
{
    common_set(d, 22, 2, q);
    common_set(d, 24, 2, size);
    common_set(d, 32, 4, desc);
    common_set(d, 36, 4, desc >> 32);
    common_set(d, 40, 4, avail);
    common_set(d, 44, 4, avail >> 32);
    common_set(d, 48, 8, used); /* both halves at once work too */
    common_set(d, 28, 2, 1);
}

static void use_msix(struct driver *d, bool on)
{
    unsigned cap = cfg_get(d, 0x34, 1);

    while (cfg_get(d, cap, 1) != 0x11)
        cap = cfg_get(d, cap + 1, 1);
    cfg_set(d, cap + 2, 2, on ? 0x8000 : 0);
    for (unsigned i = 0; on && i < 2; i++) {
        kia_mmio_write(d->m->mem, d->msix + 16 * i, 8, PIB_GPA);
        kia_mmio_write(d->m->mem, d->msix + 16 * i + 8, 8, 0x4000 + (i ? VQ_VECTOR : CONFIG_VECTOR));
    }
    common_set(d, 16, 2, on ? 0 : 0xffff);
    common_set(d, 22, 2, 0);
    common_set(d, 26, 2, on ? 1 : 0xffff);
}

void driver_start(struct driver *d, uint64_t features, bool msix)
{
    driver_negotiate(d, features);
    assert_int_equal(common_get(d, 20, 1), 11);
    memset(kia_mem_hva(d->m->mem, RING(0), 0x10000), 0, 0x10000);
    use_msix(d, msix);
    driver_set_queue(d, 0, QSIZE, DESC(0), AVAIL(0), USED(0));
    assert_int_equal(common_get(d, 28, 2), 1);
    common_set(d, 20, 1, 15);
    assert_int_equal(common_get(d, 20, 1), 15);
}

static void put_split(struct driver *d, uint64_t table, unsigned i, const struct buffer *b, uint16_t flags,
                      uint16_t next)
{
    ram_set(d, table + 16 * i, 8, b->gpa);
    ram_set(d, table + 16 * i + 8, 4, b->len);
    ram_set(d, table + 16 * i + 12, 2, flags | (b->write ? D_WRITE : 0));
    ram_set(d, table + 16 * i + 14, 2, next);
}

/* One request at a time: its descriptors start at 0. */
static void submit_split(struct driver *d, const struct buffer *buffers, unsigned n, bool indirect)
{
    uint64_t table = indirect ? RING(0) + 0xc000 : DESC(0);

    for (unsigned i = 0; i < n; i++)
        put_split(d, table, i, &buffers[i], i + 1 < n ? D_NEXT : 0, i + 1);
    if (indirect)
        put_split(d, DESC(0), 0, &(struct buffer){ table, 16 * n, false }, D_INDIRECT, 0);
    ram_set(d, AVAIL(0) + 4 + 2 * (d->avail % QSIZE), 2, 0);
    ram_set(d, AVAIL(0) + 2, 2, ++d->avail);
}

static void put_packed(struct driver *d, uint64_t at, const struct buffer *b, uint16_t id)
{
    ram_set(d, at, 8, b->gpa);
    ram_set(d, at + 8, 4, b->len);
    ram_set(d, at + 12, 2, id);
}

static void submit_packed(struct driver *d, const struct buffer *buffers, unsigned n, bool indirect)
{
    struct buffer one = { RING(0) + 0xc000, 16 * n, false };
    uint16_t first = d->avail, first_flags = 0;

    if (indirect) {
        for (unsigned i = 0; i < n; i++) {
            put_packed(d, one.gpa + 16 * i, &buffers[i], 0);
            ram_set(d, one.gpa + 16 * i + 14, 2, buffers[i].write ? D_WRITE : 0);
        }
        buffers = &one;
        n = 1;
    }
    for (unsigned i = 0; i < n; i++) {
        uint16_t flags = (d->avail_wrap ? D_AVAIL : D_USED) | (buffers[i].write ? D_WRITE : 0) |
                         (i + 1 < n ? D_NEXT : 0) | (indirect ? D_INDIRECT : 0);

        put_packed(d, DESC(0) + 16 * d->avail, &buffers[i], 7);
        if (i)
            ram_set(d, DESC(0) + 16 * d->avail + 14, 2, flags);
        else
            first_flags = flags;
        if (++d->avail == QSIZE) {
            d->avail = 0;
            d->avail_wrap = !d->avail_wrap;
        }
    }
    ram_set(d, DESC(0) + 16 * first + 14, 2, first_flags);
    d->used = first;
}

void driver_submit(struct driver *d, const struct buffer *buffers, unsigned n, bool indirect)
{
    if (d->packed)
        submit_packed(d, buffers, n, indirect);
    else
        submit_split(d, buffers, n, indirect);
    kia_mmio_write(d->m->mem, d->notify, 2, 0);
}

uint32_t driver_wait(struct driver *d)
{
    struct irq irq;
    uint16_t flags;

    assert_true(take_irq(&irq, 5000));
    assert_int_equal(irq.vector, VQ_VECTOR);
    if (!d->packed) {
        uint64_t elem = USED(0) + 4 + 8 * (d->used % QSIZE);

        d->used++;
        assert_int_equal(ram_get(d, USED(0) + 2, 2), d->used);
        assert_int_equal(ram_get(d, elem, 4), 0);
        ram_set(d, AVAIL(0) + 4 + 2 * QSIZE, 2, d->used); /* used_event: tell me of the next one */
        return ram_get(d, elem + 4, 4);
    }
    flags = ram_get(d, DESC(0) + 16 * d->used + 14, 2);
    assert_true(!(flags & D_AVAIL) == !(flags & D_USED));
    assert_int_equal(ram_get(d, DESC(0) + 16 * d->used + 12, 2), 7);
    return ram_get(d, DESC(0) + 16 * d->used + 8, 4);
}
