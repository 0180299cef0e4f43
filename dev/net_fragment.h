/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts IPv4 fragments together again (RFC 791), for a back end that must not get any: libslirp 4.7 can be
 * made to write outside its buffers by fragments that overlap. Any one thread.
 */
#ifndef KIA_NET_FRAGMENT_H
#define KIA_NET_FRAGMENT_H

#include "dev/net.h"

struct kia_net_assembler;

struct kia_net_assembler *kia_net_assembler_create(void);
void kia_net_assembler_destroy(struct kia_net_assembler *assembler);

/**
 * kia_net_assemble - takes a frame of the guest's
 * @len: its length; that of the frame that is returned
 * @seconds: a clock that does not go back
 * Return: @frame itself if it holds no IPv4 packet, or a whole one; the datagram that it completes, valid
 * until the next call; or NULL: it waits for more, or makes no sense.
 */
uint8_t *kia_net_assemble(struct kia_net_assembler *assembler, uint8_t *frame, size_t *len, int64_t seconds);

#endif
