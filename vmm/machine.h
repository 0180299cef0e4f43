/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the board, for vmm/ alone: what main() calls, and what board.c, load.c and run.c share.
 *
 * One thread, the main one, makes, resets and ends the machine and runs the event loop; each vcpu has a
 * thread.
 */
#ifndef KIA_MACHINE_H
#define KIA_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "accel/accel.h"
#include "vmm/board.h"
#include "vmm/console.h"
#include "vmm/options.h"

struct kia_acpi_pm;
struct kia_balloon;
struct kia_chr;
struct kia_fw;
struct kia_gdb;
struct kia_loop;
struct kia_net;
struct kia_pci;
struct kia_platform;

enum { MACHINE_MAX_IMAGES = 2 + 64 + KIA_MAX_LOADERS };

/* What the main thread is to do when the loop stops. */
enum machine_request {
    REQUEST_NONE,
    REQUEST_DEBUG, /* gdb, or a processor that met one of its stops: all stop until gdb says more */
    REQUEST_RESET,
    REQUEST_POWEROFF,
    REQUEST_QUIT, /* the user, or a signal */
    REQUEST_STUCK,
};

struct vcpu_thread {
    struct kia_board *board;
    unsigned index;
    pthread_t thread;
    bool halted; /* runs no more before a reset */
    bool started_by_loader; /* at start_ip, not by firmware */
    uint64_t start_ip;
    /* gdb's; changed while all vcpu threads are parked, but for the stop, which is the thread's own until
     * then */
    bool held; /* stays where it is while others run */
    bool step; /* runs one instruction */
    enum kia_stop stop; /* why it asked for REQUEST_DEBUG */
    uint64_t stop_address;
};

struct kia_board {
    struct kia_board_info info;
    struct kia_board_image images[MACHINE_MAX_IMAGES];
    const struct kia_options *options;
    struct kia_loop *loop;
    struct kia_platform *platform;
    struct kia_pci *pci;
    struct kia_acpi_pm *pm;
    struct kia_fw *fw;
    struct kia_console *console;
    struct kia_chr *chardevs[KIA_MAX_CHARDEVS]; /* NULL: the terminal's, or null's */
    int pty_sides[KIA_MAX_CHARDEVS]; /* the other sides of -chardev pty; 0: none */
    int chardev_listeners[KIA_MAX_CHARDEVS]; /* of -chardev socket,server=on; 0: none */
    char tap_names[KIA_MAX_NETDEVS][16]; /* interfaces that were opened by name */
    struct kia_balloon *balloon; /* NULL: none */
    struct kia_gdb *gdb; /* NULL: without -gdb */
    bool held; /* for gdb: no vcpu runs until it says so. Main thread */
    bool was_on; /* RAM holds an earlier life's data */
    bool fw_ready; /* firmware is in RAM: not if loaded images need its place and no kernel is there */

    struct kia_vcpu *vcpus[KIA_MAX_CPUS];

    /* The vcpu threads' coming and going (run.c). */
    struct vcpu_thread threads[KIA_MAX_CPUS];
    unsigned n_threads;
    pthread_mutex_t run_lock;
    pthread_cond_t run_cond;
    atomic_bool pause; /* vcpu threads stay out of the guest */
    unsigned n_running; /* vcpu threads that are not parked */
    bool end; /* vcpu threads return */
    enum machine_request request;

    _Atomic int64_t clock_offset; /* nanoseconds from the host's UTC, or virtual time, to the guest's clock */
};

/* board.c: 0, or negative errno with a message. Nothing of the guest runs yet. */
int machine_create(struct kia_board **board, const struct kia_options *options);
void machine_destroy(struct kia_board *board);
/* Power-on state: devices, RAM, images, processors, firmware. All vcpu threads are parked. */
int machine_reset(struct kia_board *board);

/* chardev.c: opens what -chardev asks for. 0, or negative errno with a message. */
int chardevs_open(struct kia_board *board);
void chardevs_close(struct kia_board *board);
/* The back end of a chardev by its index, NULL for null. */
struct kia_chr *chardev_chr(struct kia_board *board, int index);

/* devices.c: attaches what the options put on the PCI bus. 0, or negative errno with a message. */
int devices_attach(struct kia_board *board);

/* netdev.c: makes a network's back end. 0, or negative errno with a message. */
int netdev_create(struct kia_board *board, unsigned index, struct kia_net **net);
/* Runs the scripts that take tap interfaces down again; the back ends are gone. */
void netdevs_close(struct kia_board *board);

/* disk.c: opens and locks an image; @direct_fd only for cache=none; @sectors of 512 bytes. 0, or negative
 * errno with a message. */
int disk_open(const struct kia_drive *drive, int *fd, int *direct_fd, uint64_t *sectors);

/* virtual_time.c: the event loop's timers go by the time of a deterministic machine. Before a timer is
 * set. */
void virtual_time_start(struct kia_board *board);

/* load.c */
int load_images(struct kia_board *board);
/* After firmware's setup: stores the data of -device loader, sets off the processors it starts. */
void load_finish(struct kia_board *board);

/* run.c */
void machine_request(struct kia_board *board, enum machine_request request);
/* Runs the machine to its end. Return: the process's exit status. */
int machine_run(struct kia_board *board);

#endif
