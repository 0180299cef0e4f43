# SPDX-License-Identifier: GPL-2.0-or-later
"""What the boot tests share: a machine on a pseudo-terminal, programs for it, and the runner of a file's cases.

A case is a function named test_*; it fails by an exception. Results are lines "ok" and "not ok" as in TAP;
the exit status is 0, 1 after a failure, or 77 where the tests cannot run at all.
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

PROGRAM = os.environ['KIA_PROGRAM']
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, 'programs')
# A guest's boot takes seconds; this is for a busy host and a program built with sanitizers.
PATIENCE = 300
SKIPPED = 77


def skip_all(why):
    print('1..0 # SKIP ' + why)
    sys.exit(SKIPPED)


def guest_files():
    """The kernel and the initial ramdisk. Not asked for: skipped. Asked for, but not there: a failure."""
    if not os.environ.get('KIA_KERNEL') or not os.environ.get('KIA_INITRD'):
        skip_all('set KIA_KERNEL and KIA_INITRD, or run make check')
    files = [os.environ['KIA_KERNEL'], os.environ['KIA_INITRD']]
    missing = [name for name in files if not os.path.isfile(name)]
    if missing:
        print('1..1\nnot ok 1 - there is no guest software: %s' % ' '.join(missing))
        sys.exit(1)
    return files


def recipe(*command):
    """What a script of guest/ prints: where the thing is that it builds if it is not there."""
    command = [os.path.join(HERE, '..', '..', 'guest', command[0]), *command[1:]]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def ramdisk_with(folder, tools):
    """The initial ramdisk and behind it /tools with these names of busybox; without a compiler for that the ramdisk itself."""
    initrd = guest_files()[1]
    if not tools or not os.environ.get('KIA_LIBC_TOOLCHAIN'):
        return initrd
    os.mkdir(os.path.join(folder, 'tools'))
    shutil.copy(os.path.join(recipe('busybox.sh'), 'busybox'), os.path.join(folder, 'tools', 'busybox'))
    for name in tools:
        os.symlink('busybox', os.path.join(folder, 'tools', name))
    names = '\n'.join(['tools', *('tools/' + name for name in ('busybox', *tools))])
    archive = subprocess.run(['cpio', '--quiet', '-o', '-H', 'newc', '--owner', '0:0'], cwd=folder, input=names.encode(),
                             stdout=subprocess.PIPE, check=True).stdout
    with open(initrd, 'rb') as file, open(os.path.join(folder, 'initrd'), 'wb') as both:
        shutil.copyfileobj(file, both)
        both.write(bytes(-both.tell() % 4) + archive)
    return both.name


class Machine:
    """kvm-ia64 with its serial port on a pseudo-terminal. Use it in a with statement: that ends it."""

    def __init__(self, *options):
        self.seen = ''    # all output so far
        self.at = 0       # how much of it expect() has passed
        self.errors = tempfile.TemporaryFile()
        self.terminal, end = pty.openpty()
        command = [PROGRAM, *map(str, options)]
        self.process = subprocess.Popen(command, stdin=end, stdout=end, stderr=self.errors)
        os.close(end)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.terminal)

    def read(self, seconds):
        """Takes over what the machine has written; False at its end."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:    # EIO: the other end is closed
            return False
        self.seen += data.decode('utf-8', 'replace').replace('\r', '')
        return bool(data)

    def expect(self, pattern):
        """Waits for output that matches, and goes past it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.compile(pattern).search(self.seen, self.at)
            if found:
                self.at = found.end()
                return found
            assert time.monotonic() < deadline, 'no %r within %d s; the end of what came:\n%s' % (
                pattern, PATIENCE, self.seen[-2000:])
            assert self.read(1), 'the machine ended without %r; the end of what came:\n%s%s' % (
                pattern, self.seen[-2000:], self.error_text())

    def type(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self.terminal, data):]

    def error_text(self):
        self.errors.seek(0)
        return self.errors.read().decode('utf-8', 'replace')

    def end(self, status=0, errors=''):
        """Waits for the machine's end; its status and its whole standard error must be these."""
        deadline = time.monotonic() + PATIENCE
        while self.read(1):
            assert time.monotonic() < deadline, 'the machine does not end:\n' + self.seen[-2000:]
        left = max(1, deadline - time.monotonic())
        assert self.process.wait(left) == status, 'status %d:\n%s' % (self.process.returncode, self.error_text())
        assert re.fullmatch(errors, self.error_text(), re.S), 'on standard error:\n' + self.error_text()


