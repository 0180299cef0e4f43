/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening what -chardev asks for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "dev/chr.h"
#include "dev/loop.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/sock.h"

enum { POLL_MS = 200 };

static int open_file(const struct kia_chardev *c, int *out)
{
    *out = open(c->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return *out < 0 ? kia_err(-errno, "chardev '%s': cannot write '%s'", c->id, c->path) : 0;
}

/* PATH.in and PATH.out if both are there, else PATH for both ways. Opened for both, so nobody is waited
 * for. */
static int open_pipe(const struct kia_chardev *c, int *in, int *out)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s.in", c->path);
    *in = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    snprintf(path, sizeof(path), "%s.out", c->path);
    *out = open(path, O_RDWR | O_CLOEXEC);
    if (*in >= 0 && *out >= 0)
        return 0;
    if (*in >= 0)
        close(*in);
    if (*out >= 0)
        close(*out);
    *in = *out = open(c->path, O_RDWR | O_CLOEXEC);
    return *in < 0 ? kia_err(-errno, "chardev '%s': cannot open pipe '%s'", c->id, c->path) : 0;
}

/* The other side stays open in this process too, so that its users can come and go. */
static int open_pty(const struct kia_chardev *c, int *fd, int *other)
{
    struct termios mode;

    *fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0 || grantpt(*fd) || unlockpt(*fd)) {
        int err = kia_err(-errno, "chardev '%s': cannot get a terminal", c->id);

        if (*fd >= 0)
            close(*fd);
        return err;
    }
    if (!tcgetattr(*fd, &mode)) {
        cfmakeraw(&mode);
        tcsetattr(*fd, TCSANOW, &mode);
    }
    *other = open(ptsname(*fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
    fprintf(stderr, "char device redirected to %s (label %s)\n", ptsname(*fd), c->id);
    return 0;
}

static int wait_for_caller(const struct kia_chardev *c, int listener, int *fd)
{
    struct pollfd wait = { .events = POLLIN, .fd = listener };
    sigset_t pending;

    kia_warn("chardev '%s': waiting for a caller on %s", c->id, c->address);
    do {
        *fd = poll(&wait, 1, POLL_MS) > 0 ? kia_sock_accept(listener) : -1;
        sigpending(&pending); /* they are blocked: the event loop, which would take them, does not run yet */
    } while (*fd < 0 && !sigismember(&pending, SIGINT) && !sigismember(&pending, SIGTERM));
    return *fd < 0 ? -EINTR : 0;
}

/* @fd: -1 with a server that nobody has called yet. @listener: 0 without a server. */
static int open_socket(const struct kia_board *board, const struct kia_chardev *c, int *fd, int *listener)
{
    int sock;

    if (!c->wait && kia_loop_is_virtual(board->loop)) {
        kia_err(0, "chardev '%s': no two runs have their caller at the same time: leave wait=off out", c->id);
        return -EINVAL;
    }
    sock = kia_sock_open("-chardev", c->address, c->server);
    if (sock < 0)
        return sock;
    if (!c->server) {
        *fd = sock;
        return 0;
    }
    *listener = sock;
    return c->wait ? wait_for_caller(c, sock, fd) : 0;
}

static int open_one(struct kia_board *board, const struct kia_chardev *c, struct kia_chr **chr)
{
    unsigned index = c - board->options->chardevs;
    int in = -1, out = -1, err = 0;

    switch (c->kind) {
    case KIA_CHARDEV_NULL:
    case KIA_CHARDEV_STDIO:
        return 0;
    case KIA_CHARDEV_FILE:
        err = open_file(c, &out);
        break;
    case KIA_CHARDEV_PIPE:
        err = open_pipe(c, &in, &out);
        break;
    case KIA_CHARDEV_PTY:
        err = open_pty(c, &in, &board->pty_sides[index]);
        out = in;
        break;
    case KIA_CHARDEV_SOCKET:
        err = open_socket(board, c, &in, &board->chardev_listeners[index]);
        out = in;
        break;
    }
    if (err)
        return err;
    *chr = kia_chr_create(board->loop, in, out, true, NULL);
    if (*chr && c->kind == KIA_CHARDEV_PTY)
        kia_chr_set_lossy(*chr);
    if (*chr && board->chardev_listeners[index])
        kia_chr_set_listener(*chr, board->chardev_listeners[index], kia_sock_accept);
    if (*chr)
        return 0;
    if (in >= 0)
        close(in);
    if (out >= 0 && out != in)
        close(out);
    return kia_err(-ENOMEM, "cannot open chardev '%s'", c->id);
}

/** chardevs_open - see the header; chardevs_close() afterwards in any case */
int chardevs_open(struct kia_board *board)
{
    int err = 0;

    for (unsigned i = 0; !err && i < board->options->n_chardevs; i++)
        err = open_one(board, &board->options->chardevs[i], &board->chardevs[i]);
    return err;
}

/** chardevs_close - see the header; the devices are gone, the loop does not run */
void chardevs_close(struct kia_board *board)
{
    for (unsigned i = 0; i < board->options->n_chardevs; i++) {
        kia_chr_destroy(board->chardevs[i]);
        if (board->pty_sides[i] > 0)
            close(board->pty_sides[i]);
        if (board->chardev_listeners[i] > 0)
            kia_sock_close_listener(board->chardev_listeners[i], board->options->chardevs[i].address);
    }
}

/** chardev_chr - see the header */
struct kia_chr *chardev_chr(struct kia_board *board, int index)
{
    if (board->options->chardevs[index].kind == KIA_CHARDEV_STDIO)
        return kia_console_terminal(board->console);
    return board->chardevs[index];
}
