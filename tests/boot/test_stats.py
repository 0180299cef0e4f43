#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine tells about itself: -d jit."""
import os
import re
import tempfile

from machine import Linux, guest_files, main

FOLDER = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(FOLDER.name, name)


def read(name):
    with open(path(name), encoding='utf-8') as file:
        return file.read()


def figure(text, pattern):
    found = re.search(pattern, text)
    assert found, '%r is not in:\n%s' % (pattern, text)
    return int(found[1])


def test_jit():
    """Figures that any boot must have, and lists whose lines add up to their sum where they are short."""
    with Linux('-accel', 'soft,jit=on', '-d', 'jit', '-D', path('log')) as linux:
        linux.power_off()
    log = read('log')
    assert all(line.startswith('jit: ') for line in log.splitlines()), log
    assert figure(log, r'translated: (\d+) units') >= figure(log, r'compiled: (\d+) units') > 1000
    assert figure(log, r'soft TLB misses: (\d+) loads') > 1000
    assert figure(log, r'(\d+)  rfi\n') > 100
    assert figure(log, r'flushed (\d+) times') == 0
    assert figure(log, r'(\d+)  Break Instruction fault') > 10
    left = re.search(r'compiled code left: (\d+)\n((?:jit:  +\d+  .*\n)+)', log)
    assert sum(int(n) for n in re.findall(r'jit: +(\d+) ', left[2])) == int(left[1]), log


def test_perf_map():
    """One line a unit; the kernel's addresses are there, user programs' too, and code does not overlap."""
    with Linux('-accel', 'soft,perf-map=on') as linux:
        linux.power_off()
        name = '/tmp/perf-%d.map' % linux.process.pid
    with open(name, encoding='ascii') as file:
        units = sorted((int(start, 16), int(size, 16), label) for start, size, label in map(str.split, file))
    os.unlink(name)
    assert len(units) > 1000
    assert any(label.startswith('guest-cpl0-a') for _, _, label in units)
    assert any(label.startswith('guest-cpl3-') for _, _, label in units)
    for (start, size, _), (following, _, _) in zip(units, units[1:]):
        assert 0 < size and start + size <= following + 16, (hex(start), size)


def test_bounded():
    """The memory of translations stays below what is allowed, and little work is not flushed away."""
    with Linux('-accel', 'soft,tb-size=12', '-d', 'jit', '-D', path('log')) as linux:
        linux.power_off()
    log = read('log')
    assert 0 < figure(log, r'flushed (\d+) times') < 100
    assert figure(log, r'internal ops (\d+) KiB at most') <= 7 << 10


def test_interpreter():
    with Linux('-accel', 'soft,jit=off', '-d', 'jit', '-D', path('log')) as linux:
        linux.power_off()
    log = read('log')
    assert figure(log, r'interpreted: (\d+) units') > 100000
    assert 'compiled' not in log


guest_files()
main(globals())
