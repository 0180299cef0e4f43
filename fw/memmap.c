/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI memory map: RAM blocks with the firmware's sections and the loaded images carved out, sorted. */
#include "fw/bytes.h"
#include "fw/internal.h"
#include "vmm/log.h"

#include <errno.h>
#include <string.h>

enum { IO_PORTS_SIZE = 64 << 20, EFI_PAGE_SIZE = 4096 };

/* Gives [gpa, gpa + size), which lies inside one Conventional range, another type. */
static int carve(struct kia_fw *fw, enum efi_memory_type type, uint64_t gpa, uint64_t size,
                 uint64_t attribute)
{
    for (unsigned i = 0; i < fw->n_ranges; i++) {
        struct fw_range old = fw->ranges[i];
        struct fw_range part[3];
        unsigned n = 0;

        if (old.type != EFI_CONVENTIONAL || gpa < old.gpa || size > old.size ||
            gpa - old.gpa > old.size - size)
            continue;
        if (gpa > old.gpa)
            part[n++] = (struct fw_range){ EFI_CONVENTIONAL, old.gpa, gpa - old.gpa, old.attribute };
        part[n++] = (struct fw_range){ type, gpa, size, attribute };
        if (gpa + size < old.gpa + old.size)
            part[n++] = (struct fw_range){ EFI_CONVENTIONAL, gpa + size, old.gpa + old.size - gpa - size,
                                           old.attribute };
        if (fw->n_ranges + n - 1 > FW_MAX_RANGES)
            return -ENOSPC;
        memmove(&fw->ranges[i + n], &fw->ranges[i + 1], (fw->n_ranges - i - 1) * sizeof(fw->ranges[0]));
        memcpy(&fw->ranges[i], part, n * sizeof(part[0]));
        fw->n_ranges += n - 1;
        return 0;
    }
    return -EINVAL;
}

static int add_ram(struct kia_fw *fw)
{
    uint64_t gpa, size;

    fw->n_ranges = 0;
    for (unsigned i = 0; kia_mem_ram_block(fw->info->mem, i, &gpa, &size); i++) {
        if (fw->n_ranges == FW_MAX_RANGES)
            return -ENOSPC;
        fw->ranges[fw->n_ranges++] = (struct fw_range){ EFI_CONVENTIONAL, gpa, size,
                                                        EFI_MEMORY_UC | EFI_MEMORY_WB };
    }
    return 0;
}

static int carve_firmware(struct kia_fw *fw)
{
    const uint64_t ram = EFI_MEMORY_UC | EFI_MEMORY_WB;
    const struct {
        enum efi_memory_type type;
        unsigned offset, size;
        uint64_t attribute;
    } sections[] = {
        { EFI_PAL_CODE, FW_PAL_CODE, FW_PAL_SIZE, ram },
        { EFI_RUNTIME_CODE, FW_CODE, FW_CODE_SIZE, ram | EFI_MEMORY_RUNTIME },
        { EFI_RUNTIME_DATA, FW_DATA, FW_DATA_SIZE, ram | EFI_MEMORY_RUNTIME },
        { EFI_ACPI_RECLAIM, FW_ACPI, FW_ACPI_SIZE, ram },
        { EFI_ACPI_NVS, FW_NVS, FW_NVS_SIZE, ram },
        { EFI_LOADER_DATA, FW_BOOT, FW_BOOT_SIZE, ram },
        { EFI_RUNTIME_DATA, FW_CPUS, fw->info->n_vcpus * FW_CPU_SIZE, ram | EFI_MEMORY_RUNTIME },
    };

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        int err = carve(fw, sections[i].type, FW_ADDR(sections[i].offset), sections[i].size,
                        sections[i].attribute);

        if (err)
            return kia_err(err, "firmware needs RAM from 0x%llx to 0x%llx", (unsigned long long)KIA_FW_GPA,
                           (unsigned long long)(KIA_FW_GPA + KIA_FW_SIZE));
    }
    return 0;
}

static int carve_images(struct kia_fw *fw)
{
    for (unsigned i = 0; i < fw->info->n_images; i++) {
        const struct kia_board_image *image = &fw->info->images[i];
        int err;

        if (image->gpa % EFI_PAGE_SIZE || image->size % EFI_PAGE_SIZE)
            return kia_err(-EINVAL, "image at 0x%llx is not made of pages", (unsigned long long)image->gpa);
        if (!image->size)
            continue;
        if (image->gpa < KIA_FW_GPA + KIA_FW_SIZE && image->gpa + image->size > KIA_FW_GPA)
            return kia_err(-EINVAL,
                           "image at 0x%llx overlaps the firmware's memory at 0x%llx: load it above 0x%llx",
                           (unsigned long long)image->gpa, (unsigned long long)KIA_FW_GPA,
                           (unsigned long long)(KIA_FW_GPA + KIA_FW_SIZE));
        err = carve(fw, EFI_LOADER_DATA, image->gpa, image->size, EFI_MEMORY_UC | EFI_MEMORY_WB);
        if (err)
            return kia_err(err, "image at 0x%llx does not lie in RAM", (unsigned long long)image->gpa);
    }
    return 0;
}

/* Memory that is no RAM lies apart from it: put in by address. */
static int add_range(struct kia_fw *fw, struct fw_range range)
{
    unsigned i = fw->n_ranges;

    if (fw->n_ranges == FW_MAX_RANGES)
        return -ENOSPC;
    while (i > 0 && fw->ranges[i - 1].gpa > range.gpa)
        i--;
    memmove(&fw->ranges[i + 1], &fw->ranges[i], (fw->n_ranges - i) * sizeof(range));
    fw->ranges[i] = range;
    fw->n_ranges++;
    return 0;
}

/**
 * fw_memmap_build - make fw->ranges of the RAM blocks, the firmware's sections and the images
 * Linux uses RAM in whole granules of write-back memory whatever the types inside, so types may alternate
 * within one; the PAL code range lies inside one granule. Return: 0 or negative errno with a message.
 */
int fw_memmap_build(struct kia_fw *fw)
{
    int err = add_ram(fw);

    if (!err)
        err = carve_firmware(fw);
    if (!err)
        err = carve_images(fw);
    if (!err)
        err = add_range(fw,
                        (struct fw_range){ EFI_MMIO_PORTS, KIA_IO_PORTS_GPA, IO_PORTS_SIZE, EFI_MEMORY_UC });
    return err;
}

/**
 * fw_memmap_put - the map as EFI memory descriptors
 * @out: room for fw->n_ranges * EFI_DESCRIPTOR_SIZE bytes
 * Return: bytes written.
 */
unsigned fw_memmap_put(const struct kia_fw *fw, uint8_t *out)
{
    for (unsigned i = 0; i < fw->n_ranges; i++, out += EFI_DESCRIPTOR_SIZE) {
        put32(out, fw->ranges[i].type);
        put32(out + 4, 0);
        put64(out + 8, fw->ranges[i].gpa);
        put64(out + 16, 0);
        put64(out + 24, fw->ranges[i].size / EFI_PAGE_SIZE);
        put64(out + 32, fw->ranges[i].attribute);
    }
    return fw->n_ranges * EFI_DESCRIPTOR_SIZE;
}
