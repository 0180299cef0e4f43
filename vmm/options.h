/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line, with QEMU's option names where it has the same thing. Main thread; includes libc and
 * configurations of dev/. */
#ifndef KIA_OPTIONS_H
#define KIA_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "dev/net_user.h"
#include "dev/p9.h"
#include "dev/virtio_balloon.h"
#include "dev/virtio_console.h"
#include "vmm/keyval.h"

enum {
    KIA_MAX_DEVICES = 31,
    KIA_MAX_DRIVES = 16,
    KIA_MAX_LOADERS = 64,
    KIA_MAX_CHARDEVS = 16,
    KIA_MAX_CPUS = 128,
    KIA_MAX_SERIALS = 4,
    KIA_MAX_FSDEVS = 8,
    KIA_MAX_NETDEVS = 8,
    KIA_MAX_RNGS = 4,
};

struct kia_drive {
    char *id; /* NULL: none given */
    char *file;
    bool readonly;
    bool has_device; /* if=virtio, or a -device names it */
    int slot; /* PCI slot, -1: any */
    char *serial; /* NULL: none */
    bool direct, writethrough, no_flush; /* cache= */
    bool no_discard;
    unsigned queues;
};

/* -object rng-random and rng-builtin. */
struct kia_rng {
    char *id;
    char *path; /* NULL: getrandom(2) */
};

enum kia_netdev_kind { KIA_NETDEV_USER, KIA_NETDEV_TAP, KIA_NETDEV_SOCKET };

/* -netdev, or the half of -nic that is one. */
struct kia_netdev {
    enum kia_netdev_kind kind;
    const char *id; /* NULL: of a -nic */
    bool used; /* a device has it */
    struct kia_net_user_config user;
    struct {
        const char *name, *script, *downscript; /* NULL: not said */
        int fd; /* -1: by name */
    } tap;
    struct {
        const char *listen, *connect, *udp, *mcast, *localaddr; /* one of the first four; [HOST]:PORT */
    } socket;
    struct kia_keyval kv; /* holds the strings */
};

enum kia_chardev_kind {
    KIA_CHARDEV_NULL,
    KIA_CHARDEV_STDIO,
    KIA_CHARDEV_FILE,
    KIA_CHARDEV_PIPE,
    KIA_CHARDEV_PTY,
    KIA_CHARDEV_SOCKET,
};

struct kia_chardev {
    enum kia_chardev_kind kind;
    const char *id;
    const char *path; /* of files and pipes */
    char *address; /* of sockets, as vmm/sock.h takes it */
    bool server;
    bool wait; /* of a server: for the first caller, before anything runs */
    bool used; /* a device has it */
    struct kia_keyval kv; /* holds the strings */
};

/* -device virtconsole and virtserialport. */
struct kia_port {
    int chardev; /* its index */
    bool is_console;
    char *name;
};

/* -fsdev, or the half of -virtfs that is one. */
struct kia_fsdev {
    const char *id; /* NULL: of a -virtfs without one */
    bool used; /* a device has it */
    struct kia_p9_config p9;
    struct kia_keyval kv; /* holds the strings */
};

enum kia_device_kind {
    KIA_DEVICE_9P,
    KIA_DEVICE_BALLOON,
    KIA_DEVICE_BLK,
    KIA_DEVICE_CONSOLE,
    KIA_DEVICE_NET,
    KIA_DEVICE_RNG,
};

/* A device on the PCI bus. */
struct kia_device {
    enum kia_device_kind kind;
    int slot; /* -1: any */
    uint64_t withheld; /* features that it does not offer: packed=off and the like */
    int of; /* index of the drive, netdev or fsdev, -1: none */
    uint8_t mac[6];
    uint16_t mtu; /* 0: not said */
    char *mount_tag;
    struct kia_virtio_balloon_config balloon;
    char *bus; /* of ports: its id */
    struct kia_port ports[KIA_VIRTIO_CONSOLE_MAX_PORTS];
    unsigned n_ports, max_ports;
    char *rng_path; /* NULL: getrandom(2) */
};

/* -device loader, the forms of QEMU's generic loader. */
struct kia_loader {
    char *file; /* NULL: data, or an address for a processor alone */
    bool force_raw;
    bool has_addr;
    uint64_t addr;
    unsigned data_len; /* 1-8: store @data there; 0: no data */
    uint64_t data; /* as it lies in memory, first byte lowest */
    int cpu; /* this processor starts at @addr, or at the file's entry; -1: none */
};

enum kia_serial {
    KIA_SERIAL_CONSOLE, /* terminal with the C-a keys (-nographic, mon:stdio) */
    KIA_SERIAL_STDIO, /* terminal alone: C-c ends the program */
    KIA_SERIAL_FILE,
    KIA_SERIAL_CHARDEV, /* serial_chardev */
    KIA_SERIAL_NULL, /* a port with nothing at the other end */
    KIA_SERIAL_NONE, /* no port */
};

struct kia_options {
    uint64_t ram_size;
    unsigned cpus;
    char *accel, *cpu;
    char *kernel, *initrd, *append;
    struct kia_drive drives[KIA_MAX_DRIVES];
    unsigned n_drives;
    struct kia_rng rngs[KIA_MAX_RNGS];
    unsigned n_rngs;
    struct kia_netdev netdevs[KIA_MAX_NETDEVS];
    unsigned n_netdevs;
    unsigned n_nics;
    struct kia_chardev chardevs[KIA_MAX_CHARDEVS];
    unsigned n_chardevs;
    bool stdio_chardev, stdio_mux; /* a chardev is on the terminal; with the C-a keys */
    struct kia_fsdev fsdevs[KIA_MAX_FSDEVS];
    unsigned n_fsdevs;
    struct kia_device devices[KIA_MAX_DEVICES]; /* in the order of the command line */
    unsigned n_devices;
    struct kia_loader loaders[KIA_MAX_LOADERS];
    unsigned n_loaders;
    enum kia_serial serial;
    int serial_chardev;
    int more_serials[KIA_MAX_SERIALS - 1]; /* of the second port and so on: chardevs, or -1 for nothing at the other end */
    unsigned n_serials; /* how often -serial was given */
    char *serial_path;
    bool no_reboot, no_shutdown;
    bool rtc_is_host; /* the clock is to show the host's time */
    int64_t rtc_date; /* what it is to show at the start, seconds since 1970; 0: no date was given */
    int64_t rtc_offset; /* seconds from the host's UTC to the guest's clock */
    char *gdb; /* where to wait for gdb; NULL: nowhere */
    bool stopped; /* -S */
    char *log_items, *log_file; /* -d, -D */
};

enum kia_options_result {
    KIA_OPTIONS_RUN,
    KIA_OPTIONS_DONE, /* help or version was printed */
    KIA_OPTIONS_CPU_HELP, /* the accelerator's models are to be printed */
    KIA_OPTIONS_BAD, /* a message was printed */
};

/* Fills @options from @argv; kia_options_free() afterwards in any case. */
enum kia_options_result kia_options_parse(struct kia_options *options, int argc, char **argv);
void kia_options_free(struct kia_options *options);

#endif
