/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test's machine. */
#include "arch/ops.h"
#include "tests/engine/bundle.h"
#include "tests/vti/machine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GATE = 0x1000, MAX_LINES = 16 };

bool vti_machine_open(struct vti_machine *m, const char *accel, const char *cpu)
{
    struct kia_vm_config config = { .accel = accel, .cpu = cpu, .max_vcpus = 1, .itc_hz = 1000000000 };

    memset(m, 0, sizeof(*m));
    config.mem = m->mem = kia_mem_create();
    if (!m->mem || kia_mem_add_ram(m->mem, 0, RAM_SIZE) || kia_vm_create(&config, &m->vm) ||
        kia_vcpu_create(m->vm, 0, 0, 0, &m->vcpu))
        return false;
    m->v = m->vcpu->v;
    return true;
}

void vti_machine_close(struct vti_machine *m)
{
    kia_vm_destroy(m->vm);
    kia_mem_destroy(m->mem);
}

int vti_run_engines(struct vti_machine *max, struct vti_machine *first, int (*run)(const char *accel))
{
    static const char *const accels[] = { "soft,jit=off", "soft,jit=on,jit-after=0" };
    int failed = 0;

    for (unsigned i = 0; i < 2; i++) {
#ifndef __x86_64__ /* the only host that the compiler is for */
        if (i) {
            printf("skipped: %s: there is no compiler for this host\n", accels[i]);
            break;
        }
#endif
        if (!vti_machine_open(max, accels[i], "max") || !vti_machine_open(first, accels[i], "montecito")) {
            printf("cannot open a machine with %s\n", accels[i]);
            return 1;
        }
        failed += run(accels[i]);
        vti_machine_close(max);
        vti_machine_close(first);
    }
    return failed != 0;
}

uint64_t vti_get(struct vti_machine *m, uint64_t offset)
{
    uint64_t value = 0;

    kia_mem_read(m->mem, VPD + offset, &value, 8);
    return value;
}

void vti_set(struct vti_machine *m, uint64_t offset, uint64_t value) { kia_mem_write(m->mem, VPD + offset, &value, 8); }

static void add_gates(struct vti_machine *m)
{
    for (unsigned vector = 0; vector < 0x8000; vector += 0x100)
        kia_vm_add_gate(m->vm, IVT + vector, GATE + vector, KIA_GATE_FALL);
    kia_vm_add_gate(m->vm, HANDLER, GATE + AT_HANDLER, KIA_GATE_FALL);
    kia_vm_add_gate(m->vm, OPT_HANDLER, GATE + AT_OPT_HANDLER, KIA_GATE_FALL);
}

void vti_start(struct vti_machine *m, uint64_t vac, uint64_t vdc)
{
    const uint64_t record[] = { KIA_VPD_MARK, HOST_IVA, 0 };

    kia_vcpu_reset(m->vcpu);
    kia_mem_clear_ram(m->mem);
    add_gates(m);
    kia_mem_write(m->mem, VPD + 0x1000, record, sizeof(record));
    vti_set(m, 0, vac);
    vti_set(m, 8, vdc);
    vti_set(m, VPD_OFFSET(vpsr), PSR_BN | PSR_IC);
    kia_set_cr(m->vcpu, CR_IVA, IVT);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    kia_set_cfm(m->vcpu, 32 | 16 << 7);
    kia_vcpu_vp_enter(m->vcpu, ENV, KIA_VP_CONFIG_OPCODE | KIA_VP_CONFIG_CAUSE);
    assert(kia_vcpu_vp_load(m->vcpu, VPD) == 0);
}

static struct bundle assemble_line(const char *line, uint8_t *index, uint64_t *slot)
{
    static const enum isa_unit units[] = { UNIT_M, UNIT_I, UNIT_F, UNIT_B, UNIT_X };
    uint64_t lslot = 0;

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (isa_asm(line, units[i], slot, &lslot) == 0)
            return bundle_of(units[i], *slot, lslot, index);
    }
    fprintf(stderr, "cannot assemble '%s'\n", line);
    abort();
}

unsigned vti_assemble(struct vti_machine *m, const char *text, uint8_t *slots, uint64_t *opcodes)
{
    struct bundle code[MAX_LINES + 1];
    uint64_t opcode;
    char line[128];
    uint8_t index;
    unsigned n = 0;

    while (*text) {
        size_t len = strcspn(text, "\n");

        snprintf(line, sizeof(line), "%.*s", (int)len, text);
        text += len + (text[len] == '\n');
        assert(n < MAX_LINES);
        code[n] = assemble_line(line, &index, &opcode);
        if (slots)
            slots[n] = index;
        if (opcodes)
            opcodes[n] = opcode;
        n++;
    }
    code[n] = assemble_line("break.m 0x77", &index, &opcode);
    kia_mem_write(m->mem, CODE, code, (n + 1) * sizeof(*code));
    return n;
}

unsigned vti_run_at(struct vti_machine *m, uint64_t ip, uint64_t psr)
{
    struct kia_run run = { 0 };

    kia_set_ip(m->vcpu, ip);
    kia_set_psr(m->vcpu, psr);
    kia_vcpu_run(m->vcpu, &run);
    return run.exit == KIA_EXIT_GATE ? run.gate - GATE : AT_STUCK;
}

unsigned vti_run(struct vti_machine *m, uint64_t psr) { return vti_run_at(m, CODE, psr); }

unsigned vti_do(struct vti_machine *m, uint64_t psr, const char *text)
{
    vti_assemble(m, text, NULL, NULL);
    return vti_run(m, psr);
}

void vti_map(struct vti_machine *m, uint64_t rights)
{
    uint64_t out;

    m->v->cr[CR_IFA] = 0;
    m->v->cr[CR_ITIR] = 22 << 2;
    kia_set_psr(m->vcpu, 0);
    op_itr(m->v, 1, 0x61 | rights << 9, 0, &out);
    op_itr(m->v, 0, 0x661, 0, &out);
}
