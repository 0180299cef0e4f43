#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_smp.py -smp N [OPTION...]: boots Linux with N processors, has all of them work, takes some off and on again."""
import sys

from machine import Linux, guest_files, main

COUNT = int(sys.argv[sys.argv.index('-smp') + 1])
CPU = '/sys/devices/system/cpu'
# A loop in each of so many shells at once; each says when it is through.
WORK = ('for i in %s; do (n=0; while [ $n != 300 ]; do n=$((n+1)); done; echo through) & done; wait')


def online(linux):
    return linux.run('cat %s/online' % CPU).strip()


def work(linux, count):
    assert linux.run(WORK % ' '.join(map(str, range(count)))).count('through\n') == count


def test_processors():
    with Linux(*sys.argv[1:]) as linux:
        every = '0-%d' % (COUNT - 1) if COUNT > 1 else '0'
        assert online(linux) == every
        work(linux, 2 * COUNT)
        if 'yes' in linux.run('[ ! -e %s/cpu1/online ] || echo yes' % CPU):
            last = COUNT - 1
            for _ in range(2):
                linux.run('echo 0 >%s/cpu%d/online' % (CPU, last))
                assert online(linux) == ('0-%d' % (last - 1) if last > 1 else '0')
                work(linux, 2)
                linux.run('echo 1 >%s/cpu%d/online' % (CPU, last))
                assert online(linux) == every
                work(linux, COUNT)
        linux.power_off()


guest_files()
main(globals())
