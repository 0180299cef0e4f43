/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program as its user meets it: exit statuses, complaints, the serial port, reset and signals. */
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const char *program; /* main.c with the fake accelerator, from the command line */
static char dir[] = "/tmp/kia-program-XXXXXX";

struct child {
    pid_t pid;
    int in, out, err;
};

struct result {
    int status; /* exit status, or -signal */
    char out[8192], err[8192];
};

/* Words of @line are arguments; %d stands for the test's folder. */
static struct child start(const char *guest, const char *line)
{
    static char text[2048];
    char *argv[64], *save;
    int in[2], out[2], err[2], argc = 1;
    struct child c;

    assert_true(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC) && !pipe2(err, O_CLOEXEC));
    snprintf(text, sizeof(text), "%s", line);
    argv[0] = (char *)program;
    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    argv[argc] = NULL;
    c.pid = fork();
    if (!c.pid) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        setenv("KIA_TEST_GUEST", guest, 1);
        if (chdir(dir))
            _exit(99);
        execv(program, argv);
        _exit(99);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    c.in = in[1];
    c.out = out[0];
    c.err = err[0];
    return c;
}

static void read_all(int fd, char *to, size_t size)
{
    size_t len = 0;
    ssize_t n;

    while (len + 1 < size && (n = read(fd, to + len, size - 1 - len)) > 0)
        len += n;
    to[len] = 0;
    close(fd);
}

static struct result finish(struct child c)
{
    struct result r;
    int status;

    close(c.in);
    read_all(c.out, r.out, sizeof(r.out));
    read_all(c.err, r.err, sizeof(r.err));
    waitpid(c.pid, &status, 0);
    r.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return r;
}

static struct result run(const char *guest, const char *line)
{
    return finish(start(guest, line));
}

static void put_file(const char *name, const void *data, size_t len)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}

static int setup(void **state)
{
    struct { Elf64_Ehdr eh; Elf64_Phdr ph; uint8_t code[64];
    } elf = {
        .eh = {
            .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC,
            .e_machine = EM_IA_64, .e_version = EV_CURRENT, .e_entry = 0x4000000, .e_phoff = sizeof(Elf64_Ehdr),
            .e_flags = 0x10, .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
        },
        .ph = { .p_type = PT_LOAD, .p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), .p_paddr = 0x4000000,
                .p_filesz = 64, .p_memsz = 4096 },
    };
    static uint8_t disk[65536];

    (void)state;
    if (!mkdtemp(dir))
        return -1;
    put_file("kernel", &elf, sizeof(elf));
    put_file("short", &elf, 100);
    elf.eh.e_machine = EM_X86_64;
    put_file("x86", &elf, sizeof(elf));
    put_file("text", "no kernel", 9);
    put_file("gz", "\x1f\x8b\x08\0\0\0\0\0\0\0garbage", 17);
    put_file("initrd", disk, 5000);
    put_file("disk", disk, sizeof(disk));
    put_file("odd", disk, 1000);
    put_file("empty", disk, 0);
    put_file("blob", "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
    return 0;
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

/* One line, status 1, nothing on standard output. */
static void complains(const char *line, const char *about)
{
    struct result r = run("poweroff", line);
    const char *end = strchr(r.err, '\n');

    if (r.status != 1 || r.out[0] || strncmp(r.err, "kvm-ia64: ", 10) || !end || end[1] ||
        !strstr(r.err, about))
        fail_msg("'%s': status %d, out '%s', err '%s'", line, r.status, r.out, r.err);
}

static void test_complaints(void **state)
{
    (void)state;
    complains("", "-kernel");
    complains("-kernel", "value");
    complains("-bogus", "-bogus");
    complains("-kernel kernel -m 12", "128M");
    complains("-kernel kernel -m 300G", "256G");
    complains("-kernel nowhere", "nowhere");
    complains("-kernel text", "ELF");
    complains("-kernel short", "truncated");
    complains("-kernel x86", "another processor");
    complains("-kernel gz", "damaged");
    complains("-kernel empty", "empty");
    complains("-kernel .", "cannot read");
    complains("-kernel kernel -initrd nowhere", "nowhere");
    complains("-kernel kernel -initrd empty", "empty");
    complains("-kernel kernel -initrd .", "regular");
    complains("-kernel kernel -drive file=nowhere,format=raw", "nowhere");
    complains("-kernel kernel -drive file=odd,format=raw", "sectors");
    complains("-kernel kernel -drive file=empty,format=raw", "sectors");
    complains("-kernel kernel -drive file=.,format=raw,readonly=on", "neither");
    complains("-kernel kernel -drive file=disk -drive file=disk", "in use");
    complains("-kernel kernel -drive file=disk,if=none,id=a -device virtio-blk-pci,drive=a,addr=4 "
              "-drive file=initrd,if=none,id=b,readonly=on -device virtio-blk-pci,drive=b,addr=4", "s");
    complains("-kernel kernel -serial file:/nowhere/x", "/nowhere/x");
    complains("-kernel kernel -accel kvm", "kvm");
    complains("-kernel kernel -d nonsense", "nonsense");
    complains("-kernel kernel -D /nowhere/log -d all", "/nowhere/log");
    complains("-kernel kernel -device loader,file=blob,addr=0x4000000", "overlaps");
    complains("-kernel kernel -device loader,file=blob,addr=0xfffffffffff", "does not fit");
    complains("-kernel kernel -device loader,data=1,data-len=8,addr=0x3ffffffc", "no memory"); /* 1 GiB - 4 */
    complains("-kernel kernel -device loader,file=x86", "another processor");
    complains("-device loader,addr=0,cpu-num=1", "processor");
}

static void test_large_initrd(void **state)
{
    char path[128];
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/large", dir);
    fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, 200 << 20), 0);
    close(fd);
    complains("-m 128M -kernel kernel -initrd large", "-m");
    assert_int_equal(run("poweroff", "-m 512M -kernel kernel -initrd large").status, 0);
}

