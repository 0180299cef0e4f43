/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers and guest memory of the software processor, for firmware and tools. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "accel/soft.h"
#include "arch/interruption.h"
#include "arch/mmu_ref.h"
#include "arch/ops.h"
#include "arch/rse.h"

uint64_t kia_get_gr(struct kia_vcpu *vcpu, unsigned r, bool *nat)
{
    assert(r < 128);
    if (nat)
        *nat = gr_nat(vcpu->v, r);
    return r ? *gr_slot(vcpu->v, r) : 0;
}

void kia_set_gr(struct kia_vcpu *vcpu, unsigned r, uint64_t value)
{
    assert(r > 0 && r < 128);
    gr_set(vcpu->v, r, value, false);
}

void kia_set_gr_nat(struct kia_vcpu *vcpu, unsigned r, bool nat)
{
    assert(r > 0 && r < 128);
    if (nat || vcpu->v->nat_any)
        gr_set_nat(vcpu->v, r, nat);
}

void kia_get_fr(struct kia_vcpu *vcpu, unsigned f, uint64_t *sig, uint64_t *se)
{
    struct ia64_fr value;

    assert(f < 128);
    value = fr_get(vcpu->v, f);
    *sig = value.sig;
    *se = value.se;
}

void kia_set_fr(struct kia_vcpu *vcpu, unsigned f, uint64_t sig, uint64_t se)
{
    assert(f < 128);
    if (f > 1)
        fr_set(vcpu->v, f, (struct ia64_fr){ .sig = sig, .se = se & 0x3ffff });
}

uint64_t kia_get_br(struct kia_vcpu *vcpu, unsigned b)
{
    assert(b < 8);
    return vcpu->v->br[b];
}

void kia_set_br(struct kia_vcpu *vcpu, unsigned b, uint64_t value)
{
    assert(b < 8);
    vcpu->v->br[b] = value;
}

uint64_t kia_get_ar(struct kia_vcpu *vcpu, unsigned ar)
{
    assert(ar < 128);
    return ar_read(vcpu->v, ar);
}

void kia_set_ar(struct kia_vcpu *vcpu, unsigned ar, uint64_t value)
{
    assert(ar < 128);
    ar_write(vcpu->v, ar, value);
}

uint64_t kia_get_cr(struct kia_vcpu *vcpu, unsigned cr)
{
    assert(cr < 128);
    return cr_read(vcpu->v, cr);
}

void kia_set_cr(struct kia_vcpu *vcpu, unsigned cr, uint64_t value)
{
    assert(cr < 128);
    cr_write(vcpu->v, cr, value);
}

uint64_t kia_get_rr(struct kia_vcpu *vcpu, unsigned rr)
{
    assert(rr < 8);
    return vcpu->v->rr[rr];
}

/* Around what looks at or changes translations while the run loop is not inside: another vcpu's ptc.g may be at work here. */
static struct vcpu *take_tlb(struct kia_vcpu *vcpu)
{
    tlb_guest_enter(vcpu->v);
    return vcpu->v;
}

void kia_set_rr(struct kia_vcpu *vcpu, unsigned rr, uint64_t value)
{
    struct vcpu *v = take_tlb(vcpu);

    assert(rr < 8);
    v->rr[rr] = value;
    mmu_update_tags(v);
    tlb_guest_leave(v);
}

/* The predicates by physical number, as mov from and to pr see them. */
uint64_t kia_get_pr(struct kia_vcpu *vcpu) { return pr_rotate(vcpu->v->pr, cfm_rrb_pr(vcpu->v->cfm)); }

void kia_set_pr(struct kia_vcpu *vcpu, uint64_t value)
{
    vcpu->v->pr = pr_rotate(value | 1, (48 - cfm_rrb_pr(vcpu->v->cfm)) % 48);
}

uint64_t kia_get_psr(struct kia_vcpu *vcpu) { return vcpu->v->psr | (uint64_t)vcpu->v->ri << PSR_RI_SHIFT; }

void kia_set_psr(struct kia_vcpu *vcpu, uint64_t value)
{
    struct vcpu *v = take_tlb(vcpu);

    psr_write(v, value & ~(PSR_RI | (v->vm->vti ? 0 : PSR_VM)));
    v->ri = value >> PSR_RI_SHIFT & 3;
    tlb_guest_leave(v);
}

