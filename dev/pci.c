/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI host bridge: configuration space, BARs and INTx (PCI Local Bus Specification 3.0, chapter 6). */
#include "dev/pci.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_SLOTS = 32,
    N_PORTS = 0x10000,
    COMMAND_WRITABLE = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE,
    BAR_IO = 1,
    BAR_MEM64_PREFETCH = 0x4 | 0x8,
    BRIDGE_VENDOR = 0x1b36, /* Red Hat's number for virtual devices: */
    BRIDGE_DEVICE = 0x0008, /* a host bridge that drivers need not know */
    BRIDGE_CLASS = 0x060000,
};

struct kia_pci {
    struct kia_dev dev;
    struct kia_pci_config config;
    pthread_mutex_t lock; /* configuration space and BARs of every function */
    struct kia_pci_dev *slots[N_SLOTS]; /* function 0 of each */
    struct kia_pci_dev bridge;
    uint64_t withheld; /* dev/virtio_pci.c's */
};

static unsigned bar_reg(unsigned index)
{
    return PCI_BAR0 + 4 * index;
}

static uint64_t bar_address(const struct kia_pci_dev *pdev, unsigned index)
{
    const uint8_t *at = pdev->config + bar_reg(index);
    uint64_t value = kia_pci_get32(at);

    switch (pdev->bars[index].kind) {
    case KIA_PCI_BAR_IO:
        return value & ~UINT64_C(3);
    case KIA_PCI_BAR_MEM32:
        return value & ~UINT64_C(15);
    case KIA_PCI_BAR_MEM64:
        return (value & ~UINT64_C(15)) | (uint64_t)kia_pci_get32(at + 4) << 32;
    case KIA_PCI_BAR_NONE:
        break;
    }
    return 0;
}

static void bar_set_address(struct kia_pci_dev *pdev, unsigned index, uint64_t address)
{
    uint8_t *at = pdev->config + bar_reg(index);
    enum kia_pci_bar_kind kind = pdev->bars[index].kind;
    uint32_t type = kind == KIA_PCI_BAR_IO ? BAR_IO : kind == KIA_PCI_BAR_MEM64 ? BAR_MEM64_PREFETCH : 0;

    kia_pci_set32(at, address | type);
    if (kind == KIA_PCI_BAR_MEM64)
        kia_pci_set32(at + 4, address >> 32);
}

static bool inside(uint64_t at, uint64_t size, uint64_t window, uint64_t window_size)
{
    return at >= window && at - window < window_size && size <= window_size - (at - window);
}

/* The bridge forwards only its windows. */
static bool bar_reachable(const struct kia_pci *pci, enum kia_pci_bar_kind kind, uint64_t at, uint64_t size)
{
    const struct kia_pci_config *c = &pci->config;

    if (kind == KIA_PCI_BAR_IO)
        return inside(at, size, c->io_base, N_PORTS - c->io_base);
    return inside(at, size, c->mem32_gpa, c->mem32_size) || inside(at, size, c->mem64_gpa, c->mem64_size);
}

static struct kia_mem *bar_space(struct kia_pci_dev *pdev, unsigned index)
{
    if (pdev->bars[index].kind == KIA_PCI_BAR_IO)
        return kia_platform_ports(pdev->dev.platform);
    return kia_platform_mem(pdev->dev.platform);
}

/* Makes what is decoded agree with the BAR and the command register. A BAR on top of another one is not
 * decoded. */
static void bar_update(struct kia_pci_dev *pdev, unsigned index)
{
    struct kia_pci_bar *bar = &pdev->bars[index];
    uint16_t decode = bar->kind == KIA_PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
    uint64_t gpa = bar_address(pdev, index);
    bool want = (pdev->command & decode) && bar_reachable(pdev->pci, bar->kind, gpa, bar->size);

    if (bar->mapped && (!want || gpa != bar->gpa)) {
        kia_mem_remove_mmio(bar_space(pdev, index), bar->gpa, bar->size);
        bar->mapped = false;
    }
    if (want && !bar->mapped) {
        bar->gpa = gpa;
        bar->mapped = !kia_mem_add_mmio(bar_space(pdev, index), gpa, bar->size, bar->ops, bar->opaque);
    }
}

