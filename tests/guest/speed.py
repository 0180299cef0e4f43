#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""speed.py scale|download SECONDS [MEGABYTES] [-- OPTION...]: what sharing the host costs. Results are TAP.

scale: eight processes at work with 2 and with 8 virtual processors. Where the host has fewer processors than the guest, the
guest must still do at least half as much, also where its processes wait for its kernel's locks (docs/places.md). download: a process hashes on one virtual processor, alone and while another
downloads so much over the user network; it must not get slower by more than a quarter.

Speeds are given by the clock and by the processor time that the host spent. The second is what is judged: other work of
the host has little influence on it.
"""
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
PATIENCE = 600
CHUNK = 1 << 20


def skip_all(why):
    print('1..0 # SKIP ' + why)
    sys.exit(SKIPPED)


class Source(threading.Thread):
    """A server that sends the first caller so many bytes."""

    def __init__(self, size):
        super().__init__(daemon=True)
        self.size = size
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        caller, _ = self.listener.accept()
        noise, left = random.Random(1).randbytes(CHUNK), self.size
        with caller:
            while left:
                caller.sendall(noise[:left])
                left -= min(left, CHUNK)


def thread_seconds(pid, name):
    """Processor time of the process's thread of that name, or of the whole process."""
    if not name:
        return time.clock_gettime((~pid << 3) | 2)
    for task in os.listdir('/proc/%d/task' % pid):
        with open('/proc/%d/task/%s/stat' % (pid, task), encoding='ascii', errors='replace') as file:
            text = file.read()
        if text.split('(', 1)[1].rsplit(')', 1)[0] == name:
            return sum(map(int, text.rsplit(')', 1)[1].split()[11:13])) / os.sysconf('SC_CLK_TCK')
    raise AssertionError('no thread ' + name)


class Result:
    def __init__(self, words, processor):
        self.rounds, self.seconds, self.bytes = int(words[0]), int(words[1]) / 1e9, int(words[2])
        self.processor = processor

    def __str__(self):
        return '%d rounds in %.2f s: %.0f a second, %.0f a second of processor time (%.2f s)' % (
            self.rounds, self.seconds, self.rounds / self.seconds, self.speed(), self.processor)

    def speed(self):
        return self.rounds / max(self.processor, 0.01)


def boot(image, thread, options, port=0):
    """Runs the image: its results by name. @thread: whose processor time counts; None for the whole process."""
    command = [os.environ['KIA_PROGRAM'], '-m', '1G', '-nographic', '-no-reboot', '-kernel', os.environ['KIA_KERNEL'],
               '-initrd', image, *options, '-append',
               'console=ttyS0 quiet panic=-1 ip=10.0.2.15::10.0.2.2:255.255.255.0::eth0:off port=%d' % port]
    results, data, ended, output, begun = {}, b'', [], [], 0
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        while select.select([process.stdout], [], [], PATIENCE)[0]:
            more = os.read(process.stdout.fileno(), 65536)
            if not more:
                break
            *lines, data = (data + more).split(b'\n')
            for line in lines:
                words = line.decode('utf-8', 'replace').split()
                if words[:2] == ['%', 'begin']:
                    begun = thread_seconds(process.pid, thread)
                elif words[:2] == ['%', 'end']:
                    results[words[2]] = Result(words[3:], thread_seconds(process.pid, thread) - begun)
                elif words[:2] == ['@', 'end']:
                    ended.append(words[3:5])
                else:
                    output.append(' '.join(words))
        process.kill()
        process.wait()
        errors.seek(0)
        output += errors.read().decode('utf-8', 'replace').splitlines()
    if not ended or any(end != ['exit', '0'] for end in ended):
        print('# the guest did not do its work: %s' % ended, *output[-30:], sep='\n# ')
        return {}
    return results


def judge(number, name, fast, slow, least):
    """One case: @slow has at least the part @least of @fast's speed."""
    for result in fast, slow:
        print('#   %s' % result)
    ratio = slow.speed() / fast.speed()
    print('#   ratio: %.2f of processor time, %.2f by the clock' % (
        ratio, slow.rounds / slow.seconds / (fast.rounds / fast.seconds)))
    print('%sok %d - %s' % ('' if ratio >= least else 'not ', number, name), flush=True)
    return ratio >= least


def scale(image, options):
    print('1..2', flush=True)
    few, many = (boot(image, None, ['-smp', str(count), *options]) for count in (2, 8))
    passed = [name in few and name in many and
              judge(number, 'eight processors do half of what two do: ' + name, few[name], many[name], 0.5)
              for number, name in enumerate(('compute', 'system'), 1)]
    return all(passed)


def download(image, options, megabytes):
    print('1..1', flush=True)
    source = Source(megabytes << 20)
    results = boot(image, 'vcpu 1', ['-smp', '2', '-nic', 'user', *options], source.port)
    if 'download' not in results:
        print('not ok 1 - a download')
        return False
    loaded = results['download']
    print('# %d MiB in %.1f s: %.1f MiB a second' % (megabytes, loaded.seconds, megabytes / loaded.seconds))
    return judge(1, 'a download does not slow another processor', results['download-none'], loaded, 0.75) and (
        loaded.bytes == megabytes << 20)


def main():
    arguments = sys.argv[1:]
    at = arguments.index('--') if '--' in arguments else len(arguments)
    words, options = arguments[:at], arguments[at + 1:]
    for name in ('KIA_KERNEL', 'KIA_LIBC_TOOLCHAIN'):
        if not os.environ.get(name):
            skip_all('set %s, or run make check' % name)
    made = subprocess.run([os.path.join(HERE, 'speed.sh'), *words[:2]], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        print('1..1\nnot ok 1 - the image cannot be built')
        sys.exit(1)
    image = os.path.join(made.stdout.strip(), 'image.cpio.gz')
    passed = scale(image, options) if words[0] == 'scale' else download(image, options, int(words[2]))
    sys.exit(not passed)


main()
