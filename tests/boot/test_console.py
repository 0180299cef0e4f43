#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux with a virtio console and a named port: bytes both ways."""
import os
import tempfile

from machine import Linux, guest_files, main


def test_ports():
    with tempfile.TemporaryDirectory() as folder:
        log, pipe = os.path.join(folder, 'log'), os.path.join(folder, 'pipe')
        os.mkfifo(pipe + '.in')
        os.mkfifo(pipe + '.out')
        with Linux('-chardev', 'file,id=log,path=' + log, '-chardev', 'pipe,id=pipe,path=' + pipe,
                   '-device', 'virtio-serial-pci', '-device', 'virtconsole,chardev=log',
                   '-device', 'virtserialport,chardev=pipe,name=org.example.port') as linux:
            assert 'org.example.port\n' in linux.run('cat /sys/class/virtio-ports/*/name')
            linux.run('echo on the console >/dev/hvc0')
            reader, writer = os.open(pipe + '.out', os.O_RDWR), os.open(pipe + '.in', os.O_RDWR)
            linux.run('p=$(echo /dev/vport*p1); exec 3<>$p; echo from the guest >&3')
            assert os.read(reader, 100) == b'from the guest\n'
            os.write(writer, b'from the host\n')
            assert linux.run('read -r line <&3; echo "$line"') == 'from the host\n'
            linux.power_off()
        with open(log, encoding='ascii') as file:
            assert file.read().split() == ['on', 'the', 'console']


guest_files()
main(globals())
