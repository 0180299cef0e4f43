/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processors of one virtual machine share: the model's facts, the list of processors, the engine's hooks.
 *
 * Filled in by the accelerator before the first vcpu is created and constant from then on, except the fields marked
 * "any thread". arch/ reads it through vcpu.vm.
 */
#ifndef ARCH_VM_H
#define ARCH_VM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct kia_mem;
struct vcpu;

enum {
    VM_MAX_VCPUS = 256,
    VM_MAX_TR = 128,         /* of each kind */
    VHPT_HASH_TAG_ID = 0x41, /* PAL_VM_SUMMARY.hash_tag_id: names the thash/ttag pair of arch/vhpt.c */
};

/* What vm.vti_note is told. */
enum vti_event {
    VTI_ENTER,     /* rfi set psr.vm: a = ip */
    VTI_LEAVE,     /* an interruption cleared it: a = vector */
    VTI_INTERCEPT, /* a = cause, b = opcode */
    VTI_INTERRUPT, /* a = vhpi */
    VTI_SERVICE,   /* a = KIA_VPS_* offset, b = GR25 */
    VTI_VMSW,      /* a = 0/1 */
};

/* A ptc.g on its way to the other processors (arch/tlb_sync.c). */
struct ptc_request {
    uint64_t gva;    /* {60:0} */
    uint32_t rid;
    uint8_t ps;      /* log2 bytes */
    bool drop_alat;  /* ptc.ga */
};

/* An interruption on its way. Fields that its kind does not have are 0. */
struct interruption_note {
    const char *name;
    uint16_t vector;  /* offset from CR.IVA */
    uint64_t ip, psr; /* before it; psr with ri: as IIP and IPSR have them where they are written */
    uint64_t isr, ifa, iim;
};

struct vm {
    struct kia_mem *mem;

    /* ---- the model ---- */
    unsigned n_itr, n_dtr;  /* translation registers, at most VM_MAX_TR each */
    unsigned rid_bits;      /* 18-24 */
    unsigned key_bits;      /* 18-24, >= rid_bits */
    unsigned pa_bits;       /* 32-63: implemented physical address bits */
    unsigned va_msb;        /* IMPL_VA_MSB, 50-60 */
    uint64_t page_sizes;    /* bit n: 2^n bytes can be inserted */
    uint64_t cpuid[5];
    uint64_t itc_hz;        /* rate of AR.ITC, 1 .. 18e9 */
    bool vti;               /* psr.vm exists */
    bool vti_later;         /* and what came after the first models: CR.ITO, gitc, a_probe, a_tf, a_ic_um, d_psr_i */

    /*
     * The clock behind AR.ITC in nanoseconds, never falling: this hook, for a virtual time; or if it is NULL the host's
     * CLOCK_MONOTONIC less clock_epoch_ns, the moment at which the ITCs of processors just reset are 0.
     */
    uint64_t (*now_ns)(void *opaque);
    uint64_t clock_epoch_ns;

    /* ---- the processors: a slot is set once, before that vcpu runs ---- */
    _Atomic unsigned n_vcpus;
    struct vcpu *_Atomic vcpus[VM_MAX_VCPUS];

    /* ---- hooks of the engine; any may be NULL; called on a vcpu's thread ---- */
    void *opaque;
    /* Bytes [gpa, gpa + len) may have new code (fc, fc.i). */
    void (*code_changed)(void *opaque, uint64_t gpa, uint64_t len);
    /* Another vcpu has got an ATTN_* bit: make it look soon, if setting the bit alone does not. */
    void (*kick)(void *opaque, struct vcpu *other);
    /* What itc_deadline_ns() gives for this vcpu may have changed. */
    void (*timer_changed)(void *opaque, struct vcpu *v);
    /* Something of virtualization happened (the log). @a, @b: see enum vti_event. */
    void (*vti_note)(void *opaque, struct vcpu *v, enum vti_event event, uint64_t a, uint64_t b);
    /* This vcpu's thread waits for another one, and called this a moment ago if it goes on waiting: give the host's processor away. */
    void (*yield)(void *opaque, struct vcpu *v);

    /* The guest has paused some times (hint @pause): instead of the above, and not with the TLB left. */
    void (*pause)(void *opaque, struct vcpu *v);

    /* ---- logs; NULL: not wanted; on the vcpu's thread ---- */
    void (*log_interruption)(void *opaque, struct vcpu *v, const struct interruption_note *note);
    /* @what: "itc.d", "vhpt.i", "ptc.g" ...; @gva with its region; @pte 0 for a purge. */
    void (*log_tlb)(void *opaque, struct vcpu *v, const char *what, uint64_t gva, uint32_t rid, unsigned ps, uint64_t pte);

    /* ---- ptc.g (any thread; arch/tlb_sync.c) ---- */
    atomic_flag ptc_lock;
    struct ptc_request ptc; /* under ptc_lock; read by a vcpu whose tlb says one is pending */
    atomic_flag lock16;     /* 16-byte atomics where the host has none */
};

#endif
