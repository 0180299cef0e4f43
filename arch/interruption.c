/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delivery of interruptions, the traps after an instruction, and rfi (SDM Vol.2 chapters 5 and 8). */
#include "arch/interruption.h"
#include "arch/ops.h"
#include "arch/rse.h"
#include "arch/vm.h"
#include "arch/vti.h"

/* What a vector writes beside ISR, IPSR, IIP, IIPA and IFS, while psr.ic = 1. */
enum {
    W_IFA = 1 << 0,
    W_ITIR = 1 << 1,
    W_IHA = 1 << 2,
    W_IIM = 1 << 3,
    W_NOTHING = 1 << 4, /* not even ISR */
    W_TRAP = 1 << 5,    /* the instruction is complete: ISR.ei and IIPA name it, IIP the next */
    W_UIA = 1 << 6,     /* IIP keeps the implemented bits of the address only */
};

struct vector {
    const char *name;
    uint16_t offset; /* from IVA */
    uint8_t writes;  /* W_* */
    uint64_t isr;    /* bits that belong to the kind, beside those of its raiser */
};

#define W_REF (W_IFA | W_ITIR)

/* SDM Vol.2 chapter 8: the vectors and what each writes. */
static const struct vector vectors[FAULT_COUNT] = {
    [FAULT_NONE] = { "None", 0, 0, 0 },
    [FAULT_UNIMPL_INST_ADDR] = { "Unimplemented Instruction Address fault", 0x5e00, W_IFA | W_UIA, 0x10 },
    [FAULT_ALT_INST_TLB] = { "Alternate Instruction TLB fault", 0x0c00, W_REF, ISR_X },
    [FAULT_VHPT_INST] = { "VHPT Instruction fault", 0x0000, W_REF | W_IHA, ISR_X },
    [FAULT_INST_TLB] = { "Instruction TLB fault", 0x0400, W_REF | W_IHA, ISR_X },
    [FAULT_INST_PAGE_NOT_PRESENT] = { "Instruction Page Not Present fault", 0x5000, W_REF, ISR_X },
    [FAULT_INST_NAT_PAGE] = { "Instruction NaT Page Consumption fault", 0x5600, W_IFA, ISR_X | 0x20 },
    [FAULT_INST_KEY_MISS] = { "Instruction Key Miss fault", 0x1800, W_REF, ISR_X },
    [FAULT_INST_KEY_PERMISSION] = { "Instruction Key Permission fault", 0x5100, W_REF, ISR_X },
    [FAULT_INST_ACCESS_RIGHTS] = { "Instruction Access Rights fault", 0x5200, W_REF, ISR_X },
    [FAULT_INST_ACCESS_BIT] = { "Instruction Access Bit fault", 0x2400, W_REF, ISR_X },
    [FAULT_INST_DEBUG] = { "Instruction Debug fault", 0x5900, W_IFA, ISR_X },
    [FAULT_ILLEGAL_OP] = { "Illegal Operation fault", 0x5400, 0, 0x00 },
    [FAULT_BREAK] = { "Break Instruction fault", 0x2c00, W_IIM, 0 },
    [FAULT_PRIV_OP] = { "Privileged Operation fault", 0x5400, 0, 0x10 },
    [FAULT_DISABLED_FP] = { "Disabled Floating-point Register fault", 0x5500, 0, 0 },
    [FAULT_DISABLED_ISA] = { "Disabled Instruction Set Transition fault", 0x5400, 0, 0x40 },
    [FAULT_REG_NAT] = { "Register NaT Consumption fault", 0x5600, 0, 0x10 },
    [FAULT_RESERVED_REG_FIELD] = { "Reserved Register/Field fault", 0x5400, 0, 0x30 },
    [FAULT_UNIMPL_DATA_ADDR] = { "Unimplemented Data Address fault", 0x5400, W_IFA, 0x30 },
    [FAULT_PRIV_REG] = { "Privileged Register fault", 0x5400, 0, 0x20 },
    [FAULT_VIRTUALIZATION] = { "Virtualization fault", 0x6100, 0, 0 },
    [FAULT_SPECULATION] = { "Speculative Operation fault", 0x5700, W_IIM, 0 },
    [FAULT_NESTED_TLB] = { "Data Nested TLB fault", 0x1400, W_NOTHING, 0 },
    [FAULT_ALT_DATA_TLB] = { "Alternate Data TLB fault", 0x1000, W_REF, 0 },
    [FAULT_VHPT_DATA] = { "VHPT Data fault", 0x0000, W_REF | W_IHA, 0 },
    [FAULT_DATA_TLB] = { "Data TLB fault", 0x0800, W_REF | W_IHA, 0 },
    [FAULT_DATA_PAGE_NOT_PRESENT] = { "Data Page Not Present fault", 0x5000, W_REF, 0 },
    [FAULT_DATA_NAT_PAGE] = { "Data NaT Page Consumption fault", 0x5600, W_IFA, 0x20 },
    [FAULT_DATA_KEY_MISS] = { "Data Key Miss fault", 0x1c00, W_REF, 0 },
    [FAULT_DATA_KEY_PERMISSION] = { "Data Key Permission fault", 0x5100, W_REF, 0 },
    [FAULT_DATA_ACCESS_RIGHTS] = { "Data Access Rights fault", 0x5300, W_REF, 0 },
    [FAULT_DATA_DIRTY] = { "Data Dirty Bit fault", 0x2000, W_REF, 0 },
    [FAULT_DATA_ACCESS_BIT] = { "Data Access Bit fault", 0x2800, W_REF, 0 },
    [FAULT_DATA_DEBUG] = { "Data Debug fault", 0x5900, W_IFA, 0 },
    [FAULT_UNALIGNED] = { "Unaligned Data Reference fault", 0x5a00, W_IFA, 0 },
    [FAULT_UNSUPPORTED_DATA] = { "Unsupported Data Reference fault", 0x5b00, W_IFA, 0 },
    [FAULT_FP] = { "Floating-point Exception fault", 0x5c00, 0, 0 },
    [FAULT_TRAP_UNIMPL_INST_ADDR] =
        { "Unimplemented Instruction Address trap", 0x5e00, W_TRAP | W_UIA, 0x10 },
    [FAULT_TRAP_FP] = { "Floating-point Exception trap", 0x5d00, W_TRAP, 0x01 },
    [FAULT_TRAP_LOWER_PRIVILEGE] = { "Lower-Privilege Transfer trap", 0x5e00, W_TRAP, 0x02 },
    [FAULT_TRAP_TAKEN_BRANCH] = { "Taken Branch trap", 0x5f00, W_TRAP, 0x04 },
    [FAULT_TRAP_SINGLE_STEP] = { "Single Step trap", 0x6000, W_TRAP, 0x08 },
    [FAULT_EXTERNAL_INTERRUPT] = { "External interrupt", 0x3000, 0, 0 },
    [FAULT_VIRTUAL_EXTERNAL_INTERRUPT] = { "Virtual External interrupt", 0x3400, 0, 0 },
};

