/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EFI 1.10 as an operating system sees it after ExitBootServices: system and runtime table, time, address
 * map, reset; FPSWA. */
#include "fw/bytes.h"
#include "fw/efi_status.h"
#include "fw/internal.h"
#include "fw/variables.h"

#include <string.h>

enum efi_service {
    EFI_GET_TIME,
    EFI_SET_TIME,
    EFI_GET_WAKEUP_TIME,
    EFI_SET_WAKEUP_TIME,
    EFI_SET_VIRTUAL_ADDRESS_MAP,
    EFI_CONVERT_POINTER,
    EFI_GET_VARIABLE,
    EFI_GET_NEXT_VARIABLE_NAME,
    EFI_SET_VARIABLE,
    EFI_GET_NEXT_HIGH_MONOTONIC_COUNT,
    EFI_RESET_SYSTEM,
    EFI_N_SERVICES,
};
static_assert(FW_GATE_EFI_END - FW_GATE_EFI == EFI_N_SERVICES, "a gate for each runtime service");

enum {
    HEADER_SIZE = 24,
    RUNTIME_TABLE_SIZE = HEADER_SIZE + 8 * EFI_N_SERVICES,
    SYSTEM_TABLE_SIZE = 120,
    CONFIG_ENTRY_SIZE = 24,
    EFI_REVISION = 1 << 16 | 10,
    FIRMWARE_REVISION = 1 << 16,
    SYSTEM_VENDOR = 24,
    SYSTEM_RUNTIME = 88,
    SYSTEM_N_CONFIG = 104,
    SYSTEM_CONFIG = 112,
    FPSWA_TABLE_SIZE = 16,
    N_PLABELS = EFI_N_SERVICES + 1,
    PLABEL_FPSWA = EFI_N_SERVICES,
};
#define SYSTEM_SIGNATURE  UINT64_C(0x5453595320494249)
#define RUNTIME_SIGNATURE UINT64_C(0x56524553544e5552)

static const char vendor[] = "KVM for Itanium";

static const struct {
    uint8_t guid[16];
    unsigned offset; /* of the table; 0: the RSDP */
} config_tables[] = {
    { { 0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 }, 0 },
    { { 0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d }, 0 },
    { { 0x32, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d },
      FW_SAL_TABLE },
    { { 0x8d, 0x93, 0x51, 0xf9, 0x0b, 0x62, 0xef, 0x42, 0x82, 0x79, 0xa8, 0x4b, 0x79, 0x61, 0x78, 0x98 },
      FW_PCDP },
    { { 0x31, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d },
      FW_SMBIOS },
};
enum { N_CONFIG_TABLES = sizeof(config_tables) / sizeof(config_tables[0]) };

static void seal_header(uint8_t *table, uint64_t signature, uint32_t size)
{
    put64(table, signature);
    put32(table + 8, EFI_REVISION);
    put32(table + 12, size);
    put32(table + 16, 0);
    put32(table + 20, 0);
    put32(table + 16, crc32_efi(table, size));
}

/*
 * Everything that holds a pointer. @map gives the address to put in for a physical one (the identity before
 * SetVirtualAddressMap); the tables stay where they are in physical memory.
 */
struct pointer_map {
    const struct kia_fw *fw;
    const uint64_t *virt; /* base of each of fw->ranges, or NULL */
};

static uint64_t map_pointer(const struct pointer_map *map, uint64_t gpa)
{
    for (unsigned i = 0; map->virt && i < map->fw->n_ranges; i++) {
        const struct fw_range *range = &map->fw->ranges[i];

        if ((range->attribute & EFI_MEMORY_RUNTIME) && gpa - range->gpa < range->size)
            return map->virt[i] + (gpa - range->gpa);
    }
    return gpa;
}

static int write_plabels(struct kia_fw *fw, const struct pointer_map *map)
{
    uint8_t plabels[N_PLABELS * 16];

    for (unsigned i = 0; i < N_PLABELS; i++) {
        unsigned entry = i == PLABEL_FPSWA ? FW_FPSWA_ENTRY : FW_EFI_ENTRY + i * 16;

        put64(plabels + i * 16, map_pointer(map, FW_ADDR(entry)));
        put64(plabels + i * 16 + 8, map_pointer(map, FW_ADDR(FW_CODE)));
    }
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_PLABELS), plabels, sizeof(plabels));
}

