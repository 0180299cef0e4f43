/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb's remote serial protocol: the session, its packets about threads, running and the machine. */
#include "vmm/gdb_session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/gdb_internal.h"
#include "vmm/gdb_packet.h"

enum {
    MONITOR_CHUNK = 4096,
    MAX_THREADS = 1024,
};

/* ---- answers ---- */

void gdb_send_bytes(struct gdb_session *s, const char *data, size_t len)
{
    s->sent_len = gdb_packet_make(s->sent, data, len);
    s->host.send(s->host.opaque, s->sent, s->sent_len);
}

void gdb_send_text(struct gdb_session *s, const char *text)
{
    gdb_send_bytes(s, text, strlen(text));
}

void gdb_send_ok(struct gdb_session *s)
{
    gdb_send_text(s, "OK");
}

void gdb_send_error(struct gdb_session *s)
{
    gdb_send_text(s, "E01");
}

void gdb_send_unknown(struct gdb_session *s)
{
    gdb_send_text(s, "");
}

struct kia_vcpu *gdb_current(struct gdb_session *s)
{
    return s->host.vcpus[s->current];
}

bool gdb_parse_range(const char **args, uint64_t *gva, uint64_t *len)
{
    if (!gdb_hex_u64(args, gva) || *(*args)++ != ',')
        return false;
    return gdb_hex_u64(args, len);
}

static bool starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* ---- threads: processor i is thread i + 1 ---- */

/* A thread's number at *text: its index, -1 for all (or any). False: there is no such thread. */
static bool parse_thread(struct gdb_session *s, const char **text, int *index)
{
    uint64_t id;

    *index = -1;
    if (starts(*text, "-1")) {
        *text += 2;
        return true;
    }
    if (!gdb_hex_u64(text, &id) || id > s->host.n_vcpus)
        return false;
    *index = (int)id - 1;
    return true;
}

static void set_thread(struct gdb_session *s, const char *args)
{
    const char *text = args + 1;
    int index;

    if (!*args || !parse_thread(s, &text, &index)) {
        gdb_send_error(s);
        return;
    }
    if (*args == 'c')
        s->resumed = index;
    else if (index >= 0)
        s->current = (unsigned)index;
    gdb_send_ok(s);
}

static void thread_alive(struct gdb_session *s, const char *args)
{
    int index;

    if (parse_thread(s, &args, &index) && index >= 0)
        gdb_send_ok(s);
    else
        gdb_send_error(s);
}

static void list_threads(struct gdb_session *s)
{
    size_t len = 0;

    if (s->thread_list == s->host.n_vcpus) {
        gdb_send_text(s, "l");
        return;
    }
    while (s->thread_list < s->host.n_vcpus && len < MAX_THREADS)
        len += (size_t)snprintf(s->reply + len, sizeof(s->reply) - len, "%c%x", len ? ',' : 'm', ++s->thread_list);
    gdb_send_bytes(s, s->reply, len);
}

static void describe_thread(struct gdb_session *s, const char *args)
{
    char text[64];
    int index;

    if (!parse_thread(s, &args, &index) || index < 0) {
        gdb_send_error(s);
        return;
    }
    snprintf(text, sizeof(text), "processor %d%s", index,
             s->host.halted(s->host.opaque, (unsigned)index) ? ", not started" : "");
    gdb_hex_put(s->reply, text, strlen(text));
    gdb_send_text(s, s->reply);
}

/* ---- stops ---- */

static void send_stop(struct gdb_session *s)
{
    int len = snprintf(s->reply, sizeof(s->reply), "T%02xthread:%x;", s->stop.kind == KIA_STOP_NONE ? 2 : 5,
                       s->stop.vcpu + 1);

    if (s->stop.kind == KIA_STOP_WATCHPOINT)
        snprintf(s->reply + len, sizeof(s->reply) - (size_t)len, "watch:%" PRIx64 ";", s->stop.address);
    gdb_send_text(s, s->reply);
}

/* ---- running ---- */

static void resume(struct gdb_session *s, const enum gdb_action *actions)
{
    bool any = false;

    for (unsigned i = 0; i < s->host.n_vcpus; i++)
        any |= actions[i] != GDB_STAY;
    if (!any) {
        gdb_send_error(s);
        return;
    }
    s->running = s->waits = true;
    s->host.resume(s->host.opaque, actions);
}

/* c, s, C and S: for the thread that Hc chose, others go on. */
static void resume_simply(struct gdb_session *s, enum gdb_action action)
{
    enum gdb_action actions[MAX_THREADS];
    unsigned chosen = s->resumed < 0 ? s->current : (unsigned)s->resumed;
    enum gdb_action others = s->resumed < 0 ? GDB_CONTINUE : GDB_STAY;

    for (unsigned i = 0; i < s->host.n_vcpus; i++)
        actions[i] = i == chosen ? action : others;
    resume(s, actions);
}

