/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 16550A, as its data sheet (National PC16550D) has it, but for time: characters take none. So the
 * character timeout comes as soon as the FIFO holds less than its trigger level, and the transmitter is busy
 * only while the back end takes no more.
 */
#include "dev/uart16550.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "dev/chr.h"
#include "dev/dev.h"

enum {
    N_REGS = 8,
    FIFO_SIZE = 16,

    REG_DATA = 0, /* RBR, THR; DLL with LCR_DLAB */
    REG_IER = 1,  /* DLM with LCR_DLAB */
    REG_IIR = 2,  /* FCR when written */
    REG_LCR = 3,
    REG_MCR = 4,
    REG_LSR = 5,
    REG_MSR = 6,
    REG_SCR = 7,

    IER_RX = 1,
    IER_TX = 2,
    IER_LINE = 4,
    IER_MODEM = 8,
    IER_WRITABLE = 0x0f,
    IIR_NONE = 0x01,
    IIR_MODEM = 0x00,
    IIR_TX = 0x02,
    IIR_RX = 0x04,
    IIR_LINE = 0x06,
    IIR_TIMEOUT = 0x0c,
    IIR_FIFO = 0xc0,
    FCR_ENABLE = 0x01,
    FCR_CLEAR_RX = 0x02,
    FCR_CLEAR_TX = 0x04,
    LCR_LENGTH = 0x03,
    LCR_BREAK = 0x40,
    LCR_DLAB = 0x80,
    MCR_DTR = 0x01,
    MCR_RTS = 0x02,
    MCR_OUT1 = 0x04,
    MCR_OUT2 = 0x08,
    MCR_LOOP = 0x10,
    MCR_WRITABLE = 0x1f,
    LSR_DR = 0x01,
    LSR_OE = 0x02,
    LSR_PE = 0x04,
    LSR_FE = 0x08,
    LSR_BI = 0x10,
    LSR_THRE = 0x20,
    LSR_TEMT = 0x40,
    LSR_FIFO = 0x80,
    LSR_CHAR_ERRORS = LSR_PE | LSR_FE | LSR_BI,
    MSR_DCTS = 0x01,
    MSR_DDSR = 0x02,
    MSR_TERI = 0x04,
    MSR_DDCD = 0x08,
    MSR_DELTAS = 0x0f,
    MSR_CTS = 0x10,
    MSR_DSR = 0x20,
    MSR_RI = 0x40,
    MSR_DCD = 0x80,
};

struct uart {
    struct kia_dev dev;
    struct kia_irq irq;
    struct kia_chr *chr;
    pthread_mutex_t lock;

    uint8_t ier, fcr, lcr, mcr, msr, scr, dll, dlm;
    uint8_t line_errors; /* LSR_OE and the errors of the oldest character, until LSR is read */
    bool tx_pending; /* the "transmitter empty" interrupt */

    struct { uint8_t data, errors; } rx[FIFO_SIZE];
    unsigned rx_at, rx_len;
    uint8_t tx[FIFO_SIZE]; /* what the back end has not taken yet */
    unsigned tx_len;
};

static unsigned rx_capacity(const struct uart *u)
{
    return u->fcr & FCR_ENABLE ? FIFO_SIZE : 1;
}

static unsigned rx_trigger(const struct uart *u)
{
    static const uint8_t levels[4] = { 1, 4, 8, 14 };

    return u->fcr & FCR_ENABLE ? levels[u->fcr >> 6] : 1;
}

/* The most urgent interrupt that is enabled, as IIR{3:0} (data sheet: interrupt control functions). */
static uint8_t interrupt_id(const struct uart *u)
{
    if ((u->ier & IER_LINE) && u->line_errors)
        return IIR_LINE;
    if ((u->ier & IER_RX) && u->rx_len >= rx_trigger(u))
        return IIR_RX;
    if ((u->ier & IER_RX) && u->rx_len)
        return IIR_TIMEOUT;
    if ((u->ier & IER_TX) && u->tx_pending)
        return IIR_TX;
    if ((u->ier & IER_MODEM) && (u->msr & MSR_DELTAS))
        return IIR_MODEM;
    return IIR_NONE;
}

static void update_irq(struct uart *u)
{
    kia_irq_set(&u->irq, interrupt_id(u) != IIR_NONE);
}

/* Errors show in LSR when their character is the oldest one. */
static void show_oldest(struct uart *u)
{
    if (u->rx_len) {
        u->line_errors |= u->rx[u->rx_at].errors;
        u->rx[u->rx_at].errors = 0;
    }
}

