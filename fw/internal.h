/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of fw/ share: the firmware's state, its places in guest memory, gates and register helpers.
 */
#ifndef KIA_FW_INTERNAL_H
#define KIA_FW_INTERNAL_H

#include "accel/accel.h"
#include "fw/fw.h"
#include "mem/mem.h"
#include "vmm/board.h"

#include <assert.h>
#include <pthread.h>

/* Application and control registers by number (SDM Vol.1 3.1.8, Vol.2 3.3). */
enum {
    AR_KR0 = 0,
    AR_RSC = 16,
    AR_BSP = 17,
    AR_BSPSTORE = 18,
    AR_RNAT = 19,
    AR_CCV = 32,
    AR_UNAT = 36,
    AR_FPSR = 40,
    AR_PFS = 64,
    AR_LC = 65,
    AR_EC = 66,
};
enum {
    CR_DCR = 0,
    CR_ITM = 1,
    CR_IVA = 2,
    CR_PTA = 8,
    CR_IPSR = 16,
    CR_ISR = 17,
    CR_IIP = 19,
    CR_IFA = 20,
    CR_IIPA = 22,
    CR_IFS = 23,
    CR_IIM = 24,
    CR_TPR = 66,
    CR_IRR0 = 68,
    CR_ITV = 72,
    CR_PMV = 73,
    CR_CMCV = 74,
};
#define PSR_IC       (UINT64_C(1) << 13)
#define PSR_DT       (UINT64_C(1) << 17)
#define PSR_IT       (UINT64_C(1) << 36)
#define PSR_MC       (UINT64_C(1) << 35)
#define PSR_BN       (UINT64_C(1) << 44)
#define FPSR_DEFAULT UINT64_C(0x0009804c0270033f)

/* Gate numbers. */
enum fw_gate {
    FW_GATE_PAL = KIA_FW_GATE_FIRST,
    FW_GATE_SAL,
    FW_GATE_PARK,     /* a processor has nothing to do until a wake-up */
    FW_GATE_WAKE,     /* ... and has read r8 = cr.ivr */
    FW_GATE_IVT,      /* an interruption while the firmware's own table is in force */
    FW_GATE_INIT_RET, /* return of OS_INIT */
    FW_GATE_RESUME,   /* second half of a resume with psr.ic = 0 */
    FW_GATE_FPSWA,
    FW_GATE_EFI, /* + index of the runtime service */
    FW_GATE_EFI_END = FW_GATE_EFI + 11,
};

/* Places in the firmware area, as offsets from KIA_FW_GPA. Runtime ranges are 8 KiB units (EFI 1.10, 2.3). */
enum {
    FW_PAL_CODE = 0x0,
    FW_PAL_SIZE = 0x2000,
    FW_CODE = 0x2000,
    FW_CODE_SIZE = 0xe000, /* gates of SAL and EFI, then the IVT */
    FW_IVT = 0x8000,
    FW_IVT_SIZE = 0x8000,
    FW_DATA = 0x10000,
    FW_DATA_SIZE = 0x10000, /* EFI, SAL, PCDP, SMBIOS tables */
    FW_ACPI = 0x20000,
    FW_ACPI_SIZE = 0x20000,
    FW_NVS = 0x40000,
    FW_NVS_SIZE = 0x2000, /* FACS */
    FW_BOOT = 0x42000,
    FW_BOOT_SIZE = 0x3e000, /* boot parameters, memory map, stack: free once the kernel runs */
    FW_CPUS = 0x80000,
    FW_CPU_SIZE = 0x4000, /* per vcpu: stack, backing store, min-state area */
};
static_assert(FW_CPUS + KIA_FW_MAX_VCPUS * FW_CPU_SIZE <= KIA_FW_SIZE,
              "the firmware area holds every vcpu's memory");

