/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The software processor's logs: -d in_asm, int and mmu (docs/debugging.md). */
#include <inttypes.h>

#include "accel/soft.h"
#include "vmm/log.h"

static void log_interruption(void *opaque, struct vcpu *v, const struct interruption_note *n)
{
    (void)opaque;
    kia_log(KIA_LOG_INT,
            "cpu %u %s (0x%04x) iip 0x%016" PRIx64 ".%u ipsr 0x%016" PRIx64 " isr 0x%016" PRIx64 " ifa 0x%016" PRIx64
            " iim 0x%" PRIx64,
            v->index, n->name, n->vector, n->ip, (unsigned)(n->psr >> PSR_RI_SHIFT & 3), n->psr, n->isr, n->ifa, n->iim);
}

static void log_tlb(void *opaque, struct vcpu *v, const char *what, uint64_t gva, uint32_t rid, unsigned ps, uint64_t pte)
{
    (void)opaque;
    kia_log(KIA_LOG_MMU, "cpu %u %s rid 0x%06" PRIx32 " va 0x%016" PRIx64 " ps %u pte 0x%016" PRIx64, v->index, what, rid, gva, ps,
            pte);
}

void soft_log_init(struct vm *vm)
{
    vm->log_interruption = kia_log_wanted[KIA_LOG_INT] ? log_interruption : NULL;
    vm->log_tlb = kia_log_wanted[KIA_LOG_MMU] ? log_tlb : NULL;
}

void soft_log_unit(const struct lower_source *src, const struct ir_unit *u)
{
    kia_log(KIA_LOG_IN_ASM, "unit at physical 0x%" PRIx64 ".%u, %u instructions, key 0x%x", src->gpa, src->slot, u->n_insns,
            (unsigned)src->key);
    for (unsigned i = 0; i < u->n_bundles; i++) {
        for (unsigned slot = 0; slot < 3; slot++) {
            char text[128];

            isa_disasm_slot(src->code[i], slot, src->gpa + i * 16, text, sizeof(text));
            if (*text)
                kia_log(KIA_LOG_IN_ASM, "0x%016" PRIx64 ".%u  %s", src->gpa + i * 16, slot, text);
        }
    }
}
