/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that bring one row of the encoding table into one of four situations. */
#include "tests/engine/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/tlb.h"
#include "tests/engine/bundle.h"

enum { MAX_ROWS = 1200, TRIES = 2000, OFF_PREDICATE = 5 };

#define FREE_ADDRESS (UINT64_C(3) << 61) /* of a region that nothing else uses */

/* ---- rows ---- */

static const struct isa_entry *rows[MAX_ROWS];
static unsigned n_rows;

static void find_rows(void)
{
    static const enum isa_unit units[] = { UNIT_A, UNIT_I, UNIT_M, UNIT_F, UNIT_B, UNIT_X };

    for (size_t u = 0; u < sizeof(units) / sizeof(*units); u++) {
        const struct isa_entry *e;

        for (unsigned n = 0; (e = isa_index_entry(units[u], n)); n++) {
            if (n_rows == MAX_ROWS)
                abort();
            rows[n_rows++] = e;
        }
    }
}

unsigned row_count(void)
{
    if (!n_rows)
        find_rows();
    return n_rows;
}

const struct isa_entry *row_entry(unsigned row) { return rows[row]; }

unsigned row_number(const struct isa_row *row)
{
    const struct isa_entry *e = isa_index_of(row);
    unsigned n = 0;

    while (n < row_count() && rows[n] != e)
        n++;
    return n;
}

const char *row_name(unsigned row)
{
    static char text[96];
    const struct isa_row *r = rows[row]->row;

    snprintf(text, sizeof(text), "%c %s %s", "AIMFBXL"[rows[row]->unit], r->name, r->args);
    return text;
}

/* ---- operands ---- */

/* The registers of the n-th bundle's instruction: r1, r2, r3 from this one on, or f1 to f4. */
static unsigned first_gr(unsigned n, bool low) { return low ? 8 + 3 * n : 40 + 4 * n; }
static unsigned first_fr(unsigned n, bool low) { return low ? 6 + 4 * n : 40 + 4 * n; }

static unsigned some_ar(const struct isa_entry *e)
{
    static const uint8_t m_ars[] = { AR_KR0, AR_KR0 + 3, AR_KR0 + 7, AR_CSD, AR_SSD, AR_CCV, AR_UNAT };
    static const uint8_t i_ars[] = { AR_LC, AR_EC };

    return e->unit == UNIT_I ? i_ars[below(sizeof(i_ars))] : m_ars[below(sizeof(m_ars))];
}

static unsigned some_cr(void)
{
    static const uint8_t crs[] = { CR_DCR, CR_IVA, CR_TPR, CR_IFA, CR_ISR, CR_IIM, CR_IHA };

    return crs[below(sizeof(crs))];
}

static int64_t some_mask(const struct isa_row *row)
{
    static const uint32_t system[] = { PSR_BE, PSR_AC, PSR_UP, PSR_I, PSR_IC, PSR_PP, PSR_SP, PSR_DI, PSR_MFL | PSR_MFH };

    return row->op == OP_SSM || row->op == OP_RSM ? system[below(sizeof(system) / sizeof(*system))]
                                                  : next() & PSR_UM & ~PSR_BE;
}

/* The value that an operand's field gets. */
static int64_t operand_value(const struct isa_entry *e, const struct isa_operand *o, unsigned n, bool low)
{
    const char *name = o->name;

    switch (o->cls) {
    case CLASS_GR:
        return first_gr(n, low) + (unsigned)(name[1] - '1');
    case CLASS_FR:
        return first_fr(n, low) + (unsigned)(name[1] - '1');
    case CLASS_PR:
        return 6 + 2 * n + (unsigned)(name[1] - '1');
    case CLASS_BR:
        return name[1] == '1' ? below(6) : 6 + below(2);
    case CLASS_AR:
        return some_ar(e);
    case CLASS_CR:
        return some_cr();
    case CLASS_TARGET:
        return 16 * (1 + below(2));
    default:
        break;
    }
    if (!strcmp(name, "imm24"))
        return some_mask(e->row);
    if (!strcmp(name, "sof"))
        return 96;
    if (!strcmp(name, "sol"))
        return below(97);
    if (!strcmp(name, "sor"))
        return 8 * below(13);
    return -1;
}

