/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A platform without processors: 64 MiB of RAM, an IOSAPIC, a PCI bus, a record of what devices ask for. */
#ifndef TESTS_DEV_FIXTURE_H
#define TESTS_DEV_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dev/dev.h"
#include "dev/iosapic.h"
#include "dev/loop.h"
#include "dev/pci.h"
#include "mem/mem.h"

#define RAM_SIZE    UINT64_C(0x4000000)
#define IOSAPIC_GPA UINT64_C(0xfec00000)
#define PIB_GPA     UINT64_C(0xfee00000)
#define PORTS_GPA   UINT64_C(0xfffc000000)
#define MEM32_GPA   UINT64_C(0xd0000000)
#define MEM64_GPA   UINT64_C(0x8000000000)

struct irq {
    uint16_t lid;
    unsigned dm;
    uint8_t vector;
};

struct machine {
    struct kia_mem *mem;
    struct kia_loop *loop;
    struct kia_platform *platform;
    struct kia_pci *pci;
};

int machine_setup(void **state);
int machine_teardown(void **state);

/* The oldest interrupt not taken yet; waits up to @ms for it. */
bool take_irq(struct irq *irq, int ms);
/* Requests for reset and power-off so far. */
unsigned n_resets(void);
unsigned n_poweroffs(void);

/* I/O ports through the sparse space, as a processor reaches them. */
uint64_t port_read(struct machine *m, uint16_t port, unsigned size);
void port_write(struct machine *m, uint16_t port, unsigned size, uint32_t value);

/* IOSAPIC registers. */
uint32_t iosapic_get(struct machine *m, unsigned index);
void iosapic_set(struct machine *m, unsigned index, uint32_t value);
/* Entry @pin: vector, to the processor with @lid; @low: further bits of the low word (level, mask). */
void iosapic_route(struct machine *m, unsigned pin, uint8_t vector, uint16_t lid, uint32_t low);
void iosapic_eoi(struct machine *m, uint8_t vector);

enum { RTE_LEVEL = 1 << 15, RTE_MASK = 1 << 16 };

/* A reproducible source of random numbers. */
uint64_t next_random(uint64_t *seed);

#endif
