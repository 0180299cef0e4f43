/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 16550A against its data sheet, and the character back end behind it. */
#include "tests/dev/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "dev/chr.h"
#include "dev/uart16550.h"

#define UART UINT64_C(0xfec10000)

enum { VECTOR = 0x44, GSI = 4 };

struct uart_machine {
    struct machine *m;
    struct kia_chr *chr;
    int to_guest, from_guest; /* our ends of the pipes */
    pthread_t loop;
};

static struct uart_machine um;

static void *loop_main(void *opaque)
{
    kia_loop_run(opaque);
    return NULL;
}

static int setup(void **state)
{
    int in[2], out[2];

    if (machine_setup(state) || pipe(in) || pipe(out))
        return -1;
    um.m = *state;
    um.to_guest = in[1];
    um.from_guest = out[0];
    um.chr = kia_chr_create(um.m->loop, in[0], out[1], true, NULL);
    if (kia_uart_attach(um.m->platform, UART, GSI, um.chr))
        return -1;
    iosapic_route(um.m, GSI, VECTOR, 0, RTE_LEVEL);
    return pthread_create(&um.loop, NULL, loop_main, um.m->loop);
}

static int teardown(void **state)
{
    struct machine *m = *state;

    kia_loop_stop(m->loop);
    pthread_join(um.loop, NULL);
    kia_platform_destroy(m->platform);
    m->platform = NULL;
    kia_chr_destroy(um.chr);
    close(um.to_guest);
    close(um.from_guest);
    return machine_teardown(state);
}

static uint8_t get(unsigned reg)
{
    return kia_mmio_read(um.m->mem, UART + reg, 1);
}

static void set(unsigned reg, uint8_t value)
{
    kia_mmio_write(um.m->mem, UART + reg, 1, value);
}

static bool irq_came(void)
{
    struct irq irq;
    bool came = take_irq(&irq, 0);

    if (came)
        assert_int_equal(irq.vector, VECTOR);
    return came;
}

static void send_to_guest(const char *text)
{
    assert_int_equal(write(um.to_guest, text, strlen(text)), strlen(text));
}

/* Waits until LSR shows @bits, a minute for a busy host. */
static void wait_lsr(uint8_t bits)
{
    for (unsigned i = 0; i < 60000; i++) {
        if ((get(5) & bits) == bits)
            return;
        usleep(1000);
    }
    fail();
}

static void test_reset_values(void **state)
{
    (void)state;
    assert_int_equal(get(1), 0);
    assert_int_equal(get(2), 0x01);
    assert_int_equal(get(3), 0);
    assert_int_equal(get(4), 0);
    assert_int_equal(get(5), 0x60);
    assert_int_equal(get(6), 0xb0); /* a peer that is ready */
    set(1, 0xff);
    assert_int_equal(get(1), 0x0f);
    set(4, 0xff);
    assert_int_equal(get(4), 0x1f);
    set(4, 0);
    set(7, 0x5a);
    assert_int_equal(get(7), 0x5a);
    /* The divisor's latches hide behind DLAB. */
    set(3, 0x80);
    set(0, 0x0c);
    set(1, 0x34);
    assert_int_equal(get(0), 0x0c);
    assert_int_equal(get(1), 0x34);
    set(3, 0x03);
    assert_int_equal(get(1), 0x0f);
    /* A wider access is a series of bytes. */
    assert_int_equal(kia_mmio_read(um.m->mem, UART + 4, 4) >> 24, 0x5a);
}

static void test_transmit(void **state)
{
    uint8_t buf[5] = { 0 };

    (void)state;
    set(3, 3);
    for (const char *c = "Hello"; *c; c++) {
        assert_int_equal(get(5) & 0x60, 0x60);
        set(0, *c);
    }
    assert_int_equal(read(um.from_guest, buf, 5), 5);
    assert_memory_equal(buf, "Hello", 5);
    set(3, 0); /* 5-bit characters */
    set(0, 0xff);
    assert_int_equal(read(um.from_guest, buf, 1), 1);
    assert_int_equal(buf[0], 0x1f);
}