/* Bits that an interruption leaves as they are; be and pp come from the DCR, all others become 0. */
#define PSR_AFTER_KEPT (PSR_UP | PSR_MFL | PSR_MFH | PSR_PK | PSR_DT | PSR_RT | PSR_MC | PSR_IT)
#define DCR_PP UINT64_C(1)
#define DCR_BE UINT64_C(2)
#define IFS_V (UINT64_C(1) << 63)

const char *fault_name(enum fault fault)
{
    return (unsigned)fault < FAULT_COUNT ? vectors[fault].name : "?";
}

/*
 * An address with unimplemented bits as IIP holds it: sign-extended from the highest implemented bit within
 * the region, or without the physical address bits that do not exist (SDM Vol.2 3.3.5.3). A guest's
 * addresses (psr.vm) have one bit less.
 */
static uint64_t implemented_ip(const struct vcpu *v)
{
    const struct vm *vm = v->vm;
    const uint64_t in_region = (UINT64_C(1) << 61) - 1;
    unsigned msb = vm->va_msb - (v->psr & PSR_VM ? 1 : 0);
    uint64_t physical = (UINT64_C(1) << 63) | ((UINT64_C(1) << vm->pa_bits) - 1);

    if (!(v->psr & PSR_IT))
        return v->ip & physical;
    return (v->ip & ~in_region) | ((uint64_t)((int64_t)(v->ip << (63 - msb)) >> (63 - msb)) & in_region);
}

/* The control registers that are collected while psr.ic = 1. */
static void collect(struct vcpu *v, const struct vector *vector)
{
    const struct fault_info *f = &v->fault;

    v->cr[CR_IPSR] = v->psr | (uint64_t)v->ri << PSR_RI_SHIFT;
    v->cr[CR_IIP] = (vector->writes & W_UIA ? implemented_ip(v) : v->ip) & ~UINT64_C(15);
    v->cr[CR_IFS] &= ~IFS_V;
    if (vector->writes & W_TRAP)
        v->cr[CR_IIPA] = v->trap_ip & ~UINT64_C(15);
    if (vector->writes & W_IFA)
        v->cr[CR_IFA] = f->ifa;
    if (vector->writes & W_ITIR)
        v->cr[CR_ITIR] = f->itir;
    if (vector->writes & W_IHA)
        v->cr[CR_IHA] = f->iha & ~UINT64_C(3);
    if (vector->writes & W_IIM)
        v->cr[CR_IIM] = f->iim;
}

