/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PAL procedures that describe the processor. Values follow the model; caches and counters are those of
 * its family. */
#include "fw/pal.h"

#include "fw/bytes.h"

#include <string.h>

/* A cache as PAL_CACHE_INFO gives it: config_info_1 and _2 (SDM Vol.2 11.10.3). */
struct cache {
    bool unified;
    uint8_t attributes; /* 0 write-through, 1 write-back */
    uint8_t ways, log2_line, log2_stride, store_latency, load_latency;
    uint32_t size;
    uint8_t tag_lsb;
};

enum { CACHE_LEVELS = 3, CACHE_INST = 1, CACHE_DATA = 2, TAG_MSB = 49 };

static const struct cache caches[CACHE_LEVELS][2] = {
    { { false, 0, 4, 6, 6, 0xff, 1, 16 << 10, 12 }, { false, 0, 4, 6, 6, 3, 1, 16 << 10, 12 } },
    { { false, 1, 8, 7, 7, 0xff, 7, 1 << 20, 17 }, { false, 1, 8, 7, 7, 7, 5, 256 << 10, 15 } },
    { { true, 1, 12, 7, 7, 7, 14, 12 << 20, 20 }, { true, 1, 12, 7, 7, 7, 14, 12 << 20, 20 } },
};

static const struct cache *find_cache(uint64_t level, uint64_t type)
{
    const struct cache *cache;

    if (level >= CACHE_LEVELS || (type != CACHE_INST && type != CACHE_DATA))
        return NULL;
    cache = &caches[level][type - CACHE_INST];
    return cache->unified && type == CACHE_INST ? NULL : cache;
}

static int64_t cache_info(struct pal_call *call)
{
    const struct cache *c = find_cache(call->arg[0], call->arg[1]);

    if (!c)
        return PAL_BAD_ARGUMENT;
    call->result[0] = (uint64_t)c->unified | (uint64_t)c->attributes << 1 | (uint64_t)c->ways << 8 |
                      (uint64_t)c->log2_line << 16 | (uint64_t)c->log2_stride << 24 |
                      (uint64_t)c->store_latency << 32 | (uint64_t)c->load_latency << 40;
    call->result[1] = c->size | (uint64_t)c->tag_lsb << 40 | (uint64_t)TAG_MSB << 48;
    return PAL_OK;
}

static int64_t cache_summary(struct pal_call *call)
{
    call->result[0] = CACHE_LEVELS;
    call->result[1] = 5; /* two split levels, one unified */
    return PAL_OK;
}

static int64_t cache_prot_info(struct pal_call *call)
{
    return find_cache(call->arg[0], call->arg[1]) ? PAL_OK : PAL_BAD_ARGUMENT; /* no protection to speak of */
}

static int64_t cache_shared_info(struct pal_call *call)
{
    if (!find_cache(call->arg[0], call->arg[1]) || call->arg[2] != 0)
        return PAL_BAD_ARGUMENT;
    call->result[0] = 1; /* one logical processor to a cache */
    call->result[1] = 0;
    call->result[2] = kia_board_lid(call->fw->board, call->cpu);
    return PAL_OK;
}

static int64_t mem_attrib(struct pal_call *call)
{
    call->result[0] = 0xf1; /* WB, UC, UCE, WC, NaTPage */
    return PAL_OK;
}

/* Purges the TC, too, as PAL code may: Linux needs it while it moves its first processor's data (docs/firmware.md). */
static int64_t ptce_info(struct pal_call *call)
{
    kia_vcpu_purge_all_tc(call->vcpu);
    call->result[0] = 0;
    call->result[1] = UINT64_C(1) << 32 | 1; /* one ptc.e purges all */
    call->result[2] = 0;
    return PAL_OK;
}

static int64_t vm_info(struct pal_call *call)
{
    const uint64_t reduce = UINT64_C(1) << 34, preferred = UINT64_C(1) << 32;

    if (call->arg[0] > 1 || call->arg[1] < 1 || call->arg[1] > 2)
        return PAL_BAD_ARGUMENT;
    if (call->arg[0] == 0) {
        call->result[0] = 1 | 32 << 8 | 32 << 16;
        call->result[1] = 1 << 12;
    } else {
        call->result[0] = 1 | 128 << 8 | 128 << 16 | preferred | reduce;
        call->result[1] = call->fw->model->page_sizes;
    }
    return PAL_OK;
}

