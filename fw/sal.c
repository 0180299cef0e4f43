/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SAL: the system table and SAL_PROC. Machine checks are never delivered, so there are no error records. */
#include "fw/bytes.h"
#include "fw/internal.h"

#include <string.h>

enum {
    SAL_OK = 0,
    SAL_NOT_IMPLEMENTED = -1,
    SAL_BAD_ARGUMENT = -2,
    SAL_FAILED = -3,
    SAL_NO_INFORMATION = -5,
};
enum {
    SAL_SET_VECTORS = 0x01000000,
    SAL_GET_STATE_INFO,
    SAL_GET_STATE_INFO_SIZE,
    SAL_CLEAR_STATE_INFO,
    SAL_MC_RENDEZ,
    SAL_MC_SET_PARAMS,
    SAL_REGISTER_PHYSICAL_ADDR,
    SAL_CACHE_FLUSH = 0x01000008,
    SAL_CACHE_INIT,
    SAL_PCI_CONFIG_READ = 0x01000010,
    SAL_PCI_CONFIG_WRITE,
    SAL_FREQ_BASE,
    SAL_PHYSICAL_ID_INFO,
    SAL_UPDATE_PAL = 0x01000020,
};
enum {
    TABLE_HEADER = 96,
    ENTRY_POINT_SIZE = 48,
    ENTRY_FEATURES_SIZE = 16,
    ENTRY_TR_SIZE = 32,
    ENTRY_WAKEUP_SIZE = 16,
    TABLE_SIZE = TABLE_HEADER + ENTRY_POINT_SIZE + ENTRY_FEATURES_SIZE + ENTRY_TR_SIZE + ENTRY_WAKEUP_SIZE,
    SAL_MAJOR = 0x03,
    SAL_MINOR = 0x40, /* BCD: 3.40 */
    STATE_INFO_SIZE = 1024,
    FW_TR_LOG2_SIZE = 22,
};
static_assert(TABLE_SIZE <= FW_PCDP - FW_SAL_TABLE, "the SAL system table has its place");
#define PLATFORM_HZ UINT64_C(100000000)

uint64_t fw_platform_hz(void)
{
    return PLATFORM_HZ;
}

/**
 * fw_sal_write - the SAL system table (SAL 3.x, chapter 3): entry point, features, translation register, AP
 * wake-up Return: 0 or negative errno.
 */
int fw_sal_write(struct kia_fw *fw)
{
    uint8_t table[TABLE_SIZE] = { 0 };
    uint8_t *entry = table + TABLE_HEADER;

    put_text(table, 4, "SST_", 0);
    put32(table + 4, sizeof(table));
    put8(table + 8, SAL_MINOR);
    put8(table + 9, SAL_MAJOR);
    put16(table + 10, 4);
    put8(table + 20, 0x00);
    put8(table + 21, 0x01);
    put8(table + 22, 0x00);
    put8(table + 23, 0x01);
    put_text(table + 24, 32, "KVM for Itanium", 0);
    put_text(table + 56, 32, "Virtual machine", 0);

    put8(entry, 0);
    put64(entry + 8, FW_ADDR(FW_PAL_CODE));
    put64(entry + 16, FW_ADDR(FW_SAL_ENTRY));
    put64(entry + 24, FW_ADDR(FW_CODE));
    entry += ENTRY_POINT_SIZE;
    put8(entry, 2); /* no bus lock, no redirection hints, no ITC drift */
    entry += ENTRY_FEATURES_SIZE;
    put8(entry, 3); /* what an EFI application finds in ITR0; free once the system has its own */
    put64(entry + 8, 0);
    put64(entry + 16, FW_TR_LOG2_SIZE << 2);
    entry += ENTRY_TR_SIZE;
    put8(entry, 5); /* wake-up by external interrupt */
    put64(entry + 8, FW_WAKE_VECTOR);
    put8(table + 12, checksum8(table, sizeof(table)));
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_SAL_TABLE), table, sizeof(table));
}

struct sal_result {
    int64_t status;
    uint64_t value[3]; /* r9-r11 */
};

