#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine tells about itself: -d jit, perf-map and profile."""
import os
import re
import subprocess
import tempfile

from machine import Linux, Machine, assemble, guest_files, main

FOLDER = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(FOLDER.name, name)


def read(name):
    with open(path(name), encoding='utf-8') as file:
        return file.read()


def map_lines(name):
    with open(name, encoding='ascii') as file:
        return [line.rstrip('\n').split(' ', 2) for line in file]


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
    units = sorted((int(start, 16), int(size, 16), label) for start, size, label in map_lines(name))
    os.unlink(name)
    assert len(units) > 1000
    assert any(label.startswith('guest-cpl0-a') for _, _, label in units)
    assert any(label.startswith('guest-cpl3-') for _, _, label in units)
    for (start, size, _), (following, _, _) in zip(units, units[1:]):
        assert 0 < size and start + size <= following + 16, (hex(start), size)


def profile_of(accel, symbols, count):
    """A run of hot.s: {name without offset: samples}, the sum that the file gives, and all lines."""
    elf, _ = assemble(FOLDER.name, 'hot', 0x4100000)
    names = elf
    if symbols == 'map':    # the same names as nm(1) prints them
        names = path('map')
        with open(names, 'wb') as file:
            subprocess.run([os.environ['KIA_BINUTILS'] + 'nm', elf], stdout=file, check=True)
    with Machine('-m', '256M', '-nographic', '-accel', '%s,profile=%s,symbols=%s' % (accel, path('profile'), names),
                 '-device', 'loader,file=%s,cpu-num=0' % elf, '-device', 'loader,data=%d,data-len=8,addr=0x8000000' % count,
                 '-device', 'loader,data=%d,data-len=8,addr=0x8000008' % (count // 10)) as machine:
        machine.end()
    log = read('profile')
    counts = {}
    lines = [line.split() for line in log.splitlines() if not line.startswith('#')]
    for samples, _, level, address, *name in lines:
        assert level == '0' and 0x4100000 <= int(address, 16) < 0x4101000 and len(name) == 1, log
        function = name[0].split('+')[0]
        counts[function] = counts.get(function, 0) + int(samples)
    return counts, figure(log, r'# (\d+) samples'), lines


def test_profile():
    """Ten times the work has ten times the samples, on a busy host three at least; lines are sorted and add up. Labels in a loop are its names."""
    for accel, symbols, count in (('soft,jit=on', 'elf', 400000000), ('soft,jit=on', 'map', 400000000),
                                  ('soft,jit=off', 'map', 20000000)):
        counts, total, lines = profile_of(accel, symbols, count)
        much = counts.get('much', 0) + counts.get('again', 0)
        little = counts.get('little', 0) + counts.get('once_more', 0)
        assert sum(counts.values()) == total > 50, (accel, counts)
        assert much > 3 * little and much + little > 0.7 * total, (accel, counts)
        samples = [int(line[0]) for line in lines]
        assert samples == sorted(samples, reverse=True), samples


def test_profile_of_linux():
    """Both levels, several processors, and little that is lost: the kernel's names come from lines of our own."""
    with open(path('map'), 'w', encoding='ascii') as file:
        file.write('a000000100000000 T everything\nnot a line\na000000100000010 D data\nffffffffffffff00 T end\n')
    with Linux('-smp', '2', '-accel', 'soft,profile=%s,symbols=%s,perf-map=on' % (path('profile'), path('map'))) as linux:
        linux.run('i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done')
        linux.power_off()
        name = '/tmp/perf-%d.map' % linux.process.pid
    log = read('profile')
    labels = [label for _, _, label in map_lines(name)]
    os.unlink(name)
    levels = set(re.findall(r'^ +\d+ +[\d.]+ ([0-3]) [0-9a-f]{16}', log, re.M))
    assert {'0', '3'} <= levels, log[:2000]
    assert re.search(r' 0 a000000100[0-9a-f]{6} everything\+0x[0-9a-f]+\n', log), log[:2000]
    assert not re.search(r' 3 [0-9a-f]{16} ', log), 'a program has a name of the kernel'
    assert 'data' not in log
    assert figure(log, r'(\d+) asleep') > 0 and figure(log, r'(\d+) lost') == 0
    assert any(re.fullmatch(r'guest-cpl0-a0000001[0-9a-f]{8}:everything\+0x[0-9a-f]+', label) for label in labels)


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
