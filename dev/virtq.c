/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio rings, split and packed (Virtual I/O Device Version 1.2, sections 2.7 and 2.8).
 *
 * The driver may change everything at any time: each descriptor is copied once and then judged.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "dev/virtio.h"

enum {
    DESC_SIZE = 16,
    DESC_NEXT = 1,
    DESC_WRITE = 2,
    DESC_INDIRECT = 4,
    DESC_AVAIL = 1 << 7, /* packed */
    DESC_USED = 1 << 15,

    /* split rings: byte offsets */
    AVAIL_FLAGS = 0,
    AVAIL_IDX = 2,
    AVAIL_RING = 4,
    USED_FLAGS = 0,
    USED_IDX = 2,
    USED_RING = 4,
    USED_ELEM = 8,
    AVAIL_NO_INTERRUPT = 1,
    USED_NO_NOTIFY = 1,

    /* packed event suppression: byte offsets and flags */
    EVENT_OFF_WRAP = 0,
    EVENT_FLAGS = 2,
    EVENT_SIZE = 4,
    EVENT_ENABLE = 0,
    EVENT_DISABLE = 1,
    EVENT_DESC = 2,
};

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next_or_id; /* split: next; packed: buffer id */
};

static uint16_t load16(const uint8_t *at, int order)
{
    return le16toh(__atomic_load_n((const uint16_t *)at, order));
}

static void store16(uint8_t *at, uint16_t value, int order)
{
    __atomic_store_n((uint16_t *)at, htole16(value), order);
}

static bool is_packed(struct kia_virtq *vq)
{
    return kia_virtio_has(vq->vdev, VIRTIO_F_RING_PACKED);
}

static bool has_event_idx(struct kia_virtq *vq)
{
    return kia_virtio_has(vq->vdev, VIRTIO_F_EVENT_IDX);
}

static uint8_t *map_part(struct kia_virtq *vq, uint64_t gpa, uint64_t len, uint64_t align)
{
    return gpa % align ? NULL : kia_mem_hva(vq->vdev->mem, gpa, len);
}

/** kia_virtq_start - see the header; the transport holds the device's lock, and the ring is idle */
bool kia_virtq_start(struct kia_virtq *vq)
{
    uint64_t size = vq->size;
    bool packed = is_packed(vq);
    uint8_t *desc, *driver, *device;

    if (!size || size > KIA_VIRTQ_SIZE || (!packed && (size & (size - 1))))
        return false;
    desc = map_part(vq, vq->desc, size * DESC_SIZE, DESC_SIZE);
    driver = packed ? map_part(vq, vq->driver, EVENT_SIZE, 4)
                    : map_part(vq, vq->driver, AVAIL_RING + 2 * size + 2, 2);
    device = packed ? map_part(vq, vq->device, EVENT_SIZE, 4)
                    : map_part(vq, vq->device, USED_RING + USED_ELEM * size + 2, 4);
    if (!desc || !driver || !device)
        return false;

    pthread_mutex_lock(&vq->lock);
    vq->desc_hva = desc;
    vq->driver_hva = driver;
    vq->device_hva = device;
    vq->avail = vq->used = vq->signalled = 0;
    vq->avail_wrap = vq->used_wrap = true;
    vq->signalled_valid = false;
    pthread_mutex_unlock(&vq->lock);
    return true;
}

/** kia_virtq_stop - waits until the device's thread is out of the ring, and forgets it */
void kia_virtq_stop(struct kia_virtq *vq)
{
    pthread_mutex_lock(&vq->lock);
    vq->desc_hva = vq->driver_hva = vq->device_hva = NULL;
    pthread_mutex_unlock(&vq->lock);
}