static struct sal_result set_vectors(struct kia_fw *fw, const uint64_t *args)
{
    uint64_t type = args[1];

    if (type >= SAL_N_VECTORS || (args[2] & 15) || (type == SAL_VECTOR_INIT && (args[5] & 15)))
        return (struct sal_result){ SAL_BAD_ARGUMENT, { 0 } };
    pthread_mutex_lock(&fw->lock);
    fw->vectors[type] = (struct fw_vectors){ args[2], args[3], args[4], args[5], args[6], args[7] };
    pthread_mutex_unlock(&fw->lock);
    return (struct sal_result){ SAL_OK, { 0 } };
}

/* Types: 0 MCA, 1 INIT, 2 CMC, 3 CPE. */
static struct sal_result state_info(const uint64_t *args, int64_t status, uint64_t value)
{
    if (args[1] > 3)
        return (struct sal_result){ SAL_BAD_ARGUMENT, { 0 } };
    return (struct sal_result){ status, { value } };
}

/* Parameters: 1 rendezvous interrupt, 2 wake-up, 3 CPE; mechanisms: 1 interrupt, 2 memory. */
static struct sal_result mc_set_params(struct kia_fw *fw, const uint64_t *args)
{
    uint64_t param = args[1], mechanism = args[2], value = args[3];
    bool ok = param >= 1 && param <= 3 && (mechanism == 1 || (mechanism == 2 && param == 2)) &&
              !(args[5] & ~UINT64_C(0x11));

    if (!ok || (mechanism == 1 && (value < 0x10 || value > 0xff)))
        return (struct sal_result){ SAL_BAD_ARGUMENT, { 0 } };
    pthread_mutex_lock(&fw->lock);
    fw->mc_params[param] = mechanism == 1 ? value : 0;
    pthread_mutex_unlock(&fw->lock);
    return (struct sal_result){ SAL_OK, { 0 } };
}

/* The processor waits here until the wake-up interrupt of SAL_MC_SET_PARAMS is pending. true: it waits on. */
static bool mc_rendez_waits(struct kia_fw *fw, struct kia_vcpu *vcpu)
{
    uint64_t vector;

    pthread_mutex_lock(&fw->lock);
    vector = fw->mc_params[2];
    pthread_mutex_unlock(&fw->lock);
    if (!vector || (kia_get_cr(vcpu, (unsigned)(CR_IRR0 + vector / 64)) >> (vector & 63) & 1))
        return false;
    kia_vcpu_halt(vcpu);
    return true;
}

struct pci_address {
    unsigned seg, bus, dev, fn, reg, size;
};

static bool pci_address(uint64_t address, uint64_t size, uint64_t type, struct pci_address *out)
{
    if ((size != 1 && size != 2 && size != 4) || type > 1)
        return false;
    if (type == 0) {
        if (address >> 32)
            return false;
        *out = (struct pci_address){ address >> 24,    address >> 16 & 0xff, address >> 11 & 31,
                                     address >> 8 & 7, address & 0xff,       (unsigned)size };
    } else {
        if (address >> 44)
            return false;
        *out = (struct pci_address){ (unsigned)(address >> 28), address >> 20 & 0xff, address >> 15 & 31,
                                     address >> 12 & 7,         address & 0xfff,      (unsigned)size };
    }
    return out->reg % size == 0;
}

static struct sal_result pci_config_read(struct kia_fw *fw, const uint64_t *args)
{
    struct pci_address a;

    if (!pci_address(args[1], args[2], args[3], &a))
        return (struct sal_result){ SAL_BAD_ARGUMENT, { 0 } };
    return (struct sal_result){ SAL_OK,
                                { kia_board_pci_read(fw->board, a.seg, a.bus, a.dev, a.fn, a.reg, a.size) } };
}

static struct sal_result pci_config_write(struct kia_fw *fw, const uint64_t *args)
{
    struct pci_address a;

    if (!pci_address(args[1], args[2], args[4], &a))
        return (struct sal_result){ SAL_BAD_ARGUMENT, { 0 } };
    kia_board_pci_write(fw->board, a.seg, a.bus, a.dev, a.fn, a.reg, a.size, (uint32_t)args[3]);
    return (struct sal_result){ SAL_OK, { 0 } };
}

