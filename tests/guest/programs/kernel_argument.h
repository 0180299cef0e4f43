/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs of these images are told on the kernel's command line. */
#ifndef KERNEL_ARGUMENT_H
#define KERNEL_ARGUMENT_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number behind NAME ("port=") on the kernel's command line, or 0. */
static inline long kernel_argument(const char *name)
{
    char line[4096] = { 0 }, *found;
    int file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (file < 0)
        return 0;
    n = read(file, line, sizeof(line) - 1);
    close(file);
    found = n > 0 ? strstr(line, name) : NULL;
    return found ? strtol(found + strlen(name), NULL, 10) : 0;
}

#endif
