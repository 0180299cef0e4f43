/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-line messages for the user, and the -d log. Owns stderr's wording; includes libc only; any thread. */
#ifndef KIA_LOG_H
#define KIA_LOG_H

#include <stdbool.h>

/*
 * Prints "kvm-ia64: <message>: <strerror(-err)>" on stderr (no errno text for err 0) and returns @err, so
 * that a caller can write `return kia_err(-errno, "cannot open kernel '%s'", path);`.
 */
int kia_err(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void kia_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What -d can ask for. */
enum kia_log_item {
    KIA_LOG_FIRMWARE, /* every firmware call, with arguments and status */
    KIA_LOG_IN_ASM, /* units of guest code when they are translated */
    KIA_LOG_INT, /* every interruption that is delivered */
    KIA_LOG_IRQ, /* every interrupt message of a device */
    KIA_LOG_JIT, /* statistics of the code cache and the run loop, at the end */
    KIA_LOG_LIFE, /* start, reset, power-off */
    KIA_LOG_MMU, /* insertions and purges of translations */
    KIA_LOG_VTI, /* intercepts, virtual interrupts, PAL's procedures and services for virtual processors */
    KIA_N_LOG_ITEMS,
};

extern bool kia_log_wanted[KIA_N_LOG_ITEMS]; /* set before other threads start */

/*
 * Switches items on: @items is "int,mmu" or "all" or NULL; @path: NULL for stderr. Main thread. 0, 1 when
 * "help" was asked for and printed, or negative errno with a message.
 */
int kia_log_open(const char *items, const char *path);
void kia_log_close(void);
/* Writes a line of the log; check kia_log_wanted[] first where it is hot. */
void kia_log(enum kia_log_item item, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
