#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py IMAGE-RECIPE [ARGUMENT...] [-- OPTION...]: runs an image of test programs in the guest.

IMAGE-RECIPE is a script beside this file that prints a folder with `list`, the commands (programs/init.c says how), and
`image.cpio.gz` with them. OPTIONs are kvm-ia64's. Results are TAP, a case a command and one for each test of which a
command tells the result; such a case is named COMMAND/TEST. The file `known` names the cases that are not expected to
pass. If the guest ends or is silent for too long, the command it was in has failed, and the next boot goes on after it.
"""
import fnmatch
import os
import re
import select
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77      # the exit status of a command that cannot run here
GRACE = 120       # seconds over a command's own time; as many for the boot
BOOTS_WITHOUT_PROGRESS = 3


def skip_all(why):
    print('1..0 # SKIP ' + why)
    sys.exit(SKIPPED)


class Known:
    """The lines of `known`: IMAGE NAME fail|skip REASON, with patterns as the shell's in the first two words."""

    def __init__(self, image):
        self.lines = []
        with open(os.path.join(HERE, 'known'), encoding='utf-8') as file:
            for line in file:
                words = line.split('#')[0].split(None, 3)
                if words and fnmatch.fnmatch(image, words[0]):
                    self.lines.append(words[1:])

    def find(self, name):
        """(what, why) of the first line for this test, or (None, '')."""
        for pattern, what, why in self.lines:
            if fnmatch.fnmatchcase(name, pattern):
                return what, why.strip()
        return None, ''


