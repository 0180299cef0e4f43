/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The naive register stack: one register, one word at a time, as SDM Vol.2 6.1 to 6.5 tell it. */
#include "tests/arch/rse_model.h"

#include <assert.h>

enum { NAT_SLOT = 63 };

static unsigned slot_of(uint64_t addr) { return (unsigned)(addr / 8 % 64); }

/* The first register's place from @addr up. */
static uint64_t this_place(uint64_t addr) { return slot_of(addr) == NAT_SLOT ? addr + 8 : addr; }

/* The place of the register after, or before, the one at @addr. */
static uint64_t next_place(uint64_t addr)
{
    return this_place(addr + 8);
}

static uint64_t prev_place(uint64_t addr)
{
    addr -= 8;
    return slot_of(addr) == NAT_SLOT ? addr - 8 : addr;
}

static unsigned ring(int n) { return (unsigned)((n % MODEL_GRS + MODEL_GRS) % MODEL_GRS); }

static struct model_word *word(struct rse_model *m, uint64_t addr)
{
    assert(addr >= m->base && addr < m->base + MODEL_WORDS * 8 && addr % 8 == 0);
    return &m->words[(addr - m->base) / 8];
}

struct model_cfm model_cfm_from(uint64_t cfm)
{
    return (struct model_cfm){ .sof = cfm & 127, .sol = cfm >> 7 & 127, .sor = (cfm >> 14 & 15) * 8,
                               .rrb_gr = cfm >> 18 & 127, .rrb_fr = cfm >> 25 & 127,
                               .rrb_pr = cfm >> 32 & 63 };
}

uint64_t model_cfm_bits(const struct model_cfm *c)
{
    return c->sof | (uint64_t)c->sol << 7 | (uint64_t)(c->sor / 8) << 14 | (uint64_t)c->rrb_gr << 18 |
           (uint64_t)c->rrb_fr << 25 | (uint64_t)c->rrb_pr << 32;
}

/* ---- registers ---- */

struct model_gr *model_gr(struct rse_model *m, unsigned r)
{
    if (r < m->cfm.sor)
        r = (r + m->cfm.rrb_gr) % m->cfm.sor;
    return &m->gr[ring((int)(m->bof + r))];
}

uint64_t *model_fr(struct rse_model *m, unsigned f) { return &m->fr[(f + m->cfm.rrb_fr) % 96]; }

static unsigned physical_pr(const struct rse_model *m, unsigned p)
{
    return p < 16 ? p : 16 + (p - 16 + m->cfm.rrb_pr) % 48;
}

uint64_t model_pr(const struct rse_model *m)
{
    uint64_t pr = 0;

    for (unsigned p = 0; p < 64; p++)
        pr |= (m->pr >> physical_pr(m, p) & 1) << p;
    return pr;
}

void model_set_pr(struct rse_model *m, uint64_t pr)
{
    m->pr = 0;
    for (unsigned p = 0; p < 64; p++)
        m->pr |= (pr >> p & 1) << physical_pr(m, p);
}

/* ---- the backing store ---- */

/* Stores the NaT collection if BSPSTORE is at its slot. */
static void store_collection(struct rse_model *m)
{
    if (slot_of(m->bspstore) != NAT_SLOT)
        return;
    *word(m, m->bspstore) = (struct model_word){ m->rnat, m->rnat_known };
    m->bspstore += 8;
    m->rnat = m->rnat_known = 0;
}

/* Stores the lowest dirty register. */
static void store_one(struct rse_model *m)
{
    const struct model_gr *g = &m->gr[ring((int)m->bof - m->dirty)];
    uint64_t bit;

    assert(m->dirty > 0);
    store_collection(m); /* where software put BSPSTORE there */
    bit = UINT64_C(1) << slot_of(m->bspstore);
    *word(m, m->bspstore) = (struct model_word){ g->value, g->known ? ~UINT64_C(0) : 0 };
    m->rnat = g->nat ? m->rnat | bit : m->rnat & ~bit;
    m->rnat_known = g->known ? m->rnat_known | bit : m->rnat_known & ~bit;
    m->bspstore += 8;
    store_collection(m);
    m->dirty--;
    m->clean++;
}

/* The word of the register below BspLoad becomes a clean register. */
static void load_one(struct rse_model *m)
{
    uint64_t addr = prev_place(m->bspload), collection = addr | 63 * 8;
    struct model_gr *g = &m->gr[ring((int)m->bof - m->dirty - m->clean - 1)];
    uint64_t bits = m->rnat, known = m->rnat_known;

    if (collection / 512 != m->bspstore / 512) {
        bits = word(m, collection)->value;
        known = word(m, collection)->known;
    }
    g->value = word(m, addr)->value;
    g->nat = bits >> slot_of(addr) & 1;
    g->known = word(m, addr)->known && known >> slot_of(addr) & 1;
    m->bspload = addr;
    m->clean++;
}

/* With nothing dirty BSPSTORE may not stay above BSP: it follows the loads down, RNAT with it. */
static void bspstore_follows(struct rse_model *m)
{
    if (m->dirty >= 0)
        return;
    while (m->dirty < 0) {
        uint64_t down = prev_place(m->bspstore);

        if (down / 512 != m->bspstore / 512) {
            m->rnat = word(m, down | 63 * 8)->value;
            m->rnat_known = word(m, down | 63 * 8)->known;
        }
        m->bspstore = down;
        m->dirty++;
        m->clean--;
    }
}

