/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the emitter share: the unit being compiled, and the conventions of compiled code. */
#ifndef JIT_COMPILE_H
#define JIT_COMPILE_H

#include "jit/jit.h"
#include "jit/regalloc.h"
#include "lower/lower.h"

/* Fixed registers of compiled code. rax, rcx, r10 and r11 are scratch, the rest belongs to temps. */
/* REG_V points into the middle of r1-r31 and CFM, so that they are reached by displacements of one byte. */
enum { REG_V_AT = offsetof(struct vcpu, gr) + 8 + 128 };
_Static_assert(offsetof(struct vcpu, cfm) == offsetof(struct vcpu, gr) + 32 * 8, "CFM is in reach as well");
enum { REG_V = RBX, REG_FRAME = R12, REG_PR = R13, REG_IP = R14, REG_S0 = RAX, REG_S1 = RCX, REG_S2 = R11, REG_S3 = R10 };

/*
 * Compiled code leaves through j->leave with eax = enum leave, rdx = the op it left at, r9 = the unit, and for LEAVE_LINK and
 * LEAVE_RETURN rcx = the place to patch, as it is executed; or through j->leave_index with eax = enum leave | index of the op <<
 * LEAVE_INDEX_SHIFT. r14 is then the unit's address, for LEAVE_LINK and LEAVE_RETURN the address to go on at.
 */
enum { LEAVE_INDEX_SHIFT = 8 };
enum leave {
    LEAVE_RAISE,     /* the op itself says what to raise: IR_FAULT, IR_BREAK, IR_NAT_FAULT */
    LEAVE_DISP,      /* IR_EXIT, IR_EXIT_IF_NAT: by the op's fields */
    LEAVE_IND,       /* IR_EXIT_IND: the target is in FRAME_OUT */
    LEAVE_GATE,
    LEAVE_LINK,      /* IR_EXIT, not linked yet */
    LEAVE_ATTENTION, /* before the unit's first op */
    LEAVE_MOVED,     /* v->ip and v->ri say where to go on: an interruption was delivered */
    LEAVE_RETURN,    /* r14 is the address to go on at, behind the op's call, not linked yet */
    LEAVE_LOOKUP,    /* r14 is the address to go on at, which v->jumps does not have */
    LEAVE_INTERPRET = JIT_LEFT_INTERPRET, /* before the unit's first op, too: its code is not for this frame */
    LEAVE_CALL = JIT_LEFT_CALL, /* + enum op_result of a call */
};

/* What the leaving code stores for jit_run(). */
struct jit_exit {
    const struct ir_op *op;
    const struct ir_unit *unit;
    void *link;
    uint64_t ip;     /* r14 */
    uint64_t target; /* FRAME_OUT */
};

struct compile;
/* Makes the slow way of @op, to which the jump at @from leads. */
typedef void (*emit_slow)(struct compile *c, const struct ir_op *op, uint8_t *from);

/* Something out of line, emitted after the unit's ops. */
struct cold {
    uint8_t *from;        /* place of the jump here */
    const struct ir_op *op;
    uint8_t kind;         /* enum cold_kind */
    uint8_t leave;        /* COLD_LEAVE, COLD_LOOK: enum leave; COLD_PR2, COLD_EXIT: value of p1; COLD_LINK; COLD_SITE: size */
    uint32_t target;      /* COLD_PR2: label; COLD_EXIT: p1 | p2 << 8, which the compare before it sets */
    uint8_t addr, value;  /* COLD_LOAD, COLD_STORE: host registers */
    uint8_t *back;
    uint8_t *site_back;   /* COLD_SITE: with rcx = the addend */
    emit_slow slow;       /* COLD_SITE */
};
enum cold_kind {
    COLD_LEAVE,
    COLD_LOOK,     /* attention is wanted, perhaps not now */
    COLD_LOAD,
    COLD_STORE,
    COLD_CALL,     /* a call's result is not OPR_OK */
    COLD_RETURN,   /* where a call's return finds the way on */
    COLD_LINK,     /* an exit that is not linked; leave: to late entries as well */
    COLD_PAGE,     /* an exit to another page, that is not linked or finds something else there */
    COLD_EXIT,     /* a way out that is seldom taken */
    COLD_FULL,     /* the inline form does not do: call C */
    COLD_RET,      /* br.ret that the inline form does not do */
    COLD_ROTATE,   /* a file is at the bottom of its array: call C */
    COLD_TURN,     /* the turn's slots do not suffice for the unit */
    COLD_FRAME,    /* the frame has not all registers that the unit writes */
    COLD_PR2,      /* the other way of a fused compare and branch */
    COLD_SETTLE,   /* f32-f127 have rotations to follow: call C */
    COLD_SITE,     /* not the page that this place found last */
};

