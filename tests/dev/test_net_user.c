/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user network through its frames: address resolution, datagrams to the host's loopback and back,
 * forwards. */
#include "tests/dev/fixture.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/net.h"
#include "dev/net_user.h"

enum { ETH = 14, IP = 20, UDP = 8, PAYLOAD = ETH + IP + UDP };

static struct kia_net *net;
static struct kia_net_poll set;
static uint8_t got[KIA_NET_MAX_FRAME];
static size_t got_len;
static const uint8_t our_mac[] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
static uint8_t host_mac[6];

/* Keeps what is for us: broadcasts of IPv6 come whenever they like. */
static void receive(void *opaque, const struct kia_net_hdr *hdr, const uint8_t *frame, size_t len)
{
    (void)opaque;
    (void)hdr;
    if (memcmp(frame, our_mac, 6))
        return;
    memcpy(got, frame, len);
    got_len = len;
}

static void step(int timeout_ms)
{
    set.n = 0;
    set.timeout_ms = timeout_ms;
    net->ops->fill(net, &set, true);
    assert_true(poll(set.fds, set.n, set.timeout_ms) >= 0);
    net->ops->ready(net, &set);
}

static void await(void)
{
    for (unsigned i = 0; i < 500 && !got_len; i++)
        step(10);
    assert_true(got_len);
}

static void send_frame(uint8_t *frame, size_t len, const struct kia_net_hdr *hdr)
{
    static const struct kia_net_hdr plain;
    struct iovec iov[2] = { { frame, 5 }, { frame + 5, len - 5 } };

    got_len = 0;
    assert_true(net->ops->send(net, hdr ? hdr : &plain, iov, 2, len));
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

static uint16_t sum16(const uint8_t *data, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++)
        sum += i & 1 ? data[i] : data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void resolve(void)
{
    uint8_t frame[60] = { 0 };

    memset(frame, 0xff, 6);
    memcpy(frame + 6, our_mac, 6);
    put(frame + 12, 4, 0x08060001);
    put(frame + 16, 4, 0x08000604);
    put(frame + 20, 2, 1);
    memcpy(frame + 22, our_mac, 6);
    put(frame + 28, 4, 0x0a00020f);
    put(frame + 38, 4, 0x0a000202);
    send_frame(frame, sizeof(frame), NULL);
    await();
    assert_int_equal(get(got + 12, 2), 0x0806);
    assert_int_equal(get(got + 20, 2), 2);
    assert_int_equal(get(got + 28, 4), 0x0a000202);
    memcpy(host_mac, got + 22, 6);
}

static int create(void **state, unsigned forward_to)
{
    struct kia_net_user_config config = { .ipv4 = true, .ipv6 = true };
    int failed;

    (void)state;
    config.net.s_addr = htonl(0x0a000200);
    config.mask.s_addr = htonl(0xffffff00);
    config.host.s_addr = htonl(0x0a000202);
    config.dns.s_addr = htonl(0x0a000203);
    config.dhcp_start.s_addr = htonl(0x0a00020f);
    if (forward_to) {
        config.forwards[0] =
            (struct kia_net_forward){ .udp = true, .host_port = forward_to, .guest_port = 7 };
        config.forwards[0].host_addr.s_addr = htonl(INADDR_LOOPBACK);
        config.n_forwards = 1;
    }
    if (kia_net_user_create(&config, &net, &failed))
        return failed >= 0 ? failed + 1 : -1;
    net->receive = receive;
    resolve();
    return 0;
}

static int setup(void **state)
{
    return create(state, 0);
}

static int teardown(void **state)
{
    (void)state;
    if (net)
        net->ops->destroy(net);
    net = NULL;
    return 0;
}

/* A datagram to @port of the host, its checksum left to the back end. */
static void send_udp(uint16_t from, uint16_t port, const char *text)
{
    struct kia_net_hdr hdr = { .flags = KIA_NET_NEEDS_CSUM, .csum_start = ETH + IP, .csum_offset = 6 };
    uint8_t frame[PAYLOAD + 64] = { 0 };
    size_t n = strlen(text);

    memcpy(frame, host_mac, 6);
    memcpy(frame + 6, our_mac, 6);
    put(frame + 12, 2, 0x0800);
    frame[ETH] = 0x45;
    put(frame + ETH + 2, 2, IP + UDP + n);
    frame[ETH + 8] = 64;
    frame[ETH + 9] = 17;
    put(frame + ETH + 12, 4, 0x0a00020f);
    put(frame + ETH + 16, 4, 0x0a000202);
    put(frame + ETH + 10, 2, ~sum16(frame + ETH, IP, 0));
    put(frame + ETH + IP, 2, from);
    put(frame + ETH + IP + 2, 2, port);
    put(frame + ETH + IP + 4, 2, UDP + n);
    memcpy(frame + PAYLOAD, text, n);
    put(frame + ETH + IP + 6, 2, sum16(frame + ETH + 12, 8, 17 + UDP + n)); /* the pseudo header's part */
    send_frame(frame, PAYLOAD + n, &hdr);
}

static void expect_udp(uint16_t port, const char *text)
{
    size_t n = strlen(text);

    await();
    assert_int_equal(get(got + 12, 2), 0x0800);
    assert_int_equal(got[ETH + 9], 17);
    assert_int_equal(sum16(got + ETH, IP, 0), 0xffff);
    assert_int_equal(get(got + ETH + IP + 2, 2), port);
    assert_int_equal(get(got + ETH + IP + 4, 2), UDP + n);
    assert_memory_equal(got + PAYLOAD, text, n);
    assert_int_equal(sum16(got + ETH + 12, 8 + UDP + n, 17 + UDP + n), 0xffff);
}

static int host_socket(struct sockaddr_in *addr)
{
    socklen_t len = sizeof(*addr);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    *addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    assert_int_equal(bind(fd, (struct sockaddr *)addr, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)addr, &len), 0);
    return fd;
}