/* Before any register changes but those of the control registers. */
static void note_interruption(struct vcpu *v, const struct vector *vector, uint64_t isr)
{
    const struct interruption_note note = {
        .name = vector->name,
        .vector = vector->offset,
        .ip = v->ip,
        .psr = v->psr | (uint64_t)v->ri << PSR_RI_SHIFT,
        .isr = isr,
        .ifa = vector->writes & (W_IFA | W_NOTHING) ? v->fault.ifa : 0,
        .iim = vector->writes & W_IIM ? v->fault.iim : 0,
    };

    v->vm->log_interruption(v->vm->opaque, v, &note);
}

void interruption_deliver(struct vcpu *v)
{
    const struct vector *vector = &vectors[v->fault.kind];
    uint64_t ei = vector->writes & W_TRAP ? v->trap_ri : v->ri;
    uint64_t isr = v->fault.isr | vector->isr | ei << ISR_EI_SHIFT;
    uint64_t psr = v->psr & PSR_AFTER_KEPT;

    assert(v->fault.kind != FAULT_NONE && v->fault.kind < FAULT_COUNT && vector->name);
    if (!(vector->writes & W_NOTHING)) {
        if (!(v->psr & PSR_IC) || v->ic_inflight)
            isr |= ISR_NI;
        if (v->rse.cfle)
            isr |= ISR_IR;
        if (v->psr & PSR_IC)
            collect(v, vector);
        v->cr[CR_ISR] = isr;
    }
    if (v->vm->log_interruption)
        note_interruption(v, vector, isr);
    v->rse.cfle = false;
    v->ic_inflight = false;
    if (v->psr & PSR_VM)
        vti_note(v, VTI_LEAVE, vector->offset, 0);
    if (v->cr[CR_DCR] & DCR_PP)
        psr |= PSR_PP;
    if (v->cr[CR_DCR] & DCR_BE)
        psr |= PSR_BE;
    psr_write(v, psr);
    v->ip = v->cr[CR_IVA] | vector->offset;
    v->ri = 0;
    if (v->fault.kind == FAULT_VIRTUALIZATION)
        vti_intercept(v);
}

bool trap_after_insn(struct vcpu *v, uint64_t psr, unsigned flags)
{
    uint64_t code = flags & TRAP_FP ? v->fault.isr : 0;
    enum fault kind = flags & TRAP_FP ? FAULT_TRAP_FP : FAULT_NONE;
    bool demoted = (v->psr & PSR_CPL) > (psr & PSR_CPL);

    if (flags & TRAP_RFI)
        return false;
    psr_write(v, v->psr & ~PSR_ONE_SHOT);
    /* Lowest priority first: a higher one replaces the kind, the code names all. */
    if (psr & PSR_SS) {
        code |= vectors[FAULT_TRAP_SINGLE_STEP].isr;
        kind = kind == FAULT_NONE ? FAULT_TRAP_SINGLE_STEP : kind;
    }
    if (psr & PSR_TB && flags & TRAP_TAKEN) {
        code |= vectors[FAULT_TRAP_TAKEN_BRANCH].isr;
        kind = kind == FAULT_TRAP_FP ? kind : FAULT_TRAP_TAKEN_BRANCH;
    }
    if (psr & PSR_LP && flags & TRAP_TAKEN && demoted) {
        code |= vectors[FAULT_TRAP_LOWER_PRIVILEGE].isr;
        kind = kind == FAULT_TRAP_FP ? kind : FAULT_TRAP_LOWER_PRIVILEGE;
    }
    if (kind == FAULT_NONE)
        return false;
    v->fault.kind = (uint8_t)kind;
    v->fault.isr = code;
    interruption_deliver(v);
    return true;
}

/*
 * rfi (SDM Vol.3; Vol.2 6.5.6). A frame in IFS comes back: BSP moves down by its size and what is missing is
 * loaded before the next instruction; without one an incomplete frame's loads start again. There is no IA-32
 * set to return to: Illegal Operation.
 */
enum op_result op_rfi(struct vcpu *v, uint64_t imm, uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t ipsr = v->cr[CR_IPSR];
    uint64_t ifs = v->cr[CR_IFS];

    (void)imm, (void)a, (void)b, (void)out;
    if (vti_intercepts(v, OP_RFI))
        return vti_fault(v);
    if (ipsr & PSR_IS)
        return fault_raise(v, FAULT_ILLEGAL_OP, 0);
    v->ic_inflight = false;
    psr_write(v, ipsr);
    if (atomic_load_explicit(&v->place_wanted, memory_order_relaxed) && vcpu_cpl(v) == 3)
        atomic_fetch_or(&v->attention, ATTN_PLACE);
    v->ip = v->cr[CR_IIP] & ~UINT64_C(15);
    if (ipsr & PSR_VM)
        vti_note(v, VTI_ENTER, v->ip, 0);
    v->ri = ipsr >> PSR_RI_SHIFT & 3;
    if (ifs & IFS_V)
        rse_return(v, ifs & CFM_BITS, cfm_sof(ifs));
    else if (v->rse.ndirty < 0)
        v->rse.cfle = true;
    return OPR_BRANCH;
}
