/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scalar rules on MPFR. */
#include "tests/fp/oracle_int.h"

#include <assert.h>

static mpfr_t va, vb, vc, vt, vq;

void oracle_init(void)
{
    mpfr_inits2(256, va, vb, vc, vt, vq, (mpfr_ptr)0);
}

void oracle_done(void)
{
    mpfr_clears(va, vb, vc, vt, vq, (mpfr_ptr)0);
    mpfr_free_cache();
}

enum oracle_class oracle_classify(struct ia64_fr f)
{
    unsigned e = f.se & 0x1ffff;
    bool j = f.sig >> 63;

    if (f.se == 0x1fffe && f.sig == 0)
        return C_NATVAL;
    if (e == 0x1ffff) {
        if (!j)
            return C_UNSUP;
        if (f.sig << 1 == 0)
            return C_INF;
        return f.sig >> 62 & 1 ? C_QNAN : C_SNAN;
    }
    if (f.sig == 0)
        return e == 0 ? C_ZERO : C_PSEUDO_ZERO;
    return e == 0 || !j ? C_UNORM : C_NORM;
}

static bool is_zero(enum oracle_class c)
{
    return c == C_ZERO || c == C_PSEUDO_ZERO;
}

static bool is_nan(enum oracle_class c)
{
    return c == C_QNAN || c == C_SNAN;
}

static bool is_unorm(enum oracle_class c)
{
    return c == C_UNORM || c == C_PSEUDO_ZERO;
}

static int sign_of(struct ia64_fr f)
{
    return f.se >> 17 & 1;
}

static struct ia64_fr make(int sign, long exp_field, uint64_t sig)
{
    return (struct ia64_fr){ sig, (uint64_t)sign << 17 | ((uint64_t)exp_field & 0x1ffff) };
}

static const struct ia64_fr indefinite = { UINT64_C(3) << 62, 0x3ffff };

/* The exact value of a finite operand. */
static void value(mpfr_t out, struct ia64_fr f)
{
    long e = f.se & 0x1ffff;

    mpfr_set_ui_2exp(out, f.sig, (e ? e : 0xc001) - 65535 - 63, MPFR_RNDN);
    if (sign_of(f))
        mpfr_neg(out, out, MPFR_RNDN);
}

/* After an operation rounded to zero: make the last bit odd if something was lost. */
static void to_odd(mpfr_t t, int ternary)
{
    if (ternary)
        t->_mpfr_d[0] |= 1;
}

void oracle_env(struct oracle_env *env, uint64_t fpsr, unsigned sf_number, int completer)
{
    unsigned sf = fpsr >> (6 + 13 * sf_number) & 0x1fff;
    int bits;

    *env = (struct oracle_env){ 0 };
    env->ftz = sf & 1;
    env->rc = sf >> 4 & 3;
    env->disabled = sf >> 6 & 1 ? 0x3f : fpsr & 0x3f;
    switch (completer) {
    case FP_PC_S:
    case 3:
        env->prec = 24;
        bits = 8;
        break;
    case FP_PC_D:
        env->prec = 53;
        bits = 11;
        break;
    default:
        env->prec = (sf >> 2 & 3) == 0 ? 24 : (sf >> 2 & 3) == 2 ? 53 : 64;
        bits = 15;
        break;
    }
    if (sf & 2 && completer != 3)
        bits = 17;
    env->emax = (1L << (bits - 1)) - 1;
    env->emin = 1 - env->emax;
    env->denormal_field = bits == 15 ? 0 : env->emin + 65535;
}

static bool enabled(struct oracle_env *env, unsigned exc)
{
    return !(env->disabled & exc);
}

static void raise(struct oracle_env *env, unsigned exc)
{
    env->flags |= exc;
    if (enabled(env, exc))
        env->fault |= exc;
}

/* Round q to an integer; returns -1, 0, 1 as the magnitude shrank, stayed or grew. */
static int to_int(mpfr_t q, int rc)
{
    int sign = mpfr_sgn(q);
    int t;

    if (rc == 0)
        t = mpfr_roundeven(q, q);
    else if (rc == 1)
        t = mpfr_floor(q, q);
    else if (rc == 2)
        t = mpfr_ceil(q, q);
    else
        t = mpfr_trunc(q, q);
    return t == 0 ? 0 : ((t > 0) == (sign > 0) ? 1 : -1);
}

