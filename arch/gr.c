/* SPDX-License-Identifier: GPL-2.0-or-later */
/* General registers: NaT bits, banks, and the rotation of all three files. docs/state.md has the layout. */
#include <string.h>

#include "arch/alat.h"
#include "arch/gr.h"

/* At level 3 there is no lower one to go to: psr.lp, which Linux leaves set in processes, asks for nothing there. */
static bool is_careful(uint64_t psr)
{
    return psr & ((psr & PSR_CPL) == PSR_CPL ? PSR_CAREFUL & ~PSR_LP : PSR_CAREFUL);
}

void vcpu_update_key(struct vcpu *v)
{
    uint64_t psr = v->psr;
    uint32_t key = (uint32_t)(psr >> PSR_CPL_SHIFT) & KEY_CPL;

    key |= psr & PSR_DT ? KEY_DT : 0;
    key |= psr & PSR_IT ? KEY_IT : 0;
    key |= psr & PSR_RT ? KEY_RT : 0;
    key |= psr & PSR_BE ? KEY_BE : 0;
    key |= psr & PSR_VM ? KEY_VM : 0;
    key |= psr & PSR_IC ? KEY_IC : 0;
    key |= psr & PSR_DFL ? KEY_DFL : 0;
    key |= psr & PSR_DFH ? KEY_DFH : 0;
    key |= psr & PSR_AC ? KEY_AC : 0;
    key |= is_careful(psr) ? KEY_CAREFUL : 0;
    key |= v->nat_any ? KEY_NAT : 0;
    key |= cfm_sor(v->cfm) / 8 << KEY_SOR_SHIFT;
    key |= fp_fpsr_standard(v->fpsr) ? KEY_FPSTD : 0;
    v->key = key;
}

void gr_set_nat(struct vcpu *v, unsigned r, bool nat)
{
    if (nat && !v->nat_any) {
        v->nat_any = true;
        v->key |= KEY_NAT;
    }
    if (r < 32)
        v->nat_gr = nat ? v->nat_gr | UINT32_C(1) << r : v->nat_gr & ~(UINT32_C(1) << r);
    else if (r - 32 < cfm_sor(v->cfm) && !gr_rot_is_home(v))
        bit_put(v->nat_rot, (size_t)(v->rot - v->rot_gr) + r - 32, nat);
    else
        bit_put(v->nat_stack, (size_t)(v->frame - v->stack) + r - 32, nat);
}

bool gr_stack_nat(const struct vcpu *v, const uint64_t *slot) { return bit_get(v->nat_stack, (size_t)(slot - v->stack)); }

void gr_set_stack_nat(struct vcpu *v, const uint64_t *slot, bool nat)
{
    if (nat && !v->nat_any) {
        v->nat_any = true;
        v->key |= KEY_NAT;
    }
    bit_put(v->nat_stack, (size_t)(slot - v->stack), nat);
}

/* Clears bits [from, to) of a map. */
static void clear_range(uint64_t *map, size_t from, size_t to)
{
    for (; from < to && from % 64; from++)
        bit_put(map, from, false);
    for (; from + 64 <= to; from += 64)
        map[from / 64] = 0;
    for (; from < to; from++)
        bit_put(map, from, false);
}

void vcpu_nat_recheck(struct vcpu *v)
{
    size_t base = (size_t)(v->frame - v->stack);
    size_t low = base - (size_t)(v->rse.ndirty > 0 ? v->rse.ndirty : 0);
    bool away = cfm_sor(v->cfm) && !gr_rot_is_home(v);
    size_t rot = away ? (size_t)(v->rot - v->rot_gr) : 0;
    uint64_t any = v->nat_gr | v->nat_bank;

    if (!v->nat_any)
        return;
    clear_range(v->nat_stack, 0, low);
    clear_range(v->nat_stack, base + cfm_sof(v->cfm), STACK_SLOTS + STACK_SLACK);
    clear_range(v->nat_rot, 0, rot);
    clear_range(v->nat_rot, rot + (away ? cfm_sor(v->cfm) : 0), ROT_SLOTS + 128);
    for (size_t i = 0; i < sizeof(v->nat_stack) / 8; i++)
        any |= v->nat_stack[i];
    for (size_t i = 0; i < sizeof(v->nat_rot) / 8; i++)
        any |= v->nat_rot[i];
    if (!any) {
        v->nat_any = false;
        v->key &= ~KEY_NAT;
    }
}

