/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware: PAL, SAL and EFI runtime services as C of the monitor, and the tables that operating systems
 * read.
 *
 * Owns the firmware area of guest RAM, every gate in it and the state behind the gates (variables, vectors,
 * wake-up alarm). May include accel/accel.h, mem/, abi/, vmm/board.h and vmm/log.h; it knows no engine and no
 * device model. create, setup and destroy: with no vcpu running. gate, init and pmi: on the vcpu's own
 * thread, several vcpus at once.
 */
#ifndef KIA_FW_H
#define KIA_FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kia_board;
struct kia_fw;
struct kia_vcpu;

/* Guest RAM that the firmware needs for itself; the board loads no image there and puts RAM below 4 MiB. */
#define KIA_FW_GPA       UINT64_C(0x00100000)
#define KIA_FW_SIZE      UINT64_C(0x00300000)
#define KIA_FW_MAX_VCPUS 128

/* All gate numbers of this folder: KIA_FW_GATE_FIRST <= gate < KIA_FW_GATE_END. */
#define KIA_FW_GATE_FIRST 0x100u
#define KIA_FW_GATE_END   0x200u

/**
 * kia_fw_create - make the firmware of a board; guest memory is not touched yet
 * @board: must outlive it; kia_board_info() and its neighbours are called from here on
 * Return: 0, -ENOMEM, or -EINVAL with a message (too many processors).
 */
int kia_fw_create(struct kia_board *board, struct kia_fw **fw);
void kia_fw_destroy(struct kia_fw *fw);

/**
 * kia_fw_setup - power-on and every reset: write tables and gates, set the registers of every vcpu
 * Called when RAM holds the kernel and the initial ramdisk and every vcpu is stopped in its reset state. What
 * the last operating system registered is forgotten; non-volatile variables stay. vcpu 0 gets the kernel's
 * entry with the boot parameters in r28 (physical mode, bank 1). Every other one gets the loop in which the
 * firmware waits for the wake-up interrupt: it is simply run, and sleeps in kia_vcpu_halt() inside
 * kia_fw_gate(). Without a kernel vcpu 0 does the same. Return: 0, or -EINVAL with a message where an image
 * overlaps the firmware area, RAM is missing there, or the command line or the ramdisk cannot be passed on.
 */
int kia_fw_setup(struct kia_fw *fw);

/* What the run loop does after a gate. Reset and power-off go through kia_board_request(). */
enum kia_fw_next {
    KIA_FW_CONTINUE, /* run the vcpu again */
    KIA_FW_HALT,     /* PAL_HALT: this vcpu runs no more before a reset (the others do) */
    KIA_FW_STUCK,    /* the guest cannot go on: *why says why */
};

/**
 * kia_fw_gate - carry out the call behind a KIA_EXIT_GATE
 * @gate: run->gate; asserted to be one of this folder's
 * @why:  set to a line of text (valid until the vcpu's next call) for KIA_FW_STUCK
 */
enum kia_fw_next kia_fw_gate(struct kia_fw *fw, struct kia_vcpu *vcpu, unsigned gate, const char **why);

/**
 * kia_fw_init - hand an INIT over to the operating system (KIA_EXIT_INIT)
 * Saves the processor's state in its min-state area and enters the OS_INIT procedure that was registered with
 * SAL. Where none is, the machine is reset, as a real one would be.
 */
enum kia_fw_next kia_fw_init(struct kia_fw *fw, struct kia_vcpu *vcpu);

/* KIA_EXIT_PMI: this platform has no use for platform management interrupts; the processor goes on where it
 * was. */
enum kia_fw_next kia_fw_pmi(struct kia_fw *fw, struct kia_vcpu *vcpu);

#endif
