/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server by its messages: files as the host sees them, ways out of the folder that must not exist, and
 * messages that make no sense. KIA_FUZZ_PROGRAMS: how many random ones (2000). */
#include "tests/dev/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "dev/p9.h"

enum { ROOT = 1, NEW = 2, OTHER = 3, MSIZE = 8192 };
enum { CREATE = 0100, EXCL = 0200, TRUNC = 01000 };

static char folder[64], share[80];
static struct kia_p9 *p9;
static uint8_t msg[1 << 16], answer[1 << 16];
static size_t len, answer_len, at;

static void put(unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        msg[len++] = value >> 8 * i;
}

static void put_text(const char *text)
{
    put(2, strlen(text));
    memcpy(msg + len, text, strlen(text));
    len += strlen(text);
}

static void begin(uint8_t type)
{
    len = 4;
    put(1, type);
    put(2, 0x1234);
}

static uint64_t get(unsigned size)
{
    uint64_t value = 0;

    assert_true(at + size <= answer_len);
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)answer[at++] << 8 * i;
    return value;
}

/* Sends what was put; 0, or the error. Its answer is then at @at. */
static int call(void)
{
    uint8_t type = msg[4];
    size_t total = len;

    len = 0;
    put(4, total);
    answer_len = kia_p9_serve(p9, msg, total, answer, sizeof(answer));
    assert_true(answer_len >= 7);
    at = 0;
    assert_int_equal(get(4), answer_len);
    if (answer[4] == 7) {
        at = 7;
        return get(4);
    }
    assert_int_equal(get(1), type + 1);
    assert_int_equal(get(2), 0x1234);
    return 0;
}

static int walk(uint32_t fid, uint32_t to, unsigned n, const char *a, const char *b)
{
    begin(110);
    put(4, fid);
    put(4, to);
    put(2, n);
    if (n > 0)
        put_text(a);
    if (n > 1)
        put_text(b);
    return call();
}

static int clunk(uint32_t fid)
{
    begin(120);
    put(4, fid);
    return call();
}

static int lopen(uint32_t fid, uint32_t flags)
{
    begin(12);
    put(4, fid);
    put(4, flags);
    return call();
}

static int lcreate(uint32_t fid, const char *name, uint32_t flags, uint32_t mode)
{
    begin(14);
    put(4, fid);
    put_text(name);
    put(4, flags);
    put(4, mode);
    put(4, getgid());
    return call();
}

static int wr(uint32_t fid, uint64_t offset, const char *text)
{
    begin(118);
    put(4, fid);
    put(8, offset);
    put(4, strlen(text));
    memcpy(msg + len, text, strlen(text));
    len += strlen(text);
    return call();
}

static int rd(uint32_t fid, uint64_t offset, uint32_t n)
{
    begin(116);
    put(4, fid);
    put(8, offset);
    put(4, n);
    return call();
}

static int named(uint8_t type, uint32_t fid, const char *name)
{
    begin(type);
    put(4, fid);
    put_text(name);
    switch (type) {
    case 16: /* symlink */
        put_text("/etc/passwd");
        put(4, getgid());
        break;
    case 18: /* mknod: a pipe */
        put(4, S_IFIFO | 0600);
        put(8, 0);
        put(4, getgid());
        break;
    case 72: /* mkdir */
        put(4, 0755);
        put(4, getgid());
        break;
    case 76: /* unlinkat */
        put(4, 0);
        break;
    }
    return call();
}

static const char *in_share(const char *name)
{
    static char path[2][400];
    static unsigned n;
    char *to = path[n++ & 1];

    snprintf(to, sizeof(path[0]), "%s/%s", share, name);
    return to;
}

static void host_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_host(const char *name, const char *text)
{
    char got[256] = "";
    FILE *file = fopen(in_share(name), "r");

    assert_non_null(file);
    got[fread(got, 1, sizeof(got) - 1, file)] = 0;
    fclose(file);
    assert_string_equal(got, text);
}

