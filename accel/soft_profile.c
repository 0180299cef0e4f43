/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile=FILE: where the guest's time goes, sampled. */
#include "accel/soft_profile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "accel/soft.h"
#include "accel/symbols.h"
#include "vmm/log.h"

enum { PERIOD_NS = 1000000, FIRST_SLOTS = 1024, PERCENT = 100 };

struct soft_profile {
    FILE *file;
    pthread_t thread;
    atomic_bool end;
};

/* What was counted for one place: its address and slot, and the bits of the key that say at what level. */
struct place {
    uint64_t ip;
    uint32_t level;
    uint32_t used;
    uint64_t count;
};

/* Of one vcpu, or of all: open addressing. */
struct soft_samples {
    struct place *at;
    size_t n, size; /* size: a power of two */
    uint64_t outside, lost;
};

/* ---- places ---- */

static struct place *find(struct soft_samples *s, uint64_t ip, uint32_t level)
{
    size_t i = (size_t)((ip ^ level) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (s->size - 1);

    while (s->at[i].used && (s->at[i].ip != ip || s->at[i].level != level))
        i = (i + 1) & (s->size - 1);
    return &s->at[i];
}

static bool grow(struct soft_samples *s)
{
    struct soft_samples larger = *s;

    larger.size = s->size ? 2 * s->size : FIRST_SLOTS;
    larger.at = calloc(larger.size, sizeof(*larger.at));
    if (!larger.at)
        return false;
    for (size_t i = 0; i < s->size; i++) {
        if (s->at[i].used)
            *find(&larger, s->at[i].ip, s->at[i].level) = s->at[i];
    }
    free(s->at);
    *s = larger;
    return true;
}

static void count(struct soft_samples *s, uint64_t ip, uint32_t level, uint64_t n)
{
    struct place *p;

    if (4 * s->n >= 3 * s->size && !grow(s)) {
        s->lost += n;
        return;
    }
    p = find(s, ip, level);
    if (!p->used) {
        *p = (struct place){ .ip = ip, .level = level, .used = 1 };
        s->n++;
    }
    p->count += n;
}

/* ---- sampling ---- */

static void *ask(void *opaque)
{
    struct kia_vm *vm = opaque;
    struct timespec next;

    clock_gettime(CLOCK_MONOTONIC, &next);
    while (!atomic_load(&vm->profile->end)) {
        next.tv_nsec += PERIOD_NS;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        for (unsigned i = 0, n = atomic_load(&vm->vm.n_vcpus); i < n; i++) {
            struct vcpu *v = atomic_load(&vm->vm.vcpus[i]);
            struct kia_vcpu *vcpu = v ? v->engine : NULL;

            if (!vcpu)
                continue;
            if (atomic_load(&vcpu->asleep) || seat_state_queued(atomic_load(&vcpu->seat.state))) {
                atomic_fetch_add(&vcpu->slept, 1);
                continue;
            }
            atomic_fetch_add(&vcpu->asked, 1);
            atomic_fetch_or(&v->attention, ATTN_PROFILE);
        }
    }
    return NULL;
}

static struct soft_samples *samples_of(struct kia_vcpu *vcpu)
{
    if (!vcpu->samples)
        vcpu->samples = calloc(1, sizeof(*vcpu->samples));
    return vcpu->samples;
}

void soft_profile_sample(struct kia_vcpu *vcpu)
{
    struct soft_samples *s = samples_of(vcpu);
    uint64_t n = atomic_exchange(&vcpu->asked, 0);

    if (s && n)
        count(s, vcpu->v->profile_ip, vcpu->v->profile_key & (KEY_CPL | KEY_VM), n);
}

void soft_profile_outside(struct kia_vcpu *vcpu)
{
    struct soft_samples *s = samples_of(vcpu);
    uint64_t n = atomic_exchange(&vcpu->asked, 0);

    if (s)
        s->outside += n;
    vcpu->v->profile_ip = vcpu->v->ip; /* who is asked before the first unit runs is about to */
    vcpu->v->profile_key = vcpu->v->key;
}

int soft_profile_start(struct kia_vm *vm)
{
    struct soft_profile *p = calloc(1, sizeof(*p));
    const char *path = vm->options.profile;
    int err;

    if (!p)
        return kia_err(-ENOMEM, "cannot write the profile");
    p->file = fopen(path, "we");
    if (!p->file) {
        free(p);
        return kia_err(-errno, "cannot write the profile to '%s'", path);
    }
    vm->profile = p;
    err = -pthread_create(&p->thread, NULL, ask, vm);
    if (!err)
        return 0;
    vm->profile = NULL;
    fclose(p->file);
    free(p);
    return kia_err(err, "cannot start the profile's thread");
}

void soft_profile_stop(struct kia_vm *vm)
{
    if (!vm->profile)
        return;
    atomic_store(&vm->profile->end, true);
    pthread_join(vm->profile->thread, NULL);
}

/* ---- the file ---- */

static int by_count(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->ip < y->ip ? -1 : x->ip > y->ip;
}

static void merge(struct soft_samples *all, const struct soft_samples *s)
{
    for (size_t i = 0; i < s->size; i++) {
        if (s->at[i].used)
            count(all, s->at[i].ip, s->at[i].level, s->at[i].count);
    }
    all->outside += s->outside;
    all->lost += s->lost;
}

/* Places, most first; those of the table that nothing was counted in go. Return: the sum of all. */
static uint64_t sort(struct soft_samples *all)
{
    uint64_t sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < all->size; i++) {
        if (!all->at[i].used)
            continue;
        sum += all->at[i].count;
        all->at[n++] = all->at[i];
    }
    if (n)
        qsort(all->at, n, sizeof(*all->at), by_count);
    return sum;
}

