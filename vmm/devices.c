/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that the command line puts on the PCI bus. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "accel/accel.h"
#include "dev/loop.h"
#include "dev/virtio.h"
#include "dev/virtio_9p.h"
#include "dev/virtio_balloon.h"
#include "dev/virtio_blk.h"
#include "dev/virtio_console.h"
#include "dev/virtio_net.h"
#include "dev/virtio_rng.h"
#include "vmm/log.h"
#include "vmm/machine.h"

static int attach_drive(struct kia_board *board, const struct kia_device *device)
{
    const struct kia_drive *drive = &board->options->drives[device->of];
    struct kia_virtio_blk_config config = {
        .readonly = drive->readonly,
        .writethrough = drive->writethrough,
        .ignore_flush = drive->no_flush,
        .no_discard = drive->no_discard,
        .serial = drive->serial,
        .queues = drive->queues,
    };
    int err = disk_open(drive, &config.fd, &config.direct_fd, &config.sectors);

    if (err)
        return err;
    err = kia_virtio_blk_attach(board->pci, drive->slot, &config);
    if (err == -EBUSY)
        kia_err(0, "drive '%s': PCI slot %d is taken; choose another addr", drive->file, drive->slot);
    else if (err)
        kia_err(err, "cannot make a device for drive '%s'", drive->file);
    return err;
}

/* The message for a device that could not be attached. */
static int report(int err, const struct kia_device *device, const char *what)
{
    if (err == -EBUSY)
        kia_err(0, "%s: PCI slot %d is taken; choose another addr", what, device->slot);
    else if (err)
        kia_err(err, "cannot make the %s", what);
    return err;
}

static int attach_rng(struct kia_board *board, const struct kia_device *device)
{
    int fd = -1;

    if (device->rng_path) {
        fd = open(device->rng_path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return kia_err(-errno, "cannot read random numbers from '%s'", device->rng_path);
    }
    return report(kia_virtio_rng_attach(board->pci, device->slot, fd), device, "virtio-rng device");
}

static int attach_net(struct kia_board *board, const struct kia_device *device)
{
    struct kia_virtio_net_config config = { .mtu = device->mtu };
    int err;

    for (unsigned i = 0; i < sizeof(config.mac); i++)
        config.mac[i] = device->mac[i];
    if (device->of >= 0) {
        if (kia_loop_is_virtual(board->loop)) {
            kia_err(0,
                    "a network is not the same in every run: leave -nic and -netdev out, or use -nic none");
            return -EINVAL;
        }
        err = netdev_create(board, device->of, &config.net);
        if (err)
            return err;
    }
    return report(kia_virtio_net_attach(board->pci, device->slot, &config), device, "network card");
}

static int attach_9p(struct kia_board *board, const struct kia_device *device)
{
    const struct kia_p9_config *config = &board->options->fsdevs[device->of].p9;
    struct kia_p9 *p9;
    int err = kia_p9_create(config, &p9);

    if (err == -EOPNOTSUPP)
        return kia_err(err, "cannot keep the guest's owners in folder '%s': use security_model=none",
                       config->path);
    if (err)
        return kia_err(err, "cannot share folder '%s'", config->path);
    return report(kia_virtio_9p_attach(board->pci, device->slot, device->mount_tag, p9), device,
                  "virtio-9p device");
}

static int attach_balloon(struct kia_board *board, const struct kia_device *device)
{
    return report(kia_virtio_balloon_attach(board->pci, device->slot, &device->balloon, &board->balloon),
                  device, "virtio-balloon device");
}

static int attach_console(struct kia_board *board, const struct kia_device *device)
{
    struct kia_virtio_console_port ports[KIA_VIRTIO_CONSOLE_MAX_PORTS];

    for (unsigned i = 0; i < device->n_ports; i++) {
        const struct kia_port *port = &device->ports[i];

        ports[i] = (struct kia_virtio_console_port){
            .chr = chardev_chr(board, port->chardev),
            .is_console = port->is_console,
            .name = port->name,
        };
    }
    return report(kia_virtio_console_attach(board->pci, device->slot, ports, device->n_ports), device,
                  "virtio-serial device");
}

/* Devices that do in one run what they did in the other: what brings something in from outside cannot. */
static int check_repeatable(const struct kia_device *device)
{
    struct stat st;

    switch (device->kind) {
    case KIA_DEVICE_BLK:
    case KIA_DEVICE_NET: /* attach_net() wants none behind it */
        return 0;
    case KIA_DEVICE_RNG:
        if (!device->rng_path || (!stat(device->rng_path, &st) && S_ISREG(st.st_mode)))
            return 0;
        kia_err(0, "virtio-rng-pci: '%s' is no file: no two runs get the same bytes", device->rng_path);
        return -EINVAL;
    default:
        kia_err(0, "a deterministic machine has no devices that take input from outside: no networks, "
                   "consoles, shared "
                   "folders");
        return -EINVAL;
    }
}

/** devices_attach - see the header */
int devices_attach(struct kia_board *board)
{
    int err = 0;

    for (unsigned i = 0; !err && i < board->options->n_devices; i++) {
        const struct kia_device *device = &board->options->devices[i];

        kia_virtio_withhold(board->pci, device->withheld);
        if (kia_vm_is_deterministic(board->info.vm) && (err = check_repeatable(device)))
            break;
        switch (device->kind) {
        case KIA_DEVICE_9P:
            err = attach_9p(board, device);
            break;
        case KIA_DEVICE_BALLOON:
            err = attach_balloon(board, device);
            break;
        case KIA_DEVICE_BLK:
            err = attach_drive(board, device);
            break;
        case KIA_DEVICE_CONSOLE:
            err = attach_console(board, device);
            break;
        case KIA_DEVICE_NET:
            err = attach_net(board, device);
            break;
        case KIA_DEVICE_RNG:
            err = attach_rng(board, device);
            break;
        }
    }
    return err;
}
