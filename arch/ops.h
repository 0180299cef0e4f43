/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The large instructions as C functions that lowered code calls (ir_helper in lower/ir.h).
 *
 * Each does what its instruction does beyond what lowering saw to already: qualifying predicate, reserved encodings, target
 * register check, Privileged Operation by cpl, the psr.ic check of itc/itr/mov cr, and NaT consumption of operands are tested
 * by lowered code *before* the call, in the SDM's order. Reserved register/field, privileged register by value, unimplemented
 * addresses, and all effects are here. Vcpu's own thread. Return: enum op_result; a result goes to *out.
 * One with a result never returns OPR_EXIT: the unit would end before it writes the result to its register.
 */
#ifndef ARCH_OPS_H
#define ARCH_OPS_H

#include "arch/vcpu.h"

#define OP_HELPER(name) enum op_result name(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)

/* ---- psr (arch/psr.c) ---- */
OP_HELPER(op_sum);            /* imm = imm24 */
OP_HELPER(op_rum);
OP_HELPER(op_ssm);
OP_HELPER(op_rsm);
OP_HELPER(op_mov_to_psr_um);  /* a */
OP_HELPER(op_mov_from_psr_um);
OP_HELPER(op_mov_to_psr_l);   /* a */
OP_HELPER(op_mov_from_psr);
OP_HELPER(op_srlz_d);
OP_HELPER(op_srlz_i);
OP_HELPER(op_bsw);            /* imm = 0/1 */
OP_HELPER(op_epc);            /* page's access rights looked up by v->ip + (imm: displacement of this bundle is in a: its ip) */
OP_HELPER(op_rfi);            /* OPR_BRANCH */

/* ---- application, control, indexed registers (arch/ar.c, cr.c, indexed.c) ---- */
OP_HELPER(op_mov_to_ar);      /* imm = ar number, a = value. Wrong unit and reserved numbers: seen to by lowering (ar_valid()) */
OP_HELPER(op_mov_from_ar);
OP_HELPER(op_mov_to_cr);      /* imm = cr number */
OP_HELPER(op_mov_from_cr);
enum indexed_file { FILE_RR, FILE_DBR, FILE_IBR, FILE_PKR, FILE_PMC, FILE_PMD, FILE_CPUID };
OP_HELPER(op_mov_to_indexed);   /* imm = file, a = index register, b = value */
OP_HELPER(op_mov_from_indexed); /* imm = file, a = index register */

enum { AR_UNIT_M = 1, AR_UNIT_I = 2, AR_READ = 4, AR_WRITE = 8, AR_PRIV_WRITE = 16 /* Privileged Register at cpl != 0 */ };
/* AR_* of a number for the units it is reached from; 0 for a reserved one (Illegal Operation). */
unsigned ar_valid(unsigned ar);
enum { CR_READ = 1, CR_WRITE = 2, CR_NEEDS_IC0 = 4 /* Illegal Operation while psr.ic = 1 */ };
unsigned cr_valid(unsigned cr);

/* ---- register stack (arch/rse.c) ---- */
OP_HELPER(op_alloc);          /* imm = sof | sol << 8 | sor << 16 (registers); *out = old ar.pfs */
OP_HELPER(op_flushrs);
OP_HELPER(op_loadrs);
OP_HELPER(op_cover);
OP_HELPER(op_clrrrb);         /* imm = 1: predicates only */
OP_HELPER(op_br_call);        /* a = return address, imm = b1: pfs, frame, cfm, br[b1] */
OP_HELPER(op_br_ret);         /* a = target: OPR_BRANCH */

/* ---- translation (arch/tlb*.c, mmu*.c) ---- */
OP_HELPER(op_itc);            /* imm = 0 data, 1 instruction; a = pte; cr.ifa and cr.itir are read */
OP_HELPER(op_itr);            /* the same; b = slot register */
OP_HELPER(op_ptc_l);          /* a = address, b = size register */
OP_HELPER(op_ptc_g);          /* imm = 1: ptc.ga */
OP_HELPER(op_ptc_e);          /* a */
OP_HELPER(op_ptr);            /* imm = 0 data, 1 instruction; a = address, b = size */
OP_HELPER(op_thash);          /* a; *out = hash or address; a NaT or unimplemented input is lowering's: NaT result via op_va_unimplemented */
OP_HELPER(op_ttag);
OP_HELPER(op_tpa);
OP_HELPER(op_tak);
OP_HELPER(op_probe);          /* imm = 0 read, 1 write; a = address, b = level; *out = 0/1 */
OP_HELPER(op_probe_fault);    /* imm = level | access << 2 (1 r, 2 w, 3 rw); a = address */
OP_HELPER(op_fc);             /* a; imm = 1: fc.i */
OP_HELPER(op_sync_i);
OP_HELPER(op_hint_pause);      /* hint @pause */
OP_HELPER(op_lfetch_fault);   /* a; imm = 1: excl */

/* ---- memory beyond the plain IR ops (arch/mem_ops.c) ---- */
/* A register as target of an advanced load: r0-r127, or f0-f127 with this bit. */
#define ALAT_FR 0x80
/* Packed imm of loads: size {7:0}, register (| ALAT_FR) {15:8}, enum isa_ldtype {23:16}. */
#define MEM_IMM(size, reg, ldtype) ((uint64_t)(size) | (uint64_t)(reg) << 8 | (uint64_t)(ldtype) << 16)
OP_HELPER(op_ld_spec);        /* ld.s, ld.sa: MEM_IMM; a = address; *out = value, v->spec_nat = 1 where deferred. The address's NaT: lowering */
OP_HELPER(op_ld_adv);         /* ld.a: MEM_IMM; a = address; loads and makes the ALAT entry; UC: *out = 0, no entry */
OP_HELPER(op_alat_check);     /* chk.a: imm = reg | clr << 8; *out = 1 for a hit */
OP_HELPER(op_alat_drop);      /* invala.e, and targets of deferred ld.sa: imm = reg */
OP_HELPER(op_invala);         /* all */
OP_HELPER(op_ld16);           /* a; *out = low half; v->csd = high half */
OP_HELPER(op_st16);           /* a = address, b = value; csd */
OP_HELPER(op_xchg);           /* imm = size, a = address, b = new; *out = old */
OP_HELPER(op_cmpxchg);        /* the same; ar.ccv */
OP_HELPER(op_cmp8xchg16);     /* a, b; ar.ccv, ar.csd */
OP_HELPER(op_fetchadd);       /* imm = size | (uint8_t)inc << 8; a; *out = old */
OP_HELPER(op_ld_fill);        /* ld8.fill: a; *out = value, v->spec_nat = its NaT from unat */
OP_HELPER(op_st_spill);       /* st8.spill: a = address, b = value; v->spec_nat (set before with IR_SET_ST) goes to unat */
/* FP loads: imm = f1 | f2 << 8 (pair) | enum isa_fsize << 16 | pair << 20 | enum isa_ldtype << 24 | address NaT via v->spec_nat for ldf.s */
OP_HELPER(op_load_fp);        /* a = address; writes the registers, ALAT, NaTVal as the ldtype says */
OP_HELPER(op_store_fp);       /* imm = f2 | fsize << 16; a; NaTVal: Register NaT Consumption (not stf.spill) */

#endif
