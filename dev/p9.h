/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 9P2000.L file server for one folder of the host.
 *
 * Owns the descriptors of the files that its client knows. May include libc only. One thread at a time.
 * The client is hostile: it gets nothing outside the folder. Each fid is an O_PATH descriptor; names are
 * taken one by one, without "/", and no symbolic link is followed on the host's side (docs/machine.md).
 */
#ifndef KIA_P9_H
#define KIA_P9_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kia_p9;

enum {
    KIA_P9_MAX_MESSAGE = 1 << 20,
    KIA_P9_MIN_REPLY = 11, /* bytes of an error */
};

/* How the guest's owners and modes are kept, as QEMU names it. */
enum kia_p9_security {
    KIA_P9_NONE,         /* the host's own; that a change of owner is refused does not matter */
    KIA_P9_PASSTHROUGH,  /* the same, and a refused change of owner is an error */
    KIA_P9_MAPPED_XATTR, /* in extended attributes user.virtfs.*; links and devices are plain files */
};

struct kia_p9_config {
    const char *path; /* the folder */
    enum kia_p9_security security;
    bool readonly;
};

/* 0, or negative errno: -ENOTDIR if it is no folder, -EOPNOTSUPP if it cannot keep extended attributes. */
int kia_p9_create(const struct kia_p9_config *config, struct kia_p9 **p9);
void kia_p9_destroy(struct kia_p9 *p9);
/* Forgets the client's files. */
void kia_p9_reset(struct kia_p9 *p9);
/**
 * kia_p9_serve - answers a request
 * @request, @len: the message, up to KIA_P9_MAX_MESSAGE bytes
 * @reply, @room: where the answer goes; room >= KIA_P9_MIN_REPLY
 * Return: the answer's length, or 0 if there can be none: the request is no message.
 */
size_t kia_p9_serve(struct kia_p9 *p9, const uint8_t *request, size_t len, uint8_t *reply, size_t room);

#endif