struct jit_jump {
    uint8_t *from;
    uint32_t target;
};

enum {
    JIT_OTHERS = 4,
    UNIT_HEAD = 12,  /* bytes in front of a unit's code: jit/links.c */
    UNIT_TOKEN = -8, /* in it: what v->page_tokens[] is to have for the unit's page; 0 of units that run anywhere */
    LINK_RECORD = 1, /* in the place of an exit that may be linked to a late entry: it has a record there */
    LINK_PAGE = 2,   /* in that of an exit to another page, which has one as well */
};

/* Floating-point registers that are tagged doubles at the top of a loop: jit/fp_pins.c. */
enum { FP_MAX_PINS = 8, FP_MAX_TAGS = 16 };
struct fp_top {
    uint8_t f[FP_MAX_PINS + FP_MAX_TAGS];
    unsigned n;
    uint32_t mf;   /* bits of psr that are set: PSR_MFL, PSR_MFH */
    bool singles;  /* of single precision, some of them */
    uint8_t *code; /* start of the unit's version that this is for */
};

/* A guest register that a loop keeps in a host register: jit/pins.c. */
enum { MAX_PINS = 5, PIN_LC = 128 /* 1-127: that general register */ };
struct pin {
    uint8_t guest, reg;
    bool written;
};

/* A pin that is kept as a distance from the start of a page: jit/windows.c */
struct window {
    uint8_t guest, reg; /* of the pin */
    bool write;         /* its references are stores */
    uint8_t site;
    int16_t slot;       /* the page; the next one has its host address */
};

/* A write that is not emitted: what shows its value, between it and op @end, stores it. jit/lazy.c */
enum { MAX_LAZIES = 128 };
struct lazy {
    uint32_t set, shown, end; /* op indices: the write, the last op that may show it, the write that overwrites it */
};

struct compile {
    struct x64 x;
    struct jit *j;
    const struct ir_unit *u;
    struct jit_place *places;
    uint8_t **op_code;        /* start of each op's code, for labels */
    struct jit_jump *jumps;   /* to labels */
    unsigned n_jumps;
    struct cold *colds;
    unsigned n_colds;
    unsigned n_spills;
    bool *is_label;           /* by op index: a skip leads here */
    const struct ir_op *full_op; /* COLD_FULL emitted last, and where */
    uint8_t *full_code;
    struct fp_unit *fp;       /* jit/fp_state.h */
    struct site *sites;       /* by op index */
    uint32_t at;              /* index of the op being emitted: places of temps depend on it */
    uint32_t *barrier;        /* by op index, for homes_plan() */
    struct lazy lazies[MAX_LAZIES];
    unsigned n_lazies;
    bool *dead;               /* by op index: writes that are not emitted in their place; nobody sees them, or lazies[] has them */
    const struct ir_op *loop_end; /* the last exit to the unit's own start, NULL */
    uint64_t ip;              /* where the unit was met; it may run elsewhere, too */
    uint32_t token;           /* of its page: it runs nowhere else; 0: it may */
    uint32_t plain_end;       /* exits up to this op may lead to late entries */
    bool enters_late;         /* the unit has a late entry; where it is */
    uint8_t *late;
    bool may_fault;           /* the first instruction, so that CR.IIPA has to be known at the entry */
    int sof_least;            /* the frame must have more registers than this; -1: any will do */
    struct pin pins[MAX_PINS];
    unsigned n_pins;
    uint32_t pins_end;        /* index of loop_end */
    uint8_t *loop_top;        /* behind the loads of the pins */
    struct window windows[MAX_PINS];
    unsigned n_windows;
    bool exits_apart;         /* ways out that are seldom taken stand out of line */
    bool is_over;             /* the unit runs over the end of its page: jit_compile() */
    bool no_fp_pins;
    struct fp_top top;        /* of this version */
    struct fp_top better;     /* of the one before, which is left for this one if it is not so */
    uint8_t *others[JIT_OTHERS]; /* jumps to the unit's next version, for where this one does not do */
    unsigned n_others;
    /* Code that the unit has once, NULL before the first use: see jit/cold.c */
    uint8_t *leave, *load_slow, *store_slow, *slow_failed;
    uint8_t *copied;          /* jump from where C has done a copying loop, to op copied_to; NULL: none */
    uint32_t copied_to;
    bool high_fr;             /* the unit has to do with f32-f127: they are where v->frot says */
    const struct cold *slow_cold; /* emit_site_colds(): the one being emitted */
};