static void test_help(void **state)
{
    struct result r = run("", "-h");

    (void)state;
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "-kernel FILE"));
    r = run("", "-version");
    assert_true(r.status == 0 && strstr(r.out, "kvm-ia64 "));
    r = run("", "-cpu help");
    assert_true(r.status == 0 && strstr(r.out, "fake"));
    r = run("", "-kernel kernel -d help");
    assert_true(r.status == 0 && strstr(r.out, "firmware"));
}

static void test_life(void **state)
{
    struct result r;

    (void)state;
    r = run("poweroff", "-kernel kernel");
    assert_true(r.status == 0 && !r.err[0]);
    r = run("reset", "-kernel kernel -initrd initrd -d life");
    assert_int_equal(r.status, 0);
    assert_string_equal(r.err, "life: power on\nlife: processors start\nlife: reset\nlife: reset\nlife: power off\n");
    r = run("reset", "-kernel kernel -no-reboot -d life");
    assert_int_equal(r.status, 0);
    assert_string_equal(r.err, "life: power on\nlife: processors start\n");
    r = run("stuck", "-kernel kernel");
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "kvm-ia64: processor 0 cannot go on: the test says so\n"));
    assert_non_null(strstr(r.err, "\npsr "));
    assert_int_equal(run("poweroff", "-kernel kernel -smp 8").status, 0);
}

static void test_serial(void **state)
{
    char path[128], text[16] = "";
    struct result r;
    FILE *f;

    (void)state;
    r = run("hello", "-kernel kernel -nographic");
    assert_true(r.status == 0);
    assert_int_equal(strlen(r.out), 6);
    r = run("hello", "-kernel kernel -serial none");
    assert_true(r.status == 0 && !r.out[0]);
    r = run("hello", "-kernel kernel -serial null");
    assert_true(r.status == 0 && !r.out[0]);
    r = run("hello", "-kernel kernel -serial file:serial.txt");
    assert_true(r.status == 0 && !r.out[0]);
    snprintf(path, sizeof(path), "%s/serial.txt", dir);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof(text), f), 6);
    fclose(f);
}

static struct result type(const char *line, const char *keys)
{
    struct child c = start("echo", line);

    assert_int_equal(write(c.in, keys, strlen(keys)), strlen(keys));
    return finish(c);
}

static void test_keys(void **state)
{
    struct result r;

    (void)state;
    r = type("-kernel kernel -nographic", "abc\001\001d\001xe.");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "terminated"));
    assert_null(strstr(r.out, "e."));
    r = type("-kernel kernel -nographic", "\001h\001c.");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "C-a x"));
    assert_non_null(strstr(r.out, "no monitor"));
    r = type("-kernel kernel -nographic", "x\001\001y.");
    assert_string_equal(r.out, "xAy");
    r = type("-kernel kernel -serial stdio", "x\001y.");
    assert_string_equal(r.out, "xAy");
}

