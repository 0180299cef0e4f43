/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server: opening, reading, writing, and attributes of files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dev/p9_impl.h"

enum {
    GETATTR_BASIC = 0x7ff,

    SET_MODE = 1 << 0,
    SET_UID = 1 << 1,
    SET_GID = 1 << 2,
    SET_SIZE = 1 << 3,
    SET_ATIME = 1 << 4,
    SET_MTIME = 1 << 5,
    SET_ATIME_TO = 1 << 7,
    SET_MTIME_TO = 1 << 8,

    STATFS_MAGIC = 0x01021997,
    LOCK_SUCCESS = 0,
    LOCK_UNLOCKED = 2,
    IO_OVERHEAD = P9_HEADER + 4,
};

/* The client's open flags have Linux's generic numbers, which are the host's too. */
static int host_flags(uint32_t flags)
{
    return flags & (O_ACCMODE | O_TRUNC | O_APPEND | O_DSYNC | O_SYNC | O_DIRECTORY);
}

static bool wants_to_write(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
}

static void put_opened(struct kia_p9 *p9, struct p9_out *out, const struct stat *st)
{
    p9_put_qid(p9, out, st);
    p9_put(out, 4, p9->msize - 24); /* iounit: what one Twrite holds */
}

int p9_lopen(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    int flags = host_flags(p9_get(in, 4)), fd, err;
    struct stat st;

    if (in->bad || !fid || fid->is_xattr || fid->open_fd >= 0)
        return EBADF;
    if (p9->readonly && wants_to_write(flags))
        return EROFS;
    fd = p9_reopen(p9, fid->path_fd, flags);
    if (fd < 0)
        return errno;
    err = p9_stat(p9, fid->path_fd, &st);
    if (err) {
        close(fd);
        return err;
    }
    fid->open_fd = fd;
    put_opened(p9, out, &st);
    return 0;
}

/* A new file, or an old one if it may be; *@made says which. An O_PATH descriptor, or -1 with errno. */
static int create(struct kia_p9 *p9, int dir_fd, const char *name, uint32_t flags, uint32_t mode, bool *made)
{
    bool mapped = p9->security == KIA_P9_MAPPED_XATTR;
    int fd = openat(dir_fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_RDWR,
                    mapped ? 0600 : (mode & 0777) | 0600); /* its mode comes when it has its owner */

    *made = fd >= 0;
    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST || (flags & O_EXCL))
        return -1;
    return p9_open_child(dir_fd, name);
}

int p9_lcreate(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    char name[P9_MAX_NAME + 1];
    uint32_t flags, mode, gid;
    int err, path_fd, fd;
    struct stat st;
    bool made;

    if (!p9_get_name(in, name, &err))
        return err;
    flags = p9_get(in, 4);
    mode = p9_get(in, 4);
    gid = p9_get(in, 4);
    if (in->bad || !fid || fid->is_xattr || fid->open_fd >= 0)
        return EBADF;
    path_fd = create(p9, fid->path_fd, name, flags, mode, &made);
    if (path_fd < 0)
        return errno;
    fd = p9_reopen(p9, path_fd, host_flags(flags) & ~O_DIRECTORY);
    err = fd < 0 ? errno : made ? p9_adopt(p9, path_fd, S_IFREG | (mode & 07777), fid->uid, gid, 0) : 0;
    if (!err)
        err = p9_stat(p9, path_fd, &st);
    if (err) {
        close(path_fd);
        if (fd >= 0)
            close(fd);
        return err;
    }
    close(fid->path_fd);
    fid->path_fd = path_fd;
    fid->open_fd = fd;
    put_opened(p9, out, &st);
    return 0;
}

