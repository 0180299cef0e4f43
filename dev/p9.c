/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P2000.L server: messages, fids, walking. */
#include "dev/p9.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dev/p9_impl.h"

enum {
    RLERROR = 7,
    TVERSION = 100,
    TATTACH = 104,
    TFLUSH = 108,
    TWALK = 110,
    TCLUNK = 120,
    TREMOVE = 122,
    MAX_WALK = 16,
    MIN_MSIZE = 4096,
    NO_FID = -1,
    QID_DIR = 0x80,
    QID_SYMLINK = 0x02,
};

#define VERSION "9P2000.L"

/* ---- parameters ---- */

uint64_t p9_get(struct p9_in *in, unsigned size)
{
    uint64_t value = 0;

    if (in->left < size) {
        in->bad = true;
        in->left = 0;
        return 0;
    }
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)in->at[i] << 8 * i;
    in->at += size;
    in->left -= size;
    return value;
}

bool p9_get_text(struct p9_in *in, char *text, size_t max)
{
    size_t n = p9_get(in, 2);

    if (in->bad || n > in->left) {
        in->bad = true;
        return false;
    }
    in->at += n;
    in->left -= n;
    if (n > max || memchr(in->at - n, 0, n))
        return false;
    memcpy(text, in->at - n, n);
    text[n] = 0;
    return true;
}

bool p9_get_name(struct p9_in *in, char name[P9_MAX_NAME + 1], int *err)
{
    if (!p9_get_text(in, name, P9_MAX_NAME)) {
        *err = in->bad ? EINVAL : ENAMETOOLONG;
        return false;
    }
    *err = EINVAL;
    return *name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..");
}

void p9_put(struct p9_out *out, unsigned size, uint64_t value)
{
    if (out->left < size) {
        out->full = true;
        return;
    }
    for (unsigned i = 0; i < size; i++)
        *out->at++ = value >> 8 * i;
    out->left -= size;
}

void p9_put_bytes(struct p9_out *out, const void *bytes, size_t n)
{
    if (out->left < n) {
        out->full = true;
        return;
    }
    memcpy(out->at, bytes, n);
    out->at += n;
    out->left -= n;
}

void p9_put_string(struct p9_out *out, const char *text, size_t n)
{
    p9_put(out, 2, n);
    p9_put_bytes(out, text, n);
}

void p9_put_qid(struct kia_p9 *p9, struct p9_out *out, const struct stat *st)
{
    uint64_t path = st->st_ino;

    /* Files of other file systems below the folder must differ from those of its own. */
    if (st->st_dev != p9->root.st_dev)
        path ^= st->st_dev * UINT64_C(0x9e3779b97f4a7c15);
    p9_put(out, 1, S_ISDIR(st->st_mode) ? QID_DIR : S_ISLNK(st->st_mode) ? QID_SYMLINK : 0);
    p9_put(out, 4, st->st_mtim.tv_sec ^ (uint64_t)st->st_size << 8);
    p9_put(out, 8, path);
}

/* ---- fids ---- */

static struct p9_fid **slot(struct kia_p9 *p9, uint32_t id)
{
    struct p9_fid **at = &p9->fids[id % P9_BUCKETS];

    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

struct p9_fid *p9_find(struct kia_p9 *p9, uint32_t id)
{
    return *slot(p9, id);
}

struct p9_fid *p9_add(struct kia_p9 *p9, uint32_t id, int path_fd, uint32_t uid)
{
    struct p9_fid **at = slot(p9, id);
    struct p9_fid *fid = *at || p9->n_fids == P9_MAX_FIDS ? NULL : calloc(1, sizeof(*fid));

