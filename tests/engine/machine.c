/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with one processor and little memory for tests of the engines. */
#include "tests/engine/machine.h"

#include "isa/isa.h"

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
