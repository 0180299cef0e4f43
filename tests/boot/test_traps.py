#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_traps.py [OPTION...]: programs that take interruptions, with these options of kvm-ia64.

A program prints a record of each interruption (programs/trap.inc). Lines "//= VECTOR FIELD=VALUE..." in its
source say which records there must be, in this order, and what their fields hold; values are expressions of
the program's symbols. Fields that are not named may be anything.
"""
import os
import re
import subprocess
import sys
import tempfile

from machine import SOURCES, Machine, assemble, main, skip_all

ADDRESS = 0x4100000
FIELDS = ('vector', 'isr', 'ipsr', 'iip', 'iipa', 'ifa', 'itir', 'iim', 'iha')

FOLDER = tempfile.TemporaryDirectory()


def symbols(elf):
    """Labels and constants of an ELF file."""
    tool = os.environ['KIA_BINUTILS'] + 'nm'
    lines = subprocess.run([tool, elf], check=True, stdout=subprocess.PIPE, encoding='ascii').stdout
    return {name: int(value, 16) for value, _, name in map(str.split, lines.splitlines())}


def expected_records(name, known):
    """A list of (the line, field -> value)."""
    records = []
    with open(os.path.join(SOURCES, name + '.s'), encoding='utf-8') as file:
        for line in file:
            found = re.match(r'\s*//= (\S+)(.*)', line)
            if not found:
                continue
            fields = {'vector': int(found[1], 0)}
            for item in found[2].split():
                field, value = item.split('=')
                assert field in FIELDS, line
                fields[field] = eval(value, {}, known)
            records.append((line.strip(), fields))
    return records


def run(name):
    elf, _ = assemble(FOLDER.name, name, ADDRESS)
    loader = ('-device', 'loader,file=%s,cpu-num=0' % elf)
    with Machine('-m', '256M', '-nographic', *sys.argv[1:], *loader) as machine:
        machine.end()
        lines = machine.seen.splitlines()
    records = [dict(zip(FIELDS, (int(word, 16) for word in line.split()))) for line in lines]
    expected = expected_records(name, symbols(elf))
    for number, ((line, fields), record) in enumerate(zip(expected, records)):
        for field, value in fields.items():
            assert record[field] == value, '%s.s, record %d: %s is %#x, not %#x; expected was %s' % (
                name, number, field, record[field], value, line)
    assert len(records) == len(expected), '%s.s: %d records, not %d' % (name, len(records), len(expected))


def test_translation():
    run('translate')


def test_privilege():
    run('privilege')


def test_debug():
    run('debug')


def test_external_interrupts():
    run('interrupt')


if not os.environ.get('KIA_BINUTILS'):
    skip_all("needs Debian's binutils-ia64-linux-gnu")
main(globals())
