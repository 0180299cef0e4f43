/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio network device (Virtual I/O Device Version 1.2, 5.1).
 *
 * One thread works its three queues and runs the back end. Frames that the guest has no buffers for wait in a
 * backlog; while there is one, the back end is told to take nothing from the host.
 */
#include "dev/virtio_net.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dev/net.h"
#include "dev/virtio.h"
#include "dev/worker.h"

enum {
    TYPE_NET = 1,
    CLASS_ETHERNET = 0x020000,

    F_CSUM = 0,
    F_GUEST_CSUM = 1,
    F_CTRL_GUEST_OFFLOADS = 2,
    F_MTU = 3,
    F_MAC = 5,
    F_GUEST_TSO4 = 7,
    F_GUEST_TSO6 = 8,
    F_GUEST_ECN = 9,
    F_HOST_TSO4 = 11,
    F_HOST_TSO6 = 12,
    F_HOST_ECN = 13,
    F_MRG_RXBUF = 15,
    F_STATUS = 16,
    F_CTRL_VQ = 17,
    F_CTRL_MAC_ADDR = 23,

    /* The configuration's fields. */
    C_MAC = 0,
    C_STATUS = 6,
    C_MTU = 10,
    CONFIG_LEN = 12,
    LINK_UP = 1,

    RX = 0,
    TX = 1,
    CTRL = 2,
    N_QUEUES = 3,

    HDR_LEN = 12,
    MIN_FRAME = 14,
    ROUND = 64,              /* requests between two looks at the back end */
    BACKLOG_BYTES = 4 << 20, /* frames past it are lost */

    CTRL_MAC = 1,
    CTRL_MAC_SET = 1,
    CTRL_OFFLOADS = 5,
    CTRL_OFFLOADS_SET = 0,
    CTRL_OK = 0,
    CTRL_ERR = 1,
};

/* What a driver may switch on and off with CTRL_GUEST_OFFLOADS. */
#define GUEST_OFFLOADS                                                                                       \
    (UINT64_C(1) << F_GUEST_CSUM | UINT64_C(1) << F_GUEST_TSO4 | UINT64_C(1) << F_GUEST_TSO6 |               \
     UINT64_C(1) << F_GUEST_ECN)

/* A frame that waits for buffers. */
struct held {
    struct held *next;
    struct kia_net_hdr hdr;
    size_t len;
    uint8_t frame[];
};

struct vnet {
    struct kia_virtio vdev;
    struct kia_net *net;
    uint8_t mac[6];
    pthread_t thread;
    bool has_thread;
    bool virtual_time; /* the worker takes the thread's place */
    struct kia_worker worker;
    int wake_fd;
    atomic_bool awake; /* wake_fd was written */
    atomic_bool end;
    atomic_bool restarted; /* the driver negotiated anew */

    /* The thread's. */
    _Atomic uint64_t guest_offloads;
    bool tx_blocked; /* the back end takes no more for now */
    struct held *backlog, **backlog_end;
    size_t backlog_bytes;
    struct kia_net_poll poll;
    struct kia_virtq_chain first, more; /* receiving, which may happen inside of sending */
    struct kia_virtq_chain chain;       /* sending, commands */
    struct kia_virtq_used used[KIA_VIRTQ_SIZE];
    struct iovec iov[KIA_VIRTQ_MAX_IOV];
};

static void wake(struct vnet *v)
{
    uint64_t one = 1;

    if (v->virtual_time)
        kia_worker_kick(&v->worker);
    else if (!atomic_exchange(&v->awake, true) && write(v->wake_fd, &one, sizeof(one)) < 0)
        v->awake = false; /* cannot happen: the counter is at most 1 */
}

/* ---- to the guest ---- */

static unsigned receive_offload(struct vnet *v)
{
    uint64_t on = v->guest_offloads & v->vdev.accepted;

    if (!(on >> F_GUEST_CSUM & 1))
        return 0;
    return KIA_NET_CSUM | (on >> F_GUEST_TSO4 & 1 ? KIA_NET_TSO4 : 0) |
           (on >> F_GUEST_TSO6 & 1 ? KIA_NET_TSO6 : 0) | (on >> F_GUEST_ECN & 1 ? KIA_NET_TSO_ECN : 0);
}

