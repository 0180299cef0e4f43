/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and indirect branches: a recursive function, a bytecode interpreter with a table of jumps. */
#include "program.h"

static uint64_t fib_of = 0;

__attribute__((noinline, noclone, optimize("no-optimize-sibling-calls")))
static uint64_t fib(uint64_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void fib_prepare(uint64_t size)
{
    fib_of = size;
}

static uint64_t fib_run(uint64_t count)
{
    uint64_t sum = 0;

    while (count--)
        sum = bench_mix(sum, fib(fib_of + (sum & 1)));
    return sum;
}

/* A machine with registers a, b, c, d and an instruction a byte; an operand is in the next byte. */
enum { OP_SET_D, OP_ADD, OP_XOR, OP_SHIFT, OP_STORE, OP_LOAD, OP_SWAP, OP_LOOP, OP_END };

static const uint8_t bytecode[] = {
    OP_SET_D, 200,
    OP_ADD, OP_SWAP, OP_XOR, OP_SHIFT, 3, OP_STORE, OP_ADD, OP_SWAP, OP_LOAD, OP_ADD, OP_SHIFT, 5, OP_XOR,
    OP_STORE, OP_SWAP,
    OP_LOOP, 16,
    OP_END,
};

/* From a to the bytecode's end; the new a. */
static uint64_t interpret(const uint8_t *pc, uint64_t a, uint64_t memory[256])
{
    static const void *const ops[] = {
        &&set_d, &&add, &&xor, &&shift, &&store, &&load, &&swap, &&loop, &&end,
    };
    uint64_t b = a + 1, c = 0, d = 0;

#define NEXT goto *ops[*pc++]
    NEXT;
set_d:
    d = *pc++;
    NEXT;
add:
    a += b;
    NEXT;
xor:
    b ^= a;
    NEXT;
shift:
    c = a >> *pc++;
    NEXT;
store:
    memory[c & 255] = a;
    NEXT;
load:
    b = memory[a & 255];
    NEXT;
swap:
    c ^= b;
    b = a;
    a += c;
    NEXT;
loop:
    if (--d)
        pc -= *pc;
    else
        pc++;
    NEXT;
end:
    return bench_mix(a, b);
#undef NEXT
}

static uint64_t bytecode_run(uint64_t count)
{
    uint64_t memory[256] = { 0 }, sum = 0;

    while (count--)
        sum = interpret(bytecode, sum, memory);
    return sum;
}

const struct program program_fib = { .name = "fib", .size = 16, .prepare = fib_prepare, .run = fib_run };
const struct program program_bytecode = { .name = "bytecode", .run = bytecode_run };
