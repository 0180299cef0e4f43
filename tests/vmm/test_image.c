/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading kernels: packed files and ELF, whole, damaged and hostile. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libdeflate.h>
#include <lzma.h>
#include <zstd.h>

#include "mem/mem.h"
#include "vmm/image.h"

#define RAM_SIZE UINT64_C(0x4000000)
#define LIMIT    UINT64_C(0x400000)

static char path[] = "/tmp/kia-image-XXXXXX";
static uint8_t plain[300000], packed[400000];
static int saved_stderr;

static int setup(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    close(fd);
    for (unsigned i = 0; i < sizeof(plain); i++)
        plain[i] = i * 7 >> (i % 5);
    /* Complaints are counted by their effect, not shown. */
    saved_stderr = dup(STDERR_FILENO);
    return fd < 0 || !freopen("/dev/null", "w", stderr);
}

static int teardown(void **state)
{
    (void)state;
    fflush(stderr);
    dup2(saved_stderr, STDERR_FILENO);
    return unlink(path);
}

static void put_file(const void *data, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}

static size_t pack_gzip(void)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(9);
    size_t len;

    assert_non_null(c);
    len = libdeflate_gzip_compress(c, plain, sizeof(plain), packed, sizeof(packed));
    libdeflate_free_compressor(c);
    assert_true(len);
    return len;
}

static size_t pack_xz(void)
{
    size_t len = 0;

    assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, plain, sizeof(plain), packed, &len,
                                             sizeof(packed)),
                     LZMA_OK);
    return len;
}

static size_t pack_zstd(void)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    size_t len;

    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    len = ZSTD_compress2(c, packed, sizeof(packed), plain, sizeof(plain));
    ZSTD_freeCCtx(c);
    assert_false(ZSTD_isError(len));
    return len;
}

static void check_packing(size_t len)
{
    struct kia_blob blob;
    unsigned sound = 0;

    put_file(packed, len);
    assert_int_equal(kia_blob_read_packed(&blob, "kernel", path, LIMIT), 0);
    assert_int_equal(blob.size, sizeof(plain));
    assert_memory_equal(blob.data, plain, sizeof(plain));
    kia_blob_free(&blob);
    /* Exactly as much as allowed, and one byte more. */
    assert_int_equal(kia_blob_read_packed(&blob, "kernel", path, sizeof(plain)), 0);
    kia_blob_free(&blob);
    assert_int_not_equal(kia_blob_read_packed(&blob, "kernel", path, sizeof(plain) - 1), 0);
    /* Cut off anywhere. */
    for (size_t cut = 8; cut < len; cut += len / 37) {
        put_file(packed, cut);
        assert_int_not_equal(kia_blob_read_packed(&blob, "kernel", path, LIMIT), 0);
    }
    /* A flipped bit: found, or it was one that does not matter (file names, times). */
    for (size_t at = 20; at < len; at += len / 29) {
        packed[at] ^= 0x10;
        put_file(packed, len);
        if (!kia_blob_read_packed(&blob, "kernel", path, LIMIT)) {
            sound++;
            kia_blob_free(&blob);
        }
        packed[at] ^= 0x10;
    }
    assert_true(sound < 15);
}

static void test_gzip(void **state)
{
    (void)state;
    check_packing(pack_gzip());
}

static void test_xz(void **state)
{
    (void)state;
    check_packing(pack_xz());
}

static void test_zstd(void **state)
{
    (void)state;
    check_packing(pack_zstd());
}

static void test_files(void **state)
{
    struct kia_blob blob;

    (void)state;
    put_file("", 0);
    assert_int_not_equal(kia_blob_read(&blob, "file", path, LIMIT), 0);
    put_file(plain, 1000);
    assert_int_equal(kia_blob_read(&blob, "file", path, 1000), 0);
    assert_int_equal(blob.size, 1000);
    kia_blob_free(&blob);
    assert_int_not_equal(kia_blob_read(&blob, "file", path, 999), 0);
    assert_int_not_equal(kia_blob_read(&blob, "file", "/", LIMIT), 0);
    assert_int_not_equal(kia_blob_read(&blob, "file", "/nonexistent", LIMIT), 0);
    /* A pipe has no size to ask for. */
    assert_int_not_equal(kia_blob_read(&blob, "file", "/dev/zero", LIMIT), 0);
}

/* ---- ELF ---- */

struct elf_file {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[3];
    uint8_t code[4096];
};

static struct elf_file sound_elf(void)
{
    struct elf_file f = {
        .eh = {
            .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC,
            .e_machine = EM_IA_64, .e_version = EV_CURRENT, .e_entry = 0x1000010, .e_phoff = sizeof(Elf64_Ehdr),
            .e_flags = 0x10, .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3,
        },
        .ph = {
            { .p_type = PT_LOAD, .p_offset = offsetof(struct elf_file, code), .p_vaddr = UINT64_C(0xa000000100000000),
              .p_paddr = 0x1000000, .p_filesz = 4096, .p_memsz = 4096, .p_align = 4096 },
            { .p_type = PT_NOTE, .p_offset = UINT64_MAX, .p_filesz = UINT64_MAX },
            { .p_type = PT_LOAD, .p_offset = offsetof(struct elf_file, code), .p_paddr = 0x1001000, .p_filesz = 16,
              .p_memsz = 8192 },
        },
    };

