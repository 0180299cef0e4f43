/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb's protocol against processors that are arrays: packets, their answers, and nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem/mem.h"
#include "tests/vmm/fake_accel.h"
#include "vmm/gdb_packet.h"
#include "vmm/gdb_session.h"

enum { N_VCPUS = 2, RAM = 1 << 20, OUT_MAX = 1 << 20, FUZZ_ROUNDS = 4000 };

struct fixture {
    struct kia_mem *mem;
    struct kia_vm *vm;
    struct kia_vcpu *vcpus[N_VCPUS];
    struct gdb_session *session;
    char out[OUT_MAX];
    size_t len;
    enum gdb_action actions[N_VCPUS];
    unsigned resumed, interrupted, detached, quits, resets, presses;
    uint64_t balloon;
};

static void on_send(void *opaque, const char *data, size_t len)
{
    struct fixture *f = opaque;

    assert_true(f->len + len < OUT_MAX);
    memcpy(f->out + f->len, data, len);
    f->len += len;
    f->out[f->len] = 0;
}

static void on_resume(void *opaque, const enum gdb_action *actions)
{
    struct fixture *f = opaque;

    memcpy(f->actions, actions, sizeof(f->actions));
    f->resumed++;
}

static void on_interrupt(void *opaque) { ((struct fixture *)opaque)->interrupted++; }
static bool on_halted(void *opaque, unsigned index) { return (void)opaque, index == 1; }
static void on_detach(void *opaque) { ((struct fixture *)opaque)->detached++; }
static void on_quit(void *opaque) { ((struct fixture *)opaque)->quits++; }
static void on_reset(void *opaque) { ((struct fixture *)opaque)->resets++; }
static void on_power_button(void *opaque) { ((struct fixture *)opaque)->presses++; }

static void on_balloon(void *opaque, const uint64_t *set, struct gdb_balloon *state)
{
    struct fixture *f = opaque;

    if (set)
        f->balloon = *set;
    memset(state->stats, 0xff, sizeof(state->stats));
    state->ram = UINT64_C(512) << 20;
    state->held = f->balloon;
    state->stats[4] = UINT64_C(77) << 20;
}

static void open_session(struct fixture *f, bool stopped)
{
    struct gdb_host host = {
        .vm = f->vm, .mem = f->mem, .vcpus = f->vcpus, .n_vcpus = N_VCPUS, .send = on_send, .resume = on_resume,
        .interrupt = on_interrupt, .halted = on_halted, .detach = on_detach, .quit = on_quit, .reset = on_reset,
        .power_button = on_power_button, .balloon = on_balloon, .opaque = f,
    };

    f->session = gdb_session_create(&host, stopped);
    assert_non_null(f->session);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct kia_vm_config config = { .accel = "soft", .cpu = "montecito", .max_vcpus = N_VCPUS };

    assert_non_null(f);
    config.mem = f->mem = kia_mem_create();
    assert_int_equal(kia_mem_add_ram(f->mem, 0, RAM), 0);
    assert_int_equal(kia_vm_create(&config, &f->vm), 0);
    for (unsigned i = 0; i < N_VCPUS; i++)
        assert_int_equal(kia_vcpu_create(f->vm, i, i, 0, &f->vcpus[i]), 0);
    open_session(f, true);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    gdb_session_destroy(f->session);
    kia_vm_destroy(f->vm);
    kia_mem_destroy(f->mem);
    free(f);
    return 0;
}

static void feed(struct fixture *f, const char *text, size_t len)
{
    f->len = 0;
    f->out[0] = 0;
    gdb_session_input(f->session, (const uint8_t *)text, len);
}

static void ask_bytes(struct fixture *f, const char *data, size_t len)
{
    char *packet = malloc(2 * len + 4);

    assert_non_null(packet);
    feed(f, packet, gdb_packet_make(packet, data, len));
    free(packet);
}

