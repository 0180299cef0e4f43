# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the image recipes (sourced, bash): the compiler, and what packs /init, /tests and what else the programs need.
# shellcheck shell=bash

. "$(dirname "${BASH_SOURCE[0]}")/../../guest/lib.sh"
tests_dir=$guest_dir/../tests/guest
arguments=$*

# image_recipe NAME FILE...: a recipe for the image that the running script makes of the FILEs, its arguments and /init. Sets
# $compiler too, a C compiler with a C library.
image_recipe() {
    local toolchain=${KIA_LIBC_TOOLCHAIN:-}

    [ -n "$toolchain" ] || toolchain=$("$guest_dir/toolchain.sh" libc)
    compiler=$toolchain/bin/ia64-linux-gnu-gcc
    key_words="$toolchain $arguments"
    recipe "$1" "$0" "${BASH_SOURCE[0]}" "$tests_dir"/programs/{init.c,kernel_argument.h} "${@:2}"
    "$guest_dir/packages.sh" toolchain torture
}

# compile_program FILE SOURCE...: makes the program FILE.
compile_program() {
    "$compiler" -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -pthread -static -s -o "$@"
}

# pack_image: packs $work/tests, with the list, as /tests, and what is in $work/files, beside a new /init.
pack_image() {
    rm -rf root new
    mkdir -p root/tests root/dev root/bin new
    compile_program root/init "$tests_dir/programs/init.c"
    [ ! -d files ] || cp -a files/. root/
    cp -a tests/. root/tests/
    grep -v '^-' tests/list >root/tests/list
    cp tests/list new/list
    find root -exec touch -h -d @0 {} +
    (cd root && find . | sort | cpio --quiet -o -H newc --owner 0:0 --reproducible) | gzip -1n >new/image.cpio.gz
}
