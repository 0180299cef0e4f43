/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio console device (Virtual I/O Device Version 1.2, 5.3), on one thread. */
#include "dev/virtio_console.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev/chr.h"
#include "dev/virtio.h"
#include "dev/worker.h"

enum {
    TYPE_CONSOLE = 3,
    CLASS_SERIAL = 0x078000,
    F_MULTIPORT = 1,

    C_MAX_PORTS = 4,
    CONFIG_LEN = 12,

    CTRL_RX = 2, /* to the driver */
    CTRL_TX = 3,

    DEVICE_READY = 0,
    PORT_ADD = 1,
    PORT_READY = 3,
    CONSOLE_PORT = 4,
    PORT_OPEN = 6,
    PORT_NAME = 7,

    INPUT_SIZE = 4096,
    OUTPUT_CHUNK = 4096,
    MAX_OUTPUT = 1 << 20, /* of one request, so that its end can be waited for; the rest is lost */
    MAX_MESSAGES = 64,    /* that wait for buffers; a driver that asks for more gets no more */
};

struct message {
    uint32_t port;
    uint16_t event, value;
    const char *text; /* behind it; NULL: none */
};

struct port {
    struct console *console;
    struct kia_chr *chr;
    bool is_console;
    char name[KIA_VIRTIO_CONSOLE_MAX_NAME + 1];
    atomic_bool guest_open;
    atomic_bool blocked; /* the back end takes no more for now */
    uint64_t sent;       /* bytes of the first request that went out already */

    pthread_mutex_t lock; /* of the input */
    uint8_t input[INPUT_SIZE];
    size_t input_len;
};

struct console {
    struct kia_virtio vdev;
    struct kia_worker worker;
    unsigned n_ports;
    struct port ports[KIA_VIRTIO_CONSOLE_MAX_PORTS];
    atomic_bool restarted;

    /* The worker's. */
    struct message messages[MAX_MESSAGES];
    unsigned n_messages;
    struct kia_virtq_chain chain;
    uint8_t chunk[OUTPUT_CHUNK];
};

/* Port 0 has queues 0 and 1, the control queues come next, then the other ports'. */
static struct kia_virtq *rx_queue(struct console *console, unsigned port)
{
    return &console->vdev.queues[port ? 2 * port + 2 : 0];
}

static struct kia_virtq *tx_queue(struct console *console, unsigned port)
{
    return rx_queue(console, port) + 1;
}

/* ---- the back end's side, on the loop's thread ---- */

static size_t port_room(void *opaque)
{
    struct port *port = opaque;
    size_t room;

    if (!kia_virtio_live(&port->console->vdev) || !port->guest_open)
        return 0;
    pthread_mutex_lock(&port->lock);
    room = INPUT_SIZE - port->input_len;
    pthread_mutex_unlock(&port->lock);
    return room;
}

static void port_receive(void *opaque, const uint8_t *data, size_t len)
{
    struct port *port = opaque;

    pthread_mutex_lock(&port->lock);
    if (len > INPUT_SIZE - port->input_len)
        len = INPUT_SIZE - port->input_len;
    memcpy(port->input + port->input_len, data, len);
    port->input_len += len;
    pthread_mutex_unlock(&port->lock);
    kia_worker_kick(&port->console->worker);
}

static void port_writable(void *opaque)
{
    struct port *port = opaque;

    port->blocked = false;
    kia_worker_kick(&port->console->worker);
}

/* ---- data ---- */

static void work_input(struct console *console, unsigned index)
{
    struct kia_virtq *vq = rx_queue(console, index);
    struct port *port = &console->ports[index];
    bool took = false;

    pthread_mutex_lock(&vq->lock);
    pthread_mutex_lock(&port->lock);
    while (port->input_len && kia_virtq_pop(vq, &console->chain) > 0) {
        size_t n = port->input_len < console->chain.in_len ? port->input_len : console->chain.in_len;

        if (!n) {
            kia_virtio_broken(&console->vdev);
            break;
        }
        kia_virtq_copy_in(vq, &console->chain, 0, port->input, n);
        kia_virtq_push(vq, &console->chain, n);
        port->input_len -= n;
        memmove(port->input, port->input + n, port->input_len);
        took = true;
    }
    /* New buffers are news only if something waits for them. */
    if (kia_virtq_set_notify(vq, port->input_len) && port->input_len)
        kia_worker_kick(&console->worker);
    pthread_mutex_unlock(&port->lock);
    pthread_mutex_unlock(&vq->lock);
    if (took && port->chr)
        kia_chr_accept(port->chr);
}

