/* SPDX-License-Identifier: GPL-2.0-or-later */
/* date [+%s]: the time of day in UTC, or in seconds since 1970. */
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

int main(int argc, char **argv)
{
    struct timeval now;
    long days, second, year, month, day, leap;

    if (argc > 2 || (argc == 2 && strcmp(argv[1], "+%s") != 0)) {
        fprintf(stderr, "usage: date [+%%s]\n");
        return 2;
    }
    gettimeofday(&now, NULL);
    if (argc == 2) {
        printf("%ld\n", (long)now.tv_sec);
        return 0;
    }
    second = now.tv_sec % 86400;
    days = now.tv_sec / 86400;
    for (year = 1970;; year++) {
        leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (days < 365 + leap)
            break;
        days -= 365 + leap;
    }
    for (month = 0, day = days;; month++) {
        static const char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        long length = lengths[month] + (month == 1 ? leap : 0);

        if (day < length)
            break;
        day -= length;
    }
    printf("%04ld-%02ld-%02ld %02ld:%02ld:%02ld UTC\n", year, month + 1, day + 1, second / 3600,
           second / 60 % 60, second % 60);
    return 0;
}
