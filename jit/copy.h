/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the C functions that do copying loops share (docs/jit.md). They run on the vcpu's own thread. */
#ifndef JIT_COPY_H
#define JIT_COPY_H

#include "arch/mmu.h"
#include "jit/compile.h"

#define ROTATING_PR UINT64_C(0xffffffffffff) /* p16-p63, from bit 0 */

/* The ops of a rotating copying loop (jit/copy_loop.c), by index. */
enum {
    SKIP_LOAD, GET_FROM, ADD_FROM, LOAD, SET_LOADED, SET_FROM,
    SKIP_STORE, GET_TO, GET_STORED, ADD_TO, STORE, SET_TO,
    GET_LC, SKIP_LC, SUB_LC, SET_LC, SET_P63, ROTATE, EXIT, N_OPS
};

/* Where such a unit goes on after its loop of bytes (jit/copy_bytes.c). */
enum { COPY_BYTES_END = 21 };

/* The pointer that @get, an IR_GET_GRS or IR_GET_GRF, reads. */
static inline uint64_t *copy_pointer(struct vcpu *v, const struct ir_op *get)
{
    return get->op == IR_GET_GRS ? &v->gr[get->c] : &v->frame[get->c];
}

/* How many accesses by @step from @gva stay in its page; 0 if it is not aligned. */
static inline uint64_t copy_in_page(uint64_t gva, int64_t step, unsigned size)
{
    uint64_t offset = gva & 0xfff;

    if (offset & (size - 1))
        return 0;
    return step > 0 ? (4096 - offset) / size : offset / size + 1;
}

/* The host address that the soft TLB has for @gva, or NULL. */
static inline uint8_t *copy_locate(struct vcpu *v, uint64_t gva, bool write)
{
    const struct stlb_entry *e = stlb_slot(v, gva);
    uint64_t word = (gva & ~UINT64_C(0xfff)) ^ v->dtag[gva >> 61];

    return word == (write ? e->tag_w : e->tag_r) ? (uint8_t *)(e->addend + (uintptr_t)gva) : NULL;
}

/* The loop's branch @exit was taken, by a unit at @ip. */
static inline void copy_went_back(struct vcpu *v, const struct ir_op *exit, uint64_t ip)
{
    if (v->psr & PSR_IC)
        v->cr[CR_IIPA] = ip + (exit->pos >> 2) * UINT64_C(16);
}

/*
 * Is the unit a copying loop, most or all of which the C function next to it does when the unit is entered? @op: the unit's ops,
 * @ip: its address. Return: all is done, as the last iteration leaves it; jit_copy_loop() only does that if it may (@whole).
 */
bool is_copy_loop(const struct ir_unit *u);
uint64_t jit_copy_loop(struct vcpu *v, const struct ir_op *op, uint64_t ip, uint64_t whole);
bool is_copy_bytes(const struct ir_unit *u);
uint64_t jit_copy_bytes(struct vcpu *v, const struct ir_op *op, uint64_t ip, uint64_t whole);

/*
 * All of a rotating copying loop that starts with p16 alone, ends with its last store and stays in two pages: short memmoves.
 * Return: false if it is no such run; then nothing was done. jit/copy_short.c
 */
bool jit_copy_short(struct vcpu *v, const struct ir_op *op, uint64_t ip);

#endif
