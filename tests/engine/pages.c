/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mapping pages by guest code, for tests of what becomes of compiled code there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/engine/pages.h"

const char *const pages_other_translation[] = {
    AT_TIMES("+0x60"),
    "{ .mmi ptr.i r20,r21 ; mov cr.ifa=r20 ; nop.i 0 ;; }", "{ .mii mov cr.itir=r21 ; mov r18=r16 ; nop.i 0 ;; }",
    "{ .mii itr.i itr[r22]=r17 ; mov r16=r17 ; nop.i 0 ;; }", "{ .mii srlz.i ; mov r17=r18 ; nop.i 0 ;; }",
    "{ .mib nop.m 0 ; nop.i 0 ; br.cond.sptk.few +0x10 ;; }", RETURN,
};
const char *const pages_other_region[] = {
    AT_TIMES("+0x40"),
    "{ .mii mov rr[r20]=r17 ; mov r18=r16 ; nop.i 0 ;; }", "{ .mii srlz.i ; mov r16=r17 ; nop.i 0 ;; }",
    "{ .mib nop.m 0 ; mov r17=r18 ; br.cond.sptk.few +0x10 ;; }", RETURN,
};
static const char *const insertion[] = {
    "{ .mmi ptr.i r20,r21 ; mov cr.ifa=r20 ; nop.i 0 ;; }", "{ .mii mov cr.itir=r21 ; nop.i 0 ; nop.i 0 ;; }",
    "{ .mii itr.i itr[r22]=r16 ; nop.i 0 ; nop.i 0 ;; }", "{ .mii srlz.i ; nop.i 0 ; nop.i 0 ;; }",
};

void pages_open(struct machine *m)
{
    assert_true(machine_write_code(m, SETUP, insertion, N(insertion)));
    kia_vm_add_gate(m->vm, SETUP + N(insertion) * 16, GATE_END + 1, KIA_GATE_FALL);
    kia_set_rr(m->vcpu, 0, 24 << 2);
    pages_insert(m, 0, 0, 0, 24);
}

void pages_insert_pte(struct machine *m, unsigned slot, uint64_t gva, uint64_t pte, unsigned ps)
{
    pages_begin(m, SETUP, 0);
    kia_set_psr(m->vcpu, 0);
    kia_set_gr(m->vcpu, 16, pte);
    kia_set_gr(m->vcpu, 20, gva);
    kia_set_gr(m->vcpu, 21, ps << 2);
    kia_set_gr(m->vcpu, 22, slot);
    assert_int_equal(pages_run(m), GATE_END + 1);
}

void pages_begin(struct machine *m, uint64_t ip, unsigned sof)
{
    kia_set_psr(m->vcpu, PSR_IC);
    kia_set_ar(m->vcpu, AR_BSPSTORE, STORE);
    kia_set_cfm(m->vcpu, sof | sof << 7);
    kia_set_pr(m->vcpu, 1);
    kia_set_ip(m->vcpu, ip);
    kia_set_gr(m->vcpu, 8, PAGES_ROUNDS);
    for (unsigned r = 9; r < 12; r++)
        kia_set_gr(m->vcpu, r, 0);
}

unsigned pages_run(struct machine *m)
{
    kia_vcpu_run(m->vcpu, &m->run);
    assert_int_equal(m->run.exit, KIA_EXIT_GATE);
    return m->run.gate;
}
