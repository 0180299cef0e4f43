/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bundle around one instruction. */
#include "tests/engine/bundle.h"

#define NOP (UINT64_C(1) << 27) /* of M, I and F */

struct bundle bundle_of(enum isa_unit unit, uint64_t slot, uint64_t lslot, uint8_t *index)
{
    enum { MII_STOP = 0x01, MLX_STOP = 0x05, MFI_STOP = 0x0d, MIB_STOP = 0x11 };

    *index = unit == UNIT_M ? 0 : unit == UNIT_B ? 2 : 1;
    switch (unit) {
    case UNIT_M:
        return isa_bundle_make(MII_STOP, slot, NOP, NOP);
    case UNIT_I:
        return isa_bundle_make(MII_STOP, NOP, slot, NOP);
    case UNIT_F:
        return isa_bundle_make(MFI_STOP, NOP, slot, NOP);
    case UNIT_B:
        return isa_bundle_make(MIB_STOP, NOP, NOP, slot);
    default:
        return isa_bundle_make(MLX_STOP, NOP, lslot, slot);
    }
}
