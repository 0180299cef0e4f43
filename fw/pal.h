/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One PAL procedure call: its arguments and results (SDM Vol.2 11.9, 11.10). */
#ifndef KIA_FW_PAL_H
#define KIA_FW_PAL_H

#include "fw/internal.h"

enum {
    PAL_OK = 0,
    PAL_DONE_BEFORE = 1,
    PAL_NOT_IMPLEMENTED = -1,
    PAL_BAD_ARGUMENT = -2,
    PAL_FAILED = -3,
    PAL_NO_INFORMATION = -6,
    PAL_SET_TOO_HIGH = -8,
    PAL_VM_FEATURES = 40, /* bits of PAL_PROC_GET_FEATURES */
    PAL_VMSW = 54,
};

struct pal_call {
    struct kia_fw *fw;
    struct kia_vcpu *vcpu;
    unsigned cpu;
    uint64_t arg[3];    /* in1-in3, or r29-r31 */
    uint64_t result[3]; /* r9-r11 */
    enum kia_fw_next next;
    bool retry; /* a fault was delivered or the gate is to run again: no results */
    bool sleep; /* PAL_HALT_LIGHT: after the return state is set */
    bool moved; /* the processor's state was replaced (PAL_MC_RESUME): no results */
};

typedef int64_t (*pal_procedure)(struct pal_call *call);

struct pal_entry {
    uint16_t index;
    uint8_t n_args; /* those after them are reserved and must be zero */
    pal_procedure procedure;
    const char *name; /* for the log of virtualization, else NULL */
};

extern const struct pal_entry pal_information[];
extern const unsigned n_pal_information;
/* Virtual processors (pal_vp.c). */
extern const struct pal_entry pal_virtualization[];
extern const unsigned n_pal_virtualization;

/* Writes the caller's buffer: PAL_OK, PAL_BAD_ARGUMENT where it is not RAM, or sets call->retry. */
int64_t pal_put_buffer(struct pal_call *call, uint64_t gva, const uint8_t *bytes, size_t len);

#endif
