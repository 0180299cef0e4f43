/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EFI variables as the runtime sees them: boot-service-only variables are invisible, volatile ones read-only.
 *
 * A service reads all of its input before it changes anything, and writes the output that it will read again
 * on a restart last.
 */
#include "fw/variables.h"

#include "fw/bytes.h"
#include "fw/efi_status.h"

#include <stdlib.h>
#include <string.h>

#define VARIABLE_NV         1u
#define VARIABLE_BS         2u
#define VARIABLE_RT         4u
#define VARIABLE_APPEND     0x40u
#define VARIABLE_ATTRIBUTES (VARIABLE_NV | VARIABLE_BS | VARIABLE_RT)

enum {
    NAME_MAX_CHARS = 512,  /* with the NUL */
    DATA_MAX = 32 << 10,   /* of one variable */
    STORE_MAX = 256 << 10, /* names, data and a header each */
    HEADER_COST = 32,
    PAGE = 4096,
};

struct variable {
    struct variable *next;
    uint8_t guid[16];
    uint32_t attributes;
    uint32_t name_size; /* bytes, NUL included */
    uint32_t data_size;
    uint8_t *data;
    uint8_t name[]; /* UCS-2 */
};

struct fw_variables {
    struct variable *first; /* in order of creation */
    size_t used;
};

struct variable_key {
    uint8_t guid[16];
    uint32_t name_size; /* bytes, NUL included; 2 for the empty name */
    uint8_t name[NAME_MAX_CHARS * 2];
};

static size_t cost(uint32_t name_size, uint32_t data_size)
{
    return (size_t)name_size + data_size + HEADER_COST;
}

static struct variable **find(struct fw_variables *store, const struct variable_key *key)
{
    struct variable **at = &store->first;

    while (*at && ((*at)->name_size != key->name_size || memcmp((*at)->guid, key->guid, 16) ||
                   memcmp((*at)->name, key->name, key->name_size)))
        at = &(*at)->next;
    return at;
}

static void unlink_variable(struct fw_variables *store, struct variable **at)
{
    struct variable *gone = *at;

    *at = gone->next;
    store->used -= cost(gone->name_size, gone->data_size);
    free(gone->data);
    free(gone);
}

/* A new variable at the end of the list. */
static uint64_t append_variable(struct fw_variables *store, const struct variable_key *key,
                                uint32_t attributes, const uint8_t *data, uint32_t size)
{
    struct variable **end = &store->first;
    struct variable *made;

    if (store->used + cost(key->name_size, size) > STORE_MAX)
        return EFI_OUT_OF_RESOURCES;
    made = malloc(sizeof(*made) + key->name_size);
    if (!made)
        return EFI_OUT_OF_RESOURCES;
    made->data = malloc(size ? size : 1);
    if (!made->data) {
        free(made);
        return EFI_OUT_OF_RESOURCES;
    }
    made->next = NULL;
    made->attributes = attributes;
    made->name_size = key->name_size;
    made->data_size = size;
    memcpy(made->guid, key->guid, 16);
    memcpy(made->name, key->name, key->name_size);
    memcpy(made->data, data, size);
    while (*end)
        end = &(*end)->next;
    *end = made;
    store->used += cost(key->name_size, size);
    return EFI_SUCCESS;
}

/* New contents for a variable: @keep bytes of the old ones, then @data. */
static uint64_t replace_data(struct fw_variables *store, struct variable *v, uint32_t keep,
                             const uint8_t *data, uint32_t size)
{
    uint8_t *bytes;

    if (keep + size > DATA_MAX || store->used - v->data_size + keep + size > STORE_MAX)
        return EFI_OUT_OF_RESOURCES;
    bytes = malloc(keep + size);
    if (!bytes)
        return EFI_OUT_OF_RESOURCES;
    memcpy(bytes, v->data, keep);
    memcpy(bytes + keep, data, size);
    free(v->data);
    v->data = bytes;
    store->used = store->used - v->data_size + keep + size;
    v->data_size = keep + size;
    return EFI_SUCCESS;
}

/* Reads a NUL-terminated name of at most @max_chars characters: by pages, so that nothing behind its end is
 * touched. */
static uint64_t read_name(struct kia_vcpu *vcpu, uint64_t gva, uint64_t max_chars, struct variable_key *key)
{
    uint32_t have = 0, checked = 0;

    if (max_chars > NAME_MAX_CHARS)
        max_chars = NAME_MAX_CHARS;
    while (have < max_chars * 2) {
        uint64_t part = PAGE - ((gva + have) & (PAGE - 1));
        uint64_t status;

        if (part > max_chars * 2 - have)
            part = max_chars * 2 - have;
        status = efi_read(vcpu, gva + have, key->name + have, part);
        if (status)
            return status;
        have += (uint32_t)part;
        for (; checked + 2 <= have; checked += 2) {
            if (get16(key->name + checked) == 0) {
                key->name_size = checked + 2;
                return EFI_SUCCESS;
            }
        }
    }
    return EFI_INVALID_PARAMETER;
}