/* How a memory reference finds its page (jit/sites.c). */
enum site_kind {
    SITE_PROBE,  /* in the soft TLB */
    SITE_REFILL, /* the same, and leaves it for other references from the same base */
    SITE_CHECK,  /* where it was last time, as a rule */
    SITE_FIRST,  /* in the soft TLB, for all of a span: leaves the addend in the span's slot */
    SITE_SPAN,   /* the addend is in the span's slot, which is 0 if it is not */
    SITE_WINDOW, /* in the page of its pointer's window, as a rule */
};
struct site {
    uint8_t kind;
    uint8_t index; /* of v->site_page[], by mode */
    bool write;    /* SITE_FIRST: some of the span's references are stores */
    int16_t lo, hi; /* SITE_FIRST: the span's first and last byte, from the reference's address */
    int16_t slot;  /* of the span */
    uint16_t last; /* SITE_FIRST: the op that is the span's last reference */
};

enum { COLDS_A_OP = 12 };

/* What one compilation after the other works in. */
struct jit_work {
    struct jit_place places[LOWER_MAX_VALS];
    uint8_t *op_code[LOWER_MAX_OPS + 1];
    bool is_label[LOWER_MAX_OPS + 1];
    struct jit_jump jumps[LOWER_MAX_OPS + 1];
    struct site sites[LOWER_MAX_OPS + 1];
    bool dead[LOWER_MAX_OPS + 1];
    uint32_t barrier[LOWER_MAX_OPS + 1];
    struct cold colds[COLDS_A_OP * LOWER_MAX_OPS + 4];
};

struct jit {
    uint8_t *rw, *rx;         /* two views of one memory: writable, executable */
    size_t size, used;
    size_t first;             /* where units begin */
    bool closed;              /* jit_close() */
    size_t settled;           /* up to here the writable view has been let go */
    struct jit_work *work;
    struct jit_stats stats;
    uint64_t *calls;          /* NULL, or counters of calls of C: JIT_COUNTERS */
    unsigned next_site;
    bool bmi2;
    bool counted;             /* units count slots */
    bool profiled;            /* units say that they run */
    const uint8_t *special;   /* in the writable view: a double's infinity without its sign, times two */
    const uint8_t *enter;     /* enum leave enter(struct vcpu *, jit_code, struct jit_exit *) */
    const uint8_t *leave, *leave_index;
    /*
     * jit_load_slow() and jit_store_slow() for r11 = the op, rax = address, r10 = value to be stored. Keep all registers of temps.
     * Return: flags equal for OPR_OK, and rax = the value that was loaded; else eax = enum op_result, r11 = the op.
     */
    const uint8_t *load_slow, *store_slow;
    const uint8_t *lookup[2]; /* at cpl 0-2, at cpl 3: goes on at r14, through v->jumps; no unit of careful code may */
    const uint8_t *lookup_page[2]; /* as lookup[], and leaves the token of what it found in v->page_tokens[] */
    const uint8_t *lookup_moved; /* the rest of it, where the place by address has another unit */
    const uint8_t *grace;     /* call_grace() */
    const uint8_t *resume;    /* jit/resume.c */
    /*
     * Counts compiled units. A processor gets to units that others made by links that it does not see change; what it reads of them
     * where it leaves was written before: those who compile release this, those who leave acquire it.
     */
    _Atomic uint64_t published;
    void (*deliver)(struct vcpu *v); /* v->fault; NULL: the run loop does it */
};