static int write_runtime_table(struct kia_fw *fw, const struct pointer_map *map)
{
    uint8_t table[RUNTIME_TABLE_SIZE] = { 0 };

    for (unsigned i = 0; i < EFI_N_SERVICES; i++)
        put64(table + HEADER_SIZE + i * 8, map_pointer(map, FW_ADDR(FW_PLABELS + i * 16)));
    seal_header(table, RUNTIME_SIGNATURE, sizeof(table));
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_EFI_RUNTIME_TABLE), table, sizeof(table));
}

/* Console handles and boot services are zero, as after ExitBootServices. */
static int write_system_table(struct kia_fw *fw, const struct pointer_map *map)
{
    uint8_t table[SYSTEM_TABLE_SIZE] = { 0 };

    put64(table + SYSTEM_VENDOR, map_pointer(map, FW_ADDR(FW_EFI_VENDOR)));
    put32(table + 32, FIRMWARE_REVISION);
    put64(table + SYSTEM_RUNTIME, map_pointer(map, FW_ADDR(FW_EFI_RUNTIME_TABLE)));
    put64(table + SYSTEM_N_CONFIG, N_CONFIG_TABLES);
    put64(table + SYSTEM_CONFIG, map_pointer(map, FW_ADDR(FW_EFI_CONFIG_TABLE)));
    seal_header(table, SYSTEM_SIGNATURE, sizeof(table));
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_EFI_SYSTEM_TABLE), table, sizeof(table));
}

/* The FPSWA protocol's interface: u32 revision, u32 reserved, pointer to a plabel. */
static int write_fpswa(struct kia_fw *fw, const struct pointer_map *map)
{
    uint8_t table[FPSWA_TABLE_SIZE] = { 0 };

    put32(table, 1 << 16);
    put64(table + 8, map_pointer(map, FW_ADDR(FW_PLABELS + PLABEL_FPSWA * 16)));
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_FPSWA_TABLE), table, sizeof(table));
}

static int write_pointers(struct kia_fw *fw, const uint64_t *virt)
{
    const struct pointer_map map = { fw, virt };
    int err = write_plabels(fw, &map);

    if (!err)
        err = write_runtime_table(fw, &map);
    if (!err)
        err = write_system_table(fw, &map);
    if (!err)
        err = write_fpswa(fw, &map);
    return err;
}

/* Configuration tables keep physical addresses: their users convert them. */
static int write_config_table(struct kia_fw *fw)
{
    uint8_t table[N_CONFIG_TABLES * CONFIG_ENTRY_SIZE];

    for (unsigned i = 0; i < N_CONFIG_TABLES; i++) {
        memcpy(table + i * CONFIG_ENTRY_SIZE, config_tables[i].guid, 16);
        put64(table + i * CONFIG_ENTRY_SIZE + 16,
              config_tables[i].offset ? FW_ADDR(config_tables[i].offset) : fw_acpi_rsdp());
    }
    return kia_mem_write(fw->info->mem, FW_ADDR(FW_EFI_CONFIG_TABLE), table, sizeof(table));
}

/**
 * fw_efi_write - system table, runtime table, configuration table, plabels, vendor string and FPSWA interface
 * Return: 0 or negative errno.
 */
int fw_efi_write(struct kia_fw *fw)
{
    uint8_t text[sizeof(vendor) * 2];
    int err;

    for (size_t i = 0; i < sizeof(vendor); i++)
        put16(text + i * 2, (uint8_t)vendor[i]);
    err = kia_mem_write(fw->info->mem, FW_ADDR(FW_EFI_VENDOR), text, sizeof(text));
    if (!err)
        err = write_config_table(fw);
    if (!err)
        err = write_pointers(fw, NULL);
    return err;
}

/*
 * The processor does all of IEEE arithmetic, denormals included, so an operating system comes here only with
 * an exception that its program has enabled. Status 1 says that it is to be raised; Linux then tells the
 * program which one it was (without an interface, or with status -1, it always says "invalid operation" and
 * logs a line).
 */
enum kia_fw_next fw_fpswa_call(struct kia_vcpu *vcpu)
{
    kia_set_gr(vcpu, 8, 1);
    for (unsigned r = 9; r < 12; r++)
        kia_set_gr(vcpu, r, 0);
    return KIA_FW_CONTINUE;
}

/* SetVirtualAddressMap(map size, descriptor size, version, map): EFI 1.10, 6.4. */
enum { MAP_MAX_DESCRIPTORS = 4096 };

