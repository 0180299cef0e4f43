/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio entropy device. */
#ifndef KIA_VIRTIO_RNG_H
#define KIA_VIRTIO_RNG_H

struct kia_pci;

/**
 * kia_virtio_rng_attach - attaches an entropy device
 * @slot: PCI slot, or -1 for any
 * @fd: where random bytes are read from, or -1 for getrandom(2), or with a virtual time (dev/loop.h) for a sequence
 *      that is the same in every run; the device closes it, also if attaching fails
 * Return: 0 or negative errno.
 * Thread: as dev/dev.h says for attach.
 */
int kia_virtio_rng_attach(struct kia_pci *pci, int slot, int fd);

#endif