static void rx_put(struct uart *u, uint8_t data, uint8_t errors)
{
    unsigned last;

    if (u->rx_len == rx_capacity(u)) {
        u->line_errors |= LSR_OE;
        if (u->fcr & FCR_ENABLE)
            return; /* the FIFO keeps what it has; a bare receive buffer is overwritten */
        u->rx_len = 0;
    }
    last = (u->rx_at + u->rx_len++) % FIFO_SIZE;
    u->rx[last].data = data;
    u->rx[last].errors = errors;
    show_oldest(u);
}

static uint8_t rx_get(struct uart *u)
{
    uint8_t data = u->rx[u->rx_at].data;

    if (u->rx_len) {
        bool was_full = u->rx_len == rx_capacity(u);

        u->rx_at = (u->rx_at + 1) % FIFO_SIZE;
        u->rx_len--;
        show_oldest(u);
        if (was_full && u->chr)
            kia_chr_accept(u->chr);
    }
    return data;
}

static void rx_clear(struct uart *u)
{
    u->rx_at = u->rx_len = 0;
    if (u->chr)
        kia_chr_accept(u->chr);
}

/* Passes the transmit FIFO on to the back end. */
static void tx_flush(struct uart *u)
{
    unsigned sent = u->chr ? kia_chr_write(u->chr, u->tx, u->tx_len) : u->tx_len;

    if (!u->tx_len)
        return;
    u->tx_len -= sent;
    for (unsigned i = 0; i < u->tx_len; i++)
        u->tx[i] = u->tx[i + sent];
    if (!u->tx_len)
        u->tx_pending = true;
}

static void tx_put(struct uart *u, uint8_t data)
{
    data &= 0x1f << (u->lcr & LCR_LENGTH) | 0x1f;
    u->tx_pending = false;
    if (u->mcr & MCR_LOOP) {
        rx_put(u, data, 0);
        u->tx_pending = true;
        return;
    }
    if (u->tx_len == (u->fcr & FCR_ENABLE ? FIFO_SIZE : 1))
        u->tx_len--; /* written in spite of THRE=0: the last one is overwritten */
    u->tx[u->tx_len++] = data;
    tx_flush(u);
}

