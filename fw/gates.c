/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate bundles in the firmware area, and the few real instructions between them. */
#include "fw/bytes.h"
#include "fw/internal.h"

/* Instruction slots (SDM Vol.3 4: formats M33, M32, M24, M48, I18, B8), all with qp 0. */
#define NOP_I           UINT64_C(0x00008000000)
#define NOP_M           UINT64_C(0x00008000000)
#define RFI             UINT64_C(0x00040000000) /* B8: x6 = 8 */
#define SRLZ_D          UINT64_C(0x00180000000)
#define MOV_GR_CR(r, c) (UINT64_C(0x02120000000) | (uint64_t)(c) << 20 | (uint64_t)(r) << 6)
#define MOV_CR_GR(c, r) (UINT64_C(0x02160000000) | (uint64_t)(c) << 20 | (uint64_t)(r) << 13)
enum {
    TEMPLATE_M_MI_STOP = 0x0b,
    TEMPLATE_MII_STOP = 0x01,
    TEMPLATE_MIB_STOP = 0x11,
    CR_IVR = 65,
    CR_EOI = 67
};

static void put_bundle(uint8_t *at, unsigned template, uint64_t slot0, uint64_t slot1, uint64_t slot2)
{
    put64(at, template | slot0 << 5 | slot1 << 46);
    put64(at + 8, slot1 >> 18 | slot2 << 23);
}

static int add_gate(struct kia_fw *fw, unsigned offset, unsigned gate, enum kia_gate_kind kind)
{
    return kia_vm_add_gate(fw->info->vm, FW_ADDR(offset), gate, kind);
}

/* Every vector of an interruption vector table: 20 of 0x400 bytes, then 48 of 0x100 (SDM Vol.2 5.6). */
static int add_ivt(struct kia_fw *fw)
{
    for (unsigned offset = 0; offset < FW_IVT_SIZE; offset += offset < 0x5000 ? 0x400 : 0x100) {
        int err = add_gate(fw, FW_IVT + offset, FW_GATE_IVT, KIA_GATE_FALL);

        if (err)
            return err;
    }
    return 0;
}

static int add_gates(struct kia_fw *fw)
{
    static const struct {
        unsigned offset, gate;
        enum kia_gate_kind kind;
    } gates[] = {
        { FW_PAL_CODE, FW_GATE_PAL, KIA_GATE_BRANCH },
        { FW_SAL_ENTRY, FW_GATE_SAL, KIA_GATE_RETURN },
        { FW_PARK_LOOP, FW_GATE_PARK, KIA_GATE_FALL },
        { FW_PARK_LOOP + 0x30, FW_GATE_WAKE, KIA_GATE_FALL },
        { FW_INIT_RETURN, FW_GATE_INIT_RET, KIA_GATE_FALL },
        { FW_INIT_RETURN + 0x20, FW_GATE_RESUME, KIA_GATE_FALL },
        { FW_FPSWA_ENTRY, FW_GATE_FPSWA, KIA_GATE_RETURN },
    };
    int err = add_ivt(fw);

    for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]) && !err; i++)
        err = add_gate(fw, gates[i].offset, gates[i].gate, gates[i].kind);
    for (unsigned i = FW_GATE_EFI; i < FW_GATE_EFI_END && !err; i++)
        err = add_gate(fw, FW_EFI_ENTRY + (i - FW_GATE_EFI) * 16, i, KIA_GATE_RETURN);
    return err;
}

/* r8 = cr.ivr ;; cr.eoi = r0 ;; srlz.d: between FW_GATE_PARK and FW_GATE_WAKE. */
static int write_park_loop(struct kia_fw *fw)
{
    uint8_t code[32];

    put_bundle(code, TEMPLATE_M_MI_STOP, MOV_GR_CR(8, CR_IVR), MOV_CR_GR(CR_EOI, 0), NOP_I);
    put_bundle(code + 16, TEMPLATE_MII_STOP, SRLZ_D, NOP_I, NOP_I);
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_PARK_LOOP + 0x10), code, sizeof(code));
}

/* rfi, between FW_GATE_INIT_RET and FW_GATE_RESUME. */
static int write_rfi(struct kia_fw *fw)
{
    uint8_t code[16];

    put_bundle(code, TEMPLATE_MIB_STOP, NOP_M, NOP_I, RFI);
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_RFI), code, sizeof(code));
}

/**
 * fw_gates_write - gates and code of the firmware area into guest memory
 * The first call registers the gates; later ones put the same bytes back, whatever the last operating system
 * left there. Return: 0 or negative errno.
 */
int fw_gates_write(struct kia_fw *fw)
{
    int err;

    if (fw->gates_made)
        return kia_mem_write(fw->info->mem, FW_ADDR(0), fw->code_image, sizeof(fw->code_image));
    err = add_gates(fw);
    if (!err)
        err = write_park_loop(fw);
    if (!err)
        err = write_rfi(fw);
    if (!err)
        err = kia_mem_read(fw->info->mem, FW_ADDR(0), fw->code_image, sizeof(fw->code_image));
    fw->gates_made = !err;
    return err;
}
