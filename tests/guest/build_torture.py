#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""build_torture.py COMPILER SOURCES OUTPUT LEVEL COUNT: builds GCC's C torture tests for the guest.

SOURCES is a folder gcc.c-torture/execute of GCC 12's source, LEVEL an option like -O2, COUNT how many of the tests,
evenly spread, or "all". OUTPUT/list names each test with its command or, after a "-", why it is not run; the
programs lie beside it. Many tests share a program, which is given a test's name: every symbol of a test becomes
local, except for its main. programs/nonlocal.c is one more test.
"""
import concurrent.futures
import fnmatch
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TRIPLET = 'ia64-unknown-linux-gnu'
# What the tests may ask for (check_effective_target_* of GCC's test suite) and ia64 with glibc has.
HAS = set('''32bitplus alias alloca c99_runtime double64 double64plus fileio fpic indirect_jumps int128 int32
    int32plus label_values lp64 longlong64 mmap nonlocal_goto ptr32plus return_address run signal size32plus
    stdint_types trampolines unwrapped untyped_assembly weak'''.split())
A_PROGRAM = 60    # tests
SECONDS = 60      # of time for a test


class Braces:
    """Tcl's words: nested lists of strings."""

    def __init__(self, text):
        self.tokens = re.findall(r'[{}]|"[^"]*"|[^\s{}"]+', text)
        self.at = 0

    def words(self):
        found = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token == '{':
                found.append(self.words())
            elif token == '}':
                break
            else:
                found.append(token.strip('"'))
        return found


def selected(selector):
    """Whether a target selector, a word or a list of them with !, && and ||, means this target."""
    if isinstance(selector, str):
        return fnmatch.fnmatch(TRIPLET, selector) or selector in HAS
    if '&&' in selector:
        at = selector.index('&&')
        return selected(selector[:at]) and selected(selector[at + 1:])
    if selector[:1] == ['!']:
        return not selected(selector[1:])
    return any(selected(word) for word in selector if word != '||')


def option_matches(patterns, flags):
    if isinstance(patterns, str):
        patterns = [patterns]
    return any(set(pattern.split()) <= set(flags) or pattern == '*' for pattern in patterns)


class Test:
    def __init__(self, sources, path, level):
        self.name = os.path.relpath(path, sources)[:-2]
        self.files = [path]
        self.flags = [level]
        self.why_not = None
        folder = os.path.dirname(self.name)
        if folder == 'ieee':
            self.flags.append('-fno-inline')
        if folder == 'builtins':
            self.files += [path[:-2] + '-lib.c', os.path.join(sources, 'builtins', 'lib', 'main.c')]
            self.flags += ['-fno-tree-dse', '-fno-tree-loop-distribute-patterns', '-fno-tracer', '-fno-ipa-ra',
                           '-fno-inline-functions']
        with open(path, encoding='latin-1') as file:
            self.directives(file.read())
        if os.path.exists(path[:-2] + '.x'):
            with open(path[:-2] + '.x', encoding='latin-1') as file:
                for options in re.findall(r'^(?:lappend|set) additional_flags (.*)', file.read(), re.M):
                    self.flags += options.replace('"', ' ').split()

    def directives(self, text):
        for line in re.findall(r'\{ *(dg-[^\n]*)\}', text):
            name, *words = Braces(line).words()
            if name in ('dg-options', 'dg-additional-options'):
                options = words[0] if isinstance(words[0], str) else ' '.join(words[0])
                if len(words) == 1 or selected(words[1][1:]):
                    self.flags += options.split()
            elif name == 'dg-require-effective-target' and words[0] not in HAS:
                self.why_not = 'needs ' + words[0]
            elif name == 'dg-skip-if' and selected(words[1]):
                if (len(words) < 3 or option_matches(words[2], self.flags)) and not (
                        len(words) > 3 and option_matches(words[3] or [], self.flags)):
                    self.why_not = words[0] or 'for other processors only'

    def build(self, tools, folder, number):
        """Compiles to one object whose only global symbol is torture_NUMBER."""
        base = os.path.join(folder, 't%d' % number)
        objects = []
        for part, file in enumerate(self.files):
            objects.append('%s-%d.o' % (base, part))
            tools.run('gcc', '-c', '-w', '-pipe', *self.flags, file, '-o', objects[-1])
        tools.run('ld', '-r', *objects, '-o', base + '.o')
        tools.run('objcopy', '--redefine-sym', 'main=torture_%d' % number,
                  '--keep-global-symbol=torture_%d' % number, base + '.o')
        return base + '.o'