static uint64_t read_key(struct kia_vcpu *vcpu, uint64_t name, uint64_t guid, struct variable_key *key)
{
    uint64_t status;

    if (!name || !guid)
        return EFI_INVALID_PARAMETER;
    status = read_name(vcpu, name, NAME_MAX_CHARS, key);
    if (!status)
        status = efi_read(vcpu, guid, key->guid, sizeof(key->guid));
    return status;
}

uint64_t fw_get_variable(struct fw_variables *store, struct kia_vcpu *vcpu, const uint64_t *args)
{
    uint64_t attributes = args[2], size = args[3], data = args[4];
    struct variable_key key;
    const struct variable *v;
    uint8_t bytes[8];
    uint64_t status = read_key(vcpu, args[0], args[1], &key), room;

    if (status)
        return status;
    if (!size)
        return EFI_INVALID_PARAMETER;
    v = *find(store, &key);
    if (!v || !(v->attributes & VARIABLE_RT))
        return EFI_NOT_FOUND;
    status = efi_read(vcpu, size, bytes, sizeof(bytes));
    if (status)
        return status;
    room = get64(bytes);
    if (room >= v->data_size) {
        if (!data)
            return EFI_INVALID_PARAMETER;
        status = efi_write(vcpu, data, v->data, v->data_size);
    }
    if (!status && attributes) {
        put32(bytes, v->attributes);
        status = efi_write(vcpu, attributes, bytes, 4);
    }
    if (status)
        return status;
    put64(bytes, v->data_size);
    status = efi_write(vcpu, size, bytes, sizeof(bytes)); /* last: a restart reads it */
    return status ? status : room < v->data_size ? EFI_BUFFER_TOO_SMALL : EFI_SUCCESS;
}

/* Whether the bytes can be written, with what is there now. */
static uint64_t probe_write(struct kia_vcpu *vcpu, uint64_t gva, size_t len)
{
    uint8_t bytes[NAME_MAX_CHARS * 2];
    uint64_t status = efi_read(vcpu, gva, bytes, len);

    return status ? status : efi_write(vcpu, gva, bytes, len);
}

uint64_t fw_get_next_variable_name(struct fw_variables *store, struct kia_vcpu *vcpu, const uint64_t *args)
{
    uint64_t size = args[0], name = args[1], guid = args[2];
    struct variable_key key;
    struct variable *v = store->first;
    uint8_t bytes[8];
    uint64_t status, room;

    if (!size || !name || !guid)
        return EFI_INVALID_PARAMETER;
    status = efi_read(vcpu, size, bytes, sizeof(bytes));
    if (status)
        return status;
    room = get64(bytes);
    status = read_name(vcpu, name, room / 2, &key);
    if (!status)
        status = efi_read(vcpu, guid, key.guid, sizeof(key.guid));
    if (status)
        return status;
    if (key.name_size > 2) {
        v = *find(store, &key);
        if (!v || !(v->attributes & VARIABLE_RT))
            return EFI_INVALID_PARAMETER;
        v = v->next;
    }
    while (v && !(v->attributes & VARIABLE_RT))
        v = v->next;
    if (!v)
        return EFI_NOT_FOUND;
    put64(bytes, v->name_size);
    if (room < v->name_size) {
        status = efi_write(vcpu, size, bytes, sizeof(bytes));
        return status ? status : EFI_BUFFER_TOO_SMALL;
    }
    /* Name and guid are read again on a restart: no page of the three may be missing when the first changes.
     */
    status = probe_write(vcpu, size, sizeof(bytes));
    if (!status)
        status = probe_write(vcpu, guid, sizeof(key.guid));
    if (!status)
        status = efi_write(vcpu, name, v->name, v->name_size);
    if (!status)
        status = efi_write(vcpu, guid, v->guid, sizeof(v->guid));
    if (!status)
        status = efi_write(vcpu, size, bytes, sizeof(bytes));
    return status;
}

static bool attributes_are_valid(uint32_t attributes)
{
    if (attributes & ~(VARIABLE_ATTRIBUTES | VARIABLE_APPEND))
        return false;
    return !(attributes & VARIABLE_RT) || (attributes & VARIABLE_BS);
}

