/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The register stack engine: frames, mandatory spills and fills, and the instructions that move frames. */
#include <string.h>

#include "arch/alat.h"
#include "arch/gr.h"
#include "arch/interruption.h"
#include "arch/mmu_ref.h"
#include "arch/ops.h"
#include "arch/rse.h"
#include "arch/vti.h"

/* Where the frame is put when it comes to an end of the array. */
enum { MIDDLE = STACK_SLOTS / 2 };

static unsigned nat_slot(uint64_t addr) { return addr >> 3 & 63; }

uint64_t rse_skip_regs(uint64_t addr, int64_t n)
{
    int64_t delta = (int64_t)nat_slot(addr) + n;

    if (n < 0)
        delta -= 62;
    return addr + (uint64_t)((n + delta / 63) * 8);
}

int64_t rse_num_regs(uint64_t lo, uint64_t hi)
{
    int64_t words = (int64_t)(hi - lo) >> 3;

    return words - (nat_slot(lo) + words) / 64;
}

uint64_t rse_bsp_slow(const struct vcpu *v) { return rse_skip_regs(v->rse.bspstore, v->rse.ndirty); }

bool cfm_malformed(uint64_t cfm)
{
    unsigned sof = cfm_sof(cfm), sor = cfm_sor(cfm), rrb_gr = cfm_rrb_gr(cfm);

    return sof > N_STACKED || cfm_sol(cfm) > sof || sor > sof || (sor ? rrb_gr >= sor : rrb_gr != 0) ||
           cfm_rrb_fr(cfm) >= 96 || cfm_rrb_pr(cfm) >= 48;
}

/* Puts r32's slot at the middle of the array, everything live with it. */
static void recentre(struct vcpu *v)
{
    size_t dirty = (size_t)(v->rse.ndirty > 0 ? v->rse.ndirty : 0);
    size_t n = dirty + N_STACKED;
    uint64_t *from = v->frame - dirty, *to = v->stack + MIDDLE - dirty;
    bool nats[N_PHYS_STACKED + N_STACKED + 1], rot_home = gr_rot_is_home(v);

    assert(dirty <= N_PHYS_STACKED);
    for (size_t i = 0; v->nat_any && i < n; i++)
        nats[i] = gr_stack_nat(v, from + i);
    memmove(to, from, n * sizeof(*to));
    for (size_t i = 0; v->nat_any && i < n; i++)
        gr_set_stack_nat(v, to + i, nats[i]);
    v->frame = v->stack + MIDDLE;
    if (rot_home)
        v->rot = v->frame;
    alat_invalidate_all(v);
}

static unsigned rse_flags(const struct vcpu *v)
{
    return REF_RSE | REF_ALIGNED | (v->rsc & 0x10 ? REF_BE : 0);
}

/* psr.da and dd are in force up to the first mandatory reference (SDM Vol.2 3.3.2). */
static void end_one_shot(struct vcpu *v)
{
    if (v->psr & (PSR_DA | PSR_DD))
        psr_write(v, v->psr & ~(PSR_DA | PSR_DD));
}

/* Stores one word at BSPSTORE: the lowest dirty register, or the NaT collection. */
static enum op_result spill_one(struct vcpu *v)
{
    struct rse *rse = &v->rse;
    unsigned slot = nat_slot(rse->bspstore);
    const uint64_t *reg = v->frame - rse->ndirty;

    if (slot == 63) {
        if (mem_store(v, rse->bspstore, 8, rse_flags(v), rse->rnat & ~(UINT64_C(1) << 63)) != OPR_OK)
            return OPR_FAULT;
        rse->rnat = 0;
    } else {
        if (mem_store(v, rse->bspstore, 8, rse_flags(v), *reg) != OPR_OK)
            return OPR_FAULT;
        rse->rnat &= ~(UINT64_C(1) << slot);
        if (v->nat_any && gr_stack_nat(v, reg))
            rse->rnat |= UINT64_C(1) << slot;
        rse->ndirty--;
    }
    rse->bspstore += 8;
    end_one_shot(v);
    return OPR_OK;
}

/* Loads the word below BSPSTORE into the highest register that the current frame lacks. */
static enum op_result fill_one(struct vcpu *v)
{
    struct rse *rse = &v->rse;
    uint64_t addr = rse->bspstore - 8, value;
    unsigned slot = nat_slot(addr);
    uint64_t *reg = v->frame - rse->ndirty - 1;