    if (!fid) {
        close(path_fd);
        return NULL;
    }
    fid->id = id;
    fid->uid = uid;
    fid->path_fd = path_fd;
    fid->open_fd = -1;
    *at = fid;
    p9->n_fids++;
    return fid;
}

static void drop(struct kia_p9 *p9, struct p9_fid **at)
{
    struct p9_fid *fid = *at;

    *at = fid->next;
    p9->n_fids--;
    close(fid->path_fd);
    if (fid->open_fd >= 0)
        close(fid->open_fd);
    free(fid->xattr);
    free(fid);
}

/** kia_p9_reset - see the header */
void kia_p9_reset(struct kia_p9 *p9)
{
    for (unsigned i = 0; i < P9_BUCKETS; i++)
        while (p9->fids[i])
            drop(p9, &p9->fids[i]);
    p9->msize = 0;
}

/* ---- the session's messages ---- */

static int do_version(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    uint32_t msize = p9_get(in, 4);
    char version[32];
    bool known = p9_get_text(in, version, sizeof(version) - 1) && !strcmp(version, VERSION);

    if (in->bad || msize < MIN_MSIZE)
        return EINVAL;
    kia_p9_reset(p9); /* a new session */
    p9->msize = msize < KIA_P9_MAX_MESSAGE ? msize : KIA_P9_MAX_MESSAGE;
    p9_put(out, 4, p9->msize);
    p9_put_string(out, known ? VERSION : "unknown", strlen(known ? VERSION : "unknown"));
    return 0;
}

static int do_attach(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    uint32_t id = p9_get(in, 4), uid;
    char text[P9_MAX_NAME + 1];
    int fd;

    p9_get(in, 4); /* afid: nobody authenticates */
    p9_get_text(in, text, P9_MAX_NAME);
    p9_get_text(in, text, P9_MAX_NAME);
    uid = p9_get(in, 4);
    if (in->bad)
        return EINVAL;
    fd = fcntl(p9->root_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (!p9_add(p9, id, fd, uid))
        return EBUSY;
    p9_put_qid(p9, out, &p9->root);
    return 0;
}

static int do_flush(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    (void)p9;
    (void)in;
    (void)out; /* requests are answered one by one: the other one is answered already */
    return 0;
}

/* One step from *@fd, which is replaced. */
static int step(struct kia_p9 *p9, int *fd, const char *name, struct stat *st)
{
    int next = !strcmp(name, "..")  ? p9_open_parent(p9, *fd)
               : !strcmp(name, ".") ? fcntl(*fd, F_DUPFD_CLOEXEC, 0)
                                    : p9_open_child(*fd, name);
    int err;

    if (next < 0)
        return errno;
    err = p9_stat(p9, next, st);
    if (err) {
        close(next);
        return err;
    }
    close(*fd);
    *fd = next;
    return 0;
}

static int do_walk(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid *fid = p9_find(p9, p9_get(in, 4));
    uint32_t new_id = p9_get(in, 4);
    unsigned n = p9_get(in, 2), walked = 0;
    uint8_t *count_at = out->at;
    int fd, err = 0;

    if (in->bad || n > MAX_WALK)
        return EINVAL;
    if (!fid || fid->is_xattr)
        return EBADF;
    if (new_id == fid->id ? fid->open_fd >= 0 : p9_find(p9, new_id) != NULL)
        return EBUSY;
    fd = fcntl(fid->path_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    p9_put(out, 2, 0);
    for (; !err && walked < n; walked += !err) {
        char name[P9_MAX_NAME + 1];
        struct stat st;

        if (!p9_get_text(in, name, P9_MAX_NAME))
            err = in->bad ? EINVAL : ENAMETOOLONG;
        else if (!*name || strchr(name, '/'))
            err = ENOENT;
        else
            err = step(p9, &fd, name, &st);
        if (!err)
            p9_put_qid(p9, out, &st);
    }
    if (err) {
        close(fd);
        if (!walked || err == EINVAL)
            return err;
    } else if (new_id == fid->id) {
        close(fid->path_fd);
        fid->path_fd = fd;
    } else if (!p9_add(p9, new_id, fd, fid->uid)) {
        return ENFILE;
    }
    count_at[0] = walked;
    return 0;
}

static int do_clunk(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    struct p9_fid **at = slot(p9, p9_get(in, 4));
    int err;

    (void)out;
    if (in->bad || !*at)
        return EBADF;
    err = (*at)->is_xattr ? p9_xattr_clunk(*at) : 0;
    drop(p9, at);
    return err;
}

/* A fid knows no name; clients fall back on Tunlinkat. The fid is gone in any case. */
static int do_remove(struct kia_p9 *p9, struct p9_in *in, struct p9_out *out)
{
    int err = do_clunk(p9, in, out);

    return err ? err : EOPNOTSUPP;
}

static p9_handler *const handlers[256] = {
    [8] = p9_statfs,     [12] = p9_lopen,       [14] = p9_lcreate,       [16] = p9_symlink,
    [18] = p9_mknod,     [22] = p9_readlink,    [24] = p9_getattr,       [26] = p9_setattr,
    [30] = p9_xattrwalk, [32] = p9_xattrcreate, [40] = p9_readdir,       [50] = p9_fsync,
    [52] = p9_lock,      [54] = p9_getlock,     [70] = p9_link,          [72] = p9_mkdir,
    [74] = p9_renameat,  [76] = p9_unlinkat,    [TVERSION] = do_version, [TATTACH] = do_attach,
    [TFLUSH] = do_flush, [TWALK] = do_walk,     [116] = p9_read,         [118] = p9_write,
    [TCLUNK] = do_clunk, [TREMOVE] = do_remove,
};

/* Messages that change something in the folder; opening is looked at by itself. */
static bool changes(uint8_t type)
{
    static const uint8_t types[] = { 14, 16, 18, 26, 32, 70, 72, 74, 76, 118, TREMOVE };

    return memchr(types, type, sizeof(types));
}

/** kia_p9_serve - see the header */
size_t kia_p9_serve(struct kia_p9 *p9, const uint8_t *request, size_t len, uint8_t *reply, size_t room)
{
    struct p9_in in = { request, len, false };
    size_t size = p9_get(&in, 4), limit;
    uint8_t type = p9_get(&in, 1);
    uint16_t tag = p9_get(&in, 2);
    struct p9_out out, header;
    int err;

    if (in.bad || size < P9_HEADER || size > len)
        return 0;
    in.left = size - P9_HEADER;
    limit = p9->msize && p9->msize < room ? p9->msize : room;
    out = (struct p9_out){ reply + P9_HEADER, limit - P9_HEADER, false };
    if (!handlers[type] || (!p9->msize && type != TVERSION))
        err = EOPNOTSUPP;
    else if (p9->readonly && changes(type))
        err = EROFS;
    else
        err = handlers[type](p9, &in, &out);
    if (!err && in.bad)
        err = EINVAL;
    if (!err && out.full)
        err = EMSGSIZE;
    if (err) {
        out = (struct p9_out){ reply + P9_HEADER, room - P9_HEADER, false };
        type = RLERROR - 1;
        p9_put(&out, 4, err);
    }
    size = out.at - reply;
    header = (struct p9_out){ reply, P9_HEADER, false };
    p9_put(&header, 4, size);
    p9_put(&header, 1, type + 1);
    p9_put(&header, 2, tag);
    return size;
}

/* ---- making ---- */

/* A fid is a descriptor, and clients keep many: the soft limit goes up to the hard one. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/** kia_p9_create - see the header */
int kia_p9_create(const struct kia_p9_config *config, struct kia_p9 **p9)
{
    struct kia_p9 *server = calloc(1, sizeof(*server));
    int err = 0;

    if (!server)
        return -ENOMEM;
    server->security = config->security;
    server->readonly = config->readonly;
    server->root_fd = open(config->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (server->root_fd < 0 || fstat(server->root_fd, &server->root))
        err = -errno;
    else if (access(p9_proc(server->root_fd).name, F_OK))
        err = -errno; /* /proc is needed */
    if (!err && config->security == KIA_P9_MAPPED_XATTR)
        err = -p9_stat(server, server->root_fd, &server->root);
    if (err) {
        kia_p9_destroy(server);
        return err;
    }
    raise_limit();
    *p9 = server;
    return 0;
}

/** kia_p9_destroy - closes everything and frees it */
void kia_p9_destroy(struct kia_p9 *p9)
{
    kia_p9_reset(p9);
    if (p9->root_fd >= 0)
        close(p9->root_fd);
    free(p9);
}