int p9_read(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    uint64_t offset = p9_get(in, 8);
    uint32_t count = p9_get(in, 4);
    struct p9_out length = *out;
    ssize_t n;

    if (in->bad || !fid)
        return EBADF;
    if (fid->is_xattr)
        return p9_xattr_read(fid, offset, count, out);
    if (fid->open_fd < 0 || offset > INT64_MAX)
        return EBADF;
    p9_put(out, 4, 0);
    n = pread(fid->open_fd, out->at, count < out->left ? count : out->left, offset);
    if (n < 0)
        return errno;
    p9_put(&length, 4, n);
    out->at += n;
    out->left -= n;
    return 0;
}

int p9_write(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    uint64_t offset = p9_get(in, 8);
    uint32_t count = p9_get(in, 4);
    ssize_t n;

    if (in->bad || !fid)
        return EBADF;
    if (count > in->left)
        return EINVAL;
    if (fid->is_xattr) {
        int err = p9_xattr_write(fid, offset, in->at, count);

        p9_put(out, 4, count);
        return err;
    }
    if (fid->open_fd < 0 || offset > INT64_MAX)
        return EBADF;
    n = pwrite(fid->open_fd, in->at, count, offset);
    if (n < 0)
        return errno;
    p9_put(out, 4, n);
    return 0;
}

/* Entries that fit; the client goes on at the last one's offset. */
int p9_readdir(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    uint64_t offset = p9_get(in, 8);
    uint32_t count = p9_get(in, 4);
    struct p9_out length = *out;
    uint64_t buf[4096];
    uint8_t *start;
    bool room = true;
    ssize_t n;

    if (in->bad || !fid || fid->is_xattr || fid->open_fd < 0)
        return EBADF;
    if (lseek(fid->open_fd, offset, SEEK_SET) < 0)
        return errno;
    p9_put(out, 4, 0);
    start = out->at;
    if (count < out->left)
        out->left = count;
    while (room && (n = getdents64(fid->open_fd, buf, sizeof(buf))) > 0) {
        for (ssize_t at = 0; room && at < n;) {
            const struct dirent64 *entry = (const void *)((const char *)buf + at);
            struct stat st = { .st_ino = entry->d_ino,
                               .st_dev = p9->root.st_dev,
                               .st_mode = DTTOIF(entry->d_type) };
            size_t len = strlen(entry->d_name);

            room = out->left >= P9_QID + 8 + 1 + 2 + len;
            if (room) {
                p9_put_qid(p9, out, &st);
                p9_put(out, 8, entry->d_off);
                p9_put(out, 1, p9->security == KIA_P9_MAPPED_XATTR ? DT_UNKNOWN : entry->d_type);
                p9_put_string(out, entry->d_name, len);
            }
            at += entry->d_reclen;
        }
    }
    if (room && n < 0)
        return errno;
    p9_put(&length, 4, out->at - start);
    return 0;
}

int p9_fsync(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    bool data_only = in->left >= 4 && p9_get(in, 4);

    (void)out;
    if (in->bad || !fid || fid->is_xattr || fid->open_fd < 0)
        return EBADF;
    return (data_only ? fdatasync(fid->open_fd) : fsync(fid->open_fd)) ? errno : 0;
}

static uint64_t encode_device(uint64_t dev)
{
    return (minor(dev) & 0xff) | (uint64_t)major(dev) << 8 | (uint64_t)(minor(dev) & ~0xffu) << 12;
}

static void put_time(struct p9_out *out, const struct timespec *time)
{
    p9_put(out, 8, time->tv_sec);
    p9_put(out, 8, time->tv_nsec);
}

int p9_getattr(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    static const struct timespec none;
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    struct stat st;
    int err;

    p9_get(in, 8); /* what is asked for: all is given */
    if (in->bad || !fid || fid->is_xattr)
        return EBADF;
    err = p9_stat(p9, fid->path_fd, &st);
    if (err)
        return err;
    p9_put(out, 8, GETATTR_BASIC);
    p9_put_qid(p9, out, &st);
    p9_put(out, 4, st.st_mode);
    p9_put(out, 4, st.st_uid);
    p9_put(out, 4, st.st_gid);
    p9_put(out, 8, st.st_nlink);
    p9_put(out, 8, encode_device(st.st_rdev));
    p9_put(out, 8, st.st_size);
    p9_put(out, 8, st.st_blksize);
    p9_put(out, 8, st.st_blocks);
    put_time(out, &st.st_atim);
    put_time(out, &st.st_mtim);
    put_time(out, &st.st_ctim);
    put_time(out, &none); /* birth, generation, data version: not known */
    p9_put(out, 8, 0);
    p9_put(out, 8, 0);
    return 0;
}