static uint64_t change_variable(struct fw_variables *store, const struct variable_key *key,
                                uint32_t attributes, const uint8_t *data, uint32_t size)
{
    struct variable **at = find(store, key);
    bool append = attributes & VARIABLE_APPEND;
    bool delete = !(attributes & (VARIABLE_BS | VARIABLE_RT)) || (size == 0 && !append);

    attributes &= VARIABLE_ATTRIBUTES;
    if (*at && !((*at)->attributes & VARIABLE_RT))
        return delete ? EFI_NOT_FOUND : EFI_WRITE_PROTECTED; /* boot services only: not for the runtime */
    if (*at && !((*at)->attributes & VARIABLE_NV))
        return EFI_WRITE_PROTECTED;
    if (delete) {
        if (!*at)
            return EFI_NOT_FOUND;
        unlink_variable(store, at);
        return EFI_SUCCESS;
    }
    if (!(attributes & VARIABLE_RT) || !(attributes & VARIABLE_NV))
        return EFI_INVALID_PARAMETER; /* after ExitBootServices only such variables can be made */
    if (!*at)
        return append_variable(store, key, attributes, data, size);
    if ((*at)->attributes != attributes)
        return EFI_INVALID_PARAMETER;
    if (append && size == 0)
        return EFI_SUCCESS;
    return replace_data(store, *at, append ? (*at)->data_size : 0, data, size);
}

uint64_t fw_set_variable(struct fw_variables *store, struct kia_vcpu *vcpu, const uint64_t *args)
{
    uint32_t attributes = (uint32_t)args[2];
    struct variable_key key;
    uint8_t *data;
    uint64_t status = read_key(vcpu, args[0], args[1], &key);

    if (status)
        return status;
    if (key.name_size == 2 || !attributes_are_valid(attributes) || (args[3] && !args[4]))
        return EFI_INVALID_PARAMETER;
    if (args[3] > DATA_MAX)
        return EFI_OUT_OF_RESOURCES;
    data = malloc(args[3] ? args[3] : 1);
    if (!data)
        return EFI_OUT_OF_RESOURCES;
    if (args[3])
        status = efi_read(vcpu, args[4], data, args[3]);
    if (!status)
        status = change_variable(store, &key, attributes, data, (uint32_t)args[3]);
    free(data);
    return status;
}

static const uint8_t global_guid[16] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                         0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };

static bool add_global(struct fw_variables *store, const char *name, uint32_t attributes, const uint8_t *data,
                       uint32_t size)
{
    struct variable_key key = { .name_size = (uint32_t)(strlen(name) + 1) * 2 };

    memcpy(key.guid, global_guid, sizeof(global_guid));
    for (size_t i = 0; name[i]; i++)
        put16(key.name + i * 2, (uint8_t)name[i]);
    return append_variable(store, &key, attributes, data, size) == EFI_SUCCESS;
}

/* ACPI(PNP0501,0)/UART(115200 N81)/VT-UTF8: the console's device path. */
static const uint8_t console_path[] = {
    0x02, 0x01, 0x0c, 0x00, 0xd0, 0x41, 0x01, 0x05, 0,    0,    0,    0, /* ACPI: EISA id, uid */
    0x03, 0x0e, 0x13, 0x00, 0,    0,    0,    0,    0x00, 0xc2, 0x01, 0x00,
    0,    0,    0,    0,    8,    1,    1, /* UART */
    0x03, 0x0a, 0x14, 0x00, 0xd6, 0xa0, 0x15, 0xad, 0xec, 0x8b, 0xcf, 0x4a,
    0xa0, 0x73, 0xd0, 0x1d, 0xe7, 0x7e, 0x2d, 0x88, 0x7f, 0xff, 0x04, 0x00, /* end */
};

struct fw_variables *fw_variables_create(void)
{
    static const char *const consoles[] = { "ConIn", "ConOut", "ErrOut" };
    struct fw_variables *store = calloc(1, sizeof(*store));
    bool ok = store != NULL;

    for (size_t i = 0; i < sizeof(consoles) / sizeof(consoles[0]) && ok; i++)
        ok = add_global(store, consoles[i], VARIABLE_ATTRIBUTES, console_path, sizeof(console_path));
    ok = ok && add_global(store, "Lang", VARIABLE_ATTRIBUTES, (const uint8_t *)"eng", 3);
    ok = ok && add_global(store, "LangCodes", VARIABLE_BS | VARIABLE_RT, (const uint8_t *)"eng", 3);
    if (!ok) {
        fw_variables_destroy(store);
        return NULL;
    }
    return store;
}

void fw_variables_destroy(struct fw_variables *store)
{
    if (!store)
        return;
    while (store->first)
        unlink_variable(store, &store->first);
    free(store);
}
