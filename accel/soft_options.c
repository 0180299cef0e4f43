/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -accel soft,...: its options. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accel/soft.h"
#include "vmm/keyval.h"
#include "vmm/log.h"

enum {
    TB_SIZE_MIN = 8, /* MiB; with less a kernel makes everything anew all the time */
    TB_SIZE_MAX = 1024,
    TB_SIZE_DEFAULT = 96,
    JIT_AFTER_DEFAULT = 2,
    JIT_AFTER_MAX = 1000000,
    TRACE_EVERY_DEFAULT = 100000,
};

static int parse_jit(struct kia_keyval *kv, enum soft_jit *jit)
{
    bool on = true;
    int err;

    *jit = SOFT_JIT_AUTO;
    if (!kia_keyval_get(kv, "jit"))
        return 0;
    err = kia_keyval_bool(kv, "jit", &on);
    *jit = on ? SOFT_JIT_ON : SOFT_JIT_OFF;
    return err;
}

static int parse_tb_size(struct kia_keyval *kv, size_t *size)
{
    uint64_t mib = TB_SIZE_DEFAULT;
    int err = kia_keyval_u64(kv, "tb-size", &mib);

    if (!err && (mib < TB_SIZE_MIN || mib > TB_SIZE_MAX)) {
        kia_err(0, "-accel: tb-size is %d to %d MiB", TB_SIZE_MIN, TB_SIZE_MAX);
        err = -EINVAL;
    }
    *size = (size_t)mib << 20;
    return err;
}

static int parse_jit_after(struct kia_keyval *kv, uint32_t *runs)
{
    uint64_t n = JIT_AFTER_DEFAULT;
    int err = kia_keyval_u64(kv, "jit-after", &n);

    if (!err && n > JIT_AFTER_MAX) {
        kia_err(0, "-accel: jit-after is at most %d", JIT_AFTER_MAX);
        err = -EINVAL;
    }
    *runs = (uint32_t)n;
    return err;
}

static int parse_places(struct kia_keyval *kv, uint32_t *places)
{
    uint64_t n = SOFT_PLACES_AUTO;
    int err = kia_keyval_u64(kv, "places", &n);

    if (!err && n > VM_MAX_VCPUS && n != SOFT_PLACES_AUTO) {
        kia_err(0, "-accel: places is at most %d; with 0 all processors may run at once", VM_MAX_VCPUS);
        err = -EINVAL;
    }
    *places = (uint32_t)n;
    return err;
}

static int parse_path(struct kia_keyval *kv, const char *key, char **path)
{
    const char *value = kia_keyval_get(kv, key);

    *path = value ? strdup(value) : NULL;
    return value && !*path ? kia_err(-ENOMEM, "cannot read -accel") : 0;
}

static int parse_trace(struct kia_keyval *kv, struct soft_options *o)
{
    static const char *const numbers[] = { "trace-every", "trace-from", "trace-to", "trace-memory" };
    struct trace_options *t = &o->trace;
    uint64_t *const values[] = { &t->every, &t->from, &t->to, &t->memory_every };
    const char *first = NULL;
    int err = kia_keyval_bool(kv, "deterministic", &o->deterministic);

    t->every = TRACE_EVERY_DEFAULT;
    t->to = UINT64_MAX;
    for (unsigned i = 0; !err && i < 4; i++) {
        if (!first && kia_keyval_get(kv, numbers[i]))
            first = numbers[i];
        err = kia_keyval_u64(kv, numbers[i], values[i]);
    }
    if (!err && !first && kia_keyval_get(kv, "trace-full"))
        first = "trace-full";
    if (!err)
        err = kia_keyval_bool(kv, "trace-full", &t->full);
    if (err)
        return err;
    err = parse_path(kv, "trace", &t->path);
    if (err)
        return err;
    if (t->path && !o->deterministic)
        return kia_err(0, "-accel: a trace needs deterministic=on"), -EINVAL;
    if (first && !t->path)
        return kia_err(0, "-accel: %s needs a trace: say where with trace=FILE", first), -EINVAL;
    if (!t->every || t->from > t->to)
        return kia_err(0, "-accel: trace-every is 1 or more, trace-to not less than trace-from"), -EINVAL;
    return 0;
}

static int parse_profile(struct kia_keyval *kv, struct soft_options *o)
{
    int err = kia_keyval_bool(kv, "perf-map", &o->perf_map);

    if (!err)
        err = parse_path(kv, "profile", &o->profile);
    if (!err)
        err = parse_path(kv, "symbols", &o->symbols);
    if (err)
        return err;
    if (o->profile && o->deterministic)
        return kia_err(0, "-accel: samples are taken by the host's clock: profile does not go with deterministic=on"), -EINVAL;
    if (o->symbols && !o->profile && !o->perf_map)
        return kia_err(0, "-accel: symbols are for profile=FILE and perf-map=on"), -EINVAL;
    return 0;
}

void soft_options_free(struct soft_options *o)
{
    free(o->trace.path);
    free(o->profile);
    free(o->symbols);
    o->trace.path = o->profile = o->symbols = NULL;
}

int soft_options_parse(const char *accel, struct soft_options *o)
{
    struct kia_keyval kv;
    const char *name;
    int err = kia_keyval_parse(&kv, "-accel", accel ? accel : "soft", "accel");

    if (!err && (!(name = kia_keyval_get(&kv, "accel")) || strcmp(name, "soft")))
        err = kia_err(-EINVAL, "no accelerator '%s': use -accel soft", accel);
    if (!err)
        err = parse_jit(&kv, &o->jit);
    if (!err)
        err = parse_jit_after(&kv, &o->jit_after);
    if (!err)
        err = parse_tb_size(&kv, &o->tb_size);
    if (!err)
        err = parse_places(&kv, &o->places);
    if (!err)
        err = parse_trace(&kv, o);
    if (!err)
        err = parse_profile(&kv, o);
    if (!err)
        err = kia_keyval_check_used(&kv);
    kia_keyval_free(&kv);
    return err;
}
