/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character back ends on file descriptors. */
#include "dev/chr.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/loop.h"

enum {
    OUT_SIZE = 64 << 10, /* a power of two */
    OUT_CHUNK = 512, /* what a descriptor that polls writable takes without blocking (POSIX's PIPE_BUF) */
    IN_SIZE = 256,
    DRAIN_MS = 1000,
};

struct kia_chr {
    struct kia_loop *loop;
    struct kia_watch in, out, listener;
    int (*accept)(int listener); /* NULL: the descriptors stay */
    bool owned, eof, lossy;
    struct kia_chr_filter filter;
    struct kia_chr_front front;

    uint8_t in_buf[IN_SIZE]; /* loop thread only: filtered input that the front end has not taken */
    size_t in_len;

    pthread_mutex_t lock;
    uint8_t out_buf[OUT_SIZE];
    size_t head, tail; /* bytes ever queued, bytes ever written */
    bool front_waits;
};

static size_t front_room(struct kia_chr *chr)
{
    return chr->front.room ? chr->front.room(chr->front.opaque) : 0;
}

/*
 * Gives the front end as much of in_buf as it takes. It asks for more only when it has been full, so this goes on until it is: the
 * guest may read between the question for room and the bytes.
 */
static void deliver(struct kia_chr *chr)
{
    while (chr->in_len) {
        size_t n = front_room(chr);

        if (n > chr->in_len)
            n = chr->in_len;
        if (!n)
            return;
        chr->front.receive(chr->front.opaque, chr->in_buf, n);
        chr->in_len -= n;
        memmove(chr->in_buf, chr->in_buf + n, chr->in_len);
    }
}

/* The caller went away. What it has sent already is still for the front end. */
static void hang_up(struct kia_chr *chr)
{
    bool tell;
    int fd;

    kia_loop_remove(chr->loop, &chr->in);
    kia_loop_remove(chr->loop, &chr->out);
    pthread_mutex_lock(&chr->lock);
    fd = chr->in.fd;
    chr->in.fd = chr->out.fd = -1;
    chr->tail = chr->head;
    tell = chr->front_waits;
    chr->front_waits = false;
    pthread_mutex_unlock(&chr->lock);
    close(fd);
    if (tell && chr->front.writable)
        chr->front.writable(chr->front.opaque);
}

static short listener_events(void *opaque)
{
    return ((struct kia_chr *)opaque)->in.fd < 0 ? POLLIN : 0;
}

static void listener_ready(void *opaque, short revents)
{
    struct kia_chr *chr = opaque;
    int fd = chr->accept(chr->listener.fd);

    (void)revents;
    if (fd < 0)
        return;
    pthread_mutex_lock(&chr->lock);
    chr->in.fd = chr->out.fd = fd;
    pthread_mutex_unlock(&chr->lock);
    kia_loop_add(chr->loop, &chr->in);
    kia_loop_add(chr->loop, &chr->out);
}

static short in_events(void *opaque)
{
    struct kia_chr *chr = opaque;

    deliver(chr);
    /* With a filter, input is read even if the guest takes none, so that the monitor's keys always work. */
    if (chr->eof || chr->in_len == IN_SIZE)
        return 0;
    return chr->filter.input || front_room(chr) ? POLLIN : 0;
}

static void in_ready(void *opaque, short revents)
{
    struct kia_chr *chr = opaque;
    uint8_t *to = chr->in_buf + chr->in_len;
    ssize_t n = read(chr->in.fd, to, IN_SIZE - chr->in_len);

    (void)revents;
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0 && chr->accept) {
        hang_up(chr);
        return;
    }
    if (n <= 0) {
        chr->eof = true;
        return;
    }
    if (chr->filter.input)
        n = chr->filter.input(chr->filter.opaque, to, n);
    chr->in_len += n;
    deliver(chr);
}

static size_t out_run(struct kia_chr *chr, const uint8_t **data)
{
    size_t at = chr->tail & (OUT_SIZE - 1), n = chr->head - chr->tail;

    *data = chr->out_buf + at;
    if (n > OUT_SIZE - at)
        n = OUT_SIZE - at;
    return n < OUT_CHUNK ? n : OUT_CHUNK;
}

static short out_events(void *opaque)
{
    struct kia_chr *chr = opaque;
    short events;

    pthread_mutex_lock(&chr->lock);
    events = chr->head != chr->tail ? POLLOUT : 0;
    pthread_mutex_unlock(&chr->lock);
    return events;
}

/* Writes one chunk. The bytes stay in the buffer meanwhile, so no lock is needed around write(). */
static void out_ready(void *opaque, short revents)
{
    struct kia_chr *chr = opaque;
    bool tell;
    const uint8_t *data;
    size_t len;
    ssize_t n;

    (void)revents;
    pthread_mutex_lock(&chr->lock);
    len = out_run(chr, &data);
    pthread_mutex_unlock(&chr->lock);

    n = write(chr->out.fd, data, len);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n < 0 && chr->accept) {
        hang_up(chr);
        return;
    }

    pthread_mutex_lock(&chr->lock);
    chr->tail += n < 0 ? len : (size_t)n; /* a reader that went away must not stop the guest */
    tell = chr->front_waits;
    chr->front_waits = false;
    pthread_mutex_unlock(&chr->lock);
    if (tell && chr->front.writable)
        chr->front.writable(chr->front.opaque);
}

