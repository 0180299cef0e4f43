/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a Linux kernel gets in r28: boot parameters, command line, memory map. */
#include "fw/bytes.h"
#include "fw/internal.h"
#include "vmm/log.h"

#include <errno.h>
#include <string.h>

enum { BOOT_PARAM_SIZE = 80, CONSOLE_COLUMNS = 80, CONSOLE_ROWS = 25 };
static_assert(FW_MAX_RANGES * EFI_DESCRIPTOR_SIZE <= FW_MEMMAP_SIZE, "the memory map has its place");

/**
 * fw_boot_write - write struct ia64_boot_param and what it points to
 * Layout: uapi/asm/setup.h of Linux; all pointers are physical.
 * Return: 0 or negative errno with a message.
 */
int fw_boot_write(struct kia_fw *fw)
{
    struct kia_mem *mem = fw->info->mem;
    uint8_t param[BOOT_PARAM_SIZE] = { 0 };
    uint8_t map[FW_MEMMAP_SIZE];
    unsigned map_size = fw_memmap_put(fw, map);
    size_t cmdline_size = strlen(fw->info->cmdline) + 1;
    int err;

    if (cmdline_size > FW_CMDLINE_SIZE)
        return kia_err(-EINVAL, "kernel command line of %zu bytes: at most %d can be passed on",
                       cmdline_size - 1, FW_CMDLINE_SIZE - 1);
    put64(param, FW_ADDR(FW_CMDLINE));
    put64(param + 8, FW_ADDR(FW_EFI_SYSTEM_TABLE));
    put64(param + 16, FW_ADDR(FW_MEMMAP));
    put64(param + 24, map_size);
    put64(param + 32, EFI_DESCRIPTOR_SIZE);
    put32(param + 40, EFI_DESCRIPTOR_VERSION);
    put16(param + 44, CONSOLE_COLUMNS);
    put16(param + 46, CONSOLE_ROWS);
    put64(param + 56, FW_ADDR(FW_FPSWA_TABLE));
    put64(param + 64, fw->info->initrd_size ? fw->info->initrd_gpa : 0);
    put64(param + 72, fw->info->initrd_size);
    err = kia_mem_write(mem, FW_ADDR(FW_MEMMAP), map, map_size);
    if (!err)
        err = kia_mem_write(mem, FW_ADDR(FW_CMDLINE), fw->info->cmdline, cmdline_size);
    if (!err)
        err = kia_mem_write(mem, FW_ADDR(FW_BOOT_PARAM), param, sizeof(param));
    return err;
}
