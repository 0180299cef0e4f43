/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Little-endian fields in byte arrays; the header and the two checksums of firmware tables. */
#ifndef KIA_FW_BYTES_H
#define KIA_FW_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void put8(uint8_t *at, uint8_t v)
{
    *at = v;
}

static inline void put16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)v;
    at[1] = (uint8_t)(v >> 8);
}

static inline void put32(uint8_t *at, uint32_t v)
{
    put16(at, (uint16_t)v);
    put16(at + 2, (uint16_t)(v >> 16));
}

static inline void put64(uint8_t *at, uint64_t v)
{
    put32(at, (uint32_t)v);
    put32(at + 4, (uint32_t)(v >> 32));
}

static inline uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t get32(const uint8_t *at)
{
    return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static inline uint64_t get64(const uint8_t *at)
{
    return get32(at) | (uint64_t)get32(at + 4) << 32;
}

/* Copies @text without its NUL and fills the field of @size bytes with @fill. */
static inline void put_text(uint8_t *at, size_t size, const char *text, char fill)
{
    size_t n = strlen(text);

    memset(at, fill, size);
    memcpy(at, text, n < size ? n : size);
}

/* The header of an ACPI table, 36 bytes (ACPI 2.0, 5.2.5), but for its checksum. @size: of the whole table. */
static inline void put_table_header(uint8_t *table, const char *signature, size_t size, uint8_t revision)
{
    put_text(table, 4, signature, 0);
    put32(table + 4, (uint32_t)size);
    put8(table + 8, revision);
    put_text(table + 10, 6, "KVMIA6", ' ');
    put_text(table + 16, 8, "KVMIA64", ' ');
    put32(table + 24, 1);
    put_text(table + 28, 4, "KIA", ' ');
    put32(table + 32, 1);
}

/* The byte that makes @len bytes sum to zero, where the checksum's own place holds zero now. */
static inline uint8_t checksum8(const uint8_t *data, size_t len)
{
    unsigned sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += data[i];
    return (uint8_t)-sum;
}

/* CRC-32 as EFI table headers use it: polynomial 0x04c11db7 reflected, ones in, ones out. */
static inline uint32_t crc32_efi(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

#endif
