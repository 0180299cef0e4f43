/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stream sockets by name. */
#include "vmm/sock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/log.h"

enum { BACKLOG = 4 };

static bool is_tcp(const char *text)
{
    return !strncmp(text, "tcp:", 4);
}

static bool is_unix(const char *text)
{
    return !strncmp(text, "unix:", 5);
}

/** kia_sock_is - see the header */
bool kia_sock_is(const char *text)
{
    return is_tcp(text) || is_unix(text);
}

static int stream(int family)
{
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Small packets go out at once. */
static void no_delay(int fd)
{
    int one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* fails for UNIX sockets: no matter */
}

/* 0, or the errno of the call that failed. */
static int use(int fd, const struct sockaddr *address, socklen_t len, bool server)
{
    int one = 1;

    if (!server)
        return connect(fd, address, len) && errno != EINPROGRESS ? errno : 0;
    if (address->sa_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return bind(fd, address, len) || listen(fd, BACKLOG) ? errno : 0;
}

/* Splits "HOST:PORT" in place. */
static bool split(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':');
    size_t len;

    if (!colon || !colon[1])
        return false;
    *colon = 0;
    *host = text;
    *port = colon + 1;
    len = strlen(text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text[len - 1] = 0;
        ++*host;
    }
    return true;
}

static int open_tcp(const char *option, const char *text, bool server)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC }, *list = NULL;
    char *copy = strdup(text + 4), *host, *port;
    int fd = -1, err = 0, known;

    if (!copy || !split(copy, &host, &port)) {
        free(copy);
        return kia_err(copy ? -EINVAL : -ENOMEM, "%s %s: write tcp:HOST:PORT, for example tcp::1234", option, text);
    }
    known = getaddrinfo(*host ? host : "localhost", port, &hints, &list);
    for (struct addrinfo *a = list; !known && a && fd < 0; a = a->ai_next) {
        fd = stream(a->ai_family);
        err = fd < 0 ? errno : use(fd, a->ai_addr, a->ai_addrlen, server);
        if (err && fd >= 0) {
            close(fd);
            fd = -1;
        }
    }
    if (known)
        kia_err(0, "%s %s: %s", option, text, gai_strerror(known));
    else
        freeaddrinfo(list);
    free(copy);
    if (known)
        return -EINVAL;
    if (fd < 0)
        return kia_err(-err, "%s %s: cannot %s", option, text, server ? "listen there" : "connect");
    no_delay(fd);
    return fd;
}

/* A socket of a process that has ended is in the way. */
static void remove_stale(const struct sockaddr_un *address, socklen_t len)
{
    struct stat st;
    int fd;

    if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode))
        return;
    fd = stream(AF_UNIX);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, len) && errno == ECONNREFUSED)
        unlink(address->sun_path);
    if (fd >= 0)
        close(fd);
}

static int open_unix(const char *option, const char *text, bool server)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = text + 5;
    int fd, err;

    if (!*path || strlen(path) >= sizeof(address.sun_path))
        return kia_err(-EINVAL, "%s %s: the socket's path is %s", option, text, *path ? "too long" : "missing");
    strcpy(address.sun_path, path);
    if (server)
        remove_stale(&address, sizeof(address));
    fd = stream(AF_UNIX);
    err = fd < 0 ? errno : use(fd, (struct sockaddr *)&address, sizeof(address), server);
    if (!err)
        return fd;
    if (fd >= 0)
        close(fd);
    return kia_err(-err, "%s %s: cannot %s", option, text, server ? "listen there" : "connect");
}

/** kia_sock_open - see the header */
int kia_sock_open(const char *option, const char *text, bool server)
{
    return is_tcp(text) ? open_tcp(option, text, server) : open_unix(option, text, server);
}

/** kia_sock_accept - see the header */
int kia_sock_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0)
        no_delay(fd);
    return fd;
}

/** kia_sock_close_listener - see the header */
void kia_sock_close_listener(int fd, const char *text)
{
    if (fd < 0)
        return;
    close(fd);
    if (is_unix(text))
        unlink(text + 5);
}