static void place_operands(const struct isa_entry *e, unsigned n, bool low, uint64_t *slot, uint64_t *lslot)
{
    for (unsigned i = 0; i < e->operand_count; i++) {
        const struct isa_operand *o = &isa_operands[e->operand[i]];
        int64_t value = isa_row_fixes(e->row, o->part[0]) ? -1 : operand_value(e, o, n, low);

        if (value >= 0 && !isa_operand_place(o, e->row->fmt, value, slot, lslot) && o->cls == CLASS_GR)
            isa_operand_place(o, e->row->fmt, 1 + below(3), slot, lslot); /* addl has two bits for r3 */
    }
}

/* The instruction's bits, for a unit that can execute it. */
static bool make_slot(const struct isa_entry *e, enum isa_unit unit, unsigned n, enum want want, enum way way, uint64_t *slot,
                      uint64_t *lslot, struct insn *in)
{
    const struct isa_bits *qp = isa_field_bits(e->row->fmt, QP);
    bool low = below(2);

    for (unsigned i = 0; i < TRIES; i++) {
        *slot = ((next() >> 23) & ~e->mask) | e->match;
        *lslot = next() >> 23;
        if (way != WAY_WILD)
            place_operands(e, n, low, slot, lslot);
        if (qp)
            isa_field_put(qp, want == IS_OFF ? OFF_PREDICATE : 0, slot, lslot);
        if (isa_decode(unit, *slot, *lslot, in) == ISA_OK && in->row == e->row)
            return true;
    }
    return false;
}

/* ---- values ---- */

static uint64_t some_pte(void)
{
    return PTE_P | PTE_A | PTE_D | UINT64_C(3) << 9 | (DATA + below(8) * UINT64_C(4096));
}

static bool refers(const struct insn *in)
{
    return (in->op >= OP_LD && in->op <= OP_FETCHADD) || in->op == OP_FC || in->op == OP_FC_I || in->op == OP_PROBE ||
           in->op == OP_PROBE_IMM || in->op == OP_PROBE_FAULT || in->op == OP_TPA || in->op == OP_TAK ||
           in->op == OP_THASH || in->op == OP_TTAG;
}

/* What r3 should have for the instruction to succeed. */
static uint64_t value3(const struct insn *in)
{
    switch (in->op) {
    case OP_MOV_TO_RR:
        return FREE_ADDRESS;
    case OP_MOV_FROM_RR:
        return next();
    case OP_MOV_TO_DBR:
    case OP_MOV_TO_IBR:
    case OP_MOV_FROM_DBR:
    case OP_MOV_FROM_IBR:
    case OP_ITR_D:
    case OP_ITR_I:
        return below(8);
    case OP_MOV_TO_PKR:
    case OP_MOV_FROM_PKR:
        return below(16);
    case OP_MOV_TO_PMC:
    case OP_MOV_TO_PMD:
    case OP_MOV_FROM_PMC:
    case OP_MOV_FROM_PMD:
        return 4 + below(4);
    case OP_MOV_FROM_CPUID:
        return below(5);
    case OP_PTC_L:
    case OP_PTC_G:
    case OP_PTC_GA:
    case OP_PTC_E:
    case OP_PTR_D:
    case OP_PTR_I:
        return FREE_ADDRESS + below(16) * UINT64_C(4096);
    default:
        return refers(in) ? DATA + 64 + below(1000) * UINT64_C(16) : random_value();
    }
}

