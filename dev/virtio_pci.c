/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI transport of virtio devices, and their status (Virtual I/O Device Version 1.2, 4.1 and 2.1). */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev/virtio.h"

enum {
    VENDOR = 0x1af4,
    DEVICE_BASE = 0x1040, /* plus the device type */
    SUBSYSTEM = 0x1100,
    REVISION = 1, /* no transitional interface */

    MSIX_BAR = 1,
    BAR = 4,
    BAR_SIZE = 0x4000,
    COMMON = 0x0000,
    ISR = 0x1000,
    CONFIG = 0x2000,
    NOTIFY = 0x3000,
    PART_SIZE = 0x1000,
    NOTIFY_MULTIPLIER = 4,

    CAP_COMMON = 1,
    CAP_NOTIFY = 2,
    CAP_ISR = 3,
    CAP_CONFIG = 4,
    CAP_WINDOW = 5,
    CAP_LEN = 16,
    CAP_BAR_FIELD = 4,
    CAP_OFFSET = 8,
    CAP_LENGTH = 12,
    CAP_EXTRA = 16, /* notify multiplier, or the window's data */

    /* The common configuration. */
    OFFERED_SELECT = 0x00,
    OFFERED = 0x04,
    ACCEPTED_SELECT = 0x08,
    ACCEPTED = 0x0c,
    CONFIG_VECTOR = 0x10,
    NUM_QUEUES = 0x12,
    STATUS = 0x14,
    GENERATION = 0x15,
    QUEUE_SELECT = 0x16,
    QUEUE_SIZE = 0x18,
    QUEUE_VECTOR = 0x1a,
    QUEUE_ENABLE = 0x1c,
    QUEUE_NOTIFY_OFF = 0x1e,
    QUEUE_DESC = 0x20,
    QUEUE_DRIVER = 0x28,
    QUEUE_DEVICE = 0x30,
    COMMON_SIZE = 0x38,

    ISR_QUEUE = 1,
    ISR_CONFIG = 2,
};

/* ---- interrupts ---- */

static void interrupt(struct kia_virtio *vdev, uint16_t vector, uint8_t isr)
{
    if (kia_pci_msix_enabled(&vdev->pdev)) {
        kia_pci_msix_notify(&vdev->pdev, vector); /* NO_VECTOR is past the last one */
        return;
    }
    pthread_mutex_lock(&vdev->isr_lock);
    vdev->isr |= isr;
    kia_pci_set_intx(&vdev->pdev, true);
    pthread_mutex_unlock(&vdev->isr_lock);
}

/** kia_virtio_queue_interrupt - tells the driver that a queue has used buffers; any thread */
void kia_virtio_queue_interrupt(struct kia_virtq *vq)
{
    interrupt(vq->vdev, vq->msix_vector, ISR_QUEUE);
}

static uint8_t isr_take(struct kia_virtio *vdev)
{
    uint8_t isr;

    pthread_mutex_lock(&vdev->isr_lock);
    isr = vdev->isr;
    vdev->isr = 0;
    kia_pci_set_intx(&vdev->pdev, false);
    pthread_mutex_unlock(&vdev->isr_lock);
    return isr;
}

/* ---- status ---- */

/** kia_virtio_live - see the header */
bool kia_virtio_live(struct kia_virtio *vdev)
{
    uint8_t status = vdev->status;

    return (status & VIRTIO_STATUS_DRIVER_OK) && !(status & VIRTIO_STATUS_NEEDS_RESET) &&
           kia_pci_is_master(&vdev->pdev);
}

/** kia_virtio_broken - see the header */
void kia_virtio_broken(struct kia_virtio *vdev)
{
    uint8_t before = atomic_fetch_or(&vdev->status, VIRTIO_STATUS_NEEDS_RESET);

    if ((before & VIRTIO_STATUS_DRIVER_OK) && !(before & VIRTIO_STATUS_NEEDS_RESET))
        interrupt(vdev, vdev->config_vector, ISR_CONFIG);
}

/** kia_virtio_set_config - see the header */
void kia_virtio_set_config(struct kia_virtio *vdev, unsigned offset, const void *bytes, unsigned len)
{
    pthread_mutex_lock(&vdev->lock);
    assert(offset + len <= vdev->config_len);
    memcpy(vdev->config + offset, bytes, len);
    vdev->config_generation++;
    pthread_mutex_unlock(&vdev->lock);
    if (vdev->status & VIRTIO_STATUS_DRIVER_OK)
        interrupt(vdev, vdev->config_vector, ISR_CONFIG);
}

