/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: virtio consoles and where their ports lead. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/log.h"
#include "vmm/opt.h"

static struct kia_chardev *find_chardev(struct kia_options *o, const char *id)
{
    for (unsigned i = 0; i < o->n_chardevs; i++)
        if (o->chardevs[i].id && !strcmp(o->chardevs[i].id, id))
            return &o->chardevs[i];
    return NULL;
}

/* path=, or host= and port=; as vmm/sock.h names them. */
static int socket_address(struct kia_chardev *c)
{
    const char *path = kia_keyval_get(&c->kv, "path"), *host = kia_keyval_get(&c->kv, "host");
    const char *port = kia_keyval_get(&c->kv, "port");
    char text[512];
    int err = kia_keyval_bool(&c->kv, "server", &c->server);

    c->wait = true;
    if (!err)
        err = kia_keyval_bool(&c->kv, "wait", &c->wait);
    if (err)
        return err;
    if (!path == !port)
        return BAD("-chardev socket: give path=FILE, or host=ADDRESS and port=PORT");
    if (!c->server && !c->wait)
        return BAD("-chardev socket: wait=off is for server=on");
    if (path)
        snprintf(text, sizeof(text), "unix:%s", path);
    else
        snprintf(text, sizeof(text), "tcp:%s:%s", host ? host : "", port);
    if (strlen(text) >= sizeof(text) - 1)
        return BAD("-chardev socket: the address is too long");
    return opt_set_string(&c->address, text);
}

static int set_kind(struct kia_options *o, struct kia_chardev *c, const char *name)
{
    static const struct {
        const char *name;
        enum kia_chardev_kind kind;
    } kinds[] = {
        { "null", KIA_CHARDEV_NULL }, { "stdio", KIA_CHARDEV_STDIO }, { "file", KIA_CHARDEV_FILE },
        { "pipe", KIA_CHARDEV_PIPE }, { "pty", KIA_CHARDEV_PTY },     { "socket", KIA_CHARDEV_SOCKET },
    };
    unsigned i, n = sizeof(kinds) / sizeof(kinds[0]);

    for (i = 0; i < n && strcmp(name, kinds[i].name); i++)
        ;
    if (i == n)
        return BAD("-chardev %s: use null, stdio, file, pipe, pty or socket", name);
    c->kind = kinds[i].kind;
    if (c->kind == KIA_CHARDEV_SOCKET)
        return socket_address(c);
    if (c->kind == KIA_CHARDEV_FILE || c->kind == KIA_CHARDEV_PIPE) {
        c->path = kia_keyval_get(&c->kv, "path");
        return c->path ? 0 : BAD("-chardev %s: say which with path=FILE", name);
    }
    if (c->kind == KIA_CHARDEV_STDIO) {
        if (o->stdio_chardev)
            return BAD("-chardev stdio: another one has the terminal");
        o->stdio_chardev = true;
        return kia_keyval_bool(&c->kv, "mux", &o->stdio_mux);
    }
    return 0;
}

/** opt_chardev - see the header */
int opt_chardev(struct kia_options *o, const char *value)
{
    struct kia_chardev *c = &o->chardevs[o->n_chardevs];
    const char *kind, *id;
    int err;

    if (o->n_chardevs == KIA_MAX_CHARDEVS)
        return BAD("-chardev: there can be %d of them", KIA_MAX_CHARDEVS);
    *c = (struct kia_chardev){ 0 };
    o->n_chardevs++;
    err = kia_keyval_parse(&c->kv, "-chardev", value, "backend");
    if (err)
        return err;
    kind = kia_keyval_get(&c->kv, "backend");
    id = kia_keyval_get(&c->kv, "id");
    if (!kind || !id || !*id)
        return BAD("-chardev %s: say what kind it is, and id=ID", value);
    if (find_chardev(o, id))
        return BAD("-chardev %s: there is another one '%s'", value, id);
    c->id = id;
    err = set_kind(o, c, kind);
    return err ? err : kia_keyval_check_used(&c->kv);
}

