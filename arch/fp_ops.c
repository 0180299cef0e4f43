/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floating-point instructions between registers: what joins arch/fp.h to the vcpu. */
#include "arch/fp_ops.h"

#include "arch/fp.h"

typedef void fp_fn2(struct fp_result *, uint64_t, unsigned, const struct ia64_fr *, const struct ia64_fr *);
typedef void fp_fn3(struct fp_result *, uint64_t, unsigned, const struct ia64_fr *, const struct ia64_fr *,
                    const struct ia64_fr *);

static void write_pr(struct vcpu *v, unsigned p, unsigned bit)
{
    if (p != 0)
        v->pr = (v->pr & ~(UINT64_C(1) << p)) | (uint64_t)(bit & 1) << p;
}

static enum op_result raise_fp(struct vcpu *v, const struct fp_result *r)
{
    return fault_raise(v, FAULT_FP, r->isr_code);
}

/*
 * FPSR and, where there is one, the trap; the caller has delivered the rest. Lowered code sets psr.mfl/mfh,
 * but not after a trap.
 */
static enum op_result complete(struct vcpu *v, uint64_t imm, const struct fp_result *r)
{
    v->fpsr = r->fpsr;
    if (r->kind != FP_TRAP)
        return OPR_OK;
    v->psr |= FPO_F1(imm) < 32 ? PSR_MFL : PSR_MFH;
    fault_raise(v, FAULT_TRAP_FP, r->isr_code);
    return OPR_TRAP;
}

/* Delivers a result that is only a register. */
static enum op_result deliver(struct vcpu *v, uint64_t imm, const struct fp_result *r)
{
    if (r->kind == FP_FAULT)
        return raise_fp(v, r);
    fr_set(v, FPO_F1(imm), r->fr);
    return complete(v, imm, r);
}

/* frcpa and its kin: also p2. */
static enum op_result deliver_approx(struct vcpu *v, uint64_t imm, const struct fp_result *r)
{
    if (r->kind == FP_FAULT)
        return raise_fp(v, r);
    fr_set(v, FPO_F1(imm), r->fr);
    write_pr(v, FPO_P2(imm), r->pred);
    return complete(v, imm, r);
}

static enum op_result arith3(struct vcpu *v, uint64_t imm, fp_fn3 *fn)
{
    struct ia64_fr f3 = fr_get(v, FPO_F3(imm)), f4 = fr_get(v, FPO_F4(imm)), f2 = fr_get(v, FPO_F2(imm));
    struct fp_result r;

    fn(&r, v->fpsr, FPO_CTL(imm), &f3, &f4, &f2);
    return deliver(v, imm, &r);
}

static enum op_result arith2(struct vcpu *v, uint64_t imm, fp_fn2 *fn)
{
    struct ia64_fr f2 = fr_get(v, FPO_F2(imm)), f3 = fr_get(v, FPO_F3(imm));
    struct fp_result r;

    fn(&r, v->fpsr, FPO_CTL(imm), &f2, &f3);
    return deliver(v, imm, &r);
}

static enum op_result approx2(struct vcpu *v, uint64_t imm, fp_fn2 *fn)
{
    struct ia64_fr f2 = fr_get(v, FPO_F2(imm)), f3 = fr_get(v, FPO_F3(imm));
    struct fp_result r;

    fn(&r, v->fpsr, FPO_CTL(imm), &f2, &f3);
    return deliver_approx(v, imm, &r);
}

/* Functions with no other operands than registers: @expr of v and imm. */
#define FP_OP(name, expr)          \
    OP_HELPER(name)                \
    {                              \
        (void)a, (void)b, (void)out; \
        return (expr);             \
    }

FP_OP(fpop_fma, arith3(v, imm, fp_fma))
FP_OP(fpop_fms, arith3(v, imm, fp_fms))
FP_OP(fpop_fnma, arith3(v, imm, fp_fnma))
FP_OP(fpop_fpma, arith3(v, imm, fpp_fma))
FP_OP(fpop_fpms, arith3(v, imm, fpp_fms))
FP_OP(fpop_fpnma, arith3(v, imm, fpp_fnma))
FP_OP(fpop_fmin, arith2(v, imm, fp_min))
FP_OP(fpop_fmax, arith2(v, imm, fp_max))
FP_OP(fpop_famin, arith2(v, imm, fp_amin))
FP_OP(fpop_famax, arith2(v, imm, fp_amax))
FP_OP(fpop_fpmin, arith2(v, imm, fpp_min))
FP_OP(fpop_fpmax, arith2(v, imm, fpp_max))
FP_OP(fpop_fpamin, arith2(v, imm, fpp_amin))
FP_OP(fpop_fpamax, arith2(v, imm, fpp_amax))
FP_OP(fpop_frcpa, approx2(v, imm, fp_rcpa))
FP_OP(fpop_fprcpa, approx2(v, imm, fpp_rcpa))

OP_HELPER(fpop_fpcmp)
{
    struct ia64_fr f2 = fr_get(v, FPO_F2(imm)), f3 = fr_get(v, FPO_F3(imm));
    struct fp_result r;

    (void)a, (void)b, (void)out;
    fpp_cmp(&r, v->fpsr, FPO_CTL(imm), (enum fp_rel)FPO_SUB(imm), &f2, &f3);
    return deliver(v, imm, &r);
}

OP_HELPER(fpop_fcmp)
{
    struct ia64_fr f2 = fr_get(v, FPO_F2(imm)), f3 = fr_get(v, FPO_F3(imm));
    struct fp_result r;

    (void)a, (void)b, (void)out;
    fp_cmp(&r, v->fpsr, FPO_CTL(imm), (enum fp_rel)FPO_SUB(imm), &f2, &f3);
    if (r.kind == FP_FAULT)
        return raise_fp(v, &r);
    write_pr(v, FPO_P1(imm), r.pred);
    write_pr(v, FPO_P2(imm), r.pred >> 1);
    v->fpsr = r.fpsr;
    return OPR_OK;
}

