/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bookkeeping of floating-point registers while a unit is compiled. */
#include "jit/fp_state.h"

#define V(field) ((int32_t)offsetof(struct vcpu, field))

void fp_forget_xmm(struct compile *c, unsigned f)
{
    struct fp_reg *r = &c->fp->reg[f];

    if (r->xmm != NO_XMM)
        c->fp->held.f[r->xmm] = NO_FR;
    r->xmm = NO_XMM;
}

void fp_forget(struct compile *c, unsigned f)
{
    fp_forget_xmm(c, f);
    c->fp->reg[f].known = FP_ANY;
}

void fp_doubt(struct compile *c, unsigned f)
{
    fp_forget(c, f);
    c->fp->reg[f].known = FP_MIXED;
}

void fp_forget_copies(struct compile *c)
{
    for (unsigned x = 0; x < X64_XMMS; x++) {
        if (c->fp->held.f[x] != NO_FR)
            fp_forget_xmm(c, c->fp->held.f[x]);
    }
}

void fp_forget_all(struct compile *c)
{
    fp_forget_copies(c);
    for (unsigned f = 2; f < 128; f++)
        c->fp->reg[f].known = FP_ANY;
}

void fp_learn(struct compile *c, unsigned f, enum fp_known known)
{
    struct fp_reg *r = &c->fp->reg[f];

    if (r->known != known || c->fp->now < c->fp->segment_end)
        r->known_since = (int32_t)c->fp->now;
    r->known = (uint8_t)known;
    r->known_at = (int32_t)c->fp->now;
}

unsigned fp_take_xmm(struct compile *c)
{
    struct fp_unit *fp = c->fp;
    unsigned best = XMM_FIRST;

    for (unsigned x = XMM_FIRST; x < X64_XMMS - fp->n_pins; x++) {
        if (fp->held.f[x] == NO_FR && fp->used_at[x] != fp->now + 1) {
            best = x;
            break;
        }
        if (fp->used_at[x] < fp->used_at[best])
            best = x;
    }
    if (fp->held.f[best] != NO_FR)
        fp_forget_xmm(c, fp->held.f[best]);
    fp->used_at[best] = fp->now + 1;
    return best;
}

static void hold(struct compile *c, unsigned f, unsigned xmm, bool single)
{
    struct fp_reg *r = &c->fp->reg[f];
    struct fp_held *held = &c->fp->held;
    unsigned pin = c->fp->pin_of[f];

    if (pin != NO_XMM) {
        x64_vmovapd(&c->x, pin, xmm);
        xmm = pin;
    }
    /* Else it had one on other ways that lead here, too. */
    if (r->xmm != xmm || single != fp_held_single(c, f) || c->fp->now < c->fp->segment_end) {
        fp_forget_xmm(c, f);
        r->xmm_since = (int32_t)c->fp->now;
    }
    r->xmm = (uint8_t)xmm;
    held->f[xmm] = (uint8_t)f;
    held->singles = (uint16_t)((held->singles & ~(1u << xmm)) | (unsigned)single << xmm);
    c->fp->used_at[xmm] = c->fp->now + 1;
}

void fp_hold(struct compile *c, unsigned f, unsigned xmm)
{
    hold(c, f, xmm, false);
}
void fp_hold_single(struct compile *c, unsigned f, unsigned xmm)
{
    hold(c, f, xmm, true);
}

bool fp_held_single(const struct compile *c, unsigned f)
{
    unsigned xmm = c->fp->reg[f].xmm;

    return xmm != NO_XMM && (c->fp->held.singles >> xmm & 1);
}

int32_t fp_slot(struct compile *c, unsigned f, unsigned *base)
{
    if (f < 32) {
        *base = REG_V;
        return V(fr) + (int32_t)(f * sizeof(struct ia64_fr));
    }
    if (!c->fp->frot_loaded) {
        x64_load(&c->x, REG_FR, REG_V, V(frot));
        c->fp->frot_loaded = true;
    }
    *base = REG_FR;
    return (int32_t)((f - 32) * sizeof(struct ia64_fr));
}

static void meet(struct compile *c, uint32_t from)
{
    for (unsigned f = 2; f < 128; f++) {
        struct fp_reg *r = &c->fp->reg[f];

        if (r->xmm != NO_XMM && r->xmm_since >= (int32_t)from)
            fp_forget_xmm(c, f);
        if (r->known != FP_ANY && r->known_since >= (int32_t)from)
            fp_forget(c, f);
    }
}

void fp_reach(struct compile *c, uint32_t index)
{
    struct fp_unit *fp = c->fp;

    for (uint32_t i = fp->seen; i <= index; i++) {
        if (fp->skip_from[i])
            meet(c, fp->skip_from[i] - 1);
    }
    fp->seen = index + 1;
    fp->now = index;
    fp->frot_loaded = false;
}
