#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# speed.sh scale|download SECONDS: an image for speed.py: what it runs, for how long each.
. "$(dirname "$0")/image.sh"
[ $# = 2 ] || die "usage: speed.sh scale|download SECONDS"
kind=$1 seconds=$2
image_recipe "speed-$kind-$seconds" "$tests_dir/programs/speed.c"

compile() {
    rm -rf tests
    mkdir tests
    compile_program tests/speed "$tests_dir/programs/speed.c"
    case $kind in
    scale) printf '600 %s speed %s 8 %s\n' compute compute "$seconds" system system "$seconds" ;;
    download) echo "3600 download speed download $seconds" ;;
    esac >tests/list
}

step "compile" compile
step "pack" pack_image
publish "$work/new"
