/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums, joining of TCP segments, and the poll set of network back ends. */
#include "dev/net_offload.h"

#include <stdlib.h>
#include <string.h>

enum {
    ETH_LEN = 14,
    ETH_TYPE = 12,
    IP_LEN = 20,
    IP_TOTAL = 2,
    IP_FRAGMENT = 6,
    IP_PROTOCOL = 9,
    IP_CHECKSUM = 10,
    IP_SOURCE = 12,
    TCP_LEN = 20,
    TCP_SEQ = 4,
    TCP_ACK = 8,
    TCP_OFFSET = 12,
    TCP_FLAGS = 13,
    TCP_CHECKSUM = 16,
    TCP_URGENT = 18,
    PROTOCOL_TCP = 6,
    FLAG_PSH = 0x08,
    FLAG_ACK = 0x10,
    TCP = ETH_LEN + IP_LEN, /* the TCP header's place in the frames that are joined */
};

/** kia_net_poll_add - see the header */
int kia_net_poll_add(struct kia_net_poll *poll, int fd, short events)
{
    if (poll->n == poll->capacity) {
        unsigned capacity = poll->capacity ? 2 * poll->capacity : 16;
        struct pollfd *fds = realloc(poll->fds, capacity * sizeof(*fds));

        if (!fds)
            return -1;
        poll->fds = fds;
        poll->capacity = capacity;
    }
    poll->fds[poll->n] = (struct pollfd){ .fd = fd, .events = events };
    return poll->n++;
}

static uint16_t get16(const uint8_t *at)
{
    return at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = value >> 8;
    at[1] = value;
}

/* The sum of RFC 1071 before its complement, in network byte order: byte order does not matter to it. */
static uint16_t ones_sum(const uint8_t *data, size_t len)
{
    uint64_t sum = 0, word;
    uint32_t part;

    for (; len >= 8; data += 8, len -= 8) {
        memcpy(&word, data, 8);
        sum += word;
        sum += sum < word; /* the carry comes back in */
    }
    word = 0;
    memcpy(&word, data, len);
    sum += word;
    sum += sum < word;
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    part = (sum & 0xffff) + (sum >> 16 & 0xffff);
    part = (part & 0xffff) + (part >> 16);
    return get16((const uint8_t *)&(uint16_t){ part });
}

/** kia_net_finish_checksum - see the header */
bool kia_net_finish_checksum(const struct kia_net_hdr *hdr, uint8_t *frame, size_t len)
{
    size_t at = (size_t)hdr->csum_start + hdr->csum_offset;
    uint16_t sum;

    if (!(hdr->flags & KIA_NET_NEEDS_CSUM))
        return true;
    if (hdr->csum_start >= len || at + 2 > len)
        return false;
    sum = ~ones_sum(frame + hdr->csum_start, len - hdr->csum_start);
    put16(frame + at, sum ? sum : 0xffff); /* UDP's 0 means none; for TCP both are the same number */
    return true;
}

/* A data segment that others may be joined to: its payload, or 0. */
static size_t payload(const uint8_t *frame, size_t len, size_t *header_len)
{
    size_t total, tcp_len;

    if (len < TCP + TCP_LEN || get16(frame + ETH_TYPE) != 0x0800 || frame[ETH_LEN] != 0x45 ||
        frame[ETH_LEN + IP_PROTOCOL] != PROTOCOL_TCP || (get16(frame + ETH_LEN + IP_FRAGMENT) & 0x3fff))
        return 0;
    total = get16(frame + ETH_LEN + IP_TOTAL);
    tcp_len = frame[TCP + TCP_OFFSET] >> 4 << 2;
    if (total + ETH_LEN > len || tcp_len < TCP_LEN || IP_LEN + tcp_len >= total ||
        (frame[TCP + TCP_FLAGS] & ~FLAG_PSH) != FLAG_ACK || get16(frame + TCP + TCP_URGENT))
        return 0;
    *header_len = TCP + tcp_len;
    return ETH_LEN + total - *header_len;
}

