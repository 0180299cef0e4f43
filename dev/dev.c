/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device framework: decoding, I/O ports, interrupt lines and messages. */
#include "dev/dev.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "dev/iosapic.h"

enum {
    MAX_GSI = 256,
    N_PORTS = 0x10000,
    PORT_SPACE_SIZE = 64 << 20,
    PIB_IPI_SIZE = 1 << 20, /* the half of the block that takes messages (SDM 2:127, 5.8.4) */
};

struct kia_platform {
    struct kia_platform_config config;
    struct kia_mem *ports;
    struct kia_iosapic *iosapic;
    struct kia_dev *first, **tail;
    pthread_mutex_t irq_lock;
    uint16_t drivers[MAX_GSI]; /* how many outputs assert each line */
};

static uint64_t ones(unsigned size)
{
    return size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

/**
 * kia_platform_create - a platform without devices
 * @config: copied; what it points to must outlive the platform
 * Return: 0 or -ENOMEM.
 */
int kia_platform_create(const struct kia_platform_config *config, struct kia_platform **platform)
{
    struct kia_platform *p = calloc(1, sizeof(*p));

    if (!p || !(p->ports = kia_mem_create())) {
        free(p);
        return -ENOMEM;
    }
    p->config = *config;
    p->tail = &p->first;
    pthread_mutex_init(&p->irq_lock, NULL);
    *platform = p;
    return 0;
}

static void detach_from(struct kia_dev *dev)
{
    if (!dev)
        return;
    detach_from(dev->next);
    if (dev->ops->detach)
        dev->ops->detach(dev);
}

/**
 * kia_platform_destroy - detaches and frees every device, then the platform
 * @platform: may be NULL. No vcpu and no event loop may run any more.
 */
void kia_platform_destroy(struct kia_platform *platform)
{
    if (!platform)
        return;
    detach_from(platform->first);
    kia_mem_destroy(platform->ports);
    pthread_mutex_destroy(&platform->irq_lock);
    free(platform);
}

/**
 * kia_platform_reset - power-on state in every device, in the order of attachment
 * Thread: one, no vcpu running.
 */
void kia_platform_reset(struct kia_platform *platform)
{
    for (struct kia_dev *dev = platform->first; dev; dev = dev->next)
        if (dev->ops->reset)
            dev->ops->reset(dev);
}

/** kia_platform_request - passes a device's wish for reset or power-off to the machine; any thread */
void kia_platform_request(struct kia_platform *platform, enum kia_platform_event event)
{
    platform->config.event(platform->config.opaque, event);
}

/** kia_platform_mem - guest memory, for DMA; any thread */
struct kia_mem *kia_platform_mem(struct kia_platform *platform)
{
    return platform->config.mem;
}

/** kia_platform_loop - the event loop for timers and file descriptors; any thread */
struct kia_loop *kia_platform_loop(struct kia_platform *platform)
{
    return platform->config.loop;
}

/** kia_platform_ports - the map of I/O ports: kia_mem_add_mmio() and its neighbours with ports for addresses;
 * any thread */
struct kia_mem *kia_platform_ports(struct kia_platform *platform)
{
    return platform->ports;
}

/**
 * kia_dev_attach - makes @dev a device of @platform, which calls ops->detach at the end
 * @ops: must outlive the device
 */
void kia_dev_attach(struct kia_platform *platform, struct kia_dev *dev, const struct kia_dev_ops *ops)
{
    assert(ops->name);
    dev->ops = ops;
    dev->platform = platform;
    dev->next = NULL;
    *platform->tail = dev;
    platform->tail = &dev->next;
}

/**
 * kia_dev_read - one load under the access size rules of the device
 * @size: 1, 2, 4 or 8 bytes
 * Thread: any.
 */
uint64_t kia_dev_read(struct kia_dev *dev, uint64_t offset, unsigned size)
{
    const struct kia_dev_ops *ops = dev->ops;
    uint64_t value = 0;

    if (size < ops->access_min) {
        uint64_t word = offset & ~(uint64_t)(ops->access_min - 1);
        unsigned shift = 8 * (offset - word);

        if (offset - word + size > ops->access_min)
            return ones(size);
        return ops->read(dev, word, ops->access_min) >> shift & ones(size);
    }
    if (size <= ops->access_max)
        return ops->read(dev, offset, size);
    for (unsigned at = 0; at < size; at += ops->access_max)
        value |= (ops->read(dev, offset + at, ops->access_max) & ones(ops->access_max)) << 8 * at;
    return value;
}

/**
 * kia_dev_write - one store under the access size rules of the device
 * @size: 1, 2, 4 or 8 bytes
 * Thread: any.
 */
void kia_dev_write(struct kia_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
    const struct kia_dev_ops *ops = dev->ops;

    if (size < ops->access_min)
        return;
    if (size <= ops->access_max) {
        ops->write(dev, offset, size, value);
        return;
    }
    for (unsigned at = 0; at < size; at += ops->access_max)
        ops->write(dev, offset + at, ops->access_max, value >> 8 * at & ones(ops->access_max));
}

static uint64_t mapped_read(void *opaque, uint64_t offset, unsigned size)
{
    return kia_dev_read(opaque, offset, size);
}

static void mapped_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    kia_dev_write(opaque, offset, size, value);
}

