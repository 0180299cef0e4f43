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