/* Address in the executable view of a place in the writable one. */
static inline const uint8_t *jit_rx(const struct jit *j, const uint8_t *rw) { return j->rx + (rw - j->rw); }

/* The stack frame of compiled code: spill slots, room to keep registers around calls, a result, the jit_exit, MXCSR. */
enum {
    FRAME_KEEP = 0, /* first: short displacements */
    FRAME_SPILLS = FRAME_KEEP + 6 * 8,
    FRAME_OUT = FRAME_SPILLS + JIT_MAX_SPILLS * 8,
    FRAME_EXIT = FRAME_OUT + 8,
    FRAME_MXCSR = FRAME_EXIT + 8, /* the host's */
    FRAME_FP = FRAME_EXIT + 16,   /* jit/emit_fp_chain.c: a word, and four per chain */
    FRAME_SIZE = FRAME_FP + 16 + 8 * 32, /* 8 modulo 16: six pushes and the return address make it even */
};
_Static_assert(FRAME_SIZE % 16 == 8 && JIT_CALLER_SAVED <= 6, "room for registers, and the stack aligned at calls");

/* dst = offset in v->jumps of the entry for the address | slot in @place: jump_index() */
static inline void x64_jump_index(struct x64 *x, unsigned dst, unsigned place)
{
    _Static_assert(sizeof(struct jump_entry) == 32, "the index is shifted by five");
    x64_mov_rr(x, dst, place);
    x64_shift_ri(x, SHIFT_ROR, dst, JUMP_REGION_TURN);
    x64_alu_rr(x, ALU_XOR, dst, place);
    x64_alu_rr(x, ALU_ADD, dst, dst); /* (>> 4) << 5 */
    x64_alu_ri(x, ALU_AND, dst, (JUMP_SIZE - 1) << 5);
}

/* Emits one op. jit/emit.c. Return: the number of ops that were emitted with it beyond it. */
unsigned emit_op(struct compile *c, const struct ir_op *op);
/*
 * Several ops that one or two host instructions do. Return: the number of ops beyond @op, or 0 if nothing was emitted.
 * jit/emit_fuse.c
 */
unsigned emit_fused_value(struct compile *c, const struct ir_op *op);
/* The general register that @op reads or writes, at a fixed place; 0: none. */
static inline unsigned general_register_of(const struct ir_op *op)
{
    switch (op->op) {
    case IR_GET_GRS:
    case IR_SET_GRS:
        return op->c;
    case IR_GET_GRF:
    case IR_SET_GRF:
        return 32u + op->c;
    default:
        return 0;
    }
}

/* Fills c->dead and c->loop_end. jit/plan.c */
void plan_unit(struct compile *c);
/* Finds writes that need not be stored in their place, by plan_unit(); those that have a register for that stay, by regalloc(). jit/lazy.c */
void lazy_plan(struct compile *c);
void lazy_check(struct compile *c);
/* Is the write of op @i such a one? */
bool lazy_at(const struct compile *c, uint32_t i);
/* Stores those that @op shows. Keeps all registers and the flags. */
void lazy_store(struct compile *c, const struct ir_op *op);
/* Computes, or reads or writes a register, and can do nothing else: nobody sees the state in between. */
bool plan_is_quiet(const struct ir_op *op);
/*
 * Chooses what to pin in a loop and gives the temps that are pins their places, between regalloc_lifetimes() and regalloc().
 * jit/pins.c
 */