class Lacking(Exception):
    """What a case needs is not in the guest."""


class Linux(Machine):
    """Linux with a shell on the serial port. tools: commands that it takes from busybox."""

    def __init__(self, *options, tools=()):
        self.folder = tempfile.TemporaryDirectory()
        super().__init__('-m', '512M', '-nographic', '-no-reboot', '-kernel', guest_files()[0],
                         '-initrd', ramdisk_with(self.folder.name, tools),
                         '-append', 'console=ttyS0 quiet panic=-1', '-device', 'virtio-rng-pci,addr=31', *options)
        try:
            self.expect(r'guest: Linux .* ia64.*\n')
            self.expect(r'# $')
            if tools:
                self.run('PATH=/tools:$PATH')
                self.need(*tools)
        except BaseException:    # no with statement ends it yet
            self.__exit__()
            raise

    def __exit__(self, *exception):
        super().__exit__(*exception)
        self.folder.cleanup()

    def run(self, command):
        """Types a command; what it printed. Its exit status must be 0."""
        # The terminal echoes the line, maybe broken in two; the marks stand only in what the shell prints.
        self.type('echo "<$((0))"; %s; echo "status=$?"\n' % command)
        self.expect(r'<0\n')
        start = self.at
        status = self.expect(r'status=(\d+)\n')
        printed = self.seen[start:status.start()]
        assert status[1] == '0', '%s: status %s\n%s' % (command, status[1], printed)
        self.expect(r'# $')
        return printed

    def has(self, tool):
        self.type('type %s >/dev/null 2>&1; echo "has=$?"\n' % tool)
        found = self.expect(r'has=(\d+)\n')[1] == '0'
        self.expect(r'# $')
        return found

    def need(self, *tools):
        """Ends the case as skipped if this root file system lacks one of these commands."""
        self.type('echo "<$((0))"; for t in %s; do type $t >/dev/null 2>&1 || echo "lacks:$t"; done; echo "all$((0))"\n'
                  % ' '.join(tools))
        self.expect(r'<0\n')
        start = self.at
        end = self.expect(r'all0\n').start()
        lacking = re.findall(r'lacks:(\w+)', self.seen[start:end])
        if lacking:
            raise Lacking('the initial ramdisk has no ' + ', '.join(lacking))
        self.expect(r'# $')

    def power_off(self):
        self.type('poweroff -f\n')
        self.end()


def assemble(folder, name, address=None, sources=SOURCES):
    """Assembles sources/NAME.s for an address: (its ELF executable, its bytes as a raw file)."""
    tool = os.environ.get('KIA_BINUTILS')
    base = os.path.join(folder, name)
    subprocess.run([tool + 'as', '-I', sources, '-I', SOURCES, '-o', base + '.o', os.path.join(sources, name + '.s')], check=True)
    subprocess.run([tool + 'ld', '-N', '--no-warn-rwx-segments', '-e', '_start', '-Ttext', hex(address or 0), '-o', base + '.elf', base + '.o'],
                   check=True)
    subprocess.run([tool + 'objcopy', '-O', 'binary', '-j', '.text', base + '.elf', base + '.bin'], check=True)
    return base + '.elf', base + '.bin'


def main(names):
    """Runs every test_* function of a module's globals()."""
    cases = [(name[5:], case) for name, case in names.items() if name.startswith('test_')]
    failed = 0
    print('1..%d' % len(cases), flush=True)
    for number, (name, case) in enumerate(cases, 1):
        start = time.monotonic()
        try:
            case()
        except Lacking as lacking:
            print('ok %d - %s # SKIP %s' % (number, name, lacking), flush=True)
        except Exception:    # a failure of any kind is this case's, and the next ones still run
            failed += 1
            print('not ok %d - %s' % (number, name))
            print(re.sub('^', '# ', traceback.format_exc(), flags=re.M), flush=True)
        else:
            print('ok %d - %s # %.1f s' % (number, name, time.monotonic() - start), flush=True)
    sys.exit(failed != 0)
