/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor with a virtual processor loaded, for tests of single guest instructions: the test is the hypervisor. All is in
 * physical mode unless a test maps something.
 */
#ifndef TESTS_VTI_MACHINE_H
#define TESTS_VTI_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/vpd.h"
#include "accel/soft.h"
#include "arch/interruption.h"
#include "arch/vti.h"
#include "isa/isa.h"
#include "mem/mem.h"

enum {
    RAM_SIZE = 4 << 20,
    CODE = 0x10000,
    HOST_IVA = 0x20000,
    HANDLER = HOST_IVA + 0x6100,
    OPT_HANDLER = 0x30000,
    VPD = 0x40000,
    IVT = VPD + 0x8000,
    ENV = 0x60000,
    DATA = 0x100000,
    STORE = 0x200000,
    /* Where a run stopped, beside a vector of IVT: */
    AT_HANDLER = 0x10000,
    AT_OPT_HANDLER,
    AT_STUCK,
};

#define VM_PSR (PSR_VM | PSR_IC | PSR_BN)

struct vti_machine {
    struct kia_mem *mem;
    struct kia_vm *vm;
    struct kia_vcpu *vcpu;
    struct vcpu *v;
};

/* @accel: "soft,jit=on" or off. false: this host cannot run it. */
bool vti_machine_open(struct vti_machine *m, const char *accel, const char *cpu);
void vti_machine_close(struct vti_machine *m);
/*
 * Calls @run for each engine of this host, with a machine of the model max and one of montecito open. An engine that does not
 * start is a failure; where there is none but the interpreter the other is named as skipped. Return: main()'s status.
 */
int vti_run_engines(struct vti_machine *max, struct vti_machine *first, int (*run)(const char *accel));

/* After reset, in an environment, with a loaded virtual processor of these controls; config is cause and opcode. */
void vti_start(struct vti_machine *m, uint64_t vac, uint64_t vdc);
/* A word of the VPD. */
uint64_t vti_get(struct vti_machine *m, uint64_t offset);
void vti_set(struct vti_machine *m, uint64_t offset, uint64_t value);
#define VCR(n) (0x800 + 8 * (n))

/*
 * Assembles lines, one instruction a bundle, at CODE and puts "break 0x77" behind them. Return: the number of bundles before it.
 * @slots, @opcodes: of each instruction, if not NULL.
 */
unsigned vti_assemble(struct vti_machine *m, const char *text, uint8_t *slots, uint64_t *opcodes);
/* Runs from CODE with this PSR up to the first interruption: its vector, or AT_*. */
unsigned vti_run(struct vti_machine *m, uint64_t psr);
/* The same from another address. */
unsigned vti_run_at(struct vti_machine *m, uint64_t ip, uint64_t psr);
/* Assembles and runs. */
unsigned vti_do(struct vti_machine *m, uint64_t psr, const char *text);

/* All memory, one to one, for data and with these access rights for code. Leaves psr = 0. */
void vti_map(struct vti_machine *m, uint64_t rights);

/* The stop of code that ran to its end. */
enum { AT_END = 0x2c00 };

#endif