class Run:
    def __init__(self, image, commands, known, options):
        self.image, self.commands, self.known, self.options = image, commands, known, options
        self.results = {}     # number of the command: whether it passed
        self.output = {}
        self.cases = {}       # number of the command: the results of its tests, (result, name)
        self.printed = 0
        self.failed = 0

    def boot(self, first):
        """Runs commands from the first on; the number of the command to go on with, or None."""
        at = None
        command = [os.environ['KIA_PROGRAM'], '-m', '1G', '-nographic', '-no-reboot', '-kernel',
                   os.environ['KIA_KERNEL'], '-initrd', self.image, *self.options,
                   '-append', 'console=ttyS0 quiet panic=-1 from=%d' % first]
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
            last = []
            for line in self.lines(process, lambda: GRACE + (self.commands[at][0] if at is not None else 0)):
                words = line.split(None, 5)
                if words[:1] != ['@'] or len(words) < 2:
                    last = last[-30:] + [line]
                elif words[1] == 'run':
                    at = int(words[2])
                elif words[1] == 'case':
                    result, name = line.split(None, 4)[3:]
                    self.cases.setdefault(int(words[2]), []).append((result, name))
                elif words[1] == 'out':
                    self.output.setdefault(int(words[2]), []).append(' '.join(line.split(None, 3)[3:]))
                elif words[1] == 'end':
                    self.ended(int(words[2]), words[3], int(words[4]), words[5])
                elif words[1] == 'over':
                    process.wait(GRACE)
                    return None
                else:
                    last.append(line)
            process.kill()
            process.wait()
            errors.seek(0)
            last += errors.read().decode('utf-8', 'replace').splitlines()
        if at is None or at in self.results:
            print('# the guest ended between two commands:', *last, sep='\n# ', flush=True)
            return first if at is None else at + 1
        self.output[at] = self.output.get(at, []) + last
        self.report(at, False, 'the guest ended or was silent for %d s' % (GRACE + self.commands[at][0]))
        return at + 1

    def lines(self, process, patience):
        """The lines of what the machine writes, until its end or until it is silent for too long."""
        data = b''
        while True:
            deadline = time.monotonic() + patience()
            while b'\n' not in data:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                    return
                more = os.read(process.stdout.fileno(), 65536)
                if not more:
                    return
                data += more
            line, data = data.split(b'\n', 1)
            yield line.decode('utf-8', 'replace').strip('\r')

    def ended(self, number, kind, value, milliseconds):
        cases, failed = self.cases.pop(number, []), self.failed
        for result, name in cases:
            self.case(self.commands[number][1] + '/' + re.sub(r'[^\w.,:=+-]+', '_', name), result)
        time_taken = '%.1f s' % (int(milliseconds) / 1000)
        if kind == 'exit' and value == SKIPPED:
            self.report(number, True, '', 'SKIP ' + ' '.join(self.output.get(number, [])))
        elif kind == 'exit' and value == 1 and any(result == 'fail' for result, _ in cases):
            self.report(number, True, '', time_taken)
            if self.failed > failed:
                self.print_output(number)
        else:
            self.report(number, kind == 'exit' and value == 0, '%s %d' % (kind, value), time_taken)

    def case(self, name, result, what='fails', note=''):
        """Prints a case, with regard to what is known of it; False for a failure that was not expected."""
        expected, why = self.known.find(name)
        self.printed += 1
        if expected == 'skip' or result == 'skip':
            result, note = 'skip', 'SKIP ' + (why or note)
        elif expected == 'fail' and result == 'fail':
            print('not ok %d - %s # TODO %s (%s)' % (self.printed, name, why, what), flush=True)
            return True
        elif expected == 'fail':
            result, what = 'fail', 'passes: take it out of the list of known failures'
        passed = result != 'fail'
        self.failed += not passed
        print('%sok %d - %s # %s' % ('' if passed else 'not ', self.printed, name, note if passed else what), flush=True)
        return passed

    def report(self, number, passed, what, note=''):
        self.results[number] = passed
        result = 'skip' if note.startswith('SKIP ') else 'pass' if passed else 'fail'
        if not self.case(self.commands[number][1], result, what, note.removeprefix('SKIP ')):
            self.print_output(number)

    def print_output(self, number):
        print('#', *self.output.get(number, []), sep='\n# ', flush=True)

    def all(self):
        first, idle = 0, 0
        while first is not None and first < len(self.commands):
            before = len(self.results)
            first = self.boot(first)
            idle = 0 if len(self.results) > before else idle + 1
            if idle == BOOTS_WITHOUT_PROGRESS:
                print('Bail out! The guest does not come to run commands.')
                return 1
        missing = [number for number in range(len(self.commands)) if number not in self.results]
        for number in missing:
            self.report(number, False, 'was not run')
        return int(self.failed != 0)


def read_list(path):
    """The commands, as (seconds, name), and the tests that are not run, as (name, why)."""
    commands, left_out = [], []
    with open(path, encoding='utf-8') as file:
        for line in file:
            seconds, name, rest = line.split(None, 2)
            if seconds == '-':
                left_out.append((name, rest.strip()))
            else:
                commands.append((int(seconds), name))
    return commands, left_out


def main():
    arguments = sys.argv[1:]
    at = arguments.index('--') if '--' in arguments else len(arguments)
    recipe, options = arguments[:at], arguments[at + 1:]
    for name in ('KIA_KERNEL', 'KIA_LIBC_TOOLCHAIN'):
        if not os.environ.get(name):
            skip_all('set %s, or run make check' % name)
    made = subprocess.run([os.path.join(HERE, recipe[0] + '.sh'), *recipe[1:]], stdout=subprocess.PIPE, text=True,
                          check=False)
    if made.returncode:
        print('1..1\nnot ok 1 - the image cannot be built')
        sys.exit(1)
    folder = made.stdout.strip()
    known = Known(re.sub(r'[^A-Za-z0-9]+', '-', '-'.join(recipe)))
    commands, left_out = read_list(os.path.join(folder, 'list'))
    run = Run(os.path.join(folder, 'image.cpio.gz'), commands, known, options)
    failed = run.all()
    for name, why in left_out:
        run.case(name, 'skip', '', why)
    print('1..%d' % run.printed)
    sys.exit(failed)


main()
