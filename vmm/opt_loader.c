/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: -device loader. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "vmm/keyval.h"
#include "vmm/log.h"
#include "vmm/opt.h"

/* The combinations that QEMU's generic loader allows (docs/machine.md). */
static int check_loader(const struct kia_loader *l, bool has_data, const char *value)
{
    if (has_data || l->data_len) {
        if (l->file || l->force_raw)
            return BAD("-device %s: file and force-raw do not go with data", value);
        if (!has_data || !l->data_len)
            return BAD("-device %s: data and data-len go together", value);
        if (l->data_len > 8)
            return BAD("-device %s: data-len must be 1 to 8", value);
        if (!l->has_addr)
            return BAD("-device %s: say where with addr=ADDRESS", value);
        if (l->cpu >= 0)
            return BAD("-device %s: cpu-num does not go with data; use a second -device loader", value);
    } else if (!l->file) {
        if (l->force_raw || !l->has_addr)
            return BAD("-device %s: give file=FILE, or data, data-len and addr, or addr and cpu-num", value);
        if (l->cpu < 0)
            return BAD("-device %s: cpu-num must say which processor starts at addr", value);
    }
    return 0;
}

/* The low @len bytes of @value in the other order. */
static uint64_t reverse_bytes(uint64_t value, unsigned len)
{
    return len ? __builtin_bswap64(value) >> (64 - 8 * len) : 0;
}

/** opt_device_loader - see the header */
int opt_device_loader(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    struct kia_loader *l = &o->loaders[o->n_loaders];
    const char *file = kia_keyval_get(kv, "file");
    bool has_data = kia_keyval_get(kv, "data"), has_cpu = kia_keyval_get(kv, "cpu-num"), big_endian = false;
    uint64_t data_len = 0, cpu = 0;
    int err = 0;

    if (o->n_loaders == KIA_MAX_LOADERS)
        return BAD("-device loader: there can be %d of them", KIA_MAX_LOADERS);
    *l = (struct kia_loader){ .cpu = -1, .has_addr = kia_keyval_get(kv, "addr") };
    o->n_loaders++;
    if (file)
        err = opt_set_string(&l->file, file);
    if (err || (err = kia_keyval_u64(kv, "addr", &l->addr)) || (err = kia_keyval_u64(kv, "data", &l->data)) ||
        (err = kia_keyval_u64(kv, "data-len", &data_len)) || (err = kia_keyval_u64(kv, "cpu-num", &cpu)) ||
        (err = kia_keyval_bool(kv, "data-be", &big_endian)) ||
        (err = kia_keyval_bool(kv, "force-raw", &l->force_raw)))
        return err;
    if (has_cpu && cpu >= KIA_MAX_CPUS)
        return BAD("-device %s: there is no processor %" PRIu64, value, cpu);
    if (kia_keyval_get(kv, "data-len") && !data_len)
        return BAD("-device %s: data-len must be 1 to 8", value);
    l->cpu = has_cpu ? (int)cpu : -1;
    l->data_len = data_len > 9 ? 9 : data_len;
    err = check_loader(l, has_data, value);
    if (!err && big_endian)
        l->data = reverse_bytes(l->data, l->data_len);
    return err;
}
