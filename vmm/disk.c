/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening disk images. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/virtio_blk.h"
#include "vmm/log.h"
#include "vmm/machine.h"

/* Two machines must not write one image: writers lock it alone, readers together. File systems without locks
 * pass. */
static int lock_image(int fd, bool readonly)
{
    struct flock lock = { .l_type = readonly ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };

    if (fcntl(fd, F_OFD_SETLK, &lock) && (errno == EAGAIN || errno == EACCES))
        return -EBUSY;
    return 0;
}

static int check_image(const struct kia_drive *drive, int fd, uint64_t *sectors)
{
    struct stat st;
    off_t size;

    if (fstat(fd, &st))
        return kia_err(-errno, "cannot look at disk image '%s'", drive->file);
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        kia_err(0, "disk image '%s' is neither a file nor a block device", drive->file);
        return -EINVAL;
    }
    size = lseek(fd, 0, SEEK_END);
    if (size < 0)
        return kia_err(-errno, "cannot get the size of disk image '%s'", drive->file);
    if (!size || size % KIA_VIRTIO_BLK_SECTOR) {
        kia_err(0,
                "disk image '%s' of %lld bytes does not consist of whole 512-byte sectors: extend it with "
                "truncate",
                drive->file, (long long)size);
        return -EINVAL;
    }
    *sectors = size / KIA_VIRTIO_BLK_SECTOR;
    return 0;
}

/* A second way to the image past the host's cache. Not every file system has one. */
static int open_direct(const struct kia_drive *drive, int fd, int *direct_fd)
{
    char name[32];

    /* By the descriptor, so that it is the same file whatever happened to its name. */
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    *direct_fd = open(name, (drive->readonly ? O_RDONLY : O_RDWR) | O_DIRECT | O_CLOEXEC);
    if (*direct_fd >= 0)
        return 0;
    *direct_fd = 0;
    return kia_err(-errno, "cannot open disk image '%s' without the host's cache: use cache=writeback",
                   drive->file);
}

/* What the host has mounted or put to another use must not be written: such block devices are held exclusively. */
static int open_image(const struct kia_drive *drive)
{
    int flags = (drive->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    struct stat st;
    int fd;

    if (!drive->readonly && !stat(drive->file, &st) && S_ISBLK(st.st_mode))
        flags |= O_EXCL;
    fd = open(drive->file, flags);
    if (fd >= 0)
        return fd;
    if (flags & O_EXCL && errno == EBUSY) {
        kia_err(0, "block device '%s' is in use by the host: unmount it first (or add readonly=on)", drive->file);
        return -EBUSY;
    }
    return kia_err(-errno, "cannot open disk image '%s'%s", drive->file,
                   errno == EACCES || errno == EROFS ? " for writing (or add readonly=on)" : "");
}

/** disk_open - see the header; descriptors are open only if 0 is returned */
int disk_open(const struct kia_drive *drive, int *fd, int *direct_fd, uint64_t *sectors)
{
    int err;

    *fd = open_image(drive);
    if (*fd < 0)
        return *fd;
    err = check_image(drive, *fd, sectors);
    if (!err && lock_image(*fd, drive->readonly)) {
        kia_err(0, "disk image '%s' is in use by another program: end that first", drive->file);
        err = -EBUSY;
    }
    if (!err && drive->direct)
        err = open_direct(drive, *fd, direct_fd);
    if (err)
        close(*fd);
    return err;
}
