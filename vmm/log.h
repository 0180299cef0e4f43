/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-line messages for the user. Owns stderr's wording; includes libc only; any thread. */
#ifndef KIA_LOG_H
#define KIA_LOG_H

/*
 * Prints "kvm-ia64: <message>: <strerror(-err)>" on stderr (no errno text for err 0) and returns @err, so that a caller can
 * write `return kia_err(-errno, "cannot open kernel '%s'", path);`.
 */
int kia_err(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void kia_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
