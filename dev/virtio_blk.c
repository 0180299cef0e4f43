/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio block device (Virtual I/O Device Version 1.2, 5.2). Each queue has a thread that does the host's
 * I/O. */
#include "dev/virtio_blk.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/virtio.h"
#include "dev/worker.h"

enum {
    TYPE_BLOCK = 2,
    CLASS_STORAGE = 0x010000, /* SCSI, as other virtual machines have it; drivers go by the device number */
    SECTOR = KIA_VIRTIO_BLK_SECTOR,

    F_SEG_MAX = 2,
    F_RO = 5,
    F_BLK_SIZE = 6,
    F_FLUSH = 9,
    F_TOPOLOGY = 10,
    F_CONFIG_WCE = 11,
    F_MQ = 12,
    F_DISCARD = 13,
    F_WRITE_ZEROES = 14,

    T_IN = 0,
    T_OUT = 1,
    T_FLUSH = 4,
    T_GET_ID = 8,
    T_DISCARD = 11,
    T_WRITE_ZEROES = 13,

    S_OK = 0,
    S_IOERR = 1,
    S_UNSUPP = 2,

    /* The configuration's fields. */
    C_CAPACITY = 0,
    C_SEG_MAX = 12,
    C_BLK_SIZE = 20,
    C_PHYSICAL_EXP = 24,
    C_OPT_IO_SIZE = 28,
    C_WRITEBACK = 32,
    C_NUM_QUEUES = 34,
    C_MAX_DISCARD_SECTORS = 36,
    C_MAX_DISCARD_SEG = 40,
    C_DISCARD_ALIGNMENT = 44,
    C_MAX_ZEROES_SECTORS = 48,
    C_MAX_ZEROES_SEG = 52,
    C_ZEROES_MAY_UNMAP = 56,
    CONFIG_LEN = 60,

    PAGE_EXP = 3, /* the host works in pages of 2^3 sectors */
    MAX_RANGES = 32, /* of one discard or write-zeroes request */
    MAX_RANGE_SECTORS = 4 << 20, /* 2 GiB: a request must end before the guest's patience does */
    RANGE_UNMAP = 1,
    ZERO_CHUNK = 64 << 10,
    DIRECT_ALIGN = 4096, /* more than any host asks for */
};

struct header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

struct range {
    uint64_t sector;
    uint32_t sectors;
    uint32_t flags;
};

struct blk;

struct blk_queue {
    struct blk *blk;
    struct kia_virtq *vq;
    struct kia_worker worker;
    struct kia_virtq_chain chain;
    struct iovec iov[KIA_VIRTQ_MAX_IOV];
};

struct blk {
    struct kia_virtio vdev;
    int fd, direct_fd; /* direct_fd: 0 if there is none */
    bool readonly, writethrough, ignore_flush, no_discard;
    bool is_device; /* fd is a block device of the host's */
    uint64_t sectors;
    char id[KIA_VIRTIO_BLK_ID_LEN];
    unsigned n_queues;
    struct blk_queue queues[KIA_VIRTIO_BLK_MAX_QUEUES];
};

static bool in_range(const struct blk *blk, uint64_t sector, uint64_t sectors)
{
    return sector <= blk->sectors && sectors <= blk->sectors - sector;
}

