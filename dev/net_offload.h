/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums, and joining TCP segments, for back ends whose host side does not do it. Any one thread. */
#ifndef KIA_NET_OFFLOAD_H
#define KIA_NET_OFFLOAD_H

#include "dev/net.h"

/* Stores the checksum that hdr asks for. false: its fields do not fit the frame. */
bool kia_net_finish_checksum(const struct kia_net_hdr *hdr, uint8_t *frame, size_t len);

/*
 * Joins segments of one TCP stream that come one after the other into a large one (RFC 9293 says what a
 * segment is). Only whole, unfragmented IPv4 segments with valid checksums may be given to it.
 */
struct kia_net_joiner {
    /* Takes a frame: @hdr says what was joined. */
    void (*out)(void *opaque, const struct kia_net_hdr *hdr, const uint8_t *frame, size_t len);
    void *opaque;
    size_t len; /* of the frame in @frame; 0: none */
    size_t header_len, segment_len;
    unsigned segments;
    uint8_t frame[KIA_NET_MAX_FRAME];
};

/* Takes a frame, and gives out what does not wait for more. */
void kia_net_join(struct kia_net_joiner *joiner, const uint8_t *frame, size_t len);
/* Gives out what waits. */
void kia_net_join_flush(struct kia_net_joiner *joiner);

#endif
