/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The border between the machine (vmm/, dev/, fw/) and whatever runs the processors.
 *
 * Owns the calls by which a board creates processors, runs them, interrupts them and reads their registers.
 * May include mem/ and abi/; each accelerator (soft, kvm) implements the functions behind one ops table.
 * Unless a function says otherwise it is called on the vcpu's own thread while the vcpu does not run.
 */
#ifndef KIA_ACCEL_H
#define KIA_ACCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct kia_mem;
struct kia_vm;
struct kia_vcpu;

/* What the user chose with -accel and -cpu. */
struct kia_vm_config {
    const char *accel;     /* "soft[,option=value...]" */
    const char *cpu;       /* "montecito[,feature=on|off...]" */
    struct kia_mem *mem;   /* guest physical memory; outlives the VM */
    unsigned max_vcpus;
    uint64_t itc_hz;       /* rate of AR.ITC */
};

/* Why kia_vcpu_run() came back. */
enum kia_exit {
    KIA_EXIT_GATE,   /* a firmware gate was executed: run->gate; state as after the gate instruction */
    KIA_EXIT_KICKED, /* kia_vcpu_kick() asked for it */
    KIA_EXIT_INIT,   /* an INIT was received: firmware's INIT hand-off is due */
    KIA_EXIT_PMI,
    KIA_EXIT_TURN,   /* of a deterministic machine: ask kia_vm_next() who goes on */
    KIA_EXIT_STUCK,  /* the guest cannot go on: run->why says why in one line */
    KIA_EXIT_DEBUG,  /* a debugger's: run->stop says which; no instruction is half done */
};

enum kia_stop {
    KIA_STOP_NONE,
    KIA_STOP_STEP,       /* kia_vcpu_step() is done */
    KIA_STOP_BREAKPOINT, /* before the instruction */
    KIA_STOP_WATCHPOINT, /* after the instruction; run->address: first watched byte that it referred to */
};

struct kia_run {
    enum kia_exit exit;
    unsigned gate;
    enum kia_stop stop;
    uint64_t address;
    char why[160];
};

/**
 * kia_vm_create - a machine without processors: kia_vcpu_create() adds them
 * @config: copied; its memory stays the caller's and must outlive the machine
 * Return: 0, or a negative errno: an accelerator or model that is not known (named in a message), or no memory.
 * Thread: one, as for kia_vm_destroy(), which may run when no processor does.
 */
int kia_vm_create(const struct kia_vm_config *config, struct kia_vm **vm);
void kia_vm_destroy(struct kia_vm *vm);
/* Prints the models (-cpu help). */
void kia_cpu_help(FILE *out);

/* @lid_id, @lid_eid: CR.LID{31:24} and {23:16}. The vcpu starts in its reset state (SDM Vol.2 chapter 11) and does not run. */
int kia_vcpu_create(struct kia_vm *vm, unsigned index, uint8_t lid_id, uint8_t lid_eid, struct kia_vcpu **vcpu);
enum kia_exit kia_vcpu_run(struct kia_vcpu *vcpu, struct kia_run *run);
/* Makes kia_vcpu_run() or kia_vcpu_halt() of another thread return soon. Any thread. */
void kia_vcpu_kick(struct kia_vcpu *vcpu);
/* PAL_HALT_LIGHT: sleeps until an unmasked external interrupt (PSR.i does not matter, TPR does), INIT, PMI or a kick. */
void kia_vcpu_halt(struct kia_vcpu *vcpu);
/* Back to the reset state. The vcpu does not run. */
void kia_vcpu_reset(struct kia_vcpu *vcpu);
unsigned kia_vcpu_index(const struct kia_vcpu *vcpu);

/* An interrupt message: @lid = id << 8 | eid, @dm: 0 INT 2 PMI 4 NMI 5 INIT 7 ExtINT (SDM Vol.2 5.8.4.1). Any thread. */
void kia_vm_interrupt(struct kia_vm *vm, uint16_t lid, unsigned dm, uint8_t vector);