/* Reads or writes all of iov[], which it uses up; false on any error, the end of the file included. */
static bool transfer(int fd, bool write, struct iovec *iov, unsigned n, uint64_t offset)
{
    while (n) {
        ssize_t done = write ? pwritev(fd, iov, n, offset) : preadv(fd, iov, n, offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        offset += done;
        while (n && (size_t)done >= iov->iov_len) {
            done -= iov->iov_len;
            iov++;
            n--;
        }
        if (n) {
            iov->iov_base = (uint8_t *)iov->iov_base + done;
            iov->iov_len -= done;
        }
    }
    return true;
}

/* Memory, place and size must be aligned for O_DIRECT; the kernel keeps both ways to the file coherent. */
static int fd_for(const struct blk *blk, const struct iovec *iov, unsigned n, uint64_t offset)
{
    uint64_t bits = offset;

    if (!blk->direct_fd)
        return blk->fd;
    for (unsigned i = 0; i < n; i++)
        bits |= (uintptr_t)iov[i].iov_base | iov[i].iov_len;
    return bits % DIRECT_ALIGN ? blk->fd : blk->direct_fd;
}

static uint8_t flush(struct blk *blk)
{
    if (blk->ignore_flush)
        return S_OK;
    return fdatasync(blk->fd) ? S_IOERR : S_OK;
}

/* Without a flush command, or told so, the driver expects every write to be on the medium. */
static bool write_through(struct blk *blk)
{
    if (kia_virtio_has(&blk->vdev, F_CONFIG_WCE))
        return !__atomic_load_n(&blk->vdev.config[C_WRITEBACK], __ATOMIC_RELAXED);
    return blk->writethrough || !kia_virtio_has(&blk->vdev, F_FLUSH);
}

static uint8_t do_read(struct blk_queue *q, uint64_t sector)
{
    uint64_t len = q->chain.in_len - 1;
    unsigned n;

    if (len % SECTOR || !in_range(q->blk, sector, len / SECTOR))
        return S_IOERR;
    n = kia_virtq_slice(&q->chain, true, 0, len, q->iov);
    if (!transfer(fd_for(q->blk, q->iov, n, sector * SECTOR), false, q->iov, n, sector * SECTOR))
        return S_IOERR;
    kia_virtq_wrote(q->vq, &q->chain, 0, len);
    return S_OK;
}

static uint8_t do_write(struct blk_queue *q, uint64_t sector)
{
    uint64_t len = q->chain.out_len - sizeof(struct header);
    unsigned n;

    if (q->blk->readonly || len % SECTOR || !in_range(q->blk, sector, len / SECTOR))
        return S_IOERR;
    n = kia_virtq_slice(&q->chain, false, sizeof(struct header), len, q->iov);
    if (!transfer(fd_for(q->blk, q->iov, n, sector * SECTOR), true, q->iov, n, sector * SECTOR))
        return S_IOERR;
    return write_through(q->blk) ? flush(q->blk) : S_OK;
}

static uint8_t do_get_id(struct blk_queue *q)
{
    uint64_t len = q->chain.in_len - 1;

    if (len > KIA_VIRTIO_BLK_ID_LEN)
        len = KIA_VIRTIO_BLK_ID_LEN;
    return kia_virtq_copy_in(q->vq, &q->chain, 0, q->blk->id, len) ? S_OK : S_IOERR;
}

static bool write_zeros(int fd, uint64_t offset, uint64_t len)
{
    static const uint8_t zeros[ZERO_CHUNK];

    while (len) {
        struct iovec iov = { (void *)zeros, len < ZERO_CHUNK ? len : ZERO_CHUNK };
        uint64_t chunk = iov.iov_len;

        if (!transfer(fd, true, &iov, 1, offset))
            return false;
        offset += chunk;
        len -= chunk;
    }
    return true;
}

/* Not an error of the medium: the host's file or device does not do this, or not for parts of its blocks. */
static bool cannot(int err)
{
    return err == EOPNOTSUPP || err == ENODEV || err == ENOTTY || err == EINVAL;
}

static bool zero_range(struct blk *blk, uint64_t offset, uint64_t len, bool unmap)
{
    int mode =
        unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;

    if (!fallocate(blk->fd, mode, offset, len))
        return true;
    return cannot(errno) && write_zeros(blk->fd, offset, len);
}

/*
 * A discard is a wish: a host file that cannot do it stays as it is. A hole in a block device would be zeroes that are
 * written, hence its own call.
 */
static bool discard_range(struct blk *blk, uint64_t offset, uint64_t len)
{
    uint64_t range[2] = { offset, len };

    if (blk->is_device)
        return !ioctl(blk->fd, BLKDISCARD, range) || cannot(errno);
    return !fallocate(blk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, len) || cannot(errno);
}

static uint8_t do_ranges(struct blk_queue *q, bool zeroes)
{
    uint64_t len = q->chain.out_len - sizeof(struct header), n = len / sizeof(struct range);
    struct range ranges[MAX_RANGES];

    if (q->blk->readonly || !n || len % sizeof(struct range) || n > MAX_RANGES)
        return S_IOERR;
    kia_virtq_copy_out(&q->chain, sizeof(struct header), ranges, len);
    for (unsigned i = 0; i < n; i++) {
        uint64_t sector = le64toh(ranges[i].sector), sectors = le32toh(ranges[i].sectors);
        uint32_t flags = le32toh(ranges[i].flags);

        if (flags & ~(zeroes ? RANGE_UNMAP : 0))
            return S_UNSUPP;
        if (!in_range(q->blk, sector, sectors) || sectors > MAX_RANGE_SECTORS)
            return S_IOERR;
        if (!sectors)
            continue;
        if (!(zeroes ? zero_range(q->blk, sector * SECTOR, sectors * SECTOR, flags & RANGE_UNMAP)
                     : discard_range(q->blk, sector * SECTOR, sectors * SECTOR)))
            return S_IOERR;
    }
    return zeroes && write_through(q->blk) ? flush(q->blk) : S_OK;
}

static uint8_t dispatch(struct blk_queue *q)
{
    struct header header;

    kia_virtq_copy_out(&q->chain, 0, &header, sizeof(header));
    switch (le32toh(header.type)) {
    case T_IN:
        return do_read(q, le64toh(header.sector));
    case T_OUT:
        return do_write(q, le64toh(header.sector));
    case T_FLUSH:
        return flush(q->blk);
    case T_GET_ID:
        return do_get_id(q);
    case T_DISCARD:
        return do_ranges(q, false);
    case T_WRITE_ZEROES:
        return do_ranges(q, true);
    }
    return S_UNSUPP;
}

static void serve(struct blk_queue *q)
{
    uint8_t status = dispatch(q);

    /* The status is the last byte, wherever the data ended; what lies between counts as written. */
    kia_virtq_copy_in(q->vq, &q->chain, q->chain.in_len - 1, &status, 1);
    kia_virtq_push(q->vq, &q->chain, q->chain.in_len);
}

/* Works the queue until it is empty and the driver will kick for more. */
static void queue_work(void *opaque)
{
    struct blk_queue *q = opaque;

    pthread_mutex_lock(&q->vq->lock);
    do {
        int got;

        kia_virtq_set_notify(q->vq, false);
        while ((got = kia_virtq_pop(q->vq, &q->chain)) > 0) {
            if (q->chain.out_len < sizeof(struct header) || !q->chain.in_len) {
                kia_virtio_broken(&q->blk->vdev);
                break;
            }
            serve(q);
        }
    } while (kia_virtq_set_notify(q->vq, true));
    pthread_mutex_unlock(&q->vq->lock);
}

static void blk_kick(struct kia_virtio *vdev, unsigned queue)
{
    kia_worker_kick(&((struct blk *)vdev)->queues[queue].worker);
}

static void blk_start(struct kia_virtio *vdev)
{
    vdev->config[C_WRITEBACK] = kia_virtio_has(vdev, F_FLUSH) && !((struct blk *)vdev)->writethrough;
}

static void blk_config_write(struct kia_virtio *vdev, unsigned offset, uint8_t value)
{
    if (offset == C_WRITEBACK && value <= 1)
        __atomic_store_n(&vdev->config[C_WRITEBACK], value, __ATOMIC_RELAXED);
}

static void blk_free(struct blk *blk)
{
    for (unsigned i = 0; i < blk->n_queues; i++)
        kia_worker_stop(&blk->queues[i].worker);
    close(blk->fd);
    if (blk->direct_fd)
        close(blk->direct_fd);
    free(blk);
}

static void blk_detach(struct kia_virtio *vdev)
{
    blk_free((struct blk *)vdev);
}

static const struct kia_virtio_ops blk_ops = {
    .start = blk_start, .kick = blk_kick, .config_write = blk_config_write, .detach = blk_detach,
};

static void fill_config(struct blk *blk)
{
    uint8_t *c = blk->vdev.config;

    blk->vdev.config_len = CONFIG_LEN;
    kia_pci_set32(c + C_CAPACITY, blk->sectors);
    kia_pci_set32(c + C_CAPACITY + 4, blk->sectors >> 32);
    kia_pci_set32(c + C_SEG_MAX, KIA_VIRTQ_SIZE - 2); /* header and status take a descriptor each */
    kia_pci_set32(c + C_BLK_SIZE, SECTOR);
    c[C_PHYSICAL_EXP] = PAGE_EXP;
    kia_pci_set32(c + C_OPT_IO_SIZE, 0);
    c[C_WRITEBACK] = !blk->writethrough;
    kia_pci_set16(c + C_NUM_QUEUES, blk->n_queues);
    kia_pci_set32(c + C_MAX_DISCARD_SECTORS, MAX_RANGE_SECTORS);
    kia_pci_set32(c + C_MAX_DISCARD_SEG, MAX_RANGES);
    kia_pci_set32(c + C_DISCARD_ALIGNMENT, 1 << PAGE_EXP);
    kia_pci_set32(c + C_MAX_ZEROES_SECTORS, MAX_RANGE_SECTORS);
    kia_pci_set32(c + C_MAX_ZEROES_SEG, MAX_RANGES);
    c[C_ZEROES_MAY_UNMAP] = 1;
}

static uint64_t features(const struct blk *blk)
{
    uint64_t f = 1 << F_SEG_MAX | 1 << F_BLK_SIZE | 1 << F_FLUSH | 1 << F_TOPOLOGY | 1 << F_CONFIG_WCE;

    f |= blk->readonly ? 1 << F_RO : 1 << F_WRITE_ZEROES;
    f |= blk->readonly || blk->no_discard ? 0 : 1 << F_DISCARD;
    return blk->n_queues > 1 ? f | 1 << F_MQ : f;
}

static int start_workers(struct blk *blk, struct kia_pci *pci)
{
    int err = 0;

    for (unsigned i = 0; !err && i < blk->n_queues; i++)
        err = kia_worker_start(&blk->queues[i].worker, kia_pci_loop(pci), "virtio-blk", queue_work,
                               &blk->queues[i]);
    return err;
}

/** kia_virtio_blk_attach - see the header */
int kia_virtio_blk_attach(struct kia_pci *pci, int slot, const struct kia_virtio_blk_config *config)
{
    struct blk *blk = calloc(1, sizeof(*blk));
    struct stat st;
    int err;

    assert(config->queues >= 1 && config->queues <= KIA_VIRTIO_BLK_MAX_QUEUES);
    if (!blk) {
        close(config->fd);
        if (config->direct_fd)
            close(config->direct_fd);
        return -ENOMEM;
    }
    blk->fd = config->fd;
    blk->is_device = !fstat(config->fd, &st) && S_ISBLK(st.st_mode);
    blk->direct_fd = config->direct_fd;
    blk->readonly = config->readonly;
    blk->writethrough = config->writethrough;
    blk->ignore_flush = config->ignore_flush;
    blk->no_discard = config->no_discard;
    blk->sectors = config->sectors;
    blk->n_queues = blk->vdev.n_queues = config->queues;
    if (config->serial)
        memcpy(blk->id, config->serial, strnlen(config->serial, sizeof(blk->id)));
    for (unsigned i = 0; i < blk->n_queues; i++) {
        blk->queues[i].blk = blk;
        blk->queues[i].vq = &blk->vdev.queues[i];
    }
    fill_config(blk);
    blk->vdev.offered = features(blk);
    err = start_workers(blk, pci);
    if (!err)
        err = kia_virtio_pci_attach(&blk->vdev, pci, slot, TYPE_BLOCK, CLASS_STORAGE, &blk_ops);
    if (err)
        blk_free(blk);
    return err;
}
