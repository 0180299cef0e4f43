#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux mounts folders of the host: what either side writes, the other one reads."""
import hashlib
import os
import random
import tempfile

from machine import Linux, guest_files, main

TOOLS = ('chmod', 'dd', 'ln', 'ls', 'md5sum', 'mkdir', 'mkfifo', 'mv', 'rm', 'seq', 'touch', 'umount', 'wc')
MOUNT = 'mount -t 9p -o trans=virtio,version=9p2000.L'


def md5(path):
    with open(path, 'rb') as file:
        return hashlib.md5(file.read()).hexdigest()


def test_share():
    with tempfile.TemporaryDirectory() as folder:
        shared, fixed = os.path.join(folder, 'shared'), os.path.join(folder, 'fixed')
        for path in shared, fixed:
            os.mkdir(path)
            with open(os.path.join(path, 'data'), 'wb') as file:
                file.write(random.Random(3).randbytes(3 << 20))
        with open(os.path.join(folder, 'secret'), 'w', encoding='ascii') as file:
            file.write('secret')
        os.symlink('../secret', os.path.join(shared, 'out'))
        with Linux('-virtfs', 'local,path=%s,mount_tag=one' % shared,
                   '-virtfs', 'local,path=%s,mount_tag=two,readonly=on' % fixed, tools=TOOLS) as linux:
            linux.run('mkdir /tmp/1 /tmp/2 && %s one /tmp/1 && %s two /tmp/2' % (MOUNT, MOUNT))
            for number in 1, 2:
                assert linux.run('md5sum </tmp/%d/data' % number).split()[0] == md5(os.path.join(fixed, 'data'))
            linux.run('! cat /tmp/1/out')
            linux.run('! touch /tmp/2/new; ! rm /tmp/2/data; ! sh -c "echo >>/tmp/2/data"')
            linux.run('cd /tmp/1; mkdir -p d/e; dd if=data of=d/copy bs=5000; mv d/copy d/e/copy; ln -s data link; '
                      'mkfifo d/pipe; chmod 604 d/e/copy; echo one >log; echo two >>log; for i in $(seq 200); do '
                      'echo $i >d/f$i; done')
            assert linux.run('ls /tmp/1/d | wc -l').strip() == '202'
            assert linux.run('cat /tmp/1/log') == 'one\ntwo\n'
            assert md5(os.path.join(shared, 'd/e/copy')) == md5(os.path.join(fixed, 'data'))
            assert os.stat(os.path.join(shared, 'd/e/copy')).st_mode & 0o7777 == 0o604
            assert os.readlink(os.path.join(shared, 'link')) == 'data'
            with open(os.path.join(shared, 'log'), 'a', encoding='ascii') as file:
                file.write('three\n')
            assert linux.run('cat /tmp/1/log') == 'one\ntwo\nthree\n'
            linux.run('rm -r /tmp/1/d; cd /; umount /tmp/1 /tmp/2')
            linux.power_off()
        assert sorted(os.listdir(shared)) == ['data', 'link', 'log', 'out']
        assert os.listdir(fixed) == ['data']


guest_files()
main(globals())
