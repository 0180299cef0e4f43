/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-line messages on stderr. */
#include "vmm/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Everything in one write(), so that lines of several threads do not mix; a name with odd characters stays
 * one line. */
static void print_line(const char *kind, const char *fmt, va_list args, int err)
{
    char line[1024], text[896];
    int len;

    vsnprintf(text, sizeof(text), fmt, args);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    if (err)
        len = snprintf(line, sizeof(line), "kvm-ia64: %s%s: %s\n", kind, text, strerror(-err));
    else
        len = snprintf(line, sizeof(line), "kvm-ia64: %s%s\n", kind, text);
    fwrite(line, 1, len < (int)sizeof(line) ? (size_t)len : sizeof(line) - 1, stderr);
}

/** kia_err - see the header */
int kia_err(int err, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_line("", fmt, args, err);
    va_end(args);
    return err;
}

/** kia_warn - says something that does not stop the machine */
void kia_warn(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_line("warning: ", fmt, args, 0);
    va_end(args);
}

bool kia_log_wanted[KIA_N_LOG_ITEMS];
static FILE *log_file; /* NULL: stderr */

static const struct { const char *name, *help; } log_items[KIA_N_LOG_ITEMS] = {
    [KIA_LOG_FIRMWARE] = { "firmware", "PAL, SAL and EFI calls with arguments and status" },
    [KIA_LOG_IN_ASM] = { "in_asm", "guest code, when it is translated" },
    [KIA_LOG_INT] = { "int", "interruptions of the processors" },
    [KIA_LOG_IRQ] = { "irq", "interrupt messages of devices" },
    [KIA_LOG_JIT] = { "jit", "what was compiled, and why compiled code was left; at the end" },
    [KIA_LOG_LIFE] = { "life", "start, reset and power-off" },
    [KIA_LOG_MMU] = { "mmu", "insertions and purges of translations" },
    [KIA_LOG_VTI] = { "vti", "intercepts, virtual interrupts and services of virtual processors" },
};

static int want(const char *name, size_t len)
{
    bool all = len == 3 && !memcmp(name, "all", 3), found = all;

    for (unsigned i = 0; i < KIA_N_LOG_ITEMS; i++) {
        if (all || (strlen(log_items[i].name) == len && !memcmp(log_items[i].name, name, len)))
            found = kia_log_wanted[i] = true;
    }
    if (found)
        return 0;
    kia_err(0, "-d: there is nothing called '%.*s' to log; -d help lists what there is", (int)len, name);
    return -EINVAL;
}

/** kia_log_open - see the header */
int kia_log_open(const char *items, const char *path)
{
    if (items && !strcmp(items, "help")) {
        for (unsigned i = 0; i < KIA_N_LOG_ITEMS; i++)
            printf("%-10s%s\n", log_items[i].name, log_items[i].help);
        return 1;
    }
    while (items && *items) {
        size_t len = strcspn(items, ",");

        if (want(items, len))
            return -EINVAL;
        items += len + (items[len] == ',');
    }
    if (path) {
        log_file = fopen(path, "we");
        if (!log_file)
            return kia_err(-errno, "cannot write the log '%s'", path);
        setvbuf(log_file, NULL, _IOLBF, 0);
    }
    return 0;
}

/** kia_log_close - at the end of the program */
void kia_log_close(void)
{
    if (log_file)
        fclose(log_file);
    log_file = NULL;
    memset(kia_log_wanted, 0, sizeof(kia_log_wanted));
}

/** kia_log - see the header */
void kia_log(enum kia_log_item item, const char *fmt, ...)
{
    char text[512];
    va_list args;

    if (!kia_log_wanted[item])
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    fprintf(log_file ? log_file : stderr, "%s: %s\n", log_items[item].name, text);
}