/* Writes what is left of the request in console->chain; false if the back end is full. */
static bool put_out(struct console *console, struct port *port)
{
    uint64_t len = console->chain.out_len < MAX_OUTPUT ? console->chain.out_len : MAX_OUTPUT;

    while (port->chr && port->sent < len) {
        uint64_t left = len - port->sent;
        size_t n = left < OUTPUT_CHUNK ? left : OUTPUT_CHUNK, taken;

        kia_virtq_copy_out(&console->chain, port->sent, console->chunk, n);
        port->blocked = true; /* before the write, as writable() may come at once after a short one */
        taken = kia_chr_write(port->chr, console->chunk, n);
        port->sent += taken;
        if (taken < n)
            return false;
        port->blocked = false;
    }
    port->sent = 0;
    return true;
}

static void work_output(struct console *console, unsigned index)
{
    struct kia_virtq *vq = tx_queue(console, index);
    struct port *port = &console->ports[index];

    if (port->blocked)
        return;
    pthread_mutex_lock(&vq->lock);
    do {
        struct kia_virtq_mark mark = kia_virtq_mark(vq);

        kia_virtq_set_notify(vq, false);
        while (kia_virtq_pop(vq, &console->chain) > 0) {
            if (!put_out(console, port)) {
                kia_virtq_rewind(vq, mark);
                pthread_mutex_unlock(&vq->lock);
                return;
            }
            kia_virtq_push(vq, &console->chain, 0);
            mark = kia_virtq_mark(vq);
        }
    } while (kia_virtq_set_notify(vq, true));
    pthread_mutex_unlock(&vq->lock);
}

/* ---- control ---- */

static void tell(struct console *console, unsigned port, uint16_t event, uint16_t value, const char *text)
{
    if (console->n_messages < MAX_MESSAGES)
        console->messages[console->n_messages++] = (struct message){ port, event, value, text };
}

static void on_ready(struct console *console, unsigned index)
{
    struct port *port = &console->ports[index];

    if (port->is_console)
        tell(console, index, CONSOLE_PORT, 1, NULL);
    if (*port->name)
        tell(console, index, PORT_NAME, 1, port->name);
    if (port->chr)
        tell(console, index, PORT_OPEN, 1, NULL);
}

static void on_control(struct console *console)
{
    uint8_t at[8];
    uint32_t index;
    uint16_t event, value;

    if (!kia_virtq_copy_out(&console->chain, 0, at, sizeof(at)))
        return;
    index = kia_pci_get32(at);
    event = kia_pci_get16(at + 4);
    value = kia_pci_get16(at + 6);
    if (event == DEVICE_READY && value) {
        for (unsigned i = 0; i < console->n_ports; i++)
            tell(console, i, PORT_ADD, 1, NULL);
        return;
    }
    if (index >= console->n_ports)
        return;
    if (event == PORT_READY && value)
        on_ready(console, index);
    if (event == PORT_OPEN) {
        console->ports[index].guest_open = value;
        if (value && console->ports[index].chr)
            kia_chr_accept(console->ports[index].chr);
    }
}

static void work_control(struct console *console)
{
    struct kia_virtq *vq = &console->vdev.queues[CTRL_TX];

    pthread_mutex_lock(&vq->lock);
    do {
        kia_virtq_set_notify(vq, false);
        while (kia_virtq_pop(vq, &console->chain) > 0) {
            on_control(console);
            kia_virtq_push(vq, &console->chain, 0);
        }
    } while (kia_virtq_set_notify(vq, true));
    pthread_mutex_unlock(&vq->lock);
}

