/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EFI runtime services: statuses, results, restarts after a missing page (EFI 1.10, chapter 6). */
#include "tests/fw/fake.h"

#include "fw/bytes.h"
#include "fw/efi_status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum {
    GET_TIME,
    SET_TIME,
    GET_WAKEUP,
    SET_WAKEUP,
    SET_MAP,
    CONVERT,
    GET_VARIABLE,
    NEXT_NAME,
    SET_VARIABLE,
    HIGH_COUNT,
    RESET
};
enum { NV = 1, BS = 2, RT = 4, APPEND = 0x40 };
/* Where arguments lie: each on a page of its own. */
enum {
    NAME = FAKE_SCRATCH,
    GUID = FAKE_SCRATCH + 0x1000,
    ATTRIBUTES = FAKE_SCRATCH + 0x2000,
    SIZE = FAKE_SCRATCH + 0x3000,
    DATA = FAKE_SCRATCH + 0x4000,
    BIG = FAKE_SCRATCH + 0x10000,
};

static int setup(void **state)
{
    *state = fake_new(1);
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static void write64(struct fake *f, uint64_t gpa, uint64_t value)
{
    uint8_t bytes[8];

    put64(bytes, value);
    fake_write(f, gpa, bytes, sizeof(bytes));
}

static void write_name(struct fake *f, const char *name)
{
    uint8_t bytes[256] = { 0 };

    for (size_t i = 0; name[i]; i++)
        bytes[i * 2] = (uint8_t)name[i];
    fake_write(f, NAME, bytes, (strlen(name) + 1) * 2);
}

static void write_guid(struct fake *f, uint8_t first)
{
    uint8_t guid[16] = { first, 1, 2, 3 };

    fake_write(f, GUID, guid, sizeof(guid));
}

static uint64_t set_variable(struct fake *f, const char *name, uint32_t attributes, const char *data)
{
    write_name(f, name);
    write_guid(f, 0x77);
    fake_write(f, DATA, data, strlen(data) + 1);
    return fake_efi(f, SET_VARIABLE, NAME, GUID, attributes, strlen(data), DATA);
}

static uint64_t get_variable(struct fake *f, const char *name, uint64_t room, char *data)
{
    uint64_t status;

    write_name(f, name);
    write_guid(f, 0x77);
    write64(f, SIZE, room);
    status = fake_efi(f, GET_VARIABLE, NAME, GUID, ATTRIBUTES, SIZE, DATA);
    memset(data, 0, 64);
    if (status == EFI_SUCCESS)
        fake_read(f, DATA, data, fake64(f, SIZE));
    return status;
}

static void test_variables(void **state)
{
    struct fake *f = *state;
    char data[64];

    assert_int_equal(get_variable(f, "Boot0001", 64, data), EFI_NOT_FOUND);
    assert_int_equal(set_variable(f, "Boot0001", NV | BS | RT, "first"), EFI_SUCCESS);
    assert_int_equal(get_variable(f, "Boot0001", 64, data), EFI_SUCCESS);
    assert_string_equal(data, "first");
    assert_int_equal(fake32(f, ATTRIBUTES), NV | BS | RT);
    assert_int_equal(get_variable(f, "Boot0001", 4, data), EFI_BUFFER_TOO_SMALL);
    assert_int_equal(fake64(f, SIZE), 5);
    assert_int_equal(get_variable(f, "Boot0001", 5, data), EFI_SUCCESS);
    assert_int_equal(get_variable(f, "boot0001", 64, data), EFI_NOT_FOUND);
    /* Another vendor's. */
    write_guid(f, 0x78);
    assert_int_equal(fake_efi(f, GET_VARIABLE, NAME, GUID, 0, SIZE, DATA), EFI_NOT_FOUND);
    /* Replaced, appended to, other attributes, deleted. */
    assert_int_equal(set_variable(f, "Boot0001", NV | BS | RT, "second one"), EFI_SUCCESS);
    assert_int_equal(set_variable(f, "Boot0001", NV | BS | RT | APPEND, " more"), EFI_SUCCESS);
    assert_int_equal(set_variable(f, "Boot0001", NV | BS | RT | APPEND, ""), EFI_SUCCESS);
    assert_int_equal(get_variable(f, "Boot0001", 64, data), EFI_SUCCESS);
    assert_string_equal(data, "second one more");
    assert_int_equal(set_variable(f, "Boot0001", NV | BS, "x"), EFI_INVALID_PARAMETER);
    assert_int_equal(set_variable(f, "Boot0001", NV | BS | RT, ""), EFI_SUCCESS);
    assert_int_equal(set_variable(f, "Boot0001", NV | BS | RT, ""), EFI_NOT_FOUND);
    assert_int_equal(set_variable(f, "Boot0002", NV | BS | RT, "x"), EFI_SUCCESS);
    assert_int_equal(set_variable(f, "Boot0002", 0, "x"), EFI_SUCCESS);
    assert_int_equal(get_variable(f, "Boot0002", 64, data), EFI_NOT_FOUND);
}

static void test_variable_arguments(void **state)
{
    struct fake *f = *state;
    char data[64];

    /* Attributes: volatile or boot-time variables cannot be made now, runtime needs boot services, unknown
     * bits. */
    assert_int_equal(set_variable(f, "A", BS | RT, "x"), EFI_INVALID_PARAMETER);
    assert_int_equal(set_variable(f, "A", NV | BS, "x"), EFI_INVALID_PARAMETER);
    assert_int_equal(set_variable(f, "A", NV | RT, "x"), EFI_INVALID_PARAMETER);
    assert_int_equal(set_variable(f, "A", NV | BS | RT | 8, "x"), EFI_INVALID_PARAMETER);
    assert_int_equal(set_variable(f, "A", NV | BS | RT | 0x10, "x"), EFI_INVALID_PARAMETER);
    assert_int_equal(set_variable(f, "", NV | BS | RT, "x"), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, SET_VARIABLE, 0, GUID, NV | BS | RT, 1, DATA), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, SET_VARIABLE, NAME, 0, NV | BS | RT, 1, DATA), EFI_INVALID_PARAMETER);
    write_name(f, "A");
    assert_int_equal(fake_efi(f, SET_VARIABLE, NAME, GUID, NV | BS | RT, 1, 0), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, SET_VARIABLE, NAME, GUID, NV | BS | RT, UINT64_MAX, DATA),
                     EFI_OUT_OF_RESOURCES);
    assert_int_equal(fake_efi(f, SET_VARIABLE, KIA_PIB_GPA, GUID, NV | BS | RT, 1, DATA),
                     EFI_INVALID_PARAMETER);
    /* A volatile variable of the firmware is read-only. */
    write_name(f, "LangCodes");
    fake_write(f, GUID,
               (const uint8_t[]){ 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0,
                                  0x98, 0x03, 0x2b, 0x8c },
               16);
    assert_int_equal(fake_efi(f, SET_VARIABLE, NAME, GUID, BS | RT, 1, DATA), EFI_WRITE_PROTECTED);
    assert_int_equal(fake_efi(f, SET_VARIABLE, NAME, GUID, BS | RT, 0, 0), EFI_WRITE_PROTECTED);
    /* GetVariable. */
    assert_int_equal(set_variable(f, "A", NV | BS | RT, "x"), EFI_SUCCESS);
    write64(f, SIZE, 64);
    assert_int_equal(fake_efi(f, GET_VARIABLE, 0, GUID, 0, SIZE, DATA), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, GET_VARIABLE, NAME, 0, 0, SIZE, DATA), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, GET_VARIABLE, NAME, GUID, 0, 0, DATA), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, GET_VARIABLE, NAME, GUID, 0, SIZE, 0), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, GET_VARIABLE, NAME, GUID, 0, SIZE, DATA), EFI_SUCCESS);
    write64(f, SIZE, 0);
    assert_int_equal(fake_efi(f, GET_VARIABLE, NAME, GUID, 0, SIZE, 0), EFI_BUFFER_TOO_SMALL);
    /* A name without an end. */
    for (unsigned i = 0; i < 0x1000; i += 8)
        write64(f, BIG + i, 0x0041004100410041);
    assert_int_equal(fake_efi(f, GET_VARIABLE, BIG, GUID, 0, SIZE, DATA), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, SET_VARIABLE, BIG, GUID, NV | BS | RT, 1, DATA), EFI_INVALID_PARAMETER);
    /* Non-volatile variables outlive a reset. */
    assert_int_equal(kia_fw_setup(f->fw), 0);
    assert_int_equal(get_variable(f, "A", 64, data), EFI_SUCCESS);
    /* A name that ends with its page of RAM, at the end of the block. */
    fake_write(f, (256 << 20) - 4, (const uint8_t[]){ 'A', 0, 0, 0 }, 4);
    assert_int_equal(fake_efi(f, GET_VARIABLE, (256 << 20) - 4, GUID, 0, SIZE, DATA), EFI_SUCCESS);
}