/* vq := vt rounded to a multiple of 2^unit; the multiple's magnitude in *digits (mod 2^64) and *carry. */
static int round_at(int rc, long unit, uint64_t *digits, bool *carry)
{
    int direction;

    mpfr_mul_2si(vq, vt, -unit, MPFR_RNDN);
    direction = to_int(vq, rc);
    mpfr_abs(vq, vq, MPFR_RNDN);
    *carry = mpfr_cmp_ui_2exp(vq, 1, 64) == 0;
    *digits = *carry ? 0 : mpfr_get_ui(vq, MPFR_RNDN);
    return direction;
}

/* SDM 1:105, figure 5-12, for the nonzero value vt. */
static struct ia64_fr round_value(struct oracle_env *env)
{
    int sign = mpfr_sgn(vt) < 0;
    long e = mpfr_get_exp(vt) - 1;
    int p = env->prec;
    uint64_t digits;
    bool carry;
    int direction = round_at(env->rc, e - (p - 1), &digits, &carry);
    uint64_t sig;
    bool away;

    if (carry || (p < 64 && digits >> p)) {
        sig = UINT64_C(1) << 63;
        e++;
    } else {
        sig = digits << (64 - p);
    }
    if (e > env->emax) {
        env->flags |= FP_EXC_O;
        if (enabled(env, FP_EXC_O)) {
            env->flags |= direction ? FP_EXC_I : 0;
            env->trap |= 1 << 11 | (direction != 0) << 13 | (direction > 0) << 14;
            return make(sign, e + 65535, sig);
        }
        env->flags |= FP_EXC_I;
        away = env->rc == 0 || (env->rc == 1 && sign) || (env->rc == 2 && !sign);
        if (enabled(env, FP_EXC_I))
            env->trap |= 1 << 13 | away << 14;
        return away ? make(sign, 0x1ffff, UINT64_C(1) << 63)
                    : make(sign, env->emax + 65535, UINT64_MAX << (64 - p));
    }
    if (e < env->emin && enabled(env, FP_EXC_U)) {
        env->flags |= FP_EXC_U | (direction ? FP_EXC_I : 0);
        env->trap |= 1 << 12 | (direction != 0) << 13 | (direction > 0) << 14;
        return make(sign, e + 65535, sig);
    }
    if (e < env->emin && env->ftz) {
        env->flags |= FP_EXC_U | FP_EXC_I;
        if (enabled(env, FP_EXC_I))
            env->trap |= 1 << 13;
        return make(sign, 0, 0);
    }
    if (e < env->emin) {
        direction = round_at(env->rc, env->emin - (p - 1), &digits, &carry);
        assert(!carry);
        sig = digits << (64 - p);
        if (direction) {
            env->flags |= FP_EXC_U | FP_EXC_I;
            if (enabled(env, FP_EXC_I))
                env->trap |= 1 << 13 | (direction > 0) << 14;
        }
        if (sig == 0)
            return make(sign, 0, 0);
        return make(sign, sig >> 63 ? env->emin + 65535 : env->denormal_field, sig);
    }
    if (direction) {
        env->flags |= FP_EXC_I;
        if (enabled(env, FP_EXC_I))
            env->trap |= 1 << 13 | (direction > 0) << 14;
    }
    return make(sign, e + 65535, sig);
}

struct fp_result oracle_deliver(uint64_t fpsr, unsigned sf, const struct oracle_env *env, struct ia64_fr fr,
                                unsigned pred)
{
    struct fp_result r = { .fr = fr, .fpsr = fpsr, .pred = (uint8_t)pred };

    if (env->fault) {
        r.kind = FP_FAULT;
        r.isr_code = (uint16_t)env->fault;
        return r;
    }
    r.fpsr |= (uint64_t)env->flags << (6 + 13 * sf + 7);
    if (env->trap) {
        r.kind = FP_TRAP;
        r.isr_code = (uint16_t)(env->trap | 1);
    }
    return r;
}

struct fp_result oracle_natval(uint64_t fpsr)
{
    return (struct fp_result){ .fr = { 0, 0x1fffe }, .fpsr = fpsr };
}

static struct ia64_fr quieted(struct ia64_fr f)
{
    f.sig |= UINT64_C(1) << 62;
    return f;
}