/* -chardev's words for what -serial says; false: there are none. */
static bool chardev_words(const char *value, unsigned n, char *text, size_t size)
{
    const char *port = NULL, *end = value + strcspn(value, ",");
    int len = -1;

    for (const char *at = value; at < end; at++)
        port = *at == ':' ? at : port;
    if (!strcmp(value, "pty"))
        len = snprintf(text, size, "pty,id=serial%u", n);
    else if (!strncmp(value, "file:", 5) && value[5])
        len = snprintf(text, size, "file,id=serial%u,path=%s", n, value + 5);
    else if (!strncmp(value, "unix:", 5) && value[5])
        len = snprintf(text, size, "socket,id=serial%u,path=%s", n, value + 5);
    else if (!strncmp(value, "tcp:", 4) && port > value + 3)
        len = snprintf(text, size, "socket,id=serial%u,host=%.*s,port=%s", n, (int)(port - value - 4), value + 4, port + 1);
    return len > 0 && (size_t)len < size;
}

/** opt_serial_chardev - see the header */
int opt_serial_chardev(struct kia_options *o, const char *value, int *chardev)
{
    struct kia_chardev *c = NULL;
    char text[1024];
    int err = 0;

    if (!strncmp(value, "chardev:", 8)) {
        c = find_chardev(o, value + 8);
        if (!c || c->used)
            return BAD("-serial %s: there is no free -chardev with this id before it", value);
    } else if (!chardev_words(value, o->n_serials, text, sizeof(text))) {
        return BAD("-serial %s: use stdio, mon:stdio, file:PATH, pty, unix:PATH, tcp:HOST:PORT, chardev:ID, null or none%s",
                   value, o->n_serials ? " (stdio and none only for the first)" : "");
    } else {
        c = &o->chardevs[o->n_chardevs];
        err = opt_chardev(o, text);
    }
    if (err)
        return err;
    c->used = true;
    *chardev = (int)(c - o->chardevs);
    return 0;
}

/** opt_device_console - see the header */
int opt_device_console(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    struct kia_device *device = opt_new_device(o, KIA_DEVICE_CONSOLE, -1);
    const char *id = kia_keyval_get(kv, "id");
    uint64_t max_ports = KIA_VIRTIO_CONSOLE_MAX_PORTS;
    int err;

    if (!device)
        return -EINVAL;
    err = kia_keyval_u64(kv, "max_ports", &max_ports);
    if (!err && (max_ports < 1 || max_ports > KIA_VIRTIO_CONSOLE_MAX_PORTS))
        err = BAD("-device %s: there can be 1 to %d ports", value, KIA_VIRTIO_CONSOLE_MAX_PORTS);
    if (!err && id)
        err = opt_set_string(&device->bus, id);
    device->max_ports = max_ports;
    return err ? err : opt_common_properties(device, kv, value);
}

/* The card that bus=ID.0 names; without it the last one. */
static struct kia_device *find_card(struct kia_options *o, const char *bus)
{
    for (unsigned i = o->n_devices; i-- > 0;) {
        struct kia_device *device = &o->devices[i];
        size_t len = device->bus ? strlen(device->bus) : 0;

        if (device->kind == KIA_DEVICE_CONSOLE &&
            (!bus || (len && !strncmp(bus, device->bus, len) && !strcmp(bus + len, ".0"))))
            return device;
    }
    return NULL;
}

/** opt_device_port - see the header */
int opt_device_port(struct kia_options *o, struct kia_keyval *kv, const char *value)
{
    const char *id = kia_keyval_get(kv, "chardev"), *name = kia_keyval_get(kv, "name");
    struct kia_chardev *chardev = id ? find_chardev(o, id) : NULL;
    struct kia_device *card = find_card(o, kia_keyval_get(kv, "bus"));
    struct kia_port *port;

    if (!card)
        return BAD("-device %s: add -device virtio-serial-pci before it", value);
    if (!chardev)
        return BAD("-device %s: name a -chardev that comes before it with chardev=ID", value);
    if (chardev->used)
        return BAD("-device %s: chardev '%s' has a device already", value, id);
    if (card->n_ports == card->max_ports)
        return BAD("-device %s: the card has %u ports", value, card->max_ports);
    if (name && strlen(name) > KIA_VIRTIO_CONSOLE_MAX_NAME)
        return BAD("-device %s: the name is longer than %d characters", value, KIA_VIRTIO_CONSOLE_MAX_NAME);
    kia_keyval_get(kv, "id");
    chardev->used = true;
    port = &card->ports[card->n_ports++];
    *port = (struct kia_port){
        .chardev = chardev - o->chardevs,
        .is_console = !strcmp(kia_keyval_get(kv, "driver"), "virtconsole"),
    };
    return name ? opt_set_string(&port->name, name) : 0;
}
