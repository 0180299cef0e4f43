/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reassembly of IPv4 fragments. */
#include "dev/net_fragment.h"

#include <stdlib.h>
#include <string.h>

#include "dev/net_offload.h"

enum {
    ETH_LEN = 14,
    ETH_TYPE = 12,
    IP_MIN = 20,
    IP_TOTAL = 2,
    IP_ID = 4,
    IP_FRAGMENT = 6,
    IP_PROTOCOL = 9,
    IP_CHECKSUM = 10,
    IP_SOURCE = 12,
    MORE = 0x2000,
    OFFSET = 0x1fff,
    UNIT = 8,
    MAX_PACKET = 65535,
    N_UNITS = (MAX_PACKET + UNIT) / UNIT,
    N_DATAGRAMS = 16,
    PATIENCE = 30, /* seconds */
};

/* A datagram of which parts are here. */
struct datagram {
    bool used;
    uint8_t key[11]; /* source, destination, protocol, identification */
    int64_t since;
    size_t header_len; /* with the Ethernet header; of the fragment at offset 0 once it is here */
    size_t len;        /* of the payload; 0: not known yet */
    unsigned n_units;
    uint8_t have[(N_UNITS + 7) / 8];
    uint8_t header[ETH_LEN + 60];
    uint8_t payload[MAX_PACKET + UNIT];
};

struct kia_net_assembler {
    unsigned next;
    struct datagram datagrams[N_DATAGRAMS];
    uint8_t whole[KIA_NET_MAX_FRAME];
};

/** kia_net_assembler_create - NULL when the host has no memory */
struct kia_net_assembler *kia_net_assembler_create(void)
{
    return calloc(1, sizeof(struct kia_net_assembler));
}

/** kia_net_assembler_destroy - frees it; NULL is fine */
void kia_net_assembler_destroy(struct kia_net_assembler *assembler)
{
    free(assembler);
}

static unsigned get16(const uint8_t *at)
{
    return at[0] << 8 | at[1];
}

static struct datagram *find(struct kia_net_assembler *a, const uint8_t *ip, int64_t seconds)
{
    uint8_t key[sizeof(a->datagrams[0].key)];
    struct datagram *d;

    memcpy(key, ip + IP_SOURCE, 8);
    key[8] = ip[IP_PROTOCOL];
    memcpy(key + 9, ip + IP_ID, 2);
    for (unsigned i = 0; i < N_DATAGRAMS; i++) {
        d = &a->datagrams[i];
        if (d->used && !memcmp(d->key, key, sizeof(key)) && seconds - d->since <= PATIENCE)
            return d;
    }
    d = &a->datagrams[a->next++ % N_DATAGRAMS];
    d->used = true;
    d->since = seconds;
    d->header_len = d->len = 0;
    d->n_units = 0;
    memset(d->have, 0, sizeof(d->have));
    memcpy(d->key, key, sizeof(key));
    return d;
}

/* Adds the fragment at byte @offset; false if the datagram cannot be right. */
static bool add(struct datagram *d, const uint8_t *data, size_t offset, size_t n, bool last)
{
    if ((!last && n % UNIT) || !n || offset + n > MAX_PACKET - IP_MIN)
        return false;
    if (last) {
        if (d->len && d->len != offset + n)
            return false;
        d->len = offset + n;
    }
    memcpy(d->payload + offset, data, n);
    for (size_t unit = offset / UNIT; unit < (offset + n + UNIT - 1) / UNIT; unit++) {
        d->n_units += !(d->have[unit / 8] >> unit % 8 & 1);
        d->have[unit / 8] |= 1 << unit % 8;
    }
    return true;
}

static uint8_t *complete(struct kia_net_assembler *a, struct datagram *d, size_t *len)
{
    struct kia_net_hdr checksum = {
        .flags = KIA_NET_NEEDS_CSUM,
        .csum_start = ETH_LEN,
        .csum_offset = IP_CHECKSUM,
    };
    size_t total = d->header_len - ETH_LEN + d->len;

    d->used = false;
    if (total > MAX_PACKET)
        return NULL;
    memcpy(a->whole, d->header, d->header_len);
    memcpy(a->whole + d->header_len, d->payload, d->len);
    a->whole[ETH_LEN + IP_TOTAL] = total >> 8;
    a->whole[ETH_LEN + IP_TOTAL + 1] = total;
    memset(a->whole + ETH_LEN + IP_FRAGMENT, 0, 2);
    memset(a->whole + ETH_LEN + IP_CHECKSUM, 0, 2);
    kia_net_finish_checksum(&checksum, a->whole, d->header_len);
    *len = ETH_LEN + total;
    return a->whole;
}

/** kia_net_assemble - see the header */
uint8_t *kia_net_assemble(struct kia_net_assembler *assembler, uint8_t *frame, size_t *len, int64_t seconds)
{
    uint8_t *ip = frame + ETH_LEN;
    size_t header_len, total;
    struct datagram *d;
    unsigned fragment;

    if (*len < ETH_LEN || get16(frame + ETH_TYPE) != 0x0800)
        return frame;
    if (*len < ETH_LEN + IP_MIN || ip[0] >> 4 != 4)
        return NULL;
    header_len = (ip[0] & 15) * 4;
    total = get16(ip + IP_TOTAL);
    if (header_len < IP_MIN || total < header_len || ETH_LEN + total > *len)
        return NULL;
    fragment = get16(ip + IP_FRAGMENT);
    if (!(fragment & (MORE | OFFSET)))
        return frame;

    d = find(assembler, ip, seconds);
    if (!add(d, ip + header_len, (fragment & OFFSET) * UNIT, total - header_len, !(fragment & MORE))) {
        d->used = false;
        return NULL;
    }
    if (!(fragment & OFFSET)) {
        d->header_len = ETH_LEN + header_len;
        memcpy(d->header, frame, d->header_len);
    }
    /* A piece past the end makes more units than the length has; that never completes. */
    if (!d->header_len || !d->len || d->n_units != (d->len + UNIT - 1) / UNIT)
        return NULL;
    return complete(assembler, d, len);
}