/* One ";ACTION[:THREAD]" of a vCont; a signal's number means nothing here. */
static bool parse_action(struct gdb_session *s, const char **args, enum gdb_action *action, int *index)
{
    uint64_t signal;
    char letter;

    *index = -1;
    if (*(*args)++ != ';')
        return false;
    letter = *(*args)++;
    if (letter == 'c' || letter == 'C')
        *action = GDB_CONTINUE;
    else if (letter == 's' || letter == 'S')
        *action = GDB_STEP;
    else
        return false;
    if ((letter == 'C' || letter == 'S') && !gdb_hex_u64(args, &signal))
        return false;
    if (**args != ':')
        return true;
    ++*args;
    return parse_thread(s, args, index);
}

/* A thread does what the first action that names it says; those that none names stay. */
static void resume_threads(struct gdb_session *s, const char *args)
{
    enum gdb_action actions[MAX_THREADS];
    bool done[MAX_THREADS] = { false };

    memset(actions, 0, sizeof(actions));
    while (*args) {
        enum gdb_action action;
        int index;

        if (!parse_action(s, &args, &action, &index)) {
            gdb_send_error(s);
            return;
        }
        for (unsigned i = 0; i < s->host.n_vcpus; i++) {
            if (done[i] || (index >= 0 && (unsigned)index != i))
                continue;
            done[i] = true;
            actions[i] = action;
        }
    }
    resume(s, actions);
}

/* ---- queries ---- */

static const char target_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
    "<target version=\"1.0\"><architecture>ia64-elf64</architecture></target>";

static void read_features(struct gdb_session *s, const char *args)
{
    uint64_t offset, len, size = sizeof(target_xml) - 1;

    if (!starts(args, "target.xml:")) {
        gdb_send_text(s, "E00");
        return;
    }
    args += strlen("target.xml:");
    if (!gdb_parse_range(&args, &offset, &len)) {
        gdb_send_error(s);
        return;
    }
    if (offset >= size) {
        gdb_send_text(s, "l");
        return;
    }
    if (len > size - offset)
        len = size - offset;
    s->reply[0] = offset + len < size ? 'm' : 'l';
    memcpy(s->reply + 1, target_xml + offset, len);
    gdb_send_bytes(s, s->reply, len + 1);
}

/* Text for gdb's user, in pieces. */
static void send_console(struct gdb_session *s, const char *text, size_t len)
{
    for (size_t at = 0; at < len; at += MONITOR_CHUNK) {
        size_t n = len - at < MONITOR_CHUNK ? len - at : MONITOR_CHUNK;

        s->reply[0] = 'O';
        gdb_hex_put(s->reply + 1, text + at, n);
        gdb_send_text(s, s->reply);
    }
}

static void monitor(struct gdb_session *s, const char *args)
{
    size_t n = strlen(args) / 2, size = 0;
    char *line = malloc(n + 1), *text = NULL;
    FILE *out = line && gdb_hex_bytes(args, line, n) ? open_memstream(&text, &size) : NULL;

    if (out) {
        line[n] = 0;
        gdb_monitor(&s->host, gdb_current(s), line, out);
        fclose(out);
    }
    if (text) {
        send_console(s, text, size);
        gdb_send_ok(s);
    } else {
        gdb_send_error(s);
    }
    free(text);
    free(line);
}

static void query(struct gdb_session *s, const char *args)
{
    if (starts(args, "Supported")) {
        snprintf(s->reply, sizeof(s->reply), "PacketSize=%x;QStartNoAckMode+;vContSupported+;qXfer:features:read+",
                 GDB_PACKET_MAX);
        gdb_send_text(s, s->reply);
    } else if (!strcmp(args, "fThreadInfo") || !strcmp(args, "sThreadInfo")) {
        if (*args == 'f')
            s->thread_list = 0;
        list_threads(s);
    } else if (starts(args, "ThreadExtraInfo,")) {
        describe_thread(s, args + strlen("ThreadExtraInfo,"));
    } else if (!strcmp(args, "C")) {
        snprintf(s->reply, sizeof(s->reply), "QC%x", s->current + 1);
        gdb_send_text(s, s->reply);
    } else if (starts(args, "Attached")) {
        gdb_send_text(s, "1");
    } else if (starts(args, "Xfer:features:read:")) {
        read_features(s, args + strlen("Xfer:features:read:"));
    } else if (starts(args, "Rcmd,")) {
        monitor(s, args + strlen("Rcmd,"));
    } else {
        gdb_send_unknown(s);
    }
}

