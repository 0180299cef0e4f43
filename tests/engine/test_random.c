/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random instruction streams, interpreted and compiled: both must end in the same state, and nothing a
 * guest executes may crash the process.
 * usage: test_random [streams [seed [vm]]]; with vm as guests: psr.vm = 1, a random VPD
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/engine/stream.h"

enum { DEFAULT_STREAMS = 2000 };

int main(int argc, char **argv)
{
    unsigned long streams = DEFAULT_STREAMS;
    uint64_t base = 1;
    static struct start start;
    struct machine interpreted = {0}, compiled = {0};
    unsigned failed = 0, looping = 0;
    int status = twins_open(&interpreted, &compiled, CODE + STREAM_BUNDLES * 16);

    if (status)
        return status;
    parse_numbers(argc, argv, &streams, &base);
    stream_guest = argc > 3 && !strcmp(argv[3], "vm");
    if (!stream_watch())
        return 1;
    for (unsigned long i = 0; i < streams && failed < 10; i++) {
        seed_random(base + i);
        random_start(&start);
        switch (stream_compare(&interpreted, &compiled, &start)) {
        case SAME:
            break;
        case LOOPS:
            looping++;
            break;
        default:
            printf("stream %lu differs (test_random 1 %" PRIu64 ")\n", i, base + i);
            stream_print(&start);
            failed++;
            break;
        }
    }
    printf("%lu streams, %u differ, %u loop\n", streams, failed, looping);
    stream_watch_end();
    twins_close(&interpreted, &compiled);
    return failed != 0;
}
