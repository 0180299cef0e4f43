/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ptc.g and ptc.ga: purges that reach every processor (arch/tlb_sync.c). */
#ifndef ARCH_TLB_SYNC_H
#define ARCH_TLB_SYNC_H

#include "arch/vcpu.h"
#include "arch/vm.h"

/* Carries @req out on @v and on every other vcpu; returns when all have done it. @v's own thread. */
void tlb_purge_global(struct vcpu *v, const struct ptc_request *req);

#endif
