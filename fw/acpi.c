/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI 2.0 tables: RSDP, RSDT, XSDT, FADT, FACS, MADT, SRAT, SPCR, DSDT. */
#include "fw/bytes.h"
#include "fw/dsdt.h"
#include "fw/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_SIZE = 36,
    RSDP_SIZE = 36,
    FADT_SIZE = 244,
    FACS_SIZE = 64,
    SPCR_SIZE = 80,
    MADT_FIXED = 44,
    LSAPIC_SIZE = 12,
    IOSAPIC_SIZE = 16,
    SRAT_FIXED = 48,
    SRAT_CPU_SIZE = 16,
    SRAT_MEMORY_SIZE = 40,
    TABLE_ALIGN = 16,
    MAX_TABLES = 8,
    IOSAPIC_ID = 0,
};
enum { GAS_MEMORY = 0, GAS_IO = 1 };

/* The tables' memory being filled, and what the root tables list. */
struct tables {
    uint8_t area[FW_ACPI_SIZE];
    size_t used;
    bool full;
    uint64_t listed[MAX_TABLES];
    unsigned n_listed;
};

uint64_t fw_acpi_rsdp(void)
{
    return FW_ADDR(FW_ACPI);
}

/* Room for a table; NULL (and it stays so) when the area is full. */
static uint8_t *place(struct tables *t, size_t size, uint64_t *gpa)
{
    size_t at = (t->used + TABLE_ALIGN - 1) & ~(size_t)(TABLE_ALIGN - 1);

    if (t->full || at + size > sizeof(t->area)) {
        t->full = true;
        return NULL;
    }
    t->used = at + size;
    *gpa = FW_ADDR(FW_ACPI) + at;
    return t->area + at;
}

static void seal(uint8_t *table, size_t size)
{
    put8(table + 9, 0);
    put8(table + 9, checksum8(table, size));
}

/* Generic address structure, 12 bytes; @bits wide. */
static void put_gas(uint8_t *at, unsigned space, unsigned bits, uint64_t address)
{
    put8(at, (uint8_t)space);
    put8(at + 1, (uint8_t)bits);
    put16(at + 2, 0);
    put64(at + 4, address);
}

static uint64_t put_dsdt(struct tables *t, const struct kia_fw *fw)
{
    struct aml aml = { 0 };
    uint64_t gpa = 0;
    uint8_t *table;

    dsdt_put(&aml, fw->info->n_vcpus, fw->info->has_uart0, fw->info->n_uarts);
    t->full = t->full || aml.failed;
    table = place(t, HEADER_SIZE + aml.size, &gpa);
    if (table) {
        put_table_header(table, "DSDT", HEADER_SIZE + aml.size, 2);
        memcpy(table + HEADER_SIZE, aml.data, aml.size);
        seal(table, HEADER_SIZE + aml.size);
    }
    aml_free(&aml);
    return gpa;
}

/* Linux takes the SCI of revision 3 with 244 bytes only. No SMI_CMD: ACPI mode is always on. The power button
 * is fixed hardware. */
