#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_shell.py [OPTION...]: boots Linux with these options of kvm-ia64 to a shell that works."""
import sys

from machine import Linux, guest_files, main


def test_shell():
    with Linux(*sys.argv[1:]) as linux:
        assert linux.run('echo $((6*7))') == '42\n'
        assert linux.run('uname -m') == 'ia64\n'
        assert linux.run('cat /proc/self/comm') == 'cat\n'
        # The terminal's own keys work: C-c ends a program (one that has shown that it runs), and C-a is kvm-ia64's.
        linux.type('sh -c "echo re""ady; cat"\n')
        linux.expect(r'\nready\r?\n')
        linux.type('\x03')
        linux.expect(r'# $')
        linux.type('\x01h')
        linux.expect(r'C-a x +end the virtual machine')
        linux.type('\n')
        linux.expect(r'# $')
        linux.power_off()


guest_files()
main(globals())
