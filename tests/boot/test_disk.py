#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux reads and writes virtio disks; the files hold afterwards exactly what it wrote."""
import hashlib
import os
import random
import re
import subprocess
import tempfile

from machine import Lacking, Linux, Machine, guest_files, main

SECTOR = 512
SIZE = 8 << 20


def pattern(size, seed):
    return random.Random(seed).randbytes(size)


def posix_cksum(data):
    """The checksum of POSIX's cksum, as it prints it."""
    table = []
    for high in range(256):
        crc = high << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04c11db7 if crc & 0x80000000 else 0)) & 0xffffffff
        table.append(crc)
    crc, size = 0, len(data)
    for byte in data + size.to_bytes((size.bit_length() + 7) // 8, 'little'):
        crc = (crc << 8 & 0xffffffff) ^ table[crc >> 24 ^ byte]
    return '%d %d' % (crc ^ 0xffffffff, size)


def check_sum(linux, disk, data):
    """Images differ in what they have: cksum or md5sum."""
    printed = linux.run('cksum </dev/%s 2>/dev/null || md5sum </dev/%s' % (disk, disk))
    assert printed.split()[0] in (posix_cksum(data).split()[0], hashlib.md5(data).hexdigest()), printed


def write_file(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, 'wb') as file:
        file.write(data)
    return path


def read_file(path):
    with open(path, 'rb') as file:
        return file.read()


def check_disk(rings):
    with tempfile.TemporaryDirectory() as folder:
        data, fixed = bytearray(pattern(SIZE, 1)), pattern(64 << 10, 2)
        disk, other = write_file(folder, 'disk', data), write_file(folder, 'other', fixed)
        with Linux('-drive', 'file=%s,format=raw,if=none,id=d' % disk,
                   '-device', 'virtio-blk-pci,drive=d,serial=DISK-1,num-queues=2' + rings,
                   '-drive', 'file=%s,format=raw,if=virtio,readonly=on' % other) as linux:
            assert linux.run('cat /sys/block/vda/size') == '%d\n' % (SIZE // SECTOR)
            assert linux.run('cat /sys/block/vda/serial').strip() == 'DISK-1'
            assert linux.run('cat /sys/block/vdb/ro') == '1\n'
            check_sum(linux, 'vda', data)
            check_sum(linux, 'vdb', fixed)

            # Whole pages from one place to another, then sectors across pages, then less than a sector.
            linux.run('dd if=/dev/vda of=/dev/vda bs=65536 skip=3 seek=64 count=40')
            data[64 << 16:104 << 16] = data[3 << 16:43 << 16]
            linux.run('dd if=/dev/vda of=/dev/vda bs=512 skip=13 seek=15001 count=9')
            data[15001 * SECTOR:15010 * SECTOR] = data[13 * SECTOR:22 * SECTOR]
            linux.run('echo 0123456789 | dd of=/dev/vda bs=512 seek=7777')
            data[7777 * SECTOR:7777 * SECTOR + 11] = b'0123456789\n'
            linux.run('sync')
            check_sum(linux, 'vda', data)

            # The last sector can be written; a disk that is read-only cannot.
            linux.run('echo end | dd of=/dev/vda bs=512 seek=%d' % (SIZE // SECTOR - 1))
            data[-SECTOR:-SECTOR + 4] = b'end\n'
            linux.run('dd if=/dev/zero of=/dev/vdb bs=512 count=1; sync')
            check_sum(linux, 'vdb', fixed)
            linux.power_off()
        assert read_file(disk) == data, 'the disk does not hold what the guest wrote'
        assert read_file(other) == fixed, 'the read-only disk was written'


def test_packed_rings():
    check_disk('')


def test_split_rings():
    check_disk(',packed=off')


def test_cache_modes():
    """The same writes end in the same bytes however the host's cache is used; a disk shrinks by what is discarded."""
    modes = ['none', 'writethrough', 'directsync', 'unsafe']
    # O_DIRECT needs a real file system, which /tmp may not be.
    with tempfile.TemporaryDirectory(dir='/var/tmp') as folder:
        data = bytearray(pattern(SIZE, 5))
        disks = [write_file(folder, mode, data) for mode in modes]
        options = [part for mode, disk in zip(modes, disks)
                   for part in ('-drive', 'file=%s,format=raw,cache=%s' % (disk, mode))]
        with Linux(*options) as linux:
            for name in 'abcd'[:len(modes)]:
                linux.run('dd if=/dev/vd%s of=/dev/vd%s bs=65536 skip=1 seek=50 count=20' % (name, name))
                linux.run('dd if=/dev/vd%s of=/dev/vd%s bs=512 skip=3 seek=9001 count=5' % (name, name))
            data[50 << 16:70 << 16] = data[1 << 16:21 << 16]
            data[9001 * SECTOR:9006 * SECTOR] = data[3 * SECTOR:8 * SECTOR]
            linux.run('sync')
            for name in 'abcd'[:len(modes)]:
                check_sum(linux, 'vd' + name, data)
            discards = linux.has('blkdiscard')
            if discards:
                linux.run('blkdiscard -o 1048576 -l 4194304 /dev/vda')
            linux.power_off()
        assert [read_file(disk) == data for disk in disks[1:]] == [True] * 3
        if discards:
            data[1 << 20:5 << 20] = bytes(4 << 20)
            assert os.stat(disks[0]).st_blocks * 512 <= SIZE - (3 << 20)
        assert read_file(disks[0]) == data


class LoopDevice:
    """A block device on a file. Use it in a with statement: that gives its path."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        try:
            made = subprocess.run(['losetup', '-f', '--show', self.path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, check=False)
        except OSError:
            raise Lacking('this host has no losetup') from None
        if made.returncode:
            raise Lacking('this host gives no loop device: ' + made.stderr.strip())
        self.device = made.stdout.strip()
        return self.device

    def __exit__(self, *exception):
        subprocess.run(['losetup', '-d', self.device], check=True)


def test_block_device():
    """A block device of the host's is a disk, unless the host uses it."""
    with tempfile.TemporaryDirectory(dir='/var/tmp') as folder:
        data = bytearray(pattern(SIZE, 6))
        path = write_file(folder, 'image', data)
        with LoopDevice(path) as device:
            for mode in 'writeback', 'none':
                with Linux('-drive', 'file=%s,format=raw,cache=%s' % (device, mode)) as linux:
                    assert linux.run('cat /sys/block/vda/size') == '%d\n' % (SIZE // SECTOR)
                    check_sum(linux, 'vda', data)
                    linux.run('dd if=/dev/vda of=/dev/vda bs=65536 skip=1 seek=50 count=20')
                    linux.run('dd if=/dev/vda of=/dev/vda bs=512 skip=3 seek=9001 count=5; sync')
                    data[50 << 16:70 << 16] = data[1 << 16:21 << 16]
                    data[9001 * SECTOR:9006 * SECTOR] = data[3 * SECTOR:8 * SECTOR]
                    check_sum(linux, 'vda', data)
                    linux.power_off()
                assert read_file(device) == data
            used = os.open(device, os.O_RDONLY | os.O_EXCL)    # as a mounted file system does
            try:
                with Machine('-m', '256M', '-kernel', guest_files()[0], '-drive', 'file=' + device) as machine:
                    machine.end(1, '.*in use by the host.*')
            finally:
                os.close(used)
        assert read_file(path) == data


def test_killed():
    """What the guest was told is on its disk is in the file after the process is killed, at any moment."""
    with tempfile.TemporaryDirectory(dir='/var/tmp') as folder:
        for mode in 'writeback', 'none':
            disk = write_file(folder, mode, bytes(1 << 20))
            with Linux('-drive', 'file=%s,format=raw,cache=%s' % (disk, mode)) as linux:
                linux.type('i=0; while :; do i=$((i+1)); echo "at $i." >/dev/vda; sync; echo "done $i."; done\n')
                for _ in range(random.randrange(5, 40)):
                    linux.expect(r'done \d+\.\n')
                linux.process.kill()
                linux.process.wait()
                while linux.read(0):
                    pass
                done = max(int(text) for text in re.findall(r'done (\d+)\.\n', linux.seen))
            written = int(re.match(r'at (\d+)\.', read_file(disk)[:64].decode())[1])
            assert done <= written <= done + 1, (mode, done, written)


guest_files()
main(globals())