static void test_datagrams(void **state)
{
    struct sockaddr_in addr, peer;
    socklen_t len = sizeof(peer);
    char text[64] = "";
    int fd = host_socket(&addr);

    (void)state;
    send_udp(1234, ntohs(addr.sin_port), "from the guest");
    assert_int_equal(recvfrom(fd, text, sizeof(text), 0, (struct sockaddr *)&peer, &len), 14);
    assert_string_equal(text, "from the guest");
    assert_int_equal(sendto(fd, "an answer", 9, 0, (struct sockaddr *)&peer, len), 9);
    expect_udp(1234, "an answer");
    close(fd);
}

static void test_forward(void **state)
{
    struct sockaddr_in addr;
    int fd = host_socket(&addr), port = ntohs(addr.sin_port);

    /* The port is taken: the forward that failed is named. */
    assert_int_equal(create(state, port), 1);
    close(fd);
    assert_int_equal(create(state, port), 0);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    got_len = 0;
    assert_int_equal(sendto(fd, "hello", 5, 0, (struct sockaddr *)&addr, sizeof(addr)), 5);
    expect_udp(7, "hello");
    close(fd);
}

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
    return next_random(&seed) % below;
}

/* Ports that libslirp serves itself (DHCP, TFTP, DNS), closed ones, and ours. */
static uint16_t some_port(void)
{
    static const uint16_t ports[] = { 67, 68, 69, 53, 7, 1, 546, 547, 80 };

    return rnd(8) ? ports[rnd(sizeof(ports) / sizeof(ports[0]))] : rnd(65536);
}

