/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest physical memory: RAM blocks and the MMIO map. */
#include "mem/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PAGE = 4096,
    HUGE_PAGE = 2 << 20,
    MAX_RAM_BLOCKS = 16,
    FIRST_REGIONS = 64,
};

struct ram_block {
    uint64_t gpa;
    uint64_t size;
    uint8_t *hva; /* HUGE_PAGE aligned, so that the host can back it with huge pages */
    void *mapping;
    size_t mapping_size;
};

/* Read without a lock while another thread may shift the table, hence atomic fields; see region_find(). */
struct region {
    _Atomic uint64_t gpa;
    _Atomic uint64_t size;
    _Atomic(const struct kia_mmio_ops *) ops;
    _Atomic(void *) opaque;
};

/* A full table is replaced by one twice as large; the old one stays until the end, as readers may still look
 * at it. */
struct region_table {
    struct region_table *older;
    unsigned capacity;
    struct region at[];
};

struct kia_mem {
    struct ram_block ram[MAX_RAM_BLOCKS]; /* sorted by gpa; fixed once processors run */
    unsigned n_ram;

    pthread_mutex_t regions_lock; /* writers only */
    atomic_uint seq; /* odd while a writer is at work */
    atomic_uint n_regions;
    _Atomic(struct region_table *) regions; /* sorted by gpa */

    kia_mem_write_hook hook;
    void *hook_opaque;
};

static struct region_table *table_new(unsigned capacity, struct region_table *older)
{
    struct region_table *table = calloc(1, sizeof(*table) + capacity * sizeof(table->at[0]));

    if (table) {
        table->capacity = capacity;
        table->older = older;
    }
    return table;
}

/**
 * kia_mem_create - an empty map
 * Return: the map, or NULL when the host has no memory.
 */
struct kia_mem *kia_mem_create(void)
{
    struct kia_mem *mem = calloc(1, sizeof(*mem));
    struct region_table *table = table_new(FIRST_REGIONS, NULL);

    if (!mem || !table) {
        free(mem);
        free(table);
        return NULL;
    }
    pthread_mutex_init(&mem->regions_lock, NULL);
    atomic_store(&mem->regions, table);
    return mem;
}

/**
 * kia_mem_destroy - gives RAM back to the host
 * @mem: may be NULL; no other thread may use it any more
 */
void kia_mem_destroy(struct kia_mem *mem)
{
    if (!mem)
        return;
    for (unsigned i = 0; i < mem->n_ram; i++)
        munmap(mem->ram[i].mapping, mem->ram[i].mapping_size);
    for (struct region_table *table = atomic_load(&mem->regions), *older; table; table = older) {
        older = table->older;
        free(table);
    }
    pthread_mutex_destroy(&mem->regions_lock);
    free(mem);
}

static bool ranges_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static bool overlaps_ram(const struct kia_mem *mem, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < mem->n_ram; i++)
        if (ranges_overlap(gpa, size, mem->ram[i].gpa, mem->ram[i].size))
            return true;
    return false;
}