static const struct kia_mmio_ops mapped_ops = { "device", mapped_read, mapped_write };

/**
 * kia_dev_map_mmio - decodes [@gpa, @gpa + @size) to the device, offsets from @gpa
 * Return: 0, or kia_mem_add_mmio()'s error.
 */
int kia_dev_map_mmio(struct kia_dev *dev, uint64_t gpa, uint64_t size)
{
    return kia_mem_add_mmio(dev->platform->config.mem, gpa, size, &mapped_ops, dev);
}

/**
 * kia_dev_map_ports - decodes @n I/O ports from @port on to the device, offsets from @port
 * Return: 0, or kia_mem_add_mmio()'s error.
 */
int kia_dev_map_ports(struct kia_dev *dev, uint16_t port, unsigned n)
{
    assert(port + n <= N_PORTS);
    return kia_mem_add_mmio(dev->platform->ports, port, n, &mapped_ops, dev);
}

/*
 * The sparse encoding: port{15:2} lies at address{25:12}, and port{11:0} again at address{11:0} (SDM
 * 2:269, 10.7). Four ports share a 4 KiB page, so that an operating system can hand out single ports.
 */
static bool sparse_port(uint64_t offset, unsigned size, uint64_t *port)
{
    *port = (offset >> 12) << 2 | (offset & 3);
    return size <= 4;
}

static uint64_t port_space_read(void *opaque, uint64_t offset, unsigned size)
{
    struct kia_platform *platform = opaque;
    uint64_t port;

    return sparse_port(offset, size, &port) ? kia_mmio_read(platform->ports, port, size) : ones(size);
}

static void port_space_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct kia_platform *platform = opaque;
    uint64_t port;

    if (sparse_port(offset, size, &port))
        kia_mmio_write(platform->ports, port, size, value);
}

/**
 * kia_platform_map_port_space - puts the I/O port space into the physical map
 * @gpa: 64 MiB aligned
 * Return: 0, or kia_mem_add_mmio()'s error.
 */
int kia_platform_map_port_space(struct kia_platform *platform, uint64_t gpa)
{
    static const struct kia_mmio_ops ops = { "I/O port space", port_space_read, port_space_write };

    assert(gpa % PORT_SPACE_SIZE == 0);
    return kia_mem_add_mmio(platform->config.mem, gpa, PORT_SPACE_SIZE, &ops, platform);
}

/**
 * kia_irq_init - connects an output to a GSI line, deasserted
 * @gsi: below 256; one that no IOSAPIC has goes nowhere
 */
void kia_irq_init(struct kia_irq *irq, struct kia_platform *platform, unsigned gsi)
{
    assert(gsi < MAX_GSI);
    *irq = (struct kia_irq){ platform, gsi, false };
}

/**
 * kia_irq_set - drives the output; polarity is the line's own affair: asserted is what counts
 * Thread: any, one at a time for each output (callers hold their device's lock).
 */
void kia_irq_set(struct kia_irq *irq, bool asserted)
{
    struct kia_platform *platform = irq->platform;
    uint16_t *drivers = &platform->drivers[irq->gsi];

    if (irq->asserted == asserted)
        return;
    irq->asserted = asserted;

    pthread_mutex_lock(&platform->irq_lock);
    *drivers += asserted ? 1 : -1;
    if (platform->iosapic && *drivers == (asserted ? 1 : 0))
        kia_iosapic_set_line(platform->iosapic, irq->gsi, asserted);
    pthread_mutex_unlock(&platform->irq_lock);
}

/**
 * kia_platform_msi - a device's message
 * @address: in the processor interrupt block: {19:12} id, {11:4} eid, {3} redirection hint (not obeyed: the
 *           named processor gets it); RAM: stored there
 * @data:    {7:0} vector, {10:8} delivery mode
 * Thread: any.
 */
void kia_platform_msi(struct kia_platform *platform, uint64_t address, uint32_t data)
{
    uint64_t offset = address - platform->config.pib_gpa;

    if (offset < PIB_IPI_SIZE) {
        kia_platform_interrupt(platform, offset >> 4 & 0xffff, data >> 8 & 7, data & 0xff);
    } else {
        uint32_t le = htole32(data);

        kia_mem_write(platform->config.mem, address, &le, sizeof(le)); /* elsewhere nobody hears it */
    }
}

/** kia_platform_set_iosapic - names the controller that GSI lines lead to */
void kia_platform_set_iosapic(struct kia_platform *platform, struct kia_iosapic *iosapic)
{
    platform->iosapic = iosapic;
}

/** kia_platform_interrupt - sends an interrupt message to processors; any thread, any lock may be held */
void kia_platform_interrupt(struct kia_platform *platform, uint16_t lid, unsigned dm, uint8_t vector)
{
    platform->config.interrupt(platform->config.opaque, lid, dm, vector);
}