void pins_plan(struct compile *c);
uint32_t pins_mask(const struct compile *c);
/* Are pinned registers in host registers at @op, and old in memory? */
bool pins_hold(const struct compile *c, const struct ir_op *op);
void pins_load(struct compile *c);
/* Keeps all registers and the flags. */
void pins_write_back(struct compile *c);
/* Emits a GET or SET of a pinned register; false for everything else. */
bool pins_emit(struct compile *c, const struct ir_op *op);
/* To the top of the loop, or if attention is wanted to the start of the unit. */
void pins_branch_back(struct compile *c);
/* Caller-saved registers that have something needed after @op. */
uint32_t live_registers(const struct compile *c, const struct ir_op *op);
/* The call of C that does a copying loop, where the unit is one. jit/emit_copy.c */
void emit_copying(struct compile *c);
/* Is the unit such a loop through floating-point registers, most of which jit_copy_loop_fr() does? jit/copy_loop_fr.c */
bool is_copy_loop_fr(const struct ir_unit *u);
void jit_copy_loop_fr(struct vcpu *v, const struct ir_op *ops, uint64_t ip);
/* Emits ops whose only effect is their result; false for others. jit/emit_value.c */
bool emit_value_op(struct compile *c, const struct ir_op *op);
/* A load or store of @size bytes. jit/emit_mem.c */
void emit_mem(struct compile *c, const struct ir_op *op, unsigned size, bool write);
/*
 * Where units count (docs/deterministic.md): all slots are taken off at the start; a way out that passed fewer gives the
 * others back; C that an op calls may ask where it is. Without counting these emit nothing. jit/emit_slots.c
 */
void emit_slots_enter(struct compile *c);
void emit_slots_exit(struct compile *c, unsigned slots);
void emit_slots_place(struct compile *c, const struct ir_op *op);
void emit_slots_undo(struct compile *c);
/* The call of C behind an op, in full. */
void emit_call(struct compile *c, const struct ir_op *op);
/* A call of C that may look at and change the guest's state. Clobbers rax. */
void call_c(struct compile *c, const void *fn);
/* alloc, br.call, br.ret and mov to ar.pfs without leaving compiled code. Return: false if @op is none of them. jit/emit_frame.c */
bool emit_frame(struct compile *c, const struct ir_op *op);
/* br.ret by C, out of line. */
void emit_ret_slow(struct compile *c, const struct ir_op *op);
/* ld.a, ld.s, ld.sa, chk.a, ld8.fill and st8.spill inline. Return: false if @op is none of them. jit/emit_alat.c */
bool emit_alat(struct compile *c, const struct ir_op *op);
/* xchg, cmpxchg and fetchadd inline. Return: false if @op is none of them. jit/emit_sem.c */
bool emit_semaphore(struct compile *c, const struct ir_op *op);
/* Decides for every memory reference of the unit; c->sites has room for all ops. jit/sites.c */
void sites_plan(struct compile *c);
/* Is general register @r one whose references share their pages with those through other reads of it? */
bool site_base_is_global(unsigned r);
/* Is @op a load or store of either register file that may have a site? */
bool site_memory_op(const struct ir_op *op, bool *write);
/*
 * Pointers as distances from a page; jit/windows.c. Chooses them among the pins, and their references; gives them pages behind the
 * loads of the pins, or none.
 */
void windows_plan(struct compile *c);
void windows_enter(struct compile *c);
/* The window that a temp or a pin is a distance in, or NULL. */
const struct window *window_of(const struct compile *c, ir_val v);
const struct window *window_of_pin(const struct compile *c, const struct pin *pin);
/* The address goes to memory, by two scratch xmm registers. Keeps all general registers and the flags. */
void window_home(struct compile *c, const struct window *w, unsigned base, int32_t disp);
/* Makes an address of the distance in @reg. */
void window_address(struct compile *c, const struct window *w, unsigned reg);
/* The window's host address into rcx. */
void window_load_host(struct compile *c, const struct window *w);
/* In front of reference @op: the window goes to the page of the address in r11, whose addend is in rcx. Clobbers rax, rcx, r11. */
void window_move(struct compile *c, const struct window *w, const struct ir_op *op);
/* After a call of C in @op's place: no window has a page. Clobbers rcx, r11. */
void windows_void(struct compile *c, const struct ir_op *op);
/* Leaves rax = tag word of the reference, rcx = offset of its entry in v->stlb; flags as cmp of the two tags. */
void emit_probe(struct compile *c, unsigned addr, unsigned size, bool write);
/*
 * Leaves rcx = what has to be added to @addr for the host address, or goes to @slow(), which is called with the place of each
 * jump. Clobbers rax.
 */
