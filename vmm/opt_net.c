/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: network cards and what they lead to. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/log.h"
#include "vmm/opt.h"

enum { MIN_MTU = 68, MAX_PORT = 65535, MAX_IFNAME = 16 };

static int address(struct kia_keyval *kv, const char *key, struct in_addr *addr)
{
    const char *value = kia_keyval_get(kv, key);

    if (value && inet_pton(AF_INET, value, addr) != 1)
        return BAD("%s: '%s=%s' is not an IPv4 address", kv->option, key, value);
    return 0;
}

/* ADDRESS[/BITS or /MASK]; without a mask that of the address's class. */
static int network(struct kia_keyval *kv, struct kia_net_user_config *user)
{
    const char *value = kia_keyval_get(kv, "net"), *slash = value ? strchr(value, '/') : NULL;
    char text[INET_ADDRSTRLEN];
    uint64_t bits;
    uint32_t mask, addr;

    if (!value)
        return 0;
    snprintf(text, sizeof(text), "%.*s", slash ? (int)(slash - value) : (int)strlen(value), value);
    if (inet_pton(AF_INET, text, &user->net) != 1)
        return BAD("%s: 'net=%s' is not an IPv4 network", kv->option, value);
    addr = ntohl(user->net.s_addr);
    mask = addr < UINT32_C(0x80000000) ? 0xff000000 : addr < UINT32_C(0xc0000000) ? 0xffff0000 : 0xffffff00;
    if (slash && kia_parse_u64(slash + 1, &bits) && bits >= 8 && bits <= 30)
        mask = UINT32_MAX << (32 - bits);
    else if (slash && inet_pton(AF_INET, slash + 1, &user->mask) == 1)
        mask = ntohl(user->mask.s_addr);
    else if (slash)
        return BAD("%s: 'net=%s' has no mask of 8 to 30 bits", kv->option, value);
    if (~mask & (~mask + 1) || !~mask)
        return BAD("%s: the mask of 'net=%s' has holes", kv->option, value);
    user->mask.s_addr = htonl(mask);
    user->net.s_addr = htonl(addr & mask);
    return 0;
}

static struct in_addr in_network(const struct kia_net_user_config *user, uint32_t host)
{
    return (struct in_addr){ htonl(ntohl(user->net.s_addr) | (host & ~ntohl(user->mask.s_addr))) };
}

static bool parse_port(const char *text, size_t len, unsigned *port)
{
    char digits[8];
    uint64_t value;

    if (len >= sizeof(digits))
        return false;
    snprintf(digits, sizeof(digits), "%.*s", (int)len, text);
    if (!kia_parse_u64(digits, &value) || value > MAX_PORT)
        return false;
    *port = value;
    return true;
}

/* "[ADDRESS]:PORT" in @len characters. */
static bool parse_end(const char *text, size_t len, struct in_addr *addr, unsigned *port)
{
    const char *colon = memchr(text, ':', len);
    char host[INET_ADDRSTRLEN];
    size_t host_len = colon ? colon - text : 0;

    addr->s_addr = INADDR_ANY;
    if (!colon || host_len >= sizeof(host))
        return false;
    snprintf(host, sizeof(host), "%.*s", (int)host_len, text);
    return (!host_len || inet_pton(AF_INET, host, addr) == 1) &&
           parse_port(colon + 1, len - host_len - 1, port);
}

/* "[tcp|udp]:[HOST ADDRESS]:PORT-[GUEST ADDRESS]:PORT" */
static bool parse_forward(const char *text, struct kia_net_forward *forward)
{
    const char *dash;

    forward->udp = !strncmp(text, "udp:", 4);
    if (!forward->udp && strncmp(text, "tcp:", 4) && *text != ':')
        return false;
    text = strchr(text, ':') + 1;
    dash = strchr(text, '-');
    return dash && parse_end(text, dash - text, &forward->host_addr, &forward->host_port) &&
           parse_end(dash + 1, strlen(dash + 1), &forward->guest_addr, &forward->guest_port) &&
           forward->guest_port;
}

static int forwards(struct kia_keyval *kv, struct kia_net_user_config *user)
{
    const char *value;

    for (unsigned at = 0; (value = kia_keyval_next(kv, "hostfwd", &at));) {
        struct kia_net_forward *forward = &user->forwards[user->n_forwards];

        if (user->n_forwards == KIA_NET_USER_MAX_FORWARDS)
            return BAD("%s: there can be %d forwards", kv->option, KIA_NET_USER_MAX_FORWARDS);
        if (!parse_forward(value, forward))
            return BAD("%s: 'hostfwd=%s' is not like tcp:[ADDRESS]:PORT-[ADDRESS]:PORT", kv->option, value);
        user->n_forwards++;
    }
    return 0;
}

