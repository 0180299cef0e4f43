#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_table.py ROOT: docs/vti.md has the table of virtualized instructions that arch/vti_table.c has."""
import os
import re
import sys

ROOT = sys.argv[1]


def rows_of_documentation():
    with open(os.path.join(ROOT, 'docs/vti.md'), encoding='utf-8') as file:
        table = re.search(r'<!-- table -->\n(.*?)<!-- end -->', file.read(), re.S)[1]
    rows = {}
    for line in table.splitlines()[2:]:
        cause, name, _order, vac, vdc = [cell.strip() for cell in line.strip('|').split('|')]
        rows[name] = (int(cause), vac, vdc)
    return rows


def names(expression, prefix, macros):
    for macro, value in macros.items():
        expression = expression.replace(macro, value)
    return ' '.join(name.lower() for name in re.findall(prefix + r'_(\w+)', expression)) or '-'


def rows_of_code():
    with open(os.path.join(ROOT, 'abi/vpd.h'), encoding='utf-8') as file:
        causes = re.search(r'enum kia_vti_cause \{(.*?)\}', file.read(), re.S)[1]
    numbers = {name: number for number, name in enumerate(re.findall(r'KIA_CAUSE_(\w+)', causes), 1)}
    with open(os.path.join(ROOT, 'arch/vti_table.c'), encoding='utf-8') as file:
        text = file.read()
    macros = dict(re.findall(r'#define (PSR_VAC) \((.*?)\)\n', text))
    rows = {}
    for cause, name, vac, vdc in re.findall(r'=\s*ROW\((\w+), "(.*?)", (.*?), (.*?)\),\n', text):
        rows[name] = (numbers[cause], names(vac, 'KIA_VAC', macros), names(vdc, 'KIA_VDC', macros))
    return rows


documented, coded = rows_of_documentation(), rows_of_code()
differences = sorted(set(documented.items()) ^ set(coded.items()))
for row in differences:
    print('only in %s: %s' % ('docs/vti.md' if documented.get(row[0]) == row[1] else 'arch/vti_table.c', row))
assert len(coded) == 41, '%d rows' % len(coded)
sys.exit(bool(differences))
