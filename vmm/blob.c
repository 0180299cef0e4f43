/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in memory, and their decompression within bounds. */
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <lzma.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "vmm/image.h"
#include "vmm/log.h"

enum { HUGE_PAGE = 2 << 20 };

/* Address space for up to @limit bytes; host memory is taken as they come. */
static int blob_reserve(struct kia_blob *blob, uint64_t limit)
{
    uint64_t size = limit + 1; /* one more than allowed, to see that there are too many */

    blob->size = 0;
    blob->mapped = (size + HUGE_PAGE - 1) & -(uint64_t)HUGE_PAGE;
    blob->data =
        mmap(NULL, blob->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (blob->data == MAP_FAILED) {
        blob->data = NULL;
        return -errno;
    }
    madvise(blob->data, blob->mapped, MADV_HUGEPAGE);
    return 0;
}

/** kia_blob_free - gives the memory back; a blob that was never read must be zero */
void kia_blob_free(struct kia_blob *blob)
{
    if (blob->data)
        munmap(blob->data, blob->mapped);
    memset(blob, 0, sizeof(*blob));
}

static int read_all(struct kia_blob *blob, int fd, uint64_t limit)
{
    while (blob->size <= limit) {
        ssize_t n = read(fd, blob->data + blob->size, limit + 1 - blob->size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        blob->size += n;
    }
    return 0;
}

/* The file's own pages. One that somebody else cuts short while it is in use ends the program, by SIGBUS. */
static int map_all(struct kia_blob *blob, int fd, uint64_t size)
{
    blob->data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (blob->data == MAP_FAILED) {
        blob->data = NULL;
        return -errno;
    }
    blob->size = blob->mapped = size;
    return 0;
}

/* What is no file, or says that it is empty (/proc), is read. */
static int get_all(struct kia_blob *blob, int fd, uint64_t limit)
{
    struct stat st;
    int err;

    if (fstat(fd, &st))
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (S_ISREG(st.st_mode) && st.st_size && (uint64_t)st.st_size <= limit && !map_all(blob, fd, (uint64_t)st.st_size))
        return 0;
    err = blob_reserve(blob, limit);
    return err ? err : read_all(blob, fd, limit);
}

/** kia_blob_read - see the header; on failure there is nothing to free */
int kia_blob_read(struct kia_blob *blob, const char *what, const char *path, uint64_t limit)
{
    int fd, err;

    memset(blob, 0, sizeof(*blob));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return kia_err(-errno, "cannot open %s '%s'", what, path);
    err = get_all(blob, fd, limit);
    close(fd);
    if (err) {
        kia_err(err, "cannot read %s '%s'", what, path);
    } else if (blob->size > limit) {
        kia_err(0, "%s '%s' does not fit into %llu MiB of guest memory: give more with -m", what, path,
                (unsigned long long)(limit >> 20));
        err = -EFBIG;
    } else if (!blob->size) {
        kia_err(0, "%s '%s' is empty", what, path);
        err = -EINVAL;
    }
    if (err)
        kia_blob_free(blob);
    return err;
}

/*
 * The decompressors fill @out up to out->mapped at most and set out->size. They return 0 for a whole and
 * sound file, -EFBIG when @limit is passed, -ENOMEM, or -EINVAL for a damaged or truncated one.
 */
static int unpack_gzip(struct kia_blob *out, const struct kia_blob *in, uint64_t limit)
{
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    enum libdeflate_result result;
    size_t used;

    if (!d)
        return -ENOMEM;
    result = libdeflate_gzip_decompress_ex(d, in->data, in->size, out->data, limit, &used, &out->size);
    libdeflate_free_decompressor(d);
    return result == LIBDEFLATE_SUCCESS ? 0 : result == LIBDEFLATE_INSUFFICIENT_SPACE ? -EFBIG : -EINVAL;
}

static int unpack_xz(struct kia_blob *out, const struct kia_blob *in, uint64_t limit)
{
    lzma_stream s = LZMA_STREAM_INIT;
    lzma_ret ret;

    if (lzma_stream_decoder(&s, UINT64_C(1) << 30, 0) != LZMA_OK)
        return -ENOMEM;
    s.next_in = in->data;
    s.avail_in = in->size;
    s.next_out = out->data;
    s.avail_out = limit + 1;
    do {
        ret = lzma_code(&s, LZMA_FINISH);
    } while (ret == LZMA_OK && s.avail_out);
    out->size = s.next_out - out->data;
    lzma_end(&s);
    if (out->size > limit)
        return -EFBIG;
    if (ret == LZMA_STREAM_END)
        return 0;
    return ret == LZMA_MEM_ERROR || ret == LZMA_MEMLIMIT_ERROR ? -ENOMEM : -EINVAL;
}

static int unpack_zstd(struct kia_blob *out, const struct kia_blob *in, uint64_t limit)
{
    ZSTD_DStream *s = ZSTD_createDStream();
    ZSTD_inBuffer from = { in->data, in->size, 0 };
    ZSTD_outBuffer to = { out->data, limit + 1, 0 };
    size_t left = 1;

    if (!s)
        return -ENOMEM;
    while (left && !ZSTD_isError(left) && to.pos < to.size) {
        size_t in_before = from.pos, out_before = to.pos;

        left = ZSTD_decompressStream(s, &to, &from);
        if (from.pos == in_before && to.pos == out_before)
            break; /* truncated: it wants more than there is */
    }
    ZSTD_freeDStream(s);
    out->size = to.pos;
    if (out->size > limit)
        return -EFBIG;
    return left ? -EINVAL : 0;
}

static const struct packing {
    const char *name;
    uint8_t magic[6];
    unsigned magic_len;
    int (*unpack)(struct kia_blob *out, const struct kia_blob *in, uint64_t limit);
} packings[] = {
    { "gzip", { 0x1f, 0x8b }, 2, unpack_gzip },
    { "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, unpack_xz },
    { "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd },
};

static const struct packing *find_packing(const struct kia_blob *blob)
{
    for (unsigned i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
        const struct packing *p = &packings[i];

        if (blob->size > p->magic_len && !memcmp(blob->data, p->magic, p->magic_len))
            return p;
    }
    return NULL;
}

/** kia_blob_read_packed - see the header; on failure there is nothing to free */
int kia_blob_read_packed(struct kia_blob *blob, const char *what, const char *path, uint64_t limit)
{
    const struct packing *packing;
    struct kia_blob packed;
    int err = kia_blob_read(&packed, what, path, limit);

    if (err)
        return err;
    packing = find_packing(&packed);
    if (!packing) {
        *blob = packed;
        return 0;
    }
    err = blob_reserve(blob, limit);
    if (!err)
        err = packing->unpack(blob, &packed, limit);
    kia_blob_free(&packed);
    if (!err)
        return 0;
    kia_blob_free(blob);
    if (err == -EFBIG)
        kia_err(0, "%s '%s' unpacks to more than %llu MiB, the guest's memory: give more with -m", what, path,
                (unsigned long long)(limit >> 20));
    else if (err == -EINVAL)
        kia_err(0, "%s '%s' is damaged: its %s data ends early or is wrong", what, path, packing->name);
    else
        kia_err(err, "cannot unpack %s '%s'", what, path);
    return err;
}
