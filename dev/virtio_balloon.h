/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio memory balloon. */
#ifndef KIA_VIRTIO_BALLOON_H
#define KIA_VIRTIO_BALLOON_H

#include <stdbool.h>
#include <stdint.h>

struct kia_balloon;
struct kia_pci;

struct kia_virtio_balloon_config {
    bool deflate_on_oom;      /* the guest may take pages back when it runs out of memory */
    bool free_page_reporting; /* the guest says which pages it does not use */
};

/* What the guest said last of its memory (5.5.6.3), bytes where they are sizes; UINT64_MAX: not said. */
enum { KIA_BALLOON_N_STATS = 10 };
struct kia_balloon_stats {
    uint64_t
        value[KIA_BALLOON_N_STATS]; /* by the specification's numbers: 0 swap in ... 9 huge page failures */
};

/* @slot: PCI slot, or -1 for any. 0 or negative errno. Thread: as dev/dev.h says for attach. */
int kia_virtio_balloon_attach(struct kia_pci *pci, int slot, const struct kia_virtio_balloon_config *config,
                              struct kia_balloon **balloon);
/* Asks the guest to give up, or take back, so much that @bytes are in the balloon; it may take its time.
 * Any thread. */
void kia_balloon_set(struct kia_balloon *balloon, uint64_t bytes);
/* Bytes that are in the balloon now. Any thread. */
uint64_t kia_balloon_get(struct kia_balloon *balloon);
/* The latest statistics; asks the guest for newer ones. Any thread. */
void kia_balloon_stats(struct kia_balloon *balloon, struct kia_balloon_stats *stats);

#endif