/*
 * Gates: a 16-byte bundle at guest physical @gpa whose slot 0 exits to the machine with KIA_EXIT_GATE and @gate, at cpl 0 only.
 * kia_vm_add_gate() writes the bundle { gate; nop.i; <slot2> } into RAM; slot 2 is br.ret.sptk.many b0 for KIA_GATE_RETURN
 * (called by br.call), br.cond.sptk.many b0 for KIA_GATE_BRANCH (PAL static calls), or nop for KIA_GATE_FALL (goes on with
 * the next bundle). The bundle's bytes anywhere else are an Illegal Operation.
 */
enum kia_gate_kind { KIA_GATE_RETURN, KIA_GATE_BRANCH, KIA_GATE_FALL };
int kia_vm_add_gate(struct kia_vm *vm, uint64_t gpa, unsigned gate, enum kia_gate_kind kind);

/*
 * Deterministic machines (-accel soft,deterministic=on; docs/deterministic.md): one thread runs all processors, in turns that
 * are the same in every run, and time is what they have executed. That thread calls kia_vm_next(), runs the processor that it
 * names until it exits, and asks again. Elsewhere these are not called, but for the first.
 */
bool kia_vm_is_deterministic(const struct kia_vm *vm);
enum kia_turn {
    KIA_TURN_RUN,   /* kia_vcpu_run(*vcpu) */
    KIA_TURN_STOP,  /* kia_vcpu_kick() asked for it, of any processor */
    KIA_TURN_NEVER, /* all processors sleep, and nothing that could wake them is on its way */
};
enum kia_turn kia_vm_next(struct kia_vm *vm, struct kia_vcpu **vcpu);
/* The processor has no more turns until kia_vcpu_reset(). */
void kia_vcpu_park(struct kia_vcpu *vcpu);
/* Virtual time in nanoseconds, exact at the instruction that runs. */
uint64_t kia_vm_now(struct kia_vm *vm);
/* Something of the machine's is due at @when: the time at which timers->run() comes, a little later if that is too soon. */
uint64_t kia_vm_alarm(struct kia_vm *vm, uint64_t when);
struct kia_vm_timers {
    uint64_t (*next)(void *opaque); /* of what kia_vm_alarm() gave and is still wanted, the earliest; or UINT64_MAX */
    void (*run)(void *opaque);      /* carry out what is due at kia_vm_now() */
    void *opaque;
};
/* Before the first turn. */
void kia_vm_set_timers(struct kia_vm *vm, const struct kia_vm_timers *timers);

/* Registers by the manual's names. Index ranges are asserted. */
uint64_t kia_get_gr(struct kia_vcpu *vcpu, unsigned r, bool *nat); /* 0-127 in the current frame and bank; nat may be NULL */
void kia_set_gr(struct kia_vcpu *vcpu, unsigned r, uint64_t value); /* clears the NaT */
void kia_set_gr_nat(struct kia_vcpu *vcpu, unsigned r, bool nat); /* r1-r127; the value stays */
/* f0-f127 as spilled: @sig the significand, @se sign and exponent in {17:0}. Writing f0 and f1 does nothing. */
void kia_get_fr(struct kia_vcpu *vcpu, unsigned f, uint64_t *sig, uint64_t *se);
void kia_set_fr(struct kia_vcpu *vcpu, unsigned f, uint64_t sig, uint64_t se);
uint64_t kia_get_br(struct kia_vcpu *vcpu, unsigned b);
void kia_set_br(struct kia_vcpu *vcpu, unsigned b, uint64_t value);
uint64_t kia_get_ar(struct kia_vcpu *vcpu, unsigned ar);
void kia_set_ar(struct kia_vcpu *vcpu, unsigned ar, uint64_t value); /* raw: no privilege or reserved-field checks */
uint64_t kia_get_cr(struct kia_vcpu *vcpu, unsigned cr);
void kia_set_cr(struct kia_vcpu *vcpu, unsigned cr, uint64_t value);
uint64_t kia_get_rr(struct kia_vcpu *vcpu, unsigned rr);
void kia_set_rr(struct kia_vcpu *vcpu, unsigned rr, uint64_t value);
uint64_t kia_get_pr(struct kia_vcpu *vcpu);
void kia_set_pr(struct kia_vcpu *vcpu, uint64_t value);
uint64_t kia_get_psr(struct kia_vcpu *vcpu);
void kia_set_psr(struct kia_vcpu *vcpu, uint64_t value); /* switches the bank where bn changes */
uint64_t kia_get_cfm(struct kia_vcpu *vcpu);
void kia_set_cfm(struct kia_vcpu *vcpu, uint64_t value); /* an empty register stack with this frame; BSP = BSPSTORE */
uint64_t kia_get_ip(struct kia_vcpu *vcpu);
void kia_set_ip(struct kia_vcpu *vcpu, uint64_t ip); /* slot (psr.ri) becomes 0 */
uint64_t kia_get_cpuid(struct kia_vcpu *vcpu, unsigned index);