/* Sends a packet; what comes back must be an acknowledgement and this answer. */
static void ask(struct fixture *f, const char *packet, const char *answer)
{
    char *expected = malloc(2 * strlen(answer) + 6);
    size_t len;

    assert_non_null(expected);
    expected[0] = '+';
    len = 1 + gdb_packet_make(expected + 1, answer, strlen(answer));
    expected[len] = 0;
    ask_bytes(f, packet, strlen(packet));
    assert_string_equal(f->out, expected);
    free(expected);
}

/* ---- packets ---- */

static void test_framing(void **state)
{
    struct fixture *f = *state;
    char packet[16];

    feed(f, "$?#3f", 5);
    assert_string_equal(f->out, "+$T05thread:1;#d7");
    feed(f, "$?#3e", 5);
    assert_string_equal(f->out, "-");
    feed(f, "-", 1); /* the last answer again */
    assert_string_equal(f->out, "$T05thread:1;#d7");
    feed(f, "xyz+$?#xx", 9);
    assert_string_equal(f->out, "-");
    feed(f, "$g$?#3f", 7); /* one that was cut short */
    assert_string_equal(f->out, "+$T05thread:1;#d7");
    feed(f, "$#00", 4);
    assert_string_equal(f->out, "+");
    assert_int_equal(gdb_packet_make(packet, "a#$}*", 5), 1 + 1 + 8 + 3);
    assert_memory_equal(packet, "$a}\x03}\x04}]}\x0a#", 11);
}

static void test_too_long(void **state)
{
    struct fixture *f = *state;
    char *data = malloc(GDB_PACKET_MAX + 1);

    assert_non_null(data);
    memset(data, 'q', GDB_PACKET_MAX + 1);
    ask_bytes(f, data, GDB_PACKET_MAX);
    assert_string_equal(f->out, "+$#00");
    ask_bytes(f, data, GDB_PACKET_MAX + 1);
    assert_string_equal(f->out, "-");
    free(data);
    ask(f, "qC", "QC1");
}

static void test_queries(void **state)
{
    struct fixture *f = *state;

    ask(f, "qSupported:multiprocess+;swbreak+", "PacketSize=8000;QStartNoAckMode+;vContSupported+;qXfer:features:read+");
    ask(f, "qfThreadInfo", "m1,2");
    ask(f, "qsThreadInfo", "l");
    ask(f, "qThreadExtraInfo,2", "70726f636573736f7220312c206e6f742073746172746564"); /* "processor 1, not started" */
    ask(f, "qThreadExtraInfo,3", "E01");
    ask(f, "qAttached", "1");
    ask(f, "vCont?", "vCont;c;C;s;S");
    ask(f, "vMustReplyEmpty", "");
    ask(f, "T2", "OK");
    ask(f, "T3", "E01");
    ask(f, "T0", "E01");
    ask(f, "Hg2", "OK");
    ask(f, "qC", "QC2");
    ask(f, "Hg-1", "OK");
    ask(f, "Hgx", "E01");
    ask(f, "H", "E01");
    ask(f, "qXfer:features:read:target.xml:1000,10", "l");
    ask(f, "qXfer:features:read:target.xml:0,5", "m<?xml");
    ask(f, "qXfer:features:read:other.xml:0,5", "E00");
    ask(f, "QStartNoAckMode", "OK");
    feed(f, "$qC#b4", 6);
    assert_string_equal(f->out, "$QC2#c6");
}

