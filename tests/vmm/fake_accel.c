/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An accelerator without a processor. */
#include "tests/vmm/fake_accel.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mem.h"
#include "vmm/log.h"

enum { MAX_VCPUS = 128, MAX_IRQS = 4096 };

struct kia_vm {
    struct kia_vm_config config;
    struct kia_vcpu *vcpus[MAX_VCPUS];
};

struct kia_vcpu {
    struct kia_vm *vm;
    unsigned index;
    bool kicked;
    bool nat[128];
    uint64_t fr[128][2];
    uint64_t gr[128], br[8], ar[128], cr[128], rr[8], pr, psr, cfm, ip, frame_nats;
};

enum kia_exit (*fake_run)(struct kia_vcpu *vcpu, struct kia_run *run);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct fake_irq irqs[MAX_IRQS];
static unsigned irq_head, irq_tail, vms_created;

bool fake_take_irq(struct fake_irq *irq)
{
    bool found;

    pthread_mutex_lock(&lock);
    found = irq_tail != irq_head;
    if (found)
        *irq = irqs[irq_tail++ % MAX_IRQS];
    pthread_mutex_unlock(&lock);
    return found;
}

struct kia_mem *fake_mem(struct kia_vcpu *vcpu)
{
    return vcpu->vm->config.mem;
}

unsigned fake_vms_created(void)
{
    return vms_created;
}

int kia_vm_create(const struct kia_vm_config *config, struct kia_vm **vm)
{
    struct kia_vm *v;

    if (strcmp(config->accel, "soft")) {
        kia_err(0, "there is no accelerator '%s'", config->accel);
        return -EINVAL;
    }
    v = calloc(1, sizeof(*v));
    if (!v)
        return -ENOMEM;
    v->config = *config;
    vms_created++;
    *vm = v;
    return 0;
}

void kia_vm_destroy(struct kia_vm *vm)
{
    for (unsigned i = 0; i < MAX_VCPUS; i++)
        free(vm->vcpus[i]);
    free(vm);
}

void kia_cpu_help(FILE *out)
{
    fprintf(out, "fake\n");
}

int kia_vcpu_create(struct kia_vm *vm, unsigned index, uint8_t lid_id, uint8_t lid_eid,
                    struct kia_vcpu **vcpu)
{
    struct kia_vcpu *v = calloc(1, sizeof(*v));

    if (!v)
        return -ENOMEM;
    assert(index < MAX_VCPUS && !vm->vcpus[index]);
    v->vm = vm;
    v->index = index;
    v->cr[64] = (uint64_t)lid_id << 24 | (uint64_t)lid_eid << 16;
    vm->vcpus[index] = *vcpu = v;
    return 0;
}

void fake_sleep(struct kia_vcpu *vcpu)
{
    pthread_mutex_lock(&lock);
    while (!vcpu->kicked)
        pthread_cond_wait(&changed, &lock);
    vcpu->kicked = false;
    pthread_mutex_unlock(&lock);
}

enum kia_exit kia_vcpu_run(struct kia_vcpu *vcpu, struct kia_run *run)
{
    if (fake_run)
        return run->exit = fake_run(vcpu, run);
    fake_sleep(vcpu);
    return run->exit = KIA_EXIT_KICKED;
}

