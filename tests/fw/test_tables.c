/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hand-over state, memory map, EFI, SAL, PCDP, SMBIOS and ACPI tables as an operating system finds them. */
#include "tests/fw/fake.h"

#include "fw/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    *state = fake_new(4);
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static void test_hand_over(void **state)
{
    struct fake *f = *state;
    uint64_t param = f->cpu->gr[28];

    assert_int_equal(f->cpu->ip, 0x4df5760);
    assert_int_equal(f->cpu->psr >> 44 & 1, 1);
    assert_int_equal(f->cpu->psr & (UINT64_C(1) << 36 | 1 << 27 | 1 << 17 | 1 << 14),
                     0); /* physical, i off */
    assert_int_equal(f->cpu->ar[AR_RSC], 0);
    assert_int_equal(f->cpu->ar[AR_KR0], KIA_IO_PORTS_GPA);
    assert_int_equal(f->cpu->gr[12] % 16, 0);
    fake_read(f, f->cpu->ar[AR_BSPSTORE], (uint8_t[64]){ 0 }, 64);
    assert_int_equal(fake64(f, param + 16) % 8, 0);
    char line[64];
    fake_read(f, fake64(f, param), line, sizeof(line));
    assert_string_equal(line, "console=ttyS0 root=/dev/vda");
    assert_int_equal(fake64(f, param + 8), FW_ADDR(FW_EFI_SYSTEM_TABLE));
    assert_int_equal(fake64(f, param + 32), 40);
    assert_int_equal(fake32(f, param + 40), 1);
    assert_int_equal(fake64(f, param + 64), 0xc000000);
    assert_int_equal(fake64(f, param + 72), 0x122345);
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(kia_board_vcpu(&f->board, i)->ip, FW_ADDR(FW_PARK_LOOP));
}

static void test_memory_map(void **state)
{
    struct fake *f = *state;
    uint64_t param = f->cpu->gr[28], map = fake64(f, param + 16), size = fake64(f, param + 24), last = 0,
             ram = 0;
    unsigned count[14] = { 0 };

    assert_int_equal(size % 40, 0);
    for (uint64_t d = map; d < map + size; d += 40) {
        uint32_t type = fake32(f, d);
        uint64_t gpa = fake64(f, d + 8), bytes = fake64(f, d + 24) * 4096, attribute = fake64(f, d + 32);

        assert_true(type < 14 && bytes > 0);
        count[type]++;
        assert_true(gpa >= last);
        last = gpa + bytes;
        if (type == EFI_MMIO_PORTS) {
            assert_int_equal(attribute, EFI_MEMORY_UC);
            assert_int_equal(gpa % (64 << 20), 0);
            assert_int_equal(bytes, 64 << 20);
            continue;
        }
        ram += bytes;
        assert_true(attribute & EFI_MEMORY_WB);
        if (attribute & EFI_MEMORY_RUNTIME)
            assert_true(gpa % 8192 == 0 && bytes % 8192 == 0 &&
                        (type == EFI_RUNTIME_CODE || type == EFI_RUNTIME_DATA));
    }
    assert_int_equal(ram, (UINT64_C(256) << 20) + (UINT64_C(1) << 30));
    assert_int_equal(count[EFI_PAL_CODE], 1);
    assert_int_equal(count[EFI_RUNTIME_CODE], 1);
    assert_int_equal(count[EFI_MMIO_PORTS], 1);
    assert_int_equal(count[EFI_ACPI_NVS], 1);
}

static void check_efi_header(struct fake *f, uint64_t table, uint64_t signature)
{
    uint8_t bytes[256];
    uint32_t size = fake32(f, table + 12), crc = fake32(f, table + 16);

    assert_int_equal(fake64(f, table), signature);
    assert_int_equal(fake32(f, table + 8), 0x1000a);
    assert_true(size <= sizeof(bytes));
    fake_read(f, table, bytes, size);
    put32(bytes + 16, 0);
    assert_int_equal(crc32_efi(bytes, size), crc);
}

