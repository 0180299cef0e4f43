/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating-point loads and stores (SDM Vol.3: ldf, ldfp, stf, ldf.fill, stf.spill; formats: SDM Vol.1 5.3). */
#include "arch/alat.h"
#include "arch/mmu_ref.h"
#include "arch/ops.h"
#include "isa/isa.h"

static unsigned datum_size(unsigned form)
{
    switch (form) {
    case FS_S:
        return 4;
    case FS_E:
        return 10;
    case FS_FILL:
        return 16;
    default:
        return 8;
    }
}

/* Reverses the first @size bytes of a datum of two little-endian words. */
static void swap_datum(uint64_t raw[2], unsigned size)
{
    uint64_t first;

    if (size <= 8) {
        raw[0] = mem_swap(raw[0], size);
        return;
    }
    first = mem_swap(raw[0], 8);
    if (size == 16) {
        raw[0] = mem_swap(raw[1], 8);
        raw[1] = first;
        return;
    }
    /* ten bytes: the last two come first */
    raw[0] = first << 16 | mem_swap(raw[1], 2);
    raw[1] = first >> 48;
}

struct ia64_fr mem_fp_value(unsigned form, bool be, const uint64_t raw[2])
{
    uint64_t x[2] = { raw[0], raw[1] };

    if (be)
        swap_datum(x, datum_size(form));
    switch (form) {
    case FS_S:
        return fp_from_single((uint32_t)x[0]);
    case FS_D:
        return fp_from_double(x[0]);
    case FS_E:
        return fp_from_ext(x[0], (uint16_t)x[1]);
    case FS_FILL:
        return fp_from_fill(x[0], x[1]);
    default:
        return fp_from_int(x[0]);
    }
}

/* One reading as the load type wants it; *deferred: NaTVal, *zero: an advanced load that memory does not allow. */
static enum op_result load_raw(struct vcpu *v, uint64_t gva, unsigned size, unsigned ldtype, uint64_t raw[2],
                               bool *deferred, bool *zero)
{
    enum op_result result;
    bool done;

    *deferred = *zero = false;
    switch (ldtype) {
    case LD_S:
    case LD_SA:
        if (v->spec_nat & 1) {
            *deferred = true;
            return OPR_OK;
        }
        return mem_spec_load(v, gva, size, 0, raw, deferred);
    case LD_A:
        result = mem_adv_load(v, gva, size, raw, &done);
        *zero = !done;
        return result;
    default:
        return size <= 8 ? mem_load(v, gva, size, 0, raw) : mem_load16(v, gva, size, 0, raw);
    }
}

/* Every ldf, ldfp but the plain target checks. imm: see arch/ops.h. */
OP_HELPER(op_load_fp)
{
    unsigned f1 = imm & 0x7f, f2 = imm >> 8 & 0x7f, form = imm >> 16 & 0xf, ldtype = imm >> 24 & 0xff;
    bool pair = imm >> 20 & 1, deferred, zero, be = v->psr & PSR_BE;
    unsigned size = datum_size(form) << pair;
    uint64_t raw[2] = { 0, 0 }, second[2] = { 0, 0 };
    uint64_t first[2];

    (void)b, (void)out;
    if (load_raw(v, a, size, ldtype, raw, &deferred, &zero) != OPR_OK)
        return OPR_FAULT;

    first[0] = raw[0];
    first[1] = raw[1];
    if (pair) {
        second[0] = size == 8 ? raw[0] >> 32 : raw[1];
        first[0] = size == 8 ? raw[0] & UINT32_MAX : raw[0];
        first[1] = 0;
    }
    fr_set(v, f1, deferred ? FP_NATVAL : zero ? FP_F0 : mem_fp_value(form, be, first));
    if (pair)
        fr_set(v, f2, deferred ? FP_NATVAL : zero ? FP_F0 : mem_fp_value(form, be, second));

    if ((ldtype == LD_A || ldtype == LD_SA) && !deferred && !zero)
        alat_record(v, f1 | ALAT_FR, a, size, form | (pair ? ALAT_FORM_PAIR : 0));
    else if (ldtype != LD_NONE && ldtype != LD_S && ldtype != LD_FILL)
        alat_drop(v, f1 | ALAT_FR);
    return OPR_OK;
}

OP_HELPER(op_store_fp)
{
    struct ia64_fr f = fr_get(v, imm & 0x7f);
    unsigned form = imm >> 16 & 0xf, size = datum_size(form);
    uint64_t raw[2] = { f.sig, 0 };

    (void)b, (void)out;
    if (form != FS_FILL && fp_is_natval(&f))
        return fault_raise(v, FAULT_REG_NAT, 0x10 | ISR_W);
    switch (form) {
    case FS_S:
        raw[0] = fp_to_single(&f);
        break;
    case FS_D:
        raw[0] = fp_to_double(&f);
        break;
    case FS_E:
        raw[1] = fp_to_ext(&f);
        break;
    case FS_FILL:
        raw[1] = f.se;
        break;
    default:
        break;
    }
    if (v->psr & PSR_BE)
        swap_datum(raw, size);
    return size <= 8 ? mem_store(v, a, size, 0, raw[0]) : mem_store16(v, a, size, 0, raw);
}
