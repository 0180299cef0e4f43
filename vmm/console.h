/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial back ends: the terminal with its C-a keys, and files. Main thread before the loop runs, then the
 * loop's thread. */
#ifndef KIA_CONSOLE_H
#define KIA_CONSOLE_H

#include "dev/chr.h"
#include "vmm/options.h"

struct kia_console;

/* What the C-a keys ask of the machine. Called on the loop's thread. */
struct kia_console_keys {
    void (*quit)(void *opaque); /* C-a x */
    void (*power_button)(void *opaque); /* C-a p */
    void *opaque;
};

/*
 * Opens what -serial and -chardev stdio ask for. With a terminal as standard input the terminal is in raw mode from here on.
 * chr is NULL for null and none. 0, or negative errno with a message.
 */
int kia_console_open(struct kia_loop *loop, const struct kia_options *options,
                     const struct kia_console_keys *keys, struct kia_console **console);
struct kia_chr *kia_console_chr(struct kia_console *console);
struct kia_chr *kia_console_terminal(struct kia_console *console);
/* Drains the output, gives the terminal back. NULL is fine. */
void kia_console_close(struct kia_console *console);

/* After SIGCONT: the shell may have changed the terminal's mode. */
void kia_console_resume(struct kia_console *console);

#endif
