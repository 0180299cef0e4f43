#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_balloon.py [OPTION...]: the balloon, set through gdb's monitor, with these options of kvm-ia64: the guest's memory
shrinks and grows, and the host gets back what it gives up.

For a kernel with its driver: test_full.py runs this with one.
"""
import os
import re
import socket
import sys
import tempfile
import time

from machine import PATIENCE, Lacking, Linux, guest_files, main

MEMORY = 512
FOLDER = tempfile.TemporaryDirectory()
SOCKET = os.path.join(FOLDER.name, 'gdb')


class Monitor:
    """What gdb's "monitor" does: the machine stands still while this is connected."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(SOCKET)
        self.data = b''
        self.ask('?')

    def packet(self):
        while True:
            found = re.match(rb'[^$]*\$([^#]*)#..', self.data)
            if found:
                self.data = self.data[found.end():]
                self.socket.sendall(b'+')
                return found[1].decode()
            piece = self.socket.recv(4096)
            assert piece, 'the machine ended'
            self.data += piece

    def ask(self, text):
        self.socket.sendall(b'$%s#%02x' % (text.encode(), sum(text.encode()) & 255))
        return self.packet()

    def run(self, command):
        """What the command printed."""
        said, answer = '', self.ask('qRcmd,' + command.encode().hex())
        while answer != 'OK':
            assert re.match('O([0-9a-f]{2})*$', answer), answer
            said += bytes.fromhex(answer[1:]).decode()
            answer = self.packet()
        return said

    def close(self):
        self.ask('D')
        self.socket.close()


def monitor(command):
    session = Monitor()
    try:
        return session.run(command)
    finally:
        session.close()


def resident(linux):
    """MiB of the process."""
    with open('/proc/%d/status' % linux.process.pid, encoding='ascii') as file:
        return int(re.search(r'VmRSS:\s*(\d+)', file.read())[1]) >> 10


def meminfo(linux, name):
    """MiB that the guest says it has."""
    return int(re.search(name + r':\s*(\d+)', linux.run('cat /proc/meminfo'))[1]) >> 10


def until(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


def use_memory(linux, mib):
    linux.run('dd if=/dev/zero of=/tmp/big bs=1048576 count=%d 2>/dev/null && rm /tmp/big' % mib)


def booted(*options):
    linux = Linux('-m', str(MEMORY), '-gdb', 'unix:' + SOCKET, *sys.argv[1:], *options)
    if linux.has('modprobe'):
        linux.run('modprobe virtio_balloon')
    if 'yes' not in linux.run('[ ! -e /sys/bus/virtio/drivers/virtio_balloon ] || echo yes'):
        linux.__exit__()
        raise Lacking('the kernel has no driver for the balloon')
    return linux


def test_size():
    with booted('-device', 'virtio-balloon-pci') as linux:
        use_memory(linux, 300)
        total, before = meminfo(linux, 'MemTotal'), resident(linux)
        assert before > 300, before
        assert monitor('balloon').startswith('memory MiB %d of %d\n' % (MEMORY, MEMORY))
        monitor('balloon %d' % (MEMORY - 300))
        until('the balloon does not fill', lambda: meminfo(linux, 'MemTotal') <= total - 299)
        assert resident(linux) < before - 200, (before, resident(linux))
        assert meminfo(linux, 'MemFree') < total - 299
        said = monitor('balloon')
        assert said.startswith('memory MiB %d of %d\n' % (MEMORY - 300, MEMORY)), said
        until('no statistics', lambda: re.search(r'\ntotal MiB %d\n' % (total - 300), monitor('balloon')))

        monitor('balloon %d' % MEMORY)
        until('the balloon does not empty', lambda: meminfo(linux, 'MemTotal') == total)
        use_memory(linux, 300)
        assert resident(linux) > before - 50
        linux.power_off()


def test_free_pages():
    """With free-page-reporting what the guest does not use goes back by itself."""
    with booted('-device', 'virtio-balloon-pci,free-page-reporting=on') as linux:
        # Linux reports free blocks of a huge page's size or more: 256 MiB on ia64, if it is not told otherwise.
        linux.run('echo 7 >/sys/module/page_reporting/parameters/page_reporting_order')
        before = resident(linux)
        use_memory(linux, 300)    # some 200 of them had not been touched before
        until('nothing is reported', lambda: resident(linux) < before + 100)
        use_memory(linux, 300)
        linux.power_off()


guest_files()
main(globals())
