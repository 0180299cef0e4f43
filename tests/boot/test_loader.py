#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bare programs: every form of -device loader, the machine's end, and guests that cannot go on."""
import os
import tempfile

from machine import Machine, assemble, main, skip_all

ADDRESS = 0x4100000
SMALL = ('-m', '256M', '-nographic')
HELLO = r'^Hello, world\n'
STUCK = r'kvm-ia64: processor 0 cannot go on: [^\n]*\n.*\bip\b.*'

FOLDER = tempfile.TemporaryDirectory()


def build(name, address=ADDRESS):
    return assemble(FOLDER.name, name, address)


def says(expected, *options, status=0, errors=''):
    with Machine(*SMALL, *options) as machine:
        if expected:
            machine.expect(expected)
        machine.end(status, errors)


def test_elf_with_processor():
    elf, _ = build('hello')
    says(HELLO, '-device', 'loader,file=%s,cpu-num=0' % elf)


def test_elf_as_kernel():
    elf, _ = build('hello')
    says(HELLO, '-kernel', elf)


def test_raw_with_processor():
    _, raw = build('hello')
    says(HELLO, '-device', 'loader,file=%s,addr=%#x,cpu-num=0' % (raw, ADDRESS))
    # It runs anywhere, also where firmware would be.
    says(HELLO, '-device', 'loader,file=%s,addr=0x100000,cpu-num=0' % raw)


def test_processor_by_itself():
    elf, raw = build('hello')
    start = ('-device', 'loader,addr=%#x,cpu-num=0' % ADDRESS)
    says(HELLO, '-device', 'loader,file=%s' % elf, *start)
    says(HELLO, '-device', 'loader,file=%s,addr=%#x' % (raw, ADDRESS), *start)


def test_raw_despite_elf():
    # The file as it is, headers and all: ld -N puts the code right behind them.
    elf, raw = build('hello')
    with open(elf, 'rb') as file, open(raw, 'rb') as code:
        offset = file.read().index(code.read())
    says(HELLO, '-device', 'loader,file=%s,force-raw=on,addr=%#x' % (elf, ADDRESS - offset),
         '-device', 'loader,addr=%#x,cpu-num=0' % ADDRESS)


def test_second_processor():
    elf, _ = build('hello')
    says(HELLO, '-smp', '2', '-device', 'loader,file=%s,cpu-num=1' % elf)


def test_data():
    elf, _ = build('dump')
    says(r'^1122334455667788\n0000000004030201\n0000000001020304\n00000000ab000000\n',
         '-device', 'loader,file=%s,cpu-num=0' % elf,
         '-device', 'loader,data=0x1122334455667788,data-len=8,addr=0x8000000',
         '-device', 'loader,data=0x04030201,data-len=4,addr=0x8000008',
         '-device', 'loader,data=0x04030201,data-len=4,addr=0x8000010,data-be=on',
         '-device', 'loader,data=0xab,data-len=1,addr=0x800001b')


def test_data_over_file():
    elf, _ = build('hello')
    says(r'^Jello, world\n', '-device', 'loader,file=%s,cpu-num=0' % elf,
         '-device', 'loader,data=0x4a,data-len=1,addr=%#x' % (ADDRESS + 0x100))


def test_both_engines():
    for engine in ('on', 'off'):
        for name, expected in (('hello', HELLO), ('dump', r'^(0{16}\n){4}')):
            elf, _ = build(name)
            says(expected, '-accel', 'soft,jit=' + engine, '-device', 'loader,file=%s,cpu-num=0' % elf)


def test_serial_to_file():
    elf, _ = build('hello')
    path = os.path.join(FOLDER.name, 'serial')
    says('', '-serial', 'file:' + path, '-device', 'loader,file=%s,cpu-num=0' % elf)
    with open(path, encoding='utf-8') as file:
        assert file.read() == 'Hello, world\n'


def test_no_serial():
    elf, _ = build('hello')
    for kind in ('none', 'null'):
        says('', '-serial', kind, '-device', 'loader,file=%s,cpu-num=0' % elf)


def test_reset():
    elf, _ = build('reset')
    loader = ('-device', 'loader,file=%s,cpu-num=0' % elf)
    says(r'^R', '-no-reboot', *loader)
    with Machine(*SMALL, *loader) as machine:
        machine.expect(r'^RRR')
        machine.type('\x01x')
        machine.end()


def test_no_shutdown():
    elf, _ = build('hello')
    with Machine(*SMALL, '-no-shutdown', '-d', 'life', '-device', 'loader,file=%s,cpu-num=0' % elf) as machine:
        machine.expect(HELLO)
        assert machine.process.poll() is None
        machine.type('\x01x')
        machine.end(errors=r'life: power on\nlife: processors start\n(life: power off\n)?')


def test_break_without_handler():
    elf, _ = build('stuck')
    for engine in ('on', 'off'):
        says('', '-accel', 'soft,jit=' + engine, '-device', 'loader,file=%s,cpu-num=0' % elf, status=2, errors=STUCK)


def test_start_without_memory():
    says('', '-device', 'loader,addr=0x7f000000000,cpu-num=0', status=2, errors=STUCK)


if not os.environ.get('KIA_BINUTILS'):
    skip_all("needs Debian's binutils-ia64-linux-gnu")
main(globals())