/* Carries out br.ret (@link as ip, ar.pfs) from a gate: for PAL's stacked procedures. */
void kia_vcpu_br_ret(struct kia_vcpu *vcpu, uint64_t target);

/*
 * Guest memory at a guest virtual address (or physical, as PSR.dt says), with the current translation and cpl 0.
 * Return 0, or KIA_RETRY: a fault was delivered to the guest with the gate as the faulting instruction; the caller drops
 * what it did, returns to the run loop, and the guest executes the gate again when its handler has mapped the page.
 * -EFAULT: the address is no RAM.
 */
#define KIA_RETRY 1
int kia_vcpu_read_va(struct kia_vcpu *vcpu, uint64_t gva, void *buf, size_t len);
int kia_vcpu_write_va(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len);

/* The same, for guest code: what was translated from these bytes is forgotten. */
int kia_vcpu_write_code_va(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len);

/*
 * VT-i, for PAL (docs/vti.md). An environment is a buffer at guest physical @gpa with the gates of PAL's virtualization
 * services, which the processor carries out itself; @config: KIA_VP_CONFIG_*, abi/vpd.h.
 */
/* Writes the gates' bundles. 0 or -EFAULT. */
int kia_vcpu_vp_make_env(struct kia_vcpu *vcpu, uint64_t gpa);
/* The processor may use that environment's services, and no other's. */
void kia_vcpu_vp_enter(struct kia_vcpu *vcpu, uint64_t gpa, uint64_t config);
void kia_vcpu_vp_leave(struct kia_vcpu *vcpu);
/* Loads the virtual processor whose VPD is at virtual address @vpd: 0, KIA_RETRY, or -EINVAL: PAL has not created it. */
int kia_vcpu_vp_load(struct kia_vcpu *vcpu, uint64_t vpd);
void kia_vcpu_vp_unload(struct kia_vcpu *vcpu);
/* The loaded one's VPD. false: none is loaded. */
bool kia_vcpu_vp_loaded(const struct kia_vcpu *vcpu, uint64_t *vpd);
/* The vmsw instruction: off after reset. */
bool kia_vcpu_vmsw(const struct kia_vcpu *vcpu);
void kia_vcpu_set_vmsw(struct kia_vcpu *vcpu, bool on);

/* PAL services that belong to the processor. */
void kia_vcpu_purge_all_tc(struct kia_vcpu *vcpu);
/* PAL_VM_TR_READ: @data: DTR, else ITR. out = { pte, itir, ifa | valid, rr }. false where @index is out of range. */
bool kia_vcpu_tr_read(struct kia_vcpu *vcpu, bool data, unsigned index, uint64_t out[4]);
uint64_t kia_vm_itc_hz(const struct kia_vm *vm);
/* Model facts for PAL: what PAL_VM_SUMMARY and its neighbours report. */
struct kia_cpu_model {
    const char *name;
    unsigned n_itr, n_dtr, n_pkr, n_ibr_pairs, n_dbr_pairs, rid_bits, pa_bits, va_msb, key_bits, stacked;
    uint64_t page_sizes; /* bit n: 2^n bytes can be inserted */
    uint64_t cpuid3, cpuid4;
    bool vti;       /* virtual processors; docs/vti.md */
    bool vti_later; /* and what later models add to them */
};
const struct kia_cpu_model *kia_vm_model(const struct kia_vm *vm);

