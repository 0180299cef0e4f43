/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCDP 2.0 (table "HCDP", revision 3): where the console is, for early output. */
#include "fw/bytes.h"
#include "fw/internal.h"

enum {
    HEADER_SIZE = 40,
    UART_SIZE = 48,
    REVISION = 3,
    FLAG_ACTIVE_LOW = 2,
    FLAG_PRIMARY = 4,
    FLAG_IRQ_VALID = 0x40,
    BAUD = 115200,
};
static_assert(HEADER_SIZE + UART_SIZE <= FW_SMBIOS - FW_PCDP, "the table has its place");

/* 8 data bits, no parity, one stop bit; a level, active-low pin; clock rate 0 is the PC's 1.8432 MHz. */
static void put_uart(uint8_t *u)
{
    put8(u, 0); /* console */
    put8(u + 1, 8);
    put8(u + 2, 1);
    put8(u + 3, 1);
    put64(u + 8, BAUD);
    put8(u + 16, 0); /* memory space */
    put8(u + 17, 8);
    put64(u + 20, KIA_UART0_GPA);
    put32(u + 32, KIA_GSI_UART0);
    put8(u + 41, FLAG_ACTIVE_LOW | FLAG_PRIMARY | FLAG_IRQ_VALID);
}

/**
 * fw_pcdp_write - write the table, with one UART or none
 * Return: 0 or negative errno.
 */
int fw_pcdp_write(struct kia_fw *fw)
{
    uint8_t table[HEADER_SIZE + UART_SIZE] = { 0 };
    size_t size = fw->info->has_uart0 ? sizeof(table) : HEADER_SIZE;

    put_table_header(table, "HCDP", size, REVISION);
    if (fw->info->has_uart0) {
        put32(table + 36, 1);
        put_uart(table + HEADER_SIZE);
    }
    put8(table + 9, checksum8(table, size));
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_PCDP), table, size);
}
