#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check.py ROOT: checks the form of the sources: who may include whom, first lines, build files, lengths.

A violation fails its check. Files and lines that are longer than they should be are only named.
"""
import os
import re
import sys

# What a folder may include beside itself: a folder, or a single header of one. Arrows point one way:
# isa <- lower <- {interp, jit}; arch knows no engine; dev and fw know no engine and no device of each other.
MAY_INCLUDE = {
    'abi': [],
    'isa': [],
    'mem': [],
    'arch': ['abi', 'isa', 'mem'],
    'lower': ['arch', 'isa'],
    'interp': ['arch', 'lower'],
    'jit': ['arch', 'interp', 'isa', 'lower'],
    'accel': ['abi', 'arch', 'interp', 'isa', 'jit', 'lower', 'mem', 'vmm/keyval.h',
        'vmm/log.h'],
    'dev': ['mem'],
    'fw': ['abi', 'accel/accel.h', 'mem', 'vmm/board.h', 'vmm/log.h'],
    'tools': ['accel/trace_format.h'],
    'vmm': ['accel/accel.h', 'dev', 'fw', 'mem'],
}

# These run on any host: of the system's headers they may have only those of standard C.
HOST_FREE = ['abi', 'isa', 'arch', 'lower', 'interp']
STANDARD_C = set('''assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
    stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar
    wctype'''.split())

LINE_LIMIT = 120
FILE_LIMIT = 600
LICENSE = 'SPDX-License-Identifier: GPL-2.0-or-later'


def source_files(root):
    for folder in sorted(MAY_INCLUDE) + ['bench', 'guest', 'tests']:
        for path, folders, names in os.walk(os.path.join(root, folder)):
            folders.sort()
            for name in sorted(names):
                if name.endswith(('.c', '.h')):
                    full = os.path.join(path, name)
                    with open(full, encoding='utf-8') as file:
                        yield os.path.relpath(full, root), file.read().split('\n')


def allowed(folder, header):
    return any(header == entry or header.startswith(entry + '/') for entry in MAY_INCLUDE[folder] + [folder])


def check_includes(root, files):
    for path, lines in files:
        folder = path.split('/')[0]
        for number, line in enumerate(lines, 1):
            found = re.match(r'\s*#\s*include\s*(?:"([^"]*)"|<([^>]*)>)', line)
            if not found:
                continue
            where, own, system = '%s:%d: ' % (path, number), found[1], found[2]
            if folder in MAY_INCLUDE and own:
                if not os.path.isfile(os.path.join(root, own)):
                    yield where + '"%s" is not named from the root of the repository' % own
                elif not allowed(folder, own):
                    yield where + '%s/ may not include %s' % (folder, own)
            if folder in HOST_FREE and system and system.removesuffix('.h') not in STANDARD_C:
                yield where + '%s/ may include only headers of standard C, not <%s>' % (folder, system)


def check_first_lines(_root, files):
    for path, lines in files:
        if LICENSE not in lines[0]:
            yield path + ':1: the first line must be /* %s */' % LICENSE
        elif len(lines) < 2 or not lines[1].startswith('/*'):
            yield path + ':2: the second line must say what the file is'


def check_lines(_root, files):
    for path, lines in files:
        if lines[-1] != '':
            yield path + ': the last line has no end'
        for number, line in enumerate(lines, 1):
            if line != line.rstrip() or '\t' in line:
                yield '%s:%d: tab, or space at the end' % (path, number)


def check_built(root, files):
    for path, _ in files:
        folder, name = os.path.split(path)
        build = os.path.join(root, folder, 'meson.build')
        if not name.endswith('.c') or path.startswith('guest/') or not os.path.isfile(build):
            continue
        with open(build, encoding='utf-8') as file:
            text = file.read()
        # Either by name, or as the variable part of 'test_' + name + '.c'.
        if "'%s'" % name not in text and "'%s'" % re.sub(r'^test_|\.c$', '', name) not in text:
            yield '%s: %s/meson.build does not name it' % (path, folder)


def main():
    root = sys.argv[1]
    files = list(source_files(root))
    checks = [check_includes, check_first_lines, check_lines, check_built]
    status = 0
    assert files, 'no sources under ' + root
    print('1..%d' % len(checks))
    for number, check in enumerate(checks, 1):
        problems = list(check(root, files))
        print('%sok %d - %s' % ('not ' if problems else '', number, check.__name__.removeprefix('check_')))
        for problem in problems:
            print('# ' + problem)
            status = 1
    for path, lines in files:
        wide = sum(len(line) > LINE_LIMIT for line in lines)
        if len(lines) - 1 > FILE_LIMIT:
            print('# note: %s has %d lines; aim under %d' % (path, len(lines) - 1, FILE_LIMIT))
        if wide:
            print('# note: %s has %d lines of more than %d columns' % (path, wide, LINE_LIMIT))
    sys.exit(status)


main()
