/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for translated units. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "accel/code_mem.h"

enum { CHUNK = 1 << 18, ALIGN = 16 }; /* a chunk lies at a multiple of its size: what is in it finds it */

struct code_chunk {
    size_t used;
    size_t live; /* allocations not freed, and one while it is being filled */
};

static void put(struct code_mem *m, struct code_chunk *c)
{
    if (--c->live)
        return;
    m->bytes -= CHUNK;
    free(c);
}

void code_mem_close(struct code_mem *m)
{
    if (m->chunk)
        put(m, m->chunk);
    m->chunk = NULL;
}

void *code_mem_alloc(struct code_mem *m, size_t size)
{
    const size_t first = (sizeof(struct code_chunk) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct code_chunk *c = m->chunk;
    void *p;

    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    assert(size <= CHUNK - first);
    if (!c || c->used + size > CHUNK) {
        code_mem_close(m);
        c = aligned_alloc(CHUNK, CHUNK);
        if (!c)
            return NULL;
        *c = (struct code_chunk){ .used = first, .live = 1 };
        m->chunk = c;
        m->bytes += CHUNK;
    }
    p = (char *)c + c->used;
    c->used += size;
    c->live++;
    return p;
}

void code_mem_free(struct code_mem *m, void *p)
{
    put(m, (struct code_chunk *)((uintptr_t)p & ~(uintptr_t)(CHUNK - 1)));
}
