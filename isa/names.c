/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Spellings: completers that are fields, register names, permutations. */
#include "isa/table.h"

const struct isa_completer isa_completers[] = {
    {SF, {".s0", ".s1", ".s2", ".s3"}},
    /* values without a name are reserved hints, which act as none */
    {HINT, {NULL, ".nt1", NULL, ".nta"}},
    {STHINT, {NULL, NULL, NULL, ".nta"}},
    {LFHINT, {NULL, ".nt1", ".nt2", ".nta"}},
    {BWH, {".sptk", ".spnt", ".dptk", ".dpnt"}},
    {MWH, {".sptk", NULL, ".dptk", NULL}},
    {WH, {".sptk", ".loop", ".dptk", ".exit"}},
    {INDWH, {".sptk", NULL, ".dptk", NULL}},
    {P, {".few", ".many"}},
    {D, {NULL, ".clr"}},
    {IH, {NULL, ".imp"}},
    {FIELD_END, {NULL}},
};

const char *const isa_ar_names[128] = {
    [0] = "k0", [1] = "k1", [2] = "k2", [3] = "k3", [4] = "k4", [5] = "k5", [6] = "k6", [7] = "k7",
    [16] = "rsc", [17] = "bsp", [18] = "bspstore", [19] = "rnat", [21] = "fcr",
    [24] = "eflag", [25] = "csd", [26] = "ssd", [27] = "cflg", [28] = "fsr", [29] = "fir", [30] = "fdr",
    [32] = "ccv", [36] = "unat", [40] = "fpsr", [44] = "itc", [45] = "ruc",
    [64] = "pfs", [65] = "lc", [66] = "ec",
};

const char *const isa_cr_names[128] = {
    [0] = "dcr", [1] = "itm", [2] = "iva", [8] = "pta",
    [16] = "ipsr", [17] = "isr", [19] = "iip", [20] = "ifa", [21] = "itir", [22] = "iipa", [23] = "ifs",
    [24] = "iim", [25] = "iha", [26] = "iib0", [27] = "iib1",
    [64] = "lid", [65] = "ivr", [66] = "tpr", [67] = "eoi",
    [68] = "irr0", [69] = "irr1", [70] = "irr2", [71] = "irr3",
    [72] = "itv", [73] = "pmv", [74] = "cmcv", [80] = "lrr0", [81] = "lrr1",
};

const char *const isa_mbtype_names[16] = {
    [MBTYPE_BRCST] = "brcst", [MBTYPE_MIX] = "mix", [MBTYPE_SHUF] = "shuf",
    [MBTYPE_ALT] = "alt", [MBTYPE_REV] = "rev",
};
