#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""count-results.py TESTLOG.JSON: counts what Meson's test log holds and prints the closing line.

A program that reports its cases (cmocka's lines or TAP) counts by case, any other as one. A program that
Meson calls failed without a failed case (it crashed, or ran out of time) counts as one failure more.
"""
import json
import re
import sys


def cmocka_cases(text):
    ok = re.findall(r'^\[ +OK \] ', text, re.M)
    # A failed case is named twice: where it ran, and in the list at the end that has no colon.
    failed = {name for name in re.findall(r'^\[  FAILED  \] ([A-Za-z_]\w*)$', text, re.M)}
    skipped = {name for name in re.findall(r'^\[  SKIPPED \] ([A-Za-z_]\w*)$', text, re.M)}
    return len(ok), len(failed), len(skipped)


def tap_cases(text):
    passed = failed = skipped = 0
    for line in re.findall(r'^(?:not )?ok\b.*$', text, re.M):
        if re.search(r'#\s*skip', line, re.I):
            skipped += 1
        elif line.startswith('ok') or re.search(r'#\s*todo', line, re.I):
            passed += 1
        else:
            failed += 1
    return passed, failed, skipped


def count(test):
    text = (test.get('stdout') or '') + '\n' + (test.get('stderr') or '')
    bad = test['result'] not in ('OK', 'EXPECTEDFAIL', 'SKIP')
    if re.search(r'^\[=+\] Running \d+ test', text, re.M):
        passed, failed, skipped = cmocka_cases(text)
    elif re.search(r'^1\.\.\d+', text, re.M):
        passed, failed, skipped = tap_cases(text)
    else:
        passed, failed, skipped = int(test['result'] in ('OK', 'EXPECTEDFAIL')), 0, 0
    if bad and not failed:
        failed = 1
    if test['result'] == 'SKIP' and not skipped:
        skipped = 1
    return passed, failed, skipped


def main():
    total = [0, 0, 0]
    try:
        with open(sys.argv[1], encoding='utf-8', errors='replace') as log:
            for line in log:
                for i, n in enumerate(count(json.loads(line))):
                    total[i] += n
    except FileNotFoundError:
        pass
    print('%d passed, %d failed, %d skipped' % tuple(total))
    return int(total[1] != 0 or total[0] == 0)


if __name__ == '__main__':
    sys.exit(main())
