/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cksum [FILE...]: the checksum and the size in bytes of each file or of standard input, as POSIX has it. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint32_t table[256];

/* The generator polynomial, highest power first. */
static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i << 24;

        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x80000000U ? crc << 1 ^ 0x04c11db7U : crc << 1;
        table[i] = crc;
    }
}

static uint32_t add_byte(uint32_t crc, unsigned char byte)
{
    return crc << 8 ^ table[crc >> 24 ^ byte];
}

static int sum_file(int fd, const char *name)
{
    static unsigned char buffer[65536];
    uint64_t size = 0;
    uint32_t crc = 0;
    ssize_t got;

    while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
        for (ssize_t i = 0; i < got; i++)
            crc = add_byte(crc, buffer[i]);
        size += (uint64_t)got;
    }
    if (got < 0) {
        fprintf(stderr, "cksum: %s: %s\n", name, strerror(errno));
        return 1;
    }
    for (uint64_t rest = size; rest; rest >>= 8)
        crc = add_byte(crc, rest & 0xff);
    printf("%u %llu%s%s\n", ~crc, (unsigned long long)size, *name ? " " : "", name);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;

    make_table();
    if (argc < 2)
        return sum_file(0, "");
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);

        if (fd < 0) {
            fprintf(stderr, "cksum: %s: %s\n", argv[i], strerror(errno));
            status = 1;
            continue;
        }
        status |= sum_file(fd, argv[i]);
        close(fd);
    }
    return status;
}
