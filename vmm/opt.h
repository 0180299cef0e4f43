/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the command line's parser share; for vmm/options.c and vmm/opt_*.c alone. Main thread. */
#ifndef KIA_OPT_H
#define KIA_OPT_H

#include "vmm/keyval.h"
#include "vmm/options.h"

/* Prints one line; returns what a handler returns for a bad option. */
#define BAD(...) (kia_err(0, __VA_ARGS__), -EINVAL)

/* Puts a copy of @value into *@to, whose old string is freed. 0, or -ENOMEM with a message. */
int opt_set_string(char **to, const char *value);

/* Handlers of options: 0, negative errno with a message, or OPT_DONE: help was asked for and printed. */
enum { OPT_DONE = 1 };
int opt_chardev(struct kia_options *o, const char *value);
/* -serial's value, if it is no kind of terminal: makes a chardev of it, or finds that of chardev:ID. */
int opt_serial_chardev(struct kia_options *o, const char *value, int *chardev);
int opt_device(struct kia_options *o, const char *value);
int opt_drive(struct kia_options *o, const char *value);
int opt_fsdev(struct kia_options *o, const char *value);
int opt_netdev(struct kia_options *o, const char *value);
int opt_nic(struct kia_options *o, const char *value);
int opt_object(struct kia_options *o, const char *value);
int opt_virtfs(struct kia_options *o, const char *value);

/* Handlers of -device's kinds: @kv has the parts of @value. */
int opt_device_9p(struct kia_options *o, struct kia_keyval *kv, const char *value);
int opt_device_console(struct kia_options *o, struct kia_keyval *kv, const char *value);
int opt_device_loader(struct kia_options *o, struct kia_keyval *kv, const char *value);
int opt_device_net(struct kia_options *o, struct kia_keyval *kv, const char *value);
int opt_device_port(struct kia_options *o, struct kia_keyval *kv, const char *value);

/* Appends a device; NULL, with a message, if there are too many. */
struct kia_device *opt_new_device(struct kia_options *o, enum kia_device_kind kind, int of);
/* Takes what every PCI device has: id, addr, packed, event_idx, indirect_desc. */
int opt_common_properties(struct kia_device *device, struct kia_keyval *kv, const char *value);

/* Warns of what was defined and leads nowhere. */
void opt_warn_unused(const struct kia_options *o);

#endif