/* Names are those of the kernel: a program at a lower level has addresses of its own. */
static void write_places(const struct kia_vm *vm, FILE *out, const struct soft_samples *all, uint64_t sum)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct place *p = &all->at[i];
        char name[256] = "";

        if (!p->level)
            symbols_text(vm->symbols, p->ip & ~UINT64_C(0xf), name, sizeof(name));
        fprintf(out, "%8" PRIu64 " %6.2f %s%u %016" PRIx64 "%s%s\n", p->count, (double)(PERCENT * p->count) / (double)sum,
                p->level & KEY_VM ? "v" : "", p->level & KEY_CPL, p->ip, *name ? " " : "", name);
    }
}

void soft_profile_write(struct kia_vm *vm)
{
    struct soft_profile *p = vm->profile;
    struct soft_samples all = { 0 };
    uint64_t slept = 0, sum;
    bool bad;

    if (!p)
        return;
    for (unsigned i = 0; i < vm->max_vcpus; i++) {
        struct kia_vcpu *vcpu = vm->vcpus[i];

        if (!vcpu)
            continue;
        slept += atomic_load(&vcpu->slept);
        if (vcpu->samples) {
            merge(&all, vcpu->samples);
            free(vcpu->samples->at);
            free(vcpu->samples);
            vcpu->samples = NULL;
        }
    }
    sum = sort(&all);
    fprintf(p->file, "# %" PRIu64 " samples, one a millisecond and processor; %" PRIu64 " more in firmware, %" PRIu64
            " asleep, %" PRIu64 " lost\n# samples, percent, privilege level (v: virtual processor), address%s\n",
            sum, all.outside, slept, all.lost, vm->symbols ? ", name" : "");
    write_places(vm, p->file, &all, sum);
    free(all.at);
    bad = ferror(p->file);
    if (fclose(p->file) || bad)
        kia_err(0, "the profile '%s' is not complete: it could not be written", vm->options.profile);
    free(p);
    vm->profile = NULL;
}
