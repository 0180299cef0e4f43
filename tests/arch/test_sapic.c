/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local SAPIC against the rules of SDM Vol.2 5.8, by scenario and at random against a plain model. */
#include "tests/arch/fixture.h"

#include <pthread.h>
#include <string.h>

enum { SPURIOUS = 15, NMI = 2, EXTINT = 0 };

static unsigned ivr(struct vcpu *v) { return (unsigned)cr_read(v, CR_IVR); }

static void eoi(struct vcpu *v) { cr_write(v, CR_EOI, 0x1234); }

static bool attention(struct vcpu *v) { return v->attention & ATTN_IRQ; }

static void delivery(void **state)
{
    struct vcpu *v = *state;

    psr_write(v, PSR_IC | PSR_I | PSR_BN);
    v->ip = 0x4000;
    v->ri = 2;
    assert_false(interruption_external(v));
    sapic_post(v, 0xe9);
    assert_true(attention(v));
    assert_true(interruption_external(v));
    assert_int_equal(v->ip, 0x13000);
    assert_int_equal(v->cr[CR_IIP], 0x4000);
    assert_int_equal(v->cr[CR_IPSR], PSR_IC | PSR_I | PSR_BN | UINT64_C(2) << 41);
    assert_int_equal(v->cr[CR_ISR], UINT64_C(2) << 41);
    assert_false(attention(v)); /* psr.i = 0 now */
    assert_int_equal(cr_read(v, CR_IRR0 + 3), UINT64_C(1) << (0xe9 - 192));
    assert_int_equal(ivr(v), 0xe9);
    assert_int_equal(cr_read(v, CR_IRR0 + 3), 0);
    assert_int_equal(ivr(v), SPURIOUS);
    eoi(v);
    assert_false(interruption_external(v));
}

static void masked_by_psr_i(void **state)
{
    struct vcpu *v = *state;
    uint64_t out;

    psr_write(v, PSR_IC);
    sapic_post(v, 0x40);
    assert_false(interruption_external(v));
    assert_false(attention(v));
    assert_true(sapic_unmasked_pending(v)); /* psr.i does not matter to PAL_HALT_LIGHT */
    assert_int_equal(op_ssm(v, PSR_I, 0, 0, &out), OPR_EXIT);
    assert_true(attention(v));
    assert_int_equal(ivr(v), 0x40); /* IVR works whatever psr.i is */
    assert_false(attention(v));
}

static void masked_by_tpr(void **state)
{
    struct vcpu *v = *state;

    psr_write(v, PSR_I);
    for (unsigned mic = 0; mic < 16; mic++) {
        for (unsigned vector = 16; vector < 256; vector += 5) {
            sapic_post(v, vector);
            cr_write(v, CR_TPR, mic << 4);
            assert_int_equal(attention(v), vector >> 4 > mic);
            assert_int_equal(ivr(v), vector >> 4 > mic ? vector : SPURIOUS);
            cr_write(v, CR_TPR, 0);
            assert_int_equal(ivr(v), vector >> 4 > mic ? SPURIOUS : vector);
            eoi(v);
        }
    }
    cr_write(v, CR_TPR, 0x10000);
    sapic_post(v, 0xff);
    sapic_post(v, EXTINT);
    assert_int_equal(ivr(v), SPURIOUS);
    assert_false(sapic_unmasked_pending(v));
    sapic_post(v, NMI); /* TPR does not mask it */
    assert_true(interruption_external(v));
    assert_int_equal(ivr(v), NMI);
}

static void nesting(void **state)
{
    struct vcpu *v = *state;

    sapic_post(v, 0x51);
    assert_int_equal(ivr(v), 0x51);
    sapic_post(v, 0x51); /* the same again, lower, same class but lower: wait */
    sapic_post(v, 0x50);
    sapic_post(v, 0x20);
    assert_int_equal(ivr(v), SPURIOUS);
    sapic_post(v, 0x52);
    assert_int_equal(ivr(v), 0x52);
    sapic_post(v, EXTINT);
    assert_int_equal(ivr(v), EXTINT);
    sapic_post(v, 0xff);
    sapic_post(v, EXTINT);
    assert_int_equal(ivr(v), SPURIOUS);
    sapic_post(v, NMI);
    assert_int_equal(ivr(v), NMI);
    sapic_post(v, NMI);
    assert_int_equal(ivr(v), SPURIOUS);
    eoi(v); /* NMI */
    assert_int_equal(ivr(v), NMI);
    eoi(v);
    eoi(v); /* ExtINT */
    assert_int_equal(ivr(v), EXTINT);
    eoi(v);
    assert_int_equal(ivr(v), 0xff);
    eoi(v);
    assert_int_equal(ivr(v), SPURIOUS);
    eoi(v); /* 0x52 */
    assert_int_equal(ivr(v), SPURIOUS);
    eoi(v); /* 0x51 */
    assert_int_equal(ivr(v), 0x51);
    eoi(v);
    assert_int_equal(ivr(v), 0x50);
    eoi(v);
    assert_int_equal(ivr(v), 0x20);
    eoi(v);
    assert_int_equal(ivr(v), SPURIOUS);
    eoi(v); /* nothing in service */
    assert_int_equal(ivr(v), SPURIOUS);
}

