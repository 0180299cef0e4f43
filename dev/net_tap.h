/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back end "tap": a network interface of the host's. */
#ifndef KIA_NET_TAP_H
#define KIA_NET_TAP_H

struct kia_net;

/**
 * kia_net_tap_open - opens an interface
 * @name: its name, up to 15 characters, or a pattern such as "tap%d"; set to what it became
 * Return: a descriptor for kia_net_tap_create(), or negative errno (-EPERM: it takes rights).
 */
int kia_net_tap_open(char name[16]);

/**
 * kia_net_tap_create - a back end on an open interface
 * @fd: closed with the back end, also if this fails. Frames have a virtio header in front if the interface
 * has IFF_VNET_HDR; then checksums and segments are left to the host's kernel.
 * Return: 0 or negative errno.
 */
int kia_net_tap_create(int fd, struct kia_net **net);

#endif