static int range_starting_at(const struct kia_fw *fw, uint64_t gpa)
{
    for (unsigned i = 0; i < fw->n_ranges; i++) {
        if (fw->ranges[i].gpa == gpa && (fw->ranges[i].attribute & EFI_MEMORY_RUNTIME))
            return (int)i;
    }
    return -1;
}

static uint64_t read_address_map(struct kia_fw *fw, struct kia_vcpu *vcpu, const uint64_t *args,
                                 uint64_t *virt)
{
    bool given[FW_MAX_RANGES] = { false };

    for (uint64_t offset = 0; args[0] - offset >= args[1]; offset += args[1]) {
        uint8_t descriptor[EFI_DESCRIPTOR_SIZE];
        uint64_t status = efi_read(vcpu, args[3] + offset, descriptor, sizeof(descriptor));
        int range;

        if (status)
            return status;
        if (!(get64(descriptor + 32) & EFI_MEMORY_RUNTIME))
            continue;
        range = range_starting_at(fw, get64(descriptor + 8));
        if (range < 0)
            return EFI_NOT_FOUND;
        virt[range] = get64(descriptor + 16);
        given[range] = true;
    }
    for (unsigned i = 0; i < fw->n_ranges; i++) {
        if ((fw->ranges[i].attribute & EFI_MEMORY_RUNTIME) && !given[i])
            return EFI_NO_MAPPING;
    }
    return EFI_SUCCESS;
}

static uint64_t set_virtual_address_map(struct kia_fw *fw, struct kia_vcpu *vcpu, const uint64_t *args)
{
    uint64_t virt[FW_MAX_RANGES] = { 0 };
    uint64_t status;

    if (fw->virtual_mode)
        return EFI_UNSUPPORTED;
    if ((uint32_t)args[2] != EFI_DESCRIPTOR_VERSION || args[1] < EFI_DESCRIPTOR_SIZE || !args[3] ||
        args[0] / args[1] > MAP_MAX_DESCRIPTORS)
        return EFI_INVALID_PARAMETER;
    status = read_address_map(fw, vcpu, args, virt);
    if (status)
        return status;
    if (write_pointers(fw, virt))
        return EFI_DEVICE_ERROR;
    fw->virtual_mode = true;
    return EFI_SUCCESS;
}

/* EFI_TIME, 16 bytes: u16 year; u8 month, day, hour, minute, second, pad; u32 nanosecond; s16 time zone; u8
 * daylight, pad. */
enum {
    TIME_SIZE = 16,
    TIME_CAPABILITIES_SIZE = 9,
    TIME_ZONE_UNSPECIFIED = 0x7ff,
    YEAR_MIN = 1900,
    YEAR_MAX = 9999
};

static uint64_t get_time(struct kia_fw *fw, struct kia_vcpu *vcpu, const uint64_t *args)
{
    uint8_t time[TIME_SIZE] = { 0 }, capabilities[TIME_CAPABILITIES_SIZE] = { 0 };
    struct timespec now;
    struct tm tm;
    uint64_t status;

    if (!args[0])
        return EFI_INVALID_PARAMETER;
    kia_board_get_time(fw->board, &now);
    if (!gmtime_r(&now.tv_sec, &tm))
        return EFI_DEVICE_ERROR;
    put16(time, (uint16_t)(tm.tm_year + 1900));
    put8(time + 2, (uint8_t)(tm.tm_mon + 1));
    put8(time + 3, (uint8_t)tm.tm_mday);
    put8(time + 4, (uint8_t)tm.tm_hour);
    put8(time + 5, (uint8_t)tm.tm_min);
    put8(time + 6, (uint8_t)(tm.tm_sec > 59 ? 59 : tm.tm_sec));
    put32(time + 8, (uint32_t)now.tv_nsec);
    put16(time + 12, (uint16_t)fw->time_zone);
    put8(time + 14, fw->daylight);
    put32(capabilities, 1000000000);   /* steps a second */
    put32(capabilities + 4, 50000000); /* error in 1e-6 ppm */
    status = efi_write(vcpu, args[0], time, sizeof(time));
    if (!status && args[1])
        status = efi_write(vcpu, args[1], capabilities, sizeof(capabilities));
    return status;
}

