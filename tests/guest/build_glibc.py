#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""build_glibc.py COMPILER SOURCES OUTPUT SET COUNT: builds tests of glibc for the guest, outside of glibc's own build.

SOURCES is glibc's source. SET is "base" (the folders below), or "math" (each function of libm for each type, against
glibc's tables of right results). COUNT is how many of the set, evenly spread, or "all". OUTPUT/list names each test
with its command or, after a "-", why it is not run; the programs lie beside it, linked with the shared C library unless
the test asks for the static one. Those of the base set are run by OUTPUT/as-make.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys

FOLDERS = '''assert ctype libio malloc math nptl rt setjmp signal stdio-common stdlib string sysdeps/pthread sysvipc time
    wcsmbs'''.split()
TYPES = ['float', 'double', 'ldouble', 'float128']
SECONDS = 1500    # some of the string tests take minutes, many more on a busy host
FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-D_ISOMAC', '-DTIMEOUTFACTOR=1', '-Dlibc_hidden_proto(...)=', '-w', '-pipe',
         '-fno-common', '-include', 'limits.h']
MATH_FLAGS = ['-O1', '-fno-inline', '-ffloat-store', '-fno-builtin', '-fsignaling-nans', '-frounding-math',
              '-ffp-contract=off']
# What tests include beyond the installed headers, looked at after these.
INCLUDES = '''sysdeps/unix/sysv/linux/ia64 sysdeps/unix/sysv/linux sysdeps/ia64/fpu sysdeps/ia64 sysdeps/ieee754/ldbl-96
    sysdeps/nptl sysdeps/pthread sysdeps/generic math support include .'''.split()
# What a test may have as prerequisites that is not made here: locales, modules, other objects, scripts.
MADE_BY_MAKE = re.compile(r'\$\(gen-locales\)|\$\(objpfx\)[\w-]+\.s?o\b|\$\(objpfx\)\S*mod|\.sos\)|\.sh\b')
# What tests take from glibc's make: a folder with a makefile, and an input file as standard input. Their own limits,
# 20 seconds mostly, become as long as SECONDS.
AS_MAKE = '''#!/bin/sh
export TIMEOUTFACTOR=75
echo "all:" >Makefile
input=/tests/$1.input
[ -f "$input" ] || input=/dev/null
exec "$1" <"$input"
'''
OPTIONS_KEPT = re.compile(r'-(f[\w=-]+|std=[\w+]+|O\d|D\w+(=\w+)?)$')


def logical_lines(path):
    """The lines of a makefile, those that go on joined."""
    with open(path, encoding='utf-8') as file:
        return re.sub(r'\\\n', ' ', file.read()).splitlines()


class Folder:
    """What the makefile of a folder says of its tests."""

    def __init__(self, sources, name):
        self.path, self.name = os.path.join(sources, name), name
        self.tests, self.static, self.flags, self.why_not = set(), set(), {}, {}
        for line in logical_lines(os.path.join(self.path, 'Makefile')):
            self.line(line.split('#')[0])

    def line(self, line):
        found = re.match(r'\s*(tests|xtests|tests-static|tests-time64|tests-nolibpthread)\s*[:+]?=(.*)', line)
        if found:
            self.tests.update(found[2].split())
            if found[1] == 'tests-static':
                self.static.update(found[2].split())
        found = re.match(r'\s*CFLAGS-([\w-]+)\.c\s*[:+]?=(.*)', line)
        if found:
            self.flags.setdefault(found[1], []).extend(word for word in found[2].split() if OPTIONS_KEPT.match(word))
        found = re.match(r'\s*([\w-]+)-(ARGS|ENV)\s*[:+]?=', line)
        if found:
            self.why_not[found[1]] = "needs what glibc's make gives it as arguments or variables"
        found = re.match(r'\s*((?:\$\(objpfx\)[\w.-]+\s*)+):(.*)', line)
        if found and re.search(MADE_BY_MAKE, found[2]):
            for name in re.findall(r'\$\(objpfx\)([\w-]+)', found[1]):
                self.why_not[name] = ('needs locales' if 'gen-locales' in found[2]
                                      else "needs other files of glibc's make")


