/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The software processor's side of accel.h: what its files share. */
#ifndef ACCEL_SOFT_H
#define ACCEL_SOFT_H

#include <pthread.h>

#include "accel/accel.h"
#include "accel/code.h"
#include "accel/places.h"
#include "arch/debug.h"
#include "accel/trace.h"
#include "arch/vcpu.h"
#include "arch/vm.h"
#include "isa/isa.h"
#include "jit/jit.h"

enum { SOFT_MAX_GATES = 1024, SOFT_MAX_BREAKPOINTS = 256 };
#define SOFT_NO_ENV UINT64_MAX

#define SOFT_PLACES_AUTO UINT32_MAX

enum soft_jit { SOFT_JIT_AUTO, SOFT_JIT_ON, SOFT_JIT_OFF };

/* What -accel soft,... says. */
struct soft_options {
    enum soft_jit jit;
    bool perf_map; /* names for perf(1) */
    char *profile; /* file for samples (accel/soft_profile.h), or NULL */
    char *symbols; /* file with the kernel's names, or NULL */
    uint32_t jit_after; /* a unit is interpreted so often before it is compiled */
    uint32_t places; /* processors that run at once; 0: all; SOFT_PLACES_AUTO: as many as this process may use of the host's */
    size_t tb_size; /* bytes of translations at most: internal ops and host code */
    bool deterministic;
    struct trace_options trace;
};

/* Of one vcpu, counted by its own thread. */
struct soft_stats {
    uint64_t entries;              /* into compiled code */
    uint64_t leaves[JIT_LEAVES];
    uint64_t left_op[OP_COUNT];    /* by instruction, where a call of C left */
    uint64_t interpreted, interpreted_insns; /* units, and their instructions */
    uint64_t faults[FAULT_COUNT];
    uint64_t halts;
};

struct soft_gate {
    uint64_t gpa;
    unsigned number;
};

struct kia_vm {
    struct vm vm;                  /* what arch/ sees */
    struct kia_cpu_model model;
    struct soft_options options;
    uint64_t *calls;               /* -d jit: jit_count_calls() */
    FILE *perf_map;                /* perf-map=on, under jit_lock */
    uint64_t perf_bytes;           /* of host code in it */
    struct soft_profile *profile;  /* NULL: nothing is sampled */
    struct symbols *symbols;       /* of the guest's kernel; NULL */
    struct kia_mem *mem;
    struct code_store *code;
    struct jit *jit;               /* NULL: everything is interpreted */
    pthread_mutex_t jit_lock;
    struct kia_vcpu **vcpus;       /* by index; NULL where none was created */
    unsigned max_vcpus;
    struct soft_gate gates[SOFT_MAX_GATES];
    _Atomic unsigned n_gates;
    uint64_t breakpoints[SOFT_MAX_BREAKPOINTS]; /* bundle | slot; changed while no vcpu runs, as are the watches */
    unsigned n_breakpoints;
    struct watch_list watches;
    struct places *places;         /* NULL: a place for every processor */
    struct soft_det *det;          /* accel/soft_det.h; NULL: processors run in parallel, in the host's time */
    /* the interval timer's thread */
    pthread_t timer_thread;
    int timer_epoll;
    int places_timer;              /* for places_look() */
    int timer_stop;                /* an eventfd */
};

/* Where the run loop found a compiled unit; true as long as v->units_gen is its generation. */
struct unit_entry {
    uint64_t ip;      /* | slot */
    uint64_t itag;
    uint64_t gen;
    uint32_t key;
    struct code_unit *unit;
};
enum { UNIT_ENTRIES = 1024 };

struct kia_vcpu {
    struct vcpu *v;
    struct kia_vm *vm;
    struct soft_stats stats;
    struct unit_entry units[UNIT_ENTRIES];
    struct jit *jit;               /* the machine's; NULL where units are interpreted: always, or for one step */
    unsigned nat_countdown;        /* careful units until the next look for NaTs */
    uint64_t code_epoch;           /* of the code store when v->jumps was last right */
    unsigned no_progress;          /* interruptions delivered since an instruction completed */
    _Atomic bool asleep;           /* in kia_vcpu_halt() or soft_nap(): who sets an attention bit wakes it */
    uint64_t wait_ns, yielded_ns;  /* when it began to wait for another vcpu, and when it last gave its place away */
    struct seat seat;              /* in vm->places, if there are some */
    uint64_t placed_ns;            /* when it got its place, if it had to wait for one */
    unsigned naps;                 /* in this wait for another vcpu */
    bool in_vain;                  /* it waits for what it waited for when it was without a place */
    bool gives_way;                /* it waits, and its place may be had */
    struct soft_samples *samples;  /* own thread; profile= */
    _Atomic uint64_t asked, slept; /* times the sampler asked since it was answered; found it asleep */
    int timer_fd;
    uint64_t timer_ns;             /* what it is set to; UINT64_MAX: nothing */
    bool has_slept;                /* it halted, and has not used up its grace since */
    _Atomic uint64_t env_gpa;      /* of the virtual environment's buffer; SOFT_NO_ENV */
    bool parked;                   /* of a deterministic machine: has no turns */
    uint64_t nat_due;              /* the same: count at which to look for NaTs; 0: none */
};

