/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network back ends: where the frames of a network device go to and come from.
 *
 * A back end is made by vmm/ and given to one device, which owns it from then on. Owns its descriptors. May
 * include libc, and dev/net_user.c libslirp.
 * All its functions and its calls of receive() are on the device's own thread, but for destroy(), which comes
 * when that thread has ended.
 */
#ifndef KIA_NET_H
#define KIA_NET_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
    KIA_NET_MAX_FRAME = 14 + 4 + 65535, /* Ethernet header, VLAN tag and the largest IP packet */

    /* struct kia_net_hdr */
    KIA_NET_NEEDS_CSUM = 1,
    KIA_NET_DATA_VALID = 2,
    KIA_NET_GSO_NONE = 0,
    KIA_NET_GSO_TCPV4 = 1,
    KIA_NET_GSO_TCPV6 = 4,
    KIA_NET_GSO_ECN = 0x80,
};

/* What is still to be done for a frame: struct virtio_net_hdr without num_buffers, in the host's byte
 * order. */
struct kia_net_hdr {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
};

/* Descriptors that the device's thread waits for. */
struct kia_net_poll {
    struct pollfd *fds;
    unsigned n, capacity;
    int timeout_ms; /* -1: none */
};

/* Adds a descriptor; its index, or -1 when the host has no memory. */
int kia_net_poll_add(struct kia_net_poll *poll, int fd, short events);

struct kia_net;

struct kia_net_ops {
    /* Adds what it waits for, and may shorten the time-out. @receiving: false while the guest takes no
     * frames. */
    void (*fill)(struct kia_net *net, struct kia_net_poll *poll, bool receiving);
    /* After the wait, also if nothing came. */
    void (*ready)(struct kia_net *net, const struct kia_net_poll *poll);
    /* Sends a frame of @len <= KIA_NET_MAX_FRAME bytes; hdr asks for nothing that @offload does not allow.
     * false: it can take none now, ask again after ready(). */
    bool (*send)(struct kia_net *net, const struct kia_net_hdr *hdr, const struct iovec *iov, unsigned n,
                 size_t len);
    /* What receive() may be given from now on; NULL: it always gives whole frames with checksums. */
    void (*set_receive_offload)(struct kia_net *net, unsigned offload);
    void (*destroy)(struct kia_net *net);
};

/* What one side can take. */
enum {
    KIA_NET_CSUM = 1, /* frames whose checksum is still to be computed */
    KIA_NET_TSO4 = 2, /* TCP frames that are still to be cut into segments */
    KIA_NET_TSO6 = 4,
    KIA_NET_TSO_ECN = 8,
};

/* A back end: embed it. */
struct kia_net {
    const struct kia_net_ops *ops;
    unsigned send_offload;    /* what send() takes */
    unsigned receive_offload; /* what it can give if it is asked to */
    /* Set by the device. */
    void (*receive)(void *opaque, const struct kia_net_hdr *hdr, const uint8_t *frame, size_t len);
    void *opaque;
};

#endif
