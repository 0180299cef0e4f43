/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accel.h and board.h for firmware tests. Region 7 addresses are the physical ones below them. */
#include "tests/fw/fake.h"

#include "abi/vpd.h"
#include "fw/bytes.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define PSR_BN_BIT (UINT64_C(1) << 44)

uint64_t kia_get_gr(struct kia_vcpu *vcpu, unsigned r, bool *nat)
{
    assert(r < 128);
    if (nat)
        *nat = vcpu->nat[r];
    return r ? vcpu->gr[r] : 0;
}

void kia_set_gr(struct kia_vcpu *vcpu, unsigned r, uint64_t value)
{
    assert(r > 0 && r < 128);
    vcpu->gr[r] = value;
    vcpu->nat[r] = false;
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
    for (unsigned i = 0; ((vcpu->psr ^ value) & PSR_BN_BIT) && i < 16; i++) {
        uint64_t t = vcpu->gr[16 + i];
        bool nat = vcpu->nat[16 + i];

        vcpu->gr[16 + i] = vcpu->bank[i];
        vcpu->nat[16 + i] = vcpu->bank_nat[i];
        vcpu->bank[i] = t;
        vcpu->bank_nat[i] = nat;
    }
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
    vcpu->ip = ip & ~UINT64_C(15);
}

uint64_t kia_get_cpuid(struct kia_vcpu *vcpu, unsigned index)
{
    return index == 3 ? vcpu->vm->model.cpuid3 : index == 4 ? vcpu->vm->model.cpuid4 : 0;
}

void kia_vcpu_br_ret(struct kia_vcpu *vcpu, uint64_t target)
{
    vcpu->n_br_ret++;
    vcpu->br_ret_target = target;
    kia_set_ip(vcpu, target);
}

void kia_vcpu_halt(struct kia_vcpu *vcpu)
{
    vcpu->n_halts++;
}

unsigned kia_vcpu_index(const struct kia_vcpu *vcpu)
{
    return vcpu->index;
}

static bool refused(struct kia_vcpu *vcpu)
{
    vcpu->n_accesses++;
    if (vcpu->retry_after < 0 || vcpu->retry_after-- > 0)
        return false;
    vcpu->n_faults++;
    return true;
}

static uint64_t translate(uint64_t gva)
{
    return gva & ~(UINT64_C(7) << 61);
}

int kia_vcpu_read_va(struct kia_vcpu *vcpu, uint64_t gva, void *buf, size_t len)
{
    return refused(vcpu) ? KIA_RETRY : kia_mem_read(vcpu->vm->mem, translate(gva), buf, len);
}

int kia_vcpu_write_va(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len)
{
    return refused(vcpu) ? KIA_RETRY : kia_mem_write(vcpu->vm->mem, translate(gva), buf, len);
}

int kia_vcpu_write_code_va(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len)
{
    return kia_vcpu_write_va(vcpu, gva, buf, len);
}

int kia_vcpu_vp_make_env(struct kia_vcpu *vcpu, uint64_t gpa)
{
    (void)vcpu, (void)gpa;
    return 0;
}

void kia_vcpu_vp_enter(struct kia_vcpu *vcpu, uint64_t gpa, uint64_t config)
{
    vcpu->vp_env = gpa;
    vcpu->vp_config = config;
}

void kia_vcpu_vp_leave(struct kia_vcpu *vcpu)
{
    vcpu->vp_env = vcpu->vp_loaded = 0;
}

int kia_vcpu_vp_load(struct kia_vcpu *vcpu, uint64_t vpd)
{
    uint64_t mark;

    if (refused(vcpu))
        return KIA_RETRY;
    if (kia_mem_read(vcpu->vm->mem, translate(vpd) + 0x1000, &mark, 8) || mark != KIA_VPD_MARK)
        return -EINVAL;
    vcpu->vp_loaded = vpd;
    return 0;
}

void kia_vcpu_vp_unload(struct kia_vcpu *vcpu)
{
    vcpu->vp_loaded = 0;
}

bool kia_vcpu_vp_loaded(const struct kia_vcpu *vcpu, uint64_t *vpd)
{
    *vpd = vcpu->vp_loaded;
    return vcpu->vp_loaded;
}