static int set_size(struct kia_p9 *p9, struct p9_fid *fid, uint64_t size)
{
    int fd, err;

    if (size > INT64_MAX)
        return EFBIG;
    fd = p9_reopen(p9, fid->path_fd, O_WRONLY);
    if (fd < 0)
        return errno;
    err = ftruncate(fd, size) ? errno : 0;
    close(fd);
    return err;
}

static struct timespec new_time(uint32_t valid, uint32_t set, uint32_t to, uint64_t sec, uint64_t nsec)
{
    return (struct timespec){
        sec,
        !(valid & set)  ? UTIME_OMIT
        : !(valid & to) ? UTIME_NOW
                        : (long)(nsec < 1000000000 ? nsec : 0),
    };
}

int p9_setattr(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    uint32_t valid = p9_get(in, 4), mode = p9_get(in, 4), uid = p9_get(in, 4), gid = p9_get(in, 4);
    uint64_t size = p9_get(in, 8), times[4];
    struct timespec to[2];
    int err = 0;

    (void)out;
    for (unsigned i = 0; i < 4; i++)
        times[i] = p9_get(in, 8);
    if (in->bad || !fid || fid->is_xattr)
        return EBADF;
    if (valid & (SET_UID | SET_GID))
        err = p9_chown(p9, fid->path_fd, valid & SET_UID ? uid : UINT32_MAX,
                       valid & SET_GID ? gid : UINT32_MAX);
    if (!err && (valid & SET_MODE))
        err = p9_chmod(p9, fid->path_fd, mode);
    if (!err && (valid & SET_SIZE))
        err = set_size(p9, fid, size);
    if (!err && (valid & (SET_ATIME | SET_MTIME))) {
        to[0] = new_time(valid, SET_ATIME, SET_ATIME_TO, times[0], times[1]);
        to[1] = new_time(valid, SET_MTIME, SET_MTIME_TO, times[2], times[3]);
        if (utimensat(fid->path_fd, "", to, AT_EMPTY_PATH))
            err = errno;
    }
    return err;
}

int p9_statfs(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    struct statfs st;

    if (in->bad || !fid || fid->is_xattr)
        return EBADF;
    if (fstatfs(fid->path_fd, &st))
        return errno;
    p9_put(out, 4, STATFS_MAGIC);
    p9_put(out, 4, st.f_bsize);
    p9_put(out, 8, st.f_blocks);
    p9_put(out, 8, st.f_bfree);
    p9_put(out, 8, st.f_bavail);
    p9_put(out, 8, st.f_files);
    p9_put(out, 8, st.f_ffree);
    p9_put(out, 8, 0);
    p9_put(out, 4, P9_MAX_NAME);
    return 0;
}

/* The folder has one client, which keeps its own locks. */
int p9_lock(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));

    if (in->bad || !fid)
        return EBADF;
    p9_put(out, 1, LOCK_SUCCESS);
    return 0;
}

int p9_getlock(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    char client[P9_MAX_NAME + 1];
    uint64_t start, length;
    uint32_t proc;

    p9_get(in, 1);
    start = p9_get(in, 8);
    length = p9_get(in, 8);
    proc = p9_get(in, 4);
    if (!p9_get_text(in, client, P9_MAX_NAME))
        return EINVAL;
    if (!fid)
        return EBADF;
    p9_put(out, 1, LOCK_UNLOCKED);
    p9_put(out, 8, start);
    p9_put(out, 8, length);
    p9_put(out, 4, proc);
    p9_put_string(out, client, strlen(client));
    return 0;
}
