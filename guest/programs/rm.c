/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rm [-f] FILE...: removes files and empty directories (whole trees: nuke). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "-f") == 0 ? 2 : 1;
    int status = 0;

    for (int i = first; i < argc; i++) {
        if (unlink(argv[i]) == 0 || ((errno == EISDIR || errno == EPERM) && rmdir(argv[i]) == 0))
            continue;
        if (first == 2 && errno == ENOENT)
            continue;
        fprintf(stderr, "rm: %s: %s\n", argv[i], strerror(errno));
        status = 1;
    }
    return status;
}