    if (mem_load(v, addr, 8, rse_flags(v), &value) != OPR_OK)
        return OPR_FAULT;
    if (slot == 63) {
        rse->rnat = value & ~(UINT64_C(1) << 63);
    } else {
        bool nat = rse->rnat >> slot & 1;

        *reg = value;
        if (nat || v->nat_any)
            gr_set_stack_nat(v, reg, nat);
        rse->ndirty++;
    }
    rse->bspstore = addr;
    end_one_shot(v);
    return OPR_OK;
}

/*
 * The next word's place in host memory where a run of words may go without a look at each: no NaTs, and a page that the soft
 * TLB has. NULL otherwise.
 */
static uint64_t *run_place(struct vcpu *v, uint64_t addr, unsigned need)
{
    if (v->nat_any || (rse_flags(v) & REF_BE) || (v->psr & (PSR_DA | PSR_DD)))
        return NULL;
    return (uint64_t *)(void *)mem_probe(v, addr, 8, rse_flags(v), need);
}

/* How many of the words from @addr to the end of its page, and to the next NaT collection: @n at most. */
static unsigned run_length(uint64_t addr, unsigned n)
{
    unsigned words = 512 - (unsigned)(addr >> 3 & 511), registers = 63 - nat_slot(addr);

    if (n > words)
        n = words;
    return n < registers ? n : registers;
}

/* Stores words from BSPSTORE up as spill_one() does: until @n registers are stored, at most to the end of the page. */
static void spill_run(struct vcpu *v, int n)
{
    struct rse *rse = &v->rse;
    uint64_t *host = run_place(v, rse->bspstore, REF_W);

    if (!host)
        return;
    while (n > 0) {
        unsigned slot = nat_slot(rse->bspstore), k = 1;

        if (slot == 63) {
            ram_store(host, 8, rse->rnat & ~(UINT64_C(1) << 63));
            rse->rnat = 0;
        } else {
            const uint64_t *from = v->frame - rse->ndirty;

            k = run_length(rse->bspstore, (unsigned)n);
            for (unsigned i = 0; i < k; i++)
                ram_store(host + i, 8, from[i]);
            rse->rnat &= ~(((UINT64_C(1) << k) - 1) << slot);
            rse->ndirty -= (int32_t)k;
            n -= (int)k;
        }
        host += k;
        rse->bspstore += 8 * (uint64_t)k;
        if (!(rse->bspstore & 0xfff))
            return;
    }
}

/* How many of the @n words that end at @addr are in its page and behind a NaT collection, and in RNAT no NaTs. */
static unsigned fill_length(const struct rse *rse, uint64_t addr, unsigned n)
{
    unsigned words = (unsigned)(addr >> 3 & 511) + 1, slot = nat_slot(addr);
    uint64_t nats = rse->rnat & ((UINT64_C(2) << slot) - 1);

    if (n > words)
        n = words;
    if (n > slot + 1)
        n = slot + 1;
    if (nats && n > slot - (63 - (unsigned)__builtin_clzll(nats)))
        n = slot - (63 - (unsigned)__builtin_clzll(nats));
    return n;
}

/* Loads words from below BSPSTORE as fill_one() does: until the frame is complete, at most to the page's start or a NaT. */
static void fill_run(struct vcpu *v)
{
    struct rse *rse = &v->rse;
    uint64_t *host = run_place(v, rse->bspstore - 8, REF_R);

    if (!host)
        return;
    do {
        unsigned k = 1;

        if (nat_slot(rse->bspstore - 8) == 63) {
            rse->rnat = ram_load(host, 8) & ~(UINT64_C(1) << 63);
        } else {
            uint64_t *to = v->frame - rse->ndirty - 1;

            k = fill_length(rse, rse->bspstore - 8, (unsigned)-rse->ndirty);
            if (!k)
                return;
            for (unsigned i = 0; i < k; i++)
                to[-(int)i] = ram_load(host - i, 8);
            rse->ndirty += (int32_t)k;
        }
        host -= k;
        rse->bspstore -= 8 * (uint64_t)k;
    } while (rse->ndirty < 0 && (rse->bspstore & 0xfff));
}

enum op_result rse_complete_frame(struct vcpu *v)
{
    while (v->rse.ndirty < 0) {
        fill_run(v);
        if (v->rse.ndirty == 0)
            break;
        if (fill_one(v) != OPR_OK)
            return OPR_FAULT;
    }
    v->rse.cfle = false;
    gr_home_to_rot(v);
    return OPR_OK;
}

/*
 * The frame's rotating registers go home, the first @n of them, unless the frame is incomplete and nothing was taken from there
 * yet.
 */
