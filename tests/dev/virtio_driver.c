/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver for virtio devices, for tests. */
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
    assert_int_equal(cfg_get(d, 0, 2), 0x1af4);
    d->type = cfg_get(d, 2, 2) - 0x1040;
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
    assert_true(d->common && d->notify && d->isr && d->msix && d->window);
}

int driver_start_up(struct driver *d, struct machine *m, unsigned slot)
{
    kia_platform_reset(m->platform);
    if (kia_pci_assign(m->pci))
        return -1;
    driver_find(d, m, slot);
    return 0;
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
    memset(d->rings, 0, sizeof(d->rings));
    for (unsigned q = 0; q < MAX_RINGS; q++)
        d->rings[q].avail_wrap = d->rings[q].used_wrap = true;
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

static void use_msix(struct driver *d, bool on, unsigned n)
{
    unsigned cap = cfg_get(d, 0x34, 1);

    while (cfg_get(d, cap, 1) != 0x11)
        cap = cfg_get(d, cap + 1, 1);
    cfg_set(d, cap + 2, 2, on ? 0x8000 : 0);
    for (unsigned i = 0; on && i <= n; i++) {
        kia_mmio_write(d->m->mem, d->msix + 16 * i, 8, PIB_GPA);
        kia_mmio_write(d->m->mem, d->msix + 16 * i + 8, 8, 0x4000 + (i ? VQ_VECTOR + i - 1 : CONFIG_VECTOR));
    }
    common_set(d, 16, 2, on ? 0 : 0xffff);
    for (unsigned q = 0; q < n; q++) {
        common_set(d, 22, 2, q);
        common_set(d, 26, 2, on ? 1 + q : 0xffff);
    }
}

void driver_start_queues(struct driver *d, uint64_t features, bool msix, unsigned n)
{
    struct irq old;

    driver_negotiate(d, features);
    assert_int_equal(common_get(d, 20, 1), 11);
    while (take_irq(&old, 0))
        ;
    memset(kia_mem_hva(d->m->mem, RING(0), 0x10000 * n), 0, 0x10000 * n);
    use_msix(d, msix, n);
    for (unsigned q = 0; q < n; q++) {
        driver_set_queue(d, q, QSIZE, DESC(q), AVAIL(q), USED(q));
        assert_int_equal(common_get(d, 28, 2), 1);
    }
    common_set(d, 20, 1, 15);
    assert_int_equal(common_get(d, 20, 1), 15);
}

void driver_start(struct driver *d, uint64_t features, bool msix)
{
    driver_start_queues(d, features, msix, 1);
}

static void put_split(struct driver *d, uint64_t at, const struct buffer *b, uint16_t flags, uint16_t next)
{
    ram_set(d, at, 8, b->gpa);
    ram_set(d, at + 8, 4, b->len);
    ram_set(d, at + 12, 2, flags | (b->write ? D_WRITE : 0));
    ram_set(d, at + 14, 2, next);
}

/* One table of indirect descriptors a queue, so one such chain can be out. */
static uint64_t indirect_table(unsigned q)
{
    return RING(q) + 0xc000;
}

static unsigned put_chain_split(struct driver *d, unsigned q, const struct buffer *buffers, unsigned n,
                                bool indirect)
{
    struct ring *ring = &d->rings[q];
    uint16_t head = ring->next_desc;

    if (indirect) {
        for (unsigned i = 0; i < n; i++)
            put_split(d, indirect_table(q) + 16 * i, &buffers[i], i + 1 < n ? D_NEXT : 0, i + 1);
        put_split(d, DESC(q) + 16 * head, &(struct buffer){ indirect_table(q), 16 * n, false }, D_INDIRECT,
                  0);
        n = 1;
    } else {
        for (unsigned i = 0; i < n; i++)
            put_split(d, DESC(q) + 16 * ((head + i) % QSIZE), &buffers[i], i + 1 < n ? D_NEXT : 0,
                      (head + i + 1) % QSIZE);
    }
    ring->next_desc = (head + n) % QSIZE;
    ram_set(d, AVAIL(q) + 4 + 2 * (ring->avail % QSIZE), 2, head);
    ram_set(d, AVAIL(q) + 2, 2, ++ring->avail);
    return n;
}

static void put_packed(struct driver *d, uint64_t at, const struct buffer *b, uint16_t id)
{
    ram_set(d, at, 8, b->gpa);
    ram_set(d, at + 8, 4, b->len);
    ram_set(d, at + 12, 2, id);
}

static unsigned put_chain_packed(struct driver *d, unsigned q, const struct buffer *buffers, unsigned n,
                                 bool indirect)
{
    struct ring *ring = &d->rings[q];
    struct buffer one = { indirect_table(q), 16 * n, false };
    uint16_t first = ring->avail, first_flags = 0;

    if (indirect) {
        for (unsigned i = 0; i < n; i++) {
            put_packed(d, one.gpa + 16 * i, &buffers[i], 0);
            ram_set(d, one.gpa + 16 * i + 14, 2, buffers[i].write ? D_WRITE : 0);
        }
        buffers = &one;
        n = 1;
    }
    for (unsigned i = 0; i < n; i++) {
        uint64_t at = DESC(q) + 16 * ring->avail;
        uint16_t flags = (ring->avail_wrap ? D_AVAIL : D_USED) | (buffers[i].write ? D_WRITE : 0) |
                         (i + 1 < n ? D_NEXT : 0) | (indirect ? D_INDIRECT : 0);

        put_packed(d, at, &buffers[i], first);
        if (i)
            ram_set(d, at + 14, 2, flags);
        else
            first_flags = flags;
        if (++ring->avail == QSIZE) {
            ring->avail = 0;
            ring->avail_wrap = !ring->avail_wrap;
        }
    }
    ram_set(d, DESC(q) + 16 * first + 14, 2, first_flags);
    return n;
}

void driver_put(struct driver *d, unsigned q, const struct buffer *buffers, unsigned n, bool indirect)
{
    struct ring *ring = &d->rings[q];
    unsigned i = (ring->out_first + ring->n_out++) % QSIZE;

    ring->out[i].head = d->packed ? ring->avail : ring->next_desc;
    ring->out[i].n = d->packed ? put_chain_packed(d, q, buffers, n, indirect)
                               : put_chain_split(d, q, buffers, n, indirect);
}

void driver_notify(struct driver *d, unsigned q)
{
    kia_mmio_write(d->m->mem, d->notify + 4 * q, 2, q);
}

void driver_submit(struct driver *d, const struct buffer *buffers, unsigned n, bool indirect)
{
    driver_put(d, 0, buffers, n, indirect);
    driver_notify(d, 0);
}

static bool take_split(struct driver *d, unsigned q, uint32_t *id, uint32_t *len)
{
    struct ring *ring = &d->rings[q];
    uint64_t elem = USED(q) + 4 + 8 * (ring->used % QSIZE);

    if (ram_get(d, USED(q) + 2, 2) == ring->used)
        return false;
    *id = ram_get(d, elem, 4);
    *len = ram_get(d, elem + 4, 4);
    ring->used++;
    ram_set(d, AVAIL(q) + 4 + 2 * QSIZE, 2, ring->used); /* used_event: tell me of the next one */
    return true;
}

static bool take_packed(struct driver *d, unsigned q, uint32_t *id, uint32_t *len)
{
    struct ring *ring = &d->rings[q];
    uint64_t at = DESC(q) + 16 * ring->used;
    uint16_t flags = ram_get(d, at + 14, 2);

    if (!(flags & D_AVAIL) == ring->used_wrap || !(flags & D_USED) == ring->used_wrap)
        return false;
    *id = ram_get(d, at + 12, 2);
    *len = ram_get(d, at + 8, 4);
    ring->used += ring->out[ring->out_first].n;
    if (ring->used >= QSIZE) {
        ring->used -= QSIZE;
        ring->used_wrap = !ring->used_wrap;
    }
    return true;
}

bool driver_take(struct driver *d, unsigned q, uint32_t *len)
{
    struct ring *ring = &d->rings[q];
    uint32_t id;

    if (!(d->packed ? take_packed(d, q, &id, len) : take_split(d, q, &id, len)))
        return false;
    assert_true(ring->n_out);
    assert_int_equal(id, ring->out[ring->out_first].head);
    ring->out_first = (ring->out_first + 1) % QSIZE;
    ring->n_out--;
    return true;
}

uint32_t driver_wait_on(struct driver *d, unsigned q)
{
    struct irq irq;
    uint32_t len;

    assert_true(take_irq(&irq, 5000));
    assert_int_equal(irq.vector, VQ_VECTOR + q);
    assert_true(driver_take(d, q, &len));
    return len;
}

uint32_t driver_wait(struct driver *d)
{
    return driver_wait_on(d, 0);
}
