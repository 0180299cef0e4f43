/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams cut into fragments, in any order, twice, and mixed, come out whole; others never. */
#include "tests/dev/fixture.h"

#include <string.h>

#include "dev/net_fragment.h"

enum { ETH = 14, IP = 20 };

static struct kia_net_assembler *assembler;
static uint64_t seed;

static int setup(void **state)
{
    (void)state;
    seed = 11;
    assembler = kia_net_assembler_create();
    return !assembler;
}

static int teardown(void **state)
{
    (void)state;
    kia_net_assembler_destroy(assembler);
    return 0;
}

static uint8_t data_byte(unsigned id, size_t at)
{
    return (id * 31 + at) * 2654435761u >> 24;
}

/* The piece [from, from + n) of datagram @id; gives it to the assembler. */
static uint8_t *give(unsigned id, size_t from, size_t n, bool more, size_t *len, int64_t seconds)
{
    static uint8_t frame[ETH + 60 + 65536];

    memset(frame, 0, ETH + IP);
    frame[12] = 8;
    frame[ETH] = 0x45;
    frame[ETH + 2] = (IP + n) >> 8;
    frame[ETH + 3] = IP + n;
    frame[ETH + 4] = id >> 8;
    frame[ETH + 5] = id;
    frame[ETH + 6] = (more ? 0x20 : 0) | from / 8 >> 8;
    frame[ETH + 7] = from / 8;
    frame[ETH + 9] = 17;
    for (size_t i = 0; i < n; i++)
        frame[ETH + IP + i] = data_byte(id, from + i);
    *len = ETH + IP + n + id % 3; /* Ethernet may pad */
    return kia_net_assemble(assembler, frame, len, seconds);
}

static void expect_whole(const uint8_t *frame, size_t len, unsigned id, size_t n)
{
    uint32_t sum = 0;

    assert_non_null(frame);
    assert_int_equal(len, ETH + IP + n);
    assert_int_equal(frame[ETH + 2] << 8 | frame[ETH + 3], IP + n);
    assert_int_equal(frame[ETH + 6] | frame[ETH + 7], 0);
    for (unsigned i = 0; i < IP; i += 2)
        sum += frame[ETH + i] << 8 | frame[ETH + i + 1];
    assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(frame[ETH + IP + i], data_byte(id, i));
}

static void test_orders(void **state)
{
    (void)state;
    for (unsigned id = 0; id < 2000; id++) {
        size_t step = 8 * (1 + next_random(&seed) % 180), n = 1 + next_random(&seed) % 65515, len = 0;
        unsigned pieces = (n + step - 1) / step, order[8192], done = 0;
        uint8_t *whole = NULL;

        if (pieces < 2)
            continue;
        for (unsigned i = 0; i < pieces; i++)
            order[i] = i;
        for (unsigned i = pieces - 1; i; i--) {
            unsigned k = next_random(&seed) % (i + 1), other = order[i];

            order[i] = order[k];
            order[k] = other;
        }
        while (done < pieces) {
            size_t from = order[done] * step, piece = from + step < n ? step : n - from;

            assert_null(whole);
            if (done + 1 < pieces && next_random(&seed) % 4 == 0)
                assert_null(give(id, from, piece, from + piece < n, &len, 0)); /* it comes twice */
            whole = give(id, from, piece, from + piece < n, &len, 0);
            done++;
        }
        expect_whole(whole, len, id, n);
    }
}

static void test_mixed(void **state)
{
    size_t len = 0;

    (void)state;
    for (unsigned id = 0; id < 16; id++)
        assert_null(give(id, 800, 100, false, &len, 5));
    for (unsigned id = 0; id < 16; id++) {
        uint8_t *whole = give(id, 0, 800, true, &len, 20);

        expect_whole(whole, len, id, 900);
    }
    /* Too old: the second half of another datagram with that number. */
    assert_null(give(1, 800, 100, false, &len, 100));
    assert_null(give(1, 0, 800, true, &len, 131));
}

static void test_never(void **state)
{
    uint8_t short_frame[ETH + IP] = { [12] = 8, [ETH] = 0x45, [ETH + 3] = 60 };
    size_t len = 0;

    (void)state;
    /* Pieces past the end, two ends, odd lengths, past 64 KiB. */
    assert_null(give(1, 800, 100, false, &len, 0));
    assert_null(give(1, 1600, 8, true, &len, 0));
    assert_null(give(1, 0, 800, true, &len, 0));
    assert_null(give(2, 800, 100, false, &len, 0));
    assert_null(give(2, 800, 108, false, &len, 0));
    assert_null(give(2, 0, 800, true, &len, 0));
    assert_null(give(3, 0, 801, true, &len, 0));
    assert_null(give(4, 65528, 100, false, &len, 0));
    assert_null(give(4, 65504, 12, false, &len, 0));
    assert_null(give(5, 0, 0, true, &len, 0));
    /* Headers that lie. */
    len = sizeof(short_frame);
    assert_null(kia_net_assemble(assembler, short_frame, &len, 0));
    short_frame[ETH + 3] = 19;
    assert_null(kia_net_assemble(assembler, short_frame, &len, 0));
    short_frame[ETH + 3] = 20;
    assert_ptr_equal(kia_net_assemble(assembler, short_frame, &len, 0), short_frame);
    short_frame[ETH] = 0x44;
    assert_null(kia_net_assemble(assembler, short_frame, &len, 0));
    short_frame[ETH] = 0x4f;
    assert_null(kia_net_assemble(assembler, short_frame, &len, 0));
    short_frame[ETH] = 0x65;
    assert_null(kia_net_assemble(assembler, short_frame, &len, 0));
    len = ETH + 19;
    assert_null(kia_net_assemble(assembler, short_frame, &len, 0));
    short_frame[12] = 0x86;
    assert_ptr_equal(kia_net_assemble(assembler, short_frame, &len, 0), short_frame);
    for (unsigned i = 0; i < 100000; i++)
        give(next_random(&seed) % 20, 8 * (next_random(&seed) % 8192), next_random(&seed) % 1500,
             next_random(&seed) & 1, &len, i / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mixed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never, setup, teardown),
    };

    return cmocka_run_group_tests_name("net_fragment", tests, NULL, NULL);
}