static void kick_all(struct kia_virtio *vdev)
{
    for (unsigned i = 0; i < vdev->n_queues; i++)
        vdev->ops->kick(vdev, i);
}

/* As at power-on. Waits for requests that are under way. Device locked, or nothing runs. */
static void virtio_reset(struct kia_virtio *vdev)
{
    vdev->status = 0; /* from here on no new request is taken */
    for (unsigned i = 0; i < vdev->n_queues; i++) {
        struct kia_virtq *vq = &vdev->queues[i];

        kia_virtq_stop(vq);
        vq->size = KIA_VIRTQ_SIZE;
        vq->desc = vq->driver = vq->device = 0;
        vq->enabled = false;
        vq->msix_vector = KIA_VIRTIO_NO_VECTOR;
    }
    vdev->accepted = 0;
    vdev->offered_select = vdev->accepted_select = 0;
    vdev->queue_select = 0;
    vdev->config_vector = KIA_VIRTIO_NO_VECTOR;
    isr_take(vdev);
}

static void write_status(struct kia_virtio *vdev, uint8_t value)
{
    uint8_t before = vdev->status;

    if (!value) {
        virtio_reset(vdev);
        return;
    }
    /* FEATURES_OK stays off if the driver wants what was not offered, or not version 1. */
    if ((value & VIRTIO_STATUS_FEATURES_OK) &&
        ((vdev->accepted & ~vdev->offered) || !kia_virtio_has(vdev, VIRTIO_F_VERSION_1)))
        value &= ~VIRTIO_STATUS_FEATURES_OK;
    if (!(value & VIRTIO_STATUS_FEATURES_OK))
        value &= ~VIRTIO_STATUS_DRIVER_OK;
    /* Bits can be added alone; the device keeps what it said itself. */
    atomic_fetch_or(&vdev->status, value & ~VIRTIO_STATUS_NEEDS_RESET);
    if (!(before & VIRTIO_STATUS_DRIVER_OK) && (value & VIRTIO_STATUS_DRIVER_OK)) {
        vdev->ops->start(vdev);
        kick_all(vdev);
    }
}

/* ---- the common configuration ---- */

static struct kia_virtq *selected(struct kia_virtio *vdev)
{
    return vdev->queue_select < vdev->n_queues ? &vdev->queues[vdev->queue_select] : NULL;
}

static uint32_t half(uint64_t value, uint32_t select)
{
    return select == 0 ? value : select == 1 ? value >> 32 : 0;
}

static void put64(uint8_t *at, uint64_t value)
{
    kia_pci_set32(at, value);
    kia_pci_set32(at + 4, value >> 32);
}

/* Reads have no side effects, so the whole structure is made and the part taken. */
static void common_image(struct kia_virtio *vdev, uint8_t *at)
{
    struct kia_virtq *vq = selected(vdev);

    memset(at, 0, COMMON_SIZE);
    kia_pci_set32(at + OFFERED_SELECT, vdev->offered_select);
    kia_pci_set32(at + OFFERED, half(vdev->offered, vdev->offered_select));
    kia_pci_set32(at + ACCEPTED_SELECT, vdev->accepted_select);
    kia_pci_set32(at + ACCEPTED, half(vdev->accepted, vdev->accepted_select));
    kia_pci_set16(at + CONFIG_VECTOR, vdev->config_vector);
    kia_pci_set16(at + NUM_QUEUES, vdev->n_queues);
    at[STATUS] = vdev->status;
    at[GENERATION] = vdev->config_generation;
    kia_pci_set16(at + QUEUE_SELECT, vdev->queue_select);
    if (vq) {
        kia_pci_set16(at + QUEUE_SIZE, vq->size);
        kia_pci_set16(at + QUEUE_VECTOR, vq->msix_vector);
        kia_pci_set16(at + QUEUE_ENABLE, vq->enabled);
        kia_pci_set16(at + QUEUE_NOTIFY_OFF, vdev->queue_select);
        put64(at + QUEUE_DESC, vq->desc);
        put64(at + QUEUE_DRIVER, vq->driver);
        put64(at + QUEUE_DEVICE, vq->device);
    }
}