static void test_store_limits(void **state)
{
    struct fake *f = *state;
    unsigned made = 0;
    uint64_t status;

    write_guid(f, 0x77);
    write_name(f, "big");
    assert_int_equal(fake_efi(f, SET_VARIABLE, NAME, GUID, NV | BS | RT, (32 << 10) + 1, BIG),
                     EFI_OUT_OF_RESOURCES);
    for (;;) {
        char name[16];

        snprintf(name, sizeof(name), "v%u", made);
        write_name(f, name);
        status = fake_efi(f, SET_VARIABLE, NAME, GUID, NV | BS | RT, 32 << 10, BIG);
        if (status)
            break;
        made++;
    }
    assert_int_equal(status, EFI_OUT_OF_RESOURCES);
    assert_int_equal(made, 7); /* 256 KiB less names */
    write_name(f, "v0");
    assert_int_equal(fake_efi(f, SET_VARIABLE, NAME, GUID, NV | BS | RT | APPEND, 1, BIG),
                     EFI_OUT_OF_RESOURCES);
    assert_int_equal(fake_efi(f, SET_VARIABLE, NAME, GUID, NV | BS | RT, 1, BIG), EFI_SUCCESS);
    write_name(f, "again");
    assert_int_equal(fake_efi(f, SET_VARIABLE, NAME, GUID, NV | BS | RT, 32 << 10, BIG), EFI_SUCCESS);
}

