#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Deterministic machines: two runs do the same, and the two engines; the tool finds a difference (docs/deterministic.md)."""
import os
import re
import subprocess
import tempfile

from machine import Machine, assemble, guest_files, main

DIFF = os.environ['KIA_TRACEDIFF']
FOLDER = tempfile.TemporaryDirectory()
DATA = 0x8000000


def path(name):
    return os.path.join(FOLDER.name, name)


def run(trace, options, *machine, status=0, errors=''):
    """One run; the trace's name. What it printed is in the trace's name with .out behind it."""
    accel = 'soft,deterministic=on,trace=%s,%s' % (path(trace), options)
    with Machine('-nographic', '-no-reboot', '-accel', accel, *machine) as m:
        m.end(status, errors)
        with open(path(trace + '.out'), 'w') as file:
            file.write(m.seen)
    return path(trace)


def compare(a, b):
    """(status, what the tool printed)"""
    result = subprocess.run([DIFF, a, b], capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def same(a, b, least):
    status, printed = compare(a, b)
    assert status == 0, printed
    assert int(re.match(r'the same: (\d+) records', printed)[1]) >= least, printed
    with open(a + '.out') as first, open(b + '.out') as second:
        assert first.read() == second.read()


def program(value, cpus=1):
    elf, _ = assemble(FOLDER.name, 'count', 0x4100000)
    starts = ['-device', 'loader,file=%s,cpu-num=0' % elf]
    for i in range(1, cpus):
        starts += ['-device', 'loader,addr=0x4100000,cpu-num=%d' % i]
    return ['-m', '256M', '-smp', cpus, *starts, '-device', 'loader,data=%d,data-len=8,addr=%#x' % (value, DATA)]


def test_program():
    for cpus in (1, 3):
        machine = program(1, cpus)
        a = run('a', 'jit=on,trace-every=1000', *machine)
        same(a, run('b', 'jit=on,trace-every=1000', *machine), 100)
        same(a, run('c', 'jit=off,trace-every=1000', *machine), 100)
    # What is looked at does not change what happens: each slot, or few.
    a = run('a', 'jit=on,trace-every=1,trace-from=100000,trace-to=110000,trace-full=on,trace-memory=1000', *machine)
    b = run('b', 'jit=off,trace-every=1,trace-from=100000,trace-to=110000,trace-full=on,trace-memory=1000', *machine)
    same(a, b, 9000)


def options_of(printed):
    return re.search(r'Next: run both with (\S+)\n', printed)[1]


def test_find_difference():
    # One word of memory differs, which is read after the loop: each step leads nearer, the last names the registers.
    options = 'trace-every=10000'
    for step in range(3):
        a, b = run('a', 'jit=on,' + options, *program(1)), run('b', 'jit=off,' + options, *program(2))
        status, printed = compare(a, b)
        assert status == 1, printed
        if step < 2:
            options = options_of(printed)
    assert re.search(r'general registers\n', printed), printed
    assert '  r9: 0000000000000001 and 0000000000000002\n' in printed, printed
    assert '  r8:' not in printed and '  r10:' not in printed and 'Next' not in printed, printed


def linux(cpus):
    kernel, initrd = guest_files()
    return ['-m', '256M', '-smp', cpus, '-kernel', kernel, '-initrd', initrd,
            '-append', 'console=ttyS0 quiet panic=-1 run=/bin/true', '-device', 'virtio-rng-pci']


def test_linux_engines():
    same(run('a', 'jit=on', *linux(1)), run('b', 'jit=off', *linux(1)), 1000)


def test_linux_twice():
    same(run('a', 'jit=on', *linux(2)), run('b', 'jit=on', *linux(2)), 1000)


def refuses(message, *options):
    with Machine(*options, *program(1)) as m:
        m.end(1, 'kvm-ia64: [^\n]*%s[^\n]*\n' % message)


def test_refusals():
    on = ('-accel', 'soft,deterministic=on')
    refuses('deterministic=on', '-accel', 'soft,trace=' + path('x'))
    refuses('trace=FILE', '-accel', 'soft,deterministic=on,trace-every=5')
    refuses('trace-every', '-accel', 'soft,deterministic=on,trace-every=0,trace=' + path('x'))
    refuses('cannot write the trace', '-accel', 'soft,deterministic=on,trace=' + path('no/folder'))
    refuses('base=DATE', *on, '-rtc', 'base=utc')
    refuses('network', *on, '-nic', 'user')
    refuses('is no file', *on, '-object', 'rng-random,id=r,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=r')


def test_never():
    """A machine of which nothing can wake ends by itself and says so: the kernel gave its processor back."""
    elf, _ = assemble(FOLDER.name, 'park', 0x4100000)
    for cpus in (1, 3):
        with Machine('-nographic', '-m', '256M', '-smp', cpus, '-kernel', elf, '-accel', 'soft,deterministic=on') as m:
            m.end(2, 'kvm-ia64: every processor sleeps, and nothing that could wake one will happen: the machine ends\n')


def test_tool():
    a = run('a', 'trace-every=1000', *program(1))
    status, printed = compare(a, run('b', 'trace-every=2000', *program(1)))
    assert status == 2 and 'other trace options' in printed, printed
    for data in (b'', b'KIATRACE', os.urandom(4096)):
        with open(path('junk'), 'wb') as file:
            file.write(data)
        assert compare(a, path('junk'))[0] == 2
    assert compare(a, path('nowhere'))[0] == 2
    with open(a, 'rb') as file:
        whole = file.read()
    with open(path('short'), 'wb') as file:
        file.write(whole[:-100])
    status, printed = compare(a, path('short'))
    assert status == 1 and "short' ends" in printed, printed


guest_files()
main(globals())
