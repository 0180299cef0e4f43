#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures the machine, interpreting and compiling, against the host's native code for the same C programs.

Builds bench/programs for both sides, boots Linux once an engine, runs every program there and on the host,
checks that the checksums agree, and prints tables of ratios: time in the guest over time on the host.
Variables: KIA_PROGRAM, KIA_KERNEL, KIA_INITRD, KIA_TOOLCHAIN, as docs/guest.md has them.
"""
import argparse
import glob
import gzip
import math
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST = os.path.join(os.path.dirname(HERE), 'guest')
ENGINES = (('interpreter', 'soft,jit=off'), ('compiled', 'soft,jit=on'))
COMPUTE = ('sha256', 'qsort', 'histogram', 'strlen', 'fib', 'bytecode', 'chase', 'divide', 'matmul', 'nbody',
           'mandelf', 'mandeld')
LIBRARIES = ('zstd', 'sqlite')
SYSTEM = ('getpid', 'fork', 'exec', 'pingpong', 'switch', 'parallel')
GROWTH = ('chase=4096', 'chase=65536', 'chase=1048576', 'chase=16777216', 'chase', 'code=16', 'code=128',
          'code', 'copy', 'copygr', 'copyfr', 'switch=2', 'switch', 'switch=32')
PARALLEL = ('parallel=1', 'parallel', 'parallel=4')
# Fused multiply-add would round otherwise than the host does, so that checksums could not be compared.
FLAGS = ('-std=gnu17', '-D_GNU_SOURCE', '-O2', '-ffp-contract=off', '-static', '-Wall', '-Wextra', '-Werror')
PATIENCE = 150    # seconds without a line of output after which a guest counts as hung
NOWHERE = 'before the first program'
ATTEMPTS = 3      # boots that may fail in one program before it is given up
STARTS = 5        # times that the start is measured: the fastest counts
IDLE = 2          # seconds of each of the idle guest's windows


def say(text):
    print(text, file=sys.stderr, flush=True)


def fail(text):
    say('error: ' + text)
    sys.exit(1)


def recipe(name, *arguments):
    """Runs a script of guest/; the path it prints."""
    run = subprocess.run([os.path.join(GUEST, name), *arguments], stdout=subprocess.PIPE, text=True,
                         check=False)
    if run.returncode:
        sys.exit(run.returncode)
    return run.stdout.strip()


def guest_compiler():
    compiler = os.path.join(recipe('toolchain.sh'), 'bin', 'ia64-linux-gnu-gcc')
    found = subprocess.run([compiler, '-print-file-name=libc.a'], stdout=subprocess.PIPE, text=True, check=True)
    if not os.path.isabs(found.stdout.strip()):
        fail('%s has no C library to link programs with: name one that has with KIA_TOOLCHAIN' % compiler)
    return compiler


def compile_programs(compiler, folder, side, libraries):
    """Builds folder/SIDE/bench, and folder/SIDE/libraries where those are wanted."""
    path = os.path.join(HERE, 'programs', '')
    output = os.path.join(folder, side, '')
    os.mkdir(output)
    extra = [path + name + '.c' for name in LIBRARIES]
    sources = [name for name in sorted(glob.glob(path + '*.c')) if name not in extra]
    commands = [[*sources, '-lm', '-o', output + 'bench']]
    if libraries:
        commands.append(['-DBENCH_LIBRARIES', '-I' + libraries + '/include', path + 'main.c', *extra,
                         '-L%s/%s' % (libraries, side), '-lzstd', '-lsqlite3', '-lm',
                         '-o', output + 'libraries'])
    if any(subprocess.run([compiler, *FLAGS, *command], check=False).returncode for command in commands):
        fail('%s cannot build bench/programs' % compiler)


def cpio_archive(files):
    """A newc archive of {path: (mode, bytes)}, packed with nothing."""
    archive = b''
    for number, (name, (mode, data)) in enumerate([*files.items(), ('TRAILER!!!', (0, b''))], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        archive += b'070701' + b''.join(b'%08x' % field for field in fields) + name.encode() + b'\0'
        archive += bytes(-len(archive) % 4) + data
        archive += bytes(-len(archive) % 4)
    return archive


def program_of(name):
    return 'libraries' if name.split('=')[0] in LIBRARIES else 'bench'


class Run:
    """One timed run of a program: its work, its outcome, and what it cost."""

    def __init__(self, words):
        self.count, self.sum, self.ns, self.cpu = int(words[0]), words[1], int(words[2]), int(words[3])


class Host:
    """Native runs."""

    def __init__(self, folder):
        self.folder = folder
        self.sums = {}

    def runs(self, name, *arguments):
        program = os.path.join(self.folder, program_of(name))
        lines = subprocess.run([program, name, *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                               check=True).stdout.splitlines()
        return [Run(line.split()[3:]) for line in lines if line.startswith('bench: done ')]

    def checksum(self, name, count):
        if (name, count) not in self.sums:
            self.sums[name, count] = self.runs(name, count)[-1].sum
        return self.sums[name, count]


class Guest:
    """Boots of one engine, until every program has run or failed too often."""

    def __init__(self, accel, options):
        self.accel, self.options = accel, options
        self.runs = {}          # program: its runs, a list a round
        self.failures = {}      # program: how often the guest ended in it
        self.idle = []          # host processors used, by window
        self.facts = {}         # what was learned about the boot and the machine
        self.trouble = []

    def run(self, initrd, files, programs, milliseconds, idle=0, processors=1):
        """One round."""
        rounds = {name: len(self.runs.get(name, ())) for name in programs}
        for _ in range(4 * ATTEMPTS):
            programs = [name for name in programs if len(self.runs.get(name, ())) == rounds[name] and
                        self.failures.get(name, 0) < ATTEMPTS]
            if not programs:
                break
            listed = ''.join('%s %s 1 %d\n' % (program_of(name), name, milliseconds) for name in programs)
            files['bench/list'] = (0o100644, listed.encode())
            files['bench/idle'] = (0o100644, b'%d\n' % idle)
            at = self.boot(initrd, files, processors)
            if at:
                self.failed(at, 'the guest ended ' + ('in ' + at if at != NOWHERE else at))

    def failed(self, at, what):
        self.failures[at] = self.failures.get(at, 0) + 1
        self.trouble.append('%s: %s' % (self.accel, what))
        say(self.trouble[-1])

    def learned(self, key, value):
        """Of what was measured several times the least counts."""
        self.facts[key] = min(value, self.facts.get(key, value))

    def boot(self, initrd, files, processors):
        """One boot. None, or where it ended too early."""
        with tempfile.NamedTemporaryFile() as image, tempfile.TemporaryFile() as errors:
            with open(initrd, 'rb') as file:
                shutil.copyfileobj(file, image)
            image.write(bytes(-image.tell() % 4) + cpio_archive(files))
            image.flush()
            command = [self.options.program, '-accel', self.accel, '-m', '1G', '-smp', str(processors),
                       '-nographic', '-no-reboot', '-kernel', self.options.kernel, '-initrd', image.name,
                       '-append', 'console=ttyS0 quiet panic=-1 swiotlb=2048 run=sh+/bench/guest.sh']
            start = time.monotonic()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=errors)
            try:
                return self.follow(process, start)
            finally:
                process.stdout.close()
                if process.returncode is None:
                    process.kill()
                    usage = os.wait4(process.pid, 0)[2]
                    process.returncode = 0
                    self.facts['rss'] = max(self.facts.get('rss', 0), usage.ru_maxrss)

    def follow(self, process, start):
        at, runs, clock = NOWHERE, [], (~process.pid << 3) | 2    # the clock of a process's processor time
        booted = False
        buffer, begun, cpu_begun = b'', 0, 0
        while True:
            if not select.select([process.stdout], [], [], PATIENCE)[0]:
                return at
            data = os.read(process.stdout.fileno(), 65536)
            now = time.monotonic()
            cpu = time.clock_gettime(clock)
            if not data:
                return at
            *lines, buffer = (buffer + data).split(b'\n')
            for line in lines:
                text = line.decode('utf-8', 'replace').strip()
                if self.options.verbose:
                    say('    ' + text)
                if text.startswith('guest: ') and not booted:
                    booted = True
                    self.learned('boot', now - start)
                    self.learned('boot cpu', cpu)
                words = text.split()
                if words[:1] != ['bench:'] or len(words) < 2:
                    continue
                if words[1] == 'up':
                    self.learned('load', now - start - float(words[2]))
                elif words[1] == 'start':
                    at, begun, cpu_begun = words[2], now, cpu
                elif words[1] == 'done' and words[2] == 'idle':
                    self.idle.append((cpu - cpu_begun) / (now - begun))
                    self.facts.update({'idle': min(self.idle), 'idle median': statistics.median(self.idle)})
                elif words[1] == 'done' and len(words) == 7:
                    words[6] = (cpu - cpu_begun) * 1e9
                    runs.append(Run(words[3:]))
                elif words[1] == 'end':
                    if words[3] == '0' and runs:
                        self.runs.setdefault(words[2], []).append(runs)
                    else:
                        self.failed(words[2], '%s ended with status %s' % (words[2], words[3]))
                    runs = []
                elif words[1] == 'over':
                    return None


def entry_time(options, accel, kernel):
    """Seconds from the start of the process to the kernel's first instruction."""
    command = [options.program, '-accel', accel, '-m', '1G', '-nographic', '-kernel', kernel, '-initrd', options.initrd,
               '-d', 'life']
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if line.strip() == 'life: processors start':
                return time.monotonic() - start
        fail('%s does not start' % kernel)
    finally:
        process.kill()
        process.stderr.close()
        process.wait()