struct ia64_fr oracle_muladd_core(struct oracle_env *env, enum oracle_op op, bool addend, struct ia64_fr f3,
                                  struct ia64_fr f4, struct ia64_fr f2)
{
    enum oracle_class c3 = oracle_classify(f3), c4 = oracle_classify(f4), c2 = oracle_classify(f2);
    int psign = sign_of(f3) ^ sign_of(f4) ^ (op == ORACLE_FNMA);
    int csign = sign_of(f2) ^ (op == ORACLE_FMS);
    bool pinf;

    if (c3 == C_UNSUP || c4 == C_UNSUP || c2 == C_UNSUP) {
        raise(env, FP_EXC_V);
        return indefinite;
    }
    if (c3 == C_SNAN || c4 == C_SNAN || c2 == C_SNAN)
        raise(env, FP_EXC_V);
    if (is_nan(c4))
        return quieted(f4);
    if (is_nan(c2))
        return quieted(f2);
    if (is_nan(c3))
        return quieted(f3);
    pinf = c3 == C_INF || c4 == C_INF;
    if ((c3 == C_INF && c4 == C_ZERO) || (c4 == C_INF && c3 == C_ZERO) ||
        (pinf && c2 == C_INF && psign != csign)) {
        raise(env, FP_EXC_V);
        return indefinite;
    }
    if (is_unorm(c3) || is_unorm(c4) || is_unorm(c2))
        raise(env, FP_EXC_D);
    if (pinf)
        return make(psign, 0x1ffff, UINT64_C(1) << 63);
    if (c2 == C_INF)
        return make(csign, 0x1ffff, UINT64_C(1) << 63);
    value(va, f3);
    value(vb, f4);
    value(vc, f2);
    if (op == ORACLE_FNMA)
        mpfr_neg(va, va, MPFR_RNDN);
    if (op == ORACLE_FMS)
        mpfr_neg(vc, vc, MPFR_RNDN);
    if (!addend) {
        mpfr_mul(vt, va, vb, MPFR_RNDN);
        if (mpfr_zero_p(vt))
            return make(psign, 0, 0);
        return round_value(env);
    }
    to_odd(vt, mpfr_fma(vt, va, vb, vc, MPFR_RNDZ));
    if (mpfr_zero_p(vt)) {
        if ((is_zero(c3) || is_zero(c4)) && is_zero(c2) && psign == csign)
            return make(psign, 0, 0);
        return make(env->rc == 1, 0, 0);
    }
    return round_value(env);
}

struct fp_result oracle_muladd(enum oracle_op op, uint64_t fpsr, unsigned ctl, struct ia64_fr f3,
                               struct ia64_fr f4, struct ia64_fr f2)
{
    struct oracle_env env;
    struct ia64_fr fr;

    if (oracle_classify(f3) == C_NATVAL || oracle_classify(f4) == C_NATVAL || oracle_classify(f2) == C_NATVAL)
        return oracle_natval(fpsr);
    oracle_env(&env, fpsr, ctl & 3, ctl >> 2 & 3);
    fr = oracle_muladd_core(&env, op, !(ctl & FP_CTL_F2_IS_F0), f3, f4, f2);
    return oracle_deliver(fpsr, ctl & 3, &env, fr, 0);
}

/* ---- Comparison ---- */

int oracle_order(struct oracle_env *env, struct ia64_fr a, struct ia64_fr b, bool quiet, bool magnitude)
{
    enum oracle_class ca = oracle_classify(a), cb = oracle_classify(b);

    if (ca == C_UNSUP || cb == C_UNSUP) {
        raise(env, FP_EXC_V);
        return 2;
    }
    if (is_nan(ca) || is_nan(cb)) {
        if (ca == C_SNAN || cb == C_SNAN || !quiet)
            raise(env, FP_EXC_V);
        return 2;
    }
    if (is_unorm(ca) || is_unorm(cb))
        raise(env, FP_EXC_D);
    if (ca == C_INF)
        mpfr_set_inf(va, sign_of(a) ? -1 : 1);
    else
        value(va, a);
    if (cb == C_INF)
        mpfr_set_inf(vb, sign_of(b) ? -1 : 1);
    else
        value(vb, b);
    {
        int c = magnitude ? mpfr_cmpabs(va, vb) : mpfr_cmp(va, vb);

        return c < 0 ? -1 : c > 0;
    }
}

bool oracle_picks_f2(struct oracle_env *env, enum oracle_pick op, struct ia64_fr f2, struct ia64_fr f3)
{
    int order = oracle_order(env, f2, f3, false, op >= ORACLE_AMIN);

    return op == ORACLE_MIN || op == ORACLE_AMIN ? order == -1 : order == 1;
}

