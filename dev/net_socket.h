/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back end "socket": frames through a socket to another virtual machine. */
#ifndef KIA_NET_SOCKET_H
#define KIA_NET_SOCKET_H

#include <stdbool.h>
#include <sys/socket.h>

struct kia_net;

/**
 * kia_net_stream_create - frames over a stream, each behind its length in four bytes, the highest first
 * @fd: a connected socket, or with @listening one that takes callers, one at a time. The back end closes it,
 * also if this fails.
 * Return: 0 or negative errno.
 */
int kia_net_stream_create(int fd, bool listening, struct kia_net **net);

/**
 * kia_net_dgram_create - a frame a datagram
 * @fd: a bound socket; closed as above
 * @to: where frames are sent
 * Return: 0 or negative errno.
 */
int kia_net_dgram_create(int fd, const struct sockaddr *to, socklen_t to_len, struct kia_net **net);

#endif
