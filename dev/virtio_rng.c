/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio entropy device (Virtual I/O Device Version 1.2, 5.4). */
#include "dev/virtio_rng.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "dev/virtio.h"
#include "dev/worker.h"

enum {
    TYPE_ENTROPY = 4,
    CLASS_OTHER = 0x00ff00,
    MAX_BYTES = 64 << 10, /* of one request; a driver that wants more asks again */
};

struct rng {
    struct kia_virtio vdev;
    struct kia_worker worker;
    int fd;
    bool fixed;    /* a machine with a virtual time: numbers that are the same in every run */
    uint64_t seed; /* of the next of them */
    struct kia_virtq_chain chain;
    uint8_t bytes[MAX_BYTES];
};

/* Steele, Lea and Flood's SplitMix64: every byte of its output passes for random, which is all a guest can see. */
static void fixed_bytes(struct rng *rng, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t z = rng->seed += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        rng->bytes[i] = (uint8_t)(z ^ z >> 31);
    }
}

/* Fills bytes[]; how many there are: fewer than @len only if the host has no more. */
static size_t random_bytes(struct rng *rng, size_t len)
{
    size_t have = 0;

    if (rng->fixed) {
        fixed_bytes(rng, len);
        return len;
    }
    while (have < len) {
        ssize_t n = rng->fd < 0 ? getrandom(rng->bytes + have, len - have, 0)
                                : read(rng->fd, rng->bytes + have, len - have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        have += n;
    }
    return have;
}

static void rng_work(void *opaque)
{
    struct rng *rng = opaque;
    struct kia_virtq *vq = &rng->vdev.queues[0];

    pthread_mutex_lock(&vq->lock);
    do {
        kia_virtq_set_notify(vq, false);
        while (kia_virtq_pop(vq, &rng->chain) > 0) {
            size_t len = random_bytes(rng, rng->chain.in_len < MAX_BYTES ? rng->chain.in_len : MAX_BYTES);

            kia_virtq_copy_in(vq, &rng->chain, 0, rng->bytes, len);
            kia_virtq_push(vq, &rng->chain, len);
        }
    } while (kia_virtq_set_notify(vq, true));
    pthread_mutex_unlock(&vq->lock);
}

static void rng_start(struct kia_virtio *vdev)
{
    (void)vdev;
}

static void rng_kick(struct kia_virtio *vdev, unsigned queue)
{
    (void)queue;
    kia_worker_kick(&((struct rng *)vdev)->worker);
}

static void rng_free(struct rng *rng)
{
    kia_worker_stop(&rng->worker);
    if (rng->fd >= 0)
        close(rng->fd);
    free(rng);
}

static void rng_detach(struct kia_virtio *vdev)
{
    rng_free((struct rng *)vdev);
}

static const struct kia_virtio_ops rng_ops = { .start = rng_start, .kick = rng_kick, .detach = rng_detach };

/** kia_virtio_rng_attach - see the header */
int kia_virtio_rng_attach(struct kia_pci *pci, int slot, int fd)
{
    struct rng *rng = calloc(1, sizeof(*rng));
    int err;

    if (!rng) {
        if (fd >= 0)
            close(fd);
        return -ENOMEM;
    }
    rng->fd = fd;
    rng->fixed = fd < 0 && kia_loop_is_virtual(kia_pci_loop(pci));
    rng->vdev.n_queues = 1;
    err = kia_worker_start(&rng->worker, kia_pci_loop(pci), "virtio-rng", rng_work, rng);
    if (!err)
        err = kia_virtio_pci_attach(&rng->vdev, pci, slot, TYPE_ENTROPY, CLASS_OTHER, &rng_ops);
    if (err)
        rng_free(rng);
    return err;
}
