/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSI-X of a PCI function (PCI Local Bus Specification 3.0, 6.8.2). */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev/pci.h"

enum {
    MAX_VECTORS = 64, /* the pending bits then are one 64-bit word */
    ENTRY_SIZE = 16,
    ENTRY_ADDRESS = 0,
    ENTRY_DATA = 8,
    ENTRY_CONTROL = 12,
    ENTRY_MASKED = 1,
    BAR_SIZE = 4096,
    PBA_OFFSET = 2048,
    PBA_SIZE = 8,

    CAP_LEN = 12,
    CAP_CONTROL = 2,
    CAP_TABLE = 4,
    CAP_PBA = 8,
    CONTROL_ENABLE = 1 << 15,
    CONTROL_FUNCTION_MASK = 1 << 14,
};

struct kia_pci_msix {
    pthread_mutex_t lock;
    unsigned cap, n;
    bool enabled, function_masked, master;
    uint64_t pending;
    uint8_t table[MAX_VECTORS * ENTRY_SIZE];
};

/* Sends what is pending and no longer masked. */
static void send_pending(struct kia_pci_dev *pdev)
{
    struct kia_pci_msix *m = pdev->msix;

    if (!m->pending || !m->enabled || m->function_masked || !m->master)
        return;
    for (unsigned i = 0; i < m->n; i++) {
        const uint8_t *entry = m->table + i * ENTRY_SIZE;
        uint64_t address = kia_pci_get32(entry) | (uint64_t)kia_pci_get32(entry + 4) << 32;

        if ((m->pending >> i & 1) && !(entry[ENTRY_CONTROL] & ENTRY_MASKED)) {
            m->pending &= ~(UINT64_C(1) << i);
            kia_platform_msi(pdev->dev.platform, address, kia_pci_get32(entry + ENTRY_DATA));
        }
    }
}

static uint64_t msix_read(void *opaque, uint64_t offset, unsigned size)
{
    struct kia_pci_dev *pdev = opaque;
    struct kia_pci_msix *m = pdev->msix;
    uint64_t value = 0;

    pthread_mutex_lock(&m->lock);
    if (offset + size <= m->n * ENTRY_SIZE)
        for (unsigned i = 0; i < size; i++)
            value |= (uint64_t)m->table[offset + i] << 8 * i;
    else if (offset >= PBA_OFFSET && offset + size <= PBA_OFFSET + PBA_SIZE)
        value = m->pending >> 8 * (offset - PBA_OFFSET);
    pthread_mutex_unlock(&m->lock);
    return value;
}

static void msix_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct kia_pci_dev *pdev = opaque;
    struct kia_pci_msix *m = pdev->msix;

    /* Software must use aligned double or quad words; the rest is undefined, here lost. The pending bits are
     * read-only. */
    if ((size != 4 && size != 8) || offset % size || offset + size > m->n * ENTRY_SIZE)
        return;
    pthread_mutex_lock(&m->lock);
    for (unsigned i = 0; i < size; i += 4) {
        uint32_t word = value >> 8 * i;
        unsigned field = (offset + i) % ENTRY_SIZE;

        if (field == ENTRY_CONTROL)
            word &= ENTRY_MASKED;
        else if (field == ENTRY_ADDRESS)
            word &= ~UINT32_C(3);
        kia_pci_set32(m->table + offset + i, word);
    }
    send_pending(pdev);
    pthread_mutex_unlock(&m->lock);
}

/**
 * kia_pci_msix_init - gives a function the capability and a 4 KiB BAR for its tables
 * @n: vectors, 1 to 64
 * Return: 0 or -ENOMEM.
 */
int kia_pci_msix_init(struct kia_pci_dev *pdev, unsigned bar, unsigned n)
{
    static const struct kia_mmio_ops ops = { "msix", msix_read, msix_write };
    struct kia_pci_msix *m = calloc(1, sizeof(*m));

    assert(n >= 1 && n <= MAX_VECTORS);
    if (!m)
        return -ENOMEM;
    pthread_mutex_init(&m->lock, NULL);
    m->n = n;
    m->cap = kia_pci_add_cap(pdev, PCI_CAP_MSIX, CAP_LEN);
    kia_pci_set16(pdev->config + m->cap + CAP_CONTROL, n - 1);
    kia_pci_set16(pdev->writable + m->cap + CAP_CONTROL, CONTROL_ENABLE | CONTROL_FUNCTION_MASK);
    kia_pci_set32(pdev->config + m->cap + CAP_TABLE, bar);
    kia_pci_set32(pdev->config + m->cap + CAP_PBA, PBA_OFFSET | bar);
    pdev->msix = m;
    kia_pci_msix_reset(pdev);
    kia_pci_add_bar(pdev, bar, KIA_PCI_BAR_MEM32, BAR_SIZE, &ops, pdev);
    return 0;
}

/** kia_pci_msix_enabled - has software chosen MSI-X over INTx? Any thread. */
bool kia_pci_msix_enabled(struct kia_pci_dev *pdev)
{
    bool enabled = false;

    if (pdev->msix) {
        pthread_mutex_lock(&pdev->msix->lock);
        enabled = pdev->msix->enabled;
        pthread_mutex_unlock(&pdev->msix->lock);
    }
    return enabled;
}

/**
 * kia_pci_msix_notify - sends a vector's message, or remembers it while it is masked
 * @vector: one that the function does not have is ignored
 * Thread: any, device lock may be held.
 */
void kia_pci_msix_notify(struct kia_pci_dev *pdev, unsigned vector)
{
    struct kia_pci_msix *m = pdev->msix;

    if (!m || vector >= m->n)
        return;
    pthread_mutex_lock(&m->lock);
    if (m->enabled) {
        m->pending |= UINT64_C(1) << vector;
        send_pending(pdev);
    }
    pthread_mutex_unlock(&m->lock);
}

/** kia_pci_msix_update - takes over what software wrote to the capability and the command register; bus
 * locked */
void kia_pci_msix_update(struct kia_pci_dev *pdev)
{
    struct kia_pci_msix *m = pdev->msix;
    uint16_t control = kia_pci_get16(pdev->config + m->cap + CAP_CONTROL);

    pthread_mutex_lock(&m->lock);
    m->enabled = control & CONTROL_ENABLE;
    m->function_masked = control & CONTROL_FUNCTION_MASK;
    m->master = kia_pci_is_master(pdev);
    if (!m->enabled)
        m->pending = 0;
    send_pending(pdev);
    pthread_mutex_unlock(&m->lock);
}

/** kia_pci_msix_reset - every vector masked, nothing pending; the caller resets the capability register */
void kia_pci_msix_reset(struct kia_pci_dev *pdev)
{
    struct kia_pci_msix *m = pdev->msix;

    pthread_mutex_lock(&m->lock);
    m->enabled = m->function_masked = m->master = false;
    m->pending = 0;
    memset(m->table, 0, sizeof(m->table));
    for (unsigned i = 0; i < m->n; i++)
        m->table[i * ENTRY_SIZE + ENTRY_CONTROL] = ENTRY_MASKED;
    pthread_mutex_unlock(&m->lock);
}

/** kia_pci_msix_free - at the end; a function without MSI-X is fine */
void kia_pci_msix_free(struct kia_pci_dev *pdev)
{
    if (!pdev->msix)
        return;
    pthread_mutex_destroy(&pdev->msix->lock);
    free(pdev->msix);
    pdev->msix = NULL;
}