static void leave_rotation(struct vcpu *v, unsigned n)
{
    if (cfm_sor(v->cfm) && v->rse.ndirty >= 0)
        gr_rot_to_home_below(v, n);
}

enum op_result rse_return(struct vcpu *v, uint64_t cfm, unsigned down)
{
    uint64_t old = v->cfm;

    /* The caller's output registers may be among them; the others are gone. */
    leave_rotation(v, cfm_sof(cfm) > down ? cfm_sof(cfm) - down : 0);
    if (v->frame - v->stack < (ptrdiff_t)(down + N_STACKED) || v->frame > v->stack + STACK_SLOTS)
        recentre(v);
    v->frame -= down;
    v->rse.ndirty -= (int32_t)down;
    /* Only after PFS was tampered with (SDM Vol.2 6.5.5): more registers than there are. */
    if (v->rse.ndirty + (int)cfm_sof(cfm) > N_PHYS_STACKED)
        cfm = 0;
    /* An incomplete frame was left without cover: what it still lacked above the new frame is not wanted any more. */
    if (v->rse.ndirty < -(int)cfm_sof(cfm)) {
        v->rse.bspstore = rse_skip_regs(rse_bsp(v), cfm_sof(cfm));
        v->rse.ndirty = -(int32_t)cfm_sof(cfm);
    }
    fr_pr_rename(v, old, cfm);
    v->cfm = cfm & CFM_BITS;
    v->rse.cfle = v->rse.ndirty < 0;
    if (v->rse.cfle)
        v->rot = v->frame; /* until the frame is complete */
    else
        gr_home_to_rot(v);
    vcpu_update_key(v);
    return OPR_OK;
}

OP_HELPER(op_alloc)
{
    unsigned sof = imm & 0xff, sol = imm >> 8 & 0xff, sor = imm >> 16 & 0xff;
    unsigned old_sor = cfm_sor(v->cfm);

    (void)a;
    (void)b;
    if (sof > N_STACKED || sol > sof || sor > sof)
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    if (sor != old_sor && (v->cfm & CFM_RRB))
        return fault_raise(v, FAULT_RESERVED_REG_FIELD, 0);
    while (v->rse.ndirty + (int)sof > N_PHYS_STACKED) {
        spill_run(v, v->rse.ndirty + (int)sof - N_PHYS_STACKED);
        if (v->rse.ndirty + (int)sof <= N_PHYS_STACKED)
            break;
        if (spill_one(v) != OPR_OK)
            return OPR_FAULT;
    }
    if (v->frame > v->stack + STACK_SLOTS)
        recentre(v);
    if (sor != old_sor)
        leave_rotation(v, N_STACKED);
    v->cfm = (v->cfm & CFM_RRB) | sof | (uint64_t)sol << 7 | (uint64_t)(sor / 8) << 14;
    *out = v->pfs;
    if (sor == old_sor)
        return OPR_OK;
    gr_home_to_rot(v);
    vcpu_update_key(v);
    return OPR_OK;
}

OP_HELPER(op_flushrs)
{
    (void)imm, (void)a, (void)b, (void)out;
    spill_run(v, v->rse.ndirty);
    while (v->rse.ndirty > 0 || (v->rse.ndirty == 0 && nat_slot(v->rse.bspstore) == 63)) {
        if (spill_one(v) != OPR_OK)
            return OPR_FAULT;
    }
    return OPR_OK;
}

/*
 * loadrs (SDM Vol.3, loadrs): exactly the registers from BSP - RSC.loadrs up become dirty; lower ones are dropped, missing
 * ones are loaded. BSP and the frame stay (sof is 0 unless loadrs is).
 */
OP_HELPER(op_loadrs)
{
    uint64_t bytes = v->rsc >> 16 & 0x3ff8;
    uint64_t bsp = rse_bsp(v), tear = bsp - bytes;
    int64_t want = rse_num_regs(tear, bsp);
    uint64_t *reg;

    (void)imm, (void)a, (void)b, (void)out;
    if ((v->rsc & 3) != 0 || (cfm_sof(v->cfm) && bytes) || want > N_PHYS_STACKED)
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    if (v->frame - v->stack < N_PHYS_STACKED)
        recentre(v);
    while (v->rse.ndirty < want || v->rse.bspstore > tear) {
        uint64_t addr = v->rse.bspstore - 8, value;
        unsigned slot = nat_slot(addr);

        if (v->rse.ndirty >= want && slot != 63)
            break;
        if (mem_load(v, addr, 8, rse_flags(v), &value) != OPR_OK)
            return OPR_FAULT;
        if (slot == 63) {
            v->rse.rnat = value & ~(UINT64_C(1) << 63);
        } else {
            bool nat = v->rse.rnat >> slot & 1;

            reg = v->frame - v->rse.ndirty - 1;
            *reg = value;
            if (nat || v->nat_any)
                gr_set_stack_nat(v, reg, nat);
            v->rse.ndirty++;
        }
        v->rse.bspstore = addr;
        end_one_shot(v);
    }
    v->rse.ndirty = (int32_t)want;
    v->rse.bspstore = tear;
    return OPR_OK;
}