void kia_vcpu_kick(struct kia_vcpu *vcpu)
{
    pthread_mutex_lock(&lock);
    vcpu->kicked = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void kia_vcpu_halt(struct kia_vcpu *vcpu)
{
    fake_sleep(vcpu);
}

void kia_vcpu_reset(struct kia_vcpu *vcpu)
{
    struct kia_vm *vm = vcpu->vm;
    unsigned index = vcpu->index;
    uint64_t lid = vcpu->cr[64];

    memset(vcpu, 0, sizeof(*vcpu));
    vcpu->vm = vm;
    vcpu->index = index;
    vcpu->cr[64] = lid;
}

bool kia_vm_is_deterministic(const struct kia_vm *vm)
{
    (void)vm;
    return false;
}

enum kia_turn kia_vm_next(struct kia_vm *vm, struct kia_vcpu **vcpu)
{
    (void)vm, (void)vcpu;
    return KIA_TURN_NEVER;
}

void kia_vcpu_park(struct kia_vcpu *vcpu)
{
    (void)vcpu;
}

uint64_t kia_vm_now(struct kia_vm *vm)
{
    (void)vm;
    return 0;
}

uint64_t kia_vm_alarm(struct kia_vm *vm, uint64_t when)
{
    (void)vm;
    return when;
}

void kia_vm_set_timers(struct kia_vm *vm, const struct kia_vm_timers *timers)
{
    (void)vm, (void)timers;
}

unsigned kia_vcpu_index(const struct kia_vcpu *vcpu)
{
    return vcpu->index;
}

void kia_vm_interrupt(struct kia_vm *vm, uint16_t lid, unsigned dm, uint8_t vector)
{
    (void)vm;
    pthread_mutex_lock(&lock);
    irqs[irq_head++ % MAX_IRQS] = (struct fake_irq){ lid, dm, vector };
    if (irq_head - irq_tail > MAX_IRQS)
        irq_tail = irq_head - MAX_IRQS;
    pthread_mutex_unlock(&lock);
}

int kia_vm_add_gate(struct kia_vm *vm, uint64_t gpa, unsigned gate, enum kia_gate_kind kind)
{
    uint8_t bundle[16] = { gate, gate >> 8, kind };

    return kia_mem_write(vm->config.mem, gpa, bundle, sizeof(bundle));
}

uint64_t kia_get_gr(struct kia_vcpu *vcpu, unsigned r, bool *nat)
{
    if (nat)
        *nat = vcpu->nat[r];
    return vcpu->gr[r];
}

void kia_set_gr(struct kia_vcpu *vcpu, unsigned r, uint64_t value)
{
    vcpu->gr[r] = value;
}

void kia_set_gr_nat(struct kia_vcpu *vcpu, unsigned r, bool nat)
{
    vcpu->nat[r] = nat;
}

void kia_get_fr(struct kia_vcpu *vcpu, unsigned f, uint64_t *sig, uint64_t *se)
{
    *sig = vcpu->fr[f][0];
    *se = vcpu->fr[f][1];
}

void kia_set_fr(struct kia_vcpu *vcpu, unsigned f, uint64_t sig, uint64_t se)
{
    vcpu->fr[f][0] = sig;
    vcpu->fr[f][1] = se;
}

uint64_t kia_get_br(struct kia_vcpu *vcpu, unsigned b)
{
    return vcpu->br[b];
}

void kia_set_br(struct kia_vcpu *vcpu, unsigned b, uint64_t value)
{
    vcpu->br[b] = value;
}

uint64_t kia_get_ar(struct kia_vcpu *vcpu, unsigned ar)
{
    return vcpu->ar[ar];
}

void kia_set_ar(struct kia_vcpu *vcpu, unsigned ar, uint64_t value)
{
    vcpu->ar[ar] = value;
}

uint64_t kia_get_cr(struct kia_vcpu *vcpu, unsigned cr)
{
    return vcpu->cr[cr];
}

void kia_set_cr(struct kia_vcpu *vcpu, unsigned cr, uint64_t value)
{
    vcpu->cr[cr] = value;
}

uint64_t kia_get_rr(struct kia_vcpu *vcpu, unsigned rr)
{
    return vcpu->rr[rr];
}

void kia_set_rr(struct kia_vcpu *vcpu, unsigned rr, uint64_t value)
{
    vcpu->rr[rr] = value;
}

uint64_t kia_get_pr(struct kia_vcpu *vcpu)
{
    return vcpu->pr;
}

void kia_set_pr(struct kia_vcpu *vcpu, uint64_t value)
{
    vcpu->pr = value;
}

uint64_t kia_get_psr(struct kia_vcpu *vcpu)
{
    return vcpu->psr;
}

void kia_set_psr(struct kia_vcpu *vcpu, uint64_t value)
{
    vcpu->psr = value;
}

uint64_t kia_get_cfm(struct kia_vcpu *vcpu)
{
    return vcpu->cfm;
}

void kia_set_cfm(struct kia_vcpu *vcpu, uint64_t value)
{
    vcpu->cfm = value;
}

uint64_t kia_get_ip(struct kia_vcpu *vcpu)
{
    return vcpu->ip;
}

void kia_set_ip(struct kia_vcpu *vcpu, uint64_t ip)
{
    vcpu->ip = ip;
}

uint64_t kia_get_cpuid(struct kia_vcpu *vcpu, unsigned index)
{
    (void)vcpu;
    return index == 3 ? 0x20000704 : 0;
}

void kia_vcpu_br_ret(struct kia_vcpu *vcpu, uint64_t target)
{
    vcpu->cfm = vcpu->ar[64];
    vcpu->ip = target;
}

int kia_vcpu_read_va(struct kia_vcpu *vcpu, uint64_t gva, void *buf, size_t len)
{
    return kia_mem_read(vcpu->vm->config.mem, gva, buf, len);
}

int kia_vcpu_write_va(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len)
{
    return kia_mem_write(vcpu->vm->config.mem, gva, buf, len);
}

int kia_vcpu_write_code_va(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len)
{
    return kia_vcpu_write_va(vcpu, gva, buf, len);
}

/* This model has no VT-i: PAL asks for none of it. */
int kia_vcpu_vp_make_env(struct kia_vcpu *vcpu, uint64_t gpa)
{
    (void)vcpu, (void)gpa;
    return -EFAULT;
}

void kia_vcpu_vp_enter(struct kia_vcpu *vcpu, uint64_t gpa, uint64_t config)
{
    (void)vcpu, (void)gpa, (void)config;
}

void kia_vcpu_vp_leave(struct kia_vcpu *vcpu)
{
    (void)vcpu;
}

int kia_vcpu_vp_load(struct kia_vcpu *vcpu, uint64_t vpd)
{
    (void)vcpu, (void)vpd;
    return -EINVAL;
}

void kia_vcpu_vp_unload(struct kia_vcpu *vcpu)
{
    (void)vcpu;
}

bool kia_vcpu_vp_loaded(const struct kia_vcpu *vcpu, uint64_t *vpd)
{
    (void)vcpu;
    *vpd = 0;
    return false;
}

bool kia_vcpu_vmsw(const struct kia_vcpu *vcpu)
{
    (void)vcpu;
    return false;
}

void kia_vcpu_set_vmsw(struct kia_vcpu *vcpu, bool on)
{
    (void)vcpu, (void)on;
}

void kia_vcpu_purge_all_tc(struct kia_vcpu *vcpu)
{
    (void)vcpu;
}

bool kia_vcpu_tr_read(struct kia_vcpu *vcpu, bool data, unsigned index, uint64_t out[4])
{
    (void)vcpu;
    (void)data;
    memset(out, 0, 4 * sizeof(out[0]));
    return index < 8;
}

uint64_t kia_vm_itc_hz(const struct kia_vm *vm)
{
    return vm->config.itc_hz;
}

const struct kia_cpu_model *kia_vm_model(const struct kia_vm *vm)
{
    static const struct kia_cpu_model model = {
        .name = "fake",
        .n_itr = 8,
        .n_dtr = 8,
        .n_pkr = 16,
        .n_ibr_pairs = 4,
        .n_dbr_pairs = 4,
        .rid_bits = 24,
        .pa_bits = 50,
        .va_msb = 60,
        .key_bits = 24,
        .stacked = 96,
        .page_sizes = 0x155557000,
        .cpuid3 = 0x20000704,
    };

    (void)vm;
    return &model;
}

void kia_vcpu_dump(struct kia_vcpu *vcpu, FILE *out)
{
    fprintf(out, "ip %016llx\npsr %016llx\n", (unsigned long long)vcpu->ip, (unsigned long long)vcpu->psr);
}

void kia_vcpu_dump_vpd(struct kia_vcpu *vcpu, FILE *out)
{
    fprintf(out, "no virtual processor is loaded\n");
    (void)vcpu;
}

void kia_vcpu_dump_tlb(struct kia_vcpu *vcpu, FILE *out)
{
    fprintf(out, "tlb of %u\n", vcpu->index);
}

enum kia_exit kia_vcpu_step(struct kia_vcpu *vcpu, struct kia_run *run)
{
    vcpu->ip += 16;
    run->stop = KIA_STOP_STEP;
    return run->exit = KIA_EXIT_DEBUG;
}

static struct fake_debug debug;

struct fake_debug fake_debug(void)
{
    return debug;
}

int kia_vm_set_breakpoint(struct kia_vm *vm, uint64_t address)
{
    (void)vm;
    if ((address & 15) > 2)
        return -EINVAL;
    debug.breakpoint = address;
    return 0;
}

void kia_vm_clear_breakpoint(struct kia_vm *vm, uint64_t address)
{
    (void)vm;
    if (debug.breakpoint == address)
        debug.breakpoint = 0;
}

int kia_vm_set_watchpoint(struct kia_vm *vm, uint64_t gva, uint64_t len, unsigned access)
{
    (void)vm;
    debug.watch_gva = gva;
    debug.watch_len = len;
    debug.watch_access = access;
    return len ? 0 : -EINVAL;
}

void kia_vm_clear_watchpoint(struct kia_vm *vm, uint64_t gva, uint64_t len, unsigned access)
{
    (void)vm;
    if (debug.watch_gva == gva && debug.watch_len == len && debug.watch_access == access)
        debug.watch_len = 0;
}

void kia_vm_clear_debug(struct kia_vm *vm)
{
    (void)vm;
    debug = (struct fake_debug){ .cleared = debug.cleared + 1 };
}

int kia_vcpu_peek(struct kia_vcpu *vcpu, uint64_t gva, void *buf, size_t len)
{
    return kia_mem_read(vcpu->vm->config.mem, gva, buf, len);
}

int kia_vcpu_poke(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len)
{
    return kia_mem_write(vcpu->vm->config.mem, gva, buf, len);
}

int kia_vcpu_jump(struct kia_vcpu *vcpu, uint64_t ip, unsigned slot)
{
    vcpu->ip = ip & ~UINT64_C(15);
    return slot > 2 ? -EINVAL : 0;
}

uint64_t kia_vcpu_frame_end(struct kia_vcpu *vcpu)
{
    return vcpu->ar[17] + 8 * (vcpu->cfm & 0x7f);
}

uint64_t kia_vcpu_frame_nats(struct kia_vcpu *vcpu)
{
    return vcpu->frame_nats;
}

void kia_vcpu_set_frame_nats(struct kia_vcpu *vcpu, uint64_t nats)
{
    vcpu->frame_nats = nats;
}

int kia_vcpu_set_frame(struct kia_vcpu *vcpu, uint64_t end, uint64_t cfm)
{
    if ((cfm & 0x7f) > 96)
        return -EINVAL;
    vcpu->cfm = cfm;
    vcpu->ar[17] = end - 8 * (cfm & 0x7f);
    return 0;
}
