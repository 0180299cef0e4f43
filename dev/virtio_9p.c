/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio 9P transport (Virtual I/O Device Version 1.2, 5.10 reserves the type; its rings are those of
 * Linux). */
#include "dev/virtio_9p.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev/p9.h"
#include "dev/virtio.h"
#include "dev/worker.h"

enum {
    TYPE_9P = 9,
    CLASS_OTHER = 0x00ff00,
    F_MOUNT_TAG = 0,
    C_TAG_LEN = 0,
    C_TAG = 2,
};

struct share {
    struct kia_virtio vdev;
    struct kia_worker worker;
    struct kia_p9 *p9;
    atomic_bool restarted;
    struct kia_virtq_chain chain;
    uint8_t request[KIA_P9_MAX_MESSAGE], reply[KIA_P9_MAX_MESSAGE];
};

/* false: what the driver gave is no request. */
static bool serve(struct share *share, struct kia_virtq *vq)
{
    struct kia_virtq_chain *chain = &share->chain;
    size_t room = chain->in_len < sizeof(share->reply) ? chain->in_len : sizeof(share->reply), n;

    if (chain->out_len > sizeof(share->request) || room < KIA_P9_MIN_REPLY)
        return false;
    kia_virtq_copy_out(chain, 0, share->request, chain->out_len);
    n = kia_p9_serve(share->p9, share->request, chain->out_len, share->reply, room);
    if (!n)
        return false;
    kia_virtq_copy_in(vq, chain, 0, share->reply, n);
    kia_virtq_push(vq, chain, n);
    return true;
}

static void share_work(void *opaque)
{
    struct share *share = opaque;
    struct kia_virtq *vq = &share->vdev.queues[0];

    pthread_mutex_lock(&vq->lock);
    if (atomic_exchange(&share->restarted, false))
        kia_p9_reset(share->p9);
    do {
        kia_virtq_set_notify(vq, false);
        while (kia_virtq_pop(vq, &share->chain) > 0) {
            if (!serve(share, vq)) {
                kia_virtio_broken(&share->vdev);
                break;
            }
        }
    } while (kia_virtq_set_notify(vq, true));
    pthread_mutex_unlock(&vq->lock);
}

static void share_start(struct kia_virtio *vdev)
{
    ((struct share *)vdev)->restarted = true; /* a kick follows */
}

static void share_kick(struct kia_virtio *vdev, unsigned queue)
{
    (void)queue;
    kia_worker_kick(&((struct share *)vdev)->worker);
}

static void share_free(struct share *share)
{
    kia_worker_stop(&share->worker);
    kia_p9_destroy(share->p9);
    free(share);
}

static void share_detach(struct kia_virtio *vdev)
{
    share_free((struct share *)vdev);
}

static const struct kia_virtio_ops share_ops = {
    .start = share_start,
    .kick = share_kick,
    .detach = share_detach,
};

/** kia_virtio_9p_attach - see the header */
int kia_virtio_9p_attach(struct kia_pci *pci, int slot, const char *tag, struct kia_p9 *p9)
{
    struct share *share = calloc(1, sizeof(*share));
    size_t len = strlen(tag);
    int err;

    assert(len >= 1 && len <= KIA_VIRTIO_9P_MAX_TAG);
    if (!share) {
        kia_p9_destroy(p9);
        return -ENOMEM;
    }
    share->p9 = p9;
    share->vdev.n_queues = 1;
    share->vdev.offered = 1 << F_MOUNT_TAG;
    kia_pci_set16(share->vdev.config + C_TAG_LEN, len);
    memcpy(share->vdev.config + C_TAG, tag, len);
    share->vdev.config_len = C_TAG + len;
    err = kia_worker_start(&share->worker, kia_pci_loop(pci), "virtio-9p", share_work, share);
    if (!err)
        err = kia_virtio_pci_attach(&share->vdev, pci, slot, TYPE_9P, CLASS_OTHER, &share_ops);
    if (err)
        share_free(share);
    return err;
}
