// SPDX-License-Identifier: GPL-2.0-or-later
// Gives its processor back to firmware, where it sleeps.
        .explicit
        .text
        .global _start
_start:
        br.cond.sptk.many b0
