/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rmmod MODULE...: takes modules out of the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* A system call of klibc's that no header of it declares. */
extern int delete_module(const char *name, unsigned int flags);

int main(int argc, char **argv)
{
    int status = 0;

    for (int i = 1; i < argc; i++) {
        if (delete_module(argv[i], O_NONBLOCK) == 0)
            continue;
        fprintf(stderr, "rmmod: %s: %s\n", argv[i], strerror(errno));
        status = 1;
    }
    return status;
}
