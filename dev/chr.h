/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character back ends: where the bytes of a serial port go to and come from.
 *
 * A back end is made by vmm/ (terminal, file) and given to one device, its front end. Owns its output buffer.
 * Writes: any thread. Front-end callbacks: the event loop's thread, no lock of the back end held.
 */
#ifndef KIA_CHR_H
#define KIA_CHR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kia_chr;
struct kia_loop;

struct kia_chr_front {
    size_t (*room)(void *opaque); /* bytes that receive() would take now */
    void (*receive)(void *opaque, const uint8_t *data, size_t len); /* at most room() bytes */
    void (*receive_break)(void *opaque);
    void (*writable)(void *opaque); /* after a short kia_chr_write(): there is room again */
    void *opaque;
};

/* What a kind of back end adds to reading and writing descriptors; each may be NULL. */
struct kia_chr_filter {
    /* Looks at @len bytes of input in @data, may shorten them in place (keys of the monitor's own), returns
     * how many are left. */
    size_t (*input)(void *opaque, uint8_t *data, size_t len);
    void *opaque;
};

/*
 * @in, @out: descriptors or -1; they are closed with the back end if @owned. @filter: NULL or copied.
 * Return: NULL when the host has no memory.
 */
struct kia_chr *kia_chr_create(struct kia_loop *loop, int in, int out, bool owned,
                               const struct kia_chr_filter *filter);
/* Waits up to a second for the output to drain, then frees. No loop runs any more. */
void kia_chr_destroy(struct kia_chr *chr);
/* Output that nobody reads is lost once the buffer is full, instead of keeping the guest waiting. */
void kia_chr_set_lossy(struct kia_chr *chr);
/*
 * Callers come and go: @accept takes one from @listener, which stays the caller's, as a descriptor or -1; one at a time, in
 * the place of @in and @out, which may be -1 or the same. Output without a caller is lost. Before the loop runs.
 */
void kia_chr_set_listener(struct kia_chr *chr, int listener, int (*accept)(int listener));
void kia_chr_set_front(struct kia_chr *chr, const struct kia_chr_front *front);
/* With a virtual time (dev/loop.h) writes all and waits for it, so that no guest sees how fast the host is. Else
 * queues bytes for output; returns how many it took. When that is not all, writable() comes later. */
size_t kia_chr_write(struct kia_chr *chr, const uint8_t *data, size_t len);
/* The front end has room again. */
void kia_chr_accept(struct kia_chr *chr);
/* Hands the front end a break condition. Loop thread. */
void kia_chr_inject_break(struct kia_chr *chr);

#endif