/* Keeps the compiler from looking at guest memory again for what was copied from it. */
static void read_once(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

static struct desc read_split(const uint8_t *table, unsigned index)
{
    const uint8_t *at = table + index * DESC_SIZE;
    struct desc d;

    memcpy(&d.addr, at, 8);
    memcpy(&d.len, at + 8, 4);
    memcpy(&d.flags, at + 12, 2);
    memcpy(&d.next_or_id, at + 14, 2);
    read_once();
    return (struct desc){ le64toh(d.addr), le32toh(d.len), le16toh(d.flags), le16toh(d.next_or_id) };
}

static struct desc read_packed(const uint8_t *table, unsigned index)
{
    const uint8_t *at = table + index * DESC_SIZE;
    struct desc d;

    memcpy(&d.addr, at, 8);
    memcpy(&d.len, at + 8, 4);
    memcpy(&d.next_or_id, at + 12, 2);
    memcpy(&d.flags, at + 14, 2);
    read_once();
    return (struct desc){ le64toh(d.addr), le32toh(d.len), le16toh(d.flags), le16toh(d.next_or_id) };
}

/* Adds a buffer to the chain; false if it is none the driver may give. */
static bool add_buffer(struct kia_virtq *vq, struct kia_virtq_chain *chain, const struct desc *d)
{
    unsigned n = chain->n_out + chain->n_in;
    void *hva = d->len ? kia_mem_hva(vq->vdev->mem, d->addr, d->len) : NULL;

    if (!hva || n == KIA_VIRTQ_MAX_IOV)
        return false;
    chain->iov[n] = (struct iovec){ hva, d->len };
    chain->gpa[n] = d->addr;
    if (d->flags & DESC_WRITE) {
        chain->n_in++;
        chain->in_len += d->len;
        return true;
    }
    chain->n_out++;
    chain->out_len += d->len;
    return !chain->n_in; /* readable ones come first */
}

/* The table of an indirect descriptor, or NULL if it is not one the driver may give. */
static const uint8_t *indirect_table(struct kia_virtq *vq, const struct desc *d, unsigned *n)
{
    *n = d->len / DESC_SIZE;
    if (!kia_virtio_has(vq->vdev, VIRTIO_F_INDIRECT_DESC) || (d->flags & DESC_NEXT) || !*n ||
        d->len % DESC_SIZE || *n > KIA_VIRTQ_MAX_IOV)
        return NULL;
    return kia_mem_hva(vq->vdev->mem, d->addr, d->len);
}

/* Follows a split chain; @n is the table's length, and the most steps there can be, so that loops end. */
static bool walk_split(struct kia_virtq *vq, struct kia_virtq_chain *chain, const uint8_t *table, unsigned n,
                       unsigned index, bool indirect)
{
    for (unsigned steps = 0; steps < n && index < n; steps++) {
        struct desc d = read_split(table, index);

        if (d.flags & DESC_INDIRECT) {
            unsigned inner_n = 0;
            const uint8_t *inner = indirect ? NULL : indirect_table(vq, &d, &inner_n);

            return inner && walk_split(vq, chain, inner, inner_n, 0, true);
        }
        if (!add_buffer(vq, chain, &d))
            return false;
        if (!(d.flags & DESC_NEXT))
            return true;
        index = d.next_or_id;
    }
    return false;
}

static int pop_split(struct kia_virtq *vq, struct kia_virtq_chain *chain)
{
    uint16_t pending = load16(vq->driver_hva + AVAIL_IDX, __ATOMIC_ACQUIRE) - vq->avail;

    if (!pending)
        return 0;
    chain->id = load16(vq->driver_hva + AVAIL_RING + 2 * (vq->avail & (vq->size - 1)), __ATOMIC_RELAXED);
    if (pending > vq->size || !walk_split(vq, chain, vq->desc_hva, vq->size, chain->id, false))
        return -EINVAL;
    vq->avail++;
    return 1;
}

static bool packed_available(struct kia_virtq *vq)
{
    uint16_t flags = load16(vq->desc_hva + vq->avail * DESC_SIZE + 14, __ATOMIC_ACQUIRE);

    return !!(flags & DESC_AVAIL) == vq->avail_wrap && !!(flags & DESC_USED) != vq->avail_wrap;
}

static void packed_advance(struct kia_virtq *vq, uint16_t *position, bool *wrap, unsigned n)
{
    *position += n;
    if (*position >= vq->size) {
        *position -= vq->size;
        *wrap = !*wrap;
    }
}

static bool walk_packed_indirect(struct kia_virtq *vq, struct kia_virtq_chain *chain,
                                 const struct desc *outer)
{
    unsigned n = 0;
    const uint8_t *table = indirect_table(vq, outer, &n);

    for (unsigned i = 0; table && i < n; i++) {
        struct desc d = read_packed(table, i);

        if ((d.flags & DESC_INDIRECT) || !add_buffer(vq, chain, &d))
            return false;
    }
    return table;
}

static int pop_packed(struct kia_virtq *vq, struct kia_virtq_chain *chain)
{
    uint16_t position = vq->avail;
    bool wrap = vq->avail_wrap;

    if (!packed_available(vq))
        return 0;
    /* The driver makes the first one available last, so the others of the chain are there. */
    for (;;) {
        struct desc d = read_packed(vq->desc_hva, position);
        bool last = !(d.flags & DESC_NEXT);

        if (chain->n_desc++ == vq->size)
            return -EINVAL;
        if (d.flags & DESC_INDIRECT) {
            if (chain->n_desc != 1 || !walk_packed_indirect(vq, chain, &d))
                return -EINVAL;
        } else if (!add_buffer(vq, chain, &d)) {
            return -EINVAL;
        }
        packed_advance(vq, &position, &wrap, 1);
        if (last) {
            chain->id = d.next_or_id;
            break;
        }
    }
    vq->avail = position;
    vq->avail_wrap = wrap;
    return 1;
}

/** kia_virtq_pop - see the header */
int kia_virtq_pop(struct kia_virtq *vq, struct kia_virtq_chain *chain)
{
    int got;

    if (!vq->desc_hva || !kia_virtio_live(vq->vdev))
        return 0;
    chain->id = chain->n_desc = 0;
    chain->n_out = chain->n_in = 0;
    chain->out_len = chain->in_len = 0;
    got = is_packed(vq) ? pop_packed(vq, chain) : pop_split(vq, chain);
    if (got < 0)
        kia_virtio_broken(vq->vdev);
    return got;
}

/** kia_virtq_mark - see the header */
struct kia_virtq_mark kia_virtq_mark(const struct kia_virtq *vq)
{
    return (struct kia_virtq_mark){ vq->avail, vq->avail_wrap };
}

/** kia_virtq_rewind - see the header */
void kia_virtq_rewind(struct kia_virtq *vq, struct kia_virtq_mark mark)
{
    vq->avail = mark.avail;
    vq->avail_wrap = mark.avail_wrap;
}

static void put_split(struct kia_virtq *vq, const struct kia_virtq_used *used, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        unsigned offset = USED_RING + USED_ELEM * (vq->used & (vq->size - 1));
        uint32_t elem[2] = { htole32(used[i].id), htole32(used[i].written) };

        memcpy(vq->device_hva + offset, elem, sizeof(elem));
        vq->used++;
    }
    kia_mem_wrote(vq->vdev->mem, vq->device, USED_RING + USED_ELEM * vq->size);
    store16(vq->device_hva + USED_IDX, vq->used, __ATOMIC_RELEASE);
}

