#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_full.py [OPTION...]: the kernel configuration `full` with these options of kvm-ia64: modules, fault injection.

Kernel and image come from the recipes under guest/, which build them if they are not there (most of an hour).
"""
import os
import re
import subprocess
import sys
import tempfile

from machine import Linux, main, skip_all

RECIPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'guest')
# The kernel's tests that load if they pass. Those in the second list never stay loaded; they tell what failed.
LOADED = '''atomic64_test test_bitops test_bpf test_div64 test_hexdump test_ida test_kstrtox test_memcat_p
    test_min_heap test_module test_siphash test_static_keys test_string test_string_helpers
    test_user_copy test_uuid test_xarray test_ww_mutex'''.split()
NOT_KEPT = 'crc32test interval_tree_test percpu_test rbtree_test test_rhashtable'.split()
FOLDER = tempfile.TemporaryDirectory()


def recipe(*command):
    made = subprocess.run([os.path.join(RECIPES, command[0]), *command[1:]], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        print('1..1\nnot ok 1 - %s cannot be built' % ' '.join(command))
        sys.exit(1)
    return made.stdout.strip()


def disk():
    name = os.path.join(FOLDER.name, 'disk')
    with open(name, 'wb') as file:
        file.write(bytes(range(256)) * 4096)
    return name


def full(*options):
    return Linux('-m', '1G', *sys.argv[1:], *options)


def load(linux, *modules, parameters=''):
    for module in modules:
        linux.run('modprobe %s %s' % (module, parameters))
        assert linux.run('[ -e /sys/module/%s ] && echo there' % module) == 'there\n', module


def kernel_log(linux):
    return linux.run('dmesg -c')


def test_drivers():
    """Modules with what they need come and go, by name, by alias and because the kernel asks for them."""
    with full() as linux:
        load(linux, 'dummy', 'tun', 'virtio_balloon', 'bridge', 'veth', 'nf_tables', 'iptable_nat', 'loop', 'null_blk')
        assert linux.run('cat /sys/class/misc/tun/dev') == '10:200\n'
        assert 'dummy0' in linux.run('echo /sys/class/net/*')
        load(linux, 'fuse', 'vfat')
        linux.run('mkdir /tmp/m; ! mount -t squashfs /dev/none /tmp/m; ! mount -t overlay none /tmp/m')
        known = linux.run('cat /proc/filesystems').split()
        assert {'fuse', 'overlay', 'squashfs', 'vfat'} <= set(known), known
        log = kernel_log(linux)
        assert not re.search(r'selftest.*fail|Oops|BUG|WARNING', log), log
        before = linux.run('cat /proc/modules')
        for _ in range(3):
            linux.run('rmmod dummy vfat null_blk')
            assert 'vfat ' not in linux.run('cat /proc/modules')
            linux.run('modprobe vfat; modprobe fs-vfat; modprobe dummy numdummies=3; modprobe null_blk')
        assert 'dummy2' in linux.run('echo /sys/class/net/*')
        after = linux.run('cat /proc/modules')
        assert before.count('\n') == after.count('\n'), after
        linux.power_off()


def test_kernel_tests():
    with full() as linux:
        kernel_log(linux)
        for module in LOADED:
            load(linux, module)
        for module in NOT_KEPT:
            linux.run('! modprobe -q %s 2>/dev/null || true' % module)
        log = kernel_log(linux)
        assert not re.search(r'(?i)\bfail(ed|ure)?\b(?!ed: 0|: 0)|Oops|BUG:|WARNING:', log), log
        linux.power_off()


def test_fault_injection():
    with full('-drive', 'file=%s,format=raw,if=virtio' % disk()) as linux:
        linux.run('mount -t debugfs d /sys/kernel/debug; cd /sys/kernel/debug/fail_make_request')
        linux.run('echo 0 >verbose; echo 100 >probability; echo 1 >times; echo 1 >/sys/block/vda/make-it-fail')
        linux.run('! dd if=/dev/vda of=/dev/null bs=4096 count=1 iflag=direct')
        assert linux.run('cat times') == '0\n'
        linux.run('dd if=/dev/vda of=/dev/null bs=65536 count=16')
        # Every allocation of a process fails for a while: its calls do, the kernel does not.
        linux.run('cd ../failslab; echo 0 >verbose; echo 1 >task-filter; echo 100 >probability; echo 50 >times')
        linux.run('sh -c "echo 1 >/proc/self/make-it-fail; : >/tmp/a; cat /proc/stat; true" >/dev/null 2>&1 || true')
        assert int(linux.run('cat times')) < 50
        linux.run('echo 0 >probability; cat /proc/stat >/dev/null')
        linux.power_off()


def test_balloon():
    test = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'test_balloon.py')
    run = subprocess.run([sys.executable, test], stdout=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 0 and 'SKIP' not in run.stdout, run.stdout


if not os.environ.get('KIA_KERNEL'):
    skip_all('run make check-long')
os.environ['KIA_KERNEL'] = os.path.join(recipe('linux.sh', 'full'), 'vmlinux.gz')
os.environ['KIA_INITRD'] = os.path.join(recipe('initramfs.sh', 'full'), 'initramfs.cpio.gz')
main(globals())
