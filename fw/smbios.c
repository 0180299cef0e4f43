/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS 2.3 tables: firmware, system, chassis, processors, memory. */
#include "fw/bytes.h"
#include "fw/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENTRY_SIZE = 31,
    TABLE_OFFSET = 0x20,
    TABLE_ROOM = FW_SMBIOS_SIZE - TABLE_OFFSET,
    MAJOR = 2,
    MINOR = 3,
    PROCESSOR_FAMILY_ITANIUM = 0x82,
    HANDLE_MEMORY_ARRAY = 0x1000,
    HANDLE_MEMORY_DEVICE = 0x1100,
    HANDLE_MEMORY_MAP = 0x1300,
    HANDLE_PROCESSOR = 0x400,
};

struct smbios {
    uint8_t data[TABLE_ROOM];
    size_t size, largest;
    unsigned count;
    bool full;
};

/* One structure: its formatted part of @size bytes (type, length and handle are put in), then @strings ended
 * by NULL. */
static void put_structure(struct smbios *s, uint8_t type, uint16_t handle, uint8_t *part, uint8_t size,
                          const char *const *strings)
{
    size_t need = size + 2, start = s->size;

    for (unsigned i = 0; strings && strings[i]; i++)
        need += strlen(strings[i]) + 1;
    if (s->full || need > sizeof(s->data) - s->size) {
        s->full = true;
        return;
    }
    put8(part, type);
    put8(part + 1, size);
    put16(part + 2, handle);
    memcpy(s->data + s->size, part, size);
    s->size += size;
    for (unsigned i = 0; strings && strings[i]; i++) {
        memcpy(s->data + s->size, strings[i], strlen(strings[i]) + 1);
        s->size += strlen(strings[i]) + 1;
    }
    if (!strings || !strings[0])
        s->data[s->size++] = 0;
    s->data[s->size++] = 0;
    s->count++;
    if (s->size - start > s->largest)
        s->largest = s->size - start;
}

static void put_firmware(struct smbios *s)
{
    static const char *const strings[] = { "KVM for Itanium", "1.0", "01/01/2024", NULL };
    uint8_t p[0x14] = { 0 };

    p[4] = 1;
    p[5] = 2;
    p[8] = 3;
    put64(p + 10, UINT64_C(1) << 3); /* the usual characteristics are not given */
    p[0x13] = 1u << 0;               /* ACPI */
    put_structure(s, 0, 0, p, sizeof(p), strings);
}

static void put_system(struct smbios *s)
{
    static const char *const strings[] = { "KVM for Itanium", "Virtual machine", "1.0", NULL };
    uint8_t p[0x19] = { 0 };

    p[4] = 1;
    p[5] = 2;
    p[6] = 3;
    memset(p + 8, 0xff, 16); /* UUID not set */
    p[0x18] = 6;             /* woken by the power switch */
    put_structure(s, 1, 0x100, p, sizeof(p), strings);
}

static void put_chassis(struct smbios *s)
{
    static const char *const strings[] = { "KVM for Itanium", NULL };
    uint8_t p[0x11] = { 0 };

    p[4] = 1;
    p[5] = 1;                 /* type: other */
    p[9] = p[10] = p[11] = 3; /* boot, power, thermal state: safe */
    p[12] = 2;                /* security: unknown */
    put_structure(s, 3, 0x300, p, sizeof(p), strings);
}

static void put_processor(struct smbios *s, const struct kia_fw *fw, unsigned cpu)
{
    char socket[16];
    const char *const strings[] = { socket, "GenuineIntel", fw->model->name, NULL };
    uint8_t p[0x23] = { 0 };

    snprintf(socket, sizeof(socket), "CPU%u", cpu);
    p[4] = 1;
    p[5] = 3; /* central processor */
    p[6] = PROCESSOR_FAMILY_ITANIUM;
    p[7] = 2;
    put64(p + 8, fw->model->cpuid3);
    p[16] = 3;
    p[24] = 0x41; /* populated, enabled */
    p[25] = 1;    /* upgrade: other */
    put16(p + 26, 0xffff);
    put16(p + 28, 0xffff);
    put16(p + 30, 0xffff);
    put_structure(s, 4, (uint16_t)(HANDLE_PROCESSOR + cpu), p, sizeof(p), strings);
}

static uint64_t total_ram(const struct kia_fw *fw)
{
    uint64_t gpa, size, total = 0;

    for (unsigned i = 0; kia_mem_ram_block(fw->info->mem, i, &gpa, &size); i++)
        total += size;
    return total;
}

