/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The software processor's memory and register stack as a debugger sees them (docs/debugging.md). */
#include <errno.h>
#include <string.h>

#include "accel/soft.h"
#include "arch/mem_access.h"
#include "arch/mmu.h"
#include "arch/rse.h"
#include "mem/mem.h"

#define COLLECTION UINT64_C(0x1f8)
#define RSC_BE     UINT64_C(0x10)

enum { PAGE = 4096, FRAME_WORDS = N_STACKED + 3 };

/* ---- memory ---- */

/* Host address of as much of [gva, gva + *len) as one page has; NULL: no RAM. */
static uint8_t *locate(struct vcpu *v, uint64_t gva, size_t *len, uint64_t *gpa)
{
    size_t left = PAGE - (gva & (PAGE - 1));

    if (*len > left)
        *len = left;
    return debug_translate(v, gva, gpa) ? kia_mem_hva(v->mem, *gpa, *len) : NULL;
}

/* The bytes of the word that the register stack has at @addr, in memory's order. */
static bool stack_bytes(struct vcpu *v, uint64_t addr, uint8_t bytes[8])
{
    uint64_t value;

    if (!debug_stack_read(v, addr, &value))
        return false;
    value = MEM_LE(64, mem_order(value, 8, v->rsc & RSC_BE));
    memcpy(bytes, &value, 8);
    return true;
}

static void set_stack_bytes(struct vcpu *v, uint64_t addr, const uint8_t bytes[8])
{
    uint64_t value;

    memcpy(&value, bytes, 8);
    debug_stack_write(v, addr, mem_order(MEM_LE(64, value), 8, v->rsc & RSC_BE));
}

/* Bytes that belong together: up to a word's end where the register stack has it, else up to the word's or page's end. */
static bool peek_some(struct vcpu *v, uint64_t gva, uint8_t *to, size_t *len)
{
    uint64_t word = gva & ~UINT64_C(7), gpa;
    uint8_t bytes[8];
    const uint8_t *host;

    if (*len > 8 - (gva & 7))
        *len = 8 - (gva & 7);
    if (stack_bytes(v, word, bytes)) {
        memcpy(to, bytes + (gva & 7), *len);
        return true;
    }
    host = locate(v, gva, len, &gpa);
    if (host)
        memcpy(to, host, *len);
    return host;
}

static int peek(struct vcpu *v, uint64_t gva, uint8_t *to, size_t len)
{
    while (len) {
        size_t n = len;

        if (!peek_some(v, gva, to, &n))
            return -EFAULT;
        gva += n;
        to += n;
        len -= n;
    }
    return 0;
}

static int poke_some(struct vcpu *v, uint64_t gva, const uint8_t *from, size_t *len, bool dry)
{
    uint64_t word = gva & ~UINT64_C(7), gpa;
    uint8_t bytes[8];

    if (*len > 8 - (gva & 7))
        *len = 8 - (gva & 7);
    if (stack_bytes(v, word, bytes)) {
        memcpy(bytes + (gva & 7), from, *len);
        if (!dry)
            set_stack_bytes(v, word, bytes);
        return 0;
    }
    if (!locate(v, gva, len, &gpa))
        return -EFAULT;
    return dry ? 0 : kia_mem_write(v->mem, gpa, from, *len);
}

/* Two passes, so that nothing is written if not all can be. */
static int poke(struct vcpu *v, uint64_t gva, const uint8_t *from, size_t len)
{
    for (unsigned dry = 2; dry-- > 0;) {
        for (size_t at = 0, n; at < len; at += n) {
            n = len - at;
            if (poke_some(v, gva + at, from + at, &n, dry))
                return -EFAULT;
        }
    }
    return 0;
}

int kia_vcpu_peek(struct kia_vcpu *vcpu, uint64_t gva, void *buf, size_t len)
{
    int err;

    tlb_guest_enter(vcpu->v);
    err = peek(vcpu->v, gva, buf, len);
    tlb_guest_leave(vcpu->v);
    return err;
}

int kia_vcpu_poke(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len)
{
    int err;

    tlb_guest_enter(vcpu->v);
    err = poke(vcpu->v, gva, buf, len);
    tlb_guest_leave(vcpu->v);
    return err;
}

/* ---- the register stack ---- */

uint64_t kia_vcpu_frame_end(struct kia_vcpu *vcpu) { return debug_frame_end(vcpu->v); }
uint64_t kia_vcpu_frame_nats(struct kia_vcpu *vcpu) { return debug_frame_nats(vcpu->v); }
void kia_vcpu_set_frame_nats(struct kia_vcpu *vcpu, uint64_t nats) { debug_set_frame_nats(vcpu->v, nats); }