    for (unsigned i = 0; i < sizeof(f.code); i++)
        f.code[i] = i * 3;
    return f;
}

/* Parses the file as it would lie on disk, cut to @len bytes: what valgrind and ASan can see the end of. */
static int parse(const struct elf_file *f, size_t len, struct kia_mem *mem, struct kia_elf *elf)
{
    struct kia_blob blob = { malloc(len), len, len };
    int err;

    memcpy(blob.data, f, len);
    err = kia_elf_parse(elf, &blob, mem, "kernel", "test");
    if (!err)
        kia_elf_load(elf, &blob, mem);
    free(blob.data);
    return err;
}

static void test_elf(void **state)
{
    struct kia_mem *mem = kia_mem_create();
    struct elf_file f = sound_elf();
    struct kia_elf elf;
    uint8_t *at;

    (void)state;
    assert_int_equal(kia_mem_add_ram(mem, 0, RAM_SIZE), 0);
    at = kia_mem_hva(mem, 0x1000000, 0x4000);
    memset(at, 0xee, 0x4000);
    assert_int_equal(parse(&f, sizeof(f), mem, &elf), 0);
    assert_int_equal(elf.n, 2);
    assert_true(elf.entry == 0x1000010);
    assert_memory_equal(at, f.code, 4096);
    assert_memory_equal(at + 4096, f.code, 16);
    for (unsigned i = 4096 + 16; i < 4096 + 8192; i++)
        assert_int_equal(at[i], 0);
    assert_int_equal(at[4096 + 8192], 0xee);
    kia_mem_destroy(mem);
}

static void test_bad_elf(void **state)
{
    struct kia_mem *mem = kia_mem_create();
    struct kia_elf elf;

    (void)state;
    assert_int_equal(kia_mem_add_ram(mem, 0, RAM_SIZE), 0);
    for (size_t len = 1; len < sizeof(struct elf_file); len += 61) {
        struct elf_file f = sound_elf();

        assert_int_not_equal(parse(&f, len, mem, &elf), 0);
    }
#define BAD(change)                                                                                          \
    do {                                                                                                     \
        struct elf_file f = sound_elf();                                                                     \
        change;                                                                                              \
        assert_int_not_equal(parse(&f, sizeof(f), mem, &elf), 0);                                            \
    } while (0)
    BAD(f.eh.e_ident[0] = 0);
    BAD(f.eh.e_ident[EI_CLASS] = ELFCLASS32);
    BAD(f.eh.e_ident[EI_DATA] = ELFDATA2MSB);
    BAD(f.eh.e_ident[EI_VERSION] = 2);
    BAD(f.eh.e_version = 0);
    BAD(f.eh.e_machine = EM_X86_64);
    BAD(f.eh.e_type = ET_DYN);
    BAD(f.eh.e_type = ET_REL);
    BAD(f.eh.e_ehsize = 10);
    BAD(f.eh.e_phentsize = 55);
    BAD(f.eh.e_phnum = 0);
    BAD(f.eh.e_phnum = PN_XNUM);
    BAD(f.eh.e_phnum = 500);
    BAD(f.eh.e_phoff = sizeof(f));
    BAD(f.eh.e_phoff = UINT64_MAX - 10);
    BAD(f.eh.e_entry = 0x1000018); /* no bundle */
    BAD(f.eh.e_entry = 0x1001010); /* in what the file does not fill */
    BAD(f.eh.e_entry = UINT64_C(0xa000000100000010)); /* virtual */
    BAD(f.ph[0].p_type = f.ph[2].p_type = PT_NULL);
    BAD(f.ph[0].p_filesz = 4097);
    BAD(f.ph[2].p_filesz = UINT64_MAX; f.ph[2].p_memsz = UINT64_MAX);
    BAD(f.ph[0].p_offset = UINT64_MAX);
    BAD(f.ph[0].p_offset = sizeof(f) - 4095);
    BAD(f.ph[2].p_memsz = RAM_SIZE);
    BAD(f.ph[2].p_memsz = UINT64_MAX);
    BAD(f.ph[2].p_paddr = UINT64_MAX - 100);
    BAD(f.ph[2].p_paddr = 0x1000fff); /* on top of the first */
    BAD(f.ph[2].p_paddr = RAM_SIZE);
    kia_mem_destroy(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gzip), cmocka_unit_test(test_xz),  cmocka_unit_test(test_zstd),
        cmocka_unit_test(test_files), cmocka_unit_test(test_elf), cmocka_unit_test(test_bad_elf),
    };

    return cmocka_run_group_tests_name("image", tests, setup, teardown);
}
