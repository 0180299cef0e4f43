/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server: extended attributes. Only those of users: the host's own mean something to the host. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "dev/p9_impl.h"

static bool is_ours(const char *name)
{
    return !strncmp(name, "user.", 5) && strncmp(name, "user.virtfs.", 12);
}

/* Files and folders only: a link's attributes cannot be reached, and it has none of a user's. */
static bool has_attributes(int path_fd)
{
    struct stat st;

    return !fstat(path_fd, &st) && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

/* Drops names that are not the client's. */
static size_t filter(char *list, size_t len)
{
    size_t kept = 0;

    for (size_t at = 0; at < len;) {
        size_t n = strnlen(list + at, len - at) + 1;

        if (at + n <= len && is_ours(list + at)) {
            memmove(list + kept, list + at, n);
            kept += n;
        }
        at += n;
    }
    return kept;
}

/* Reads the attribute @name, or the list of names, into @fid. */
static int load(struct p9_fid *fid, const char *name)
{
    const struct p9_proc file = p9_proc(fid->path_fd);
    ssize_t n;

    if (!has_attributes(fid->path_fd))
        return *name ? ENODATA : 0;
    if (*name && !is_ours(name))
        return EOPNOTSUPP;
    fid->xattr = malloc(P9_MAX_XATTR);
    if (!fid->xattr)
        return ENOMEM;
    n = *name ? getxattr(file.name, name, fid->xattr, P9_MAX_XATTR)
              : listxattr(file.name, (char *)fid->xattr, P9_MAX_XATTR);
    if (n < 0)
        return errno;
    fid->xattr_len = *name ? (size_t)n : filter((char *)fid->xattr, n);
    fid->xattr_have = fid->xattr_len;
    return 0;
}

int p9_xattrwalk(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4)), probe;
    uint32_t new_id = p9_get(in, 4);
    char name[P9_MAX_NAME + 1];
    int err, fd;

    if (!p9_get_text(in, name, P9_MAX_NAME))
        return in->bad ? EINVAL : ENODATA;
    if (!fid || fid->is_xattr || p9_find(p9, new_id))
        return EBADF;
    memset(&probe, 0, sizeof(probe));
    probe.path_fd = fid->path_fd;
    err = load(&probe, name);
    fd = err ? -1 : fcntl(fid->path_fd, F_DUPFD_CLOEXEC, 0);
    if (!err && fd < 0)
        err = errno;
    fid = err ? NULL : p9_add(p9, new_id, fd, fid->uid);
    if (!fid) {
        free(probe.xattr);
        return err ? err : ENFILE;
    }
    fid->is_xattr = true;
    fid->xattr = probe.xattr;
    fid->xattr_len = fid->xattr_have = probe.xattr_len;
    p9_put(out, 8, fid->xattr_len);
    return 0;
}

/* The fid becomes the attribute; what is written to it is set when it is clunked. */
int p9_xattrcreate(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    char name[P9_MAX_NAME + 1];
    uint64_t size;
    uint32_t flags;

    (void)out;
    if (!p9_get_text(in, name, P9_MAX_NAME))
        return EINVAL;
    size = p9_get(in, 8);
    flags = p9_get(in, 4);
    if (in->bad || !fid || fid->is_xattr || fid->open_fd >= 0)
        return EBADF;
    if (!is_ours(name) || !has_attributes(fid->path_fd))
        return EOPNOTSUPP;
    if (size > P9_MAX_XATTR)
        return E2BIG;
    fid->xattr = malloc(size ? size : 1);
    if (!fid->xattr)
        return ENOMEM;
    fid->is_xattr = fid->xattr_written = true;
    fid->xattr_len = size;
    fid->xattr_have = 0;
    fid->xattr_flags = flags;
    strcpy(fid->xattr_name, name);
    return 0;
}

int p9_xattr_read(struct p9_fid *fid, uint64_t offset, uint32_t count, struct p9_out *out)
{
    size_t n = offset < fid->xattr_have ? fid->xattr_have - offset : 0;

    n = n < count ? n : count;
    p9_put(out, 4, n);
    if (n)
        p9_put_bytes(out, fid->xattr + offset, n);
    return 0;
}

int p9_xattr_write(struct p9_fid *fid, uint64_t offset, const uint8_t *data, uint32_t count)
{
    if (!fid->xattr_written || offset != fid->xattr_have || count > fid->xattr_len - fid->xattr_have)
        return EINVAL;
    memcpy(fid->xattr + offset, data, count);
    fid->xattr_have += count;
    return 0;
}

int p9_xattr_clunk(struct p9_fid *fid)
{
    const struct p9_proc file = p9_proc(fid->path_fd);

    if (!fid->xattr_written)
        return 0;
    if (fid->xattr_have != fid->xattr_len)
        return EIO;
    if (!fid->xattr_len) /* how clients remove one */
        return removexattr(file.name, fid->xattr_name) ? errno : 0;
    return setxattr(file.name, fid->xattr_name, fid->xattr, fid->xattr_len,
                    fid->xattr_flags & (XATTR_CREATE | XATTR_REPLACE))
               ? errno
               : 0;
}