static uint64_t value2(const struct insn *in, const struct start *s)
{
    switch (in->op) {
    case OP_MOV_TO_RR:
        return next() % 64 << 8 | 12 << 2;
    case OP_MOV_TO_PKR:
        return next() % 64 << 8 | below(16);
    case OP_MOV_TO_DBR:
    case OP_MOV_TO_IBR:
    case OP_MOV_TO_PMC:
        return 0;
    case OP_ITC_D:
    case OP_ITC_I:
    case OP_ITR_D:
    case OP_ITR_I:
        return some_pte();
    case OP_PTC_L:
    case OP_PTC_G:
    case OP_PTC_GA:
    case OP_PTR_D:
    case OP_PTR_I:
        return 12 << 2;
    case OP_MOV_TO_PSR:
        return (s->psr & 0xffffffff) ^ (below(2) ? PSR_AC : PSR_I | PSR_UP);
    case OP_MOV_TO_PSR_UM:
        return next() & PSR_UM & ~PSR_BE;
    case OP_MOV_TO_CR:
        return in->areg == CR_DCR ? 0 : in->areg == CR_IVA ? IVT : in->areg == CR_TPR ? 0 : next();
    case OP_PROBE:
        return below(4);
    case OP_ST:
    case OP_ST16:
    case OP_CMPXCHG:
    case OP_CMP8XCHG16:
    case OP_XCHG:
        return next();
    case OP_LD:
    case OP_LDF:
    case OP_LFETCH: /* the update */
        return 16 * below(4);
    default:
        return random_value();
    }
}

static struct ia64_fr tame_fr(void) { return fp_from_double(UINT64_C(0x3ff0000000000000) + (next() >> 12)); }

static void put_values(struct start *s, const struct insn *in, unsigned n, enum want want, enum way way)
{
    const struct { unsigned use, reg; } frs[] = { { USE_F2, in->f2 }, { USE_F3, in->f3 }, { USE_F4, in->f4 } };
    unsigned reads = isa_uses(in).reads, nats = want == HAS_NAT ? 1 + below(15) : way == WAY_NATS ? 15 : 0;

    if (reads & USE_R2) {
        s->gr[in->r2] = way == WAY_VALUES ? next() : way == WAY_WILD ? random_value() : value2(in, s);
        s->nat[in->r2] = in->r2 && (nats & 1 || (want == HAS_NAT && !(reads & USE_R3)));
    }
    if (reads & USE_R3) {
        s->gr[in->r3] = way == WAY_VALUES ? next() : way == WAY_WILD ? random_value() : value3(in);
        if (way == WAY_MISALIGNED)
            s->gr[in->r3] += 1 + below(15);
        if (way == WAY_UNMAPPED)
            s->gr[in->r3] = DATA + (4 + below(12)) * UINT64_C(4096);
        s->nat[in->r3] = in->r3 && (nats & 2 || (want == HAS_NAT && !(nats & 1)));
    }
    for (unsigned i = 0; i < 3; i++) {
        if (!(reads & frs[i].use) || frs[i].reg < 2)
            continue;
        s->fr[frs[i].reg] = way == WAY_VALUES || way == WAY_WILD || way == WAY_TRAPS ? random_fr() : tame_fr();
        if (nats & 1 << i || (want == HAS_NAT && !(reads & (USE_R2 | USE_R3)) && i == 0))
            s->fr[frs[i].reg] = FP_NATVAL;
    }
    if (reads & USE_B2)
        s->br[in->b2] = CODE + 16 * (n + 1);
}

/* ---- programs ---- */

/* Target r0, or one that is written twice. */
static void spoil_target(const struct isa_entry *e, uint64_t *slot, uint64_t *lslot)
{
    static const uint8_t fields[] = { R1, F1, P1 };

    for (unsigned i = 0; i < sizeof(fields); i++) {
        const struct isa_bits *b = isa_field_bits(e->row->fmt, fields[i]), *p2 = isa_field_bits(e->row->fmt, P2);

        if (b && fields[i] == P1 && p2)
            isa_field_put(b, isa_field_get(p2, *slot, *lslot), slot, lslot);
        else if (b)
            isa_field_put(b, 0, slot, lslot);
    }
}

