/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A platform without processors. */
#include "tests/dev/fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_IRQS = 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static struct irq irqs[MAX_IRQS];
static unsigned head, tail, resets, poweroffs;

static void on_interrupt(void *opaque, uint16_t lid, unsigned dm, uint8_t vector)
{
    (void)opaque;
    pthread_mutex_lock(&lock);
    irqs[head++ % MAX_IRQS] = (struct irq){ lid, dm, vector };
    if (head - tail > MAX_IRQS)
        tail = head - MAX_IRQS;
    pthread_cond_broadcast(&came);
    pthread_mutex_unlock(&lock);
}

static void on_event(void *opaque, enum kia_platform_event event)
{
    (void)opaque;
    *(event == KIA_PLATFORM_RESET ? &resets : &poweroffs) += 1;
}

bool take_irq(struct irq *irq, int ms)
{
    struct timespec until;
    bool found;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lock);
    while (head == tail && !pthread_cond_timedwait(&came, &lock, &until))
        ;
    found = head != tail;
    if (found)
        *irq = irqs[tail++ % MAX_IRQS];
    pthread_mutex_unlock(&lock);
    return found;
}

unsigned n_resets(void)
{
    return resets;
}

unsigned n_poweroffs(void)
{
    return poweroffs;
}

int machine_setup(void **state)
{
    static const struct kia_pci_config pci = {
        .mem32_gpa = MEM32_GPA,
        .mem32_size = 0x10000000,
        .mem64_gpa = MEM64_GPA,
        .mem64_size = UINT64_C(1) << 32,
        .io_base = 0x1000,
        .gsi = 16,
    };
    struct machine *m = calloc(1, sizeof(*m));
    struct kia_platform_config config;

    head = tail = resets = poweroffs = 0;
    m->mem = kia_mem_create();
    m->loop = kia_loop_create();
    config = (struct kia_platform_config){
        .mem = m->mem, .loop = m->loop, .pib_gpa = PIB_GPA, .interrupt = on_interrupt, .event = on_event,
    };
    *state = m;
    return kia_mem_add_ram(m->mem, 0, RAM_SIZE) || kia_platform_create(&config, &m->platform) ||
           kia_platform_map_port_space(m->platform, PORTS_GPA) ||
           kia_iosapic_attach(m->platform, IOSAPIC_GPA, 0, 64) || kia_pci_attach(m->platform, &pci, &m->pci);
}

int machine_teardown(void **state)
{
    struct machine *m = *state;

    kia_platform_destroy(m->platform);
    kia_loop_destroy(m->loop);
    kia_mem_destroy(m->mem);
    free(m);
    return 0;
}

/* SDM 2:269: port{15:2} in address{25:12}, port{11:0} in address{11:0}. */
static uint64_t port_gpa(uint16_t port)
{
    return PORTS_GPA + ((uint64_t)(port >> 2) << 12) + (port & 0xfff);
}

uint64_t port_read(struct machine *m, uint16_t port, unsigned size)
{
    return kia_mmio_read(m->mem, port_gpa(port), size);
}

void port_write(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
    kia_mmio_write(m->mem, port_gpa(port), size, value);
}

uint32_t iosapic_get(struct machine *m, unsigned index)
{
    kia_mmio_write(m->mem, IOSAPIC_GPA, 4, index);
    return kia_mmio_read(m->mem, IOSAPIC_GPA + 0x10, 4);
}

void iosapic_set(struct machine *m, unsigned index, uint32_t value)
{
    kia_mmio_write(m->mem, IOSAPIC_GPA, 4, index);
    kia_mmio_write(m->mem, IOSAPIC_GPA + 0x10, 4, value);
}

void iosapic_route(struct machine *m, unsigned pin, uint8_t vector, uint16_t lid, uint32_t low)
{
    iosapic_set(m, 0x11 + 2 * pin, (uint32_t)lid << 16);
    iosapic_set(m, 0x10 + 2 * pin, low | vector);
}

void iosapic_eoi(struct machine *m, uint8_t vector)
{
    kia_mmio_write(m->mem, IOSAPIC_GPA + 0x40, 4, vector);
}

/* xorshift64*. */
uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}