static void put_fadt(struct tables *t, uint64_t dsdt)
{
    const uint32_t flags = 1u << 0 /* WBINVD */ | 1u << 2 /* PROC_C1 */ |
                           1u << 5 /* no fixed sleep button */ | 1u << 6 /* no fixed RTC wake */ |
                           1u << 8 /* 32-bit timer */ | 1u << 10 /* reset register */;
    uint64_t gpa;
    uint8_t *f = place(t, FADT_SIZE, &gpa);

    if (!f)
        return;
    t->listed[t->n_listed++] = gpa;
    put_table_header(f, "FACP", FADT_SIZE, 3);
    put32(f + 36, (uint32_t)FW_ADDR(FW_NVS));
    put32(f + 40, (uint32_t)dsdt);
    put8(f + 45, 4); /* preferred profile: enterprise server */
    put16(f + 46, KIA_GSI_SCI);
    put32(f + 56, KIA_PORT_PM1_EVT);
    put32(f + 64, KIA_PORT_PM1_CNT);
    put32(f + 76, KIA_PORT_PM_TMR);
    put8(f + 88, 4);
    put8(f + 89, 2);
    put8(f + 91, 4);
    put16(f + 96, 0x65);  /* no C2 */
    put16(f + 98, 0x3e9); /* no C3 */
    put32(f + 112, flags);
    put_gas(f + 116, GAS_IO, 8, KIA_PORT_RESET);
    put8(f + 128, KIA_RESET_VALUE);
    put64(f + 132, FW_ADDR(FW_NVS));
    put64(f + 140, dsdt);
    put_gas(f + 148, GAS_IO, 32, KIA_PORT_PM1_EVT);
    put_gas(f + 172, GAS_IO, 16, KIA_PORT_PM1_CNT);
    put_gas(f + 208, GAS_IO, 32, KIA_PORT_PM_TMR);
    seal(f, FADT_SIZE);
}

static int write_facs(struct kia_fw *fw)
{
    uint8_t facs[FACS_SIZE] = { 0 };

    put_text(facs, 4, "FACS", 0);
    put32(facs + 4, FACS_SIZE);
    put8(facs + 32, 1);
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_NVS), facs, sizeof(facs));
}

/* PCAT_COMPAT is clear: there are no 8259s. Processor ids are those of the DSDT's Processor objects. */
static void put_madt(struct tables *t, const struct kia_fw *fw)
{
    size_t size = MADT_FIXED + IOSAPIC_SIZE + (size_t)fw->info->n_vcpus * LSAPIC_SIZE;
    uint64_t gpa;
    uint8_t *m = place(t, size, &gpa), *entry;

    if (!m)
        return;
    t->listed[t->n_listed++] = gpa;
    put_table_header(m, "APIC", size, 1);
    put32(m + 36, (uint32_t)KIA_PIB_GPA);
    entry = m + MADT_FIXED;
    for (unsigned i = 0; i < fw->info->n_vcpus; i++, entry += LSAPIC_SIZE) {
        uint16_t lid = kia_board_lid(fw->board, i);

        put8(entry, 7);
        put8(entry + 1, LSAPIC_SIZE);
        put8(entry + 2, (uint8_t)i);
        put8(entry + 3, (uint8_t)(lid >> 8));
        put8(entry + 4, (uint8_t)lid);
        put32(entry + 8, 1);
    }
    put8(entry, 6);
    put8(entry + 1, IOSAPIC_SIZE);
    put8(entry + 2, IOSAPIC_ID);
    put32(entry + 4, 0); /* first GSI */
    put64(entry + 8, KIA_IOSAPIC_GPA);
    seal(m, size);
}

/* One node with all processors and all memory, revision 1. Linux with NUMA counts on it from 33 processors on. */
static void put_srat(struct tables *t, const struct kia_fw *fw)
{
    unsigned n_blocks = 0;
    uint64_t gpa, base, length;
    uint8_t *s, *entry;
    size_t size;

    while (kia_mem_ram_block(fw->info->mem, n_blocks, &base, &length))
        n_blocks++;
    size = SRAT_FIXED + (size_t)fw->info->n_vcpus * SRAT_CPU_SIZE + (size_t)n_blocks * SRAT_MEMORY_SIZE;
    s = place(t, size, &gpa);
    if (!s)
        return;
    t->listed[t->n_listed++] = gpa;
    put_table_header(s, "SRAT", size, 1);
    put32(s + 36, 1); /* reserved, but 1 */
    entry = s + SRAT_FIXED;
    for (unsigned i = 0; i < fw->info->n_vcpus; i++, entry += SRAT_CPU_SIZE) {
        uint16_t lid = kia_board_lid(fw->board, i);

        put8(entry, 0);
        put8(entry + 1, SRAT_CPU_SIZE);
        put8(entry + 3, (uint8_t)(lid >> 8));
        put32(entry + 4, 1); /* enabled */
        put8(entry + 8, (uint8_t)lid);
    }
    for (unsigned i = 0; i < n_blocks; i++, entry += SRAT_MEMORY_SIZE) {
        kia_mem_ram_block(fw->info->mem, i, &base, &length);
        put8(entry, 1);
        put8(entry + 1, SRAT_MEMORY_SIZE);
        put64(entry + 8, base);
        put64(entry + 16, length);
        put32(entry + 28, 1); /* enabled */
    }
    seal(s, size);
}

