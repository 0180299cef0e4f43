/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading kernels and other images: files, perhaps compressed, and ELF. Main thread; includes libc and mem/
 * only. */
#ifndef KIA_IMAGE_H
#define KIA_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kia_mem;

/* A file's bytes in memory, decompressed if it was gzip, xz or zstd. */
struct kia_blob {
    uint8_t *data;
    size_t size;
    size_t mapped; /* bytes behind data that belong to it */
};

/*
 * @what: for messages, "kernel". @limit: more bytes than this, before or after decompression, are an error.
 * Return: 0, or negative errno with a message.
 */
int kia_blob_read(struct kia_blob *blob, const char *what, const char *path, uint64_t limit);
/* As kia_blob_read(), then decompressed if it begins like gzip, xz or zstd. */
int kia_blob_read_packed(struct kia_blob *blob, const char *what, const char *path, uint64_t limit);
void kia_blob_free(struct kia_blob *blob);

/* A program for physical memory. */
enum { KIA_ELF_MAX_SEGMENTS = 64 };

struct kia_elf {
    uint64_t entry; /* e_entry, inside a segment, a bundle's address */
    unsigned n;
    struct kia_elf_segment {
        uint64_t paddr, memsz; /* inside RAM, not overlapping another one */
        uint64_t offset, filesz; /* inside the blob */
    } segments[KIA_ELF_MAX_SEGMENTS];
};

/* Does it begin like an ELF file? */
bool kia_elf_is(const struct kia_blob *blob);
/* Checks an IA-64 executable; 0, or negative errno with a message that names @what and @path. */
int kia_elf_parse(struct kia_elf *elf, const struct kia_blob *blob, struct kia_mem *mem, const char *what,
                  const char *path);
/* Copies its segments to RAM and zeroes what the file does not fill. */
void kia_elf_load(const struct kia_elf *elf, const struct kia_blob *blob, struct kia_mem *mem);

#endif