static void put_row(struct start *s, unsigned n, unsigned row, enum want want, enum way way)
{
    enum { BBB = 0x17 };
    const struct isa_entry *e = rows[row];
    enum isa_unit unit = e->unit == UNIT_A ? (below(2) ? UNIT_M : UNIT_I) : e->unit;
    uint64_t slot, lslot;
    struct insn in;
    uint8_t index;

    if (!make_slot(e, unit, n, want, way, &slot, &lslot, &in))
        return;
    put_values(s, &in, n, want, way);
    if (way == WAY_TARGET)
        spoil_target(e, &slot, &lslot);
    s->code[n] = way == WAY_SLOT && unit == UNIT_B ? isa_bundle_make(BBB, slot, NOP_B, NOP_B)
                                                   : bundle_of(unit, slot, lslot, &index);
}

/* What the row needs beside its operands. */
static void suit_state(struct start *s, unsigned op, enum way way)
{
    bool ic = op == OP_ITC_D || op == OP_ITC_I || op == OP_ITR_D || op == OP_ITR_I || op == OP_MOV_TO_CR || op == OP_RFI;

    if (ic != (way == WAY_IC))
        s->psr &= ~PSR_IC;
    if (op == OP_TPA || op == OP_TAK || op == OP_PROBE || op == OP_PROBE_IMM || op == OP_PROBE_FAULT || op == OP_VMSW_0 ||
        op == OP_VMSW_1 || op == OP_EPC || way == WAY_UNMAPPED)
        s->mapped = true;
    if (way == WAY_CPL) {
        s->psr |= PSR_CPL;
        s->pfs &= CFM_BITS;
    }
    if (way == WAY_DISABLED_FP)
        s->psr |= PSR_DFL | PSR_DFH;
    if (way == WAY_MISALIGNED)
        s->psr |= PSR_AC;
    if (way == WAY_FRAME)
        s->cfm = 0;
    if (way == WAY_TRAPS)
        s->fpsr &= ~UINT64_C(0x3f);
}

/* A bundle is replaced by another one before it is reached: stores, fc, sync.i, srlz.i. */
static void add_change(struct start *s)
{
    static const char *const lines[] = { "st8 [r30]=r28,8", "st8 [r30]=r29,-8", "fc r30", "sync.i", "srlz.i" };
    uint64_t slot[5], lslot;
    struct bundle changed;

    for (unsigned i = 0; i < 5; i++)
        isa_asm(lines[i], UNIT_M, &slot[i], &lslot);
    changed = s->code[4];
    s->code[4] = isa_bundle_make(0x01, NOP_M, NOP_M, NOP_M); /* MII with a stop at the end */
    s->code[1] = isa_bundle_make(0x09, slot[0], slot[1], NOP_M); /* MMI with a stop at the end */
    s->code[2] = isa_bundle_make(0x09, slot[2], slot[3], NOP_M);
    s->code[3] = isa_bundle_make(0x01, slot[4], NOP_M, NOP_M);
    s->gr[30] = CODE + 4 * 16;
    s->gr[28] = changed.lo;
    s->gr[29] = changed.hi;
    s->nat[28] = s->nat[29] = s->nat[30] = false;
}

/* flushrs has something to store where nothing is mapped; loadrs finds a frame. */
static void spoil_rse(struct start *s, unsigned op)
{
    uint64_t slot, lslot;
    uint8_t index;

    s->rsc = UINT64_C(8) << 16; /* loadrs */
    if (op != OP_FLUSHRS)
        return;
    isa_asm("cover", UNIT_B, &slot, &lslot);
    s->code[1] = bundle_of(UNIT_B, slot, 0, &index);
    s->bspstore = FREE_ADDRESS;
    s->psr |= PSR_RT;
}

