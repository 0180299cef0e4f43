/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest physical memory: RAM blocks and MMIO regions.
 *
 * Owns the map from guest physical address (gpa) to host memory or to a device's callbacks, and nothing else.
 * May include libc only; it knows no processor, no device and no board.
 * The map is built before the processors run (add functions: one thread); look-ups and accesses: any thread.
 */
#ifndef KIA_MEM_H
#define KIA_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kia_mem;

/* Callbacks of an MMIO region. @offset is from the region's start; @size is 1, 2, 4 or 8 bytes. Any vcpu
 * thread. */
struct kia_mmio_ops {
    const char *name;
    uint64_t (*read)(void *opaque, uint64_t offset, unsigned size);
    void (*write)(void *opaque, uint64_t offset, unsigned size, uint64_t value);
};

/* Told of every write to RAM that no guest instruction made (DMA, loaders), so that translations can be
 * dropped. */
typedef void (*kia_mem_write_hook)(void *opaque, uint64_t gpa, uint64_t len);

struct kia_mem *kia_mem_create(void);
void kia_mem_destroy(struct kia_mem *mem);

/* Adds @size bytes of RAM at @gpa (both multiples of 4096), zero-filled and allocated lazily. 0 or negative
 * errno. */
int kia_mem_add_ram(struct kia_mem *mem, uint64_t gpa, uint64_t size);
/* Adds an MMIO region. 0, or -EEXIST where it overlaps another one or RAM. */
int kia_mem_add_mmio(struct kia_mem *mem, uint64_t gpa, uint64_t size, const struct kia_mmio_ops *ops,
                     void *opaque);
/* Takes away / moves an MMIO region (a PCI BAR that the guest reprograms): any thread, guest running. */
void kia_mem_remove_mmio(struct kia_mem *mem, uint64_t gpa, uint64_t size);

/* Host address of [gpa, gpa + len) if all of it is RAM of one block, else NULL. Valid until
 * kia_mem_destroy(). */
void *kia_mem_hva(struct kia_mem *mem, uint64_t gpa, uint64_t len);

/* Copies to or from RAM, across blocks too; calls the write hook. 0, or -EFAULT (nothing copied) where not
 * all is RAM. */
int kia_mem_read(struct kia_mem *mem, uint64_t gpa, void *buf, uint64_t len);
int kia_mem_write(struct kia_mem *mem, uint64_t gpa, const void *buf, uint64_t len);
/* For devices that write RAM through kia_mem_hva(): announce the write. */
void kia_mem_wrote(struct kia_mem *mem, uint64_t gpa, uint64_t len);
void kia_mem_set_write_hook(struct kia_mem *mem, kia_mem_write_hook hook, void *opaque);

/* Gives the whole 4 KiB pages of [gpa, gpa + len) that are RAM back to the host; they read as zero until they are
 * written again. Any thread, guest running. */
void kia_mem_discard(struct kia_mem *mem, uint64_t gpa, uint64_t len);

/* Makes all RAM zero again (a reset): no vcpu runs, no device works. */
void kia_mem_clear_ram(struct kia_mem *mem);

/* One access to MMIO; an address nobody owns reads as all ones and swallows writes, as on a PC's bus. */
uint64_t kia_mmio_read(struct kia_mem *mem, uint64_t gpa, unsigned size);
void kia_mmio_write(struct kia_mem *mem, uint64_t gpa, unsigned size, uint64_t value);

/* Walks RAM blocks in rising order: returns false when @index is past the last. */
bool kia_mem_ram_block(struct kia_mem *mem, unsigned index, uint64_t *gpa, uint64_t *size);

#endif