void gr_switch_bank(struct vcpu *v)
{
    uint32_t nats = v->nat_gr & 0xffff0000;

    for (unsigned i = 0; i < 16; i++) {
        uint64_t t = v->gr[16 + i];

        v->gr[16 + i] = v->gr_bank[i];
        v->gr_bank[i] = t;
    }
    v->nat_gr = (v->nat_gr & 0xffff) | v->nat_bank;
    v->nat_bank = nats;
    alat_invalidate_all(v);
}

/* NaT bits of the first @n registers by physical number, one by one: @to_home says which way. */
static void move_nats(struct vcpu *v, unsigned n, bool to_home)
{
    size_t rot = (size_t)(v->rot - v->rot_gr), home = (size_t)(v->frame - v->stack);
    unsigned sor = cfm_sor(v->cfm), rrb = cfm_rrb_gr(v->cfm);

    for (unsigned p = 0; p < n; p++) {
        size_t k = rot + (p + sor - rrb) % sor;

        if (to_home)
            bit_put(v->nat_stack, home + p, bit_get(v->nat_rot, k));
        else
            bit_put(v->nat_rot, k, bit_get(v->nat_stack, home + p));
    }
}

/* A few registers: compilers make calls or string instructions of memcpy(), which take longer to begin. */
static void copy_slots(uint64_t *to, const uint64_t *from, unsigned n)
{
    for (; n >= 4; n -= 4, to += 4, from += 4)
        memcpy(to, from, 4 * sizeof(*to));
    if (n >= 2)
        memcpy(to, from, 2 * sizeof(*to));
    if (n & 1)
        to[n - 1] = from[n - 1];
}

/* Virtual register k is at home (k + rrb) mod sor: two runs that change places. */
void gr_rot_to_home_below(struct vcpu *v, unsigned n)
{
    unsigned sor = cfm_sor(v->cfm), rrb = cfm_rrb_gr(v->cfm);

    if (!sor || gr_rot_is_home(v))
        return;
    n = n < sor ? n : sor;
    copy_slots(v->frame, v->rot + sor - rrb, n < rrb ? n : rrb);
    if (n > rrb)
        copy_slots(v->frame + rrb, v->rot, n - rrb);
    if (v->nat_any)
        move_nats(v, n, true);
}

void gr_rot_to_home(struct vcpu *v) { gr_rot_to_home_below(v, N_STACKED); }

void gr_leave_home(struct vcpu *v)
{
    unsigned sor = cfm_sor(v->cfm), rrb = cfm_rrb_gr(v->cfm);

    v->rot = v->rot_gr + ROT_SLOTS;
    copy_slots(v->rot, v->frame + rrb, sor - rrb);
    copy_slots(v->rot + sor - rrb, v->frame, rrb);
    if (v->nat_any)
        move_nats(v, sor, false);
    alat_invalidate_all(v);
}

void gr_home_to_rot(struct vcpu *v)
{
    unsigned sor = cfm_sor(v->cfm);

    if (sor && cfm_rrb_gr(v->cfm))
        gr_leave_home(v);
    else
        v->rot = v->frame;
}

/* The rotating registers slide down one slot; at the bottom they are moved back to the top. */
static void rotate_gr(struct vcpu *v, unsigned sor)
{
    size_t i;

    if (gr_rot_is_home(v))
        gr_leave_home(v);
    i = (size_t)(v->rot - v->rot_gr);
    if (i == 0) {
        memcpy(v->rot_gr + ROT_SLOTS, v->rot, sor * sizeof(*v->rot));
        for (unsigned k = 0; v->nat_any && k < sor; k++)
            bit_put(v->nat_rot, ROT_SLOTS + k, bit_get(v->nat_rot, k));
        i = ROT_SLOTS;
        alat_invalidate_all(v);
    }
    i--;
    v->rot = v->rot_gr + i;
    v->rot[0] = v->rot[sor];
    if (v->nat_any)
        bit_put(v->nat_rot, i, bit_get(v->nat_rot, i + sor));
}