void model_store_ahead(struct rse_model *m)
{
    if (m->dirty > 0)
        store_one(m);
}

void model_load_ahead(struct rse_model *m)
{
    if (m->dirty < 0 || m->clean < 0 || m->dirty + m->clean + (int)m->cfm.sof >= MODEL_GRS)
        return;
    if (m->bspload > m->base + 1024)
        load_one(m);
}

/* ---- frames ---- */

static void bsp_move(struct rse_model *m, int n)
{
    for (; n > 0; n--)
        m->bsp = next_place(m->bsp);
    for (; n < 0; n++)
        m->bsp = prev_place(m->bsp);
}

/* Clean registers give way until the frame's @sof registers have room, then dirty ones are stored. */
static void make_room(struct rse_model *m, unsigned sof)
{
    while (m->dirty + m->clean + (int)sof > MODEL_GRS) {
        if (m->clean <= 0)
            store_one(m);
        m->clean--;
        m->bspload = next_place(m->bspload);
    }
}

bool model_alloc(struct rse_model *m, unsigned sof, unsigned sol, unsigned sor)
{
    if (sor != m->cfm.sor && (m->cfm.rrb_gr || m->cfm.rrb_fr || m->cfm.rrb_pr))
        return false;
    make_room(m, sof);
    for (unsigned r = m->cfm.sof; r < sof; r++)
        m->gr[ring((int)(m->bof + r))].known = false;
    m->cfm.sof = sof;
    m->cfm.sol = sol;
    m->cfm.sor = sor;
    return true;
}

void model_rotate(struct rse_model *m)
{
    struct model_cfm *c = &m->cfm;

    if (c->sor)
        c->rrb_gr = (c->rrb_gr + c->sor - 1) % c->sor;
    c->rrb_fr = (c->rrb_fr + 95) % 96;
    c->rrb_pr = (c->rrb_pr + 47) % 48;
}

void model_clrrrb(struct rse_model *m, bool pr_only)
{
    m->cfm.rrb_pr = 0;
    if (!pr_only)
        m->cfm.rrb_gr = m->cfm.rrb_fr = 0;
}

uint64_t model_call(struct rse_model *m)
{
    uint64_t pfm = model_cfm_bits(&m->cfm);
    unsigned sol = m->cfm.sol;

    bsp_move(m, (int)sol);
    m->bof = ring((int)(m->bof + sol));
    m->dirty += (int)sol;
    m->cfm = (struct model_cfm){ .sof = m->cfm.sof - sol };
    return pfm;
}

/* The frame starts @down registers lower. Those of them that are neither dirty nor clean are to be loaded. */
static void frame_back(struct rse_model *m, uint64_t cfm, unsigned down)
{
    struct model_cfm c = model_cfm_from(cfm);
    int growth = (int)c.sof - (int)down - (int)m->cfm.sof;

    /* What lies above the old frame and is in the new one is nobody's value. */
    for (int r = 0; r < growth; r++)
        m->gr[ring((int)(m->bof + m->cfm.sof) + r)].known = false;
    bsp_move(m, -(int)down);
    m->bof = ring((int)m->bof - (int)down);
    m->dirty -= (int)down;
    m->cfm = c;
    if (m->dirty + m->clean < 0)
        return;
    bspstore_follows(m);
    while (m->dirty + m->clean + (int)m->cfm.sof > MODEL_GRS && m->clean > 0) {
        m->clean--;
        m->bspload = next_place(m->bspload);
    }
}

void model_return(struct rse_model *m, uint64_t pfm) { frame_back(m, pfm, model_cfm_from(pfm).sol); }

uint64_t model_cover(struct rse_model *m)
{
    uint64_t ifm = model_cfm_bits(&m->cfm);

    bsp_move(m, (int)m->cfm.sof);
    m->bof = ring((int)(m->bof + m->cfm.sof));
    m->dirty += (int)m->cfm.sof;
    m->cfm = (struct model_cfm){ 0 };
    return ifm;
}

void model_rfi(struct rse_model *m, uint64_t ifm) { frame_back(m, ifm, model_cfm_from(ifm).sof); }

bool model_load_one(struct rse_model *m)
{
    if (m->dirty + m->clean >= 0)
        return false;
    load_one(m);
    if (m->dirty + m->clean >= 0)
        bspstore_follows(m);
    return true;
}

void model_flushrs(struct rse_model *m)
{
    while (m->dirty > 0)
        store_one(m);
    store_collection(m);
}

bool model_loadrs(struct rse_model *m, unsigned bytes)
{
    uint64_t tear = m->bsp - bytes;
    int want = 0;

    if (m->cfm.sof && bytes)
        return false;
    for (uint64_t a = m->bsp; a > tear; a -= 8)
        want += slot_of(a - 8) != NAT_SLOT;
    if (want > MODEL_GRS)
        return false;
    while (m->dirty + m->clean < want)
        load_one(m);
    m->dirty = want;
    m->clean = 0;
    m->bspstore = tear;
    m->bspload = this_place(tear);
    m->rnat_known = 0;
    return true;
}

void model_set_bspstore(struct rse_model *m, uint64_t value)
{
    assert(m->dirty >= 0);
    m->bspstore = value;
    m->bspload = m->bsp = this_place(value);
    bsp_move(m, m->dirty);
    m->clean = 0;
    m->rnat_known = 0;
}
