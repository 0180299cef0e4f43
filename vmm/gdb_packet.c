/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of gdb's remote serial protocol. */
#include "vmm/gdb_packet.h"

enum { ESCAPED = 0x20, INTERRUPT = 0x03 };

static enum gdb_event feed_idle(struct gdb_parser *p, uint8_t byte)
{
    switch (byte) {
    case '$':
        p->state = GDB_DATA;
        p->len = 0;
        p->sum = 0;
        p->bad = false;
        return GDB_NOTHING;
    case INTERRUPT:
        return GDB_INTERRUPT;
    case '+':
        return GDB_ACK;
    case '-':
        return GDB_NAK;
    default:
        return GDB_NOTHING;
    }
}

static void append(struct gdb_parser *p, uint8_t byte)
{
    if (p->len < GDB_PACKET_MAX)
        p->data[p->len++] = (char)byte;
    else
        p->bad = true;
}

/** gdb_parser_feed - see the header */
enum gdb_event gdb_parser_feed(struct gdb_parser *p, uint8_t byte)
{
    int digit;

    switch (p->state) {
    case GDB_IDLE:
        return feed_idle(p, byte);
    case GDB_DATA:
        if (byte == '$')
            return feed_idle(p, byte); /* the one before was cut short */
        if (byte == '#') {
            p->state = GDB_SUM_HIGH;
            return GDB_NOTHING;
        }
        p->sum += byte;
        if (byte == '}')
            p->state = GDB_ESCAPE;
        else
            append(p, byte);
        return GDB_NOTHING;
    case GDB_ESCAPE:
        p->sum += byte;
        p->state = GDB_DATA;
        append(p, byte ^ ESCAPED);
        return GDB_NOTHING;
    case GDB_SUM_HIGH:
    case GDB_SUM_LOW:
        break;
    }
    digit = gdb_hex_digit((char)byte);
    p->bad |= digit < 0;
    p->want = (uint8_t)(p->want << 4 | (digit & 15));
    if (p->state == GDB_SUM_HIGH) {
        p->state = GDB_SUM_LOW;
        return GDB_NOTHING;
    }
    p->state = GDB_IDLE;
    p->data[p->len] = 0;
    return p->bad || p->want != p->sum ? GDB_DAMAGED : GDB_PACKET;
}

static const char digits[] = "0123456789abcdef";

/** gdb_packet_make - see the header */
size_t gdb_packet_make(char *out, const char *data, size_t len)
{
    char *to = out;
    uint8_t sum = 0;

    *to++ = '$';
    for (size_t i = 0; i < len; i++) {
        char c = data[i];

        if (c == '$' || c == '#' || c == '}' || c == '*') {
            *to++ = '}';
            sum += '}';
            c ^= ESCAPED;
        }
        *to++ = c;
        sum += (uint8_t)c;
    }
    *to++ = '#';
    *to++ = digits[sum >> 4];
    *to++ = digits[sum & 15];
    return (size_t)(to - out);
}

/** gdb_hex_digit - see the header */
int gdb_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/** gdb_hex_u64 - see the header */
bool gdb_hex_u64(const char **text, uint64_t *value)
{
    unsigned n = 0;

    for (*value = 0; gdb_hex_digit(**text) >= 0; n++, ++*text)
        *value = *value << 4 | (unsigned)gdb_hex_digit(**text);
    return n >= 1 && n <= 16;
}

/** gdb_hex_bytes - see the header */
bool gdb_hex_bytes(const char *text, void *bytes, size_t len)
{
    uint8_t *to = bytes;

    for (size_t i = 0; i < len; i++) {
        int high = gdb_hex_digit(text[2 * i]), low = high < 0 ? -1 : gdb_hex_digit(text[2 * i + 1]);

        if (low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/** gdb_hex_put - see the header */
char *gdb_hex_put(char *out, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[from[i] >> 4];
        *out++ = digits[from[i] & 15];
    }
    *out = 0;
    return out;
}
