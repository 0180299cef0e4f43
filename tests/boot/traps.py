# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that take interruptions, and the records that they must print.

A program prints a record of each interruption (programs/trap.inc). Lines "//= VECTOR FIELD=VALUE..." in its
source say which records there must be, in this order, and what their fields hold; values are expressions of
the program's symbols. Fields that are not named may be anything.
"""
import os
import re
import subprocess
import tempfile

from machine import SOURCES, Machine, assemble

ADDRESS = 0x4100000
FIELDS = ('vector', 'isr', 'ipsr', 'iip', 'iipa', 'ifa', 'itir', 'iim', 'iha')

FOLDER = tempfile.TemporaryDirectory()


def symbols(elf):
    """Labels and constants of an ELF file."""
    tool = os.environ['KIA_BINUTILS'] + 'nm'
    lines = subprocess.run([tool, elf], check=True, stdout=subprocess.PIPE, encoding='ascii').stdout
    return {name: int(value, 16) for value, _, name in map(str.split, lines.splitlines())}


def expected_records(source, known):
    """A list of (the line, field -> value)."""
    records = []
    with open(source, encoding='utf-8') as file:
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


def run(name, options, sources=SOURCES):
    """Runs sources/NAME.s on a machine with these options of kvm-ia64 and compares its records."""
    elf, _ = assemble(FOLDER.name, name, ADDRESS, sources)
    loader = ('-device', 'loader,file=%s,cpu-num=0' % elf)
    with Machine('-m', '256M', '-nographic', *options, *loader) as machine:
        machine.end()
        lines = machine.seen.splitlines()
    records = [dict(zip(FIELDS, (int(word, 16) for word in line.split()))) for line in lines]
    expected = expected_records(os.path.join(sources, name + '.s'), symbols(elf))
    for number, ((line, fields), record) in enumerate(zip(expected, records)):
        for field, value in fields.items():
            assert record[field] == value, '%s.s, record %d: %s is %#x, not %#x; expected was %s\nall:\n%s' % (
                name, number, field, record[field], value, line, '\n'.join(lines))
    assert len(records) == len(expected), '%s.s: %d records, not %d:\n%s' % (
        name, len(records), len(expected), '\n'.join(lines))