static unsigned offload_of(const struct kia_net_hdr *hdr)
{
    unsigned needs = hdr->flags & KIA_NET_NEEDS_CSUM ? KIA_NET_CSUM : 0;

    switch (hdr->gso_type & ~KIA_NET_GSO_ECN) {
    case KIA_NET_GSO_NONE:
        return needs;
    case KIA_NET_GSO_TCPV4:
        needs |= KIA_NET_TSO4;
        break;
    case KIA_NET_GSO_TCPV6:
        needs |= KIA_NET_TSO6;
        break;
    default:
        return UINT32_MAX;
    }
    return needs | (hdr->gso_type & KIA_NET_GSO_ECN ? KIA_NET_TSO_ECN : 0);
}

static void put_header(const struct kia_net_hdr *hdr, bool csum, unsigned n_buffers, uint8_t *at)
{
    at[0] = csum ? hdr->flags : 0;
    at[1] = hdr->gso_type;
    kia_pci_set16(at + 2, hdr->hdr_len);
    kia_pci_set16(at + 4, hdr->gso_size);
    kia_pci_set16(at + 6, hdr->csum_start);
    kia_pci_set16(at + 8, hdr->csum_offset);
    kia_pci_set16(at + 10, n_buffers);
}

enum placed { PLACED, DROPPED, NO_BUFFERS };

/* Puts the frame into as many buffers as it takes; how many, 0 for none, or -1 if it can never be done. */
static int fill_buffers(struct vnet *v, struct kia_virtq *vq, const uint8_t *frame, size_t len)
{
    bool merge = kia_virtio_has(&v->vdev, F_MRG_RXBUF);
    size_t at = 0;
    unsigned n = 0;

    while (at < len) {
        struct kia_virtq_chain *chain = n ? &v->more : &v->first;
        size_t skip = n ? 0 : HDR_LEN, part;
        int got = n < KIA_VIRTQ_SIZE ? kia_virtq_pop(vq, chain) : -1;

        if (got <= 0)
            return got;
        if (chain->n_out || chain->in_len <= skip) {
            kia_virtio_broken(&v->vdev);
            return -1;
        }
        part = chain->in_len - skip < len - at ? chain->in_len - skip : len - at;
        if (!merge && part < len)
            return -1;
        kia_virtq_copy_in(vq, chain, skip, frame + at, part);
        v->used[n++] = (struct kia_virtq_used){ chain->id, chain->n_desc, skip + part };
        at += part;
    }
    return n;
}

static enum placed place(struct vnet *v, const struct kia_net_hdr *hdr, const uint8_t *frame, size_t len)
{
    struct kia_virtq *vq = &v->vdev.queues[RX];
    bool csum = kia_virtio_has(&v->vdev, F_GUEST_CSUM);
    uint8_t header[HDR_LEN];
    bool more;
    int n;

    if (!kia_virtio_live(&v->vdev) || (offload_of(hdr) & ~receive_offload(v)))
        return DROPPED;
    pthread_mutex_lock(&vq->lock);
    do {
        struct kia_virtq_mark mark = kia_virtq_mark(vq);

        n = fill_buffers(v, vq, frame, len);
        more = !n && kia_virtq_set_notify(vq, true); /* more than those that are too few */
        if (n <= 0)
            kia_virtq_rewind(vq, mark);
    } while (more);
    if (n > 0) {
        put_header(hdr, csum, n, header);
        kia_virtq_copy_in(vq, &v->first, 0, header, HDR_LEN);
        kia_virtq_put(vq, v->used, n);
        kia_virtq_signal(vq);
    }
    pthread_mutex_unlock(&vq->lock);
    return n > 0 ? PLACED : n < 0 ? DROPPED : NO_BUFFERS;
}

static void hold(struct vnet *v, const struct kia_net_hdr *hdr, const uint8_t *frame, size_t len)
{
    struct held *held;

    if (v->backlog_bytes + len > BACKLOG_BYTES)
        return;
    held = malloc(sizeof(*held) + len);
    if (!held)
        return;
    held->next = NULL;
    held->hdr = *hdr;
    held->len = len;
    memcpy(held->frame, frame, len);
    *v->backlog_end = held;
    v->backlog_end = &held->next;
    v->backlog_bytes += len;
}