void emit_locate(struct compile *c, const struct ir_op *op, unsigned addr, unsigned size, bool write, emit_slow slow);
/* IR_ROTATE: inline, and by C. jit/emit_rotate.c */
void emit_rotate(struct compile *c, const struct ir_op *op);
/* Does compiled code of the unit look at f32-f127? */
bool uses_high_fr(const struct ir_unit *u);
void emit_rotate_call(struct compile *c);
/* At the start of a unit, if it looks at f32-f127: they follow the rotations that only counted. */
void emit_settle(struct compile *c);
void emit_settle_call(struct compile *c);
/*
 * The way on after a call with a result other than OPR_OK, in eax, where resumes(): to the next unit by v->jumps. Falls through
 * with a fault. jit/resume.c
 */
bool resumes(const struct compile *c, const struct ir_op *op);
void emit_resume(struct compile *c, const struct ir_op *op);
/* Delivers IR_BREAK and goes on with the handler. Return: false, and nothing was emitted, where the run loop has to. */
bool emit_break(struct compile *c, const struct ir_op *op);
/* The part of it that units share. */
void emit_resume_stub(struct jit *j, struct x64 *x);
/* Goes to the unit at r14 by v->jumps, whose entry must be of this address, address space, key and generation; or leaves. */
void emit_lookup(struct compile *c);
/* Where that is done for units of this one's privilege. */
uint8_t *lookup_place(const struct compile *c);
/* The same, for exits that found another token, or none, for their target's page. */
uint8_t *lookup_page_place(const struct compile *c);
/* The same for an indirect branch: in user code in place, with a jump of its own, which the host predicts by what it did before. */
void emit_lookup_ind(struct compile *c);
/* The same where r14 is @target if the unit runs where it was met: the place in v->jumps is known then. */
void emit_lookup_direct(struct compile *c, uint64_t target);
/* Makes j->lookup[], where that is done. */
void emit_lookup_stubs(struct jit *j, struct x64 *x);
/* Exits to units of the same page, and late entries. jit/links.c */
void links_plan(struct compile *c);
/* Fills the head in front of the unit's @code. */
void links_head(struct compile *c, uint8_t *code);
/* May the exit lead to late entries? */
bool links_late(const struct compile *c, const struct ir_op *op);
/* Of such an exit, if it leads back: leaves if attention is wanted. */
void links_look_back(struct compile *c, const struct ir_op *op);
/* The exit's jump, with r14 = its target; and what is out of line of one to late entries. */
void links_jmp(struct compile *c, const struct ir_op *op);
void links_cold(struct compile *c, const struct cold *cold);
/* May the exit, which leads to another page, be linked? */
bool links_to_page(const struct compile *c, const struct ir_op *op);
/* Such an exit, with r14 = its target; and what is out of line of it. */
void links_page(struct compile *c, const struct ir_op *op);
void links_page_cold(struct compile *c, const struct cold *cold);
/* Is the place that compiled code left for a link that of such an exit? */
static inline bool links_is_to_page(const void *place) { return (uintptr_t)place & LINK_PAGE; }
/* Out of line: the way on of a return from op @call, whose lookup is at @lookup. */
void links_return(struct compile *c, const struct ir_op *call, const uint8_t *lookup);
/* op_br_call, before it does anything: notes its return address, and what is to run there. Clobbers rax and rcx. jit/returns.c */
void returns_note(struct compile *c, const struct ir_op *call);
/* A return to r14, r10 = the size of its frame, is done: goes to where the call from that frame said, if it said so of r14. */
void returns_go(struct compile *c, const struct ir_op *ret);
void returns_cold(struct compile *c, const struct cold *cold);
/* IR_EXIT. jit/emit.c */
void emit_exit(struct compile *c, const struct ir_op *op);
/* CR.IIPA := the bundle of @op's instruction, if psr.ic is 1. */
void emit_iipa(struct compile *c, const struct ir_op *op);
void jump_to_label(struct compile *c, uint8_t *from, uint64_t target);
/* Sets or clears the predicate of a constant. */
void put_pr_const(struct compile *c, unsigned p, bool value);
/* The bit of p in the predicates := the low bit of @reg (0/1). */
void put_bit(struct compile *c, unsigned p, unsigned reg);
void emit_set_pr2(struct compile *c, const struct ir_op *op);
void emit_get_pr(struct compile *c, const struct ir_op *op);
/* Is the op behind @skip an exit that is all that it skips, and stands out of line? */
bool skips_exit_apart(const struct compile *c, const struct ir_op *skip);
/*
 * compare; set two predicates; skip by one of them. The predicates are constants on either way, so the flags decide
 * directly. Return: ops taken beyond the compare, 0 if it is no such sequence.
 */
