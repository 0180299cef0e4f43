/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb's "monitor" commands. One table; a command gets the rest of its line. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mem.h"
#include "vmm/gdb_internal.h"
#include "vmm/keyval.h"

enum { XP_MAX_WORDS = 4096, WORDS_A_LINE = 2 };
#define MIB (UINT64_C(1) << 20)

struct monitor {
    const struct gdb_host *host;
    struct kia_vcpu *vcpu;
    char *args; /* words left */
    FILE *out;
};

static void help(struct monitor *m);

/* The next word, or NULL. */
static const char *next_word(struct monitor *m)
{
    char *save = NULL, *word = strtok_r(m->args, " \t", &save);

    m->args = word ? save : m->args;
    return word;
}

/* The processor that a word names; without one gdb's current one. NULL, with a message: there is none. */
static struct kia_vcpu *named_vcpu(struct monitor *m)
{
    const char *word = next_word(m);
    uint64_t index;

    if (!word)
        return m->vcpu;
    if (kia_parse_u64(word, &index) && index < m->host->n_vcpus)
        return m->host->vcpus[index];
    fprintf(m->out, "there is no processor %s: there are 0 to %u\n", word, m->host->n_vcpus - 1);
    return NULL;
}

static void registers(struct monitor *m)
{
    struct kia_vcpu *vcpu = named_vcpu(m);

    if (vcpu)
        kia_vcpu_dump(vcpu, m->out);
}

static void tlb(struct monitor *m)
{
    struct kia_vcpu *vcpu = named_vcpu(m);

    if (vcpu)
        kia_vcpu_dump_tlb(vcpu, m->out);
}

static void vpd(struct monitor *m)
{
    struct kia_vcpu *vcpu = named_vcpu(m);

    if (vcpu)
        kia_vcpu_dump_vpd(vcpu, m->out);
}

static void xp(struct monitor *m)
{
    const char *where = next_word(m), *count = next_word(m);
    uint64_t gpa, n = 1, word;

    if (!where || !kia_parse_u64(where, &gpa) || (count && !kia_parse_u64(count, &n)) || n > XP_MAX_WORDS) {
        fprintf(m->out, "xp ADDRESS [COUNT]: COUNT 8-byte words of physical memory, at most %d\n", XP_MAX_WORDS);
        return;
    }
    for (uint64_t i = 0; i < n; i++, gpa += 8) {
        if (kia_mem_read(m->host->mem, gpa, &word, 8)) {
            fprintf(m->out, "%sno memory at %016" PRIx64 "\n", i % WORDS_A_LINE ? "\n" : "", gpa);
            return;
        }
        if (i % WORDS_A_LINE == 0)
            fprintf(m->out, "%016" PRIx64 ":", gpa);
        fprintf(m->out, " %016" PRIx64 "%s", word, i % WORDS_A_LINE == WORDS_A_LINE - 1 || i == n - 1 ? "\n" : "");
    }
}

/* The guest is left with @mib of its memory; without a word nothing changes. */
static void balloon(struct monitor *m)
{
    static const struct {
        const char *name;
        unsigned index;
        uint64_t unit;
    } said[] = {
        { "swapped in", 0, MIB },   { "swapped out", 1, MIB }, { "major faults", 2, 1 },  { "minor faults", 3, 1 },
        { "free MiB", 4, MIB },     { "total MiB", 5, MIB },   { "available MiB", 6, MIB }, { "caches MiB", 7, MIB },
    };
    const char *word = next_word(m);
    struct gdb_balloon state;
    uint64_t mib, bytes;

    if (!m->host->balloon) {
        fprintf(m->out, "there is no balloon: add -device virtio-balloon-pci\n");
        return;
    }
    m->host->balloon(m->host->opaque, NULL, &state);
    if (word) {
        if (!kia_parse_u64(word, &mib) || !mib || mib > state.ram / MIB) {
            fprintf(m->out, "balloon [MIB]: MIB is 1 to %" PRIu64 ", what the guest is to have\n", state.ram / MIB);
            return;
        }
        bytes = state.ram - mib * MIB;
        m->host->balloon(m->host->opaque, &bytes, &state);
    }
    fprintf(m->out, "memory MiB %" PRIu64 " of %" PRIu64 "\n", (state.ram - state.held) / MIB, state.ram / MIB);
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
        if (state.stats[said[i].index] != UINT64_MAX)
            fprintf(m->out, "%s %" PRIu64 "\n", said[i].name, state.stats[said[i].index] / said[i].unit);
}

static void quit(struct monitor *m)
{
    m->host->quit(m->host->opaque);
}

static void system_reset(struct monitor *m)
{
    m->host->reset(m->host->opaque);
    fprintf(m->out, "the machine is reset\n");
}

static void system_powerdown(struct monitor *m)
{
    m->host->power_button(m->host->opaque);
    fprintf(m->out, "the power button is pressed\n");
}

static const struct {
    const char *name, *args, *help;
    void (*run)(struct monitor *m);
} commands[] = {
    { "help", "", "this list", help },
    { "registers", "[CPU]", "the whole architected state of a processor, by default the current one", registers },
    { "tlb", "[CPU]", "its translation registers and caches", tlb },
    { "vpd", "[CPU]", "the descriptor of the virtual processor that is loaded", vpd },
    { "xp", "ADDRESS [COUNT]", "8-byte words of physical memory", xp },
    { "balloon", "[MIB]", "asks the guest to make do with MIB of its memory; what it has, and what it said of it last", balloon },
    { "system_powerdown", "", "presses the power button", system_powerdown },
    { "system_reset", "", "resets the machine", system_reset },
    { "quit", "", "ends the machine", quit },
};

static void help(struct monitor *m)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(m->out, "%s%s%s: %s\n", commands[i].name, *commands[i].args ? " " : "", commands[i].args,
                commands[i].help);
}

/** gdb_monitor - see the header */
void gdb_monitor(const struct gdb_host *host, struct kia_vcpu *vcpu, const char *line, FILE *out)
{
    char *copy = strdup(line);
    struct monitor m = { host, vcpu, copy, out };
    const char *name;

    if (!copy)
        return;
    name = next_word(&m);
    for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (!strcmp(name, commands[i].name)) {
            commands[i].run(&m);
            free(copy);
            return;
        }
    }
    if (name)
        fprintf(out, "there is no command %s; there are:\n", name);
    help(&m);
    free(copy);
}
