/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two machines that are alike but for the engine, and random numbers for their programs. */
#include "tests/engine/twins.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- machines ---- */

static uint64_t no_time(void *opaque)
{
    (void)opaque;
    return 0;
}

void twin_add_gates(struct machine *m, uint64_t end)
{
    machine_add_vectors(m);
    kia_vm_add_gate(m->vm, end, GATE_END, KIA_GATE_FALL);
}

bool twin_open(struct machine *m, const char *accel, uint64_t end)
{
    if (!machine_open(m, accel))
        return false;
    m->vm->vm.now_ns = no_time;
    twin_add_gates(m, end);
    return true;
}

int twins_open(struct machine *interpreted, struct machine *compiled, uint64_t end)
{
    if (!twin_open(interpreted, "soft,jit=off", end))
        return 1;
#ifdef __x86_64__ /* the only host that the compiler is for */
    return twin_open(compiled, "soft,jit=on,jit-after=0", end) ? 0 : 1;
#else
    (void)compiled;
    printf("skipped: there is no compiler for this host\n");
    return 77;
#endif
}

void twins_close(struct machine *interpreted, struct machine *compiled)
{
    machine_close(interpreted);
    machine_close(compiled);
}

char *twin_text(struct machine *m)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fprintf(out, "exit %d gate %x\n", m->run.exit, m->run.gate);
    kia_vcpu_dump(m->vcpu, out);
    fclose(out);
    return text;
}

char *twin_run(struct machine *m)
{
    m->run = (struct kia_run){ 0 };
    kia_vcpu_run(m->vcpu, &m->run);
    return twin_text(m);
}

void print_difference(const char *interpreted, const char *compiled)
{
    const char *a = interpreted, *b = compiled;

    while (*a && *b) {
        size_t na = strcspn(a, "\n"), nb = strcspn(b, "\n");

        if (na != nb || memcmp(a, b, na))
            printf("  interpreted %.*s, compiled %.*s\n", (int)na, a, (int)nb, b);
        a += na + (a[na] == '\n');
        b += nb + (b[nb] == '\n');
    }
}

static unsigned completed; /* runs that no fault ended */

bool twins_same(struct machine *interpreted, struct machine *compiled, char *a, char *b, size_t data_size)
{
    const uint64_t *words[] = { kia_mem_hva(interpreted->mem, DATA, data_size),
                                kia_mem_hva(compiled->mem, DATA, data_size) };
    bool equal = a && b && !strcmp(a, b);

    if (!equal && a && b)
        print_difference(a, b);
    completed += a && !strncmp(a, "exit 0 gate 1\n", 14);
    free(a);
    free(b);
    for (size_t i = 0; i < data_size / 8; i++) {
        if (words[0][i] != words[1][i])
            printf("  [%zx] interpreted %016" PRIx64 ", compiled %016" PRIx64 "\n", DATA + i * 8, words[0][i], words[1][i]);
        equal &= words[0][i] == words[1][i];
    }
    return equal;
}

/* ---- random numbers ---- */

static uint64_t seed;

void seed_random(uint64_t number) { seed = number * UINT64_C(0x9e3779b97f4a7c15) | 1; }

uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

unsigned below(unsigned n) { return (unsigned)(next() >> 33) % n; }

const char *pick(const char *const *names, unsigned n) { return names[below(n)]; }

uint64_t assemble(void (*write)(char *, size_t), enum isa_unit unit, char *line, size_t size)
{
    uint64_t slot, lslot;

    do
        write(line, size);
    while (isa_asm(line, unit, &slot, &lslot));
    return slot;
}

void parse_numbers(int argc, char **argv, unsigned long *n, uint64_t *base)
{
    if (argc > 1)
        *n = strtoul(argv[1], NULL, 0);
    if (argc > 2)
        *base = strtoull(argv[2], NULL, 0);
}

/* ---- random programs ---- */

int random_main(const struct random_test *t, int argc, char **argv)
{
    unsigned long programs = t->programs;
    uint64_t base = 1;
    struct machine interpreted = { 0 }, compiled = { 0 };
    unsigned failed = 0;
    int status = twins_open(&interpreted, &compiled, t->ends[0]);

    if (status)
        return status;
    parse_numbers(argc, argv, &programs, &base);
    if (t->ends[1]) {
        kia_vm_add_gate(interpreted.vm, t->ends[1], GATE_END, KIA_GATE_FALL);
        kia_vm_add_gate(compiled.vm, t->ends[1], GATE_END, KIA_GATE_FALL);
    }
    for (unsigned long i = 0; i < programs && failed < 5; i++) {
        seed_random(base + i);
        if (!t->same(&interpreted, &compiled)) {
            printf("program %lu differs (%s 1 %" PRIu64 ")\n", i, t->name, base + i);
            t->print();
            failed++;
        }
    }
    printf("%lu programs, %u differ, %u runs without a fault\n", programs, failed, completed);
    twins_close(&interpreted, &compiled);
    return failed != 0;
}
