/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option values of the form "key=value,key=value", as QEMU writes them: ",," is a comma inside a value. Main
 * thread. */
#ifndef KIA_KEYVAL_H
#define KIA_KEYVAL_H

#include <stdbool.h>
#include <stdint.h>

enum { KIA_KEYVAL_MAX = 24 };

struct kia_keyval {
    const char *option; /* for messages: "-drive" */
    unsigned n;
    struct {
        char *key;
        char *value; /* an item without '=': "on", or if it is the first, the implied key's value */
        bool used;
    } at[KIA_KEYVAL_MAX];
    char *text;
};

/* Splits @text. @implied: key of a first item without '=', or NULL. 0, or negative errno with a message. */
int kia_keyval_parse(struct kia_keyval *kv, const char *option, const char *text, const char *implied);
void kia_keyval_free(struct kia_keyval *kv);
/* The value of @key (the last one given), marked as used; NULL: not there. Valid until kia_keyval_free(). */
const char *kia_keyval_get(struct kia_keyval *kv, const char *key);
/* The same for a key that may be given several times: the value of the first one at or after *@at, which then
 * is past it. Start with *@at 0. */
const char *kia_keyval_next(struct kia_keyval *kv, const char *key, unsigned *at);
/* 0, or -EINVAL with a message that names the first key nobody asked for. */
int kia_keyval_check_used(const struct kia_keyval *kv);

/* Typed values: *@out is left alone where the key is absent. 0, or -EINVAL with a message. */
int kia_keyval_u64(struct kia_keyval *kv, const char *key, uint64_t *out);
int kia_keyval_bool(struct kia_keyval *kv, const char *key, bool *out);

/* The numbers themselves: C syntax. @unit: bytes of a number without suffix; K, M, G, T (or KiB...) are
 * powers of 1024. */
bool kia_parse_u64(const char *text, uint64_t *out);
bool kia_parse_size(const char *text, uint64_t unit, uint64_t *out);

#endif
