/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio block device on a raw file or block device. */
#ifndef KIA_VIRTIO_BLK_H
#define KIA_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>

struct kia_pci;

enum { KIA_VIRTIO_BLK_SECTOR = 512, KIA_VIRTIO_BLK_ID_LEN = 20, KIA_VIRTIO_BLK_MAX_QUEUES = 16 };

struct kia_virtio_blk_config {
    int fd; /* positional reads and writes; the device closes it at detach, also if attaching fails */
    uint64_t sectors; /* of 512 bytes */
    int direct_fd; /* the same opened with O_DIRECT, for what is aligned to 4 KiB; 0: none. Closed too. */
    bool readonly;
    bool writethrough; /* writes are on the medium before they are acknowledged, unless the driver objects */
    bool ignore_flush; /* the host may lose writes when it crashes */
    bool no_discard;
    const char *serial; /* up to 20 characters; NULL: none. Copied. */
    unsigned queues; /* 1 to 16, each with an I/O thread */
};

/* @slot: PCI slot, or -1 for any. 0 or negative errno. */
int kia_virtio_blk_attach(struct kia_pci *pci, int slot, const struct kia_virtio_blk_config *config);

#endif
