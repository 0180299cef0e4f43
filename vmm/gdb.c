/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gdb server: one connection after the other, and the processors' threads on its behalf. */
#include "vmm/gdb.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/acpi_pm.h"
#include "dev/loop.h"
#include "dev/virtio_balloon.h"
#include "vmm/gdb_session.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/sock.h"

enum {
    IN_SIZE = 4096,
    OUT_LOW = 64 << 10, /* no input is read while more output waits */
    OUT_MAX = 4 << 20, /* a gdb that takes no more is dropped */
    LAST_WORDS_MS = 1000,
};

struct kia_gdb {
    struct kia_board *board;
    const char *address;
    struct kia_watch listener, connection;
    struct gdb_session *session; /* NULL: nobody is connected */
    bool closing; /* at the next chance */
    uint8_t in[IN_SIZE];
    size_t in_len;
    char *out;
    size_t out_len, out_size;
};

/* ---- the machine, for the session ---- */

static void host_send(void *opaque, const char *data, size_t len)
{
    struct kia_gdb *gdb = opaque;

    if (gdb->closing)
        return;
    if (gdb->out_len + len > gdb->out_size) {
        size_t size = 2 * (gdb->out_len + len);
        char *out = size <= OUT_MAX ? realloc(gdb->out, size) : NULL;

        if (!out) {
            gdb->closing = true;
            return;
        }
        gdb->out = out;
        gdb->out_size = size;
    }
    memcpy(gdb->out + gdb->out_len, data, len);
    gdb->out_len += len;
}

static void run(struct kia_board *board)
{
    board->held = false;
    kia_loop_stop(board->loop);
}

/* A stop that came together with the one gdb was told of, and cannot come again by itself. */
static bool stop_pending(const struct kia_board *board)
{
    for (unsigned i = 0; i < board->info.n_vcpus; i++)
        if (board->threads[i].stop == KIA_STOP_WATCHPOINT)
            return true;
    return false;
}

static void host_resume(void *opaque, const enum gdb_action *actions)
{
    struct kia_gdb *gdb = opaque;
    struct kia_board *board = gdb->board;

    if (stop_pending(board)) {
        gdb_stopped(gdb);
        return;
    }
    for (unsigned i = 0; i < board->info.n_vcpus; i++) {
        board->threads[i].held = actions[i] == GDB_STAY;
        board->threads[i].step = actions[i] == GDB_STEP;
        board->threads[i].stop = KIA_STOP_NONE;
    }
    run(board);
}

static void host_interrupt(void *opaque)
{
    struct kia_gdb *gdb = opaque;

    machine_request(gdb->board, REQUEST_DEBUG);
}

static bool host_halted(void *opaque, unsigned index)
{
    struct kia_gdb *gdb = opaque;

    return gdb->board->threads[index].halted;
}

static void host_detach(void *opaque)
{
    struct kia_gdb *gdb = opaque;

    gdb->closing = true;
}

static void host_quit(void *opaque)
{
    struct kia_gdb *gdb = opaque;

    machine_request(gdb->board, REQUEST_QUIT);
}

static void host_reset(void *opaque)
{
    struct kia_gdb *gdb = opaque;

    machine_request(gdb->board, REQUEST_RESET);
}

static void host_power_button(void *opaque)
{
    struct kia_gdb *gdb = opaque;

    kia_acpi_pm_power_button(gdb->board->pm);
}

static void host_balloon(void *opaque, const uint64_t *set, struct gdb_balloon *state)
{
    struct kia_board *board = ((struct kia_gdb *)opaque)->board;
    struct kia_balloon_stats stats;

    if (set)
        kia_balloon_set(board->balloon, *set);
    kia_balloon_stats(board->balloon, &stats);
    static_assert(sizeof(stats.value) == sizeof(state->stats), "the session knows as many");
    memcpy(state->stats, stats.value, sizeof(state->stats));
    state->ram = board->options->ram_size;
    state->held = kia_balloon_get(board->balloon);
}

/* ---- the connection ---- */

/* As if there never was a gdb. All processors are parked. */
static void forget_gdb(struct kia_board *board)
{
    kia_vm_clear_debug(board->info.vm);
    for (unsigned i = 0; i < board->info.n_vcpus; i++) {
        board->threads[i].held = board->threads[i].step = false;
        board->threads[i].stop = KIA_STOP_NONE;
    }
    run(board);
}

static void disconnect(struct kia_gdb *gdb)
{
    struct kia_board *board = gdb->board;

    kia_loop_remove(board->loop, &gdb->connection);
    close(gdb->connection.fd);
    gdb_session_destroy(gdb->session);
    gdb->session = NULL;
    gdb->closing = false;
    gdb->in_len = gdb->out_len = 0;
    if (board->held)
        forget_gdb(board);
    else
        machine_request(board, REQUEST_DEBUG); /* gdb_stopped() goes on */
}

