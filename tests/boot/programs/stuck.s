// SPDX-License-Identifier: GPL-2.0-or-later
// A break with no handler: the interruption table at 0 holds zeros, which are break instructions too.
        .explicit
        .text
        .global _start
_start:
        movl    r31 = 0x123456789abcdef
        ;;
        break   0x1234