/* The driver looks at the first entry; its flags come last and show all of them. */
static void put_packed(struct kia_virtq *vq, const struct kia_virtq_used *used, unsigned n)
{
    uint8_t *first = vq->desc_hva + vq->used * DESC_SIZE;
    uint16_t first_flags = 0;
    bool wrap = vq->used_wrap;

    for (unsigned i = 0; i < n; i++) {
        uint8_t *at = vq->desc_hva + vq->used * DESC_SIZE;
        uint16_t flags =
            (vq->used_wrap ? DESC_AVAIL | DESC_USED : 0) | (used[i].written ? DESC_WRITE : 0);
        uint32_t len = htole32(used[i].written);
        uint16_t id = htole16(used[i].id);

        memcpy(at + 8, &len, sizeof(len));
        memcpy(at + 12, &id, sizeof(id));
        if (i)
            store16(at + 14, flags, __ATOMIC_RELAXED);
        else
            first_flags = flags;
        kia_mem_wrote(vq->vdev->mem, vq->desc + vq->used * DESC_SIZE, DESC_SIZE);
        packed_advance(vq, &vq->used, &vq->used_wrap, used[i].n_desc);
    }
    store16(first + 14, first_flags, __ATOMIC_RELEASE);
    if (wrap != vq->used_wrap)
        vq->signalled_valid = false; /* the positions cannot be compared */
}

