#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cost.py [OPTION...]: what an intercept costs, in nanoseconds, with these options of kvm-ia64. KIA_PROGRAM, KIA_BINUTILS as for tests."""
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'boot'))
sys.dont_write_bytecode = True

from machine import Machine, assemble

ITC_HZ = 400e6
NOPS, INTERCEPTS = 500000, 5000
NAMES = {10: (NOPS, 'nop.m at vm = 0'), 11: (NOPS, 'nop.m at vm = 1'),
         14: (NOPS, 'ld8 at vm = 0'), 15: (NOPS, 'ld8 at vm = 1'), 12: (INTERCEPTS, 'mov =psr, intercepted'),
         13: (INTERCEPTS, 'thash, intercepted')}

with tempfile.TemporaryDirectory() as folder:
    elf, _ = assemble(folder, 'cost', 0x4100000, os.path.join(HERE, 'programs'))
    with Machine('-m', '256M', '-nographic', *sys.argv[1:], '-device', 'loader,file=%s,cpu-num=0' % elf) as machine:
        machine.end()
        records = [[int(word, 16) for word in line.split()[:2]] for line in machine.seen.splitlines()]
        for number, (count, name) in NAMES.items():
            ticks = [value for kind, value in records if kind == number]
            print('%-24s %7.1f ns, the best of %d rounds' % (name, min(ticks) / ITC_HZ * 1e9 / count, len(ticks)))