static void test_next_name(void **state)
{
    static const char *const expected[] = { "ConIn", "ConOut", "ErrOut", "Lang", "LangCodes", "Mine" };
    struct fake *f = *state;

    assert_int_equal(set_variable(f, "Mine", NV | BS | RT, "x"), EFI_SUCCESS);
    write_name(f, "");
    for (unsigned i = 0; i < 6; i++) {
        size_t length = strlen(expected[i]);

        write64(f, SIZE, 4);
        assert_int_equal(fake_efi(f, NEXT_NAME, SIZE, NAME, GUID),
                         i ? EFI_INVALID_PARAMETER
                           : EFI_BUFFER_TOO_SMALL); /* then the old name has no end in 4 bytes */
        write64(f, SIZE, 128);
        assert_int_equal(fake_efi(f, NEXT_NAME, SIZE, NAME, GUID), EFI_SUCCESS);
        assert_int_equal(fake64(f, SIZE), (length + 1) * 2);
        for (size_t c = 0; c <= length; c++)
            assert_int_equal(fake16(f, NAME + c * 2), expected[i][c]);
    }
    assert_int_equal(fake8(f, GUID), 0x77);
    write64(f, SIZE, 128);
    assert_int_equal(fake_efi(f, NEXT_NAME, SIZE, NAME, GUID), EFI_NOT_FOUND);
    write_name(f, "Nobody");
    assert_int_equal(fake_efi(f, NEXT_NAME, SIZE, NAME, GUID), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, NEXT_NAME, 0, NAME, GUID), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, NEXT_NAME, SIZE, 0, GUID), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, NEXT_NAME, SIZE, NAME, 0), EFI_INVALID_PARAMETER);
    write64(f, SIZE, 0);
    assert_int_equal(fake_efi(f, NEXT_NAME, SIZE, NAME, GUID), EFI_INVALID_PARAMETER);
}