static uint64_t common_read(struct kia_virtio *vdev, uint64_t offset, unsigned size)
{
    uint8_t image[COMMON_SIZE + 8];
    uint64_t value = 0;

    if (offset >= COMMON_SIZE)
        return 0;
    memset(image + COMMON_SIZE, 0, 8);
    pthread_mutex_lock(&vdev->lock);
    common_image(vdev, image);
    pthread_mutex_unlock(&vdev->lock);
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)image[offset + i] << 8 * i;
    return value;
}

static uint16_t valid_vector(struct kia_virtio *vdev, uint16_t vector)
{
    /* There is one for each queue and one for changes. */
    return vector <= vdev->n_queues ? vector : KIA_VIRTIO_NO_VECTOR;
}

static void set_half(uint64_t *field, bool high, uint32_t value)
{
    unsigned shift = high ? 32 : 0;

    *field = (*field & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift;
}

static void queue_enable(struct kia_virtio *vdev, struct kia_virtq *vq)
{
    if (vq->enabled)
        return;
    vq->enabled = true;
    if (!(vdev->status & VIRTIO_STATUS_FEATURES_OK) || !kia_virtq_start(vq))
        kia_virtio_broken(vdev);
}

static void queue_write(struct kia_virtio *vdev, struct kia_virtq *vq, unsigned field, uint32_t value)
{
    if (field == QUEUE_VECTOR) {
        vq->msix_vector = valid_vector(vdev, value);
        return;
    }
    if (vq->enabled)
        return; /* what a working queue stands on does not change */
    switch (field) {
    case QUEUE_SIZE:
        vq->size = value;
        break;
    case QUEUE_ENABLE:
        if (value == 1)
            queue_enable(vdev, vq);
        break;
    case QUEUE_DESC:
    case QUEUE_DESC + 4:
        set_half(&vq->desc, field & 4, value);
        break;
    case QUEUE_DRIVER:
    case QUEUE_DRIVER + 4:
        set_half(&vq->driver, field & 4, value);
        break;
    case QUEUE_DEVICE:
    case QUEUE_DEVICE + 4:
        set_half(&vq->device, field & 4, value);
        break;
    }
}

static void write_accepted(struct kia_virtio *vdev, uint32_t value)
{
    uint64_t accepted = vdev->accepted;

    if (vdev->accepted_select > 1 || (vdev->status & VIRTIO_STATUS_FEATURES_OK))
        return;
    set_half(&accepted, vdev->accepted_select, value);
    vdev->accepted = accepted;
}

static unsigned field_size(unsigned offset)
{
    if (offset == STATUS || offset == GENERATION)
        return 1;
    return offset < CONFIG_VECTOR || offset >= QUEUE_DESC ? 4 : 2;
}

static void common_write_locked(struct kia_virtio *vdev, unsigned offset, uint32_t value)
{
    struct kia_virtq *vq = selected(vdev);

    switch (offset) {
    case OFFERED_SELECT:
        vdev->offered_select = value;
        break;
    case ACCEPTED_SELECT:
        vdev->accepted_select = value;
        break;
    case ACCEPTED:
        write_accepted(vdev, value);
        break;
    case CONFIG_VECTOR:
        vdev->config_vector = valid_vector(vdev, value);
        break;
    case STATUS:
        write_status(vdev, value);
        break;
    case QUEUE_SELECT:
        vdev->queue_select = value;
        break;
    default:
        if (vq)
            queue_write(vdev, vq, offset, value);
    }
}

static void common_write(struct kia_virtio *vdev, uint64_t offset, unsigned size, uint64_t value)
{
    if (offset >= COMMON_SIZE)
        return;
    if (size == 8) {
        common_write(vdev, offset, 4, value);
        common_write(vdev, offset + 4, 4, value >> 32);
        return;
    }
    if (size != field_size(offset))
        return; /* drivers must use each field's own width */
    pthread_mutex_lock(&vdev->lock);
    common_write_locked(vdev, offset, value);
    pthread_mutex_unlock(&vdev->lock);
}

/* ---- the device's configuration ---- */

static uint64_t config_read(struct kia_virtio *vdev, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    pthread_mutex_lock(&vdev->lock);
    for (unsigned i = 0; i < size && offset + i < vdev->config_len; i++)
        value |= (uint64_t)vdev->config[offset + i] << 8 * i;
    pthread_mutex_unlock(&vdev->lock);
    return value;
}

static void config_write(struct kia_virtio *vdev, uint64_t offset, unsigned size, uint64_t value)
{
    if (!vdev->ops->config_write)
        return;
    pthread_mutex_lock(&vdev->lock);
    for (unsigned i = 0; i < size && offset + i < vdev->config_len; i++)
        vdev->ops->config_write(vdev, offset + i, value >> 8 * i);
    pthread_mutex_unlock(&vdev->lock);
}

/* ---- the BAR ---- */

static uint64_t bar_read(void *opaque, uint64_t offset, unsigned size)
{
    struct kia_virtio *vdev = opaque;
    uint64_t at = offset % PART_SIZE;

    switch (offset - at) {
    case COMMON:
        return common_read(vdev, at, size);
    case ISR:
        return at == 0 ? isr_take(vdev) : 0;
    case CONFIG:
        return config_read(vdev, at, size);
    }
    return 0;
}

static void bar_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct kia_virtio *vdev = opaque;
    uint64_t at = offset % PART_SIZE;

    switch (offset - at) {
    case COMMON:
        common_write(vdev, at, size, value);
        break;
    case CONFIG:
        config_write(vdev, at, size, value);
        break;
    case NOTIFY:
        if (at / NOTIFY_MULTIPLIER < vdev->n_queues)
            vdev->ops->kick(vdev, at / NOTIFY_MULTIPLIER);
        break;
    }
}

