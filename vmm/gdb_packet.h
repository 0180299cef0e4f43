/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of gdb's remote serial protocol: bytes in, packets out, hexadecimal numbers. Owns no connection; includes libc only;
 * one thread a parser. What comes in may be anything.
 */
#ifndef KIA_GDB_PACKET_H
#define KIA_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GDB_PACKET_MAX = 0x8000 }; /* bytes between '$' and '#' after escapes are taken out */

enum gdb_event {
    GDB_NOTHING,
    GDB_PACKET, /* data and len are valid until the next byte; a zero byte follows them */
    GDB_DAMAGED, /* wrong checksum, or too long */
    GDB_INTERRUPT, /* C-c outside of a packet */
    GDB_ACK,
    GDB_NAK,
};

struct gdb_parser {
    enum { GDB_IDLE, GDB_DATA, GDB_ESCAPE, GDB_SUM_HIGH, GDB_SUM_LOW } state;
    uint8_t sum, want;
    bool bad;
    size_t len;
    char data[GDB_PACKET_MAX + 1];
};

enum gdb_event gdb_parser_feed(struct gdb_parser *p, uint8_t byte);

/*
 * Writes "$data#sum" with escapes to @out, which has 2 * len + 4 bytes. Return: the number of bytes.
 */
size_t gdb_packet_make(char *out, const char *data, size_t len);

/* Value of a digit, or -1. */
int gdb_hex_digit(char c);
/* Reads 1 to 16 digits and moves *text past them. False: there is none, or there are more. */
bool gdb_hex_u64(const char **text, uint64_t *value);
/* Reads 2 * len digits. False: there are fewer, or others. */
bool gdb_hex_bytes(const char *text, void *bytes, size_t len);
/* Writes 2 * len digits and a zero byte. Return: behind the last digit. */
char *gdb_hex_put(char *out, const void *bytes, size_t len);

#endif
