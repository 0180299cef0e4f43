/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctty COMMAND [ARGUMENT...]: runs COMMAND in a session of its own, with the terminal behind /dev/console as
 * its controlling terminal (/dev/console itself cannot be one), so that ^C and job control work.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Puts the name of the console's terminal, for example "/dev/ttyS0", into path; false if it is not known. */
static int console_terminal(char *path, size_t size)
{
    static const char prefix[] = "/dev/";
    char active[128];
    int fd = open("/sys/class/tty/console/active", O_RDONLY);
    ssize_t length = fd < 0 ? -1 : read(fd, active, sizeof(active) - 1);
    char *name;

    if (fd >= 0)
        close(fd);
    if (length <= 0)
        return 0;
    active[length] = '\0';
    if (active[length - 1] == '\n')
        active[length - 1] = '\0';
    /* Several consoles: the last one is /dev/console. */
    name = strrchr(active, ' ');
    name = name ? name + 1 : active;
    if (sizeof(prefix) + strlen(name) > size)
        return 0;
    strcpy(path, prefix);
    strcat(path, name);
    return 1;
}

int main(int argc, char **argv)
{
    char path[160];
    int fd;

    if (argc < 2) {
        fprintf(stderr, "usage: ctty COMMAND [ARGUMENT...]\n");
        return 2;
    }
    if (setsid() >= 0 && console_terminal(path, sizeof(path)) && (fd = open(path, O_RDWR)) >= 0) {
        ioctl(fd, TIOCSCTTY, NULL);
        dup2(fd, 0);
        dup2(fd, 1);
        dup2(fd, 2);
        if (fd > 2)
            close(fd);
    }
    execvp(argv[1], argv + 1);
    fprintf(stderr, "ctty: %s: %s\n", argv[1], strerror(errno));
    return 127;
}
