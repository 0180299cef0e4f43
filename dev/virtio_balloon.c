/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio memory balloon (Virtual I/O Device Version 1.2, 5.5), on one thread. */
#include "dev/virtio_balloon.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev/virtio.h"
#include "dev/worker.h"

enum {
    TYPE_BALLOON = 5,
    CLASS_OTHER = 0x00ff00,
    F_STATS_VQ = 1,
    F_DEFLATE_ON_OOM = 2,
    F_REPORTING = 5,

    C_NUM_PAGES = 0, /* what the host wishes */
    C_ACTUAL = 4,    /* what the driver has done */
    CONFIG_LEN = 8,

    INFLATE = 0,
    DEFLATE = 1,
    STATS = 2,
    REPORTING = 3, /* right behind: there is no queue for hints */

    PAGE_SHIFT = 12, /* the unit, whatever the guest's pages are */
    STAT_LEN = 10,
    PFNS = 1024,        /* read at a time */
    MAX_PFNS = 1 << 16, /* of one request, so that its end can be waited for */
    MAX_STATS = 64,
};

struct kia_balloon {
    struct kia_virtio vdev;
    struct kia_worker worker;
    atomic_bool stats_wanted;
    atomic_bool restarted;
    pthread_mutex_t stats_lock;
    struct kia_balloon_stats stats;

    /* The worker's. */
    bool has_stats; /* the driver's buffer is here, waiting for the next time */
    struct kia_virtq_used stats_buffer;
    struct kia_virtq_chain chain;
    uint32_t pfns[PFNS];
};

/* Gives the listed pages to the host, neighbours together. */
static void discard_pfns(struct kia_balloon *b, unsigned n)
{
    uint64_t start = 0, end = 0;

    for (unsigned i = 0; i < n; i++) {
        uint64_t gpa = (uint64_t)le32toh(b->pfns[i]) << PAGE_SHIFT;

        if (gpa == end) {
            end += 1 << PAGE_SHIFT;
        } else if (gpa + (1 << PAGE_SHIFT) ==
                   start) { /* Linux lists a large page's parts downward or upward */
            start = gpa;
        } else {
            kia_mem_discard(b->vdev.mem, start, end - start);
            start = gpa;
            end = gpa + (1 << PAGE_SHIFT);
        }
    }
    kia_mem_discard(b->vdev.mem, start, end - start);
}

static void inflate(struct kia_balloon *b)
{
    uint64_t n = b->chain.out_len / sizeof(b->pfns[0]);

    n = n < MAX_PFNS ? n : MAX_PFNS;
    for (uint64_t at = 0; at < n;) {
        unsigned part = n - at < PFNS ? n - at : PFNS;

        kia_virtq_copy_out(&b->chain, at * sizeof(b->pfns[0]), b->pfns, part * sizeof(b->pfns[0]));
        discard_pfns(b, part);
        at += part;
    }
}

/* Pages that are free: the driver lists them as buffers. */
static void report(struct kia_balloon *b)
{
    for (unsigned i = b->chain.n_out; i < b->chain.n_out + b->chain.n_in; i++)
        kia_mem_discard(b->vdev.mem, b->chain.gpa[i], b->chain.iov[i].iov_len);
}

static void take_stats(struct kia_balloon *b)
{
    struct kia_balloon_stats stats;

    memset(&stats, 0xff, sizeof(stats));
    for (unsigned at = 0; at < MAX_STATS * STAT_LEN && at + STAT_LEN <= b->chain.out_len; at += STAT_LEN) {
        uint8_t stat[STAT_LEN];
        unsigned tag;

        kia_virtq_copy_out(&b->chain, at, stat, STAT_LEN);
        tag = kia_pci_get16(stat);
        if (tag < KIA_BALLOON_N_STATS)
            stats.value[tag] = kia_pci_get32(stat + 2) | (uint64_t)kia_pci_get32(stat + 6) << 32;
    }
    pthread_mutex_lock(&b->stats_lock);
    b->stats = stats;
    pthread_mutex_unlock(&b->stats_lock);
}

static void work_queue(struct kia_balloon *b, unsigned index, void (*serve)(struct kia_balloon *b))
{
    struct kia_virtq *vq = &b->vdev.queues[index];

    pthread_mutex_lock(&vq->lock);
    do {
        kia_virtq_set_notify(vq, false);
        while (kia_virtq_pop(vq, &b->chain) > 0) {
            if (serve)
                serve(b);
            kia_virtq_push(vq, &b->chain, 0);
        }
    } while (kia_virtq_set_notify(vq, true));
    pthread_mutex_unlock(&vq->lock);
}