static void test_registers(void **state)
{
    struct fixture *f = *state;
    uint64_t sig, se;
    bool nat;

    kia_set_cfm(f->vcpus[0], 4);
    kia_set_gr(f->vcpus[0], 12, 0x1122334455667788);
    ask(f, "pc", "8877665544332211");
    ask(f, "P9=0100000000000000", "OK");
    assert_int_equal(kia_get_gr(f->vcpus[0], 9, NULL), 1);
    ask(f, "P86=0000000000000080ffff000000000000", "OK"); /* f6 = 1.0 */
    kia_get_fr(f->vcpus[0], 6, &sig, &se);
    assert_int_equal(sig, UINT64_C(1) << 63);
    assert_int_equal(se, 0xffff);
    ask(f, "p86", "0000000000000080ffff000000000000");
    kia_set_ip(f->vcpus[0], 0x4000);
    ask(f, "p14b", "0040000000000000");
    /* ar.bsp is the end of the frame, ar.unat has the NaTs, ar.rnat those of the frame. */
    kia_set_ar(f->vcpus[0], 17, 0x1000);
    ask(f, "p15f", "2010000000000000");
    kia_set_ar(f->vcpus[0], 36, 0x500000001);
    kia_set_gr_nat(f->vcpus[0], 8, true);
    ask(f, "p172", "0001000005000000");
    ask(f, "P172=0200000007000000", "OK");
    assert_int_equal(kia_get_ar(f->vcpus[0], 36), 0x700000001);
    kia_get_gr(f->vcpus[0], 8, &nat);
    assert_false(nat);
    kia_get_gr(f->vcpus[0], 1, &nat);
    assert_true(nat);
    ask(f, "P161=0300000000000000", "OK");
    assert_int_equal(kia_vcpu_frame_nats(f->vcpus[0]), 3);
    /* What cannot be. */
    ask(f, "P14c=0000000000060000", "E01"); /* ri = 3 */
    ask(f, "P14c=0000000000400000", "E01"); /* psr.vm */
    ask(f, "P14d=7f00000000000000", "E01"); /* sof = 127 */
    ask(f, "p1ce", "E01");
    ask(f, "pffffffffffffffff", "E01");
    ask(f, "p", "E01");
    ask(f, "P1=12", "E01");
    ask(f, "P1", "E01");
}

static void test_all_registers(void **state)
{
    struct fixture *f = *state;
    char *all;

    kia_set_cfm(f->vcpus[0], 4);
    kia_set_gr(f->vcpus[0], 1, 0x55);
    ask_bytes(f, "g", 1);
    assert_int_equal(f->len, 1 + 4 + 2 * (462 * 8 + 128 * 8));
    all = strdup(f->out + 1);
    assert_non_null(all);
    kia_set_gr(f->vcpus[0], 1, 0);
    all[0] = 'G';
    memmove(all + 1, f->out + 2, f->len - 5);
    all[f->len - 4] = 0;
    ask(f, all, "OK");
    assert_int_equal(kia_get_gr(f->vcpus[0], 1, NULL), 0x55);
    free(all);
}