static void test_loader(void **state)
{
    struct result r;

    (void)state;
    r = run("show", "-device loader,file=blob,addr=0x2000000 -device loader,addr=0x2000000,cpu-num=0");
    assert_string_equal(r.out, "ip 2000000 psr 100000000000 mem 8877665544332211\n");
    r = run("show", "-device loader,file=blob,addr=0x2000000,cpu-num=0");
    assert_string_equal(r.out, "ip 2000000 psr 100000000000 mem 8877665544332211\n");
    r = run("show",
            "-device loader,file=kernel,cpu-num=0 -device loader,data=0x1234,data-len=2,addr=0x2000001");
    assert_string_equal(r.out, "ip 4000000 psr 100000000000 mem 123400\n");
    r = run("show", "-device loader,file=kernel,force-raw=on,addr=0x2000000,cpu-num=0");
    assert_string_equal(r.out, "ip 2000000 psr 100000000000 mem 10102464c457f\n");
    /* Where firmware would be: there is none then. */
    r = run("show", "-device loader,file=blob,addr=0x100000,cpu-num=0");
    assert_string_equal(r.out, "ip 100000 psr 100000000000 mem 0\n");
}

static void wait_ms(unsigned ms)
{
    struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

    nanosleep(&pause, NULL);
}

/* Processor time of a process so far, in clock ticks (proc(5): fields 14 and 15). */
static unsigned long cpu_ticks(pid_t pid)
{
    unsigned long user = 0, system_time = 0;
    char path[64], text[1024] = "";
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
    fclose(f);
    assert_int_equal(sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                            &user, &system_time),
                     2);
    return user + system_time;
}

static void test_signals(void **state)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    struct result r;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct child c = start("", "-kernel kernel");

        wait_ms(500);
        kill(c.pid, signals[i]);
        r = finish(c);
        assert_int_equal(r.status, 0);
        assert_non_null(strstr(r.err, "signal"));
    }
}

/* A machine with nothing to do does not use the processor. */
static void test_idle(void **state)
{
    struct child c = start("", "-kernel kernel -smp 4");
    unsigned long before, after;

    (void)state;
    wait_ms(1000); /* it has started by then, or the ticks below are those of its start */
    before = cpu_ticks(c.pid);
    wait_ms(1000);
    after = cpu_ticks(c.pid);
    kill(c.pid, SIGTERM);
    assert_int_equal(finish(c).status, 0);
    assert_in_range(after - before, 0, 2);
}

/* On a terminal: raw while it runs, as before afterwards, however it ends. */
static void test_terminal(void **state)
{
    static const struct { const char *guest, *keys; int sig; } ends[] = {
        { "", "\001x", 0 }, { "", "", SIGTERM }, { "echo", ".", 0 }, { "stuck", "", 0 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, status;
        struct termios before, during, after;
        char name[64];
        pid_t pid;

        assert_true(master >= 0 && !grantpt(master) && !unlockpt(master) &&
                    !ptsname_r(master, name, sizeof(name)));
        slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_int_equal(tcgetattr(slave, &before), 0);
        pid = fork();
        if (!pid) {
            dup2(slave, 0);
            dup2(slave, 1);
            dup2(slave, 2);
            setenv("KIA_TEST_GUEST", ends[i].guest, 1);
            if (!chdir(dir))
                execl(program, program, "-kernel", "kernel", "-nographic", NULL);
            _exit(99);
        }
        for (unsigned n = 0; n < 100; n++) {
            tcgetattr(slave, &during);
            if (!(during.c_lflag & ICANON) || waitpid(pid, &status, WNOHANG))
                break;
            wait_ms(50);
        }
        if (strcmp(ends[i].guest, "stuck"))
            assert_int_equal(during.c_lflag & (ICANON | ECHO | ISIG), 0);
        assert_int_equal(write(master, ends[i].keys, strlen(ends[i].keys)), strlen(ends[i].keys));
        if (ends[i].sig)
            kill(pid, ends[i].sig);
        waitpid(pid, &status, 0);
        assert_int_equal(tcgetattr(slave, &after), 0);
        assert_int_equal(after.c_lflag, before.c_lflag);
        assert_int_equal(after.c_iflag, before.c_iflag);
        assert_int_equal(after.c_oflag, before.c_oflag);
        close(slave);
        close(master);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complaints), cmocka_unit_test(test_large_initrd), cmocka_unit_test(test_help),
        cmocka_unit_test(test_life),       cmocka_unit_test(test_serial),       cmocka_unit_test(test_keys),
        cmocka_unit_test(test_loader),     cmocka_unit_test(test_signals),      cmocka_unit_test(test_idle),
        cmocka_unit_test(test_terminal),
    };

    if (argc != 2)
        return 1;
    program = realpath(argv[1], NULL); /* the tests change the folder */
    if (!program)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("program", tests, setup, teardown);
}
