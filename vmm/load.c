/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies in guest memory at power-on: the kernel, its ramdisk, and the files of -device loader. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accel/accel.h"
#include "fw/fw.h"
#include "mem/mem.h"
#include "vmm/image.h"
#include "vmm/log.h"
#include "vmm/machine.h"

#define PAGE UINT64_C(4096)
#define INITRD_ALIGN UINT64_C(65536) /* the largest page size of Linux */
#define GRANULE UINT64_C(0x4000000) /* Linux uses no RAM past the last whole granule of at most 64 MiB */
#define MAX_KERNEL (UINT64_C(4) << 30)
#define PSR_BN (UINT64_C(1) << 44)

enum { AR_RSC = 16, AR_BSPSTORE = 18, CR_IVA = 2 };

static int compare_images(const void *a, const void *b)
{
    const struct kia_board_image *x = a, *y = b;

    return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

/* Notes what RAM is taken; -EEXIST where something else is. Segments of one program may share a page. */
static int add_image(struct kia_board *board, enum kia_image_kind kind, uint64_t gpa, uint64_t size)
{
    struct kia_board_image new = { kind, gpa & -PAGE, ((gpa + size + PAGE - 1) & -PAGE) - (gpa & -PAGE) };
    unsigned n = board->info.n_images;

    for (unsigned i = 0; i < n; i++) {
        struct kia_board_image *old = &board->images[i];

        if (new.gpa >= old->gpa + old->size || old->gpa >= new.gpa + new.size)
            continue;
        if (old->kind != kind)
            return -EEXIST;
        if (new.gpa < old->gpa) {
            old->size += old->gpa - new.gpa;
            old->gpa = new.gpa;
        }
        if (new.gpa + new.size > old->gpa + old->size)
            old->size = new.gpa + new.size - old->gpa;
        return 0;
    }
    if (n == MACHINE_MAX_IMAGES)
        return -ENOSPC;
    board->images[n] = new;
    board->info.n_images = n + 1;
    qsort(board->images, n + 1, sizeof(board->images[0]), compare_images);
    return 0;
}

static int add_elf_images(struct kia_board *board, enum kia_image_kind kind, const struct kia_elf *elf)
{
    int err = 0;

    for (unsigned i = 0; !err && i < elf->n; i++)
        err = add_image(board, kind, elf->segments[i].paddr, elf->segments[i].memsz);
    return err;
}

static uint64_t low_ram(const struct kia_board *board)
{
    uint64_t gpa = 0, size = 0;

    kia_mem_ram_block(board->info.mem, 0, &gpa, &size);
    return size;
}

static int load_kernel(struct kia_board *board)
{
    const char *path = board->options->kernel;
    uint64_t limit = board->options->ram_size;
    struct kia_blob blob;
    struct kia_elf elf;
    int err = kia_blob_read_packed(&blob, "kernel", path, limit < MAX_KERNEL ? limit : MAX_KERNEL);

    if (err)
        return err;
    err = kia_elf_parse(&elf, &blob, board->info.mem, "kernel", path);
    if (!err) {
        kia_elf_load(&elf, &blob, board->info.mem);
        board->info.has_kernel = true;
        board->info.kernel_entry = elf.entry;
        err = add_elf_images(board, KIA_IMAGE_KERNEL, &elf);
        if (err)
            kia_err(0, "kernel '%s' has too many segments", path);
    }
    kia_blob_free(&blob);
    return err;
}

static bool place_free(const struct kia_board *board, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < board->info.n_images; i++)
        if (gpa < board->images[i].gpa + board->images[i].size && board->images[i].gpa < gpa + size)
            return false;
    return gpa >= KIA_FW_GPA + KIA_FW_SIZE;
}

/* As high as there is room below 4 GiB, in whole granules of RAM if possible; 0: no room. */
static uint64_t initrd_place(const struct kia_board *board, uint64_t size)
{
    uint64_t tops[] = { low_ram(board) & -GRANULE, low_ram(board) };

    for (unsigned i = 0; i < 2; i++) {
        uint64_t gpa = (tops[i] - size) & -INITRD_ALIGN;

        if (size < tops[i] && place_free(board, gpa, size))
            return gpa;
    }
    return 0;
}

/* Reads @size bytes of a file straight into RAM. */
static int read_into(struct kia_board *board, int fd, uint64_t gpa, uint64_t size)
{
    uint8_t *to = kia_mem_hva(board->info.mem, gpa, size);
    uint64_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, to + done, size - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO; /* the file became shorter */
        done += n;
    }
    kia_mem_wrote(board->info.mem, gpa, size);
    return 0;
}