static int names(struct kia_keyval *kv, struct kia_net_user_config *user)
{
    const char *value;
    unsigned n = 0;

    user->hostname = kia_keyval_get(kv, "hostname");
    user->domain = kia_keyval_get(kv, "domainname");
    user->tftp = kia_keyval_get(kv, "tftp");
    user->bootfile = kia_keyval_get(kv, "bootfile");
    for (unsigned at = 0; (value = kia_keyval_next(kv, "dnssearch", &at));) {
        if (n == KIA_NET_USER_MAX_SEARCH)
            return BAD("%s: there can be %d search domains", kv->option, KIA_NET_USER_MAX_SEARCH);
        user->search[n++] = value;
    }
    return 0;
}

static int parse_user(struct kia_netdev *netdev)
{
    struct kia_net_user_config *user = &netdev->user;
    struct kia_keyval *kv = &netdev->kv;
    int err;

    user->ipv4 = user->ipv6 = true;
    user->net.s_addr = htonl(0x0a000200); /* 10.0.2.0/24, as QEMU has it */
    user->mask.s_addr = htonl(0xffffff00);
    if ((err = network(kv, user)))
        return err;
    user->host = in_network(user, 2);
    user->dns = in_network(user, 3);
    user->dhcp_start = in_network(user, 15);
    if ((err = address(kv, "host", &user->host)) || (err = address(kv, "dns", &user->dns)) ||
        (err = address(kv, "dhcpstart", &user->dhcp_start)) ||
        (err = kia_keyval_bool(kv, "ipv4", &user->ipv4)) ||
        (err = kia_keyval_bool(kv, "ipv6", &user->ipv6)) ||
        (err = kia_keyval_bool(kv, "restrict", &user->restricted)) || (err = names(kv, user)) ||
        (err = forwards(kv, user)))
        return err;
    if (!user->ipv4 && !user->ipv6)
        return BAD("%s: neither ipv4 nor ipv6 is on", kv->option);
    return 0;
}

static int parse_tap(struct kia_netdev *netdev)
{
    struct kia_keyval *kv = &netdev->kv;
    uint64_t fd = 0;
    int err = kia_keyval_u64(kv, "fd", &fd);

    netdev->tap.name = kia_keyval_get(kv, "ifname");
    netdev->tap.script = kia_keyval_get(kv, "script");
    netdev->tap.downscript = kia_keyval_get(kv, "downscript");
    netdev->tap.fd = kia_keyval_get(kv, "fd") ? (int)fd : -1;
    if (!err && fd > INT32_MAX)
        err = BAD("%s: there is no descriptor %" PRIu64, kv->option, fd);
    if (!err && netdev->tap.name && strlen(netdev->tap.name) >= MAX_IFNAME)
        err = BAD("%s: interface names have up to %d characters", kv->option, MAX_IFNAME - 1);
    return err;
}

static int parse_socket(struct kia_netdev *netdev)
{
    struct kia_keyval *kv = &netdev->kv;
    unsigned n = 0;

    n += !!(netdev->socket.listen = kia_keyval_get(kv, "listen"));
    n += !!(netdev->socket.connect = kia_keyval_get(kv, "connect"));
    n += !!(netdev->socket.udp = kia_keyval_get(kv, "udp"));
    n += !!(netdev->socket.mcast = kia_keyval_get(kv, "mcast"));
    netdev->socket.localaddr = kia_keyval_get(kv, "localaddr");
    if (n != 1)
        return BAD(
            "%s: give one of listen=[HOST]:PORT, connect=HOST:PORT, udp=HOST:PORT and mcast=ADDRESS:PORT",
            kv->option);
    if (netdev->socket.udp && !netdev->socket.localaddr)
        return BAD("%s: udp= needs localaddr=HOST:PORT too", kv->option);
    return 0;
}

static struct kia_netdev *find_netdev(struct kia_options *o, const char *id)
{
    for (unsigned i = 0; i < o->n_netdevs; i++)
        if (o->netdevs[i].id && !strcmp(o->netdevs[i].id, id))
            return &o->netdevs[i];
    return NULL;
}

/* Moves @kv, whose type is @type, into a new back end. */
static int add_netdev(struct kia_options *o, struct kia_keyval *kv, const char *type)
{
    struct kia_netdev *netdev = &o->netdevs[o->n_netdevs];

    if (o->n_netdevs == KIA_MAX_NETDEVS)
        return BAD("%s: there can be %d networks", kv->option, KIA_MAX_NETDEVS);
    *netdev = (struct kia_netdev){ .kind = KIA_NETDEV_USER };
    if (!strcmp(type, "tap"))
        netdev->kind = KIA_NETDEV_TAP;
    else if (!strcmp(type, "socket"))
        netdev->kind = KIA_NETDEV_SOCKET;
    else if (strcmp(type, "user"))
        return BAD("%s: there is no network '%s'; there are user, tap and socket", kv->option, type);
    netdev->kv = *kv;
    memset(kv, 0, sizeof(*kv));
    kv->option = netdev->kv.option;
    o->n_netdevs++;
    return netdev->kind == KIA_NETDEV_USER  ? parse_user(netdev)
           : netdev->kind == KIA_NETDEV_TAP ? parse_tap(netdev)
                                            : parse_socket(netdev);
}