/** kia_chr_create - see the header; the caller's errno is left as the failed call set it */
struct kia_chr *kia_chr_create(struct kia_loop *loop, int in, int out, bool owned,
                               const struct kia_chr_filter *filter)
{
    struct kia_chr *chr = calloc(1, sizeof(*chr));

    if (!chr)
        return NULL;
    chr->loop = loop;
    chr->owned = owned;
    if (filter)
        chr->filter = *filter;
    pthread_mutex_init(&chr->lock, NULL);
    chr->in = (struct kia_watch){ in, in_events, in_ready, chr, NULL };
    chr->out = (struct kia_watch){ out, out_events, out_ready, chr, NULL };
    if (in >= 0)
        kia_loop_add(loop, &chr->in);
    if (out >= 0)
        kia_loop_add(loop, &chr->out);
    return chr;
}

/** kia_chr_destroy - drains and frees the back end (NULL is fine); the loop does not run, the front end is
 * gone */
void kia_chr_destroy(struct kia_chr *chr)
{
    struct pollfd fd;

    if (!chr)
        return;
    chr->front = (struct kia_chr_front){ 0 };
    fd = (struct pollfd){ .fd = chr->out.fd, .events = POLLOUT };
    while (chr->head != chr->tail && poll(&fd, 1, DRAIN_MS) > 0)
        out_ready(chr, fd.revents);

    if (chr->accept)
        kia_loop_remove(chr->loop, &chr->listener);
    kia_loop_remove(chr->loop, &chr->in);
    kia_loop_remove(chr->loop, &chr->out);
    if (chr->owned) {
        if (chr->in.fd >= 0)
            close(chr->in.fd);
        if (chr->out.fd >= 0 && chr->out.fd != chr->in.fd)
            close(chr->out.fd);
    }
    pthread_mutex_destroy(&chr->lock);
    free(chr);
}

/** kia_chr_set_lossy - see the header; before the loop runs */
void kia_chr_set_lossy(struct kia_chr *chr)
{
    chr->lossy = true;
}

/** kia_chr_set_listener - see the header */
void kia_chr_set_listener(struct kia_chr *chr, int listener, int (*accept)(int listener))
{
    assert(chr->owned && chr->in.fd == chr->out.fd);
    chr->accept = accept;
    chr->listener = (struct kia_watch){ listener, listener_events, listener_ready, chr, NULL };
    kia_loop_add(chr->loop, &chr->listener);
}

/** kia_chr_set_front - connects the device; before the loop runs */
void kia_chr_set_front(struct kia_chr *chr, const struct kia_chr_front *front)
{
    chr->front = *front;
}

/* What a reader that went away does not take is lost. */
static void write_all(int fd, const uint8_t *data, size_t len)
{
    while (len) {
        struct pollfd wait = { .fd = fd, .events = POLLOUT };
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            poll(&wait, 1, -1);
        else if (n <= 0)
            return;
        data += n < 0 ? 0 : n;
        len -= n < 0 ? 0 : n;
    }
}

/**
 * kia_chr_write - queues output, or with a virtual time writes it
 * Return: how many of @len bytes were taken; without an output descriptor all, and they are lost.
 * Thread: any; the front end may hold its lock.
 */
size_t kia_chr_write(struct kia_chr *chr, const uint8_t *data, size_t len)
{
    bool was_empty;
    size_t n;

    if (kia_loop_is_virtual(chr->loop)) {
        if (chr->out.fd >= 0)
            write_all(chr->out.fd, data, len);
        return len;
    }
    pthread_mutex_lock(&chr->lock);
    if (chr->out.fd < 0) {
        pthread_mutex_unlock(&chr->lock);
        return len;
    }
    was_empty = chr->head == chr->tail;
    for (n = 0; n < len && chr->head - chr->tail < OUT_SIZE; n++)
        chr->out_buf[chr->head++ & (OUT_SIZE - 1)] = data[n];
    if (chr->lossy)
        n = len;
    chr->front_waits |= n < len;
    pthread_mutex_unlock(&chr->lock);
    if (was_empty)
        kia_loop_wake(chr->loop);
    return n;
}

/** kia_chr_accept - the front end can take input again; any thread */
void kia_chr_accept(struct kia_chr *chr)
{
    kia_loop_wake(chr->loop);
}

/** kia_chr_inject_break - a break condition on the line; loop thread */
void kia_chr_inject_break(struct kia_chr *chr)
{
    if (chr->front.receive_break)
        chr->front.receive_break(chr->front.opaque);
}