static void test_time(void **state)
{
    struct fake *f = *state;
    uint8_t time[16];

    f->board.now.tv_sec = 951782399; /* 2000-02-28 23:59:59 UTC */
    assert_int_equal(fake_efi(f, GET_TIME, DATA, SIZE), EFI_SUCCESS);
    fake_read(f, DATA, time, sizeof(time));
    assert_memory_equal(time, ((const uint8_t[]){ 0xd0, 7, 2, 28, 23, 59, 59, 0 }), 8);
    assert_int_equal(get32(time + 8), 5000);
    assert_int_equal(fake_efi(f, GET_TIME, 0, 0), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, GET_TIME, DATA, 0), EFI_SUCCESS);
    /* Leap day, time zone kept. */
    time[3] = 29;
    put32(time + 8, 0);
    put16(time + 12, 60);
    time[14] = 1;
    fake_write(f, DATA, time, sizeof(time));
    assert_int_equal(fake_efi(f, SET_TIME, DATA), EFI_SUCCESS);
    assert_int_equal(f->board.now.tv_sec, 951782399 + 86400);
    assert_int_equal(fake_efi(f, GET_TIME, BIG, 0), EFI_SUCCESS);
    assert_int_equal(fake64(f, BIG), fake64(f, DATA));
    assert_int_equal(fake64(f, BIG + 8), fake64(f, DATA + 8));
    /* One field wrong at a time. */
    static const struct {
        unsigned offset;
        uint16_t value;
    } wrong[] = { { 0, 1899 },
                  { 0, 10000 },
                  { 0, 2001 },
                  { 2, 29 << 8 | 0 },
                  { 2, 29 << 8 | 13 },
                  { 2, 2 },
                  { 2, 30 << 8 | 2 },
                  { 4, 59 << 8 | 24 },
                  { 4, 60 << 8 },
                  { 6, 60 },
                  { 10, 0x4000 },
                  { 12, 1441 },
                  { 12, (uint16_t)-1441 },
                  { 14, 4 } };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint8_t bad[16];

        memcpy(bad, time, sizeof(bad));
        put16(bad + wrong[i].offset, wrong[i].value);
        fake_write(f, DATA, bad, sizeof(bad));
        assert_int_equal(fake_efi(f, SET_TIME, DATA), EFI_INVALID_PARAMETER);
    }
    assert_int_equal(f->board.now.tv_sec, 951782399 + 86400);
    assert_int_equal(fake_efi(f, SET_TIME, 0), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, GET_WAKEUP, DATA, DATA, DATA), EFI_UNSUPPORTED);
    assert_int_equal(fake_efi(f, SET_WAKEUP, 0, 0), EFI_UNSUPPORTED);
    assert_int_equal(fake_efi(f, CONVERT, 0, DATA), EFI_UNSUPPORTED);
}

static void test_reset_and_count(void **state)
{
    struct fake *f = *state;
    uint32_t first;

    fake_efi(f, RESET, 0);
    fake_efi(f, RESET, 1);
    assert_int_equal(f->board.n_resets, 2);
    fake_efi(f, RESET, 2);
    assert_int_equal(f->board.n_poweroffs, 1);
    assert_int_equal(fake_efi(f, HIGH_COUNT, 0), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, HIGH_COUNT, DATA), EFI_SUCCESS);
    first = fake32(f, DATA);
    f->cpu->retry_after = 0;
    fake_efi(f, HIGH_COUNT, DATA);
    assert_int_equal(fake_efi(f, HIGH_COUNT, DATA), EFI_SUCCESS);
    assert_int_equal(fake32(f, DATA), first + 1);
}

