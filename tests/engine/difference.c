/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing two dumps line by line. */
#include "tests/engine/difference.h"

#include <stdio.h>
#include <string.h>

void print_difference(const char *interpreted, const char *compiled)
{
    const char *a = interpreted, *b = compiled;

    while (*a && *b) {
        size_t na = strcspn(a, "\n"), nb = strcspn(b, "\n");

        if (na != nb || memcmp(a, b, na))
            printf("  interpreted %.*s, compiled %.*s\n", (int)na, a, (int)nb, b);
        a += na + (a[na] == '\n');
        b += nb + (b[nb] == '\n');
    }
}
