// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's first program in tests of real programs: runs the commands of /tests/list, one by one.
 *
 * A line of the list is "SECONDS NAME COMMAND [ARGUMENT...]", split at spaces. Each command gets a session, an
 * empty folder and SECONDS of time. What is said on the console, for run.py:
 *
 *     @ run N NAME             before command N
 *     @ case N RESULT NAME     for each line "@case RESULT NAME" of its output: RESULT is pass, fail or skip
 *     @ out N TEXT             the last lines of its output, if it did not end with 0
 *     @ end N KIND VALUE MS    KIND is "exit" or "signal", or "timeout" with VALUE 0
 *     @ over                   all is done; then the machine powers off
 *
 * With the kernel argument from=N the first N commands are left out: the boot after one that ended in command N-1.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel_argument.h"

enum { ARGUMENTS_MAX = 32, OUTPUT_SHOWN = 2000 };

#define OUTPUT "/tmp/output"
#define FOLDER "/tmp/work"
#define CASE "@case "

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
}

static void loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    request.ifr_flags = IFF_UP;
    ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
}

static void set_up(void)
{
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/tmp", 01777);
    if (mount("proc", "/proc", "proc", 0, NULL) || mount("sys", "/sys", "sysfs", 0, NULL) ||
        mount("dev", "/dev", "devtmpfs", 0, NULL) || mount("tmp", "/tmp", "tmpfs", 0, NULL))
        say("@ trouble: a file system is missing (errno %d)\n", errno);
    mkdir("/dev/shm", 01777);
    mkdir("/dev/pts", 0755);
    mount("tmp", "/dev/shm", "tmpfs", 0, NULL);
    mount("pts", "/dev/pts", "devpts", 0, "ptmxmode=666");
    symlink("/proc/self/fd", "/dev/fd");
    symlink("/proc/self/fd/0", "/dev/stdin");
    symlink("/proc/self/fd/1", "/dev/stdout");
    symlink("/proc/self/fd/2", "/dev/stderr");
    loopback_up();
    setenv("PATH", "/bin:/tests", 1);
    setenv("HOME", "/tmp", 1);
    setenv("TMPDIR", "/tmp", 1);
    setenv("TIMEOUTFACTOR", "10", 1); /* of glibc's tests */
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    remove(path);
    return 0;
}

static void clean_folder(void)
{
    chmod(FOLDER, 0755);
    nftw(FOLDER, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    mkdir(FOLDER, 0755);
}

static void run_child(char **arguments)
{
    struct rlimit no_core = {0, 0};
    int output = open(OUTPUT, O_RDWR | O_CREAT | O_TRUNC, 0644), input = open("/dev/null", O_RDONLY);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setrlimit(RLIMIT_CORE, &no_core);
    setsid();
    dup2(input, 0);
    dup2(output, 1);
    dup2(output, 2);
    close(input);
    close(output);
    if (chdir(FOLDER))
        _exit(126);
    execvp(arguments[0], arguments);
    fprintf(stderr, "%s: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Waits for the child until the deadline; whatever else has ended is reaped. False: it did not end. */
static int wait_until(pid_t child, double deadline, int *status)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (;;) {
        double left = deadline - seconds();
        struct timespec time;
        pid_t ended;

        while ((ended = waitpid(-1, status, WNOHANG)) > 0)
            if (ended == child)
                return 1;
        if (left <= 0)
            return 0;
        time.tv_sec = (time_t)left;
        time.tv_nsec = (long)((left - (double)time.tv_sec) * 1e9);
        sigtimedwait(&set, NULL, &time);
    }
}

/* A command that runs several tests tells how each has ended. */
static void show_cases(long number)
{
    static char line[PATH_MAX];
    FILE *file = fopen(OUTPUT, "re");

    while (file && fgets(line, sizeof(line), file))
        if (!strncmp(line, CASE, strlen(CASE)))
            say("@ case %ld %.*s\n", number, (int)strcspn(line + strlen(CASE), "\n"), line + strlen(CASE));
    if (file)
        fclose(file);
}

static void show_output(long number)
{
    char text[OUTPUT_SHOWN + 1], *line, *rest = text;
    int file = open(OUTPUT, O_RDONLY);
    off_t size = lseek(file, 0, SEEK_END);
    ssize_t count = pread(file, text, OUTPUT_SHOWN, size > OUTPUT_SHOWN ? size - OUTPUT_SHOWN : 0);

    close(file);
    text[count > 0 ? count : 0] = 0;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (*line && strncmp(line, CASE, strlen(CASE)))
            say("@ out %ld %s\n", number, line);
}

static void run(long number, char *line)
{
    char *arguments[ARGUMENTS_MAX + 1] = {0}, *word;
    int count = 0, status = 0, ended;
    double start, limit;
    pid_t child;

    while (count < ARGUMENTS_MAX && (word = strsep(&line, " \n")) != NULL)
        if (*word)
            arguments[count++] = word;
    if (count < 3)
        return;
    say("@ run %ld %s\n", number, arguments[1]);
    limit = strtod(arguments[0], NULL);
    clean_folder();
    start = seconds();
    child = fork();
    if (child == 0)
        run_child(arguments + 2);
    ended = wait_until(child, start + limit, &status);
    kill(-child, SIGKILL);
    if (!ended)
        wait_until(child, seconds() + 10, &status);
    show_cases(number);
    if (!ended || status)
        show_output(number);
    say("@ end %ld %s %d %.0f\n", number, !ended ? "timeout" : WIFEXITED(status) ? "exit" : "signal",
        !ended ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), (seconds() - start) * 1e3);
}

int main(void)
{
    static char line[PATH_MAX];
    sigset_t set;
    long first, number;
    FILE *list;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    set_up();
    first = kernel_argument("from=");
    list = fopen("/tests/list", "re");
    if (!list)
        say("@ trouble: no /tests/list (errno %d)\n", errno);
    for (number = 0; list && fgets(line, sizeof(line), list); number++)
        if (number >= first)
            run(number, line);
    say("@ over\n");
    sync();
    reboot(RB_POWER_OFF);
    return 1;
}
