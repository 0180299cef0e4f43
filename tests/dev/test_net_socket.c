/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames over sockets: streams that break them into pieces, peers that come, go and lie, datagrams. */
#include "tests/dev/fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/net.h"
#include "dev/net_socket.h"

static struct kia_net *net;
static struct kia_net_poll set;
static size_t got_len[64];
static uint8_t got_first[64];
static unsigned n_got;

static void receive(void *opaque, const struct kia_net_hdr *hdr, const uint8_t *frame, size_t len)
{
    (void)opaque;
    assert_int_equal(hdr->flags, 0);
    for (size_t i = 1; i < len; i++)
        assert_int_equal(frame[i], (uint8_t)(frame[0] + i));
    got_len[n_got % 64] = len;
    got_first[n_got++ % 64] = len ? frame[0] : 0;
}

static void step(bool receiving)
{
    set.n = 0;
    net->ops->fill(net, &set, receiving);
    assert_true(poll(set.fds, set.n, 20) >= 0);
    net->ops->ready(net, &set);
}

static bool send_frame(size_t len, uint8_t first)
{
    static const struct kia_net_hdr plain;
    static uint8_t frame[KIA_NET_MAX_FRAME];
    struct iovec iov[2] = { { frame, len / 3 }, { frame + len / 3, len - len / 3 } };

    for (size_t i = 0; i < len; i++)
        frame[i] = first + i;
    return net->ops->send(net, &plain, iov, 2, len);
}

static void peer_write(int fd, size_t len, uint8_t first)
{
    uint8_t frame[4 + 4096] = { 0, 0, len >> 8, len };

    for (size_t i = 0; i < len; i++)
        frame[4 + i] = first + i;
    assert_int_equal(write(fd, frame, 4 + len), 4 + len);
}

static void peer_expect(int fd, size_t len, uint8_t first)
{
    static uint8_t frame[4 + KIA_NET_MAX_FRAME];

    for (size_t at = 0; at < 4 + len;) {
        ssize_t n = recv(fd, frame + at, 4 + len - at, MSG_DONTWAIT);

        if (n < 0)
            step(true); /* the rest goes out when there is room again */
        else
            at += n;
    }
    assert_int_equal(frame[2] << 8 | frame[3], len & 0xffff);
    assert_int_equal(frame[0] << 8 | frame[1], len >> 16);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(frame[4 + i], (uint8_t)(first + i));
}

static int teardown(void **state)
{
    (void)state;
    net->ops->destroy(net);
    return 0;
}

static int pair(int type, int fd[2])
{
    n_got = 0;
    return socketpair(AF_UNIX, type, 0, fd);
}

static void test_stream(void **state)
{
    int fd[2];

    (void)state;
    assert_int_equal(pair(SOCK_STREAM, fd), 0);
    assert_int_equal(kia_net_stream_create(fd[0], false, &net), 0);
    net->receive = receive;
    assert_true(send_frame(60, 7));
    peer_expect(fd[1], 60, 7);
    peer_write(fd[1], 1500, 3);
    peer_write(fd[1], 14, 4);
    peer_write(fd[1], 0, 0);
    step(false);
    assert_int_equal(n_got, 0);
    step(true);
    assert_int_equal(n_got, 3);
    assert_true(got_len[0] == 1500 && got_first[0] == 3 && got_len[1] == 14 && got_len[2] == 0);
    /* A frame byte by byte. */
    for (unsigned i = 0; i < 4 + 20; i++) {
        uint8_t byte = i < 4 ? (i == 3 ? 20 : 0) : i - 4;

        assert_int_equal(write(fd[1], &byte, 1), 1);
        step(true);
        assert_int_equal(n_got, i == 23 ? 4 : 3);
    }
    /* More than the peer takes: a frame may be cut off, and is never lost. */
    for (unsigned i = 0;; i++) {
        if (!send_frame(KIA_NET_MAX_FRAME, i)) {
            for (unsigned k = 0; k < i; k++)
                peer_expect(fd[1], KIA_NET_MAX_FRAME, k);
            break;
        }
        assert_true(i < 100);
    }
    /* The peer goes away: frames are lost, nothing else happens. */
    close(fd[1]);
    step(true);
    assert_true(send_frame(60, 1));
    assert_true(send_frame(60, 1));
    step(true);
}

static void test_lies(void **state)
{
    uint8_t lie[] = { 0xff, 0xff, 0xff, 0xff, 1, 2, 3 }, byte;
    int fd[2];

    (void)state;
    assert_int_equal(pair(SOCK_STREAM, fd), 0);
    assert_int_equal(kia_net_stream_create(fd[0], false, &net), 0);
    net->receive = receive;
    assert_int_equal(write(fd[1], lie, sizeof(lie)), sizeof(lie));
    step(true);
    assert_int_equal(read(fd[1], &byte, 1), 0); /* it hung up */
    close(fd[1]);
    assert_int_equal(n_got, 0);
}

static void test_listen(void **state)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t len = sizeof(addr);

    (void)state;
    n_got = 0;
    assert_int_equal(bind(listener, (struct sockaddr *)&addr, len) || listen(listener, 1) ||
                         getsockname(listener, (struct sockaddr *)&addr, &len),
                     0);
    assert_int_equal(kia_net_stream_create(listener, true, &net), 0);
    net->receive = receive;
    assert_true(send_frame(60, 1)); /* nobody is there */
    for (unsigned caller = 1; caller < 4; caller++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&addr, len), 0);
        step(true);
        peer_write(fd, 100, caller);
        for (unsigned i = 0; i < 100 && n_got < caller; i++)
            step(true);
        assert_int_equal(got_first[caller - 1], caller);
        assert_true(send_frame(60, caller));
        peer_expect(fd, 60, caller);
        close(fd);
        step(true);
    }
}

static void test_datagrams(void **state)
{
    struct sockaddr_in addr[2];
    socklen_t len = sizeof(addr[0]);
    uint8_t frame[2000];
    int fd[2];

    (void)state;
    n_got = 0;
    for (unsigned i = 0; i < 2; i++) {
        fd[i] = socket(AF_INET, SOCK_DGRAM, 0);
        addr[i] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        assert_int_equal(bind(fd[i], (struct sockaddr *)&addr[i], len) ||
                             getsockname(fd[i], (struct sockaddr *)&addr[i], &len),
                         0);
    }
    assert_int_equal(kia_net_dgram_create(fd[0], (struct sockaddr *)&addr[1], len, &net), 0);
    net->receive = receive;
    assert_true(send_frame(1514, 9));
    assert_int_equal(recv(fd[1], frame, sizeof(frame), 0), 1514);
    for (unsigned i = 0; i < 1514; i++)
        assert_int_equal(frame[i], (uint8_t)(9 + i));
    assert_int_equal(sendto(fd[1], frame, 700, 0, (struct sockaddr *)&addr[0], len), 700);
    step(false);
    assert_int_equal(n_got, 0);
    step(true);
    assert_true(n_got == 1 && got_len[0] == 700);
    close(fd[1]);
    assert_true(send_frame(60, 1));
    assert_true(send_frame(60, 1)); /* now the host says that nobody is there */
    step(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_stream, teardown),
        cmocka_unit_test_teardown(test_lies, teardown),
        cmocka_unit_test_teardown(test_listen, teardown),
        cmocka_unit_test_teardown(test_datagrams, teardown),
    };
    int status;

    signal(SIGPIPE, SIG_IGN);
    status = cmocka_run_group_tests_name("net_socket", tests, NULL, NULL);
    free(set.fds);
    return status;
}