/* ---- packets ---- */

static void v_packet(struct gdb_session *s, const char *args)
{
    if (!strcmp(args, "Cont?")) {
        gdb_send_text(s, "vCont;c;C;s;S");
    } else if (starts(args, "Cont;")) {
        resume_threads(s, args + strlen("Cont"));
    } else if (starts(args, "Kill")) {
        gdb_send_ok(s);
        s->host.quit(s->host.opaque);
    } else {
        gdb_send_unknown(s);
    }
}

static void set_packet(struct gdb_session *s, const char *args)
{
    if (!strcmp(args, "StartNoAckMode")) {
        s->no_ack = true;
        gdb_send_ok(s);
    } else {
        gdb_send_unknown(s);
    }
}

static void run_packet(struct gdb_session *s, char kind, const char *args)
{
    switch (kind) {
    case 'c':
    case 's': /* from another address: gdb writes the register instead */
        if (*args)
            gdb_send_error(s);
        else
            resume_simply(s, kind == 'c' ? GDB_CONTINUE : GDB_STEP);
        break;
    case 'C':
    case 'S':
        resume_simply(s, kind == 'C' ? GDB_CONTINUE : GDB_STEP);
        break;
    case 'v':
        v_packet(s, args);
        break;
    case 'D':
        gdb_send_ok(s);
        if (s->no_ack)
            s->host.detach(s->host.opaque);
        else
            s->leaving = true;
        break;
    case 'k':
        s->host.quit(s->host.opaque);
        break;
    }
}

/* All processors are stopped. */
static void packet(struct gdb_session *s)
{
    char kind = s->parser.data[0];
    const char *args = s->parser.data + 1;

    switch (kind) {
    case '?':
        send_stop(s);
        break;
    case 'H':
        set_thread(s, args);
        break;
    case 'T':
        thread_alive(s, args);
        break;
    case 'q':
        query(s, args);
        break;
    case 'Q':
        set_packet(s, args);
        break;
    default:
        if (kind && strchr("cCsSvDk", kind))
            run_packet(s, kind, args);
        else if (!gdb_state_packet(s, kind, args))
            gdb_send_unknown(s);
        break;
    }
}

static void event(struct gdb_session *s, enum gdb_event event)
{
    /* The end waits for gdb's acknowledgement, which could not be sent into a connection that is closed. */
    if (s->leaving && event != GDB_NOTHING && event != GDB_NAK) {
        s->leaving = false;
        s->host.detach(s->host.opaque);
    }
    switch (event) {
    case GDB_PACKET:
        if (!s->no_ack)
            s->host.send(s->host.opaque, "+", 1);
        if (s->running)
            s->held = true;
        else if (s->parser.len)
            packet(s);
        break;
    case GDB_DAMAGED:
        if (!s->no_ack)
            s->host.send(s->host.opaque, "-", 1);
        break;
    case GDB_INTERRUPT:
        if (s->running)
            s->host.interrupt(s->host.opaque);
        break;
    case GDB_NAK:
        if (!s->no_ack && s->sent_len)
            s->host.send(s->host.opaque, s->sent, s->sent_len);
        break;
    case GDB_NOTHING:
    case GDB_ACK:
        break;
    }
}

/** gdb_session_wants_input - see the header */
bool gdb_session_wants_input(const struct gdb_session *s)
{
    return !s->held;
}

/** gdb_session_input - see the header; the caller stops giving where gdb_session_wants_input() turns false */
size_t gdb_session_input(struct gdb_session *s, const uint8_t *data, size_t len)
{
    size_t i;

    for (i = 0; i < len && !s->held; i++)
        event(s, gdb_parser_feed(&s->parser, data[i]));
    return i;
}

/** gdb_session_stopped - see the header */
void gdb_session_stopped(struct gdb_session *s, const struct gdb_stop *stop)
{
    bool waits = s->waits;

    s->stop = *stop;
    s->current = stop->vcpu;
    s->running = s->waits = false;
    if (waits)
        send_stop(s);
    if (s->held) {
        s->held = false;
        if (s->parser.len)
            packet(s);
    }
}

/** gdb_session_ended - see the header */
void gdb_session_ended(struct gdb_session *s)
{
    if (s->waits)
        gdb_send_text(s, "W00");
}

/** gdb_session_create - see the header */
struct gdb_session *gdb_session_create(const struct gdb_host *host, bool stopped)
{
    struct gdb_session *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->host = *host;
    s->running = !stopped;
    s->resumed = -1;
    s->stop.kind = KIA_STOP_STEP; /* for '?': SIGTRAP */
    return s;
}

/** gdb_session_destroy - NULL is fine */
void gdb_session_destroy(struct gdb_session *s)
{
    free(s);
}
