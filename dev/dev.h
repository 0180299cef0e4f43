/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices and what they stand on: address decoding, interrupt lines, messages, I/O ports.
 *
 * Owns every device of a machine from attach to detach, the GSI lines and the I/O port space.
 * May include mem/ and libc; it knows no processor, no engine and no board: those are the callbacks of struct
 * kia_platform_config. Attach, reset and detach: one thread, no vcpu running. Reads, writes and
 * kia_irq_set(): any thread, so each device has its own lock. Lock order: PCI bus, device, interrupt lines,
 * IOSAPIC; no device calls another one with its lock held.
 */
#ifndef KIA_DEV_H
#define KIA_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/mem.h"

struct kia_dev;
struct kia_iosapic;
struct kia_loop;
struct kia_platform;

enum kia_platform_event {
    KIA_PLATFORM_RESET,
    KIA_PLATFORM_POWEROFF,
};

/* What devices need from the machine around them. */
struct kia_platform_config {
    struct kia_mem *mem;
    struct kia_loop *loop; /* timers and file descriptors; run by the machine */
    uint64_t pib_gpa; /* processor interrupt block: 4-byte writes of devices there are interrupts */
    /* An interrupt message, as kia_vm_interrupt(): @lid = id << 8 | eid. Any thread; calls no device. */
    void (*interrupt)(void *opaque, uint16_t lid, unsigned dm, uint8_t vector);
    /* A device asks for a reset or for power-off. Any thread; returns at once. */
    void (*event)(void *opaque, enum kia_platform_event event);
    void *opaque;
};

int kia_platform_create(const struct kia_platform_config *config, struct kia_platform **platform);
/* Detaches every device, the last one first. */
void kia_platform_destroy(struct kia_platform *platform);
/* Resets every device in the order of attachment. */
void kia_platform_reset(struct kia_platform *platform);
void kia_platform_request(struct kia_platform *platform, enum kia_platform_event event);
struct kia_mem *kia_platform_mem(struct kia_platform *platform);
struct kia_loop *kia_platform_loop(struct kia_platform *platform);

/*
 * A device: embed struct kia_dev, fill @ops, call kia_dev_attach(). Accesses wider than access_max (a power
 * of two) are cut into pieces of that size, the lowest address first; narrower ones than access_min read a
 * part, and are lost when they write.
 */
struct kia_dev_ops {
    const char *name;
    unsigned access_min, access_max;
    uint64_t (*read)(struct kia_dev *dev, uint64_t offset, unsigned size);
    void (*write)(struct kia_dev *dev, uint64_t offset, unsigned size, uint64_t value);
    void (*reset)(struct kia_dev *dev);
    void (*detach)(struct kia_dev *dev); /* frees it */
};

struct kia_dev {
    const struct kia_dev_ops *ops;
    struct kia_platform *platform;
    struct kia_dev *next;
};

void kia_dev_attach(struct kia_platform *platform, struct kia_dev *dev, const struct kia_dev_ops *ops);
/* Decodes guest physical addresses or I/O ports to ops->read and ops->write. 0 or negative errno. */
int kia_dev_map_mmio(struct kia_dev *dev, uint64_t gpa, uint64_t size);
int kia_dev_map_ports(struct kia_dev *dev, uint16_t port, unsigned n);

/* One access under the rules above, for devices that decode addresses themselves. */
uint64_t kia_dev_read(struct kia_dev *dev, uint64_t offset, unsigned size);
void kia_dev_write(struct kia_dev *dev, uint64_t offset, unsigned size, uint64_t value);

/* The I/O port space as a map of its own (addresses are ports 0-0xffff), for PCI I/O BARs. */
struct kia_mem *kia_platform_ports(struct kia_platform *platform);
/* Puts the 64 MiB sparse I/O port space at @gpa (SDM 2:269). */
int kia_platform_map_port_space(struct kia_platform *platform, uint64_t gpa);

/* An output of a device into a GSI line. Several may drive one line: it is asserted while any of them is. */
struct kia_irq {
    struct kia_platform *platform;
    unsigned gsi;
    bool asserted;
};

void kia_irq_init(struct kia_irq *irq, struct kia_platform *platform, unsigned gsi);
void kia_irq_set(struct kia_irq *irq, bool asserted);

/* A 4-byte write by a device (MSI, MSI-X): an interrupt if it goes to the processor interrupt block, else a
 * store to RAM. */
void kia_platform_msi(struct kia_platform *platform, uint64_t address, uint32_t data);

/* For interrupt controllers (dev/iosapic.c) only. */
void kia_platform_set_iosapic(struct kia_platform *platform, struct kia_iosapic *iosapic);
void kia_platform_interrupt(struct kia_platform *platform, uint16_t lid, unsigned dm, uint8_t vector);

#endif