static void test_memory(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[4];

    ask(f, "M1000,4:0123aBff", "OK");
    ask(f, "m1000,4", "0123abff");
    ask_bytes(f, "X1000,3:\x00}#", 11);
    kia_mem_read(f->mem, 0x1000, bytes, 4);
    assert_memory_equal(bytes, "\x00}#\xff", 4);
    ask(f, "X1000,0:", "OK"); /* does the stub know X? */
    ask(f, "mffffe,10", "0000"); /* as much as is there */
    ask(f, "mfffc0,80", "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                        "000000000000000000000000000000");
    ask(f, "m100000,1", "E01");
    ask(f, "M100000,1:00", "E01");
    ask(f, "M1000,8:00", "E01");
    ask(f, "X1000,ffffffffffffffff:a", "E01");
    ask(f, "m1000", "E01");
    ask(f, "m", "E01");
    ask(f, "m,", "E01");
    ask(f, "m11111111111111111,1", "E01");
}

static void test_stops(void **state)
{
    struct fixture *f = *state;

    ask(f, "Z0,4001,8", "OK");
    assert_int_equal(fake_debug().breakpoint, 0x4001);
    ask(f, "z0,4001,8", "OK");
    assert_int_equal(fake_debug().breakpoint, 0);
    ask(f, "Z1,4003,8", "E01");
    ask(f, "Z2,1000,8", "OK");
    assert_int_equal(fake_debug().watch_access, KIA_WATCH_WRITE);
    ask(f, "Z4,1000,8", "OK");
    assert_int_equal(fake_debug().watch_access, KIA_WATCH_READ | KIA_WATCH_WRITE);
    ask(f, "z4,1000,8", "OK");
    assert_int_equal(fake_debug().watch_len, 0);
    ask(f, "Z2,1000,0", "E01");
    ask(f, "Z5,1000,8", "");
    ask(f, "Z", "");
    ask(f, "Z0", "E01");
}

static void test_running(void **state)
{
    struct fixture *f = *state;

    ask_bytes(f, "vCont;s:2;c", 11);
    assert_string_equal(f->out, "+");
    assert_int_equal(f->resumed, 1);
    assert_int_equal(f->actions[0], GDB_CONTINUE);
    assert_int_equal(f->actions[1], GDB_STEP);
    /* A packet while it runs waits; C-c before it does not. */
    feed(f, "\x03$qC#b4", 7);
    assert_int_equal(f->interrupted, 1);
    assert_string_equal(f->out, "+");
    assert_false(gdb_session_wants_input(f->session));
    assert_int_equal(gdb_session_input(f->session, (const uint8_t *)"$", 1), 0);
    f->len = 0;
    gdb_session_stopped(f->session, &(struct gdb_stop){ 1, KIA_STOP_WATCHPOINT, 0x1234 });
    assert_string_equal(f->out, "$T05thread:2;watch:1234;#2e$QC2#c6");
    assert_true(gdb_session_wants_input(f->session));

    ask_bytes(f, "vCont;s:1", 9);
    assert_int_equal(f->actions[0], GDB_STEP);
    assert_int_equal(f->actions[1], GDB_STAY);
    f->len = 0;
    gdb_session_stopped(f->session, &(struct gdb_stop){ 0, KIA_STOP_NONE, 0 });
    assert_string_equal(f->out, "$T02thread:1;#d4");
    ask(f, "vCont;s:3", "E01");
    ask(f, "vCont;t", "E01");
    ask(f, "vCont;", "E01");
    ask(f, "vContx", "");
    ask(f, "c4000", "E01");
    assert_int_equal(f->resumed, 2);
    ask_bytes(f, "s", 1);
    assert_int_equal(f->actions[0], GDB_STEP);
    assert_int_equal(f->actions[1], GDB_CONTINUE);
    f->len = 0;
    gdb_session_ended(f->session);
    assert_string_equal(f->out, "$W00#b7");
}

static void test_leaving(void **state)
{
    struct fixture *f = *state;

    ask(f, "D", "OK");
    assert_int_equal(f->detached, 0); /* the connection stays for the acknowledgement */
    feed(f, "-", 1);
    assert_string_equal(f->out, "$OK#9a");
    assert_int_equal(f->detached, 0);
    feed(f, "+", 1);
    assert_int_equal(f->detached, 1);
    feed(f, "+", 1);
    assert_int_equal(f->detached, 1);
    ask(f, "D", "OK");
    ask(f, "?", "T05thread:1;"); /* it was forgotten */
    assert_int_equal(f->detached, 2);
    ask(f, "QStartNoAckMode", "OK");
    ask_bytes(f, "D", 1);
    assert_string_equal(f->out, "$OK#9a");
    assert_int_equal(f->detached, 3);
    ask_bytes(f, "k", 1);
    assert_int_equal(f->quits, 1);
}

/* The answer's text, decoded; the answer ends with an OK. */
static char *monitor(struct fixture *f, const char *line)
{
    static char text[65536];
    char packet[512] = "qRcmd,", *to = text;
    const char *at;

    gdb_hex_put(packet + 6, line, strlen(line));
    ask_bytes(f, packet, strlen(packet));
    for (at = f->out; (at = strstr(at, "$O")) && at[2] != 'K';) {
        size_t n = (size_t)(strchr(at, '#') - at - 2) / 2;

        assert_true(gdb_hex_bytes(at + 2, to, n));
        to += n;
        at += 2 + 2 * n;
    }
    *to = 0;
    assert_true(f->len >= 6);
    assert_string_equal(f->out + f->len - 6, "$OK#9a");
    return text;
}

static void test_monitor(void **state)
{
    struct fixture *f = *state;
    uint64_t word = 0x123456789abcdef0;

    kia_mem_write(f->mem, 0x2008, &word, 8);
    assert_string_equal(monitor(f, "xp 0x2000 3"), "0000000000002000: 0000000000000000 123456789abcdef0\n"
                                                   "0000000000002010: 0000000000000000\n");
    assert_string_equal(monitor(f, "xp 0x2008"), "0000000000002008: 123456789abcdef0\n");
    assert_string_equal(monitor(f, "xp 0xffff8 2"), "00000000000ffff8: 0000000000000000\nno memory at 0000000000100000\n");
    assert_non_null(strstr(monitor(f, "xp"), "COUNT"));
    assert_non_null(strstr(monitor(f, "xp 0 99999999"), "COUNT"));
    kia_set_ip(f->vcpus[1], 0x5550);
    assert_non_null(strstr(monitor(f, "registers 1"), "ip 0000000000005550\n"));
    assert_string_equal(monitor(f, "registers 2"), "there is no processor 2: there are 0 to 1\n");
    assert_string_equal(monitor(f, "tlb"), "tlb of 0\n");
    assert_non_null(strstr(monitor(f, "nonsense"), "xp ADDRESS [COUNT]"));
    assert_string_equal(monitor(f, "balloon"), "memory MiB 512 of 512\nfree MiB 77\n");
    assert_string_equal(monitor(f, "balloon 500"), "memory MiB 500 of 512\nfree MiB 77\n");
    assert_int_equal(f->balloon, 12 << 20);
    assert_non_null(strstr(monitor(f, "balloon 0"), "1 to 512"));
    assert_non_null(strstr(monitor(f, "balloon 513"), "1 to 512"));
    assert_non_null(strstr(monitor(f, "balloon 18446744073709551615"), "1 to 512"));
    assert_non_null(strstr(monitor(f, "balloon much"), "1 to 512"));
    assert_int_equal(f->balloon, 12 << 20);
    assert_string_equal(monitor(f, "balloon 512"), "memory MiB 512 of 512\nfree MiB 77\n");
    monitor(f, "");
    monitor(f, "system_reset");
    monitor(f, "system_powerdown");
    monitor(f, "quit");
    assert_int_equal(f->resets, 1);
    assert_int_equal(f->presses, 1);
    assert_int_equal(f->quits, 1);
    ask(f, "qRcmd,zz", "E01");
}

/* ---- nonsense ---- */

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

/* Bytes that mean something here and there. */
static size_t random_bytes(char *to, size_t max)
{
    static const char *const pieces[] = { "$", "#", "}", "\x03", "+", "-", "*", ",", ":", ";", "=", "ffffffffffffffff", "0",
                                          "vCont", "qRcmd,", "Z0,", "z4,", "m", "M", "X", "P", "p14", "G", "Hg", "qXfer:" };
    size_t n = 0, wanted = random_below((uint32_t)max);

    while (n < wanted) {
        const char *piece = pieces[random_below(sizeof(pieces) / sizeof(*pieces))];

        if (random_below(2)) {
            to[n++] = (char)random_below(256);
        } else if (n + strlen(piece) < max) {
            memcpy(to + n, piece, strlen(piece));
            n += strlen(piece);
        }
    }
    return n;
}

static void test_nonsense(void **state)
{
    static const char kinds[] = "?gGpPmMXZzHTqQvcCsSDk!bBdRt";
    struct fixture *f = *state;
    char data[600];

    for (unsigned round = 0; round < FUZZ_ROUNDS; round++) {
        size_t n = random_bytes(data, sizeof(data) - 1);

        if (round % 4 == 0) {
            feed(f, data, n);
        } else {
            if (n)
                data[0] = kinds[random_below(sizeof(kinds) - 1)];
            ask_bytes(f, data, n);
        }
        if (random_below(3) == 0)
            gdb_session_stopped(f->session, &(struct gdb_stop){ random_below(N_VCPUS), random_below(4), seed });
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(framing), TEST(too_long), TEST(queries), TEST(registers), TEST(all_registers), TEST(memory),
        TEST(stops), TEST(running), TEST(leaving), TEST(monitor), TEST(nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
