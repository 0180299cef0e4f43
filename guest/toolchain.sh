#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# toolchain.sh: prints a folder whose bin/ has ia64-linux-gnu-gcc.
#
# That is $KIA_TOOLCHAIN where it is set (a folder, or a tarball with one folder in it, unpacked into the
# cache), else the compiler that gcc.sh builds. as, ld and their kin are Debian's in every case.
. "$(dirname "$0")/lib.sh"
"$guest_dir/packages.sh" toolchain

given=${KIA_TOOLCHAIN:-}
[ -n "$given" ] || exec "$guest_dir/gcc.sh"
if [ -f "$given" ]; then
    unpack() {
        rm -rf new
        mkdir new
        tar -xf "$given" -C new --strip-components=1
    }
    given=$(realpath "$given")
    recipe toolchain "$given"
    step "unpack $given" unpack
    publish "$work/new"
fi
[ -x "$given/bin/ia64-linux-gnu-gcc" ] ||
    die "KIA_TOOLCHAIN=$given has no bin/ia64-linux-gnu-gcc: name a folder or a tarball that has one"
realpath "$given"
