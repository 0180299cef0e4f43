/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accessor of guest RAM: every load and store of a processor goes through here, as relaxed atomics where the datum is
 * naturally aligned. Values are those of a little-endian reference.
 *
 * Order (SDM Vol.2 4.4.7): on x86-64 hosts every load acquires and every store releases, so ld.acq and st.rel need no more;
 * mf is a fence (mem_fence()), semaphores are locked operations. On weaker hosts engines put fences around acquire and
 * release references.
 */
#ifndef ARCH_MEM_ACCESS_H
#define ARCH_MEM_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MEM_LE(bits, x) (x)
#else
#define MEM_LE(bits, x) __builtin_bswap##bits(x)
#endif

static inline uint64_t ram_load(const void *p, unsigned size)
{
    uint16_t x2;
    uint32_t x4;
    uint64_t x8;

    if ((uintptr_t)p & (size - 1)) { /* misaligned: no atomicity is promised */
        switch (size) {
        case 2:
            memcpy(&x2, p, 2);
            return MEM_LE(16, x2);
        case 4:
            memcpy(&x4, p, 4);
            return MEM_LE(32, x4);
        default:
            memcpy(&x8, p, 8);
            return MEM_LE(64, x8);
        }
    }
    switch (size) {
    case 1:
        return __atomic_load_n((const uint8_t *)p, __ATOMIC_RELAXED);
    case 2:
        return MEM_LE(16, __atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED));
    case 4:
        return MEM_LE(32, __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED));
    default:
        return MEM_LE(64, __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED));
    }
}

static inline void ram_store(void *p, unsigned size, uint64_t value)
{
    uint16_t x2 = MEM_LE(16, (uint16_t)value);
    uint32_t x4 = MEM_LE(32, (uint32_t)value);
    uint64_t x8 = MEM_LE(64, value);

    if ((uintptr_t)p & (size - 1)) {
        switch (size) {
        case 2:
            memcpy(p, &x2, 2);
            return;
        case 4:
            memcpy(p, &x4, 4);
            return;
        default:
            memcpy(p, &x8, 8);
            return;
        }
    }
    switch (size) {
    case 1:
        __atomic_store_n((uint8_t *)p, (uint8_t)value, __ATOMIC_RELAXED);
        return;
    case 2:
        __atomic_store_n((uint16_t *)p, x2, __ATOMIC_RELAXED);
        return;
    case 4:
        __atomic_store_n((uint32_t *)p, x4, __ATOMIC_RELAXED);
        return;
    default:
        __atomic_store_n((uint64_t *)p, x8, __ATOMIC_RELAXED);
        return;
    }
}

/* mf */
static inline void mem_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* Reverses the low @size (1, 2, 4, 8) bytes. */
static inline uint64_t mem_swap(uint64_t x, unsigned size)
{
    return size == 1 ? x : __builtin_bswap64(x) >> (64 - 8 * size);
}

static inline uint64_t mem_order(uint64_t x, unsigned size, bool be) { return be ? mem_swap(x, size) : x; }

static inline uint64_t mem_mask(unsigned size) { return size < 8 ? (UINT64_C(1) << 8 * size) - 1 : UINT64_MAX; }

/*
 * Host compare-and-swap on a naturally aligned datum, sequentially consistent. @expected and @desired are memory-order (little-endian)
 * values of the size. Return: the value found.
 */
static inline uint64_t ram_cmpxchg(void *p, unsigned size, uint64_t expected, uint64_t desired)
{
    switch (size) {
    case 1: {
        uint8_t x = (uint8_t)expected;

        __atomic_compare_exchange_n((uint8_t *)p, &x, (uint8_t)desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        return x;
    }
    case 2: {
        uint16_t x = MEM_LE(16, (uint16_t)expected);

        __atomic_compare_exchange_n((uint16_t *)p, &x, MEM_LE(16, (uint16_t)desired), false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
        return MEM_LE(16, x);
    }
    case 4: {
        uint32_t x = MEM_LE(32, (uint32_t)expected);

        __atomic_compare_exchange_n((uint32_t *)p, &x, MEM_LE(32, (uint32_t)desired), false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
        return MEM_LE(32, x);
    }
    default: {
        uint64_t x = MEM_LE(64, expected);

        __atomic_compare_exchange_n((uint64_t *)p, &x, MEM_LE(64, desired), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        return MEM_LE(64, x);
    }
    }
}

static inline uint64_t ram_xchg(void *p, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        return __atomic_exchange_n((uint8_t *)p, (uint8_t)value, __ATOMIC_SEQ_CST);
    case 2:
        return MEM_LE(16, __atomic_exchange_n((uint16_t *)p, MEM_LE(16, (uint16_t)value), __ATOMIC_SEQ_CST));
    case 4:
        return MEM_LE(32, __atomic_exchange_n((uint32_t *)p, MEM_LE(32, (uint32_t)value), __ATOMIC_SEQ_CST));
    default:
        return MEM_LE(64, __atomic_exchange_n((uint64_t *)p, MEM_LE(64, value), __ATOMIC_SEQ_CST));
    }
}

#endif