/* Code bundles in FW_CODE. */
enum {
    FW_SAL_ENTRY = FW_CODE,
    FW_PARK_LOOP = FW_CODE + 0x100,
    FW_INIT_RETURN = FW_CODE + 0x200,
    FW_RFI = FW_INIT_RETURN + 0x10,
    FW_FPSWA_ENTRY = FW_CODE + 0x300,
    FW_EFI_ENTRY = FW_CODE + 0x400, /* 16 bytes each */
};
/* Tables in FW_DATA. */
enum {
    FW_EFI_SYSTEM_TABLE = FW_DATA,
    FW_EFI_RUNTIME_TABLE = FW_DATA + 0x100,
    FW_EFI_CONFIG_TABLE = FW_DATA + 0x200,
    FW_EFI_VENDOR = FW_DATA + 0x400,
    FW_PLABELS = FW_DATA + 0x500,
    FW_FPSWA_TABLE = FW_DATA + 0x700,
    FW_SAL_TABLE = FW_DATA + 0x800,
    FW_PCDP = FW_DATA + 0xa00,
    FW_SMBIOS = FW_DATA + 0x1000,
    FW_SMBIOS_SIZE = 0xf000,
};
/* In FW_BOOT. */
enum {
    FW_BOOT_PARAM = FW_BOOT,
    FW_CMDLINE = FW_BOOT + 0x800,
    FW_CMDLINE_SIZE = 0x1800,
    FW_MEMMAP = FW_BOOT + 0x2000,
    FW_MEMMAP_SIZE = 0x8000,
    FW_BACKING = FW_BOOT + 0xe000,
    FW_BACKING_SIZE = 0x10000,
    FW_STACK = FW_BOOT + 0x1e000,
    FW_STACK_SIZE = 0x20000,
};
/* In a vcpu's memory. */
enum { FW_CPU_STACK = 0, FW_CPU_BACKING = 0x1000, FW_CPU_MINSTATE = 0x2000 };

#define FW_ADDR(offset) (KIA_FW_GPA + (uint64_t)(offset))

/* EFI memory descriptor (EFI 1.10, GetMemoryMap). */
enum efi_memory_type {
    EFI_RESERVED,
    EFI_LOADER_CODE,
    EFI_LOADER_DATA,
    EFI_BOOT_CODE,
    EFI_BOOT_DATA,
    EFI_RUNTIME_CODE,
    EFI_RUNTIME_DATA,
    EFI_CONVENTIONAL,
    EFI_UNUSABLE,
    EFI_ACPI_RECLAIM,
    EFI_ACPI_NVS,
    EFI_MMIO,
    EFI_MMIO_PORTS,
    EFI_PAL_CODE,
};
#define EFI_MEMORY_UC      UINT64_C(1)
#define EFI_MEMORY_WB      UINT64_C(8)
#define EFI_MEMORY_RUNTIME (UINT64_C(1) << 63)
enum { EFI_DESCRIPTOR_SIZE = 40, EFI_DESCRIPTOR_VERSION = 1 };

struct fw_range {
    enum efi_memory_type type;
    uint64_t gpa, size, attribute;
};
enum { FW_MAX_RANGES = FW_MEMMAP_SIZE / EFI_DESCRIPTOR_SIZE };

/* What an operating system registered with SAL_SET_VECTORS. */
enum { SAL_VECTOR_MCA, SAL_VECTOR_INIT, SAL_VECTOR_BOOT_RENDEZ, SAL_N_VECTORS };
struct fw_vectors {
    uint64_t addr1, gp1, len1, addr2, gp2, len2;
};

struct fw_variables;

struct fw_cpu {
    char why[160];
    uint64_t min_state;    /* gpa, 512-aligned */
    uint64_t resume_state; /* min-state area that FW_GATE_RESUME loads */
    bool mc_expected;
    /* The virtual environment that it is in (pal_vp.c). */
    bool in_env;
    uint64_t env_gva, env_config;
};