static void vectors_that_do_not_exist(void **state)
{
    struct vcpu *v = *state;

    for (unsigned vector = 0; vector < 300; vector++) {
        if (vector == EXTINT || vector == NMI || (vector >= 16 && vector < 256))
            continue;
        sapic_post(v, vector);
        sapic_pend(v, vector);
        assert_int_equal(v->attention, 0);
        assert_int_equal(ivr(v), SPURIOUS);
        assert_int_equal(cr_read(v, CR_IRR0), 0);
    }
}

/* A plain model: two arrays of flags, and the masking table read off the manual. */
struct model {
    bool irr[256], isr[256];
    unsigned tpr;
};

static unsigned model_rank(unsigned vector) { return vector == NMI ? 1000 : vector == EXTINT ? 999 : vector; }

static unsigned model_highest(const struct model *m)
{
    unsigned best = SPURIOUS;
    unsigned service = 0;

    for (unsigned i = 0; i < 256; i++)
        if (m->isr[i] && model_rank(i) > service)
            service = model_rank(i);
    for (unsigned i = 0; i < 256; i++) {
        bool mask = i != NMI && (m->tpr & 0x10000 || (i >= 16 && i / 16 <= (m->tpr / 16) % 16));

        if (!m->irr[i] || mask || model_rank(i) <= service)
            continue;
        if (best == SPURIOUS || model_rank(i) > model_rank(best))
            best = i;
    }
    return best;
}

static void model_eoi(struct model *m)
{
    int best = -1;

    for (int i = 0; i < 256; i++)
        if (m->isr[i] && (best < 0 || model_rank((unsigned)i) > model_rank((unsigned)best)))
            best = i;
    if (best >= 0)
        m->isr[best] = false;
}

static void random_against_model(void **state)
{
    struct vcpu *v = *state;
    struct model m = { 0 };
    uint64_t seed = 4711;

    for (unsigned step = 0; step < 200000; step++) {
        uint64_t r = fixture_random(&seed);
        unsigned vector = r >> 8 & 0xff, want = model_highest(&m);

        switch (r & 7) {
        case 0:
        case 1:
            vector = r >> 20 & 15 ? vector : (r >> 24 & 1 ? NMI : EXTINT);
            if (r >> 30 & 1)
                sapic_post(v, vector);
            else
                sapic_pend(v, vector);
            if (vector >= 16 || vector == NMI || vector == EXTINT)
                m.irr[vector] = true;
            break;
        case 2:
        case 3:
            assert_int_equal(ivr(v), want);
            if (want != SPURIOUS) {
                m.irr[want] = false;
                m.isr[want] = true;
            }
            break;
        case 4:
        case 5:
            eoi(v);
            model_eoi(&m);
            break;
        case 6:
            m.tpr = (r >> 40 & 3) ? (unsigned)(r >> 16 & 0xf0) >> (r >> 50 & 3) & 0xf0 : 0x10000;
            cr_write(v, CR_TPR, m.tpr);
            break;
        default:
            psr_write(v, r >> 8 & 1 ? PSR_I : 0);
            break;
        }
        want = model_highest(&m);
        assert_int_equal(sapic_unmasked_pending(v), want != SPURIOUS);
        if (!interruption_external(v)) {
            assert_true(!(v->psr & PSR_I) || want == SPURIOUS);
            assert_false(attention(v));
        } else {
            assert_int_not_equal(want, SPURIOUS);
            assert_int_equal(v->ip, 0x13000);
        }
    }
}

/* Vectors posted by other threads are never lost, and the flag tells of them. */
static void *poster(void *arg)
{
    struct vcpu *v = arg;

    for (unsigned round = 0; round < 200; round++)
        for (unsigned vector = 16; vector < 256; vector++)
            sapic_post(v, vector);
    return NULL;
}

static void posted_by_threads(void **state)
{
    struct vcpu *v = *state;
    pthread_t threads[2];
    bool seen[256] = { false };
    unsigned n = 0;

    psr_write(v, PSR_I);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, poster, v), 0);
    while (n < 240) {
        if (!attention(v) || !interruption_external(v))
            continue;
        for (unsigned vector; (vector = ivr(v)) != SPURIOUS; eoi(v)) {
            n += !seen[vector];
            seen[vector] = true;
        }
        psr_write(v, PSR_I);
    }
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    while (attention(v) && interruption_external(v)) {
        while (ivr(v) != SPURIOUS)
            eoi(v);
        psr_write(v, PSR_I);
    }
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(v->sapic.posted[i] | v->sapic.irr[i], 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(delivery), TEST(masked_by_psr_i), TEST(masked_by_tpr), TEST(nesting),
        TEST(vectors_that_do_not_exist), TEST(random_against_model), TEST(posted_by_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