static void drop_first(struct vnet *v)
{
    struct held *held = v->backlog;

    v->backlog = held->next;
    if (!v->backlog)
        v->backlog_end = &v->backlog;
    v->backlog_bytes -= held->len;
    free(held);
}

static void on_receive(void *opaque, const struct kia_net_hdr *hdr, const uint8_t *frame, size_t len)
{
    struct vnet *v = opaque;

    if (len < MIN_FRAME || len > KIA_NET_MAX_FRAME)
        return;
    if (v->backlog || place(v, hdr, frame, len) == NO_BUFFERS)
        hold(v, hdr, frame, len);
}

static void work_backlog(struct vnet *v)
{
    struct kia_virtq *vq = &v->vdev.queues[RX];

    while (v->backlog && place(v, &v->backlog->hdr, v->backlog->frame, v->backlog->len) != NO_BUFFERS)
        drop_first(v);
    if (!v->backlog) {
        pthread_mutex_lock(&vq->lock);
        kia_virtq_set_notify(vq, false); /* new buffers are no news while some are left */
        pthread_mutex_unlock(&vq->lock);
    }
}

/* ---- from the guest ---- */

/* Reads the header of v->chain; false if it asks for what was not agreed on. */
static bool take_header(struct vnet *v, struct kia_net_hdr *hdr)
{
    uint8_t at[HDR_LEN];
    unsigned allowed = 0;

    kia_virtq_copy_out(&v->chain, 0, at, HDR_LEN);
    *hdr = (struct kia_net_hdr){
        .flags = at[0] & KIA_NET_NEEDS_CSUM,
        .gso_type = at[1],
        .hdr_len = kia_pci_get16(at + 2),
        .gso_size = kia_pci_get16(at + 4),
        .csum_start = kia_pci_get16(at + 6),
        .csum_offset = kia_pci_get16(at + 8),
    };
    allowed |= kia_virtio_has(&v->vdev, F_CSUM) ? KIA_NET_CSUM : 0;
    allowed |= kia_virtio_has(&v->vdev, F_HOST_TSO4) ? KIA_NET_TSO4 : 0;
    allowed |= kia_virtio_has(&v->vdev, F_HOST_TSO6) ? KIA_NET_TSO6 : 0;
    allowed |= kia_virtio_has(&v->vdev, F_HOST_ECN) ? KIA_NET_TSO_ECN : 0;
    if (offload_of(hdr) & ~allowed)
        return false;
    return hdr->gso_type == KIA_NET_GSO_NONE || ((hdr->flags & KIA_NET_NEEDS_CSUM) && hdr->gso_size);
}

/* Sends v->chain; false if the back end can take nothing now. A frame that makes no sense is lost. */
static bool send_chain(struct vnet *v)
{
    struct kia_net_hdr hdr;
    size_t len = v->chain.out_len - HDR_LEN;
    unsigned n;

    if (!v->net || len < MIN_FRAME || len > KIA_NET_MAX_FRAME || !take_header(v, &hdr))
        return true;
    n = kia_virtq_slice(&v->chain, false, HDR_LEN, len, v->iov);
    return v->net->ops->send(v->net, &hdr, v->iov, n, len);
}

/* Works the transmit queue; true if there is more to do at once. */
static bool work_tx(struct vnet *v)
{
    struct kia_virtq *vq = &v->vdev.queues[TX];
    bool more = false;
    unsigned done = 0;

    pthread_mutex_lock(&vq->lock);
    v->tx_blocked = false;
    kia_virtq_set_notify(vq, false);
    do {
        struct kia_virtq_mark mark = kia_virtq_mark(vq);

        if (done == ROUND) {
            more = true;
            break;
        }
        if (kia_virtq_pop(vq, &v->chain) <= 0) {
            if (kia_virtq_set_notify(vq, true))
                continue;
            break;
        }
        if (v->chain.n_in || v->chain.out_len < HDR_LEN) {
            kia_virtio_broken(&v->vdev);
            break;
        }
        if (!send_chain(v)) {
            kia_virtq_rewind(vq, mark);
            v->tx_blocked = true;
            break;
        }
        kia_virtq_push(vq, &v->chain, 0);
        done++;
    } while (true);
    pthread_mutex_unlock(&vq->lock);
    return more;
}

