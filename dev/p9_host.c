/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server's side to the host's files. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "dev/p9_impl.h"

#define XATTR_UID "user.virtfs.uid"
#define XATTR_GID "user.virtfs.gid"
#define XATTR_MODE "user.virtfs.mode"
#define XATTR_RDEV "user.virtfs.rdev"

enum { MAX_DEPTH = 4096 };

struct p9_proc p9_proc(int fd)
{
    struct p9_proc proc;

    snprintf(proc.name, sizeof(proc.name), "/proc/self/fd/%d", fd);
    return proc;
}

int p9_open_child(int dir_fd, const char *name)
{
    struct open_how how = {
        .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));

    /* Kernels before 5.6: one name without "/", which is not "..", leads nowhere else either. */
    if (fd < 0 && errno == ENOSYS)
        fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd;
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is the root on the way up from @dir_fd? The host may have moved a folder out of it. */
static int check_beneath(struct kia_p9 *p9, int dir_fd)
{
    int fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0), err = fd < 0 ? errno : 0;
    struct stat st, above;

    if (!err && fstat(fd, &st))
        err = errno;
    for (unsigned depth = 0; !err && !same(&st, &p9->root); depth++) {
        int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

        close(fd);
        fd = up;
        if (fd < 0 || fstat(fd, &above))
            err = errno;
        else if (same(&st, &above) || depth == MAX_DEPTH)
            err = EXDEV;
        st = above;
    }
    if (fd >= 0)
        close(fd);
    return err;
}

int p9_open_parent(struct kia_p9 *p9, int dir_fd)
{
    struct stat st;
    int fd, err;

    if (fstat(dir_fd, &st))
        return -1;
    if (same(&st, &p9->root))
        return fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    fd = openat(dir_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    err = fd < 0 ? errno : check_beneath(p9, fd);
    if (err) {
        if (fd >= 0)
            close(fd);
        errno = err;
        return -1;
    }
    return fd;
}

static bool read_mapped(int path_fd, const char *name, void *value, size_t size)
{
    return getxattr(p9_proc(path_fd).name, name, value, size) == (ssize_t)size;
}

int p9_stat(struct kia_p9 *p9, int path_fd, struct stat *st)
{
    uint32_t value;
    uint64_t rdev;

    if (fstatat(path_fd, "", st, AT_EMPTY_PATH))
        return errno;
    if (p9->security != KIA_P9_MAPPED_XATTR || S_ISLNK(st->st_mode))
        return 0;
    if (getxattr(p9_proc(path_fd).name, XATTR_MODE, &value, sizeof(value)) < 0 && errno == EOPNOTSUPP)
        return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) ? EOPNOTSUPP : 0;
    if (read_mapped(path_fd, XATTR_UID, &value, sizeof(value)))
        st->st_uid = le32toh(value);
    if (read_mapped(path_fd, XATTR_GID, &value, sizeof(value)))
        st->st_gid = le32toh(value);
    if (read_mapped(path_fd, XATTR_MODE, &value, sizeof(value))) {
        value = le32toh(value);
        /* What is a folder here must stay one for the client, and nothing else may become one. */
        if (S_ISDIR(value) == S_ISDIR(st->st_mode))
            st->st_mode = value;
    }
    if (read_mapped(path_fd, XATTR_RDEV, &rdev, sizeof(rdev)))
        st->st_rdev = le64toh(rdev);
    return 0;
}

int p9_reopen(struct kia_p9 *p9, int path_fd, int flags)
{
    struct stat host, st;
    int err = fstat(path_fd, &host) ? errno : p9_stat(p9, path_fd, &st);

    if (!err && !S_ISREG(host.st_mode) && !S_ISDIR(host.st_mode))
        err = S_ISLNK(host.st_mode) ? ELOOP : ENXIO;
    if (!err && (st.st_mode & S_IFMT) != (host.st_mode & S_IFMT))
        err = S_ISLNK(st.st_mode) ? ELOOP : ENXIO;
    if (err) {
        errno = err;
        return -1;
    }
    return open(p9_proc(path_fd).name, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int write_mapped(int path_fd, const char *name, const void *value, size_t size)
{
    return setxattr(p9_proc(path_fd).name, name, value, size, 0) ? errno : 0;
}

static int map32(int path_fd, const char *name, uint32_t value)
{
    value = htole32(value);
    return write_mapped(path_fd, name, &value, sizeof(value));
}

int p9_chmod(struct kia_p9 *p9, int path_fd, uint32_t mode)
{
    struct stat st;
    int err = p9_stat(p9, path_fd, &st);

    if (err)
        return err;
    if (p9->security == KIA_P9_MAPPED_XATTR)
        return map32(path_fd, XATTR_MODE, (mode & ~S_IFMT) | (st.st_mode & S_IFMT));
    if (S_ISLNK(st.st_mode))
        return EOPNOTSUPP;
    return chmod(p9_proc(path_fd).name, mode & 07777) ? errno : 0;
}

int p9_chown(struct kia_p9 *p9, int path_fd, uint32_t uid, uint32_t gid)
{
    int err = 0;

    if (p9->security == KIA_P9_MAPPED_XATTR) {
        if (uid != UINT32_MAX)
            err = map32(path_fd, XATTR_UID, uid);
        return !err && gid != UINT32_MAX ? map32(path_fd, XATTR_GID, gid) : err;
    }
    if (fchownat(path_fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        err = errno;
    return p9->security == KIA_P9_NONE && err == EPERM ? 0 : err;
}

int p9_adopt(struct kia_p9 *p9, int path_fd, uint32_t mode, uint32_t uid, uint32_t gid, uint64_t rdev)
{
    int err = p9_chown(p9, path_fd, uid, gid);

    if (err)
        return err;
    if (p9->security == KIA_P9_MAPPED_XATTR) {
        err = map32(path_fd, XATTR_MODE, mode);
        if (!err && (S_ISCHR(mode) || S_ISBLK(mode))) {
            rdev = htole64(rdev);
            err = write_mapped(path_fd, XATTR_RDEV, &rdev, sizeof(rdev));
        }
        return err;
    }
    /* The process's umask has cut the mode, a change of owner its upper bits. */
    return S_ISLNK(mode) ? 0 : p9_chmod(p9, path_fd, mode);
}