def entry_times(options, accel, folder):
    """The fastest start from the kernel as it is packed, and unpacked."""
    plain = os.path.join(folder, 'vmlinux')
    if not os.path.exists(plain):
        with open(options.kernel, 'rb') as file:
            data = file.read()
        with open(plain, 'wb') as file:
            file.write(gzip.decompress(data) if data[:2] == b'\x1f\x8b' else data)
    return [min(entry_time(options, accel, kernel) for _ in range(STARTS)) for kernel in (plain, options.kernel)]


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


class Report:
    def __init__(self, options, native, guests, host):
        self.options, self.native, self.guests, self.host = options, native, guests, host

    def cost(self, rounds):
        """Of a unit, in the fastest of the runs that are long enough: rounds end with several of one count."""
        return min((run.cpu if self.options.cpu else run.ns) / run.count
                   for runs in rounds for run in runs if run.count == runs[-1].count)

    def time(self, ns):
        for unit, size in (('ns', 1), ('us', 1e3), ('ms', 1e6)):
            if ns < 1000 * size:
                return '%.3g %s' % (ns / size, unit)
        return '%.3g s' % (ns / 1e9)

    def ratio(self, engine, name):
        """Guest over host for the same work; None where the program did not end well."""
        rounds = self.guests[engine].runs.get(name)
        return self.cost(rounds) / self.cost(self.native[name]) if rounds else None

    def check(self):
        """The differences of the guests' checksums from the host's."""
        wrong = []
        for engine, guest in self.guests.items():
            for name, rounds in guest.runs.items():
                for run in (run for runs in rounds for run in runs):
                    expected = self.host.checksum(name, run.count)
                    if run.sum != expected:
                        wrong.append('wrong checksum of %s %d: %s has %s, the host %s' % (
                            name, run.count, engine, run.sum, expected))
        return wrong

    def row(self, cells):
        print('| ' + ' | '.join(cells) + ' |')

    def ratios(self, title, names):
        """A table of ratios with their geometric means."""
        names = [name for name in names if name in self.native]
        if not names:
            return
        print('\n%s\n' % title)
        self.row(['program', 'host, a unit', *self.guests])
        self.row(['---', '---:', *['---:' for _ in self.guests]])
        for name in names:
            ratios = [self.ratio(engine, name) for engine in self.guests]
            self.row([name, self.time(self.cost(self.native[name])),
                      *['%.1f' % r if r else 'failed' for r in ratios]])
        means = []
        for engine in self.guests:
            ratios = [r for r in (self.ratio(engine, name) for name in names) if r]
            means.append('**%.1f** (%d)' % (geometric_mean(ratios), len(ratios)) if ratios else '-')
        self.row(['**geometric mean**', '', *means])

    def growth(self, title, names):
        """Cost a unit on both sides, and of the first unit."""
        names = [name for name in names if name in self.native]
        if not names:
            return
        print('\n%s\n' % title)
        self.row(['program', 'host',
                  *[engine + what for engine in self.guests for what in ('', ', first unit')]])
        self.row(['---', '---:', *['---:' for _ in self.guests for what in (1, 2)]])
        for name in names:
            cells = []
            for guest in self.guests.values():
                rounds = guest.runs.get(name)
                cells += [self.time(self.cost(rounds)), self.time(rounds[0][0].ns)] if rounds else ['failed', '-']
            self.row([name, self.time(self.cost(self.native[name])), *cells])

    def machine(self):
        print('\nThe machine\n')
        self.row(['', *self.guests])
        self.row(['---', *['---:' for _ in self.guests]])
        for title, key, form in (
                ("process start to the kernel's entry, plain ELF", 'entry', '%.3f s'),
                ('the same from gzip', 'entry gzip', '%.3f s'),
                ("process start to the kernel's clock", 'load', '%.2f s'),
                ('process start to init', 'boot', '%.2f s'),
                ('processor time of that', 'boot cpu', '%.2f s'),
                ('idle guest, host processors used', 'idle', '%.4f'),
                ('the same, median of all windows', 'idle median', '%.4f'),
                ('largest resident size (-m 1G)', 'rss', '%d KiB')):
            self.row([title, *[form % g.facts[key] if key in g.facts else '-' for g in self.guests.values()]])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('names', nargs='*', metavar='NAME[=SIZE]', help='only these programs')
    parser.add_argument('--cpu', action='store_true',
                        help='compare processor time, not elapsed time (for a host that is busy otherwise)')
    parser.add_argument('--engine', choices=[name for name, _ in ENGINES], help='only this engine')
    parser.add_argument('--quick', action='store_true', help='no growth tables')
    parser.add_argument('--rounds', type=int, default=2, metavar='N',
                        help='how often everything is done, the fastest counts: hosts have slow minutes (2)')
    parser.add_argument('--time', type=int, default=400, metavar='MS', help='length of a run (400)')
    parser.add_argument('-v', '--verbose', action='store_true', help="show the guest's lines")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error('--rounds %d: there must be one at least' % options.rounds)
    program = os.path.join(os.path.dirname(HERE), 'build', 'kvm-ia64')
    options.program = os.environ.get('KIA_PROGRAM') or program
    if not os.access(options.program, os.X_OK):
        fail('there is no %s: build it first, or set KIA_PROGRAM' % options.program)
    options.kernel = os.environ.get('KIA_KERNEL') or recipe('linux.sh', 'small') + '/vmlinux.gz'
    options.initrd = os.environ.get('KIA_INITRD') or recipe('initramfs.sh', 'small') + '/initramfs.cpio.gz'
    return options


