/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver for virtio devices, written from the specification, for tests. */
#ifndef TESTS_DEV_VIRTIO_DRIVER_H
#define TESTS_DEV_VIRTIO_DRIVER_H

#include "tests/dev/fixture.h"

/* Guest memory: queue q's rings at RING(q), data wherever the test likes from DATA up. */
#define RING(q)  (UINT64_C(0x100000) + (q) * UINT64_C(0x10000))
#define DESC(q)  RING(q)
#define AVAIL(q) (RING(q) + 0x4000)
#define USED(q)  (RING(q) + 0x8000)
#define DATA     UINT64_C(0x1000000)

/* Queue q interrupts with VQ_VECTOR + q. */
enum { QSIZE = 16, MAX_RINGS = 8, VQ_VECTOR = 0x80, CONFIG_VECTOR = 0x7f };

#define F_INDIRECT  (UINT64_C(1) << 28)
#define F_EVENT_IDX (UINT64_C(1) << 29)
#define F_VERSION_1 (UINT64_C(1) << 32)
#define F_PACKED    (UINT64_C(1) << 34)

/* Where the driver stands in a queue. Buffers are used in the order in which they were made available. */
struct ring {
    uint16_t avail, used; /* split: free running; packed: positions */
    bool avail_wrap, used_wrap;
    uint16_t next_desc; /* split: where the next chain goes */
    struct { uint16_t head, n; } out[QSIZE]; /* what the device has, from out_first */
    unsigned out_first, n_out;
};

struct driver {
    struct machine *m;
    unsigned slot;
    unsigned type;
    uint64_t common, notify, isr, config, msix; /* gpas */
    unsigned window; /* capability's offset in configuration space */
    bool packed;
    struct ring rings[MAX_RINGS];
};

struct buffer {
    uint64_t gpa;
    uint32_t len;
    bool write; /* by the device */
};

/* Finds the device's structures and makes it bus master. */
void driver_find(struct driver *d, struct machine *m, unsigned slot);
/* Resets the platform, gives its PCI devices addresses, finds this one. Return: 0, or -1. */
int driver_start_up(struct driver *d, struct machine *m, unsigned slot);
uint64_t driver_features(struct driver *d);
/* Reset, negotiation of @features, @n queues with QSIZE entries, DRIVER_OK. @msix: or INTx. Asserts that all of
 * it works. */
void driver_start_queues(struct driver *d, uint64_t features, bool msix, unsigned n);
/* The same with queue 0 alone. */
void driver_start(struct driver *d, uint64_t features, bool msix);
/* As driver_start() up to FEATURES_OK. */
void driver_negotiate(struct driver *d, uint64_t features);
void driver_set_queue(struct driver *d, unsigned q, uint16_t size, uint64_t desc, uint64_t avail,
                      uint64_t used);

uint64_t common_get(struct driver *d, unsigned offset, unsigned size);
void common_set(struct driver *d, unsigned offset, unsigned size, uint64_t value);

/* Puts a chain into the ring of a queue. At most QSIZE descriptors may be out. */
void driver_put(struct driver *d, unsigned q, const struct buffer *buffers, unsigned n, bool indirect);
void driver_notify(struct driver *d, unsigned q);
/* Both, for queue 0. */
void driver_submit(struct driver *d, const struct buffer *buffers, unsigned n, bool indirect);
/* Takes the next used entry, if there is one: its length. */
bool driver_take(struct driver *d, unsigned q, uint32_t *len);
/* Waits for queue @q's interrupt and takes one used entry: its length. Fails the test after five seconds. */
uint32_t driver_wait_on(struct driver *d, unsigned q);
uint32_t driver_wait(struct driver *d);

void ram_set(struct driver *d, uint64_t gpa, unsigned size, uint64_t value);
uint64_t ram_get(struct driver *d, uint64_t gpa, unsigned size);

#endif
