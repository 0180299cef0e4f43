#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# smp.sh MILLISECONDS: an image that runs each program of threads that long: memory order and contention.
. "$(dirname "$0")/../../guest/lib.sh"
. "$(dirname "$0")/image.sh"
[ $# = 1 ] || die "usage: smp.sh MILLISECONDS"
milliseconds=$1
guest_compiler "$@"
recipe "smp-$milliseconds" "$0" "$tests_dir/image.sh" "$tests_dir"/programs/{contend,init,litmus}.c
"$guest_dir/packages.sh" toolchain torture

compile() {
    local program name

    rm -rf tests
    mkdir tests
    for program in litmus contend; do
        "$compiler" -std=gnu17 -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -static -s \
            -o "tests/$program" "$tests_dir/programs/$program.c"
        # The table at the end of the source names the cases.
        sed -nE 's/^    \{"([a-z-]+)", .*/\1/p' "$tests_dir/programs/$program.c" | while read -r name; do
            echo "60 $program/$name $program $name $milliseconds"
        done >>tests/list
    done
}

step "compile" compile
step "pack" pack_image
publish "$work/new"
