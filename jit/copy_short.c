/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All iterations at once of a rotating copying loop (jit/copy_loop.c) as it is set up for a short copy: nothing has rotated
 * yet, p16 is the only rotating predicate that is 1, and EC is such that the last iteration stores what was loaded last.
 *
 * With N loads that are stored B iterations later there are N + B iterations, and as many rotations. Slots count down from the
 * one of r32 in the first iteration: slot i has what iteration i loaded, for i < N, and else what slot i - sor had.
 */
#include <immintrin.h>
#include <string.h>

#include "arch/alat.h"
#include "arch/gr.h"
#include "jit/copy.h"

struct short_copy {
    uint8_t *from, *to; /* host addresses */
    int64_t step;
    unsigned n;         /* how many loads */
    unsigned stage;     /* so many iterations later they are stored */
    unsigned sor;
    uint64_t *rot;      /* slot of r32 in the first iteration */
};

/*
 * Loads and stores in the order of the loads: there is no datum that a store changes before the loop would have loaded it. Guest
 * memory is other processors' too: each datum in one piece, and once.
 */
#define MOVE_OF(type)                                                                                        \
    static void move_##type(const struct short_copy *c, unsigned i)                                          \
    {                                                                                                        \
        for (; i < c->n; i++) {                                                                              \
            type datum = __atomic_load_n((type *)(void *)(c->from + i * c->step), __ATOMIC_RELAXED);         \
                                                                                                             \
            c->rot[-(ptrdiff_t)i] = datum;                                                                   \
            __atomic_store_n((type *)(void *)(c->to + i * c->step), datum, __ATOMIC_RELAXED);                \
        }                                                                                                    \
    }
MOVE_OF(uint8_t)
MOVE_OF(uint16_t)
MOVE_OF(uint32_t)
MOVE_OF(uint64_t)

#define MOVE_4(data, from, to)         \
    do {                               \
        memcpy(&data, from, 4);        \
        memcpy(to, &data, 4);          \
    } while (0)

/* Four bytes at a time. Return: how many were done. */
__attribute__((target("avx2"), no_sanitize("thread"))) static unsigned move_bytes_by_4(const struct short_copy *c)
{
    unsigned n = c->n & ~3u;
    const uint8_t *from = c->from;
    uint64_t *rot = c->rot;
    uint8_t *to = c->to;
    uint32_t data;

    if (c->step > 0) {
        for (unsigned i = 0; i < n; i += 4) { /* slots count down */
            MOVE_4(data, from + i, to + i);
            _mm256_storeu_si256((__m256i *)(void *)(rot - i - 3),
                                _mm256_permute4x64_epi64(_mm256_cvtepu8_epi64(_mm_cvtsi32_si128((int)data)), 0x1b));
        }
        return n;
    }
    for (unsigned i = 0; i < n; i += 4) {
        MOVE_4(data, from - i - 3, to - i - 3);
        _mm256_storeu_si256((__m256i *)(void *)(rot - i - 3), _mm256_cvtepu8_epi64(_mm_cvtsi32_si128((int)data)));
    }
    return n;
}

static void move_data(const struct short_copy *c, unsigned size)
{
    switch (size) {
    case 1:
        move_uint8_t(c, __builtin_cpu_supports("avx2") ? move_bytes_by_4(c) : 0);
        break;
    case 2: move_uint16_t(c, 0); break;
    case 4: move_uint32_t(c, 0); break;
    default: move_uint64_t(c, 0); break;
    }
}

/* A few registers: shorter than a call of memcpy(). */
static void copy_slots(uint64_t *to, const uint64_t *from, unsigned n)
{
    for (; n >= 4; n -= 4, to += 4, from += 4)
        memcpy(to, from, 4 * sizeof(*to));
    for (unsigned i = 0; i < n; i++)
        to[i] = from[i];
}

/* What rotation has copied to the slots that the last window has and no load wrote. @turns: rotations, fewer than 2 * sor. */
static void turn_rest(const struct short_copy *c, const uint64_t *frame, unsigned turns)
{
    unsigned last = turns < c->sor ? turns : c->sor - 1;

    if (last >= c->n) /* slot i has r32 + sor - i of before */
        copy_slots(c->rot - last, frame + c->sor - last, last - c->n + 1);
    for (unsigned i = c->sor; i <= turns; i++)
        c->rot[-(ptrdiff_t)i] = c->rot[-(ptrdiff_t)(i - c->sor)];
    if (turns < c->sor) /* those that have not come round */
        copy_slots(c->rot + 1, frame + 1, c->sor - turns - 1);
}

/* A field of rrb, which was 0, after @turns rotations. */
static uint64_t rrb_after(unsigned turns, unsigned size)
{
    while (turns > size) /* a few times at most: no division */
        turns -= size;
    return size - turns;
}

/* The state after @turns iterations, which were all. */
static void put_back(struct vcpu *v, const struct short_copy *c, unsigned turns)
{
    uint64_t ones = c->n < 48 ? (UINT64_C(1) << c->n) - 1 : ROTATING_PR;

    v->frame[0] = c->rot[0]; /* before the first rotation it was at home */
    v->rot = c->rot - turns;
    alat_invalidate_all(v);
    v->cfm |= rrb_after(turns, c->sor) << 18 | rrb_after(turns, 96) << 25 | rrb_after(turns, 48) << 32;
    v->fr_lag += turns;
    v->pr = (v->pr & 0xffff) | (ones << (c->stage + 1) & ROTATING_PR) << 16;
    v->lc = v->ec = 0;
}

bool jit_copy_short(struct vcpu *v, const struct ir_op *op, uint64_t ip)
{
    uint64_t *from = copy_pointer(v, &op[GET_FROM]), *to = copy_pointer(v, &op[GET_TO]);
    struct short_copy c = { .step = (int64_t)op[ADD_FROM].imm, .n = (unsigned)v->lc + 1, .stage = op[SKIP_STORE].c - 16u,
                            .sor = cfm_sor(v->cfm), .rot = v->rot_gr + ROT_SLOTS };
    unsigned size = 1u << (op[LOAD].op - IR_LD1), turns = c.n + c.stage;
    int64_t ahead;

    if (v->lc >= c.sor || v->ec != c.stage + 1 || v->pr >> 16 != 1 || op[SKIP_LOAD].c != 16 || op[GET_STORED].c != c.stage ||
        c.stage >= c.sor || turns < 2 || op[ADD_TO].imm != op[ADD_FROM].imm || (v->cfm & CFM_RRB) || !gr_rot_is_home(v))
        return false;
    if (copy_in_page(*from, c.step, size) < c.n || copy_in_page(*to, c.step, size) < c.n)
        return false;
    c.from = copy_locate(v, *from, false);
    c.to = copy_locate(v, *to, true);
    if (!c.from || !c.to)
        return false;
    ahead = c.step > 0 ? c.to - c.from : c.from - c.to;
    if (ahead > 0 && ahead < (int64_t)(c.n * size)) /* something is loaded that was stored before */
        return false;
    move_data(&c, size);
    turn_rest(&c, v->frame, turns);
    put_back(v, &c, turns);
    *from += (uint64_t)c.n * (uint64_t)c.step;
    *to += (uint64_t)c.n * (uint64_t)c.step;
    copy_went_back(v, &op[EXIT], ip);
    return true;
}
