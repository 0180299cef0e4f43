/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The register stack engine (SDM Vol.2 chapter 6) on a linear array (docs/state.md). Vcpu's own thread. */
#ifndef ARCH_RSE_H
#define ARCH_RSE_H

#include "arch/vcpu.h"

/* Address @n registers above (n >= 0) or below @addr, RNAT slots counted (SDM Vol.2 6.1; rse_skip of every OS). */
uint64_t rse_skip_regs(uint64_t addr, int64_t n);
/* Registers between two backing store addresses, lo <= hi. */
int64_t rse_num_regs(uint64_t lo, uint64_t hi);

static inline uint64_t rse_bsp(const struct vcpu *v);
uint64_t rse_bsp_slow(const struct vcpu *v);
static inline uint64_t rse_bsp(const struct vcpu *v) { return rse_bsp_slow(v); }

/* What br.ret and rfi do with a frame: base and cfm move to @cfm, whose locals (@down registers) lie below. */
enum op_result rse_return(struct vcpu *v, uint64_t cfm, unsigned down);
/* Goes on with mandatory loads of an incomplete frame; OPR_FAULT with ISR.rs, ISR.ir set in v->fault. */
enum op_result rse_complete_frame(struct vcpu *v);
/* mov to ar.bspstore, ar.rnat, ar.rsc (checks made by the caller). */
void rse_set_bspstore(struct vcpu *v, uint64_t value);
/* CFM is put to @cfm with nothing dirty: BSP = BSPSTORE (firmware hand-over). */
void rse_reset_frame(struct vcpu *v, uint64_t cfm);
/* True if pfs.pfm or ifs.ifm is malformed (system.md 6.1). */
bool cfm_malformed(uint64_t cfm);

#endif