class Test:
    def __init__(self, name, files, flags, folder=''):
        self.name, self.files, self.flags, self.folder = name, files, flags, folder
        self.program = name.replace('/', '.')
        self.input = self.why_not = None


class Builder:
    def __init__(self, compiler, sources, output):
        self.compiler, self.sources, self.output = compiler, os.path.realpath(sources), os.path.realpath(output)
        self.includes = []
        for folder in INCLUDES:
            self.includes += ['-idirafter', os.path.join(self.sources, folder)]
        self.made = os.path.join(self.output, 'made')
        os.mkdir(self.made)
        self.linker_script()
        with open(os.path.join(self.made, 'config.h'), 'w', encoding='ascii') as file:
            file.write("/* Nothing of what glibc's configure finds. */\n")
        self.includes += ['-idirafter', self.made]
        # A compiler that was built without a C library has a limits.h that does not go on to the library's.
        os.mkdir(os.path.join(self.made, 'first'))
        with open(os.path.join(self.made, 'first', 'limits.h'), 'w', encoding='ascii') as file:
            file.write('#include_next <limits.h>\n#include <bits/posix1_lim.h>\n#include <bits/posix2_lim.h>\n'
                       '#include <bits/xopen_lim.h>\n')
        self.includes += ['-I' + os.path.join(self.made, 'first')]

    def linker_script(self):
        """glibc's libc.so as a linker script that any ld takes, whatever format the installed one names."""
        root = subprocess.run([self.compiler, '-print-sysroot'], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        with open(os.path.join(self.made, 'libc.so'), 'w', encoding='ascii') as file:
            file.write('GROUP ( %s/lib/libc.so.6.1 %s/usr/lib/libc_nonshared.a AS_NEEDED ( %s/lib/ld-linux-ia64.so.2 ) )\n'
                       % (root, root, root))

    def run(self, *command, **keywords):
        subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       errors='replace', **keywords)

    def gcc(self, *arguments):
        self.run(self.compiler, *FLAGS, *arguments, *self.includes, timeout=600)

    def object(self, source, name, *flags):
        path = os.path.join(self.made, name + '.o')
        self.gcc('-c', *flags, source, '-o', path)
        return path

    def support(self, pool):
        """glibc's library for tests: those of its files that compile outside of its build."""
        text = re.sub(r'\\\n', ' ', open(os.path.join(self.sources, 'support', 'Makefile'), encoding='utf-8').read())
        names = re.search(r'^libsupport-routines =(.*)', text, re.M)[1].split()
        paths = ['-D%s_PATH="/"' % name for name in 'SRCDIR OBJDIR OBJDIR_ELF_LDSO INSTDIR LIBDIR BINDIR SBINDIR SLIBDIR '
                 'ROOTSBINDIR COMPLOCALEDIR'.split()]
        jobs = [(name, pool.submit(self.object, os.path.join(self.sources, 'support', name + '.c'), 'support-' + name,
                                   '-O2', *paths)) for name in names]
        objects = []
        for name, job in jobs:
            try:
                objects.append(job.result())
            except subprocess.CalledProcessError as error:
                print('support/%s: %s' % (name, error.output), flush=True)
        library = os.path.join(self.made, 'libsupport.a')
        self.run('ia64-linux-gnu-ar', 'rcs', library, *objects)
        return library

    def build(self, test, *libraries):
        self.gcc(*test.flags, *test.files, *libraries, '-L' + self.made, '-Wl,--as-needed', '-lm', '-lresolv', '-s', '-o',
                 os.path.join(self.output, test.program))
        if test.input:
            shutil.copy(test.input, os.path.join(self.output, test.program + '.input'))


def base_tests(builder):
    tests = []
    for name in FOLDERS:
        folder = Folder(builder.sources, name)
        for base in sorted(folder.tests):
            source = os.path.join(folder.path, base + '.c')
            if os.path.exists(source):
                test = Test('%s/%s' % (os.path.basename(name), base), [source],
                            ['-O2', *folder.flags.get(base, []), *(['-static'] if base in folder.static else [])])
                test.why_not = folder.why_not.get(base)
                if os.path.exists(source[:-2] + '.input'):
                    test.input = source[:-2] + '.input'
                tests.append(test)
    return tests


