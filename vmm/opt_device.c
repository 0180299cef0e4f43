/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: disks, and the devices of -device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dev/virtio.h"
#include "vmm/keyval.h"
#include "vmm/log.h"
#include "vmm/opt.h"

enum { MAX_SLOT = 31, MAX_QUEUES = 16, MAX_SERIAL = 20 };

/** opt_new_device - see the header */
struct kia_device *opt_new_device(struct kia_options *o, enum kia_device_kind kind, int of)
{
    struct kia_device *device = &o->devices[o->n_devices];

    if (o->n_devices == KIA_MAX_DEVICES) {
        kia_err(0, "there can be %d devices", KIA_MAX_DEVICES);
        return NULL;
    }
    *device = (struct kia_device){ .kind = kind, .slot = -1, .of = of };
    o->n_devices++;
    return device;
}

/** opt_common_properties - see the header */
int opt_common_properties(struct kia_device *device, struct kia_keyval *kv, const char *value)
{
    static const struct {
        const char *name;
        unsigned feature;
    } rings[] = {
        { "packed", VIRTIO_F_RING_PACKED },
        { "event_idx", VIRTIO_F_EVENT_IDX },
        { "indirect_desc", VIRTIO_F_INDIRECT_DESC },
    };
    uint64_t slot = 0;
    int err = kia_keyval_u64(kv, "addr", &slot);

    for (unsigned i = 0; !err && i < sizeof(rings) / sizeof(rings[0]); i++) {
        bool on = true;

        err = kia_keyval_bool(kv, rings[i].name, &on);
        device->withheld |= on ? 0 : UINT64_C(1) << rings[i].feature;
    }
    kia_keyval_get(kv, "id");
    if (!err && slot > MAX_SLOT)
        err = BAD("-device %s: PCI slots are 1 to %d", value, MAX_SLOT);
    device->slot = slot ? (int)slot : -1;
    return err;
}

static struct kia_drive *find_drive(struct kia_options *o, const char *id)
{
    for (unsigned i = 0; i < o->n_drives; i++)
        if (o->drives[i].id && !strcmp(o->drives[i].id, id))
            return &o->drives[i];
    return NULL;
}

/* QEMU's names for how the host's cache is used. */
static int drive_cache(struct kia_drive *drive, struct kia_keyval *kv, const char *value)
{
    static const struct {
        const char *name;
        bool direct, writethrough, no_flush;
    } modes[] = {
        { "writeback", false, false, false },   { "none", true, false, false },
        { "writethrough", false, true, false }, { "directsync", true, true, false },
        { "unsafe", false, false, true },
    };
    const char *cache = kia_keyval_get(kv, "cache"), *discard = kia_keyval_get(kv, "discard");

    if (discard && strcmp(discard, "unmap") && strcmp(discard, "on") && strcmp(discard, "ignore") &&
        strcmp(discard, "off"))
        return BAD("-drive %s: discard=%s is not known; use unmap or ignore", value, discard);
    drive->no_discard = discard && (!strcmp(discard, "ignore") || !strcmp(discard, "off"));
    for (unsigned i = 0; cache && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (!strcmp(cache, modes[i].name)) {
            drive->direct = modes[i].direct;
            drive->writethrough = modes[i].writethrough;
            drive->no_flush = modes[i].no_flush;
            return 0;
        }
    }
    if (cache)
        return BAD(
            "-drive %s: cache=%s is not known; use writeback, none, writethrough, directsync or unsafe",
            value, cache);
    return 0;
}

