// SPDX-License-Identifier: GPL-2.0-or-later
/* Work of "stress" for devices: a disk and the network. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel_argument.h"
#include "stress.h"

enum {
    BLOCK = 4096, /* of the disk */
    EXTENT = 64,  /* blocks at a time, at most */
};

/* ---- the disk: each worker has a part, and knows what it wrote to each block ---- */

struct part {
    int fd;
    uint64_t start, blocks;
    uint64_t *seeds; /* by block; 0: not written yet */
    uint8_t *buffer;
};

static struct part *disk_open(struct worker *w)
{
    struct part *p = calloc(1, sizeof(*p));
    uint64_t bytes;

    MUST(w, p);
    /* Each second one goes round the guest's page cache. */
    MUST(w, (p->fd = open(disk_path, O_RDWR | (w->number % 2 ? 0 : O_DIRECT))) >= 0);
    MUST(w, !ioctl(p->fd, BLKGETSIZE64, &bytes));
    p->blocks = bytes / BLOCK / w->count;
    p->start = w->number * p->blocks;
    MUST(w, (p->seeds = calloc(p->blocks, sizeof(*p->seeds))));
    MUST(w, !posix_memalign((void **)&p->buffer, 65536, EXTENT * BLOCK));
    return p;
}

static void disk_check(struct worker *w, struct part *p, uint64_t at, uint64_t n)
{
    MUST(w, pread(p->fd, p->buffer, n * BLOCK, (off_t)((p->start + at) * BLOCK)) == (ssize_t)(n * BLOCK));
    for (uint64_t i = 0; i < n; i++) {
        long where = p->seeds[at + i] ? differs(p->buffer + i * BLOCK, BLOCK, p->seeds[at + i]) : -1;

        if (where >= 0)
            complain(w, "block %ld of the disk differs at byte %ld", (long)(p->start + at + i), where);
    }
}

void disk_round(struct worker *w)
{
    struct part *p = w->own ? w->own : (w->own = disk_open(w));

    for (unsigned round = 0; round < 16; round++) {
        uint64_t n = 1 + below(w, EXTENT), at = below(w, (unsigned)(p->blocks - n));

        for (uint64_t i = 0; i < n; i++) {
            p->seeds[at + i] = next(&w->random) | 1;
            fill(p->buffer + i * BLOCK, BLOCK, p->seeds[at + i]);
        }
        MUST(w, pwrite(p->fd, p->buffer, n * BLOCK, (off_t)((p->start + at) * BLOCK)) == (ssize_t)(n * BLOCK));
    }
    MUST(w, !fdatasync(p->fd));
    posix_fadvise(p->fd, 0, 0, POSIX_FADV_DONTNEED);
    for (unsigned round = 0; round < 16; round++) {
        uint64_t n = 1 + below(w, EXTENT);

        disk_check(w, p, below(w, (unsigned)(p->blocks - n)), n);
    }
}

static uint32_t crc32(uint32_t crc, const uint8_t *data, size_t bytes)
{
    static uint32_t table[256];

    for (uint32_t i = 0; !table[255] && i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
    }
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++)
        crc = table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

/* 1 if the whole disk could be read. */
int disk_report(void)
{
    static uint8_t buffer[1 << 16] __attribute__((aligned(65536)));
    int fd = open(disk_path, O_RDONLY | O_DIRECT);
    uint64_t bytes = 0;
    uint32_t crc = 0;
    ssize_t n = -1;

    while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0) {
        crc = crc32(crc, buffer, (size_t)n);
        bytes += (uint64_t)n;
    }
    say("%% disk %llu %08x\n", (unsigned long long)bytes, crc);
    return n == 0;
}

/* ---- the network: a server outside sends back what it gets ---- */

enum { NET_BYTES = 1 << 19 };

void net_round(struct worker *w)
{
    static uint8_t out[NET_BYTES], in[NET_BYTES];
    struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons((uint16_t)kernel_argument("port=")) };
    size_t sent = 0, got = 0, bytes = 8 * (1 + (size_t)below(w, NET_BYTES / 8));
    uint64_t seed = next(&w->random);
    struct pollfd wait = { .fd = socket(AF_INET, SOCK_STREAM, 0) };

    server.sin_addr.s_addr = inet_addr("10.0.2.2");
    fill(out, bytes, seed);
    MUST(w, wait.fd >= 0);
    MUST(w, !connect(wait.fd, (struct sockaddr *)&server, sizeof(server)));
    MUST(w, !fcntl(wait.fd, F_SETFL, O_NONBLOCK));
    while (got < bytes) {
        size_t piece = 1 + below(w, 65536);
        ssize_t n;

        wait.events = (short)(POLLIN | (sent < bytes ? POLLOUT : 0));
        MUST(w, poll(&wait, 1, STALL * 1000) == 1);
        piece = piece < bytes - sent ? piece : bytes - sent;
        if (wait.revents & POLLOUT && piece && (n = send(wait.fd, out + sent, piece, MSG_NOSIGNAL)) > 0)
            sent += (size_t)n;
        if (wait.revents & POLLIN) {
            MUST(w, (n = recv(wait.fd, in + got, bytes - got, 0)) > 0);
            got += (size_t)n;
        }
        MUST(w, !(wait.revents & (POLLERR | POLLNVAL)));
    }
    if (differs(in, bytes, seed) >= 0)
        complain(w, "the network changed byte %ld of %zu", differs(in, bytes, seed), bytes);
    MUST(w, !close(wait.fd));
}
