#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_logs.py [OPTION...]: what -d writes, against what programs note of the same events themselves."""
import os
import re
import sys
import tempfile

from machine import Machine, assemble, main, skip_all

FOLDER = tempfile.TemporaryDirectory()
LOG = os.path.join(FOLDER.name, 'log')
ADDRESS = 0x4100000


def run(name, items):
    """What the program printed, and the log's lines by item."""
    elf, _ = assemble(FOLDER.name, name, ADDRESS)
    with Machine('-m', '256M', '-nographic', *sys.argv[1:], '-d', items, '-D', LOG,
                 '-device', 'loader,file=%s,cpu-num=0' % elf) as machine:
        machine.end()
        printed = machine.seen
    logged = {}
    with open(LOG, encoding='ascii') as file:
        for line in file:
            item, text = line.rstrip('\n').split(': ', 1)
            logged.setdefault(item, []).append(text)
    return printed, logged


def test_interruptions():
    """The program's handler records vector, isr, ipsr, iip ... of each; notes of its own are 1 to 0xff."""
    for name in ('privilege', 'translate', 'interrupt'):
        printed, logged = run(name, 'int,mmu')
        records = [[int(word, 16) for word in line.split()] for line in printed.splitlines()]
        records = [record for record in records if record[0] >= 0x100 or not record[0]]
        pattern = r'cpu 0 (.+) \(0x(.{4})\) iip 0x(.{16})\.[012] ipsr 0x(.{16}) isr 0x(.{16}) ifa 0x(.{16}) iim 0x(.+)'
        events = [re.fullmatch(pattern, line).groups() for line in logged['int']]
        assert len(events) == len(records), '%s: %d logged, %d recorded' % (name, len(events), len(records))
        for event, (vector, isr, ipsr, iip, *_) in zip(events, records):
            assert int(event[1], 16) == vector, (name, event)
            if 'Nested' not in event[0] and not isr >> 39 & 1:    # psr.ic was 1: the registers were written
                assert [int(text, 16) for text in event[2:5]] == [iip, ipsr, isr], (name, event)
        if name == 'translate':
            kinds = {line.split()[2] for line in logged['mmu']}
            assert {'itr.d', 'itc.d'} <= kinds, kinds


def test_code():
    _, logged = run('hello', 'in_asm')
    text = '\n'.join(logged['in_asm'])
    assert re.search(r'^unit at physical 0x4100000\.0, \d+ instructions, key 0x', text, re.M), text
    assert re.search(r'^0x0000000004100000\.0  \[M..\] +mov r14=ip|mov r14=ip', text), text
    assert 'ld1 r16=[r14],1' in text
    assert set(logged) == {'in_asm'}


if not os.environ.get('KIA_BINUTILS'):
    skip_all("needs Debian's binutils-ia64-linux-gnu")
main(globals())
