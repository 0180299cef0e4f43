/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb's view of the registers (docs/debugging.md): its ia64 numbering, AR.BSP as the end of the frame, NaTs of r0-r31 in
 * AR.UNAT's lower half, those of the frame in AR.RNAT. r32-r127 it reads from the backing store.
 */
#include <string.h>

#include "vmm/gdb_internal.h"

/* gdb's numbers. */
enum {
    REG_GR = 0,
    REG_FR = 128,
    REG_PR_BIT = 256,
    REG_BR = 320,
    REG_VFP = 328,
    REG_PR = 330,
    REG_IP = 331,
    REG_PSR = 332,
    REG_CFM = 333,
    REG_AR = 334,
};

enum { AR_BSP = 17, AR_BSPSTORE = 18, AR_RNAT = 19, AR_UNAT = 36 };

#define PSR_RI (UINT64_C(3) << 41)
#define PSR_IS (UINT64_C(1) << 34)
#define PSR_VM (UINT64_C(1) << 46)
#define STATIC_NATS UINT64_C(0xffffffff)

static void put64(uint8_t *to, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get64(const uint8_t *from)
{
    uint64_t value = 0;

    for (unsigned i = 8; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

static unsigned frame_size(struct kia_vcpu *vcpu)
{
    return kia_get_cfm(vcpu) & 0x7f;
}

static uint64_t static_nats(struct kia_vcpu *vcpu)
{
    uint64_t nats = 0;

    for (unsigned r = 1; r < 32; r++) {
        bool nat;

        kia_get_gr(vcpu, r, &nat);
        nats |= (uint64_t)nat << r;
    }
    return nats;
}

static uint64_t read_ar(struct kia_vcpu *vcpu, unsigned ar)
{
    switch (ar) {
    case AR_BSP:
        return kia_vcpu_frame_end(vcpu);
    case AR_RNAT:
        return kia_vcpu_frame_nats(vcpu);
    case AR_UNAT:
        return (kia_get_ar(vcpu, AR_UNAT) & ~STATIC_NATS) | static_nats(vcpu);
    default:
        return kia_get_ar(vcpu, ar);
    }
}

static uint64_t read_word(struct kia_vcpu *vcpu, unsigned n)
{
    if (n < REG_FR)
        return n < 32 + frame_size(vcpu) ? kia_get_gr(vcpu, n, NULL) : 0;
    if (n < REG_BR)
        return kia_get_pr(vcpu) >> (n - REG_PR_BIT) & 1;
    if (n < REG_VFP)
        return kia_get_br(vcpu, n - REG_BR);
    switch (n) {
    case REG_PR:
        return kia_get_pr(vcpu);
    case REG_IP:
        return kia_get_ip(vcpu);
    case REG_PSR:
        return kia_get_psr(vcpu);
    case REG_CFM:
        return kia_get_cfm(vcpu);
    default:
        return n >= REG_AR ? read_ar(vcpu, n - REG_AR) : 0;
    }
}

/** gdb_register_size - see the header */
size_t gdb_register_size(unsigned n)
{
    if (n >= GDB_N_REGISTERS)
        return 0;
    return n >= REG_FR && n < REG_PR_BIT ? 16 : 8;
}

/** gdb_register_read - see the header */
size_t gdb_register_read(struct kia_vcpu *vcpu, unsigned n, uint8_t bytes[GDB_REGISTER_MAX])
{
    size_t size = gdb_register_size(n);
    uint64_t sig, se;

    if (size == 16) {
        kia_get_fr(vcpu, n - REG_FR, &sig, &se);
        put64(bytes, sig);
        put64(bytes + 8, se);
    } else if (size) {
        put64(bytes, read_word(vcpu, n));
    }
    return size;
}

/* The NaT is not the value's: gdb writes it with AR.UNAT or AR.RNAT. */
static void write_gr(struct kia_vcpu *vcpu, unsigned r, uint64_t value)
{
    bool nat;

    if (!r || r >= 32 + frame_size(vcpu))
        return;
    kia_get_gr(vcpu, r, &nat);
    kia_set_gr(vcpu, r, value);
    kia_set_gr_nat(vcpu, r, nat);
}

static bool write_ar(struct kia_vcpu *vcpu, unsigned ar, uint64_t value)
{
    switch (ar) {
    case AR_BSP:
        return !kia_vcpu_set_frame(vcpu, value, kia_get_cfm(vcpu));
    case AR_BSPSTORE: /* follows from AR.BSP: all registers below the frame count as stored */
        return value == kia_get_ar(vcpu, AR_BSPSTORE);
    case AR_RNAT:
        kia_vcpu_set_frame_nats(vcpu, value);
        return true;
    case AR_UNAT:
        kia_set_ar(vcpu, AR_UNAT, (kia_get_ar(vcpu, AR_UNAT) & STATIC_NATS) | (value & ~STATIC_NATS));
        for (unsigned r = 1; r < 32; r++)
            kia_set_gr_nat(vcpu, r, value >> r & 1);
        return true;
    default:
        kia_set_ar(vcpu, ar, value);
        return true;
    }
}

static bool write_psr(const struct gdb_host *host, struct kia_vcpu *vcpu, uint64_t value)
{
    if ((value & PSR_RI) == PSR_RI || (value & PSR_IS) || ((value & PSR_VM) && !kia_vm_model(host->vm)->vti))
        return false;
    kia_set_psr(vcpu, value);
    return true;
}

static bool write_word(const struct gdb_host *host, struct kia_vcpu *vcpu, unsigned n, uint64_t value)
{
    uint64_t bit = UINT64_C(1) << (n & 63);

    if (n < REG_FR) {
        write_gr(vcpu, n, value);
        return true;
    }
    if (n < REG_BR) {
        kia_set_pr(vcpu, value & 1 ? kia_get_pr(vcpu) | bit : kia_get_pr(vcpu) & ~bit);
        return true;
    }
    if (n < REG_VFP) {
        kia_set_br(vcpu, n - REG_BR, value);
        return true;
    }
    switch (n) {
    case REG_PR:
        kia_set_pr(vcpu, value);
        return true;
    case REG_IP:
        return !kia_vcpu_jump(vcpu, value, (kia_get_psr(vcpu) & PSR_RI) >> 41);
    case REG_PSR:
        return write_psr(host, vcpu, value);
    case REG_CFM:
        return !kia_vcpu_set_frame(vcpu, kia_vcpu_frame_end(vcpu), value);
    default:
        return n < REG_AR || write_ar(vcpu, n - REG_AR, value);
    }
}

/** gdb_register_write - see the header */
bool gdb_register_write(const struct gdb_host *host, struct kia_vcpu *vcpu, unsigned n, const uint8_t *bytes)
{
    if (gdb_register_size(n) == 16) {
        kia_set_fr(vcpu, n - REG_FR, get64(bytes), get64(bytes + 8));
        return true;
    }
    return gdb_register_size(n) && write_word(host, vcpu, n, get64(bytes));
}
