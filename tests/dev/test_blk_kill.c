/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process with a disk is killed at random moments under a journal: what was acknowledged is in the file
 * afterwards, and what was never asked for is not. KIA_KILLS: how often (30, for each way of caching).
 */
#include "tests/dev/virtio_driver.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dev/virtio_blk.h"

enum { SLOT = 2, BLOCK = 8192, N_BLOCKS = 64, T_OUT = 1, T_FLUSH = 4 };

/* What the driver knows, where it outlives its process. */
struct known {
    _Atomic uint64_t step;                   /* the write under way; 0: none yet */
    _Atomic uint64_t acknowledged[N_BLOCKS]; /* the last write that was, by block */
    _Atomic uint64_t flushed;                /* steps that a flush has answered for */
    atomic_bool failed;
};

static struct known *known;
static char path[64];

static unsigned block_of(uint64_t step)
{
    return step * 7 % N_BLOCKS;
}

static int setup(void **state)
{
    int fd;

    (void)state;
    strcpy(path, "/var/tmp/kia-kill-XXXXXX"); /* O_DIRECT needs a real file system */
    fd = mkstemp(path);
    known = mmap(NULL, sizeof(*known), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return fd < 0 || ftruncate(fd, BLOCK * N_BLOCKS) || close(fd) || known == MAP_FAILED;
}

static int teardown(void **state)
{
    (void)state;
    munmap(known, sizeof(*known));
    return unlink(path);
}

static bool request(struct driver *d, uint32_t type, uint64_t sector, uint32_t len)
{
    struct buffer b[3] = { { DATA, 16, false }, { DATA + 4096, len, false }, { DATA + 16, 1, true } };

    ram_set(d, DATA, 8, type);
    ram_set(d, DATA + 8, 8, sector);
    ram_set(d, DATA + 16, 1, 0xaa);
    if (!len)
        b[1] = b[2];
    driver_submit(d, b, len ? 3 : 2, false);
    driver_wait(d);
    return ram_get(d, DATA + 16, 1) == 0;
}

/* The process that will be killed: writes and flushes for ever, going on where the last one was. */
static void work(bool direct, bool packed)
{
    struct kia_virtio_blk_config config = { .sectors = BLOCK * N_BLOCKS / 512, .queues = 1 };
    struct machine *m;
    struct driver d;
    void *state;

    config.fd = open(path, O_RDWR);
    config.direct_fd = direct ? open(path, O_RDWR | O_DIRECT) : 0;
    if (config.fd < 0 || config.direct_fd < 0 || machine_setup(&state))
        goto failed;
    m = state;
    if (kia_virtio_blk_attach(m->pci, SLOT, &config) || driver_start_up(&d, m, SLOT))
        goto failed;
    driver_start(&d, F_VERSION_1 | 1 << 9 | (packed ? F_PACKED : 0), true);
    /* The write that was cut off is done again, as a journal would. */
    for (uint64_t step = known->step ? known->step : 1;; step++) {
        uint64_t *data = kia_mem_hva(m->mem, DATA + 4096, BLOCK);
        unsigned block = block_of(step);

        for (unsigned i = 0; i < BLOCK / 8; i++)
            data[i] = step;
        known->step = step;
        if (!request(&d, T_OUT, (uint64_t)block * BLOCK / 512, BLOCK))
            goto failed;
        known->acknowledged[block] = step;
        if (step % 4 == 0) {
            if (!request(&d, T_FLUSH, 0, 0))
                goto failed;
            known->flushed = step;
        }
    }
failed:
    known->failed = true;
    _exit(1);
}

static void check_file(void)
{
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    for (unsigned block = 0; block < N_BLOCKS; block++) {
        uint64_t data[BLOCK / 8], acknowledged = known->acknowledged[block];
        bool under_way = known->step && block_of(known->step) == block;

        assert_int_equal(pread(fd, data, BLOCK, (off_t)block * BLOCK), BLOCK);
        for (unsigned i = 0; i < BLOCK / 8; i++)
            assert_true(data[i] == acknowledged || (under_way && data[i] == known->step));
    }
    close(fd);
}

static void check_kills(bool direct)
{
    const char *text = getenv("KIA_KILLS");
    unsigned kills = text ? atoi(text) : 30;
    uint64_t seed = 99, steps = 0;

    for (unsigned i = 0; i < kills; i++) {
        uint64_t before = known->step;
        int status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (!pid)
            work(direct, i & 1);
        while (known->step < before + 1 && !known->failed)
            usleep(100);
        usleep(next_random(&seed) % 20000);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_false(known->failed);
        assert_true(WIFSIGNALED(status));
        check_file();
        steps += known->step - before;
    }
    print_message("%u kills, %llu writes\n", kills, (unsigned long long)steps);
}

static void test_writeback(void **state)
{
    (void)state;
    check_kills(false);
}

static void test_none(void **state)
{
    int fd = open(path, O_RDWR | O_DIRECT);

    (void)state;
    if (fd < 0) {
        print_message("no O_DIRECT here\n");
        skip();
    }
    close(fd);
    check_kills(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_writeback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_none, setup, teardown),
    };

    return cmocka_run_group_tests_name("blk_kill", tests, NULL, NULL);
}