struct fp_result oracle_pick(enum oracle_pick op, uint64_t fpsr, unsigned ctl, struct ia64_fr f2,
                             struct ia64_fr f3)
{
    struct oracle_env env;
    bool first;

    if (oracle_classify(f2) == C_NATVAL || oracle_classify(f3) == C_NATVAL)
        return oracle_natval(fpsr);
    oracle_env(&env, fpsr, ctl & 3, FP_PC_NONE);
    first = oracle_picks_f2(&env, op, f2, f3);
    return oracle_deliver(fpsr, ctl & 3, &env, first ? f2 : f3, 0);
}

bool oracle_holds(struct oracle_env *env, enum fp_rel rel, struct ia64_fr f2, struct ia64_fr f3)
{
    bool quiet = rel == FP_REL_EQ || rel == FP_REL_NEQ || rel == FP_REL_UNORD || rel == FP_REL_ORD;
    int o = oracle_order(env, f2, f3, quiet, false);

    switch (rel) {
    case FP_REL_EQ:
        return o == 0;
    case FP_REL_LT:
        return o == -1;
    case FP_REL_LE:
        return o == -1 || o == 0;
    case FP_REL_UNORD:
        return o == 2;
    case FP_REL_NEQ:
        return o != 0;
    case FP_REL_NLT:
        return o != -1;
    case FP_REL_NLE:
        return o == 1 || o == 2;
    default:
        return o != 2;
    }
}

struct fp_result oracle_cmp(enum fp_rel rel, uint64_t fpsr, unsigned ctl, struct ia64_fr f2,
                            struct ia64_fr f3)
{
    struct oracle_env env;
    bool holds;

    if (oracle_classify(f2) == C_NATVAL || oracle_classify(f3) == C_NATVAL)
        return (struct fp_result){ .fpsr = fpsr };
    oracle_env(&env, fpsr, ctl & 3, FP_PC_NONE);
    holds = oracle_holds(&env, rel, f2, f3);
    return oracle_deliver(fpsr, ctl & 3, &env, (struct ia64_fr){ 0, 0 }, holds ? 1 : 2);
}

/* The formula of SDM Vol.3, fclass, bit by bit. */
unsigned oracle_class(struct ia64_fr f2, unsigned mask)
{
    enum oracle_class c = oracle_classify(f2);
    bool sign = (mask & 1 && !sign_of(f2)) || (mask & 2 && sign_of(f2));
    bool number = (mask & 4 && c == C_ZERO) || (mask & 8 && is_unorm(c)) || (mask & 16 && c == C_NORM) ||
                  (mask & 32 && c == C_INF);
    bool member = (sign && number) || (mask & 64 && c == C_SNAN) || (mask & 128 && c == C_QNAN) ||
                  (mask & 256 && c == C_NATVAL);

    if (c == C_NATVAL && !(mask & 256))
        return 0;
    if (c == C_NATVAL)
        return 1;
    return member ? 1 : 2;
}

/* ---- Conversion to integer ---- */

uint64_t oracle_integer(struct oracle_env *env, struct ia64_fr f, int bits, unsigned how)
{
    enum oracle_class c = oracle_classify(f);
    bool is_unsigned = how & FP_CVT_UNSIGNED;
    int direction;

    if (c == C_UNSUP || is_nan(c) || c == C_INF) {
        raise(env, FP_EXC_V);
        return UINT64_C(1) << (bits - 1);
    }
    value(vt, f);
    mpfr_set(vq, vt, MPFR_RNDN);
    direction = to_int(vq, how & FP_CVT_TRUNC ? 3 : env->rc);
    /* max + 1 = 2^bits or 2^(bits-1); min = 0 or -2^(bits-1). */
    if (mpfr_cmp_ui_2exp(vq, 1, is_unsigned ? bits : bits - 1) >= 0 ||
        (is_unsigned ? mpfr_sgn(vq) < 0 : mpfr_cmp_si_2exp(vq, -1, bits - 1) < 0)) {
        raise(env, FP_EXC_V);
        return UINT64_C(1) << (bits - 1);
    }
    if (is_unorm(c))
        raise(env, FP_EXC_D);
    if (direction) {
        env->flags |= FP_EXC_I;
        if (enabled(env, FP_EXC_I))
            env->trap |= 1 << 13 | (direction > 0) << 14;
    }
    return is_unsigned ? mpfr_get_ui(vq, MPFR_RNDN) : (uint64_t)mpfr_get_si(vq, MPFR_RNDN);
}

