/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the 9P server, for dev/p9*.c alone. */
#ifndef KIA_P9_IMPL_H
#define KIA_P9_IMPL_H

#include <sys/stat.h>

#include "dev/p9.h"

enum {
    P9_BUCKETS = 1024,
    P9_MAX_FIDS = 1 << 16,
    P9_MAX_NAME = 255,
    P9_MAX_XATTR = 64 << 10,
    P9_HEADER = 7, /* size[4] type[1] tag[2] */
    P9_QID = 13,
};

/* What the client knows as a number. */
struct p9_fid {
    struct p9_fid *next;
    uint32_t id;
    uint32_t uid; /* of the attach */
    int path_fd;  /* O_PATH */
    int open_fd;  /* for reading and writing; -1: not opened */
    /* An extended attribute, or their list, instead of a file. */
    bool is_xattr, xattr_written;
    char xattr_name[P9_MAX_NAME + 1]; /* written at clunk */
    uint32_t xattr_flags;
    size_t xattr_len, xattr_have;
    uint8_t *xattr;
};

struct kia_p9 {
    int root_fd; /* O_PATH */
    struct stat root;
    enum kia_p9_security security;
    bool readonly;
    uint32_t msize; /* what the client agreed to; 0: no version yet */
    unsigned n_fids;
    struct p9_fid *fids[P9_BUCKETS];
};

/* A request's parameters, taken one after the other; @bad once they are too short. */
struct p9_in {
    const uint8_t *at;
    size_t left;
    bool bad;
};

uint64_t p9_get(struct p9_in *in, unsigned size);
/* A name for one file of a folder, with a NUL behind it; false, with *err, if it is none. */
bool p9_get_name(struct p9_in *in, char name[P9_MAX_NAME + 1], int *err);
/* A string of up to @max bytes, with a NUL behind it. */
bool p9_get_text(struct p9_in *in, char *text, size_t max);

/* The answer's parameters; @full once they do not fit. */
struct p9_out {
    uint8_t *at;
    size_t left;
    bool full;
};

void p9_put(struct p9_out *out, unsigned size, uint64_t value);
void p9_put_bytes(struct p9_out *out, const void *bytes, size_t n);
void p9_put_string(struct p9_out *out, const char *text, size_t n);
void p9_put_qid(struct kia_p9 *p9, struct p9_out *out, const struct stat *st);

/* Handlers: 0 or the errno that the client gets. */
typedef int p9_handler(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out);

struct p9_fid *p9_find(struct kia_p9 *p9, uint32_t id);
/* A new fid on @path_fd, which it closes in any case; NULL: that number is taken, or there are too many. */
struct p9_fid *p9_add(struct kia_p9 *p9, uint32_t id, int path_fd, uint32_t uid);

/* p9_host.c: the host's files. Return: 0 or an errno; descriptors or -1 with errno. */
int p9_open_child(int dir_fd, const char *name);
/* The folder above, but never above the root. */
int p9_open_parent(struct kia_p9 *p9, int dir_fd);
int p9_stat(struct kia_p9 *p9, int path_fd, struct stat *st);
/* Opens what an O_PATH descriptor stands for: files and folders only, so that no device or pipe of the host
 * is touched. */
int p9_reopen(struct kia_p9 *p9, int path_fd, int flags);
int p9_chmod(struct kia_p9 *p9, int path_fd, uint32_t mode);
int p9_chown(struct kia_p9 *p9, int path_fd, uint32_t uid, uint32_t gid);
/* After a file was made: gives it the client's owner and mode (with its type). */
int p9_adopt(struct kia_p9 *p9, int path_fd, uint32_t mode, uint32_t uid, uint32_t gid, uint64_t rdev);
/* The name of a descriptor for calls that take no O_PATH one. */
struct p9_proc {
    char name[32];
};
struct p9_proc p9_proc(int fd);

/* p9_file.c, p9_name.c, p9_xattr.c */
p9_handler p9_lopen, p9_lcreate, p9_read, p9_write, p9_readdir, p9_fsync, p9_getattr, p9_setattr, p9_statfs;
p9_handler p9_lock, p9_getlock;
p9_handler p9_mkdir, p9_mknod, p9_symlink, p9_link, p9_readlink, p9_renameat, p9_unlinkat;
p9_handler p9_xattrwalk, p9_xattrcreate;
/* Reading and writing an attribute's fid; what its clunk does. */
int p9_xattr_read(struct p9_fid *fid, uint64_t offset, uint32_t count, struct p9_out *out);
int p9_xattr_write(struct p9_fid *fid, uint64_t offset, const uint8_t *data, uint32_t count);
int p9_xattr_clunk(struct p9_fid *fid);

#endif
