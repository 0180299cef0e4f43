#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_full.py [OPTION...]: the kernel configuration `full` with these options of kvm-ia64.

Kernel and image come from the recipes under guest/, which build them if they are not there (most of an hour).
"""
import os
import re
import subprocess
import sys
import tempfile

from machine import Lacking, Linux, main, recipe, skip_all

# The kernel's tests, and all that one says (a regular expression) when it has passed. What must be there is what the
# sources say; a test that says nothing would have warned.
TESTS = {
    'atomic64_test': r'atomic64_test: passed\n',
    'crc32test': r'(crc32c?: CRC_LE_BITS = .*\ncrc32c?: self tests passed, .*\n){2}'
                 r'(crc32c?_combine: \d+ self tests passed\n){2}',
    'test_bitops': r'test_bitops: Starting bitops test\ntest_bitops: Completed bitops test\n',
    'test_bpf': r'(test_bpf: #\d+ .* PASS\n)+test_bpf: Summary: (\d+) PASSED, 0 FAILED, .*\n'
                r'(test_bpf: #\d+ .* PASS\n)+test_bpf: test_tail_calls: Summary: 10 PASSED, 0 FAILED, .*\n'
                r'(test_bpf: #\d+ .* PASS\n)+test_bpf: test_skb_segment: Summary: 2 PASSED, 0 FAILED\n',
    'test_div64': r'test_div64: Starting .*\ntest_div64: Completed .*\n',
    'test_hexdump': r'test_hexdump: all \d+ tests passed\n',
    'test_memcat_p': r'test_memcat_p: test passed\n',
    'test_min_heap': r'min_heap_test: test passed\n',
    'test_module': r'test_module: Hello, world\n',
    'test_rhashtable': r'Running rhashtable test (.*\n)+Started 10 threads, 0 failed, rhltable test returns 0\n',
    'test_siphash': r'test_siphash: self-tests: pass\n',
    'test_static_keys': r'',
    'test_string': r'String selftests succeeded\n',
    'test_user_copy': r'test_user_copy: tests passed\.\n',
    'test_uuid': r'test_uuid: all \d+ tests passed\n',
    'test_ww_mutex': r'Beginning ww mutex selftests\nAll ww mutex selftests passed\n',
    'test_xarray': r'XArray: (\d+) of \1 tests passed\n',
}
# These never stay loaded, whatever they found (Linux 6.1's test_ida does if tests failed).
NOT_KEPT = {
    'interval_tree_test': r'(interval tree .*\n -> \d+ cycles.*\n){2}',
    'percpu_test': r'percpu test start\npercpu test done\n',
    'rbtree_test': r'rbtree testing\n( .*\n)+augmented rbtree testing\n( .*\n)+',
    # It frees what is not allocated, for which the kernel warns.
    'test_ida': r'((?!IDA: ).*\n)*\^\^\^ "not allocated" warnings over\nIDA: (\d+) of \2 tests passed\n',
    'test_kstrtox': r'',
    'test_string_helpers': r'test_string_helpers: Running tests\.\.\.\n',
    # All but align_shift_alloc_test, which asks for alignments that no kernel has room for and always fails, and
    # pcpu_alloc_test, for which many processors want more memory.
    'test_vmalloc run_test_mask=831 test_loop_count=1000 nr_threads=2':
        r'((Summary: \w+ passed: 1 failed: 0 .*\n)+All test took .*\n){2}',
}
LOCKS = 'spin_lock spin_lock_irq rw_lock rw_lock_irq mutex_lock rwsem_lock percpu_rwsem_lock ww_mutex_lock rtmutex_lock'.split()
FOLDER = tempfile.TemporaryDirectory()


def disk():
    name = os.path.join(FOLDER.name, 'disk')
    with open(name, 'wb') as file:
        file.write(bytes(range(256)) * 4096)
    return name


def full(*options):
    return Linux('-m', '1G', *sys.argv[1:], *options)


def load(linux, *modules):
    for module in modules:
        linux.run('modprobe ' + module)
        assert linux.run('[ -e /sys/module/%s ] && echo there' % module) == 'there\n', module


def kernel_log(linux):
    # A host that stops a processor inside of its timer's handler makes Linux say this.
    return re.sub(r"(\[ *\d+\.\d+\] )?Oops: timer tick before it's due .*\n", '', linux.run('dmesg -c'))


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


def said_by(linux, command):
    """What the kernel says while a command runs: lines without their times."""
    # A first line, which dmesg without any other garbles.
    linux.run('dmesg -c >/dev/null; echo begin >/dev/kmsg; ' + command)
    log = re.sub(r'(?m)^(<\d+>)?\[ *\d+\.\d+\] ?', '', kernel_log(linux))
    return re.sub(r'(?m)^(random|audit): .*\n', '', log.removeprefix('begin\n'))


def test_kernel_tests():
    with full() as linux:
        for name, passed in TESTS.items():
            log = said_by(linux, 'modprobe ' + name)
            assert re.fullmatch(passed, log) and 'WARNING' not in log, (name, log[-2000:])
        for name, passed in NOT_KEPT.items():
            log = said_by(linux, '! modprobe -q %s 2>/dev/null' % name)
            assert re.fullmatch(passed, log), (name, log[-2000:])
            assert name == 'test_ida' or 'WARNING' not in log, (name, log[-2000:])
        linux.power_off()


def torture(linux, module, parameters, command):
    """Runs a command while a module tortures what Linux's processors have in common."""
    kernel_log(linux)
    linux.run('modprobe %s %s; %s; rmmod %s' % (module, parameters, command, module))
    log = kernel_log(linux)
    assert '--- End of test: SUCCESS' in log and not re.search('!!!|BUG|WARNING', log), (module, parameters, log[-4000:])