static short connection_events(void *opaque)
{
    struct kia_gdb *gdb = opaque;
    bool reads = gdb_session_wants_input(gdb->session) && gdb->out_len < OUT_LOW;

    if (gdb->closing)
        return POLLOUT;
    return (reads ? POLLIN : 0) | (gdb->out_len ? POLLOUT : 0);
}

/* The session takes what it can of the input. */
static void feed(struct kia_gdb *gdb)
{
    size_t n = gdb_session_input(gdb->session, gdb->in, gdb->in_len);

    gdb->in_len -= n;
    memmove(gdb->in, gdb->in + n, gdb->in_len);
}

static void flush(struct kia_gdb *gdb)
{
    ssize_t n = gdb->out_len ? write(gdb->connection.fd, gdb->out, gdb->out_len) : 0;

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        gdb->closing = true, gdb->out_len = 0;
    if (n > 0) {
        gdb->out_len -= (size_t)n;
        memmove(gdb->out, gdb->out + n, gdb->out_len);
    }
}

static void connection_ready(void *opaque, short revents)
{
    struct kia_gdb *gdb = opaque;
    ssize_t n;

    if (revents & (POLLIN | POLLHUP | POLLERR) && !gdb->closing) {
        n = read(gdb->connection.fd, gdb->in + gdb->in_len, sizeof(gdb->in) - gdb->in_len);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            disconnect(gdb);
            return;
        }
        if (n > 0) {
            gdb->in_len += (size_t)n;
            feed(gdb);
        }
    }
    flush(gdb);
    if (gdb->closing)
        disconnect(gdb);
}

static short listener_events(void *opaque)
{
    struct kia_gdb *gdb = opaque;

    return gdb->session ? 0 : POLLIN;
}

/* A gdb that connects finds the machine stopped. */
static void listener_ready(void *opaque, short revents)
{
    struct kia_gdb *gdb = opaque;
    struct kia_board *board = gdb->board;
    struct gdb_host host = {
        .vm = board->info.vm, .mem = board->info.mem, .vcpus = board->vcpus, .n_vcpus = board->info.n_vcpus,
        .send = host_send, .resume = host_resume, .interrupt = host_interrupt, .halted = host_halted,
        .detach = host_detach, .quit = host_quit, .reset = host_reset, .power_button = host_power_button,
        .balloon = board->balloon ? host_balloon : NULL, .opaque = gdb,
    };
    int fd = kia_sock_accept(gdb->listener.fd);

    (void)revents;
    if (fd < 0)
        return;
    gdb->session = gdb_session_create(&host, board->held);
    if (!gdb->session) {
        close(fd);
        return;
    }
    gdb->connection = (struct kia_watch){ fd, connection_events, connection_ready, gdb, NULL };
    kia_loop_add(board->loop, &gdb->connection);
    if (!board->held)
        machine_request(board, REQUEST_DEBUG);
}

/** gdb_stopped - see the header */
void gdb_stopped(struct kia_gdb *gdb)
{
    struct kia_board *board = gdb->board;
    struct gdb_stop stop = { 0 };

    board->held = true;
    if (!gdb->session) {
        forget_gdb(board);
        return;
    }
    for (unsigned i = 0; i < board->info.n_vcpus; i++) {
        struct vcpu_thread *thread = &board->threads[i];

        if (thread->stop != KIA_STOP_NONE) {
            stop = (struct gdb_stop){ i, thread->stop, thread->stop_address };
            thread->stop = KIA_STOP_NONE;
            break;
        }
    }
    gdb_session_stopped(gdb->session, &stop);
    feed(gdb);
    flush(gdb);
}

/** gdb_open - see the header */
int gdb_open(struct kia_board *board, const char *address, struct kia_gdb **out)
{
    struct kia_gdb *gdb = calloc(1, sizeof(*gdb));
    int fd = gdb ? kia_sock_open("-gdb", address, true) : kia_err(-ENOMEM, "cannot wait for gdb");

    if (fd < 0) {
        free(gdb);
        return fd;
    }
    gdb->board = board;
    gdb->address = address;
    gdb->listener = (struct kia_watch){ fd, listener_events, listener_ready, gdb, NULL };
    kia_loop_add(board->loop, &gdb->listener);
    *out = gdb;
    return 0;
}

/* The last words, for a moment, whether gdb listens or not. */
static void say_farewell(struct kia_gdb *gdb)
{
    struct pollfd fd = { .fd = gdb->connection.fd, .events = POLLOUT };

    gdb_session_ended(gdb->session);
    while (gdb->out_len && poll(&fd, 1, LAST_WORDS_MS) > 0 && !gdb->closing)
        flush(gdb);
}

/** gdb_close - see the header */
void gdb_close(struct kia_gdb *gdb)
{
    if (!gdb)
        return;
    if (gdb->session) {
        say_farewell(gdb);
        kia_loop_remove(gdb->board->loop, &gdb->connection);
        close(gdb->connection.fd);
        gdb_session_destroy(gdb->session);
    }
    kia_loop_remove(gdb->board->loop, &gdb->listener);
    kia_sock_close_listener(gdb->listener.fd, gdb->address);
    free(gdb->out);
    free(gdb);
}