struct fp_result oracle_cvt_fx(unsigned how, uint64_t fpsr, unsigned ctl, struct ia64_fr f2)
{
    struct oracle_env env;
    uint64_t n;

    if (oracle_classify(f2) == C_NATVAL)
        return oracle_natval(fpsr);
    oracle_env(&env, fpsr, ctl & 3, FP_PC_NONE);
    n = oracle_integer(&env, f2, 64, how);
    return oracle_deliver(fpsr, ctl & 3, &env, (struct ia64_fr){ n, 0x1003e }, 0);
}

/* ---- Estimates ---- */

unsigned oracle_recip_entry(unsigned i)
{
    mpfr_set_ui(vt, 2 * i + 1, MPFR_RNDN);
    mpfr_div_ui(vt, vt, 512, MPFR_RNDN);
    mpfr_add_ui(vt, vt, 1, MPFR_RNDN);
    mpfr_ui_div(vt, 2048, vt, MPFR_RNDN);
    mpfr_sub_ui(vt, vt, 1024, MPFR_RNDN);
    return (unsigned)mpfr_get_ui(vt, MPFR_RNDN);
}

unsigned oracle_rsqrt_entry(unsigned i)
{
    mpfr_set_ui(vt, 2 * (i & 127) + 1, MPFR_RNDN);
    mpfr_div_ui(vt, vt, 256, MPFR_RNDN);
    mpfr_add_ui(vt, vt, 1, MPFR_RNDN);
    if (!(i & 128))
        mpfr_mul_ui(vt, vt, 2, MPFR_RNDN);
    mpfr_rec_sqrt(vt, vt, MPFR_RNDN);
    mpfr_mul_ui(vt, vt, 2048, MPFR_RNDN);
    mpfr_sub_ui(vt, vt, 1024, MPFR_RNDN);
    return (unsigned)mpfr_get_ui(vt, MPFR_RNDN);
}

static uint64_t error_of(void)
{
    mpfr_sub_ui(vt, vt, 1, MPFR_RNDN);
    mpfr_abs(vt, vt, MPFR_RNDN);
    mpfr_mul_2ui(vt, vt, 64, MPFR_RNDN);
    return mpfr_cmp_ui_2exp(vt, 1, 63) > 0 ? UINT64_C(1) << 63 : mpfr_get_ui(vt, MPFR_RNDU);
}

uint64_t oracle_recip_error(struct ia64_fr estimate, struct ia64_fr b)
{
    value(va, estimate);
    value(vb, b);
    mpfr_mul(vt, va, vb, MPFR_RNDN);
    return error_of();
}

uint64_t oracle_rsqrt_error(struct ia64_fr estimate, struct ia64_fr b)
{
    value(va, estimate);
    value(vb, b);
    mpfr_sqrt(vb, vb, MPFR_RNDN);
    mpfr_mul(vt, va, vb, MPFR_RNDN);
    return error_of();
}

/* The leading exponent and the table index come out of MPFR's normalized form. */
static struct ia64_fr recip_estimate(struct ia64_fr f)
{
    long e;
    unsigned index;

    value(vb, f);
    e = mpfr_get_exp(vb) - 1;
    mpfr_abs(vq, vb, MPFR_RNDN);
    mpfr_mul_2si(vq, vq, 8 - e, MPFR_RNDN);
    index = mpfr_get_ui(vq, MPFR_RNDZ) & 0xff;
    return make(sign_of(f), -1 - e + 65535, UINT64_C(1) << 63 | (uint64_t)oracle_recip_entry(index) << 53);
}

static struct ia64_fr rsqrt_estimate(struct ia64_fr f)
{
    long e;
    long half;
    unsigned index;

    value(vb, f);
    e = mpfr_get_exp(vb) - 1;
    half = e >= 0 ? e / 2 : -((1 - e) / 2);
    mpfr_mul_2si(vq, vb, 7 - e, MPFR_RNDN);
    index = (mpfr_get_ui(vq, MPFR_RNDZ) & 0x7f) | (e % 2 == 0 ? 128 : 0);
    return make(0, 65534 - half, UINT64_C(1) << 63 | (uint64_t)oracle_rsqrt_entry(index) << 53);
}

/* The exponents that the limits of software assistance are about; the operands are finite and nonzero. */
static long exponent(struct ia64_fr f)
{
    value(vt, f);
    return mpfr_get_exp(vt) - 1;
}

