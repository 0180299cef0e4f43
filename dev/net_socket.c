/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back end "socket". */
#include "dev/net_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/net.h"

enum {
    LENGTH = 4, /* bytes in front of a frame of a stream */
    ROUND = 64, /* frames between two looks at the guest */
};

struct stream {
    struct kia_net net;
    int listener, fd; /* -1: none */
    int slot;         /* in the poll set, -1: not there */
    size_t in_len, out_len;
    uint8_t in[LENGTH + KIA_NET_MAX_FRAME];
    uint8_t out[LENGTH + KIA_NET_MAX_FRAME]; /* the rest of a frame that went out in part */
};

static void hang_up(struct stream *s)
{
    close(s->fd);
    s->fd = -1;
    s->in_len = s->out_len = 0;
}

static void stream_fill(struct kia_net *net, struct kia_net_poll *poll, bool receiving)
{
    struct stream *s = (struct stream *)net;
    short events = (receiving ? POLLIN : 0) | (s->out_len ? POLLOUT : 0);

    s->slot = -1;
    if (s->fd >= 0 && events)
        s->slot = kia_net_poll_add(poll, s->fd, events);
    else if (s->fd < 0 && s->listener >= 0)
        s->slot = kia_net_poll_add(poll, s->listener, POLLIN);
}

static void take_caller(struct stream *s)
{
    int one = 1;

    s->fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s->fd >= 0)
        setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* a UNIX socket has no such thing */
}

/* Gives out whole frames; false if what comes is no frame. */
static bool take_frames(struct stream *s)
{
    static const struct kia_net_hdr plain;
    size_t at = 0;

    while (s->in_len - at >= LENGTH) {
        const uint8_t *p = s->in + at;
        size_t len = (size_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];

        if (len > KIA_NET_MAX_FRAME)
            return false;
        if (s->in_len - at < LENGTH + len)
            break;
        s->net.receive(s->net.opaque, &plain, p + LENGTH, len);
        at += LENGTH + len;
    }
    s->in_len -= at;
    memmove(s->in, s->in + at, s->in_len);
    return true;
}

static void stream_in(struct stream *s)
{
    ssize_t n = read(s->fd, s->in + s->in_len, sizeof(s->in) - s->in_len);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        s->in_len += n;
    if (n <= 0 || !take_frames(s))
        hang_up(s);
}

static void stream_out(struct stream *s)
{
    ssize_t n = write(s->fd, s->out, s->out_len);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(s);
        return;
    }
    n = n < 0 ? 0 : n;
    s->out_len -= n;
    memmove(s->out, s->out + n, s->out_len);
}

static void stream_ready(struct kia_net *net, const struct kia_net_poll *poll)
{
    struct stream *s = (struct stream *)net;
    short got = s->slot >= 0 ? poll->fds[s->slot].revents : 0;

    if (!got)
        return;
    if (s->fd < 0) {
        take_caller(s);
        return;
    }
    if (s->out_len)
        stream_out(s);
    if (s->fd >= 0 && (got & ~POLLOUT))
        stream_in(s);
}

static bool stream_send(struct kia_net *net, const struct kia_net_hdr *hdr, const struct iovec *iov,
                        unsigned n, size_t len)
{
    struct stream *s = (struct stream *)net;
    size_t at = LENGTH;
    ssize_t sent;

    (void)hdr;
    if (s->fd < 0)
        return true; /* nobody is there: as a cable that hangs loose */
    if (s->out_len)
        return false;
    for (unsigned i = 0; i < LENGTH; i++)
        s->out[i] = len >> 8 * (LENGTH - 1 - i);
    for (unsigned i = 0; i < n; i++) {
        memcpy(s->out + at, iov[i].iov_base, iov[i].iov_len);
        at += iov[i].iov_len;
    }
    sent = write(s->fd, s->out, at);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(s);
        return true;
    }
    sent = sent < 0 ? 0 : sent;
    s->out_len = at - sent;
    memmove(s->out, s->out + sent, s->out_len);
    return true;
}

static void stream_destroy(struct kia_net *net)
{
    struct stream *s = (struct stream *)net;

    if (s->fd >= 0)
        close(s->fd);
    if (s->listener >= 0)
        close(s->listener);
    free(s);
}

/** kia_net_stream_create - see the header */
int kia_net_stream_create(int fd, bool listening, struct kia_net **net)
{
    static const struct kia_net_ops ops = {
        .fill = stream_fill,
        .ready = stream_ready,
        .send = stream_send,
        .destroy = stream_destroy,
    };
    struct stream *s = calloc(1, sizeof(*s));
    int one = 1;

    if (!s || fcntl(fd, F_SETFL, O_NONBLOCK)) {
        int err = s ? -errno : -ENOMEM;

        close(fd);
        free(s);
        return err;
    }
    s->net.ops = &ops;
    s->listener = listening ? fd : -1;
    s->fd = listening ? -1 : fd;
    s->slot = -1;
    if (!listening)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    *net = &s->net;
    return 0;
}

/* ---- datagrams ---- */

struct dgram {
    struct kia_net net;
    int fd, slot;
    struct sockaddr_storage to;
    socklen_t to_len;
    uint8_t frame[KIA_NET_MAX_FRAME];
};

static void dgram_fill(struct kia_net *net, struct kia_net_poll *poll, bool receiving)
{
    struct dgram *d = (struct dgram *)net;

    d->slot = receiving ? kia_net_poll_add(poll, d->fd, POLLIN) : -1;
}

static void dgram_ready(struct kia_net *net, const struct kia_net_poll *poll)
{
    static const struct kia_net_hdr plain;
    struct dgram *d = (struct dgram *)net;

    if (d->slot < 0 || !poll->fds[d->slot].revents)
        return;
    for (unsigned i = 0; i < ROUND; i++) {
        ssize_t n = recv(d->fd, d->frame, sizeof(d->frame), 0);

        if (n <= 0)
            return;
        net->receive(net->opaque, &plain, d->frame, n);
    }
}

/* A datagram that the host does not take is lost, as on any network. */
static bool dgram_send(struct kia_net *net, const struct kia_net_hdr *hdr, const struct iovec *iov,
                       unsigned n, size_t len)
{
    struct dgram *d = (struct dgram *)net;
    struct msghdr msg = {
        .msg_name = &d->to,
        .msg_namelen = d->to_len,
        .msg_iov = (struct iovec *)iov,
        .msg_iovlen = n,
    };

    (void)hdr;
    (void)len;
    sendmsg(d->fd, &msg, 0);
    return true;
}

static void dgram_destroy(struct kia_net *net)
{
    close(((struct dgram *)net)->fd);
    free(net);
}

/** kia_net_dgram_create - see the header */
int kia_net_dgram_create(int fd, const struct sockaddr *to, socklen_t to_len, struct kia_net **net)
{
    static const struct kia_net_ops ops = {
        .fill = dgram_fill,
        .ready = dgram_ready,
        .send = dgram_send,
        .destroy = dgram_destroy,
    };
    struct dgram *d = calloc(1, sizeof(*d));

    if (!d || to_len > sizeof(d->to) || fcntl(fd, F_SETFL, O_NONBLOCK)) {
        int err = d ? -EINVAL : -ENOMEM;

        close(fd);
        free(d);
        return err;
    }
    d->net.ops = &ops;
    d->fd = fd;
    d->slot = -1;
    memcpy(&d->to, to, to_len);
    d->to_len = to_len;
    *net = &d->net;
    return 0;
}