/* The model of -cpu's value. 0 or -EINVAL with a message. */
int soft_model_parse(const char *cpu, struct kia_cpu_model *model);

/* Reads -accel's value; NULL means "soft". 0, or -EINVAL or -ENOMEM with a message. soft_options_free() in any case. */
int soft_options_parse(const char *accel, struct soft_options *o);
void soft_options_free(struct soft_options *o);

int soft_timer_start(struct kia_vm *vm);
void soft_timer_stop(struct kia_vm *vm);
/* A timer for a new vcpu. 0 or negative errno. */
int soft_timer_add(struct kia_vcpu *vcpu);
void soft_timer_remove(struct kia_vcpu *vcpu);
/* Bytes of a gate's bundle with slot 2 @slot2. */
struct bundle soft_gate_bundle(uint64_t slot2);

/* Delivers v->fault with the gate as the instruction that faulted: KIA_RETRY. */
int soft_gate_fault(struct vcpu *v);

/* LOWER_GATE_VPS + offset if some processor's environment has a service there, else -1. Any thread. */
int soft_vps_at(struct kia_vm *vm, uint64_t gpa);
/* vm.vti_note */
void soft_vti_note(void *opaque, struct vcpu *v, enum vti_event event, uint64_t a, uint64_t b);

/* vm.timer_changed */
void soft_timer_changed(void *opaque, struct vcpu *v);
/* Its grace is over (ATTN_SET_TIMER). */
void soft_timer_set(struct kia_vcpu *vcpu);
/* Nothing is to be told to this vcpu until soft_timer_changed(). */
void soft_timer_off(struct kia_vcpu *vcpu);

/* CLOCK_MONOTONIC */
uint64_t soft_now_ns(void);

/* -d jit: what the machine's processors did, at its end. accel/soft_stats.c */
void soft_stats_print(const struct kia_vm *vm);

/* ---- the run loop's parts, for soft_debug.c ---- */

/* The unit at v->ip, v->ri for v->key; NULL with *bad for no memory there, else with the fetch fault in v->fault. */
struct code_unit *soft_find_unit(struct kia_vcpu *vcpu, bool *bad);
/* Runs units and delivers what they raised. Return: true if the loop is to be left, with run->exit set. */
bool soft_run_unit(struct kia_vcpu *vcpu, struct code_unit *c, struct kia_run *run);
/* Loads what the frame lacks. Return: as soft_run_unit(). */
bool soft_complete_frame(struct kia_vcpu *vcpu, struct kia_run *run);
/* Delivers v->fault, for compiled code. */
void soft_deliver(struct vcpu *v);
enum kia_exit soft_stuck(struct kia_run *run, const char *why, uint64_t ip);

/* True if the vcpu stands at a breakpoint: run->exit is set. */
bool soft_breakpoint(struct kia_vcpu *vcpu, struct kia_run *run);
/* v->fault is FAULT_WATCHPOINT: carries the instruction out and sets run->exit, unless it faults after all. */
bool soft_watchpoint(struct kia_vcpu *vcpu, struct kia_run *run);

/* An interrupt message arrives (kia_vm_interrupt()). */
void soft_interrupt(struct kia_vm *vm, uint16_t lid, unsigned dm, uint8_t vector);
/* accel/soft_log.c: the hooks of the logs that are wanted; a unit that was just made (-d in_asm). */
void soft_log_init(struct vm *vm);
void soft_log_unit(const struct lower_source *src, const struct ir_unit *u);

/*
 * perf-map=on: /tmp/perf-PID.map, where perf(1) looks for names of code that a program made. Opens it: 0, or negative errno with a
 * message; notes @code, compiled last for where @vcpu is, under jit_lock; closes it. accel/soft_perf.c
 */
int soft_perf_open(struct kia_vm *vm);
void soft_perf_note(struct kia_vcpu *vcpu, const void *code);
void soft_perf_close(struct kia_vm *vm);

/*
 * vm->places, in accel/soft_places.c. Makes them if the machine has more vcpus than may run at once: 0, -EINVAL for too few of
 * them, or -ENOMEM, with a message. The rest only where there are some:
 */
int soft_places_create(struct kia_vm *vm);
/* Around kia_vcpu_run(): this vcpu runs, with a place if there is one; others may have it. Own thread. */
void soft_places_enter(struct kia_vcpu *vcpu);
void soft_places_leave(struct kia_vcpu *vcpu);
/* ATTN_PLACE is set, and nothing else: hands the place on where that is right, and waits for the next. Own thread, between units. */
void soft_places_look(struct kia_vcpu *vcpu);
/* These attention bits were set. Any thread. */
void soft_places_attend(struct kia_vcpu *vcpu, uint32_t bits);
/* vm.pause */
void soft_places_pause(void *opaque, struct vcpu *v);
/* places_hooks.busy, in accel/soft_timer.c. */
void soft_places_busy(void *opaque, bool is);

/* Sleeps so long, or until an attention bit is set. Own thread, inside or outside of units. */
void soft_nap(struct kia_vcpu *vcpu, uint64_t ns);

/* Sets attention bits and wakes the vcpu if it sleeps. Any thread. */
void soft_attend(struct kia_vcpu *vcpu, uint32_t bits);

#endif