/* ---- the window in configuration space (4.1.4.9) ---- */

/* The access that the window's fields describe; false if it is none. */
static bool window_access(struct kia_pci_dev *pdev, unsigned cap, uint32_t *offset, unsigned *size)
{
    *offset = kia_pci_get32(pdev->config + cap + CAP_OFFSET);
    *size = kia_pci_get32(pdev->config + cap + CAP_LENGTH);
    return pdev->config[cap + CAP_BAR_FIELD] == BAR && (*size == 1 || *size == 2 || *size == 4) &&
           *offset % *size == 0 && *offset < BAR_SIZE;
}

static bool touches(unsigned reg, unsigned size, unsigned field, unsigned field_len)
{
    return reg < field + field_len && field < reg + size;
}

static void window_reading(struct kia_pci_dev *pdev, unsigned reg, unsigned size)
{
    struct kia_virtio *vdev = (struct kia_virtio *)pdev;
    unsigned cap = vdev->window_cap, len;
    uint32_t offset;

    if (touches(reg, size, cap + CAP_EXTRA, 4) && window_access(pdev, cap, &offset, &len))
        kia_pci_set32(pdev->config + cap + CAP_EXTRA, bar_read(vdev, offset, len));
}

static void window_written(struct kia_pci_dev *pdev, unsigned reg, unsigned size)
{
    struct kia_virtio *vdev = (struct kia_virtio *)pdev;
    unsigned cap = vdev->window_cap, len;
    uint32_t offset;

    if (touches(reg, size, cap + CAP_EXTRA, 4) && window_access(pdev, cap, &offset, &len))
        bar_write(vdev, offset, len, kia_pci_get32(pdev->config + cap + CAP_EXTRA));
    /* Requests may have waited for the right to read memory. */
    if (touches(reg, size, PCI_COMMAND, 2) && kia_virtio_live(vdev))
        kick_all(vdev);
}

/* ---- attaching ---- */

static unsigned add_cap(struct kia_virtio *vdev, unsigned type, uint32_t offset, uint32_t length,
                        unsigned extra)
{
    unsigned cap = kia_pci_add_cap(&vdev->pdev, PCI_CAP_VENDOR, CAP_LEN + extra);
    uint8_t *at = vdev->pdev.config + cap;

    at[2] = CAP_LEN + extra;
    at[3] = type;
    at[CAP_BAR_FIELD] = BAR;
    kia_pci_set32(at + CAP_OFFSET, offset);
    kia_pci_set32(at + CAP_LENGTH, length);
    return cap;
}

