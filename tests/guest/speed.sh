#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# speed.sh scale|download SECONDS: an image for speed.py: what it runs, for how long each.
. "$(dirname "$0")/../../guest/lib.sh"
. "$(dirname "$0")/image.sh"
[ $# = 2 ] || die "usage: speed.sh scale|download SECONDS"
kind=$1 seconds=$2
guest_compiler "$@"
recipe "speed-$kind-$seconds" "$0" "$tests_dir/image.sh" "$tests_dir"/programs/{init,speed}.c
"$guest_dir/packages.sh" toolchain torture

compile() {
    rm -rf tests
    mkdir tests
    "$compiler" -std=gnu17 -O2 -D_GNU_SOURCE -Wall -Wextra -Werror -static -s -o tests/speed "$tests_dir/programs/speed.c"
    case $kind in
    scale) printf '600 %s speed %s 8 %s\n' compute compute "$seconds" system system "$seconds" ;;
    download) echo "3600 download speed download $seconds" ;;
    esac >tests/list
}

step "compile" compile
step "pack" pack_image
publish "$work/new"
