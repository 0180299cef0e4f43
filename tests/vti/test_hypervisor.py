#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_hypervisor.py [OPTION...]: hypervisors in assembly, with these options of kvm-ia64 (tests/boot/traps.py)."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'boot'))
sys.dont_write_bytecode = True

from machine import main, skip_all
from traps import run

SOURCES = os.path.join(HERE, 'programs')


def test_life():
    run('guest', sys.argv[1:], SOURCES)


def test_register_stack():
    run('rse', sys.argv[1:], SOURCES)


if not os.environ.get('KIA_BINUTILS'):
    skip_all("needs Debian's binutils-ia64-linux-gnu")
main(globals())
