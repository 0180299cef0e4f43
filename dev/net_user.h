/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network back end "user": libslirp, a network of the guest's own behind the host's sockets. */
#ifndef KIA_NET_USER_H
#define KIA_NET_USER_H

#include <netinet/in.h>
#include <stdbool.h>

struct kia_net;

enum { KIA_NET_USER_MAX_FORWARDS = 32, KIA_NET_USER_MAX_SEARCH = 8 };

/* A port of the host that leads to one of the guest's. */
struct kia_net_forward {
    bool udp;
    struct in_addr host_addr, guest_addr; /* guest_addr 0: the first address that DHCP gives */
    unsigned host_port, guest_port;
};

struct kia_net_user_config {
    bool ipv4, ipv6;
    bool restricted; /* the guest reaches nothing outside but by forwards */
    struct in_addr net, mask, host, dns, dhcp_start;
    const char *hostname, *domain, *tftp, *bootfile; /* NULL: none; copied */
    const char *search[KIA_NET_USER_MAX_SEARCH + 1]; /* domain names for DHCP, NULL at the end */
    struct kia_net_forward forwards[KIA_NET_USER_MAX_FORWARDS];
    unsigned n_forwards;
};

/**
 * kia_net_user_create - makes the network
 * @failed: set to the forward that the host refuses, else to -1
 * Return: 0 or negative errno.
 * Thread: the one that attaches devices.
 */
int kia_net_user_create(const struct kia_net_user_config *config, struct kia_net **net, int *failed);

#endif