OP_HELPER(op_cover)
{
    bool guest = v->psr & PSR_VM && !vcpu_cpl(v); /* at other levels it is not virtualized (SDM 3:48) */
    unsigned sof = cfm_sof(v->cfm);
    uint64_t old = v->cfm;

    (void)imm, (void)a, (void)b, (void)out;
    if (guest && vti_intercepts(v, OP_COVER))
        return vti_fault(v);
    leave_rotation(v, N_STACKED);
    v->frame += sof;
    v->rse.ndirty += (int32_t)sof;
    v->rse.cfle = false;
    if (v->frame > v->stack + STACK_SLOTS)
        recentre(v);
    if (guest && !(vpd_get(v, VPD_OFFSET(vpsr)) & PSR_IC))
        vpd_set_cr(v, CR_IFS, (old & CFM_BITS) | UINT64_C(1) << 63);
    else if (!guest && !(v->psr & PSR_IC))
        v->cr[CR_IFS] = (old & CFM_BITS) | UINT64_C(1) << 63;
    fr_pr_rename(v, old, 0);
    v->cfm = 0;
    vcpu_update_key(v);
    return OPR_EXIT;
}

OP_HELPER(op_clrrrb)
{
    uint64_t clear = imm ? UINT64_C(0x3f) << 32 : CFM_RRB;
    uint64_t new_cfm = v->cfm & ~clear;

    (void)a, (void)b, (void)out;
    if (!imm && cfm_rrb_gr(v->cfm))
        leave_rotation(v, N_STACKED);
    fr_pr_rename(v, v->cfm, new_cfm);
    if (!imm && cfm_rrb_gr(v->cfm)) {
        v->cfm = new_cfm;
        gr_home_to_rot(v);
    }
    v->cfm = new_cfm;
    return OPR_OK;
}

OP_HELPER(op_br_call)
{
    uint64_t old = v->cfm;
    unsigned sof = cfm_sof(old), sol = cfm_sol(old);

    (void)b, (void)out;
    v->pfs = old | (v->ec & 0x3f) << 52 | (uint64_t)vcpu_cpl(v) << 62;
    leave_rotation(v, N_STACKED);
    v->frame += sol;
    v->rse.ndirty += (int32_t)sol;
    v->cfm = sof - sol;
    if (old & (CFM_RRB | UINT64_C(0xf) << 14)) {
        fr_pr_rename(v, old, 0);
        vcpu_update_key(v);
    }
    v->br[imm] = a;
    return OPR_OK;
}

/* br.ret (SDM Vol.3, br; Vol.2 6.5.5): the frame comes back, privilege may fall; missing registers are loaded afterwards. */
OP_HELPER(op_br_ret)
{
    unsigned ppl = v->pfs >> 62 & 3;

    (void)imm, (void)b, (void)out;
    v->ec = v->pfs >> 52 & 0x3f;
    rse_return(v, v->pfs & CFM_BITS, cfm_sol(v->pfs));
    if (ppl > vcpu_cpl(v))
        psr_write(v, (v->psr & ~PSR_CPL) | (uint64_t)ppl << PSR_CPL_SHIFT);
    v->ip = a & ~UINT64_C(15);
    v->ri = 0;
    return OPR_BRANCH;
}

void rse_set_bspstore(struct vcpu *v, uint64_t value)
{
    /* Dirty registers stay dirty; their place in memory moves (SDM Vol.2 6.5.4). */
    v->rse.bspstore = value & ~UINT64_C(7);
}

void rse_reset_frame(struct vcpu *v, uint64_t cfm)
{
    v->frame = v->stack + MIDDLE;
    v->rot = v->rot_gr + ROT_SLOTS;
    v->frot = v->rot_fr + FROT_SLOTS;
    v->rse.ndirty = 0;
    v->rse.cfle = false;
    v->cfm = cfm;
    alat_invalidate_all(v);
    vcpu_update_key(v);
}
