/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor for tests of arch/ without its translation: memory is a small window, fetches hit a page whose
 * rights the test sets, the clock stands until the test moves it.
 */
#ifndef TESTS_ARCH_FIXTURE_H
#define TESTS_ARCH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/interruption.h"
#include "arch/mmu.h"
#include "arch/ops.h"
#include "arch/rse.h"
#include "arch/vcpu.h"
#include "arch/vm.h"

#define FIXTURE_HZ UINT64_C(200000000) /* 5 ns a tick */

/* What the fakes behind arch/mmu.h have seen and give. */
extern struct fake {
    unsigned tags_updates;
    unsigned timer_changes;
    uint64_t now_ns;
    enum op_result fetch_result;
    unsigned fetch_ar_pl;
    enum op_result (*on_ref)(struct vcpu *v, uint64_t gva, bool store); /* NULL: no reference faults */
    bool wild;              /* memory repeats through the whole address space */
    uint64_t memory[16384]; /* backing store at 0x100000 */
} fake;

#define FAKE_MEMORY UINT64_C(0x100000)

/* A vcpu just reset, IVA at 0x10000. Free with fixture_free(). */
struct vcpu *fixture_new(void);
void fixture_free(struct vcpu *v);

/* Test case setup and teardown: *state is the vcpu. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A pseudo-random sequence (xorshift64*). */
uint64_t fixture_random(uint64_t *seed);

#endif