static bool time_is_valid(const uint8_t *time)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    unsigned year = get16(time), month = time[2], day = time[3];
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int16_t zone = (int16_t)get16(time + 12);

    return year >= YEAR_MIN && year <= YEAR_MAX && month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (unsigned)(month == 2 && leap) && time[4] <= 23 && time[5] <= 59 &&
           time[6] <= 59 && get32(time + 8) <= 999999999 &&
           (zone == TIME_ZONE_UNSPECIFIED || (zone >= -1440 && zone <= 1440)) && time[14] <= 3;
}

static uint64_t set_time(struct kia_fw *fw, struct kia_vcpu *vcpu, const uint64_t *args)
{
    uint8_t time[TIME_SIZE];
    struct timespec now;
    struct tm tm = { 0 };
    uint64_t status;

    if (!args[0])
        return EFI_INVALID_PARAMETER;
    status = efi_read(vcpu, args[0], time, sizeof(time));
    if (status)
        return status;
    if (!time_is_valid(time))
        return EFI_INVALID_PARAMETER;
    tm.tm_year = get16(time) - 1900;
    tm.tm_mon = time[2] - 1;
    tm.tm_mday = time[3];
    tm.tm_hour = time[4];
    tm.tm_min = time[5];
    tm.tm_sec = time[6];
    now.tv_sec = timegm(&tm);
    now.tv_nsec = get32(time + 8);
    kia_board_set_time(fw->board, &now);
    fw->time_zone = (int16_t)get16(time + 12);
    fw->daylight = time[14];
    return EFI_SUCCESS;
}

static uint64_t get_next_high_monotonic_count(struct kia_fw *fw, struct kia_vcpu *vcpu, const uint64_t *args)
{
    uint8_t count[4];
    uint64_t status;

    if (!args[0])
        return EFI_INVALID_PARAMETER;
    put32(count, fw->high_count + 1);
    status = efi_write(vcpu, args[0], count, sizeof(count));
    if (!status)
        fw->high_count++;
    return status;
}

/* Types: 0 cold, 1 warm, 2 shutdown. The guest executes nothing after it. */
static uint64_t reset_system(struct kia_fw *fw, const uint64_t *args)
{
    kia_board_request(fw->board, (uint32_t)args[0] == 2 ? KIA_REQUEST_POWEROFF : KIA_REQUEST_RESET);
    return EFI_SUCCESS;
}

static uint64_t call_service(struct kia_fw *fw, struct kia_vcpu *vcpu, enum efi_service service,
                             const uint64_t *args)
{
    switch (service) {
    case EFI_GET_TIME:
        return get_time(fw, vcpu, args);
    case EFI_SET_TIME:
        return set_time(fw, vcpu, args);
    case EFI_SET_VIRTUAL_ADDRESS_MAP:
        return set_virtual_address_map(fw, vcpu, args);
    case EFI_GET_VARIABLE:
        return fw_get_variable(fw->variables, vcpu, args);
    case EFI_GET_NEXT_VARIABLE_NAME:
        return fw_get_next_variable_name(fw->variables, vcpu, args);
    case EFI_SET_VARIABLE:
        return fw_set_variable(fw->variables, vcpu, args);
    case EFI_GET_NEXT_HIGH_MONOTONIC_COUNT:
        return get_next_high_monotonic_count(fw, vcpu, args);
    case EFI_RESET_SYSTEM:
        return reset_system(fw, args);
    case EFI_GET_WAKEUP_TIME: /* nothing on this platform wakes a machine that is off */
    case EFI_SET_WAKEUP_TIME:
    case EFI_CONVERT_POINTER: /* of use to runtime drivers inside SetVirtualAddressMap only */
    default:
        return EFI_UNSUPPORTED;
    }
}

/**
 * fw_efi_call - a runtime service: arguments in r32 up, status in r8
 * @service: index in the runtime table
 */
enum kia_fw_next fw_efi_call(struct kia_fw *fw, struct kia_vcpu *vcpu, unsigned service)
{
    static const uint8_t n_args[EFI_N_SERVICES] = { 2, 1, 3, 2, 4, 2, 5, 3, 5, 1, 4 };
    uint64_t args[5] = { 0 };
    uint64_t status = EFI_INVALID_PARAMETER;

    if (fw_args(vcpu, 32, n_args[service], args)) {
        pthread_mutex_lock(&fw->lock);
        status = call_service(fw, vcpu, (enum efi_service)service, args);
        pthread_mutex_unlock(&fw->lock);
    }
    if (status != EFI_RETRY)
        kia_set_gr(vcpu, 8, status);
    return KIA_FW_CONTINUE;
}