static void test_efi_tables(void **state)
{
    static const uint8_t acpi20[] = { 0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11,
                                      0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 };
    struct fake *f = *state;
    uint64_t system = fake64(f, f->cpu->gr[28] + 8), runtime = fake64(f, system + 88),
             config = fake64(f, system + 112);
    uint8_t guid[16];

    assert_int_equal(crc32_efi((const uint8_t *)"123456789", 9), 0xcbf43926);
    check_efi_header(f, system, UINT64_C(0x5453595320494249));
    check_efi_header(f, runtime, UINT64_C(0x56524553544e5552));
    assert_int_equal(fake32(f, system + 12), 120);
    assert_int_equal(fake32(f, runtime + 12), 112);
    assert_int_equal(fake64(f, system + 104), 5);
    fake_read(f, config, guid, 16);
    assert_memory_equal(guid, acpi20, 16);
    assert_int_equal(fake64(f, config + 16), fw_acpi_rsdp());
    assert_int_equal(fake16(f, fake64(f, system + 24)), 'K');
    for (unsigned i = 0; i < 11; i++) {
        uint64_t plabel = fake64(f, runtime + 24 + i * 8);

        assert_int_equal(fake64(f, plabel), FW_ADDR(FW_EFI_ENTRY + i * 16));
        assert_true(fake64(f, plabel + 8) >= FW_ADDR(FW_CODE) &&
                    fake64(f, plabel + 8) < FW_ADDR(FW_CODE + FW_CODE_SIZE));
    }
}

static void test_sal_table(void **state)
{
    static const unsigned sizes[] = { 48, 32, 16, 32, 16, 16 };
    struct fake *f = *state;
    uint64_t table = FW_ADDR(FW_SAL_TABLE), entry = table + 96;
    unsigned seen = 0;

    assert_int_equal(fake32(f, table), 0x5f545353);
    assert_int_equal(fake_sum(f, table, fake32(f, table + 4)), 0);
    assert_int_equal(fake16(f, table + 8), 0x0340);
    for (unsigned i = 0; i < fake16(f, table + 10); i++) {
        uint8_t type = fake8(f, entry);

        assert_true(type < 6);
        seen |= 1u << type;
        if (type == 0) {
            assert_int_equal(fake64(f, entry + 8), FW_ADDR(FW_PAL_CODE));
            assert_int_equal(fake64(f, entry + 16), FW_ADDR(FW_SAL_ENTRY));
        } else if (type == 2) {
            assert_int_equal(fake8(f, entry + 1), 0);
        } else if (type == 5) {
            assert_int_equal(fake8(f, entry + 1), 0);
            assert_int_equal(fake64(f, entry + 8), 0xff);
        }
        entry += sizes[type];
    }
    assert_int_equal(entry, table + fake32(f, table + 4));
    assert_int_equal(seen & 0x25, 0x25);
}

static void test_pcdp(void **state)
{
    struct fake *f = *state;
    uint64_t t = FW_ADDR(FW_PCDP);

    assert_int_equal(fake32(f, t), 0x50444348);
    assert_int_equal(fake32(f, t + 4), 88);
    assert_int_equal(fake_sum(f, t, 88), 0);
    assert_int_equal(fake8(f, t + 8), 3);
    assert_int_equal(fake32(f, t + 36), 1);
    assert_int_equal(fake64(f, t + 40 + 20), KIA_UART0_GPA);
    assert_int_equal(fake32(f, t + 40 + 32), KIA_GSI_UART0);
    assert_int_equal(fake8(f, t + 40 + 41), 0x46);
}

static void test_smbios(void **state)
{
    struct fake *f = *state;
    uint64_t e = FW_ADDR(FW_SMBIOS), s = fake32(f, e + 24), end = s + fake16(f, e + 22);
    unsigned count = 0, processors = 0;

    assert_int_equal(fake_sum(f, e, 31), 0);
    assert_int_equal(fake_sum(f, e + 16, 15), 0);
    while (s < end) {
        uint64_t strings = s + fake8(f, s + 1);

        processors += fake8(f, s) == 4;
        count++;
        while (fake16(f, strings))
            strings++;
        s = strings + 2;
    }
    assert_int_equal(s, end);
    assert_int_equal(count, fake16(f, e + 28));
    assert_int_equal(processors, 4);
}

static uint64_t find_table(struct fake *f, const char *signature)
{
    uint64_t rsdp = fw_acpi_rsdp(), xsdt = fake64(f, rsdp + 24), rsdt = fake32(f, rsdp + 16);
    unsigned n = (fake32(f, xsdt + 4) - 36) / 8;

    assert_int_equal((fake32(f, rsdt + 4) - 36) / 4, n);
    for (unsigned i = 0; i < n; i++) {
        uint64_t table = fake64(f, xsdt + 36 + i * 8);
        char name[5] = { 0 };

        assert_int_equal(fake32(f, rsdt + 36 + i * 4), table);
        assert_int_equal(fake_sum(f, table, fake32(f, table + 4)), 0);
        fake_read(f, table, name, 4);
        if (!strcmp(name, signature))
            return table;
    }
    fail_msg("no table %s", signature);
    return 0;
}