/* May a segment with this header and @n bytes follow what waits? */
static bool follows(const struct kia_net_joiner *j, const uint8_t *frame, size_t header_len, size_t n)
{
    const uint8_t *tcp = frame + TCP, *waiting = j->frame + TCP;
    uint32_t next = get32(waiting + TCP_SEQ) + (j->len - j->header_len);

    return j->len && header_len == j->header_len && n <= j->segment_len && j->len + n <= ETH_LEN + 65535 &&
           get32(tcp + TCP_SEQ) == next &&
           !memcmp(frame, j->frame, ETH_LEN + 2) &&       /* Ethernet header, version, type of service */
           frame[ETH_LEN + 8] == j->frame[ETH_LEN + 8] && /* time to live */
           !memcmp(frame + ETH_LEN + IP_SOURCE, j->frame + ETH_LEN + IP_SOURCE, 8 + 4) && /* and ports */
           !memcmp(tcp + TCP_ACK, waiting + TCP_ACK, 4) &&
           !memcmp(tcp + TCP_LEN, waiting + TCP_LEN, header_len - TCP - TCP_LEN); /* options */
}

static void append(struct kia_net_joiner *j, const uint8_t *frame, size_t header_len, size_t n)
{
    memcpy(j->frame + j->len, frame + header_len, n);
    j->len += n;
    j->segments++;
    j->frame[TCP + TCP_FLAGS] |= frame[TCP + TCP_FLAGS];
    memcpy(j->frame + TCP + 14, frame + TCP + 14, 2); /* the latest window */
}

/** kia_net_join - see the header */
void kia_net_join(struct kia_net_joiner *joiner, const uint8_t *frame, size_t len)
{
    static const struct kia_net_hdr valid = { .flags = KIA_NET_DATA_VALID };
    size_t header_len = 0, n = payload(frame, len, &header_len);

    if (n && follows(joiner, frame, header_len, n)) {
        append(joiner, frame, header_len, n);
    } else {
        kia_net_join_flush(joiner);
        if (!n || (frame[TCP + TCP_FLAGS] & FLAG_PSH)) {
            joiner->out(joiner->opaque, &valid, frame, len);
            return;
        }
        memcpy(joiner->frame, frame, header_len + n);
        joiner->len = header_len + n;
        joiner->header_len = header_len;
        joiner->segment_len = n;
        joiner->segments = 1;
    }
    if (n < joiner->segment_len || (frame[TCP + TCP_FLAGS] & FLAG_PSH))
        kia_net_join_flush(joiner);
}

/* Makes the waiting frame one packet whose TCP checksum is left to the receiver. */
static void finish_joined(struct kia_net_joiner *j)
{
    uint8_t *ip = j->frame + ETH_LEN;
    uint8_t pseudo[12] = { 0 };

    put16(ip + IP_TOTAL, j->len - ETH_LEN);
    put16(ip + IP_CHECKSUM, 0);
    put16(ip + IP_CHECKSUM, ~ones_sum(ip, IP_LEN));
    memcpy(pseudo, ip + IP_SOURCE, 8);
    pseudo[9] = PROTOCOL_TCP;
    put16(pseudo + 10, j->len - TCP);
    put16(j->frame + TCP + TCP_CHECKSUM, ones_sum(pseudo, sizeof(pseudo)));
}

/** kia_net_join_flush - see the header */
void kia_net_join_flush(struct kia_net_joiner *joiner)
{
    struct kia_net_hdr hdr = { .flags = KIA_NET_DATA_VALID };
    size_t len = joiner->len;

    if (!len)
        return;
    joiner->len = 0;
    if (joiner->segments > 1) {
        joiner->len = len;
        finish_joined(joiner);
        joiner->len = 0;
        hdr = (struct kia_net_hdr){
            .flags = KIA_NET_NEEDS_CSUM,
            .gso_type = KIA_NET_GSO_TCPV4,
            .hdr_len = joiner->header_len,
            .gso_size = joiner->segment_len,
            .csum_start = TCP,
            .csum_offset = TCP_CHECKSUM,
        };
    }
    joiner->out(joiner->opaque, &hdr, joiner->frame, len);
}
