/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine for testing firmware: registers in arrays, identity-mapped memory, a board that remembers what it was asked. */
#ifndef TESTS_FW_FAKE_H
#define TESTS_FW_FAKE_H

#include "accel/accel.h"
#include "fw/fw.h"
#include "fw/internal.h"
#include "mem/mem.h"
#include "vmm/board.h"

enum { FAKE_MAX_VCPUS = KIA_FW_MAX_VCPUS, FAKE_MAX_GATES = 256, FAKE_N_TR = 8 };

struct fake_gate {
    uint64_t gpa;
    unsigned gate;
    enum kia_gate_kind kind;
};

struct kia_vcpu {
    struct kia_vm *vm;
    unsigned index;
    uint64_t gr[128], bank[16]; /* bank: r16-r31 of the bank that is not current */
    bool nat[128], bank_nat[16];
    uint64_t br[8], ar[128], cr[128], rr[8], pr, psr, cfm, ip;
    uint64_t br_ret_target; /* of the last kia_vcpu_br_ret() */
    unsigned n_br_ret, n_halts, n_purges;
    uint64_t vp_env, vp_config, vp_loaded; /* VT-i: 0 where there is none */
    bool vmsw;
    /* Guest memory accesses: the one after @retry_after more is refused (negative: none). */
    int retry_after;
    unsigned n_accesses, n_faults;
};

struct kia_vm {
    struct kia_mem *mem;
    struct kia_vcpu vcpus[FAKE_MAX_VCPUS];
    struct fake_gate gates[FAKE_MAX_GATES];
    unsigned n_gates;
    struct kia_cpu_model model;
    uint64_t itc_hz;
};

struct kia_board {
    struct kia_board_info info;
    struct kia_vm vm;
    struct kia_board_image images[4];
    unsigned n_resets, n_poweroffs;
    struct timespec now;
    uint8_t config[4096]; /* of function 0:1.0 */
};

struct fake {
    struct kia_board board;
    struct kia_fw *fw;
    struct kia_vcpu *cpu; /* vcpu 0 */
};

/* A board with @n_vcpus, RAM from 0 to 256 MiB and from 4 GiB to 5 GiB, a kernel at 64 MiB and a ramdisk; set up. */
struct fake *fake_new(unsigned n_vcpus);
void fake_free(struct fake *f);
/* Physical memory. */
void fake_read(struct fake *f, uint64_t gpa, void *buf, size_t len);
void fake_write(struct fake *f, uint64_t gpa, const void *buf, size_t len);
uint8_t fake8(struct fake *f, uint64_t gpa);
uint16_t fake16(struct fake *f, uint64_t gpa);
uint32_t fake32(struct fake *f, uint64_t gpa);
uint64_t fake64(struct fake *f, uint64_t gpa);
uint64_t fake_sum(struct fake *f, uint64_t gpa, size_t len);

/* Goes to the gate at @entry as br.call would, and runs it. */
enum kia_fw_next fake_gate_at(struct fake *f, struct kia_vcpu *cpu, uint64_t entry);
/* SAL_PROC, EFI runtime service @service (0 = GetTime), PAL_PROC by either convention. Arguments follow. Return: r8. */
#define fake_sal(f, ...) fake_call_regs(f, FW_ADDR(FW_SAL_ENTRY), 32, (const uint64_t[8]){ __VA_ARGS__ })
#define fake_efi(f, service, ...) \
    fake_call_regs(f, FW_ADDR(FW_EFI_ENTRY + (service) * 16), 32, (const uint64_t[8]){ __VA_ARGS__ })
uint64_t fake_call_regs(struct fake *f, uint64_t entry, unsigned first, const uint64_t args[8]);
uint64_t fake_pal(struct fake *f, uint64_t index, uint64_t a1, uint64_t a2, uint64_t a3);

/* Memory that tests use for arguments. */
enum { FAKE_SCRATCH = 0x800000 };

#endif