static int64_t vm_summary(struct pal_call *call)
{
    const struct kia_cpu_model *m = call->fw->model;
    enum { WALKER = 1, HASH_ID = 8, UNIQUE_TCS = 4, TC_LEVELS = 2 };

    call->result[0] = WALKER | (uint64_t)m->pa_bits << 1 | (uint64_t)m->key_bits << 8 |
                      (uint64_t)(m->n_pkr - 1) << 16 | (uint64_t)HASH_ID << 24 |
                      (uint64_t)(m->n_dtr - 1) << 32 | (uint64_t)(m->n_itr - 1) << 40 |
                      (uint64_t)UNIQUE_TCS << 48 | (uint64_t)TC_LEVELS << 56;
    call->result[1] = m->va_msb | (uint64_t)m->rid_bits << 8; /* max purges 0: one ptc.g at a time */
    return PAL_OK;
}

static int64_t vm_page_size(struct pal_call *call)
{
    call->result[0] = call->fw->model->page_sizes;
    call->result[1] = call->fw->model->page_sizes;
    return PAL_OK;
}

static int64_t bus_get_features(struct pal_call *call)
{
    (void)call; /* none */
    return PAL_OK;
}

static int64_t debug_info(struct pal_call *call)
{
    call->result[0] = call->fw->model->n_ibr_pairs;
    call->result[1] = call->fw->model->n_dbr_pairs;
    return PAL_OK;
}

static int64_t fixed_addr(struct pal_call *call)
{
    call->result[0] = call->cpu;
    return PAL_OK;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t t = a % b;

        a = b;
        b = t;
    }
    return a;
}

/* Ratios to the platform clock of SAL_FREQ_BASE: processor, bus, interval time counter. */
static int64_t freq_ratios(struct pal_call *call)
{
    uint64_t itc = call->fw->itc_hz, base = fw_platform_hz(), g = gcd(itc, base);

    call->result[0] = UINT64_C(16) << 32 | 1;
    call->result[1] = UINT64_C(16) << 32 | 3;
    call->result[2] = itc / g << 32 | base / g;
    return PAL_OK;
}

static int64_t perf_mon_info(struct pal_call *call)
{
    static const struct {
        unsigned offset;
        uint32_t mask;
    } implemented[] = { { 0, 0x3fff }, { 0x20, 0x3ffff }, { 0x40, 0xf0 }, { 0x60, 0xf0 } };
    uint8_t buffer[128] = { 0 };

    for (unsigned i = 0; i < 4; i++)
        put32(buffer + implemented[i].offset, implemented[i].mask);
    call->result[0] = 0x08123004; /* 4 counters of 48 bits; events: cycles 0x12, retired 0x08 */
    return pal_put_buffer(call, call->arg[0], buffer, sizeof(buffer));
}

/* Feature sets: 0 architected, 16 model-specific, 17 and 18 absent below the highest. */
static int64_t get_features(struct pal_call *call)
{
    enum { SET_MODEL = 16, SET_LAST = 18 };

    if (call->arg[0])
        return PAL_BAD_ARGUMENT;
    if (call->arg[1] > SET_LAST)
        return PAL_SET_TOO_HIGH;
    if (call->arg[1] >= SET_MODEL)
        return PAL_DONE_BEFORE; /* status 1: this set is absent */
    if (call->arg[1])
        return PAL_BAD_ARGUMENT; /* 1-15 reserved */
    if (call->fw->model->vti) {
        call->result[0] = UINT64_C(1) << PAL_VM_FEATURES | UINT64_C(1) << PAL_VMSW;
        call->result[1] = UINT64_C(1) << PAL_VM_FEATURES | (uint64_t)kia_vcpu_vmsw(call->vcpu) << PAL_VMSW;
        call->result[2] = UINT64_C(1) << PAL_VMSW;
    }
    return PAL_OK;
}

static int64_t rse_info(struct pal_call *call)
{
    call->result[0] = call->fw->model->stacked;
    call->result[1] = 0; /* enforced lazy only */
    return PAL_OK;
}

static int64_t version(struct pal_call *call)
{
    /* BCD: PAL_B revision 1.0 {7:0} model {15:8}, vendor {31:24}, PAL_A revision {39:32} model {47:40}. */
    call->result[0] = UINT64_C(0x0000001000000010);
    call->result[1] = call->result[0];
    return PAL_OK;
}

