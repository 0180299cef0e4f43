/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processor models: what -cpu names, and what CPUID and PAL answer for each. */
#include <errno.h>
#include <string.h>

#include "accel/soft.h"
#include "vmm/log.h"

/* 4K 8K 16K 64K 256K 1M 4M 16M 64M 256M 1G 4G */
#define PAGE_SIZES UINT64_C(0x155557000)
#define CPUID4_LB (UINT64_C(1) << 0)
#define CPUID4_AO (UINT64_C(1) << 2)
#define CPUID4_RU (UINT64_C(1) << 3)
#define CPUID4_CZ (UINT64_C(1) << 32)
#define CPUID4_X2 (UINT64_C(1) << 33)

#define COMMON                                                                                                       \
    .n_itr = 64, .n_dtr = 64, .n_pkr = N_PKR, .n_ibr_pairs = N_BR_PAIRS, .n_dbr_pairs = N_BR_PAIRS, .rid_bits = 24,   \
    .key_bits = 24, .pa_bits = 50, .va_msb = 60, .stacked = N_PHYS_STACKED, .page_sizes = PAGE_SIZES

#define CPUID4_POULSON (CPUID4_LB | CPUID4_AO | CPUID4_RU | CPUID4_CZ | CPUID4_X2)
#define LATER .vti = true, .vti_later = true

/* CPUID[3]: archrev, family, model, revision, highest index (SDM Vol.1 3.1.11). */
static const struct kia_cpu_model models[] = {
    { .name = "madison", COMMON, .cpuid3 = 0x1f010504, .cpuid4 = CPUID4_LB },
    { .name = "montecito", COMMON, .vti = true, .cpuid3 = 0x20000704, .cpuid4 = CPUID4_LB | CPUID4_AO },
    { .name = "tukwila", COMMON, LATER, .cpuid3 = 0x20020404, .cpuid4 = CPUID4_LB | CPUID4_AO | CPUID4_RU },
    { .name = "poulson", COMMON, LATER, .cpuid3 = 0x21000404, .cpuid4 = CPUID4_POULSON },
    { .name = "max", COMMON, LATER, .cpuid3 = 0x21000404, .cpuid4 = CPUID4_POULSON },
};

void kia_cpu_help(FILE *out)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++)
        fprintf(out, "%s%s\n", models[i].name, strcmp(models[i].name, "montecito") ? "" : " (default)");
}

/* "vti=on", "vti=off" for a copy of @base: a feature that the model does not have cannot be switched on. */
static int parse_feature(const char *text, size_t len, const struct kia_cpu_model *base, struct kia_cpu_model *model)
{
    if (len == 7 && !strncmp(text, "vti=off", len)) {
        model->vti = model->vti_later = false;
        return 0;
    }
    if (len != 6 || strncmp(text, "vti=on", len))
        return kia_err(-EINVAL, "-cpu %s: no feature '%.*s'; there is vti=on|off", model->name, (int)len, text);
    if (!base->vti)
        return kia_err(-EINVAL, "-cpu %s: this model has no vti; montecito and later ones have", model->name);
    model->vti = base->vti;
    model->vti_later = base->vti_later;
    return 0;
}

int soft_model_parse(const char *cpu, struct kia_cpu_model *model)
{
    size_t len, i;

    if (!cpu)
        cpu = "montecito";
    len = strcspn(cpu, ",");
    for (i = 0; i < sizeof(models) / sizeof(*models); i++) {
        if (strlen(models[i].name) == len && !strncmp(models[i].name, cpu, len))
            break;
    }
    if (i < sizeof(models) / sizeof(*models)) {
        int err = 0;

        *model = models[i];
        while (!err && cpu[len]) {
            cpu += len + 1;
            len = strcspn(cpu, ",");
            err = parse_feature(cpu, len, &models[i], model);
        }
        return err;
    }
    return kia_err(-EINVAL, "no processor model '%s': -cpu help lists them", cpu);
}
