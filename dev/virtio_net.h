/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio network device on a back end. */
#ifndef KIA_VIRTIO_NET_H
#define KIA_VIRTIO_NET_H

#include <stdint.h>

struct kia_net;
struct kia_pci;

struct kia_virtio_net_config {
    struct kia_net *net; /* the device destroys it at detach, also if attaching fails; NULL: no cable */
    uint8_t mac[6];
    uint16_t mtu; /* what the driver is told to use; 0: nothing */
};

/* @slot: PCI slot, or -1 for any. 0 or negative errno. Thread: as dev/dev.h says for attach. */
int kia_virtio_net_attach(struct kia_pci *pci, int slot, const struct kia_virtio_net_config *config);

#endif