static int64_t mc_error_info(struct pal_call *call)
{
    (void)call;
    return PAL_NO_INFORMATION;
}

static int64_t mem_for_test(struct pal_call *call)
{
    if (call->arg[0] > 1)
        return PAL_BAD_ARGUMENT;
    call->result[0] = 0;
    call->result[1] = 1;
    return PAL_OK;
}

/* Which application and control registers exist, and whose read has side effects: registers 0-63, 64-127. */
static int64_t register_info(struct pal_call *call)
{
    const uint64_t ruc = call->fw->model->cpuid4 & 8 ? UINT64_C(1) << 45 : 0;
    const uint64_t ito = call->fw->model->vti_later ? UINT64_C(1) << 4 : 0;
    const uint64_t masks[4][2] = {
        { UINT64_C(0x000011117f2f00ff) | ruc, 7 },
        { 0, 0 },
        { UINT64_C(0x03fb0107) | ito, 0x307ff },
        { 0, 2 },
    };

    if (call->arg[0] > 3)
        return PAL_BAD_ARGUMENT;
    call->result[0] = masks[call->arg[0]][0];
    call->result[1] = masks[call->arg[0]][1];
    return PAL_OK;
}

static int64_t prefetch_visibility(struct pal_call *call)
{
    return call->arg[0] > 1 ? PAL_BAD_ARGUMENT
                            : PAL_DONE_BEFORE; /* status 1: the other processors need no call */
}

/* Every logical processor is a package of its own. */
static int64_t logical_to_physical(struct pal_call *call)
{
    if (call->arg[0] != UINT64_MAX && call->arg[0] != 0)
        return PAL_BAD_ARGUMENT;
    call->result[0] = 1 | 1 << 16 | UINT64_C(1) << 32 | (uint64_t)(call->cpu & 0xff) << 48;
    call->result[1] = 0;
    call->result[2] = kia_board_lid(call->fw->board, call->cpu);
    return PAL_OK;
}

static int64_t halt_info(struct pal_call *call)
{
    enum { STATES = 8, IMPLEMENTED = 60, COHERENT = 61 };
    uint8_t buffer[STATES * 8] = { 0 };

    put64(buffer, UINT64_C(1) << IMPLEMENTED | UINT64_C(1) << COHERENT | UINT64_C(100) << 32 | 1 << 16 | 1);
    put64(buffer + 8, UINT64_C(1) << IMPLEMENTED | UINT64_C(50) << 32 | 1 << 16 | 1);
    return pal_put_buffer(call, call->arg[0], buffer, sizeof(buffer));
}

static int64_t brand_info(struct pal_call *call)
{
    uint8_t buffer[128] = { 0 };

    if (call->arg[0] != 0)
        return PAL_NO_INFORMATION;
    snprintf((char *)buffer, sizeof(buffer), "Virtual Itanium processor (%s)", call->fw->model->name);
    call->result[0] = strlen((const char *)buffer);
    return pal_put_buffer(call, call->arg[1], buffer, sizeof(buffer));
}

const struct pal_entry pal_information[] = {
    { 2, 2, cache_info, NULL },
    { 4, 0, cache_summary, NULL },
    { 5, 0, mem_attrib, NULL },
    { 6, 0, ptce_info, NULL },
    { 7, 2, vm_info, NULL },
    { 8, 0, vm_summary, NULL },
    { 9, 0, bus_get_features, NULL },
    { 11, 0, debug_info, NULL },
    { 12, 0, fixed_addr, NULL },
    { 14, 0, freq_ratios, NULL },
    { 15, 1, perf_mon_info, NULL },
    { 17, 2, get_features, NULL },
    { 19, 0, rse_info, NULL },
    { 20, 0, version, NULL },
    { 25, 3, mc_error_info, NULL },
    { 34, 0, vm_page_size, NULL },
    { 37, 1, mem_for_test, NULL },
    { 38, 2, cache_prot_info, NULL },
    { 39, 1, register_info, NULL },
    { 41, 1, prefetch_visibility, NULL },
    { 42, 1, logical_to_physical, NULL },
    { 43, 3, cache_shared_info, NULL },
    { 257, 1, halt_info, NULL },
    { 274, 2, brand_info, NULL },
};
const unsigned n_pal_information = sizeof(pal_information) / sizeof(pal_information[0]);