static void put_memory_array(struct smbios *s, uint64_t ram, unsigned n_devices)
{
    uint8_t p[0x0f] = { 0 };

    p[4] = 3; /* system board */
    p[5] = 3; /* system memory */
    p[6] = 3; /* no error correction */
    put32(p + 7, ram >> 10 < 0x80000000 ? (uint32_t)(ram >> 10) : 0x80000000);
    put16(p + 11, 0xfffe);
    put16(p + 13, (uint16_t)n_devices);
    put_structure(s, 16, HANDLE_MEMORY_ARRAY, p, sizeof(p), NULL);
}

/* Sizes in MiB, at most 0x7ffe of them. */
static void put_memory_device(struct smbios *s, unsigned index, uint64_t bytes)
{
    char locator[16];
    const char *const strings[] = { locator, NULL };
    uint8_t p[0x17] = { 0 };

    snprintf(locator, sizeof(locator), "DIMM%u", index);
    put16(p + 4, HANDLE_MEMORY_ARRAY);
    put16(p + 6, 0xfffe);
    put16(p + 8, 64);
    put16(p + 10, 64);
    put16(p + 12, (uint16_t)(bytes >> 20));
    p[14] = 9; /* DIMM */
    p[16] = 1;
    p[18] = 7; /* RAM */
    put_structure(s, 17, (uint16_t)(HANDLE_MEMORY_DEVICE + index), p, sizeof(p), strings);
}

static void put_memory_maps(struct smbios *s, const struct kia_fw *fw)
{
    uint64_t gpa, size;

    for (unsigned i = 0; kia_mem_ram_block(fw->info->mem, i, &gpa, &size); i++) {
        uint8_t p[0x0f] = { 0 };

        if (gpa + size > UINT64_C(0x40000000000)) /* addresses are in KiB, 32 bits */
            continue;
        put32(p + 4, (uint32_t)(gpa >> 10));
        put32(p + 8, (uint32_t)(((gpa + size) >> 10) - 1));
        put16(p + 12, HANDLE_MEMORY_ARRAY);
        p[14] = 1;
        put_structure(s, 19, (uint16_t)(HANDLE_MEMORY_MAP + i), p, sizeof(p), NULL);
    }
}

static void put_memory(struct smbios *s, const struct kia_fw *fw)
{
    const uint64_t most = UINT64_C(0x4000) << 20; /* 16 GiB a device */
    uint64_t ram = total_ram(fw);
    unsigned n = (unsigned)((ram + most - 1) / most);

    if (n > 64)
        n = 64;
    put_memory_array(s, ram, n);
    for (unsigned i = 0; i < n; i++, ram -= most)
        put_memory_device(s, i, ram < most ? ram : most);
    put_memory_maps(s, fw);
}

static void put_entry_point(uint8_t *e, const struct smbios *s)
{
    put_text(e, 4, "_SM_", 0);
    put8(e + 5, ENTRY_SIZE);
    put8(e + 6, MAJOR);
    put8(e + 7, MINOR);
    put16(e + 8, (uint16_t)s->largest);
    put_text(e + 16, 5, "_DMI_", 0);
    put16(e + 22, (uint16_t)s->size);
    put32(e + 24, (uint32_t)FW_ADDR(FW_SMBIOS + TABLE_OFFSET));
    put16(e + 28, (uint16_t)s->count);
    put8(e + 30, MAJOR << 4 | MINOR);
    put8(e + 21, checksum8(e + 16, 15));
    put8(e + 4, checksum8(e, ENTRY_SIZE));
}

/**
 * fw_smbios_write - write the entry point and the structures
 * Return: 0, -ENOMEM, -ENOSPC where they outgrow their memory, or another negative errno.
 */
int fw_smbios_write(struct kia_fw *fw)
{
    struct smbios *s = calloc(1, sizeof(*s));
    uint8_t entry[ENTRY_SIZE] = { 0 }, end[4] = { 0 };
    int err;

    if (!s)
        return -ENOMEM;
    put_firmware(s);
    put_system(s);
    put_chassis(s);
    for (unsigned i = 0; i < fw->info->n_vcpus; i++)
        put_processor(s, fw, i);
    put_memory(s, fw);
    put_structure(s, 127, 0x7f00, end, sizeof(end), NULL);
    put_entry_point(entry, s);
    err = s->full ? -ENOSPC : kia_mem_write(fw->info->mem, FW_ADDR(FW_SMBIOS), entry, sizeof(entry));
    if (!err)
        err = kia_mem_write(fw->info->mem, FW_ADDR(FW_SMBIOS + TABLE_OFFSET), s->data, s->size);
    free(s);
    return err;
}
