/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processors of the program under test do: KIA_TEST_GUEST names a scenario. Linked with main.c and
 * the fake accelerator, so that the whole program runs but for the processor.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem/mem.h"
#include "tests/vmm/fake_accel.h"
#include "vmm/board.h"

#define UART KIA_UART0_GPA

static uint64_t port_gpa(unsigned port)
{
    return KIA_IO_PORTS_GPA + ((uint64_t)(port >> 2) << 12) + (port & 0xfff);
}

static enum kia_exit kicked(void)
{
    usleep(1000);
    return KIA_EXIT_KICKED;
}

/* The scenarios see the machine only as a processor does: through memory accesses. */
static enum kia_exit stuck(struct kia_vcpu *vcpu, struct kia_run *run, struct kia_mem *mem)
{
    (void)vcpu;
    (void)mem;
    snprintf(run->why, sizeof(run->why), "the test says so");
    return KIA_EXIT_STUCK;
}

static enum kia_exit poweroff(struct kia_vcpu *vcpu, struct kia_run *run, struct kia_mem *mem)
{
    (void)vcpu;
    (void)run;
    kia_mmio_write(mem, port_gpa(KIA_PORT_PM1_CNT), 2, 1 << 13);
    return kicked();
}

/* Resets twice, then powers off. RAM below the firmware must come back as it was at power-on each time. */
static enum kia_exit reset(struct kia_vcpu *vcpu, struct kia_run *run, struct kia_mem *mem)
{
    static unsigned lives;
    uint64_t mark = 0;

    kia_mem_read(mem, 0x8000, &mark, 8);
    if (mark)
        return stuck(vcpu, run, mem);
    mark = 1;
    kia_mem_write(mem, 0x8000, &mark, 8);
    if (++lives == 3)
        return poweroff(vcpu, run, mem);
    kia_mmio_write(mem, port_gpa(KIA_PORT_RESET), 1, KIA_RESET_VALUE);
    return kicked();
}

static enum kia_exit hello(struct kia_vcpu *vcpu, struct kia_run *run, struct kia_mem *mem)
{
    for (const char *c = "hello\n"; *c; c++)
        kia_mmio_write(mem, UART, 1, *c);
    return poweroff(vcpu, run, mem);
}

/* Sends back what comes in, until a dot. */
static enum kia_exit echo(struct kia_vcpu *vcpu, struct kia_run *run, struct kia_mem *mem)
{
    while (kia_mmio_read(mem, UART + 5, 1) & 1) {
        uint8_t c = kia_mmio_read(mem, UART, 1);

        kia_mmio_write(mem, UART + 3, 1, 3);
        if (c == '.')
            return poweroff(vcpu, run, mem);
        kia_mmio_write(mem, UART, 1, c == 1 ? 'A' : c);
    }
    return kicked();
}

/* Prints registers and the memory that the loader was told to fill. */
static enum kia_exit show(struct kia_vcpu *vcpu, struct kia_run *run, struct kia_mem *mem)
{
    uint64_t word = 0;
    char text[160];

    kia_mem_read(mem, 0x2000000, &word, 8);
    snprintf(text, sizeof(text), "ip %llx psr %llx mem %llx\n", (unsigned long long)kia_get_ip(vcpu),
             (unsigned long long)kia_get_psr(vcpu), (unsigned long long)word);
    kia_mmio_write(mem, UART + 3, 1, 3);
    for (const char *c = text; *c; c++)
        kia_mmio_write(mem, UART, 1, *c);
    return poweroff(vcpu, run, mem);
}

static enum kia_exit run_scenario(struct kia_vcpu *vcpu, struct kia_run *run)
{
    static const struct {
        const char *name;
        enum kia_exit (*step)(struct kia_vcpu *vcpu, struct kia_run *run, struct kia_mem *mem);
    } scenarios[] = {
        { "stuck", stuck }, { "poweroff", poweroff }, { "reset", reset },
        { "hello", hello }, { "echo", echo }, { "show", show },
    };
    const char *name = getenv("KIA_TEST_GUEST");

    for (unsigned i = 0; name && i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        if (!strcmp(name, scenarios[i].name))
            return scenarios[i].step(vcpu, run, fake_mem(vcpu));
    fake_sleep(vcpu);
    return KIA_EXIT_KICKED;
}

__attribute__((constructor)) static void install(void)
{
    fake_run = run_scenario;
}