class Tools:
    def __init__(self, compiler):
        self.gcc = compiler

    def run(self, tool, *arguments):
        command = [self.gcc if tool == 'gcc' else 'ia64-linux-gnu-' + tool, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def find_tests(sources, level):
    paths = glob.glob(sources + '/*.c') + glob.glob(sources + '/ieee/*.c')
    paths += [path for path in glob.glob(sources + '/builtins/*.c') if not path.endswith('-lib.c')]
    return [Test(sources, path, level) for path in sorted(paths)]


def link(tools, folder, program, tests):
    """tests: (name, number, object). A main that calls the test its first argument names."""
    main = os.path.join(folder, program + '-main.c')
    with open(main, 'w', encoding='ascii') as file:
        file.write('#include <string.h>\n')
        for _, number, _ in tests:
            file.write('int torture_%d(int, char **, char **);\n' % number)
        file.write('int main(int argc, char **argv, char **envp)\n{\n')
        for name, number, _ in tests:
            file.write('    if (argc > 1 && !strcmp(argv[1], "%s"))\n'
                       '        return torture_%d(1, argv, envp);\n' % (name, number))
        file.write('    return 125;\n}\n')
    tools.run('gcc', '-static', '-O1', '-s', main, *[test[2] for test in tests], '-lm', '-o',
              os.path.join(folder, program))


def main():
    compiler, sources, folder, level, count = sys.argv[1:]
    tools = Tools(compiler)
    tests = find_tests(sources, level)
    own = Test(os.path.join(HERE, 'programs'), os.path.join(HERE, 'programs', 'nonlocal.c'), level)
    if count != 'all':
        tests = [tests[i * len(tests) // int(count)] for i in range(int(count))]
    tests.append(own)
    built, failures = [], {}
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get('KIA_JOBS') or os.cpu_count())) as pool:
        jobs = [(test, number, pool.submit(test.build, tools, folder, number))
                for number, test in enumerate(tests) if not test.why_not]
        for test, number, job in jobs:
            try:
                built.append((test.name, number, job.result()))
            except subprocess.CalledProcessError as error:
                failures[test.name] = 'does not compile'
                print('%s: %s' % (test.name, error.output.decode('utf-8', 'replace')), flush=True)
        programs = {}
        for at in range(0, len(built), A_PROGRAM):
            program = 'torture%d' % (at // A_PROGRAM)
            programs[program] = pool.submit(link, tools, folder, program, built[at:at + A_PROGRAM])
        for job in programs.values():
            job.result()
    place = {name: 'torture%d' % (at // A_PROGRAM) for at, (name, _, _) in enumerate(built)}
    with open(os.path.join(folder, 'list'), 'w', encoding='ascii') as file:
        for test in tests:
            if test.name in place:
                file.write('%d %s %s %s\n' % (SECONDS, test.name, place[test.name], test.name))
            else:
                file.write('- %s %s\n' % (test.name, test.why_not or failures[test.name]))
    for leftover in glob.glob(folder + '/*.o') + glob.glob(folder + '/*-main.c'):
        os.remove(leftover)


try:
    main()
except subprocess.CalledProcessError as problem:
    sys.exit('%s\n%s' % (' '.join(map(str, problem.cmd)), problem.output.decode('utf-8', 'replace')))