/* ---- commands ---- */

static void apply_offload(struct vnet *v)
{
    if (v->net && v->net->ops->set_receive_offload)
        v->net->ops->set_receive_offload(v->net, receive_offload(v));
}

static uint8_t command(struct vnet *v)
{
    const struct kia_virtq_chain *chain = &v->chain;
    uint8_t what[2], mac[6];
    uint64_t offloads;

    if (!kia_virtq_copy_out(chain, 0, what, 2))
        return CTRL_ERR;
    if (what[0] == CTRL_MAC && what[1] == CTRL_MAC_SET && chain->out_len == 2 + sizeof(mac)) {
        kia_virtq_copy_out(chain, 2, mac, sizeof(mac));
        for (unsigned i = 0; i < sizeof(mac); i++) /* the driver asked, so it does not read meanwhile */
            __atomic_store_n(&v->vdev.config[C_MAC + i], mac[i], __ATOMIC_RELAXED);
        return CTRL_OK;
    }
    if (what[0] == CTRL_OFFLOADS && what[1] == CTRL_OFFLOADS_SET && chain->out_len == 2 + sizeof(offloads) &&
        kia_virtio_has(&v->vdev, F_CTRL_GUEST_OFFLOADS)) {
        kia_virtq_copy_out(chain, 2, &offloads, sizeof(offloads));
        offloads = le64toh(offloads);
        if (offloads & ~(v->vdev.accepted & GUEST_OFFLOADS))
            return CTRL_ERR;
        v->guest_offloads = offloads;
        apply_offload(v);
        return CTRL_OK;
    }
    return CTRL_ERR;
}

static void work_ctrl(struct vnet *v)
{
    struct kia_virtq *vq = &v->vdev.queues[CTRL];

    pthread_mutex_lock(&vq->lock);
    for (unsigned i = 0; i < ROUND && kia_virtq_pop(vq, &v->chain) > 0; i++) {
        uint8_t status;

        if (!v->chain.in_len) {
            kia_virtio_broken(&v->vdev);
            break;
        }
        status = command(v);
        kia_virtq_copy_in(vq, &v->chain, 0, &status, 1);
        kia_virtq_push(vq, &v->chain, 1);
    }
    if (kia_virtq_set_notify(vq, true))
        wake(v);
    pthread_mutex_unlock(&vq->lock);
}

/* ---- the thread ---- */

static void after_restart(struct vnet *v)
{
    if (!atomic_exchange(&v->restarted, false))
        return;
    while (v->backlog)
        drop_first(v);
    v->guest_offloads = GUEST_OFFLOADS;
    apply_offload(v);
}

static void wait_for_work(struct vnet *v, bool at_once)
{
    uint64_t count;

    v->poll.n = 0;
    v->poll.timeout_ms = at_once ? 0 : -1;
    kia_net_poll_add(&v->poll, v->wake_fd, POLLIN);
    if (v->net)
        v->net->ops->fill(v->net, &v->poll, !v->backlog);
    if (poll(v->poll.fds, v->poll.n, v->poll.timeout_ms) < 0)
        for (unsigned i = 0; i < v->poll.n; i++)
            v->poll.fds[i].revents = 0;
    if (v->poll.fds[0].revents && read(v->wake_fd, &count, sizeof(count)) == sizeof(count))
        v->awake = false; /* before the queues are looked at */
    after_restart(v);     /* before frames come that the new driver may have */
    if (v->net)
        v->net->ops->ready(v->net, &v->poll);
}

/* true if there is more to do at once. */
static bool work_queues(struct vnet *v)
{
    work_ctrl(v);
    if (v->backlog)
        work_backlog(v);
    return work_tx(v);
}

static void *net_main(void *opaque)
{
    struct vnet *v = opaque;

    while (!v->end)
        wait_for_work(v, work_queues(v));
    return NULL;
}

/* With a virtual time: everything there is, without waiting. */
static void net_work(void *opaque)
{
    struct vnet *v = opaque;

    do
        wait_for_work(v, true);
    while (work_queues(v));
}

static void net_start(struct kia_virtio *vdev)
{
    struct vnet *v = (struct vnet *)vdev;

    memcpy(vdev->config + C_MAC, v->mac, sizeof(v->mac));
    v->restarted = true;
    wake(v);
}