static int add_drive(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    const char *file = kia_keyval_get(kv, "file"), *format = kia_keyval_get(kv, "format");
    const char *interface = kia_keyval_get(kv, "if"), *id = kia_keyval_get(kv, "id"),
               *media = kia_keyval_get(kv, "media");
    struct kia_drive *drive = &o->drives[o->n_drives];
    int err = 0;

    if (o->n_drives == KIA_MAX_DRIVES)
        return BAD("-drive: there can be %d drives", KIA_MAX_DRIVES);
    if (!file || !*file)
        return BAD("-drive %s: give the image with file=PATH", value);
    if (format && strcmp(format, "raw"))
        return BAD("-drive %s: format '%s' is not known; convert the image to raw", value, format);
    if (interface && strcmp(interface, "virtio") && strcmp(interface, "none"))
        return BAD("-drive %s: if=%s is not known; use if=virtio or if=none", value, interface);
    if (media && strcmp(media, "disk"))
        return BAD("-drive %s: media=%s is not known; use media=disk", value, media);
    if (id && find_drive(o, id))
        return BAD("-drive %s: there is another drive '%s'", value, id);
    *drive = (struct kia_drive){ .slot = -1, .queues = 1 };
    o->n_drives++;
    err = opt_set_string(&drive->file, file);
    if (!err && id)
        err = opt_set_string(&drive->id, id);
    if (!err)
        err = kia_keyval_bool(kv, "readonly", &drive->readonly);
    if (!err)
        err = drive_cache(drive, kv, value);
    if (!err && (!interface || !strcmp(interface, "virtio"))) {
        drive->has_device = true;
        err = opt_new_device(o, KIA_DEVICE_BLK, o->n_drives - 1) ? 0 : -EINVAL;
    }
    return err;
}

/** opt_drive - see the header */
int opt_drive(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    int err = kia_keyval_parse(&kv, "-drive", value, NULL);

    if (!err)
        err = add_drive(o, &kv, value);
    if (!err)
        err = kia_keyval_check_used(&kv);
    kia_keyval_free(&kv);
    return err;
}

static int device_blk(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    const char *id = kia_keyval_get(kv, "drive"), *serial = kia_keyval_get(kv, "serial");
    struct kia_drive *drive = id ? find_drive(o, id) : NULL;
    struct kia_device *device;
    uint64_t queues = 1;
    int err;

    if (!id)
        return BAD("-device %s: name a drive with drive=ID", value);
    if (!drive)
        return BAD("-device %s: there is no -drive with id=%s before it", value, id);
    if (drive->has_device)
        return BAD("-device %s: drive '%s' has a device already (give the -drive if=none)", value, id);
    if (serial && strlen(serial) > MAX_SERIAL)
        return BAD("-device %s: the serial number is longer than %d characters", value, MAX_SERIAL);
    device = opt_new_device(o, KIA_DEVICE_BLK, drive - o->drives);
    if (!device)
        return -EINVAL;
    drive->has_device = true;
    err = serial ? opt_set_string(&drive->serial, serial) : 0;
    if (!err)
        err = opt_common_properties(device, kv, value);
    if (!err)
        err = kia_keyval_u64(kv, "num-queues", &queues);
    if (!err && (queues < 1 || queues > MAX_QUEUES))
        err = BAD("-device %s: there can be 1 to %d queues", value, MAX_QUEUES);
    drive->slot = device->slot;
    drive->queues = queues;
    return err;
}

static struct kia_rng *find_rng(struct kia_options *o, const char *id)
{
    for (unsigned i = 0; i < o->n_rngs; i++)
        if (!strcmp(o->rngs[i].id, id))
            return &o->rngs[i];
    return NULL;
}

static int device_rng(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    struct kia_device *device = opt_new_device(o, KIA_DEVICE_RNG, -1);
    const char *id = kia_keyval_get(kv, "rng");
    const struct kia_rng *rng = id ? find_rng(o, id) : NULL;

    if (!device)
        return -EINVAL;
    if (id && !rng)
        return BAD("-device %s: there is no -object rng-random with id=%s before it", value, id);
    if (rng && rng->path && opt_set_string(&device->rng_path, rng->path))
        return -ENOMEM;
    return opt_common_properties(device, kv, value);
}

static int device_balloon(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    struct kia_device *device;
    int err;

    for (unsigned i = 0; i < o->n_devices; i++)
        if (o->devices[i].kind == KIA_DEVICE_BALLOON)
            return BAD("-device %s: there can be one balloon", value);
    device = opt_new_device(o, KIA_DEVICE_BALLOON, -1);
    if (!device)
        return -EINVAL;
    err = kia_keyval_bool(kv, "deflate-on-oom", &device->balloon.deflate_on_oom);
    if (!err)
        err = kia_keyval_bool(kv, "free-page-reporting", &device->balloon.free_page_reporting);
    return err ? err : opt_common_properties(device, kv, value);
}

