#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stress.sh: an image for stress.py: one program that does all kinds of work at once.
. "$(dirname "$0")/image.sh"
[ $# = 0 ] || die "usage: stress.sh"
image_recipe stress "$tests_dir"/programs/stress{,_io,_work}.c "$tests_dir/programs/stress.h"

compile() {
    rm -rf tests
    mkdir tests
    compile_program tests/stress "$tests_dir"/programs/stress{,_io,_work}.c
    echo "1000000 stress stress /dev/vda" >tests/list
}

step "compile" compile
step "pack" pack_image
publish "$work/new"
