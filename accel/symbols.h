/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of a guest program's code, from its System.map or its ELF file. */
#ifndef ACCEL_SYMBOLS_H
#define ACCEL_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbols;

/**
 * symbols_load - reads the names of functions
 * @path: lines "address type name" as nm(1) prints them (System.map), of which t, T, w and W count; or an IA-64 ELF file
 * with a symbol table
 * Return: 0, or negative errno with a message: what cannot be read, or has no function in it.
 */
int symbols_load(const char *path, struct symbols **out);
void symbols_free(struct symbols *s);

/*
 * The function that @address lies in: the last one that begins at or before it; @offset: bytes from there. NULL: none; so it
 * is behind the last one, but for the 64 KiB from there. @s may be NULL. Any thread.
 */
const char *symbols_find(const struct symbols *s, uint64_t address, uint64_t *offset);

/* "name+0xoffset", or an empty string. Return: @buf. */
const char *symbols_text(const struct symbols *s, uint64_t address, char *buf, size_t size);

#endif
