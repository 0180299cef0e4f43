/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio console device with several ports. */
#ifndef KIA_VIRTIO_CONSOLE_H
#define KIA_VIRTIO_CONSOLE_H

#include <stdbool.h>

struct kia_chr;
struct kia_pci;

enum { KIA_VIRTIO_CONSOLE_MAX_PORTS = 7, KIA_VIRTIO_CONSOLE_MAX_NAME = 63 };

struct kia_virtio_console_port {
    struct kia_chr *chr; /* the caller's; must outlive the device. NULL: nothing at the other end */
    bool is_console;     /* /dev/hvcN, else /dev/vportNpM */
    const char *name;    /* up to 63 characters, for the guest's /dev/virtio-ports; NULL: none. Copied. */
};

/**
 * kia_virtio_console_attach - attaches the device
 * @slot: PCI slot, or -1 for any
 * @n: 0 to 7 ports. The first one, if it is a console, also serves drivers that know of one port only.
 * Return: 0 or negative errno.
 * Thread: as dev/dev.h says for attach.
 */
int kia_virtio_console_attach(struct kia_pci *pci, int slot, const struct kia_virtio_console_port *ports,
                              unsigned n);

#endif