static struct sal_result freq_base(const struct kia_fw *fw, uint64_t clock)
{
    const uint64_t drift_unknown = UINT64_MAX;

    switch (clock) {
    case 0:
        return (struct sal_result){ SAL_OK, { PLATFORM_HZ, drift_unknown } };
    case 1:
        return (struct sal_result){ SAL_OK, { fw->itc_hz, drift_unknown } };
    case 2: /* no real-time clock in hardware */
        return (struct sal_result){ SAL_NOT_IMPLEMENTED, { 0 } };
    default:
        return (struct sal_result){ SAL_BAD_ARGUMENT, { 0 } };
    }
}

static struct sal_result sal_call(struct kia_fw *fw, struct kia_vcpu *vcpu, const uint64_t *args)
{
    const struct sal_result ok = { SAL_OK, { 0 } }, bad = { SAL_BAD_ARGUMENT, { 0 } };

    switch ((uint32_t)args[0]) {
    case SAL_SET_VECTORS:
        return set_vectors(fw, args);
    case SAL_GET_STATE_INFO:
        return state_info(args, SAL_NO_INFORMATION, 0);
    case SAL_GET_STATE_INFO_SIZE:
        return state_info(args, SAL_OK, STATE_INFO_SIZE);
    case SAL_CLEAR_STATE_INFO:
        return state_info(args, SAL_OK, 0);
    case SAL_MC_RENDEZ:
        return ok;
    case SAL_MC_SET_PARAMS:
        return mc_set_params(fw, args);
    case SAL_REGISTER_PHYSICAL_ADDR: /* 0: PAL_PROC has moved; SAL calls PAL directly */
        return args[1] == 0 ? ok : bad;
    case SAL_CACHE_FLUSH: /* caches are coherent */
        return args[1] >= 1 && args[1] <= 4 ? ok : bad;
    case SAL_CACHE_INIT:
        return ok;
    case SAL_PCI_CONFIG_READ:
        return pci_config_read(fw, args);
    case SAL_PCI_CONFIG_WRITE:
        return pci_config_write(fw, args);
    case SAL_FREQ_BASE:
        return freq_base(fw, args[1]);
    case SAL_PHYSICAL_ID_INFO:
        return (struct sal_result){ SAL_OK, { kia_vcpu_index(vcpu) } };
    case SAL_UPDATE_PAL: /* r9 = -10: no storage for it */
        return (struct sal_result){ SAL_FAILED, { (uint64_t)-10 } };
    default:
        return (struct sal_result){ SAL_NOT_IMPLEMENTED, { 0 } };
    }
}

/* How many of r32-r39 a procedure reads: the others may hold anything, NaTs included. */
static unsigned n_args(uint32_t function)
{
    switch (function) {
    case SAL_SET_VECTORS:
        return 8;
    case SAL_MC_SET_PARAMS:
        return 6;
    case SAL_PCI_CONFIG_WRITE:
        return 5;
    case SAL_PCI_CONFIG_READ:
        return 4;
    default:
        return 2;
    }
}

/**
 * fw_sal_call - SAL_PROC: function in r32{31:0}, arguments in r33-r39; status in r8, results in r9-r11
 */
enum kia_fw_next fw_sal_call(struct kia_fw *fw, struct kia_vcpu *vcpu)
{
    struct sal_result result = { SAL_BAD_ARGUMENT, { 0 } };
    uint64_t args[8] = { 0 };

    if (fw_args(vcpu, 32, 1, args) && fw_args(vcpu, 32, n_args((uint32_t)args[0]), args)) {
        if ((uint32_t)args[0] == SAL_MC_RENDEZ && mc_rendez_waits(fw, vcpu)) {
            fw_repeat(vcpu);
            return KIA_FW_CONTINUE;
        }
        result = sal_call(fw, vcpu, args);
    }
    kia_set_gr(vcpu, 8, (uint64_t)result.status);
    for (unsigned i = 0; i < 3; i++)
        kia_set_gr(vcpu, 9 + i, result.value[i]);
    return KIA_FW_CONTINUE;
}