uint64_t kia_get_cfm(struct kia_vcpu *vcpu) { return vcpu->v->cfm; }
void kia_set_cfm(struct kia_vcpu *vcpu, uint64_t value) { rse_reset_frame(vcpu->v, value & CFM_BITS); }
uint64_t kia_get_ip(struct kia_vcpu *vcpu) { return vcpu->v->ip; }

void kia_set_ip(struct kia_vcpu *vcpu, uint64_t ip)
{
    vcpu->v->ip = ip & ~UINT64_C(15);
    vcpu->v->ri = 0;
}

uint64_t kia_get_cpuid(struct kia_vcpu *vcpu, unsigned index)
{
    assert(index < 5);
    return vcpu->v->cpuid[index];
}

void kia_vcpu_br_ret(struct kia_vcpu *vcpu, uint64_t target)
{
    struct vcpu *v = take_tlb(vcpu);
    uint64_t out;

    op_br_ret(v, 0, target, 0, &out);
    tlb_guest_leave(v);
}

/* A gate's own reference faulted: the guest takes the fault at the gate and comes back to it. */
int soft_gate_fault(struct vcpu *v)
{
    v->ri = 0;
    interruption_deliver(v);
    return KIA_RETRY;
}

static int read_va(struct vcpu *v, uint64_t gva, unsigned char *to, size_t len)
{
    while (len) {
        unsigned size = (gva & 7) == 0 && len >= 8 ? 8 : 1;
        uint64_t value;

        if (mem_load(v, gva, size, REF_R, &value) != OPR_OK)
            return soft_gate_fault(v);
        memcpy(to, &value, size);
        gva += size;
        to += size;
        len -= size;
    }
    return 0;
}

/* Two passes: nothing is written before all of it is known to be writable RAM. Faults are those of a store. */
static int write_va(struct vcpu *v, uint64_t gva, const unsigned char *from, size_t len)
{
    uint64_t end = gva + len;
    struct mmu_ref r;

    for (uint64_t a = gva; a < end; a = (a | 0xfff) + 1) {
        if (mem_check(v, a, 1, REF_W, &r) != OPR_OK)
            return soft_gate_fault(v);
        if (!r.host)
            return -EFAULT;
    }
    while (len) {
        unsigned size = (gva & 7) == 0 && len >= 8 ? 8 : 1;
        uint64_t value = 0;

        memcpy(&value, from, size);
        if (mem_store(v, gva, size, REF_W, value) != OPR_OK)
            return soft_gate_fault(v);
        gva += size;
        from += size;
        len -= size;
    }
    return 0;
}

/* Firmware's own references are not the guest's: no watchpoint stops them. */
static struct vcpu *take_tlb_unwatched(struct kia_vcpu *vcpu)
{
    struct vcpu *v = take_tlb(vcpu);

    if (v->watches)
        debug_set_watches(v, NULL);
    return v;
}

static void leave_tlb_watched(struct kia_vcpu *vcpu)
{
    if (vcpu->vm->watches.n)
        debug_set_watches(vcpu->v, &vcpu->vm->watches);
    tlb_guest_leave(vcpu->v);
}

int kia_vcpu_read_va(struct kia_vcpu *vcpu, uint64_t gva, void *buf, size_t len)
{
    struct vcpu *v = take_tlb_unwatched(vcpu);
    int err = read_va(v, gva, buf, len);

    leave_tlb_watched(vcpu);
    return err;
}

int kia_vcpu_write_code_va(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len)
{
    struct vcpu *v = take_tlb_unwatched(vcpu);
    int err = write_va(v, gva, buf, len);
    struct mmu_ref r;

    for (uint64_t a = gva & ~UINT64_C(0xfff); !err && a < gva + len; a += 4096) {
        mmu_resolve(v, a, 1, REF_W, 0, &r);
        if (!r.miss)
            code_changed(vcpu->vm->code, r.gpa, 4096);
    }
    leave_tlb_watched(vcpu);
    return err;
}

int kia_vcpu_write_va(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len)
{
    struct vcpu *v = take_tlb_unwatched(vcpu);
    int err = write_va(v, gva, buf, len);

    leave_tlb_watched(vcpu);
    return err;
}

void kia_vcpu_purge_all_tc(struct kia_vcpu *vcpu)
{
    struct vcpu *v = take_tlb(vcpu);

    tlb_purge_all_tc(v);
    tlb_guest_leave(v);
}

bool kia_vcpu_tr_read(struct kia_vcpu *vcpu, bool data, unsigned index, uint64_t out[4])
{
    return tlb_tr_read(vcpu->v, data, index, out);
}
