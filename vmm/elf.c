/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IA-64 ELF executables for physical memory. */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "mem/mem.h"
#include "vmm/image.h"
#include "vmm/log.h"

enum { BUNDLE = 16 };

/** kia_elf_is - does the blob begin with ELF's magic number? */
bool kia_elf_is(const struct kia_blob *blob)
{
    return blob->size >= SELFMAG && !memcmp(blob->data, ELFMAG, SELFMAG);
}

/* What is wrong with the file header, or NULL. */
static const char *check_header(const Elf64_Ehdr *eh, uint64_t file_size)
{
    uint64_t phoff = le64toh(eh->e_phoff);
    unsigned phnum = le16toh(eh->e_phnum);

    if (eh->e_ident[EI_CLASS] != ELFCLASS64)
        return "is not a 64-bit ELF file";
    if (eh->e_ident[EI_DATA] != ELFDATA2LSB)
        return "is not a little-endian ELF file";
    if (eh->e_ident[EI_VERSION] != EV_CURRENT || le32toh(eh->e_version) != EV_CURRENT)
        return "has an unknown ELF version";
    if (le16toh(eh->e_machine) != EM_IA_64)
        return "is a program for another processor than IA-64";
    if (le16toh(eh->e_type) != ET_EXEC)
        return "is not an executable (ELF type EXEC)";
    if (le16toh(eh->e_ehsize) < sizeof(*eh) || le16toh(eh->e_phentsize) != sizeof(Elf64_Phdr))
        return "has ELF headers of the wrong size";
    if (!phnum || phnum == PN_XNUM)
        return "has no program headers";
    if (phoff > file_size || phnum * sizeof(Elf64_Phdr) > file_size - phoff)
        return "is truncated: its program headers lie past its end";
    return NULL;
}

/* Takes one program header over into @elf; what is wrong with it, or NULL. */
static const char *add_segment(struct kia_elf *elf, const Elf64_Phdr *ph, uint64_t file_size,
                               struct kia_mem *mem)
{
    struct kia_elf_segment s = {
        .paddr = le64toh(ph->p_paddr), .memsz = le64toh(ph->p_memsz),
        .offset = le64toh(ph->p_offset), .filesz = le64toh(ph->p_filesz),
    };

    if (le32toh(ph->p_type) != PT_LOAD || !s.memsz)
        return NULL;
    if (s.filesz > s.memsz)
        return "has a segment with more bytes in the file than in memory";
    if (s.offset > file_size || s.filesz > file_size - s.offset)
        return "is truncated: a segment lies past its end";
    if (!kia_mem_hva(mem, s.paddr, s.memsz))
        return "has a segment outside guest memory: give more with -m";
    for (unsigned i = 0; i < elf->n; i++)
        if (s.paddr < elf->segments[i].paddr + elf->segments[i].memsz &&
            elf->segments[i].paddr < s.paddr + s.memsz)
            return "has segments that overlap in memory";
    if (elf->n == KIA_ELF_MAX_SEGMENTS)
        return "has too many segments";
    elf->segments[elf->n++] = s;
    return NULL;
}

static bool entry_loaded(const struct kia_elf *elf)
{
    for (unsigned i = 0; i < elf->n; i++)
        if (elf->entry - elf->segments[i].paddr < elf->segments[i].filesz)
            return true;
    return false;
}

static const char *parse(struct kia_elf *elf, const struct kia_blob *blob, struct kia_mem *mem)
{
    const char *wrong;
    Elf64_Ehdr eh;

    if (!kia_elf_is(blob))
        return "is not an ELF file (nor one packed with gzip, xz or zstd)";
    if (blob->size < sizeof(eh))
        return "is truncated: it ends inside its ELF header";
    memcpy(&eh, blob->data, sizeof(eh));
    wrong = check_header(&eh, blob->size);
    for (unsigned i = 0; !wrong && i < le16toh(eh.e_phnum); i++) {
        Elf64_Phdr ph;

        memcpy(&ph, blob->data + le64toh(eh.e_phoff) + i * sizeof(ph), sizeof(ph));
        wrong = add_segment(elf, &ph, blob->size, mem);
    }
    if (wrong)
        return wrong;
    elf->entry = le64toh(eh.e_entry);
    if (!elf->n)
        return "has nothing to load";
    if (elf->entry % BUNDLE || !entry_loaded(elf))
        return "has an entry point that is no bundle of its segments (it must be a physical address)";
    return NULL;
}

/**
 * kia_elf_parse - checks an executable against the guest's memory; copies nothing
 * Return: 0, or -ENOEXEC with a message.
 */
int kia_elf_parse(struct kia_elf *elf, const struct kia_blob *blob, struct kia_mem *mem, const char *what,
                  const char *path)
{
    const char *wrong;

    memset(elf, 0, sizeof(*elf));
    wrong = parse(elf, blob, mem);
    if (!wrong)
        return 0;
    kia_err(0, "%s '%s' %s", what, path, wrong);
    return -ENOEXEC;
}

/** kia_elf_load - copies the segments; @elf was parsed from @blob against @mem */
void kia_elf_load(const struct kia_elf *elf, const struct kia_blob *blob, struct kia_mem *mem)
{
    for (unsigned i = 0; i < elf->n; i++) {
        const struct kia_elf_segment *s = &elf->segments[i];
        uint8_t *to = kia_mem_hva(mem, s->paddr, s->memsz);

        memcpy(to, blob->data + s->offset, s->filesz);
        memset(to + s->filesz, 0, s->memsz - s->filesz);
        kia_mem_wrote(mem, s->paddr, s->memsz);
    }
}