/* Index of the first region that ends above @gpa. Writers' side, or inside a reader's seq loop. */
static unsigned region_lower_bound(struct region_table *table, unsigned n, uint64_t gpa)
{
    unsigned low = 0, high = n;

    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        struct region *r = &table->at[mid];
        uint64_t start = atomic_load_explicit(&r->gpa, memory_order_relaxed);
        uint64_t size = atomic_load_explicit(&r->size, memory_order_relaxed);

        if (start + size <= gpa)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool overlaps_region(struct kia_mem *mem, uint64_t gpa, uint64_t size)
{
    struct region_table *table = atomic_load(&mem->regions);
    unsigned n = atomic_load(&mem->n_regions);
    unsigned i = region_lower_bound(table, n, gpa);

    return i < n && atomic_load(&table->at[i].gpa) < gpa + size;
}

/**
 * kia_mem_add_ram - adds zero-filled RAM that takes host memory only where it is touched
 * @gpa, @size: bytes, multiples of 4096
 * Return: 0; -EINVAL for unaligned, empty or wrapping ranges; -EEXIST for an overlap; -ENOSPC past 16
 *         blocks; -ENOMEM.
 * Thread: one, before any other uses the map.
 */
int kia_mem_add_ram(struct kia_mem *mem, uint64_t gpa, uint64_t size)
{
    size_t mapping_size;
    uint8_t *mapping, *hva;
    unsigned i;

    if (!size || gpa % PAGE || size % PAGE || gpa + size < gpa || size > SIZE_MAX - HUGE_PAGE)
        return -EINVAL;
    if (overlaps_ram(mem, gpa, size) || overlaps_region(mem, gpa, size))
        return -EEXIST;
    if (mem->n_ram == MAX_RAM_BLOCKS)
        return -ENOSPC;

    mapping_size = size + HUGE_PAGE;
    mapping =
        mmap(NULL, mapping_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return -errno;
    hva = mapping + (-(uintptr_t)mapping & (HUGE_PAGE - 1));
    madvise(hva, size, MADV_HUGEPAGE); /* a wish: without it everything still works */
    madvise(hva, size, MADV_DONTDUMP);

    for (i = mem->n_ram; i && mem->ram[i - 1].gpa > gpa; i--)
        mem->ram[i] = mem->ram[i - 1];
    mem->ram[i] = (struct ram_block){ gpa, size, hva, mapping, mapping_size };
    mem->n_ram++;
    return 0;
}

static void region_set(struct region *to, uint64_t gpa, uint64_t size, const struct kia_mmio_ops *ops,
                       void *opaque)
{
    atomic_store_explicit(&to->gpa, gpa, memory_order_relaxed);
    atomic_store_explicit(&to->size, size, memory_order_relaxed);
    atomic_store_explicit(&to->ops, ops, memory_order_relaxed);
    atomic_store_explicit(&to->opaque, opaque, memory_order_relaxed);
}

static void region_copy(struct region *to, struct region *from)
{
    region_set(to, atomic_load_explicit(&from->gpa, memory_order_relaxed),
               atomic_load_explicit(&from->size, memory_order_relaxed),
               atomic_load_explicit(&from->ops, memory_order_relaxed),
               atomic_load_explicit(&from->opaque, memory_order_relaxed));
}

static void write_begin(struct kia_mem *mem)
{
    atomic_fetch_add_explicit(&mem->seq, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
}

static void write_end(struct kia_mem *mem)
{
    atomic_fetch_add_explicit(&mem->seq, 1, memory_order_release);
}

static int regions_reserve(struct kia_mem *mem, unsigned n)
{
    struct region_table *table = atomic_load(&mem->regions), *larger;

    if (n < table->capacity)
        return 0;
    larger = table_new(table->capacity * 2, table);
    if (!larger)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++)
        region_copy(&larger->at[i], &table->at[i]);
    atomic_store_explicit(&mem->regions, larger, memory_order_release);
    return 0;
}

/**
 * kia_mem_add_mmio - gives [@gpa, @gpa + @size) to a device
 * @ops, @opaque: must stay valid until kia_mem_destroy(): a call may be under way when the region is removed
 * Return: 0; -EINVAL for an empty or wrapping range; -EEXIST where it overlaps another region or RAM; -ENOMEM.
 * Thread: any, also while processors run.
 */
int kia_mem_add_mmio(struct kia_mem *mem, uint64_t gpa, uint64_t size, const struct kia_mmio_ops *ops,
                     void *opaque)
{
    struct region_table *table;
    unsigned n, at;
    int err;

    if (!size || gpa + size < gpa)
        return -EINVAL;

    pthread_mutex_lock(&mem->regions_lock);
    n = atomic_load(&mem->n_regions);
    err = overlaps_ram(mem, gpa, size) || overlaps_region(mem, gpa, size) ? -EEXIST : regions_reserve(mem, n);
    if (!err) {
        table = atomic_load(&mem->regions);
        at = region_lower_bound(table, n, gpa);
        write_begin(mem);
        for (unsigned i = n; i > at; i--)
            region_copy(&table->at[i], &table->at[i - 1]);
        region_set(&table->at[at], gpa, size, ops, opaque);
        atomic_store_explicit(&mem->n_regions, n + 1, memory_order_relaxed);
        write_end(mem);
    }
    pthread_mutex_unlock(&mem->regions_lock);
    return err;
}

/**
 * kia_mem_remove_mmio - takes a region away
 * @gpa, @size: exactly as it was added; anything else does nothing
 * A call into the device that started before may still be under way on another thread.
 * Thread: any, also while processors run.
 */
void kia_mem_remove_mmio(struct kia_mem *mem, uint64_t gpa, uint64_t size)
{
    struct region_table *table;
    unsigned n, at;

    pthread_mutex_lock(&mem->regions_lock);
    table = atomic_load(&mem->regions);
    n = atomic_load(&mem->n_regions);
    at = region_lower_bound(table, n, gpa);
    if (at < n && atomic_load(&table->at[at].gpa) == gpa && atomic_load(&table->at[at].size) == size) {
        write_begin(mem);
        for (unsigned i = at; i + 1 < n; i++)
            region_copy(&table->at[i], &table->at[i + 1]);
        atomic_store_explicit(&mem->n_regions, n - 1, memory_order_relaxed);
        write_end(mem);
    }
    pthread_mutex_unlock(&mem->regions_lock);
}

/*
 * Looks a region up without a lock: copies what it finds and looks again if a writer came in between (a
 * sequence lock). A half-shifted table may send the search astray, but never outside the array.
 */
static bool region_find(struct kia_mem *mem, uint64_t gpa, uint64_t *offset, const struct kia_mmio_ops **ops,
                        void **opaque)
{
    for (;;) {
        unsigned seq = atomic_load_explicit(&mem->seq, memory_order_acquire);
        struct region_table *table = atomic_load_explicit(&mem->regions, memory_order_acquire);
        unsigned n = atomic_load_explicit(&mem->n_regions, memory_order_relaxed);
        bool found = false;
        unsigned i;

        if (n > table->capacity)
            n = table->capacity;
        i = region_lower_bound(table, n, gpa);
        if (i < n) {
            uint64_t start = atomic_load_explicit(&table->at[i].gpa, memory_order_relaxed);

            *offset = gpa - start;
            *ops = atomic_load_explicit(&table->at[i].ops, memory_order_relaxed);
            *opaque = atomic_load_explicit(&table->at[i].opaque, memory_order_relaxed);
            found = start <= gpa;
        }
        atomic_thread_fence(memory_order_acquire);
        if (!(seq & 1) && atomic_load_explicit(&mem->seq, memory_order_relaxed) == seq)
            return found;
    }
}

/**
 * kia_mem_hva - host address of guest RAM
 * @len: bytes; 0 asks for the byte's address alone
 * Return: the address, valid until kia_mem_destroy(), or NULL where not all of it is RAM of one block.
 * Thread: any.
 */
void *kia_mem_hva(struct kia_mem *mem, uint64_t gpa, uint64_t len)
{
    for (unsigned i = 0; i < mem->n_ram; i++) {
        const struct ram_block *block = &mem->ram[i];
        uint64_t offset = gpa - block->gpa;

        if (offset < block->size)
            return len <= block->size - offset ? block->hva + offset : NULL;
    }
    return NULL;
}

/* The run of RAM at @gpa, at most @len bytes: its host address and length, or NULL. */
static uint8_t *ram_run(struct kia_mem *mem, uint64_t gpa, uint64_t len, uint64_t *run)
{
    for (unsigned i = 0; i < mem->n_ram; i++) {
        const struct ram_block *block = &mem->ram[i];
        uint64_t offset = gpa - block->gpa;

        if (offset < block->size) {
            *run = len < block->size - offset ? len : block->size - offset;
            return block->hva + offset;
        }
    }
    return NULL;
}

static bool all_ram(struct kia_mem *mem, uint64_t gpa, uint64_t len)
{
    for (uint64_t run; len; gpa += run, len -= run)
        if (!ram_run(mem, gpa, len, &run))
            return false;
    return true;
}

/**
 * kia_mem_read - copies from RAM
 * Return: 0, or -EFAULT (nothing copied) where not all of [@gpa, @gpa + @len) is RAM.
 * Thread: any.
 */
int kia_mem_read(struct kia_mem *mem, uint64_t gpa, void *buf, uint64_t len)
{
    uint8_t *to = buf;

    if (!all_ram(mem, gpa, len))
        return -EFAULT;
    for (uint64_t run = 0; len; gpa += run, len -= run, to += run) {
        const uint8_t *from = ram_run(mem, gpa, len, &run);

        memcpy(to, from, run);
    }
    return 0;
}

/**
 * kia_mem_write - copies to RAM and tells the write hook
 * Return: 0, or -EFAULT (nothing copied) where not all of [@gpa, @gpa + @len) is RAM.
 * Thread: any.
 */
int kia_mem_write(struct kia_mem *mem, uint64_t gpa, const void *buf, uint64_t len)
{
    const uint8_t *from = buf;
    uint64_t at = gpa, left = len;

    if (!all_ram(mem, gpa, len))
        return -EFAULT;
    for (uint64_t run = 0; left; at += run, left -= run, from += run) {
        uint8_t *to = ram_run(mem, at, left, &run);

        memcpy(to, from, run);
    }
    kia_mem_wrote(mem, gpa, len);
    return 0;
}

/**
 * kia_mem_wrote - announces that a device wrote [@gpa, @gpa + @len) of RAM through kia_mem_hva()
 * Thread: any; call it before the guest can learn that the data is there.
 */
void kia_mem_wrote(struct kia_mem *mem, uint64_t gpa, uint64_t len)
{
    if (mem->hook && len)
        mem->hook(mem->hook_opaque, gpa, len);
}

/** kia_mem_discard - see the header */
void kia_mem_discard(struct kia_mem *mem, uint64_t gpa, uint64_t len)
{
    uint64_t start = (gpa + PAGE - 1) & -(uint64_t)PAGE, end = gpa + len < gpa ? 0 : (gpa + len) & -(uint64_t)PAGE;
    void *hva = start < end ? kia_mem_hva(mem, start, end - start) : NULL;

    if (!hva)
        return;
    madvise(hva, end - start, MADV_DONTNEED);
    kia_mem_wrote(mem, start, end - start);
}

/**
 * kia_mem_clear_ram - makes all RAM zero again by giving it back to the host
 * Thread: one, while no processor runs and no device works (a reset).
 */
void kia_mem_clear_ram(struct kia_mem *mem)
{
    for (unsigned i = 0; i < mem->n_ram; i++) {
        madvise(mem->ram[i].hva, mem->ram[i].size, MADV_DONTNEED);
        kia_mem_wrote(mem, mem->ram[i].gpa, mem->ram[i].size);
    }
}

/**
 * kia_mem_set_write_hook - sets who is told of writes that no guest instruction made
 * @hook: called on the writer's thread; NULL for nobody
 * Thread: one, before others use the map.
 */
void kia_mem_set_write_hook(struct kia_mem *mem, kia_mem_write_hook hook, void *opaque)
{
    mem->hook = hook;
    mem->hook_opaque = opaque;
}

/**
 * kia_mmio_read - one load from a device
 * @size: 1, 2, 4 or 8 bytes
 * Return: the value, zero extended; all ones of @size where nobody is.
 * Thread: any.
 */
uint64_t kia_mmio_read(struct kia_mem *mem, uint64_t gpa, unsigned size)
{
    uint64_t ones = size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
    const struct kia_mmio_ops *ops;
    uint64_t offset;
    void *opaque;

    assert(size == 1 || size == 2 || size == 4 || size == 8);
    if (!region_find(mem, gpa, &offset, &ops, &opaque))
        return ones;
    return ops->read(opaque, offset, size) & ones;
}

/**
 * kia_mmio_write - one store to a device; lost where nobody is
 * @size: 1, 2, 4 or 8 bytes, the low ones of @value
 * Thread: any.
 */
void kia_mmio_write(struct kia_mem *mem, uint64_t gpa, unsigned size, uint64_t value)
{
    const struct kia_mmio_ops *ops;
    uint64_t offset;
    void *opaque;

    assert(size == 1 || size == 2 || size == 4 || size == 8);
    if (size < 8)
        value &= (UINT64_C(1) << 8 * size) - 1;
    if (region_find(mem, gpa, &offset, &ops, &opaque))
        ops->write(opaque, offset, size, value);
}

/**
 * kia_mem_ram_block - walks RAM blocks in rising order
 * @index: from 0; @gpa, @size: filled in
 * Return: false when @index is past the last.
 * Thread: any.
 */
bool kia_mem_ram_block(struct kia_mem *mem, unsigned index, uint64_t *gpa, uint64_t *size)
{
    if (index >= mem->n_ram)
        return false;
    *gpa = mem->ram[index].gpa;
    *size = mem->ram[index].size;
    return true;
}
