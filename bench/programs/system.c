/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's part: system calls, processes, pipes, switches between processes, work in two processes. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

static uint64_t getpid_run(uint64_t count)
{
    uint64_t same = 0;
    long pid = getpid();

    for (count *= 100; count; count--)
        same += syscall(SYS_getpid) == pid;
    return same;
}

/* The child's exit status. */
static uint64_t wait_for(pid_t child)
{
    int status;

    bench_check(waitpid(child, &status, 0) == child && WIFEXITED(status), "waitpid");
    return (uint64_t)WEXITSTATUS(status);
}

static uint64_t fork_run(uint64_t count)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < count; i++) {
        pid_t child = fork();

        if (!child)
            _exit((int)(i & 63));
        bench_check(child > 0, "fork");
        sum = bench_mix(sum, wait_for(child));
    }
    return sum;
}

/* This program with one argument ends with status 1 at once and prints nothing. */
static uint64_t exec_run(uint64_t count)
{
    char *const arguments[] = { (char *)bench_self, (char *)"nothing", NULL };
    uint64_t sum = 0;

    while (count--) {
        pid_t child = fork();

        if (!child) {
            execv(bench_self, arguments);
            _exit(127);
        }
        bench_check(child > 0, "fork");
        sum = bench_mix(sum, wait_for(child));
    }
    return sum;
}

static int n_processes;
static uint8_t *touched;
static uint64_t touched_size;

/* Adds to the token and hands it on until it has gone round count times. Returns the token. */
static uint64_t relay(int from, int to, uint64_t token, uint64_t count)
{
    while (count--) {
        bench_check(read(from, &token, sizeof(token)) == sizeof(token), "read");
        for (uint64_t i = 0; i < touched_size; i += 64)
            token += touched[i]++;
        token = bench_mix(token, count);
        bench_check(write(to, &token, sizeof(token)) == sizeof(token), "write");
    }
    return token;
}

/* A token goes count times through a ring of n_processes, this process being the last. */
static uint64_t ring(uint64_t count)
{
    int pipes[64][2];
    uint64_t token = 1;

    if (touched)
        memset(touched, 0, touched_size);
    for (int i = 0; i < n_processes; i++)
        bench_check(!pipe(pipes[i]), "pipe");
    for (int i = 0; i < n_processes - 1; i++) {
        pid_t child = fork();

        bench_check(child >= 0, "fork");
        if (!child) {
            relay(pipes[i][0], pipes[i + 1][1], 0, count);
            _exit(0);
        }
    }
    bench_check(write(pipes[0][1], &token, sizeof(token)) == sizeof(token), "write");
    token = relay(pipes[n_processes - 1][0], pipes[0][1], 0, count);
    for (int i = 0; i < n_processes - 1; i++)
        bench_check(wait(NULL) > 0, "wait");
    for (int i = 0; i < n_processes; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    return token;
}

static uint64_t ring_run(uint64_t count)
{
    return ring(count * 10);
}

static void ring_of(uint64_t size)
{
    n_processes = size < 2 ? 2 : size > 64 ? 64 : (int)size;
}

/* Processes with data of their own on one processor: each step is a switch. */
static void switch_prepare(uint64_t size)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof(one), &one);
    ring_of(size);
    touched_size = 16384;
    touched = bench_alloc(touched_size);
}

static uint64_t n_workers;

static void parallel_prepare(uint64_t size)
{
    n_workers = size;
    program_sha256.prepare(program_sha256.size);
}

/* The same work in n_workers processes at once. */
static uint64_t parallel_run(uint64_t count)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < n_workers; i++) {
        pid_t child = fork();

        bench_check(child >= 0, "fork");
        if (!child)
            _exit((int)(program_sha256.run(count) & 63));
    }
    for (uint64_t i = 0; i < n_workers; i++) {
        int status;

        bench_check(wait(&status) > 0 && WIFEXITED(status), "wait");
        sum += (uint64_t)WEXITSTATUS(status);
    }
    return sum;
}

const struct program program_getpid = { .name = "getpid", .run = getpid_run };
const struct program program_fork = { .name = "fork", .run = fork_run };
const struct program program_exec = { .name = "exec", .run = exec_run };
const struct program program_pingpong = {
    .name = "pingpong", .size = 2, .prepare = ring_of, .run = ring_run,
};
const struct program program_switch = {
    .name = "switch", .size = 8, .prepare = switch_prepare, .run = ring_run,
};
const struct program program_parallel = {
    .name = "parallel", .size = 2, .prepare = parallel_prepare, .run = parallel_run,
};