/* Whatever access misses its page first: called again, a service does what it would have done at once. */
static void test_restarts(void **state)
{
    struct fake *f = *state;

    for (int miss = 0; miss < 8; miss++) {
        char data[64] = { 0 };

        write_guid(f, 0x77);
        write_name(f, "R");
        fake_write(f, DATA, "ab", 2);
        for (unsigned i = 0; i < 2; i++) { /* appended once, although called twice */
            f->cpu->gr[8] = 0x5a5a;
            f->cpu->retry_after = i ? -1 : miss;
            if (fake_efi(f, SET_VARIABLE, NAME, GUID, NV | BS | RT | (miss ? APPEND : 0), 2, DATA) ==
                EFI_SUCCESS)
                break;
            assert_int_equal(f->cpu->gr[8], 0x5a5a);
        }
        write64(f, SIZE, 64);
        f->cpu->retry_after = miss;
        for (unsigned i = 0; i < 2; i++) {
            f->cpu->gr[8] = 0x5a5a;
            if (fake_efi(f, GET_VARIABLE, NAME, GUID, ATTRIBUTES, SIZE, DATA) == EFI_SUCCESS)
                break;
        }
        f->cpu->retry_after = -1;
        assert_int_equal(f->cpu->gr[8], EFI_SUCCESS);
        assert_int_equal(fake64(f, SIZE), 2 * (miss + 1));
        fake_read(f, DATA, data, 2 * (unsigned)(miss + 1));
        for (int i = 0; i <= miss; i++)
            assert_memory_equal(data + 2 * i, "ab", 2);
    }
}

/* GetNextVariableName changes what it reads: a miss before its first change must leave all as it was. */
static void test_restart_of_next_name(void **state)
{
    struct fake *f = *state;

    for (int miss = 0; miss < 8; miss++) {
        write_name(f, "");
        write64(f, SIZE, 128);
        f->cpu->gr[8] = 0x5a5a;
        f->cpu->retry_after = miss;
        if (fake_efi(f, NEXT_NAME, SIZE, NAME, GUID) != EFI_SUCCESS) {
            assert_int_equal(f->cpu->gr[8], 0x5a5a);
            assert_int_equal(fake16(f, NAME), 0);
            assert_int_equal(fake64(f, SIZE), 128);
            f->cpu->retry_after = -1;
            assert_int_equal(fake_efi(f, NEXT_NAME, SIZE, NAME, GUID), EFI_SUCCESS);
        }
        assert_int_equal(fake16(f, NAME + 6), 'I'); /* ConIn */
        f->cpu->retry_after = -1;
    }
}

static uint64_t make_map(struct fake *f, unsigned stride)
{
    uint64_t at = BIG;

    for (unsigned i = 0; i < f->fw->n_ranges; i++, at += stride) {
        uint64_t attribute = f->fw->ranges[i].attribute;
        uint64_t region = attribute & EFI_MEMORY_WB ? 7 : 6;

        write64(f, at, f->fw->ranges[i].type);
        write64(f, at + 8, f->fw->ranges[i].gpa);
        write64(f, at + 16, attribute & EFI_MEMORY_RUNTIME ? region << 61 | f->fw->ranges[i].gpa : 0);
        write64(f, at + 24, f->fw->ranges[i].size / 4096);
        write64(f, at + 32, attribute);
    }
    return at - BIG;
}

static void check_crc(struct fake *f, uint64_t table)
{
    uint8_t bytes[128];
    uint32_t size = fake32(f, table + 12);

    fake_read(f, table, bytes, size);
    put32(bytes + 16, 0);
    assert_int_equal(fake32(f, table + 16), crc32_efi(bytes, size));
}

