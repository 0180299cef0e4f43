/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The large instructions as C functions that lowered code calls (ir_helper in lower/ir.h).
 *
 * Each does what its instruction does beyond what lowering saw to already: qualifying predicate, reserved encodings, target
 * register check, Privileged Operation by cpl, the psr.ic check of itc/itr/mov cr, and NaT consumption of operands are tested
 * by lowered code *before* the call, in the SDM's order. Reserved register/field, privileged register by value, unimplemented
 * addresses, and all effects are here. Vcpu's own thread. Return: enum op_result; a result goes to *out.
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
OP_HELPER(op_lfetch_fault);   /* a; imm = 1: excl */

/* ---- memory beyond the plain IR ops (arch/mem_ops.c) ---- */
enum { MEM_SPEC = 1 << 8 };
/* ld.s, ld.sa (imm = size | MEM_* ); value in *out; v->spec_nat (0/1) says NaT. Only faults that are not deferred. */
OP_HELPER(op_ld_spec);
/* ld.a, ld.sa's entry, ldf.a: makes the ALAT entry. imm = size | tag << 8, a = address; the value was just loaded into *out's source b */
OP_HELPER(op_alat_insert);
OP_HELPER(op_ld_adv);         /* ld.a: imm = size | tag << 8; loads and inserts; UC: 0 and no entry */
/* chk.a: *out = 1 for a hit. imm = tag | clr << 16 */
OP_HELPER(op_alat_check);
OP_HELPER(op_invala);         /* all */
OP_HELPER(op_invala_e);       /* imm = tag */
OP_HELPER(op_ld16);           /* a; *out = low half; v->csd = high half */
OP_HELPER(op_st16);           /* a = address, b = value; csd */
OP_HELPER(op_xchg);           /* imm = size, a = address, b = new; *out = old */
OP_HELPER(op_cmpxchg);        /* the same; ar.ccv */
OP_HELPER(op_cmp8xchg16);     /* a, b; ar.ccv, ar.csd */
OP_HELPER(op_fetchadd);       /* imm = size | (uint8_t)inc << 8; a; *out = old */
OP_HELPER(op_ld_fill);        /* ld8.fill: a; *out = value, v->spec_nat from unat */
OP_HELPER(op_st_spill);       /* st8.spill: a, b = value, imm = NaT... in v->spec_nat set by IR_SET_ST before */
OP_HELPER(op_load_fp);        /* imm: f1 | f2 << 8 | enum isa_fsize << 16 | pair << 20 | enum isa_ldtype << 24; a = address; writes the registers */
OP_HELPER(op_store_fp);       /* imm = f2 | fsize << 16; a */

#endif