static int add_object(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    const char *type = kia_keyval_get(kv, "qom-type"), *id = kia_keyval_get(kv, "id"), *path = NULL;
    struct kia_rng *rng = &o->rngs[o->n_rngs];
    int err;

    if (!type || (strcmp(type, "rng-random") && strcmp(type, "rng-builtin")))
        return BAD("-object %s: there are the kinds rng-random and rng-builtin", value);
    if (!id || find_rng(o, id))
        return BAD("-object %s: give it an id of its own with id=ID", value);
    if (o->n_rngs == KIA_MAX_RNGS)
        return BAD("-object: there can be %d sources of random numbers", KIA_MAX_RNGS);
    *rng = (struct kia_rng){ 0 };
    o->n_rngs++;
    if (!strcmp(type, "rng-random")) {
        path = kia_keyval_get(kv, "filename");
        path = path ? path : "/dev/urandom";
    }
    err = opt_set_string(&rng->id, id);
    return !err && path ? opt_set_string(&rng->path, path) : err;
}

/** opt_object - see the header */
int opt_object(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    int err = kia_keyval_parse(&kv, "-object", value, "qom-type");

    if (!err)
        err = add_object(o, &kv, value);
    if (!err)
        err = kia_keyval_check_used(&kv);
    kia_keyval_free(&kv);
    return err;
}

static const struct {
    const char *driver;
    int (*make)(struct kia_options *o, struct kia_keyval *kv, const char *value);
} device_kinds[] = {
    { "loader", opt_device_loader },       { "virtconsole", opt_device_port },
    { "virtio-9p-pci", opt_device_9p },    { "virtio-balloon-pci", device_balloon },
    { "virtio-blk-pci", device_blk },      { "virtio-net-pci", opt_device_net },
    { "virtio-rng-pci", device_rng },      { "virtio-serial-pci", opt_device_console },
    { "virtserialport", opt_device_port },
};

enum { N_KINDS = sizeof(device_kinds) / sizeof(device_kinds[0]) };

static int make_device(struct kia_options *o, struct kia_keyval *kv, const char *driver, const char *value)
{
    char known[256] = "";

    for (unsigned i = 0; i < N_KINDS; i++) {
        size_t len = strlen(known);

        if (!strcmp(device_kinds[i].driver, driver))
            return device_kinds[i].make(o, kv, value);
        snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "", device_kinds[i].driver);
    }
    return BAD("-device %s: there is no device '%s'; there are %s", value, driver, known);
}

/** opt_device - see the header */
int opt_device(struct kia_options *o, const char *value)
{
    struct kia_keyval kv;
    const char *driver = NULL;
    int err = kia_keyval_parse(&kv, "-device", value, "driver");

    if (!err)
        driver = kia_keyval_get(&kv, "driver");
    if (driver && !strcmp(driver, "help")) {
        for (unsigned i = 0; i < N_KINDS; i++)
            printf("%s\n", device_kinds[i].driver);
        kia_keyval_free(&kv);
        return OPT_DONE;
    }
    if (!err && !driver)
        err = BAD("-device %s: name the device first", value);
    else if (!err)
        err = make_device(o, &kv, driver, value);
    if (!err)
        err = kia_keyval_check_used(&kv);
    kia_keyval_free(&kv);
    return err;
}

/** opt_warn_unused - see the header */
void opt_warn_unused(const struct kia_options *o)
{
    for (unsigned i = 0; i < o->n_drives; i++)
        if (!o->drives[i].has_device)
            kia_warn("drive '%s' has no device: add -device virtio-blk-pci,drive=ID", o->drives[i].file);
    for (unsigned i = 0; i < o->n_chardevs; i++)
        if (!o->chardevs[i].used)
            kia_warn("chardev '%s' has no device: add -device virtconsole,chardev=ID", o->chardevs[i].id);
    for (unsigned i = 0; i < o->n_fsdevs; i++)
        if (!o->fsdevs[i].used)
            kia_warn("fsdev '%s' has no device: add -device virtio-9p-pci,fsdev=ID,mount_tag=TAG",
                     o->fsdevs[i].id);
    for (unsigned i = 0; i < o->n_netdevs; i++)
        if (!o->netdevs[i].used)
            kia_warn("netdev '%s' has no device: add -device virtio-net-pci,netdev=ID", o->netdevs[i].id);
}
