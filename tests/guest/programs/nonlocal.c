// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GCC's own jumps out of functions, as its torture tests pr64242 and pr84521 have them, but with room for what GCC stores
 * on ia64: six words (frame, place, stack pointer, ar.rnat, ar.bsp, ar.pfs) where it promises five. Those two tests lose
 * ar.pfs, or the variable behind the buffer.
 */
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 6, DEPTH = 40 };

static struct {
    void *buffer[BUFFER];
    long behind[4];
} place;
static volatile int zero;
static char *volatile p, *volatile q;

__attribute__((noinline)) static void jump_by_copy(void *from)
{
    void *buffer[32];

    memcpy(buffer, from, BUFFER * sizeof(void *));
    memset(from, 0, BUFFER * sizeof(void *));
    __builtin_longjmp(buffer, 1);
}

/* Frames enough for the register stack to be stored in between. */
__attribute__((noinline)) static long deep(long depth, long a, long b, long c)
{
    long sum;

    if (!depth)
        __builtin_longjmp(place.buffer, 1);
    sum = deep(depth - 1, b + depth, c ^ a, a - c);
    return sum + a * b - c;
}

__attribute__((noinline)) static void jump_out(void)
{
    volatile long kept = 77;

    if (!__builtin_setjmp(place.buffer))
        deep(DEPTH, 1, 2, 3);
    if (kept != 77)
        abort();
}

int main(void)
{
    for (int i = 0; i < 4; i++)
        place.behind[i] = i;
    for (int i = 0; i < 100; i++)
        jump_out();
    p = __builtin_alloca((size_t)zero);
    q = __builtin_alloca((size_t)zero);
    if (!__builtin_setjmp(place.buffer))
        jump_by_copy(place.buffer);
    p = q + (q - p);
    if (p != __builtin_alloca((size_t)zero)) /* the stack pointer is what it was */
        abort();
    for (int i = 0; i < 4; i++)
        if (place.behind[i] != i)
            abort();
    return 0;
}