static void add_caps(struct kia_virtio *vdev)
{
    uint8_t *config = vdev->pdev.config, *writable = vdev->pdev.writable;
    unsigned cap;

    add_cap(vdev, CAP_COMMON, COMMON, COMMON_SIZE, 0);
    cap = add_cap(vdev, CAP_NOTIFY, NOTIFY, PART_SIZE, 4);
    kia_pci_set32(config + cap + CAP_EXTRA, NOTIFY_MULTIPLIER);
    add_cap(vdev, CAP_ISR, ISR, 1, 0);
    if (vdev->config_len)
        add_cap(vdev, CAP_CONFIG, CONFIG, vdev->config_len, 0);
    cap = vdev->window_cap = add_cap(vdev, CAP_WINDOW, 0, 0, 4);
    config[cap + CAP_BAR_FIELD] = 0;
    writable[cap + CAP_BAR_FIELD] = 0xff;
    for (unsigned field = CAP_OFFSET; field <= CAP_EXTRA; field += 4)
        kia_pci_set32(writable + cap + field, UINT32_MAX);
}

static void pci_reset(struct kia_dev *dev)
{
    struct kia_virtio *vdev = (struct kia_virtio *)dev;

    pthread_mutex_lock(&vdev->lock);
    virtio_reset(vdev);
    pthread_mutex_unlock(&vdev->lock);
    kia_pci_dev_reset(&vdev->pdev);
}

static void pci_detach(struct kia_dev *dev)
{
    struct kia_virtio *vdev = (struct kia_virtio *)dev;

    pthread_mutex_lock(&vdev->lock);
    virtio_reset(vdev);
    pthread_mutex_unlock(&vdev->lock);
    kia_pci_dev_detach(&vdev->pdev);
    vdev->ops->detach(vdev);
}

static const struct kia_dev_ops virtio_ops = {
    .name = "virtio-pci", .access_min = 1, .access_max = 8, .reset = pci_reset, .detach = pci_detach,
};

/** kia_virtio_withhold - see the header */
void kia_virtio_withhold(struct kia_pci *pci, uint64_t features)
{
    *kia_pci_withheld(pci) = features;
}

/** kia_virtio_pci_attach - see the header; the caller still owns @vdev when it fails */
int kia_virtio_pci_attach(struct kia_virtio *vdev, struct kia_pci *pci, int slot, unsigned type,
                          uint32_t class_code, const struct kia_virtio_ops *ops)
{
    static const struct kia_mmio_ops bar = { "virtio", bar_read, bar_write };
    struct kia_pci_id id = {
        .vendor = VENDOR, .device = DEVICE_BASE + type, .subsystem_vendor = VENDOR, .subsystem = SUBSYSTEM,
        .class_code = class_code, .revision = REVISION,
    };
    int err;

    assert(vdev->n_queues >= 1 && vdev->n_queues <= KIA_VIRTIO_MAX_QUEUES);
    assert(vdev->config_len <= KIA_VIRTIO_MAX_CONFIG);
    vdev->ops = ops;
    vdev->offered |= UINT64_C(1) << VIRTIO_F_INDIRECT_DESC | UINT64_C(1) << VIRTIO_F_EVENT_IDX |
                     UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_F_RING_PACKED;
    vdev->offered &= ~*kia_pci_withheld(pci);
    err = kia_pci_add(pci, &vdev->pdev, slot, &id, true, &virtio_ops);
    if (err)
        return err;
    vdev->mem = kia_platform_mem(vdev->pdev.dev.platform);
    pthread_mutex_init(&vdev->lock, NULL);
    pthread_mutex_init(&vdev->isr_lock, NULL);
    for (unsigned i = 0; i < vdev->n_queues; i++) {
        vdev->queues[i].vdev = vdev;
        pthread_mutex_init(&vdev->queues[i].lock, NULL);
    }
    virtio_reset(vdev);
    add_caps(vdev);
    vdev->pdev.config_reading = window_reading;
    vdev->pdev.config_written = window_written;
    kia_pci_add_bar(&vdev->pdev, BAR, KIA_PCI_BAR_MEM64, BAR_SIZE, &bar, vdev);
    (void)kia_pci_msix_init(&vdev->pdev, MSIX_BAR, vdev->n_queues + 1); /* if it fails there is INTx alone */
    return 0;
}
