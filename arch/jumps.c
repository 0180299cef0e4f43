/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * v->jumps[], v->returns[] and v->page_tokens[]: where compiled code finds units, filled by the engine, by calls and by look-ups; what of
 * them a purge takes away.
 */
#include <string.h>

#include "arch/gr.h"
#include "arch/tlb.h"

enum {
    JUMPS_A_PAGE = 1 << 8, /* bundles: each page's places are such a block of jumps[], by jump_index() */
    PS_MOST = 18, /* a larger purge forgets all */
};

void vcpu_forget_returns(struct vcpu *v)
{
    for (unsigned i = 0; i < N_RETURNS; i++)
        v->returns[i].ip = RETURN_VOID;
}

static void forget_returns_to(struct vcpu *v, uint64_t first, unsigned ps)
{
    for (unsigned i = 0; i < N_RETURNS; i++) {
        if ((v->returns[i].ip << 3 ^ first << 3) >> ps >> 3 == 0)
            v->returns[i].ip = RETURN_VOID;
    }
}

void vcpu_remember_page(struct vcpu *v, uint32_t token)
{
    unsigned i = page_token_index(v->ip);

    v->page_tokens[i] = token;
    v->page_blocks[i / PAGE_TOKEN_BLOCK] = 1;
}

void vcpu_forget_pages(struct vcpu *v, unsigned region)
{
    const unsigned n = PAGE_TOKENS / PAGE_TOKEN_BLOCK;
    uint8_t *blocks = &v->page_blocks[region * n];

    for (unsigned i = 0; i < n; i += 8) { /* most have none: eight at a time */
        uint64_t eight;

        memcpy(&eight, &blocks[i], 8);
        if (!eight)
            continue;
        for (unsigned k = i; k < i + 8; k++) {
            if (blocks[k])
                memset(&v->page_tokens[region * PAGE_TOKENS + k * PAGE_TOKEN_BLOCK], 0, PAGE_TOKEN_BLOCK * sizeof(uint32_t));
            blocks[k] = 0;
        }
    }
}

/* Whatever its rid. */
static void forget_page(struct vcpu *v, uint64_t gva)
{
    unsigned i = page_token_index(gva);

    if (v->page_blocks[i / PAGE_TOKEN_BLOCK])
        v->page_tokens[i] = PAGE_UNKNOWN;
}

void vcpu_forget_jumps(struct vcpu *v)
{
    vcpu_forget_returns(v);
    for (unsigned region = 0; region < 8; region++)
        vcpu_forget_pages(v, region);
    v->units_gen++;
    if (++v->jump_gen == 0) { /* old entries would be valid again */
        memset(v->jumps, 0, sizeof(v->jumps));
        v->jump_gen = 1;
    }
    memset(v->jump_pages, 0, sizeof(v->jump_pages));
}

/* Several pages may share the bit, so it stays unless the block is empty. */
static void page_forget(struct vcpu *v, uint64_t page, uint32_t rid)
{
    struct jump_entry *e = &v->jumps[jump_index(page) & ~(unsigned)(JUMPS_A_PAGE - 1)];
    bool empty = true;

    v->units_gen++;
    for (unsigned i = 0; i < JUMPS_A_PAGE; i++) {
        if (e[i].key_gen >> 32 != v->jump_gen)
            continue;
        if ((e[i].ip ^ page) >> 12 == 0 && soft_tag_has_rid(v, page | e[i].itag, rid))
            e[i] = (struct jump_entry){ 0 };
        else
            empty = false;
    }
    if (empty)
        bit_put(v->jump_pages, jump_page(page), false);
}

void vcpu_forget_jumps_to(struct vcpu *v, uint32_t rid, uint64_t gva, unsigned ps)
{
    uint64_t first = gva << 3 >> 3 >> ps << ps;

    if (ps > PS_MOST) {
        vcpu_forget_jumps(v);
        return;
    }
    forget_returns_to(v, first, ps);
    for (unsigned i = 0; i < 1u << (ps - 12); i++) {
        for (uint64_t region = 0; region < 8; region++) {
            uint64_t page = (region << 61) + first + ((uint64_t)i << 12);

            forget_page(v, page);
            if (bit_get(v->jump_pages, jump_page(page)))
                page_forget(v, page, rid);
        }
    }
}

void vcpu_note_jump(struct vcpu *v) { bit_put(v->jump_pages, jump_page(v->ip), true); }

void vcpu_remember_jump(struct vcpu *v, const void *code)
{
    uint64_t place = v->ip | v->ri;
    struct jump_entry *e = &v->jumps[jump_index(place)];
    const struct jump_entry new = { .ip = place, .itag = v->itag[v->ip >> 61],
                                    .key_gen = (uint64_t)v->jump_gen << 32 | v->key, .code = code };

    /* What is not in its own place goes: else two neighbours and one that nobody asks for push each other out in turn, for ever. */
    if (e->key_gen >> 32 == v->jump_gen && jump_index(e->ip) == jump_index(place) &&
        (e->ip != new.ip || e->itag != new.itag || e->key_gen != new.key_gen))
        v->jumps[jump_index(place) ^ 1] = *e;
    *e = new;
    vcpu_note_jump(v);
}
