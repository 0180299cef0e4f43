/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One gdb's session: what its packets say, and the answers (docs/debugging.md).
 *
 * Owns the protocol and gdb's view of the registers; knows no socket and no board. May include accel/accel.h and mem/.
 * One thread; processors are touched only while all of them are stopped.
 */
#ifndef KIA_GDB_SESSION_H
#define KIA_GDB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "accel/accel.h"

struct kia_mem;
struct gdb_session;

enum gdb_action { GDB_STAY, GDB_CONTINUE, GDB_STEP };

enum { GDB_BALLOON_STATS = 10 };

/* Sizes are bytes. */
struct gdb_balloon {
    uint64_t ram;                      /* of the machine */
    uint64_t held;                     /* in the balloon */
    uint64_t stats[GDB_BALLOON_STATS]; /* what the guest said last, as struct kia_balloon_stats has it */
};

/* The machine, as a session uses it. */
struct gdb_host {
    struct kia_vm *vm;
    struct kia_mem *mem;
    struct kia_vcpu *const *vcpus;
    unsigned n_vcpus;
    /* Queues bytes for gdb. */
    void (*send)(void *opaque, const char *data, size_t len);
    /* Lets processors go, @actions[i] for processor i; gdb_session_stopped() comes later. */
    void (*resume)(void *opaque, const enum gdb_action *actions);
    /* Stops all processors; gdb_session_stopped() comes later, perhaps for another reason. */
    void (*interrupt)(void *opaque);
    /* True if processor @index waits for others to start it. */
    bool (*halted)(void *opaque, unsigned index);
    /* gdb goes away (it or this end closes the connection), and the machine runs on. */
    void (*detach)(void *opaque);
    void (*quit)(void *opaque);
    void (*reset)(void *opaque);
    void (*power_button)(void *opaque);
    /* The balloon, NULL: there is none. Bytes in it are set, unless @set is NULL, and got. */
    void (*balloon)(void *opaque, const uint64_t *set, struct gdb_balloon *state);
    void *opaque;
};

/* Why the processors stopped. KIA_STOP_NONE: they were asked to. */
struct gdb_stop {
    unsigned vcpu;
    enum kia_stop kind;
    uint64_t address;
};

/* @stopped: the processors are, and stay so until gdb resumes them. NULL: no memory. */
struct gdb_session *gdb_session_create(const struct gdb_host *host, bool stopped);
void gdb_session_destroy(struct gdb_session *s);
/*
 * Bytes from gdb, any. Return: how many were taken; the others are for later, when gdb_session_wants_input() says true: it
 * does not while a packet waits for the processors to stop.
 */
size_t gdb_session_input(struct gdb_session *s, const uint8_t *data, size_t len);
bool gdb_session_wants_input(const struct gdb_session *s);
/* All processors have stopped, and gdb is told if it waits for that. */
void gdb_session_stopped(struct gdb_session *s, const struct gdb_stop *stop);
/* The machine ends: gdb is told if it waits. */
void gdb_session_ended(struct gdb_session *s);

#endif
