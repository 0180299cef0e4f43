/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with one processor and little memory for tests of the engines. */
#include "tests/engine/machine.h"

#include <unistd.h>

#include "isa/isa.h"

enum { VECTOR = 0x40, EXTERNAL_INTERRUPT = 0x3000, INTERVAL_US = 200 };

bool machine_open(struct machine *m, const char *accel)
{
    struct kia_vm_config config = { .accel = accel, .cpu = "max", .max_vcpus = 1, .itc_hz = 1000000000 };

    *m = (struct machine){ .accel = accel, .mem = kia_mem_create() };
    config.mem = m->mem;
    return m->mem && !kia_mem_add_ram(m->mem, 0, RAM_SIZE) && !kia_vm_create(&config, &m->vm) &&
           !kia_vcpu_create(m->vm, 0, 0, 0, &m->vcpu);
}

void machine_close(struct machine *m)
{
    machine_end_beside(m);
    kia_vm_destroy(m->vm);
    kia_mem_destroy(m->mem);
}

void machine_add_vectors(struct machine *m)
{
    for (unsigned i = 0; i < 0x80; i++)
        kia_vm_add_gate(m->vm, IVT + i * 0x100, GATE_IVT + i, KIA_GATE_FALL);
}

bool machine_write_code(struct machine *m, uint64_t gpa, const char *const *bundles, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct bundle b;

        if (isa_asm_bundle(bundles[i], &b) || kia_mem_write(m->mem, gpa + i * sizeof(b), &b, sizeof(b)))
            return false;
    }
    return true;
}

bool machine_add_counter(struct machine *m)
{
    static const char *const handler[] = {
        "{ .mii mov r16=cr.ivr ; adds r2=1,r2 ; nop.i 0 ;; }",
        "{ .mii mov cr.eoi=r0 ; nop.i 0 ; nop.i 0 ;; }",
        "{ .mib srlz.d ; nop.i 0 ; nop.b 0 ;; }",
        "{ .mib nop.m 0 ; nop.i 0 ; rfi ;; }",
    };

    return machine_write_code(m, IVT + EXTERNAL_INTERRUPT, handler, sizeof(handler) / sizeof(*handler));
}

bool machine_start_beside(struct machine *m, void *(*other)(void *machine))
{
    m->over = false;
    m->has_beside = !pthread_create(&m->beside, NULL, other, m);
    return m->has_beside;
}

void machine_end_beside(struct machine *m)
{
    m->over = true;
    if (m->has_beside)
        pthread_join(m->beside, NULL);
    m->has_beside = false;
}

void *machine_kick(void *machine)
{
    struct machine *m = machine;

    while (!m->over) {
        usleep(INTERVAL_US);
        kia_vcpu_kick(m->vcpu);
    }
    return NULL;
}

void *machine_interrupt(void *machine)
{
    struct machine *m = machine;

    while (!m->over) {
        usleep(INTERVAL_US);
        kia_vm_interrupt(m->vm, 0, 0, VECTOR);
    }
    return NULL;
}
