/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back end "user", on libslirp. */
#include "dev/net_user.h"

#include <errno.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dev/net.h"
#include "dev/net_fragment.h"
#include "dev/net_offload.h"

enum {
    NS_PER_MS = 1000000,
    NS_PER_S = 1000000000,
    MTU = 1500,
    IPV6_PREFIX = 64,
};

/* A timer of libslirp's, for its IPv6 announcements. */
struct timer {
    struct timer *next;
    SlirpTimerId id;
    void *opaque;
    int64_t expires_ms; /* -1: off */
};

struct user {
    struct kia_net net;
    Slirp *slirp;
    struct timer *timers;
    struct kia_net_poll *filling;
    const struct kia_net_poll *answering;
    bool polled;
    struct kia_net_assembler *assembler;
    bool joining; /* the guest takes large frames */
    struct kia_net_joiner joiner;
    uint8_t frame[KIA_NET_MAX_FRAME];
};

static int64_t now_ns(void *opaque)
{
    struct timespec now;

    (void)opaque;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void deliver(void *opaque, const struct kia_net_hdr *hdr, const uint8_t *frame, size_t len)
{
    struct user *user = opaque;

    if (user->net.receive)
        user->net.receive(user->net.opaque, hdr, frame, len);
}

static ssize_t on_packet(const void *frame, size_t len, void *opaque)
{
    static const struct kia_net_hdr valid = { .flags = KIA_NET_DATA_VALID };
    struct user *user = opaque;

    if (len > KIA_NET_MAX_FRAME)
        return len;
    if (user->joining)
        kia_net_join(&user->joiner, frame, len);
    else
        deliver(user, &valid, frame, len);
    return len;
}

static void on_guest_error(const char *text, void *opaque)
{
    /* The guest's own trouble; it could fill the host's log. */
    (void)text;
    (void)opaque;
}

static void *timer_new(SlirpTimerId id, void *cb_opaque, void *opaque)
{
    struct user *user = opaque;
    struct timer *timer = calloc(1, sizeof(*timer));

    if (!timer)
        abort(); /* libslirp cannot be told; GLib, which it uses, ends the process as well */
    *timer = (struct timer){ user->timers, id, cb_opaque, -1 };
    user->timers = timer;
    return timer;
}

static void timer_free(void *timer, void *opaque)
{
    struct user *user = opaque;

    for (struct timer **at = &user->timers; *at; at = &(*at)->next) {
        if (*at == timer) {
            *at = (*at)->next;
            break;
        }
    }
    free(timer);
}

static void timer_mod(void *timer, int64_t expires_ms, void *opaque)
{
    (void)opaque;
    ((struct timer *)timer)->expires_ms = expires_ms;
}

static void run_timers(struct user *user)
{
    int64_t now = now_ns(NULL) / NS_PER_MS;

    for (struct timer *timer = user->timers; timer; timer = timer->next) {
        if (timer->expires_ms >= 0 && timer->expires_ms <= now) {
            timer->expires_ms = -1;
            slirp_handle_timer(user->slirp, timer->id, timer->opaque);
        }
    }
}

/* The device's thread asks for the descriptors before each wait, so nothing has to be told of changes. */
static void on_poll_fd(int fd, void *opaque)
{
    (void)fd;
    (void)opaque;
}

static void on_notify(void *opaque)
{
    (void)opaque;
}

static int add_poll(int fd, int events, void *opaque)
{
    struct user *user = opaque;
    short wanted = 0;

    wanted |= events & SLIRP_POLL_IN ? POLLIN : 0;
    wanted |= events & SLIRP_POLL_OUT ? POLLOUT : 0;
    wanted |= events & SLIRP_POLL_PRI ? POLLPRI : 0;
    wanted |= events & SLIRP_POLL_ERR ? POLLERR : 0;
    wanted |= events & SLIRP_POLL_HUP ? POLLHUP : 0;
    return kia_net_poll_add(user->filling, fd, wanted);
}

static int get_revents(int index, void *opaque)
{
    struct user *user = opaque;
    short got;
    int events = 0;

    if (index < 0)
        return 0;
    got = user->answering->fds[index].revents;
    events |= got & POLLIN ? SLIRP_POLL_IN : 0;
    events |= got & POLLOUT ? SLIRP_POLL_OUT : 0;
    events |= got & POLLPRI ? SLIRP_POLL_PRI : 0;
    events |= got & POLLERR ? SLIRP_POLL_ERR : 0;
    events |= got & POLLHUP ? SLIRP_POLL_HUP : 0;
    return events;
}

static void user_fill(struct kia_net *net, struct kia_net_poll *poll, bool receiving)
{
    struct user *user = (struct user *)net;
    uint32_t timeout = poll->timeout_ms < 0 ? UINT32_MAX : (uint32_t)poll->timeout_ms;
    int64_t now = now_ns(NULL) / NS_PER_MS;

    user->polled = receiving;
    if (!receiving)
        return; /* nobody reads from the host's sockets, so their peers wait */
    user->filling = poll;
    slirp_pollfds_fill(user->slirp, &timeout, add_poll, user);
    for (const struct timer *timer = user->timers; timer; timer = timer->next) {
        int64_t left = timer->expires_ms - now;

        if (timer->expires_ms >= 0 && left < timeout)
            timeout = left < 0 ? 0 : left;
    }
    poll->timeout_ms = timeout > INT32_MAX ? -1 : (int)timeout;
}

static void user_ready(struct kia_net *net, const struct kia_net_poll *poll)
{
    struct user *user = (struct user *)net;

    user->answering = poll;
    if (user->polled)
        slirp_pollfds_poll(user->slirp, 0, get_revents, user);
    run_timers(user);
    kia_net_join_flush(&user->joiner);
}

/* libslirp wants checksums, but takes TCP segments of any size. */
static bool user_send(struct kia_net *net, const struct kia_net_hdr *hdr, const struct iovec *iov, unsigned n,
                      size_t len)
{
    struct user *user = (struct user *)net;
    uint8_t *frame;
    size_t at = 0;

    for (unsigned i = 0; i < n; i++) {
        memcpy(user->frame + at, iov[i].iov_base, iov[i].iov_len);
        at += iov[i].iov_len;
    }
    if (kia_net_finish_checksum(hdr, user->frame, len)) {
        frame = kia_net_assemble(user->assembler, user->frame, &len, now_ns(NULL) / NS_PER_S);
        if (frame)
            slirp_input(user->slirp, frame, len);
    }
    kia_net_join_flush(&user->joiner);
    return true;
}

static void user_set_receive_offload(struct kia_net *net, unsigned offload)
{
    struct user *user = (struct user *)net;

    user->joiner.len = 0;
    user->joining = (offload & KIA_NET_CSUM) && (offload & KIA_NET_TSO4);
}

static void user_destroy(struct kia_net *net)
{
    struct user *user = (struct user *)net;

    net->receive = NULL;
    user->joiner.len = 0;
    user->joining = false;
    if (user->slirp)
        slirp_cleanup(user->slirp);
    kia_net_assembler_destroy(user->assembler);
    free(user);
}

static const struct kia_net_ops user_ops = {
    .fill = user_fill,
    .ready = user_ready,
    .send = user_send,
    .set_receive_offload = user_set_receive_offload,
    .destroy = user_destroy,
};

static const SlirpCb callbacks = {
    .send_packet = on_packet,
    .guest_error = on_guest_error,
    .clock_get_ns = now_ns,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = on_poll_fd,
    .unregister_poll_fd = on_poll_fd,
    .notify = on_notify,
    .timer_new_opaque = timer_new,
};

static Slirp *start(struct user *user, const struct kia_net_user_config *config)
{
    SlirpConfig slirp = {
        .version = 4,
        .restricted = config->restricted,
        .in_enabled = config->ipv4,
        .vnetwork = config->net,
        .vnetmask = config->mask,
        .vhost = config->host,
        .in6_enabled = config->ipv6,
        .vprefix_len = IPV6_PREFIX,
        .vhostname = config->hostname,
        .tftp_path = config->tftp,
        .bootfile = config->bootfile,
        .vdhcp_start = config->dhcp_start,
        .vnameserver = config->dns,
        .vdnssearch = config->search[0] ? (const char **)config->search : NULL,
        .vdomainname = config->domain,
        .if_mtu = MTU,
        .if_mru = MTU,
    };

    /* fec0::/64, the host at 2, the name server at 3. */
    slirp.vprefix_addr6.s6_addr[0] = 0xfe;
    slirp.vprefix_addr6.s6_addr[1] = 0xc0;
    slirp.vhost6 = slirp.vnameserver6 = slirp.vprefix_addr6;
    slirp.vhost6.s6_addr[15] = 2;
    slirp.vnameserver6.s6_addr[15] = 3;
    return slirp_new(&slirp, &callbacks, user);
}

/** kia_net_user_create - see the header */
int kia_net_user_create(const struct kia_net_user_config *config, struct kia_net **net, int *failed)
{
    struct user *user = calloc(1, sizeof(*user));

    *failed = -1;
    if (!user)
        return -ENOMEM;
    user->net.ops = &user_ops;
    user->net.send_offload = KIA_NET_CSUM | KIA_NET_TSO4; /* it answers large IPv6 packets with "too big" */
    user->net.receive_offload = KIA_NET_CSUM | KIA_NET_TSO4;
    user->joiner.out = deliver;
    user->joiner.opaque = user;
    user->assembler = kia_net_assembler_create();
    user->slirp = user->assembler ? start(user, config) : NULL;
    if (!user->slirp) {
        int err = user->assembler ? -EINVAL : -ENOMEM;

        user_destroy(&user->net);
        return err;
    }
    for (unsigned i = 0; i < config->n_forwards; i++) {
        const struct kia_net_forward *f = &config->forwards[i];

        if (slirp_add_hostfwd(user->slirp, f->udp, f->host_addr, f->host_port, f->guest_addr,
                              f->guest_port)) {
            int err = -errno;

            *failed = i;
            user_destroy(&user->net);
            return err ? err : -EINVAL;
        }
    }
    *net = &user->net;
    return 0;
}