unsigned emit_fused(struct compile *c, const struct ir_op *op);
/* Sets both predicates (p0: neither) to the condition and its complement, from the flags. */
void put_pr2_flags(struct compile *c, enum x64_cc cc, unsigned p1, unsigned p2);
/* Loads two temps into argument registers without one overwriting the other. Clobbers rax, rcx. */
void load_args(struct compile *c, ir_val a, unsigned reg_a, ir_val b, unsigned reg_b);
/* Saves or restores the registers of a bit mask around a call of C. jit/cold.c */
void keep_registers(struct compile *c, uint32_t live, bool save);
/* After a call of C in @op's place, out of line: spans look anew. jit/emit_mem.c */
void emit_void_spans(struct compile *c, const struct ir_op *op);
/* The second look of references that have a site; before everything else out of line. jit/emit_mem.c */
void emit_site_colds(struct compile *c);
/* Code that is there once, for slow references of all units. jit/cold.c */
void emit_slow_stubs(struct jit *j, struct x64 *x);
void emit_grace_stub(struct jit *j, struct x64 *x);
/* Behind a look that found attention wanted: ZF = 0 if it may wait, a look of v->grace is then used up. No register changes. */
void call_grace(struct compile *c);
/* Leaves if attention is wanted; ATTN_SET_TIMER alone may wait. */
void emit_look(struct compile *c, enum leave leave, const struct ir_op *op);
/* Emits what is out of line. jit/cold.c */
void emit_cold(struct compile *c, const struct cold *cold);

struct cold *cold_add(struct compile *c, enum cold_kind kind, const struct ir_op *op, uint8_t *from);

/* Gives temps their homes (jit/regalloc.h), after pins_plan(). jit/homes.c */
void homes_plan(struct compile *c);
/* The register that has a temp at the op being emitted, or NOREG. */
unsigned reg_of(const struct compile *c, ir_val v);
/* Is a temp in memory at the op being emitted, and where? */
bool in_memory(const struct compile *c, ir_val v, unsigned *base, int32_t *disp);
/* A temp's value in a register: its own, or @scratch after loading it there. */
unsigned use(struct compile *c, ir_val v, unsigned scratch);
/* The register to compute a temp in; done() stores it if its place is a slot. */
unsigned def(struct compile *c, ir_val v);
void done(struct compile *c, ir_val v, unsigned reg);
/* Loads a temp into a given register. */
void use_into(struct compile *c, ir_val v, unsigned reg);

/* Counts @op's call of C, if that is wanted. Clobbers rax and flags. jit/stats.c */
void emit_count_call(struct compile *c, const struct ir_op *op);

void emit_leave(struct compile *c, enum leave leave, const struct ir_op *op);

/* C functions that compiled code calls. */
uint64_t jit_load_slow(struct vcpu *v, const struct ir_op *op, uint64_t gva, uint64_t *out);
uint64_t jit_store_slow(struct vcpu *v, const struct ir_op *op, uint64_t gva, uint64_t value);

#endif