/* The driver's one buffer goes back when somebody wants newer numbers, and comes again with them. */
static void work_stats(struct kia_balloon *b)
{
    struct kia_virtq *vq = &b->vdev.queues[STATS];

    pthread_mutex_lock(&vq->lock);
    if (b->has_stats && atomic_exchange(&b->stats_wanted, false) && kia_virtio_live(&b->vdev)) {
        b->has_stats = false;
        kia_virtq_put(vq, &b->stats_buffer, 1);
        kia_virtq_signal(vq);
    }
    if (!b->has_stats && kia_virtq_pop(vq, &b->chain) > 0) {
        take_stats(b);
        b->has_stats = true;
        b->stats_buffer = (struct kia_virtq_used){ b->chain.id, b->chain.n_desc, 0 };
    }
    if (kia_virtq_set_notify(vq, !b->has_stats) && !b->has_stats)
        kia_worker_kick(&b->worker);
    pthread_mutex_unlock(&vq->lock);
}

static void balloon_work(void *opaque)
{
    struct kia_balloon *b = opaque;

    if (atomic_exchange(&b->restarted, false))
        b->has_stats = false;
    work_queue(b, INFLATE, inflate);
    work_queue(b, DEFLATE, NULL); /* pages come back when they are touched */
    work_stats(b);
    if (b->vdev.n_queues > REPORTING)
        work_queue(b, REPORTING, report);
}

static void balloon_start(struct kia_virtio *vdev)
{
    memset(vdev->config + C_ACTUAL, 0, 4);
    ((struct kia_balloon *)vdev)->restarted = true; /* a kick follows */
}

static void balloon_kick(struct kia_virtio *vdev, unsigned queue)
{
    (void)queue;
    kia_worker_kick(&((struct kia_balloon *)vdev)->worker);
}

static void balloon_config_write(struct kia_virtio *vdev, unsigned offset, uint8_t value)
{
    if (offset >= C_ACTUAL && offset < C_ACTUAL + 4)
        vdev->config[offset] = value;
}

static void balloon_free(struct kia_balloon *b)
{
    kia_worker_stop(&b->worker);
    pthread_mutex_destroy(&b->stats_lock);
    free(b);
}

static void balloon_detach(struct kia_virtio *vdev)
{
    balloon_free((struct kia_balloon *)vdev);
}

static const struct kia_virtio_ops balloon_ops = {
    .start = balloon_start,
    .kick = balloon_kick,
    .config_write = balloon_config_write,
    .detach = balloon_detach,
};

/** kia_virtio_balloon_attach - see the header */
int kia_virtio_balloon_attach(struct kia_pci *pci, int slot, const struct kia_virtio_balloon_config *config,
                              struct kia_balloon **balloon)
{
    struct kia_balloon *b = calloc(1, sizeof(*b));
    int err;

    if (!b)
        return -ENOMEM;
    memset(&b->stats, 0xff, sizeof(b->stats));
    pthread_mutex_init(&b->stats_lock, NULL);
    b->vdev.n_queues = config->free_page_reporting ? REPORTING + 1 : REPORTING;
    b->vdev.offered = 1 << F_STATS_VQ | (config->deflate_on_oom ? 1 << F_DEFLATE_ON_OOM : 0) |
                      (config->free_page_reporting ? 1 << F_REPORTING : 0);
    b->vdev.config_len = CONFIG_LEN;
    err = kia_worker_start(&b->worker, kia_pci_loop(pci), "virtio-balloon", balloon_work, b);
    if (!err)
        err = kia_virtio_pci_attach(&b->vdev, pci, slot, TYPE_BALLOON, CLASS_OTHER, &balloon_ops);
    if (err)
        balloon_free(b);
    else
        *balloon = b;
    return err;
}

/** kia_balloon_set - see the header */
void kia_balloon_set(struct kia_balloon *balloon, uint64_t bytes)
{
    uint64_t pages = bytes >> PAGE_SHIFT;
    uint32_t value = htole32(pages < UINT32_MAX ? pages : UINT32_MAX);

    kia_virtio_set_config(&balloon->vdev, C_NUM_PAGES, &value, sizeof(value));
}

/** kia_balloon_get - see the header */
uint64_t kia_balloon_get(struct kia_balloon *balloon)
{
    uint64_t pages;

    pthread_mutex_lock(&balloon->vdev.lock);
    pages = kia_pci_get32(balloon->vdev.config + C_ACTUAL);
    pthread_mutex_unlock(&balloon->vdev.lock);
    return pages << PAGE_SHIFT;
}

/** kia_balloon_stats - see the header */
void kia_balloon_stats(struct kia_balloon *balloon, struct kia_balloon_stats *stats)
{
    pthread_mutex_lock(&balloon->stats_lock);
    *stats = balloon->stats;
    pthread_mutex_unlock(&balloon->stats_lock);
    balloon->stats_wanted = true;
    kia_worker_kick(&balloon->worker);
}
