#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""stress.py SECONDS [-- OPTION...]: all kinds of work at once in the guest (programs/stress.c) for that long.

Nothing may be lost or changed in the guest, the disk's image must hold what the guest read from its disk last, and the
process must not grow: neither the memory beside the guest's own nor its descriptors and threads. They are looked at
each minute, in shorter runs twelve times, and printed. Results are TAP.
"""
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
PATIENCE = 900             # seconds without a line from the guest, over the minute that it says something in
DISK = 64 << 20
GUEST_MAPPING = 128 << 10  # KiB; smaller mappings are not the guest's memory
SPARE = 8 << 10            # KiB that the process may grow in the second half, and a twentieth


def skip_all(why):
    print('1..0 # SKIP ' + why)
    sys.exit(SKIPPED)


class Echo(threading.Thread):
    """A server that sends back what it gets, a thread a caller."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.bytes = self.calls = 0
        self.start()

    def run(self):
        while True:
            caller, _ = self.listener.accept()
            self.calls += 1
            threading.Thread(target=self.serve, args=(caller,), daemon=True).start()

    def serve(self, caller):
        with caller:
            try:
                while data := caller.recv(65536):
                    caller.sendall(data)
                    self.bytes += len(data)
            except OSError:    # the guest's end is judged by the guest
                pass


class Sample:
    """What the process has: KiB of the guest's memory and beside it, descriptors, threads, processor seconds."""

    def __init__(self, pid):
        self.guest = self.own = mapping = 0
        with open('/proc/%d/smaps' % pid, encoding='ascii', errors='replace') as file:
            for line in file:
                words = line.split()
                if words[0] == 'Size:':
                    mapping = int(words[1])
                elif words[0] == 'Rss:' and mapping >= GUEST_MAPPING:
                    self.guest += int(words[1])
                elif words[0] == 'Rss:':
                    self.own += int(words[1])
        self.descriptors = len(os.listdir('/proc/%d/fd' % pid))
        self.threads = len(os.listdir('/proc/%d/task' % pid))
        with open('/proc/%d/stat' % pid, encoding='ascii', errors='replace') as file:
            times = file.read().rsplit(')', 1)[1].split()[11:13]
        self.processor = sum(map(int, times)) / os.sysconf('SC_CLK_TCK')


class Stress:
    def __init__(self, seconds, image, options):
        self.seconds, self.image, self.options = seconds, image, options
        self.samples, self.lines, self.disk, self.ended, self.output = [], [], None, None, []

    def take(self, start):
        try:
            sample = Sample(self.process.pid)
        except (OSError, IndexError):    # it has just ended
            return
        self.samples.append(sample)
        print('# %5.0f s: guest %d KiB, beside it %d KiB, %d descriptors, %d threads, %.0f s of processor time'
              % (time.monotonic() - start, sample.guest, sample.own, sample.descriptors, sample.threads,
                 sample.processor), flush=True)

    def line(self, line):
        words = line.split()
        if words[:2] == ['%', 'disk']:
            self.disk = int(words[2]), int(words[3], 16)
        elif words[:1] == ['%']:
            self.lines.append(line)
            print('# ' + line, flush=True)
        elif words[:2] == ['@', 'end']:
            self.ended = words[3:5]
        elif not line.startswith(('@ run', '@ over')):
            self.output = self.output[-40:] + [line]

    def run(self, folder):
        echo = Echo()
        self.path = os.path.join(folder, 'disk')
        with open(self.path, 'wb') as file:
            file.truncate(DISK)
        command = [os.environ['KIA_PROGRAM'], '-m', '512M', '-nographic', '-no-reboot', '-kernel',
                   os.environ['KIA_KERNEL'], '-initrd', self.image, '-drive', 'file=%s,format=raw' % self.path,
                   '-nic', 'user', *self.options, '-append',
                   'console=ttyS0 quiet panic=-1 ip=10.0.2.15::10.0.2.2:255.255.255.0::eth0:off seconds=%d port=%d'
                   % (self.seconds, echo.port)]
        start = time.monotonic()
        with tempfile.TemporaryFile() as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
            self.follow(start)
            try:
                self.status = self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.status = 'none: it does not end'
            errors.seek(0)
            self.output += errors.read().decode('utf-8', 'replace').splitlines()
        print('# %.0f s, %d connections, %d bytes over the network' % (time.monotonic() - start, echo.calls, echo.bytes))

    def follow(self, start):
        every = min(60, self.seconds / 12)
        heard, due, data = start, start + every, b''
        while True:
            if time.monotonic() >= due:
                self.take(start)
                due += every
            if not select.select([self.process.stdout], [], [], max(0, due - time.monotonic()))[0]:
                if time.monotonic() - heard > PATIENCE:
                    self.output.append('silent for %d s' % PATIENCE)
                    self.process.kill()
                    return
                continue
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return
            heard = time.monotonic()
            *whole, data = (data + more).split(b'\n')
            for line in whole:
                self.line(line.decode('utf-8', 'replace').strip('\r'))

    def image_is_right(self):
        with open(self.path, 'rb') as file:
            data = file.read()
        return self.disk == (DISK, zlib.crc32(data))

    def growth(self):
        """What is too much, or None."""
        if len(self.samples) < 6:
            return 'there are only %d samples' % len(self.samples)
        half = self.samples[len(self.samples) // 3:len(self.samples) // 2 + 1]
        last = self.samples[-1]
        own = max(sample.own for sample in half)
        if last.own > own + own // 20 + SPARE:
            return 'from %d KiB to %d KiB' % (own, last.own)
        if last.descriptors > max(sample.descriptors for sample in self.samples[:-1]) + 4:
            return 'to %d descriptors' % last.descriptors
        if last.threads > max(sample.threads for sample in self.samples[:-1]):
            return 'to %d threads' % last.threads
        return None


def report(number, passed, name, *why):
    print('%sok %d - %s' % ('' if passed else 'not ', number, name))
    if not passed:
        print(*why, sep='\n# ', flush=True)
    return bool(passed)


def main():
    arguments = sys.argv[1:]
    at = arguments.index('--') if '--' in arguments else len(arguments)
    for name in ('KIA_KERNEL', 'KIA_LIBC_TOOLCHAIN'):
        if not os.environ.get(name):
            skip_all('set %s, or run make check' % name)
    made = subprocess.run([os.path.join(HERE, 'stress.sh')], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        print('1..1\nnot ok 1 - the image cannot be built')
        sys.exit(1)
    print('1..4', flush=True)
    with tempfile.TemporaryDirectory() as folder:
        stress = Stress(int(arguments[0]), os.path.join(made.stdout.strip(), 'image.cpio.gz'), arguments[at + 1:])
        stress.run(folder)
        # A sanitizer's own memory grows, the more the longer a busy host makes the run.
        growth = None if 'TSAN_OPTIONS' in os.environ else stress.growth()
        passed = [
            report(1, stress.ended == ['exit', '0'], 'nothing is lost', '# ended: %s' % stress.ended, *stress.output),
            report(2, stress.status == 0, 'the machine powers off', '# status %s' % stress.status, *stress.output),
            report(3, stress.image_is_right(), "the disk's image is what the guest read", '# read: %s' % (stress.disk,)),
            report(4, not growth, 'the process does not grow', '# %s' % growth),
        ]
    sys.exit(not all(passed))


main()