static void bars_update(struct kia_pci_dev *pdev)
{
    /* First all removals, so that two BARs can change places. */
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < KIA_PCI_N_BARS; i++)
            if (pdev->bars[i].kind != KIA_PCI_BAR_NONE && (pass || pdev->bars[i].mapped))
                bar_update(pdev, i);
}

static void intx_update(struct kia_pci_dev *pdev)
{
    if (pdev->config[PCI_INTERRUPT_PIN])
        kia_irq_set(&pdev->irq, pdev->intx && !(pdev->command & PCI_COMMAND_INTX_DISABLE));
}

/**
 * kia_pci_set_intx - drives the function's interrupt pin; the command register may keep it from the line
 * Thread: any, device lock may be held.
 */
void kia_pci_set_intx(struct kia_pci_dev *pdev, bool asserted)
{
    pthread_mutex_lock(&pdev->intx_lock);
    pdev->intx = asserted;
    intx_update(pdev);
    pthread_mutex_unlock(&pdev->intx_lock);
}

static void command_update(struct kia_pci_dev *pdev)
{
    pthread_mutex_lock(&pdev->intx_lock);
    pdev->command = kia_pci_get16(pdev->config + PCI_COMMAND);
    intx_update(pdev);
    pthread_mutex_unlock(&pdev->intx_lock);
    bars_update(pdev);
    if (pdev->msix)
        kia_pci_msix_update(pdev);
}

/**
 * kia_pci_add_bar - declares a BAR
 * @index: 0-5 (MEM64: 0-4, uses the next one too); @size: bytes, a power of two, at least 16 (I/O: 4)
 * @ops: as for kia_mem_add_mmio(); must outlive the bus
 */
void kia_pci_add_bar(struct kia_pci_dev *pdev, unsigned index, enum kia_pci_bar_kind kind, uint64_t size,
                     const struct kia_mmio_ops *ops, void *opaque)
{
    uint8_t *writable = pdev->writable + bar_reg(index);

    assert(index + (kind == KIA_PCI_BAR_MEM64) < KIA_PCI_N_BARS && !(size & (size - 1)));
    assert(size >= (kind == KIA_PCI_BAR_IO ? 4 : 16));
    pdev->bars[index] = (struct kia_pci_bar){ .kind = kind, .size = size, .ops = ops, .opaque = opaque };
    kia_pci_set32(writable, -size);
    if (kind == KIA_PCI_BAR_MEM64)
        kia_pci_set32(writable + 4, -size >> 32);
    bar_set_address(pdev, index, 0);
}

/** kia_pci_add_cap - see the header; @len is rounded up to whole double words */
unsigned kia_pci_add_cap(struct kia_pci_dev *pdev, uint8_t id, unsigned len)
{
    unsigned at = pdev->cap_end;

    assert(at + len <= KIA_PCI_CONFIG_SIZE);
    pdev->cap_end = (at + len + 3) & ~3u;
    pdev->config[at] = id;
    pdev->config[at + 1] = 0;
    pdev->config[pdev->last_cap ? pdev->last_cap + 1 : PCI_CAP_POINTER] = at;
    pdev->last_cap = at;
    pdev->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
    return at;
}

static struct kia_pci_dev *find(struct kia_pci *pci, unsigned seg, unsigned bus, unsigned dev, unsigned fn)
{
    return seg == 0 && bus == 0 && dev < N_SLOTS && fn == 0 ? pci->slots[dev] : NULL;
}

static bool access_valid(unsigned reg, unsigned size)
{
    return (size == 1 || size == 2 || size == 4) && reg % size == 0 && reg + size <= KIA_PCI_CONFIG_SIZE;
}

/**
 * kia_pci_config_read - a configuration read
 * Return: @size bytes; all ones for absent functions, unaligned accesses and registers past 255.
 * Thread: any.
 */