/* What the stack's part of the backing store holds, as bytes of memory. */
struct flushed {
    uint64_t start, end;
    uint8_t words[FRAME_WORDS][8];
    uint64_t rnat; /* of the group that end lies in */
};

static void flush_read(struct vcpu *v, struct flushed *f)
{
    uint64_t addr = v->rse.bspstore;

    f->start = addr;
    f->end = debug_frame_end(v);
    f->rnat = debug_frame_nats(v) & ((UINT64_C(1) << (f->end >> 3 & 63)) - 1);
    for (unsigned i = 0; i < FRAME_WORDS && stack_bytes(v, addr, f->words[i]); i++)
        addr += 8;
}

/* NaT collection of the register at @addr once all is stored: a word of memory, or AR.RNAT. */
static bool collection_at(struct vcpu *v, const struct flushed *f, uint64_t addr, uint64_t *nats)
{
    uint64_t word;

    *nats = f->rnat;
    if ((addr | COLLECTION) >= f->end)
        return true;
    if (peek(v, addr | COLLECTION, (uint8_t *)&word, 8))
        return false;
    *nats = mem_order(MEM_LE(64, word), 8, v->rsc & RSC_BE);
    return true;
}

/* The frame that will be: values and NaTs of its registers, by physical number. */
struct frame {
    uint64_t value[N_STACKED];
    bool nat[N_STACKED];
    uint64_t rnat;
};

static int frame_read(struct vcpu *v, const struct flushed *f, uint64_t bsp, unsigned sof, struct frame *frame)
{
    uint64_t nats, word;

    for (unsigned k = 0; k < sof; k++) {
        uint64_t addr = rse_skip_regs(bsp, k);

        if (peek(v, addr, (uint8_t *)&word, 8) || !collection_at(v, f, addr, &nats))
            return -EFAULT;
        frame->value[k] = mem_order(MEM_LE(64, word), 8, v->rsc & RSC_BE);
        frame->nat[k] = nats >> (addr >> 3 & 63) & 1;
    }
    return collection_at(v, f, bsp, &frame->rnat) ? 0 : -EFAULT;
}

/* All that the register stack has goes to memory, if there is memory for it. */
static int flush_write(struct vcpu *v, const struct flushed *f)
{
    uint64_t gpa;

    for (uint64_t a = f->start; a < f->end; a += 8) {
        size_t n = 8;

        if (!locate(v, a, &n, &gpa))
            return -EFAULT;
    }
    for (uint64_t a = f->start; a < f->end; a += 8) {
        size_t n = 8;

        locate(v, a, &n, &gpa);
        kia_mem_write(v->mem, gpa, f->words[(a - f->start) / 8], n);
    }
    return 0;
}

static int set_frame(struct vcpu *v, uint64_t end, uint64_t cfm)
{
    unsigned sof = cfm_sof(cfm);
    uint64_t bsp = rse_skip_regs(end, -(int64_t)sof);
    struct flushed flushed;
    struct frame frame;
    uint64_t addr;

    flush_read(v, &flushed);
    if (frame_read(v, &flushed, bsp, sof, &frame) || flush_write(v, &flushed))
        return -EFAULT;
    debug_new_frame(v, bsp, cfm);
    v->rse.rnat = frame.rnat & INT64_MAX;
    for (unsigned k = 0; k < sof; k++) {
        addr = rse_skip_regs(bsp, k);
        debug_stack_write(v, addr, frame.value[k]);
        debug_set_stack_nat(v, addr, frame.nat[k]);
    }
    return 0;
}

int kia_vcpu_set_frame(struct kia_vcpu *vcpu, uint64_t end, uint64_t cfm)
{
    struct vcpu *v = vcpu->v;
    int err = 0;

    if ((end & 7) || cfm_malformed(cfm) || cfm & ~CFM_BITS)
        return -EINVAL;
    if (end == debug_frame_end(v) && cfm == v->cfm)
        return 0;
    tlb_guest_enter(v);
    err = set_frame(v, end, cfm);
    tlb_guest_leave(v);
    return err;
}

int kia_vcpu_jump(struct kia_vcpu *vcpu, uint64_t ip, unsigned slot)
{
    if (slot > 2)
        return -EINVAL;
    vcpu->v->ip = ip & ~UINT64_C(15);
    vcpu->v->ri = slot;
    return 0;
}