/** opt_netdev - see the header */
int opt_netdev(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    int err = kia_keyval_parse(&kv, "-netdev", value, "type");
    const char *type = err ? NULL : kia_keyval_get(&kv, "type"), *id = err ? NULL : kia_keyval_get(&kv, "id");

    if (!err && (!type || !id))
        err = BAD("-netdev %s: give the kind of network and id=ID", value);
    if (!err && find_netdev(o, id))
        err = BAD("-netdev %s: there is another one '%s'", value, id);
    if (!err)
        err = add_netdev(o, &kv, type);
    if (!err) {
        o->netdevs[o->n_netdevs - 1].id = id;
        err = kia_keyval_check_used(&o->netdevs[o->n_netdevs - 1].kv);
    }
    kia_keyval_free(&kv);
    return err;
}

static int hex_byte(const char *text)
{
    char digits[3] = { text[0], text[0] ? text[1] : 0, 0 }, *end;
    long value = strtol(digits, &end, 16);

    return end == digits + 2 ? (int)value : -1;
}

static int parse_mac(struct kia_options *o, struct kia_keyval *kv, struct kia_device *device)
{
    const char *value = kia_keyval_get(kv, "mac");

    memcpy(device->mac, "\x52\x54\x00\x12\x34", 5); /* QEMU's */
    device->mac[5] = 0x56 + o->n_nics++;
    for (unsigned i = 0; value && i < 6; i++) {
        int byte = hex_byte(value + 3 * i);

        if (byte < 0 || value[3 * i + 2] != (i < 5 ? ':' : 0))
            return BAD("%s: 'mac=%s' is not like 52:54:00:12:34:56", kv->option, value);
        device->mac[i] = byte;
    }
    if (device->mac[0] & 1)
        return BAD("%s: 'mac=%s' is a group's address, not a card's", kv->option, value);
    return 0;
}

/** opt_device_net - see the header */
int opt_device_net(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    const char *id = kia_keyval_get(kv, "netdev");
    struct kia_netdev *netdev = id ? find_netdev(o, id) : NULL;
    struct kia_device *device = opt_new_device(o, KIA_DEVICE_NET, -1);
    uint64_t mtu = 0;
    int err;

    if (!device)
        return -EINVAL;
    if (id && !netdev)
        return BAD("-device %s: there is no -netdev with id=%s before it", value, id);
    if (netdev && netdev->used)
        return BAD("-device %s: netdev '%s' has a device already", value, id);
    if (netdev) {
        netdev->used = true;
        device->of = netdev - o->netdevs;
    }
    if ((err = parse_mac(o, kv, device)) || (err = kia_keyval_u64(kv, "host_mtu", &mtu)))
        return err;
    if (mtu && (mtu < MIN_MTU || mtu > UINT16_MAX))
        return BAD("-device %s: host_mtu must be from %d to %d", value, MIN_MTU, UINT16_MAX);
    device->mtu = mtu;
    return opt_common_properties(device, kv, value);
}

static int add_nic(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    const char *type = kia_keyval_get(kv, "type"), *model = kia_keyval_get(kv, "model");
    struct kia_device *device;
    int err;

    kia_keyval_get(kv, "id");
    if (!type)
        return BAD("-nic %s: say what it leads to first: user, tap, socket or none", value);
    if (!strcmp(type, "none"))
        return kia_keyval_check_used(kv);
    if (model && strcmp(model, "virtio") && strcmp(model, "virtio-net-pci"))
        return BAD("-nic %s: there is no card '%s'; there is virtio-net-pci", value, model);
    device = opt_new_device(o, KIA_DEVICE_NET, o->n_netdevs);
    err = device ? parse_mac(o, kv, device) : -EINVAL;
    if (!err)
        err = add_netdev(o, kv, type);
    if (err)
        return err;
    o->netdevs[device->of].used = true;
    return kia_keyval_check_used(&o->netdevs[device->of].kv);
}

/** opt_nic - see the header */
int opt_nic(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    int err = kia_keyval_parse(&kv, "-nic", value, "type");

    if (!err)
        err = add_nic(o, &kv, value);
    kia_keyval_free(&kv);
    return err;
}