/* Does @event lie among the entries from @old to before @new? (2.7.10.1) */
static bool need_event(uint16_t event, uint16_t new, uint16_t old)
{
    return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

/* Has the driver asked for an interrupt for what was used since the last decision? */
static bool wants_interrupt(struct kia_virtq *vq)
{
    uint16_t old = vq->signalled, new = vq->used, event, flags;
    bool valid = vq->signalled_valid;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the used entry is visible before the driver's wish is read */
    vq->signalled = new;
    vq->signalled_valid = true;
    if (is_packed(vq)) {
        flags = load16(vq->driver_hva + EVENT_FLAGS, __ATOMIC_RELAXED) & 3;
        if (flags != EVENT_DESC || !has_event_idx(vq))
            return flags != EVENT_DISABLE;
        event = load16(vq->driver_hva + EVENT_OFF_WRAP, __ATOMIC_RELAXED);
        if ((event >> 15) != vq->used_wrap)
            event = (event & 0x7fff) - vq->size;
        else
            event &= 0x7fff;
        return !valid || need_event(event, new, old);
    }
    if (!has_event_idx(vq))
        return !(load16(vq->driver_hva + AVAIL_FLAGS, __ATOMIC_RELAXED) & AVAIL_NO_INTERRUPT);
    event = load16(vq->driver_hva + AVAIL_RING + 2 * vq->size, __ATOMIC_RELAXED);
    return !valid || need_event(event, new, old);
}

/** kia_virtq_put - see the header */
void kia_virtq_put(struct kia_virtq *vq, const struct kia_virtq_used *used, unsigned n)
{
    if (!vq->desc_hva)
        return;
    if (is_packed(vq))
        put_packed(vq, used, n);
    else
        put_split(vq, used, n);
}

/** kia_virtq_signal - see the header */
void kia_virtq_signal(struct kia_virtq *vq)
{
    if (vq->desc_hva && wants_interrupt(vq))
        kia_virtio_queue_interrupt(vq);
}

/** kia_virtq_push - see the header */
void kia_virtq_push(struct kia_virtq *vq, const struct kia_virtq_chain *chain, uint32_t written)
{
    kia_virtq_put(vq, &(struct kia_virtq_used){ chain->id, chain->n_desc, written }, 1);
    kia_virtq_signal(vq);
}

static void notify_packed(struct kia_virtq *vq, bool on)
{
    uint16_t flags = EVENT_DISABLE;

    if (on) {
        flags = has_event_idx(vq) ? EVENT_DESC : EVENT_ENABLE;
        store16(vq->device_hva + EVENT_OFF_WRAP, vq->avail | (vq->avail_wrap ? 0x8000 : 0), __ATOMIC_RELAXED);
    }
    store16(vq->device_hva + EVENT_FLAGS, flags, __ATOMIC_RELEASE);
}

static void notify_split(struct kia_virtq *vq, bool on)
{
    if (!has_event_idx(vq))
        store16(vq->device_hva + USED_FLAGS, on ? 0 : USED_NO_NOTIFY, __ATOMIC_RELAXED);
    else if (on)
        store16(vq->device_hva + USED_RING + USED_ELEM * vq->size, vq->avail, __ATOMIC_RELAXED);
}

/** kia_virtq_set_notify - see the header */
bool kia_virtq_set_notify(struct kia_virtq *vq, bool on)
{
    if (!vq->desc_hva || !kia_virtio_live(vq->vdev))
        return false;
    if (is_packed(vq))
        notify_packed(vq, on);
    else
        notify_split(vq, on);
    if (!on)
        return false;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the wish is visible before the ring is looked at again */
    if (is_packed(vq))
        return packed_available(vq);
    return load16(vq->driver_hva + AVAIL_IDX, __ATOMIC_ACQUIRE) != vq->avail;
}

/** kia_virtq_slice - see the header; the part past the buffers' end is left out */
unsigned kia_virtq_slice(const struct kia_virtq_chain *chain, bool writable, uint64_t offset, uint64_t len,
                         struct iovec *out)
{
    unsigned first = writable ? chain->n_out : 0;
    unsigned end = first + (writable ? chain->n_in : chain->n_out), n = 0;

    for (unsigned i = first; i < end && len; i++) {
        uint64_t size = chain->iov[i].iov_len;

        if (offset >= size) {
            offset -= size;
            continue;
        }
        size -= offset;
        size = size < len ? size : len;
        out[n++] = (struct iovec){ (uint8_t *)chain->iov[i].iov_base + offset, size };
        offset = 0;
        len -= size;
    }
    return n;
}

/** kia_virtq_wrote - see the header */
void kia_virtq_wrote(struct kia_virtq *vq, const struct kia_virtq_chain *chain, uint64_t offset, uint64_t len)
{
    for (unsigned i = chain->n_out; i < chain->n_out + chain->n_in && len; i++) {
        uint64_t size = chain->iov[i].iov_len;

        if (offset >= size) {
            offset -= size;
            continue;
        }
        size -= offset;
        size = size < len ? size : len;
        kia_mem_wrote(vq->vdev->mem, chain->gpa[i] + offset, size);
        offset = 0;
        len -= size;
    }
}

/* Moves @len bytes between a plain buffer and part of the chain. */
static bool copy(const struct kia_virtq_chain *chain, bool writable, uint64_t offset, uint8_t *plain,
                 size_t len)
{
    uint64_t total = writable ? chain->in_len : chain->out_len;
    unsigned first = writable ? chain->n_out : 0;

    if (offset > total || len > total - offset)
        return false;
    for (unsigned i = first; len; i++) {
        uint64_t size = chain->iov[i].iov_len;
        uint8_t *at = (uint8_t *)chain->iov[i].iov_base + offset;

        if (offset >= size) {
            offset -= size;
            continue;
        }
        size -= offset;
        size = size < len ? size : len;
        memcpy(writable ? at : plain, writable ? plain : at, size);
        plain += size;
        offset = 0;
        len -= size;
    }
    read_once();
    return true;
}

/** kia_virtq_copy_out - see the header */
bool kia_virtq_copy_out(const struct kia_virtq_chain *chain, uint64_t offset, void *to, size_t len)
{
    return copy(chain, false, offset, to, len);
}

/** kia_virtq_copy_in - see the header */
bool kia_virtq_copy_in(struct kia_virtq *vq, const struct kia_virtq_chain *chain, uint64_t offset,
                       const void *from, size_t len)
{
    if (!copy(chain, true, offset, (uint8_t *)from, len))
        return false;
    kia_virtq_wrote(vq, chain, offset, len);
    return true;
}