bool kia_vcpu_vmsw(const struct kia_vcpu *vcpu)
{
    return vcpu->vmsw;
}

void kia_vcpu_set_vmsw(struct kia_vcpu *vcpu, bool on)
{
    vcpu->vmsw = on;
}

void kia_vcpu_purge_all_tc(struct kia_vcpu *vcpu)
{
    vcpu->n_purges++;
}

bool kia_vcpu_tr_read(struct kia_vcpu *vcpu, bool data, unsigned index, uint64_t out[4])
{
    (void)vcpu;
    for (unsigned i = 0; i < 4; i++)
        out[i] = UINT64_C(0x1000) * (data + 1) + index * 16 + i;
    return index < FAKE_N_TR;
}

uint64_t kia_vm_itc_hz(const struct kia_vm *vm)
{
    return vm->itc_hz;
}

const struct kia_cpu_model *kia_vm_model(const struct kia_vm *vm)
{
    return &vm->model;
}

int kia_vm_add_gate(struct kia_vm *vm, uint64_t gpa, unsigned gate, enum kia_gate_kind kind)
{
    uint8_t bundle[16] = { 0xa5, (uint8_t)gate, (uint8_t)(gate >> 8), (uint8_t)kind };

    assert(vm->n_gates < FAKE_MAX_GATES && gate >= KIA_FW_GATE_FIRST && gate < KIA_FW_GATE_END &&
           gpa % 16 == 0);
    for (unsigned i = 0; i < vm->n_gates; i++)
        assert(vm->gates[i].gpa != gpa);
    vm->gates[vm->n_gates++] = (struct fake_gate){ gpa, gate, kind };
    return kia_mem_write(vm->mem, gpa, bundle, sizeof(bundle));
}

/* The board. */
const struct kia_board_info *kia_board_info(const struct kia_board *board)
{
    return &board->info;
}

struct kia_vcpu *kia_board_vcpu(const struct kia_board *board, unsigned index)
{
    assert(index < board->info.n_vcpus);
    return &board->info.vm->vcpus[index];
}

uint16_t kia_board_lid(const struct kia_board *board, unsigned index)
{
    (void)board;
    return (uint16_t)(index << 8);
}

void kia_board_request(struct kia_board *board, enum kia_board_request request)
{
    if (request == KIA_REQUEST_RESET)
        board->n_resets++;
    else
        board->n_poweroffs++;
}

static bool config_owned(unsigned seg, unsigned bus, unsigned dev, unsigned fn, unsigned reg, unsigned size)
{
    assert(reg + size <= 4096 && reg % size == 0 && bus < 256 && dev < 32 && fn < 8 &&
           (size == 1 || size == 2 || size == 4));
    return seg == 0 && bus == 0 && dev == 1 && fn == 0;
}

uint32_t kia_board_pci_read(struct kia_board *board, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                            unsigned reg, unsigned size)
{
    uint32_t ones = (uint32_t)(UINT64_MAX >> (64 - size * 8));

    if (!config_owned(seg, bus, dev, fn, reg, size))
        return ones;
    return get32(board->config + (reg & 4092)) >> (reg & 3) * 8 & ones;
}

void kia_board_pci_write(struct kia_board *board, unsigned seg, unsigned bus, unsigned dev, unsigned fn,
                         unsigned reg, unsigned size, uint32_t value)
{
    uint8_t bytes[4];

    put32(bytes, value);
    if (config_owned(seg, bus, dev, fn, reg, size))
        memcpy(board->config + reg, bytes, size);
}

void kia_board_get_time(struct kia_board *board, struct timespec *now)
{
    *now = board->now;
}

void kia_board_set_time(struct kia_board *board, const struct timespec *now)
{
    board->now = *now;
}

/* Set-up and helpers. */
struct fake *fake_new(unsigned n_vcpus)
{
    struct fake *f = test_calloc(1, sizeof(*f));
    struct kia_board *b = &f->board;
    struct kia_vm *vm = &b->vm;

