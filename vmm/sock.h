/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stream sockets by name: "tcp:HOST:PORT" and "unix:PATH", as -gdb and -serial take them. Main thread; libc only. */
#ifndef KIA_SOCK_H
#define KIA_SOCK_H

#include <stdbool.h>

/* True if @text names a socket. */
bool kia_sock_is(const char *text);

/*
 * Listens, or connects if not @server. An empty HOST is this computer alone ("localhost"), IPv6 addresses stand in brackets,
 * PORT 0 is any free one. A UNIX socket that nobody listens on any more is replaced.
 * @option: for messages, "-gdb". Return: a descriptor that does not block, or negative errno with a message.
 */
int kia_sock_open(const char *option, const char *text, bool server);
/* Takes a caller: a descriptor that does not block, or -1 if it went away again. */
int kia_sock_accept(int listener);
/* Closes a listener and removes its UNIX socket from the file system. @text: as for kia_sock_open(). */
void kia_sock_close_listener(int fd, const char *text);

#endif
