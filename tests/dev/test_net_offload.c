/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums against RFC 1071 written plainly; joined segments cut apart again must give the stream. */
#include "tests/dev/fixture.h"

#include <string.h>

#include "dev/net_offload.h"

enum { ETH = 14, IP = 20, TCP = 20, HEADERS = ETH + IP + TCP, MSS = 1460, MAX_OUT = 64 };

static struct {
    struct kia_net_hdr hdr;
    size_t len;
    uint8_t frame[KIA_NET_MAX_FRAME];
} out[MAX_OUT];
static unsigned n_out;

static void take(void *opaque, const struct kia_net_hdr *hdr, const uint8_t *frame, size_t len)
{
    (void)opaque;
    assert_true(n_out < MAX_OUT && len <= KIA_NET_MAX_FRAME);
    out[n_out].hdr = *hdr;
    out[n_out].len = len;
    memcpy(out[n_out++].frame, frame, len);
}

static struct kia_net_joiner joiner;

static int setup(void **state)
{
    (void)state;
    memset(&joiner, 0, sizeof(joiner));
    joiner.out = take;
    n_out = 0;
    return 0;
}

static uint32_t sum16(const uint8_t *data, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += i & 1 ? data[i] : data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void put(uint8_t *at, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = value >> 8 * (size - 1 - i);
}

static uint32_t get(const uint8_t *at, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static uint32_t tcp_sum(const uint8_t *frame, size_t tcp_len)
{
    return sum16(frame + ETH + IP, tcp_len, sum16(frame + ETH + 12, 8, 6 + tcp_len));
}

static uint8_t stream_byte(uint32_t seq)
{
    return seq * 2654435761u >> 24;
}

/* A segment of @n bytes of the stream from @seq. */
static size_t segment(uint8_t *frame, uint32_t seq, unsigned n, uint16_t port, uint8_t flags)
{
    static uint16_t id;

    memset(frame, 0, HEADERS);
    memcpy(frame, "\x52\x54\x00\x12\x34\x56\x52\x55\x0a\x00\x02\x02\x08\x00", ETH);
    frame[ETH] = 0x45;
    put(frame + ETH + 2, 2, IP + TCP + n);
    put(frame + ETH + 4, 2, id++);
    frame[ETH + 8] = 64;
    frame[ETH + 9] = 6;
    put(frame + ETH + 12, 4, 0x0a000202);
    put(frame + ETH + 16, 4, 0x0a00020f);
    put(frame + ETH + 10, 2, ~sum16(frame + ETH, IP, 0));
    put(frame + ETH + IP, 2, 80);
    put(frame + ETH + IP + 2, 2, port);
    put(frame + ETH + IP + 4, 4, seq);
    put(frame + ETH + IP + 8, 4, 77);
    frame[ETH + IP + 12] = 5 << 4;
    frame[ETH + IP + 13] = flags;
    put(frame + ETH + IP + 14, 2, 1000 + seq % 1000);
    for (unsigned i = 0; i < n; i++)
        frame[HEADERS + i] = stream_byte(seq + i);
    put(frame + ETH + IP + 16, 2, ~tcp_sum(frame, TCP + n));
    return HEADERS + n;
}

static void join(uint32_t seq, unsigned n, uint16_t port, uint8_t flags)
{
    uint8_t frame[HEADERS + 2 * MSS];

    kia_net_join(&joiner, frame, segment(frame, seq, n, port, flags));
}

/* Checks out[i]: @n bytes from @seq, whole or to be cut into pieces of @mss. */
static void expect(unsigned i, uint32_t seq, unsigned n, unsigned mss)
{
    const uint8_t *frame = out[i].frame;

    assert_true(i < n_out);
    assert_int_equal(out[i].len, HEADERS + n);
    assert_int_equal(get(frame + ETH + 2, 2), IP + TCP + n);
    assert_int_equal(sum16(frame + ETH, IP, 0), 0xffff);
    assert_int_equal(get(frame + ETH + IP + 4, 4), seq);
    for (unsigned k = 0; k < n; k++)
        assert_int_equal(frame[HEADERS + k], stream_byte(seq + k));
    if (!mss) {
        assert_int_equal(out[i].hdr.flags, KIA_NET_DATA_VALID);
        assert_int_equal(out[i].hdr.gso_type, KIA_NET_GSO_NONE);
        assert_int_equal(tcp_sum(frame, TCP + n), 0xffff);
        return;
    }
    assert_int_equal(out[i].hdr.flags, KIA_NET_NEEDS_CSUM);
    assert_int_equal(out[i].hdr.gso_type, KIA_NET_GSO_TCPV4);
    assert_int_equal(out[i].hdr.gso_size, mss);
    assert_int_equal(out[i].hdr.hdr_len, HEADERS);
    assert_int_equal(out[i].hdr.csum_start, ETH + IP);
    assert_int_equal(out[i].hdr.csum_offset, 16);
    /* What is asked for gives a valid checksum. */
    assert_true(kia_net_finish_checksum(&out[i].hdr, out[i].frame, out[i].len));
    assert_int_equal(tcp_sum(frame, TCP + n), 0xffff);
}

static void test_joined(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        join(1000 + i * MSS, MSS, 5000, 0x10);
    assert_int_equal(n_out, 0);
    join(1000 + 10 * MSS, 77, 5000, 0x10); /* a short one ends it */
    assert_int_equal(n_out, 1);
    expect(0, 1000, 10 * MSS + 77, MSS);
    kia_net_join_flush(&joiner);
    assert_int_equal(n_out, 1);
    /* A push ends it too, and the flag is kept. Sequence numbers wrap. */
    join(0xfffffff0, 16, 5000, 0x10);
    join(0, 16, 5000, 0x18);
    expect(1, 0xfffffff0, 32, 16);
    assert_int_equal(out[1].frame[ETH + IP + 13], 0x18);
}

static void test_full(void **state)
{
    unsigned most = (65535 - IP - TCP) / MSS;

    (void)state;
    for (unsigned i = 0; i < most + 1; i++)
        join(i * MSS, MSS, 1, 0x10);
    assert_int_equal(n_out, 1);
    expect(0, 0, most * MSS, MSS);
    kia_net_join_flush(&joiner);
    expect(1, most * MSS, MSS, 0);
}

static void test_not_joined(void **state)
{
    uint8_t frame[HEADERS + MSS];
    size_t len;

    (void)state;
    join(0, 100, 1, 0x10);
    join(100, 100, 2, 0x10); /* another stream */
    join(300, 100, 2, 0x10); /* a hole */
    join(400, 101, 2, 0x10); /* longer than the first */
    join(501, 101, 2, 0x12); /* SYN */
    join(603, 0, 2, 0x10);   /* no data */
    join(603, 100, 2, 0x18); /* pushed at once */
    assert_int_equal(n_out, 7);
    expect(0, 0, 100, 0);
    expect(1, 100, 100, 0);
    expect(2, 300, 100, 0);
    expect(3, 400, 101, 0);
    expect(4, 501, 101, 0);
    expect(6, 603, 100, 0);
    /* A fragment, other options, another protocol, lengths that lie. */
    n_out = 0;
    len = segment(frame, 0, 100, 1, 0x10);
    kia_net_join(&joiner, frame, len);
    frame[ETH + 6] = 0x20;
    kia_net_join(&joiner, frame, len);
    assert_int_equal(n_out, 2);
    len = segment(frame, 0, 100, 1, 0x10);
    frame[ETH + 3] = 0xff;
    kia_net_join(&joiner, frame, len);
    frame[ETH + 3] = 20;
    kia_net_join(&joiner, frame, len);
    len = segment(frame, 0, 100, 1, 0x10);
    frame[ETH + IP + 12] = 0xf0;
    kia_net_join(&joiner, frame, HEADERS + 4);
    frame[12] = 0x86;
    kia_net_join(&joiner, frame, len);
    assert_int_equal(n_out, 6);
    kia_net_join(&joiner, frame, 14);
    assert_int_equal(n_out, 7);
}

/* Random segments, mostly in order: what comes out, cut apart, is what went in. */
static void test_random(void **state)
{
    uint64_t seed = 5;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        uint32_t seq = next_random(&seed), at = seq;
        unsigned mss = 1 + next_random(&seed) % MSS;

        n_out = 0;
        for (unsigned i = 0; i < 40; i++) {
            unsigned n = next_random(&seed) % 8 ? mss : 1 + next_random(&seed) % mss;

            join(at, n, 9, next_random(&seed) % 16 ? 0x10 : 0x18);
            at += n;
        }
        kia_net_join_flush(&joiner);
        for (unsigned i = 0; i < n_out; i++) {
            expect(i, seq, out[i].len - HEADERS, out[i].hdr.gso_size);
            seq += out[i].len - HEADERS;
        }
        assert_int_equal(seq, at);
    }
}

static void test_checksum(void **state)
{
    uint8_t frame[3000];
    uint64_t seed = 9;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        size_t len = 2 + next_random(&seed) % (sizeof(frame) - 2);
        struct kia_net_hdr hdr = { .flags = KIA_NET_NEEDS_CSUM };

        for (size_t i = 0; i < len; i++)
            frame[i] = round % 16 ? next_random(&seed) : 0xff * (round >> 4 & 1);
        hdr.csum_start = next_random(&seed) % (len - 1);
        hdr.csum_offset = next_random(&seed) % (len - 1 - hdr.csum_start);
        put(frame + hdr.csum_start + hdr.csum_offset, 2, 0);
        assert_true(kia_net_finish_checksum(&hdr, frame, len));
        if (hdr.csum_offset % 2 == 0)
            assert_int_equal(sum16(frame + hdr.csum_start, len - hdr.csum_start, 0), 0xffff);
        hdr.csum_offset = len - hdr.csum_start - 1;
        assert_false(kia_net_finish_checksum(&hdr, frame, len));
        hdr = (struct kia_net_hdr){ .flags = KIA_NET_NEEDS_CSUM, .csum_start = len };
        assert_false(kia_net_finish_checksum(&hdr, frame, len));
        hdr =
            (struct kia_net_hdr){ .flags = KIA_NET_NEEDS_CSUM, .csum_start = 0xffff, .csum_offset = 0xffff };
        assert_false(kia_net_finish_checksum(&hdr, frame, len));
        hdr.flags = 0;
        assert_true(kia_net_finish_checksum(&hdr, frame, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_joined, setup),     cmocka_unit_test_setup(test_full, setup),
        cmocka_unit_test_setup(test_not_joined, setup), cmocka_unit_test_setup(test_random, setup),
        cmocka_unit_test_setup(test_checksum, setup),
    };

    return cmocka_run_group_tests_name("net_offload", tests, NULL, NULL);
}