OP_HELPER(fpop_fclass)
{
    struct ia64_fr f2 = fr_get(v, FPO_F2(imm));
    unsigned pred = fp_class(&f2, (unsigned)a);

    (void)b, (void)out;
    write_pr(v, FPO_P1(imm), pred);
    write_pr(v, FPO_P2(imm), pred >> 1);
    return OPR_OK;
}

OP_HELPER(fpop_frsqrta)
{
    struct ia64_fr f3 = fr_get(v, FPO_F3(imm));
    struct fp_result r;

    (void)a, (void)b, (void)out;
    fp_rsqrta(&r, v->fpsr, FPO_CTL(imm), &f3);
    return deliver_approx(v, imm, &r);
}

OP_HELPER(fpop_fprsqrta)
{
    struct ia64_fr f3 = fr_get(v, FPO_F3(imm));
    struct fp_result r;

    (void)a, (void)b, (void)out;
    fpp_rsqrta(&r, v->fpsr, FPO_CTL(imm), &f3);
    return deliver_approx(v, imm, &r);
}

OP_HELPER(fpop_fcvt_fx)
{
    struct ia64_fr f2 = fr_get(v, FPO_F2(imm));
    struct fp_result r;

    (void)a, (void)b, (void)out;
    fp_cvt_fx(&r, v->fpsr, FPO_CTL(imm), FPO_SUB(imm), &f2);
    return deliver(v, imm, &r);
}

OP_HELPER(fpop_fpcvt_fx)
{
    struct ia64_fr f2 = fr_get(v, FPO_F2(imm));
    struct fp_result r;

    (void)a, (void)b, (void)out;
    fpp_cvt_fx(&r, v->fpsr, FPO_CTL(imm), FPO_SUB(imm), &f2);
    return deliver(v, imm, &r);
}

OP_HELPER(fpop_fcvt_xf)
{
    struct ia64_fr f2 = fr_get(v, FPO_F2(imm));

    (void)a, (void)b, (void)out;
    fr_set(v, FPO_F1(imm), fp_cvt_xf(&f2));
    return OPR_OK;
}

OP_HELPER(fpop_bits)
{
    struct ia64_fr f2 = fr_get(v, FPO_F2(imm)), f3 = fr_get(v, FPO_F3(imm));

    (void)a, (void)b, (void)out;
    fr_set(v, FPO_F1(imm), fp_bits((enum fp_bits_op)FPO_SUB(imm), &f2, &f3));
    return OPR_OK;
}

OP_HELPER(fpop_fselect)
{
    struct ia64_fr f3 = fr_get(v, FPO_F3(imm)), f4 = fr_get(v, FPO_F4(imm)), f2 = fr_get(v, FPO_F2(imm));

    (void)a, (void)b, (void)out;
    fr_set(v, FPO_F1(imm), fp_select(&f3, &f4, &f2));
    return OPR_OK;
}

OP_HELPER(fpop_xma)
{
    struct ia64_fr f3 = fr_get(v, FPO_F3(imm)), f4 = fr_get(v, FPO_F4(imm)), f2 = fr_get(v, FPO_F2(imm));

    (void)a, (void)b, (void)out;
    fr_set(v, FPO_F1(imm), fp_xma((enum fp_xma_op)FPO_SUB(imm), &f3, &f4, &f2));
    return OPR_OK;
}

OP_HELPER(fpop_setf)
{
    struct ia64_fr f;

    (void)out;
    if (b)
        f = FP_NATVAL;
    else if (FPO_SUB(imm) == FPO_SIG)
        f = fp_from_int(a);
    else if (FPO_SUB(imm) == FPO_EXP)
        f = fp_from_exp(a);
    else if (FPO_SUB(imm) == FPO_SINGLE)
        f = fp_from_single((uint32_t)a);
    else
        f = fp_from_double(a);
    fr_set(v, FPO_F1(imm), f);
    return OPR_OK;
}

OP_HELPER(fpop_getf)
{
    struct ia64_fr f = fr_get(v, FPO_F2(imm));

    (void)a, (void)b;
    v->spec_nat = fp_is_natval(&f);
    if (FPO_SUB(imm) == FPO_SIG)
        *out = f.sig;
    else if (FPO_SUB(imm) == FPO_EXP)
        *out = fp_to_exp(&f);
    else if (FPO_SUB(imm) == FPO_SINGLE)
        *out = fp_to_single(&f);
    else
        *out = fp_to_double(&f);
    return OPR_OK;
}

OP_HELPER(fpop_is_natval)
{
    struct ia64_fr f = fr_get(v, FPO_F1(imm));

    (void)a, (void)b;
    *out = fp_is_natval(&f);
    return OPR_OK;
}

OP_HELPER(fpop_fsetc)
{
    uint32_t key = v->key;

    (void)out;
    if (!fp_setc(&v->fpsr, FPO_CTL(imm) & 3, (unsigned)a, (unsigned)b))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    vcpu_update_key(v);
    return v->key == key ? OPR_OK : OPR_EXIT;
}

OP_HELPER(fpop_fclrf)
{
    (void)a, (void)b, (void)out;
    v->fpsr = fp_clrf(v->fpsr, FPO_CTL(imm) & 3);
    return OPR_OK;
}

OP_HELPER(fpop_fchkf)
{
    (void)a, (void)b;
    *out = fp_chkf(v->fpsr, FPO_CTL(imm) & 3);
    return OPR_OK;
}
