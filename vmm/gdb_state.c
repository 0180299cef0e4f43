/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb's packets about the machine's state: registers, memory, breakpoints and watchpoints. */
#include <string.h>

#include "vmm/gdb_internal.h"
#include "vmm/gdb_packet.h"

enum { PEEK_CHUNK = 64 };

/* ---- registers ---- */

static void read_register(struct gdb_session *s, const char *args)
{
    uint8_t bytes[GDB_REGISTER_MAX];
    uint64_t n;
    size_t size;

    if (!gdb_hex_u64(&args, &n) || n >= GDB_N_REGISTERS) {
        gdb_send_error(s);
        return;
    }
    size = gdb_register_read(gdb_current(s), (unsigned)n, bytes);
    gdb_hex_put(s->reply, bytes, size);
    gdb_send_text(s, s->reply);
}

static void write_register(struct gdb_session *s, const char *args)
{
    uint8_t bytes[GDB_REGISTER_MAX];
    uint64_t n;

    if (gdb_hex_u64(&args, &n) && n < GDB_N_REGISTERS && *args == '=' &&
        gdb_hex_bytes(args + 1, bytes, gdb_register_size((unsigned)n)) &&
        gdb_register_write(&s->host, gdb_current(s), (unsigned)n, bytes))
        gdb_send_ok(s);
    else
        gdb_send_error(s);
}

static void read_registers(struct gdb_session *s)
{
    uint8_t bytes[GDB_REGISTER_MAX];
    char *to = s->reply;

    for (unsigned n = 0; n < GDB_N_REGISTERS; n++)
        to = gdb_hex_put(to, bytes, gdb_register_read(gdb_current(s), n, bytes));
    gdb_send_text(s, s->reply);
}

/* Registers that do not change are left alone: writing some of them has consequences. */
static void write_registers(struct gdb_session *s, const char *args)
{
    bool good = true;

    for (unsigned n = 0; n < GDB_N_REGISTERS; n++) {
        uint8_t now[GDB_REGISTER_MAX], then[GDB_REGISTER_MAX];
        size_t size = gdb_register_read(gdb_current(s), n, now);

        if (!gdb_hex_bytes(args, then, size))
            break;
        if (memcmp(now, then, size))
            good &= gdb_register_write(&s->host, gdb_current(s), n, then);
        args += 2 * size;
    }
    if (good)
        gdb_send_ok(s);
    else
        gdb_send_error(s);
}

/* ---- memory ---- */

/* As much as there is. */
static void read_memory(struct gdb_session *s, const char *args)
{
    uint8_t bytes[PEEK_CHUNK];
    char *to = s->reply;
    uint64_t gva, len;

    if (!gdb_parse_range(&args, &gva, &len)) {
        gdb_send_error(s);
        return;
    }
    if (len > (GDB_REPLY_MAX - 1) / 2)
        len = (GDB_REPLY_MAX - 1) / 2;
    *to = 0;
    while (len) {
        uint64_t n = PEEK_CHUNK - gva % PEEK_CHUNK;

        n = n < len ? n : len;
        if (kia_vcpu_peek(gdb_current(s), gva, bytes, n))
            break;
        to = gdb_hex_put(to, bytes, n);
        gva += n;
        len -= n;
    }
    if (len && to == s->reply)
        gdb_send_error(s);
    else
        gdb_send_text(s, s->reply);
}

/* "ADDR,LEN:" and the bytes: digits, or as they are. */
static void write_memory(struct gdb_session *s, const char *args, bool binary)
{
    const char *end = s->parser.data + s->parser.len;
    uint8_t *bytes = (uint8_t *)s->reply;
    uint64_t gva, len;
    bool good = gdb_parse_range(&args, &gva, &len) && *args++ == ':' && len <= (uint64_t)(end - args);

    if (good && binary)
        memcpy(bytes, args, len);
    else
        good = good && gdb_hex_bytes(args, bytes, len);
    if (good && !kia_vcpu_poke(gdb_current(s), gva, bytes, len))
        gdb_send_ok(s);
    else
        gdb_send_error(s);
}

/* ---- breakpoints and watchpoints: "TYPE,ADDR,KIND" ---- */

static int change_watchpoint(struct gdb_session *s, bool set, char type, uint64_t gva, uint64_t len)
{
    unsigned access = type == '2' ? KIA_WATCH_WRITE : type == '3' ? KIA_WATCH_READ : KIA_WATCH_READ | KIA_WATCH_WRITE;

    if (set)
        return kia_vm_set_watchpoint(s->host.vm, gva, len, access);
    kia_vm_clear_watchpoint(s->host.vm, gva, len, access);
    return 0;
}

static int change_breakpoint(struct gdb_session *s, bool set, uint64_t address)
{
    if (set)
        return kia_vm_set_breakpoint(s->host.vm, address);
    kia_vm_clear_breakpoint(s->host.vm, address);
    return 0;
}

static void change_stop(struct gdb_session *s, const char *args, bool set)
{
    char type = *args;
    uint64_t address, kind;

    if (type < '0' || type > '4') {
        gdb_send_unknown(s);
        return;
    }
    args++;
    if (*args++ != ',' || !gdb_parse_range(&args, &address, &kind) ||
        (type > '1' ? change_watchpoint(s, set, type, address, kind) : change_breakpoint(s, set, address)))
        gdb_send_error(s);
    else
        gdb_send_ok(s);
}

bool gdb_state_packet(struct gdb_session *s, char kind, const char *args)
{
    switch (kind) {
    case 'g':
        read_registers(s);
        return true;
    case 'G':
        write_registers(s, args);
        return true;
    case 'p':
        read_register(s, args);
        return true;
    case 'P':
        write_register(s, args);
        return true;
    case 'm':
        read_memory(s, args);
        return true;
    case 'M':
    case 'X':
        write_memory(s, args, kind == 'X');
        return true;
    case 'Z':
    case 'z':
        change_stop(s, args, kind == 'Z');
        return true;
    default:
        return false;
    }
}