struct ia64_fr oracle_rcpa_core(struct oracle_env *env, struct ia64_fr f2, struct ia64_fr f3, bool parallel,
                                bool *refine)
{
    enum oracle_class c2 = oracle_classify(f2), c3 = oracle_classify(f3);
    int sign = sign_of(f2) ^ sign_of(f3);
    long emax = parallel ? 127 : 65535, emin = 1 - emax, n = parallel ? 24 : 64;
    long a, b;

    *refine = false;
    if (c2 == C_UNSUP || c3 == C_UNSUP) {
        raise(env, FP_EXC_V);
        return indefinite;
    }
    if (c2 == C_SNAN || c3 == C_SNAN)
        raise(env, FP_EXC_V);
    if (is_nan(c2) || is_nan(c3))
        return quieted(is_nan(c2) ? f2 : f3);
    if ((c2 == C_INF && c3 == C_INF) || (is_zero(c2) && is_zero(c3))) {
        raise(env, FP_EXC_V);
        return indefinite;
    }
    if (is_zero(c3) && (c2 == C_NORM || c2 == C_UNORM)) {
        raise(env, FP_EXC_Z);
        return make(sign, 0x1ffff, UINT64_C(1) << 63);
    }
    if (is_unorm(c2) || is_unorm(c3))
        raise(env, FP_EXC_D);
    if (c2 == C_INF)
        return make(sign, 0x1ffff, UINT64_C(1) << 63);
    if (c3 == C_INF || is_zero(c2))
        return make(sign, 0, 0);
    a = exponent(f2);
    b = exponent(f3);
    *refine = !(b <= emin - 1 || b >= emax - 2 || a - b >= emax || a - b <= emin + 1 || a <= emin + n - 1);
    if (parallel && b <= emin - 1)
        return make(sign_of(f3), 0x1ffff, UINT64_C(1) << 63);
    if (parallel && b >= emax - 2)
        return make(sign_of(f3), 0, 0);
    if (!parallel && !*refine) {
        value(va, f2);
        value(vb, f3);
        to_odd(vt, mpfr_div(vt, va, vb, MPFR_RNDZ));
        return round_value(env);
    }
    return recip_estimate(f3);
}

struct ia64_fr oracle_rsqrta_core(struct oracle_env *env, struct ia64_fr f3, bool parallel, bool *refine)
{
    enum oracle_class c = oracle_classify(f3);

    *refine = false;
    if (c == C_UNSUP) {
        raise(env, FP_EXC_V);
        return indefinite;
    }
    if (c == C_SNAN)
        raise(env, FP_EXC_V);
    if (is_nan(c))
        return quieted(f3);
    if (sign_of(f3) && !is_zero(c)) {
        raise(env, FP_EXC_V);
        return indefinite;
    }
    if (is_unorm(c))
        raise(env, FP_EXC_D);
    if (is_zero(c))
        return make(sign_of(f3), 0, 0);
    if (c == C_INF)
        return f3;
    *refine = exponent(f3) > (parallel ? -126 + 23 : -65534 + 63);
    if (!parallel && !*refine) {
        value(va, f3);
        to_odd(vt, mpfr_sqrt(vt, va, MPFR_RNDZ));
        return round_value(env);
    }
    return rsqrt_estimate(f3);
}

struct fp_result oracle_rcpa(uint64_t fpsr, unsigned ctl, struct ia64_fr f2, struct ia64_fr f3)
{
    struct oracle_env env;
    struct ia64_fr fr;
    bool refine;

    if (oracle_classify(f2) == C_NATVAL || oracle_classify(f3) == C_NATVAL)
        return oracle_natval(fpsr);
    oracle_env(&env, fpsr, ctl & 3, FP_PC_NONE);
    fr = oracle_rcpa_core(&env, f2, f3, false, &refine);
    return oracle_deliver(fpsr, ctl & 3, &env, fr, refine);
}

struct fp_result oracle_rsqrta(uint64_t fpsr, unsigned ctl, struct ia64_fr f3)
{
    struct oracle_env env;
    struct ia64_fr fr;
    bool refine;

    if (oracle_classify(f3) == C_NATVAL)
        return oracle_natval(fpsr);
    oracle_env(&env, fpsr, ctl & 3, FP_PC_NONE);
    fr = oracle_rsqrta_core(&env, f3, false, &refine);
    return oracle_deliver(fpsr, ctl & 3, &env, fr, refine);
}