/* Serial port console redirection, revision 1. */
static void put_spcr(struct tables *t)
{
    enum { IRQ_IOSAPIC = 4, BAUD_115200 = 7, TERMINAL_VT_UTF8 = 2 };
    uint64_t gpa;
    uint8_t *s = place(t, SPCR_SIZE, &gpa);

    if (!s)
        return;
    t->listed[t->n_listed++] = gpa;
    put_table_header(s, "SPCR", SPCR_SIZE, 1);
    put8(s + 36, 0); /* 16550 */
    put_gas(s + 40, GAS_MEMORY, 8, KIA_UART0_GPA);
    put8(s + 52, IRQ_IOSAPIC);
    put32(s + 54, KIA_GSI_UART0);
    put8(s + 58, BAUD_115200);
    put8(s + 60, 1); /* stop bits */
    put8(s + 62, TERMINAL_VT_UTF8);
    put16(s + 64, 0xffff); /* no PCI device */
    put16(s + 66, 0xffff);
    seal(s, SPCR_SIZE);
}

static void put_roots(struct tables *t, uint8_t *rsdp)
{
    uint64_t rsdt_gpa = 0, xsdt_gpa = 0;
    size_t rsdt_size = HEADER_SIZE + t->n_listed * 4, xsdt_size = HEADER_SIZE + t->n_listed * 8;
    uint8_t *rsdt = place(t, rsdt_size, &rsdt_gpa), *xsdt = place(t, xsdt_size, &xsdt_gpa);

    if (!rsdt || !xsdt)
        return;
    put_table_header(rsdt, "RSDT", rsdt_size, 1);
    put_table_header(xsdt, "XSDT", xsdt_size, 1);
    for (unsigned i = 0; i < t->n_listed; i++) {
        put32(rsdt + HEADER_SIZE + i * 4, (uint32_t)t->listed[i]);
        put64(xsdt + HEADER_SIZE + i * 8, t->listed[i]);
    }
    seal(rsdt, rsdt_size);
    seal(xsdt, xsdt_size);
    put_text(rsdp, 8, "RSD PTR ", ' ');
    put_text(rsdp + 9, 6, "KVMIA6", ' ');
    put8(rsdp + 15, 2);
    put32(rsdp + 16, (uint32_t)rsdt_gpa);
    put32(rsdp + 20, RSDP_SIZE);
    put64(rsdp + 24, xsdt_gpa);
    put8(rsdp + 8, checksum8(rsdp, 20));
    put8(rsdp + 32, checksum8(rsdp, RSDP_SIZE));
}

/**
 * fw_acpi_write - all ACPI tables; the RSDP is the first (fw_acpi_rsdp())
 * Return: 0, -ENOMEM, -ENOSPC where they outgrow their memory, or another negative errno.
 */
int fw_acpi_write(struct kia_fw *fw)
{
    struct tables *t = calloc(1, sizeof(*t));
    uint64_t gpa;
    uint8_t *rsdp;
    int err;

    if (!t)
        return -ENOMEM;
    rsdp = place(t, RSDP_SIZE, &gpa);
    put_fadt(t, put_dsdt(t, fw));
    put_madt(t, fw);
    put_srat(t, fw);
    if (fw->info->has_uart0)
        put_spcr(t);
    put_roots(t, rsdp);
    err = t->full ? -ENOSPC : kia_mem_write(fw->info->mem, FW_ADDR(FW_ACPI), t->area, sizeof(t->area));
    free(t);
    return err ? err : write_facs(fw);
}