def math_tests(builder):
    """A test a function and a type, as math/Makefile generates them."""
    math, made = os.path.join(builder.sources, 'math'), builder.made
    generator = os.path.join(math, 'gen-libm-test.py')
    builder.run(sys.executable, generator, '-u', builder.sources + '/sysdeps/ia64/fpu/libm-test-ulps',
                '-H', made + '/libm-test-ulps.h')
    tests = []
    for template in sorted(glob.glob(math + '/libm-test-*.inc')):
        function = os.path.basename(template)[len('libm-test-'):-len('.inc')]
        if function.startswith(('compat_', 'narrow-')):
            continue
        for kind in TYPES:
            test = Test('%s/%s' % (kind, function), [made + '/test-%s-%s.c' % (kind, function)], MATH_FLAGS)
            test.flags = [*MATH_FLAGS, '-I' + made, made + '/libm-test-support-%s.o' % kind]
            test.template, test.kind, test.function = template, kind, function
            tests.append(test)
    return tests


def generate_math(builder, pool, tests):
    math, made = os.path.join(builder.sources, 'math'), builder.made

    def function_tables(function, template):
        results = math + '/auto-libm-test-out-' + function
        builder.run(sys.executable, math + '/gen-libm-test.py', '-c', template, '-a',
                    results if os.path.exists(results) else '/dev/null', '-C', made + '/libm-test-%s.c' % function)

    jobs = [pool.submit(function_tables, *pair) for pair in sorted({(test.function, test.template) for test in tests})]
    for kind in sorted({test.kind for test in tests}):
        source = made + '/libm-test-support-%s.c' % kind
        with open(source, 'w', encoding='ascii') as file:
            file.write('#include <test-%s.h>\n#include <libm-test-support.c>\n' % kind)
        builder.object(source, 'libm-test-support-' + kind, *MATH_FLAGS, '-I' + made)
    for test in tests:
        with open(test.files[0], 'w', encoding='ascii') as file:
            file.write(''.join('#include <%s>\n' % name for name in (
                'test-%s.h' % test.kind, 'test-math-exceptions.h', 'test-math-errno.h', 'test-math-scalar.h',
                'libm-test-%s.c' % test.function)))
    for job in jobs:
        job.result()


def main():
    compiler, sources, output, which, count = sys.argv[1:]
    builder = Builder(compiler, sources, output)
    tests = math_tests(builder) if which == 'math' else base_tests(builder)
    if count != 'all':
        tests = [test for test in tests if not test.why_not]
        tests = [tests[i * len(tests) // int(count)] for i in range(int(count))]
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get('KIA_JOBS') or os.cpu_count())) as pool:
        libraries = []
        if which == 'math':
            generate_math(builder, pool, tests)
        else:
            libraries.append(builder.support(pool))
        jobs = [(test, pool.submit(builder.build, test, *libraries)) for test in tests if not test.why_not]
        for test, job in jobs:
            try:
                job.result()
            except subprocess.CalledProcessError as error:
                test.why_not = "does not build outside of glibc's tree"
                print('%s: %s' % (test.name, error.output), flush=True)
    with open(os.path.join(output, 'list'), 'w', encoding='ascii') as file:
        for test in tests:
            if test.why_not:
                file.write('- %s %s\n' % (test.name, test.why_not))
            else:
                file.write('%d %s %s%s\n' % (SECONDS, test.name, '' if which == 'math' else 'as-make ', test.program))
    if which != 'math':
        with open(os.path.join(output, 'as-make'), 'w', encoding='ascii') as file:
            file.write(AS_MAKE)
        os.chmod(os.path.join(output, 'as-make'), 0o755)
    builder.run('rm', '-r', builder.made)


try:
    main()
except subprocess.CalledProcessError as problem:
    sys.exit('%s\n%s' % (' '.join(map(str, problem.cmd)), problem.output))
