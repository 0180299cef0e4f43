/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor interrupt block (SDM 2:127, 5.8.4). */
#include "dev/pib.h"

#include <errno.h>
#include <stdlib.h>

#include "dev/dev.h"

enum {
    PIB_SIZE = 2 << 20,
    IPI_SIZE = 1 << 20, /* messages; {19:12} of the address id, {11:4} eid, {3} redirection hint */
    INTA = 0x1e0000,
    SPURIOUS = 0x0f, /* what an 8259 would answer; there is none */
};

static uint64_t pib_read(struct kia_dev *dev, uint64_t offset, unsigned size)
{
    (void)dev;
    return offset == INTA && size == 1 ? SPURIOUS : 0;
}

/*
 * The redirection hint is not obeyed: the named processor gets the interrupt, which it allows. XTP stores
 * (offset 0x1e0008) only steer redirection, and so have no effect; what other offsets and sizes do is
 * undefined.
 */
static void pib_write(struct kia_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
    if (offset < IPI_SIZE && size == 8 && offset % 8 == 0)
        kia_platform_interrupt(dev->platform, offset >> 4, value >> 8 & 7, value & 0xff);
}

static void pib_detach(struct kia_dev *dev)
{
    free(dev);
}

static const struct kia_dev_ops pib_ops = {
    .name = "pib",
    .access_min = 1,
    .access_max = 8,
    .read = pib_read,
    .write = pib_write,
    .detach = pib_detach,
};

/** kia_pib_attach - see the header. Return: 0 or negative errno. */
int kia_pib_attach(struct kia_platform *platform, uint64_t gpa)
{
    struct kia_dev *dev = calloc(1, sizeof(*dev));

    if (!dev)
        return -ENOMEM;
    kia_dev_attach(platform, dev, &pib_ops);
    return kia_dev_map_mmio(dev, gpa, PIB_SIZE);
}