static void rotate_fr(struct vcpu *v)
{
    if (v->fr_lag) {
        v->fr_lag++;
        return;
    }
    if (v->lazy_high)
        fr_look_high(v);
    if (v->frot == v->rot_fr) {
        memcpy(v->rot_fr + FROT_SLOTS, v->frot, 96 * sizeof(*v->frot));
        v->frot = v->rot_fr + FROT_SLOTS;
        alat_invalidate_all(v);
    }
    v->frot--;
    v->frot[0] = v->frot[96];
}

void vcpu_rotate(struct vcpu *v)
{
    unsigned sor = cfm_sor(v->cfm);
    unsigned gr = cfm_rrb_gr(v->cfm), fr = cfm_rrb_fr(v->cfm), pr = cfm_rrb_pr(v->cfm);

    if (sor) {
        rotate_gr(v, sor);
        gr = gr ? gr - 1 : sor - 1;
    }
    rotate_fr(v);
    v->pr = pr_rotate(v->pr, 1);
    fr = fr ? fr - 1 : 95;
    pr = pr ? pr - 1 : 47;
    v->cfm = (v->cfm & ~CFM_RRB) | (uint64_t)gr << 18 | (uint64_t)fr << 25 | (uint64_t)pr << 32;
}

/*
 * f32-f127 begin @by registers later in their cycle of 96: the window moves the shorter way, and only what it leaves
 * behind is copied. Return: false where the array has no room that way.
 */
static bool fr_window_move(struct vcpu *v, unsigned by)
{
    unsigned down = 96 - by;

    if (by <= 48) {
        if (v->frot + by > v->rot_fr + FROT_SLOTS)
            return false;
        memcpy(v->frot + 96, v->frot, by * sizeof(*v->frot));
        v->frot += by;
    } else {
        if (v->frot - v->rot_fr < (ptrdiff_t)down)
            return false;
        memcpy(v->frot - down, v->frot + by, down * sizeof(*v->frot));
        v->frot -= down;
    }
    return true;
}

/* f32-f127 begin @by registers later in their cycle. */
static void fr_move(struct vcpu *v, unsigned by)
{
    struct ia64_fr old[96];

    alat_invalidate_all(v);
    if (fr_window_move(v, by))
        return;
    memcpy(old, v->frot, sizeof(old));
    v->frot = v->rot_fr + FROT_SLOTS / 2;
    memcpy(v->frot, old + by, (96 - by) * sizeof(*old));
    memcpy(v->frot + 96 - by, old, by * sizeof(*old));
}

void fr_settle(struct vcpu *v)
{
    unsigned lag = (unsigned)(v->fr_lag % 96);

    v->fr_lag = 0;
    if (lag)
        fr_move(v, 96 - lag);
}

void fr_pr_rename(struct vcpu *v, uint64_t old_cfm, uint64_t new_cfm)
{
    unsigned lag, fr, pr;

    if (!((old_cfm | new_cfm) & CFM_RRB) && !v->fr_lag) /* nearly always */
        return;
    lag = (unsigned)(v->fr_lag < 96 ? v->fr_lag : v->fr_lag % 96);
    fr = (cfm_rrb_fr(new_cfm) + 3 * 96 - cfm_rrb_fr(old_cfm) - lag) % 96;
    pr = (cfm_rrb_pr(new_cfm) + 2 * 48 - cfm_rrb_pr(old_cfm)) % 48;
    if (pr)
        v->pr = pr_rotate(v->pr, 48 - pr);
    v->fr_lag = 0;
    if (!fr)
        return;
    if (v->lazy_high)
        fr_look_high(v);
    fr_move(v, fr);
}
