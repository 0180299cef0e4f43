/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio 9P transport: a folder of the host's for the guest. */
#ifndef KIA_VIRTIO_9P_H
#define KIA_VIRTIO_9P_H

struct kia_p9;
struct kia_pci;

enum { KIA_VIRTIO_9P_MAX_TAG = 32 };

/**
 * kia_virtio_9p_attach - attaches a folder
 * @slot: PCI slot, or -1 for any
 * @tag: the name that the guest mounts, 1 to 32 characters; copied
 * @p9: its server, which the device destroys at detach, also if attaching fails
 * Return: 0 or negative errno.
 * Thread: as dev/dev.h says for attach.
 */
int kia_virtio_9p_attach(struct kia_pci *pci, int slot, const char *tag, struct kia_p9 *p9);

#endif