void make_program(struct start *s, unsigned row, enum want want, enum way way)
{
    unsigned op = rows[row]->row->op, sor = below(3) ? 0 : below(13);

    memset(s, 0, sizeof(*s));
    for (unsigned r = 1; r < 128; r++)
        s->gr[r] = random_value();
    for (unsigned f = 2; f < 128; f++)
        s->fr[f] = tame_fr();
    for (unsigned b = 0; b < 8; b++)
        s->br[b] = CODE + STREAM_BUNDLES * 16;
    s->pr = (next() | 1) & ~(UINT64_C(1) << OFF_PREDICATE);
    s->psr = PSR_IC | (below(4) ? 0 : PSR_AC) | (below(8) ? 0 : PSR_BE);
    s->cfm = 96 | below(97) << 7 | (uint64_t)sor << 14;
    if (sor)
        s->cfm |= (uint64_t)below(sor * 8) << 18 | (uint64_t)below(96) << 25 | (uint64_t)below(48) << 32;
    s->fpsr = FPSR_DEFAULT;
    s->pfs = 96 | UINT64_C(3) << 62;
    s->ccv = random_value();
    s->lc = below(4);
    s->ec = below(4);
    s->mapped = below(2);
    suit_state(s, op, way);
    if (s->mapped)
        s->psr |= PSR_DT | PSR_IT | PSR_RT;
    for (unsigned i = 0; i < AREA / 8; i++)
        s->data[i] = i & 1 ? next() & 0xffff : next();
    for (unsigned i = 0; i < STREAM_BUNDLES; i++)
        s->code[i] = isa_bundle_make(0x01, NOP_M, NOP_M, NOP_M);
    for (unsigned n = 0; n < 5; n++) {
        if (n % 2 == 0)
            put_row(s, n, row, want, way);
        else if (below(2))
            put_row(s, n, below(n_rows), below(8) ? SUCCEEDS : IS_OFF, WAY_NONE);
    }
    if (below(8) == 0)
        add_change(s);
    s->system = s->kept = true;
    s->bspstore = STORE;
    if (way == WAY_RSE)
        spoil_rse(s, op);
    s->ifa = FREE_ADDRESS + below(16) * UINT64_C(4096);
    s->itir = 12 << 2;
    s->ipsr = (s->psr | PSR_IC) & ~(below(2) ? 0 : PSR_AC);
    s->iip = CODE + (1 + below(STREAM_BUNDLES)) * 16;
    s->ifs = below(2) ? 0 : UINT64_C(1) << 63 | 96;
}

/* ---- what cannot be ---- */

static const char *cannot_fault(const struct isa_row *row)
{
    switch (row->op) {
    case OP_NOP:
    case OP_HINT:
        return "does nothing";
    case OP_INVALA:
    case OP_INVALA_E_GR:
    case OP_FWB:
    case OP_MF:
    case OP_MF_A:
    case OP_SRLZ_D:
    case OP_SRLZ_I:
    case OP_SYNC_I:
        return "orders or forgets, and has no operand to check";
    case OP_CHK_S_GR:
    case OP_CHK_A_GR:
    case OP_FCHKF:
        return "branches itself where it may fault instead";
    case OP_COVER:
    case OP_CLRRRB:
    case OP_CLRRRB_PR:
        return "faults for a virtual processor only";
    case OP_LFETCH:
        return row->fault || row->upd ? NULL : "is a hint, but for lfetch.fault";
    case OP_MOV_TO_PR_ROT:
    case OP_FCLRF:
        return "takes any immediate and writes what can always be written";
    case OP_BRP:
    case OP_BRP_IND:
        return "is a hint";
    case OP_BR_COND:
    case OP_BR_CALL:
    case OP_BR_COND_IND:
    case OP_BR_CALL_IND:
    case OP_BR_RET:
    case OP_BRL_COND:
    case OP_BRL_CALL:
        return "the fault of a bad target is the fetch's, or a trap";
    default:
        return NULL;
    }
}

const char *row_cannot(unsigned row, enum want want)
{
    const struct isa_entry *e = rows[row];
    unsigned op = e->row->op;

    switch (want) {
    case SUCCEEDS:
        return op == OP_BREAK ? "always faults" : op == OP_BR_IA ? "there is no IA-32 to go to" : NULL;
    case IS_OFF:
        return e->row->flags & ISA_NO_QP ? "has no qualifying predicate" : NULL;
    case HAS_NAT:
        return e->uses.reads & (USE_R2 | USE_R3 | USE_F2 | USE_F3 | USE_F4) ? NULL
                                                                            : "reads neither general nor floating-point registers";
    default:
        return cannot_fault(e->row);
    }
}
