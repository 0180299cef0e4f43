/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio 1.x devices: what every device type shares, its queues, and the PCI transport.
 *
 * Owns feature negotiation, the device's status and the rings. May include dev/ and mem/.
 * A device works its queues on threads of its own; kick() comes on vcpu threads and must not block. A ring
 * that breaks the rules stops the device (DEVICE_NEEDS_RESET), never the process.
 */
#ifndef KIA_VIRTIO_H
#define KIA_VIRTIO_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "dev/pci.h"

enum {
    KIA_VIRTQ_SIZE = 256, /* entries that a driver may use at most */
    KIA_VIRTQ_MAX_IOV = 1024, /* buffers of one request, indirect ones included */
    KIA_VIRTIO_MAX_QUEUES = 17,
    KIA_VIRTIO_MAX_CONFIG = 64,
    KIA_VIRTIO_NO_VECTOR = 0xffff,
};

/* Feature bits that are not a device type's own. */
enum {
    VIRTIO_F_INDIRECT_DESC = 28,
    VIRTIO_F_EVENT_IDX = 29,
    VIRTIO_F_VERSION_1 = 32,
    VIRTIO_F_RING_PACKED = 34,
};

enum {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8,
    VIRTIO_STATUS_NEEDS_RESET = 64,
    VIRTIO_STATUS_FAILED = 128,
};

struct kia_virtio;

/* One queue. The driver's part is written under the device's lock, the ring's position under the queue's. */
struct kia_virtq {
    struct kia_virtio *vdev;

    /* What the driver set up; fixed while enabled. */
    uint16_t size;
    /* Descriptors, available ring or driver events, used ring or device events. */
    uint64_t desc, driver, device;
    bool enabled;
    _Atomic uint16_t msix_vector;

    pthread_mutex_t lock; /* held by the device's thread while it works the queue */
    uint8_t *desc_hva, *driver_hva, *device_hva; /* NULL: not started */
    uint16_t avail, used; /* split: free running; packed: positions */
    bool avail_wrap, used_wrap; /* packed */
    uint16_t signalled; /* @used at the last decision about an interrupt */
    bool signalled_valid;
};

/* A request taken from a queue. @iov: @n_out buffers to read, then @n_in buffers to write. */
struct kia_virtq_chain {
    uint16_t id;
    uint16_t n_desc; /* ring entries it takes (packed) */
    unsigned n_out, n_in;
    uint64_t out_len, in_len; /* bytes */
    struct iovec iov[KIA_VIRTQ_MAX_IOV];
    uint64_t gpa[KIA_VIRTQ_MAX_IOV];
};

/* A request that is done: what of its chain goes back. */
struct kia_virtq_used {
    uint16_t id, n_desc; /* of its struct kia_virtq_chain */
    uint32_t written; /* bytes, into its writable buffers */
};

struct kia_virtio_ops {
    /* The driver is ready; queues may be worked. vcpu thread, device locked. */
    void (*start)(struct kia_virtio *vdev);
    /* A queue may hold requests. Any thread, no lock; must not block. */
    void (*kick)(struct kia_virtio *vdev, unsigned queue);
    /* The driver wrote vdev->config[offset]. vcpu thread, device locked; NULL: nothing can be written. */
    void (*config_write)(struct kia_virtio *vdev, unsigned offset, uint8_t value);
    void (*detach)(struct kia_virtio *vdev); /* ends its threads and frees it */
};

struct kia_virtio {
    struct kia_pci_dev pdev;
    const struct kia_virtio_ops *ops;
    struct kia_mem *mem;
    uint64_t offered; /* features; the common ones are added */
    unsigned n_queues;
    struct kia_virtq queues[KIA_VIRTIO_MAX_QUEUES];
    uint8_t config[KIA_VIRTIO_MAX_CONFIG]; /* as the driver reads it, little endian; changed under @lock */
    unsigned config_len;

    pthread_mutex_t lock;
    _Atomic uint64_t accepted; /* features; fixed from FEATURES_OK on */
    _Atomic uint8_t status;
    uint8_t config_generation;
    uint32_t offered_select, accepted_select;
    uint16_t queue_select;
    _Atomic uint16_t config_vector;
    unsigned window_cap; /* the capability that is a window to the BAR */

