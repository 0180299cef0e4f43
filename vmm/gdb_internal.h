/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of gdb's session share. Thread: the session's. */
#ifndef KIA_GDB_INTERNAL_H
#define KIA_GDB_INTERNAL_H

#include "vmm/gdb_packet.h"
#include "vmm/gdb_session.h"

enum { GDB_REPLY_MAX = GDB_PACKET_MAX }; /* bytes of an answer before escapes */

struct gdb_session {
    struct gdb_host host;
    struct gdb_parser parser;
    bool running;     /* processors are, or are about to stop */
    bool waits;       /* gdb resumed them and waits for a stop */
    bool held;        /* parser.data is a packet that waits for the stop */
    bool no_ack;
    bool leaving;     /* the answer to D is on its way */
    unsigned current; /* of register and memory packets: a processor's index */
    int resumed;      /* of c and s: an index, or -1 for all */
    unsigned thread_list; /* next one of a qsThreadInfo */
    struct gdb_stop stop; /* the last one */
    size_t sent_len;  /* the last packet, for a NAK */
    char sent[2 * GDB_REPLY_MAX + 4];
    char reply[GDB_REPLY_MAX + 1];
};

/* gdb_session.c: answers. Of an error gdb shows the number, no more; an empty answer says that a packet is not known. */
void gdb_send_bytes(struct gdb_session *s, const char *data, size_t len);
void gdb_send_text(struct gdb_session *s, const char *text);
void gdb_send_ok(struct gdb_session *s);
void gdb_send_error(struct gdb_session *s);
void gdb_send_unknown(struct gdb_session *s);
/* The processor that packets about state mean. */
struct kia_vcpu *gdb_current(struct gdb_session *s);
/* Reads "ADDR,LEN" and moves *args past it. False: it is something else. */
bool gdb_parse_range(const char **args, uint64_t *gva, uint64_t *len);

/* gdb_state.c: carries out a packet and answers. False: it is not one about state. */
bool gdb_state_packet(struct gdb_session *s, char kind, const char *args);

enum { GDB_REGISTER_MAX = 16, GDB_N_REGISTERS = 462 };

/* gdb_regs.c. Bytes of register @n in gdb's numbering (8 or 16), little-endian; 0: there is no such register. */
size_t gdb_register_read(struct kia_vcpu *vcpu, unsigned n, uint8_t bytes[GDB_REGISTER_MAX]);
size_t gdb_register_size(unsigned n);
/* False: this value cannot be. */
bool gdb_register_write(const struct gdb_host *host, struct kia_vcpu *vcpu, unsigned n, const uint8_t *bytes);

/* gdb_monitor.c: carries out "monitor @line" for processor @vcpu; text for the user goes to @out. */
void gdb_monitor(const struct gdb_host *host, struct kia_vcpu *vcpu, const char *line, FILE *out);

#endif
