#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stress.sh: an image for stress.py: one program that does all kinds of work at once.
. "$(dirname "$0")/../../guest/lib.sh"
. "$(dirname "$0")/image.sh"
[ $# = 0 ] || die "usage: stress.sh"
guest_compiler
recipe stress "$0" "$tests_dir/image.sh" "$tests_dir"/programs/{init.c,stress.c,stress.h,stress_io.c,stress_work.c}
"$guest_dir/packages.sh" toolchain torture

compile() {
    rm -rf tests
    mkdir tests
    "$compiler" -std=gnu17 -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -static -s -o tests/stress \
        "$tests_dir"/programs/stress{,_io,_work}.c -lpthread
    echo "1000000 stress stress /dev/vda" >tests/list
}

step "compile" compile
step "pack" pack_image
publish "$work/new"
