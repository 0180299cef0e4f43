/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine with one processor and little memory for tests of the engines. */
#ifndef TESTS_ENGINE_MACHINE_H
#define TESTS_ENGINE_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accel/soft.h"
#include "mem/mem.h"

/* Where things are. */
enum {
    RAM_SIZE = 4 << 20,
    IVT = 0x40000,
    DATA = 0x100000,
    STORE = 0x200000,
    GATE_END = 1,      /* behind the program */
    GATE_IVT = 0x1000, /* + vector / 0x100 */
};

struct machine {
    const char *accel;
    struct kia_mem *mem;
    struct kia_vm *vm;
    struct kia_vcpu *vcpu;
    struct kia_run run; /* the last one */
    pthread_t beside;   /* machine_start_beside() */
    bool has_beside;
    _Atomic bool over;
};

/* Return: false if there is no such machine on this host. */
bool machine_open(struct machine *m, const char *accel);
void machine_close(struct machine *m);

/* The vectors of IVT become gates. */
void machine_add_vectors(struct machine *m);
/* At the vector External Interrupt: takes the interrupt and counts it in r2. Return: as machine_write_code() */
bool machine_add_counter(struct machine *m);

/* Runs @other(m) in a thread until m->over, and ends it; closing the machine ends it as well. */
bool machine_start_beside(struct machine *m, void *(*other)(void *machine));
void machine_end_beside(struct machine *m);
/* Two of them: kick the processor, and interrupt it, all the time. */
void *machine_kick(void *machine);
void *machine_interrupt(void *machine);

/* Writes bundles in the assembler's language. Return: false if one of them is none. */
bool machine_write_code(struct machine *m, uint64_t gpa, const char *const *bundles, size_t n);

#endif
