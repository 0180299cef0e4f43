/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back end "tap". */
#include "dev/net_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dev/net.h"

enum { ROUND = 64, MAX_IOV = 1024 };

struct tap {
    struct kia_net net;
    int fd, slot;
    bool has_header; /* IFF_VNET_HDR */
    bool full;       /* the last send was refused */
    struct iovec iov[MAX_IOV + 1];
    uint8_t frame[KIA_NET_MAX_FRAME];
};

/** kia_net_tap_open - see the header */
int kia_net_tap_open(char name[16])
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request)) {
        int err = -errno;

        close(fd);
        return err;
    }
    memcpy(name, request.ifr_name, IFNAMSIZ);
    return fd;
}

static void tap_fill(struct kia_net *net, struct kia_net_poll *poll, bool receiving)
{
    struct tap *tap = (struct tap *)net;
    short events = (receiving ? POLLIN : 0) | (tap->full ? POLLOUT : 0);

    tap->slot = events ? kia_net_poll_add(poll, tap->fd, events) : -1;
}

static void tap_ready(struct kia_net *net, const struct kia_net_poll *poll)
{
    struct tap *tap = (struct tap *)net;
    short got = tap->slot >= 0 ? poll->fds[tap->slot].revents : 0;

    if (got & POLLOUT)
        tap->full = false;
    for (unsigned i = 0; (got & POLLIN) && i < ROUND; i++) {
        struct virtio_net_hdr header = { 0 };
        struct iovec iov[2] = { { &header, sizeof(header) }, { tap->frame, sizeof(tap->frame) } };
        ssize_t skip = tap->has_header ? sizeof(header) : 0;
        ssize_t n = readv(tap->fd, iov + !tap->has_header, 1 + tap->has_header) - skip;
        struct kia_net_hdr hdr = {
            .flags = header.flags & (KIA_NET_NEEDS_CSUM | KIA_NET_DATA_VALID),
            .gso_type = header.gso_type,
            .hdr_len = header.hdr_len,
            .gso_size = header.gso_size,
            .csum_start = header.csum_start,
            .csum_offset = header.csum_offset,
        };

        if (n <= 0)
            return;
        net->receive(net->opaque, &hdr, tap->frame, n);
    }
}

static bool tap_send(struct kia_net *net, const struct kia_net_hdr *hdr, const struct iovec *iov, unsigned n,
                     size_t len)
{
    struct tap *tap = (struct tap *)net;
    struct virtio_net_hdr header = {
        .flags = hdr->flags,
        .gso_type = hdr->gso_type,
        .hdr_len = hdr->hdr_len,
        .gso_size = hdr->gso_size,
        .csum_start = hdr->csum_start,
        .csum_offset = hdr->csum_offset,
    };

    (void)len;
    if (n > MAX_IOV - 1)
        return true;
    tap->iov[0] = (struct iovec){ &header, sizeof(header) };
    memcpy(tap->iov + 1, iov, n * sizeof(*iov));
    if (writev(tap->fd, tap->iov + !tap->has_header, n + tap->has_header) >= 0 || errno != EAGAIN)
        return true; /* a frame that the host refuses is lost */
    tap->full = true;
    return false;
}

static void tap_set_receive_offload(struct kia_net *net, unsigned offload)
{
    struct tap *tap = (struct tap *)net;
    unsigned flags = 0;

    if (!tap->has_header)
        return;
    flags |= offload & KIA_NET_CSUM ? TUN_F_CSUM : 0;
    flags |= offload & KIA_NET_TSO4 ? TUN_F_TSO4 : 0;
    flags |= offload & KIA_NET_TSO6 ? TUN_F_TSO6 : 0;
    flags |= offload & KIA_NET_TSO_ECN ? TUN_F_TSO_ECN : 0;
    ioctl(tap->fd, TUNSETOFFLOAD, (unsigned long)flags);
}

static void tap_destroy(struct kia_net *net)
{
    close(((struct tap *)net)->fd);
    free(net);
}

/** kia_net_tap_create - see the header */
int kia_net_tap_create(int fd, struct kia_net **net)
{
    static const struct kia_net_ops ops = {
        .fill = tap_fill,
        .ready = tap_ready,
        .send = tap_send,
        .set_receive_offload = tap_set_receive_offload,
        .destroy = tap_destroy,
    };
    struct tap *tap = calloc(1, sizeof(*tap));
    struct ifreq request;
    int err = 0, size = sizeof(struct virtio_net_hdr);

    if (!tap)
        err = -ENOMEM;
    else if (ioctl(fd, TUNGETIFF, &request) || fcntl(fd, F_SETFL, O_NONBLOCK))
        err = -errno;
    else if (!(request.ifr_flags & IFF_TAP) || !(request.ifr_flags & IFF_NO_PI))
        err = -EINVAL;
    if (err) {
        close(fd);
        free(tap);
        return err;
    }
    tap->net.ops = &ops;
    tap->fd = fd;
    tap->slot = -1;
    tap->has_header = (request.ifr_flags & IFF_VNET_HDR) && !ioctl(fd, TUNSETVNETHDRSZ, &size);
    if (tap->has_header) {
        unsigned all = KIA_NET_CSUM | KIA_NET_TSO4 | KIA_NET_TSO6 | KIA_NET_TSO_ECN;

        tap->net.send_offload = tap->net.receive_offload = all;
        tap_set_receive_offload(&tap->net, 0);
    }
    *net = &tap->net;
    return 0;
}
