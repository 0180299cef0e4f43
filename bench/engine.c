/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of the engines on one loop in physical mode: loads, stores, arithmetic, compare-and-branch, a call and a return.
 * Prints guest instructions a second for the interpreter and for compiled code, and their ratio, measured in one run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "accel/accel.h"
#include "isa/isa.h"
#include "mem/mem.h"

enum { CODE = 0x10000, DATA = 0x20000, STORE = 0x30000, RAM = 1 << 20, GATE = 1 };

/*
 * r8 counts down. Each round: a call, eight rounds of an inner loop over DATA, and the return.
 * Instructions a round (nops not counted): 5 + callee (4 + 8 * 7 + 2).
 */
static const char *const program[] = {
    /* outer: CODE */
    "{ .mib\n adds r8=-1,r8\n nop.i 0\n br.call.sptk.many b0=.+0x40 ;;\n}",
    "{ .mib\n cmp.ne p6,p7=0,r8\n add r10=r10,r9\n (p6) br.cond.sptk.many .-0x10 ;;\n}",
    "{ .mib\n nop.m 0\n nop.i 0\n br.cond.sptk.many .+0x90 ;;\n}",
    "{ .mib\n nop.m 0\n nop.i 0\n nop.b 0 ;;\n}",
    /* callee */
    "{ .mii\n alloc r32=ar.pfs,0,4,0,0\n adds r33=8,r0\n mov r34=r11 ;;\n}",
    "{ .mib\n mov r9=0\n nop.i 0\n nop.b 0 ;;\n}",
    /* inner */
    "{ .mmi\n ld8 r14=[r34] ;;\n add r9=r9,r14\n adds r14=1,r14 ;;\n}",
    "{ .mii\n st8 [r34]=r14,8\n adds r33=-1,r33 ;;\n cmp.lt p8,p9=0,r33\n}",
    "{ .mib\n nop.m 0\n nop.i 0\n (p8) br.cond.dptk.few .-0x20 ;;\n}",
    "{ .mii\n nop.m 0\n mov ar.pfs=r32\n nop.i 0 ;;\n}",
    "{ .mib\n nop.m 0\n nop.i 0\n br.ret.sptk.many b0 ;;\n}",
};
enum { INSNS_A_ROUND = 5 + 4 + 8 * 7 + 2, GATE_AT = CODE + 0x20 + 0x90 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Guest instructions a second. */
static double measure(const char *accel, uint64_t rounds)
{
    struct kia_mem *mem = kia_mem_create();
    struct kia_vm_config config = { .accel = accel, .cpu = "montecito", .mem = mem, .max_vcpus = 1, .itc_hz = 200000000 };
    struct kia_vm *vm;
    struct kia_vcpu *vcpu;
    struct kia_run run;
    double start;

    if (!mem || kia_mem_add_ram(mem, 0, RAM) || kia_vm_create(&config, &vm) || kia_vcpu_create(vm, 0, 0, 0, &vcpu))
        exit(1);
    for (size_t i = 0; i < sizeof(program) / sizeof(*program); i++) {
        struct bundle b;

        if (isa_asm_bundle(program[i], &b) || kia_mem_write(mem, CODE + i * 16, &b, sizeof(b))) {
            fprintf(stderr, "bundle %zu does not assemble\n", i);
            exit(1);
        }
    }
    kia_vm_add_gate(vm, GATE_AT, GATE, KIA_GATE_FALL);
    kia_set_ar(vcpu, 18, STORE); /* ar.bspstore */
    kia_set_cfm(vcpu, 0);
    kia_set_gr(vcpu, 8, rounds);
    kia_set_gr(vcpu, 11, DATA);
    kia_set_ip(vcpu, CODE);
    start = now();
    if (kia_vcpu_run(vcpu, &run) != KIA_EXIT_GATE || run.gate != GATE) {
        fprintf(stderr, "the program did not reach its end: %s\n", run.why);
        exit(1);
    }
    start = now() - start;
    kia_vm_destroy(vm);
    kia_mem_destroy(mem);
    return (double)rounds * INSNS_A_ROUND / start;
}

int main(void)
{
    double interp = measure("soft,jit=off", 300000);
    double jit = measure("soft,jit=on,jit-after=0", 3000000);

    printf("interpreter %.1f million guest instructions a second\n", interp / 1e6);
    printf("compiled    %.1f million guest instructions a second\n", jit / 1e6);
    printf("ratio       %.1f\n", jit / interp);
    return 0;
}