uint32_t kia_pci_config_read(struct kia_pci *pci, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                             unsigned reg, unsigned size)
{
    struct kia_pci_dev *pdev = find(pci, seg, bus, dev, fn);
    uint32_t ones = size >= 4 ? UINT32_MAX : (UINT32_C(1) << 8 * size) - 1, value = 0;

    if (!pdev || !access_valid(reg, size))
        return ones;
    pthread_mutex_lock(&pci->lock);
    if (pdev->config_reading)
        pdev->config_reading(pdev, reg, size);
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)pdev->config[reg + i] << 8 * i;
    if (reg <= PCI_STATUS && PCI_STATUS < reg + size) {
        pthread_mutex_lock(&pdev->intx_lock);
        value |= pdev->intx ? (uint32_t)PCI_STATUS_INTERRUPT << 8 * (PCI_STATUS - reg) : 0;
        pthread_mutex_unlock(&pdev->intx_lock);
    }
    pthread_mutex_unlock(&pci->lock);
    return value;
}

/** kia_pci_config_write - a configuration write; any thread */
void kia_pci_config_write(struct kia_pci *pci, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                          unsigned reg, unsigned size, uint32_t value)
{
    struct kia_pci_dev *pdev = find(pci, seg, bus, dev, fn);

    if (!pdev || !access_valid(reg, size))
        return;
    pthread_mutex_lock(&pci->lock);
    for (unsigned i = 0; i < size; i++) {
        uint8_t mask = pdev->writable[reg + i];

        if (mask) /* a function's threads read what is fixed without the lock */
            pdev->config[reg + i] = (pdev->config[reg + i] & ~mask) | (value >> 8 * i & mask);
    }
    if (reg < PCI_STATUS || (reg >= PCI_BAR0 && reg < bar_reg(KIA_PCI_N_BARS)))
        command_update(pdev);
    else if (pdev->msix && reg >= PCI_FIRST_CAP)
        kia_pci_msix_update(pdev);
    if (pdev->config_written)
        pdev->config_written(pdev, reg, size);
    pthread_mutex_unlock(&pci->lock);
}

/** kia_pci_dev_reset - clears what software may have written to configuration space; for ops->reset of
 * functions */
void kia_pci_dev_reset(struct kia_pci_dev *pdev)
{
    pthread_mutex_lock(&pdev->pci->lock);
    for (unsigned i = 0; i < KIA_PCI_CONFIG_SIZE; i++) {
        if (pdev->writable[i])
            pdev->config[i] &= ~pdev->writable[i];
    }
    pthread_mutex_lock(&pdev->intx_lock);
    pdev->intx = false;
    pthread_mutex_unlock(&pdev->intx_lock);
    if (pdev->msix)
        kia_pci_msix_reset(pdev);
    command_update(pdev);
    pthread_mutex_unlock(&pdev->pci->lock);
}

/** kia_pci_dev_detach - takes the function off its bus; for ops->detach, which frees it afterwards */
void kia_pci_dev_detach(struct kia_pci_dev *pdev)
{
    kia_pci_set_intx(pdev, false);
    kia_pci_msix_free(pdev);
    pdev->pci->slots[pdev->devfn >> 3] = NULL;
    pthread_mutex_destroy(&pdev->intx_lock);
}

static void pdev_init(struct kia_pci *pci, struct kia_pci_dev *pdev, unsigned slot,
                      const struct kia_pci_id *id, bool intx)
{
    uint8_t *config = pdev->config;

    pdev->pci = pci;
    pdev->devfn = slot << 3;
    pdev->cap_end = PCI_FIRST_CAP;
    pthread_mutex_init(&pdev->intx_lock, NULL);
    kia_irq_init(&pdev->irq, pci->dev.platform, pci->config.gsi + (slot & 3));

    kia_pci_set16(config + PCI_VENDOR_ID, id->vendor);
    kia_pci_set16(config + PCI_DEVICE_ID, id->device);
    config[PCI_REVISION_ID] = id->revision;
    kia_pci_set16(config + PCI_CLASS_PROG, id->class_code);
    config[PCI_CLASS_PROG + 2] = id->class_code >> 16;
    kia_pci_set16(config + PCI_SUBSYSTEM_VENDOR_ID, id->subsystem_vendor);
    kia_pci_set16(config + PCI_SUBSYSTEM_ID, id->subsystem);
    config[PCI_INTERRUPT_PIN] = intx;

    kia_pci_set16(pdev->writable + PCI_COMMAND, COMMAND_WRITABLE);
    pdev->writable[PCI_INTERRUPT_LINE] = 0xff;
    pci->slots[slot] = pdev;
}