static void test_acpi(void **state)
{
    struct fake *f = *state;
    uint64_t rsdp = fw_acpi_rsdp(), fadt, madt, entry;
    unsigned processors = 0, iosapics = 0;

    assert_int_equal(fake_sum(f, rsdp, 20), 0);
    assert_int_equal(fake_sum(f, rsdp, 36), 0);
    assert_int_equal(fake8(f, rsdp + 15), 2);
    fadt = find_table(f, "FACP");
    assert_int_equal(fake32(f, fadt + 4), 244);
    assert_int_equal(fake8(f, fadt + 8), 3);
    assert_int_equal(fake16(f, fadt + 46), KIA_GSI_SCI);
    assert_int_equal(fake32(f, fadt + 48), 0);
    assert_int_equal(fake32(f, fadt + 56), KIA_PORT_PM1_EVT);
    assert_int_equal(fake64(f, fadt + 148 + 4), KIA_PORT_PM1_EVT);
    assert_int_equal(fake8(f, fadt + 148), 1);
    assert_int_equal(fake32(f, fadt + 112) & 1u << 4, 0);
    assert_int_equal(fake8(f, fadt + 128), KIA_RESET_VALUE);
    assert_int_equal(fake64(f, fadt + 132) % 64, 0);
    assert_int_equal(fake32(f, fake64(f, fadt + 132)), 0x53434146);
    assert_int_equal(fake_sum(f, fake64(f, fadt + 140), fake32(f, fake64(f, fadt + 140) + 4)), 0);
    madt = find_table(f, "APIC");
    assert_int_equal(fake32(f, madt + 36), KIA_PIB_GPA);
    assert_int_equal(fake32(f, madt + 40), 0);
    for (entry = madt + 44; entry < madt + fake32(f, madt + 4); entry += fake8(f, entry + 1)) {
        if (fake8(f, entry) == 7) {
            assert_int_equal(fake8(f, entry + 2), processors);
            assert_int_equal(fake8(f, entry + 3), processors);
            assert_int_equal(fake32(f, entry + 8), 1);
            processors++;
        } else {
            assert_int_equal(fake8(f, entry), 6);
            assert_int_equal(fake64(f, entry + 8), KIA_IOSAPIC_GPA);
            iosapics++;
        }
    }
    assert_int_equal(processors, 4);
    assert_int_equal(iosapics, 1);
    find_table(f, "SPCR");
}

/* The affinity table lists each processor of the MADT and each block of RAM, all in domain 0. */
static void test_srat(void **state)
{
    struct fake *f = *state;
    uint64_t srat = find_table(f, "SRAT"), madt = find_table(f, "APIC"), entry, base, size;
    unsigned processors = 0, blocks = 0;

    assert_int_equal(fake8(f, srat + 8), 1);
    assert_int_equal(fake32(f, srat + 36), 1);
    for (entry = srat + 48; entry < srat + fake32(f, srat + 4); entry += fake8(f, entry + 1)) {
        if (fake8(f, entry) == 0) {
            uint64_t lsapic = madt + 44 + processors++ * 12;

            assert_int_equal(fake8(f, entry + 1), 16);
            assert_int_equal(fake8(f, entry + 2), 0);
            assert_int_equal(fake8(f, entry + 3), fake8(f, lsapic + 3));
            assert_int_equal(fake32(f, entry + 4), 1);
            assert_int_equal(fake8(f, entry + 8), fake8(f, lsapic + 4));
        } else {
            assert_int_equal(fake8(f, entry), 1);
            assert_int_equal(fake8(f, entry + 1), 40);
            assert_int_equal(fake32(f, entry + 2), 0);
            assert_true(kia_mem_ram_block(f->board.vm.mem, blocks++, &base, &size));
            assert_int_equal(fake64(f, entry + 8), base);
            assert_int_equal(fake64(f, entry + 16), size);
            assert_int_equal(fake32(f, entry + 28), 1);
        }
    }
    assert_int_equal(processors, 4);
    assert_true(blocks > 0 && !kia_mem_ram_block(f->board.vm.mem, blocks, &base, &size));
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Runs @command in @dir; shows what it said where it fails. */
static void run_in(const char *dir, const char *command)
{
    char line[512];

    snprintf(line, sizeof(line), "cd %s && { %s; } >out 2>&1 || { cat out; false; }", dir, command);
    assert_int_equal(system(line), 0);
}

/*
 * The compiler of the ACPI project takes every table apart, and puts the DSDT together again to the same
 * bytes. (3168: it would rather have devices than Processor objects, which the operating systems of the time
 * do not know.)
 */
static void check_with_iasl(struct fake *f)
{
    static const char *const names[] = { "FACP", "APIC", "SPCR", "SRAT" };
    uint64_t dsdt = fake64(f, find_table(f, "FACP") + 140);
    uint8_t bytes[32768], again[32768];
    uint32_t size = fake32(f, dsdt + 4);
    char dir[] = "/tmp/kia-fw-XXXXXX", path[64], command[256];
    FILE *file;

    assert_non_null(mkdtemp(dir));
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        uint64_t table = find_table(f, names[i]);

        fake_read(f, table, bytes, fake32(f, table + 4));
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        write_file(path, bytes, fake32(f, table + 4));
        snprintf(command, sizeof(command), "iasl -d %s && ! grep -iE 'error|invalid|unknown' %s.dsl",
                 names[i], names[i]);
        run_in(dir, command);
    }
    assert_true(size <= sizeof(bytes));
    fake_read(f, dsdt, bytes, size);
    snprintf(path, sizeof(path), "%s/dsdt.aml", dir);
    write_file(path, bytes, size);
    run_in(dir, "iasl -d dsdt.aml && iasl -oa -vw 3168 -p again dsdt.dsl && grep -q PNP0501 dsdt.dsl");
    run_in(dir, "iasl -oa -vw 3168 -p again dsdt.dsl | grep -q ' 0 Errors, 0 Warnings, 0 Remarks'");
    snprintf(path, sizeof(path), "%s/again.aml", dir);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(again, 1, sizeof(again), file), size);
    fclose(file);
    assert_memory_equal(again + 36, bytes + 36, size - 36);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

