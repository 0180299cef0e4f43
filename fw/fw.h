/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware: PAL, SAL and EFI runtime services as C of the monitor, and the tables that operating systems read.
 *
 * Owns the firmware area of guest RAM, every gate in it and the state behind the gates (variables, vectors, wall clock).
 * May include accel/accel.h, mem/, abi/ and vmm/log.h; it knows no engine and no device model.
 * create, reset and destroy: with no vcpu running. gate and init: on the vcpu's own thread, any number of them at once.
 */
#ifndef KIA_FW_H
#define KIA_FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kia_fw;
struct kia_mem;
struct kia_vcpu;
struct kia_vm;

/* Guest RAM that the firmware needs for itself; kernels and initrds are loaded elsewhere (Linux wants 64 MiB and up). */
#define KIA_FW_GPA       UINT64_C(0x00100000)
#define KIA_FW_SIZE      UINT64_C(0x00300000)
#define KIA_FW_MAX_VCPUS 128
#define KIA_FW_MAX_UARTS 4

/* All gate numbers of this folder: KIA_FW_GATE_FIRST <= gate < KIA_FW_GATE_END. */
#define KIA_FW_GATE_FIRST 0x100u
#define KIA_FW_GATE_END   0x200u

/* A 16550A with byte registers at consecutive addresses; level, active high into the IOSAPIC pin. */
struct kia_fw_uart {
    uint64_t gpa;
    uint32_t gsi;
    uint32_t clock_hz; /* 1843200 on a PC: base baud is a sixteenth of it */
};

/*
 * One PCI segment, buses from 0 up. Pin p (0 = INTA) of device d on bus 0 raises gsi_base + ((d + p) & 3), level, low.
 * The callbacks get a register below 4096 and a size of 1, 2 or 4 (naturally aligned); an absent function reads as all ones.
 * They are called on vcpu threads, one at a time.
 */
struct kia_fw_pci {
    uint32_t (*read)(void *opaque, unsigned bus, unsigned devfn, unsigned reg, unsigned size);
    void (*write)(void *opaque, unsigned bus, unsigned devfn, unsigned reg, unsigned size, uint32_t value);
    void *opaque;
    unsigned last_bus;                /* 255 for 256 MiB of ECAM */
    uint64_t ecam_gpa;                /* 0 = none */
    uint64_t mmio32_gpa, mmio32_size; /* window below 4 GiB for BARs, bus address = gpa */
    uint64_t mmio64_gpa, mmio64_size; /* 64-bit prefetchable window; size 0 = none */
    uint32_t gsi_base;                /* pins gsi_base .. gsi_base + 3 */
};

/* ACPI fixed hardware in I/O port space: PM1 event (4 bytes), PM1 control (2), PM timer (4), reset register (1). */
struct kia_fw_pm {
    uint16_t pm1_event_port, pm1_control_port, pm_timer_port, reset_port;
    uint8_t reset_value;
    uint32_t sci_gsi; /* level, low */
};

struct kia_fw_config {
    struct kia_vm *vm;
    struct kia_mem *mem;     /* all RAM blocks present: the EFI memory map is made of them */
    unsigned n_vcpus;        /* 1 .. KIA_FW_MAX_VCPUS */
    const uint16_t *lids;    /* id << 8 | eid of each vcpu, by index, all different; copied */

    /* The kernel that was loaded by its physical addresses. strings are copied. */
    uint64_t kernel_entry;             /* gpa of e_entry */
    uint64_t kernel_gpa, kernel_size;  /* lowest and extent of its LOAD segments, bss included */
    uint64_t initrd_gpa, initrd_size;  /* gpa 4096-aligned; size 0 = none */
    const char *cmdline;               /* Linux keeps 2047 bytes; NULL = empty */

    uint64_t pib_gpa;                  /* processor interrupt block */
    uint64_t io_gpa;                   /* 64 MiB sparse I/O port space, 64 MiB aligned */
    uint64_t iosapic_gpa;
    uint32_t iosapic_gsi_base;
    uint8_t iosapic_id;
    struct kia_fw_uart uarts[KIA_FW_MAX_UARTS];
    unsigned n_uarts;                  /* the first is the console */
    struct kia_fw_pci pci;             /* pci.read NULL = no PCI */
    struct kia_fw_pm pm;
    uint8_t uuid[16];                  /* SMBIOS system UUID */
    int64_t rtc_offset;                /* seconds added to the host's UTC */
};

/* What the run loop does after a gate. */
enum kia_fw_next {
    KIA_FW_CONTINUE, /* run the vcpu again */
    KIA_FW_HALT,     /* PAL_HALT: this vcpu never runs again until reset (the others do) */
    KIA_FW_RESET,    /* reset the machine: reload the kernel, kia_fw_reset(), kia_fw_reset_vcpu() for all */
    KIA_FW_POWEROFF,
    KIA_FW_STUCK,    /* the guest cannot go on: *why says why */
};

/**
 * kia_fw_create - register the gates and write the firmware area (kia_fw_reset() included)
 * Return: 0; -ENOMEM; -EINVAL where the kernel or initrd overlaps the firmware area or is not in RAM, or the command line or
 * the number of processors is too large (with a message).
 */
int kia_fw_create(const struct kia_fw_config *config, struct kia_fw **fw);
void kia_fw_destroy(struct kia_fw *fw);

/**
 * kia_fw_reset - write gates and tables afresh and forget what the last operating system registered
 * Variables that are non-volatile stay. The caller has put the kernel and the initrd back into RAM.
 * Return: 0 or negative errno.
 */
int kia_fw_reset(struct kia_fw *fw);

/**
 * kia_fw_reset_vcpu - put a processor into its state at the hand-over
 * Index 0 gets the kernel entry with the boot parameters in r28 (physical mode, bank 1); every other one the loop in which the
 * firmware waits for the wake-up interrupt: it is simply run (it sleeps in kia_vcpu_halt() inside kia_fw_gate()).
 * Thread: the vcpu's own, before it runs for the first time and after each kia_fw_reset().
 */
void kia_fw_reset_vcpu(struct kia_fw *fw, struct kia_vcpu *vcpu);

/**
 * kia_fw_gate - carry out the call behind a KIA_EXIT_GATE
 * @gate: run->gate; asserted to be one of this folder's
 * @why:  set to a line of text (valid until the vcpu's next call) for KIA_FW_STUCK, else NULL
 */
enum kia_fw_next kia_fw_gate(struct kia_fw *fw, struct kia_vcpu *vcpu, unsigned gate, const char **why);

/**
 * kia_fw_init - hand an INIT to the operating system (KIA_EXIT_INIT)
 * Saves the processor's state in its min-state area and enters the OS_INIT procedure that the system registered with SAL.
 * Return: KIA_FW_CONTINUE, or KIA_FW_RESET where none is registered.
 */
enum kia_fw_next kia_fw_init(struct kia_fw *fw, struct kia_vcpu *vcpu);

#endif
