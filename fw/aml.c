/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AML emitter. */
#include "fw/aml.h"

#include "fw/bytes.h"

#include <assert.h>
#include <stdlib.h>

enum {
    OP_ZERO = 0x00,
    OP_ONE = 0x01,
    OP_NAME = 0x08,
    OP_BYTE = 0x0a,
    OP_WORD = 0x0b,
    OP_DWORD = 0x0c,
    OP_STRING = 0x0d,
    OP_QWORD = 0x0e,
    OP_SCOPE = 0x10,
    OP_BUFFER = 0x11,
    OP_PACKAGE = 0x12,
    OP_METHOD = 0x14,
    OP_EXT = 0x5b,
    EXT_DEVICE = 0x82,
    EXT_PROCESSOR = 0x83,
};
enum {
    DECODE_FIXED = 0x0c, /* _MIF and _MAF */
    CONSUMER = 1,
};

void aml_free(struct aml *aml)
{
    free(aml->data);
    *aml = (struct aml){ 0 };
}

void aml_bytes(struct aml *aml, const void *data, size_t len)
{
    if (aml->failed)
        return;
    if (len > aml->room - aml->size) {
        size_t room = (aml->room + len) * 2;
        uint8_t *grown = realloc(aml->data, room);

        if (!grown) {
            aml->failed = true;
            return;
        }
        aml->data = grown;
        aml->room = room;
    }
    memcpy(aml->data + aml->size, data, len);
    aml->size += len;
}

void aml_byte(struct aml *aml, uint8_t value)
{
    aml_bytes(aml, &value, 1);
}

void aml_name_string(struct aml *aml, const char *name)
{
    char segment[4] = { '_', '_', '_', '_' };

    if (*name == '\\') {
        aml_byte(aml, '\\');
        name++;
    }
    assert(strlen(name) >= 1 && strlen(name) <= 4);
    memcpy(segment, name, strlen(name));
    aml_bytes(aml, segment, sizeof(segment));
}

/* The shortest constant. Return: bytes used of @out. */
static size_t encode_integer(uint8_t out[9], uint64_t value)
{
    static const struct {
        uint8_t op;
        unsigned bytes;
    } forms[] = { { OP_BYTE, 1 }, { OP_WORD, 2 }, { OP_DWORD, 4 }, { OP_QWORD, 8 } };
    unsigned form = value <= UINT8_MAX ? 0 : value <= UINT16_MAX ? 1 : value <= UINT32_MAX ? 2 : 3;

    if (value <= 1) {
        out[0] = value ? OP_ONE : OP_ZERO;
        return 1;
    }
    out[0] = forms[form].op;
    put64(out + 1, value);
    return 1 + forms[form].bytes;
}

void aml_integer(struct aml *aml, uint64_t value)
{
    uint8_t bytes[9];

    aml_bytes(aml, bytes, encode_integer(bytes, value));
}

void aml_string(struct aml *aml, const char *text)
{
    aml_byte(aml, OP_STRING);
    aml_bytes(aml, text, strlen(text) + 1);
}

/* Three letters of 5 bits, then four hex digits, in big-endian order. */
void aml_eisaid(struct aml *aml, const char *id)
{
    uint32_t number = (uint32_t)strtoul(id + 3, NULL, 16);
    uint32_t letters = (uint32_t)(id[0] - '@') << 10 | (uint32_t)(id[1] - '@') << 5 | (uint32_t)(id[2] - '@');
    const uint8_t bytes[] = { OP_DWORD, (uint8_t)(letters >> 8), (uint8_t)letters, (uint8_t)(number >> 8),
                              (uint8_t)number };

    aml_bytes(aml, bytes, sizeof(bytes));
}

static void open_package(struct aml *aml)
{
    assert(aml->depth < sizeof(aml->open) / sizeof(aml->open[0]));
    aml->open[aml->depth++] = aml->size;
}

/* Puts bytes before what a package holds so far. */
static void insert(struct aml *aml, size_t at, const uint8_t *bytes, size_t len)
{
    aml_bytes(aml, bytes, len);
    if (aml->failed)
        return;
    memmove(aml->data + at + len, aml->data + at, aml->size - at - len);
    memcpy(aml->data + at, bytes, len);
}