/*
 * The whole architected state, one "name value" a line in hex under the manual's names (docs/debugging.md). Stacked
 * registers out of the frame read as 0. No side effect: cr.ivr shows what a read of it would give.
 */
void kia_vcpu_dump(struct kia_vcpu *vcpu, FILE *out);
/* TRs and TCs in use, one a line (docs/debugging.md). */
void kia_vcpu_dump_tlb(struct kia_vcpu *vcpu, FILE *out);
/* The VPD of the virtual processor that is loaded, one field a line; or one line that says that none is. */
void kia_vcpu_dump_vpd(struct kia_vcpu *vcpu, FILE *out);

/*
 * For a debugger (docs/debugging.md). No vcpu of the machine runs during these, and none has an effect on the guest but
 * those it is called for: no fault is raised, no translation inserted.
 */

/* Carries out one instruction, or the interruption that it meets instead. KIA_EXIT_DEBUG with KIA_STOP_STEP, or any other exit. */
enum kia_exit kia_vcpu_step(struct kia_vcpu *vcpu, struct kia_run *run);

/*
 * Stops every vcpu before the instruction at @address: {63:4} its bundle as ip has it, {3:0} its slot, 0-2. Setting one that
 * is there and clearing one that is not are no errors. 0, -EINVAL for a slot that does not exist, or -ENOSPC.
 */
int kia_vm_set_breakpoint(struct kia_vm *vm, uint64_t address);
void kia_vm_clear_breakpoint(struct kia_vm *vm, uint64_t address);

enum { KIA_WATCH_READ = 1, KIA_WATCH_WRITE = 2 };
/* Stops every vcpu after a data reference to [gva, gva + len): @access KIA_WATCH_*. 0, -EINVAL (nothing to watch) or -ENOSPC. */
int kia_vm_set_watchpoint(struct kia_vm *vm, uint64_t gva, uint64_t len, unsigned access);
void kia_vm_clear_watchpoint(struct kia_vm *vm, uint64_t gva, uint64_t len, unsigned access);
/* All breakpoints and watchpoints; the machine runs as if there never were any. */
void kia_vm_clear_debug(struct kia_vm *vm);

/*
 * Memory as the processor sees it now, RAM only; registers that the register stack has not stored yet appear at their place
 * in the backing store. Writes disregard access rights and drop translated code. 0, or -EFAULT with nothing written.
 */
int kia_vcpu_peek(struct kia_vcpu *vcpu, uint64_t gva, void *buf, size_t len);
int kia_vcpu_poke(struct kia_vcpu *vcpu, uint64_t gva, const void *buf, size_t len);

/* ip with @slot; ip's low bits are dropped. -EINVAL for a slot that does not exist. */
int kia_vcpu_jump(struct kia_vcpu *vcpu, uint64_t ip, unsigned slot);

/*
 * The register stack with its dirty registers counted as stored: the address behind the frame's last register, and the
 * NaT collection that belongs to it, bits of the frame's registers included.
 * kia_vcpu_set_frame() stores all there is and loads the frame of @cfm that ends at @end. 0, -EINVAL for a malformed @cfm or
 * an address that is no multiple of 8, or -EFAULT where the backing store is not mapped; then nothing has changed.
 */
uint64_t kia_vcpu_frame_end(struct kia_vcpu *vcpu);
uint64_t kia_vcpu_frame_nats(struct kia_vcpu *vcpu);
void kia_vcpu_set_frame_nats(struct kia_vcpu *vcpu, uint64_t nats);
int kia_vcpu_set_frame(struct kia_vcpu *vcpu, uint64_t end, uint64_t cfm);

#endif
