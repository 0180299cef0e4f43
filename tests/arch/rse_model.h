/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A naive model of the architected register stack (SDM Vol.2 chapter 6): 192 physical stacked registers in a
 * ring, with dirty, clean and invalid partitions. Slow and plain; shares nothing with arch/rse.c.
 *
 * Every value carries whether the architecture defines it: what an alloc adds, or what is loaded from words
 * never stored, may read as anything.
 */
#ifndef TESTS_ARCH_RSE_MODEL_H
#define TESTS_ARCH_RSE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum { MODEL_GRS = 192, MODEL_WORDS = 16384 };

struct model_gr {
    uint64_t value;
    bool nat, known;
};

struct model_cfm {
    unsigned sof, sol, sor, rrb_gr, rrb_fr, rrb_pr; /* sor in registers */
};

/* A word of the backing store: a register, or in slot 63 NaT bits; @known by bit for those. */
struct model_word {
    uint64_t value, known;
};

struct rse_model {
    struct model_gr gr[MODEL_GRS]; /* by physical number */
    unsigned bof;                  /* physical number of the frame's first register */
    int dirty, clean;              /* registers below bof; negative sum: the frame is incomplete */
    struct model_cfm cfm;
    uint64_t bsp, bspstore, bspload;
    uint64_t rnat, rnat_known;
    uint64_t pr;                   /* by physical number */
    uint64_t fr[96];               /* a payload, by physical number */
    uint64_t base;                 /* address of words[0] */
    struct model_word words[MODEL_WORDS];
};

struct model_cfm model_cfm_from(uint64_t cfm);
uint64_t model_cfm_bits(const struct model_cfm *cfm);

/* Registers by virtual number: @r counts from r32, f32. */
struct model_gr *model_gr(struct rse_model *m, unsigned r);
uint64_t *model_fr(struct rse_model *m, unsigned f);
uint64_t model_pr(const struct rse_model *m);
void model_set_pr(struct rse_model *m, uint64_t pr);

/* False for a Reserved Register/Field fault (sor changes while a rename base is not 0). */
bool model_alloc(struct rse_model *m, unsigned sof, unsigned sol, unsigned sor);
void model_rotate(struct rse_model *m);
void model_clrrrb(struct rse_model *m, bool pr_only);
/* The frame of the caller as PFS gets it. */
uint64_t model_call(struct rse_model *m);
void model_return(struct rse_model *m, uint64_t pfm);
uint64_t model_cover(struct rse_model *m);
void model_rfi(struct rse_model *m, uint64_t ifm);
/* One mandatory load of an incomplete frame; false when it is complete. */
bool model_load_one(struct rse_model *m);
void model_flushrs(struct rse_model *m);
/* One store or load ahead of need, if there is something to do (eager mode). */
void model_store_ahead(struct rse_model *m);
void model_load_ahead(struct rse_model *m);
/* False for Illegal Operation. */
bool model_loadrs(struct rse_model *m, unsigned bytes);
void model_set_bspstore(struct rse_model *m, uint64_t value);

#endif
