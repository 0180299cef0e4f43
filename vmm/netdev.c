/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the networks' back ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dev/net_socket.h"
#include "dev/net_tap.h"
#include "dev/net_user.h"
#include "vmm/log.h"
#include "vmm/machine.h"

static int create_user(const struct kia_netdev *netdev, struct kia_net **net)
{
    int failed, err = kia_net_user_create(&netdev->user, net, &failed);

    if (err && failed >= 0)
        return kia_err(err, "cannot forward port %u of the host", netdev->user.forwards[failed].host_port);
    return err ? kia_err(err, "cannot make the user network; look at its addresses") : 0;
}

/* ---- tap ---- */

/* Runs "SCRIPT INTERFACE" and waits for it. */
static int run_script(const char *script, const char *name)
{
    int status;
    pid_t pid;

    if (!script || !*script || !strcmp(script, "no"))
        return 0;
    pid = fork();
    if (!pid) {
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL); /* this process takes its signals by a descriptor */
        execl(script, script, name, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return kia_err(-errno, "cannot run '%s'", script);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        kia_err(0, "'%s %s' failed", script, name);
        return -EIO;
    }
    return 0;
}

static int create_tap(const struct kia_netdev *netdev, char name[16], struct kia_net **net)
{
    int fd = netdev->tap.fd, err;

    if (fd < 0) {
        snprintf(name, 16, "%s", netdev->tap.name ? netdev->tap.name : "tap%d");
        fd = kia_net_tap_open(name);
        if (fd < 0) {
            kia_err(fd, "cannot open network interface '%s': make it with 'ip tuntap add' for this user",
                    name);
            *name = 0;
            return fd;
        }
        err = run_script(netdev->tap.script, name);
        if (err) {
            close(fd);
            *name = 0;
            return err;
        }
    }
    err = kia_net_tap_create(fd, net);
    return err ? kia_err(err, "descriptor %d is no tap interface without packet information", fd) : 0;
}

/** netdevs_close - see the header */
void netdevs_close(struct kia_board *board)
{
    for (unsigned i = 0; i < board->options->n_netdevs; i++)
        if (*board->tap_names[i])
            run_script(board->options->netdevs[i].tap.downscript, board->tap_names[i]);
}

/* ---- sockets ---- */

/* "[HOST]:PORT" as an address; without a host the wildcard. */
static int resolve(const char *text, int type, struct sockaddr_storage *addr, socklen_t *len)
{
    const char *colon = strrchr(text, ':');
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = type, .ai_flags = AI_PASSIVE }, *found;
    char host[256];
    int err;

    if (!colon || colon - text >= (int)sizeof(host)) {
        kia_err(0, "'%s' is not like HOST:PORT", text);
        return -EINVAL;
    }
    snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    err = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &found);
    if (err) {
        kia_err(0, "'%s' is no address: %s", text, gai_strerror(err));
        return -EINVAL;
    }
    memcpy(addr, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static int create_stream(const char *text, bool listening, struct kia_net **net)
{
    struct sockaddr_storage addr;
    socklen_t len;
    int fd, one = 1, err = resolve(text, SOCK_STREAM, &addr, &len);

    if (err)
        return err;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || (listening ? bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 1)
                             : connect(fd, (struct sockaddr *)&addr, len))) {
        err = kia_err(-errno, "cannot %s '%s'", listening ? "listen on" : "connect to", text);
        if (fd >= 0)
            close(fd);
        return err;
    }
    err = kia_net_stream_create(fd, listening, net);
    return err ? kia_err(err, "cannot make the network") : 0;
}

static int join_group(int fd, const struct sockaddr_storage *group, const char *local)
{
    struct ip_mreq request = { .imr_multiaddr = ((const struct sockaddr_in *)group)->sin_addr };
    int one = 1;

    if (local && inet_pton(AF_INET, local, &request.imr_interface) != 1) {
        kia_err(0, "localaddr '%s' is not an IPv4 address", local);
        return -EINVAL;
    }
    if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)) ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &one, sizeof(one)) ||
        (local &&
         setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request.imr_interface, sizeof(struct in_addr))))
        return kia_err(-errno, "cannot join the group");
    return 0;
}

static int create_dgram(const struct kia_netdev *netdev, struct kia_net **net)
{
    const char *group = netdev->socket.mcast, *local = netdev->socket.localaddr;
    const char *to_text = group ? group : netdev->socket.udp;
    struct sockaddr_storage to, own;
    socklen_t to_len, own_len;
    int fd, one = 1, err = resolve(to_text, SOCK_DGRAM, &to, &to_len);

    if (!err)
        err = resolve(group ? group : local, SOCK_DGRAM, &own, &own_len);
    if (err)
        return err;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && group) /* several machines of one host are in a group */
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, own_len))
        err = kia_err(-errno, "cannot take packets for '%s'", group ? group : local);
    if (!err && group)
        err = join_group(fd, &to, local);
    if (err) {
        if (fd >= 0)
            close(fd);
        return err;
    }
    err = kia_net_dgram_create(fd, (struct sockaddr *)&to, to_len, net);
    return err ? kia_err(err, "cannot make the network") : 0;
}

/** netdev_create - see the header */
int netdev_create(struct kia_board *board, unsigned index, struct kia_net **net)
{
    const struct kia_netdev *netdev = &board->options->netdevs[index];

    switch (netdev->kind) {
    case KIA_NETDEV_USER:
        return create_user(netdev, net);
    case KIA_NETDEV_TAP:
        return create_tap(netdev, board->tap_names[index], net);
    case KIA_NETDEV_SOCKET:
        if (netdev->socket.listen)
            return create_stream(netdev->socket.listen, true, net);
        if (netdev->socket.connect)
            return create_stream(netdev->socket.connect, false, net);
        return create_dgram(netdev, net);
    }
    return -EINVAL;
}
