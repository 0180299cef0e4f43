/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code without virtualized instructions is translated to the very same internal ops at psr.vm = 1 as at 0, and these to as many
 * bytes of host code, so that a guest runs it as fast: random units of every unit type, both ways.
 * usage: test_same_code [units [seed]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/vpd.h"
#include "arch/vti.h"
#include "jit/jit.h"
#include "lower/lower.h"

enum { BUNDLES = 32, TRIES = 100, CODE_BYTES = 512 << 20, ALIGNMENT = 16 };

static uint64_t seed;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

/* Beside the virtualized ones: tf and instructions of CPUID[4]{63:32} look at what the guest may see. */
static bool depends_on_vm(const struct insn *in)
{
    return vti_table[in->op].cause || in->op == OP_TF || in->feature == FEAT_CLZ || in->feature == FEAT_MPY;
}

static uint64_t random_slot(enum isa_unit unit, uint64_t lslot)
{
    struct insn in;

    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t slot = next() >> 23;

        if (isa_decode(unit, slot, lslot, &in) == ISA_OK && !depends_on_vm(&in))
            return slot;
    }
    return unit == UNIT_B ? UINT64_C(2) << 37 : UINT64_C(1) << 27; /* nop */
}

static struct bundle random_bundle(void)
{
    static const uint8_t templates[] = { 0x00, 0x01, 0x08, 0x09, 0x0c, 0x0d, 0x0e, 0x10, 0x11, 0x1c, 0x1d };
    unsigned number = templates[next() % sizeof(templates)];
    const struct isa_template *t = &isa_templates[number];

    return isa_bundle_make(number, random_slot(t->unit[0], 0), random_slot(t->unit[1], 0), random_slot(t->unit[2], 0));
}

static int no_gate(void *opaque, uint64_t gpa)
{
    (void)opaque, (void)gpa;
    return -1;
}

static void *take(void *opaque, size_t size)
{
    (void)opaque;
    return malloc(size);
}

static bool same(const struct ir_unit *a, const struct ir_unit *b)
{
    if (a->n_ops != b->n_ops || a->n_insns != b->n_insns || a->n_guest || b->n_guest)
        return false;
    for (unsigned i = 0; i < a->n_ops; i++) {
        const struct ir_op *x = &a->ops[i], *y = &b->ops[i];

        if (x->op != y->op || x->dst != y->dst || x->a != y->a || x->b != y->b || x->c != y->c || x->pos != y->pos ||
            x->aux != y->aux || x->imm != y->imm || x->fn != y->fn)
            return false;
    }
    return true;
}

/* Bytes of a unit's host code, with less than ALIGNMENT in front of it; 0 if it has too many values to be compiled. */
static uint64_t host_bytes(struct jit *j, const struct ir_unit *u)
{
    uint64_t before = jit_stats(j)->bytes;

    return jit_compile(j, u, NULL, 0, 0) ? jit_stats(j)->bytes - before : 0;
}

int main(int argc, char **argv)
{
    unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 5000, failed = 0, ops = 0;
    uint64_t base = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    struct lower_scratch *scratch = lower_scratch_create();
    struct jit *j = jit_create(CODE_BYTES, false); /* NULL: a host without a compiler */
    uint64_t bytes = 0;
    struct bundle code[BUNDLES];

    for (unsigned long i = 0; i < n && scratch; i++) {
        struct lower_source src = { .code = code, .n_bundles = BUNDLES, .max_insns = LOWER_MAX_INSNS, .gate = no_gate,
                                    .alloc = take,
                                    .cpuid4 = UINT64_C(0x30000000d), .ito = true };
        struct ir_unit *plain, *guest;

        seed = (base + i) * UINT64_C(0x9e3779b97f4a7c15) | 1;
        for (unsigned k = 0; k < BUNDLES; k++)
            code[k] = random_bundle();
        src.key = (uint32_t)next() & (KEY_CPL | KEY_DT | KEY_IT | KEY_RT | KEY_BE | KEY_IC | KEY_AC | KEY_NAT | KEY_FPSTD);
        plain = lower_unit(scratch, &src);
        src.key |= KEY_VM;
        guest = lower_unit(scratch, &src);
        ops += plain ? plain->n_ops : 0;
        if (!plain || !guest || !same(plain, guest)) {
            printf("unit %lu differs (test_same_code 1 %lu)\n", i, (unsigned long)(base + i));
            failed++;
        } else if (j) {
            uint64_t at_0 = host_bytes(j, plain), at_1 = host_bytes(j, guest);

            bytes += at_0;
            if (at_0 + ALIGNMENT <= at_1 || at_1 + ALIGNMENT <= at_0) {
                printf("unit %lu has %lu bytes of host code, in a guest %lu\n", i, (unsigned long)at_0, (unsigned long)at_1);
                failed++;
            }
        }
        free(plain);
        free(guest);
    }
    lower_scratch_free(scratch);
    jit_destroy(j);
    printf("%lu units of %lu ops, %lu bytes of host code, %lu differ\n", n, ops, (unsigned long)bytes, failed);
    return failed != 0 || !scratch;
}
