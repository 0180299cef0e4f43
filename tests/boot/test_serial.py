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


def test_server_without_a_caller():
    """The machine runs and ends whether somebody calls or not."""
    path = os.path.join(FOLDER.name, 'lonely')
    assert ended(start('-serial', 'unix:%s,server=on,wait=off' % path)) == (b'', b'')
    assert not os.path.exists(path)


def connected(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    client.connect(path)
    return client


def line_of(client):
    data = b''
    while not data.endswith(b'\n'):
        piece = client.recv(4096)
        assert piece, data
        data += piece
    return data.replace(b'\r', b'')


def test_callers_come_and_go():
    """What is written without a caller is lost; each caller has both ways, and a full line does not stop the guest."""
    if not os.environ.get('KIA_KERNEL'):
        return
    path = os.path.join(FOLDER.name, 'calls')
    with Linux('-serial', 'mon:stdio', '-serial', 'unix:%s,server=on,wait=off' % path) as linux:
        linux.run('echo to nobody >/dev/ttyS1')
        for number in range(3):
            with connected(path) as client:
                linux.run('{ (echo ready; read line; echo "heard $line") </dev/ttyS1 >/dev/ttyS1 & }')
                while line_of(client) != b'ready\n':    # behind what nobody took
                    pass
                client.sendall(b'caller %d\n' % number)
                text = line_of(client)
                while b'heard' not in text:    # the terminal's echo comes first
                    text = line_of(client)
                assert text.endswith(b'heard caller %d\n' % number), text
        with connected(path):    # it takes nothing and leaves while the guest writes
            linux.run('{ (i=0; while [ $i != 3000 ]; do echo "a line that is much too long for a buffer"; i=$((i+1)); done) '
                      '>/dev/ttyS1 & }')
            time.sleep(1)
        linux.run('wait')
        linux.power_off()


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