def wants_libraries(options):
    return not options.names or any(program_of(name) == 'libraries' for name in options.names)


def guest_files(folder):
    """What is added to the guest's initial ramdisk."""
    files = {'bench': (0o40755, b'')}
    for path in (os.path.join(HERE, 'guest.sh'), *glob.glob(os.path.join(folder, '*'))):
        with open(path, 'rb') as file:
            files['bench/' + os.path.basename(path)] = (0o100755, file.read())
    return files


def main():
    options = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        compiler = guest_compiler()
        libraries = recipe('../bench/libraries.sh') if wants_libraries(options) else None
        compile_programs('gcc', folder, 'host', libraries)
        compile_programs(compiler, folder, 'guest', libraries)
        files = guest_files(os.path.join(folder, 'guest'))
        host = Host(os.path.join(folder, 'host'))
        growth, parallel = ((), ()) if options.quick or options.names else (GROWTH, PARALLEL)
        single = options.names or (*COMPUTE, *LIBRARIES, *SYSTEM)
        names = dict.fromkeys((*single, *growth, *parallel))
        single = [name for name in names if not name.startswith('parallel')]
        double = [name for name in names if name.startswith('parallel')]
        native = {name: [] for name in single + double}
        guests = {name: Guest(accel, options) for name, accel in ENGINES if options.engine in (None, name)}
        for _ in range(options.rounds):
            say('host: %d programs' % len(native))
            for name, rounds in native.items():
                rounds.append(host.runs(name, 1, options.time // 4))
            for name, guest in guests.items():
                say('%s: %d programs' % (name, len(native)))
                for key, seconds in zip(('entry', 'entry gzip'), entry_times(options, guest.accel, folder)):
                    guest.learned(key, seconds)
                guest.run(options.initrd, files, single, options.time, idle=0 if options.names else IDLE)
                guest.run(options.initrd, files, double, options.time, processors=2)
        report = Report(options, native, guests, host)
        wrong = report.check()
        print('Guest time over host time, %s; load of the host now %.1f on %d processors' % (
            'processor time' if options.cpu else 'elapsed', os.getloadavg()[0], os.cpu_count()))
        if options.names:
            report.ratios('Programs', options.names)
        else:
            report.ratios('Computation', (*COMPUTE, *LIBRARIES))
            report.ratios('System', SYSTEM)
        report.growth('Cost of a unit, by size', (*growth, *parallel))
        report.machine()
        trouble = [line for guest in guests.values() for line in guest.trouble]
        for line in trouble + wrong:
            print(line)
        failed = [name for guest in guests.values() for name in single + double if name not in guest.runs]
    sys.exit(1 if wrong or failed else 0)


main()
