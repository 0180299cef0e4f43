/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI fixed hardware (ACPI 2.0, section 4.7): PM1 event and control blocks, PM timer, reset register. */
#include "dev/acpi_pm.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "dev/dev.h"
#include "dev/loop.h"

enum {
    REG_STATUS = 0,
    REG_ENABLE = 2,
    REG_CONTROL = 4,
    REG_TIMER = 8,
    REG_RESET = 12,

    /* Status and enable */
    PM1_TIMER = 1 << 0,
    PM1_GLOBAL = 1 << 5,
    PM1_POWER_BUTTON = 1 << 8,
    PM1_WAKE = 1 << 15, /* status only */
    STATUS_WRITABLE = PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_WAKE,
    ENABLE_WRITABLE = PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON,

    CONTROL_SCI_EN = 1 << 0, /* no legacy mode to leave: always 1 */
    CONTROL_SLP_TYP_SHIFT = 10,
    CONTROL_SLP_TYP = 7,
    CONTROL_SLP_EN = 1 << 13, /* reads as 0 */
    CONTROL_WRITABLE = 1 << 1 | CONTROL_SLP_TYP << CONTROL_SLP_TYP_SHIFT,
    SLP_TYP_S5 = 0,
};

#define TIMER_HZ 3579545
#define NS_PER_S 1000000000

struct kia_acpi_pm {
    struct kia_dev dev;
    struct kia_irq sci;
    pthread_mutex_t lock;
    struct kia_timer overflow; /* runs only while its interrupt is enabled */
    uint16_t status, enable, control;
    bool top_bit; /* of the timer when status was last brought up to date */
};

static uint64_t timer_ticks(const struct kia_acpi_pm *pm)
{
    return (unsigned __int128)kia_loop_now(kia_platform_loop(pm->dev.platform)) * TIMER_HZ / NS_PER_S;
}

/* TMR_STS is set whenever the top bit of the 32-bit counter changes (ACPI 4.7.3.3). */
static void update_timer_status(struct kia_acpi_pm *pm)
{
    bool top_bit = timer_ticks(pm) >> 31 & 1;

    if (top_bit != pm->top_bit)
        pm->status |= PM1_TIMER;
    pm->top_bit = top_bit;
}

static void update(struct kia_acpi_pm *pm)
{
    int64_t deadline = KIA_TIMER_OFF;

    update_timer_status(pm);
    kia_irq_set(&pm->sci, pm->status & pm->enable);
    if ((pm->enable & PM1_TIMER) && !(pm->status & PM1_TIMER)) {
        uint64_t next = (timer_ticks(pm) >> 31) + 1;

        deadline = (unsigned __int128)(next << 31) * NS_PER_S / TIMER_HZ + 1;
    }
    kia_timer_set(kia_platform_loop(pm->dev.platform), &pm->overflow, deadline);
}

static void overflow_fire(void *opaque)
{
    struct kia_acpi_pm *pm = opaque;

    pthread_mutex_lock(&pm->lock);
    update(pm);
    pthread_mutex_unlock(&pm->lock);
}

static uint64_t pm_read(struct kia_dev *dev, uint64_t offset, unsigned size)
{
    struct kia_acpi_pm *pm = (struct kia_acpi_pm *)dev;
    uint64_t low, high;

    /* The common one, and the only one read often: no lock. */
    if (offset == REG_TIMER && size == 4)
        return (uint32_t)timer_ticks(pm);

    pthread_mutex_lock(&pm->lock);
    update_timer_status(pm);
    low = pm->status | (uint64_t)pm->enable << 16 | (uint64_t)(pm->control | CONTROL_SCI_EN) << 32;
    pthread_mutex_unlock(&pm->lock);
    high = (uint32_t)timer_ticks(pm);
    if (offset >= 8)
        return high >> 8 * (offset - 8);
    return offset ? low >> 8 * offset | high << (64 - 8 * offset) : low;
}

static void write_control(struct kia_acpi_pm *pm, uint16_t value)
{
    pm->control = value & CONTROL_WRITABLE;
    if ((value & CONTROL_SLP_EN) && (value >> CONTROL_SLP_TYP_SHIFT & CONTROL_SLP_TYP) == SLP_TYP_S5)
        kia_platform_request(pm->dev.platform, KIA_PLATFORM_POWEROFF);
}

static void write_byte(struct kia_acpi_pm *pm, uint64_t offset, uint8_t value)
{
    unsigned shift = 8 * (offset & 1);
    uint16_t byte = 0xff << shift, placed = value << shift;

    switch (offset & ~UINT64_C(1)) {
    case REG_STATUS:
        pm->status &= ~(placed & STATUS_WRITABLE);
        break;
    case REG_ENABLE:
        pm->enable = (pm->enable & ~byte) | (placed & ENABLE_WRITABLE);
        break;
    case REG_CONTROL:
        write_control(pm, (pm->control & ~byte) | placed);
        break;
    case REG_RESET:
        if (offset == REG_RESET && value == KIA_ACPI_PM_RESET_VALUE)
            kia_platform_request(pm->dev.platform, KIA_PLATFORM_RESET);
        break;
    }
}

static void pm_write(struct kia_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
    struct kia_acpi_pm *pm = (struct kia_acpi_pm *)dev;

    pthread_mutex_lock(&pm->lock);
    update_timer_status(pm);
    for (unsigned i = 0; i < size; i++)
        write_byte(pm, offset + i, value >> 8 * i);
    update(pm);
    pthread_mutex_unlock(&pm->lock);
}

static void pm_reset(struct kia_dev *dev)
{
    struct kia_acpi_pm *pm = (struct kia_acpi_pm *)dev;

    pthread_mutex_lock(&pm->lock);
    pm->status = pm->enable = pm->control = 0;
    pm->top_bit = timer_ticks(pm) >> 31 & 1;
    update(pm);
    pthread_mutex_unlock(&pm->lock);
}

static void pm_detach(struct kia_dev *dev)
{
    struct kia_acpi_pm *pm = (struct kia_acpi_pm *)dev;

    kia_timer_set(kia_platform_loop(dev->platform), &pm->overflow, KIA_TIMER_OFF);
    pthread_mutex_destroy(&pm->lock);
    free(pm);
}

static const struct kia_dev_ops pm_ops = {
    .name = "acpi-pm", .access_min = 1, .access_max = 4,
    .read = pm_read, .write = pm_write, .reset = pm_reset, .detach = pm_detach,
};

/** kia_acpi_pm_power_button - sets PWRBTN_STS, which raises the SCI if it is enabled; any thread */
void kia_acpi_pm_power_button(struct kia_acpi_pm *pm)
{
    pthread_mutex_lock(&pm->lock);
    pm->status |= PM1_POWER_BUTTON;
    update(pm);
    pthread_mutex_unlock(&pm->lock);
}

/** kia_acpi_pm_attach - see the header. Return: 0 or negative errno. */
int kia_acpi_pm_attach(struct kia_platform *platform, uint16_t port, unsigned gsi, struct kia_acpi_pm **pm)
{
    struct kia_acpi_pm *p = calloc(1, sizeof(*p));

    if (!p)
        return -ENOMEM;
    pthread_mutex_init(&p->lock, NULL);
    p->overflow = (struct kia_timer){ overflow_fire, p, KIA_TIMER_OFF, NULL };
    kia_irq_init(&p->sci, platform, gsi);
    kia_dev_attach(platform, &p->dev, &pm_ops);
    pm_reset(&p->dev);
    if (pm)
        *pm = p;
    return kia_dev_map_ports(&p->dev, port, KIA_ACPI_PM_PORTS);
}