    pthread_mutex_t isr_lock;
    uint8_t isr;
};

/*
 * Attaches @vdev (zeroed but for offered, n_queues, config, config_len) as a PCI function of virtio type
 * @type.
 * @class_code as in struct kia_pci_id. 0 or negative errno; owned by the platform from here on if 0.
 */
int kia_virtio_pci_attach(struct kia_virtio *vdev, struct kia_pci *pci, int slot, unsigned type,
                          uint32_t class_code, const struct kia_virtio_ops *ops);

/**
 * kia_virtio_withhold - makes the devices that are attached from here on offer less
 * @features: of VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX and VIRTIO_F_RING_PACKED, as bits; 0: all are offered
 * Thread: the one that attaches devices.
 */
void kia_virtio_withhold(struct kia_pci *pci, uint64_t features);

static inline bool kia_virtio_has(struct kia_virtio *vdev, unsigned feature)
{
    return vdev->accepted >> feature & 1;
}

/* May queues be worked now? Any thread. */
bool kia_virtio_live(struct kia_virtio *vdev);
/* The driver broke the rules: no more is done for it before it resets the device. Any thread, no device lock
 * held. */
void kia_virtio_broken(struct kia_virtio *vdev);

/* Changes @len bytes of the configuration and tells the driver. Any thread, no device lock held. */
void kia_virtio_set_config(struct kia_virtio *vdev, unsigned offset, const void *bytes, unsigned len);

/* ---- Queues (dev/virtq.c). The caller holds the queue's lock. ---- */

/* Takes the next request: 1, 0 if there is none, -EINVAL if the driver broke the rules (the device is
 * stopped). */
int kia_virtq_pop(struct kia_virtq *vq, struct kia_virtq_chain *chain);
/* Gives a request back with @written bytes written to its buffers, and sends the interrupt if the driver
 * wants one. */
void kia_virtq_push(struct kia_virtq *vq, const struct kia_virtq_chain *chain, uint32_t written);
/* The same in two steps, for requests that must come back at once (n >= 1, in the order they were taken) or
 * that share an interrupt. */
void kia_virtq_put(struct kia_virtq *vq, const struct kia_virtq_used *used, unsigned n);
void kia_virtq_signal(struct kia_virtq *vq);
/* Takes back every kia_virtq_pop() since kia_virtq_mark(); what was taken must not have been given back. */
struct kia_virtq_mark {
    uint16_t avail;
    bool avail_wrap;
};
struct kia_virtq_mark kia_virtq_mark(const struct kia_virtq *vq);
void kia_virtq_rewind(struct kia_virtq *vq, struct kia_virtq_mark mark);
/* Asks the driver for kicks, or not to bother. Return: true if requests came meanwhile. */
bool kia_virtq_set_notify(struct kia_virtq *vq, bool on);

/* Copies from the readable, or to the writable buffers, at a byte offset; false where they are too short. */
bool kia_virtq_copy_out(const struct kia_virtq_chain *chain, uint64_t offset, void *to, size_t len);
bool kia_virtq_copy_in(struct kia_virtq *vq, const struct kia_virtq_chain *chain, uint64_t offset,
                       const void *from, size_t len);
/* The part [offset, offset + len) of the readable (or writable) buffers as an array of at most
 * KIA_VIRTQ_MAX_IOV. */
unsigned kia_virtq_slice(const struct kia_virtq_chain *chain, bool writable, uint64_t offset, uint64_t len,
                         struct iovec *out);
/* Announces that [offset, offset + len) of the writable buffers was written through their addresses. */
void kia_virtq_wrote(struct kia_virtq *vq, const struct kia_virtq_chain *chain, uint64_t offset,
                     uint64_t len);

/* For the transport: takes a queue into use when the driver enables it (false: addresses it cannot have), and
 * out of it. */
bool kia_virtq_start(struct kia_virtq *vq);
void kia_virtq_stop(struct kia_virtq *vq);
/* For virtq.c: the queue's interrupt. */
void kia_virtio_queue_interrupt(struct kia_virtq *vq);

#endif
