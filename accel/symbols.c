/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of a guest program's code, from its System.map or its ELF file. */
#include "accel/symbols.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/log.h"

#define FILE_MAX (INT64_C(1) << 30)
#define LAST_SIZE UINT64_C(0x10000) /* the last function may be as long as this */

struct symbol {
    uint64_t address;
    const char *name; /* in text */
};

struct symbols {
    char *text; /* the file, a zero byte behind it */
    size_t size;
    struct symbol *at; /* by address */
    size_t n, room;
};

static int add(struct symbols *s, uint64_t address, const char *name)
{
    struct symbol *more;

    if (s->n == s->room) {
        s->room = s->room ? 2 * s->room : 4096;
        more = realloc(s->at, s->room * sizeof(*more));
        if (!more)
            return -ENOMEM;
        s->at = more;
    }
    s->at[s->n++] = (struct symbol){ address, name };
    return 0;
}

/* ---- System.map ---- */

static int read_lines(struct symbols *s)
{
    char *line = s->text, *rest;
    int err = 0;

    while (!err && (line = strtok_r(line, "\n", &rest))) {
        uint64_t address;
        char type;
        int name = 0;

        if (sscanf(line, "%" SCNx64 " %c %n", &address, &type, &name) == 2 && name && line[name] && strchr("tTwW", type))
            err = add(s, address, line + name);
        line = NULL;
    }
    return err;
}

/* ---- ELF ---- */

/* @count things of @size bytes at @offset: where, or NULL if the file ends before. */
static const void *part(const struct symbols *s, uint64_t offset, uint64_t size, uint64_t count)
{
    return offset <= s->size && count <= (s->size - offset) / size ? s->text + offset : NULL;
}

static int read_table(struct symbols *s, const Elf64_Shdr *sections, const Elf64_Shdr *table, unsigned n_sections)
{
    uint64_t n = le64toh(table->sh_size) / sizeof(Elf64_Sym);
    const Elf64_Sym *sym = part(s, le64toh(table->sh_offset), sizeof(*sym), n);
    const Elf64_Shdr *names = &sections[le32toh(table->sh_link) < n_sections ? le32toh(table->sh_link) : 0];
    uint64_t size = le64toh(names->sh_size);
    const char *text = part(s, le64toh(names->sh_offset), 1, size);
    int err = 0;

    if (!sym || !text || !size || text[size - 1])
        return -EINVAL;
    for (uint64_t i = 0; !err && i < n; i++) {
        Elf64_Sym one;

        memcpy(&one, &sym[i], sizeof(one));
        if (ELF64_ST_TYPE(one.st_info) == STT_FUNC && one.st_shndx != SHN_UNDEF && le32toh(one.st_name) < size)
            err = add(s, le64toh(one.st_value), text + le32toh(one.st_name));
    }
    return err;
}

static int read_elf(struct symbols *s)
{
    const Elf64_Shdr *table, *sections;
    Elf64_Shdr *copy;
    Elf64_Ehdr eh;
    unsigned n;
    int err = 0;

    if (s->size < sizeof(eh))
        return -EINVAL;
    memcpy(&eh, s->text, sizeof(eh));
    n = le16toh(eh.e_shnum);
    sections = part(s, le64toh(eh.e_shoff), sizeof(*sections), n);
    if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB || le16toh(eh.e_machine) != EM_IA_64 ||
        le16toh(eh.e_shentsize) != sizeof(*sections) || !sections || !n)
        return -EINVAL;
    copy = malloc(n * sizeof(*copy)); /* aligned */
    if (!copy)
        return -ENOMEM;
    memcpy(copy, sections, n * sizeof(*copy));
    for (table = copy; !err && table < copy + n; table++) {
        if (le32toh(table->sh_type) == SHT_SYMTAB)
            err = read_table(s, copy, table, n);
    }
    free(copy);
    return err;
}

/* ---- both ---- */

static int read_file(struct symbols *s, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
    struct stat st;
    ssize_t n = 1;

    if (fd < 0 || fstat(fd, &st))
        err = -errno;
    else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
        err = -EINVAL;
    else if (!(s->text = malloc((size_t)st.st_size + 1)))
        err = -ENOMEM;
    while (!err && n && s->size < (size_t)st.st_size) {
        n = read(fd, s->text + s->size, (size_t)st.st_size - s->size);
        if (n >= 0)
            s->size += (size_t)n;
        else if (errno != EINTR)
            err = -errno;
    }
    if (!err)
        s->text[s->size] = 0;
    if (fd >= 0)
        close(fd);
    return err;
}

/* Of several names of an address, the one that sorts first. */
static int by_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    return x->address < y->address ? -1 : x->address > y->address ? 1 : strcmp(x->name, y->name);
}

int symbols_load(const char *path, struct symbols **out)
{
    struct symbols *s = calloc(1, sizeof(*s));
    int err = s ? read_file(s, path) : -ENOMEM;

    if (!err)
        err = s->size > SELFMAG && !memcmp(s->text, ELFMAG, SELFMAG) ? read_elf(s) : read_lines(s);
    if (!err && !s->n)
        err = -EINVAL;
    if (err) {
        symbols_free(s);
        if (err == -EINVAL)
            return kia_err(0, "'%s' has no names of code: give a System.map, or an IA-64 ELF file with a symbol table", path), err;
        return kia_err(err, "cannot read the names of code in '%s'", path);
    }
    qsort(s->at, s->n, sizeof(*s->at), by_address);
    *out = s;
    return 0;
}

void symbols_free(struct symbols *s)
{
    if (!s)
        return;
    free(s->at);
    free(s->text);
    free(s);
}

const char *symbols_find(const struct symbols *s, uint64_t address, uint64_t *offset)
{
    size_t low = 0, high = s ? s->n : 0;

    while (low < high) { /* the first one behind the address */
        size_t mid = low + (high - low) / 2;

        if (s->at[mid].address <= address)
            low = mid + 1;
        else
            high = mid;
    }
    if (!low || (low == s->n && address - s->at[low - 1].address >= LAST_SIZE))
        return NULL;
    while (low > 1 && s->at[low - 2].address == s->at[low - 1].address)
        low--;
    *offset = address - s->at[low - 1].address;
    return s->at[low - 1].name;
}

const char *symbols_text(const struct symbols *s, uint64_t address, char *buf, size_t size)
{
    uint64_t offset;
    const char *name = symbols_find(s, address, &offset);

    if (name)
        snprintf(buf, size, "%s+0x%" PRIx64, name, offset);
    else
        buf[0] = 0;
    return buf;
}