static int load_initrd(struct kia_board *board)
{
    const char *path = board->options->initrd;
    int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
    struct stat st;
    uint64_t gpa;

    if (fd < 0)
        return kia_err(-errno, "cannot open initial ramdisk '%s'", path);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        err = -EINVAL;
        kia_err(0, "initial ramdisk '%s' is not a regular file", path);
    } else if (!st.st_size) {
        err = -EINVAL;
        kia_err(0, "initial ramdisk '%s' is empty", path);
    } else if (!(gpa = initrd_place(board, st.st_size))) {
        err = -EFBIG;
        kia_err(0,
                "initial ramdisk '%s' of %llu MiB does not fit beside the kernel: give more memory with -m",
                path, (unsigned long long)(st.st_size >> 20));
    } else if ((err = read_into(board, fd, gpa, st.st_size))) {
        kia_err(err, "cannot read initial ramdisk '%s'", path);
    } else {
        board->info.initrd_gpa = gpa;
        board->info.initrd_size = st.st_size;
        err = add_image(board, KIA_IMAGE_INITRD, gpa, st.st_size);
    }
    close(fd);
    return err;
}

static void start_at(struct kia_board *board, const struct kia_loader *l, uint64_t ip)
{
    if (l->cpu < 0)
        return;
    board->threads[l->cpu].started_by_loader = true;
    board->threads[l->cpu].start_ip = ip;
}

static int load_raw(struct kia_board *board, const struct kia_loader *l, const struct kia_blob *blob)
{
    int err;

    if (l->addr + blob->size < l->addr || kia_mem_write(board->info.mem, l->addr, blob->data, blob->size)) {
        kia_err(0, "'%s' does not fit into memory at 0x%llx: choose another addr or give more with -m",
                l->file, (unsigned long long)l->addr);
        return -EFBIG;
    }
    err = add_image(board, KIA_IMAGE_OTHER, l->addr, blob->size);
    if (err)
        kia_err(0, "'%s' overlaps the kernel or its ramdisk at 0x%llx", l->file, (unsigned long long)l->addr);
    start_at(board, l, l->addr);
    return err;
}

static int load_elf(struct kia_board *board, const struct kia_loader *l, const struct kia_blob *blob)
{
    struct kia_elf elf;
    int err = kia_elf_parse(&elf, blob, board->info.mem, "program", l->file);

    if (err)
        return err;
    err = add_elf_images(board, KIA_IMAGE_OTHER, &elf);
    if (err) {
        kia_err(0, "program '%s' overlaps the kernel or its ramdisk", l->file);
        return err;
    }
    kia_elf_load(&elf, blob, board->info.mem);
    start_at(board, l, elf.entry);
    return 0;
}

static int load_file(struct kia_board *board, const struct kia_loader *l)
{
    struct kia_blob blob;
    int err = kia_blob_read(&blob, "file", l->file, board->options->ram_size);

    if (err)
        return err;
    err = !l->force_raw && kia_elf_is(&blob) ? load_elf(board, l, &blob) : load_raw(board, l, &blob);
    kia_blob_free(&blob);
    return err;
}

/**
 * load_images - fills RAM with every file and notes where, for firmware
 * Return: 0, or negative errno with a message.
 */
int load_images(struct kia_board *board)
{
    const struct kia_options *o = board->options;
    int err = 0;

    board->info.n_images = 0;
    board->info.has_kernel = false;
    board->info.initrd_gpa = board->info.initrd_size = 0;
    for (unsigned i = 0; i < KIA_MAX_CPUS; i++)
        board->threads[i].started_by_loader = false;

    if (o->kernel)
        err = load_kernel(board);
    if (!err && o->initrd)
        err = load_initrd(board);
    for (unsigned i = 0; !err && i < o->n_loaders; i++) {
        const struct kia_loader *l = &o->loaders[i];

        if (l->file) {
            err = load_file(board, l);
        } else if (l->data_len && !kia_mem_hva(board->info.mem, l->addr, l->data_len)) {
            kia_err(0, "-device loader: there is no memory at 0x%llx", (unsigned long long)l->addr);
            err = -EFAULT;
        } else {
            start_at(board, l, l->addr);
        }
    }
    return err;
}

/* Physical mode, cpl 0, interruption collection off, bank 1, an empty frame, interruption vectors at 0. */
static void set_start_state(struct kia_vcpu *vcpu, uint64_t ip)
{
    kia_set_psr(vcpu, PSR_BN);
    kia_set_ar(vcpu, AR_RSC, 0);
    kia_set_cfm(vcpu, 0);
    kia_set_ar(vcpu, AR_BSPSTORE, 0);
    kia_set_cr(vcpu, CR_IVA, 0);
    kia_set_ip(vcpu, ip);
}

/** load_finish - see the header */
void load_finish(struct kia_board *board)
{
    const struct kia_options *o = board->options;

    for (unsigned i = 0; i < o->n_loaders; i++) {
        uint64_t le = htole64(o->loaders[i].data);

        if (o->loaders[i].data_len)
            kia_mem_write(board->info.mem, o->loaders[i].addr, &le, o->loaders[i].data_len);
    }
    for (unsigned i = 0; i < board->info.n_vcpus; i++) {
        struct vcpu_thread *thread = &board->threads[i];

        thread->halted = !board->fw_ready && !thread->started_by_loader;
        if (thread->started_by_loader)
            set_start_state(board->vcpus[i], thread->start_ip);
    }
}
