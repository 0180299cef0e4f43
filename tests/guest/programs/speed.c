// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast the guest is while its processors have to share the host's, or while a device works. For speed.py:
 *
 * speed compute|system PROCESSES SECONDS: that many processes do the same at once: hash a buffer; or map, touch and unmap
 * memory, write to a pipe and read it. speed download SECONDS: one process on the last processor hashes for that long, and
 * then again while one on the first takes what a server at 10.0.2.2, port=N of the kernel's command line, sends.
 * On the console, so that the host's clocks can be read at the same moments:
 *
 *     % begin WHAT
 *     % end WHAT ROUNDS NANOSECONDS [BYTES]
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel_argument.h"

enum { WORDS = 2048, MAPPED = 16 };

static struct shared {
    _Atomic int over;
    _Atomic uint64_t rounds, bytes, sink;
} *shared;
static int console;

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void compute_round(void)
{
    static uint64_t words[WORDS];
    uint64_t hash = 0xcbf29ce484222325;

    for (unsigned i = 0; i < WORDS; i++) {
        hash = (hash ^ words[i]) * 0x100000001b3;
        words[i] += hash >> 32;
    }
    shared->sink = hash;
}

static void system_round(void)
{
    size_t size = (size_t)getpagesize();
    char *at = mmap(NULL, MAPPED * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char byte[256] = { 0 };
    int ends[2];

    if (at == MAP_FAILED || pipe(ends))
        exit(1);
    for (unsigned i = 0; i < MAPPED; i++) {
        at[i * size] = 1;
        if (write(ends[1], byte, sizeof(byte)) != sizeof(byte) || read(ends[0], byte, sizeof(byte)) != sizeof(byte))
            exit(1);
    }
    close(ends[0]);
    close(ends[1]);
    munmap(at, MAPPED * size);
}

static void work(void (*round)(void))
{
    while (!shared->over) {
        round();
        shared->rounds++;
    }
    exit(0);
}

static void pin(int processor)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(0, sizeof(set), &set))
        exit(1);
}

/* Takes what the server sends, to its end. */
static void download(long port)
{
    static char buffer[1 << 16];
    struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ssize_t n;

    pin(0);
    server.sin_addr.s_addr = inet_addr("10.0.2.2");
    if (connect(fd, (struct sockaddr *)&server, sizeof(server)))
        exit(1);
    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        shared->bytes += (uint64_t)n;
    exit(n < 0);
}

/* Processes at work for a time, or until the download ends. 0 if all ended well. */
static int timed(const char *what, void (*round)(void), int processes, double seconds, int port)
{
    uint64_t start;
    pid_t loader = 0;
    int status, failed = 0;

    shared->over = 0;
    shared->rounds = shared->bytes = 0;
    for (int i = 0; i < processes; i++)
        if (!fork()) {
            if (!strncmp(what, "download", 8))
                pin((int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
            work(round);
        }
    sleep(1); /* code is warm then */
    dprintf(console, "%% begin %s\n", what);
    start = now();
    shared->rounds = 0;
    if (port && !(loader = fork()))
        download(port);
    if (loader)
        failed |= waitpid(loader, &status, 0) != loader || status;
    else
        usleep((useconds_t)(seconds * 1e6));
    shared->over = 1;
    start = now() - start;
    dprintf(console, "%% end %s %llu %llu %llu\n", what, (unsigned long long)shared->rounds, (unsigned long long)start,
            (unsigned long long)shared->bytes);
    for (int i = 0; i < processes; i++)
        failed |= wait(&status) < 0 || status;
    return failed;
}

int main(int argc, char **argv)
{
    console = open("/dev/console", O_WRONLY | O_NOCTTY);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (console < 0 || shared == MAP_FAILED)
        return 2;
    if (argc == 4 && !strcmp(argv[1], "compute"))
        return timed("compute", compute_round, atoi(argv[2]), atof(argv[3]), 0);
    if (argc == 4 && !strcmp(argv[1], "system"))
        return timed("system", system_round, atoi(argv[2]), atof(argv[3]), 0);
    if (argc == 3 && !strcmp(argv[1], "download"))
        return timed("download-none", compute_round, 1, atof(argv[2]), 0) |
               timed("download", compute_round, 1, 0, (int)kernel_argument("port="));
    fprintf(stderr, "usage: speed compute|system PROCESSES SECONDS, or speed download SECONDS\n");
    return 2;
}
