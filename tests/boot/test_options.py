#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What cannot work is refused: one line on standard error, nothing on standard output, exit status 1."""
import gzip
import lzma
import os
import re
import shutil
import struct
import subprocess
import tempfile

from machine import PROGRAM, main

FOLDER = tempfile.TemporaryDirectory()
ENTRY = 0x4000000


def path(name):
    return os.path.join(FOLDER.name, name)


def write(name, data):
    with open(path(name), 'wb') as file:
        file.write(data)
    return path(name)


def elf(machine=50, kind=2, ident=b'\x7fELF\x02\x01\x01', entry=ENTRY, paddr=ENTRY, filesz=4096, memsz=4096, count=1):
    """A little program of zeros; 50 is EM_IA_64, 2 is ET_EXEC."""
    header = ident.ljust(16, b'\0') + struct.pack('<HHIQQQIHHHHHH', kind, machine, 1, entry, 64, 0, 0, 64, 56, count,
                                                   0, 0, 0)
    segment = struct.pack('<IIQQQQQQ', 1, 7, 4096, paddr, paddr, filesz, memsz, 4096)
    return (header + segment * count).ljust(4096, b'\0') + bytes(4096)


def refused(message, *options):
    run = subprocess.run([PROGRAM, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                         check=False)
    shown = '%s: status %d, printed %r, complained %r' % (options, run.returncode, run.stdout, run.stderr)
    assert run.returncode == 1 and run.stdout == '', shown
    assert re.fullmatch(r'kvm-ia64: [^\n]*\n', run.stderr) and re.search(message, run.stderr), shown


def refused_kernel(message, data, *options):
    refused(message, '-m', '256M', '-kernel', write('kernel', data), *options)


def test_sound_program_is_taken():
    """What the next cases break is sound before: zeros are break instructions, so the processor gets stuck."""
    run = subprocess.run([PROGRAM, '-m', '256M', '-device', 'loader,cpu-num=0,file=' + write('kernel', elf())],
                         stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert run.returncode == 2, run


def test_help():
    for option, word in (('-h', '-serial'), ('-cpu', 'montecito'), ('-device', 'virtio-blk-pci'), ('-machine', 'generic'),
                         ('-d', 'in_asm'), ('-version', 'kvm-ia64')):
        run = subprocess.run([PROGRAM, option, 'help'][:2 if option in ('-h', '-version') else 3], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 0 and word in run.stdout and run.stderr == '', (option, run)


def test_debugger_options():
    refused('-gdb here: use tcp:HOST:PORT', '-gdb', 'here')
    loader = ('-m', '256M', '-device', 'loader,cpu-num=0,file=' + write('kernel', elf()))
    refused('-S needs -gdb', '-S', *loader)
    refused('-gdb does not go with deterministic', '-accel', 'soft,deterministic=on', '-gdb', 'unix:' + path('gdb'), *loader)
    refused('cannot listen there', '-gdb', 'unix:' + path('nowhere/gdb'), *loader)
    refused('too long', '-gdb', 'unix:/' + 'x' * 200, *loader)


def test_profile_options():
    loader = ('-m', '256M', '-device', 'loader,cpu-num=0,file=' + write('kernel', elf()))

    def refused_profile(message, options):
        refused(message, '-accel', 'soft,' + options, *loader)
    refused_profile('cannot write the profile', 'profile=' + path('nowhere/profile'))
    refused_profile('does not go with deterministic=on', 'deterministic=on,profile=' + path('profile'))
    refused_profile('symbols are for profile=FILE and perf-map=on', 'symbols=' + path('kernel'))
    with_profile = 'profile=%s,symbols=' % path('profile')
    refused_profile("cannot read the names of code in '.*nowhere'", with_profile + path('nowhere'))
    whole = elf()
    sections = bytearray(whole)
    struct.pack_into('<Q', sections, 40, 1 << 63)     # e_shoff
    struct.pack_into('<HH', sections, 58, 64, 3)      # e_shentsize, e_shnum
    table = bytearray(whole)
    struct.pack_into('<Q', table, 40, 4096)
    struct.pack_into('<HH', table, 58, 64, 2)
    struct.pack_into('<IIQQQQII', table, 4096 + 64, 0, 2, 0, 0, 4096, 1 << 62, 0, 0)
    links = bytearray(table)
    struct.pack_into('<IIQQQQII', links, 4096 + 64, 0, 2, 0, 0, 4096, 48, 0xffffffff, 0)
    for data in (b'', b'\n\n', b'a000 T\n', b'0 D data\n', whole, whole[:5], bytes(sections), bytes(table), bytes(links)):
        refused_profile('has no names of code', with_profile + write('symbols', data))


def test_elf_truncated():
    whole = elf()
    for size in (1, 4, 63, 64, 100, 119, 120, 4096, 8191):
        refused_kernel(r"'.*kernel' is (truncated|not an ELF file)", whole[:size])
    refused_kernel(r"'.*kernel' is empty", b'')


def test_elf_of_another_kind():
    refused_kernel('another processor', elf(machine=62))
    refused_kernel('not an executable', elf(kind=3))
    refused_kernel('not a 64-bit ELF', elf(ident=b'\x7fELF\x01\x01\x01'))
    refused_kernel('not a little-endian ELF', elf(ident=b'\x7fELF\x02\x02\x01'))
    refused_kernel('unknown ELF version', elf(ident=b'\x7fELF\x02\x01\x00'))
    refused_kernel('not an ELF file', b'#!/bin/sh\n' * 100)


def test_elf_out_of_bounds():
    high = 1 << 63
    refused_kernel('outside guest memory', elf(paddr=256 << 20, entry=256 << 20))
    refused_kernel('outside guest memory', elf(paddr=high, entry=high))
    refused_kernel('outside guest memory', elf(memsz=(1 << 64) - 4096))
    refused_kernel('more bytes in the file than in memory', elf(memsz=100))
    refused_kernel('truncated', elf(filesz=1 << 62, memsz=1 << 62))
    refused_kernel('entry point', elf(entry=ENTRY + 8192))
    refused_kernel('entry point', elf(entry=ENTRY + 8))
    refused_kernel('overlap', elf(count=2))
    refused_kernel('no program headers', elf(count=0))
    refused_kernel('truncated', elf(count=65534)[:8192])


def packed_forms():
    yield 'gzip', gzip.compress(elf())
    yield 'xz', lzma.compress(elf())
    if shutil.which('zstd'):
        yield 'zstd', subprocess.run(['zstd', '-c', '-q'], input=elf(), capture_output=True, check=True).stdout


def test_packed_damaged():
    for name, data in packed_forms():
        middle = len(data) // 2
        refused_kernel('damaged: its %s data' % name, data[:middle])
        refused_kernel('damaged: its %s data' % name, data[:-1])
        refused_kernel('damaged: its %s data' % name, data[:middle] + bytes([data[middle] ^ 0x55]) + data[middle + 1:])
    refused_kernel("damaged: its zstd data", b'\x28\xb5\x2f\xfd' + b'\xff' * 100)


def test_packed_too_large():
    refused_kernel('unpacks to more than 128 MiB', gzip.compress(bytes(140 << 20), 1), '-m', '128M')
    refused_kernel('unpacks to more than 128 MiB', lzma.compress(bytes(140 << 20), preset=0), '-m', '128M')


def test_initrd():
    kernel = write('sound', elf())
    with open(path('large'), 'wb') as file:
        file.truncate(300 << 20)
    for message, name in (('does not fit beside the kernel', path('large')), ('cannot open .*No such', path('none')),
                          ('is empty', write('empty', b'')), ('not a regular file', FOLDER.name)):
        refused(message, '-m', '256M', '-kernel', kernel, '-initrd', name)


def test_disk():
    boot = ('-m', '256M', '-kernel', write('sound', elf()))
    refused('cannot open disk image .*No such', *boot, '-drive', 'file=' + path('none'))
    refused("disk image '.*'", *boot, '-drive', 'file=' + FOLDER.name)
    refused('neither a file nor', *boot, '-drive', 'file=%s,readonly=on' % FOLDER.name)
    refused('whole 512-byte sectors', *boot, '-drive', 'file=' + write('odd', bytes(1000)))
    refused('whole 512-byte sectors', *boot, '-drive', 'file=' + write('empty', b''))
    disk = write('disk', bytes(1 << 20))
    refused('in use by another program', *boot, '-drive', 'file=' + disk, '-drive', 'file=%s,id=again' % disk)
    refused('slot 3 is taken', *boot, '-drive', 'file=%s,if=none,id=a' % disk, '-device', 'virtio-blk-pci,drive=a,addr=3',
            '-drive', 'file=%s,if=none,id=b' % write('second', bytes(512)), '-device', 'virtio-blk-pci,drive=b,addr=3')
    if os.getuid():
        os.chmod(disk, 0)
        refused('cannot open disk image .*Permission denied', *boot, '-drive', 'file=' + disk)


def test_memory_and_processors():
    for size in ('64M', '1', '0', '-1', '1T', 'much', '1M2', '', '18446744073709551616', '99999999999G'):
        refused('^kvm-ia64: -m', '-kernel', 'x', '-m', size)
    for count in ('0', '-1', '100000', 'x', '1.5', ''):
        refused('^kvm-ia64: -smp', '-kernel', 'x', '-smp', count)
    kernel = write('sound', elf())
    refused("no processor model 'nothing'", '-kernel', kernel, '-cpu', 'nothing')
    refused("no accelerator 'nothing'", '-kernel', kernel, '-accel', 'nothing')
    refused("'jit=perhaps' is neither on nor off", '-kernel', kernel, '-accel', 'soft,jit=perhaps')
    refused("unknown property 'turbo'", '-kernel', kernel, '-accel', 'soft,turbo')
    refused('jit-after', '-kernel', kernel, '-accel', 'soft,jit-after=1000001')
    refused("'jit-after=often' is not a number", '-kernel', kernel, '-accel', 'soft,jit-after=often')
    for size in ('0', '7', '1025', '64M'):
        refused('tb-size', '-kernel', kernel, '-accel', 'soft,tb-size=' + size)
    refused('places is at most 256', '-kernel', kernel, '-accel', 'soft,places=257')
    refused('places=1 is too few for 9 processors', '-kernel', kernel, '-smp', '9', '-accel', 'soft,places=1')
    refused("there is one machine", '-kernel', kernel, '-machine', 'pc')


def test_options():
    refused('nothing to boot')
    refused('-bogus: no such option', '-bogus')
    refused('word: no such option', 'word')
    refused('-kernel needs a value', '-kernel')
    refused('-initrd needs -kernel', '-initrd', 'x')
    refused('-append needs -kernel', '-append', 'x')
    refused('cannot open kernel .*No such', '-kernel', path('none'))
    refused('cannot read kernel .*directory', '-kernel', FOLDER.name)
    refused('-serial telnet', '-kernel', 'x', '-serial', 'telnet')
    refused("cannot write the serial port's file", '-kernel', write('sound', elf()), '-serial', 'file:/none/such')
    refused('-rtc base', '-kernel', 'x', '-rtc', 'base=yesterday')
    refused("nothing called 'all-of-it'", '-kernel', 'x', '-d', 'all-of-it')
    refused('cannot write the log', '-kernel', 'x', '-D', '/none/such')


def test_drive_options():
    for message, value in (
            ('file=PATH', 'format=raw'), ("format 'qcow2'", 'file=x,format=qcow2'), ('if=ide', 'file=x,if=ide'),
            ('media=cdrom', 'file=x,media=cdrom'), ('bogus', 'file=x,bogus=1'), ('readonly', 'file=x,readonly=maybe'),
            ('empty item', 'file=x,'), ('empty item', '')):
        refused('-drive.*' + message, '-kernel', 'x', '-drive', value)
    refused("another drive 'a'", '-kernel', 'x', '-drive', 'file=x,id=a', '-drive', 'file=y,id=a')


def test_device_options():
    for message, value in (
            ('no device', 'e1000'), ('drive=ID', 'virtio-blk-pci'), ('no -drive', 'virtio-blk-pci,drive=x'),
            ('file=FILE', 'loader'), ('cpu-num', 'loader,addr=0'), ('data-len', 'loader,data=1,addr=0'),
            ('data-len', 'loader,data=1,data-len=9,addr=0'), ('addr', 'loader,data=1,data-len=1'),
            ('do not go with data', 'loader,data=1,data-len=1,addr=0,file=x'), ('bogus', 'loader,file=x,bogus=1'),
            ('no processor', 'loader,addr=0,cpu-num=99999')):
        refused('-device.*' + message, '-kernel', 'x', '-device', value)
    refused('no such processor', '-device', 'loader,addr=0,cpu-num=1')


def test_loader_files():
    program = write('program', elf())
    refused("cannot open file '.*none'", '-device', 'loader,cpu-num=0,file=' + path('none'))
    refused('does not fit into memory', '-m', '128M', '-device',
            'loader,force-raw=on,cpu-num=0,addr=0x8000000,file=' + program)
    refused('does not fit into memory', '-m', '128M', '-device',
            'loader,force-raw=on,cpu-num=0,addr=0xfffffffffffffff0,file=' + program)
    refused('overlaps the kernel', '-kernel', program, '-device', 'loader,file=' + program)
    refused('no memory at 0x8000000', '-m', '128M', '-kernel', program, '-device',
            'loader,data=1,data-len=1,addr=0x8000000')


main(globals())
