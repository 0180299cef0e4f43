#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux on the user network: a page from a server on loopback, and files both ways, with checksums.

test_net.py [MEGABYTES]: how large the files are (16).
"""
import hashlib
import http.server
import random
import socket
import sys
import threading

from machine import Linux, guest_files, main

MEGABYTES = int(sys.argv[1]) if len(sys.argv) > 1 else 16
CHUNK = 1 << 20
PAGE = b'<p>a page of the host</p>\n'
HOST = '10.0.2.2'
TOOLS = ('dmesg', 'grep', 'httpd', 'ifconfig', 'md5sum', 'nc', 'route', 'wget')


def chunks():
    """The file: a megabyte of random bytes again and again, each time with its number in front."""
    noise = random.Random(7).randbytes(CHUNK - 8)
    for number in range(MEGABYTES):
        yield number.to_bytes(8, 'little') + noise


def file_md5():
    digest = hashlib.md5()
    for chunk in chunks():
        digest.update(chunk)
    return digest.hexdigest()


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', str(MEGABYTES * CHUNK if self.path == '/file' else len(PAGE)))
        self.end_headers()
        for chunk in chunks() if self.path == '/file' else [PAGE]:
            self.wfile.write(chunk)

    def log_message(self, *_):
        pass


class Sink(threading.Thread):
    """Takes one connection on loopback to its end; md5 of what came."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.digest = hashlib.md5()
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        while data := connection.recv(CHUNK):
            self.digest.update(data)
        connection.close()


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as probe:
        return probe.getsockname()[1]


def fetch(port, path):
    """A request to the guest's server: the body."""
    with socket.create_connection(('127.0.0.1', port)) as connection:
        connection.sendall(b'GET %s HTTP/1.0\r\n\r\n' % path.encode())
        digest, head = hashlib.md5(), b''
        while b'\r\n\r\n' not in head:
            head += connection.recv(4096)
        digest.update(head.split(b'\r\n\r\n', 1)[1])
        while data := connection.recv(CHUNK):
            digest.update(data)
        return digest.hexdigest()


def test_user_network():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base, forwarded, sink = 'http://%s:%d' % (HOST, server.server_port), free_port(), Sink()
    with Linux('-nic', 'user,hostfwd=tcp:127.0.0.1:%d-:80' % forwarded, tools=TOOLS) as linux:
        linux.run('ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up && route add default gw %s' % HOST)
        assert PAGE.decode() in linux.run('wget -q -O - %s/' % base)
        printed = linux.run('wget -q -O - %s/file | md5sum' % base)
        assert printed.split()[0] == file_md5(), printed
        # And back: what the guest sends to a server of ours, what we fetch from a server of its.
        linux.run('wget -q -O - %s/file | nc %s %d' % (base, HOST, sink.port))
        sink.join(60)
        assert sink.digest.hexdigest() == file_md5()
        small = min(MEGABYTES, 64)
        linux.run('mkdir /tmp/www && dd if=/dev/urandom of=/tmp/www/f bs=1048576 count=%d && httpd -h /tmp/www' % small)
        printed = linux.run('md5sum </tmp/www/f')
        assert fetch(forwarded, '/f') == printed.split()[0]
        linux.run('! dmesg | grep -e "virtio_net.*error" -e "not a head"')
        linux.power_off()
    server.shutdown()


def test_two_machines():
    """Two machines on a wire: a socket that one of them listens on."""
    port = free_port()
    with Linux('-nic', 'socket,listen=127.0.0.1:%d' % port, tools=TOOLS) as one, \
            Linux('-netdev', 'socket,id=n,connect=127.0.0.1:%d' % port,
                  '-device', 'virtio-net-pci,netdev=n,mac=52:54:00:00:00:02,packed=off,indirect_desc=off', tools=TOOLS) as two:
        for number, linux in (1, one), (2, two):
            linux.run('ifconfig eth0 192.168.5.%d netmask 255.255.255.0 up' % number)
        one.run('mkdir /tmp/www && dd if=/dev/urandom of=/tmp/www/f bs=65536 count=64 && httpd -h /tmp/www')
        printed = two.run('wget -q -O - http://192.168.5.1/f | md5sum')
        assert printed.split()[0] == one.run('md5sum </tmp/www/f').split()[0]
        two.power_off()
        one.power_off()


guest_files()
main(globals())