    vm->mem = kia_mem_create();
    assert_non_null(vm->mem);
    assert_int_equal(kia_mem_add_ram(vm->mem, 0, 256 << 20), 0);
    assert_int_equal(kia_mem_add_ram(vm->mem, UINT64_C(4) << 30, 1 << 30), 0);
    vm->itc_hz = 400000000;
    vm->model = (struct kia_cpu_model){
        .name = "montecito",
        .n_itr = FAKE_N_TR,
        .n_dtr = FAKE_N_TR,
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
        .cpuid4 = 5,
    };
    for (unsigned i = 0; i < FAKE_MAX_VCPUS; i++)
        vm->vcpus[i] = (struct kia_vcpu){ .vm = vm, .index = i, .retry_after = -1 };
    b->images[0] = (struct kia_board_image){ KIA_IMAGE_KERNEL, 0x4000000, 0x1990000 };
    b->images[1] = (struct kia_board_image){ KIA_IMAGE_INITRD, 0xc000000, 0x123000 };
    b->info = (struct kia_board_info){
        .mem = vm->mem,
        .vm = vm,
        .n_vcpus = n_vcpus,
        .images = b->images,
        .n_images = 2,
        .has_kernel = true,
        .kernel_entry = 0x4df5760,
        .cmdline = "console=ttyS0 root=/dev/vda",
        .initrd_gpa = 0xc000000,
        .initrd_size = 0x122345,
        .has_uart0 = true,
    };
    b->now = (struct timespec){ 951782399, 5000 }; /* 2000-02-28 23:59:59 */
    f->cpu = &vm->vcpus[0];
    assert_int_equal(kia_fw_create(b, &f->fw), 0);
    assert_int_equal(kia_fw_setup(f->fw), 0);
    return f;
}

void fake_free(struct fake *f)
{
    kia_fw_destroy(f->fw);
    kia_mem_destroy(f->board.vm.mem);
    test_free(f);
}

void fake_read(struct fake *f, uint64_t gpa, void *buf, size_t len)
{
    assert_int_equal(kia_mem_read(f->board.vm.mem, gpa, buf, len), 0);
}

void fake_write(struct fake *f, uint64_t gpa, const void *buf, size_t len)
{
    assert_int_equal(kia_mem_write(f->board.vm.mem, gpa, buf, len), 0);
}

uint64_t fake64(struct fake *f, uint64_t gpa)
{
    uint8_t bytes[8];

    fake_read(f, gpa, bytes, sizeof(bytes));
    return get64(bytes);
}

uint32_t fake32(struct fake *f, uint64_t gpa)
{
    return (uint32_t)fake64(f, gpa);
}

uint16_t fake16(struct fake *f, uint64_t gpa)
{
    return (uint16_t)fake64(f, gpa);
}

uint8_t fake8(struct fake *f, uint64_t gpa)
{
    return (uint8_t)fake64(f, gpa);
}

uint64_t fake_sum(struct fake *f, uint64_t gpa, size_t len)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += fake8(f, gpa + i);
    return sum & 0xff;
}

enum kia_fw_next fake_gate_at(struct fake *f, struct kia_vcpu *cpu, uint64_t entry)
{
    struct kia_vm *vm = &f->board.vm;
    const char *why = NULL;

    for (unsigned i = 0; i < vm->n_gates; i++) {
        if (vm->gates[i].gpa == translate(entry)) {
            cpu->ip = entry;
            return kia_fw_gate(f->fw, cpu, vm->gates[i].gate, &why);
        }
    }
    fail_msg("no gate at 0x%llx", (unsigned long long)entry);
    return KIA_FW_STUCK;
}

uint64_t fake_call_regs(struct fake *f, uint64_t entry, unsigned first, const uint64_t args[8])
{
    for (unsigned i = 0; i < 8; i++)
        kia_set_gr(f->cpu, first + i, args[i]);
    assert_int_equal(fake_gate_at(f, f->cpu, entry), KIA_FW_CONTINUE);
    return f->cpu->gr[8];
}

uint64_t fake_pal(struct fake *f, uint64_t index, uint64_t a1, uint64_t a2, uint64_t a3)
{
    const uint64_t args[4] = { index, a1, a2, a3 };

    for (unsigned i = 0; i < 4; i++)
        kia_set_gr(f->cpu, (index & 0x100 ? 32 : 28) + i, args[i]);
    kia_set_gr(f->cpu, 28, index);
    fake_gate_at(f, f->cpu, FW_ADDR(FW_PAL_CODE));
    return f->cpu->gr[8];
}