static void test_transmit_interrupt(void **state)
{
    (void)state;
    set(1, 0x02); /* enabling it with an empty transmitter raises it */
    assert_true(irq_came());
    assert_int_equal(get(2), 0x02); /* reading IIR clears it */
    assert_int_equal(get(2), 0x01);
    iosapic_eoi(um.m, VECTOR);
    assert_false(irq_came());
    set(3, 3);
    set(0, 'x');
    assert_true(irq_came()); /* sent: empty again */
    assert_int_equal(get(2) & 0x0f, 0x02);
    iosapic_eoi(um.m, VECTOR);
    /* Off and on again: Linux's test for it. */
    set(1, 0);
    set(1, 0x02);
    assert_true(irq_came());
    set(1, 0);
    iosapic_eoi(um.m, VECTOR);
    assert_false(irq_came());
}

static void test_receive(void **state)
{
    (void)state;
    set(1, 0x01);
    send_to_guest("A");
    wait_lsr(0x01);
    assert_true(irq_came());
    assert_int_equal(get(2), 0x04); /* no FIFO: receive data */
    assert_int_equal(get(0), 'A');
    assert_int_equal(get(5) & 1, 0);
    assert_int_equal(get(2), 0x01);
    iosapic_eoi(um.m, VECTOR);
    assert_false(irq_came());
}

static void test_fifo_levels(void **state)
{
    (void)state;
    set(2, 0x81); /* FIFO on, trigger level 8 */
    assert_int_equal(get(2), 0xc1);
    set(1, 0x01);
    send_to_guest("1234567");
    wait_lsr(0x01);
    usleep(20000);
    assert_int_equal(get(2), 0xcc); /* below the level: character timeout */
    send_to_guest("89");
    usleep(20000);
    assert_int_equal(get(2), 0xc4); /* at the level: data available */
    assert_int_equal(get(0), '1');
    assert_int_equal(get(0), '2');
    assert_int_equal(get(2), 0xcc);
    set(2, 0x83); /* clear the receive FIFO */
    assert_int_equal(get(5), 0x60);
    assert_int_equal(get(2), 0xc1);
    set(2, 0x00);
    assert_int_equal(get(2), 0x01);
}

static void test_flow(void **state)
{
    char text[101];

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        text[i] = 'a' + i % 26;
    text[100] = 0;
    set(2, 0xc1);
    send_to_guest(text);
    for (unsigned i = 0; i < 100; i++) {
        wait_lsr(0x01);
        assert_int_equal(get(5) & 0x02, 0); /* the sender waits: no overrun */
        assert_int_equal(get(0), text[i]);
    }
}

/* A front end whose guest reads each byte as soon as it is there: room for one, never full when it is asked. */
struct quick_guest {
    uint8_t got[64];
    atomic_size_t n;
};

static size_t quick_room(void *opaque)
{
    (void)opaque;
    return 1;
}

static void quick_receive(void *opaque, const uint8_t *data, size_t len)
{
    struct quick_guest *g = opaque;
    size_t n = atomic_load(&g->n);

    assert_int_equal(len, 1);
    if (n < sizeof(g->got))
        g->got[n] = *data;
    atomic_store(&g->n, n + 1);
}

/* Nobody tells the back end of room that was there all the time. */
static void test_quick_reader(void **state)
{
    static const char text[] = "a guest that reads meanwhile";
    struct quick_guest guest = { .n = 0 };
    const struct kia_chr_front front = { .room = quick_room, .receive = quick_receive, .opaque = &guest };
    int in[2];
    struct kia_loop *loop = kia_loop_create();
    struct kia_chr *chr;
    pthread_t thread;

    (void)state;
    assert_non_null(loop);
    assert_int_equal(pipe(in), 0);
    chr = kia_chr_create(loop, in[0], -1, false, NULL);
    assert_non_null(chr);
    kia_chr_set_front(chr, &front);
    assert_int_equal(write(in[1], text, sizeof(text)), sizeof(text));
    assert_int_equal(pthread_create(&thread, NULL, loop_main, loop), 0);
    for (unsigned i = 0; i < 5000 && atomic_load(&guest.n) < sizeof(text); i++)
        usleep(1000);
    kia_loop_stop(loop);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&guest.n), sizeof(text));
    assert_memory_equal(guest.got, text, sizeof(text));
    kia_chr_destroy(chr);
    kia_loop_destroy(loop);
    close(in[0]);
    close(in[1]);
}