static void send_messages(struct console *console)
{
    struct kia_virtq *vq = &console->vdev.queues[CTRL_RX];
    unsigned sent = 0;

    pthread_mutex_lock(&vq->lock);
    while (sent < console->n_messages && kia_virtq_pop(vq, &console->chain) > 0) {
        const struct message *message = &console->messages[sent++];
        size_t len = message->text ? strlen(message->text) : 0;
        uint8_t at[8];

        kia_pci_set32(at, message->port);
        kia_pci_set16(at + 4, message->event);
        kia_pci_set16(at + 6, message->value);
        if (console->chain.in_len < sizeof(at) + len) {
            kia_virtio_broken(&console->vdev);
            break;
        }
        kia_virtq_copy_in(vq, &console->chain, 0, at, sizeof(at));
        kia_virtq_copy_in(vq, &console->chain, sizeof(at), message->text, len);
        kia_virtq_push(vq, &console->chain, sizeof(at) + len);
    }
    console->n_messages -= sent;
    memmove(console->messages, console->messages + sent, console->n_messages * sizeof(console->messages[0]));
    if (kia_virtq_set_notify(vq, console->n_messages) && console->n_messages)
        kia_worker_kick(&console->worker);
    pthread_mutex_unlock(&vq->lock);
}

/* ---- the worker and the device ---- */

static void forget(struct console *console)
{
    console->n_messages = 0;
    for (unsigned i = 0; i < console->n_ports; i++) {
        struct port *port = &console->ports[i];

        port->sent = 0;
        port->blocked = false;
        pthread_mutex_lock(&port->lock);
        port->input_len = 0;
        pthread_mutex_unlock(&port->lock);
        /* A driver that knows of one port does not open it. */
        port->guest_open = !i && !kia_virtio_has(&console->vdev, F_MULTIPORT);
        if (port->guest_open && port->chr)
            kia_chr_accept(port->chr);
    }
}

static void console_work(void *opaque)
{
    struct console *console = opaque;
    bool multiport = kia_virtio_has(&console->vdev, F_MULTIPORT);

    if (atomic_exchange(&console->restarted, false))
        forget(console);
    if (multiport) {
        work_control(console);
        send_messages(console);
    }
    for (unsigned i = 0; i < console->n_ports && (!i || multiport); i++) {
        work_input(console, i);
        work_output(console, i);
    }
}

static void console_start(struct kia_virtio *vdev)
{
    ((struct console *)vdev)->restarted = true; /* a kick follows */
}

static void console_kick(struct kia_virtio *vdev, unsigned queue)
{
    (void)queue;
    kia_worker_kick(&((struct console *)vdev)->worker);
}

static void console_free(struct console *console)
{
    static const struct kia_chr_front none;

    for (unsigned i = 0; i < console->n_ports; i++)
        if (console->ports[i].chr)
            kia_chr_set_front(console->ports[i].chr, &none);
    kia_worker_stop(&console->worker);
    for (unsigned i = 0; i < console->n_ports; i++)
        pthread_mutex_destroy(&console->ports[i].lock);
    free(console);
}

static void console_detach(struct kia_virtio *vdev)
{
    console_free((struct console *)vdev);
}

static const struct kia_virtio_ops console_ops = {
    .start = console_start,
    .kick = console_kick,
    .detach = console_detach,
};

static void add_port(struct console *console, const struct kia_virtio_console_port *config)
{
    struct port *port = &console->ports[console->n_ports++];
    struct kia_chr_front front = {
        .room = port_room,
        .receive = port_receive,
        .writable = port_writable,
        .opaque = port,
    };

    port->console = console;
    port->is_console = config->is_console;
    port->chr = config->chr;
    if (config->name)
        memcpy(port->name, config->name, strnlen(config->name, KIA_VIRTIO_CONSOLE_MAX_NAME));
    pthread_mutex_init(&port->lock, NULL);
    if (port->chr)
        kia_chr_set_front(port->chr, &front);
}

/** kia_virtio_console_attach - see the header */
int kia_virtio_console_attach(struct kia_pci *pci, int slot, const struct kia_virtio_console_port *ports,
                              unsigned n)
{
    struct console *console = calloc(1, sizeof(*console));
    int err;

    assert(n <= KIA_VIRTIO_CONSOLE_MAX_PORTS);
    if (!console)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++)
        add_port(console, &ports[i]);
    console->vdev.n_queues = n > 1 ? 2 * n + 2 : 4;
    console->vdev.offered = 1 << F_MULTIPORT;
    console->vdev.config_len = CONFIG_LEN;
    kia_pci_set32(console->vdev.config + C_MAX_PORTS, n ? n : 1);
    err = kia_worker_start(&console->worker, kia_pci_loop(pci), "virtio-console", console_work, console);
    if (!err)
        err = kia_virtio_pci_attach(&console->vdev, pci, slot, TYPE_CONSOLE, CLASS_SERIAL, &console_ops);
    if (err)
        console_free(console);
    return err;
}
