/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server: what makes, moves and removes names. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "dev/p9_impl.h"

enum { REMOVE_FOLDER = 0x200 };

/* The folder that a request names first. */
static struct p9_fid *get_folder(struct kia_p9 *p9, struct p9_in *in)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));

    return in->bad || !fid || fid->is_xattr ? NULL : fid;
}

/* What was made as @name gets its owner and mode and becomes the answer; it goes again if that fails. */
static int finish(struct kia_p9 *p9, struct p9_fid *folder, const char *name, uint32_t mode, uint32_t gid,
                  uint64_t rdev, struct p9_out *out)
{
    int fd = p9_open_child(folder->path_fd, name);
    int err = fd < 0 ? errno : p9_adopt(p9, fd, mode, folder->uid, gid, rdev);
    struct stat st;

    if (!err)
        err = p9_stat(p9, fd, &st);
    if (fd >= 0)
        close(fd);
    if (err)
        unlinkat(folder->path_fd, name, S_ISDIR(mode) ? AT_REMOVEDIR : 0);
    else
        p9_put_qid(p9, out, &st);
    return err;
}

/* In place of a link or a device: a plain file with a text in it. */
static int make_plain(struct p9_fid *folder, const char *name, const char *text)
{
    int fd = openat(folder->path_fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0600);
    size_t len = strlen(text);
    int err = 0;

    if (fd < 0)
        return errno;
    if (len && write(fd, text, len) != (ssize_t)len)
        err = EIO;
    close(fd);
    if (err)
        unlinkat(folder->path_fd, name, 0);
    return err;
}

int p9_mkdir(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *folder = get_folder(p9, in);
    char name[P9_MAX_NAME + 1];
    uint32_t mode, gid;
    int err;

    if (!p9_get_name(in, name, &err))
        return err;
    mode = p9_get(in, 4);
    gid = p9_get(in, 4);
    if (in->bad || !folder)
        return EBADF;
    if (mkdirat(folder->path_fd, name, p9->security == KIA_P9_MAPPED_XATTR ? 0700 : mode & 0777))
        return errno;
    return finish(p9, folder, name, S_IFDIR | (mode & 07777), gid, 0, out);
}

int p9_mknod(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *folder = get_folder(p9, in);
    char name[P9_MAX_NAME + 1];
    uint32_t mode, dev_major, dev_minor, gid;
    int err;

    if (!p9_get_name(in, name, &err))
        return err;
    mode = p9_get(in, 4);
    dev_major = p9_get(in, 4);
    dev_minor = p9_get(in, 4);
    gid = p9_get(in, 4);
    if (in->bad || !folder)
        return EBADF;
    if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode) && !S_ISCHR(mode) && !S_ISBLK(mode))
        return EINVAL;
    if (p9->security == KIA_P9_MAPPED_XATTR)
        err = make_plain(folder, name, "");
    else
        err = mknodat(folder->path_fd, name, mode, makedev(dev_major, dev_minor)) ? errno : 0;
    return err ? err : finish(p9, folder, name, mode, gid, makedev(dev_major, dev_minor), out);
}

int p9_symlink(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *folder = get_folder(p9, in);
    char name[P9_MAX_NAME + 1], target[PATH_MAX];
    uint32_t gid;
    int err;

    if (!p9_get_name(in, name, &err))
        return err;
    if (!p9_get_text(in, target, sizeof(target) - 1))
        return in->bad ? EINVAL : ENAMETOOLONG;
    gid = p9_get(in, 4);
    if (in->bad || !folder)
        return EBADF;
    if (p9->security == KIA_P9_MAPPED_XATTR)
        err = make_plain(folder, name, target);
    else
        err = symlinkat(target, folder->path_fd, name) ? errno : 0; /* a text: nothing here follows it */
    return err ? err : finish(p9, folder, name, S_IFLNK | 0777, gid, 0, out);
}

int p9_readlink(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = get_folder(p9, in);
    struct stat host, st;
    char target[PATH_MAX];
    ssize_t n = -1;
    int err, fd;

    if (!fid)
        return EBADF;
    if (fstat(fid->path_fd, &host))
        return errno;
    err = p9_stat(p9, fid->path_fd, &st);
    if (err)
        return err;
    if (!S_ISLNK(st.st_mode))
        return EINVAL;
    if (S_ISLNK(host.st_mode)) {
        n = readlinkat(fid->path_fd, "", target, sizeof(target));
    } else if (S_ISREG(host.st_mode)) {
        fd = open(p9_proc(fid->path_fd).name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        n = fd < 0 ? -1 : read(fd, target, sizeof(target));
        if (fd >= 0)
            close(fd);
    }
    if (n < 0)
        return errno;
    p9_put_string(out, target, n);
    return 0;
}

int p9_link(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *folder = get_folder(p9, in), *fid = get_folder(p9, in);
    char name[P9_MAX_NAME + 1];
    int err;

    (void)out;
    if (!p9_get_name(in, name, &err))
        return err;
    if (!folder || !fid)
        return EBADF;
    return linkat(AT_FDCWD, p9_proc(fid->path_fd).name, folder->path_fd, name, AT_SYMLINK_FOLLOW) ? errno : 0;
}

int p9_renameat(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *from = get_folder(p9, in), *to;
    char old_name[P9_MAX_NAME + 1], new_name[P9_MAX_NAME + 1];
    int err;

    (void)out;
    if (!p9_get_name(in, old_name, &err))
        return err;
    to = get_folder(p9, in);
    if (!p9_get_name(in, new_name, &err))
        return err;
    if (!from || !to)
        return EBADF;
    return renameat(from->path_fd, old_name, to->path_fd, new_name) ? errno : 0;
}

int p9_unlinkat(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *folder = get_folder(p9, in);
    char name[P9_MAX_NAME + 1];
    uint32_t flags;
    int err;

    (void)out;
    if (!p9_get_name(in, name, &err))
        return err;
    flags = p9_get(in, 4);
    if (in->bad || !folder)
        return EBADF;
    return unlinkat(folder->path_fd, name, flags & REMOVE_FOLDER ? AT_REMOVEDIR : 0) ? errno : 0;
}
