/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: folders of the host's for the guest. */
#include <errno.h>
#include <string.h>

#include "dev/virtio_9p.h"
#include "vmm/log.h"
#include "vmm/opt.h"

static struct kia_fsdev *find_fsdev(struct kia_options *o, const char *id)
{
    for (unsigned i = 0; i < o->n_fsdevs; i++)
        if (o->fsdevs[i].id && !strcmp(o->fsdevs[i].id, id))
            return &o->fsdevs[i];
    return NULL;
}

static int security(struct kia_keyval *kv, enum kia_p9_security *out)
{
    static const struct {
        const char *name;
        enum kia_p9_security security;
    } models[] = {
        { "none", KIA_P9_NONE },
        { "passthrough", KIA_P9_PASSTHROUGH },
        { "mapped-xattr", KIA_P9_MAPPED_XATTR },
        { "mapped", KIA_P9_MAPPED_XATTR },
    };
    const char *value = kia_keyval_get(kv, "security_model");

    *out = KIA_P9_NONE;
    for (unsigned i = 0; value && i < sizeof(models) / sizeof(models[0]); i++) {
        if (!strcmp(value, models[i].name)) {
            *out = models[i].security;
            return 0;
        }
    }
    if (value)
        return BAD("%s: security_model=%s is not known; use none, passthrough or mapped-xattr", kv->option,
                   value);
    return 0;
}

/* Moves @kv into a new shared folder. */
static int add_fsdev(struct kia_options *o, struct kia_keyval *kv)
{
    const char *driver = kia_keyval_get(kv, "fsdriver"), *path = kia_keyval_get(kv, "path");
    const char *id = kia_keyval_get(kv, "id");
    struct kia_fsdev *fsdev = &o->fsdevs[o->n_fsdevs];
    int err;

    if (!driver || strcmp(driver, "local"))
        return BAD("%s: the kind of folder comes first, and there is only local", kv->option);
    if (!path || !*path)
        return BAD("%s: say which folder with path=DIR", kv->option);
    if (o->n_fsdevs == KIA_MAX_FSDEVS)
        return BAD("%s: there can be %d shared folders", kv->option, KIA_MAX_FSDEVS);
    if (id && find_fsdev(o, id))
        return BAD("%s: there is another one '%s'", kv->option, id);
    *fsdev = (struct kia_fsdev){ .id = id, .p9.path = path, .kv = *kv };
    memset(kv, 0, sizeof(*kv));
    o->n_fsdevs++;
    err = security(&fsdev->kv, &fsdev->p9.security);
    if (!err)
        err = kia_keyval_bool(&fsdev->kv, "readonly", &fsdev->p9.readonly);
    return err;
}

/** opt_fsdev - see the header */
int opt_fsdev(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    int err = kia_keyval_parse(&kv, "-fsdev", value, "fsdriver");

    if (!err && !kia_keyval_get(&kv, "id"))
        err = BAD("-fsdev %s: give it an id with id=ID", value);
    if (!err)
        err = add_fsdev(o, &kv);
    if (!err)
        err = kia_keyval_check_used(&o->fsdevs[o->n_fsdevs - 1].kv);
    kia_keyval_free(&kv);
    return err;
}

static int set_tag(struct kia_device *device, struct kia_keyval *kv)
{
    const char *tag = kia_keyval_get(kv, "mount_tag");

    if (!tag || !*tag || strlen(tag) > KIA_VIRTIO_9P_MAX_TAG)
        return BAD("%s: give a name of 1 to %d characters to mount with mount_tag=TAG", kv->option,
                   KIA_VIRTIO_9P_MAX_TAG);
    return opt_set_string(&device->mount_tag, tag);
}

/** opt_device_9p - see the header */
int opt_device_9p(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    const char *id = kia_keyval_get(kv, "fsdev");
    struct kia_fsdev *fsdev = id ? find_fsdev(o, id) : NULL;
    struct kia_device *device;
    int err;

    if (!fsdev)
        return BAD("-device %s: name an -fsdev that comes before it with fsdev=ID", value);
    if (fsdev->used)
        return BAD("-device %s: fsdev '%s' has a device already", value, id);
    device = opt_new_device(o, KIA_DEVICE_9P, fsdev - o->fsdevs);
    if (!device)
        return -EINVAL;
    fsdev->used = true;
    err = set_tag(device, kv);
    return err ? err : opt_common_properties(device, kv, value);
}

/** opt_virtfs - see the header */
int opt_virtfs(struct kia_options *o, const char *value)
{
    struct kia_device *device = opt_new_device(o, KIA_DEVICE_9P, o->n_fsdevs);
    struct kia_keyval kv;
    int err = kia_keyval_parse(&kv, "-virtfs", value, "fsdriver");

    if (!err && !device)
        err = -EINVAL;
    if (!err)
        err = set_tag(device, &kv);
    if (!err)
        err = add_fsdev(o, &kv);
    if (!err) {
        o->fsdevs[o->n_fsdevs - 1].used = true;
        err = kia_keyval_check_used(&o->fsdevs[o->n_fsdevs - 1].kv);
    }
    kia_keyval_free(&kv);
    return err;
}