struct kia_fw {
    struct kia_board *board;
    const struct kia_board_info *info;
    const struct kia_cpu_model *model;
    uint64_t itc_hz;
    bool gates_made;
    uint8_t code_image[FW_CODE + FW_CODE_SIZE]; /* PAL, gates and IVT as written at the first set-up */
    struct fw_range ranges[FW_MAX_RANGES];
    unsigned n_ranges;
    struct fw_cpu cpus[KIA_FW_MAX_VCPUS];

    pthread_mutex_t lock; /* everything below */
    struct fw_vectors vectors[SAL_N_VECTORS];
    bool init_monarch; /* a processor is in OS_INIT's monarch entry */
    unsigned init_monarch_cpu;
    uint64_t mc_params[4]; /* vector of each SAL_MC_SET_PARAMS parameter, 1-3 */
    bool virtual_mode;     /* SetVirtualAddressMap was done */
    uint32_t high_count;   /* high half of the monotonic count */
    int16_t time_zone;
    uint8_t daylight;
    uint64_t pal_copies[128]; /* where PAL_COPY_PAL has made gates */
    unsigned n_pal_copies;
    struct fw_variables *variables;
};

/* firmware.c: registers of a processor in the hands of the firmware. @cpu: index. */
void fw_physical_state(struct kia_fw *fw, struct kia_vcpu *vcpu, uint64_t sp, uint64_t backing_store);
static inline uint64_t fw_cpu_gpa(unsigned cpu, unsigned offset)
{
    return FW_ADDR(FW_CPUS) + (uint64_t)cpu * FW_CPU_SIZE + offset;
}
/* The gate is executed again when the processor continues: for waits that a kick may interrupt. */
void fw_repeat(struct kia_vcpu *vcpu);

/* gates.c */
int fw_gates_write(struct kia_fw *fw);

/* memmap.c */
int fw_memmap_build(struct kia_fw *fw);
unsigned fw_memmap_put(const struct kia_fw *fw, uint8_t *out);

/* boot.c */
int fw_boot_write(struct kia_fw *fw);

/* efi.c: tables, time, address map, reset; variables.c: the variable services. Each returns an EFI status. */
int fw_efi_write(struct kia_fw *fw);
enum kia_fw_next fw_efi_call(struct kia_fw *fw, struct kia_vcpu *vcpu, unsigned service);
enum kia_fw_next fw_fpswa_call(struct kia_vcpu *vcpu);

/* sal.c */
int fw_sal_write(struct kia_fw *fw);
enum kia_fw_next fw_sal_call(struct kia_fw *fw, struct kia_vcpu *vcpu);
uint64_t fw_platform_hz(void);
enum { FW_WAKE_VECTOR = 0xff };

/* pal.c */
enum kia_fw_next fw_pal_call(struct kia_fw *fw, struct kia_vcpu *vcpu);

/* acpi.c, pcdp.c, smbios.c: write tables, return 0 or negative errno. */
int fw_acpi_write(struct kia_fw *fw);
uint64_t fw_acpi_rsdp(void);
int fw_pcdp_write(struct kia_fw *fw);
int fw_smbios_write(struct kia_fw *fw);

/* minstate.c */
enum kia_fw_next fw_init_return(struct kia_fw *fw, struct kia_vcpu *vcpu);
int fw_min_state_load(struct kia_fw *fw, struct kia_vcpu *vcpu, uint64_t gpa);
enum kia_fw_next fw_resume(struct kia_fw *fw, struct kia_vcpu *vcpu);

/* Integer arguments in general registers: false where one holds a NaT. */
static inline bool fw_args(struct kia_vcpu *vcpu, unsigned first, unsigned n, uint64_t *args)
{
    for (unsigned i = 0; i < n; i++) {
        bool nat;

        args[i] = kia_get_gr(vcpu, first + i, &nat);
        if (nat)
            return false;
    }
    return true;
}

#endif