/* Modem inputs: in loopback the outputs, else a peer that is always ready. Changes set the delta bits. */
static void update_modem(struct uart *u)
{
    uint8_t inputs = MSR_CTS | MSR_DSR | MSR_DCD, changed;

    if (u->mcr & MCR_LOOP)
        inputs = (u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
                 (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0);
    changed = (u->msr ^ inputs) & (MSR_CTS | MSR_DSR | MSR_DCD);
    if ((u->msr & MSR_RI) && !(inputs & MSR_RI))
        changed |= MSR_RI; /* TERI: the trailing edge alone */
    u->msr = inputs | (u->msr & MSR_DELTAS) | changed >> 4;
}

static void set_fcr(struct uart *u, uint8_t value)
{
    if (!(value & FCR_ENABLE))
        value = 0; /* the other bits count only together with the enable */
    if ((value ^ u->fcr) & FCR_ENABLE)
        value |= FCR_CLEAR_RX | FCR_CLEAR_TX;
    u->fcr = value & (0xc0 | FCR_ENABLE);
    if (value & FCR_CLEAR_RX)
        rx_clear(u);
    if ((value & FCR_CLEAR_TX) && u->tx_len) {
        u->tx_len = 0;
        u->tx_pending = true;
    }
}

static uint8_t get_lsr(struct uart *u)
{
    uint8_t value = u->line_errors;

    if (u->rx_len)
        value |= LSR_DR;
    if (!u->tx_len)
        value |= LSR_THRE | LSR_TEMT;
    if (u->fcr & FCR_ENABLE) {
        bool errors = u->line_errors & LSR_CHAR_ERRORS;

        for (unsigned i = 0; i < u->rx_len; i++)
            errors |= u->rx[(u->rx_at + i) % FIFO_SIZE].errors != 0;
        value |= errors ? LSR_FIFO : 0;
    }
    u->line_errors = 0;
    return value;
}

static uint8_t get_iir(struct uart *u)
{
    uint8_t id = interrupt_id(u);

    if (id == IIR_TX)
        u->tx_pending = false;
    return id | (u->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static uint64_t uart_read(struct kia_dev *dev, uint64_t offset, unsigned size)
{
    struct uart *u = (struct uart *)dev;
    uint8_t value = 0;

    (void)size;
    pthread_mutex_lock(&u->lock);
    switch (offset) {
    case REG_DATA:
        value = u->lcr & LCR_DLAB ? u->dll : rx_get(u);
        break;
    case REG_IER:
        value = u->lcr & LCR_DLAB ? u->dlm : u->ier;
        break;
    case REG_IIR:
        value = get_iir(u);
        break;
    case REG_LCR:
        value = u->lcr;
        break;
    case REG_MCR:
        value = u->mcr;
        break;
    case REG_LSR:
        value = get_lsr(u);
        break;
    case REG_MSR:
        value = u->msr;
        u->msr &= ~MSR_DELTAS;
        break;
    case REG_SCR:
        value = u->scr;
        break;
    }
    update_irq(u);
    pthread_mutex_unlock(&u->lock);
    return value;
}

static void set_ier(struct uart *u, uint8_t value)
{
    value &= IER_WRITABLE;
    /* Enabling it with an empty transmitter raises the interrupt at once: drivers start sending so. */
    if ((value & ~u->ier & IER_TX) && !u->tx_len)
        u->tx_pending = true;
    u->ier = value;
}

static void set_lcr(struct uart *u, uint8_t value)
{
    if ((value & ~u->lcr & LCR_BREAK) && (u->mcr & MCR_LOOP))
        rx_put(u, 0, LSR_BI);
    u->lcr = value;
}

static void set_mcr(struct uart *u, uint8_t value)
{
    u->mcr = value & MCR_WRITABLE;
    update_modem(u);
    if (!(u->mcr & MCR_LOOP) && u->chr)
        kia_chr_accept(u->chr);
}

static void uart_write(struct kia_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
    struct uart *u = (struct uart *)dev;

    (void)size;
    pthread_mutex_lock(&u->lock);
    switch (offset) {
    case REG_DATA:
        if (u->lcr & LCR_DLAB)
            u->dll = value;
        else
            tx_put(u, value);
        break;
    case REG_IER:
        if (u->lcr & LCR_DLAB)
            u->dlm = value;
        else
            set_ier(u, value);
        break;
    case REG_IIR:
        set_fcr(u, value);
        break;
    case REG_LCR:
        set_lcr(u, value);
        break;
    case REG_MCR:
        set_mcr(u, value);
        break;
    case REG_SCR:
        u->scr = value;
        break;
    }
    update_irq(u);
    pthread_mutex_unlock(&u->lock);
}

static size_t front_room(void *opaque)
{
    struct uart *u = opaque;
    size_t room;

    pthread_mutex_lock(&u->lock);
    room = u->mcr & MCR_LOOP ? 0 : rx_capacity(u) - u->rx_len;
    pthread_mutex_unlock(&u->lock);
    return room;
}

static void front_receive(void *opaque, const uint8_t *data, size_t len)
{
    struct uart *u = opaque;

    pthread_mutex_lock(&u->lock);
    for (size_t i = 0; i < len; i++)
        rx_put(u, data[i], 0);
    update_irq(u);
    pthread_mutex_unlock(&u->lock);
}

static void front_break(void *opaque)
{
    struct uart *u = opaque;

    pthread_mutex_lock(&u->lock);
    if (!(u->mcr & MCR_LOOP))
        rx_put(u, 0, LSR_BI);
    update_irq(u);
    pthread_mutex_unlock(&u->lock);
}

static void front_writable(void *opaque)
{
    struct uart *u = opaque;

    pthread_mutex_lock(&u->lock);
    tx_flush(u);
    update_irq(u);
    pthread_mutex_unlock(&u->lock);
}

static void uart_reset(struct kia_dev *dev)
{
    struct uart *u = (struct uart *)dev;

    pthread_mutex_lock(&u->lock);
    u->ier = u->fcr = u->lcr = u->mcr = u->scr = u->line_errors = 0;
    u->dll = 1; /* the data sheet leaves it undefined */
    u->dlm = 0;
    u->tx_pending = false;
    u->msr = MSR_CTS | MSR_DSR | MSR_DCD;
    rx_clear(u);
    update_irq(u);
    pthread_mutex_unlock(&u->lock);
}

static void uart_detach(struct kia_dev *dev)
{
    struct uart *u = (struct uart *)dev;
    struct kia_chr_front none = { 0 };

    if (u->chr)
        kia_chr_set_front(u->chr, &none);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

static const struct kia_dev_ops uart_ops = {
    .name = "uart16550", .access_min = 1, .access_max = 1,
    .read = uart_read, .write = uart_write, .reset = uart_reset, .detach = uart_detach,
};

/**
 * kia_uart_attach - a 16550A whose registers are bytes at @gpa to @gpa + 7
 * Return: 0 or negative errno.
 */
int kia_uart_attach(struct kia_platform *platform, uint64_t gpa, unsigned gsi, struct kia_chr *chr)
{
    struct uart *u = calloc(1, sizeof(*u));

    if (!u)
        return -ENOMEM;
    u->chr = chr;
    pthread_mutex_init(&u->lock, NULL);
    kia_irq_init(&u->irq, platform, gsi);
    kia_dev_attach(platform, &u->dev, &uart_ops);
    uart_reset(&u->dev);
    if (chr) {
        struct kia_chr_front front = { front_room, front_receive, front_break, front_writable, u };

        kia_chr_set_front(chr, &front);
    }
    return kia_dev_map_mmio(&u->dev, gpa, N_REGS);
}
