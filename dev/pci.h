/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI host bridge and what every PCI function has: configuration space, BARs, INTx, MSI-X.
 *
 * Owns bus 0 of segment 0 and the decoding of BARs. May include dev/dev.h and mem/.
 * Configuration accesses, kia_pci_set_intx() and kia_pci_msix_notify(): any thread; the rest: as dev/dev.h
 * says for attach and reset.
 */
#ifndef KIA_PCI_H
#define KIA_PCI_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dev/dev.h"

struct kia_pci;
struct kia_pci_msix;

enum {
    KIA_PCI_CONFIG_SIZE = 256,
    KIA_PCI_N_BARS = 6,
};

/* Registers of configuration space, and bits of them, that device models name. */
enum {
    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_COMMAND_IO = 1 << 0,
    PCI_COMMAND_MEMORY = 1 << 1,
    PCI_COMMAND_MASTER = 1 << 2,
    PCI_COMMAND_INTX_DISABLE = 1 << 10,
    PCI_STATUS = 0x06,
    PCI_STATUS_INTERRUPT = 1 << 3,
    PCI_STATUS_CAP_LIST = 1 << 4,
    PCI_REVISION_ID = 0x08,
    PCI_CLASS_PROG = 0x09,
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM_VENDOR_ID = 0x2c,
    PCI_SUBSYSTEM_ID = 0x2e,
    PCI_CAP_POINTER = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
    PCI_FIRST_CAP = 0x40,
    PCI_CAP_VENDOR = 0x09,
    PCI_CAP_MSIX = 0x11,
};

struct kia_pci_config {
    uint64_t mem32_gpa, mem32_size; /* windows for BARs; bus addresses are guest physical ones */
    uint64_t mem64_gpa, mem64_size;
    uint16_t io_base; /* ports from here to 0xffff */
    unsigned gsi; /* INTx of a slot: gsi + ((slot + pin) & 3), pin 0 = INTA# */
};

/* A host bridge with bus 0; slot 0 is the bridge itself. */
int kia_pci_attach(struct kia_platform *platform, const struct kia_pci_config *config, struct kia_pci **pci);
/* The machine's event loop, for timers and workers. Any thread. */
struct kia_loop *kia_pci_loop(const struct kia_pci *pci);
/* For dev/virtio_pci.c: features that virtio devices attached from now on do not offer. */
uint64_t *kia_pci_withheld(struct kia_pci *pci);
/* What firmware does after a reset: gives every BAR an address and switches memory and I/O decoding on. */
int kia_pci_assign(struct kia_pci *pci);

/* @reg: 0 to 4095; @size 1, 2 or 4, naturally aligned. What nobody owns reads as all ones and swallows
 * writes. */
uint32_t kia_pci_config_read(struct kia_pci *pci, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                             unsigned reg, unsigned size);
void kia_pci_config_write(struct kia_pci *pci, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                          unsigned reg, unsigned size, uint32_t value);

enum kia_pci_bar_kind {
    KIA_PCI_BAR_NONE,
    KIA_PCI_BAR_IO,
    KIA_PCI_BAR_MEM32,
    KIA_PCI_BAR_MEM64, /* prefetchable; takes two BAR registers */
};

struct kia_pci_bar {
    enum kia_pci_bar_kind kind;
    uint64_t size; /* a power of two */
    const struct kia_mmio_ops *ops;
    void *opaque;
    uint64_t gpa; /* where it is decoded, if it is */
    bool mapped;
};

struct kia_pci_id {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* base class {23:16}, sub-class {15:8}, programming interface {7:0} */
    uint8_t revision;
};

/* A function on the bus. Embed it; @dev's ops->reset calls kia_pci_dev_reset(), ops->detach
 * kia_pci_dev_detach(). */
struct kia_pci_dev {
    struct kia_dev dev;
    struct kia_pci *pci;
    unsigned devfn;
    uint8_t config[KIA_PCI_CONFIG_SIZE];
    uint8_t writable[KIA_PCI_CONFIG_SIZE]; /* bits that software may change */
    struct kia_pci_bar bars[KIA_PCI_N_BARS];
    unsigned cap_end, last_cap;
    struct kia_pci_msix *msix; /* NULL: none */
    _Atomic uint16_t command; /* as in config, readable without the bus lock */

    pthread_mutex_t intx_lock;
    struct kia_irq irq;
    bool intx;

    /* Called around accesses to capabilities, with the bus locked; may be NULL. */
    void (*config_reading)(struct kia_pci_dev *pdev, unsigned reg, unsigned size);
    void (*config_written)(struct kia_pci_dev *pdev, unsigned reg, unsigned size);
};

/* @slot: 1-31, or -1 for the first free one; function 0. @intx: it has an interrupt pin (INTA#). -EBUSY: slot
 * taken. */
int kia_pci_add(struct kia_pci *pci, struct kia_pci_dev *pdev, int slot, const struct kia_pci_id *id,
                bool intx, const struct kia_dev_ops *ops);
void kia_pci_dev_reset(struct kia_pci_dev *pdev);
void kia_pci_dev_detach(struct kia_pci_dev *pdev);
void kia_pci_add_bar(struct kia_pci_dev *pdev, unsigned index, enum kia_pci_bar_kind kind, uint64_t size,
                     const struct kia_mmio_ops *ops, void *opaque);
/* Appends a capability of @len bytes, header included, which read as zero; returns its offset. */
unsigned kia_pci_add_cap(struct kia_pci_dev *pdev, uint8_t id, unsigned len);

void kia_pci_set_intx(struct kia_pci_dev *pdev, bool asserted);
/* May the function read and write memory and send messages? */
static inline bool kia_pci_is_master(struct kia_pci_dev *pdev)
{
    return pdev->command & PCI_COMMAND_MASTER;
}

/* MSI-X (dev/pci_msix.c): @n vectors, table at 0 and pending bits at 2048 of a 4 KiB BAR of its own. */
int kia_pci_msix_init(struct kia_pci_dev *pdev, unsigned bar, unsigned n);
bool kia_pci_msix_enabled(struct kia_pci_dev *pdev);
void kia_pci_msix_notify(struct kia_pci_dev *pdev, unsigned vector);
/* For dev/pci.c: after a write to the capability or to the command register; at reset; at the end. */
void kia_pci_msix_update(struct kia_pci_dev *pdev);
void kia_pci_msix_reset(struct kia_pci_dev *pdev);
void kia_pci_msix_free(struct kia_pci_dev *pdev);

/* Little-endian fields of configuration space. */
static inline void kia_pci_set16(uint8_t *at, uint16_t value)
{
    at[0] = value;
    at[1] = value >> 8;
}

static inline void kia_pci_set32(uint8_t *at, uint32_t value)
{
    kia_pci_set16(at, value);
    kia_pci_set16(at + 2, value >> 16);
}

static inline uint16_t kia_pci_get16(const uint8_t *at)
{
    return at[0] | at[1] << 8;
}

static inline uint32_t kia_pci_get32(const uint8_t *at)
{
    return kia_pci_get16(at) | (uint32_t)kia_pci_get16(at + 2) << 16;
}

#endif
