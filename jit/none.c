/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine on hosts that it has no emitter for: there is none, and the interpreter runs everything. */
#include "jit/jit.h"

struct jit *jit_create(size_t size, bool counted)
{
    (void)size, (void)counted;
    return NULL;
}

void jit_destroy(struct jit *j) { (void)j; }

jit_code jit_compile(struct jit *j, const struct ir_unit *u, const struct ir_unit *over, uint64_t ip, uint32_t token)
{
    (void)j, (void)u, (void)over, (void)ip, (void)token;
    return NULL;
}

bool jit_is_cut(const struct ir_unit *u)
{
    (void)u;
    return false;
}

enum unit_end jit_run(struct jit *j, struct vcpu *v, jit_code code, const struct ir_unit **u, struct unit_result *r,
                      uint64_t *ip0, struct jit_link *link)
{
    (void)j, (void)v, (void)code, (void)u, (void)r, (void)ip0, (void)link;
    assert(!"nothing was compiled");
    return UNIT_EXIT;
}

bool jit_full(const struct jit *j)
{
    (void)j;
    return false;
}

void jit_close(struct jit *j) { (void)j; }
void jit_open(struct jit *j) { (void)j; }

void jit_count_calls(struct jit *j, uint64_t *calls) { (void)j, (void)calls; }
void jit_set_deliver(struct jit *j, void (*deliver)(struct vcpu *v)) { (void)j, (void)deliver; }
void jit_profile(struct jit *j) { (void)j; }

const struct jit_stats *jit_stats(const struct jit *j)
{
    static const struct jit_stats none;

    (void)j;
    return &none;
}

const char *jit_leave_name(unsigned leave)
{
    (void)leave;
    return NULL;
}

void jit_link(struct jit *j, void *link, jit_code code, uint32_t token) { (void)j, (void)link, (void)code, (void)token; }