/**
 * kia_pci_add - puts a function on the bus and attaches it as a device
 * @pdev: zeroed, its callbacks may be set; owned by the platform from here on, whatever is returned
 * Return: 0; -EBUSY where the slot is taken; -ENOSPC where all are.
 */
int kia_pci_add(struct kia_pci *pci, struct kia_pci_dev *pdev, int slot, const struct kia_pci_id *id,
                bool intx, const struct kia_dev_ops *ops)
{
    if (slot < 0)
        for (slot = 1; slot < N_SLOTS && pci->slots[slot]; slot++)
            ;
    if (slot >= N_SLOTS)
        return -ENOSPC;
    if (pci->slots[slot])
        return -EBUSY;
    pdev_init(pci, pdev, slot, id, intx);
    kia_dev_attach(pci->dev.platform, &pdev->dev, ops);
    return 0;
}

static uint64_t take(uint64_t *next, uint64_t size)
{
    uint64_t at = (*next + size - 1) & -size;

    *next = at + size;
    return at;
}

/**
 * kia_pci_assign - gives every BAR a place in its window (64-bit ones in the high one), switches decoding on
 * Return: 0, or -ENOSPC where a window is full.
 * Thread: the one that resets, after kia_platform_reset().
 */
int kia_pci_assign(struct kia_pci *pci)
{
    const struct kia_pci_config *c = &pci->config;
    uint64_t mem32 = c->mem32_gpa, mem64 = c->mem64_gpa, io = c->io_base;
    int err = 0;

    pthread_mutex_lock(&pci->lock);
    for (unsigned slot = 0; slot < N_SLOTS; slot++) {
        struct kia_pci_dev *pdev = pci->slots[slot];

        if (!pdev)
            continue;
        for (unsigned i = 0; i < KIA_PCI_N_BARS; i++) {
            struct kia_pci_bar *bar = &pdev->bars[i];
            uint64_t at, *next;

            if (bar->kind == KIA_PCI_BAR_NONE)
                continue;
            next = bar->kind == KIA_PCI_BAR_IO ? &io : bar->kind == KIA_PCI_BAR_MEM64 ? &mem64 : &mem32;
            at = take(next, bar->size);
            if (bar_reachable(pci, bar->kind, at, bar->size))
                bar_set_address(pdev, i, at);
            else
                err = -ENOSPC;
        }
        if (pdev->config[PCI_INTERRUPT_PIN])
            pdev->config[PCI_INTERRUPT_LINE] = pdev->irq.gsi;
        kia_pci_set16(pdev->config + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
        command_update(pdev);
    }
    pthread_mutex_unlock(&pci->lock);
    return err;
}

static void pci_reset(struct kia_dev *dev)
{
    kia_pci_dev_reset(&((struct kia_pci *)dev)->bridge);
}

static void pci_detach(struct kia_dev *dev)
{
    struct kia_pci *pci = (struct kia_pci *)dev;

    kia_pci_dev_detach(&pci->bridge);
    pthread_mutex_destroy(&pci->lock);
    free(pci);
}

static const struct kia_dev_ops pci_ops = {
    .name = "pci-host", .access_min = 1, .access_max = 4, .reset = pci_reset, .detach = pci_detach,
};

/** kia_pci_withheld - see the header */
uint64_t *kia_pci_withheld(struct kia_pci *pci)
{
    return &pci->withheld;
}

/** kia_pci_loop - see the header */
struct kia_loop *kia_pci_loop(const struct kia_pci *pci)
{
    return kia_platform_loop(pci->dev.platform);
}

/** kia_pci_attach - see the header. Return: 0 or -ENOMEM. */
int kia_pci_attach(struct kia_platform *platform, const struct kia_pci_config *config, struct kia_pci **pci)
{
    static const struct kia_pci_id bridge = {
        .vendor = BRIDGE_VENDOR, .device = BRIDGE_DEVICE, .class_code = BRIDGE_CLASS,
    };
    struct kia_pci *p = calloc(1, sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->config = *config;
    pthread_mutex_init(&p->lock, NULL);
    kia_dev_attach(platform, &p->dev, &pci_ops);
    pdev_init(p, &p->bridge, 0, &bridge, false);
    p->bridge.dev.platform = platform;
    *pci = p;
    return 0;
}
