/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86-64 engine: units compiled to host code.
 *
 * Owns the code cache and the emitter. May include lower/, arch/, interp/ (whose calls it falls back to). Compiling is done by
 * one thread at a time; compiled code runs on any vcpu's thread.
 */
#ifndef JIT_JIT_H
#define JIT_JIT_H

#include "interp/interp.h"
#include "isa/isa.h"

struct jit;

/* Host code of a unit. */
typedef const void *jit_code;

/**
 * jit_create - a code cache
 * @size: bytes of host code, at most 1 GiB
 * @counted: units count slots in v->slots_left and leave when it does not suffice (docs/deterministic.md)
 * Return: NULL where this host cannot run it (no x86-64, no memory).
 */
struct jit *jit_create(size_t size, bool counted);
void jit_destroy(struct jit *j);

/* How much was compiled. */
struct jit_stats {
    uint64_t units, failed; /* compiled; not compiled for want of room or because too large */
    uint64_t insns, ops;    /* guest instructions and internal ops of the units compiled */
    uint64_t bytes;         /* of host code made */
    uint64_t ns;            /* time compiling took */
};

/* Counters of calls that compiled code makes to C, by instruction; then loads and stores that the soft TLB did not answer. */
enum { JIT_COUNT_LOAD = OP_COUNT, JIT_COUNT_STORE, JIT_COUNTERS };

/*
 * From now on code is compiled that counts its calls of C in @calls[JIT_COUNTERS], not exactly where several vcpus run. Before
 * the first unit is compiled.
 */
void jit_count_calls(struct jit *j, uint64_t *calls);
const struct jit_stats *jit_stats(const struct jit *j);
/*
 * What delivers the interruption in v->fault, at v->ip and v->ri, and leaves there where to go on: compiled code calls it for
 * some and does not leave. Before the first unit is compiled.
 */
void jit_set_deliver(struct jit *j, void (*deliver)(struct vcpu *v));
/* From now on units say in v->profile_ip and v->profile_key that they run. Before the first one is compiled. */
void jit_profile(struct jit *j);

/* What unit_result.leave means, up to JIT_LEAVES; NULL: nothing. */
enum {
    JIT_LEAVES = 24,
    JIT_LEFT_INTERPRET = 15, /* nothing of the unit was done: the interpreter is to run it */
    JIT_LEFT_CALL = 16,      /* and above: unit_result.left_op says which instruction */
};
const char *jit_leave_name(unsigned leave);

/**
 * jit_compile - compile a unit
 * @over: NULL, or a unit that begins as @u does and goes on where @u ends, in the page behind: what runs where that page is
 *        mapped to @u's next physical page. Of the same key, at cpl 3
 * @ip: where it is about to run, and likely to run again
 * @token: what v->page_tokens[] has for its page at @ip, the only address it will ever run at; 0: it may run anywhere
 * Return: its entry, or NULL if it has too many values or the cache is full: the interpreter runs it then.
 */
jit_code jit_compile(struct jit *j, const struct ir_unit *u, const struct ir_unit *over, uint64_t ip, uint32_t token);

/* Does the end of its page cut @u in the middle of a division or square root, so that it is worth going on over it? */
bool jit_is_cut(const struct ir_unit *u);

/*
 * Is there no room for a unit? It comes by jit_close(), from which on nothing is compiled, and jit_open(), which forgets all code:
 * the caller sees to it that nobody runs it.
 */
bool jit_full(const struct jit *j);
void jit_close(struct jit *j);
void jit_open(struct jit *j);

/* An exit that is to lead to a unit. */
struct jit_link {
    void *place;   /* for jit_link(); NULL: none */
    uint32_t key;  /* that every run reaches the exit with */
    bool to_page;  /* to a unit of another page */
};

/**
 * jit_run - run compiled units, from one to the next while they are linked
 * @v: its ip is the first unit's address
 * @u: in: the unit that @code is of; out: the unit that ended the run (for its key and ops)
 * @r: as interp_unit(); r->last_pos is of the last unit
 * @ip0: out: address of the last unit's first bundle
 * @link: out: if the run ended at an exit that may be linked to the unit at v->ip, v->ri under one key
 */
enum unit_end jit_run(struct jit *j, struct vcpu *v, jit_code code, const struct ir_unit **u, struct unit_result *r,
                      uint64_t *ip0, struct jit_link *link);

/*
 * From now on the exit behind @link goes straight to @code, a unit in the same page and of the link's key; one to another page does so
 * where v->page_tokens[] has @token, that of the unit, and no more asks for a link.
 */
void jit_link(struct jit *j, void *link, jit_code code, uint32_t token);

#endif
