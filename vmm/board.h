/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board: one generic Itanium machine, and what firmware may ask of it.
 *
 * Owns the physical memory map, the processors' threads, the visible list of devices and the machine's life
 * (reset, power-off). May include mem/, dev/, fw/ and accel/; fw/ includes only this header of vmm/ (and
 * vmm/log.h). Functions are called by the thread that calls kia_fw_setup() and on vcpu threads, but for those
 * that say any thread.
 *
 * The calls in the other direction are in fw/fw.h, which firmware owns. kia_fw_setup() is called at power-on
 * and at every reset, when RAM holds the kernel and the initial ramdisk and is zero elsewhere, the devices
 * are reset, PCI BARs are assigned, and every vcpu is stopped in its reset state.
 */
#ifndef KIA_BOARD_H
#define KIA_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct kia_board;
struct kia_mem;
struct kia_vcpu;
struct kia_vm;

/* The physical memory map (docs/machine.md). All addresses are guest physical, sizes are bytes. */
#define KIA_LOW_RAM_LIMIT  UINT64_C(0x00d0000000) /* RAM lies at 0 up to this, the rest from 4 GiB up */
#define KIA_HIGH_RAM_GPA   UINT64_C(0x0100000000)
#define KIA_PCI_MEM32_GPA  UINT64_C(0x00d0000000)
#define KIA_PCI_MEM32_SIZE UINT64_C(0x002e000000) /* to 0xfdffffff */
#define KIA_IOSAPIC_GPA    UINT64_C(0x00fec00000)
#define KIA_UART0_GPA      UINT64_C(0x00fec10000)
#define KIA_UART_GPA(n)    (KIA_UART0_GPA + (n) * UINT64_C(0x1000)) /* serial port n, with GSI KIA_GSI_UART0 + n */
#define KIA_PIB_GPA        UINT64_C(0x00fee00000)
#define KIA_PCI_MEM64_GPA  UINT64_C(0x8000000000)
#define KIA_PCI_MEM64_SIZE UINT64_C(0x4000000000)
#define KIA_IO_PORTS_GPA   UINT64_C(0xfffc000000) /* 64 MiB sparse I/O port space */

/* Global system interrupts, all on one IOSAPIC whose gsi_base is 0. */
enum {
    KIA_GSI_UART0 = 4, /* level, low */
    KIA_GSI_SCI = 9, /* level, low */
    KIA_GSI_PCI = 16, /* INTx of a slot: KIA_GSI_PCI + ((slot + pin) & 3), pin 0 = INTA#; level, low */
    KIA_IOSAPIC_PINS = 64,
};

/* I/O ports. */
enum {
    KIA_PORT_PM1_EVT = 0x400, /* 4 bytes: status, enable */
    KIA_PORT_PM1_CNT = 0x404, /* 2 bytes; SLP_TYP 0 with SLP_EN is S5 */
    KIA_PORT_PM_TMR = 0x408, /* 4 bytes, a 32-bit counter at 3.579545 MHz */
    KIA_PORT_RESET = 0x40c, /* 1 byte */
    KIA_RESET_VALUE = 1, /* what the FADT's RESET_VALUE must be */
    KIA_PORT_PCI_BASE = 0x1000, /* PCI I/O BARs: to 0xffff */
};

enum kia_image_kind {
    KIA_IMAGE_KERNEL, /* a segment of the kernel, from its p_paddr over p_memsz bytes, page aligned outward */
    KIA_IMAGE_INITRD,
    KIA_IMAGE_OTHER, /* -device loader */
};

/* RAM that the board has filled and firmware must leave alone; @gpa and @size are multiples of 4096. */
struct kia_board_image {
    enum kia_image_kind kind;
    uint64_t gpa;
    uint64_t size;
};

/* What does not change between two resets. RAM blocks: kia_mem_ram_block(mem, ...). */
struct kia_board_info {
    struct kia_mem *mem;
    struct kia_vm *vm;
    unsigned n_vcpus; /* started at power-on; all are in the MADT */
    const struct kia_board_image *images; /* sorted by gpa, not overlapping */
    unsigned n_images;
    bool has_kernel; /* else nothing is there to boot: processors that no -device loader starts sleep */
    uint64_t kernel_entry; /* e_entry, physical */
    const char *cmdline; /* -append, "" if none */
    uint64_t initrd_gpa; /* page aligned; size 0: none */
    uint64_t initrd_size;
    bool has_uart0; /* false for -serial none */
    unsigned n_uarts; /* serial ports 1 to n_uarts - 1 are there; 0 and 1: none of them */
};

const struct kia_board_info *kia_board_info(const struct kia_board *board);

/* Processor @index < n_vcpus, and its CR.LID as id << 8 | eid (id is the index, eid is 0). */
struct kia_vcpu *kia_board_vcpu(const struct kia_board *board, unsigned index);
uint16_t kia_board_lid(const struct kia_board *board, unsigned index);

/*
 * Asks for the end of the machine's present life: other vcpus are kicked, and the caller's vcpu runs no
 * further guest instruction once its gate call returns. Any thread; may be called from device code.
 */
enum kia_board_request {
    KIA_REQUEST_RESET, /* with -no-reboot: power-off */
    KIA_REQUEST_POWEROFF,
};
void kia_board_request(struct kia_board *board, enum kia_board_request request);

/*
 * PCI configuration space, for SAL_PCI_CONFIG_READ/WRITE: @reg 0-4095, @size 1, 2 or 4, naturally aligned.
 * What nobody owns reads as all ones (of @size bytes) and swallows writes. Any thread.
 */
uint32_t kia_board_pci_read(struct kia_board *board, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                            unsigned reg, unsigned size);
void kia_board_pci_write(struct kia_board *board, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                         unsigned reg, unsigned size, uint32_t value);

/* The guest's wall clock: seconds since 1970 in the base that -rtc chose (UTC by default), as if UTC. Any
 * thread. */
void kia_board_get_time(struct kia_board *board, struct timespec *now);
void kia_board_set_time(struct kia_board *board, const struct timespec *now);

#endif