static void test_loopback(void **state)
{
    (void)state;
    set(3, 3);
    set(4, 0x10);
    assert_int_equal(get(6) & 0xf0, 0);
    get(6);
    set(4, 0x10 | 0x01); /* DTR -> DSR */
    assert_int_equal(get(6), 0x22);
    set(4, 0x10 | 0x02); /* RTS -> CTS */
    assert_int_equal(get(6), 0x13);
    set(4, 0x10 | 0x04); /* OUT1 -> RI, whose rise is no event */
    assert_int_equal(get(6), 0x41);
    set(4, 0x10 | 0x08); /* OUT2 -> DCD; RI's fall is TERI */
    assert_int_equal(get(6), 0x8c);
    assert_int_equal(get(6), 0x80); /* deltas are cleared by reading */
    /* Linux's autoconfig: RTS and OUT2 give CTS and DCD. */
    set(4, 0x1a);
    assert_int_equal(get(6) & 0xf0, 0x90);

    set(0, 0x5a);
    assert_int_equal(get(5) & 0x61, 0x61);
    assert_int_equal(get(0), 0x5a);
    /* Overrun: without FIFO the newer one stays, with FIFO the older ones. */
    set(0, 1);
    set(0, 2);
    assert_int_equal(get(5) & 0x03, 0x03);
    assert_int_equal(get(5) & 0x02, 0);
    assert_int_equal(get(0), 2);
    set(2, 0x01);
    for (unsigned i = 0; i < 17; i++)
        set(0, i);
    assert_int_equal(get(5) & 0x03, 0x03);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(get(0), i);
    assert_int_equal(get(5) & 0x01, 0);
    /* A break arrives as a zero character with an error that shows when it is the oldest. */
    set(0, 'x');
    set(3, 0x43);
    assert_int_equal(get(5) & 0x91, 0x81); /* in the FIFO, not at its head */
    assert_int_equal(get(0), 'x');
    assert_int_equal(get(5) & 0x91, 0x91);
    assert_int_equal(get(5) & 0x91, 0x01);
    assert_int_equal(get(0), 0);
}

static void test_priorities(void **state)
{
    (void)state;
    set(4, 0x10);
    get(6);
    set(1, 0x0f);
    set(0, 'a');
    set(0, 'b'); /* overrun: line status first */
    set(4, 0x11);
    assert_int_equal(get(2), 0x06);
    get(5);
    assert_int_equal(get(2), 0x04);
    get(0);
    assert_int_equal(get(2), 0x02);
    assert_int_equal(get(2), 0x00); /* modem status; reading IIR does not clear it */
    assert_int_equal(get(2), 0x00);
    get(6);
    assert_int_equal(get(2), 0x01);
    set(1, 0);
}

static void test_break(void **state)
{
    (void)state;
    set(2, 0x01);
    set(1, 0x04);
    kia_chr_inject_break(um.chr);
    assert_true(irq_came());
    assert_int_equal(get(2), 0xc6);
    assert_int_equal(get(5) & 0x11, 0x11);
    assert_int_equal(get(0), 0);
}

/* A reader that does not read: the guest sees a busy transmitter, and nothing is lost. */
static void test_slow_reader(void **state)
{
    unsigned sent = 0, got = 0;
    uint8_t buf[4096];

    (void)state;
    set(3, 3);
    set(2, 0x01);
    while (get(5) & 0x20) {
        set(0, sent++ % 251);
        assert_true(sent < 1000000);
    }
    assert_true(sent > 65536);
    while (got < sent) {
        ssize_t n = read(um.from_guest, buf, sizeof(buf));

        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(buf[i], got++ % 251);
    }
    wait_lsr(0x60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reset_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transmit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transmit_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fifo_levels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flow, setup, teardown),
        cmocka_unit_test(test_quick_reader),
        cmocka_unit_test_setup_teardown(test_loopback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priorities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_break, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_reader, setup, teardown),
    };

    return cmocka_run_group_tests_name("uart16550", tests, NULL, NULL);
}
