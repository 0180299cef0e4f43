/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for translated units: large pieces that are given back when the last unit in them is gone. Under the store's lock. */
#ifndef ACCEL_CODE_MEM_H
#define ACCEL_CODE_MEM_H

#include <stddef.h>

struct code_chunk;

struct code_mem {
    struct code_chunk *chunk; /* being filled */
    size_t bytes;             /* held from the host, all pieces */
};

/* Room for @size bytes, aligned for anything; NULL if memory ran out. */
void *code_mem_alloc(struct code_mem *m, size_t size);
void code_mem_free(struct code_mem *m, void *p);
/* What comes next goes into a new piece, so that the old ones are given back as soon as their units are gone. */
void code_mem_close(struct code_mem *m);

#endif
