#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test_traps.py [OPTION...]: programs that take interruptions, with these options of kvm-ia64 (traps.py)."""
import os
import sys

from machine import main, skip_all
from traps import run


def test_translation():
    run('translate', sys.argv[1:])


def test_privilege():
    run('privilege', sys.argv[1:])


def test_debug():
    run('debug', sys.argv[1:])


def test_external_interrupts():
    run('interrupt', sys.argv[1:])


if not os.environ.get('KIA_BINUTILS'):
    skip_all("needs Debian's binutils-ia64-linux-gnu")
main(globals())
