/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option values of the form "key=value,key=value". */
#include "vmm/keyval.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/log.h"

/* Cuts the item at *@at off in place, undoing ",,"; *@at is then the next one or NULL. */
static char *next_item(char **at)
{
    char *item = *at, *to = item, *from = item;

    for (; *from; from++) {
        if (*from == ',') {
            if (from[1] != ',')
                break;
            from++;
        }
        *to++ = *from;
    }
    *at = *from ? from + 1 : NULL;
    *to = 0;
    return item;
}

/** kia_keyval_parse - see the header; kia_keyval_free() afterwards in either case */
int kia_keyval_parse(struct kia_keyval *kv, const char *option, const char *text, const char *implied)
{
    char *rest;

    memset(kv, 0, sizeof(*kv));
    kv->option = option;
    kv->text = rest = strdup(text);
    if (!rest)
        return kia_err(-ENOMEM, "cannot read %s", option);
    while (rest) {
        char *item = next_item(&rest), *equals = strchr(item, '=');

        if (!*item) {
            kia_err(0, "%s %s: empty item between commas", option, text);
            return -EINVAL;
        }
        if (kv->n == KIA_KEYVAL_MAX) {
            kia_err(0, "%s: more than %d items", option, KIA_KEYVAL_MAX);
            return -EINVAL;
        }
        if (equals) {
            *equals = 0;
            kv->at[kv->n].key = item;
            kv->at[kv->n].value = equals + 1;
        } else if (kv->n == 0 && implied) {
            kv->at[kv->n].key = (char *)implied;
            kv->at[kv->n].value = item;
        } else {
            kv->at[kv->n].key = item;
            kv->at[kv->n].value = (char *)"on";
        }
        kv->n++;
    }
    return 0;
}

/** kia_keyval_free - frees what kia_keyval_parse() made */
void kia_keyval_free(struct kia_keyval *kv)
{
    free(kv->text);
    memset(kv, 0, sizeof(*kv));
}

/** kia_keyval_get - see the header */
const char *kia_keyval_get(struct kia_keyval *kv, const char *key)
{
    const char *value = NULL;

    for (unsigned i = 0; i < kv->n; i++) {
        if (!strcmp(kv->at[i].key, key)) {
            kv->at[i].used = true;
            value = kv->at[i].value;
        }
    }
    return value;
}

/** kia_keyval_next - see the header */
const char *kia_keyval_next(struct kia_keyval *kv, const char *key, unsigned *at)
{
    while (*at < kv->n) {
        unsigned i = (*at)++;

        if (!strcmp(kv->at[i].key, key)) {
            kv->at[i].used = true;
            return kv->at[i].value;
        }
    }
    return NULL;
}

/** kia_keyval_check_used - see the header */
int kia_keyval_check_used(const struct kia_keyval *kv)
{
    for (unsigned i = 0; i < kv->n; i++) {
        if (!kv->at[i].used) {
            kia_err(0, "%s: unknown property '%s'", kv->option, kv->at[i].key);
            return -EINVAL;
        }
    }
    return 0;
}

/** kia_parse_u64 - a whole number in C syntax; false for anything else */
bool kia_parse_u64(const char *text, uint64_t *out)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *out = strtoull(text, &end, 0);
    return !errno && !*end;
}

/** kia_parse_size - a size, perhaps with a decimal fraction and a suffix; false for anything else */
bool kia_parse_size(const char *text, uint64_t unit, uint64_t *out)
{
    static const char suffixes[] = "KMGT";
    long double value;
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        value = strtoull(text, &end, 16);
    else
        value = strtold(text, &end);
    if (errno)
        return false;
    if (*end && (*end == 'B' || *end == 'b')) {
        unit = 1;
        end++;
    } else if (*end) {
        const char *suffix = strchr(suffixes, toupper((unsigned char)*end));

        if (!suffix)
            return false;
        unit = UINT64_C(1024) << 10 * (suffix - suffixes);
        end++;
        if (!strcmp(end, "iB") || !strcmp(end, "B"))
            end = (char *)"";
    }
    value *= unit;
    if (*end || value >= 0x1p63L)
        return false;
    *out = value;
    return true;
}

/** kia_keyval_u64 - see the header */
int kia_keyval_u64(struct kia_keyval *kv, const char *key, uint64_t *out)
{
    const char *value = kia_keyval_get(kv, key);

    if (!value || kia_parse_u64(value, out))
        return 0;
    kia_err(0, "%s: '%s=%s' is not a number", kv->option, key, value);
    return -EINVAL;
}

/** kia_keyval_bool - see the header */
int kia_keyval_bool(struct kia_keyval *kv, const char *key, bool *out)
{
    const char *value = kia_keyval_get(kv, key);

    if (!value)
        return 0;
    *out = !strcmp(value, "on") || !strcmp(value, "yes") || !strcmp(value, "true");
    if (*out || !strcmp(value, "off") || !strcmp(value, "no") || !strcmp(value, "false"))
        return 0;
    kia_err(0, "%s: '%s=%s' is neither on nor off", kv->option, key, value);
    return -EINVAL;
}
