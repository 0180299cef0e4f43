#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# smp.sh MILLISECONDS: an image that runs each program of threads that long: memory order and contention.
. "$(dirname "$0")/image.sh"
[ $# = 1 ] || die "usage: smp.sh MILLISECONDS"
milliseconds=$1
image_recipe "smp-$milliseconds" "$tests_dir"/programs/{contend,litmus}.c

compile() {
    local program name

    rm -rf tests
    mkdir tests
    for program in litmus contend; do
        compile_program "tests/$program" "$tests_dir/programs/$program.c"
        # The table at the end of the source names the cases.
        sed -nE 's/^    \{"([a-z-]+)", .*/\1/p' "$tests_dir/programs/$program.c" | while read -r name; do
            echo "60 $program/$name $program $name $milliseconds"
        done >>tests/list
    done
}

step "compile" compile
step "pack" pack_image
publish "$work/new"