/* Makes an IPv4 packet of what lies in @frame, sound but for the contents; its length. */
static size_t sound_ipv4(uint8_t *frame, size_t len)
{
    static const uint8_t protocols[] = { 6, 6, 17, 17, 17, 1, 2, 41 };
    static const uint8_t hosts[] = { 2, 3, 15, 255, 99 };
    uint8_t *ip = frame + ETH;
    unsigned fragment = rnd(16) ? 0 : rnd(65536);

    put(frame + 12, 2, 0x0800);
    ip[0] = rnd(32) ? 0x45 : 0x40 + rnd(16);
    put(ip + 2, 2, rnd(32) ? len - ETH : rnd(65536));
    put(ip + 4, 2, rnd(4));
    put(ip + 6, 2, fragment);
    ip[8] = 1 + rnd(255);
    ip[9] = protocols[rnd(sizeof(protocols))];
    put(ip + 12, 4, rnd(32) ? 0x0a00020f : next_random(&seed));
    put(ip + 16, 4, 0x0a000200 + hosts[rnd(sizeof(hosts))]);
    put(ip + 10, 2, 0);
    put(ip + 10, 2, ~sum16(ip, IP, 0));
    put(ip + IP, 2, some_port());
    put(ip + IP + 2, 2, some_port());
    if (ip[9] == 6) {
        ip[IP + 12] = (5 + (rnd(4) ? 0 : rnd(11))) << 4;
        ip[IP + 13] = rnd(2) ? 1u << rnd(6) : rnd(64);
        put(ip + IP + 4, 4, rnd(2) ? rnd(100) : next_random(&seed));
    } else if (ip[9] == 17) {
        put(ip + IP + 4, 2, rnd(16) ? len - ETH - IP : rnd(65536));
        if (rnd(2)) { /* DHCP: a request with its cookie; TFTP: an operation */
            ip[IP + UDP] = rnd(8) ? 1 : rnd(256);
            put(ip + IP + UDP + 236, 4, 0x63825363);
            put(ip + IP + UDP + 240, 3, 0x350100 + rnd(8));
        } else {
            put(ip + IP + UDP, 2, rnd(7));
        }
    }
    return len;
}

/* A frame of every length and content, with offload fields that lie. */
static void send_nonsense(unsigned i)
{
    static uint8_t frame[KIA_NET_MAX_FRAME];
    size_t len = 14 + rnd(i % 64 ? 700 : sizeof(frame) - 14);
    struct kia_net_hdr hdr = { .flags = rnd(4) > 0, .gso_type = rnd(5) };

    for (size_t k = 0; k < len && k < 700; k++)
        frame[k] = next_random(&seed);
    memcpy(frame, host_mac, 6);
    memcpy(frame + 6, our_mac, 6);
    put(frame + 12, 2, i % 2 ? 0x86dd : 0x0806);
    if (i % 8 && len >= 320)
        len = sound_ipv4(frame, len);
    if (hdr.flags && len >= ETH + IP + 20) { /* a checksum that holds, so that the packet is looked at */
        uint8_t protocol = frame[ETH + 9];
        unsigned at = protocol == 6 ? 16 : protocol == 17 ? 6 : 2;

        hdr.csum_start = ETH + IP;
        hdr.csum_offset = at;
        put(frame + ETH + IP + at, 2, protocol == 1 ? 0 : sum16(frame + ETH + 12, 8, protocol + (len - ETH - IP)));
    } else {
        hdr.csum_start = rnd(64);
        hdr.csum_offset = rnd(32);
    }
    send_frame(frame, len, &hdr);
}

/*
 * KIA_FUZZ_PROGRAMS: how many hundreds of frames. Each 30,000 get a network of their own: libslirp searches the
 * connections that they leave behind one by one, so that ten million on one network take an hour.
 */
static void test_nonsense(void **state)
{
    const char *text = getenv("KIA_FUZZ_PROGRAMS");
    unsigned frames = 100 * (text ? atoi(text) : 300);

    seed = 3;
    for (unsigned i = 0; i < frames; i++) {
        if (i % 30000 == 0) {
            teardown(state);
            assert_int_equal(setup(state), 0);
            net->ops->set_receive_offload(net, KIA_NET_CSUM | KIA_NET_TSO4);
        }
        send_nonsense(i);
        if (i % 256 == 0)
            step(0);
        if ((i + 1) % 30000 == 0 || i + 1 == frames)
            resolve(); /* it still works */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_datagrams, setup, teardown),
        cmocka_unit_test_teardown(test_forward, teardown),
        cmocka_unit_test_teardown(test_nonsense, teardown),
    };
    int status = cmocka_run_group_tests_name("net_user", tests, NULL, NULL);

    free(set.fds);
    return status;
}
