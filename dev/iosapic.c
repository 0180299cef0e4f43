/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O SAPIC (docs/machine.md gives the registers). */
#include "dev/iosapic.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "dev/dev.h"

enum {
    MMIO_SIZE = 0x1000,
    REG_SELECT = 0x00,
    REG_WINDOW = 0x10,
    REG_EOI = 0x40,
    INDEX_ID = 0,
    INDEX_VERSION = 1,
    INDEX_RTE = 0x10,
    VERSION = 0x20,
    MAX_PINS = 64,
};

/* Redirection table entry, low word; the high word has id in {31:24} and eid in {23:16}. */
enum {
    RTE_VECTOR = 0xff,
    RTE_DM_SHIFT = 8,
    RTE_DM = 7,
    RTE_DM_LOWEST = 1,
    RTE_POLARITY = 1 << 13,
    RTE_REMOTE_IRR = 1 << 14,
    RTE_LEVEL = 1 << 15,
    RTE_MASK = 1 << 16,
    RTE_LOW_WRITABLE = RTE_VECTOR | RTE_DM << RTE_DM_SHIFT | RTE_POLARITY | RTE_LEVEL | RTE_MASK,
};
#define RTE_HIGH_WRITABLE UINT32_C(0xffff0000)

struct kia_iosapic {
    struct kia_dev dev;
    unsigned gsi_base, pins;
    pthread_mutex_t lock;
    uint32_t select;
    uint32_t low[MAX_PINS], high[MAX_PINS];
    bool line[MAX_PINS]; /* driven by devices, so a reset leaves it */
};

static void rte_send(struct kia_iosapic *s, unsigned pin)
{
    uint32_t low = s->low[pin];
    unsigned dm = low >> RTE_DM_SHIFT & RTE_DM;

    /* Lowest priority needs the XTP of processors, which nobody keeps: the named processor gets it. */
    if (dm == RTE_DM_LOWEST)
        dm = 0;
    kia_platform_interrupt(s->dev.platform, s->high[pin] >> 16, dm, low & RTE_VECTOR);
}

/* Sends a level interrupt that is due: line asserted, not masked, and the last one's EOI has come. */
static void rte_update_level(struct kia_iosapic *s, unsigned pin)
{
    uint32_t low = s->low[pin];

    if (s->line[pin] && (low & RTE_LEVEL) && !(low & (RTE_MASK | RTE_REMOTE_IRR))) {
        s->low[pin] |= RTE_REMOTE_IRR;
        rte_send(s, pin);
    }
}

/**
 * kia_iosapic_set_line - a GSI line changes
 * An edge that comes while the entry is masked is lost.
 */
void kia_iosapic_set_line(struct kia_iosapic *iosapic, unsigned gsi, bool asserted)
{
    unsigned pin = gsi - iosapic->gsi_base;

    if (pin >= iosapic->pins)
        return;
    pthread_mutex_lock(&iosapic->lock);
    if (iosapic->line[pin] != asserted) {
        iosapic->line[pin] = asserted;
        if (asserted && !(iosapic->low[pin] & (RTE_LEVEL | RTE_MASK)))
            rte_send(iosapic, pin);
        rte_update_level(iosapic, pin);
    }
    pthread_mutex_unlock(&iosapic->lock);
}

static uint32_t window_read(const struct kia_iosapic *s)
{
    unsigned rte = s->select - INDEX_RTE;

    if (s->select == INDEX_VERSION)
        return VERSION | (s->pins - 1) << 16;
    if (s->select >= INDEX_RTE && rte / 2 < s->pins)
        return rte & 1 ? s->high[rte / 2] : s->low[rte / 2];
    return 0;
}

static void window_write(struct kia_iosapic *s, uint32_t value)
{
    unsigned rte = s->select - INDEX_RTE, pin = rte / 2;

    if (s->select < INDEX_RTE || pin >= s->pins)
        return;
    if (rte & 1) {
        s->high[pin] = value & RTE_HIGH_WRITABLE;
        return;
    }
    s->low[pin] = (value & RTE_LOW_WRITABLE) | (s->low[pin] & RTE_REMOTE_IRR);
    if (!(value & RTE_LEVEL))
        s->low[pin] &= ~RTE_REMOTE_IRR; /* an edge entry has none */
    rte_update_level(s, pin);
}

static void eoi_write(struct kia_iosapic *s, uint8_t vector)
{
    for (unsigned pin = 0; pin < s->pins; pin++) {
        if ((s->low[pin] & RTE_VECTOR) == vector && (s->low[pin] & RTE_REMOTE_IRR)) {
            s->low[pin] &= ~RTE_REMOTE_IRR;
            rte_update_level(s, pin);
        }
    }
}

static uint64_t iosapic_read(struct kia_dev *dev, uint64_t offset, unsigned size)
{
    struct kia_iosapic *s = (struct kia_iosapic *)dev;
    uint32_t value = 0;

    (void)size;
    pthread_mutex_lock(&s->lock);
    if (offset == REG_SELECT)
        value = s->select;
    else if (offset == REG_WINDOW)
        value = window_read(s);
    pthread_mutex_unlock(&s->lock);
    return value;
}

static void iosapic_write(struct kia_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
    struct kia_iosapic *s = (struct kia_iosapic *)dev;

    (void)size;
    pthread_mutex_lock(&s->lock);
    if (offset == REG_SELECT)
        s->select = value & 0xff;
    else if (offset == REG_WINDOW)
        window_write(s, value);
    else if (offset == REG_EOI)
        eoi_write(s, value & 0xff);
    pthread_mutex_unlock(&s->lock);
}

static void iosapic_reset(struct kia_dev *dev)
{
    struct kia_iosapic *s = (struct kia_iosapic *)dev;

    pthread_mutex_lock(&s->lock);
    s->select = 0;
    for (unsigned pin = 0; pin < s->pins; pin++) {
        s->low[pin] = RTE_MASK;
        s->high[pin] = 0;
    }
    pthread_mutex_unlock(&s->lock);
}

static void iosapic_detach(struct kia_dev *dev)
{
    struct kia_iosapic *s = (struct kia_iosapic *)dev;

    kia_platform_set_iosapic(dev->platform, NULL);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static const struct kia_dev_ops iosapic_ops = {
    .name = "iosapic", .access_min = 4, .access_max = 4,
    .read = iosapic_read, .write = iosapic_write, .reset = iosapic_reset, .detach = iosapic_detach,
};

/**
 * kia_iosapic_attach - an I/O SAPIC that takes GSIs @gsi_base to @gsi_base + @pins - 1
 * @gpa: of its 4 KiB of registers; @pins: 1 to 64
 * Return: 0 or negative errno.
 */
int kia_iosapic_attach(struct kia_platform *platform, uint64_t gpa, unsigned gsi_base, unsigned pins)
{
    struct kia_iosapic *s = calloc(1, sizeof(*s));

    assert(pins >= 1 && pins <= MAX_PINS);
    if (!s)
        return -ENOMEM;
    s->gsi_base = gsi_base;
    s->pins = pins;
    pthread_mutex_init(&s->lock, NULL);
    kia_dev_attach(platform, &s->dev, &iosapic_ops);
    kia_platform_set_iosapic(platform, s);
    iosapic_reset(&s->dev);
    return kia_dev_map_mmio(&s->dev, gpa, MMIO_SIZE);
}