static void test_iasl(void **state)
{
    if (system("command -v iasl >/dev/null 2>&1"))
        skip();
    check_with_iasl(*state);
}

/* A second set-up puts back whatever the last system wrote over, and adds no gates. */
static void test_reset(void **state)
{
    struct fake *f = *state;
    unsigned n_gates = f->board.vm.n_gates;
    uint8_t *before = malloc(FW_CPUS), *after = calloc(1, FW_CPUS);

    assert_true(before && after);
    fake_read(f, KIA_FW_GPA, before, FW_CPUS);
    fake_write(f, KIA_FW_GPA, after, FW_CPUS);
    assert_int_equal(kia_fw_setup(f->fw), 0);
    fake_read(f, KIA_FW_GPA, after, FW_CPUS);
    assert_memory_equal(before, after, FW_CPUS);
    assert_int_equal(f->board.vm.n_gates, n_gates);
    free(before);
    free(after);
}

static void test_bad_images(void **state)
{
    struct fake *f = *state;

    f->board.images[0].gpa = KIA_FW_GPA + KIA_FW_SIZE - 4096;
    assert_int_equal(kia_fw_setup(f->fw), -EINVAL);
    f->board.images[0].gpa = UINT64_C(0xffff000);
    assert_int_equal(kia_fw_setup(f->fw), -EINVAL);
    f->board.images[0].gpa = 0x4000010;
    assert_int_equal(kia_fw_setup(f->fw), -EINVAL);
    f->board.images[0].gpa = 0x4000000;
    assert_int_equal(kia_fw_setup(f->fw), 0);
}

static void test_many_vcpus(void **state)
{
    struct fake *f = fake_new(KIA_FW_MAX_VCPUS);

    (void)state;
    assert_int_equal(kia_board_vcpu(&f->board, KIA_FW_MAX_VCPUS - 1)->ip, FW_ADDR(FW_PARK_LOOP));
    assert_true(fw_cpu_gpa(KIA_FW_MAX_VCPUS, 0) <= KIA_FW_GPA + KIA_FW_SIZE);
    test_iasl((void **)&f);
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hand_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_map, setup, teardown),
        cmocka_unit_test_setup_teardown(test_efi_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sal_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pcdp, setup, teardown),
        cmocka_unit_test_setup_teardown(test_smbios, setup, teardown),
        cmocka_unit_test_setup_teardown(test_acpi, setup, teardown),
        cmocka_unit_test_setup_teardown(test_srat, setup, teardown),
        cmocka_unit_test_setup_teardown(test_iasl, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_images, setup, teardown),
        cmocka_unit_test(test_many_vcpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
