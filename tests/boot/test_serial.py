#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where serial ports lead: sockets, terminals, files; and several ports."""
import os
import select
import socket
import subprocess
import tempfile
import time

from machine import PATIENCE, PROGRAM, Linux, assemble, main, skip_all

FOLDER = tempfile.TemporaryDirectory()
GREETING = b'Hello, world\n'


def start(*options):
    elf, _ = assemble(FOLDER.name, 'hello', 0x4100000)
    return subprocess.Popen([PROGRAM, '-m', '256M', '-device', 'loader,file=%s,cpu-num=0' % elf, *options],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process):
    """What came on standard output and error; the status must be 0."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return out, err


def all_of(connection):
    connection.settimeout(PATIENCE)
    data = b''
    while True:
        piece = connection.recv(4096)
        if not piece:
            return data
        data += piece


def test_unix_server():
    path = os.path.join(FOLDER.name, 'socket')
    process = start('-serial', 'unix:%s,server=on' % path)
    deadline = time.monotonic() + PATIENCE
    while not os.path.exists(path):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        assert all_of(client) == GREETING
    assert ended(process)[0] == b''
    assert not os.path.exists(path)


def test_tcp_client():
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(PATIENCE)
        process = start('-serial', 'tcp:127.0.0.1:%d' % server.getsockname()[1])
        connection, _ = server.accept()
        with connection:
            assert all_of(connection) == GREETING
        ended(process)


def test_file_and_nothing():
    path = os.path.join(FOLDER.name, 'file')
    ended(start('-serial', 'file:' + path))
    with open(path, 'rb') as file:
        assert file.read() == GREETING
    assert ended(start('-serial', 'null'))[0] == b''
    assert ended(start('-serial', 'none', '-serial', 'null'))[0] == b''


def test_pty():
    _, errors = ended(start('-serial', 'pty'))
    assert b'redirected to /dev/pts/' in errors, errors


def test_two_ports():
    """Linux finds the second one, and both ways of it work."""
    if not os.environ.get('KIA_KERNEL'):
        return
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(PATIENCE)
        with Linux('-serial', 'mon:stdio', '-serial', 'tcp:127.0.0.1:%d' % server.getsockname()[1]) as linux:
            connection, _ = server.accept()
            with connection:
                linux.run('echo from the guest >/dev/ttyS1')
                assert select.select([connection], [], [], PATIENCE)[0]
                time.sleep(0.5)
                assert connection.recv(4096).replace(b'\r', b'') == b'from the guest\n'
                linux.power_off()


if not os.environ.get('KIA_BINUTILS'):
    skip_all("needs Debian's binutils-ia64-linux-gnu")
main(globals())