static int start(enum kia_p9_security security, bool readonly)
{
    struct kia_p9_config config = { share, security, readonly };
    char path[160];

    strcpy(folder, "/tmp/kia-p9-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(share, sizeof(share), "%s/share", folder);
    snprintf(path, sizeof(path), "%s/secret", folder);
    host_write(path, "secret");
    if (mkdir(share, 0755) || mkdir(in_share("sub"), 0755))
        return -1;
    host_write(in_share("file"), "0123456789");
    host_write(in_share("sub/inner"), "inner");
    if (symlink("../secret", in_share("out")) || symlink(folder, in_share("outdir")) ||
        mkfifo(in_share("pipe"), 0600) || kia_p9_create(&config, &p9))
        return -1;
    begin(100);
    put(4, MSIZE);
    put_text("9P2000.L");
    if (call() || get(4) != MSIZE)
        return -1;
    begin(104);
    put(4, ROOT);
    put(4, UINT32_MAX);
    put_text("user");
    put_text("");
    put(4, getuid());
    return call();
}

static int setup(void **state)
{
    (void)state;
    return start(KIA_P9_NONE, false);
}

static int setup_readonly(void **state)
{
    (void)state;
    return start(KIA_P9_PASSTHROUGH, true);
}

static int setup_mapped(void **state)
{
    (void)state;
    return start(KIA_P9_MAPPED_XATTR, false);
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    kia_p9_destroy(p9);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static void test_files(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(walk(ROOT, NEW, 1, "file", NULL), 0);
    assert_int_equal(get(2), 1);
    assert_int_equal(rd(NEW, 0, 4), EBADF); /* not opened */
    assert_int_equal(lopen(NEW, O_RDWR), 0);
    assert_int_equal(rd(NEW, 3, 4), 0);
    assert_int_equal(get(4), 4);
    assert_memory_equal(answer + at, "3456", 4);
    assert_int_equal(rd(NEW, 8, 100), 0);
    assert_int_equal(get(4), 2);
    assert_int_equal(rd(NEW, 1000, 100), 0);
    assert_int_equal(get(4), 0);
    assert_int_equal(rd(NEW, UINT64_MAX, 100), EBADF);
    assert_int_equal(wr(NEW, 8, "abc"), 0);
    assert_int_equal(get(4), 3);
    assert_host("file", "01234567abc");
    assert_int_equal(clunk(NEW), 0);
    assert_int_equal(clunk(NEW), EBADF);

    assert_int_equal(walk(ROOT, NEW, 0, NULL, NULL), 0);
    assert_int_equal(lcreate(NEW, "made", O_WRONLY | CREATE | EXCL, 0640), 0);
    assert_int_equal(wr(NEW, 0, "made"), 0);
    assert_host("made", "made");
    assert_int_equal(stat(in_share("made"), &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    clunk(NEW);
    walk(ROOT, NEW, 0, NULL, NULL);
    assert_int_equal(lcreate(NEW, "made", O_WRONLY | CREATE | EXCL, 0640), EEXIST);
    assert_int_equal(lcreate(NEW, "made", O_WRONLY | CREATE | TRUNC, 0640), 0);
    assert_host("made", "");
    clunk(NEW);

    assert_int_equal(named(72, ROOT, "dir"), 0);
    assert_int_equal(walk(ROOT, NEW, 1, "dir", NULL), 0);
    begin(74); /* renameat */
    put(4, ROOT);
    put_text("file");
    put(4, NEW);
    put_text("moved");
    assert_int_equal(call(), 0);
    assert_host("dir/moved", "01234567abc");
    assert_int_equal(walk(NEW, OTHER, 1, "moved", NULL), 0);
    begin(70); /* link */
    put(4, ROOT);
    put(4, OTHER);
    put_text("hard");
    assert_int_equal(call(), 0);
    assert_host("hard", "01234567abc");
    assert_int_equal(named(76, NEW, "moved"), 0);
    assert_int_not_equal(access(in_share("dir/moved"), F_OK), 0);
    /* The fid of a file without a name still is the file. */
    assert_int_equal(lopen(OTHER, O_RDONLY), 0);
    assert_int_equal(rd(OTHER, 0, 2), 0);
}

static void test_attributes(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(walk(ROOT, NEW, 1, "file", NULL), 0);
    begin(26);
    put(4, NEW);
    put(4, 1 << 0 | 1 << 3 | 1 << 5 | 1 << 8);
    put(4, 0604);
    put(4, 0);
    put(4, 0);
    put(8, 5);
    put(8, 0);
    put(8, 0);
    put(8, 1000000000);
    put(8, 123456789);
    assert_int_equal(call(), 0);
    assert_int_equal(stat(in_share("file"), &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0604);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(st.st_mtim.tv_sec, 1000000000);
    assert_int_equal(st.st_mtim.tv_nsec, 123456789);
    begin(24);
    put(4, NEW);
    put(8, 0x7ff);
    assert_int_equal(call(), 0);
    assert_int_equal(get(8), 0x7ff);
    at += 5;
    assert_int_equal(get(8), st.st_ino);
    assert_int_equal(get(4), st.st_mode);
    assert_int_equal(get(4), st.st_uid);
    at += 4 + 8 + 8;
    assert_int_equal(get(8), 5);
}

/* Users' attributes, and nobody else's. */
static void test_extended_attributes(void **state)
{
    (void)state;
    assert_int_equal(walk(ROOT, NEW, 1, "file", NULL), 0);
    begin(32);
    put(4, NEW);
    put_text("user.colour");
    put(8, 4);
    put(4, 0);
    if (call() == 0) {
        char colour[8] = "";

        assert_int_equal(wr(NEW, 0, "blue"), 0);
        assert_int_equal(clunk(NEW), 0);
        assert_int_equal(getxattr(in_share("file"), "user.colour", colour, 8), 4);
        assert_string_equal(colour, "blue");
        walk(ROOT, NEW, 1, "file", NULL);
        begin(30);
        put(4, NEW);
        put(4, OTHER);
        put_text("");
        assert_int_equal(call(), 0);
        assert_int_equal(get(8), 12);
        assert_int_equal(rd(OTHER, 0, 100), 0);
        assert_int_equal(get(4), 12);
        assert_string_equal((char *)answer + at, "user.colour");
        clunk(OTHER);
    }
    begin(32);
    put(4, NEW);
    put_text("security.capability");
    put(8, 4);
    put(4, 0);
    assert_int_equal(call(), EOPNOTSUPP);
}

static void test_readdir(void **state)
{
    unsigned found = 0;
    uint64_t offset = 0;

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        char name[32];

        snprintf(name, sizeof(name), "n%03u", i);
        host_write(in_share(name), "");
    }
    assert_int_equal(walk(ROOT, NEW, 0, NULL, NULL), 0);
    assert_int_equal(lopen(NEW, O_RDONLY | O_DIRECTORY), 0);
    for (;;) {
        size_t end;

        begin(40);
        put(4, NEW);
        put(8, offset);
        put(4, 700);
        assert_int_equal(call(), 0);
        end = get(4);
        assert_true(end <= 700);
        end += at;
        if (end == at)
            break;
        while (at < end) {
            at += 13;
            offset = get(8);
            at += 1;
            found += answer[at + 2] == 'n';
            at += get(2);
        }
    }
    assert_int_equal(found, 300);
}

/* ---- nothing leads out of the folder ---- */

/* Links are links: they can be read, and never followed. */
static void test_links(void **state)
{
    (void)state;
    assert_int_equal(walk(ROOT, NEW, 1, "out", NULL), 0);
    at = 7;
    assert_int_equal(get(2), 1);
    assert_int_equal(get(1), 2); /* the qid says: a link */
    assert_int_equal(lopen(NEW, O_RDONLY), ELOOP);
    begin(26); /* its size, which would be the target's */
    put(4, NEW);
    put(4, 1 << 3);
    for (unsigned i = 0; i < 13; i++)
        put(4, 0);
    assert_int_equal(call(), ELOOP);
    begin(22);
    put(4, NEW);
    assert_int_equal(call(), 0);
    assert_int_equal(get(2), 9);
    assert_memory_equal(answer + at, "../secret", 9);
    clunk(NEW);
    assert_int_equal(walk(ROOT, NEW, 2, "outdir", "secret"), 0);
    assert_int_equal(get(2), 1); /* one step, not two */
    assert_int_equal(clunk(NEW), EBADF);
    assert_int_equal(walk(ROOT, NEW, 1, "outdir", NULL), 0);
    assert_int_equal(walk(NEW, OTHER, 1, "secret", NULL), ENOTDIR);
    assert_int_equal(lcreate(NEW, "x", O_WRONLY | CREATE, 0600), ENOTDIR);
    assert_int_equal(named(72, NEW, "x"), ENOTDIR);
    assert_int_equal(named(76, NEW, "secret"), ENOTDIR);
    clunk(NEW);
    /* A file that the client replaces by a link is not written through. */
    assert_int_equal(named(16, ROOT, "link"), 0);
    walk(ROOT, NEW, 0, NULL, NULL);
    assert_int_equal(lcreate(NEW, "link", O_WRONLY | CREATE | TRUNC, 0600), ELOOP);
    assert_int_equal(lcreate(NEW, "out", O_WRONLY | CREATE | TRUNC, 0600), ELOOP);
}

/* Upwards ends at the root. */
static void test_upwards(void **state)
{
    static const char *const bad_names[] = { "", ".", "..", "a/b", "/etc", "../x" };
    char to[160];

    (void)state;
    assert_int_equal(walk(ROOT, NEW, 2, "..", "secret"), 0);
    assert_int_equal(get(2), 1);
    assert_int_equal(walk(ROOT, NEW, 2, "sub", ".."), 0);
    assert_int_equal(get(2), 2);
    assert_int_equal(walk(NEW, OTHER, 1, "file", NULL), 0);
    clunk(NEW);
    clunk(OTHER);
    for (unsigned i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
        for (unsigned type = 0; type < 100; type++)
            if (type == 14 || type == 16 || type == 18 || type == 72 || type == 76)
                assert_int_not_equal(named(type, ROOT, bad_names[i]), 0);
        if (strchr(bad_names[i], '/'))
            assert_int_equal(walk(ROOT, NEW, 1, bad_names[i], NULL), ENOENT);
    }
    /* A folder that the host moves out of the root: its parents are none of the client's. */
    assert_int_equal(walk(ROOT, NEW, 1, "sub", NULL), 0);
    snprintf(to, sizeof(to), "%s/elsewhere", folder);
    assert_int_equal(rename(in_share("sub"), to), 0);
    assert_int_equal(walk(NEW, OTHER, 1, "..", NULL), EXDEV);
}

/* A pipe of the host's is not opened: that would hang, or worse. */
static void test_pipes(void **state)
{
    (void)state;
    walk(ROOT, NEW, 0, NULL, NULL);
    assert_int_equal(lcreate(NEW, "pipe", O_WRONLY | CREATE, 0600), ENXIO);
    clunk(NEW);
    assert_int_equal(walk(ROOT, NEW, 1, "pipe", NULL), 0);
    assert_int_equal(lopen(NEW, O_RDONLY), ENXIO);
    clunk(NEW);
    assert_int_equal(named(18, ROOT, "fifo"), 0);
    assert_int_equal(walk(ROOT, NEW, 1, "fifo", NULL), 0);
    assert_int_equal(lopen(NEW, O_WRONLY), ENXIO);
}

/* ---- other ways of sharing ---- */

static void test_readonly(void **state)
{
    (void)state;
    assert_int_equal(walk(ROOT, NEW, 1, "file", NULL), 0);
    assert_int_equal(lopen(NEW, O_RDWR), EROFS);
    assert_int_equal(lopen(NEW, O_RDONLY | TRUNC), EROFS);
    assert_int_equal(lopen(NEW, O_RDONLY), 0);
    assert_int_equal(wr(NEW, 0, "x"), EROFS);
    assert_int_equal(rd(NEW, 0, 10), 0);
    assert_int_equal(walk(ROOT, OTHER, 0, NULL, NULL), 0);
    assert_int_equal(lcreate(OTHER, "x", O_WRONLY | CREATE, 0600), EROFS);
    assert_int_equal(named(16, ROOT, "x"), EROFS);
    assert_int_equal(named(18, ROOT, "x"), EROFS);
    assert_int_equal(named(72, ROOT, "x"), EROFS);
    assert_int_equal(named(76, ROOT, "file"), EROFS);
    begin(26);
    put(4, NEW);
    put(4, 1);
    for (unsigned i = 0; i < 13; i++)
        put(4, 0);
    assert_int_equal(call(), EROFS);
    assert_host("file", "0123456789");
}

/* Owners, links and devices as attributes: the host sees plain files of its own. */
static void test_mapped(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(named(16, ROOT, "link"), 0);
    assert_int_equal(lstat(in_share("link"), &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_host("link", "/etc/passwd");
    assert_int_equal(walk(ROOT, NEW, 1, "link", NULL), 0);
    at = 9;
    assert_int_equal(get(1), 2);
    begin(22);
    put(4, NEW);
    assert_int_equal(call(), 0);
    assert_int_equal(get(2), 11);
    assert_int_equal(lopen(NEW, O_RDONLY), ELOOP);
    clunk(NEW);
    begin(18);
    put(4, ROOT);
    put_text("dev");
    put(4, S_IFBLK | 0660);
    put(4, 8);
    put(4, 1);
    put(4, 6);
    assert_int_equal(call(), 0);
    assert_int_equal(lstat(in_share("dev"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(walk(ROOT, NEW, 1, "dev", NULL), 0);
    begin(26);
    put(4, NEW);
    put(4, 2);
    put(4, 0);
    put(4, 4711);
    for (unsigned i = 0; i < 11; i++)
        put(4, 0);
    assert_int_equal(call(), 0);
    begin(24);
    put(4, NEW);
    put(8, 0x7ff);
    assert_int_equal(call(), 0);
    at += 8 + 13;
    assert_int_equal(get(4), S_IFBLK | 0660);
    assert_int_equal(get(4), 4711);
    assert_int_equal(get(4), 6);
    at += 8;
    assert_int_equal(get(8), 0x801);
    assert_int_equal(lopen(NEW, O_RDONLY), ENXIO);
    assert_int_equal(lstat(in_share("dev"), &st), 0);
    assert_int_equal(st.st_uid, getuid());
}

static void test_session(void **state)
{
    (void)state;
    begin(100);
    put(4, 4095);
    put_text("9P2000.L");
    assert_int_equal(call(), EINVAL);
    begin(100);
    put(4, UINT32_MAX);
    put_text("9P2000.u");
    assert_int_equal(call(), 0);
    assert_int_equal(get(4), KIA_P9_MAX_MESSAGE);
    assert_int_equal(get(2), 7);
    assert_int_equal(walk(ROOT, NEW, 0, NULL, NULL), EBADF); /* a new session knows no fids */
    begin(102);
    assert_int_equal(call(), EOPNOTSUPP);
    assert_int_equal(kia_p9_serve(p9, msg, 6, answer, sizeof(answer)), 0);
    msg[0] = 200;
    assert_int_equal(kia_p9_serve(p9, msg, 7, answer, sizeof(answer)), 0);
    msg[0] = 3;
    assert_int_equal(kia_p9_serve(p9, msg, 7, answer, sizeof(answer)), 0);
    begin(110);
    put(4, ROOT);
    assert_int_equal(call(), EINVAL);
}

static void random_message(uint64_t *seed)
{
    static const char *const names[] = { "file",   "sub",  "..",  ".",      "x", "out",
                                         "outdir", "pipe", "a/b", "user.x", "" };
    static const uint8_t types[] = { 8,  12, 14, 16, 18, 22,  24,  26,  30,  32,  40,  50,  52,
                                     54, 70, 72, 74, 76, 100, 104, 108, 110, 116, 118, 120, 122 };
    uint8_t type = next_random(seed) % 16 ? types[next_random(seed) % sizeof(types)] : next_random(seed);

    if (type == 100 && next_random(seed) % 8)
        type = 110;
    begin(type);
    for (unsigned i = next_random(seed) % 10; i; i--) {
        uint64_t n = next_random(seed);

        switch (n >> 8 & 7) {
        case 0:
        case 1:
            put(4, n % 6);
            break;
        case 2:
            put_text(names[(n >> 16) % (sizeof(names) / sizeof(names[0]))]);
            break;
        case 3:
            put(2, (n >> 16) % 5);
            break;
        case 4:
            put(8, n >> 16 & 1 ? n : n % 5000);
            break;
        case 5:
            put(4, n >> 16);
            break;
        default:
            put(4, 1 << (n >> 16) % 20);
        }
    }
}

static void test_random(void **state)
{
    const char *text = getenv("KIA_FUZZ_PROGRAMS");
    unsigned programs = text ? atoi(text) : 2000;
    char secret[16] = "", path[160];
    uint64_t seed = 77;
    FILE *file;

    (void)state;
    for (unsigned i = 0; i < programs; i++) {
        for (unsigned n = 0; n < 40; n++) {
            size_t size, room = n % 8 ? sizeof(answer) : KIA_P9_MIN_REPLY + next_random(&seed) % 64;

            random_message(&seed);
            size = len;
            len = 0;
            put(4, next_random(&seed) % 32 ? size : next_random(&seed) % 100);
            size = kia_p9_serve(p9, msg, size, answer, room);
            assert_true(size <= room);
        }
        begin(104);
        put(4, ROOT);
        put(4, UINT32_MAX);
        put_text("");
        put_text("");
        put(4, 0);
        kia_p9_serve(p9, msg, len, answer, sizeof(answer));
    }
    /* What lies outside is as it was. */
    snprintf(path, sizeof(path), "%s/secret", folder);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(secret, 1, 15, file), 6);
    fclose(file);
    assert_string_equal(secret, "secret");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_files),
        CASE(test_attributes),
        CASE(test_extended_attributes),
        CASE(test_readdir),
        CASE(test_links),
        CASE(test_upwards),
        CASE(test_pipes),
        cmocka_unit_test_setup_teardown(test_readonly, setup_readonly, teardown),
        cmocka_unit_test_setup_teardown(test_mapped, setup_mapped, teardown),
        CASE(test_session),
        CASE(test_random),
        cmocka_unit_test_setup_teardown(test_random, setup_mapped, teardown),
    };

    return cmocka_run_group_tests_name("p9", tests, NULL, NULL);
}
