/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of instructions, a few bundles each, that both engines run from the same state. A stream ends at its first
 * interruption (the vectors are gates), at its end, or where the machine says that the guest is stuck.
 */
#ifndef TESTS_ENGINE_STREAM_H
#define TESTS_ENGINE_STREAM_H

#include "tests/engine/twins.h"

enum {
    CODE = 0x10000,
    VPD = 0x38000,        /* its host IVT is at IVT */
    ENV = 0x60000,
    AREA = 64 << 10,      /* bytes of data and of backing store compared */
    STREAM_BUNDLES = 6,
};

/* Registers of one stream; the same for every machine. */
struct start {
    uint64_t gr[128], br[8], pr, psr, cfm, fpsr, pfs, unat, ccv, lc, ec;
    bool nat[128];
    struct ia64_fr fr[128];
    struct bundle code[STREAM_BUNDLES];
    uint64_t data[AREA / 8];
    uint64_t vpd[512];        /* what the processor looks at */
    bool mapped;              /* translations one to one, for psr.dt = 1 and psr.it = 1 */
    bool kept;                /* memory beside code, data and backing store stays as it is: quicker */
    bool system;              /* these system registers, and vmsw is on */
    uint64_t ifa, itir, ipsr, iip, ifs, rsc, bspstore;
};


extern bool stream_guest; /* all streams have psr.vm = 1 and a random VPD */

/* Wild values, those of addresses of data and backing store among them. */
uint64_t random_value(void);
struct ia64_fr random_fr(void);
/* Mostly what decodes. */
struct bundle random_bundle(void);
/* A state with a stream of random bundles. */
void random_start(struct start *s);

/* Memory has nothing but the gates. */
void stream_clear(struct machine *m);
/* Puts a machine into the state. */
void stream_load(struct machine *m, const struct start *s);
enum outcome { SAME, DIFFERS, LOOPS, FAILED };
/* Runs a stream on both machines and prints what differs. */
enum outcome stream_compare(struct machine *interpreted, struct machine *compiled, const struct start *s);
void stream_print(const struct start *s);

/* Streams that loop are ended from outside between these two. */
bool stream_watch(void);
void stream_watch_end(void);

#endif
