// SPDX-License-Identifier: GPL-2.0-or-later
// Does nothing for ever.
        .explicit
        .text
        .global _start
_start:
        hint    @pause
        br.cond.sptk _start