def test_torture():
    with full() as linux:
        for kind in 'rcu', 'srcu', 'tasks-tracing':
            torture(linux, 'rcutorture', 'torture_type=' + kind, 'sleep 5')
        for lock in LOCKS:
            # Linux for ia64 lets the readers of an rwlock in before writers, and many readers keep these out for good.
            readers = 'nreaders_stress=1' if lock.startswith('rw_lock') else ''
            torture(linux, 'locktorture', 'torture_type=%s stutter=0 %s' % (lock, readers), 'sleep 1')
        linux.power_off()


def test_processors():
    """Processors go (Linux gives them back to SAL) and come."""
    with full() as linux:
        linux.run('cd /sys/devices/system/cpu')
        last = linux.run('cat online').strip().removeprefix('0-')
        if last == '0':
            raise Lacking('there is one processor')
        others = ' '.join(map(str, range(1, int(last) + 1)))
        change = 'for p in %s; do echo %%d >cpu$p/online || exit; done' % others
        for _ in range(5):
            linux.run(change % 0)
            assert linux.run('cat online') == '0\n'
            linux.run(change % 1)
            assert linux.run('cat online') == '0-%s\n' % last
        once = '(%s; %s)' % (change % 0, change % 1)
        torture(linux, 'rcutorture', '', 'sleep 1; for i in 1 2 3 4 5 6 7 8; do %s; done' % once)
        linux.power_off()


def test_crash():
    """Linux says where it failed, and restarts."""
    for kind, last in ('BUG', 'Fatal exception'), ('EXCEPTION', 'Fatal exception'), ('PANIC', 'dumptest'):
        with full() as linux:
            linux.run('mount -t debugfs d /sys/kernel/debug; modprobe lkdtm')
            linux.type('echo %s >/sys/kernel/debug/provoke-crash/DIRECT\n' % kind)
            if kind != 'PANIC':
                linux.expect(r'ip is at lkdtm_%s\+' % kind)
                # Its unwinder found the way through the interruption to the system call.
                linux.expect(r'Call Trace:\n(.*\n)*.*\] direct_entry\+(.*\n)*.*\] ia64_ret_from_syscall\+')
            linux.expect(r'Kernel panic - not syncing: %s\n' % last)
            linux.end()


def test_fault_injection():
    with full('-drive', 'file=%s,format=raw,if=virtio' % disk()) as linux:
        linux.run('mount -t debugfs d /sys/kernel/debug; cd /sys/kernel/debug/fail_make_request')
        linux.run('echo 0 >verbose; echo 100 >probability; echo 2 >times; echo 1 >/sys/block/vda/make-it-fail')
        # Two failures: Linux reads ahead, and then the page alone. (dd's status does not tell.)
        said = linux.run('dd if=/dev/vda of=/dev/null bs=4096 count=1 2>&1')
        assert '0+0 records in\n' in said, said
        assert linux.run('cat times') == '0\n'
        assert 'I/O error on dev vda, logical block 0' in kernel_log(linux)
        said = linux.run('dd if=/dev/vda of=/dev/null bs=65536 count=16 2>&1')
        assert '16+0 records in\n' in said, said
        # Every allocation of a process fails for a while: its calls do, the kernel does not.
        linux.run('cd ../failslab; echo 0 >verbose; echo 1 >task-filter; echo 100 >probability; echo 50 >times')
        linux.run('sh -c "echo 1 >/proc/self/make-it-fail; : >/tmp/a; cat /proc/stat; true" >/dev/null 2>&1 || true')
        assert int(linux.run('cat times')) < 50
        linux.run('echo 0 >probability; cat /proc/stat >/dev/null')
        linux.power_off()


def test_balloon():
    test = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'test_balloon.py')
    run = subprocess.run([sys.executable, test, *sys.argv[1:]], stdout=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 0 and 'SKIP' not in run.stdout, run.stdout


if not os.environ.get('KIA_KERNEL'):
    skip_all('run make check-long')
os.environ['KIA_KERNEL'] = os.path.join(recipe('linux.sh', 'full'), 'vmlinux.gz')
os.environ['KIA_INITRD'] = os.path.join(recipe('initramfs.sh', 'full'), 'initramfs.cpio.gz')
main(globals())