static void net_kick(struct kia_virtio *vdev, unsigned queue)
{
    (void)queue;
    wake((struct vnet *)vdev);
}

static void net_free(struct vnet *v)
{
    kia_worker_stop(&v->worker);
    if (v->has_thread) {
        v->end = true;
        wake(v);
        pthread_join(v->thread, NULL);
    }
    if (v->net)
        v->net->ops->destroy(v->net);
    while (v->backlog)
        drop_first(v);
    if (v->wake_fd >= 0)
        close(v->wake_fd);
    free(v->poll.fds);
    free(v);
}

static void net_detach(struct kia_virtio *vdev)
{
    net_free((struct vnet *)vdev);
}

static const struct kia_virtio_ops net_ops = { .start = net_start, .kick = net_kick, .detach = net_detach };

static uint64_t features(const struct kia_net *net, unsigned mtu)
{
    uint64_t f =
        UINT64_C(1) << F_MAC | 1 << F_STATUS | 1 << F_MRG_RXBUF | 1 << F_CTRL_VQ | 1 << F_CTRL_MAC_ADDR;
    unsigned send = net ? net->send_offload : 0, receive = net ? net->receive_offload : 0;

    f |= mtu ? 1 << F_MTU : 0;
    f |= send & KIA_NET_CSUM ? 1 << F_CSUM : 0;
    f |= send & KIA_NET_TSO4 ? 1 << F_HOST_TSO4 : 0;
    f |= send & KIA_NET_TSO6 ? 1 << F_HOST_TSO6 : 0;
    f |= send & KIA_NET_TSO_ECN ? 1 << F_HOST_ECN : 0;
    f |= receive & KIA_NET_CSUM ? 1 << F_GUEST_CSUM | 1 << F_CTRL_GUEST_OFFLOADS : 0;
    f |= receive & KIA_NET_TSO4 ? 1 << F_GUEST_TSO4 : 0;
    f |= receive & KIA_NET_TSO6 ? 1 << F_GUEST_TSO6 : 0;
    f |= receive & KIA_NET_TSO_ECN ? 1 << F_GUEST_ECN : 0;
    return f;
}

static void fill_config(struct vnet *v, const struct kia_virtio_net_config *config)
{
    uint8_t *c = v->vdev.config;

    v->vdev.config_len = CONFIG_LEN;
    memcpy(v->mac, config->mac, sizeof(v->mac));
    memcpy(c + C_MAC, config->mac, sizeof(v->mac));
    kia_pci_set16(c + C_STATUS, config->net ? LINK_UP : 0);
    kia_pci_set16(c + C_MTU, config->mtu);
}

static int start_thread(struct vnet *v, struct kia_loop *loop)
{
    int err;

    v->virtual_time = kia_loop_is_virtual(loop);

    v->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (v->wake_fd < 0)
        return -errno;
    if (kia_net_poll_add(&v->poll, v->wake_fd, POLLIN) < 0) /* so that there is always room for one */
        return -ENOMEM;
    if (v->virtual_time)
        return kia_worker_start(&v->worker, loop, "virtio-net", net_work, v);
    err = pthread_create(&v->thread, NULL, net_main, v);
    if (!err) {
        v->has_thread = true;
        pthread_setname_np(v->thread, "virtio-net");
    }
    return -err;
}

/** kia_virtio_net_attach - see the header */
int kia_virtio_net_attach(struct kia_pci *pci, int slot, const struct kia_virtio_net_config *config)
{
    struct vnet *v = calloc(1, sizeof(*v));
    int err;

    if (!v) {
        if (config->net)
            config->net->ops->destroy(config->net);
        return -ENOMEM;
    }
    v->wake_fd = -1;
    v->backlog_end = &v->backlog;
    v->net = config->net;
    if (v->net) {
        v->net->receive = on_receive;
        v->net->opaque = v;
    }
    v->vdev.n_queues = N_QUEUES;
    v->vdev.offered = features(v->net, config->mtu);
    fill_config(v, config);
    err = kia_virtio_pci_attach(&v->vdev, pci, slot, TYPE_NET, CLASS_ETHERNET, &net_ops);
    if (err) {
        net_free(v);
        return err;
    }
    return start_thread(v, kia_pci_loop(pci));
}
