#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# torture.sh LEVEL COUNT: builds GCC's C torture tests at an optimization level (O2), COUNT of them or "all".
. "$(dirname "$0")/image.sh"
[ $# = 2 ] || die "usage: torture.sh LEVEL COUNT|all"
level=$1 count=$2
image_recipe "torture-$level-$count" "$tests_dir/build_torture.py" "$tests_dir/programs/nonlocal.c" "$guest_dir/gcc-tests.sh"
sources=$("$guest_dir/gcc-tests.sh")

compile() {
    rm -rf tests
    mkdir tests
    /usr/bin/python3 "$tests_dir/build_torture.py" "$compiler" "$sources/gcc.c-torture/execute" tests "-$level" "$count"
}

step "compile" compile
step "pack" pack_image
publish "$work/new"