static void test_virtual_address_map(void **state)
{
    const uint64_t region7 = UINT64_C(7) << 61, system = FW_ADDR(FW_EFI_SYSTEM_TABLE),
                   runtime = FW_ADDR(FW_EFI_RUNTIME_TABLE);
    struct fake *f = *state;
    uint64_t size = make_map(f, 48);

    assert_int_equal(fake_efi(f, SET_MAP, size, 48, 2, BIG), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, SET_MAP, size, 39, 1, BIG), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, SET_MAP, size, 0, 1, BIG), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, SET_MAP, size, 48, 1, 0), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, SET_MAP, UINT64_MAX, 48, 1, BIG), EFI_INVALID_PARAMETER);
    assert_int_equal(fake_efi(f, SET_MAP, 48, 48, 1, BIG), EFI_NO_MAPPING);
    assert_int_equal(fake_efi(f, SET_MAP, 0, 48, 1, BIG), EFI_NO_MAPPING);
    write64(f, BIG + size + 8, 0x12340000);
    write64(f, BIG + size + 32, EFI_MEMORY_RUNTIME);
    assert_int_equal(fake_efi(f, SET_MAP, size + 48, 48, 1, BIG), EFI_NOT_FOUND);
    assert_int_equal(fake64(f, runtime + 24), FW_ADDR(FW_PLABELS)); /* nothing has changed so far */
    f->cpu->retry_after = 1;
    f->cpu->gr[8] = 0x5a5a;
    assert_int_equal(fake_efi(f, SET_MAP, size, 48, 1, BIG), 0x5a5a);
    assert_int_equal(fake64(f, runtime + 24), FW_ADDR(FW_PLABELS));
    assert_int_equal(fake_efi(f, SET_MAP, size, 48, 1, BIG), EFI_SUCCESS);
    for (unsigned i = 0; i < 11; i++) {
        uint64_t plabel = fake64(f, runtime + 24 + i * 8);

        assert_int_equal(plabel, region7 | FW_ADDR(FW_PLABELS + i * 16));
        assert_int_equal(fake64(f, plabel & ~region7), region7 | FW_ADDR(FW_EFI_ENTRY + i * 16));
        assert_int_equal(fake64(f, (plabel & ~region7) + 8), region7 | FW_ADDR(FW_CODE));
    }
    assert_int_equal(fake64(f, system + 88), region7 | runtime);
    assert_int_equal(fake64(f, system + 24), region7 | FW_ADDR(FW_EFI_VENDOR));
    assert_int_equal(fake64(f, system + 112), region7 | FW_ADDR(FW_EFI_CONFIG_TABLE));
    check_crc(f, system);
    check_crc(f, runtime);
    assert_int_equal(fake_efi(f, SET_MAP, size, 48, 1, BIG), EFI_UNSUPPORTED);
    /* A call through the new addresses; FPSWA through its own. */
    f->cpu->gr[32] = region7 | DATA;
    f->cpu->gr[33] = 0;
    fake_gate_at(f, f->cpu, fake64(f, fake64(f, runtime + 24) & ~region7));
    assert_int_equal(f->cpu->gr[8], EFI_SUCCESS);
    uint64_t fpswa = fake64(f, FW_ADDR(FW_FPSWA_TABLE) + 8);
    assert_int_equal(fpswa >> 61, 7);
    fake_gate_at(f, f->cpu, fake64(f, fpswa & ~region7));
    assert_int_equal(f->cpu->gr[8], 1);
    /* Physical again after a reset. */
    assert_int_equal(kia_fw_setup(f->fw), 0);
    assert_int_equal(fake64(f, runtime + 24), FW_ADDR(FW_PLABELS));
    assert_int_equal(fake_efi(f, SET_MAP, size, 48, 1, BIG), EFI_SUCCESS);
}

static void test_nat_arguments(void **state)
{
    struct fake *f = *state;

    f->cpu->gr[32] = DATA;
    f->cpu->nat[32] = true;
    fake_gate_at(f, f->cpu, FW_ADDR(FW_EFI_ENTRY + SET_TIME * 16));
    assert_int_equal(f->cpu->gr[8], EFI_INVALID_PARAMETER);
    f->cpu->nat[32] = false;
    f->cpu->nat[34] = true; /* not an argument of GetTime */
    f->cpu->gr[33] = 0;
    fake_gate_at(f, f->cpu, FW_ADDR(FW_EFI_ENTRY + GET_TIME * 16));
    assert_int_equal(f->cpu->gr[8], EFI_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_variables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_variable_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_next_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_and_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restarts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_of_next_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_virtual_address_map, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nat_arguments, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