/* Puts the package length, which counts itself, before the contents. */
void aml_close(struct aml *aml)
{
    uint8_t length[4];
    size_t start = aml->open[--aml->depth], size = aml->size - start;
    unsigned n = size + 1 < 1u << 6 ? 1 : size + 2 < 1u << 12 ? 2 : size + 3 < 1u << 20 ? 3 : 4;

    size += n;
    assert(size < 1u << 28);
    length[0] = (uint8_t)(n == 1 ? size : (n - 1) << 6 | (size & 15));
    for (unsigned i = 1; i < n; i++)
        length[i] = (uint8_t)(size >> (4 + 8 * (i - 1)));
    insert(aml, start, length, n);
}

void aml_open_scope(struct aml *aml, const char *name)
{
    aml_byte(aml, OP_SCOPE);
    open_package(aml);
    aml_name_string(aml, name);
}

void aml_open_device(struct aml *aml, const char *name)
{
    aml_byte(aml, OP_EXT);
    aml_byte(aml, EXT_DEVICE);
    open_package(aml);
    aml_name_string(aml, name);
}

void aml_open_processor(struct aml *aml, const char *name, uint8_t id)
{
    static const uint8_t no_block[5] = { 0 }; /* address and length of P_BLK */

    aml_byte(aml, OP_EXT);
    aml_byte(aml, EXT_PROCESSOR);
    open_package(aml);
    aml_name_string(aml, name);
    aml_byte(aml, id);
    aml_bytes(aml, no_block, sizeof(no_block));
}

void aml_open_method(struct aml *aml, const char *name, uint8_t flags)
{
    aml_byte(aml, OP_METHOD);
    open_package(aml);
    aml_name_string(aml, name);
    aml_byte(aml, flags);
}

void aml_open_package(struct aml *aml, uint8_t elements)
{
    aml_byte(aml, OP_PACKAGE);
    open_package(aml);
    aml_byte(aml, elements);
}

void aml_name(struct aml *aml, const char *name)
{
    aml_byte(aml, OP_NAME);
    aml_name_string(aml, name);
}

void aml_name_integer(struct aml *aml, const char *name, uint64_t value)
{
    aml_name(aml, name);
    aml_integer(aml, value);
}

void aml_open_resources(struct aml *aml)
{
    aml_byte(aml, OP_BUFFER);
    open_package(aml);
}

void aml_close_resources(struct aml *aml)
{
    static const uint8_t end_tag[] = { 0x79, 0x00 };
    size_t start = aml->open[aml->depth - 1];
    uint8_t size[9];

    aml_bytes(aml, end_tag, sizeof(end_tag));
    insert(aml, start, size, encode_integer(size, aml->size - start));
    aml_close(aml);
}

void aml_word_space(struct aml *aml, enum aml_space space, uint8_t type_flags, uint16_t first, uint16_t last)
{
    uint8_t d[16] = { 0x88, 13, 0, (uint8_t)space, DECODE_FIXED, type_flags };

    put16(d + 8, first);
    put16(d + 10, last);
    put16(d + 14, (uint16_t)(last - first + 1));
    aml_bytes(aml, d, sizeof(d));
}

void aml_qword_space(struct aml *aml, enum aml_space space, bool consumer, uint8_t type_flags, uint64_t first,
                     uint64_t last)
{
    uint8_t d[46] = { 0x8a,      43, 0, (uint8_t)space, (uint8_t)(DECODE_FIXED | (consumer ? CONSUMER : 0)),
                      type_flags };

    put64(d + 14, first);
    put64(d + 22, last);
    put64(d + 38, last - first + 1);
    aml_bytes(aml, d, sizeof(d));
}

void aml_interrupt(struct aml *aml, uint8_t flags, uint32_t gsi)
{
    uint8_t d[9] = { 0x89, 6, 0, flags, 1 };

    put32(d + 5, gsi);
    aml_bytes(aml, d, sizeof(d));
}
